package bank131

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"sync"
	"testing"

	"countersign/internal/fault"
)

var ringKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	var out []*rsa.PrivateKey
	for range 3 {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		out = append(out, k)
	}
	return out
})

func pemOf(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// TestRing: keys of the file are always accepted, others while they are in use, and never half of a list.
func TestRing(t *testing.T) {
	k := ringKeys()
	file, err := ParsePublicKeys([]byte(pemOf(t, &k[0].PublicKey)))
	if err != nil {
		t.Fatal(err)
	}
	r := NewRing(file, &k[2].PublicKey)
	body := []byte("{}")
	accepted := func(i int) bool {
		sig, err := Signer{Key: k[i]}.Sign(body)
		if err != nil {
			t.Fatal(err)
		}
		id, reason := r.Verify(body, []string{sig})
		return id != "" && reason == ""
	}
	more, err := r.Read(strings.ReplaceAll("noise\n"+pemOf(t, &k[1].PublicKey), "\n", "\r\n"))
	if err != nil || len(more) != 1 || more[0] != pemOf(t, &k[1].PublicKey) {
		t.Fatalf("%v %q", err, more)
	}
	if !accepted(0) || accepted(1) {
		t.Error("before")
	}
	if err := r.Use(append(slices.Clone(more), pemOf(t, &k[0].PublicKey))); err != nil || !accepted(0) || !accepted(1) || accepted(2) {
		t.Error("in use", err)
	}
	if err := r.Use([]string{more[0], "broken"}); err == nil || !accepted(1) {
		t.Error("a broken list changed something", err)
	}
	if err := r.Use(nil); err != nil || !accepted(0) || accepted(1) {
		t.Error("after", err)
	}
	if r.Print(more[0]) == "" || r.Print("x") != "" || len(r.FromFile()) != 1 || r.FromFile()[0] != file[0].ID {
		t.Error("fingerprints")
	}
}

// TestRing_Read: each wrong text with its own code, at the field.
func TestRing_Read(t *testing.T) {
	k := ringKeys()
	r := NewRing(nil, &k[2].PublicKey)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	one := pemOf(t, &k[0].PublicKey)
	for code, text := range map[string]string{
		"keys.pem":     "not a key",
		"keys.private": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k[0])})),
		"keys.kind":    pemOf(t, &ec.PublicKey),
		"keys.bits":    pemOf(t, &short.PublicKey),
		"keys.twice":   one + one,
		"keys.own":     pemOf(t, &k[2].PublicKey),
	} {
		_, err := r.Read(text)
		if f := fault.As(err).Field("bank_key"); f == nil || f.Code != code {
			t.Errorf("want %s: %v", code, err)
		}
	}
	for _, text := range []string{"", one[:len(one)-30], one + "-----BEGIN PUBLIC KEY-----\n", strings.Repeat(" ", maxKeysText+1), strings.Replace(one, "PUBLIC KEY", "CERTIFICATE", 2)} {
		if _, err := r.Read(text); !fault.Is(err, "keys.pem") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}
