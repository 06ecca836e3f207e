"""Error pages: real pages in the reader's language, shown even when nothing else works."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from chatadmin.errors import server_error
from kit.error_pages import ErrorPagesMiddleware

PAGES = ["400", "403", "403_csrf", "404", "405", "429", "500"]


def answered(response: HttpResponse, **headers: str) -> HttpResponse:
    request = RequestFactory().post("/o/1/", headers=headers)

    def view(request: HttpRequest) -> HttpResponse:
        return response

    return ErrorPagesMiddleware(view)(request)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_something_else_in_each_language_and_leads_on(name: str) -> None:
    pages = {}
    for language in ("fr", "en"):
        with translation.override(language):
            pages[language] = render_to_string(f"{name}.html")
        assert f'<html lang="{language}"' in pages[language]
        assert 'href="/"' in pages[language]
        assert f'<p class="error-code">{name[:3]}</p>' in pages[language]
    heading = [page.partition("<h1>")[2].partition("</h1>")[0] for page in pages.values()]
    assert heading[0] != heading[1]


def test_a_fault_is_told_without_asking_the_database() -> None:
    # No database mark: a query here would fail the test, as it would fail the page when the database is away.
    response = server_error(RequestFactory().get("/o/1009/"))
    assert response.status_code == 500
    assert "Une erreur s’est produite de notre côté" in response.content.decode()


def test_a_method_that_is_not_taken_gets_a_page() -> None:
    response = answered(HttpResponseNotAllowed(["GET"]), accept="text/html,*/*")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"
    assert "s’utilise autrement" in response.content.decode()


@pytest.mark.parametrize(
    ("response", "headers"),
    [
        (JsonResponse({"code": "slow_down"}, status=429), {"accept": "text/html"}),
        (HttpResponseNotAllowed(["GET"]), {"accept": "application/json"}),
        (HttpResponseNotAllowed(["GET"]), {"accept": "text/html", "hx-request": "true"}),
        (HttpResponse(), {"accept": "text/html"}),
    ],
)
def test_what_has_a_body_or_is_meant_for_a_script_stays_as_it_is(
    response: HttpResponse, headers: dict[str, str]
) -> None:
    before = response.content
    assert answered(response, **headers).content == before
