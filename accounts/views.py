"""Signing in and out, the password, and the language and theme of the pages."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import kept, services
from accounts.access import public, signed_in
from accounts.forms import PasswordForm, SignInForm
from accounts.middleware import LANGUAGE_CHOSEN, remember_language, remember_theme
from accounts.models import User
from accounts.services import TooManyAttempts, WrongPassword


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        if request.user.is_authenticated:
            return HttpResponseRedirect(_next(request))
        return _sign_in_page(request, SignInForm(), status=200)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _sign_in_page(request, form, status=422)
    try:
        user = services.sign_in(request, **form.cleaned_data)
    except WrongPassword:
        form.add_error(None, _("This e-mail address and this password do not belong together."))
        return _sign_in_page(request, form, status=422)
    except TooManyAttempts as refusal:
        return _sign_in_page(request, form, status=429, wait=refusal.wait)
    chosen = request.session.pop(LANGUAGE_CHOSEN, None)
    if chosen in User.Language.values and chosen != user.language:
        user.language = chosen
        user.save(update_fields=["language"])
    held = kept.kept(request.POST.get("kept", ""))
    response = HttpResponseRedirect(_next(request)) if held is None else _kept_page(request, held, user)
    services.remember_device(response, request, user)
    remember_language(response, user.language)
    remember_theme(response, user.theme)
    return response


def _kept_page(request: HttpRequest, held: kept.Kept, user: User) -> HttpResponse:
    """What was typed before the session ended, to be saved now; in the language of whoever signed in by this very request."""
    context = {"kept": held, "readable": kept.readable(held.fields)}
    with override(user.language):
        return render(request, "accounts/kept.html", context)


def _sign_in_page(request: HttpRequest, form: SignInForm, *, status: int, wait: int = 0) -> HttpResponse:
    context = {"form": form, "next": _given_next(request), "kept": request.POST.get("kept", "")}
    context |= _throttled(wait)
    return _with_wait(render(request, "accounts/sign_in.html", context, status=status), wait)


@public
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    services.sign_out(request)
    return redirect("accounts:sign_in")


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("current", "new")
def password(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if request.method != "POST":
        return _password_page(request, PasswordForm(user), status=200)
    form = PasswordForm(user, request.POST)
    if not form.is_valid():
        return _password_page(request, form, status=422)
    try:
        services.change_password(request, **form.cleaned_data, by=user)
    except WrongPassword:
        form.add_error("current", _("This is not your current password."))
        return _password_page(request, form, status=422)
    except TooManyAttempts as refusal:
        return _password_page(request, form, status=429, wait=refusal.wait)
    messages.success(request, _("Your password is changed. Everywhere else you have been signed out."))
    return redirect("accounts:password")


def _password_page(request: HttpRequest, form: PasswordForm, *, status: int, wait: int = 0) -> HttpResponse:
    context = {"form": form, **_throttled(wait)}
    return _with_wait(render(request, "accounts/password.html", context, status=status), wait)


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """An unknown language changes nothing."""
    response = HttpResponseRedirect(_next(request))
    language = request.POST.get("language", "")
    if language in User.Language.values:
        if isinstance(request.user, User):
            request.user.language = language
            request.user.save(update_fields=["language"])
        else:
            # Chosen on the sign-in page, it is meant for what follows.
            request.session[LANGUAGE_CHOSEN] = language
        remember_language(response, language)
    return response


@public
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """An unknown theme changes nothing."""
    response = HttpResponseRedirect(_next(request))
    theme = request.POST.get("theme", "")
    if theme in User.Theme.values:
        if isinstance(request.user, User):
            request.user.theme = theme
            request.user.save(update_fields=["theme"])
        remember_theme(response, theme)
    return response


def _throttled(wait: int) -> dict[str, Any]:
    """For templates: the seconds to wait, and a sentence that says so; nothing when there is no wait."""
    if not wait:
        return {"throttled_for": 0, "throttled": ""}
    if wait < 90:
        for_how_long = ngettext("%(count)s second", "%(count)s seconds", wait) % {"count": wait}
    else:
        minutes = -(-wait // 60)
        for_how_long = ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    sentence = _("Too many attempts. Nothing was checked this time; try again in %(wait)s.") % {
        "wait": for_how_long
    }
    return {"throttled_for": wait, "throttled": sentence}


def _with_wait(response: HttpResponse, wait: int) -> HttpResponse:
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def _given_next(request: HttpRequest) -> str:
    """Where to go afterwards, as the request says; empty when it names no place of this console."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else ""


def _next(request: HttpRequest) -> str:
    return _given_next(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
