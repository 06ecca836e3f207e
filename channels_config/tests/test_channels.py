"""The list of channels, and what may happen to a channel as a whole."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from channels_config import services
from channels_config.models import Channel, WebSettings
from channels_config.tests.factories import channel
from publishing.models import Delivery, Release
from publishing.tests.factories import release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

pytestmark = pytest.mark.django_db

HOSTILE = """<script>alert(1)</script> {{ 7*7 }} {% now "Y" %} ";' --"""


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    """An admin of the shop."""
    return member(shop, Role.ADMIN)


@pytest.fixture
def client(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def address(name: str, organisation: Organisation, *arguments: Any) -> str:
    return reverse(f"channels:{name}", args=[organisation.number, *arguments])


def names(response: Any) -> list[str]:
    """The channels of a list page, from top to bottom, as a person reads them."""
    return [
        unescape(found)
        for found in re.findall(r'<a class="row-name"[^>]*>(.*?)</a>', response.content.decode())
    ]


def in_database(organisation: Organisation) -> list[str]:
    with tenant_scope(organisation.pk):
        return list(Channel.objects.values_list("name", flat=True))


def sentences(organisation: Organisation) -> list[str]:
    with tenant_scope(organisation.pk):
        return [str(entry) for entry in Entry.objects.filter(action__startswith="channel.")]


# --- the list ---


def test_the_list_names_the_channels_of_this_organisation_and_no_other(
    client: Client, shop: Organisation
) -> None:
    other = organisation(name="Ailleurs")
    channel(other, "Canal d’ailleurs")
    channel(shop, "Ventes")
    channel(shop, "Accueil")
    assert names(client.get(address("list", shop))) == ["Accueil", "Ventes"]


def test_the_list_of_no_channel_offers_to_create_the_first(client: Client, shop: Organisation) -> None:
    page = client.get(address("list", shop)).content.decode()
    assert names(client.get(address("list", shop))) == []
    assert address("create", shop) in page
    assert "premier canal" in page


def test_the_list_takes_as_many_queries_for_three_channels_as_for_one(
    client: Client, shop: Organisation, django_assert_max_num_queries: Any
) -> None:
    release(channel(shop, "Un"))
    with django_assert_max_num_queries(100) as for_one:
        client.get(address("list", shop))
    for name in ("Deux", "Trois"):
        release(channel(shop, name))
    with django_assert_max_num_queries(len(for_one.captured_queries)):
        assert names(client.get(address("list", shop))) == ["Deux", "Trois", "Un"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=eventail", ["Éventail"]),
        ("q=ÉVEN", ["Éventail"]),
        ("q=VENT", ["Éventail", "Ventes"]),
        ("q=accueil&kind=live", ["Accueil"]),
        ("q=accueil&kind=messaging", []),
        ("kind=live", ["Accueil"]),
        ("sort=-name", ["Ventes", "Éventail", "Accueil"]),
        ("sort=created", ["Ventes", "Accueil", "Éventail"]),
        ("sort=-created", ["Éventail", "Accueil", "Ventes"]),
        ("q=%25", []),
        ("kind=nonsense&sort=password&page=minus-one", ["Accueil", "Éventail", "Ventes"]),
        ("q=a%00b", ["Accueil", "Éventail", "Ventes"]),
        ("page=99999999999999999999", ["Accueil", "Éventail", "Ventes"]),
    ],
)
def test_the_address_filters_and_sorts_and_nonsense_in_it_is_ignored(
    client: Client, shop: Organisation, query: str, found: list[str]
) -> None:
    channel(shop, "Ventes")
    channel(shop, "Accueil", kind=Channel.Kind.LIVE)
    channel(shop, "Éventail")
    response = client.get(f"{address('list', shop)}?{query}")
    assert response.status_code == 200
    assert names(response) == found


def test_a_channel_is_found_by_its_id(client: Client, shop: Organisation) -> None:
    wanted = channel(shop, "Ventes")
    channel(shop, "Accueil")
    assert names(client.get(address("list", shop), {"q": wanted.public_id})) == ["Ventes"]


def test_twenty_five_channels_make_a_page_and_the_filters_stay_in_its_links(
    client: Client, shop: Organisation
) -> None:
    with tenant_scope(shop.pk):
        Channel.objects.bulk_create([Channel(name=f"Canal {number:02}") for number in range(26)])
    first = client.get(address("list", shop), {"q": "canal"})
    assert names(first) == [f"Canal {number:02}" for number in range(25)]
    assert "?q=canal&amp;page=2" in first.content.decode()
    assert names(client.get(address("list", shop), {"q": "canal", "page": "2"})) == ["Canal 25"]


def test_htmx_gets_the_rows_only_and_a_clean_address(client: Client, shop: Organisation) -> None:
    channel(shop, "Ventes")
    response = client.get(
        address("list", shop),
        {"q": "ven", "kind": ""},
        headers={"HX-Request": "true", "HX-Target": "channels"},
    )
    assert names(response) == ["Ventes"]
    assert "<html" not in response.content.decode()
    assert response.headers["HX-Replace-Url"] == f"{address('list', shop)}?q=ven"
    assert {"HX-Request", "HX-Target", "Cookie"} <= {
        part.strip() for part in response.headers["Vary"].split(",")
    }


def test_each_row_says_where_the_channel_stands_in_each_environment(
    client: Client, shop: Organisation
) -> None:
    sales = channel(shop, "Ventes")
    with tenant_scope(shop.pk):
        first = release(sales)
        Delivery.objects.filter(channel=sales).update(confirmed=first.number, visible_in_ms=412)
        WebSettings.objects.filter(channel=sales).update(custom_css="a{}")
        Delivery.objects.create(
            channel=sales,
            environment="live",
            wanted=first.number,
            confirmed=first.number,
            wanted_at=first.created_at,
            next_attempt_at=first.created_at,
        )
    page = client.get(address("list", shop)).content.decode()
    assert "à jour · 0,4\xa0s" in page
    with tenant_scope(shop.pk):
        release(sales)
        Delivery.objects.filter(channel=sales, environment="test").update(
            last_error="unreachable", attempts=1
        )
    page = client.get(address("list", shop)).content.decode()
    assert "non livré" in page
    assert "1 version de retard" in page


def test_a_name_is_shown_as_it_was_typed_everywhere(client: Client, shop: Organisation) -> None:
    odd = channel(shop, HOSTILE)
    assert names(client.get(address("list", shop))) == [HOSTILE]
    home = reverse("organisation", args=[shop.number])
    for url in (
        address("list", shop), home,
        *(address(page, shop, odd.public_id) for page in ("rename", "duplicate", "delete")),
    ):  # fmt: skip
        page = client.get(url).content.decode()
        assert "<script>alert" not in page, url
        assert (
            "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} {% now &quot;Y&quot; %} &quot;;&#x27; --" in page
        ), url


def test_the_palette_finds_channels_and_their_pages(client: Client, shop: Organisation) -> None:
    sales = channel(shop, "Ventes")
    channel(shop, "Québec")
    url = address("palette", shop)

    def found(text: str) -> list[tuple[str, str]]:
        return [(one["group"], one["title"]) for one in client.get(url, {"q": text}).json()["results"]]

    assert found("ventes") == [("Canaux", "Ventes")]
    assert found("québ") == found("QUEB") == [("Canaux", "Québec")]
    assert found("css ventes") == [("Pages", "Personnaliser CSS et JS")]
    assert found("ENSEMBLE") == [("Aller à", "Vue d’ensemble")]
    assert found("zzz") == []
    assert ("Aller à", "Créer un canal") in found("")
    assert found("\0") == found("")
    assert client.get(url, {"q": "ventes"}).json()["results"][0]["url"] == address(
        "open", shop, sales.public_id
    )


# --- creating ---


def test_a_channel_is_created_published_and_recorded(client: Client, shop: Organisation, alice: User) -> None:
    response = client.post(address("create", shop), {"name": "  Service \t client ", "kind": "live"})
    assert response.status_code == 302
    with tenant_scope(shop.pk):
        made = Channel.objects.get()
        assert (made.name, made.kind) == ("Service client", "live")
        assert Release.objects.get(channel=made).channel_facts["name"] == "Service client"
        assert Delivery.objects.get(channel=made).environment == "test"
    assert response.headers["Location"].endswith(f"/acd/digital/chat/{made.public_id}/css-js/")
    assert sentences(shop) == [
        f"{alice} a créé le canal « Service client »".replace("« ", "«\xa0").replace(" »", "\xa0»")
    ]


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("", "live", "Donnez un nom au canal."),
        ("   \u2003 ", "live", "Donnez un nom au canal."),
        (
            "x" * 121,
            "live",
            "Un nom compte au plus 120 caractères ; celui-ci en a 121.".replace(" ;", "\xa0;"),
        ),
        ("a\x07b", "live", "Le nom contient un caractère qui ne peut pas être affiché."),
        ("Ventes", "", "Choisissez le type de canal."),
        ("Ventes", "fax", "Choisissez l’un des deux types de canal."),
        ("ACCUEIL", "live", "Votre organisation a déjà un canal de ce nom."),
    ],
)
def test_what_cannot_be_a_channel_gets_a_sentence_and_makes_none(
    client: Client, shop: Organisation, name: str, kind: str, says: str
) -> None:
    channel(shop, "Accueil")
    response = client.post(address("create", shop), {"name": name, "kind": kind})
    assert response.status_code == 422
    assert says in unescape(response.content.decode())
    assert in_database(shop) == ["Accueil"]


def test_a_nul_in_the_name_is_no_error_of_ours(client: Client, shop: Organisation) -> None:
    assert client.post(address("create", shop), {"name": "a\0b", "kind": "live"}).status_code == 422


def test_another_organisation_may_use_the_same_name(client: Client, shop: Organisation) -> None:
    channel(organisation(), "Accueil")
    assert client.post(address("create", shop), {"name": "Accueil", "kind": "live"}).status_code == 302


def test_a_deleted_channel_s_name_is_free_again(client: Client, shop: Organisation) -> None:
    gone = channel(shop, "Accueil")
    client.post(address("delete", shop, gone.public_id), {"name": "Accueil"})
    assert client.post(address("create", shop), {"name": "accueil", "kind": "live"}).status_code == 302


def test_another_broken_constraint_is_not_taken_for_a_taken_name(shop: Organisation, alice: User) -> None:
    taken = channel(shop, "Accueil")
    with tenant_scope(shop.pk):
        twin = Channel(name="Autre", public_id=taken.public_id)
        with pytest.raises(IntegrityError):
            services._save(twin)


def test_htmx_gets_the_form_as_a_dialog_its_refusal_as_422_and_then_leaves(
    client: Client, shop: Organisation
) -> None:
    url = address("create", shop)
    htmx = {"HX-Request": "true"}
    dialog = client.get(url, headers=htmx).content.decode()
    assert "dialog-title" in dialog
    assert "<html" not in dialog
    refused = client.post(url, {"name": "", "kind": "live"}, headers=htmx)
    assert refused.status_code == 422
    assert "dialog-title" in refused.content.decode()
    done = client.post(url, {"name": "Ventes", "kind": "live"}, headers=htmx)
    assert done.status_code == 200
    assert done.headers["HX-Redirect"].endswith("/css-js/")


# --- renaming ---


def test_a_new_name_is_published_and_recorded(client: Client, shop: Organisation, alice: User) -> None:
    sales = channel(shop, "Ventes")
    release(sales)
    assert client.post(address("rename", shop, sales.public_id), {"name": "Ventes Québec"}).status_code == 302
    with tenant_scope(shop.pk):
        assert Release.objects.filter(channel=sales).latest("number").channel_facts["name"] == "Ventes Québec"
    assert in_database(shop) == ["Ventes Québec"]
    assert sentences(shop) == [f"{alice} a renommé le canal «\xa0Ventes\xa0» en «\xa0Ventes Québec\xa0»"]


def test_the_same_name_changes_and_records_nothing(client: Client, shop: Organisation) -> None:
    sales = channel(shop, "Ventes")
    assert client.post(address("rename", shop, sales.public_id), {"name": "Ventes"}).status_code == 302
    assert sentences(shop) == []
    with tenant_scope(shop.pk):
        assert not Release.objects.filter(channel=sales).exists()


def test_other_capitals_of_the_same_name_are_a_new_name(client: Client, shop: Organisation) -> None:
    sales = channel(shop, "ventes")
    assert client.post(address("rename", shop, sales.public_id), {"name": "Ventes"}).status_code == 302
    assert in_database(shop) == ["Ventes"]


def test_a_name_in_use_is_refused_with_a_sentence(client: Client, shop: Organisation) -> None:
    channel(shop, "Accueil")
    sales = channel(shop, "Ventes")
    response = client.post(address("rename", shop, sales.public_id), {"name": "accueil"})
    assert response.status_code == 422
    assert "Votre organisation a déjà un canal de ce nom." in response.content.decode()
    assert in_database(shop) == ["Accueil", "Ventes"]


def test_after_renaming_one_is_back_at_the_list_as_it_was_filtered(
    client: Client, shop: Organisation
) -> None:
    sales = channel(shop, "Ventes")
    url = address("rename", shop, sales.public_id)
    here = f"http://testserver{address('list', shop)}?q=v"
    done = client.post(url, {"name": "Vente"}, headers={"HX-Request": "true", "HX-Current-URL": here})
    assert done.headers["HX-Redirect"] == f"{address('list', shop)}?q=v"
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/o/1/"}
    assert client.post(url, {"name": "V"}, headers=elsewhere).headers["HX-Redirect"] == address("list", shop)


# --- duplicating ---


def test_a_duplicate_says_what_the_original_says_under_an_id_of_its_own(
    client: Client, shop: Organisation, alice: User
) -> None:
    sales = channel(shop, "Ventes", kind=Channel.Kind.LIVE, draft={"custom_css": ".a { color: red }"})
    page = client.get(address("duplicate", shop, sales.public_id)).content.decode()
    assert 'value="Ventes (copie)"' in page
    assert (
        client.post(address("duplicate", shop, sales.public_id), {"name": "Ventes (copie)"}).status_code
        == 302
    )
    with tenant_scope(shop.pk):
        copy = Channel.objects.get(name="Ventes (copie)")
        assert copy.kind == "live"
        assert copy.public_id != sales.public_id
        assert WebSettings.objects.get(channel=copy).custom_css == ".a { color: red }"
        assert (
            Release.objects.get(channel=copy).sections["channels_config"]["custom_css"] == ".a { color: red }"
        )
    assert sentences(shop) == [
        f"{alice} a dupliqué le canal «\xa0Ventes\xa0» sous le nom «\xa0Ventes (copie)\xa0»"
    ]


def test_the_name_offered_for_a_duplicate_is_free_and_fits(client: Client, shop: Organisation) -> None:
    long = channel(shop, "V" * 120)
    channel(shop, "V" * 112 + " (copie)")
    page = client.get(address("duplicate", shop, long.public_id)).content.decode()
    assert f'value="{"V" * 110} (copie 2)"' in page


# --- deleting ---


def test_a_channel_is_deleted_once_its_name_is_typed_back(
    client: Client, shop: Organisation, alice: User
) -> None:
    sales = channel(shop, "Ventes")
    release(sales)
    url = address("delete", shop, sales.public_id)
    assert client.post(url, {"name": "Ventes"}).headers["Location"] == address("list", shop)
    assert in_database(shop) == []
    with tenant_scope(shop.pk):
        last = Release.objects.filter(channel=sales).latest("number")
        assert last.removed
        assert Delivery.objects.get(channel=sales).wanted == last.number
    assert sentences(shop) == [f"{alice} a supprimé le canal «\xa0Ventes\xa0»"]
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("typed", "says"), [("", "Saisissez le nom du canal"), ("ventes", "Ce n’est pas le nom du canal.")]
)
def test_another_name_typed_back_deletes_nothing(
    client: Client, shop: Organisation, typed: str, says: str
) -> None:
    sales = channel(shop, "Ventes")
    response = client.post(address("delete", shop, sales.public_id), {"name": typed})
    assert response.status_code == 422
    assert says in response.content.decode()
    assert in_database(shop) == ["Ventes"]


# --- who may ---


PAGES = ["list", "palette", "open", "states", "create", "rename", "duplicate", "delete"]
CHANGES = ["create", "rename", "duplicate", "delete"]


def _of(page: str, shop: Organisation, of: Channel) -> str:
    return address(page, shop) if page in {"list", "palette", "create"} else address(page, shop, of.public_id)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_finds_nothing(client: Client, page: str, method: str) -> None:
    theirs = organisation(name="Ailleurs")
    secret = channel(theirs, "Secret")
    response = getattr(client, method)(_of(page, theirs, secret), {"name": "Secrète", "kind": "live"})
    assert response.status_code == 404
    # What was typed is handed back; what is theirs is not.
    assert "Secret" not in response.content.decode()
    assert in_database(theirs) == ["Secret"]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in {"list", "palette", "create"}])
def test_a_channel_of_another_organisation_is_not_reached_through_one_s_own(
    client: Client, shop: Organisation, page: str
) -> None:
    secret = channel(organisation(name="Ailleurs"), "Secret")
    assert client.get(address(page, shop, secret.public_id)).status_code == 404
    assert client.post(address(page, shop, secret.public_id), {"name": "Secret"}).status_code == 404


@pytest.mark.parametrize("page", CHANGES)
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.EDITOR])
def test_a_reader_sees_the_list_and_changes_nothing(
    client: Client, shop: Organisation, page: str, role: Role
) -> None:
    sales = channel(shop, "Ventes")
    client.force_login(member(shop, role))
    listed = client.get(address("list", shop))
    assert names(listed) == ["Ventes"]
    assert address("rename", shop, sales.public_id) not in listed.content.decode()
    assert client.get(_of(page, shop, sales)).status_code == 403
    assert client.post(_of(page, shop, sales), {"name": "Ventes", "kind": "live"}).status_code == 403
    assert in_database(shop) == ["Ventes"]


@pytest.mark.parametrize("page", PAGES)
def test_signed_out_one_is_sent_to_sign_in(client: Client, shop: Organisation, page: str) -> None:
    sales = channel(shop, "Ventes")
    client.logout()
    response = client.get(_of(page, shop, sales))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in/")


# --- the home of an organisation ---


def test_the_home_counts_the_channels_and_shows_what_needs_a_look_first(
    client: Client, shop: Organisation
) -> None:
    for name in ("Accueil", "Ventes"):
        release(channel(shop, name))
    with tenant_scope(shop.pk):
        Delivery.objects.update(confirmed=1, visible_in_ms=300)
        Delivery.objects.filter(channel__name="Ventes").update(confirmed=0, last_error="unreachable")
    page = client.get(reverse("organisation", args=[shop.number]))
    assert names(page) == ["Ventes", "Accueil"]
    assert "1 non livré" in page.content.decode()
    # Whoever is new finds what to do next: the look, the test page, the snippet, live.
    assert "Premiers pas" in page.content.decode()
    assert page.content.decode().count("/init/") == 4


def test_the_home_takes_as_many_queries_for_three_channels_as_for_one(
    client: Client, shop: Organisation, django_assert_max_num_queries: Any
) -> None:
    url = reverse("organisation", args=[shop.number])
    release(channel(shop, "Un"))
    with django_assert_max_num_queries(100) as for_one:
        client.get(url)
    for name in ("Deux", "Trois"):
        release(channel(shop, name))
    with django_assert_max_num_queries(len(for_one.captured_queries)):
        client.get(url)
