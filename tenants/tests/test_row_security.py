"""The third wall: what PostgreSQL itself refuses, asked in plain SQL as the role the console serves with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from api.models import IdempotentAnswer, Message, Token, Webhook
from areas.registry import areas
from audit.models import Entry, Link
from audit.services import record
from auth_config.models import Secret
from channels_config.models import Channel, WebSettings
from channels_config.tests.factories import channel
from desk.models import Agent
from desk.tests import factories as desk_factories
from files.models import Import
from ipblocking.models import CountedBatch
from ipblocking.tests.factories import shared as address_list
from live_chat.models import Mail, OfflineMessage
from publishing.models import Arrival, Copy, CopyTarget, Promotion, Rules, Switch
from publishing.tests.factories import release
from surveys.models import ChannelSurvey, ConsentText, CustomField, SurveyForm
from surveys.section import dump as survey_section
from tenants.models import Membership, Organisation, TenantModel
from tenants.roles import Role
from tenants.scope import entered_from_user_scope, tenant_scope, user_scope
from tenants.tests import protection
from tenants.tests.factories import member, organisation, person
from translations.models import ImportChunk, ImportFile, Variant

pytestmark = pytest.mark.django_db


def sql(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []


def changed(query: str, *parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.rowcount)


@pytest.fixture
def alice() -> Organisation:
    """An organisation with a row in every table there is."""
    return _filled(organisation(name="Twins"))


@pytest.fixture
def bob() -> Organisation:
    """Another, with the same names throughout."""
    return _filled(organisation(name="Twins"))


def _filled(made: Organisation) -> Organisation:
    admin = member(made, Role.ADMIN)
    support = channel(made, "Support")
    with tenant_scope(made.pk):
        for area in areas():
            area.load(support, area.dump(support))
        address_list("Bots", "192.0.2.1", support)
        CountedBatch.objects.create(place="test", batch="1")
        _settings_of_areas(support, admin)
        _publication(support)
        _live_chat(support)
        _integrations(made, admin)
        Agent.objects.create(user=admin, display_name="Ana")
        desk_factories.card("Card", by=admin)
        desk_factories.snippet("hello", by=admin)
        desk_factories.replies("Which day?", by=admin)
        record("organisation.created", by=admin, organisation=made.name, brand=made.number)
        # The chain is written at commit, which a test does not come to.
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql("SET CONSTRAINTS ALL DEFERRED")
    release(support, by=admin)
    return made


def _settings_of_areas(support: Channel, admin: User) -> None:
    Variant.objects.create(channel=support, name="Français", locale="fr")
    upload = ImportFile.objects.create(channel=support, user=admin, name="phrases.csv", rows=1)
    ImportChunk.objects.create(file=upload, number=1, rows=[])
    CustomField.objects.create(ident="subject", label="Subject")
    form = SurveyForm.objects.create(name="Form")
    ConsentText.objects.create(
        form_name=form.name, ident="consent.1", version=1, text="I agree.", author_label="Ana"
    )
    if not ChannelSurvey.objects.filter(channel=support).exists():
        ChannelSurvey.objects.create(channel=support, section=survey_section(support))
    Secret.objects.create(ciphertext="sealed")


def _publication(support: Channel) -> None:
    now = timezone.now()
    Rules.objects.create(channel=support)
    Switch.objects.create(channel=support, turned_at=now, turned_by="Ana")
    Arrival.objects.create(
        channel=support, environment="test", release=1, visible_at=now, visible_in_ms=40, attempts=1
    )
    Promotion.objects.create(
        channel=support, number=1, digest="0" * 64, state="done", asked_by_label="Ana", asked_at=now
    )
    copy = Copy.objects.create(
        source=support, areas=[], sections={}, asked_by_label="Ana", asked_at=now, touched_at=now
    )
    CopyTarget.objects.create(copy=copy, channel=support)


def _live_chat(support: Channel) -> None:
    now = timezone.now()
    left = {"channel": support, "origin": uuid4()}
    OfflineMessage.objects.create(place="live", email="ana@example.com", text="Hello", sent_at=now, **left)
    Mail.objects.create(kind="offline", recipients=["a@example.com"], subject="s", text="t", **left)


def _integrations(made: Organisation, admin: User) -> None:
    now = timezone.now()
    Import.objects.create(
        name="shop.yaml", content="sealed", made_by=admin, made_by_label="Ana", touched_at=now
    )
    token = Token.objects.create(
        name="Deploy", hashed=f"{made.pk:064}", hint="abcd", made_by=admin, made_by_label="Ana"
    )
    IdempotentAnswer.objects.create(token=token, key="once", fingerprint="0" * 64, created_at=now)
    webhook = Webhook.objects.create(url="https://example.com/hook", secret="sealed", made_by_label="Ana")
    Message.objects.create(webhook=webhook, event="release.created", body={}, next_attempt_at=now)


def table(model: type[Model]) -> str:
    return model._meta.db_table


MODELS = protection.tenant_models()
EVERY_MODEL: list[type[Model]] = [*MODELS, Organisation, Membership]


# -- What there is ----------------------------------------------------------------------------------------------------


def test_there_are_tables_to_protect() -> None:
    assert {Channel, WebSettings, Entry} < set(MODELS)


def test_every_table_is_behind_forced_row_security_or_shared_on_purpose() -> None:
    with connection.cursor() as cursor:
        assert protection.unprotected_tables(cursor) == []


def test_every_model_with_a_tenant_is_a_tenant_model() -> None:
    """So that its manager refuses to answer outside a scope, too."""
    ours = [
        model for model in apps.get_models() if any(field.name == "tenant" for field in model._meta.fields)
    ]
    assert set(ours) == {*MODELS, Membership}


@pytest.mark.parametrize("model", MODELS, ids=table)
def test_the_policy_of_a_tenant_s_table_is_the_tenant_in_force_and_nothing_beside_it(
    model: type[TenantModel],
) -> None:
    expected: dict[str, tuple[str, str, str | None]] = {
        "tenant": ("ALL", protection.CONDITION, protection.CONDITION)
    }
    if model is Link:
        # The database writes the chain by itself; the serving role may read it.
        expected["tenant"] = ("ALL", "false", "false")
        expected["own"] = ("SELECT", protection.CONDITION, None)
    with connection.cursor() as cursor:
        assert protection.policies(cursor, table(model)) == expected


@pytest.mark.parametrize("model", MODELS, ids=table)
def test_a_tenant_s_table_can_be_referred_to_by_tenant_and_id(model: type[TenantModel]) -> None:
    with connection.cursor() as cursor:
        assert ("tenant_id", "id") in protection.unique_keys(cursor, table(model))


def test_every_reference_inside_a_tenant_is_held_by_a_composite_key() -> None:
    with connection.cursor() as cursor:
        assert protection.untied_references(cursor) == []


def test_an_unprotected_new_table_is_found(owner_database: psycopg.Connection[tuple[object, ...]]) -> None:
    with owner_database.transaction(force_rollback=True), owner_database.cursor() as cursor:
        cursor.execute("CREATE TABLE scratch_forgotten (id bigint PRIMARY KEY, tenant_id bigint)")
        cursor.execute("CREATE TABLE scratch_unforced (id bigint PRIMARY KEY, tenant_id bigint)")
        cursor.execute("ALTER TABLE scratch_unforced ENABLE ROW LEVEL SECURITY")
        cursor.execute("CREATE TABLE scratch_without_policy (id bigint PRIMARY KEY, tenant_id bigint)")
        cursor.execute("ALTER TABLE scratch_without_policy ENABLE ROW LEVEL SECURITY")
        cursor.execute("ALTER TABLE scratch_without_policy FORCE ROW LEVEL SECURITY")
        found = protection.unprotected_tables(cursor)
    assert found == ["scratch_forgotten", "scratch_unforced", "scratch_without_policy"]


def test_the_tests_run_as_a_role_that_row_security_binds() -> None:
    [(is_super, bypasses, owns)] = sql(
        "SELECT r.rolsuper, r.rolbypassrls, EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid) "
        "FROM pg_roles r WHERE r.rolname = current_user"
    )
    assert (is_super, bypasses, owns) == (False, False, False)


def test_both_organisations_have_a_row_that_could_leak_in_every_table(
    alice: Organisation, bob: Organisation
) -> None:
    """A new table without one is not tested: add a row to `_filled`."""
    for one in (alice, bob):
        with tenant_scope(one.pk):
            assert [
                table(model) for model in EVERY_MODEL if not sql(f"SELECT 1 FROM {table(model)} LIMIT 1")
            ] == []


# -- Reading ----------------------------------------------------------------------------------------------------------


def test_without_a_scope_plain_sql_sees_no_row_of_any_table(alice: Organisation, bob: Organisation) -> None:
    seen = {table(model): sql(f"SELECT * FROM {table(model)}") for model in EVERY_MODEL}
    assert {name: rows for name, rows in seen.items() if rows} == {}
    counted = {table(model): sql(f"SELECT count(*) FROM {table(model)}") for model in EVERY_MODEL}
    assert {name: rows for name, rows in counted.items() if rows != [(0,)]} == {}


def test_in_a_scope_plain_sql_sees_the_tenant_s_rows_and_no_others_in_any_table(
    alice: Organisation, bob: Organisation
) -> None:
    for one in (alice, bob):
        with tenant_scope(one.pk):
            seen = {table(model): sql(f"SELECT DISTINCT tenant_id FROM {table(model)}") for model in MODELS}
        assert {name: rows for name, rows in seen.items() if rows != [(one.pk,)]} == {}


@pytest.mark.parametrize("setting", ["", "0", "-1"])
def test_a_scope_of_nobody_sees_no_row(alice: Organisation, setting: str) -> None:
    sql("SELECT set_config('chatadmin.tenant_id', %s, true)", setting)
    for model in EVERY_MODEL:
        assert sql(f"SELECT count(*) FROM {table(model)}") == [(0,)]


@pytest.mark.parametrize("setting", ["1 OR true", "'; DROP TABLE audit_entry; --", "x"])
def test_a_scope_that_is_no_number_is_an_error_and_no_opening(alice: Organisation, setting: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        sql("SELECT set_config('chatadmin.tenant_id', %s, true)", setting)
        sql("SELECT * FROM channels_config_channel")


def test_turning_row_security_off_turns_the_answer_off(alice: Organisation) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        sql("SET LOCAL row_security = off")
        sql("SELECT * FROM channels_config_channel")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE channels_config_channel DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE channels_config_channel NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON channels_config_channel",
        "CREATE POLICY everybody ON channels_config_channel USING (true)",
        "ALTER TABLE audit_entry DISABLE TRIGGER append_only",
        "SET ROLE test_owner",
        "SET session_replication_role = replica",
        "TRUNCATE audit_entry",
        "CREATE TABLE own (id int)",
    ],
)
def test_the_serving_role_cannot_take_the_wall_down(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(statement)


# -- Writing ----------------------------------------------------------------------------------------------------------


def test_the_rows_of_another_tenant_cannot_be_changed_or_deleted_in_any_table(
    alice: Organisation, bob: Organisation
) -> None:
    with tenant_scope(bob.pk):
        theirs = {table(model): sql(f"SELECT id FROM {table(model)} LIMIT 1")[0][0] for model in MODELS}
    with tenant_scope(alice.pk):
        for name, row in theirs.items():
            assert changed(f"UPDATE {name} SET tenant_id = tenant_id WHERE id = %s", row) == 0, name
            assert changed(f"DELETE FROM {name} WHERE id = %s", row) == 0, name


def test_a_row_cannot_be_written_for_another_tenant(alice: Organisation, bob: Organisation) -> None:
    with (
        tenant_scope(alice.pk),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Channel.objects.create(tenant=bob, name="Planted")


def test_a_row_cannot_be_moved_to_another_tenant(alice: Organisation, bob: Organisation) -> None:
    with (
        tenant_scope(alice.pk),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Channel.objects.update(tenant=bob)


def test_a_row_cannot_refer_to_another_tenant_s(alice: Organisation, bob: Organisation) -> None:
    """Foreign keys see past row security: the plain one would hold, the composite one does not."""
    with tenant_scope(bob.pk):
        theirs = Channel.objects.get()
        WebSettings.objects.all().delete()
    with tenant_scope(alice.pk), pytest.raises(IntegrityError, match="same_tenant"), transaction.atomic():
        WebSettings.objects.create(channel_id=theirs.pk)
        sql("SET CONSTRAINTS ALL IMMEDIATE")


def test_not_even_the_owner_role_can_write_a_reference_across_tenants(
    owner_database: psycopg.Connection[tuple[object, ...]],
) -> None:
    with owner_database.transaction(force_rollback=True):
        [[one]] = owner_database.execute(
            "INSERT INTO tenants_organisation (number, name, time_zone, created_at) VALUES (901, 'a', 'UTC', now()) RETURNING id"
        ).fetchall()
        [[other]] = owner_database.execute(
            "INSERT INTO tenants_organisation (number, name, time_zone, created_at) VALUES (902, 'b', 'UTC', now()) RETURNING id"
        ).fetchall()
        [[theirs]] = owner_database.execute(
            "INSERT INTO channels_config_channel (tenant_id, public_id, name, kind, created_at) "
            "VALUES (%s, 'chat_x', 'x', 'live', now()) RETURNING id",
            [other],
        ).fetchall()
        owner_database.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="same_tenant"):
            owner_database.execute(
                "INSERT INTO channels_config_websettings (tenant_id, channel_id, custom_css, custom_js, redesigned_ui, "
                "colors, appearance, position, domains_restricted, allowed_domains) "
                "VALUES (%s, %s, '', '', true, '{}', 'bar', 'left', false, '[]')",
                [one, theirs],
            )


# -- People -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def carol(alice: Organisation, bob: Organisation) -> Iterator[int]:
    """A member of both organisations, at work in Alice's."""
    carol = member(bob, Role.OWNER, member(alice, Role.AUDITOR))
    with user_scope(carol.pk), entered_from_user_scope(alice.pk):
        yield carol.pk


def test_a_person_sees_which_organisations_are_theirs(
    carol: int, alice: Organisation, bob: Organisation
) -> None:
    assert set(Organisation.objects.values_list("pk", flat=True)) == {alice.pk, bob.pk}
    assert set(Membership.objects.filter(user=carol).values_list("tenant_id", flat=True)) == {
        alice.pk,
        bob.pk,
    }


def test_a_person_does_not_see_the_other_people_of_an_organisation_they_are_not_at_work_in(
    carol: int, alice: Organisation, bob: Organisation
) -> None:
    assert Membership.objects.filter(tenant=alice).count() == 2
    assert Membership.objects.filter(tenant=bob).count() == 1


def test_an_organisation_of_one_s_own_cannot_be_changed_from_another(
    carol: int, alice: Organisation, bob: Organisation
) -> None:
    assert Organisation.objects.filter(pk=bob.pk).update(name="Taken") == 0
    assert changed("DELETE FROM tenants_organisation WHERE id = %s", bob.pk) == 0
    assert Membership.objects.filter(tenant=bob, user=carol).update(role=Role.AUDITOR) == 0
    assert changed("DELETE FROM tenants_membership WHERE tenant_id = %s", bob.pk) == 0
    assert Organisation.objects.filter(pk=alice.pk).update(name="Renamed") == 1


def test_a_person_cannot_let_themselves_into_another_organisation(
    alice: Organisation, bob: Organisation
) -> None:
    mallory = member(alice, Role.OWNER)
    with user_scope(mallory.pk), entered_from_user_scope(alice.pk):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Membership.objects.create(tenant=bob, user=mallory, role=Role.OWNER)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Membership.objects.filter(user=mallory).update(tenant=bob)


def test_before_an_organisation_is_chosen_nothing_can_be_written(alice: Organisation) -> None:
    mallory = person()
    with (
        user_scope(mallory.pk),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Membership.objects.create(tenant=alice, user=mallory, role=Role.OWNER)
