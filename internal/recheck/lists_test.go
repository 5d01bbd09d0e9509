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
