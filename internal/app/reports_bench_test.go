package app_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
)

// BenchmarkReconcile measures a day of 100,000 payouts: its report taken, and the three-way view of it, with the memory that the view takes beyond the desk.
func BenchmarkReconcile(b *testing.B) {
	rows := 100_000
	if n, err := strconv.Atoi(os.Getenv("RECON_ROWS")); err == nil && n > 0 {
		rows = n
	}
	d := desktest.New(b)
	d.Fill(rows)
	d.Clock.Add(48 * time.Hour)
	day := calendar.DayOf(d.Clock.Now()).Add(-1)
	d.Exec("INSERT INTO bank_day (payout_id, kind, n, day, minor, at) SELECT id, 'paid', 1, ?, amount_minor, changed_at FROM payout WHERE state IN ('succeeded', 'returned')", string(day))
	data := &strings.Builder{}
	data.WriteString(reportHead)
	found, err := d.SQL().Query("SELECT number, session, reference, amount_minor FROM payout WHERE state IN ('succeeded', 'returned') ORDER BY number")
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for found.Next() {
		var number, minor int64
		var session, ref string
		if err := found.Scan(&number, &session, &ref, &minor); err != nil {
			b.Fatal(err)
		}
		n++
		if n%1000 == 0 {
			minor++ // another sum now and then
		}
		data.WriteString(reportRow("po_"+session[3:], string(day), "Advice", session, ref, minor))
	}
	found.Close()
	b.ResetTimer()
	for range b.N {
		start := time.Now()
		if _, err := d.App.TakeReport(b.Context(), d.Who["m1"], "day.csv", string(day), []byte(data.String())); err != nil {
			b.Fatal(err)
		}
		took := time.Since(start)
		runtime.GC()
		var before, m runtime.MemStats
		runtime.ReadMemStats(&before)
		lines, peak := 0, uint64(0)
		start = time.Now()
		f, err := d.App.Day(b.Context(), day, func(app.DayLine) error {
			if lines++; lines%20_000 == 0 {
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
			}
			return nil
		})
		view := time.Since(start)
		if err != nil || !f.Agrees || lines != n || f.Paid[app.OtherSum].N != n/1000 {
			b.Fatalf("%v: %d lines of %d, %+v", err, lines, n, f)
		}
		what := fmt.Sprintf("a day of %d payouts: ", n)
		desktest.Figure(b, 60, what+"its report taken", took.Seconds(), "s", "")
		desktest.Figure(b, 61, what+"three-way view", view.Seconds(), "s", "<= 10 s")
		desktest.Figure(b, 62, what+"memory of the view", (float64(peak)-float64(before.HeapInuse))/(1<<20), "MB", "flat")
	}
}
