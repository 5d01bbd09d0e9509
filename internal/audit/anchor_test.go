package audit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAnchor_RoundTrip(t *testing.T) {
	s := testSigner(t, 1)
	path := filepath.Join(t.TempDir(), "anchor")
	if _, err := ReadAnchor(path, VerifierFor(s)); !errors.Is(err, ErrAnchorMissing) {
		t.Fatalf("no file: %v", err)
	}
	// a rest of a stopped run, readable by all, must not lend its mode
	if err := os.WriteFile(path+".tmp", []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	for size := range int64(3) {
		h, err := SignHead(Head{Size: size, At: start, Incarnation: "first"}, s)
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteAnchor(path, h.Signed); err != nil {
			t.Fatal(err)
		}
		got, err := ReadAnchor(path, VerifierFor(s))
		if err != nil || got.Size != size {
			t.Fatalf("ReadAnchor = %+v, %v", got, err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) != 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}

func TestAnchor_Failures(t *testing.T) {
	s := testSigner(t, 1)
	dir := t.TempDir()
	h, err := SignHead(Head{Size: 3, At: start, Incarnation: "first"}, s)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) string {
		path := filepath.Join(dir, "a")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name string
		path func() string
		want error
	}{
		{"a folder", func() string { return dir }, ErrAnchorUnreadable},
		{"too long", func() string { return write(bytes.Repeat([]byte("x"), maxHead+1)) }, ErrAnchorUnreadable},
		{"cut", func() string { return write(h.Signed[:len(h.Signed)-9]) }, ErrSignature},
		{"empty", func() string { return write(nil) }, ErrSignature},
		{"another size", func() string { return write(bytes.Replace(h.Signed, []byte("\n3\n"), []byte("\n4\n"), 1)) }, ErrSignature},
	} {
		if _, err := ReadAnchor(c.path(), VerifierFor(s)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := ReadAnchor(write(h.Signed), VerifierFor(testSigner(t, 2))); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if err := WriteAnchor(filepath.Join(dir, "no", "anchor"), h.Signed); err == nil {
		t.Error("a folder that is not there: no error")
	}
}

// The anchor lists the founders' keys beside its head, under the same signature: another list, one of another head, or one that is cut, is refused. One without a list
// is read as before.
func TestAnchor_Founders(t *testing.T) {
	s := testSigner(t, 1)
	head := func(size int64) Head {
		h, err := SignHead(Head{Size: size, At: start, Incarnation: "life"}, s)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	path := filepath.Join(t.TempDir(), "anchor")
	read := func(b []byte) (Head, error) {
		t.Helper()
		if err := WriteAnchor(path, b); err != nil {
			t.Fatal(err)
		}
		return ReadAnchor(path, VerifierFor(s))
	}
	keys := []string{"p1 aaaa bbbb", "p2 cccc dddd"}
	made := func(h Head, keys []string) []byte {
		t.Helper()
		b, err := AnchorBytes(h, keys, s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	h := head(7)
	whole := made(h, keys)
	if got, err := read(whole); err != nil || !slices.Equal(got.Founders, keys) || !bytes.Equal(got.Signed, h.Signed) || !got.SameFounders([]string{keys[1], keys[0]}) || got.SameFounders(keys[:1]) {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := read(made(h, nil)); err != nil || got.Founders == nil || got.SameFounders(keys) {
		t.Errorf("an empty list: %+v, %v", got, err)
	}
	if got, err := read(h.Signed); err != nil || got.Founders != nil || !got.SameFounders(keys) {
		t.Errorf("no list: %+v, %v", got, err)
	}
	list := whole[len(h.Signed):]
	for name, b := range map[string][]byte{"another list": bytes.Replace(whole, []byte("aaaa"), []byte("aaab"), 1), "cut": whole[:len(whole)-9],
		"of another head": slices.Concat(head(8).Signed, list), "twice": slices.Concat(whole, list)} {
		if got, err := read(b); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := AnchorBytes(h, []string{"p1\np2"}, s); err == nil {
		t.Error("a key of two lines")
	}
}

func TestKeys(t *testing.T) {
	priv, pub, err := GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := LoadSigner(priv)
	if err != nil {
		t.Fatal(err)
	}
	v, err := LoadVerifier(pub)
	if err != nil {
		t.Fatal(err)
	}
	h, err := SignHead(Head{Size: 1, At: start, Incarnation: "first"}, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{v, VerifierFor(s)} {
		if _, err := OpenHead(h.Signed, v.(interface {
			Name() string
			KeyHash() uint32
			Verify(msg, sig []byte) bool
		})); err != nil {
			t.Error(err)
		}
	}
	if again, err := s.PublicPEM(); err != nil || !bytes.Equal(again, pub) {
		t.Errorf("PublicPEM = %s, %v", again, err)
	}
	if _, _, err := GenerateKey(bytes.NewReader(nil)); err == nil {
		t.Error("no randomness: no error")
	}

	ec, err := ecdsa.GenerateKey(elliptic.P256(), zeros{})
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "the public half": pub, "two": append(bytes.Clone(priv), priv...),
		"an EC key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"torn":      pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("SECRET")}),
	} {
		_, err := LoadSigner(file)
		if !errors.Is(err, ErrKey) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("LoadSigner(%s): %v", name, err)
		}
	}
	for name, file := range map[string][]byte{"empty": nil, "the private half": priv, "torn": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")})} {
		if _, err := LoadVerifier(file); !errors.Is(err, ErrKey) {
			t.Errorf("LoadVerifier(%s): %v", name, err)
		}
	}
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	for _, name := range []string{"", "a b", "a+b"} {
		if _, err := NewSigner(name, key); !errors.Is(err, ErrKey) {
			t.Errorf("NewSigner(%q): %v", name, err)
		}
	}
	if _, err := NewSigner("a", key[:5]); !errors.Is(err, ErrKey) {
		t.Errorf("short key: %v", err)
	}
}

// zeros is no randomness, but enough for a key that must only be refused.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 1
	}
	return len(b), nil
}
