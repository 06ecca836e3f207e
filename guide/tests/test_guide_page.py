"""The list of Guides and a Guide's page, by HTTP."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from channels_config.models import Channel
from channels_config.tests.factories import channel
from guide.area import AREA
from guide.tests.factories import guide
from publishing.models import Release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organisation:
    return organisation(1009, "Acme")


@pytest.fixture
def editor(acme: Organisation) -> Client:
    client = Client()
    client.force_login(member(acme, Role.ADMIN))
    return client


def test_a_new_guide_offers_every_channel_on_every_page_and_is_published_to_test(
    acme: Organisation, editor: Client
) -> None:
    support = channel(acme, "Support")
    answer = editor.post(reverse("guides:create", args=[1009]), {"name": "Site"})
    with tenant_scope(acme.pk):
        made = Channel.guides.get()
        assert answer.headers["Location"] == AREA.edit_url(1009, made.public_id)
        newest = Release.objects.filter(channel=made).order_by("-number")[0]
        assert newest.sections["guide"]["entries"][0]["channels"] == [
            {"channel": support.public_id, "label": "", "hide_offline": False}
        ]
        assert set(newest.sections) == {"guide", "translations"}
    assert made.public_id.startswith("guide_")
    page = editor.get(AREA.edit_url(1009, made.public_id))
    assert page.status_code == 200
    assert "Site" in editor.get(reverse("guides:list", args=[1009])).content.decode()
    assert made.public_id not in editor.get(reverse("channels:list", args=[1009])).content.decode()


def test_a_guide_is_no_channel_of_the_chat_areas(acme: Organisation, editor: Client) -> None:
    made = guide(acme, "Site")
    for path in ("css-js/", "pre-contact-survey/", "commands/"):
        assert editor.get(f"/o/1009/acd/digital/chat/{made.public_id}/{path}").status_code == 404
    for path in ("guide/", "translations/", "history/", "init/", "rename/", "duplicate/"):
        assert editor.get(f"/o/1009/acd/digital/chat/{made.public_id}/{path}").status_code == 200
    support = channel(acme, "Support")
    assert editor.get(f"/o/1009/acd/digital/chat/{support.public_id}/guide/").status_code == 404
