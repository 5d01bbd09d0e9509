package bank131

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fixture reads one of the bank's documented payloads.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// testKeys are two pairs, made once: ours and the bank's.
var testKeys = sync.OnceValue(func() (k [2]*rsa.PrivateKey) {
	for i := range k {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		k[i] = key
	}
	return k
})

func public(t testing.TB, keys ...*rsa.PrivateKey) []PublicKey {
	t.Helper()
	var text string
	for _, k := range keys {
		p, err := PublicPEM(&k.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		text += p
	}
	out, err := ParsePublicKeys([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSignatureVectors: the vectors of the bank's own SDK.
func TestSignatureVectors(t *testing.T) {
	var v struct {
		PublicKeyPEM string `json:"public_key_pem"`
		Cases        []struct {
			Body, SignatureBase64 string
			Valid                 bool
		}
	}
	text := strings.ReplaceAll(string(fixture(t, "vec-signature.json")), "signature_base64", "SignatureBase64")
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	keys, err := ParsePublicKeys([]byte(v.PublicKeyPEM))
	if err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, c := range v.Cases {
		id, reason := Verifier{keys}.Verify([]byte(c.Body), []string{c.SignatureBase64})
		if (reason == "") != c.Valid || (id == keys[0].ID) != c.Valid {
			t.Errorf("%q: %q by %q, want valid=%v", c.Body, reason, id, c.Valid)
		}
		if c.Valid {
			good++
		}
	}
	if good == 0 || good == len(v.Cases) {
		t.Fatalf("%d of %d vectors are good: nothing is shown", good, len(v.Cases))
	}
}

// TestVerifyReasons: everything that is not exactly one right signature in its one spelling.
func TestVerifyReasons(t *testing.T) {
	ours, theirs := testKeys()[0], testKeys()[1]
	v := Verifier{public(t, theirs)}
	body := []byte(`{"type":"payment_finished"}`)
	sig, err := Signer{theirs}.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	strange, err := Signer{ours}.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := base64.StdEncoding.DecodeString(sig)
	flipped := bytes.Clone(raw)
	flipped[100] ^= 1
	std := base64.StdEncoding.EncodeToString
	for name, c := range map[string]struct {
		signatures []string
		want       string
	}{
		"right":                 {[]string{sig}, ""},
		"none":                  {nil, SignMissing},
		"empty":                 {[]string{""}, SignMissing},
		"twice the same":        {[]string{sig, sig}, SignSeveral},
		"right and wrong":       {[]string{sig, strange}, SignSeveral},
		"joined by a comma":     {[]string{sig + "," + sig}, SignMalformed},
		"another key":           {[]string{strange}, SignWrong},
		"a bit flipped":         {[]string{std(flipped)}, SignWrong},
		"zeros":                 {[]string{std(make([]byte, 256))}, SignWrong},
		"without padding":       {[]string{strings.TrimRight(sig, "=")}, SignMalformed},
		"too much padding":      {[]string{sig + "="}, SignMalformed},
		"for addresses":         {[]string{base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 256))}, SignMalformed},
		"space before":          {[]string{" " + sig}, SignMalformed},
		"line end inside":       {[]string{sig[:76] + "\n" + sig[76:]}, SignMalformed},
		"carriage return after": {[]string{sig + "\r"}, SignMalformed},
		"hex":                   {[]string{strings.Repeat("0f", 256)}, SignMalformed},
		"too short":             {[]string{std(raw[:255])}, SignMalformed},
		"too long":              {[]string{std(append(bytes.Clone(raw), 0))}, SignMalformed},
		"very long":             {[]string{strings.Repeat("A", 1<<20)}, SignMalformed},
		"loose last bits":       {[]string{sig[:len(sig)-3] + string(sig[len(sig)-3]+1) + "=="}, SignMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			id, reason := v.Verify(body, c.signatures)
			if reason != c.want || (id != "") != (c.want == "") {
				t.Errorf("got %q by %q, want %q", reason, id, c.want)
			}
		})
	}
	for i := range body {
		other := bytes.Clone(body)
		other[i] ^= 0x20
		if _, reason := v.Verify(other, []string{sig}); reason != SignWrong {
			t.Errorf("byte %d changed: %q", i, reason)
		}
	}
	both := Verifier{public(t, ours, theirs)}
	for i, s := range []string{strange, sig} {
		if id, reason := both.Verify(body, []string{s}); reason != "" || id != both.Keys[i].ID {
			t.Errorf("key %d of two: %q by %q", i, reason, id)
		}
	}
	if _, reason := (Verifier{}).Verify(body, []string{sig}); reason == "" {
		t.Error("accepted without any key")
	}
}

// TestParseKeys: what a file may hold and what it may not.
func TestParseKeys(t *testing.T) {
	key := testKeys()[0]
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec8, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	ecPub, err := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	smallPub, err := x509.MarshalPKIXPublicKey(&small.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	private1, private8, publicPEM := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), block("PRIVATE KEY", pkcs8), block("PUBLIC KEY", pub)

	for name, text := range map[string]string{"PKCS#1": private1, "PKCS#8": private8, "with a note": "our key\n" + private8} {
		got, err := ParsePrivateKey([]byte(text))
		if err != nil || !got.Equal(key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "not PEM": "hello", "two keys": private8 + private8, "public": publicPEM, "not RSA": block("PRIVATE KEY", ec8),
		"small": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)), "cut": private8[:len(private8)/2], "garbage": block("PRIVATE KEY", []byte{1, 2, 3}),
	} {
		if _, err := ParsePrivateKey([]byte(text)); err == nil {
			t.Errorf("private key accepted: %s", name)
		}
	}
	if keys, err := ParsePublicKeys([]byte(publicPEM)); err != nil || len(keys) != 1 || len(keys[0].ID) != 64 {
		t.Errorf("public: %v %v", keys, err)
	}
	for name, text := range map[string]string{
		"empty": "", "private": private8, "small": block("PUBLIC KEY", smallPub), "not RSA": block("PUBLIC KEY", ecPub), "the same twice": publicPEM + publicPEM,
		"a second that is broken": publicPEM + "-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----\n", "good and private": publicPEM + private8,
	} {
		if _, err := ParsePublicKeys([]byte(text)); err == nil {
			t.Errorf("public keys accepted: %s", name)
		}
	}
}

// FuzzWebhookVerify: a body is the bank's only with the one signature that its key makes of exactly these bytes, in its one spelling, once. Whatever else stands in the header or the body is
// refused with a word.
func FuzzWebhookVerify(f *testing.F) {
	f.Add([]byte(`{"type":"payment_finished"}`), []byte(`{"type":"payment_finished"}`), "", uint16(0), uint8(0))
	f.Add([]byte(`{}`), []byte(`{} `), "", uint16(0), uint8(0))
	f.Add([]byte(`{}`), []byte(`{}`), "", uint16(7), uint8(0x20))
	f.Add([]byte(`{}`), []byte(`{}`), "AAAA", uint16(0), uint8(0))
	f.Add([]byte(`{}`), []byte(`{}`), "\n", uint16(400), uint8(1))
	bank := testKeys()[1]
	v := Verifier{public(f, testKeys()[0], bank)}
	f.Fuzz(func(t *testing.T, signed, body []byte, extra string, place uint16, mask uint8) {
		sig, err := Signer{bank}.Sign(signed)
		if err != nil {
			t.Fatal(err)
		}
		came := []byte(sig)
		came[int(place)%len(came)] ^= mask
		header := string(came) + extra
		id, reason := v.Verify(body, []string{header})
		genuine := header == sig && bytes.Equal(signed, body)
		if (reason == "") != genuine || (id == v.Keys[1].ID) != genuine || id == "" && reason == "" {
			t.Fatalf("%q over %q, signed %q: %q %q", header, body, signed, id, reason)
		}
		if reason != "" && reason != SignMissing && reason != SignMalformed && reason != SignWrong {
			t.Fatalf("no such word: %q", reason)
		}
		if _, reason := v.Verify(body, []string{sig, header}); reason != SignSeveral {
			t.Fatalf("two signatures: %q", reason)
		}
		if _, reason := v.Verify(body, []string{extra}); reason == "" {
			t.Fatalf("%q alone is a signature", extra)
		}
	})
}
