"""One customer's data, from the console's page: exported as a file, erased in the environment to the last byte, both recorded."""

from __future__ import annotations

import html
import json
import re
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx

from auth_config.services import mark_of
from auth_config.tests.provider import running
from gateway.tests.client import Visitor
from gateway.tests.environment import Channel, Environment
from tests.console_client import Console, signed_in
from tests.environment import STATE
from tests.stack import Stack, eventually

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'gateway_test'"
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def save_sign_in(console: Console, channel: str, oauth: dict[str, Any], **changes: str) -> None:
    """Third-party OAuth, on the page as a browser without scripts sends it."""
    page = console.get(channel, "authentication/").text
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    }
    fields |= {
        "mode": "oauth",
        "oauth_client_secret": oauth["secrets"][0],
        "retention_days": "0",
        "cookie_lifetime_minutes": "0",
        "jwt_session_minutes": "720",
        "jwt_algorithm": "shared",
        "oauth_allow_unsecured": "on",
        **{f"oauth_{name}": value for name, value in oauth.items() if isinstance(value, str)},
        **changes,
    }
    saved = console.http.post(
        f"/o/{console.brand}/acd/digital/chat/{channel}/authentication/",
        data=fields,
        headers={"Referer": str(console.http.base_url)},
    )
    assert saved.status_code == 302, re.findall(r'class="field-error".*?</p>', saved.text, re.DOTALL)[:3]


def asks_for_sign_in(stack: Stack, channel: str) -> bool:
    answer = httpx.get(f"{stack.test}/chat/1.0/brand/1009/channel/{channel}", trust_env=False)
    return answer.status_code == 200 and answer.json()["isAuthorizationEnabled"] is True


def token(stack: Stack, channel: str, code: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{stack.test}/oauth/token",
        params={"brandId": "1009", "channelId": channel},
        json={"thirdParty": {"grant_type": "authorization_code", "authorization_code": code}},
        trust_env=False,
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_customer_s_data_is_exported_then_erased_everywhere_and_both_are_recorded(stack: Stack) -> None:
    mark = uuid4().hex
    who, other = f"zoe-{mark}@example.com", f"bob-{uuid4().hex}"
    console = signed_in(stack.console, stack.password)
    environment = Environment("test", stack.gateway_database_url, port=int(stack.test.rpartition(":")[2]))
    with closing(console.http), running(users={who: {"sub": who, "given_name": f"Zoé{mark}"}}) as provider:
        public_id = console.create_channel(f"Data {uuid4().hex[:8]}")
        channel = Channel(public_id)
        save_sign_in(console, public_id, provider.oauth())
        eventually(lambda: asks_for_sign_in(stack, public_id), seconds=30, what="the sign-in is published")

        def visitor(customer: str) -> Visitor:
            access = token(stack, public_id, provider.code(customer))["accessToken"]
            query = {"transactionToken": access}
            return Visitor(environment, channel, customer=customer, authorize=False, query=query)

        with visitor(who) as zoe, visitor(other) as bob:
            upload = httpx.post(
                f"{stack.test}{channel.path}/attachment",
                json={"content": _PNG, "fileName": f"photo-{mark}.png", "mimeType": "image/png"},
                headers={"Origin": stack.test},
                trust_env=False,
                timeout=20,
            ).json()
            zoe.say(
                f"words {mark}", attachments=[{"url": upload["fileUrl"], "friendlyName": f"photo-{mark}.png"}]
            )
            zoe.say(f"more {mark}", thread=str(uuid4()))
            zoe.ask(
                "SendOfflineMessage",
                {
                    "messageContent": {"type": "TEXT", "payload": {"text": f"left {mark}"}},
                    "authorCustomerIdentity": {
                        "idOnExternalPlatform": who, "firstName": "Zoé", "lastName": "Roy",
                    },
                },
            )  # fmt: skip
            bob.say(f"not hers {other}")
            stored = [
                row[0]
                for row in stack.env_sql(
                    "test", "SELECT stored FROM gateway_attachment WHERE name = %s", (f"photo-{mark}.png",)
                )
            ]
            assert len(stored) == 1
            on_disk = [found for found in STATE.rglob(stored[0]) if found.is_file()]
            assert len(on_disk) == 1

            path = f"/o/1009/acd/digital/chat/{public_id}/authentication/customer/"
            headers = {"Referer": stack.console}
            page = console.get(public_id, "authentication/").text
            csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            assert csrf is not None
            form = {"csrfmiddlewaretoken": csrf[1], "customer": who, "environment": "test"}

            def send(**more: str) -> httpx.Response:
                return console.http.post(path, data=form | more, headers=headers)

            exported = send(act="export")
            assert exported.headers["Content-Disposition"] == (
                f'attachment; filename="customer-{mark_of(who)}.json"'
            )
            data = exported.json()
            assert data["customer"]["first_name"] == f"Zoé{mark}"
            assert len(data["conversations"]) == 2
            assert f"photo-{mark}.png" in str(data["conversations"][0]["messages"])
            assert data["offline_messages"][0]["text"] == f"left {mark}"
            assert other not in exported.text

            # Without the id a second time nothing happens, and nothing typed is lost.
            for sure in ("", "somebody else"):
                refused = send(act="erase", sure=sure)
                assert refused.status_code == 422
                assert f'name="customer" maxlength="255" value="{who}"' in refused.text
            assert 'role="alert"' in refused.text
            assert send(act="export").status_code == 200
            erased = send(act="erase", sure=who)
            assert erased.status_code == 200
            assert 'class="note is-good"' in erased.text
            # Hers is over, his goes on.
            assert zoe.closing()[0] == 4401
            assert len(bob.data("FetchThreadList", {})["threads"]) == 1

        # Nothing is left of her in any table, nor of the file on the disk.
        left = [
            table
            for (table,) in stack.env_sql("test", _TABLES)
            if mark in str(stack.env_sql("test", f'SELECT t::text FROM "{table}" t'))
        ]
        assert left == []
        # Nor of what she left for the organisation, which the console had fetched or was about to.
        for table in ("live_chat_offlinemessage", "live_chat_mail"):
            assert mark not in str(stack.sql(f'SELECT t::text FROM "{table}" t'))
        assert not on_disk[0].exists()
        assert httpx.get(upload["fileUrl"], trust_env=False).status_code in {401, 403, 404}
        for act in ("export", "erase"):
            unknown = send(act=act, sure=who)
            assert unknown.status_code == 422
        # Live never heard of her; it says so as well.
        assert send(act="export", environment="live").status_code == 422
        rows = stack.sql(
            "SELECT action, data::text FROM audit_entry WHERE subject = %s AND action LIKE 'customer.%%' ORDER BY id",
            (public_id,),
        )
        assert [action for action, _data in rows] == [
            "customer.exported", "customer.exported", "customer.erased",
        ]  # fmt: skip
        assert all(mark_of(who) in text and mark not in text for _action, text in rows)
        assert all(json.loads(text)["environment"] == "test" for _action, text in rows)
        told = console.http.get("/o/1009/audit/export.csv").text
        assert mark_of(who) in told
        assert mark not in told
