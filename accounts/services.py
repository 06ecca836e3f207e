"""Signing in and out, and one's own password."""

from __future__ import annotations

import secrets

import structlog
from django.conf import settings
from django.contrib import auth
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.client import address_of
from accounts.models import User
from accounts.throttle import ACCOUNT, ADDRESS, Keys, address_key, throttle

log = structlog.get_logger(__name__)

#: Seconds a browser stays known to an account that was signed in to from it.
_DEVICE_AGE = 180 * 24 * 3600
_DEVICE_SALT = "accounts.device"


class WrongPassword(Exception):
    """The account is unknown, not active, or has another password: which of them is nobody's business."""


class TooManyAttempts(Exception):
    """Nothing was tried; `wait` is the number of seconds until it would be."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"wait {wait} s")
        self.wait = wait


def sign_in(request: HttpRequest, *, email: str, password: str) -> User:
    """Begin a session under a new key. An unknown account takes the time of a known one.

    Raises TooManyAttempts, WrongPassword.
    """
    person = _person_keys(request, email)
    place = _place_keys(request)
    _take({**person, **place}, request)
    user = auth.authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        log.warning("sign-in refused", address=str(address_of(request)))
        raise WrongPassword
    throttle().forget(person)
    throttle().give_back(place)
    auth.login(request, user)
    log.info("signed in", user=user.pk, address=str(address_of(request)))
    return user


def sign_out(request: HttpRequest) -> None:
    """End the session and forget what it held."""
    if request.user.is_authenticated:
        log.info("signed out", user=request.user.pk, address=str(address_of(request)))
    auth.logout(request)


def change_password(request: HttpRequest, *, current: str, new: str, by: User) -> None:
    """Set a new password; this session goes on under a new key, every other one of the person ends.

    Raises TooManyAttempts, WrongPassword.
    """
    keys = {f"password:{by.pk}": ACCOUNT}
    _take(keys, request)
    if not by.check_password(current):
        log.warning("password change refused", user=by.pk, address=str(address_of(request)))
        raise WrongPassword
    throttle().forget(keys)
    by.set_password(new)
    by.save(update_fields=["password"])
    # Sessions carry a digest of the password's hash: the others no longer fit.
    auth.update_session_auth_hash(request, by)
    log.info("password changed", user=by.pk, address=str(address_of(request)))


def remember_device(response: HttpResponse, request: HttpRequest, user: User) -> None:
    """Let this browser's attempts be counted apart: a stranger's guessing must not lock the owner out."""
    device = _device(request, user.email) or secrets.token_urlsafe(16)
    response.set_cookie(
        device_cookie(),
        signing.dumps([_digest(user.email), device], salt=_DEVICE_SALT),
        max_age=_DEVICE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def device_cookie() -> str:
    return "__Host-chatadmin_device" if settings.SESSION_COOKIE_SECURE else "chatadmin_device"


def _take(keys: Keys, request: HttpRequest) -> None:
    wait = throttle().take(keys)
    if wait:
        log.warning("too many attempts", address=str(address_of(request)), wait=wait)
        raise TooManyAttempts(wait)


def _person_keys(request: HttpRequest, email: str) -> Keys:
    device = _device(request, email)
    return {f"device:{device}" if device else f"account:{_digest(email)}": ACCOUNT}


def _place_keys(request: HttpRequest) -> Keys:
    address = address_of(request)
    return {address_key(address): ADDRESS} if address else {}


def _device(request: HttpRequest, email: str) -> str:
    """The id under which this browser is known to the account; empty when it is not."""
    try:
        account, device = signing.loads(
            request.COOKIES.get(device_cookie(), ""), salt=_DEVICE_SALT, max_age=_DEVICE_AGE
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(device) if constant_time_compare(account, _digest(email)) else ""


def _digest(email: str) -> str:
    """An account's name in Redis and in cookies: addresses of people do not belong there."""
    return salted_hmac("accounts.attempts", email.strip().casefold(), algorithm="sha256").hexdigest()[:32]
