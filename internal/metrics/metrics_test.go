package metrics_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/metrics"
)

type still struct {
	down   error
	copies app.BackupState
}

var now = time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)

func (s still) Vitals(context.Context) (app.Vitals, error) {
	return app.Vitals{At: now, States: map[string]app.Counter{"state:unknown": {N: 2, Sum: 300}}, Messages: 5}, s.down
}
func (s still) Desk(context.Context) (app.DeskState, error) {
	return app.DeskState{Halt: &app.HaltRow{}}, nil
}
func (s still) Backups() app.BackupState { return s.copies }
func (s still) LastLook() (last, whole app.Look) {
	return app.Look{Found: make([]app.Finding, 3)}, app.Look{}
}

// TestMetrics: a scrape tells how the desk stands and counts what came; without its database it says so and nothing else.
func TestMetrics(t *testing.T) {
	get := func(m *metrics.Metrics) string {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Body.String()
	}
	m := metrics.New(still{}, func() int { return 4 }, "v1")
	h := m.Webhooks(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	m.Answered("init", 503)
	m.Answered("status", 0)
	out := get(m)
	for _, want := range []string{`countersign_payouts{state="unknown"} 2`, `countersign_payouts_kopecks{state="unknown"} 300`, `countersign_backlog{what="messages"} 5`, "countersign_sending_stopped 1",
		"countersign_invariants_broken 3", "countersign_streams 4", `countersign_webhooks_total{result="refused"} 1`, `countersign_bank_answers_total{call="init",class="5xx"} 1`,
		`countersign_bank_answers_total{call="status",class="none"} 1`, "countersign_up 1", "go_goroutines", `countersign_build_info{version="v1"} 1`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s", want)
		}
	}
	if !strings.Contains(out, "countersign_backup_scheduled 0") || strings.Contains(out, "countersign_backup_age") {
		t.Error("no copies are made, and their age is told")
	}
	made := app.BackupState{On: true, Since: now.Add(-time.Hour), Every: 15 * time.Minute}
	for age, s := range map[string]app.BackupState{"3600": made, "90": {On: true, Since: made.Since, Every: made.Every, LastGood: now.Add(-90 * time.Second), Bytes: 4096, Failures: 2}} {
		out := get(metrics.New(still{copies: s}, func() int { return 0 }, "v1"))
		for _, want := range []string{"countersign_backup_scheduled 1", "countersign_backup_age_seconds " + age, fmt.Sprintf("countersign_backup_bytes %d", s.Bytes),
			"# TYPE countersign_backup_failures_total counter", fmt.Sprintf("countersign_backup_failures_total %d", s.Failures)} {
			if !strings.Contains(out, want) {
				t.Errorf("no %s", want)
			}
		}
	}
	if out := get(metrics.New(still{down: context.Canceled}, func() int { return 0 }, "v1")); !strings.Contains(out, "countersign_up 0") || strings.Contains(out, "countersign_payouts{") {
		t.Error("a desk without its database tells numbers")
	}
}
