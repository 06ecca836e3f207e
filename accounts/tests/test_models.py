"""Accounts as the database keeps them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from tenants.tests.factories import person

pytestmark = pytest.mark.django_db


def test_one_address_in_any_case_is_one_account() -> None:
    person("Ana@Example.com")
    with pytest.raises(ValidationError) as refusal:
        person("ana@example.COM")
    assert "Un compte existe déjà avec cette adresse courriel." in refusal.value.messages
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="ANA@example.com", password="!")])


def test_looking_up_an_address_uses_the_unique_index() -> None:
    person("Ana@Example.com")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    lookup = User.objects.by_email("ana@example.com")
    assert lookup.get().email == "Ana@Example.com"
    assert "accounts_user_email" in lookup.explain()


def test_without_a_name_a_person_is_called_by_their_address() -> None:
    assert str(person("ana@example.com")) == "ana@example.com"
    assert str(person("ben@example.com", name="Ben Roy")) == "Ben Roy"
