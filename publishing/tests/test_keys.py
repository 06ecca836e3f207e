"""Signing and encryption keys are changed with an overlap, by real processes of an environment, and nothing stops being served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.forms.models import model_to_dict

from channels_config.tests.factories import channel
from gateway.tests.environment import (
    ENCRYPTION,
    SIGNING,
    Channel,
    Environment,
    create_database,
    drop_database,
)
from publishing import snapshot
from publishing.models import Delivery
from publishing.resealing import hand_over_again
from publishing.services import deliver_until_current
from publishing.tests.factories import release
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

NEW_SIGNING = snapshot.new_signing_key()
NEW_ENCRYPTION = snapshot.new_encryption_key()
OLD_KEYS: dict[str, Any] = {"signing": SIGNING, "encryption": snapshot.public_jwk(ENCRYPTION["test"])}
NEW_KEYS: dict[str, Any] = {"signing": NEW_SIGNING, "encryption": snapshot.public_jwk(NEW_ENCRYPTION)}


@pytest.fixture
def environment() -> Iterator[Environment]:
    database = create_database()
    made = Environment("test", database)
    made.migrate()
    yield made
    made.stop()
    drop_database(database)


def restart(
    environment: Environment, signing: list[dict[str, Any]], encryption: list[dict[str, Any]]
) -> None:
    """As an operator does it: other sets of keys, then the process anew."""
    environment.stop()
    environment.extra = {
        "GATEWAY_PUBLISHER_KEYS": json.dumps(snapshot.key_set(*map(snapshot.public_jwk, signing))),
        "GATEWAY_DECRYPTION_KEYS": json.dumps(snapshot.key_set(*encryption)),
    }
    environment.start()


def test_both_keys_hold_during_the_overlap_and_the_old_ones_open_nothing_afterwards(
    environment: Environment,
) -> None:
    restart(environment, [SIGNING], [ENCRYPTION["test"]])
    before, during, after = Channel(), Channel(), Channel()
    assert environment.push(before, **OLD_KEYS).status_code == 200
    assert code_of(environment, during, **NEW_KEYS) == "bad_signature"
    assert (
        code_of(environment, during, **OLD_KEYS | {"encryption": NEW_KEYS["encryption"]})
        == "wrong_environment"
    )

    restart(environment, [SIGNING, NEW_SIGNING], [ENCRYPTION["test"], NEW_ENCRYPTION])
    during.release = 1
    assert environment.push(during, **OLD_KEYS).status_code == 200
    during.release = 2
    assert environment.push(during, **NEW_KEYS).status_code == 200
    # What has been there is handed over once more, and kept under the new keys.
    again = environment.push(before, **NEW_KEYS)
    assert (again.status_code, again.json()["status"]) == (200, "current")

    restart(environment, [NEW_SIGNING], [NEW_ENCRYPTION])
    assert environment.push(after, **NEW_KEYS).status_code == 200
    refused = Channel()
    assert code_of(environment, refused, **OLD_KEYS) == "bad_signature"
    assert (
        code_of(environment, refused, **NEW_KEYS | {"encryption": OLD_KEYS["encryption"]})
        == "wrong_environment"
    )
    for one in (before, during, after):
        assert environment.channel_json(one).status_code == 200
    assert environment.channel_json(refused).status_code == 404


@pytest.mark.django_db
def test_what_is_published_is_handed_over_once_more_and_only_its_seal_changes(
    environments: dict[str, Environment], settings: Any
) -> None:
    shop = organisation(name="Boutique")
    published, draft = channel(shop, "Support"), channel(shop, "Brouillon")
    release(published)
    release(draft)
    with tenant_scope(shop.pk):
        before = Delivery.objects.get(channel=published)
    assert deliver_until_current(shop.pk, before.pk) == "current"
    with tenant_scope(shop.pk):
        before.refresh_from_db()
    seal = seal_of(environments["test"], published.public_id)
    handed = [(one.channel, one.environment, one.code) for one in hand_over_again(shop)]
    assert handed == [(published.public_id, "test", "")]
    assert seal_of(environments["test"], published.public_id) != seal
    with tenant_scope(shop.pk):
        after = Delivery.objects.get(channel=published)
    assert model_to_dict(after) == model_to_dict(before)

    settings.PUBLISHING_SIGNING_KEY = json.dumps(NEW_SIGNING)
    assert [one.code for one in hand_over_again(shop, "test")] == ["bad_signature"]
    assert list(hand_over_again(shop, "live")) == []
    with pytest.raises(CommandError, match="owner role"):
        call_command("seal_again")


def seal_of(environment: Environment, public_id: str) -> bytes:
    rows = environment.execute("SELECT sealed FROM gateway_publishedchannel WHERE channel = %s", public_id)
    return bytes(rows[0][0])


def code_of(environment: Environment, channel: Channel, **keys: Any) -> str:
    answer = environment.push(channel, **keys)
    assert answer.status_code in {401, 403}, answer.text
    return str(answer.json()["code"])
