"""Migration operations that put a tenant's table behind PostgreSQL's row-level security.

Foreign-key checks do not see row security, so a reference inside a tenant is also held by a composite key
`(tenant_id, x_id) -> (tenant_id, id)`: a row can never point into another organisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.backends.ddl_references import Columns, Statement, Table
from django.db.backends.utils import truncate_name
from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

TENANT = "NULLIF(current_setting('chatadmin.tenant_id', true), '')::bigint"
USER = "NULLIF(current_setting('chatadmin.user_id', true), '')::bigint"

#: Tables that are no TenantModel's: nothing points into them by a composite key.
_WITHOUT_KEY = {"tenants_organisation", "tenants_membership"}


class _OnTable(Operation):
    """Statements on one table that are no part of Django's state."""

    reversible = True
    reduces_to_sql = True
    table: str

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Neither row security nor a trigger is a part of Django's state."""

    def _run(self, editor: BaseDatabaseSchemaEditor, template: str, **parts: Any) -> None:
        table = Table(self.table, editor.quote_name)
        editor.execute(Statement(template, table=table, **parts), params=None)

    def _name(self, editor: BaseDatabaseSchemaEditor, suffix: str) -> str:
        return editor.quote_name(truncate_name(f"{self.table}_{suffix}", 63))


class ProtectTable(_OnTable):
    """Enable and force row security on `table`, by its `tenant_id`; tie `references` (column -> table) to the same tenant.

    `using` replaces the condition on `tenant_id`; `read` is a condition under which rows can be seen, but not changed, too.
    """

    def __init__(
        self, table: str, references: dict[str, str] | None = None, *, using: str = "", read: str = ""
    ) -> None:
        self.table = table
        self.references = references or {}
        self.using = using or f"tenant_id = {TENANT}"
        self.read = read

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (
            "ProtectTable",
            [self.table],
            {"references": self.references, "using": self.using, "read": self.read},
        )

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._run(schema_editor, "ALTER TABLE %(table)s ENABLE ROW LEVEL SECURITY")
        self._run(schema_editor, "ALTER TABLE %(table)s FORCE ROW LEVEL SECURITY")
        self._run(
            schema_editor,
            "CREATE POLICY tenant ON %(table)s USING (%(using)s) WITH CHECK (%(using)s)",
            using=self.using,
        )
        if self.read:
            self._run(
                schema_editor, "CREATE POLICY own ON %(table)s FOR SELECT USING (%(read)s)", read=self.read
            )
        if self.table not in _WITHOUT_KEY:
            self._run(
                schema_editor,
                "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s UNIQUE (tenant_id, id)",
                name=self._name(schema_editor, "tenant_id_key"),
            )
        for column, other in self.references.items():
            self._run(
                schema_editor,
                "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (tenant_id, %(column)s) "
                "REFERENCES %(other)s (tenant_id, id) ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED",
                name=self._name(schema_editor, f"{column}_same_tenant"),
                column=Columns(self.table, [column], schema_editor.quote_name),
                other=Table(other, schema_editor.quote_name),
            )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for column in self.references:
            self._run(
                schema_editor,
                "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
                name=self._name(schema_editor, f"{column}_same_tenant"),
            )
        if self.table not in _WITHOUT_KEY:
            self._run(
                schema_editor,
                "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
                name=self._name(schema_editor, "tenant_id_key"),
            )
        if self.read:
            self._run(schema_editor, "DROP POLICY own ON %(table)s")
        self._run(schema_editor, "DROP POLICY tenant ON %(table)s")
        self._run(schema_editor, "ALTER TABLE %(table)s NO FORCE ROW LEVEL SECURITY")
        self._run(schema_editor, "ALTER TABLE %(table)s DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        return f"Row-level security on {self.table}"


class AppendOnly(_OnTable):
    """Refuse UPDATE and DELETE on `table`, for every role, by a trigger."""

    def __init__(self, table: str) -> None:
        self.table = table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return ("AppendOnly", [self.table], {})

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        function = self._name(schema_editor, "append_only")
        self._run(
            schema_editor,
            "CREATE FUNCTION %(function)s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$",
            function=function,
        )
        self._run(
            schema_editor,
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %(table)s "
            "FOR EACH ROW EXECUTE FUNCTION %(function)s()",
            function=function,
        )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._run(schema_editor, "DROP TRIGGER append_only ON %(table)s")
        self._run(
            schema_editor, "DROP FUNCTION %(function)s()", function=self._name(schema_editor, "append_only")
        )

    def describe(self) -> str:
        return f"{self.table} is append-only"
