-- name: HintPaidAccount :many
SELECT amount_minor FROM payout WHERE account = sqlc.arg(account) AND account <> '' AND state = 'succeeded' AND id <> sqlc.arg(id)
ORDER BY number DESC LIMIT 20;

-- name: HintPaidPayee :many
SELECT amount_minor FROM payout WHERE payee_id = sqlc.arg(payee_id) AND payee_id <> '' AND state = 'succeeded' AND id <> sqlc.arg(id)
ORDER BY number DESC LIMIT 20;

-- name: HintNames :many
SELECT full_name, CAST(MAX(number) AS INTEGER) AS number FROM payout
WHERE account = sqlc.arg(account) AND account <> '' AND state <> 'draft' AND id <> sqlc.arg(id) AND full_name <> sqlc.arg(full_name)
GROUP BY full_name ORDER BY number DESC LIMIT 20;

-- name: HintPayees :many
SELECT DISTINCT p.full_name FROM payee_account a JOIN payee p ON p.id = a.payee_id
WHERE a.number = sqlc.arg(account) AND a.payee_id <> sqlc.arg(payee_id) AND sqlc.arg(account) <> '' LIMIT 20;

-- name: HintMakers :many
SELECT p.id, p.amount_minor FROM (SELECT payout_id FROM payout_maker WHERE person_id = sqlc.arg(person_id) ORDER BY number DESC LIMIT 500) m
JOIN payout p ON p.id = m.payout_id WHERE p.submitted_at >= sqlc.arg(since) AND p.state <> 'draft';

-- name: HintAccount :many
SELECT id, amount_minor FROM payout WHERE account = sqlc.arg(account) AND account <> '' AND submitted_at >= sqlc.arg(since) AND state <> 'draft' LIMIT 500;

-- name: HintPayee :many
SELECT id, amount_minor, submitted_at, state FROM payout WHERE payee_id = sqlc.arg(payee_id) AND payee_id <> '' ORDER BY number DESC LIMIT 500;

-- name: HintEntered :one
SELECT at FROM payout_version WHERE payout_id = sqlc.arg(payout_id) AND version = sqlc.arg(version);

-- name: HintPerson :one
SELECT created_at, founding FROM person WHERE id = sqlc.arg(id);

-- name: HintDevice :one
SELECT EXISTS (SELECT 1 FROM seen_from WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id) AND person_id <> sqlc.arg(person_id) AND device = sqlc.arg(device)) AS yes;

-- name: InsertSeenFrom :exec
INSERT INTO seen_from (kind, id, person_id, device, at) VALUES (sqlc.arg(kind), sqlc.arg(id), sqlc.arg(person_id), sqlc.arg(device), sqlc.arg(at)) ON CONFLICT DO NOTHING;

-- name: InsertBatch :exec
INSERT INTO batch (id, person_id, email, digest, n, sum_minor, items, at)
VALUES (sqlc.arg(id), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(digest), sqlc.arg(n), sqlc.arg(sum_minor), sqlc.arg(items), sqlc.arg(at));

-- name: Batch :one
SELECT id, person_id, email, digest, n, sum_minor, items, at FROM batch WHERE id = sqlc.arg(id);
