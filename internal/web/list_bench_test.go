package web

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/live"
	"countersign/web/templates"
)

// rowsOf is how many payouts the large list holds: a million in `make bench`.
func rowsOf(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("BENCH_ROWS"))
	if err != nil {
		return 20_000
	}
	return n
}

// site1 is a desk with its pages, for measuring: signed in as one person.
type site1 struct {
	*desktest.Desk
	web    *Web
	h      http.Handler
	cookie string
}

func newSite(b *testing.B, d *desktest.Desk, who string) *site1 {
	b.Helper()
	head, err := d.Store.DeskRows(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	w, err := New(Options{App: d.App, Hub: live.New(live.Options{Start: head.Seq, PerKey: 6000, Streams: 6000}), Now: d.Clock.Now, SessionKey: []byte("0123456789abcdef0123456789abcdef"), PublicURL: site})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(w.Close)
	d.App.Notify = w
	acc, _, err := d.Store.AccountByEmail(b.Context(), d.Who[who].Email)
	if err != nil {
		b.Fatal(err)
	}
	token, _, err := d.App.SignIn(b.Context(), acc, app.Door{Agent: "bench", IP: "127.0.0.1"}, "")
	if err != nil {
		b.Fatal(err)
	}
	return &site1{Desk: d, web: w, h: w.Handler(), cookie: cookieName + "=" + token}
}

// sink takes an answer and keeps its size.
type sink struct {
	head http.Header
	code int
	n    int
}

func (s *sink) Header() http.Header         { return s.head }
func (s *sink) WriteHeader(code int)        { s.code = code }
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

func (s *site1) request(path string) *http.Request {
	q := httptest.NewRequest("GET", site+path, nil)
	q.RemoteAddr = "127.0.0.1:4000"
	q.Header.Set("Accept-Language", "ru")
	q.Header.Set("Cookie", s.cookie)
	return q
}

func (s *site1) get(b *testing.B, path string) {
	rec := &sink{head: http.Header{}, code: 200}
	s.h.ServeHTTP(rec, s.request(path))
	if rec.code != 200 || rec.n < 1000 {
		b.Fatalf("GET %s: %d, %d bytes", path, rec.code, rec.n)
	}
}

// templ is the component that answers a path, filled in.
func (s *site1) templ(b *testing.B, path string) func() {
	c := s.web.echo.NewContext(s.request(path), httptest.NewRecorder())
	r := s.web.newReq(c, route{"GET", "/payouts", app.ReadSums, page, (*Web).payouts})
	if err := s.web.identify(r); err != nil || r.me == nil {
		b.Fatal("not signed in", err)
	}
	p, v, err := s.web.listPage(r, r.parseList())
	if err != nil {
		b.Fatal(err)
	}
	var buf bytes.Buffer
	return func() {
		buf.Reset()
		if err := templates.Payouts(p, v).Render(b.Context(), &buf); err != nil {
			b.Fatal(err)
		}
	}
}

// timed runs f n times: the median in microseconds and the processor time of one.
func timed(n int, f func()) (p50, cpu float64) {
	took := make([]time.Duration, n)
	used := desktest.CPU()
	for i := range took {
		began := time.Now()
		f()
		took[i] = time.Since(began)
	}
	used = desktest.CPU() - used
	slices.Sort(took)
	return float64(took[n/2].Nanoseconds()) / 1000, float64(used.Nanoseconds()) / 1000 / float64(n)
}

func middle(f []float64) float64 { return slices.Sorted(slices.Values(f))[len(f)/2] }

// BenchmarkList asks for pages of the list over BENCH_ROWS payouts, through the whole handler with sign-in and roles, and fills in the same page's
// component alone beside it; then a search, and the whole list as a file.
func BenchmarkList(b *testing.B) {
	n := rowsOf(b)
	small, large := desktest.New(b), desktest.New(b)
	small.Fill(min(n, 10_000))
	began := time.Now()
	large.Fill(n)
	b.Logf("%d rows made in %.0f s", n, time.Since(began).Seconds())
	s, l := newSite(b, small, "a1"), newSite(b, large, "a1")
	size := strconv.Itoa(n)
	like, _ := timed(3, func() { l.get(b, "/payouts?q=ербак+Анатол+Львов") }) // the index is being built
	began = time.Now()
	for range 6000 {
		if n < 10_000 || small.Store.Searchable() && large.Store.Searchable() {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if large.Store.Searchable() {
		desktest.Figure(b, 37, "search index of "+size+": made behind the desk's back", time.Since(began).Seconds(), "s/index", "56 (ref)")
		if st, err := os.Stat(large.DB() + ".search"); err == nil {
			desktest.Figure(b, 38, "  its size", float64(st.Size())/(1<<20), "index-MB", "413 (ref)")
		}
	}
	desktest.Figure(b, 36, "  the first one without the index (LIKE)", like/1000, "like-ms", "855 (ref)")

	// side measures handler and component by turns, so that what else the machine does falls on both.
	side := func(b *testing.B, s *site1, path string) (p50, cpu, ratio float64) {
		render := s.templ(b, path)
		s.get(b, path)
		var a, c, t []float64
		for range 7 {
			p, used := timed(60, func() { s.get(b, path) })
			_, alone := timed(60, render)
			a, c, t = append(a, p), append(c, used), append(t, used/alone)
		}
		return middle(a), middle(c), middle(t)
	}
	page := func(name, path string, rank int, title string) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p50, cpu, ratio := side(b, l, path)
				desktest.Figure(b, rank, title+" of "+size, p50/1000, "p50-ms", "<= 0.68 (1.3 x ref)")
				desktest.Figure(b, rank+1, "  processor time a request", cpu, "cpu-us/request", "")
				desktest.Figure(b, rank+2, "  handler : its templ alone", ratio, "x-templ", "<= 2.6")
			}
		})
	}
	page("all", "/payouts", 20, "list page")
	page("state", "/payouts?tab=paid", 23, "list page by state")
	b.Run("growth", func(b *testing.B) {
		for b.Loop() {
			var g []float64
			for range 9 {
				x, _ := timed(50, func() { s.get(b, "/payouts?tab=paid") })
				y, _ := timed(50, func() { l.get(b, "/payouts?tab=paid") })
				g = append(g, y/x)
			}
			desktest.Figure(b, 26, "  growth of p50 from 10,000 to "+size, middle(g), "x-growth", "<= 1.15")
		}
	})
	for i, c := range []struct{ name, title, q string }{
		{"name", "part of a surname and a name, " + size, "ербак+Анатол+Львов"}, {"surname", "  part of a surname alone", "гаврентск"}, {"contract", "  part of a contract number", "4567"}, {"nothing", "  what nobody has", "щукинъ"}, {"number", "  a payout's number", "No+500123"}} {
		b.Run("search/"+c.name, func(b *testing.B) {
			for b.Loop() {
				p50, _ := timed(15, func() { l.get(b, "/payouts?q="+c.q) })
				desktest.Figure(b, 30+i, "search: "+c.title, p50/1000, "p50-ms", []string{"<= 10 (LIKE: 855)", "", "", "", ""}[i])
			}
		})
	}
	b.Run("csv", func(b *testing.B) { csvFigures(b, l, n) })
}

// csvFigures fetches the whole list as a file over HTTP, beside the sqlite3 shell that writes the same columns.
func csvFigures(b *testing.B, s *site1, n int) {
	srv := NewServer(s.h)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = srv.Serve(ln) }() // ends with Close
	defer srv.Close()
	copied := filepath.Join(b.TempDir(), "copy.db") // for the shell; now, so that what it reads and what we read are alike in the system's memory
	if out, err := exec.Command("cp", s.DB(), copied).CombinedOutput(); err != nil {
		b.Fatalf("%v %s", err, out)
	}
	for b.Loop() {
		debug.FreeOSMemory()
		before := resident()
		stop, peak := watchMemory()
		began := time.Now()
		q := s.request("/payouts?format=csv")
		q.RequestURI, q.URL.Host, q.URL.Scheme, q.Host = "", ln.Addr().String(), "http", "localhost:8131"
		res, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			b.Fatal(err)
		}
		in := bufio.NewReaderSize(res.Body, 64<<10)
		if _, err := in.ReadByte(); err != nil {
			b.Fatal(err)
		}
		first, lines := time.Since(began), 0
		for {
			line, err := in.ReadSlice('\n')
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if len(line) > 0 {
				lines++
			}
		}
		took := time.Since(began)
		res.Body.Close()
		close(stop)
		if lines != n+1 {
			b.Fatalf("%d lines of %d", lines, n+1)
		}
		size := strconv.Itoa(n)
		desktest.Figure(b, 40, "CSV of "+size+" rows over HTTP", took.Seconds(), "s/file", "")
		desktest.Figure(b, 41, "  first byte", first.Seconds()*1000, "first-ms", "2 (ref)")
		desktest.Figure(b, 42, "  memory that it adds, at most", float64(<-peak-before)/(1<<20), "MB", "<= 64 with the rest")
		if shell, ok := shellCSV(b, copied); ok {
			desktest.Figure(b, 43, "  beside the sqlite3 shell", took.Seconds()/shell, "x-shell", "<= 1.5")
		} else {
			b.Log("no sqlite3 shell here: nothing to stand beside")
		}
	}
}

// shellCSV lets the sqlite3 shell write the same columns in the same order from a copy: an old shell must not touch a live database.
func shellCSV(b *testing.B, copied string) (seconds float64, ok bool) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		if shell = "/usr/bin/sqlite3"; exec.Command(shell, "-version").Run() != nil {
			return 0, false
		}
	}
	const query = `SELECT p.number, p.state, p.review, p.full_name, v.bik, '**' || substr(p.account, -4), v.inn, v.kpp, p.description, v.own_ref, v.note,
 replace(printf('%.2f', p.amount_minor / 100.0), '.', ','), replace(printf('%.2f', p.returned_minor / 100.0), '.', ','), p.maker_name,
 strftime('%d.%m.%Y %H:%M:%S', p.created_at / 1000000, 'unixepoch', '+3 hours'), strftime('%d.%m.%Y %H:%M:%S', p.changed_at / 1000000, 'unixepoch', '+3 hours'),
 strftime('%d.%m.%Y %H:%M:%S', p.sent_at / 1000000, 'unixepoch', '+3 hours'), COALESCE(p.reference, ''), COALESCE(p.session, '')
FROM payout p JOIN payout_version v ON v.payout_id = p.id AND v.version = p.version ORDER BY p.changed_at DESC, p.number DESC`
	cmd := exec.Command(shell, "-readonly", "-separator", ";", "-csv", copied, query)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	written, err := io.Copy(io.Discard, out)
	if err != nil || written == 0 {
		b.Fatal(written, err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began).Seconds(), true
}

// watchMemory samples what the process holds until stop is closed; peak is then the most.
func watchMemory() (stop chan struct{}, peak chan int64) {
	stop, peak = make(chan struct{}), make(chan int64, 1)
	go func() {
		most := resident()
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				most = max(most, resident())
			case <-stop:
				peak <- most
				return
			}
		}
	}()
	return stop, peak
}

// resident is the process's resident memory in bytes; 0 where there is no /proc.
func resident() int64 {
	f, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(f))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// live memory of the process after a collection.
func held() int64 {
	for range 5 { // a collection halves a stack that is too large: this is where they settle
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
