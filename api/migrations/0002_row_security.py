"""The API's tables behind row security; which organisation a token opens, and which messages are due, told by id only."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable

TENANT_OF = """
CREATE FUNCTION api_token_tenant(wanted text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT tenant_id FROM api_token
  WHERE hashed = wanted AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
$$
"""
DUE = """
CREATE FUNCTION api_due_messages(most integer) RETURNS TABLE (tenant_id bigint, message_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT m.tenant_id, m.id FROM api_message m
  WHERE m.state = 'waiting' AND m.next_attempt_at <= clock_timestamp()
  ORDER BY m.next_attempt_at LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("api", "0001_initial")]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("api_token"),
        ProtectTable("api_idempotentanswer", {"token_id": "api_token"}),
        ProtectTable("api_webhook"),
        ProtectTable("api_message", {"webhook_id": "api_webhook"}),
        migrations.RunSQL(TENANT_OF, "DROP FUNCTION api_token_tenant(text)"),
        migrations.RunSQL(DUE, "DROP FUNCTION api_due_messages(integer)"),
    ]
