package store

import (
	"database/sql"
	"maps"
	"slices"
	"strings"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/payee"
)

// payeeRows compares the saved payees and their accounts with the versions of them that took effect, and with nothing besides.
func (c *checker) payeeRows(total map[string]int64) error {
	versions := map[string][]int{}
	for key, p := range c.subs {
		if key.kind == string(approval.Payee) && p.end.state == app.Effective {
			versions[key.id] = append(versions[key.id], key.version)
		}
	}
	total["payee"], total["payee_account"] = int64(len(versions)), 0
	groups := map[string]int64{}
	for _, id := range slices.Sorted(maps.Keys(versions)) {
		slices.Sort(versions[id])
		accounts, names, err := c.onePayee(id, versions[id])
		if err != nil {
			return err
		}
		total["payee_account"] += accounts
		for _, g := range names {
			groups[app.PayeeGroupCounter+g]++
		}
	}
	if len(versions) > 0 {
		groups[app.PayeesCounter] = int64(len(versions))
	}
	got := map[string]int64{}
	if err := c.each("SELECT name, n FROM counter WHERE (name = ? OR substr(name, 1, ?) = ?) AND n <> 0", func(r *sql.Rows) error {
		var name string
		var n int64
		err := r.Scan(&name, &n)
		got[name] = n
		return err
	}, app.PayeesCounter, len(app.PayeeGroupCounter), app.PayeeGroupCounter); err != nil {
		return err
	}
	if !maps.Equal(got, groups) {
		return at(c.last, "the counts of payees are not those of their versions")
	}
	return nil
}

// onePayee returns how many accounts the payee has, and its groups.
func (c *checker) onePayee(id string, versions []int) (accounts int64, groups []string, err error) {
	var history []payee.Version
	var last app.Proposal
	var first int64
	for _, v := range versions {
		if last, err = proposalAt(c.ctx, c.q, approval.Payee, id, v); err != nil {
			return 0, nil, err
		}
		content, err := payee.FromPrivate(last.Doc, last.Private, last.Commit)
		if err != nil {
			return 0, nil, at(c.subs[subjectKey{string(approval.Payee), id, v}].seq, "version %d of payee %s: %v", v, id, err)
		}
		history = append(history, payee.Version{Content: content, At: last.EndedAt})
		if first == 0 {
			first = toMicro(last.EndedAt)
		}
	}
	seq := c.subs[subjectKey{string(approval.Payee), id, last.Version}].seq
	now := history[len(history)-1].Content
	var got app.PayeeRow
	var kind, groupList, makers string
	var created, changed int64
	err = c.tx.QueryRowContext(c.ctx, "SELECT version, kind, full_name, inn, kpp, groups, makers, search, created_at, changed_at FROM payee WHERE id = ?", id).
		Scan(&got.Version, &kind, &got.FullName, &got.INN, &got.KPP, &groupList, &makers, &got.Search, &created, &changed)
	if none(err) {
		return 0, nil, at(seq, "payee %s is gone", id)
	}
	if err != nil {
		return 0, nil, err
	}
	var proposers []string
	for key, p := range c.subs {
		if key.kind == string(approval.Payee) && key.id == id && key.version <= last.Version && !slices.Contains(proposers, p.subject.person) {
			proposers = append(proposers, p.subject.person)
		}
	}
	slices.Sort(proposers)
	if got.Version != last.Version || kind != string(now.Kind) || groupList != strings.Join(now.Groups, ",") || makers != list(proposers) || created != first || changed != toMicro(last.EndedAt) ||
		!now.Erased && (got.FullName != now.FullName || got.INN != now.INN || got.KPP != now.KPP || got.Search != payee.SearchText(now)) {
		return 0, nil, at(seq, "payee %s is not what its version in force says", id)
	}
	if now.Erased {
		err = c.tx.QueryRowContext(c.ctx, "SELECT COUNT(*) FROM payee_account WHERE payee_id = ?", id).Scan(&accounts)
		return accounts, now.Groups, err
	}
	since := payee.AccountsSince(history)
	err = c.each("SELECT bik, number, label, since, changed FROM payee_account WHERE payee_id = ?", func(r *sql.Rows) error {
		var a payee.Account
		var from, known int64
		if err := r.Scan(&a.BIK, &a.Number, &a.Label, &from, &known); err != nil {
			return err
		}
		accounts++
		_, moved := payee.Changed(history, a.BIK, a.Number)
		if !slices.Contains(now.Accounts, a) || from != toMicro(since[a.Key()]) || known != flag(moved) {
			return at(seq, "an account of payee %s is not what its version in force says", id)
		}
		return nil
	}, id)
	if err == nil && accounts != int64(len(now.Accounts)) {
		err = at(seq, "payee %s has %d accounts, its version in force %d", id, accounts, len(now.Accounts))
	}
	return accounts, now.Groups, err
}
