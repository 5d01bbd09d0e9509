package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

func listOf(d *desktest.Desk, ids ...payout.ID) []app.BatchItem {
	var out []app.BatchItem
	for _, id := range ids {
		out = append(out, app.BatchItem{ID: id, Digest: d.Get(id).Digest})
	}
	return out
}

func did(b app.Batch) string {
	var out []string
	for _, x := range b.Items {
		s := x.Did
		if x.Why != "" {
			s += ":" + x.Why
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func many(d *desktest.Desk, by, form string, items []app.BatchItem) (app.Batch, error) {
	return d.App.ApproveMany(d.T.Context(), d.Who[by], form, items, app.ListDigest(items), app.Proof{})
}

// TestApproveMany: one decision over an ordered list; what moved is left out and named, each of the others is judged by itself, the same form again is
// the same decision and writes nothing.
func TestApproveMany(t *testing.T) {
	d := desktest.New(t)
	a, b, moved, ended := d.Submit(1_000_00), d.Submit(2_000_00), d.Submit(3_000_00), d.Submit(4_000_00)
	two := d.Submit(150_000_00) // needs two
	own := d.SubmitContent("m2", d.Content(5_000_00))
	items := listOf(d, a, b, moved, ended, own)
	must(t, d.App.Edit(t.Context(), d.Who["m1"], moved, 1, app.Entry{Content: d.Content(9_000_00), Submit: true}))
	must(t, d.App.Reject(t.Context(), d.Who["a2"], ended, d.Get(ended).Digest, "no"))
	got, err := many(d, "a1", "f1", items)
	must(t, err)
	if did(got) != "last last moved state last" || got.SumMinor != 8_000_00 || got.Approved() != 3 {
		t.Fatalf("%s, sum %d", did(got), got.SumMinor)
	}
	for id, want := range map[payout.ID]payout.State{a: payout.Approved, b: payout.Approved, own: payout.Approved, moved: payout.PendingApproval, ended: payout.Rejected} {
		if s := d.Get(id).State; s != want {
			t.Errorf("%s is %s, want %s", id, s, want)
		}
	}
	head, err := d.Store.DeskRows(t.Context())
	must(t, err)
	again, err := many(d, "a1", "f1", items)
	must(t, err)
	if after, err := d.Store.DeskRows(t.Context()); err != nil || after.Seq != head.Seq || did(again) != did(got) || again.ID != got.ID {
		t.Errorf("a second post: %v, %d events more, %s", err, after.Seq-head.Seq, did(again))
	}
	stored, err := d.Store.BatchByID(t.Context(), got.ID)
	must(t, err)
	if stored.Digest != app.ListDigest(items) || did(stored) != did(got) || stored.By.Person != d.Who["a1"].Person {
		t.Errorf("stored %+v", stored)
	}
	other, err := many(d, "a2", "f1", listOf(d, two))
	must(t, err)
	if other.ID == got.ID || did(other) != "yes" {
		t.Errorf("another person's form of the same name: %s", did(other))
	}
	// The order, an item more or less, or another digest is another list.
	for name, items := range map[string][]app.BatchItem{"swapped": listOf(d, two, moved), "one": listOf(d, moved), "": nil} {
		_, err := d.App.ApproveMany(t.Context(), d.Who["a1"], "f-"+name, items, app.ListDigest(listOf(d, moved, two)), app.Proof{})
		wants(t, name, err, map[bool]string{true: "batch.empty", false: "batch.digest"}[len(items) == 0])
	}
	_, err = many(d, "a1", "twice", listOf(d, moved, moved))
	wants(t, "an item twice", err, "batch.digest")
	_, err = many(d, "m1", "f", listOf(d, moved))
	wants(t, "a maker", err, "denied.role")
	d.Clock.Add(4 * time.Second)
	for range 3 {
		if !d.Send() {
			t.Error("one approved by list does not leave")
		}
	}
	d.Verify()
	var most []app.BatchItem
	for i := range app.MaxBatch + 1 {
		most = append(most, app.BatchItem{ID: payout.ID(fmt.Sprint(i)), Digest: "x"})
	}
	_, err = many(d, "a1", "f", most)
	wants(t, "too many", err, "batch.many")
}

// TestApproveMany_Expired: an item whose time ran out a moment ago, before the clock's worker came, is left out and named; the others are approved. Neither its sum nor its signature
// weighs on them. Issue 4, point 15: "each judged by itself".
func TestApproveMany_Expired(t *testing.T) {
	d := desktest.New(t)
	old := d.Submit(900_000_00) // a list that has it asks for two approvers
	d.Clock.Add(14*24*time.Hour - time.Hour)
	fresh := d.Submit(20_000_00)
	items := listOf(d, old, fresh)
	d.Clock.Add(time.Hour)
	f, err := d.App.Frame(t.Context())
	must(t, err)
	if why := app.ListWhy(standingOf(t, d, old), f.Signer(d.Who["a1"].Person), approval.Need{}, f.Signers, nil); why != app.AloneExpired {
		t.Errorf("the page that makes the list takes it in: %q", why)
	}
	b, err := many(d, "a1", "f", items)
	if err != nil || did(b) != "state last" || d.Get(fresh).State != payout.Approved || d.Get(old).State != payout.PendingApproval {
		t.Errorf("%v: %s", err, did(b))
	}
	b, err = many(d, "a1", "g", listOf(d, old))
	if err != nil || did(b) != "state" {
		t.Errorf("a list of nothing else: %v: %s", err, did(b))
	}
	d.Verify()
}

// TestApproveMany_Sum: the bands are judged over the list's sum: a yes that would be the last by a payout's own band, and not by that of the sum, is not given
// by list. Splitting one large payment into small ones and approving them at one press gains nothing.
func TestApproveMany_Sum(t *testing.T) {
	d := desktest.New(t)
	var small []payout.ID
	for range 12 {
		small = append(small, d.Submit(90_000_00))
	}
	for _, c := range []struct {
		name, by string
		ids      []payout.ID
		want     string
	}{
		{"one of 90,000", "a1", small[:1], "last"},
		{"two of 90,000: the sum asks for two approvers", "a1", small[1:3], "alone:sum alone:sum"},
		{"eleven: the sum asks for three, one of them senior", "a2", small[1:12], strings.TrimSpace(strings.Repeat("alone:sum ", 11))},
		{"a senior alone is not three people", "s1", small[1:3], "alone:sum alone:sum"},
	} {
		b, err := many(d, c.by, c.name, listOf(d, c.ids...))
		must(t, err)
		if did(b) != c.want {
			t.Errorf("%s: %s, want %s", c.name, did(b), c.want)
		}
	}
	// Where others must still sign, a yes by list is given; the second of two completes both, for two is what the sum asks for.
	x, y := d.Submit(200_000_00), d.Submit(300_000_00)
	for _, c := range []struct{ by, want string }{{"a1", "yes yes"}, {"a2", "last last"}} {
		b, err := many(d, c.by, "pair-"+c.by, listOf(d, x, y))
		must(t, err)
		if did(b) != c.want {
			t.Errorf("%s: %s, want %s", c.by, did(b), c.want)
		}
	}
	// Above the second band the sum asks for a third, who is a senior: neither may complete them by list.
	v, w := d.Submit(700_000_00), d.Submit(800_000_00)
	for _, c := range []struct{ by, want string }{{"a1", "yes yes"}, {"s1", "alone:sum alone:sum"}, {"a2", "alone:sum alone:sum"}} {
		b, err := many(d, c.by, "high-"+c.by, listOf(d, v, w))
		must(t, err)
		if did(b) != c.want {
			t.Errorf("%s: %s, want %s", c.by, did(b), c.want)
		}
	}
	d.Approve(v, "a2") // alone it goes by its own band
	if s := d.Get(v).State; s != payout.Approved {
		t.Error(s)
	}
}

// TestListRefused: a person's ceiling, daily room and quiet days hold for a list as for a payout.
func TestListRefused(t *testing.T) {
	now := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	me := func(set func(*approval.Signer)) approval.Signer {
		s := approval.Signer{ID: "a", Name: "A", Roles: []approval.Role{approval.Approver}, Standing: true}
		set(&s)
		return s
	}
	for _, c := range []struct {
		name string
		me   approval.Signer
		sum  int64
		want string
	}{
		{"plain", me(func(*approval.Signer) {}), 1 << 50, ""},
		{"at the ceiling", me(func(s *approval.Signer) { s.CeilingMinor = 100 }), 100, ""},
		{"above it", me(func(s *approval.Signer) { s.CeilingMinor = 100 }), 101, "batch.ceiling"},
		{"all the room", me(func(s *approval.Signer) { s.Capped, s.RoomMinor = true, 100 }), 100, ""},
		{"more than the room", me(func(s *approval.Signer) { s.Capped, s.RoomMinor = true, 100 }), 101, "batch.cap"},
		{"quiet", me(func(s *approval.Signer) { s.QuietFrom, s.QuietUntil = now.Add(-1), now.Add(1) }), 1, "batch.quiet"},
		{"quiet no more", me(func(s *approval.Signer) { s.QuietFrom, s.QuietUntil = now.Add(-2), now }), 1, ""},
	} {
		wants(t, c.name, app.ListRefused(c.me, []approval.Signer{c.me}, nil, c.sum, now), c.want)
	}
}

// TestListSigns: the signing amounts are judged over the sum, and over each item.
func TestListSigns(t *testing.T) {
	set := approval.RuleSet{SignAboveMinor: 1000, StepUpAboveMinor: 100}
	for _, c := range []struct {
		sum        int64
		items      []app.Standing
		sign, code bool
	}{{100, nil, false, false}, {101, nil, false, true}, {1000, nil, false, true}, {1001, nil, true, true}, {5, []app.Standing{{Sign: true}}, true, false}, {5, []app.Standing{{}, {StepUp: true}}, false, true}} {
		sign, code, err := (&app.Frame{Set: set}).ListSigns(c.sum, c.items, nil)
		if must(t, err); sign != c.sign || code != c.code {
			t.Errorf("%d: %v %v", c.sum, sign, code)
		}
	}
	if s, c, err := (&app.Frame{}).ListSigns(1<<60, nil, nil); s || c || err != nil {
		t.Error("a set that asks for nothing asks")
	}
}

// TestListDigest: two lists with the same digest are the same list in the same order.
func TestListDigest(t *testing.T) {
	item := rapid.Custom(func(t *rapid.T) app.BatchItem {
		return app.BatchItem{ID: payout.ID(rapid.StringMatching(`[0-9a-f]{1,3}`).Draw(t, "id")), Digest: payout.Digest(rapid.StringMatching(`[0-9a-f]{1,3}`).Draw(t, "digest"))}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(item, 0, 4).Draw(t, "a"), rapid.SliceOfN(item, 0, 4).Draw(t, "b")
		if (app.ListDigest(a) == app.ListDigest(b)) != slices.Equal(a, b) {
			t.Fatalf("%v and %v", a, b)
		}
	})
}

// TestApproveMany_Whole: 500 payouts are decided in one commit.
func TestApproveMany_Whole(t *testing.T) {
	if testing.Short() {
		t.Skip("500 payouts")
	}
	d := desktest.New(t)
	var ids []payout.ID
	for i := range app.MaxBatch {
		ids = append(ids, d.Submit(100_00+int64(i)%7*100))
	}
	items := listOf(d, ids...)
	b, err := many(d, "a1", "whole", items)
	must(t, err)
	if b.Approved() != app.MaxBatch {
		t.Errorf("%d approved of %d: %s", b.Approved(), app.MaxBatch, did(b)[:200])
	}
}

// TestApproveMany_Signed: a list whose sum is above the signing amount is signed with a passkey over the ordered list, though none of its payouts would be by
// itself; the signature is for that list alone, and each decision carries it, so that what it approved may leave and is proved afterwards.
func TestApproveMany_Signed(t *testing.T) {
	d := desktest.NewWith(t, signing())
	key, _ := d.Passkey("a1")
	second, _ := d.Passkey("a2")
	a, b, c := d.Submit(700_000_00), d.Submit(800_000_00), d.Submit(900_000_00)
	signed := func(items []app.BatchItem) app.Proof {
		t.Helper()
		q, err := d.App.BeginSign(t.Context(), d.Who["a1"], app.ListDigest(items), false)
		must(t, err)
		said, err := key.Assert(q.Options, desktest.Site)
		must(t, err)
		return app.Proof{Challenge: q.ID, Response: said}
	}
	items := listOf(d, a, b)
	_, err := many(d, "a1", "f", items)
	wants(t, "a press alone", err, "prove.needed")
	other := listOf(d, a, b, c)
	_, err = d.App.ApproveMany(t.Context(), d.Who["a1"], "f", items, app.ListDigest(items), signed(other))
	if err == nil {
		t.Error("the signature of another list was taken")
	}
	for _, id := range []payout.ID{a, b} {
		if ds, err := d.Store.DecisionsOf(t.Context(), approval.Payout, string(id), 1); err != nil || len(ds) > 0 {
			t.Errorf("a refused list left %d decisions, %v", len(ds), err)
		}
	}
	p := signed(items)
	got, err := d.App.ApproveMany(t.Context(), d.Who["a1"], "f", items, app.ListDigest(items), p)
	must(t, err)
	if did(got) != "yes yes" {
		t.Fatal(did(got))
	}
	_, err = d.App.ApproveMany(t.Context(), d.Who["a1"], "again", other, app.ListDigest(other), p)
	if err == nil {
		t.Error("a signature was taken twice")
	}
	for _, id := range []payout.ID{a, b} {
		ds, err := d.Store.DecisionsOf(t.Context(), approval.Payout, string(id), 1)
		must(t, err)
		if len(ds) != 1 || !strings.HasPrefix(ds[0].Factor, "passkey:") {
			t.Errorf("decisions %+v", ds)
		}
	}
	must(t, approve(t, d, "a2", a, d.Signed(second, "a2", a)))
	d.Clock.Add(4 * time.Second)
	if !d.Send() {
		t.Error("one signed by list does not leave")
	}
	d.Verify()
}
