package banksim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests talk to the bank as a desk would: own client, own keys, own reading of the JSON. What is exact in
// time is tested driven, by an injected clock; what is real (connections, signatures, repeats) over real HTTP.

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

var (
	deskKey  = sync.OnceValue(newKey)
	bankKey  = sync.OnceValue(newKey)
	wrongKey = sync.OnceValue(newKey)
)

func options() Options {
	return Options{
		Project: "demo-project", PartnerKeys: []*rsa.PublicKey{&deskKey().PublicKey}, BankKey: bankKey(),
		ExtraWrongKey: wrongKey(), Delay: 10 * time.Millisecond, Seed: 131,
	}
}

func sign(body []byte) string {
	sum := sha256.Sum256(body)
	sig, err := rsa.SignPKCS1v15(rand.Reader, deskKey(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(sig)
}

func genuine(body []byte, signature string) bool {
	sig, err := base64.StdEncoding.DecodeString(signature)
	sum := sha256.Sum256(body)
	return err == nil && rsa.VerifyPKCS1v15(&bankKey().PublicKey, crypto.SHA256, sum[:], sig) == nil
}

// orderBody is the bank's documented example with our reference, and an amount in kopecks.
func orderBody(ref string, amount int64) []byte {
	return []byte(fmt.Sprintf(`{"payment_method":{"type":"bank_account","bank_account":{"system_type":"ru","ru":{`+
		`"bik":"044525971","account":"40817810100000270411","full_name":"Иванов Иван Иванович",`+
		`"description":"Перевод средств по договору № 5015553111 Иванов Иван Иванович НДС не облагается"}}},`+
		`"amount_details":{"amount":%d,"currency":"rub"},"metadata":%q}`, amount, ref))
}

// said is what both answers and messages say, in one line: type, session/payouts, and what is unusual.
type said struct {
	Status string `json:"status"`
	Error  struct {
		Code string `json:"code"`
	} `json:"error"`
	Type    string `json:"type"`
	Session struct {
		ID         string     `json:"id"`
		Status     string     `json:"status"`
		Updated    time.Time  `json:"updated_at"`
		NextAction string     `json:"next_action"`
		Payments   []saidItem `json:"payments"`
		List       []saidItem `json:"payout_list"`
		Error      struct {
			Code string `json:"code"`
		} `json:"error"`
	} `json:"session"`
}

type saidItem struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Amount struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	} `json:"amount_details"`
	Error struct {
		Code string `json:"code"`
	} `json:"error"`
	Metadata json.RawMessage `json:"metadata"`
	Refunds  []struct {
		ID     string `json:"id"`
		Amount struct {
			Amount int64 `json:"amount"`
		} `json:"amount_details"`
	} `json:"refunds"`
}

func read(t *testing.T, body []byte) said {
	t.Helper()
	var s said
	if err := json.Unmarshal(body, &s); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, body)
	}
	return s
}

// String writes "accepted/succeeded" and behind it amounts that are not want, codes, refunds, v2 names.
func (s said) line(want int64) string {
	if s.Status == "error" {
		return s.Error.Code
	}
	var out strings.Builder
	out.WriteString(s.Session.Status)
	for _, p := range append(s.Session.Payments, s.Session.List...) {
		out.WriteString("/" + p.Status)
		if p.Amount.Amount != want {
			fmt.Fprintf(&out, " amount%+d", p.Amount.Amount-want)
		}
		if p.Amount.Currency != "rub" {
			out.WriteString(" " + p.Amount.Currency)
		}
		if p.Error.Code != "" {
			out.WriteString(" " + p.Error.Code)
		}
		for _, r := range p.Refunds {
			fmt.Fprintf(&out, " back %d", r.Amount.Amount)
		}
	}
	if len(s.Session.List) > 0 {
		out.WriteString(" v2")
	}
	if s.Session.Error.Code != "" {
		out.WriteString(" !" + s.Session.Error.Code)
	}
	if s.Session.NextAction != "" {
		out.WriteString(" " + s.Session.NextAction)
	}
	return out.String()
}

func reference1(s said) string {
	for _, p := range append(s.Session.Payments, s.Session.List...) {
		return reference(p.Metadata)
	}
	return ""
}

// inbox is a desk's webhook address.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	events map[string][]string // reference -> lines, in order of arrival
	said   map[string][]said
	answer func(ref string, n int) int // HTTP status of the n-th message of a reference; nil is 200
}

func newInbox(t *testing.T) *inbox {
	in := &inbox{events: map[string][]string{}, said: map[string][]said{}}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || len(r.Header.Values("X-PARTNER-SIGN")) != 1 {
			t.Errorf("message: %v, %s, %v", err, r.Method, r.Header)
		}
		var s said
		if err := json.Unmarshal(body, &s); err != nil {
			t.Errorf("message: %v", err)
		}
		ref := reference1(s)
		in.mu.Lock()
		n := len(in.said[ref])
		in.said[ref] = append(in.said[ref], s)
		status := http.StatusOK
		if in.answer != nil {
			status = in.answer(ref, n)
		}
		line := s.Type + " " + s.line(amountOf(ref))
		if !genuine(body, r.Header.Get("X-PARTNER-SIGN")) {
			line = "forged " + line
			status = http.StatusUnauthorized
		}
		in.events[ref] = append(in.events[ref], line)
		in.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) note(ref, line string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.events[ref] = append(in.events[ref], line)
}

func (in *inbox) lines(ref string) []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.events[ref])
}

// references of these tests end in the amount, so that a message can be compared with what was asked.
func ref(kop int) string { return fmt.Sprintf("cs1-%d-abc-%d", kop, 10000+kop) }

func amountOf(ref string) int64 {
	var n int64
	fmt.Sscan(ref[strings.LastIndexByte(ref, '-')+1:], &n)
	return n
}

// desk asks a bank.
type desk struct {
	t    *testing.T
	base string
	http *http.Client
	bank *Bank // in-process instead of over HTTP, if base is ""
}

func deskOf(t *testing.T, base string) *desk {
	d := &desk{t: t, base: base, http: &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	return d
}

func (d *desk) request(ctx context.Context, path string, body []byte) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-PARTNER-PROJECT", "demo-project")
	r.Header.Set("X-PARTNER-SIGN", sign(body))
	return r
}

// do sends a request and returns the status with the body, or what became of the connection.
func (d *desk) do(r *http.Request) (status int, body []byte, broken string) {
	d.t.Helper()
	if d.bank != nil {
		w := httptest.NewRecorder()
		d.bank.Handler().ServeHTTP(w, r)
		return w.Code, w.Body.Bytes(), ""
	}
	res, err := d.http.Do(r)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return 0, nil, "no answer"
	case err != nil:
		return 0, nil, "cut"
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err != nil {
		return res.StatusCode, body, "cut in the middle"
	}
	if res.StatusCode == http.StatusTemporaryRedirect {
		return res.StatusCode, body, "307 to " + res.Header.Get("Location")
	}
	if ct := res.Header.Get("Content-Type"); ct != "application/json" {
		return res.StatusCode, body, fmt.Sprintf("%d %s", res.StatusCode, ct)
	}
	return res.StatusCode, body, ""
}

// post sends a signed body and returns the answer in one line.
func (d *desk) post(path string, body []byte, header ...string) string {
	d.t.Helper()
	r := d.request(d.t.Context(), path, body)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	status, got, broken := d.do(r)
	if broken != "" {
		return broken
	}
	return fmt.Sprintf("%d %s", status, read(d.t, got).line(amountOfBody(body)))
}

func amountOfBody(body []byte) int64 {
	var in struct {
		A struct {
			Amount int64 `json:"amount"`
		} `json:"amount_details"`
	}
	_ = json.Unmarshal(body, &in) // the hostile ones are compared with 0
	return in.A.Amount
}

const (
	initPath  = "/api/v1/session/init/payout"
	startPath = "/api/v1/session/start/payout"
)

// eventually waits for a state of the bank or the inbox that no single event announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited too long: %s", what)
		}
	}
}

func idle(b *Bank) func() bool { return func() bool { return b.Pending() == 0 } }

func entryOf(t *testing.T, b *Bank, ref string) Entry {
	t.Helper()
	for _, e := range b.Ledger() {
		if e.Reference == ref {
			return e
		}
	}
	t.Fatalf("no entry %s", ref)
	return Entry{}
}

func started(t *testing.T, o Options) *Bank {
	t.Helper()
	b, err := NewServer(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}
