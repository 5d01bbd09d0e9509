package app_test

import (
	"slices"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

func codes(hs []app.Hint) []string {
	out := []string{}
	for _, h := range hs {
		out = append(out, h.Code)
	}
	return out
}

// TestHints: each hint is given in its case and in no other that lies just beside it: every row changes one fact of an ordinary payout.
func TestHints(t *testing.T) {
	now := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	msk := func(h, m int) time.Time { return time.Date(2026, 11, 19, h-3, m, 0, 0, time.UTC) }
	for _, c := range []struct {
		name string
		set  func(*app.HintFacts)
		want []string
	}{
		{"ordinary", func(*app.HintFacts) {}, nil},
		{"first payment", func(f *app.HintFacts) { f.First, f.PaidName, f.PaidHere = true, 0, 0 }, []string{app.HintFirst}},
		{"the name was paid, elsewhere", func(f *app.HintFacts) { f.First, f.PaidName, f.PaidHere = true, 4, 0 }, []string{app.HintAccountNew}},
		{"the name was paid, here too", func(f *app.HintFacts) { f.First, f.PaidName, f.PaidHere = false, 4, 1 }, nil},
		{"changed 29 days ago", func(f *app.HintFacts) { f.ChangedAt = now.Add(-29 * day) }, []string{app.HintChanged}},
		{"changed 30 days ago", func(f *app.HintFacts) { f.ChangedAt = now.Add(-30 * day) }, nil},
		{"three times the median", func(f *app.HintFacts) { f.Past, f.AmountMinor = []int64{100, 100, 5000}, 300 }, []string{app.HintTriple}},
		{"a kopeck less", func(f *app.HintFacts) { f.Past, f.AmountMinor = []int64{100, 100, 5000}, 299 }, nil},
		{"two payments are no habit", func(f *app.HintFacts) { f.Past, f.AmountMinor = []int64{100, 100}, 900 }, nil},
		{"another name on the account", func(f *app.HintFacts) { f.Elsewhere = []string{"Петров Пётр"} }, []string{app.HintElsewhere}},
		{"the same name in other letters", func(f *app.HintFacts) { f.Elsewhere = []string{"ИВАНОВ  иван"} }, nil},
		{"three just under, one maker", func(f *app.HintFacts) { f.AmountMinor, f.ByMaker = 100_000_00, [][]int64{{99_000_00, 95_000_01}} }, []string{app.HintJustUnder}},
		{"three just under, one payee", func(f *app.HintFacts) { f.AmountMinor, f.ToPayee = 99_999_99, []int64{99_000_00, 96_000_00} }, []string{app.HintJustUnder}},
		{"one of them at 95 %", func(f *app.HintFacts) { f.AmountMinor, f.ByMaker = 100_000_00, [][]int64{{99_000_00, 95_000_00}} }, nil},
		{"one of them above the bound", func(f *app.HintFacts) { f.AmountMinor, f.ByMaker = 100_000_00, [][]int64{{99_000_00, 100_000_01}} }, nil},
		{"two makers, one each", func(f *app.HintFacts) { f.AmountMinor, f.ByMaker = 100_000_00, [][]int64{{99_000_00}, {99_000_00}} }, nil},
		{"this one is none", func(f *app.HintFacts) {
			f.AmountMinor, f.ByMaker = 50_000_00, [][]int64{{99_000_00, 99_000_00, 99_000_00}}
		}, nil},
		{"22:00", func(f *app.HintFacts) { f.EnteredAt = msk(22, 0) }, []string{app.HintNight}},
		{"21:59", func(f *app.HintFacts) { f.EnteredAt = msk(21, 59) }, nil},
		{"05:59", func(f *app.HintFacts) { f.EnteredAt = msk(5, 59) }, []string{app.HintNight}},
		{"06:00", func(f *app.HintFacts) { f.EnteredAt = msk(6, 0) }, nil},
		{"a maker of 29 days", func(f *app.HintFacts) { f.MakerSince = now.Add(-29 * day) }, []string{app.HintMakerNew}},
		{"a maker of 30 days", func(f *app.HintFacts) { f.MakerSince = now.Add(-30 * day) }, nil},
		{"founding makers alone", func(f *app.HintFacts) { f.MakerSince = time.Time{} }, nil},
		{"the same browser", func(f *app.HintFacts) { f.SameBrowser = true }, []string{app.HintSameBrowser}},
	} {
		f := app.HintFacts{Now: now, AmountMinor: 1000, Name: "Иванов Иван", Elsewhere: []string{"Иванов Иван"}, PaidName: 5, PaidHere: 5,
			Bounds: []int64{100_000_00, 1_000_000_00}, EnteredAt: msk(12, 0), MakerSince: now.Add(-400 * day)}
		c.set(&f)
		if got := codes(f.Judge()); !slices.Equal(got, append([]string{}, c.want...)) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := app.Bounds(desktest.Rules()); !slices.Equal(got, []int64{approval.FirstBandMinor, approval.SecondBandMinor}) {
		t.Errorf("bounds %v", got)
	}
}

// hintsOn are the hints that a person sees on a payout of a real desk.
func hintsOn(t *testing.T, d *desktest.Desk, who, device string, id payout.ID) []string {
	t.Helper()
	f, err := d.App.Frame(t.Context())
	must(t, err)
	s := d.Get(id)
	st, err := f.Stand(app.JudgedOf(s), nil)
	must(t, err)
	w := d.Who[who]
	w.Device = device
	hs, err := d.App.HintsOn(t.Context(), f, st, app.JudgedOf(s), s.Version, s.Content.FullName, w)
	must(t, err)
	return codes(hs)
}

// TestHintsOn: the facts are read from the desk as it is: what was paid, under which names, in which browser, how many just under the band.
func TestHintsOn(t *testing.T) {
	d := desktest.New(t)
	d.Who["m1"] = app.Who{Person: d.Who["m1"].Person, Email: d.Who["m1"].Email, Device: "browser-of-m1-and-a1"}
	has := func(id payout.ID, who, device, code string, want bool) {
		t.Helper()
		if got := slices.Contains(hintsOn(t, d, who, device, id), code); got != want {
			t.Errorf("%s on %s for %s in %q: %v, want %v", code, id, who, device, got, want)
		}
	}
	c := d.Content(1_000_00)
	one := d.SubmitContent("m1", c)
	has(one, "a1", "", app.HintFirst, true)
	has(one, "a1", "browser-of-m1-and-a1", app.HintSameBrowser, true)
	has(one, "a1", "another", app.HintSameBrowser, false)
	has(one, "a1", "", app.HintSameBrowser, false)
	has(one, "m1", "browser-of-m1-and-a1", app.HintSameBrowser, false) // one's own browser is no news
	has(one, "a1", "", app.HintMakerNew, false)                        // a founding maker
	d.Approve(one, "a1")
	d.Clock.Add(4 * time.Second)
	d.Send()
	d.Settle()
	for i := range 2 {
		c.AmountText, c.Amount.Minor = "", 0
		x := c
		x.AmountText = []string{"900.00", "1100.00"}[i]
		id := d.SubmitContent("m1", x)
		has(id, "a1", "", app.HintFirst, false)
		d.Approve(id, "a1")
		d.Clock.Add(4 * time.Second)
		d.Send()
		d.Settle()
	}
	c.AmountText = "3000.00"
	has(d.SubmitContent("m1", c), "a1", "", app.HintTriple, true)
	c.AmountText = "2999.00"
	has(d.SubmitContent("m1", c), "a1", "", app.HintTriple, false)
	c.FullName, c.AmountText = "Петров Пётр Петрович", "10.00"
	other := d.SubmitContent("m2", c)
	has(other, "a1", "", app.HintElsewhere, true)
	fresh := d.Content(500_00)
	new1 := d.SubmitContent("m2", fresh) // the same name as before, another account
	has(new1, "a1", "", app.HintAccountNew, true)
	has(new1, "a1", "", app.HintElsewhere, false)

	var last payout.ID
	for i := range 3 {
		last = d.SubmitContent("m2", d.Content(99_000_00+int64(i)))
		has(last, "a1", "", app.HintJustUnder, i == 2)
	}
	d.Clock.Add(8 * 24 * time.Hour)
	has(d.SubmitContent("m2", d.Content(99_500_00)), "a1", "", app.HintJustUnder, false) // the others are a week old
	d.Clock.Add(13 * time.Hour)                                                          // past ten in Moscow
	has(d.SubmitContent("m2", d.Content(77_00)), "a1", "", app.HintNight, true)
	has(new1, "a1", "", app.HintNight, false)
	d.Verify()
}
