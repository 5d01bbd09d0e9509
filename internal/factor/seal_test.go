package factor

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// chacha is randomness that every run of a test repeats.
func chacha(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

const (
	sealVector   = "6771ec3b34f4490076184a3889c1f217ba722a9436e482e00cf4ca1f21261f08"
	pepperVector = "d71a74d1491ac2281128e4f15f7b147aa5eccafb5bd47bb8a351d51e47ae46c0"
)

func testSeal(t testing.TB, b byte) Seal {
	t.Helper()
	s, err := NewSeal(bytes.Repeat([]byte{b}, MinMaster))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSealVector pins derivation and encoding: rows sealed by an older build must stay sealed. The values were computed by Python's hmac and hashlib.
func TestSealVector(t *testing.T) {
	s := testSeal(t, 7)
	if got, want := s.Of("password/1", "person", 3, []byte("a"), []byte("bc")), sealVector; got != want {
		t.Errorf("Of = %s, want %s", got, want)
	}
	if got, want := hex.EncodeToString(s.Pepper("recovery/p")), pepperVector; got != want {
		t.Errorf("Pepper = %s, want %s", got, want)
	}
}

// TestSealInjective: two different (row, person, version, fields) never have the same seal, above all when bytes only move from one part to the next.
func TestSealInjective(t *testing.T) {
	s := testSeal(t, 7)
	type in struct {
		row, person string
		version     int64
		fields      [][]byte
	}
	gen := rapid.Custom(func(t *rapid.T) in { // the same few bytes, cut at other places
		rest := "aaa"
		cut := func(label string) string {
			i := rapid.IntRange(0, min(2, len(rest))).Draw(t, label)
			var head string
			head, rest = rest[:i], rest[i:]
			return head
		}
		var x in
		if rapid.Bool().Draw(t, "outer") {
			x = in{row: cut("row"), person: cut("person"), version: rapid.Int64Range(0, 1).Draw(t, "version")}
		}
		for rest != "" && len(x.fields) < 4 {
			x.fields = append(x.fields, []byte(cut("field")))
		}
		return x
	})
	same := func(a, b in) bool {
		return a.row == b.row && a.person == b.person && a.version == b.version && slices.EqualFunc(a.fields, b.fields, bytes.Equal)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		mac := s.Of(a.row, a.person, a.version, a.fields...)
		if !s.Check(mac, a.row, a.person, a.version, a.fields...) {
			t.Fatal("its own seal is refused")
		}
		if s.Check(mac, b.row, b.person, b.version, b.fields...) != same(a, b) {
			t.Fatalf("%v and %v have the same seal", a, b)
		}
	})
}

func TestSealRefuses(t *testing.T) {
	s := testSeal(t, 7)
	mac := s.Of("t/1", "p", 1, []byte("x"))
	for name, bad := range map[string]string{"empty": "", "short": mac[:62], "long": mac + "00", "upper case": strings.ToUpper(mac), "no hex": strings.Repeat("z", 64), "other": strings.Repeat("0", 64)} {
		if s.Check(bad, "t/1", "p", 1, []byte("x")) {
			t.Errorf("%s is accepted", name)
		}
	}
	if testSeal(t, 8).Check(mac, "t/1", "p", 1, []byte("x")) || (Seal{}).Check(mac, "t/1", "p", 1, []byte("x")) {
		t.Error("another key's seal is accepted")
	}
	if _, err := NewSeal(make([]byte, MinMaster-1)); !errors.Is(err, ErrSecret) {
		t.Errorf("a short master secret: %v", err)
	}
	for name, fn := range map[string]func(){
		"Of": func() { (Seal{}).Of("t", "p", 1) }, "Encrypt": func() { (Seal{}).Encrypt(chacha(1), nil, "") }, "Pepper": func() { (Seal{}).Pepper("") },
		"much": func() { s.Encrypt(chacha(1), make([]byte, maxBox), "") }, "no randomness": func() { s.Encrypt(strings.NewReader("x"), nil, "") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			fn()
		}()
	}
}

// TestBox: what was put in comes out under the same key and context, the bytes show nothing of it, and one changed bit, another context or key opens nothing.
func TestBox(t *testing.T) {
	s := testSeal(t, 7)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 8, 64).Draw(t, "plain")
		context := rapid.String().Draw(t, "context")
		box := s.Encrypt(chacha(rapid.Byte().Draw(t, "seed")), plain, context)
		if got, err := s.Decrypt(box, context); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%x, %v", got, err)
		}
		if bytes.Contains(box, plain) {
			t.Fatal("readable")
		}
		if _, err := s.Decrypt(box, context+"x"); !errors.Is(err, ErrSealed) {
			t.Fatal("opens in another context")
		}
		i := rapid.IntRange(0, 8*len(box)-1).Draw(t, "bit")
		box[i/8] ^= 1 << (i % 8)
		if _, err := s.Decrypt(box, context); !errors.Is(err, ErrSealed) {
			t.Fatalf("opens with bit %d changed", i)
		}
	})
	box := s.Encrypt(chacha(1), []byte("seed"), "c")
	if _, err := testSeal(t, 8).Decrypt(box, "c"); !errors.Is(err, ErrSealed) {
		t.Error("another key opens it")
	}
	if _, err := (Seal{}).Decrypt(box, "c"); !errors.Is(err, ErrSealed) {
		t.Error("no key opens it")
	}
	for n := range box {
		if _, err := s.Decrypt(box[:n], "c"); !errors.Is(err, ErrSealed) {
			t.Errorf("%d bytes of it open", n)
		}
	}
	if r := chacha(1); bytes.Equal(s.Encrypt(r, []byte("seed"), "c"), s.Encrypt(r, []byte("seed"), "c")) {
		t.Error("the same box twice")
	}
}
