"""An admin without a browser: signs in and saves forms over HTTP, as a page without script does."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx

from tests.stack import Stack

CHANNEL = "chat_0950394d-a403-4fe6-91d5-34e934771662"


class _Fields(HTMLParser):
    """What a browser would submit of the form with this id, or of the first form."""

    def __init__(self, form_id: str | None) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._form_id = form_id
        self._inside = False
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = self._form_id is None or attributes.get("id") == self._form_id
        name = attributes.get("name")
        if not self._inside or not name:
            return
        if tag == "textarea":
            self._text = name
            self.values[name] = ""
        elif tag == "input":
            kind = attributes.get("type", "text")
            if kind not in {"checkbox", "radio", "submit"} or "checked" in attributes:
                self.values[name] = attributes.get("value", "on" if kind == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            # HTML drops the line break that may follow the opening tag.
            self.values[self._text] += data


class Admin:
    """Signed in to the console of a stack. Times out after 20 seconds, so that a save that hangs fails its test."""

    def __init__(self, stack: Stack, *, email: str = "admin@demo.example") -> None:
        self._stack = stack
        self._http = httpx.Client(base_url=stack.console, timeout=20, follow_redirects=True, trust_env=False)
        page = self._http.get("/sign-in/")
        fields = _fields(page.text) | {"email": email, "password": stack.password}
        signed_in = self._http.post("/sign-in/", data=fields, headers={"Referer": str(page.url)})
        assert 'name="password"' not in signed_in.text, "the sign-in was refused"

    def page(self, channel: str = CHANNEL, area: str = "css-js") -> httpx.Response:
        return self._http.get(f"/o/1009/acd/digital/chat/{channel}/{area}/")

    def save(self, channel: str = CHANNEL, *, area: str = "css-js", **changes: str) -> httpx.Response:
        """Open the area's page, change these fields, save."""
        page = self.page(channel, area)
        fields = _fields(page.text, "settings") | changes
        return self._http.post(str(page.url), data=fields, headers={"Referer": str(page.url)})

    def close(self) -> None:
        self._http.close()

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path)


def _fields(page: str, form_id: str | None = None) -> dict[str, str]:
    parser = _Fields(form_id)
    parser.feed(page)
    return {name: value.removeprefix("\n") for name, value in parser.values.items()}
