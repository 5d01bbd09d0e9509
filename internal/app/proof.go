package app

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/factor"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// FactorPassword is how a decision was proved where nothing more was asked.
const FactorPassword = "password"

// Proof is what came with a decision to show that the person is there: a passkey's answer to a challenge, a one-time code, or the password. The zero
// Proof is a press on the button alone.
type Proof struct {
	// Challenge is the id of the question, Response what the browser's passkey answered (JSON).
	Challenge string
	Response  []byte
	// Code is a one-time code, Password the password typed anew, where that is asked for.
	Code, Password string
}

// stepUp is what a decision asks of its proof.
type stepUp struct {
	Digest string
	// Sign: only a vouched passkey will do. Code: a passkey or a one-time code.
	Sign, Code bool
}

// keepProof stores what proves the decision that was just written, and returns what its event must say of it. It may be called for several decisions that
// one proof stands for.
type keepProof func(tx Tx, kind approval.Kind, id string, version int) (map[string]any, error)

func keepNothing(Tx, approval.Kind, string, int) (map[string]any, error) {
	return map[string]any{}, nil
}

// signTime is how long a question put to a passkey is good for.
const signTime = 120 * time.Second

// maxQuestions bounds the open questions of one person.
const maxQuestions = 60

// Challenge is a question put to a person: one answer, for a short time.
type Challenge struct {
	ID, Person string
	// Purpose is "sign", "register", "totp" or "fresh"; an answer to one is none to another.
	Purpose string
	// Digest is what is signed.
	Digest    string
	Nonce     []byte
	Data      []byte
	ExpiresAt time.Time
	UsedAt    time.Time
}

// ProofRow is what a passkey signed, with everything that is needed to check it without the desk.
type ProofRow struct {
	Kind    approval.Kind
	ID      string
	Version int
	Person  string
	Seq     int
	// Factor is the id of the passkey, Digest what was signed: the decision's, or that of the list it is part of.
	Factor, Digest string
	Nonce          []byte
	ExpiresAt      time.Time
	Credential, PublicKey,
	AuthData, ClientData, Signature []byte
}

// Hash is the mark of the row in the event of its decision: SHA-256 over nonce, credential, public key, authenticator data, client data and signature, each with
// its length before it as 4 bytes.
func (p ProofRow) Hash() string {
	h := sha256.New()
	for _, b := range [][]byte{p.Nonce, p.Credential, p.PublicKey, p.AuthData, p.ClientData, p.Signature} {
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))) // a hash never fails to take bytes
		_, _ = h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (p ProofRow) assertion() factor.Assertion {
	return factor.Assertion{CredentialID: p.Credential, AuthenticatorData: p.AuthData, ClientData: p.ClientData, Signature: p.Signature}
}

// Question is what a browser asks a passkey: the id that comes back with the answer, and the options of navigator.credentials as JSON.
type Question struct {
	ID      string          `json:"challenge"`
	Options json.RawMessage `json:"options"`
}

// BeginSign puts the question whose answer signs this digest: 120 seconds, once. Vouched passkeys are asked; sign: only those, else, where there is none, any. Invalid "prove.address" where the desk's
// address allows no passkeys, "prove.none" when the person has none; Denied "prove.vouch", "prove.wait" (hours); TooMany "prove.many".
func (a *App) BeginSign(ctx context.Context, w Who, digest string, sign bool) (q Question, err error) {
	if digest == "" {
		return q, fault.Bad("digest", "approve.digest")
	}
	err = a.write(ctx, People, w, Sign, about("digest", digest), func(tx *sealed) error {
		q, err = a.beginSign(tx, w, digest, sign)
		return err
	})
	return q, err
}

// BeginSignPayout is BeginSign for what the person sees of a payout, with the keys that its rules ask for. Conflict "approve.moved" when another version is there.
func (a *App) BeginSignPayout(ctx context.Context, w Who, id payout.ID, seen payout.Digest) (q Question, err error) {
	if seen == "" {
		return q, fault.Bad("digest", "approve.digest")
	}
	err = a.write(ctx, People, w, Sign, about(approval.Payout, id), func(tx *sealed) error {
		p, err := tx.Payout(id)
		if err != nil {
			return err
		}
		if err := a.canDecide(tx, w, p, seen); err != nil {
			return err
		}
		st, _, err := a.standing(tx, p)
		if err != nil {
			return err
		}
		q, err = a.beginSign(tx, w, string(seen), st.Sign)
		return err
	})
	return q, err
}

func (a *App) beginSign(tx *sealed, w Who, digest string, sign bool) (Question, error) {
	now := a.Now()
	mine, err := tx.Factors(w.Person)
	if err != nil {
		return Question{}, err
	}
	keys, err := a.signKeys(mine, sign, now)
	if err != nil {
		return Question{}, err
	}
	c := Challenge{ID: a.newID(now), Person: w.Person, Purpose: "sign", Digest: digest, Nonce: a.bytes(32), ExpiresAt: now.Add(signTime).UTC().Truncate(time.Microsecond)}
	if err := a.ask(tx, c, now); err != nil {
		return Question{}, err
	}
	user := factor.User{ID: factor.UserHandle(w.Person), Name: w.Email, Display: tx.me.Name}
	options, err := a.Keys.BeginSign(user, keys, factor.SignChallenge(c.Digest, c.Person, c.Nonce, c.ExpiresAt))
	return Question{c.ID, options}, err
}

// ask stores a question, and drops those that are over.
func (a *App) ask(tx Tx, c Challenge, now time.Time) error {
	if err := tx.DropChallenges(now); err != nil {
		return err
	}
	n, err := tx.Challenges(c.Person)
	if err != nil {
		return err
	}
	if n >= maxQuestions {
		return fault.Slow("prove.many", int(signTime/time.Second))
	}
	return tx.AddChallenge(c)
}

// signKeys are the passkeys that may answer.
func (a *App) signKeys(mine []Factor, sign bool, now time.Time) ([]factor.Credential, error) {
	if a.Keys == nil {
		return nil, fault.Bad("form", "prove.address")
	}
	var all, vouched []Factor
	var from time.Time
	for _, f := range mine {
		if f.Kind != KindPasskey {
			continue
		}
		all = append(all, f)
		if f.Signs(now) {
			vouched = append(vouched, f)
		} else if f.VouchedBy != "" && (from.IsZero() || f.SignsFrom.Before(from)) {
			from = f.SignsFrom
		}
	}
	if !sign && len(vouched) == 0 {
		vouched = all
	}
	switch {
	case len(all) == 0:
		return nil, fault.Bad("form", "prove.none")
	case len(vouched) > 0:
		return credentials(vouched)
	case !from.IsZero():
		return nil, fault.Deny("prove.wait", int(math.Ceil(from.Sub(now).Hours())))
	}
	return nil, fault.Deny("prove.vouch")
}

func credentials(fs []Factor) ([]factor.Credential, error) {
	out := make([]factor.Credential, len(fs))
	for i, f := range fs {
		var err error
		if out[i], err = factor.ParseCredential(f.Data); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// prove checks the proof of a decision and names the factor that its row will carry. Invalid "prove.needed" without a signature where one is needed, "prove.expired"
// for an answer to no open question of this person about this digest, "prove.key" for a passkey that is not theirs, "prove.refused" for one that proves
// nothing; at field code "prove.code_needed", "prove.code", "prove.no_code"; Denied "prove.vouch", "prove.wait", "prove.clone".
func (a *App) prove(tx Tx, w Who, p Proof, need stepUp, now time.Time) (string, keepProof, error) {
	switch {
	case p.Challenge != "" || len(p.Response) > 0:
		return a.proveKey(tx, w, p, need, now)
	case need.Sign:
		mine, err := tx.Factors(w.Person)
		if err != nil {
			return "", nil, err
		}
		if _, err := a.signKeys(mine, true, now); err != nil {
			return "", nil, err
		}
		return "", nil, fault.Bad("form", "prove.needed")
	case need.Code:
		return a.proveCode(tx, w, p, now)
	}
	return FactorPassword, keepNothing, nil
}

func (a *App) proveCode(tx Tx, w Who, p Proof, now time.Time) (string, keepProof, error) {
	mine, err := tx.Factors(w.Person)
	if err != nil {
		return "", nil, err
	}
	switch {
	case !slices.ContainsFunc(mine, func(f Factor) bool { return f.Kind == KindTOTP }):
		return "", nil, fault.Bad("form", "prove.no_code")
	case strings.TrimSpace(p.Code) == "":
		return "", nil, fault.Bad("code", "prove.code_needed")
	}
	ok, err := a.useCode(tx, mine, p.Code, now)
	if err != nil {
		return "", nil, err
	}
	if !ok {
		return "", nil, fault.Bad("code", "prove.code")
	}
	return KindTOTP, keepNothing, nil
}

func (a *App) proveKey(tx Tx, w Who, p Proof, need stepUp, now time.Time) (string, keepProof, error) {
	if a.Keys == nil {
		return "", nil, fault.Bad("form", "prove.address")
	}
	c, ok, err := tx.Challenge(p.Challenge)
	if err != nil {
		return "", nil, err
	}
	if !ok || c.Purpose != "sign" || c.Person != w.Person || c.Digest != need.Digest || !c.UsedAt.IsZero() || !now.Before(c.ExpiresAt) {
		return "", nil, fault.Bad("form", "prove.expired")
	}
	mine, err := tx.Factors(w.Person)
	if err != nil {
		return "", nil, err
	}
	mine = slices.DeleteFunc(mine, func(f Factor) bool { return f.Kind != KindPasskey })
	creds, err := credentials(mine)
	if err != nil {
		return "", nil, err
	}
	if len(creds) == 0 {
		return "", nil, fault.Bad("form", "prove.none")
	}
	user := factor.User{ID: factor.UserHandle(w.Person), Name: w.Email, Display: w.Email}
	said, cred, err := a.Keys.FinishSign(user, creds, factor.SignChallenge(c.Digest, c.Person, c.Nonce, c.ExpiresAt), p.Response)
	switch {
	case errors.Is(err, factor.ErrUnknownKey):
		return "", nil, fault.Bad("form", "prove.key").Because(err)
	case err != nil:
		return "", nil, fault.Bad("form", "prove.refused").Because(err)
	}
	i := slices.IndexFunc(creds, func(x factor.Credential) bool { return string(x.ID) == string(cred.ID) })
	if i < 0 {
		return "", nil, fault.Bad("form", "prove.key")
	}
	f := mine[i]
	if cred.CloneWarning {
		return "", nil, a.cloned(f, w)
	}
	if need.Sign && !f.Signs(now) {
		if _, err := a.signKeys([]Factor{f}, true, now); err != nil {
			return "", nil, err
		}
	}
	if fresh, err := tx.UseChallenge(c.ID, now); err != nil {
		return "", nil, err
	} else if !fresh {
		return "", nil, fault.Bad("form", "prove.expired")
	}
	if err := a.usedKey(tx, f, cred, now); err != nil {
		return "", nil, err
	}
	// A key that nobody vouched for proves that the person is there, never a signature: its decisions carry another name, so that no later rule counts
	// them as signed.
	name := "key:" + f.ID
	if f.Signs(now) {
		name = signedFactor + f.ID
	}
	row := ProofRow{Person: w.Person, Factor: f.ID, Digest: c.Digest, Nonce: c.Nonce, ExpiresAt: c.ExpiresAt, Credential: said.CredentialID, PublicKey: cred.PublicKey,
		AuthData: said.AuthenticatorData, ClientData: said.ClientData, Signature: said.Signature}
	keep := func(tx Tx, kind approval.Kind, id string, version int) (map[string]any, error) {
		ds, err := tx.Decisions(kind, id, version)
		if err != nil {
			return nil, err
		}
		r := row
		r.Kind, r.ID, r.Version, r.Seq = kind, id, version, -1
		for _, d := range ds {
			if d.Person == w.Person {
				r.Seq = max(r.Seq, d.Seq)
			}
		}
		return map[string]any{"proof": r.Hash()}, tx.AddProof(r)
	}
	return name, keep, nil
}

// usedKey stores a passkey as it is after one use.
func (a *App) usedKey(tx Tx, f Factor, cred factor.Credential, now time.Time) error {
	f.Data, f.Step, f.UsedAt = cred.Marshal(), int64(cred.SignCount), now
	_, err := a.putFactor(tx, f)
	return err
}

// cloned refuses a passkey whose counter did not go up: a copy of it may exist. It is kept, with an alarm; the key signs and opens nothing any more.
func (a *App) cloned(f Factor, w Who) error {
	return &aftermath{fault.Deny("prove.clone"), func(tx Tx) error {
		a.Log.Error("a passkey's counter did not go up: there may be a copy of it", "person", f.Person, "factor", f.ID)
		now, ok, err := tx.Factor(f.ID)
		if err != nil || !ok {
			return err
		}
		cred, err := factor.ParseCredential(now.Data)
		if err != nil || cred.CloneWarning {
			return err // said before
		}
		cred.CloneWarning = true
		now.Data = cred.Marshal()
		facts, err := a.putFactor(tx, now)
		if err != nil {
			return err
		}
		return a.append(tx, w.actor(), "factor.copied", "person", f.Person, 0, facts, "", a.Now())
	}}
}

// proved checks, at the claim, what passkeys signed: every yes that counts above the signing amount, against the key as the history knows it. An
// error says that a row does not hold.
func (a *App) proved(tx Tx, s payout.Snapshot, st Standing) error {
	if !st.Sign {
		return nil
	}
	ds, err := tx.Decisions(approval.Payout, string(s.ID), s.Version)
	if err != nil {
		return err
	}
	proofs, err := tx.Proofs(approval.Payout, string(s.ID), s.Version)
	if err != nil {
		return err
	}
	for _, d := range ds {
		counts := d.Answer == approval.Yes && d.Digest == string(s.Digest) && strings.HasPrefix(d.Factor, signedFactor) &&
			slices.ContainsFunc(st.Tally.Given, func(g approval.Signer) bool { return g.ID == d.Person })
		if !counts {
			continue
		}
		i := slices.IndexFunc(proofs, func(p ProofRow) bool { return p.Person == d.Person && p.Seq == d.Seq })
		if i < 0 {
			return fmt.Errorf("the signature of %s under %s is gone", d.Person, s.ID)
		}
		if err := a.holds(tx, s, d, proofs[i]); err != nil {
			return fmt.Errorf("the signature of %s under %s: %w", d.Person, s.ID, err)
		}
	}
	return nil
}

// holds checks one signature.
func (a *App) holds(tx Tx, s payout.Snapshot, d approval.Decision, p ProofRow) error {
	if p.Digest != d.Digest {
		digest, items, err := tx.BatchOf(approval.Payout, string(s.ID), s.Version, d.Person, d.Seq)
		if err != nil {
			return err
		}
		list, err := ParseBatchItems([]byte(items))
		if err != nil {
			return err
		}
		if digest != p.Digest || ListDigest(list) != p.Digest || !slices.ContainsFunc(list, func(x BatchItem) bool { return x.ID == s.ID && x.Digest == s.Digest }) {
			return errors.New("it is about something else")
		}
	}
	if d.Factor != signedFactor+p.Factor || !d.At.Before(p.ExpiresAt) || d.At.Before(p.ExpiresAt.Add(-signTime)) {
		return errors.New("another key, or another time")
	}
	f, ok, err := tx.Factor(p.Factor) // its seal is checked on the way out
	if err != nil {
		return err
	}
	if !ok || f.Person != d.Person || f.Kind != KindPasskey {
		return errors.New("the key is not theirs")
	}
	events, err := tx.EventsOf("person", d.Person)
	if err != nil {
		return err
	}
	k := keyIn(events, p.Factor, d.At)
	switch {
	case k.Key == "" || k.Key != keyHash(p.Credential, p.PublicKey):
		return errors.New("the history knows another key")
	case k.VouchedBy == "" || k.SignsFrom == 0 || k.SignsFrom > d.At.UnixMicro():
		return errors.New("nobody had vouched for the key")
	}
	return factor.VerifyAssertion(p.PublicKey, k.RP, k.Origins, factor.SignChallenge(p.Digest, d.Person, p.Nonce, p.ExpiresAt), p.assertion())
}
