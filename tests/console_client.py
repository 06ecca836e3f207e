"""The console as a browser without scripts uses it: sign in, open a page, send its form. For tests and benchmarks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx

_FIELD = r'name="{}" value="([^"]+)"'
_COLORS = ("widgetBackground", "widgetFont", "headerBackground", "headerFont", "theme", "text", "button")


@dataclass
class Console:
    """One signed-in session in one organisation."""

    http: httpx.Client
    brand: int

    @property
    def _chat(self) -> str:
        return f"/o/{self.brand}/acd/digital/chat"

    def create_channel(self, name: str, kind: str = "messaging") -> str:
        """A new channel's public id; `kind` is "messaging" or "live"."""
        answer = self._send(f"{self._chat}/new/", {"name": name, "kind": kind})
        found = re.search(r"chat_[0-9a-f-]{36}", str(answer.headers.get("Location", answer.url)))
        assert found is not None, answer.text[:500]
        return found[0]

    def look_form(self, channel: str, css: str, **changes: str) -> dict[str, str]:
        """The form of « Customise CSS and JS », opened now, with this CSS in it."""
        page = self.http.get(f"{self._chat}/{channel}/css-js/").text
        return {
            "csrfmiddlewaretoken": _value(page, "csrfmiddlewaretoken"),
            "seen": _value(page, "seen"),
            "appearance": "bar",
            "position": "right",
            "redesigned_ui": "on",
            "where": "anywhere",
            "custom_css": css,
            "custom_js": "",
            **{f"color_{name}": "#123456" for name in _COLORS},
            **changes,
        }

    def send_look(self, channel: str, form: dict[str, str]) -> httpx.Response:
        """Save it, as the page's script does."""
        return self.http.post(
            f"{self._chat}/{channel}/css-js/",
            data=form,
            headers={"Referer": str(self.http.base_url), "HX-Request": "true", "HX-Target": "settings"},
        )

    def save_css(self, channel: str, css: str) -> httpx.Response:
        answer = self.send_look(channel, self.look_form(channel, css))
        assert answer.status_code == 200, answer.status_code
        return answer

    def publish_to_live_on_save(self, channel: str) -> None:
        answer = self._send(f"{self._chat}/{channel}/rules/", {"live_on_save": "on"})
        assert answer.status_code == 302, answer.text[:500]

    def get(self, channel: str, path: str) -> httpx.Response:
        return self.http.get(f"{self._chat}/{channel}/{path}")

    def _send(self, path: str, fields: dict[str, Any]) -> httpx.Response:
        page = self.http.get(path)
        token = _value(page.text, "csrfmiddlewaretoken")
        return self.http.post(
            path, data={"csrfmiddlewaretoken": token, **fields}, headers={"Referer": str(self.http.base_url)}
        )


def signed_in(
    console: str, password: str, *, email: str = "admin@demo.example", brand: int = 1009
) -> Console:
    """Through the sign-in page, as a person does."""
    http = httpx.Client(base_url=console, trust_env=False, timeout=30)
    page = http.get("/", follow_redirects=True)
    answer = http.post(
        str(page.url),
        data={
            "csrfmiddlewaretoken": _value(page.text, "csrfmiddlewaretoken"),
            "username": email,
            "email": email,
            "password": password,
        },
        headers={"Referer": console},
    )
    assert answer.status_code == 302, answer.text[:500]
    return Console(http, brand)


def _value(page: str, name: str) -> str:
    found = re.search(_FIELD.format(name), page)
    assert found is not None, f"no field {name} in:\n{page[:1000]}"
    return found[1]
