package recheck

import (
	"time"

	"slices"

	"countersign/internal/audit"
	"countersign/internal/payout"
)

// tooLong is how many banking days after the request an outcome that the bank has not confirmed may be ruled on, tooLongAtLeast the fewest of them by the calendar of the
// Labour Code: days that were moved are not known here.
const (
	tooLong        = 10
	tooLongAtLeast = tooLong - 2
)

// open reports an outcome that people may rule on: unknown, flagged, or sent and not confirmed by the bank so many banking days after the request.
func (p *paying) open(now time.Time, days int) bool {
	return p.state == string(payout.Unknown) || p.review ||
		payout.State(p.state).Sent() && !p.confirmed && !p.sent.IsZero() && bankDays(p.sent, now) >= days
}

// rulingProposed: whoever made the payout is barred from ruling on it, so the proposal must name them.
func (c *Checker) rulingProposed(e audit.Event, f facts) {
	p := c.payouts[e.Subject]
	if p == nil {
		c.found("a ruling was proposed on a payout that nobody made")
		return
	}
	if slices.ContainsFunc(p.makers, func(m string) bool { return !slices.Contains(f.Concerns, m) }) {
		c.found("a ruling was proposed that somebody who made the payout could decide")
	}
	for _, m := range c.payeeMakers(p) {
		c.payeeBarred = c.payeeBarred || !slices.Contains(p.makers, m) && slices.Contains(f.Concerns, m)
	}
	// Desks of before named them not, so that one of them could genuinely rule: only of a desk that once named one is it asked.
	if c.payeeBarred && slices.ContainsFunc(c.payeeMakers(p), func(m string) bool { return !slices.Contains(f.Concerns, m) }) {
		c.found("a ruling was proposed that somebody who made its payee could decide")
	}
	if !p.open(e.At, tooLongAtLeast) {
		c.found("a ruling was proposed on a payout whose outcome is known")
	}
}

// payeeMakers are who proposed any version of a payout's payee up to the one that it names: makers of the payout too.
func (c *Checker) payeeMakers(p *paying) (out []string) {
	if p.payee == "" {
		return nil
	}
	for _, x := range c.proposed[p.payee] {
		if x.version <= p.payeeVer && !slices.Contains(out, x.person) {
			out = append(out, x.person)
		}
	}
	return out
}

// ruled: a payout moved because people said so. Two of them did, both of whom may, over the very version that is named; above the signing amount both signed.
func (c *Checker) ruled(e audit.Event, f facts, p *paying) {
	s := c.subjects[[2]string{"verdict", e.Subject}]
	if s == nil || !s.open || s.version != f.Verdict {
		c.found("a payout was moved by a ruling that is not open")
		return
	}
	if !p.open(e.At, tooLongAtLeast) {
		c.found("a payout was ruled on whose outcome was known")
	}
	barred := append([]string{s.by}, s.concerns...)
	barred = append(barred, p.makers...)
	votes := slices.DeleteFunc(slices.Clone(s.votes), func(v vote) bool { return v.answer == "yes" && !c.provedRuling(v, p) })
	if n := c.count(votes, e.At, barred, deciders("verdict")...); n < quorum("verdict") {
		c.found("a payout was ruled on by %d persons who may and proved it as the rules in force ask, %d are needed", n, quorum("verdict"))
	}
	p.ruled = f.Verdict
}

// provedRuling: a yes was signed where the amount must be signed now, and more than a password where that is asked.
func (c *Checker) provedRuling(v vote, p *paying) bool {
	return c.set == nil || p == nil || (c.set.SignAboveMinor == 0 || p.minor <= c.set.SignAboveMinor || v.signed) &&
		(c.set.StepUpAboveMinor == 0 || p.minor <= c.set.StepUpAboveMinor || v.factor != "password")
}

// RulingYesCounts reports whether the person's yes to the open ruling stands and was proved with what is asked now.
func (c *Checker) RulingYesCounts(id, who string) (counts bool) {
	if s := c.subjects[[2]string{"verdict", id}]; s != nil && s.open {
		for _, v := range s.votes {
			if v.person == who {
				counts = v.answer == "yes" && c.provedRuling(v, c.payouts[id])
			}
		}
	}
	return counts
}

// Ruled reports whether people ruled on a payout's outcome.
func (c *Checker) Ruled(id string) bool { return c.payouts[id] != nil && c.payouts[id].ruled > 0 }

// MayRule reports whether the person may propose what became of a payout: a maker, while it is not known and nobody else has proposed. "Not paid" needs the bank's letter
// or three whole banking days after the one on which it was sent, and money that came back was paid. What the bank said last is not looked at. Up to
// yesterday is a day less: Moscow keeps one time, so every day of it has 24 hours.
func (c *Checker) MayRule(id, who string, paid, letter bool, now time.Time) bool {
	p := c.payouts[id]
	if digest, _ := c.Open("verdict", id); p == nil || digest != "" || !c.mayAs(who, proposersOf("verdict")) || !p.open(now, tooLong) {
		return false
	}
	state := payout.State(p.state)
	return paid || state != payout.Returned && (letter || state.Sent() && !p.sent.IsZero() && bankDays(p.sent, now.Add(-24*time.Hour)) >= 3)
}

// AsksRuling says what a yes to a ruling must be proved with: whoever has a passkey that signs signs it, above the amounts in force everybody proves it.
func (c *Checker) AsksRuling(id, who string, now time.Time) (sign, code bool) {
	for factor := range c.keys {
		sign = sign || c.KeySigns(factor, who, now)
	}
	p := c.payouts[id]
	if p == nil || c.set == nil {
		return sign, false
	}
	return sign || c.set.SignAboveMinor > 0 && p.minor > c.set.SignAboveMinor, c.set.StepUpAboveMinor > 0 && p.minor > c.set.StepUpAboveMinor
}

// SaidYes reports whether the person's yes to the open version of a subject was the last that they said, and Said whether they said anything.
func (c *Checker) SaidYes(kind, id, who string) (yes, said bool) {
	if s := c.subjects[[2]string{kind, id}]; s != nil && s.open {
		for _, v := range s.votes {
			if v.person == who {
				yes, said = v.answer == "yes", true
			}
		}
	}
	return yes, said
}

// bankDays counts the working days after the Moscow day of one moment, up to that of another: no weekend, no holiday of the Labour Code, art. 112; days that were moved
// are not known here.
func bankDays(from, to time.Time) (n int) {
	end := day(to)
	for at := from.Add(24 * time.Hour); day(at) <= end && n < 100; at = at.Add(24 * time.Hour) {
		d := at.Add(3 * time.Hour).UTC()
		off := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		switch md := d.Format("01-02"); {
		case md >= "01-01" && md <= "01-08", md == "02-23", md == "03-08", md == "05-01", md == "05-09", md == "06-12", md == "11-04":
			off = true
		}
		if !off {
			n++
		}
	}
	return n
}
