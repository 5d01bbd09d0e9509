package payout

import (
	"fmt"
	"slices"
	"testing"
)

// lifeRow is one row of design.md "Life of a payout", written a second time by hand: from where to where, by whom, and the deed that proves it.
type lifeRow struct {
	from, to State
	by       string // as design.md's table has it
	deed     string // a verb, or "follow" for what the bank said, "answer" for its answer to our own request
}

// life lists every row once for each of its states.
func life() []lifeRow {
	rows := []lifeRow{
		{"", Draft, "maker", "new"},
		{Draft, Draft, "maker", "edit"},
		{Draft, PendingApproval, "maker", "submit"},
		{PendingApproval, Draft, "maker", "edit"},
		{Approved, Draft, "maker", "edit"},
		{PendingApproval, Draft, "payee", "payee changed"},
		{Approved, Draft, "payee", "payee changed"},
		{PendingApproval, Draft, "approver", "ask"},
		{PendingApproval, Approved, "approver", "approve last"},
		{PendingApproval, Approved, "clock", "suffices"},
		{PendingApproval, Rejected, "approver", "reject"},
		{Approved, Rejected, "approver", "reject"},
		{Draft, Cancelled, "maker", "cancel"},
		{PendingApproval, Cancelled, "maker", "cancel"},
		{Approved, Cancelled, "maker", "cancel"},
		{PendingApproval, Expired, "system", "expire"},
		{Approved, Expired, "system", "expire"},
		{Approved, PendingApproval, "approver", "take back"},
		{Approved, PendingApproval, "system", "came back"},
		{Approved, Sending, "dispatcher", "claim"},
		{Sending, Approved, "dispatcher", "not sent"},
		{Sending, Failed, "dispatcher", "answer"},
		{Sending, InProgress, "dispatcher", "answer"},
		{Sending, Unknown, "dispatcher", "answer"},
		{InProgress, Unknown, "evidence", "follow"},
		{Unknown, InProgress, "evidence", "follow"},
		{Sending, InProgress, "evidence", "follow"},
		{Sending, Unknown, "evidence", "follow"},
		{Succeeded, Unknown, "evidence", "follow"},
		{Failed, Unknown, "evidence", "follow"},
		{Succeeded, Returned, "evidence", "follow"},
		{Failed, Succeeded, "evidence", "follow"},
		{Failed, Returned, "evidence", "follow"},
		{Approved, Unknown, "restore", "restored"},
		{Sending, Unknown, "restore", "restored"},
		{Draft, Cancelled, "restore", "restored"},
		{PendingApproval, Cancelled, "restore", "restored"},
	}
	for _, from := range []State{Sending, InProgress, Unknown} {
		for _, to := range []State{Succeeded, Failed, Returned} {
			rows = append(rows, lifeRow{from, to, "evidence", "follow"})
		}
	}
	for _, from := range []State{Draft, PendingApproval, Approved, Rejected, Cancelled, Expired} {
		rows = append(rows, lifeRow{from, Unknown, "evidence", "follow"})
	}
	return rows
}

// deeds is everything that changes a payout, by whoever may.
func deeds() map[string]func(*Payout, Actor) error {
	all := map[string]func(*Payout, Actor) error{
		"payee changed": func(p *Payout, _ Actor) error { _, err := p.PayeeChanged(Salt{9}, now); return err },
		"suffices":      func(p *Payout, _ Actor) error { _, err := p.Suffices(now, now); return err },
		"restored":      func(p *Payout, _ Actor) error { _, err := p.Restored(now); return err },
	}
	for name, do := range verbs {
		all[name] = do
	}
	return all
}

// TestDecisions_Life is the table of states of design.md, both ways. Every row of it is an edge in the code with the same actor, and is shown by the deed that walks it in one step; every edge
// in the code is such a row. All 13 x 12 pairs of states are tried: where the table has no row the edge is refused and no deed of anybody and no word of the bank's leads there in one step.
// Issue 5 "To show" i; promises.md F.
func TestDecisions_Life(t *testing.T) {
	rows, all := life(), deeds()
	listed := map[Edge]bool{}
	pairs := map[[2]State]bool{}
	used := map[string]bool{}
	for _, r := range rows {
		name := fmt.Sprintf("%s -> %s by %s", r.from, r.to, r.by)
		if e := (Edge{r.from, r.to, r.by}); listed[e] {
			t.Errorf("%s stands there twice", name)
		}
		listed[Edge{r.from, r.to, r.by}], pairs[[2]State{r.from, r.to}], used[r.deed] = true, true, true
		t.Logf("row | life of a payout | %s | %s", name, r.deed)
		if r.deed == "new" {
			if p, e, err := New("id", content(), Salt{1}, maker, now); err != nil || p.s.State != Draft || e.To != Draft || e.From != "" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		p := in(t, r.from, false, false)
		if r.deed == "follow" || r.deed == "answer" {
			if e, ok := p.Follow(Outcome{State: r.to}, r.deed == "answer", now); !ok || e.From != r.from || e.To != r.to || p.s.State != r.to {
				t.Errorf("%s: %+v %v", name, e, ok)
			}
			continue
		}
		by := appr // a maker may do nothing of an approver's
		if r.by == "maker" {
			by = maker
		}
		if err := all[r.deed](p, by); err != nil || p.s.State != r.to {
			t.Errorf("%s: %v, %s", name, err, p.s.State)
		}
	}
	// Each edge of the code is a row, and each row whose actor the code names is an edge.
	coded := map[Edge]bool{}
	for _, e := range Edges() {
		coded[e] = true
		if !listed[e] {
			t.Errorf("%+v is an edge in the code and no row of the table", e)
		}
	}
	for e := range listed {
		if e.By != "restore" && e.By != "payee" && e.By != "clock" && !coded[e] {
			t.Errorf("%+v is a row of the table and no edge in the code", e)
		}
	}
	tried := 0
	for _, from := range append([]State{""}, States()...) {
		for _, to := range States() {
			tried++
			if may := pairs[[2]State{from, to}]; CanMove(from, to) != may {
				t.Errorf("%s -> %s: allowed %v, the table says %v", from, to, !may, may)
			}
			if from == "" {
				continue
			}
			if o := in(t, from, false, false); !pairs[[2]State{from, to}] && from != to {
				for _, answer := range []bool{false, true} {
					if e, _ := o.Follow(Outcome{State: to}, answer, now); e.To == to {
						t.Errorf("%s -> %s: what the bank says leads there", from, to)
					}
					o = in(t, from, false, false)
				}
			}
		}
		if from == "" {
			continue
		}
		for verb, do := range all {
			for _, by := range []Actor{maker, appr} {
				p := in(t, from, false, false)
				if do(p, by) != nil || p.s.State == from {
					continue
				}
				if !slices.ContainsFunc(rows, func(r lifeRow) bool { return r.from == from && r.to == p.s.State && r.deed == verb }) {
					t.Errorf("%s -> %s by %s: a deed that no row knows", from, p.s.State, verb)
				}
			}
		}
	}
	for verb := range all {
		if !used[verb] && verb != "approve" { // one yes of several moves nothing
			t.Errorf("%s is in no row", verb)
		}
	}
	// "unknown, any flagged -> succeeded, failed, by verdict" has no edges of its own: where there is none it goes by way of unknown, in one commit.
	for _, from := range []State{Unknown, InProgress, Succeeded, Failed} {
		for _, to := range []State{Succeeded, Failed} {
			p := in(t, from, true, false)
			p.s.Review = true
			for range 3 {
				p.Follow(Outcome{State: to, Confirmed: true, Why: "ruled_not_paid"}, false, now)
			}
			t.Logf("row | life of a payout | %s, flagged -> %s by verdict | follow", from, to)
			if p.s.State != to || p.s.Review {
				t.Errorf("ruled %s, and it is %s, flagged %v", to, p.s.State, p.s.Review)
			}
		}
	}
	if tried != 156 {
		t.Errorf("%d pairs", tried)
	}
	t.Logf("%d rows, %d pairs of states, %d deeds", len(rows)+8, tried, len(all))
}

// TestDecisions_Events: every deed leaves the event of its own name, from where it began to where it led.
func TestDecisions_Events(t *testing.T) {
	p := func(st State) *Payout { return in(t, st, false, false) }
	follow := func(st State, o Outcome, answer bool) Event { e, _ := p(st).Follow(o, answer, now); return e }
	must := func(e Event, err error) Event {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	_, created, err := New("id", content(), Salt{1}, maker, now)
	for _, c := range []struct {
		e        Event
		action   string
		from, to State
	}{
		{must(created, err), ActCreated, "", Draft},
		{must(p(Approved).Edit(content(), Salt{9}, 2, maker, now)), ActEdited, Approved, Draft},
		{must(p(Draft).Submit(place, nil, 1, 2, maker, now)), ActSubmitted, Draft, PendingApproval},
		{must(p(PendingApproval).Approve(appr, p(PendingApproval).s.Digest, true, now, now)), ActApproved, PendingApproval, Approved},
		{must(p(Approved).TakeBack(appr, p(Approved).s.Digest, now)), ActTakenBack, Approved, PendingApproval},
		{must(p(PendingApproval).AskChanges(appr, p(PendingApproval).s.Digest, "why?", Salt{9}, now)), ActChangesAsked, PendingApproval, Draft},
		{must(p(Approved).Reject(appr, p(Approved).s.Digest, "no", now)), ActRejected, Approved, Rejected},
		{must(p(Draft).Cancel(maker, "no", now)), ActCancelled, Draft, Cancelled},
		{must(p(Approved).Expire(now)), ActExpired, Approved, Expired},
		{must(p(Approved).CameBack("standing", now)), ActCameBack, Approved, PendingApproval},
		{must(p(Approved).PayeeChanged(Salt{9}, now)), ActPayeeChanged, Approved, Draft},
		{must(p(Approved).Restored(now)), ActRestored, Approved, Unknown},
		{must(p(PendingApproval).Suffices(now, now)), ActSuffices, PendingApproval, Approved},
		{must(p(Approved).Claim("r", "k", now)), ActClaimed, Approved, Sending},
		{must(p(Sending).NotSent("bank_down", now)), ActNotSent, Sending, Approved},
		{follow(Sending, Outcome{State: InProgress}, true), ActAnswered, Sending, InProgress},
		{follow(InProgress, Outcome{State: Succeeded}, false), ActMoved, InProgress, Succeeded},
		{follow(Succeeded, Outcome{State: Succeeded, Confirmed: true}, false), ActConfirmed, Succeeded, Succeeded},
		{p(Approved).Hold("funds", now, now), ActHeld, Approved, Approved},
		{p(Approved).Replan(now, now), ActReplanned, Approved, Approved},
		{p(Succeeded).Alarm("other_amount", now), ActAlarm, Succeeded, Succeeded},
		{p(Failed).Note(ActRuled, now), ActRuled, Failed, Failed},
		{p(Sending).Note(ActStep, now), ActStep, Sending, Sending},
		{p(Sending).Note(ActStepAnswered, now), ActStepAnswered, Sending, Sending},
		{p(Succeeded).Note(ActFetched, now), ActFetched, Succeeded, Succeeded},
	} {
		t.Logf("row | event of a payout | %s -> %s | %s", c.from, c.to, c.action)
		if c.e.Action != c.action || c.e.From != c.from || c.e.To != c.to || c.e.Version < 1 || !c.e.At.Equal(now) || c.e.By.Person == "" {
			t.Errorf("%s: %+v", c.action, c.e)
		}
	}
}

// FuzzStateMachine walks a payout through any sequence of deeds and words of the bank's, two bytes each, beside the table of design.md: it never moves but along a row, nobody approves their own,
// no person moves it once the bank was asked, reference and key stay, and a refusal changes nothing.
func FuzzStateMachine(f *testing.F) {
	all := deeds()
	var names []string
	for n := range all {
		names = append(names, n)
	}
	slices.Sort(names)
	at := func(name string) byte { return byte(slices.Index(names, name)) }
	f.Add([]byte{at("submit"), 0, at("approve last"), 1, at("claim"), 1, 200, 4, 201, 1})
	f.Add([]byte{at("submit"), 0, at("ask"), 1, at("edit"), 0, at("cancel"), 0})
	f.Add([]byte{at("submit"), 0, at("approve last"), 1, at("claim"), 1, at("not sent"), 1, at("restored"), 1, 255, 255})
	pairs := map[[2]State]bool{}
	for _, r := range life() {
		pairs[[2]State{r.from, r.to}] = true
	}
	words := []State{Sending, InProgress, Succeeded, Failed, Unknown, Returned}
	f.Fuzz(func(t *testing.T, ops []byte) {
		p, _, err := New("id", content(), Salt{1}, maker, now)
		if err != nil {
			t.Fatal(err)
		}
		p.Numbered(1001)
		for i := 0; i+1 < len(ops) && i < 200; i += 2 {
			before := p.S()
			op, arg := ops[i], ops[i+1]
			if int(op) < len(names) {
				verb := names[op]
				by := []Actor{maker, appr}[arg%2]
				do := all[verb]
				switch verb { // these name the version on the screen
				case "edit":
					do = func(p *Payout, by Actor) error {
						_, err := p.Edit(content(), Salt{2}, p.s.Version, by, now)
						return err
					}
				case "submit":
					do = func(p *Payout, by Actor) error { _, err := p.Submit(place, nil, 1, p.s.Version, by, now); return err }
				}
				err := do(p, by)
				after := p.S()
				switch {
				case err != nil && fmt.Sprint(before) != fmt.Sprint(after):
					t.Fatalf("%s: refused (%v) and changed", verb, err)
				case err == nil && verb == "approve last" && slices.Contains(before.Makers, by.Person):
					t.Fatal("a maker approved")
				case before.State.Sent() && before.State != Sending && after.State != before.State:
					t.Fatalf("%s moved %s to %s", verb, before.State, after.State)
				}
			} else if p.s.Reference != "" { // else no evidence can be about it
				o := Outcome{State: words[int(op)%len(words)], Review: arg&1 > 0, Confirmed: arg&2 > 0}
				for n := 0; ; n++ {
					from := p.s.State
					e, ok := p.Follow(o, arg&4 > 0, now)
					if !ok {
						break
					}
					if n > 3 || e.From != from || e.To != p.s.State {
						t.Fatalf("from %s to %s: %+v after %d", from, p.s.State, e, n)
					}
					if from != p.s.State && !pairs[[2]State{from, p.s.State}] {
						t.Fatalf("%s -> %s is no row", from, p.s.State)
					}
				}
				if p.s.State != o.State && !p.s.Review {
					t.Fatalf("%s stays against %s without a flag", p.s.State, o.State)
				}
				continue
			}
			after := p.S()
			if before.State != after.State && !pairs[[2]State{before.State, after.State}] {
				t.Fatalf("%s -> %s is no row", before.State, after.State)
			}
			if before.Reference != "" && (after.Reference != before.Reference || after.Key != before.Key) || after.Version < before.Version || len(after.Makers) < len(before.Makers) {
				t.Fatalf("%+v became %+v", before, after)
			}
			if _, err := Restore(after); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzDigest: two contents have the same canonical bytes only when they are the same: no value slips from one field into the next, whatever stands in it.
func FuzzDigest(f *testing.F) {
	f.Add("a", "b", "ab", "", "c", "d", int64(1), int64(2), true)
	f.Add(`","bik":"`, "", "", `","bik":"`, "\x00", "\xff", int64(0), int64(0), false)
	f.Add("x", "y", "x", "y", "7", "7", int64(5), int64(5), true)
	f.Fuzz(func(t *testing.T, name1, note1, name2, note2, acks1, acks2 string, minor1, minor2 int64, due bool) {
		a, b := Content{}, Content{}
		a.FullName, a.Note, a.Amount.Minor = name1, note1, minor1
		b.FullName, b.Note, b.Amount.Minor = name2, note2, minor2
		if due {
			a.DueDate, b.PayeeID = acks1, acks2
			acks1, acks2 = "", ""
		}
		one, two := CanonicalBytes(place, "id", 1, a, Salt{1}, []string{acks1}), CanonicalBytes(place, "id", 1, b, Salt{1}, []string{acks2})
		valid := func(s string) string { return string([]rune(s)) } // JSON has one spelling for what is no text; the fields that may hold such are commitments
		same := name1 == name2 && note1 == note2 && minor1 == minor2 && valid(a.DueDate) == valid(b.DueDate) && a.PayeeID == b.PayeeID && valid(acks1) == valid(acks2)
		if got := string(one) == string(two); got != same {
			t.Fatalf("%+v %q and %+v %q: same bytes %v", a, acks1, b, acks2, got)
		}
	})
}
