-- name: LastAttempt :one
SELECT n, version, digest, reference, key, flow, project, host, confirm, at FROM attempt WHERE payout_id = sqlc.arg(payout_id) ORDER BY n DESC LIMIT 1;

-- name: InsertStep :exec
INSERT INTO step (payout_id, n, attempt, call, session, why, key, body, at)
VALUES (sqlc.arg(payout_id), sqlc.arg(n), sqlc.arg(attempt), sqlc.arg(call), sqlc.arg(session), sqlc.arg(why), sqlc.arg(key), sqlc.arg(body), sqlc.arg(at));

-- name: InsertStepEnd :exec
INSERT INTO step_end (payout_id, n, kind, why, session, http, description, body, at)
VALUES (sqlc.arg(payout_id), sqlc.arg(n), sqlc.arg(kind), sqlc.arg(why), sqlc.arg(session), sqlc.arg(http), sqlc.arg(description), sqlc.arg(body), sqlc.arg(at));

-- name: Steps :many
SELECT s.n, s.attempt, s.call, s.session, s.why, s.at, CAST(length(s.body) AS INTEGER) AS bytes, CAST(COALESCE(e.kind, '') AS TEXT) AS kind, CAST(COALESCE(e.why, '') AS TEXT) AS code,
  CAST(COALESCE(e.session, '') AS TEXT) AS brought, CAST(COALESCE(e.http, 0) AS INTEGER) AS http, CAST(COALESCE(e.description, '') AS TEXT) AS description,
  CAST(COALESCE(e.at, 0) AS INTEGER) AS ended_at
FROM step s LEFT JOIN step_end e ON e.payout_id = s.payout_id AND e.n = s.n WHERE s.payout_id = sqlc.arg(payout_id) ORDER BY s.n;

-- name: EndedSteps :one
SELECT CAST(COALESCE(MAX(n), 0) AS INTEGER) AS n FROM step_end WHERE payout_id = sqlc.arg(payout_id);

-- name: StepSession :one
SELECT payout_id FROM step_end WHERE session = sqlc.arg(session) AND session <> '' LIMIT 1;

-- name: PutStepDue :exec
INSERT INTO step_due (payout_id, at) VALUES (sqlc.arg(payout_id), sqlc.arg(at)) ON CONFLICT (payout_id) DO NOTHING;

-- name: DropStepDue :exec
DELETE FROM step_due WHERE payout_id = sqlc.arg(payout_id);

-- name: ReplanSteps :exec
UPDATE step_due SET at = sqlc.arg(latest) WHERE at > sqlc.arg(latest);

-- name: LastStepAt :one
SELECT CAST(COALESCE(MAX(at), 0) AS INTEGER) AS at FROM step_due;

-- name: StepsDue :many
SELECT payout_id FROM step_due WHERE at <= sqlc.arg(now) ORDER BY at LIMIT sqlc.arg(most);

-- name: OpenStepwise :many
SELECT o.payout_id FROM open_attempt o JOIN attempt a ON a.payout_id = o.payout_id AND a.n = o.n
WHERE a.flow = 'stepwise' AND o.payout_id > sqlc.arg(after) ORDER BY o.payout_id LIMIT sqlc.arg(most);

-- name: NewestFetch :one
SELECT body, at FROM fetch WHERE payout_id = sqlc.arg(payout_id) AND session = sqlc.arg(session) AND problem = '' AND length(body) > 0 ORDER BY id DESC LIMIT 1;
