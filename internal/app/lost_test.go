package app_test

import (
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/bank131"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/store"
)

// restored puts a copy in the place of a desk's database and lets two people go on with it.
func restored(t *testing.T, d *desktest.Desk, copyOf string) {
	t.Helper()
	must(t, d.Store.Close())
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(d.DB() + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	r, err := store.Restore(t.Context(), copyOf, d.DB(), d.Signer)
	if err != nil || !r.OK() {
		t.Fatalf("restore: %v %+v", err, r)
	}
	d.Open()
	must(t, d.App.Resume(t.Context(), d.Who["a1"]))
	must(t, d.App.Resume(t.Context(), d.Who["a2"]))
}

// TestLost: from a restore on, every payout put to people may have been paid in the time that is lost, until the bank's report of each Moscow day of it came
// after that day; nothing that was put to people before says so.
func TestLost(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	old := d.Approved(100_00)
	if !d.Send() {
		t.Fatal("not sent")
	}
	made := d.Clock.Now()
	backup := filepath.Join(d.Dir, "backup.db")
	must(t, store.Backup(ctx, d.DB(), backup))
	d.Clock.Add(24 * time.Hour)
	d.Submit(200_00)
	restored(t, d, backup)
	from, to := calendar.DayOf(made), calendar.DayOf(d.Clock.Now())
	l, ok, err := d.App.Lost(ctx)
	must(t, err)
	if !ok || l.From.After(made) || made.Sub(l.From) > time.Minute || l.To.Sub(d.Clock.Now()).Abs() > time.Minute || len(l.Missing) != 2 || l.Missing[0] != from || l.Missing[1] != to {
		t.Fatalf("%+v %v", l, ok)
	}
	fresh := d.Submit(300_00)
	if !l.MayBePaid(d.Get(fresh).SubmittedAt) || l.MayBePaid(d.Get(old).SubmittedAt) {
		t.Error("not those payouts that were put to people since")
	}
	take := func(day calendar.Day) {
		t.Helper()
		_, err := d.App.TakeReport(ctx, d.Who["m1"], string(day)+".csv", string(day), []byte(reportHead+reportRow("po_"+string(day)+d.Clock.Now().Format("15"), string(day)+"T10:00:00Z", "Advice", "ps_"+string(day), "x", 1)))
		must(t, err)
	}
	take(from)
	take(to) // before that day is over: it tells of a part
	if l, ok, err = d.App.Lost(ctx); err != nil || !ok || len(l.Missing) != 1 || l.Missing[0] != to {
		t.Fatalf("%+v %v %v", l, ok, err)
	}
	d.Clock.Set(to.Add(1).Start().Add(9 * time.Hour))
	take(to)
	if l, ok, err = d.App.Lost(ctx); err != nil || ok {
		t.Errorf("all reports are in: %+v %v", l, err)
	}
	d.Verify()
}

// TestLost_EmptyReport: a file without a line, or one of several days, is what one person can write: it does not tell of a lost day before an approver closed that day. Nor
// does a closing from before it came. Issue 5, point 12.
func TestLost_EmptyReport(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	d.Submit(100_00)
	backup := filepath.Join(d.Dir, "backup.db")
	must(t, store.Backup(ctx, d.DB(), backup))
	lost := calendar.DayOf(d.Clock.Now())
	d.Clock.Add(time.Hour)
	d.Submit(200_00)
	restored(t, d, backup)
	d.Clock.Set(lost.Add(1).Start().Add(9 * time.Hour))
	missing := func(what string, want bool) {
		t.Helper()
		if l, ok, err := d.App.Lost(ctx); err != nil || ok != want {
			t.Errorf("%s: %+v %v, want %v", what, l, err, want)
		}
	}
	closeDay := func() {
		t.Helper()
		_, f, _ := classes(d, lost)
		must(t, d.App.CloseDay(ctx, d.Who["a1"], lost, f.Mark()))
		d.Clock.Add(time.Minute)
	}
	next := string(lost.Add(1))
	for _, c := range []struct{ name, data string }{
		{"desktest_" + string(lost) + "_" + string(lost) + ".csv", ""},
		{string(lost) + "_" + string(lost) + ".csv", reportHead},
		{string(lost) + "_" + next + ".csv", reportHead + reportRow("po_1", next, "Advice", "ps_1", "x", 1)},
	} {
		_, err := d.App.TakeReport(ctx, d.Who["m1"], c.name, "", []byte(c.data))
		must(t, err)
		missing(c.name, true)
	}
	_, err := d.App.TakeReportFile(ctx, string(lost)+"_"+string(lost)+"_2.csv", []byte(reportHead+"\n"))
	must(t, err)
	missing("from the folder", true)
	d.Clock.Add(time.Minute)
	closeDay()
	missing("closed by an approver", false)
	d.Verify()
}

// TestLost_Replaced: a payout that waited when its database was copied is paid again as its replacement, once at a time; typed anew it counts as a repeat.
// One whose outcome is unknown is neither replaced nor entered anew before its ruling.
func TestLost_Replaced(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	c, asked := d.Content(100_00), d.Content(200_00)
	pending := d.SubmitContent("m1", c)
	way := d.SubmitContent("m1", asked)
	d.Approve(way, desktest.Signers(200_00)...)
	draft, err := d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: "kept", Content: payout.Content{}})
	must(t, err)
	backup := filepath.Join(d.Dir, "backup.db")
	must(t, store.Backup(ctx, d.DB(), backup))
	restored(t, d, backup)
	if s := d.Get(pending); s.State != payout.Cancelled || !app.CanReplace(s) || !app.CanCopy(s) {
		t.Fatalf("what waited: %s, replace %v", s.State, app.CanReplace(s))
	}
	if s := d.Get(way); s.State != payout.Unknown || app.CanReplace(s) || app.CanCopy(s) {
		t.Fatalf("what may have left: %s, replace %v", s.State, app.CanReplace(s))
	}
	if s := d.Get(draft); app.CanReplace(s) || app.CanCopy(s) {
		t.Error("a draft without a sum can be replaced")
	}
	again := func(form string, c payout.Content, of payout.ID, acks ...string) (payout.ID, error) {
		return d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: form, Content: c, Submit: true, Replaces: of, Acks: acks})
	}
	if _, err := again("1", c, ""); !fault.Is(err, "payout.ack") {
		t.Errorf("typed anew, no warning: %v", err)
	}
	must(t, d.App.Cancel(ctx, d.Who["m1"], d.Payouts()[len(d.Payouts())-1], "a draft"))
	if _, err := again("2", asked, ""); !fault.Is(err, "payout.open_like") {
		t.Errorf("what may have left, typed anew: %v", err)
	}
	if _, err := again("3", asked, way); !fault.Is(err, "replace.not_confirmed") {
		t.Errorf("what may have left, replaced: %v", err)
	}
	more := c
	more.AmountText = "100.01"
	if _, err := again("4", more, pending); !fault.Is(err, "replace.sum") {
		t.Errorf("more than it was: %v", err)
	}
	id, err := again("5", c, pending)
	must(t, err)
	if _, err := again("6", c, pending); !fault.Is(err, "replace.alive") {
		t.Errorf("a second replacement: %v", err)
	}
	d.Approve(id, desktest.Signers(100_00)...)
	d.Clock.Add(time.Minute)
	if !d.Send() {
		t.Error("the replacement does not leave")
	}
	d.Verify()
}

// TestLost_OneChain: a replacement that waited when its database was copied may have been paid since. What it replaces is not paid again beside it: the one way on is to
// replace the replacement, once. Issue 5, points 6 and 12.
func TestLost_OneChain(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	old := d.Approved(100_51)
	d.Send()
	d.Settle()
	enter := func(form string, of payout.ID) (payout.ID, error) {
		return d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: form, Content: d.Content(100_51), Submit: true, Replaces: of})
	}
	waited, err := enter("1", old)
	must(t, err)
	backup := filepath.Join(d.Dir, "backup.db")
	must(t, store.Backup(ctx, d.DB(), backup))
	restored(t, d, backup)
	if s := d.Get(waited); s.State != payout.Cancelled || !app.CanReplace(s) {
		t.Fatalf("%s, replace %v", s.State, app.CanReplace(s))
	}
	again, err := enter("2", waited)
	must(t, err)
	if _, err := enter("3", old); !fault.Is(err, "replace.alive") {
		t.Errorf("the same sum a second time, beside its replacement: %v", err)
	}
	if s := d.Get(again); s.Content.Replaces != waited {
		t.Errorf("it replaces %s", s.Content.Replaces)
	}
	d.Verify()
}

// TestBackups_Load: 30 copies made while payouts are entered, approved, sent and told of; each was restored and verified, and one put in place sends nothing,
// whichever it is. Older ones go only once a newer one holds. Promise 6, "To show" h.
func TestBackups_Load(t *testing.T) {
	n := 30
	if raceOn {
		n = 5
	}
	d := desktest.New(t)
	dir := filepath.Join(d.Dir, "copies")
	b := &store.Backups{Store: d.Store, Dir: dir, Keep: n - 2}
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "desk-mine.db"), []byte("not ours"), 0o600))
	stop := make(chan struct{})
	var load sync.WaitGroup
	const each = 12 // entered beside each copy, so that the last copies are not longer than the test is worth
	turn, did, ended := make(chan struct{}, each), make(chan struct{}, 1), make(chan struct{})
	load.Go(func() { // one goroutine: the desk of tests has one clock
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-turn:
			}
			switch id := d.Submit(100_00); i % 3 {
			case 0:
				d.Approve(id, "a1")
				d.Clock.Add(4 * time.Second)
				d.Send()
				d.Deliver()
			case 1:
				d.Approve(id, "a1") // stays approved where nothing claims it
			}
			select {
			case did <- struct{}{}:
			default:
			}
		}
	})
	var names []string
	var failed error
	for range n {
		for len(turn) < each {
			turn <- struct{}{}
		}
		name, err := b.Take(t.Context())
		if err != nil {
			failed = err
			break
		}
		names = append(names, name)
		d.Clock.Add(time.Millisecond)
		select { // something happens between two copies
		case <-did:
		case <-ended:
		}
	}
	close(stop)
	load.Wait()
	must(t, failed)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	if len(left) != n-2+1 {
		t.Errorf("%d files are left: %q", len(left), left)
	}
	if newest, at, err := b.Newest(); err != nil || newest != names[n-1] || at.After(d.Clock.Now()) {
		t.Errorf("the newest is %s of %s, want %s: %v", newest, at, names[n-1], err)
	}
	must(t, d.Store.Close())
	before := d.Bank.Ledger()
	for _, name := range names[2:] {
		d.MoveTo(filepath.Join(d.Dir, "life-"+name))
		must(t, os.Remove(d.DB()))
		r, err := store.Restore(t.Context(), filepath.Join(dir, name), d.DB(), d.Signer)
		if err != nil || !r.OK() {
			t.Fatalf("%s: %v %+v", name, err, r)
		}
		d.Open()
		d.Clock.Add(time.Minute)
		if d.Store.Quarantined() != "restored" || d.Claim() != nil {
			t.Fatalf("%s: quarantine %q, or it sends", name, d.Store.Quarantined())
		}
		if p, err := d.App.DuePoll(t.Context()); err != nil {
			t.Fatal(p, err)
		}
		must(t, d.Store.Close())
	}
	if after := d.Bank.Ledger(); len(after) != len(before) {
		t.Errorf("copies asked the bank: %d entries, %d before", len(after), len(before))
	}
}

// TestBackups_Broken: a copy that does not hold what the desk signed gets no name, and no older copy goes for it.
func TestBackups_Broken(t *testing.T) {
	d := desktest.New(t)
	dir := filepath.Join(d.Dir, "copies")
	b := &store.Backups{Store: d.Store, Dir: dir, Keep: 1}
	d.Submit(100_00)
	good, err := b.Take(t.Context())
	must(t, err)
	d.Clock.Add(time.Second)
	d.Exec("UPDATE payout SET maker_name = 'Mallory'")
	if name, err := b.Take(t.Context()); err == nil {
		t.Errorf("%s: a database that was written into counts as copied", name)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	if len(left) != 1 || filepath.Base(left[0]) != good {
		t.Errorf("left: %q", left)
	}
}

// TestKeysRotate_Load: the bank begins to sign with a new key while its messages keep coming; two people add that key meanwhile, then the desk goes over to a
// new key of its own. Every message signed with a key that was ever agreed to has its effect, once; none is lost, none with the old key is refused.
func TestKeysRotate_Load(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	mine := app.Identity{"our_key": "old", "project": "p"}
	must(t, d.App.CheckIdentity(ctx, mine))
	fresh, text := another()
	most := 60
	if raceOn {
		most = 20
	}
	type message struct {
		id   payout.ID
		body []byte
	}
	var all []message
	for i := range most {
		id := d.Approved(100_00)
		if !d.Send() {
			t.Fatal("not sent")
		}
		all = append(all, message{id, d.Message(id, d.Get(id).Session, "payment_finished", "accepted", "succeeded", d.Clock.Now().Add(time.Duration(i)*time.Millisecond))})
	}
	var oldRefused atomic.Int64
	arrive := func(m message, key *rsa.PrivateKey, old bool) error {
		sig, err := bank131.Signer{Key: key}.Sign(m.body)
		if err != nil {
			return err
		}
		by, reason := d.Ring.Verify(m.body, []string{sig})
		if reason != "" {
			if old {
				oldRefused.Add(1)
			}
			d.App.RefusedWebhook(ctx, m.body, sig, reason)
			return nil
		}
		return d.App.StoreWebhook(ctx, m.body, by)
	}
	errs := make(chan error, 3)
	half := make(chan struct{})
	halfway := sync.OnceFunc(func() { close(half) })
	var senders sync.WaitGroup
	for _, of := range []struct {
		key  *rsa.PrivateKey
		old  bool
		from int
	}{{d.BankRS, true, 0}, {fresh, false, 1}} {
		senders.Go(func() {
			defer halfway()
			for i := of.from; i < most; i += 2 {
				if i > most/2 && !of.old {
					halfway()
				}
				if err := arrive(all[i], of.key, of.old); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	<-half
	must(t, d.App.ProposeBankKeys(ctx, d.Who["d1"], text, 0, ""))
	must(t, acceptBank(t, d, "s1"))
	senders.Wait()
	close(errs)
	for err := range errs {
		t.Fatal(err)
	}
	// Whoever was refused between the look at the ring and the agreement is found at the next look.
	if _, err := d.App.RetryRefused(ctx); err != nil {
		t.Fatal(err)
	}
	// Our own key changes: what came is kept, and has its effect once two people agreed.
	d.Restart()
	must(t, d.App.CheckIdentity(ctx, app.Identity{"our_key": "new", "project": "p"}))
	if did, err := d.App.ApplyNext(ctx); did || err != nil {
		t.Errorf("a message had its effect before two people agreed: %v", err)
	}
	must(t, d.App.Resume(ctx, d.Who["a1"]))
	must(t, d.App.Resume(ctx, d.Who["a2"]))
	d.Apply()
	c, err := d.Store.InboxCounts(ctx)
	must(t, err)
	if c.All != most || c.Refused != 0 || oldRefused.Load() != 0 {
		t.Errorf("%d of %d messages are kept, %d refused, of the old key %d", c.All, most, c.Refused, oldRefused.Load())
	}
	for _, m := range all {
		if s := d.Get(m.id); s.State != payout.Succeeded {
			t.Errorf("No %d is %s", s.Number, s.State)
		}
	}
	d.Verify()
}

// TestBackups_ClockAhead: copies that a clock a year ahead named stand in the way of none that is made after it was set right: the one just made and proved stays, those
// go first, and none of them is taken for the newest. Promise 6, item 12.
func TestBackups_ClockAhead(t *testing.T) {
	d := desktest.New(t)
	dir := filepath.Join(d.Dir, "copies")
	b := &store.Backups{Store: d.Store, Dir: dir, Keep: 2}
	const year = 365 * 24 * time.Hour
	take := func() string {
		t.Helper()
		d.Submit(100_00)
		d.Clock.Add(15 * time.Minute)
		name, err := b.Take(t.Context())
		must(t, err)
		return name
	}
	d.Clock.Add(year)
	take()
	take()
	d.Clock.Add(-year)
	if name, at, err := b.Newest(); err != nil || name != "" {
		t.Errorf("the newest is %s of %s: %v", name, at, err)
	}
	var made []string
	for range 3 {
		made = append(made, take())
		if name, at, err := b.Newest(); err != nil || name != made[len(made)-1] || at.After(d.Clock.Now()) {
			t.Errorf("made %s, and the newest is %s of %s: %v", made[len(made)-1], name, at, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	if len(left) != 2 || filepath.Base(left[0]) != made[1] || filepath.Base(left[1]) != made[2] {
		t.Errorf("left: %q", left)
	}
}
