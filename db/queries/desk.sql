-- name: Meta :many
SELECT name, value FROM meta;

-- name: SetMeta :exec
INSERT INTO meta (name, value) VALUES (sqlc.arg(name), sqlc.arg(value)) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: InsertTransition :exec
INSERT INTO allowed_transition (from_state, to_state) VALUES (sqlc.arg(from_state), sqlc.arg(to_state)) ON CONFLICT DO NOTHING;

-- name: MessageBySHA :one
SELECT id FROM inbox WHERE sha = sqlc.arg(sha);

-- name: InsertMessage :execlastid
INSERT INTO inbox (sha, body, key_id, received_at) VALUES (sqlc.arg(sha), sqlc.arg(body), sqlc.arg(key_id), sqlc.arg(received_at));

-- name: CountMessage :exec
INSERT INTO inbox_count (inbox_id, n, last_at) VALUES (sqlc.arg(inbox_id), 1, sqlc.arg(at))
ON CONFLICT (inbox_id) DO UPDATE SET n = n + 1, last_at = excluded.last_at;

-- name: LastApplied :one
SELECT CAST(COALESCE(MAX(inbox_id), 0) AS INTEGER) AS id FROM inbox_result;

-- name: NextMessage :one
SELECT id, body, key_id, received_at FROM inbox WHERE id > sqlc.arg(after) ORDER BY id LIMIT 1;

-- name: CountUnapplied :one
SELECT COUNT(*) FROM inbox WHERE id > sqlc.arg(after);

-- name: InsertResult :exec
INSERT INTO inbox_result (inbox_id, at, payout_id, type, session, reading, amount_minor, effect, alarm, from_state, to_state)
VALUES (sqlc.arg(inbox_id), sqlc.arg(at), sqlc.arg(payout_id), sqlc.arg(type), sqlc.arg(session), sqlc.arg(reading), sqlc.arg(amount_minor),
  sqlc.arg(effect), sqlc.arg(alarm), sqlc.arg(from_state), sqlc.arg(to_state));

-- name: MessageBody :one
SELECT body FROM inbox WHERE id = sqlc.arg(id);

-- name: PutRefused :exec
INSERT INTO refused (slot, n, at, reason, signature, body) VALUES (sqlc.arg(slot), sqlc.arg(n), sqlc.arg(at), sqlc.arg(reason), sqlc.arg(signature), sqlc.arg(body))
ON CONFLICT (slot) DO UPDATE SET n = excluded.n, at = excluded.at, reason = excluded.reason, signature = excluded.signature, body = excluded.body;

-- name: LastRefused :one
SELECT CAST(COALESCE(MAX(n), 0) AS INTEGER) AS n FROM refused;

-- name: RefusedList :many
SELECT slot, n, at, reason, CAST(length(body) AS INTEGER) AS bytes FROM refused ORDER BY n DESC LIMIT sqlc.arg(most);

-- name: RefusedBody :one
SELECT slot, n, at, reason, body FROM refused WHERE slot = sqlc.arg(slot);

-- name: ActiveHalt :one
SELECT h.id, h.cause, h.person_id, h.email, h.payout_id, h.at FROM halt h
WHERE NOT EXISTS (SELECT 1 FROM halt_release r WHERE r.halt_id = h.id) ORDER BY h.id DESC LIMIT 1;

-- name: InsertHalt :one
-- Its number is no other stop's, also when the row of one was taken out past the desk.
INSERT INTO halt (id, cause, person_id, email, payout_id, at)
SELECT 1 + MAX(COALESCE((SELECT MAX(h.id) FROM halt h), 0), COALESCE((SELECT MAX(CAST(s.id AS INTEGER)) FROM subject s WHERE s.kind = 'release'), 0)),
  sqlc.arg(cause), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(payout_id), sqlc.arg(at)
RETURNING id;

-- name: InsertRelease :exec
INSERT INTO halt_release (halt_id, at) VALUES (sqlc.arg(halt_id), sqlc.arg(at));

-- name: InsertEvent :exec
INSERT INTO event (seq, at, person, sign_in, action, kind, subject, version, spec, payload)
VALUES (sqlc.arg(seq), sqlc.arg(at), sqlc.arg(person), sqlc.arg(sign_in), sqlc.arg(action), sqlc.arg(kind), sqlc.arg(subject), sqlc.arg(version), sqlc.arg(spec), sqlc.arg(payload));

-- name: InsertEventText :exec
INSERT INTO event_text (seq, salt, text) VALUES (sqlc.arg(seq), sqlc.arg(salt), sqlc.arg(text));

-- name: Hash :one
SELECT hash FROM event_hash WHERE idx = sqlc.arg(idx);

-- name: Hashes :many
SELECT idx, hash FROM event_hash WHERE idx >= sqlc.arg(first) ORDER BY idx LIMIT sqlc.arg(most);

-- name: LastSeq :one
SELECT CAST(COALESCE(MAX(seq), 0) AS INTEGER) AS seq FROM event;

-- name: EventsOf :many
SELECT e.seq, e.at, e.person, e.sign_in, e.action, e.kind, e.subject, e.version, e.spec, e.payload, CAST(COALESCE(t.text, '') AS TEXT) AS text
FROM event e LEFT JOIN event_text t ON t.seq = e.seq WHERE e.kind = sqlc.arg(kind) AND e.subject = sqlc.arg(subject) ORDER BY e.seq;

-- name: LastOf :one
SELECT CAST(COALESCE(MAX(seq), 0) AS INTEGER) AS seq FROM event WHERE kind = sqlc.arg(kind) AND subject = sqlc.arg(subject);

-- name: EventBySeq :one
SELECT e.seq, e.at, e.person, e.sign_in, e.action, e.kind, e.subject, e.version, e.spec, e.payload, CAST(COALESCE(t.text, '') AS TEXT) AS text
FROM event e LEFT JOIN event_text t ON t.seq = e.seq WHERE e.seq = sqlc.arg(seq);

-- name: EventsFrom :many
SELECT seq, at, person, sign_in, action, kind, subject, version, spec, payload FROM event WHERE seq > sqlc.arg(after) ORDER BY seq LIMIT sqlc.arg(most);

-- name: PersonEvents :many
SELECT seq, at, person, sign_in, action, kind, subject, version, spec, payload FROM event WHERE kind IN ('person', 'halt') ORDER BY seq;

-- name: PersonEventsAfter :many
-- Sign-ins from before are looked up one by one.
-- The plus keeps SQLite on the events themselves: only the last few are new.
SELECT seq, at, person, sign_in, action, kind, subject, version, spec, payload FROM event WHERE seq > sqlc.arg(after) AND +kind IN ('person', 'signin', 'halt') ORDER BY seq;

-- name: FactorsAdded :many
SELECT seq, at, person, sign_in, action, kind, subject, version, spec, payload FROM event WHERE action = 'factor.added' AND seq > sqlc.arg(after) ORDER BY seq;

-- name: InsertHead :exec
INSERT INTO head (size, at, signed) VALUES (sqlc.arg(size), sqlc.arg(at), sqlc.arg(signed));

-- name: SetNewestHead :exec
INSERT INTO newest_head (id, size, at, signed) VALUES (1, sqlc.arg(size), sqlc.arg(at), sqlc.arg(signed))
ON CONFLICT (id) DO UPDATE SET size = excluded.size, at = excluded.at, signed = excluded.signed;

-- name: NewestHead :one
SELECT size, at, signed FROM newest_head WHERE id = 1;

-- name: LastKeptHead :one
SELECT size, at FROM head ORDER BY size DESC LIMIT 1;

-- name: Heads :many
SELECT size, signed FROM head WHERE size > sqlc.arg(after) ORDER BY size LIMIT sqlc.arg(most);

-- name: AnyPayout :one
SELECT EXISTS (SELECT 1 FROM payout) AS yes;

-- name: NextMessageID :one
SELECT id FROM inbox WHERE id > sqlc.arg(after) ORDER BY id LIMIT 1;
