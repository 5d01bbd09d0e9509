-- name: InsertProposal :exec
INSERT INTO proposal (kind, id, version, op, doc, private, salt, concerns, base, effect_at)
VALUES (sqlc.arg(kind), sqlc.arg(id), sqlc.arg(version), sqlc.arg(op), sqlc.arg(doc), sqlc.arg(private), sqlc.arg(salt), sqlc.arg(concerns), sqlc.arg(base),
  sqlc.arg(effect_at));

-- name: MarkOpen :execrows
INSERT INTO proposal_open (kind, id, version, at, effect_at) VALUES (sqlc.arg(kind), sqlc.arg(id), sqlc.arg(version), sqlc.arg(at), sqlc.arg(effect_at))
ON CONFLICT DO NOTHING;

-- name: UnmarkOpen :execrows
DELETE FROM proposal_open WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: EndProposal :exec
INSERT INTO proposal_end (kind, id, version, state, person_id, email, at)
VALUES (sqlc.arg(kind), sqlc.arg(id), sqlc.arg(version), sqlc.arg(state), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(at));

-- name: Proposals :many
SELECT p.kind, p.id, p.version, p.op, p.doc, p.private, p.salt, p.concerns, p.base, p.effect_at, s.digest, s.rule_set, s.person_id, s.email, s.at,
  CAST(COALESCE(e.state, '') AS TEXT) AS state, CAST(COALESCE(e.person_id, '') AS TEXT) AS ended_by, CAST(COALESCE(e.email, '') AS TEXT) AS ended_email,
  CAST(COALESCE(e.at, 0) AS INTEGER) AS ended_at
FROM proposal p JOIN subject s ON s.kind = p.kind AND s.id = p.id AND s.version = p.version
LEFT JOIN proposal_end e ON e.kind = p.kind AND e.id = p.id AND e.version = p.version
WHERE p.kind = sqlc.arg(kind) AND p.id = sqlc.arg(id) AND p.version >= sqlc.arg(first) AND p.version <= sqlc.arg(last) ORDER BY p.version DESC LIMIT sqlc.arg(most);

-- name: OpenProposals :many
SELECT p.kind, p.id, p.version, p.op, p.doc, p.private, p.salt, p.concerns, p.base, p.effect_at, s.digest, s.rule_set, s.person_id, s.email, s.at,
  CAST('' AS TEXT) AS state, CAST('' AS TEXT) AS ended_by, CAST('' AS TEXT) AS ended_email, CAST(0 AS INTEGER) AS ended_at
FROM proposal_open o JOIN proposal p ON p.kind = o.kind AND p.id = o.id AND p.version = o.version
JOIN subject s ON s.kind = p.kind AND s.id = p.id AND s.version = p.version
WHERE (CAST(sqlc.arg(kind) AS TEXT) = '' OR o.kind = sqlc.arg(kind)) AND (CAST(sqlc.arg(person_id) AS TEXT) = '' OR s.person_id = sqlc.arg(person_id))
ORDER BY o.at, o.kind, o.id LIMIT sqlc.arg(most);

-- name: OpenVersion :one
SELECT version FROM proposal_open WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id);

-- name: InForceVersion :one
SELECT CAST(COALESCE(MAX(version), 0) AS INTEGER) AS version FROM proposal_end WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id) AND state = 'effective';

-- name: LastProposal :one
SELECT CAST(COALESCE(MAX(version), 0) AS INTEGER) AS version FROM proposal WHERE kind = sqlc.arg(kind) AND id = sqlc.arg(id);

-- name: PayeeMakers :many
SELECT DISTINCT person_id FROM subject WHERE kind = 'payee' AND id = sqlc.arg(id) AND version <= sqlc.arg(version) ORDER BY person_id;

-- name: PayeeInForce :one
SELECT id, version, kind, full_name, inn, kpp, groups, makers, search, created_at, changed_at FROM payee WHERE id = sqlc.arg(id);

-- name: PayeeAccounts :many
SELECT payee_id, bik, number, label, since, changed FROM payee_account WHERE payee_id = sqlc.arg(payee_id) ORDER BY since, bik, number;

-- name: AccountsBeside :many
SELECT a.payee_id, a.number FROM payee_account a WHERE a.payee_id = sqlc.arg(payee_id)
  OR a.payee_id IN (SELECT h.payee_id FROM payee_account h WHERE h.number = sqlc.arg(number) AND h.number <> '' ORDER BY h.payee_id LIMIT sqlc.arg(most))
ORDER BY a.payee_id, a.number;

-- name: PaidToAccount :one
SELECT CAST(COALESCE(SUM(n), 0) AS INTEGER) AS n FROM paid_before WHERE account = sqlc.arg(account);

-- name: CounterOf :one
SELECT n, sum FROM counter WHERE name = sqlc.arg(name);

-- name: Signatures :one
SELECT given, needed FROM payout WHERE id = sqlc.arg(id);

-- name: HeldForLimit :many
SELECT id, number FROM payout WHERE state = 'approved' AND (why = 'limit' OR why = sqlc.arg(also)) AND held_until > 0 AND number > sqlc.arg(after_number) ORDER BY number LIMIT sqlc.arg(most);

-- name: OpenBy :one
SELECT COUNT(*) FROM proposal_open o JOIN subject s ON s.kind = o.kind AND s.id = o.id AND s.version = o.version WHERE s.person_id = sqlc.arg(person_id);
