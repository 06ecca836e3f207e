"""ICU messages: reading the part of the syntax a chat window renders, checking it, and rendering it for the tester.

Pure; imports no Django. The part: `{name}`; `{name, plural, …}` and `selectordinal` with `offset:n`, `=n`, the CLDR
categories and `#`; `{name, select, …}`; apostrophe quoting as in ICU's default mode (`''` is one apostrophe, an apostrophe
quotes only where `{`, `}` or, in a plural, `#` follows, and any other is itself). Formats (`number`, `date`, …) are not part
of it: clients differ in them. Source: ICU User Guide, "Formatting Messages"; plural categories: CLDR, through Babel.

Positions count characters (code points) from 0.
"""

from __future__ import annotations

import functools
import html as stdlib_html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal

from kit import html

#: CLDR's order; a language has some of them, always `other`.
CATEGORIES = ("zero", "one", "two", "few", "many", "other")

#: A plural whose categories differ only for numbers a chat never shows (French `many`: from a million) is not refused.
_REACHED = 1000
_MAX_DEPTH = 8
_HOLE = "\ufffc"
_WHITE = re.compile(r"[\s\u200e\u200f]*")
_NAME = re.compile(r"\w+(?:[.-]\w+)*")
_SELECTOR = re.compile(r"=\d{1,9}|[^\s{},=#']+")
_OFFSET = re.compile(r"offset:[\s\u200e\u200f]*(\d{1,9})")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TAG_WITH_HOLE = re.compile(r"<[/!?]?(?:[A-Za-z][^<>]*)?" + _HOLE)
_HALF_A_TAG = re.compile(r"<[^<>]*\Z")
#: Beyond this a value is no count; it also keeps `1e999999` from becoming a million digits.
_LARGEST = 10**15
_FINEST = 20
#: The digit zero of the numbering systems that are some locale's default (CLDR).
_ZEROS = {
    "arab": 0x660,
    "arabext": 0x6F0,
    "beng": 0x9E6,
    "cakm": 0x11136,
    "deva": 0x966,
    "mymr": 0x1040,
    "adlm": 0x1E950,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a text: `code` for a translation of the sentence, `message` the sentence in English.

    `severity` is "error" (do not save) or "warning" (say it, save it). `detail` is the name, category or number the
    sentence speaks of.
    """

    code: str
    position: int
    message: str
    detail: str = ""
    severity: str = "error"


class IcuError(ValueError):
    """A text that is no ICU message of this part. Codes:

    unopened, unclosed, unclosed_quote, empty_argument, bad_name, unsupported_type, bad_offset, bad_selector,
    unknown_category, no_branch, branch_without_text, duplicate_branch, other_required, too_deep.
    """

    def __init__(self, code: str, position: int, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code, self.position, self.message, self.detail = code, position, message, detail

    @property
    def finding(self) -> Finding:
        return Finding(self.code, self.position, self.message, self.detail)


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Number:
    """`#`: the number of the plural around it, less its offset."""

    position: int


@dataclass(frozen=True, slots=True)
class Choice:
    """`kind` is plural, selectordinal or select; `branches` in the order written."""

    kind: str
    name: str
    position: int
    offset: int
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    key: str
    position: int
    nodes: tuple[Node, ...]


Node = Text | Argument | Number | Choice


def unshowable(text: str) -> bool:
    """Whether a text holds a character that no page, file or database should get."""
    return _CONTROL.search(text) is not None


def parse(text: str) -> tuple[Node, ...]:
    """The message as a tree. Raises `IcuError` at the first thing that cannot be read."""
    parser = _Parser(text)
    nodes = parser.message(depth=0, in_plural=False)
    if parser.at < len(text):
        raise IcuError("unopened", parser.at, "This } closes nothing; write '}' for the character itself.")
    return nodes


def placeholders(text: str) -> set[str]:
    """The names a message needs values for. Raises `IcuError`."""
    return {node.name for node in _walk(parse(text)) if isinstance(node, Argument | Choice)}


def categories(locale: str, *, ordinal: bool = False) -> dict[str, tuple[int, ...]]:
    """The CLDR plural categories of `locale` in CLDR's order, each with the first whole numbers below 1,000 that have it.

    A category with no number there (French `many`) is present with an empty tuple. A locale CLDR does not know has none.
    """
    return dict(_categories(locale, ordinal))


def check(
    text: str,
    *,
    locale: str,
    placeholders: Collection[str] = (),
    numbers: Collection[str] | None = None,
    max_length: int | None = None,
    allows_html: bool = True,
) -> list[Finding]:
    """Everything there is to say about `text` as a phrase in `locale`, in order of position.

    `placeholders` are the names the phrase has, all of which it must use and no other; `numbers` those that hold a number
    and may choose a plural (None: all). Codes beside those of `IcuError`: control_character, too_long, unknown_placeholder,
    lost_placeholder, quoted_placeholder, not_a_number, category_missing (a warning where the category is only reached from
    a thousand on), category_unused (a warning), no_html, placeholder_in_tag, half_a_tag, and html_<code of `kit.html.Finding`>.
    """
    found: list[Finding] = []
    if control := _CONTROL.search(text):
        found.append(
            Finding("control_character", control.start(), "The text holds a character that cannot be shown.")
        )
    if max_length is not None and len(text) > max_length:
        found.append(
            Finding(
                "too_long",
                max_length,
                f"The text has {len(text)} characters; at most {max_length} fit.",
                str(max_length),
            )
        )
    try:
        nodes = parse(text)
    except IcuError as error:
        return sorted([*found, error.finding], key=lambda finding: finding.position)
    found += _check_names(text, nodes, placeholders, numbers)
    for node in _walk(nodes):
        if isinstance(node, Choice) and node.kind != "select":
            found += _check_categories(node, locale)
    found += _check_html(nodes, allows_html=allows_html)
    return sorted(found, key=lambda finding: finding.position)


def format(text: str, values: Mapping[str, object], locale: str, *, escape: bool = False) -> str:
    """`text` with its values, as a visitor of `locale` sees it.

    A plural takes an int, a Decimal, a float or a string of digits; anything else counts as `other`. A name without a
    value shows as `{name}`. Only `#` is written as the language writes numbers; a number for `{name}` shows as it is. With
    `escape`, values (not the text) are HTML-escaped. Raises `IcuError`.
    """
    return _render(parse(text), values, locale, None, escape)


# ---- reading


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def message(self, *, depth: int, in_plural: bool) -> tuple[Node, ...]:
        """Reads up to the `}` that ends this message, or to the end of the text."""
        if depth > _MAX_DEPTH:
            raise IcuError(
                "too_deep", self.at, f"Choices are nested deeper than {_MAX_DEPTH}.", str(_MAX_DEPTH)
            )
        text, nodes, literal, start = self.text, list[Node](), list[str](), self.at
        special = "{}#'" if in_plural else "{}'"

        def flush() -> None:
            if literal:
                nodes.append(Text("".join(literal), start))
                literal.clear()

        while self.at < len(text):
            character = text[self.at]
            if character not in special:
                if not literal:
                    start = self.at
                end = next((i for i in range(self.at, len(text)) if text[i] in special), len(text))
                literal.append(text[self.at : end])
                self.at = end
            elif character == "'":
                if not literal:
                    start = self.at
                literal.append(self._quoted(special))
            elif character == "}":
                break
            elif character == "#":
                flush()
                nodes.append(Number(self.at))
                self.at += 1
            else:
                flush()
                nodes.append(self._argument(depth))
        flush()
        return tuple(nodes)

    def _quoted(self, special: str) -> str:
        text, begin = self.text, self.at
        self.at += 1
        following = text[self.at : self.at + 1]
        if following == "'":
            self.at += 1
            return "'"
        if not following or following not in special:
            return "'"
        out = []
        while True:
            end = text.find("'", self.at)
            if end < 0:
                raise IcuError(
                    "unclosed_quote",
                    begin,
                    "The apostrophe here quotes what follows and no second one ends it; write ’ for an apostrophe.",
                )
            out.append(text[self.at : end])
            if text[end + 1 : end + 2] != "'":
                self.at = end + 1
                return "".join(out)
            out.append("'")
            self.at = end + 2

    def _space(self) -> None:
        match = _WHITE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _argument(self, depth: int) -> Node:
        begin = self.at
        self.at += 1
        self._space()
        name = _NAME.match(self.text, self.at)
        if name is None:
            if self._peek() == "}":
                raise IcuError("empty_argument", begin, "The braces are empty; a name belongs inside.")
            if not self._peek():
                raise IcuError(
                    "unclosed", begin, "This { is never closed; write '{' for the character itself."
                )
            raise IcuError("bad_name", self.at, "A name has letters and digits only.")
        self.at = name.end()
        self._space()
        if self._peek() == "}":
            self.at += 1
            return Argument(name[0], begin)
        if not self._peek():
            raise IcuError("unclosed", begin, "This { is never closed; write '{' for the character itself.")
        if self._peek() != ",":
            raise IcuError("bad_name", self.at, "A name has letters and digits only.")
        self.at += 1
        self._space()
        kind_at = self.at
        kind = _NAME.match(self.text, self.at)
        if kind is None or kind[0] not in {"plural", "selectordinal", "select"}:
            raise IcuError(
                "unsupported_type",
                kind_at,
                "Only plural, selectordinal and select may follow the comma.",
                kind[0] if kind else "",
            )
        self.at = kind.end()
        self._space()
        if self._peek() != ",":
            code, message = (
                ("unclosed", "This { is never closed.")
                if not self._peek()
                else ("no_branch", "A comma and the choices are missing.")
            )
            raise IcuError(code, begin if code == "unclosed" else self.at, message, kind[0])
        self.at += 1
        return self._choice(kind[0], name[0], begin, depth)

    def _choice(self, kind: str, name: str, begin: int, depth: int) -> Choice:
        offset, branches, seen = 0, list[Branch](), set[str]()
        self._space()
        if kind != "select" and self.text.startswith("offset:", self.at):
            match = _OFFSET.match(self.text, self.at)
            if match is None:
                raise IcuError("bad_offset", self.at, "After offset: comes a whole number.")
            offset = int(match[1])
            self.at = match.end()
        while True:
            self._space()
            character = self._peek()
            if not character:
                raise IcuError("unclosed", begin, "This { is never closed.", name)
            if character == "}":
                break
            key_at = self.at
            selector = _SELECTOR.match(self.text, self.at)
            if selector is None or (kind == "select" and selector[0].startswith("=")):
                raise IcuError(
                    "bad_selector", self.at, "The name of a choice is expected here, then its text in braces."
                )
            key = selector[0]
            if kind != "select":
                if key.startswith("="):
                    key = f"={int(key[1:])}"
                elif key not in CATEGORIES:
                    raise IcuError("unknown_category", key_at, f"“{key}” is no plural category; zero, one, two, few, many and other are, and =5.", key)  # fmt: skip
            if key in seen:
                raise IcuError("duplicate_branch", key_at, f"The choice “{key}” stands here twice.", key)
            seen.add(key)
            self.at = selector.end()
            self._space()
            if self._peek() != "{":
                raise IcuError("branch_without_text", self.at, f"The text of the choice “{key}” is expected here, in braces.", key)  # fmt: skip
            opened = self.at
            self.at += 1
            nodes = self.message(depth=depth + 1, in_plural=kind != "select")
            if self._peek() != "}":
                raise IcuError("unclosed", opened, "This { is never closed.", key)
            self.at += 1
            branches.append(Branch(key, key_at, nodes))
        if not branches:
            raise IcuError("no_branch", self.at, "The choices are missing.", name)
        if "other" not in seen:
            raise IcuError("other_required", begin, "The choice “other” is missing; it serves whatever the rest does not.", name)  # fmt: skip
        self.at += 1
        return Choice(kind, name, begin, offset, tuple(branches))


def _walk(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node, Choice):
            for branch in node.branches:
                yield from _walk(branch.nodes)


# ---- checking


def _check_names(
    text: str, nodes: Sequence[Node], allowed: Collection[str], numbers: Collection[str] | None
) -> Iterator[Finding]:
    used = set()
    for node in _walk(nodes):
        if not isinstance(node, Argument | Choice):
            continue
        used.add(node.name)
        if node.name not in allowed:
            known = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "none"
            yield Finding("unknown_placeholder", node.position, f"{{{node.name}}} is not known here; this phrase has {known}.", node.name)  # fmt: skip
        elif (
            isinstance(node, Choice)
            and node.kind != "select"
            and numbers is not None
            and node.name not in numbers
        ):
            yield Finding("not_a_number", node.position, f"{{{node.name}}} is no number and cannot choose a plural.", node.name)  # fmt: skip
    for name in sorted(set(allowed) - used):
        hidden = re.search(r"'\{\s*" + re.escape(name) + r"\b", text)
        if hidden:
            yield Finding("quoted_placeholder", hidden.start(), f"The straight apostrophe before {{{name}}} makes it plain text; write ’ instead.", name)  # fmt: skip
        else:
            yield Finding("lost_placeholder", len(text), f"{{{name}}} is missing.", name)


@functools.lru_cache(maxsize=1024)
def _categories(locale: str, ordinal: bool) -> tuple[tuple[str, tuple[int, ...]], ...]:
    rule = _rule(locale, ordinal)
    if rule is None:
        return ()
    samples: dict[str, list[int]] = {
        category: [] for category in CATEGORIES if category in {*rule.tags, "other"}
    }
    for number in range(_REACHED):
        samples[rule(number)].append(number)
    return tuple((category, tuple(found)) for category, found in samples.items())


@functools.lru_cache(maxsize=1024)
def _babel_locale(locale: str) -> Locale | None:
    """The nearest locale CLDR has data for: itself, without country, then nothing."""
    parts = locale.replace("-", "_").split("_")
    for end in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:end]))
        except (UnknownLocaleError, ValueError):
            continue
    return None


def _rule(locale: str, ordinal: bool):  # type: ignore[no-untyped-def]  # babel's PluralRule, which has no public name in its stubs
    found = _babel_locale(locale)
    if found is None:
        return None
    return found.ordinal_form if ordinal else found.plural_form


def _check_categories(choice: Choice, locale: str) -> Iterator[Finding]:
    needed = _categories(locale, choice.kind == "selectordinal")
    if not needed:
        return
    keys = {branch.key for branch in choice.branches}
    exact = {int(key[1:]) for key in keys if key.startswith("=")}
    for category, numbers in needed:
        if category in keys:
            continue
        left = [number for number in numbers if number + choice.offset not in exact]
        if numbers and not left:
            continue
        sample = ", ".join(str(number) for number in left[:3]) + (", …" if len(left) > 3 else "")
        message = f"This language also needs “{category}”" + (
            f" (for {sample})." if sample else ", for large numbers."
        )
        yield Finding("category_missing", choice.position, message, category, "error" if left else "warning")
    names = {category for category, _ in needed}
    for branch in choice.branches:
        if branch.key in CATEGORIES and branch.key not in names:
            message = f"This language never uses “{branch.key}”; write ={_EXACT[branch.key]} for that very number." if branch.key in _EXACT else f"This language never uses “{branch.key}”."  # fmt: skip
            yield Finding("category_unused", branch.position, message, branch.key, "warning")


_EXACT = {"zero": 0, "one": 1, "two": 2}


def _check_html(nodes: Sequence[Node], *, allows_html: bool) -> Iterator[Finding]:
    """Each message and each branch must be sound on its own: markup may go around a choice, never out of a branch."""
    found = list(_check_html_of(nodes, allows_html, inner=False))
    if not found and allows_html:
        # A link around a choice and one inside it are each sound; only the whole shows the fault.
        for number in range(
            max((len(node.branches) for node in _walk(nodes) if isinstance(node, Choice)), default=0)
        ):
            for finding in html.findings(_pick(nodes, number)):
                yield Finding(f"html_{finding.code}", 0, finding.message, finding.excerpt)
                return
    yield from found


def _check_html_of(nodes: Sequence[Node], allows_html: bool, *, inner: bool) -> Iterator[Finding]:
    flat, origin = "", []
    for node in nodes:
        piece = node.text if isinstance(node, Text) else _HOLE
        flat += piece
        origin += [node.position + i if isinstance(node, Text) else node.position for i in range(len(piece))]
        if isinstance(node, Choice):
            for branch in node.branches:
                yield from _check_html_of(branch.nodes, allows_html, inner=True)
    if "<" not in flat:
        return
    if not allows_html:
        if (at := html.first_tag(flat)) is not None:
            yield Finding(
                "no_html", origin[at], "This phrase is shown as plain text; the markup would be seen."
            )
        return
    if hole := _TAG_WITH_HOLE.search(flat):
        yield Finding("placeholder_in_tag", origin[hole.start()], "A placeholder cannot stand inside a tag.")
    if inner and (half := _HALF_A_TAG.search(flat)):
        yield Finding(
            "half_a_tag", origin[half.start()], "A tag cannot begin in a choice and end outside it."
        )
    for finding in html.findings(flat):
        yield Finding(f"html_{finding.code}", origin[finding.position], finding.message, finding.excerpt)


def _pick(nodes: Sequence[Node], number: int) -> str:
    """The text that branch `number` of every choice makes (its last where it has fewer)."""
    out = []
    for node in nodes:
        if isinstance(node, Choice):
            out.append(_pick(node.branches[min(number, len(node.branches) - 1)].nodes, number))
        else:
            out.append(node.text if isinstance(node, Text) else _HOLE)
    return "".join(out)


# ---- rendering


def _render(
    nodes: Sequence[Node], values: Mapping[str, object], locale: str, number: Decimal | None, escape: bool
) -> str:
    out = []
    for node in nodes:
        if isinstance(node, Text):
            out.append(node.text)
        elif isinstance(node, Number):
            out.append("#" if number is None else _decimal(number, locale))
        elif isinstance(node, Argument):
            value = values.get(node.name)
            if value is None:
                out.append(f"{{{node.name}}}")
            else:
                out.append(stdlib_html.escape(str(value)) if escape else str(value))
        else:
            branch, inner = _choose(node, values.get(node.name), locale)
            out.append(_render(branch.nodes, values, locale, inner, escape))
    return "".join(out)


def _number(value: object) -> Decimal | None:
    """A value as the number a plural counts with; None where it is none, or too large or too fine to be a count."""
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_FINEST or abs(number) > _LARGEST:
        return None
    return number


def _choose(choice: Choice, value: object, locale: str) -> tuple[Branch, Decimal | None]:
    by_key = {branch.key: branch for branch in choice.branches}
    if choice.kind == "select":
        return by_key.get(str(value), by_key["other"]), None
    number = _number(value)
    if number is None:
        return by_key["other"], None
    if number == number.to_integral_value() and f"={int(number)}" in by_key:
        return by_key[f"={int(number)}"], number - choice.offset
    shown = number - choice.offset
    rule = _rule(locale, choice.kind == "selectordinal")
    category = rule(abs(shown)) if rule is not None else "other"
    return by_key.get(category, by_key["other"]), shown


def _decimal(number: Decimal, locale: str) -> str:
    known = _babel_locale(locale) or Locale("en")
    shown = format_decimal(number, locale=known, numbering_system="default")
    # Babel has a numbering system's signs but leaves its digits to the caller.
    zero = _ZEROS.get(known.default_numbering_system)
    return shown.translate({0x30 + digit: zero + digit for digit in range(10)}) if zero else shown
