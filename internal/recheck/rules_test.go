package recheck

import (
	"testing"
	"time"
)

func st(n int, roles ...string) step { return step{Count: n, Roles: roles} }

// TestFilled: each voter sits once, on a seat that takes them, so that as many seats as can be are filled; in order, a yes fills only the step whose turn it is, and may be said again.
func TestFilled(t *testing.T) {
	a, b, s := voter{id: "a", roles: []string{"approver"}}, voter{id: "b", roles: []string{"approver"}, groups: []string{"g"}}, voter{id: "s", roles: []string{"approver", "senior"}}
	for _, c := range []struct {
		name string
		p    plan
		said []voter
		want int
	}{
		{"one person twice", plan{steps: []step{st(2, "approver")}}, []voter{a, a}, 1},
		{"two persons", plan{steps: []step{st(2, "approver")}}, []voter{a, b}, 2},
		{"a senior makes room for an approver", plan{steps: []step{st(1, "approver"), st(1, "senior")}}, []voter{s, a}, 2},
		{"no senior", plan{steps: []step{st(1, "approver"), st(1, "senior")}}, []voter{a, b}, 1},
		{"a group", plan{steps: []step{{Count: 1, Groups: []string{"g"}}}}, []voter{a, b}, 1},
		{"a named person", plan{steps: []step{{Count: 1, People: []string{"s"}}}}, []voter{a, b}, 0},
		{"out of order", plan{ordered: true, steps: []step{st(1, "senior"), st(1, "approver")}}, []voter{a, s}, 1},
		{"in order", plan{ordered: true, steps: []step{st(1, "senior"), st(1, "approver")}}, []voter{s, a}, 2},
		{"said again when the turn comes", plan{ordered: true, steps: []step{st(1, "senior"), st(1, "approver")}}, []voter{a, s, a}, 2},
		{"a step of nobody still needs somebody", plan{steps: []step{st(0, "approver")}}, nil, 0},
	} {
		if got := c.p.filled(c.said); got != c.want {
			t.Errorf("%s: %d seats, want %d", c.name, got, c.want)
		}
	}
	if p := (plan{steps: []step{st(0, "approver")}}); len(p.seats()) != 1 {
		t.Error("a rule can ask for nobody")
	}
}

// TestImplied: a plan is dropped only when meeting the other one always meets it.
func TestImplied(t *testing.T) {
	for _, c := range []struct {
		name string
		p, o plan
		want bool
	}{
		{"fewer", plan{steps: []step{st(1, "approver")}}, plan{steps: []step{st(2, "approver")}}, true},
		{"more", plan{steps: []step{st(2, "approver")}}, plan{steps: []step{st(1, "approver")}}, false},
		{"a senior is an approver", plan{steps: []step{st(1, "approver")}}, plan{steps: []step{st(1, "senior")}}, true},
		{"an approver is no senior", plan{steps: []step{st(1, "senior")}}, plan{steps: []step{st(2, "approver")}}, false},
		{"an order", plan{ordered: true, steps: []step{st(1, "approver"), st(1, "senior")}}, plan{steps: []step{st(2, "senior")}}, false},
		{"a group is approvers", plan{steps: []step{st(1, "approver")}}, plan{steps: []step{{Count: 1, Groups: []string{"g"}}}}, true},
		{"another group", plan{steps: []step{{Count: 1, Groups: []string{"h"}}}}, plan{steps: []step{{Count: 1, Groups: []string{"g"}}}}, false},
	} {
		if got := c.p.implied(&c.o); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestChangedAt: an account counts as changed from the version that brought it, unless it was there from the beginning; one that went and came back from its return.
func TestChangedAt(t *testing.T) {
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	x, y := [2]string{"b", "x"}, [2]string{"b", "y"}
	for _, c := range []struct {
		name     string
		versions []payeeVersion
		want     time.Time
	}{
		{"from the beginning", []payeeVersion{{at: at(1), accounts: [][2]string{x}}, {at: at(2), accounts: [][2]string{x, y}}}, time.Time{}},
		{"added", []payeeVersion{{at: at(1), accounts: [][2]string{y}}, {at: at(2), accounts: [][2]string{x, y}}}, at(2)},
		{"came back", []payeeVersion{{at: at(1), accounts: [][2]string{x}}, {at: at(2), accounts: [][2]string{y}}, {at: at(3), accounts: [][2]string{x}}}, at(3)},
		{"after an erased version", []payeeVersion{{at: at(1), erased: true}, {at: at(2), accounts: [][2]string{x}}}, at(2)},
		{"gone", []payeeVersion{{at: at(1), accounts: [][2]string{x}}, {at: at(2), accounts: [][2]string{y}}}, time.Time{}},
	} {
		if got := changedAt(c.versions, "b", "x"); !got.Equal(c.want) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
