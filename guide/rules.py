"""Which entry point a page's address leads to, and in which words a Guide speaks: pure decisions over the section.

Pure; imports no Django. `widget/host/guide_rules.ts` decides the same in the visitor's browser, so that no page's address
leaves it; both are held to `guide/tests/rules_vectors.json`.

An entry point has rules, each `{"effect": "include"|"exclude", "how": "contains"|"starts"|"equals"|"glob", "value": text}`. It is
for a page when no `exclude` rule fits and an `include` rule does, or there is no `include` rule at all. The first entry point
that is for a page wins.

How an address is compared: without capitals, percent-encoded text as the text it stands for. A value beginning with `/` is
compared with the path, one with `://` with the whole address, any other with host and path. `contains` looks anywhere in the whole
address. `starts` compares the beginning, query and fragment included. `equals` and `glob` leave query and fragment out unless the
value names them, and a slash at the end makes no difference; in `glob` an asterisk stands for anything but a slash, two for
anything, and `/**` at the end also for the folder itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from translations import rules as translations

FORMAT = 1
HOW = ("contains", "starts", "equals", "glob")
EFFECTS = ("include", "exclude")

#: Characters of a rule's value and of an address that is looked at: an end for the work of comparing.
LONGEST_VALUE = 300
LONGEST_URL = 4096

Outcome = Literal["matched", "every_page", "excluded", "no_match"]

_ENCODED = re.compile(r"(?:%[0-9a-fA-F]{2})+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an entry point says to a page: `rule` is the number of the rule that decided, None where none did."""

    outcome: Outcome
    rule: int | None

    @property
    def fits(self) -> bool:
        return self.outcome in {"matched", "every_page"}


@dataclass(frozen=True, slots=True)
class Address:
    """A page's address, ready to be compared: small letters, decoded."""

    scheme: str
    host: str
    path: str
    query: str
    fragment: str

    @property
    def whole(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}{self.query}{self.fragment}"


def address(url: str) -> Address:
    """Any text is an address: without a scheme it is taken for https."""
    text = url.strip()[:LONGEST_URL]
    scheme, separator, rest = text.partition("://")
    if not separator or re.search(r"[/?#]", scheme):
        scheme, rest = "https", text.removeprefix("//")
    rest, hash_mark, fragment = rest.partition("#")
    rest, question_mark, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    return Address(
        plain(scheme),
        plain(host),
        plain(slash + path) or "/",
        plain(question_mark + query),
        plain(hash_mark + fragment),
    )


def plain(text: str) -> str:
    """Small letters, and what is percent-encoded UTF-8 decoded; what is not stays as it is."""
    return _ENCODED.sub(_decoded, text).lower()


def _decoded(match: re.Match[str]) -> str:
    try:
        return bytes.fromhex(match[0].replace("%", "")).decode("utf-8")
    except ValueError:
        return match[0]


def fits(rule: Mapping[str, Any], page: Address) -> bool:
    """Whether one rule is about this page."""
    value = plain(str(rule["value"])[:LONGEST_VALUE])
    how = rule["how"]
    if not value:
        return False
    if how == "contains":
        return value in page.whole
    before = "" if value.startswith("/") else page.host
    if "://" in value:
        before = f"{page.scheme}://{page.host}"
    if how == "starts":
        return (before + page.path + page.query + page.fragment).startswith(value)
    mark = re.search(r"[?#]", value)
    at = mark.start() if mark else len(value)
    wanted = value[:at].rstrip("/") + value[at:]
    there = (before + page.path).rstrip("/")
    there += page.query if "?" in value else ""
    there += page.fragment if "#" in value else ""
    if how == "equals":
        return there == wanted
    return glob(wanted, there) or (wanted.endswith("/**") and glob(wanted[:-3], there))


def glob(pattern: str, text: str) -> bool:
    """`*` stands for any characters but a slash, `**` for any. Steps: at most the product of both lengths."""
    # Places in the pattern that are reached after the characters so far.
    places = _past_stars(pattern, {0})
    for character in text:
        further: set[int] = set()
        for at in places:
            if at == len(pattern):
                continue
            if pattern.startswith("**", at):
                further.add(at)
            elif pattern[at] == "*":
                if character != "/":
                    further.add(at)
            elif pattern[at] == character:
                further.add(at + 1)
        places = _past_stars(pattern, further)
        if not places:
            return False
    return len(pattern) in places


def _past_stars(pattern: str, places: set[int]) -> set[int]:
    """Stars may stand for nothing."""
    reached: set[int] = set()
    for place in places:
        at = place
        while True:
            reached.add(at)
            if pattern.startswith("**", at):
                at += 2
            elif at < len(pattern) and pattern[at] == "*":
                at += 1
            else:
                break
    return reached


def judge(entry: Mapping[str, Any], page: Address) -> Verdict:
    """What one entry point says to a page."""
    rules = entry["rules"]
    for number, rule in enumerate(rules):
        if rule["effect"] == "exclude" and fits(rule, page):
            return Verdict("excluded", number)
    including = [number for number, rule in enumerate(rules) if rule["effect"] == "include"]
    for number in including:
        if fits(rules[number], page):
            return Verdict("matched", number)
    return Verdict("no_match", None) if including else Verdict("every_page", None)


def decide(entries: Sequence[Mapping[str, Any]], url: str) -> tuple[int | None, list[Verdict]]:
    """The number of the entry point for a page (None: none), and what each one up to it said."""
    page = address(url)
    verdicts: list[Verdict] = []
    for number, entry in enumerate(entries):
        verdicts.append(judge(entry, page))
        if verdicts[-1].fits:
            return number, verdicts
    return None, verdicts


# ---- words

#: Keys of a Guide's words that an admin may write, in the order in which a visitor meets them.
TEXTS = ("button", "title", "intro", "begin", "online", "offline", "none", "close")

#: A Guide nobody translated: which language ships for a locale.
_UNTRANSLATED = translations.compiled({"format": translations.FORMAT, "default_locale": None, "variants": []})


def phrase_key(text: str) -> str:
    """The translation key of one of the Guide's words."""
    return f"guide.{text}"


def label_key(entry: str, channel: str) -> str:
    """The translation key of what an entry point calls a channel."""
    return f"guide.{entry}.{channel}"


def words(
    texts: Mapping[str, str],
    table: Mapping[str, str],
    locale: str,
    spoken: translations.Compiled = _UNTRANSLATED,
) -> dict[str, str]:
    """The words in one language: the translation where there is one, what was written, what ships in that language or in the one
    the Guide's languages (`spoken`) have it fall back to."""
    shipped = translations.catalogue.guide(translations.shipped(spoken, locale))
    return {name: table.get(phrase_key(name)) or texts.get(name) or shipped[name] for name in TEXTS}


# ---- what an environment serves


def served(
    document: Mapping[str, Any],
    *,
    names: Mapping[str, str],
    locale: str,
    spoken: translations.Compiled = _UNTRANSLATED,
) -> dict[str, Any]:
    """A Guide as a page gets it in one language: entry points offer the channels of `names` (id -> name) only.
    `spoken` are the Guide's languages."""
    table = spoken.table(locale)
    entries = []
    for entry in document.get("entries", ()):
        offered = [
            {
                "channel": one["channel"],
                "label": table.get(label_key(entry["id"], one["channel"]))
                or one["label"]
                or names[one["channel"]],
                "hideOffline": one["hide_offline"],
            }
            for one in entry["channels"]
            if one["channel"] in names
        ]
        entries.append({"id": entry["id"], "rules": entry["rules"], "channels": offered})
    return {
        "entries": entries,
        "look": document.get("look", {}),
        "css": document.get("css", ""),
        "words": words(document.get("texts", {}), table, locale, spoken),
        "locale": locale,
    }
