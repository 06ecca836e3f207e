"""The language and the theme of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tenants.tests.factories import person

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db


def page(client: Client, **headers: str) -> str:
    return client.get(reverse("accounts:sign_in"), headers=headers).content.decode()


def choose(client: Client, what: str, value: str, **data: str) -> Response:
    return client.post(reverse(f"accounts:set_{what}"), {what: value, **data})


def test_the_console_is_french_first_whatever_the_browser_asks_for(client: Client) -> None:
    assert '<html lang="fr"' in page(client, accept_language="en-US,en;q=0.9")


def test_a_language_chosen_before_signing_in_holds_for_the_pages_before_and_after_it(client: Client) -> None:
    ana = person("ana@example.com", password="grand-duc-et-mesange")
    choose(client, "language", "en")
    assert '<html lang="en"' in page(client)
    client.post(reverse("accounts:sign_in"), {"email": "ana@example.com", "password": "grand-duc-et-mesange"})
    ana.refresh_from_db()
    assert ana.language == "en"
    assert client.get(reverse("accounts:password")).headers["Content-Language"] == "en"


def test_a_person_s_language_follows_them_to_another_browser(client: Client) -> None:
    ana = person()
    client.force_login(ana)
    choose(client, "language", "en")
    ana.refresh_from_db()
    assert ana.language == "en"
    other = Client()
    other.force_login(ana)
    assert other.get(reverse("accounts:password")).headers["Content-Language"] == "en"


def test_signed_in_the_person_s_own_language_beats_the_browser_s(client: Client) -> None:
    choose(client, "language", "en")
    client.force_login(person())
    assert client.get(reverse("accounts:password")).headers["Content-Language"] == "fr"


def test_after_signing_out_the_pages_keep_their_language_and_theme(client: Client) -> None:
    ana = person("ana@example.com", password="grand-duc-et-mesange", language="en", theme=User.Theme.DARK)
    client.post(reverse("accounts:sign_in"), {"email": ana.email, "password": "grand-duc-et-mesange"})
    client.post(reverse("accounts:sign_out"))
    assert '<html lang="en"' in page(client)
    assert 'data-bs-theme="dark"' in page(client)


def test_a_theme_is_kept_for_the_person_and_for_the_browser(client: Client) -> None:
    ana = person()
    client.force_login(ana)
    choose(client, "theme", "dark")
    ana.refresh_from_db()
    assert ana.theme == "dark"
    assert client.cookies["chatadmin_theme"].value == "dark"
    assert 'data-bs-theme="dark"' in client.get(reverse("accounts:password")).content.decode()


@pytest.mark.parametrize(
    ("what", "value"), [("language", "de"), ("language", "<script>"), ("theme", "pink"), ("theme", "")]
)
def test_what_there_is_not_changes_nothing(client: Client, what: str, value: str) -> None:
    ana = person()
    client.force_login(ana)
    response = choose(client, what, value)
    assert response.status_code == 302
    ana.refresh_from_db()
    assert (ana.language, ana.theme) == ("fr", "system")
    assert not {"chatadmin_language", "chatadmin_theme"} & set(client.cookies)


@pytest.mark.parametrize(
    ("cookie", "value"), [("chatadmin_language", "xx'\""), ("chatadmin_theme", '"><script>')]
)
def test_a_forged_cookie_is_no_choice(client: Client, cookie: str, value: str) -> None:
    client.cookies[cookie] = value
    content = page(client)
    assert '<html lang="fr"' in content
    assert "<script>" not in content.replace("<script type", "")


@pytest.mark.parametrize("what", ["language", "theme"])
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_one_is_led_back_to_pages_of_the_console_only(client: Client, what: str, target: str) -> None:
    value = {"language": "en", "theme": "dark"}[what]
    assert choose(client, what, value, next="/o/1009/").headers["Location"] == "/o/1009/"
    assert choose(client, what, value, next=target).headers["Location"] == "/"


@pytest.mark.parametrize("what", ["language", "theme"])
def test_a_choice_takes_a_post(client: Client, what: str) -> None:
    assert client.get(reverse(f"accounts:set_{what}")).status_code == 405


def test_pages_differ_by_cookie_for_every_cache_between(client: Client) -> None:
    assert "Cookie" in client.get(reverse("accounts:sign_in")).headers["Vary"]
