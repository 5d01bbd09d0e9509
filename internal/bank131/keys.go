package bank131

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// MinBits is the smallest RSA modulus that is accepted, ours or the bank's.
const MinBits = 2048

// maxBits keeps a mistyped or hostile key from making every check cost a second.
const maxBits = 8192

// ParsePrivateKey reads our RSA key from PEM: PKCS#8 ("PRIVATE KEY") or PKCS#1 ("RSA PRIVATE KEY"), exactly one block.
// The error never holds key material.
func ParsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("private key: %d PEM blocks, one is needed", len(blocks))
	}
	var key *rsa.PrivateKey
	switch b := blocks[0]; b.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
	case "PRIVATE KEY":
		var any any
		any, err = x509.ParsePKCS8PrivateKey(b.Bytes)
		if k, ok := any.(*rsa.PrivateKey); ok {
			key = k
		} else if err == nil {
			err = errors.New("not an RSA key")
		}
	default:
		err = fmt.Errorf("PEM block %q is not a private key", b.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	if err := checkBits(&key.PublicKey); err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	return key, nil
}

// PublicKey is one key of the bank. ID is its fingerprint: hex SHA-256 of the SubjectPublicKeyInfo.
type PublicKey struct {
	ID  string
	Key *rsa.PublicKey
}

// ParsePublicKeys reads the bank's keys from PEM: one or more "PUBLIC KEY" blocks. It fails on any other block, on a block that
// cannot be read, on a key under MinBits, and on the same key twice: a key that is silently missing would look like forgery.
func ParsePublicKeys(text []byte) ([]PublicKey, error) {
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, err
	}
	var keys []PublicKey
	seen := map[string]bool{}
	for i, b := range blocks {
		if b.Type != "PUBLIC KEY" {
			return nil, fmt.Errorf("public keys: block %d is %q, not PUBLIC KEY", i+1, b.Type)
		}
		any, err := x509.ParsePKIXPublicKey(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("public keys: block %d: %w", i+1, err)
		}
		key, ok := any.(*rsa.PublicKey)
		if !ok {
			return nil, fmt.Errorf("public keys: block %d is not an RSA key", i+1)
		}
		if err := checkBits(key); err != nil {
			return nil, fmt.Errorf("public keys: block %d: %w", i+1, err)
		}
		id, err := Fingerprint(key)
		if err != nil {
			return nil, fmt.Errorf("public keys: block %d: %w", i+1, err)
		}
		if seen[id] {
			return nil, fmt.Errorf("public keys: block %d repeats an earlier key", i+1)
		}
		seen[id] = true
		keys = append(keys, PublicKey{ID: id, Key: key})
	}
	return keys, nil
}

// Fingerprint is the hex SHA-256 of a public key's SubjectPublicKeyInfo, as openssl and the bank's form print it.
func Fingerprint(key *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("fingerprint: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// PublicPEM is a public key as the text that the bank's application asks for.
func PublicPEM(key *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// pemBlocks returns every block. pem.Decode skips what it cannot read, so the BEGIN lines are counted too.
func pemBlocks(text []byte) ([]*pem.Block, error) {
	var blocks []*pem.Block
	for rest := text; ; {
		b, r := pem.Decode(rest)
		if b == nil {
			break
		}
		blocks, rest = append(blocks, b), r
	}
	if n := bytes.Count(text, []byte("-----BEGIN")); n == 0 {
		return nil, errors.New("no PEM block")
	} else if n != len(blocks) {
		return nil, fmt.Errorf("%d of %d PEM blocks cannot be read", n-len(blocks), n)
	}
	return blocks, nil
}

func checkBits(key *rsa.PublicKey) error {
	if n := key.N.BitLen(); n < MinBits || n > maxBits {
		return fmt.Errorf("RSA key of %d bits; %d to %d are accepted", n, MinBits, maxBits)
	}
	return nil
}

// Signer signs request bodies with our key.
type Signer struct{ Key *rsa.PrivateKey }

// Sign returns the value of X-PARTNER-SIGN: RSA PKCS#1 v1.5 over SHA-256 of exactly these bytes, standard base64.
func (s Signer) Sign(body []byte) (string, error) {
	sum := sha256.Sum256(body)
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.Key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}

// Reasons why a signature was not accepted.
const (
	SignMissing   = "missing"   // no header
	SignSeveral   = "several"   // more than one header
	SignMalformed = "malformed" // not base64 of the right length
	SignWrong     = "wrong"     // none of the bank's keys made it
)

// Verifier checks the bank's signatures with any of its keys.
type Verifier struct{ Keys []PublicKey }

// Verify checks a raw body against all values of X-PARTNER-SIGN. reason is "" when it holds, and keyID names the key that made it.
func (v Verifier) Verify(body []byte, signatures []string) (keyID, reason string) {
	switch len(signatures) {
	case 0:
		return "", SignMissing
	case 1:
	default:
		return "", SignSeveral
	}
	if signatures[0] == "" {
		return "", SignMissing
	}
	sig, ok := strictBase64(signatures[0])
	if !ok {
		return "", SignMalformed
	}
	sum := sha256.Sum256(body)
	fits := false
	for _, k := range v.Keys {
		if len(sig) != k.Key.Size() {
			continue
		}
		fits = true
		if rsa.VerifyPKCS1v15(k.Key, crypto.SHA256, sum[:], sig) == nil {
			return k.ID, ""
		}
	}
	if !fits {
		return "", SignMalformed
	}
	return "", SignWrong
}

// strictBase64 takes padded standard base64 only, in its one spelling: the decoder of the library skips line ends.
func strictBase64(s string) ([]byte, bool) {
	if len(s) > base64.StdEncoding.EncodedLen(maxBits/8) || strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return b, err == nil
}
