package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"countersign/internal/app"
	"countersign/internal/lang"
	"countersign/internal/payout"
)

var forbidden = regexp.MustCompile(`(?i)\b(digest|verdict|subject|halt|inbox|held|flagged|succeeded|failed|pending_approval|in_progress|needs_review|own_ref|full_name|admin)\b`)

// No page in either language shows a word of the code, an unfilled place or a fault without a sentence. Technical text (ids,
// payloads, bodies of the bank) stands in code and pre elements and is no visible word.
func TestWords(t *testing.T) {
	b, ids := lived(t)
	must(t, b.App.Halt(t.Context(), b.Who["a2"], "проверка связи"))
	code := regexp.MustCompile(`(?s)<(code|pre)[ >].*?</(code|pre)>`)
	for _, l := range []string{"ru", "en"} {
		for _, who := range []string{"m1", "m2", "a1", "a2", "s1", "u1", "d1"} {
			x := b.as(who)
			x.lang = l
			for _, p := range addresses(ids) {
				rec := x.get(p)
				if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
					continue
				}
				text := visible(code.ReplaceAllString(rec.Body.String(), " "))
				text = strings.ReplaceAll(text, "@x.test", "")
				if m := forbidden.FindString(text); m != "" {
					i := strings.Index(text, m)
					t.Errorf("%s as %s in %s shows %q: …%s…", p, who, l, m, text[max(0, i-60):min(len(text), i+60)])
				}
				for _, bad := range []string{"{1}", "{2}", "%!", "<nil>", "This did not work. Code", "Это не получилось. Код"} {
					if strings.Contains(text, bad) {
						t.Errorf("%s as %s in %s shows %q", p, who, l, bad)
					}
				}
				if rec.Code >= 500 {
					t.Errorf("%s as %s: %d", p, who, rec.Code)
				}
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Administrators see numbers, states and sums: no payee, account or purpose on any page.
func TestAdminsSeeNoPayees(t *testing.T) {
	b, ids := lived(t)
	x := b.as("d1")
	for _, p := range append(addresses(ids), "/payouts?q=Иванов") {
		body := x.get(p).Body.String()
		for _, secret := range []string{"Иванов", "5015553111", "··0411", "270411", "044525974"} {
			if strings.Contains(strings.ReplaceAll(body, url.QueryEscape("Иванов"), ""), secret) && !(secret == "Иванов" && strings.Contains(p, "Иванов")) {
				t.Errorf("%s shows an administrator %q", p, secret)
			}
		}
	}
	want(t, x.get("/payouts?format=csv"), http.StatusForbidden)
	if body := want(t, x.get("/payouts?q=Иванов"), 200); !strings.Contains(body, "1001") {
		t.Error("a search for a name must not answer an administrator by leaving rows out")
	}
}

// A whole account stands only where it may: the maker's form, the page of an approver who can decide, and after a logged look.
func TestWholeAccounts(t *testing.T) {
	b, ids := lived(t)
	account := b.Get(ids["pending"]).Content.Account
	whole := func(page string) bool {
		return strings.Contains(page, account) || strings.Contains(page, "account-whole")
	}
	for _, c := range []struct {
		who, path string
		sees      bool
	}{{"a1", where(ids["pending"], ""), true}, {"a2", where(ids["pending"], ""), false}, {"u1", where(ids["pending"], ""), false}, {"m1", where(ids["pending"], ""), false},
		{"m1", where(ids["pending"], "/edit"), true}, {"a1", where(ids["paid"], ""), false}, {"a1", "/payouts", false}, {"a1", "/approvals", false}, {"m1", "/payouts", false}} {
		if got := whole(want(t, b.as(c.who).get(c.path), 200)); got != c.sees {
			t.Errorf("%s at %s sees the whole account: %v", c.who, c.path, got)
		}
	}
	seq := func() int64 {
		d, err := b.App.Desk(t.Context())
		must(t, err)
		return d.Seq
	}
	x := b.as("u1")
	before := seq()
	rec := x.request("POST", where(ids["pending"], "/reveal"), url.Values{})
	rec.Header.Set("HX-Request", "true")
	page := want(t, x.do(rec), 200)
	if digits := strings.Join(regexp.MustCompile(`\d+`).FindAllString(tags.ReplaceAllString(page, ""), -1), ""); digits != account {
		t.Errorf("reveal answers %q", page)
	}
	if seq() != before+1 {
		t.Error("the look left no event")
	}
	if !whole(want(t, x.post(where(ids["pending"], "/reveal"), nil), 200)) {
		t.Error("without scripts the look shows nothing")
	}
}

const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)> ' & {1}`

// Whatever people write is text on every page that shows it.
func TestEscaping(t *testing.T) {
	b := newBench(t)
	c := b.Content(100_00)
	c.FullName, c.OwnRef, c.Note = hostile, "</td>"+hostile[:30], hostile
	c.Description = strings.ReplaceAll(hostile, "!", "") + " НДС"
	id := b.SubmitContent("m1", c)
	must(t, b.App.AskChanges(t.Context(), b.Who["a1"], id, b.Get(id).Digest, hostile))
	must(t, b.App.Halt(t.Context(), b.Who["a1"], hostile))
	b.App.RefusedWebhook(t.Context(), []byte(hostile), hostile, "wrong")
	second := b.SubmitContent("m1", func() payout.Content { c := c; c.Account = b.Content(1).Account; return c }())
	for _, who := range []string{"m1", "a1", "u1", "d1"} {
		x := b.as(who)
		paths := append(addresses(map[string]payout.ID{"a": id, "b": second}), "/payouts?q="+url.QueryEscape(hostile), "/history?q="+url.QueryEscape(hostile), "/sign-in?next="+url.QueryEscape(hostile), "/"+url.PathEscape(hostile),
			"/payouts?from="+url.QueryEscape(hostile), "/payouts?state="+url.QueryEscape(hostile)+"&tab="+url.QueryEscape(hostile))
		for _, p := range paths {
			rec := x.get(p)
			if rec.Code >= 500 {
				t.Errorf("%s as %s: %d", p, who, rec.Code)
			}
			if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") && (strings.Contains(rec.Body.String(), "<script>alert") || strings.Contains(rec.Body.String(), "<img src=x")) {
				t.Errorf("%s as %s lets a script through", p, who)
			}
		}
	}
	x := b.as("m1")
	f := documented("hostile")
	f.Set("full_name", hostile)
	f.Set("description", hostile)
	for _, p := range []string{"/payouts", "/payouts/check"} {
		if s := x.post(p, f).Body.String(); strings.Contains(s, "<script>alert") || strings.Contains(s, "<img src=x") {
			t.Errorf("POST %s lets a script through", p)
		}
	}
	if s := b.browser().post("/payouts", f).Body.String(); strings.Contains(s, "<script>alert") {
		t.Error("the sign-in form lets a script through")
	}
}

// The list of fifty rows with the longest texts stays under 60 KB in both languages.
func TestListSize(t *testing.T) {
	b := newBench(t)
	for i := range 52 {
		c := b.Content(int64(100_00 + i))
		c.FullName = strings.Repeat("Преображенская-", 12)[:2*150] // as long as a name may be
		c.Description = strings.Repeat("Оплата по договору подряда № 17 ", 6) + "НДС"
		b.SubmitContent("m1", c)
	}
	for _, who := range []string{"a1", "u1"} {
		for _, l := range []string{"ru", "en"} {
			x := b.as(who)
			x.lang = l
			page := want(t, x.get("/payouts"), 200)
			if n := strings.Count(page, "data-status="); n != 50 {
				t.Errorf("%d rows", n)
			}
			if len(page) > 60<<10 {
				t.Errorf("%s in %s: %d bytes", who, l, len(page))
			}
		}
	}
}

// A file opens in a spreadsheet as it is, runs nothing there, and leaves an event.
func TestCSV(t *testing.T) {
	b := newBench(t)
	c := b.Content(1234_56)
	c.FullName, c.OwnRef = "=cmd|' /C calc'!A0", "+7;8\"9"
	c.Note = "-2+3"
	id := b.SubmitContent("m1", c)
	x := b.as("u1")
	rec := x.get("/payouts?format=csv&state=pending_approval")
	body := want(t, rec, 200)
	if !strings.HasPrefix(body, "\ufeff") || !strings.Contains(body, "\r\n") || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/csv") || !strings.Contains(rec.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%v %q", rec.Header(), body[:20])
	}
	r := csv.NewReader(bytes.NewReader([]byte(strings.TrimPrefix(body, "\ufeff"))))
	r.Comma = ';'
	rows, err := r.ReadAll()
	must(t, err)
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	line := strings.Join(rows[1], "|")
	for _, s := range []string{"'=cmd|' /C calc'!A0", "'+7;8\"9", "'-2+3", "1234,56", lang.Last4(c.Account)} {
		if !strings.Contains(line, s) {
			t.Errorf("no %q in %s", s, line)
		}
	}
	if strings.Contains(line, c.Account) {
		t.Error("the file holds a whole account")
	}
	if rows := strings.Count(want(t, x.get("/payouts?format=csv&state=failed"), 200), "\r\n"); rows != 1 {
		t.Errorf("the file does not follow the filter: %d lines", rows)
	}
	_ = id
	for in, out := range map[string]string{"": "", "a": "a", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", " =1": " =1"} {
		if got := csvSafe(in); got != out {
			t.Errorf("csvSafe(%q) = %q", in, got)
		}
	}
}

// What a body shows: accounts cut wherever they hide, and to those who see no payees only what is known to be harmless.
func TestShown(t *testing.T) {
	body := []byte("{\"type\":\"payment_finished\",\"session\":{\"id\":\"ps_1\",\"a\":\"408178\\u003110000 0270411\",\"x\":40817810100000270411,\"full_name\":\"Иванов\",\"full_name\":\"Петров\",\"list\":[\"40817810100000270411\",true,null,1.5]}}")
	for _, payees := range []bool{true, false} {
		s := shown(body, payees)
		if strings.Contains(s, "4081781010000") || strings.Contains(s, "408178110000") || !strings.Contains(s, "ps_1") {
			t.Error(s)
		}
		if strings.Contains(s, "Иванов") != payees || strings.Contains(s, "Петров") != payees {
			t.Error(s)
		}
	}
	if s := shown([]byte("<html>40817810100000270411 Иванов"), true); strings.Contains(s, "40817") || !strings.Contains(s, "0411") {
		t.Error(s)
	}
	if s := shown([]byte("not json Иванов"), false); strings.Contains(s, "Иванов") {
		t.Error(s)
	}
	deep := bytes.Repeat([]byte("["), 100000)
	_ = shown(deep, true)
}

// Where a list can be filtered, what is not understood is named and filters nothing.
func TestListFilter(t *testing.T) {
	b := newBench(t)
	b.Submit(100_00)
	x := b.as("a1")
	for query, field := range map[string]string{"from=31.02.2026": "from", "to=x": "to", "min=abc": "min", "max=1.000": "max", "state=nonsense": "state"} {
		page := want(t, x.get("/payouts?"+query), http.StatusUnprocessableEntity)
		if !strings.Contains(page, `data-error="`+field+`"`) {
			t.Errorf("%s: no error at %s", query, field)
		}
	}
	for query, rows := range map[string]int{"": 1, "min=100": 1, "min=100,01": 0, "max=100.00": 1, "max=99": 0, "from=19.11.2026": 1, "from=20.11.2026": 0, "to=19.11.2026": 1, "to=18.11.2026": 0, "q=Иванов": 1, "q=Петров": 0, "state=draft": 0, "state=": 1, "state=draft&state=pending_approval": 1, "tab=approve": 1} {
		page := want(t, x.get("/payouts?"+query), 200)
		if n := strings.Count(page, "data-status="); n != rows {
			t.Errorf("%s: %d rows, want %d", query, n, rows)
		}
	}
}

// Both languages have a word for each of our own codes.
func TestReasons(t *testing.T) {
	for _, c := range lang.ReasonCodes() {
		for _, texts := range []*lang.Texts{lang.Russian, lang.English} {
			if s := texts.Reason(c); s == c || s == "" {
				t.Errorf("%s in %s: %q", c, texts.Code(), s)
			}
		}
	}
	if s := lang.English.Reason("http_502"); !strings.Contains(s, "502") {
		t.Error(s)
	}
}

// Pages of a desk on which many things happen to one payout read as a story.
func TestStory(t *testing.T) {
	b := newBench(t)
	id := b.Submit(200_000_52)
	must(t, b.App.AskChanges(t.Context(), b.Who["a1"], id, b.Get(id).Digest, "Акт другой"))
	c := b.Get(id).Content
	c.Description = "Оплата по акту № 88 НДС не облагается"
	must(t, b.App.Edit(context.Background(), b.Who["m2"], id, b.Get(id).Version, app.Entry{Content: c, Submit: true}))
	b.Approve(id, "a1", "a2")
	must(t, b.App.TakeBack(t.Context(), b.Who["a2"], id, b.Get(id).Digest))
	b.Approve(id, "s1")
	b.Clock.Add(4e9)
	if !b.Send() {
		t.Fatal("not sent")
	}
	b.Settle()
	page := visible(want(t, b.as("u1").get(where(id, "")), 200))
	at := 0
	for _, s := range []string{"Entered: Person m", "Submitted for approval: Person m", "Changes asked for: Person a", "Акт другой", "Edited", "Person m", "Approved: Person a., 1 of 2", "Approval taken back: Person a", "Approved: Person s., 2 of 2", "Sending", "Taken by the bank", "Paid by the bank", "Confirmed by request"} {
		i := strings.Index(page[at:], s)
		if i < 0 {
			t.Errorf("the story lacks %q after %q:\n%s", s, page[max(0, at-40):at], page)
			break
		}
		at += i
	}
	if !strings.Contains(page, "payout 1001") && !strings.Contains(page, "1001") {
		t.Error(fmt.Sprint("no number: ", page[:200]))
	}
}
