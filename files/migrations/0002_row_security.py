"""Imports behind row security; which of them rest unfinished, told by id only."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable

RESTING = """
CREATE FUNCTION files_resting_imports(most integer) RETURNS TABLE (tenant_id bigint, import_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT i.tenant_id, i.id FROM files_import i
  WHERE i.state = 'running' AND i.touched_at < clock_timestamp() - interval '1 second'
  ORDER BY i.touched_at LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("files", "0001_initial"),
        ("channels_config", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("files_import", {"channel_id": "channels_config_channel"}),
        migrations.RunSQL(RESTING, "DROP FUNCTION files_resting_imports(integer)"),
    ]
