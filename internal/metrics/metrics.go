// Package metrics tells Prometheus how the desk stands: counts, sums and ages, never a personal value, and no label whose values are not a short list
// in this code. It reads the use cases when it is asked and keeps nothing but two counters.
package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"countersign/internal/app"
	"countersign/internal/payout"
)

// scrape bounds one reading of the desk.
const scrape = 5 * time.Second

// Desk is what the numbers are read from.
type Desk interface {
	Vitals(ctx context.Context) (app.Vitals, error)
	Desk(ctx context.Context) (app.DeskState, error)
	LastLook() (last, whole app.Look)
	Backups() app.BackupState
}

// Metrics is a registry of its own. Safe for many goroutines.
type Metrics struct {
	desk     Desk
	streams  func() int
	registry *prometheus.Registry
	webhooks *prometheus.CounterVec
	answers  *prometheus.CounterVec
}

// New makes the registry. streams counts the open streams of pages.
func New(desk Desk, streams func() int, version string) *Metrics {
	m := &Metrics{desk: desk, streams: streams, registry: prometheus.NewRegistry(),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "countersign_webhooks_total", Help: "Webhooks by how they were answered."}, []string{"result"}),
		answers:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "countersign_bank_answers_total", Help: "Calls to the bank by class of answer."}, []string{"call", "class"})}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "countersign_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build, m.webhooks, m.answers, m)
	return m
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 2 * scrape})
}

// Webhooks counts what the intake answers.
func (m *Metrics) Webhooks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &coded{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(c, r)
		result := "refused"
		switch {
		case c.code == http.StatusOK:
			result = "accepted"
		case c.code >= 500:
			result = "not_stored"
		}
		m.webhooks.WithLabelValues(result).Inc()
	})
}

type coded struct {
	http.ResponseWriter
	code int
}

func (c *coded) WriteHeader(code int)        { c.code = code; c.ResponseWriter.WriteHeader(code) }
func (c *coded) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// Answered counts one answer of the bank: the HTTP code's class, or "none" when no whole answer came.
func (m *Metrics) Answered(call string, code int) {
	class := "none"
	if code >= 100 && code < 600 {
		class = string(rune('0'+code/100)) + "xx"
	}
	m.answers.WithLabelValues(call, class).Inc()
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("countersign_"+name, help, labels, nil)
}

var (
	up          = gauge("up", "1 when the database answered this scrape.")
	payouts     = gauge("payouts", "Payouts by state.", "state")
	kopecks     = gauge("payouts_kopecks", "Their sums, kopecks.", "state")
	unknownAge  = gauge("unknown_oldest_seconds", "Age of the oldest unknown outcome; alarm above 1800.")
	flagged     = gauge("flagged", "Payouts that need a person's look.")
	backlog     = gauge("backlog", "What waits: messages to be applied, requests for their answer, questions that are late.", "what")
	backlogAge  = gauge("backlog_oldest_seconds", "Age of the oldest of them.", "what")
	bankDown    = gauge("bank_down", "1 while the breaker is open.")
	halted      = gauge("sending_stopped", "1 while sending is stopped.")
	quarantined = gauge("quarantine", "1 while the database is taken for a copy.")
	anchorAge   = gauge("anchor_age_seconds", "Age of the head in the anchor file.")
	dbBytes     = gauge("database_bytes", "Size of the database and of its WAL.", "file")
	diskFree    = gauge("disk_free_bytes", "What the disk has left; -1 when not known.")
	eventCount  = gauge("events", "Events in the history.")
	trouble     = gauge("store_failed", "1 when the last commit could not be stored.")
	lookAge     = gauge("look_age_seconds", "Age of the newest check of the invariants.")
	lookFound   = gauge("invariants_broken", "Findings of that check.")
	copies      = gauge("backup_scheduled", "1 where copies of the database are made on a schedule.")
	copyAge     = gauge("backup_age_seconds", "Age of the newest verified copy; while there is none, how long the schedule has waited for one.")
	copyBytes   = gauge("backup_bytes", "Size of the newest verified copy.")
	copyFails   = gauge("backup_failures_total", "Copies that could not be made or verified since the start.")
	sse         = gauge("streams", "Open streams of pages.")
	all         = []*prometheus.Desc{up, payouts, kopecks, unknownAge, flagged, backlog, backlogAge, bankDown, halted, quarantined, anchorAge, dbBytes, diskFree, eventCount, trouble,
		lookAge, lookFound, copies, copyAge, copyBytes, copyFails, sse}
)

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range all {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrape)
	defer cancel()
	put := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	put(sse, float64(m.streams()))
	v, err := m.desk.Vitals(ctx)
	d, derr := m.desk.Desk(ctx)
	if err != nil || derr != nil {
		put(up, 0)
		return
	}
	put(up, 1)
	age := func(at time.Time) float64 {
		if at.IsZero() {
			return 0
		}
		return max(0, v.At.Sub(at).Seconds())
	}
	flag := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	for _, s := range payout.States() {
		c := v.States["state:"+string(s)]
		put(payouts, float64(c.N), string(s))
		put(kopecks, float64(c.Sum), string(s))
	}
	put(unknownAge, age(v.UnknownOldest))
	put(flagged, float64(v.Flagged))
	for _, b := range []struct {
		what string
		n    int64
		at   time.Time
	}{{"messages", v.Messages, v.MessagesOldest}, {"requests", v.Requests, v.RequestsOldest}, {"questions", v.Questions, v.QuestionsOldest}} {
		put(backlog, float64(b.n), b.what)
		put(backlogAge, age(b.at), b.what)
	}
	put(bankDown, flag(d.BankDown))
	put(halted, flag(d.Halt != nil))
	put(quarantined, flag(d.Quarantine != ""))
	put(anchorAge, age(v.Anchored))
	put(dbBytes, float64(v.DB), "database")
	put(dbBytes, float64(v.WAL), "wal")
	put(diskFree, float64(v.Free))
	put(eventCount, float64(v.Seq))
	put(trouble, flag(v.Trouble != ""))
	last, _ := m.desk.LastLook()
	put(lookAge, age(last.At))
	put(lookFound, float64(len(last.Found)))
	b := m.desk.Backups()
	put(copies, flag(b.On))
	if b.On {
		put(copyAge, b.Age(v.At).Seconds())
		put(copyBytes, float64(b.Bytes))
		out <- prometheus.MustNewConstMetric(copyFails, prometheus.CounterValue, float64(b.Failures))
	}
}
