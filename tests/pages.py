"""A page's form as a browser would send it: every field by name, as often as it is there."""

from __future__ import annotations

from html.parser import HTMLParser

Fields = dict[str, list[str]]


class _Form(HTMLParser):
    def __init__(self, ident: str) -> None:
        super().__init__()
        self.ident = ident
        self.inside = False
        self.template = 0
        self.fields: Fields = {}
        self.text: tuple[str, list[str]] | None = None
        self.select: tuple[str, list[str]] | None = None

    def add(self, name: str | None, value: str) -> None:
        if name:
            self.fields.setdefault(name, []).append(value)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.ident
        if tag == "template":
            self.template += 1
        if not self.inside or self.template or "disabled" in given:
            return
        name, value = given.get("name"), given.get("value") or ""
        if tag == "input" and given.get("type") in {"radio", "checkbox"}:
            if "checked" in given:
                self.add(name, value or "on")
        elif tag == "input" and given.get("type") != "file":
            self.add(name, value)
        elif tag == "textarea":
            self.text = (name or "", [])
        elif tag == "select":
            self.select = (name or "", [])
        elif tag == "option" and self.select:
            if "selected" in given:
                self.select = (self.select[0], [value])
            elif not self.select[1]:
                self.select[1].append(value)

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self.template -= 1
        elif tag == "textarea" and self.text is not None:
            # HTML drops one line break after the tag.
            self.add(self.text[0], "".join(self.text[1]).removeprefix("\n"))
            self.text = None
        elif tag == "select" and self.select is not None:
            self.add(self.select[0], self.select[1][0] if self.select[1] else "")
            self.select = None
        elif tag == "form":
            self.inside = False


def form_of(page: str, ident: str = "settings") -> Fields:
    """The form with this id; no buttons."""
    reader = _Form(ident)
    reader.feed(page)
    assert reader.fields, f"no form {ident} in:\n{page[:2000]}"
    return reader.fields
