"""A list of 160,000 entries is written sooner: references are looked at once for a statement, and texts are not compressed.

A foreign key asks for each row, which was two thirds of the time of a first save. What it promised stays: entries belong to a list of
their own organisation, and no list goes while it has any.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

DROP_KEY = "ALTER TABLE ipblocking_blockentry DROP CONSTRAINT ipblocking_blockentry_list_id_same_tenant"
ADD_KEY = """
ALTER TABLE ipblocking_blockentry ADD CONSTRAINT ipblocking_blockentry_list_id_same_tenant
FOREIGN KEY (tenant_id, list_id) REFERENCES ipblocking_addresslist (tenant_id, id)
ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED
"""
WRITTEN = """
CREATE FUNCTION ipblocking_entries_have_a_list() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- Held until the transaction ends, as a foreign key would: nobody deletes the list meanwhile.
  PERFORM 1 FROM ipblocking_addresslist l
    WHERE (l.tenant_id, l.id) IN (SELECT DISTINCT w.tenant_id, w.list_id FROM written w) FOR KEY SHARE;
  IF EXISTS (SELECT DISTINCT w.tenant_id, w.list_id FROM written w
             EXCEPT SELECT l.tenant_id, l.id FROM ipblocking_addresslist l) THEN
    RAISE EXCEPTION 'an entry belongs to no list of its organisation' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER list_id_same_tenant AFTER INSERT ON ipblocking_blockentry REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION ipblocking_entries_have_a_list();
"""
MOVED = """
CREATE FUNCTION ipblocking_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an entry stays in its list' USING ERRCODE = 'foreign_key_violation';
END $$;
CREATE TRIGGER stay BEFORE UPDATE OF tenant_id, list_id ON ipblocking_blockentry FOR EACH ROW
WHEN ((OLD.tenant_id, OLD.list_id) IS DISTINCT FROM (NEW.tenant_id, NEW.list_id))
EXECUTE FUNCTION ipblocking_entries_stay();
"""
LEFT = """
CREATE FUNCTION ipblocking_list_is_empty() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ipblocking_blockentry e WHERE e.tenant_id = OLD.tenant_id AND e.list_id = OLD.id) THEN
    RAISE EXCEPTION 'the list has entries' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER is_empty AFTER DELETE ON ipblocking_addresslist DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION ipblocking_list_is_empty();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("ipblocking", "0002_row_security")]

    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(DROP_KEY, ADD_KEY),
        migrations.RunSQL(
            WRITTEN,
            "DROP TRIGGER list_id_same_tenant ON ipblocking_blockentry; DROP FUNCTION ipblocking_entries_have_a_list()",
        ),
        migrations.RunSQL(
            MOVED, "DROP TRIGGER stay ON ipblocking_blockentry; DROP FUNCTION ipblocking_entries_stay()"
        ),
        migrations.RunSQL(
            LEFT, "DROP TRIGGER is_empty ON ipblocking_addresslist; DROP FUNCTION ipblocking_list_is_empty()"
        ),
        # Three megabytes take longer to compress than to write, and are written with every save.
        *(
            migrations.RunSQL(
                f"ALTER TABLE ipblocking_addresslist ALTER COLUMN {column} SET STORAGE EXTERNAL",
                f"ALTER TABLE ipblocking_addresslist ALTER COLUMN {column} SET STORAGE EXTENDED",
            )
            for column in ("source", "lines")
        ),
    ]
