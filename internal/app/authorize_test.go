package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
)

// door is who may do what about what, written down here a second time: a change of app's tables is a change of this one. m are makers, a approvers, s seniors,
// u auditors, d administrators; other names are parties. Whatever is not here writes nothing, whoever asks.
var door = []struct{ do, who, about string }{
	{"enter", "m1 m2", "payout"},
	{"decide", "a1 s1", "payout batch"},
	{"halt", "a1 s1 d1 d2 d3", "desk"},
	{"release", "a1 s1 d1 d2 d3", "release"},
	{"read_payouts", "m1 m2 a1 s1 u1", "verdict"},
	{"read_raw", "u1", "payout message refused"},
	{"reveal", "u1", "payout"},
	{"suspend", "d1 d2 d3", "person"},
	{"change_people", "d1 d2 d3", "person"},
	{"set_bank", "d1 d2 d3 demo", "keys"},
	{"own_account", "m1 m2 a1 s1 u1 d1 d2 d3", "person"},
	{"export", "m1 m2 a1 s1 u1", "export"},
	{"upload_report", "m1 m2 d1 d2 d3 reports", "report"},
	{"close_days", "a1 s1", "day"},
	{"sign", "a1 s1 d1 d2 d3", "payout verdict digest"},
	{"propose", "m1 m2", "payee match verdict"},
	{"propose", "d1 d2 d3", "rules person limits keys"},
	{"withdraw", "m1 m2", "payee match verdict person"},
	{"withdraw", "d1 d2 d3", "rules person limits keys"},
	{"withdraw", "a1 s1 u1", "person"}, // about themselves: see below
	{"decide_on", "a1 s1", "payee match verdict"},
	{"decide_on", "s1 d1 d2 d3", "rules person limits keys"},
	{"decide_on", "a1 s1 d1 d2 d3", "release"},
	{"stop_it", "m1 m2 a1 s1 u1 d1 d2 d3", "payee rules person limits keys verdict release match"},
	{"sign_in", "visitor", "signin"},
	{"use_link", "visitor", "person"},
	{"add_people", "console", "person"},
	{"receive", "intake", "message"},
	{"apply", "applier", "message"},
	{"send", "dispatcher", "payout"},
	{"ask", "poller", "payout"},
	{"settle", "clock", "payout payee rules person limits keys verdict release match"},
	{"examine", "doctor", "desk"},
	{"begin", "start", "desk"},
	{"alarm", "desk", "desk"},
}

// TestDoor: each action about each kind of subject, by each person, party and stranger: let in exactly as the table above says. Promise: one choke point that pages,
// workers and commands pass inside the writing transaction, where an unknown identity is refused.
func TestDoor(t *testing.T) {
	d := desktest.New(t)
	must(t, d.App.SuspendPerson(t.Context(), d.Who["d1"], d.Who["a2"].Person, "left"))
	actors := map[string]app.Actor{"nil": nil, "no party": app.Party(""), "unknown party": app.Party("worker"), "empty": app.Who{},
		"unknown person": app.Who{Person: "00000000-0000-7000-8000-00000000dead", Email: "m1@x.test"}, "a party's name": app.Who{Person: "system", Email: "console"}}
	for name, w := range d.Who {
		actors[name] = w
	}
	for _, p := range app.Parties() {
		actors[string(p)] = p
	}
	kinds := []string{"", "nonsense", "desk", "signin", "message", "refused", "batch", "digest", "day", "report", "export"}
	for _, k := range approval.Kinds() {
		kinds = append(kinds, string(k))
	}
	may := map[string]bool{}
	for _, r := range door {
		for _, k := range strings.Fields(r.about) {
			if !slices.Contains(kinds, k) {
				t.Errorf("%s is about %q, which this test does not try", r.do, k)
			}
			for _, who := range strings.Fields(r.who) {
				if actors[who] == nil {
					t.Fatalf("%s: nobody is %q", r.do, who)
				}
				may[r.do+" "+k+" "+who] = true
			}
		}
	}
	let := 0
	for _, do := range append(app.Actions(), "nonsense", "") {
		must(t, d.App.InDoor(t.Context(), func(authorize func(app.Actor, app.Action, app.Ref) error) {
			for _, k := range kinds {
				for name, who := range actors {
					on := app.Ref{Kind: k}
					if w, is := who.(app.Who); is {
						on.ID = w.Person
					}
					want := "denied.role"
					if name == "a2" {
						want = "denied.suspended"
					}
					if may[fmt.Sprintf("%s %s %s", do, k, name)] {
						want = ""
						let++
					}
					wants(t, fmt.Sprintf("%s %q about %q", name, do, k), authorize(who, do, on), want)
				}
			}
		}))
	}
	if let != len(may) {
		t.Errorf("%d let in, the table has %d: an action of it is gone", let, len(may))
	}
	wants(t, "another's account", d.App.Through(t.Context(), d.Who["d1"], app.OwnAccount, app.Ref{Kind: "person", ID: d.Who["d2"].Person}, func() {}), "denied.role")
	wants(t, "what is about another", d.App.Through(t.Context(), d.Who["a1"], app.Withdraw, app.Ref{Kind: "person", ID: d.Who["d2"].Person}, func() {}), "denied.role")
}

// TestDoor_Closed: whoever is refused has nothing of the use case run, and no line is written; whoever is let in has it run once.
func TestDoor_Closed(t *testing.T) {
	d := desktest.New(t)
	before := len(d.Events())
	for _, who := range []app.Actor{nil, app.Who{}, app.Party("worker"), d.Who["d1"]} {
		ran := 0
		err := d.App.Through(t.Context(), who, app.Enter, app.Ref{Kind: "payout"}, func() { ran++ })
		wants(t, fmt.Sprint(who), err, "denied.role")
		if ran != 0 {
			t.Errorf("%v: what they wanted ran", who)
		}
	}
	ran := 0
	must(t, d.App.Through(t.Context(), d.Who["m1"], app.Enter, app.Ref{Kind: "payout"}, func() { ran++ }))
	if ran != 1 || len(d.Events()) != before {
		t.Errorf("ran %d times, %d events more", ran, len(d.Events())-before)
	}
}

// TestActions: every action has a row of who may do it, and is named once.
func TestActions(t *testing.T) {
	for i, do := range app.Actions() {
		if !app.InATable(do) {
			t.Errorf("nobody may %q: no table lists it", do)
		}
		if slices.Contains(app.Actions()[:i], do) {
			t.Errorf("two actions are called %q", do)
		}
	}
}
