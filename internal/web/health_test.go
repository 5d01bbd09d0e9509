package web

import (
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
)

// TestHealth: auditors and administrators see the state of the desk, a stop among it; /readyz stays ready while sending is stopped, and says in one
// word why it is not when the database is gone.
func TestHealth(t *testing.T) {
	b := newBench(t)
	if _, err := b.App.LookNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.App.Halt(t.Context(), b.Who["a1"], "a reason that is long enough"); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"u1", "d1"} {
		body := b.as(who).get("/health").Body.String()
		for _, want := range []string{`data-check="look" data-state="ok"`, `data-check="sending" data-state="warn"`, `data-check="disk"`, `data-check="anchor"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not see %s", who, want)
			}
		}
	}
	if w := b.web.ready(t.Context()); w != "" {
		t.Errorf("a stopped desk is not ready: %s", w)
	}
	// Copies of the database that fail are told to auditors and administrators on every page and at /health; the desk stays ready.
	now := b.Clock.Now()
	for _, c := range []struct {
		state   app.BackupState
		line    string
		trouble bool
	}{
		{app.BackupState{On: true, Since: now, Every: time.Minute}, `data-check="backups" data-state="ok"`, false},
		{app.BackupState{On: true, Since: now.Add(-3 * time.Minute), Every: time.Minute}, `data-check="backups" data-state="warn"`, true},
		{app.BackupState{On: true, Since: now.Add(-time.Hour), Every: time.Minute, LastGood: now.Add(-2 * time.Minute)}, `data-check="backups" data-state="ok"`, false},
		{app.BackupState{On: true, Since: now.Add(-time.Hour), Every: time.Minute, LastGood: now.Add(-121 * time.Second)}, `data-check="backups" data-state="warn"`, true},
		{app.BackupState{On: true, Since: now, Every: time.Minute, LastGood: now, LastError: "no space", FailedAt: now}, `data-check="backups" data-state="warn"`, true},
		{app.BackupState{Since: now.Add(-time.Hour)}, `data-check="look"`, false},
	} {
		b.App.NoteBackup(c.state)
		body := b.as("d1").get("/health").Body.String()
		if !strings.Contains(body, c.line) || strings.Contains(body, `id="bar-copies"`) != c.trouble {
			t.Errorf("%+v: want %s, a bar: %v", c.state, c.line, c.trouble)
		}
		if strings.Contains(b.as("m1").get("/payouts").Body.String(), `id="bar-copies"`) {
			t.Error("a maker is told of copies")
		}
		if w := b.web.ready(t.Context()); w != "" {
			t.Errorf("copies fail and the desk calls itself %s", w)
		}
	}
	b.Store.Close()
	if w := b.web.ready(t.Context()); w != "database" {
		t.Errorf("without its database it is %q", w)
	}
}
