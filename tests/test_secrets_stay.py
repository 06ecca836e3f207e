"""A secret typed into the console, searched for as bytes in everything anybody but the provider could see."""

from __future__ import annotations

import base64
import html
import re
from contextlib import closing
from uuid import uuid4

import httpx
import redis

from auth_config.tests.provider import running
from tests.console_client import signed_in
from tests.stack import Stack, eventually

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


def test_a_secret_is_in_no_page_answer_log_task_redis_key_or_row(stack: Stack) -> None:
    secret = f"Geheim-{uuid4().hex}-ßé"
    console = signed_in(stack.console, stack.password)
    with closing(console.http), running(secrets=[secret]) as provider:
        channel = console.create_channel(f"Secrets {uuid4().hex[:8]}")
        page = console.get(channel, "authentication/").text
        fields = {
            name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
        }
        oauth = provider.oauth()
        fields |= {
            "mode": "oauth",
            "oauth_client_secret": secret,
            "retention_days": "0",
            "cookie_lifetime_minutes": "0",
            "jwt_session_minutes": "720",
            "jwt_algorithm": "shared",
            **{f"oauth_{name}": value for name, value in oauth.items() if isinstance(value, str)},
        }
        path = f"/o/1009/acd/digital/chat/{channel}/authentication/"
        saved = console.http.post(path, data=fields, headers={"Referer": stack.console})
        assert saved.status_code == 302, re.findall(r'class="field-error".*?</p>', saved.text, re.DOTALL)[:3]
        public = f"{stack.test}/chat/1.0/brand/1009/channel/{channel}"

        def served() -> bool:
            answer = httpx.get(public, trust_env=False)
            return answer.status_code == 200 and answer.json()["isAuthorizationEnabled"] is True

        eventually(served, seconds=30, what="the sign-in is published")
        signed = httpx.post(
            f"{stack.test}/oauth/token",
            params={"brandId": "1009", "channelId": channel},
            json={
                "thirdParty": {"grant_type": "authorization_code", "authorization_code": provider.code("42")}
            },
            trust_env=False,
            timeout=20,
        )
        # It got there, and works.
        assert signed.json()["customerIdentity"]["idOnExternalPlatform"] == "42", signed.text
        tested = console.http.post(
            f"{path}tester/",
            data=fields | {"landing": provider.code("42")},
            headers={"Referer": stack.console},
        )
        assert tested.text.count('class="auth-step is-good"') == 5
        seen = {
            "token": signed.text,
            "tester": tested.text,
            "channel json": httpx.get(public, trust_env=False).text,
        }
        for name in ("authentication/", "test/", "css-js/"):
            answer = console.get(channel, name)
            seen[name] = answer.text
        for process in ("console", "worker", "beat", "test-env", "live-env"):
            seen[f"{process}.log"] = stack.log(process)
        for (table,) in stack.sql(_TABLES):
            seen[table] = str(stack.sql(f'SELECT t::text FROM "{table}" t'))
        for table in ("session", "usedticket", "publishedchannel", "customer"):
            seen[f"gateway_{table}"] = str(stack.env_sql("test", f"SELECT t::text FROM gateway_{table} t"))
        with redis.Redis.from_url(stack.redis_url) as store:
            seen["redis"] = str([(key, store.dump(key)) for key in store.scan_iter(count=1000)])
        tokens = [one for one in provider.issued if one != secret]
        forms = [secret, base64.b64encode(secret.encode()).decode()[:24], secret.encode().hex()]
        leaks = {name: form for name, text in seen.items() for form in (*forms, *tokens) if form in text}
        assert leaks == {}
