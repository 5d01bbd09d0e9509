package bank131

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/internal/protocol"
)

// TestWebhookFixtures: the bank's documented messages, v1 and v2, and what they read as.
func TestWebhookFixtures(t *testing.T) {
	for file, c := range map[string]struct {
		kind      string
		reading   protocol.Reading
		reference string
		code      string
	}{
		"hook-payment-finished-succeeded.json":            {"payment_finished", protocol.Paid, "good", ""},
		"hook-payment-finished-failed.json":               {"payment_finished", protocol.NotPaid, "good", "account_not_found"},
		"hook-payment-finished-failed-session-error.json": {"payment_finished", protocol.Doubtful, "good", "provider_timeout"},
		"hook-payment-finished-v2.json":                   {"payment_finished", protocol.Paid, "", ""}, // metadata is an object there
		"hook-payment-refunded.json":                      {"payment_refunded", protocol.Paid, "good", ""},
		"hook-ready-to-confirm.json":                      {"ready_to_confirm", protocol.Open, "good", ""},
		"hook-ready-to-confirm-card.json":                 {"ready_to_confirm", protocol.Open, "good", ""},
		"hook-unknown-type.json":                          {"confirmation_payout", protocol.Paid, "good", ""},
	} {
		t.Run(file, func(t *testing.T) {
			w := ParseWebhook(fixture(t, file))
			if w.Problem != "" || w.Type != c.kind || w.Session.ID != "ps_3230" || w.Session.Reference() != c.reference {
				t.Fatalf("%+v", w)
			}
			if got, why := protocol.Read(w.Session, false); got != c.reading || why != c.code {
				t.Errorf("reads %s %q, want %s %q", got, why, c.reading, c.code)
			}
			if len(w.Session.Payouts) != 1 {
				t.Fatalf("%d payouts", len(w.Session.Payouts))
			}
			if want := time.Date(2025, 5, 27, 2, 3, 0, 0, time.UTC); !w.Session.UpdatedAt.Equal(want) {
				t.Errorf("updated %s", w.Session.UpdatedAt)
			}
			p := w.Session.Payouts[0]
			if strings.Contains(file, "card") {
				if p.Account != "" || p.AmountMinor != 800000 || w.Session.NextAction != "confirm" {
					t.Errorf("%+v", p)
				}
				return
			}
			if ok, what := documented().Matches(p); !ok || p.BIK != "044525971" || p.Account != "40817810100000270411" || p.FullName != "Иванов Иван Иванович" {
				t.Errorf("%s differs: %+v", what, p)
			}
		})
	}
	w := ParseWebhook(fixture(t, "hook-payment-refunded.json"))
	if r := w.Session.Payouts[0].Refunds; len(r) != 1 || r[0] != (protocol.Refund{ID: "rf_203", Status: "accepted", AmountMinor: 10000, Currency: "rub"}) {
		t.Errorf("refunds %+v", r)
	}
}

// TestAnswerFixtures: the documented answers, through the table of answers and of readings.
func TestAnswerFixtures(t *testing.T) {
	e := documented()
	e.Reference = "good"
	classify := func(file string, http int) (protocol.AnswerKind, string) {
		a := ParseAnswer(fixture(t, file))
		a.GotConn, a.HTTP = true, http
		return protocol.Classify(a, e, false)
	}
	for _, c := range []struct {
		file string
		http int
		kind protocol.AnswerKind
		why  string
	}{
		{"resp-init-payout-bank-account.json", 200, protocol.Taken, ""},
		{"resp-session-status-succeeded-v2.json", 200, protocol.Taken, ""},
		{"resp-session-create.json", 200, protocol.Unsure, "other_reference"},
		{"resp-error-invalid-request.json", 400, protocol.Refused, "invalid_request"},
		{"resp-error-authentication.json", 401, protocol.CredentialNo, "authentication_error"},
		{"resp-error-idempotency-key-exists.json", 400, protocol.Unsure, "idempotency_key_already_exists"},
		{"resp-wallet-balance.json", 200, protocol.Unsure, "other_content"},
	} {
		if kind, why := classify(c.file, c.http); kind != c.kind || why != c.why {
			t.Errorf("%s: %s %q, want %s %q", c.file, kind, why, c.kind, c.why)
		}
	}
	for file, want := range map[string]protocol.Reading{
		"resp-session-status-pending-confirm.json": protocol.Open, "resp-session-status-session-error.json": protocol.Doubtful,
		"resp-session-status-succeeded-v2.json": protocol.Paid, "resp-session-create.json": protocol.Open,
	} {
		f := ParseFetch("ps_3230", 200, fixture(t, file))
		if got, _ := protocol.Read(f.Session, false); f.Problem != "" || got != want {
			t.Errorf("%s: %s %+v, want %s", file, got, f, want)
		}
	}
	if b := parseBalance(200, fixture(t, "resp-wallet-balance.json")); b != (protocol.Balance{Proper: true, Known: true, Minor: 13100}) {
		t.Errorf("balance %+v", b)
	}
	// A proper answer without a rouble account tells nothing about roubles: not known is not nothing.
	for _, body := range []string{`{"status":"ok","wallets":[]}`, `{"status":"ok","wallets":[{"id":"1","amount_details":{"amount":5,"currency":"usd"}}]}`} {
		if b := parseBalance(200, []byte(body)); b != (protocol.Balance{Proper: true}) {
			t.Errorf("%s: %+v", body, b)
		}
	}
}

// TestEveryCodeOverTheWire: each code of the bank's list as a 4xx body, through parser and table. protocol tests the table itself.
func TestEveryCodeOverTheWire(t *testing.T) {
	var file struct{ Codes []struct{ Code string } }
	if err := json.Unmarshal(fixture(t, "error-codes.json"), &file); err != nil {
		t.Fatal(err)
	}
	count := map[protocol.AnswerKind]int{}
	for _, c := range file.Codes {
		body, err := json.Marshal(map[string]any{"status": "error", "error": map[string]any{"code": c.Code, "description": "d", "reject_reasons": []any{}}})
		if err != nil {
			t.Fatal(err)
		}
		a := ParseAnswer(body)
		if !a.JSON || a.Status != "error" || a.Code != c.Code || a.Session != nil {
			t.Fatalf("%s: %+v", c.Code, a)
		}
		a.GotConn, a.HTTP = true, 400
		kind, _ := protocol.Classify(a, documented(), false)
		count[kind]++
	}
	if count[protocol.Refused] != 6 || count[protocol.CredentialNo] != 3 || count[protocol.Unsure] != len(file.Codes)-9 {
		t.Errorf("%v", count)
	}
}

const hookText = `{"type":"payment_finished","session":{"id":"ps_1","status":"accepted","updated_at":"2025-05-27T02:03:00.000000Z","payments":[` +
	`{"id":"po_1","status":"succeeded","payment_method":{"type":"bank_account","bank_account":{"system_type":"ru","ru":{"bik":"044525971","account":"40817810100000270411"}}},` +
	`"amount_details":{"amount":10000,"currency":"rub"},"metadata":"cs1-1-a"}]}}`

// TestWebhookProblems: what a genuine message may be that cannot be used, and what must pass.
func TestWebhookProblems(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(hookText, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(hookText, old, new, 1)
	}
	deep := strings.Repeat("[", 70) + strings.Repeat("]", 70)
	for name, c := range map[string]struct{ body, problem string }{
		"as it should be":              {hookText, ""},
		"space around":                 {" \r\n" + hookText + "\n\t", ""},
		"unknown fields":               {change(`"id":"po_1"`, `"new":{"a":[1,2.5e3,null,true]},"id":"po_1"`), ""},
		"nulls":                        {change(`"id":"po_1"`, `"error":null,"refunds":null,"id":"po_1"`), ""},
		"empty list of the other kind": {change(`"payments"`, `"acquiring_payments":[],"payments"`), ""},
		"error as a list, as PHP does": {change(`"id":"po_1"`, `"error":[],"id":"po_1"`), ""},
		"unknown words":                {change(`"accepted"`, `"dancing"`), ""},
		"unknown type":                 {change(`payment_finished`, `brand_new`), ""},
		"bic":                          {change(`"bik"`, `"bic"`), ""},
		"escaped":                      {change(`"accepted"`, `"\u0061ccepted"`), ""},
		"empty":                        {``, NotJSON},
		"not JSON":                     {`<html>`, NotJSON},
		"form":                         {`type=payment_finished`, NotJSON},
		"cut":                          {hookText[:len(hookText)-1], NotJSON},
		"something behind":             {hookText + hookText, NotJSON},
		"not UTF-8":                    {change(`"po_1"`, "\"po_\xff\""), NotJSON},
		"half a surrogate":             {change(`"po_1"`, `"\ud800"`), NotJSON},
		"NUL":                          {change(`"po_1"`, "\"po\x00\""), NotJSON},
		"byte order mark":              {"\ufeff" + hookText, NotJSON},
		"single quotes":                {strings.ReplaceAll(hookText, `"`, `'`), NotJSON},
		"comma at the end":             {change(`"cs1-1-a"}`, `"cs1-1-a",}`), NotJSON},
		"number with a zero before":    {change(`:10000`, `:010000`), NotJSON},
		"too deep":                     {change(`"id":"po_1"`, `"x":`+deep+`,"id":"po_1"`), NotJSON},
		"amount twice":                 {change(`"amount":10000`, `"amount":1,"amount":10000`), DoubledKey},
		"amount twice but for case":    {change(`"amount":10000`, `"amount":100,"AMOUNT":999999`), DoubledKey},
		"twice in a field we ignore":   {change(`"id":"po_1"`, `"x":{"a":1,"a":1},"id":"po_1"`), DoubledKey},
		"twice by escape":              {change(`"status":"accepted"`, `"status":"accepted","st\u0061tus":"error"`), DoubledKey},
		"twice by the sign of Kelvin":  {change(`"id":"po_1"`, `"bik":1,"bi\u212a":2,"id":"po_1"`), DoubledKey},
		"session twice":                {change(`"session"`, `"session":{},"session"`), DoubledKey},
		"both lists":                   {change(`"payments"`, `"payout_list":[],"payments"`), MixedNames},
		"v1 list, v2 payout":           {change(`"payment_method"`, `"payout_details"`), MixedNames},
		"v2 list, v1 payout":           {change(`"payments"`, `"payout_list"`), MixedNames},
		"both methods":                 {change(`"payment_method"`, `"payout_details":{},"payment_method"`), MixedNames},
		"v1 list, v2 incoming":         {change(`"payments"`, `"payment_list":[],"payments"`), MixedNames},
		"no session":                   {`{"type":"nominal_topup"}`, NoSession},
		"session null":                 {`{"type":"payment_finished","session":null}`, NoSession},
		"session without an id":        {change(`"id":"ps_1",`, ``), NoSession},
		"a list":                       {`[` + hookText + `]`, OddShape},
		"a string":                     {`"hello"`, OddShape},
		"no type":                      {change(`"type":"payment_finished",`, ``), OddShape},
		"type a number":                {change(`"payment_finished"`, `1`), OddShape},
		"session a string":             {`{"type":"payment_finished","session":"ps_1"}`, OddShape},
		"session id a number":          {change(`"ps_1"`, `1`), OddShape},
		"session id with a line end":   {change(`"ps_1"`, `"ps_1\n"`), OddShape},
		"session id without end":       {change(`"ps_1"`, `"`+strings.Repeat("p", 300)+`"`), OddShape},
		"status a number":              {change(`"accepted"`, `1`), OddShape},
		"payments an object":           {`{"type":"payment_finished","session":{"id":"ps_1","payments":{}}}`, OddShape},
		"payout a string":              {change(`"payments":[`, `"payments":["x",`), OddShape},
		"amount a string":              {change(`:10000`, `:"10000"`), OddShape},
		"amount with a point":          {change(`:10000`, `:10000.0`), OddShape},
		"amount with an exponent":      {change(`:10000`, `:1e4`), OddShape},
		"amount beyond int64":          {change(`:10000`, `:9223372036854775808`), OddShape},
		"amount below zero":            {change(`:10000`, `:-1`), OddShape},
		"amount minus zero":            {change(`:10000`, `:-0`), OddShape},
		"amount missing":               {change(`"amount":10000,`, ``), OddShape},
		"amount only in another case":  {change(`"amount":10000`, `"Amount":10000`), OddShape},
		"amounts missing":              {change(`"amount_details":{"amount":10000,"currency":"rub"},`, ``), OddShape},
		"currency a number":            {change(`"rub"`, `643`), OddShape},
		"account a number":             {change(`"40817810100000270411"`, `40817810100000270411`), OddShape},
		"bik and bic that differ":      {change(`"bik"`, `"bic":"044525974","bik"`), OddShape},
		"refunds an object":            {change(`"id":"po_1"`, `"refunds":{},"id":"po_1"`), OddShape},
		"refund without an amount":     {change(`"id":"po_1"`, `"refunds":[{"id":"rf_1","status":"accepted"}],"id":"po_1"`), OddShape},
	} {
		t.Run(name, func(t *testing.T) {
			w := ParseWebhook([]byte(c.body))
			if w.Problem != c.problem {
				t.Fatalf("problem %q, want %q\n%s", w.Problem, c.problem, c.body)
			}
			if w.Problem == "" && (w.Session.ID != "ps_1" || w.Session.Reference() != "cs1-1-a" || w.Session.Payouts[0].BIK != "044525971") {
				t.Errorf("%+v", w)
			}
			for _, p := range w.Session.Payouts {
				if w.Problem != "" && (p.Status != "" || p.AmountMinor != 0) {
					t.Errorf("something usable of an unusable message: %+v", w)
				}
			}
		})
	}
	t.Run("metadata that is no string", func(t *testing.T) {
		for _, m := range []string{`{"a":"cs1-1-a"}`, `["cs1-1-a"]`, `1`, `true`, `null`, `""`} {
			w := ParseWebhook([]byte(change(`"cs1-1-a"`, m)))
			if w.Problem != "" || w.Session.Reference() != "" {
				t.Errorf("%s: %+v", m, w)
			}
		}
	})
	t.Run("unusable, yet its payout can be told", func(t *testing.T) {
		for _, body := range []string{change(`"amount":10000`, `"amount":1,"amount":2`), change(`"payments"`, `"payout_list"`), change(`:10000`, `:1.5`)} {
			w := ParseWebhook([]byte(body))
			if w.Problem == "" || w.Session.Reference() != "cs1-1-a" || w.Session.ID != "ps_1" {
				t.Errorf("%+v", w)
			}
		}
	})
	t.Run("v2 throughout", func(t *testing.T) {
		v2 := strings.NewReplacer(`"payments"`, `"payout_list"`, `"payment_method"`, `"payout_details"`).Replace(hookText)
		one, two := ParseWebhook([]byte(hookText)), ParseWebhook([]byte(v2))
		if two.Problem != "" || one.Session.Payouts[0].Account != two.Session.Payouts[0].Account || two.Session.Reference() != "cs1-1-a" {
			t.Errorf("%+v", two)
		}
	})
}

// TestFetchProblems: which answers to a status call show a session, which disown it, and which say nothing.
func TestFetchProblems(t *testing.T) {
	good := `{"status":"ok","session":{"id":"ps_1","status":"created"}}`
	no := func(code string) string { return `{"status":"error","error":{"code":"` + code + `"}}` }
	for name, c := range map[string]struct {
		http    int
		body    string
		problem string
	}{
		"a session":                   {200, good, ""},
		"a session, says error":       {200, strings.Replace(good, "ok", "error", 1), "down"},
		"a session under 500":         {500, good, "down"},
		"a session under 404":         {404, good, "down"},
		"odd":                         {200, `{"status":"ok","session":{"id":"ps_1","payments":[1]}}`, "odd"},
		"no session":                  {200, `{"status":"ok"}`, "down"},
		"not JSON":                    {200, `<html>`, "down"},
		"doubled":                     {200, `{"status":"ok","status":"ok","session":{"id":"ps_1"}}`, "down"},
		"refused":                     {400, no("invalid_request"), "refused"},
		"not found":                   {404, no("session_not_found"), "refused"},
		"credentials":                 {401, no("authentication_error"), "credentials"},
		"credentials under 400":       {400, no("authorization_error"), "credentials"},
		"401 for some other reason":   {401, no("invalid_request"), "down"},
		"a fault at the bank":         {400, no("internal_error"), "down"},
		"a fault at the provider":     {400, no("provider_internal_error"), "down"},
		"a time-out there":            {400, no("provider_timeout"), "down"},
		"unavailable":                 {400, no("provider_issuer_unavailable"), "down"},
		"no code":                     {400, `{"status":"error"}`, "down"},
		"400 not JSON":                {400, `Bad Request`, "down"},
		"too many":                    {429, no("invalid_request"), "slow"},
		"too many, not JSON":          {429, `slow down`, "slow"},
		"500 with a code":             {500, no("invalid_request"), "down"},
		"302":                         {302, ``, "down"},
		"an error that has a session": {400, `{"status":"error","error":{"code":"invalid_request"},"session":{"id":"ps_1"}}`, "down"},
	} {
		t.Run(name, func(t *testing.T) {
			f := ParseFetch("ps_1", c.http, []byte(c.body))
			if f.Problem != c.problem || f.Asked != "ps_1" || (f.Session.ID != "") != (c.problem == "") {
				t.Errorf("%+v, want %q", f, c.problem)
			}
		})
	}
}

// TestAnswerOddSession: a session that cannot be read proves nothing, but its id is kept to be asked about.
func TestAnswerOddSession(t *testing.T) {
	for _, c := range []struct{ session, id, why string }{
		{`{"id":"ps_1","payments":[1]}`, "ps_1", OddShape},
		{`{"id":"ps_1","payments":[],"payout_list":[]}`, "ps_1", MixedNames},
		{`{"id":7}`, "", OddShape},
		{`[]`, "", OddShape},
		{`"ps_1"`, "", OddShape},
		{`{}`, "", NoSession},
	} {
		for _, status := range []string{"ok", "error"} {
			http := map[string]int{"ok": 200, "error": 400}[status]
			a := ParseAnswer([]byte(`{"status":"` + status + `","error":{"code":"invalid_request"},"session":` + c.session + `}`))
			a.GotConn, a.HTTP = true, http
			kind, why := protocol.Classify(a, documented(), false)
			if kind != protocol.Unsure || why != c.why || a.Session == nil || a.Session.ID != c.id {
				t.Errorf("%s %s: %s %s %+v", status, c.session, kind, why, a)
			}
		}
	}
	if a := ParseAnswer([]byte(`{"status":"error","error":{"code":"invalid_request"},"session":null}`)); a.Session != nil {
		t.Error("null is no session")
	}
}

func TestDescribe(t *testing.T) {
	long := strings.Repeat("ж", 600)
	for body, want := range map[string]string{
		`{"error":{"description":"text"}}`:         "text",
		`{"error":{"description":1}}`:              "",
		`{"error":[]}`:                             "",
		`<html>`:                                   "",
		`{"error":{"description":"` + long + `"}}`: long[:1000],
	} {
		if got := describe([]byte(body)); got != want {
			t.Errorf("%.40s: %q", body, got)
		}
	}
}

func seeds(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		var c bytes.Buffer
		if json.Compact(&c, b) == nil {
			f.Add(c.Bytes())
		}
	}
	for _, s := range []string{``, `null`, `[]`, `{"a":"\ud83d\ude00"}`, `{"":{"":[]}}`, `-0`, `1e+9`, hookText, `{"session":{"session":{}}}`} {
		f.Add([]byte(s))
	}
}

// FuzzParse: our reader never panics and never accepts what encoding/json refuses; where it accepts without a doubled key, both see
// the same value.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		n, doubled, err := parse(b)
		if err != nil {
			return
		}
		if !json.Valid(b) {
			t.Fatalf("accepted %q", b)
		}
		if doubled {
			return
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		same(t, n, want)
	})
}

func same(t *testing.T, n node, want any) {
	t.Helper()
	ok := false
	switch w := want.(type) {
	case nil:
		ok = n.kind == null
	case bool:
		ok = n.kind == boolean && (n.text == "true") == w
	case json.Number:
		ok = n.kind == number && n.text == string(w)
	case string:
		ok = n.kind == text && n.text == w
	case []any:
		if ok = n.kind == list && len(n.vals) == len(w); ok {
			for i := range w {
				same(t, n.vals[i], w[i])
			}
		}
	case map[string]any:
		if ok = n.kind == object && len(n.keys) == len(w); ok {
			for i, k := range n.keys {
				v, there := w[k]
				if !there {
					t.Fatalf("key %q", k)
				}
				same(t, n.vals[i], v)
			}
		}
	}
	if !ok {
		t.Fatalf("%+v is not %#v", n, want)
	}
}

// FuzzMessages: whatever comes, every reader ends without a panic, and a message that can be used has an id and whole amounts.
func FuzzMessages(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		w := ParseWebhook(b)
		if w.Problem == "" {
			if w.Session.ID == "" || w.Type == "" {
				t.Fatalf("%+v", w)
			}
			for _, p := range w.Session.Payouts {
				if p.AmountMinor < 0 || p.Currency == "" {
					t.Fatalf("%+v", p)
				}
			}
		}
		for _, http := range []int{0, 200, 307, 400, 401, 429, 500} {
			a := ParseAnswer(b)
			a.GotConn, a.HTTP = true, http
			if kind, _ := protocol.Classify(a, documented(), false); kind == protocol.Taken && a.Session.ID == "" {
				t.Fatal("taken without a session")
			}
			if f := ParseFetch("ps_1", http, b); (f.Session.ID != "") != (f.Problem == "") {
				t.Fatalf("%+v", f)
			}
			parseBalance(http, b)
		}
		describe(b)
		if e, err := DecodePayout(b); err == nil {
			back, err := EncodePayout(e)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := DecodePayout(back); err != nil || again != e {
				t.Fatalf("%+v %v", again, err)
			}
		}
	})
}
