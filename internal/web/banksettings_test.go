package web

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bank131"
	"countersign/internal/bikdir"
)

// upload posts a file as the form of /settings/bank does.
func (x *browser1) upload(path, field string, file []byte) *httptest.ResponseRecorder {
	x.b.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile(field, "ED807.zip")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = m.Close()
	}
	if err != nil {
		x.b.t.Fatal(err)
	}
	q := x.request("POST", path, url.Values{})
	q.Body, q.ContentLength = io.NopCloser(&body), int64(body.Len())
	q.Header.Set("Content-Type", m.FormDataContentType())
	return x.do(q)
}

func banksFile(t *testing.T, biks ...string) []byte {
	t.Helper()
	d := bikdir.Directory{Date: "2026-11-19", Version: "1"}
	for _, b := range biks {
		d.Banks = append(d.Banks, bikdir.Bank{BIK: b, Name: "Банк Пример " + b[5:], Town: "г Тверь", Closed: b == "040000999"})
	}
	file, err := bikdir.Write(d)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// bomb is a ZIP of one XML of a gigabyte of spaces.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("ED807.xml")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 1 << 10 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBankUpload: a good file is there at once, on every page that shows a BIK; what is wrong is said at the field, fast, and changes nothing.
func TestBankUpload(t *testing.T) {
	b := newBench(t)
	d1 := b.as("d1")
	page := visible(want(t, d1.get("/settings/bank"), 200))
	if !strings.Contains(page, "No directory is loaded") {
		t.Error("it does not say that nothing is loaded:", page)
	}
	for name, c := range map[string]struct {
		field  string
		file   []byte
		status int
		says   string
	}{
		"no file":   {"other", nil, 422, "Choose the directory"},
		"text":      {"file", []byte("BIK;Bank"), 422, "cannot be read as XML"},
		"bomb":      {"file", bomb(t), 422, "too large"},
		"over 8 MB": {"file", make([]byte, app.MaxBankFile+1), 422, "too large"},
		"over all":  {"other", make([]byte, app.MaxBankFile+maxForm+1), 413, ""},
	} {
		began := time.Now()
		rec := d1.upload("/settings/bank", c.field, c.file)
		body := want(t, rec, c.status)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
		if c.says != "" && (!strings.Contains(visible(body), c.says) || !strings.Contains(body, `data-error="file"`)) {
			t.Errorf("%s: it does not say %q at the field", name, c.says)
		}
	}
	if _, loaded, err := b.Store.BankFile(t.Context()); loaded || err != nil {
		t.Fatal("something was loaded", err)
	}
	want(t, d1.post("/settings/bank", url.Values{"file": {"x"}}), 422) // a form of another kind
	want(t, b.as("m1").upload("/settings/bank", "file", banksFile(t, "044525971")), 403)
	want(t, b.browser().upload("/settings/bank", "file", banksFile(t, "044525971")), 401)

	rec := d1.upload("/settings/bank", "file", banksFile(t, "044525971", "040000999"))
	if want(t, rec, 303); rec.Header().Get("Location") != "/settings/bank" {
		t.Error(rec.Header().Get("Location"))
	}
	want(t, d1.upload("/settings/bank", "file", banksFile(t, "044525971", "040000999")), 303) // twice changes nothing
	n := 0
	for _, e := range b.Events() {
		if e.Action == "bankdir.replaced" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d events", n)
	}
	page = visible(want(t, d1.get("/settings/bank"), 200))
	for _, s := range []string{"19 Nov 2026", "Banks 2", "Person d1", "Replace the directory"} {
		if !strings.Contains(page, s) {
			t.Errorf("the page does not say %q: %s", s, page)
		}
	}
	if body := want(t, d1.get("/history?kind=keys"), 200); !strings.Contains(visible(body), "Directory of banks loaded Directory of banks") || !strings.Contains(body, `href="/settings/bank"`) {
		t.Error("the audit log does not tell of it:", visible(body))
	}
	if strings.Contains(visible(want(t, b.as("u1").get("/settings/bank"), 200)), "Replace the directory") {
		t.Error("an auditor is offered the form")
	}

	m1 := b.as("m1")
	help := visible(want(t, m1.post("/payouts/check", documented(token(8))), 200))
	if !strings.Contains(help, "Банк Пример 5971, г Тверь") && !strings.Contains(help, "Банк Пример") {
		t.Error("the form does not name the bank:", help)
	}
	f := documented(token(8))
	f.Set("bik", "040000999")
	body := want(t, m1.post("/payouts/check", f), 200)
	if !strings.Contains(body, `data-warning="bik_unknown"`) || !strings.Contains(visible(body), "bank closed") {
		t.Error("a closed bank does not warn:", visible(body))
	}
	rec = m1.post("/payouts", f)
	if body := want(t, rec, 422); !strings.Contains(body, `value="bik_unknown"`) {
		t.Error("it is not to be ticked")
	}
	f.Set("form", token(8))
	f["ack"] = []string{"account_key", "bik_unknown"}
	rec = m1.post("/payouts", f)
	want(t, rec, 303)
	page = visible(want(t, b.as("a1").get(rec.Header().Get("Location")), 200))
	if !strings.Contains(page, "bank closed") || !strings.Contains(page, "not in the directory of banks") {
		t.Error("the approver is not told:", page)
	}
}

// TestBankForms: days and keys are typed in by administrators only, faults stand at their fields, and what is proposed waits for somebody else.
func TestBankForms(t *testing.T) {
	b := newBench(t)
	d1 := b.as("d1")
	page := want(t, d1.get("/settings/bank"), 200)
	if !strings.Contains(visible(page), "Moved days of 2026 are not entered") {
		t.Error("a year that is missing is not named")
	}
	post := func(path string, kv ...string) *httptest.ResponseRecorder {
		f := url.Values{"version": {field(t, page, "version")}}
		for i := 0; i < len(kv); i += 2 {
			f.Set(kv[i], kv[i+1])
		}
		return d1.post(path, f)
	}
	for _, c := range []struct{ path, name, value, at, says string }{
		{"/settings/bank/calendar", "year", "soon", "year", "2013 to 2099"},
		{"/settings/bank/calendar", "off", "31.12.2026 never", "off", "“never”"},
		{"/settings/bank/calendar", "off", "21.11.2026", "off", "21.11.2026: it is a weekend"},
		{"/settings/bank/calendar", "work", "20.11.2026", "work", "20.11.2026: it is a working day"},
		{"/settings/bank/keys", "bank_key", "no key", "bank_key", "This is not a public key"},
		{"/settings/bank/keys", "bank_key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "bank_key", "This is a private key"},
		{"/settings/bank/keys/remove", "key", "00", "key", "no such key"},
	} {
		body := want(t, post(c.path, "year", "2026", c.name, c.value), 422)
		if !strings.Contains(body, `data-error="`+c.at+`"`) || !strings.Contains(visible(body), c.says) {
			t.Errorf("%s %s=%q: %s", c.path, c.name, c.value, visible(body))
		}
		if c.at == "off" && !strings.Contains(body, c.value) {
			t.Errorf("%q is not filled in again", c.value)
		}
		if strings.Contains(body, "PRIVATE KEY") {
			t.Error("a private key is sent back")
		}
	}
	want(t, post("/settings/bank/calendar", "year", "2026", "off", "09.01.2026, 31.12.2026"), 303)
	page2 := want(t, d1.get("/settings/bank"), 200)
	if !strings.Contains(page2, `data-testid="open-proposal"`) || strings.Contains(page2, `data-testid="calendar-form"`) {
		t.Error("what waits is not shown, or another could be proposed beside it")
	}
	want(t, post("/settings/bank/calendar", "year", "2026", "off", "31.12.2026"), 409)
	open, err := b.Store.Proposals(t.Context(), approval.Keys, app.KeysID, 1)
	if err != nil || len(open) != 1 {
		t.Fatal(err, len(open))
	}
	if err := b.App.Accept(t.Context(), b.Who["s1"], approval.Keys, app.KeysID, open[0].Digest, app.Proof{}); err != nil {
		t.Fatal(err)
	}
	if got := visible(want(t, d1.get("/settings/bank"), 200)); !strings.Contains(got, "days off 09.01.2026 31.12.2026") || strings.Contains(got, "not entered") {
		t.Error(got)
	}
}

// TestDueForm: the due day as it is typed, in both languages; help that blocks nothing; kept by an edit, dropped by a copy, shown on page and list.
func TestDueForm(t *testing.T) {
	b := newBench(t) // Thursday, 19 November 2026
	m1 := b.as("m1")
	check := func(day string) string {
		f := documented(token(8))
		f.Set("due_date", day)
		return visible(want(t, m1.post("/payouts/check", f), 200))
	}
	for day, says := range map[string]string{
		"":           "Empty: leaves once it is approved",
		"20.11.2026": "Leaves for the bank on 20 Nov at 00:00 Moscow time; moved days of 2026 are not entered",
		"2026-11-20": "Leaves for the bank on 20 Nov",
		"22.11.2026": "22 Nov: not a bank day; the bank executes it on 23 Nov",
		"19.11.2026": "Today",
		"18.11.2026": "This date is over",
		"19.02.2027": "no more than 90 days ahead",
		"31.11.2026": "There is no such date",
	} {
		if got := check(day); !strings.Contains(got, says) {
			t.Errorf("%q: %s\nwant %s", day, got, says)
		}
	}
	for _, do := range []string{"draft", "submit"} {
		f := documented(token(8))
		f.Set("do", do)
		f.Set("due_date", "in a week")
		if body := want(t, m1.post("/payouts", f), 422); !strings.Contains(body, `data-error="due_date"`) || field(t, body, "due_date") != "in a week" {
			t.Error(do, "does not come back at its field as typed")
		}
	}
	f := documented(token(8))
	f.Set("due_date", "01.12.2026")
	rec := m1.post("/payouts", f)
	want(t, rec, 303)
	at := rec.Header().Get("Location")
	if s := visible(want(t, m1.get(at), 200)); !strings.Contains(s, "Sending date 01.12.2026") {
		t.Error("not on the page:", s)
	}
	if s := visible(want(t, m1.get("/payouts"), 200)); !strings.Contains(s, "for 1 Dec") {
		t.Error("not on the list")
	}
	edit := want(t, m1.get(at+"/edit"), 200)
	if field(t, edit, "due_date") != "01.12.2026" {
		t.Error("an edit loses the day")
	}
	if s := visible(want(t, b.as("a1").get(at), 200)); !strings.Contains(s, "leaves for the bank on 1 Dec at 00:00 Moscow time") {
		t.Error("the approver is not told when it leaves:", s)
	}
	f.Set("version", "1")
	f.Set("due_date", "02.12.2026")
	want(t, m1.post(at+"/edit", f), 303)
	a1 := b.as("a1")
	body := want(t, a1.get(at), 200)
	if s := visible(body); !strings.Contains(s, "Sending date 01.12.2026 02.12.2026") {
		t.Error("the change of the day is not shown:", s)
	}
	rec = a1.post(at+"/approve", url.Values{"digest": {field(t, body, "digest")}, "version": {"2"}})
	want(t, rec, 303)
	body = want(t, a1.get(at), 200)
	if s := visible(body); !strings.Contains(body, `data-held="date"`) || !strings.Contains(s, "Waits for its date: leaves on 2 Dec at 00:00 Moscow time") {
		t.Error("it does not say why it stands:", s)
	}
	if s := visible(want(t, m1.get("/payouts"), 200)); !strings.Contains(s, "leaves on 2 Dec") {
		t.Error("the list does not say when it leaves")
	}
	want(t, m1.post(at+"/cancel", url.Values{"version": {"2"}, "reason": {"no more"}}), http.StatusSeeOther)
	if field(t, want(t, m1.get(at+"/copy"), 200), "due_date") != "" {
		t.Error("a copy keeps the day")
	}
}

// TestBankChange: whoever decides about days and keys sees what changes, each key's fingerprint whole, and is told to compare it; with their yes it holds.
func TestBankChange(t *testing.T) {
	b := newBench(t)
	d1, s1 := b.as("d1"), b.as("s1")
	page := want(t, d1.get("/settings/bank"), 200)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text, err := bank131.PublicPEM(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	print, err := bank131.Fingerprint(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	want(t, d1.post("/settings/bank/keys", url.Values{"bank_key": {text}, "version": {field(t, page, "version")}}), 303)
	page = want(t, d1.get("/settings/bank"), 200)
	if !strings.Contains(page, string(`href="`+keysProposalHref+`"`)) || strings.Contains(visible(page), print) {
		t.Error("no way to the proposal, or the key stands there already")
	}
	body := want(t, s1.get(string(keysProposalHref)), 200)
	for _, s := range []string{print, "compare its fingerprint with the bank by phone", "Person d1"} {
		if !strings.Contains(visible(body), s) {
			t.Errorf("whoever decides does not read %q: %s", s, visible(body))
		}
	}
	form := url.Values{"digest": {field(t, body, "digest")}, "version": {"1"}}
	want(t, d1.post(string(keysProposalHref)+"/approve", form), 403)
	want(t, s1.post(string(keysProposalHref)+"/approve", form), 303)
	page = want(t, d1.get("/settings/bank"), 200)
	if !strings.Contains(visible(page), "added here "+print) {
		t.Error("the key is not there:", visible(page))
	}
	want(t, d1.post("/settings/bank/keys/remove", url.Values{"key": {print}, "version": {field(t, page, "version")}}), 303)
	if body := visible(want(t, s1.get(string(keysProposalHref)), 200)); !strings.Contains(body, print) {
		t.Error("which key goes is not shown:", body)
	}
}
