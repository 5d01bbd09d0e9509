package web

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/auth"
	"countersign/internal/desktest"
	"countersign/internal/live"
	"countersign/internal/payout"
)

// phrase is everybody's password here; it is hashed once a test binary.
const phrase = "seven grey herons at noon"

var hash = sync.OnceValue(func() string {
	h, err := auth.NewHasher(desktest.Light, auth.DefaultQueue)
	if err != nil {
		panic(err)
	}
	s, err := h.Hash(context.Background(), phrase)
	if err != nil {
		panic(err)
	}
	return s
})

const site = "http://localhost:8131"

// bench is a whole desk with its pages, driven through the handler as a browser would.
type bench struct {
	*desktest.Desk
	t   *testing.T
	web *Web
	h   http.Handler
}

func newBench(t *testing.T) *bench {
	t.Helper()
	d := desktest.New(t)
	return wrap(t, d)
}

func wrap(t *testing.T, d *desktest.Desk) *bench {
	t.Helper()
	demo := &Demo{BankURL: "http://localhost:1/", Kopecks: []KopecksRow{{Kop: 0, Bank: "Takes it", BankRU: "Принимает", End: "Paid", EndRU: "Исполнена"}}}
	for _, n := range []string{"m1", "m2", "a1", "a2", "s1", "u1", "d1", "d2", "d3"} {
		p, err := d.Store.PersonByID(t.Context(), d.Who[n].Person)
		if err != nil {
			t.Fatal(err)
		}
		demo.People = append(demo.People, DemoPerson{Email: n + "@x.test", Name: p.Name, Roles: p.Roles})
	}
	_, err := d.Store.Write(t.Context(), app.People, func(tx app.Tx) error {
		for _, who := range d.Who {
			acc, _, err := tx.Account(who.Email)
			if err != nil {
				return err
			}
			acc.Hash = hash()
			if err := tx.SaveAccount(d.App.SealedAccount(acc)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	head, err := d.Store.DeskRows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(Options{App: d.App, Hub: live.New(live.Options{Start: head.Seq}), Now: d.Clock.Now, SessionKey: []byte("0123456789abcdef0123456789abcdef"), PublicURL: site, Demo: demo,
		Webhook: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method) }), Heartbeat: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	d.App.Notify = w
	t.Cleanup(w.Close)
	return &bench{Desk: d, t: t, web: w, h: w.Handler()}
}

// browser is one browser: it keeps cookies, sends Origin, follows nothing.
type browser1 struct {
	b       *bench
	cookies map[string]string
	lang    string
}

func (b *bench) browser() *browser1 {
	return &browser1{b: b, cookies: map[string]string{}, lang: "en"}
}

// as is a browser in which somebody is signed in.
func (b *bench) as(name string) *browser1 {
	b.t.Helper()
	who := b.Who[name]
	acc, ok, err := b.Store.AccountByEmail(b.t.Context(), who.Email)
	if err != nil || !ok {
		b.t.Fatal(err, ok)
	}
	token, _, err := b.App.SignIn(b.t.Context(), acc, app.Door{Agent: "Mozilla/5.0 (X11; Linux) Firefox/115.0", IP: "192.0.2.1"}, "")
	if err != nil {
		b.t.Fatal(err)
	}
	x := b.browser()
	x.cookies[cookieName] = token
	x.cookies[deviceName] = auth.DeviceToken(b.web.SessionKey, who.Person)
	return x
}

func (x *browser1) request(method, path string, form url.Values) *http.Request {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	q := httptest.NewRequest(method, site+path, body)
	q.RemoteAddr = "192.0.2.1:4000"
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if method != http.MethodGet {
		q.Header.Set("Origin", site)
	}
	q.Header.Set("Accept-Language", x.lang)
	for k, v := range x.cookies {
		q.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	return q
}

func (x *browser1) do(q *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	x.b.h.ServeHTTP(rec, q)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(x.cookies, c.Name)
		} else {
			x.cookies[c.Name] = c.Value
		}
	}
	return rec
}

func (x *browser1) get(path string) *httptest.ResponseRecorder {
	return x.do(x.request("GET", path, nil))
}

func (x *browser1) post(path string, form url.Values) *httptest.ResponseRecorder {
	if form == nil {
		form = url.Values{}
	}
	return x.do(x.request("POST", path, form))
}

// want fails unless the answer has this status, and returns its body.
func want(t *testing.T, rec *httptest.ResponseRecorder, status int) string {
	t.Helper()
	if rec.Code != status {
		t.Fatalf("status %d, want %d, location %q\n%s", rec.Code, status, rec.Header().Get("Location"), visible(rec.Body.String()))
	}
	return rec.Body.String()
}

var (
	hiddenParts = regexp.MustCompile(`(?s)<svg.*?</svg>|<script.*?</script>|<head>.*?</head>|<div hidden id="desk".*?</div>`)
	tags        = regexp.MustCompile(`<[^>]*>`)
	spaces      = regexp.MustCompile(`\s+`)
)

// visible is the text that people see of a page.
func visible(page string) string {
	page = hiddenParts.ReplaceAllString(page, " ")
	return spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(page, " ")), " ")
}

// field is the value of a hidden or typed field of a page, by name.
func field(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`<input[^>]*name="` + regexp.QuoteMeta(name) + `"[^>]*>`).FindString(page)
	if m == "" {
		t.Fatalf("no field %s on the page", name)
	}
	v := regexp.MustCompile(`value="([^"]*)"`).FindStringSubmatch(m)
	if v == nil {
		return ""
	}
	return html.UnescapeString(v[1])
}

// documented is the bank's documented payout as a form.
func documented(token string) url.Values {
	return url.Values{"form": {token}, "full_name": {"Иванов Иван Иванович"}, "bik": {"044525971"}, "account": {"40817810100000270411"}, "amount": {"100,00"}, "currency": {"RUB"},
		"description": {"Перевод средств по договору № 5015553111 Иванов Иван Иванович НДС не облагается"}, "ack": {"account_key"}, "do": {"submit"}}
}

func where(p payout.ID, tail string) string { return "/payouts/" + string(p) + tail }

// addApprover adds a3 to the founding people: before the first payout is submitted.
func addApprover(b *bench) error {
	id, err := b.App.AddFounderHashed(b.t.Context(), app.NewPerson{Email: "a3@x.test", Name: "Person a3", Roles: []auth.Role{auth.Approver}}, hash())
	b.Who["a3"] = app.Who{Person: id, Email: "a3@x.test"}
	return err
}
