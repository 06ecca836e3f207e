"""A secret typed into the console, searched for as bytes in everything anybody but the provider could see."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import httpx
import redis

from auth_config.tests.provider import running
from auth_config.tests.test_customer_data import asks_for_sign_in, save_sign_in, token
from chatadmin.tests.pages import addresses
from tests.console_client import signed_in
from tests.stack import Stack, eventually

_TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' AND table_type = 'BASE TABLE'"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}")


class Needle:
    """What a text is searched for: the secret's own middle, which no encoding of quotes or accents touches, in every form."""

    def __init__(self, core: str) -> None:
        raw = core.encode()
        forms = {raw, raw.hex().encode(), raw[::-1], core.upper().encode()}
        for shift in range(3):
            # In base64 a text looks in three ways, by where it begins; the characters it shares with neighbours are left out.
            encoded = base64.b64encode(b"\0" * shift + raw)
            forms.add(encoded[4 if shift else 0 : (len(raw) + shift) // 3 * 4])
        self.forms = forms

    def is_in(self, text: str | bytes) -> bool:
        found = text.encode(errors="replace") if isinstance(text, str) else text
        return any(form in found for form in self.forms)


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """An address that takes webhooks, and what it was sent, headers and all."""
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(bytes(self.headers) + self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def redis_texts(url: str) -> dict[str, bytes]:
    """Every key with all it holds, as it is and out of the base64 that Celery puts its arguments in."""
    read: dict[bytes, Callable[[Any, bytes], list[Any]]] = {
        b"string": lambda store, key: [store.get(key)],
        b"list": lambda store, key: store.lrange(key, 0, -1),
        b"set": lambda store, key: list(store.smembers(key)),
        b"hash": lambda store, key: [part for pair in store.hgetall(key).items() for part in pair],
        b"zset": lambda store, key: store.zrange(key, 0, -1),
        b"stream": lambda store, key: [str(entry).encode() for entry in store.xrange(key)],
    }
    found: dict[str, bytes] = {}
    with redis.Redis.from_url(url) as store:
        for key in store.scan_iter(count=1000):
            kind = store.type(key)
            if kind == b"none":
                continue
            text = key + b"\n" + b"\n".join(value for value in read[kind](store, key) if value is not None)
            decoded = [base64.b64decode(one[: len(one) // 4 * 4]) for one in _BASE64.findall(text)]
            found[f"redis {key!r}"] = text + b"\n" + b"\n".join(decoded)
    return found


def test_a_secret_is_in_no_page_answer_log_task_redis_key_or_row(stack: Stack) -> None:
    cores = {name: uuid4().hex for name in ("first", "second")}
    first, second = (f"Geheim-{cores[name]}-ßé<&\"'" for name in ("first", "second"))
    needles = {name: Needle(core) for name, core in cores.items()}
    assert all(needles["first"].is_in(base64.b64encode(b"x" * n + first.encode())) for n in range(4))
    #: No secret, and typed beside them: where it is found, a secret would be.
    marker = f"scope-{uuid4().hex}"
    seen: dict[str, str | bytes] = {}
    console = signed_in(stack.console, stack.password)
    headers = {"Referer": stack.console}
    with closing(console.http), running(secrets=[second, first]) as provider, listening() as (hook, heard):
        channel = console.create_channel(f"Secrets {uuid4().hex[:8]}")
        path = f"/o/1009/acd/digital/chat/{channel}/authentication/"

        def post(address: str, **fields: Any) -> httpx.Response:
            page = console.http.get(address)
            csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
            assert csrf is not None
            form = {"csrfmiddlewaretoken": csrf[1], **fields}
            return console.http.post(address, data=form, headers=headers)

        made = post("/o/1009/integrations/webhooks/", url=hook, events=["release.created", "release.visible"])
        assert made.status_code in {200, 302}, made.text[:500]
        key = re.search(
            r'class="secret-once">.*?(?:data-copy|value)="([^"]+)"|secret-once">[^<]*<[^>]*>([^<]+)<',
            post("/o/1009/integrations/tokens/", name="Reader", scopes=["sections"], lasts="90").text,
            re.DOTALL,
        )
        assert key is not None
        bearer = {"Authorization": f"Bearer {html.unescape(key[1] or key[2])}"}

        # Typed on the page, then replaced with overlap; the worker is away, so that its tasks lie in Redis.
        stale = console.get(channel, "authentication/").text
        save_sign_in(console, channel, provider.oauth(first))
        eventually(lambda: asks_for_sign_in(stack, channel), seconds=30, what="the sign-in is published")
        stack.hold("worker")
        try:
            save_sign_in(console, channel, provider.oauth(second, scopes=f"openid {marker}"), keep_oauth="on")
            seen |= (waiting := redis_texts(stack.redis_url))
        finally:
            stack.release("worker")
        stack.wait_until_back("worker")
        # By the API as well.
        api = f"/api/v1/organisations/1009/channels/{channel}"
        changed = console.http.patch(
            f"{api}/sections/auth_config/", headers=bearer, json={"jwt": {"secret": second + "-of-the-api"}}
        )
        assert changed.status_code == 200, changed.text
        # What was overtaken, and what was wrong, come back as pages.
        fields = {
            name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', stale)
        } | {
            "mode": "oauth", "oauth_client_secret": second, "jwt_secret": second, "retention_days": "1",
            "cookie_lifetime_minutes": "0", "jwt_session_minutes": "720", "jwt_algorithm": "shared",
            **{f"oauth_{name}": value for name, value in provider.oauth().items() if isinstance(value, str)},
        }  # fmt: skip
        for status, changes in ((409, {}), (422, {"oauth_authorize_endpoint": "http://x"})):
            answer = console.http.post(path, data=fields | changes, headers=headers)
            assert answer.status_code == status
            seen[f"page {status}"] = answer.text

        def newest_is_visible() -> bool:
            public = f"{stack.test}/chat/1.0/brand/1009/channel/{channel}"
            served = int(httpx.get(public, trust_env=False).headers.get("X-Release", "0"))
            return served >= int(changed.headers["X-Release"])

        eventually(newest_is_visible, seconds=60, what="the newest release is visible")
        # It got there, and works.
        answered = token(stack, channel, provider.code("42"))
        assert answered["customerIdentity"]["idOnExternalPlatform"] == "42"
        seen["token answer"] = json.dumps(answered)
        tested = console.http.post(
            f"{path}tester/", data=fields | {"landing": provider.code("42")}, headers=headers
        )
        assert tested.text.count('class="auth-step is-good"') == 5
        seen["tester"] = tested.text
        eventually(lambda: heard, seconds=60, what="the webhook is told")
        seen["webhooks"] = b"\n".join(heard)

        # Every address of the console and of the API that answers a GET.
        values = {
            "brand": 1009, "organisation": 1009, "channel": channel, "channel_id": channel, "number": 3,
            "release": 1, "locale": "fr",
        }  # fmt: skip
        visited = 0
        for address in addresses():
            if set(address.parameters) <= set(values) and address.name and "<guide:" not in address.route:
                url = address.path(values)
                answer = console.http.get(url, headers=bearer if url.startswith("/api/") else {})
                assert answer.status_code < 500, url
                seen[f"GET {url}"] = answer.text + str(answer.headers)
                visited += answer.status_code == 200
        assert visited > 60
        for url in (
            f"{path.removesuffix('authentication/')}compare/?from=2&to=3",
            f"{path.removesuffix('authentication/')}compare/?from=2&to=draft",
            f"{path.removesuffix('authentication/')}file/export/?format=json",
            f"{path.removesuffix('authentication/')}file/export/?format=yaml",
            "/o/1009/acd/digital/chat/files/export/?format=yaml",
            f"{api}/releases/3/",
            f"{api}/sections/auth_config/",
        ):
            answer = console.http.get(url, headers=bearer if url.startswith("/api/") else {})
            assert answer.status_code == 200, (url, answer.status_code)
            seen[f"GET {url}"] = answer.text
        assert "&lt;secret&gt;" in seen[f"GET {url}"] or "<secret>" in str(seen[f"GET {url}"])
        for environment in (stack.test, stack.live):
            for name in (f"/chat/1.0/brand/1009/channel/{channel}", f"/test/1009/{channel}", "/metrics"):
                seen[environment + name] = httpx.get(environment + name, trust_env=False).text
        for process in ("postgres", "redis", "console", "worker", "beat", "test-env", "live-env"):
            seen[f"{process}.log"] = stack.log(process)
        for (table,) in stack.sql(_TABLES.format("public")):
            seen[f"table {table}"] = str(stack.sql(f'SELECT t::text FROM "{table}" t'))
        for name in ("test", "live"):
            for (table,) in stack.env_sql(name, _TABLES.format(f"gateway_{name}")):
                seen[f"{name} table {table}"] = str(stack.env_sql(name, f'SELECT t::text FROM "{table}" t'))
        seen |= redis_texts(stack.redis_url)
        issued = {one: Needle(one) for one in provider.issued}

    # The search finds what is there: in each kind of place it finds what was typed beside the secrets.
    base = f"/o/1009/acd/digital/chat/{channel}"
    for place in (
        "table publishing_release", "table auth_config_authsettings", "table audit_entry", f"GET {api}/releases/3/",
        f"GET {api}/sections/auth_config/", f"GET {base}/authentication/", f"GET {base}/compare/?from=2&to=3",
        f"GET {base}/file/export/?format=json", f"GET {base}/file/export/?format=yaml", "page 409",
    ):  # fmt: skip
        needle = Needle(channel if place == "table audit_entry" else marker)
        assert needle.is_in(seen[place]), place
    assert Needle(channel).is_in(seen["webhooks"])
    assert any(b"publishing.tasks" in text for text in waiting.values())
    leaks = [
        (name, place)
        for place, text in seen.items()
        for name, needle in (needles | issued).items()
        if needle.is_in(text)
    ]
    assert leaks == []
