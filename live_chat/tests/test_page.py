"""The page « Availability »: saved, refused, overtaken, tried; and the page of offline messages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from channels_config.models import Channel
from channels_config.tests.factories import channel
from live_chat.area import AREA
from live_chat.models import Mail, OfflineMessage
from live_chat.tests.test_section import FULL
from publishing.models import Release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Organisation:
    return organisation(1009, "Boutique")


@pytest.fixture
def editor(shop: Organisation) -> User:
    return member(shop, Role.EDITOR, person("edit@example.com", name="Édith"))


@pytest.fixture
def live(shop: Organisation) -> Channel:
    return channel(shop, "En direct", kind=Channel.Kind.LIVE)


@pytest.fixture
def browser(client: Client, editor: User) -> Client:
    client.force_login(editor)
    return client


def url(one: Channel, name: str = "edit", **more: Any) -> str:
    return reverse(f"live_chat:{name}", args=[1009, one.public_id, *more.values()])


def section_of(one: Channel) -> dict[str, Any]:
    with tenant_scope(one.tenant_id):
        return AREA.dump(one)


def typed(page: str, **changes: Any) -> dict[str, Any]:
    """What a browser would post of a page, with some of it changed; a list stands for several fields of one name."""
    found: dict[str, list[str]] = {}
    form = page[page.index('id="settings"') : page.index("</form>", page.index('id="settings"'))]
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        box = attributes.get("type") in {"checkbox", "radio"}
        if "name" in attributes and (not box or " checked" in tag):
            found.setdefault(attributes["name"], []).append(
                unescape(attributes.get("value", "on" if box else ""))
            )
    for name, inside in re.findall(r'<textarea name="([\w-]+)"[^>]*>\n?([^<]*)</textarea>', form):
        found.setdefault(name, []).append(unescape(inside))
    for name, inside in re.findall(r'<select [^>]*?name="([\w-]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)"\s+selected', inside) or re.search(r'value="([^"]*)"', inside)
        found.setdefault(name, []).append(chosen[1] if chosen else "")
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value if isinstance(value, list) else [value]
    return found


def shown(browser: Client, one: Channel) -> str:
    answer = browser.get(url(one))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_what_is_typed_is_saved_and_published(browser: Client, live: Channel) -> None:
    page = shown(browser, live)
    assert "00:00–24:00" in page
    posted = typed(
        page,
        availability="hours",
        time_zone="Europe/Paris",
        monday="9-12, 13:00 – 17 h 30",
        sunday="",
        holiday_date=["2026-12-25", "2027-01-04", ""],
        holiday_name=["Noël", "Inventaire", ""],
        holiday_yearly=["yearly", "once", "once"],
        holiday_hours=["", "13:00-16:00", ""],
        override_from=["2026-11-24T12:00", ""],
        override_until=["2026-11-24 15:00", ""],
        override_open=["open", "closed"],
        override_note=["Soir", ""],
        show="form",
        html="<p onclick='x()'>Bonjour</p><script>x</script>",
        emails="equipe@example.com\r\n\r\n b@example.org ",
        text_language=["fr_CA", "en_US", ""],
        text_html=["<p>Allô</p><script>", "<p>Hello\r\nthere</p>", ""],
        transcript="on",
        warn_minutes="5",
        end_minutes="10",
        persistent_menu="on",
        item_label=["Ma commande", ""],
        item_postback=["order", ""],
    )
    answer = browser.post(url(live), posted)
    assert answer.status_code == 302, answer.content.decode()
    saved = section_of(live)
    assert saved["hours"]["weekly"]["monday"] == [["09:00", "12:00"], ["13:00", "17:30"]]
    assert saved["hours"]["weekly"]["sunday"] == []
    assert saved["hours"]["weekly"]["tuesday"] == [["00:00", "24:00"]]
    assert [one["date"] for one in saved["hours"]["holidays"]] == ["2026-12-25", "2027-01-04"]
    assert saved["hours"]["holidays"][1] == {
        "name": "Inventaire",
        "date": "2027-01-04",
        "yearly": False,
        "hours": [["13:00", "16:00"]],
    }
    assert saved["hours"]["overrides"] == [
        {"from": "2026-11-24T12:00", "until": "2026-11-24T15:00", "open": True, "note": "Soir"}
    ]
    assert saved["offline"] == {
        "show": "form",
        "html": "<p>Bonjour</p>x",
        "emails": ["equipe@example.com", "b@example.org"],
        "html_by_language": {"fr_CA": "<p>Allô</p>", "en_US": "<p>Hello\nthere</p>"},
    }
    assert saved["inactivity"] == {"warn_minutes": 5, "end_minutes": 10}
    assert saved["menu"] == [{"label": "Ma commande", "postback": "order"}]
    with tenant_scope(live.tenant_id):
        assert Release.objects.get(channel=live).sections["live_chat"] == saved
    # The page shows it again as it was meant, and posting that changes nothing.
    again = typed(shown(browser, live))
    answer = browser.post(url(live), again)
    assert answer.status_code == 302, re.findall(
        r"(?:field-error|error-summary).{0,900}", answer.content.decode(), re.DOTALL
    )[:2]
    assert section_of(live) == saved


def test_what_is_wrong_is_said_in_place_and_nothing_typed_is_lost(browser: Client, live: Channel) -> None:
    page = shown(browser, live)
    posted = typed(
        page,
        monday="de neuf à cinq",
        tuesday="09:00-12:00, 11:00-13:00",
        holiday_date=["2026-02-30", "2026-12-25"],
        holiday_name=["<b>Fou</b>", ""],
        holiday_yearly=["once", "once"],
        holiday_hours=["midi", ""],
        override_from=["2026-11-24T12:00"],
        override_until=["2026-11-24T11:00"],
        override_open=["open"],
        override_note=["Soir"],
        emails="personne",
        warn_minutes="x",
    )
    answer = browser.post(url(live), posted)
    text = answer.content.decode()
    assert answer.status_code == 422
    for kept in ("de neuf à cinq", "09:00-12:00, 11:00-13:00", "&lt;b&gt;Fou", "midi", "Soir", "personne"):
        assert kept in text
    assert text.count("is-invalid") >= 6
    assert section_of(live) == AREA_DEFAULT(live)


def test_a_text_for_one_language_is_refused_in_its_row_and_stays_typed(
    browser: Client, live: Channel
) -> None:
    with tenant_scope(live.tenant_id):
        AREA.load(
            live, {**FULL, "offline": {**FULL["offline"], "html_by_language": {"eo": "<p>Saluton</p>"}}}
        )
    page = shown(browser, live)
    # A language that visitors of this channel cannot get keeps its text, and says so.
    assert re.search(
        r'<option value="eo" selected>Espéranto \(eo\)[^<]*pas une langue de ce canal', unescape(page)
    )
    posted = typed(
        page,
        text_language=["fr", "fr", "", "de", "xx-yy", "it"],
        text_html=["<p>Un</p>", "<p>Deux</p>", "<p>Trois</p>", " ", "<p>Cinq</p>", "x" * 10_001],
    )
    answer = browser.post(url(live), posted)
    text = unescape(answer.content.decode())
    assert answer.status_code == 422
    rows = re.findall(r"<tr data-row>.*?</tr>", text[text.index("text-rows") :], re.DOTALL)[:6]
    said = [re.findall(r"<span>([^<]+)</span></p>", row) for row in rows]
    assert said == [
        [],
        ["Cette langue est déjà dans la liste."],
        ["Choisissez la langue de ce texte."],
        ["Écrivez quelque chose ici."],
        ["« xx-yy » n’est pas une langue, comme fr_CA."],
        ["10000 caractères au plus."],
    ]
    for kept in ("<p>Un</p>", "<p>Deux</p>", "<p>Trois</p>", "<p>Cinq</p>"):
        assert kept in text
    assert browser.post(url(live), typed(page, text_language=[""], text_html=[""])).status_code == 302
    assert "html_by_language" not in section_of(live)["offline"]


def AREA_DEFAULT(one: Channel) -> dict[str, Any]:
    from live_chat import rules  # noqa: PLC0415

    return rules.default_section(one.tenant.time_zone)


def test_a_messaging_channel_is_asked_what_makes_sense_there(browser: Client, shop: Organisation) -> None:
    one = channel(shop, "Messagerie")
    with tenant_scope(shop.pk):
        AREA.load(one, FULL)
    page = shown(browser, one)
    assert 'name="several_threads"' in page
    for name in ("show", "html", "emails", "warn_minutes", "end_minutes"):
        assert f'name="{name}"' not in page
    assert browser.post(url(one), typed(page, several_threads="on")).status_code == 302
    saved = section_of(one)
    assert saved == {**FULL, "behaviour": {**FULL["behaviour"], "several_threads": True}}


def test_whoever_saves_second_is_told_and_loses_nothing(browser: Client, live: Channel) -> None:
    page = shown(browser, live)
    assert browser.post(url(live), typed(page, availability="hours")).status_code == 302
    answer = browser.post(url(live), typed(page, monday="10:00-11:00"))
    assert answer.status_code == 409
    assert "10:00-11:00" in answer.content.decode()
    assert section_of(live)["availability"] == "hours"


def test_a_reader_looks_and_changes_nothing(client: Client, shop: Organisation, live: Channel) -> None:
    client.force_login(member(shop, Role.AUDITOR, person("lecture@example.com")))
    assert client.get(url(live)).status_code == 200
    assert client.get(url(live, "messages")).status_code == 200
    assert client.post(url(live), {}).status_code == 403
    assert client.post(url(live, "messages_act"), {}).status_code == 403


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-11-23T08:59", "fermé"),
        ("2026-11-23T09:00", "ouvert"),
        ("2026-11-23 12:30", "fermé"),
        ("2026-12-25T10:00", "Noël"),
        ("2026-11-24T12:30", "Formation"),
    ],
)
def test_the_tester_says_whether_it_is_open_and_why(
    browser: Client, live: Channel, moment: str, says: str
) -> None:
    with tenant_scope(live.tenant_id):
        AREA.load(live, FULL)
    answer = browser.post(url(live, "tester"), {"moment": moment}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert says in unescape(answer.content.decode())
    whole = browser.post(url(live, "tester"), {"moment": moment})
    assert says in unescape(whole.content.decode())


def test_the_tester_takes_the_hours_as_they_stand_on_the_page(browser: Client, live: Channel) -> None:
    page = shown(browser, live)
    posted = typed(page, monday="", moment="2026-11-23T10:00")
    text = browser.post(url(live, "tester"), posted, headers={"HX-Request": "true"}).content.decode()
    assert "fermé" in text
    assert "pas encore enregistr" in unescape(text)
    assert section_of(live)["hours"]["weekly"]["monday"] == [["00:00", "24:00"]]
    for nonsense in ("", "demain", "2026-11-23T10:00+01:00", "9999-12-31T23:59", "0001-01-01T00:00"):
        answer = browser.post(url(live, "tester"), {"moment": nonsense}, headers={"HX-Request": "true"})
        assert answer.status_code in {200, 422}


# -- offline messages -------------------------------------------------------------------------------------------------


def left(one: Channel, text: str = "Rappelez-moi", **more: Any) -> OfflineMessage:
    with tenant_scope(one.tenant_id):
        return OfflineMessage.objects.create(
            channel=one,
            place="live",
            origin=uuid4(),
            sent_at=more.pop("sent_at", timezone.now()),
            text=text,
            **{"email": "ana@example.com", "first_name": "Ana", "last_name": "Roy", **more},
        )


def test_messages_are_found_ticked_off_taken_back_and_deleted(browser: Client, live: Channel) -> None:
    assert "Personne n’a laissé de message" in unescape(browser.get(url(live, "messages")).content.decode())
    mine, other = left(live, "<b>Où</b> ?"), left(live, "Autre chose", email="bob@example.com")
    page = browser.get(url(live, "messages")).content.decode()
    assert "&lt;b&gt;Où" in page
    assert "bob@example.com" in page
    found = browser.get(url(live, "messages"), {"q": "bob autre"}).content.decode()
    assert "bob@example.com" in found
    assert "ana@example.com" not in found
    for words in ("%", "_", "\0", "'"):
        assert browser.get(url(live, "messages"), {"q": words, "page": "x"}).status_code == 200
    act = url(live, "messages_act")
    # Where one was searching, one comes back to; deleting is asked about.
    back = browser.post(
        act, {"message": [mine.pk], "act": "done", "state": "open", "page": "1", "q": "Où & là"}
    )
    assert back.headers["Location"].endswith("?state=open&page=1&q=O%C3%B9+%26+l%C3%A0")
    assert 'data-confirm-title="Supprimer les messages choisis' in page
    assert ">Production<" in page
    assert "ana@example.com" not in browser.get(url(live, "messages")).content.decode()
    done = browser.get(url(live, "messages"), {"state": "done"}).content.decode()
    assert "Édith" in done
    browser.post(act, {"message": [mine.pk], "act": "undone", "state": "done"})
    assert "ana@example.com" in browser.get(url(live, "messages")).content.decode()
    browser.post(act, {"message": [mine.pk, "x", 99], "act": "delete"})
    with tenant_scope(live.tenant_id):
        assert [one.pk for one in OfflineMessage.objects.all()] == [other.pk]


def test_another_channel_s_messages_are_out_of_reach(
    browser: Client, shop: Organisation, live: Channel
) -> None:
    elsewhere = left(channel(shop, "Ailleurs", kind=Channel.Kind.LIVE))
    browser.post(url(live, "messages_act"), {"message": [elsewhere.pk], "act": "delete"})
    with tenant_scope(shop.pk):
        assert OfflineMessage.objects.count() == 1
    assert "ana@example.com" not in browser.get(url(live, "messages")).content.decode()


def test_the_export_holds_all_of_them_and_no_formula(browser: Client, live: Channel) -> None:
    left(live, '=HYPERLINK("http://x");=cmd|x', sent_at=datetime(2026, 11, 24, 12, tzinfo=UTC))
    left(live, "fait", done_at=timezone.now())
    answer = browser.get(url(live, "messages_csv"), {"state": "open"})
    assert "attachment" in answer.headers["Content-Disposition"]
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "\"'=HYPERLINK" in lines[1]
    assert ";'=cmd|x" in lines[1]
    assert len(browser.get(url(live, "messages_csv"), {"state": "all"}).content.decode().splitlines()) == 3


def test_a_list_of_many_takes_as_many_queries_as_one_of_few(
    browser: Client, live: Channel, editor: User, django_assert_num_queries: Any
) -> None:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    counts = []
    for number in (1, 30):
        for _ in range(number):
            left(live, done_at=timezone.now(), done_by=editor)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(url(live, "messages"), {"state": "all"}).status_code == 200
        counts.append(len(queries))
    assert counts[1] - counts[0] <= 0


def test_an_e_mail_that_was_given_up_is_shown_and_tried_again(browser: Client, live: Channel) -> None:
    with tenant_scope(live.tenant_id):
        mail = Mail.objects.create(
            channel=live,
            kind="transcript",
            origin=uuid4(),
            recipients=["ana@example.com"],
            subject="Votre conversation",
            text="x",
            attempts=6,
            failed_at=timezone.now() - timedelta(hours=1),
            error="SMTPServerDisconnected: away",
        )
    assert "SMTPServerDisconnected" in browser.get(url(live, "messages")).content.decode()
    assert "1 courriel" in shown(browser, live)
    again = url(live, "mail_retry", mail=mail.pk)
    assert browser.post(again).status_code == 302
    with tenant_scope(live.tenant_id):
        mail.refresh_from_db()
    assert (mail.failed_at, mail.attempts) == (None, 0)
    assert mail.due_at is not None
    assert browser.post(again).status_code == 404
