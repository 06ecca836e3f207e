"""Which rules of a channel's CSS lose against a Guide that offers it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from channels_config.models import Channel
from channels_config.tests.factories import channel
from guide import overrides
from guide.tests.factories import entry, guide
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organisation:
    return organisation(1009, "Acme")


@pytest.fixture
def support(acme: Organisation) -> Channel:
    return channel(acme, "Support")


def losing(of: Organisation, found: Channel, css: str) -> list[tuple[int, str, str]]:
    with tenant_scope(of.pk), translation.override("en"):
        return [(one.line, one.declaration, one.setting) for one in overrides.of_channel(found, css)]


def test_declarations_for_what_the_guide_sets_lose_and_others_do_not(
    acme: Organisation, support: Channel
) -> None:
    guide(acme, "Site", entry("All", support.public_id), branding={"header": "#112233", "font": "serif"})
    css = """[data-selector="HEADER"] { background-color: red !important; border: 0 }
.page .cw-header:hover, #other { background: red }
header.cw-header { color: red }
[data-selector=SEND_BUTTON] { background: red }
@media (min-width: 1px) { body { font: 12px Arial } }
:root { --cw-header: red }
div.cw-header { background: red }
[data-selector=HEADER] h1 { background: red }
[data-selector=HEADER]::before { background: red }
.cw-header[hidden] { background: red }
"""
    assert losing(acme, support, css) == [
        (1, "background-color: red !important", "Header"),
        (2, "background: red", "Header"),
        (5, "font: 12px Arial", "Font"),
        (6, "--cw-header: red", "Header"),
    ]


def test_only_guides_that_offer_the_channel_count(acme: Organisation, support: Channel) -> None:
    guide(acme, "Other", entry("All", channel(acme, "Ventes").public_id), branding={"header": "#112233"})
    css = ".cw-header { background: red }"
    assert losing(acme, support, css) == []
    guide(acme, "Site", entry("All", support.public_id))
    assert losing(acme, support, css) == []
    guide(acme, "Third", entry("All", support.public_id), branding={"header": "#445566"})
    assert losing(acme, support, css) == [(1, "background: red", "Header")]


def test_a_sheet_that_is_broken_is_read_as_far_as_it_goes(acme: Organisation, support: Channel) -> None:
    guide(acme, "Site", entry("All", support.public_id), branding={"radius": 4})
    for css in (
        "}}}",
        ".cw-window { border-radius",
        "@import 'x",
        "\\",
        "{}",
        ".cw-window{&:hover{color:red}}",
    ):
        assert losing(acme, support, css) in ([], [(1, "border-radius: ", "Roundness of corners")])


def test_the_page_of_the_css_names_the_guide_and_the_setting(acme: Organisation, support: Channel) -> None:
    site = guide(acme, "Site <b>", entry("All", support.public_id), branding={"header": "#112233"})
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(member(acme, Role.AUDITOR))
    address = reverse("channels_config:edit", args=[1009, support.public_id])
    assert "guide-wins" not in client.get(address).content.decode()
    with tenant_scope(acme.pk):
        support.web_settings.custom_css = ".cw-header { background: red }"
        support.web_settings.save()
    page = client.get(address).content.decode()
    assert "guide-wins" in page
    assert "Site &lt;b&gt;" in page
    assert "#112233" in page
    assert site.public_id in page
