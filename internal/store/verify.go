package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
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
	c := &checker{ctx: ctx, tx: tx, q: q, payouts: map[string]*track{}, halts: map[string]int64{}, counts: map[string]int64{}}
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

// track is one payout on its way through the events.
type track struct {
	fold app.Folded
	last int64
	// attempts: body hash by number; answers: body hash and kind by number.
	attempts map[int]string
	answers  map[int]answerFact
	fetches  map[int64]string
	versions map[int]versionFact
	subjects map[int]string // digest by version
	evidence []string
}

type answerFact struct{ body, kind string }

type versionFact struct {
	commit map[string]string
	text   string
	minor  int64
	person string
}

type checker struct {
	ctx     context.Context
	tx      *sql.Tx
	q       *queries.Queries
	payouts map[string]*track
	halts   map[string]int64
	texts   int64
	counts  map[string]int64
	last    int64
}

type brokenAt struct {
	seq    int64
	reason string
}

func (b *brokenAt) Error() string { return fmt.Sprintf("event %d: %s", b.seq, b.reason) }

func at(seq int64, format string, args ...any) error {
	return &brokenAt{max(seq, 1), fmt.Sprintf(format, args...)}
}

type facts struct {
	Attempt *int              `json:"attempt"`
	Body    string            `json:"body"`
	Answer  string            `json:"answer"`
	Fetch   *int64            `json:"fetch"`
	Text    string            `json:"text"`
	AmText  string            `json:"amount_text"`
	Minor   *int64            `json:"amount_minor"`
	Commit  map[string]string `json:"commit"`
	Digest  string            `json:"digest"`
	SHA     string            `json:"sha"`
	Effect  string            `json:"effect"`
	Alarm   string            `json:"alarm"`
	Payout  string            `json:"payout"`
	To      string            `json:"to"`
	Roles   string            `json:"roles"`
	Cause   string            `json:"cause"`
	// Evidence is the hash of an evidence row.
	Evidence string `json:"evidence"`
}

// event checks one event against the rows that were written with it, and follows the payouts.
func (c *checker) event(e audit.Event) error {
	c.last = e.Seq
	var f facts
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		return &audit.Broken{Reason: "payload cannot be read"}
	}
	if f.Text != "" {
		c.texts++
		if err := c.text(e.Seq, f.Text); err != nil {
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
		if e.Action == "person.added" {
			p, err := c.q.Person(c.ctx, e.Subject)
			if none(err) || err == nil && p.Roles != f.Roles {
				return &audit.Broken{Reason: "the person's row is not what was added"}
			}
			return err
		}
		if e.Action == "person.suspended" {
			p, err := c.q.Person(c.ctx, e.Subject)
			if none(err) || err == nil && p.SuspendedAt == 0 {
				return &audit.Broken{Reason: "the person was suspended and stands again"}
			}
			return err
		}
	case "halt":
		c.halts[e.Subject] = e.Seq
	}
	return nil
}

func (c *checker) text(seq int64, commit string) error {
	var salt []byte
	var text string
	err := c.tx.QueryRowContext(c.ctx, "SELECT salt, text FROM event_text WHERE seq = ?", seq).Scan(&salt, &text)
	if none(err) {
		return &audit.Broken{Reason: "the text beside it is gone"}
	}
	if err != nil {
		return err
	}
	var s payout.Salt
	copy(s[:], salt)
	if text != "" && s.Commit("text", text) != commit {
		return &audit.Broken{Reason: "the text beside it is not what was written"}
	}
	return nil
}

func (c *checker) payout(e audit.Event, f facts) error {
	t := c.payouts[e.Subject]
	if t == nil {
		t = &track{attempts: map[int]string{}, answers: map[int]answerFact{}, fetches: map[int64]string{}, versions: map[int]versionFact{}, subjects: map[int]string{}}
		c.payouts[e.Subject] = t
	}
	if err := t.fold.Fold(e); err != nil {
		return &audit.Broken{Reason: err.Error()}
	}
	t.last = e.Seq
	switch e.Action {
	case payout.ActCreated, payout.ActEdited, payout.ActChangesAsked:
		v := versionFact{commit: f.Commit, text: f.AmText, person: e.Person}
		if f.Minor != nil {
			v.minor = *f.Minor
		}
		t.versions[e.Version] = v
	case payout.ActSubmitted:
		t.subjects[e.Version] = f.Digest
	case payout.ActClaimed:
		if f.Attempt != nil {
			t.attempts[*f.Attempt] = f.Body
		}
	}
	if f.Answer != "" && f.Attempt != nil {
		t.answers[*f.Attempt] = answerFact{f.Body, f.Answer}
	}
	if f.Fetch != nil {
		t.fetches[*f.Fetch] = f.Body
	}
	if f.Evidence != "" {
		t.evidence = append(t.evidence, f.Evidence)
	}
	return nil
}

func (c *checker) message(e audit.Event, f facts) error {
	switch e.Action {
	case "message.received":
		var sha string
		var body []byte
		err := c.tx.QueryRowContext(c.ctx, "SELECT sha, body FROM inbox WHERE id = ?", e.Subject).Scan(&sha, &body)
		if none(err) {
			return &audit.Broken{Reason: "the message is gone"}
		}
		if err != nil {
			return err
		}
		if sha != f.SHA || len(body) > 0 && hash(body) != sha {
			return &audit.Broken{Reason: "the message is not what came"}
		}
	case "message.applied":
		var id, effect, alarm, to string
		err := c.tx.QueryRowContext(c.ctx, "SELECT payout_id, effect, alarm, to_state FROM inbox_result WHERE inbox_id = ?", e.Subject).Scan(&id, &effect, &alarm, &to)
		if none(err) {
			return &audit.Broken{Reason: "what the message did is gone"}
		}
		if err != nil {
			return err
		}
		if id != f.Payout || effect != f.Effect || alarm != f.Alarm || to != f.To {
			return &audit.Broken{Reason: "what the message did is not what is recorded"}
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

// rows compares every row that has a history with it, and finds rows without any.
func (c *checker) rows() error {
	n := 0
	idRows, err := c.tx.QueryContext(c.ctx, "SELECT id FROM payout ORDER BY number")
	if err != nil {
		return err
	}
	var all []string
	for idRows.Next() {
		var id string
		if err := idRows.Scan(&id); err != nil {
			idRows.Close()
			return err
		}
		all = append(all, id)
	}
	idRows.Close()
	if err := idRows.Err(); err != nil {
		return err
	}
	for _, id := range all {
		t := c.payouts[id]
		if t == nil {
			return at(c.last, "payout %s has no history", id)
		}
		n++
		if err := c.onePayout(id, t); err != nil {
			return err
		}
	}
	if n != len(c.payouts) {
		return at(c.last, "%d payouts have a history, %d have a row", len(c.payouts), n)
	}
	// Rows without any event: counted, since each of these is written with exactly one.
	for _, x := range []struct {
		table, where string
		want         int64
	}{
		{"event_text", "", c.texts},
		{"inbox", "", c.counts["message.received"]},
		{"inbox_result", "", c.counts["message.applied"]},
		{"halt", "", c.counts["halt.on"]},
		{"halt_release", "", c.counts["halt.off"]},
		{"person", "", c.counts["person.added"]},
		{"person", " WHERE suspended_at <> 0", c.counts["person.suspended"]},
		{"decision", " WHERE kind = 'release'", c.counts["halt.release_asked"] + c.counts["halt.off"]},
	} {
		var got int64
		if err := c.tx.QueryRowContext(c.ctx, "SELECT COUNT(*) FROM "+x.table+x.where).Scan(&got); err != nil {
			return err
		}
		if got != x.want {
			return at(c.last, "%s%s holds %d rows, the history tells of %d", x.table, x.where, got, x.want)
		}
	}
	return nil
}

func (c *checker) onePayout(id string, t *track) error {
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
		if !ok || want.minor != v.AmountMinor || want.person != v.PersonID {
			return at(t.last, "version %d of payout %d is not what was written", v.Version, s.Number)
		}
		if strings.Join([]string{v.FullName, v.BIK, v.Account, v.Description, v.AmountText}, "") == "" && v.Version > 0 && v.AmountMinor > 0 {
			continue // erased
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
	return c.bankRows(id, s, t)
}

func (c *checker) bankRows(id string, s payout.Snapshot, t *track) error {
	subs, err := c.q.Subjects(c.ctx, queries.SubjectsParams{Kind: string(approval.Payout), ID: id})
	if err != nil {
		return err
	}
	if len(subs) != len(t.subjects) {
		return at(t.last, "payout %d was submitted %d times, its rows say %d", s.Number, len(t.subjects), len(subs))
	}
	for _, sub := range subs {
		if t.subjects[int(sub.Version)] != sub.Digest {
			return at(t.last, "the submitted digest of version %d of payout %d is not what was written", sub.Version, s.Number)
		}
	}
	rows, err := c.q.Attempts(c.ctx, id)
	if err != nil {
		return err
	}
	if len(rows) != len(t.attempts) {
		return at(t.last, "payout %d has %d requests, its history tells of %d", s.Number, len(rows), len(t.attempts))
	}
	for _, r := range rows {
		body, err := c.q.AttemptBody(c.ctx, queries.AttemptBodyParams{PayoutID: id, N: r.N})
		if err != nil {
			return err
		}
		if want, ok := t.attempts[int(r.N)]; !ok || len(body) > 0 && hash(body) != want {
			return at(t.last, "request %d of payout %d is not what was sent", r.N, s.Number)
		}
		want, answered := t.answers[int(r.N)]
		if r.Kind == "" {
			if answered {
				return at(t.last, "the answer to request %d of payout %d is gone", r.N, s.Number)
			}
			continue
		}
		ans, err := c.q.OutcomeBody(c.ctx, queries.OutcomeBodyParams{PayoutID: id, N: r.N})
		if err != nil {
			return err
		}
		if !answered || want.kind != r.Kind || len(ans) > 0 && hash(ans) != want.body {
			return at(t.last, "the answer to request %d of payout %d is not what came", r.N, s.Number)
		}
	}
	fetches, err := c.q.Fetches(c.ctx, id)
	if err != nil {
		return err
	}
	for _, f := range fetches {
		full, err := c.q.FetchByID(c.ctx, f.ID)
		if err != nil {
			return err
		}
		if want, ok := t.fetches[f.ID]; !ok || len(full.Body) > 0 && hash(full.Body) != want {
			return at(t.last, "a fetched status of payout %d is not what came", s.Number)
		}
	}
	if len(fetches) != len(t.fetches) {
		return at(t.last, "payout %d has %d fetched statuses, its history tells of %d", s.Number, len(fetches), len(t.fetches))
	}
	docs, err := c.q.Evidence(c.ctx, id)
	if err != nil {
		return err
	}
	if len(docs) != len(t.evidence) {
		return at(t.last, "payout %d has %d pieces of evidence, its history tells of %d", s.Number, len(docs), len(t.evidence))
	}
	want := slices.Sorted(slices.Values(t.evidence))
	got := make([]string, len(docs))
	for i, d := range docs {
		got[i] = hash([]byte(d))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
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
