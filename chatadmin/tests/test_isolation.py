"""Every address of the console as a stranger, as a reader, signed out, and with the other organisation's things in hand.

Both organisations hold channels of the same names; what differs is marked, so that it would be seen if it leaked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from psycopg import sql

from accounts.models import User
from api.tokens import create_token
from api.webhooks import create_webhook, send_test
from areas.registry import areas
from audit.services import record
from channels_config.models import Channel
from channels_config.tests.factories import channel
from chatadmin.tests.pages import Address, Inline, addresses, policy
from desk.tests import factories as desk_factories
from files.imports import take_in
from guide.tests.factories import entry, guide
from ipblocking import drafts, section
from ipblocking.models import AddressList
from live_chat.models import Mail, OfflineMessage
from publishing.tests.factories import release
from surveys.defaults import item as survey_item
from surveys.tests import factories as survey_factories
from tenants.models import Membership, Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person
from tenants.tests.protection import tenant_models
from translations.codecs import Row
from translations.importing import keep
from translations.tests.factories import variant

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response
    from pytest_django import DjangoDbBlocker

ALL = addresses()
OF_ORGANISATIONS = [one for one in ALL if "brand" in one.parameters]
OF_CHANNELS = [one for one in ALL if "channel" in one.parameters]
OF_PEOPLE = [one for one in ALL if one.door == "signed_in"]

#: Addresses where a POST asks for something and changes nothing.
ANSWERS_A_READER_S_POST = {
    "channels_config:preview",
    "guide:preview",
    "guide:tester",
    "surveys:preview",
    "translations:preview",
    "file_restrictions:tester",
    "live_chat:tester",
}

of_organisations = pytest.mark.parametrize("address", OF_ORGANISATIONS, ids=str)
of_channels = pytest.mark.parametrize("address", OF_CHANNELS, ids=str)
with_method = pytest.mark.parametrize("method", ["get", "post"])


@dataclass
class Side:
    """One organisation with everything in it, and what stands in its addresses. `mark` is in all that is its own."""

    organisation: Organisation
    channel: Channel
    guide: Channel
    admin: User
    mark: str
    #: A shared list of addresses, used by the channel.
    address_list: int
    #: A file of translations on its way in.
    imported: int
    #: A file of channels on its way in, an API token, a webhook and what it is told: parameter -> id.
    others: dict[str, int]
    #: A form the channel asks, and a custom field it asks for.
    form: int
    field: int

    @property
    def values(self) -> dict[str, Any]:
        """Parameter of a route -> value."""
        return {
            "brand": self.organisation.number,
            "channel": self.channel.public_id,
            "guide": self.guide.public_id,
            # The REST API's addresses have names of their own: who may is a token's matter there (api/tests).
            "organisation": self.organisation.number,
            "channel_id": self.channel.public_id,
            "rest": "nowhere/",
            **self.others,
            "environment": "test",
            "field": self.field,
            "file": self.imported,
            "form": self.form,
            "locale": "fr_CA",
            "number": 1,
            "promotion": 1,
            "release": 1,
            "address_list": self.address_list,
        }

    @property
    def ids(self) -> dict[str, str]:
        return {"channel": self.channel.public_id, "guide": self.guide.public_id}

    @property
    def secrets(self) -> list[str]:
        """What nobody outside may ever read."""
        ids = [one for shown in (self.channel, self.guide) for one in (shown.public_id, shown.external_id)]
        return [self.mark, *ids]


def _side(number: int, mark: str) -> Side:
    made = organisation(number, f"Org {mark}")
    admin = member(made, Role.OWNER, person(f"{mark}@example.com", name=f"Person {mark}"))
    support = channel(
        made, "Support", draft={"custom_css": f".{mark} {{ color: red }}", "custom_js": f"// {mark}"}
    )
    channel(made, "Ventes", kind=Channel.Kind.LIVE)
    with tenant_scope(made.pk):
        for area in areas():
            area.load(support, area.dump(support))
        record(
            "organisation.created", by=admin, subject=support.public_id, organisation=made.name, brand=number
        )
        variant(support, "fr_CA", f"Language {mark}", phrases={"send": f"Send {mark}"})
        field = survey_factories.field(mark, admin, label=f"Field {mark}")
        form = survey_factories.form(admin, survey_item(mark), name=f"Form {mark}")
        survey_factories.asking(support, form, admin)
        imported = keep(support, [Row(1, "fr_CA", "retry", f"Text {mark}")], name=f"{mark}.csv", by=admin).pk
    release(support, by=admin, note=f"note {mark}")
    return Side(
        made,
        support,
        guide(made, f"Guide {mark}", entry(f"Entry {mark}", support.public_id)),
        admin,
        mark,
        _address_list(made, support, mark),
        imported,
        _others(made, admin, mark),
        form.pk,
        field.pk,
    )


def _others(made: Organisation, admin: User, mark: str) -> dict[str, int]:
    with tenant_scope(made.pk):
        file = {"chatadmin": "channel", "format": 1, "name": f"File {mark}", "kind": "live"}
        taken = take_in(json.dumps(file).encode(), name=f"{mark}.json", into=None, by=admin)
        token = create_token(name=f"Token {mark}", scopes=["sections"], expires_at=None, by=admin).token
        hook = create_webhook(
            url=f"https://{mark}.example.com/", events=["release.created"], by=admin
        ).webhook
        return {
            "import_id": taken.pk,
            "token_id": token.pk,
            "webhook_id": hook.pk,
            "card": desk_factories.card(f"Card {mark}", by=admin).pk,
            "snippet": desk_factories.snippet(mark, by=admin).pk,
            "replies": desk_factories.replies(f"Question {mark}", by=admin).pk,
            "member": Membership.objects.get(user=admin, tenant=made).pk,
            "message_id": send_test(hook, by=admin).pk,
            "mail": _left_offline(made, mark),
        }


def _left_offline(made: Organisation, mark: str) -> int:
    """An offline message on the organisation's live channel, and its e-mail; the e-mail's id."""
    live = Channel.objects.get(kind=Channel.Kind.LIVE)
    left = {"channel": live, "origin": uuid4()}
    OfflineMessage.objects.create(place="live", email=f"{mark}@example.com", text=mark, sent_at=now(), **left)
    mail = {"recipients": [f"{mark}@example.com"], "subject": mark, "text": mark}
    return int(Mail.objects.create(kind=Mail.Kind.OFFLINE, failed_at=now(), **mail, **left).pk)


def _address_list(made: Organisation, support: Channel, mark: str) -> int:
    with tenant_scope(made.pk):
        shared = AddressList(name=f"List {mark}")
        drafts.write(shared, f"192.0.2.1 # {mark}\n", [f"192.0.2.1 # {mark}"], told={}, by=f"Person {mark}")
        section.use(support, {shared.pk})
        return int(shared.pk)


@contextmanager
def as_it_was() -> Iterator[None]:
    """The database is afterwards as it was before."""
    undone = transaction.atomic()
    # Like a test case's own: what insists on being the outermost transaction may be within.
    undone._from_testcase = True  # type: ignore[attr-defined]
    with undone:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def sides(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[Side, Side]]:
    """Both organisations, made once: every test finds them as they were."""
    with django_db_blocker.unblock(), as_it_was():
        yield _side(1009, "alicemark"), _side(2020, "bobmark")


@pytest.fixture(scope="module")
def everything(sides: tuple[Side, Side]) -> dict[str, object]:
    return _everything(*sides)


@pytest.fixture(autouse=True)
def undone(everything: dict[str, object], django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), as_it_was():
        yield


@pytest.fixture
def alice(sides: tuple[Side, Side]) -> Side:
    return sides[0]


@pytest.fixture
def bob(sides: tuple[Side, Side]) -> Side:
    return sides[1]


@pytest.fixture
def nothing_changes(undone: None, sides: tuple[Side, Side], everything: dict[str, object]) -> Iterator[None]:
    yield
    assert _everything(*sides) == everything


def _everything(*sides: Side) -> dict[str, object]:
    """A digest of every row of both organisations."""
    found: dict[str, object] = {}
    models: list[type[Model]] = [*tenant_models(), Organisation]
    rows = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, md5(string_agg(t::text, '|' ORDER BY t.id)) FROM {} t").format(
            sql.Literal(model._meta.db_table), sql.Identifier(model._meta.db_table)
        )
        for model in models
    )
    for side in sides:
        with tenant_scope(side.organisation.pk), connection.cursor() as cursor:
            cursor.execute(rows)
            found |= {f"{side.mark} {table}": digest for table, digest in cursor.fetchall()}
            # Tests let further people in.
            found[f"{side.mark} members"] = Membership.objects.get(user=side.admin).role
    return found


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(client: Client, method: str, path: str) -> Response:
    response: Response = getattr(client, method)(path)
    return response


def role_below(role: Role) -> Role | None:
    return max((one for one in Role if one < role), default=None)


# -- What there is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ALL, ids=lambda one: one.route or "/")
def test_every_view_says_who_may_open_it(address: Address) -> None:
    assert address.door in {"public", "signed_in", "member", "token"}, (
        f"{address.route}: mark it with requires, signed_in or public"
    )
    assert address.name, f"{address.route} has no name"


@of_organisations
def test_every_address_of_an_organisation_is_behind_its_door(address: Address) -> None:
    assert address.door == "member"
    assert address.role is not None
    assert address.parameters[0] == "brand"


def test_no_address_without_an_organisation_is_behind_an_organisation_s_door() -> None:
    assert {one for one in ALL if one.door == "member"} == set(OF_ORGANISATIONS)


def test_only_these_views_are_open_to_anybody() -> None:
    """Add one here when it is meant to be."""
    assert sorted(str(one) for one in ALL if one.door == "public") == [
        "accounts:set_language",
        "accounts:set_theme",
        "accounts:sign_in",
        "accounts:sign_out",
        "api:docs",
        "api:root",
        "api:schema",
        "healthz",
        "preview_frame",
        "preview_guide",
    ]


@of_channels
def test_every_address_of_a_channel_is_below_its_organisation(address: Address) -> None:
    assert address.parameters[:2] == ("brand", "channel")


# -- Signed out -------------------------------------------------------------------------------------------------------


@of_organisations
@with_method
@pytest.mark.usefixtures("nothing_changes")
def test_signed_out_every_page_leads_to_the_sign_in_page(
    address: Address, method: str, alice: Side, client: Client
) -> None:
    response = ask(client, method, address.path(alice.values))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(reverse("accounts:sign_in") + "?next=/o/1009/")
    assert not any(
        secret in response.content.decode()
        for secret in alice.secrets
        if secret not in address.path(alice.values)
    )


@pytest.mark.parametrize("address", OF_PEOPLE, ids=str)
@with_method
def test_signed_out_a_person_s_pages_lead_to_the_sign_in_page(
    address: Address, method: str, client: Client
) -> None:
    response = ask(client, method, address.path({}))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(reverse("accounts:sign_in"))


# -- A stranger -------------------------------------------------------------------------------------------------------


@of_organisations
@with_method
@pytest.mark.usefixtures("nothing_changes")
def test_a_stranger_finds_nothing_there(address: Address, method: str, alice: Side, bob: Side) -> None:
    response = ask(signed_in(bob.admin), method, address.path(alice.values))
    assert response.status_code == 404
    assert alice.mark not in response.content.decode()


@of_channels
@with_method
@pytest.mark.usefixtures("nothing_changes")
def test_another_organisation_s_channel_is_not_found_under_one_s_own(
    address: Address, method: str, alice: Side, bob: Side
) -> None:
    both = member(bob.organisation, Role.OWNER, alice.admin)
    response = ask(signed_in(both), method, address.path({**alice.values, **bob.ids}))
    # A view that answers one method only refuses the other before it looks for the channel.
    assert response.status_code == 404 or (response.status_code == 405 and not _allows(response, method))
    assert bob.mark not in response.content.decode()


@of_channels
@with_method
def test_a_channel_that_was_deleted_is_not_found(address: Address, method: str, alice: Side) -> None:
    with tenant_scope(alice.organisation.pk):
        Channel.every.filter(pk__in=[alice.channel.pk, alice.guide.pk]).update(
            deleted_at=alice.channel.created_at
        )
    response = ask(signed_in(alice.admin), method, address.path(alice.values))
    assert response.status_code in {404, 405}


def _allows(response: Response, method: str) -> bool:
    return method.upper() in response.headers.get("Allow", "")


# -- A reader ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [one for one in OF_ORGANISATIONS if one.role != Role.AUDITOR], ids=str)
@with_method
@pytest.mark.usefixtures("nothing_changes")
def test_a_member_below_the_role_is_refused(address: Address, method: str, alice: Side) -> None:
    assert address.role is not None
    below = role_below(address.role)
    assert below is not None
    response = ask(signed_in(member(alice.organisation, below, person())), method, address.path(alice.values))
    assert response.status_code == 403


@pytest.mark.parametrize("address", [one for one in OF_ORGANISATIONS if one.role == Role.AUDITOR], ids=str)
def test_a_reader_sees_every_page_that_is_not_for_changing_things(
    address: Address, alice: Side, reader: Client
) -> None:
    response = reader.get(address.path(alice.values))
    assert response.status_code in {200, 302, 405}


@of_organisations
@pytest.mark.usefixtures("nothing_changes")
def test_a_reader_changes_nothing_by_any_post(address: Address, alice: Side, reader: Client) -> None:
    path = address.path(alice.values)
    response = reader.post(path)
    if response.status_code not in {403, 405} and str(address) not in ANSWERS_A_READER_S_POST:
        assert response.status_code == reader.get(path).status_code, (
            f"{path} did something for a reader's POST"
        )


@pytest.fixture
def reader(alice: Side) -> Client:
    return signed_in(member(alice.organisation, Role.AUDITOR, person("reader@example.com")))


# -- What a page shows ------------------------------------------------------------------------------------------------


@of_organisations
def test_a_page_shows_nothing_of_the_other_organisation(address: Address, alice: Side, bob: Side) -> None:
    """Not even to somebody who is a member of both, but for the organisation's name in the switch."""
    only_alice = signed_in(alice.admin).get(address.path(alice.values))
    assert not [secret for secret in bob.secrets if secret in only_alice.getvalue().decode()]
    both = signed_in(member(bob.organisation, Role.OWNER, alice.admin)).get(address.path(alice.values))
    shown = both.getvalue().decode().replace(bob.organisation.name, "")
    assert not [secret for secret in bob.secrets if secret in shown]


def test_two_channels_of_one_name_are_two_channels(alice: Side, bob: Side) -> None:
    for side, other in ((alice, bob), (bob, alice)):
        listed = (
            signed_in(side.admin)
            .get(reverse("channels:list", args=[side.organisation.number]))
            .content.decode()
        )
        assert side.channel.public_id in listed
        assert other.channel.public_id not in listed


# -- Headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ALL, ids=str)
def test_every_page_has_a_policy_without_unsafe_inline(address: Address, alice: Side) -> None:
    response = signed_in(alice.admin).get(address.path(alice.values), follow=True)
    sources = policy(response)
    if "sandbox" in sources:
        # A document that runs a channel's own code: anything goes in there, and nothing gets out.
        assert "allow-same-origin" not in sources["sandbox"]
        return
    assert sources["default-src"] == ["'none'"]
    for directive in ("script-src", "style-src"):
        assert {"'self'"} <= set(sources[directive])
        assert not [
            one for one in sources[directive] if "unsafe" in one or one in {"*", "https:", "http:", "data:"}
        ]
    assert sources["base-uri"] == sources["object-src"] == sources["frame-ancestors"] == ["'none'"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    if response.headers["Content-Type"].startswith("text/html"):
        page = Inline(_nonce(sources))
        page.feed(response.content.decode())
        assert page.found == []


def _nonce(sources: dict[str, list[str]]) -> str:
    found = re.search(r"'nonce-([^']+)'", " ".join(sources["script-src"]))
    return found[1] if found else "none is there"


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/o/7777/", 404)])
def test_so_has_an_error_page(alice: Side, path: str, status: int) -> None:
    response = signed_in(alice.admin).get(path)
    assert response.status_code == status
    assert policy(response)["default-src"] == ["'none'"]
    page = Inline(_nonce(policy(response)))
    page.feed(response.content.decode())
    assert page.found == []


@pytest.mark.parametrize("address", [one for one in OF_ORGANISATIONS if one.role == Role.AUDITOR], ids=str)
def test_no_page_of_an_organisation_is_kept_by_a_shared_cache(address: Address, alice: Side) -> None:
    response = signed_in(alice.admin).get(address.path(alice.values))
    control = response.headers.get("Cache-Control", "")
    assert "private" in control or "no-store" in control
    assert "public" not in control
