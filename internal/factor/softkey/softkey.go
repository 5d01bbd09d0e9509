// Package softkey is an authenticator in software, browser included, for tests only: it makes and uses one passkey, and can be told to lie in every way that the
// desk must notice. It must not be imported by anything that runs (internal/archtest).
package softkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

var (
	// ErrExcluded is what a browser says (InvalidStateError) when the authenticator already holds one of the excluded passkeys.
	ErrExcluded = errors.New("already registered")
	// ErrNotAllowed is what a browser says (NotAllowedError) when none of the allowed passkeys is here, or nothing is registered yet.
	ErrNotAllowed = errors.New("no passkey for this")
)

// Key is an authenticator with one passkey. Set the fields between calls to make it lie. The zero Key is of no use: [New].
type Key struct {
	ID         []byte // credential id
	UserHandle []byte // set by Register
	RPID       string // set by Register
	Count      uint32 // counts up before each assertion, unless it is 0 and NoCounter is set; set it back to replay a counter

	NoUV, NoUP         bool     // the user is not verified, is not there
	NoCounter          bool     // stays at 0, as passkeys that are synchronised do
	BackedUp           bool     // flags BE and BS
	Eligible           bool     // flag BE alone
	Impossible         bool     // flag BS alone, which WebAuthn forbids
	CrossOrigin        bool     // inside a frame of another site
	NoHandle           bool     // the answer names no user
	Challenge          []byte   // signed instead of the one in the options
	Type               string   // in the client data instead of the ceremony's
	RP                 string   // RP id whose hash is signed instead of the real one
	ClientData         []byte   // whole client data instead of the honest ones
	Signer             *Key     // another key signs
	Extra              bool     // one more member in the COSE key
	Transports         []string // what getTransports says; nil: internal
	AttestationPretend string   // attestation format instead of none
	X5C                [][]byte // certificates in the attestation

	private crypto.Signer
	alg     int64
}

// New makes an authenticator for ES256. The same randomness gives the same key and, with the same requests, the same answers.
func New(rand io.Reader) *Key {
	for range 100 { // a scalar is out of range once in 2^32
		if k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), read(rand, 32)); err == nil {
			return &Key{ID: read(rand, 32), private: k, alg: -7}
		}
	}
	panic("softkey: this randomness makes no key")
}

// NewEdDSA makes one for Ed25519.
func NewEdDSA(rand io.Reader) *Key {
	return &Key{ID: read(rand, 32), private: ed25519.NewKeyFromSeed(read(rand, ed25519.SeedSize)), alg: -8}
}

// NewRS256 makes one for RSA with 2048 bits. Go lets nobody repeat an RSA key: only its id follows the randomness. It takes about 0.1 s.
func NewRS256(rand io.Reader) *Key {
	k, err := rsa.GenerateKey(rand, 2048)
	if err != nil {
		panic("softkey: " + err.Error())
	}
	return &Key{ID: read(rand, 32), private: k, alg: -257}
}

func read(r io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		panic("softkey: " + err.Error())
	}
	return b
}

// COSE is the public key.
func (k *Key) COSE() []byte {
	m := map[int64]any{3: k.alg}
	switch p := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		b, err := p.Bytes() // 4 ‖ x ‖ y
		if err != nil {
			panic("softkey: " + err.Error())
		}
		m[1], m[-1], m[-2], m[-3] = 2, 1, b[1:33], b[33:]
	case ed25519.PublicKey:
		m[1], m[-1], m[-2] = 1, 6, []byte(p)
	case *rsa.PublicKey:
		m[1], m[-1], m[-2] = 3, p.N.Bytes(), []byte{1, 0, 1}
	}
	if k.Extra {
		m[-70001] = 1
	}
	return encode(m)
}

func encode(v any) []byte {
	b, err := webauthncbor.Marshal(v)
	if err != nil {
		panic("softkey: " + err.Error())
	}
	return b
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type descriptor struct {
	ID string `json:"id"`
}

type options struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		RPID string `json:"rpId"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		Exclude []descriptor `json:"excludeCredentials"`
		Allow   []descriptor `json:"allowCredentials"`
	} `json:"publicKey"`
}

func (k *Key) client(kind, challenge, origin string) []byte {
	if k.ClientData != nil {
		return k.ClientData
	}
	if k.Challenge != nil {
		challenge = b64(k.Challenge)
	}
	if k.Type != "" {
		kind = k.Type
	}
	b, err := json.Marshal(struct {
		Type        string `json:"type"`
		Challenge   string `json:"challenge"`
		Origin      string `json:"origin"`
		CrossOrigin bool   `json:"crossOrigin"`
	}{kind, challenge, origin, k.CrossOrigin})
	if err != nil {
		panic("softkey: " + err.Error())
	}
	return b
}

func (k *Key) data(rp string, attested []byte) []byte {
	if k.RP != "" {
		rp = k.RP
	}
	h := sha256.Sum256([]byte(rp))
	var flags byte
	if !k.NoUP {
		flags |= 1
	}
	if !k.NoUV {
		flags |= 4
	}
	if k.BackedUp {
		flags |= 8 | 16
	}
	if k.Eligible {
		flags |= 8
	}
	if k.Impossible {
		flags |= 16
	}
	if attested != nil {
		flags |= 64
	}
	b := append(h[:], flags)
	b = binary.BigEndian.AppendUint32(b, k.Count)
	return append(b, attested...)
}

func (k *Key) sign(data, client []byte) []byte {
	h := sha256.Sum256(client)
	msg := slices.Concat(data, h[:])
	if k.Signer != nil {
		k = k.Signer
	}
	var opts crypto.SignerOpts = crypto.SHA256
	if _, ok := k.private.(ed25519.PrivateKey); ok {
		opts = crypto.Hash(0)
	} else {
		d := sha256.Sum256(msg)
		msg = d[:]
	}
	sig, err := k.private.Sign(nil, msg, opts) // nil: RFC 6979, the same signature each time
	if err != nil {
		panic("softkey: " + err.Error())
	}
	return sig
}

// Register answers the options of navigator.credentials.create ({"publicKey": …}) as credential.toJSON() would, at the given origin. It fails with ErrExcluded.
func (k *Key) Register(optionsJSON []byte, origin string) ([]byte, error) {
	var o options
	if err := json.Unmarshal(optionsJSON, &o); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	if slices.Contains(o.PublicKey.Exclude, descriptor{b64(k.ID)}) {
		return nil, ErrExcluded
	}
	handle, err := base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	if err != nil || o.PublicKey.RP.ID == "" || o.PublicKey.Challenge == "" {
		return nil, fmt.Errorf("options without user, rp or challenge: %s", optionsJSON)
	}
	k.UserHandle, k.RPID = handle, o.PublicKey.RP.ID
	client := k.client("webauthn.create", o.PublicKey.Challenge, origin)
	attested := slices.Concat(make([]byte, 16), binary.BigEndian.AppendUint16(nil, uint16(len(k.ID))), k.ID, k.COSE())
	data := k.data(k.RPID, attested)
	object := map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data}
	if k.AttestationPretend != "" {
		object["fmt"] = k.AttestationPretend
		statement := map[string]any{"alg": k.alg, "sig": k.sign(data, client)}
		if k.X5C != nil {
			statement["x5c"] = k.X5C
		}
		object["attStmt"] = statement
	}
	t := k.Transports
	if t == nil {
		t = []string{"internal"}
	}
	return k.answer(map[string]any{
		"clientDataJSON": b64(client), "attestationObject": b64(encode(object)), "authenticatorData": b64(data), "transports": t, "publicKeyAlgorithm": k.alg,
	}, map[string]any{"credProps": map[string]any{"rk": true}})
}

// Assert answers the options of navigator.credentials.get as credential.toJSON() would, at the given origin. It fails with ErrNotAllowed.
func (k *Key) Assert(optionsJSON []byte, origin string) ([]byte, error) {
	var o options
	if err := json.Unmarshal(optionsJSON, &o); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	if o.PublicKey.Challenge == "" || o.PublicKey.RPID == "" {
		return nil, fmt.Errorf("options without rpId or challenge: %s", optionsJSON)
	}
	if k.RPID != o.PublicKey.RPID || len(o.PublicKey.Allow) > 0 && !slices.Contains(o.PublicKey.Allow, descriptor{b64(k.ID)}) {
		return nil, ErrNotAllowed
	}
	if !k.NoCounter {
		k.Count++
	}
	client := k.client("webauthn.get", o.PublicKey.Challenge, origin)
	data := k.data(k.RPID, nil)
	r := map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(k.sign(data, client))}
	if !k.NoHandle {
		r["userHandle"] = b64(k.UserHandle)
	}
	return k.answer(r, map[string]any{})
}

func (k *Key) answer(response, extensions map[string]any) ([]byte, error) {
	var out bytes.Buffer
	err := json.NewEncoder(&out).Encode(map[string]any{
		"id": b64(k.ID), "rawId": b64(k.ID), "type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": extensions, "response": response,
	})
	return out.Bytes(), err
}
