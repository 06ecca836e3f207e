"""The tester and the discovery against real providers: a line per step, nothing secret shown, the sentence that mends."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from auth_config.tests.oidc import SECRET, openid_provider
from auth_config.tests.provider import Provider, running
from auth_config.tests.test_page import address, admin, form, section, shop, support
from channels_config.models import Channel
from tenants.models import Organisation

__all__ = ["admin", "shop", "support"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback")]


@pytest.fixture
def loopback(settings: Any) -> None:
    settings.ALLOW_LOOPBACK_PROVIDERS = True


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as started:
        yield started


def typed(provider: Provider, **changes: Any) -> dict[str, Any]:
    """The form for this provider, unsaved."""
    oauth = provider.oauth()
    return {
        "mode": "oauth",
        "oauth_client_secret": oauth.pop("secrets")[0],
        **{f"oauth_{name}": value for name, value in oauth.items() if isinstance(value, str)},
        **changes,
    }


def lines(client: Client, url: str, data: dict[str, Any]) -> list[tuple[str, str]]:
    """(verdict, text) of each step, as the page's script gets them."""
    answer = client.post(url, data, headers={"X-Steps": "1"})
    text = html.unescape(b"".join(answer).decode())
    found = re.findall(r'<li class="auth-step is-(\w+)">(.*?)</li>\n', text, re.DOTALL)
    assert len(found) == text.count('<li class="auth-step')
    return found


def test_a_whole_sign_in_is_shown_step_by_step_and_masked(
    admin: Client, shop: Organisation, support: Channel, provider: Provider
) -> None:
    data = form(admin.get(address(shop, support)), **typed(provider))
    code = provider.code("42")
    steps = lines(
        admin,
        address(shop, support, "tester"),
        data | {"landing": f"https://www.example.com/callback?code={code}"},
    )
    assert [verdict for verdict, _text in steps] == ["good"] * 4
    shown = str(steps)
    assert "Customer id ← sub: 42" in shown
    for secret in (*provider.secrets, *provider.issued):
        assert secret not in shown
    assert section(shop, support)["mode"] == "anonymous"
    # Without script the same as a page.
    page = admin.post(
        address(shop, support, "tester"), data | {"landing": provider.code("7")}
    ).content.decode()
    assert page.count('<li class="auth-step is-good">') == 4
    assert "<html" in page


@pytest.mark.parametrize(
    ("step", "changes", "mood", "words"),
    [
        (1, {"oauth_client_secret": "wrong one"}, "", "the secret is wrong"),
        (1, {"oauth_body_format": "json"}, "", "the other format of the body"),
        (0, {"oauth_redirect_uri": "https://elsewhere.example.com/"}, "", "not the one registered"),
        (1, {"landing": "https://www.example.com/callback?code=long-expired"}, "", "The code has expired"),
        (
            1,
            {"landing": "https://www.example.com/callback?error=access_denied"},
            "",
            "with an error instead of a code",
        ),
        (1, {"landing": "https://www.example.com/callback"}, "", "There is no code"),
        (3, {"mapping_enabled": "on", "mapping_customer_id": "user.no.such"}, "", "no customer id was found"),
        (1, {"oauth_sign_in_endpoint": ""}, "down", "a fault of its own"),
        (1, {"oauth_sign_in_endpoint": ""}, "rubbish", "not JSON"),
        (
            1,
            {"oauth_sign_in_endpoint": "", "oauth_authorize_endpoint": "https://no-such-host.invalid/t"},
            "",
            "No server has this name",
        ),
    ],
)
def test_the_step_that_fails_says_what_to_mend(
    admin: Client, shop: Organisation, support: Channel, provider: Provider,
    step: int, changes: dict[str, str], mood: str, words: str,
) -> None:  # fmt: skip
    data = form(admin.get(address(shop, support)), **typed(provider), landing=provider.code("42")) | changes
    provider.mood = mood
    steps = lines(admin, address(shop, support, "tester"), data)
    assert len(steps) == step + 1
    assert steps[-1][0] == "bad"
    assert words in steps[-1][1]


def test_a_stored_secret_is_used_and_another_attempt_s_state_is_seen(
    admin: Client, shop: Organisation, support: Channel, provider: Provider
) -> None:
    url = address(shop, support)
    assert admin.post(url, form(admin.get(url), **typed(provider))).status_code == 302
    data = form(admin.get(url))
    link = admin.post(
        address(shop, support, "sign_in"), data, headers={"HX-Request": "true"}
    ).content.decode()
    flow = re.search(r'name="flow" value="([^"]+)"', link)
    state = re.search(r"state=([\w-]+)", html.unescape(link))
    assert flow is not None
    assert state is not None
    assert "code_challenge_method=S256" in html.unescape(link)
    challenge = re.search(r"code_challenge=([\w-]+)", html.unescape(link))
    assert challenge is not None
    code = provider.code("42", code_challenge=challenge[1], code_challenge_method="S256")
    landing = f"https://www.example.com/callback?code={code}&state="
    foreign = lines(
        admin, address(shop, support, "tester"), data | {"flow": flow[1], "landing": f"{landing}other"}
    )
    assert "its state is not ours" in foreign[-1][1]
    own = lines(
        admin, address(shop, support, "tester"), data | {"flow": flow[1], "landing": landing + state[1]}
    )
    assert own[-1][0] == "good"


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_discovery_fills_the_endpoints_and_saves_nothing(
    admin: Client, shop: Organisation, support: Channel, headers: dict[str, str]
) -> None:
    url = address(shop, support)
    with openid_provider("https://www.example.com/callback") as issuer:
        data = form(
            admin.get(url), mode="oauth", discovery=issuer, discover="1", oauth_client_id="typed before"
        )
        page = html.unescape(admin.post(url, data, headers=headers).content.decode())
        for field, path in {"authorize": "token", "userinfo": "me", "sign_in": "auth"}.items():
            assert re.search(rf'name="oauth_{field}_endpoint" value="{issuer}/{path}"', page), field
        assert "typed before" in page
        assert section(shop, support)["mode"] == "anonymous"
    page = html.unescape(admin.post(url, data, headers=headers).content.decode())
    assert "does not take the connection" in page
    assert "typed before" in page


def test_the_certified_provider_is_understood(admin: Client, shop: Organisation, support: Channel) -> None:
    with openid_provider("https://www.example.com/callback") as issuer:
        data = form(
            admin.get(address(shop, support)),
            mode="oauth",
            oauth_sign_in_endpoint=f"{issuer}/auth",
            oauth_authorize_endpoint=f"{issuer}/token",
            oauth_userinfo_endpoint=f"{issuer}/me",
            oauth_client_id="chat",
            oauth_client_secret=SECRET,
            oauth_redirect_uri="https://www.example.com/callback",
            landing="made-up-code",
        )
        steps = lines(admin, address(shop, support, "tester"), data)
        assert [verdict for verdict, _text in steps] == ["good", "bad"]
        assert "The code has expired" in steps[1][1]
        wrong = lines(admin, address(shop, support, "tester"), data | {"oauth_client_secret": "wrong"})
        assert "the secret is wrong" in wrong[-1][1]
