package factor

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Bounds of what one person may have and one credential may hold.
const (
	MaxCredentials = 32
	maxID          = 1023 // WebAuthn's own bound
	maxKey         = 2048
	maxTransports  = 8
	minHandle      = 16
	maxHandle      = 64
	challengeSize  = 32
)

// User is the person as a passkey knows them. ID is the user handle, 16 to 64 bytes, kept in the authenticator: never an e-mail or a name, and the same for good
// ([UserHandle]). Name is what the authenticator's list of accounts shows (the e-mail), Display the person's name.
type User struct {
	ID            []byte
	Name, Display string
}

// UserHandle is the handle of a person: 32 bytes made from the person's id.
func UserHandle(person string) []byte {
	h := sha256.Sum256(part([]byte("countersign handle/1"), []byte(person)))
	return h[:]
}

// Flags is what the authenticator said of the passkey. BackupEligible never changes; BackupState says whether a copy exists somewhere else.
type Flags struct {
	UserVerified   bool `json:"uv"`
	BackupEligible bool `json:"be"`
	BackupState    bool `json:"bs"`
}

// Credential is one passkey. PublicKey is in COSE. SignCount is the largest counter seen, 0 for authenticators that don't count. Discoverable says that the browser
// said it can be used without naming the person first. CloneWarning says that the counter once did not go up, so that a copy of the key may
// exist; it stays set, and what follows from it is the caller's decision.
type Credential struct {
	ID           []byte   `json:"id"`
	PublicKey    []byte   `json:"public_key"`
	SignCount    uint32   `json:"sign_count"`
	Transports   []string `json:"transports,omitempty"`
	Flags        Flags    `json:"flags"`
	AAGUID       []byte   `json:"aaguid"`
	Discoverable bool     `json:"discoverable"`
	CloneWarning bool     `json:"clone_warning"`
}

// Marshal is the one spelling of a credential as JSON: members in this order, bytes in base64.
func (c Credential) Marshal() []byte {
	if c.AAGUID == nil {
		c.AAGUID = []byte{}
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic("factor: " + err.Error()) // bytes, numbers and strings always marshal
	}
	return b
}

// ParseCredential reads what [Credential.Marshal] wrote, and nothing else. It fails with ErrInput.
func ParseCredential(b []byte) (Credential, error) {
	if len(b) > 8<<10 {
		return Credential{}, fmt.Errorf("%w: credential of %d bytes", ErrInput, len(b))
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var c Credential
	if err := dec.Decode(&c); err != nil {
		return Credential{}, fmt.Errorf("%w: credential: %w", ErrInput, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Credential{}, fmt.Errorf("%w: credential: something follows", ErrInput)
	}
	if err := c.check(); err != nil {
		return Credential{}, fmt.Errorf("%w: credential: %w", ErrInput, err)
	}
	if !bytes.Equal(c.Marshal(), b) {
		return Credential{}, fmt.Errorf("%w: credential: not in its one spelling", ErrInput)
	}
	return c, nil
}

func (c Credential) check() error {
	if len(c.ID) == 0 || len(c.ID) > maxID {
		return fmt.Errorf("id of %d bytes", len(c.ID))
	}
	if len(c.AAGUID) != 0 && len(c.AAGUID) != 16 {
		return fmt.Errorf("aaguid of %d bytes", len(c.AAGUID))
	}
	if !slices.Equal(c.Transports, transports(c.Transports)) {
		return fmt.Errorf("transports")
	}
	if c.Flags.BackupState && !c.Flags.BackupEligible {
		return fmt.Errorf("backed up and not eligible for it")
	}
	_, err := publicKey(c.PublicKey)
	return err
}

// transports keeps what can be a transport, sorted, each once: they come from the browser and go back to it as hints.
func transports[S ~string](in []S) []string {
	var out []string
	for _, s := range in {
		ok := len(s) > 0 && len(s) <= 32
		for i := range len(s) {
			ok = ok && (s[i] == '-' || 'a' <= s[i] && s[i] <= 'z')
		}
		if ok && !slices.Contains(out, string(s)) && len(out) < maxTransports {
			out = append(out, string(s))
		}
	}
	slices.Sort(out)
	return out
}

// Fingerprint is what a founder writes down of a passkey: the first 16 hex digits of SHA-256 over the length of the id (4 bytes), the id and the public key,
// in groups of four.
func Fingerprint(c Credential) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(c.ID)))
	h := sha256.Sum256(slices.Concat(b, c.ID, c.PublicKey))
	s := hex.EncodeToString(h[:8])
	return s[:4] + " " + s[4:8] + " " + s[8:12] + " " + s[12:]
}

// The kinds of [Mark].
const (
	MarkPasskey    = "passkey"     // value: the credential id in base64url
	MarkPasskeyKey = "passkey-key" // value: the public key in base64url
	MarkSeed       = "totp"        // value: the seed as ParseTOTPSecret returns it
	MarkEmail      = "email"       // value: the address as auth.ParseEmail returns it
)

// Mark is what stays of a passkey, seed or e-mail for ever, so that it never belongs to a second person: SHA-256 of "kind:value" in hex. The value must be in its one
// spelling. It hides a seed; it does not hide an e-mail from somebody who guesses it.
func Mark(kind, value string) string {
	h := sha256.Sum256([]byte(kind + ":" + value))
	return hex.EncodeToString(h[:])
}

// Marks are the marks of a passkey: of its id and of its key, both of which must be new.
func (c Credential) Marks() []string {
	return []string{Mark(MarkPasskey, base64.RawURLEncoding.EncodeToString(c.ID)), Mark(MarkPasskeyKey, base64.RawURLEncoding.EncodeToString(c.PublicKey))}
}

func (c Credential) library() webauthn.Credential {
	var f protocol.AuthenticatorFlags = protocol.FlagUserPresent
	if c.Flags.UserVerified {
		f |= protocol.FlagUserVerified
	}
	if c.Flags.BackupEligible {
		f |= protocol.FlagBackupEligible
	}
	if c.Flags.BackupState {
		f |= protocol.FlagBackupState
	}
	t := make([]protocol.AuthenticatorTransport, len(c.Transports))
	for i, s := range c.Transports {
		t[i] = protocol.AuthenticatorTransport(s)
	}
	return webauthn.Credential{
		ID: c.ID, PublicKey: c.PublicKey, Transport: t, Flags: webauthn.NewCredentialFlags(f),
		Authenticator: webauthn.Authenticator{AAGUID: c.AAGUID, SignCount: c.SignCount, CloneWarning: c.CloneWarning},
	}
}

// used is the credential after an accepted assertion.
func (c Credential) used(l *webauthn.Credential) Credential {
	c.SignCount, c.CloneWarning = l.Authenticator.SignCount, l.Authenticator.CloneWarning
	c.Flags.BackupState = l.Flags.BackupState
	return c
}

// user is a User and their passkeys in the library's clothes.
type user struct {
	User
	creds []Credential
}

func (u user) WebAuthnID() []byte          { return u.ID }
func (u user) WebAuthnName() string        { return u.Name }
func (u user) WebAuthnDisplayName() string { return u.Display }
func (u user) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(u.creds))
	for i, c := range u.creds {
		out[i] = c.library()
	}
	return out
}

func (u user) check() error {
	if len(u.ID) < minHandle || len(u.ID) > maxHandle {
		return fmt.Errorf("%w: user handle of %d bytes", ErrInput, len(u.ID))
	}
	if len(u.creds) > MaxCredentials {
		return fmt.Errorf("%w: %d passkeys", ErrInput, len(u.creds))
	}
	return nil
}

// algorithms are the signatures that we take: the three that WebAuthn recommends. RS1 and the rest, which the library would take, are refused.
var algorithms = []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgEdDSA, webauthncose.AlgRS256}

// members are the labels of a COSE key of each algorithm, and no others: WebAuthn forbids optional ones, and with them one key could be
// registered again under another spelling.
var members = map[webauthncose.COSEAlgorithmIdentifier][]int64{
	webauthncose.AlgES256: {1, 3, -1, -2, -3},
	webauthncose.AlgEdDSA: {1, 3, -1, -2},
	webauthncose.AlgRS256: {1, 3, -1, -2},
}

// smallOrder are the Ed25519 points of small order (without the sign bit): under such a "key" anybody can sign for the person, so nothing signed with it
// proves anything.
var smallOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

// publicKey reads a COSE key: one of our algorithms, in its one spelling, and strong enough to prove something.
func publicKey(cose []byte) (any, error) {
	if len(cose) == 0 || len(cose) > maxKey {
		return nil, fmt.Errorf("public key of %d bytes", len(cose))
	}
	var m map[int64]any
	if err := webauthncbor.Unmarshal(cose, &m); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	if again, err := webauthncbor.Marshal(m); err != nil || !bytes.Equal(again, cose) {
		return nil, fmt.Errorf("public key is not in its one spelling")
	}
	key, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return nil, fmt.Errorf("public key: %s", detail(err))
	}
	var alg webauthncose.COSEAlgorithmIdentifier
	switch k := key.(type) {
	case webauthncose.EC2PublicKeyData:
		if alg = webauthncose.COSEAlgorithmIdentifier(k.Algorithm); k.Curve != int64(webauthncose.P256) {
			return nil, fmt.Errorf("public key on curve %d", k.Curve)
		}
	case webauthncose.OKPPublicKeyData:
		alg = webauthncose.COSEAlgorithmIdentifier(k.Algorithm)
		point := slices.Clone(k.XCoord)
		if len(point) != ed25519.PublicKeySize || k.Curve != int64(webauthncose.Ed25519) {
			return nil, fmt.Errorf("public key on curve %d", k.Curve)
		}
		point[len(point)-1] &= 0x7f
		if slices.Contains(smallOrder, hex.EncodeToString(point)) {
			return nil, fmt.Errorf("public key of small order")
		}
	case webauthncose.RSAPublicKeyData:
		alg = webauthncose.COSEAlgorithmIdentifier(k.Algorithm)
		// 2048 to 4096 bits without leading zeros; the exponent that everybody uses: under 1 anybody could sign.
		if n := len(k.Modulus); n < 256 || n > 512 || k.Modulus[0] < 0x80 || !bytes.Equal(k.Exponent, []byte{1, 0, 1}) {
			return nil, fmt.Errorf("RSA key of %d bytes", n)
		}
	}
	want := members[alg]
	if !slices.Contains(algorithms, alg) || len(m) != len(want) {
		return nil, fmt.Errorf("public key of algorithm %d with %d members", alg, len(m))
	}
	for _, label := range want {
		if _, ok := m[label]; !ok {
			return nil, fmt.Errorf("public key without member %d", label)
		}
	}
	return key, nil
}
