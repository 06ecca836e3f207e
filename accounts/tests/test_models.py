"""Accounts as the database keeps them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from tenants.tests.factories import person

pytestmark = pytest.mark.django_db


def test_one_address_in_any_case_is_one_account() -> None:
    assert person(" Ana@Example.com ").email == "ana@example.com"
    with pytest.raises(ValidationError) as refusal:
        person("ana@example.COM")
    assert refusal.value.messages == ["Un compte existe déjà avec cette adresse courriel."]


@pytest.mark.parametrize("email", ["ana@example.com", "ANA@example.com"])
def test_the_database_holds_that_by_itself(email: str) -> None:
    person("ana@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email=email, password="!")])


def test_without_a_name_a_person_is_called_by_their_address() -> None:
    assert str(person("ana@example.com")) == "ana@example.com"
    assert str(person("ben@example.com", name="Ben Roy")) == "Ben Roy"
