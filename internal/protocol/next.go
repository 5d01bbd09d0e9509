package protocol

import (
	"slices"
	"strings"
	"time"

	"countersign/internal/calendar"
	"countersign/internal/payout"
)

// State is all that the protocol knows about one payout.
type State struct {
	Expect Expect
	// Now is the payout's state as stored.
	Now payout.State
	// SentAt is the time of the first claim.
	SentAt time.Time
	// CredentialNo: the bank refused our credentials for this payout before.
	CredentialNo bool
	// Attempts is how many requests were ever claimed, the open one included.
	Attempts int
	Evidence []Evidence
	// Stepwise: the attempt's flow. Confirm is its confirm mode, Steps all steps of the payout, whichever attempt they belong to.
	Stepwise bool
	Confirm  string
	Steps    []Step
	// Calendar counts banking days, as entered now. The zero one knows no transfers: a count may be a day or two off.
	Calendar calendar.Calendar
}

// Observation is one thing that happened; exactly one of the pointers is set.
type Observation struct {
	At      time.Time
	Answer  *Answer // to attempt number Attempt
	Attempt int
	Webhook *Webhook
	Fetch   *Fetch
	Ruling  *Ruling
	// AsOf is how many steps of the stepwise flow had ended when the status was asked for.
	AsOf int
	// End is the end of attempt number Attempt of the stepwise flow.
	End *End
}

// Ruling is what people decided about an outcome that the bank leaves open or contradicts.
type Ruling struct{ Paid bool }

// Webhook is a genuine (validly signed) message. Problem is a stable code when its body cannot be used
// ("not_json", "doubled_key", "mixed_names", "no_session", "odd_shape"), "" otherwise.
type Webhook struct {
	Type    string
	Problem string
	Session SessionView
}

// Fetch is the answer to a status call. Asked is the session id that was asked for. Problem says why there is no session ("" if there is):
// "down" (no proper answer), "refused" (a 4xx JSON error that is not about credentials), "credentials".
type Fetch struct {
	Asked   string
	Problem string
	Code    string
	Session SessionView
}

// Action is what is to be done about an observation, all of it in the commit that records it, but for Fetch.
type Action struct {
	// Evidence is to be stored, when Keep is set.
	Evidence Evidence
	Keep     bool
	// Moves: Outcome is what the payout now comes to.
	Moves   bool
	Outcome payout.Outcome
	// NotSent: the payout goes back to approved, for this reason ("bank_down", "credentials").
	NotSent string
	// Halt stops sending for all, for this cause.
	Halt string
	// Trip opens the circuit breaker; Close closes it.
	Trip, Close bool
	// Fetch names a session to ask about soon.
	Fetch string
	// Alarm is a stable code of something a person must see; it moves nothing.
	Alarm string
	// Effect is a stable code of what the message did, for the list of bank messages: "moved", "nothing", "late", "woke".
	Effect string
}

// Causes of a halt by the system.
const (
	HaltCredentials   = "credentials"
	HaltSecondSession = "second_session"
	HaltUnasked       = "unasked" // the bank shows a session of ours that we hold as never sent
)

// AlarmLateTruth: the bank says something else than what people ruled.
const AlarmLateTruth = "late_truth"

// Next is the protocol: from what is known and what happened to what is known now and what to do.
func Next(s State, o Observation) (State, Action) {
	var a Action
	switch {
	case o.Answer != nil:
		a = s.answered(o)
	case o.Webhook != nil:
		a = s.told(o)
	case o.Fetch != nil:
		a = s.fetched(o)
	case o.Ruling != nil:
		a = ruling(o)
	case o.End != nil:
		a = s.ended(o)
	}
	evidence := s.Evidence
	if v := ruled(evidence); v != nil && a.Keep && a.Evidence.At.Before(v.At) {
		a.Evidence.At = v.At // it comes after the ruling, whatever the clock says: nobody who ruled had seen it
	}
	if a.Keep {
		s.Evidence = append(append([]Evidence{}, evidence...), a.Evidence)
	}
	if a.NotSent == "credentials" {
		s.CredentialNo = true // and back to approved, unless evidence has moved it meanwhile
	}
	before, now := s.gather(evidence), s.gather(s.Evidence)
	// Once evidence moved it there is no way back to the people, whatever is proved afterwards: evidence goes on governing.
	governs := now.governs || s.Now.Sent() && s.Now != payout.Sending
	if governs && (a.Keep || o.Answer != nil) {
		a.Moves, a.Outcome = true, now.outcome()
		a.Outcome.Session = now.bound
		if s.Stepwise && s.Now == payout.Sending && a.Outcome.State == payout.Sending && !a.Outcome.Review {
			a.Moves = false // no money can move yet: it may still go back to the people
		}
		a.NotSent = ""
		if a.Alarm == "" && o.Ruling == nil && ruled(evidence) != nil && a.Outcome.Review && !before.outcome().Review {
			a.Alarm = AlarmLateTruth
		}
		unsent := func(f *folded) bool { return f.shown && !f.asked }
		switch {
		case a.Halt != "", o.Ruling != nil:
		case now.second && !before.second:
			a.Halt = HaltSecondSession
		case s.Now.Waiting(), s.Now.Ended(), unsent(now) && !unsent(before):
			a.Halt = HaltUnasked
		}
	}
	return s, a
}

func ruling(o Observation) Action {
	ev := Evidence{Source: FromVerdict, At: o.At, Ours: true, Matches: true, Reading: Paid}
	if !o.Ruling.Paid {
		ev.Reading, ev.Why = NotPaid, RuledNotPaid
	}
	return Action{Keep: true, Evidence: ev}
}

// SaysOpen reports whether the latest fetched status of any session of the payout says that the bank is still at it, or waits for a word of ours: of one that was
// not left. A ruling replaces none of it, since a bank that says the same again is not written down again.
func (s State) SaysOpen() bool {
	fenced := fencedIn(s.Evidence)
	bound := s.bound()
	sessions := map[string][]Evidence{}
	for _, e := range s.Evidence {
		if e.Source != FromFetch || e.Disowns || fenced[e.Session] || !e.Ours && e.Session != bound {
			continue
		}
		if e.UpdatedAt.IsZero() {
			e.UpdatedAt = e.At
		}
		sessions[e.Session] = append(sessions[e.Session], e)
	}
	for _, list := range sessions {
		if e, ok := newest(list, func(Evidence) bool { return true }); ok && (e.Reading == Open || e.Reading == Idle) {
			return true
		}
	}
	return false
}

// Ruled reports whether people ruled on this payout.
func Ruled(all []Evidence) bool { return ruled(all) != nil }

func (s State) gather(evidence []Evidence) *folded {
	return gather(s.Expect, s.SentAt, s.Attempts, evidence, s.Calendar)
}

func (s State) answered(o Observation) Action {
	kind, why := Classify(*o.Answer, s.Expect, s.CredentialNo)
	a := Action{Keep: true, Evidence: Evidence{Source: FromAnswer, At: o.At, Answer: kind, Attempt: o.Attempt, Why: why}}
	switch kind {
	case Taken:
		v := o.Answer.Session
		a.Evidence.Session, a.Evidence.Ours, a.Evidence.Matches, a.Evidence.UpdatedAt = v.ID, true, true, v.UpdatedAt
		a.Fetch, a.Close = v.ID, true
	case Refused:
		a.Close = !CredentialCode(why)
	case CredentialNo:
		a.NotSent, a.Halt = "credentials", HaltCredentials
	case NotSent:
		a.NotSent, a.Trip = "bank_down", true
	case Unsure:
		a.Trip = true
		if v := o.Answer.Session; v != nil && o.Answer.HTTP == 200 && o.Answer.Err == "" && o.Answer.Status == "ok" {
			a.Evidence.Reading = DoubtfulFlag // it was taken, as something else than what was approved
		}
		if o.Answer.Session != nil {
			// A session in an odd answer: asking about it harms nobody.
			a.Fetch, a.Evidence.Session = o.Answer.Session.ID, o.Answer.Session.ID
		}
	}
	return a
}

func (s State) told(o Observation) Action {
	w := o.Webhook
	ev := Evidence{Source: FromWebhook, At: o.At, Session: w.Session.ID, UpdatedAt: w.Session.UpdatedAt}
	ev.Ours = s.Expect.Reference != "" && slices.ContainsFunc(w.Session.Payouts, func(p PayoutView) bool { return p.Reference == s.Expect.Reference })
	if w.Problem != "" {
		// It changes nothing; but the bank names our reference in it, so nothing may be claimed before its session was asked about.
		ev.Why = w.Problem
		a := Action{Alarm: w.Problem, Effect: "nothing", Evidence: ev, Keep: ev.Ours}
		if ev.Ours {
			a.Fetch = w.Session.ID
		}
		return a
	}
	ev.Reading, ev.Why = Read(w.Session, s.Stepwise)
	steps, own := s.own(w.Session.ID)
	if own && len(w.Session.Payouts) == 0 {
		return Action{Effect: "woke", Fetch: w.Session.ID} // an empty session of ours
	}
	if !ev.Ours {
		return Action{Alarm: "other_reference", Effect: "nothing"}
	}
	if own && ev.Reading == NotPaid && (!s.shot(steps) || has(steps, CallCancel)) {
		ev.Reading = Idle // whether it was cancelled for good is for a fetched status to say
	}
	a := Action{Keep: true, Effect: "woke", Fetch: w.Session.ID}
	ev.Matches = true
	for _, p := range w.Session.Payouts {
		if ok, what := s.Expect.Matches(p); !ok {
			ev.Matches = false
			a.Alarm, a.Effect = "other_"+what, "nothing"
		}
	}
	if len(w.Session.Payouts) > 1 {
		ev.Matches = false
		a.Alarm, a.Effect = "two_payouts", "nothing"
	}
	if w.Type != "payment_finished" && w.Type != "payment_refunded" {
		// Only these two tell how a payout ended; anything else is a reason to ask.
		if ev.Reading.Final() {
			ev.Reading = Open
		}
		if w.Type == "ready_to_confirm" && !s.Stepwise {
			a.Alarm = "confirm_asked"
		} else if w.Type != "ready_to_confirm" {
			a.Alarm = "unknown_type"
		}
	}
	if bound := s.bound(); bound != "" && bound != w.Session.ID && ev.Matches && !(own && ev.Reading == Idle) {
		a.Alarm, a.Effect = "other_session", "nothing"
	}
	if ev.Matches {
		odd := false
		if ev.Refunds, odd = s.Expect.accepted(w.Session); odd {
			a.Alarm = "other_currency"
		}
	}
	if ev.Reading.Final() && a.Effect == "woke" {
		a.Effect = "moved"
	}
	if !ev.Reading.Final() {
		ev.Refunds = nil // an open or doubtful message is a reason to ask; what came back, the status tells
	}
	if a.Alarm == "" && ev.Matches {
		a.Alarm = s.Expect.warns(w.Session)
	}
	a.Evidence = ev
	return a
}

// bound is the session that our own answer, or a fetched status with our reference, bound to this payout.
func (s State) bound() string { return s.gather(s.Evidence).bound }

func (s State) fetched(o Observation) Action {
	f := o.Fetch
	switch f.Problem {
	case "refused":
		if _, own := s.own(f.Asked); own || f.Asked == s.bound() {
			return Action{} // never moved by a failing poll
		}
		return Action{Keep: true, Evidence: Evidence{Source: FromFetch, At: o.At, Session: f.Asked, Disowns: true, Why: f.Code}}
	case "":
	default:
		return Action{}
	}
	ev := Evidence{Source: FromFetch, At: o.At, Session: f.Session.ID, UpdatedAt: f.Session.UpdatedAt}
	a := Action{Keep: true}
	bound := s.bound()
	refs := map[string]bool{}
	for _, p := range f.Session.Payouts {
		refs[p.Reference] = true
	}
	steps, own := s.own(f.Asked)
	ev.Ours = s.Expect.Reference != "" && refs[s.Expect.Reference] || own && len(f.Session.Payouts) == 0
	switch {
	case f.Session.ID != f.Asked:
		return Action{Alarm: "other_session"} // an answer about something else proves nothing
	case !ev.Ours && f.Asked != bound && !own:
		ev.Disowns = true
		a.Evidence = ev
		return a
	}
	ev.Reading, ev.Why = Read(f.Session, s.Stepwise)
	ev.Matches = true
	if !ev.Ours && len(f.Session.Payouts) > 0 {
		ev.Reading, ev.Why, ev.Matches = DoubtfulFlag, "other_reference", false
	}
	for _, p := range f.Session.Payouts {
		if ok, what := s.Expect.Matches(p); !ok && ev.Matches {
			ev.Matches = false
			ev.Reading, ev.Why = DoubtfulFlag, "other_"+what
		}
	}
	if ev.Matches {
		odd := false
		if ev.Refunds, odd = s.Expect.accepted(f.Session); odd {
			a.Alarm = "other_currency"
		}
	}
	if f.Session.NextAction == "confirm" && !s.Stepwise {
		a.Alarm = "confirm_asked"
	}
	if s.Stepwise && own {
		s.stepFetched(o, steps, &ev, &a)
	}
	a.Evidence = ev
	return a
}

// accepted returns the refunds that count: accepted ones in the currency that was paid. odd reports an accepted one in another.
func (e Expect) accepted(v SessionView) (out []Refund, odd bool) {
	for _, p := range v.Payouts {
		for _, r := range p.Refunds {
			switch {
			case r.Status != "accepted" || r.AmountMinor <= 0 || r.ID == "":
			case !strings.EqualFold(r.Currency, e.Currency):
				odd = true
			default:
				out = append(out, r)
			}
		}
	}
	return out, odd
}
