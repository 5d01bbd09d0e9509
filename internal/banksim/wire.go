package banksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The bank's words for sessions, payouts and messages.
const (
	stCreated    = "created"
	stInProgress = "in_progress"
	stAccepted   = "accepted"
	stCancelled  = "cancelled"
	stError      = "error"

	poInProgress = "in_progress"
	poPending    = "pending"
	poSucceeded  = "succeeded"
	poFailed     = "failed"

	hookFinished = "payment_finished"
	hookRefunded = "payment_refunded"
	hookReady    = "ready_to_confirm"
)

// session is the bank's object around a payout.
type session struct {
	ID         string    `json:"id"`
	Kop        int       `json:"kop"` // the row it plays
	V2         bool      `json:"v2,omitempty"`
	Status     string    `json:"status"`
	Created    time.Time `json:"created"`
	Updated    time.Time `json:"updated"`
	NextAction string    `json:"next_action,omitempty"`
	Error      *refusal  `json:"error,omitempty"`
	Payouts    []payout  `json:"payouts,omitempty"`
	Reference  string    `json:"reference,omitempty"`
	Metadata   []byte    `json:"metadata,omitempty"` // of create; start may bring its own
}

type payout struct {
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Created  time.Time `json:"created"`
	Finished time.Time `json:"finished,omitzero"`
	Left     bool      `json:"left,omitempty"` // the money left
	Error    *refusal  `json:"error,omitempty"`
	Refunds  []refund  `json:"refunds,omitempty"`
	Order    order     `json:"order"`
}

type refund struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Amount int64     `json:"amount"`
}

type refusal struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

// order is what the partner asked for. What is given back as it came is kept as bytes ([]byte, so base64 in the
// journal): encoding/json would compact and escape it.
type order struct {
	Session      string `json:"session,omitempty"` // only of start
	BIK          string `json:"bik"`
	Account      string `json:"account"`
	FullName     string `json:"full_name"`
	Description  string `json:"description"`
	INN          string `json:"inn,omitempty"`
	KPP          string `json:"kpp,omitempty"`
	Amount       int64  `json:"amount"`
	Currency     string `json:"currency"`
	Customer     []byte `json:"customer,omitempty"`
	Participants []byte `json:"participants,omitempty"`
	Metadata     []byte `json:"metadata,omitempty"`
	fault        string // why it is refused, "" if it is not
}

// reference is the ledger's key: our metadata when it is a string, else its JSON text.
func reference(metadata []byte) string {
	var s string
	if json.Unmarshal(metadata, &s) == nil {
		return s
	}
	return string(metadata)
}

// prefixes the bank pays to from a collateral account.
var prefixes = []string{
	"40817810", "42301810", "42302810", "42303810", "42304810", "42305810", "42306810", "42307810",
	"40802810", "40820810", "40702810",
}

// parseOrder reads the body of init and start. ok is false when it is no JSON object at all; otherwise whatever
// could be read is there, and fault says what is wrong with it.
func parseOrder(body []byte, v2, start bool) (o order, ok bool) {
	var in struct {
		SessionID string          `json:"session_id"`
		V1        json.RawMessage `json:"payment_method"`
		V2        json.RawMessage `json:"payout_details"`
		Amount    struct {
			Amount   json.RawMessage `json:"amount"` // a json.Number would take a quoted one
			Currency string          `json:"currency"`
		} `json:"amount_details"`
		Customer     json.RawMessage `json:"customer"`
		Participants json.RawMessage `json:"participant_details"`
		Metadata     json.RawMessage `json:"metadata"`
	}
	first := ""
	blame := func(f string, a ...any) {
		if first == "" {
			first = fmt.Sprintf(f, a...)
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		var typed *json.UnmarshalTypeError
		if !json.Valid(body) || !errors.As(err, &typed) || typed.Field == "" {
			return order{}, false
		}
		blame("%s has the wrong type", typed.Field)
	}
	o = order{
		Session: in.SessionID, Currency: in.Amount.Currency,
		Customer: in.Customer, Participants: in.Participants, Metadata: in.Metadata,
	}
	method, name, other := in.V1, "payment_method", in.V2
	if v2 {
		method, name, other = in.V2, "payout_details", in.V1
	}
	if method == nil {
		blame("%s is missing", name)
		method = other // still read, so that the ledger can name the account
	}
	var pm struct {
		Type string `json:"type"`
		Bank struct {
			System string `json:"system_type"`
			RU     struct {
				BIK         string `json:"bik"`
				Account     string `json:"account"`
				FullName    string `json:"full_name"`
				Description string `json:"description"`
				INN         string `json:"inn"`
				KPP         string `json:"kpp"`
			} `json:"ru"`
		} `json:"bank_account"`
	}
	if method != nil {
		if err := json.Unmarshal(method, &pm); err != nil {
			blame("%s cannot be read", name)
		}
	}
	ru := pm.Bank.RU
	o.BIK, o.Account, o.FullName, o.Description, o.INN, o.KPP = ru.BIK, ru.Account, ru.FullName, ru.Description, ru.INN, ru.KPP
	amount, err := strconv.ParseInt(string(in.Amount.Amount), 10, 64)
	if err != nil || amount <= 0 {
		blame("amount_details.amount must be a whole number above 0")
	} else {
		o.Amount = amount
	}
	switch {
	case start && o.Session == "":
		blame("session_id is missing")
	case pm.Type != "bank_account" || pm.Bank.System != "ru":
		blame("%s: only bank_account of system_type ru is taken", name)
	case !digits(o.BIK, 9):
		blame("bik must be 9 digits")
	case !digits(o.Account, 20):
		blame("account must be 20 digits")
	case o.Account[5:8] != "810":
		blame("account must be in roubles (810)")
	case !slices.Contains(prefixes, o.Account[:8]):
		blame("account prefix %s is not served", o.Account[:8])
	case strings.TrimSpace(o.FullName) == "":
		blame("full_name is missing")
	case strings.TrimSpace(o.Description) == "":
		blame("description is missing")
	case utf8.RuneCountInString(o.Description) > 210:
		blame("description is longer than 210 characters")
	case strings.ContainsAny(o.Description, "?!"):
		blame("description must not hold ? or !")
	case strings.HasPrefix(o.Account, "40702") && (!digits(o.INN, 10) || len(o.KPP) != 9):
		blame("inn and kpp are required for a company")
	case strings.HasPrefix(o.Account, "40802") && !digits(o.INN, 12):
		blame("inn is required for a sole proprietor")
	case !strings.EqualFold(o.Currency, "rub"):
		blame("amount_details.currency must be rub")
	}
	o.fault = first
	return o, true
}

func digits(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789") == ""
}

// stamp is the bank's way to write a time.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// object writes JSON members in the order they are added. Raw bytes go out exactly as they came, which
// encoding/json does not promise.
type object struct{ buf bytes.Buffer }

func (o *object) add(key string, v any) *object {
	sep := byte(',')
	if o.buf.Len() == 0 {
		sep = '{'
	}
	o.buf.WriteByte(sep)
	o.value(key)
	o.buf.WriteByte(':')
	o.value(v)
	return o
}

func (o *object) value(v any) {
	switch v := v.(type) {
	case []byte:
		o.buf.Write(v)
	case *object:
		o.buf.Write(v.bytes())
	case []*object:
		o.buf.WriteByte('[')
		for i, m := range v {
			if i > 0 {
				o.buf.WriteByte(',')
			}
			o.buf.Write(m.bytes())
		}
		o.buf.WriteByte(']')
	default:
		enc := json.NewEncoder(&o.buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			panic("banksim: cannot encode: " + err.Error()) // only strings and numbers come here
		}
		o.buf.Truncate(o.buf.Len() - 1) // Encode's newline
	}
}

func (o *object) bytes() []byte {
	if o.buf.Len() == 0 {
		return []byte("{}")
	}
	return append(bytes.Clone(o.buf.Bytes()), '}')
}

func (r *refusal) object() *object {
	return new(object).add("code", r.Code).add("description", r.Description)
}

// look is how one rendering names things.
type look struct {
	v2   bool // v2 names
	hook bool // in a message: `bic` under v1 names
	loud bool // row 65: v2 names, upper case, fields nobody knows
}

func (s *session) object(l look) *object {
	l.loud = s.Kop == 65
	l.v2 = l.v2 || l.loud
	out := new(object).add("id", s.ID).add("status", s.Status).
		add("created_at", stamp(s.Created)).add("updated_at", stamp(s.Updated))
	if s.NextAction != "" {
		out.add("next_action", s.NextAction)
	}
	if s.Error != nil {
		out.add("error", s.Error.object())
	}
	if len(s.Payouts) > 0 {
		list := make([]*object, len(s.Payouts))
		for i := range s.Payouts {
			list[i] = s.Payouts[i].object(l)
		}
		name := "payments"
		if l.v2 {
			name = "payout_list"
		}
		out.add(name, list)
	}
	if l.loud {
		out.add("actions", new(object)).add("risk_band", "A").add("shard", 7)
	}
	return out
}

func (p *payout) object(l look) *object {
	o := &p.Order
	out := new(object).add("id", p.ID).add("status", p.Status).add("created_at", stamp(p.Created))
	if !p.Finished.IsZero() {
		out.add("finished_at", stamp(p.Finished))
	}
	if o.Customer != nil {
		out.add("customer", o.Customer)
	}
	ru := new(object)
	if l.hook && !l.v2 {
		ru.add("bic", o.BIK)
	} else {
		ru.add("bik", o.BIK)
	}
	ru.add("account", o.Account).add("full_name", o.FullName).add("description", o.Description)
	if o.INN != "" {
		ru.add("inn", o.INN)
	}
	if o.KPP != "" {
		ru.add("kpp", o.KPP)
	}
	name := "payment_method"
	if l.v2 {
		name = "payout_details"
	}
	out.add(name, new(object).add("type", "bank_account").
		add("bank_account", new(object).add("system_type", "ru").add("ru", ru)))
	currency := strings.ToLower(o.Currency)
	if l.loud {
		currency = strings.ToUpper(currency)
	}
	money := func(amount int64) *object {
		return new(object).add("amount", amount).add("currency", currency)
	}
	out.add("amount_details", money(o.Amount))
	if l.loud {
		out.add("amounts", new(object).add("fee", new(object).add("merchant_fee", money(10)))).
			add("transaction_info", new(object).add("fp_message_id", "example")).
			add("settlement_hint", []*object{new(object).add("lane", "slow")})
	}
	if o.Participants != nil {
		out.add("participant_details", o.Participants)
	}
	if o.Metadata != nil {
		out.add("metadata", o.Metadata)
	}
	if p.Error != nil {
		out.add("error", p.Error.object())
	}
	if len(p.Refunds) > 0 {
		list := make([]*object, len(p.Refunds))
		for i, r := range p.Refunds {
			list[i] = new(object).add("id", r.ID).add("status", "accepted").add("created_at", stamp(r.At)).
				add("finished_at", stamp(r.At)).add("amount_details", money(r.Amount))
		}
		out.add("refunds", list)
	}
	return out
}

// clone lets a change be prepared aside and thrown away when it cannot be written.
func (s *session) clone() *session {
	c := *s
	c.Payouts = slices.Clone(s.Payouts)
	for i := range c.Payouts {
		c.Payouts[i].Refunds = slices.Clone(c.Payouts[i].Refunds)
	}
	return &c
}

func okBody(s *session, v2 bool) []byte {
	out := new(object).add("status", "ok").add("session", s.object(look{v2: v2}))
	if s.Kop == 65 {
		out.add("trace", "zz-131")
	}
	return out.bytes()
}

func errorBody(code, description string) []byte {
	return new(object).add("status", "error").
		add("error", (&refusal{code, description}).object()).bytes()
}
