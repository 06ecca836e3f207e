"""Sign-in against a real authorization server: codes, refresh, UserInfo, mapping, replay, trouble; and no way around it."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any, Literal

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from auth_config.section import EMPTY
from auth_config.tests.provider import Provider, running
from file_restrictions.rules import default_section
from gateway.tests.client import Agent, Visitor
from gateway.tests.environment import HTTP, SIGNING, Channel, Environment, until
from kit.secrets import Keyring, Unreadable, derived_key, new_key

ORIGIN = {"Origin": "http://localhost:3000"}
_release = itertools.count(2)


@pytest.fixture(scope="module")
def env(gateway_database: str) -> Iterator[Environment]:
    """An environment that may call this very machine, and looks for due tokens all the time."""
    environment = Environment(
        "test",
        gateway_database,
        extra={
            "ALLOW_LOOPBACK_PROVIDERS": "1",
            "GATEWAY_REFRESH_SECONDS": "1",
            "GATEWAY_RETENTION_SECONDS": "1",
        },
    )
    environment.migrate()
    environment.start()
    yield environment
    environment.stop()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running(
        users={"42": {"user": {"id": "42", "first": "Zoé", "last": "Roy"}, "plan": " GOLD "}}
    ) as started:
        yield started


MAPPING = {
    "enabled": True,
    "customer_id": "user.id",
    "first_name": "user.first",
    "last_name": "user.last",
    "fields": [{"field": "plan", "path": "plan", "transform": "trim_lower"}],
}
FLAGS = {
    "anonymous": (False, False),
    "cookie": (False, True),
    "oauth": (True, False),
    "jwt": (True, False),
}


def section(mode: str, **changes: Any) -> dict[str, Any]:
    made = {**EMPTY, "mode": mode, **changes}
    for group, names in (
        ("oauth", ("client_secret", "previous_client_secret")),
        ("jwt", ("secret", "previous_secret")),
    ):
        made[group] = {"secrets": [], **{k: v for k, v in made[group].items() if k not in names}}
    return made


def facts(mode: str, **changes: Any) -> dict[str, Any]:
    """Document and private part of a channel in this mode."""
    authorization, cookie = FLAGS[mode]
    return {
        "document": {
            "isAuthorizationEnabled": authorization,
            "isSecuredCookieEnabled": cookie,
            "isUnsecuredConnectionAllowed": mode == "anonymous",
        },
        "private": {
            **Channel().private,
            "auth_config": section(mode, **changes),
            "file_restrictions": default_section(),
        },
    }


def oauth_channel(env: Environment, provider: Provider, **oauth: Any) -> Channel:
    return env.publish(**facts("oauth", oauth=provider.oauth(**oauth), mapping=MAPPING))


def switch(env: Environment, channel: Channel, mode: str, **changes: Any) -> None:
    channel.release = next(_release) + channel.release
    for name, value in facts(mode, **changes).items():
        setattr(channel, name, value)
    assert env.push(channel).status_code == 200


def ask(
    env: Environment,
    channel: Channel,
    body: dict[str, Any],
    query: dict[str, str] | None = None,
    **headers: str,
) -> httpx.Response:
    return HTTP.post(
        f"{env.url}/oauth/token",
        params={"brandId": channel.brand, "channelId": channel.id, "visitorId": "v", **(query or {})},
        json=body,
        headers=ORIGIN | headers,
    )


def with_code(env: Environment, channel: Channel, code: str, **more: Any) -> httpx.Response:
    return ask(
        env, channel, {"thirdParty": {"grant_type": "authorization_code", "authorization_code": code, **more}}
    )


def with_refresh(env: Environment, channel: Channel, token: str) -> httpx.Response:
    return ask(env, channel, {"thirdParty": {"grant_type": "refresh_token", "refresh_token": token}})


def refused(answer: httpx.Response, status: int = 401) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["errorCode"] == "CustomerAuthorizationFailed"
    assert "set-cookie" not in answer.headers
    return str(error["errorMessage"])


def signed_in(env: Environment, channel: Channel, answer: httpx.Response) -> Visitor:
    assert answer.status_code == 200, answer.text
    data = answer.json()
    return Visitor(
        env,
        channel,
        customer=data["customerIdentity"]["idOnExternalPlatform"],
        authorize=False,
        query={"transactionToken": data["accessToken"]},
    )


# -- OAuth -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("json_body", [False, True], ids=["form", "json"])
@pytest.mark.parametrize("authentication", ["basic", "post"])
def test_a_code_says_who_the_customer_is_once(
    env: Environment, provider: Provider, json_body: bool, authentication: str
) -> None:
    provider.json_body = json_body
    channel = oauth_channel(env, provider, client_authentication=authentication)
    other = oauth_channel(env, provider, client_authentication=authentication)
    code = provider.code("42")
    data = with_code(env, channel, code).json()
    assert data["customerIdentity"] == {
        "idOnExternalPlatform": "42", "firstName": "Zoé", "lastName": "Roy", "image": "",
    }  # fmt: skip
    assert data["contact"] == {"customFields": [{"ident": "plan", "value": "gold"}]}
    assert not any(issued in json.dumps(data) for issued in provider.issued)
    asked = provider.count("/token")
    assert "used before" in refused(with_code(env, channel, code))
    assert "used before" in refused(with_code(env, other, code))
    assert provider.count("/token") == asked


def test_mapped_fields_land_in_the_customer_and_the_contact_whatever_the_page_says(
    env: Environment, provider: Provider
) -> None:
    channel = oauth_channel(env, provider)
    with (
        signed_in(env, channel, with_code(env, channel, provider.code("42"))) as visitor,
        Agent(env, channel) as agent,
    ):
        visitor.ask("SendMessage", visitor.message(
            "bonjour", consumerContact={"customFields": [{"ident": "plan", "value": "forged"}]}
        ))  # fmt: skip
        message = agent.event("message")
        assert message["customer"] == "Zoé Roy"
        found = visitor.data("RecoverThread", {"thread": {"idOnExternalPlatform": visitor.thread}})
        assert {"ident": "plan", "value": "gold"} in found["contact"]["customFields"]
        assert {"ident": "plan", "value": "gold"} in found["customer"]["customFields"]


def test_userinfo_is_asked_again_for_each_new_conversation_and_its_values_follow(
    env: Environment, provider: Provider
) -> None:
    channel = oauth_channel(env, provider)
    with signed_in(env, channel, with_code(env, channel, provider.code("42"))) as visitor:
        provider.users["42"]["plan"] = "platinum"
        visitor.say("un")
        until(lambda: provider.count("/userinfo") == 2)
        visitor.say("deux")
        visitor.say("trois", thread=(second := str(uuid.uuid4())))
        # Of the second message in a conversation nothing is heard within the minute; the new conversation asks.
        until(lambda: provider.count("/userinfo") == 3)

        def values() -> list[dict[str, str]]:
            found = visitor.data("RecoverThread", {"thread": {"idOnExternalPlatform": second}})
            return list(found["contact"]["customFields"])

        until(lambda: {"ident": "plan", "value": "platinum"} in values())
        assert provider.count("/userinfo") == 3


def test_tokens_are_refreshed_at_nine_tenths_of_their_life_unseen(
    env: Environment, provider: Provider
) -> None:
    provider.life = 30
    channel = oauth_channel(env, provider)
    with signed_in(env, channel, with_code(env, channel, provider.code("42"))) as visitor:
        env.execute("UPDATE gateway_session SET refresh_at = now() WHERE channel = %s", channel.id)
        until(lambda: provider.count("/token") == 2, seconds=30)
        until(lambda: env.execute(
            "SELECT refresh_at > now() + interval '20 seconds' AND refresh_at < now() + interval '28 seconds'"
            " FROM gateway_session WHERE channel = %s", channel.id
        ) == [(True,)])  # fmt: skip
        visitor.say("encore là")


def test_a_refresh_token_of_ours_is_renewed_and_a_stolen_one_ends_the_session(
    env: Environment, provider: Provider
) -> None:
    channel = oauth_channel(env, provider)
    first = with_code(env, channel, provider.code("42"))
    token = first.json()["thirdParty"]["refresh_token"]
    with signed_in(env, channel, first) as visitor:
        second = with_refresh(env, channel, token)
        newer = second.json()["thirdParty"]["refresh_token"]
        assert newer != token
        # The answer may have got lost: for a minute the former one opens as well.
        assert with_refresh(env, channel, token).status_code == 200
        env.execute(
            "UPDATE gateway_session SET renewed_at = now() - interval '2 minutes' WHERE channel = %s",
            channel.id,
        )
        refused(with_refresh(env, channel, token))
        refused(with_refresh(env, channel, newer))
        assert visitor.closing() == (4401, "CustomerAuthorizationFailed")


def test_a_provider_that_takes_its_refresh_token_back_ends_the_session(
    env: Environment, provider: Provider
) -> None:
    channel = oauth_channel(env, provider)
    answer = with_code(env, channel, provider.code("42"))
    provider.forget_refresh_tokens()
    env.execute("UPDATE gateway_session SET refresh_at = now() WHERE channel = %s", channel.id)
    until(lambda: with_refresh(env, channel, answer.json()["thirdParty"]["refresh_token"]).status_code == 401)


def test_secrets_rotate_with_an_overlap(env: Environment, provider: Provider) -> None:
    channel = oauth_channel(env, provider, secrets=["the new one, not there yet", provider.secrets[0]])
    assert with_code(env, channel, provider.code("42")).status_code == 200
    provider.secrets[:] = ["the new one, not there yet"]
    assert with_code(env, channel, provider.code("42")).status_code == 200
    provider.secrets[:] = ["neither"]
    assert "client id and secret" in refused(with_code(env, channel, provider.code("42")))


def test_the_environment_s_keys_change_with_an_overlap(
    env: Environment, gateway_database: str, provider: Provider
) -> None:
    """A provider's tokens move to the newest key when they are refreshed; under a key that is gone, the session ends."""
    channel = oauth_channel(env, provider, store_access_token=True)
    answer = with_code(env, channel, provider.code("42"))
    forgotten = with_code(env, channel, provider.code("7")).json()["thirdParty"]["refresh_token"]
    refresh = answer.json()["thirdParty"]["refresh_token"]
    first, second = new_key(), new_key()

    def sealed_under(*keys: str) -> bool:
        rows = env.execute("SELECT id::text, provider FROM gateway_session s WHERE channel = %s", channel.id)
        try:
            opened = [Keyring(keys).decrypt(text, place=number) for number, text in rows]
        except Unreadable:
            return False
        return all(json.loads(one)["refresh"] in provider.issued for one in opened)

    derived = derived_key("a secret of the tests, the same for every process", "gateway test provider tokens")
    assert sealed_under(derived)
    assert not sealed_under(first)
    for keys, asked in ((first, 3), (f"{second},{first}", 4), (second, 5)):
        process = Environment(
            "test",
            gateway_database,
            extra={**env.extra, "GATEWAY_FIELD_ENCRYPTION_KEYS": keys},
        )
        process.start()
        try:
            env.execute(
                "UPDATE gateway_session SET refresh_at = now(), busy_until = NULL WHERE channel = %s"
                " AND customer_id = (SELECT id FROM gateway_customer k WHERE k.channel = %s AND external_id = '42')",
                channel.id, channel.id,
            )  # fmt: skip
            answer = with_refresh(process, channel, refresh)
            assert answer.status_code == 200, answer.text
            refresh = answer.json()["thirdParty"]["refresh_token"]
            assert provider.count("/token") == asked
            if keys == second:
                # The one key is gone which nobody refreshed under: what it sealed ends.
                env.execute(
                    "UPDATE gateway_session SET refresh_at = now(), provider = %s WHERE channel = %s"
                    " AND customer_id = (SELECT id FROM gateway_customer k WHERE k.channel = %s AND external_id = '7')",
                    Keyring([first]).encrypt("{}", place="any"), channel.id, channel.id,
                )  # fmt: skip
                assert "ended the session" in refused(with_refresh(process, channel, forgotten))
                refused(with_refresh(process, channel, forgotten))
                env.execute(
                    "DELETE FROM gateway_session WHERE channel = %s AND ended_at IS NOT NULL", channel.id
                )
                assert sealed_under(second)
                assert not sealed_under(first, derived)
        finally:
            process.stop()


def test_pkce_goes_through_and_may_be_required(env: Environment, provider: Provider) -> None:
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    channel = oauth_channel(env, provider, pkce=True)
    verifier = "v" * 50
    challenge = {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
    assert "PKCE" in refused(with_code(env, channel, provider.code("42", **challenge)))
    refused(with_code(env, channel, provider.code("42", **challenge), code_verifier="w" * 50))
    assert (
        with_code(env, channel, provider.code("42", **challenge), code_verifier=verifier).status_code == 200
    )


@pytest.mark.parametrize("mood", ["down", "rubbish", "hangs_up"])
def test_a_provider_in_trouble_opens_its_circuit_and_others_are_unharmed(
    env: Environment, provider: Provider, mood: str
) -> None:
    channel = oauth_channel(env, provider)
    code = provider.code("42")
    provider.mood = mood
    for _ in range(3):
        # Nobody at the provider has used the code: it may come again.
        assert "does not answer" in refused(with_code(env, channel, code), 503)
    asked = len(provider.asked)
    refused(with_code(env, channel, code), 503)
    assert len(provider.asked) == asked
    with running() as sound:
        answer = with_code(env, env.publish(**facts("oauth", oauth=sound.oauth())), sound.code("7"))
        assert answer.json()["customerIdentity"]["idOnExternalPlatform"] == "7"


def test_a_slow_provider_is_answered_for_within_ten_seconds(env: Environment, provider: Provider) -> None:
    channel = oauth_channel(env, provider)
    # It says nothing for twice as long as the client below waits.
    provider.mood = "slow"
    refused(HTTP.post(
        f"{env.url}/oauth/token",
        params={"brandId": channel.brand, "channelId": channel.id},
        json={"thirdParty": {"grant_type": "authorization_code", "authorization_code": provider.code("42")}},
        headers=ORIGIN, timeout=15,
    ), 503)  # fmt: skip


def test_live_never_calls_this_machine_nor_a_private_network(live: Environment, provider: Provider) -> None:
    for url in (
        provider.url,
        "https://127.0.0.1",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://[::1]",
    ):
        channel = live.publish(**facts("oauth", oauth=provider.oauth(authorize_endpoint=f"{url}/token")))
        refused(with_code(live, channel, "code"), 401)
    assert provider.asked == []


def test_no_answer_log_or_table_holds_a_secret_or_a_token_of_the_provider(
    env: Environment, provider: Provider
) -> None:
    channel = oauth_channel(env, provider, store_access_token=True)
    answer = with_code(env, channel, provider.code("42"))
    with signed_in(env, channel, answer) as visitor:
        visitor.say("bonjour")
        until(lambda: provider.count("/userinfo") == 2)
        served = [answer.text, env.channel_json(channel).text, HTTP.get(f"{env.url}/metrics").text]
        rows = str(env.execute("SELECT t::text FROM gateway_session t WHERE channel = %s", channel.id))
        stored = str([env.execute(f"SELECT t::text FROM {table} t") for table in (
            "gateway_usedticket", "gateway_customer", "gateway_thread", "gateway_contact", "gateway_message", "gateway_publishedchannel",
        )])  # fmt: skip
        for secret in (*provider.secrets, *provider.issued):
            assert not any(secret in text for text in (*served, rows, stored))


# -- signed tokens -----------------------------------------------------------------------------------------------------

SHARED = "a shared secret of the tests, long enough for HS256"


def signed(channel: Channel, key: Any = SHARED, algorithm: str = "HS256", **claims: Any) -> str:
    key = OctKey.import_key(key) if isinstance(key, str) else key
    now = int(time.time())
    made = {"sub": "42", "aud": channel.id, "exp": now + 300, "jti": str(uuid.uuid4()), **claims}
    return jwt.encode(
        {"alg": algorithm}, {k: v for k, v in made.items() if v is not None}, key, algorithms=[algorithm]
    )


def jwt_channel(env: Environment, **changes: Any) -> Channel:
    return env.publish(**facts("jwt", jwt={**EMPTY["jwt"], "secrets": [SHARED], **changes}))


def test_a_signed_token_signs_in_once_and_clocks_may_differ_by_a_minute(env: Environment) -> None:
    channel, now = jwt_channel(env), int(time.time())
    token = signed(channel, given_name="Zoé", iat=now + 50)
    data = with_code(env, channel, token).json()
    assert data["customerIdentity"]["idOnExternalPlatform"] == "42"
    assert "used before" in refused(with_code(env, channel, token))
    assert with_refresh(env, channel, data["thirdParty"]["refresh_token"]).status_code == 200
    assert with_code(env, channel, signed(channel, exp=now - 40)).status_code == 200
    cases: dict[str, dict[str, Any]] = {
        "expired": {"exp": now - 90},
        "an hour": {"exp": now + 7200},
        "no exp": {"exp": None},
        "clock": {"iat": now + 200},
        "aud": {"aud": f"chat_{uuid.uuid4()}"},
        "no number": {"exp": "soon"},
        "customer id": {"sub": None},
    }
    for words, wrong in cases.items():
        assert words in refused(with_code(env, channel, signed(channel, **wrong))), words


def test_a_token_under_another_key_or_none_signs_nobody_in(env: Environment) -> None:
    rsa, other = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
    public = rsa.as_pem(private=False).decode()
    channel = jwt_channel(env, algorithm="public", public_keys=public, secrets=[])
    assert with_code(env, channel, signed(channel, rsa, "RS256")).status_code == 200
    refused(with_code(env, channel, signed(channel, other, "RS256")))
    # The public key taken for a shared secret, and no signature at all.
    head, body, _ = signed(channel).split(".")
    forged = hmac.new(public.encode(), f"{head}.{body}".encode(), "sha256").digest()
    refused(with_code(env, channel, f"{head}.{body}.{base64.urlsafe_b64encode(forged).decode().rstrip('=')}"))
    head, body, _ = signed(channel, rsa, "RS256").split(".")
    refused(with_code(env, channel, f"{head}.{body}."))
    refused(with_code(env, channel, f"eyJhbGciOiJub25lIn0.{body}."))


# -- secured cookie ----------------------------------------------------------------------------------------------------


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def test_a_cookie_no_script_reads_recognises_the_browser(env: Environment) -> None:
    channel = env.publish(**facts("cookie"))
    first = ask(env, channel, {})
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("__Host-cx_digital_wi")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=None", "Partitioned", "Max-Age=34560000"} <= set(
        cookie.split("; ")
    )
    assert "Domain" not in cookie
    assert "identityToken" not in first.json()
    who = first.json()["customerIdentity"]["idOnExternalPlatform"]
    again = ask(env, channel, {}, Cookie=cookie_of(first))
    assert again.json()["customerIdentity"]["idOnExternalPlatform"] == who
    assert ask(env, channel, {}).json()["customerIdentity"]["idOnExternalPlatform"] != who
    # A cookie of one channel opens no other.
    other = env.publish(**facts("cookie"))
    moved = cookie_of(first).replace(channel.id[5:].replace("-", "")[:16], other.id[5:].replace("-", "")[:16])
    assert ask(env, other, {}, Cookie=moved).json()["customerIdentity"]["idOnExternalPlatform"] != who


def test_where_cookies_are_blocked_the_page_s_storage_takes_their_place(env: Environment) -> None:
    channel = env.publish(**facts("cookie"))
    probe = ask(env, channel, {}, {"cookieProbe": "set"})
    assert probe.json() == {}
    blocked = ask(env, channel, {}, {"cookieProbe": "check"})
    assert (blocked.status_code, blocked.json()["error"]["errorCode"]) == (401, "CookiesBlocked")
    assert ask(env, channel, {}, {"cookieProbe": "check"}, Cookie=cookie_of(probe)).status_code == 200
    data = ask(env, channel, {}, {"storageFallback": "1"}).json()
    again = ask(
        env, channel, {}, {"storageFallback": "1"}, Authorization=f"Bearer {data['identityToken']}"
    ).json()
    assert again["customerIdentity"] == data["customerIdentity"]
    assert again["identityToken"] == data["identityToken"]


@pytest.mark.parametrize("sliding", [True, False])
def test_a_lifetime_slides_or_not_as_the_channel_says(env: Environment, sliding: bool) -> None:
    channel = env.publish(**facts("cookie", cookie={"lifetime_minutes": 10, "sliding": sliding}))
    cookie = cookie_of(ask(env, channel, {}))
    env.execute(
        "UPDATE gateway_session SET expires_at = now() + interval '5 minutes' WHERE channel = %s", channel.id
    )
    answer = ask(env, channel, {}, Cookie=cookie)
    age = int(answer.headers["set-cookie"].partition("Max-Age=")[2].partition(";")[0])
    assert (age == 600) is sliding
    renewed = env.execute(
        "SELECT expires_at > now() + interval '6 minutes' FROM gateway_session WHERE channel = %s", channel.id
    )
    assert renewed == [(sliding,)]
    env.execute("UPDATE gateway_session SET expires_at = now() WHERE channel = %s", channel.id)
    who = answer.json()["customerIdentity"]
    assert ask(env, channel, {}, Cookie=cookie).json()["customerIdentity"] != who


def test_signing_out_everywhere_closes_every_device(env: Environment, provider: Provider) -> None:
    channel = oauth_channel(env, provider)
    here, there = (with_code(env, channel, provider.code("42")) for _ in range(2))
    with signed_in(env, channel, here), signed_in(env, channel, there) as elsewhere:
        answer = HTTP.post(
            f"{env.url}/oauth/sign-out",
            params={"brandId": channel.brand, "channelId": channel.id, "everywhere": "1"},
            headers=ORIGIN | {"Authorization": f"Bearer {here.json()['accessToken']}"},
        )
        assert answer.status_code == 200
        assert elsewhere.closing() == (4401, "CustomerAuthorizationFailed")
    for one in (here, there):
        refused(with_refresh(env, channel, one.json()["thirdParty"]["refresh_token"]))
        with signed_in(env, channel, one) as visitor:
            assert visitor.closing()[0] == 4401


def test_a_new_epoch_signs_everybody_out_at_once(env: Environment, provider: Provider) -> None:
    channel = oauth_channel(env, provider)
    answer = with_code(env, channel, provider.code("42"))
    with signed_in(env, channel, answer) as visitor:
        switch(env, channel, "oauth", oauth=provider.oauth(), mapping=MAPPING, epoch=1)
        assert visitor.closing()[0] == 4401
    refused(with_refresh(env, channel, answer.json()["thirdParty"]["refresh_token"]))
    assert with_code(env, channel, provider.code("42")).status_code == 200


# -- every door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["oauth", "jwt", "cookie"])
def test_no_door_opens_without_a_sign_in(env: Environment, mode: str, provider: Provider) -> None:
    """A session begun while the channel was anonymous is brought to each of them."""
    channel = env.publish(**facts("anonymous"))
    former = ask(env, channel, {"customerIdentity": {"idOnExternalPlatform": "42"}}).json()
    with Visitor(env, channel, customer="42") as before:
        access = before.authorized["postback"]["data"]["accessToken"]
        content = base64.b64encode(
            b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        )
        taken = HTTP.post(
            env.url + channel.path + "/attachment",
            json={"content": content.decode(), "fileName": "a.pdf", "mimeType": "application/pdf"},
            headers=ORIGIN,
        )
        file = taken.json()["fileUrl"]
        message = before.say("avant", attachments=[{"url": file, "friendlyName": "a.pdf"}])
        bearer = f"Bearer {former['accessToken']}"
        assert HTTP.get(file, headers={"Authorization": bearer}).status_code == 200
        switch(
            env,
            channel,
            mode,
            oauth=provider.oauth(),
            jwt={**EMPTY["jwt"], "secrets": [SHARED]},
            mapping=MAPPING,
        )
        # The socket that was open.
        assert before.closing()[0] == 4401
    # The token endpoint, in every shape of another mode.
    bodies: list[dict[str, Any]] = [
        {"customerIdentity": {"idOnExternalPlatform": "42"}},
        {"type": "anonymous", "customerIdentity": {"idOnExternalPlatform": "42"}},
        {"thirdParty": {}},
        {"thirdParty": {"grant_type": "authorization_code", "authorization_code": ""}},
        {"thirdParty": {"grant_type": "authorization_code", "authorization_code": "made-up"}},
        {"thirdParty": {"grant_type": "refresh_token", "refresh_token": former["accessToken"]}},
        {"thirdParty": {"grant_type": "refresh_token", "refresh_token": f"{uuid.uuid4().hex}.x"}},
        {"thirdParty": {"grant_type": "password", "username": "42", "password": "42"}},
    ]
    if mode != "cookie":
        bodies.append({})
    for body in bodies:
        answer = ask(env, channel, body)
        if mode == "cookie" and "thirdParty" not in body:
            # A browser is recognised, nobody's claim is heard.
            assert answer.json()["customerIdentity"]["idOnExternalPlatform"] != "42"
        else:
            refused(answer)
    # The socket: no token, a token of before, and each event that could speak for a customer.
    with Visitor(
        env, channel, customer="42", authorize=False, query={"transactionToken": former["accessToken"]}
    ) as visitor:
        assert visitor.closing()[0] == 4401
    if mode == "cookie":
        with Visitor(env, channel, customer="42", authorize=False) as visitor:
            assert visitor.closing()[0] == 4401
    else:
        with Visitor(env, channel, customer="42", authorize=False) as visitor:
            assert visitor.refusal("AuthorizeCustomer", {"authorization": {}}, action="register")
            assert visitor.refusal(
                "AuthorizeCustomer", {"authorization": {"authorizationCode": "made-up"}}, action="register"
            )
            assert (
                visitor.refusal("ReconnectConsumer", {"accessToken": access}) == "ConsumerReconnectionFailed"
            )
            assert visitor.refusal("RefreshToken", {"accessToken": access}) == "TokenRefreshingFailed"
            for event in (
                "FetchThreadList",
                "RecoverThread",
                "SendMessage",
                "LoadThreadMetadata",
                "SetConsumerCustomFields",
            ):
                assert visitor.refusal(event, {}) == "ConsumerAuthorizationFailed"
    # One message over HTTP, a file of before, an upload, the availability: none gives a session.
    url = f"{env.url}/chat/1.0/brand/{channel.brand}/messages/{message['id']}"
    for bearer in (former["accessToken"], access["token"]):
        assert HTTP.get(url, headers=ORIGIN | {"Authorization": f"Bearer {bearer}"}).status_code == 401
        assert HTTP.get(file, headers={"Authorization": f"Bearer {bearer}"}).status_code == 404
    for answer in (
        HTTP.post(
            env.url + channel.path + "/attachment",
            json={"content": "", "fileName": "a", "mimeType": "text/plain"},
            headers=ORIGIN,
        ),
        env.get(channel.path + "/availability"),
        env.channel_json(channel),
    ):
        assert "set-cookie" not in answer.headers
        assert "accessToken" not in answer.text


def test_a_channel_whose_parts_disagree_lets_nobody_in(env: Environment, provider: Provider) -> None:
    made = facts("oauth", oauth=provider.oauth())
    made["private"]["auth_config"]["mode"] = "anonymous"
    channel = env.publish(**made)
    assert "does not offer" in refused(
        ask(env, channel, {"customerIdentity": {"idOnExternalPlatform": "42"}})
    )
    with Visitor(env, channel, authorize=False) as visitor:
        assert visitor.closing()[0] == 4401


def test_an_older_client_may_bring_its_code_over_the_socket(env: Environment, provider: Provider) -> None:
    channel = oauth_channel(env, provider)
    with Visitor(env, channel, customer="somebody else", authorize=False) as visitor:
        data = visitor.data(
            "AuthorizeCustomer",
            {"authorization": {"authorizationCode": provider.code("42")}},
            action="register",
        )
        assert data["consumerIdentity"]["idOnExternalPlatform"] == "42"
        assert visitor.say("bonjour")["authorEndUserIdentity"]["idOnExternalPlatform"] == "42"
        token = visitor.data("RefreshToken", {"accessToken": data["accessToken"]})["accessToken"]
    with Visitor(env, channel, authorize=False) as again:
        assert again.ask("ReconnectConsumer", {"accessToken": token})["status"] == "success"
        assert len(again.data("FetchThreadList", {})["threads"]) == 1


def test_an_unencrypted_socket_is_refused_in_live_and_let_in_where_the_channel_allows_it(
    live: Environment,
) -> None:
    channel = live.publish(**facts("anonymous"))
    with Visitor(live, channel) as visitor:
        assert visitor.authorized["status"] == "success"
    channel.release += 1
    channel.document["isUnsecuredConnectionAllowed"] = False
    assert live.push(channel).status_code == 200
    with Visitor(live, channel, authorize=False) as visitor:
        assert visitor.closing() == (4403, "UnsecuredConnectionNotAllowed")


# -- history -----------------------------------------------------------------------------------------------------------


def test_the_whole_history_comes_on_any_device_page_by_page_newest_first_and_never_another_s(
    live: Environment,
) -> None:
    # In live no practice agent stirs the order.
    channel = jwt_channel(live)
    channel.release += 1
    channel.document["isUnsecuredConnectionAllowed"] = True
    assert live.push(channel).status_code == 200
    with signed_in(live, channel, with_code(live, channel, signed(channel, sub="42"))) as visitor:
        threads = [str(uuid.uuid4()) for _ in range(7)]
        for number, thread in enumerate(threads):
            visitor.say(f"message {number}", thread=thread)
    with signed_in(live, channel, with_code(live, channel, signed(channel, sub="7"))) as stranger:
        stranger.say("à moi", thread=str(uuid.uuid4()))
        assert len(stranger.data("FetchThreadList", {})["threads"]) == 1
        assert stranger.refusal("RecoverThread", {"thread": {"idOnExternalPlatform": threads[0]}})
    with signed_in(live, channel, with_code(live, channel, signed(channel, sub="42"))) as device:
        seen, scroll = [], ""
        while True:
            page = device.data("FetchThreadList", {"limit": 3, "scrollToken": scroll})
            seen += [one["idOnExternalPlatform"] for one in page["threads"]]
            scroll = page["scrollToken"]
            if not scroll:
                break
        assert seen == threads[::-1]
        assert device.refusal("FetchThreadList", {"limit": 3, "scrollToken": "t1.x"})


def test_what_was_said_anonymously_is_the_customer_s_after_sign_in_and_a_claim_is_not(
    env: Environment, provider: Provider
) -> None:
    channel = env.publish(**facts("anonymous"))
    own = str(uuid.uuid4())
    data = ask(env, channel, {"customerIdentity": {"idOnExternalPlatform": own}}).json()
    with Visitor(env, channel, customer=own) as visitor, Visitor(env, channel, customer="42") as claimant:
        visitor.say("anonyme")
        claimant.say("je suis 42")
    assert (
        "anonymousToken" not in ask(env, channel, {"customerIdentity": {"idOnExternalPlatform": "42"}}).json()
    )
    switch(env, channel, "oauth", oauth=provider.oauth(), mapping=MAPPING)
    body = {
        "thirdParty": {"grant_type": "authorization_code", "authorization_code": provider.code("42")},
        "anonymousToken": data["anonymousToken"],
    }
    with signed_in(env, channel, ask(env, channel, body)) as signed:
        threads = signed.data("FetchThreadList", {})["threads"]
        assert [one["idOnExternalPlatform"] for one in threads] == [visitor.thread]
        assert signed.data("RecoverThread", {"thread": {"idOnExternalPlatform": visitor.thread}})["messages"][
            -1
        ]["messageContent"]["payload"] == {"text": "anonyme"}
    # And back: nobody claims what somebody proved.
    switch(env, channel, "anonymous")
    assert "signed in" in refused(ask(env, channel, {"customerIdentity": {"idOnExternalPlatform": "42"}}))
    with Visitor(env, channel, customer="42", authorize=False) as visitor:
        assert (
            visitor.refusal("AuthorizeCustomer", {"authorization": {}}, action="register")
            == "ConsumerAuthorizationFailed"
        )


# -- retention, export, erasure ----------------------------------------------------------------------------------------


def test_conversations_are_erased_when_their_days_are_over(env: Environment) -> None:
    channel = env.publish(**facts("anonymous", retention_days=30))
    with Visitor(env, channel) as visitor:
        visitor.say("vieux")
        visitor.say("neuf", thread=(kept := str(uuid.uuid4())))

        def only_the_newer_is_left() -> bool:
            # Again each time: the practice agent's answer makes the conversation young.
            env.execute(
                "UPDATE gateway_thread SET active_at = now() - interval '31 days' WHERE external_id = %s",
                visitor.thread,
            )
            threads = visitor.data("FetchThreadList", {})["threads"]
            return [one["idOnExternalPlatform"] for one in threads] == [kept]

        until(only_the_newer_is_left, seconds=30)
    assert env.execute(
        "SELECT content #>> '{payload,text}' FROM gateway_message m JOIN gateway_thread t ON t.id = m.thread_id WHERE t.channel = %s AND author = 'customer'",
        channel.id,
    ) == [("neuf",)]


def request_data(
    env: Environment, channel: Channel, customer: str, act: Literal["export", "erase"], **changes: Any
) -> httpx.Response:
    from auth_config import rules

    asked = rules.CustomerRequest(
        changes.get("environment", "test"), channel.brand, channel.id, customer, act
    )
    signed_text = rules.sign_request(
        json.dumps(changes.get("key", SIGNING)), asked, now=changes.get("now", time.time())
    )
    return HTTP.post(f"{env.url}/_push/v1/customers", content=signed_text)


def test_one_customer_s_data_is_exported_and_erased_on_a_signed_request_only(
    env: Environment, provider: Provider
) -> None:
    from publishing import snapshot

    channel = oauth_channel(env, provider)
    with (
        signed_in(env, channel, with_code(env, channel, provider.code("42"))) as visitor,
        signed_in(env, channel, with_code(env, channel, provider.code("7"))) as other,
    ):
        visitor.say("mes données")
        other.say("les siennes")
        for wrong in (
            {"key": snapshot.new_signing_key()},
            {"environment": "live"},
            {"now": time.time() - 120},
        ):
            assert request_data(env, channel, "42", "erase", **wrong).status_code == 401
        exported = request_data(env, channel, "42", "export")
        assert (
            exported.json()["conversations"][0]["messages"][0]["content"]["payload"]["text"] == "mes données"
        )
        assert "les siennes" not in exported.text
        assert not any(secret in exported.text for secret in (*provider.issued, *provider.secrets))
        assert request_data(env, channel, "42", "erase").json() == {"conversations": 1}
        assert visitor.closing()[0] == 4401
        assert request_data(env, channel, "42", "export").status_code == 404
        assert len(other.data("FetchThreadList", {})["threads"]) == 1
