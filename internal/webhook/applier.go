package webhook

import (
	"context"
	"log/slog"
	"time"
)

// Applier applies stored messages at its own pace. There is one of it in a process.
type Applier struct {
	Desk Desk
	Log  *slog.Logger  // nil: nothing is logged
	Idle time.Duration // longest sleep without a wake; 1 s when zero
}

// Step applies one message. An error means that the desk could not; the message stays for the next Step.
func (a *Applier) Step(ctx context.Context) (did bool, err error) { return a.Desk.ApplyNext(ctx) }

// Run applies until ctx ends. wake may be nil. After an error no wake shortens the pause.
func (a *Applier) Run(ctx context.Context, wake <-chan struct{}) {
	idle := a.Idle
	if idle <= 0 {
		idle = time.Second
	}
	for ctx.Err() == nil {
		did, err := a.Step(ctx)
		heard := wake
		switch {
		case ctx.Err() != nil, err == nil && did:
			continue
		case err != nil:
			heard = nil
			if a.Log != nil {
				a.Log.Error("apply webhook", "err", err)
			}
		}
		t := time.NewTimer(idle)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-heard:
		}
		t.Stop()
	}
}
