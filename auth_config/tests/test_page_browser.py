"""« Authentication » in Chromium: each mode shows just its fields, a click maps a field, an overtaken save loses nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from auth_config.area import AREA
from auth_config.secrets import keep
from channels_config.models import Channel
from channels_config.tests.factories import channel
from chatadmin.run.plan import ROOT
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db(transaction=True)

AXE = Path(ROOT / "node_modules/axe-core/axe.min.js")
#: What each mode shows of its own, by the field's name.
FIELDS = {
    "anonymous": {"anonymous_allow_unsecured"},
    "cookie": {"cookie_lifetime_minutes", "cookie_sliding"},
    "oauth": {
        "oauth_authorize_endpoint", "oauth_refresh_endpoint", "oauth_userinfo_endpoint", "oauth_sign_in_endpoint",
        "oauth_client_id", "oauth_client_secret", "oauth_redirect_uri", "oauth_client_authentication",
        "oauth_body_format", "oauth_scopes", "oauth_pkce", "oauth_store_access_token", "oauth_allow_unsecured",
        "discovery", "landing", "mapping_enabled", "sample",
    },
    "jwt": {
        "jwt_algorithm", "jwt_secret", "jwt_issuer", "jwt_session_minutes", "jwt_allow_unsecured",
        "mapping_enabled", "sample",
    },
}  # fmt: skip
ALWAYS = {"mode", "retention_days"}


@pytest.fixture(autouse=True, scope="module")
def beside_a_browser() -> Iterator[None]:
    """Playwright's synchronous interface looks to Django like an event loop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def shop(db: None) -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Soutien")


@pytest.fixture
def zoe(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person("zoe@example.com", name="Zoé Roy"))


def enter(context: BrowserContext, live_server: LiveServer, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])


def address(live_server: LiveServer, shop: Organisation, support: Channel) -> str:
    return live_server.url + reverse("auth_config:edit", args=[shop.number, support.public_id])


def choose(page: Page, mode: str) -> None:
    page.locator(f"#settings input[name=mode][value={mode}]").check()


def shown(page: Page) -> set[str]:
    """Names of the fields of the settings a person can see; a row of the mapping counts for none."""
    names = page.evaluate(
        """() => [...document.querySelector('#settings').elements]
            .filter((one) => one.name && one.type !== 'hidden' && one.closest('.field, .choices, fieldset, div').checkVisibility())
            .map((one) => one.name)"""
    )
    return {
        name
        for name in names
        if not name.startswith("map-") and name not in {"discover", "keep_oauth", "release_note"}
    }


def section_of(shop: Organisation, support: Channel) -> dict[str, object]:
    with tenant_scope(shop.pk):
        return AREA.dump(support)


def test_each_mode_shows_just_its_fields_and_a_click_maps_one(
    page: Page, browser_context: BrowserContext, live_server: LiveServer, zoe: User, shop: Organisation,
    support: Channel,
) -> None:  # fmt: skip
    enter(browser_context, live_server, zoe)
    page.goto(address(live_server, shop, support))
    for mode, fields in FIELDS.items():
        choose(page, mode)
        assert shown(page) == fields | ALWAYS, mode
    # A public key in place of the shared secret, and never both.
    page.locator("[name=jwt_algorithm][value=public]").check()
    assert {"jwt_public_keys", "jwt_secret"} & shown(page) == {"jwt_public_keys"}

    choose(page, "oauth")
    page.locator("[name=mapping_enabled]").check()
    page.locator("[name=sample]").fill('{"user": {"id": 42, "plan": "GOLD"}, "email": "A@B.C"}')
    page.get_by_role("button", name="Essayer la cartographie").click()
    # The field last in takes the path that is clicked; then the first row that has none.
    page.locator("[name=mapping_customer_id]").focus()
    page.locator("[data-path='user.id']").click()
    expect(page.locator("[name=mapping_customer_id]")).to_have_value("user.id")
    page.locator("[data-path='user.plan']").click()
    expect(page.locator("[name=map-0-path]")).to_have_value("user.plan")
    expect(page.locator("[name=map-0-field]")).to_be_focused()
    page.keyboard.type("forfait")
    page.locator("[name=map-0-transform]").select_option("lower")
    page.get_by_role("button", name="Essayer la cartographie").click()
    expect(page.locator("#dry-run")).to_contain_text("gold")
    for _ in range(4):
        page.locator("#mapping-add").click()
    expect(page.locator("#mapping-rows tbody tr")).to_have_count(7)
    expect(page.locator("[name=map-6-field]")).to_be_focused()

    # What is wrong in a mode that is not chosen is shown where it stands.
    page.locator("[name=oauth_authorize_endpoint]").fill("http://login.example.com/token")
    choose(page, "anonymous")
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    wrong = page.locator("[name=oauth_authorize_endpoint]")
    expect(wrong).to_be_visible()
    expect(wrong).to_have_value("http://login.example.com/token")
    assert section_of(shop, support)["mode"] == "anonymous"


def test_who_is_overtaken_loses_nothing_and_sees_both(
    page: Page, browser_context: BrowserContext, live_server: LiveServer, zoe: User, shop: Organisation,
    support: Channel,
) -> None:  # fmt: skip
    enter(browser_context, live_server, zoe)
    page.goto(address(live_server, shop, support))
    choose(page, "oauth")
    typed = {
        "oauth_authorize_endpoint": "https://login.example.com/token",
        "oauth_userinfo_endpoint": "https://login.example.com/me",
        "oauth_client_id": "à moi",
        "oauth_scopes": "openid",
    }
    for name, value in typed.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=oauth_client_secret]").fill("secret de Zoé, que personne ne voit")
    page.locator("[name=mapping_enabled]").check()
    page.locator("[name=mapping_customer_id]").fill("user.id")
    page.locator("[name=map-0-field]").fill("forfait")
    page.locator("[name=map-0-path]").fill("plan")
    # Somebody else saves meanwhile.
    with tenant_scope(shop.pk):
        section = AREA.dump(support)
        AREA.load(support, {**section, "retention_days": 90})
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.locator("[name=over]")).to_have_count(1)
    for name, value in (typed | {"map-0-field": "forfait", "map-0-path": "plan"}).items():
        expect(page.locator(f"[name={name}]")).to_have_value(value)
    expect(page.locator("#settings input[name=mode][value=oauth]")).to_be_checked()
    assert "secret de Zoé" not in page.content()
    # The browser has what was typed there, so nobody is asked to type it again.
    expect(page.locator("[name=oauth_client_secret]")).to_have_value("secret de Zoé, que personne ne voit")
    expect(page.get_by_text("Saisissez-le de nouveau av")).to_be_hidden()
    assert section_of(shop, support)["retention_days"] == 90
    assert section_of(shop, support)["mode"] == "anonymous"


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(390, "dark", "fr"), (1440, "light", "en")],
    ids=["phone", "desk"],
)
def test_no_mode_has_a_barrier_or_runs_over_its_edge(
    browser: Browser, live_server: LiveServer, shop: Organisation, support: Channel, width: int, scheme: str,
    language: str,
) -> None:  # fmt: skip
    who = member(shop, Role.ADMIN, person("ana@example.com", name="Ana", language=language))
    with tenant_scope(shop.pk):
        section = AREA.dump(support)
        section["mode"] = "oauth"
        section["oauth"] |= {
            "client_secret": keep("the newer one", by=who).reference,
            "previous_client_secret": keep("the former one", by=who).reference,
            "authorize_endpoint": f"https://login.example.com/{'very-long' * 30}",
            "userinfo_endpoint": "https://login.example.com/me",
            "client_id": "chat",
        }
        section["mapping"] |= {
            "enabled": True,
            "customer_id": "sub",
            "fields": [{"field": "f" * 200, "path": "p." * 100 + "p", "transform": "first"}],
        }
        AREA.load(support, section)
    # axe's probes are styles the console's policy refuses.
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
        reduced_motion="reduce",
    )
    enter(context, live_server, who)
    page = context.new_page()
    page.goto(address(live_server, shop, support))
    page.locator("[name=sample]").fill(
        '{"sub": "42", "deep": {"list": [{"a": 1}], "text": "%s"}}' % ("x" * 300)
    )
    page.locator("#dry-run").locator("xpath=preceding-sibling::div[1]").get_by_role("button").click()
    expect(page.locator("[data-path='deep.text']")).to_be_visible()
    for details in page.locator(".split.auth details").all():
        details.evaluate("one => one.open = true")
    for mode in ("oauth", "jwt", "cookie", "anonymous"):
        choose(page, mode)
        found = page.evaluate(f"{AXE.read_text()}; axe.run(document, {{resultTypes: ['violations']}})")
        faults = [
            (fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found["violations"]
        ]
        assert faults == [], mode
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, mode
        if shots := os.environ.get("AUTH_SHOTS"):
            page.screenshot(path=f"{shots}/{width}-{mode}.png", full_page=True)
    context.close()
