package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/banksim"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// torn is a store whose commits fail at their end: everything of them was done, and nothing of it stays.
type torn struct{ app.Store }

func (s torn) Write(ctx context.Context, lane app.Lane, fn func(app.Tx) error) (app.Change, error) {
	return s.Store.Write(ctx, lane, func(tx app.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return fault.Down("store.full")
	})
}

// TestClaim_Uncommitted: no request leaves whose intent was not stored: neither a payout nor any step of the stepwise flow, the confirm above all. Promise 1: each line
// is a durable commit before the next call.
func TestClaim_Uncommitted(t *testing.T) {
	for flow, want := range map[string]string{protocol.FlowSingle: "", protocol.FlowStepwise: "create start confirm"} {
		t.Run(flow, func(t *testing.T) {
			d := desktest.New(t)
			if flow == protocol.FlowStepwise {
				d.Stepwise(protocol.ConfirmRequired, banksim.OnStart)
			}
			id := d.Approved(500_000_00)
			real := d.App.Store
			var held []string
			for range 50 {
				d.App.Store = torn{real}
				o, err := d.App.Claim(t.Context())
				d.App.Store = real
				if o != nil {
					t.Fatalf("%s %q leaves, and nothing of it is stored", o.Payout, o.Step)
				}
				if o = d.Claim(); o != nil {
					if fault.KindOf(err) != fault.Unavailable {
						t.Errorf("%s %q: %v", o.Payout, o.Step, err)
					}
					held = append(held, string(o.Step))
					a, raw := d.Ask(o)
					must(t, d.App.Answered(t.Context(), o, a, raw))
				}
				d.Clock.Add(time.Second)
				d.Deliver()
				d.Poll()
			}
			if got := strings.Join(held, " "); got != want {
				t.Errorf("called %q, want %q", got, want)
			}
			if s, l := d.Get(id), d.Ledger()[d.Get(id).Reference]; s.State != payout.Succeeded || l.Executed != 1 {
				t.Errorf("%s, paid %d times", s.State, l.Executed)
			}
			d.Verify()
		})
	}
}

// TestDigestAtSend: whoever has the file changes the account of an approved payout, in its row, its version and the event that commits to it, so that rows and events
// agree: what was approved is not what would be sent, so nothing is sent and sending stops. Promise 3.
func TestDigestAtSend(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(70_000_00)
	other := d.Content(1_00).Account
	db := d.SQL()
	var salt []byte
	var seq int64
	var payload string
	must(t, db.QueryRow("SELECT salt FROM payout_version WHERE payout_id = ?", string(id)).Scan(&salt))
	must(t, db.QueryRow("SELECT seq, payload FROM event WHERE action = 'payout.created' AND subject = ?", string(id)).Scan(&seq, &payload))
	var facts map[string]any
	must(t, json.Unmarshal([]byte(payload), &facts))
	for k, v := range facts {
		if n, ok := v.(float64); ok {
			facts[k] = int64(n)
		}
	}
	facts["commit"].(map[string]any)["account"] = payout.Salt(salt).Commit("account", other)
	doc, err := audit.Canonical(facts)
	must(t, err)
	for _, x := range [][]any{{"DROP TRIGGER event_fixed"}, {"DROP TRIGGER payout_version_fixed"}, {"UPDATE event SET payload = ? WHERE seq = ?", string(doc), seq},
		{"UPDATE payout_version SET account = ? WHERE payout_id = ?", other, string(id)}, {"UPDATE payout SET account = ? WHERE id = ?", other, string(id)}} {
		_, err := db.Exec(x[0].(string), x[1:]...)
		must(t, err)
	}
	if o := d.Claim(); o != nil {
		t.Errorf("sent to %s, approved for another account", o.Expect.Account)
	}
	desk, err := d.Store.DeskRows(t.Context())
	if err != nil || desk.Halt == nil || desk.Halt.Cause != "altered" {
		t.Errorf("sending goes on: %+v %v", desk.Halt, err)
	}
}

// TestMakerForGood: whoever edited a payout is its maker for good: not when they are an approver now, after every wait, of a version
// that another made and submitted. Promise 2.
func TestMakerForGood(t *testing.T) {
	d := newPeople(t)
	m1 := d.Who["m1"]
	id := d.Submit(100_00)
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], m1.Person, []string{"approver"}, "", 0, "another job"))
	must(t, d.accept("d2", m1.Person))
	d.Clock.Add(100 * time.Hour)
	c := d.Get(id).Content
	c.AmountText = "200.00"
	must(t, d.App.Edit(d.ctx, d.Who["m2"], id, 1, app.Entry{Content: c, Submit: true}))
	own := d.SubmitContent("m2", d.Content(100_00))
	must(t, d.App.Approve(d.ctx, m1, own, d.Get(own).Digest, app.Proof{})) // they are an approver
	wants(t, "the maker of before", d.App.Approve(d.ctx, m1, id, d.Get(id).Digest, app.Proof{}), "approve.own")
	if s := d.Get(id); s.State != payout.PendingApproval {
		t.Errorf("it is %s", s.State)
	}
	d.Verify()
}
