"""A worker takes many due deliveries at once: found and locked by one function, for all organisations, which tells ids only.

Rows are looked at one after the other until enough are locked, so none is locked that is not told.
"""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

CLAIM = """
CREATE FUNCTION publishing_claim_deliveries(most integer, space integer, away text[])
RETURNS TABLE (tenant_id bigint, delivery_id bigint)
LANGUAGE sql SECURITY DEFINER VOLATILE SET search_path = public, pg_temp AS $$
  WITH due AS MATERIALIZED (
    SELECT d.tenant_id, d.id FROM publishing_delivery d
    WHERE (d.wanted > d.confirmed OR d.wanted_revision > d.confirmed_revision)
      AND d.next_attempt_at <= clock_timestamp()
      AND d.environment || '/' || d.region <> ALL (away)
    ORDER BY d.next_attempt_at LIMIT most * 10
  )
  SELECT due.tenant_id, due.id FROM due
  WHERE pg_try_advisory_lock(space, (due.id % 2147483648)::integer) LIMIT most
$$
"""
PRUNE = """
CREATE FUNCTION publishing_forget_arrivals(before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER VOLATILE SET search_path = public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM publishing_arrival WHERE id IN (
      SELECT a.id FROM publishing_arrival a WHERE a.visible_at < before ORDER BY a.visible_at LIMIT most
      FOR UPDATE SKIP LOCKED
    ) RETURNING 1
  ) SELECT count(*) FROM gone
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("publishing", "0004_publication_row_security")]

    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(CLAIM, "DROP FUNCTION publishing_claim_deliveries(integer, integer, text[])"),
        migrations.RunSQL(PRUNE, "DROP FUNCTION publishing_forget_arrivals(timestamptz, integer)"),
        migrations.AddIndex(
            model_name="arrival",
            index=models.Index(fields=["visible_at"], name="publishing_arrival_age"),
        ),
    ]
