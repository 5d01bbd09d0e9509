package bank131

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"countersign/internal/fault"
)

// Ring is the set of the bank's keys that its messages are checked with: those of the file that the desk was started with, and those that were added
// while it runs. Safe for many goroutines.
type Ring struct {
	file []PublicKey
	ours *rsa.PublicKey
	all  atomic.Pointer[Verifier]
}

// NewRing makes a ring of the file's keys. ours is our own public key, which is never the bank's.
func NewRing(file []PublicKey, ours *rsa.PublicKey) *Ring {
	r := &Ring{file: slices.Clone(file), ours: ours}
	r.all.Store(&Verifier{Keys: r.file})
	return r
}

// maxKeysText bounds what Read looks at: a form of it.
const maxKeysText = 48 << 10

// Read takes public keys out of a text: one or more PEM blocks "PUBLIC KEY", RSA of MinBits or more. Each comes back as PEM in one spelling. Invalid at
// field bank_key: "keys.pem" what is no such block, "keys.private" a private key, "keys.kind" no RSA key, "keys.bits" too short or too long [its bits],
// "keys.twice" the same key twice, "keys.own" our own.
func (r *Ring) Read(text string) ([]string, error) {
	bad := func(code string, args ...any) error { return fault.Bad("bank_key", code, args...) }
	if len(text) > maxKeysText {
		return nil, bad("keys.pem")
	}
	blocks, err := pemBlocks([]byte(strings.ReplaceAll(text, "\r\n", "\n")))
	if err != nil {
		return nil, fault.Bad("bank_key", "keys.pem").Because(err)
	}
	var out []string
	for _, b := range blocks {
		switch {
		case strings.Contains(b.Type, "PRIVATE"):
			return nil, bad("keys.private")
		case b.Type != "PUBLIC KEY":
			return nil, bad("keys.pem")
		}
		any, err := x509.ParsePKIXPublicKey(b.Bytes)
		if err != nil {
			return nil, fault.Bad("bank_key", "keys.pem").Because(err)
		}
		key, ok := any.(*rsa.PublicKey)
		switch {
		case !ok:
			return nil, bad("keys.kind")
		case checkBits(key) != nil:
			return nil, bad("keys.bits", key.N.BitLen())
		case r.ours != nil && key.Equal(r.ours):
			return nil, bad("keys.own")
		}
		text, err := PublicPEM(key)
		if err != nil {
			return nil, fault.Bad("bank_key", "keys.pem").Because(err)
		}
		if slices.Contains(out, text) {
			return nil, bad("keys.twice")
		}
		out = append(out, text)
	}
	return out, nil
}

// Print is the fingerprint of a key as Read returns it, hex; "" for what is no key.
func (r *Ring) Print(key string) string {
	keys, err := ParsePublicKeys([]byte(key))
	if err != nil || len(keys) != 1 {
		return ""
	}
	return keys[0].ID
}

// FromFile lists the fingerprints of the file's keys.
func (r *Ring) FromFile() []string {
	out := make([]string, len(r.file))
	for i, k := range r.file {
		out[i] = k.ID
	}
	return out
}

// Use makes these keys, as Read returns them, the ones accepted beside the file's. On an error nothing changes.
func (r *Ring) Use(keys []string) error {
	all := slices.Clone(r.file)
	for i, text := range keys {
		more, err := ParsePublicKeys([]byte(text))
		if err != nil {
			return fmt.Errorf("key %d: %w", i+1, err)
		}
		for _, k := range more {
			if !slices.ContainsFunc(all, func(x PublicKey) bool { return x.ID == k.ID }) { // the file may hold it by now
				all = append(all, k)
			}
		}
	}
	r.all.Store(&Verifier{Keys: all})
	return nil
}

// Verify is Verifier.Verify with the keys accepted now.
func (r *Ring) Verify(body []byte, signatures []string) (keyID, reason string) {
	return r.all.Load().Verify(body, signatures)
}
