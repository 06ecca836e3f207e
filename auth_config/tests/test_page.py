"""« Authentication »: four ways, secrets that are never shown again, the mapping, and what is wrong said at its field."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from auth_config.area import AREA
from auth_config.models import Secret
from channels_config.area import AREA as WEB
from channels_config.models import Channel
from channels_config.tests.factories import channel
from file_restrictions.area import AREA as FILES
from publishing.compile import private_sections
from publishing.models import Release
from surveys.models import CustomField
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db

SECRET = "s3cr3t-of-the-tests-öß-that-is-long-enough"
OAUTH = {
    "mode": "oauth",
    "oauth_authorize_endpoint": "https://login.example.com/token",
    "oauth_userinfo_endpoint": "https://login.example.com/me",
    "oauth_client_id": "chat",
    "oauth_client_secret": SECRET,
}


@pytest.fixture
def shop() -> Organisation:
    return organisation(1009, "Shop")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


@pytest.fixture
def admin(shop: Organisation) -> Client:
    client = Client()
    client.force_login(member(shop, Role.ADMIN, person("zoe@example.com", name="Zoé Roy", language="en")))
    return client


def address(shop: Organisation, support: Channel, name: str = "edit") -> str:
    return reverse(f"auth_config:{name}", args=[shop.number, support.public_id])


def form(answer: Response, **changes: Any) -> dict[str, Any]:
    """What a browser would send for this page, with changes; None takes a field out."""
    page = answer.content.decode()
    page = page[page.index('id="settings"') : page.index("</form>", page.index('id="settings"'))]
    data: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        given = {key: html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if given.get("type") in {"radio", "checkbox"}:
            if re.search(r"\bchecked\b", tag):
                data[given["name"]] = given.get("value", "on")
        elif "name" in given:
            data[given["name"]] = given.get("value", "")
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)', page):
        data[name] = html.unescape(text)
    for name, body in re.findall(r'<select[^>]*name="([\w-]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected', body)
        data[name] = chosen[1] if chosen else "none"
    return {name: value for name, value in (data | changes).items() if value is not None}


def section(shop: Organisation, support: Channel) -> dict[str, Any]:
    with tenant_scope(shop.pk):
        return AREA.dump(support)


def test_who_was_overtaken_sees_both_versions_without_a_secret_and_may_insist(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(shop, support)
    mine = form(admin.get(url), **OAUTH)
    bob = Client()
    bob.force_login(member(shop, Role.ADMIN, person("bob@example.com", name="Bob", language="en")))
    theirs = {**OAUTH, "oauth_client_id": "theirs", "oauth_client_secret": SECRET[::-1]}
    assert bob.post(url, form(bob.get(url), **theirs)).status_code == 302
    answer = admin.post(url, mine)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Bob" in page
    assert "theirs" in page
    assert SECRET not in page
    assert SECRET[::-1] not in page
    assert "Type it once more before you save" in page
    assert section(shop, support)["oauth"]["client_id"] == "theirs"
    over = re.search(r'name="over" value="([0-9a-f]{64})"', page)
    assert over is not None
    assert admin.post(url, mine | {"over": over[1]}).status_code == 302
    assert section(shop, support)["oauth"]["client_id"] == "chat"


def test_a_saved_sign_in_is_published_and_its_secret_travels_in_the_private_part_only(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(shop, support)
    answer = admin.post(url, form(admin.get(url), **OAUTH))
    assert answer.status_code == 302, html.unescape(answer.content.decode())[:3000]
    saved = section(shop, support)
    assert saved["mode"] == "oauth"
    with tenant_scope(shop.pk):
        release = Release.objects.get()
        assert release.sections["auth_config"] == saved
        assert SECRET not in str(release.sections)
        assert private_sections(release.sections)["auth_config"]["oauth"]["secrets"] == [SECRET]
        assert AREA.public(saved)["isAuthorizationEnabled"] is True
        assert AREA.public(saved)["isSecuredCookieEnabled"] is False
        row = Secret.objects.get()
        assert SECRET not in row.ciphertext
        assert row.set_by_label == "Zoé Roy"
        assert all(SECRET not in str(entry.data) for entry in Entry.objects.all())
    page = html.unescape(admin.get(url).content.decode())
    assert SECRET not in page
    assert "Set by Zoé Roy" in page


def test_a_new_secret_overlaps_with_the_former_until_that_is_removed(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(shop, support)
    admin.post(url, form(admin.get(url), **OAUTH))
    assert admin.post(url, form(admin.get(url), oauth_client_secret="the-newer-one")).status_code == 302
    with tenant_scope(shop.pk):
        assert AREA.private(AREA.dump(support))["oauth"]["secrets"] == ["the-newer-one", SECRET]
    assert admin.post(url, form(admin.get(url), drop_oauth="on")).status_code == 302
    with tenant_scope(shop.pk):
        assert AREA.private(AREA.dump(support))["oauth"]["secrets"] == ["the-newer-one"]


def test_a_kept_secret_goes_to_no_other_host(admin: Client, shop: Organisation, support: Channel) -> None:
    """Whoever may change addresses could have it sent to themselves, and read what is never shown."""
    url = address(shop, support)
    assert admin.post(url, form(admin.get(url), **OAUTH)).status_code == 302
    before = section(shop, support)
    for name in ("authorize", "refresh"):
        there = {f"oauth_{name}_endpoint": "https://elsewhere.example.net/token"}
        refused = admin.post(url, form(admin.get(url), **there))
        assert refused.status_code == 422
        assert "would go to another host" in refused.content.decode()
        assert section(shop, support) == before
    # Another path of the same host is no other host, and without a proof nothing is sent: then nothing is kept either.
    moved = {"oauth_authorize_endpoint": "https://login.example.com/v2/token"}
    assert admin.post(url, form(admin.get(url), **moved)).status_code == 302
    assert section(shop, support)["oauth"]["client_secret"] == before["oauth"]["client_secret"]
    there = {"oauth_authorize_endpoint": "https://elsewhere.example.net/token"}
    typed = form(admin.get(url), **there, oauth_client_secret="another one", keep_oauth="on")
    assert admin.post(url, typed).status_code == 302
    now = section(shop, support)["oauth"]
    assert now["client_secret"] not in {"", before["oauth"]["client_secret"]}
    assert now["previous_client_secret"] == ""
    back = {
        "oauth_authorize_endpoint": "https://login.example.com/token",
        "oauth_client_authentication": "none",
    }
    assert admin.post(url, form(admin.get(url), **back)).status_code == 302
    assert section(shop, support)["oauth"]["client_secret"] == ""


def test_a_file_s_placeholder_is_no_secret_for_another_host(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(shop, support)
    assert admin.post(url, form(admin.get(url), **OAUTH)).status_code == 302
    current = section(shop, support)
    file = AREA.redact(current)
    file["oauth"]["authorize_endpoint"] = "https://elsewhere.example.net/token"
    with tenant_scope(shop.pk):
        restored = AREA.restore(file, current)
        assert restored["oauth"]["client_secret"] == ""
        assert [one.path for one in AREA.check(restored, {}) if one.blocking] == ["oauth.client_secret"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"oauth_userinfo_endpoint": ""}, "oauth_userinfo_endpoint", "nobody knows who"),
        (
            {"oauth_authorize_endpoint": "http://login.example.com/t"},
            "oauth_authorize_endpoint",
            "Only https",
        ),
        (
            {"oauth_authorize_endpoint": "https://169.254.169.254/latest"},
            "oauth_authorize_endpoint",
            "private network",
        ),
        (
            {"oauth_authorize_endpoint": "https://[::ffff:10.0.0.1]/t"},
            "oauth_authorize_endpoint",
            "private network",
        ),
        ({"oauth_client_secret": ""}, "oauth_client_secret", "Type the secret"),
        ({"mode": "jwt", "jwt_secret": "short"}, "jwt_secret", "at least 32"),
        (
            {"mode": "jwt", "jwt_algorithm": "public", "jwt_public_keys": "hello"},
            "jwt_public_keys",
            "No public key",
        ),
        (
            {"mode": "cookie", "cookie_lifetime_minutes": "-1"},
            "cookie_lifetime_minutes",
            "greater than or equal to 0",
        ),
        ({"mode": "cookie", "cookie_lifetime_minutes": "x"}, "cookie_lifetime_minutes", "whole number"),
        ({"mapping_enabled": "on"}, "mapping_customer_id", "Without a customer id"),
        ({"retention_days": "99999"}, "retention_days", "less than or equal to 3650"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved_nor_lost(
    admin: Client, shop: Organisation, support: Channel, changes: dict[str, str], field: str, words: str
) -> None:
    url, before = address(shop, support), section(shop, support)
    answer = admin.post(url, form(admin.get(url), **OAUTH | {"oauth_scopes": "typed before"} | changes))
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert words in page
    assert f'id="id_{field}_error"' in page
    assert "typed before" in page
    assert section(shop, support) == before
    with tenant_scope(shop.pk):
        assert not Secret.objects.exists()


def test_the_hundred_and_first_custom_field_is_refused_by_name_and_a_double_is_named(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(shop, support)
    rows = {f"map-{n}-field": f"f{n}" for n in range(101)} | {f"map-{n}-path": f"p.{n}" for n in range(101)}
    data = form(admin.get(url), **OAUTH, mapping_enabled="on", mapping_customer_id="sub")
    answer = admin.post(url, data | rows)
    assert answer.status_code == 422
    assert "“f100” is field 101; at most 100 can be mapped." in html.unescape(answer.content.decode())
    twice = {"map-0-field": "plan", "map-0-path": "a", "map-1-field": "plan", "map-1-path": "b"}
    answer = admin.post(url, data | twice | {"map-2-field": "city", "map-2-path": " , "})
    page = html.unescape(answer.content.decode())
    assert "“plan” is mapped twice, in rows 1 and 2." in page
    assert "“city” needs the provider’s field it is filled from." in page
    # The very value that is wrong is marked, and read with what is wrong about it.
    marked = re.findall(r'<input [^>]*name="(map-[^"]+)"[^>]*aria-invalid="true"', page)
    assert marked == ["map-1-field", "map-2-path"]
    assert page.count('aria-describedby="map-2-says"') == 2
    del rows["map-100-field"], rows["map-100-path"]
    assert admin.post(url, data | rows).status_code == 302
    assert len(section(shop, support)["mapping"]["fields"]) == 100


def test_a_dry_run_shows_every_value_or_why_there_is_none(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    data = form(
        admin.get(address(shop, support)),
        **OAUTH,
        mapping_enabled="on",
        mapping_customer_id="user.id",
        sample='{"user": {"id": 42, "mails": ["", " A@B.C "]}, "https://x.example/plan": "GOLD"}',
        **{"map-0-field": "mail", "map-0-path": "user.mails", "map-0-transform": "first"},
        **{"map-1-field": "plan", "map-1-path": "https://x.example/plan", "map-1-transform": "lower"},
        **{"map-2-field": "gone", "map-2-path": "user.gone", "map-2-transform": "none"},
    )
    for headers in ({}, {"HX-Request": "true"}):
        page = html.unescape(
            admin.post(address(shop, support, "dry_run"), data, headers=headers).content.decode()
        )
        for words in (
            "<td>42</td>",
            "<td>A@B.C</td>",
            "<td>gold</td>",
            "the answer has no such field",
            'data-path="user.id"',
        ):
            assert words in page
        assert ("<html" in page) is (not headers)
    assert section(shop, support)["mode"] == "anonymous"


def test_signing_everybody_out_publishes_a_new_epoch_and_is_recorded(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    assert admin.post(address(shop, support, "sign_out")).status_code == 302
    assert section(shop, support)["epoch"] == 1
    with tenant_scope(shop.pk):
        assert Entry.objects.filter(action="auth.signed_out").count() == 1
        FILES.load(support, {**FILES.dump(support), "allowed_types": []})
    # A channel that cannot be published as it is goes on with its sessions, and the page says why.
    answer = admin.post(address(shop, support, "sign_out"))
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "Nobody was signed out" in page
    assert "List at least one type" in page
    assert section(shop, support)["epoch"] == 1
    # A save of the page is refused whole as well: neither draft nor secret nor audit row.
    answer = admin.post(address(shop, support), form(admin.get(address(shop, support)), **OAUTH))
    assert answer.status_code == 422
    assert "List at least one type" in html.unescape(answer.content.decode())
    assert section(shop, support)["mode"] == "anonymous"
    with tenant_scope(shop.pk):
        assert not Secret.objects.exists()
        assert Entry.objects.filter(action__in=("auth.secret_set", "draft.saved")).count() == 1


def test_the_page_shows_the_four_lines_and_server_code_in_four_languages(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(shop, support)
    admin.post(url, form(admin.get(url), **OAUTH))
    page = html.unescape(admin.get(url).content.decode())
    assert "cxone('chat', 'setAuthorizationCode', authorizationCode);" in page
    assert f"cxone('chat', 'init', 1009, '{support.public_id}');" in page
    assert all(f"<summary>{title}</summary>" in page for title in ("Python", "PHP", "Node", "C#"))


def test_the_file_of_a_section_holds_no_secret_and_brings_it_back(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(shop, support)
    admin.post(url, form(admin.get(url), **OAUTH))
    with tenant_scope(shop.pk):
        current = AREA.dump(support)
        redacted = AREA.redact(current)
        assert redacted["oauth"]["client_secret"] == "<secret>"
        assert AREA.restore(redacted, current) == current
        redacted["oauth"]["client_secret"] = "another of the api"
        restored = AREA.restore(redacted, current)
        assert "another" not in str(restored)
        assert AREA.private(restored)["oauth"]["secrets"] == ["another of the api"]
        assert AREA.check(restored, {}) == []
    with tenant_scope(organisation(2020, "Other").pk):
        assert [one.path for one in AREA.check(current, {})] == ["oauth.client_secret"]


def test_what_may_be_saved_and_deserves_a_remark_is_said_at_its_place(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    with tenant_scope(shop.pk):
        CustomField.objects.create(ident="plan", label="Plan", kind="text")
    url = address(shop, support)
    mapped = {
        "mapping_enabled": "on",
        "mapping_customer_id": "sub",
        "map-0-field": "plan",
        "map-0-path": "p",
        "map-1-field": "<b>plann",
        "map-1-path": "q",
    }
    answer = admin.post(url, form(admin.get(url), **OAUTH, **mapped), follow=True)
    page = html.unescape(answer.content.decode())
    assert page.count("Your organisation has no custom field") == 1
    assert "Your organisation has no custom field “<b>plann”" in page
    assert 'aria-describedby="map-1-says"' in page
    assert "<b>plann" not in answer.content.decode()
    # The fields there are, are offered.
    assert '<option value="plan">' in page
    assert section(shop, support)["mapping"]["fields"][1]["field"] == "<b>plann"
    # A cookie that any website may use.
    assert "so any website could act with a customer’s cookie" not in page
    admin.post(url, form(admin.get(url), mode="cookie"))
    with tenant_scope(shop.pk):
        web = WEB.dump(support)
        WEB.load(support, {**web, "domains_restricted": False})
    assert "so any website could act with a customer’s cookie" in admin.get(url).content.decode()
