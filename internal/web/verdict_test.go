package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/banksim"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// file posts a form with a file.
func (x *browser1) file(path string, fields map[string]string, file []byte) *httptest.ResponseRecorder {
	x.b.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for k, v := range fields {
		if err := m.WriteField(k, v); err != nil {
			x.b.t.Fatal(err)
		}
	}
	if file != nil {
		part, err := m.CreateFormFile("file", `..\"<b>.html`)
		if err == nil {
			_, err = part.Write(file)
		}
		if err != nil {
			x.b.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		x.b.t.Fatal(err)
	}
	q := x.request("POST", path, url.Values{})
	q.Body, q.ContentLength = io.NopCloser(&body), int64(body.Len())
	q.Header.Set("Content-Type", m.FormDataContentType())
	return x.do(q)
}

// TestOutcomePages: an unknown outcome has an owner, an age, what was asked, what would close it and a next step; from 30 minutes on every page says so. The form keeps
// what was typed, refuses at its field, and its file comes back only as a file, to readers of payouts. Issue 5, points 4 and 5.
func TestOutcomePages(t *testing.T) {
	b := newBench(t)
	id := b.Approved(100_71)
	o := b.Claim()
	if err := b.App.Answered(t.Context(), o, protocol.Answer{GotConn: true, Err: "cut"}, protocol.Raw{}); err != nil {
		t.Fatal(err)
	}
	b.Clock.Add(29 * time.Minute)
	maker, approver, second, admin, auditor := b.as("m1"), b.as("a1"), b.as("a2"), b.as("d1"), b.as("u1")
	for _, x := range []*browser1{maker, approver, admin} {
		page := want(t, x.get("/unknown"), 200)
		for _, part := range []string{"case-owner", "case-age", "case-asked", "case-closes", "case-next"} {
			if !strings.Contains(page, part) {
				t.Errorf("nothing says %s", part)
			}
		}
		if strings.Contains(want(t, x.get("/"), 200), "bar-late") {
			t.Error("an alarm before its time")
		}
	}
	b.Clock.Add(2 * time.Minute)
	for _, x := range []*browser1{maker, approver, admin, auditor} {
		for _, path := range []string{"/", "/payouts", "/halt"} {
			if page := want(t, x.get(path), 200); !strings.Contains(page, "bar-late") || !strings.Contains(page, "No "+num(b.Get(id).Number)) {
				t.Errorf("%s does not say that an outcome has been unknown for too long", path)
			}
		}
	}

	form := "/payouts/" + string(id) + "/outcome"
	ok := map[string]string{"outcome": "not_paid", "basis": "letter", "reason": "their letter No 17", "version": "0"}
	with := func(k, v string) map[string]string {
		out := map[string]string{}
		for n, x := range ok {
			out[n] = x
		}
		out[k] = v
		return out
	}
	letter := []byte("<script>alert(1)</script>")
	for field, r := range map[string]*httptest.ResponseRecorder{"outcome": maker.file(form, with("outcome", ""), letter), "basis": maker.file(form, with("basis", "rumour"), letter),
		"reason": maker.file(form, with("reason", ""), letter), "file": maker.file(form, ok, nil)} {
		if page := want(t, r, 422); !strings.Contains(page, `data-error="`+field+`"`) || field != "reason" && !strings.Contains(page, "their letter No 17") {
			t.Errorf("%s: refused elsewhere, or what was typed is gone", field)
		}
	}
	if page := want(t, maker.file(form, with("basis", "support"), letter), 422); !strings.Contains(page, "25.11.2026") {
		t.Error("too early, and it does not say from when")
	}
	want(t, maker.file(form, ok, bytes.Repeat([]byte("a"), app.MaxEvidenceFile+2<<20)), 413)
	want(t, approver.file(form, ok, letter), 403)
	r := maker.file(form, ok, letter)
	want(t, r, 303)
	change := r.Header().Get("Location")
	p := b.openChange(approval.Verdict, string(id))
	for name, x := range map[string]*browser1{"maker": maker, "approver": approver, "auditor": auditor} {
		f := x.get(form + "/1/file")
		if body := want(t, f, 200); body != string(letter) {
			t.Errorf("%s: %q", name, body)
		}
		h := f.Header()
		if h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") ||
			h.Get("Content-Disposition") != `attachment; filename="evidence-`+num(b.Get(id).Number)+`-1.txt"` {
			t.Errorf("%s: %v", name, h)
		}
	}
	want(t, admin.get(form+"/1/file"), 403)
	want(t, admin.get(change), 404)
	want(t, maker.get(form+"/2/file"), 404)
	decide := url.Values{"digest": {p.Digest}, "version": {"1"}}
	if page := want(t, approver.get(change), 200); !strings.Contains(page, "not paid") || !strings.Contains(page, "paid twice") {
		t.Error("the approver is not told what it means")
	}
	if page := want(t, approver.get("/approvals"), 200); !strings.Contains(page, change) {
		t.Error("it is not in the queue")
	}
	want(t, approver.post(change+"/approve", decide), 303)
	want(t, second.post(change+"/approve", decide), 303)
	if s := b.Get(id); s.State != payout.Failed || !s.Confirmed {
		t.Fatal(s.State)
	}
	if page := want(t, maker.get("/payouts/"+string(id)), 200); !strings.Contains(page, "Decided by people: not paid") || !strings.Contains(page, "/copy") {
		t.Error("the payout does not say that people decided, or cannot be paid again")
	}
	want(t, maker.get(form), 409)
}

// TestOutcomeFromReport: where a report says what became of an unknown payout and the bank does not answer about the session, the day's line offers a maker a ruling
// that is filled in, the report with it: one press proposes it, and who decides reads the row. Issue 5, point 9.
func TestOutcomeFromReport(t *testing.T) {
	b := newBench(t)
	ids, day := b.paidDay(72) // paid, and nobody ever told us
	id := ids[0]
	data, err := b.Bank.Report(string(day), "csv")
	must(t, err)
	maker, approver := b.as("m1"), b.as("a1")
	want(t, maker.handIn(b.Bank.ReportName(string(day))+".csv", "", data), 303)
	path, form := "/reports/"+string(day), "/payouts/"+string(id)+"/outcome"
	offer := form + "?report=1&amp;n=1"
	if page := want(t, maker.get(path), 200); strings.Contains(page, offer) || !strings.Contains(page, `href="/unknown"`) {
		t.Error("offered before the bank was asked")
	}
	p, err := b.App.DuePoll(t.Context())
	must(t, err)
	must(t, b.App.Fetched(t.Context(), p, protocol.Fetch{Asked: p.Session, Problem: "down"}, protocol.Raw{}))
	for _, at := range []string{path, "/reports/ageing"} {
		if page := want(t, maker.get(at), 200); !strings.Contains(page, offer) || !strings.Contains(page, "Propose an outcome from this report") {
			t.Errorf("%s does not offer it", at)
		}
		if page := want(t, approver.get(at), 200); strings.Contains(page, offer) || !strings.Contains(page, "does not answer about this session") {
			t.Errorf("%s offers it to somebody who may not propose, or does not say what is next", at)
		}
	}

	page := want(t, maker.get(strings.ReplaceAll(offer, "&amp;", "&")), 200)
	if strings.Contains(page, `type="file"`) || !strings.Contains(page, `data-testid="attached"`) || strings.Contains(page, `value="letter"`) {
		t.Error("the form asks for a file, or takes the report for the bank's letter")
	}
	values := map[string]string{}
	for _, name := range []string{"report", "n", "version"} {
		_, v, _ := strings.Cut(page, `name="`+name+`" value="`)
		values[name], _, _ = strings.Cut(v, `"`)
	}
	for _, name := range []string{"paid", "statement"} {
		if !strings.Contains(page, `value="`+name+`" checked`) {
			t.Errorf("%s is not chosen", name)
		}
	}
	_, area, _ := strings.Cut(page, "<textarea")
	_, area, _ = strings.Cut(area, ">")
	area, _, _ = strings.Cut(area, "</textarea>")
	if !strings.Contains(area, p.Session) || !strings.Contains(area, "1 000.72") && !strings.Contains(area, "1,000.72") {
		t.Errorf("the reason is %q", area)
	}
	values["outcome"], values["basis"], values["reason"] = "paid", "statement", ""
	if page := want(t, maker.file(form, values, nil), 422); !strings.Contains(page, `data-error="reason"`) || !strings.Contains(page, `data-testid="attached"`) {
		t.Error("refused, and the report is not attached any more")
	}
	values["reason"] = area
	want(t, maker.get(form+"?report=9&n=1"), 404)
	want(t, approver.file(form, values, nil), 403)
	r := maker.file(form, values, nil)
	want(t, r, 303)
	if s := b.Get(id); s.State != payout.Unknown {
		t.Fatalf("proposed, and it is %s", s.State)
	}
	change := r.Header().Get("Location")
	shown := plain(want(t, approver.get(change), 200))
	for _, part := range []string{p.Session, b.Bank.ReportName(string(day)) + ".csv", "payout executed", b.Get(id).Reference, "Account statement"} {
		if !strings.Contains(shown, part) {
			t.Errorf("the approver does not read %q", part)
		}
	}
	if got := want(t, approver.get(form+"/1/file"), 200); got != string(data) {
		t.Error("the evidence is not the report")
	}
	if page := want(t, maker.get(path), 200); strings.Contains(page, offer) || !strings.Contains(page, "/changes/verdict/"+string(id)) {
		t.Error("proposed already, and the day offers it again")
	}
}

// TestUnknownStepwise: of a payout of the stepwise flow whose session is not bound the page lists every call with how it was answered, and names the session whose status
// is asked for and would close it. Issue 5, point 4: "what was asked when".
func TestUnknownStepwise(t *testing.T) {
	b := newBench(t)
	b.Stepwise(protocol.ConfirmAuto, banksim.OnStart)
	id := b.Approved(100_54)
	session := ""
	for range 10 {
		o := b.Claim()
		if o == nil {
			break
		}
		a, raw := b.Ask(o)
		if o.Step == protocol.CallStart {
			session, a, raw = o.Session, protocol.Answer{GotConn: true, Err: "cut"}, protocol.Raw{}
		}
		if err := b.App.Answered(t.Context(), o, a, raw); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // the status is never answered
		b.Clock.Add(time.Minute)
		p, err := b.App.DuePoll(t.Context())
		if err == nil && p != nil {
			err = b.App.Fetched(t.Context(), p, protocol.Fetch{Asked: p.Session, Problem: "down"}, protocol.Raw{})
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.App.LoseStale(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s := b.Get(id); s.State != payout.Unknown || s.Session != "" || session == "" {
		t.Fatalf("%s, bound to %q, started %q", s.State, s.Session, session)
	}
	page := want(t, b.as("m1").get("/unknown"), 200)
	_, asked, _ := strings.Cut(page, "case-asked")
	asked, closes, _ := strings.Cut(asked, "case-closes")
	for _, said := range []string{"Bank session opened", "Payout put into the session", session} {
		if !strings.Contains(asked, said) {
			t.Errorf("what was asked does not say %q", said)
		}
	}
	if closes, _, _ = strings.Cut(closes, "case-next"); !strings.Contains(closes, session) {
		t.Errorf("what would close it does not name %s", session)
	}
}
