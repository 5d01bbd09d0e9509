package desktest

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// Figure reports one figure of a benchmark, and adds it with its aim to the table that `make bench` prints at its end. rank sorts the table.
func Figure(b *testing.B, rank int, what string, got float64, unit, aim string) {
	b.Helper()
	b.ReportMetric(got, unit)
	f := os.Getenv("BENCH_TABLE")
	if f == "" {
		return
	}
	w, err := os.OpenFile(f, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(b, err)
	_, err = fmt.Fprintf(w, "%03d\t%s\t%s %s\t%s\n", rank, what, trim(got), unit, aim)
	must(b, err)
	must(b, w.Close())
}

func trim(f float64) string {
	switch {
	case f >= 1000:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// CPU is the processor time that this process has used.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // RUSAGE_SELF is never refused
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
