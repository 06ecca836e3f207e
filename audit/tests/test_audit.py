"""The record of who changed what."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import get_resolver
from django.utils import translation

from accounts.models import User
from audit.models import Entry
from audit.sentences import register, registered, sentence, text_of
from audit.services import record
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import OutsideScope, tenant_scope
from tenants.tests.factories import member, organisation

pytestmark = pytest.mark.django_db

register("test.painted", "%(actor)s painted “%(thing)s” %(colour)s", colour={1: "red", 2: "blue"}.__getitem__)


@pytest.fixture
def alice() -> Organisation:
    return organisation()


@pytest.fixture
def ana(alice: Organisation) -> User:
    return member(alice, Role.ADMIN)


def test_an_act_is_told_in_a_sentence(alice: Organisation, ana: User) -> None:
    with tenant_scope(alice.pk):
        record("test.painted", by=ana, thing="the shed", colour=1)
        entry = Entry.objects.get()
    assert str(entry) == f"{ana.email} painted “the shed” red"
    assert (entry.actor, entry.tenant_id) == (ana, alice.pk)


def test_what_nobody_did_was_the_operator(alice: Organisation) -> None:
    with tenant_scope(alice.pk):
        assert str(record("test.painted", by=None, thing="x", colour=2)) == "chatadmin painted “x” blue"


def test_a_person_is_kept_by_name_when_the_account_is_gone(alice: Organisation, ana: User) -> None:
    with tenant_scope(alice.pk):
        record("test.painted", by=ana, thing="x", colour=1)
        name, _deleted = str(ana), ana.delete()
        assert str(Entry.objects.get()).startswith(f"{name} painted")


def test_an_action_without_a_sentence_cannot_be_recorded(alice: Organisation, ana: User) -> None:
    with tenant_scope(alice.pk), pytest.raises(KeyError):
        record("test.unheard_of", by=ana)


def test_outside_a_scope_nothing_can_be_recorded(ana: User) -> None:
    with pytest.raises(OutsideScope):
        record("test.painted", by=ana, thing="x", colour=1)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "? painted “?” ?"),
        ({"actor": "A", "thing": "x", "colour": 9}, "A painted “x” 9"),
        ({"actor": "%(thing)s", "thing": "100 %", "colour": 1}, "%(thing)s painted “100 %” red"),
        ({"actor": "A", "thing": "<b>", "colour": 1, "action": "kept", "more": [1]}, "A painted “<b>” red"),
    ],
)
def test_an_entry_of_another_time_is_told_as_far_as_it_goes(data: dict[str, object], told: str) -> None:
    assert sentence("test.painted", **data) == told


def test_an_action_nobody_knows_any_more_is_told_by_its_name() -> None:
    with translation.override("en"):
        assert sentence("test.forgotten", actor="Ana") == "Ana: test.forgotten"


def test_every_sentence_is_whole_in_both_languages() -> None:
    """A translation must name what the English names, and no action is left in English."""
    assert get_resolver().url_patterns  # loads every room's services, and with them their sentences
    for action in sorted(registered() - {"test.painted"}):
        with translation.override("en"):
            english = text_of(action)
        with translation.override("fr"):
            french = text_of(action)
        assert english != french, f"{action} is not translated"
        assert named(english) == named(french), f"{action} names other things in French"


def named(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"])
def test_what_is_recorded_stays_as_it_is(alice: Organisation, ana: User, statement: str) -> None:
    with tenant_scope(alice.pk):
        record("test.painted", by=ana, thing="x", colour=1)
        refused = pytest.raises(DatabaseError, match="audit_entry is append-only")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            Entry.objects.all().delete()
        assert Entry.objects.count() == 1


def test_an_act_that_is_undone_was_never_recorded(alice: Organisation, ana: User) -> None:
    with pytest.raises(ZeroDivisionError), tenant_scope(alice.pk):
        record("test.painted", by=ana, thing="x", colour=1)
        raise ZeroDivisionError
    with tenant_scope(alice.pk):
        assert not Entry.objects.exists()


def test_sentences_count_and_say_places_and_secrets_in_the_reader_s_language() -> None:
    assert get_resolver().url_patterns  # loads every room's services
    with translation.override("en"):
        told = sentence("copy.asked", actor="Ana", channel="A", count=1)
        assert told == "Ana copied settings of the channel “A” to 1 channel"
        assert sentence("copy.asked", actor="Ana", channel="A", count=30).endswith("to 30 channels")
        assert sentence("copy.asked", actor="Ana", channel="A").endswith("to ? channels")
        assert sentence("auth.secret_set", actor="Ana", group="oauth", channel="A").startswith(
            "Ana set a new secret for “Third-party OAuth”"
        )
    told = sentence("customer.erased", actor="Ana", customer="c", channel="A", environment="test")
    assert told.endswith("dans l’environnement de test")
    told = sentence("rules.set", actor="Ana", channel="A", rules={"gone": 1})
    assert told.endswith("{'gone': 1}")


def test_a_saved_draft_names_the_area_as_its_page_does() -> None:
    told = sentence("draft.saved", actor="Ana", area="channels_config", channel="Support")
    assert told == "Ana a enregistré «\u00a0Personnaliser CSS et JS\u00a0» du canal «\u00a0Support\u00a0»"
    assert "«\u00a0gone\u00a0»" in sentence("draft.saved", actor="Ana", area="gone", channel="Support")
