package app_test

import (
	"context"
	"fmt"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/payout"
)

// late are the payouts of the walk that the bank spoke of after people had ruled on them.
type late map[payout.ID]bool

// doubtful is a payout whose outcome is not known or which is flagged, mostly; now and then any.
func (f *fourEyes) doubtful(pick func() payout.ID) payout.ID {
	if f.rnd.IntN(5) == 0 {
		return pick()
	}
	rows, err := f.o.db.Query("SELECT id FROM payout WHERE state = 'unknown' OR review = 1 ORDER BY number DESC LIMIT 6")
	must(f.d.T, err)
	defer rows.Close()
	var ids []payout.ID
	for rows.Next() {
		var id string
		must(f.d.T, rows.Scan(&id))
		ids = append(ids, payout.ID(id))
	}
	must(f.d.T, rows.Err())
	if len(ids) == 0 {
		return pick()
	}
	return ids[f.rnd.IntN(len(ids))]
}

// rulings does one thing about a ruling: anybody proposes, decides, takes back, refuses, withdraws; and the bank tells late what people ruled otherwise about.
func (f *fourEyes) rulings(who string, pick func() payout.ID, told late, say sayer) {
	ctx, rnd := context.Background(), f.rnd
	id := f.doubtful(pick)
	w, now := f.d.Who[who], f.d.Clock.Now()
	x := rnd.IntN(100)
	digest, by := f.o.c.Open("verdict", string(id))
	for n := 0; n < 5 && x >= 30 && x < 85 && digest == "" && rnd.IntN(4) > 0; n++ { // rather one that there is something to decide about
		id = f.doubtful(pick)
		digest, by = f.o.c.Open("verdict", string(id))
	}
	if digest != "" && x < 30 && rnd.IntN(3) > 0 {
		x = 30 + rnd.IntN(55)
	}
	any := func(may func(person string) bool) {
		for _, i := range rnd.Perm(len(f.names)) {
			if may(f.d.Who[f.names[i]].Person) && !f.o.doors.without[f.d.Who[f.names[i]].Person] {
				who, w = f.names[i], f.d.Who[f.names[i]]
				return
			}
		}
	}
	switch {
	case x < 30:
		if rnd.IntN(3) > 0 {
			any(func(p string) bool { return f.o.c.May(p, "maker") })
		}
		e := app.VerdictEntry{Outcome: []string{app.RuledPaid, app.RuledNotPaid, app.RuledNotPaid}[rnd.IntN(3)], Basis: app.VerdictBases()[rnd.IntN(4)], Reason: "walk", File: letter}
		seen, err := f.d.Store.InForceVersion(ctx, approval.Verdict, string(id))
		must(f.d.T, err)
		if e.Seen = seen; rnd.IntN(12) == 0 {
			e.Seen--
		}
		may := e.Seen == seen && f.o.c.MayRule(string(id), w.Person, e.Outcome == app.RuledPaid, e.Basis == app.BasisLetter, now)
		err = f.d.App.ProposeVerdict(ctx, w, id, e)
		if may && isAny(err, "verdict.open", "subject.nobody") {
			return // what the bank said last stands in its status, which the oracle does not read; TestRulingGuards has it
		}
		say("rule", who, may, fmt.Sprintf("%s %s by %s", id, e.Outcome, e.Basis), err)
	case x < 66:
		if rnd.IntN(4) > 0 {
			any(func(p string) bool {
				yes, _ := f.o.c.SaidYes("verdict", string(id), p)
				return !yes && f.o.c.MayAccept("verdict", string(id), p, now)
			})
		}
		seen := digest
		if seen == "" || rnd.IntN(15) == 0 {
			seen = "0123456789abcdef"
		}
		wish := rnd.IntN(100)
		if rnd.IntN(2) == 0 {
			wish = rnd.IntN(60)
		}
		p, what, holds, used := f.proof(who, seen, func(who string) (app.Question, error) {
			return f.d.App.BeginSignVerdict(ctx, f.d.Who[who], string(id), seen)
		}, wish)
		now = f.d.Clock.Now() // an answer may have come too late
		sign, code := f.o.c.AsksRuling(string(id), w.Person, now)
		yes := f.o.c.RulingYesCounts(string(id), w.Person)
		may := seen == digest && f.o.c.MayAccept("verdict", string(id), w.Person, now) && (yes || holds(sign, code))
		err := f.d.App.Accept(ctx, w, approval.Verdict, string(id), seen, p)
		if may && isAny(err, "verdict.open", "verdict.state", "verdict.returned", "verdict.letter") {
			return // the bank has spoken since it was proposed: then it takes no effect
		}
		if err == nil && !yes {
			used(code && !sign)
		}
		say("agree to a ruling", who, may, fmt.Sprintf("%s sign %v, code %v, proof %q", id, sign, code, what), err)
	case x < 75:
		if rnd.IntN(4) > 0 {
			any(func(p string) bool { yes, _ := f.o.c.SaidYes("verdict", string(id), p); return yes })
		}
		yes, said := f.o.c.SaidYes("verdict", string(id), w.Person)
		if yes && !f.o.c.MayAccept("verdict", string(id), w.Person, now) || said && !yes {
			return
		}
		say("take back a yes to a ruling", who, yes, "", f.d.App.TakeBackOn(ctx, w, approval.Verdict, string(id), digest))
	case x < 79:
		if rnd.IntN(2) == 0 {
			any(func(p string) bool { return f.o.c.MayRefuse("verdict", string(id), p) })
		}
		say("refuse a ruling", who, digest != "" && f.o.c.MayRefuse("verdict", string(id), w.Person), "", f.d.App.Refuse(ctx, w, approval.Verdict, string(id), digest, "no"))
	case x < 85:
		if name := f.d.Name(by); name != "" && rnd.IntN(2) == 0 && !f.o.doors.without[by] {
			who, w = name, f.d.Who[name]
		}
		say("withdraw a ruling", who, digest != "" && by == w.Person && f.o.c.May(w.Person, "maker"), "", f.d.App.Withdraw(ctx, w, approval.Verdict, string(id), digest))
	default: // the bank tells what people ruled otherwise about
		rows, err := f.o.db.Query("SELECT id FROM payout WHERE state = 'failed' AND review = 0 ORDER BY changed_at DESC LIMIT 40")
		must(f.d.T, err)
		var ids []payout.ID
		for rows.Next() {
			var x string
			must(f.d.T, rows.Scan(&x))
			if f.o.c.Ruled(x) && !told[payout.ID(x)] {
				ids = append(ids, payout.ID(x))
			}
		}
		must(f.d.T, rows.Close())
		if len(ids) == 0 {
			return
		}
		id := ids[rnd.IntN(len(ids))]
		told[id] = true
		session := f.d.Get(id).Session
		if session == "" {
			session = "ps_late_" + string(id)
		}
		f.d.Clock.Add(time.Second)
		must(f.d.T, f.d.App.StoreWebhook(ctx, f.d.Message(id, session, "payment_finished", "accepted", "succeeded", f.d.Clock.Now()), "k"))
		f.d.Apply()
		if s := f.d.Get(id); !s.Review {
			f.d.T.Errorf("payout %d: people ruled that it was not paid, the bank says that it was, and it is %s, not flagged", s.Number, s.State)
		}
		say("the bank tells late", "the bank", true, "", nil)
	}
}
