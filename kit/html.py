"""The little HTML a phrase may hold: `strong`, `em`, `br` and `a` with an absolute http(s) `href`, nothing else.

The only module that knows bleach. `findings` says what is wrong and where, for a person; `clean` makes any text safe to
put into a page, for everyone else. Both agree: a text without findings survives `clean` unchanged in meaning.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

import bleach

TAGS = frozenset({"a", "br", "em", "strong"})
#: What a text of several paragraphs may hold.
BLOCK_TAGS = TAGS | {"b", "h3", "h4", "hr", "i", "li", "ol", "p", "ul"}
PROTOCOLS = frozenset({"http", "https"})

_VOID = frozenset({"br"})
_BAD_IN_URL = re.compile(r"[\x00-\x20\x7f-\xa0\\{}<>\"'`]")

_Event = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a text that may not stay: `position` counts characters from 0, `excerpt` is what stands there.

    Codes: tag, attribute, link, unclosed, unopened, order, markup (a comment, a declaration, a form no browser reads alike).
    """

    code: str
    position: int
    excerpt: str
    message: str


def is_link(value: str) -> bool:
    """Whether `value`, character references resolved, is an absolute http or https address with a host."""
    url = html.unescape(value)
    if _BAD_IN_URL.search(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in PROTOCOLS and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        return False


def clean(text: str) -> str:
    """`text` as safe HTML: what is not allowed is escaped, so that it shows and does nothing. Never raises."""
    return bleach.clean(text, tags=TAGS, attributes=_attribute_allowed, protocols=PROTOCOLS)


def clean_block(text: str) -> str:
    """`text` of several paragraphs as safe HTML: paragraphs, lists and small headings as well; anything else loses its tags."""
    return bleach.clean(
        text,
        tags=BLOCK_TAGS,
        attributes=_attribute_allowed,
        protocols=PROTOCOLS,
        strip=True,
        strip_comments=True,
    )


def plain(text: str) -> str:
    """What a person reads of `text`: without tags, character references resolved, LF for every line break and `br`."""
    return "".join("\n" if kind == "start" and name == "br" else name if kind == "data" else ""
                   for kind, name, _ in _without_returns(_Reader(text).events))  # fmt: skip


def first_tag(text: str) -> int | None:
    """Where the first thing a browser takes for markup begins in `text`, allowed or not; None in a plain text."""
    reader = _Reader(text)
    places = [finding.position for finding in reader.found] + reader.tags
    return min(places, default=None)


def findings(text: str) -> list[Finding]:
    """Everything in `text` beyond the allowed HTML, in order of position; an empty list means `clean` keeps it."""
    reader = _Reader(text)
    if not reader.found and _without_returns(reader.events) != _without_returns(_Reader(clean(text)).events):
        reader.add("markup", 0, text, "This HTML is not written in a way every browser reads alike.")
    return sorted(reader.found, key=lambda finding: finding.position)


def _attribute_allowed(tag: str, name: str, value: str) -> bool:
    return tag == "a" and name == "href" and is_link(value)


def _without_returns(events: list[_Event]) -> list[_Event]:
    """HTML reads CR LF and CR as LF; such a text is not at fault for it."""
    return [
        (kind, name.replace("\r\n", "\n").replace("\r", "\n"), attributes)
        for kind, name, attributes in events
    ]


class _Reader(HTMLParser):
    """Reads a text once, into events to compare and into findings with their places."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.events: list[_Event] = []
        self.found: list[Finding] = []
        self.tags: list[int] = []
        self._open: list[tuple[str, int, str]] = []
        self._lines = [0]
        for line in re.finditer("\n", text):
            self._lines.append(line.end())
        self.feed(text)
        self.close()
        for tag, position, excerpt in self._open:
            self.add("unclosed", position, excerpt, f"<{tag}> is never closed.")

    def add(self, code: str, position: int, excerpt: str, message: str) -> None:
        self.found.append(
            Finding(code, position, excerpt if len(excerpt) <= 60 else excerpt[:59] + "…", message)
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        position, source = self._position(), self.get_starttag_text() or ""
        self.tags.append(position)
        if tag not in TAGS:
            self.add("tag", position, source, f"<{tag}> is not allowed; strong, em, a and br are.")
            return
        for name, value in attrs:
            if tag != "a" or name != "href":
                self.add("attribute", position, source, f"<{tag}> may not carry the attribute “{name}”.")
            elif not is_link(value or ""):
                self.add(
                    "link",
                    position,
                    source,
                    "A link needs a full address that begins with https:// or http://.",
                )
        if tag == "a" and not any(name == "href" for name, _ in attrs):
            self.add("link", position, source, "<a> needs an href.")
        if tag == "a" and any(open_tag == "a" for open_tag, _, _ in self._open):
            self.add("markup", position, source, "A link cannot stand inside a link.")
        self.events.append(("start", tag, tuple((name, value or "") for name, value in attrs)))
        if tag not in _VOID:
            self._open.append((tag, position, source))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        position, source = self._position(), f"</{tag}>"
        self.tags.append(position)
        self.events.append(("end", tag, ()))
        if tag not in TAGS:
            self.add("tag", position, source, f"{source} is not allowed; strong, em, a and br are.")
            return
        names = [name for name, _, _ in self._open]
        if tag not in names:
            self.add("unopened", position, source, f"{source} closes nothing here.")
            return
        if names[-1] != tag:
            self.add("order", position, source, f"<{names[-1]}> has to be closed before {source}.")
        del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if self.events and self.events[-1][0] == "data":
            data = self.events.pop()[1] + data
        self.events.append(("data", data, ()))

    def handle_comment(self, data: str) -> None:
        self.add("markup", self._position(), f"<!--{data}", "A comment is not allowed.")

    def handle_decl(self, decl: str) -> None:
        self.add("markup", self._position(), f"<!{decl}", "A declaration is not allowed.")

    def handle_pi(self, data: str) -> None:
        self.add("markup", self._position(), f"<?{data}", "A processing instruction is not allowed.")

    def unknown_decl(self, data: str) -> None:
        self.add("markup", self._position(), f"<![{data}", "A declaration is not allowed.")

    def _position(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
