package banksim

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Who asks is checked before anything else, and a request that is refused for it still counts.
func TestAdmit(t *testing.T) {
	b, _ := driven(t)
	d := &desk{t: t, bank: b}
	body := orderBody("cs1-1-x-10000", 10000)
	for _, c := range []struct {
		name, want string
		header     []string
	}{
		{"good", "200 in_progress/in_progress", nil},
		{"no signature", "401 authentication_error", []string{"X-PARTNER-SIGN", ""}},
		{"of another body", "401 authentication_error", []string{"X-PARTNER-SIGN", sign([]byte("{}"))}},
		{"broken", "401 authentication_error", []string{"X-PARTNER-SIGN", "broken_signature"}},
		{"url base64", "401 authentication_error", []string{"X-PARTNER-SIGN", strings.NewReplacer("+", "-", "/", "_").Replace(sign(body)) + "-"}},
		{"wrong project", "403 authorization_error", []string{"X-PARTNER-PROJECT", "other"}},
		{"both wrong", "401 authentication_error", []string{"X-PARTNER-PROJECT", "other", "X-PARTNER-SIGN", "x"}},
	} {
		if got := d.post(initPath, body, c.header...); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	two := d.request(t.Context(), initPath, body)
	two.Header.Add("X-PARTNER-SIGN", sign(body))
	if status, _, _ := d.do(two); status != http.StatusUnauthorized {
		t.Errorf("two signatures: %d", status)
	}
	if e := entryOf(t, b, "cs1-1-x-10000"); e.Requests != 8 || e.Session == "" {
		t.Errorf("ledger %+v", e)
	}
	for _, path := range []string{"create", "status", "confirm", "cancel"} {
		if got := d.post("/api/v1/session/"+path, []byte("{}"), "X-PARTNER-SIGN", "x"); got != "401 authentication_error" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// A key is burnt by what was taken and by nothing else; a repeat moves nothing.
func TestIdempotencyKey(t *testing.T) {
	b, c := driven(t)
	d := &desk{t: t, bank: b}
	const header, exists = "X-PARTNER-IDEMPOTENCY-KEY", "400 idempotency_key_already_exists"
	body := orderBody("cs1-1-x-10000", 10000)
	for _, s := range []struct {
		name, path string
		body       []byte
		key, want  string
	}{
		{"bad field", initPath, bytes.Replace(body, []byte("044525971"), []byte("04"), 1), "k", "400 invalid_request"},
		{"refusing row", initPath, orderBody("cs1-1-x-10000", 10060), "k", "400 invalid_request"},
		{"first", initPath, body, "k", answered},
		{"repeat", initPath, body, "k", exists},
		{"another body", initPath, orderBody("cs1-2-x-20000", 20000), "k", exists},
		{"other version", "/api/v2/session/init/payout", body, "k", exists},
		{"other method", "/api/v1/session/create", []byte(`{}`), "k", "200 created"},
		{"other method, repeat", "/api/v2/session/create", []byte(`{}`), "k", exists},
		{"other key", initPath, body, "k2", answered},
	} {
		if got := d.post(s.path, s.body, header, s.key); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
	}
	b.Advance(c.now.Add(time.Hour))
	if e := entryOf(t, b, "cs1-1-x-10000"); e.Requests != 6 || e.Executed != 2 {
		t.Errorf("ledger %+v", e)
	}
	if e := entryOf(t, b, "cs1-2-x-20000"); e.Requests != 1 || e.Executed != 0 {
		t.Errorf("ledger %+v", e)
	}
}

// The bank's own rules for fields, one change of the documented example each.
func TestFields(t *testing.T) {
	b, _ := driven(t)
	d := &desk{t: t, bank: b}
	good := string(orderBody("cs1-1-x-10000", 10000))
	const company = `"account":"40702810200000000025","inn":"7727406020","kpp":"770801001"`
	account := `"account":"40817810100000270411"`
	for _, c := range []struct{ from, to, want string }{
		{"", "", answered},
		{`"rub"`, `"RUB"`, answered},
		{account, company, answered},
		{"Перевод", strings.Repeat("я", 210-79+7), answered},
		{"Перевод", strings.Repeat("я", 210-79+8), "400 invalid_request"},
		{account, `"account":"40702810200000000025"`, "400 invalid_request"},
		{account, `"account":"40802810200000000025"`, "400 invalid_request"},
		{account, `"account":"40802810200000000025","inn":"500100732259"`, answered},
		{account, `"account":"4081781010000027041"`, "400 invalid_request"},
		{account, `"account":"40817840100000270411"`, "400 invalid_request"},
		{account, `"account":"40502810100000270411"`, "400 invalid_request"},
		{account, `"account":40817810100000270411`, "400 invalid_request"},
		{account, `"token":"3f03"`, "400 invalid_request"},
		{"044525971", "04452597a", "400 invalid_request"},
		{"Иванов Иван Иванович\",", " \",", "400 invalid_request"},
		{"Перевод", "Перевод?", "400 invalid_request"},
		{"Перевод", "Перевод!", "400 invalid_request"},
		{`10000,"cur`, `0,"cur`, "400 invalid_request"},
		{`10000,"cur`, `-100,"cur`, "400 invalid_request"},
		{`10000,"cur`, `100.0,"cur`, "400 invalid_request"},
		{`10000,"cur`, `"10000","cur`, "400 invalid_request"},
		{`10000,"cur`, `92233720368547758070,"cur`, "400 invalid_request"},
		{`"rub"`, `"usd"`, "400 invalid_request"},
		{`"system_type":"ru"`, `"system_type":"iban"`, "400 invalid_request"},
		{"payment_method", "payout_details", "400 invalid_request"},
		{good, `[]`, "400 invalid_request"},
		{good, `{`, "400 invalid_request"},
		{good, good + "x", "400 invalid_request"},
		{good, ``, "400 invalid_request"},
	} {
		if got := d.post(initPath, []byte(strings.Replace(good, c.from, c.to, 1))); got != c.want {
			t.Errorf("%.40s → %.40s: %s, want %s", c.from, c.to, got, c.want)
		}
	}
	if got := d.post("/api/v2/session/init/payout", []byte(strings.Replace(good, "payment_method", "payout_details", 1))); got != answered+" v2" {
		t.Errorf("v2: %s", got)
	}
	if got := d.post("/api/v2/session/init/payout", []byte(good)); got != "400 invalid_request" {
		t.Errorf("v1 names at v2: %s", got)
	}
	r := d.request(t.Context(), initPath, bytes.Repeat([]byte("x"), bodyMax+1))
	if status, _, _ := d.do(r); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	get := d.request(t.Context(), initPath, nil)
	get.Method = http.MethodGet
	if status, _, _ := d.do(get); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
	if n := len(b.Ledger()); n != 1 {
		t.Errorf("%d references", n)
	}
}

// Step by step: create moves nothing, start is the order and works once, and the kopecks hold for it too.
func TestStepwise(t *testing.T) {
	b, c := driven(t)
	d := &desk{t: t, bank: b}
	create := func(metadata string) string {
		_, body, _ := d.do(d.request(t.Context(), "/api/v1/session/create", []byte(metadata)))
		return read(t, body).Session.ID
	}
	start := func(id, ref string, amount int64) []byte {
		body := bytes.Replace(orderBody(ref, amount), []byte("{"), []byte(`{"session_id":"`+id+`",`), 1)
		if ref == "" {
			body = bytes.Replace(body, []byte(`,"metadata":""`), nil, 1)
		}
		return body
	}
	only := func(id string) []byte { return []byte(`{"session_id":"` + id + `"}`) }
	check := func(name, path string, body []byte, want string) {
		t.Helper()
		if got := d.post(path, body); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	id := create(`{"metadata":"cs1-1-x-10000"}`)
	if n := len(b.Ledger()); n != 0 {
		t.Errorf("create stands in the ledger: %d", n)
	}
	check("status", "/api/v1/session/status", only(id), "200 created")
	check("confirm too early", "/api/v1/session/confirm", only(id), "400 session_wrong_state")
	check("refusing row", startPath, start(id, "cs1-1-x-10000", 10060), "400 invalid_request")
	check("still created", "/api/v1/session/status", only(id), "200 created")
	check("start", startPath, start(id, "", 10000), answered)
	check("again", startPath, start(id, "", 10000), "400 session_wrong_state")
	check("cancel too late", "/api/v1/session/cancel", only(id), "400 session_wrong_state")
	check("unknown session", startPath, start("ps_1", "cs1-1-x-10000", 10000), "400 invalid_request")
	check("no session", startPath, orderBody("cs1-1-x-10000", 10000), "400 invalid_request")
	b.Advance(c.now.Add(time.Minute))
	check("paid", "/api/v2/session/status", only(id), "200 accepted/succeeded amount+10000 v2")
	if e := entryOf(t, b, "cs1-1-x-10000"); e.Executed != 1 || e.Requests != 5 || e.Session != id {
		t.Errorf("ledger %+v", e)
	}

	id = create(`{}`)
	check("cancel", "/api/v1/session/cancel", only(id), "200 cancelled")
	check("start after cancel", startPath, start(id, "cs1-2-x-10000", 10000), "400 session_wrong_state")

	for _, way := range []struct{ call, at, end string }{
		{"confirm", "200 in_progress/in_progress amount+10066", "200 accepted/succeeded amount+10066"},
		{"cancel", "200 cancelled/failed amount+10066 session_cancelled_by_partner", "200 cancelled/failed amount+10066 session_cancelled_by_partner"},
	} {
		id = create(`{}`)
		check("start 66", startPath, start(id, "cs1-"+way.call+"-x-10066", 10066), answered)
		check("too early", "/api/v1/session/confirm", only(id), "400 session_wrong_state")
		c.now = c.now.Add(2 * time.Second)
		b.Advance(c.now)
		check(way.call, "/api/v1/session/"+way.call, only(id), way.at)
		c.now = c.now.Add(time.Hour)
		b.Advance(c.now)
		check(way.call, "/api/v1/session/status", only(id), way.end)
	}
}

// The balance falls by what left, rises by what came back, and runs out.
func TestBalance(t *testing.T) {
	c := &clock{time.Date(2025, 5, 27, 2, 3, 0, 0, time.UTC)}
	o := options()
	o.Driven, o.BalanceMinor, o.Now = true, 30000, func() time.Time { return c.now }
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, bank: b}
	left := func() string {
		_, body, _ := d.do(d.request(t.Context(), "/api/v1/wallet/balance", []byte(`{"request_datetime":"2025-05-27T02:03:00+00:00"}`)))
		return string(body)
	}
	want := func(n int) {
		t.Helper()
		c.now = c.now.Add(time.Hour)
		b.Advance(c.now)
		if got, want := left(), fmt.Sprintf(`{"status":"ok","wallets":[{"id":"131","amount_details":{"amount":%d,"currency":"rub"}}]}`, n); got != want {
			t.Errorf("balance %s, want %s", got, want)
		}
	}
	want(30000)
	d.post(initPath, orderBody("a", 10000))
	want(20000)
	d.post(initPath, orderBody("b", 10067)) // comes back
	want(20000)
	if got := d.post(initPath, orderBody("c", 20001)); got != "400 insufficient_wallet_balance" {
		t.Errorf("over the balance: %s", got)
	}
	want(20000)
	if got := d.post("/api/v1/wallet/balance", []byte(`{}`)); got != "400 invalid_request" {
		t.Errorf("no time: %s", got)
	}
}

// metadata comes back byte for byte, whatever it is, before and after a restart.
func TestMetadata(t *testing.T) {
	o := options()
	o.Driven, o.DataDir = true, t.TempDir()
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range []string{`"good"`, `{ "a" : 1.50, "b" : [ 1 ,2 ] }`, `"<&>\u0041\/ \u2028"`, `12345678901234567890.10`, `null`} {
		body := bytes.Replace(orderBody("x", 10000), []byte(`"metadata":"x"`), []byte(`"metadata":`+m), 1)
		d := &desk{t: t, bank: b}
		_, got, _ := d.do(d.request(t.Context(), initPath, body))
		if !bytes.Contains(got, []byte(`"metadata":`+m+`}`)) || !json.Valid(got) {
			t.Errorf("%d: answer %s lacks %s", i, got, m)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if b, err = New(o); err != nil {
			t.Fatal(err)
		}
		d.bank = b
		_, got, _ = d.do(d.request(t.Context(), "/api/v1/session/status", []byte(`{"session_id":"`+read(t, got).Session.ID+`"}`)))
		if !bytes.Contains(got, []byte(`"metadata":`+m+`}`)) {
			t.Errorf("%d: status %s lacks %s", i, got, m)
		}
		found := false
		for _, msg := range b.Advance(time.Now().Add(time.Hour)) {
			found = found || bytes.Contains(msg.Body, []byte(`"metadata":`+m+`}`))
		}
		if !found {
			t.Errorf("%d: no message with %s", i, m)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// The documented exchange has the documented shape: same members, other values.
func TestShape(t *testing.T) {
	b, c := driven(t)
	d := &desk{t: t, bank: b}
	_, answer, _ := d.do(d.request(t.Context(), initPath, orderBody("good", 10000)))
	hook := b.Advance(c.now.Add(time.Minute))[0].Body
	const account = `"account":"40817810100000270411","full_name":"Иванов Иван Иванович","description":"Перевод средств по договору № 5015553111 Иванов Иван Иванович НДС не облагается"}}},"amount_details":{"amount":10000,"currency":"rub"},"metadata":"good"}]}}`
	ids := read(t, answer).Session
	want := `{"status":"ok","session":{"id":"` + ids.ID + `","status":"in_progress","created_at":"2025-05-27T02:03:00.000000Z","updated_at":"2025-05-27T02:03:00.000001Z",` +
		`"payments":[{"id":"` + ids.Payments[0].ID + `","status":"in_progress","created_at":"2025-05-27T02:03:00.000000Z",` +
		`"payment_method":{"type":"bank_account","bank_account":{"system_type":"ru","ru":{"bik":"044525971",` + account
	if string(answer) != want {
		t.Errorf("answer\n got %s\nwant %s", answer, want)
	}
	want = `{"type":"payment_finished","session":{"id":"` + ids.ID + `","status":"accepted","created_at":"2025-05-27T02:03:00.000000Z","updated_at":"2025-05-27T02:03:02.000000Z",` +
		`"payments":[{"id":"` + ids.Payments[0].ID + `","status":"succeeded","created_at":"2025-05-27T02:03:00.000000Z","finished_at":"2025-05-27T02:03:02.000000Z",` +
		`"payment_method":{"type":"bank_account","bank_account":{"system_type":"ru","ru":{"bic":"044525971",` + account
	if string(hook) != want {
		t.Errorf("message\n got %s\nwant %s", hook, want)
	}
	if !strings.HasPrefix(ids.ID, "ps_") || !strings.HasPrefix(ids.Payments[0].ID, "po_") {
		t.Errorf("ids %+v", ids)
	}
}

// The same seed and the same calls make the same ids; another seed makes others.
func TestSeed(t *testing.T) {
	run := func(seed uint64) []Entry {
		o := options()
		o.Driven, o.Seed = true, seed
		b, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		d := &desk{t: t, bank: b}
		for i := range 5 {
			d.post(initPath, orderBody(fmt.Sprint(i), 10000))
		}
		return b.Ledger()
	}
	if !slices.Equal(run(1), run(1)) || slices.Equal(run(1), run(2)) {
		t.Error("ids do not follow the seed")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply200(status int) (*http.Response, error) {
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}}, nil
}

// A message is repeated at growing gaps until 200, not any other 2xx, and given up in the end. In a bubble of
// synctest, so that half an hour passes at once.
func TestRepeat(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(n int) (*http.Response, error)
		posts  func(n int) bool
	}{
		{"fifth is 200", func(n int) (*http.Response, error) {
			return [...]func() (*http.Response, error){
				func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
				func() (*http.Response, error) { return reply200(503) },
				func() (*http.Response, error) { return reply200(202) },
				func() (*http.Response, error) { return reply200(307) },
				func() (*http.Response, error) { return reply200(200) },
			}[n]()
		}, func(n int) bool { return n == 5 }},
		{"never", func(int) (*http.Response, error) { return reply200(500) }, func(n int) bool { return n > 20 && n < 60 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options() // keys are made outside of the bubble
			synctest.Test(t, func(t *testing.T) {
				var posts []time.Time
				o.Delay, o.WebhookURL = 2*time.Second, "http://desk.invalid/"
				o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					posts = append(posts, time.Now())
					return c.answer(len(posts) - 1)
				}), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
				b, err := New(o)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				go b.Run(ctx)
				d := &desk{t: t, bank: b}
				begin := time.Now()
				d.post(initPath, orderBody("x", 10000))
				synctest.Wait()
				time.Sleep(24 * time.Hour) // the bubble's clock, not ours
				synctest.Wait()
				if !c.posts(len(posts)) || !idle(b)() {
					t.Fatalf("%d posts, idle %v", len(posts), idle(b)())
				}
				if posts[0].Sub(begin) != o.Delay {
					t.Errorf("first after %v", posts[0].Sub(begin))
				}
				for i := 2; i < min(len(posts), 6); i++ {
					if a, b := posts[i-1].Sub(posts[i-2]), posts[i].Sub(posts[i-1]); b <= a {
						t.Errorf("gap %d: %v after %v", i, b, a)
					}
				}
				if last := posts[len(posts)-1].Sub(posts[0]); last > 35*time.Minute {
					t.Errorf("still posting after %v", last)
				}
				cancel()
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Closed in the middle of everything and opened again: steps and messages go on, the ledger and burnt keys stay.
func TestRestart(t *testing.T) {
	in := newInbox(t)
	refusing := true // under in.mu
	in.answer = func(string, int) int {
		if refusing {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	o := options()
	o.WebhookURL, o.DataDir = in.URL, t.TempDir()
	b := started(t, o)
	d := deskOf(t, b.URL())
	rows := []int{0, 54, 62, 67, 70, 77}
	for _, kop := range rows {
		d.do(func() *http.Request {
			r := d.request(t.Context(), initPath, orderBody(ref(kop), amountOf(ref(kop))))
			r.Header.Set("X-PARTNER-IDEMPOTENCY-KEY", ref(kop))
			return r
		}())
	}
	eventually(t, "two tries of a message", func() bool { return len(in.lines(ref(0))) >= 2 })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	in.mu.Lock()
	refusing = false
	in.events, in.said = map[string][]string{}, map[string][]said{}
	in.mu.Unlock()

	b = started(t, o)
	d.base = b.URL()
	eventually(t, "nothing pending", idle(b))
	for _, row := range Kopecks() {
		if !slices.Contains(rows, row.Kop) {
			continue
		}
		r := ref(row.Kop)
		if e := entryOf(t, b, r); e.Executed != row.Executed || e.Requests != 1 {
			t.Errorf("row %d: %+v", row.Kop, e)
		}
		var want []string
		for _, l := range wanted[row.Kop] {
			if strings.Contains(l, "payment_") {
				want = append(want, l)
			}
		}
		if got := in.lines(r); !slices.Equal(got, want) {
			t.Errorf("row %d\n got %q\nwant %q", row.Kop, got, want)
		}
		if got := d.post(initPath, orderBody(r, amountOf(r)), "X-PARTNER-IDEMPOTENCY-KEY", r); got != "400 idempotency_key_already_exists" {
			t.Errorf("row %d: key after restart: %s", row.Kop, got)
		}
	}
}

// kill -9 leaves some prefix of the journal, perhaps with a torn line behind it. From every one of them the bank
// comes up, plays on, and ends with no more executed than the table says; a line torn in the middle is refused.
func TestJournal_everyPrefix(t *testing.T) {
	b, c := driven(t)
	d := &desk{t: t, bank: b}
	rows := Kopecks()
	for _, row := range rows {
		d.do(d.request(t.Context(), initPath, orderBody(ref(row.Kop), amountOf(ref(row.Kop)))))
	}
	b.Advance(c.now.Add(time.Hour))
	journal, err := os.ReadFile(filepath.Join(b.o.DataDir, "bank.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(journal, []byte("\n"))
	lines = lines[:len(lines)-1]
	o := b.o
	dir := t.TempDir()
	for n := range len(lines) + 1 {
		whole := bytes.Join(lines[:n], nil)
		torn := []byte(nil)
		if n < len(lines) {
			torn = lines[n][:len(lines[n])*2/3]
		}
		o.DataDir = filepath.Join(dir, fmt.Sprint(n))
		if err := os.Mkdir(o.DataDir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(o.DataDir, "bank.jsonl"), slices.Concat(whole, torn), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := New(o)
		if err != nil {
			t.Fatalf("after %d lines: %v", n, err)
		}
		again.Advance(c.now.Add(time.Hour))
		seen := 0
		for _, e := range again.Ledger() {
			seen++
			for _, row := range rows {
				if e.Reference == ref(row.Kop) && (e.Executed != row.Executed || e.Requests != 1) {
					t.Errorf("after %d lines: row %d: %+v", n, row.Kop, e)
				}
			}
		}
		if seen != min(n, len(rows)) {
			t.Errorf("after %d lines: %d references", n, seen)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if b, err := New(o); err != nil { // what it wrote behind the cut is whole
			t.Fatalf("after %d lines and more: %v", n, err)
		} else if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	bad := slices.Concat(lines[0], lines[1][:20], []byte("\n"), lines[2])
	if err := os.WriteFile(filepath.Join(o.DataDir, "bank.jsonl"), bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a torn line in the middle: %v", err)
	}
}

// A running bank's journal, copied at any moment, holds whatever an answer has told: nothing is shown before it is written.
func TestJournal_beforeAnswer(t *testing.T) {
	o := options()
	o.DataDir = t.TempDir()
	b := started(t, o)
	d := deskOf(t, b.URL())
	for i := range 20 {
		r := fmt.Sprintf("cs1-%d-x-10072", i)
		if i%2 == 0 {
			r = fmt.Sprintf("cs1-%d-x-10056", i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		status, _, _ := d.do(d.request(ctx, initPath, orderBody(r, amountOf(r))))
		cancel()
		if status == 0 {
			continue // told nothing
		}
		journal, err := os.ReadFile(filepath.Join(o.DataDir, "bank.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		copied := o
		copied.DataDir = t.TempDir()
		if err := os.WriteFile(filepath.Join(copied.DataDir, "bank.jsonl"), journal, 0o600); err != nil {
			t.Fatal(err)
		}
		other, err := New(copied)
		if err != nil {
			t.Fatal(err)
		}
		if e := entryOf(t, other, r); e.Executed != 1 {
			t.Errorf("answered, but the journal says %+v", e)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Held connections do not hold Close, and their clients see a cut.
func TestClose(t *testing.T) {
	o := options()
	o.Delay = time.Minute
	b, err := NewServer(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d := deskOf(t, b.URL())
	var waiting sync.WaitGroup
	for _, kop := range []int{59, 71, 72} {
		waiting.Go(func() {
			if _, _, line := d.do(d.request(t.Context(), initPath, orderBody(ref(kop), amountOf(ref(kop))))); line != "cut" {
				t.Errorf("row %d: %q", kop, line)
			}
		})
	}
	eventually(t, "three requests", func() bool { return len(b.Ledger()) == 3 })
	begin := time.Now()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("took %v", took)
	}
	waiting.Wait()
	if err := b.Close(); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

// Many at once, with kept connections: each reference once, none lost.
func TestTogether(t *testing.T) {
	in := newInbox(t)
	o := options()
	o.WebhookURL, o.DataDir = in.URL, t.TempDir()
	b := started(t, o)
	d := deskOf(t, b.URL())
	d.http.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() {
			for i := range 10 {
				r := fmt.Sprintf("cs1-%d.%d-x-10000", w, i)
				if got := d.post(initPath, orderBody(r, 10000)); got != answered {
					t.Errorf("%s: %s", r, got)
				}
			}
		})
	}
	all.Wait()
	eventually(t, "nothing pending", idle(b))
	sessions := map[string]bool{}
	for _, e := range b.Ledger() {
		if e.Executed != 1 || e.Requests != 1 || len(in.lines(e.Reference)) != 1 {
			t.Errorf("%+v %q", e, in.lines(e.Reference))
		}
		sessions[e.Session] = true
	}
	if len(sessions) != 160 {
		t.Errorf("%d sessions", len(sessions))
	}
}

// /ledger is what Ledger says, under the names that tests everywhere read.
func TestLedger_overHTTP(t *testing.T) {
	b := started(t, options())
	get := func(path string, header ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(header) > 0 {
			r.Header.Set(header[0], header[1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	if _, body := get("/ledger"); body != "[]" {
		t.Errorf("empty ledger: %s", body)
	}
	if _, body := get("/"); !strings.Contains(body, "Nothing has been asked yet") {
		t.Error("empty page")
	}
	d := deskOf(t, b.URL())
	d.post(initPath, orderBody("<b>x</b>", 10060))
	d.post(initPath, orderBody(ref(0), 123456700))
	_, body := get("/ledger")
	var entries []map[string]any
	if err := json.Unmarshal([]byte(body), &entries); err != nil {
		t.Fatal(err)
	}
	want := []string{"account", "amount", "currency", "executed", "payout", "reference", "requests", "session", "status"}
	if got := slices.Sorted(maps.Keys(entries[0])); !slices.Equal(got, want) || len(entries) != 2 {
		t.Errorf("%d entries, members %v", len(entries), got)
	}

	res, body := get("/", "Accept-Language", "ru-RU,ru;q=0.9")
	css := body[strings.Index(body, "<style>")+len("<style>") : strings.Index(body, "</style>")]
	sum := sha256.Sum256([]byte(css))
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("the style is not the one that %s lets in", csp)
	}
	if strings.Contains(body, "<b>x") || strings.Contains(body, "40817810100000270411") {
		t.Error("page shows raw text or a whole account")
	}
	for _, lang := range []string{"en", "ru"} {
		_, body := get("/?lang=" + lang)
		if !strings.Contains(body, `<html lang="`+lang+`"`) || !strings.Contains(body, "1\u00a0234\u00a0567") {
			t.Errorf("%s page: %s", lang, body)
		}
		for _, r := range Kopecks() {
			text := r.Bank
			if lang == "ru" {
				text = r.BankRU
			}
			if !strings.Contains(body, text) {
				t.Errorf("%s page lacks row %d", lang, r.Kop)
			}
		}
	}
	if res, _ := get("/favicon.ico"); res.StatusCode != http.StatusNotFound {
		t.Errorf("unknown address: %d", res.StatusCode)
	}
}

// What cannot work is said at the start.
func TestOptions(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no project":     func(o *Options) { o.Project = "" },
		"no partner key": func(o *Options) { o.PartnerKeys = []*rsa.PublicKey{} },
		"no bank key":    func(o *Options) { o.BankKey = nil },
		"negative delay": func(o *Options) { o.Delay = -1 },
		"all interfaces": func(o *Options) { o.Addr = "0.0.0.0:0" },
		"another host":   func(o *Options) { o.Addr = "192.0.2.1:0" },
		"no port":        func(o *Options) { o.Addr = "localhost" },
	} {
		o := options()
		change(&o)
		if b, err := NewServer(t.Context(), o); err == nil {
			t.Errorf("%s: started at %s", name, b.URL())
		}
	}
	o := options()
	o.Addr = "localhost:0"
	if b := started(t, o); !strings.HasPrefix(b.URL(), "http://localhost:") {
		t.Errorf("address %s", b.URL())
	}
}
