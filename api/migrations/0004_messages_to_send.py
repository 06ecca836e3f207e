"""What webhooks are to be told next: few messages of each, so that thousands for one keep no other waiting.

`api_due_messages` stays for the worker of the version before, which may still be at work.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

TO_SEND = """
CREATE FUNCTION api_messages_to_send(most integer, each integer, resting bigint[])
RETURNS TABLE (tenant_id bigint, message_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT due.tenant_id, due.id FROM (
    SELECT m.tenant_id, m.id, m.next_attempt_at,
      row_number() OVER (PARTITION BY m.webhook_id ORDER BY m.next_attempt_at, m.id) AS place
    FROM api_message m
    WHERE m.state = 'waiting' AND m.next_attempt_at <= clock_timestamp() AND m.webhook_id <> ALL (resting)
  ) due
  WHERE due.place <= each ORDER BY due.next_attempt_at LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("api", "0003_webhook_former_secret")]

    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(TO_SEND, "DROP FUNCTION api_messages_to_send(integer, integer, bigint[])"),
    ]
