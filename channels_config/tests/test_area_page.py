"""The page « Customise CSS and JS »: saved, refused, read only, overtaken; and what its preview is told."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from areas.registry import area
from channels_config.models import Channel
from channels_config.section import DEFAULT_COLORS
from channels_config.tests.factories import channel
from publishing.models import Delivery, Release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db

HOSTILE = "</textarea><script>alert(1)</script>{{ 7*7 }}\";'--"


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def signed_in(shop: Organisation, role: Role, **fields: str) -> Client:
    client = Client()
    client.force_login(member(shop, role, person(language="en", **fields)))
    return client


@pytest.fixture
def admin(shop: Organisation) -> Client:
    return signed_in(shop, Role.ADMIN, name="Alice")


def address(found: Channel, shop: Organisation, name: str = "edit") -> str:
    return reverse(f"channels_config:{name}", args=[shop.number, found.public_id])


def form(page: Any, **changes: Any) -> dict[str, Any]:
    """What a browser would post of this page, with these fields changed; None leaves one out."""
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page.content.decode())
    assert seen is not None
    data = {
        "seen": seen[1],
        "appearance": "bar",
        "position": "right",
        "redesigned_ui": "on",
        "custom_css": "",
        "custom_js": "",
        "where": "anywhere",
        "allowed_domains": "",
        **{f"color_{name}": color for name, color in DEFAULT_COLORS.items()},
        **changes,
    }
    return {name: value for name, value in data.items() if value is not None}


def draft(found: Channel) -> dict[str, Any]:
    with tenant_scope(found.tenant_id):
        return area("channels_config").dump(found)


HTMX = {"HX-Request": "true", "HX-Target": "settings"}


def test_a_save_is_kept_as_typed_and_published(admin: Client, shop: Organisation, support: Channel) -> None:
    url = address(support, shop)
    data = form(
        admin.get(url),
        custom_css="b {\r\n  color: red;\r\n}\r\n",
        custom_js="let a = 1;\r\n",
        color_button="#ABC",
        appearance="bubble",
        position="left",
        redesigned_ui=None,
        where="listed",
        allowed_domains="WWW.example.com\r\n*.example.org",
    )
    assert admin.post(url, data).status_code == 302
    saved = draft(support)
    assert saved["custom_css"] == "b {\n  color: red;\n}\n"
    assert saved["custom_js"] == "let a = 1;\n"
    assert saved["colors"]["button"] == "#aabbcc"
    assert saved["widget"] == {"appearance": "bubble", "position": "left"}
    assert saved["redesigned_ui"] is False
    assert (saved["domains_restricted"], saved["allowed_domains"]) == (
        True,
        ["www.example.com", "*.example.org"],
    )
    with tenant_scope(shop.pk):
        assert Release.objects.get().sections["channels_config"] == saved
        assert Delivery.objects.get().wanted == 1


def test_with_htmx_a_save_of_what_the_form_says_answers_the_bar_alone(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    answer = admin.post(url, form(admin.get(url), custom_css="b { color: red }"), headers=HTMX)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<form" not in page
    assert answer.headers["HX-Retarget"] == "#settings .save-bar"
    assert 'data-state="saved"' in page
    assert reverse("publishing:saved", args=[shop.number, support.public_id]) in page
    assert json.loads(answer.headers["HX-Trigger"]) == {"saved": {}}
    # What was seen is what was saved now: the same form saves again.
    assert admin.post(url, form(answer, custom_css="b { color: blue }"), headers=HTMX).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"allowed_domains": "WWW.example.com\nwww.example.com"},
        {"where": "nowhere", "allowed_domains": "a.example"},
        {"color_button": "#ABC"},
        {"whole": "1"},
    ],
    ids=[
        "domains in other words",
        "a list that is emptied",
        "a colour in other words",
        "errors to be taken away",
    ],
)
def test_with_htmx_a_save_answers_the_whole_form_where_it_says_something_else(
    admin: Client, shop: Organisation, support: Channel, changes: dict[str, str]
) -> None:
    url = address(support, shop)
    answer = admin.post(url, form(admin.get(url), **changes), headers=HTMX)
    assert answer.status_code == 200
    assert "HX-Retarget" not in answer.headers
    assert "<html" not in answer.content.decode()
    assert '<form method="post" class="form" id="settings"' in answer.content.decode()
    assert 'name="whole"' not in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"custom_css": "a {"}, "custom_css", "never closed"),
        ({"custom_js": "let y = ;"}, "custom_js", "Line 1, column 9"),
        ({"custom_js": "a\x00b"}, "custom_js", "binary"),
        ({"custom_css": "a\x07b {}"}, "custom_css", "control character"),
        ({"custom_css": "/*" + "é" * (128 * 1024) + "*/"}, "custom_css", "at most 256 KB"),
        ({"color_theme": "rouge"}, "color_theme", "not a colour code"),
        ({"color_theme": ""}, "color_theme", "Choose a colour"),
        ({"where": "listed"}, "allowed_domains", "On no website"),
        ({"where": "listed", "allowed_domains": "a.example\nb c"}, "allowed_domains", "Line 2"),
        ({"allowed_domains": "https://a.example/path"}, "allowed_domains", "without a path"),
        ({"where": "everywhere"}, "where", "valid choice"),
        ({"appearance": None}, "appearance", "required"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_saved(
    admin: Client,
    shop: Organisation,
    support: Channel,
    changes: dict[str, Any],
    field: str,
    words: str,
    headers: dict[str, str],
) -> None:
    url, before = address(support, shop), draft(support)
    typed = "/* typed before the mistake */"
    data = form(admin.get(url), **{"custom_css": typed, **changes})
    answer = admin.post(url, data, headers=headers)
    assert answer.status_code == 422
    page = html.unescape(answer.content.decode())
    assert words in page
    assert 'name="whole"' in page
    assert f'id="id_{field}_error"' in page
    assert f'href="#id_{field}"' in page
    if "custom_css" not in changes:
        assert typed in page
    assert ("<html" in page) is (not headers)
    assert draft(support) == before
    with tenant_scope(shop.pk):
        assert not Release.objects.exists()


def test_an_error_stands_at_its_line_in_the_editor_as_well(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    page = admin.post(url, form(admin.get(url), custom_js="\n\nlet y = ;")).content.decode()
    errors = re.search(r'data-errors="([^"]*)"', page)
    assert errors is not None
    assert '"line": 3, "column": 9' in html.unescape(errors[1])


def test_warnings_do_not_keep_anything_from_being_saved(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    answer = admin.post(
        url,
        form(
            admin.get(url),
            custom_css='@import "x.css"; [data-selector="HEADR"] { color: red !important }',
            custom_js="parent.cxone('chat', 'x')",
            color_headerFont="#faac4b",
        ),
        headers=HTMX,
    )
    assert answer.status_code == 200
    page = html.unescape(admin.get(url).content.decode())
    assert "Did you mean “HEADER”?" in page
    assert "Write cxone(…) without “parent.”" in page
    assert "The contrast with “Header” is 1.0 : 1" in page


def test_no_website_is_a_choice_one_makes_on_purpose(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    assert (
        admin.post(url, form(admin.get(url), where="nowhere", allowed_domains="a.example")).status_code == 302
    )
    saved = draft(support)
    assert (saved["domains_restricted"], saved["allowed_domains"]) == (True, [])
    assert re.search(r'value="nowhere"[^>]*checked', admin.get(url).content.decode())


def test_hostile_text_is_shown_as_text(admin: Client, shop: Organisation, support: Channel) -> None:
    url = address(support, shop)
    text = f"/* {HOSTILE} */"
    answer = admin.post(url, form(admin.get(url), custom_css=text, custom_js=text, color_text=HOSTILE[:20]))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<script>alert(1)" not in page
    assert html.escape(text) in page
    admin.post(url, form(admin.get(url), custom_css=text, custom_js=text))
    page = admin.get(url).content.decode()
    assert "<script>alert(1)" not in page
    assert draft(support)["custom_js"] == text


# --- roles ---


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.WEBMASTER, Role.QA, Role.TRANSLATOR])
def test_who_may_not_edit_sees_everything_and_changes_nothing(
    shop: Organisation, support: Channel, role: Role
) -> None:
    client, url = signed_in(shop, role), address(support, shop)
    page = client.get(url)
    assert page.status_code == 200
    text = page.content.decode()
    assert 'class="save-bar"' not in text
    assert re.search(r'<textarea name="custom_css"[^>]*disabled', text)
    assert client.post(url, form(page, custom_css="b {}")).status_code == 403
    assert draft(support)["custom_css"] == ""


def test_an_editor_saves_everything_but_javascript(shop: Organisation) -> None:
    support = channel(shop, "Support", draft={"custom_js": "let kept = 1;"})
    client, url = signed_in(shop, Role.EDITOR), address(support, shop)
    page = client.get(url)
    assert re.search(r'<textarea name="custom_js"[^>]*disabled', page.content.decode())
    assert "Only admins and owners may change JavaScript" in page.content.decode()
    data = form(page, custom_css="b { color: red }", custom_js="let smuggled = 1;")
    assert client.post(url, data).status_code == 302
    assert (draft(support)["custom_css"], draft(support)["custom_js"]) == (
        "b { color: red }",
        "let kept = 1;",
    )
    data = form(client.get(url), custom_js=None, custom_css="b { color: blue }")
    assert client.post(url, data).status_code == 302
    assert draft(support)["custom_js"] == "let kept = 1;"


# --- two people at once ---


def test_who_was_overtaken_is_told_by_whom_and_chooses(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    mine = form(admin.get(url), custom_css="b { color: mine }", color_button="#111111")
    carol = signed_in(shop, Role.EDITOR, name="Carol")
    carol.post(url, form(carol.get(url), custom_css="b { color: theirs }"))

    answer = admin.post(url, mine, headers=HTMX)
    assert answer.status_code == 409
    page = html.unescape(answer.content.decode())
    assert "Carol saved this page" in page
    assert "b { color: mine }" in page
    assert "b { color: theirs }" in page
    assert "#111111" in page
    assert draft(support)["custom_css"] == "b { color: theirs }"
    # The ordinary button is no way around the question.
    assert admin.post(url, form(answer, **{**mine, "seen": mine["seen"]}), headers=HTMX).status_code == 409

    over = re.search(r'name="over" value="([0-9a-f]{64})"', page)
    assert over is not None
    assert admin.post(url, {**mine, "over": over[1]}, headers=HTMX).status_code == 200
    assert draft(support)["custom_css"] == "b { color: mine }"
    assert draft(support)["colors"]["button"] == "#111111"


def test_who_overrules_one_person_does_not_overrule_the_next_unseen(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    mine = form(admin.get(url), custom_css="b { color: mine }")
    carol = signed_in(shop, Role.EDITOR, name="Carol")
    carol.post(url, form(carol.get(url), custom_css="b { color: theirs }"))
    over = re.search(r'name="over" value="([0-9a-f]{64})"', admin.post(url, mine).content.decode())
    assert over is not None
    carol.post(url, form(carol.get(url), custom_css="b { color: later }"))
    answer = admin.post(url, {**mine, "over": over[1]})
    assert answer.status_code == 409
    assert "b { color: later }" in html.unescape(answer.content.decode())


def test_overruled_by_an_editor_the_javascript_of_the_other_stays(
    shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    editor, boss = signed_in(shop, Role.EDITOR), signed_in(shop, Role.ADMIN)
    mine = form(editor.get(url), custom_css="b { color: mine }")
    boss.post(url, form(boss.get(url), custom_js="let theirs = 1;"))
    over = re.search(r'name="over" value="([0-9a-f]{64})"', editor.post(url, mine).content.decode())
    assert over is not None
    assert editor.post(url, {**mine, "over": over[1]}).status_code == 302
    assert (draft(support)["custom_css"], draft(support)["custom_js"]) == (
        "b { color: mine }",
        "let theirs = 1;",
    )


# --- preview ---


def test_the_preview_is_told_what_the_channel_would_be_and_saves_nothing(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    data = form(
        admin.get(address(support, shop)),
        custom_css="b { color: red }\n[data-selector=HEADR] {}",
        custom_js="let y = ;",
        color_headerFont="#ffffff",
        color_theme="nonsense",
        position="left",
    )
    answer = admin.post(address(support, shop, "preview"), data).json()
    assert answer["document"]["customCss"] == data["custom_css"]
    assert answer["document"]["customJs"] == ""
    assert answer["document"]["widget"]["position"] == "left"
    assert answer["document"]["colors"]["headerFont"] == "#ffffff"
    assert answer["document"]["colors"]["theme"] == DEFAULT_COLORS["theme"]
    assert answer["remarks"]["custom_css"][0]["severity"] == "warning"
    assert answer["remarks"]["custom_js"][0] == {
        "line": 1,
        "column": 9,
        "message": "“;” was not expected here.",
        "severity": "error",
    }
    assert set(answer["errors"]) == {"custom_js", "color_theme"}
    assert set(answer["contrast"]) == {"headerFont"}
    assert draft(support)["custom_css"] == ""
    with tenant_scope(shop.pk):
        assert not Release.objects.exists()


def test_a_style_sheet_that_is_being_typed_is_previewed_as_a_browser_would_read_it(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    data = form(admin.get(address(support, shop)), custom_css="b { color: red")
    answer = admin.post(address(support, shop, "preview"), data).json()
    assert answer["document"]["customCss"] == "b { color: red"
    assert answer["remarks"]["custom_css"][0]["severity"] == "error"
    data["custom_css"] = "a\x00b"
    assert admin.post(address(support, shop, "preview"), data).json()["document"]["customCss"] == ""


def test_an_empty_preview_request_is_no_fault(admin: Client, shop: Organisation, support: Channel) -> None:
    assert admin.post(address(support, shop, "preview"), {}).status_code == 200
    assert admin.get(address(support, shop, "preview")).status_code == 405


def test_the_preview_frame_has_an_origin_of_its_own_and_is_framed_by_the_console_only() -> None:
    answer = Client().get(reverse("preview_frame"))
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts ")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors http://testserver" in policy
    assert "X-Frame-Options" not in answer.headers
    assert "http://testserver/static/widget/frame-" in answer.content.decode()


def test_the_page_takes_a_constant_number_of_queries_to_save(
    admin: Client, shop: Organisation, support: Channel, django_assert_max_num_queries: Any
) -> None:
    url = address(support, shop)
    data = form(admin.get(url), custom_css="b { color: red }")
    with django_assert_max_num_queries(34):
        admin.post(url, data, headers=HTMX)


def test_a_stranger_and_an_unknown_channel_find_nothing(
    shop: Organisation, support: Channel, admin: Client
) -> None:
    elsewhere = organisation(name="Ailleurs")
    stranger: User = member(elsewhere, Role.OWNER)
    client = Client()
    client.force_login(stranger)
    assert client.get(address(support, shop)).status_code == 404
    assert client.get(address(support, elsewhere)).status_code == 404
    assert admin.get(address(support, shop).replace(support.public_id, "chat_" + "0" * 36)).status_code == 404
