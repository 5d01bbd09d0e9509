-- name: BankFile :one
SELECT sha, day, version, n, person_id, email, at FROM bank_file WHERE id = 1;

-- name: PutBankFile :exec
INSERT INTO bank_file (id, sha, day, version, n, person_id, email, at)
VALUES (1, sqlc.arg(sha), sqlc.arg(day), sqlc.arg(version), sqlc.arg(n), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(at))
ON CONFLICT (id) DO UPDATE SET sha = excluded.sha, day = excluded.day, version = excluded.version, n = excluded.n, person_id = excluded.person_id,
  email = excluded.email, at = excluded.at;

-- name: ClearBankNames :exec
DELETE FROM bank_name;

-- name: InsertBankName :exec
INSERT INTO bank_name (bik, name, town, closed) VALUES (sqlc.arg(bik), sqlc.arg(name), sqlc.arg(town), sqlc.arg(closed));

-- name: BankName :one
SELECT bik, name, town, closed FROM bank_name WHERE bik = sqlc.arg(bik);

-- name: RefusedAfter :many
SELECT slot, n, signature, body FROM refused WHERE n > sqlc.arg(after) ORDER BY n LIMIT sqlc.arg(most);

-- name: DropRefused :exec
DELETE FROM refused WHERE slot = sqlc.arg(slot) AND n = sqlc.arg(n);
