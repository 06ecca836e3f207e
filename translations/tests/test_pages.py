"""The pages of a channel's languages, as a browser without scripts and as htmx use them."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from areas.saving import save_draft
from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel as make_channel
from publishing.models import Release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person
from translations import catalogue, codecs, services
from translations.area import AREA
from translations.models import ImportFile, Variant
from translations.tests.factories import variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    return organisation(1009, "Demo")


@pytest.fixture
def translator(org: Organisation) -> User:
    return member(org, Role.TRANSLATOR, person("tina@example.com", language="en", name="Tina"))


@pytest.fixture
def channel(org: Organisation) -> Channel:
    return make_channel(org)


@pytest.fixture
def client(translator: User) -> Client:
    client = Client()
    client.force_login(translator)
    return client


def url(channel: Channel, name: str = "edit", *more: Any) -> str:
    return reverse(f"translations:{name}", args=[1009, channel.public_id, *more])


def box(page: str, phrase_id: str) -> str:
    found = re.search(rf'name="phrase\.{phrase_id}"[^>]*>\n?([^<]*)</textarea>', page)
    assert found is not None
    return html.unescape(found[1])


def opened(client: Client, channel: Channel, locale: str) -> dict[str, str]:
    """The form of a language's page, as a browser would send it back."""
    page = client.get(url(channel, "phrases", locale)).content.decode()
    form = {
        name: html.unescape(value)
        for name, value in re.findall(r'type="hidden" name="(seen|base)" value="([^"]*)"', page)
    }
    boxes = re.findall(r'name="(phrase\.[^"]+)"[^>]*>\n?([^<]*)</textarea>', page)
    assert len(boxes) >= len(catalogue.phrases())
    return form | {name: html.unescape(text) for name, text in boxes}


def phrases_of(channel: Channel, locale: str) -> dict[str, str]:
    with tenant_scope(channel.tenant_id):
        found = Variant.objects.get(channel=channel, locale=locale).phrases
    assert isinstance(found, dict)
    return found


def test_without_a_language_the_page_says_what_comes_ready(client: Client, channel: Channel) -> None:
    page = client.get(url(channel)).content.decode()
    assert "31 languages are ready" in page
    assert "한국어" in page


def test_a_language_is_added_by_name_language_and_country(client: Client, channel: Channel) -> None:
    answer = client.post(
        url(channel, "add"), {"name": "Québec", "language": "fr", "country": "CA", "fallback": "fr"}
    )
    assert answer.headers["Location"] == url(channel, "phrases", "fr_CA")
    page = client.get(url(channel)).content.decode()
    assert "Québec" in page and "fr_CA" in page and "100 %" in page.replace("\xa0", " ")
    with tenant_scope(channel.tenant_id):
        release = Release.objects.get(channel=channel)
        entry = Entry.objects.get(action="draft.saved")
    assert release.sections["translations"]["variants"] == [
        {"name": "Québec", "locale": "fr_CA", "fallback": "fr", "phrases": {}}
    ]
    assert entry.data["area"] == "translations"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"name": "Autre", "language": "fr", "country": "CA"}, "This language is there already."),
        ({"name": "QUÉBEC", "language": "de"}, "Another language has this name already."),
        ({"name": "", "language": "de"}, "Give the language a name."),
        ({"name": "x", "language": ""}, "Choose a language."),
        ({"name": "x\x07y", "language": "de"}, "The name holds a character that cannot be shown."),
        ({"name": "x", "language": "tlh"}, "Choose one of the languages listed."),
    ],
)
def test_a_language_that_cannot_be_is_refused_with_a_sentence(
    client: Client, channel: Channel, sent: dict[str, str], sentence: str
) -> None:
    variant(channel, "fr_CA", "Québec")
    answer = client.post(url(channel, "add"), sent)
    assert answer.status_code == 422
    assert sentence in html.unescape(answer.content.decode())


def test_traditional_chinese_is_one_language_by_script_and_by_country(
    client: Client, channel: Channel
) -> None:
    variant(channel, "zh_TW")
    answer = client.post(url(channel, "add"), {"name": "x", "language": "zh_Hant", "country": "TW"})
    assert "This language is there already." in answer.content.decode()


def test_a_circle_of_fallbacks_is_refused_at_the_field(client: Client, channel: Channel) -> None:
    variant(channel, "fr_CA", fallback="fr_BE")
    variant(channel, "fr_BE")
    answer = client.post(url(channel, "change", "fr_BE"), {"name": "fr_BE", "fallback": "fr_CA"})
    assert answer.status_code == 422
    assert "The fallbacks go round in a circle: fr_BE → fr_CA → fr_BE." in html.unescape(
        answer.content.decode()
    )
    assert (
        client.post(url(channel, "change", "fr_BE"), {"name": "Belgique", "fallback": "fr"}).status_code
        == 302
    )


def test_removing_a_language_frees_what_fell_back_to_it(client: Client, channel: Channel) -> None:
    variant(channel, "sw", "Kiswahili")
    variant(channel, "fr_CA", fallback="sw")
    client.post(url(channel), {"default_locale": "sw"})
    assert "It is the fallback of" in client.get(url(channel, "delete", "sw")).content.decode()
    assert client.post(url(channel, "delete", "sw")).status_code == 302
    with tenant_scope(channel.tenant_id):
        section = AREA.dump(channel)
    assert section["default_locale"] is None
    assert [(one["locale"], one["fallback"]) for one in section["variants"]] == [("fr_CA", None)]


def test_hundreds_of_phrases_are_saved_at_once(client: Client, channel: Channel) -> None:
    variant(channel, "fr_CA", "Québec", phrases={"send": "Go"})
    form = opened(client, channel, "fr_CA")
    assert form["phrase.send"] == "Go"
    texts = catalogue.texts("fr_CA")
    changed = {
        phrase_id: text[:1] + text[1:].replace("e", "é", 1)
        for phrase_id, text in texts.items()
        if "{" not in text and "<" not in text
    }
    changed = {phrase_id: text for phrase_id, text in changed.items() if text != texts[phrase_id]}
    assert len(changed) > 60
    answer = client.post(
        url(channel, "phrases", "fr_CA"), form | {f"phrase.{one}": text for one, text in changed.items()}
    )
    assert answer.headers["Location"] == url(channel, "phrases", "fr_CA") + "?saved"
    assert phrases_of(channel, "fr_CA") == {"send": "Go"} | changed


def test_a_text_as_above_and_an_empty_box_are_no_texts_of_ones_own(client: Client, channel: Channel) -> None:
    variant(channel, "fr_CA", phrases={"send": "Go", "retry": "Encore"})
    form = opened(client, channel, "fr_CA")
    form |= {"phrase.send": " \n", "phrase.retry": catalogue.texts("fr_CA")["retry"]}
    client.post(url(channel, "phrases", "fr_CA"), form)
    assert phrases_of(channel, "fr_CA") == {}


def test_one_wrong_phrase_keeps_all_from_being_saved_and_nothing_typed_is_lost(
    client: Client, channel: Channel
) -> None:
    variant(channel, "fr_CA")
    form = opened(client, channel, "fr_CA") | {
        "phrase.send": "Va donc",
        "phrase.agentIsTyping": "Quelqu’un écrit",
        "phrase.onlineFormText": "<script>alert(1)</script>",
        "phrase.chattedWith": "{name} {nom}",
        "phrase.unreadMessages": "{count, plural, one {#}}",
        "phrase.retry": "x" * 500,
    }
    answer = client.post(url(channel, "phrases", "fr_CA"), form, headers={"HX-Request": "true"})
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "5 phrases cannot be saved like this" in page
    for sentence in (
        "{name} is missing.",
        "“<script>” is not allowed here; only strong, em, a and br are.",
        "{nom} does not exist in this phrase.",
        "The choice “other” is missing from “count”",
        "The text is too long: at most",
    ):
        assert sentence in page, sentence
    assert box(answer.content.decode(), "send") == "Va donc"
    assert box(answer.content.decode(), "onlineFormText") == "<script>alert(1)</script>"
    assert 'aria-invalid="true"' in page
    assert phrases_of(channel, "fr_CA") == {}


def test_the_second_to_save_is_told_and_neither_text_is_lost(
    client: Client, channel: Channel, org: Organisation
) -> None:
    variant(channel, "fr_CA", phrases={"cancel": "Laisser"})
    mine = opened(client, channel, "fr_CA")
    other = Client()
    other.force_login(member(org, Role.EDITOR, person("bob@example.com", language="en", name="Bob")))
    theirs = opened(other, channel, "fr_CA")
    other.post(
        url(channel, "phrases", "fr_CA"),
        theirs | {"phrase.send": "Expédier", "phrase.retry": "Encore", "phrase.cancel": ""},
    )
    answer = client.post(
        url(channel, "phrases", "fr_CA"), mine | {"phrase.send": "Va donc", "phrase.close": "Fin"}
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Bob saved this language" in page
    assert phrases_of(channel, "fr_CA") == {"send": "Expédier", "retry": "Encore"}
    assert (box(page, "send"), box(page, "retry"), box(page, "cancel"), box(page, "close")) == (
        "Va donc", "Encore", "", "Fin",
    )  # fmt: skip
    # « Save both » is the form as it came back.
    again = dict(re.findall(r'type="hidden" name="(seen|base)" value="([^"]*)"', page))
    boxes = re.findall(r'name="(phrase\.[^"]+)"[^>]*>\n?([^<]*)</textarea>', page)
    form = {name: html.unescape(text) for name, text in [*again.items(), *boxes]}
    assert client.post(url(channel, "phrases", "fr_CA"), form).status_code == 302
    assert phrases_of(channel, "fr_CA") == {"send": "Va donc", "retry": "Encore", "close": "Fin"}


def test_who_saves_another_language_is_in_nobodys_way(client: Client, channel: Channel) -> None:
    variant(channel, "fr_CA")
    variant(channel, "de")
    french, german = opened(client, channel, "fr_CA"), opened(client, channel, "de")
    for locale, form in (("fr_CA", french), ("de", german)):
        assert client.post(url(channel, "phrases", locale), form | {"phrase.send": "Go"}).status_code == 302


def test_all_phrases_are_reset_and_that_is_undone(client: Client, channel: Channel) -> None:
    variant(channel, "fr_CA", phrases={"send": "Go", "retry": "Encore"})
    client.post(url(channel, "reset", "fr_CA"))
    assert phrases_of(channel, "fr_CA") == {}
    assert "2 phrases were reset" in client.get(url(channel, "phrases", "fr_CA")).content.decode()
    form = opened(client, channel, "fr_CA") | {"phrase.send": "Nouveau"}
    client.post(url(channel, "phrases", "fr_CA"), form)
    client.post(url(channel, "undo", "fr_CA"))
    assert phrases_of(channel, "fr_CA") == {"send": "Nouveau", "retry": "Encore"}
    assert "were reset" not in client.get(url(channel, "phrases", "fr_CA")).content.decode()


def test_the_tester_shows_phrase_layer_and_reason(client: Client, channel: Channel) -> None:
    variant(channel, "fr_CA", "Québec", fallback="de", phrases={"send": "Go"})
    page = client.get(
        url(channel, "tester"),
        {"accept": "xx, fr-BE;q=0.9, fr-CA;q=0.8, en;q=0", "phrase": "send"},
        headers={"HX-Request": "true"},
    ).content.decode()
    for part in (
        "not available",
        "the language, without a country",
        "not needed: an earlier one fits",
        "Envoyer",
        "this text is shown",
    ):
        assert part in page, part
    assert "Go" not in page
    page = client.get(url(channel, "tester"), {"accept": "fr-CA", "phrase": "send"}).content.decode()
    assert ">Go</blockquote>" in page


def test_the_preview_shows_what_can_be_shown_and_saves_nothing(client: Client, channel: Channel) -> None:
    variant(channel, "ar", phrases={"send": "قديم"})
    form = opened(client, channel, "ar") | {"phrase.send": "جديد", "phrase.agentIsTyping": "{nope}"}
    document = client.post(url(channel, "preview", "ar"), form).json()["document"]
    assert document["translationsLocale"] == "ar"
    assert document["translations"]["send"] == "جديد"
    assert document["translations"]["agentIsTyping"] == catalogue.texts("ar")["agentIsTyping"]
    assert phrases_of(channel, "ar") == {"send": "قديم"}


def test_a_reader_sees_and_changes_nothing(channel: Channel, org: Organisation) -> None:
    variant(channel, "fr_CA", phrases={"send": "Go"})
    reader = Client()
    reader.force_login(member(org, Role.AUDITOR, person("rita@example.com", language="en")))
    page = reader.get(url(channel, "phrases", "fr_CA")).content.decode()
    assert "readonly" in page
    assert reader.post(url(channel, "phrases", "fr_CA"), {"phrase.send": "x"}).status_code == 403
    assert reader.post(url(channel), {"default_locale": "de"}).status_code == 403
    assert reader.get(url(channel, "export"), {"format": "csv"}).status_code == 200


@pytest.mark.parametrize("count", [1, 200])
def test_the_pages_take_at_most_ten_queries_for_one_language_as_for_two_hundred(
    client: Client, channel: Channel, translator: User, count: int
) -> None:
    texts = {one.id: "Un texte" for one in catalogue.phrases().values() if not one.placeholders}
    for number in range(count):
        variant(channel, f"{'abcdefghkl'[number // 20]}{'kmnopqrstuvwxyz'[number % 15]}_{'ABCDEFGH'[number % 8]}{'KLMNP'[number % 5]}", f"Language {number}", phrases=texts)  # fmt: skip
    with tenant_scope(channel.tenant_id):
        save_draft(channel, AREA, lambda: None, seen=None, by=translator)
    for page in (url(channel), url(channel, "phrases", "ak_AK")):
        client.get(page)
        with CaptureQueriesContext(connection) as taken:
            assert client.get(page).status_code == 200
        asked = [
            one["sql"] for one in taken if not re.match(r"(SAVEPOINT|RELEASE|SELECT set_config)", one["sql"])
        ]
        assert len(asked) <= 10, "\n".join(one[:150] for one in asked)


# -- Files ------------------------------------------------------------------------------------------------------------


def sent(client: Client, channel: Channel, name: str, content: bytes, **fields: str) -> str:
    """Send a file and let its rows be judged; the address of its page."""
    answer = client.post(url(channel, "import"), {"file": SimpleUploadedFile(name, content), **fields})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    address: str = answer.headers["Location"]
    for _ in range(60):
        if (
            'name="csrfmiddlewaretoken"' in (page := client.get(address).content.decode())
            and "/step/" not in page
        ):
            break
        client.post(f"{address}step/")
    return address


@pytest.mark.parametrize("kind", ["csv", "json", "xlf"])
def test_out_and_in_again_changes_nothing(client: Client, channel: Channel, kind: str) -> None:
    variant(channel, "fr_CA", phrases={"send": "=Go;\"'", "retry": "Deux\nlignes"})
    with tenant_scope(channel.tenant_id):
        before = AREA.dump(channel)
    exported = client.get(url(channel, "export"), {"format": kind, "locale": "fr_CA"})
    assert exported.headers["Content-Disposition"] == f'attachment; filename="fr_CA.{kind}"'
    page = client.get(sent(client, channel, f"fr_CA.{kind}", exported.content)).content.decode()
    assert "This file changes nothing." in page
    with tenant_scope(channel.tenant_id):
        assert AREA.dump(channel) == before


def test_rows_are_judged_one_by_one_and_the_good_ones_applied(client: Client, channel: Channel) -> None:
    variant(channel, "fr_CA", "Québec", phrases={"send": "Go"})
    rows = "locale,id,text\nfr-CA,send,Va\nfr-CA,nope,x\nfr-CA,agentIsTyping,sans\nfr_CA,send,Encore\nsw,send,Tuma\n??,send,x\nfr_CA,retry,\n"
    address = sent(client, channel, "deux.csv", rows.encode())
    page = html.unescape(client.get(address).content.decode())
    for sentence in (
        "Apply 2 changes",
        "There is no phrase “nope”.",
        "{name} is missing.",
        "This phrase stands further up already; the first row counts.",
        "“??” is no language.",
        "New languages of this channel:",
    ):
        assert sentence in page, sentence
    refused = client.get(address, {"show": "refused"}).content.decode()
    assert refused.count('class="is-refused"') == 4 and 'class="is-ok"' not in refused
    assert client.post(f"{address}apply/").headers["Location"] == url(channel)
    assert phrases_of(channel, "fr_CA") == {"send": "Va"}
    assert phrases_of(channel, "sw") == {"send": "Tuma"}
    assert "This file was applied." in client.get(address).content.decode()
    client.post(f"{address}apply/")
    with tenant_scope(channel.tenant_id):
        assert Release.objects.filter(channel=channel).count() == 1


def test_a_file_judged_against_another_draft_is_judged_anew(
    client: Client, channel: Channel, translator: User
) -> None:
    variant(channel, "fr_CA")
    address = sent(client, channel, "x.csv", b"locale,id,text\nfr_CA,send,Va\n")
    with tenant_scope(channel.tenant_id):
        save_draft(channel, AREA, lambda: Variant.objects.update(name="Autre"), seen=None, by=translator)
    client.post(f"{address}apply/")
    assert phrases_of(channel, "fr_CA") == {}
    client.post(f"{address}step/")
    client.post(f"{address}apply/")
    assert phrases_of(channel, "fr_CA") == {"send": "Va"}


def test_ten_thousand_rows_are_judged_in_runs_that_show_how_far_they_are(
    client: Client, channel: Channel
) -> None:
    ids = list(catalogue.phrases())
    lines = [f"{locale},{one},Texte {one}" for locale in catalogue.LOCALES * 3 for one in ids][:10_000]
    answer = client.post(
        url(channel, "import"),
        {"file": SimpleUploadedFile("much.csv", ("locale,id,text\n" + "\n".join(lines)).encode())},
    )
    address = answer.headers["Location"]
    page = client.post(f"{address}step/", headers={"HX-Request": "true"}).content.decode()
    assert 'max="10000" value="2000"' in page
    for _ in range(4):
        page = client.post(f"{address}step/", headers={"HX-Request": "true"}).content.decode()
    assert "Apply" in page and "page=" in page


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.csv", b"a,b\n1,2\n", "Line 1: The first row has to name the columns"),
        ("x.csv", b"locale,id,text\nfr,send,\xff\xfe\n", "not in UTF-8"),
        ("x.xlf", b"<!DOCTYPE x [<!ENTITY a 'b'>]><xliff/>", "with a document type"),
        ("x.json", b"{", "not a sound JSON file"),
        ("x.json", b'{"send": "Va"}', "does not say in which language"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(
    client: Client, channel: Channel, name: str, content: bytes, sentence: str
) -> None:
    answer = client.post(url(channel, "import"), {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    with tenant_scope(channel.tenant_id):
        assert not ImportFile.objects.exists()


def test_texts_no_database_can_keep_are_refused_row_by_row(client: Client, channel: Channel) -> None:
    content = json.dumps({"fr_CA": {"send": "a\0b", "retry": "\ud800", "close\0": "x"}}).encode()
    page = client.get(sent(client, channel, "x.json", content)).content.decode()
    assert "The text holds a character that cannot be shown." in page
    assert "This file changes nothing." in page


def test_an_import_is_nobody_elses(client: Client, channel: Channel) -> None:
    other = organisation(2020, "Other")
    theirs = make_channel(other, "Theirs")
    with tenant_scope(other.pk):
        by = person("olga@example.com", language="en")
        file = codecs.parse_csv(b"locale,id,text\nfr,send,x\n")
        kept = ImportFile.objects.create(channel=theirs, user=by, name="x", rows=len(file))
    assert client.get(url(channel, "judged", kept.pk)).status_code == 404
    assert client.post(url(channel, "apply", kept.pk)).status_code == 404


def test_two_changes_of_the_same_phrases_are_put_together() -> None:
    merged = services.merge(
        {"a": "1", "b": "1", "c": "1"}, {"a": "2", "b": "1", "d": "9"}, {"a": "3", "b": "4", "c": "1"}
    )
    assert merged.phrases == {"a": "3", "b": "4", "d": "9"}
    assert (merged.theirs, merged.both) == (["a", "c", "d"], ["a"])
