package app_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// TestFourEyesRaces: 200 rounds (2,000 in make torture): fifty approvers, an edit, a cancellation or a rejection, a change of the rules, a suspension, a take-back and three claims
// are thrown at one payout at the same moment. After each round the history is counted again without the engine's code: whatever won, nothing left without its quorum under the rules
// and people of that moment. No round takes longer than its bound: nobody waits for anybody for ever. Issue 4 "To show" b.
func TestFourEyesRaces(t *testing.T) {
	rounds := 200
	switch {
	case os.Getenv("TORTURE") != "":
		rounds = 2000
	case testing.Short():
		rounds = 40
	}
	const wide, every = 50, 4
	d := desktest.New(t)
	d.App.SendAfter = 0
	ctx := t.Context()
	var people []app.Who
	for i := range wide + rounds/every + 1 {
		email := fmt.Sprintf("race%d@x.test", i)
		id, err := d.App.AddFounderHashed(ctx, app.NewPerson{Email: email, Name: fmt.Sprint("Approver ", i), Roles: rolesOf(t, "approver")}, "x")
		must(t, err)
		people = append(people, app.Who{Person: id, Email: email})
	}
	o := newWatch(t, d)
	ends := map[payout.State]int{}
	var claims, suspensions, changes atomic.Int64
	for i := range rounds {
		round, stop := context.WithTimeout(ctx, time.Minute)
		id := d.Submit(500_000_00 + int64(i))
		seen := d.Get(id).Digest
		edited := d.Content(400_000_00 + int64(i))
		// A set that asks for one more or one less waits for its second person.
		set := desktest.Rules()
		set.Name = fmt.Sprint("round ", i)
		set.Rules[1].Steps[0].Count = 2 + i%2
		version, err := d.Store.InForceVersion(ctx, approval.Rules, app.RulesID)
		must(t, err)
		must(t, d.App.ProposeRules(ctx, d.Who["d1"], set, version, "race"))
		open, err := d.Store.Proposals(ctx, approval.Rules, app.RulesID, 1)
		must(t, err)
		start := make(chan struct{})
		var race sync.WaitGroup
		deed := func(what string, fn func(context.Context) error) {
			race.Go(func() {
				<-start
				if err := fn(round); !human(err) {
					t.Errorf("round %d: %s: %v", i, what, err)
				}
			})
		}
		crowd := people[i/every : i/every+wide]
		for _, w := range crowd {
			deed("approve", func(ctx context.Context) error { return d.App.Approve(ctx, w, id, seen, app.Proof{}) })
		}
		deed("take back", func(ctx context.Context) error { return d.App.TakeBack(ctx, crowd[1], id, seen) })
		deed("rules", func(ctx context.Context) error {
			err := d.App.Accept(ctx, d.Who["d2"], approval.Rules, app.RulesID, open[0].Digest, app.Proof{})
			if err == nil {
				changes.Add(1)
			}
			return err
		})
		switch i % every {
		case 0:
			deed("edit", func(ctx context.Context) error {
				return d.App.Edit(ctx, d.Who["m2"], id, 1, app.Entry{Content: edited, Submit: true})
			})
		case 1:
			deed("cancel", func(ctx context.Context) error { return d.App.Cancel(ctx, d.Who["m1"], id, "no") })
		case 2:
			deed("reject", func(ctx context.Context) error { return d.App.Reject(ctx, d.Who["a2"], id, seen, "no") })
		case 3:
			deed("suspend", func(ctx context.Context) error {
				err := d.App.SuspendPerson(ctx, d.Who["d1"], crowd[0].Person, "left")
				if err == nil {
					suspensions.Add(1)
				}
				return err
			})
		}
		for range 3 {
			deed("claim", func(ctx context.Context) error {
				order, err := d.App.Claim(ctx)
				if order != nil {
					claims.Add(1)
				}
				return err
			})
		}
		close(start)
		race.Wait()
		if round.Err() != nil {
			t.Fatalf("round %d took longer than its bound", i)
		}
		stop()
		o.feed()
		s := d.Get(id)
		ends[s.State]++
		state, version2, sent, _ := o.c.Payout(string(id))
		if state != string(s.State) || version2 != s.Version || sent > 1 || (sent == 1) != (s.State == payout.Sending) {
			t.Errorf("round %d: %s version %d; the history says %s version %d, sent %d times", i, s.State, s.Version, state, version2, sent)
		}
		if t.Failed() {
			return
		}
	}
	r := o.c.Report()
	if r.Claims != claims.Load() || changes.Load() != int64(rounds) || suspensions.Load() != int64(rounds/every) {
		t.Errorf("%d claims of %d, %d changes of rules, %d suspensions in %d rounds", r.Claims, claims.Load(), changes.Load(), suspensions.Load(), rounds)
	}
	if ends[payout.Cancelled] == 0 || ends[payout.Rejected] == 0 || ends[payout.Approved]+ends[payout.PendingApproval]+ends[payout.Sending] < rounds/4 || claims.Load() < int64(rounds/50) {
		t.Errorf("a race in which one side always wins proves nothing: %d claims, %v", claims.Load(), ends)
	}
	matches(t, d, oracle(t, d))
	d.Verify()
	t.Logf("%d rounds, %d claims, ends %v", rounds, claims.Load(), ends)
}
