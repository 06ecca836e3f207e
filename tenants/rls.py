"""Migration operations that put a tenant's table behind PostgreSQL's row-level security.

Foreign-key checks do not see row security, so a reference inside a tenant is also held by a composite key
`(tenant_id, x_id) -> (tenant_id, id)`: a row can never point into another organisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

TENANT = "NULLIF(current_setting('chatadmin.tenant_id', true), '')::bigint"
USER = "NULLIF(current_setting('chatadmin.user_id', true), '')::bigint"


class ProtectTable(Operation):
    """Enable and force row security on `table`, by its `tenant_id`; tie `references` (column -> table) to the same tenant."""

    reversible = True
    reduces_to_sql = True

    def __init__(
        self, table: str, references: dict[str, str] | None = None, *, using: str = "", check: str = ""
    ) -> None:
        self.table = table
        self.references = references or {}
        self.using = using or f"tenant_id = {TENANT}"
        self.check = check or self.using

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (
            "ProtectTable",
            [self.table],
            {"references": self.references, "using": self.using, "check": self.check},
        )

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Row security is no part of Django's state."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        t = schema_editor.quote_name(self.table)
        schema_editor.execute(f"ALTER TABLE {t} ENABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {t} FORCE ROW LEVEL SECURITY")
        schema_editor.execute(f"CREATE POLICY tenant ON {t} USING ({self.using}) WITH CHECK ({self.check})")
        if self.table not in {"tenants_organisation", "tenants_membership"}:
            schema_editor.execute(
                f"ALTER TABLE {t} ADD CONSTRAINT {self._name('tenant_id_key')} UNIQUE (tenant_id, id)"
            )
        for column, other in self.references.items():
            schema_editor.execute(
                f"ALTER TABLE {t} ADD CONSTRAINT {self._name(column + '_same_tenant')} "
                f"FOREIGN KEY (tenant_id, {schema_editor.quote_name(column)}) "
                f"REFERENCES {schema_editor.quote_name(other)} (tenant_id, id) "
                "ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED"
            )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        t = schema_editor.quote_name(self.table)
        for column in self.references:
            schema_editor.execute(
                f"ALTER TABLE {t} DROP CONSTRAINT {self._name(column + '_same_tenant')}"
            )
        if self.table not in {"tenants_organisation", "tenants_membership"}:
            schema_editor.execute(f"ALTER TABLE {t} DROP CONSTRAINT {self._name('tenant_id_key')}")
        schema_editor.execute(f"DROP POLICY tenant ON {t}")
        schema_editor.execute(f"ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {t} DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        return f"Row-level security on {self.table}"

    def _name(self, suffix: str) -> str:
        return f'"{self.table}_{suffix}"'[:63]


class AppendOnly(Operation):
    """Refuse UPDATE and DELETE on `table`, for every role, by a trigger."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, table: str) -> None:
        self.table = table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return ("AppendOnly", [self.table], {})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """A trigger is no part of Django's state."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        name = f"{self.table}_append_only"
        schema_editor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{self.table} is append-only' USING ERRCODE = 'restrict_violation'; END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {schema_editor.quote_name(self.table)} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        schema_editor.execute(f"DROP TRIGGER append_only ON {schema_editor.quote_name(self.table)}")
        schema_editor.execute(f"DROP FUNCTION {self.table}_append_only()")

    def describe(self) -> str:
        return f"{self.table} is append-only"
