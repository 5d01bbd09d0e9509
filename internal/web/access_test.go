package web

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"countersign/internal/payout"
)

// matrix says who may open what: written a second time, by hand, from design.md. M maker, A approver, S senior, U auditor,
// D administrator; * everybody, signed in or not.
var matrix = map[string]string{
	"GET /sign-in": "*", "POST /sign-in": "*", "POST /sign-in/demo": "*", "GET /demo/kopecks": "*", "POST /preferences": "*",
	"GET /healthz": "*", "GET /readyz": "*", "GET /static/*": "*",
	"POST /sign-out": "MASUD", "GET /account": "MASUD", "POST /account/password": "MASUD", "POST /account/settings": "MASUD",
	"POST /sign-in/passkey/begin": "*", "POST /sign-in/passkey": "*",
	"GET /account/factors": "MASUD", "POST /account/factors/fresh": "MASUD", "POST /account/factors/passkey/begin": "MASUD", "POST /account/factors/passkey": "MASUD",
	"POST /account/factors/totp/begin": "MASUD", "GET /account/factors/totp/:id": "MASUD", "GET /account/factors/totp/:id/qr.png": "MASUD", "POST /account/factors/totp/:id": "MASUD",
	"POST /account/factors/recovery": "MASUD", "POST /account/factors/:id/remove": "MASUD", "POST /account/factors/:id/vouch": "MASUD",
	"GET /payouts/:id/outcome": "M", "POST /payouts/:id/outcome": "M", "GET /payouts/:id/outcome/:n/file": "MASU", "POST /changes/:kind/:id/sign/begin": "ASD",
	"POST /account/passkeys/challenge": "ASD", "POST /payouts/:id/sign/begin": "AS",
	"POST /account/sign-ins/:id/end": "MASUD", "POST /account/seen": "MASUD",
	"GET /": "MASUD", "GET /payouts": "MASUD", "GET /payouts/:id": "MASUD", "GET /unknown": "MASUD", "GET /halt": "MASUD", "GET /live": "MASUD",
	"GET /payouts/:id/versions/:n": "MASU",
	"GET /approvals":               "ASD", "GET /changes/:kind/:id": "MASUD", "POST /changes/:kind/:id/approve": "ASD", "POST /changes/:kind/:id/back": "ASD", "POST /changes/:kind/:id/reject": "ASD",
	"POST /changes/:kind/:id/withdraw": "MASUD", "POST /changes/:kind/:id/stop": "MASUD", "POST /halt/back": "ASD",
	"GET /settings/rules": "MASUD", "GET /settings/rules/versions/:n": "MASUD", "GET /settings/rules/edit": "D", "POST /settings/rules": "D", "GET /settings/rules/try": "SUD", "POST /settings/rules/try": "SUD",
	"GET /settings/limits": "ASUD", "GET /settings/limits/versions/:n": "ASUD", "GET /settings/limits/edit": "D", "POST /settings/limits": "D",
	"POST /payouts/:id/approve": "AS", "POST /payouts/:id/back": "AS", "POST /payouts/:id/changes": "AS", "POST /payouts/:id/reject": "AS",
	"POST /approvals/many": "AS", "POST /approvals/many/decide": "AS", "GET /approvals/many/:id": "AS",
	"GET /payees": "MASU", "GET /payees/:id": "MASU", "GET /payees/:id/versions/:n": "MASU",
	"GET /payees/new": "M", "POST /payees": "M", "GET /payees/:id/edit": "M", "POST /payees/:id/edit": "M",
	"GET /payouts/new": "M", "POST /payouts": "M", "POST /payouts/check": "M", "GET /payouts/:id/edit": "M", "POST /payouts/:id/edit": "M", "GET /payouts/:id/copy": "M",
	"POST /payouts/:id/submit": "M", "POST /payouts/:id/cancel": "M",
	"POST /payouts/:id/reveal": "U", "GET /payouts/:id/bodies/request/:n": "U", "GET /payouts/:id/bodies/answer/:n": "U", "GET /payouts/:id/bodies/fetch/:n": "U",
	"GET /inbox": "ASUD", "GET /inbox/:id": "ASUD", "GET /inbox/refused/:id": "ASUD", "POST /inbox/:id/raw": "U", "POST /inbox/refused/:id/raw": "U",
	"GET /reports": "MASU", "GET /reports/ageing": "MASU", "GET /reports/:day": "MASU", "POST /reports/:day/close": "AS", "GET /reports/bank": "MASUD", "POST /reports/bank": "MD",
	"GET /reports/match": "M", "POST /reports/match": "M",
	"GET /history": "UD", "GET /history/:seq": "UD",
	"POST /halt": "ASD", "POST /halt/release": "ASD",
	"GET /enrol/:token": "*", "POST /enrol/:token": "*",
	"POST /settings/people": "D", "GET /settings/people/new": "D", "GET /settings/people/:id": "UD", "POST /settings/people/:id/change": "D", "POST /settings/people/:id/restore": "D",
	"POST /settings/people/:id/reset": "D", "POST /settings/people/:id/link": "D",
	"GET /settings/people": "UD", "POST /settings/people/:id/suspend": "D", "GET /settings/bank": "UD", "GET /health": "UD",
	"POST /settings/bank": "D", "POST /settings/bank/calendar": "D", "POST /settings/bank/keys": "D", "POST /settings/bank/keys/remove": "D",
}

// lived is a desk on which everything happened once: paid, failed, unknown, pending, a draft, a refused message.
func lived(t *testing.T) (*bench, map[string]payout.ID) {
	t.Helper()
	b := newBench(t)
	ids := map[string]payout.ID{}
	for name, minor := range map[string]int64{"paid": 100_00, "failed": 100_51, "unknown": 100_57, "returned": 300_67, "flagged": 100_68} {
		ids[name] = b.Approved(minor)
		if !b.Send() {
			t.Fatal("nothing was sent")
		}
		// The breaker is the dispatcher's: here each goes by itself.
	}
	b.Settle()
	ids["pending"] = b.Submit(250_000_00)
	b.Approve(ids["pending"], "a2")
	ids["draft"] = b.draft()
	b.App.RefusedWebhook(t.Context(), []byte(`{"account":"40817810100000270411"}`), "x", "wrong")
	return b, ids
}

func (b *bench) draft() payout.ID {
	b.t.Helper()
	x := b.as("m1")
	f := documented(token(8))
	f.Set("do", "draft")
	f.Set("amount", "")
	rec := x.post("/payouts", f)
	want(b.t, rec, http.StatusSeeOther)
	return payout.ID(strings.TrimPrefix(rec.Header().Get("Location"), "/payouts/"))
}

// Every route of the router stands in the matrix, and every role gets in exactly where the matrix says.
func TestAccess(t *testing.T) {
	b, ids := lived(t)
	people := map[string]string{"M": "m1", "A": "a1", "S": "s1", "U": "u1", "D": "d1"}
	for _, rt := range b.web.echo.Routes() {
		if strings.HasPrefix(rt.Method, "echo_") {
			continue
		}
		key := rt.Method + " " + rt.Path
		may, ok := matrix[key]
		if !ok {
			t.Errorf("%s is not in the matrix", key)
			continue
		}
		path := strings.NewReplacer(":n", "1", ":seq", "1", "*", "x").Replace(rt.Path)
		switch {
		case strings.HasPrefix(path, "/payouts/:id"):
			path = strings.Replace(path, ":id", string(ids["pending"]), 1)
		case strings.HasPrefix(path, "/settings/people/:id"):
			path = strings.Replace(path, ":id", b.Who["m2"].Person, 1)
		default:
			path = strings.Replace(path, ":id", "1", 1)
		}
		for role, who := range people {
			if path == "/live" {
				continue // streams have tests of their own
			}
			x := b.as(who)
			q := x.request(rt.Method, path, url.Values{})
			if rt.Method == "GET" {
				q = x.request("GET", path, nil)
			}
			rec := x.do(q)
			open := rec.Code != http.StatusForbidden && rec.Code != http.StatusUnauthorized
			if want := may == "*" || strings.Contains(may, role); open != want && !(may == "*" && (rt.Path == "/sign-in" || rt.Path == "/sign-in/passkey") && rec.Code == http.StatusUnauthorized || rt.Path == "/sign-in/demo") {
				t.Errorf("%s as %s: %d, may: %v", key, who, rec.Code, want)
			}
			if rec.Code >= 500 {
				t.Errorf("%s as %s: %d\n%s", key, who, rec.Code, visible(rec.Body.String()))
			}
			headers(t, key, rec.Header())
		}
		x := b.browser()
		var form url.Values
		if rt.Method == "POST" {
			form = url.Values{}
		}
		rec := x.do(x.request(rt.Method, path, form))
		headers(t, key, rec.Header())
		switch {
		case may == "*":
			if rec.Code == http.StatusForbidden {
				t.Errorf("%s signed out: %d", key, rec.Code)
			}
		case rt.Path == "/live" || strings.HasSuffix(rt.Path, "/check") || strings.HasSuffix(rt.Path, "/seen") || rt.Method == "POST":
			if rec.Code != http.StatusUnauthorized {
				t.Errorf("%s signed out: %d, want 401", key, rec.Code)
			}
		default:
			if rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), "/sign-in?next=") {
				t.Errorf("%s signed out: %d to %q", key, rec.Code, rec.Header().Get("Location"))
			}
		}
	}
	for key := range matrix {
		method, path, _ := strings.Cut(key, " ")
		found := false
		for _, rt := range b.web.echo.Routes() {
			found = found || rt.Method == method && rt.Path == path
		}
		if !found {
			t.Errorf("%s is in the matrix, not in the router", key)
		}
	}
}

// headers are on every answer.
func headers(t *testing.T, what string, h http.Header) {
	t.Helper()
	for name, part := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": ""} {
		if !strings.Contains(h.Get(name), part) || h.Get(name) == "" {
			t.Errorf("%s: header %s is %q", what, name, h.Get(name))
		}
	}
	if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
		t.Errorf("%s: %s", what, h.Get("Content-Security-Policy"))
	}
}

// Pages of later issues are absent; a wrong method is 405 and names the right one.
func TestAbsent(t *testing.T) {
	b := newBench(t)
	x := b.as("a1")
	for _, p := range []string{"/nonsense", "/payouts/nonsense", "/payouts/00000000-0000-0000-0000-000000000000", "/static/x/desk.css"} {
		headers(t, p, x.get(p).Header())
		want(t, x.get(p), http.StatusNotFound)
	}
	rec := x.post("/approvals", nil)
	want(t, rec, http.StatusMethodNotAllowed)
	if rec.Header().Get("Allow") == "" {
		t.Error("405 without Allow")
	}
	if got := want(t, x.do(x.request("PUT", webhookPath, nil)), 200); got != "PUT" {
		t.Errorf("the intake got %q", got)
	}
	want(t, b.browser().get("/nonsense"), http.StatusNotFound)
	rec = x.do(x.request("HEAD", "/payouts", nil))
	want(t, rec, 200)
}

// In serve nothing of the demo exists.
func TestNoDemo(t *testing.T) {
	b := newBench(t)
	b.web.Demo = nil
	b.web.echo = b.web.router()
	want(t, b.browser().get("/demo/kopecks"), http.StatusNotFound)
	want(t, b.browser().post("/sign-in/demo", url.Values{"person": {"a1@x.test"}}), http.StatusNotFound)
	page := want(t, b.as("a1").get("/"), 200)
	if strings.Contains(page, "demo") {
		t.Error("serve shows something of the demo")
	}
}

// sums are the contents of every table that a GET must not change.
func sums(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	out := map[string]string{}
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	rows.Close()
	for _, n := range names {
		switch n {
		case "login", "event", "event_text", "event_hash", "head", "newest_head", "goose_db_version":
			continue // last seen, and the events of looks and exports
		}
		rows, err := db.Query("SELECT * FROM " + n)
		if err != nil {
			t.Fatal(err)
		}
		cols, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for rows.Next() {
			vals, ptrs := make([]any, len(cols)), make([]any, len(cols))
			for i := range vals {
				ptrs[i] = &vals[i]
			}
			if err := rows.Scan(ptrs...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, vals...)
		}
		rows.Close()
		out[n] = b.String()
	}
	return out
}

// written is how many events there are of which none is a look.
func written(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRow("SELECT COUNT(*) FROM event WHERE action NOT LIKE 'look.%'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// No GET changes a business row or writes an event but that of a look, whoever asks: every GET of the router with everything that its parameters can name, and with nonsense.
func TestGetsChangeNothing(t *testing.T) {
	b, ids, th := crowded(t)
	all, visited := addresses(ids), map[string]bool{}
	for _, rt := range b.web.echo.Routes() {
		switch {
		case rt.Method != http.MethodGet || rt.Path == "/live" || rt.Path == "/static/*": // streams have tests of their own
			continue
		case strings.Contains(rt.Path, ":"):
			real, wrong := th.filled(rt.Path)
			all = append(append(all, real...), wrong...)
		default:
			all = append(all, rt.Path)
		}
		visited[rt.Path] = true
	}
	if len(visited) < 35 {
		t.Errorf("only %d pages", len(visited))
	}
	who := []string{"m1", "a1", "s1", "u1", "d1", "a2"}
	browsers := make([]*browser1, len(who))
	for i, name := range who {
		browsers[i] = b.as(name)
	}
	db := b.SQL()
	before, events := sums(t, db), written(t, db)
	for i, who := range who {
		x := browsers[i]
		for _, p := range all {
			if rec := x.get(p); rec.Code >= 500 {
				t.Errorf("%s as %s: %d", p, who, rec.Code)
			}
		}
	}
	after := sums(t, db)
	for n, s := range before {
		if after[n] != s {
			t.Errorf("table %s was changed by GETs", n)
		}
	}
	if n := written(t, db); n != events {
		t.Errorf("%d events were written by GETs", n-events)
	}
}

// addresses are pages worth looking at on a desk that lived.
func addresses(ids map[string]payout.ID) []string {
	out := []string{"/", "/approvals", "/payouts", "/payouts?tab=mine", "/payouts?tab=approve", "/payouts?tab=unknown", "/payouts?state=failed&state=returned", "/payouts?q=%D0%98%D0%B2%D0%B0%D0%BD&min=1&max=1000000&from=01.11.2026&to=30.11.2026",
		"/payouts?q=nothing", "/payouts?from=yesterday", "/payouts?format=csv", "/payouts/new", "/unknown", "/inbox", "/inbox?tab=moved", "/inbox?tab=nothing", "/inbox?tab=refused", "/inbox/1", "/inbox/2", "/inbox/refused/0", "/inbox/refused/1", "/history", "/history?kind=payout",
		"/history?q=1001", "/history?q=approved", "/history?kind=halt", "/history/1", "/halt", "/settings/people", "/settings/bank", "/reports", "/reports/bank", "/reports/ageing", "/account", "/demo/kopecks", "/sign-in", "/nonsense"}
	for _, id := range ids {
		for _, tail := range []string{"", "/edit", "/copy", "/versions/1", "/bodies/request/1", "/bodies/answer/1", "/bodies/fetch/1"} {
			out = append(out, where(id, tail))
		}
	}
	return out
}
