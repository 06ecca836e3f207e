"""What visitors read is in the catalogue: no sentence of the chat window, and none an environment sends it, stands anywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import translations
from file_restrictions.sentences import VISITOR_REASONS
from gateway import channel_json
from gateway.surveys import SAID
from translations import catalogue, icu, rules

ROOT = Path(translations.__file__).parent.parent
WINDOW = sorted([*(ROOT / "widget" / "frame").glob("*.ts*"), *(ROOT / "widget" / "guide").glob("*.ts*")])
#: Scripts that speak to visitors, and those of the page, which speak to webmasters in the browser's console.
SCRIPTS = [*WINDOW, *sorted((ROOT / "widget" / "host").glob("*.ts*")), ROOT / "widget" / "loader.ts"]

_TABLE = re.compile(r"^const en\b[^\n]*= \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r'^  (\w+):\s+"(.*)",$', re.MULTILINE)
#: A text of at least two words that begins like a sentence, in quotes or between tags.
_SENTENCE = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`|>([^<>{}\n]*[A-Za-z]{2,}[^<>{}\n]*)</')
#: Words by language, as a script or a module would keep them: `fr: {`, `"de": {`, /^fr/.
_BY_LANGUAGE = re.compile(r'(^|[\s{,])["\']?(fr|de|es|it|nl|ar|ja|zh)["\']?: ?\{|/\^\(?fr\b', re.MULTILINE)


def _without_comments(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    source = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), source, flags=re.DOTALL)
    return re.sub(r"(^|\s)//.*", "", source)


def _spoken(source: str) -> dict[str, str]:
    return {key: text for table in _TABLE.findall(source) for key, text in _ENTRY.findall(table)}


def _sentences(source: str) -> Iterator[str]:
    for found in _SENTENCE.finditer(source):
        text = next((part for part in found.groups() if part is not None), "")
        if re.match(r"[A-Z][a-z]", text) and re.search(r"[A-Za-z’]{2,}[,:]? [A-Za-z’]{2,}", text):
            yield text


@pytest.mark.parametrize("name", ["phrases.ts", "survey.ts", "livechat.ts"])
def test_what_the_window_falls_back_to_is_a_phrase_with_the_same_placeholders(name: str) -> None:
    spoken = _spoken((ROOT / "widget" / "frame" / name).read_text(encoding="utf-8"))
    assert len(spoken) >= 10
    for phrase_id, text in spoken.items():
        assert phrase_id in catalogue.phrases(), phrase_id
        assert icu.placeholders(text) == set(catalogue.phrases()[phrase_id].placeholders), phrase_id


@pytest.mark.parametrize("path", WINDOW, ids=lambda path: path.name)
def test_no_sentence_of_the_window_stands_outside_the_catalogue(path: Path) -> None:
    source = _without_comments(path)
    assert set(_sentences(source)) <= set(_spoken(source).values())


@pytest.mark.parametrize(
    "path", [*SCRIPTS, *sorted((ROOT / "gateway").glob("*.py"))], ids=lambda path: path.name
)
def test_no_script_keeps_words_by_language(path: Path) -> None:
    # The practice agent is no visitor's: it answers on QA's test page, in the page's two languages.
    if path.name == "practice.py":
        return
    assert not _BY_LANGUAGE.search(_without_comments(path))


def test_the_search_for_leftovers_finds_them() -> None:
    assert list(_sentences('say("This file is empty.")')) == ["This file is empty."]
    assert list(_sentences("<p>Please wait here</p>")) == ["Please wait here"]
    assert list(_sentences("`Please wait ${seconds}`")) == ["Please wait ${seconds}"]
    assert list(_sentences('make("p", "cw-later field", "")')) == []
    for leftover in ("  fr: {", 'WORDS = {\n    "de": {', "if (/^fr/i.test(locale))"):
        assert _BY_LANGUAGE.search(leftover), leftover


def test_every_reason_of_a_refused_file_and_of_a_refused_answer_is_a_phrase() -> None:
    source = (ROOT / "widget" / "frame" / "files.ts").read_text(encoding="utf-8")
    table = source[source.index("const phraseOf") : source.index("};")]
    named = dict(re.findall(r'^  "?([\w ]+)"?: "(\w+)",$', table, re.MULTILINE))
    assert named.keys() >= {*VISITOR_REASONS, "infected", "images", "videos", "audio files", "text files"}
    assert {*named.values(), *SAID.values()} <= catalogue.phrases().keys()
    assert {one.id for one in catalogue.phrases().values() if one.served_with == "files"} == {*named.values()}


def test_phrases_of_what_a_channel_does_not_have_are_not_sent() -> None:
    known = channel_json.languages(None)
    bare = channel_json.complete({}, availability="online")
    ids = catalogue.phrases().keys()

    def sent(**changed: object) -> set[str]:
        return {*channel_json.phrases(known, "fr", channel_json.merge(bare, changed))["translations"]}

    parts = rules.PARTS["files"] | rules.PARTS["survey"] | rules.PARTS["menu"]
    assert sent() == ids - parts
    assert sent(preContactForm={"name": "x"}) == ids - rules.PARTS["files"] - rules.PARTS["menu"]
    with_files = {"fileRestrictions": {"isAttachmentsEnabled": True}}
    assert sent(settings=with_files) == ids - rules.PARTS["survey"] - rules.PARTS["menu"]
    everything = {**with_files, "enablePersistentMenu": True}
    assert sent(settings=everything, preContactForm={"name": "x"}) == {*ids}
