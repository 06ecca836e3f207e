"""How a customer is identified (contract 3.5): one class per mode, chosen by the channel.

A mode answers who the customer behind a token request is, and whether a socket may open without a token to say it there (the
older flow). A channel whose mode has no class here, or whose section this environment did not get, lets nobody in.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from auth_config import rules
from gateway import sessions, tokens
from gateway.published import Channel

_LONGEST_ID = 255
_LONGEST_CODE = 16 * 1024
#: Browsers keep no cookie longer (RFC 6265bis), so neither is a session without an end promised for longer.
LONGEST_COOKIE = 400 * 24 * 3600
#: An id of the widget's own making: nobody guesses it, so whoever shows a token for it was there.
_OWN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


class AuthorizationRefused(Exception):
    """The customer could not be identified; the sentence is for the webmaster. `later`: trying again may help."""

    def __init__(self, message: str, *, later: bool = False) -> None:
        super().__init__(message)
        self.later = later


@dataclass(frozen=True, slots=True)
class Identity:
    """A customer as the mode knows them. `fields` come from a mapping: they land in the customer and in each contact."""

    customer: str
    first_name: str = ""
    last_name: str = ""
    image: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """A token request as far as modes read it. `cookie` and `bearer` are what the browser remembered."""

    body: Mapping[str, Any]
    cookie: str = ""
    bearer: str = ""
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """Who it is, by which session (none in anonymous mode), and what the client is to remember of it."""

    identity: Identity
    session: sessions.Session | None = None
    #: The session's own secret, where the client needs it anew.
    secret: str = ""


class Mode(Protocol):
    """What an authentication mode answers."""

    name: str

    async def identify(self, channel: Channel, request: Request) -> Grant:
        """The customer behind a token request. Raises AuthorizationRefused."""

    def legacy(self, channel: Channel) -> bool:
        """Whether a socket may open without a token and be authorised by AuthorizeCustomer."""


class Anonymous:
    """The page names the customer; nobody vouches for it, and nothing is kept of it beside the conversation."""

    name = "anonymous"

    async def identify(self, channel: Channel, request: Request) -> Grant:
        identity = request.body.get("customerIdentity")
        if "thirdParty" in request.body or not isinstance(identity, Mapping):
            raise AuthorizationRefused(
                "This channel is anonymous: send customerIdentity.idOnExternalPlatform."
            )
        claimed = claimed_identity(identity)
        if await sessions.is_proven(channel, claimed.customer):
            # Somebody signed in under this id while the channel asked for it: a claim does not open their history.
            raise AuthorizationRefused("This customer id belongs to somebody who signed in.")
        return Grant(claimed)

    def legacy(self, channel: Channel) -> bool:
        return (
            channel.settings["features"]["securedSessions"] is False
            or channel.document["isUnsecuredConnectionAllowed"] is True
        )


class SecuredCookie:
    """The browser is recognised by a secret of ours: in a cookie no script reads, or else in the page's own storage."""

    name = "securedCookies"

    async def identify(self, channel: Channel, request: Request) -> Grant:
        if "thirdParty" in request.body:
            raise AuthorizationRefused("This channel recognises browsers by a cookie: send an empty object.")
        settings = section(channel)["cookie"]
        seconds = settings["lifetime_minutes"] * 60 or None
        for secret in (request.bearer, request.cookie):
            known = await sessions.open_session(channel, secret, mode=self.name) if secret else None
            if known is not None:
                if settings["sliding"]:
                    await sessions.prolong(known.id, seconds)
                return Grant(Identity(known.customer, known.first_name, known.last_name), known, secret)
        identity = Identity(sessions.new_customer_id())
        begun, secret = await sessions.begin(channel, identity, mode=self.name, seconds=seconds)
        return Grant(identity, begun, secret)

    def legacy(self, channel: Channel) -> bool:
        return False


class ThirdParty:
    """A provider the organisation named says who it is: a code is exchanged here, once."""

    name = "thirdParty"

    async def identify(self, channel: Channel, request: Request) -> Grant:
        from gateway import providers

        third = _third_party(request.body)
        if third.get("grant_type") == "refresh_token":
            session, secret = await _refreshed(channel, third, self.name)
            await providers.keep_alive(channel, session)
            return Grant(Identity(session.customer, session.first_name, session.last_name), session, secret)
        verifier = third.get("code_verifier")
        return await providers.sign_in(
            channel,
            _code(third),
            verifier=verifier if isinstance(verifier, str) and len(verifier) <= 256 else "",
            former=former_customer(channel, request.body),
        )

    def legacy(self, channel: Channel) -> bool:
        # AuthorizeCustomer carries the code (contract 3.4); without one it authorises nobody.
        return True


class SignedToken:
    """The site's own server signed who it is."""

    name = "jwt"

    async def identify(self, channel: Channel, request: Request) -> Grant:
        third = _third_party(request.body)
        if third.get("grant_type") == "refresh_token":
            session, secret = await _refreshed(channel, third, self.name)
            return Grant(Identity(session.customer, session.first_name, session.last_name), session, secret)
        code = _code(third)
        settings = section(channel)
        try:
            claims = rules.read_token(settings["jwt"], code, channel=channel.id, now=time.time())
        except rules.TokenRefused as refusal:
            raise AuthorizationRefused(str(refusal)) from None
        identity = identity_of(rules.person(settings["mapping"], claims), "token")
        ticket = rules.fingerprint(rules.ticket(claims, code), channel.id, str(claims.get("iss", "")))
        if not await sessions.use_ticket(ticket):
            raise AuthorizationRefused("This token was used before; make a new one for each page.")
        begun, secret = await sessions.begin(
            channel,
            identity,
            mode=self.name,
            seconds=settings["jwt"]["session_minutes"] * 60,
            former=former_customer(channel, request.body),
        )
        return Grant(identity, begun, secret)

    def legacy(self, channel: Channel) -> bool:
        return True


MODES: dict[str, Mode] = {
    mode.name: mode for mode in (Anonymous(), SecuredCookie(), ThirdParty(), SignedToken())
}


def section(channel: Channel) -> Mapping[str, Any]:
    """The private section; empty for a channel published before there was one."""
    found = channel.private.get("auth_config")
    return found if isinstance(found, Mapping) else {}


def epoch_of(channel: Channel) -> int:
    """Sessions begun in another are over."""
    return int(section(channel).get("epoch", 0))


def mode_name(channel: Channel) -> str:
    """As clients derive it (contract 3.3): the cookie wins, then a sign-in, else anonymous."""
    if channel.document["isSecuredCookieEnabled"]:
        return SecuredCookie.name
    if not channel.document["isAuthorizationEnabled"]:
        return Anonymous.name
    return SignedToken.name if section(channel).get("mode") == rules.JWT else ThirdParty.name


_SECTION_MODES = {
    Anonymous.name: rules.ANONYMOUS,
    SecuredCookie.name: rules.COOKIE,
    ThirdParty.name: rules.OAUTH,
    SignedToken.name: rules.JWT,
}


def mode_of(channel: Channel) -> Mode | None:
    """The channel's mode, if its public and its private part agree on it."""
    name = mode_name(channel)
    private = section(channel).get("mode", rules.ANONYMOUS)
    return MODES[name] if private == _SECTION_MODES[name] else None


def allows_legacy(channel: Channel) -> bool:
    """Whether a socket without a transaction token may go on to AuthorizeCustomer."""
    mode = mode_of(channel)
    return mode is not None and mode.legacy(channel)


async def token_holds(channel: Channel, token: tokens.Token) -> bool:
    """Whether a token is still good: made in the channel's present mode, its session not over. Raises psycopg.Error."""
    if token.mode != mode_name(channel) or mode_of(channel) is None:
        return False
    if token.mode == Anonymous.name:
        return not await sessions.is_proven(channel, token.customer)
    return token.session != "" and await sessions.is_alive(channel, token.session, token.customer)


def claimed_identity(identity: Mapping[str, Any]) -> Identity:
    """Read a `consumerIdentity` or `customerIdentity` object. Raises AuthorizationRefused."""
    customer = as_text(identity.get("idOnExternalPlatform"))
    if not isinstance(customer, str) or not customer.strip() or not storable(customer, _LONGEST_ID):
        raise AuthorizationRefused("idOnExternalPlatform is missing, or no text of 1 to 255 characters.")
    return Identity(
        customer,
        first_name=_name(identity.get("firstName")),
        last_name=_name(identity.get("lastName")),
        image=_image(identity.get("image")),
    )


def identity_of(person: rules.Person, source: str) -> Identity:
    """Whom a provider's answer or a token's claims speak of. Raises AuthorizationRefused."""
    if person.customer is None:
        raise AuthorizationRefused(f"The {source} holds no customer id where the channel's mapping looks.")
    return Identity(person.customer, person.first_name, person.last_name, fields=person.fields)


def former_customer(channel: Channel, body: Mapping[str, Any]) -> str:
    """The anonymous customer this browser was on the same channel, proved by the token it got then; "" when there is none."""
    text = body.get("anonymousToken")
    if text is None:
        return ""
    try:
        token = tokens.check("anonymous", text, brand=channel.brand, channel=channel.id)
    except tokens.TokenRefused:
        return ""
    return token.customer if _OWN_ID.fullmatch(token.customer) else ""


def as_text(value: object) -> object:
    """Whole numbers as text: pages keep their customers under numbers, and hand them on as they are."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def storable(text: str, longest: int) -> bool:
    """Whether PostgreSQL can keep it: no NUL, no half of a surrogate pair."""
    if len(text) > longest or "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def identify(channel: Channel, request: Request) -> Grant:
    """The customer behind a token request or an AuthorizeCustomer. Raises AuthorizationRefused."""
    mode = mode_of(channel)
    if mode is None:
        raise AuthorizationRefused("This channel asks for a sign-in this environment does not offer.")
    return await mode.identify(channel, request)


def answer_of(channel: Channel, grant: Grant, *, fallback: bool) -> dict[str, Any]:
    """The answer of `POST /oauth/token`."""
    identity, mode = grant.identity, mode_name(channel)
    facts = {"brand": channel.brand, "channel": channel.id, "customer": identity.customer, "mode": mode}
    session = grant.session.id if grant.session is not None else ""
    token, seconds = tokens.issue("transaction", **facts, session=session)  # type: ignore[arg-type]
    answer: dict[str, Any] = {
        "accessToken": token,
        "expiresIn": seconds,
        "customerIdentity": {
            "idOnExternalPlatform": identity.customer,
            "firstName": identity.first_name,
            "lastName": identity.last_name,
            "image": identity.image,
        },
    }
    if identity.fields:
        answer["contact"] = {
            "customFields": [{"ident": ident, "value": value} for ident, value in identity.fields.items()]
        }
    if mode == Anonymous.name and _OWN_ID.fullmatch(identity.customer):
        answer["anonymousToken"], _ = tokens.issue("anonymous", **facts)  # type: ignore[arg-type]
    if mode in {ThirdParty.name, SignedToken.name}:
        # Tokens of ours: the provider's never leave the environment.
        answer["thirdParty"] = {"access_token": token, "refresh_token": grant.secret, "expires_in": seconds}
    if mode == SecuredCookie.name and fallback:
        answer["identityToken"] = grant.secret
    return answer


def _third_party(body: Mapping[str, Any]) -> Mapping[str, Any]:
    third = body.get("thirdParty")
    if not isinstance(third, Mapping):
        raise AuthorizationRefused(
            "This channel asks for a sign-in: call setAuthorizationCode before init, with a new code for each page."
        )
    return third


def _code(third: Mapping[str, Any]) -> str:
    code = third.get("authorization_code")
    if not isinstance(code, str) or not code or not storable(code, _LONGEST_CODE):
        raise AuthorizationRefused("thirdParty.authorization_code is missing.")
    return code


async def _refreshed(channel: Channel, third: Mapping[str, Any], mode: str) -> tuple[sessions.Session, str]:
    given = third.get("refresh_token")
    known = await sessions.open_session(channel, given, mode=mode) if isinstance(given, str) else None
    if known is None:
        raise AuthorizationRefused("The session is over; sign in again.")
    return known, await sessions.renew_secret(known, str(given))


def _name(value: object) -> str:
    return value.strip() if isinstance(value, str) and storable(value, 255) else ""


def _image(value: object) -> str:
    return value if isinstance(value, str) and value.startswith("https://") and storable(value, 2000) else ""
