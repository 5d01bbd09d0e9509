package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/protocol"
)

var want = protocol.Expect{Reference: "cs1-1-a", AmountMinor: 10000, Currency: "rub", BIK: "044525971", Account: "40817810100000270411"}

// fakeDesk holds payouts that may go, by number, and notes what it is told.
type fakeDesk struct {
	mu         sync.Mutex
	queue      []*protocol.Order
	polls      []*protocol.Poll
	answers    []string // "payout kind"
	fetches    []protocol.Fetch
	states     []string
	start      time.Time
	now        func() time.Time
	balanceDue bool
	balances   []protocol.Balance
	needProbe  bool
	halted     bool
	fail       int // how many Answered fail before one works
	claimErr   error
	claims     []time.Duration
	lost       int
}

func newFakeDesk(n int) *fakeDesk {
	d := &fakeDesk{now: time.Now, start: time.Now()}
	for i := range n {
		d.queue = append(d.queue, order(i+1))
	}
	return d
}

func order(i int) *protocol.Order {
	return &protocol.Order{Payout: fmt.Sprint(i), Attempt: 1, Key: "k", Body: []byte("{}"), Expect: want}
}

func (d *fakeDesk) Claim(ctx context.Context) (*protocol.Order, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if d.claimErr != nil {
		return nil, d.claimErr
	}
	if len(d.queue) == 0 || d.halted {
		return nil, nil
	}
	o := d.queue[0]
	d.queue = d.queue[1:]
	d.claims = append(d.claims, d.now().Sub(d.start))
	return o, nil
}

func (d *fakeDesk) Answered(ctx context.Context, o *protocol.Order, a protocol.Answer, _ protocol.Raw) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if d.fail > 0 {
		d.fail--
		return errors.New("disk full")
	}
	kind, _ := protocol.Classify(a, want, o.CredentialBefore)
	d.answers = append(d.answers, o.Payout+" "+string(kind))
	if kind == protocol.CredentialNo {
		d.needProbe, d.halted = true, true
	}
	if kind == protocol.NotSent {
		d.queue = append([]*protocol.Order{o}, d.queue...)
	}
	return nil
}

func (d *fakeDesk) DuePoll(context.Context) (*protocol.Poll, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.polls) == 0 {
		return nil, nil
	}
	p := d.polls[0]
	d.polls = d.polls[1:]
	return p, nil
}

func (d *fakeDesk) Fetched(_ context.Context, _ *protocol.Poll, f protocol.Fetch, _ protocol.Raw) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fetches = append(d.fetches, f)
	return nil
}

func (d *fakeDesk) LoseStale(context.Context) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost--
	return d.lost >= 0, nil
}

func (d *fakeDesk) ExpireNext(ctx context.Context) (bool, error) { return d.LoseStale(ctx) }

func (d *fakeDesk) SettleNext(context.Context) (bool, error)  { return false, nil }
func (d *fakeDesk) SufficeNext(context.Context) (bool, error) { return false, nil }

func (d *fakeDesk) BankState(down bool, since time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.states = append(d.states, fmt.Sprintf("%v@%s", down, since.Sub(d.start)))
}

func (d *fakeDesk) NeedProbe() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.needProbe }

func (d *fakeDesk) BalanceDue(context.Context) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.balanceDue
}

func (d *fakeDesk) SawBalance(_ time.Time, b protocol.Balance) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.balances, d.balanceDue = append(d.balances, b), false
}

func (d *fakeDesk) Probed() { d.mu.Lock(); defer d.mu.Unlock(); d.needProbe = false }

// fakeBank answers as told.
type fakeBank struct {
	mu       sync.Mutex
	steps    int // calls of the stepwise flow
	start    time.Time
	pay      func(n int) (time.Duration, protocol.Answer) // of the n-th writing call, from 1
	balance  func() bool
	status   func(string) protocol.Fetch
	calls    int
	live     int
	most     int
	balances []time.Duration
	statuses []string
}

func taken() protocol.Answer {
	return protocol.Answer{GotConn: true, HTTP: 200, JSON: true, Status: "ok", Session: &protocol.SessionView{ID: "ps_1", Status: "in_progress",
		Payouts: []protocol.PayoutView{{AmountMinor: 10000, Currency: "rub", Reference: want.Reference}}}}
}

func refusal(code string) protocol.Answer {
	return protocol.Answer{GotConn: true, HTTP: 400, JSON: true, Status: "error", Code: code}
}

var cutOff = protocol.Answer{GotConn: true, Err: "cut"}

func (b *fakeBank) InitPayout(ctx context.Context, _ string, _ []byte) (protocol.Answer, protocol.Raw) {
	b.mu.Lock()
	b.calls++
	b.live++
	b.most = max(b.most, b.live)
	d, a := b.pay(b.calls)
	b.mu.Unlock()
	defer func() { b.mu.Lock(); b.live--; b.mu.Unlock() }()
	if d > 0 {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			a = cutOff
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				a.Err = "timeout"
			}
		}
	}
	return a, protocol.Raw{}
}

func (b *fakeBank) Step(ctx context.Context, _ protocol.StepCall, key string, body []byte) (protocol.Answer, protocol.Raw) {
	b.mu.Lock()
	b.steps++
	b.mu.Unlock()
	return b.InitPayout(ctx, key, body)
}

func (b *fakeBank) Status(_ context.Context, s string) (protocol.Fetch, protocol.Raw) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.statuses = append(b.statuses, s)
	if b.status == nil {
		return protocol.Fetch{Asked: s, Problem: "down"}, protocol.Raw{}
	}
	return b.status(s), protocol.Raw{}
}

func (b *fakeBank) Balance(context.Context, time.Time) (protocol.Balance, protocol.Raw) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balances = append(b.balances, time.Since(b.start))
	return protocol.Balance{Proper: b.balance == nil || b.balance()}, protocol.Raw{}
}

func always(a protocol.Answer) func(int) (time.Duration, protocol.Answer) {
	return func(int) (time.Duration, protocol.Answer) { return 0, a }
}

func options(d *fakeDesk, b *fakeBank) Options {
	b.start = d.start
	return Options{Desk: d, Bank: b, Now: time.Now, InFlight: 4}
}

// running starts Run in a bubble and returns a stop that waits for its end.
func running(t *testing.T, run func(context.Context, <-chan struct{})) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { run(ctx, nil) })
	return func() { cancel(); wg.Wait() }
}

// pass lets bubble time pass and everything due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestStepByHand drives the sender from one goroutine with a clock in hand: trip, wait, probe, one, closed.
func TestStepByHand(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	d := newFakeDesk(4)
	d.start, d.now = now, func() time.Time { return now }
	answers := []protocol.Answer{cutOff, taken(), refusal("invalid_request"), taken()}
	b := &fakeBank{pay: func(n int) (time.Duration, protocol.Answer) { return 0, answers[n-1] }}
	up := false
	b.balance = func() bool { return up }
	s := NewSender(Options{Desk: d, Bank: b, Now: func() time.Time { return now }})
	step := func(wantDid bool, calls, balances int) {
		t.Helper()
		did, err := s.Step(t.Context())
		if err != nil || did != wantDid || b.calls != calls || len(b.balances) != balances {
			t.Fatalf("did %v err %v calls %d balances %d, want %v %d %d", did, err, b.calls, len(b.balances), wantDid, calls, balances)
		}
	}
	step(true, 1, 0)  // cut: the breaker opens
	step(false, 1, 0) // and holds
	now = now.Add(4999 * time.Millisecond)
	step(false, 1, 0)
	now = now.Add(time.Millisecond)
	step(false, 1, 1) // the first probe fails
	step(false, 1, 1)
	now = now.Add(5 * time.Second)
	up = true
	step(true, 2, 2) // a proper balance, and one claim in the same step
	step(true, 3, 2) // closed again
	step(true, 4, 2)
	step(false, 4, 2)
	if want := []string{"true@0s", "false@10s"}; !slices.Equal(d.states, want) {
		t.Errorf("states %v", d.states)
	}
	if want := []string{"1 unsure", "2 taken", "3 refused", "4 taken"}; !slices.Equal(d.answers, want) {
		t.Errorf("answers %v", d.answers)
	}
}

// TestWhatTrips: unknown fates and a missing connection open the breaker; refusals and takes do not.
func TestWhatTrips(t *testing.T) {
	odd := taken()
	odd.Session.Payouts[0].AmountMinor = 1
	for name, c := range map[string]struct {
		a    protocol.Answer
		open bool
	}{
		"taken":            {taken(), false},
		"refused":          {refusal("insufficient_wallet_balance"), false},
		"no connection":    {protocol.Answer{}, true},
		"cut":              {cutOff, true},
		"500":              {protocol.Answer{GotConn: true, HTTP: 500}, true},
		"another content":  {odd, true},
		"unlisted code":    {refusal("brand_new"), true},
		"idempotency":      {refusal("idempotency_key_already_exists"), true},
		"a fault there":    {refusal("internal_error"), true},
		"credentials":      {refusal("authentication_error"), false},
		"redirected":       {protocol.Answer{GotConn: true, HTTP: 307}, true},
		"refused under 5x": {protocol.Answer{GotConn: true, HTTP: 503, JSON: true, Status: "error", Code: "invalid_request"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d, b := newFakeDesk(1), &fakeBank{pay: always(c.a)}
			s := NewSender(options(d, b))
			if did, err := s.Step(t.Context()); !did || err != nil {
				t.Fatal(did, err)
			}
			if _, open := s.brk.due(time.Now()); open != c.open {
				t.Errorf("open: %v", open)
			}
			if told := len(d.states) > 0; told != c.open {
				t.Errorf("told %v", d.states)
			}
		})
	}
}

// TestProbePace: a bank that stays down is asked every 5 s for a minute and then once a minute; nothing is sent meanwhile.
func TestProbePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(3)
		b := &fakeBank{pay: always(protocol.Answer{}), balance: func() bool { return false }}
		s := NewSender(options(d, b))
		stop := running(t, s.Run)
		pass(5*time.Minute + time.Second)
		stop()
		var got []int
		for _, at := range b.balances {
			got = append(got, int(at.Round(time.Second).Seconds()))
		}
		if want := []int{5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 120, 180, 240, 300}; !slices.Equal(got, want) {
			t.Errorf("probes at %v", got)
		}
		if b.calls != 3 || len(d.queue) != 3 { // the three that were in flight when the first failed
			t.Errorf("%d writing calls, %d still waiting", b.calls, len(d.queue))
		}
		if !slices.Equal(d.states, []string{"true@0s"}) {
			t.Errorf("told %v", d.states)
		}
	})
}

// TestFlapping: a bank that answers balances but cuts every payment loses one payout a probe, slower and slower, not all of them.
func TestFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(400)
		b := &fakeBank{pay: always(cutOff)}
		s := NewSender(options(d, b))
		stop := running(t, s.Run)
		pass(time.Hour)
		stop()
		if n := len(d.answers); n < 60 || n > 75 {
			t.Errorf("%d payouts made unknown in an hour", n)
		}
		if b.most != 1 {
			t.Errorf("%d at a time", b.most)
		}
	})
}

// TestInFlight: up to InFlight at a time while the bank is well; one at a time after trouble, until one got through.
func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(12)
		b := &fakeBank{pay: func(n int) (time.Duration, protocol.Answer) {
			if n == 12 {
				return time.Second, cutOff
			}
			return time.Second, taken()
		}}
		s := NewSender(options(d, b))
		stop := running(t, s.Run)
		pass(3*time.Second + 500*time.Millisecond)
		if b.most != 4 || len(d.answers) != 12 {
			t.Fatalf("most %d, %d answers after 3 s", b.most, len(d.answers))
		}
		b.mu.Lock()
		b.most = 0
		b.mu.Unlock()
		d.mu.Lock()
		for i := range 9 {
			d.queue = append(d.queue, order(100+i))
		}
		d.claims = nil
		d.mu.Unlock()
		pass(20 * time.Second)
		stop()
		// Tripped at 3 s; half-open at 8 s with one; closed at 9 s with four.
		var got []int
		for _, c := range d.claims {
			got = append(got, int(c.Round(time.Second).Seconds()))
		}
		if want := []int{8, 9, 9, 9, 9, 10, 10, 10, 10}; !slices.Equal(got, want) {
			t.Errorf("claims at %v, want %v", got, want)
		}
	})
}

// TestOldCallsDoNotClose: an answer to a call that was made before the trouble does not end it, but a doubt from one begins it anew.
func TestOldCallsDoNotClose(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	tell := func(bool, time.Time) {}
	b := &breaker{every: 5 * time.Second, slow: time.Minute, fastFor: time.Minute, tell: tell}
	_, one := b.enter(now)
	_, two := b.enter(now)
	_, three := b.enter(now)
	b.drop(b.bad(now, one, trip))
	if v, _ := b.enter(now); v != wait {
		t.Fatal("open, yet", v)
	}
	b.good(two)
	if v, _ := b.enter(now); v != wait {
		t.Fatal("an old proper answer let a claim through")
	}
	now = now.Add(5 * time.Second)
	if v, _ := b.enter(now); v != probe {
		t.Fatal("no probe")
	}
	if v, _ := b.enter(now); v != wait {
		t.Fatal("two probes")
	}
	b.probed(now, true)
	v, four := b.enter(now)
	if v != claim {
		t.Fatal("half-open, yet", v)
	}
	if v, _ := b.enter(now); v != wait {
		t.Fatal("two at a time while half-open")
	}
	b.drop(four)
	if v, four = b.enter(now); v != claim {
		t.Fatal("a claim that found nothing was kept")
	}
	b.drop(b.bad(now, three, trip)) // the oldest call times out at last
	if v, _ := b.enter(now); v != wait {
		t.Fatal("a doubt must open it again")
	}
	b.good(four)
	if b.stage != open {
		t.Fatal("closed by a call that was made before the last trouble")
	}
}

// TestProbeByStatus: when the balance does not answer, a session that we know will do.
func TestProbeByStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(3)
		answers := []protocol.Answer{taken(), cutOff, taken()}
		b := &fakeBank{pay: func(n int) (time.Duration, protocol.Answer) { return 0, answers[n-1] }, balance: func() bool { return false },
			status: func(s string) protocol.Fetch { return protocol.Fetch{Asked: s, Session: protocol.SessionView{ID: s}} }}
		o := options(d, b)
		o.InFlight = 1
		s := NewSender(o)
		stop := running(t, s.Run)
		pass(6 * time.Second)
		stop()
		if len(d.answers) != 3 || !slices.Equal(b.statuses, []string{"ps_1"}) || len(b.balances) != 1 {
			t.Errorf("answers %v, statuses %v, balances %v", d.answers, b.statuses, b.balances)
		}
	})
}

// TestCredentials: after a credential refusal a balance must be answered properly before the next claim, and then one at a time.
func TestCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(6)
		balanceOK := false
		b := &fakeBank{pay: func(n int) (time.Duration, protocol.Answer) {
			if n == 1 {
				return 0, refusal("authentication_error")
			}
			return time.Second, taken()
		}, balance: func() bool { return balanceOK }}
		o := options(d, b)
		s := NewSender(o)
		if did, err := s.Step(t.Context()); !did || err != nil {
			t.Fatal(did, err)
		}
		if len(d.states) != 0 {
			t.Errorf("a bank that refuses us is not down: %v", d.states)
		}
		stop := running(t, s.Run)
		pass(11 * time.Second)
		if b.calls != 1 || len(b.balances) != 3 {
			t.Errorf("%d calls, balances at %v", b.calls, b.balances)
		}
		d.mu.Lock()
		d.halted = false
		d.mu.Unlock()
		pass(5 * time.Second)
		if b.calls != 1 {
			t.Error("sent before a proper balance")
		}
		b.mu.Lock()
		balanceOK, b.most = true, 0
		b.mu.Unlock()
		pass(5*time.Second + 100*time.Millisecond)
		if b.calls == 1 || d.needProbe {
			t.Errorf("not sent after a proper balance: %d calls", b.calls)
		}
		stop()
		if len(d.answers) != 6 {
			t.Errorf("answers %v", d.answers)
		}
		first := d.claims[1]
		for i, c := range d.claims[2:] {
			if c < first+time.Second {
				t.Errorf("claim %d at %s beside the first at %s", i+2, c, first)
			}
		}
	})
	t.Run("the second refusal of one payout fails it and stays careful", func(t *testing.T) {
		d, b := newFakeDesk(1), &fakeBank{pay: always(refusal("authentication_error"))}
		d.queue[0].CredentialBefore = true
		s := NewSender(options(d, b))
		if did, err := s.Step(t.Context()); !did || err != nil {
			t.Fatal(did, err)
		}
		if s.brk.stage != half || d.answers[0] != "1 refused" {
			t.Errorf("stage %d, %v", s.brk.stage, d.answers)
		}
	})
}

// TestStopWaits: serve stops claiming, waits for live calls and records them.
func TestStopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(9)
		b := &fakeBank{pay: func(int) (time.Duration, protocol.Answer) { return 30 * time.Second, taken() }}
		s := NewSender(options(d, b))
		stop := running(t, s.Run)
		pass(time.Second)
		begun := time.Now()
		stop()
		if waited := time.Since(begun); waited != 29*time.Second {
			t.Errorf("waited %s", waited)
		}
		if len(d.answers) != 4 || len(d.queue) != 5 || slices.Contains(d.answers, "1 unsure") {
			t.Errorf("answers %v, %d left", d.answers, len(d.queue))
		}
		if did, _ := s.Step(canceled(t)); did {
			t.Error("claimed after the stop")
		}
	})
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestStopCuts: the demo cuts live calls; the cut is recorded at once, as unknown.
func TestStopCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(2)
		b := &fakeBank{pay: func(int) (time.Duration, protocol.Answer) { return 30 * time.Second, taken() }}
		o := options(d, b)
		o.CutOnStop = true
		stop := running(t, NewSender(o).Run)
		pass(time.Second)
		begun := time.Now()
		stop()
		slices.Sort(d.answers)
		if time.Since(begun) != 0 || !slices.Equal(d.answers, []string{"1 unsure", "2 unsure"}) {
			t.Errorf("after %s: %v", time.Since(begun), d.answers)
		}
	})
}

// TestRecordIsRepeated: an answer is offered until it is stored, even while stopping; one that never can be ends with an error.
func TestRecordIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(1)
		d.fail = 5
		b := &fakeBank{pay: func(int) (time.Duration, protocol.Answer) { return time.Second, taken() }}
		stop := running(t, NewSender(options(d, b)).Run)
		pass(500 * time.Millisecond)
		stop()
		if !slices.Equal(d.answers, []string{"1 taken"}) {
			t.Errorf("%v", d.answers)
		}
		d, b = newFakeDesk(1), &fakeBank{pay: always(taken())}
		d.fail = 1000
		did, err := NewSender(options(d, b)).Step(t.Context())
		if !did || err == nil || d.fail != 1000-recordTries || b.calls != 1 {
			t.Errorf("did %v err %v, %d tries, %d calls", did, err, 1000-d.fail, b.calls)
		}
	})
}

// TestDeadline: a call is cut at the order's deadline, and one whose deadline passed is not made.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDesk(2)
		d.queue[0].Deadline = time.Now().Add(3 * time.Second)
		d.queue[1].Deadline = time.Now().Add(-time.Second)
		b := &fakeBank{pay: func(int) (time.Duration, protocol.Answer) { return time.Hour, taken() }}
		s := NewSender(options(d, b))
		begun := time.Now()
		if did, err := s.Step(t.Context()); !did || err != nil || time.Since(begun) != 3*time.Second {
			t.Errorf("%v %v after %s", did, err, time.Since(begun))
		}
		s = NewSender(options(d, b))
		if did, err := s.Step(t.Context()); !did || err != nil || b.calls != 1 {
			t.Errorf("%v %v, %d calls", did, err, b.calls)
		}
		if !slices.Equal(d.answers, []string{"1 unsure", "2 not_sent"}) {
			t.Errorf("%v", d.answers)
		}
	})
}

// TestOrderWithoutExpect is a defect of ours: nothing leaves, and it is loud.
func TestOrderWithoutExpect(t *testing.T) {
	d, b := newFakeDesk(1), &fakeBank{pay: always(taken())}
	d.queue[0].Expect = protocol.Expect{}
	did, err := NewSender(options(d, b)).Step(t.Context())
	if !did || !errors.Is(err, errNoExpect) || b.calls != 0 || !slices.Equal(d.answers, []string{"1 not_sent"}) {
		t.Errorf("%v %v, %d calls, %v", did, err, b.calls, d.answers)
	}
}

// TestClaimError: a desk that cannot claim is asked again at the idle pace, not in a spin, whatever wakes there are.
func TestClaimError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, b := newFakeDesk(1), &fakeBank{pay: always(taken())}
		d.claimErr = errors.New("disk full")
		s := NewSender(options(d, b))
		wake := make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { s.Run(ctx, wake) })
		wg.Go(func() {
			for ctx.Err() == nil {
				select {
				case wake <- struct{}{}:
				default:
				}
				time.Sleep(time.Millisecond)
			}
		})
		pass(10 * time.Second)
		d.mu.Lock()
		d.claimErr = nil
		d.mu.Unlock()
		pass(600 * time.Millisecond)
		cancel()
		wg.Wait()
		if !slices.Equal(d.answers, []string{"1 taken"}) {
			t.Errorf("%v", d.answers)
		}
	})
}

// TestWake: a wake sends at once.
func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, b := newFakeDesk(0), &fakeBank{pay: always(taken())}
		o := options(d, b)
		o.Idle = time.Hour
		wake := make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { NewSender(o).Run(ctx, wake) })
		pass(time.Second)
		d.mu.Lock()
		d.queue = append(d.queue, order(1))
		d.mu.Unlock()
		wake <- struct{}{}
		synctest.Wait()
		if len(d.answers) != 1 {
			t.Error("not woken")
		}
		cancel()
		wg.Wait()
	})
}

// TestPoller: one due poll a Step, recorded whatever came, but for a call that a stop cut.
func TestPoller(t *testing.T) {
	d, b := newFakeDesk(0), &fakeBank{}
	for _, s := range []string{"ps_1", "ps_2"} {
		d.polls = append(d.polls, &protocol.Poll{Session: s, Payout: "1"})
	}
	b.status = func(s string) protocol.Fetch {
		if s == "ps_1" {
			return protocol.Fetch{Asked: s, Session: protocol.SessionView{ID: s}}
		}
		return protocol.Fetch{Asked: s, Problem: "slow"}
	}
	sender := NewSender(options(d, b))
	p := NewPoller(options(d, b), sender)
	for i, want := range []bool{true, true, false} {
		if did, err := p.Step(t.Context()); did != want || err != nil {
			t.Errorf("step %d: %v %v", i, did, err)
		}
	}
	if len(d.fetches) != 2 || d.fetches[0].Problem != "" || d.fetches[1].Problem != "slow" || sender.known != "ps_1" {
		t.Errorf("%+v, knows %q", d.fetches, sender.known)
	}
	d.polls = append(d.polls, &protocol.Poll{Session: "ps_1"})
	ctx, cancel := context.WithCancel(t.Context())
	b.status = func(s string) protocol.Fetch { cancel(); return protocol.Fetch{Asked: s, Problem: "down"} }
	if did, err := p.Step(ctx); did || err != nil || len(d.fetches) != 2 {
		t.Errorf("a cut poll was recorded: %v %v", did, err)
	}
}

// TestLoops: expirer and stale do all there is and then rest.
func TestLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, make := range []func(Options) func(context.Context, <-chan struct{}){
			func(o Options) func(context.Context, <-chan struct{}) { return NewStale(o).Run },
			func(o Options) func(context.Context, <-chan struct{}) { return NewExpirer(o).Run },
			func(o Options) func(context.Context, <-chan struct{}) { return NewPoller(o, nil).Run },
		} {
			d := newFakeDesk(0)
			d.lost = 7
			stop := running(t, make(options(d, &fakeBank{})))
			pass(11 * time.Second)
			stop()
			if d.lost > 0 && d.lost != 7 || d.lost < -4 {
				t.Errorf("%d", d.lost)
			}
		}
	})
}

// TestStepCalls: an order of the stepwise flow makes its own call, and its answer moves the breaker by the table of steps: a session in another state is a bank that
// answers properly, a cut one is not.
func TestStepCalls(t *testing.T) {
	for name, c := range map[string]struct {
		call protocol.StepCall
		a    protocol.Answer
		down bool
	}{
		"cancel came too late": {protocol.CallCancel, refusal("session_wrong_state"), false},
		"confirm, no answer":   {protocol.CallConfirm, cutOff, true},
		"start refused":        {protocol.CallStart, refusal("invalid_request"), false},
		"start, key seen":      {protocol.CallStart, refusal("idempotency_key_already_exists"), true},
	} {
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		d := newFakeDesk(1)
		d.start, d.now = now, func() time.Time { return now }
		d.queue[0].Step, d.queue[0].Session, d.queue[0].StepN = c.call, "ps_1", 2
		b := &fakeBank{pay: always(c.a)}
		s := NewSender(Options{Desk: d, Bank: b, Now: func() time.Time { return now }})
		if did, err := s.Step(t.Context()); !did || err != nil || b.steps != 1 {
			t.Errorf("%s: did %v %v, %d steps", name, did, err, b.steps)
		}
		if down := len(d.states) > 0; down != c.down {
			t.Errorf("%s: bank in trouble: %v", name, down)
		}
	}
}
