"""Addresses for the tests of the door, beside those of the console."""

from __future__ import annotations

from django.http import HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import include, path

from accounts.models import User
from channels_config.models import Channel
from tenants.access import TenantRequest, requires
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import current_tenant_id


@requires(Role.AUDITOR)
def look(request: TenantRequest, brand: int) -> HttpResponse:
    assert current_tenant_id() == request.organisation.pk
    return HttpResponse(f"{brand} {request.organisation.name} {request.membership.get_role_display()}")


@requires(Role.EDITOR)
def write(request: TenantRequest, brand: int, name: str) -> HttpResponse:
    Channel.objects.create(name=name)
    return HttpResponse(status=201)


@requires(Role.EDITOR)
def write_and_raise(request: TenantRequest, brand: int) -> HttpResponse:
    Channel.objects.create(name="Never was")
    raise ZeroDivisionError


@requires(Role.AUDITOR)
def lazy(request: TenantRequest, brand: int) -> HttpResponse:
    template = engines["django"].from_string("{% for one in channels %}{{ one.name }};{% endfor %}")
    return TemplateResponse(request, template, {"channels": Channel.objects.all()})


@requires(Role.AUDITOR)
def organisations(request: TenantRequest, brand: int) -> HttpResponse:
    mine = Membership.objects.filter(user=request.user).order_by("tenant__number")
    return HttpResponse(",".join(str(one.tenant.number) for one in mine.select_related("tenant")))


@requires(Role.OWNER)
def leave(request: TenantRequest, brand: int) -> HttpResponse:
    User.objects.filter(pk=request.user.pk).update(is_active=False)
    return HttpResponse()


urlpatterns = [
    path("door/<int:brand>/look", look),
    path("door/<int:brand>/write/<str:name>", write),
    path("door/<int:brand>/raise", write_and_raise),
    path("door/<int:brand>/lazy", lazy),
    path("door/<int:brand>/organisations", organisations),
    path("door/<int:brand>/leave", leave),
    path("", include("chatadmin.urls")),
]

handler403 = "chatadmin.errors.forbidden"
handler404 = "chatadmin.errors.not_found"
handler500 = "chatadmin.errors.server_error"
