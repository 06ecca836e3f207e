"""Every entry gets a link in its organisation's chain, at commit, by the database itself; those there are first.

The link is written by a deferred trigger: entries of concurrent transactions are put in line by an advisory lock held for the last
moment of a transaction only, so nobody waits for another's save, and no writer can leave an entry out. The serving role may read
links and not write them; a hash covers the one before it, so that what was altered or taken out shows.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import TENANT, AppendOnly, ProtectTable

FINGERPRINT = """
CREATE FUNCTION audit_fingerprint(previous text, place bigint, e audit_entry) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT encode(sha256(convert_to(concat_ws(E'\\n', previous, place, e.tenant_id, e.id,
    to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), coalesce(e.actor_id::text, ''),
    to_json(e.actor_label)::text, e.action, to_json(e.subject)::text, e.data::text), 'UTF8')), 'hex')
$$
"""
LINK = """
CREATE FUNCTION audit_append_link(e audit_entry) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE last_place bigint; last_hash text;
BEGIN
  PERFORM pg_advisory_xact_lock(6387049, hashint8(e.tenant_id));
  SELECT position, hash INTO last_place, last_hash FROM audit_link
    WHERE tenant_id = e.tenant_id ORDER BY position DESC LIMIT 1;
  last_place := coalesce(last_place, 0);
  last_hash := coalesce(last_hash, repeat('0', 64));
  INSERT INTO audit_link (tenant_id, entry_id, position, previous, hash)
    VALUES (e.tenant_id, e.id, last_place + 1, last_hash, audit_fingerprint(last_hash, last_place + 1, e));
END $$
"""
TRIGGER = """
CREATE FUNCTION audit_entry_linked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN PERFORM audit_append_link(NEW); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER link AFTER INSERT ON audit_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_entry_linked();
REVOKE ALL ON FUNCTION audit_append_link(audit_entry) FROM PUBLIC
"""
EXISTING = """
DO $$ DECLARE e audit_entry; BEGIN
  FOR e IN SELECT * FROM audit_entry ORDER BY tenant_id, id LOOP PERFORM audit_append_link(e); END LOOP;
END $$
"""
VERIFY = """
CREATE FUNCTION audit_verify() RETURNS TABLE (brand bigint, place bigint, entry bigint, fault text)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  WITH links AS (
    SELECT l.*, lag(l.position) OVER w AS before, lag(l.hash) OVER w AS hash_before
    FROM audit_link l WINDOW w AS (PARTITION BY l.tenant_id ORDER BY l.position)
  ), found AS (
    SELECT l.tenant_id, l.position, l.entry_id, CASE
      WHEN l.position <> coalesce(l.before, 0) + 1 THEN 'gap'
      WHEN l.previous <> coalesce(l.hash_before, repeat('0', 64)) THEN 'broken'
      WHEN e.id IS NULL THEN 'missing'
      WHEN l.hash <> audit_fingerprint(l.previous, l.position, e) THEN 'altered'
    END AS fault
    FROM links l LEFT JOIN audit_entry e ON e.id = l.entry_id AND e.tenant_id = l.tenant_id
    UNION ALL
    SELECT e.tenant_id, NULL, e.id, 'unlinked' FROM audit_entry e
    WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.entry_id = e.id AND l.tenant_id = e.tenant_id)
  )
  SELECT o.number, f.position, f.entry_id, f.fault FROM found f JOIN tenants_organisation o ON o.id = f.tenant_id
  WHERE f.fault IS NOT NULL ORDER BY 1, 2
$$
"""
HEADS = """
CREATE FUNCTION audit_heads() RETURNS TABLE (brand bigint, place bigint, hash text)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT DISTINCT ON (o.number) o.number, l.position, l.hash
  FROM audit_link l JOIN tenants_organisation o ON o.id = l.tenant_id ORDER BY o.number, l.position DESC
$$
"""
HAS = """
CREATE FUNCTION audit_has_link(which bigint, place bigint, wanted text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM audit_link l JOIN tenants_organisation o ON o.id = l.tenant_id
    WHERE o.number = which AND l.position = place AND l.hash = wanted)
$$
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("audit", "0003_link"),
        ("tenants", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(FINGERPRINT, "DROP FUNCTION audit_fingerprint(text, bigint, audit_entry)"),
        migrations.RunSQL(LINK, "DROP FUNCTION audit_append_link(audit_entry)"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER link ON audit_entry; DROP FUNCTION audit_entry_linked()"),
        ProtectTable("audit_link", {"entry_id": "audit_entry"}, using="false", read=f"tenant_id = {TENANT}"),
        AppendOnly("audit_link"),
        migrations.RunSQL(VERIFY, "DROP FUNCTION audit_verify()"),
        migrations.RunSQL(HAS, "DROP FUNCTION audit_has_link(bigint, bigint, text)"),
        migrations.RunSQL(HEADS, "DROP FUNCTION audit_heads()"),
        # Last: a table with checks still to come cannot be altered.
        migrations.RunSQL(EXISTING, migrations.RunSQL.noop),
    ]
