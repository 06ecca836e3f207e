"""The page « File restrictions »: saved, refused, overtaken, changed without script; its pick list and its tester."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from areas.registry import area
from channels_config.models import Channel
from channels_config.tests.factories import channel
from file_restrictions import rules
from publishing.models import Delivery, Release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person
from translations import catalogue

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Target": "settings"}
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)
MB = 1024 * 1024


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def signed_in(shop: Organisation, role: Role, language: str = "en", **fields: str) -> Client:
    client = Client()
    client.force_login(member(shop, role, person(language=language, **fields)))
    return client


@pytest.fixture
def admin(shop: Organisation) -> Client:
    return signed_in(shop, Role.ADMIN, name="Alice")


def address(found: Channel, shop: Organisation, name: str = "edit") -> str:
    return reverse(f"file_restrictions:{name}", args=[shop.number, found.public_id])


def form(page: Any, *types: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """What a browser would post of this page, with these rows and fields."""
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page.content.decode())
    assert seen is not None
    rows = types or (("image/*", "images", ""), ("application/pdf", ".pdf", ""))
    data: dict[str, Any] = {
        "seen": seen[1],
        "is_attachments_enabled": "on",
        "max_size_mb": "40",
        "media_type": [row[0] for row in rows],
        "description": [row[1] for row in rows],
        "size": [row[2] for row in rows],
        **changes,
    }
    return {name: value for name, value in data.items() if value is not None}


def draft(found: Channel) -> dict[str, Any]:
    with tenant_scope(found.tenant_id):
        return area("file_restrictions").dump(found)


def listed(page: Any) -> list[str]:
    return re.findall(r'name="media_type" value="([^"]+)"', html.unescape(page.content.decode()))


def test_a_save_is_kept_in_its_order_and_published(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    data = form(
        admin.get(url),
        ("application/PDF ", " .pdf", ""),
        ("image/png", "<b>pictures</b>", "5"),
        max_size_mb=" 20 ",
        allow_macros="on",
    )
    assert admin.post(url, data).status_code == 302
    saved = draft(support)
    assert saved["allowed_types"] == [
        {"media_type": "application/pdf", "description": ".pdf", "max_size_mb": None},
        {"media_type": "image/png", "description": "<b>pictures</b>", "max_size_mb": 5},
    ]
    assert (saved["max_size_mb"], saved["allow_macros"]) == (20, True)
    with tenant_scope(shop.pk):
        assert Release.objects.get().sections["file_restrictions"] == saved
        assert Delivery.objects.get().wanted == 1
    assert "<b>pictures</b>" not in admin.get(url).content.decode()


def test_with_htmx_the_bar_alone_is_answered_when_the_page_says_it_already(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    answer = admin.post(url, form(admin.get(url)), headers=HTMX)
    assert answer.headers["HX-Retarget"] == "#settings .save-bar"
    again = admin.post(url, form(answer, ("IMAGE/*", "", "")), headers=HTMX)
    assert "HX-Retarget" not in again.headers
    assert listed(again) == ["image/*"]


def test_a_type_nobody_knows_is_kept_and_what_may_have_been_meant_is_said(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    answer = admin.post(url, form(admin.get(url), ("image/bmo", "", "")), headers=HTMX)
    assert 'data-take="image/bmp"' in answer.content.decode()
    assert draft(support)["allowed_types"][0]["media_type"] == "image/bmo"


def test_switched_off_no_type_is_needed_and_the_list_is_kept(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    assert admin.post(url, form(admin.get(url), is_attachments_enabled=None)).status_code == 302
    saved = draft(support)
    assert saved["is_attachments_enabled"] is False
    assert [one["media_type"] for one in saved["allowed_types"]] == ["image/*", "application/pdf"]


@pytest.mark.parametrize(
    ("types", "changes", "words"),
    [
        ([], {"max_size_mb": "41"}, "Between 1 and 40 MB"),
        ([], {"max_size_mb": "0"}, "Between 1 and 40 MB"),
        ([], {"max_size_mb": "2.5"}, "Whole megabytes only"),
        ([], {"max_size_mb": ""}, "Whole megabytes only"),
        ([], {"max_size_mb": "٤"}, "Whole megabytes only"),
        ([("image/png", "", ""), ("image/png", "", "")], {}, "is in the list already"),
        ([("image", "", "")], {}, "is not a media type"),
        ([("fruit/apple", "", "")], {}, "no such kind"),
        ([("", "x", "")], {}, "Which type?"),
        ([("image/png", "x" * 101, "")], {}, "at most 100"),
        ([("image/png", "", "1.5")], {}, "Whole megabytes only"),
        ([("image/png", "", "9")], {"max_size_mb": "8"}, "only be stricter"),
        ([("<script>alert(1)</script>", "", "")], {}, "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    admin: Client,
    shop: Organisation,
    support: Channel,
    types: Any,
    changes: dict[str, str],
    words: str,
    headers: dict[str, str],
) -> None:
    url, before = address(support, shop), draft(support)
    answer = admin.post(
        url, form(admin.get(url), *types, ("audio/*", "typed before", ""), **changes), headers=headers
    )
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="typed before"' in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()
    assert draft(support) == before


def test_of_a_row_the_very_value_that_is_wrong_is_marked(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    rows = [
        ("image/png", "", "99"),
        ("audio / mp4", "", ""),
        ("image/gif", "x" * 101, ""),
        ("text/csv", "", ""),
    ]
    page = admin.post(url, form(admin.get(url), *rows)).content.decode()
    marked = re.findall(r'<input [^>]*name="(\w+)"[^>]*aria-invalid="true"', page)
    assert marked == ["size", "media_type", "description"]


def test_an_empty_list_is_refused_while_attachments_are_allowed(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    data = form(admin.get(url)) | {"media_type": [], "description": [], "size": []}
    answer = admin.post(url, data)
    assert answer.status_code == 422
    assert "List at least one type" in answer.content.decode()


def test_two_hundred_types_can_be_saved_and_one_more_cannot(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    rows = [(f"application/x-own-{number}", "", "") for number in range(201)]
    assert admin.post(url, form(admin.get(url), *rows)).status_code == 422
    assert admin.post(url, form(admin.get(url), *rows[:200])).status_code == 302


def test_without_script_the_buttons_change_the_list_and_save_nothing(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url, before = address(support, shop), draft(support)
    page = admin.get(url)

    def press(act: str, **more: str) -> list[str]:
        answer = admin.post(url, form(page, act=act, **more))
        assert answer.status_code == 200
        assert "data-pending" in answer.content.decode()
        return listed(answer)

    assert press("up:1") == ["application/pdf", "image/*"]
    assert press("down:0") == ["application/pdf", "image/*"]
    assert press("up:0") == ["image/*", "application/pdf"]
    assert press("remove:0") == ["application/pdf"]
    assert press("add", add=".PNG") == ["image/*", "application/pdf", "image/png"]
    assert press("preset:everything")[-1] == "*"
    assert press("remove:99") == ["image/*", "application/pdf"]
    assert press("defaults") == [one["media_type"] for one in rules.default_section()["allowed_types"]]
    near = admin.post(url, form(page, act="add", add="image/bmo"))
    assert near.status_code == 422
    assert 'value="add:image/bmp"' in near.content.decode()
    assert press("add:image/bmp")[-1] == "image/bmp"
    wrong = admin.post(url, form(page, ("image/bmo", "", "1.5")))
    assert 'value="take:0:image/bmp"' in wrong.content.decode()
    taken = admin.post(url, form(page, ("image/bmo", "", ""), act="take:0:image/bmp"))
    assert listed(taken) == ["image/bmp"]
    assert draft(support) == before


def test_who_was_overtaken_sees_both_versions_and_may_insist(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    opened = form(admin.get(url), ("image/png", "mine", ""))
    bob = signed_in(shop, Role.EDITOR, name="Bob")
    assert bob.post(url, form(bob.get(url), ("image/gif", "theirs", ""), max_size_mb="3")).status_code == 302
    answer = admin.post(url, opened)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Bob" in page
    assert "image/gif (theirs)" in page
    assert "image/png (mine)" in page
    assert draft(support)["max_size_mb"] == 3
    over = re.search(r'name="over" value="([0-9a-f]{64})"', page)
    assert over is not None
    assert admin.post(url, opened | {"over": over[1]}).status_code == 302
    assert draft(support)["allowed_types"][0]["media_type"] == "image/png"


def test_an_auditor_looks_and_tries_files_and_changes_nothing(shop: Organisation, support: Channel) -> None:
    auditor = signed_in(shop, Role.AUDITOR)
    url = address(support, shop)
    page = auditor.get(url)
    assert 'name="act"' not in page.content.decode()
    assert auditor.post(url, form(page)).status_code == 403
    answer = auditor.post(address(support, shop, "tester"), {"file": SimpleUploadedFile("a.png", PNG)})
    assert 'data-verdict="accepted"' in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "found", "suggested"),
    [(".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", None), ("image/bmo", None, "image/bmp"),
     ("audio / mp4", None, "video/mp4"), ("application/x-very-own-thing", "application/x-very-own-thing", None), ("<b>", None, None), ("", None, None)],
)  # fmt: skip
def test_the_pick_list_is_told_what_was_meant(
    admin: Client, shop: Organisation, support: Channel, typed: str, found: str | None, suggested: str | None
) -> None:
    answer = admin.get(address(support, shop, "types"), {"q": typed}).json()
    assert answer["media_type"] == found
    assert bool(answer["error"]) is (found is None)
    if suggested is not None:
        assert answer["suggestions"][0] == suggested


# -- the tester --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("photo.png", PNG, "accepted"),
        ("photo.png", b"<?php echo 1;", "program"),
        ("photo.png", b"<!doctype html><html><body>x</body></html>", "not_what_it_says"),
        ("facture\u202egnp.exe", b"MZ" + b"\0" * 300, "program"),
        ("empty.png", b"", "empty"),
        ("notes", b"plain words\n", "type_not_allowed"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_file_is_judged_and_the_visitors_message_shown(
    admin: Client,
    shop: Organisation,
    support: Channel,
    name: str,
    content: bytes,
    code: str,
    headers: dict[str, str],
) -> None:
    url = address(support, shop, "tester")
    answer = admin.post(url, {"file": SimpleUploadedFile(name, content)}, headers=headers)
    assert answer.status_code == 200
    page = html.unescape(answer.content.decode())
    assert f'data-verdict="{code}"' in page
    assert ("<html" in page) is (not headers)
    said = catalogue.texts("en_US")["sendFileTextSize"].replace("{filesize}", "40")
    assert (said in page) is (code != "accepted")


def test_the_tester_goes_by_what_is_on_the_page(admin: Client, shop: Organisation, support: Channel) -> None:
    url, before = address(support, shop, "tester"), draft(support)
    page = admin.get(address(support, shop))
    body = form(page, ("application/pdf", "", "")) | {"file": SimpleUploadedFile("a.png", PNG)}
    answer = admin.post(url, body, headers=HTMX).content.decode()
    assert 'data-verdict="type_not_allowed"' in answer
    assert "not saved yet" in answer
    # A list that cannot be read falls back on the saved one.
    body = form(page, ("pdf", "", "")) | {"file": SimpleUploadedFile("a.png", PNG)}
    assert 'data-verdict="accepted"' in admin.post(url, body, headers=HTMX).content.decode()
    assert draft(support) == before


@pytest.mark.parametrize("locale", ["ar", "de", "fr_CA", "ja"])
def test_the_message_is_word_for_word_the_visitor_s_in_any_language(
    admin: Client, shop: Organisation, support: Channel, locale: str
) -> None:
    file = SimpleUploadedFile("a\u202egnp.exe", b"MZ" + b"\0" * 300)
    url = address(support, shop, "tester")
    page = html.unescape(admin.post(url, {"file": file, "visitor": locale}, headers=HTMX).content.decode())
    texts = catalogue.texts(locale)
    assert texts["fileSendingFailed"] in page
    assert texts["sendFileTextSize"].replace("{filesize}", "40") in page
    assert f'lang="{locale.replace("_", "-")}"' in page
    assert ('dir="rtl"' in page) is (locale == "ar")
    assert "\u202e" not in page


def test_a_phrase_of_the_channel_s_own_stands_in_the_message(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    with tenant_scope(shop.pk):
        translations = area("translations")
        variant = {
            "locale": "fr_CA",
            "name": "FR",
            "fallback": None,
            "phrases": {"fileSendingFailed": "Pas parti"},
        }
        section = {**translations.dump(support), "variants": [variant]}
        assert translations.check(section, {}) == []
        translations.load(support, section)
    file = SimpleUploadedFile("a.exe", b"MZ" + b"\0" * 300)
    answer = admin.post(address(support, shop, "tester"), {"file": file, "visitor": "fr_CA"}, headers=HTMX)
    assert "<strong>Pas parti</strong>" in answer.content.decode()
    listed = admin.get(address(support, shop)).content.decode()
    assert re.search(r'<option value="en_US" selected>', listed)


@pytest.mark.parametrize(("extra", "code"), [(0, "accepted"), (1, "too_large"), (3 * MB, "too_large")])
def test_forty_megabytes_pass_to_the_byte(
    admin: Client, shop: Organisation, support: Channel, extra: int, code: str
) -> None:
    content = PNG + b"\0" * (40 * MB - len(PNG) + extra)
    answer = admin.post(
        address(support, shop, "tester"), {"file": SimpleUploadedFile("a.png", content)}, headers=HTMX
    )
    assert f'data-verdict="{code}"' in answer.content.decode()


def test_without_a_file_the_tester_asks_for_one_in_french_too(shop: Organisation, support: Channel) -> None:
    french = signed_in(shop, Role.ADMIN, language="fr")
    answer = french.post(address(support, shop, "tester"))
    assert answer.status_code == 422
    assert "Choisissez d’abord un fichier." in answer.content.decode()
    refused = french.post(
        address(support, shop, "tester"), {"file": SimpleUploadedFile("a.exe", b"MZ" + b"\0" * 300)}
    )
    assert "L’envoi de programmes n’est pas possible ici." in html.unescape(refused.content.decode())
