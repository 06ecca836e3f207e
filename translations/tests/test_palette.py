"""Phrases in the console's palette: found by id, by what they say, by what the organisation made of them; nobody else's."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels_config.models import Channel
from channels_config.tests.factories import channel as make_channel
from tenants.models import Organisation
from tenants.roles import Role
from tenants.tests.factories import member, organisation, person
from translations.tests.factories import variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Organisation:
    return organisation(1009, "Shop")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return make_channel(shop, "Support")


@pytest.fixture
def client(shop: Organisation) -> Client:
    client = Client()
    client.force_login(member(shop, Role.AUDITOR, person("rita@example.com", language="fr")))
    return client


def found(client: Client, text: str) -> list[dict[str, str]]:
    answer = client.get(reverse("channels:palette", args=[1009]), {"q": text})
    assert answer.status_code == 200
    return [one for one in answer.json()["results"] if one["icon"] == "language" and "#" in one["url"]]


def test_a_phrase_is_found_by_its_id_its_text_and_what_was_made_of_it(
    client: Client, support: Channel
) -> None:
    variant(support, "de", "Deutsch", phrases={"endChat": "Gespräch beenden, bitte"})
    page = reverse("translations:phrases", args=[1009, support.public_id, "de"])

    by_id = found(client, "replyBoxPlaceholder")
    assert [one["url"] for one in by_id] == [f"{page}#id_phrase.replyBoxPlaceholder"]
    assert by_id[0]["group"] == "Phrases"
    assert by_id[0]["detail"] == "Support · Deutsch · replyBoxPlaceholder"
    for words in ("beenden bitte", "GESPRACH", "gespräch support", "deutsch gespräch bitte"):
        assert found(client, words)[0]["title"] == "Gespräch beenden, bitte", words
    # What comes ready: in the language itself, in the reader's, in English.
    assert f"{page}#id_phrase.uploadAttachment" in [one["url"] for one in found(client, "Datei anhängen")]
    assert f"{page}#id_phrase.uploadAttachment" in [one["url"] for one in found(client, "joindre un fichier")]
    assert f"{page}#id_phrase.tryAgainButton" in [one["url"] for one in found(client, "try again")]
    assert found(client, "gespräch elsewhere") == []
    assert found(client, "support") == []
    assert found(client, "x") == found(client, "") == found(client, "\0") == []


def test_what_an_organisation_wrote_comes_first_and_there_is_an_end(
    client: Client, shop: Organisation, support: Channel
) -> None:
    for number in range(12):
        variant(make_channel(shop, f"Shop {number:02}"), "fr_CA", phrases={})
    variant(support, "fr_CA", phrases={"send": "Envoyer <b>{{ 7*7 }}</b>"})
    rows = found(client, "envoyer")
    assert rows[0]["title"] == "Envoyer <b>{{ 7*7 }}</b>"
    assert len(rows) == 8
    with CaptureQueriesContext(connection) as taken:
        found(client, "envoyer")
    assert sum("translations_variant" in one["sql"] for one in taken) == 2


def test_another_organisations_phrases_and_those_of_a_deleted_channel_are_not_found(
    client: Client, support: Channel, shop: Organisation
) -> None:
    other = organisation(2000, "Other")
    variant(make_channel(other, "Theirs"), "it", phrases={"send": "Segretissimo"})
    variant(make_channel(shop, "Gone", deleted_at=timezone.now()), "it", phrases={"send": "Segretissimo"})
    assert found(client, "segretissimo") == []
    variant(support, "it", phrases={"send": "Segretissimo"})
    assert len(found(client, "segretissimo")) == 1
    stranger = Client()
    stranger.force_login(member(other, Role.OWNER, person("otto@example.com")))
    assert stranger.get(reverse("channels:palette", args=[1009]), {"q": "segretissimo"}).status_code == 404
