-- name: PayoutRow :one
SELECT id, number, form, state, version, digest, acks, makers, rule_set, reference, key, session, asked, credential_no, review, confirmed,
  returned_minor, why, changes_asked, created_at, changed_at, submitted_at, approved_at, sent_at, send_at, held_until, rev
FROM payout WHERE id = sqlc.arg(id);

-- name: PayoutIDByNumber :one
SELECT id FROM payout WHERE number = sqlc.arg(number);

-- name: PayoutIDByForm :one
SELECT id FROM payout WHERE form = sqlc.arg(form);

-- name: PayoutIDByReference :one
SELECT id FROM payout WHERE reference = sqlc.arg(reference);

-- name: PayoutIDBySession :one
SELECT id FROM payout WHERE session = sqlc.arg(session);

-- name: NextNumber :one
SELECT CAST(COALESCE(MAX(number), 1000) + 1 AS INTEGER) AS number FROM payout;

-- name: InsertPayout :exec
INSERT INTO payout (id, number, form, state, version, digest, acks, makers, rule_set, amount_minor, currency, account, full_name, description,
  search, maker_name, given, needed, asked, credential_no, review, confirmed, returned_minor, why, changes_asked, replaces,
  created_at, changed_at, submitted_at, approved_at, sent_at, send_at, rev, due_date, payee_id, payee_version)
VALUES (sqlc.arg(id), sqlc.arg(number), sqlc.arg(form), sqlc.arg(state), sqlc.arg(version), sqlc.arg(digest), sqlc.arg(acks), sqlc.arg(makers),
  sqlc.arg(rule_set), sqlc.arg(amount_minor), sqlc.arg(currency), sqlc.arg(account), sqlc.arg(full_name), sqlc.arg(description),
  sqlc.arg(search), sqlc.arg(maker_name), 0, 0, 0, 0, 0, 0, 0, '', 0, sqlc.narg(replaces),
  sqlc.arg(created_at), sqlc.arg(changed_at), 0, 0, 0, 0, 1, sqlc.arg(due_date), sqlc.arg(payee_id), sqlc.arg(payee_version));

-- name: UpdatePayout :execrows
UPDATE payout SET state = sqlc.arg(state), version = sqlc.arg(version), digest = sqlc.arg(digest), acks = sqlc.arg(acks), makers = sqlc.arg(makers),
  rule_set = sqlc.arg(rule_set), amount_minor = sqlc.arg(amount_minor), currency = sqlc.arg(currency), account = sqlc.arg(account),
  full_name = sqlc.arg(full_name), description = sqlc.arg(description), search = sqlc.arg(search), given = sqlc.arg(given), needed = sqlc.arg(needed), counted = sqlc.arg(counted),
  reference = sqlc.narg(reference), key = sqlc.narg(key), session = sqlc.narg(session), asked = sqlc.arg(asked), credential_no = sqlc.arg(credential_no),
  review = sqlc.arg(review), confirmed = sqlc.arg(confirmed), returned_minor = sqlc.arg(returned_minor), why = sqlc.arg(why),
  changes_asked = sqlc.arg(changes_asked), changed_at = sqlc.arg(changed_at), submitted_at = sqlc.arg(submitted_at), approved_at = sqlc.arg(approved_at),
  sent_at = sqlc.arg(sent_at), send_at = sqlc.arg(send_at), held_until = sqlc.arg(held_until), due_date = sqlc.arg(due_date), payee_id = sqlc.arg(payee_id),
  payee_version = sqlc.arg(payee_version), rev = rev + 1
WHERE id = sqlc.arg(id) AND rev = sqlc.arg(rev);

-- name: InsertMaker :execrows
INSERT INTO payout_maker (payout_id, person_id, number) VALUES (sqlc.arg(payout_id), sqlc.arg(person_id), sqlc.arg(number)) ON CONFLICT DO NOTHING;

-- name: InsertVersion :exec
INSERT INTO payout_version (payout_id, version, amount_minor, currency, amount_text, full_name, bik, account, inn, kpp, description, own_ref, note,
  source, replaces, salt, person_id, email, at, due_date, payee_id, payee_version)
VALUES (sqlc.arg(payout_id), sqlc.arg(version), sqlc.arg(amount_minor), sqlc.arg(currency), sqlc.arg(amount_text), sqlc.arg(full_name), sqlc.arg(bik),
  sqlc.arg(account), sqlc.arg(inn), sqlc.arg(kpp), sqlc.arg(description), sqlc.arg(own_ref), sqlc.arg(note), sqlc.arg(source), sqlc.arg(replaces),
  sqlc.arg(salt), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(at), sqlc.arg(due_date), sqlc.arg(payee_id), sqlc.arg(payee_version));

-- name: Version :one
SELECT payout_id, version, amount_minor, currency, amount_text, full_name, bik, account, inn, kpp, description, own_ref, note, source, replaces, salt,
  person_id, email, at, due_date, payee_id, payee_version
FROM payout_version WHERE payout_id = sqlc.arg(payout_id) AND version = sqlc.arg(version);

-- name: Versions :many
SELECT payout_id, version, amount_minor, currency, amount_text, full_name, bik, account, inn, kpp, description, own_ref, note, source, replaces, salt,
  person_id, email, at, due_date, payee_id, payee_version
FROM payout_version WHERE payout_id = sqlc.arg(payout_id) ORDER BY version;

-- name: Same :many
SELECT id, number, state, review, confirmed, credential_no, why, changed_at FROM payout
WHERE account = sqlc.arg(account) AND amount_minor = sqlc.arg(amount_minor) AND state <> 'draft'
  AND NOT (state IN ('rejected', 'cancelled', 'expired') AND credential_no = 0 AND NOT (state = 'cancelled' AND why = 'restored'))
ORDER BY (state IN ('sending', 'in_progress', 'unknown') OR review = 1 OR (state = 'failed' AND confirmed = 0)) DESC, number DESC LIMIT 200;

-- name: Replacement :one
-- One that waited in a copy may have been paid since: it stands, and is itself what is replaced next.
SELECT id, number FROM payout WHERE replaces = sqlc.arg(replaces) AND (state NOT IN ('rejected', 'cancelled', 'expired') OR state = 'cancelled' AND why = 'restored' AND amount_minor > 0)
ORDER BY number DESC LIMIT 1;

-- name: Submitted :one
SELECT EXISTS (SELECT 1 FROM subject WHERE kind = 'payout') AS yes;

-- name: NextToSend :many
SELECT id, send_at, number FROM payout WHERE state = 'approved' AND send_at <= sqlc.arg(now) AND held_until <= sqlc.arg(now)
  AND send_at >= sqlc.arg(after_at) AND (send_at > sqlc.arg(after_at) OR number > sqlc.arg(after_number)) ORDER BY send_at, number LIMIT sqlc.arg(most);

-- name: ToExpire :many
SELECT id FROM payout WHERE state IN ('pending_approval', 'approved') AND asked = 0 AND submitted_at < sqlc.arg(before) AND due_date < sqlc.arg(due) ORDER BY submitted_at LIMIT sqlc.arg(most);

-- name: InsertSubject :exec
INSERT INTO subject (kind, id, version, digest, acks, rule_set, person_id, email, at)
VALUES (sqlc.arg(kind), sqlc.arg(id), sqlc.arg(version), sqlc.arg(digest), sqlc.arg(acks), sqlc.arg(rule_set), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(at));

-- name: Subjects :many
SELECT kind, id, version, digest, acks, rule_set, person_id, email, at FROM subject WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id) ORDER BY version;

-- name: NextDecision :one
SELECT CAST(COALESCE(MAX(seq), 0) + 1 AS INTEGER) AS seq FROM decision WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: InsertDecision :exec
INSERT INTO decision (kind, id, version, person_id, seq, email, answer, digest, rule_set, factor, at, batch)
VALUES (sqlc.arg(kind), sqlc.arg(id), sqlc.arg(version), sqlc.arg(person_id), sqlc.arg(seq), sqlc.arg(email), sqlc.arg(answer), sqlc.arg(digest),
  sqlc.arg(rule_set), sqlc.arg(factor), sqlc.arg(at), sqlc.arg(batch));

-- name: Decisions :many
SELECT person_id, seq, answer, digest, rule_set, factor, at FROM decision
WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id) AND version = sqlc.arg(version) ORDER BY seq;

-- name: InsertAttempt :exec
INSERT INTO attempt (payout_id, n, version, digest, reference, key, flow, project, host, confirm, body, at)
VALUES (sqlc.arg(payout_id), sqlc.arg(n), sqlc.arg(version), sqlc.arg(digest), sqlc.arg(reference), sqlc.arg(key), sqlc.arg(flow), sqlc.arg(project),
  sqlc.arg(host), sqlc.arg(confirm), sqlc.arg(body), sqlc.arg(at));

-- name: InsertOpenAttempt :exec
INSERT INTO open_attempt (payout_id, n, at) VALUES (sqlc.arg(payout_id), sqlc.arg(n), sqlc.arg(at));

-- name: DeleteOpenAttempt :exec
DELETE FROM open_attempt WHERE payout_id = sqlc.arg(payout_id) AND n = sqlc.arg(n);

-- name: OpenAttempt :one
SELECT n FROM open_attempt WHERE payout_id = sqlc.arg(payout_id);

-- name: StaleAttempts :many
SELECT o.payout_id, o.n, o.at FROM open_attempt o JOIN attempt a ON a.payout_id = o.payout_id AND a.n = o.n
WHERE o.at < sqlc.arg(before) AND a.flow <> 'stepwise' ORDER BY o.at LIMIT sqlc.arg(most);

-- name: CountAttempts :one
SELECT CAST(COALESCE(MAX(n), 0) AS INTEGER) AS n FROM attempt WHERE payout_id = sqlc.arg(payout_id);

-- name: HasOutcome :one
SELECT EXISTS (SELECT 1 FROM outcome WHERE payout_id = sqlc.arg(payout_id) AND n = sqlc.arg(n)) AS yes;

-- name: InsertOutcome :exec
INSERT INTO outcome (payout_id, n, kind, why, http, description, body, at)
VALUES (sqlc.arg(payout_id), sqlc.arg(n), sqlc.arg(kind), sqlc.arg(why), sqlc.arg(http), sqlc.arg(description), sqlc.arg(body), sqlc.arg(at));

-- name: Attempts :many
SELECT a.n, a.version, a.at, CAST(length(a.body) AS INTEGER) AS bytes, CAST(COALESCE(o.kind, '') AS TEXT) AS kind, CAST(COALESCE(o.why, '') AS TEXT) AS why,
  CAST(COALESCE(o.http, 0) AS INTEGER) AS http, CAST(COALESCE(o.description, '') AS TEXT) AS description, CAST(COALESCE(o.at, 0) AS INTEGER) AS answered_at
FROM attempt a LEFT JOIN outcome o ON o.payout_id = a.payout_id AND o.n = a.n WHERE a.payout_id = sqlc.arg(payout_id) ORDER BY a.n;

-- name: AttemptBody :one
SELECT body FROM attempt WHERE payout_id = sqlc.arg(payout_id) AND n = sqlc.arg(n);

-- name: OutcomeBody :one
SELECT body FROM outcome WHERE payout_id = sqlc.arg(payout_id) AND n = sqlc.arg(n);

-- name: InsertEvidence :exec
INSERT INTO evidence (payout_id, source, source_id, doc, at) VALUES (sqlc.arg(payout_id), sqlc.arg(source), sqlc.arg(source_id), sqlc.arg(doc), sqlc.arg(at));

-- name: Evidence :many
SELECT doc FROM evidence WHERE payout_id = sqlc.arg(payout_id) ORDER BY id;

-- name: InsertFetch :one
INSERT INTO fetch (payout_id, session, http, problem, code, body, at)
VALUES (sqlc.arg(payout_id), sqlc.arg(session), sqlc.arg(http), sqlc.arg(problem), sqlc.arg(code), sqlc.arg(body), sqlc.arg(at)) RETURNING id;

-- name: Fetches :many
SELECT id, session, http, problem, code, at FROM fetch WHERE payout_id = sqlc.arg(payout_id) ORDER BY id;

-- name: FetchByID :one
SELECT id, payout_id, session, http, problem, code, body, at FROM fetch WHERE id = sqlc.arg(id);

-- name: SetPoll :exec
INSERT INTO poll (session, payout_id, next_at, since, slow) VALUES (sqlc.arg(session), sqlc.arg(payout_id), sqlc.arg(next_at), sqlc.arg(since), sqlc.arg(slow))
ON CONFLICT (session, payout_id) DO UPDATE SET next_at = excluded.next_at, since = excluded.since, slow = excluded.slow;

-- name: Poll :one
SELECT session, payout_id, next_at, since, slow FROM poll WHERE session = sqlc.arg(session) AND payout_id = sqlc.arg(payout_id);

-- name: DeletePoll :exec
DELETE FROM poll WHERE session = sqlc.arg(session) AND payout_id = sqlc.arg(payout_id);

-- name: DuePolls :many
SELECT session, payout_id, next_at, since, slow FROM poll WHERE next_at <= sqlc.arg(now) ORDER BY next_at LIMIT sqlc.arg(most);

-- name: NextPollAt :one
SELECT CAST(COALESCE(MIN(next_at), 0) AS INTEGER) AS at FROM poll;

-- name: PaidAdd :exec
INSERT INTO paid_before (who, account, n, sum, last_at) VALUES (sqlc.arg(who), sqlc.arg(account), sqlc.arg(n), sqlc.arg(sum), sqlc.arg(last_at))
ON CONFLICT (who, account) DO UPDATE SET n = n + excluded.n, sum = sum + excluded.sum, last_at = MAX(last_at, excluded.last_at);

-- name: PaidBefore :many
SELECT account, n, sum, last_at FROM paid_before WHERE who = sqlc.arg(who) AND n > 0 ORDER BY last_at DESC LIMIT 50;

-- name: CounterAdd :exec
INSERT INTO counter (name, n, sum) VALUES (sqlc.arg(name), sqlc.arg(n), sqlc.arg(sum))
ON CONFLICT (name) DO UPDATE SET n = n + excluded.n, sum = sum + excluded.sum;

-- name: Counters :many
SELECT name, n, sum FROM counter WHERE name >= sqlc.arg(low) AND name < sqlc.arg(high);

-- name: PayoutBefore :one
SELECT state, amount_minor, counted, review, returned_minor, confirmed FROM payout WHERE id = sqlc.arg(id);

-- name: PollOf :one
SELECT session, payout_id, next_at, since, slow FROM poll WHERE payout_id = sqlc.arg(payout_id) ORDER BY next_at LIMIT 1;

-- name: PollsOf :many
SELECT session, payout_id, next_at, since, slow FROM poll WHERE payout_id = sqlc.arg(payout_id) ORDER BY session;

-- name: ReplanPolls :exec
-- What a clock that was ahead planned: later than any plan can be, or by an age that has not begun.
UPDATE poll SET next_at = sqlc.arg(now), since = MIN(since, sqlc.arg(now))
WHERE since > sqlc.arg(soon) OR next_at > sqlc.arg(daily) OR next_at > CASE slow WHEN 0 THEN sqlc.arg(hourly) ELSE sqlc.arg(slowly) END
  AND NOT EXISTS (SELECT 1 FROM payout p WHERE p.id = poll.payout_id AND p.confirmed = 1 AND p.review = 0 AND p.state IN ('succeeded', 'failed', 'returned'));

-- name: LastPollAt :one
SELECT CAST(COALESCE(MAX(next_at), 0) AS INTEGER) AS at FROM poll;

-- name: ToReplan :many
-- Approved by a clock that was ahead, or held by one: the newest word about when it leaves is of a time that has not come.
SELECT p.id FROM payout p WHERE p.state = 'approved' AND (p.approved_at > sqlc.arg(soon) AND p.send_at > sqlc.arg(send_at)
  OR p.held_until > sqlc.arg(soon) AND (SELECT e.at FROM event e WHERE e.kind = 'payout' AND e.subject = p.id AND e.action IN ('payout.held', 'payout.replanned')
    ORDER BY e.seq DESC LIMIT 1) > sqlc.arg(soon)) ORDER BY p.number LIMIT sqlc.arg(most);

-- name: EndOldPolls :exec
DELETE FROM poll WHERE payout_id IN (SELECT p.id FROM payout p JOIN poll o ON o.payout_id = p.id
  WHERE p.confirmed = 1 AND p.review = 0 AND p.sent_at < sqlc.arg(before) AND p.state IN ('succeeded', 'failed', 'returned'))
  AND EXISTS (SELECT 1 FROM fetch f WHERE f.payout_id = poll.payout_id AND f.session = poll.session);

-- name: CredentialsRefused :one
SELECT EXISTS (SELECT 1 FROM payout WHERE state IN ('pending_approval', 'approved') AND credential_no = 1) AS yes;
