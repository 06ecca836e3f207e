"""The console's pages of the agent desk: who may answer where, keys, the library of cards and canned answers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from channels_config.tests.factories import channel
from desk import services
from desk.models import Agent, Card, Snippet
from desk.tests.factories import CARD, card, snippet
from publishing.snapshot import key_set, open_agent_key, public_jwk
from tenants.models import Membership, Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db

PUBLISHERS = key_set(public_jwk(settings.PUBLISHING_SIGNING_KEY))


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def as_role(shop: Organisation, role: Role, **fields: str) -> Client:
    return signed_in(member(shop, role, person(language="en", **fields)))


@pytest.fixture
def admin(shop: Organisation) -> Client:
    return as_role(shop, Role.ADMIN, name="Alice Admin")


def at(shop: Organisation, name: str, *arguments: int) -> str:
    return reverse(f"desk:{name}", args=[shop.number, *arguments])


def ask_key(client: Client, shop: Organisation, environment: str) -> Any:
    return client.post(at(shop, "key"), {"environment": environment})


@pytest.mark.parametrize(
    ("role", "environments"),
    [
        (Role.AUDITOR, []),
        (Role.WEBMASTER, []),
        (Role.QA, ["test"]),
        (Role.TRANSLATOR, ["test"]),
        (Role.EDITOR, ["test", "live"]),
        (Role.OWNER, ["test", "live"]),
    ],
)
def test_the_role_says_in_which_environments_one_answers(
    shop: Organisation, role: Role, environments: list[str]
) -> None:
    client = as_role(shop, role)
    page = client.get(at(shop, "desk"))
    assert page.status_code == 200
    assert ("desk-settings" in page.content.decode()) == bool(environments)
    for environment in ("test", "live", "nowhere"):
        answer = ask_key(client, shop, environment)
        assert answer.status_code == (200 if environment in environments else 403)


def test_a_key_is_for_all_channels_lives_minutes_and_shows_no_address(shop: Organisation) -> None:
    user = member(shop, Role.EDITOR, person("zoe@example.com"))
    answer = ask_key(signed_in(user), shop, "live").json()
    key = open_agent_key(answer["key"], PUBLISHERS)
    assert (key.environment, key.brand, key.channels, key.agent, key.name) == (
        "live",
        shop.number,
        None,
        str(user.pk),
        "zoe",
    )
    assert answer["expiresIn"] == services.KEY_LASTS == 300
    assert 0 < key.exp - time.time() <= 301


def test_whoever_is_put_out_gets_no_further_key(shop: Organisation) -> None:
    user = member(shop, Role.EDITOR)
    client = signed_in(user)
    assert ask_key(client, shop, "live").status_code == 200
    with tenant_scope(shop.pk):
        Membership.objects.filter(user=user).delete()
    assert ask_key(client, shop, "live").status_code == 404


def test_an_admin_lets_a_reader_answer_on_one_channel_under_a_name(shop: Organisation, admin: Client) -> None:
    reader = member(shop, Role.AUDITOR, person(name="Rémi"))
    support = channel(shop, "Support")
    channel(shop, "Ventes")
    with tenant_scope(shop.pk):
        number = Membership.objects.get(user=reader).pk
    listed = admin.get(at(shop, "agents")).content.decode()
    assert "Rémi" in listed
    assert "Nowhere" in listed
    answer = admin.post(
        at(shop, "agent", number),
        {
            "display_name": "  Rémi \x00 du soutien ",
            "answers_live": "on",
            "where": "some",
            "channels": [support.public_id, "chat_of_nobody"],
        },
    )
    assert answer.status_code == 302
    for environment in ("test", "live"):
        key = open_agent_key(ask_key(signed_in(reader), shop, environment).json()["key"], PUBLISHERS)
        assert (key.channels, key.name) == ((support.public_id,), "Rémi du soutien")
    with tenant_scope(shop.pk):
        entry = Entry.objects.get(action="desk.agent_changed")
        assert entry.data["agent"] == "Rémi"
        # A channel that was deleted opens nothing, and does not become all of them.
        support.delete()
    key = open_agent_key(ask_key(signed_in(reader), shop, "test").json()["key"], PUBLISHERS)
    assert key.channels == ()


def test_only_an_admin_says_who_answers(shop: Organisation) -> None:
    for name, arguments in (("agents", []), ("agent", [1])):
        assert as_role(shop, Role.EDITOR).get(at(shop, name, *arguments)).status_code == 403
    assert as_role(shop, Role.ADMIN).get(at(shop, "agent", 2**40)).status_code == 404


def test_an_agent_names_themselves_and_a_reader_does_not(shop: Organisation) -> None:
    user = member(shop, Role.QA, person(language="en", name="Zoé Tremblay"))
    client = signed_in(user)
    assert 'placeholder="Zoé Tremblay"' in client.get(at(shop, "name")).content.decode()
    assert client.post(at(shop, "name"), {"display_name": "Zoé"}).status_code == 302
    assert open_agent_key(ask_key(client, shop, "test").json()["key"], PUBLISHERS).name == "Zoé"
    refused = client.post(at(shop, "name"), {"display_name": "x" * 81})
    assert refused.status_code == 422
    assert "x" * 81 in refused.content.decode()
    assert as_role(shop, Role.AUDITOR).post(at(shop, "name"), {"display_name": "Z"}).status_code == 403


def test_only_the_desk_may_speak_with_the_environments(shop: Organisation, admin: Client) -> None:
    page = admin.get(at(shop, "desk") + "?environment=live")
    policy = page.headers["Content-Security-Policy"]
    [connect] = [one for one in policy.split("; ") if one.startswith("connect-src")]
    for one in settings.ENVIRONMENTS:
        assert one["public_url"] in connect.split()
        assert one["public_url"].replace("http", "ws", 1) in connect.split()
    assert json.loads(_json(page, "desk-settings"))["environment"] == "live"
    other = admin.get(at(shop, "cards")).headers["Content-Security-Policy"]
    [connect] = [one for one in other.split("; ") if one.startswith("connect-src")]
    assert connect == "connect-src 'self'"


def _json(page: Any, name: str) -> str:
    return str(page.content.decode().partition(f'id="{name}" type="application/json">')[2].partition("<")[0])


def test_a_card_is_made_changed_and_deleted_and_each_is_in_the_audit(
    shop: Organisation, admin: Client
) -> None:
    answer = admin.post(at(shop, "card_new"), {"name": "Rendez-vous", "source": CARD})
    with tenant_scope(shop.pk):
        made = Card.objects.get()
    assert answer.headers["Location"] == at(shop, "card", made.pk)
    admin.post(
        at(shop, "card", made.pk),
        {"name": "Rendez-vous 2", "source": CARD.replace("Bonjour", "Allô"), "seen": 1},
    )
    library = admin.get(at(shop, "library")).json()
    assert [(one["name"], one["card"]["body"][0]["text"]) for one in library["cards"]] == [
        ("Rendez-vous 2", "Allô")
    ]
    assert admin.post(at(shop, "card_delete", made.pk)).status_code == 302
    assert admin.get(at(shop, "card", made.pk)).status_code == 404
    with tenant_scope(shop.pk):
        actions = list(
            Entry.objects.filter(action__startswith="desk.card")
            .order_by("pk")
            .values_list("action", flat=True)
        )
    assert actions == ["desk.card_created", "desk.card_saved", "desk.card_deleted"]


def test_a_card_that_is_none_is_refused_at_its_line_and_kept_as_typed(
    shop: Organisation, admin: Client
) -> None:
    wrong = '{\n  "type": "AdaptiveCard",\n  "body": [{"type": "Fancy"}]\n}'
    page = admin.post(at(shop, "card_new"), {"name": "X", "source": wrong})
    assert page.status_code == 422
    text = page.content.decode()
    assert "Line 3: “Fancy” is no element a chat window can show." in text
    assert "&quot;line&quot;: 3" in text
    assert "&quot;Fancy&quot;" in text
    with tenant_scope(shop.pk):
        assert not Card.objects.exists()


def test_of_two_who_change_a_card_the_second_is_told_and_loses_nothing(
    shop: Organisation, admin: Client
) -> None:
    bob = member(shop, Role.EDITOR, person(name="Bob"))
    with tenant_scope(shop.pk):
        made = card("Deux", by=bob)
    admin.post(at(shop, "card", made.pk), {"name": "Deux", "source": CARD, "seen": 1})
    mine = CARD.replace("Bonjour", "Salut")
    page = admin.post(at(shop, "card", made.pk), {"name": "Deux", "source": mine, "seen": 1})
    assert page.status_code == 409
    text = page.content.decode()
    assert "Alice Admin has saved this card meanwhile" in text
    assert "Salut" in text
    assert 'name="seen" value="2"' in text
    assert (
        admin.post(at(shop, "card", made.pk), {"name": "Deux", "source": mine, "seen": 2}).status_code == 302
    )


def test_two_cards_of_one_name_are_refused_in_words(shop: Organisation, admin: Client) -> None:
    editor = member(shop, Role.EDITOR)
    with tenant_scope(shop.pk):
        card("Horaire", by=editor)
    page = admin.post(at(shop, "card_new"), {"name": "HORAIRE", "source": CARD})
    assert page.status_code == 422
    assert "Your organisation has a card of this name already." in page.content.decode()


def test_a_canned_answer_is_called_by_small_letters_and_written_in_one_language_at_least(
    shop: Organisation, admin: Client
) -> None:
    for typed, wrong in (
        ({"shortcut": "two words", "text_fr": "x"}, "Small letters a to z"),
        ({"shortcut": "heures", "text_fr": " ", "text_en": ""}, "in one language at least"),
        ({"shortcut": "", "text_fr": "x"}, "required"),
    ):
        page = admin.post(at(shop, "snippet_new"), typed)
        assert page.status_code == 422
        assert wrong in page.content.decode()
    made = {"shortcut": "/Heures", "text_fr": "Ouvert de 9 h à 17 h", "text_en": ""}
    assert admin.post(at(shop, "snippet_new"), made).status_code == 302
    assert admin.post(at(shop, "snippet_new"), made).status_code == 422
    assert admin.get(at(shop, "library")).json()["snippets"] == [
        {"shortcut": "heures", "fr": "Ouvert de 9 h à 17 h", "en": ""}
    ]
    assert "/heures" in admin.get(at(shop, "snippets") + "?q=HEURES").content.decode()
    assert "No canned answer says this." in admin.get(at(shop, "snippets") + "?q=zz").content.decode()
    with tenant_scope(shop.pk):
        number = Snippet.objects.get().pk
    changed = {"shortcut": "heures", "text_fr": "Fermé", "text_en": "Closed", "seen": 1}
    assert admin.post(at(shop, "snippet", number), changed).status_code == 302
    assert admin.post(at(shop, "snippet", number), changed).status_code == 409
    assert admin.post(at(shop, "snippet_delete", number)).status_code == 302
    assert admin.get(at(shop, "library")).json()["snippets"] == []


def test_quick_replies_are_kept_once_for_every_agent_and_let_go_of(shop: Organisation, admin: Client) -> None:
    asked = {"question": " Quel moment ? ", "choice": ["Le matin", "", " Le soir\0 "]}
    number = admin.post(at(shop, "replies"), asked).json()["id"]
    assert admin.post(at(shop, "replies"), asked).json() == {"id": number}
    kept = [{"id": number, "question": "Quel moment ?", "choices": ["Le matin", "Le soir"]}]
    reader = as_role(shop, Role.QA)
    assert reader.get(at(shop, "library")).json()["replies"] == kept
    for name, *arguments in (("replies",), ("replies_delete", number)):
        assert reader.post(at(shop, name, *arguments), asked).status_code == 403
    for wrong, words in (
        ({"question": "", "choice": ["x"]}, "1 to 20 choices"),
        ({"question": "x" * 2001, "choice": ["x"]}, "1 to 20 choices"),
        ({"question": "Lequel ?", "choice": [" "]}, "1 to 20 choices"),
        ({"question": "Lequel ?", "choice": [str(n) for n in range(21)]}, "1 to 20 choices"),
        ({"question": "Lequel ?", "choice": ["x" * 201]}, "at most 200"),
    ):
        answer = admin.post(at(shop, "replies"), wrong)
        assert answer.status_code == 422
        assert words in answer.json()["problem"]
    elsewhere = organisation(name="Ailleurs")
    stranger = as_role(elsewhere, Role.ADMIN)
    assert stranger.post(at(elsewhere, "replies_delete", number)).status_code == 200
    assert reader.get(at(shop, "library")).json()["replies"] == kept
    for _ in range(2):
        assert admin.post(at(shop, "replies_delete", number)).status_code == 200
    assert admin.get(at(shop, "library")).json()["replies"] == []
    with tenant_scope(shop.pk):
        acts = Entry.objects.filter(action__startswith="desk.replies").order_by("pk")
        assert [one.action for one in acts] == ["desk.replies_created", "desk.replies_deleted"]


def test_a_reader_reads_the_library_and_changes_nothing(shop: Organisation) -> None:
    editor = member(shop, Role.EDITOR)
    with tenant_scope(shop.pk):
        made, said = card("Lire", by=editor), snippet("lire", by=editor)
    reader = as_role(shop, Role.QA)
    assert "Lire" in reader.get(at(shop, "cards")).content.decode()
    for name, row in (("card", made), ("snippet", said)):
        page = reader.get(at(shop, name, row.pk))
        assert page.status_code == 200
        assert "Your role lets you look" in page.content.decode() or name == "snippet"
        assert reader.post(at(shop, name, row.pk), {"name": "x"}).status_code == 403
        assert reader.get(at(shop, f"{name}_delete", row.pk)).status_code == 403
        assert reader.get(at(shop, f"{name}_new")).status_code == 403


def test_names_and_texts_with_markup_stay_text(shop: Organisation, admin: Client) -> None:
    evil = "<script>alert(1)</script>{{ x }}"
    editor = member(shop, Role.EDITOR)
    with tenant_scope(shop.pk):
        card(evil, by=editor)
        snippet("evil", by=editor, french=evil)
        Agent(user=editor, display_name=evil[:80]).save()
    for name in ("cards", "snippets", "agents", "desk"):
        assert "<script>alert" not in admin.get(at(shop, name)).content.decode()


@pytest.mark.parametrize("name", ["cards", "snippets", "agents"])
def test_a_list_asks_as_much_for_one_row_as_for_three(
    shop: Organisation, admin: Client, name: str, django_assert_num_queries: Any
) -> None:
    def rows(count: int) -> None:
        for _ in range(count):
            user = member(shop, Role.EDITOR)
            with tenant_scope(shop.pk):
                card(f"Carte {user.pk}", by=user)
                snippet(f"s{user.pk}", by=user)
                Agent(user=user, display_name="Nom").save()

    rows(1)
    with CaptureQueriesContext(
        connection,
    ) as once:
        admin.get(at(shop, name))
    rows(2)
    with django_assert_num_queries(len(once)):
        admin.get(at(shop, name))
