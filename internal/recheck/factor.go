package recheck

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"countersign/internal/audit"
	"countersign/internal/factor"
)

// signedFactor begins the factor of a decision that a vouched passkey signed.
const signedFactor = "passkey:"

// founding is who vouched for a founder's first passkey: nobody. demo is the environment of a desk that only plays.
const (
	founding = "founding"
	demo     = "demo"
)

// vouchWait is how long after somebody vouched for it a passkey begins to sign.
const vouchWait = 24 * time.Hour

// signTime is how long a question put to a passkey may wait for its answer.
const signTime = 120 * time.Second

// key is a passkey as the events tell it.
type key struct {
	person, hash, rp, vouched string
	origins                   []string
	signs                     int64
	removed                   bool
}

// factor follows what the history says about passkeys.
func (c *Checker) factor(e audit.Event, s *subject) {
	var f struct {
		ID        string   `json:"factor"`
		Kind      string   `json:"factor_kind"`
		Key       string   `json:"key"`
		RP        string   `json:"rp"`
		Origins   []string `json:"origins"`
		VouchedBy string   `json:"vouched_by"`
		SignsFrom int64    `json:"signs_from"`
		Removed   bool     `json:"removed"`
	}
	if json.Unmarshal(e.Payload, &f) != nil || f.Kind != "passkey" {
		return
	}
	k := c.keys[f.ID]
	if e.Action == "factor.added" {
		k = &key{person: e.Subject, hash: f.Key, rp: f.RP, origins: f.Origins}
		c.keys[f.ID] = k
	}
	if k == nil || k.person != e.Subject {
		c.found("a passkey of nobody")
		return
	}
	if f.VouchedBy != k.vouched || f.SignsFrom != k.signs {
		if f.VouchedBy == founding {
			if why := c.notFounding(e); why != "" {
				c.found("a passkey of %s counts without anybody's word, and %s", e.Subject, why)
			}
		} else if why := c.notVouched(e, s, k, f.ID, f.VouchedBy, f.SignsFrom); why != "" {
			c.found("a passkey of %s is written down as vouched for by %q, and %s", e.Subject, f.VouchedBy, why)
		}
	}
	if e.Action == "factor.added" {
		c.people[e.Subject].passkeys++
	}
	k.vouched, k.signs, k.removed = f.VouchedBy, f.SignsFrom, f.Removed
}

// notVouched says why a second person's word for a passkey does not count; "" when it does: they said yes to a proposal about this very key, which takes effect now, and it signs
// a day later.
func (c *Checker) notVouched(e audit.Event, s *subject, k *key, id, by string, signs int64) string {
	switch {
	case e.Action != "person.effective" || s == nil || !s.took || s.version != e.Version || s.op != opKey:
		return "nothing of the kind took effect"
	case k.vouched != "":
		return "somebody did before"
	case s.plan.Factor != id || s.plan.Key != k.hash:
		return "another key was put to people"
	case by == k.person:
		return "it is their own"
	case c.count(slices.DeleteFunc(c.early(s.votes, s.at), func(v vote) bool { return v.person != by }), e.At, append([]string{s.by}, s.concerns...), deciders("person")...) != 1:
		return "they did not say so, or may not"
	case signs < e.At.Add(vouchWait).UnixMicro():
		return "it signs before a day is over"
	}
	return ""
}

// notFounding says why a passkey that an event tells of does not count as a founder's first, which needs no second person's word; "" when it does. In the demo, where no
// money moves, the founding never ends.
func (c *Checker) notFounding(e audit.Event) string {
	p := c.people[e.Subject]
	switch {
	case e.Action != "factor.added":
		return "it did not when it was added"
	case p == nil || !p.founding:
		return "they are no founder"
	case c.submitted && (c.place == nil || c.place.Environment != demo):
		return "it was added when the founding was over"
	case p.passkeys > 0:
		return "it is not their first"
	case p.reset || p.quietFrom != 0:
		return "their factors were taken away before"
	}
	return ""
}

// signature checks the answer of the passkey that proves a decision, as anybody can without the desk: the key was the person's, vouched for, and old enough; it was asked
// about exactly this content and this person, not long before; and it signed. content is what it must have signed: the decision's digest, or that of the list it is part of.
func (c *Checker) signature(kind, id string, version, n int, v vote, batch string) (bool, error) {
	s, ok, err := c.docs.Signature(kind, id, version, v.person, n)
	if err != nil {
		return false, err
	}
	k := c.keys[strings.TrimPrefix(v.factor, signedFactor)]
	switch {
	case !ok:
		c.found("%s approved with a passkey and its answer is gone", v.person)
	case k == nil || k.person != v.person || k.removed || "passkey:"+s.Factor != v.factor:
		c.found("%s approved with a passkey that is not theirs", v.person)
	case k.vouched == "" || v.at.UnixMicro() < k.signs:
		c.found("%s approved with a passkey that did not sign yet", v.person)
	case keyHash(s.Credential, s.PublicKey) != k.hash:
		c.found("%s approved with a passkey that is not the one that was added", v.person)
	case batch == "" && s.Digest != v.digest:
		c.found("%s signed another content", v.person)
	case v.at.After(s.ExpiresAt) || s.ExpiresAt.Sub(v.at) > signTime:
		c.found("%s signed outside the two minutes they had", v.person)
	case c.nonces[string(s.Nonce)] != "" && c.nonces[string(s.Nonce)] != use(batch, id):
		c.found("%s approved with an answer that was used before", v.person)
	default:
		if err := factor.VerifyAssertion(s.PublicKey, k.rp, k.origins, factor.SignChallenge(s.Digest, v.person, s.Nonce, s.ExpiresAt),
			factor.Assertion{CredentialID: s.Credential, AuthenticatorData: s.AuthData, ClientData: s.ClientData, Signature: s.Bits}); err != nil {
			c.found("%s did not sign it: %v", v.person, err)
			return false, nil
		}
		c.nonces[string(s.Nonce)] = use(batch, id)
		if batch != "" {
			c.signedLists[batch] = append(c.signedLists[batch], s.Digest)
		}
		c.report.Signatures++
		return true, nil
	}
	return false, nil
}

// use names what an answer was used for: one subject, or one list.
func use(batch, id string) string {
	if batch != "" {
		return "list " + batch
	}
	return "subject " + id
}

// listYes is one yes that was given as a part of a list: judged once more when the list's event says what its sum was.
type listYes struct {
	person string
	at     time.Time
	minor  int64
	rules  int // the set that the payout was submitted under
	signed bool
	code   bool // and with more than a password
	last   bool // with it the payout was approved
	st     standing
}

// list checks that what was signed about a list is the list that was decided, that its sum is not told smaller than what was approved by it, and that signing, the second
// proof, the bands, the person's ceiling and what somebody new may approve in a day were met over the sum too: nobody splits a large payment into small ones.
func (c *Checker) list(e audit.Event, f facts) {
	if slices.ContainsFunc(c.signedLists[e.Subject], func(d string) bool { return d != f.Digest }) {
		c.found("%s signed another list than was decided", e.Person)
	}
	said := c.lists[e.Subject]
	delete(c.signedLists, e.Subject)
	delete(c.lists, e.Subject)
	var sum int64
	for _, y := range said {
		sum += y.minor
	}
	if sum > f.Sum || len(said) != f.Approved {
		c.found("by a list %d payouts of %d kopecks together were approved, more than it says", len(said), sum)
	}
	whole := max(sum, f.Sum)
	if who := c.people[e.Person]; len(said) > 0 && who != nil {
		if limit := c.limits.ceiling(e.Person); limit > 0 && whole > limit {
			c.found("%s approved a list whose sum is above what they may approve", e.Person)
		}
		today := !slices.ContainsFunc(said, func(y listYes) bool { return day(y.at) != day(e.At) })
		if today && c.set != nil && c.set.Newcomers.CapDayMinor > 0 && e.At.UnixMicro() < who.capped && whole > c.set.Newcomers.CapDayMinor-(c.said[e.Person+" "+day(e.At)]-sum) {
			c.found("%s approved a list with which they approved more that day than somebody new may", e.Person)
		}
	}
	for _, y := range said {
		band, blocked := c.band(y.rules, whole)
		above := func(limit func(*ruleSet) int64) bool {
			return slices.ContainsFunc(c.setsOf(y.rules), func(s *ruleSet) bool { return limit(s) > 0 && whole > limit(s) })
		}
		switch {
		case y.person != e.Person:
			c.found("%s decided on a list of somebody else", y.person)
		case above(func(s *ruleSet) int64 { return s.SignAboveMinor }) && !y.signed:
			c.found("%s approved a list whose sum had to be signed", y.person)
		case above(func(s *ruleSet) int64 { return s.StepUpAboveMinor }) && !y.code:
			c.found("%s approved with a password alone a list whose sum asks for more", y.person)
		case y.last && !bandMet(y.st, band, blocked):
			c.found("%s approved by a list what its sum needs more approvals for", y.person)
		}
	}
}

func keyHash(id, public []byte) string {
	sum := sha256.Sum256(slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(len(id))), id, public))
	return hex.EncodeToString(sum[:])
}
