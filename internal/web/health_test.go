package web

import (
	"strings"
	"testing"
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
	b.Store.Close()
	if w := b.web.ready(t.Context()); w != "database" {
		t.Errorf("without its database it is %q", w)
	}
}
