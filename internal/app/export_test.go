package app

import (
	"context"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
)

// ProposeAny puts a proposal of any kind to people through the engine, without what its own use case checks besides.
func (a *App) ProposeAny(ctx context.Context, w Who, p Proposal, seen int) (out Proposal, err error) {
	err = a.write(ctx, People, w, Propose, about(p.Kind, p.ID), func(tx *sealed) error {
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

// PassDoor passes the choke point in a writing transaction that does nothing else.
func (a *App) PassDoor(ctx context.Context, who Actor, do Action, on Ref) error {
	return a.write(ctx, Worker, who, do, on, func(*sealed) error { return nil })
}

// The tables of who may do what about what, and who the parties are.
func RolesOf(do Action) []auth.Role { return roles[do] }
func PartiesOf(do Action) []Party   { return parties[do] }
func KindsOf(do Action) []string    { return strings.Fields(kinds[do]) }
func InATable(do Action) bool       { return len(roles[do])+len(parties[do]) > 0 }
func OnProposals(do Action) bool    { return onProposals[do] }

// Parties are all of them.
var Parties = []Party{theConsole, theVisitor, theIntake, theApplier, theSender, thePoller, theClock, theDoctor, theFolder, theStart, theGuard, theDemo}
