"""The draft of live chat, its section, what is wrong with one, and what a channel JSON says of it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from channels_config.models import Channel
from channels_config.tests.factories import channel
from live_chat import rules
from live_chat.area import AREA
from live_chat.sentences import PROBLEMS
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

DATA = Path(__file__).parent

#: A section in which nothing is as it is by default.
FULL: dict[str, Any] = {
    "format": 1,
    "hours": {
        "time_zone": "Europe/Paris",
        "weekly": {
            **{day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in ("monday", "tuesday", "wednesday")},
            "thursday": [["22:00", "02:00"]],
            "friday": [["00:00", "24:00"]],
            "saturday": [],
            "sunday": [],
        },
        "holidays": [
            {"name": "Noël", "date": "2026-12-25", "yearly": True, "hours": []},
            {"name": "Inventaire", "date": "2027-01-04", "yearly": False, "hours": [["13:00", "16:00"]]},
        ],
        "overrides": [
            {"from": "2026-11-24T12:00", "until": "2026-11-24T15:00", "open": False, "note": "Formation"}
        ],
    },
    "availability": "agents",
    "offline": {
        "show": "hide",
        "html": "<p>Nous revenons <strong>demain</strong>.</p>",
        "emails": ["equipe@example.com", "b@example.org"],
        "html_by_language": {"en_US": "<p>Back <em>tomorrow</em>.</p>", "fr_CA": "<p>De retour demain.</p>"},
    },
    "transcript": {"allowed": True},
    "inactivity": {"warn_minutes": 5, "end_minutes": 10},
    "behaviour": {
        "audio_notification": True,
        "typing_preview": True,
        "ai_label": True,
        "several_threads": False,
        "persistent_menu": True,
    },
    "menu": [{"label": "Suivre ma commande", "postback": "order"}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """FULL with another value at a dotted path."""
    made = copy.deepcopy(FULL)
    *way, last = path.split(".")
    inside: Any = made
    for name in way:
        inside = inside[int(name)] if name.isdecimal() else inside[name]
    inside[int(last) if last.isdecimal() else last] = value
    return made


@pytest.fixture
def shop(db: None) -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support", kind=Channel.Kind.LIVE)


def test_a_channel_nobody_has_touched_has_the_defaults_in_its_organisation_s_time_zone(
    shop: Organisation, support: Channel
) -> None:
    with tenant_scope(shop.pk):
        assert AREA.dump(support) == json.loads((DATA / "golden_section.json").read_text())
        Organisation.objects.filter(pk=shop.pk).update(time_zone="Pacific/Auckland")
        fresh = Channel.objects.get(pk=support.pk)
        assert AREA.dump(fresh)["hours"]["time_zone"] == "Pacific/Auckland"


def test_what_is_loaded_is_what_is_dumped(support: Channel) -> None:
    with tenant_scope(support.tenant_id):
        for _ in range(2):
            AREA.load(support, FULL)
            assert AREA.dump(support) == FULL


def test_the_defaults_and_the_fullest_section_are_publishable() -> None:
    assert AREA.check(rules.default_section(), {}) == []
    assert AREA.check(FULL, {}) == []


@pytest.mark.parametrize(
    ("path", "value", "where", "code"),
    [
        ("format", 2, "format", "format"),
        ("format", True, "format", "int"),
        ("hours", [], "hours", "object"),
        ("hours.time_zone", "Mars/Olympus", "hours.time_zone", "time_zone"),
        ("hours.time_zone", "../etc", "hours.time_zone", "time_zone"),
        ("hours.weekly.monday", "09:00", "hours.weekly.monday", "list"),
        ("hours.weekly.monday", [["9:00", "12:00"]], "hours.weekly.monday", "range"),
        ("hours.weekly.monday", [["24:00", "02:00"]], "hours.weekly.monday", "range"),
        ("hours.weekly.monday", [["09:00"]], "hours.weekly.monday", "range"),
        ("hours.weekly.monday", [None], "hours.weekly.monday", "range"),
        ("hours.weekly.monday", [[{}, []]], "hours.weekly.monday", "range"),
        ("hours.weekly.monday", [["09:00", "12:00"], ["11:00", "13:00"]], "hours.weekly.monday", "overlap"),
        ("hours.weekly.monday", [["00:00", "00:30"]] * 7, "hours.weekly.monday", "too_many"),
        ("hours.holidays.0", 7, "hours.holidays.0", "object"),
        ("hours.holidays.0.date", "2026-02-30", "hours.holidays.0.date", "date"),
        ("hours.holidays.0.date", "0001-01-01", "hours.holidays.0.date", "date"),
        ("hours.holidays.1", FULL["hours"]["holidays"][0], "hours.holidays.1.date", "twice"),
        ("hours.holidays.0.name", " ", "hours.holidays.0.name", "empty"),
        ("hours.holidays.0.hours", [["x", "y"]], "hours.holidays.0.hours", "range"),
        ("hours.overrides.0.until", "2026-11-24T12:00", "hours.overrides.0.until", "backwards"),
        ("hours.overrides.0.from", "2026-11-24", "hours.overrides.0.from", "moment"),
        ("hours.overrides.0.until", "2026-11-24T25:00", "hours.overrides.0.until", "moment"),
        ("availability", "sometimes", "availability", "choice"),
        ("offline.show", "", "offline.show", "choice"),
        ("offline.html", "x" * 10_001, "offline.html", "too_long"),
        ("offline.html", "a\0", "offline.html", "characters"),
        ("offline.html", "\ud800", "offline.html", "characters"),
        ("offline.html_by_language", [], "offline.html_by_language", "object"),
        ("offline.html_by_language", {"Klingon": "x"}, "offline.html_by_language", "language"),
        ("offline.html_by_language", {"\ud800": "x"}, "offline.html_by_language", "language"),
        ("offline.html_by_language", {f"{a}{b}": "x" for a in "abcdefgh" for b in "abcdefgh"}, "offline.html_by_language", "too_many"),
        ("offline.html_by_language.fr_CA", 7, "offline.html_by_language.fr_CA", "str"),
        ("offline.html_by_language.fr_CA", " ", "offline.html_by_language.fr_CA", "empty"),
        ("offline.html_by_language.fr_CA", "x" * 10_001, "offline.html_by_language.fr_CA", "too_long"),
        ("offline.html_by_language.fr_CA", "a\0", "offline.html_by_language.fr_CA", "characters"),
        ("offline.emails.0", "nobody", "offline.emails.0", "email"),
        ("offline.emails.0", "a@b.ca\nBcc: c@d.ca", "offline.emails.0", "email"),
        ("offline.emails.0", 7, "offline.emails.0", "email"),
        ("offline.emails.1", "EQUIPE@example.com", "offline.emails.1", "email_twice"),
        ("offline.emails", ["a@example.com"] * 11, "offline.emails", "too_many"),
        ("inactivity.end_minutes", 0, "inactivity.end_minutes", "warns_of_nothing"),
        ("inactivity.warn_minutes", 10, "inactivity.warn_minutes", "warns_too_late"),
        ("inactivity.warn_minutes", -1, "inactivity.warn_minutes", "minutes"),
        ("inactivity.end_minutes", 1e3, "inactivity.end_minutes", "int"),
        ("behaviour.ai_label", 1, "behaviour.ai_label", "bool"),
        ("behaviour.other", True, "behaviour.other", "unknown"),
        ("menu.0", {"label": "x"}, "menu.0.postback", "missing"),
        ("menu.0.label", "x" * 81, "menu.0.label", "too_long"),
        ("menu", FULL["menu"] * 2, "menu.1.label", "item_twice"),
        ("menu", FULL["menu"] * 13, "menu", "too_many"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_stands(path: str, value: Any, where: str, code: str) -> None:
    section = changed(path, value)
    assert [(one.path, one.code) for one in rules.problems(section)] == [(where, code)]
    found = AREA.check(section, {})
    assert [one.path for one in found] == [where]
    assert found[0].blocking
    assert "%" not in str(found[0].message)


@pytest.mark.parametrize("section", [None, [], 7, "x", {}, {"format": 1}], ids=str)
def test_a_section_of_another_shape_is_said_and_raises_nothing(section: Any) -> None:
    assert any(problem.blocking for problem in AREA.check(section, {}))


def test_hours_that_never_open_are_said_and_can_be_published() -> None:
    section = changed("hours.weekly", {day: [] for day in FULL["hours"]["weekly"]})
    section["hours"]["holidays"] = []
    assert [(one.path, one.blocking) for one in AREA.check(section, {})] == [("hours.weekly", False)]
    section["availability"] = "always"
    assert AREA.check(section, {}) == []


def test_the_channel_json_says_what_clients_read_and_nothing_of_hours_or_addresses() -> None:
    served = AREA.public(changed("offline.show", "form"))["settings"]
    assert served == {
        "liveChatShowOfflineForm": True,
        "liveChatHiddenOnOffline": False,
        "liveChatOfflineForm": {
            "isEnabled": True,
            "isCustom": True,
            "html": "<p>Nous revenons <strong>demain</strong>.</p>",
            "htmlByLanguage": {
                "en_US": "<p>Back <em>tomorrow</em>.</p>",
                "fr_CA": "<p>De retour demain.</p>",
            },
        },
        "liveChatAllowTranscript": True,
        "liveChatAllowAudioNotification": True,
        "enableChatTypingPreview": True,
        "enableAiLabel": True,
        "hasMultipleThreadsPerEndUser": False,
        "enablePersistentMenu": True,
    }
    hidden = AREA.public(FULL)["settings"]
    assert (hidden["liveChatShowOfflineForm"], hidden["liveChatHiddenOnOffline"]) == (False, True)
    assert AREA.public(changed("menu", []))["settings"]["enablePersistentMenu"] is False


def test_html_above_the_form_is_served_without_what_could_run() -> None:
    nasty = '<p onclick="x()">a<script>alert(1)</script><img src=x onerror=y><a href="javascript:z">b</a></p>'
    html = AREA.public(changed("offline.html", nasty))["settings"]["liveChatOfflineForm"]["html"]
    assert html == "<p>aalert(1)<a>b</a></p>"
    texts = AREA.public(changed("offline.html_by_language", {"fr": nasty}))["settings"]["liveChatOfflineForm"]
    assert texts["htmlByLanguage"] == {"fr": "<p>aalert(1)<a>b</a></p>"}


def test_a_release_of_before_there_were_texts_by_language_is_read_and_stays_as_it_was(
    support: Channel,
) -> None:
    former = copy.deepcopy(FULL)
    del former["offline"]["html_by_language"]
    assert AREA.check(former, {}) == []
    assert "htmlByLanguage" not in AREA.public(former)["settings"]["liveChatOfflineForm"]
    with tenant_scope(support.tenant_id):
        AREA.load(support, former)
        assert AREA.dump(support) == former
    assert AREA.describe is not None
    with translation.override("fr"):
        before, after = AREA.describe(former), AREA.describe(FULL)
        label = next(label for label in before if before[label] != after[label])
        assert (str(label), before[label]) == ("Texte au-dessus du formulaire hors ligne, par langue", {})
        assert [*after[label]] == ["Anglais (États-Unis) (en_US)", "Français (Canada) (fr_CA)"]


def test_a_text_taken_over_from_a_channel_json_is_said_to_everybody() -> None:
    assert AREA.from_channel_json is not None
    form = {"settings": {"liveChatOfflineForm": {"isCustom": True, "html": "<p>Hi</p>"}}}
    offline = AREA.from_channel_json(form, FULL)[0]["offline"]
    assert (offline["html"], "html_by_language" in offline) == ("<p>Hi</p>", False)


def test_a_channel_json_is_taken_over_as_far_as_it_can_be() -> None:
    assert AREA.from_channel_json is not None
    document = {
        "settings": {
            "liveChatShowOfflineForm": False,
            "liveChatHiddenOnOffline": False,
            "liveChatOfflineForm": {
                "isEnabled": True,
                "isCustom": True,
                "html": "<form>Hi <em>you</em></form>",
            },
            "liveChatAllowTranscript": True,
            "enableAiLabel": "yes",
            "enableChatTypingPreview": True,
        }
    }
    made, lines = AREA.from_channel_json(document, rules.default_section())
    assert made["offline"] == {"show": "notice", "html": "Hi <em>you</em>", "emails": []}
    assert made["transcript"]["allowed"] is True
    assert made["behaviour"]["typing_preview"] is True
    assert sorted((line.verdict, line.path.removeprefix("settings.")) for line in lines) == [
        ("changed", "liveChatOfflineForm.html"),
        ("taken", "enableChatTypingPreview"),
        ("taken", "liveChatAllowTranscript"),
        ("taken", "liveChatHiddenOnOffline"),
        ("taken", "liveChatShowOfflineForm"),
        ("unknown", "enableAiLabel"),
    ]
    assert AREA.check(made, {}) == []
    odd: dict[str, Any]
    for odd in ({}, {"settings": 1}, {"settings": {"liveChatOfflineForm": 7}}):
        assert AREA.from_channel_json(odd, FULL)[0] == FULL


def test_the_menu_s_items_are_offered_for_translation() -> None:
    assert list(AREA.phrases(FULL).values()) == ["Suivre ma commande"]


def test_the_section_is_described_in_both_languages() -> None:
    assert AREA.describe is not None
    with translation.override("fr"):
        french = {str(label): value for label, value in AREA.describe(FULL).items()}
    with translation.override("en"):
        english = {str(label): value for label, value in AREA.describe(FULL).items()}
    assert len(french) == len(english)
    assert not set(french) & (set(english) - {"Transcript"})
    for sentence in PROBLEMS.values():
        with translation.override("fr"):
            said = str(sentence)
        with translation.override("en"):
            assert said != str(sentence)
