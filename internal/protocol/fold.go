package protocol

import (
	"cmp"
	"slices"
	"time"

	"countersign/internal/calendar"
	"countersign/internal/payout"
)

// Limits measured at a fetched status.
const (
	// OpenTooLong: banking days after which an open status no longer counts as "with the bank".
	OpenTooLong = 10
	// FlagOpenAfter: a final webhook that the fetched status still contradicts after this long is flagged.
	FlagOpenAfter = 15 * time.Minute
)

// Fold computes the state of a payout that was claimed at sentAt from everything known about it. The order of evidence does not matter.
// attempts is how many were ever claimed; one without an answer yet is on its way. ok is false when there is nothing but
// proved "not sent" and the bank itself showed no session with our reference: then people still decide. c counts the banking days.
func Fold(e Expect, sentAt time.Time, attempts int, evidence []Evidence, c calendar.Calendar) (o payout.Outcome, ok bool) {
	f := gather(e, sentAt, attempts, evidence, c)
	if !f.governs {
		return payout.Outcome{}, false
	}
	o = f.outcome()
	o.Session = f.bound
	return o, true
}

type folded struct {
	expect   Expect
	sentAt   time.Time
	calendar calendar.Calendar
	governs  bool
	bound    string
	second   bool // a second session carries our reference
	disowned bool // a final webhook left the set because its session is not ours
	hooks    []Evidence
	fetches  []Evidence
	answer   *Evidence // of the latest attempt
	credNo   bool      // an earlier credential refusal that no taken answer superseded
	refunds  map[string]refunded
	asked    bool            // there was a request whose fate is not "proved not sent"
	shown    bool            // the bank itself showed a session with our reference
	restored bool            // the database is a copy: this may have been asked after it was made
	ruling   *Evidence       // the latest ruling of people: all that is older is replaced by it
	fenced   map[string]bool // sessions of the stepwise flow that were left
}

func gather(e Expect, sentAt time.Time, attempts int, all []Evidence, c calendar.Calendar) *folded {
	f := &folded{expect: e, sentAt: sentAt, calendar: c, refunds: map[string]refunded{}, ruling: ruled(all)}
	ours := map[string]bool{} // sessions that carry our reference, by a fetched status
	disowned := map[string]bool{}
	fenced := fencedIn(all)
	f.fenced = fenced
	var taken []string
	for i := range all {
		ev := &all[i]
		switch ev.Source {
		case FromAnswer:
			if ev.Answer == Taken && !fenced[ev.Session] {
				taken = append(taken, ev.Session)
			}
			if ev.Answer == CredentialNo {
				f.credNo = true
			}
			if f.answer == nil || ev.Attempt > f.answer.Attempt || ev.Attempt == f.answer.Attempt && tells(*ev, *f.answer) {
				f.answer = ev
			}
		case FromFetch:
			if ev.Disowns {
				disowned[ev.Session] = true
			} else if ev.Ours && !fenced[ev.Session] {
				ours[ev.Session] = true
			}
		case FromRestore:
			f.restored = true
		}
	}
	if len(taken) > 0 {
		f.credNo = false
	}
	if f.answer != nil && f.answer.Attempt < attempts {
		f.answer = nil // the newest attempt has no answer yet
	}
	f.shown = len(ours) > 0
	// Our own answer binds; without one a fetched session with our reference does. Two of either contradict each other, whichever
	// is named: the smallest, so that the order of arrival cannot matter.
	if len(taken) > 0 {
		f.bound = slices.Min(taken)
	} else {
		for s := range ours {
			if f.bound == "" || s < f.bound {
				f.bound = s
			}
		}
	}
	// What was bound stays bound; what else older evidence says, a ruling of people has replaced.
	for _, ev := range all {
		named := ev.Source == FromAnswer && ev.Answer == Taken || ev.Source == FromFetch && ev.Ours && !ev.Disowns
		f.second = f.second || named && !fenced[ev.Session] && ev.Session != f.bound && !f.replaced(ev)
	}
	for _, ev := range all {
		switch {
		case f.replaced(ev):
			if counts := f.counts(ev, disowned); counts {
				f.addRefunds(ev) // what came back came back, whatever is ruled about the rest
			}
		case ev.Source == FromFetch && !ev.Disowns && ev.Session == f.bound && f.bound != "":
			if ev.UpdatedAt.IsZero() {
				ev.UpdatedAt = ev.At // without the bank's clock a fetched status is as new as the moment it was fetched
			}
			f.fetches = append(f.fetches, ev)
			f.addRefunds(ev)
		case ev.Source == FromWebhook && ev.Ours && ev.Matches:
			switch {
			case f.bound != "" && ev.Session != f.bound:
			case f.bound == "" && disowned[ev.Session]:
				if ev.Reading.Final() {
					f.disowned = true
				}
			case fenced[ev.Session] && ev.Reading != Paid: // a session that was left says nothing more, unless it paid
			default:
				f.hooks = append(f.hooks, ev)
				f.addRefunds(ev)
			}
		}
	}
	f.asked = f.restored || attempts > 0 && f.answer == nil || f.answer != nil && f.answer.Answer != NotSent && f.answer.Answer != CredentialNo
	// A fetched session with our reference governs whatever we believed; else the latest attempt must have been asked.
	f.governs = f.asked || f.shown || f.ruling != nil
	f.rule()
	return f
}

// ruled is the latest ruling; nil for none. Of two at one moment the one by its words, never by its place in the list.
func ruled(all []Evidence) (v *Evidence) {
	for i := range all {
		if e := &all[i]; e.Source == FromVerdict && (v == nil || cmp.Or(e.At.Compare(v.At), cmp.Compare(e.Reading, v.Reading), cmp.Compare(e.Why, v.Why)) > 0) {
			v = e
		}
	}
	return v
}

// replaced reports whether a ruling stands in the place of this evidence: it is older.
func (f *folded) replaced(e Evidence) bool { return f.ruling != nil && e.At.Before(f.ruling.At) }

// counts reports whether evidence is about the bound session, or about any while none is bound.
func (f *folded) counts(e Evidence, disowned map[string]bool) bool {
	switch e.Source {
	case FromFetch:
		return !e.Disowns && e.Session == f.bound && f.bound != ""
	case FromWebhook:
		return e.Ours && e.Matches && (f.bound == e.Session || f.bound == "" && !disowned[e.Session])
	}
	return false
}

// rule lets the ruling stand in the place of all that is older: from here on it counts like a final fetched status.
func (f *folded) rule() {
	if f.ruling == nil {
		return
	}
	v := *f.ruling
	v.UpdatedAt = v.At
	f.fetches = append(f.fetches, v)
	if f.answer != nil && f.replaced(*f.answer) {
		f.answer = nil
	}
	f.credNo = false // a refusal of who we are proves nothing against what people ruled
}

// fencedIn lists the sessions of the stepwise flow that were left: fetched cancelled, and never fetched paid.
func fencedIn(all []Evidence) map[string]bool {
	m := map[string]bool{}
	for _, e := range all {
		if e.Fenced {
			m[e.Session] = true
		}
	}
	for _, e := range all {
		if e.Source == FromFetch && e.Reading == Paid {
			delete(m, e.Session)
		}
	}
	return m
}

// Fenced reports whether a session of ours was left for good: fetched cancelled, and never paid.
func Fenced(all []Evidence, session string) bool { return fencedIn(all)[session] }

// Names reports whether the bank itself named a session as this payout's: in its answer, in a genuine message, or in a fetched status with our reference. What was left
// for good is not meant.
func Names(all []Evidence, session string) bool {
	return session != "" && !Fenced(all, session) && slices.ContainsFunc(all, func(e Evidence) bool {
		return e.Session == session && (e.Source == FromAnswer || e.Source == FromWebhook && e.Ours || e.Source == FromFetch && e.Ours && !e.Disowns)
	})
}

// tells reports whether one answer to an attempt says more than another to the same attempt. There should be one; if there are two, a
// proof beats a doubt.
func tells(a, b Evidence) bool {
	rank := func(e Evidence) int {
		return slices.Index([]AnswerKind{Unsure, NotSent, CredentialNo, Refused, Taken}, e.Answer)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), a.At.Compare(b.At), cmp.Compare(a.Why, b.Why), cmp.Compare(a.Session, b.Session)) > 0
}

// refunded is one refund as last told.
type refunded struct {
	at     time.Time
	amount int64
}

func (f *folded) addRefunds(ev Evidence) {
	if !ev.Ours || !ev.Matches {
		return
	}
	for _, r := range ev.Refunds {
		// The bank's own id: the same refund told twice counts once, as it was told last.
		was, told := f.refunds[r.ID]
		now := refunded{ev.UpdatedAt, r.AmountMinor}
		if !told || now.at.After(was.at) || now.at.Equal(was.at) && now.amount > was.amount {
			f.refunds[r.ID] = now
		}
	}
}

func (f *folded) returned() int64 {
	var sum int64
	for _, r := range f.refunds {
		if r.amount >= f.expect.AmountMinor-sum {
			return f.expect.AmountMinor
		}
		sum += r.amount
	}
	return sum
}

// paid is the outcome of money that left: returned once everything came back.
func (f *folded) paid(o payout.Outcome) payout.Outcome {
	o.ReturnedMinor = f.returned()
	o.State = payout.Succeeded
	if o.ReturnedMinor >= f.expect.AmountMinor {
		o.State = payout.Returned
	}
	o.Why = ""
	return o
}

// outcome is what the evidence comes to, flagged besides when the bank shows something that we hold as never sent or refused.
func (f *folded) outcome() payout.Outcome {
	o := f.numbered()
	refused := f.answer != nil && f.answer.Answer == Refused
	o.Review = o.Review || !f.asked && f.ruling == nil || refused && f.shown && o.State != payout.Failed || f.movedAfterAll()
	return o
}

// movedAfterAll: the bank shows as open what people ruled not paid. The ruling stands, loudly.
func (f *folded) movedAfterAll() bool {
	return f.ruling != nil && f.ruling.Reading == NotPaid && slices.ContainsFunc(f.fetches, func(e Evidence) bool { return e.Reading == Open })
}

// numbered is the numbered list of design.md "Webhooks and evidence"; first match wins.
func (f *folded) numbered() payout.Outcome {
	if f.second {
		return payout.Outcome{State: payout.Unknown, Review: true, Why: "second_session"}
	}
	_, fp := newest(f.fetches, func(e Evidence) bool { return e.Reading == Paid })
	fetchedNot, fn := newest(f.fetches, func(e Evidence) bool { return e.Reading == NotPaid })
	hookPaid, hp := newest(f.hooks, func(e Evidence) bool { return e.Reading == Paid })
	hookNot, hn := newest(f.hooks, func(e Evidence) bool { return e.Reading == NotPaid })
	refused := f.answer != nil && f.answer.Answer == Refused

	// 1) Paid or returned beside a final "not paid", a refusal or a credential refusal.
	if (fp || hp) && (fn || hn || refused || f.credNo) {
		return f.paid(payout.Outcome{Review: true, Confirmed: fp})
	}
	// 2) Fetched, final.
	if fp {
		return f.paid(payout.Outcome{Confirmed: true})
	}
	if fn {
		return payout.Outcome{State: payout.Failed, Confirmed: true, Why: fetchedNot.Why}
	}
	// 3) The latest, by the bank's clock, of doubtful or open fetched statuses and final webhooks (all of one kind: both kinds are rule 1).
	doubt, hasDoubt := newest(f.fetches, func(e Evidence) bool { return e.Reading.Doubts() })
	open, hasOpen := newest(f.fetches, func(e Evidence) bool { return e.Reading == Open })
	final, hasFinal := hookPaid, hp
	if hn {
		final, hasFinal = hookNot, true
	}
	if hasDoubt {
		beatenByFinal := hasFinal && !doubt.UpdatedAt.After(final.UpdatedAt)
		beatenByOpen := hasOpen && open.UpdatedAt.After(doubt.UpdatedAt)
		if !beatenByFinal && !beatenByOpen {
			return payout.Outcome{State: payout.Unknown, Review: doubt.Reading == DoubtfulFlag || hasFinal, Why: doubt.Why}
		}
	}
	if hasFinal {
		// Never undone by an open status; but one that is still open after a quarter of an hour is looked at by a person.
		o := payout.Outcome{State: payout.Failed, Confirmed: refused, Why: final.Why} // a refusal stays the proof that it is
		if final.Reading == Paid {
			o = f.paid(payout.Outcome{})
		}
		o.Review = slices.ContainsFunc(f.fetches, func(e Evidence) bool {
			return e.Reading == Open && e.At.Sub(final.At) >= FlagOpenAfter
		})
		return o
	}
	if f.disowned {
		return payout.Outcome{State: payout.Unknown, Review: true, Why: "not_ours"}
	}
	// 4) Fetched open, but not for ever.
	if hasOpen {
		if slices.ContainsFunc(f.fetches, func(e Evidence) bool { return e.Reading == Open && f.calendar.BankDays(f.sentAt, e.At) >= OpenTooLong }) {
			return payout.Outcome{State: payout.Unknown, Why: "ten_days"}
		}
		return payout.Outcome{State: payout.InProgress}
	}
	// 5) The answer.
	switch {
	case f.restored && (f.answer == nil || f.answer.Answer != Taken && !refused):
		return payout.Outcome{State: payout.Unknown, Why: payout.WhyRestored}
	case f.answer == nil:
		return payout.Outcome{State: payout.Sending}
	case f.answer.Answer == Taken:
		return payout.Outcome{State: payout.InProgress}
	case refused:
		return payout.Outcome{State: payout.Failed, Confirmed: true, Why: f.answer.Why}
	case f.answer.Answer == Unsure && f.fenced[f.answer.Session]: // the one session that was not cancelled before
		return payout.Outcome{State: payout.Failed, Confirmed: true, Why: "cancelled"}
	default:
		return payout.Outcome{State: payout.Unknown, Review: f.answer.Reading == DoubtfulFlag, Why: f.answer.Why}
	}
}

// newest returns the matching evidence with the latest bank clock. Ties go to the louder doubt, then to what came to us later, then to
// the spelling: never to the place in the list.
func newest(list []Evidence, match func(Evidence) bool) (best Evidence, ok bool) {
	loud := func(e Evidence) int {
		return slices.Index([]Reading{Open, NotPaid, Paid, Doubtful, DoubtfulFlag}, e.Reading)
	}
	for _, e := range list {
		if match(e) && (!ok || cmp.Or(e.UpdatedAt.Compare(best.UpdatedAt), cmp.Compare(loud(e), loud(best)), e.At.Compare(best.At),
			cmp.Compare(e.Why, best.Why), cmp.Compare(e.Session, best.Session)) > 0) {
			best, ok = e, true
		}
	}
	return best, ok
}
