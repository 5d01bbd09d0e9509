package app

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/factor"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// The kinds of Factor.
const (
	KindTOTP     = "totp"
	KindPasskey  = "passkey"
	KindRecovery = "recovery"
)

// Factor is what proves that a person is there, beside the password.
type Factor struct {
	ID, Person, Kind string
	// Name is the person's own word for it.
	Name string
	// Data is a passkey's public part, a one-time-code secret in a box, or the hash of a recovery code.
	Data []byte
	// Fingerprint is what people compare of a passkey.
	Fingerprint string
	CreatedAt   time.Time
	// VouchedBy is who vouched that the passkey is this person's ("founding" for a founder's first), SignsFrom since when it signs; zero: it does not.
	VouchedBy string
	SignsFrom time.Time
	// Step is the last time step that was used of one-time codes, the counter of a passkey.
	Step              int64
	UsedAt, RemovedAt time.Time
	Version           int64
	Seal              string
}

// Signs reports whether the passkey signs approvals now.
func (f Factor) Signs(now time.Time) bool {
	return f.Kind == KindPasskey && f.RemovedAt.IsZero() && f.VouchedBy != "" && !f.SignsFrom.IsZero() && !f.SignsFrom.After(now)
}

// Copied reports a passkey of which there may be a copy: it proves nothing any more.
func (f Factor) Copied() bool {
	c, err := factor.ParseCredential(f.Data)
	return f.Kind == KindPasskey && err == nil && c.CloneWarning
}

const (
	// demoPlace is the environment of the demo, whose bank is a pretended one.
	demoPlace = "demo"
	// founders is the VouchedBy of a founder's first passkey.
	founders = "founding"
	// vouchWait is how long after somebody vouched a passkey begins to sign.
	vouchWait = 24 * time.Hour
	// freshTime is how long after a proof of who is there factors may be changed.
	freshTime = 5 * time.Minute
	// enrolTime is how long a passkey or one-time codes may take to be set up.
	enrolTime = 10 * time.Minute
	// RecoveryCodes is how many a person gets at once.
	RecoveryCodes = 10
	maxFactorName = 60
)

// OpKey is the op of the proposal that vouches for a passkey.
const OpKey = "person.key"

// opEffects are what proposals of one op do, before the effect of their kind is looked at.
var opEffects = map[string]effect{OpKey: (*App).keyVouched}

func effectOf(p Proposal) effect {
	if do := opEffects[p.Op]; do != nil {
		return do
	}
	return effects[p.Kind]
}

// KeyDoc is the document of a proposal of OpKey.
type KeyDoc struct {
	Factor      string `json:"factor"`
	Fingerprint string `json:"fingerprint"`
	Key         string `json:"key"`
}

// keyHash is what the history keeps of a passkey: SHA-256 over the length of its id (4 bytes), the id and the public key.
func keyHash(id, public []byte) string {
	sum := sha256.Sum256(slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(len(id))), id, public))
	return hex.EncodeToString(sum[:])
}

// keyFacts is what the events of a person say about one of their passkeys.
type keyFacts struct {
	Factor    string   `json:"factor"`
	Kind      string   `json:"factor_kind"`
	Key       string   `json:"key"`
	RP        string   `json:"rp"`
	Origins   []string `json:"origins"`
	VouchedBy string   `json:"vouched_by"`
	SignsFrom int64    `json:"signs_from"`
	Removed   bool     `json:"removed"`
}

// keyIn is a passkey as the history knew it at a moment; the zero one when it was not there.
func keyIn(events []audit.Event, id string, at time.Time) keyFacts {
	var k keyFacts
	for _, e := range events {
		if e.At.After(at) {
			break
		}
		var f keyFacts
		if json.Unmarshal(e.Payload, &f) != nil || f.Factor != id {
			continue
		}
		switch {
		case e.Action == "factor.added":
			k = f
		case f.Removed:
			k = keyFacts{}
		case k.Factor != "":
			k.VouchedBy, k.SignsFrom = f.VouchedBy, f.SignsFrom
		}
	}
	return k
}

func emailMark(email string) string { return factor.Mark(factor.MarkEmail, email) }

// mark gives a mark to a person for ever; taken is the refusal when it is another's.
func (a *App) mark(tx Tx, mark, person string, taken error) error {
	owner, ok, err := tx.MarkOf(mark)
	switch {
	case err != nil:
		return err
	case ok && owner != person:
		return taken
	case ok:
		return nil
	}
	return tx.AddMark(mark, person, a.Now())
}

// putFactor stores the next version of a row, sealed, and returns what its event must say.
func (a *App) putFactor(tx Tx, f Factor) (map[string]any, error) {
	f.Version++
	f.Seal = a.factorSeal(f)
	facts := map[string]any{"factor": f.ID, "factor_kind": f.Kind, "fingerprint": f.Fingerprint, "factor_version": f.Version, "seal": f.Seal, "vouched_by": f.VouchedBy,
		"signs_from": micro(f.SignsFrom), "removed": !f.RemovedAt.IsZero()}
	if f.Version == 1 {
		return facts, tx.AddFactor(f)
	}
	return facts, tx.SaveFactor(f)
}

// addFactor stores a new factor and its event.
func (a *App) addFactor(tx Tx, by payout.Actor, f Factor, more map[string]any) error {
	facts, err := a.putFactor(tx, f)
	if err != nil {
		return err
	}
	for k, v := range more {
		facts[k] = v
	}
	return a.append(tx, by, "factor.added", "person", f.Person, 0, facts, f.Name, f.CreatedAt)
}

// removeFactor takes a factor away: why is "own", "used" (a recovery code), "replaced" or "reset".
func (a *App) removeFactor(tx Tx, by payout.Actor, f Factor, why string, now time.Time) error {
	return a.removeFactorAs(tx, by, f, map[string]any{"why": why}, now)
}

// removeFactorAs is removeFactor with what its event says besides.
func (a *App) removeFactorAs(tx Tx, by payout.Actor, f Factor, more map[string]any, now time.Time) error {
	f.RemovedAt = now
	facts, err := a.putFactor(tx, f)
	if err != nil {
		return err
	}
	maps.Copy(facts, more)
	return a.append(tx, by, "factor.removed", "person", f.Person, 0, facts, "", now)
}

// addTOTP stores a one-time-code secret for a person who is made on the console. Invalid "factor.secret", "factor.taken" at field totp-secret-file.
func (a *App) addTOTP(tx Tx, person string, secret []byte, now time.Time) error {
	clean, err := factor.ParseTOTPSecret(string(secret))
	if err != nil {
		return fault.Bad("totp-secret-file", "factor.secret").Because(err)
	}
	return a.keepTOTP(tx, theConsole.actor(), person, clean, "", 0, fault.Bad("totp-secret-file", "factor.taken"), now)
}

func (a *App) keepTOTP(tx Tx, by payout.Actor, person, secret, name string, step int64, taken error, now time.Time) error {
	if err := a.mark(tx, factor.SeedMark(secret), person, taken); err != nil {
		return err
	}
	f := Factor{ID: a.newID(now), Person: person, Kind: KindTOTP, Name: name, CreatedAt: now, Step: step}
	f.Data = a.Seal.Encrypt(a.Rand, []byte(secret), totpContext(f))
	// Its mark stands in the event: without the key of seeds nobody could tell that it was taken out of the table.
	return a.addFactor(tx, by, f, map[string]any{"mark": factor.SeedMark(secret)})
}

func totpContext(f Factor) string { return "totp/" + f.ID + "/" + f.Person }

// resetFactors takes every factor of a person away, with its events, and ends what they have open.
func (a *App) resetFactors(tx Tx, person string, now time.Time) error {
	all, err := tx.Factors(person)
	if err != nil {
		return err
	}
	for _, f := range all {
		if err := a.removeFactor(tx, payout.System("reset"), f, "reset", now); err != nil {
			return err
		}
	}
	return tx.EndLoginsOf(person, "")
}

// useCode uses up one time step of the person's one-time codes; ok is false for a code that is wrong or was used.
func (a *App) useCode(tx Tx, mine []Factor, code string, now time.Time) (ok bool, err error) {
	for _, f := range mine {
		if f.Kind != KindTOTP {
			continue
		}
		secret, err := a.Seal.Decrypt(f.Data, totpContext(f))
		if err != nil {
			return false, a.altered(factorRow(f.ID))
		}
		step, right := factor.TOTPStep(string(secret), code, now)
		if !right || step <= f.Step {
			continue
		}
		f.Step, f.UsedAt = step, now
		_, err = a.putFactor(tx, f)
		return err == nil, err
	}
	return false, nil
}

// useRecovery uses up a recovery code.
func (a *App) useRecovery(tx Tx, by payout.Actor, mine []Factor, code string, now time.Time) (ok bool, err error) {
	for _, f := range mine {
		if f.Kind == KindRecovery && factor.RecoveryMatch(string(f.Data), code, a.pepper(f.Person)) {
			f.UsedAt = now
			return true, a.removeFactor(tx, by, f, "used", now)
		}
	}
	return false, nil
}

func (a *App) pepper(person string) []byte { return a.Seal.Pepper("recovery/" + person) }

// present checks the sign-in that somebody acts through: it must be theirs and not over, and where everybody needs a second factor it must have been made with
// one. Without one only what halfIn lists opens. The console has no sign-in.
func present(tx *sealed, w Who, do Action) error {
	if w.Login == "" {
		return nil
	}
	l, ok, err := tx.Login(w.Login)
	if err != nil {
		return err
	}
	if !ok || l.Person != w.Person {
		return fault.Deny("signin.needed")
	}
	if l.Factor != "" || halfIn[do] {
		return nil
	}
	set, err := tx.a.inForce(tx)
	if err != nil {
		return err
	}
	if set.FactorNeeded {
		return fault.Deny("signin.factor")
	}
	return nil
}

// FactorMissing reports whether a sign-in opens nothing but enrolment: everybody needs a second factor, and it was made without one.
func (a *App) FactorMissing(ctx context.Context, l auth.SignIn) (bool, error) {
	if l.Factor != "" {
		return false, nil
	}
	set, err := a.RulesInForce(ctx)
	return set.FactorNeeded, err
}

// Factors lists what a person has, oldest first.
func (a *App) Factors(ctx context.Context, person string) ([]Factor, error) {
	all, err := a.Store.Factors(ctx, person)
	if err != nil {
		return nil, err
	}
	if err := a.checkFactors(all); err != nil {
		return nil, a.after(ctx, err)
	}
	return all, nil
}

// freshID names the row that says that whoever acts through a sign-in proved it lately.
func freshID(login string) string { return "fresh-" + cut(login, 32) }

func (a *App) freshSeal(c Challenge) string {
	return a.Seal.Of("challenge/"+c.ID, c.Person, 0, []byte(c.Purpose), c.Data, num(micro(c.ExpiresAt)))
}

// Fresh reports whether factors may be changed through this sign-in now: it was made, or proved again, within five minutes; or there is nothing to protect yet, where
// nobody needs a factor. It writes nothing.
func (a *App) Fresh(ctx context.Context, w Who) (bool, error) {
	if w.Login == "" {
		return true, nil
	}
	l, known, err := a.Login(ctx, w.Login)
	if err != nil {
		return false, err
	}
	c, asked, err := a.Store.ChallengeByID(ctx, freshID(w.Login))
	if err != nil {
		return false, err
	}
	if known && a.provedLately(w, l, c, asked, a.Now()) {
		return true, nil
	}
	set, err := a.RulesInForce(ctx)
	if err != nil || set.FactorNeeded {
		return false, err
	}
	mine, err := a.Factors(ctx, w.Person)
	return err == nil && len(mine) == 0, err
}

func (a *App) provedLately(w Who, l auth.SignIn, c Challenge, asked bool, now time.Time) bool {
	return now.Before(l.CreatedAt.Add(freshTime)) ||
		asked && c.Person == w.Person && string(c.Data) == w.Login && now.Before(c.ExpiresAt) && same(string(c.Nonce), a.freshSeal(c))
}

// fresh is Fresh within a transaction: Denied "factor.fresh".
func (a *App) fresh(tx Tx, w Who, mine []Factor, now time.Time) error {
	if w.Login == "" {
		return nil
	}
	l, known, err := tx.Login(w.Login)
	if err != nil {
		return err
	}
	c, asked, err := tx.Challenge(freshID(w.Login))
	if err != nil {
		return err
	}
	if known && a.provedLately(w, l, c, asked, now) {
		return nil
	}
	set, err := a.inForce(tx)
	if err != nil {
		return err
	}
	if len(mine) == 0 && !set.FactorNeeded {
		return nil
	}
	return fault.Deny("factor.fresh")
}

// ProveAgain shows with the password that the person is still there: their factors may be changed for five minutes. Invalid "password.wrong" at field current.
func (a *App) ProveAgain(ctx context.Context, w Who, password string) error {
	if _, _, err := a.CheckPassword(ctx, w.Email, password); err != nil {
		if fault.Is(err, "signin.wrong") {
			return fault.Bad("current", "password.wrong")
		}
		return err
	}
	return a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		now := a.Now()
		if err := tx.DropChallenge(freshID(w.Login)); err != nil {
			return err
		}
		c := Challenge{ID: freshID(w.Login), Person: w.Person, Purpose: "fresh", Data: []byte(w.Login), ExpiresAt: now.Add(freshTime)}
		c.Nonce = []byte(a.freshSeal(c))
		return a.ask(tx, c, now)
	})
}

// own is the beginning of every change of one's own factors.
func (a *App) own(tx *sealed, w Who, now time.Time) ([]Factor, error) {
	if acc, ok, err := tx.Account(w.Email); err != nil {
		return nil, err
	} else if ok && acc.MustChange {
		return nil, fault.Deny("signin.change")
	}
	mine, err := tx.Factors(w.Person)
	if err != nil {
		return nil, err
	}
	return mine, a.fresh(tx, w, mine, now)
}

func ofKind(all []Factor, kind string) []Factor {
	return slices.DeleteFunc(slices.Clone(all), func(f Factor) bool { return f.Kind != kind })
}

func factorName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if len([]rune(name)) > maxFactorName {
		return "", fault.Bad("name", "factor.name", maxFactorName)
	}
	return name, nil
}

// answeredBy finds the person's own open question of this purpose and uses it up.
func (a *App) answeredBy(tx Tx, w Who, id, purpose string, now time.Time) (Challenge, error) {
	c, ok, err := tx.Challenge(id)
	if err != nil {
		return c, err
	}
	if !ok || c.Person != w.Person || c.Purpose != purpose || !c.UsedAt.IsZero() || !now.Before(c.ExpiresAt) {
		return c, fault.Bad("form", "factor.expired")
	}
	if first, err := tx.UseChallenge(id, now); err != nil {
		return c, err
	} else if !first {
		return c, fault.Bad("form", "factor.expired")
	}
	return c, nil
}

// BeginPasskey starts the making of a passkey. Invalid "prove.address", "factor.many"; Denied "factor.fresh".
func (a *App) BeginPasskey(ctx context.Context, w Who) (q Question, err error) {
	if a.Keys == nil {
		return q, fault.Bad("form", "prove.address")
	}
	err = a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		now := a.Now()
		mine, err := a.own(tx, w, now)
		if err != nil {
			return err
		}
		creds, err := credentials(ofKind(mine, KindPasskey))
		if err != nil {
			return err
		}
		if len(creds) >= factor.MaxCredentials {
			return fault.Bad("form", "factor.many", factor.MaxCredentials)
		}
		options, session, err := a.Keys.BeginRegister(factor.User{ID: factor.UserHandle(w.Person), Name: w.Email, Display: tx.me.Name}, creds, factor.NewChallenge(a.Rand))
		if err != nil {
			return err
		}
		c := Challenge{ID: a.newID(now), Person: w.Person, Purpose: "register", Data: session, ExpiresAt: now.Add(enrolTime)}
		q = Question{c.ID, options}
		return a.ask(tx, c, now)
	})
	return q, err
}

// AddPasskey keeps the passkey that the browser made. A founder's first signs at once while the founding lasts; another approver's waits until a second person vouched for it: that is
// proposed here, if it can be. Invalid "factor.expired", "factor.refused", "factor.taken", "factor.name"; Denied "factor.fresh".
func (a *App) AddPasskey(ctx context.Context, w Who, challenge string, response []byte, name string) (f Factor, err error) {
	if a.Keys == nil {
		return f, fault.Bad("form", "prove.address")
	}
	if name, err = factorName(name); err != nil {
		return f, err
	}
	first := false
	err = a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		now := a.Now()
		mine, err := a.own(tx, w, now)
		if err != nil {
			return err
		}
		c, err := a.answeredBy(tx, w, challenge, "register", now)
		if err != nil {
			return err
		}
		cred, err := a.Keys.FinishRegister(factor.User{ID: factor.UserHandle(w.Person), Name: w.Email, Display: tx.me.Name}, c.Data, response)
		if err != nil {
			return fault.Bad("form", "factor.refused").Because(err)
		}
		for _, m := range cred.Marks() {
			if err := a.mark(tx, m, w.Person, fault.Bad("form", "factor.taken")); err != nil {
				return err
			}
		}
		for _, have := range ofKind(mine, KindPasskey) {
			if have.Fingerprint == factor.Fingerprint(cred) {
				return fault.Bad("form", "factor.have")
			}
		}
		f = Factor{ID: a.newID(now), Person: w.Person, Kind: KindPasskey, Name: name, Data: cred.Marshal(), Fingerprint: factor.Fingerprint(cred), CreatedAt: now, Step: int64(cred.SignCount)}
		if first, err = a.foundersFirst(tx, tx.me); err != nil {
			return err
		}
		if first {
			f.VouchedBy, f.SignsFrom = founders, now
		}
		if err := a.addFactor(tx, w.actor(), f, map[string]any{"key": keyHash(cred.ID, cred.PublicKey), "rp": a.Keys.RPID(), "origins": a.Keys.Origins()}); err != nil {
			return err
		}
		if err := a.nowWith(tx, w, signedFactor+f.ID); err != nil {
			return err
		}
		if first || !MayDecideOn(tx.me, approval.Payout) {
			return nil
		}
		f.Version = 1
		err = a.askVouch(tx, w, f, now)
		if k := fault.KindOf(err); k == fault.Conflict || k == fault.Invalid {
			return nil // something else about the person is open, or nobody could decide: the page has a button for later
		}
		return err
	})
	if err == nil && first {
		if err := a.Anchor(ctx); err != nil {
			a.Log.Error("a founder's key is not in the anchor yet", "error", err) // it goes there before the next send
		}
	}
	return f, err
}

// FounderKey is how the anchor lists a key that nobody had to vouch for: whose it is and its fingerprint; "" for an event that tells of none.
func FounderKey(e audit.Event) string {
	var f struct {
		Fingerprint string `json:"fingerprint"`
		VouchedBy   string `json:"vouched_by"`
	}
	if e.Action != "factor.added" || e.Kind != "person" || json.Unmarshal(e.Payload, &f) != nil || f.VouchedBy != founders {
		return ""
	}
	return e.Subject + " " + f.Fingerprint
}

// foundersFirst reports whether a passkey is the first that a founder ever had, the founding is not over, and nobody ever took their factors away: it signs
// without a second person's word. Its fingerprint stands in the anchor, and is shown to be written down. In the demo, where no money moves and payouts are there from
// the beginning, the founding never ends.
func (a *App) foundersFirst(tx Tx, p auth.Person) (bool, error) {
	if !p.Founding || !p.QuietFrom.IsZero() {
		return false, nil
	}
	if over, err := tx.Submitted(); err != nil || over && a.Place.Environment != demoPlace {
		return false, err
	}
	events, err := tx.EventsOf("person", p.ID)
	if err != nil {
		return false, err
	}
	for _, e := range events {
		if e.Action == "account.reset" || e.Action == "factor.added" && factString(e.Payload, "factor_kind") == KindPasskey {
			return false, nil
		}
	}
	return true, nil
}

// nowWith marks the present sign-in as one of somebody who has a factor.
func (a *App) nowWith(tx Tx, w Who, name string) error {
	if w.Login == "" {
		return nil
	}
	l, ok, err := tx.Login(w.Login)
	if err != nil || !ok || l.Factor != "" {
		return err
	}
	l.Factor = name
	l.Seal = a.loginSeal(l)
	return tx.SetLoginFactor(l)
}

// AskVouch proposes that a second person vouches for one's passkey. Invalid "factor.gone", "subject.nobody"; Conflict "subject.pending".
func (a *App) AskVouch(ctx context.Context, w Who, id string) error {
	return a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		mine, err := tx.Factors(w.Person)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(mine, func(f Factor) bool { return f.ID == id && f.Kind == KindPasskey && f.VouchedBy == "" })
		if i < 0 {
			return fault.Bad("form", "factor.gone")
		}
		return a.askVouch(tx, w, mine[i], a.Now())
	})
}

func (a *App) askVouch(tx Tx, w Who, f Factor, now time.Time) error {
	cred, err := factor.ParseCredential(f.Data)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(KeyDoc{f.ID, f.Fingerprint, keyHash(cred.ID, cred.PublicKey)})
	if err != nil {
		return err
	}
	inForce, err := tx.InForceVersion(approval.Person, w.Person)
	if err != nil {
		return err
	}
	p := Proposal{Kind: approval.Person, ID: w.Person, Op: OpKey, Doc: doc, Salt: a.salt(), Concerns: []string{w.Person}, By: w.actor(), At: now}
	hands, err := handsOf(tx, w.Person)
	if err != nil {
		return err
	}
	people, err := tx.Signers()
	if err != nil {
		return err
	}
	for _, h := range hands { // as many of them as leave somebody who can vouch
		more := p
		more.Concerns = append(slices.Clip(p.Concerns), h)
		if ok, _ := approval.Reachable(CaseOf(more, now), people); ok && !slices.Contains(p.Concerns, h) {
			p = more
		}
	}
	p.By, p.At = payout.Actor{}, time.Time{}
	_, err = a.propose(tx, w.actor(), p, inForce, "", now)
	return err
}

// handsOf are the persons through whose hands somebody's account went: who made the link that they used last, and who proposed the reset before it. With the link in
// their own hands they could be both who has the key and who vouches for it.
func handsOf(tx Tx, person string) ([]string, error) {
	events, err := tx.EventsOf("person", person)
	if err != nil {
		return nil, err
	}
	made, asked := map[string]string{}, map[int]string{}
	link, reset := "", ""
	for _, e := range events {
		switch e.Action {
		case "enrolment.made":
			made[factString(e.Payload, "enrolment")] = e.Person
		case "enrolment.used":
			link = made[factString(e.Payload, "enrolment")]
		case "person.proposed":
			if factString(e.Payload, "op") == PersonReset {
				asked[e.Version] = e.Person
			}
		case "person.effective":
			if by, is := asked[e.Version]; is {
				reset = by
			}
		}
	}
	var out []string
	for _, id := range []string{link, reset} {
		if _, err := tx.Person(id); err == nil && id != person && !slices.Contains(out, id) {
			out = append(out, id)
		} else if err != nil && fault.KindOf(err) != fault.NotFound { // the console is nobody
			return nil, err
		}
	}
	return out, nil
}

// unaskVouch takes back the open proposal to vouch for a passkey that is gone.
func (a *App) unaskVouch(tx Tx, w Who, id string, now time.Time) error {
	p, open, err := tx.OpenProposal(approval.Person, w.Person)
	if err != nil || !open || p.Op != OpKey || p.By.Person != w.Person {
		return err
	}
	var d KeyDoc
	if err := json.Unmarshal(p.Doc, &d); err != nil || d.Factor != id {
		return err
	}
	if err := tx.EndProposal(p, Withdrawn, w.actor(), now); err != nil {
		return err
	}
	tx.Touch(Change{Desk: true})
	return a.noteProposal(tx, p, w.actor(), "withdrawn", "", map[string]any{}, now)
}

// keyVouched is what a proposal of OpKey does: the passkey signs from the next day on.
func (a *App) keyVouched(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	var d KeyDoc
	if err := json.Unmarshal(p.Doc, &d); err != nil {
		return nil, err
	}
	f, ok, err := tx.Factor(d.Factor)
	if err != nil {
		return nil, err
	}
	if !ok || f.Person != p.ID || f.Kind != KindPasskey || !f.RemovedAt.IsZero() || f.VouchedBy != "" || f.Copied() {
		return nil, fault.Bad("form", "factor.gone")
	}
	cred, err := factor.ParseCredential(f.Data)
	if err != nil {
		return nil, err
	}
	if keyHash(cred.ID, cred.PublicKey) != d.Key || f.Fingerprint != d.Fingerprint {
		return nil, fault.Bad("form", "factor.gone")
	}
	ds, err := tx.Decisions(p.Kind, p.ID, p.Version)
	if err != nil {
		return nil, err
	}
	for _, x := range ds {
		if x.Answer == approval.Yes && x.Person != f.Person {
			f.VouchedBy = x.Person
		}
	}
	if f.VouchedBy == "" {
		return nil, fmt.Errorf("%w: nobody vouched for %s", payout.ErrBroken, f.ID)
	}
	f.SignsFrom = now.Add(vouchWait)
	return a.putFactor(tx, f)
}

// BeginTOTP makes a one-time-code secret that waits to be confirmed, and returns its id.
func (a *App) BeginTOTP(ctx context.Context, w Who) (id string, err error) {
	err = a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		now := a.Now()
		mine, err := a.own(tx, w, now)
		if err != nil {
			return err
		}
		if len(ofKind(mine, KindTOTP)) > 0 {
			return fault.Bad("form", "factor.totp_have")
		}
		c := Challenge{ID: a.newID(now), Person: w.Person, Purpose: "totp", ExpiresAt: now.Add(enrolTime)}
		c.Data = a.Seal.Encrypt(a.Rand, []byte(factor.NewTOTPSecret(a.Rand)), "enrol/"+c.ID)
		id = c.ID
		return a.ask(tx, c, now)
	})
	return id, err
}

// TOTPSecret is a secret that waits to be confirmed, for its own person's eyes, and its address for authenticator apps.
func (a *App) TOTPSecret(ctx context.Context, w Who, id string) (secret, address string, err error) {
	c, ok, err := a.Store.ChallengeByID(ctx, id)
	if err != nil {
		return "", "", err
	}
	if !ok || c.Person != w.Person || c.Purpose != "totp" || !c.UsedAt.IsZero() || !a.Now().Before(c.ExpiresAt) {
		return "", "", fault.Missing("notfound")
	}
	b, err := a.Seal.Decrypt(c.Data, "enrol/"+c.ID)
	if err != nil {
		return "", "", err
	}
	address, err = factor.TOTPURL(string(b), "Countersign", strings.ReplaceAll(w.Email, ":", ""))
	return string(b), address, err
}

// AddTOTP keeps the secret once a code of it was typed. Invalid "factor.expired", at field code "prove.code".
func (a *App) AddTOTP(ctx context.Context, w Who, id, code, name string) error {
	name, err := factorName(name)
	if err != nil {
		return err
	}
	return a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		now := a.Now()
		mine, err := a.own(tx, w, now)
		if err != nil {
			return err
		}
		if len(ofKind(mine, KindTOTP)) > 0 {
			return fault.Bad("form", "factor.totp_have")
		}
		c, err := a.answeredBy(tx, w, id, "totp", now)
		if err != nil {
			return err
		}
		secret, err := a.Seal.Decrypt(c.Data, "enrol/"+c.ID)
		if err != nil {
			return err
		}
		step, ok := factor.TOTPStep(string(secret), code, now)
		if !ok {
			return fault.Bad("code", "prove.code")
		}
		if err := a.keepTOTP(tx, w.actor(), w.Person, string(secret), name, step, fault.Bad("form", "factor.taken"), now); err != nil {
			return err
		}
		return a.nowWith(tx, w, KindTOTP)
	})
}

// NewRecovery replaces the person's recovery codes; they are shown once. Invalid "factor.first" without another factor.
func (a *App) NewRecovery(ctx context.Context, w Who) (codes []string, err error) {
	err = a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		now := a.Now()
		mine, err := a.own(tx, w, now)
		if err != nil {
			return err
		}
		old := ofKind(mine, KindRecovery)
		if len(old) == len(mine) {
			return fault.Bad("form", "factor.first")
		}
		for _, f := range old {
			if err := a.removeFactor(tx, w.actor(), f, "replaced", now); err != nil {
				return err
			}
		}
		codes = factor.NewRecoveryCodes(a.Rand, RecoveryCodes)
		for _, c := range codes {
			f := Factor{ID: a.newID(now), Person: w.Person, Kind: KindRecovery, Data: []byte(factor.RecoveryHash(c, a.pepper(w.Person))), CreatedAt: now}
			if err := a.addFactor(tx, w.actor(), f, nil); err != nil {
				return err
			}
		}
		return nil
	})
	return codes, err
}

// RemoveFactor takes one's own passkey or one-time codes away and ends the person's other sign-ins. Invalid "factor.gone"; "factor.last" while the rules want
// one and there is no other.
func (a *App) RemoveFactor(ctx context.Context, w Who, id string) error {
	return a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		now := a.Now()
		mine, err := a.own(tx, w, now)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(mine, func(f Factor) bool { return f.ID == id && f.Kind != KindRecovery })
		if i < 0 {
			return fault.Bad("form", "factor.gone")
		}
		real := len(mine) - len(ofKind(mine, KindRecovery))
		set, err := a.inForce(tx)
		if err != nil {
			return err
		}
		if set.FactorNeeded && real == 1 {
			return fault.Bad("form", "factor.last")
		}
		// The other sign-ins end: they may have been made with it.
		if err := a.removeFactorAs(tx, w.actor(), mine[i], map[string]any{"why": "own", signInsKept: signInName(w.Login)}, now); err != nil {
			return err
		}
		if err := a.unaskVouch(tx, w, id, now); err != nil {
			return err
		}
		if real == 1 { // nothing is left to recover
			for _, f := range ofKind(mine, KindRecovery) {
				if err := a.removeFactor(tx, w.actor(), f, "own", now); err != nil {
					return err
				}
			}
		}
		return tx.EndLoginsOf(w.Person, w.Login)
	})
}

// keySession is what a sign-in by passkey alone asked, in a box that the browser carries: nobody fills the database without signing in.
type keySession struct {
	Session []byte `json:"session"`
	Until   int64  `json:"until"`
}

// BeginKeySignIn asks any passkey of this desk who is there. It writes nothing.
func (a *App) BeginKeySignIn() (Question, error) {
	if a.Keys == nil {
		return Question{}, fault.Bad("form", "prove.address")
	}
	options, session, err := a.Keys.BeginLogin(factor.NewChallenge(a.Rand))
	if err != nil {
		return Question{}, err
	}
	doc, err := json.Marshal(keySession{session, a.Now().Add(signTime).UnixMicro()})
	if err != nil {
		return Question{}, err
	}
	return Question{base64.RawURLEncoding.EncodeToString(a.Seal.Encrypt(a.Rand, doc, "signin")), options}, nil
}

// KeySignIn signs a person in by a passkey alone. Denied "signin.key" for every kind of no; "prove.clone" when there may be a copy of the key.
func (a *App) KeySignIn(ctx context.Context, challenge string, response []byte, d Door, oldID string) (token string, s auth.SignIn, err error) {
	no := func(err error) error { return fault.Deny("signin.key").Because(err) }
	if a.Keys == nil || len(challenge) > 32<<10 {
		return "", s, no(nil)
	}
	box, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil {
		return "", s, no(err)
	}
	doc, err := a.Seal.Decrypt(box, "signin")
	if err != nil {
		return "", s, no(err)
	}
	var asked keySession
	if err := json.Unmarshal(doc, &asked); err != nil {
		return "", s, no(err)
	}
	token, id, err := auth.NewToken(a.Rand)
	if err != nil {
		return "", s, err
	}
	err = a.write(ctx, People, theVisitor, SignsIn, about("signin", cut(id, 16)), func(tx *sealed) error {
		now := a.Now()
		if !now.Before(time.UnixMicro(asked.Until)) {
			return no(nil)
		}
		// Its answer is good once: the question is kept as used until it is over. An answer that was used says nothing about the key's counter.
		used := sha256.Sum256(asked.Session)
		once := Challenge{ID: "signin-" + hex.EncodeToString(used[:16]), Purpose: "signin", ExpiresAt: time.UnixMicro(asked.Until), UsedAt: now}
		if _, seen, err := tx.Challenge(once.ID); err != nil {
			return err
		} else if seen {
			return no(nil)
		}
		var person auth.Person
		var mine []Factor
		var creds []factor.Credential
		var broken error // a row that was altered is no wrong key
		cred, _, err := a.Keys.FinishLogin(asked.Session, response, func(credential, handle []byte) (factor.User, []factor.Credential, error) {
			owner, ok, err := tx.MarkOf(factor.Mark(factor.MarkPasskey, base64.RawURLEncoding.EncodeToString(credential)))
			if err != nil || !ok || string(handle) != string(factor.UserHandle(owner)) {
				return factor.User{}, nil, errors.Join(factor.ErrUnknownKey, err)
			}
			if person, err = tx.Person(owner); err != nil {
				return factor.User{}, nil, err
			}
			all, err := tx.Factors(owner)
			if err != nil {
				broken = err
				return factor.User{}, nil, err
			}
			mine = ofKind(all, KindPasskey)
			creds, err = credentials(mine)
			return factor.User{ID: handle, Name: person.Name, Display: person.Name}, creds, err
		})
		if broken != nil {
			return broken
		}
		if err != nil {
			return no(err)
		}
		i := slices.IndexFunc(creds, func(x factor.Credential) bool { return string(x.ID) == string(cred.ID) })
		if i < 0 || person.Suspended {
			return no(nil)
		}
		accounts, err := tx.AccountsOf(person.ID)
		if err != nil {
			return err
		}
		if len(accounts) == 0 {
			return no(nil)
		}
		acc := accounts[0]
		if d.Only != "" {
			at := slices.IndexFunc(accounts, func(x Account) bool { return x.Email == d.Only })
			if at < 0 {
				return no(nil)
			}
			acc = accounts[at]
		}
		f := mine[i]
		if cred.CloneWarning {
			return a.cloned(f, Who{Person: person.ID, Email: acc.Email})
		}
		once.Person = person.ID
		if err := a.ask(tx, once, now); err != nil {
			return err
		}
		if err := a.usedKey(tx, f, cred, now); err != nil {
			return err
		}
		s, err = a.enter(tx, acc, d, id, signedFactor+f.ID, oldID, now)
		return err
	})
	return token, s, err
}
