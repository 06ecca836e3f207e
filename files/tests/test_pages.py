"""The pages of export and import, and what a worker does for them."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from areas import registry
from audit.models import Entry
from channels_config.models import Channel, WebSettings
from channels_config.tests.factories import channel
from files import imports
from files.documents import channel_document, organisation_document
from files.formats import read, write
from files.models import Import
from tenants.models import Membership, Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    return organisation()


@pytest.fixture
def ana(org: Organisation) -> User:
    return member(org, Role.ADMIN, person(language="en", name="Ana"))


@pytest.fixture
def support(org: Organisation) -> Channel:
    return channel(org, "Support", draft={"custom_css": ".a { color: red }\n"})


@pytest.fixture
def browser(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def file_of(org: Organisation, one: Channel, **changes: Any) -> dict[str, Any]:
    with tenant_scope(org.pk):
        document = channel_document(one)
    document["areas"]["channels_config"] |= changes
    return document


def send(browser: Client, url: str, content: bytes, name: str = "support.yaml") -> Any:
    return browser.post(url, {"file": SimpleUploadedFile(name, content), "text": ""})


def page(browser: Client, answer: Any) -> str:
    return str(browser.get(answer["Location"]).content.decode())


def apply(browser: Client, where: str, **fields: str) -> Any:
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', browser.get(where).content.decode())
    assert seen is not None
    return browser.post(where, {"seen": seen[1], "note": "From a file", **fields})


@pytest.mark.django_db(transaction=True)
def test_a_double_click_applies_a_file_once_and_says_so() -> None:
    shop = organisation(1009)
    admin = member(shop, Role.ADMIN)
    support = channel(shop, "Support", draft={"custom_css": ".a { color: red }\n"})
    together, answers = threading.Barrier(2), list[int]()
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(admin)
    content = write(file_of(shop, support, custom_css=".b { color: blue }\n"), "yaml").encode()
    where = send(clients[0], reverse("files:channel_upload", args=[1009, support.public_id]), content)[
        "Location"
    ]
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', clients[0].get(where).content.decode())
    assert seen is not None

    def click(client: Client) -> None:
        try:
            together.wait(60)
            answers.append(client.post(where, {"seen": seen[1], "note": ""}).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant_scope(shop.pk):
        assert [one["outcome"] for one in Import.objects.get().results] == ["update"]
        assert Entry.objects.filter(action="channel.imported").count() == 1
    # The second one is shown what came of it.
    assert sorted(answers) == [200, 302]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_channel_and_an_organisation_are_downloaded(
    org: Organisation, support: Channel, browser: Client, form: str
) -> None:
    one = browser.get(reverse("files:export", args=[org.number, support.public_id]), {"format": form})
    assert one["Content-Disposition"].endswith(f'.{form}"')
    assert read(one.content) == file_of(org, support)
    assert "&lt;secret&gt;" in browser.get(reverse("files:home", args=[org.number])).content.decode()
    everything = browser.get(reverse("files:export_all", args=[org.number]), {"format": form})
    assert [each["name"] for each in read(everything.content)["channels"]] == ["Support"]


def test_a_file_is_looked_at_and_applied(org: Organisation, support: Channel, browser: Client) -> None:
    content = write(file_of(org, support, custom_css=".b { color: blue }\n"), "yaml").encode()
    sent = send(browser, reverse("files:channel_upload", args=[org.number, support.public_id]), content)
    assert sent.status_code == 302
    shown = page(browser, sent)
    assert "Nothing has changed yet" in shown
    assert ".b { color: blue }" in shown
    with tenant_scope(org.pk):
        assert WebSettings.objects.get().custom_css == ".a { color: red }\n"
        assert ".b" not in Import.objects.get().content
    assert "The import is done." in page(browser, apply(browser, sent["Location"]))
    with tenant_scope(org.pk):
        assert WebSettings.objects.get().custom_css == ".b { color: blue }\n"
        assert Import.objects.get().content == ""
        [release] = support.releases.all()
        assert (release.note, release.author_label) == ("From a file", "Ana")


def test_a_secret_in_a_file_is_looked_at_as_often_as_one_likes_and_taken(
    org: Organisation, support: Channel, browser: Client
) -> None:
    document = file_of(org, support)
    document["areas"]["auth_config"] |= {"mode": "jwt"}
    document["areas"]["auth_config"]["jwt"] |= {"secret": "a-secret-of-more-than-thirty-two-characters"}
    content = write(document, "yaml").encode()
    sent = send(browser, reverse("files:channel_upload", args=[org.number, support.public_id]), content)
    shown = page(browser, sent)
    assert "of-more-than-thirty" not in shown
    assert "The import is done." in page(browser, apply(browser, sent["Location"]))
    area = registry.area("auth_config")
    with tenant_scope(org.pk):
        assert document["areas"]["auth_config"]["jwt"]["secret"] in str(area.private(area.dump(support)))
        assert support.releases.count() == 1
    again = send(browser, reverse("files:channel_upload", args=[org.number, support.public_id]), content)
    assert "of-more-than-thirty" not in page(browser, again)
    assert 'name="seen"' not in page(browser, again)


def test_a_save_after_the_look_is_shown_before_anything_is_applied(
    org: Organisation, support: Channel, browser: Client
) -> None:
    content = write(file_of(org, support, custom_css=".b {}\n"), "json").encode()
    sent = send(browser, reverse("files:channel_upload", args=[org.number, support.public_id]), content)
    with tenant_scope(org.pk):
        WebSettings.objects.update(custom_css=".c {}\n")
    answer = apply(browser, sent["Location"], seen="0" * 64)
    assert answer.status_code == 409
    assert "Something was saved after you looked" in answer.content.decode()
    with tenant_scope(org.pk):
        assert WebSettings.objects.get().custom_css == ".c {}\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"a: [", "This is not YAML."),
        (b"hello: 1", "This is no file of a channel"),
        (b"\xff\xfe", "This is not text in UTF-8."),
        (b'{"chatadmin": "channel", "format": 1, "name": "x", "kind": "fax"}', "messaging, live or guide"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_on_the_page(
    org: Organisation, support: Channel, browser: Client, content: bytes, said: str
) -> None:
    for url in (
        reverse("files:upload", args=[org.number]),
        reverse("files:channel_upload", args=[org.number, support.public_id]),
    ):
        answer = send(browser, url, content)
        assert answer.status_code == 422
        assert said in answer.content.decode()


def test_nothing_sent_is_said_so_and_pasted_text_is_kept(
    org: Organisation, support: Channel, browser: Client
) -> None:
    url = reverse("files:upload", args=[org.number])
    assert "Choose a file, or paste its text." in browser.post(url, {"text": " "}).content.decode()
    answer = browser.post(url, {"text": "wrong: <b>"})
    assert (answer.status_code, "wrong: &lt;b&gt;" in answer.content.decode()) == (422, True)


def test_an_organisation_s_file_is_applied_channel_by_channel_by_a_worker(
    org: Organisation, support: Channel, browser: Client
) -> None:
    for name in ("Ventes", "Broken"):
        channel(org, name)
    with tenant_scope(org.pk):
        document = organisation_document(org, Channel.objects.all())
    for one in document["channels"]:
        one["areas"]["channels_config"]["custom_css"] = f"/* {one['name']} */\n"
        if one["name"] == "Broken":
            one["areas"]["channels_config"]["allowed_domains"] = ["ftp://x"]
    document["channels"].append(document["channels"][0] | {"id": "", "name": "New"})
    del document["channels"][-1]["areas"]["channels_config"]["allowed_domains"]
    document["channels"][-1]["areas"] = {}
    sent = send(
        browser, reverse("files:upload", args=[org.number]), json.dumps(document).encode(), "all.json"
    )
    shown = page(browser, sent)
    assert "1 new channel" in shown
    assert "2 changed" in shown
    assert "1 refused" in shown
    apply(browser, sent["Location"])
    with tenant_scope(org.pk):
        one = Import.objects.get()
        assert (one.state, one.results) == ("running", [])
    assert "0 of 4 channels" in browser.get(sent["Location"]).content.decode()
    imports.go_on(org.pk, one.pk)
    done = browser.get(reverse("files:progress", args=[org.number, one.pk])).content.decode()
    assert "1 channel was left as it is" in done
    assert "3 channels changed." in done
    with tenant_scope(org.pk):
        assert Channel.objects.filter(name="New").exists()
        assert WebSettings.objects.get(channel=support).custom_css == "/* Support */\n"
    imports.go_on(org.pk, one.pk)


def test_an_import_that_rests_is_found_and_taken_up_where_it_stopped(
    org: Organisation, ana: User, support: Channel
) -> None:
    second = channel(org, "Ventes")
    with tenant_scope(org.pk):
        document = organisation_document(org, Channel.objects.all())
        for one in document["channels"]:
            one["areas"]["channels_config"]["redesigned_ui"] = False
        taken = imports.take_in(json.dumps(document).encode(), name="all.json", into=None, by=ana)
        imports.start(taken, imports.look(taken).steps, note="")
        assert imports.step_on(taken, imports.contents_of(taken))
        Import.objects.update(touched_at=taken.created_at.replace(year=2020))
    assert (org.pk, taken.pk) in imports.resting()
    imports.go_on(org.pk, taken.pk)
    with tenant_scope(org.pk):
        assert Import.objects.get().state == "done"
        assert {one.channel_id for one in WebSettings.objects.filter(redesigned_ui=False)} == {
            support.pk,
            second.pk,
        }


@pytest.mark.parametrize("loss", ["role", "membership", "account"])
def test_an_import_ends_where_its_author_lost_the_right_to_it(
    org: Organisation, ana: User, support: Channel, loss: str
) -> None:
    second, third = channel(org, "Ventes"), channel(org, "Zoo")
    bea = Client()
    bea.force_login(member(org, Role.ADMIN, person(language="en", name="Bea")))
    with tenant_scope(org.pk):
        document = organisation_document(org, Channel.objects.all())
        for one in document["channels"]:
            one["areas"]["channels_config"]["redesigned_ui"] = False
        taken = imports.take_in(json.dumps(document).encode(), name="all.json", into=None, by=ana)
        imports.start(taken, imports.look(taken).steps, note="")
        assert imports.step_on(taken, imports.contents_of(taken))
        if loss == "role":
            Membership.objects.filter(user=ana).update(role=Role.EDITOR)
        elif loss == "membership":
            Membership.objects.filter(user=ana).delete()
        else:
            User.objects.filter(pk=ana.pk).update(is_active=False)
    imports.go_on(org.pk, taken.pk)
    with tenant_scope(org.pk):
        over = Import.objects.get()
        assert [one["outcome"] for one in over.results] == ["update", "stopped", "stopped"]
        assert (over.state, over.content, over.is_over) == ("stopped", "", True)
        assert not WebSettings.objects.filter(channel__in=[second, third], redesigned_ui=False).exists()
        assert WebSettings.objects.get(channel=support).redesigned_ui is False
        entry = Entry.objects.get(action="import.stopped")
        with translation.override("en"):
            assert "stopped the import of all.json before its last 2 channels: Ana may not" in str(entry)
        assert entry.data["channels"] == ["Ventes", "Zoo"]
    shown = bea.get(reverse("files:look", args=[org.number, taken.pk])).content.decode()
    assert "The import was stopped: Ana may not import here any more." in shown
    assert "2 channels were not reached" in shown
    assert "hx-trigger" not in shown.partition('id="progress"')[2].partition(">")[0]
    assert "Stopped" in bea.get(reverse("files:home", args=[org.number])).content.decode()
    # Neither a worker that comes late nor the sweep takes it up again.
    imports.go_on(org.pk, taken.pk)
    with tenant_scope(org.pk):
        assert Entry.objects.filter(action="import.stopped").count() == 1


CXONE = {
    "name": "Aide",
    "isLiveChat": True,
    "channelIdOnExternalPlatform": "0950394d-a403-4fe6-91d5-34e934771662",
    "availability": {"status": "online"},
    "colors": {"button": "#FAAC4B", "theme": "blue", "shade": "#000000"},
    "widget": {"appearance": "bubble", "position": "left"},
    "customCss": "[data-selector='WINDOW'] {\r\n  color: red;\r\n}\r\n",
    "customJs": "parent.cxone('chat', 'setCustomCss', '');",
    "customJsFiles": ["https://example.com/x.js"],
    "popups": [],
    "settings": {
        "chatRedesign": False,
        "hasPageViews": True,
        "features": {"chatRedesign": False, "securedSessions": True},
    },
}


def test_a_channel_json_of_cxone_is_taken_over_with_a_report(
    org: Organisation, support: Channel, browser: Client
) -> None:
    url = reverse("files:channel_upload", args=[org.number, support.public_id])
    sent = send(browser, url, json.dumps(CXONE).encode(), "channel.json")
    shown = page(browser, sent)
    assert "What became of the channel JSON" in shown
    with tenant_scope(org.pk):
        verdicts = {path: verdict for verdict, path, _message in Import.objects.get().report}
    assert verdicts["customCss"] == verdicts["customJs"] == verdicts["colors.button"] == "changed"
    assert verdicts["widget.appearance"] == verdicts["settings.chatRedesign"] == "taken"
    assert verdicts["colors.theme"] == verdicts["colors.shade"] == verdicts["customJsFiles"] == "unknown"
    assert verdicts["settings.hasPageViews"] == "unknown"
    apply(browser, sent["Location"])
    with tenant_scope(org.pk):
        draft = WebSettings.objects.get(channel=support)
        assert Channel.objects.get(pk=support.pk).name == "Support"
    assert draft.custom_css == "[data-selector='WINDOW'] {\n  color: red;\n}\n"
    assert (draft.appearance, draft.position, draft.redesigned_ui) == ("bubble", "left", False)
    assert draft.colors["button"] == "#faac4b"


def test_a_channel_json_makes_a_new_channel_of_its_kind(org: Organisation, browser: Client) -> None:
    sent = send(
        browser, reverse("files:upload", args=[org.number]), json.dumps(CXONE).encode(), "channel.json"
    )
    apply(browser, sent["Location"])
    with tenant_scope(org.pk):
        made = Channel.objects.get()
        assert (made.name, made.kind) == ("Aide", "live")
        assert made.external_id != CXONE["channelIdOnExternalPlatform"]


@pytest.mark.parametrize(
    "document",
    [
        {"settings": 1},
        {"isLiveChat": "x", "colors": [], "widget": 3, "customCss": 7},
        {"settings": {"features": 3}},
    ],
)
def test_a_channel_json_of_any_shape_is_reported_on(
    org: Organisation, ana: User, support: Channel, document: dict[str, Any]
) -> None:
    with tenant_scope(org.pk):
        taken = imports.take_in(json.dumps(document).encode(), name="x.json", into=support, by=ana)
        assert imports.look(taken).steps[0].action == "same"
