"""What is wrong, in one form: `{"code", "message", "fields"}`, for machines, for people, and by place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected
from rest_framework import exceptions
from rest_framework.response import Response

from areas.contract import Problem as SectionProblem
from tenants.scope import in_scope


class Refusal(Exception):
    """An answer other than success. `fields` maps a place of the request to its sentences."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str | Promise,
        fields: Mapping[str, list[str | Promise]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.headers = headers or {}


def invalid(fields: Mapping[str, list[str | Promise]]) -> Refusal:
    return Refusal(400, "invalid", _("The request says something that cannot be saved; see fields."), fields)


def not_publishable(problems: Iterable[SectionProblem]) -> Refusal:
    return invalid(_by_place(problems))


def warnings_unseen(problems: Iterable[SectionProblem]) -> Refusal:
    sentence = _("The checks warn of something; read it, and send warnings_seen to go on all the same.")
    return Refusal(409, "warnings_unseen", sentence, _by_place(problems))


def _by_place(problems: Iterable[SectionProblem]) -> dict[str, list[str | Promise]]:
    fields: dict[str, list[str | Promise]] = {}
    for one in problems:
        fields.setdefault(".".join(part for part in (one.area, one.path) if part), []).append(one.message)
    return fields


_OF_STATUS: dict[int, tuple[str, str | Promise]] = {
    400: ("malformed", _("The request cannot be read.")),
    401: ("not_authenticated", _("Send a valid token: Authorization: Bearer cha_…")),
    403: ("forbidden", _("The token does not allow this.")),
    404: ("not_found", _("There is nothing here.")),
    405: ("method_not_allowed", _("This address does not take that method.")),
    406: ("not_acceptable", _("The API answers in JSON.")),
    411: ("length_required", _("Send the body with its length (Content-Length), not in pieces (chunked).")),
    413: ("too_large", _("The request is too large.")),
    503: ("busy", _("Another request changed the same things at the same moment; send this one again.")),
    415: ("unsupported_media_type", _("Send JSON: Content-Type: application/json")),
}


def of_status(status: int) -> Refusal:
    code, message = _OF_STATUS[status]
    headers = {401: {"WWW-Authenticate": 'Bearer realm="chatadmin"'}, 503: {"Retry-After": "1"}}.get(
        status, {}
    )
    return Refusal(status, code, message, headers=headers)


def answer(refusal: Refusal) -> Response:
    body = {
        "code": refusal.code,
        "message": str(refusal.message),
        "fields": {path: [str(one) for one in said] for path, said in refusal.fields.items()},
    }
    return Response(body, status=refusal.status, headers=dict(refusal.headers))


def handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: everything that is refused undoes what was written, and is said in the one form."""
    if in_scope():
        transaction.set_rollback(True)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, OperationalError) and isinstance(error.__cause__, DeadlockDetected):
        # Two requests waited for each other's rows, and PostgreSQL undid all of this one.
        error = of_status(503)
    if isinstance(error, exceptions.APIException):
        code, message = _OF_STATUS.get(error.status_code, ("refused", _("The request was refused.")))
        if isinstance(error, exceptions.ParseError) and str(error.detail) != str(error.default_detail):
            message = str(error.detail)
        error = Refusal(error.status_code, code, message)
    return answer(error) if isinstance(error, Refusal) else None
