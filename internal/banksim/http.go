package banksim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const bodyMax = 1 << 20

// call is one request to the protocol, read whole.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	v2   bool
	body []byte
}

func (b *Bank) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, v2 bool, do func(*call)) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
			if err != nil {
				var big *http.MaxBytesError
				if errors.As(err, &big) {
					reply(w, http.StatusRequestEntityTooLarge, errorBody("invalid_request", "body is too large"))
				}
				return // otherwise there is nobody to answer
			}
			do(&call{w: w, r: r, v2: v2, body: body})
		})
	}
	for version, v2 := range map[string]bool{"v1": false, "v2": true} {
		at := "/api/" + version + "/session/"
		handle(at+"init/payout", v2, func(c *call) { b.order(c, false) })
		handle(at+"start/payout", v2, func(c *call) { b.order(c, true) })
		handle(at+"create", v2, b.create)
		handle(at+"confirm", v2, b.confirm)
		handle(at+"cancel", v2, b.cancelSession)
		handle(at+"status", v2, b.status)
	}
	handle("/api/v1/wallet/balance", false, b.balance)
	mux.HandleFunc("GET /ledger", b.serveLedger)
	mux.HandleFunc("GET /report", b.serveReport)
	mux.HandleFunc("GET /{$}", b.servePage)
	return mux
}

// refused is an answer that moves nothing.
type refused struct {
	status      int
	code        string
	description string
}

func bad(code, format string, a ...any) *refused {
	return &refused{http.StatusBadRequest, code, fmt.Sprintf(format, a...)}
}

// errWrite is what a caller hears when the journal cannot be written: the bank's own fault.
var errWrite = &refused{http.StatusInternalServerError, "internal_error", "Internal error"}

func (c *call) refuse(r *refused) { reply(c.w, r.status, errorBody(r.code, r.description)) }

func reply(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever went away learns it by status or message
}

// admit checks who asks: signature, then project.
func (b *Bank) admit(c *call) *refused {
	sign := c.r.Header.Values("X-PARTNER-SIGN")
	sum := sha256.Sum256(c.body)
	ok := false
	if len(sign) == 1 {
		if sig, err := base64.StdEncoding.Strict().DecodeString(sign[0]); err == nil {
			for _, key := range b.o.PartnerKeys {
				ok = ok || rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) == nil
			}
		}
	}
	if !ok {
		return &refused{http.StatusUnauthorized, "authentication_error", "X-PARTNER-SIGN does not fit the body"}
	}
	if p := c.r.Header.Values("X-PARTNER-PROJECT"); len(p) != 1 || p[0] != b.o.Project {
		return &refused{http.StatusForbidden, "authorization_error", "X-PARTNER-PROJECT is not known"}
	}
	return nil
}

// key is the idempotency key of the call in the scope of its method, "" without one.
func (c *call) key(method string) string {
	if k := c.r.Header.Get("X-PARTNER-IDEMPOTENCY-KEY"); k != "" {
		return method + " " + k
	}
	return ""
}

var errKey = bad("idempotency_key_already_exists", "already in progress or processed")

// order serves session/init/payout and session/start/payout: the two calls that can move money. Everything is
// decided and written under one lock; what the answer does to the connection comes after.
func (b *Bank) order(c *call, start bool) {
	o, readable := parseOrder(c.body, c.v2, start)
	if !readable {
		if no := b.admit(c); no != nil {
			c.refuse(no)
			return
		}
		c.refuse(bad("invalid_request", "body is not a JSON object of the right shape"))
		return
	}
	no := b.admit(c)
	method := "init"
	if start {
		method = "start"
	}
	key := c.key(method)

	b.mu.Lock()
	var opened *session
	if start {
		if opened = b.mem.sessions[o.Session]; opened != nil && o.Metadata == nil {
			o.Metadata = opened.Metadata
		}
	}
	kop := rowOf(o.Amount)
	p := planOf(kop)
	if b.o.Confirm && b.o.On == OnConfirm {
		p = ordinary // the row strikes later
	}
	if b.o.Confirm {
		p.early, p.after = false, false // nothing happens to a payout before its confirmation
	}
	switch {
	case no != nil:
	case key != "" && b.mem.keys[key] && !b.o.IgnoreKey:
		no = errKey
	case o.fault != "":
		no = bad("invalid_request", "%s", o.fault)
	case start && opened == nil:
		no = bad("invalid_request", "session is not known")
	case start && opened.Status != stCreated:
		no = bad("session_wrong_state", "session is %s", opened.Status)
	case p.taken && b.o.BalanceMinor-b.mem.spent < o.Amount:
		no = bad("insufficient_wallet_balance", "balance is too small")
	}
	taken := no == nil && p.taken
	var (
		body  []byte // the good answer
		first *job   // row 52's first message
		held  []*job // row 75's steps
	)
	asked := b.o.Now()
	err := b.update(asked, func(t *tx) {
		e := t.entry(reference(o.Metadata))
		e.Requests++
		if e.Session == "" {
			e.Amount, e.Currency, e.Account = o.Amount, o.Currency, o.Account
		}
		if !taken {
			return
		}
		var s *session
		if start {
			s = t.session(opened.ID)
			s.Kop, s.V2 = kop, c.v2
		} else {
			s = t.newSession(kop, c.v2)
		}
		seen, hook := t.begin(s, o)
		body, first, held = okBody(seen, c.v2), hook, t.rec.Jobs
		t.rec.Key = key
	})
	if err == nil && !b.driven {
		if p.early && first != nil {
			b.mem.take(first)
		}
		if p.after {
			for _, j := range held {
				b.mem.take(j)
			}
			defer func() {
				_ = http.NewResponseController(c.w).Flush() // the answer is out now, or its reader is gone
				b.mu.Lock()
				late := b.o.Now().Sub(asked)
				for _, j := range held {
					j.Due = j.Due.Add(late)
					b.mem.offer(j)
				}
				b.mu.Unlock()
				b.kick()
			}()
		}
	}
	b.mu.Unlock()
	if err == nil {
		err = b.journal.sync()
	}
	if err != nil {
		b.log.Error("request not written", "err", err)
		c.refuse(errWrite)
		return
	}
	b.kick()
	if no != nil {
		c.refuse(no)
		return
	}
	b.answer(c, p, body, first)
}

// answer ends an order the way its row says. A driven bank never waits, and says with 502 what it cannot do to
// a connection that is none.
func (b *Bank) answer(c *call, p plan, body []byte, first *job) {
	b.mu.Lock()
	driven := b.driven
	b.mu.Unlock()
	switch p.answer {
	case ansOK:
		if p.early && first != nil && !driven {
			ctx, cancel := context.WithTimeout(b.ctx, earlyMax)
			b.deliver(ctx, first)
			cancel()
		}
		reply(c.w, http.StatusOK, body)
	case ansRefuse:
		status := http.StatusBadRequest
		if p.code == "authentication_error" {
			status = http.StatusUnauthorized
		}
		reply(c.w, status, errorBody(p.code, "by the kopecks of the amount"))
	case ans500:
		reply(c.w, http.StatusInternalServerError, errorBody("internal_error", "Internal error"))
	case ans502:
		page := []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n")
		c.w.Header().Set("Content-Type", "text/html")
		c.w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		c.w.WriteHeader(http.StatusBadGateway)
		_, _ = c.w.Write(page) // as in reply
	case ansRedirect:
		c.w.Header().Set("Location", c.r.URL.Path)
		c.w.Header().Set("Content-Length", "0")
		c.w.WriteHeader(http.StatusTemporaryRedirect)
	case ansHalf:
		cut(c.w, body)
	case ansCut:
		cut(c.w, nil)
	case ansLate:
		if driven || b.hold(c, b.times(20)) {
			reply(c.w, http.StatusOK, body)
		} else {
			cut(c.w, nil)
		}
	case ansHold:
		if !driven {
			b.hold(c, holdMax)
		}
		cut(c.w, nil)
	}
}

// hold waits; false if the other side went away or the bank closes before the time is over.
func (b *Bank) hold(c *call, wait time.Duration) bool {
	// The server's read limit would end the request's context in the middle of a long wait; the body is read.
	// Not every ResponseWriter has deadlines, and one without needs none lifted.
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Time{})
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.r.Context().Done():
	case <-b.done:
	}
	return false
}

// cut ends the connection: without a byte, or in the middle of a good answer. Where there is no connection
// (a recorder in a driven bank), 502 without a body says the same to the desk: no answer.
func cut(w http.ResponseWriter, half []byte) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.Header().Set("X-Banksim", "cut")
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer conn.Close()
	if half == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset rather than a quiet end; either is a cut
		}
		return
	}
	fmt.Fprintf(buf, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		len(half), half[:len(half)/2])
	_ = buf.Flush() // a reader who is gone has its cut already
}

// small reads the body of the other calls into in. It answers itself, and returns false, if the call is not let in.
func (b *Bank) small(c *call, in any) bool {
	if no := b.admit(c); no != nil {
		c.refuse(no)
		return false
	}
	if len(bytes.TrimSpace(c.body)) > 0 && string(c.body) != "[]" { // the bank's SDK writes an empty request so
		if err := json.Unmarshal(c.body, in); err != nil {
			c.refuse(bad("invalid_request", "body cannot be read"))
			return false
		}
	}
	return true
}

// change runs fn over a session and answers with the session, or with what fn refused. status only looks.
func (b *Bank) change(c *call, id string, fn func(*tx, *session)) {
	b.mu.Lock()
	s := b.mem.sessions[id]
	var (
		no   *refused
		body []byte
		err  error
	)
	switch {
	case s == nil:
		no = bad("invalid_request", "session is not known")
	case fn == nil:
		body = okBody(s, c.v2)
	default:
		no = bad("session_wrong_state", "session is %s", s.Status)
		err = b.update(b.o.Now(), func(t *tx) {
			s := t.session(id)
			before := s.Updated
			fn(t, s)
			if !s.Updated.Equal(before) {
				no, body = nil, okBody(s, c.v2)
			}
		})
	}
	b.mu.Unlock()
	b.kick()
	if err == nil {
		err = b.journal.sync()
	}
	switch {
	case err != nil:
		b.log.Error("request not written", "err", err)
		c.refuse(errWrite)
	case no != nil:
		c.refuse(no)
	default:
		reply(c.w, http.StatusOK, body)
	}
}

type sessionID struct {
	ID string `json:"session_id"`
}

func (b *Bank) status(c *call) {
	var in sessionID
	if b.small(c, &in) {
		b.change(c, in.ID, nil)
	}
}

func (b *Bank) confirm(c *call) {
	var in sessionID
	if !b.small(c, &in) {
		return
	}
	b.mu.Lock()
	s := b.mem.sessions[in.ID]
	p := ordinary
	if s != nil && s.NextAction == "confirm" && b.o.Confirm && b.o.On == OnConfirm {
		p = planOf(s.Kop)
	}
	b.mu.Unlock()
	if !p.taken {
		b.answer(c, p, nil, nil)
		return
	}
	w := c.w
	if p.answer != ansOK { // it is done, and its answer goes the way of the row
		c.w = &aside{head: http.Header{}}
	}
	b.change(c, in.ID, func(t *tx, s *session) {
		if s.NextAction != "confirm" {
			return
		}
		t.touch(s)
		s.NextAction, s.Payouts[0].Status = "", poInProgress
		if b.o.Confirm {
			t.play(s)
		}
		for i, st := range planOf(s.Kop).steps {
			if st.at < 0 && !b.o.Confirm {
				t.step(s, i, 1)
			}
		}
		t.show(s)
	})
	if p.answer == ansOK {
		return
	}
	done := c.w.(*aside)
	c.w = w
	if done.code != http.StatusOK {
		reply(w, done.code, done.body.Bytes())
		return
	}
	b.answer(c, p, done.body.Bytes(), nil)
}

// aside keeps an answer that is not for the one who asked.
type aside struct {
	head http.Header
	code int
	body bytes.Buffer
}

func (a *aside) Header() http.Header         { return a.head }
func (a *aside) WriteHeader(code int)        { a.code = code }
func (a *aside) Write(p []byte) (int, error) { return a.body.Write(p) }

func (b *Bank) cancelSession(c *call) {
	var in sessionID
	if b.small(c, &in) {
		b.change(c, in.ID, func(t *tx, s *session) {
			switch {
			case s.Status == stCreated:
				t.touch(s)
				s.Status = stCancelled
			case s.NextAction == "confirm":
				t.fail(s, "session_cancelled_by_partner", "Cancelled by the partner")
				finished(t, s)
				t.show(s)
			}
		})
	}
}

func (b *Bank) create(c *call) {
	var in struct {
		Metadata json.RawMessage `json:"metadata"`
	}
	if !b.small(c, &in) {
		return
	}
	key := c.key("create")
	b.mu.Lock()
	var body []byte
	var err error
	repeated := key != "" && b.mem.keys[key] && !b.o.IgnoreKey
	if !repeated {
		err = b.update(b.o.Now(), func(t *tx) {
			s := t.newSession(0, c.v2)
			s.Metadata = in.Metadata
			t.rec.Key = key
			body = okBody(s, c.v2)
		})
	}
	b.mu.Unlock()
	if err == nil {
		err = b.journal.sync()
	}
	switch {
	case err != nil:
		b.log.Error("request not written", "err", err)
		c.refuse(errWrite)
	case repeated:
		c.refuse(errKey)
	default:
		reply(c.w, http.StatusOK, body)
	}
}

func (b *Bank) balance(c *call) {
	var in struct {
		At string `json:"request_datetime"`
	}
	if !b.small(c, &in) {
		return
	}
	if _, err := time.Parse(time.RFC3339, in.At); err != nil {
		c.refuse(bad("invalid_request", "request_datetime is not an ISO 8601 time"))
		return
	}
	b.mu.Lock()
	left := b.o.BalanceMinor - b.mem.spent
	b.mu.Unlock()
	if err := b.journal.sync(); err != nil {
		c.refuse(errWrite)
		return
	}
	wallet := new(object).add("id", "131").
		add("amount_details", new(object).add("amount", left).add("currency", "rub"))
	reply(c.w, http.StatusOK, new(object).add("status", "ok").add("wallets", []*object{wallet}).bytes())
}

func (b *Bank) serveLedger(w http.ResponseWriter, _ *http.Request) {
	ledger := b.Ledger()
	if err := b.journal.sync(); err != nil { // a judge says only what it will still say tomorrow
		http.Error(w, "journal cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	body, err := json.Marshal(ledger)
	if err != nil {
		http.Error(w, "ledger cannot be written", http.StatusInternalServerError)
		return
	}
	reply(w, http.StatusOK, body)
}
