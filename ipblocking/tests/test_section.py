"""Lists in the database, their section, and what a save writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from channels_config.models import Channel
from channels_config.tests.factories import channel as make_channel
from ipblocking import drafts, entries, sentences, services
from ipblocking.area import AREA
from ipblocking.entries import Finding
from ipblocking.models import AddressList, BlockEntry, ListUse
from ipblocking.tests.factories import own, shared
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> Iterator[Channel]:
    made = organisation(1009)
    with tenant_scope(made.pk):
        yield make_channel(made)


def rows(target: AddressList) -> list[tuple[str, str, str, Any]]:
    return list(
        BlockEntry.objects.filter(list=target)
        .order_by("network", "kind")
        .values_list("network", "kind", "reason", "expires_at")
    )


def test_a_channel_without_lists_has_an_empty_section(channel: Channel) -> None:
    assert AREA.dump(channel) == {"format": 1, "entries": [], "lists": []}
    assert AREA.public(AREA.dump(channel)) == {}


def test_the_section_holds_the_channel_s_own_lines_and_the_lists_it_uses(channel: Channel) -> None:
    own(channel, "2.2.2.2\n1.1.1.1 # spam")
    shared("Tor", "9.9.9.9", channel)
    shared("Other", "8.8.8.8")
    shared("Bots", "", channel)
    assert AREA.dump(channel) == {
        "format": 1,
        "entries": ["1.1.1.1 # spam", "2.2.2.2"],
        "lists": [{"name": "Bots", "entries": []}, {"name": "Tor", "entries": ["9.9.9.9"]}],
    }


def test_rows_are_networks_with_their_reason_and_end(channel: Channel) -> None:
    target = own(channel, "10.1.0.0/16 until 2030-01-01 # x\nallow 10.1.1.1\n2001:DB8::/32\n::ffff:1.2.3.4")
    assert rows(target) == [
        ("1.2.3.4", "block", "", None),
        ("10.1.0.0/16", "block", "x", datetime(2030, 1, 1, tzinfo=UTC)),
        ("10.1.1.1", "allow", "", None),
        ("2001:db8::/32", "block", "", None),
    ]


def test_a_save_keeps_who_added_what_stays(channel: Channel) -> None:
    target = own(channel, "1.1.1.1\n2.2.2.2\n3.3.3.3", by="Alice")
    BlockEntry.objects.filter(network="1.1.1.1").update(hits=7)
    own(channel, "1.1.1.1 # now with a reason\n3.3.3.3\n4.4.4.4", by="Bob")
    assert list(
        BlockEntry.objects.filter(list=target)
        .order_by("network")
        .values_list("network", "reason", "added_by_label", "hits")
    ) == [
        ("1.1.1.1", "now with a reason", "Alice", 7),
        ("3.3.3.3", "", "Alice", 0),
        ("4.4.4.4", "", "Bob", 0),
    ]


def test_what_was_typed_stays_as_it_was_typed(channel: Channel) -> None:
    target = own(channel, "# March\r\n1.1.1.1\r\nnonsense\r\n")
    assert target.source == "# March\n1.1.1.1\nnonsense\n"
    assert target.kept == ["1.1.1.1"]
    assert target.findings["counts"] == {"error": 1}
    assert [one.line for one in drafts.told_findings(target.findings)] == [3]


def test_a_section_loads_back_as_itself(channel: Channel) -> None:
    own(channel, "1.1.1.1 # spam\nallow 10.0.0.0/8 until 2030-01-01T10:30Z")
    shared("Tor", "9.9.9.9", channel)
    before = AREA.dump(channel)
    other = make_channel(channel.tenant, "Other")
    AREA.load(other, before)
    AREA.load(channel, before)
    assert AREA.dump(other) == AREA.dump(channel) == before
    assert AREA.check(before, {}) == []


def test_loading_makes_a_list_the_organisation_lacks_and_leaves_alone_one_it_has(channel: Channel) -> None:
    kept = shared("tor", "9.9.9.9")
    AREA.load(channel, entries.section([], {"Bots": ["7.7.7.7"], "Tor": ["1.2.3.4"]}))
    assert AREA.dump(channel)["lists"] == [
        {"name": "Bots", "entries": ["7.7.7.7"]},
        {"name": "tor", "entries": ["9.9.9.9"]},
    ]
    kept.refresh_from_db()
    assert kept.kept == ["9.9.9.9"]
    AREA.load(channel, entries.section())
    assert AREA.dump(channel) == entries.section()


@pytest.mark.parametrize(
    "broken", [None, 7, [], {}, {"format": 1}, {"format": 1, "entries": "x", "lists": [1]}]
)
def test_a_section_of_another_shape_is_said_to_be_one(broken: Any) -> None:
    found = AREA.check(broken, {})
    assert found
    assert all(problem.blocking and str(problem.message) for problem in found)


def _said(code: str, language: str) -> str:
    with translation.override(language):
        if code in sentences.FINDINGS:
            return sentences.finding_sentence(Finding(1, code, "error", "1.2.3.4", "1.2.3.0/24", 2))
        return sentences.problem_sentence(code, "1.2.3.4")


@pytest.mark.parametrize("code", sorted({*sentences.FINDINGS, *sentences.PROBLEMS}))
def test_every_code_has_its_sentence_in_both_languages(code: str) -> None:
    english, french = _said(code, "en"), _said(code, "fr")
    assert english != french
    assert "%" not in english + french


def test_one_entry_is_taken_out_of_the_text() -> None:
    text = "# spam\n1.1.1.1 # a\n1.1.1.1\n2.2.2.0-2.2.2.2 # range\nnonsense"
    assert drafts.without(text, "1.1.1.1", "block") == "# spam\n2.2.2.0-2.2.2.2 # range\nnonsense"
    assert (
        drafts.without(text, "2.2.2.2", "block")
        == "# spam\n1.1.1.1 # a\n1.1.1.1\n2.2.2.0/31 # range\nnonsense"
    )
    assert drafts.without(text, "1.1.1.1", "allow") == text


def test_counters_are_written_down_once_per_batch(channel: Channel) -> None:
    mine = own(channel, "1.1.1.0/24\nallow 1.1.1.1")
    bots = shared("Bots", "1.1.1.0/24", channel)
    found = [
        (channel.public_id, "", "block", "1.1.1.0/24", 3, 1_800_000_000),
        (channel.public_id, "", "allow", "1.1.1.1", 1, 1_800_000_000),
        (channel.public_id, "Bots", "block", "1.1.1.0/24", 2, 1_800_000_100),
        (channel.public_id, "", "block", "9.9.9.9", 5, 1_800_000_000),
    ]
    assert services._count("test", "b1", found) == 3
    assert services._count("test", "b1", found) == 0
    assert services._count("live", "b1", found[:1]) == 1
    hits = BlockEntry.objects.order_by("list", "network", "kind").values_list("list", "kind", "hits")
    assert list(hits) == [(mine.pk, "block", 6), (mine.pk, "allow", 1), (bots.pk, "block", 2)]
    latest = BlockEntry.objects.get(list=bots)
    assert latest.last_hit_at == datetime.fromtimestamp(1_800_000_100, UTC)
    BlockEntry.objects.filter(list=bots).update(last_hit_at=datetime(2020, 1, 1, tzinfo=UTC))
    services.forget_hits()
    forgotten = BlockEntry.objects.get(list=bots)
    assert (forgotten.hits, forgotten.last_hit_at) == (0, None)


def test_counters_of_another_shape_or_brand_are_left_out() -> None:
    made = organisation(1009)
    good = [1009, "chat_x", "", "block", "1.1.1.1", 3, 1_800_000_000]
    bad = [
        [],
        [1009],
        [4444, *good[1:]],
        [*good[:4], "nonsense", 3, 1],
        [*good[:3], "deny", "1.1.1.1", 1, 1],
        7,
    ]
    assert services._by_organisation([good, *bad]) == {
        made.pk: [("chat_x", "", "block", "1.1.1.1", 3, 1_800_000_000)]
    }


def test_a_save_of_a_shared_list_publishes_each_channel_that_uses_it(channel: Channel) -> None:
    other = make_channel(channel.tenant, "Other")
    target = shared("Bots", "1.1.1.1", channel, other)
    assert ListUse.objects.filter(list=target, waiting_since=None).count() == 2
    services.publish_uses(target)
    assert ListUse.objects.filter(list=target, waiting_since=None).count() == 0
    assert (channel.tenant_id, target.pk) in services.waiting_lists()


def test_an_entry_belongs_to_a_list_of_its_own_organisation() -> None:
    mine, other = organisation(1009), organisation(2002)
    with tenant_scope(other.pk):
        theirs = shared("Theirs", "9.9.9.9")
    with tenant_scope(mine.pk):
        target = shared("Mine", "1.1.1.1")
        with pytest.raises(IntegrityError, match="no list of its organisation"), transaction.atomic():
            BlockEntry.objects.create(
                list_id=theirs.pk, network="2.2.2.2", kind="block", added_at=timezone.now()
            )
        with pytest.raises(IntegrityError, match="stays in its list"), transaction.atomic():
            BlockEntry.objects.filter(list=target).update(list_id=theirs.pk)


def test_a_list_with_entries_cannot_vanish_under_them(channel: Channel) -> None:
    mine = own(channel, "1.1.1.1")
    with (
        pytest.raises(IntegrityError, match="has entries"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM ipblocking_addresslist WHERE id = %s", [mine.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    mine.delete()
    assert not BlockEntry.objects.exists()
