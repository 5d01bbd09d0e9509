package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"countersign/internal/failpoint"
)

// Poller asks the bank about known sessions when the desk says that it is time.
type Poller struct {
	o      Options
	sender *Sender
}

// NewPoller makes the one poller of a process. Sessions that answered are made known to the sender, for its probes; it may be nil.
func NewPoller(o Options, sender *Sender) *Poller { return &Poller{o: o.defaults(), sender: sender} }

// Step makes one due status call and records what came. A call that a stop cut says nothing about the bank and is not recorded.
func (p *Poller) Step(ctx context.Context) (did bool, err error) {
	poll, err := p.o.Desk.DuePoll(ctx)
	if err != nil || poll == nil {
		return false, err
	}
	failpoint.Hit("poll.due")
	f, raw := p.o.Bank.Status(ctx, poll.Session)
	failpoint.Hit("poll.answered")
	if ctx.Err() != nil {
		return false, nil
	}
	if f.Problem == "" && p.sender != nil {
		p.sender.know(poll.Session)
	}
	return true, p.o.Desk.Fetched(context.WithoutCancel(ctx), poll, f, raw)
}

// Run polls until ctx ends, up to Polls at a time; the desk hands out each session once until it is recorded. wake may be nil.
func (p *Poller) Run(ctx context.Context, wake <-chan struct{}) {
	var live sync.WaitGroup
	for range p.o.Polls {
		live.Go(func() { loop(ctx, p.o.Log, "poll", p.o.Idle, wake, p.Step) })
	}
	live.Wait()
}

// Expirer ends payouts that waited for people longer than the rules allow.
type Expirer struct{ o Options }

// NewExpirer makes the one expirer of a process.
func NewExpirer(o Options) *Expirer { return &Expirer{o.defaults()} }

// Step expires one payout, settles one proposal whose time has come, or sends on one payout whose approvals are enough again.
func (e *Expirer) Step(ctx context.Context) (did bool, err error) {
	if did, err = e.o.Desk.ExpireNext(ctx); did || err != nil {
		return did, err
	}
	if did, err = e.o.Desk.SettleNext(ctx); did || err != nil {
		return did, err
	}
	return e.o.Desk.SufficeNext(ctx)
}

// Run expires until ctx ends. wake may be nil.
func (e *Expirer) Run(ctx context.Context, wake <-chan struct{}) {
	loop(ctx, e.o.Log, "expire", e.o.Slow, wake, e.Step)
}

// Stale turns attempts whose answer can no longer come into unknown.
type Stale struct{ o Options }

// NewStale makes the one worker of its kind.
func NewStale(o Options) *Stale { return &Stale{o.defaults()} }

// Step gives up one attempt.
func (s *Stale) Step(ctx context.Context) (did bool, err error) { return s.o.Desk.LoseStale(ctx) }

// Run gives up stale attempts until ctx ends. wake may be nil.
func (s *Stale) Run(ctx context.Context, wake <-chan struct{}) {
	loop(ctx, s.o.Log, "lose stale", s.o.Slow, wake, s.Step)
}

// loop runs step until ctx ends: at once again after it did something, else after a wake or the idle time. After an error no wake
// shortens the pause, so that a desk that cannot store is not hammered.
func loop(ctx context.Context, log *slog.Logger, what string, idle time.Duration, wake <-chan struct{}, step func(context.Context) (bool, error)) {
	for ctx.Err() == nil {
		did, err := step(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			log.Error(what, "err", err)
			sleep(ctx, idle, nil, nil)
		case !did:
			sleep(ctx, idle, wake, nil)
		}
	}
}

// sleep waits for the time, the end of ctx, or either channel (nil ones never come).
func sleep(ctx context.Context, d time.Duration, a, b <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-a:
	case <-b:
	}
}
