package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// headTitle is the first line of a signed head; its number changes with the lines that follow.
const headTitle = "countersign history/1"

// KeyName is the name under which [LoadSigner] and [LoadVerifier] know the key. It is part of
// every signature.
const KeyName = "countersign-history"

// maxHead bounds a signed head in bytes.
const maxHead = 4096

var (
	// ErrKey is in the chain when a PEM file holds no usable Ed25519 key.
	ErrKey = errors.New("no Ed25519 key")
	// ErrSignature is in the chain when a head's signature is missing or not made by the key.
	ErrSignature = errors.New("signature does not hold")
	// ErrHead is in the chain when a head does not say what a head must.
	ErrHead = errors.New("not a head of a history")
)

// Head is what is signed: how many events there are and the root over them.
type Head struct {
	Size        int64
	Root        tlog.Hash
	At          time.Time // cut to microseconds, UTC
	Incarnation string    // names the life of a database: 1 to 64 letters, digits, - and _
	Signed      []byte    // the note with its signature; what is kept and checked
	// Founders are the keys that nobody had to vouch for, as the anchor file lists them beside its head; nil when it lists none, as before
	// there was a list. They are no part of Signed.
	Founders []string
}

func (h Head) text() (string, error) {
	at := h.At.UTC()
	switch {
	case h.Size < 0:
		return "", fmt.Errorf("%w: size %d", ErrHead, h.Size)
	case !validIncarnation(h.Incarnation):
		return "", fmt.Errorf("%w: incarnation %q", ErrHead, h.Incarnation)
	case at.Year() < 1 || at.Year() > 9999:
		return "", fmt.Errorf("%w: year %d", ErrHead, at.Year())
	}
	return fmt.Sprintf("%s\n%s\n%d\n%s\n%s\n", headTitle, h.Incarnation, h.Size, h.Root, at.Format(timeLayout)), nil
}

func validIncarnation(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// SignHead returns h with Signed made from its other fields; the same head is always signed in the
// same bytes. It fails (ErrHead) when a field cannot be written, or as the signer fails.
func SignHead(h Head, s note.Signer) (Head, error) {
	text, err := h.text()
	if err != nil {
		return Head{}, fmt.Errorf("sign head: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return Head{}, fmt.Errorf("sign head: %w", err)
	}
	h.At = h.At.UTC().Truncate(time.Microsecond)
	h.Signed = signed
	return h, nil
}

// OpenHead checks the signature and reads the head. It fails with ErrSignature, or with ErrHead
// when what was signed is no head or is spelt in another way than [SignHead] does.
func OpenHead(signed []byte, v note.Verifier) (Head, error) {
	if len(signed) > maxHead {
		return Head{}, fmt.Errorf("%w: %d bytes", ErrHead, len(signed))
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Head{}, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return Head{}, fmt.Errorf("%w: more than one signature", ErrSignature)
	}
	// note decodes base64 with stray bits; one head must have one spelling.
	sig, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return Head{}, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	again := fmt.Sprintf("%s\n— %s %s\n", n.Text, n.Sigs[0].Name, base64.StdEncoding.EncodeToString(sig))
	if again != string(signed) {
		return Head{}, fmt.Errorf("%w: spelt in another way", ErrSignature)
	}
	h, err := parseHead(n.Text)
	if err != nil {
		return Head{}, err
	}
	h.Signed = bytes.Clone(signed)
	return h, nil
}

func parseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[0] != headTitle || lines[5] != "" {
		return Head{}, fmt.Errorf("%w: first line or number of lines", ErrHead)
	}
	size, err := strconv.ParseInt(lines[2], 10, 64)
	if err != nil {
		return Head{}, fmt.Errorf("%w: size: %v", ErrHead, err)
	}
	root, err := tlog.ParseHash(lines[3])
	if err != nil {
		return Head{}, fmt.Errorf("%w: root: %v", ErrHead, err)
	}
	at, err := time.Parse(timeLayout, lines[4])
	if err != nil {
		return Head{}, fmt.Errorf("%w: time: %v", ErrHead, err)
	}
	h := Head{Size: size, Root: root, At: at, Incarnation: lines[1]}
	again, err := h.text()
	if err != nil {
		return Head{}, err
	}
	if again != text {
		return Head{}, fmt.Errorf("%w: spelt in another way", ErrHead)
	}
	return h, nil
}

// Signer signs heads. It satisfies note.Signer.
type Signer struct {
	note.Signer
	seed     []byte
	verifier note.Verifier
	pub      ed25519.PublicKey
}

// NewSigner returns a signer for an Ed25519 private key. It fails (ErrKey) on a key of wrong
// length and on a name that is empty or holds white space or '+'.
func NewSigner(name string, key ed25519.PrivateKey) (*Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: %d bytes", ErrKey, len(key))
	}
	pub := key.Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(name, pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	// note takes keys only as text "PRIVATE+KEY+name+hash+base64(1 ‖ seed)"; name and hash are
	// those of the public key's text. A name with '+' falls through to its own check.
	head, _, _ := strings.Cut(strings.TrimPrefix(vkey, name+"+"), "+")
	seed := base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...))
	s, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + head + "+" + seed)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	v, err := newVerifier(name, pub)
	if err != nil {
		return nil, err
	}
	return &Signer{Signer: s, seed: key.Seed(), verifier: v, pub: pub}, nil
}

// Derive returns 32 secret bytes that belong to this key and to info, and tell nothing about the key or about those of another info.
func (s *Signer) Derive(info string) ([]byte, error) {
	return hkdf.Key(sha256.New, s.seed, nil, info, 32)
}

// PublicPEM returns the public half as a PEM file (PKIX), to be recorded beside what is signed.
func (s *Signer) PublicPEM() ([]byte, error) { return publicPEM(s.pub) }

// VerifierFor returns the verifier of what s signs.
func VerifierFor(s *Signer) note.Verifier { return s.verifier }

func newVerifier(name string, pub ed25519.PublicKey) (note.Verifier, error) {
	vkey, err := note.NewEd25519VerifierKey(name, pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	return v, nil
}

// GenerateKey makes an Ed25519 pair from 32 bytes of rand, as PEM files: PKCS #8 and PKIX.
// It fails as rand fails.
func GenerateKey(rand io.Reader) (privPEM, pubPEM []byte, err error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, nil, fmt.Errorf("make the history key: %w", err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("make the history key: %w", err)
	}
	pubPEM, err = publicPEM(key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pubPEM, nil
}

func publicPEM(pub ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// LoadSigner reads a PEM file with one PKCS #8 Ed25519 private key. It fails with ErrKey, and the
// error never shows the key.
func LoadSigner(file []byte) (*Signer, error) {
	b, err := onlyBlock(file, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w: the PEM block cannot be read as PKCS #8", ErrKey)
	}
	ed, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: a %T", ErrKey, key)
	}
	return NewSigner(KeyName, ed)
}

// LoadVerifier reads a PEM file with one PKIX Ed25519 public key. It fails with ErrKey.
func LoadVerifier(file []byte) (note.Verifier, error) {
	b, err := onlyBlock(file, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	ed, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: a %T", ErrKey, key)
	}
	return newVerifier(KeyName, ed)
}

func onlyBlock(file []byte, kind string) ([]byte, error) {
	block, rest := pem.Decode(file)
	switch {
	case block == nil:
		return nil, fmt.Errorf("%w: not a PEM file", ErrKey)
	case block.Type != kind:
		return nil, fmt.Errorf("%w: PEM block %q, want %q", ErrKey, block.Type, kind)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, fmt.Errorf("%w: more than one PEM block", ErrKey)
	}
	return block.Bytes, nil
}
