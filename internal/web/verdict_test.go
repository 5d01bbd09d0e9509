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
