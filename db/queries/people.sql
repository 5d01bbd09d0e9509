-- name: InsertPerson :exec
INSERT INTO person (id, name, roles, founding, created_at, groups, approver_since, quiet_from, quiet_until, capped_until)
VALUES (sqlc.arg(id), sqlc.arg(name), sqlc.arg(roles), sqlc.arg(founding), sqlc.arg(created_at), sqlc.arg(groups), sqlc.arg(approver_since), sqlc.arg(quiet_from), sqlc.arg(quiet_until),
  sqlc.arg(capped_until));

-- name: UpdatePerson :execrows
UPDATE person SET roles = sqlc.arg(roles), groups = sqlc.arg(groups), approver_since = sqlc.arg(approver_since), quiet_from = sqlc.arg(quiet_from),
  quiet_until = sqlc.arg(quiet_until), capped_until = sqlc.arg(capped_until), suspended_at = sqlc.arg(suspended_at), version = version + 1
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: SuspendPerson :exec
UPDATE person SET suspended_at = sqlc.arg(at) WHERE id = sqlc.arg(id);

-- name: Person :one
SELECT id, name, roles, founding, created_at, suspended_at, groups, version, approver_since, quiet_from, quiet_until, capped_until FROM person WHERE id = sqlc.arg(id);

-- name: People :many
SELECT id, name, roles, founding, created_at, suspended_at, groups, version, approver_since, quiet_from, quiet_until, capped_until FROM person ORDER BY created_at, id;

-- name: Account :one
SELECT email, person_id, password_hash, changed_at, idle_minutes, keys_on, must_change, version, seal FROM account WHERE email = sqlc.arg(email);

-- name: Accounts :many
SELECT email, person_id, CAST(password_hash = '' AS INTEGER) AS waiting, must_change FROM account ORDER BY email;

-- name: AccountsOf :many
SELECT email, person_id, password_hash, changed_at, idle_minutes, keys_on, must_change, version, seal FROM account WHERE person_id = sqlc.arg(person_id) ORDER BY email;

-- name: InsertAccount :exec
INSERT INTO account (email, person_id, password_hash, changed_at, idle_minutes, keys_on, must_change, version, seal)
VALUES (sqlc.arg(email), sqlc.arg(person_id), sqlc.arg(password_hash), sqlc.arg(changed_at), sqlc.arg(idle_minutes), sqlc.arg(keys_on), sqlc.arg(must_change),
  sqlc.arg(version), sqlc.arg(seal));

-- name: UpdateAccount :exec
UPDATE account SET password_hash = sqlc.arg(password_hash), changed_at = sqlc.arg(changed_at), idle_minutes = sqlc.arg(idle_minutes), keys_on = sqlc.arg(keys_on),
  must_change = sqlc.arg(must_change), version = sqlc.arg(version), seal = sqlc.arg(seal)
WHERE email = sqlc.arg(email);

-- name: InsertLogin :exec
INSERT INTO login (id, person_id, email, created_at, last_seen, idle_s, agent, source, factor, device, seal)
VALUES (sqlc.arg(id), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(created_at), sqlc.arg(last_seen), sqlc.arg(idle_s), sqlc.arg(agent), sqlc.arg(source),
  sqlc.arg(factor), sqlc.arg(device), sqlc.arg(seal));

-- name: Login :one
SELECT id, person_id, email, created_at, last_seen, idle_s, agent, source, factor, device, seal FROM login WHERE id = sqlc.arg(id);

-- name: Logins :many
SELECT id, person_id, email, created_at, last_seen, idle_s, agent, source, factor, device, seal FROM login WHERE person_id = sqlc.arg(person_id) ORDER BY last_seen DESC LIMIT 100;

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

-- name: InsertEnrolment :exec
INSERT INTO enrolment (hash, person_id, email, what, made_by, at, expires_at, ended_at)
VALUES (sqlc.arg(hash), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(what), sqlc.arg(made_by), sqlc.arg(at), sqlc.arg(expires_at), 0);

-- name: Enrolment :one
SELECT hash, person_id, email, what, made_by, at, expires_at, ended_at FROM enrolment WHERE hash = sqlc.arg(hash);

-- name: OpenEnrolments :many
SELECT hash, person_id, email, what, made_by, at, expires_at, ended_at FROM enrolment WHERE person_id = sqlc.arg(person_id) AND ended_at = 0 ORDER BY at, hash;

-- name: EndEnrolment :execrows
UPDATE enrolment SET ended_at = sqlc.arg(at) WHERE hash = sqlc.arg(hash) AND ended_at = 0;
