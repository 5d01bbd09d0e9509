package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"countersign/internal/audit"
)

// Identity is who this desk is to the bank and how it asks: what must not change without two people seeing it. Values are short texts without
// secrets, such as fingerprints of keys; the names are stable codes that pages have words for.
type Identity map[string]string

// CheckIdentity compares how this process was started with what was accepted last. The first start accepts itself. A difference stops sending, and
// the bank's messages have no effect, until two people resume sending: that accepts it. Call it at the start, after Recover, before any worker.
func (a *App) CheckIdentity(ctx context.Context, now Identity) error {
	var differs bool
	var was Identity
	err := a.write(ctx, Worker, theStart, Begin, theDesk, func(tx *sealed) error {
		differs = false
		var ok bool
		var err error
		was, ok, err = acceptedIdentity(tx)
		if err != nil {
			return err
		}
		if !ok {
			return a.acceptIdentity(tx, now)
		}
		if maps.Equal(was, now) {
			return nil
		}
		differs = true
		events, err := tx.EventsOf("desk", "identity")
		if err != nil {
			return err
		}
		if last, ok := identityOf(events, "desk.identity_differs"); !ok || !maps.Equal(last, now) || events[len(events)-1].Action != "desk.identity_differs" {
			if err := a.append(tx, theStart.actor(), "desk.identity_differs", "desk", "identity", 0, map[string]any{"identity": now}, "", a.Now()); err != nil {
				return err
			}
		}
		return a.halt(tx, HaltIdentity, "", a.Now())
	})
	if err != nil {
		return fmt.Errorf("compare with what was accepted: %w", err)
	}
	a.mu.Lock()
	a.identity, a.accepted, a.foreign = now, was, differs
	a.mu.Unlock()
	return nil
}

// acceptedIdentity is what was accepted last.
func acceptedIdentity(tx Tx) (Identity, bool, error) {
	events, err := tx.EventsOf("desk", "identity")
	if err != nil {
		return nil, false, err
	}
	id, ok := identityOf(events, "desk.identity")
	return id, ok, nil
}

// identityOf is what the last event of this action says.
func identityOf(events []audit.Event, action string) (Identity, bool) {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Action != action {
			continue
		}
		var f struct {
			Identity Identity `json:"identity"`
		}
		if json.Unmarshal(events[i].Payload, &f) == nil && f.Identity != nil {
			return f.Identity, true
		}
		return nil, false
	}
	return nil, false
}

func (a *App) acceptIdentity(tx Tx, now Identity) error {
	return a.append(tx, theStart.actor(), "desk.identity", "desk", "identity", 0, map[string]any{"identity": now}, "", a.Now())
}

// Foreign reports that this process runs with another identity than was accepted last: the bank's messages are kept and have no effect.
func (a *App) Foreign() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.foreign
}

// IdentityChange is what differs from what was accepted, by name: before and now. Empty when nothing does.
func (a *App) IdentityChange() map[string][2]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string][2]string{}
	if !a.foreign {
		return out
	}
	for _, m := range []Identity{a.accepted, a.identity} {
		for name := range m {
			if a.accepted[name] != a.identity[name] {
				out[name] = [2]string{a.accepted[name], a.identity[name]}
			}
		}
	}
	return out
}
