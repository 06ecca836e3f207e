"""One customer's data where an environment has several regions: each is asked, and one that is away is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from audit.models import Entry
from auth_config import services
from channels_config import models
from channels_config.tests.factories import channel
from chatadmin.run.ports import pick
from gateway.tests.client import Visitor
from gateway.tests.environment import SIGNING, Channel, Environment, create_database, drop_database
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation


@pytest.fixture(scope="module")
def regions() -> Iterator[dict[str, Environment]]:
    """Two places of one environment, with a database each."""
    databases = {name: create_database() for name in ("Montréal", "Paris")}
    made = {name: Environment("test", database, port=pick()) for name, database in databases.items()}
    for one in made.values():
        one.migrate()
        one.start()
    yield made
    for one in made.values():
        one.stop()
        drop_database(one.database)


def point(settings: Any, **push_urls: str) -> None:
    settings.PUBLISHING_SIGNING_KEY = json.dumps(SIGNING)
    settings.ENVIRONMENTS = [
        {
            "name": "test",
            "public_url": "https://chat.example.com",
            "push_url": "https://chat.example.com",
            "encryption_key": "",
            "regions": [{"name": name, "push_url": url} for name, url in push_urls.items()],
        }
    ]


@pytest.mark.django_db
def test_every_region_is_asked_and_one_that_is_away_is_named(
    regions: dict[str, Environment], settings: Any
) -> None:
    shop = organisation(1009)
    owner = member(shop, Role.OWNER)
    support = channel(shop)
    published = Channel(id=support.public_id)
    who = f"zoe-{uuid4().hex}"
    for name, one in regions.items():
        one.push(published)
        with closing(Visitor(one, published, customer=who)) as zoe:
            zoe.say(f"Bonjour {name}")
    point(settings, **{name: one.url for name, one in regions.items()})
    exported = json.loads(ask(support, shop, owner, who, "export").body)["regions"]
    assert list(exported) == ["Montréal", "Paris"]
    assert all(f"Bonjour {name}" in json.dumps(one, ensure_ascii=False) for name, one in exported.items())

    point(settings, Montréal=regions["Montréal"].url, Paris=f"http://127.0.0.1:{pick()}")
    with pytest.raises(services.EnvironmentAway, match="unreachable"):
        ask(support, shop, owner, who, "export")
    erased = ask(support, shop, owner, who, "erase")
    assert (erased.erased, erased.silent) == (1, ("Paris",))
    # Once more, when it is back: what the other had is gone already.
    point(settings, **{name: one.url for name, one in regions.items()})
    again = ask(support, shop, owner, who, "erase")
    assert (again.erased, again.silent) == (1, ())
    with pytest.raises(services.EnvironmentAway, match="not_found"):
        ask(support, shop, owner, who, "export")
    with tenant_scope(shop.pk):
        assert Entry.objects.filter(action="customer.erased").count() >= 2


def ask(support: models.Channel, shop: Organisation, owner: User, who: str, act: Any) -> services.Answered:
    with tenant_scope(shop.pk):
        return services.customer_data(support, shop, environment="test", customer=who, act=act, by=owner)
