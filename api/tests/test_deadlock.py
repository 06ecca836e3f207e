"""Two requests that wait for each other's rows: one is done, the other is told to come again, and neither is a server error."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView
from api.tokens import create_token
from channels_config.models import Channel
from channels_config.tests.factories import channel
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

together = threading.Barrier(2)


class TakeBoth(ApiView):
    def get(self, request: Request, first: str, second: str) -> Response:
        Channel.objects.select_for_update().get(name=first)
        together.wait(60)
        Channel.objects.select_for_update().get(name=second)
        return Response({})


urlpatterns = [path("door/<str:first>/<str:second>", TakeBoth.as_view())]


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
def test_of_two_requests_that_wait_for_each_other_one_is_told_to_come_again() -> None:
    shop = organisation(1009, "Boutique")
    owner = member(shop, Role.OWNER)
    for name in ("a", "b"):
        channel(shop, name)
    with tenant_scope(shop.pk):
        # One each: that a token is used is written to its row.
        keys = [create_token(name=name, scopes=[], expires_at=None, by=owner).key for name in ("a", "b")]
    answers: list[Any] = []

    def ask(key: str, first: str, second: str) -> None:
        try:
            client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})
            answers.append(client.get(f"/door/{first}/{second}"))
        finally:
            connection.close()

    names = (("a", "b"), ("b", "a"))
    threads = [threading.Thread(target=ask, args=(key, *pair)) for key, pair in zip(keys, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done, again = sorted(answers, key=lambda one: int(one.status_code))
    assert (done.status_code, again.status_code) == (200, 503)
    assert again.json()["code"] == "busy"
    assert again.headers["Retry-After"] == "1"
