"""The page « IP blocking », without a browser."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry as AuditEntry
from channels_config.models import Channel
from channels_config.tests.factories import channel as make_channel
from file_restrictions.area import AREA as FILES
from ipblocking import drafts, services
from ipblocking.models import AddressList, BlockEntry, ListUse
from ipblocking.tests.factories import own, shared
from publishing.models import Release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Organisation:
    return organisation(1009)


@pytest.fixture
def channel(here: Organisation) -> Channel:
    return make_channel(here)


@pytest.fixture
def admin(here: Organisation) -> User:
    return member(here, Role.ADMIN)


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    admin.language = "en"
    admin.save()
    client.force_login(admin)
    return client


@pytest.fixture
def scope(here: Organisation) -> Iterator[None]:
    with tenant_scope(here.pk):
        yield


def url(channel: Channel, name: str = "edit") -> str:
    return reverse(f"ipblocking:{name}", args=[1009, channel.public_id])


def version(channel: Channel) -> int:
    with tenant_scope(channel.tenant_id):
        return drafts.own_list(channel).version


def save(browser: Client, channel: Channel, source: str, **more: Any) -> Any:
    fields = {"version": version(channel), "source": source, "file_mode": "add", **more}
    return browser.post(url(channel), fields, follow=True)


def stored(channel: Channel) -> AddressList:
    with tenant_scope(channel.tenant_id):
        return drafts.own_list(channel)


def test_good_lines_are_kept_and_bad_ones_are_listed(browser: Client, channel: Channel) -> None:
    text = "# March\n1.1.1.1 # spam\n1.2.3.*\n10.0.0.1/9 until never\n2001:db8::1"
    answer = save(browser, channel, text)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert stored(channel).kept == ["1.1.1.1 # spam", "2001:db8::1"]
    # Nothing that was typed is lost.
    assert stored(channel).source == text
    assert "2 lines are not understood" in page
    assert re.search(r'data-line="3">Line 3</button> “1\.2\.3\.\*”.*Did you mean 1\.2\.3\.0/24\?', page)
    assert 'data-line="4">Line 4</button> “never” is no moment' in page


def test_a_save_is_a_release_and_an_entry_in_the_audit(browser: Client, channel: Channel) -> None:
    save(browser, channel, "1.1.1.1")
    with tenant_scope(channel.tenant_id):
        [release] = Release.objects.filter(channel=channel)
        assert release.sections["ipblocking"] == {"format": 1, "entries": ["1.1.1.1"], "lists": []}
        assert release.areas == ["ipblocking"]
        assert AuditEntry.objects.filter(action="draft.saved", data__area="ipblocking").count() == 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("127.0.0.1", "127.0.0.1 blocks you: your own address is 127.0.0.1."),
        ("0.0.0.0/0", "blocks (nearly) every IPv4 address"),
        ("192.168.1.0/24", "the private range 192.168.0.0/16"),
    ],
)
def test_a_danger_is_asked_about_once(browser: Client, channel: Channel, line: str, sentence: str) -> None:
    asked = save(browser, channel, f"1.1.1.1\n{line}")
    page = asked.content.decode()
    assert asked.status_code == 422
    assert "Is this what you mean?" in page
    assert sentence in page
    assert f"1.1.1.1\n{line}</textarea>" in page
    assert stored(channel).pk is None
    key = re.search(r'name="confirmed" value="([^"]+)"', page)
    assert key is not None
    assert save(browser, channel, f"1.1.1.1\n{line}", confirmed=key[1]).status_code == 200
    assert stored(channel).size == 2
    # Agreed to already: another save does not ask again.
    assert save(browser, channel, f"1.1.1.1\n2.2.2.2\n{line}").status_code == 200


def test_the_second_of_two_admins_is_told_and_loses_nothing(browser: Client, channel: Channel) -> None:
    opened = version(channel)
    save(browser, channel, "1.1.1.1\n2.2.2.2")
    answer = save(browser, channel, "1.1.1.1\n3.3.3.3", version=opened)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "<code>2.2.2.2</code>" in page
    assert "<code>3.3.3.3</code>" in page
    assert "3.3.3.3</textarea>" in page
    assert stored(channel).kept == ["1.1.1.1", "2.2.2.2"]
    over = re.search(r'name="over" value="(\d+)"', page)
    assert over is not None
    assert save(browser, channel, "1.1.1.1\n3.3.3.3", version=opened, over=over[1]).status_code == 200
    assert stored(channel).kept == ["1.1.1.1", "3.3.3.3"]


def test_a_file_is_added_to_the_list_or_replaces_it(browser: Client, channel: Channel) -> None:
    def upload(content: bytes) -> SimpleUploadedFile:
        return SimpleUploadedFile("liste.txt", content)

    save(browser, channel, "1.1.1.1", file=upload(b"\xef\xbb\xbf2.2.2.2 ; d\xc3\xa9j\xc3\xa0\r\n3.3.3.3\r\n"))
    assert stored(channel).kept == ["1.1.1.1", "2.2.2.2 # déjà", "3.3.3.3"]
    save(browser, channel, stored(channel).source, file=upload(b"4.4.4.4"), file_mode="replace")
    assert stored(channel).kept == ["4.4.4.4"]
    save(browser, channel, "4.4.4.4", file=upload("5.5.5.5 # é".encode("latin-1")))
    assert stored(channel).kept == ["4.4.4.4", "5.5.5.5 # é"]
    refused = save(browser, channel, "4.4.4.4\n6.6.6.6", file=upload(b"PK\x03\x04\x00\x00"))
    assert refused.status_code == 422
    assert "This is not a text file" in refused.content.decode()
    assert "6.6.6.6</textarea>" in refused.content.decode()


@pytest.mark.parametrize("mode", ["add", "replace"])
def test_what_a_file_brought_is_not_lost_when_the_page_asks_or_somebody_was_faster(
    browser: Client, channel: Channel, mode: str
) -> None:
    save(browser, channel, "1.1.1.1")
    before = ["1.1.1.1"] if mode == "add" else []

    def again(answer: Any, **more: str) -> Any:
        """What the button of the page that asked sends: the box as it stands there, and no file."""
        page = html.unescape(answer.content.decode())
        assert "The lines of the file stand in the box now" in page
        box = re.search(r'<textarea name="source"[^>]*>\n?([^<]*)</textarea>', page)
        assert box is not None
        return save(browser, channel, box[1], **more)

    file = SimpleUploadedFile("liste.txt", b"10.0.0.0/8\n5.5.5.5")
    asked = save(browser, channel, "1.1.1.1", file=file, file_mode=mode)
    assert asked.status_code == 422
    assert stored(channel).kept == ["1.1.1.1"]
    confirmed = re.search(r'name="confirmed" value="([^"]+)"', asked.content.decode())
    assert confirmed is not None
    assert again(asked, confirmed=html.unescape(confirmed[1])).status_code == 200
    assert sorted(stored(channel).kept) == sorted([*before, "10.0.0.0/8", "5.5.5.5"])

    file = SimpleUploadedFile("liste.txt", b"6.6.6.6")
    late = save(browser, channel, "1.1.1.1", file=file, file_mode=mode, version=0)
    assert late.status_code == 409
    over = re.search(r'name="over" value="(\d+)"', late.content.decode())
    assert over is not None
    assert again(late, over=over[1]).status_code == 200
    assert stored(channel).kept == [*before, "6.6.6.6"]


def test_a_list_too_long_for_a_box_is_added_to(
    browser: Client, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipblocking.views.MOST_IN_BOX", 20)
    save(browser, channel, "1.1.1.1\n2.2.2.2\n3.3.3.3")
    page = browser.get(url(channel)).content.decode()
    assert 'name="source"' not in page
    assert "This list has 3 entries" in page
    browser.post(url(channel), {"version": version(channel), "more": "4.4.4.4"})
    assert stored(channel).kept == ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"]
    assert 'name="source"' in browser.get(url(channel) + "?text").content.decode()
    assert browser.get(url(channel, "download")).content == b"1.1.1.1\n2.2.2.2\n3.3.3.3\n4.4.4.4"
    many = "\n".join(f"5.0.{number // 250}.{number % 250}" for number in range(1000))
    assert "This list has 1,000 entries" in save(browser, channel, many).content.decode()


def test_the_table_is_searched_sorted_and_paged(browser: Client, channel: Channel) -> None:
    with tenant_scope(channel.tenant_id):
        own(channel, "\n".join(f"10.0.{n}.0/24 # reason {n}" for n in range(60)) + "\nallow 10.0.7.7")
        BlockEntry.objects.filter(network="10.0.9.0/24").update(hits=1234)

    def rows(query: str) -> list[str]:
        page = browser.get(f"{url(channel)}?{query}").content.decode()
        return re.findall(r'<th scope="row" data-label="Address"><code>([^<]+)', page)

    assert len(rows("")) == 50
    assert rows("page=2")[-1] == "10.0.59.0/24"
    assert rows("sort=-hits")[0] == "10.0.9.0/24"
    assert rows("q=10.0.7.7") == ["10.0.7.0/24", "10.0.7.7"]
    assert rows("q=10.0.0.0/23") == ["10.0.0.0/24", "10.0.1.0/24"]
    assert rows("q=reason+12") == ["10.0.12.0/24"]
    assert rows("q=10.0.5") == ["10.0.5.0/24", *(f"10.0.5{n}.0/24" for n in range(10))]
    assert rows("q=100%25") == []
    assert rows("kind=allow") == ["10.0.7.7"]
    assert rows("kind=expired") == []
    fragment = browser.get(f"{url(channel, 'entries')}?q=10.0.7.7", headers={"HX-Request": "true"})
    assert fragment.content.decode().count('data-label="Address"') == 2
    assert browser.get(f"{url(channel, 'entries')}?q=x").status_code == 302


def test_an_entry_is_removed_from_the_table_and_from_the_text(browser: Client, channel: Channel) -> None:
    with tenant_scope(channel.tenant_id):
        own(channel, "# a\n1.1.1.1 # x\n2.2.2.2")
        entry = BlockEntry.objects.get(network="1.1.1.1").pk
    assert browser.post(url(channel, "remove"), {"entry": entry}).status_code == 302
    assert stored(channel).source == "# a\n2.2.2.2"
    assert stored(channel).kept == ["2.2.2.2"]
    assert browser.post(url(channel, "remove"), {"entry": "nonsense"}).status_code == 302
    # Where the channel cannot be published as it is, nothing goes, and the page says so.
    with tenant_scope(channel.tenant_id):
        FILES.load(channel, {**FILES.dump(channel), "allowed_types": []})
        entry = BlockEntry.objects.get(network="2.2.2.2").pk
    answer = browser.post(url(channel, "remove"), {"entry": entry}, follow=True)
    assert "Nothing was removed" in answer.content.decode()
    assert stored(channel).kept == ["2.2.2.2"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("1.1.1.1", "1.1.1.1 is blocked. The entry 1.1.1.0/24 decides."),
        ("::ffff:1.1.1.1", "1.1.1.1 is blocked."),
        ("1.1.1.9", "1.1.1.9 gets in. The entry 1.1.1.9 decides."),
        ("9.9.9.9", "9.9.9.9 is blocked."),
        ("8.8.8.8", "8.8.8.8 gets in. No entry that holds covers it."),
        ("<script>", "“&lt;script&gt;” is no IPv4 or IPv6 address."),
    ],
)
def test_the_tester_says_the_verdict_and_the_rule(
    browser: Client, channel: Channel, address: str, words: str
) -> None:
    with tenant_scope(channel.tenant_id):
        own(channel, "1.1.1.0/24 # spam\n8.8.8.8 until 2020-01-01")
        shared("Bots", "allow 1.1.1.9\n9.9.9.9", channel)
        shared("Unused", "8.8.8.8")

    def text(page: str) -> str:
        return re.sub(r"\s+", " ", re.sub(r"<(?!script>)[^>]+>", "", page))

    assert words in text(browser.get(url(channel), {"address": address}).content.decode())
    fragment = browser.get(url(channel, "test"), {"address": address}, headers={"HX-Request": "true"})
    assert words in text(fragment.content.decode())


def test_a_channel_chooses_among_the_shared_lists(browser: Client, channel: Channel) -> None:
    with tenant_scope(channel.tenant_id):
        bots, other = shared("Bots", "9.9.9.9"), shared("Other", "7.7.7.7")
    save(browser, channel, "", lists=[bots.pk, "nonsense", 999_999])
    with tenant_scope(channel.tenant_id):
        assert list(ListUse.objects.values_list("channel", "list")) == [(channel.pk, bots.pk)]
    page = browser.get(url(channel)).content.decode()
    assert re.search(rf'id="list-{bots.pk}" value="{bots.pk}" checked', page)
    assert not re.search(rf'id="list-{other.pk}" value="{other.pk}" checked', page)


def test_an_auditor_looks_and_does_not_change(here: Organisation, channel: Channel) -> None:
    client = Client()
    client.force_login(member(here, Role.AUDITOR))
    page = client.get(url(channel)).content.decode()
    assert "disabled" in page
    assert client.post(url(channel), {"version": 0, "source": "1.1.1.1"}).status_code == 403


# -- shared lists -----------------------------------------------------------------------------------------------------


def list_url(name: str, *arguments: Any) -> str:
    return reverse(f"address_lists:{name}", args=[1009, *arguments])


@pytest.mark.usefixtures("channel")
def test_a_shared_list_is_created_filled_renamed_and_deleted(browser: Client, channel: Channel) -> None:
    made = browser.post(list_url("create"), {"name": "  Open   proxies "}, follow=True)
    assert "Open proxies" in made.content.decode()
    with tenant_scope(channel.tenant_id):
        target = AddressList.shared.get()
    taken = browser.post(list_url("create"), {"name": "open PROXIES"})
    assert taken.status_code == 422
    assert "has a list of this name already" in taken.content.decode()
    fields = {"version": 0, "name": "Proxies", "source": "9.9.9.9\nnonsense"}
    assert browser.post(list_url("edit", target.pk), fields, follow=True).status_code == 200
    conflict = browser.post(list_url("edit", target.pk), {**fields, "source": "8.8.8.8"})
    assert conflict.status_code == 409
    with tenant_scope(channel.tenant_id):
        target.refresh_from_db()
        assert (target.name, target.kept) == ("Proxies", ["9.9.9.9"])
        use = ListUse.objects.create(channel=channel, list=target)
    assert "Proxies" in browser.get(list_url("list")).content.decode()
    assert "Take it off their pages first" in browser.get(list_url("delete", target.pk)).content.decode()
    assert browser.post(list_url("delete", target.pk)).status_code == 409
    with tenant_scope(channel.tenant_id):
        use.delete()
    assert browser.post(list_url("delete", target.pk)).status_code == 302
    with tenant_scope(channel.tenant_id):
        assert not AddressList.shared.exists()
        said = [str(one) for one in AuditEntry.objects.filter(action__startswith="addresses.")]
    assert len(said) == 4
    assert "?" not in "".join(said)


def test_a_save_of_a_shared_list_reaches_every_channel_with_progress(
    browser: Client, channel: Channel, here: Organisation
) -> None:
    with tenant_scope(here.pk):
        other = make_channel(here, "Other")
        gone = make_channel(here, "Gone", deleted_at=channel.created_at)
        target = shared("Bots", "9.9.9.9", channel, other, gone)
    browser.post(list_url("edit", target.pk), {"version": 1, "name": "Bots", "source": "8.8.8.8"})
    page = browser.get(list_url("progress", target.pk)).content.decode()
    assert "Published in 0 of 2 channels" in page
    assert (here.pk, target.pk) in services.waiting_lists()
    services.publish_waiting(here.pk, target.pk)
    assert services.waiting_lists() == []
    with tenant_scope(here.pk):
        for one in (channel, other):
            [release] = Release.objects.filter(channel=one)
            assert release.sections["ipblocking"]["lists"] == [{"name": "Bots", "entries": ["8.8.8.8"]}]
            assert release.note == "Bots"
        assert not Release.objects.filter(channel=gone).exists()
    done = browser.get(list_url("progress", target.pk)).content.decode()
    assert "2 channels use this list and have it as it is saved here" in done
    # The same text again is no news for any channel.
    browser.post(
        list_url("edit", target.pk), {"version": 2, "name": "Bots", "source": "# a comment\n8.8.8.8"}
    )
    assert services.waiting_lists() == []


def test_an_editor_uses_shared_lists_and_does_not_change_them(here: Organisation, channel: Channel) -> None:
    with tenant_scope(here.pk):
        target = shared("Bots", "9.9.9.9")
    client = Client()
    client.force_login(member(here, Role.EDITOR))
    assert client.get(list_url("edit", target.pk)).status_code == 200
    assert client.post(list_url("edit", target.pk), {"version": 1, "source": ""}).status_code == 403
    assert client.get(list_url("create")).status_code == 403
