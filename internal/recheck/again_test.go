package recheck

import (
	"testing"
	"time"
)

// TestStopped: a blocked payee is blocked at every account that a version of it in force ever had, whoever names it; an allowed one is allowed at those that it has now,
// by its account and never by anything else.
func TestStopped(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	payees := map[string][]payeeVersion{"p": {{version: 1, accounts: [][2]string{{"b1", "had"}, {"b1", "kept"}}}, {version: 2, accounts: [][2]string{{"b1", "kept"}, {"b1", "new"}}}}}
	for _, c := range []struct {
		list, payee, bik, account, until string
		want                             bool
	}{
		{list: "block", payee: "p", bik: "b1", account: "kept", want: true},
		{list: "block", bik: "b1", account: "kept", want: true},
		{list: "block", bik: "b1", account: "had", want: true},
		{list: "block", payee: "twin", bik: "b1", account: "new", want: true},
		{list: "block", bik: "b2", account: "new", want: true},
		{list: "block", bik: "b1", account: "other"},
		{list: "block", bik: "b1", account: "kept", until: "2026-11-19"},
		{list: "allow", payee: "p", bik: "b1", account: "kept"},
		{list: "allow", bik: "b1", account: "kept"},
		{list: "allow", payee: "twin", bik: "b1", account: "new"},
		{list: "allow", bik: "b1", account: "had", want: true},
		{list: "allow", bik: "b2", account: "new", want: true},
		{list: "allow", bik: "b1", account: "other", want: true},
	} {
		k := New(nil)
		k.payees = payees
		k.limits.Lists = []listed{{List: c.list, What: "payee", Value: "p", Until: c.until}}
		p := &paying{payee: c.payee, known: true}
		p.content.BIK, p.content.Account = c.bik, c.account
		if got := k.stopped(p, now); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestStill: a yes counts only for what its giver was when giving it and still is; said again, for what they are then; and whoever is more than they said may say it again.
func TestStill(t *testing.T) {
	ap, se := []string{"approver"}, []string{"approver", "senior"}
	group := func(n int, g string) step { return step{Count: n, Groups: []string{g}} }
	member := vote{person: "a", answer: "yes", roles: ap, groups: []string{"g"}}
	nobody := vote{person: "a", answer: "yes", roles: ap}
	for _, c := range []struct {
		name  string
		now   person
		votes []vote
		steps []step
		want  int
		more  bool
	}{
		{"joined later", person{roles: ap, groups: []string{"g"}}, []vote{nobody}, []step{group(1, "g")}, 0, true},
		{"a member then and now", person{roles: ap, groups: []string{"g"}}, []vote{member}, []step{group(1, "g")}, 1, false},
		{"left", person{roles: ap}, []vote{member}, []step{group(1, "g")}, 0, false},
		{"said again", person{roles: ap, groups: []string{"g"}}, []vote{nobody, member}, []step{group(1, "g")}, 1, false},
		{"one person is not two", person{roles: ap, groups: []string{"g"}}, []vote{nobody, member}, []step{st(1, "approver"), group(1, "g")}, 1, false},
		{"a senior later", person{roles: se}, []vote{nobody}, []step{st(1, "senior")}, 0, true},
		{"a senior no more", person{roles: ap}, []vote{{person: "a", answer: "yes", roles: se}}, []step{st(1, "senior")}, 0, false},
		{"an approver all the time", person{roles: se}, []vote{nobody}, []step{st(1, "approver")}, 1, false},
	} {
		s := standing{plans: []plan{{steps: c.steps}}}
		for _, v := range c.votes {
			s.said = append(s.said, v.still(&c.now))
		}
		if got := s.plans[0].filled(s.said); got != c.want {
			t.Errorf("%s: %d seats, want %d", c.name, got, c.want)
		}
		if got := s.more(voter{"a", c.now.roles, c.now.groups}); got != c.more {
			t.Errorf("%s: may say it again: %v", c.name, got)
		}
	}
}
