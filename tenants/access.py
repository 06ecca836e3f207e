"""The door of every tenant page: finds the membership, opens the scope, and keeps everybody else out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from accounts.models import User
from tenants.models import Membership, Organisation
from tenants.roles import Role
from tenants.scope import entered_from_user_scope, user_scope

P = ParamSpec("P")


class TenantRequest(HttpRequest):
    """A request that came through `@requires`."""

    user: User
    organisation: Organisation
    membership: Membership
    htmx: Any


View = Callable[Concatenate[TenantRequest, P], HttpResponse]
GuardedView = Callable[..., HttpResponse]


def requires(role: Role) -> Callable[[View[P]], GuardedView]:
    """Guard a view whose URL begins with `brand` (Organisation.number).

    Signed out: to the sign-in page. No member: 404, as if nothing were there. A member below `role`: 403.
    The view runs, and its template is rendered, inside the organisation's scope; whatever it raises undoes all it wrote.
    """

    def guard(view: View[P]) -> GuardedView:
        @wraps(view)
        def guarded(request: HttpRequest, brand: int, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            with user_scope(cast(User, request.user).pk):
                membership = (
                    Membership.objects.select_related("tenant").filter(tenant__number=brand, user=request.user).first()
                )
                if membership is None:
                    raise Http404
                if not membership.may(role):
                    raise PermissionDenied
                tenant_request = cast(TenantRequest, request)
                tenant_request.membership = membership
                tenant_request.organisation = membership.tenant
                with entered_from_user_scope(membership.tenant_id):
                    response = cast(Callable[..., HttpResponse], view)(request, *args, **kwargs)
                    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                        response.render()
            return response

        guarded.required_role = role  # type: ignore[attr-defined]
        return guarded

    return guard


def signed_in(view: Callable[..., HttpResponse]) -> GuardedView:
    """Guard a view that belongs to a person, not to an organisation."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    guarded.required_role = None  # type: ignore[attr-defined]
    return guarded


def public(view: Callable[..., HttpResponse]) -> GuardedView:
    """Say of a view that anybody may open it."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    opened.required_role = None  # type: ignore[attr-defined]
    return opened
