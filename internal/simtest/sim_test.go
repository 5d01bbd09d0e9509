package simtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store"
)

// endings are the rows of the pretend bank's table that a simulated payout may choose. Row 77 is the bank paying one order twice all by itself, which no
// desk can prevent: it is judged elsewhere. Row 74 pays and says that it did not know us: that is judged only with a bank that honours its keys.
var endings = []int64{0, 0, 0, 0, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 75, 76, 78}

// play runs one seed to its end and judges it.
func (w *world) play() {
	m := &w.mood
	bad := func(most int) int { return w.rnd.IntN(most + 1) }
	if w.rnd.IntN(10) > 0 { // one seed in ten meets a good network
		m.noConn, m.before, m.after, m.late, m.garbled = bad(15), bad(15), bad(20), bad(15), bad(10)
		m.down, m.stale, m.lag = bad(30), bad(30), bad(5)
		m.doubled, m.delayed = bad(40), bad(60)
		m.lost = []int{0, 10, 30, 100}[w.rnd.IntN(4)]
	}
	if w.rnd.IntN(4) > 0 {
		m.crash = bad(12)
	}
	if w.rnd.IntN(3) == 0 {
		m.disk = bad(10)
	}
	if w.rnd.IntN(3) == 0 {
		m.clock = bad(8)
	}
	if w.rnd.IntN(5) == 0 {
		m.restoring = 6
	}
	m.people = 25 + bad(25)
	m.ignoreKey = w.rnd.IntN(3) == 0
	for range 1 + w.rnd.IntN(3) { // some are on their way to the bank when it begins
		w.enter("")
	}
	for _, s := range w.list() {
		for _, n := range desktest.Signers(s.Content.Amount.Minor) {
			w.judged("approve", w.app.Approve(context.Background(), w.f.who[n], s.ID, s.Digest, app.Proof{}))
		}
	}
	for range 30 + w.rnd.IntN(40) {
		w.steps++
		if err := w.alive(func() error { w.step(); return nil }); err != nil {
			w.crashIn = 0
			if w.rnd.IntN(5) == 0 {
				w.crashIn = 1 + w.rnd.IntN(4) // once more, while it starts
			}
			w.revive()
		}
	}
	w.heal()
	w.judge()
}

// step is one thing that happens. Its order is the seed's; nothing else decides.
func (w *world) step() {
	ctx := context.Background()
	m := w.mood
	if w.crashIn == 0 && w.per(m.crash) {
		w.crashIn = 1 + w.rnd.IntN(8)
	}
	if w.diskBad == 0 && w.per(m.disk) {
		w.diskBad = []int{1, 2, 5, 60}[w.rnd.IntN(4)] // 60: longer than an answer is offered
	}
	switch {
	case w.per(m.clock):
		w.hit["clock step"]++
		w.skew = time.Duration(w.rnd.IntN(14_400)-7_200) * time.Second
		return
	case w.per(m.restoring):
		w.copyOrRestore()
		return
	case w.per(m.people):
		w.person()
		return
	}
	switch x := w.rnd.IntN(100); {
	case x < 25:
		w.did(w.sender.Step(ctx))
	case x < 42:
		w.did(w.poller.Step(ctx))
	case x < 57:
		w.post()
	case x < 70:
		w.did(w.applier.Step(ctx))
	case x < 74:
		w.did(w.stale.Step(ctx))
	case x < 77:
		w.did(w.expirer.Step(ctx))
	case x < 79:
		w.forge()
	case x < 80:
		w.hit["restart"]++
		if err := w.store.Close(); err != nil && w.diskBad == 0 {
			w.say("closing: %v", err)
		}
		w.start()
	default:
		w.wait([]time.Duration{time.Second, 3 * time.Second, 10 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute, 40 * time.Minute}[w.rnd.IntN(7)])
	}
}

// judged refuses an answer to a person that is no answer.
func (w *world) judged(what string, err error) {
	if err != nil && fault.KindOf(err) == 0 {
		w.say("%s: %v", what, err)
	}
	if err == nil {
		w.hit[what]++
	}
	w.tell("%s: %v", what, err)
}

// list is what the desk has, oldest first.
func (w *world) list() []payout.Snapshot {
	var out []payout.Snapshot
	for _, id := range w.entered {
		s, err := w.store.PayoutByID(context.Background(), id)
		if fault.KindOf(err) == fault.NotFound {
			continue // lost by a restore
		}
		w.must(err)
		out = append(out, s)
	}
	return out
}

// person is a deed of somebody's.
func (w *world) person() {
	ctx := context.Background()
	all := w.list()
	if len(all) == 0 || len(all) < 5 && w.rnd.IntN(3) == 0 {
		w.enter("")
		return
	}
	s := all[w.rnd.IntN(len(all))]
	approver := w.f.who[[]string{"a1", "a2", "s1"}[w.rnd.IntN(3)]]
	maker := w.f.who[[]string{"m1", "m2"}[w.rnd.IntN(2)]]
	switch x := w.rnd.IntN(100); {
	case x < 62:
		for _, p := range all { // somebody works through what waits
			if p.State == payout.PendingApproval {
				s = p
				break
			}
		}
		if s.State == payout.PendingApproval || w.rnd.IntN(4) == 0 {
			w.judged("approve", w.app.Approve(ctx, approver, s.ID, s.Digest, app.Proof{}))
		}
	case x < 67:
		w.judged("take back", w.app.TakeBack(ctx, approver, s.ID, s.Digest))
	case x < 70:
		w.judged("ask for changes", w.app.AskChanges(ctx, approver, s.ID, s.Digest, "why?"))
	case x < 72:
		w.judged("reject", w.app.Reject(ctx, approver, s.ID, s.Digest, "no"))
	case x < 74:
		w.judged("cancel", w.app.Cancel(ctx, maker, s.ID, "no"))
	case x < 77:
		w.judged("submit", w.app.Submit(ctx, maker, s.ID, s.Version, acks))
	case x < 80:
		w.judged("halt", w.app.Halt(ctx, approver, "odd"))
	case x < 91:
		w.resume()
	default:
		for _, p := range all {
			if p.State == payout.Failed || p.State == payout.Returned {
				w.enter(p.ID)
				return
			}
		}
	}
}

var acks = []string{"duplicate", "account_key", "no_vat", "mixed_script", "bik_unknown"}

// enter makes a payout, or the replacement of one.
func (w *world) enter(replaces payout.ID) {
	ends := endings
	if !w.mood.ignoreKey {
		ends = append(slices.Clone(ends), 74)
	}
	minor := []int64{1_000_00, 5_000_00, 100_000_00, 100_001_00, 900_000_00, 1_000_001_00}[w.rnd.IntN(6)]
	kop := ends[w.rnd.IntN(len(ends))]
	if minor == 100_000_00 && kop > 0 {
		minor -= 1_00
	}
	c := w.content(minor + kop)
	if replaces != "" {
		old, err := w.store.PayoutByID(context.Background(), replaces)
		w.must(err)
		c = old.Content
		c.PayeeID, c.PayeeVer = "", 0
		if old.State == payout.Returned {
			c.AmountText = fmt.Sprintf("%d.%02d", old.ReturnedMinor/100, old.ReturnedMinor%100)
		}
	}
	id, err := w.app.Enter(context.Background(), w.f.who[[]string{"m1", "m2"}[w.rnd.IntN(2)]], app.Entry{Form: fmt.Sprintf("sim-%d-%d", w.hit["entered"], w.rnd.Int64()), Content: c,
		Acks: acks, Submit: true, Replaces: replaces})
	if replaces != "" {
		w.judged("replace", err)
	} else {
		w.judged("enter", err)
	}
	if id != "" && (err == nil || fault.KindOf(err) == fault.Invalid) && !slices.Contains(w.entered, id) {
		w.entered = append(w.entered, id)
	}
}

// resume is everybody's yes to sending again who may give it.
func (w *world) resume() {
	for _, n := range []string{"a1", "a2", "s1", "d1", "d2"} {
		w.judged("yes to sending", w.app.Resume(context.Background(), w.f.who[n]))
		if d, err := w.app.Desk(context.Background()); err == nil && d.Halt == nil {
			w.hit["resumed"]++
			return
		}
	}
}

// forge hands over a message that the bank did not sign.
func (w *world) forge() {
	body := []byte(`{"type":"payment_finished","session":{"id":"ps_1"}}`)
	if len(w.mail) > 0 {
		l := w.mail[w.rnd.IntN(len(w.mail))]
		body = slices.Clone(l.body)
		body[w.rnd.IntN(len(body))] ^= 1 << w.rnd.IntN(8)
		if code := w.hand(body, l.sig); code != 401 {
			w.say("an altered message was answered %d", code)
		}
	} else if code := w.hand(body, ""); code != 401 {
		w.say("an unsigned message was answered %d", code)
	}
	w.hit["forged message"]++
}

// copyOrRestore makes a backup, or puts an older one in the place of the database, declared or not.
func (w *world) copyOrRestore() {
	ctx := context.Background()
	if len(w.copies) == 0 || w.rnd.IntN(3) == 0 {
		path := filepath.Join(w.dir, fmt.Sprintf("copy-%d.db", len(w.copies)))
		w.must(store.Backup(ctx, w.db(), path))
		known := map[string]bool{}
		for ref, a := range w.orders {
			known[ref] = !a.lost
		}
		w.copies = append(w.copies, copyOf{path, maps.Clone(w.acked), known, len(w.entered)})
		w.hit["backup"]++
		w.tell("backup %s", path)
		return
	}
	c := w.copies[w.rnd.IntN(len(w.copies))]
	// The anchor is what the desk that ran wrote last: it is closed properly or not.
	w.must(w.store.Close())
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(w.db() + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.must(err)
		}
	}
	if w.rnd.IntN(2) == 0 {
		w.hit["restore"]++
		w.tell("restored from %s", c.path)
		r, err := store.Restore(ctx, c.path, w.db(), w.f.signer)
		w.must(err)
		if !r.OK() {
			w.say("a backup does not verify at %d: %s", r.Broken, r.Reason)
		}
	} else {
		w.hit["older copy put back"]++
		w.tell("older copy %s", c.path)
		b, err := os.ReadFile(c.path)
		w.must(err)
		w.must(os.WriteFile(w.db(), b, 0o600))
	}
	w.acked = maps.Clone(c.acked)
	for ref, a := range w.orders {
		a.lost = a.lost || !c.orders[ref]
	}
	w.start()
}

// heal makes the world good and lets a day and a little pass.
func (w *world) heal() {
	ctx := context.Background()
	w.mood = moods{ignoreKey: w.mood.ignoreKey}
	w.crashIn, w.diskBad = 0, 0
	tick := func(d time.Duration) {
		w.wait(d)
		for range 200 {
			if !w.post() {
				break
			}
		}
		for range 1000 {
			did := w.did(w.applier.Step(ctx))
			did = w.did(w.sender.Step(ctx)) || did
			did = w.did(w.poller.Step(ctx)) || did
			if !did {
				break
			}
		}
		for range 20 {
			if did := w.did(w.stale.Step(ctx)); !w.did(w.expirer.Step(ctx)) && !did {
				break
			}
		}
		if d, err := w.app.Desk(ctx); err != nil {
			w.say("desk: %v", err)
		} else if d.Halt != nil {
			w.resume()
		}
	}
	for _, x := range []struct {
		n int
		d time.Duration
	}{{6, 10 * time.Second}, {4, time.Minute}, {3, 10 * time.Minute}, {3, time.Hour}, {2, 4 * time.Hour}, {2, 8 * time.Hour}, {1, time.Minute}} {
		for range x.n {
			tick(x.d)
		}
	}
	// A payout whose every call is lost rests after each, and has up to three sessions to lose: the day above is long, but has few moments.
	sending := func(s payout.Snapshot) bool { return s.State == payout.Sending }
	for n := 0; n < 30 && slices.ContainsFunc(w.list(), sending); n++ {
		tick(time.Minute)
	}
}

// judge says what must not have been.
func (w *world) judge() {
	ctx := context.Background()
	w.steps++
	// The bank's own ledger: at most one transfer a reference, and a payout. Promises 1 and 5.
	paid := map[string]int{}
	ledger := w.bank.Ledger()
	attempts, acks := w.rows()
	for _, e := range ledger {
		a := w.orders[e.Reference]
		if a == nil {
			w.say("the bank knows reference %s, which no order had", e.Reference)
			continue
		}
		paid[a.payout] += e.Executed
		if e.Executed > 1 {
			w.say("the bank paid %s %d times", e.Reference, e.Executed)
		}
		// Every attempt's reference is known, but what a restore declared lost.
		if id, ok := attempts[e.Reference]; !ok && !a.lost {
			w.say("the desk does not know reference %s", e.Reference)
		} else if ok && id != a.payout {
			w.say("reference %s is of %s, was of %s", e.Reference, id, a.payout)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(paid)) {
		if paid[id] > 1 {
			w.say("payout %s was paid %d times", id, paid[id])
		}
	}
	lost := map[payout.ID]bool{} // asked in a life that a restore took away
	for _, a := range w.orders {
		if a.lost {
			lost[payout.ID(a.payout)] = true
		}
	}
	byRef := map[string]int{}
	for i, e := range ledger {
		byRef[e.Reference] = i
	}
	for _, s := range w.list() {
		w.census(s, lost[s.ID])
		i, ok := byRef[s.Reference]
		if s.Reference == "" || !ok {
			if s.State == payout.Succeeded || s.State == payout.Returned {
				w.say("No %d is %s, and the bank never heard of it", s.Number, s.State)
			}
			continue
		}
		e := ledger[i]
		// What was approved is what the bank was asked. Promise 3.
		if e.Amount != s.Content.Amount.Minor || e.Account != s.Content.Account {
			w.say("No %d: approved %d, asked %d", s.Number, s.Content.Amount.Minor, e.Amount)
		}
		switch {
		case (s.State == payout.Succeeded || s.State == payout.Returned) && e.Executed == 0:
			w.say("No %d is %s, the bank never paid", s.Number, s.State)
		case s.State == payout.Failed && s.Confirmed && !s.Review && e.Executed > 0:
			w.say("No %d failed, the bank paid", s.Number)
		}
	}
	// A message answered 200 is there. Promise 7.
	for sha := range w.acked {
		if !acks[sha] {
			w.say("a message answered 200 is gone: %s", sha)
		}
	}
	w.history()
	// The invariants I1 to I10 over everything, the whole history against every row, every decision counted again: promises 2, 11 and 12. Some of
	// it once more as an auditor would, on the closed file.
	look, err := w.app.LookWhole(ctx)
	if err != nil {
		w.say("look: %v", err)
	}
	for _, f := range look.Found {
		w.say("invariant: %s", f)
	}
	all := w.list()
	if err := w.store.Close(); err != nil {
		w.say("closing: %v", err)
	}
	// Nothing of a payout's own values is logged, whatever went wrong: ids and codes only. Promise 21.
	log := w.log.String()
	w.hit["lines of the log"] += strings.Count(log, "\n")
	for _, s := range all {
		for _, value := range []string{s.Content.Account, s.Content.FullName, s.Content.Description} {
			if i := strings.Index(log, value); value != "" && i >= 0 {
				w.say("the log holds a value of No %d: …%s", s.Number, log[max(0, i-120):i+len(value)])
			}
		}
	}
	if w.seed%16 > 0 {
		return
	}
	r, err := store.Verify(ctx, w.db(), audit.VerifierFor(w.f.signer), nil)
	switch {
	case err != nil:
		w.say("verify: %v", err)
	case !r.OK():
		w.say("history broken at %d: %.200s", r.Broken, r.Reason)
	}
	again, err := store.CheckApprovals(ctx, w.db())
	if err != nil {
		w.say("count again: %v", err)
	}
	for _, f := range again.Findings {
		w.say("counted again: %v", f)
	}
}

// census: every payout is at an end, waits for people, or is visibly unknown. Promise 4.
func (w *world) census(s payout.Snapshot, lost bool) {
	w.hit["end "+string(s.State)]++
	stuck := func(why string) {
		w.say("No %d (%02d) is stuck %s: %s, why %q, session %q, review %v", s.Number, s.Content.Amount.Minor%100, s.State, why, s.Why, s.Session, s.Review)
	}
	switch s.State {
	case payout.Sending:
		stuck("a day later")
	case payout.Approved:
		if s.Why != "evidence" && !lost {
			stuck("nothing holds it")
		}
		if lost && s.Reference == "" {
			stuck("it may have been asked before the restore")
		}
	case payout.InProgress:
		stuck("the bank has long done")
	case payout.Unknown:
		if s.Session != "" && !s.Review && s.Why != payout.WhyRestored {
			stuck("its session could be asked")
		}
		w.hit["visibly unknown: "+cmp.Or(s.Why, "?")]++
	case payout.Succeeded, payout.Failed, payout.Returned:
		if !s.Confirmed && !s.Review && s.Session != "" {
			stuck("never confirmed")
		}
	}
}

// rows reads past the desk: references of attempts with their payout, hashes of stored messages.
func (w *world) rows() (attempts map[string]string, messages map[string]bool) {
	attempts, messages = map[string]string{}, map[string]bool{}
	db, err := sql.Open("sqlite", "file:"+w.db()+"?_pragma=busy_timeout(10000)")
	w.must(err)
	defer db.Close()
	for _, q := range []struct {
		text string
		take func(a, b string)
	}{
		{"SELECT reference, payout_id FROM attempt", func(a, b string) { attempts[a] = b }},
		{"SELECT sha, '' FROM inbox", func(a, _ string) { messages[a] = true }},
		// Nothing is sent again but what was proved not sent. Promise 5.
		{"SELECT a.payout_id, COALESCE(o.kind, 'none') FROM attempt a LEFT JOIN outcome o ON o.payout_id = a.payout_id AND o.n = a.n WHERE EXISTS (SELECT 1 FROM attempt b " +
			"WHERE b.payout_id = a.payout_id AND b.n > a.n)", func(id, kind string) {
			if kind != string(protocol.NotSent) && kind != string(protocol.CredentialNo) {
				w.say("payout %s was asked again after %q", id, kind)
			}
		}},
	} {
		rows, err := db.QueryContext(context.Background(), q.text)
		w.must(err)
		for rows.Next() {
			var a, b string
			w.must(rows.Scan(&a, &b))
			q.take(a, b)
		}
		w.must(rows.Err())
		w.must(rows.Close())
	}
	return attempts, messages
}

// history reads the whole history, checks what each event may follow, and keeps its hash: two runs of a seed have one. What the store makes up by itself (the
// name of a life after a restore) is left out.
func (w *world) history() {
	db, err := sql.Open("sqlite", "file:"+w.db()+"?_pragma=busy_timeout(10000)")
	w.must(err)
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), "SELECT seq, at, person, action, kind, subject, version, payload FROM event ORDER BY seq")
	w.must(err)
	defer rows.Close()
	h := sha256.New()
	halted := 0
	for rows.Next() {
		var seq, at, version int64
		var person, action, kind, subject, payload string
		w.must(rows.Scan(&seq, &at, &person, &action, &kind, &subject, &version, &payload))
		if kind == "desk" || action == "desk.released" {
			subject, payload = "", ""
		}
		fmt.Fprintln(h, seq, at, person, action, kind, subject, version, payload)
		w.tell("event %d %s %s %s %.300s", seq, time.UnixMicro(at).UTC().Format("15:04:05.000"), action, subject, payload)
		switch action {
		case "halt.on":
			halted++
		case "halt.off":
			halted--
		case "payout.claimed":
			if halted > 0 {
				w.say("event %d: claimed while sending was stopped", seq)
			}
		}
		var move struct{ From, To string }
		if kind == "payout" && json.Unmarshal([]byte(payload), &move) == nil && move.From != move.To && move.From != "" {
			w.hit["edge "+move.From+" → "+move.To]++
			if !payout.CanMove(payout.State(move.From), payout.State(move.To)) {
				w.say("event %d: %s to %s", seq, move.From, move.To)
			}
		}
	}
	w.must(rows.Err())
	fmt.Fprintln(h, w.told)
	w.digest = hex.EncodeToString(h.Sum(nil))
}

// run plays one seed and returns what was found, the history's hash and what was hit.
func run(seed uint64, flow string, bad faulty) (told []string, digest string, hit map[string]int) {
	w, err := newWorld(seed, flow, bad)
	if w != nil {
		defer w.close()
	}
	if err != nil {
		return []string{"cannot begin: " + err.Error()}, "", nil
	}
	defer func() {
		if p := recover(); p != nil {
			buf := make([]byte, 4096)
			told = append(w.told, fmt.Sprintf("panic: %v\n%s", p, buf[:runtime.Stack(buf, false)]))
		}
	}()
	w.play()
	w.hit["steps"] += w.steps
	return w.told, w.digest, w.hit
}

// flowOf is the way of asking that a seed simulates: every second one single, the others stepwise with either confirmation.
func flowOf(seed uint64) string { return []string{single, stepwise, single, auto}[seed%4] }

// number reads a positive number from the environment.
func number(t testing.TB, name string, or uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return or
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestSim plays SEEDS seeds (2,000; 30 under the race detector; make sim SEEDS=100000), or the one of SEED: people, crashes at any durable step and between them, a bad disk, clocks
// that jump, restores, a network that loses, delays, doubles and lies stale, a bank of every mood. Then the world heals and a day passes. The bank's ledger judges: nothing paid
// twice, nothing without its quorum, no reference unknown; every payout at its end, before people or visibly unknown; the history proves every row. Promises 1 to 7, 11 and 12.
func TestSim(t *testing.T) {
	first, n := uint64(1), number(t, "SEEDS", 2000)
	if raceOn && os.Getenv("SEEDS") == "" {
		n = 30
	}
	if testing.Short() {
		n = 30
	}
	if one := number(t, "SEED", 0); one > 0 {
		first, n = one, 1
	}
	if _, err := found(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	var next, bad atomic.Uint64
	var mu sync.Mutex
	sum := map[string]int{}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for bad.Load() < 5 {
				i := next.Add(1) - 1
				if i >= n {
					return
				}
				seed := first + i
				told, _, hit := run(seed, flowOf(seed), faulty{})
				mu.Lock()
				sum["flow "+flowOf(seed)]++
				for k, v := range hit {
					sum[k] += v
				}
				mu.Unlock()
				if len(told) > 0 {
					bad.Add(1)
					t.Errorf("seed %d, %s (replay: SEED=%d go test -v -run 'TestSim$' ./internal/simtest):\n  %s", seed, flowOf(seed), seed, strings.Join(told, "\n  "))
				}
			}
		})
	}
	all.Wait()
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(sum)) {
		fmt.Fprintf(&b, "\n  %-48s %8d", k, sum[k])
	}
	t.Logf("%d seeds in %v%s", n, time.Since(begun).Round(time.Millisecond), b.String())
	if n < 1000 {
		return
	}
	for _, k := range []string{"crash before a commit", "crash after a commit", "crash before the call", "crash after the call", "crash after the anchor", "no connection", "lost before the bank",
		"executed after we gave up", "answer lost", "answer garbled", "status down", "status stale", "message lost", "message delayed", "message doubled", "message answered 503", "disk refuses",
		"disk refuses the commit", "clock step", "restart", "restore", "older copy put back", "halt", "resumed", "replace", "take back", "forged message", "call create",
		"call start", "call confirm", "call cancel", "lines of the log"} {
		if sum[k] == 0 {
			t.Errorf("the simulation is too tame: %q never happened", k)
		}
	}
}

// TestSim_Replays: a seed is the whole story: two runs of it leave the same history, byte for byte, and hit the same faults.
func TestSim_Replays(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		flow := flowOf(seed)
		told, a, hits := run(seed, flow, faulty{})
		told2, b, hits2 := run(seed, flow, faulty{})
		if a != b || a == "" || !maps.Equal(hits, hits2) || !slices.Equal(told, told2) {
			t.Errorf("%s, seed %d: two runs differ: %s %s\n%v\n%v", flow, seed, a, b, hits, hits2)
		}
	}
}
