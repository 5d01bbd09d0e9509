package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// rowColumns are the columns of one line, in the order of scanRow.
const rowColumns = `p.id, p.number, p.state, p.review, p.confirmed, p.changes_asked, p.why, p.full_name, p.account, p.description, p.amount_minor,
 p.returned_minor, p.given, p.needed, p.maker_name, p.changed_at, p.send_at, p.sent_at, p.submitted_at, p.makers, p.digest, p.version,
 p.payee_id, p.payee_version, p.due_date, p.held_until`

func scanRow(rows *sql.Rows, more ...any) (app.Row, error) {
	var r app.Row
	var id, state, makers string
	// Whole numbers into int64 alone: database/sql prints and parses for any other kind.
	var number, review, confirmed, asked, given, needed, changed, send, sent, submitted, version, payeeVersion, heldUntil int64
	var room [40]any
	dest := append(append(room[:0], &id, &number, &state, &review, &confirmed, &asked, &r.Why, &r.FullName, &r.Account, &r.Description, &r.Amount,
		&r.ReturnedMinor, &given, &needed, &r.MakerName, &changed, &send, &sent, &submitted, &makers, &r.Digest, &version,
		&r.PayeeID, &payeeVersion, &r.DueDate, &heldUntil), more...)
	if err := rows.Scan(dest...); err != nil {
		return r, err
	}
	r.Review, r.Confirmed, r.ChangesAsked, r.Given, r.Needed, r.Version = review != 0, confirmed != 0, asked != 0, int(given), int(needed), int(version)
	r.ID, r.Number, r.State, r.Makers = payout.ID(id), payout.Number(number), payout.State(state), unlist(makers)
	r.PayeeVersion, r.HeldUntil = int(payeeVersion), fromMicro(heldUntil)
	r.ChangedAt, r.SendAt, r.SentAt, r.SubmittedAt = fromMicro(changed), fromMicro(send), fromMicro(sent), fromMicro(submitted)
	return r, nil
}

// maxShapes bounds how many queries of a list are kept prepared.
const maxShapes = 64

// query runs a query whose text depends on the filter. There are few such texts: each is prepared once.
func (s *Store) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s.shapesMu.Lock()
	stmt := s.shapes[text]
	if stmt == nil && len(s.shapes) < maxShapes {
		var err error
		if stmt, err = s.rdb.PrepareContext(ctx, text); err != nil {
			s.shapesMu.Unlock()
			return nil, err
		}
		s.shapes[text] = stmt
	}
	s.shapesMu.Unlock()
	if stmt == nil {
		return s.rdb.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

func (s *Store) rows(ctx context.Context, rest string, args ...any) ([]app.Row, error) {
	return s.rowsFrom(ctx, 0, "payout p "+rest, args...)
}

// rowsFrom reads lines; many is how many there may be.
func (s *Store) rowsFrom(ctx context.Context, many int, from string, args ...any) ([]app.Row, error) {
	rows, err := s.query(ctx, "SELECT "+rowColumns+" FROM "+from, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.Row
	if many > 0 {
		out = make([]app.Row, 0, many)
	}
	for rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// where is the condition of a list. Every value is a bound parameter.
type where struct {
	parts []string
	args  []any
	from  string // "" is all payouts; its arguments come first
	join  string
}

func (w *where) table() string {
	if w.from == "" {
		return "payout p "
	}
	return w.from
}

func (w *where) add(cond string, args ...any) {
	w.parts = append(w.parts, cond)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.parts) == 0 {
		return w.join
	}
	return w.join + " WHERE " + strings.Join(w.parts, " AND ")
}

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// maxSearch bounds the search text, characters.
const maxSearch = 100

func filter(q app.ListQuery) *where {
	w := &where{}
	if n := len(q.States); n > 0 {
		args := make([]any, n)
		for i, st := range q.States {
			args[i] = string(st)
		}
		w.add("p.state IN (?"+strings.Repeat(",?", n-1)+")", args...)
	}
	if !q.From.IsZero() {
		w.add("p.changed_at >= ?", toMicro(q.From))
	}
	if !q.To.IsZero() {
		w.add("p.changed_at < ?", toMicro(q.To))
	}
	if q.Min > 0 {
		w.add("p.amount_minor >= ?", q.Min)
	}
	if q.Max > 0 {
		w.add("p.amount_minor <= ?", q.Max)
	}
	if q.Maker != "" {
		w.join = "JOIN payout_maker m ON m.payout_id = p.id AND m.number = p.number"
		w.add("m.person_id = ?", q.Maker)
	}
	words, n, isNumber := searched(q.Text)
	if isNumber {
		w.add(`(p.number = ? OR p.account LIKE ? ESCAPE '\' OR p.search LIKE ? ESCAPE '\')`, n, "%"+likeEscape(words[0]), "%"+likeEscape(words[0])+"%")
		return w
	}
	for _, word := range words {
		w.add(`p.search LIKE ? ESCAPE '\'`, "%"+likeEscape(word)+"%")
	}
	return w
}

// cursor is "changed-number" of the last line seen.
func cursor(r app.Row) string { return itoa(toMicro(r.ChangedAt)) + "-" + itoa(int64(r.Number)) }

func (w *where) after(c string) error {
	if c == "" {
		return nil
	}
	a, b, ok := strings.Cut(c, "-")
	at, err1 := strconv.ParseInt(a, 10, 64)
	n, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return fault.Bad("after", "list.after")
	}
	w.add("(p.changed_at, p.number) < (?, ?)", at, n)
	return nil
}

// page bounds a page of any list.
func page(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, 200)
}

// List returns one page, newest change first, by keyset. Invalid "list.after" for a cursor that is none.
func (s *Store) List(ctx context.Context, q app.ListQuery) (app.ListPage, error) {
	w := filter(q)
	if err := w.after(q.After); err != nil {
		return app.ListPage{}, err
	}
	hits, cut, ok, err := s.candidates(ctx, q.Text, fewHits)
	if err == nil && ok && !cut {
		err = w.among(hits)
	}
	if err != nil {
		return app.ListPage{}, err
	}
	n := page(q.Limit)
	rows, err := s.rowsFrom(ctx, n+1, w.table()+w.String()+" ORDER BY p.changed_at DESC, p.number DESC LIMIT ?", append(w.args, n+1)...)
	if err != nil {
		return app.ListPage{}, err
	}
	p := app.ListPage{Rows: rows}
	if len(rows) > n {
		p.Rows = rows[:n]
		p.Next = cursor(p.Rows[n-1])
	}
	return p, nil
}

// exact is how many rows of a filter are counted without being asked to.
const exact = 10_000

// Totals sums the filtered list: from the counters when only states filter it, else by reading up to 10,000 rows, or all with CountAll.
func (s *Store) Totals(ctx context.Context, q app.ListQuery) (app.Totals, error) {
	if q.StatesOnly() {
		c, err := s.Counters(ctx, "state:")
		if err != nil {
			return app.Totals{}, err
		}
		part, err := s.Counters(ctx, "back")
		if err != nil {
			return app.Totals{}, err
		}
		return app.TotalsOf(q.States, c, part["back"].Sum), nil
	}
	var t app.Totals
	w := filter(q)
	hits, cut, ok, err := s.candidates(ctx, q.Text, exact)
	ok = ok && !(cut && q.CountAll)
	if err == nil && ok {
		err = w.among(hits)
	}
	if err != nil {
		return t, err
	}
	most := exact + 1
	if q.CountAll {
		most = -1 // SQLite's word for no limit
	}
	rows, err := s.query(ctx, "SELECT state, COUNT(*), SUM(amount_minor), SUM(returned_minor) FROM (SELECT p.state, p.amount_minor, p.returned_minor FROM "+w.table()+
		w.String()+" LIMIT ?) GROUP BY state", append(w.args, most)...)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	for rows.Next() {
		var st string
		var n int
		var sum, back int64
		if err := rows.Scan(&st, &n, &sum, &back); err != nil {
			return t, err
		}
		t.Add(payout.State(st), n, sum, back)
	}
	t.More = !q.CountAll && (t.N > exact || ok && cut)
	return t, rows.Err()
}

// Rows loads lines by id, in no order.
func (s *Store) Rows(ctx context.Context, ids []payout.ID) ([]app.Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = string(id)
	}
	return s.rows(ctx, "WHERE p.id IN (?"+strings.Repeat(",?", len(ids)-1)+")", args...)
}

// Pending lists what awaits approval, oldest submission first, with its decisions.
func (s *Store) Pending(ctx context.Context, limit int) ([]app.PendingRow, error) {
	return s.pending(ctx, "", limit)
}

// PendingSaid lists what of it stands behind a place and was decided on.
func (s *Store) PendingSaid(ctx context.Context, after app.Place, limit int) ([]app.PendingRow, error) {
	at := toMicro(after.At)
	return s.pending(ctx, ` AND p.submitted_at >= ? AND (p.submitted_at > ? OR p.number > ?)
AND EXISTS (SELECT 1 FROM decision d WHERE d.kind = 'payout' AND d.id = p.id AND d.version = p.version)`, at, at, int64(after.Number), limit)
}

func (s *Store) pending(ctx context.Context, more string, args ...any) ([]app.PendingRow, error) {
	rows, err := s.rdb.QueryContext(ctx, "SELECT "+rowColumns+", p.acks, p.rule_set, v.bik, v.inn, v.source FROM payout p JOIN payout_version v ON v.payout_id = p.id AND v.version = p.version WHERE p.state = 'pending_approval'"+more+" ORDER BY p.submitted_at, p.number LIMIT ?", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.PendingRow
	at := map[string]int{}
	for rows.Next() {
		var acks string
		var rules int
		var more app.PendingRow
		r, err := scanRow(rows, &acks, &rules, &more.BIK, &more.INN, &more.Source)
		if err != nil {
			return nil, err
		}
		at[string(r.ID)] = len(out)
		more.Row, more.Acks, more.RuleSet = r, unlist(acks), rules
		out = append(out, more)
	}
	if err := rows.Err(); err != nil || len(out) == 0 {
		return out, err
	}
	ds, err := s.rdb.QueryContext(ctx, `SELECT d.id, d.person_id, d.seq, d.answer, d.digest, d.rule_set, d.factor, d.at FROM payout p
JOIN decision d ON d.kind = 'payout' AND d.id = p.id AND d.version = p.version WHERE p.state = 'pending_approval' ORDER BY d.id, d.seq`)
	if err != nil {
		return nil, err
	}
	defer ds.Close()
	for ds.Next() {
		var d approval.Decision
		var id, answer string
		var when int64
		if err := ds.Scan(&id, &d.Person, &d.Seq, &answer, &d.Digest, &d.RuleSet, &d.Factor, &when); err != nil {
			return nil, err
		}
		d.Answer, d.At = approval.Answer(answer), fromMicro(when)
		if i, ok := at[id]; ok {
			out[i].Decisions = append(out[i].Decisions, d)
		}
	}
	return out, ds.Err()
}

// Unknowns lists payouts whose outcome is unknown and flagged ones, oldest first.
func (s *Store) Unknowns(ctx context.Context, limit int) ([]app.Row, error) {
	return s.rows(ctx, "WHERE p.state = 'unknown' OR p.review = 1 ORDER BY p.sent_at, p.number LIMIT ?", limit)
}

// Unconfirmed lists sent payouts that nobody confirmed: those that are under way by their state; of the many that ended, only those with a plan to ask that is due soon
// can be without a confirmation, since what is confirmed is asked about once a day.
func (s *Store) Unconfirmed(ctx context.Context, sentBefore, next time.Time, limit int) ([]payout.ID, error) {
	return payoutIDs(ctx, s.rdb, `SELECT id FROM (SELECT id, sent_at, number FROM payout WHERE state IN ('sending', 'in_progress') AND review = 0 AND sent_at > 0 AND sent_at < ?1
UNION SELECT p.id, p.sent_at, p.number FROM poll l JOIN payout p ON p.id = l.payout_id
WHERE l.next_at < ?2 AND p.state IN ('succeeded', 'failed', 'returned') AND p.confirmed = 0 AND p.review = 0 AND p.sent_at > 0 AND p.sent_at < ?1)
ORDER BY sent_at, number LIMIT ?3`, toMicro(sentBefore), toMicro(next), page(limit))
}

// LastAnswers lists the payouts that the bank answered about last.
func (s *Store) LastAnswers(ctx context.Context, limit int) ([]app.Row, error) {
	return s.rows(ctx, "WHERE p.state IN ('in_progress', 'succeeded', 'failed', 'unknown', 'returned') ORDER BY p.changed_at DESC, p.number DESC LIMIT ?", limit)
}

// Oldest returns the payout that is longest in one of these states.
func (s *Store) Oldest(ctx context.Context, states ...payout.State) (app.Row, bool, error) {
	if len(states) == 0 {
		return app.Row{}, false, nil
	}
	args := make([]any, len(states))
	for i, st := range states {
		args[i] = string(st)
	}
	rows, err := s.rows(ctx, "WHERE p.state IN (?"+strings.Repeat(",?", len(states)-1)+") ORDER BY p.changed_at, p.number LIMIT 1", args...)
	if err != nil || len(rows) == 0 {
		return app.Row{}, false, err
	}
	return rows[0], true, nil
}

// Payees offers payees paid or entered lately whose name begins so (any case), newest first, one line an account.
func (s *Store) Payees(ctx context.Context, prefix string, limit int) ([]app.Payee, error) {
	prefix = strings.ToLower(strings.TrimSpace(prefix))
	rows, err := s.rdb.QueryContext(ctx, `SELECT v.full_name, v.bik, v.account, v.inn, v.kpp, MAX(p.changed_at) FROM
(SELECT id, version, changed_at FROM payout WHERE search LIKE ? ESCAPE '\' AND digest <> '' ORDER BY changed_at DESC LIMIT 200) p
JOIN payout_version v ON v.payout_id = p.id AND v.version = p.version GROUP BY v.full_name, v.bik, v.account ORDER BY 6 DESC LIMIT ?`, likeEscape(prefix)+"%", page(limit))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.Payee
	for rows.Next() {
		var p app.Payee
		var at int64
		if err := rows.Scan(&p.FullName, &p.BIK, &p.Account, &p.INN, &p.KPP, &at); err != nil {
			return nil, err
		}
		p.At = fromMicro(at)
		out = append(out, p)
	}
	return out, rows.Err()
}

func (s *Store) messages(ctx context.Context, rest string, args []any, limit int) ([]app.MessageRow, error) {
	rows, err := s.rdb.QueryContext(ctx, `SELECT i.id, i.received_at, i.key_id, c.n, c.last_at, COALESCE(r.at, 0), COALESCE(r.payout_id, ''), COALESCE(r.type, ''),
 COALESCE(r.session, ''), COALESCE(r.reading, ''), COALESCE(r.amount_minor, 0), COALESCE(r.effect, ''), COALESCE(r.alarm, ''), COALESCE(r.from_state, ''),
 COALESCE(r.to_state, ''), COALESCE(p.number, 0), COALESCE((SELECT MIN(f.at) FROM fetch f WHERE f.payout_id = r.payout_id AND f.at >= r.at AND f.problem = ''), 0)
FROM inbox i JOIN inbox_count c ON c.inbox_id = i.id LEFT JOIN inbox_result r ON r.inbox_id = i.id LEFT JOIN payout p ON p.id = r.payout_id `+rest+
		" ORDER BY i.id DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.MessageRow
	for rows.Next() {
		var m app.MessageRow
		var at, last, applied, number, confirmed int64
		var id, from, to string
		if err := rows.Scan(&m.ID, &at, &m.KeyID, &m.Count, &last, &applied, &id, &m.Type, &m.Session, &m.Reading, &m.AmountMinor, &m.Effect, &m.Alarm,
			&from, &to, &number, &confirmed); err != nil {
			return nil, err
		}
		m.MessageResult.Message, m.MessageResult.At = m.ID, fromMicro(applied)
		m.At, m.LastAt, m.Applied, m.Confirmed = fromMicro(at), fromMicro(last), fromMicro(applied), fromMicro(confirmed)
		m.Payout, m.From, m.To, m.Number = payout.ID(id), payout.State(from), payout.State(to), payout.Number(number)
		out = append(out, m)
	}
	return out, rows.Err()
}

// Inbox lists genuine messages, newest first.
func (s *Store) Inbox(ctx context.Context, q app.InboxQuery) ([]app.MessageRow, error) {
	w := &where{}
	if q.Before > 0 {
		w.add("i.id < ?", q.Before)
	}
	switch q.Effect {
	case "moved":
		w.add("r.effect = 'moved'")
	case "nothing":
		w.add("r.effect <> 'moved'")
	}
	return s.messages(ctx, w.String(), w.args, page(q.Limit))
}

// MessagesOf lists the messages about one payout.
func (s *Store) MessagesOf(ctx context.Context, id payout.ID) ([]app.MessageRow, error) {
	return s.messages(ctx, "WHERE r.payout_id = ?", []any{string(id)}, 200)
}

// InboxCounts counts for the tabs: the messages themselves, and the ring of refused ones.
func (s *Store) InboxCounts(ctx context.Context) (app.InboxCounts, error) {
	var c app.InboxCounts
	start := toMicro(calendar.DayOf(s.o.Now()).Start())
	err := s.rdb.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM inbox), (SELECT COUNT(*) FROM inbox_result WHERE effect = 'moved'),
 (SELECT COUNT(*) FROM inbox_result WHERE effect <> 'moved'), (SELECT COUNT(*) FROM refused), (SELECT COUNT(*) FROM inbox WHERE received_at >= ?),
 (SELECT COUNT(*) FROM refused WHERE at >= ?)`, start, start).Scan(&c.All, &c.Moved, &c.Nothing, &c.Refused, &c.Today, &c.RefusedToday)
	return c, err
}

// History lists events, newest first.
func (s *Store) History(ctx context.Context, q app.HistoryQuery) ([]app.EventRow, error) {
	w := &where{}
	if q.Before > 0 {
		w.add("e.seq < ?", q.Before)
	}
	for _, c := range []struct{ col, val string }{{"e.person", q.Person}, {"e.action", q.Action}, {"e.kind", q.Kind}, {"e.subject", q.Subject}} {
		if c.val != "" {
			w.add(c.col+" = ?", c.val)
		}
	}
	if !q.From.IsZero() {
		w.add("e.at >= ?", toMicro(q.From))
	}
	if !q.To.IsZero() {
		w.add("e.at < ?", toMicro(q.To))
	}
	if q.AdminOnly {
		w.add("e.kind IN ('person', 'halt', 'signin', 'desk', 'rules', 'limits', 'keys')")
	}
	rows, err := s.rdb.QueryContext(ctx, `SELECT e.seq, e.at, e.person, e.sign_in, e.action, e.kind, e.subject, e.version, e.spec, e.payload, COALESCE(t.text, '')
FROM event e LEFT JOIN event_text t ON t.seq = e.seq `+w.String()+" ORDER BY e.seq DESC LIMIT ?", append(w.args, page(q.Limit))...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.EventRow
	for rows.Next() {
		var r queries.EventsOfRow
		if err := rows.Scan(&r.Seq, &r.At, &r.Person, &r.SignIn, &r.Action, &r.Kind, &r.Subject, &r.Version, &r.Spec, &r.Payload, &r.Text); err != nil {
			return nil, err
		}
		out = append(out, event(r))
	}
	return out, rows.Err()
}

// A file is read in slices: a long read transaction would keep the WAL from shrinking. The first is short, so that a download begins at once.
const (
	firstSlice = 100
	slice      = 1000
)

// EachRow walks the filtered list for files, newest first, in slices; the next slice is read while the last one is written. Of a row only what a
// file shows is filled in.
func (s *Store) EachRow(ctx context.Context, q app.ListQuery, yield func(app.ExportRow) error) error {
	if err := (&where{}).after(q.After); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	type part struct {
		rows []app.ExportRow
		err  error
	}
	parts, done := make(chan part), make(chan struct{})
	defer func() { cancel(); <-done }()
	go func() {
		defer close(done)
		defer close(parts)
		var old, spare []app.ExportRow // two slices by turns: whoever takes one has finished the one before
		for n := firstSlice; ; n = slice {
			rows, err := s.exportSlice(ctx, q, n, spare[:0])
			select {
			case parts <- part{rows, err}:
			case <-ctx.Done():
				return
			}
			if err != nil || len(rows) < n {
				return
			}
			q.After = cursor(rows[len(rows)-1].Row)
			old, spare = rows, old
		}
	}()
	for p := range parts {
		if p.err != nil {
			return fmt.Errorf("export: %w", p.err)
		}
		for _, e := range p.rows {
			if err := yield(e); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (s *Store) exportSlice(ctx context.Context, q app.ListQuery, n int, out []app.ExportRow) ([]app.ExportRow, error) {
	w := filter(q)
	if err := w.after(q.After); err != nil {
		return nil, err
	}
	rows, err := s.query(ctx, `SELECT p.number, p.state, p.review, p.full_name, p.account, p.description, p.amount_minor, p.returned_minor, p.maker_name, p.changed_at,
 p.sent_at, p.created_at, COALESCE(p.reference, ''), COALESCE(p.session, ''), v.bik, v.inn, v.kpp, v.own_ref, v.note
FROM payout p JOIN payout_version v ON v.payout_id = p.id AND v.version = p.version `+w.String()+" ORDER BY p.changed_at DESC, p.number DESC LIMIT ?", append(w.args, n)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var e app.ExportRow
	var state string
	var number, review, changed, sent, created int64
	dest := []any{&number, &state, &review, &e.FullName, &e.Account, &e.Description, &e.Amount, &e.ReturnedMinor, &e.MakerName, &changed, &sent, &created,
		&e.Reference, &e.Session, &e.BIK, &e.INN, &e.KPP, &e.OwnRef, &e.Note}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		e.Number, e.State, e.Review = payout.Number(number), payout.State(state), review != 0
		e.ChangedAt, e.SentAt, e.CreatedAt = fromMicro(changed), fromMicro(sent), fromMicro(created)
		out = append(out, e)
	}
	return out, rows.Err()
}
