package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/calendar"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

func reportFile(r queries.ReportFileRow) app.ReportFile {
	return app.ReportFile{ID: r.ID, SHA: r.SHA, Name: r.Name, Source: r.Source, From: calendar.Day(r.DayFrom), To: calendar.Day(r.DayTo), N: int(r.N), PaidMinor: r.PaidMinor,
		BackMinor: r.BackMinor, Rows: r.Rows, By: payout.Actor{Person: r.PersonID, SignIn: r.Email}, At: fromMicro(r.At)}
}

func reportLine(r queries.ReportRow) app.ReportLine {
	return app.ReportLine{Report: r.ReportID, N: int(r.N), Part: r.Part, Line: int(r.Line), Day: calendar.Day(r.Day), Kind: r.Kind, Operation: r.Operation, Session: r.Session,
		Reference: r.Reference, Amount: r.AmountMinor, Gross: r.GrossMinor, At: fromMicro(r.FinishedAt), Metadata: r.Metadata, Extra: r.Extra, Rest: r.Rest, Mark: r.Mark,
		SameAs: r.SameAs, Payout: payout.ID(r.PayoutID), Match: payout.ID(r.MatchID), Hand: int(r.Hand)}
}

func closeOf(r queries.ReportClose, err error) (app.CloseOf, bool, error) {
	r, ok, err := found(r, err)
	return app.CloseOf{Day: calendar.Day(r.Day), Version: int(r.Version), Doc: []byte(r.Doc), By: payout.Actor{Person: r.PersonID, SignIn: r.Email}, At: fromMicro(r.At)}, ok, err
}

func (t *txn) ReportLink(reference, session, kind string) (app.LinkFact, bool, error) {
	r, ok, err := found(t.q.ReportLink(t.ctx, queries.ReportLinkParams{Reference: text(reference), Session: text(session), Kind: kind}))
	return app.LinkFact{ID: payout.ID(r.ID), State: payout.State(r.State), Asked: r.Asked != 0, Confirmed: r.Confirmed != 0, Review: r.Review != 0, Session: r.Session,
		AmountMinor: r.AmountMinor, ReturnedMinor: r.ReturnedMinor, ToldMinor: r.Told}, ok, err
}

func (t *txn) SameRow(l app.ReportLine, before int64) (int64, error) {
	id, _, err := found(t.q.ReportSameRow(t.ctx, queries.ReportSameRowParams{Operation: l.Operation, Session: l.Session, Kind: l.Kind, AmountMinor: l.Amount, Reference: l.Reference, Before: before}))
	return id, err
}

// lineColumns are what AddReportRows writes of a line, rowsAtOnce how many lines one statement takes: each run of a statement has a price of its own.
var lineColumns = strings.Split("report_id, n, part, line, day, kind, operation, session, reference, amount_minor, gross_minor, finished_at, metadata, extra, rest, mark, same_as, payout_id, match_id", ", ")

const rowsAtOnce = 50

// insertRows is the statement for so many lines.
func insertRows(n int) string {
	one := "(?" + strings.Repeat(", ?", len(lineColumns)-1) + ")"
	return "INSERT INTO report_row (" + strings.Join(lineColumns, ", ") + ") VALUES " + one + strings.Repeat(", "+one, n-1)
}

func (t *txn) AddReportRows(lines []app.ReportLine) error {
	var insert *sql.Stmt
	args := make([]any, 0, rowsAtOnce*len(lineColumns))
	for some := range slices.Chunk(lines, rowsAtOnce) {
		if insert == nil || len(some) < rowsAtOnce { // the first, and the last
			stmt, err := t.s.wc.PrepareContext(t.ctx, insertRows(len(some)))
			if err != nil {
				return err
			}
			defer stmt.Close()
			insert = stmt
		}
		args = args[:0]
		for _, l := range some {
			args = append(args, l.Report, l.N, l.Part, l.Line, string(l.Day), l.Kind, l.Operation, l.Session, l.Reference, l.Amount, l.Gross, toMicro(l.At), l.Metadata, l.Extra,
				l.Rest, l.Mark, l.SameAs, string(l.Payout), string(l.Payout))
		}
		if _, err := insert.ExecContext(t.ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) DropLooseRows() error { return t.q.DropLooseRows(t.ctx) }

func (t *txn) AddReport(f app.ReportFile, body []byte) error {
	if body == nil {
		body = []byte{}
	}
	return t.q.InsertReport(t.ctx, queries.InsertReportParams{ID: f.ID, SHA: f.SHA, Name: f.Name, Source: f.Source, DayFrom: string(f.From), DayTo: string(f.To), N: int64(f.N),
		PaidMinor: f.PaidMinor, BackMinor: f.BackMinor, Rows: f.Rows, Body: body, PersonID: f.By.Person, Email: f.By.SignIn, At: toMicro(f.At)})
}

func reportRow(ctx context.Context, q *queries.Queries, report int64, n int) (app.ReportLine, bool, error) {
	r, ok, err := found(q.ReportRow(ctx, queries.ReportRowParams{ReportID: report, N: int64(n)}))
	return reportLine(r), ok, err
}

func (t *txn) ReportRow(report int64, n int) (app.ReportLine, bool, error) {
	return reportRow(t.ctx, t.q, report, n)
}

func (t *txn) SetMatch(report int64, n int, id payout.ID, version int) error {
	k, err := t.q.SetReportMatch(t.ctx, queries.SetReportMatchParams{PayoutID: string(id), Hand: int64(version), ReportID: report, N: int64(n)})
	if err == nil && k != 1 {
		err = sql.ErrNoRows
	}
	return err
}

func (t *txn) PutSettled(id payout.ID, kind string, version int) error {
	return t.q.PutSettled(t.ctx, queries.PutSettledParams{PayoutID: string(id), Kind: kind, Version: int64(version)})
}

func (t *txn) IDByNumber(n payout.Number) (payout.ID, bool, error) {
	id, ok, err := found(t.q.PayoutIDByNumber(t.ctx, int64(n)))
	return payout.ID(id), ok, err
}

func (t *txn) BankDays(id payout.ID) ([]app.BankDay, error) {
	rows, err := t.q.BankDays(t.ctx, string(id))
	out := make([]app.BankDay, len(rows))
	for i, r := range rows {
		out[i] = app.BankDay{Payout: payout.ID(r.PayoutID), Kind: r.Kind, N: int(r.N), Day: calendar.Day(r.Day), Minor: r.Minor, At: fromMicro(r.At)}
	}
	return out, err
}

func (t *txn) AddBankDay(d app.BankDay) error {
	return t.q.InsertBankDay(t.ctx, queries.InsertBankDayParams{PayoutID: string(d.Payout), Kind: d.Kind, N: int64(d.N), Day: string(d.Day), Minor: d.Minor, At: toMicro(d.At)})
}

func (t *txn) LastClose(day calendar.Day) (app.CloseOf, bool, error) {
	return closeOf(t.q.LastClose(t.ctx, string(day)))
}

func (t *txn) AddClose(c app.CloseOf) error {
	return t.q.InsertClose(t.ctx, queries.InsertCloseParams{Day: string(c.Day), Version: int64(c.Version), Doc: string(c.Doc), PersonID: c.By.Person, Email: c.By.SignIn, At: toMicro(c.At)})
}

// ReportFile finds a report by its number, or by its bytes.
func (s *Store) ReportFile(ctx context.Context, id int64, sha string) (app.ReportFile, bool, error) {
	r, ok, err := found(s.r.ReportFile(ctx, queries.ReportFileParams{ID: id, SHA: sha}))
	return reportFile(r), ok, err
}

// Reports lists the newest reports.
func (s *Store) Reports(ctx context.Context, limit int) ([]app.ReportFile, error) {
	rows, err := s.r.ReportList(ctx, int64(limit))
	out := make([]app.ReportFile, len(rows))
	for i, r := range rows {
		out[i] = reportFile(queries.ReportFileRow(r))
	}
	return out, err
}

// ReportBody is a report byte for byte.
func (s *Store) ReportBody(ctx context.Context, id int64) ([]byte, error) {
	return s.r.ReportBody(ctx, id)
}

// ReportLast is the number of the newest report.
func (s *Store) ReportLast(ctx context.Context) (int64, error) { return s.r.ReportLast(ctx) }

// ReportsOfDay lists the newest hundred reports that are about a day, oldest first.
func (s *Store) ReportsOfDay(ctx context.Context, day calendar.Day) ([]app.ReportFile, error) {
	rows, err := s.r.ReportsOfDay(ctx, string(day))
	out := make([]app.ReportFile, len(rows))
	for i, r := range rows {
		out[i] = reportFile(queries.ReportFileRow(r))
	}
	slices.Reverse(out)
	return out, err
}

// ReportLine is one line of a report that is there.
func (s *Store) ReportLine(ctx context.Context, report int64, n int) (app.ReportLine, bool, error) {
	return reportRow(ctx, s.r, report, n)
}

// ReportLinesOf lists the lines that count as a payout's.
func (s *Store) ReportLinesOf(ctx context.Context, id payout.ID) ([]app.ReportLine, error) {
	rows, err := s.r.ReportRowsOf(ctx, string(id))
	out := make([]app.ReportLine, len(rows))
	for i, r := range rows {
		out[i] = reportLine(r)
	}
	return out, err
}

// LastCloseOf is how a day was closed last.
func (s *Store) LastCloseOf(ctx context.Context, day calendar.Day) (app.CloseOf, bool, error) {
	return closeOf(s.r.LastClose(ctx, string(day)))
}

// Took lists how long the newest payouts took.
func (s *Store) Took(ctx context.Context, since time.Time, limit int) ([]time.Duration, error) {
	rows, err := s.r.Took(ctx, queries.TookParams{Since: toMicro(since), Most: int64(limit)})
	out := make([]time.Duration, len(rows))
	for i, us := range rows {
		out[i] = time.Duration(us) * time.Microsecond
	}
	return out, err
}

// loose keeps lines out that are on their way: their report is not there yet. Reports are numbered without a gap; in ?2 stands the newest.
const loose = ` r.report_id <= ?2 `

// ofPayout is what all lines that count as one payout's say, in one text: see app.ParseRows. In ?1 stands the day. The line it names is the first; where
// people explained one, the newest that nobody did.
func ofPayout(id, kind string) string {
	const key = `r.report_id * 10000000 + r.n`
	return `(SELECT printf('%d|%d|%d|%s|%d|%d|%d|%d|%d|%s', COUNT(*), COALESCE(SUM(r.amount_minor), 0), COALESCE(SUM(CASE WHEN r.day = ?1 THEN r.amount_minor END), 0),
 COALESCE(MIN(CASE WHEN r.day <> ?1 THEN r.day END), ''), COALESCE(MAX(r.hand), 0),
 COALESCE(CASE WHEN MAX(r.hand) > 0 THEN MAX(CASE WHEN r.hand = 0 THEN ` + key + ` END) END, MIN(` + key + `), 0),
 COUNT(CASE WHEN r.hand = 0 THEN 1 END), COALESCE(SUM(CASE WHEN r.hand = 0 THEN r.amount_minor END), 0), CASE WHEN MAX(r.hand) > 0 THEN ` + fresh(id, kind) + ` ELSE 0 END,
 COALESCE(MIN(r.session), ''))
 FROM report_row r WHERE r.match_id = ` + id + ` AND r.kind = ` + kind + ` AND r.same_as = 0 AND` + loose + `)`
}

// fresh counts the lines of a payout that nobody explained and that came after the newest explanation of another line was proposed.
func fresh(id, kind string) string {
	of := func(row string) string {
		return row + `.match_id = ` + id + ` AND ` + row + `.kind = ` + kind + ` AND ` + row + `.same_as = 0 AND ` + row
	}
	return `(SELECT COUNT(*) FROM report_row n JOIN report t ON t.id = n.report_id WHERE ` + of("n") + `.hand = 0 AND t.at > (SELECT MAX(s.at) FROM report_row h
 JOIN subject s ON s.kind = 'match' AND s.id = 'row-' || h.report_id || '-' || h.n AND s.version = h.hand WHERE ` + of("h") + `.hand > 0))`
}

const paidStates = `('succeeded', 'returned')`

// EachDayLine walks a day in three parts, each by an index and in the order of it: what our record has, what only the reports have about a payout, and
// lines of nobody's.
func (s *Store) EachDayLine(ctx context.Context, day calendar.Day, yield func(app.DayLine) error) error {
	tx, err := s.rdb.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one moment for all parts
	if err != nil {
		return err
	}
	defer tx.Rollback()
	last, err := queries.New(tx).ReportLast(ctx)
	if err != nil {
		return err
	}
	walk := func(query string, scan func(*sql.Rows) (app.DayLine, error)) error {
		rows, err := tx.QueryContext(ctx, query, string(day), last)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			l, err := scan(rows)
			if err != nil {
				return err
			}
			if err := yield(l); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	scan := func(rows *sql.Rows) (app.DayLine, error) {
		var id, kind, state, said string
		var number, review, confirmed, ours, all, settled, at int64
		if err := rows.Scan(&id, &kind, &number, &state, &review, &confirmed, &ours, &all, &said, &settled, &at); err != nil {
			return app.DayLine{}, err
		}
		l, err := app.ParseRows(said)
		l.Payout, l.Kind, l.Number, l.State, l.Review, l.Confirmed, l.OurMinor, l.OurAll = payout.ID(id), kind, payout.Number(number), payout.State(state), review != 0, confirmed != 0, ours, all
		if at > 0 {
			l.At = fromMicro(at)
		}
		if l.Hand == 0 && l.Rows == 0 {
			l.Hand = int(settled)
		}
		return l, err
	}
	if err := walk(`SELECT p.id, b.kind, p.number, p.state, p.review, p.confirmed, SUM(b.minor),
 CASE b.kind WHEN 'paid' THEN SUM(b.minor) ELSE (SELECT SUM(a.minor) FROM bank_day a WHERE a.payout_id = p.id AND a.kind = 'back') END, `+ofPayout("p.id", "b.kind")+`,
 COALESCE((SELECT x.version FROM report_settled x WHERE x.payout_id = p.id AND x.kind = b.kind), 0), MAX(b.at)
FROM bank_day b JOIN payout p ON p.id = b.payout_id WHERE b.day = ?1 AND p.state IN `+paidStates+` GROUP BY b.kind, b.payout_id`, scan); err != nil {
		return err
	}
	if err := walk(`SELECT p.id, d.kind, p.number, p.state, p.review, p.confirmed, 0,
 CASE WHEN p.state IN `+paidStates+` THEN COALESCE((SELECT SUM(a.minor) FROM bank_day a WHERE a.payout_id = p.id AND a.kind = d.kind), 0) ELSE 0 END, `+ofPayout("p.id", "d.kind")+`, 0, 0
FROM (SELECT r.kind, r.match_id FROM report_row r WHERE r.day = ?1 AND r.same_as = 0 AND r.match_id <> '' AND`+loose+`GROUP BY r.kind, r.match_id) d JOIN payout p ON p.id = d.match_id
WHERE NOT (p.state IN `+paidStates+` AND EXISTS (SELECT 1 FROM bank_day b WHERE b.payout_id = p.id AND b.kind = d.kind AND b.day = ?1))`, scan); err != nil {
		return err
	}
	return walk(`SELECT r.kind, r.amount_minor, r.report_id, r.n, r.session, r.operation, r.hand FROM report_row r WHERE r.day = ?1 AND r.same_as = 0 AND r.match_id = '' AND`+loose, func(rows *sql.Rows) (app.DayLine, error) {
		l := app.DayLine{Rows: 1}
		err := rows.Scan(&l.Kind, &l.BankMinor, &l.Report, &l.N, &l.Session, &l.Operation, &l.Hand)
		l.BankAll = l.BankMinor
		return l, err
	})
}

// DayTotals adds up the rows of a day.
func (s *Store) DayTotals(ctx context.Context, day calendar.Day) (map[string]app.Figure, error) {
	out := map[string]app.Figure{}
	last, err := s.r.ReportLast(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range []struct {
		text string
		add  func(*app.Figure, int64, int64)
	}{
		{`SELECT b.kind, COUNT(*), SUM(b.minor) FROM bank_day b JOIN payout p ON p.id = b.payout_id WHERE b.day = ?1 AND ?2 >= 0 AND p.state IN ` + paidStates + ` GROUP BY b.kind`, func(f *app.Figure, n, sum int64) {
			f.N, f.Ours = int(n), sum
		}},
		{`SELECT r.kind, COUNT(*), SUM(r.amount_minor) FROM report_row r WHERE r.day = ?1 AND r.same_as = 0 AND` + loose + `GROUP BY r.kind`, func(f *app.Figure, _, sum int64) { f.Bank = sum }},
	} {
		rows, err := s.query(ctx, q.text, string(day), last)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var kind string
			var n, sum int64
			if err := rows.Scan(&kind, &n, &sum); err != nil {
				rows.Close()
				return nil, err
			}
			f := out[kind]
			q.add(&f, n, sum)
			out[kind] = f
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// DayList lists the newest days, by stepping from one to the next in the indexes.
func (s *Store) DayList(ctx context.Context, before calendar.Day, limit int) ([]app.DayRow, error) {
	if before == "" {
		before = "9999-12-31"
	}
	var out []app.DayRow
	for len(out) < limit {
		rows, err := s.query(ctx, `SELECT COALESCE(MAX(d), '') FROM (SELECT (SELECT day FROM bank_day WHERE day < ?1 ORDER BY day DESC LIMIT 1) AS d
UNION ALL SELECT (SELECT day FROM report_row WHERE same_as = 0 AND day < ?1 ORDER BY day DESC LIMIT 1)
UNION ALL SELECT (SELECT day_to FROM report WHERE day_to < ?1 ORDER BY day_to DESC LIMIT 1))`, string(before))
		if err != nil {
			return nil, err
		}
		var day string
		for rows.Next() {
			if err := rows.Scan(&day); err != nil {
				rows.Close()
				return nil, err
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
		if day == "" {
			break
		}
		before = calendar.Day(day)
		d := app.DayRow{Day: before}
		files, err := s.ReportsOfDay(ctx, d.Day)
		if err != nil {
			return nil, err
		}
		d.Files = len(files)
		d.Whole, _ = app.ToldOf(d.Day, files)
		c, closed, err := s.LastCloseOf(ctx, d.Day)
		if err != nil {
			return nil, err
		}
		if closed {
			d.Closed = &c
		}
		out = append(out, d)
	}
	return slices.Clip(out), nil
}

// DaysMoved lists the days that events after one may have changed; all says that it may be any of them.
func (s *Store) DaysMoved(ctx context.Context, after int64) (days []calendar.Day, all bool, err error) {
	rows, err := s.r.DaysMoved(ctx, after)
	for _, d := range rows {
		if d == "" {
			all = true
			continue
		}
		days = append(days, calendar.Day(d))
	}
	return days, all, err
}
