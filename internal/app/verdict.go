package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // evidence may be a photograph of a letter
	_ "image/png"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

func init() {
	effects[approval.Verdict] = (*App).verdictTakesEffect
}

// MaxEvidenceFile bounds an evidence file, bytes.
const MaxEvidenceFile = 5 << 20

// NotPaidAfter is how many whole banking days pass after the day of the request before people may rule "not paid" without the bank's letter.
const NotPaidAfter = 3

// What a ruling says.
const (
	RuledPaid    = "paid"
	RuledNotPaid = "not_paid"
)

// BasisLetter is the one kind of evidence that lets "not paid" be ruled at once.
const BasisLetter = "letter"

// BasisStatement is a statement of the account; the bank's daily report is one.
const BasisStatement = "statement"

// VerdictBases are the kinds of evidence that the proposer names, strongest first.
func VerdictBases() []string { return []string{BasisLetter, BasisStatement, "support", "other"} }

// Verdict is the content of one proposed ruling.
type Verdict struct {
	// Outcome is RuledPaid or RuledNotPaid, Basis one of VerdictBases.
	Outcome string `json:"outcome"`
	Basis   string `json:"basis"`
	// Payout, Number and AmountMinor name what is ruled on, Was how it stood then.
	Payout      string `json:"payout"`
	Number      int64  `json:"number"`
	AmountMinor int64  `json:"amount_minor"`
	Was         string `json:"was"`
	// File is the hex SHA-256 of the evidence, Media its type by content, Bytes its length.
	File  string `json:"file"`
	Media string `json:"media"`
	Bytes int    `json:"bytes"`
	// Report and Row name the line of a bank's report that this rests on, ReportSHA that report's hash in hex; nothing when a file was brought.
	Report    int64  `json:"report,omitempty"`
	Row       int    `json:"row,omitempty"`
	ReportSHA string `json:"report_sha,omitempty"`
}

// Paid reports what it says.
func (v Verdict) Paid() bool { return v.Outcome == RuledPaid }

// Doc is the canonical JSON.
func (v Verdict) Doc() []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	return b
}

// ParseVerdict reads what Doc wrote, and nothing else.
func ParseVerdict(doc []byte) (Verdict, error) {
	var v Verdict
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return v, fmt.Errorf("ruling: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) || !bytes.Equal(v.Doc(), doc) {
		return v, errors.New("ruling: not in its canonical form")
	}
	if v.Outcome != RuledPaid && v.Outcome != RuledNotPaid || !slices.Contains(VerdictBases(), v.Basis) {
		return v, fmt.Errorf("ruling: %q by %q", v.Outcome, v.Basis)
	}
	if of := v.Report > 0; of != (v.Row > 0) || of != (v.ReportSHA != "") || of && v.Basis != BasisStatement {
		return v, fmt.Errorf("ruling: line %d of report %d by %q", v.Row, v.Report, v.Basis)
	}
	return v, nil
}

// VerdictFile is the evidence beside one proposed ruling.
type VerdictFile struct {
	Payout     payout.ID
	Version    int
	SHA, Media string
	// Bytes is its length as it came; Body may have been erased since, and is empty when the file is a report of the bank, which is kept once.
	Bytes int
	Body  []byte
	At    time.Time
}

// evidenceExt is the ending of our own name for each type of file that is taken.
var evidenceExt = map[string]string{"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "text/plain": "txt"}

// Name is our own name for it: nothing that somebody typed.
func (f VerdictFile) Name(n payout.Number) string {
	return fmt.Sprintf("evidence-%d-%d.%s", int64(n), f.Version, evidenceExt[f.Media])
}

// maxPixels bounds what a picture claims to be.
const maxPixels = 100_000_000

// EvidenceMedia judges a file by its content: PDF, JPEG, PNG or plain text in UTF-8; "" for anything else.
func EvidenceMedia(b []byte) string {
	switch {
	case len(b) == 0:
		return ""
	case bytes.HasPrefix(b, []byte("%PDF-")):
		if bytes.Contains(b[max(0, len(b)-2048):], []byte("%%EOF")) {
			return "application/pdf"
		}
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")), bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		c, kind, err := image.DecodeConfig(bytes.NewReader(b))
		if err == nil && c.Width > 0 && c.Height > 0 && c.Width <= maxPixels/c.Height {
			return "image/" + kind
		}
	case utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f }):
		return "text/plain"
	}
	return ""
}

// CanRule reports whether people may rule on a payout's outcome: it is unknown, the evidence contradicts itself, or the bank has confirmed nothing for too long.
func (a *App) CanRule(s payout.Snapshot) bool { return a.canRule(s, a.Now()) }

func (a *App) canRule(s payout.Snapshot, now time.Time) bool {
	return s.State == payout.Unknown || s.Review || a.unconfirmed(s.State, s.Confirmed, s.SentAt, now)
}

// unconfirmed reports a payout that was sent and whose outcome the bank has not confirmed ten banking days after the request: failing polls move no state, so nothing
// else would ever bring it before people.
func (a *App) unconfirmed(state payout.State, confirmed bool, sent, now time.Time) bool {
	return state.Sent() && state != payout.Unknown && !confirmed && !sent.IsZero() && a.bankCalendar().BankDays(sent, now) >= protocol.OpenTooLong
}

// VerdictEntry is a ruling as a maker proposes it.
type VerdictEntry struct {
	Outcome, Basis, Reason string
	File                   []byte
	// Report and Row name the line of a bank's report that is the evidence instead of File, 0 for none.
	Report int64
	Row    int
	// Seen is the version in force on the proposer's screen, 0 for none.
	Seen int
}

// ProposeVerdict puts a ruling on a payout's outcome to two approvers, none of whom made the payout, or its payee up to the version that it names, or proposes this. Invalid at fields outcome ("verdict.outcome",
// "verdict.open", "verdict.early" with the first day, "verdict.returned"), basis, reason and file ("verdict.file", "verdict.large", "verdict.type"); Conflict
// "verdict.state" when nothing is to be ruled, and as propose. With a line of a report, as ReportEvidence, too, and Invalid at basis "verdict.rowbasis".
func (a *App) ProposeVerdict(ctx context.Context, w Who, id payout.ID, e VerdictEntry) error {
	var faults fault.List
	if e.Outcome != RuledPaid && e.Outcome != RuledNotPaid {
		faults = append(faults, fault.Bad("outcome", "verdict.outcome"))
	}
	if !slices.Contains(VerdictBases(), e.Basis) {
		faults = append(faults, fault.Bad("basis", "verdict.basis"))
	}
	reason, err := payout.CheckReason(e.Reason)
	if err != nil {
		faults = append(faults, fault.As(err)...)
	}
	var quote ReportQuote
	if e.Report > 0 {
		if quote, err = a.ReportEvidence(ctx, id, e.Report, e.Row); err != nil {
			return err
		}
		e.File = quote.Body
		if e.Basis != BasisStatement { // above all, it is not the bank's letter
			faults = append(faults, fault.Bad("basis", "verdict.rowbasis"))
		}
	}
	media := EvidenceMedia(e.File)
	switch {
	case len(e.File) == 0:
		faults = append(faults, fault.Bad("file", "verdict.file"))
	case len(e.File) > MaxEvidenceFile:
		faults = append(faults, fault.Bad("file", "verdict.large", MaxEvidenceFile>>20))
	case media == "":
		faults = append(faults, fault.Bad("file", "verdict.type"))
	}
	if len(faults) > 0 {
		return faults
	}
	return a.write(ctx, People, w, Propose, about(approval.Verdict, id), func(tx *sealed) error {
		po, err := tx.Payout(id)
		if err != nil {
			return err
		}
		st, err := a.protocolState(tx, po)
		if err != nil {
			return err
		}
		s, now := po.S(), a.Now()
		v := Verdict{Outcome: e.Outcome, Basis: e.Basis, Payout: string(id), Number: int64(s.Number), AmountMinor: s.Content.Amount.Minor, Was: string(s.State),
			File: hash(e.File), Media: media, Bytes: len(e.File), Report: quote.Line.Report, Row: quote.Line.N, ReportSHA: quote.File.SHA}
		if err := a.mayRule(st, s, v, now); err != nil {
			return err
		}
		// Who made the version of the payee that it names is a maker of the payout.
		made := slices.Clone(s.Makers)
		if c := s.Content; c.PayeeID != "" {
			more, err := payeeMakers(tx, c.PayeeID, c.PayeeVer)
			if err != nil {
				return err
			}
			made = append(made, slices.DeleteFunc(more, func(m string) bool { return slices.Contains(made, m) })...)
		}
		p, err := a.propose(tx, w.actor(), Proposal{Kind: approval.Verdict, ID: string(id), Op: "verdict.set", Doc: v.Doc(), Salt: a.salt(), Concerns: made, File: v.File},
			e.Seen, reason, now)
		if err != nil {
			return err
		}
		f := VerdictFile{Payout: id, Version: p.Version, SHA: v.File, Media: media, Bytes: len(e.File), Body: e.File, At: now}
		if v.File == v.ReportSHA {
			f.Body = []byte{} // it stands among the reports, and other payees in it: one copy, cleared at one place
		}
		return tx.AddVerdictFile(f)
	})
}

// mayRule judges a ruling when it is proposed and again when it takes effect.
func (a *App) mayRule(st protocol.State, s payout.Snapshot, v Verdict, now time.Time) error {
	switch {
	case !a.canRule(s, now):
		return fault.Moved("verdict.state", s.Number)
	case v.Paid():
		return nil
	case st.SaysOpen(): // also with a letter: the bank itself is still at it
		return fault.Bad("outcome", "verdict.open")
	case s.State == payout.Returned: // the money left and came back: there is no way from there to "not paid"
		return fault.Bad("outcome", "verdict.returned")
	case v.Basis == BasisLetter:
		return nil
	case s.SentAt.IsZero(): // we never asked for it: only the bank can say what that was
		return fault.Bad("outcome", "verdict.letter")
	}
	if day, early := a.ruleFrom(s, now); early {
		return fault.Bad("outcome", "verdict.early", asTyped(day))
	}
	return nil
}

// asTyped is a day as people type it, in both languages.
func asTyped(d calendar.Day) string {
	if !d.Valid() {
		return string(d)
	}
	return string(d[8:] + "." + d[5:7] + "." + d[:4])
}

// ruleFrom is the Moscow day from which "not paid" may be ruled without a letter: the one after the last of the banking days that must pass whole. early says that
// it has not come; where the calendar leaves no such day, it never comes.
func (a *App) ruleFrom(s payout.Snapshot, now time.Time) (day calendar.Day, early bool) {
	day = a.bankCalendar().AddBankDays(calendar.DayOf(s.SentAt), NotPaidAfter).Add(1)
	return day, !day.Valid() || calendar.DayOf(now) < day
}

// RuleFrom is the Moscow day from which "not paid" may be ruled on a payout without the bank's letter; early says that it has not come.
func (a *App) RuleFrom(s payout.Snapshot) (day calendar.Day, early bool) {
	return a.ruleFrom(s, a.Now())
}

// verdictTakesEffect makes the ruling evidence, and moves the payout to what it says. The bank may have spoken since it was proposed: it is judged again.
func (a *App) verdictTakesEffect(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	v, err := ParseVerdict(p.Doc)
	if err != nil {
		return nil, err
	}
	id := payout.ID(p.ID)
	po, err := tx.Payout(id)
	if err != nil {
		return nil, err
	}
	st, err := a.protocolState(tx, po)
	if err != nil {
		return nil, err
	}
	if err := a.mayRule(st, po.S(), v, now); err != nil {
		return nil, err
	}
	_, act := protocol.Next(st, protocol.Observation{At: now, Ruling: &protocol.Ruling{Paid: v.Paid()}})
	ev, err := tx.AddEvidence(id, act.Evidence, int64(p.Version))
	if err != nil {
		return nil, err
	}
	facts := map[string]any{"source": "verdict", "verdict": p.Version, "outcome": v.Outcome, "evidence": ev}
	if err := a.act(tx, po, act, false, payout.ActRuled, facts, now); err != nil {
		return nil, err
	}
	if s := po.S(); a.canRule(s, now) {
		return nil, fault.Moved("verdict.state", s.Number) // there is no way from here to what it says
	}
	return map[string]any{"outcome": v.Outcome}, nil
}

// dropVerdict ends an open ruling once the evidence itself has told how the payout ended: there is nothing left to rule.
func (a *App) dropVerdict(tx Tx, s payout.Snapshot, now time.Time) error {
	if a.canRule(s, now) {
		return nil
	}
	p, open, err := tx.OpenProposal(approval.Verdict, string(s.ID))
	if err != nil || !open {
		return err
	}
	by := payout.System("evidence")
	if err := tx.EndProposal(p, Stopped, by, now); err != nil {
		return err
	}
	tx.Touch(Change{Desk: true})
	return a.noteProposal(tx, p, by, "stopped", "", map[string]any{}, now)
}

// asksOf is what a person's yes to a proposal must be proved with. A ruling is signed by whoever has a key that signs, and above the amounts from which
// payouts are signed or need a second proof by everybody.
func (a *App) asksOf(tx Tx, w Who, p Proposal, now time.Time) (stepUp, error) {
	need := stepUp{Digest: p.Digest}
	if p.Kind != approval.Verdict {
		return need, nil
	}
	v, err := ParseVerdict(p.Doc)
	if err != nil {
		return need, err
	}
	set, err := a.inForce(tx)
	if err != nil {
		return need, err
	}
	mine, err := tx.Factors(w.Person)
	if err != nil {
		return need, err
	}
	need.Sign, need.Code = a.VerdictAsks(set, mine, v.AmountMinor, now)
	return need, nil
}

// VerdictAsks says what a yes to a ruling on so many kopecks must be proved with by somebody who has these factors: signed by a vouched passkey, or with a passkey or code.
func (a *App) VerdictAsks(set approval.RuleSet, mine []Factor, minor int64, now time.Time) (sign, code bool) {
	has := a.Keys != nil && slices.ContainsFunc(mine, func(f Factor) bool { return f.Signs(now) && !f.Copied() })
	return has || set.SignAboveMinor > 0 && minor > set.SignAboveMinor, set.StepUpAboveMinor > 0 && minor > set.StepUpAboveMinor
}

// BeginSignVerdict is BeginSign for the open ruling on a payout's outcome, with the keys that it asks for. Conflict as openFor.
func (a *App) BeginSignVerdict(ctx context.Context, w Who, id, seen string) (q Question, err error) {
	err = a.write(ctx, People, w, Sign, about(approval.Verdict, id), func(tx *sealed) error {
		p, err := a.openFor(tx, approval.Verdict, id, seen)
		if err != nil {
			return err
		}
		need, err := a.asksOf(tx, w, p, a.Now())
		if err != nil {
			return err
		}
		q, err = a.beginSign(tx, w, seen, need.Sign)
		return err
	})
	return q, err
}

// EvidenceFile returns the evidence beside a proposed ruling, for readers of payouts; the look stands in the history. NotFound when there is none.
func (a *App) EvidenceFile(ctx context.Context, w Who, id payout.ID, version int) (f VerdictFile, err error) {
	f, err = a.Store.VerdictFile(ctx, id, version)
	if err != nil {
		return f, err
	}
	if len(f.Body) == 0 {
		r, ok, err := a.Store.ReportFile(ctx, 0, f.SHA)
		if err != nil {
			return f, err
		}
		if ok {
			if f.Body, err = a.Store.ReportBody(ctx, r.ID); err != nil {
				return f, err
			}
		}
	}
	return f, a.write(ctx, People, w, ReadPayouts, about(approval.Verdict, id), func(tx *sealed) error {
		return a.append(tx, w.actor(), "look.file", string(approval.Verdict), string(id), version, map[string]any{"file": f.SHA}, "", a.Now())
	})
}
