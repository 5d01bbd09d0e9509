package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"countersign/internal/dispatch"
	"countersign/internal/metrics"
	"countersign/internal/protocol"
	"countersign/internal/web"
)

// counted is the bank with its answers counted.
type counted struct {
	dispatch.Bank
	m *metrics.Metrics
}

func (c counted) InitPayout(ctx context.Context, key string, body []byte) (protocol.Answer, protocol.Raw) {
	a, raw := c.Bank.InitPayout(ctx, key, body)
	c.m.Answered("init", raw.HTTP)
	return a, raw
}

func (c counted) Step(ctx context.Context, call protocol.StepCall, key string, body []byte) (protocol.Answer, protocol.Raw) {
	a, raw := c.Bank.Step(ctx, call, key, body)
	c.m.Answered("step", raw.HTTP)
	return a, raw
}

func (c counted) Status(ctx context.Context, session string) (protocol.Fetch, protocol.Raw) {
	f, raw := c.Bank.Status(ctx, session)
	c.m.Answered("status", raw.HTTP)
	return f, raw
}

func (c counted) Balance(ctx context.Context, at time.Time) (protocol.Balance, protocol.Raw) {
	b, raw := c.Bank.Balance(ctx, at)
	c.m.Answered("balance", raw.HTTP)
	return b, raw
}

// serveMetrics answers scrapes on a listener of its own until ctx ends; it must not take the desk down with it.
func (d *desk) serveMetrics(ctx context.Context, ln net.Listener) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", d.metrics.Handler())
	srv := web.NewServer(mux)
	go func() {
		<-ctx.Done()
		srv.Close()
	}()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) && ctx.Err() == nil {
		d.Log.Error("metrics are not served any more", "error", err)
	}
}
