package app_test

import (
	"context"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/bank131"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// latePlans answers with the plans as they were, after something else was recorded meanwhile.
type latePlans struct {
	app.Store
	meanwhile func()
}

func (s *latePlans) DuePolls(ctx context.Context, now time.Time, limit int) ([]app.PollRow, error) {
	rows, err := s.Store.DuePolls(ctx, now, limit)
	if s.meanwhile != nil {
		s.meanwhile()
	}
	return rows, err
}

// TestPollOnce: several pollers ask about a session once: not while it is under way, and not by an old plan when its answer was recorded between reading the plans
// and looking at them.
func TestPollOnce(t *testing.T) {
	d := desktest.New(t)
	d.Approved(100_00)
	d.Send()
	d.Clock.Add(time.Minute)
	store := &latePlans{Store: d.App.Store}
	d.App.Store = store
	ask := func() *protocol.Poll {
		t.Helper()
		p, err := d.App.DuePoll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	one := ask()
	if one == nil {
		t.Fatal("nothing is due")
	}
	if two := ask(); two != nil {
		t.Errorf("%s is asked about twice at once", two.Session)
	}
	store.meanwhile = func() {
		if err := d.App.Fetched(t.Context(), one, protocol.Fetch{Asked: one.Session, Problem: "down"}, protocol.Raw{}); err != nil {
			t.Fatal(err)
		}
	}
	if two := ask(); two != nil {
		t.Errorf("%s is asked about again by its old plan", two.Session)
	}
	store.meanwhile = nil
	d.Clock.Add(time.Minute)
	if ask() == nil {
		t.Error("never asked about again")
	}
}

// tellStatus answers a status question with a session in these states.
func tellStatus(t *testing.T, d *desktest.Desk, p *protocol.Poll, session, status string) {
	t.Helper()
	body := d.Message(payout.ID(p.Payout), p.Session, "x", session, status, d.Clock.Now())
	must(t, d.App.Fetched(t.Context(), p, protocol.Fetch{Asked: p.Session, Session: bank131.ParseWebhook(body).Session}, protocol.Raw{HTTP: 200, Body: body}))
}

// TestPollSecondSession: a second session with our reference is asked about until the bank says how it ended, also when its first status was a stale "in progress": else
// nobody learns that it paid, and "not paid" could never be ruled. Then it is asked about no more. Promise A.2 #3: nothing is lost.
func TestPollSecondSession(t *testing.T) {
	for _, end := range [][2]string{{"accepted", "succeeded"}, {"cancelled", "failed"}} {
		d := desktest.New(t)
		id := d.Approved(10_000_54)
		d.Send()
		first := d.Get(id).Session
		must(t, d.App.StoreWebhook(t.Context(), d.Message(id, "ps_second", "payment_finished", "accepted", "succeeded", d.Clock.Now()), "k"))
		d.Apply()
		asked := 0
		for range 200 {
			for {
				p, err := d.App.DuePoll(t.Context())
				must(t, err)
				if p == nil {
					break
				}
				switch {
				case p.Session == first:
					tellStatus(t, d, p, "cancelled", "failed")
					continue
				case asked == 0:
					tellStatus(t, d, p, "in_progress", "in_progress") // stale
				default:
					tellStatus(t, d, p, end[0], end[1])
				}
				asked++
			}
			d.Clock.Add(time.Minute)
		}
		if asked != 2 {
			t.Errorf("%s: asked about %d times", end, asked)
		}
		err := d.App.ProposeVerdict(t.Context(), d.Who["m2"], id, app.VerdictEntry{Outcome: app.RuledNotPaid, Basis: app.BasisLetter, Reason: "letter", File: letter})
		wants(t, "not paid, with the letter, once nothing is open", err, "")
		d.Verify()
	}
}

// TestPollRefusedOnce: a session that the bank itself named (a genuine message, or its own odd answer) is asked about again although one status said that there is no such
// session: that may be a stale copy's word. One that nobody but a report named is not. Promise A.2 #3: nothing is lost.
func TestPollRefusedOnce(t *testing.T) {
	for name, named := range map[string]func(t *testing.T, d *desktest.Desk) payout.ID{
		"a message": func(t *testing.T, d *desktest.Desk) payout.ID {
			id := unknown(t, d, 10_000_00)
			must(t, d.App.StoreWebhook(t.Context(), d.Message(id, "ps_true", "payment_finished", "accepted", "succeeded", d.Clock.Now()), "k"))
			d.Apply()
			return id
		},
		"an odd answer": func(t *testing.T, d *desktest.Desk) payout.ID {
			id := d.Approved(10_000_71)
			o := d.Claim()
			must(t, d.App.Answered(t.Context(), o, protocol.Answer{GotConn: true, HTTP: 200, JSON: true, Status: "ok",
				Session: &protocol.SessionView{ID: "ps_true", Status: "in_progress"}}, protocol.Raw{HTTP: 200}))
			return id
		},
	} {
		d := desktest.New(t)
		id := named(t, d)
		asked := 0
		for range 60 {
			p, err := d.App.DuePoll(t.Context())
			must(t, err)
			if p != nil {
				if asked++; asked == 1 {
					must(t, d.App.Fetched(t.Context(), p, protocol.Fetch{Asked: p.Session, Problem: "refused", Code: "session_not_found"}, protocol.Raw{HTTP: 404}))
				} else {
					tellStatus(t, d, p, "accepted", "succeeded")
				}
			}
			d.Clock.Add(time.Minute)
		}
		if s := d.Get(id); s.State != payout.Succeeded || !s.Confirmed || asked != 2 {
			t.Errorf("named by %s, asked about %d times: %s, confirmed %v", name, asked, s.State, s.Confirmed)
		}
		d.Verify()
	}
}
