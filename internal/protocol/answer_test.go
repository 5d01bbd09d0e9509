package protocol

import (
	"encoding/json"
	"os"
	"testing"
)

// expected is the bank's documented payout, as approved.
var expected = Expect{Reference: "cs1-1042-abc", AmountMinor: 10000, Currency: "rub", BIK: "044525971", Account: "40817810100000270411",
	FullName: "Иванов Иван Иванович", Description: "Перевод средств"}

// payoutWith is one payout inside a session with our content.
func payoutWith(status string) PayoutView {
	return PayoutView{ID: "po_1", Status: status, AmountMinor: expected.AmountMinor, Currency: "RUB", Reference: expected.Reference,
		BIK: expected.BIK, Account: expected.Account}
}

func sessionWith(status string, payouts ...PayoutView) *SessionView {
	return &SessionView{ID: "ps_1", Status: status, Payouts: payouts}
}

func answer(http int, status, code string, s *SessionView) Answer {
	return Answer{GotConn: true, HTTP: http, JSON: true, Status: status, Code: code, Session: s}
}

// TestClassify walks the one table of answers, a row a case.
func TestClassify(t *testing.T) {
	ok := func(change func(*PayoutView)) Answer {
		p := payoutWith("in_progress")
		change(&p)
		return answer(200, "ok", "", sessionWith("in_progress", p))
	}
	same := func(*PayoutView) {}
	for name, c := range map[string]struct {
		a      Answer
		before bool
		kind   AnswerKind
		why    string
	}{
		"no connection":                      {a: Answer{}, kind: NotSent, why: "bank_down"},
		"no connection, stopped":             {a: Answer{Err: "cut"}, kind: NotSent, why: "bank_down"},
		"connection, then nothing in time":   {a: Answer{GotConn: true, Err: "timeout"}, kind: Unsure, why: "timeout"},
		"connection cut":                     {a: Answer{GotConn: true, Err: "cut"}, kind: Unsure, why: "cut"},
		"cut inside a good answer":           {a: Answer{GotConn: true, Err: "cut", HTTP: 200, JSON: true, Status: "ok", Session: sessionWith("in_progress", payoutWith("in_progress"))}, kind: Unsure, why: "cut"},
		"we died":                            {a: Answer{GotConn: true, Err: "lost"}, kind: Unsure, why: "lost"},
		"taken":                              {a: ok(same), kind: Taken},
		"taken, paid at once":                {a: answer(200, "ok", "", sessionWith("accepted", payoutWith("succeeded"))), kind: Taken},
		"taken, odd words":                   {a: answer(200, "ok", "", sessionWith("dancing", payoutWith("singing"))), kind: Taken},
		"taken, masked account":              {a: ok(func(p *PayoutView) { p.Account, p.BIK = "408178******0411", "" }), kind: Taken},
		"200 with another amount":            {a: ok(func(p *PayoutView) { p.AmountMinor = 10001 }), kind: Unsure, why: "other_amount"},
		"200 with another currency":          {a: ok(func(p *PayoutView) { p.Currency = "usd" }), kind: Unsure, why: "other_currency"},
		"200 with another account":           {a: ok(func(p *PayoutView) { p.Account = "40817810100000270412" }), kind: Unsure, why: "other_account"},
		"200 with another BIK":               {a: ok(func(p *PayoutView) { p.BIK = "044525974" }), kind: Unsure, why: "other_bik"},
		"200 with another reference":         {a: ok(func(p *PayoutView) { p.Reference = "cs1-7-x" }), kind: Unsure, why: "other_reference"},
		"200 without a payout":               {a: answer(200, "ok", "", sessionWith("created")), kind: Unsure, why: "other_reference"},
		"200 with two payouts":               {a: answer(200, "ok", "", sessionWith("in_progress", payoutWith("in_progress"), payoutWith("in_progress"))), kind: Unsure, why: "two_payouts"},
		"200 without a session id":           {a: answer(200, "ok", "", &SessionView{Payouts: []PayoutView{payoutWith("in_progress")}}), kind: Unsure, why: "other_content"},
		"200 without a session":              {a: answer(200, "ok", "", nil), kind: Unsure, why: "other_content"},
		"200 that says error":                {a: answer(200, "error", "invalid_request", nil), kind: Unsure, why: "other_content"},
		"200 that is not JSON":               {a: Answer{GotConn: true, HTTP: 200}, kind: Unsure, why: "other_content"},
		"201 as if taken":                    {a: answer(201, "ok", "", sessionWith("in_progress", payoutWith("in_progress"))), kind: Unsure, why: "http_201"},
		"307":                                {a: Answer{GotConn: true, HTTP: 307}, kind: Unsure, why: "http_307"},
		"400 not JSON":                       {a: Answer{GotConn: true, HTTP: 400}, kind: Unsure, why: "http_400"},
		"400 refusal":                        {a: answer(400, "error", "invalid_request", nil), kind: Refused, why: "invalid_request"},
		"422 refusal":                        {a: answer(422, "error", "account_not_found", nil), kind: Refused, why: "account_not_found"},
		"400 refusal with a session":         {a: answer(400, "error", "invalid_request", &SessionView{}), kind: Unsure, why: "invalid_request"},
		"400 refusal that says ok":           {a: answer(400, "ok", "invalid_request", nil), kind: Unsure, why: "invalid_request"},
		"400 without a code":                 {a: answer(400, "error", "", nil), kind: Unsure, why: "http_400"},
		"400 unlisted code":                  {a: answer(400, "error", "brand_new_code", nil), kind: Unsure, why: "brand_new_code"},
		"500 with a refusal's code":          {a: answer(500, "error", "invalid_request", nil), kind: Unsure, why: "invalid_request"},
		"502 HTML":                           {a: Answer{GotConn: true, HTTP: 502}, kind: Unsure, why: "http_502"},
		"401 credentials":                    {a: answer(401, "error", "authentication_error", nil), kind: CredentialNo, why: "authentication_error"},
		"401 credentials, the second time":   {a: answer(401, "error", "authentication_error", nil), before: true, kind: Refused, why: "authentication_error"},
		"400 credentials with a session":     {a: answer(400, "error", "authorization_error", &SessionView{ID: "ps_1"}), kind: Unsure, why: "authorization_error"},
		"500 credentials":                    {a: answer(500, "error", "identification_error", nil), kind: Unsure, why: "identification_error"},
		"401 not JSON":                       {a: Answer{GotConn: true, HTTP: 401}, kind: Unsure, why: "http_401"},
		"credentials without any connection": {a: Answer{HTTP: 401, JSON: true, Status: "error", Code: "authentication_error"}, kind: NotSent, why: "bank_down"},
	} {
		t.Run(name, func(t *testing.T) {
			kind, why := Classify(c.a, expected, c.before)
			if kind != c.kind || why != c.why {
				t.Errorf("got %s %q, want %s %q", kind, why, c.kind, c.why)
			}
		})
	}
}

// TestClassifyEveryCode: a 4xx JSON error without a session, once for every code that the bank is known to have. What is not named
// here as a proof is unknown.
func TestClassifyEveryCode(t *testing.T) {
	proof := map[string]AnswerKind{
		"invalid_request": Refused, "account_not_found": Refused, "amount_less_allowed_provider": Refused,
		"provider_exceeds_amount_limit": Refused, "operation_rejected": Refused, "insufficient_wallet_balance": Refused,
		"authentication_error": CredentialNo, "authorization_error": CredentialNo, "identification_error": CredentialNo,
	}
	text, err := os.ReadFile("testdata/error-codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Codes []struct{ Code string } }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Codes) < 36 {
		t.Fatalf("only %d codes", len(file.Codes))
	}
	seen := map[string]bool{}
	for _, c := range file.Codes {
		seen[c.Code] = true
		for _, http := range []int{400, 401, 403, 404, 409, 422, 429} {
			want := proof[c.Code]
			if want == "" {
				want = Unsure
			}
			if kind, why := Classify(answer(http, "error", c.Code, nil), expected, false); kind != want || why != c.Code {
				t.Errorf("%d %s: got %s %q, want %s", http, c.Code, kind, why, want)
			}
		}
		for _, http := range []int{200, 302, 500, 503} {
			if kind, _ := Classify(answer(http, "error", c.Code, nil), expected, false); kind != Unsure {
				t.Errorf("%d %s: got %s, want unsure", http, c.Code, kind)
			}
		}
	}
	for code := range proof {
		if !seen[code] {
			t.Errorf("%s is a proof here but no code of the bank's", code)
		}
	}
}

// TestRead walks the table "One session object reads as": every pair of known and unknown words, in both flows.
func TestRead(t *testing.T) {
	listed := map[string]Reading{
		"accepted/succeeded": Paid, "cancelled/failed": NotPaid, "accepted/failed": NotPaid,
	}
	for _, s := range []string{"created", "in_progress"} {
		for _, p := range []string{"-", "in_progress", "pending", "succeeded", "failed"} {
			listed[s+"/"+p] = Open
		}
	}
	for _, s := range []string{"created", "in_progress", "accepted", "cancelled", "error", "dancing", ""} {
		for _, p := range []string{"-", "in_progress", "pending", "succeeded", "failed", "singing", ""} {
			for _, stepwise := range []bool{false, true} {
				want, ok := listed[s+"/"+p]
				switch {
				case s == "error":
					want = Doubtful
				case s == "cancelled" && p == "-" && stepwise:
					want = NotPaid
				case !ok:
					want = DoubtfulFlag
				}
				view := SessionView{ID: "ps_1", Status: s}
				if p != "-" {
					view.Payouts = []PayoutView{payoutWith(p)}
				}
				if got, why := Read(view, stepwise); got != want {
					t.Errorf("%s/%s stepwise=%v: got %s (%s), want %s", s, p, stepwise, got, why, want)
				} else if got != Open && got != Paid && why == "" {
					t.Errorf("%s/%s: no reason given", s, p)
				}
			}
			two := SessionView{ID: "ps_1", Status: s, Payouts: []PayoutView{payoutWith(p), payoutWith(p)}}
			if got, why := Read(two, false); got != DoubtfulFlag || why != "two_payouts" {
				t.Errorf("two payouts, %s/%s: got %s %s", s, p, got, why)
			}
		}
	}
}

// TestMatches: amount and currency must be equal, account data only when it is really there.
func TestMatches(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*PayoutView)
		code   string
	}{
		"same":                 {func(*PayoutView) {}, ""},
		"currency in any case": {func(p *PayoutView) { p.Currency = "Rub" }, ""},
		"nothing sent back":    {func(p *PayoutView) { p.Account, p.BIK = "", "" }, ""},
		"masked":               {func(p *PayoutView) { p.Account, p.BIK = "40817***********0411", "0445*****" }, ""},
		"name and purpose":     {func(p *PayoutView) { p.FullName, p.Description = "X", "Y" }, ""},
		"amount":               {func(p *PayoutView) { p.AmountMinor++ }, "amount"},
		"currency":             {func(p *PayoutView) { p.Currency = "" }, "currency"},
		"account":              {func(p *PayoutView) { p.Account = "40817810100000270412" }, "account"},
		"bik":                  {func(p *PayoutView) { p.BIK = "044525975" }, "bik"},
	} {
		t.Run(name, func(t *testing.T) {
			p := payoutWith("in_progress")
			c.change(&p)
			if ok, code := expected.Matches(p); code != c.code || ok != (c.code == "") {
				t.Errorf("got %v %q, want %q", ok, code, c.code)
			}
		})
	}
}
