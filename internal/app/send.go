package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/failpoint"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

func time24(days int) time.Duration { return time.Duration(days) * 24 * time.Hour }

// scan bounds how many approved payouts one claim looks at.
const scan = 100

// Place is where in a queue somebody stands: since when they wait, and their number. The zero Place is before all.
type Place struct {
	At     time.Time
	Number payout.Number
}

// Claim commits the intent to ask the bank for one payout and returns the order for exactly one call; nil when nothing can go now.
// Everything is measured in that one transaction: stop, quarantine, countdown, evidence, rules and standing of each
// approver, the digest, the rows against their events, and the bytes against the approved content. Before it returns, the head of
// the history that holds the attempt stands in the anchor file.
func (a *App) Claim(ctx context.Context) (*protocol.Order, error) {
	if a.Store.Quarantined() != "" || a.Foreign() {
		return nil, nil
	}
	if a.room(DiskFull) != nil {
		return nil, nil // its answer might not be stored
	}
	a.mu.Lock()
	busy := a.onePerGo && len(a.live) > 0 || a.probe
	a.mu.Unlock()
	if busy {
		return nil, nil
	}
	due, err := a.Store.AnyToSend(ctx, a.Now())
	if err != nil {
		return nil, err
	}
	if !due {
		a.lookFrom(&a.sendFrom, Place{})
		return nil, nil
	}
	var order *protocol.Order
	from := a.lookingFrom(&a.sendFrom)
	next := from
	err = a.write(ctx, Worker, theSender, Send, about(approval.Payout, ""), func(tx *sealed) error {
		order, next = nil, from
		if n, err := tx.Unapplied(); err != nil || n > 0 {
			return err // a message may be about any of them: it is applied first
		}
		if back, err := a.wentBack(tx); err != nil || back {
			return err
		}
		due, err := tx.StepsDue(a.Now(), scan)
		if err != nil {
			return err
		}
		for _, id := range due { // steps of open attempts first; a stop of sending is for the gate of each to see, since a session is fenced all the same
			o, err := a.takeStep(tx, id)
			if err != nil {
				return err
			}
			if o != nil {
				order = o
				return nil
			}
		}
		ids, last, err := tx.NextToSend(a.Now(), from, scan)
		if err != nil {
			return err
		}
		failpoint.Hit("claim.measured")
		money := a.purse()
		for _, id := range ids {
			// Asked before each: the one before may have shown that a row was altered, and stopped everything in this very transaction.
			if _, halted, err := tx.Halt(); err != nil || halted {
				return err
			}
			o, err := a.claim(tx, id, money)
			if err != nil {
				return err
			}
			if o != nil {
				failpoint.Hit("claim.inside")
				order = o
				return nil
			}
		}
		// None of so many can go: the next claim looks behind them, so that what waits for people hides nobody. Where they wait for money whoever is behind them waits too.
		if next = (Place{}); len(ids) == scan && !money.short() {
			next = last
		}
		return nil
	})
	if err == nil {
		a.lookFrom(&a.sendFrom, next)
	}
	if err != nil || order == nil {
		return nil, err
	}
	failpoint.Hit("claim.committed")
	a.setLive(order, true)
	if order.Step == "" || order.Step == protocol.CallCreate {
		a.spend(order)
	}
	failpoint.Hit("anchor.before")
	if err := a.Anchor(ctx); err != nil {
		// Without an anchor nothing leaves: it is recorded as what it is, a request that never had a connection.
		nerr := a.Answered(ctx, order, protocol.Answer{}, protocol.Raw{})
		return nil, fmt.Errorf("anchor before sending %s: %w (put back: %v)", order.Payout, err, nerr)
	}
	failpoint.Hit("anchor.after")
	return order, nil
}

func (a *App) lookingFrom(where *Place) Place {
	a.mu.Lock()
	defer a.mu.Unlock()
	return *where
}

func (a *App) lookFrom(where *Place, p Place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	*where = p
}

func liveKey(o *protocol.Order) string { return fmt.Sprintf("%s/%d", o.Payout, o.Attempt) }

func (a *App) setLive(o *protocol.Order, on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if on {
		a.live[liveKey(o)] = true
	} else {
		delete(a.live, liveKey(o))
	}
}

// claim judges one approved payout. nil, nil means that it does not go now (and says why on its row).
func (a *App) claim(tx Tx, id payout.ID, money *purse) (*protocol.Order, error) {
	now := a.Now()
	p, err := tx.Payout(id)
	if errors.Is(err, payout.ErrBroken) {
		return nil, a.rowAltered(tx, id, now, err)
	}
	if err != nil {
		return nil, err
	}
	s := p.S()
	if _, open, err := tx.OpenAttempt(id); err != nil || open {
		return nil, err
	}
	m, err := a.measure(tx, p, protocol.State{})
	switch {
	case err != nil:
		return nil, err
	case m.altered != nil:
		return nil, a.rowAltered(tx, id, now, m.altered)
	case m.expired: // the clock's worker may come later than this
		ev, err := p.Expire(now)
		if err != nil {
			return nil, err
		}
		return nil, a.save(tx, p, ev)
	case m.payeeMoved:
		return nil, a.payeeMoved(tx, p, now)
	case m.back != "":
		ev, err := p.CameBack(m.back, now)
		if err != nil {
			return nil, err
		}
		return nil, a.save(tx, p, ev)
	case m.held != "":
		return nil, a.holdUntil(tx, p, m.held, m.until, now)
	case !money.takes(s.Content.Amount.Minor):
		return nil, a.hold(tx, p, "funds", now)
	}
	n, err := tx.Attempts(id)
	if err != nil {
		return nil, err
	}
	ev, err := p.Claim(a.reference(s.Number), hex.EncodeToString(a.bytes(16)), now)
	if err != nil {
		return nil, err
	}
	s = p.S()
	want := expect(s)
	body, err := a.Wire.EncodePayout(want)
	if err != nil {
		return nil, fmt.Errorf("body of %s: %w", id, err)
	}
	if back, err := a.Wire.DecodePayout(body); err != nil || back != want {
		return nil, a.haltNow(tx, "altered", id, now, fmt.Errorf("the request's body does not say what was approved: %v", err))
	}
	at := Attempt{Payout: id, N: n + 1, Version: s.Version, Digest: s.Digest, Reference: s.Reference, Key: s.Key, Flow: a.Flow,
		Project: a.Place.Project, Host: a.Place.Environment, Body: body, At: now}
	if at.Flow == protocol.FlowStepwise {
		at.Confirm = a.Confirm
	}
	if err := tx.AddAttempt(at); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	ev.Facts["attempt"], ev.Facts["body"], ev.Facts["bytes"] = n+1, hex.EncodeToString(sum[:]), len(body)
	ev.Facts["flow"], ev.Facts["project"], ev.Facts["host"], ev.Facts["confirm"] = at.Flow, at.Project, at.Host, at.Confirm
	if at.Flow == protocol.FlowStepwise { // the body says what was approved; what leaves is each step's own
		st, err := a.protocolState(tx, p)
		if err != nil {
			return nil, err
		}
		return a.addStep(tx, p, st, protocol.NextStep(st), ev)
	}
	if err := a.save(tx, p, ev); err != nil {
		return nil, err
	}
	return &protocol.Order{Payout: string(id), Attempt: n + 1, Key: s.Key, Body: body, Expect: want, CredentialBefore: s.CredentialNo}, nil
}

// expect is what the bank is asked, and what its words are compared with.
func expect(s payout.Snapshot) protocol.Expect {
	c := s.Content
	return protocol.Expect{Reference: s.Reference, AmountMinor: c.Amount.Minor, Currency: "rub", BIK: c.BIK, Account: c.Account,
		FullName: c.FullName, Description: c.Description, INN: c.INN, KPP: c.KPP}
}

// heldByEvidence: a genuine webhook with its reference that no fetch showed to be about somebody else's session.
// Sessions of the open attempt (own), and those that were fetched cancelled, hold nothing back, unless a message says that they paid.
func heldByEvidence(all []protocol.Evidence, own map[string]bool) bool {
	not := map[string]bool{}
	for _, e := range all {
		if e.Disowns {
			not[e.Session] = true
		}
	}
	for _, e := range all {
		if e.Source == protocol.FromWebhook && e.Ours && e.Reading != protocol.Paid && (own[e.Session] || protocol.Fenced(all, e.Session)) {
			continue
		}
		if e.Source == protocol.FromWebhook && e.Ours && !not[e.Session] {
			return true
		}
	}
	return false
}

// cameBackWhy says why approvals that were enough are not any more: "blocked" by a rule or list; "standing" when one that counted then, so that fewer do now, counts no more;
// else "rules": they, a sum or a limit ask for more.
func (a *App) cameBackWhy(tx Tx, st Standing, s payout.Snapshot) (string, error) {
	if len(st.Need.Blocked) > 0 {
		return "blocked", nil
	}
	ds, err := tx.Decisions(approval.Payout, string(s.ID), s.Version)
	if err != nil {
		return "", err
	}
	then, _, err := tx.Signatures(s.ID)
	if err != nil {
		return "", err
	}
	lost := slices.ContainsFunc(ds, func(d approval.Decision) bool {
		_, yes := lastYes(ds, d.Person, string(s.Digest))
		return yes && !st.Tally.Counts(d.Person)
	})
	if lost && len(st.Tally.Given) < then { // who was lost before the last approval is no reason now
		return "standing", nil
	}
	return "rules", nil
}

// neverFits reports whether an amount is by itself above a hard bound: no day or month has room for it.
func neverFits(h approval.Hit, minor int64) bool { return h.Hard && minor > h.LimitMinor }

// HeldAbove is the why on the row of an approved payout whose amount alone is above a hard limit: it waits for people, not for room, and its page says so. Everywhere else it
// is held by the limit.
const HeldAbove = "above"

// roomForAll is when a payout that full limits hold is measured again: when each of them has room at the earliest. One whose amount alone is too much for one is looked at
// again with every day; before that only other limits, or an edit, free it.
func roomForAll(hits []approval.Hit, minor int64, now time.Time) (last time.Time) {
	for _, h := range hits {
		if !h.Hard {
			continue
		}
		at := roomAgain(h, minor, now)
		if at.IsZero() {
			return calendar.DayOf(now).Add(1).Start()
		}
		if at.After(last) {
			last = at
		}
	}
	return last
}

// roomAgain is when a full limit has room again at the earliest: the next Moscow day, or the next month's first; zero when the amount alone is above it.
func roomAgain(h approval.Hit, minor int64, now time.Time) time.Time {
	if neverFits(h, minor) {
		return time.Time{}
	}
	day := calendar.DayOf(now)
	next := day.Add(1)
	if h.Limit == approval.LimitPayeeMonth {
		for range 31 {
			if next.Month() != day.Month() {
				break
			}
			next = next.Add(1)
		}
	}
	return next.Start()
}

// hold says on an approved payout's row why it does not leave.
func (a *App) hold(tx Tx, p *payout.Payout, why string, now time.Time) error {
	return a.holdUntil(tx, p, why, time.Time{}, now)
}

// holdUntil is hold with the moment at which it is measured again; zero: at each claim.
func (a *App) holdUntil(tx Tx, p *payout.Payout, why string, until, now time.Time) error {
	if s := p.S(); s.Why == why && s.HeldUntil.Equal(until) {
		return nil
	}
	ev := p.Hold(why, until, now)
	return a.save(tx, p, ev)
}

// How many waiting payouts are looked at again at once: where room came free, and where other limits are in force. Those beyond are measured when their time comes.
const (
	maxFree    = 500
	freeRounds = 20
)

// freeHeld lets payouts that wait for room in a limit be measured again at the next claim; where the limits are new also those that the old ones were too low for.
func (a *App) freeHeld(tx Tx, limitsMoved bool, now time.Time) error {
	rounds := 1
	if limitsMoved {
		rounds = freeRounds
	}
	after := payout.Number(0)
	for range rounds {
		ids, last, err := tx.HeldForLimit(limitsMoved, after, maxFree)
		if err != nil {
			return err
		}
		for _, id := range ids {
			p, err := tx.Payout(id)
			if errors.Is(err, payout.ErrBroken) { // named; the others go on
				if err := a.rowAltered(tx, id, now, err); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			if err := a.holdUntil(tx, p, "limit", time.Time{}, now); err != nil {
				return err
			}
		}
		if len(ids) < maxFree {
			break
		}
		after = last
	}
	return nil
}

// payeeMoved sends an unsent payout back to its makers because another version of the payee it names is in force.
func (a *App) payeeMoved(tx Tx, p *payout.Payout, now time.Time) error {
	ev, err := p.PayeeChanged(a.salt(), now)
	if fault.KindOf(err) == fault.Conflict { // after a credential refusal the edges to draft are closed: it stays, held
		return a.hold(tx, p, "payee", now)
	}
	if err != nil {
		return err
	}
	if err := tx.AddVersion(p, payout.System("payee"), now); err != nil {
		return err
	}
	return a.save(tx, p, ev)
}

// rowsMatchEvents folds a payout and its decisions from their events and refuses a difference: somebody wrote past the history.
func (a *App) rowsMatchEvents(tx Tx, s payout.Snapshot) error {
	events, err := tx.EventsOf("payout", string(s.ID))
	if err != nil {
		return err
	}
	ds, err := tx.Decisions(approval.Payout, string(s.ID), s.Version)
	if err != nil {
		return err
	}
	return MatchEvents(s, ds, events)
}

// State is what the protocol knows about a payout.
func (a *App) protocolState(tx Tx, p *payout.Payout) (protocol.State, error) {
	s := p.S()
	ev, err := tx.Evidence(s.ID)
	if err != nil {
		return protocol.State{}, err
	}
	n, err := tx.Attempts(s.ID)
	if err != nil {
		return protocol.State{}, err
	}
	st := protocol.State{Expect: expect(s), Now: s.State, SentAt: s.SentAt, CredentialNo: s.CredentialNo, Attempts: n, Evidence: ev, Calendar: a.bankCalendar()}
	if n == 0 {
		return st, nil
	}
	at, _, err := tx.LastAttempt(s.ID)
	if err != nil {
		return protocol.State{}, err
	}
	st.Stepwise, st.Confirm = at.Flow == protocol.FlowStepwise, at.Confirm
	if st.Steps, err = tx.Steps(s.ID); err != nil {
		return protocol.State{}, err
	}
	return st, nil
}

// Answered records the answer to an order, whatever it is, and moves the payout accordingly.
func (a *App) Answered(ctx context.Context, o *protocol.Order, answer protocol.Answer, raw protocol.Raw) error {
	defer a.setLive(o, false)
	var kind protocol.AnswerKind
	err := a.write(ctx, Worker, theSender, Send, about(approval.Payout, o.Payout), func(tx *sealed) error {
		var err error
		if o.Step != "" {
			kind, err = a.stepAnswered(tx, payout.ID(o.Payout), o.StepN, answer, raw)
			failpoint.Hit("answer.inside")
			return err
		}
		var act protocol.Action
		act, err = a.answered(tx, payout.ID(o.Payout), o.Attempt, answer, raw)
		kind = act.Evidence.Answer
		failpoint.Hit("answer.inside")
		return err
	})
	if err != nil {
		return fmt.Errorf("record the answer to %s/%d: %w", o.Payout, o.Attempt, err)
	}
	failpoint.Hit("answer.committed")
	if o.Step == "" {
		a.settled(liveKey(o), kind)
	}
	if kind == protocol.CredentialNo {
		a.mu.Lock()
		a.probe, a.onePerGo = true, true
		a.mu.Unlock()
	}
	if kind == protocol.Taken {
		a.mu.Lock()
		a.onePerGo = false
		a.mu.Unlock()
	}
	return nil
}

func (a *App) answered(tx Tx, id payout.ID, n int, answer protocol.Answer, raw protocol.Raw) (protocol.Action, error) {
	now := a.Now()
	p, err := tx.Payout(id)
	if err != nil {
		return protocol.Action{}, err
	}
	st, err := a.protocolState(tx, p)
	if err != nil {
		return protocol.Action{}, err
	}
	_, act := protocol.Next(st, protocol.Observation{At: now, Answer: &answer, Attempt: n})
	ok, err := tx.AddOutcome(AttemptOutcome{Payout: id, N: n, Kind: string(act.Evidence.Answer), Why: act.Evidence.Why, Raw: raw, At: now})
	if err != nil {
		return act, err
	}
	if !ok {
		// It was given up already: what it says can only be a reason to ask about the session it names.
		return act, a.act(tx, p, protocol.Action{Fetch: act.Fetch}, false, "", nil, now)
	}
	ev, err := tx.AddEvidence(id, act.Evidence, int64(n))
	if err != nil {
		return act, err
	}
	sum := sha256.Sum256(raw.Body)
	facts := map[string]any{"attempt": n, "answer": string(act.Evidence.Answer), "http": raw.HTTP, "body": hex.EncodeToString(sum[:]), "error": act.Evidence.Why, "evidence": ev}
	return act, a.act(tx, p, act, true, payout.ActAnswered, facts, now)
}

// act does what the protocol says, in the transaction that records why. The facts go into the first event; note names the event that
// is written when nothing moved ("" for none): what the bank said stands in the history all the same.
func (a *App) act(tx Tx, p *payout.Payout, act protocol.Action, answer bool, note string, facts map[string]any, now time.Time) (err error) {
	s := p.S()
	defer func() { // room given back may be what others wait for
		if err == nil && HoldsRoom(s) && !HoldsRoom(p.S()) {
			err = a.freeHeld(tx, false, now)
		}
	}()
	first := true
	save := func(ev payout.Event) error {
		if first {
			for k, v := range facts {
				ev.Facts[k] = v
			}
			first = false
		}
		return a.save(tx, p, ev)
	}
	if act.NotSent != "" && s.State == payout.Sending {
		ev, err := p.NotSent(act.NotSent, now)
		if err != nil {
			return err
		}
		if err := save(ev); err != nil {
			return err
		}
	}
	if act.Moves {
		for range 3 { // two steps at most: by way of unknown
			ev, ok := p.Follow(act.Outcome, answer, now)
			if !ok {
				break
			}
			if at := bankAt(act.Evidence.UpdatedAt, s.SentAt, now); paidState(ev.To) && !at.IsZero() {
				ev.Facts["bank_at"] = at.UnixMicro() // which day it is the bank's, for its daily report
			}
			if err := save(ev); err != nil {
				return err
			}
		}
		if err := a.dropVerdict(tx, p.S(), now); err != nil {
			return err
		}
		if !s.Review && p.S().Review {
			a.Log.Error("what is known of a payout contradicts itself, a person must look", "payout", string(s.ID), "state", string(p.S().State))
		}
	}
	if act.Alarm != "" {
		if err := save(p.Alarm(act.Alarm, now)); err != nil {
			return err
		}
	}
	if first && note != "" {
		if err := save(p.Note(note, now)); err != nil {
			return err
		}
	}
	if act.Fetch != "" {
		if err := a.wakePollOf(tx, act.Fetch, s.ID, now); err != nil {
			return err
		}
	}
	if act.Halt != "" {
		return a.halt(tx, act.Halt, s.ID, now)
	}
	return nil
}

// halt stops sending for a cause of the system's own, once.
func (a *App) halt(tx Tx, cause string, id payout.ID, now time.Time) error {
	if _, on, err := tx.Halt(); err != nil || on {
		return err
	}
	return a.addHalt(tx, HaltRow{Cause: cause, By: payout.System("desk"), Payout: id, At: now}, "")
}

// haltNow stops sending because a row does not say what its history says; the cause goes to the log.
func (a *App) haltNow(tx Tx, cause string, id payout.ID, now time.Time, why error) error {
	if fault.KindOf(why) == fault.Unavailable {
		return why
	}
	a.Log.Error("sending stopped", "cause", cause, "payout", string(id), "error", why)
	return a.halt(tx, cause, id, now)
}

// LoseStale turns attempts whose call cannot be alive any more into unknown: after a crash at once, in a living process one minute
// after the longest call. did is false when there are none.
func (a *App) LoseStale(ctx context.Context) (did bool, err error) {
	return a.lose(ctx, a.Now().Add(-a.BankTimeout-time.Minute))
}

// Recover is called once at start, before any claim: no call of an earlier process is alive. It ends the plans to ask about payouts whose
// outcome has been confirmed for longer than it is watched, and remembers a refusal of our credentials.
func (a *App) Recover(ctx context.Context) error {
	refused := false
	if err := a.write(ctx, Worker, theStart, Begin, theDesk, func(tx *sealed) error {
		var err error
		if refused, err = tx.CredentialsRefused(); err != nil {
			return err
		}
		failpoint.Hit("recover.inside")
		if doubted, err := a.clockDoubted(tx); err != nil || doubted {
			return err
		}
		return tx.EndOldPolls(a.Now().Add(-time24(2 * returnsWatch)))
	}); err != nil {
		return err
	}
	if refused {
		a.mu.Lock()
		a.probe, a.onePerGo = true, true
		a.mu.Unlock()
	}
	for range 1_000_000 {
		did, err := a.lose(ctx, a.Now().Add(time.Hour*24*365*10))
		if err != nil {
			return err
		}
		if !did {
			failpoint.Hit("recover.done")
			if err := a.replanAhead(ctx, theStart, Begin); err != nil {
				return err
			}
			return a.markRestored(ctx)
		}
	}
	return fmt.Errorf("too many open attempts")
}

func (a *App) lose(ctx context.Context, before time.Time) (did bool, err error) {
	if did, err = a.loseSteps(ctx, before); err != nil || did {
		return did, err
	}
	stale, err := a.Store.AnyStale(ctx, before)
	if err != nil || !stale {
		return false, err
	}
	err = a.write(ctx, Worker, theClock, Settle, about(approval.Payout, ""), func(tx *sealed) error {
		did = false
		open, err := tx.StaleAttempts(before, 50)
		if err != nil {
			return err
		}
		for _, at := range open {
			a.mu.Lock()
			alive := a.live[fmt.Sprintf("%s/%d", at.Payout, at.N)]
			a.mu.Unlock()
			if alive && a.Now().Sub(at.At) < a.BankTimeout+time.Minute {
				continue
			}
			// GotConn is not known, so it must be taken as had.
			_, err := a.answered(tx, at.Payout, at.N, protocol.Answer{GotConn: true, Err: "lost"}, protocol.Raw{})
			if errors.Is(err, payout.ErrBroken) { // named; the others go on
				if err := a.rowAltered(tx, at.Payout, a.Now(), err); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			did = true
			settles(tx, at.Payout, at.N, protocol.Unsure)
		}
		return nil
	})
	return did, err
}

// BankState is told by the dispatcher whenever its circuit breaker opens or closes.
func (a *App) BankState(down bool, since time.Time) {
	a.mu.Lock()
	changed := a.bankDown != down
	a.bankDown, a.downSince = down, since
	a.mu.Unlock()
	if changed {
		a.announce(Change{Desk: true})
	}
}

// NeedProbe reports that the bank refused our credentials: a balance call must answer properly before the next claim.
func (a *App) NeedProbe() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.probe
}

// Probed notes that a balance call answered properly.
func (a *App) Probed() {
	a.mu.Lock()
	a.probe = false
	a.mu.Unlock()
	wake(a.wakeSend)
}
