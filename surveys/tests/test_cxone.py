"""The pre-contact form of a CXone channel JSON: what of it is taken, and what the organisation keeps."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as ways
from hypothesis import strategies as st

from accounts.models import User
from areas.contract import Line
from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from files import cxone, plans
from files.documents import ChannelFile
from publishing.models import Release
from surveys.area import AREA
from surveys.cxone import from_channel_json
from surveys.defaults import item
from surveys.models import ChannelSurvey, CustomField, SurveyForm
from surveys.section import check, public
from surveys.tests import factories
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db


def asked(ident: str, kind: str = "text", *, required: bool = False, **more: Any) -> dict[str, Any]:
    definition = {
        "ident": ident,
        "label": ident.capitalize(),
        "labelTranslationKey": f"customFields.{ident}_label",
        "type": kind,
        "required": False,
        "values": [],
        "liveChatVisibility": "visible",
        "postDetailVisibility": "visible",
        "isEditable": True,
        "visibleInLiveChat": True,
        "visibleInPostDetail": True,
        **more,
    }
    return {"isRequired": required, "definition": definition}


LIST = asked(
    "topic",
    "list",
    values=[{"name": "bill", "value": "Facture"}, {"name": "À l’étranger", "value": "Voyage"}],
)
TREE = asked(
    "place",
    "tree",
    values=[
        {"name": "mtl", "value": "Montréal", "parentId": "qc"},
        {"name": "qc", "value": "Québec"},
        {"name": "lost", "value": "Perdu", "parentId": "nowhere"},
    ],
)
CXONE: dict[str, Any] = {
    "isLiveChat": False,
    "preContactForm": {
        "id": "f1",
        "name": "Accueil",
        "channels": [{"id": "chat_1"}, {"id": "chat_2"}],
        "customFields": [
            asked("email", "email", required=True, autocompleteAttribute="email"),
            asked("1.Âge", label="Âge"),
            LIST,
            TREE,
            asked("born", "date"),
            asked("email", "email"),
        ],
    },
    "endUserCustomFields": [asked("email")["definition"]],
    "caseCustomFields": [asked("colour")["definition"]],
    "settings": {},
}


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def ana(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person(name="Ana", language="en"))


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


@pytest.fixture(autouse=True)
def scope(shop: Organisation, ana: User, support: Channel) -> Iterator[None]:
    with translation.override("en"), tenant_scope(shop.pk):
        yield


def verdicts(lines: list[Line]) -> dict[str, str]:
    return {
        line.path.removeprefix("preContactForm.").removeprefix("customFields."): line.verdict
        for line in lines
    }


def steps(document: dict[str, Any], into: Channel | None) -> tuple[list[plans.Step], list[Line]]:
    taken = cxone.read(document, into=into)
    return plans.plan([taken.file], into=into), taken.lines


def test_a_form_is_taken_with_its_fields_shown_before_and_recorded_after(support: Channel, ana: User) -> None:
    [step], lines = steps(CXONE, support)
    said = verdicts([line for line in lines if "ustom" in line.path or "preContact" in line.path])
    assert said == {
        "name": "taken",
        "id": "taken",
        "channels": "changed",
        "email": "unknown",
        "1.Âge": "changed",
        "topic": "changed",
        "place": "changed",
        "born": "unknown",
        "endUserCustomFields": "taken",
        "caseCustomFields": "changed",
    }
    assert [line.verdict for line in lines if line.path.endswith(".email")] == ["taken", "unknown"]
    assert step.action == "update"
    assert [str(one) for one in step.notes] == [
        "Makes the custom field “Email”.",
        "Makes the custom field “Âge”.",
        "Makes the custom field “Place”.",
        "Makes the custom field “Topic”.",
        "Makes the form “Accueil”.",
    ]
    # A look makes nothing.
    assert not CustomField.objects.exists()
    assert not SurveyForm.objects.exists()
    assert not Entry.objects.exists()

    plans.apply(step, by=ana, source="cxone.json")
    fields = {one.ident: one for one in CustomField.objects.all()}
    assert {ident: (one.kind, one.level) for ident, one in fields.items()} == {
        "email": ("email", "customer"),
        "f_1_Age": ("text", "contact"),
        "topic": ("list", "contact"),
        "place": ("tree", "contact"),
    }
    assert fields["topic"].values == [
        {"name": "bill", "label": "Facture", "parent": None},
        {"name": "voyage", "label": "Voyage", "parent": None},
    ]
    assert [(one["name"], one["parent"]) for one in fields["place"].values] == [
        ("qc", None),
        ("mtl", "qc"),
        ("lost", None),
    ]
    draft = ChannelSurvey.objects.get(channel=support)
    assert draft.form is not None
    assert (draft.form.name, draft.detached) == ("Accueil", False)
    asked_for = [
        (one["ident"], one["required"], one["autocomplete"]) for one in draft.section["form"]["items"]
    ]
    assert asked_for == [
        ("email", True, "email"),
        ("f_1_Age", False, ""),
        ("topic", False, ""),
        ("place", False, ""),
    ]
    acts = list(Entry.objects.filter(action__startswith="survey."))
    assert {(one.action, one.actor_label) for one in acts} == {
        ("survey.field_created", "Ana"),
        ("survey.form_created", "Ana"),
    }
    assert len(acts) == 5
    assert Release.objects.get().sections["surveys"] == draft.section
    # Once more: nothing.
    [again], _lines = steps(CXONE, support)
    assert again.action == "same"


def test_what_the_organisation_has_stays_as_it_is(support: Channel, shop: Organisation, ana: User) -> None:
    factories.field("Email", ana, kind="text", label="Votre adresse")
    theirs = factories.form(ana, item("Email"), name="accueil")
    other = channel(shop, "Other")
    factories.asking(other, theirs, ana)
    before = AREA.dump(other)
    [step], lines = steps(CXONE, support)
    plans.apply(step, by=ana)
    assert verdicts(lines)["name"] == "changed"
    made = ChannelSurvey.objects.get(channel=support).form
    assert made is not None
    assert made.name == "Accueil (CXone)"
    assert CustomField.objects.get(ident__iexact="email").label == "Votre adresse"
    assert AREA.dump(other) == before
    # A second channel with the same JSON is given the same form, and makes none.
    [step], _lines = steps(CXONE, other)
    plans.apply(step, by=ana)
    assert ChannelSurvey.objects.get(channel=other).form == made
    assert SurveyForm.objects.count() == 2


def test_nothing_is_made_when_the_rest_of_the_import_is_refused(support: Channel, ana: User) -> None:
    taken = cxone.read(CXONE, into=support)
    broken = {**taken.file.areas, "channels_config": {"format": 1}}
    [step] = plans.plan([ChannelFile(taken.file.name, taken.file.kind, areas=broken)], into=support)
    assert step.action == "refused"
    with pytest.raises(plans.Refused):
        plans.apply(step, by=ana)
    assert not CustomField.objects.exists()
    assert not Entry.objects.exists()


def test_our_own_channel_json_comes_back_as_it_went(support: Channel, ana: User) -> None:
    factories.field("email", ana, kind="email", level="customer")
    factories.field("topic", ana, kind="list")
    items = (item("email", required=True), item("topic"), item("consent.1", required=True, text="J’accepte."))
    factories.asking(support, factories.form(ana, *items), ana)
    section = AREA.dump(support)
    made, lines = from_channel_json(public(section), section)
    assert made == section
    assert {line.verdict for line in lines} == {"taken"}
    # Into a channel that asks nothing: the same form, tied to the same row.
    assert from_channel_json(public(section), {"format": 1, "form": None, "fields": []})[0] == section


def test_no_form_means_that_nothing_is_asked(support: Channel, ana: User) -> None:
    factories.asking(support, factories.form(ana), ana)
    [step], _lines = steps({"isLiveChat": False, "preContactForm": None}, support)
    plans.apply(step, by=ana)
    assert AREA.dump(support)["form"] is None
    assert SurveyForm.objects.exists()


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "ident",
                    "label",
                    "type",
                    "values",
                    "name",
                    "value",
                    "parentId",
                    "definition",
                    "isRequired",
                    "customFields",
                ]
            ),
            inner | st.sampled_from(["text", "list", "tree", "email", "consent.1", "a", "\0", "\ud800"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


@ways(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(form=_JUNK, questions=st.lists(_JUNK, max_size=4), others=_JUNK)
def test_whatever_json_comes_the_section_can_be_published(
    form: Any, questions: list[Any], others: Any
) -> None:
    empty: dict[str, Any] = {"format": 1, "form": None, "fields": []}
    named = {"name": "x", "customFields": [{"definition": one} for one in questions] + questions}
    for given_form in (form, named):
        document = {"preContactForm": given_form, "caseCustomFields": others, "preContactRules": others}
        made, lines = from_channel_json(copy.deepcopy(document), empty)
        assert check(made, {}) == []
        assert lines
