"""The SQL of conversations, statement by statement; every value is a parameter.

Lists of columns that several statements share are put together from constants of this file, from nothing else.
"""
# ruff: noqa: S608

_CUSTOMER_COLUMNS = (
    "id, external_id, first_name, last_name, image, custom_fields, pending_fields, mapped_fields"
)
_THREAD_COLUMNS = "t.id, t.external_id, t.customer_id, t.name, t.archived, t.human, t.created_at, t.active_at"
_CONTACT_COLUMNS = "c.id, %(thread)s::text AS thread, c.status, c.assignee, c.assignee_id, c.custom_fields, c.created_at, c.status_at"
_MESSAGE_COLUMNS = """
SELECT m.id, m.uuid, m.external_id, m.author, m.author_name, m.content, m.attachments, m.created_at, m.seen_at,
       m.contact_id, t.external_id AS thread, k.external_id AS customer, k.first_name, k.last_name, k.image
"""
_MESSAGE_JOINS = """
  JOIN gateway_thread t ON t.id = m.thread_id
  JOIN gateway_customer k ON k.id = t.customer_id
"""

FIND_CUSTOMER = (
    "SELECT " + _CUSTOMER_COLUMNS + " FROM gateway_customer WHERE channel = %s AND external_id = %s"
)
LOCK_CUSTOMER = "SELECT " + _CUSTOMER_COLUMNS + " FROM gateway_customer WHERE id = %s FOR UPDATE"
OWNER = "SELECT external_id FROM gateway_customer WHERE id = %s"
KNOW_CUSTOMER = (
    """
INSERT INTO gateway_customer AS k (channel, external_id, first_name, last_name, image)
VALUES (%(channel)s, %(external_id)s, %(first_name)s, %(last_name)s, %(image)s)
ON CONFLICT (channel, external_id) DO UPDATE
   -- Who signed in is called what the sign-in said, whatever the page says.
   SET first_name = CASE WHEN k.proven AND k.first_name <> '' THEN k.first_name
                         ELSE COALESCE(NULLIF(EXCLUDED.first_name, ''), k.first_name) END,
       last_name = CASE WHEN k.proven AND k.first_name <> '' THEN k.last_name
                        ELSE COALESCE(NULLIF(EXCLUDED.last_name, ''), k.last_name) END,
       image = COALESCE(NULLIF(EXCLUDED.image, ''), k.image)
RETURNING """
    + _CUSTOMER_COLUMNS
)
SET_CUSTOMER_FIELDS = "UPDATE gateway_customer SET custom_fields = %s WHERE id = %s"
SET_PENDING_FIELDS = "UPDATE gateway_customer SET pending_fields = %s WHERE id = %s"

FIND_THREAD = (
    "SELECT "
    + _THREAD_COLUMNS
    + """
  FROM gateway_thread t JOIN gateway_customer k ON k.id = t.customer_id
 WHERE t.channel = %(channel)s AND t.external_id = %(thread)s
   AND (%(customer)s::text IS NULL OR k.external_id = %(customer)s)
"""
)
THREADS_OF = (
    "SELECT "
    + _THREAD_COLUMNS
    + """,
       EXISTS (SELECT FROM gateway_contact c WHERE c.thread_id = t.id)
       AND NOT EXISTS (SELECT FROM gateway_contact c WHERE c.thread_id = t.id AND c.status <> 'closed')
  FROM gateway_thread t JOIN gateway_customer k ON k.id = t.customer_id
 WHERE k.channel = %(channel)s AND k.external_id = %(customer)s
   AND (%(moment)s::timestamptz IS NULL OR (t.active_at, t.id) < (%(moment)s, %(number)s))
 ORDER BY t.active_at DESC, t.id DESC
 LIMIT %(limit)s
"""
)
LAST_THREAD = (
    "SELECT "
    + _THREAD_COLUMNS
    + """
  FROM gateway_thread t
 WHERE t.customer_id = %(customer_id)s AND NOT t.archived
   AND (NOT %(open_only)s
        OR EXISTS (SELECT FROM gateway_contact c WHERE c.thread_id = t.id AND c.status <> 'closed'))
 ORDER BY t.active_at DESC, t.id DESC
 LIMIT 1
"""
)
ACTIVE_THREADS = "SELECT count(*) FROM gateway_thread WHERE customer_id = %s AND NOT archived"
BEGIN_THREAD = (
    """
INSERT INTO gateway_thread AS t (channel, external_id, customer_id) VALUES (%s, %s, %s)
ON CONFLICT (channel, external_id) DO NOTHING
RETURNING """
    + _THREAD_COLUMNS
)
RENAME = "UPDATE gateway_thread SET name = %s WHERE id = %s"
ARCHIVE = "UPDATE gateway_thread SET archived = true WHERE id = %s"

OPEN_CONTACT = """
SELECT c.id, t.external_id AS thread, c.status, c.assignee, c.assignee_id, c.custom_fields, c.created_at, c.status_at
  FROM gateway_contact c
  JOIN gateway_thread t ON t.id = c.thread_id
  JOIN gateway_customer k ON k.id = t.customer_id
 WHERE t.channel = %(channel)s AND c.status <> 'closed'
   AND (%(thread)s::text IS NULL OR t.external_id = %(thread)s)
   AND (%(customer)s::text IS NULL OR k.external_id = %(customer)s)
 ORDER BY c.id DESC
 LIMIT 1
"""
CONTACT = "SELECT " + _CONTACT_COLUMNS + " FROM gateway_contact c WHERE c.id = %(id)s"
CONTACTS = (
    "SELECT "
    + _CONTACT_COLUMNS
    + " FROM gateway_contact c WHERE c.thread_id = %(thread_id)s ORDER BY c.id DESC LIMIT %(limit)s"
)
ANY_CONTACT = "SELECT 1 FROM gateway_contact WHERE thread_id = %s LIMIT 1"
BEGIN_CONTACT = (
    """
INSERT INTO gateway_contact AS c (thread_id, channel, custom_fields, locale, page)
VALUES (%(thread_id)s, %(channel)s, %(custom_fields)s, %(locale)s, %(page)s)
RETURNING """
    + _CONTACT_COLUMNS
)
ADD_CONSENT = """
INSERT INTO gateway_consent (contact_id, ident, form, version, locale, text, digest, release)
VALUES (%(contact)s, %(ident)s, %(form)s, %(version)s, %(locale)s, %(text)s, %(digest)s, %(release)s)
"""
CONSENTS = (
    "SELECT ident, version, locale, text, given_at FROM gateway_consent WHERE contact_id = %s ORDER BY id"
)
SET_CONTACT_FIELDS = "UPDATE gateway_contact SET custom_fields = %s WHERE id = %s"
CLOSE_CONTACT = (
    """
UPDATE gateway_contact AS c SET status = 'closed', status_at = now()
 WHERE c.thread_id = %(thread_id)s AND c.status <> 'closed'
   AND (%(contact)s::text IS NULL OR c.id::text = %(contact)s
        OR NOT EXISTS (SELECT FROM gateway_contact o WHERE o.thread_id = c.thread_id AND o.id::text = %(contact)s))
RETURNING """
    + _CONTACT_COLUMNS
)
# A person takes over from the practice agent, never from another person.
ASSIGN = (
    """
UPDATE gateway_contact AS c SET status = 'open', assignee = %(name)s, assignee_id = %(agent)s, status_at = now()
  FROM gateway_thread t
 WHERE t.id = c.thread_id AND c.thread_id = %(thread_id)s AND c.status <> 'closed'
   AND (c.assignee <> %(name)s OR c.assignee_id <> %(agent)s)
   AND (c.assignee = '' OR (%(human)s AND NOT t.human))
RETURNING """
    + _CONTACT_COLUMNS
)
QUEUE = """
SELECT c.id, k.external_id
  FROM gateway_contact c
  JOIN gateway_thread t ON t.id = c.thread_id
  JOIN gateway_customer k ON k.id = t.customer_id
 WHERE c.channel = %s AND c.status = 'new'
 ORDER BY c.id
 LIMIT %s
"""
PLACE_IN_QUEUE = """
WITH mine AS (
    SELECT c.id
      FROM gateway_contact c
      JOIN gateway_thread t ON t.id = c.thread_id
      JOIN gateway_customer k ON k.id = t.customer_id
     WHERE c.channel = %(channel)s AND c.status = 'new' AND k.external_id = %(customer)s
     ORDER BY c.id DESC
     LIMIT 1
)
SELECT mine.id, (SELECT count(*) FROM gateway_contact q
                  WHERE q.channel = %(channel)s AND q.status = 'new' AND q.id <= mine.id)
  FROM mine
"""
# Conversations whose visitor has left an agent's words unanswered for too long. Remarks of our own are no words of an agent's.
INACTIVE = """
SELECT c.id AS contact, c.thread_id, t.external_id AS thread, c.locale,
       m.created_at <= now() - make_interval(mins => %(end)s) AS ends
  FROM gateway_contact c
  JOIN gateway_thread t ON t.id = c.thread_id
  JOIN LATERAL (SELECT author, created_at FROM gateway_message
                 WHERE thread_id = c.thread_id AND author <> 'system' ORDER BY id DESC LIMIT 1) m ON true
 WHERE c.channel = %(channel)s AND c.status = 'open' AND m.author <> 'customer'
   AND (m.created_at <= now() - make_interval(mins => %(end)s)
        OR (%(warn)s > 0 AND m.created_at <= now() - make_interval(mins => %(warn)s)
            AND (c.warned_at IS NULL OR c.warned_at < m.created_at)))
 ORDER BY c.id
 LIMIT %(limit)s
   FOR UPDATE OF c SKIP LOCKED
"""
CLOSE_ONE = (
    "UPDATE gateway_contact SET status = 'closed', status_at = now() WHERE id = %s AND status <> 'closed'"
)
WARNED = "UPDATE gateway_contact SET warned_at = now() WHERE id = %s"
CONTACT_OF_CUSTOMER = """
SELECT c.id, k.id
  FROM gateway_contact c
  JOIN gateway_thread t ON t.id = c.thread_id
  JOIN gateway_customer k ON k.id = t.customer_id
 WHERE t.channel = %(channel)s AND k.external_id = %(customer)s
   AND (%(contact)s::bigint IS NULL OR c.id = %(contact)s)
 ORDER BY c.id DESC
 LIMIT 1
   FOR UPDATE OF k
"""
SAID = """
SELECT author, author_name, content, attachments, created_at FROM gateway_message
 WHERE contact_id = %s ORDER BY id DESC LIMIT %s
"""
ASKED_FOR = """
SELECT (SELECT count(*) FROM gateway_transcript
         WHERE customer_id = %(customer)s AND asked_at > now() - interval '1 hour'),
       (SELECT count(*) FROM gateway_transcript
         WHERE address = %(address)s AND asked_at > now() - interval '1 hour')
"""
ASK_FOR = "INSERT INTO gateway_transcript (contact_id, customer_id, address) VALUES (%s, %s, %s)"


INSERT_MESSAGE = """
WITH stored AS (
    INSERT INTO gateway_message (uuid, thread_id, contact_id, external_id, author, author_name, content, attachments)
    VALUES (%(uuid)s, %(thread_id)s, %(contact_id)s, %(external_id)s, %(author)s, %(author_name)s, %(content)s,
            %(attachments)s)
    ON CONFLICT (thread_id, external_id) DO NOTHING
    RETURNING id, created_at
), touched AS (
    UPDATE gateway_thread t SET active_at = stored.created_at, human = t.human OR %(human)s
      FROM stored WHERE t.id = %(thread_id)s
)
SELECT id, created_at FROM stored
"""
SAY_IN_OPEN_CONTACT = """
WITH current AS (
    SELECT c.id, c.thread_id, c.status, c.assignee
      FROM gateway_contact c JOIN gateway_thread t ON t.id = c.thread_id
     WHERE c.id = %(contact_id)s AND c.thread_id = %(thread_id)s AND c.status <> 'closed' AND NOT t.archived
), stored AS (
    INSERT INTO gateway_message (uuid, thread_id, contact_id, external_id, author, author_name, content, attachments)
    SELECT %(uuid)s, thread_id, id, %(external_id)s, 'customer', '', %(content)s, %(attachments)s FROM current
    ON CONFLICT (thread_id, external_id) DO NOTHING
    RETURNING id, created_at
), touched AS (
    UPDATE gateway_thread t SET active_at = stored.created_at FROM stored WHERE t.id = %(thread_id)s
)
SELECT stored.id, stored.created_at, current.status, current.assignee FROM stored, current
"""
MESSAGE_BY_EXTERNAL_ID = (
    _MESSAGE_COLUMNS
    + "FROM gateway_message m"
    + _MESSAGE_JOINS
    + "WHERE m.thread_id = %s AND m.external_id = %s"
)
MESSAGE_BY_UUID = (
    _MESSAGE_COLUMNS
    + "FROM gateway_message m"
    + _MESSAGE_JOINS
    + "WHERE m.uuid = %s AND t.channel = %s AND k.external_id = %s"
)
PAGE = (
    _MESSAGE_COLUMNS
    + "FROM gateway_message m"
    + _MESSAGE_JOINS
    + """
 WHERE m.thread_id = %(thread_id)s AND (%(before)s::bigint IS NULL OR m.id < %(before)s)
 ORDER BY m.id DESC
 LIMIT %(limit)s
"""
)
MESSAGE = _MESSAGE_COLUMNS + "FROM gateway_message m" + _MESSAGE_JOINS + "WHERE m.id = %s"
MESSAGES_SINCE = (
    _MESSAGE_COLUMNS
    + "FROM gateway_message m"
    + _MESSAGE_JOINS
    + "WHERE k.channel = %s AND k.external_id = %s AND m.id > %s AND m.created_at > %s ORDER BY m.id LIMIT %s"
)
MARK_SEEN = (
    """
WITH m AS (
    UPDATE gateway_message SET seen_at = now()
     WHERE thread_id = %(thread_id)s AND seen_at IS NULL AND (author <> 'customer') = %(by_customer)s
    RETURNING *
)
"""
    + _MESSAGE_COLUMNS
    + "FROM m"
    + _MESSAGE_JOINS
    + "ORDER BY m.id"
)
OFFLINE = """
INSERT INTO gateway_offlinemessage (channel, email, first_name, last_name, text) VALUES (%s, %s, %s, %s, %s)
"""
LIST_FOR_AGENT = (
    "SELECT "
    + _THREAD_COLUMNS
    + """,
       COALESCE(c.status, 'closed'), COALESCE(c.assignee, ''), k.external_id,
       trim(k.first_name || ' ' || k.last_name),
       COALESCE(NULLIF(m.content ->> 'fallbackText', ''), m.content #>> '{payload,text}', ''), m.created_at,
       (SELECT count(*) FROM gateway_message u
         WHERE u.thread_id = t.id AND u.author = 'customer' AND u.seen_at IS NULL)
  FROM gateway_thread t
  JOIN gateway_customer k ON k.id = t.customer_id
  LEFT JOIN LATERAL (SELECT status, assignee FROM gateway_contact
                      WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) c ON true
  LEFT JOIN LATERAL (SELECT content, created_at FROM gateway_message
                      WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) m ON true
 WHERE t.channel = %s
 ORDER BY t.active_at DESC
 LIMIT %s
"""
)
