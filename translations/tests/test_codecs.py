"""Phrases out to CSV, XLIFF and JSON and back: nothing changes by itself, and every row is told what it would do."""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translations import catalogue, codecs, rules

SECTION: dict = {
    "format": 1,
    "default_locale": "fr",
    "variants": [
        {"name": "Čeština", "locale": "cs", "fallback": "de", "phrases": {"send": "Odeslat", "close": "=1+1"}},
        {"name": "Canada", "locale": "fr_CA", "fallback": None, "phrases": {
            "customFields.city": "Ville", "onlineFormText": 'Bonjour, « ami »;\r\nligne 2\n"<em>trois</em>" & \'=x\'',
            "endChat": "'@SUM(A1)"}},
    ],
}  # fmt: skip
OWN = {"customFields.city": "Municipalité", "customFields.street": "=Rue"}


def verdicts(rows: list[codecs.Row], **more: object) -> list[str]:
    arguments: dict = {"own": OWN, **more}
    return [verdict.code for verdict in codecs.judge(SECTION, rows, **arguments)]


def row(phrase_id: str, text: str, locale: str = "fr_CA") -> codecs.Row:
    return codecs.Row(2, locale, phrase_id, text)


# ---- round trips


def files(section: dict, own: dict[str, str]) -> list[tuple[bytes, str]]:
    return [
        (codecs.export_csv(section, own=own), "x.csv"),
        (codecs.export_json(section), "x.json"),
        *[(codecs.export_xliff(section, one["locale"], own=own), "x.xlf") for one in section["variants"]],
    ]


def test_a_round_trip_changes_nothing() -> None:
    for data, name in files(SECTION, OWN):
        rows = codecs.parse(data, name=name)
        judged = codecs.judge(SECTION, rows, own=OWN)
        assert {verdict.code for verdict in judged} == {"unchanged"}, name
        assert codecs.apply(SECTION, judged) == SECTION
        assert codecs.parse(data) == rows


_texts = st.text(
    alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from("=+-@'\"\r\n\t,;<>&\x00\x0b\ufffe＝"),
    min_size=1,
)
_sections = st.builds(
    lambda variants: {
        "format": 1,
        "default_locale": None,
        "variants": [
            {"name": locale, "locale": locale, "fallback": None, "phrases": phrases} for locale, phrases in sorted(variants.items())
        ],
    },
    st.dictionaries(
        st.sampled_from(["cs", "fr", "fr_CA", "zh_Hant_HK", "ar"]),
        st.dictionaries(st.sampled_from(["send", "close", "own.field", "own field é", "=own"]), _texts.filter(str.strip)),
    ),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(_sections)
def test_any_text_comes_back_as_it_was(section: dict) -> None:
    empty = {**section, "variants": [{**one, "phrases": {}} for one in section["variants"]]}
    for data, name in files(section, {}):
        rows = codecs.parse(data, name=name)
        assert not [one for one in codecs.judge(section, rows) if one.code != "unchanged"]
        written = {
            (one["locale"], phrase_id): text
            for one in section["variants"]
            for phrase_id, text in one["phrases"].items()
        }
        read = {(rules.canonical(one.locale), one.id): one.text for one in rows}
        locales = {locale for locale, _ in read}
        assert {place: text for place, text in written.items() if place[0] in locales}.items() <= read.items()
        assert codecs.apply(empty, [])["variants"] == empty["variants"]


@settings(deadline=None)
@given(
    st.binary(max_size=200) | st.text(alphabet="<>{}[]\"':,;\n=/xliff ").map(str.encode),
    st.sampled_from(["", "a.csv", "a.json", "a.xlf"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    try:
        rows = codecs.parse(data, name=name, locale="fr")
    except codecs.Unreadable as refused:
        assert refused.line <= data.count(b"\n") + data.count(b"\r") + 1
        assert refused.message.endswith(".")
    else:
        codecs.judge(SECTION, rows)


# ---- CSV


def test_a_formula_does_not_reach_a_spreadsheet() -> None:
    text = codecs.export_csv(SECTION, own=OWN).decode()
    assert "'=1+1" in text
    assert "''@SUM(A1)" in text
    for line in text.splitlines():
        assert not line.startswith(("=", "+", "-", "@"))
        assert ",=" not in line


def test_the_csv_is_what_a_spreadsheet_expects() -> None:
    data = codecs.export_csv(SECTION, locales=["cs"], own=OWN)
    assert data.startswith(b"\xef\xbb\xbflocale,id,text,default,english,context\r\n")
    rows = codecs.parse(data)
    assert {one.locale for one in rows} == {"cs"}
    assert [one.id for one in rows] == [*catalogue.phrases(), *OWN]
    # A word of the tenant's own is what is translated, and what is read until it is.
    assert "cs,customFields.city,,Municipalité,Municipalité," in data.decode()
    assert b"cs,loading,," + "Wird geladen…,Loading…".encode() in data


@pytest.mark.parametrize(
    "data",
    [
        b"locale,id,text\nfr,send,Va\n",
        "\ufeffID;Langue;Texte\r\nsend;fr;Va\r\n".encode(),
        "text\tid\tlocale\nVa\tsend\tfr".encode("utf-16"),
        b'\n\nlocale,"id",text,more\nfr, send ,"Va",x\n',
    ],
)
def test_the_csv_of_other_programs_is_read(data: bytes) -> None:
    (read,) = codecs.parse(data)
    assert (read.locale, read.id, read.text, read.fault) == ("fr", "send", "Va", "")


def test_a_csv_without_languages_is_read_for_the_one_given() -> None:
    assert codecs.parse(b"id,text\nsend,Va\n", locale="fr") == [codecs.Row(2, "fr", "send", "Va")]


def test_rows_know_their_lines_even_after_texts_of_several() -> None:
    rows = codecs.parse(b'locale,id,text\nfr,a,"x\ny"\nfr,b\n\nfr,c,z\n')
    assert [(one.line, one.id, one.fault) for one in rows] == [
        (2, "a", ""),
        (4, "b", "too_few_cells"),
        (6, "c", ""),
    ]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "columns", 1),
        (b"a,b,c\n", "columns", 1),
        (b"id,text\nsend,x\n", "columns", 1),
        (b'locale,id,text\nfr,a,"x\n', "csv", 2),
        (b'locale,id,text\nfr,a,"x"y\n', "csv", 2),
        ("locale,id,text\nfr,é,x".encode("latin-1"), "encoding", 2),
        (b"locale,id,text\nfr,a," + b"x" * 200_000, "csv", 2),
    ],
)
def test_what_is_no_csv_is_refused_with_its_line(data: bytes, code: str, line: int) -> None:
    with pytest.raises(codecs.Unreadable) as refused:
        codecs.parse(data, name="x.csv")
    assert (refused.value.code, refused.value.line) == (code, line)


# ---- JSON


@pytest.mark.parametrize(
    ("document", "locale"),
    [
        ({"fr": {"send": "Va"}}, None),
        ({"send": "Va"}, "fr"),
        ({"format": 1, "variants": [{"locale": "fr", "name": "x", "phrases": {"send": "Va"}}]}, None),
    ],
)
def test_three_shapes_of_json_are_read(document: dict, locale: str | None) -> None:
    (read,) = codecs.parse(json.dumps(document).encode(), locale=locale)
    assert (read.locale, read.id, read.text) == ("fr", "send", "Va")


def test_json_rows_know_their_lines_and_doubles_are_seen() -> None:
    rows = codecs.parse(b'{\n "fr": {\n  "send": "a",\n  "close": null,\n  "send": "b", "done": 3\n }\n}')
    assert [(one.line, one.id, one.text, one.fault) for one in rows] == [
        (3, "send", "a", ""),
        (4, "close", "", ""),
        (5, "send", "b", ""),
        (5, "done", "", "not_text"),
    ]
    assert verdicts(rows) == ["ok", "unchanged", "duplicate", "not_text"]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b'{\n"a": }', "json", 2),
        (b"[1]", "json_shape", 0),
        (b"[]", "json_shape", 0),
        (b'{"a": NaN}', "json", 0),
        (b'{"send": "x"}', "no_locale", 0),
        (b'{"a": {"b": "c"}, "d": "e"}', "json_shape", 0),
        (b'{"variants": [{"locale": "fr"}]}', "json_shape", 0),
        (b"[" * 100_000, "json", 0),
    ],
)
def test_what_is_no_json_of_phrases_is_refused(data: bytes, code: str, line: int) -> None:
    with pytest.raises(codecs.Unreadable) as refused:
        codecs.parse(data, name="x.json")
    assert (refused.value.code, refused.value.line) == (code, line)


# ---- XLIFF


def xliff(body: str, attributes: str = 'version="2.0" srcLang="en" trgLang="fr-CA"') -> bytes:
    return f'<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" {attributes}>\n<file id="f">{body}</file></xliff>'.encode()


def test_the_xliff_says_which_texts_are_whose() -> None:
    root = ElementTree.fromstring(codecs.export_xliff(SECTION, "fr_CA", own=OWN))  # noqa: S314  # our own bytes
    space = {"x": "urn:oasis:names:tc:xliff:document:2.0"}
    assert (root.get("version"), root.get("srcLang"), root.get("trgLang")) == ("2.0", "en-US", "fr-CA")
    states = {
        unit.get("name"): (
            segment.get("state"),
            segment.findtext("x:source", "", space),
            segment.findtext("x:target", None, space),
        )
        for unit in root.iterfind(".//x:unit", space)
        for segment in unit.iterfind("x:segment", space)
    }
    assert states["customFields.city"] == ("final", "Municipalité", "Ville")
    assert states["customFields.street"] == ("initial", "=Rue", None)
    assert states["EmailLabel"] == ("translated", "Email", "Courriel")
    czech = ElementTree.fromstring(codecs.export_xliff(SECTION, "cs"))  # noqa: S314
    (segment,) = czech.iterfind(".//x:unit[@id='loading']/x:segment", space)
    assert (segment.get("state"), segment.find("x:target", space)) == ("initial", None)
    with pytest.raises(KeyError):
        codecs.export_xliff(SECTION, "de")


def test_a_target_in_pieces_is_one_text() -> None:
    (read,) = codecs.parse(
        xliff(
            '<unit id="u1" name="send"><segment><source>a</source><target>Va<mrk id="m"> et</mrk></target></segment>'
            '<ignorable><source> </source><target> <cp hex="0009"/></target></ignorable>'
            "<segment><source>b</source><target>viens</target></segment></unit>"
        )
    )
    assert (read.locale, read.id, read.text, read.fault) == ("fr-CA", "send", "Va et \tviens", "")


def test_inline_codes_are_a_fault_of_their_row_alone() -> None:
    rows = codecs.parse(
        xliff(
            '<unit id="send"><segment><source>a</source><target>x<ph id="1"/></target></segment></unit>\n'
            '<unit id="close"><segment><source>a</source><target>Ferme</target></segment></unit>'
        )
    )
    assert verdicts(rows) == ["inline_code", "ok"]
    assert rows[1].line == 3


BILLION = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en" trgLang="fr"><file id="f">&b;</file></xliff>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" trgLang="fr">&a;</xliff>"""


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (xliff("\n<b></a>"), "xml", 3),
        (b"<a/>", "not_xliff", 1),
        (b'<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2"/>', "xliff_1", 1),
        (xliff("", 'version="2.0" srcLang="en"'), "no_target_language", 1),
        (BILLION, "doctype", 2),
        (OUTSIDE, "doctype", 1),
        (xliff("&unknown;"), "xml", 2),
        (xliff("<g>" * 70 + "</g>" * 70), "xml", 2),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "xml", 0),
    ],
)
def test_dangerous_or_foreign_xml_is_refused_with_its_line(data: bytes, code: str, line: int) -> None:
    with pytest.raises(codecs.Unreadable) as refused:
        codecs.parse(data)
    assert (refused.value.code, refused.value.line) == (code, line)


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.xlf"])
def test_a_file_has_a_largest_size(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = next(data for data, ending in files(SECTION, OWN) if ending == name)
    monkeypatch.setattr(codecs, "MAX_BYTES", len(data) - 1)
    with pytest.raises(codecs.Unreadable, match="larger"):
        codecs.parse(data, name=name)
    monkeypatch.setattr(codecs, "MAX_BYTES", len(data))
    rows = len(codecs.parse(data, name=name))
    monkeypatch.setattr(codecs, "MAX_ROWS", rows - 1)
    with pytest.raises(codecs.Unreadable, match="more than"):
        codecs.parse(data, name=name)


# ---- verdicts


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (row("send", "Expédier"), "ok"),
        (row("send", "Expédier", "fr-ca"), "ok"),
        (row("send", "Expédier", "es_MX"), "ok"),
        (row("send", "Envoyer"), "unchanged"),
        (row("endChat", "'@SUM(A1)"), "unchanged"),
        (row("endChat", "Mettre fin au clavardage"), "ok"),
        (row("endChat", " "), "blank"),
        (row("send", ""), "unchanged"),
        (row("nothing", "x"), "unknown_phrase"),
        (row("customFields.city", "Municipalité"), "ok"),
        (row("customFields.city", "<em>x</em>"), "no_html"),
        (row("customFields.city", "{x}"), "unknown_placeholder"),
        (row("send", "x", "french"), "bad_locale"),
        (row("send", "x", ""), "bad_locale"),
        (row("send", "{x}"), "unknown_placeholder"),
        (row("chattedWith", "Fini"), "lost_placeholder"),
        (row("send", "{"), "unclosed"),
        (row("send", "<b>x</b>"), "no_html"),
        (row("onlineFormText", "<b>x</b>"), "html_tag"),
        (row("send", "x" * 41), "too_long"),
        (row("send", "a\x00"), "control_character"),
        (row("allAgentsForQueueAreBusy", "{queue, plural, one {#} other {#}}", "pl"), "category_missing"),
        (row("allAgentsForQueueAreBusy", "{queue, plural, one {#} other {#}}"), "ok"),
    ],
)
def test_each_row_is_told_what_it_would_do(read: codecs.Row, code: str) -> None:
    (verdict,) = codecs.judge(SECTION, [read], own=OWN)
    assert verdict.code == code
    assert verdict.message
    assert verdict.refused is (code not in {"ok", "unchanged", "blank"})


def test_a_verdict_shows_the_text_it_replaces() -> None:
    own, shipped = codecs.judge(SECTION, [row("send", "Poslat", "cs"), row("send", "Va")])
    assert (own.before, shipped.before) == ("Odeslat", "Envoyer")


def test_the_same_phrase_twice_counts_once() -> None:
    assert verdicts([row("send", "a"), row("send", "b", "FR-CA"), row("send", "c", "cs")]) == [
        "ok",
        "duplicate",
        "ok",
    ]


def test_only_rows_that_are_right_are_applied_and_the_old_section_stays() -> None:
    before = copy.deepcopy(SECTION)
    rows = [
        row("send", "Expédier"),
        row("close", "{x}"),
        row("endChat", ""),
        row("send", "Enviar ya", "es-MX"),
        row("send", "Send!", "zh-Hant-TW"),
    ]
    after = codecs.apply(SECTION, codecs.judge(SECTION, rows))
    assert before == SECTION
    assert [one["locale"] for one in after["variants"]] == ["cs", "es_MX", "fr_CA", "zh_Hant_TW"]
    assert after["variants"][2]["phrases"] == {**SECTION["variants"][1]["phrases"], "send": "Expédier"}
    assert after["variants"][1] == {
        "name": "Español (México)",
        "locale": "es_MX",
        "fallback": None,
        "phrases": {"send": "Enviar ya"},
    }
    assert rules.problems(after) == []


def test_a_variant_is_found_however_the_file_writes_its_language() -> None:
    section: dict = {
        "format": 1,
        "default_locale": None,
        "variants": [{"name": "台灣", "locale": "zh_TW", "fallback": None, "phrases": {}}],
    }
    (verdict,) = codecs.judge(section, [row("send", "寄出", "zh-Hant-TW")])
    assert verdict.locale == "zh_TW"
    assert codecs.apply(section, [verdict])["variants"][0]["phrases"] == {"send": "寄出"}


def test_a_new_variant_does_not_take_a_name_that_is_there() -> None:
    section: dict = {
        "format": 1,
        "default_locale": None,
        "variants": [{"name": "deutsch", "locale": "cs", "fallback": None, "phrases": {}}],
    }
    after = codecs.apply(section, codecs.judge(section, [row("send", "Los", "de")]))
    assert after["variants"][1]["name"] == "Deutsch (de)"


def test_ten_thousand_rows_are_judged_in_seconds_and_progress_is_told() -> None:
    rows = [
        codecs.Row(number, locale, phrase_id, f"{text}!")
        for number in range(3)
        for locale in catalogue.LOCALES
        for phrase_id, text in catalogue.texts(locale).items()
    ][:10_000]
    told: list[int] = []
    begun = time.process_time()
    judged = codecs.judge({"format": 1, "variants": []}, rows, progress=told.append)
    assert time.process_time() - begun < 10
    assert (told[0], told[-1], len(told)) == (500, 10_000, 21)
    assert Counter(one.code for one in judged)["ok"] > 3000
