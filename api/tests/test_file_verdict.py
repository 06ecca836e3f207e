"""What a channel would do with a file, asked over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from api.models import Scope
from api.tests.conftest import Api, Side
from file_restrictions import rules
from file_restrictions.area import AREA
from tenants.scope import tenant_scope
from translations import catalogue

pytestmark = pytest.mark.django_db

MB = 1024 * 1024
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)


def where(side: Side) -> str:
    return (
        f"/api/v1/organisations/{side.organisation.number}/channels/{side.channel.public_id}/files/verdict/"
    )


def as_body(side: Side, content: bytes, query: str = "", key: str = "", **headers: str) -> Any:
    """The file as the body itself."""
    sent = {"Authorization": f"Bearer {key or side.api(Scope.READ).key}", **headers}
    media = sent.pop("type", "application/octet-stream")
    return Client().generic("POST", where(side) + query, content, content_type=media, headers=sent)


def as_form(side: Side, **fields: Any) -> Any:
    return Client().post(where(side), fields, headers={"Authorization": f"Bearer {side.api(Scope.READ).key}"})


def test_a_good_file_is_accepted_by_its_content(alice: Side) -> None:
    for answer in (
        as_form(alice, file=SimpleUploadedFile("photo.png", PNG, "image/png")),
        as_body(alice, PNG, "?name=photo.png", type="image/png"),
    ):
        assert answer.status_code == 200
        assert answer.json() | {"claimed": ""} == {
            "accepted": True,
            "code": "accepted",
            "reason": "The file is accepted.",
            "media_type": "image/png",
            "claimed": "",
            "name": "photo.png",
            "size": len(PNG),
            "limit": 40 * MB,
            "rule": "image/*",
            "verified": True,
            "inline": True,
            "visitor_message": None,
        }


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("photo.png", b"<?php echo 1;", "program"),
        ("photo.png", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "not_what_it_says"),
        ("empty.png", b"", "empty"),
        ("notes", b"plain words\n", "type_not_allowed"),
        ("%E2%80%AEgnp.exe", b"MZ" + b"\0" * 300, "program"),
    ],
)
def test_a_bad_file_is_refused_for_what_it_is(alice: Side, name: str, content: bytes, code: str) -> None:
    answer = as_body(alice, content, f"?name={name}")
    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["code"]) == (False, code)


@pytest.mark.parametrize(
    ("query", "header", "locale"),
    [
        ("?locale=ar", "fr", "ar"),
        ("", "fr-CA,fr;q=0.9", "fr_CA"),
        ("?locale=de-AT,fr;q=0.5", "", "de"),
        ("", "", "en_US"),
    ],
)
def test_the_visitor_s_message_is_the_catalogue_s_in_their_language(
    alice: Side, query: str, header: str, locale: str
) -> None:
    headers = {"Accept-Language": header} if header else {}
    answer = as_body(alice, b"MZ" + b"\0" * 300, query, **headers)
    message = answer.json()["visitor_message"]
    texts = catalogue.texts(locale)
    assert message["locale"] == locale
    assert message["title"] == texts["fileSendingFailed"]
    assert message["allowed"] == texts["sendFileTextSize"].replace("{filesize}", "40")
    assert "application/pdf" in " ".join(message["types"]) or ".pdf" in message["types"]


def test_forty_megabytes_pass_to_the_byte_and_what_is_far_more_is_not_even_read(alice: Side) -> None:
    whole = PNG + b"\0" * (40 * MB - len(PNG))
    assert as_body(alice, whole, "?name=a.png").json()["code"] == "accepted"
    over = as_body(alice, whole + b"\0\0\0", "?name=a.png").json()
    assert (over["code"], over["size"]) == ("too_large", 40 * MB + 3)
    answer = Client().generic(
        "POST",
        where(alice),
        b"x",
        content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {alice.api().key}"},
        CONTENT_LENGTH=str(200 * MB),
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_the_draft_decides_and_nothing_of_a_file_is_kept(alice: Side) -> None:
    with tenant_scope(alice.organisation.pk):
        AREA.load(alice.channel, {**rules.default_section(), "is_attachments_enabled": False})
    message = as_body(alice, PNG).json()["visitor_message"]
    assert (message["types"], message["allowed"]) == ([], "")


def test_what_is_no_question_is_a_problem_by_place(alice: Side) -> None:
    missing = as_form(alice, other="x")
    assert (missing.status_code, missing.json()["code"]) == (400, "invalid")
    assert list(missing.json()["fields"]) == ["file"]
    long = as_body(alice, PNG, f"?name={'a' * 1_001}")
    assert (long.status_code, list(long.json()["fields"])) == (400, ["name"])
    broken = as_body(alice, b"nonsense", type="multipart/form-data")
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed")


def test_strangers_have_no_verdict(alice: Side, bob: Side) -> None:
    assert as_body(alice, PNG, key="cha_nonsense").status_code == 401
    assert as_body(alice, PNG, key=bob.api().key).status_code == 404


def test_verdicts_have_a_limit_of_their_own(alice: Side, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 40
    api: Api = alice.api(Scope.READ)
    codes = [as_body(alice, PNG, key=api.key).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert api("GET", "channels/").status_code == 200
