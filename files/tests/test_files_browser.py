"""Export, import, tokens, webhooks and the API's reference in Chromium: without barriers, and with an import carried through."""

from __future__ import annotations

import json
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
from api.tokens import create_token
from api.webhooks import create_webhook, send_test
from channels_config.models import WebSettings
from channels_config.tests.factories import channel
from chatadmin.run.plan import ROOT
from files.documents import channel_document
from files.imports import take_in
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db(transaction=True)

AXE = Path(ROOT / "node_modules/axe-core/axe.min.js")


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
def ana(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person("ana@example.com"))


def enter(context: BrowserContext, live_server: LiveServer, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])


@pytest.fixture
def looked_at(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A context that lets axe in: its probes are styles the console's policy refuses."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    yield context
    context.close()


@pytest.mark.parametrize("looked_at", [(390, "dark"), (1440, "light")], indirect=True, ids=str)
def test_no_page_has_a_barrier_or_runs_over_its_edge(
    looked_at: BrowserContext, live_server: LiveServer, ana: User, shop: Organisation
) -> None:
    support = channel(shop, "Support <b>")
    with tenant_scope(shop.pk):
        create_token(name="Déploiement", scopes=["sections"], expires_at=None, by=ana)
        hook = create_webhook(
            url=f"https://example.com/{'hook' * 20}", events=["release.visible"], by=ana
        ).webhook
        send_test(hook, by=ana)
        document = channel_document(support)
        document["areas"]["channels_config"] |= {
            "custom_css": ".a {\n  color: red;\n}\n",
            "allowed_domains": ["x.example"],
        }
        ours = take_in(json.dumps(document).encode(), name="support.json", into=None, by=ana)
        theirs = take_in(b'{"settings": {"odd": 1}, "customCss": ".b {}", "colors": {"text": "blue"}}', name="cxone.json", into=support, by=ana)  # fmt: skip
    page = looked_at.new_page()
    enter(looked_at, live_server, ana)
    brand = shop.number
    for url in (
        reverse("files:home", args=[brand]),
        reverse("files:channel", args=[brand, support.public_id]),
        reverse("files:look", args=[brand, ours.pk]),
        reverse("files:look", args=[brand, theirs.pk]),
        reverse("integrations:tokens", args=[brand]),
        reverse("integrations:webhooks", args=[brand]),
        reverse("integrations:webhook", args=[brand, hook.pk]),
        reverse("api:docs"),
    ):
        page.goto(live_server.url + url)
        found = page.evaluate(f"{AXE.read_text()}; axe.run(document, {{resultTypes: ['violations']}})")
        faults = [
            (fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found["violations"]
        ]
        assert faults == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


def test_a_file_is_pasted_looked_at_and_imported_in_the_browser(
    page: Page, browser_context: BrowserContext, live_server: LiveServer, ana: User, shop: Organisation
) -> None:
    support = channel(shop, "Support")
    with tenant_scope(shop.pk):
        document = channel_document(support)
    document["areas"]["channels_config"]["custom_css"] = ".browser { color: red }\n"
    enter(browser_context, live_server, ana)
    page.goto(live_server.url + reverse("files:channel", args=[shop.number, support.public_id]))
    page.locator("textarea[name=text]").fill("rien")
    page.locator("#upload button[type=submit]").click()
    expect(page.locator("textarea[name=text]")).to_have_value("rien")
    expect(page.locator(".field-error").first).to_be_visible()
    page.locator("textarea[name=text]").fill(json.dumps(document))
    page.locator("#upload button[type=submit]").click()
    expect(page.locator(".difference")).to_contain_text(".browser { color: red }")
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#progress .is-good").first).to_be_visible()
    with tenant_scope(shop.pk):
        assert WebSettings.objects.get(channel=support).custom_css == ".browser { color: red }\n"
