package simtest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	mrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/bank131"
	"countersign/internal/bankdetails"
	"countersign/internal/banksim"
	"countersign/internal/desktest"
	"countersign/internal/dispatch"
	"countersign/internal/factor"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store"
	"countersign/internal/webhook"
)

// The ways of asking: one request; stepwise with our own confirmation; stepwise with the project's automatic one.
const (
	single   = "single"
	stepwise = "stepwise"
	auto     = "auto"
)

// start is noon of a Thursday, Moscow.
var start = time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)

// people of a simulated desk.
var people = []struct{ name, roles string }{{"m1", "maker"}, {"m2", "maker"}, {"a1", "approver"}, {"a2", "approver"}, {"s1", "senior"}, {"u1", "auditor"}, {"d1", "admin"},
	{"d2", "admin"}}

// founded is a desk with its people, as files, made once a process: every seed begins with a copy of it.
type founded struct {
	db, anchor []byte
	who        map[string]app.Who
	our, bank  *rsa.PrivateKey
	signer     *audit.Signer
	seal       factor.Seal
	hooks      bank131.Verifier
	signed     sync.Map // our signatures by body: they are the same each time, and dear
}

type wire struct{}

func (wire) EncodePayout(e protocol.Expect) ([]byte, error) { return bank131.EncodePayout(e) }
func (wire) DecodePayout(b []byte) (protocol.Expect, error) { return bank131.DecodePayout(b) }
func (wire) EncodeStep(call protocol.StepCall, session string, e protocol.Expect) ([]byte, error) {
	return bank131.EncodeStep(call, session, e)
}
func (wire) CheckStep(call protocol.StepCall, session string, e protocol.Expect, b []byte) error {
	return bank131.CheckStep(call, session, e, b)
}
func (wire) ParseEcho(b []byte) protocol.Echo       { return bank131.ParseEcho(b) }
func (wire) ParseWebhook(b []byte) protocol.Webhook { return bank131.ParseWebhook(b) }

var found = sync.OnceValues(func() (*founded, error) {
	f := &founded{who: map[string]app.Who{}}
	var err error
	if f.our, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if f.bank, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if f.signer, err = audit.NewSigner(audit.KeyName, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{131}, ed25519.SeedSize))); err != nil {
		return nil, err
	}
	secret, err := f.signer.Derive("countersign seals/1")
	if err != nil {
		return nil, err
	}
	if f.seal, err = factor.NewSeal(secret); err != nil {
		return nil, err
	}
	pub, err := bank131.PublicPEM(&f.bank.PublicKey)
	if err != nil {
		return nil, err
	}
	if f.hooks.Keys, err = bank131.ParsePublicKeys([]byte(pub)); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(memory(), "countersign-sim-found-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	w := &world{f: f, dir: dir, life: dir, clock: start, rand: mrand.NewChaCha8([32]byte{}), hit: map[string]int{}}
	if err := w.open(); err != nil {
		return nil, err
	}
	for _, p := range people {
		roles, err := auth.ParseRoles(p.roles, true)
		if err != nil {
			return nil, err
		}
		id, err := w.app.AddFounderHashed(context.Background(), app.NewPerson{Email: p.name + "@x.test", Name: "Person " + p.name, Roles: roles}, "no password")
		if err != nil {
			return nil, err
		}
		f.who[p.name] = app.Who{Person: id, Email: p.name + "@x.test"}
	}
	if err := w.store.Close(); err != nil {
		return nil, err
	}
	if f.db, err = os.ReadFile(w.db()); err != nil {
		return nil, err
	}
	f.anchor, err = os.ReadFile(w.anchor())
	return f, err
})

// memory is a folder in memory where there is one: nothing here is about the flush to disk, which the torture of cmd/dashboard tests.
func memory() string {
	if s, err := os.Stat("/dev/shm"); err == nil && s.IsDir() {
		if f, err := os.CreateTemp("/dev/shm", "probe"); err == nil {
			f.Close()
			os.Remove(f.Name())
			return "/dev/shm"
		}
	}
	return ""
}

// moods are how bad the world of one seed is, in per cent of the occasions.
type moods struct {
	noConn, before, after, late, garbled  int // of a writing call
	down, stale, lag                      int // of a status call
	lost, doubled, delayed                int // of a message
	crash, disk, clock, people, restoring int // of a step
	ignoreKey                             bool
}

// letter is a message on its way to the desk.
type letter struct {
	at    time.Time
	body  []byte
	sig   string
	tries int
}

// call is a request that reaches the bank after we gave it up.
type call struct {
	at   time.Time
	path string
	key  string
	body []byte
}

// asked is one order that the dispatcher was given.
type asked struct {
	payout string
	lost   bool // by a restore: the desk that runs now never knew it
}

// crashed unwinds a step: the process is gone.
type crashed struct{ at string }

// faulty may break a product part for a negative control; the zero one breaks nothing.
type faulty struct {
	bank func(*world, dispatch.Bank) dispatch.Bank
	tx   func(*world, app.Tx) app.Tx
}

// world is one simulated desk with everything round it. One goroutine drives it.
type world struct {
	f    *founded
	flow string
	seed uint64
	rnd  *mrand.Rand
	rand *mrand.ChaCha8 // what the desk takes for randomness
	bad  faulty

	dir, life string
	lives     int
	clock     time.Time     // the bank's
	skew      time.Duration // what the desk's clock is off by
	store     *store.Store
	app       *app.App
	sender    *dispatch.Sender
	poller    *dispatch.Poller
	expirer   *dispatch.Expirer
	stale     *dispatch.Stale
	applier   *webhook.Applier
	intake    http.Handler
	bank      *banksim.Bank

	mood    moods
	crashIn int // points until the process dies; 0 for never
	diskBad int // writes that the disk will refuse
	depth   int // of what happens while a call is on its way
	mail    []letter
	flying  []call
	seen    map[string][][]byte // bodies of statuses by session, oldest first
	born    map[string]time.Time
	orders  map[string]*asked // by reference
	acked   map[string]bool   // messages answered 200, by sha
	entered []payout.ID       // that this life knows
	copies  []copyOf          // backups
	hit     map[string]int    // faults and deeds that happened
	told    []string          // findings
	started map[string]bool   // sessions whose start was handed out
	tales   map[string]string // what the status of a stream's session shows
	early   map[string]early  // answers that a hasty control had too early, by key
	log     bytes.Buffer      // what every life logged
	logged  *slog.Logger
	steps   int
	digest  string
}

// copyOf is a backup and what was acknowledged when it was made.
type copyOf struct {
	path    string
	acked   map[string]bool
	orders  map[string]bool
	entered int
}

func (w *world) db() string     { return filepath.Join(w.life, "db", "desk.db") }
func (w *world) anchor() string { return filepath.Join(w.life, "outside-anchor") }

// now is what the desk's clock shows.
func (w *world) now() time.Time { return w.clock.Add(w.skew) }

// tell writes one line of a run that is looked at (SEED and -v).
func (w *world) tell(format string, args ...any) {
	if trace {
		fmt.Printf("%4d %s %s\n", w.steps, w.now().Format("02 15:04:05.000"), fmt.Sprintf(format, args...))
	}
}

// trace: the run of SEED is written out, step by step.
var trace = os.Getenv("SEED") != "" && os.Getenv("SEED") != "0"

func (w *world) say(format string, args ...any) {
	if len(w.told) < 20 {
		w.told = append(w.told, fmt.Sprintf("step %d: ", w.steps)+fmt.Sprintf(format, args...))
	}
}

// per reports whether one of a hundred equal chances falls below n.
func (w *world) per(n int) bool { return n > 0 && w.rnd.IntN(100) < n }

// newWorld makes a world whose every decision comes from the seed.
func newWorld(seed uint64, flow string, bad faulty) (*world, error) {
	f, err := found()
	if err != nil {
		return nil, err
	}
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	w := &world{f: f, flow: flow, seed: seed, rnd: mrand.New(mrand.NewPCG(seed, 5)), rand: mrand.NewChaCha8(key), bad: bad, clock: start, hit: map[string]int{},
		seen: map[string][][]byte{}, born: map[string]time.Time{}, orders: map[string]*asked{}, acked: map[string]bool{}, early: map[string]early{}, started: map[string]bool{}, tales: map[string]string{}}
	if w.dir, err = os.MkdirTemp(memory(), "countersign-sim-"); err != nil {
		return nil, err
	}
	w.life = filepath.Join(w.dir, "0")
	if err := os.MkdirAll(filepath.Join(w.life, "db"), 0o700); err != nil {
		return nil, err
	}
	if err := errors.Join(os.WriteFile(w.db(), f.db, 0o600), os.WriteFile(w.anchor(), f.anchor, 0o600)); err != nil {
		return nil, err
	}
	w.bank, err = banksim.New(banksim.Options{Project: desktest.Project, PartnerKeys: []*rsa.PublicKey{&f.our.PublicKey}, BankKey: f.bank, ExtraWrongKey: f.our, Delay: 2 * time.Second,
		Seed: seed, Now: func() time.Time { return w.clock }, Driven: true, Confirm: flow == stepwise, On: []string{banksim.OnStart, banksim.OnConfirm}[seed/4%2]})
	if err != nil {
		return nil, err
	}
	return w, w.open()
}

// close ends a world and forgets it.
func (w *world) close() {
	if w.store != nil {
		w.store.Close()
	}
	if w.bank != nil {
		w.bank.Close()
	}
	os.RemoveAll(w.dir)
}

// open starts a process on what is on disk.
func (w *world) open() error {
	var err error
	w.store, err = store.Open(context.Background(), store.Options{Path: w.db(), Anchor: w.anchor(), Signer: w.f.signer, Now: w.now, Born: "serve", Fast: true, Log: w.logger()})
	if err != nil {
		return err
	}
	return w.process()
}

// process makes everything that a process holds in memory, on the open store.
func (w *world) process() error {
	ctx := context.Background()
	hasher, err := auth.NewHasher(auth.DefaultParams(), auth.DefaultQueue)
	if err != nil {
		return err
	}
	flow, confirm := protocol.FlowSingle, ""
	switch w.flow {
	case stepwise:
		flow, confirm = protocol.FlowStepwise, protocol.ConfirmRequired
	case auto:
		flow, confirm = protocol.FlowStepwise, protocol.ConfirmAuto
	}
	w.app = app.New(app.Options{Store: &disk{w.store, w}, Seal: w.f.seal, Wire: wire{}, Hasher: hasher, Rules: desktest.Rules(), Place: payout.Place{Environment: "test", Project: desktest.Project},
		Now: w.now, Rand: w.rand, SendAfter: 3 * time.Second, PollMin: 20 * time.Second, BankTimeout: time.Minute, Flow: flow, Confirm: confirm, Log: w.logger()})
	var bank dispatch.Bank = &network{w}
	if w.bad.bank != nil {
		bank = w.bad.bank(w, bank)
	}
	o := dispatch.Options{Desk: &desk{w.app, w}, Bank: bank, Now: w.now, RecordPause: time.Nanosecond, Log: w.logger()}
	w.sender = dispatch.NewSender(o)
	w.poller, w.expirer, w.stale = dispatch.NewPoller(o, w.sender), dispatch.NewExpirer(o), dispatch.NewStale(o)
	w.applier = &webhook.Applier{Desk: w.app, Log: w.logger()}
	w.intake = webhook.Handler(webhook.Options{Verifier: w.f.hooks, Desk: w.app, Log: w.logger()})
	for _, begin := range []func(context.Context) error{w.app.DeclareLoss, w.app.BeginSeals, w.app.RefreshBank, w.app.Recover} {
		if err := begin(ctx); err != nil {
			return err
		}
	}
	return nil
}

// logger is what every part of every life logs to.
func (w *world) logger() *slog.Logger {
	if w.logged == nil {
		w.logged = slog.New(slog.NewTextHandler(&w.log, nil))
	}
	return w.logged
}

// start opens until it succeeds: a process may die while it starts, and a disk may refuse.
func (w *world) start() {
	open := w.open
	for try := range 100 {
		err := w.alive(open)
		if err == nil {
			return
		}
		open = w.process // the store is open: opening it once more is dear and tells nothing new
		if w.store == nil {
			open = w.open
		}
		if !errors.As(err, new(diedErr)) && fault.KindOf(err) != fault.Unavailable || try == 99 {
			panic(fmt.Sprintf("seed %d: the desk does not start: %v", w.seed, err))
		}
	}
}

type diedErr struct{ at string }

func (e diedErr) Error() string { return "died " + e.at }

// alive runs fn; when the process died in it, the error says so.
func (w *world) alive(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c, ok := p.(crashed)
			if !ok {
				panic(p)
			}
			w.hit["crash "+c.at]++
			w.tell("the process dies %s", c.at)
			w.depth = 0
			err = diedErr(c)
		}
	}()
	return fn()
}

// point is where the process may die.
func (w *world) point(at string) {
	if w.crashIn == 0 {
		return
	}
	if w.crashIn--; w.crashIn == 0 {
		panic(crashed{at})
	}
}

// revive starts again after a crash. One time in four from what is on disk at this moment, as after kill -9: the files are copied while the dead
// process has them open. Else on the open store: then only what the use cases and workers held in memory is gone. (Opening is most of a run's time.)
func (w *world) revive() {
	if w.rnd.IntN(4) > 0 {
		for try := range 100 {
			err := w.alive(w.process)
			if err == nil {
				return
			}
			if !errors.As(err, new(diedErr)) && fault.KindOf(err) != fault.Unavailable || try == 99 {
				panic(fmt.Sprintf("seed %d: the desk does not start: %v", w.seed, err))
			}
		}
	}
	w.hit["reopened from the files"]++
	w.lives++
	w.tell("reopened from the files")
	next := filepath.Join(w.dir, fmt.Sprint(w.lives))
	w.must(os.MkdirAll(filepath.Join(next, "db"), 0o700))
	for _, name := range []string{"db/desk.db", "db/desk.db-wal", "outside-anchor"} {
		b, err := os.ReadFile(filepath.Join(w.life, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		w.must(err)
		w.must(os.WriteFile(filepath.Join(next, name), b, 0o600))
	}
	was := w.life
	w.store.Close()
	w.must(os.RemoveAll(was))
	w.life = next
	w.start()
}

func (w *world) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("seed %d: %v", w.seed, err))
	}
}

// disk is the store as a bad disk shows it, and where processes die.
type disk struct {
	app.Store
	w *world
}

func (d *disk) Write(ctx context.Context, lane app.Lane, fn func(app.Tx) error) (app.Change, error) {
	w := d.w
	w.point("before a commit")
	refuse := w.diskBad > 0
	if refuse {
		w.diskBad--
		if w.rnd.IntN(2) == 0 {
			w.hit["disk refuses"]++
			return app.Change{}, fault.Down("store.full")
		}
		w.hit["disk refuses the commit"]++
	}
	c, err := d.Store.Write(ctx, lane, func(tx app.Tx) error {
		if w.bad.tx != nil {
			tx = w.bad.tx(w, tx)
		}
		if err := fn(tx); err != nil {
			return err
		}
		if refuse {
			return fault.Down("store.full") // what was written goes back with its savepoint
		}
		return nil
	})
	w.point("after a commit")
	return c, err
}

func (d *disk) Anchor() error {
	w := d.w
	w.point("before the anchor")
	if w.diskBad > 0 && w.rnd.IntN(2) == 0 {
		w.diskBad--
		w.hit["anchor refused"]++
		return fault.Down("store.full")
	}
	err := d.Store.Anchor()
	w.point("after the anchor")
	return err
}

// desk notes every order that leaves the use cases.
type desk struct {
	*app.App
	w *world
}

func (d *desk) Claim(ctx context.Context) (*protocol.Order, error) {
	o, err := d.App.Claim(ctx)
	if err != nil || o == nil {
		return o, err
	}
	w := d.w
	w.hit["claim"]++
	if o.Step == protocol.CallStart {
		if w.started[o.Session] {
			w.say("a second start of session %s is handed out", o.Session)
		}
		w.started[o.Session] = true
	}
	w.tell("claimed %s %s %s, attempt %d, %s, %d", o.Step, o.Session, o.Payout, o.Attempt, o.Expect.Reference, o.Expect.AmountMinor)
	if q := w.store.Quarantined(); q != "" {
		w.say("claimed in quarantine %q", q)
	}
	if a := w.orders[o.Expect.Reference]; a != nil && a.payout != o.Payout {
		w.say("one reference for two payouts")
	}
	w.orders[o.Expect.Reference] = &asked{payout: o.Payout}
	return o, err
}

// network is the way to the bank.
type network struct{ w *world }

// ask reaches the bank.
func (w *world) ask(path, key string, body []byte) (int, []byte, bool) {
	sig, ok := w.f.signed.Load(string(body))
	if !ok {
		s, err := bank131.Signer{Key: w.f.our}.Sign(body)
		w.must(err)
		w.f.signed.Store(string(body), s)
		sig = s
	}
	req := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-PARTNER-PROJECT", desktest.Project)
	req.Header.Set("X-PARTNER-SIGN", sig.(string))
	if key != "" && !w.mood.ignoreKey {
		req.Header.Set("X-PARTNER-IDEMPOTENCY-KEY", key)
	}
	rec := httptest.NewRecorder()
	w.bank.Handler().ServeHTTP(rec, req)
	return rec.Code, rec.Body.Bytes(), rec.Header().Get("X-Banksim") == "cut"
}

var badGateway = []byte("<html><body>502 Bad Gateway</body></html>")

// writing plays one call that may move money.
func (w *world) writing(path, key string, body []byte) (a protocol.Answer, raw protocol.Raw) {
	w.point("before the call")
	m, x := w.mood, w.rnd.IntN(100)
	below := func(n int) bool { x -= n; return x < 0 }
	switch {
	case below(m.noConn):
		w.hit["no connection"]++
		w.wait(5 * time.Second)
		return protocol.Answer{}, protocol.Raw{}
	case below(m.before):
		w.hit["lost before the bank"]++
		w.wait(time.Minute)
		return protocol.Answer{GotConn: true, Err: bank131.ErrTimeout}, protocol.Raw{}
	case below(m.late):
		w.hit["executed after we gave up"]++
		w.flying = append(w.flying, call{w.clock.Add(time.Minute + time.Duration(w.rnd.IntN(3600))*time.Second), path, key, body})
		w.wait(time.Minute)
		w.meanwhile()
		return protocol.Answer{GotConn: true, Err: bank131.ErrTimeout}, protocol.Raw{}
	}
	w.wait(time.Duration(w.rnd.IntN(1500)) * time.Millisecond)
	code, answer, cut := w.ask(path, key, body)
	w.meanwhile()
	w.point("after the call")
	switch {
	case cut, below(m.after):
		w.hit["answer lost"]++
		return protocol.Answer{GotConn: true, Err: bank131.ErrCut}, protocol.Raw{}
	case below(m.garbled):
		w.hit["answer garbled"]++
		code, answer = http.StatusBadGateway, badGateway
		if w.rnd.IntN(2) == 0 {
			code = http.StatusOK
		}
	}
	a = bank131.ParseAnswer(answer)
	a.GotConn, a.HTTP = true, code
	return a, protocol.Raw{HTTP: code, Body: answer}
}

func (n *network) InitPayout(_ context.Context, key string, body []byte) (protocol.Answer, protocol.Raw) {
	a, raw := n.w.writing("/api/v1/session/init/payout", key, body)
	n.w.tell("answer: connection %v, %q, HTTP %d, %s %s", a.GotConn, a.Err, a.HTTP, a.Status, a.Code)
	return a, raw
}

func (n *network) Step(_ context.Context, call protocol.StepCall, key string, body []byte) (protocol.Answer, protocol.Raw) {
	path := map[protocol.StepCall]string{protocol.CallCreate: "create", protocol.CallStart: "start/payout", protocol.CallConfirm: "confirm", protocol.CallCancel: "cancel"}[call]
	a, raw := n.w.writing("/api/v1/session/"+path, key, body)
	n.w.hit["call "+string(call)]++
	n.w.tell("answer to %s: connection %v, %q, HTTP %d, %s %s", call, a.GotConn, a.Err, a.HTTP, a.Status, a.Code)
	return a, raw
}

func (n *network) Status(_ context.Context, session string) (protocol.Fetch, protocol.Raw) {
	w := n.w
	w.point("before a status")
	m, x := w.mood, w.rnd.IntN(100)
	below := func(n int) bool { x -= n; return x < 0 }
	w.wait(time.Duration(w.rnd.IntN(300)) * time.Millisecond)
	if below(m.down) {
		w.hit["status down"]++
		return protocol.Fetch{Asked: session, Problem: "down", Code: bank131.ErrTimeout}, protocol.Raw{}
	}
	if _, ok := w.born[session]; !ok {
		w.born[session] = w.clock
	}
	if old := w.seen[session]; below(m.stale) && len(old) > 0 {
		w.hit["status stale"]++
		body := old[w.rnd.IntN(len(old))]
		return bank131.ParseFetch(session, http.StatusOK, body), protocol.Raw{HTTP: http.StatusOK, Body: body}
	}
	if below(m.lag) && w.clock.Sub(w.born[session]) < time.Minute {
		w.hit["status not known yet"]++
		body := []byte(`{"status":"error","error":{"code":"invalid_request","description":"session is not known"}}`)
		return bank131.ParseFetch(session, http.StatusBadRequest, body), protocol.Raw{HTTP: http.StatusBadRequest, Body: body}
	}
	code, body, _ := w.ask("/api/v1/session/status", "", fmt.Appendf(nil, `{"session_id":%q}`, session))
	if code == http.StatusOK {
		if old := w.seen[session]; len(old) == 0 || !bytes.Equal(old[len(old)-1], body) {
			w.seen[session] = append(old, bytes.Clone(body))
		}
	}
	w.meanwhile()
	w.point("after a status")
	return bank131.ParseFetch(session, code, body), protocol.Raw{HTTP: code, Body: body}
}

// Balance is answered out of the ledger: a signed call for it would be most of a run's time and no part of what is judged.
func (n *network) Balance(context.Context, time.Time) (protocol.Balance, protocol.Raw) {
	if n.w.per(n.w.mood.down) {
		n.w.hit["balance down"]++
		return protocol.Balance{}, protocol.Raw{}
	}
	return protocol.Balance{Proper: true, Known: true, Minor: 1_000_000_000_00}, protocol.Raw{}
}

// wait lets time pass, and what is due at the bank happen.
func (w *world) wait(d time.Duration) {
	w.clock = w.clock.Add(d)
	w.atBank()
}

// atBank lets late requests arrive and the bank do what is due; its messages go on their way.
func (w *world) atBank() {
	keep := w.flying[:0]
	for _, c := range w.flying {
		if c.at.After(w.clock) {
			keep = append(keep, c)
			continue
		}
		code, _, _ := w.ask(c.path, c.key, c.body)
		w.tell("a late request arrives, HTTP %d", code)
		w.hit["late request arrived"]++
	}
	w.flying = keep
	for _, m := range w.bank.Advance(w.clock) {
		if w.per(w.mood.lost) {
			w.hit["message lost"]++
			continue
		}
		l := letter{at: w.clock, body: m.Body, sig: m.Signature}
		if w.per(w.mood.delayed) {
			w.hit["message delayed"]++
			l.at = l.at.Add(time.Duration(w.rnd.IntN(1800)) * time.Second)
		}
		w.mail = append(w.mail, l)
		if w.per(w.mood.doubled) {
			w.hit["message doubled"]++
			l.at = l.at.Add(time.Duration(w.rnd.IntN(7200)) * time.Second)
			w.mail = append(w.mail, l)
		}
	}
}

// meanwhile: messages come and are applied while a call is on its way.
func (w *world) meanwhile() {
	if w.depth > 0 || w.rnd.IntN(3) > 0 {
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	w.atBank()
	for range 1 + w.rnd.IntN(2) {
		w.post()
	}
	w.did(w.applier.Step(context.Background()))
}

// post hands over one message whose time has come, any of them: they overtake one another.
func (w *world) post() bool {
	var due []int
	for i, l := range w.mail {
		if !l.at.After(w.clock) {
			due = append(due, i)
		}
	}
	if len(due) == 0 {
		return false
	}
	i := due[w.rnd.IntN(len(due))]
	l := w.mail[i]
	code := w.hand(l.body, l.sig)
	w.tell("message answered %d: %.80s", code, l.body)
	sum := sha256.Sum256(l.body)
	w.mail = append(w.mail[:i:i], w.mail[i+1:]...) // after the answer: a desk that died has not answered
	switch {
	case code == http.StatusOK:
		w.acked[hex.EncodeToString(sum[:])] = true
	case code == http.StatusServiceUnavailable:
		w.hit["message answered 503"]++
		if l.tries++; l.tries < 40 {
			l.at = w.clock.Add(30 * time.Second)
			w.mail = append(w.mail, l)
		}
	case code == http.StatusUnauthorized:
		w.hit["message refused"]++
	default:
		w.say("a message was answered %d", code)
	}
	return true
}

// hand gives bytes to the intake.
func (w *world) hand(body []byte, sig string) int {
	req := httptest.NewRequest(http.MethodPost, webhook.Path, bytes.NewReader(body))
	req.Header.Set(webhook.Header, sig)
	rec := httptest.NewRecorder()
	w.intake.ServeHTTP(rec, req)
	return rec.Code
}

// did takes what a worker's step said: a desk that cannot store says so, and anything else is a defect.
func (w *world) did(did bool, err error) bool {
	if err != nil && fault.KindOf(err) == 0 && !strings.Contains(err.Error(), "anchor") {
		w.say("a worker failed: %v", err)
	}
	return did && err == nil
}

// content of a payout that nobody entered before.
func (w *world) content(minor int64) payout.Content {
	const bik = "044525974"
	w.hit["entered"]++
	return payout.Content{Details: bankdetails.Details{FullName: "Иванов Иван Иванович", BIK: bik, Account: bankdetails.WithAccountKey(bik, fmt.Sprintf("408178100%011d", w.hit["entered"])),
		Description: "Перевод средств по договору № 5015553111 Иванов Иван Иванович НДС не облагается"}, AmountText: fmt.Sprintf("%d.%02d", minor/100, minor%100)}
}
