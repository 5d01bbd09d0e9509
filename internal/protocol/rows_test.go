package protocol

import (
	"slices"
	"testing"
	"time"

	"countersign/internal/bankdetails"
	"countersign/internal/money"
	"countersign/internal/payout"
)

func contentOf(e Expect) payout.Content {
	return payout.Content{Details: bankdetails.Details{FullName: e.FullName, BIK: e.BIK, Account: e.Account, Description: e.Description},
		Amount: money.Roubles(e.AmountMinor)}
}

// TestKopecks plays every row of the pretend bank's table, as what reaches the desk, in every order, and the end must be
// the same. A second run hands each thing over twice.
func TestKopecks(t *testing.T) {
	taken := answered(answer(200, "ok", "", sessionWith("in_progress", payoutWith("in_progress"))))
	refused := func(code string) Observation { return answered(answer(400, "error", code, nil)) }
	paid := session("ps_1", "accepted", 2, payoutWith("succeeded"))
	failed := payoutWith("failed")
	failed.ErrorCode = "account_not_found"
	notPaid := session("ps_1", "cancelled", 2, failed)
	wrong := paid
	wrong.Payouts = []PayoutView{payoutWith("succeeded")}
	wrong.Payouts[0].AmountMinor = 9900
	foreign := session("ps_9", "accepted", 2, payoutWith("succeeded"))
	later := session("ps_1", "accepted", 10, payoutWith("succeeded"))
	pending := session("ps_1", "in_progress", 1, payoutWith("pending"))
	pending.NextAction = "confirm"
	third := session("ps_1", "accepted", 3, refunds(payoutWith("succeeded"), 3333))
	whole := session("ps_1", "accepted", 5, refunds(payoutWith("succeeded"), 10000))

	for row, c := range map[string]struct {
		says  []Observation
		end   string
		alarm string
	}{
		"others":  {says: []Observation{taken, finished(paid), fetched(paid)}, end: "succeeded confirmed"},
		"51":      {says: []Observation{taken, finished(notPaid), fetched(notPaid)}, end: "failed confirmed"},
		"52":      {says: []Observation{finished(paid), taken, finished(paid), finished(paid), fetched(paid)}, end: "succeeded confirmed"},
		"53":      {says: []Observation{taken, finished(paid), finished(session("ps_1", "in_progress", 1, payoutWith("in_progress"))), fetched(paid)}, end: "succeeded confirmed"},
		"54":      {says: []Observation{taken, fetched(session("ps_1", "in_progress", 1, payoutWith("in_progress"))), fetched(paid)}, end: "succeeded confirmed"},
		"55":      {says: []Observation{answered(Answer{GotConn: true, Err: "cut"}), finished(paid), fetched(paid)}, end: "succeeded confirmed"},
		"56":      {says: []Observation{answered(Answer{GotConn: true, HTTP: 500}), finished(paid), fetched(paid)}, end: "succeeded confirmed"},
		"57":      {says: []Observation{answered(Answer{GotConn: true, Err: "cut"})}, end: "unknown"},
		"58":      {says: []Observation{answered(Answer{GotConn: true, HTTP: 502})}, end: "unknown"},
		"59":      {says: []Observation{finished(paid), fetched(paid), taken}, end: "succeeded confirmed"},
		"60":      {says: []Observation{refused("invalid_request")}, end: "failed confirmed"},
		"61":      {says: []Observation{answered(answer(401, "error", "authentication_error", nil))}, end: "approved halted=[credentials]"},
		"62":      {says: []Observation{taken, finished(session("ps_1", "error", 2, failed)), fetched(session("ps_1", "error", 2, failed)), finished(later), fetched(later)}, end: "succeeded confirmed"},
		"62 half": {says: []Observation{taken, finished(session("ps_1", "error", 2, failed)), fetched(session("ps_1", "error", 2, failed))}, end: "unknown"},
		"63":      {says: []Observation{taken, finished(wrong), finished(paid), fetched(paid)}, end: "succeeded confirmed", alarm: "other_amount"},
		"64":      {says: []Observation{taken, finished(paid), fetched(paid)}, end: "succeeded confirmed"},
		"66 half": {says: []Observation{taken, hook("ready_to_confirm", pending), fetched(pending)}, end: "in_progress", alarm: "confirm_asked"},
		"66":      {says: []Observation{taken, hook("ready_to_confirm", pending), fetched(pending), finished(session("ps_1", "cancelled", 30, failed)), fetched(session("ps_1", "cancelled", 30, failed))}, end: "failed confirmed", alarm: "confirm_asked"},
		"67":      {says: []Observation{taken, finished(paid), fetched(paid), hook("payment_refunded", whole), fetched(whole)}, end: "returned confirmed returned=10000"},
		"68":      {says: []Observation{taken, finished(notPaid), fetched(notPaid), finished(later), fetched(later)}, end: "succeeded flagged confirmed"},
		"69":      {says: []Observation{answered(Answer{GotConn: true, HTTP: 307})}, end: "unknown"},
		"70":      {says: []Observation{answered(Answer{GotConn: true, Err: "cut"}), finished(session("ps_1", "accepted", 15, payoutWith("succeeded"))), fetched(session("ps_1", "accepted", 15, payoutWith("succeeded")))}, end: "succeeded confirmed"},
		"71, 72":  {says: []Observation{answered(Answer{GotConn: true, Err: "timeout"})}, end: "unknown"},
		"73":      {says: []Observation{refused("idempotency_key_already_exists")}, end: "unknown"},
		"74":      {says: []Observation{answered(answer(401, "error", "authentication_error", nil)), finished(paid), fetched(paid)}, end: "succeeded flagged confirmed halted=[credentials]"},
		"75": {says: []Observation{taken, finished(foreign), {At: at(3), Fetch: &Fetch{Asked: "ps_9", Problem: "refused", Code: "invalid_request"}}, finished(paid), fetched(paid)},
			end: "succeeded confirmed"},
		"76": {says: []Observation{refused("insufficient_wallet_balance")}, end: "failed confirmed"},
		"77": {says: []Observation{taken, finished(session("ps_1", "accepted", 2, payoutWith("succeeded"), payoutWith("succeeded"))),
			fetched(session("ps_1", "accepted", 2, payoutWith("succeeded"), payoutWith("succeeded")))}, end: "unknown flagged", alarm: "two_payouts"},
		"78": {says: []Observation{taken, hook("payment_refunded", third), finished(paid), fetched(third)}, end: "succeeded confirmed returned=3333"},
	} {
		t.Run(row, func(t *testing.T) {
			for _, times := range []int{1, 2} {
				permutations(len(c.says), func(order []int) {
					d := newDesk(t)
					for _, i := range order {
						for n := range times {
							if c.says[i].Answer != nil && n > 0 {
								continue // an attempt has one answer
							}
							d.see(c.says[i])
						}
					}
					// Row 74 in another order: the system halts for whichever proof comes first.
					if got := d.end(); got != c.end && (row != "74" || got != "succeeded flagged confirmed halted=[credentials unasked]") {
						t.Errorf("in order %v, %d times each: %s, want %s", order, times, got, c.end)
					}
					if c.alarm != "" && !slices.Contains(d.alarms, c.alarm) {
						t.Errorf("in order %v: no alarm %s, got %v", order, c.alarm, d.alarms)
					}
				})
			}
		})
	}
	t.Run("75 raises an alarm once the answer is known", func(t *testing.T) {
		d := newDesk(t)
		d.see(taken)
		if a := d.see(finished(foreign)); a.Alarm != "other_session" || a.Fetch != "ps_9" || d.end() != "in_progress" {
			t.Errorf("%+v, %s", a, d.end())
		}
	})
	t.Run("75 with the answer lost", func(t *testing.T) {
		d := newDesk(t)
		d.see(answered(Answer{GotConn: true, Err: "cut"}))
		d.see(finished(foreign))
		if got := d.end(); got != "succeeded" {
			t.Errorf("a genuine matching webhook moves at once, got %s", got)
		}
		d.see(Observation{At: at(3), Fetch: &Fetch{Asked: "ps_9", Problem: "refused", Code: "invalid_request"}})
		if got := d.end(); got != "unknown flagged" {
			t.Errorf("not our session: got %s", got)
		}
		d.see(finished(paid))
		if got := d.end(); got != "succeeded" {
			t.Errorf("the right one: got %s", got)
		}
	})
	t.Run("times of the bank only order, they do not hold anything up", func(t *testing.T) {
		d := newDesk(t)
		d.see(taken)
		odd := paid
		odd.UpdatedAt = time.Time{}
		d.see(finished(odd))
		if got := d.end(); got != "succeeded" {
			t.Errorf("got %s", got)
		}
	})
}
