package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// How fresh the balance of our account at the bank is kept.
const (
	balanceEach  = 5 * time.Minute  // asked this often whether anything is to be sent or not
	balanceFresh = 10 * time.Second // asked again before a claim when it is older than this
	balancePause = time.Minute      // the same after a call that brought nothing: a slow answer must not slow every send
)

// BalanceView is what is known of the money that payouts leave from.
type BalanceView struct {
	// Off: the desk does not ask (an account that gives no balance).
	Off bool
	// Known: the bank's last answer to the question told the balance. When it is not known, sending goes on.
	Known bool
	// Minor is that balance in kopecks, At when it was asked for; the last known one stays here after a failing call.
	Minor int64
	At    time.Time
	// Spent is what was claimed since and may not be in it yet, in kopecks.
	Spent int64
	// FailedAt is when the last call brought nothing; zero when it did.
	FailedAt time.Time
}

// Left is what the next payout may take, in kopecks.
func (b BalanceView) Left() int64 { return b.Minor - b.Spent }

// balance is the desk's own memory of it. It is not stored: after a start it is asked for before anything leaves.
type balance struct {
	view  BalanceView
	asked time.Time // the last call, whatever came of it
	spent []spent   // claimed since the balance was asked for
}

type spent struct {
	key   string // liveKey
	minor int64
	at    time.Time
	over  bool // the answer has come: a later balance holds it
}

// maxSpent bounds what is remembered between two balances; the oldest go first, as if they were in it.
const maxSpent = 10_000

// BalanceDue reports whether the balance is to be asked for: every five minutes, and before a claim when what is known is not fresh.
func (a *App) BalanceDue(ctx context.Context) bool {
	if a.NoBalance {
		return false
	}
	now := a.Now()
	a.mu.Lock()
	age := now.Sub(a.money.asked)
	never, failed := a.money.asked.IsZero(), !a.money.view.Known
	a.mu.Unlock()
	switch {
	case never, age >= balanceEach, age < 0:
		return true
	case age < balanceFresh, failed && age < balancePause:
		return false
	}
	due, err := a.Store.AnyToSend(ctx, now)
	return err == nil && due
}

// SawBalance is told what a call for the balance brought; asked is when it began.
func (a *App) SawBalance(asked time.Time, b protocol.Balance) {
	a.mu.Lock()
	was := a.money.view
	a.money.asked = asked
	v := &a.money.view
	if b.Proper && b.Known {
		*v = BalanceView{Known: true, Minor: b.Minor, At: asked}
		// What was answered before the question was put is in the answer; of anything else nobody can tell, so it counts against us.
		a.money.spent = slices.DeleteFunc(a.money.spent, func(s spent) bool { return s.over && s.at.Before(asked) })
		v.Spent = a.spentSum()
	} else {
		v.Known, v.FailedAt = false, asked
	}
	changed := was.Known != v.Known || was.Minor != v.Minor
	a.mu.Unlock()
	if changed {
		a.announce(Change{Desk: true})
	}
}

func (a *App) spentSum() (n int64) {
	for _, s := range a.money.spent {
		n += s.minor
	}
	return n
}

// Balance is what is known of our account at the bank.
func (a *App) Balance() BalanceView {
	if a.NoBalance {
		return BalanceView{Off: true}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.money.view
}

// spend notes what was claimed; settled that its answer came, and whether the bank took anything. An attempt that opens another session is still one.
func (a *App) spend(o *protocol.Order) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.money.spent = slices.DeleteFunc(a.money.spent, func(s spent) bool { return s.key == liveKey(o) })
	if len(a.money.spent) >= maxSpent {
		a.money.spent = slices.Delete(a.money.spent, 0, 1)
	}
	a.money.spent = append(a.money.spent, spent{key: liveKey(o), minor: o.Expect.AmountMinor, at: a.Now()})
	a.money.view.Spent = a.spentSum()
}

// moneyEnd is what became of the money of one attempt.
type moneyEnd struct {
	key  string // liveKey
	kind protocol.AnswerKind
}

// settles has the purse told once the transaction is committed.
func settles(tx Tx, id payout.ID, attempt int, kind protocol.AnswerKind) {
	if s, ok := tx.(*sealed); ok {
		s.ends = append(s.ends, moneyEnd{fmt.Sprintf("%s/%d", id, attempt), kind})
	}
}

func (a *App) settled(key string, kind protocol.AnswerKind) {
	now := a.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.money.spent, func(s spent) bool { return s.key == key })
	if i < 0 {
		return
	}
	switch kind {
	case protocol.NotSent, protocol.CredentialNo, protocol.Refused:
		a.money.spent = slices.Delete(a.money.spent, i, i+1)
	default: // taken, or nobody knows: the next balance asked for after now tells
		a.money.spent[i].over, a.money.spent[i].at = true, now
	}
	a.money.view.Spent = a.spentSum()
}

// purse is one claim's view of the money: payouts that found too little keep what they wait for, so that the oldest leaves first and no
// later, smaller one takes what it waits for.
type purse struct {
	known bool
	left  int64 // kopecks
}

func (a *App) purse() *purse {
	b := a.Balance()
	return &purse{known: !b.Off && b.Known, left: b.Left()}
}

// takes reports whether the amount is there; when it is not, what comes after has to leave it alone.
func (p *purse) takes(minor int64) bool {
	if !p.known {
		return true
	}
	ok := minor <= p.left
	p.left -= minor
	return ok
}

// short reports whether somebody found too little.
func (p *purse) short() bool { return p.known && p.left < 0 }
