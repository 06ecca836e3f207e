"""Changing one's own password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.throttle import ACCOUNT
from tenants.tests.factories import person

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db

OLD = "grand-duc-et-mesange"
NEW = "sittelle-et-roitelet"


@pytest.fixture
def ana(settings: Settings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return person("ana@example.com", password=OLD)


@pytest.fixture
def here(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def change(client: Client, current: str, new: str) -> Response:
    return client.post(reverse("accounts:password"), {"current": current, "new": new})


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("accounts:password")).status_code == 200


def test_a_new_password_keeps_this_session_under_a_new_key_and_ends_the_others(
    ana: User, here: Client
) -> None:
    elsewhere = Client()
    elsewhere.force_login(ana)
    before = here.session.session_key
    assert change(here, OLD, NEW).status_code == 302
    ana.refresh_from_db()
    assert ana.check_password(NEW)
    assert is_signed_in(here)
    assert here.session.session_key != before
    assert not is_signed_in(elsewhere)


def test_the_current_password_must_be_right(ana: User, here: Client) -> None:
    response = change(here, "wrong", NEW)
    assert response.status_code == 422
    assert response.context["form"].errors == {"current": ["Ce n’est pas votre mot de passe actuel."]}
    ana.refresh_from_db()
    assert ana.check_password(OLD)


def test_whoever_found_an_open_session_cannot_guess_the_password_at_leisure(here: Client) -> None:
    statuses = [change(here, "wrong", NEW).status_code for _ in range(ACCOUNT.free + 1)]
    assert statuses == [422] * ACCOUNT.free + [429]
    assert change(here, OLD, NEW).status_code == 429


@pytest.mark.parametrize(
    "weak", ["", "short", "password1234", "ana@example.com", "nul\x00nul\x00nul\x00", "x" * 1025]
)
def test_a_weak_password_gets_a_sentence_at_its_field(ana: User, here: Client, weak: str) -> None:
    response = change(here, OLD, weak)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["new"]
    ana.refresh_from_db()
    assert ana.check_password(OLD)


def test_signed_out_one_is_sent_to_the_sign_in_page(client: Client) -> None:
    response = client.get(reverse("accounts:password"))
    assert (
        response.headers["Location"] == f"{reverse('accounts:sign_in')}?next={reverse('accounts:password')}"
    )
