"""The reference of commands: it names what the widget knows, with this channel's ids, and its types can be downloaded."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from channels_config import command_views
from channels_config.command_reference import EVENTS, GROUPS, GUIDE_COMMANDS
from channels_config.models import Channel
from channels_config.tests.factories import channel
from tenants.models import Organisation
from tenants.roles import Role
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db

WIDGET = Path(__file__).resolve().parents[2] / "widget"
NAMES = {command.name for group in GROUPS for command in group.commands}


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def page(shop: Organisation, found: Channel, *, language: str = "en", **query: str) -> str:
    client = Client()
    client.force_login(member(shop, Role.AUDITOR, person(language=language)))
    response: Any = client.get(reverse("channels:commands", args=[shop.number, found.public_id]), query)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0]


def test_the_commands_of_the_guide_are_the_same_everywhere() -> None:
    script = (WIDGET / "host" / "guide.ts").read_text(encoding="utf-8")
    known = re.findall(r'^  "(\w+)",$', between(script, "const COMMANDS = [", "]"), re.MULTILINE)
    types = (WIDGET / "cxone.d.ts").read_text(encoding="utf-8")
    typed = re.findall(r"^  (\w+): \[", between(types, "interface CxoneGuideCommands", "\n}"), re.MULTILINE)
    assert known == typed == [one.name for one in GUIDE_COMMANDS]


def test_the_reference_the_types_and_the_widget_name_the_same_commands() -> None:
    script = (WIDGET / "host" / "commands.ts").read_text(encoding="utf-8")
    bodies = between(script, "export const commands", "\n};"), between(script, "const without", "\n};")
    known = {name for body in bodies for name in re.findall(r"^  (\w+): ", body, re.MULTILINE)}
    types = (WIDGET / "cxone.d.ts").read_text(encoding="utf-8")
    typed = set(
        re.findall(r"^  (\w+): \[", between(types, "interface CxoneChatCommands", "\n}"), re.MULTILINE)
    )
    calls = {"onPushUpdate", "onAnyPushUpdate"}
    assert known == NAMES
    assert typed == NAMES - calls | {"init"}
    assert all(f'name: "{name}"' in types for name in calls)


def test_the_events_told_of_are_those_of_the_types() -> None:
    types = (WIDGET / "cxone.d.ts").read_text(encoding="utf-8")
    typed = re.findall(r"^  (\w+): ", between(types, "interface CxonePushData", "\n}"), re.MULTILINE)
    assert {name for name, _text in EVENTS} <= set(typed)


def test_commands_the_window_may_not_give_are_marked() -> None:
    script = (WIDGET / "host" / "commands.ts").read_text(encoding="utf-8")
    refused = set(re.findall(r'"(\w+)"', between(script, "const notFromFrame", ";")))
    marked = {command.name for group in GROUPS for command in group.commands if command.page_only}
    # The window's own script listens by itself.
    assert refused == marked | {"init", "onPushUpdate", "onAnyPushUpdate"}


def test_every_command_stands_on_the_page_with_the_ids_of_the_channel(
    shop: Organisation, support: Channel
) -> None:
    shown = page(shop, support)
    assert set(re.findall(r'<article class="command" id="(\w+)"', shown)) == NAMES
    assert f'cxone("init", "{shop.number}");' in shown
    assert f'cxone("chat", "init", {shop.number}, "{support.public_id}");' in shown
    assert f'cxone("chat:{support.public_id}", "setLocale", "fr-CA");' in shown
    assert 'cxone("chat", "setCustomerName", "Zoé Tremblay");' in shown
    assert "brandembassy(" not in between(shown, 'class="split command-page"', 'id="script-title"')


def test_the_older_snippet_has_the_same_commands_without_an_area(
    shop: Organisation, support: Channel
) -> None:
    shown = page(shop, support, style="older")
    code = "\n".join(re.findall(r"<code>(.*?)</code></pre>", shown, re.DOTALL))
    assert f'brandembassy("init", {shop.number}, "{support.public_id}");' in code
    assert 'brandembassy("hidePreSurvey");' in code
    assert "cxone(" not in code
    # Naming one of several chats is for today's snippet.
    assert "several-title" not in shown


def test_the_page_speaks_french(shop: Organisation, support: Channel) -> None:
    shown = page(shop, support, language="fr")
    assert "Qui est le visiteur" in shown
    assert "Who the visitor is" not in shown


def test_the_types_are_a_file_to_download(
    shop: Organisation, support: Channel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    client = Client()
    client.force_login(member(shop, Role.AUDITOR, person(language="en")))
    address = reverse("channels:declarations", args=[shop.number, support.public_id])
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cxone.d.ts"'
    assert answer.content == (WIDGET / "cxone.d.ts").read_bytes()
    # Before the first build the page says so in place of a broken link.
    settings.STATIC_ROOT = str(tmp_path)
    monkeypatch.setattr(finders, "find", lambda _path: None)
    assert client.get(address).status_code == 503
    assert command_views.declarations_text() is None
    assert "cxone.d.ts" not in between(page(shop, support), 'id="aside-title"', "</section>")
