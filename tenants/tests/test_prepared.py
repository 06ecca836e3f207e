"""Prepared queries: they answer what the query set they were made of answers, to every organisation what is its own."""

from __future__ import annotations

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from channels_config.models import Channel, WebSettings
from channels_config.tests.factories import channel
from tenants.prepared import Prepared
from tenants.scope import OutsideScope, tenant_scope
from tenants.tests.factories import organisation

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_prepared_query_answers_each_organisation_with_its_own_rows_and_nobody_outside_a_scope(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first, second = organisation(), organisation()
    mine, theirs = channel(first, name="Mine"), channel(second, name="Theirs")
    by_id = Prepared(lambda public_id: Channel.every.filter(public_id=public_id), str)
    names = Prepared(lambda: Channel.every.order_by("-name").values_list("name", "kind"))
    with pytest.raises(OutsideScope):
        by_id.all(mine.public_id)
    for own, other, tenant in ((mine, theirs, first), (theirs, mine, second), (mine, theirs, first)):
        with tenant_scope(tenant.pk):
            with django_assert_num_queries(1):
                found = by_id.first(own.public_id)
            assert found is not None
            assert (found.pk, found.name, found.kind, found.created_at) == (
                own.pk,
                own.name,
                own.kind,
                own.created_at,
            )
            assert by_id.first(other.public_id) is None
            assert names.all() == [(own.name, own.kind)]
            # What was found is a row like any other: it is saved, and it is known to be there.
            found.name = own.name = f"{own.name}, again"
            found.save()
            assert Channel.every.get().name == own.name


def test_joins_limits_json_and_columns_left_for_later_come_as_from_the_query_set() -> None:
    here = organisation()
    one = channel(here)
    with tenant_scope(here.pk):
        WebSettings.objects.filter(channel=one).delete()
        WebSettings.objects.create(channel=one, custom_css="a {}", colors={"text": "#123456"})
        drafts = Prepared(
            lambda channel: (
                WebSettings.objects.select_related("channel")
                .defer("custom_css")
                .filter(channel=channel, pk__gt=0)
                .order_by("pk")[:1]
            ),
            int,
        )
        found = drafts.first(one.pk)
        assert found is not None
        assert (found.colors, found.get_deferred_fields()) == ({"text": "#123456"}, {"custom_css"})
        with connection.execute_wrapper(_never):
            assert found.channel.name == one.name
        assert found.custom_css == "a {}"
        assert drafts.first(0) is None


def test_what_would_answer_something_else_than_the_query_set_is_not_prepared() -> None:
    here = organisation()
    with tenant_scope(here.pk):
        of_this_organisation = Channel.every.all()
        for build in (
            lambda number: of_this_organisation.filter(pk=number),
            lambda number: Channel.every.filter(pk=number + 1),
            lambda _number: Channel.every.all(),
            lambda number: Channel.every.filter(pk=number).values("name"),
        ):
            with pytest.raises(TypeError):
                Prepared(build, int).all(1)


def _never(*_: object) -> object:
    raise AssertionError("nothing is asked here")
