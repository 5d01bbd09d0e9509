package protocol

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/internal/calendar"
	"countersign/internal/payout"
)

// refusals is design.md "Refused" and "Proved not sent" by hand: what a code of a 4xx JSON error without a session proves. Any other code proves nothing.
var refusals = map[string]AnswerKind{
	"invalid_request": Refused, "account_not_found": Refused, "amount_less_allowed_provider": Refused, "provider_exceeds_amount_limit": Refused, "operation_rejected": Refused,
	"insufficient_wallet_balance": Refused, "authentication_error": CredentialNo, "authorization_error": CredentialNo, "identification_error": CredentialNo,
}

// TestDecisions_Codes: every code that the program knows, and every one that the bank is known to have, is a row: in its own class of HTTP status it proves what design.md says, and beside anything that
// design.md asks for besides (4xx, JSON, status error, no session, no cut) it proves nothing. A code added to the program without its row here fails. Issue 5 "To show" i.
func TestDecisions_Codes(t *testing.T) {
	text, err := os.ReadFile("testdata/error-codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Codes []struct{ Code string } }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{"": true, "brand_new_code": true, "INVALID_REQUEST": true, "invalid_request ": true}
	for _, c := range file.Codes {
		codes[c.Code] = true
	}
	for _, known := range []map[string]bool{refusedCodes, credentialCodes} {
		for c := range known {
			codes[c] = true
			if _, ok := refusals[c]; !ok {
				t.Errorf("%s is a proof in the program and has no row", c)
			}
		}
	}
	n := 0
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		want := refusals[code]
		if want == "" {
			want = Unsure
		}
		t.Logf("row | answer | 4xx %q | %s", code, want)
		for status := 200; status < 600; status++ {
			for _, before := range []bool{false, true} {
				n++
				right := want
				switch {
				case status < 400 || status >= 500:
					right = Unsure
				case right == CredentialNo && before:
					right = Refused
				}
				if got, _ := Classify(answer(status, "error", code, nil), expected, before); got != right {
					t.Fatalf("%d %q, refused before %v: %s, want %s", status, code, before, got, right)
				}
			}
		}
		for what, spoil := range map[string]func(*Answer){
			"not JSON": func(a *Answer) { a.JSON = false }, "status ok": func(a *Answer) { a.Status = "ok" }, "no status": func(a *Answer) { a.Status = "" },
			"a session": func(a *Answer) { a.Session = &SessionView{} }, "cut": func(a *Answer) { a.Err = "cut" }, "late": func(a *Answer) { a.Err = "timeout" }, "lost": func(a *Answer) { a.Err = "lost" },
		} {
			n++
			a := answer(400, "error", code, nil)
			spoil(&a)
			if got, _ := Classify(a, expected, false); got != Unsure {
				t.Errorf("%q with %s: %s", code, what, got)
			}
		}
		a := answer(400, "error", code, nil)
		a.GotConn = false
		if got, why := Classify(a, expected, false); got != NotSent || why != "bank_down" {
			t.Errorf("%q without a connection: %s", code, got)
		}
	}
	t.Logf("%d codes, %d answers", len(codes), n)
}

// words are all that a session and a payout may say by bank131-api.md, and some that they may not.
var sessionWords, payoutWords = []string{"created", "in_progress", "accepted", "cancelled", "error", "dancing", "", "ACCEPTED", "accepted "}, []string{"-", "in_progress", "pending", "succeeded", "failed", "singing", "", "SUCCEEDED", "failed/"}

// readingOf is the table "One session object reads as" of design.md by hand.
func readingOf(session, payout string, stepwise bool) Reading {
	switch {
	case session == "error":
		return Doubtful
	case session == "accepted" && payout == "succeeded":
		return Paid
	case (session == "cancelled" || session == "accepted") && payout == "failed":
		return NotPaid
	case session == "cancelled" && payout == "-" && stepwise:
		return NotPaid
	case (session == "created" || session == "in_progress") && slices.Contains([]string{"-", "in_progress", "pending", "succeeded", "failed"}, payout):
		return Open
	}
	return DoubtfulFlag
}

// TestDecisions_Readings: every pair of words that a session and its payout may show, in both flows, reads as design.md's table says.
func TestDecisions_Readings(t *testing.T) {
	n := 0
	for _, s := range sessionWords {
		for _, p := range payoutWords {
			for _, stepwise := range []bool{false, true} {
				n++
				view := SessionView{ID: "ps_1", Status: s}
				if p != "-" {
					view.Payouts = []PayoutView{payoutWith(p)}
				}
				want := readingOf(s, p, stepwise)
				if got, _ := Read(view, stepwise); got != want {
					t.Errorf("%s/%s stepwise %v: %s, want %s", s, p, stepwise, got, want)
				}
				if !stepwise {
					t.Logf("row | reading | %q with %q | %s", s, p, want)
				}
			}
		}
	}
	t.Logf("%d rows", n)
}

// FuzzStatusMap: no words reach "paid" but accepted with succeeded, none reach "not paid" but the three pairs of the table, and a fetched or told session never brings a payout to succeeded
// unless its content is ours.
func FuzzStatusMap(f *testing.F) {
	f.Add("accepted", "succeeded", int64(10000), "rub", expected.Reference, expected.Account, expected.BIK, "payment_finished", false)
	f.Add("accepted", "succeeded", int64(10001), "rub", expected.Reference, expected.Account, expected.BIK, "payment_finished", false)
	f.Add("accepted", "succeeded", int64(10000), "usd", expected.Reference, "", "", "payment_refunded", true)
	f.Add("cancelled", "failed", int64(10000), "RUB", "cs1-1-x", "40817810100000270412", expected.BIK, "x", false)
	f.Add("error", "", int64(-1), "", "", "", "", "", true)
	f.Fuzz(func(t *testing.T, session, status string, minor int64, currency, reference, account, bik, kind string, stepwise bool) {
		p := PayoutView{ID: "po_1", Status: status, AmountMinor: minor, Currency: currency, Reference: reference, Account: account, BIK: bik}
		v := SessionView{ID: "ps_1", Status: session, Payouts: []PayoutView{p}, UpdatedAt: at(1)}
		if got, _ := Read(v, stepwise); status != "-" && got != readingOf(session, status, stepwise) {
			t.Fatalf("%q/%q: %s", session, status, got)
		}
		digits := func(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }
		ours := reference == expected.Reference && minor == expected.AmountMinor && strings.EqualFold(currency, "rub") &&
			(!digits(account, 20) || account == expected.Account) && (!digits(bik, 9) || bik == expected.BIK)
		for _, o := range []Observation{{At: at(2), Webhook: &Webhook{Type: kind, Session: v}}, {At: at(2), Fetch: &Fetch{Asked: "ps_1", Session: v}}} {
			d := newDesk(t)
			d.see(Observation{At: at(0), Attempt: 1, Answer: &Answer{GotConn: true, Err: "cut"}})
			d.see(o)
			s := d.p.S()
			final := s.State == payout.Succeeded || s.State == payout.Failed || s.State == payout.Returned
			told := o.Webhook == nil || kind == "payment_finished" || kind == "payment_refunded"
			right := ours && told && readingOf(session, status, false).Final()
			if final != right || s.State == payout.Succeeded && readingOf(session, status, false) != Paid {
				t.Fatalf("%+v: %s", o, d.end())
			}
			if s.Confirmed && (o.Webhook != nil || !right) {
				t.Fatalf("confirmed by %+v", o)
			}
		}
	})
}

// atom is one thing of the evidence table: what the bank said, and when by its own clock.
type atom struct {
	reading Reading // "" for nothing
	minute  int
}

// byTheList is the numbered list of design.md "Webhooks and evidence" by hand, over one answer, one webhook and two fetched statuses of the bound session: which rule wins, and what it says.
func byTheList(answer AnswerKind, hook atom, fetches [2]atom) (rule int, state payout.State, flagged, confirmed bool) {
	has := func(r Reading) bool { return fetches[0].reading == r || fetches[1].reading == r }
	paid, not := has(Paid) || hook.reading == Paid, has(NotPaid) || hook.reading == NotPaid
	// What governs at all: a request that was not proved not to have left, or a session that the bank itself showed.
	shown := fetches[0].reading != "" || fetches[1].reading != ""
	asked := answer != NotSent && answer != CredentialNo
	if !asked && !shown {
		return 0, "", false, false
	}
	loud := !asked || answer == Refused && shown // the bank shows what was never sent, or refused
	switch {
	case paid && (not || answer == Refused || answer == CredentialNo):
		return 1, payout.Succeeded, true, has(Paid)
	case has(Paid):
		return 2, payout.Succeeded, loud, true
	case has(NotPaid):
		return 2, payout.Failed, !asked, true
	}
	// 3) The latest of fetched statuses that are doubtful or open and final webhooks; ties: final, then doubtful.
	final := hook.reading == Paid || hook.reading == NotPaid
	latest := atom{minute: -1}
	rank := func(a atom) int {
		switch {
		case a == hook && final:
			return 3
		case a.reading == DoubtfulFlag:
			return 2
		case a.reading == Doubtful:
			return 1
		}
		return 0
	}
	consider := func(a atom) {
		if a.minute > latest.minute || a.minute == latest.minute && rank(a) > rank(latest) {
			latest = a
		}
	}
	for _, f := range fetches {
		if f.reading.Doubts() || f.reading == Open {
			consider(f)
		}
	}
	if final {
		consider(hook)
	}
	stillOpen := slices.ContainsFunc(fetches[:], func(f atom) bool { return f.reading == Open && final && f.minute-hook.minute >= 15 })
	switch {
	case final && (latest == hook || latest.reading == Open): // a final webhook is never undone by an open status
		state = payout.Failed
		if hook.reading == Paid {
			state = payout.Succeeded
		}
		return 3, state, stillOpen || !asked || answer == Refused && shown && state != payout.Failed, answer == Refused
	case latest.reading.Doubts():
		return 3, payout.Unknown, latest.reading == DoubtfulFlag || final || loud, false
	case latest.reading == Open:
		return 4, payout.InProgress, loud, false
	case answer == Taken:
		return 5, payout.InProgress, false, false
	case answer == Refused:
		return 5, payout.Failed, false, true
	case answer == "":
		return 5, payout.Sending, false, false
	}
	return 5, payout.Unknown, false, false
}

// TestDecisions_Evidence: every answer x every webhook x every two fetched statuses, at every order of the bank's clock, comes to what design.md's numbered list says, by an oracle that knows
// nothing of the program's own. Which rule wins is counted: each has rows.
func TestDecisions_Evidence(t *testing.T) {
	fetched := []Reading{"", Open, Doubtful, DoubtfulFlag, Paid, NotPaid}
	rules := map[int]int{}
	seen := map[string]bool{}
	n := 0
	for _, answer := range []AnswerKind{"", Taken, Refused, Unsure, NotSent, CredentialNo} {
		for _, told := range []Reading{"", Open, Doubtful, Paid, NotPaid} {
			for _, one := range fetched {
				for _, two := range fetched {
					for _, clock := range [][3]int{{3, 1, 2}, {1, 2, 3}, {2, 1, 3}, {2, 2, 3}, {2, 2, 2}, {1, 30, 31}, {1, 3, 2}, {2, 3, 1}} {
						hook, fetches := atom{told, clock[0]}, [2]atom{{one, clock[1]}, {two, clock[2]}}
						var all []Evidence
						if answer != "" {
							e := Evidence{Source: FromAnswer, At: at(0), Answer: answer, Attempt: 1, Why: "code"}
							if answer == Taken {
								e.Session, e.Ours, e.Matches = "ps_1", true, true
							}
							all = append(all, e)
						}
						add := func(from Source, a atom) {
							if a.reading != "" {
								all = append(all, Evidence{Source: from, At: at(a.minute).Add(time.Second), Session: "ps_1", Ours: true, Matches: true, Reading: a.reading, Why: "w", UpdatedAt: at(a.minute)})
							}
						}
						add(FromWebhook, hook)
						add(FromFetch, fetches[0])
						add(FromFetch, fetches[1])
						rule, state, flagged, confirmed := byTheList(answer, hook, fetches)
						n++
						rules[rule]++
						got, ok := Fold(expected, t0, 1, all, calendar.Calendar{})
						what := fmt.Sprintf("answer %q, told %q at %d, fetched %q at %d and %q at %d", answer, told, clock[0], one, clock[1], two, clock[2])
						if ok != (rule > 0) || ok && (got.State != state || got.Review != flagged || got.Confirmed != confirmed) {
							t.Errorf("%s: %s, flagged %v, confirmed %v (%v); rule %d says %s, flagged %v, confirmed %v", what, got.State, got.Review, got.Confirmed, ok, rule, state, flagged, confirmed)
						}
						if row := fmt.Sprintf("rule %d | answer %q, told %q, fetched %q and %q", rule, answer, told, one, two); !seen[row] {
							seen[row] = true
							t.Logf("row | evidence | %s | %s", row, state)
						}
					}
				}
			}
		}
	}
	for rule := range 6 {
		if rules[rule] == 0 {
			t.Errorf("rule %d never wins: it has no row", rule)
		}
	}
	t.Logf("%d sets of evidence, %d rows; by rule %v", n, len(seen), rules)
}
