"""The second wall: the scope, its one transaction, and managers that refuse to answer outside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from tenants.scope import (
    OutsideScope,
    ScopeNested,
    current_tenant_id,
    entered_from_user_scope,
    in_scope,
    tenant_scope,
    user_scope,
)
from tenants.tests.factories import member, organisation

in_a_test_s_transaction = pytest.mark.django_db
in_real_transactions = pytest.mark.django_db(transaction=True)


def setting(name: str = "tenant_id") -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [f"chatadmin.{name}"])
        value: str | None = cursor.fetchone()[0]
        return value or None


def names_in_sql() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM channels_config_channel ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


@in_a_test_s_transaction
def test_outside_a_scope_a_manager_refuses_to_answer() -> None:
    channel(organisation())
    for ask in (
        Channel.objects.all,
        Channel.objects.count,
        lambda: Channel.all_objects.filter(pk=1),
        Entry.objects.first,
        lambda: Channel.objects.create(name="x"),
        lambda: Channel(name="x"),
    ):
        with pytest.raises(OutsideScope):
            ask()


@in_a_test_s_transaction
def test_in_a_scope_a_manager_knows_the_tenant_s_rows_only() -> None:
    one, other = organisation(), organisation()
    channel(one, "One's")
    channel(other, "The other's")
    with tenant_scope(one.pk):
        assert [str(found) for found in Channel.objects.all()] == ["One's"]
        assert Channel(name="x").tenant_id == one.pk


@in_a_test_s_transaction
def test_a_row_made_in_a_scope_keeps_a_tenant_that_was_given() -> None:
    """PostgreSQL refuses to save it; the model does not quietly make it the tenant's own."""
    one, other = organisation(), organisation()
    with tenant_scope(one.pk):
        assert Channel(name="x", tenant=other).tenant_id == other.pk


@in_a_test_s_transaction
def test_rows_loaded_without_their_tenant_cost_no_query_each(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    one = organisation()
    for number in range(3):
        channel(one, f"Channel {number}")
    with tenant_scope(one.pk), django_assert_num_queries(1):
        assert len([found.name for found in Channel.objects.only("name")]) == 3


@in_a_test_s_transaction
def test_scopes_never_nest() -> None:
    one, other = organisation(), organisation()
    user = member(one)
    scopes: tuple[Callable[[], AbstractContextManager[None]], ...] = (
        lambda: tenant_scope(other.pk),
        lambda: tenant_scope(one.pk),
        lambda: user_scope(user.pk),
        lambda: entered_from_user_scope(other.pk),
    )
    for again in scopes:
        with tenant_scope(one.pk):
            with pytest.raises(ScopeNested), again():
                pytest.fail("the inner scope was opened")
            assert current_tenant_id() == one.pk
            assert setting() == str(one.pk)


@in_real_transactions
def test_a_scope_inside_another_transaction_is_refused() -> None:
    """It would be a savepoint; releasing one leaves the tenant in force for the rest of the transaction."""
    one = organisation()
    with transaction.atomic():
        with pytest.raises(RuntimeError, match="durable"), tenant_scope(one.pk):
            pytest.fail("the scope was opened")
        with pytest.raises(RuntimeError, match="durable"), user_scope(1):
            pytest.fail("the scope was opened")
    assert not in_scope()


@in_real_transactions
def test_a_released_savepoint_leaks_which_is_why() -> None:
    """The fact behind the rule above, as PostgreSQL has it."""
    with transaction.atomic():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('chatadmin.tenant_id', '7', true)")
        assert setting() == "7"
    assert setting() is None


@in_real_transactions
def test_a_scope_leaves_nothing_behind_on_its_connection() -> None:
    one = organisation()
    user = member(one)
    channel(one, "One's")
    with tenant_scope(one.pk):
        assert names_in_sql() == ["One's"]
    assert (in_scope(), setting(), names_in_sql()) == (False, None, [])
    with user_scope(user.pk), entered_from_user_scope(one.pk):
        assert names_in_sql() == ["One's"]
    assert (in_scope(), setting(), setting("user_id"), names_in_sql()) == (False, None, None, [])


@in_a_test_s_transaction
def test_nor_does_it_within_the_transaction_of_a_test() -> None:
    one = organisation()
    user = member(one)
    channel(one, "One's")
    with user_scope(user.pk), entered_from_user_scope(one.pk):
        assert names_in_sql() == ["One's"]
    assert (in_scope(), setting(), setting("user_id"), names_in_sql()) == (False, None, None, [])


@pytest.mark.parametrize("kind", ["python", "sql"])
@in_a_test_s_transaction
def test_what_is_raised_in_a_scope_ends_it_and_comes_out_unchanged(kind: str) -> None:
    one = organisation()
    channel(one, "Support")
    expected = ZeroDivisionError if kind == "python" else IntegrityError
    with pytest.raises(expected), tenant_scope(one.pk):
        if kind == "sql":
            Channel.objects.create(name="Support")
        raise ZeroDivisionError
    assert (in_scope(), setting(), names_in_sql()) == (False, None, [])


@in_real_transactions
def test_what_is_raised_in_a_scope_undoes_all_it_wrote() -> None:
    one = organisation()
    with pytest.raises(ZeroDivisionError), tenant_scope(one.pk):
        Channel.objects.create(name="Never was")
        raise ZeroDivisionError
    with tenant_scope(one.pk):
        assert not Channel.objects.exists()


@in_real_transactions
def test_what_waits_for_the_commit_runs_outside_the_scope() -> None:
    one = organisation()
    seen: list[object] = []

    def afterwards() -> None:
        seen.append(in_scope())
        with tenant_scope(one.pk):
            seen.append(Channel.objects.get().name)

    with tenant_scope(one.pk):
        Channel.objects.create(name="Kept")
        transaction.on_commit(afterwards)
    assert seen == [False, "Kept"]


@in_a_test_s_transaction
def test_a_scope_is_its_own_thread_s() -> None:
    one = organisation()
    seen: list[bool] = []
    with tenant_scope(one.pk):
        thread = threading.Thread(target=lambda: seen.append(in_scope()))
        thread.start()
        thread.join()
    assert seen == [False]
