-- name: InsertFactor :exec
INSERT INTO factor (id, person_id, kind, name, data, fingerprint, created_at, vouched_by, signs_from, step, used_at, removed_at, version, seal)
VALUES (sqlc.arg(id), sqlc.arg(person_id), sqlc.arg(kind), sqlc.arg(name), sqlc.arg(data), sqlc.arg(fingerprint), sqlc.arg(created_at), sqlc.arg(vouched_by),
  sqlc.arg(signs_from), sqlc.arg(step), sqlc.arg(used_at), sqlc.arg(removed_at), sqlc.arg(version), sqlc.arg(seal));

-- name: UpdateFactor :execrows
UPDATE factor SET data = sqlc.arg(data), vouched_by = sqlc.arg(vouched_by), signs_from = sqlc.arg(signs_from), step = sqlc.arg(step), used_at = sqlc.arg(used_at),
  removed_at = sqlc.arg(removed_at), version = version + 1, seal = sqlc.arg(seal)
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: Factor :one
SELECT id, person_id, kind, name, data, fingerprint, created_at, vouched_by, signs_from, step, used_at, removed_at, version, seal FROM factor WHERE id = sqlc.arg(id);

-- name: FactorsOf :many
SELECT id, person_id, kind, name, data, fingerprint, created_at, vouched_by, signs_from, step, used_at, removed_at, version, seal FROM factor
WHERE person_id = sqlc.arg(person_id) AND removed_at = 0 ORDER BY created_at, id LIMIT 200;

-- name: MarkOf :one
SELECT person_id FROM factor_mark WHERE mark = sqlc.arg(mark);

-- name: InsertMark :exec
INSERT INTO factor_mark (mark, person_id, at) VALUES (sqlc.arg(mark), sqlc.arg(person_id), sqlc.arg(at));

-- name: InsertChallenge :exec
INSERT INTO challenge (id, person_id, purpose, digest, nonce, data, expires_at, used_at)
VALUES (sqlc.arg(id), sqlc.arg(person_id), sqlc.arg(purpose), sqlc.arg(digest), sqlc.arg(nonce), sqlc.arg(data), sqlc.arg(expires_at), sqlc.arg(used_at));

-- name: Challenge :one
SELECT id, person_id, purpose, digest, nonce, data, expires_at, used_at FROM challenge WHERE id = sqlc.arg(id);

-- name: UseChallenge :execrows
UPDATE challenge SET used_at = sqlc.arg(at) WHERE id = sqlc.arg(id) AND used_at = 0;

-- name: DropChallenges :exec
DELETE FROM challenge WHERE expires_at < sqlc.arg(before);

-- name: CountChallenges :one
SELECT COUNT(*) FROM challenge WHERE person_id = sqlc.arg(person_id);

-- name: InsertProof :exec
INSERT INTO proof (kind, id, version, person_id, seq, factor_id, digest, nonce, expires_at, credential, public_key, auth_data, client_data, signature)
VALUES (sqlc.arg(kind), sqlc.arg(id), sqlc.arg(version), sqlc.arg(person_id), sqlc.arg(seq), sqlc.arg(factor_id), sqlc.arg(digest), sqlc.arg(nonce), sqlc.arg(expires_at),
  sqlc.arg(credential), sqlc.arg(public_key), sqlc.arg(auth_data), sqlc.arg(client_data), sqlc.arg(signature));

-- name: ProofsOf :many
SELECT kind, id, version, person_id, seq, factor_id, digest, nonce, expires_at, credential, public_key, auth_data, client_data, signature FROM proof
WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id) AND version = sqlc.arg(version) ORDER BY seq;

-- name: SetLoginFactor :exec
UPDATE login SET factor = sqlc.arg(factor), seal = sqlc.arg(seal) WHERE id = sqlc.arg(id);

-- name: AllAccounts :many
SELECT email, person_id, password_hash, changed_at, idle_minutes, keys_on, must_change, version, seal FROM account ORDER BY email;

-- name: AllLogins :many
SELECT id, person_id, email, created_at, last_seen, idle_s, agent, source, factor, device, seal FROM login ORDER BY id;

-- name: SealAccount :exec
UPDATE account SET seal = sqlc.arg(seal) WHERE email = sqlc.arg(email);

-- name: BatchOf :one
SELECT d.batch, CAST(COALESCE(b.digest, '') AS TEXT) AS digest, CAST(COALESCE(b.items, '') AS TEXT) AS items, CAST(COALESCE(b.person_id, '') AS TEXT) AS person_id
FROM decision d LEFT JOIN batch b ON b.id = d.batch
WHERE d.kind = sqlc.arg(kind) AND d.id = sqlc.arg(id) AND d.version = sqlc.arg(version) AND d.person_id = sqlc.arg(person_id) AND d.seq = sqlc.arg(seq);

-- name: DropChallenge :exec
DELETE FROM challenge WHERE id = sqlc.arg(id);
