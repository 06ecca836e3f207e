"""Which organisation has a number: for the operator's commands, which act before any tenant is in force.

They run as the plain role like everything else, so they ask a function that runs as the owner of the table and gives away
nothing but the id.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

BY_NUMBER = """
CREATE FUNCTION tenants_organisation_id(brand integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT id FROM tenants_organisation WHERE number = brand
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("tenants", "0002_row_security")]

    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(BY_NUMBER, "DROP FUNCTION tenants_organisation_id(integer)")
    ]
