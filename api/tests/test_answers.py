"""The OpenAPI document says nothing that does not happen: every documented answer is brought about, every example is sent."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from api import base, schema
from api.examples import EXAMPLES
from api.tests.conftest import Api, Side
from areas.registry import areas
from channels_config.models import WebSettings
from channels_config.tests.factories import channel
from kit.uploads import MOST_READ
from publishing.models import Delivery
from publishing.promotions import ask, set_rules
from publishing.services import retire
from publishing.tests.factories import release
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, person

pytestmark = pytest.mark.django_db

#: A body that is good, of the operations that take one; sections are sent back as they were read.
BODIES: dict[str, Any] = {
    "create_channel": EXAMPLES["NewChannel"],
    "rename_channel": EXAMPLES["PatchedRenamedChannel"],
    "roll_back": EXAMPLES["RollBack"],
    "promote": EXAMPLES["NewPromotion"],
    "import_channel": EXAMPLES["File"] | {"name": "Support"},
}
#: A query that is wrong.
WRONG = {"list_channels": "limit=0", "list_promotions": "state=odd", "list_releases": "after=-1"}


@dataclass
class World:
    """An organisation with a chat of two releases, the second of which waits for approval, and a Guide."""

    side: Side
    key: str
    ids: dict[str, Any]
    promotion: int
    approver: str
    reader: str
    seen: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@pytest.fixture
def world(alice: Side) -> World:
    org = alice.organisation
    ben = member(org, Role.ADMIN, person(name="Ben"))
    with tenant_scope(org.pk):
        release(alice.channel, by=alice.admin)
        WebSettings.objects.filter(channel=alice.channel).update(custom_css=".b {}")
        release(alice.channel, by=alice.admin)
        Delivery.objects.update(confirmed=1)
        channel(org, "Guide", kind="guide")
        set_rules(alice.channel, live_on_save=False, four_eyes=True, checklist=[], by=alice.admin)
        Delivery.objects.filter(channel=alice.channel).update(confirmed=2)
        asked = ask(alice.channel, number=2, by=alice.admin, warnings_seen=True)
    return World(
        side=alice,
        key=alice.api().key,
        ids={"organisation": org.number, "channel_id": alice.channel.public_id, "number": 1},
        promotion=asked.pk,
        approver=alice.api(by=ben).key,
        reader=alice.api("read").key,
    )


def operations() -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (one["operationId"], method, path, one)
        for path, methods in schema.document()["paths"].items()
        for method, one in methods.items()
    ]


def test_every_documented_answer_really_occurs(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    documented = {name: set(one["responses"]) for name, _method, _path, one in operations()}
    # All areas are one code: what one of them answers, the others do.
    for area in areas():
        for verb in ("read", "replace", "change"):
            assert documented[f"{verb}_{area.name}"] == documented[f"{verb}_channels_config"]
            if area.name != "channels_config":
                del documented[f"{verb}_{area.name}"]
    lacking: list[Any] = []
    for name, method, path, one in operations():
        if name not in documented:
            continue
        for status in one["responses"]:
            # What one request does, the next does not see.
            mark = transaction.savepoint()
            with monkeypatch.context() as patch:
                answer = bring_about(world, status, name, method, path, one, settings, patch)
            transaction.savepoint_rollback(mark)
            said = one["responses"].get(str(answer.status_code), {})
            world.seen[name].add(str(answer.status_code))
            missing = [
                header
                for header in said.get("headers", {})
                if header in {"ETag", "Location", "Retry-After", "WWW-Authenticate", "RateLimit-Limit"}
                and not answer.has_header(header)
            ]
            if missing:
                lacking.append((name, status, missing))
            if status.startswith("4") and set(answer.json()) != {"code", "message", "fields"}:
                lacking.append((name, status, answer.content))
    assert lacking == []
    assert dict(world.seen) == documented


def bring_about(
    world: World,
    status: str,
    name: str,
    method: str,
    path: str,
    operation: dict[str, Any],
    settings: Any,
    patch: pytest.MonkeyPatch,
) -> Any:
    """One request that ought to be answered like that."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    ids = {**world.ids, "promotion": world.promotion}
    key = world.approver if name == "approve_promotion" else world.key
    headers: dict[str, str] = {}
    body: Any = BODIES.get(name)
    content = "application/json"
    query = ""
    extra: dict[str, Any] = {}
    if name == "judge_file":
        body, content = b"%PDF-1.4", "application/octet-stream"
    if method == "patch" and body is None:
        body = {}
    elif name.startswith("replace_"):
        where = path.format(**ids)
        body = Api(world.key, 0)("GET", where).json()
    if name == "promote":
        with tenant_scope(world.side.organisation.pk):
            set_rules(
                world.side.channel, live_on_save=False, four_eyes=False, checklist=[], by=world.side.admin
            )
            # What waits for approval is in the way.
            world.side.channel.promotions.all().delete()
        body = body | {"release": 2}

    def send() -> Any:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        all_headers = headers | ({"Authorization": f"Bearer {key}"} if key else {})
        return Client().generic(
            method.upper(),
            path.format(**ids) + query,
            sent,
            content_type=content,
            headers=all_headers,
            **extra,
        )

    match status:
        case "304":
            headers["If-None-Match"] = send()["ETag"]
        case "200" if name == "roll_back":
            ids["number"], body = 2, {}
        case "400" if name in WRONG:
            query = f"?{WRONG[name]}"
        case "400" if name == "judge_file":
            query = f"?name={'x' * 2000}"
        case "400" if body is None:
            headers["Idempotency-Key"] = "k" * 201
        case "400":
            body = b"[1"
        case "401":
            key = "cha_nobody"
        case "403":
            key = world.reader
        case "404":
            ids["organisation"] = 99_999
        case "409":
            body = conflict(world, name, ids, body, send)
        case "411":
            headers["Transfer-Encoding"] = "chunked"
            body = None
        case "412":
            headers["If-Match"] = '"older"'
        case "413" if name == "judge_file":
            extra["CONTENT_LENGTH"] = str(MOST_READ + 1)
        case "413":
            patch.setattr(base, "LARGEST_BODY", 1)
            body = b'{"a": 1}'
        case "415":
            content = "text/plain"
        case "422":
            headers["Idempotency-Key"] = "again"
            assert send().status_code < 300, (name, status)
            body = (body or {}) | {"note": "another"}
        case "429":
            settings.API_REQUESTS_PER_MINUTE = 2
            send()
    return send()


def conflict(world: World, name: str, ids: dict[str, Any], body: Any, send: Any) -> Any:
    """Bring things into a state that does not allow it; returns the body to send."""
    match name:
        case "create_channel" | "rename_channel":
            return body | {"name": "Guide"}
        case "promote":
            return body | {"release": 99}
        case "roll_back":
            with tenant_scope(world.side.organisation.pk):
                ids["number"] = retire(world.side.channel, by=world.side.admin).number
            return {}
        case _:
            # Decided already.
            assert send().status_code == 200, name
            return body


def test_every_example_has_its_shape_and_is_shown() -> None:
    schemas = schema.document()["components"]["schemas"]
    assert {name for name, shape in schemas.items() if "example" in shape} == set(EXAMPLES)
    shown = Client(SERVER_NAME="localhost").get("/api/v1/docs/").content.decode()
    for name, example in EXAMPLES.items():
        whole = {"components": {"schemas": schemas}, "$ref": f"#/components/schemas/{name}"}
        assert [
            error.message for error in Draft202012Validator(json_schema(whole)).iter_errors(example)
        ] == []
        assert set(example) == set(schemas[name]["properties"]) or name in {
            "NewPromotion",
            "RollBack",
            "File",
        }
    assert "The button was unreadable." in shown


def json_schema(openapi: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(openapi, list):
        return [json_schema(one) for one in openapi]
    if not isinstance(openapi, dict):
        return openapi
    made = {key: json_schema(value) for key, value in openapi.items() if key not in {"nullable", "example"}}
    if openapi.get("nullable") is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made
