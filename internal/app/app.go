package app

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/calendar"
	"countersign/internal/factor"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// Notifier is told of every commit, after it. Losing a call costs a page refresh, never a payment.
type Notifier interface{ Changed(Change) }

// Wire turns approved content into the bytes that go to the bank, and back; and reads the bank's messages. internal/bank131 fits it.
type Wire interface {
	EncodePayout(e protocol.Expect) ([]byte, error)
	DecodePayout(body []byte) (protocol.Expect, error)
	ParseWebhook(body []byte) protocol.Webhook
	// EncodeStep makes the body of one call of the stepwise flow; CheckStep refuses one that says anything else.
	EncodeStep(call protocol.StepCall, session string, e protocol.Expect) ([]byte, error)
	CheckStep(call protocol.StepCall, session string, e protocol.Expect, body []byte) error
	// ParseEcho reads what a fetched status says that the bank took.
	ParseEcho(body []byte) protocol.Echo
}

// Options are everything the use cases need. All fields but Log, Keys, Calendar and BankKeys are required.
type Options struct {
	Store  Store
	Notify Notifier
	Wire   Wire
	Hasher *auth.Hasher
	Rules  approval.RuleSet
	Place  payout.Place
	Now    func() time.Time
	// Outside is what the program around knows of the desk's state, for /health; nil for nothing. It must not wait for anybody.
	Outside func() []Check
	// Mono tells how long this process has run by a clock that nobody sets; nil where there is none: then a wall clock that jumps ahead goes unnoticed.
	Mono func() time.Duration
	Rand io.Reader
	Log  *slog.Logger
	// Seal binds rows about passwords, factors and sign-ins; its secret stands outside the database.
	Seal factor.Seal
	// Keys does the ceremonies of passkeys; nil where the desk's address allows none.
	Keys *factor.Keys
	// SendAfter is the countdown after the last approval.
	SendAfter time.Duration
	// PollMin is the interval of the first ten minutes of polling.
	PollMin time.Duration
	// BankTimeout is the longest a call to the bank takes.
	BankTimeout time.Duration
	// Flow is "single" or "stepwise", Confirm the confirm mode of the latter: "required" or "auto". Each attempt keeps its own.
	Flow, Confirm string
	// NoBalance: the account gives no balance; it is not asked for, and no payout waits for money.
	NoBalance bool
	// Calendar is another bank calendar than the one that four eyes entered; nil: that one. It must not wait for a transaction: it is called within one.
	Calendar func() calendar.Calendar
	// BankKeys checks the bank's messages; nil: no key can be added, and nothing refused is checked again.
	BankKeys BankKeys
}

// App is the use cases. Safe for use by many goroutines.
type App struct {
	Options
	mu         sync.Mutex
	backups    BackupState
	bankDown   bool
	downSince  time.Time
	probe      bool                  // a balance call must answer before the next claim
	onePerGo   bool                  // after a credential refusal claims go one at a time
	live       map[string]bool       // attempts with a live call: "id/n"
	polling    map[string]bool       // polls under way: "session/id"
	asking     sync.Mutex            // one hands out polls at a time
	asked      askedOf               // which sessions were asked about lately
	since      map[payout.ID]sinceOf // since when outcomes have been unknown
	overdue    overdueOf             // sent payouts that the bank does not confirm
	sets       sync.Map              // rule sets by version: they never change
	limits     sync.Map              // limits by version
	lists      sync.Map              // payees that lists name, by id and version
	stands     sync.Map              // what people were before, by id and version
	memory     memory                // what the history says of people
	payees     sync.Map              // toldPayee by id, payeesKept of them
	payeesKept atomic.Int64
	bank       atomic.Pointer[BankSettings]
	refresh    sync.Mutex // one reader of the bank's settings at a time
	loading    sync.Mutex // one reader of a directory of banks at a time
	reporting  sync.Mutex // one reader of a report at a time
	usual      UsualTimes // as of usualAt
	usualAt    time.Time
	kept       keptOf // days of the reconciliation that were counted
	money      balance
	clocks     struct { // as they were read last
		wall   time.Time
		mono   time.Duration
		jumped bool // and nobody has let sending go on since
	}
	sendFrom  Place      // behind whom the next claim looks
	yesFrom   Place      // behind whom the next look at approvals that suffice again begins
	identity  Identity   // how this process was started
	accepted  Identity   // what two people, or the first start, accepted last
	foreign   bool       // that is not what was accepted last
	looking   sync.Mutex // one look at the rows at a time
	doctor    doctor     // held by it
	look      Look       // the newest
	wholeLook Look       // the newest whole one
	wakeSend  chan struct{}
	wakeInbox chan struct{}
	wakePoll  chan struct{}
}

// New makes the use cases. It panics without a seal: rows that nobody can check must not be written.
func New(o Options) *App {
	o.Seal.Of("", "", 0)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &App{Options: o, live: map[string]bool{}, polling: map[string]bool{},
		wakeSend: make(chan struct{}, 1), wakeInbox: make(chan struct{}, 1), wakePoll: make(chan struct{}, 1)}
}

// WakeSend, WakeInbox and WakePoll tell the workers that there may be something to do.
func (a *App) WakeSend() <-chan struct{}  { return a.wakeSend }
func (a *App) WakeInbox() <-chan struct{} { return a.wakeInbox }
func (a *App) WakePoll() <-chan struct{}  { return a.wakePoll }

// bankCalendar counts the banking days of every rule.
func (a *App) bankCalendar() calendar.Calendar {
	if a.Calendar != nil {
		return a.Calendar()
	}
	return calendar.Calendar{Transfers: a.Bank().Transfers}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // a wake-up is waiting already
	}
}

// write runs fn in one commit for whoever may do this, and tells whoever shows or acts on the change. Denied as authorize.
func (a *App) write(ctx context.Context, lane Lane, who Actor, do Action, on Ref, fn func(*sealed) error) error {
	if lane == People {
		if err := a.room(DiskFull); err != nil {
			return err
		}
	}
	if err := a.commit(ctx, lane, who, do, on, fn); err != nil {
		return a.after(ctx, err)
	}
	return nil
}

// commit is the one door to a writing transaction: nothing in it runs before authorize let the actor in.
func (a *App) commit(ctx context.Context, lane Lane, who Actor, do Action, on Ref, fn func(*sealed) error) error {
	var s *sealed
	c, err := a.Store.Write(ctx, lane, func(tx Tx) (err error) {
		s = &sealed{Tx: tx, a: a}
		if s.me, err = authorize(s, who, do, on); err != nil {
			return err
		}
		return fn(s)
	})
	if err != nil {
		return err
	}
	for _, e := range s.ends {
		a.settled(e.key, e.kind)
	}
	a.announce(c)
	if c.Bank {
		a.bankChanged(ctx)
	}
	return nil
}

func (a *App) announce(c Change) {
	if c.Inbox {
		wake(a.wakeInbox)
		wake(a.wakeSend) // claims wait while a message is not applied
	}
	if len(c.Payouts) > 0 || c.Desk {
		wake(a.wakeSend)
		wake(a.wakePoll)
	}
	if a.Notify != nil && (len(c.Payouts) > 0 || c.Desk || c.Inbox) {
		a.Notify.Changed(c)
	}
}

// Who is the person behind a request: who they are now is looked up in the transaction that writes.
type Who struct {
	Person, Email string
	// Login is the id of the sign-in in force, "" on the console.
	Login string
	// Device is the browser's own mark, "" when it has none: it tells nothing but sameness.
	Device string
}

func (w Who) actor() payout.Actor { return payout.Actor{Person: w.Person, SignIn: w.Email} }

func (a *App) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(a.Rand, b); err != nil {
		panic(fmt.Sprintf("randomness failed: %v", err)) // nothing safe can be done without it
	}
	return b
}

// newID makes a UUIDv7 from the passed clock and randomness, so that ids sort by time also under an injected clock.
func (a *App) newID(now time.Time) string {
	b := a.bytes(16)
	ms := now.UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (a *App) salt() payout.Salt { return payout.Salt(a.bytes(32)) }

func (a *App) reference(n payout.Number) string {
	r := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(a.bytes(16))
	return fmt.Sprintf("cs1-%d-%s", n, strings.ToLower(r))
}

// spec is the number of the format of event payloads.
const spec = 1

// record appends what happened to a payout. Personal values appear only as commitments.
func (a *App) record(tx Tx, p *payout.Payout, e payout.Event) error {
	s := p.S()
	m := map[string]any{"number": int64(s.Number), "from": string(e.From), "to": string(e.To)}
	for k, v := range e.Facts {
		m[k] = v
	}
	if e.Digest != "" {
		m["digest"] = string(e.Digest)
	}
	switch e.Action {
	case payout.ActCreated, payout.ActEdited, payout.ActChangesAsked, payout.ActPayeeChanged:
		m["amount_minor"], m["currency"] = s.Content.Amount.Minor, string(s.Content.Amount.Currency)
		m["commit"] = s.Content.Commitments(s.Salt)
		if s.Content.DueDate != "" {
			m["due_date"] = s.Content.DueDate
		}
		if s.Content.PayeeID != "" {
			m["payee"], m["payee_version"] = s.Content.PayeeID, s.Content.PayeeVer
		}
		m["entered"] = s.Content.Source
		m["amount_text"] = s.Salt.Commit("amount_text", s.Content.AmountText)
		if s.Content.Replaces != "" {
			m["replaces"] = string(s.Content.Replaces)
		}
	case payout.ActSubmitted:
		acks := s.Acks
		if acks == nil {
			acks = []string{}
		}
		m["acks"], m["rule_set"], m["amount_minor"] = acks, s.RuleSet, s.Content.Amount.Minor
	}
	if err := a.noteDays(tx, p, e, m); err != nil {
		return err
	}
	return a.append(tx, e.By, e.Action, "payout", string(s.ID), e.Version, m, e.Reason, e.At)
}

func (a *App) append(tx Tx, by payout.Actor, action, kind, subject string, version int, payload map[string]any, text string, at time.Time) error {
	var salt payout.Salt
	if text != "" {
		salt = a.salt()
		payload["text"] = salt.Commit("text", text)
	}
	doc, err := audit.Canonical(payload)
	if err != nil {
		return fmt.Errorf("event %s: %w", action, err)
	}
	_, err = tx.Append(audit.Event{At: at, Person: by.Person, SignIn: by.SignIn, Action: action, Kind: kind, Subject: subject,
		Version: version, Spec: spec, Payload: doc}, text, salt)
	if err != nil || action == "halt.on" {
		return err
	}
	_, err = a.wentBack(tx)
	return err
}

// standing judges a payout's present version with the decisions on it.
func (a *App) standing(tx Tx, p *payout.Payout) (Standing, *Frame, error) {
	return a.standingAt(tx, p, a.Now())
}

func (a *App) standingAt(tx Tx, p *payout.Payout, now time.Time) (Standing, *Frame, error) {
	f, err := a.frame(tx, now)
	if err != nil {
		return Standing{}, nil, err
	}
	st, err := f.of(tx, p)
	return st, f, err
}

// of judges one payout within the frame of its transaction.
func (f *Frame) of(tx Tx, p *payout.Payout) (Standing, error) {
	s := p.S()
	ds, err := tx.Decisions(approval.Payout, string(s.ID), s.Version)
	if err != nil {
		return Standing{}, err
	}
	return f.Stand(JudgedOf(s), ds)
}

// save stores a payout with the signatures that its line shows, and its events.
func (a *App) save(tx Tx, p *payout.Payout, events ...payout.Event) error {
	given, needed := 0, 0
	if s := p.S(); s.Digest != "" {
		var err error
		if given, needed, err = a.signatures(tx, p); err != nil {
			return err
		}
	}
	if err := tx.SavePayout(p, given, needed); err != nil {
		return err
	}
	for _, e := range events {
		if err := a.record(tx, p, e); err != nil {
			return err
		}
	}
	return nil
}

// signatures counts those given and needed. Once the bank was asked they stand as they were.
func (a *App) signatures(tx Tx, p *payout.Payout) (given, needed int, err error) {
	if s := p.S(); !s.State.Waiting() {
		return tx.Signatures(s.ID)
	}
	st, _, err := a.standing(tx, p)
	return len(st.Tally.Given), st.Tally.Needed(), err
}
