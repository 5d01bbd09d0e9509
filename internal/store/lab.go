package store

import (
	"context"
	"time"

	"countersign/internal/app"
	"countersign/internal/payout"
)

// LabRows walks what was put to people since then, or left since then, in the order of its number.
func (s *Store) LabRows(ctx context.Context, since time.Time, limit int, yield func(app.LabRow) error) error {
	rows, err := s.query(ctx, `SELECT p.id, p.number, p.state, p.confirmed, p.review, p.amount_minor, p.account, p.payee_id, v.source, p.makers, p.submitted_at, p.sent_at
FROM payout p JOIN payout_version v ON v.payout_id = p.id AND v.version = p.version
WHERE p.submitted_at >= ? OR p.sent_at >= ? ORDER BY p.number LIMIT ?`, toMicro(since), toMicro(since), limit)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r app.LabRow
		var id, state, makers string
		var number, confirmed, review, submitted, sent int64
		if err := rows.Scan(&id, &number, &state, &confirmed, &review, &r.AmountMinor, &r.Account, &r.Payee, &r.Source, &makers, &submitted, &sent); err != nil {
			return err
		}
		r.ID, r.Number, r.State, r.Confirmed, r.Review = payout.ID(id), payout.Number(number), payout.State(state), confirmed != 0, review != 0
		r.Makers, r.SubmittedAt, r.SentAt = unlist(makers), fromMicro(submitted), fromMicro(sent)
		if err := yield(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// LabKnown reads since when each payee and account was paid, which accounts were changed, and the groups of payees.
func (s *Store) LabKnown(ctx context.Context) (app.LabKnown, error) {
	k := app.LabKnown{FirstPaid: map[string]time.Time{}, Changed: map[string]time.Time{}, Groups: map[string][]string{}}
	each := func(query string, put func(key string, at int64)) error {
		rows, err := s.query(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			var at int64
			if err := rows.Scan(&key, &at); err != nil {
				return err
			}
			put(key, at)
		}
		return rows.Err()
	}
	paid := func(key string, at int64) { k.FirstPaid[key] = fromMicro(at) }
	if err := each("SELECT 'acc.' || account, MIN(sent_at) FROM payout WHERE state = 'succeeded' AND sent_at > 0 GROUP BY account", paid); err != nil {
		return k, err
	}
	if err := each("SELECT payee_id, MIN(sent_at) FROM payout WHERE state = 'succeeded' AND sent_at > 0 AND payee_id <> '' GROUP BY payee_id", paid); err != nil {
		return k, err
	}
	if err := each("SELECT payee_id || ' ' || number, since FROM payee_account WHERE changed = 1", func(key string, at int64) { k.Changed[key] = fromMicro(at) }); err != nil {
		return k, err
	}
	rows, err := s.query(ctx, "SELECT id, groups FROM payee WHERE groups <> ''")
	if err != nil {
		return k, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, groups string
		if err := rows.Scan(&id, &groups); err != nil {
			return k, err
		}
		k.Groups[id] = words(groups)
	}
	return k, rows.Err()
}
