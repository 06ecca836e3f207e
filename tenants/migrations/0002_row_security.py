"""Organisations and memberships behind row security: one sees the tenant in force, and what one belongs to oneself."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import TENANT, USER, ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("tenants", "0001_initial")]

    operations: ClassVar[list[Operation]] = [
        ProtectTable(
            "tenants_membership",
            using=f"tenant_id = {TENANT} OR user_id = {USER}",
            check=f"tenant_id = {TENANT}",
        ),
        ProtectTable(
            "tenants_organisation",
            using=f"id = {TENANT} OR EXISTS (SELECT 1 FROM tenants_membership m "
            f"WHERE m.tenant_id = tenants_organisation.id AND m.user_id = {USER})",
            check=f"id = {TENANT}",
        ),
    ]
