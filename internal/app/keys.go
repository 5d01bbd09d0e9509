package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

func init() { effects[approval.Keys] = (*App).keysTakeEffect }

// BankKeys are the public keys that the bank's messages are checked with: those of the file that the desk was started with, and those that four eyes added.
// Keys are texts: PEM, one key each, in one spelling. Safe for many goroutines. internal/bank131 fits it.
type BankKeys interface {
	// Read takes the keys out of a text. Invalid at field bank_key.
	Read(text string) (keys []string, err error)
	// Print is the fingerprint of a key, hex; "" for what is no key.
	Print(key string) string
	// FromFile lists the fingerprints of the keys of the file.
	FromFile() []string
	// Use makes these the keys accepted beside those of the file, from now on.
	Use(keys []string) error
	// Verify says which key signed the body, or why none did.
	Verify(body []byte, signatures []string) (keyID, reason string)
}

// MaxBankKeys bounds the keys that are accepted beside those of the file.
const MaxBankKeys = 10

// BankSettings are what four eyes decide about the bank: which days the government moved, and which further keys its messages may be signed with.
type BankSettings struct {
	// Version is the proposal's that put them in force, 0 when nothing was ever entered.
	Version   int
	Transfers calendar.Transfers
	// Keys are the bank's further public keys, PEM, each in the one spelling of BankKeys.
	Keys []string
}

type bankDoc struct {
	Transfers calendar.Transfers `json:"transfers"`
	Keys      []string           `json:"bank_keys"`
}

// Doc is the canonical JSON: years in order, lists never null.
func (s BankSettings) Doc() []byte {
	d := bankDoc{Transfers: calendar.Transfers{}, Keys: append([]string{}, s.Keys...)}
	for year, y := range s.Transfers {
		d.Transfers[year] = calendar.Year{Off: append([]calendar.Day{}, y.Off...), Work: append([]calendar.Day{}, y.Work...)}
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	return b
}

// ParseBankSettings reads what Doc wrote, and nothing else.
func ParseBankSettings(doc []byte) (BankSettings, error) {
	var d bankDoc
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return BankSettings{}, fmt.Errorf("bank settings: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return BankSettings{}, errors.New("bank settings: more than one document")
	}
	s := BankSettings{Transfers: d.Transfers, Keys: d.Keys}
	if err := s.Transfers.Check(); err != nil {
		return BankSettings{}, fmt.Errorf("bank settings: %w", err)
	}
	if !bytes.Equal(s.Doc(), doc) {
		return BankSettings{}, errors.New("bank settings: not in their canonical form")
	}
	return s, nil
}

// Years lists the years whose transfers are entered, in order.
func (s BankSettings) Years() []int { return slices.Sorted(maps.Keys(s.Transfers)) }

// Bank returns the settings in force, from memory.
func (a *App) Bank() BankSettings {
	if s := a.bank.Load(); s != nil {
		return *s
	}
	return BankSettings{}
}

// BankCalendar is the bank calendar in force, from memory.
func (a *App) BankCalendar() calendar.Calendar { return a.bankCalendar() }

// MissingYears lists the years whose transfers should have been entered by now and were not: the year of the Moscow day of now, and from December on the
// next one.
func (a *App) MissingYears(now time.Time) []int {
	c, m := a.bankCalendar(), now.In(calendar.Moscow)
	var out []int
	if !c.Loaded(m.Year()) {
		out = append(out, m.Year())
	}
	if m.Month() == time.December && !c.Loaded(m.Year()+1) {
		out = append(out, m.Year()+1)
	}
	return out
}

// ProposeTransfers puts the days that the government moved within one year to people; they replace what was entered for that year. seen is the version in
// force on the proposer's screen. Invalid at fields year, off and work with the codes of internal/calendar, "keys.same" when nothing would change.
func (a *App) ProposeTransfers(ctx context.Context, w Who, year int, y calendar.Year, seen int, reason string) error {
	slices.Sort(y.Off)
	slices.Sort(y.Work)
	if err := checkYear(year, y); err != nil {
		return err
	}
	return a.proposeBank(ctx, w, seen, reason, func(s *BankSettings) error {
		s.Transfers[year] = y
		return nil
	})
}

// checkYear says what is wrong with one year's days, at the field where it was typed.
func checkYear(year int, y calendar.Year) error {
	var p calendar.Problem
	switch err := (calendar.Transfers{year: y}).Check(); {
	case err == nil:
		return nil
	case !errors.As(err, &p):
		return err
	}
	field := "work"
	switch {
	case p.Code == calendar.CodeRange:
		field = "year"
	case p.Code == calendar.CodeMany && len(y.Off) > len(y.Work), p.Code != calendar.CodeMany && slices.Contains(y.Off, p.Day):
		field = "off"
	}
	day := string(p.Day)
	if p.Day.Valid() {
		day = day[8:] + "." + day[5:7] + "." + day[:4] // as days are typed, in both languages
	}
	return fault.Bad(field, p.Code, day)
}

// ProposeBankKeys puts further public keys of the bank to people. Invalid at field bank_key as BankKeys.Read, and "keys.there" for one that is accepted
// already, "keys.many".
func (a *App) ProposeBankKeys(ctx context.Context, w Who, text string, seen int, reason string) error {
	if a.BankKeys == nil {
		return fault.Bad("bank_key", "keys.pem")
	}
	more, err := a.BankKeys.Read(text)
	if err != nil {
		return err
	}
	return a.proposeBank(ctx, w, seen, reason, func(s *BankSettings) error {
		for _, k := range more {
			if slices.Contains(s.Keys, k) || slices.Contains(a.BankKeys.FromFile(), a.BankKeys.Print(k)) {
				return fault.Bad("bank_key", "keys.there", shortPrint(a.BankKeys.Print(k)))
			}
			s.Keys = append(s.Keys, k)
		}
		if len(s.Keys) > MaxBankKeys {
			return fault.Bad("bank_key", "keys.many", MaxBankKeys)
		}
		return nil
	})
}

// ProposeKeyGone puts to people that a key which was added is accepted no more. Those of the file cannot be taken away here: Invalid "keys.file";
// "keys.gone" when it is not there.
func (a *App) ProposeKeyGone(ctx context.Context, w Who, print string, seen int, reason string) error {
	if a.BankKeys == nil {
		return fault.Bad("key", "keys.gone")
	}
	return a.proposeBank(ctx, w, seen, reason, func(s *BankSettings) error {
		if slices.Contains(a.BankKeys.FromFile(), print) {
			return fault.Bad("key", "keys.file")
		}
		n := len(s.Keys)
		s.Keys = slices.DeleteFunc(s.Keys, func(k string) bool { return a.BankKeys.Print(k) == print })
		if len(s.Keys) == n {
			return fault.Bad("key", "keys.gone")
		}
		return nil
	})
}

// shortPrint is as much of a fingerprint as a sentence shows.
func shortPrint(s string) string { return s[:min(len(s), 16)] }

// proposeBank changes a copy of what is in force and puts the whole to people.
func (a *App) proposeBank(ctx context.Context, w Who, seen int, reason string, change func(*BankSettings) error) error {
	if reason != "" {
		var err error
		if reason, err = payout.CheckReason(reason); err != nil {
			return err
		}
	}
	return a.write(ctx, People, w, Propose, about(approval.Keys, KeysID), func(tx *sealed) error {
		was, _, err := tx.InForce(approval.Keys, KeysID)
		if err != nil {
			return err
		}
		s := BankSettings{}
		if was.Version > 0 {
			if s, err = ParseBankSettings(was.Doc); err != nil {
				return err
			}
		}
		if s.Transfers == nil {
			s.Transfers = calendar.Transfers{}
		}
		before := string(s.Doc())
		if err := change(&s); err != nil {
			return err
		}
		doc := s.Doc()
		if string(doc) == before {
			return fault.Bad("form", "keys.same")
		}
		_, err = a.propose(tx, w.actor(), Proposal{Kind: approval.Keys, ID: KeysID, Op: "keys.set", Doc: doc, Salt: a.salt()}, seen, reason, a.Now())
		return err
	})
}

// keysTakeEffect: what the document says holds from the commit on (bankChanged), and after every start (RefreshBank).
func (a *App) keysTakeEffect(tx Tx, p Proposal, _ time.Time) (map[string]any, error) {
	s, err := ParseBankSettings(p.Doc)
	if err != nil {
		return nil, err
	}
	prints := []string{}
	for _, k := range s.Keys {
		if a.BankKeys == nil || a.BankKeys.Print(k) == "" {
			return nil, fmt.Errorf("bank settings version %d: a key that cannot be read", p.Version)
		}
		prints = append(prints, a.BankKeys.Print(k))
	}
	tx.Touch(Change{Bank: true})
	years := s.Years()
	if years == nil {
		years = []int{}
	}
	return map[string]any{"years": years, "bank_keys": prints}, nil
}

// RefreshBank reads the settings in force into memory, and makes their keys those that are accepted. Called at start, and after each commit that changed them.
func (a *App) RefreshBank(ctx context.Context) error {
	a.refresh.Lock() // the last to read is the last to set
	defer a.refresh.Unlock()
	n, err := a.Store.InForceVersion(ctx, approval.Keys, KeysID)
	if err != nil {
		return err
	}
	s := BankSettings{}
	if n > 0 {
		p, err := a.Store.ProposalAt(ctx, approval.Keys, KeysID, n)
		if err != nil {
			return err
		}
		if s, err = ParseBankSettings(p.Doc); err != nil {
			return err
		}
	}
	s.Version = n
	if a.BankKeys != nil {
		if err := a.BankKeys.Use(s.Keys); err != nil {
			return err
		}
	}
	a.bank.Store(&s)
	return nil
}

// bankChanged is what follows a commit that changed the bank's settings. What fails here is made good by the next start.
func (a *App) bankChanged(ctx context.Context) {
	ctx = context.WithoutCancel(ctx) // the change is committed, whoever waited for it
	if err := a.RefreshBank(ctx); err != nil {
		a.Log.Error("bank settings not read", "error", err)
		return
	}
	if n, err := a.RetryRefused(ctx); err != nil {
		a.Log.Error("refused messages not checked again", "error", err)
	} else if n > 0 {
		a.Log.Info("refused messages were genuine after all", "messages", n)
	}
}

// RefusedMessage is one that was kept because no accepted key had signed it.
type RefusedMessage struct {
	Slot, N   int64
	Signature string
	Body      []byte
}

// retryPage is how many refused messages are checked, and kept at most, in one commit.
const retryPage = 50

// RetryRefused checks the ring of refused messages again, oldest first, and keeps those that a key signed which is accepted now, as if they came this moment.
// It returns how many. Called when keys changed, and at start: the file may hold another key.
func (a *App) RetryRefused(ctx context.Context) (n int, err error) {
	if a.BankKeys == nil {
		return 0, nil
	}
	after := int64(-1)
	for range 1000 { // the ring has 1,000 places
		list, err := a.Store.RefusedAfter(ctx, after, retryPage)
		if err != nil || len(list) == 0 {
			return n, err
		}
		after = list[len(list)-1].N
		type good struct {
			RefusedMessage
			key string
		}
		var found []good
		for _, r := range list {
			if key, reason := a.BankKeys.Verify(r.Body, []string{r.Signature}); reason == "" {
				found = append(found, good{r, key})
			}
		}
		if len(found) == 0 {
			continue
		}
		if err := a.write(ctx, Worker, theIntake, Receive, about("message", ""), func(tx *sealed) error {
			for _, g := range found {
				if err := a.storeMessage(tx, g.Body, g.key); err != nil {
					return err
				}
				if err := tx.DropRefused(g.Slot, g.N); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return n, err
		}
		n += len(found)
	}
	return n, nil
}
