"""How a customer is identified (contract 3.5): one class per mode, chosen by the channel.

A mode answers two questions: who is the customer behind this token request, and may the older flow, a socket without a
token, speak for itself. A channel whose mode has no class here lets nobody in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway import tokens
from gateway.published import Channel

_LONGEST_ID = 255


class AuthorizationRefused(Exception):
    """The customer could not be identified; the sentence is for the webmaster."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A customer as the mode knows them."""

    customer: str
    first_name: str = ""
    last_name: str = ""
    image: str = ""
    contact_fields: Mapping[str, str] = field(default_factory=dict)


class Mode(Protocol):
    """What an authentication mode answers."""

    name: str

    async def identify(self, channel: Channel, body: Mapping[str, Any]) -> Identity:
        """The customer behind a token request. Raises AuthorizationRefused."""

    def legacy(self, channel: Channel) -> bool:
        """Whether a socket may open without a token and name its customer itself."""


class Anonymous:
    """The page names the customer; nobody vouches for it."""

    name = "anonymous"

    async def identify(self, channel: Channel, body: Mapping[str, Any]) -> Identity:
        identity = body.get("customerIdentity")
        if "thirdParty" in body or not isinstance(identity, Mapping):
            raise AuthorizationRefused(
                "This channel is anonymous: send customerIdentity.idOnExternalPlatform."
            )
        return claimed_identity(identity)

    def legacy(self, channel: Channel) -> bool:
        return (
            channel.settings["features"]["securedSessions"] is False
            or channel.document["isUnsecuredConnectionAllowed"] is True
        )


MODES: dict[str, Mode] = {Anonymous.name: Anonymous()}


def mode_name(channel: Channel) -> str:
    """As clients derive it (contract 3.3): the cookie wins, then OAuth, else anonymous."""
    if channel.document["isSecuredCookieEnabled"]:
        return "securedCookies"
    return "thirdParty" if channel.document["isAuthorizationEnabled"] else Anonymous.name


def mode_of(channel: Channel) -> Mode | None:
    """The channel's mode, if this environment knows it."""
    return MODES.get(mode_name(channel))


def allows_legacy(channel: Channel) -> bool:
    """Whether a socket without a transaction token may go on to AuthorizeCustomer."""
    mode = mode_of(channel)
    return mode is not None and mode.legacy(channel)


def claimed_identity(identity: Mapping[str, Any]) -> Identity:
    """Read a `consumerIdentity` or `customerIdentity` object. Raises AuthorizationRefused."""
    customer = identity.get("idOnExternalPlatform")
    if not isinstance(customer, str) or not customer.strip() or not storable(customer, _LONGEST_ID):
        raise AuthorizationRefused("idOnExternalPlatform is missing, or no text of 1 to 255 characters.")
    return Identity(
        customer,
        first_name=_name(identity.get("firstName")),
        last_name=_name(identity.get("lastName")),
        image=_image(identity.get("image")),
    )


def storable(text: str, longest: int) -> bool:
    """Whether PostgreSQL can keep it: no NUL, no half of a surrogate pair."""
    if len(text) > longest or "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def token_answer(channel: Channel, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `POST /oauth/token`. Raises AuthorizationRefused."""
    mode = mode_of(channel)
    if mode is None:
        raise AuthorizationRefused("This channel asks for a sign-in this environment does not offer.")
    identity = await mode.identify(channel, body)
    token, seconds = tokens.issue(
        "transaction", brand=channel.brand, channel=channel.id, customer=identity.customer, mode=mode.name
    )
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
    if identity.contact_fields:
        answer["contact"] = {
            "customFields": [
                {"ident": ident, "value": value} for ident, value in identity.contact_fields.items()
            ]
        }
    return answer


def _name(value: object) -> str:
    return value.strip() if isinstance(value, str) and storable(value, 255) else ""


def _image(value: object) -> str:
    return value if isinstance(value, str) and value.startswith("https://") and storable(value, 2000) else ""
