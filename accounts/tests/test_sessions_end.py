"""Sessions that have ended are forgotten by the daily task; those that go on are not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.tasks import clear_sessions


@pytest.mark.django_db(transaction=True)
def test_ended_sessions_go_and_others_stay() -> None:
    now = timezone.now()
    for key, age in (("ended", -timedelta(seconds=5)), ("goes-on", timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=now + age)
    clear_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["goes-on"]
