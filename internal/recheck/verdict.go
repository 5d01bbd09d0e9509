package recheck

import (
	"slices"

	"countersign/internal/audit"
	"countersign/internal/payout"
)

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
	if p.state != string(payout.Unknown) && !p.review {
		c.found("a ruling was proposed on a payout whose outcome is known")
	}
}

// ruled: a payout moved because people said so. Two of them did, both of whom may, over the very version that is named; above the signing amount both signed.
func (c *Checker) ruled(e audit.Event, f facts, p *paying) {
	s := c.subjects[[2]string{"verdict", e.Subject}]
	if s == nil || !s.open || s.version != f.Verdict {
		c.found("a payout was moved by a ruling that is not open")
		return
	}
	if p.state != string(payout.Unknown) && !p.review {
		c.found("a payout was ruled on whose outcome was known")
	}
	barred := append([]string{s.by}, s.concerns...)
	barred = append(barred, p.makers...)
	if n := c.count(s.votes, e.At, barred, deciders("verdict")...); n < quorum("verdict") {
		c.found("a payout was ruled on by %d persons who may, %d are needed", n, quorum("verdict"))
	}
	if c.set != nil && c.set.SignAboveMinor > 0 && p.minor > c.set.SignAboveMinor && slices.ContainsFunc(s.votes, func(v vote) bool { return v.answer == "yes" && !v.signed }) {
		c.found("a payout above the signing amount was ruled on without signatures")
	}
	p.ruled = f.Verdict
}
