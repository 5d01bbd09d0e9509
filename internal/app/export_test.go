package app

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/payout"
	"countersign/internal/protocol"
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

// Through passes the door to a writing transaction in which nothing but do runs.
func (a *App) Through(ctx context.Context, who Actor, do Action, on Ref, run func()) error {
	return a.write(ctx, Worker, who, do, on, func(*sealed) error { run(); return nil })
}

// InDoor gives authorize as the door of one writing transaction asks it.
func (a *App) InDoor(ctx context.Context, fn func(authorize func(Actor, Action, Ref) error)) error {
	_, err := a.Store.Write(ctx, Worker, func(tx Tx) error {
		fn(func(who Actor, do Action, on Ref) error {
			_, err := authorize(&sealed{Tx: tx, a: a}, who, do, on)
			return err
		})
		return nil
	})
	return err
}

// InATable reports whether somebody may do it at all.
func InATable(do Action) bool { return len(roles[do])+len(parties[do]) > 0 }

// Actions are all that the source names, and Parties too.
func Actions() []Action {
	var out []Action
	for _, v := range constants("Action") {
		out = append(out, Action(v))
	}
	return out
}

func Parties() []Party {
	var out []Party
	for _, v := range constants("Party") {
		out = append(out, Party(v))
	}
	return out
}

// constants reads the constants of a type from the source: a list that cannot be forgotten.
func constants(of string) (out []string) {
	f, err := parser.ParseFile(token.NewFileSet(), "authorize.go", nil, 0)
	if err != nil {
		panic(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, is := n.(*ast.ValueSpec); is && len(v.Values) == 1 {
			if t, named := v.Type.(*ast.Ident); named && t.Name == of {
				s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					panic(err)
				}
				out = append(out, s)
			}
		}
		return true
	})
	return out
}

// MayRule is mayRule.
func (a *App) MayRule(st protocol.State, s payout.Snapshot, v Verdict, now time.Time) error {
	return a.mayRule(st, s, v, now)
}

// ScanPending has one look at what awaits approval measure so many, until restore is called.
func ScanPending(n int) (restore func()) {
	was := scanPending
	scanPending = n
	return func() { scanPending = was }
}
