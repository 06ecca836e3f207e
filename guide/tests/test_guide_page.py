"""The list of Guides and a Guide's page, by HTTP."""

from __future__ import annotations

import csv
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_config.models import Channel
from channels_config.tests.factories import channel
from guide import rules
from guide.area import AREA
from guide.tests.factories import entry, guide
from publishing.models import Release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation
from translations.area import AREA as AREA_LANGUAGES
from translations.tests.factories import variant

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
    for path in (
        *("guide/", "translations/", "history/", "compare/", "review/", "rules/", "publication/"),
        *("init/", "rename/", "duplicate/", "delete/", "states/", "saved/", "file/", "file/export/"),
    ):
        assert editor.get(f"/o/1009/acd/digital/chat/{made.public_id}/{path}").status_code == 200
    support = channel(acme, "Support")
    assert editor.get(f"/o/1009/acd/digital/chat/{support.public_id}/guide/").status_code == 404


class Fields(HTMLParser):
    """What a browser would send of the page's form, as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._inside = False
        self._select = self._text = ""
        #: Whether the select at hand has a value: its first option's, until one is selected.
        self._chosen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "form":
            self._inside = given.get("id") == "settings"
        elif not self._inside:
            return
        elif tag == "option" and self._select and ("selected" in given or not self._chosen):
            if self._chosen:
                self.sent[self._select].pop()
            self.sent.setdefault(self._select, []).append(given.get("value", ""))
            self._chosen = True
        elif tag == "select":
            self._select, self._chosen = name, False
        elif tag == "textarea" and name:
            self._text = name
            self.sent.setdefault(name, []).append("")
        elif tag == "input" and name and (kind not in {"checkbox", "radio", "submit"} or "checked" in given):
            self.sent.setdefault(name, []).append(given.get("value", "on" if kind == "checkbox" else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.sent[self._text][-1] += data.lstrip("\n")


def posted(page: str) -> dict[str, list[str]]:
    fields = Fields()
    fields.feed(page)
    return fields.sent


@pytest.fixture
def site(acme: Organisation) -> Channel:
    return guide(acme, "Site", entry("All", channel(acme, "Support").public_id))


def section_of(acme: Organisation, site: Channel) -> Any:
    with tenant_scope(acme.pk):
        return AREA.dump(site)


def test_a_form_that_is_sent_as_it_came_changes_nothing(
    acme: Organisation, editor: Client, site: Channel
) -> None:
    before = section_of(acme, site)
    url = AREA.edit_url(1009, site.public_id)
    assert editor.post(url, posted(editor.get(url).content.decode())).status_code == 302
    assert section_of(acme, site) == before


def test_buttons_change_the_form_and_save_nothing(acme: Organisation, editor: Client, site: Channel) -> None:
    """Without script as well: each is a round trip of the whole form."""
    before = section_of(acme, site)
    url = AREA.edit_url(1009, site.public_id)
    form = posted(editor.get(url).content.decode())
    [first] = form["entry"]
    form = posted(editor.post(url, {**form, "do": "add"}).content.decode())
    assert form["entry"][0] == first
    second = form["entry"][1]
    form = posted(editor.post(url, {**form, "do": f"rule:{second}"}).content.decode())
    form[f"{second}:0:value"] = ["/shop"]
    form = posted(editor.post(url, {**form, "do": f"up:{second}"}).content.decode())
    assert form["entry"] == [second, first]
    assert form[f"{second}:0:value"] == ["/shop"]
    tried = editor.post(url, {**form, "do": "test", "url": ["https://x.example/shop/1"]}).content.decode()
    assert 'id="verdict"' in tried
    assert "/shop" in tried.partition('id="verdict"')[2]
    form = posted(editor.post(url, {**form, "do": f"remove:{first}"}).content.decode())
    assert form["entry"] == [second]
    for nonsense in ("x", "up:", f"unrule:{second}:99", f"first:{second}:chat_x", "rule:nobody"):
        assert editor.post(url, {**form, "do": nonsense}).status_code == 200
    assert section_of(acme, site) == before


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    acme: Organisation, editor: Client, site: Channel
) -> None:
    url = AREA.edit_url(1009, site.public_id)
    form = posted(editor.get(url).content.decode())
    [first] = form["entry"]
    form |= {
        f"{first}:name": [" "],
        f"{first}:rule": ["0"],
        f"{first}:0:effect": ["include"],
        f"{first}:0:how": ["starts"],
        f"{first}:0:value": [""],
        "color_header": ["reddish"],
        "text_title": ["<script>alert(1)</script>"],
        "allowed_domains": ["https://x.example/path"],
        "where": ["listed"],
        "width": ["12"],
    }
    answer = editor.post(url, form)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<script>alert" not in page
    again = posted(page)
    assert again["text_title"] == ["<script>alert(1)</script>"]
    assert again["color_header"] == ["reddish"]
    assert again["allowed_domains"] == ["https://x.example/path"]
    assert page.count("field-error") >= 5


def test_the_second_of_two_admins_is_told(acme: Organisation, editor: Client, site: Channel) -> None:
    url = AREA.edit_url(1009, site.public_id)
    mine = posted(editor.get(url).content.decode())
    assert editor.post(url, {**mine, "text_title": ["Theirs"]}).status_code == 302
    answer = editor.post(url, {**mine, "text_title": ["Mine"]})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Theirs" in page
    assert posted(page)["text_title"] == ["Mine"]
    assert section_of(acme, site)["texts"]["title"] == "Theirs"


def test_its_words_are_translated_on_its_own_page_and_those_of_chats_are_not_there(
    acme: Organisation, editor: Client, site: Channel
) -> None:
    with tenant_scope(acme.pk):
        variant(site, "fr_CA", "Français")
    page = editor.get(reverse("translations:phrases", args=[1009, site.public_id, "fr_CA"])).content.decode()
    assert "guide.title" in page
    assert "replyBoxPlaceholder" not in page
    # What ships in the language stands there, not the English.
    assert "Comment pouvons-nous vous aider" in page
    assert "How can we help you" not in page
    languages = editor.get(AREA_LANGUAGES.edit_url(1009, site.public_id)).context
    (row,) = languages["rows"]
    assert (languages["total"], row["missing"]) == (len(rules.TEXTS), 0)
    assert set(languages["test"]["phrases"]) == {rules.phrase_key(text) for text in rules.TEXTS}
    asked = {"accept": "de-CH", "phrase": "guide.close"}
    tried = editor.get(reverse("translations:tester", args=[1009, site.public_id]), asked).content.decode()
    assert "Schließen" in tried


def test_its_words_alone_are_in_its_files_and_in_the_palette(
    acme: Organisation, editor: Client, site: Channel
) -> None:
    with tenant_scope(acme.pk):
        variant(site, "fr_CA", "Français")
        variant(channel(acme, "Help"), "fr_CA", "Français")
    url = reverse("translations:export", args=[1009, site.public_id])
    sheet = editor.get(url).content.decode()
    words = {row["id"]: row for row in csv.DictReader(StringIO(sheet.removeprefix("\ufeff")))}
    assert {rules.phrase_key(text) for text in rules.TEXTS} == words.keys()
    assert (words["guide.close"]["default"], words["guide.close"]["english"]) == ("Fermer", "Close")
    file = editor.get(url, {"format": "xlf", "locale": "fr_CA"}).content.decode()
    assert ">Close</source>" in file
    assert ">Fermer</target>" in file
    # As it went it comes back; what only a chat says is refused.
    sent = SimpleUploadedFile("x.csv", f"{sheet}fr_CA,send,Allez,,,\r\n".encode())
    made = editor.post(reverse("translations:import", args=[1009, site.public_id]), {"file": sent})
    step = made.headers["Location"].removesuffix("/")
    editor.post(f"{step}/step/")
    judged = editor.get(made.headers["Location"]).context["counts"]
    assert (judged["ok"], judged["refused"], judged["same"]) == (0, 1, len(words))

    def found(text: str) -> set[str]:
        answer = editor.get(reverse("channels:palette", args=[1009]), {"q": text}).json()["results"]
        return {one["url"] for one in answer if "#id_phrase." in one["url"]}

    page = reverse("translations:phrases", args=[1009, site.public_id, "fr_CA"])
    assert f"{page}#id_phrase.guide.close" in found("site fermer")
    assert found("site guide.close") == {f"{page}#id_phrase.guide.close"}
    assert [one for one in found("replyBoxPlaceholder") if site.public_id in one] == []
    assert len(found("replyBoxPlaceholder")) == 1


def test_a_guide_has_no_conversations_to_answer_at_the_desk(editor: Client, site: Channel) -> None:
    page = editor.get(AREA.edit_url(1009, site.public_id)).content.decode()
    assert f"?only={site.public_id}" not in page


def test_lists_and_pages_ask_as_often_for_three_guides_as_for_one(
    acme: Organisation, editor: Client, site: Channel
) -> None:
    url = reverse("guides:list", args=[1009])
    editor.get(url)
    with CaptureQueriesContext(connection) as one:
        editor.get(url)
    for name in ("Second", "Third"):
        guide(acme, name, entry("All"))
    with CaptureQueriesContext(connection) as three:
        assert "Third" in editor.get(url).content.decode()
    assert len(three) == len(one)
