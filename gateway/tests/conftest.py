"""Running environments for the room's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.tests.environment import HTTP, Environment, create_database, drop_database


@pytest.fixture(scope="session", autouse=True)
def no_connection_left_open() -> Iterator[None]:
    """The requests' client keeps connections until the end."""
    yield
    HTTP.close()


@pytest.fixture(scope="session")
def gateway_database() -> Iterator[str]:
    """One database for all environments of the tests: their schemas keep them apart."""
    conninfo = create_database()
    yield conninfo
    drop_database(conninfo)


@pytest.fixture(scope="session")
def env(gateway_database: str) -> Iterator[Environment]:
    """A test environment of one process."""
    environment = Environment("test", gateway_database)
    environment.migrate()
    environment.start()
    yield environment
    environment.stop()


@pytest.fixture(scope="session")
def second(env: Environment) -> Iterator[Environment]:
    """A second process of the same environment."""
    environment = Environment("test", env.database, public_url=env.url)
    environment.start()
    yield environment
    environment.stop()


@pytest.fixture(scope="session")
def live(gateway_database: str) -> Iterator[Environment]:
    """A live environment, where no practice agent answers."""
    environment = Environment("live", gateway_database)
    environment.migrate()
    environment.start()
    yield environment
    environment.stop()
