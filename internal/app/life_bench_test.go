package app_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/store"
)

// BenchmarkLife lives whole lives through the use cases and the pretend bank, each step of all of them at a time: entered and approved by 64 people at once,
// claimed, asked for and answered one after the other as the sender does, webhooks stored by 64 senders, applied and fetched one after the other as the
// workers do. Every step is committed with its flush. Then the history of it all is verified.
func BenchmarkLife(b *testing.B) {
	d := desktest.New(b)
	const lives = 500
	for b.Loop() {
		content := make([]payout.Content, lives)
		for i := range content {
			content[i] = d.Content(10_000)
		}
		began, used := time.Now(), desktest.CPU()
		ids := make([]payout.ID, lives)
		crowd(b, lives, func(i int) error {
			var err error
			if ids[i], err = d.App.Enter(b.Context(), d.Who["m1"], app.Entry{Form: fmt.Sprintf("life-%d-%d", began.UnixNano(), i), Content: content[i], Submit: true}); err != nil {
				return err
			}
			s, err := d.Store.PayoutByID(b.Context(), ids[i])
			if err != nil {
				return err
			}
			for _, who := range desktest.Signers(10_000) {
				if err := d.App.Approve(b.Context(), d.Who[who], ids[i], s.Digest, app.Proof{}); err != nil {
					return err
				}
			}
			return nil
		})
		entered := time.Now()
		d.Clock.Add(5 * time.Second)
		for range lives {
			if !d.Send() {
				b.Fatal("nothing could be claimed")
			}
		}
		sent := time.Now()
		d.Clock.Add(5 * time.Second)
		messages := d.Bank.Advance(d.Clock.Now())
		crowd(b, len(messages), func(i int) error {
			key, reason := d.Hooks().Verify(messages[i].Body, []string{messages[i].Signature})
			if reason != "" {
				return fmt.Errorf("signature %s", reason)
			}
			return d.App.StoreWebhook(b.Context(), messages[i].Body, key)
		})
		d.Apply()
		applied := time.Now()
		d.Poll()
		took := time.Since(began)
		cpu := desktest.CPU() - used
		for _, id := range ids {
			if s := d.Get(id); s.State != payout.Succeeded || !s.Confirmed {
				b.Fatalf("No %d is %s", s.Number, s.State)
			}
		}
		desktest.Figure(b, 60, "whole lives, entered to fetched", lives/took.Seconds(), "lives/s", "")
		desktest.Figure(b, 61, "  entered and approved", lives/entered.Sub(began).Seconds(), "approved/s", "")
		desktest.Figure(b, 62, "  claimed, asked, answered, one after the other", lives/sent.Sub(entered).Seconds(), "sent/s", "")
		desktest.Figure(b, 63, "  webhooks stored and applied", float64(len(messages))/applied.Sub(sent).Seconds(), "applied/s", "")
		desktest.Figure(b, 64, "  processor time a life, the bank's included", float64(cpu.Microseconds())/lives, "cpu-us/life", "")

		began = time.Now()
		r, err := store.Verify(b.Context(), d.DB(), audit.VerifierFor(d.Signer), nil)
		if err != nil || !r.OK() {
			b.Fatal(err, r.Reason)
		}
		desktest.Figure(b, 70, "audit verify", float64(r.Events)/time.Since(began).Seconds(), "events/s", "")
	}
}

// crowd does f n times from 64 goroutines.
func crowd(b *testing.B, n int, f func(int) error) {
	b.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := range next {
				if err := f(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}
