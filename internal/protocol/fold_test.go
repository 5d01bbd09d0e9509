package protocol

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"countersign/internal/calendar"
	"countersign/internal/payout"

	"pgregory.net/rapid"
)

// TestRules walks the numbered rules of design.md "Webhooks and evidence", in every order of what came.
func TestRules(t *testing.T) {
	ans := func(k AnswerKind, why string) Evidence {
		e := Evidence{Source: FromAnswer, At: at(0), Answer: k, Why: why, Attempt: 1}
		if k == Taken {
			e.Session, e.Ours, e.Matches = "ps_1", true, true
		}
		return e
	}
	ev := func(from Source, r Reading, updated int) Evidence {
		return Evidence{Source: from, At: at(updated).Add(time.Second), Session: "ps_1", Ours: true, Matches: true, Reading: r, Why: string(r), UpdatedAt: at(updated)}
	}
	fetch := func(r Reading, updated int) Evidence { return ev(FromFetch, r, updated) }
	hook := func(r Reading, updated int) Evidence { return ev(FromWebhook, r, updated) }
	with := func(e Evidence, change func(*Evidence)) Evidence { change(&e); return e }
	elsewhere := func(e Evidence) Evidence { e.Session = "ps_2"; return e }
	disowns := Evidence{Source: FromFetch, At: at(3), Session: "ps_1", Disowns: true}
	back := func(id string, minor int64) func(*Evidence) {
		return func(e *Evidence) {
			e.Refunds = append(e.Refunds, Refund{ID: id, Status: "accepted", AmountMinor: minor, Currency: "rub"})
		}
	}
	monday := 14 * 24 * 60 // minutes from Monday the 2nd to the one after the next: nine banking days, since the 4th is a holiday

	for name, c := range map[string]struct {
		all  []Evidence
		want payout.Outcome
		no   bool // nothing governs: people decide
	}{
		"1 paid beside a final not-paid, both told":    {all: []Evidence{ans(Taken, ""), hook(Paid, 1), hook(NotPaid, 2)}, want: payout.Outcome{State: payout.Succeeded, Review: true}},
		"1 paid told, not-paid fetched":                {all: []Evidence{ans(Taken, ""), hook(Paid, 1), fetch(NotPaid, 2)}, want: payout.Outcome{State: payout.Succeeded, Review: true}},
		"1 paid fetched, not-paid told":                {all: []Evidence{ans(Taken, ""), fetch(Paid, 1), hook(NotPaid, 2)}, want: payout.Outcome{State: payout.Succeeded, Review: true, Confirmed: true}},
		"1 paid fetched beside a refusal":              {all: []Evidence{ans(Refused, "invalid_request"), fetch(Paid, 1)}, want: payout.Outcome{State: payout.Succeeded, Review: true, Confirmed: true}},
		"1 paid told beside a refusal":                 {all: []Evidence{ans(Refused, "invalid_request"), hook(Paid, 1)}, want: payout.Outcome{State: payout.Succeeded, Review: true}},
		"1 returned beside a final not-paid":           {all: []Evidence{ans(Taken, ""), with(hook(Paid, 1), back("a", 10000)), fetch(NotPaid, 2)}, want: payout.Outcome{State: payout.Returned, Review: true, ReturnedMinor: 10000}},
		"1 paid fetched beside a credential refusal":   {all: []Evidence{ans(CredentialNo, "authentication_error"), fetch(Paid, 1)}, want: payout.Outcome{State: payout.Succeeded, Review: true, Confirmed: true}},
		"2 fetched paid":                               {all: []Evidence{ans(Taken, ""), fetch(Paid, 1)}, want: payout.Outcome{State: payout.Succeeded, Confirmed: true}},
		"2 fetched paid, older than a doubt":           {all: []Evidence{ans(Taken, ""), fetch(Paid, 1), fetch(DoubtfulFlag, 2), fetch(Open, 3)}, want: payout.Outcome{State: payout.Succeeded, Confirmed: true}},
		"2 fetched paid, refunds united by id":         {all: []Evidence{ans(Taken, ""), with(fetch(Paid, 1), back("a", 4000)), with(hook(Paid, 1), back("a", 4000)), with(hook(Paid, 2), back("b", 5999))}, want: payout.Outcome{State: payout.Succeeded, Confirmed: true, ReturnedMinor: 9999}},
		"2 fetched paid, refunds reach the amount":     {all: []Evidence{ans(Taken, ""), with(fetch(Paid, 1), back("a", 4000)), with(hook(Paid, 2), back("b", 6000))}, want: payout.Outcome{State: payout.Returned, Confirmed: true, ReturnedMinor: 10000}},
		"2 refunds beyond the amount":                  {all: []Evidence{ans(Taken, ""), with(fetch(Paid, 1), back("a", 1<<62)), with(hook(Paid, 2), back("b", 1<<62))}, want: payout.Outcome{State: payout.Returned, Confirmed: true, ReturnedMinor: 10000}},
		"2 a refund told anew, with another sum":       {all: []Evidence{ans(Taken, ""), with(fetch(Paid, 1), back("a", 4000)), with(fetch(Paid, 2), back("a", 3000))}, want: payout.Outcome{State: payout.Succeeded, Confirmed: true, ReturnedMinor: 3000}},
		"2 fetched not-paid":                           {all: []Evidence{ans(Taken, ""), fetch(NotPaid, 1)}, want: payout.Outcome{State: payout.Failed, Confirmed: true, Why: "not_paid"}},
		"3 final told":                                 {all: []Evidence{ans(Taken, ""), hook(Paid, 1)}, want: payout.Outcome{State: payout.Succeeded}},
		"3 final told, not paid":                       {all: []Evidence{ans(Taken, ""), hook(NotPaid, 1)}, want: payout.Outcome{State: payout.Failed, Why: "not_paid"}},
		"3 not paid told beside a refusal stays sure":  {all: []Evidence{ans(Refused, "invalid_request"), hook(NotPaid, 1)}, want: payout.Outcome{State: payout.Failed, Confirmed: true, Why: "not_paid"}},
		"3 a later doubt":                              {all: []Evidence{ans(Taken, ""), hook(Paid, 1), fetch(Doubtful, 2)}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "doubtful"}},
		"3 an earlier doubt":                           {all: []Evidence{ans(Taken, ""), hook(Paid, 2), fetch(DoubtfulFlag, 1)}, want: payout.Outcome{State: payout.Succeeded}},
		"3 a tie is the final's":                       {all: []Evidence{ans(Taken, ""), hook(Paid, 1), fetch(Doubtful, 1)}, want: payout.Outcome{State: payout.Succeeded}},
		"3 doubt, no final":                            {all: []Evidence{ans(Taken, ""), fetch(Doubtful, 1)}, want: payout.Outcome{State: payout.Unknown, Why: "doubtful"}},
		"3 flagging doubt, no final":                   {all: []Evidence{ans(Taken, ""), fetch(DoubtfulFlag, 1)}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "doubtful!"}},
		"3 two doubts at once, the louder":             {all: []Evidence{ans(Taken, ""), fetch(Doubtful, 1), fetch(DoubtfulFlag, 1)}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "doubtful!"}},
		"3 a doubt beats an open one of the same time": {all: []Evidence{ans(Taken, ""), fetch(Doubtful, 1), fetch(Open, 1)}, want: payout.Outcome{State: payout.Unknown, Why: "doubtful"}},
		"3 an open one after a doubt":                  {all: []Evidence{ans(Taken, ""), fetch(Doubtful, 1), fetch(Open, 2)}, want: payout.Outcome{State: payout.InProgress}},
		"3 an open one never undoes a final":           {all: []Evidence{ans(Taken, ""), hook(Paid, 1), fetch(Open, 2)}, want: payout.Outcome{State: payout.Succeeded}},
		"3 nor after a doubt between them":             {all: []Evidence{ans(Taken, ""), hook(Paid, 1), fetch(Doubtful, 2), fetch(Open, 3)}, want: payout.Outcome{State: payout.Succeeded}},
		"3 still open after 15 minutes":                {all: []Evidence{ans(Taken, ""), hook(Paid, 1), fetch(Open, 16)}, want: payout.Outcome{State: payout.Succeeded, Review: true}},
		"3 nor after ten banking days":                 {all: []Evidence{ans(Taken, ""), hook(Paid, 1), fetch(Open, 20*24*60)}, want: payout.Outcome{State: payout.Succeeded, Review: true}},
		"3 a doubt without the bank's clock":           {all: []Evidence{ans(Taken, ""), hook(Paid, 1), with(fetch(Doubtful, 2), func(e *Evidence) { e.UpdatedAt = time.Time{} })}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "doubtful"}},
		"3 unbound, of any session":                    {all: []Evidence{ans(Unsure, "cut"), elsewhere(hook(Paid, 1))}, want: payout.Outcome{State: payout.Succeeded}},
		"3 unbound, disowned":                          {all: []Evidence{ans(Unsure, "cut"), hook(Paid, 1), disowns}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "not_ours"}},
		"3 unbound, one disowned, one not":             {all: []Evidence{ans(Unsure, "cut"), hook(Paid, 1), disowns, elsewhere(hook(Paid, 2))}, want: payout.Outcome{State: payout.Succeeded}},
		"3 disowned before it was ours":                {all: []Evidence{ans(Unsure, "cut"), hook(Paid, 1), disowns, fetch(Open, 2)}, want: payout.Outcome{State: payout.Succeeded}},
		"3 bound, told of another":                     {all: []Evidence{ans(Taken, ""), elsewhere(hook(Paid, 1))}, want: payout.Outcome{State: payout.InProgress}},
		"4 fetched open":                               {all: []Evidence{ans(Unsure, "cut"), fetch(Open, 1)}, want: payout.Outcome{State: payout.InProgress}},
		"4 open on the tenth day's eve":                {all: []Evidence{ans(Taken, ""), fetch(Open, monday)}, want: payout.Outcome{State: payout.InProgress}},
		"4 open for ten banking days":                  {all: []Evidence{ans(Taken, ""), fetch(Open, monday+24*60)}, want: payout.Outcome{State: payout.Unknown, Why: "ten_days"}},
		"5 taken":                                      {all: []Evidence{ans(Taken, "")}, want: payout.Outcome{State: payout.InProgress}},
		"5 taken, told open and doubtful":              {all: []Evidence{ans(Taken, ""), hook(Open, 1), hook(Doubtful, 2), hook(DoubtfulFlag, 3)}, want: payout.Outcome{State: payout.InProgress}},
		"5 refused":                                    {all: []Evidence{ans(Refused, "account_not_found")}, want: payout.Outcome{State: payout.Failed, Confirmed: true, Why: "account_not_found"}},
		"5 unsure":                                     {all: []Evidence{ans(Unsure, "http_502")}, want: payout.Outcome{State: payout.Unknown, Why: "http_502"}},
		"5 taken as something else":                    {all: []Evidence{with(ans(Unsure, "other_amount"), func(e *Evidence) { e.Reading = DoubtfulFlag })}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "other_amount"}},
		"5 no answer yet":                              {all: nil, want: payout.Outcome{State: payout.Sending}},
		"not counted: another reference":               {all: []Evidence{ans(Taken, ""), with(hook(Paid, 1), func(e *Evidence) { e.Ours = false })}, want: payout.Outcome{State: payout.InProgress}},
		"not counted: another content":                 {all: []Evidence{ans(Taken, ""), with(hook(NotPaid, 1), func(e *Evidence) { e.Matches = false })}, want: payout.Outcome{State: payout.InProgress}},
		"second session":                               {all: []Evidence{ans(Taken, ""), fetch(Paid, 1), elsewhere(fetch(Open, 2))}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "second_session"}},
		"second session, no answer":                    {all: []Evidence{ans(Unsure, "cut"), fetch(Paid, 1), elsewhere(fetch(Paid, 2))}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "second_session"}},
		"second session, by our own answers":           {all: []Evidence{ans(Taken, ""), with(elsewhere(ans(Taken, "")), func(e *Evidence) { e.Attempt = 2 })}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "second_session"}},
		"not sent":                                     {all: []Evidence{ans(NotSent, "bank_down")}, no: true},
		"credentials refused":                          {all: []Evidence{ans(CredentialNo, "authentication_error")}, no: true},
		"not sent, told paid":                          {all: []Evidence{ans(NotSent, "bank_down"), hook(Paid, 1)}, no: true},
		"not sent, fetched open":                       {all: []Evidence{ans(NotSent, "bank_down"), fetch(Open, 1)}, want: payout.Outcome{State: payout.InProgress, Review: true}},
		"not sent, fetched paid":                       {all: []Evidence{ans(NotSent, "bank_down"), fetch(Paid, 1)}, want: payout.Outcome{State: payout.Succeeded, Review: true, Confirmed: true}},
		"refused, fetched open":                        {all: []Evidence{ans(Refused, "invalid_request"), fetch(Open, 1)}, want: payout.Outcome{State: payout.InProgress, Review: true}},
		"refused, fetched not paid":                    {all: []Evidence{ans(Refused, "invalid_request"), fetch(NotPaid, 1)}, want: payout.Outcome{State: payout.Failed, Confirmed: true, Why: "not_paid"}},
		"given up, then answered":                      {all: []Evidence{ans(Unsure, "lost"), ans(Refused, "invalid_request")}, want: payout.Outcome{State: payout.Failed, Confirmed: true, Why: "invalid_request"}},
		"resent after credentials, paid": {all: []Evidence{ans(CredentialNo, "authentication_error"), with(ans(Taken, ""), func(e *Evidence) { e.Attempt = 2 }), fetch(Paid, 1)},
			want: payout.Outcome{State: payout.Succeeded, Confirmed: true}},
		"resent after credentials, cut, paid": {all: []Evidence{ans(CredentialNo, "authentication_error"), with(ans(Unsure, "cut"), func(e *Evidence) { e.Attempt = 2 }), fetch(Paid, 1)},
			want: payout.Outcome{State: payout.Succeeded, Confirmed: true, Review: true}},
	} {
		t.Run(name, func(t *testing.T) {
			attempts := 1
			for _, e := range c.all {
				attempts = max(attempts, e.Attempt)
			}
			permutations(len(c.all), func(order []int) {
				all := make([]Evidence, 0, len(order))
				for _, i := range order {
					all = append(all, c.all[i])
				}
				for _, list := range [][]Evidence{all, slices.Concat(all, all)} {
					got, ok := Fold(expected, t0, attempts, list, calendar.Calendar{})
					got.Session = ""
					if ok == c.no || got != c.want {
						t.Errorf("order %v, %d pieces: %+v %v, want %+v %v", order, len(list), got, ok, c.want, !c.no)
					}
				}
			})
		})
	}
	t.Run("an attempt on its way is sending, whatever became of the one before", func(t *testing.T) {
		got, ok := Fold(expected, t0, 2, []Evidence{ans(NotSent, "bank_down")}, calendar.Calendar{})
		if !ok || got.State != payout.Sending {
			t.Errorf("%+v %v", got, ok)
		}
	})
}

// TestTenDaysByTheCalendar: the ten banking days are counted by the calendar that is passed in, in Fold and in Next alike.
func TestTenDaysByTheCalendar(t *testing.T) {
	tuesday := Observation{At: at(15 * 24 * 60), Fetch: &Fetch{Asked: "ps_1", Session: session("ps_1", "in_progress", 2, payoutWith("in_progress"))}}
	for name, c := range map[string]struct {
		calendar calendar.Calendar
		want     payout.State
	}{
		"holidays alone": {calendar.Calendar{}, payout.Unknown},
		"a day off":      {calendar.Calendar{Transfers: calendar.Transfers{2026: {Off: []calendar.Day{"2026-11-10"}}}}, payout.InProgress},
		"a day off and a Saturday worked": {calendar.Calendar{Transfers: calendar.Transfers{2026: {Off: []calendar.Day{"2026-11-10"}, Work: []calendar.Day{"2026-11-14"}}}},
			payout.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.st.Calendar = c.calendar
			d.see(answered(answer(200, "ok", "", sessionWith("in_progress", payoutWith("in_progress")))))
			d.see(tuesday)
			out, ok := Fold(d.st.Expect, d.st.SentAt, d.st.Attempts, d.st.Evidence, c.calendar)
			if got := d.p.S().State; got != c.want || out.State != c.want || !ok {
				t.Errorf("stored %s, the evidence comes to %s, want %s", got, out.State, c.want)
			}
		})
	}
}

// TestNextAfterEvidenceMovedIt: a webhook may come before our answer; a proof of "not sent" after it must not be lost, nor
// bring the payout back to the people.
func TestNextAfterEvidenceMovedIt(t *testing.T) {
	paid := session("ps_1", "accepted", 2, payoutWith("succeeded"))
	for name, a := range map[string]Answer{
		"credentials": answer(401, "error", "authentication_error", nil),
		"not sent":    {},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.see(finished(paid))
			d.see(answered(a))
			if got := d.p.S(); got.State != payout.Succeeded || !got.Review || got.Confirmed {
				t.Errorf("after the answer: %s", d.end())
			}
			d.see(Observation{At: at(4), Fetch: &Fetch{Asked: "ps_1", Problem: "refused", Code: "invalid_request"}})
			if got := d.p.S(); got.State != payout.Unknown || !got.Review {
				t.Errorf("after a fetch that disowns it: %s", d.end())
			}
		})
	}
}

// TestHaltOnce: what halts does so when it becomes known, so that a release is not undone by the next poll.
func TestHaltOnce(t *testing.T) {
	taken := answered(answer(200, "ok", "", sessionWith("in_progress", payoutWith("in_progress"))))
	for name, c := range map[string]struct {
		says []Observation
		halt string
	}{
		"second session": {[]Observation{taken, fetched(session("ps_2", "in_progress", 2, payoutWith("in_progress")))}, HaltSecondSession},
		"never asked":    {[]Observation{answered(Answer{}), fetched(session("ps_1", "in_progress", 2, payoutWith("in_progress")))}, HaltUnasked},
		"not sent, after it was shown": {[]Observation{fetched(session("ps_1", "in_progress", 2, payoutWith("in_progress"))),
			answered(Answer{})}, HaltUnasked},
		"credentials": {[]Observation{answered(answer(401, "error", "authentication_error", nil))}, HaltCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for _, o := range c.says {
				d.see(o)
			}
			if !slices.Equal(d.halts, []string{c.halt}) {
				t.Fatalf("halts %v, want %s", d.halts, c.halt)
			}
			if name == "credentials" {
				return
			}
			for i := range 3 {
				d.see(fetched(session("ps_1", "in_progress", 5+i, payoutWith("in_progress"))))
			}
			if len(d.halts) != 1 {
				t.Errorf("halted again: %v", d.halts)
			}
			if !d.p.S().Review {
				t.Errorf("not flagged: %s", d.end())
			}
		})
	}
}

// TestFailingPollMovesNothing: every kind of status call that brought no session.
func TestFailingPollMovesNothing(t *testing.T) {
	taken := answered(answer(200, "ok", "", sessionWith("in_progress", payoutWith("in_progress"))))
	for _, problem := range []string{"down", "refused", "credentials", "slow", "odd"} {
		for _, before := range [][]Observation{{taken}, {taken, finished(session("ps_1", "accepted", 2, payoutWith("succeeded")))}} {
			d := newDesk(t)
			for _, o := range before {
				d.see(o)
			}
			was := d.end()
			for i := range 50 {
				d.see(Observation{At: at(3 + i*24*60), Fetch: &Fetch{Asked: "ps_1", Problem: problem}})
			}
			if d.end() != was {
				t.Errorf("%s: %s became %s", problem, was, d.end())
			}
		}
	}
}

// TestWebhookDoesNotBind: no webhook binds, confirms or halts, and one with a problem does nothing but raise an alarm.
func TestWebhookDoesNotBind(t *testing.T) {
	d := newDesk(t)
	d.see(answered(Answer{GotConn: true, Err: "cut"}))
	a := d.see(finished(session("ps_1", "accepted", 2, payoutWith("succeeded"))))
	if s := d.p.S(); s.Session != "" || s.Confirmed || len(d.halts) > 0 || a.Fetch != "ps_1" {
		t.Errorf("%+v %s", a, d.end())
	}
	for _, problem := range []string{"not_json", "doubled_key", "mixed_names", "no_session", "odd_shape"} {
		d := newDesk(t)
		s := session("ps_1", "accepted", 2, payoutWith("succeeded"))
		a := d.see(Observation{At: at(2), Webhook: &Webhook{Type: "payment_finished", Problem: problem, Session: s}})
		// It is kept only because it names our reference: that holds a claim until its session was asked about.
		if !a.Keep || !a.Evidence.Ours || a.Evidence.Matches || a.Fetch != "ps_1" || a.Alarm != problem || d.end() != "sending" {
			t.Errorf("%s: %+v %s", problem, a, d.end())
		}
		s.Payouts[0].Reference = "cs1-7-x"
		if a := d.see(Observation{At: at(2), Webhook: &Webhook{Type: "payment_finished", Problem: problem, Session: s}}); a.Keep || a.Moves || a.Fetch != "" || a.Alarm != problem {
			t.Errorf("%s about another: %+v", problem, a)
		}
	}
	for _, kind := range []string{"confirmation_payout", "ready_to_confirm", "brand_new", "action_required"} {
		d := newDesk(t)
		a := d.see(hook(kind, session("ps_1", "accepted", 2, payoutWith("succeeded"))))
		if d.end() != "sending" || a.Fetch != "ps_1" || a.Alarm == "" {
			t.Errorf("%s moved it: %+v %s", kind, a, d.end())
		}
	}
}

// TestTwoPayoutsOneOurs: a message about two payouts of which one is ours is about us, changes nothing and has the bank asked.
func TestTwoPayoutsOneOurs(t *testing.T) {
	other := payoutWith("succeeded")
	other.Reference = "cs1-7-x"
	d := newDesk(t)
	d.see(answered(Answer{GotConn: true, Err: "cut"}))
	a := d.see(finished(session("ps_1", "accepted", 2, other, payoutWith("succeeded"))))
	if d.end() != "unknown" || a.Alarm != "two_payouts" || a.Fetch != "ps_1" || !a.Keep {
		t.Errorf("%s %+v", d.end(), a)
	}
	d.see(fetched(session("ps_1", "accepted", 2, other, payoutWith("succeeded"))))
	if d.end() != "unknown flagged" {
		t.Error(d.end())
	}
}

// TestRefundInAnotherCurrency does not count, and is told.
func TestRefundInAnotherCurrency(t *testing.T) {
	d := newDesk(t)
	d.see(answered(answer(200, "ok", "", sessionWith("in_progress", payoutWith("in_progress")))))
	p := refunds(payoutWith("succeeded"), 10000)
	p.Refunds[0].Currency = "usd"
	d.see(fetched(session("ps_1", "accepted", 2, p)))
	if d.end() != "succeeded confirmed" || !slices.Contains(d.alarms, "other_currency") {
		t.Errorf("%s %v", d.end(), d.alarms)
	}
}

// drawObservation makes anything that the bank, or somebody with the bank's key, could say.
func drawObservation(t *rapid.T, i int) Observation {
	ref := rapid.SampledFrom([]string{expected.Reference, expected.Reference, expected.Reference, "cs1-7-x", ""}).Draw(t, "reference")
	one := func() PayoutView {
		p := payoutWith(rapid.SampledFrom([]string{"in_progress", "pending", "succeeded", "failed", "singing"}).Draw(t, "payout"))
		p.Reference = ref
		p.AmountMinor = rapid.SampledFrom([]int64{10000, 10000, 10000, 9999}).Draw(t, "amount")
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"rf_1", "rf_2", "rf_3"}), 0, 2, rapid.ID[string]).Draw(t, "refunds") {
			p.Refunds = append(p.Refunds, Refund{ID: id, AmountMinor: rapid.SampledFrom([]int64{3333, 6667, 10000}).Draw(t, "refund"), Currency: "rub",
				Status: rapid.SampledFrom([]string{"accepted", "accepted", "declined"}).Draw(t, "refund status")})
		}
		return p
	}
	s := SessionView{ID: rapid.SampledFrom([]string{"ps_1", "ps_1", "ps_1", "ps_2"}).Draw(t, "session"),
		Status: rapid.SampledFrom([]string{"created", "in_progress", "accepted", "accepted", "cancelled", "error", "dancing"}).Draw(t, "status")}
	if m := rapid.IntRange(-1, 4).Draw(t, "updated"); m >= 0 {
		s.UpdatedAt = at(m)
	}
	for range rapid.SampledFrom([]int{1, 1, 1, 1, 0, 2}).Draw(t, "payouts") {
		s.Payouts = append(s.Payouts, one())
	}
	when := at(rapid.SampledFrom([]int{1, 2, 3, 20, 30 * 24 * 60}).Draw(t, "at")).Add(time.Duration(i) * time.Second)
	if rapid.Bool().Draw(t, "webhook") {
		return Observation{At: when, Webhook: &Webhook{Session: s,
			Type: rapid.SampledFrom([]string{"payment_finished", "payment_finished", "payment_refunded", "ready_to_confirm", "brand_new"}).Draw(t, "type")}}
	}
	f := &Fetch{Asked: s.ID, Session: s, Problem: rapid.SampledFrom([]string{"", "", "", "", "refused", "down", "credentials"}).Draw(t, "problem")}
	if f.Problem != "" {
		f.Session = SessionView{}
	}
	return Observation{At: when, Fetch: f}
}

func drawAnswer(t *rapid.T) Observation {
	other := payoutWith("in_progress")
	other.AmountMinor = 1
	return answered(rapid.SampledFrom([]Answer{
		answer(200, "ok", "", sessionWith("in_progress", payoutWith("in_progress"))),
		answer(200, "ok", "", sessionWith("in_progress", other)),
		answer(400, "error", "invalid_request", nil),
		answer(401, "error", "authentication_error", nil),
		{GotConn: true, Err: "cut"},
		{GotConn: true, HTTP: 500},
		{},
	}).Draw(t, "answer"))
}

// TestFoldProperties: random evidence through the protocol; then the same set in other orders and with repeats.
func TestFoldProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 8).Draw(t, "n")
		answerAt := rapid.IntRange(-1, n-1).Draw(t, "answer at")
		d := newDesk(t)
		returned := false // it was returned at some point: the table has no edge out of that
		for i := range n {
			o := drawObservation(t, i)
			if i == answerAt {
				o = drawAnswer(t)
			}
			d.see(o)
			s := d.p.S()
			returned = returned || s.State == payout.Returned

			// What is stored is what the set comes to, but for the edges that do not exist.
			out, ok := Fold(d.st.Expect, d.st.SentAt, d.st.Attempts, d.st.Evidence, d.st.Calendar)
			switch {
			case !ok:
			case d.p.Same(out), out.Session == "" && s.Session != "":
			case returned && s.Review:
			case s.State != out.State || s.Review != out.Review || s.Confirmed != out.Confirmed || s.ReturnedMinor != out.ReturnedMinor:
				t.Fatalf("stored %s, the evidence comes to %+v", d.end(), out)
			}
		}
		all := d.st.Evidence
		want, wantOK := Fold(expected, t0, 1, all, calendar.Calendar{})
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range 6 {
			mixed := slices.Clone(all)
			for range r.IntN(4) {
				if len(all) > 0 {
					mixed = append(mixed, all[r.IntN(len(all))])
				}
			}
			r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			if got, ok := Fold(expected, t0, 1, mixed, calendar.Calendar{}); got != want || ok != wantOK {
				t.Fatalf("order or number mattered: %+v %v, then %+v %v\n%+v", want, wantOK, got, ok, mixed)
			}
		}

		has := func(f func(Evidence) bool) bool { return slices.ContainsFunc(all, f) }
		refused := has(func(e Evidence) bool { return e.Answer == Refused })
		final := has(func(e Evidence) bool { return e.Source == FromFetch && e.Ours && e.Matches && e.Reading.Final() })
		if wantOK && want.Confirmed && !final && !refused {
			t.Fatalf("confirmed without a fetched status or a refusal: %+v from %+v", want, all)
		}
		paid := has(func(e Evidence) bool { return e.Source != FromAnswer && e.Ours && e.Matches && e.Reading == Paid })
		if wantOK && (want.State == payout.Succeeded || want.State == payout.Returned) && !paid {
			t.Fatalf("%s without anybody saying paid, of ours: %+v", want.State, all)
		}
		if want.ReturnedMinor < 0 || want.ReturnedMinor > expected.AmountMinor {
			t.Fatalf("returned %d of %d", want.ReturnedMinor, expected.AmountMinor)
		}
		if wantOK && want.State == payout.Failed && !refused && !has(func(e Evidence) bool { return e.Ours && e.Matches && e.Reading == NotPaid }) {
			t.Fatalf("failed without anybody saying so: %+v", all)
		}
	})
}

// TestEveryOutcomeCanBeReached: from every state after the claim the table of edges leads to every outcome, at once or by way of
// unknown; only what came back stays where it is (and is flagged).
func TestEveryOutcomeCanBeReached(t *testing.T) {
	after := []payout.State{payout.Sending, payout.InProgress, payout.Unknown, payout.Succeeded, payout.Failed, payout.Returned}
	for _, from := range after {
		for _, to := range after[1:] {
			if from == to || payout.CanMove(from, to) || payout.CanMove(from, payout.Unknown) && payout.CanMove(payout.Unknown, to) {
				continue
			}
			if from != payout.Returned {
				t.Errorf("no way from %s to %s", from, to)
			}
		}
	}
	for _, from := range []payout.State{payout.Draft, payout.PendingApproval, payout.Approved, payout.Rejected, payout.Cancelled, payout.Expired} {
		if !payout.CanMove(from, payout.Unknown) {
			t.Errorf("a session of ours cannot be shown on %s", from)
		}
	}
}
