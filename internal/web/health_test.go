package web

import (
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/lang"
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
	// What the program around knows has its words in both languages.
	at := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	for _, c := range []app.Check{app.SeenClock(time.Time{}, at), app.SeenClock(at, time.Time{}), app.SeenClock(at, at.Add(2*time.Second)), app.SeenClock(at, at.Add(time.Hour)), {Name: "key", State: app.CheckOK, Line: "key.noend"}} {
		for _, tag := range []lang.Tag{lang.RU, lang.EN} {
			says := lang.For(tag).HealthLine(c.Line, c.N, c.Age, c.Text, c.Bytes)
			if says == "" || says == c.Line || strings.Contains(says, "{") || strings.HasSuffix(c.Line, ".seen") && !strings.Contains(says, "19.11.2026 12:00:00") {
				t.Errorf("%s: %q", c.Line, says)
			}
		}
	}
	b.App.Outside = func() []app.Check { return []app.Check{app.SeenClock(at, at.Add(time.Hour))} }
	if body := b.as("d1").get("/health").Body.String(); !strings.Contains(body, `data-check="clock" data-state="broken"`) {
		t.Error("the page does not tell of the clock")
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
