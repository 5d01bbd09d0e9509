package app

import (
	"context"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
)

// ProposeAny puts a proposal of any kind to people through the engine, without what its own use case checks besides.
func (a *App) ProposeAny(ctx context.Context, w Who, p Proposal, seen int) (out Proposal, err error) {
	err = a.write(ctx, People, func(tx Tx) error {
		if _, err := a.authorizeOn(tx, w, Propose, p.Kind); err != nil {
			return err
		}
		p.Salt = a.salt()
		out, err = a.propose(tx, w.actor(), p, seen, "because", a.Now())
		return err
	})
	return out, err
}

// StubEffects lets every kind take effect without doing anything, until restore is called: tests of the engine alone.
func StubEffects() (restore func()) {
	was := effects
	effects = map[approval.Kind]effect{}
	for _, k := range approval.Kinds() {
		effects[k] = func(*App, Tx, Proposal, time.Time) (map[string]any, error) { return nil, nil }
	}
	return func() { effects = was }
}

// HasEffect reports whether a kind does something when it takes effect; Proposers who may propose it.
func HasEffect(k approval.Kind) bool        { return effects[k] != nil }
func Proposers(k approval.Kind) []auth.Role { return proposers[k] }
