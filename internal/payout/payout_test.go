package payout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/internal/bankdetails"
	"countersign/internal/fault"
	"countersign/internal/money"
)

var (
	now   = time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	maker = Actor{"m", "m@x.test"}
	appr  = Actor{"a", "a@x.test"}
	place = Place{"test", "p"}
)

func content() Content {
	c := Content{Details: bankdetails.Details{FullName: "Иванов Иван Иванович", BIK: "044525974", Account: bankdetails.WithAccountKey("044525974", "40817810000000000001"),
		Description: "Перевод по договору 7 НДС не облагается"}, AmountText: "1 234,56", Source: "desk"}
	return c.Clean()
}

// in builds a payout in a state, as its row would say, asked or not, refused for credentials or not.
func in(t testing.TB, st State, asked, credentialNo bool) *Payout {
	t.Helper()
	s := Snapshot{ID: "id", Number: 1001, State: st, Version: 2, Content: content(), Makers: []string{"m", "m2"}, Asked: asked, CredentialNo: credentialNo, CreatedAt: now, ChangedAt: now}
	if st != Draft {
		s.Digest, s.RuleSet, s.SubmittedAt = DigestOf(place, s.ID, 2, s.Content, s.Salt, nil), 1, now
	}
	if st.Sent() || asked || credentialNo {
		s.Reference, s.Key, s.SentAt = "cs1-1001-x", "k", now
	}
	p, err := Restore(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verbs is everything that can be done to a payout, by a maker (the one who wrote it), by an approver and by a worker.
var verbs = map[string]func(*Payout, Actor) error{
	"edit":    func(p *Payout, by Actor) error { _, err := p.Edit(content(), Salt{9}, 2, by, now); return err },
	"submit":  func(p *Payout, by Actor) error { _, err := p.Submit(place, nil, 1, 2, by, now); return err },
	"approve": func(p *Payout, by Actor) error { _, err := p.Approve(by, p.s.Digest, false, now, now); return err },
	"approve last": func(p *Payout, by Actor) error {
		_, err := p.Approve(by, p.s.Digest, true, now.Add(3*time.Second), now)
		return err
	},
	"take back": func(p *Payout, by Actor) error { _, err := p.TakeBack(by, p.s.Digest, now); return err },
	"ask": func(p *Payout, by Actor) error {
		_, err := p.AskChanges(by, p.s.Digest, "why?", Salt{9}, now)
		return err
	},
	"reject":    func(p *Payout, by Actor) error { _, err := p.Reject(by, p.s.Digest, "no", now); return err },
	"cancel":    func(p *Payout, by Actor) error { _, err := p.Cancel(by, "no", now); return err },
	"expire":    func(p *Payout, _ Actor) error { _, err := p.Expire(now); return err },
	"claim":     func(p *Payout, _ Actor) error { _, err := p.Claim("r", "k", now); return err },
	"not sent":  func(p *Payout, _ Actor) error { _, err := p.NotSent("bank_down", now); return err },
	"came back": func(p *Payout, _ Actor) error { _, err := p.CameBack("standing", now); return err },
}

// TestPayout_EveryVerb: every state x every verb x maker and approver: what is allowed and where it leads, exactly as design.md's table; everything else is refused and changes
// nothing at all. After the bank was asked no person moves it.
func TestPayout_EveryVerb(t *testing.T) {
	type move struct {
		from State
		verb string
		by   string // "m", "a" or "any"
	}
	allowed := map[move]State{
		{Draft, "edit", "any"}: Draft, {PendingApproval, "edit", "any"}: Draft, {Approved, "edit", "any"}: Draft,
		{Draft, "submit", "any"}:               PendingApproval,
		{PendingApproval, "approve", "a"}:      PendingApproval,
		{PendingApproval, "approve last", "a"}: Approved,
		{PendingApproval, "take back", "a"}:    PendingApproval, {Approved, "take back", "a"}: PendingApproval,
		{PendingApproval, "ask", "a"}:    Draft,
		{PendingApproval, "reject", "a"}: Rejected, {Approved, "reject", "a"}: Rejected,
		{Draft, "cancel", "any"}: Cancelled, {PendingApproval, "cancel", "any"}: Cancelled, {Approved, "cancel", "any"}: Cancelled,
		{PendingApproval, "expire", "any"}: Expired, {Approved, "expire", "any"}: Expired,
		{Approved, "claim", "any"}:     Sending,
		{Sending, "not sent", "any"}:   Approved,
		{Approved, "came back", "any"}: PendingApproval,
	}
	for _, st := range States() {
		for verb, do := range verbs {
			for _, by := range []Actor{maker, appr} {
				name := fmt.Sprintf("%s/%s/%s", st, verb, by.Person)
				p := in(t, st, false, false)
				before := p.S()
				want, ok := allowed[move{st, verb, by.Person}]
				if !ok {
					want, ok = allowed[move{st, verb, "any"}]
				}
				err := do(p, by)
				switch {
				case ok && err != nil:
					t.Errorf("%s: refused: %v", name, err)
				case ok && p.S().State != want:
					t.Errorf("%s: became %s, want %s", name, p.S().State, want)
				case !ok && err == nil:
					t.Errorf("%s: allowed, became %s", name, p.S().State)
				case !ok && fault.KindOf(err) == 0:
					t.Errorf("%s: not a fault: %v", name, err)
				case !ok && !reflect.DeepEqual(before, p.S()):
					t.Errorf("%s: refused and changed", name)
				}
				if ok && p.S().State != before.State && !CanMove(before.State, p.S().State) {
					t.Errorf("%s: no such edge", name)
				}
				if by == maker && slices.Contains([]string{"approve", "approve last", "take back", "ask", "reject"}, verb) && !fault.Is(err, "approve.own") {
					t.Errorf("%s: a maker decides about their own: %v", name, err)
				}
				// Once asked, every way back to the people is closed; after a credential refusal only those to draft.
				if asked := in(t, st, true, false); st.Waiting() && slices.Contains([]string{"edit", "ask", "reject", "cancel", "expire"}, verb) && do(asked, by) == nil {
					t.Errorf("%s: allowed after the bank was asked", name)
				}
				if cred := in(t, st, false, true); ok && want == Draft && do(cred, by) == nil {
					t.Errorf("%s: back to draft after a credential refusal", name)
				}
				if cred := in(t, st, false, true); ok && want != Draft && verb != "submit" && do(cred, by) != nil {
					t.Errorf("%s: closed after a credential refusal", name)
				}
			}
		}
	}
}

// TestPayout_Refusals: what was seen must be what is: another digest, an old version, no reason, too long a reason, a draft over its sizes.
func TestPayout_Refusals(t *testing.T) {
	code := func(err error, want string) {
		t.Helper()
		if !fault.Is(err, want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	p := in(t, PendingApproval, false, false)
	for _, seen := range []Digest{"", "x", p.s.Digest[:10], p.s.Digest + "0"} {
		_, err := p.Approve(appr, seen, true, now, now)
		code(err, "approve.moved")
		_, err = p.TakeBack(appr, seen, now)
		code(err, "approve.moved")
		_, err = p.Reject(appr, seen, "x", now)
		code(err, "approve.moved")
		_, err = p.AskChanges(appr, seen, "x", Salt{}, now)
		code(err, "approve.moved")
	}
	for reason, want := range map[string]string{"": "reason.needed", " \t\n": "reason.needed", strings.Repeat("я", MaxReason+1): "reason.long"} {
		_, err := p.Reject(appr, p.s.Digest, reason, now)
		code(err, want)
		_, err = p.Cancel(maker, reason, now)
		code(err, want)
		_, err = p.AskChanges(appr, p.s.Digest, reason, Salt{}, now)
		code(err, want)
	}
	if got, err := CheckReason("  " + strings.Repeat("я", MaxReason) + " "); err != nil || len([]rune(got)) != MaxReason {
		t.Errorf("%v", err)
	}
	for _, seen := range []int{1, 3, 0, -1} {
		_, err := p.Edit(content(), Salt{}, seen, maker, now)
		code(err, "payout.moved")
		_, err = in(t, Draft, false, false).Submit(place, nil, 1, seen, maker, now)
		code(err, "payout.moved")
	}
	c := content()
	c.Note = strings.Repeat("x", MaxDraftField+1)
	_, err := p.Edit(c, Salt{}, 2, maker, now)
	code(err, bankdetails.CodeTyped)
	_, _, err = New("id", c, Salt{}, maker, now)
	code(err, bankdetails.CodeTyped)
	d := in(t, Draft, false, false)
	d.s.Content = Content{AmountText: "1.000"}
	if _, err := d.Submit(place, nil, 1, 2, maker, now); fault.KindOf(err) != fault.Invalid || d.s.State != Draft {
		t.Errorf("an incomplete draft is submitted: %v", err)
	}
	if p.S().State != PendingApproval || p.S().Version != 2 {
		t.Error("a refusal changed it")
	}
}

// TestPayout_Edit: an edit makes a new version, voids digest, warnings and times, makes the editor a maker for good, and cannot change what it replaces or how it was entered; asking for
// changes does the same but makes nobody a maker.
func TestPayout_Edit(t *testing.T) {
	p := in(t, Approved, false, false)
	p.s.Content.Replaces, p.s.Acks, p.s.ApprovedAt, p.s.SendAt, p.s.Why = "old", []string{"duplicate"}, now, now, "standing"
	c := content()
	c.Replaces, c.Source = "another", "forged"
	e, err := p.Edit(c, Salt{7}, 2, Actor{"n", "n@x.test"}, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s := p.S()
	if s.State != Draft || s.Version != 3 || s.Digest != "" || s.Acks != nil || s.RuleSet != 0 || !s.SubmittedAt.IsZero() || !s.ApprovedAt.IsZero() || !s.SendAt.IsZero() || s.Why != "" || s.Salt != (Salt{7}) ||
		s.Content.Replaces != "old" || s.Content.Source != "desk" || fmt.Sprint(s.Makers) != "[m m2 n]" || !s.ChangedAt.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v", s)
	}
	if e.From != Approved || e.To != Draft || e.Version != 3 || e.Digest != "" {
		t.Errorf("%+v", e)
	}
	p = in(t, PendingApproval, false, false)
	if _, err := p.AskChanges(appr, p.s.Digest, "why?", Salt{7}, now); err != nil {
		t.Fatal(err)
	}
	if s := p.S(); fmt.Sprint(s.Makers) != "[m m2]" || !s.ChangesAsked || s.Version != 3 || s.Digest != "" || s.Content != content() {
		t.Errorf("%+v", s)
	}
	// Who submits vouches for it.
	if _, err := p.Submit(place, []string{"b", "a", "b"}, 1, 3, appr, now); err != nil || !p.IsMaker("a") || fmt.Sprint(p.S().Acks) != "[a b]" {
		t.Errorf("%v %v", err, p.S())
	}
	// What came out cannot be used to change what is inside.
	p.S().Makers[0] = "forged"
	if !p.IsMaker("m") {
		t.Error("a copy shares its makers")
	}
	p.Numbered(5)
	if p.S().Number != 1001 {
		t.Error("a number was given twice")
	}
}

// TestPayout_Claim: reference and key are made once and never change.
func TestPayout_Claim(t *testing.T) {
	p := in(t, Approved, false, false)
	for i, why := range []string{"bank_down", "credentials", "bank_down"} {
		if _, err := p.Claim(fmt.Sprint("r", i), fmt.Sprint("k", i), now); err != nil {
			t.Fatal(err)
		}
		if s := p.S(); s.Reference != "r0" || s.Key != "k0" {
			t.Fatalf("claim %d: %s %s", i, s.Reference, s.Key)
		}
		if _, err := p.NotSent(why, now); err != nil {
			t.Fatal(err)
		}
	}
	if s := p.S(); !s.CredentialNo || s.Asked || s.Why != "bank_down" {
		t.Errorf("%+v", s)
	}
}

// TestEdges: the table has the shape that design.md promises: no edge leads from a sent state back to a sendable one but sending to approved, ends without the bank are left only by
// evidence and only to unknown, every state can be reached, and nothing returned moves again.
func TestEdges(t *testing.T) {
	reached := map[State]bool{Draft: true}
	for _, e := range Edges() {
		reached[e.To] = true
		if e.From.Sent() && !e.To.Sent() && (e.From != Sending || e.To != Approved) {
			t.Errorf("%s leads back to %s", e.From, e.To)
		}
		if e.From.Ended() && (e.To != Unknown || e.By != "evidence") {
			t.Errorf("%s leads to %s by %s", e.From, e.To, e.By)
		}
		if e.From == Returned {
			t.Errorf("returned leads to %s", e.To)
		}
		if e.To == Sending && (e.From != Approved || e.By != "dispatcher") {
			t.Errorf("%s leads to sending by %s", e.From, e.By)
		}
		if e.To == Approved && e.By != "approver" && e.By != "dispatcher" {
			t.Errorf("%s approves", e.By)
		}
		if !CanMove(e.From, e.To) {
			t.Errorf("%s to %s is in the table and refused", e.From, e.To)
		}
	}
	for _, s := range States() {
		if !reached[s] {
			t.Errorf("%s cannot be reached", s)
		}
		n := 0
		for _, is := range []bool{s.Waiting(), s.Sent(), s.Ended()} {
			if is {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is of %d sorts", s, n)
		}
		if CanMove(s, "") || CanMove(s, "paid") || CanMove("paid", s) {
			t.Errorf("%s moves out of the table", s)
		}
	}
	if len(States()) != 12 {
		t.Errorf("%d states", len(States()))
	}
}

// TestDigest_EveryField: whatever is changed in what an approver sees, and in what is sent, changes the digest; what is not in it does not. Personal values are in it only as commitments.
// Promise 3.
func TestDigest_EveryField(t *testing.T) {
	c := content()
	c.INN, c.KPP, c.OwnRef, c.Note, c.DueDate, c.PayeeID, c.PayeeVer, c.Replaces = "7707083893", "770701001", "17", "акт", "2026-12-01", "py", 1, "old"
	salt := Salt{1}
	base := DigestOf(place, "id", 2, c, salt, []string{"duplicate"})
	seen := map[Digest]string{base: "the original"}
	differs := func(what string, d Digest) {
		t.Helper()
		if other, ok := seen[d]; ok {
			t.Errorf("%s gives the digest of %s", what, other)
		}
		seen[d] = what
	}
	v := reflect.ValueOf(&c).Elem()
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		for i := range v.NumField() {
			f, name := v.Field(i), path+v.Type().Field(i).Name
			if f.Kind() == reflect.Struct {
				walk(name+".", f)
				continue
			}
			old := reflect.ValueOf(f.Interface())
			switch f.Kind() {
			case reflect.String:
				f.SetString(f.String() + "1")
			case reflect.Int, reflect.Int64:
				f.SetInt(f.Int() + 1)
			default:
				t.Fatalf("%s is a %s: say how it is changed", name, f.Kind())
			}
			d := DigestOf(place, "id", 2, c, salt, []string{"duplicate"})
			if name == "AmountText" { // how it was typed; the amount itself is in
				if d != base {
					t.Error("how the amount was typed is in the digest")
				}
			} else {
				differs(name, d)
			}
			f.Set(old.Convert(f.Type()))
		}
	}
	walk("", v)
	differs("environment", DigestOf(Place{"live", "p"}, "id", 2, c, salt, []string{"duplicate"}))
	differs("project", DigestOf(Place{"test", "q"}, "id", 2, c, salt, []string{"duplicate"}))
	differs("id", DigestOf(place, "ie", 2, c, salt, []string{"duplicate"}))
	differs("version", DigestOf(place, "id", 3, c, salt, []string{"duplicate"}))
	differs("salt", DigestOf(place, "id", 2, c, Salt{2}, []string{"duplicate"}))
	differs("no warnings", DigestOf(place, "id", 2, c, salt, nil))
	differs("two warnings", DigestOf(place, "id", 2, c, salt, []string{"duplicate", "no_vat"}))
	if DigestOf(place, "id", 2, c, salt, []string{"b", "a"}) != DigestOf(place, "id", 2, c, salt, []string{"a", "b"}) {
		t.Error("the order of warnings matters")
	}
	b := CanonicalBytes(place, "id", 2, c, salt, nil)
	for _, personal := range []string{c.FullName, c.Account, c.BIK, c.Description, c.INN, c.KPP, c.Note} {
		if bytes.Contains(b, []byte(personal)) {
			t.Errorf("%q stands in the canonical bytes", personal)
		}
	}
	// The spelling is a promise: who checks a digest elsewhere needs exactly these names in this order.
	const want = `{"spec":"payout/1","kind":"payout","environment":"test","project":"p","id":"id","version":2,"amount_minor":123456,"currency":"RUB","full_name":`
	if !bytes.HasPrefix(b, []byte(want)) {
		t.Errorf("%s", b)
	}
	var m map[string]any
	if err := json.Unmarshal(CanonicalBytes(place, "id", 2, content(), salt, nil), &m); err != nil || len(m) != 22 {
		t.Errorf("%d fields: %v", len(m), err)
	}
}

// TestDigest_Injective: two different contents never have the same canonical bytes, wherever the texts are cut: a value cannot slip from one field into the next.
func TestDigest_Injective(t *testing.T) {
	text := rapid.SampledFrom([]string{"", "a", "b", "ab", "\x00", "a\x00b", `"`, `","bik":"`, "\u2028", "<>&", "я"})
	gen := rapid.Custom(func(t *rapid.T) Content {
		return Content{Details: bankdetails.Details{FullName: text.Draw(t, "name"), BIK: text.Draw(t, "bik"), Account: text.Draw(t, "account"), INN: text.Draw(t, "inn"), KPP: text.Draw(t, "kpp"),
			Description: text.Draw(t, "purpose")}, OwnRef: text.Draw(t, "ref"), Note: text.Draw(t, "note"), Amount: money.Amount{Minor: rapid.Int64Range(0, 2).Draw(t, "minor"), Currency: money.RUB}, Source: text.Draw(t, "source"),
			Replaces: ID(text.Draw(t, "replaces")), DueDate: text.Draw(t, "due")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		same := bytes.Equal(CanonicalBytes(place, "id", 1, a, Salt{1}, nil), CanonicalBytes(place, "id", 1, b, Salt{1}, nil))
		if same != (a == b) {
			t.Fatalf("%+v and %+v: same bytes %v", a, b, same)
		}
	})
}

// TestRestore: a row that this package cannot have made is not loaded, and everything that it made is.
func TestRestore(t *testing.T) {
	good := in(t, Sending, false, false).S()
	for name, breakIt := range map[string]func(*Snapshot){
		"no id": func(s *Snapshot) { s.ID = "" }, "no state": func(s *Snapshot) { s.State = "" }, "an unknown state": func(s *Snapshot) { s.State = "paid" }, "version 0": func(s *Snapshot) { s.Version = 0 },
		"no maker": func(s *Snapshot) { s.Makers = nil }, "no digest": func(s *Snapshot) { s.Digest = "" }, "no amount": func(s *Snapshot) { s.Content.Amount.Minor = 0 },
		"a negative amount": func(s *Snapshot) { s.Content.Amount.Minor = -1 }, "no reference": func(s *Snapshot) { s.Reference = "" }, "no key": func(s *Snapshot) { s.Key = "" },
	} {
		s := good
		breakIt(&s)
		if _, err := Restore(s); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, st := range States() {
		in(t, st, false, false)
	}
}

// TestErased: only a content without any text counts as cleared.
func TestErased(t *testing.T) {
	if !(Content{}).Erased() || content().Erased() {
		t.Error("wrong")
	}
	for _, c := range []Content{{Note: "x"}, {OwnRef: "x"}, {AmountText: "1"}, {Details: bankdetails.Details{INN: "1"}}, {Details: bankdetails.Details{KPP: "1"}}} {
		if c.Erased() {
			t.Errorf("%+v counts as cleared", c)
		}
	}
}

// TestMachine walks a payout at random through every verb and every outcome that the protocol may compute: whatever comes, it moves only along edges of the table, its invariants
// hold, makers are never forgotten, versions never go back, reference and key never change once made, nobody approves their own, and after the bank was asked no person moves it.
func TestMachine(t *testing.T) {
	states := []State{Sending, InProgress, Succeeded, Failed, Unknown, Returned}
	names := make([]string, 0, len(verbs))
	for n := range verbs {
		names = append(names, n)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		p, _, err := New("id", content(), Salt{1}, maker, now)
		if err != nil {
			t.Fatal(err)
		}
		p.Numbered(1001)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			before := p.S()
			by := rapid.SampledFrom([]Actor{maker, appr, {"b", "b@x.test"}, {"c", "c@x.test"}}).Draw(t, "by")
			person := true
			switch verb := rapid.SampledFrom(append(names, "edit now", "submit now", "follow", "follow", "follow")).Draw(t, "verb"); verb {
			case "edit now":
				_, err = p.Edit(content(), Salt{2}, before.Version, by, now)
			case "submit now":
				_, err = p.Submit(place, nil, 1, before.Version, by, now)
			case "follow":
				person, err = false, nil
				o := Outcome{State: rapid.SampledFrom(states).Draw(t, "outcome"), Review: rapid.Bool().Draw(t, "review"), Confirmed: rapid.Bool().Draw(t, "confirmed"), Session: rapid.SampledFrom([]string{"", "ps_1"}).Draw(t, "session")}
				if p.s.Reference != "" { // else no evidence can be about it
					for i := 0; ; i++ {
						from := p.s.State
						e, ok := p.Follow(o, false, now)
						if !ok {
							break
						}
						if i > 3 {
							t.Fatalf("%s never arrives at %+v", before.State, o)
						}
						if e.From != from || e.To != p.s.State || from != p.s.State && !CanMove(from, p.s.State) {
							t.Fatalf("from %s to %s: %+v", from, p.s.State, e)
						}
					}
					if p.s.State != o.State && !p.s.Review {
						t.Fatalf("%s stays %s against %s without a flag", before.State, p.s.State, o.State)
					}
				}
			default:
				person = !slices.Contains([]string{"claim", "not sent", "came back", "expire"}, verb)
				err = verbs[verb](p, by)
				if err == nil && before.State != p.s.State && !CanMove(before.State, p.s.State) {
					t.Fatalf("%s moved %s to %s", verb, before.State, p.s.State)
				}
				if err == nil && strings.HasPrefix(verb, "approve") && slices.Contains(before.Makers, by.Person) {
					t.Fatal("a maker approved")
				}
			}
			after := p.S()
			if err != nil && !reflect.DeepEqual(before, after) {
				t.Fatalf("refused (%v) and changed: %+v to %+v", err, before, after)
			}
			if _, err := Restore(after); err != nil {
				t.Fatalf("an impossible payout: %v", err)
			}
			if before.State.Sent() && person && before.State != after.State {
				t.Fatalf("a person moved %s to %s", before.State, after.State)
			}
			if before.Reference != "" && (after.Reference != before.Reference || after.Key != before.Key) {
				t.Fatal("reference or key changed")
			}
			if after.Version < before.Version || len(after.Makers) < len(before.Makers) || !slices.Equal(after.Makers[:len(before.Makers)], before.Makers) {
				t.Fatal("versions or makers went back")
			}
			if after.Digest != "" && after.Digest != DigestOf(place, after.ID, after.Version, after.Content, after.Salt, after.Acks) {
				t.Fatal("the digest is not that of the content")
			}
		}
	})
}
