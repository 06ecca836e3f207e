"""The SQL of the agent desk, statement by statement; every value is a parameter.

The holder of a contact is the id of the agent who has it at the desk, `name:…` for an agent of a test page, and "" while it waits for
a person: nobody has it, or the practice agent does.
"""
# ruff: noqa: S608

HOLDER = """CASE WHEN c.assignee_id <> '' THEN c.assignee_id
            WHEN c.assignee <> '' AND t.human THEN 'name:' || c.assignee ELSE '' END"""

LIST = (
    """
SELECT * FROM (
    SELECT t.channel, t.external_id, t.name, c.status, c.assignee, """
    + HOLDER
    + """ AS holder, c.status_at, c.locale, k.external_id AS customer,
           trim(k.first_name || ' ' || k.last_name) AS customer_name, t.active_at, t.id AS thread_id, c.id AS contact_id
      FROM gateway_thread t
      JOIN gateway_customer k ON k.id = t.customer_id
      JOIN LATERAL (SELECT * FROM gateway_contact WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) c ON true
     WHERE t.channel = ANY(%(channels)s)
       AND (%(thread)s::text IS NULL OR t.external_id = %(thread)s)
       AND ((%(view)s = 'closed') = (c.status = 'closed') OR %(view)s = 'any')
       -- The open ones are few: found by their index, not by going through all conversations.
       AND (%(view)s IN ('closed', 'any')
            OR t.id IN (SELECT o.thread_id FROM gateway_contact o
                         WHERE o.channel = ANY(%(channels)s) AND o.status <> 'closed'))
       AND (%(view)s <> 'mine' OR c.assignee_id = %(agent)s)
       AND (%(after_contact)s::bigint IS NULL OR c.id > %(after_contact)s)
       AND (%(after_at)s::timestamptz IS NULL OR (t.active_at, t.id) < (%(after_at)s, %(after_thread)s))
       AND (%(view)s <> 'waiting' OR ("""
    + HOLDER
    + """) = '')
       AND (%(like)s::text IS NULL
            OR k.first_name || ' ' || k.last_name ILIKE %(like)s OR k.external_id ILIKE %(like)s
            OR t.name ILIKE %(like)s
            OR EXISTS (SELECT FROM jsonb_each_text(c.custom_fields || k.custom_fields) f WHERE f.value ILIKE %(like)s)
            OR EXISTS (SELECT FROM gateway_message s WHERE s.thread_id = t.id
                        AND COALESCE(s.content #>> '{payload,text}', s.content ->> 'fallbackText') ILIKE %(like)s))
     -- Who waits stands where the visitors' own queue has them (statements.QUEUE), also after having been put back.
     ORDER BY CASE WHEN %(view)s = 'waiting' THEN c.id END, t.active_at DESC, t.id DESC
     LIMIT %(limit)s
) found
LEFT JOIN LATERAL (
    SELECT COALESCE(NULLIF(m.content ->> 'fallbackText', ''), m.content #>> '{payload,text}', '') AS last_text,
           m.author, m.author_name, m.created_at AS last_at, jsonb_array_length(m.attachments) AS files,
           m.content ->> 'type' AS kind
      FROM gateway_message m WHERE m.thread_id = found.thread_id ORDER BY m.id DESC LIMIT 1) last ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS unread FROM gateway_message u
     WHERE u.thread_id = found.thread_id AND u.author = 'customer' AND u.seen_at IS NULL) unseen
ORDER BY CASE WHEN %(view)s = 'waiting' THEN found.contact_id END, found.active_at DESC, found.thread_id DESC
"""
)
COUNTS = (
    """
SELECT count(*) FILTER (WHERE holder = %(agent)s), count(*) FILTER (WHERE holder = ''), count(*),
       count(*) FILTER (WHERE holder = %(agent)s AND EXISTS (
           SELECT FROM gateway_message u
            WHERE u.thread_id = open.thread_id AND u.author = 'customer' AND u.seen_at IS NULL))
  FROM (SELECT c.thread_id, """
    + HOLDER
    + """ AS holder
          FROM gateway_contact c JOIN gateway_thread t ON t.id = c.thread_id
         WHERE c.channel = ANY(%(channels)s) AND c.status <> 'closed') open
"""
)
LOCK_OPEN = (
    """
SELECT c.id, """
    + HOLDER
    + """ AS holder, c.assignee
  FROM gateway_contact c JOIN gateway_thread t ON t.id = c.thread_id
 WHERE c.thread_id = %s AND c.status <> 'closed'
   FOR UPDATE OF c
"""
)
GIVE = """
UPDATE gateway_contact AS c
   SET status = CASE WHEN %(agent)s = '' THEN 'new' ELSE 'open' END, assignee = %(name)s, assignee_id = %(agent)s,
       status_at = now()
 WHERE c.id = %(id)s
RETURNING c.id, %(thread)s::text AS thread, c.status, c.assignee, c.assignee_id, c.custom_fields, c.created_at, c.status_at
"""
#: Who holds conversations, on which channel.
HOLDERS = """
SELECT DISTINCT channel, assignee_id FROM gateway_contact
 WHERE channel = ANY(%s) AND status <> 'closed' AND assignee_id <> ''
"""
#: Conversations of an agent who is gone that would be lost to everyone: of a live chat all, else those whose visitor spoke last.
LEFT_ALONE = """
SELECT c.id, t.external_id AS thread, c.assignee
  FROM gateway_contact c
  JOIN gateway_thread t ON t.id = c.thread_id
  LEFT JOIN LATERAL (SELECT author FROM gateway_message
                      WHERE thread_id = c.thread_id AND author <> 'system' ORDER BY id DESC LIMIT 1) m ON true
 WHERE c.channel = %(channel)s AND c.status <> 'closed' AND c.assignee_id = %(agent)s
   AND (%(live)s OR m.author = 'customer')
 ORDER BY c.id
 LIMIT %(limit)s
   FOR UPDATE OF c SKIP LOCKED
"""
HUMAN = "UPDATE gateway_thread SET human = true WHERE id = %s AND NOT human"
ADD_NOTE = """
INSERT INTO gateway_note (thread_id, external_id, kind, author, author_id, target, text)
VALUES (%(thread_id)s, %(external_id)s, %(kind)s, %(author)s, %(author_id)s, %(target)s, %(text)s)
ON CONFLICT (thread_id, external_id) DO NOTHING
RETURNING id, kind, author, author_id, target, text, created_at
"""
NOTES = """
SELECT id, kind, author, author_id, target, text, created_at FROM gateway_note
 WHERE thread_id = %s ORDER BY id DESC LIMIT 200
"""
#: What there is to know of whom one talks with: the newest contact, its customer, and how often they have been here.
ABOUT = (
    """
SELECT c.id, c.status, c.assignee, """
    + HOLDER
    + """ AS holder, c.custom_fields, c.locale, c.page, c.created_at, c.status_at,
       k.external_id, k.first_name, k.last_name, k.image, k.custom_fields, k.proven, k.created_at,
       (SELECT count(*) FROM gateway_thread o WHERE o.customer_id = k.id)
  FROM gateway_thread t
  JOIN gateway_customer k ON k.id = t.customer_id
  LEFT JOIN LATERAL (SELECT * FROM gateway_contact WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) c ON true
 WHERE t.id = %s
"""
)
