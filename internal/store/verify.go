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
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"countersign/internal/audit"
	"countersign/internal/failpoint"
	"countersign/internal/payout"
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
	c := &checker{ctx: ctx, tx: tx, q: q, marks: map[string]string{}, payouts: map[string]*track{}, subs: map[subjectKey]*proposalFact{},
		open: map[[2]string]int{}, people: map[string]*personFact{}, enrolled: map[string]*enrolmentFact{}, factors: map[string]*factorFact{}, batches: map[string]batchFact{}, uses: map[string]int64{}, halts: map[string]*haltFact{}, reports: map[int64]*reportFact{}, closes: map[string][]closeFact{}, changed: map[string][]accountChange{}, counts: map[string]int64{}}
	r, err := audit.Verify(source{ctx, tx, q}, audit.Check{Verifier: verifier, Anchor: anchor, Each: c.event})
	r.Losses = c.losses
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
	if anchor != nil && (r.Anchor == audit.AnchorMatches || r.Anchor == audit.AnchorContinues) {
		if r.Keys = c.anchorKeys(*anchor); r.Keys != "" {
			r.Anchor = audit.AnchorDiffers
		}
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

type checker struct {
	founders []founderFact
	ctx      context.Context
	tx       *sql.Tx
	q        *queries.Queries
	payouts  map[string]*track
	subs     map[subjectKey]*proposalFact
	open     map[[2]string]int // the open version by kind and id
	people   map[string]*personFact
	enrolled map[string]*enrolmentFact
	factors  map[string]*factorFact
	batches  map[string]batchFact
	banks    *bankFact
	uses     map[string]int64 // counters of limits
	halts    map[string]*haltFact
	reports  map[int64]*reportFact
	closes   map[string][]closeFact // by day
	accounts []accountFact
	losses   []audit.Loss
	marks    map[string]string          // of one-time-code secrets: whose
	changed  map[string][]accountChange // by the address's hash
	texts    int64
	place    *payout.Place // where the desk stands, as the history says; nil before issue 4
	founded  bool          // the rules the desk began with are written down: from here on counters of limits are kept
	erased   bool          // some version's texts were cleared: sums by payee cannot be computed any more
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
	Host      string            `json:"host"`
	Confirm   string            `json:"confirm"`
	// Of steps of the stepwise flow.
	Step        *int   `json:"step"`
	Call        string `json:"call"`
	StepSession string `json:"step_session"`
	StepWhy     string `json:"step_why"`
	StepKey     string `json:"step_key"`
	StepBody    string `json:"step_body"`
	StepAnswer  string `json:"step_answer"`

	SHA      string `json:"sha"`
	Effect   string `json:"effect"`
	Alarm    string `json:"alarm"`
	Payout   string `json:"payout"`
	Session  string `json:"session"`
	Type     string `json:"type"`
	From     string `json:"from"`
	To       string `json:"to"`
	Roles    string `json:"roles"`
	Founding bool   `json:"founding"`
	Cause    string `json:"cause"`
	Secret   string `json:"secret"`
	// Evidence is the hash of an evidence row.
	Evidence string `json:"evidence"`
	Batch    string `json:"batch"`
	Proof    string `json:"proof"` // the hash of the row that proves a decision
	Due      string `json:"due_date"`
	Payee    string `json:"payee"`
	PayeeVer int    `json:"payee_version"`
	Verdict  int    `json:"verdict"` // the version of the ruling that a payout's event comes from
	// Of proposals.
	File        string   `json:"file"`
	Op          string   `json:"op"`
	Doc         string   `json:"doc"`
	Base        int      `json:"base"`
	Concerns    []string `json:"concerns"`
	EffectAt    int64    `json:"effect_at"`
	Environment string   `json:"environment"`
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
	if verb, is := proposalVerb(e); is {
		if err := c.proposal(e, f, verb); err != nil || verb != "effective" || e.Kind != "person" {
			return err
		}
	}
	switch e.Kind {
	case "payout":
		return c.payout(e, f)
	case "message":
		return c.message(e, f)
	case "person":
		return c.person(e, f, text)
	case "halt":
		c.halt(e, f)
	case "desk":
		return c.desk(e)
	case "report", "day":
		return c.report(e)
	case "batch":
		if e.Action == "batch.decided" {
			return c.batch(e)
		}
	case "keys":
		if e.Action == "bankdir.replaced" {
			return c.bankFile(e)
		}
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
		return at(c.last, "%d payouts have a history and no row", len(c.payouts)-len(all))
	}
	if err := c.haltRows(); err != nil {
		return err
	}
	for _, add := range []func(map[string]int64) error{c.proposalRows, c.payeeRows, c.enrolmentRows, c.factorRows, c.markRows, c.batchRows, c.proofRows, c.bankRows807, c.verdictRows, c.reportRows} {
		if err := add(total); err != nil {
			return err
		}
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
	total["person"] = int64(len(c.people))
	total["account"] = c.counts["account.added"]
	for _, table := range slices.Sorted(maps.Keys(total)) {
		if err := c.count(table, "", total[table]); err != nil {
			return err
		}
	}
	for _, rest := range []func() error{c.personRows, c.useRows, c.accountRows, func() error { return c.paidRows(paid) }, c.edges} {
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
		return at(c.last, "%s%s holds %+d rows of what the history tells of", table, where, got-want)
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
	failpoint.Hit("backup.begun")
	if _, err := d.ExecContext(ctx, "VACUUM INTO ?", out); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	failpoint.Hit("backup.copied")
	if err := os.Chmod(out, 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	failpoint.Hit("backup.synced")
	return err
}
