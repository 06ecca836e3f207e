"""The tables of publication behind row security; what a worker has to find for all organisations is found by ids alone."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable

CHANNEL = {"channel_id": "channels_config_channel"}

DUE_BEFORE = """
CREATE OR REPLACE FUNCTION publishing_due_deliveries(most integer)
RETURNS TABLE (tenant_id bigint, delivery_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT d.tenant_id, d.id FROM publishing_delivery d
  WHERE d.wanted > d.confirmed AND d.next_attempt_at <= clock_timestamp()
  ORDER BY d.next_attempt_at LIMIT most
$$
"""
DUE = """
CREATE OR REPLACE FUNCTION publishing_due_deliveries(most integer)
RETURNS TABLE (tenant_id bigint, delivery_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT d.tenant_id, d.id FROM publishing_delivery d
  WHERE (d.wanted > d.confirmed OR d.wanted_revision > d.confirmed_revision)
    AND d.next_attempt_at <= clock_timestamp()
  ORDER BY d.next_attempt_at LIMIT most
$$
"""
PROMOTIONS = """
CREATE FUNCTION publishing_due_promotions(most integer)
RETURNS TABLE (tenant_id bigint, promotion_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT p.tenant_id, p.id FROM publishing_promotion p
  WHERE p.state = 'scheduled' AND p.at <= clock_timestamp() ORDER BY p.at LIMIT most
$$
"""
COPIES = """
CREATE FUNCTION publishing_resting_copies(most integer)
RETURNS TABLE (tenant_id bigint, copy_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT DISTINCT c.tenant_id, c.id FROM publishing_copytarget t JOIN publishing_copy c ON c.id = t.copy_id
  WHERE t.state = 'waiting' AND c.touched_at < clock_timestamp() - interval '20 seconds' LIMIT most
$$
"""
REGIONS = """
CREATE FUNCTION publishing_lacking_region(which text, place text, most integer)
RETURNS TABLE (tenant_id bigint, channel_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT DISTINCT d.tenant_id, d.channel_id FROM publishing_delivery d
  WHERE d.environment = which AND NOT EXISTS (
    SELECT FROM publishing_delivery o
    WHERE o.tenant_id = d.tenant_id AND o.channel_id = d.channel_id AND o.environment = which AND o.region = place
  ) LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("publishing", "0003_publication")]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("publishing_arrival", CHANNEL),
        ProtectTable("publishing_rules", CHANNEL),
        ProtectTable("publishing_switch", CHANNEL),
        ProtectTable("publishing_promotion", CHANNEL),
        ProtectTable(
            "publishing_copy",
            {"source_id": "channels_config_channel", "undo_of_id": "publishing_copy"},
        ),
        ProtectTable("publishing_copytarget", {**CHANNEL, "copy_id": "publishing_copy"}),
        migrations.RunSQL(DUE, DUE_BEFORE),
        migrations.RunSQL(PROMOTIONS, "DROP FUNCTION publishing_due_promotions(integer)"),
        migrations.RunSQL(COPIES, "DROP FUNCTION publishing_resting_copies(integer)"),
        migrations.RunSQL(REGIONS, "DROP FUNCTION publishing_lacking_region(text, text, integer)"),
    ]
