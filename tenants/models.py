"""Organisations (a tenant is what CXone calls a brand), who belongs to them, and the base of every tenant-owned row."""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import time_zones
from tenants.roles import Role
from tenants.scope import current_tenant_id

#: The largest brand number there can be: that of PostgreSQL's integer. URLs and commands take longer ones.
LARGEST_NUMBER = 2**31 - 1

M = TypeVar("M", bound=models.Model)


def known_time_zone(value: str) -> None:
    if value not in time_zones.names():
        raise ValidationError(
            _("“%(value)s” is not a time zone of the IANA database."), params={"value": value}
        )


class Organisation(models.Model):
    """A tenant. `number` is public: the brand id of snippets and of the wire contract, e.g. 1009."""

    number = models.PositiveIntegerField(_("brand number"), unique=True, validators=[MinValueValidator(1)])
    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="America/Toronto", validators=[known_time_zone]
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    tenant = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.PositiveSmallIntegerField(choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "user"], name="tenants_membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="tenants_membership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.tenant_id} as {self.role}"

    def may(self, role: Role) -> bool:
        return self.role >= role


class TenantManager(models.Manager[M]):
    """Rows of the tenant in force only; raises OutsideScope when there is none (the second wall, before PostgreSQL's)."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(tenant_id=current_tenant_id())


class TenantModel(models.Model):
    """A row that belongs to one organisation. Its migration protects the table with `tenants.rls.ProtectTable`."""

    tenant = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", editable=False)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not `self.tenant_id`: a row loaded without that column would be asked for it here, one query each.
        if self.__dict__.get("tenant_id", 0) is None:
            self.tenant_id = current_tenant_id()
