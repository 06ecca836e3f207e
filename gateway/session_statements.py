"""The SQL of customers' sessions, statement by statement; every value is a parameter."""

IS_PROVEN = "SELECT proven FROM gateway_customer WHERE channel = %s AND external_id = %s"
USE_TICKET = """
INSERT INTO gateway_usedticket (fingerprint) VALUES (%s) ON CONFLICT (fingerprint) DO NOTHING RETURNING 1
"""
GIVE_TICKET_BACK = "DELETE FROM gateway_usedticket WHERE fingerprint = %s"

# Whoever only claimed the id goes on under another: the conversations are theirs, the id is not.
SET_ASIDE = """
UPDATE gateway_customer SET external_id = %(other)s
 WHERE channel = %(channel)s AND external_id = %(customer)s AND NOT proven
"""
PROVE_CUSTOMER = """
INSERT INTO gateway_customer AS k (channel, external_id, first_name, last_name, custom_fields, mapped_fields, proven)
VALUES (%(channel)s, %(customer)s, %(first_name)s, %(last_name)s, %(fields)s, %(fields)s, true)
ON CONFLICT (channel, external_id) DO UPDATE
   SET first_name = COALESCE(NULLIF(EXCLUDED.first_name, ''), k.first_name),
       last_name = COALESCE(NULLIF(EXCLUDED.last_name, ''), k.last_name),
       custom_fields = k.custom_fields || EXCLUDED.mapped_fields,
       mapped_fields = EXCLUDED.mapped_fields,
       proven = true
RETURNING id
"""
LOCK_FORMER = """
SELECT id, custom_fields, pending_fields FROM gateway_customer
 WHERE channel = %s AND external_id = %s AND NOT proven AND id <> %s
   FOR UPDATE
"""
MOVE_THREADS = "UPDATE gateway_thread SET customer_id = %s WHERE customer_id = %s"
TAKE_FIELDS = """
UPDATE gateway_customer
   SET custom_fields = %(fields)s || custom_fields, pending_fields = %(pending)s || pending_fields
 WHERE id = %(id)s
"""
FORGET_CUSTOMER = "DELETE FROM gateway_customer WHERE id = %s"

BEGIN = """
INSERT INTO gateway_session (id, channel, customer_id, mode, epoch, expires_at, secret_hash, provider,
                             provider_expires_at, refresh_at, userinfo_at)
VALUES (%(id)s, %(channel)s, %(customer_id)s, %(mode)s, %(epoch)s, now() + make_interval(secs => %(seconds)s),
        %(hash)s, %(provider)s, now() + make_interval(secs => %(provider_seconds)s),
        now() + make_interval(secs => %(provider_seconds)s * 0.9), now())
"""
GET = """
SELECT s.id::text AS id, s.customer_id, k.external_id AS customer, k.first_name, k.last_name, s.mode, s.epoch,
       s.expires_at, s.secret_hash, s.former_hash,
       COALESCE(s.renewed_at > now() - make_interval(secs => %(grace)s), false) AS former_holds,
       s.provider, COALESCE(s.refresh_at <= now(), false) AS refresh_due,
       COALESCE(s.provider_expires_at > now(), true) AS provider_holds
  FROM gateway_session s JOIN gateway_customer k ON k.id = s.customer_id
 WHERE s.id = %(id)s::uuid AND s.channel = %(channel)s AND s.ended_at IS NULL
   AND (s.expires_at IS NULL OR s.expires_at > now())
"""
# A secret that was the former one already leaves it so: the grace counts from the first renewal.
RENEW = """
UPDATE gateway_session
   SET former_hash = CASE WHEN secret_hash = %(former)s THEN secret_hash ELSE former_hash END,
       renewed_at = CASE WHEN secret_hash = %(former)s THEN now() ELSE renewed_at END,
       secret_hash = %(hash)s
 WHERE id = %(id)s::uuid
"""
PROLONG = """
UPDATE gateway_session SET expires_at = now() + make_interval(secs => %(seconds)s) WHERE id = %(id)s::uuid
"""
END = """
UPDATE gateway_session s SET ended_at = now(), provider = ''
  FROM gateway_customer k
 WHERE k.id = s.customer_id AND s.channel = %(channel)s AND k.external_id = %(customer)s AND s.ended_at IS NULL
   AND (%(id)s::uuid IS NULL OR s.id = %(id)s::uuid)
"""
CLAIM_REFRESH = """
UPDATE gateway_session SET busy_until = now() + interval '30 seconds'
 WHERE id = %s::uuid AND ended_at IS NULL AND provider <> '' AND (busy_until IS NULL OR busy_until < now())
RETURNING 1
"""
KEEP_TOKENS = """
UPDATE gateway_session
   SET provider = %(provider)s, busy_until = NULL,
       provider_expires_at = now() + make_interval(secs => %(seconds)s),
       refresh_at = now() + make_interval(secs => %(seconds)s * 0.9)
 WHERE id = %(id)s::uuid AND ended_at IS NULL
"""
CLAIM_USERINFO = """
UPDATE gateway_session SET userinfo_at = now()
 WHERE id = %(id)s::uuid AND ended_at IS NULL
   AND (%(opened)s OR userinfo_at IS NULL OR userinfo_at < now() - interval '1 minute')
RETURNING 1
"""
TAKE_VALUES = """
UPDATE gateway_customer
   SET first_name = COALESCE(NULLIF(%(first_name)s, ''), first_name),
       last_name = COALESCE(NULLIF(%(last_name)s, ''), last_name),
       custom_fields = custom_fields || %(fields)s, mapped_fields = %(fields)s
 WHERE id = %(id)s
"""
TAKE_CONTACT_VALUES = """
UPDATE gateway_contact c SET custom_fields = c.custom_fields || %(fields)s
  FROM gateway_thread t
 WHERE t.id = c.thread_id AND t.customer_id = %(id)s AND c.status <> 'closed'
"""
DUE = """
SELECT id::text FROM gateway_session
 WHERE id = ANY(%s::uuid[]) AND refresh_at <= now() AND provider <> '' AND ended_at IS NULL
   AND (busy_until IS NULL OR busy_until < now())
"""
