"""A region that was given up and is named again lacks what was published meanwhile, as one that was never there does."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

BEFORE = """
CREATE OR REPLACE FUNCTION publishing_lacking_region(which text, place text, most integer)
RETURNS TABLE (tenant_id bigint, channel_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT DISTINCT d.tenant_id, d.channel_id FROM publishing_delivery d
  WHERE d.environment = which AND NOT EXISTS (
    SELECT FROM publishing_delivery o
    WHERE o.tenant_id = d.tenant_id AND o.channel_id = d.channel_id AND o.environment = which AND o.region = place
  ) LIMIT most
$$
"""
# What was wanted there when it was given up is tried again now and then only, as what has no place to go to.
LACKING = """
CREATE OR REPLACE FUNCTION publishing_lacking_region(which text, place text, most integer)
RETURNS TABLE (tenant_id bigint, channel_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT DISTINCT d.tenant_id, d.channel_id FROM publishing_delivery d
  WHERE d.environment = which AND NOT EXISTS (
    SELECT FROM publishing_delivery o
    WHERE o.tenant_id = d.tenant_id AND o.channel_id = d.channel_id AND o.environment = which AND o.region = place
      AND o.wanted >= d.wanted AND o.wanted_revision >= d.wanted_revision AND o.last_error <> 'not_configured'
  ) LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("publishing", "0007_due_since")]

    operations: ClassVar[list[Operation]] = [migrations.RunSQL(LACKING, BEFORE)]
