"""The draft of file restrictions, its section, and what a channel JSON says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from areas.visitors import Reader
from channels_config.models import Channel
from channels_config.tests.factories import channel
from file_restrictions import rules
from file_restrictions.area import AREA
from file_restrictions.presets import PRESETS, understood, with_preset
from file_restrictions.sentences import PROBLEMS, VERDICTS, VISITOR_REASONS, verdict_sentence, visitor_message
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

DATA = Path(__file__).parent

#: Every code rules.problems and rules.verdict can give.
PROBLEM_CODES = rules.Problem.__doc__ or ""
VERDICT_CODES = set(rules._REASONS)


@pytest.fixture
def shop(db: None) -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def test_a_channel_nobody_has_touched_has_the_defaults(support: Channel) -> None:
    with tenant_scope(support.tenant_id):
        assert AREA.dump(support) == json.loads((DATA / "golden_section.json").read_text())


def test_what_is_loaded_is_what_is_dumped(support: Channel) -> None:
    section: dict[str, Any] = {
        "format": 1,
        "is_attachments_enabled": False,
        "max_size_mb": 7,
        "allow_macros": True,
        "allow_archives_with_executables": True,
        "allowed_types": [
            {"media_type": "image/png", "description": "<b>", "max_size_mb": 3},
            {"media_type": "*", "description": "", "max_size_mb": None},
        ],
    }
    with tenant_scope(support.tenant_id):
        for _ in range(2):
            AREA.load(support, section)
            assert AREA.dump(support) == section


@pytest.mark.parametrize(
    "section",
    [None, [], 7, "x", {}, {"format": 1}, {**rules.default_section(), "more": 1}, {**rules.default_section(), "allowed_types": [{"x": 1}]},
     {**rules.default_section(), "max_size_mb": True}, {**rules.default_section(), "allowed_types": [[]]}],
    ids=str,
)  # fmt: skip
def test_a_section_of_another_shape_is_said_and_raises_nothing(section: Any) -> None:
    found = AREA.check(section, {})
    assert any(problem.blocking for problem in found)
    assert all(str(problem.message) for problem in found)


def test_the_defaults_are_publishable_and_a_covered_type_is_only_said() -> None:
    assert AREA.check(rules.default_section(), {}) == []
    twice = rules.default_section()
    twice["allowed_types"].append({"media_type": "image/png", "description": "", "max_size_mb": None})
    assert [problem.blocking for problem in AREA.check(twice, {})] == [False]


def test_an_asterisk_is_served_as_what_mobile_clients_resolve() -> None:
    section = rules.default_section() | {
        "allowed_types": [{"media_type": "*", "description": "", "max_size_mb": None}]
    }
    served = AREA.public(section)["settings"]["fileRestrictions"]
    names = [one["mimeType"] for one in served["allowedFileTypes"]]
    assert names[:4] == ["image/*", "video/*", "audio/*", "text/*"]
    assert "application/pdf" in names
    assert "*" not in names
    assert len(names) == len(set(names))
    assert served["allowedFileSize"] == "40"


def test_a_channel_json_is_taken_over_as_far_as_it_can_be() -> None:
    document = {
        "settings": {
            "fileRestrictions": {
                "allowedFileSize": "55",
                "isAttachmentsEnabled": False,
                "allowedFileTypes": [
                    {"mimeType": "image/*", "description": "images"},
                    {"mimeType": "audio", "description": "invalid specification"},
                    {"mimeType": "IMAGE/*", "description": "again"},
                    {"mimeType": "*/*", "description": 7},
                    5,
                ],
            }
        }
    }
    assert AREA.from_channel_json is not None
    made, lines = AREA.from_channel_json(document, rules.default_section())
    assert made["max_size_mb"] == 40
    assert made["is_attachments_enabled"] is False
    assert [one["media_type"] for one in made["allowed_types"]] == ["image/*", "*"]
    assert [line.verdict for line in lines] == [
        "taken",
        "changed",
        "taken",
        "unknown",
        "changed",
        "taken",
        "unknown",
    ]
    assert [one for one in AREA.check(made, {}) if one.blocking] == []
    shapes: tuple[dict[str, Any], ...] = (
        {},
        {"settings": 1},
        {"settings": {"fileRestrictions": []}},
        {"settings": {"fileRestrictions": {"allowedFileSize": "2.5", "allowedFileTypes": 1}}},
    )
    for odd in shapes:
        assert AREA.from_channel_json(odd, rules.default_section())[0] == rules.default_section()


def test_descriptions_in_words_are_offered_for_translation_and_extensions_are_not() -> None:
    assert AREA.phrases(rules.default_section()) == {
        "fileTypes.image/*": "images",
        "fileTypes.video/*": "videos",
        "fileTypes.audio/*": "audio files",
    }


def test_every_code_has_a_sentence_in_both_languages() -> None:
    assert set(VERDICTS) == VERDICT_CODES
    assert set(VISITOR_REASONS) == VERDICT_CODES - {"accepted"}
    assert all(f"`{code}`" in PROBLEM_CODES for code in PROBLEMS)
    for sentences in (VERDICTS, PROBLEMS):
        for sentence in sentences.values():
            with translation.override("fr"):
                french = str(sentence)
            with translation.override("en"):
                assert french != str(sentence)


def reader(locale: str, **phrases: str) -> Reader:
    return Reader(locale, False, lambda phrase, **values: phrases.get(phrase, "").format(**values))


def test_the_visitor_s_message_is_made_of_the_channel_s_phrases() -> None:
    verdict = rules.verdict(rules.default_section(), "a.exe", "", 302, b"MZ" + b"\0" * 300)
    german = reader(
        "de",
        fileSendingFailed="Nicht gesendet",
        uploadMessage="Zu groß",
        sendFileTextSize="Bis {filesize} MB:",
    )
    message = visitor_message(verdict, rules.default_section(), german)
    assert message["title"] == "Nicht gesendet"
    # Where a reason has no text, the window says what it says of every file.
    assert message["reason"] == "Zu groß"
    assert message["allowed"] == "Bis 40 MB:"
    assert "images" in message["types"]
    french = visitor_message(
        verdict, rules.default_section(), reader("fr_CA", fileKindAudio="fichiers audio", fileRefusedProgram="Pas de programmes.", **{"fileTypes.video/*": "films"})
    )  # fmt: skip
    assert french["reason"] == "Pas de programmes."
    assert "films" in french["types"]
    assert "fichiers audio" in french["types"]


@pytest.mark.parametrize("code", sorted(VERDICT_CODES))
def test_every_verdict_can_be_said_with_all_its_words(code: str) -> None:
    params = {
        "limit": "40",
        "media_type": "image/png",
        "claimed": "image/bmp",
        "rule": "image/*",
        "program": "Windows",
        "also": "text/html",
    }
    verdict = rules.Verdict(code == "accepted", code, "image/png", "a.png", 3, "", params=params)
    for language in ("fr", "en"):
        with translation.override(language):
            assert "%" not in verdict_sentence(verdict)
            if code != "accepted":
                words = {phrase: f"{phrase} in {language}" for phrase in VISITOR_REASONS.values()}
                message = visitor_message(verdict, rules.default_section(), reader(language, **words))
                assert message["reason"] == f"{VISITOR_REASONS[code]} in {language}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("image/png", "image/png"), (".PDF", "application/pdf"), ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
     ("image/*", "image/*"), ("*", "*"), ("*/*", "*"), ("*.jpg", "image/jpeg"), ("image/bmo", None), ("audio / mp4", None), ("", None)],
)  # fmt: skip
def test_an_extension_or_a_type_is_understood_when_it_leaves_no_doubt(typed: str, meant: str | None) -> None:
    assert understood(typed)[0] == meant


def test_a_near_miss_names_what_was_meant() -> None:
    assert understood("image/bmo")[1][0] == "image/bmp"
    assert understood("audio / mp4")[1][0] == "video/mp4"


def test_a_preset_adds_what_is_not_there_yet_and_every_preset_is_publishable() -> None:
    for preset in PRESETS.values():
        entries = with_preset([], preset)
        assert with_preset(entries, preset) == entries
        section = rules.default_section() | {"allowed_types": entries}
        assert [one for one in AREA.check(section, {}) if one.blocking] == []
