"""What the database says of its own walls: which tables are protected by row security, which references by a composite key."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models

from tenants.models import TenantModel

#: Tables that belong to no organisation, each with its reason. A new one is added here on purpose or not at all.
SHARED = {
    "accounts_user": "people may belong to several organisations",
    "django_session": "sessions belong to people",
    "django_migrations": "Django's own",
    "django_content_type": "Django's own",
    "auth_permission": "Django's own, unused",
    "auth_group": "Django's own, unused",
    "auth_group_permissions": "Django's own, unused",
}

CONDITION = "(tenant_id = (NULLIF(current_setting('chatadmin.tenant_id'::text, true), ''::text))::bigint)"


#: Django's or psycopg's.
Cursor = Any


def rows(cursor: Cursor, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    cursor.execute(query, list(parameters))
    return list(cursor.fetchall())


def tenant_models() -> list[type[TenantModel]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def unprotected_tables(cursor: Cursor) -> list[str]:
    """Tables that are neither shared on purpose nor behind enabled, forced row security with a policy."""
    found = rows(
        cursor,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT ("
        "  c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))"
        "ORDER BY c.relname",
    )
    return [str(name) for (name,) in found if name not in SHARED]


def policies(cursor: Cursor, table: str) -> dict[str, tuple[str, str, str | None]]:
    """Name -> (command, USING, WITH CHECK)."""
    found = rows(
        cursor, "SELECT policyname, cmd, qual, with_check FROM pg_policies WHERE tablename = %s", table
    )
    return {
        str(name): (str(cmd), str(qual), None if check is None else str(check))
        for name, cmd, qual, check in found
    }


def unique_keys(cursor: Cursor, table: str) -> set[tuple[str, ...]]:
    """The columns of each unique constraint."""
    found = rows(
        cursor,
        "SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_constraint c "
        "CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k (number, place) "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number "
        "WHERE c.conrelid = %s::regclass AND c.contype = 'u' GROUP BY c.oid",
        table,
    )
    return {tuple(columns) for (columns,) in found}


def tied_columns(cursor: Cursor, table: str) -> dict[str, str]:
    """column -> table, for each foreign key (tenant_id, column) -> (tenant_id, id)."""
    found = rows(
        cursor,
        "SELECT own.attname::text, c.confrelid::regclass::text FROM pg_constraint c "
        "JOIN pg_attribute own ON own.attrelid = c.conrelid AND own.attnum = c.conkey[2] "
        "WHERE c.conrelid = %s::regclass AND c.contype = 'f' AND array_length(c.conkey, 1) = 2 AND c.convalidated "
        "AND (SELECT attname FROM pg_attribute WHERE attrelid = c.conrelid AND attnum = c.conkey[1]) = 'tenant_id' "
        "AND (SELECT attname FROM pg_attribute WHERE attrelid = c.confrelid AND attnum = c.confkey[1]) = 'tenant_id' "
        "AND (SELECT attname FROM pg_attribute WHERE attrelid = c.confrelid AND attnum = c.confkey[2]) = 'id'",
        table,
    )
    return {str(column): str(other) for column, other in found}


def columns_held_by_a_trigger(cursor: Cursor, table: str) -> set[str]:
    """Columns whose references a trigger `<column>_same_tenant` looks at once for a statement (tables written in bulk)."""
    found = rows(
        cursor, "SELECT tgname::text FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'O'", table
    )
    return {str(name).removesuffix("_same_tenant") for (name,) in found if str(name).endswith("_same_tenant")}


def untied_references(cursor: Cursor) -> list[str]:
    """References between tenants' rows that are held neither by a composite key as well nor by a trigger."""
    missing = []
    for model in tenant_models():
        tied = tied_columns(cursor, model._meta.db_table)
        by_trigger = columns_held_by_a_trigger(cursor, model._meta.db_table)
        for field in model._meta.local_fields:
            other = field.related_model if isinstance(field, models.ForeignKey) else None
            if isinstance(other, type) and issubclass(other, TenantModel):
                if tied.get(str(field.column)) == other._meta.db_table or str(field.column) in by_trigger:
                    continue
                missing.append(f"{model._meta.db_table}.{field.column}")
    return missing
