"""Refuses to start the app as a database role to which row-level security does not apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections


@register(Tags.database)
def app_role_is_bound_by_row_security(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        name, is_super, bypasses = cursor.fetchone()
    if not (is_super or bypasses):
        return []
    return [
        Error(
            f"The database role “{name}” bypasses row-level security, so organisations would not be kept apart.",
            hint="Serve as a plain role: DATABASE_URL=postgresql://chatadmin_app:…@host/chatadmin. "
            "The owner role is for migrations only (DATABASE_OWNER_URL).",
            id="tenants.E001",
        )
    ]
