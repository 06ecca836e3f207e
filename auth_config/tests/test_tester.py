"""The tester and the discovery against real providers: a line per step, nothing secret shown, the sentence that mends."""

from __future__ import annotations

import base64
import hmac
import html
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.test import Client
from joserfc.jwk import ECKey, KeySet

from auth_config.id_token import IdTokenRefused, verify
from auth_config.tests.oidc import SECRET, openid_provider
from auth_config.tests.provider import Provider, later, running
from auth_config.tests.test_page import address, admin, form, section, shop, support
from channels_config.models import Channel
from kit import http, oauth
from kit.http import SafeClient
from tenants.models import Organisation

__all__ = ["admin", "shop", "support"]

_OTHER = ECKey.generate_key("P-256", {"kid": "other"})

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
    assert [verdict for verdict, _text in steps] == ["good"] * 5
    assert "there was no nonce to compare" in steps[2][1]
    shown = str(steps)
    assert "Customer id ← sub: 42" in shown
    for secret in (*provider.secrets, *provider.issued):
        assert secret not in shown
    assert section(shop, support)["mode"] == "anonymous"
    # Without script the same as a page.
    page = admin.post(
        address(shop, support, "tester"), data | {"landing": provider.code("7")}
    ).content.decode()
    assert page.count('<li class="auth-step is-good">') == 5
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
        (4, {"mapping_enabled": "on", "mapping_customer_id": "user.no.such"}, "", "no customer id was found"),
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
    without = data | {"flow": flow[1], "landing": landing.removesuffix("&state=")}
    assert "no state" in lines(admin, address(shop, support, "tester"), without)[-1][1]
    assert provider.count("/token") == 0
    own = lines(
        admin, address(shop, support, "tester"), data | {"flow": flow[1], "landing": landing + state[1]}
    )
    assert own[-1][0] == "good"
    # This provider dropped the nonce: said in the token's own line, and the steps go on.
    assert [verdict for verdict, _text in own] == ["good", "good", "bad", "good", "good"]
    assert "does not carry the nonce" in own[2][1]


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


def signed_in_at(issuer: str, link: str) -> str:
    """The address the certified provider sends a customer back to, who signs in as "zoe" and consents."""
    with httpx.Client(trust_env=False, timeout=20, base_url=issuer) as browser:
        answer = browser.get(link)
        for _page in range(20):
            target = str(answer.headers.get("location", ""))
            if target.startswith("https://www.example.com/callback"):
                return target
            if target:
                answer = browser.get(target)
                continue
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            action = re.search(r'action="([^"]+)"', answer.text)
            assert prompt is not None, answer.text[:500]
            assert action is not None
            answer = browser.post(action[1], data={"prompt": prompt[1], "login": "zoe", "password": "any"})
    pytest.fail(f"never sent back: {answer.text[:500]}")


def test_a_sign_in_at_the_certified_provider_is_verified_to_the_last_claim(
    admin: Client, shop: Organisation, support: Channel
) -> None:
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
            oauth_scopes="openid profile",
        )
        headers = {"HX-Request": "true"}
        page = html.unescape(
            admin.post(address(shop, support, "sign_in"), data, headers=headers).content.decode()
        )
        link, flow = re.search(r'href="([^"]+)"', page), re.search(r'name="flow" value="([^"]+)"', page)
        assert link is not None
        assert flow is not None
        landing = signed_in_at(issuer, link[1])
        steps = lines(admin, address(shop, support, "tester"), data | {"flow": flow[1], "landing": landing})
        assert [verdict for verdict, _text in steps] == ["good"] * 5
        assert f"Signed by {issuer} for this client" in steps[2][1]
        assert "alg = RS256" in steps[2][1]
        assert "The nonce is the one of this attempt." in steps[2][1]
        assert "The customer is “zoe”." in steps[4][1]
        assert re.search(r"eyJ\w{8}", str(steps)) is None


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("the answer holds no id_token", {"with_id_token": False}),
        ("made for another client", {"claims": {"aud": "somebody else"}}),
        ("made for another client", {"claims": {"aud": ["chat & co", "b"], "azp": "b"}}),
        ("was over when it came", {"claims": {"exp": lambda: later(-70)}}),
        ("was over when it came", {"claims": {"exp": None}}),
        ("clock is ahead", {"claims": {"iat": lambda: later(200)}}),
        ("names nobody", {"claims": {"sub": None}}),
        ("UserInfo speaks of somebody else", {"claims": {"sub": "43"}}),
        ("has no discovery document", {"claims": {"iss": "https://login.example.com.invalid"}}),
        ("is not the provider behind", {"document": {"issuer": "https://login.example.com"}}),
        ("is not the provider behind", {"document": {"token_endpoint": "https://login.example.com/token"}}),
        ("cannot be read at the address", {"document": {"jwks_uri": "http://127.0.0.1:1/jwks"}}),
        ("cannot be read at the address", {"document": {"jwks_uri": "https://10.0.0.1/jwks"}}),
        ("not among the provider’s public ones", {"jwks": KeySet([_OTHER]).as_dict(private=False)}),
        (
            "is not the provider’s. Is a former key",
            {"jwks": {"keys": [{**_OTHER.as_dict(private=False), "kid": "first"}]}},
        ),
    ],
)  # fmt: skip
def test_an_id_token_that_is_not_to_be_believed_says_why(
    admin: Client, shop: Organisation, support: Channel, words: str, changes: dict[str, Any]
) -> None:
    with running(**changes) as provider:
        data = form(
            admin.get(address(shop, support)), **typed(provider), landing=provider.code("42", nonce="n")
        )
        steps = lines(admin, address(shop, support, "tester"), data)
        bad = [(number, text) for number, (verdict, text) in enumerate(steps) if verdict == "bad"]
        assert [number for number, _text in bad] == [4 if "UserInfo" in words else 2]
        assert words in bad[0][1]
        assert len(steps) == 5
        # Clocks may differ by a minute.
        provider.claims, provider.document, provider.jwks = {"exp": later(-30), "iat": later(30)}, {}, None
        provider.with_id_token = True
        again = lines(admin, address(shop, support, "tester"), data | {"landing": provider.code("42")})
        assert [verdict for verdict, _text in again] == ["good"] * 5


def test_without_openid_among_the_scopes_no_identity_token_is_asked_for(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    with running(with_id_token=False) as provider:
        data = form(
            admin.get(address(shop, support)),
            **typed(provider, oauth_scopes="profile"),
            landing=provider.code("42"),
        )
        steps = lines(admin, address(shop, support, "tester"), data)
        assert [verdict for verdict, _text in steps] == ["good"] * 4
        assert "id_token" not in str(steps)


def _forged(header: dict[str, Any], body: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(body).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_no_signature_at_all_a_public_key_as_secret_and_rubbish_are_no_signatures() -> None:
    with running() as provider:
        given = oauth.provider(provider.oauth())
        claims = {"iss": provider.url, "aud": given.client_id, "sub": "42", "iat": later(0), "exp": later(60)}

        def refusal(text: str) -> str:
            async def ask() -> Any:
                async with SafeClient(loopback=True) as client:
                    return await verify(client, text, given, nonce="", now=time.time(), trace=[])

            with pytest.raises(IdTokenRefused) as refused:
                http.run(ask())
            return refused.value.code

        public = json.dumps(provider.key.as_dict(private=False)).encode()
        signing = _forged({"alg": "HS256"}, claims).rpartition(".")[0]
        mac = hmac.new(public, signing.encode(), "sha256").digest()
        assert refusal(_forged({"alg": "none"}, claims)) == "algorithm"
        assert refusal(_forged({"alg": "HS256"}, claims, mac)) == "signature"
        assert refusal(_forged({"alg": "ES256", "kid": "first"}, claims, b"x" * 64)) == "signature"
        assert refusal(_forged({"alg": "ES256", "kid": "first"}, claims)) == "signature"
        assert refusal("a.b.c.d.e") == "encrypted"
        for rubbish in ("", "a.b", "a.b.c", "é.é.é", _forged({"alg": "ES256"}, []), "x" * 70_000):  # type: ignore[arg-type]
            assert refusal(rubbish) == "malformed"
        # A provider may sign with the secret both have (HS256).
        mac = hmac.new(given.secrets[0].encode(), signing.encode(), "sha256").digest()

        async def good() -> Any:
            async with SafeClient(loopback=True) as client:
                text = _forged({"alg": "HS256"}, claims, mac)
                return await verify(client, text, given, nonce="", now=time.time(), trace=[])

        assert http.run(good()).claims["sub"] == "42"
