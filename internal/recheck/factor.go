package recheck

import (
	"countersign/internal/audit"
)

// signedFactor begins the factor of a decision that a passkey signed.
const signedFactor = "passkey:"

// key is a passkey as the events tell it.
type key struct{}

// factor follows what the history says about passkeys.
func (c *Checker) factor(audit.Event) {}

// signature checks the assertion that proves a decision.
func (c *Checker) signature(kind, id string, version, n int, v vote) (bool, error) {
	s, ok, err := c.docs.Signature(kind, id, version, v.person, n)
	if err != nil {
		return false, err
	}
	if !ok || s.Digest != v.digest {
		c.found("%s approved with a passkey and its answer is gone", v.person)
		return false, nil
	}
	c.report.Signatures++
	return true, nil
}
