// Package desktest builds a whole desk without pages for tests: a real SQLite, the real use cases, the real pretend bank, one clock that the
// test moves. Only tests import it.
package desktest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/bank131"
	"countersign/internal/bankdetails"
	"countersign/internal/banksim"
	"countersign/internal/factor"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store"
)

// Clock is a clock that stands until it is moved. Safe for many goroutines.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// Now returns the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Add moves it on.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Set sets it.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// Keys are made once a test binary: RSA keys are slow to make.
var keys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var k [2]*rsa.PrivateKey
	for i := range k {
		var err error
		if k[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return k
})

// Desk is a desk of a test. Makers m1, m2; approvers a1, a2; senior s1; auditor u1; admins d1, d2, d3: Who finds them by these names.
type Desk struct {
	Machine string // this machine in the stamp beside the anchor; "" to have none
	T       testing.TB
	Dir     string
	Clock   *Clock
	Store   *store.Store
	App     *app.App
	Bank    *banksim.Bank
	Signer  *audit.Signer
	// History is the key file of the history, PEM.
	History []byte
	Seal    factor.Seal
	Keys    *factor.Keys
	Our     *rsa.PrivateKey
	BankRS  *rsa.PrivateKey
	Who     map[string]app.Who
	rules   approval.RuleSet
	hooks   bank131.Verifier
	// Ring are the bank's keys that the desk of the last Open accepts.
	Ring *bank131.Ring
	n    int
	life string // the folder that the desk lives in after a Crash
	// Flow and Confirm are those of the next Open; "" is the single flow. Stepwise sets them and the bank's project.
	Flow, Confirm string
	// Free is what the disk is said to have left, bytes; nil asks the system.
	Free func() int64
	// Batch and Queue bound the writer of the next Open; 0 is its default.
	Batch, Queue int
}

type wire struct{}

func (wire) EncodePayout(e protocol.Expect) ([]byte, error) { return bank131.EncodePayout(e) }
func (wire) DecodePayout(b []byte) (protocol.Expect, error) { return bank131.DecodePayout(b) }
func (wire) ParseWebhook(b []byte) protocol.Webhook         { return bank131.ParseWebhook(b) }
func (wire) EncodeStep(c protocol.StepCall, session string, e protocol.Expect) ([]byte, error) {
	return bank131.EncodeStep(c, session, e)
}
func (wire) CheckStep(c protocol.StepCall, session string, e protocol.Expect, b []byte) error {
	return bank131.CheckStep(c, session, e, b)
}
func (wire) ParseEcho(b []byte) protocol.Echo { return bank131.ParseEcho(b) }

// Light is as little work as a password hash can be: 46 MiB for each sign-in of each test prove nothing more. What a real desk asks for is judged by
// internal/auth's tests and by those that start the real binary.
var Light = auth.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Project is the project of every test desk.
const Project = "desktest"

// New makes a desk in a temporary folder, with its people, at noon of a Thursday, Moscow.
func New(t testing.TB) *Desk {
	t.Helper()
	return NewWith(t, Rules())
}

// NewWith is New with another rule set to begin with.
func NewWith(t testing.TB, rules approval.RuleSet) *Desk {
	t.Helper()
	history, _, err := audit.GenerateKey(rand.Reader)
	must(t, err)
	signer, err := audit.LoadSigner(history)
	must(t, err)
	secret, err := signer.Derive("countersign seals/1")
	must(t, err)
	seal, err := factor.NewSeal(secret)
	must(t, err)
	passkeys, err := factor.NewKeys(Site, "Countersign")
	must(t, err)
	k := keys()
	d := &Desk{rules: rules, Seal: seal, Keys: passkeys, T: t, Dir: t.TempDir(), Clock: &Clock{t: time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)}, Signer: signer, History: history, Our: k[0], BankRS: k[1], Who: map[string]app.Who{}}
	d.Bank, err = banksim.New(banksim.Options{DataDir: filepath.Join(d.Dir, "bank"), Project: Project, PartnerKeys: []*rsa.PublicKey{&d.Our.PublicKey}, BankKey: d.BankRS,
		Delay: 2 * time.Second, Seed: 1, Now: d.Clock.Now, Driven: true})
	must(t, err)
	t.Cleanup(func() { d.Bank.Close() })
	pub, err := bank131.PublicPEM(&d.BankRS.PublicKey)
	must(t, err)
	ks, err := bank131.ParsePublicKeys([]byte(pub))
	must(t, err)
	d.hooks = bank131.Verifier{Keys: ks}
	d.Open()
	t.Cleanup(func() { d.Store.Close() })
	for _, p := range []struct{ name, roles string }{{"m1", "maker"}, {"m2", "maker"}, {"a1", "approver"}, {"a2", "approver"}, {"s1", "senior"},
		{"u1", "auditor"}, {"d1", "admin"}, {"d2", "admin"}, {"d3", "admin"}} {
		roles, err := auth.ParseRoles(p.roles, true)
		must(t, err)
		id, err := d.App.AddFounderHashed(t.Context(), app.NewPerson{Email: p.name + "@x.test", Name: "Person " + p.name, Roles: roles}, "no password")
		must(t, err)
		d.Who[p.name] = app.Who{Person: id, Email: p.name + "@x.test"}
	}
	must(t, d.Store.Anchor()) // people are there before a desk's first start, which anchors
	return d
}

// DB is the path of the database; Anchor that of the anchor.
func (d *Desk) DB() string     { return filepath.Join(d.base(), "db", "desk.db") }
func (d *Desk) Anchor() string { return filepath.Join(d.base(), "outside-anchor") }

func (d *Desk) base() string {
	if d.life != "" {
		return d.life
	}
	return d.Dir
}

// Open opens the database and builds the use cases, as a start does; call it again after Store.Close for a restart.
func (d *Desk) Open() {
	d.T.Helper()
	var err error
	d.Store, err = store.Open(context.Background(), store.Options{Path: d.DB(), Anchor: d.Anchor(), Machine: d.Machine, Signer: d.Signer, Now: d.Clock.Now, Born: "serve",
		Free: d.Free, Batch: d.Batch, Queue: d.Queue})
	must(d.T, err)
	hasher, err := auth.NewHasher(Light, auth.DefaultQueue)
	must(d.T, err)
	d.Ring = bank131.NewRing(d.hooks.Keys, &d.Our.PublicKey)
	d.App = app.New(app.Options{Store: d.Store, BankKeys: d.Ring, Seal: d.Seal, Keys: d.Keys, Wire: wire{}, Hasher: hasher, Rules: d.rules, Place: payout.Place{Environment: "test", Project: Project},
		Now: d.Clock.Now, Rand: rand.Reader, SendAfter: 3 * time.Second, PollMin: 20 * time.Second, BankTimeout: time.Minute, Flow: cmp.Or(d.Flow, protocol.FlowSingle), Confirm: d.Confirm})
	must(d.T, d.App.DeclareLoss(context.Background()))
	must(d.T, d.App.BeginSeals(context.Background()))
	must(d.T, d.App.RefreshBank(context.Background()))
	must(d.T, d.App.Recover(context.Background()))
}

// Stepwise makes the desk and the bank's project go on in the stepwise flow; on says where the kopecks of an amount strike.
func (d *Desk) Stepwise(confirm, on string) {
	d.T.Helper()
	d.Flow, d.Confirm = protocol.FlowStepwise, confirm
	d.App.Flow, d.App.Confirm = d.Flow, d.Confirm
	d.Bank.SetConfirm(confirm == protocol.ConfirmRequired)
	d.Bank.SetOn(on)
}

// Single goes back to single requests.
func (d *Desk) Single() {
	d.Flow, d.Confirm = "", ""
	d.App.Flow, d.App.Confirm = protocol.FlowSingle, ""
	d.Bank.SetConfirm(false)
}

// Steps sends, delivers and polls until the stepwise flow comes to rest: nothing to send, nothing due.
func (d *Desk) Steps() {
	d.T.Helper()
	for range 100 {
		if d.App.NeedProbe() {
			d.App.Probed() // the balance is answered
		}
		sent := d.Send()
		d.Deliver()
		d.Poll()
		if sent {
			continue
		}
		if due, ok := d.Bank.Next(); ok && due.Before(d.Clock.Now().Add(time.Hour)) {
			if now := d.Clock.Now(); due.After(now) {
				d.Clock.Set(due)
			}
			continue
		}
		d.Clock.Add(time.Minute)
		if did, err := d.App.LoseStale(d.T.Context()); err != nil {
			d.T.Fatal(err)
		} else if did {
			continue
		}
		d.Poll()
		if !d.Send() {
			return
		}
	}
	d.T.Fatal("the stepwise flow does not come to rest")
}

// Content is a valid payout of this many kopecks; every call names another payee account, so that none is a repeat.
func (d *Desk) Content(minor int64) payout.Content {
	d.n++
	bik := "044525974"
	acc := bankdetails.WithAccountKey(bik, fmt.Sprintf("408178100%011d", d.n))
	return payout.Content{Details: bankdetails.Details{FullName: "Иванов Иван Иванович", BIK: bik, Account: acc,
		Description: "Перевод средств по договору № 5015553111 Иванов Иван Иванович НДС не облагается"}, AmountText: fmt.Sprintf("%d.%02d", minor/100, minor%100)}
}

// Submit enters and submits a payout by m1.
func (d *Desk) Submit(minor int64) payout.ID {
	d.T.Helper()
	return d.SubmitContent("m1", d.Content(minor))
}

// SubmitContent enters and submits this content by a maker.
func (d *Desk) SubmitContent(by string, c payout.Content) payout.ID {
	d.T.Helper()
	d.n++
	id, err := d.App.Enter(d.T.Context(), d.Who[by], app.Entry{Form: fmt.Sprintf("form-%d", d.n), Content: c, Submit: true})
	must(d.T, err)
	return id
}

// Get loads a payout.
func (d *Desk) Get(id payout.ID) payout.Snapshot {
	d.T.Helper()
	s, err := d.Store.PayoutByID(d.T.Context(), id)
	must(d.T, err)
	return s
}

// Approve lets these people approve what is on their screen.
func (d *Desk) Approve(id payout.ID, by ...string) {
	d.T.Helper()
	for _, w := range by {
		must(d.T, d.App.Approve(d.T.Context(), d.Who[w], id, d.Get(id).Digest, app.Proof{}))
	}
}

// Approved makes an approved payout whose countdown is over.
func (d *Desk) Approved(minor int64) payout.ID {
	d.T.Helper()
	id := d.Submit(minor)
	d.Approve(id, Signers(minor)...)
	d.Clock.Add(4 * time.Second)
	return id
}

// Signers are those who approve a payout of this many kopecks on a test desk.
func Signers(minor int64) []string {
	return []string{"a1", "a2", "s1"}[:Rules().Need(approval.Facts{AmountMinor: minor}).Count()]
}

// Rules is the rule set of test desks: the demo's, with nothing to be signed.
func Rules() approval.RuleSet {
	r := approval.DemoRules()
	r.SignAboveMinor = 0
	return r
}

// Claim claims the next payout; nil when nothing goes.
func (d *Desk) Claim() *protocol.Order {
	d.T.Helper()
	o, err := d.App.Claim(d.T.Context())
	must(d.T, err)
	return o
}

// Send claims, asks the pretend bank once, records its answer. It returns false when nothing could be claimed.
func (d *Desk) Send() bool {
	d.T.Helper()
	o := d.Claim()
	if o == nil {
		return false
	}
	a, raw := d.Ask(o)
	must(d.T, d.App.Answered(d.T.Context(), o, a, raw))
	return true
}

// Ask makes the one writing call.
func (d *Desk) Ask(o *protocol.Order) (protocol.Answer, protocol.Raw) {
	d.T.Helper()
	path := "/api/v1/session/init/payout"
	switch o.Step {
	case protocol.CallStart:
		path = "/api/v1/session/start/payout"
	case protocol.CallCreate, protocol.CallConfirm, protocol.CallCancel:
		path = "/api/v1/session/" + string(o.Step)
	}
	code, body, cut := d.call(path, o.Key, o.Body)
	if cut {
		return protocol.Answer{GotConn: true, Err: "cut"}, protocol.Raw{}
	}
	a := bank131.ParseAnswer(body)
	a.GotConn, a.HTTP = true, code
	return a, protocol.Raw{HTTP: code, Body: body}
}

func (d *Desk) call(path, key string, body []byte) (int, []byte, bool) {
	d.T.Helper()
	sig, err := bank131.Signer{Key: d.Our}.Sign(body)
	must(d.T, err)
	req, err := http.NewRequest(http.MethodPost, "http://bank.test"+path, bytes.NewReader(body))
	must(d.T, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-PARTNER-PROJECT", Project)
	req.Header.Set("X-PARTNER-SIGN", sig)
	if key != "" {
		req.Header.Set("X-PARTNER-IDEMPOTENCY-KEY", key)
	}
	rec := &recorder{head: http.Header{}, code: 200}
	d.Bank.Handler().ServeHTTP(rec, req)
	return rec.code, rec.body.Bytes(), rec.head.Get("X-Banksim") == "cut"
}

type recorder struct {
	head http.Header
	code int
	body bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.head }
func (r *recorder) WriteHeader(code int)        { r.code = code }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// Deliver lets the bank do what is due by the clock and stores and applies its genuine messages.
func (d *Desk) Deliver() {
	d.T.Helper()
	for _, m := range d.Bank.Advance(d.Clock.Now()) {
		key, reason := d.hooks.Verify(m.Body, []string{m.Signature})
		if reason != "" {
			d.App.RefusedWebhook(d.T.Context(), m.Body, m.Signature, reason)
			continue
		}
		must(d.T, d.App.StoreWebhook(d.T.Context(), m.Body, key))
		d.Apply()
	}
}

// Apply applies everything stored.
func (d *Desk) Apply() {
	d.T.Helper()
	for {
		did, err := d.App.ApplyNext(d.T.Context())
		must(d.T, err)
		if !did {
			return
		}
	}
}

// Poll asks about every session that is due.
func (d *Desk) Poll() {
	d.T.Helper()
	for range 1000 {
		p, err := d.App.DuePoll(d.T.Context())
		must(d.T, err)
		if p == nil {
			return
		}
		code, body, _ := d.call("/api/v1/session/status", "", fmt.Appendf(nil, `{"session_id":%q}`, p.Session))
		must(d.T, d.App.Fetched(d.T.Context(), p, bank131.ParseFetch(p.Session, code, body), protocol.Raw{HTTP: code, Body: body}))
	}
	d.T.Fatal("polling does not end")
}

// Settle moves the clock from due time to due time until the bank does nothing more by itself.
func (d *Desk) Settle() {
	d.T.Helper()
	d.Poll()
	for range 10_000 {
		due, ok := d.Bank.Next()
		if !ok {
			d.Clock.Add(time.Minute)
			d.Poll()
			return
		}
		if now := d.Clock.Now(); due.After(now) {
			d.Clock.Add(due.Sub(now))
		}
		d.Deliver()
		d.Poll()
	}
	d.T.Fatal("the bank does not settle")
}

// Ledger is the bank's own book, by reference.
func (d *Desk) Ledger() map[string]banksim.Entry {
	out := map[string]banksim.Entry{}
	for _, e := range d.Bank.Ledger() {
		out[e.Reference] = e
	}
	return out
}

// Verify proves the database against its history and anchor, counts every decision again, and fails the test when anything is broken.
func (d *Desk) Verify() {
	d.T.Helper()
	r, err := store.Verify(context.Background(), d.DB(), audit.VerifierFor(d.Signer), nil)
	must(d.T, err)
	if !r.OK() {
		d.T.Fatalf("history broken at %d: %s", r.Broken, r.Reason)
	}
	again, err := store.CheckApprovals(context.Background(), d.DB())
	must(d.T, err)
	for _, f := range again.Findings {
		d.T.Errorf("the history counted again: %s", f)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// SQL opens one more connection to the database, as somebody with the file would: foreign keys off, triggers as they are. Close it by the test's end.
func (d *Desk) SQL() *sql.DB {
	d.T.Helper()
	db, err := sql.Open("sqlite", "file:"+d.DB()+"?_pragma=busy_timeout(10000)")
	must(d.T, err)
	db.SetMaxOpenConns(1)
	d.T.Cleanup(func() { db.Close() })
	return db
}

// Exec runs one statement past the desk.
func (d *Desk) Exec(stmt string, args ...any) {
	d.T.Helper()
	db := d.SQL()
	defer db.Close()
	_, err := db.ExecContext(context.Background(), stmt, args...)
	must(d.T, err)
}

// SetRoles gives somebody other roles in their row and in the history, past the pages: as from an old database.
func (d *Desk) SetRoles(name string, roles ...auth.Role) {
	d.T.Helper()
	d.setPerson(name, time.Time{}, roles)
}

// Suspend suspends somebody in the same way: what they proposed stays open.
func (d *Desk) Suspend(name string) {
	d.T.Helper()
	d.setPerson(name, d.Clock.Now(), nil)
}

func (d *Desk) setPerson(name string, off time.Time, roles []auth.Role) {
	d.T.Helper()
	_, err := d.Store.Write(context.Background(), app.People, func(tx app.Tx) error {
		p, err := tx.Person(d.Who[name].Person)
		if err != nil {
			return err
		}
		facts := map[string]any{"person_version": p.Version + 1}
		if roles != nil {
			p.Roles, facts["roles"] = roles, auth.FormatRoles(roles)
		}
		if !off.IsZero() {
			facts["suspended_at"] = off.UnixMicro()
		}
		if err := tx.SavePerson(p, off); err != nil {
			return err
		}
		doc, err := audit.Canonical(facts)
		if err != nil {
			return err
		}
		_, err = tx.Append(audit.Event{At: d.Clock.Now(), Action: "person.changed", Kind: "person", Subject: p.ID, Spec: 1, Payload: doc}, "", payout.Salt{})
		return err
	})
	must(d.T, err)
}

// Restart closes the database properly and starts again on it.
func (d *Desk) Restart() {
	d.T.Helper()
	must(d.T, d.Store.Close())
	d.Open()
}

// Crash starts again from what is on disk at this moment, as after kill -9: the files are copied while the old process still has
// them open and the new desk lives on the copy. The bank is another machine and knows nothing of it.
func (d *Desk) Crash() {
	d.T.Helper()
	d.n++
	next := filepath.Join(d.Dir, fmt.Sprintf("crash-%d", d.n))
	must(d.T, os.MkdirAll(filepath.Join(next, "db"), 0o700))
	for _, f := range []string{"db/desk.db", "db/desk.db-wal", "outside-anchor"} {
		b, err := os.ReadFile(filepath.Join(d.base(), f))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		must(d.T, err)
		must(d.T, os.WriteFile(filepath.Join(next, f), b, 0o600))
	}
	old := d.Store
	d.life = next
	d.Open()
	must(d.T, old.Close())
}

// Replace puts another database file in the place of the closed one, as a restore does.
func (d *Desk) Replace(from string) {
	d.T.Helper()
	for _, s := range []string{"-wal", "-shm"} {
		if err := os.Remove(d.DB() + s); err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.T.Fatal(err)
		}
	}
	b, err := os.ReadFile(from)
	must(d.T, err)
	must(d.T, os.WriteFile(d.DB(), b, 0o600))
}

// Events reads the whole history past the desk, oldest first.
func (d *Desk) Events() []audit.Event {
	d.T.Helper()
	db := d.SQL()
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), "SELECT seq, at, person, sign_in, action, kind, subject, version, spec, payload FROM event ORDER BY seq")
	must(d.T, err)
	defer rows.Close()
	var out []audit.Event
	for rows.Next() {
		var e audit.Event
		var at int64
		var payload string
		must(d.T, rows.Scan(&e.Seq, &at, &e.Person, &e.SignIn, &e.Action, &e.Kind, &e.Subject, &e.Version, &e.Spec, &payload))
		e.At, e.Payload = time.UnixMicro(at).UTC(), []byte(payload)
		out = append(out, e)
	}
	must(d.T, rows.Err())
	return out
}

// Name is the short name (m1, a2, …) of a person, "" of nobody's.
func (d *Desk) Name(person string) string {
	for n, w := range d.Who {
		if w.Person == person {
			return n
		}
	}
	return ""
}

// Payouts lists the ids of all payouts, oldest first.
func (d *Desk) Payouts() []payout.ID {
	d.T.Helper()
	db := d.SQL()
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), "SELECT id FROM payout ORDER BY number")
	must(d.T, err)
	defer rows.Close()
	var out []payout.ID
	for rows.Next() {
		var id string
		must(d.T, rows.Scan(&id))
		out = append(out, payout.ID(id))
	}
	must(d.T, rows.Err())
	return out
}

// Message is a message of the bank about a payout as its reference and session stand now: v1 names, genuine in every field.
func (d *Desk) Message(id payout.ID, session, kind, sessionStatus, payoutStatus string, updated time.Time) []byte {
	d.T.Helper()
	s := d.Get(id)
	return fmt.Appendf(nil, `{"type":%q,"session":{"id":%q,"status":%q,"created_at":"2026-11-19T09:00:00.000000Z","updated_at":%q,"payments":[{"id":"po_1","status":%q,`+
		`"payment_method":{"type":"bank_account","bank_account":{"system_type":"ru","ru":{"bik":%q,"account":%q,"full_name":%q,"description":%q}}},`+
		`"amount_details":{"amount":%d,"currency":"rub"},"metadata":%q}]}}`,
		kind, session, sessionStatus, updated.UTC().Format("2006-01-02T15:04:05.000000Z"), payoutStatus, s.Content.BIK, s.Content.Account, s.Content.FullName,
		s.Content.Description, s.Content.Amount.Minor, s.Reference)
}

// Hooks is the check of the bank's signatures.
func (d *Desk) Hooks() bank131.Verifier { return d.hooks }

// MoveTo moves a closed desk's database into another folder.
func (d *Desk) MoveTo(dir string) {
	d.T.Helper()
	b, err := os.ReadFile(d.DB())
	must(d.T, err)
	must(d.T, os.MkdirAll(filepath.Join(dir, "db"), 0o700))
	must(d.T, os.WriteFile(filepath.Join(dir, "db", "desk.db"), b, 0o600))
	d.life = dir
}

// Halted reports whether sending is stopped.
func (d *Desk) Halted() bool {
	d.T.Helper()
	s, err := d.App.Desk(d.T.Context())
	must(d.T, err)
	return s.Halt != nil
}
