"""Releases and deliveries behind row security; releases never change; the sweep may see which deliveries are due.

The sweep works for all organisations, so it asks a function that runs as the owner of the tables and gives away ids only.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import AppendOnly, ProtectTable

DUE = """
CREATE FUNCTION publishing_due_deliveries(most integer)
RETURNS TABLE (tenant_id bigint, delivery_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT d.tenant_id, d.id FROM publishing_delivery d
  WHERE d.wanted > d.confirmed AND d.next_attempt_at <= clock_timestamp()
  ORDER BY d.next_attempt_at LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("publishing", "0001_initial"),
        ("channels_config", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("publishing_release", {"channel_id": "channels_config_channel"}),
        AppendOnly("publishing_release"),
        ProtectTable("publishing_delivery", {"channel_id": "channels_config_channel"}),
        migrations.RunSQL(DUE, "DROP FUNCTION publishing_due_deliveries(integer)"),
    ]
