package banksim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// deliver posts one message that was taken from the schedule, and writes down how it went.
func (b *Bank) deliver(ctx context.Context, j *job) {
	if err := b.journal.sync(); err != nil { // nobody may hear of what could still be lost
		b.log.Error("message not posted", "err", err)
		b.mu.Lock()
		b.putOff(j, b.o.Now())
		b.mu.Unlock()
		return
	}
	status, err := b.post(ctx, j.Hook)
	if ctx.Err() != nil && b.ctx.Err() != nil {
		return // closing: it is still in the journal
	}
	b.log.Debug("message posted", "type", j.Hook.Type, "payout", j.Hook.Payout, "try", j.Hook.Tries+1, "status", status, "err", err)
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.kick()
	now := b.o.Now()
	over := status == http.StatusOK || j.Hook.WrongKey && err == nil
	if !over && now.Sub(j.Hook.First) > max(b.times(repeatEnd), repeatLeast) {
		b.log.Warn("message given up", "type", j.Hook.Type, "payout", j.Hook.Payout, "tries", j.Hook.Tries+1)
		over = true
	}
	err = b.update(now, func(t *tx) {
		if over {
			t.rec.Done = append(t.rec.Done, j.ID)
			return
		}
		gap := b.times(min(1<<min(j.Hook.Tries, 10), repeatMax))
		gap += time.Duration(b.rng.Int64N(int64(gap)/10 + 1))
		t.rec.Moves = append(t.rec.Moves, move{ID: j.ID, Due: now.Add(gap).UTC(), Tries: j.Hook.Tries + 1})
	})
	if err != nil {
		b.log.Error("delivery not written, posted again", "err", err)
		b.putOff(j, now)
	}
}

// post sends a message once. err is nil if any answer came.
func (b *Bank) post(ctx context.Context, h *hook) (status int, err error) {
	b.mu.Lock()
	url := b.hookTo
	b.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(h.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-PARTNER-SIGN", b.sign(h))
	res, err := b.o.Client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // only the status counts; reading lets the connection be kept
	return res.StatusCode, nil
}
