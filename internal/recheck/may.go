package recheck

import (
	"slices"
	"time"

	"countersign/internal/payout"
)

// Asks says what a yes to a payout must be proved with: sign for a vouched passkey, code for a passkey or a one-time code.
func (c *Checker) Asks(id string, now time.Time) (sign, code bool) {
	p := c.payouts[id]
	if p == nil {
		return false, false
	}
	st := c.stand(p, now)
	return st.sign, st.code
}

// HasKey reports whether a passkey is this person's and was not taken away; KeySigns whether it signs approvals now.
func (c *Checker) HasKey(factor, person string) bool {
	k := c.keys[factor]
	return k != nil && k.person == person && !k.removed
}

// KeySigns reports whether a passkey is this person's and somebody's word for it is old enough.
func (c *Checker) KeySigns(factor, person string, now time.Time) bool {
	return c.HasKey(factor, person) && c.keys[factor].vouched != "" && c.keys[factor].signs != 0 && c.keys[factor].signs <= now.UnixMicro()
}

// Vouched reports whether a second person said that a passkey is its person's, or a founder's first needed nobody.
func (c *Checker) Vouched(factor string) bool {
	return c.keys[factor] != nil && c.keys[factor].vouched != ""
}

// Known reports whether somebody is there.
func (c *Checker) Known(person string) bool { return c.people[person] != nil }

// decides reports whether somebody may decide on a payout's submitted version at all: an approver who stands and is no maker of it, with that version on the screen.
func (c *Checker) decides(p *paying, who, seen string) bool {
	return p != nil && seen != "" && seen == p.submitted && c.mayAs(who, []string{"approver", "senior"}) && !slices.Contains(p.makers, who)
}

// MayTakeBack reports whether the person may withdraw their yes to a payout.
func (c *Checker) MayTakeBack(id, who, seen string) bool {
	p := c.payouts[id]
	if !c.decides(p, who, seen) || payout.State(p.state) != payout.PendingApproval && (payout.State(p.state) != payout.Approved || p.asked) {
		return false
	}
	said := false
	for _, v := range p.votes {
		if v.person == who {
			said = v.answer == "yes"
		}
	}
	return said
}

// MayAskChanges and MayReject report whether the person may send a payout back to its makers, or end it.
func (c *Checker) MayAskChanges(id, who, seen string) bool {
	p := c.payouts[id]
	return c.decides(p, who, seen) && payout.State(p.state) == payout.PendingApproval
}

// MayReject reports whether the person may end a payout with a no.
func (c *Checker) MayReject(id, who, seen string) bool {
	p := c.payouts[id]
	return c.decides(p, who, seen) && !p.asked && (payout.State(p.state) == payout.PendingApproval || payout.State(p.state) == payout.Approved)
}

// MayCancel reports whether the person may cancel a payout.
func (c *Checker) MayCancel(id, who string) bool {
	p := c.payouts[id]
	return p != nil && !p.asked && c.mayAs(who, []string{"maker"}) && slices.Contains([]payout.State{payout.Draft, payout.PendingApproval, payout.Approved}, payout.State(p.state))
}

// stoppedBy is the stop that is in force, nil for none.
func (c *Checker) stoppedBy() *stop {
	for _, h := range c.halts {
		if h.on {
			return h
		}
	}
	return nil
}

// Stopped reports whether sending is stopped.
func (c *Checker) Stopped() bool { return c.stoppedBy() != nil }

// Release says whether the person may say yes to sending again.
func (c *Checker) Release(who string, now time.Time) Answer {
	h := c.stoppedBy()
	roles := []string{"approver", "senior", "admin"}
	switch {
	case h == nil || !c.mayAs(who, roles) || h.barred && h.by == who:
		return No
	case c.releasing(h, who):
		return Already
	case c.people[who].quiet(now):
		return No
	}
	return May
}

// MayReleaseBack reports whether a yes of the person to sending again stands, so that they can withdraw it.
func (c *Checker) MayReleaseBack(who string) bool {
	h := c.stoppedBy()
	return h != nil && c.mayAs(who, []string{"approver", "senior", "admin"}) && !(h.barred && h.by == who) && c.releasing(h, who)
}

func (c *Checker) releasing(h *stop, who string) bool {
	return c.count(slices.DeleteFunc(slices.Clone(h.votes), func(v vote) bool { return v.person != who }), time.Time{}, nil, "approver", "senior", "admin") == 1
}

// MaySuspend reports whether the person may take another one's standing: two administrators stay who can sign in.
func (c *Checker) MaySuspend(who, victim string) bool {
	v := c.people[victim]
	if v == nil || who == victim || !c.mayAs(who, []string{"admin"}) {
		return false
	}
	left := 0
	for id, p := range c.people {
		if id != victim && !p.suspended && p.enrolled() && slices.Contains(p.roles, "admin") {
			left++
		}
	}
	return v.suspended || !slices.Contains(v.roles, "admin") || left >= 2
}

// Suspended reports whether somebody's standing was taken.
func (c *Checker) Suspended(who string) bool { return c.people[who] != nil && c.people[who].suspended }

// Listed is one payout of a list: the version that was on the screen.
type Listed struct{ ID, Digest string }

// ListAnswer is what becomes of a list that one person approves at one press.
type ListAnswer struct {
	// Refused is why nobody could approve it so, "" when it can be: then Did says what becomes of each, "yes", "last", "moved", "state" or "alone".
	Refused string
	// Sign and Code are what its proof must be, Open whether anything of it waits at all.
	Sign, Code, Open bool
	Did              []string
}

// ApproveList says what becomes of an ordered list. Bands, signing, ceiling and what somebody new may approve in a day hold for its sum as for each.
func (c *Checker) ApproveList(items []Listed, who string, now time.Time) (ListAnswer, error) {
	var out ListAnswer
	person := c.people[who]
	if !c.mayAs(who, []string{"approver", "senior"}) {
		out.Refused = "they are no approver"
		return out, nil
	}
	out.Did = make([]string, len(items))
	var sum int64
	for i, x := range items {
		p := c.payouts[x.ID]
		switch {
		case p == nil:
			out.Refused = "no such payout"
			return out, nil
		case p.submitted != x.Digest:
			out.Did[i] = "moved"
		case payout.State(p.state) != payout.PendingApproval, c.tooOld(p, now):
			out.Did[i] = "state"
		default:
			st := c.stand(p, now)
			sum += p.minor
			out.Open, out.Sign, out.Code = true, out.Sign || st.sign, out.Code || st.code
		}
	}
	if !out.Open {
		return out, nil
	}
	for _, x := range items {
		if p := c.payouts[x.ID]; p.submitted == x.Digest && payout.State(p.state) == payout.PendingApproval && !c.tooOld(p, now) {
			for _, s := range c.setsOf(p.ruleSet) {
				out.Sign = out.Sign || s.SignAboveMinor > 0 && sum > s.SignAboveMinor
				out.Code = out.Code || s.StepUpAboveMinor > 0 && sum > s.StepUpAboveMinor
			}
		}
	}
	key := who + " " + day(now)
	room := func() (int64, bool) {
		if c.set == nil || c.set.Newcomers.CapDayMinor == 0 || now.UnixMicro() >= person.capped {
			return 0, false
		}
		return c.set.Newcomers.CapDayMinor - c.said[key], true
	}
	left, capped := room()
	switch {
	case person.quiet(now):
		out.Refused = "their approvals do not count yet"
	case c.limits.ceiling(who) > 0 && sum > c.limits.ceiling(who):
		out.Refused = "it is above what they may approve"
	case capped && sum > left:
		out.Refused = "with it they would approve more today than somebody new may"
	}
	if out.Refused != "" {
		return out, nil
	}
	before := c.said[key]
	defer func() { c.said[key] = before }()
	for i, x := range items {
		if out.Did[i] != "" {
			continue
		}
		answer, _, err := c.Approve(x.ID, who, now)
		if err != nil {
			return out, err
		}
		p := c.payouts[x.ID]
		st := c.stand(p, now)
		st.said = append(st.said, voter{who, person.roles, person.groups})
		last := st.met()
		band, blocked := c.band(p.ruleSet, sum)
		if answer != May || last && !bandMet(st, band, blocked) {
			out.Did[i] = "alone"
			continue
		}
		out.Did[i] = "yes"
		if last {
			out.Did[i] = "last"
		}
		c.said[key] += p.minor
	}
	return out, nil
}

// setsOf are the rules in force and, where they are others, those that something was submitted under.
func (c *Checker) setsOf(submitted int) []*ruleSet {
	if c.set == nil {
		return []*ruleSet{&before}
	}
	if old := c.sets[submitted]; submitted != 0 && old != nil && old != c.set {
		return []*ruleSet{c.set, old}
	}
	return []*ruleSet{c.set}
}

// band is what the rules ask for a list's sum by its amount alone, those that an item was submitted under too.
func (c *Checker) band(submitted int, sum int64) (plans []plan, blocked bool) {
	for _, in := range c.setsOf(submitted) {
		bands := ruleSet{}
		for _, r := range in.Rules {
			w := r.When
			if r.Blocked == "" && w.Entry == "" && len(w.Payees)+len(w.PayeeGroups)+len(w.Makers)+len(w.MakerGroups)+len(w.Sources)+len(w.Sums) == 0 && !w.First && w.ChangedDays == 0 {
				bands.Rules = append(bands.Rules, r)
			}
		}
		ps, no := bands.plans(&measured{minor: sum})
		plans, blocked = append(plans, ps...), blocked || no
	}
	return plans, blocked
}

// bandMet reports whether what was said meets the band of a list's sum besides what the payout itself asks for.
func bandMet(st standing, band []plan, blocked bool) bool {
	st.plans = append(slices.Clip(st.plans), band...)
	return !blocked && st.met()
}
