"""The API keeps to its own schema: asked whatever the schema allows, and what it does not, it never stumbles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as ways
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.tests.conftest import Side
from publishing.models import Delivery
from publishing.promotions import ask as ask_for
from publishing.promotions import set_rules
from publishing.tests.factories import release
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member

pytestmark = pytest.mark.django_db


def without_security() -> Any:
    """The schema as anybody gets it, but for the token: these requests always carry a good one."""
    document = Client(SERVER_NAME="localhost").get("/api/v1/schema/?format=json").json()
    del document["components"]["securitySchemes"]
    for path in document["paths"].values():
        for operation in path.values():
            del operation["security"]
    made = schemathesis.openapi.from_dict(document)
    made.app = get_wsgi_application()
    return made


SCHEMA = without_security()
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
#: Where nothing of a request is described, nothing of it can be wrong.
CASES = [
    (one, mode)
    for one in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or one.body or one.query
]
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
#: Requests for each operation and mode. They are the same at every run: what passes once passes again.
REQUESTS = 8


def _named(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """What Django's own test client does: the test's transaction lives on its connection, which stays open between requests."""
    around = (signals.request_started, signals.request_finished)
    for signal in around:
        signal.disconnect(close_old_connections)
    yield
    for signal in around:
        signal.connect(close_old_connections)


@pytest.mark.parametrize(
    ("operation", "mode"), CASES, ids=lambda one: getattr(one, "value", None) or _named(one)
)
def test_every_operation_does_what_the_schema_says(
    operation: Any, mode: GenerationMode, alice: Side, settings: Any
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    other = member(alice.organisation, Role.ADMIN)
    with tenant_scope(alice.organisation.pk):
        release(alice.channel, by=alice.admin)
        Delivery.objects.update(confirmed=1)
        set_rules(alice.channel, live_on_save=False, four_eyes=True, checklist=[], by=alice.admin)
        asked = ask_for(alice.channel, number=1, by=other, warnings_seen=True)
    key = alice.api().key
    here = {
        "organisation": alice.organisation.number,
        "channel_id": alice.channel.public_id,
        "number": 1,
        "promotion": asked.pk,
    }
    names = [one.name for one in operation.path_parameters]
    ask(operation, mode, {name: here[name] for name in names}, {"Authorization": f"Bearer {key}"})


def ask(operation: Any, mode: GenerationMode, path: dict[str, Any], headers: dict[str, str]) -> None:
    strategy = operation.as_strategy(generation_mode=mode, path_parameters=path)

    @ways(
        max_examples=REQUESTS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def one(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    one()
