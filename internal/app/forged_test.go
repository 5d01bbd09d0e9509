package app_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	mrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/bank131"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// stand is what a message must not change.
func stand(t *testing.T, d *desktest.Desk) map[payout.ID]payout.Snapshot {
	t.Helper()
	out := map[payout.ID]payout.Snapshot{}
	for _, id := range d.Payouts() {
		s := d.Get(id)
		s.Rev, s.ChangedAt = 0, time.Time{} // an alarm writes the row again
		out[id] = s
	}
	return out
}

func same(a, b map[payout.ID]payout.Snapshot) string {
	for id, x := range a {
		if y := b[id]; fmt.Sprintf("%+v", x) != fmt.Sprintf("%+v", y) {
			return fmt.Sprintf("payout %d was\n%+v\nis\n%+v", x.Number, x, y)
		}
	}
	return ""
}

// TestForgedSignatures: a thousand messages whose signature is not the bank's over exactly these bytes: flipped bits, another key, cut, doubled and missing
// signatures, a genuine signature over something else. None passes the check. Promise 9; issue "To show" e.
func TestForgedSignatures(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(10_000_00)
	d.Send()
	d.Clock.Add(3 * time.Second)
	ms := d.Bank.Advance(d.Clock.Now())
	if len(ms) != 1 {
		t.Fatalf("%d messages", len(ms))
	}
	body, sig := ms[0].Body, ms[0].Signature
	v := d.Hooks()
	if _, reason := v.Verify(body, []string{sig}); reason != "" {
		t.Fatalf("the genuine one is refused: %s", reason)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	rnd := mrand.New(mrand.NewPCG(9, 9))
	refused := func(what string, body []byte, sigs ...string) {
		t.Helper()
		if key, reason := v.Verify(body, sigs); reason == "" {
			t.Errorf("%s: accepted by key %s: %s", what, key, body)
		}
	}
	raw, err := base64.StdEncoding.DecodeString(sig)
	must(t, err)
	for i := range 500 {
		b := bytes.Clone(body)
		b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		refused("flipped bit in the body", b, sig)
		s := bytes.Clone(raw)
		s[rnd.IntN(len(s))] ^= 1 << rnd.IntN(8)
		refused("flipped bit in the signature", body, base64.StdEncoding.EncodeToString(s))
		_ = i
	}
	forged, err := bank131.Signer{Key: other}.Sign(body)
	must(t, err)
	refused("another key", body, forged)
	refused("our own key", body, func() string { s, _ := bank131.Signer{Key: d.Our}.Sign(body); return s }())
	refused("none", body)
	refused("empty", body, "")
	refused("two", body, sig, sig)
	refused("a good and a bad one", body, sig, forged)
	refused("cut", body, sig[:len(sig)-4])
	refused("longer", body, sig+"AAAA")
	refused("spaces", body, " "+sig)
	refused("url base64", body, base64.URLEncoding.EncodeToString(append([]byte{0xff, 0xfe}, raw...)))
	refused("a space more in the body", append(bytes.Clone(body), ' '), sig)
	refused("empty body", nil, sig)
	if d.Get(id).State != payout.InProgress {
		t.Error("the check moved something")
	}
}

// TestForgedContents: more than a thousand messages with a valid signature that say something else than what we asked for: another sum, currency, reference,
// session, account, doubled and case-variant keys, both sets of names, unknown types, rubbish. Each is kept and answered; none moves any
// payout, binds, confirms, halts or stops the worker; the history grows by the inbox's own events and by alarms alone. Then the genuine message
// comes and counts. Promise 9; issue "To show" e.
func TestForgedContents(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	// One payout in every stage that a message could hope to move.
	draft, err := d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: "d", Content: d.Content(5_000_00)})
	must(t, err)
	pending := d.Submit(6_000_00)
	paid := d.Approved(10_000_00)
	d.Send()
	failed := d.Approved(20_000_51)
	d.Send()
	lost := d.Approved(30_000_57)
	d.Send()
	d.Settle()
	open := d.Approved(40_000_54) // the bank never sends a message about this one
	d.Send()
	notSent := d.Approved(50_000_00)
	o := d.Claim()
	must(t, d.App.Answered(ctx, o, noConn, noRaw))
	for id, want := range map[payout.ID]payout.State{draft: payout.Draft, pending: payout.PendingApproval, paid: payout.Succeeded, failed: payout.Failed, lost: payout.Unknown,
		open: payout.InProgress, notSent: payout.Approved} {
		if s := d.Get(id); s.State != want {
			t.Fatalf("%s, want %s", s.State, want)
		}
	}
	before := stand(t, d)
	started := len(d.Events())

	bound := d.Get(open).Session
	now := d.Clock.Now()
	genuine := string(d.Message(open, bound, "payment_finished", "accepted", "succeeded", now))
	ref := d.Get(open).Reference
	rep := func(old, new string) []byte {
		if !strings.Contains(genuine, old) {
			t.Fatalf("%q is not in the message", old)
		}
		return []byte(strings.Replace(genuine, old, new, 1))
	}
	all := map[string][]byte{
		"session of another payout": rep(`"id":"`+bound, `"id":"`+d.Get(paid).Session),
		"reference of another":      rep(ref, d.Get(paid).Reference),
		"no reference":              rep(`,"metadata":"`+ref+`"`, ``),
		"reference as object":       rep(`"metadata":"`+ref+`"`, `"metadata":{"r":"`+ref+`"}`),
		"reference in capitals":     rep(ref, strings.ToUpper(ref)),
		"currency":                  rep(`"rub"`, `"usd"`),
		"empty currency":            rep(`"rub"`, `""`),
		"no session":                []byte(`{"type":"payment_finished"}`),
		"empty session":             rep(`"id":"`+bound+`"`, `"id":""`),
		"session null":              []byte(`{"type":"payment_finished","session":null}`),
		"no payouts":                rep(genuine[strings.Index(genuine, `,"payments"`):len(genuine)-2], ``),
		"payouts object":            rep(`"payments":[`, `"payments":{"x":[`),
		"two payouts":               rep(`}]}}`, `},`+genuine[strings.Index(genuine, `{"id":"po_1"`):strings.LastIndex(genuine, `]}}`)]+`]}}`),
		"v1 and v2":                 rep(`"payments":[`, `"payout_list":[],"payments":[`),
		"v1 and v2 inside":          rep(`"payment_method":`, `"payout_details":{},"payment_method":`),
		"doubled session":           rep(`"type":"payment_finished",`, `"type":"payment_finished","session":{"id":"ps_x"},`),
		"doubled amount":            rep(`"amount":`, `"amount":1,"amount":`),
		"case variant":              rep(`"amount":`, `"Amount":1,"amount":`),
		"type unknown":              rep(`payment_finished`, `payment_finnished`),
		"type missing":              rep(`"type":"payment_finished",`, ``),
		"type number":               rep(`"type":"payment_finished"`, `"type":7`),
		"type ready":                rep(`payment_finished`, `ready_to_confirm`),
		"type with NUL":             rep(`payment_finished`, `\u0000`),
		"type with lone surrogate":  rep(`payment_finished`, `\ud800`),
		"type endless":              rep(`payment_finished`, strings.Repeat("x", 200_000)),
		"session with control":      rep(`"id":"`+bound+`"`, `"id":"ps_\u0007"`),
		"session endless":           rep(`"id":"`+bound+`"`, `"id":"`+strings.Repeat("p", 100_000)+`"`),
		"session with surrogate":    rep(`"id":"`+bound+`"`, `"id":"ps_\udfff"`),
		"status with surrogate":     rep(`"accepted"`, `"acc\ud800"`),
		"error code with surrogate": rep(`"status":"accepted"`, `"status":"accepted","error":{"code":"\ud800"}`),
		"account":                   rep(d.Get(open).Content.Account, "40817810100000270411"),
		"bik":                       rep(d.Get(open).Content.BIK, "044525971"),
		"not json":                  []byte("payment_finished"),
		"empty":                     {},
		"null":                      []byte("null"),
		"array":                     []byte("[" + genuine + "]"),
		"tail":                      []byte(genuine + genuine),
		"byte order mark":           []byte("\xef\xbb\xbf" + genuine),
		"not utf-8":                 rep("Иванов", "\xff\xfe"),
		"deep":                      []byte(strings.Repeat(`{"session":`, 5000) + "1" + strings.Repeat("}", 5000)),
		"never asked: pending":      d.Message(pending, "ps_x1", "payment_finished", "accepted", "succeeded", now),
		"never asked: draft":        d.Message(draft, "ps_x2", "payment_finished", "accepted", "succeeded", now),
		"foreign session, bound":    d.Message(open, "ps_foreign", "payment_finished", "accepted", "succeeded", now),
		"foreign failed, bound":     d.Message(open, "ps_foreign2", "payment_finished", "accepted", "failed", now),
		"open of a paid one":        d.Message(paid, d.Get(paid).Session, "payment_finished", "in_progress", "in_progress", now.Add(time.Hour)),
		"session error only":        d.Message(open, bound, "payment_finished", "error", "failed", now),
		"odd words":                 d.Message(open, bound, "payment_finished", "accepted", "done", now),
		"no connection had":         d.Message(notSent, "ps_x3", "payment_finished", "accepted", "succeeded", now),
	}
	amount := fmt.Sprint(d.Get(open).Content.Amount.Minor)
	rnd := mrand.New(mrand.NewPCG(131, 3))
	for i, a := range []string{"0", "-1", "-" + amount, amount + ".0", amount + ".5", `"` + amount + `"`, "null", "1e9", "9223372036854775807", "9223372036854775808", "00" + amount, "true", "{}",
		amount + "e0", "1" + amount} {
		all[fmt.Sprintf("amount %d", i)] = rep(`"amount":`+amount, `"amount":`+a)
	}
	for i := range 600 {
		n := rnd.Int64N(2_000_000_00)
		if fmt.Sprint(n) != amount {
			all[fmt.Sprintf("another sum %d", i)] = rep(`"amount":`+amount, fmt.Sprintf(`"amount":%d`, n))
		}
		b := []byte(ref)
		if k := rnd.IntN(len(b)); b[k] != '7' {
			b[k] = '7'
			all[fmt.Sprintf("another reference %d", i)] = rep(ref, string(b))
		}
	}
	for i := 0; i < len(genuine)-1; i += 1 + len(genuine)/150 {
		all[fmt.Sprintf("cut at %d", i)] = []byte(genuine[:i])
	}
	if len(all) < 1000 {
		t.Fatalf("only %d", len(all))
	}
	n := 0
	for name, body := range all {
		if string(body) == genuine {
			t.Fatalf("%s is the genuine message", name)
		}
		must(t, d.App.StoreWebhook(ctx, body, "the bank's key"))
		if n++; n%50 != 0 && !strings.Contains(name, " of ") && !strings.Contains(name, "type") {
			continue
		}
		for { // a worker that stops at one message would stop all sending
			did, err := d.App.ApplyNext(ctx)
			if err != nil {
				t.Fatalf("%s: the worker stops: %v", name, err)
			}
			if !did {
				break
			}
		}
		if diff := same(before, stand(t, d)); diff != "" {
			t.Fatalf("%s: %s", name, diff)
		}
	}
	d.Apply()
	if diff := same(before, stand(t, d)); diff != "" {
		t.Fatal(diff)
	}
	alarms := 0
	for _, e := range d.Events()[started:] {
		switch e.Action {
		case "message.received", "message.applied":
		case "payout.alarm":
			alarms++
		default:
			t.Errorf("event %d: %s %s", e.Seq, e.Action, e.Payload)
		}
	}
	if alarms < 500 {
		t.Errorf("%d alarms", alarms)
	}
	counts, err := d.Store.InboxCounts(ctx)
	must(t, err)
	if counts.Moved > 5 { // those about paid and failed above, which were genuine
		t.Errorf("%d messages are listed as having moved something", counts.Moved)
	}
	if desk, err := d.App.Desk(ctx); err != nil || desk.Halt != nil {
		t.Errorf("a message stopped sending: %+v %v", desk.Halt, err)
	}
	// Every woken fetch asks the bank; what the bank itself says is the truth.
	d.Settle()
	if s := d.Get(open); s.State != payout.Succeeded || !s.Confirmed || s.Review {
		t.Errorf("after the storm: %s confirmed %v review %v", s.State, s.Confirmed, s.Review)
	}
	for _, id := range []payout.ID{draft, pending, paid, failed, lost} {
		if s := d.Get(id); s.State != before[id].State || s.Review {
			t.Errorf("after the storm payout %d is %s, review %v, was %s", s.Number, s.State, s.Review, before[id].State)
		}
	}
	matches(t, d, oracle(t, d))
	d.Verify()
	t.Logf("%d messages, %d alarms", len(all), alarms)
}

// TestSameMessageTwice: the same bytes again are one row with a count, also after they were applied, and after a restart; nothing happens a second time.
func TestSameMessageTwice(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(10_000_00)
	d.Send()
	body := d.Message(id, d.Get(id).Session, "payment_finished", "accepted", "succeeded", d.Clock.Now())
	for i := range 5 {
		must(t, d.App.StoreWebhook(t.Context(), body, "k"))
		d.Apply()
		if i == 2 {
			d.Restart()
		}
	}
	rows, err := d.Store.Inbox(t.Context(), app.InboxQuery{})
	must(t, err)
	if len(rows) != 1 || rows[0].Count != 5 || d.Get(id).State != payout.Succeeded {
		t.Errorf("%d rows, %+v", len(rows), rows)
	}
	n := 0
	for _, e := range d.Events() {
		if strings.HasPrefix(e.Action, "message.") {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d events of one message", n)
	}
	d.Verify()
}
