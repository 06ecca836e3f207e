"""Where a person lands: home, and the health of the process."""

from __future__ import annotations

from typing import cast

from django.db import connection
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from accounts.models import User
from channels_config.models import Channel
from channels_config.overview import overview
from tenants.access import TenantRequest, public, requires, signed_in
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import user_scope


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the process serves and its database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse({"status": "ok"})


#: Session key: the number of the organisation a person worked in last.
LAST_ORGANISATION = "last_organisation"


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """To the organisation a person worked in last, else to the one they joined first; `?choose` lists them all, for phones,
    whose top bar has no room for the switch."""
    user = cast(User, request.user)
    with user_scope(user.pk):
        memberships = list(
            Membership.objects.select_related("tenant").filter(user=user).order_by("created_at", "pk")
        )
    numbers = [one.tenant.number for one in memberships]
    last = request.session.get(LAST_ORGANISATION)
    if numbers and "choose" not in request.GET:
        return redirect("organisation", last if last in numbers else numbers[0])
    return render(request, "shell/choose_organisation.html", {"memberships": memberships})


@requires(Role.AUDITOR)
def organisation_home(request: TenantRequest, brand: int) -> HttpResponse:
    if request.session.get(LAST_ORGANISATION) != brand:
        request.session[LAST_ORGANISATION] = brand
    return render(
        request,
        "shell/organisation_home.html",
        {**overview(), "may_manage": request.membership.may(Role.ADMIN)},
    )


@requires(Role.AUDITOR)
def help_page(request: TenantRequest, brand: int) -> HttpResponse:
    """The way to the first conversation, the words of these pages, who may do what, and the keys."""
    channel = Channel.objects.order_by("created_at", "pk").first()
    return render(request, "shell/help.html", {"channel_to_start": channel})
