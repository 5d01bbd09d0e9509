package simtest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"countersign/internal/app"
	"countersign/internal/bank131"
	"countersign/internal/dispatch"
	"countersign/internal/protocol"
)

// naive asks again, with another key, when it did not understand the answer.
type naive struct {
	dispatch.Bank
	w *world
}

func (b naive) InitPayout(ctx context.Context, key string, body []byte) (protocol.Answer, protocol.Raw) {
	a, raw := b.Bank.InitPayout(ctx, key, body)
	if a.GotConn && (a.Err != "" || a.HTTP >= 500) {
		return b.Bank.InitPayout(ctx, key+"-again", body)
	}
	return a, raw
}

// restless opens another session and starts it, when a start brought no answer: nothing fences the first.
type restless struct {
	dispatch.Bank
	w *world
}

func (b restless) Step(ctx context.Context, call protocol.StepCall, key string, body []byte) (protocol.Answer, protocol.Raw) {
	a, raw := b.Bank.Step(ctx, call, key, body)
	if call != protocol.CallStart || a.Err == "" {
		return a, raw
	}
	_, text, _ := b.w.ask("/api/v1/session/create", key+"-c", []byte("{}"))
	created := bank131.ParseAnswer(text)
	var start map[string]any
	if created.Session == nil || json.Unmarshal(body, &start) != nil {
		return a, raw
	}
	start["session_id"] = created.Session.ID
	again, err := json.Marshal(start)
	b.w.must(err)
	return b.Bank.Step(ctx, call, key+"-s", again)
}

// forgetful takes every answer that it did not get for a request that never left.
type forgetful struct {
	dispatch.Bank
	w *world
}

func (b forgetful) InitPayout(ctx context.Context, key string, body []byte) (protocol.Answer, protocol.Raw) {
	a, raw := b.Bank.InitPayout(ctx, key, body)
	if a.Err != "" || a.HTTP >= 500 {
		return protocol.Answer{}, protocol.Raw{}
	}
	return a, raw
}

// hasty asks the bank while the intent is being written, before its commit; the call that the dispatcher makes later brings what was answered then.
type hasty struct {
	app.Tx
	w *world
}

type early struct {
	a   protocol.Answer
	raw protocol.Raw
}

func (t hasty) AddAttempt(at app.Attempt) error {
	if err := t.Tx.AddAttempt(at); err != nil {
		return err
	}
	code, body, cut := t.w.ask("/api/v1/session/init/payout", at.Key, at.Body)
	e := early{a: bank131.ParseAnswer(body), raw: protocol.Raw{HTTP: code, Body: body}}
	e.a.GotConn, e.a.HTTP = true, code
	if cut {
		e = early{a: protocol.Answer{GotConn: true, Err: bank131.ErrCut}}
	}
	t.w.early[at.Key] = e
	// The order that a claim which is put back had is known to the judge all the same.
	t.w.orders[at.Reference] = &asked{payout: string(at.Payout)}
	return nil
}

type hastyBank struct {
	dispatch.Bank
	w *world
}

func (b hastyBank) InitPayout(_ context.Context, key string, _ []byte) (protocol.Answer, protocol.Raw) {
	e, ok := b.w.early[key]
	if !ok {
		return protocol.Answer{GotConn: true, HTTP: http.StatusBadGateway}, protocol.Raw{}
	}
	return e.a, e.raw
}

// TestSim_Controls: the simulation sees what it is there for. A dispatcher that asks again after a time-out (in another session where there are sessions), one that takes no answer for "not sent", and one that asks before its
// intent is committed are each caught within 60 seeds, by a payout that was paid twice. Without them the same seeds find nothing. Promise 25.
func TestSim_Controls(t *testing.T) {
	const most = 60
	for name, bad := range map[string]struct {
		flow string
		faulty
	}{
		"naive retry":           {single, faulty{bank: func(w *world, b dispatch.Bank) dispatch.Bank { return naive{b, w} }}},
		"naive retry, stepwise": {auto, faulty{bank: func(w *world, b dispatch.Bank) dispatch.Bank { return restless{b, w} }}},
		"unknown is ignored":    {single, faulty{bank: func(w *world, b dispatch.Bank) dispatch.Bank { return forgetful{b, w} }}},
		"send before commit": {single, faulty{bank: func(w *world, b dispatch.Bank) dispatch.Bank { return hastyBank{b, w} },
			tx: func(w *world, tx app.Tx) app.Tx { return hasty{tx, w} }}},
	} {
		t.Run(name, func(t *testing.T) {
			n, twice := 0, ""
			for seed := uint64(1); seed <= most && twice == ""; seed++ {
				told, _, _ := run(seed, bad.flow, bad.faulty)
				n++
				for _, line := range told {
					if strings.Contains(line, "was paid") || strings.Contains(line, "the bank paid") {
						twice = line
					}
				}
			}
			if twice == "" {
				t.Fatalf("not caught in %d seeds: the simulation is blind", most)
			}
			t.Logf("caught by seed %d: %s", n, twice)
		})
	}
}
