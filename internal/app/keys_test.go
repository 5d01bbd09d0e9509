package app_test

import (
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"sync"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bank131"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/fault"
)

// another is a key of the bank that no file has, and its public half as text.
var another = sync.OnceValues(func() (*rsa.PrivateKey, string) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	text, err := bank131.PublicPEM(&k.PublicKey)
	if err != nil {
		panic(err)
	}
	return k, text
})

// acceptBank lets somebody say yes to the open proposal about the bank.
func acceptBank(t testing.TB, d *desktest.Desk, who string) error {
	t.Helper()
	list, err := d.Store.Proposals(t.Context(), approval.Keys, app.KeysID, 1)
	must(t, err)
	if len(list) == 0 {
		t.Fatal("nothing is proposed")
	}
	return d.App.Accept(t.Context(), d.Who[who], approval.Keys, app.KeysID, list[0].Digest, app.Proof{})
}

var days2026 = calendar.Year{Off: []calendar.Day{"2026-12-31", "2026-01-09"}}

// TestTransfers: days are proposed by an administrator, decided by another or a senior, counted from then on, and kept over a restart.
func TestTransfers(t *testing.T) {
	for _, decides := range []string{"d2", "s1"} {
		d := desktest.New(t)
		works := func() bool { return d.App.BankCalendar().IsBankDay("2026-12-31") }
		if got := d.App.MissingYears(d.Clock.Now()); !slices.Equal(got, []int{2026}) {
			t.Errorf("missing: %v", got)
		}
		for _, who := range []string{"m1", "a1", "s1", "u1"} {
			if err := d.App.ProposeTransfers(t.Context(), d.Who[who], 2026, days2026, 0, ""); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s: %v", who, err)
			}
		}
		must(t, d.App.ProposeTransfers(t.Context(), d.Who["d1"], 2026, days2026, 0, "Decree 1466"))
		if err := d.App.ProposeTransfers(t.Context(), d.Who["d2"], 2026, days2026, 0, ""); !fault.Is(err, "subject.pending") {
			t.Errorf("a second one beside it: %v", err)
		}
		for _, who := range []string{"d1", "a1", "m1", "u1"} {
			if err := acceptBank(t, d, who); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s decided: %v", who, err)
			}
		}
		if !works() {
			t.Error("a proposal is in force before anybody agreed")
		}
		must(t, acceptBank(t, d, decides))
		if works() || !d.App.BankCalendar().Loaded(2026) || d.App.BankCalendar().Loaded(2027) || len(d.App.MissingYears(d.Clock.Now())) != 0 {
			t.Error("not in force")
		}
		d.Restart()
		if works() || d.App.Bank().Version != 1 {
			t.Error("a restart lost it")
		}
		d.Clock.Add(12 * 24 * time.Hour) // 1 December
		if got := d.App.MissingYears(d.Clock.Now()); !slices.Equal(got, []int{2027}) {
			t.Errorf("missing in December: %v", got)
		}
		must(t, d.App.ProposeTransfers(t.Context(), d.Who["d1"], 2027, calendar.Year{}, 1, ""))
		must(t, acceptBank(t, d, "d2"))
		if works() || !slices.Equal(d.App.Bank().Years(), []int{2026, 2027}) {
			t.Error("the year before was lost:", d.App.Bank().Years())
		}
		d.Verify()
	}
}

// TestTransfers_Faults: each wrong day at its field.
func TestTransfers_Faults(t *testing.T) {
	d := desktest.New(t)
	for _, c := range []struct {
		year        int
		off, work   []calendar.Day
		field, code string
	}{
		{1999, nil, nil, "year", "calendar.range"},
		{2026, []calendar.Day{"2026-12-31", "2026-12-31"}, nil, "off", "calendar.twice"},
		{2026, []calendar.Day{"2026-11-22"}, nil, "off", "calendar.off_already"},
		{2026, []calendar.Day{"2025-12-31"}, nil, "off", "calendar.year"},
		{2026, nil, []calendar.Day{"2026-11-20"}, "work", "calendar.works"},
		{2026, nil, []calendar.Day{"2026-01-03"}, "work", "calendar.holiday"},
		{2026, nil, []calendar.Day{"nonsense"}, "work", "calendar.day"},
		{2026, make([]calendar.Day, 101), nil, "off", "calendar.many"},
	} {
		err := d.App.ProposeTransfers(t.Context(), d.Who["d1"], c.year, calendar.Year{Off: c.off, Work: c.work}, 0, "")
		if f := fault.As(err).Field(c.field); f == nil || f.Code != c.code {
			t.Errorf("%d %v %v: %v, want %s at %s", c.year, c.off, c.work, err, c.code, c.field)
		}
	}
	must(t, d.App.ProposeTransfers(t.Context(), d.Who["d1"], 2026, days2026, 0, ""))
	must(t, acceptBank(t, d, "d2"))
	if err := d.App.ProposeTransfers(t.Context(), d.Who["d1"], 2026, days2026, 1, ""); !fault.Is(err, "keys.same") {
		t.Errorf("the same again: %v", err)
	}
	if err := d.App.ProposeTransfers(t.Context(), d.Who["d1"], 2025, calendar.Year{}, 0, ""); !fault.Is(err, "subject.moved") {
		t.Errorf("from an old screen: %v", err)
	}
}

// TestBankKeys: a key that four eyes added is accepted at once and after a restart, and what was refused before is verified again; taken away it is not.
func TestBankKeys(t *testing.T) {
	d := desktest.New(t)
	key, text := another()
	body := []byte(`{"type":"unknown","session":{"id":"ps_9"}}`)
	sig, err := bank131.Signer{Key: key}.Sign(body)
	must(t, err)
	check := func() bool {
		_, reason := d.Ring.Verify(body, []string{sig})
		return reason == ""
	}
	d.App.RefusedWebhook(t.Context(), body, sig, "wrong")
	d.App.RefusedWebhook(t.Context(), []byte("forged"), sig, "wrong")
	inbox := func() (stored, refused int) {
		c, err := d.Store.InboxCounts(t.Context())
		must(t, err)
		return c.All, c.Refused
	}
	if a, r := inbox(); a != 0 || r != 2 || check() {
		t.Fatal(a, r)
	}
	must(t, d.App.ProposeBankKeys(t.Context(), d.Who["d1"], text, 0, ""))
	if err := acceptBank(t, d, "d1"); !fault.Is(err, "subject.own") || check() {
		t.Fatal("by the proposer alone:", err)
	}
	must(t, acceptBank(t, d, "s1"))
	if a, r := inbox(); a != 1 || r != 1 || !check() {
		t.Errorf("after the key was added: %d stored, %d refused, accepted %v", a, r, check())
	}
	d.Apply()
	d.Restart()
	if !check() {
		t.Error("a restart lost the key")
	}
	if n, err := d.App.RetryRefused(t.Context()); n != 0 || err != nil {
		t.Error("once is enough:", n, err)
	}
	print := d.Ring.Print(d.App.Bank().Keys[0])
	if err := d.App.ProposeBankKeys(t.Context(), d.Who["d1"], text, 1, ""); !fault.Is(err, "keys.there") {
		t.Error("twice:", err)
	}
	if err := d.App.ProposeKeyGone(t.Context(), d.Who["d1"], d.Ring.FromFile()[0], 1, ""); !fault.Is(err, "keys.file") {
		t.Error("a key of the file:", err)
	}
	if err := d.App.ProposeKeyGone(t.Context(), d.Who["d1"], "00", 1, ""); !fault.Is(err, "keys.gone") {
		t.Error("no such key:", err)
	}
	must(t, d.App.ProposeKeyGone(t.Context(), d.Who["d2"], print, 1, ""))
	must(t, acceptBank(t, d, "d1"))
	if check() {
		t.Error("a key that was taken away is accepted")
	}
	d.Restart()
	if check() {
		t.Error("a restart brought it back")
	}
	d.Verify()
}

// TestRetryRefused_Many: a ring of refused messages is gone through to its end, also when most of it stays.
func TestRetryRefused_Many(t *testing.T) {
	d := desktest.New(t)
	key, text := another()
	for i := range 130 {
		body := []byte{'{', byte('0' + i%10), byte('a' + i/10), '}'}
		sig, err := bank131.Signer{Key: key}.Sign(body)
		must(t, err)
		if i%3 == 0 {
			sig = "AAAA" + sig[4:]
		}
		d.App.RefusedWebhook(t.Context(), body, sig, "wrong")
	}
	must(t, d.App.ProposeBankKeys(t.Context(), d.Who["d1"], text, 0, ""))
	must(t, acceptBank(t, d, "d2"))
	c, err := d.Store.InboxCounts(t.Context())
	must(t, err)
	if c.All != 86 || c.Refused != 44 {
		t.Errorf("%d stored, %d refused", c.All, c.Refused)
	}
	d.Apply()
	d.Verify()
}

// TestBankSettings_Doc: the document comes back as it was, and no other spelling of it is taken.
func TestBankSettings_Doc(t *testing.T) {
	s := app.BankSettings{Transfers: calendar.Transfers{2026: {Off: []calendar.Day{"2026-12-31"}}, 2025: {Work: []calendar.Day{"2025-11-01"}}}, Keys: []string{"-----BEGIN"}}
	doc := s.Doc()
	if want := `{"transfers":{"2025":{"off":[],"work":["2025-11-01"]},"2026":{"off":["2026-12-31"],"work":[]}},"bank_keys":["-----BEGIN"]}`; string(doc) != want {
		t.Errorf("%s\nwant %s", doc, want)
	}
	back, err := app.ParseBankSettings(doc)
	if err != nil || string(back.Doc()) != string(doc) {
		t.Error(err)
	}
	for _, bad := range []string{"", "{}", `{"bank_keys":[],"transfers":{}}`, `{"transfers":{},"bank_keys":null}`, `{"transfers":{},"bank_keys":[]} `, `{"transfers":{},"bank_keys":[],"x":1}`,
		`{"transfers":{"2026":{"off":["2026-11-22"],"work":[]}},"bank_keys":[]}`, `{"transfers":{},"bank_keys":[]}{}`} {
		if _, err := app.ParseBankSettings([]byte(bad)); err == nil {
			t.Errorf("taken: %s", bad)
		}
	}
}
