package dispatch

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/protocol"
)

// planDesk hands out sessions as the desk plans them: each again so long after its last answer, until it is known how it ended, and never twice at once.
type planDesk struct {
	*fakeDesk
	every time.Duration
	next  map[string]time.Time
	busy  map[string]bool
	known map[string]time.Time
}

func (d *planDesk) DuePoll(context.Context) (*protocol.Poll, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := ""
	for s, at := range d.next {
		if !at.After(time.Now()) && !d.busy[s] && (first == "" || at.Before(d.next[first]) || at.Equal(d.next[first]) && s < first) {
			first = s
		}
	}
	if first == "" {
		return nil, nil
	}
	d.busy[first] = true
	return &protocol.Poll{Session: first}, nil
}

func (d *planDesk) Fetched(_ context.Context, p *protocol.Poll, f protocol.Fetch, _ protocol.Raw) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.busy, p.Session)
	d.next[p.Session] = time.Now().Add(d.every)
	if f.Problem == "" && f.Session.Status == "accepted" {
		delete(d.next, p.Session)
		d.known[p.Session] = time.Now()
	}
	return nil
}

// slowBank takes its time for each status; one session never answers, until the client's own time-out.
type slowBank struct {
	*fakeBank
	hangs string
	said  time.Time // when its word is spoken about all of them
	live  map[string]bool
	twice bool
	most  int
}

func (b *slowBank) Status(ctx context.Context, s string) (protocol.Fetch, protocol.Raw) {
	b.mu.Lock()
	b.twice = b.twice || b.live[s]
	b.live[s] = true
	b.most = max(b.most, len(b.live))
	b.mu.Unlock()
	defer func() { b.mu.Lock(); delete(b.live, s); b.mu.Unlock() }()
	long := 200 * time.Millisecond
	if s == b.hangs {
		long = 15 * time.Second
	}
	f := protocol.Fetch{Asked: s, Session: protocol.SessionView{ID: s, Status: "in_progress"}}
	if !time.Now().Before(b.said) {
		f.Session.Status = "accepted"
	}
	if s == b.hangs {
		f = protocol.Fetch{Asked: s, Problem: "down", Code: "timeout"}
	}
	select {
	case <-time.After(long):
	case <-ctx.Done():
		f = protocol.Fetch{Asked: s, Problem: "down"}
	}
	return f, protocol.Raw{}
}

// TestPollersKeepUp: 400 open payouts, 200 ms for each status, one status that hangs, no webhook at all: whatever the moment at which the bank's word about all of
// them is spoken, the others are known within 60 s of it. No session is asked about twice at once, nor more at a time than allowed. Promise of issue 5, g.
func TestPollersKeepUp(t *testing.T) {
	for _, after := range []time.Duration{0, 7 * time.Second, 31 * time.Second, 5 * time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 400
				d := &planDesk{fakeDesk: newFakeDesk(0), every: 20 * time.Second, next: map[string]time.Time{}, busy: map[string]bool{}, known: map[string]time.Time{}}
				b := &slowBank{fakeBank: &fakeBank{}, hangs: "ps_000", said: time.Now().Add(after), live: map[string]bool{}}
				for i := range n + 1 {
					d.next[fmt.Sprintf("ps_%03d", i)] = time.Now()
				}
				o := options(d.fakeDesk, b.fakeBank)
				o.Desk, o.Bank = d, b
				stop := running(t, NewPoller(o, nil).Run)
				pass(after + time.Minute)
				d.mu.Lock()
				known, last := len(d.known), time.Duration(0)
				for _, at := range d.known {
					last = max(last, at.Sub(b.said))
				}
				d.mu.Unlock()
				stop()
				if known != n {
					t.Errorf("%d of %d are known a minute after the bank's word", known, n)
				}
				if b.twice || b.most > 4 {
					t.Errorf("twice at once: %v; %d at a time", b.twice, b.most)
				}
				t.Logf("the last was known %s after the bank's word", last)
			})
		})
	}
}

// TestSlips: a lost create or cancel opens the breaker like any other, but such calls alone never make the probes slow; one lost call that may move money does. A proper
// answer to a create closes nothing. Never are two calls in flight while half-open.
func TestSlips(t *testing.T) {
	for name, c := range map[string]struct {
		w    weight
		want int // probes in ten minutes
	}{"slips": {slip, 120}, "trips": {trip, 21}} {
		t.Run(name, func(t *testing.T) {
			begun := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
			b := &breaker{every: 5 * time.Second, slow: time.Minute, fastFor: time.Minute, tell: func(bool, time.Time) {}}
			_, turn := b.enter(begun)
			b.drop(b.bad(begun, turn, c.w))
			probes := 0
			for now := begun; now.Sub(begun) <= 10*time.Minute; now = now.Add(time.Second) {
				v, _ := b.enter(now)
				if v != probe {
					continue
				}
				probes++
				b.probed(now, true)
				v, turn := b.enter(now)
				if second, _ := b.enter(now); v != claim || second != wait {
					t.Fatalf("half-open: %v, then %v", v, second)
				}
				b.drop(b.bad(now, turn, c.w))
			}
			if probes != c.want {
				t.Errorf("%d probes in ten minutes, want %d", probes, c.want)
			}
		})
	}
	for call, want := range map[protocol.StepCall]stage{protocol.CallCreate: half, protocol.CallCancel: half, protocol.CallStart: closed, protocol.CallConfirm: closed} {
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		d := newFakeDesk(1)
		d.now = func() time.Time { return now }
		d.queue[0].Step, d.queue[0].Session, d.queue[0].StepN = call, "ps_1", 2
		a := taken()
		if call == protocol.CallCreate {
			a.Session.Status, a.Session.Payouts = "created", nil
		}
		s := NewSender(Options{Desk: d, Bank: &fakeBank{pay: always(a)}, Now: d.now})
		s.brk.careful(now)
		if did, err := s.Step(t.Context()); !did || err != nil || s.brk.stage != want {
			t.Errorf("%s answered properly: did %v, %v, stage %d", call, did, err, s.brk.stage)
		}
	}
}
