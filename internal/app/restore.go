package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"countersign/internal/audit"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// Causes of a halt that only a start finds. Each waits for two people, like any halt of the system's own.
const (
	HaltQuarantine = "quarantine" // the database does not continue its anchor: a copy
	HaltCopy       = "copy"       // another copy may have run: the anchor's stamp is old, or of another machine
	HaltIdentity   = "identity"   // keys, address, project or flow are not those that were accepted last
)

// Loss is what a start found when the database and its anchor disagreed.
type Loss struct {
	// Why is "older", "differs", "missing" or "restored".
	Why string
	// Incarnation names the life of the database that began with it, At when (UTC).
	Incarnation string
	At          time.Time
	// Copy is the newest head that the database held, Anchor that of the anchor file; the latter zero when there was none that could be read.
	Copy, Anchor audit.Head
}

// Lost is how many events the anchor knew and the copy does not hold.
func (l Loss) Lost() int64 { return max(l.Anchor.Size-l.Copy.Size, 0) }

// restoreAtOnce bounds how many payouts one transaction marks.
const restoreAtOnce = 100

// DeclareLoss says in the history that this database is a copy, and stops sending until two people let it go on. It is the first event of a new life:
// call it before anything else is written. It can be repeated.
func (a *App) DeclareLoss(ctx context.Context) error {
	l := a.Store.Loss()
	if l == nil {
		return nil
	}
	if err := a.write(ctx, Worker, theStart, Begin, theDesk, func(tx *sealed) error {
		events, err := tx.EventsOf("desk", l.Incarnation)
		if err != nil || len(events) > 0 {
			return err
		}
		head := func(h audit.Head) map[string]any {
			return map[string]any{"size": h.Size, "root": hex.EncodeToString(h.Root[:]), "incarnation": h.Incarnation, "at": h.At.UnixMicro()}
		}
		facts := map[string]any{"why": l.Why, "copy": head(l.Copy), "anchor": nil, "lost": l.Lost()}
		if l.Anchor.Size > 0 {
			facts["anchor"] = head(l.Anchor)
		}
		if err := a.append(tx, payout.System("restore"), "desk.restored", "desk", l.Incarnation, 0, facts, "", l.At); err != nil {
			return err
		}
		return a.halt(tx, HaltQuarantine, "", a.Now())
	}); err != nil {
		return fmt.Errorf("enter quarantine: %w", err)
	}
	return a.stopCopy(ctx) // where it was declared before, and a crash came between its release and the anchor that ends it
}

// CheckCopy stops sending when the stamp beside the anchor says that another copy of this database may have run. Call it at the start, before any worker.
func (a *App) CheckCopy(ctx context.Context) error {
	why := a.Store.CopyRisk()
	if why == "" {
		return nil
	}
	a.Log.Error("nothing will be sent until two people confirm that no other copy ran", "stamp_is", why)
	if err := a.write(ctx, Worker, theStart, Begin, theDesk, func(tx *sealed) error { return a.halt(tx, HaltCopy, "", a.Now()) }); err != nil {
		return fmt.Errorf("wait for two people: %w", err)
	}
	return nil
}

// Anchor writes the newest head outside the database; call it each minute. When it finds there what this desk did not write, sending stops until two people
// let it go on. It fails as Store.Anchor does.
func (a *App) Anchor(ctx context.Context) error {
	err := a.Store.Anchor()
	if serr := a.stopCopy(ctx); serr != nil { // nothing leaves from quarantine without it, too; the minute's look tries again
		a.Log.Error("the stop could not be set", "error", serr)
	}
	return err
}

// stopCopy sets the stop that people leave a quarantine by, where it began in a running desk or its release failed. Not within a transaction.
func (a *App) stopCopy(ctx context.Context) error {
	if a.Store.Quarantined() == "" {
		return nil
	}
	if d, err := a.Store.DeskRows(ctx); err != nil || d.Halt != nil {
		return err
	}
	return a.commit(context.WithoutCancel(ctx), Worker, theGuard, Alarm, theDesk, func(tx *sealed) error {
		if a.Store.Quarantined() == "" {
			return nil
		}
		return a.halt(tx, HaltQuarantine, "", a.Now())
	})
}

// markRestored marks what may have happened after the copy was made: everything that the copy's history held, whatever the clock says now. A start after a crash goes on where it ended.
func (a *App) markRestored(ctx context.Context) error {
	l := a.Store.Loss()
	if l == nil {
		return nil
	}
	for range 1_000_000 {
		n := 0
		if err := a.write(ctx, Worker, theStart, Begin, theDesk, func(tx *sealed) error {
			list, err := tx.ToRestore(l.Copy.Size, restoreAtOnce)
			n = len(list)
			if err != nil {
				return err
			}
			for _, id := range list {
				if err := a.restored(tx, id); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("mark what may have been paid: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
	return fmt.Errorf("too many payouts to mark")
}

func (a *App) restored(tx Tx, id payout.ID) error {
	p, err := tx.Payout(id)
	if err != nil {
		return err
	}
	now := a.Now()
	asked := p.S().State == payout.Approved || p.S().State == payout.Sending
	ev, err := p.Restored(now)
	if err != nil {
		return err
	}
	if asked {
		if ev.Facts["evidence"], err = tx.AddEvidence(id, protocol.Evidence{Source: protocol.FromRestore, At: now, Why: payout.WhyRestored}, 0); err != nil {
			return err
		}
	}
	return a.save(tx, p, ev)
}
