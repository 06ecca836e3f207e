"""A Guide's section: what it says, what is wrong with it, what a browser sees of it."""

from __future__ import annotations

import copy
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from areas.contract import Section
from channels_config import colors, services
from channels_config.models import Channel
from channels_config.tests.factories import channel
from files import plans
from files.documents import organisation_document, read_channels
from guide import look, rules
from guide.area import AREA
from guide.models import GuideSettings
from guide.section import descendant, own_ids
from guide.tests.factories import entry, guide, rule
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation
from translations.area import AREA as TRANSLATIONS

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).parent / "golden_section.json"
CHAT = "chat_00000000-0000-4000-8000-000000000001"


@pytest.fixture
def acme() -> Organisation:
    return organisation(1009, "Acme")


@pytest.fixture
def section(acme: Organisation) -> Section:
    made = guide(
        acme,
        "Site",
        {
            **entry("Shop", CHAT, rules=[rule("glob", "/shop/**")]),
            "id": "00000000-0000-4000-8000-00000000000a",
        },
        branding={"button": "#1f4e8c", "font": "serif", "radius": 8},
        place={"position": "left"},
        texts={"title": "Bonjour"},
    )
    with tenant_scope(acme.pk):
        return AREA.dump(made)


def test_a_section_is_what_the_golden_file_says(section: Section) -> None:
    assert section == json.loads(GOLDEN.read_text("utf-8"))


def test_what_is_loaded_is_dumped_again(acme: Organisation, section: Section) -> None:
    other = guide(acme, "Other")
    with tenant_scope(acme.pk):
        GuideSettings.objects.filter(channel__name="Site").delete()
        AREA.load(other, section)
        assert AREA.dump(other) == section
        assert AREA.check(section, {}) != []  # the channel is not one of this organisation's
        assert all(not one.blocking for one in AREA.check(section, {}))


def test_a_duplicate_has_entry_points_of_its_own(acme: Organisation) -> None:
    admin = member(acme, Role.ADMIN)
    first = guide(acme, "Site", entry("All"))
    with tenant_scope(acme.pk):
        copied = services.duplicate_channel(first, name="Copy", by=admin)
        assert copied.kind == Channel.Kind.GUIDE
        assert copied.public_id.startswith("guide_")
        [one], [other] = AREA.dump(first)["entries"], AREA.dump(copied)["entries"]
        assert one["id"] != other["id"]
        assert {**one, "id": ""} == {**other, "id": ""}


def test_a_duplicate_keeps_the_translations_of_what_its_entry_points_call_their_channels(
    acme: Organisation,
) -> None:
    admin = member(acme, Role.ADMIN)
    first = guide(acme, "Site", entry("All", CHAT))
    with tenant_scope(acme.pk):
        [one] = AREA.dump(first)["entries"]
        written = {"name": "Français", "locale": "fr", "fallback": None}
        phrases = {rules.label_key(one["id"], CHAT): "Le soutien", "guide.title": one["id"]}
        TRANSLATIONS.load(first, {**TRANSLATIONS.dump(first), "variants": [{**written, "phrases": phrases}]})
        copied = services.duplicate_channel(first, name="Copy", by=admin)
        [other] = AREA.dump(copied)["entries"]
        [variant] = TRANSLATIONS.dump(copied)["variants"]
        assert variant["phrases"] == {
            rules.label_key(other["id"], CHAT): "Le soutien",
            "guide.title": other["id"],
        }


def test_entry_points_of_another_guide_are_known_again_by_where_they_came_from_then_by_name(
    acme: Organisation,
) -> None:
    first, other = guide(acme, "Site"), guide(acme, "Other")
    help_, sales, new = entry("Help"), entry("Sales"), entry("New")
    source = {"entries": [help_, sales, new]}
    came = {**entry("Sales"), "id": descendant(help_["id"], other)}
    theirs = entry("SALES")
    found = own_ids(source, {"entries": [came, theirs]}, other)
    assert found == {
        help_["id"]: came["id"],
        sales["id"]: theirs["id"],
        new["id"]: descendant(new["id"], other),
    }
    assert own_ids(source, source, first) == {one["id"]: one["id"] for one in (help_, sales, new)}
    # A file of a Guide brought into another: ids that are taken become its own, whichever they are.
    with tenant_scope(acme.pk):
        AREA.load(first, {**AREA.dump(first), "entries": [help_]})
        AREA.load(other, {**AREA.dump(other), "entries": [came, help_]})
        ids = [one["id"] for one in AREA.dump(other)["entries"]]
        assert ids[0] == came["id"]
        assert len({*ids, help_["id"]}) == 3


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("rank",), 0, "rank"),
        (("rank",), True, "rank"),
        (("branding", "button"), "red", "branding.button"),
        (("branding", "button"), 3, "branding.button"),
        (("branding", "font"), "Comic Sans", "branding.font"),
        (("branding", "font_size"), 5, "branding.font_size"),
        (("branding", "extra"), "", "branding"),
        (("place", "position"), "top", "place.position"),
        (("place", "width"), 10, "place.width"),
        (("texts", "title"), "x" * 201, "texts"),
        (("texts", "title"), "two\nlines", "texts"),
        (("entries",), [1], "entries.0"),
        (("entries", 0, "id"), "1", "entries.0.id"),
        (("entries", 0, "name"), " ", "entries.0.name"),
        (("entries", 0, "rules", 0, "how"), "regex", "entries.0.rules.0"),
        (("entries", 0, "rules", 0, "value"), " ", "entries.0.rules.0.value"),
        (("entries", 0, "channels", 0, "channel"), "guide_x", "entries.0.channels.0"),
        (("allowed_domains",), ["https://x/y"], "allowed_domains.0"),
        (("allowed_domains",), [1], "allowed_domains"),
        (("format",), 2, "format"),
        (("nonsense",), 1, "nonsense"),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(
    acme: Organisation, section: Section, path: tuple[Any, ...], value: Any, where: str
) -> None:
    broken: Any = copy.deepcopy(section)
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with tenant_scope(acme.pk):
        assert where in [one.path for one in AREA.check(broken, {}) if one.blocking]


def test_whatever_json_comes_is_answered(acme: Organisation) -> None:
    anything: Any
    for anything in (None, [], "x", {}, {"entries": [{}]}, {"branding": []}):
        with tenant_scope(acme.pk):
            assert AREA.check(anything, {})


def test_an_entry_point_below_one_for_every_page_is_remarked(acme: Organisation) -> None:
    chat = channel(acme).public_id
    made = guide(acme, "Site", entry("All", chat), entry("Shop", chat, rules=[rule("starts", "/shop")]))
    with tenant_scope(acme.pk):
        assert [(one.path, one.blocking) for one in AREA.check(AREA.dump(made), {})] == [("entries.1", False)]


def test_a_browser_sees_neither_names_of_entry_points_nor_domains(section: Section) -> None:
    public = AREA.public({**section, "allowed_domains": ["secret.example"]})
    assert "secret.example" not in json.dumps(public)
    assert '"name"' not in json.dumps(public)
    assert public["look"]["button"] == "#1f4e8c"
    assert public["look"]["header"] == ""


def test_branding_that_sets_nothing_has_no_css_and_what_it_sets_is_there_twice() -> None:
    assert look.css(look.NO_BRANDING) == ""
    made = look.css({**look.NO_BRANDING, "header": "#112233"})
    assert made.count("background:#112233") == 2
    assert made.count("!important") == 2
    assert made.startswith("@layer guide{")


def test_what_nobody_coloured_is_readable_on_the_background() -> None:
    def said(**branding: str) -> dict[str, str]:
        first = look.css({**look.NO_BRANDING, **branding}).partition(":root{")[2].partition("}")[0]
        return dict(one.split(":") for one in first.split(";"))

    # A dark one: light words, also those the window has colours of its own for; a light one asks for nothing but an ink.
    dark = said(background="#101418")
    assert dark.keys() == {"--cw-ink", "--cw-accent", "--cw-good", "--cw-warning", "--cw-wrong"}
    assert all(colors.contrast(color, "#101418") >= colors.AA for color in dark.values())
    assert said(background="#fff5e6") == {"--cw-ink": "#111318"}
    # What is set wins: it comes later; an accent that cannot be read is not written with.
    assert said(background="#ffffff", accent="#1f4e8c")["--cw-accent"] == "#1f4e8c"
    assert said(background="#101418", accent="#1f4e8c", text="#dddddd")["--cw-accent"] == "#dddddd"
    # Whoever colours a header or buttons and not the words on them gets words that can be read.
    assert said(header="#000000") == {"--cw-on-header": "#ffffff"}
    assert said(accent="#ffe000") == {"--cw-on-theme": "#111318", "--cw-on-button": "#111318"}
    css = look.css({**look.NO_BRANDING, "background": "#101418", "text": "#dddddd"})
    assert css.index("--cw-ink:#ffffff") < css.index("--cw-ink:#dddddd")


def test_its_words_are_offered_for_translation(section: Section) -> None:
    words = AREA.phrases({**section, "entries": []})
    assert words["guide.title"] == "Bonjour"
    assert words["guide.close"] == "Close"


def test_two_sections_are_compared_in_a_readers_words(section: Section) -> None:
    assert AREA.describe is not None
    said = str(AREA.describe(section))
    assert "/shop/**" in said
    assert "Shop" in said


def test_in_another_organisation_a_guide_offers_the_channels_of_the_same_names(acme: Organisation) -> None:
    sales, support = channel(acme, "Ventes").public_id, channel(acme, "Soutien <b>").public_id
    gone = f"chat_{uuid.uuid4()}"
    guide(acme, "À tous", entry("All", sales, support, gone))
    with tenant_scope(acme.pk):
        document = organisation_document(acme, Channel.every.all())
    assert [one["kind"] for one in document["channels"]] == ["messaging", "messaging", "guide"]
    offers = document["channels"][-1]["areas"]["guide"]["entries"][0]["channels"]
    assert [one.get("name") for one in offers] == ["Ventes", "Soutien <b>", None]

    other = organisation(2002, "Autre")
    files = read_channels(document)
    with tenant_scope(other.pk):
        # The dry run knows of the channels that come with the Guide; only what no file brings is missing.
        said = [str(one.message) for one in plans.plan(files)[-1].warnings]
        assert len(said) == 1
        for file in files:
            [step] = plans.plan([file])
            made = plans.apply(step, by=None)
        assert made is not None
        here = dict(Channel.objects.values_list("name", "public_id"))
        [found] = AREA.dump(made)["entries"]
        assert [one["channel"] for one in found["channels"]] == [here["Ventes"], here["Soutien <b>"], gone]
        assert {sales, support}.isdisjoint(here.values())
        assert [len(one) for one in found["channels"]] == [3, 3, 3]
        # The same file again changes nothing.
        assert {step.action for step in plans.plan(files)} == {"same"}
