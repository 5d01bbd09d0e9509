package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/bankdetails"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store/queries"
)

// openReadOnly opens a database beside a running desk; it never writes and takes no lock of ours.
func openReadOnly(path string) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	d, err := sql.Open("sqlite", dsn(path, false, true)+"&mode=ro")
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	return d, nil
}

// Verify reads a whole database, from one read transaction, and proves it against its history: the log itself (every event, node and head), each row
// against its event's commitment, each state against the fold of its events. verifier nil means the key recorded in the database. The report's
// Broken is the event at which something stops holding. An error means that nothing is known: the database could not be read.
func Verify(ctx context.Context, path string, verifier note.Verifier, anchor *audit.Head) (audit.Report, error) {
	d, err := openReadOnly(path)
	if err != nil {
		return audit.Report{}, err
	}
	defer d.Close()
	tx, err := d.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return audit.Report{}, err
	}
	defer tx.Rollback()
	q := queries.New(tx)
	if verifier == nil {
		if verifier, err = recordedKey(ctx, q); err != nil {
			return audit.Report{}, err
		}
	}
	c := &checker{ctx: ctx, tx: tx, q: q, payouts: map[string]*track{}, halts: map[string]*haltFact{}, changed: map[string]secretFact{}, counts: map[string]int64{}}
	r, err := audit.Verify(source{ctx, tx, q}, audit.Check{Verifier: verifier, Anchor: anchor, Each: c.event})
	if err != nil {
		return r, err
	}
	if !r.OK() {
		return r, nil
	}
	err = c.rows()
	var b *brokenAt
	if errors.As(err, &b) {
		r.Broken, r.Reason = b.seq, b.reason
		return r, nil
	}
	return r, err
}

// KeyOf is the public key of the history that a database itself names.
func KeyOf(ctx context.Context, path string) (note.Verifier, error) {
	d, err := openReadOnly(path)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return recordedKey(ctx, queries.New(d))
}

func recordedKey(ctx context.Context, q *queries.Queries) (note.Verifier, error) {
	rows, err := q.Meta(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Name == "history_key" {
			return audit.LoadVerifier([]byte(r.Value))
		}
	}
	return nil, errors.New("the database names no key of its history")
}

type source struct {
	ctx context.Context
	tx  *sql.Tx
	q   *queries.Queries
}

const readPage = 2000

func (s source) Events(yield func(audit.Event, []byte) error) error {
	for after := int64(-1 << 62); ; {
		rows, err := s.q.EventsFrom(s.ctx, queries.EventsFromParams{After: after, Most: readPage})
		if err != nil {
			return err
		}
		for _, r := range rows {
			e := audit.Event{Seq: r.Seq, At: fromMicro(r.At), Person: r.Person, SignIn: r.SignIn, Action: r.Action, Kind: r.Kind, Subject: r.Subject,
				Version: int(r.Version), Spec: int(r.Spec), Payload: json.RawMessage(r.Payload)}
			if err := yield(e, nil); err != nil {
				return err
			}
			after = r.Seq
		}
		if len(rows) < readPage {
			return nil
		}
	}
}

func (s source) Hashes(first int64, limit int) ([]audit.StoredHash, error) {
	rows, err := s.q.Hashes(s.ctx, queries.HashesParams{First: first, Most: int64(limit)})
	if err != nil {
		return nil, err
	}
	out := make([]audit.StoredHash, 0, len(rows))
	for _, r := range rows {
		h := audit.StoredHash{Index: r.Idx}
		if len(r.Hash) == tlog.HashSize {
			h.Hash = tlog.Hash(r.Hash)
		} // a hash of another size stays zero, which matches nothing
		out = append(out, h)
	}
	return out, nil
}

func (s source) Heads(yield func(int64, []byte) error) error {
	for after := int64(-1); ; {
		rows, err := s.q.Heads(s.ctx, queries.HeadsParams{After: after, Most: readPage})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := yield(r.Size, r.Signed); err != nil {
				return err
			}
			after = r.Size
		}
		if len(rows) < readPage {
			break
		}
	}
	r, ok, err := found(s.q.NewestHead(s.ctx))
	if err != nil || !ok {
		return err
	}
	return yield(r.Size, r.Signed)
}

// track is one payout on its way through the events: what every row about it must be.
type track struct {
	fold      app.Folded
	last      int64
	creator   string
	attempts  map[int]attemptFact
	answers   map[int]answerFact
	fetches   map[int64]fetchFact
	versions  map[int]versionFact
	subjects  map[int]subjectFact
	decisions map[int][]decisionFact
	evidence  []string
}

type attemptFact struct {
	body, reference, key, digest, flow, project string

	version int
	at      int64
}

type answerFact struct {
	body, kind, why string
	http            int64
	at              int64
}

type fetchFact struct {
	body string
	at   int64
}

type versionFact struct {
	commit                            map[string]string
	text, currency, entered, replaces string
	minor                             int64
	person, email                     string
	at                                int64
}

type subjectFact struct {
	digest, acks  string
	rules         int
	person, email string
	at            int64
}

type decisionFact struct {
	person, email, answer, digest, factor string
	rules                                 int
	at                                    int64
}

// haltFact is one stop, its release and the decisions about it.
type haltFact struct {
	seq                          int64
	cause, payout, person, email string
	rules                        int
	at, released                 int64
	decisions                    []decisionFact
}

// secretFact is an account's person and the mark of its password's hash.
type secretFact struct {
	commit, email  string // one of the two names it: the commitment to the address, or the address itself
	person, secret string
	at             int64
}

type checker struct {
	ctx      context.Context
	tx       *sql.Tx
	q        *queries.Queries
	payouts  map[string]*track
	halts    map[string]*haltFact
	accounts []secretFact
	changed  map[string]secretFact // the last new password, by person and address
	texts    int64
	erased   bool // some version's texts were cleared: sums by payee cannot be computed any more
	counts   map[string]int64
	last     int64
}

type brokenAt struct {
	seq    int64
	reason string
}

func (b *brokenAt) Error() string { return fmt.Sprintf("event %d: %s", b.seq, b.reason) }

func at(seq int64, format string, args ...any) error {
	return &brokenAt{max(seq, 1), fmt.Sprintf(format, args...)}
}

func broken(format string, args ...any) error {
	return &audit.Broken{Reason: fmt.Sprintf(format, args...)}
}

type facts struct {
	Attempt   *int              `json:"attempt"`
	Body      string            `json:"body"`
	Answer    string            `json:"answer"`
	HTTP      int64             `json:"http"`
	Error     string            `json:"error"`
	Fetch     *int64            `json:"fetch"`
	Text      string            `json:"text"`
	AmText    string            `json:"amount_text"`
	Minor     *int64            `json:"amount_minor"`
	Currency  string            `json:"currency"`
	Entered   string            `json:"entered"`
	Replaces  string            `json:"replaces"`
	Commit    map[string]string `json:"commit"`
	Digest    string            `json:"digest"`
	Acks      []string          `json:"acks"`
	RuleSet   int               `json:"rule_set"`
	Rules     int               `json:"rules"`
	Factor    string            `json:"factor"`
	Reference string            `json:"reference"`
	Key       string            `json:"key"`
	Flow      string            `json:"flow"`
	Project   string            `json:"project"`
	SHA       string            `json:"sha"`
	Effect    string            `json:"effect"`
	Alarm     string            `json:"alarm"`
	Payout    string            `json:"payout"`
	Session   string            `json:"session"`
	Type      string            `json:"type"`
	From      string            `json:"from"`
	To        string            `json:"to"`
	Roles     string            `json:"roles"`
	Founding  bool              `json:"founding"`
	Cause     string            `json:"cause"`
	Secret    string            `json:"secret"`
	// Evidence is the hash of an evidence row.
	Evidence string `json:"evidence"`
}

// event checks one event against the rows that were written with it, and follows the payouts, stops and accounts.
func (c *checker) event(e audit.Event) error {
	c.last = e.Seq
	var f facts
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		return broken("payload cannot be read")
	}
	var text string
	if f.Text != "" {
		c.texts++
		var err error
		if text, err = c.text(e.Seq, f.Text); err != nil {
			return err
		}
	}
	c.counts[e.Action]++
	switch e.Kind {
	case "payout":
		return c.payout(e, f)
	case "message":
		return c.message(e, f)
	case "person":
		return c.person(e, f, text)
	case "halt":
		c.halt(e, f)
	}
	return nil
}

// text returns the text beside an event, "" when it was cleared.
func (c *checker) text(seq int64, commit string) (string, error) {
	var salt []byte
	var text string
	err := c.tx.QueryRowContext(c.ctx, "SELECT salt, text FROM event_text WHERE seq = ?", seq).Scan(&salt, &text)
	if none(err) {
		return "", broken("the text beside it is gone")
	}
	if err != nil {
		return "", err
	}
	if text != "" && (len(salt) != 32 || payout.Salt(salt).Commit("text", text) != commit) {
		return "", broken("the text beside it is not what was written")
	}
	return text, nil
}

func (c *checker) person(e audit.Event, f facts, text string) error {
	switch e.Action {
	case "person.added", "person.suspended":
		p, err := c.q.Person(c.ctx, e.Subject)
		if none(err) {
			return broken("the person's row is gone")
		}
		if err != nil {
			return err
		}
		switch {
		case e.Action == "person.suspended" && p.SuspendedAt != toMicro(e.At):
			return broken("the person's row does not say that they were suspended then")
		case e.Action == "person.added" && (p.Roles != f.Roles || p.Founding != flag(f.Founding) || p.CreatedAt != toMicro(e.At) || text != "" && p.Name != text):
			return broken("the person's row is not what was added")
		}
	case "account.added":
		c.accounts = append(c.accounts, secretFact{commit: text, person: e.Subject, secret: f.Secret, at: toMicro(e.At)})
	case "password.changed":
		c.changed[e.SignIn] = secretFact{email: e.SignIn, person: e.Subject, secret: f.Secret, at: toMicro(e.At)}
	}
	return nil
}

func (c *checker) halt(e audit.Event, f facts) {
	h := c.halts[e.Subject]
	if h == nil {
		h = &haltFact{}
		c.halts[e.Subject] = h
	}
	switch e.Action {
	case "halt.on":
		h.seq, h.cause, h.payout, h.person, h.email, h.rules, h.at = e.Seq, f.Cause, f.Payout, e.Person, e.SignIn, f.RuleSet, toMicro(e.At)
	case "halt.release_asked", "halt.off":
		h.decisions = append(h.decisions, decisionFact{person: e.Person, email: e.SignIn, answer: string(approval.Yes), digest: app.ReleaseDigest(number(e.Subject)),
			factor: f.Factor, rules: f.Rules, at: toMicro(e.At)})
		if e.Action == "halt.off" {
			h.released = toMicro(e.At)
		}
	}
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // what is no number is no row's id
	return n
}

func (c *checker) payout(e audit.Event, f facts) error {
	t := c.payouts[e.Subject]
	if t == nil {
		t = &track{creator: e.Person, attempts: map[int]attemptFact{}, answers: map[int]answerFact{}, fetches: map[int64]fetchFact{}, versions: map[int]versionFact{},
			subjects: map[int]subjectFact{}, decisions: map[int][]decisionFact{}}
		c.payouts[e.Subject] = t
	}
	before := t.fold
	if err := t.fold.Fold(e); err != nil {
		return broken("%v", err)
	}
	t.last = e.Seq
	when := toMicro(e.At)
	decided := func(version int, answer approval.Answer, digest string) {
		t.decisions[version] = append(t.decisions[version], decisionFact{person: e.Person, email: e.SignIn, answer: string(answer), digest: digest,
			factor: f.Factor, rules: f.Rules, at: when})
	}
	switch e.Action {
	case payout.ActCreated, payout.ActEdited, payout.ActChangesAsked:
		v := versionFact{commit: f.Commit, text: f.AmText, currency: f.Currency, entered: f.Entered, replaces: f.Replaces, person: e.Person, email: e.SignIn, at: when}
		if f.Minor != nil {
			v.minor = *f.Minor
		}
		t.versions[e.Version] = v
		if e.Action == payout.ActChangesAsked {
			decided(before.Version, approval.No, before.Digest)
		}
	case payout.ActSubmitted:
		t.subjects[e.Version] = subjectFact{digest: f.Digest, acks: list(f.Acks), rules: f.RuleSet, person: e.Person, email: e.SignIn, at: when}
	case payout.ActApproved:
		decided(e.Version, approval.Yes, f.Digest)
	case payout.ActTakenBack:
		decided(e.Version, approval.Back, f.Digest)
	case payout.ActRejected:
		decided(e.Version, approval.No, f.Digest)
	case payout.ActClaimed:
		if f.Attempt != nil {
			t.attempts[*f.Attempt] = attemptFact{body: f.Body, reference: f.Reference, key: f.Key, digest: f.Digest, flow: f.Flow, project: f.Project, version: e.Version, at: when}
		}
	}
	if f.Answer != "" && f.Attempt != nil {
		t.answers[*f.Attempt] = answerFact{body: f.Body, kind: f.Answer, why: f.Error, http: f.HTTP, at: when}
	}
	if f.Fetch != nil {
		t.fetches[*f.Fetch] = fetchFact{body: f.Body, at: when}
	}
	if f.Evidence != "" {
		t.evidence = append(t.evidence, f.Evidence)
	}
	return nil
}

func (c *checker) message(e audit.Event, f facts) error {
	switch e.Action {
	case "message.received":
		var sha, key string
		var body []byte
		var came int64
		err := c.tx.QueryRowContext(c.ctx, "SELECT sha, body, key_id, received_at FROM inbox WHERE id = ?", e.Subject).Scan(&sha, &body, &key, &came)
		if none(err) {
			return broken("the message is gone")
		}
		if err != nil {
			return err
		}
		if sha != f.SHA || len(body) > 0 && hash(body) != sha || key != f.Key || came != toMicro(e.At) {
			return broken("the message is not what came")
		}
	case "message.applied":
		var id, effect, alarm, from, to, session, kind string
		var when int64
		err := c.tx.QueryRowContext(c.ctx, "SELECT payout_id, effect, alarm, from_state, to_state, session, type, at FROM inbox_result WHERE inbox_id = ?", e.Subject).
			Scan(&id, &effect, &alarm, &from, &to, &session, &kind, &when)
		if none(err) {
			return broken("what the message did is gone")
		}
		if err != nil {
			return err
		}
		if id != f.Payout || effect != f.Effect || alarm != f.Alarm || from != f.From || to != f.To || session != f.Session || kind != f.Type || when != toMicro(e.At) {
			return broken("what the message did is not what is recorded")
		}
		if t := c.payouts[f.Payout]; t != nil && f.Evidence != "" {
			t.evidence = append(t.evidence, f.Evidence)
		}
	}
	return nil
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// each runs a query and calls scan for every row.
func (c *checker) each(query string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := c.tx.QueryContext(c.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// rows compares every row that has a history with it, and finds rows without any.
func (c *checker) rows() error {
	var all []string
	if err := c.each("SELECT id FROM payout ORDER BY number", func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		all = append(all, id)
		return err
	}); err != nil {
		return err
	}
	// Totals of rows that hang on payouts: what is found one by one below must be all there is.
	total := map[string]int64{}
	paid := map[[2]string][2]int64{}
	for _, id := range all {
		t := c.payouts[id]
		if t == nil {
			return at(c.last, "payout %s has no history", id)
		}
		if err := c.onePayout(id, t, paid); err != nil {
			return err
		}
		total["payout_version"] += int64(len(t.versions))
		total["subject"] += int64(len(t.subjects))
		total["attempt"] += int64(len(t.attempts))
		total["outcome"] += int64(len(t.answers))
		total["open_attempt"] += int64(len(t.attempts) - len(t.answers))
		total["fetch"] += int64(len(t.fetches))
		total["evidence"] += int64(len(t.evidence))
		total["payout_maker"] += int64(len(t.fold.Makers))
		for _, d := range t.decisions {
			total["decision"] += int64(len(d))
		}
	}
	if len(all) != len(c.payouts) {
		return at(c.last, "%d payouts have a history, %d have a row", len(c.payouts), len(all))
	}
	if err := c.haltRows(); err != nil {
		return err
	}
	for _, h := range c.halts {
		total["decision"] += int64(len(h.decisions))
	}
	// Rows without any event: counted, since each of these is written with exactly one.
	total["subject"] += c.counts["halt.on"]
	total["halt"] = c.counts["halt.on"]
	total["halt_release"] = c.counts["halt.off"]
	total["event_text"] = c.texts
	total["inbox"] = c.counts["message.received"]
	total["inbox_result"] = c.counts["message.applied"]
	total["person"] = c.counts["person.added"]
	total["account"] = c.counts["account.added"]
	for _, table := range slices.Sorted(maps.Keys(total)) {
		if err := c.count(table, "", total[table]); err != nil {
			return err
		}
	}
	if err := c.count("person", " WHERE suspended_at <> 0", c.counts["person.suspended"]); err != nil {
		return err
	}
	for _, rest := range []func() error{c.accountRows, func() error { return c.paidRows(paid) }, c.edges} {
		if err := rest(); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) count(table, where string, want int64) error {
	var got int64
	if err := c.tx.QueryRowContext(c.ctx, "SELECT COUNT(*) FROM "+table+where).Scan(&got); err != nil {
		return err
	}
	if got != want {
		return at(c.last, "%s%s holds %d rows, the history tells of %d", table, where, got, want)
	}
	return nil
}

// haltRows compares stops, their releases and who decided on them.
func (c *checker) haltRows() error {
	for id, h := range c.halts {
		var cause, person, email, pay string
		var when, released int64
		err := c.tx.QueryRowContext(c.ctx, `SELECT h.cause, h.person_id, h.email, h.payout_id, h.at, COALESCE(r.at, 0) FROM halt h
LEFT JOIN halt_release r ON r.halt_id = h.id WHERE h.id = ?`, id).Scan(&cause, &person, &email, &pay, &when, &released)
		if none(err) {
			return at(h.seq, "the stop of sending is gone")
		}
		if err != nil {
			return err
		}
		if cause != h.cause || person != h.person || email != h.email || pay != h.payout || when != h.at || released != h.released {
			return at(h.seq, "the stop of sending is not what is recorded")
		}
		if err := c.subjects(approval.Release, id, h.seq, map[int]subjectFact{1: {app.ReleaseDigest(number(id)), list(nil), h.rules, h.person, h.email, h.at}}); err != nil {
			return err
		}
		if err := c.decisions(approval.Release, id, h.seq, map[int][]decisionFact{1: h.decisions}); err != nil {
			return err
		}
	}
	return nil
}

// accountRows finds every sign-in name among those that were added, with the person and the password that it got.
func (c *checker) accountRows() error {
	used := make([]bool, len(c.accounts))
	return c.each("SELECT email, person_id, password_hash, changed_at FROM account", func(r *sql.Rows) error {
		var email, person, secret string
		var changed int64
		if err := r.Scan(&email, &person, &secret, &changed); err != nil {
			return err
		}
		for i, a := range c.accounts {
			if used[i] || a.person != person || a.commit != "" && a.commit != email { // a cleared text leaves only the person
				continue
			}
			want := a
			if n, ok := c.changed[email]; ok {
				want = n
			}
			if want.person == person && hash([]byte(secret)) == want.secret && changed == want.at {
				used[i] = true
				return nil
			}
		}
		return at(c.last, "a sign-in name is not what was added, or its password not what was set")
	})
}

// paidRows compares what pages say was paid before with the payouts that stand as paid.
func (c *checker) paidRows(want map[[2]string][2]int64) error {
	if c.erased {
		return nil
	}
	n := 0
	if err := c.each("SELECT who, account, n, sum FROM paid_before WHERE n <> 0 OR sum <> 0", func(r *sql.Rows) error {
		var k [2]string
		var v [2]int64
		if err := r.Scan(&k[0], &k[1], &v[0], &v[1]); err != nil {
			return err
		}
		if n++; want[k] != v {
			return at(c.last, "what was paid before to one payee is %d times %d kopecks, its payouts say %d times %d", v[0], v[1], want[k][0], want[k][1])
		}
		return nil
	}); err != nil {
		return err
	}
	if n != len(want) {
		return at(c.last, "%d payees were paid, the rows know %d", len(want), n)
	}
	return nil
}

// edges compares the moves that the database allows with the domain's.
func (c *checker) edges() error {
	n := 0
	if err := c.each("SELECT from_state, to_state FROM allowed_transition", func(r *sql.Rows) error {
		var from, to string
		if err := r.Scan(&from, &to); err != nil {
			return err
		}
		if n++; from == "" || from == to || !payout.CanMove(payout.State(from), payout.State(to)) {
			return at(c.last, "the database allows %s to %s", from, to)
		}
		return nil
	}); err != nil {
		return err
	}
	want := map[[2]payout.State]bool{}
	for _, e := range payout.Edges() {
		if e.From != "" && e.From != e.To {
			want[[2]payout.State{e.From, e.To}] = true
		}
	}
	if n != len(want) {
		return at(c.last, "the database allows %d moves of %d", n, len(want))
	}
	return nil
}

func (c *checker) onePayout(id string, t *track, paid map[[2]string][2]int64) error {
	s, err := loadPayout(c.ctx, c.q, payout.ID(id))
	if err != nil {
		if none(err) {
			return at(t.last, "payout %s lacks its version", id)
		}
		return err
	}
	ds, err := decisions(c.ctx, c.q, approval.Payout, id, s.Version)
	if err != nil {
		return err
	}
	if err := t.fold.Matches(s, ds); err != nil {
		return at(t.last, "payout %d: %v", s.Number, err)
	}
	c.erased = c.erased || s.Content.Erased()
	if s.State == payout.Succeeded {
		k := [2]string{bankdetails.NormalizeName(s.Content.FullName), s.Content.Account}
		v := paid[k]
		paid[k] = [2]int64{v[0] + 1, v[1] + s.Content.Amount.Minor}
	}
	if err := c.projection(id, s, t); err != nil {
		return err
	}
	vs, err := c.q.Versions(c.ctx, id)
	if err != nil {
		return err
	}
	if len(vs) != len(t.versions) {
		return at(t.last, "payout %d has %d versions, its history tells of %d", s.Number, len(vs), len(t.versions))
	}
	for _, v := range vs {
		want, ok := t.versions[int(v.Version)]
		content, salt := content(v)
		if !ok || want.minor != v.AmountMinor || want.currency != v.Currency || want.entered != v.Source || want.replaces != v.Replaces ||
			want.person != v.PersonID || want.email != v.Email || want.at != v.At {
			return at(t.last, "version %d of payout %d is not what was written", v.Version, s.Number)
		}
		if content.Erased() && want.text != salt.Commit("amount_text", "") {
			continue // cleared: the one change that is allowed
		}
		for name, got := range content.Commitments(salt) {
			if want.commit[name] != got {
				return at(t.last, "%s in version %d of payout %d is not what was written", name, v.Version, s.Number)
			}
		}
		if want.text != salt.Commit("amount_text", v.AmountText) {
			return at(t.last, "the amount as typed in version %d of payout %d is not what was written", v.Version, s.Number)
		}
	}
	if err := c.subjects(approval.Payout, id, t.last, t.subjects); err != nil {
		return err
	}
	if err := c.decisions(approval.Payout, id, t.last, t.decisions); err != nil {
		return err
	}
	return c.bankRows(id, s, t)
}

// projection compares what the row repeats of its newest version for lists and look-ups.
func (c *checker) projection(id string, s payout.Snapshot, t *track) error {
	var minor int64
	var currency, account, name, description, search, maker, replaces, makerName, acks, written string
	var marks bool
	err := c.tx.QueryRowContext(c.ctx, `SELECT p.amount_minor, p.currency, p.account, p.full_name, p.description, p.search, p.maker_name, COALESCE(p.replaces, ''), COALESCE(m.name, ''),
 p.acks, p.makers, p.asked IN (0, 1) AND p.credential_no IN (0, 1) AND p.review IN (0, 1) AND p.confirmed IN (0, 1) AND p.changes_asked IN (0, 1)
FROM payout p LEFT JOIN person m ON m.id = ? WHERE p.id = ?`, t.creator, id).Scan(&minor, &currency, &account, &name, &description, &search, &maker, &replaces, &makerName,
		&acks, &written, &marks)
	if err != nil {
		return err
	}
	if !marks || acks != list(s.Acks) || written != list(s.Makers) {
		return at(t.last, "the marks of payout %d are not as this desk writes them", s.Number)
	}
	v := s.Content
	if minor != v.Amount.Minor || currency != string(v.Amount.Currency) || replaces != string(v.Replaces) || maker != makerName {
		return at(t.last, "the line of payout %d is not what its version says", s.Number)
	}
	if (account != v.Account || name != v.FullName || description != v.Description || search != searchText(v)) && !v.Erased() {
		return at(t.last, "the line of payout %d is not what its version says", s.Number)
	}
	var makers []string
	if err := c.each("SELECT person_id FROM payout_maker WHERE payout_id = ? AND number = ?", func(r *sql.Rows) error {
		var m string
		err := r.Scan(&m)
		makers = append(makers, m)
		return err
	}, id, int64(s.Number)); err != nil {
		return err
	}
	if len(makers) != len(s.Makers) || slices.ContainsFunc(s.Makers, func(m string) bool { return !slices.Contains(makers, m) }) {
		return at(t.last, "the makers of payout %d are not those of its events", s.Number)
	}
	return nil
}

// subjects compares the submitted versions of one subject.
func (c *checker) subjects(kind approval.Kind, id string, seq int64, want map[int]subjectFact) error {
	subs, err := c.q.Subjects(c.ctx, queries.SubjectsParams{Kind: string(kind), ID: id})
	if err != nil {
		return err
	}
	if len(subs) != len(want) {
		return at(seq, "%s %s was submitted %d times, its rows say %d", kind, id, len(want), len(subs))
	}
	for _, s := range subs {
		if want[int(s.Version)] != (subjectFact{s.Digest, s.Acks, int(s.RuleSet), s.PersonID, s.Email, s.At}) {
			return at(seq, "version %d of %s %s is not what was submitted", s.Version, kind, id)
		}
	}
	return nil
}

// decisions compares who decided what, in which order, on every version of one subject.
func (c *checker) decisions(kind approval.Kind, id string, seq int64, want map[int][]decisionFact) error {
	got := map[int][]decisionFact{}
	if err := c.each(`SELECT version, seq, person_id, email, answer, digest, factor, rule_set, at FROM decision WHERE kind = ? AND id = ? ORDER BY version, seq`, func(r *sql.Rows) error {
		var version, n int
		var d decisionFact
		if err := r.Scan(&version, &n, &d.person, &d.email, &d.answer, &d.digest, &d.factor, &d.rules, &d.at); err != nil {
			return err
		}
		got[version] = append(got[version], d)
		if n != len(got[version]) {
			return at(seq, "the decisions on %s %s are not numbered in a row", kind, id)
		}
		return nil
	}, string(kind), id); err != nil {
		return err
	}
	for v := range want {
		if len(want[v]) == 0 {
			delete(want, v)
		}
	}
	if !maps.EqualFunc(got, want, slices.Equal[[]decisionFact]) {
		return at(seq, "the decisions on %s %s are not those of its events", kind, id)
	}
	return nil
}

func (c *checker) bankRows(id string, s payout.Snapshot, t *track) error {
	attempts := 0
	if err := c.each(`SELECT a.n, a.version, a.digest, a.reference, a.key, a.flow, a.project, a.body, a.at, COALESCE(o.kind, ''), COALESCE(o.why, ''), COALESCE(o.http, 0),
 COALESCE(o.body, x''), COALESCE(o.at, 0), EXISTS (SELECT 1 FROM open_attempt x WHERE x.payout_id = a.payout_id AND x.n = a.n AND x.at = a.at)
FROM attempt a LEFT JOIN outcome o ON o.payout_id = a.payout_id AND o.n = a.n WHERE a.payout_id = ?`, func(r *sql.Rows) error {
		var n int
		var got attemptFact
		var ans answerFact
		var body, answer []byte
		var open bool
		if err := r.Scan(&n, &got.version, &got.digest, &got.reference, &got.key, &got.flow, &got.project, &body, &got.at, &ans.kind, &ans.why, &ans.http, &answer, &ans.at, &open); err != nil {
			return err
		}
		attempts++
		want, ok := t.attempts[n]
		if got.body = want.body; len(body) > 0 { // else cleared
			got.body = hash(body)
		}
		if !ok || got != want {
			return at(t.last, "request %d of payout %d is not what was sent", n, s.Number)
		}
		told, answered := t.answers[n]
		if answered == open {
			return at(t.last, "the mark of the open request %d of payout %d is wrong", n, s.Number)
		}
		if ans.body = told.body; len(answer) > 0 {
			ans.body = hash(answer)
		}
		if ans != told {
			return at(t.last, "the answer to request %d of payout %d is not what came", n, s.Number)
		}
		return nil
	}, id); err != nil {
		return err
	}
	if attempts != len(t.attempts) {
		return at(t.last, "payout %d has %d requests, its history tells of %d", s.Number, attempts, len(t.attempts))
	}
	fetches := 0
	if err := c.each("SELECT id, body, at FROM fetch WHERE payout_id = ?", func(r *sql.Rows) error {
		var n int64
		var body []byte
		var got fetchFact
		if err := r.Scan(&n, &body, &got.at); err != nil {
			return err
		}
		fetches++
		want, ok := t.fetches[n]
		if got.body = want.body; len(body) > 0 {
			got.body = hash(body)
		}
		if !ok || got != want {
			return at(t.last, "a fetched status of payout %d is not what came", s.Number)
		}
		return nil
	}, id); err != nil {
		return err
	}
	if fetches != len(t.fetches) {
		return at(t.last, "payout %d has %d fetched statuses, its history tells of %d", s.Number, fetches, len(t.fetches))
	}
	var got []string
	if err := c.each("SELECT doc, source, at FROM evidence WHERE payout_id = ?", func(r *sql.Rows) error {
		var doc, source string
		var when int64
		if err := r.Scan(&doc, &source, &when); err != nil {
			return err
		}
		var e protocol.Evidence
		if err := json.Unmarshal([]byte(doc), &e); err != nil || string(e.Source) != source || toMicro(e.At) != when {
			return at(t.last, "the evidence of payout %d is not what the bank said", s.Number)
		}
		got = append(got, hash([]byte(doc)))
		return nil
	}, id); err != nil {
		return err
	}
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(t.evidence))) {
		return at(t.last, "the evidence of payout %d is not what the bank said", s.Number)
	}
	return nil
}

// Backup makes a consistent copy of a live database at out, which must not exist. The copy is readable by its owner only.
func Backup(ctx context.Context, path, out string) error {
	if _, err := os.Stat(out); err == nil {
		return fmt.Errorf("%s exists already", out)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	d, err := sql.Open("sqlite", "file:"+strings.NewReplacer("?", "%3f", "#", "%23", "%", "%25").Replace(path)+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer d.Close()
	d.SetMaxOpenConns(1)
	if _, err := d.ExecContext(ctx, "VACUUM INTO ?", out); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	if err := os.Chmod(out, 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
