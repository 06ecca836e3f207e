"""Two people's requests that wait for each other's rows: one begins anew, both come to an end, neither is a server error."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from channels_config.models import Channel
from channels_config.tests.factories import channel
from tenants.access import TenantRequest, requires
from tenants.roles import Role
from tenants.tests.factories import member, organisation

together = threading.Barrier(2)
begun: list[str] = []


@requires(Role.EDITOR)
def take_both(request: TenantRequest, brand: int, first: str, second: str) -> HttpResponse:
    begun.append(first)
    Channel.objects.select_for_update().get(name=first)
    if begun.count(first) == 1:
        together.wait(60)
    Channel.objects.select_for_update().get(name=second)
    Channel.objects.filter(name=second).update(name=second)
    [file] = request.FILES.getlist("file")
    return HttpResponse(file.read())


urlpatterns = [path("door/<int:brand>/<str:first>/<str:second>", take_both)]


@pytest.fixture
def answers() -> Iterator[dict[str, tuple[int, bytes]]]:
    begun.clear()
    yield {}
    begun.clear()


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
def test_of_two_requests_that_wait_for_each_other_one_begins_anew(
    answers: dict[str, tuple[int, bytes]],
) -> None:
    shop = organisation(1009, "Boutique")
    editor = member(shop, Role.EDITOR)
    for name in ("a", "b"):
        channel(shop, name)

    def ask(first: str, second: str) -> None:
        try:
            client = Client(raise_request_exception=False)
            client.force_login(editor)
            file = SimpleUploadedFile("a.txt", first.encode())
            response = client.post(f"/door/1009/{first}/{second}", {"file": file})
            answers[first] = (response.status_code, response.content)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A file that came along is read from its beginning the second time.
    assert answers == {"a": (200, b"a"), "b": (200, b"b")}
    assert len(begun) == 3
