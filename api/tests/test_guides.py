"""A Guide through the REST API: made, read, changed, refused; it has no area of a chat, and a chat has none of its."""

from __future__ import annotations

import pytest

from api.tests.conftest import Api, Side
from guide.tests.factories import entry

pytestmark = pytest.mark.django_db


def test_a_guide_is_made_configured_and_listed_like_a_channel(alice: Side, api: Api) -> None:
    made = api("POST", "channels/", {"name": "Site", "kind": "guide"})
    assert made.status_code == 201
    guide = made.json()["id"]
    assert guide.startswith("guide_")
    address = f"channels/{guide}/sections/guide/"
    section = api("GET", address).json()
    section["entries"] = [entry("All", alice.channel.public_id)]
    section["branding"]["header"] = "#112233"
    saved = api("PUT", address, section)
    assert saved.status_code == 200, saved.content
    assert saved["X-Release"] == "2"
    # An offer is told with its channel's name, and taken back with it.
    section["entries"][0]["channels"][0]["name"] = alice.channel.name
    assert api("GET", address).json() == section
    assert api("PUT", address, section).status_code == 200
    assert api("GET", address).json() == section
    assert api("PATCH", address, {"branding": {"header": "red"}}).status_code in {400, 422}
    listed = {one["area"] for one in api("GET", f"channels/{guide}/sections/").json()["items"]}
    assert listed == {"guide", "translations"}
    assert [one["id"] for one in api("GET", "channels/?kind=guide").json()["items"]] == [guide]


def test_areas_belong_to_their_kinds(alice: Side, api: Api) -> None:
    guide = api("POST", "channels/", {"name": "Site", "kind": "guide"}).json()["id"]
    assert api("GET", f"channels/{guide}/sections/channels_config/").status_code == 404
    assert api("GET", f"channels/{alice.channel.public_id}/sections/guide/").status_code == 404
