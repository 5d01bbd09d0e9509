package main

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"countersign/internal/bankdetails"
	"countersign/internal/failpoint"
)

// hurtable is the real program built with the tag failpoint.
var hurtable = sync.OnceValues(func() (string, error) {
	path, err := binary()
	if err != nil {
		return "", err
	}
	path += "-failpoint" // removed with the other's folder
	out, err := exec.Command("go", "build", "-tags", "failpoint", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// life is one process of the tagged program.
type life struct {
	cmd   *exec.Cmd
	err   *lockedBuffer
	ready chan struct{} // closed once it answers
	ended chan struct{} // closed once it is gone
}

// hurt starts the tagged program; it may be gone before it is ready.
func hurt(t testing.TB, env []string, args ...string) *life {
	t.Helper()
	path, err := hurtable()
	if err != nil {
		t.Fatal(err)
	}
	l := &life{cmd: exec.Command(path, args...), err: &lockedBuffer{}, ready: make(chan struct{}), ended: make(chan struct{})}
	l.cmd.Env = append(os.Environ(), env...)
	l.cmd.Stderr = l.err
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.kill)
	go func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			if s.Text() == "ready" {
				close(l.ready)
				break
			}
		}
		io.Copy(io.Discard, out)
		l.cmd.Wait()
		close(l.ended)
	}()
	return l
}

func (l *life) kill() {
	l.cmd.Process.Kill()
	<-l.ended
}

// rows reads the firm's database beside the running desk.
func (f *firm) rows(query string, each func(*sql.Rows) error) {
	f.t.Helper()
	db, err := sql.Open("sqlite", "file:"+f.db()+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		f.t.Fatal(err)
	}
	defer db.Close()
	rs, err := db.Query(query)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rs.Close()
	for rs.Next() {
		if err := each(rs); err != nil {
			f.t.Fatal(err)
		}
	}
	if err := rs.Err(); err != nil {
		f.t.Fatal(err)
	}
}

// believed is what the desk believes about one payout.
type believed struct {
	id, state, why string
	amount         int64
}

// beliefs are the desk's payouts by reference, and how many have none.
func (f *firm) beliefs() map[string]believed {
	out := map[string]believed{}
	f.rows("SELECT id, state, why, amount_minor, reference FROM payout WHERE reference IS NOT NULL", func(r *sql.Rows) error {
		var b believed
		var ref string
		if err := r.Scan(&b.id, &b.state, &b.why, &b.amount, &ref); err != nil {
			return err
		}
		out[ref] = b
		return nil
	})
	return out
}

var changeDigest = regexp.MustCompile(`name="digest" value="([0-9a-f]{64})"`)

// crew are the people of a firm, signed in once; their cookies outlive the desk.
type crew struct{ maker, approver, second, admin, other *browser }

func (f *firm) crew() *crew {
	return &crew{f.signIn("m@firm.test"), f.signIn("a@firm.test"), f.signIn("b@firm.test"), f.signIn("x@firm.test"), f.signIn("y@firm.test")}
}

// stopAndGo stops sending and lets two others resume it.
func (c *crew) stopAndGo() error {
	if _, _, _, err := c.approver.post("/halt", url.Values{"reason": {"проверка"}}); err != nil {
		return err
	}
	return c.resume()
}

func (c *crew) resume() error {
	for _, b := range []*browser{c.second, c.admin, c.other} {
		if _, _, _, err := b.post("/halt/release", url.Values{}); err != nil {
			return err
		}
	}
	return nil
}

var payeeField = regexp.MustCompile(`name="payee" value="([^"]+)"`)

// savePayee proposes a payee and has it accepted.
func (c *crew) savePayee(n int) error {
	_, page, err := c.maker.get("/payees/new")
	if err != nil {
		return err
	}
	m := payeeField.FindStringSubmatch(page)
	if m == nil {
		return errors.New("the payee's form has no id")
	}
	bik := "044525974"
	form := url.Values{"payee": {m[1]}, "version": {"0"}, "kind": {"person"}, "full_name": {fmt.Sprintf("Сидоров Пётр %s", strings.Repeat("Ъ", 1+n%40))}, "do": {"submit"},
		"description": {"Оплата по договору № 7. НДС не облагается"}, "bik-1": {bik}, "account-1": {bankdetails.WithAccountKey(bik, fmt.Sprintf("408178109%011d", n))}}
	code, _, body, err := c.maker.post("/payees", form)
	if err != nil {
		return err
	}
	if code != http.StatusSeeOther {
		return fmt.Errorf("payee: %d\n%s", code, cutText(body))
	}
	link := "/changes/payee/" + m[1]
	for _, b := range []*browser{c.approver, c.second} {
		_, body, err := b.get(link)
		if err != nil {
			return err
		}
		if d := changeDigest.FindStringSubmatch(body); d != nil {
			if code, _, body, err := b.post(link+"/approve", url.Values{"digest": {d[1]}}); err != nil {
				return err
			} else if code != http.StatusSeeOther {
				return fmt.Errorf("accept payee: %d\n%s", code, cutText(body))
			}
		}
	}
	return nil
}

// TestTorture kills the desk with SIGKILL at each named step of internal/failpoint, with a bank of random moods, and starts it again. Afterwards, by the bank's own
// ledger: nothing was asked for twice (a flow's start) or executed twice but what row 77 does by itself, every reference the bank knows is a payout of the
// desk's, nothing that was executed is believed unpaid, and nothing that nobody asked for is believed paid. The history proves every row. TORTURE=n makes n
// kills instead of one per step. Promises I1, I4, I5, I7.
func TestTorture(t *testing.T) {
	t.Parallel()
	for _, flow := range []string{"single", "stepwise"} {
		t.Run(flow, func(t *testing.T) {
			t.Parallel()
			torture(t, flow)
		})
	}
}

func torture(t *testing.T, flow string) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("TORTURE_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	long, _ := strconv.Atoi(os.Getenv("TORTURE"))
	var steps []string
	for _, s := range failpoint.Names {
		if !strings.HasPrefix(s, "backup.") && !strings.HasPrefix(s, "restore.") {
			steps = append(steps, s)
		}
	}
	steps = stepsOf(r, steps, long, flow)

	var extra []string
	if flow == "stepwise" {
		extra = []string{"--bank-flow", flow, "--bank-confirm", "required"}
	}
	f := newFirm(t, "30ms", extra...)
	if flow == "stepwise" {
		f.bankArgs = append(f.bankArgs, "--confirm", "required", "--on", []string{"start", "confirm"}[r.IntN(2)])
	}
	bank := f.startBank()
	first := f.startDesk()
	c := f.crew()
	first.stop(syscall.SIGTERM)
	calm := []int64{0, 1, 51, 52, 53, 54, 60, 62, 63, 64, 65, 67, 68, 75, 76, 78}
	wild := []int64{55, 56, 57, 58, 59, 69, 70, 71, 72, 73, 77}
	var n atomic.Int64
	hits, missed := map[string]int{}, map[string]int{}
	begun := time.Now()
	for _, step := range steps {
		nth := 1 + r.IntN(3)
		if long == 0 || strings.HasPrefix(step, "start.") || strings.HasPrefix(step, "recover.") { // those are passed once in a life
			nth = 1
		}
		l := hurt(t, []string{fmt.Sprintf("FAILPOINT=%s:%d", step, nth)}, f.serveArgs...)
		select {
		case <-l.ready:
		case <-l.ended:
		case <-time.After(60 * time.Second):
			t.Fatalf("%s: not ready\n%s", step, l.err)
		}
		wildOne := r.IntN(4) == 0
		var feeding sync.WaitGroup
		feeding.Go(func() {
			defer func() { _ = recover() }()
			// The life before may have ended between a stop and its release: nothing would be sent in this one.
			if err := c.resume(); err != nil && !gone(l) {
				missed["error: "+cutText(err.Error())]++
			}
			for turn := 0; turn < 40; turn++ {
				select {
				case <-l.ended:
					return
				default:
				}
				i := int(n.Add(1))
				k := calm[i%len(calm)]
				if wildOne && turn == 1 {
					k = wild[i%len(wild)]
				}
				path, err := c.maker.enter(entry(i, int64(1000+i)*100+k))
				if err == nil {
					err = c.approver.approve(path)
				}
				switch {
				case strings.HasPrefix(step, "halt."), strings.HasPrefix(step, "release."):
					err = errors.Join(err, c.stopAndGo())
				case strings.HasPrefix(step, "effect."):
					err = errors.Join(err, c.savePayee(i))
				}
				if err != nil && !gone(l) {
					missed["error: "+cutText(err.Error())]++
				}
			}
		})
		select {
		case <-l.ended:
		case <-time.After(5 * time.Second):
		}
		l.kill()
		feeding.Wait()
		if strings.Contains(l.err.String(), "failpoint "+step) {
			hits[step]++
		} else {
			missed[step]++
		}
		if s := l.err.String(); strings.Contains(s, "panic:") {
			t.Errorf("%s: %s", step, s)
		}
	}
	killing := time.Since(begun)
	f.startDesk()
	if err := c.resume(); err != nil {
		t.Error(err)
	}
	var book map[string]ledgerEntry
	rest := 3 * time.Minute
	if long > 0 {
		rest = 12 * time.Minute // what the bank keeps cutting off goes once a minute (internal/dispatch), and many lives leave many such
	}
	until(t, rest, "everything to come to rest", func() (bool, error) {
		book = ledger(t, bank.url("bank"))
		for ref, b := range f.beliefs() {
			if e := book[ref]; b.state == "sending" || b.state == "in_progress" || !settled(seen{state: b.state}, e) {
				return false, fmt.Errorf("%s %+v %+v", ref, b, e)
			}
		}
		return true, nil
	})
	known := f.beliefs()
	count := map[string]int{}
	for ref, e := range book {
		b, is := known[ref]
		if !is {
			t.Errorf("the bank knows %s, the desk does not", ref)
			continue
		}
		count[b.state]++
		row77 := e.Amount%100 == 77
		if e.Executed > 1 && !row77 {
			t.Errorf("%s %+v was executed %d times", ref, b, e.Executed)
		}
		if e.Requests > 1 && (flow == "single") {
			t.Errorf("%s %+v was asked for %d times", ref, b, e.Requests)
		}
		if e.Amount != b.amount {
			t.Errorf("%s: the bank was asked for %d, the desk means %d", ref, e.Amount, b.amount)
		}
		switch b.state {
		case "succeeded", "returned":
			if e.Executed == 0 {
				t.Errorf("%s is %s, the bank executed nothing", ref, b.state)
			}
		case "failed", "draft", "pending_approval", "approved", "cancelled", "rejected":
			if e.Executed != 0 {
				t.Errorf("%s is %s, the bank executed it: lost", ref, b.state)
			}
		}
	}
	for ref, b := range known {
		if _, is := book[ref]; !is && (b.state == "succeeded" || b.state == "returned" || b.state == "failed" && b.why == "") {
			t.Errorf("%s is %s, the bank never heard of it", ref, b.state)
		}
	}
	total := 0
	for _, n := range hits {
		total += n
	}
	t.Logf("%s: %d kills at %d steps in %s, %d references at the bank: %v", flow, total, len(hits), killing.Round(time.Second), len(book), count)
	if len(missed) > 0 {
		t.Logf("not reached in its life, killed from outside instead: %v", missed)
	}
	if min := len(steps) * 3 / 5; total < min || long > 0 && len(hits) < 25 {
		t.Errorf("only %d of %d lives ended at their step, %d steps: the rig does not reach them", total, len(steps), len(hits))
	}
	if len(book) == 0 {
		t.Error("the bank was asked for nothing: the rig is blind")
	}
	if code, out, errs := command(t, "audit", "verify", "--db", f.db(), "--anchor", f.anchor()); code != 0 {
		t.Errorf("audit verify: exit %d: %s%s", code, out, errs)
	}
}

// stepsOf says which steps are killed at: each once, half of them by each flow, or n at random in the long form.
func stepsOf(r *rand.Rand, steps []string, long int, flow string) []string {
	steps = slices.Clone(steps)
	r.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	if long > 0 {
		var out []string
		for len(out) < long {
			out = append(out, steps...)
		}
		return out[:long]
	}
	if flow == "stepwise" { // the money's own steps; the other flow has them all
		return slices.DeleteFunc(steps, func(s string) bool {
			return !slices.Contains([]string{"claim.committed", "anchor.after", "request.before", "request.after", "answer.inside", "answer.committed", "fetched.committed", "commit.signed"}, s)
		})
	}
	return slices.DeleteFunc(steps, func(s string) bool { // 25 in all
		return slices.Contains([]string{"start.opened", "enter.inside", "enter.committed", "approve.inside", "commit.begun", "commit.hashed", "claim.measured", "poll.due", "recover.done", "halt.inside",
			"release.committed", "effect.committed", "apply.inside", "anchor.written", "webhook.read", "fetched.inside", "claim.inside"}, s)
	})
}

func gone(l *life) bool {
	select {
	case <-l.ended:
		return true
	case <-time.After(200 * time.Millisecond): // the answer was cut before the end was seen
	}
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// TestTortureCopies kills backup and restore at each of their steps: the desk's own database is what it was, and whatever stands where a database was to be
// restored starts in quarantine. Promises I9, 12.
func TestTortureCopies(t *testing.T) {
	t.Parallel()
	f := newFirm(t, "30ms")
	f.startBank()
	desk := f.startDesk()
	maker, approver := f.signIn("m@firm.test"), f.signIn("a@firm.test")
	path, err := maker.enter(entry(1, 100_00))
	if err != nil {
		t.Fatal(err)
	}
	if err := approver.approve(path); err != nil {
		t.Fatal(err)
	}
	until(t, 20*time.Second, "the payout to be paid", func() (bool, error) {
		s, err := maker.payout(path)
		return s.state == "succeeded", err
	})
	good := filepath.Join(f.dir, "good.db")
	ok(t, "backup", "--db", f.db(), "--out", good)
	for _, step := range failpoint.Names {
		var args []string
		out := filepath.Join(f.dir, "at-"+step, "copy.db")
		switch {
		case strings.HasPrefix(step, "backup."):
			if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
				t.Fatal(err)
			}
			args = []string{"backup", "--db", f.db(), "--out", out}
		case strings.HasPrefix(step, "restore."):
			args = []string{"restore", "--from", good, "--db", out, "--history-key-file", filepath.Join(f.dir, "keys", "history.pem")}
		default:
			continue
		}
		l := hurt(t, []string{"FAILPOINT=" + step}, args...)
		select {
		case <-l.ended:
		case <-time.After(60 * time.Second):
			t.Fatalf("%s: still running", step)
		}
		if !strings.Contains(l.err.String(), "failpoint "+step) {
			t.Errorf("%s was not reached: %s", step, l.err)
		}
		if _, err := os.Stat(out); err != nil || !strings.HasPrefix(step, "restore.") {
			continue // nothing there, or a copy that only restore makes a database of
		}
		db, err := sql.Open("sqlite", "file:"+out+"?mode=ro")
		if err != nil {
			t.Fatal(err)
		}
		var mark string
		if err := db.QueryRow("SELECT value FROM meta WHERE name = 'restored'").Scan(&mark); err != nil || mark == "" {
			t.Errorf("%s: a copy without its mark stands where a desk would open it: %q %v", step, mark, err)
		}
		db.Close()
	}
	desk.stop(syscall.SIGTERM)
	if code, out, errs := command(t, "audit", "verify", "--db", f.db(), "--anchor", f.anchor()); code != 0 {
		t.Errorf("audit verify: exit %d: %s%s", code, out, errs)
	}
}
