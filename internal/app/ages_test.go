package app_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
)

// TestUnknownAges: the age of an unknown outcome runs from when it became unknown, whatever was said since; from thirty minutes on it is an alarm, written to the log
// once. Issue 5, point 4.
func TestUnknownAges(t *testing.T) {
	d := desktest.New(t)
	var log bytes.Buffer
	d.App.Log = slog.New(slog.NewTextHandler(&log, nil))
	ages := func() app.UnknownAges {
		u, err := d.App.UnknownAges(t.Context())
		must(t, err)
		return u
	}
	if u := ages(); u != (app.UnknownAges{}) {
		t.Errorf("%+v", u)
	}
	first := unknown(t, d, 10_000_00) // a minute ago
	d.Clock.Add(28 * time.Minute)
	second := unknown(t, d, 20_000_00)
	settle := func() {
		_, err := d.App.SettleNext(t.Context())
		must(t, err)
	}
	settle()
	said := func() int { return strings.Count(log.String(), "unknown for too long") }
	if u := ages(); u.N != 2 || u.Late != 1 || u.Number != d.Get(first).Number || u.Minor != 30_001_42 || u.Oldest < 30*time.Minute || u.Oldest > 31*time.Minute || said() != 1 {
		t.Errorf("%+v, said %d times", u, said())
	}
	settle()
	d.Clock.Add(time.Hour)
	settle()
	settle()
	if said() != 2 {
		t.Errorf("two are late, said %d times:\n%s", said(), log.String())
	}
	if u := ages(); u.Late != 2 {
		t.Errorf("%+v", u)
	}
	rule(t, d, first, app.RuledPaid, app.BasisLetter)
	if u := ages(); u.N != 1 || u.Number != d.Get(second).Number {
		t.Errorf("%+v", u)
	}
}
