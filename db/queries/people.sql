-- name: InsertPerson :exec
INSERT INTO person (id, name, roles, founding, created_at) VALUES (sqlc.arg(id), sqlc.arg(name), sqlc.arg(roles), sqlc.arg(founding), sqlc.arg(created_at));

-- name: SuspendPerson :exec
UPDATE person SET suspended_at = sqlc.arg(at) WHERE id = sqlc.arg(id);

-- name: Person :one
SELECT id, name, roles, founding, created_at, suspended_at FROM person WHERE id = sqlc.arg(id);

-- name: People :many
SELECT id, name, roles, founding, created_at, suspended_at FROM person ORDER BY created_at, id;

-- name: Account :one
SELECT email, person_id, password_hash, changed_at, idle_minutes, keys_on FROM account WHERE email = sqlc.arg(email);

-- name: Accounts :many
SELECT email, person_id FROM account ORDER BY email;

-- name: InsertAccount :exec
INSERT INTO account (email, person_id, password_hash, changed_at, idle_minutes, keys_on)
VALUES (sqlc.arg(email), sqlc.arg(person_id), sqlc.arg(password_hash), sqlc.arg(changed_at), sqlc.arg(idle_minutes), sqlc.arg(keys_on));

-- name: UpdateAccount :exec
UPDATE account SET password_hash = sqlc.arg(password_hash), changed_at = sqlc.arg(changed_at), idle_minutes = sqlc.arg(idle_minutes), keys_on = sqlc.arg(keys_on)
WHERE email = sqlc.arg(email);

-- name: InsertLogin :exec
INSERT INTO login (id, person_id, email, created_at, last_seen, idle_s, agent, source)
VALUES (sqlc.arg(id), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(created_at), sqlc.arg(last_seen), sqlc.arg(idle_s), sqlc.arg(agent), sqlc.arg(source));

-- name: Login :one
SELECT id, person_id, email, created_at, last_seen, idle_s, agent, source FROM login WHERE id = sqlc.arg(id);

-- name: Logins :many
SELECT id, person_id, email, created_at, last_seen, idle_s, agent, source FROM login WHERE person_id = sqlc.arg(person_id) ORDER BY last_seen DESC LIMIT 100;

-- name: LastSeen :many
SELECT person_id, CAST(MAX(last_seen) AS INTEGER) AS at FROM login GROUP BY person_id;

-- name: DeleteLogin :exec
DELETE FROM login WHERE id = sqlc.arg(id);

-- name: DeleteLoginsOf :exec
DELETE FROM login WHERE person_id = sqlc.arg(person_id) AND id <> sqlc.arg(except_id);

-- name: DeleteOldLogins :exec
DELETE FROM login WHERE created_at < sqlc.arg(before);

-- name: SeeLogin :exec
UPDATE login SET last_seen = MAX(last_seen, sqlc.arg(at)) WHERE id = sqlc.arg(id);
