package banksim

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options says what bank to pretend. Project, PartnerKeys and BankKey are required.
type Options struct {
	Addr          string           // loopback host:port to listen on at Start; "" is 127.0.0.1:0
	DataDir       string           // holds bank.jsonl; "" keeps nothing
	Project       string           // the only X-PARTNER-PROJECT let in
	WebhookURL    string           // where messages go; "" holds them back until SetWebhookURL
	PartnerKeys   []*rsa.PublicKey // any of them may have signed a request
	BankKey       *rsa.PrivateKey  // signs messages
	ExtraWrongKey *rsa.PrivateKey  // signs row 64's first message; nil makes one when it is needed
	Delay         time.Duration    // d of the table; 0 is 2 s
	Seed          uint64           // of ids and the jitter of repeats, nothing else
	Now           func() time.Time // nil is time.Now
	Client        *http.Client     // posts messages; nil is one with a 10 s limit that follows nothing
	Log           *slog.Logger     // nil is silence
	BalanceMinor  int64            // at the start, in kopecks; 0 is 10 billion roubles
	Driven        bool             // nothing runs by itself until GoLive; see Advance
	// Confirm: the project has automatic confirmation off: a started payout waits for session/confirm, and is cancelled after ConfirmWait (0: 240 min).
	Confirm     bool
	ConfirmWait time.Duration
	// On says where a row's answer strikes in such a project: "start" (also "") or "confirm".
	On string
	// IgnoreKey: idempotency keys are read and not heeded.
	IgnoreKey bool
}

// Where a row strikes.
const (
	OnStart   = "start"
	OnConfirm = "confirm"
)

const (
	holdMax     = 10 * time.Minute // how long rows 71 and 72 keep a connection
	earlyMax    = 5 * time.Second  // how long row 52's answer waits for its message
	repeatMax   = 30               // longest gap between repeats of a message, times d
	repeatEnd   = 900              // given up after so many d,
	repeatLeast = 30 * time.Minute // but not before this
	confirmWait = 240 * time.Minute
	postersMax  = 32 // messages on their way at the same time
)

// Bank is a pretend bank. Its methods may be called from any goroutine.
type Bank struct {
	o        Options
	log      *slog.Logger
	wrongKey func() *rsa.PrivateKey
	journal  *journal
	handler  http.Handler

	mu     sync.Mutex
	mem    memory
	rng    *mrand.Rand
	driven bool
	hookTo string

	wake    chan struct{} // capacity 1: something about the schedule changed
	posters chan struct{}
	done    chan struct{} // closed by Close
	ctx     context.Context
	cancel  context.CancelFunc
	work    sync.WaitGroup

	server  *http.Server // set by Start
	url     string
	closing sync.Once
	closed  error
}

// New opens the data folder, or makes it, and brings back what was pending. It fails when a required option is
// missing or the journal is unreadable before its last line. Nothing runs until Start or Run.
func New(o Options) (*Bank, error) {
	switch {
	case o.Project == "":
		return nil, errors.New("banksim: Project is missing")
	case len(o.PartnerKeys) == 0:
		return nil, errors.New("banksim: PartnerKeys is empty")
	case o.BankKey == nil:
		return nil, errors.New("banksim: BankKey is missing")
	case o.Delay < 0 || o.ConfirmWait < 0:
		return nil, errors.New("banksim: Delay or ConfirmWait is negative")
	case o.On != "" && o.On != OnStart && o.On != OnConfirm:
		return nil, errors.New("banksim: On is neither start nor confirm")
	}
	o.ConfirmWait = cmp.Or(o.ConfirmWait, confirmWait)
	o.Delay = cmp.Or(o.Delay, 2*time.Second)
	o.BalanceMinor = cmp.Or(o.BalanceMinor, 10_000_000_000_00)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Client == nil {
		tr := http.DefaultTransport.(*http.Transport).Clone()
		tr.Proxy = nil // what HTTP_PROXY says is for the outside
		o.Client = &http.Client{
			Transport: tr, Timeout: 10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	b := &Bank{
		o: o, log: o.Log, mem: newMemory(), rng: mrand.New(mrand.NewPCG(o.Seed, 131)),
		driven: o.Driven, hookTo: o.WebhookURL,
		wake: make(chan struct{}, 1), posters: make(chan struct{}, postersMax), done: make(chan struct{}),
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	b.wrongKey = sync.OnceValue(func() *rsa.PrivateKey {
		if o.ExtraWrongKey != nil {
			return o.ExtraWrongKey
		}
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic("banksim: no randomness: " + err.Error())
		}
		return k
	})
	b.mem.lastID = 1000
	var err error
	if b.journal, err = openJournal(o.DataDir, b.mem.apply); err != nil {
		return nil, err
	}
	b.journal.lazy.Store(o.Driven)
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.handler = b.routes()
	return b, nil
}

// NewServer is New and Start.
func NewServer(ctx context.Context, o Options) (*Bank, error) {
	b, err := New(o)
	if err != nil {
		return nil, err
	}
	if err := b.Start(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Start listens on Options.Addr, serves Handler there and runs the schedule, until ctx ends or Close. It fails
// for an address that is not loopback or cannot be had. Call it once.
func (b *Bank) Start(ctx context.Context) error {
	host, port, err := net.SplitHostPort(cmp.Or(b.o.Addr, "127.0.0.1:0"))
	if err != nil {
		return fmt.Errorf("banksim: address: %w", err)
	}
	if host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("banksim: %s is not a loopback address", host)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Errorf("banksim: listen: %w", err)
	}
	_, port, _ = net.SplitHostPort(ln.Addr().String()) // the listener's own address always splits
	server := &http.Server{
		Handler: b.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: b.times(20) + 30*time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(b.log.Handler(), slog.LevelDebug),
	}
	b.mu.Lock()
	b.server, b.url = server, "http://localhost:"+port
	b.mu.Unlock()
	b.work.Go(func() {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			b.log.Error("pretend bank stopped listening", "err", err)
		}
	})
	b.work.Go(func() { b.Run(b.ctx) })
	context.AfterFunc(ctx, func() { _ = b.Close() }) // Close keeps its error for whoever calls it
	return nil
}

// URL is the address of a started bank, "" before.
func (b *Bank) URL() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.url
}

// Handler is the whole pretend bank as a handler, for a server of the caller's own or for calls in-process.
func (b *Bank) Handler() http.Handler { return b.handler }

// SetWebhookURL says where messages go from now on; what was held back is posted.
func (b *Bank) SetWebhookURL(url string) {
	b.mu.Lock()
	b.hookTo = url
	b.mu.Unlock()
	b.kick()
}

// SetConfirm switches automatic confirmation of the project off (true) or on; payouts that wait go on waiting.
func (b *Bank) SetConfirm(required bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.o.Confirm = required
}

// SetOn says where a row strikes from now on.
func (b *Bank) SetOn(call string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.o.On = call
}

// Ledger is what the bank did, one entry a reference, oldest first.
func (b *Bank) Ledger() []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Entry, len(b.mem.order))
	for i, ref := range b.mem.order {
		out[i] = *b.mem.entries[ref]
	}
	return out
}

// Close stops listening, cuts held connections and messages on their way, and closes the journal. What is
// pending goes on when the data folder is opened again. It takes less than a second; later calls do nothing.
func (b *Bank) Close() error {
	b.closing.Do(func() {
		close(b.done)
		b.cancel()
		b.mu.Lock()
		server := b.server
		b.mu.Unlock()
		if server != nil {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			if server.Shutdown(ctx) != nil {
				_ = server.Close() // whoever still talks now is cut; nothing to learn from the error
			}
		}
		b.work.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.closed = b.journal.close()
		b.o.Client.CloseIdleConnections()
	})
	return b.closed
}

// times is n times d.
func (b *Bank) times(n int) time.Duration { return time.Duration(n) * b.o.Delay }

func (b *Bank) kick() {
	select {
	case b.wake <- struct{}{}:
	default: // a wake-up is waiting already
	}
}

// Run executes what is due until ctx ends or Close. Start calls it; a test that serves Handler itself may too.
func (b *Bank) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(b.runDue())
		select {
		case <-ctx.Done():
			return
		case <-b.done:
			return
		case <-b.wake:
		case <-timer.C:
		}
	}
}

// runDue executes or sends off what is due and says how long to sleep.
func (b *Bank) runDue() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.mem.heap) > 0 && !b.driven {
		now := b.o.Now()
		j := b.mem.heap[0]
		if wait := j.Due.Sub(now); wait > 0 {
			return min(wait, time.Hour)
		}
		switch {
		case j.Hook == nil:
			if err := b.runStep(j, now); err != nil {
				b.log.Error("step not written, tried again", "session", j.Group, "err", err)
				b.putOff(j, now)
			}
		case b.hookTo == "":
			b.putOff(j, now)
		case b.ctx.Err() != nil:
			return time.Hour
		default:
			b.mem.take(j)
			b.work.Go(func() {
				b.posters <- struct{}{}
				defer func() { <-b.posters }()
				b.deliver(b.ctx, j)
			})
		}
	}
	return time.Hour
}

// putOff lets a job wait a little, in memory only.
func (b *Bank) putOff(j *job, now time.Time) {
	j.Due = now.Add(b.o.Delay)
	b.mem.offer(j)
}

// runStep plays one step of a row. The caller holds b.mu.
func (b *Bank) runStep(j *job, now time.Time) error {
	return b.update(now, func(t *tx) {
		s := t.session(j.Group)
		switch j.Step {
		case stepReady:
			t.ready(s)
		case stepTimeout:
			if s.NextAction == "confirm" {
				t.fail(s, "confirm_timeout", "Not confirmed in time")
				finished(t, s)
			}
		default:
			planOf(s.Kop).steps[j.Step].do(t, s)
		}
		t.show(s)
		t.rec.Done = append(t.rec.Done, j.ID)
	})
}

// sign is the bank's signature of a message.
func (b *Bank) sign(h *hook) string {
	key := b.o.BankKey
	if h.WrongKey {
		key = b.wrongKey()
	}
	sum := sha256.Sum256(h.Body)
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic("banksim: cannot sign: " + err.Error()) // only a key too small for SHA-256
	}
	return base64.StdEncoding.EncodeToString(sig)
}

// Delivery is a message that a driven bank would post.
type Delivery struct {
	At        time.Time // when it was due
	Type      string    // payment_finished and so on
	Session   string    // the session it belongs to (row 75's foreign one is only in the body)
	Payout    string    // as in the body
	Reference string    // our metadata
	Body      []byte
	Signature string // for X-PARTNER-SIGN
}

// Advance executes everything due up to now, in order of its due time and as of that time, and returns the
// messages instead of posting them: each counts as received. Row 52's first comes after the answer here, since
// nothing can be returned in the middle of a call. Of a live bank it does nothing and returns nil.
func (b *Bank) Advance(now time.Time) []Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Delivery
	for b.driven && len(b.mem.heap) > 0 && !b.mem.heap[0].Due.After(now) {
		j := b.mem.heap[0]
		var err error
		if j.Hook == nil {
			err = b.runStep(j, j.Due)
		} else if err = b.update(j.Due, func(t *tx) { t.rec.Done = append(t.rec.Done, j.ID) }); err == nil {
			h := j.Hook
			out = append(out, Delivery{
				At: j.Due, Type: h.Type, Session: j.Group, Payout: h.Payout, Reference: h.Reference,
				Body: h.Body, Signature: b.sign(h),
			})
		}
		if err != nil {
			b.log.Error("driven bank cannot write", "err", err)
			return out
		}
	}
	return out
}

// Next is when a driven bank's earliest pending thing is due; ok is false when nothing is. With it a driver can
// mix the bank's doings with its own in the right order.
func (b *Bank) Next() (due time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.mem.heap) == 0 {
		return time.Time{}, false
	}
	return b.mem.heap[0].Due, true
}

// Pending counts what is still to come: steps, and messages without their 200. At 0 the bank changes nothing
// more by itself.
func (b *Bank) Pending() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.mem.jobs)
}

// GoLive ends the driven time: what was written is synced, and from now on Run executes what is due by
// Options.Now. It fails when the sync does, and then the bank stays driven.
func (b *Bank) GoLive() error {
	b.journal.lazy.Store(false)
	if err := b.journal.sync(); err != nil {
		b.journal.lazy.Store(true)
		return err
	}
	b.mu.Lock()
	b.driven = false
	b.mu.Unlock()
	b.kick()
	return nil
}
