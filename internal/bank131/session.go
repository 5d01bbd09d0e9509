package bank131

import (
	"strings"
	"time"
	"unicode/utf8"

	"countersign/internal/protocol"
)

// Problems of a message whose signature holds but whose body cannot be used.
const (
	NotJSON    = "not_json"    // not JSON, not UTF-8, or nested too deep
	DoubledKey = "doubled_key" // a key twice in one object, or twice but for case
	MixedNames = "mixed_names" // names of v1 and of v2 in one message
	NoSession  = "no_session"  // JSON without a session
	OddShape   = "odd_shape"   // a field of another type than documented, an amount that is not a whole number
)

// maxID is the longest id, status or code that is believed to be one.
const maxID = 200

// ParseWebhook reads the body of a genuine message. With a Problem, Session holds at most the id and the references that could be told,
// so that the message can be shown beside its payout; nothing else of it may be used.
func ParseWebhook(body []byte) protocol.Webhook {
	n, doubled, err := parse(body)
	switch {
	case err != nil:
		return protocol.Webhook{Problem: NotJSON}
	case doubled:
		return protocol.Webhook{Problem: DoubledKey, Session: marks(n)}
	case n.kind != object:
		return protocol.Webhook{Problem: OddShape}
	}
	w := protocol.Webhook{}
	kind, ok := n.str("type")
	if ok && len(kind) <= maxID {
		w.Type = kind
	}
	s, there := n.get("session")
	switch {
	case !there:
		w.Problem, w.Session = NoSession, marks(n)
		return w
	case w.Type == "":
		w.Problem, w.Session = OddShape, marks(n)
		return w
	}
	w.Session, w.Problem = parseSession(s)
	if w.Problem != "" {
		w.Session = marks(n)
	}
	return w
}

// ParseAnswer reads the body of an answer to our writing call, whatever its HTTP status. A session that is there but cannot be
// read leaves its problem in Err, so that the answer proves nothing, and at most its id.
func ParseAnswer(body []byte) protocol.Answer {
	n, doubled, err := parse(body)
	if err != nil || doubled || n.kind != object {
		return protocol.Answer{}
	}
	a := protocol.Answer{JSON: true, Code: errorCode(n)}
	a.Status, _ = n.str("status")
	if s, there := n.get("session"); there {
		view, problem := parseSession(s)
		if problem != "" {
			view, a.Err = protocol.SessionView{ID: view.ID}, problem
		}
		a.Session = &view
	}
	return a
}

// faultAtBank are the codes of a status call that say more of the bank than of the session.
func faultAtBank(code string) bool {
	return code == "" || strings.HasSuffix(code, "internal_error") || strings.Contains(code, "timeout") ||
		strings.Contains(code, "unavailable") || code == "idempotency_key_already_exists"
}

// ParseFetch reads the answer to a status call about the session asked. Problem, beside those that protocol.Fetch names, is "slow" for
// HTTP 429 and "odd" (the problem in Code) when the session in it cannot be read; none of these moves anything.
func ParseFetch(asked string, http int, body []byte) protocol.Fetch {
	f := protocol.Fetch{Asked: asked}
	a := ParseAnswer(body)
	f.Code = a.Code
	switch {
	case http == 429:
		f.Problem = "slow"
	case http == 200 && a.JSON && a.Status == "ok" && a.Session != nil && a.Err == "":
		f.Session, f.Code = *a.Session, ""
	case http == 200 && a.Session != nil && a.Err != "":
		f.Problem, f.Code = "odd", a.Err
	case http < 400 || http >= 500 || !a.JSON || a.Status != "error" || a.Session != nil:
		f.Problem = "down"
	case protocol.CredentialCode(a.Code):
		f.Problem = "credentials"
	case faultAtBank(a.Code) || http != 400 && http != 403 && http != 404:
		f.Problem = "down"
	default:
		f.Problem = "refused"
	}
	return f
}

// parseBalance reads the answer of wallet/balance: the first rouble wallet.
func parseBalance(http int, text []byte) (b protocol.Balance) {
	n, doubled, err := parse(text)
	if err != nil || doubled || http != 200 {
		return protocol.Balance{}
	}
	status, _ := n.str("status")
	wallets, there := n.get("wallets")
	if status != "ok" || !there || wallets.kind != list {
		return protocol.Balance{}
	}
	for _, w := range wallets.vals {
		sum, currency, ok := amount(w)
		if !ok {
			return protocol.Balance{}
		}
		if !b.Known && strings.EqualFold(currency, "rub") {
			b.Known, b.Minor = true, sum
		}
	}
	b.Proper = true
	return b
}

func errorCode(n node) string {
	e, _ := n.get("error")
	code, ok := e.str("code")
	if !ok || len(code) > maxID {
		return ""
	}
	return code
}

// describe returns error.description of an answer for people, at most 500 characters.
func describe(body []byte) string {
	n, _, err := parse(body)
	if err != nil {
		return ""
	}
	e, _ := n.get("error")
	s, ok := e.str("description")
	if !ok {
		return ""
	}
	if utf8.RuneCountInString(s) > 500 {
		s = string([]rune(s)[:500])
	}
	return s
}

// The names of v1 and of v2 for the same things. A message uses one set.
var (
	v1Names = []string{"payments", "acquiring_payments", "payment_method"}
	v2Names = []string{"payout_list", "payment_list", "payout_details"}
)

func has(n node, names []string) bool {
	for _, k := range names {
		if _, there := n.get(k); there {
			return true
		}
	}
	return false
}

// parseSession reads a session object in v1 or v2 names. Unknown fields pass; known ones must have their documented type.
func parseSession(n node) (s protocol.SessionView, problem string) {
	if n.kind != object {
		return s, OddShape
	}
	var ok [4]bool
	s.ID, ok[0] = n.str("id")
	s.Status, ok[1] = n.str("status")
	s.NextAction, ok[2] = n.str("next_action")
	updated, good := n.str("updated_at")
	ok[3] = good
	if !ok[0] || len(s.ID) > maxID || !printable(s.ID) {
		return protocol.SessionView{}, OddShape
	}
	if s.ID == "" {
		return protocol.SessionView{}, NoSession
	}
	if ok != [4]bool{true, true, true, true} || len(s.Status) > maxID {
		return s, OddShape
	}
	s.ErrorCode = errorCode(n)
	if at, err := time.Parse(time.RFC3339Nano, updated); err == nil {
		s.UpdatedAt = at.UTC()
	}
	v1, v2 := has(n, v1Names), has(n, v2Names)
	for _, key := range []string{"payments", "payout_list"} {
		payouts, there := n.get(key)
		if !there {
			continue
		}
		if payouts.kind != list {
			return s, OddShape
		}
		for _, p := range payouts.vals {
			v1, v2 = v1 || has(p, v1Names), v2 || has(p, v2Names)
			view, ok := parsePayout(p)
			if !ok {
				return s, OddShape
			}
			s.Payouts = append(s.Payouts, view)
		}
	}
	if v1 && v2 {
		return s, MixedNames
	}
	return s, ""
}

func parsePayout(n node) (p protocol.PayoutView, ok bool) {
	if n.kind != object {
		return p, false
	}
	var good [2]bool
	p.ID, good[0] = n.str("id")
	p.Status, good[1] = n.str("status")
	if !good[0] || !good[1] || len(p.ID) > maxID || len(p.Status) > maxID {
		return p, false
	}
	if p.AmountMinor, p.Currency, ok = amount(n); !ok {
		return p, false
	}
	p.ErrorCode = errorCode(n)
	p.Reference = reference(n)
	method, there := n.get("payment_method")
	if !there {
		method, there = n.get("payout_details")
	}
	if there {
		if method.kind != object {
			return p, false
		}
		account, _ := method.get("bank_account")
		ru, _ := account.get("ru")
		bik, ok1 := ru.str("bik")
		bic, ok2 := ru.str("bic")
		if p.BIK = bik; bik == "" {
			p.BIK = bic
		}
		var ok3, ok4, ok5 bool
		p.Account, ok3 = ru.str("account")
		p.FullName, ok4 = ru.str("full_name")
		p.Description, ok5 = ru.str("description")
		if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || bik != "" && bic != "" && bik != bic {
			return p, false
		}
	}
	if refunds, there := n.get("refunds"); there {
		if refunds.kind != list {
			return p, false
		}
		for _, r := range refunds.vals {
			var f protocol.Refund
			var ok1, ok2, ok3 bool
			f.ID, ok1 = r.str("id")
			f.Status, ok2 = r.str("status")
			f.AmountMinor, f.Currency, ok3 = amount(r)
			if r.kind != object || !ok1 || !ok2 || !ok3 || len(f.ID) > maxID || len(f.Status) > maxID {
				return p, false
			}
			p.Refunds = append(p.Refunds, f)
		}
	}
	return p, true
}

// amount reads amount_details: whole kopecks, never below zero.
func amount(n node) (minor int64, currency string, ok bool) {
	d, there := n.get("amount_details")
	if !there || d.kind != object {
		return 0, "", false
	}
	a, _ := d.get("amount")
	minor, whole := a.whole()
	currency, isText := d.str("currency")
	return minor, currency, whole && minor >= 0 && isText && currency != ""
}

// reference is the metadata when it is a JSON string.
func reference(n node) string {
	m, there := n.get("metadata")
	if !there || m.kind != text || len(m.text) > maxID {
		return ""
	}
	return m.text
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// marks gathers what can be told of a message with a problem: the session's id if there is just one, and every string that
// stands as metadata anywhere, one payout view for each.
func marks(n node) (s protocol.SessionView) {
	for i, k := range n.keys {
		if k == "session" && n.vals[i].kind == object {
			ids := 0
			for j, k := range n.vals[i].keys {
				if id := n.vals[i].vals[j]; k == "id" && id.kind == text && len(id.text) <= maxID && printable(id.text) {
					s.ID, ids = id.text, ids+1
				}
			}
			if ids > 1 {
				s.ID = ""
			}
		}
	}
	var walk func(node)
	walk = func(n node) {
		for i, v := range n.vals {
			if n.kind == object && v.kind == text && len(v.text) <= maxID && strings.EqualFold(n.keys[i], "metadata") && len(s.Payouts) < 20 {
				s.Payouts = append(s.Payouts, protocol.PayoutView{Reference: v.text})
			}
			walk(v)
		}
	}
	walk(n)
	return s
}
