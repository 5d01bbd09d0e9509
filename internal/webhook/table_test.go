package webhook_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"countersign/internal/bank131"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/webhook"
)

// message is one message on its way to the desk, about a payout of its own.
type message struct {
	t       *testing.T
	d       *desktest.Desk
	s       payout.Snapshot
	session string
	before  [][]byte // genuine messages that came and were applied earlier
	body    []byte
	sign    func(body []byte) []string // the values of the header; nil: the bank's own signature, once
	method  string
	header  http.Header
	raw     func(m *message, addr string) int // writes to a connection by itself
}

// genuine is the bank's word about the payout: paid.
func (m *message) genuine() []byte { return m.says("payment_finished", "accepted", "succeeded", 5) }

func (m *message) says(kind, session, status string, second int) []byte {
	return m.d.Message(m.s.ID, m.session, kind, session, status, time.Date(2026, 11, 19, 9, 10, second, 0, time.UTC))
}

// change replaces the first old of the message that is being written.
func (m *message) change(old, by string) {
	m.t.Helper()
	if !bytes.Contains(m.body, []byte(old)) {
		m.t.Fatalf("nothing to alter: %s in %s", old, m.body)
	}
	m.body = bytes.Replace(m.body, []byte(old), []byte(by), 1)
}

// amount writes another amount, as text of JSON.
func (m *message) amount(as string) {
	m.change(fmt.Sprintf(`"amount":%d`, m.s.Content.Amount.Minor), `"amount":`+as)
}

// one is the only payout in the message; all writes others in its place.
func (m *message) one() string {
	i, j := bytes.Index(m.body, []byte(`"payments":[`))+len(`"payments":[`), bytes.LastIndex(m.body, []byte("]}}"))
	return string(m.body[i:j])
}

func (m *message) refunds(parts ...int64) {
	var all []string
	for i, p := range parts {
		all = append(all, fmt.Sprintf(`{"id":"rf_%s_%d","status":"accepted","amount_details":{"amount":%d,"currency":"rub"}}`, m.session, i, p))
	}
	m.change(`"metadata":`, `"refunds":[`+strings.Join(all, ",")+`],"metadata":`)
}

func (m *message) good(body []byte) string {
	m.t.Helper()
	sig, err := bank131.Signer{Key: m.d.BankRS}.Sign(body)
	ok(m.t, err)
	return sig
}

func unsigned([]byte) []string { return nil }

func (m *message) encoded(change func(string) []string) func([]byte) []string {
	return func(body []byte) []string { return change(m.good(body)) }
}

// post hands a message over and returns the status.
func (m *message) post(addr string, body []byte) int {
	m.t.Helper()
	method := m.method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(m.t.Context(), method, "http://"+addr+webhook.Path, bytes.NewReader(body))
	ok(m.t, err)
	for k, v := range m.header {
		r.Header[k] = v
	}
	sigs := []string{m.good(body)}
	if m.sign != nil {
		sigs = m.sign(body)
	}
	r.Header[http.CanonicalHeaderKey(webhook.Header)] = sigs
	resp, err := http.DefaultClient.Do(r)
	ok(m.t, err)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	ok(m.t, err)
	return resp.StatusCode
}

// lines writes a request byte by byte, as it stands, and returns the status of the last answer.
func lines(head string, drip int) func(m *message, addr string) int {
	return func(m *message, addr string) int {
		m.t.Helper()
		c, err := net.Dial("tcp", addr)
		ok(m.t, err)
		defer c.Close()
		text := strings.NewReplacer("PATH", webhook.Path, "SIGN", webhook.Header+": "+m.good(m.body), "LEN", fmt.Sprint(len(m.body))).Replace(head)
		if i := strings.Index(text, "CHUNKS"); i >= 0 {
			var b strings.Builder
			for at := 0; at < len(m.body); at += 7 {
				part := m.body[at:min(at+7, len(m.body))]
				fmt.Fprintf(&b, "%x\r\n%s\r\n", len(part), part)
			}
			text = text[:i] + b.String() + "0\r\n" + text[i+len("CHUNKS"):]
		}
		text = strings.ReplaceAll(text, "BODY", string(m.body))
		for at := 0; at < len(text); at += drip {
			if _, err := io.WriteString(c, text[at:min(at+drip, len(text))]); err != nil {
				break // it hung up: what it says is read below
			}
		}
		in := bufio.NewReader(c)
		for {
			resp, err := http.ReadResponse(in, nil)
			ok(m.t, err)
			if resp.StatusCode != http.StatusContinue {
				return resp.StatusCode
			}
		}
	}
}

// utf16le is a text as Windows calls Unicode.
func utf16le(b []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(b))) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func zip(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b) // into memory
	_ = z.Close()
	return out.Bytes()
}

const (
	still = " in_progress" // what every payout of the table is before its message comes
	paid  = " succeeded told"
	lim   = 256 << 10
)

// webhooks is the table of promises.md E.2: what may come to the intake, and its verdict: the status; whether it is kept ("kept", "again" for a message that is there already,
// "refused:why" for the ring of those that are not the bank's, "-" for nothing); what applying it did ("moved", "woke", "late", "nothing", then the alarm); and where its payout stands.
var webhooks = []struct {
	name    string
	make    func(m *message)
	verdict string
}{
	// Bodies.
	{"as it should be", func(m *message) {}, "200 kept moved" + paid},
	{"empty", func(m *message) { m.body = nil }, "200 kept nothing not_json" + still},
	{"one byte", func(m *message) { m.body = []byte("{") }, "200 kept nothing not_json" + still},
	{"a digit", func(m *message) { m.body = []byte("7") }, "200 kept nothing odd_shape" + still},
	{"null", func(m *message) { m.body = []byte("null") }, "200 kept nothing odd_shape" + still},
	{"10 MiB", func(m *message) { m.body = bytes.Repeat([]byte(" "), 10<<20) }, "413 -" + still},
	{"256 KiB and one", func(m *message) { m.body = append(bytes.Repeat([]byte(" "), lim+1-len(m.body)), m.body...) }, "413 -" + still},
	{"256 KiB to the byte", func(m *message) { m.body = append(bytes.Repeat([]byte(" "), lim-len(m.body)), m.body...) }, "200 kept moved" + paid},
	{"nested 10,000 deep", func(m *message) {
		m.change(`"metadata":`, `"x":`+strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)+`,"metadata":`)
	}, "200 kept nothing not_json" + still},
	{"nested 10,000 deep, never closed", func(m *message) { m.body = bytes.Repeat([]byte(`{"a":`), 10_000) }, "200 kept nothing not_json" + still},
	{"UTF-16", func(m *message) { m.body = utf16le(m.body) }, "200 kept nothing not_json" + still},
	{"a mark of order", func(m *message) { m.body = append([]byte("\xef\xbb\xbf"), m.body...) }, "200 kept nothing not_json" + still},
	{"NUL behind", func(m *message) { m.body = append(m.body, 0) }, "200 kept nothing not_json" + still},
	{"NUL in a text", func(m *message) { m.change(`"po_1"`, "\"po\x00\"") }, "200 kept nothing not_json" + still},
	{"an escaped NUL in the reference", func(m *message) { m.change(m.s.Reference+`"`, m.s.Reference+`\u0000"`) }, "200 kept nothing other_reference" + still},
	{"half a surrogate", func(m *message) { m.change(`"po_1"`, `"\ud800"`) }, "200 kept nothing not_json" + still},
	{"surrogates the wrong way round", func(m *message) { m.change(`"po_1"`, `"\udc00\ud800"`) }, "200 kept nothing not_json" + still},
	{"a whole surrogate", func(m *message) { m.change(`"po_1"`, `"\ud83d\ude00"`) }, "200 kept moved" + paid},
	{"invalid UTF-8", func(m *message) { m.change(`"po_1"`, "\"po\xff\"") }, "200 kept nothing not_json" + still},
	{"windows-1251", func(m *message) { m.change("Иванов", "\xc8\xe2\xe0\xed\xee\xe2") }, "200 kept nothing not_json" + still},
	{"bytes behind", func(m *message) { m.body = append(m.body, "x"...) }, "200 kept nothing not_json" + still},
	{"line ends behind", func(m *message) { m.body = append(m.body, "\r\n\r\n"...) }, "200 kept moved" + paid},
	{"two documents", func(m *message) { m.body = append(m.body, m.body...) }, "200 kept nothing not_json" + still},
	{"cut in half", func(m *message) { m.body = m.body[:len(m.body)/2] }, "200 kept nothing not_json" + still},
	{"HTML", func(m *message) { m.body = []byte("<!doctype html><title>502</title>") }, "200 kept nothing not_json" + still},
	{"a form", func(m *message) { m.body = []byte("type=payment_finished&session=ps_1") }, "200 kept nothing not_json" + still},
	{"a list of messages", func(m *message) { m.body = []byte("[" + string(m.body) + "]") }, "200 kept nothing odd_shape" + still},
	{"the same, byte for byte", func(m *message) { m.before = [][]byte{m.genuine()} }, "200 again" + paid},
	{"the same, written anew", func(m *message) { m.before = [][]byte{m.genuine()}; m.body = append(m.body, '\n') }, "200 kept late" + paid},

	// Keys.
	{"a key twice", func(m *message) { m.change(`"amount":`, `"amount":1,"amount":`) }, "200 kept nothing doubled_key" + still},
	{"a key twice but for case", func(m *message) { m.change(`"amount":`, `"Amount":1,"amount":`) }, "200 kept nothing doubled_key" + still},
	{"a key twice by an escape", func(m *message) { m.change(`"status":`, `"st\u0061tus":"error","status":`) }, "200 kept nothing doubled_key" + still},
	{"a key twice by the sign of Kelvin", func(m *message) { m.change(`"bik":`, "\"bi\u212a\":\"1\",\"bik\":") }, "200 kept nothing doubled_key" + still},
	{"the session twice", func(m *message) { m.change(`"session":{`, `"session":{},"session":{`) }, "200 kept nothing doubled_key" + still},
	{"a key in another case", func(m *message) { m.change(`"status":"succeeded"`, `"Status":"succeeded"`) }, "200 kept woke" + still},
	{"v1 and v2 mixed", func(m *message) { m.change(`"payments":`, `"payout_list":[],"payments":`) }, "200 kept nothing mixed_names" + still},
	{"v2's list of v1's payouts", func(m *message) { m.change(`"payments":`, `"payout_list":`) }, "200 kept nothing mixed_names" + still},
	{"v2 throughout", func(m *message) {
		m.change(`"payments":`, `"payout_list":`)
		m.change(`"payment_method":`, `"payout_details":`)
	}, "200 kept moved" + paid},
	{"fields that nobody knows", func(m *message) {
		m.change(`"type":`, `"new":{"a":[1,2.5e3,null,true,"я"]},"type":`)
		m.change(`"metadata":`, `"fee":{"amount":1e400},"metadata":`)
	}, "200 kept moved" + paid},
	{"__proto__ and constructor", func(m *message) { m.change(`"type":`, `"__proto__":{"status":"failed"},"constructor":1,"type":`) }, "200 kept moved" + paid},

	// Amounts and currencies.
	{"amount 1e400", func(m *message) { m.amount("1e400") }, "200 kept nothing odd_shape" + still},
	{"amount -0", func(m *message) { m.amount("-0") }, "200 kept nothing odd_shape" + still},
	{"amount with a point and zeros", func(m *message) { m.amount("10000.0") }, "200 kept nothing odd_shape" + still},
	{"amount 1.0", func(m *message) { m.amount("1.0") }, "200 kept nothing odd_shape" + still},
	{"amount with an exponent", func(m *message) { m.amount("1e4") }, "200 kept nothing odd_shape" + still},
	{"amount 2^53+1", func(m *message) { m.amount("9007199254740993") }, "200 kept nothing other_amount" + still},
	{"amount 2^63", func(m *message) { m.amount("9223372036854775808") }, "200 kept nothing odd_shape" + still},
	{"amount 2^64 and ours", func(m *message) { m.amount("18446744073709561616") }, "200 kept nothing odd_shape" + still},
	{"amount as text", func(m *message) { m.amount(`"10000"`) }, "200 kept nothing odd_shape" + still},
	{"amount below zero", func(m *message) { m.amount("-10000") }, "200 kept nothing odd_shape" + still},
	{"amount null", func(m *message) { m.amount("null") }, "200 kept nothing odd_shape" + still},
	{"amount in roubles", func(m *message) { m.amount("100") }, "200 kept nothing other_amount" + still},
	{"a kopeck more", func(m *message) { m.amount("10001") }, "200 kept nothing other_amount" + still},
	{"a zero before the amount", func(m *message) { m.amount("010000") }, "200 kept nothing not_json" + still},
	{"currency RUB", func(m *message) { m.change(`"currency":"rub"`, `"currency":"RUB"`) }, "200 kept moved" + paid},
	{"currency Rub", func(m *message) { m.change(`"currency":"rub"`, `"currency":"Rub"`) }, "200 kept moved" + paid},
	{"currency RUR", func(m *message) { m.change(`"currency":"rub"`, `"currency":"RUR"`) }, "200 kept nothing other_currency" + still},
	{"currency 643", func(m *message) { m.change(`"currency":"rub"`, `"currency":643`) }, "200 kept nothing odd_shape" + still},
	{"currency with a space", func(m *message) { m.change(`"currency":"rub"`, `"currency":"rub "`) }, "200 kept nothing other_currency" + still},
	{"currency in Cyrillic", func(m *message) { m.change(`"currency":"rub"`, `"currency":"руб"`) }, "200 kept nothing other_currency" + still},
	{"no currency", func(m *message) { m.change(`,"currency":"rub"`, ``) }, "200 kept nothing odd_shape" + still},

	// Whose it is.
	{"another account", func(m *message) { m.change(m.s.Content.Account, "40817810100000270411") }, "200 kept nothing other_account" + still},
	{"a masked account", func(m *message) { m.change(m.s.Content.Account, "408178******0411") }, "200 kept moved" + paid},
	{"another bank", func(m *message) { m.change(m.s.Content.BIK, "044525225") }, "200 kept nothing other_bik" + still},
	{"another name", func(m *message) { m.change("Иванов", "ИВАНОВ") }, "200 kept moved name_differs" + paid},
	{"another purpose", func(m *message) { m.change("Перевод", "Возврат") }, "200 kept moved purpose_differs" + paid},
	{"another project's session and reference", func(m *message) {
		m.change(m.session, "ps_foreign")
		m.change(m.s.Reference, "invoice-17")
	}, "200 kept nothing unmatched" + still},
	{"our session, a reference that is none of ours", func(m *message) { m.change(m.s.Reference, "cs1-9-none") }, "200 kept nothing other_reference" + still},
	{"our reference in another session", func(m *message) { m.change(m.session, "ps_other_"+m.session) }, "200 kept nothing other_session" + still},
	{"a reference in capitals", func(m *message) { m.change(m.s.Reference, strings.ToUpper(m.s.Reference)) }, "200 kept nothing other_reference" + still},
	{"a session id with a line end", func(m *message) { m.change(`"`+m.session+`"`, `"`+m.session+`\n"`) }, "200 kept nothing odd_shape" + still},
	{"a session id of 300 characters", func(m *message) { m.change(`"`+m.session+`"`, `"`+strings.Repeat("p", 300)+`"`) }, "200 kept nothing odd_shape" + still},
	{"no session", func(m *message) { m.body = []byte(`{"type":"payment_finished"}`) }, "200 kept nothing no_session" + still},
	{"session null", func(m *message) { m.body = []byte(`{"type":"payment_finished","session":null}`) }, "200 kept nothing no_session" + still},
	{"session a text", func(m *message) { m.body = fmt.Appendf(nil, `{"type":"payment_finished","session":%q}`, m.session) }, "200 kept nothing odd_shape" + still},
	{"no payout in the session", func(m *message) { m.change(m.one(), "") }, "200 kept nothing other_reference" + still},
	{"two payouts", func(m *message) { m.change(m.one(), m.one()+","+m.one()) }, "200 kept nothing two_payouts" + still},
	{"two payouts, one of them ours", func(m *message) {
		other := strings.Replace(m.one(), m.s.Reference, "cs1-1-x", 1)
		m.change(m.one(), m.one()+","+other)
	}, "200 kept nothing two_payouts" + still},
	{"metadata an object", func(m *message) { m.change(`"metadata":"`+m.s.Reference+`"`, `"metadata":{"ref":"`+m.s.Reference+`"}`) }, "200 kept nothing other_reference" + still},
	{"metadata a list", func(m *message) { m.change(`"metadata":"`+m.s.Reference+`"`, `"metadata":["`+m.s.Reference+`"]`) }, "200 kept nothing other_reference" + still},
	{"metadata a number", func(m *message) { m.change(`"metadata":"`+m.s.Reference+`"`, `"metadata":1042`) }, "200 kept nothing other_reference" + still},
	{"metadata null", func(m *message) { m.change(`"metadata":"`+m.s.Reference+`"`, `"metadata":null`) }, "200 kept nothing other_reference" + still},
	{"metadata our reference in JSON in a text", func(m *message) { m.change(`"metadata":"`+m.s.Reference+`"`, `"metadata":"\"`+m.s.Reference+`\""`) }, "200 kept nothing other_reference" + still},
	{"metadata of 200 KB", func(m *message) { m.change(m.s.Reference, strings.Repeat("m", 200_000)) }, "200 kept nothing other_reference" + still},
	{"metadata of 1 MB", func(m *message) { m.change(m.s.Reference, strings.Repeat("m", 1<<20)) }, "413 -" + still},

	// Words and times.
	{"a session status that nobody knows", func(m *message) { m.change(`"accepted"`, `"acepted"`) }, "200 kept woke" + still},
	{"a payout status that nobody knows", func(m *message) { m.change(`"succeeded"`, `"succeded"`) }, "200 kept woke" + still},
	{"a status in capitals", func(m *message) { m.change(`"succeeded"`, `"SUCCEEDED"`) }, "200 kept woke" + still},
	{"a status that is a number", func(m *message) { m.change(`"succeeded"`, `1`) }, "200 kept nothing odd_shape" + still},
	{"an unknown type", func(m *message) { m.change(`"payment_finished"`, `"payment_done"`) }, "200 kept woke unknown_type" + still},
	{"no type", func(m *message) { m.change(`"type":"payment_finished",`, ``) }, "200 kept nothing odd_shape" + still},
	{"ready to confirm in the single flow", func(m *message) { m.body = m.says("ready_to_confirm", "in_progress", "pending", 5) }, "200 kept woke confirm_asked" + still},
	{"in progress", func(m *message) { m.body = m.says("payment_finished", "in_progress", "in_progress", 5) }, "200 kept woke" + still},
	{"the session says error", func(m *message) { m.body = m.says("payment_finished", "error", "failed", 5) }, "200 kept woke" + still},
	{"not paid", func(m *message) { m.body = m.says("payment_finished", "cancelled", "failed", 5) }, "200 kept moved failed told"},
	{"not paid after paid", func(m *message) {
		m.before = [][]byte{m.genuine()}
		m.body = m.says("payment_finished", "cancelled", "failed", 9)
	}, "200 kept moved succeeded told review"},
	{"paid after not paid", func(m *message) {
		m.before = [][]byte{m.says("payment_finished", "cancelled", "failed", 9)}
	}, "200 kept moved succeeded told review"},
	{"a refund before the success", func(m *message) {
		m.body = m.says("payment_refunded", "accepted", "succeeded", 5)
		m.refunds(10_000)
	}, "200 kept moved returned told 10000"},
	{"a part came back", func(m *message) {
		m.before = [][]byte{m.genuine()}
		m.body = m.says("payment_refunded", "accepted", "succeeded", 9)
		m.refunds(3_333)
	}, "200 kept moved succeeded told 3333"},
	{"more came back than was paid", func(m *message) {
		m.body = m.says("payment_refunded", "accepted", "succeeded", 5)
		m.refunds(9_000, 9_000)
	}, "200 kept moved returned told 10000"},
	{"a refund in another currency", func(m *message) {
		m.body = m.says("payment_refunded", "accepted", "succeeded", 5)
		m.refunds(10_000)
		m.change(`"amount":10000,"currency":"rub"}}]`, `"amount":10000,"currency":"usd"}}]`)
	}, "200 kept moved other_currency" + paid},
	{"updated in the past", func(m *message) {
		m.body = m.d.Message(m.s.ID, m.session, "payment_finished", "accepted", "succeeded", time.Unix(0, 0))
	}, "200 kept moved" + paid},
	{"updated in a far future", func(m *message) {
		m.body = m.d.Message(m.s.ID, m.session, "payment_finished", "accepted", "succeeded", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
	}, "200 kept moved" + paid},
	{"updated at no time at all", func(m *message) { m.change(`"updated_at":"2026-11-19T09:10:05.000000Z"`, `"updated_at":"soon"`) }, "200 kept moved" + paid},
	{"updated_at missing", func(m *message) { m.change(`"updated_at":"2026-11-19T09:10:05.000000Z",`, ``) }, "200 kept moved" + paid},
	{"updated_at a number", func(m *message) { m.change(`"updated_at":"2026-11-19T09:10:05.000000Z"`, `"updated_at":1795000000`) }, "200 kept nothing odd_shape" + still},
	{"an open word after paid", func(m *message) {
		m.before = [][]byte{m.genuine()}
		m.body = m.says("payment_finished", "in_progress", "in_progress", 9)
	}, "200 kept woke" + paid},

	// Signatures.
	{"no signature", func(m *message) { m.sign = unsigned }, "401 refused:missing" + still},
	{"two signatures, both good", func(m *message) { m.sign = m.encoded(func(s string) []string { return []string{s, s} }) }, "401 refused:several" + still},
	{"two signatures in one header", func(m *message) { m.sign = m.encoded(func(s string) []string { return []string{s + ", " + s} }) }, "401 refused:malformed" + still},
	{"an empty signature", func(m *message) { m.sign = func([]byte) []string { return []string{""} } }, "401 refused:missing" + still},
	{"an empty one before a good one", func(m *message) { m.sign = m.encoded(func(s string) []string { return []string{"", s} }) }, "401 refused:several" + still},
	{"base64 for addresses", func(m *message) {
		m.sign = m.encoded(func(s string) []string { return []string{strings.NewReplacer("+", "-", "/", "_").Replace(s)} })
		for i := 0; !strings.ContainsAny(m.good(m.body), "+/") && i < 50; i++ {
			m.body = append(m.body, ' ') // one whose signature has such a letter
		}
	}, "401 refused:malformed" + still},
	{"without its padding", func(m *message) {
		m.sign = m.encoded(func(s string) []string { return []string{strings.TrimRight(s, "=")} })
	}, "401 refused:malformed" + still},
	{"in hex", func(m *message) {
		m.sign = m.encoded(func(s string) []string {
			b, err := base64.StdEncoding.DecodeString(s)
			ok(m.t, err)
			return []string{hex.EncodeToString(b)}
		})
	}, "401 refused:malformed" + still},
	{"a space inside", func(m *message) { m.sign = m.encoded(func(s string) []string { return []string{s[:9] + " " + s[9:]} }) }, "401 refused:malformed" + still},
	{"a tab inside", func(m *message) {
		m.sign = m.encoded(func(s string) []string { return []string{s[:9] + "\t" + s[9:]} })
	}, "401 refused:malformed" + still},
	{"the wrong length", func(m *message) {
		m.sign = func([]byte) []string { return []string{base64.StdEncoding.EncodeToString([]byte("short"))} }
	}, "401 refused:malformed" + still},
	{"all zeros of the right length", func(m *message) {
		m.sign = func([]byte) []string {
			return []string{base64.StdEncoding.EncodeToString(make([]byte, m.d.BankRS.Size()))}
		}
	}, "401 refused:wrong" + still},
	{"the signature of another body", func(m *message) {
		other := m.says("payment_finished", "cancelled", "failed", 5)
		m.sign = func([]byte) []string { return []string{m.good(other)} }
	}, "401 refused:wrong" + still},
	{"signed with our own key", func(m *message) {
		m.sign = func(b []byte) []string {
			sig, err := bank131.Signer{Key: m.d.Our}.Sign(b)
			ok(m.t, err)
			return []string{sig}
		}
	}, "401 refused:wrong" + still},
	{"the hash in place of the signature", func(m *message) {
		m.sign = func(b []byte) []string {
			sum := sha256.Sum256(b)
			return []string{base64.StdEncoding.EncodeToString(sum[:])}
		}
	}, "401 refused:malformed" + still},
	{"64 KiB of signature", func(m *message) { m.sign = func([]byte) []string { return []string{strings.Repeat("A", 64<<10)} } }, "401 refused:malformed" + still},
	{"not the bank's, and not JSON", func(m *message) { m.sign, m.body = unsigned, []byte("hello") }, "401 refused:missing" + still},

	// The way it comes.
	{"GET", func(m *message) { m.method = http.MethodGet }, "405 -" + still},
	{"PUT", func(m *message) { m.method = http.MethodPut }, "405 -" + still},
	{"post, small", func(m *message) { m.method = "post" }, "405 -" + still},
	{"told to be a PUT", func(m *message) { m.header = http.Header{"X-Http-Method-Override": {"PUT"}} }, "200 kept moved" + paid},
	{"gzip", func(m *message) { m.body = zip(m.body); m.header = http.Header{"Content-Encoding": {"gzip"}} }, "415 -" + still},
	{"said to be gzip and plain", func(m *message) { m.header = http.Header{"Content-Encoding": {"gzip"}} }, "415 -" + still},
	{"identity", func(m *message) { m.header = http.Header{"Content-Encoding": {"identity"}} }, "415 -" + still},
	{"gzip unsaid", func(m *message) { m.body = zip(m.body) }, "200 kept nothing not_json" + still},
	{"another type", func(m *message) { m.header = http.Header{"Content-Type": {"text/html; charset=windows-1251"}} }, "200 kept moved" + paid},
	{"in chunks of seven bytes, dripping", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nSIGN\r\nTransfer-Encoding: chunked\r\n\r\nCHUNKS\r\n", 11)
	}, "200 kept moved" + paid},
	{"a trailer with a signature", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nTrailer: "+webhook.Header+"\r\nTransfer-Encoding: chunked\r\n\r\nCHUNKSSIGN\r\n\r\n", 4096)
	}, "401 refused:missing" + still},
	{"Expect: 100-continue", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nSIGN\r\nExpect: 100-continue\r\nContent-Length: LEN\r\n\r\nBODY", 4096)
	}, "200 kept moved" + paid},
	{"Expect: something else", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nSIGN\r\nExpect: a-pony\r\nContent-Length: LEN\r\n\r\nBODY", 4096)
	}, "417 -" + still},
	{"two lengths", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nSIGN\r\nContent-Length: LEN\r\nContent-Length: 5\r\n\r\nBODY", 4096)
	}, "400 -" + still},
	{"a length shorter than the body", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nSIGN\r\nContent-Length: 5\r\nConnection: close\r\n\r\nBODY", 4096)
	}, "401 refused:wrong" + still},
	{"no Host", func(m *message) { m.raw = lines("POST PATH HTTP/1.1\r\nSIGN\r\nContent-Length: LEN\r\n\r\nBODY", 4096) }, "400 -" + still},
	{"a transfer coding that nobody knows", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nSIGN\r\nTransfer-Encoding: gzip, chunked\r\n\r\nCHUNKS\r\n", 4096)
	}, "501 -" + still},
	{"the name of the header in small letters", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nx-partner-sign: "+m.good(m.body)+"\r\nContent-Length: LEN\r\n\r\nBODY", 4096)
	}, "200 kept moved" + paid},
	{"the header with an underscore", func(m *message) {
		m.raw = lines("POST PATH HTTP/1.1\r\nHost: desk\r\nX_PARTNER_SIGN: "+m.good(m.body)+"\r\nContent-Length: LEN\r\n\r\nBODY", 4096)
	}, "401 refused:missing" + still},
}

// TestTable is the table of promises.md E.2 over a whole desk: the real handler behind a real server, the real checks, store and use cases. Each message is about a payout of its own, which
// the bank took; nothing but that payout may move, nothing is confirmed, bound or halted by a message, and the history holds at the end. Promises 8, 9 and 10; issue 5 "To show" e.
func TestTable(t *testing.T) {
	if len(webhooks) < 120 {
		t.Fatalf("%d rows; promises.md E.2 asks for 120", len(webhooks))
	}
	d := desktest.New(t)
	srv := httptest.NewServer(webhook.Handler(webhook.Options{Verifier: d.Hooks(), Desk: d.App}))
	t.Cleanup(srv.Close)
	addr := srv.Listener.Addr().String()
	db := d.SQL()
	number := func(query string) (n int) {
		t.Helper()
		ok(t, db.QueryRow(query).Scan(&n))
		return n
	}
	seen := map[string]bool{}
	ends := map[payout.ID]string{}
	for i, c := range webhooks {
		if seen[c.name] {
			t.Fatalf("%s stands there twice", c.name)
		}
		seen[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			m := &message{t: t, d: d, session: fmt.Sprintf("ps_%d", i)}
			m.s = taken(t, d, m.session)
			m.body = m.genuine()
			c.make(m)
			for _, b := range m.before {
				ok(t, d.App.StoreWebhook(t.Context(), b, d.Hooks().Keys[0].ID))
				d.Apply()
			}
			d.Exec("UPDATE poll SET next_at = next_at + 3600000000 WHERE next_at <= ?", d.Clock.Now().UnixMicro())
			kept, times, refused, events := number("SELECT COUNT(*) FROM inbox"), number("SELECT COALESCE(SUM(n), 0) FROM inbox_count"), number("SELECT COUNT(*) FROM refused"), number("SELECT COUNT(*) FROM event")

			code := 0
			if m.raw != nil {
				code = m.raw(m, addr)
			} else {
				code = m.post(addr, m.body)
			}
			d.Apply()

			verdict := fmt.Sprint(code)
			switch {
			case number("SELECT COUNT(*) FROM inbox") > kept:
				var effect, alarm string
				var body []byte
				ok(t, db.QueryRow("SELECT body, effect, alarm FROM inbox JOIN inbox_result ON inbox_id = id ORDER BY id DESC LIMIT 1").Scan(&body, &effect, &alarm))
				verdict = strings.TrimSpace(verdict + " kept " + effect + " " + alarm)
				if !bytes.Equal(body, m.body) {
					t.Errorf("kept otherwise than it came: %.100q", body)
				}
			case number("SELECT COALESCE(SUM(n), 0) FROM inbox_count") > times:
				verdict += " again"
			case number("SELECT COUNT(*) FROM refused") > refused:
				var reason string
				ok(t, db.QueryRow("SELECT reason FROM refused ORDER BY n DESC LIMIT 1").Scan(&reason))
				verdict += " refused:" + reason
			default:
				verdict += " -"
			}
			if !strings.Contains(verdict, " kept") && number("SELECT COUNT(*) FROM event") != events {
				t.Error("what was not kept left an event")
			}
			if verdict += " " + stands(d.Get(m.s.ID)); verdict != c.verdict {
				t.Errorf("%s\nwant %s", verdict, c.verdict)
			}
			// A word of the bank's that can be read has it asked; nothing else makes us ask.
			asked := number(fmt.Sprintf("SELECT COUNT(*) FROM poll WHERE payout_id = '%s' AND next_at <= %d", m.s.ID, d.Clock.Now().UnixMicro())) > 0
			reads := strings.Contains(verdict, " kept") && bytes.Contains(m.body, []byte(m.s.Reference+`"`)) && !strings.Contains(verdict, "not_json") && !strings.Contains(verdict, "odd_shape") && !strings.Contains(verdict, "other_reference")
			if reads && !asked || asked && !strings.Contains(verdict, " kept") {
				t.Errorf("the bank is asked: %v", asked)
			}
			if now := d.Get(m.s.ID); now.Confirmed || now.Session != m.session {
				t.Errorf("a message confirmed or bound: %+v", now)
			}
			ends[m.s.ID] = stands(d.Get(m.s.ID))
		})
	}
	for id, was := range ends {
		if now := stands(d.Get(id)); now != was {
			t.Errorf("another message moved a payout: %s, was %s", now, was)
		}
	}
	if d.Halted() {
		t.Error("a message halted the desk")
	}
	d.Verify()
	t.Logf("%d rows", len(webhooks))
}

// stands is where a payout stands by what it was told.
func stands(s payout.Snapshot) string {
	out := string(s.State)
	if s.State != payout.InProgress && !s.Confirmed {
		out += " told"
	}
	if s.Review {
		out += " review"
	}
	if s.ReturnedMinor > 0 {
		out += fmt.Sprint(" ", s.ReturnedMinor)
	}
	return out
}

// taken makes a payout of 100 RUB that the bank took in this session.
func taken(t *testing.T, d *desktest.Desk, session string) payout.Snapshot {
	t.Helper()
	id := d.Approved(100_00)
	o := d.Claim()
	if o == nil || o.Payout != string(id) {
		t.Fatalf("claimed %+v", o)
	}
	s := d.Get(id)
	body := fmt.Appendf(nil, `{"status":"ok","session":{"id":%q,"status":"in_progress","payments":[{"id":"po_1","status":"in_progress","amount_details":{"amount":%d,"currency":"rub"},"metadata":%q}]}}`,
		session, s.Content.Amount.Minor, s.Reference)
	a := bank131.ParseAnswer(body)
	a.GotConn, a.HTTP = true, http.StatusOK
	ok(t, d.App.Answered(t.Context(), o, a, protocol.Raw{HTTP: a.HTTP, Body: body}))
	return d.Get(id)
}
