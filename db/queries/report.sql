-- name: ReportLast :one
SELECT CAST(COALESCE(MAX(id), 0) AS INTEGER) FROM report;

-- name: DropLooseRows :exec
DELETE FROM report_row WHERE report_id > (SELECT COALESCE(MAX(id), 0) FROM report);

-- name: InsertReport :exec
INSERT INTO report (id, sha, name, source, day_from, day_to, n, paid_minor, back_minor, rows, body, person_id, email, at)
VALUES (sqlc.arg(id), sqlc.arg(sha), sqlc.arg(name), sqlc.arg(source), sqlc.arg(day_from), sqlc.arg(day_to), sqlc.arg(n), sqlc.arg(paid_minor), sqlc.arg(back_minor),
 sqlc.arg(rows), sqlc.arg(body), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(at));

-- name: ReportFile :one
SELECT id, sha, name, source, day_from, day_to, n, paid_minor, back_minor, rows, person_id, email, at FROM report WHERE id = sqlc.arg(id) OR sha = sqlc.arg(sha);

-- name: ReportBody :one
SELECT body FROM report WHERE id = sqlc.arg(id);

-- name: ReportList :many
SELECT id, sha, name, source, day_from, day_to, n, paid_minor, back_minor, rows, person_id, email, at FROM report ORDER BY id DESC LIMIT sqlc.arg(most);

-- name: ReportsOfDay :many
SELECT id, sha, name, source, day_from, day_to, n, paid_minor, back_minor, rows, person_id, email, at FROM report
WHERE day_to >= sqlc.arg(day) AND day_from <= sqlc.arg(day) ORDER BY id DESC LIMIT 100;

-- name: ReportLink :one
SELECT id, state, asked, confirmed, review, COALESCE(session, '') AS session, amount_minor, returned_minor,
 CAST(COALESCE((SELECT SUM(l.amount_minor) FROM report_row l WHERE l.match_id = payout.id AND l.kind = sqlc.arg(kind) AND l.same_as = 0), 0) AS INTEGER) AS told FROM payout
WHERE id = COALESCE((SELECT r.id FROM payout r WHERE r.reference = sqlc.arg(reference)), (SELECT x.id FROM payout x WHERE x.session = sqlc.arg(session)));

-- name: ReportSameRow :one
SELECT report_id FROM report_row WHERE operation = sqlc.arg(operation) AND session = sqlc.arg(session) AND kind = sqlc.arg(kind) AND amount_minor = sqlc.arg(amount_minor)
 AND reference = sqlc.arg(reference) AND report_id < sqlc.arg(before) ORDER BY report_id LIMIT 1;

-- name: ReportRow :one
SELECT report_id, n, part, line, day, kind, operation, session, reference, amount_minor, gross_minor, finished_at, metadata, extra, rest, mark, same_as, payout_id, match_id, hand
FROM report_row WHERE report_id = sqlc.arg(report_id) AND n = sqlc.arg(n);

-- name: ReportRowsOf :many
SELECT report_id, n, part, line, day, kind, operation, session, reference, amount_minor, gross_minor, finished_at, metadata, extra, rest, mark, same_as, payout_id, match_id, hand
FROM report_row WHERE match_id = sqlc.arg(payout_id) AND match_id <> '' AND same_as = 0 ORDER BY report_id, n LIMIT 100;

-- name: SetReportMatch :execrows
UPDATE report_row SET match_id = sqlc.arg(payout_id), hand = sqlc.arg(hand) WHERE report_id = sqlc.arg(report_id) AND n = sqlc.arg(n);

-- name: PutSettled :exec
INSERT INTO report_settled (payout_id, kind, version) VALUES (sqlc.arg(payout_id), sqlc.arg(kind), sqlc.arg(version))
ON CONFLICT (payout_id, kind) DO UPDATE SET version = excluded.version;

-- name: BankDays :many
SELECT payout_id, kind, n, day, minor, at FROM bank_day WHERE payout_id = sqlc.arg(payout_id) ORDER BY kind, n;

-- name: InsertBankDay :exec
INSERT INTO bank_day (payout_id, kind, n, day, minor, at) VALUES (sqlc.arg(payout_id), sqlc.arg(kind), sqlc.arg(n), sqlc.arg(day), sqlc.arg(minor), sqlc.arg(at));

-- name: InsertClose :exec
INSERT INTO report_close (day, version, doc, person_id, email, at) VALUES (sqlc.arg(day), sqlc.arg(version), sqlc.arg(doc), sqlc.arg(person_id), sqlc.arg(email), sqlc.arg(at));

-- name: LastClose :one
SELECT day, version, doc, person_id, email, at FROM report_close WHERE day = sqlc.arg(day) ORDER BY version DESC LIMIT 1;

-- name: Took :many
SELECT CAST(b.at - p.sent_at AS INTEGER) AS took FROM bank_day b JOIN payout p ON p.id = b.payout_id
WHERE b.kind = 'paid' AND b.at >= sqlc.arg(since) AND p.sent_at > 0 AND b.at > p.sent_at ORDER BY b.at DESC LIMIT sqlc.arg(most);

-- name: DaysMoved :many
SELECT DISTINCT CAST(m.day AS TEXT) AS day FROM (
SELECT b.day FROM event e JOIN bank_day b ON b.payout_id = e.subject WHERE e.seq > sqlc.arg(after) AND e.kind = 'payout'
UNION SELECT r.day FROM event e JOIN report_row r ON r.match_id = e.subject AND r.same_as = 0 WHERE e.seq > sqlc.arg(after) AND e.kind = 'payout'
UNION SELECT '' FROM event e WHERE e.seq > sqlc.arg(after) AND e.kind IN ('report', 'match')) m;
