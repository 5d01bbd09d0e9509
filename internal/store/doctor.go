package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

// asker is a connection or a transaction, for questions that are asked too seldom to be prepared.
type asker interface {
	queries.DBTX
}

// read runs fn in one read transaction.
func (s *Store) read(ctx context.Context, fn func(asker, *queries.Queries) error) error {
	tx, err := s.rdb.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(tx, queries.New(tx))
}

// OthersWrote counts, as SQLite does for this connection, the commits of others: it only tells that there were some since the last look.
func (t *txn) OthersWrote() (n int64, err error) {
	err = t.s.wc.QueryRowContext(t.ctx, "PRAGMA data_version").Scan(&n)
	return n, err
}

func (t *txn) Examine(id payout.ID) (app.Examined, error) { return examine(t.ctx, t.s.wc, t.q, id) }

func (t *txn) LookRows(q app.LookQuery) (app.LookRows, error) {
	return lookRows(t.ctx, t.s.wc, t.q, q)
}

// Releases lists the events that let sending go on.
func (t *txn) Releases() ([]audit.Event, error) { return releases(t.ctx, t.s.wc) }

func releases(ctx context.Context, db asker) ([]audit.Event, error) {
	rows, err := db.QueryContext(ctx, "SELECT seq, subject, payload FROM event WHERE action = 'halt.off' ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []audit.Event
	for rows.Next() {
		e := audit.Event{Action: "halt.off", Kind: "halt"}
		var doc string
		if err := rows.Scan(&e.Seq, &e.Subject, &doc); err != nil {
			return nil, err
		}
		e.Payload = []byte(doc)
		out = append(out, e)
	}
	return out, rows.Err()
}

// Excepted are the findings of a database that people let sending go on in spite of.
func Excepted(ctx context.Context, path string) (map[app.Finding]bool, error) {
	d, err := openReadOnly(path)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	events, err := releases(ctx, d)
	return app.Excepts(events), err
}

// Examine is everything that the rows say about one payout, from one read.
func (s *Store) Examine(ctx context.Context, id payout.ID) (x app.Examined, err error) {
	err = s.read(ctx, func(db asker, q *queries.Queries) error {
		x, err = examine(ctx, db, q, id)
		return err
	})
	return x, err
}

func examine(ctx context.Context, db asker, q *queries.Queries, id payout.ID) (x app.Examined, err error) {
	x.Payout.ID = id
	s, err := loadPayout(ctx, q, id)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		x.Broken = "its row is gone"
		return x, nil
	case none(err):
		x.Broken = "its version is gone"
		return x, nil
	case err != nil:
		return x, err
	}
	if _, err := payout.Restore(s); errors.Is(err, payout.ErrBroken) {
		x.Broken = err.Error()
		return x, nil
	} else if err != nil {
		return x, err
	}
	x.Payout = s
	if x.Decisions, err = decisions(ctx, q, approval.Payout, string(id), s.Version); err != nil {
		return x, err
	}
	rows, err := q.EventsOf(ctx, queries.EventsOfParams{Kind: "payout", Subject: string(id)})
	if err != nil {
		return x, err
	}
	for _, r := range rows {
		x.Events = append(x.Events, event(r).Event)
	}
	if x.Attempts, err = examinedAttempts(ctx, db, id); err != nil {
		return x, err
	}
	if x.Steps, err = examinedSteps(ctx, db, id); err != nil {
		return x, err
	}
	var next, slow sql.NullInt64
	err = db.QueryRowContext(ctx, `SELECT p.needed, (SELECT COUNT(*) FROM payout o WHERE o.session = p.session), l.next_at, l.slow
FROM payout p LEFT JOIN poll l ON l.payout_id = p.id AND l.session = p.session WHERE p.id = ?`, string(id)).Scan(&x.Needed, &x.Sessions, &next, &slow)
	x.NextPoll, x.SlowPoll = fromMicro(next.Int64), slow.Int64 != 0
	return x, err
}

func examinedAttempts(ctx context.Context, db asker, id payout.ID) ([]app.ExaminedAttempt, error) {
	rows, err := db.QueryContext(ctx, `SELECT a.n, a.digest, a.reference, a.key, a.flow, a.at, COALESCE(o.kind, ''), x.payout_id IS NOT NULL FROM attempt a
LEFT JOIN outcome o ON o.payout_id = a.payout_id AND o.n = a.n LEFT JOIN open_attempt x ON x.payout_id = a.payout_id AND x.n = a.n
WHERE a.payout_id = ? ORDER BY a.n`, string(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.ExaminedAttempt
	for rows.Next() {
		var at app.ExaminedAttempt
		var when int64
		if err := rows.Scan(&at.N, &at.Digest, &at.Reference, &at.Key, &at.Flow, &when, &at.Outcome, &at.Open); err != nil {
			return nil, err
		}
		at.At = fromMicro(when)
		out = append(out, at)
	}
	return out, rows.Err()
}

func examinedSteps(ctx context.Context, db asker, id payout.ID) ([]app.ExaminedStep, error) {
	rows, err := db.QueryContext(ctx, `SELECT s.n, s.attempt, s.call, s.session, s.why, s.key, COALESCE(e.kind, ''), COALESCE(e.session, '') FROM step s
LEFT JOIN step_end e ON e.payout_id = s.payout_id AND e.n = s.n WHERE s.payout_id = ? ORDER BY s.n`, string(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.ExaminedStep
	for rows.Next() {
		var s app.ExaminedStep
		if err := rows.Scan(&s.N, &s.Attempt, &s.Call, &s.Session, &s.Why, &s.Key, &s.Answer, &s.Brought); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// gapsMost bounds how many runs of missing numbers are named.
const gapsMost = 20

// gaps finds the numbers above after, up to the last one, that no event has.
func gaps(ctx context.Context, db asker, after, last int64) ([]app.Gap, error) {
	var n int64
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM event WHERE seq > ?", after).Scan(&n); err != nil || n == max(0, last-after) {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT seq FROM event WHERE seq > ? ORDER BY seq", after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.Gap
	for want := after + 1; rows.Next() && len(out) < gapsMost; want++ {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		if seq != want {
			out = append(out, app.Gap{From: want, To: seq - 1})
			want = seq
		}
	}
	return out, rows.Err()
}

// LookRows reads what changed since the last look, and what must hold of everything, from one read.
func (s *Store) LookRows(ctx context.Context, q app.LookQuery) (r app.LookRows, err error) {
	err = s.read(ctx, func(db asker, qs *queries.Queries) error {
		r, err = lookRows(ctx, db, qs, q)
		return err
	})
	return r, err
}

func payoutIDs(ctx context.Context, db asker, query string, args ...any) ([]payout.ID, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []payout.ID
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, payout.ID(id))
	}
	return out, rows.Err()
}

func lookRows(ctx context.Context, db asker, q *queries.Queries, l app.LookQuery) (r app.LookRows, err error) {
	if r.Seq, err = q.LastSeq(ctx); err != nil {
		return r, err
	}
	from := l.After
	if l.Whole {
		from = 0
	}
	if r.Gaps, err = gaps(ctx, db, from, r.Seq); err != nil {
		return r, err
	}
	if r.Changed, err = payoutIDs(ctx, db, `SELECT DISTINCT subject FROM event WHERE seq > ? AND kind = 'payout' LIMIT ?`, l.After, 10*l.Most); err != nil {
		return r, err
	}
	for _, state := range []payout.State{payout.Sending, payout.Unknown, payout.InProgress, payout.Approved, payout.PendingApproval} {
		ids, err := payoutIDs(ctx, db, "SELECT id FROM payout WHERE state = ? ORDER BY changed_at DESC LIMIT ?", string(state), l.Most)
		if err != nil {
			return r, err
		}
		r.Open = append(r.Open, ids...)
	}
	if l.RollMost > 0 {
		var last sql.NullInt64
		if r.Rolled, err = payoutIDs(ctx, db, "SELECT id FROM payout WHERE number > ? ORDER BY number LIMIT ?", int64(l.Roll), l.RollMost); err != nil {
			return r, err
		}
		if len(r.Rolled) == l.RollMost {
			if err := db.QueryRowContext(ctx, "SELECT number FROM payout WHERE id = ?", string(r.Rolled[len(r.Rolled)-1])).Scan(&last); err != nil {
				return r, err
			}
		}
		r.RollTo = payout.Number(last.Int64)
	}
	var at int64
	err = db.QueryRowContext(ctx, "SELECT i.id, i.received_at FROM inbox i WHERE NOT EXISTS (SELECT 1 FROM inbox_result r WHERE r.inbox_id = i.id) AND i.id > ? ORDER BY i.id LIMIT 1",
		lastApplied(ctx, q)).Scan(&r.Message, &at)
	if err != nil && !none(err) {
		return r, err
	}
	r.MessageAt = fromMicro(at)
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*), (SELECT COALESCE(SUM(n), 0) FROM counter WHERE name = 'state:unknown') FROM payout WHERE state = 'unknown'").
		Scan(&r.Unknown, &r.UnknownCounted); err != nil {
		return r, err
	}
	if err := db.QueryRowContext(ctx, "SELECT (SELECT COALESCE(SUM(n), 0) FROM counter WHERE name GLOB 'state:*') - (SELECT COUNT(*) FROM payout)").Scan(&r.Gone); err != nil {
		return r, err
	}
	if r.Ownerless, err = payoutIDs(ctx, db, "SELECT id FROM payout WHERE state = 'unknown' AND (sent_at = 0 OR makers = '[]') LIMIT ?", l.Most); err != nil {
		return r, err
	}
	r.Uses, err = usesOfDay(ctx, db, q, l)
	return r, err
}

// lastApplied bounds the search for what waits: messages are applied in their order.
func lastApplied(ctx context.Context, q *queries.Queries) int64 {
	n, err := q.LastApplied(ctx)
	if err != nil {
		return 0
	}
	return n
}

// usesMost bounds how many payouts of a day are counted again each minute; above that only the whole proof at night does.
const usesMost = 5000

// usesOfDay compares the counters of limits of the present Moscow day with the payouts that fill them, and returns those that differ.
func usesOfDay(ctx context.Context, db asker, q *queries.Queries, l app.LookQuery) (map[string][2]int64, error) {
	if l.Most == 0 {
		return nil, nil
	}
	day := calendar.DayOf(l.Now)
	start := toMicro(day.Start())
	var founded sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT MIN(at) FROM event WHERE action = 'rules.founded'").Scan(&founded); err != nil {
		return nil, err
	}
	var before int64 // sent today before anybody counted: a desk of an older version
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM payout WHERE changed_at >= ? AND sent_at >= ? AND sent_at < ?", start, start, founded.Int64).Scan(&before); err != nil {
		return nil, err
	}
	ids, err := payoutIDs(ctx, db, "SELECT id FROM payout WHERE changed_at >= ? AND sent_at >= ? LIMIT ?", start, start, usesMost)
	if err != nil || len(ids) == usesMost || before > 0 || !founded.Valid {
		return nil, err
	}
	want := map[string]int64{}
	for _, id := range ids {
		s, err := loadPayout(ctx, q, id)
		if fault.KindOf(err) == fault.NotFound || none(err) {
			continue // found by the fold
		}
		if err != nil {
			return nil, err
		}
		if s.Content.Erased() {
			return nil, nil // room is counted by account
		}
		if app.HoldsRoom(s) {
			for _, name := range app.UseNames(s) {
				if strings.HasSuffix(name, string(day)) {
					want[name] += s.Content.Amount.Minor
				}
			}
		}
	}
	want["use:company:"+string(day)] += 0 // also when nobody fills it
	out := map[string][2]int64{}
	for name, sum := range want {
		var got int64
		if err := db.QueryRowContext(ctx, "SELECT COALESCE(SUM(sum), 0) FROM counter WHERE name = ?", name).Scan(&got); err != nil {
			return nil, err
		}
		if got != sum {
			out[name] = [2]int64{got, sum}
		}
	}
	return out, nil
}

// Prove proves the whole history and every row against it, and counts every decision again as of its event, each from a read of its own.
func (s *Store) Prove(ctx context.Context) ([]app.Finding, error) { return Prove(ctx, s.o.Path) }

// Prove is the whole check of a database, also of a running desk.
func Prove(ctx context.Context, path string) ([]app.Finding, error) {
	var out []app.Finding
	r, err := Verify(ctx, path, nil, nil)
	if err != nil {
		return nil, err
	}
	if !r.OK() {
		row := "event/" + itoa(r.Broken)
		if r.Broken == r.Events { // something about all rows, proved at the end: it must read the same at tomorrow's end, or no release could except it
			row = "log"
		}
		out = append(out, app.Finding{Invariant: "history", Row: row, What: r.Reason})
	}
	again, err := CheckApprovals(ctx, path)
	if err != nil {
		return nil, err
	}
	for _, f := range again.Findings {
		x := app.Finding{Invariant: "I2", Row: "event/" + itoa(f.Seq), What: f.What}
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out, nil
}

// JudgeAll looks at every payout of a database, and at what must hold of everything; n is how many.
func JudgeAll(ctx context.Context, path string, now time.Time) (found []app.Finding, n int, err error) {
	d, err := openReadOnly(path)
	if err != nil {
		return nil, 0, err
	}
	defer d.Close()
	tx, err := d.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback()
	q := queries.New(tx)
	l := app.LookQuery{Whole: true, RollMost: readPage, Most: readPage, Now: now}
	for {
		r, err := lookRows(ctx, tx, q, l)
		if err != nil {
			return nil, 0, err
		}
		if l.Roll == 0 {
			found = app.JudgeRows(l, r)
		}
		for _, id := range r.Rolled {
			x, err := examine(ctx, tx, q, id)
			if err != nil {
				return nil, 0, err
			}
			n++
			found = append(found, app.Judge(x, now)...)
		}
		l.Whole = false // counted once
		if l.Roll = r.RollTo; l.Roll == 0 {
			return found, n, nil
		}
	}
}
