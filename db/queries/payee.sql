-- name: PutPayee :exec
INSERT INTO payee (id, version, kind, full_name, inn, kpp, groups, makers, search, created_at, changed_at)
VALUES (sqlc.arg(id), sqlc.arg(version), sqlc.arg(kind), sqlc.arg(full_name), sqlc.arg(inn), sqlc.arg(kpp), sqlc.arg(groups), sqlc.arg(makers), sqlc.arg(search),
  sqlc.arg(created_at), sqlc.arg(changed_at))
ON CONFLICT (id) DO UPDATE SET version = excluded.version, kind = excluded.kind, full_name = excluded.full_name, inn = excluded.inn, kpp = excluded.kpp,
  groups = excluded.groups, makers = excluded.makers, search = excluded.search, changed_at = excluded.changed_at;

-- name: DropPayeeAccounts :exec
DELETE FROM payee_account WHERE payee_id = sqlc.arg(payee_id);

-- name: PutPayeeAccount :exec
INSERT INTO payee_account (payee_id, bik, number, label, since, changed)
VALUES (sqlc.arg(payee_id), sqlc.arg(bik), sqlc.arg(number), sqlc.arg(label), sqlc.arg(since), sqlc.arg(changed));

-- name: PayeeVersions :many
SELECT p.kind, p.id, p.version, p.op, p.doc, p.private, p.salt, p.concerns, p.base, p.effect_at, s.digest, s.rule_set, s.person_id, s.email, s.at,
  CAST(e.state AS TEXT) AS state, CAST(e.person_id AS TEXT) AS ended_by, CAST(e.email AS TEXT) AS ended_email, CAST(e.at AS INTEGER) AS ended_at
FROM proposal_end e JOIN proposal p ON p.kind = e.kind AND p.id = e.id AND p.version = e.version
JOIN subject s ON s.kind = p.kind AND s.id = p.id AND s.version = p.version
WHERE e.kind = 'payee' AND e.id = sqlc.arg(id) AND e.state = 'effective' ORDER BY e.version LIMIT sqlc.arg(most);

-- name: PayeesWith :many
SELECT a.payee_id, p.full_name FROM payee_account a JOIN payee p ON p.id = a.payee_id
WHERE a.number = sqlc.arg(number) AND a.bik = sqlc.arg(bik) AND a.payee_id <> sqlc.arg(besides) ORDER BY p.search, p.id LIMIT sqlc.arg(most);

-- name: UnsentOf :many
SELECT id, number FROM payout WHERE payee_id = sqlc.arg(payee_id) AND payee_id <> '' AND state IN ('pending_approval', 'approved') AND number > sqlc.arg(after)
ORDER BY number LIMIT sqlc.arg(most);
