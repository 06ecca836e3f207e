"""Environments to publish to: real processes with a database of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chatadmin.run.ports import pick
from gateway.tests.environment import ENCRYPTION, SIGNING, Environment, create_database, drop_database
from publishing import snapshot


@pytest.fixture(scope="session")
def running_environments() -> Iterator[dict[str, Environment]]:
    """test and live, one process each, for all tests of this room."""
    database = create_database()
    made = {name: Environment(name, database, port=pick()) for name in ("test", "live")}
    for one in made.values():
        one.migrate()
        one.start()
    yield made
    for one in made.values():
        one.stop()
    drop_database(database)


@pytest.fixture
def publish_to(settings: Any) -> Any:
    """Point the console at these addresses: publish_to(test=url, live=url)."""

    def point(**urls: str) -> None:
        settings.PUBLISHING_SIGNING_KEY = json.dumps(SIGNING)
        settings.ENVIRONMENTS = [
            {
                "name": name,
                "public_url": url,
                "push_url": url,
                "encryption_key": json.dumps(snapshot.public_jwk(ENCRYPTION[name])),
            }
            for name, url in urls.items()
        ]

    return point


@pytest.fixture
def environments(running_environments: dict[str, Environment], publish_to: Any) -> dict[str, Environment]:
    """The console publishes to the running environments."""
    publish_to(**{name: one.url for name, one in running_environments.items()})
    return running_environments
