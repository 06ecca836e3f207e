"""The first wall: who gets through `@requires`, and what happens to the work of a view that fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from channels_config.models import Channel
from channels_config.tests.factories import channel
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import in_scope, tenant_scope
from tenants.tests.factories import member, organisation, person

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tenants.tests.urls")]


@pytest.fixture
def alice() -> Organisation:
    return organisation(1009, "Alice's")


def signed_in(user: object) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)  # type: ignore[arg-type]
    return client


def status(client: Client, path: str) -> int:
    return client.get(path).status_code


def test_a_member_gets_in_and_the_view_knows_where_it_is(alice: Organisation) -> None:
    response = signed_in(member(alice, Role.AUDITOR)).get("/door/1009/look")
    assert response.content.decode() == "1009 Alice's Auditeur"


def test_signed_out_one_is_sent_to_the_sign_in_page_and_back_again(
    alice: Organisation, client: Client
) -> None:
    response = client.get("/door/1009/look?q=1&r=2")
    assert response.headers["Location"] == "/sign-in/?next=/door/1009/look%3Fq%3D1%26r%3D2"


def test_signed_out_one_cannot_tell_which_organisations_there_are(
    alice: Organisation, client: Client
) -> None:
    assert status(client, "/door/1009/look") == status(client, "/door/7777/look") == 302


def test_to_a_stranger_an_organisation_looks_like_one_that_is_not_there(alice: Organisation) -> None:
    stranger = signed_in(member(organisation(2020, "Bob's"), Role.OWNER))
    there, not_there = (stranger.get(f"/door/{brand}/look") for brand in (1009, 7777))
    assert (there.status_code, not_there.status_code) == (404, 404)
    assert _without_address(there) == _without_address(not_there)


def _without_address(response: Response) -> str:
    """A page without its CSRF tokens and without the address that was asked for."""
    return re.sub(r'"[A-Za-z0-9]{64}"|/door/\d+/', "", response.content.decode())


@pytest.mark.parametrize("brand", ["0", "2147483648", "9" * 40])
def test_a_number_no_organisation_can_have_is_not_found(alice: Organisation, brand: str) -> None:
    assert status(signed_in(member(alice)), f"/door/{brand}/look") == 404


@pytest.mark.parametrize("role", [role for role in Role if role < Role.EDITOR])
def test_a_member_below_the_role_is_refused_and_nothing_is_written(alice: Organisation, role: Role) -> None:
    assert status(signed_in(member(alice, role)), "/door/1009/write/x") == 403
    with tenant_scope(alice.pk):
        assert not Channel.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role if role >= Role.EDITOR])
def test_a_member_of_the_role_or_above_it_may(alice: Organisation, role: Role) -> None:
    assert status(signed_in(member(alice, role)), "/door/1009/write/x") == 201


def test_a_role_in_one_organisation_is_none_in_another(alice: Organisation) -> None:
    bob = organisation(2020, "Bob's")
    both = signed_in(member(bob, Role.AUDITOR, member(alice, Role.OWNER)))
    assert (status(both, "/door/1009/write/x"), status(both, "/door/2020/write/x")) == (201, 403)


def test_a_person_whose_account_was_closed_is_signed_out(alice: Organisation) -> None:
    client = signed_in(member(alice, Role.OWNER))
    assert status(client, "/door/1009/leave") == 200
    assert status(client, "/door/1009/look") == 302


def test_a_membership_that_ended_ends_at_once(alice: Organisation) -> None:
    user = member(alice, Role.OWNER)
    client = signed_in(user)
    assert status(client, "/door/1009/look") == 200
    with tenant_scope(alice.pk):
        user.memberships.all().delete()
    assert status(client, "/door/1009/look") == 404


def test_somebody_without_any_organisation_gets_in_nowhere(alice: Organisation) -> None:
    assert status(signed_in(person()), "/door/1009/look") == 404


@pytest.mark.django_db(transaction=True)
def test_what_a_view_wrote_before_it_failed_never_was(alice: Organisation) -> None:
    response = signed_in(member(alice)).get("/door/1009/raise")
    assert response.status_code == 500
    assert not in_scope()
    with tenant_scope(alice.pk):
        assert not Channel.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_a_view_wrote_is_kept(alice: Organisation) -> None:
    assert status(signed_in(member(alice)), "/door/1009/write/Support") == 201
    with tenant_scope(alice.pk):
        assert Channel.objects.get().name == "Support"


def test_a_page_that_is_drawn_late_is_drawn_inside_the_scope(alice: Organisation) -> None:
    channel(alice, "Support")
    assert signed_in(member(alice)).get("/door/1009/lazy").content.decode() == "Support;"


def test_the_organisations_to_switch_to_are_the_person_s_own(alice: Organisation) -> None:
    bob, _carol = organisation(2020, "Bob's"), organisation(3030, "Carol's")
    both = signed_in(member(bob, Role.AUDITOR, member(alice, Role.OWNER)))
    assert both.get("/door/1009/organisations").content.decode() == "1009,2020"


def test_the_door_costs_two_queries_and_two_settings(
    alice: Organisation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(member(alice))
    # Session, user; savepoint, user id, membership, tenant id; the two settings undone and the savepoint released, which
    # only happens within a test's transaction.
    with django_assert_max_num_queries(9):
        assert status(client, "/door/1009/look") == 200
