"""Fill a PostgreSQL desk with many tickets, quickly and always alike.

Everything is made by the database itself from row numbers, so that a million tickets with four
journal entries each take minutes. A desk's backlog does not grow with its history, so the number
of unfinished tickets is the same at every size.
"""

import time

import psycopg

UNFINISHED = 5_000
QUEUES = 8
TECHNICIANS = 40
FIRST = 10_000
"""Ticket numbers begin after this one."""

# Words of the generated texts. Their frequency falls with their place in the list, as in speech.
SUBJECTS = (
    "printer,password,vpn,outlook,laptop,screen,account,email,network,phone,scanner,excel,"
    "access,folder,update,meeting,camera,docking,keyboard,mouse,licence,invoice,report,server,"
    "backup,wifi,headset,browser,certificate,badge"
)

INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename = ANY(%s) AND indexdef NOT LIKE '%%UNIQUE%%'
"""

PEOPLE = """
INSERT INTO organisation (id, name, phone, notes, created_at, version)
  SELECT i, 'Organisation ' || i, '', '', now(), 1 FROM generate_series(1, 50) i;
INSERT INTO team (id, name, description, created_at)
  SELECT i, 'Team ' || i, '', now() FROM generate_series(1, {queues}) i;
INSERT INTO queue (id, name, description, team_id, restricted, is_default, position, created_at)
  SELECT i, 'Queue ' || i, '', i, i = {queues}, i = 1, i, now()
  FROM generate_series(1, {queues}) i;
INSERT INTO person (id, name, call_name, title, organisation_id, vip, notes, provisional,
                    is_technician, search_text, created_at, version)
  SELECT i, CASE WHEN i <= {technicians} THEN 'Technician ' ELSE 'Customer ' END || i, '', '',
         CASE WHEN i <= {technicians} THEN NULL ELSE i %% 50 + 1 END, i %% 97 = 0, '', false,
         i <= {technicians}, 'customer ' || i, now(), 1
  FROM generate_series(1, {people}) i;
INSERT INTO contact_point (person_id, kind, value, extension, label, position, identifies,
                           undeliverable_why, created_at)
  SELECT i, 'email', 'person' || i || '@bench.example', '', '', 0, true, '', now()
  FROM generate_series(1, {people}) i;
INSERT INTO team_member (team_id, person_id, is_lead)
  SELECT i %% {queues} + 1, i, false FROM generate_series(1, {technicians}) i;
INSERT INTO category (id, name, path) SELECT i, 'Category ' || i, 'Category ' || i
  FROM generate_series(1, 60) i;
"""

TICKETS = """
INSERT INTO ticket (id, subject, kind, status_id, status_class, impact, urgency, priority,
    category_id, channel, major, queue_id, owner_id, customer_id, organisation_id, restricted,
    opened_at, opened_by_id, updated_at, waiting_since, unanswered_since, customer_replied,
    thanked, first_reply_at, contacts, handovers, reopenings, time_spent, hold_note, hold_reason,
    resolved_at, resolved_by_id, closed_at, outcome, cause_id, solution, first_contact_fix,
    version)
SELECT {first} + i,
    initcap(w[(i::bigint * 7919 %% 30)::int + 1]) || ' '
        || w[(i::bigint * 104729 %% 30)::int + 1] || ' does not work ' || i,
    'incident', s.id, c.class, 3, 2, (ARRAY[1, 2, 2, 3, 3, 3, 3, 4, 4, 3])[i %% 10 + 1],
    i %% 60 + 1, (ARRAY['email', 'email', 'phone', 'portal'])[i %% 4 + 1], false,
    i %% {queues} + 1,
    CASE WHEN c.class = 'new' THEN NULL ELSE i %% {technicians} + 1 END,
    {technicians} + 1 + (i::bigint * 15485863) %% ({people} - {technicians}),
    i %% 50 + 1, i %% {queues} + 1 = {queues},
    t.at, NULL, t.at + interval '50 minutes', t.at, NULL, i %% 11 = 0 AND c.open, false,
    t.at + interval '20 minutes', 2, 0, 0, 600, '',
    CASE WHEN c.class = 'pending' THEN 'customer' END,
    CASE WHEN NOT c.open THEN t.at + interval '50 minutes' END,
    CASE WHEN NOT c.open THEN i %% {technicians} + 1 END,
    CASE WHEN c.class = 'closed' THEN t.at + interval '6 days' END,
    CASE WHEN NOT c.open THEN 'solved' END, CASE WHEN NOT c.open THEN 1 END,
    CASE WHEN c.open THEN '' ELSE 'Restarted and it works.' END, false, 4
FROM generate_series({low}, {high}) i
CROSS JOIN (SELECT string_to_array('{words}', ',') AS w) words
CROSS JOIN LATERAL (SELECT now() - ({size} - i) * interval '90 seconds' AS at) t
CROSS JOIN LATERAL (SELECT i > {size} - {unfinished} AS open,
    CASE WHEN i <= {size} - {unfinished} THEN 'closed'
         ELSE (ARRAY['new', 'open', 'open', 'pending'])[i %% 4 + 1] END AS class) c
JOIN status s ON s.key = CASE c.class WHEN 'open' THEN 'working'
    WHEN 'pending' THEN 'waiting-customer' ELSE c.class END;
"""

ENTRIES = """
INSERT INTO entry (id, ticket_id, kind, verb, public, inbound, author_id, channel, happened_at,
                   recorded_at, body, html, changes)
SELECT (i::bigint - 1) * 4 + n, {first} + i,
    (ARRAY['message', 'event', 'message', 'event'])[n],
    (ARRAY['log', 'take', 'reply', 'resolve'])[n],
    n IN (1, 3), n = 1,
    CASE WHEN n = 1 THEN {technicians} + 1 + (i::bigint * 15485863) %% ({people} - {technicians})
         ELSE i %% {technicians} + 1 END,
    CASE WHEN n = 1 THEN 'email' ELSE 'staff' END,
    t.at + (n - 1) * interval '15 minutes', t.at + (n - 1) * interval '15 minutes',
    CASE n WHEN 1 THEN 'Hello, since this morning the '
              || w[(i::bigint * 7919 %% 30)::int + 1] || ' and the '
              || w[(i::bigint * 31 %% 30)::int + 1] || ' fail with error ' || (i * 7 %% 9973)
              || ' whenever I try. Could somebody have a look, please? Regards'
           WHEN 3 THEN 'Thank you for writing. I have restarted the '
              || w[(i::bigint * 7919 %% 30)::int + 1]
              || ', please try again and tell me whether it works now.'
           WHEN 4 THEN 'Restarted and it works.' ELSE '' END,
    CASE n WHEN 3 THEN '<p>Thank you for writing. I have restarted it, please try again.</p>' END,
    CASE n WHEN 2 THEN '{{"owner": [null, {{"id": 7, "name": "Technician 7"}}]}}'::jsonb
           WHEN 4 THEN '{{"outcome": [null, "solved"]}}'::jsonb END
FROM generate_series({low}, {high}) i
CROSS JOIN generate_series(1, 4) n
CROSS JOIN (SELECT string_to_array('{words}', ',') AS w) words
CROSS JOIN LATERAL (SELECT now() - ({size} - i) * interval '90 seconds' AS at) t;
INSERT INTO ticket_fts (rowid, ticket_id, body)
SELECT e.id, e.ticket_id, array_to_tsvector(ARRAY(
    SELECT DISTINCT mark || word
    FROM regexp_split_to_table(lower(CASE WHEN e.verb = 'log' THEN t.subject || ' ' ELSE '' END
        || e.body || ' customer ' || t.customer_id || ' organisation ' || t.organisation_id),
        '[^a-z0-9]+') word
    CROSS JOIN (VALUES ('='), ((e.id >> 13) || 'z')) AS marks (mark) WHERE word <> ''))
FROM entry e JOIN ticket t ON t.id = e.ticket_id
WHERE e.ticket_id BETWEEN {first} + {low} AND {first} + {high} AND e.verb <> 'take';
INSERT INTO assignment (ticket_id, queue_id, technician_id, state, note, first_wins, assigned_at,
                        acknowledged_at, ended_at)
SELECT t.id, t.queue_id, t.owner_id,
    CASE WHEN t.status_class = 'closed' THEN 'resolved' WHEN t.status_class = 'new'
         THEN 'assigned' ELSE 'acknowledged' END, '', false, t.opened_at,
    CASE WHEN t.status_class <> 'new' THEN t.opened_at END, t.resolved_at
FROM ticket t WHERE t.id BETWEEN {first} + {low} AND {first} + {high};
INSERT INTO worklist (queue_id, ticket_id, rank, moment, unowned, unacknowledged,
    restricted)
SELECT queue_id, id, CASE WHEN status_class = 'pending' THEN 9 ELSE priority END, waiting_since,
    owner_id IS NULL, status_class = 'new', restricted
FROM ticket t WHERE t.id BETWEEN {first} + {low} AND {first} + {high}
    AND status_class IN ('new', 'open', 'pending');
"""

SEQUENCES = """
SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))
"""


def load(connection: psycopg.Connection, size: int, batch: int = 50_000) -> float:
    """Fill a migrated and seeded database that holds nothing but a desk; returns the seconds."""
    started = time.monotonic()
    values: dict[str, object] = {
        "size": size,
        "people": TECHNICIANS + max(2000, size // 50),
        "queues": QUEUES,
        "technicians": TECHNICIANS,
        "first": FIRST,
        "unfinished": min(UNFINISHED, size // 2),
        "words": SUBJECTS,
    }
    with connection.cursor() as cursor:
        # Indexes are built once at the end: keeping them up row by row costs more than half.
        tables = ["ticket", "entry", "assignment", "ticket_fts"]
        indexes = cursor.execute(INDEXES, [tables]).fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(PEOPLE.format(**values).replace("%%", "%"))
        connection.commit()
        for low in range(1, size + 1, batch):
            part = {**values, "low": low, "high": min(size, low + batch - 1)}
            cursor.execute(TICKETS.format(**part).replace("%%", "%"))
            cursor.execute(ENTRIES.format(**part).replace("%%", "%"))
            connection.commit()
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table in ("ticket", "entry", "person", "organisation", "team", "queue", "category"):
            cursor.execute(SEQUENCES.format(table=table))
        connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False
    return time.monotonic() - started
