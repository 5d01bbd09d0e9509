package app_test

import (
	"slices"
	"testing"

	"countersign/internal/app"
	"countersign/internal/bankdetails"
	"countersign/internal/bikdir"
	"countersign/internal/desktest"
	"countersign/internal/fault"
)

// directory is a made-up file of these BIKs; the ones in closed are.
func directory(t testing.TB, day string, biks []string, closed ...string) []byte {
	t.Helper()
	d := bikdir.Directory{Date: day, Version: "1"}
	for _, b := range biks {
		d.Banks = append(d.Banks, bikdir.Bank{BIK: b, Name: "Банк " + b, Town: "г Тверь", Closed: slices.Contains(closed, b)})
	}
	file, err := bikdir.Write(d)
	must(t, err)
	return file
}

func happened(d *desktest.Desk, action string) int {
	n := 0
	for _, e := range d.Events() {
		if e.Action == action {
			n++
		}
	}
	return n
}

// TestLoadBanks: administrators replace the directory whole; the same file again changes nothing; what is refused leaves the old one whole.
func TestLoadBanks(t *testing.T) {
	d := desktest.New(t)
	one, two := directory(t, "2026-11-18", []string{"044525974", "044525225"}), directory(t, "2026-11-19", []string{"040000713"})
	for _, who := range []string{"m1", "a1", "s1", "u1"} {
		if _, err := d.App.LoadBanks(t.Context(), d.Who[who], one); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, loaded, err := d.Store.BankFile(t.Context()); loaded || err != nil {
		t.Fatal("loaded by somebody who may not", err)
	}
	f, err := d.App.LoadBanks(t.Context(), d.Who["d1"], one)
	must(t, err)
	if f.N != 2 || f.Day != "2026-11-18" || f.By.Person != d.Who["d1"].Person {
		t.Errorf("%+v", f)
	}
	if name, town, closed, ok := d.App.BankOf(t.Context(), "044525225"); name != "Банк 044525225" || town != "г Тверь" || closed || !ok {
		t.Error(name, town, closed, ok)
	}
	if _, err := d.App.LoadBanks(t.Context(), d.Who["d2"], one); err != nil || happened(d, "bankdir.replaced") != 1 {
		t.Error("the same file again:", err)
	}
	for name, bad := range map[string]struct {
		file []byte
		code string
	}{"nothing": {nil, "bankdir.none"}, "text": {[]byte("БИК;Банк\n"), "bikdir.xml"}, "cut": {one[:len(one)-10], "bikdir.zip"}, "huge": {make([]byte, app.MaxBankFile+1), "bikdir.size"}} {
		if _, err := d.App.LoadBanks(t.Context(), d.Who["d1"], bad.file); fault.KindOf(err) != fault.Invalid || fault.As(err).Field("file") == nil || fault.As(err)[0].Code != bad.code {
			t.Errorf("%s: %v, want %s at file", name, err, bad.code)
		}
	}
	if _, _, _, ok := d.App.BankOf(t.Context(), "044525225"); !ok {
		t.Error("a refused file took the old one away")
	}
	_, err = d.App.LoadBanks(t.Context(), d.Who["d2"], two)
	must(t, err)
	if _, _, _, ok := d.App.BankOf(t.Context(), "044525225"); ok {
		t.Error("what is not in the new file is still there")
	}
	if _, _, _, ok := d.App.BankOf(t.Context(), "040000713"); !ok {
		t.Error("what is in the new file is not there")
	}
	d.Restart()
	if f, loaded, err := d.Store.BankFile(t.Context()); !loaded || err != nil || f.N != 1 || f.By.Person != d.Who["d2"].Person {
		t.Error("after a restart:", f, loaded, err)
	}
	d.Verify()
}

// TestBIKUnknown: a BIK that a loaded directory does not know, or knows as closed, must be ticked; without a directory, or by a made-up one, nothing is.
func TestBIKUnknown(t *testing.T) {
	warned := func(d *desktest.Desk) bool {
		w, _, err := d.App.Judge(t.Context(), "", d.Content(500_00)) // to 044525974
		must(t, err)
		return slices.Contains(w, bankdetails.WarnBIKUnknown)
	}
	for name, c := range map[string]struct {
		load func(*desktest.Desk) error
		want bool
	}{
		"no directory": {func(*desktest.Desk) error { return nil }, false},
		"made up": {func(d *desktest.Desk) error {
			return d.App.LoadMadeUpBanks(t.Context(), directory(t, "2026-11-18", []string{"040000713"}))
		}, false},
		"there": {func(d *desktest.Desk) error {
			_, err := d.App.LoadBanks(t.Context(), d.Who["d1"], directory(t, "2026-11-18", []string{"044525974"}))
			return err
		}, false},
		"not there": {func(d *desktest.Desk) error {
			_, err := d.App.LoadBanks(t.Context(), d.Who["d1"], directory(t, "2026-11-18", []string{"040000713"}))
			return err
		}, true},
		"closed": {func(d *desktest.Desk) error {
			_, err := d.App.LoadBanks(t.Context(), d.Who["d1"], directory(t, "2026-11-18", []string{"044525974"}, "044525974"))
			return err
		}, true},
		"a real one over the made-up one": {func(d *desktest.Desk) error {
			file := directory(t, "2026-11-18", []string{"040000713"})
			must(t, d.App.LoadMadeUpBanks(t.Context(), file))
			if err := d.App.LoadMadeUpBanks(t.Context(), file); fault.KindOf(err) != fault.Conflict {
				t.Error("the made-up one over another:", err)
			}
			_, err := d.App.LoadBanks(t.Context(), d.Who["d1"], file) // the very same bytes, but now an administrator's word
			return err
		}, true},
	} {
		d := desktest.New(t)
		must(t, c.load(d))
		if got := warned(d); got != c.want {
			t.Errorf("%s: warned %v", name, got)
		}
		id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "f", Content: d.Content(500_00), Submit: true})
		if f := fault.As(err); c.want != (len(f) == 1 && f[0].Field == "ack" && f[0].Args[0] == "bik_unknown") || !c.want && err != nil {
			t.Errorf("%s: submitted: %v", name, err)
		}
		if c.want {
			must(t, d.App.Submit(t.Context(), d.Who["m1"], id, 1, []string{"bik_unknown"}))
			if !slices.Contains(d.Get(id).Acks, "bik_unknown") {
				t.Errorf("%s: not among what is signed: %v", name, d.Get(id).Acks)
			}
			d.Verify()
		}
	}
}
