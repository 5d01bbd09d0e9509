package factor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
)

// MinMaster is the least length of a master secret, in bytes.
const MinMaster = 32

// What the keys under the master secret are for; a change of meaning needs a new number.
const (
	sealInfo   = "countersign seal/1"
	boxInfo    = "countersign box/1"
	pepperInfo = "countersign pepper/1"
)

const (
	boxVersion = 1
	nonceSize  = 12
	maxBox     = 64 << 10
)

// Seal makes and checks the MACs on rows about passwords, factors, codes and sign-ins, and encrypts TOTP seeds. Its master secret stands
// outside the database, so whoever can only write to the database cannot give somebody a factor. The zero Seal checks nothing and opens nothing.
type Seal struct{ mac, box, pepper []byte }

// NewSeal derives the keys from a master secret of at least [MinMaster] bytes. It fails with ErrSecret.
func NewSeal(master []byte) (Seal, error) {
	if len(master) < MinMaster {
		return Seal{}, fmt.Errorf("%w: a master secret of %d bytes, at least %d are needed", ErrSecret, len(master), MinMaster)
	}
	var keys [3][]byte
	for i, info := range []string{sealInfo, boxInfo, pepperInfo} {
		k, err := hkdf.Key(sha256.New, master, nil, info, 32)
		if err != nil {
			return Seal{}, fmt.Errorf("%w: %w", ErrSecret, err)
		}
		keys[i] = k
	}
	return Seal{keys[0], keys[1], keys[2]}, nil
}

func (s Seal) sum(row, person string, version int64, fields [][]byte) []byte {
	b := part(nil, []byte(row))
	b = part(b, []byte(person))
	b = binary.BigEndian.AppendUint64(b, uint64(version))
	b = binary.BigEndian.AppendUint64(b, uint64(len(fields)))
	for _, f := range fields {
		b = part(b, f)
	}
	h := hmac.New(sha256.New, s.mac)
	h.Write(b)
	return h.Sum(nil)
}

// Of is the seal of one version of a row, in hex (64 characters). row names the table and the primary key ("passkey/…"), so that a row cannot be
// moved to another place or person, and version makes an older state of the same row another row. A nil field and an empty one are the same.
// It panics on the zero Seal.
func (s Seal) Of(row, person string, version int64, fields ...[]byte) string {
	if s.mac == nil {
		panic("factor: the zero Seal seals nothing")
	}
	return hex.EncodeToString(s.sum(row, person, version, fields))
}

// Check reports whether mac is what [Seal.Of] gives, in a time that doesn't tell how much of it was right.
func (s Seal) Check(mac, row, person string, version int64, fields ...[]byte) bool {
	got, err := hex.DecodeString(mac)
	if err != nil || s.mac == nil || hex.EncodeToString(got) != mac {
		return false
	}
	return hmac.Equal(got, s.sum(row, person, version, fields))
}

// Pepper is a salt of 32 bytes for [RecoveryHash] that belongs to one context ("recovery/" + person) and cannot be made from the database alone.
// It panics on the zero Seal.
func (s Seal) Pepper(context string) []byte {
	if s.pepper == nil {
		panic("factor: the zero Seal has no pepper")
	}
	h := hmac.New(sha256.New, s.pepper)
	h.Write([]byte(context))
	return h.Sum(nil)
}

func (s Seal) gcm() (cipher.AEAD, error) {
	b, err := aes.NewCipher(s.box)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

// Encrypt puts plain (at most 64 KiB) into a box that only this seal opens, and only under the same context: AES-256-GCM with a random nonce of 12 bytes,
// written as version ‖ nonce ‖ ciphertext. Nonces are random, so one master secret is good for 2^32 boxes, far beyond every desk. It panics on
// the zero Seal and on more than 64 KiB.
func (s Seal) Encrypt(rand io.Reader, plain []byte, context string) []byte {
	g, err := s.gcm()
	if err != nil {
		panic("factor: the zero Seal encrypts nothing")
	}
	if len(plain) > maxBox-1-nonceSize-g.Overhead() {
		panic("factor: too much for one box")
	}
	box := append([]byte{boxVersion}, random(rand, nonceSize)...)
	return g.Seal(box, box[1:], plain, append([]byte{boxVersion}, context...))
}

// Decrypt opens what [Seal.Encrypt] made. It fails with ErrSealed.
func (s Seal) Decrypt(box []byte, context string) ([]byte, error) {
	g, err := s.gcm()
	if err != nil {
		return nil, fmt.Errorf("%w: no key", ErrSealed)
	}
	if len(box) < 1+nonceSize+g.Overhead() || len(box) > maxBox || box[0] != boxVersion {
		return nil, fmt.Errorf("%w: not a box", ErrSealed)
	}
	plain, err := g.Open(nil, box[1:1+nonceSize], box[1+nonceSize:], append([]byte{boxVersion}, context...))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return plain, nil
}
