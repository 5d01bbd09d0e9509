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

// TestRuling is the table of what a ruling of people does beside everything that can be older and newer than it, in every order of arrival: it replaces what
// is older and counts as final; a later truth is flagged, and both are kept (issue 5, point 5).
func TestRuling(t *testing.T) {
	rule := func(r Reading, minute int) Evidence {
		e := Evidence{Source: FromVerdict, At: at(minute), Ours: true, Matches: true, Reading: r}
		if r == NotPaid {
			e.Why = RuledNotPaid
		}
		return e
	}
	ans := func(k AnswerKind, why string) Evidence {
		e := Evidence{Source: FromAnswer, At: at(0), Answer: k, Why: why, Attempt: 1}
		if k == Taken {
			e.Session, e.Ours, e.Matches = "ps_1", true, true
		}
		return e
	}
	said := func(from Source, r Reading, minute int) Evidence {
		return Evidence{Source: from, At: at(minute), Session: "ps_1", Ours: true, Matches: true, Reading: r, Why: string(r), UpdatedAt: at(minute)}
	}
	fetch := func(r Reading, minute int) Evidence { return said(FromFetch, r, minute) }
	hook := func(r Reading, minute int) Evidence { return said(FromWebhook, r, minute) }
	back := func(e Evidence, minor int64) Evidence {
		e.Refunds = []Refund{{ID: "rf_1", Status: "accepted", AmountMinor: minor, Currency: "rub"}}
		return e
	}
	second := func(e Evidence) Evidence { e.Session = "ps_2"; return e }
	paid, not := payout.Outcome{State: payout.Succeeded, Confirmed: true}, payout.Outcome{State: payout.Failed, Confirmed: true, Why: RuledNotPaid}
	loud := func(o payout.Outcome) payout.Outcome { o.Review = true; return o }
	for name, c := range map[string]struct {
		all  []Evidence
		want payout.Outcome
	}{
		"unknown, ruled paid":                         {[]Evidence{ans(Unsure, "cut"), rule(Paid, 5)}, paid},
		"unknown, ruled not paid":                     {[]Evidence{ans(Unsure, "cut"), rule(NotPaid, 5)}, not},
		"a doubt, ruled paid":                         {[]Evidence{ans(Taken, ""), fetch(Doubtful, 1), rule(Paid, 5)}, paid},
		"a flag, ruled not paid":                      {[]Evidence{ans(Taken, ""), fetch(DoubtfulFlag, 1), rule(NotPaid, 5)}, not},
		"told both, ruled not paid":                   {[]Evidence{ans(Taken, ""), hook(Paid, 1), fetch(NotPaid, 2), rule(NotPaid, 5)}, not},
		"told both, ruled paid":                       {[]Evidence{ans(Taken, ""), hook(Paid, 1), fetch(NotPaid, 2), rule(Paid, 5)}, paid},
		"refused, fetched paid, ruled paid":           {[]Evidence{ans(Refused, "invalid_request"), fetch(Paid, 1), rule(Paid, 5)}, paid},
		"never sent, fetched open, ruled not paid":    {[]Evidence{ans(NotSent, "bank_down"), fetch(Open, 1), rule(NotPaid, 5)}, not},
		"a second session, ruled not paid":            {[]Evidence{ans(Taken, ""), second(fetch(Open, 2)), rule(NotPaid, 5)}, not},
		"what came back stays back":                   {[]Evidence{ans(Taken, ""), back(hook(Paid, 1), 3000), fetch(NotPaid, 2), rule(Paid, 5)}, payout.Outcome{State: payout.Succeeded, Confirmed: true, ReturnedMinor: 3000}},
		"whole":                                       {[]Evidence{ans(Taken, ""), back(hook(Paid, 1), 10000), fetch(NotPaid, 2), rule(Paid, 5)}, payout.Outcome{State: payout.Returned, Confirmed: true, ReturnedMinor: 10000}},
		"the later ruling":                            {[]Evidence{ans(Unsure, "cut"), rule(NotPaid, 5), fetch(Paid, 6), rule(Paid, 7)}, paid},
		"late: not paid, then told paid":              {[]Evidence{ans(Unsure, "cut"), rule(NotPaid, 5), hook(Paid, 6)}, payout.Outcome{State: payout.Succeeded, Review: true}},
		"late: not paid, then fetched paid":           {[]Evidence{ans(Unsure, "cut"), rule(NotPaid, 5), fetch(Paid, 6)}, payout.Outcome{State: payout.Succeeded, Review: true, Confirmed: true}},
		"late: not paid, then fetched open":           {[]Evidence{ans(Unsure, "cut"), rule(NotPaid, 5), fetch(Open, 6)}, loud(not)},
		"late: paid, then fetched not paid":           {[]Evidence{ans(Unsure, "cut"), rule(Paid, 5), fetch(NotPaid, 6)}, loud(paid)},
		"late: paid, then told not paid":              {[]Evidence{ans(Unsure, "cut"), rule(Paid, 5), hook(NotPaid, 6)}, loud(paid)},
		"late: paid, then a refusal":                  {[]Evidence{rule(Paid, 5), {Source: FromAnswer, At: at(6), Answer: Refused, Why: "invalid_request", Attempt: 1}}, loud(paid)},
		"late: another session":                       {[]Evidence{ans(Taken, ""), rule(NotPaid, 5), second(fetch(Open, 6))}, payout.Outcome{State: payout.Unknown, Review: true, Why: "second_session"}},
		"later and the same":                          {[]Evidence{ans(Unsure, "cut"), rule(Paid, 5), fetch(Paid, 6)}, paid},
		"later and no better":                         {[]Evidence{ans(Unsure, "cut"), rule(NotPaid, 5), fetch(Doubtful, 6)}, not},
		"ruled paid, the bank still at it":            {[]Evidence{ans(Taken, ""), rule(Paid, 5), fetch(Open, 6)}, paid},
		"at the same moment it was not seen":          {[]Evidence{ans(Unsure, "cut"), rule(NotPaid, 5), hook(Paid, 5)}, payout.Outcome{State: payout.Succeeded, Review: true}},
		"another's words, after the ruling":           {[]Evidence{ans(Taken, ""), rule(NotPaid, 5), second(hook(Paid, 6))}, not},
		"credentials refused, fetched paid and ruled": {[]Evidence{ans(CredentialNo, "authentication_error"), fetch(Paid, 1), rule(Paid, 5)}, paid},
	} {
		t.Run(name, func(t *testing.T) {
			permutations(len(c.all), func(order []int) {
				all := make([]Evidence, 0, len(order))
				for _, i := range order {
					all = append(all, c.all[i])
				}
				got, ok := Fold(expected, t0, 1, all, calendar.Calendar{})
				got.Session = ""
				if !ok || got != c.want {
					t.Errorf("order %v: %+v %v, want %+v", order, got, ok, c.want)
				}
			})
		})
	}
}

// TestSaysOpen is the table of fetched statuses that forbid "not paid", also with the bank's letter: while one of the payout's sessions may still be paid, by the bank's
// work or by a word of ours that is on its way (issue 5, point 5).
func TestSaysOpen(t *testing.T) {
	answer := Evidence{Source: FromAnswer, At: at(0), Answer: Taken, Attempt: 1, Session: "ps_1", Ours: true, Matches: true}
	fetch := func(session string, r Reading, minute int) Evidence {
		return Evidence{Source: FromFetch, At: at(minute), Session: session, Ours: true, Matches: true, Reading: r, UpdatedAt: at(minute)}
	}
	left := fetch("ps_1", NotPaid, 3)
	left.Fenced = true
	foreign := fetch("ps_2", Open, 2)
	foreign.Ours, foreign.Disowns = false, true
	ruled := Evidence{Source: FromVerdict, At: at(5), Ours: true, Matches: true, Reading: Paid}
	for name, c := range map[string]struct {
		all  []Evidence
		want bool
	}{
		"nothing fetched":                        {[]Evidence{answer}, false},
		"open":                                   {[]Evidence{answer, fetch("ps_1", Open, 1)}, true},
		"waiting for our confirm":                {[]Evidence{fetch("ps_1", Idle, 1)}, true},
		"open, then doubtful":                    {[]Evidence{answer, fetch("ps_1", Open, 1), fetch("ps_1", Doubtful, 2)}, false},
		"open, then not paid":                    {[]Evidence{answer, fetch("ps_1", Open, 1), fetch("ps_1", NotPaid, 2)}, false},
		"waiting, then left":                     {[]Evidence{fetch("ps_1", Idle, 1), left}, false},
		"left, and the next one waits":           {[]Evidence{left, fetch("ps_2", Idle, 4)}, true},
		"one not paid, a second of ours is open": {[]Evidence{answer, fetch("ps_1", NotPaid, 1), fetch("ps_2", Open, 2)}, true},
		"somebody else's is open":                {[]Evidence{answer, foreign}, false},
		"open, said before an earlier ruling":    {[]Evidence{answer, fetch("ps_1", Open, 1), ruled}, true},
	} {
		permutations(len(c.all), func(order []int) {
			s := State{Expect: expected, SentAt: t0, Attempts: 1}
			for _, i := range order {
				s.Evidence = append(s.Evidence, c.all[i])
			}
			if got := s.SaysOpen(); got != c.want {
				t.Errorf("%s, order %v: %v", name, order, got)
			}
		})
	}
}

// TestRulingIsFinal: whatever the bank said before, a ruling stands as it was made, unflagged and confirmed; the only thing that older evidence adds is what came
// back. Whatever comes after it comes in any order, and a final word that contradicts it is always loud.
func TestRulingIsFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDesk(t)
		n := rapid.IntRange(0, 6).Draw(t, "n")
		last := at(0)
		for i := range n {
			o := drawObservation(t, i)
			if i == 0 {
				o = drawAnswer(t)
			}
			d.see(o)
			if o.At.After(last) {
				last = o.At
			}
		}
		was := d.p.S()
		paid := rapid.Bool().Draw(t, "paid")
		st, act := Next(d.st, Observation{At: last.Add(time.Minute), Ruling: &Ruling{Paid: paid}})
		o := act.Outcome
		if !act.Moves || !act.Keep || o.Review || !o.Confirmed || act.Halt != "" {
			t.Fatalf("ruled %v: %+v after %+v", paid, act, d.st.Evidence)
		}
		switch {
		case paid && o.State != payout.Succeeded && (o.State != payout.Returned || o.ReturnedMinor != expected.AmountMinor), !paid && (o.State != payout.Failed || o.ReturnedMinor != 0):
			t.Fatalf("ruled paid %v and it is %+v", paid, o)
		case was.Session != "" && o.Session != was.Session:
			t.Fatalf("a ruling unbound %s", was.Session)
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "later") {
			obs := drawObservation(t, n+i)
			st, act = Next(st, obs) // also what the clock says was before the ruling: nobody who ruled had seen it
			if act.Keep && act.Evidence.At.Before(last.Add(time.Minute)) {
				t.Fatalf("what came after the ruling counts as older: %+v", act.Evidence)
			}
		}
		bound := st.bound()
		disowned := func(session string) bool {
			return slices.ContainsFunc(st.Evidence, func(x Evidence) bool { return x.Disowns && x.Session == session })
		}
		contradicted := slices.ContainsFunc(st.Evidence, func(e Evidence) bool {
			counts := e.Source != FromVerdict && !e.At.Before(last.Add(time.Minute)) && e.Ours && e.Matches && e.Reading.Final()
			return counts && (e.Reading == Paid) != paid && (e.Session == bound && bound != "" || e.Source == FromWebhook && bound == "" && !disowned(e.Session))
		})
		got, _ := Fold(expected, st.SentAt, st.Attempts, st.Evidence, st.Calendar)
		if contradicted && !got.Review {
			t.Fatalf("ruled paid %v, the bank says otherwise, and nobody is told: %+v from %+v", paid, got, st.Evidence)
		}
		mixed := slices.Clone(st.Evidence)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range 4 {
			r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			if again, _ := Fold(expected, st.SentAt, st.Attempts, mixed, st.Calendar); again != got {
				t.Fatalf("order mattered: %+v, then %+v", got, again)
			}
		}
	})
}
