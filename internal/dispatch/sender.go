package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"countersign/internal/failpoint"
	"countersign/internal/protocol"
)

// Desk is what the dispatcher needs of internal/app. Every method but BankState and NeedProbe may fail when nothing can be
// stored; then nothing was half done.
type Desk interface {
	// Claim commits the intent to send one payout and returns it; nil when nothing can go now.
	Claim(context.Context) (*protocol.Order, error)
	// Answered records what came of an order.
	Answered(context.Context, *protocol.Order, protocol.Answer, protocol.Raw) error
	// DuePoll returns a session to ask about; nil when none is due.
	DuePoll(context.Context) (*protocol.Poll, error)
	// Fetched records what came of a poll, a failing one too, and sets when the next is due.
	Fetched(context.Context, *protocol.Poll, protocol.Fetch, protocol.Raw) error
	// LoseStale gives up one attempt whose answer can no longer come.
	LoseStale(context.Context) (did bool, err error)
	// ExpireNext ends one payout that waited too long for people.
	ExpireNext(context.Context) (did bool, err error)
	// SettleNext lets one proposal take effect by itself, or lapse, when its time has come.
	SettleNext(context.Context) (did bool, err error)
	// SufficeNext approves one payout whose standing approvals are enough again.
	SufficeNext(context.Context) (did bool, err error)
	// BankState is told whenever claims stop because of the bank (down, since when) and when they may go on (not down, since now).
	BankState(down bool, since time.Time)
	// NeedProbe reports that the bank refused our credentials last: a balance must be answered properly before a claim.
	NeedProbe() bool
	// Probed is told that it was.
	Probed()
	// BalanceDue reports that the balance of our account is to be asked for before the next claim; SawBalance is told each answer to that
	// question, asked is when the call began.
	BalanceDue(context.Context) bool
	SawBalance(asked time.Time, b protocol.Balance)
}

// Bank is what the dispatcher needs of internal/bank131. No method returns an error: whatever happened is in the value.
type Bank interface {
	InitPayout(ctx context.Context, key string, body []byte) (protocol.Answer, protocol.Raw)
	// Step makes one call of the stepwise flow.
	Step(ctx context.Context, call protocol.StepCall, key string, body []byte) (protocol.Answer, protocol.Raw)
	Status(ctx context.Context, session string) (protocol.Fetch, protocol.Raw)
	Balance(ctx context.Context, at time.Time) (protocol.Balance, protocol.Raw)
}

// Options of all workers. Desk, Bank and Now are needed; zero durations and counts take the default in brackets.
type Options struct {
	Desk Desk
	Bank Bank
	Now  func() time.Time
	Log  *slog.Logger // nil: nothing is logged. It gets ids and codes, never values of a payout

	InFlight    int           // most calls at a time while the bank is well (2): as many become unknown when it goes
	Polls       int           // status calls at a time (4): they move nothing, and one that hangs must not hold up the others
	ProbeEach   time.Duration // pause between probes of a bank in trouble (5 s)
	ProbeSlow   time.Duration // the same after ProbeFast (60 s)
	ProbeFast   time.Duration // how long ProbeEach is kept (1 min)
	Idle        time.Duration // longest sleep of Sender and Poller without a wake (500 ms)
	Slow        time.Duration // longest sleep of Expirer and Stale without a wake (5 s)
	RecordPause time.Duration // between tries to record an answer that the desk cannot store (250 ms)
	// CutOnStop: stopping cuts live calls (the demo) instead of waiting for them.
	CutOnStop bool
}

func (o Options) defaults() Options {
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{{&o.ProbeEach, 5 * time.Second}, {&o.ProbeSlow, time.Minute}, {&o.ProbeFast, time.Minute}, {&o.Idle, 500 * time.Millisecond}, {&o.Slow, 5 * time.Second}, {&o.RecordPause, recordPause}} {
		if *d.v <= 0 {
			*d.v = d.d
		}
	}
	if o.InFlight <= 0 {
		o.InFlight = 2
	}
	if o.Polls <= 0 {
		o.Polls = 4
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// recordTries and recordPause bound how long an answer is offered to a desk that cannot store; after that the attempt becomes
// unknown by LoseStale, which is what an unrecorded answer is.
const (
	recordTries = 40
	recordPause = 250 * time.Millisecond
)

// Sender sends approved payouts, each attempt once.
type Sender struct {
	o   Options
	brk *breaker

	mu       sync.Mutex
	known    string    // a session to probe with
	credNext time.Time // the next balance after a credential refusal, not before
}

// NewSender makes the one sender of a process.
func NewSender(o Options) *Sender {
	o = o.defaults()
	return &Sender{o: o, brk: &breaker{every: o.ProbeEach, slow: o.ProbeSlow, fastFor: o.ProbeFast, tell: o.Desk.BankState}}
}

// Step probes if that is due, claims one payout, calls the bank and records the answer, all before it returns. did is false when nothing
// could go. An error means that the desk could not claim or record; nothing is sent without a claim.
func (s *Sender) Step(ctx context.Context) (did bool, err error) {
	o, turn, err := s.next(ctx)
	if o == nil || err != nil {
		return false, err
	}
	return true, s.send(ctx, o, turn)
}

// Run sends until ctx ends, up to InFlight at a time, and then waits for the calls that are live (or cuts them, with CutOnStop).
// wake may be nil.
func (s *Sender) Run(ctx context.Context, wake <-chan struct{}) {
	var live sync.WaitGroup
	defer live.Wait()
	slots := make(chan struct{}, s.o.InFlight)
	ended := make(chan struct{}, 1)
	for ctx.Err() == nil {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		o, turn, err := s.next(ctx)
		if o != nil && err == nil {
			live.Go(func() {
				if err := s.send(ctx, o, turn); err != nil {
					s.o.Log.Error("send", "payout", o.Payout, "attempt", o.Attempt, "err", err)
				}
				<-slots
				select {
				case ended <- struct{}{}:
				default:
				}
			})
			continue
		}
		<-slots
		if err != nil {
			s.o.Log.Error("claim", "err", err)
			sleep(ctx, s.o.Idle, nil, nil)
			continue
		}
		pause := s.o.Idle
		if d, open := s.brk.due(s.o.Now()); open {
			pause = min(pause, max(d, time.Millisecond))
		}
		sleep(ctx, pause, wake, ended)
	}
}

// next passes the breaker, probing when that is due, and claims.
func (s *Sender) next(ctx context.Context) (*protocol.Order, int, error) {
	if ctx.Err() != nil {
		return nil, 0, nil // stopping: no new claims
	}
	if !s.credentials(ctx) {
		return nil, 0, nil
	}
	v, turn := s.brk.enter(s.o.Now())
	if v == probe {
		s.brk.probed(s.o.Now(), s.probe(ctx))
		v, turn = s.brk.enter(s.o.Now())
	}
	if v != claim {
		return nil, 0, nil
	}
	// What comes of it is no reason to stop: a balance that is not known holds nothing back.
	if s.o.Desk.BalanceDue(ctx) {
		s.balance(ctx, s.o.Now())
	}
	// The claim must not be torn by a stop: committed but unseen, its payout would end unknown.
	o, err := s.o.Desk.Claim(context.WithoutCancel(ctx))
	if err != nil || o == nil {
		s.brk.drop(turn)
		return nil, 0, err
	}
	return o, turn, nil
}

// probe makes the harmless calls: the balance, else the status of a session that we know.
func (s *Sender) probe(ctx context.Context) bool {
	if s.balance(ctx, s.o.Now()).Proper {
		return true
	}
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	if known == "" {
		return false
	}
	f, _ := s.o.Bank.Status(ctx, known)
	return f.Problem == ""
}

// credentials holds claims after a credential refusal until a balance was answered properly; then they go one at a time.
func (s *Sender) credentials(ctx context.Context) bool {
	if !s.o.Desk.NeedProbe() {
		return true
	}
	now := s.o.Now()
	s.brk.careful(now)
	s.mu.Lock()
	early := now.Before(s.credNext)
	if !early {
		s.credNext = now.Add(s.o.ProbeEach)
	}
	s.mu.Unlock()
	if early {
		return false
	}
	proper := s.balance(ctx, now).Proper
	if proper {
		s.o.Desk.Probed()
	}
	return proper
}

// balance asks for the balance and tells the desk. A call that a stop cut tells nothing.
func (s *Sender) balance(ctx context.Context, now time.Time) protocol.Balance {
	b, _ := s.o.Bank.Balance(ctx, now)
	if ctx.Err() == nil {
		s.o.Desk.SawBalance(now, b)
	}
	return b
}

// know remembers a session for probes.
func (s *Sender) know(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = session
}

var errNoExpect = errors.New("order without what was approved: not sent")

// send makes the one call of an order and records the answer under a context that a stop does not end.
func (s *Sender) send(ctx context.Context, o *protocol.Order, turn int) error {
	failpoint.Hit("request.before")
	a, raw, err := s.call(ctx, o)
	failpoint.Hit("request.after")
	kind, why := protocol.Classify(a, o.Expect, o.CredentialBefore)
	if o.Step != "" {
		kind, why = protocol.ClassifyStep(o.Step, o.Session, a, o.Expect)
	}
	w := fine
	switch {
	case kind == protocol.CredentialNo, kind == protocol.Refused && protocol.CredentialCode(why):
		w = caution
	case kind == protocol.Taken:
		s.know(a.Session.ID)
	case o.Step != "" && protocol.StepProper(kind, why):
	case !kind.Proper():
		w = trip
	}
	harmless := o.Step == protocol.CallCreate || o.Step == protocol.CallCancel
	if w == trip && harmless {
		w = slip
	}
	if w != fine {
		turn = s.brk.bad(s.o.Now(), turn, w)
	}
	recorded := s.record(ctx, o, a, raw)
	if w == fine && !harmless {
		s.brk.good(turn)
	} else {
		s.brk.drop(turn)
	}
	return errors.Join(err, recorded)
}

func (s *Sender) call(ctx context.Context, o *protocol.Order) (protocol.Answer, protocol.Raw, error) {
	if o.Expect.Reference == "" {
		return protocol.Answer{}, protocol.Raw{}, errNoExpect
	}
	if !s.o.CutOnStop {
		ctx = context.WithoutCancel(ctx)
	}
	if !o.Deadline.IsZero() {
		left := o.Deadline.Sub(s.o.Now())
		if left <= 0 {
			return protocol.Answer{}, protocol.Raw{}, nil // too late to start: nothing left
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, left)
		defer cancel()
	}
	if o.Step != "" {
		a, raw := s.o.Bank.Step(ctx, o.Step, o.Key, o.Body)
		return a, raw, nil
	}
	a, raw := s.o.Bank.InitPayout(ctx, o.Key, o.Body)
	return a, raw, nil
}

func (s *Sender) record(ctx context.Context, o *protocol.Order, a protocol.Answer, raw protocol.Raw) error {
	ctx = context.WithoutCancel(ctx)
	for try := 1; ; try++ {
		err := s.o.Desk.Answered(ctx, o, a, raw)
		if err == nil {
			return nil
		}
		if try == recordTries {
			return fmt.Errorf("record the answer to attempt %d of %s: %w", o.Attempt, o.Payout, err)
		}
		s.o.Log.Error("answer not recorded yet", "payout", o.Payout, "attempt", o.Attempt, "try", try, "err", err)
		sleep(ctx, s.o.RecordPause, nil, nil)
	}
}
