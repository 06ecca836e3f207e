"""A page is called the same in the menu, in its heading, in the palette and in the help; and organisations can be changed."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from channels_config.tests.factories import channel
from guide.tests.factories import guide
from tenants.models import Organisation
from tenants.roles import Role
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(client: Client) -> Organisation:
    made = organisation(name="Boutique")
    client.force_login(member(made, Role.ADMIN, person("camille@example.com")))
    return made


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def links(html: str) -> list[tuple[str, str]]:
    """(address, words) of each link, as a person reads them."""
    return [(href, text(words)) for href, words in re.findall(r'<a[^>]* href="([^"]+)"[^>]*>(.*?)</a>', html)]


def between(page: str, begin: str, end: str) -> str:
    return page[page.index(begin) :].partition(end)[0]


def found(client: Client, shop: Organisation, words: str) -> list[tuple[str, str]]:
    answer = client.get(reverse("channels:palette", args=[shop.number]), {"q": words}).json()
    return [(row["url"], row["title"]) for row in answer["results"]]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_menu_heading_title_and_palette_have_one_name_for_a_page(
    client: Client, shop: Organisation, language: str
) -> None:
    client.cookies["language"] = language
    client.post(reverse("accounts:set_language"), {"language": language})
    home = client.get(reverse("organisation", args=[shop.number])).content.decode()
    menu = links(between(home, 'id="sidenav"', "</nav>"))
    assert len(menu) == 14
    assert ("Aide" if language == "fr" else "Help") in [label for _url, label in menu]
    for url, label in menu:
        page = client.get(url).content.decode()
        assert label == text(between(page, "<h1", "</h1>") + "</h1>"), url
        assert text(between(page, "<title>", "</title>")).startswith(label), url
        assert (url, label) in found(client, shop, label), url


@pytest.mark.parametrize("make", [channel, guide])
def test_each_tab_of_a_channel_is_the_last_crumb_the_title_and_a_row_of_the_palette(
    client: Client, shop: Organisation, make: type
) -> None:
    made = make(shop, "Ventes")
    opened = client.get(reverse("channels:open", args=[shop.number, made.public_id]), follow=True)
    tabs = links(between(opened.content.decode(), '<ul class="tabs">', "</ul>"))
    assert len(tabs) == (4 if make is guide else 9)
    for url, label in tabs:
        page = client.get(url).content.decode()
        crumbs = between(page, 'class="breadcrumb"', "</ol>")
        assert text(crumbs[crumbs.rindex("<li") :]) == label, url
        assert text(between(page, "<title>", "</title>")).startswith(f"{label} · Ventes"), url
        assert (url, label) in found(client, shop, f"{label} ventes"), url


def test_the_help_names_the_steps_the_words_and_the_role(client: Client, shop: Organisation) -> None:
    url = reverse("help", args=[shop.number])
    # Without a channel, the way begins with one.
    assert (reverse("channels:list", args=[shop.number]), "Créer un canal") in links(
        between(client.get(url).content.decode(), '<ol class="steps">', "</ol>")
    )
    sales = channel(shop, "Ventes & cie")
    page = client.get(url).content.decode()
    assert "« Ventes & cie »" in text(page)
    snippet = reverse("publishing:init", args=[shop.number, sales.public_id])
    assert (f"{snippet}?environment=live#snippet-title", "Collez l’extrait de code") in links(page)
    assert "Votre rôle : Administrateur" in text(page)
    for word in ("Canal", "Version", "Environnement de production", "Livraison", "Coupe-circuit"):
        assert f"<dt>{word}</dt>" in page
    assert found(client, shop, "premiers pas") == [(url, "Aide")]


def test_a_phone_changes_organisations_on_a_page_of_their_own(client: Client, shop: Organisation) -> None:
    other = organisation(name="Entrepôt")
    member(other, Role.AUDITOR, User.objects.get(email="camille@example.com"))
    home = client.get(reverse("organisation", args=[shop.number])).content.decode()
    choose = next(url for url, words in links(home) if words == "Changer d’organisation")
    page = client.get(choose)
    assert page.status_code == 200
    listed = [url for url, _words in links(page.content.decode())]
    assert {reverse("organisation", args=[one.number]) for one in (shop, other)} <= set(listed)
    # Without asking for it, one goes on where one was.
    assert client.get(reverse("home")).headers["Location"] == reverse("organisation", args=[shop.number])
