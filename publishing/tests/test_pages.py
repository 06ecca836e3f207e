"""« Initialisation and test » and the fragments beside it: what is shown to whom, and what may be done."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_config.models import Channel
from channels_config.tests.factories import channel
from gateway.tests.environment import SIGNING
from publishing import snapshot
from publishing.models import Arrival, Delivery
from publishing.tests.factories import release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db

TEST, LIVE = "https://test.chat.example", "https://chat.example"


@pytest.fixture(autouse=True)
def two_environments(publish_to: Callable[..., None]) -> None:
    publish_to(test=TEST, live=LIVE)


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def signed_in(shop: Organisation, role: Role = Role.ADMIN) -> Client:
    client = Client()
    client.force_login(member(shop, role, person(language="en", name=role.name.title())))
    return client


def address(found: Channel, shop: Organisation, name: str) -> str:
    return reverse(f"publishing:{name}", args=[shop.number, found.public_id])


def published(found: Channel, **environments: int) -> None:
    """As if a worker had delivered: environment -> release number."""
    with tenant_scope(found.tenant_id):
        for name, number in environments.items():
            Delivery.objects.update_or_create(
                channel=found,
                environment=name,
                defaults={
                    "wanted": number,
                    "confirmed": number,
                    "wanted_at": timezone.now(),
                    "next_attempt_at": timezone.now(),
                    "visible_at": timezone.now(),
                    "visible_in_ms": 412,
                },
            )
            seen = {"environment": name, "visible_at": timezone.now(), "visible_in_ms": 412, "attempts": 1}
            Arrival.objects.create(channel=found, release=number, **seen)


def text(response: Any) -> str:
    return html.unescape(response.content.decode())


def code_of(page: str) -> str:
    found = re.search(r'id="snippet"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_snippet_names_environment_brand_and_channel(shop: Organisation, support: Channel) -> None:
    client = signed_in(shop)
    page = text(client.get(address(support, shop, "init"), {"environment": "live"}))
    code = code_of(page)
    assert f'"{LIVE}/loader/1/loader.js"' in code
    assert f'cxone("init", "{shop.number}");' in code
    assert f'cxone("chat", "init", {shop.number}, "{support.public_id}");' in code
    assert TEST not in code
    assert f'"{TEST}/loader/1/loader.js"' in code_of(text(client.get(address(support, shop, "init"))))


def test_the_policy_holds_the_hash_of_exactly_what_stands_in_the_script(
    shop: Organisation, support: Channel
) -> None:
    page = text(signed_in(shop).get(address(support, shop, "init")))
    inline = re.fullmatch(r"<script>(.*)</script>", code_of(page), re.DOTALL)
    assert inline is not None
    digest = base64.b64encode(hashlib.sha256(inline[1].encode()).digest()).decode()
    policy = re.search(r'id="policy"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    assert policy is not None
    assert f"'sha256-{digest}'" in policy[1]
    assert f"connect-src {TEST} wss://test.chat.example" in policy[1]
    assert f"frame-src {TEST}" in policy[1]


@pytest.mark.parametrize("way", ["html", "tags", "wordpress", "react", "nonsense"])
@pytest.mark.parametrize("environment", ["test", "live", "nonsense"])
def test_every_choice_of_the_page_is_a_page(
    shop: Organisation, support: Channel, way: str, environment: str
) -> None:
    page = signed_in(shop).get(address(support, shop, "init"), {"as": way, "environment": environment})
    assert page.status_code == 200
    assert support.public_id in code_of(text(page))


def test_a_hostile_name_is_shown_as_text(shop: Organisation) -> None:
    name = "</script><script>alert(1)</script>{{ 7*7 }}\"'"
    support = channel(shop, name)
    release(support)
    published(support, test=1)
    page = signed_in(shop).get(address(support, shop, "init")).content.decode()
    assert "<script>alert(1)" not in page
    assert html.escape(name)[:40] in page
    assert "49" not in re.sub(r"[0-9a-f-]{20,}", "", re.search(r"<h1>(.*?)</h1>", page)[1])  # type: ignore[index]


# --- who may do what ---


@pytest.mark.parametrize(
    ("role", "test", "live"),
    [
        (Role.AUDITOR, False, False),
        (Role.WEBMASTER, False, False),
        (Role.QA, True, False),
        (Role.EDITOR, True, False),
        (Role.ADMIN, True, True),
    ],
)
def test_only_who_may_answer_visitors_gets_a_key_to_the_agents_side(
    shop: Organisation, support: Channel, role: Role, test: bool, live: bool
) -> None:
    release(support)
    published(support, test=1, live=1)
    client = signed_in(shop, role)
    for name, may in (("test", test), ("live", live)):
        page = text(client.get(address(support, shop, "init"), {"environment": name}))
        assert ("key=" in page) is may, name


def test_the_agent_link_opens_this_channel_in_this_environment_for_a_working_day(
    shop: Organisation, support: Channel
) -> None:
    release(support)
    published(support, test=1)
    page = text(signed_in(shop).get(address(support, shop, "init")))
    link = re.search(rf'href="({TEST}/test/[^"]*key=[^"]*)"', page)
    assert link is not None
    parts = urlsplit(link[1])
    assert parts.path == f"/test/{shop.number}/{support.public_id}"
    key = snapshot.open_agent_key(
        parse_qs(parts.query)["key"][0], snapshot.key_set(snapshot.public_jwk(SIGNING))
    )
    assert (key.environment, key.brand, key.channels, key.name) == (
        "test",
        shop.number,
        (support.public_id,),
        "Admin",
    )
    assert abs(key.exp - (timezone.now() + timedelta(hours=8)).timestamp()) < 60


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.QA, Role.EDITOR])
def test_who_may_not_promote_sees_no_button_and_is_refused(
    shop: Organisation, support: Channel, role: Role
) -> None:
    release(support)
    published(support, test=1)
    client = signed_in(shop, role)
    assert address(support, shop, "promote") not in text(client.get(address(support, shop, "init")))
    assert client.post(address(support, shop, "promote"), {"release": "1"}).status_code == 403
    with tenant_scope(shop.pk):
        assert not Delivery.objects.filter(environment="live").exists()


def test_the_button_names_the_release_and_what_it_replaces(shop: Organisation, support: Channel) -> None:
    for number in (1, 2, 3):
        change(support, number)
    published(support, test=3, live=1)
    page = text(signed_in(shop).get(address(support, shop, "init")))
    confirm = re.search(r'data-confirm="([^"]*)"', page)
    assert confirm is not None
    assert "Release 3" in confirm[1]
    assert "release 1" in confirm[1]
    assert "Support" in confirm[1]
    assert "2 releases more than live has" in page


def change(found: Channel, number: int) -> None:
    with tenant_scope(found.tenant_id):
        found.web_settings.custom_css = f"b {{ order: {number} }}"
        found.web_settings.save()
        release(found)


@pytest.mark.parametrize(
    "headers", [{}, {"HX-Request": "true", "HX-Target": "publication"}], ids=["page", "htmx"]
)
def test_the_release_that_was_shown_goes_live_whatever_came_after(
    shop: Organisation, support: Channel, headers: dict[str, str]
) -> None:
    change(support, 1)
    change(support, 2)
    published(support, test=1)
    published(support, test=2)
    answer = signed_in(shop).post(address(support, shop, "promote"), {"release": "1"}, headers=headers)
    assert answer.status_code == (200 if headers else 302)
    with tenant_scope(shop.pk):
        live = Delivery.objects.get(environment="live")
    assert (live.wanted, live.confirmed) == (1, 0)
    if headers:
        assert "publishing…" in text(answer)
        assert json.loads(answer.headers["HX-Trigger"]) == {"saved": {}, "publicationmoved": {}}


@pytest.mark.parametrize("number", ["2", "0", "-1", "1.5", "٣", "9" * 30, "", "x"])
def test_a_release_that_is_none_is_refused_in_a_sentence(
    shop: Organisation, support: Channel, number: str
) -> None:
    release(support)
    published(support, test=1)
    client = signed_in(shop)
    answer = client.post(
        address(support, shop, "promote"),
        {"release": number},
        headers={"HX-Request": "true", "HX-Target": "publication"},
    )
    assert answer.status_code == 409
    assert 'role="alert"' in text(answer)
    with tenant_scope(shop.pk):
        assert not Delivery.objects.filter(environment="live").exists()
    assert client.post(address(support, shop, "promote"), {"release": number}).status_code == 302
    assert 'class="toast is-bad"' in text(client.get(address(support, shop, "init")))


# --- where it stands ---


def test_the_save_bars_fragment_asks_again_quickly_at_first_and_then_rests(
    shop: Organisation, support: Channel
) -> None:
    release(support)
    client = signed_in(shop)
    url = address(support, shop, "saved")
    delays = [
        re.search(r'delay:(\w+)"', text(client.get(url, {"n": asked})))
        for asked in ("0", "20", "99", "x", "²")
    ]
    assert [found[1] for found in delays if found] == ["120ms", "400ms", "2s", "120ms", "120ms"]
    assert f"{url}?n=21" in text(client.get(url, {"n": "20"}))
    published(support, test=1)
    page = text(client.get(url))
    assert "visible in test" in page
    assert "0.4" in page
    assert "hx-get" not in page


def test_a_failed_delivery_says_why_and_when_and_offers_to_try_at_once(
    shop: Organisation, support: Channel
) -> None:
    release(support)
    with tenant_scope(shop.pk):
        Delivery.objects.update(
            last_error="unreachable", attempts=3, next_attempt_at=timezone.now() + timedelta(minutes=5)
        )
    client = signed_in(shop, Role.EDITOR)
    for name in ("saved", "publication", "init"):
        page = text(client.get(address(support, shop, name)))
        assert "The environment cannot be reached." in page, name
        assert address(support, shop, "retry") in page, name
        assert "<time" in page, name
    assert address(support, shop, "retry") not in text(
        signed_in(shop, Role.AUDITOR).get(address(support, shop, "saved"))
    )
    client.post(address(support, shop, "retry"))
    with tenant_scope(shop.pk):
        assert Delivery.objects.get().next_attempt_at <= timezone.now()
    assert client.get(address(support, shop, "retry")).status_code == 405


def test_an_unknown_error_of_an_environment_is_shown_with_its_code_as_text(
    shop: Organisation, support: Channel
) -> None:
    release(support)
    with tenant_scope(shop.pk):
        Delivery.objects.update(last_error="<b>teapot</b>")
    page = signed_in(shop).get(address(support, shop, "publication")).content.decode()
    assert "&lt;b&gt;teapot&lt;/b&gt;" in page


def test_a_channel_that_was_never_published_has_a_page(shop: Organisation, support: Channel) -> None:
    page = text(signed_in(shop).get(address(support, shop, "init")))
    assert "Nothing has been published here yet." in page
    assert address(support, shop, "promote") not in page


def test_the_page_takes_a_constant_number_of_queries(
    shop: Organisation, support: Channel, django_assert_max_num_queries: Any
) -> None:
    for number in range(1, 6):
        change(support, number)
    published(support, test=5, live=1)
    client = signed_in(shop)
    with django_assert_max_num_queries(20):
        client.get(address(support, shop, "init"))
