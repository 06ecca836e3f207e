"""Address lists behind row security; the worker may see which lists have channels waiting, and counters end with their time.

Both work for all organisations, so they are functions that run as the owner of the tables; the first gives away ids only.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable

WAITING = """
CREATE FUNCTION ipblocking_waiting_lists(most integer)
RETURNS TABLE (tenant_id bigint, list_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT u.tenant_id, u.list_id FROM ipblocking_listuse u
  WHERE u.waiting_since IS NOT NULL
  GROUP BY u.tenant_id, u.list_id ORDER BY min(u.waiting_since) LIMIT most
$$
"""
FORGET = """
CREATE FUNCTION ipblocking_forget_hits(days integer)
RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH forgotten AS (
    UPDATE ipblocking_blockentry SET hits = 0, last_hit_at = NULL
    WHERE last_hit_at < now() - make_interval(days => days) RETURNING 1
  ) SELECT count(*) FROM forgotten
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("ipblocking", "0001_initial"),
        ("channels_config", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("ipblocking_addresslist", {"channel_id": "channels_config_channel"}),
        ProtectTable(
            "ipblocking_listuse",
            {"channel_id": "channels_config_channel", "list_id": "ipblocking_addresslist"},
        ),
        ProtectTable("ipblocking_blockentry", {"list_id": "ipblocking_addresslist"}),
        ProtectTable("ipblocking_countedbatch"),
        migrations.RunSQL(WAITING, "DROP FUNCTION ipblocking_waiting_lists(integer)"),
        migrations.RunSQL(FORGET, "DROP FUNCTION ipblocking_forget_hits(integer)"),
    ]
