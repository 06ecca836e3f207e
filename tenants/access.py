"""The door of every tenant page: finds the membership, opens the scope, and keeps everybody else out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

import structlog
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from psycopg.errors import DeadlockDetected

from accounts.access import GuardedView, kept_private, mark, public, signed_in, signed_out
from accounts.models import User
from tenants.models import LARGEST_NUMBER, Membership, Organisation
from tenants.roles import Role
from tenants.scope import entered_from_user_scope, user_scope

__all__ = ["GuardedView", "TenantRequest", "public", "requires", "signed_in"]

log = structlog.get_logger(__name__)

P = ParamSpec("P")

#: How often a request is begun that stands in a deadlock.
_TRIES = 3


class TenantRequest(HttpRequest):
    """A request that came through `@requires`."""

    user: User
    organisation: Organisation
    membership: Membership
    htmx: Any


View = Callable[Concatenate[TenantRequest, P], HttpResponse]


def _rewind(request: HttpRequest) -> None:
    """Uploads are read from their beginning again."""
    for _name, files in request.FILES.lists():
        for one in files:
            one.seek(0)


def requires(role: Role) -> Callable[[View[P]], GuardedView]:
    """Guard a view whose URL begins with `brand` (Organisation.number).

    Signed out: to the sign-in page. No member: 404, as if nothing were there. A member below `role`: 403.
    The view runs, and its template is rendered, inside the organisation's scope; whatever it raises undoes all it wrote.
    One that PostgreSQL undid, because it and another waited for each other's rows, begins anew.
    """

    def guard(view: View[P]) -> GuardedView:
        @wraps(view)
        def guarded(request: HttpRequest, brand: int, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return signed_out(request)
            if brand > LARGEST_NUMBER:
                raise Http404
            left = _TRIES
            while True:
                left -= 1
                try:
                    return kept_private(within(request, brand, *args, **kwargs))
                except OperationalError as error:
                    if not left or not isinstance(error.__cause__, DeadlockDetected):
                        raise
                # Two requests waited for each other's rows, and PostgreSQL undid all of this one: it begins anew.
                log.warning("deadlock", path=request.path)
                _rewind(request)

        def within(request: HttpRequest, brand: int, *args: Any, **kwargs: Any) -> HttpResponse:
            user = cast(User, request.user)
            with user_scope(user.pk):
                membership = (
                    Membership.objects.select_related("tenant")
                    .filter(tenant__number=brand, user=user)
                    .first()
                )
                if membership is None:
                    raise Http404
                tenant_request = cast(TenantRequest, request)
                tenant_request.membership = membership
                tenant_request.organisation = membership.tenant
                if not membership.may(role):
                    raise PermissionDenied
                with entered_from_user_scope(membership.tenant_id):
                    response = cast(Callable[..., HttpResponse], view)(request, brand, *args, **kwargs)
                    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                        response.render()
            return response

        return mark(guarded, role, door="member")

    return guard
