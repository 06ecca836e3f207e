"""What a release holds is kept as bytes, packed where it is large: PostgreSQL need not take it apart and put it together."""

import zlib
from typing import ClassVar

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps

import publishing.packed

_FORWARDS = (
    "ALTER TABLE publishing_release ALTER COLUMN sections TYPE bytea USING convert_to(sections::text, 'UTF8')"
)
_BACKWARDS = "ALTER TABLE publishing_release ALTER COLUMN sections TYPE jsonb USING convert_from(sections, 'UTF8')::jsonb"
_LARGE = "SELECT id, sections FROM publishing_release WHERE substring(sections FROM 1 FOR 1) = '\\x78'::bytea"


def nothing(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """What there is stays readable as it is."""


def unpack(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Large ones become plain JSON again; the trigger that keeps releases as they are looks away meanwhile."""
    with editor.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE publishing_release DISABLE TRIGGER append_only")
        cursor.execute(_LARGE)
        for key, packed in cursor.fetchall():
            cursor.execute(
                "UPDATE publishing_release SET sections = %s WHERE id = %s", [zlib.decompress(packed), key]
            )
        cursor.execute("ALTER TABLE publishing_release ENABLE TRIGGER append_only")


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("publishing", "0005_batches")]

    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            _FORWARDS,
            _BACKWARDS,
            state_operations=[
                migrations.AlterField("release", "sections", publishing.packed.PackedJSONField())
            ],
        ),
        migrations.RunPython(nothing, unpack),
    ]
