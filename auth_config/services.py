"""Acts beyond saving the page: signing everybody out, and one customer's data."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas.registry import erase_customer
from areas.saving import save_draft
from audit.sentences import register
from audit.services import record
from auth_config import rules
from auth_config.area import AREA
from auth_config.section import MODE_LABELS
from channels_config.models import Channel
from kit import keepalive
from tenants.models import Organisation

_ENVIRONMENTS = {"test": _("the test environment"), "live": _("the live environment")}

register(
    "auth.secret_set",
    _("%(actor)s set a new secret for “%(group)s” of the channel “%(channel)s”"),
    group=lambda mode: MODE_LABELS[mode],
)
register("auth.signed_out", _("%(actor)s signed every customer of the channel “%(channel)s” out"))
register(
    "customer.exported",
    _(
        "%(actor)s exported the data of one customer (%(customer)s) of the channel “%(channel)s” from %(environment)s"
    ),
    environment=lambda name: _ENVIRONMENTS[name],
)
register(
    "customer.erased",
    _(
        "%(actor)s erased the data of one customer (%(customer)s) of the channel “%(channel)s” in %(environment)s"
    ),
    environment=lambda name: _ENVIRONMENTS[name],
)

#: A customer's whole history may take a while to gather.
_ANSWER_SECONDS = 30.0


class EnvironmentAway(Exception):
    """The environment did not do what it was asked; `code` is "unreachable", "not_found" or its own word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def sign_everybody_out(channel: Channel, *, by: User) -> Any:
    """Every session of the channel ends as soon as the release is there; returns the Release."""

    def apply() -> None:
        section = AREA.dump(channel)
        AREA.load(channel, {**section, "epoch": section["epoch"] + 1})

    release = save_draft(channel, AREA, apply, seen=None, by=by)
    record("auth.signed_out", by=by, subject=channel.public_id, channel=channel.name)
    return release


def mark_of(customer: str) -> str:
    """How the audit names a customer: recognisable to who knows the id, and no id."""
    return hashlib.sha256(customer.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True)
class Answered:
    """What the environment says: everything it has of the customer (`body`, JSON), or how many conversations it erased.

    `silent` names regions that did not answer, and have to be asked again.
    """

    body: bytes
    erased: int = 0
    silent: tuple[str, ...] = ()


def customer_data(
    channel: Channel, organisation: Organisation, *, environment: str, customer: str, act: rules.Act, by: User
) -> Answered:
    """Export or erase what an environment has of a customer, in every region of it: each keeps conversations of its own.

    Recorded before it is asked for; what fails is not recorded. An export is whole, or there is none; of regions that do not
    answer the others erase all the same. Raises EnvironmentAway.
    """
    place = next(one for one in settings.ENVIRONMENTS if one["name"] == environment)
    addresses = {one["name"]: one["push_url"] for one in place.get("regions") or [{**place, "name": ""}]}
    record(
        "customer.exported" if act == "export" else "customer.erased",
        by=by,
        subject=channel.public_id,
        channel=channel.name,
        customer=mark_of(customer),
        environment=environment,
    )
    request = rules.CustomerRequest(environment, organisation.number, channel.public_id, customer, act)
    found: dict[str, bytes] = {}
    silent = list[str]()
    for region, push_url in addresses.items():
        try:
            body = _asked(push_url, request)
        except EnvironmentAway:
            if act == "export" or len(addresses) == 1:
                raise
            silent.append(region)
        else:
            if body is not None:
                found[region] = body
    if not found:
        raise EnvironmentAway("unreachable" if silent else "not_found")
    if act == "erase":
        erase_customer(channel, customer, environment=environment)
        erased = sum(json.loads(body)["conversations"] for body in found.values())
        return Answered(b"", erased, tuple(silent))
    if len(addresses) == 1:
        return Answered(found[next(iter(found))])
    regions = {region: json.loads(body) for region, body in found.items()}
    return Answered(json.dumps({"regions": regions}, ensure_ascii=False).encode())


def _asked(push_url: str, request: rules.CustomerRequest) -> bytes | None:
    """One place's answer; None where nobody knows the customer. Raises EnvironmentAway."""
    signed = rules.sign_request(settings.PUBLISHING_SIGNING_KEY, request, now=time.time())
    try:
        answer = keepalive.request(
            "POST",
            f"{push_url.rstrip('/')}/_push/v1/customers",
            body=signed.encode(),
            headers={"Content-Type": "application/jose"},
            answer_seconds=_ANSWER_SECONDS,
        )
    except keepalive.Away as error:
        raise EnvironmentAway("unreachable") from error
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK:
        raise EnvironmentAway("refused")
    return answer.body
