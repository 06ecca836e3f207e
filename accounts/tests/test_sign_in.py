"""Signing in and out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.throttle import ACCOUNT, ADDRESS, throttle
from tenants.tests.factories import person

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db

PASSWORD = "grand-duc-et-mesange"
FAST = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def fast(settings: Settings) -> None:
    """For tests of what surrounds the password, not of how it is kept."""
    settings.PASSWORD_HASHERS = FAST


@pytest.fixture
def ana(fast: None) -> User:
    return person("Ana@Example.com", password=PASSWORD)


def post(
    client: Client, email: str, password: str, /, *, address: str = "192.0.2.7", **data: str
) -> Response:
    return client.post(
        reverse("accounts:sign_in"), {"email": email, "password": password, **data}, REMOTE_ADDR=address
    )


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("accounts:password")).status_code == 200


def test_the_right_password_signs_in_and_leads_home(client: Client, ana: User) -> None:
    response = post(client, "ana@example.com", PASSWORD)
    assert (response.status_code, response.headers["Location"]) == (302, reverse("home"))
    assert is_signed_in(client)


@pytest.mark.parametrize("email", ["ANA@EXAMPLE.COM", "  ana@example.com "])
def test_the_address_counts_in_any_case_and_with_spaces_around_it(
    client: Client, ana: User, email: str
) -> None:
    post(client, email, PASSWORD)
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ana@example.com", "another password"),
        ("ana@example.com", f" {PASSWORD}"),
        ("nobody@example.com", PASSWORD),
        ("ana@example.com", "\u202e" * 500),
    ],
)
def test_an_unknown_account_and_a_wrong_password_are_refused_in_the_same_words(
    client: Client, ana: User, email: str, password: str
) -> None:
    response = post(client, email, password)
    assert response.status_code == 422
    assert response.context["form"].non_field_errors() == [
        "Cette adresse courriel et ce mot de passe ne correspondent pas."
    ]
    assert not is_signed_in(client)


def test_an_account_that_was_closed_is_refused_in_the_same_words(client: Client, ana: User) -> None:
    ana.is_active = False
    ana.save()
    assert post(client, "ana@example.com", PASSWORD).status_code == 422
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("", PASSWORD, "email"),
        ("ana", PASSWORD, "email"),
        ("ana@example.com\x00", PASSWORD, "email"),
        ("ana@example.com", "", "password"),
        ("ana@example.com", "a\x00b", "password"),
        ("ana@example.com", "x" * 2000, "password"),
        ("a" * 300 + "@example.com", PASSWORD, "email"),
    ],
)
def test_input_that_cannot_be_right_gets_a_sentence_at_its_field(
    client: Client, ana: User, email: str, password: str, field: str
) -> None:
    response = post(client, email, password)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]


def test_the_password_is_never_sent_back(client: Client, ana: User) -> None:
    assert "not-this-one" not in post(client, "ana@example.com", "not-this-one").content.decode()


def test_an_unknown_account_takes_as_long_as_a_known_one(client: Client) -> None:
    person("ana@example.com", password=PASSWORD)

    def fastest(email: str) -> float:
        times = []
        for attempt in range(2):
            begun = time.perf_counter()
            assert post(client, email, "wrong", address=f"192.0.2.{attempt}").status_code == 422
            times.append(time.perf_counter() - begun)
        return min(times)

    known, unknown = fastest("ana@example.com"), fastest("nobody@example.com")
    assert 0.5 < unknown / known < 2


def test_signing_in_begins_a_session_under_a_new_key(client: Client, ana: User) -> None:
    client.post(reverse("accounts:set_language"), {"language": "en"})
    before = client.session.session_key
    post(client, "ana@example.com", PASSWORD)
    assert client.session.session_key not in {before, None}
    assert not Session.objects.filter(session_key=before).exists()


def test_a_session_key_planted_in_the_browser_is_never_used(client: Client, ana: User) -> None:
    client.cookies["chatadmin_session"] = "plantedplantedplantedplantedplan"
    post(client, "ana@example.com", PASSWORD)
    assert client.session.session_key != "plantedplantedplantedplantedplan"


def test_signing_out_ends_the_session_everywhere_it_was_copied_to(client: Client, ana: User) -> None:
    post(client, "ana@example.com", PASSWORD)
    copy = Client()
    copy.cookies["chatadmin_session"] = client.cookies["chatadmin_session"].value
    assert is_signed_in(copy)
    response = client.post(reverse("accounts:sign_out"))
    assert response.headers["Location"] == reverse("accounts:sign_in")
    assert not is_signed_in(client)
    assert not is_signed_in(copy)
    assert Session.objects.count() == 0


def test_signing_out_takes_a_post(client: Client, ana: User) -> None:
    post(client, "ana@example.com", PASSWORD)
    assert client.get(reverse("accounts:sign_out")).status_code == 405
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "page", ["accounts:sign_in", "accounts:sign_out", "accounts:set_language", "accounts:set_theme"]
)
def test_a_form_of_another_site_changes_nothing(ana: User, page: str) -> None:
    client = Client(enforce_csrf_checks=True)
    assert post(client, "ana@example.com", PASSWORD).status_code == 403
    assert client.post(reverse(page), {"language": "en", "theme": "dark"}).status_code == 403


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/o/1009/acd/digital/chat/?q=é", "/o/1009/acd/digital/chat/?q=%C3%A9"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://testserver.evil.example/", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_is_led_nowhere_but_into_the_console(
    client: Client, ana: User, target: str, leads_to: str
) -> None:
    assert post(client, "ana@example.com", PASSWORD, next=target).headers["Location"] == leads_to


def test_a_refused_sign_in_keeps_where_one_was_going(client: Client, ana: User) -> None:
    response = post(client, "ana@example.com", "wrong", next="/o/1009/")
    assert response.context["next"] == "/o/1009/"


def test_who_is_signed_in_does_not_see_the_sign_in_page(client: Client, ana: User) -> None:
    client.force_login(ana)
    response = client.get(reverse("accounts:sign_in"), {"next": "/o/1009/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/o/1009/")


def test_the_sign_in_page_is_never_kept_by_a_cache(client: Client) -> None:
    assert "no-store" in client.get(reverse("accounts:sign_in")).headers["Cache-Control"]


# -- Throttling -------------------------------------------------------------------------------------------------------


def test_too_many_attempts_at_one_account_have_to_wait_wherever_they_come_from(
    client: Client, ana: User
) -> None:
    for number in range(ACCOUNT.free):
        assert post(Client(), "ana@example.com", "wrong", address=f"198.51.100.{number}").status_code == 422
    response = post(client, "ANA@example.com", PASSWORD, address="203.0.113.1")
    assert response.status_code == 429
    assert response.context["throttled_for"] == int(response.headers["Retry-After"]) == ACCOUNT.first_wait
    assert response.context["throttled"] == (
        "Trop de tentatives. Rien n’a été vérifié cette fois ; réessayez dans 30 secondes."
    )
    assert "30 secondes" in response.content.decode()
    assert not is_signed_in(client)


def test_an_account_that_does_not_exist_is_throttled_just_the_same(client: Client, ana: User) -> None:
    statuses = [post(client, "nobody@example.com", "wrong").status_code for _ in range(ACCOUNT.free + 1)]
    assert statuses == [422] * ACCOUNT.free + [429]


def test_too_many_attempts_from_one_address_have_to_wait_whatever_the_account(
    client: Client, ana: User
) -> None:
    for number in range(ADDRESS.free):
        assert post(client, f"somebody{number}@example.com", "wrong").status_code == 422
    assert post(client, "ana@example.com", PASSWORD).status_code == 429
    assert post(client, "ana@example.com", PASSWORD, address="203.0.113.1").status_code == 302


def test_a_forged_forwarded_header_does_not_change_the_address(client: Client, ana: User) -> None:
    def forged(number: int) -> int:
        return client.post(
            reverse("accounts:sign_in"),
            {"email": f"somebody{number}@example.com", "password": "wrong"},
            REMOTE_ADDR="192.0.2.7",
            HTTP_X_FORWARDED_FOR=f"203.0.113.{number}",
        ).status_code

    assert [forged(number) for number in range(ADDRESS.free + 1)] == [422] * ADDRESS.free + [429]


def test_behind_a_proxy_of_ours_the_client_counts_and_not_the_proxy(
    client: Client, ana: User, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    def through_proxy(number: int) -> int:
        return client.post(
            reverse("accounts:sign_in"),
            {"email": f"somebody{number}@example.com", "password": "wrong"},
            REMOTE_ADDR="10.1.2.3",
            HTTP_X_FORWARDED_FOR=f"203.0.113.{number}",
        ).status_code

    assert [through_proxy(number) for number in range(ADDRESS.free + 1)] == [422] * (ADDRESS.free + 1)


def test_a_good_sign_in_wipes_the_account_s_slate(client: Client, ana: User) -> None:
    for _ in range(3):
        for _ in range(ACCOUNT.free - 1):
            assert post(client, "ana@example.com", "wrong").status_code == 422
        assert post(client, "ana@example.com", PASSWORD).status_code == 302


def test_a_stranger_s_guessing_does_not_lock_out_the_browser_the_owner_uses(
    client: Client, ana: User
) -> None:
    post(client, "ana@example.com", PASSWORD)
    client.post(reverse("accounts:sign_out"))
    stranger = Client()
    for _ in range(ACCOUNT.free + 1):
        post(stranger, "ana@example.com", "wrong", address="203.0.113.1")
    assert post(stranger, "ana@example.com", PASSWORD, address="203.0.113.1").status_code == 429
    assert post(client, "ana@example.com", PASSWORD).status_code == 302


def test_a_known_browser_has_to_wait_like_any_other(client: Client, ana: User) -> None:
    post(client, "ana@example.com", PASSWORD)
    client.post(reverse("accounts:sign_out"))
    statuses = [post(client, "ana@example.com", "wrong").status_code for _ in range(ACCOUNT.free + 1)]
    assert statuses == [422] * ACCOUNT.free + [429]


def test_a_browser_is_known_to_the_account_it_signed_in_to_and_to_no_other(client: Client, ana: User) -> None:
    person("ben@example.com", password=PASSWORD)
    post(client, "ben@example.com", PASSWORD)
    client.post(reverse("accounts:sign_out"))
    for number in range(ACCOUNT.free):
        post(Client(), "ana@example.com", "wrong", address=f"198.51.100.{number}")
    assert post(client, "ana@example.com", PASSWORD, address="203.0.113.9").status_code == 429


@pytest.mark.parametrize("value", ["", "forged", "eyJhIjoxfQ:1abcde:forged", "a" * 4000])
def test_a_forged_device_cookie_is_no_cookie(client: Client, ana: User, value: str) -> None:
    client.cookies["chatadmin_device"] = value
    assert post(client, "ana@example.com", PASSWORD).status_code == 302


def test_without_redis_one_can_sign_in_and_guessing_is_still_slow(
    client: Client, ana: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    throttle.cache_clear()
    assert post(client, "ana@example.com", PASSWORD).status_code == 302
    statuses = [post(Client(), "ana@example.com", "wrong").status_code for _ in range(ACCOUNT.free + 1)]
    assert statuses == [422] * ACCOUNT.free + [429]
    assert "counted in this process only" in caplog.text


def test_neither_the_address_typed_nor_the_password_is_written_to_the_log(
    client: Client, ana: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    post(client, "secret-typed-into-the-wrong-box@example.com", "hunter2-hunter2")
    post(client, "ana@example.com", PASSWORD)
    assert "sign-in refused" in caplog.text
    assert "signed in" in caplog.text
    for secret in ("secret-typed", "hunter2", PASSWORD, "ana@example.com"):
        assert secret not in caplog.text
