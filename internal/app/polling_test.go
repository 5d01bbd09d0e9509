package app_test

import (
	"context"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
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
