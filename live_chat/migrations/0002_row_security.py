"""Live chat behind row security; the worker may see which e-mails are due."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable

DUE = """
CREATE FUNCTION live_chat_due_mails(most integer)
RETURNS TABLE (tenant_id bigint, mail_id bigint)
LANGUAGE sql SECURITY DEFINER VOLATILE SET search_path = public, pg_temp AS $$
  SELECT m.tenant_id, m.id FROM live_chat_mail m
  WHERE m.due_at <= clock_timestamp() ORDER BY m.due_at LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("live_chat", "0001_initial"),
        ("channels_config", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("live_chat_livechat", {"channel_id": "channels_config_channel"}),
        ProtectTable("live_chat_offlinemessage", {"channel_id": "channels_config_channel"}),
        ProtectTable("live_chat_mail", {"channel_id": "channels_config_channel"}),
        migrations.RunSQL(DUE, "DROP FUNCTION live_chat_due_mails(integer)"),
    ]
