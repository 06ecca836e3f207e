"""Phrases out to files translators work in, and back: CSV, XLIFF 2.0 and JSON, each read into the same rows.

Pure; imports no Django. The way in is `parse` (a file to rows; `Unreadable` with the line when it is none), `judge` (rows to
verdicts, changing nothing: the dry run) and `apply` (verdicts to a new section). Writing a section out and reading it
back changes nothing. A row never removes a text: an empty one leaves what is there.

Files come from strangers' hands. XML is read by expat with document types refused, so there are no entities to expand and
nothing to fetch; CSV cells that a spreadsheet would run as a formula go out behind an apostrophe, which comes off again on
the way in; sizes are bounded.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from xml.parsers import expat  # document types are refused, see `_XliffReader`
from xml.sax.saxutils import escape, quoteattr

from babel import Locale, UnknownLocaleError

from translations import catalogue, checks, icu, rules

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 100_000

#: The tenant's own words in a channel (labels of fields, a Guide's words) by phrase id, as the tenant wrote them.
Own = Mapping[str, str]
NOTHING: Own = MappingProxyType({})
#: What the ids of a Guide's words begin with.
GUIDE = "guide."

CSV_COLUMNS = ("locale", "id", "text", "default", "english", "context")

_XLIFF = "urn:oasis:names:tc:xliff:document:2.0"
_OLD_XLIFF = re.compile(r"urn:oasis:names:tc:xliff:document:1\.\d")
_MAX_DEPTH = 64
_NMTOKEN = re.compile(r"[A-Za-z0-9._:-]+")
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
#: What a spreadsheet may take for the beginning of a formula (OWASP, "CSV Injection"), behind any apostrophes.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_HEADERS = {
    "locale": {"locale", "language", "langue", "lang"},
    "id": {"id", "key", "phrase", "clé", "identifiant"},
    "text": {"text", "texte", "translation", "traduction", "target"},
}


class Unreadable(ValueError):
    """A file that is not what it should be. `line` counts from 1; 0 when there is no line to name.

    Codes: too_large, too_many_rows, encoding, csv, columns, xml, doctype, not_xliff, xliff_1, no_target_language, json,
    json_shape, no_locale.
    """

    def __init__(self, code: str, line: int, message: str) -> None:
        super().__init__(f"Line {line}: {message}" if line else message)
        self.code, self.line, self.message = code, line, message


@dataclass(frozen=True, slots=True)
class Row:
    """One text of a file: `line` where it stands (0 unknown), `locale` as the file writes it, `fault` a code when the
    row itself is not in order: too_few_cells, inline_code, not_text."""

    line: int
    locale: str
    id: str
    text: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row would do. `before` is the text it replaces (the tenant's own, else the shipped one).

    Codes: ok (it changes a text); unchanged; blank (it holds no text, and leaves the tenant's); a fault of the row;
    bad_locale; unknown_phrase; duplicate (a later row for the same phrase: the first counts); or the code of the first error
    of `checks.check_phrase`. `locale` is the variant's, canonical; `findings` everything said about the text.
    """

    row: Row
    code: str
    message: str
    locale: str
    before: str | None
    findings: tuple[icu.Finding, ...] = ()

    @property
    def refused(self) -> bool:
        return self.code not in {"ok", "unchanged", "blank"}


# ---- out


def export_csv(
    section: rules.Section, *, locales: Collection[str] | None = None, own: Own = NOTHING
) -> bytes:
    """Every phrase of the section's variants (or of those named) as CSV (RFC 4180, UTF-8 with BOM, for spreadsheets).

    `text` is the tenant's translation and may be empty; `default` what a visitor sees without it; `english` what it translates: a word
    of the tenant's own stands there as the tenant wrote it.
    """
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    english, ready = catalogue.texts(catalogue.ENGLISH), rules.compiled(section)
    for variant in section["variants"]:
        locale = variant["locale"]
        if locales is not None and locale not in locales:
            continue
        for phrase_id in _ids(variant, own):
            phrase = catalogue.phrases().get(phrase_id)
            cells = (
                locale,
                phrase_id,
                variant["phrases"].get(phrase_id, ""),
                _default(ready, variant, phrase_id, own) or "",
                english.get(phrase_id) or own.get(phrase_id, ""),
                phrase.shows["en"] if phrase else "",
            )
            writer.writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])
    return out.getvalue().encode()


def export_xliff(section: rules.Section, locale: str, *, own: Own = NOTHING) -> bytes:
    """One variant as XLIFF 2.0 (English to its language; a word of the tenant's own is its own source). The tenant's texts are `final`,
    those that ship in the language `translated`, the rest `initial` without a target. Raises KeyError when the section has no such
    variant."""
    variant = next((one for one in section["variants"] if one["locale"] == locale), None)
    if variant is None:
        raise KeyError(locale)
    ready, english = rules.compiled(section), catalogue.texts(catalogue.ENGLISH)
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<xliff xmlns="{_XLIFF}" version="2.0" srcLang="en-US" trgLang={quoteattr(locale.replace("_", "-"))}>\n',
        f'  <file id="phrases" original={quoteattr(variant["name"])}>\n',
    ]
    for number, phrase_id in enumerate(_ids(variant, own)):
        phrase = catalogue.phrases().get(phrase_id)
        unit = phrase_id if _NMTOKEN.fullmatch(phrase_id) else f"unit.{number}"
        target, state = variant["phrases"].get(phrase_id), "final"
        if target is None:
            found = default_found(ready, variant, phrase_id, own)
            same_language = found is not None and rules.same_language(found.layer)
            target, state = (found.text, "translated") if found and same_language else (None, "initial")
        out.append(f"    <unit id={quoteattr(unit)} name={quoteattr(phrase_id)}>\n")
        if phrase:
            longest = f"At most {phrase.max_length} characters."
            out.append(
                f"      <notes>\n        <note>{escape(phrase.shows['en'])}. {longest}</note>\n      </notes>\n"
            )
        out.append(f'      <segment state="{state}">\n')
        out.append(
            f'        <source xml:space="preserve">{_xml(english.get(phrase_id) or own.get(phrase_id) or phrase_id)}</source>\n'
        )
        if target is not None:
            out.append(f'        <target xml:space="preserve">{_xml(target)}</target>\n')
        out.append("      </segment>\n    </unit>\n")
    out.append("  </file>\n</xliff>\n")
    return "".join(out).encode()


def export_json(section: rules.Section, *, locales: Collection[str] | None = None) -> bytes:
    """The tenant's own texts as JSON, variants and phrases sorted; the shape of a section's `variants`."""
    variants = [
        {"locale": one["locale"], "name": one["name"], "phrases": dict(sorted(one["phrases"].items()))}
        for one in section["variants"]
        if locales is None or one["locale"] in locales
    ]
    return (
        json.dumps({"format": rules.FORMAT, "variants": variants}, ensure_ascii=False, indent=2) + "\n"
    ).encode()


def of_guide(own: Iterable[str]) -> bool:
    """Whether these are a Guide's own words. It has no others: the windows it opens speak as their channels do."""
    return any(one.startswith(GUIDE) for one in own)


def _ids(variant: Mapping[str, Any], own: Own) -> list[str]:
    """Every phrase there is a row for: the catalogue's in its order, the tenant's, and any other the variant holds."""
    shipped = () if of_guide(own) else catalogue.phrases()
    return list(dict.fromkeys([*shipped, *own, *sorted(variant["phrases"])]))


def shipped_layer(ready: rules.Compiled, locale: str) -> rules.Layer:
    """Where a phrase of `locale` comes from when nobody wrote it."""
    return next(layer for layer in ready.chain(locale) if layer.source == "catalogue")


def guide_default(ready: rules.Compiled, locale: str, phrase_id: str, own: Own) -> rules.Found | None:
    """What ships of a Guide's word in that language; None for any other phrase, and for a word the Guide itself has."""
    word = phrase_id.removeprefix(GUIDE)
    if not phrase_id.startswith(GUIDE) or own.get(phrase_id) != catalogue.guide(catalogue.ENGLISH).get(word):
        return None
    layer = shipped_layer(ready, locale)
    return rules.Found(catalogue.guide(layer.locale)[word], layer)


def default_found(
    ready: rules.Compiled, variant: Mapping[str, Any], phrase_id: str, own: Own = NOTHING
) -> rules.Found | None:
    """What a visitor of the variant sees without the variant's own text; None for a word of the tenant's own that is not translated."""
    for layer in ready.chain(variant["locale"]):
        if layer.source == "variant" and layer.locale == variant["locale"]:
            continue
        if text := layer.texts.get(phrase_id):
            return rules.Found(text, layer)
    return guide_default(ready, variant["locale"], phrase_id, own)


def _default(ready: rules.Compiled, variant: Mapping[str, Any], phrase_id: str, own: Own) -> str | None:
    found = default_found(ready, variant, phrase_id, own)
    return found.text if found else own.get(phrase_id)


def _xml(text: str) -> str:
    """Text as XLIFF content: what XML cannot hold as `<cp>`, a carriage return as a reference (XML would make it LF)."""
    escaped = escape(text, {"\r": "&#13;"})
    return _NO_XML.sub(lambda match: f'<cp hex="{ord(match[0]):04X}"/>', escaped)


# ---- in


def parse(data: bytes, *, name: str = "", locale: str | None = None) -> list[Row]:
    """A file's rows, whichever of the three it is: told by the ending of `name`, else by its first character.

    `locale` is the variant a file without languages is for. Raises `Unreadable`.
    """
    ending = name.rpartition(".")[2].lower()
    first = data.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    if ending in {"xlf", "xliff", "xml"} or (ending not in {"csv", "tsv", "txt", "json"} and first == b"<"):
        return parse_xliff(data)
    if ending == "json" or (ending not in {"csv", "tsv", "txt"} and first in {b"{", b"["}):
        return parse_json(data, locale=locale)
    return parse_csv(data, locale=locale)


def mark_repeated(rows: Sequence[Row]) -> list[Row]:
    """The rows, with the fault “duplicate” on each that says again what one before it says: then they can be judged apart."""
    seen: set[tuple[rules.Key, str]] = set()
    out = []
    for row in rows:
        meaning = rules.key(row.locale)
        if meaning is not None and not row.fault:
            if (meaning, row.id) in seen:
                row = replace(row, fault="duplicate")
            seen.add((meaning, row.id))
        out.append(row)
    return out


def parse_csv(data: bytes, *, locale: str | None = None) -> list[Row]:
    """CSV with a header row naming at least `id` and `text` (and `locale`, unless given); comma, semicolon or tab."""
    text = _text(data)
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: dict[str, int] | None = None
    out: list[Row] = []
    line = 1
    try:
        for cells in reader:
            started, line = line, reader.line_num + 1
            if not any(cells):
                continue
            if columns is None:
                columns = _columns(cells, started, locale)
                continue
            if len(out) >= MAX_ROWS:
                raise Unreadable("too_many_rows", started, f"The file has more than {MAX_ROWS} rows.")
            out.append(_csv_row(cells, columns, started, locale))
    except csv.Error as error:
        raise Unreadable("csv", reader.line_num, f"This is not CSV: {error}.") from error
    if columns is None:
        raise Unreadable(
            "columns", 1, "The file is empty; its first line names the columns: locale, id, text."
        )
    return out


def _columns(cells: Sequence[str], line: int, locale: str | None) -> dict[str, int]:
    names = [cell.strip().lower() for cell in cells]
    columns = {
        column: next((number for number, name in enumerate(names) if name in accepted), -1)
        for column, accepted in _HEADERS.items()
    }
    missing = [
        column for column, number in columns.items() if number < 0 and (column != "locale" or locale is None)
    ]
    if missing:
        raise Unreadable(
            "columns", line, "The first line has to name the columns; missing: " + ", ".join(missing) + "."
        )
    return columns


def _csv_row(cells: Sequence[str], columns: Mapping[str, int], line: int, locale: str | None) -> Row:
    found = {name: cells[number] if 0 <= number < len(cells) else None for name, number in columns.items()}
    where = (found["locale"] or "").strip() if columns["locale"] >= 0 else locale or ""
    text = found["text"]
    if found["id"] is None or text is None:
        return Row(line, where, found["id"] or "", text or "", "too_few_cells")
    return Row(line, where, _unguarded(found["id"]).strip(), _unguarded(text))


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def parse_json(data: bytes, *, locale: str | None = None) -> list[Row]:
    """JSON in one of three shapes: as `export_json` writes it; `{locale: {id: text}}`; `{id: text}` with `locale` given."""
    text = _text(data)
    try:
        document = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Unreadable(
            "json", error.lineno, f"This is not JSON (column {error.colno}): {error.msg}."
        ) from error
    except (RecursionError, ValueError) as error:
        raise Unreadable("json", 0, "This is not JSON that can be read.") from error
    pairs = list(_json_phrases(document, locale))
    if len(pairs) > MAX_ROWS:
        raise Unreadable("too_many_rows", 0, f"The file has more than {MAX_ROWS} rows.")
    out, at, line = [], 0, 1
    for where, phrase_id, value in pairs:
        # The keys come in the order of the file; each is looked for from the last one on, to name its line.
        found = re.compile(re.escape(json.dumps(phrase_id, ensure_ascii=False)) + r"\s*:").search(text, at)
        if found:
            line += text.count("\n", at, found.start())
            at = found.start()
        fault = "" if value is None or isinstance(value, str) else "not_text"
        out.append(
            Row(line if found else 0, where, phrase_id, value if isinstance(value, str) else "", fault)
        )
    return out


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with every key it has, twice the ones that are there twice."""


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _json_phrases(document: object, locale: str | None) -> Iterator[tuple[str, str, object]]:
    shape = Unreadable(
        "json_shape", 0, "The JSON has to be {locale: {id: text}}, or variants as an export has them."
    )
    if not isinstance(document, _Pairs):
        raise shape
    variants = dict(document).get("variants")
    if isinstance(variants, list) and not isinstance(variants, _Pairs):
        for variant in variants:
            entries = dict(variant) if isinstance(variant, _Pairs) else {}
            if not isinstance(entries.get("locale"), str) or not isinstance(entries.get("phrases"), _Pairs):
                raise shape
            for phrase_id, value in entries["phrases"]:
                yield entries["locale"], phrase_id, value
    elif document and all(isinstance(value, _Pairs) for _, value in document):
        for where, phrases in document:
            for phrase_id, value in phrases:
                yield where, phrase_id, value
    elif locale is None:
        if any(isinstance(value, _Pairs | list) for _, value in document):
            raise shape
        raise Unreadable("no_locale", 0, "The file does not say which language its texts are in.")
    else:
        for phrase_id, value in document:
            yield locale, phrase_id, value


def parse_xliff(data: bytes) -> list[Row]:
    """The targets of an XLIFF 2.x document, all in its target language. Raises `Unreadable`."""
    _bounded(data)
    return _XliffReader().read(data)


class _XliffReader:
    """Reads with expat and no document type: no entity is ever declared, so none is expanded and nothing is fetched."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._path: list[str] = []
        self._locale = ""
        self._unit: tuple[int, str] | None = None
        self._target: list[str] | None = None
        self._inside = False
        self._fault = ""

    def read(self, data: bytes) -> list[Row]:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise Unreadable(
                "xml", error.lineno, f"This is not XML: {expat.ErrorString(error.code)}."
            ) from error
        except (LookupError, ValueError) as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable("xml", 0, "The XML is in an encoding that cannot be read.") from error
        return self.rows

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _doctype(self, *_: object) -> None:
        raise Unreadable("doctype", self._line, "A document type (<!DOCTYPE …>) is not accepted.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _MAX_DEPTH:
            raise Unreadable("xml", self._line, "The elements are nested too deeply.")
        space, _, local = name.rpartition(" ")
        if not self._path:
            self._root(space, local, attributes)
        self._path.append(local if space == _XLIFF else "")
        if space != _XLIFF:
            return
        if local == "unit":
            self._unit = (self._line, attributes.get("name") or attributes.get("id", ""))
            self._target, self._fault = None, ""
        elif local == "target" and self._path[-2] in {"segment", "ignorable"} and self._unit:
            self._target = self._target or []
            self._inside = True
        elif self._inside and self._target is not None:
            if local == "cp":
                self._target.append(self._code_point(attributes.get("hex", "")))
            elif local not in {"mrk", "sm", "em"}:
                self._fault = "inline_code"

    def _root(self, space: str, local: str, attributes: dict[str, str]) -> None:
        if _OLD_XLIFF.fullmatch(space):
            raise Unreadable("xliff_1", self._line, "This is XLIFF 1; save it as XLIFF 2.0.")
        if space != _XLIFF or local != "xliff":
            raise Unreadable("not_xliff", self._line, "This is XML, but not XLIFF 2.0.")
        self._locale = attributes.get("trgLang", "")
        if not self._locale:
            raise Unreadable(
                "no_target_language", self._line, "The document names no target language (trgLang)."
            )

    def _code_point(self, digits: str) -> str:
        if not re.fullmatch(r"[0-9A-Fa-f]{1,6}", digits) or int(digits, 16) > 0x10FFFF:
            self._fault = "inline_code"
            return ""
        return chr(int(digits, 16))

    def _characters(self, text: str) -> None:
        if self._inside and self._target is not None:
            self._target.append(text)

    def _end(self, name: str) -> None:
        local = self._path.pop()
        if local == "target":
            self._inside = False
        elif local == "unit" and self._unit is not None:
            if len(self.rows) >= MAX_ROWS:
                raise Unreadable("too_many_rows", self._line, f"The file has more than {MAX_ROWS} rows.")
            line, phrase_id = self._unit
            self.rows.append(Row(line, self._locale, phrase_id, "".join(self._target or ()), self._fault))
            self._unit = None


def _bounded(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise Unreadable("too_large", 0, f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")


def _text(data: bytes) -> str:
    """The file's characters: UTF-8, with or without BOM, or UTF-16 with one (a spreadsheet's “Unicode text”)."""
    _bounded(data)
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable("encoding", line, "The file is not UTF-8; save it as “CSV UTF-8”.") from error


# ---- judged and applied


def judge(
    section: rules.Section,
    rows: Iterable[Row],
    *,
    own: Own = NOTHING,
    progress: Callable[[int], None] | None = None,
) -> list[Verdict]:
    """What each row would do to `section`, in their order; changes nothing. `progress` is told the number of rows done,
    every 500 and at the end."""
    ready, guide = rules.compiled(section), of_guide(own)
    seen: set[tuple[str, str]] = set()
    out: list[Verdict] = []
    for row in rows:
        out.append(_judge(ready, row, own, seen, guide=guide))
        if progress and len(out) % 500 == 0:
            progress(len(out))
    if progress:
        progress(len(out))
    return out


_FAULTS = {
    "too_few_cells": "The row has too few cells.",
    "inline_code": "The target holds inline codes; the placeholders of phrases are plain text, like {name}.",
    "not_text": "The value is not a text.",
    "duplicate": "The phrase stands further up already.",
}


def _judge(ready: rules.Compiled, row: Row, own: Own, seen: set[tuple[str, str]], *, guide: bool) -> Verdict:
    meaning = rules.key(row.locale)
    locale = rules.canonical(row.locale)
    if meaning is None or locale is None:
        return Verdict(row, "bad_locale", f"“{row.locale}” is no language.", "", None)
    variant = ready.variants.get(meaning, {"locale": locale, "phrases": {}})
    locale = variant["locale"]
    present = variant["phrases"].get(row.id)
    before = present or _default(ready, variant, row.id, own)
    if row.fault:
        return Verdict(row, row.fault, _FAULTS[row.fault], locale, before)
    known = row.id in own if guide else checks.is_known(row.id, own)
    if not known and present is None:
        return Verdict(row, "unknown_phrase", f"There is no phrase “{row.id}”.", locale, None)
    if (locale, row.id) in seen:
        return Verdict(row, "duplicate", f"{row.id} in {locale} stands further up already.", locale, before)
    seen.add((locale, row.id))
    if not row.text.strip():
        if present is None:
            return Verdict(row, "unchanged", "The phrase keeps its default.", locale, before)
        return Verdict(row, "blank", "The row is empty; the text stays as it is.", locale, before)
    if row.text == before:
        return Verdict(row, "unchanged", "The text is the same.", locale, before)
    findings = tuple(checks.check_phrase(locale, row.id, row.text, own={*own, row.id} if present else own))
    if errors := checks.errors(findings):
        return Verdict(row, errors[0].code, errors[0].message, locale, before, findings)
    return Verdict(row, "ok", "The text changes.", locale, before, findings)


def apply(section: rules.Section, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """A new section with the texts of the verdicts that are `ok`; the old one stays as it is. A language that was no
    variant becomes one, under its own name for itself."""
    variants = {one["locale"]: {**one, "phrases": dict(one["phrases"])} for one in section["variants"]}
    for verdict in verdicts:
        if verdict.code != "ok":
            continue
        variant = variants.get(verdict.locale)
        if variant is None:
            taken = {one["name"].casefold() for one in variants.values()}
            variant = {
                "name": own_name(verdict.locale, taken),
                "locale": verdict.locale,
                "fallback": None,
                "phrases": {},
            }
            variants[verdict.locale] = variant
        variant["phrases"][verdict.row.id] = verdict.row.text
    return {**section, "variants": [variants[locale] for locale in sorted(variants)]}


def own_name(locale: str, taken: Collection[str]) -> str:
    """What a language calls itself, made unlike the names in `taken` (casefolded)."""
    try:
        name = Locale.parse(locale).get_display_name() or locale
    except (UnknownLocaleError, ValueError):
        name = locale
    name = name[:1].upper() + name[1:]
    return f"{name} ({locale})" if name.casefold() in taken else name
