"""A CXone channel JSON, as far as this area goes."""

from __future__ import annotations

from typing import Any

import pytest

from file_restrictions import rules, section
from file_restrictions.cxone import from_channel_json


def test_the_restrictions_of_a_cxone_channel_are_taken_over() -> None:
    given = {
        "allowedFileSize": "25",
        "allowedFileTypes": [
            {"mimeType": "image/*", "description": "images"},
            {"mimeType": "application/pdf", "description": ".pdf"},
            {"mimeType": "audio", "description": "no media type"},
        ],
        "isAttachmentsEnabled": False,
    }
    made, lines = from_channel_json({"settings": {"fileRestrictions": given}}, rules.default_section())
    assert (made["max_size_mb"], made["is_attachments_enabled"]) == (25, False)
    assert [one["media_type"] for one in made["allowed_types"]] == ["image/*", "application/pdf"]
    assert {line.verdict for line in lines} == {"taken"}
    assert [one for one in section.check(made, {}) if one.blocking] == []


@pytest.mark.parametrize(
    "given",
    [
        None,
        1,
        [],
        {"allowedFileSize": "x"},
        {"allowedFileSize": 99999},
        {"allowedFileTypes": [1]},
        {"isAttachmentsEnabled": "yes"},
    ],
)
def test_what_cannot_be_kept_changes_nothing(given: Any) -> None:
    before = rules.default_section()
    made, lines = from_channel_json({"settings": {"fileRestrictions": given}}, before)
    assert made == before
    assert all(line.verdict == "unknown" for line in lines)
