"""Organisations and memberships behind row security.

One reads and writes the tenant in force, and reads beside it what one belongs to oneself.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import TENANT, USER, ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("tenants", "0001_initial")]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("tenants_membership", read=f"user_id = {USER}"),
        ProtectTable(
            "tenants_organisation",
            using=f"id = {TENANT}",
            read="EXISTS (SELECT 1 FROM tenants_membership m "  # noqa: S608 - names of our own, no value
            f"WHERE m.tenant_id = tenants_organisation.id AND m.user_id = {USER})",
        ),
    ]
