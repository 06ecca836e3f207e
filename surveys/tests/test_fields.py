"""Custom fields: made, changed, kept from vanishing; options in a tree, by buttons and from a CSV file."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.models import User
from surveys import options, services
from surveys.defaults import item
from surveys.models import CustomField, SurveyForm
from surveys.options import Row
from surveys.tests import factories
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person(language="en", name="Alice"))


@pytest.fixture
def admin(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def new(shop: Organisation) -> str:
    return reverse("survey_forms:field_new", args=[shop.number])


def posted(*rows: tuple[str, str, int], **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "ident": "subject",
        "label": "Subject",
        "kind": "tree",
        "level": "contact",
        "row": [],
    }
    for number, (name, label, depth) in enumerate(rows):
        data["row"].append(str(number))
        data |= {f"{number}:name": name, f"{number}:label": label, f"{number}:depth": str(depth)}
    return data | more


def test_a_tree_is_made_and_ids_come_from_labels(admin: Client, shop: Organisation) -> None:
    data = posted(("", "À l’étranger", 0), ("", "France", 1), ("ca", "Canada", 0), do="save")
    assert admin.post(new(shop), data).status_code == 302
    with tenant_scope(shop.pk):
        assert CustomField.objects.get().values == [
            {"name": "a-l-etranger", "label": "À l’étranger", "parent": None},
            {"name": "france", "label": "France", "parent": "a-l-etranger"},
            {"name": "ca", "label": "Canada", "parent": None},
        ]


def test_what_is_wrong_is_said_and_nothing_is_lost(admin: Client, shop: Organisation) -> None:
    data = posted(("a", "One", 0), ("a", "Two", 0), ("é", "", 0), do="save", ident="9", label="")
    answer = admin.post(new(shop), data)
    assert answer.status_code == 422
    page = answer.content.decode()
    for sentence in (
        "An ident begins with a letter",
        "is there twice",
        "Write what the visitor reads",
        "An id holds",
    ):
        assert sentence in page
    assert 'value="Two"' in page


def rows(*levels: int) -> list[Row]:
    return [Row(number, f"o{number}", f"O{number}", depth) for number, depth in enumerate(levels)]


def shown(made: list[Row]) -> list[tuple[str, int]]:
    return [(row.name, row.depth) for row in made]


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("down:0", [("o3", 0), ("o0", 0), ("o1", 1), ("o2", 2)]),
        ("up:3", [("o3", 0), ("o0", 0), ("o1", 1), ("o2", 2)]),
        ("up:1", [("o0", 0), ("o1", 1), ("o2", 2), ("o3", 0)]),
        ("in:3", [("o0", 0), ("o1", 1), ("o2", 2), ("o3", 1)]),
        ("in:0", [("o0", 0), ("o1", 1), ("o2", 2), ("o3", 0)]),
        ("out:1", [("o0", 0), ("o1", 0), ("o2", 1), ("o3", 0)]),
        ("remove:1", [("o0", 0), ("o3", 0)]),
        ("remove:99", [("o0", 0), ("o1", 1), ("o2", 2), ("o3", 0)]),
        ("up:x", [("o0", 0), ("o1", 1), ("o2", 2), ("o3", 0)]),
    ],
)
def test_a_row_moves_with_all_that_stands_below_it(do: str, expected: list[tuple[str, int]]) -> None:
    made = rows(0, 1, 2, 0)
    options.act(made, do)
    assert shown(made) == expected


def test_a_post_with_nonsense_in_it_is_read_all_the_same() -> None:
    made = options.read(QueryDict("row=x&row=0&0:depth=99&0:label=A&row=1&1:depth=-1&1:label=B"))
    assert [(row.label, row.depth) for row in made] == [("A", 0), ("B", 0)]


@pytest.mark.parametrize(
    ("content", "tree", "expected"),
    [
        (b"id;label\r\na;Un\r\nb;Deux\r\n", False, [("a", "Un", 0), ("b", "Deux", 0)]),
        ("\ufeffid,label,parent\nb,Deux,a\na,Un,\n".encode(), True, [("a", "Un", 0), ("b", "Deux", 1)]),
        (
            "Été\tParis\nÉté\tLyon\nHiver\n".encode(),
            True,
            [("", "Été", 0), ("", "Paris", 1), ("", "Lyon", 1), ("", "Hiver", 0)],
        ),
        ("libellé\nEté\n".encode("cp1252"), False, [("ete", "Eté", 0)]),
        (b"One\nTwo\n", False, [("", "One", 0), ("", "Two", 0)]),
    ],
)
def test_csv_files_are_read(content: bytes, tree: bool, expected: list[tuple[str, str, int]]) -> None:
    assert [(row.name, row.label, row.depth) for row in options.from_csv(content, tree=tree)] == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0",
        b"id,label,parent\na,A,b\nb,B,a\n",
        b"id,label,parent\na,A,gone\n",
        "\n".join(f"option {number}" for number in range(2001)).encode(),
        b"a," * 300_000,
    ],
    ids=["empty", "binary", "circle", "orphan", "many", "large"],
)
def test_files_that_are_none_are_refused(content: bytes) -> None:
    with pytest.raises(options.BadFile):
        options.from_csv(content, tree=True)


def test_an_import_shows_and_saves_nothing(admin: Client, shop: Organisation) -> None:
    answer = admin.post(new(shop), posted(do="import", pasted="id,label,parent\na,Alpha,\nb,Beta,a"))
    page = answer.content.decode()
    assert "2 options were read" in page
    assert 'value="Beta"' in page
    with tenant_scope(shop.pk):
        assert not CustomField.objects.exists()


def test_a_field_a_form_asks_for_does_not_vanish(admin: Client, shop: Organisation, alice: User) -> None:
    with tenant_scope(shop.pk):
        factories.form(alice, name="Sondage")
        field = CustomField.objects.get()
    page = admin.post(
        reverse("survey_forms:field_delete", args=[shop.number, field.pk]), follow=True
    ).content.decode()
    assert "Sondage" in page
    with tenant_scope(shop.pk):
        assert CustomField.objects.exists()


def test_an_option_a_condition_speaks_of_does_not_vanish(
    admin: Client, shop: Organisation, alice: User
) -> None:
    with tenant_scope(shop.pk):
        field = factories.field("subject", alice, kind="list", label="Subject")
        factories.field("order", alice)
        condition = {"match": "all", "when": [{"ident": "subject", "test": "is", "value": "billing"}]}
        factories.form(alice, item("subject"), item("order", show_if=condition), name="Sondage")
    url = reverse("survey_forms:field", args=[shop.number, field.pk])
    data = posted(("delivery", "Livraison", 0), do="save", kind="list", seen="")
    answer = admin.post(url, data)
    assert answer.status_code == 422
    assert "Sondage" in answer.content.decode()
    data = posted(("billing", "Factures", 0), do="save", kind="list", seen="")
    assert admin.post(url, data).status_code == 302


def test_a_changed_field_reaches_the_forms_that_ask_for_it(shop: Organisation, alice: User) -> None:
    with tenant_scope(shop.pk):
        form = factories.form(alice)
        field = CustomField.objects.get()
        services.save_field(
            field, label="Votre courriel", kind="email", level="contact", values=[], seen=None, by=alice
        )
        assert SurveyForm.objects.get().revision == form.revision + 1


def test_who_was_overtaken_is_told(admin: Client, shop: Organisation, alice: User) -> None:
    with tenant_scope(shop.pk):
        field = factories.field("subject", alice, kind="list", label="Subject")
        seen = services.field_seen(field)
        services.save_field(
            field, label="Theirs", kind="list", level="contact", values=field.values, seen=None, by=alice
        )
    url = reverse("survey_forms:field", args=[shop.number, field.pk])
    answer = admin.post(url, posted(("a", "A", 0), do="save", kind="list", label="Mine", seen=seen))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Theirs" in page
    assert 'value="Mine"' in page


def test_an_ident_that_is_taken_is_refused_whatever_its_case(
    admin: Client, shop: Organisation, alice: User
) -> None:
    with tenant_scope(shop.pk):
        factories.field("subject", alice)
    answer = admin.post(new(shop), posted(do="save", ident="Subject", kind="text"))
    assert answer.status_code == 422
    assert "of this ident already" in answer.content.decode()
