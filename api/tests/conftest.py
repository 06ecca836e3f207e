"""An organisation with a channel, and clients that carry its tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from api.models import Scope
from api.tokens import create_token
from channels_config.models import Channel
from channels_config.tests.factories import channel
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person


@dataclass
class Api:
    """Speaks JSON with one token, below one organisation unless a path begins with a slash."""

    key: str
    brand: int

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        url = path if path.startswith("/") else f"/api/v1/organisations/{self.brand}/{path}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return Client().generic(method, url, content, content_type="application/json", headers=sent)


@dataclass
class Side:
    organisation: Organisation
    admin: User
    channel: Channel

    def api(self, *scopes: str, by: User | None = None) -> Api:
        with tenant_scope(self.organisation.pk):
            made = create_token(
                name="CI", scopes=scopes or Scope.values, expires_at=None, by=by or self.admin
            )
        return Api(made.key, self.organisation.number)


_numbers = count(31_000)


def side(name: str) -> Side:
    made = organisation(next(_numbers), name)
    admin = member(made, Role.ADMIN, person(name="Ana"))
    return Side(made, admin, channel(made, "Support", draft={"custom_css": ".a { color: red }\n"}))


@pytest.fixture
def alice(db: None) -> Side:
    return side("Alice")


@pytest.fixture
def bob(db: None) -> Side:
    return side("Bob")


@pytest.fixture
def api(alice: Side) -> Api:
    return alice.api()
