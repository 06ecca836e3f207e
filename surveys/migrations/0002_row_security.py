"""Forms, fields and drafts behind row security; the sweep may see which organisations have channels behind their form."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable

BEHIND = """
CREATE FUNCTION surveys_tenants_behind()
RETURNS TABLE (tenant_id bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT DISTINCT d.tenant_id FROM surveys_channelsurvey d
  JOIN surveys_surveyform f ON f.id = d.form_id
  JOIN channels_config_channel c ON c.id = d.channel_id
  WHERE NOT d.detached AND d.trouble = '' AND d.revision <> f.revision AND c.deleted_at IS NULL
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("surveys", "0001_initial"),
        ("channels_config", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("surveys_customfield"),
        ProtectTable("surveys_surveyform"),
        ProtectTable("surveys_consenttext", {"form_id": "surveys_surveyform"}),
        ProtectTable(
            "surveys_channelsurvey",
            {"channel_id": "channels_config_channel", "form_id": "surveys_surveyform"},
        ),
        migrations.RunSQL(BEHIND, "DROP FUNCTION surveys_tenants_behind()"),
    ]
