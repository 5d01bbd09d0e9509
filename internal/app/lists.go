package app

import (
	"fmt"

	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/payee"
	"countersign/internal/payout"
)

// listedPayee is a saved payee that lists name: its accounts, so that an entry holds for them however a payout names whom it goes to.
type listedPayee struct {
	name string
	had  map[string]bool // account numbers of every version that ever was in force
	has  map[payee.AccountKey]bool
}

// Listed says whether lists stop a payout on the frame's day, as approval.Limits.Listed. owner is the name of the saved payee that the entry is about, where the payout
// does not name that payee but goes to an account of theirs.
func (f *Frame) Listed(j Judged) (e approval.ListEntry, owner string, stopped bool) {
	t := approval.Target{Account: j.Account, BIK: j.BIK, INN: j.INN, Payee: j.Payee}
	for id, p := range f.listed {
		if p.had[j.Account] {
			t.Had = append(t.Had, id)
		}
		if p.has[payee.AccountKey{BIK: j.BIK, Number: j.Account}] {
			t.Has = append(t.Has, id)
		}
	}
	e, stopped = f.Limits.Listed(t, string(calendar.DayOf(f.Now)))
	if p := f.listed[e.Value]; stopped && e.What == "payee" && p != nil && e.Value != j.Payee {
		owner = p.name
	}
	return e, owner, stopped
}

// listedPayees reads the payees that lists name.
func (a *App) listedPayees(m measures, l approval.Limits) (map[string]*listedPayee, error) {
	var out map[string]*listedPayee
	for _, e := range l.Lists {
		if e.What != "payee" || e.Value == "" || out[e.Value] != nil {
			continue
		}
		p, err := a.listedPayee(m, e.Value)
		if err != nil {
			return nil, err
		}
		if p == nil {
			continue // no version of it was ever in force: nobody can have paid it
		}
		if out == nil {
			out = map[string]*listedPayee{}
		}
		out[e.Value] = p
	}
	return out, nil
}

// listedPayee reads one of them, nil when no version of it is in force. What was in force up to a version never changes, so it is read once a version.
func (a *App) listedPayee(m measures, id string) (*listedPayee, error) {
	n, err := m.InForceVersion(approval.Payee, id)
	if err != nil || n == 0 {
		return nil, err
	}
	type key struct {
		id      string
		version int
	}
	if v, ok := a.lists.Load(key{id, n}); ok {
		return v.(*listedPayee), nil
	}
	events, err := m.EventsOf(string(approval.Payee), id)
	if err != nil {
		return nil, err
	}
	out := &listedPayee{had: map[string]bool{}, has: map[payee.AccountKey]bool{}}
	docs, last := map[int]string{}, 0
	for _, e := range events {
		switch e.Action {
		case "payee.proposed":
			docs[e.Version] = factString(e.Payload, "doc")
		case "payee.effective":
			p, err := m.ProposalAt(approval.Payee, id, e.Version)
			if err != nil {
				return nil, err
			}
			c, err := PayeeContent(p)
			if err != nil || docs[e.Version] != hash(p.Doc) {
				if _, page := m.(reading); page {
					return out, nil // pages go on reading; whatever writes refuses
				}
				return nil, fmt.Errorf("%w: payee version %d is not what its history says: %w", payout.ErrBroken, e.Version, err)
			}
			out.name, last = c.FullName, e.Version
			clear(out.has)
			for _, x := range c.Accounts {
				out.had[x.Number] = true
				out.has[payee.AccountKey{BIK: x.BIK, Number: x.Number}] = true
			}
		}
	}
	if last == n {
		a.lists.Store(key{id, n}, out)
	}
	return out, nil
}
