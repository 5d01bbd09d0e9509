package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"time"

	"countersign/internal/approval"
	"countersign/internal/failpoint"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// StoreWebhook keeps a genuine webhook byte for byte; when it returns nil the bytes are on disk. Unavailable when they cannot be.
func (a *App) StoreWebhook(ctx context.Context, body []byte, keyID string) error {
	failpoint.Hit("webhook.read")
	if err := a.write(ctx, Intake, theIntake, Receive, about("message", ""), func(tx *sealed) error {
		err := a.storeMessage(tx, body, keyID)
		failpoint.Hit("webhook.inside")
		return err
	}); err != nil {
		return err
	}
	failpoint.Hit("webhook.committed")
	return nil
}

func (a *App) storeMessage(tx Tx, body []byte, keyID string) error {
	sum := sha256.Sum256(body)
	sha := hex.EncodeToString(sum[:])
	now := a.Now()
	id, fresh, err := tx.StoreMessage(body, sha, keyID, now)
	if err != nil {
		return err
	}
	tx.Touch(Change{Inbox: true})
	if !fresh {
		return nil
	}
	return a.append(tx, theIntake.actor(), "message.received", "message", itoa(id), 0,
		map[string]any{"sha": sha, "key": keyID, "bytes": len(body)}, "", now)
}

// ApplyNext applies the oldest stored message; did is false when all are applied.
func (a *App) ApplyNext(ctx context.Context) (did bool, err error) {
	if a.Foreign() {
		return false, nil // it may be another bank's word: kept, and applied once two people accepted whose it is
	}
	any, err := a.Store.AnyToApply(ctx)
	if err != nil || !any {
		return false, err
	}
	err = a.write(ctx, Worker, theApplier, Apply, about("message", ""), func(tx *sealed) error {
		did = false
		m, ok, err := tx.NextMessage()
		if err != nil || !ok {
			return err
		}
		did = true
		err = a.apply(tx, m)
		failpoint.Hit("apply.inside")
		return err
	})
	if did && err == nil {
		failpoint.Hit("apply.committed")
	}
	return did, err
}

func (a *App) apply(tx Tx, m Message) error {
	now := a.Now()
	w := a.Wire.ParseWebhook(m.Body)
	res := MessageResult{Message: m.ID, At: now, Type: w.Type, Session: w.Session.ID, Effect: "nothing"}
	if len(w.Session.Payouts) > 0 {
		res.AmountMinor = w.Session.Payouts[0].AmountMinor
	}
	if w.Problem == "" {
		r, _ := protocol.Read(w.Session, a.Flow == protocol.FlowStepwise)
		res.Reading = string(r)
		if r == protocol.Paid && w.Type == "payment_refunded" {
			res.Reading = "refunded"
		}
	}
	id, ok, err := a.payoutOf(tx, w)
	if err != nil {
		return err
	}
	tx.Touch(Change{Inbox: true})
	if !ok {
		if res.Alarm = w.Problem; res.Alarm == "" {
			res.Alarm = "unmatched"
		}
		return a.applied(tx, res, now)
	}
	p, err := tx.Payout(id)
	if errors.Is(err, payout.ErrBroken) { // nothing can be done with such a row; the messages behind this one are about others
		if err := a.rowAltered(tx, id, now, err); err != nil {
			return err
		}
		if w.Session.ID != "" { // what it says is asked about until the row is whole again
			if err := a.wakePollOf(tx, w.Session.ID, id, now); err != nil {
				return err
			}
		}
		res.Payout, res.Alarm = id, "altered"
		return a.applied(tx, res, now)
	}
	if err != nil {
		return err
	}
	before := p.S()
	st, err := a.protocolState(tx, p)
	if err != nil {
		return err
	}
	_, act := protocol.Next(st, protocol.Observation{At: m.At, Webhook: &w})
	if act.Keep {
		if res.Evidence, err = tx.AddEvidence(id, act.Evidence, m.ID); err != nil {
			return err
		}
	}
	if err := a.act(tx, p, act, false, "", map[string]any{"message": m.ID, "source": "message"}, now); err != nil {
		return err
	}
	if st.Stepwise {
		if err := a.advance(tx, p); err != nil {
			return err
		}
	}
	s := p.S()
	res.Payout, res.Alarm, res.From, res.To = id, act.Alarm, before.State, s.State
	switch {
	case act.Effect != "":
		res.Effect = act.Effect
	}
	if res.Effect == "moved" && before.State == s.State && before.ReturnedMinor == s.ReturnedMinor && before.Review == s.Review {
		res.Effect = "late" // what it says was known already, or something later is
	}
	return a.applied(tx, res, now)
}

func (a *App) applied(tx Tx, r MessageResult, now time.Time) error {
	if err := tx.AddResult(r); err != nil {
		return err
	}
	return a.append(tx, theApplier.actor(), "message.applied", "message", itoa(r.Message), 0, map[string]any{
		"payout": string(r.Payout), "effect": r.Effect, "alarm": r.Alarm, "session": r.Session, "type": r.Type, "evidence": r.Evidence, "from": string(r.From), "to": string(r.To)}, "", now)
}

// payoutOf finds whose message this is: by our reference, else by the session that our own answer bound.
func (a *App) payoutOf(tx Tx, w protocol.Webhook) (payout.ID, bool, error) {
	if ref := w.Session.Reference(); ref != "" {
		if id, ok, err := tx.IDByReference(ref); err != nil || ok {
			return id, ok, err
		}
	}
	if w.Session.ID == "" {
		return "", false, nil
	}
	return tx.IDBySession(w.Session.ID)
}

// wakePollOf has a session asked about at once, on the schedule of a young one.
func (a *App) wakePollOf(tx Tx, session string, id payout.ID, now time.Time) error {
	return tx.SetPoll(PollRow{Session: session, Payout: id, NextAt: now, Since: now})
}

// DuePoll returns the next session to ask about, nil when none is due. Each is handed out once until Fetched.
func (a *App) DuePoll(ctx context.Context) (*protocol.Poll, error) {
	if a.Foreign() {
		return nil, nil // another bank's answers prove nothing
	}
	a.asking.Lock()
	defer a.asking.Unlock()
	// One that was under way when the plans were read may be recorded before they are looked at: its plan is an old one then.
	a.mu.Lock()
	before := maps.Clone(a.polling)
	a.mu.Unlock()
	due, err := a.Store.DuePolls(ctx, a.Now(), 20)
	if err != nil {
		return nil, err
	}
	for _, d := range due {
		k := d.Session + "/" + string(d.Payout)
		a.mu.Lock()
		busy := before[k] || a.polling[k]
		if !busy {
			a.polling[k] = true
		}
		a.mu.Unlock()
		if busy {
			continue
		}
		// The status that is asked for now knows of the steps that had ended before.
		n, err := a.Store.EndedSteps(ctx, d.Payout)
		if err != nil {
			a.mu.Lock()
			delete(a.polling, k)
			a.mu.Unlock()
			return nil, err
		}
		return &protocol.Poll{Session: d.Session, Payout: string(d.Payout), AsOf: n}, nil
	}
	return nil, nil
}

// interval is how long after a poll the next one follows, by the age of the wait.
func (a *App) interval(age time.Duration) time.Duration {
	switch {
	case age < 10*time.Minute:
		return a.PollMin
	case age < time.Hour:
		return max(a.PollMin, time.Minute)
	case age < 24*time.Hour:
		return 15 * time.Minute
	}
	return time.Hour
}

// returnsWatch is how many banking days a confirmed outcome is asked about once a day: money can come back, and "no" can turn.
const returnsWatch = 10

// Fetched records the answer to a status call. A failing poll moves nothing; it is only asked again.
func (a *App) Fetched(ctx context.Context, poll *protocol.Poll, f protocol.Fetch, raw protocol.Raw) error {
	id := payout.ID(poll.Payout)
	defer func() {
		a.mu.Lock()
		delete(a.polling, poll.Session+"/"+poll.Payout)
		a.mu.Unlock()
	}()
	heard, ruled := false, false
	err := a.write(ctx, Worker, thePoller, Ask, about(approval.Payout, id), func(tx *sealed) error {
		now := a.Now()
		plan, ok, err := tx.Poll(poll.Session, id)
		if err != nil {
			return err
		}
		p, err := tx.Payout(id)
		if errors.Is(err, payout.ErrBroken) { // named, and asked about later: the questions behind this one are about others
			if err := a.rowAltered(tx, id, now, err); err != nil || !ok {
				return err
			}
			plan.NextAt = now.Add(a.interval(now.Sub(plan.Since)))
			return tx.SetPoll(plan)
		}
		if err != nil {
			return err
		}
		st, err := a.protocolState(tx, p)
		if err != nil {
			return err
		}
		heard, ruled = true, protocol.Ruled(st.Evidence)
		_, act := protocol.Next(st, protocol.Observation{At: now, Fetch: &f, AsOf: poll.AsOf})
		if act.Alarm != "" && alarmed(tx, id, act.Alarm) {
			act.Alarm = ""
		}
		news := act.Keep && (!known(st.Evidence, act.Evidence) || act.Moves && !p.Same(act.Outcome))
		if news {
			fid, err := tx.AddFetch(FetchRow{Payout: id, Session: poll.Session, Problem: f.Problem, Code: f.Code, Raw: raw, At: now})
			if err != nil {
				return err
			}
			ev, err := tx.AddEvidence(id, act.Evidence, fid)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(raw.Body)
			facts := map[string]any{"fetch": fid, "source": "request", "body": hex.EncodeToString(sum[:]), "evidence": ev}
			if err := a.act(tx, p, act, false, payout.ActFetched, facts, now); err != nil {
				return err
			}
		} else if act.Alarm != "" {
			if err := a.act(tx, p, protocol.Action{Alarm: act.Alarm}, false, "", map[string]any{"source": "request"}, now); err != nil {
				return err
			}
		}
		if ok {
			// A session of our own that was not left is asked about whether it is bound or not.
			own := st.Stepwise && news && act.Evidence.Stage != "" && !act.Evidence.Fenced
			for _, step := range st.Steps {
				own = own || step.Session == poll.Session && !protocol.Fenced(st.Evidence, poll.Session) && !act.Evidence.Fenced
			}
			if err := a.replan(tx, plan, p.S(), f, st.Evidence, act.Evidence, own, now); err != nil {
				return err
			}
		}
		failpoint.Hit("fetched.inside")
		if st.Stepwise {
			return a.advance(tx, p)
		}
		return nil
	})
	failpoint.Hit("fetched.committed")
	if err == nil && heard {
		a.noteAsked(poll.Session, f, ruled)
	}
	return err
}

// alarmed reports whether this alarm stands in the payout's history already: one is loud enough.
func alarmed(tx Tx, id payout.ID, code string) bool {
	events, err := tx.EventsOf("payout", string(id))
	if err != nil {
		return false
	}
	for _, e := range events {
		if e.Action == payout.ActAlarm && factString(e.Payload, "alarm") == code {
			return true
		}
	}
	return false
}

// known reports whether evidence says nothing that the same session's fetches did not say before.
func known(all []protocol.Evidence, e protocol.Evidence) bool {
	for i := len(all) - 1; i >= 0; i-- {
		o := all[i]
		if o.Source != protocol.FromFetch || o.Session != e.Session {
			continue
		}
		return o.Reading == e.Reading && o.Why == e.Why && o.UpdatedAt.Equal(e.UpdatedAt) && o.Ours == e.Ours && o.Matches == e.Matches &&
			o.Disowns == e.Disowns && len(o.Refunds) == len(e.Refunds) && o.Stage == e.Stage && o.Fenced == e.Fenced && (e.Stage == "" || o.AsOf >= e.AsOf)
	}
	return false
}

// replan plans the next question about a session. before is what was known of the payout, e what this answer says.
func (a *App) replan(tx Tx, plan PollRow, s payout.Snapshot, f protocol.Fetch, before []protocol.Evidence, e protocol.Evidence, own bool, now time.Time) error {
	answered := f.Problem == "" || f.Problem == "refused"
	over := false
	switch {
	case own, !answered, plan.Session == s.Session:
	case f.Problem == "refused": // one refusal may be a stale copy's: as long as the bank names the session itself, it is asked again
		over = !protocol.Names(before, plan.Session)
	case s.Session == "":
		over = s.State.Waiting() // a session that was left
	default: // beside the one that is bound: somebody else's is asked about once, a second one of ours until it says how it ended
		over = e.Disowns || e.Reading.Final()
	}
	if over {
		return tx.EndPoll(plan.Session, plan.Payout)
	}
	plan.Slow = f.Problem == "slow"
	wait := a.interval(now.Sub(plan.Since))
	final := !s.Review && s.Confirmed && (s.State == payout.Succeeded || s.State == payout.Failed || s.State == payout.Returned)
	if final && answered {
		doubted, err := a.clockDoubted(tx)
		if err != nil {
			return err
		}
		if s.State == payout.Returned || !doubted && a.bankCalendar().BankDays(s.SentAt, now) > returnsWatch {
			return tx.EndPoll(plan.Session, plan.Payout)
		}
		wait = 24 * time.Hour
	}
	if plan.Slow {
		wait *= 3
	}
	plan.NextAt = now.Add(wait)
	return tx.SetPoll(plan)
}

// RefusedWebhook keeps a message with a missing or wrong signature in a bounded ring, best effort.
func (a *App) RefusedWebhook(ctx context.Context, body []byte, signature, reason string) {
	if err := a.Store.KeepRefused(ctx, body, signature, reason, a.Now()); err != nil && fault.KindOf(err) != fault.Unavailable {
		a.Log.Warn("refused message not kept", "error", err)
	}
}
