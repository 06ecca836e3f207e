"""Marks on views that belong to no organisation: open to anybody, or to whoever is signed in.

A test walks the URLconf and fails on a view that has neither of these marks nor `tenants.access.requires`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from accounts.forms import SignInForm
from accounts.kept import keep

GuardedView = Callable[..., HttpResponse]


def signed_in(view: GuardedView) -> GuardedView:
    """Guard a view that belongs to a person, not to an organisation: signed out, one is sent to the sign-in page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return signed_out(request)
        return kept_private(view(request, *args, **kwargs))

    return mark(guarded, None, door="signed_in")


def signed_out(request: HttpRequest) -> HttpResponse:
    """The way to the sign-in page; what was typed into a form goes along."""
    carried = keep(request)
    if not carried:
        return redirect_to_login(request.get_full_path())
    context = {"form": SignInForm(), "next": request.get_full_path(), "kept": carried}
    return kept_private(render(request, "accounts/sign_in.html", context, status=401))


def public(view: GuardedView) -> GuardedView:
    """Say of a view that anybody may open it."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    return mark(opened, None, door="public")


def kept_private(response: HttpResponse) -> HttpResponse:
    """Keep a page out of caches, so that going back after signing out shows nothing; a view that says otherwise is obeyed."""
    if not response.has_header("Cache-Control"):
        add_never_cache_headers(response)
    return response


def mark(view: GuardedView, role: int | None, *, door: str) -> GuardedView:
    """Note on a view who may open it: `door` is "public", "signed_in" or "member", `required_role` that of a member."""
    view.required_role = role  # type: ignore[attr-defined]
    view.door = door  # type: ignore[attr-defined]
    return view
