"""What somebody meets who speaks to the API for the first time, with whatever client is at hand."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from api.tests.conftest import Api, Side
from channels_config.models import Channel
from channels_config.tests.factories import channel
from publishing.models import Promotion, Release
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db


def said(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    return str(answer.json()["message"])


def test_the_bare_address_says_where_to_begin(alice: Side, api: Api) -> None:
    begin = Client().get("/api/v1/")
    assert begin.json()["docs"].endswith("/api/v1/docs/")
    assert Client().get("/api/v1/docs/").status_code == 200
    assert "end with a slash" in said(api("GET", "channels"), 404)
    assert "end with a slash" not in said(api("GET", "horses/"), 404)


def test_a_body_in_pieces_or_packed_is_refused_and_never_taken_for_an_empty_one(
    alice: Side, api: Api
) -> None:
    for method, path in (
        ("POST", f"channels/{alice.channel.public_id}/promotions/"),
        ("POST", f"channels/{alice.channel.public_id}/releases/1/rollback/"),
        ("PATCH", f"channels/{alice.channel.public_id}/sections/channels_config/"),
        ("POST", f"channels/{alice.channel.public_id}/files/verdict/?name=a.txt"),
    ):
        # What a client sends in pieces comes without a length, and so reads as nothing.
        assert "Content-Length" in said(api(method, path, Transfer_Encoding="chunked"), 411), path
    packed = api("POST", "channels/", {"name": "Packed", "kind": "live"}, Content_Encoding="gzip")
    assert "without Content-Encoding (gzip)" in said(packed, 415)
    plain = api("POST", "channels/", {"name": "Plain", "kind": "live"}, Content_Encoding="identity")
    assert plain.status_code == 201
    with tenant_scope(alice.organisation.pk):
        assert not Promotion.objects.exists()
        assert not Release.objects.filter(channel=alice.channel).exists()
        assert not Channel.objects.filter(name="Packed").exists()


def test_the_same_fields_in_another_order_are_the_same_request(alice: Side, api: Api) -> None:
    first = api("POST", "channels/", {"name": "Once", "kind": "live"}, Idempotency_Key="k")
    again = api("POST", "channels/", {"kind": "live", "name": "Once"}, Idempotency_Key="k")
    assert (first.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"


def test_a_list_is_read_to_its_end_while_it_grows_each_row_once(alice: Side, api: Api) -> None:
    with tenant_scope(alice.organisation.pk):
        Channel.objects.bulk_create(Channel(name=f"Channel {number}", kind="live") for number in range(1000))
        wanted = set(Channel.objects.values_list("public_id", flat=True))
    seen: list[str] = []
    following: str | None = f"/api/v1/organisations/{alice.organisation.number}/channels/?limit=200&kind=live"
    pages = 0
    while following:
        answer = api(
            "GET", "/" + following.partition("//")[2].partition("/")[2] if "//" in following else following
        )
        assert int(answer["RateLimit-Remaining"]) < int(answer["RateLimit-Limit"])
        page = answer.json()
        seen += [one["id"] for one in page["items"]]
        following = page["next"]
        assert ("Link" in answer.headers) == bool(following)
        pages += 1
        if pages <= 3:
            # One comes, one that was seen goes, another changes its name.
            channel(alice.organisation, f"New {pages}", kind="live")
            with tenant_scope(alice.organisation.pk):
                Channel.objects.filter(public_id=seen[-1]).delete()
                Channel.objects.filter(public_id=seen[-2]).update(name=f"AAA {pages}")
    assert len(seen) == len(set(seen)) == 1003
    assert pages == 6
    assert wanted - set(seen) == {alice.channel.public_id}
