-- name: InsertVerdictFile :exec
INSERT INTO verdict_file (payout_id, version, sha, media, bytes, body, at)
VALUES (sqlc.arg(payout_id), sqlc.arg(version), sqlc.arg(sha), sqlc.arg(media), sqlc.arg(bytes), sqlc.arg(body), sqlc.arg(at));

-- name: VerdictFile :one
SELECT * FROM verdict_file WHERE payout_id = sqlc.arg(payout_id) AND version = sqlc.arg(version);
