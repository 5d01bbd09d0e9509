package protocol

import (
	"time"

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
	// Stepwise: the attempt's flow.
	Stepwise bool
}

// Observation is one thing that happened; exactly one of the pointers is set.
type Observation struct {
	At      time.Time
	Answer  *Answer // to attempt number Attempt
	Attempt int
	Webhook *Webhook
	Fetch   *Fetch
}

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
	}
	if a.Keep {
		s.Evidence = append(append([]Evidence{}, s.Evidence...), a.Evidence)
	}
	if a.NotSent != "" {
		// Back to approved, unless the bank has shown a session of ours meanwhile.
		if a.NotSent == "credentials" {
			s.CredentialNo = true
		}
	}
	out, governs := Fold(s.Expect, s.SentAt, s.Attempts, s.Evidence)
	if governs && (a.Keep || o.Answer != nil) {
		a.Moves, a.Outcome = true, out
		a.NotSent = ""
		if out.Why == "second_session" && a.Halt == "" {
			a.Halt = HaltSecondSession
		}
		if (s.Now.Waiting() || s.Now.Ended()) && a.Halt == "" {
			a.Halt = HaltUnasked
		}
	}
	return s, a
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
		if o.Answer.Session != nil {
			a.Fetch = o.Answer.Session.ID // a session in an odd answer: asking about it harms nobody
		}
	}
	return a
}

func (s State) told(o Observation) Action {
	w := o.Webhook
	if w.Problem != "" {
		return Action{Alarm: w.Problem, Effect: "nothing"}
	}
	ev := Evidence{Source: FromWebhook, At: o.At, Session: w.Session.ID, UpdatedAt: w.Session.UpdatedAt, Ours: w.Session.Reference() == s.Expect.Reference && s.Expect.Reference != ""}
	ev.Reading, ev.Why = Read(w.Session, s.Stepwise)
	if !ev.Ours {
		return Action{Alarm: "other_reference", Effect: "nothing"}
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
	if bound := s.bound(); bound != "" && bound != w.Session.ID && ev.Matches {
		a.Alarm, a.Effect = "other_session", "nothing"
	}
	if ev.Matches {
		ev.Refunds = accepted(w.Session)
	}
	if ev.Reading.Final() && a.Effect == "woke" {
		a.Effect = "moved"
	}
	a.Evidence = ev
	return a
}

func (s State) bound() string {
	for _, e := range s.Evidence {
		if e.Source == FromAnswer && e.Answer == Taken {
			return e.Session
		}
	}
	for _, e := range s.Evidence {
		if e.Source == FromFetch && e.Ours && !e.Disowns {
			return e.Session
		}
	}
	return ""
}

func (s State) fetched(o Observation) Action {
	f := o.Fetch
	switch f.Problem {
	case "refused":
		if f.Asked == s.bound() {
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
	ev.Ours = s.Expect.Reference != "" && refs[s.Expect.Reference]
	switch {
	case f.Session.ID != f.Asked:
		return Action{Alarm: "other_session"} // an answer about something else proves nothing
	case !ev.Ours && f.Asked != bound:
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
		ev.Refunds = accepted(f.Session)
	}
	if f.Session.NextAction == "confirm" && !s.Stepwise {
		a.Alarm = "confirm_asked"
	}
	a.Evidence = ev
	return a
}

func accepted(v SessionView) []Refund {
	var out []Refund
	for _, p := range v.Payouts {
		for _, r := range p.Refunds {
			if r.Status == "accepted" && r.AmountMinor > 0 && r.ID != "" {
				out = append(out, r)
			}
		}
	}
	return out
}
