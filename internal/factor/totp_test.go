package factor

import (
	"bytes"
	"encoding/base32"
	"errors"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var rfcSecret = base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))

// TestTOTPVectors: RFC 6238 appendix B, SHA-1, the last six of its eight digits.
func TestTOTPVectors(t *testing.T) {
	for at, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130"} {
		got, err := TOTPCode(rfcSecret, time.Unix(at, 0))
		if err != nil || got != want[2:] {
			t.Errorf("at %d: %s, %v; want %s", at, got, err, want[2:])
		}
		if step, ok := TOTPStep(rfcSecret, want[2:], time.Unix(at, 0)); !ok || step != at/30 {
			t.Errorf("at %d: step %d, %v", at, step, ok)
		}
	}
}

// TestTOTPWindow: a code is good from 30 s before its step to 30 s after it, for its own step, and never for another.
func TestTOTPWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := NewTOTPSecret(bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "secret")))
		step := rapid.Int64Range(2, 1<<33).Draw(t, "step")
		off := rapid.Int64Range(-70, 100).Draw(t, "off")
		code, err := TOTPCode(secret, time.Unix(30*step, 0))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := TOTPStep(secret, code, time.Unix(30*step+off, 0))
		in := -30 <= off && off < 60
		if ok && got != step { // two steps with one code, one pair in a million: then it is the earlier one
			again, _ := TOTPCode(secret, time.Unix(30*got, 0))
			if again != code {
				t.Fatalf("off %d: step %d, want %d", off, got, step)
			}
		} else if ok != in {
			t.Fatalf("off %d: %v", off, ok)
		}
	})
}

func TestTOTPTyped(t *testing.T) {
	now := time.Unix(1111111109, 0) // 081804
	for in, want := range map[string]bool{
		"081804": true, " 081 804 ": true, "0 8 1 8 0 4": true, "": false, "81804": false, "0081804": false, "0818045": false, "081805": false, "08180a": false, "+81804": false,
		"081804\x00": false, "०८१८०४": false, "081\t804": false, strings.Repeat(" ", 58) + "081804": true, strings.Repeat(" ", 59) + "081804": false, "-081804": false,
	} {
		if _, ok := TOTPStep(rfcSecret, in, now); ok != want {
			t.Errorf("%q: %v", in, ok)
		}
	}
	if _, ok := TOTPStep("not base32!", "081804", now); ok {
		t.Error("a code without a secret")
	}
	if _, ok := TOTPStep(rfcSecret, "081804", time.Unix(-5, 0)); ok {
		t.Error("a code before 1970")
	}
}

// TestTOTPSameCode: where two neighbouring steps share a code, it counts as the earlier one, so the second use of a code is never a later step.
func TestTOTPSameCode(t *testing.T) {
	const s = 910737 // found by search: this step and the next share a code
	for _, step := range []int64{s, s + 1} {
		if got, err := TOTPCode(rfcSecret, time.Unix(30*step, 0)); err != nil || got != "911617" {
			t.Fatalf("step %d: %s, %v", step, got, err)
		}
		if got, ok := TOTPStep(rfcSecret, "911617", time.Unix(30*step, 0)); !ok || got != s {
			t.Errorf("at step %d: %d, %v", step, got, ok)
		}
	}
}

func TestParseTOTPSecret(t *testing.T) {
	const ten = "GEZDGNBVGY3TQOJQ" // 80 bits
	for in, want := range map[string]string{
		ten: ten, "gezd gnbv gy3t qojq\n": ten, "gezd-gnbv-gy3t-qojq": ten, rfcSecret: rfcSecret, ten + "GEZDGNA=": ten + "GEZDGNA", "": "", ten[:14]: "", "GEZDGNBVGY3TQOJ1": "", ten + "!": "",
		strings.Repeat("A", 208): "", strings.Repeat("A", 2000): "", "1234567890123456": "",
	} {
		got, err := ParseTOTPSecret(in)
		if got != want || (err == nil) != (want != "") || err != nil && (!errors.Is(err, ErrSecret) || in != "" && strings.Contains(err.Error(), in)) {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	if s := NewTOTPSecret(chacha(1)); len(s) != 32 {
		t.Errorf("a new secret: %q", s)
	} else if again, err := ParseTOTPSecret(s); err != nil || again != s {
		t.Errorf("a new secret isn't in its one spelling: %q, %v", again, err)
	}
}

func TestTOTPURL(t *testing.T) {
	s, err := TOTPURL(rfcSecret, "Пример & Co", "olga+1@example.org")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Пример & Co:olga+1@example.org" {
		t.Fatalf("%s: %+v, %v", s, u, err)
	}
	if q := u.Query(); q.Get("secret") != rfcSecret || q.Get("issuer") != "Пример & Co" || q.Get("digits") != "6" || q.Get("period") != "30" || q.Get("algorithm") != "SHA1" || strings.Contains(u.RawQuery, "+") {
		t.Errorf("%s", s)
	}
	for _, bad := range [][3]string{{"A", "i", "a"}, {rfcSecret, "", "a"}, {rfcSecret, "i", ""}, {rfcSecret, "i:j", "a"}, {rfcSecret, "i", strings.Repeat("a", 255)}} {
		if got, err := TOTPURL(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%q: %s", bad, got)
		}
	}
	b, err := TOTPQR(s)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil || img.Bounds().Dx() != 400 || img.Bounds().Dy() != 400 {
		t.Fatalf("%v, %v", img.Bounds(), err)
	}
	dark := 0
	for y := range 400 {
		for x := range 400 {
			if r, _, _, _ := img.At(x, y).RGBA(); r == 0 {
				dark++
				if x < totpQuietZone || y < totpQuietZone || x >= 400-totpQuietZone || y >= 400-totpQuietZone {
					t.Fatal("something in the quiet zone")
				}
			}
		}
	}
	if dark < 20000 || dark > 80000 {
		t.Errorf("%d dark pixels", dark)
	}
	for _, bad := range []string{"", "https://example.org", "otpauth://hotp/x", "otpauth://totp/" + strings.Repeat("x", 1024), "otpauth://totp/%zz"} {
		if _, err := TOTPQR(bad); !errors.Is(err, ErrInput) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

func ExampleNewRecoveryCodes() {
	fmt.Println(NewRecoveryCodes(chacha(1), 2))
	// Output: [a6rz-fx9v-erbk 4ej7-v58e-5s8m]
}

func TestRecovery(t *testing.T) {
	codes := NewRecoveryCodes(chacha(2), 10)
	salt, other := testSeal(t, 7).Pepper("recovery/p"), testSeal(t, 7).Pepper("recovery/q")
	seen := map[string]bool{}
	for _, c := range codes {
		h := RecoveryHash(c, salt)
		if seen[c] || len(c) != 14 || c[4] != '-' || c[9] != '-' || len(h) != 64 || !RecoveryMatch(h, c, salt) || RecoveryMatch(h, c, other) || strings.Contains(h, RecoveryNormal(c)) {
			t.Errorf("%s: %s", c, h)
		}
		seen[c] = true
		for _, d := range codes {
			if c != d && RecoveryMatch(h, d, salt) {
				t.Errorf("%s is as good as %s", d, c)
			}
		}
		if !RecoveryMatch(h, " "+strings.ToUpper(strings.ReplaceAll(c, "-", " – ")), salt) {
			t.Errorf("%s as people type it", c)
		}
	}
	for in, want := range map[string]string{
		"0Oo1-IiLl-ABCD": "00011111abcd", "00011111abcd": "00011111abcd", "0001-1111-abc": "", "0001-1111-abcde": "", "0001-1111-abcu": "", "": "", "0001-1111-abcé": "",
		strings.Repeat("-", 60) + "00011111abcd": "",
	} {
		if got := RecoveryNormal(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if RecoveryHash("x", salt) != "" || RecoveryMatch("", "x", salt) || RecoveryMatch("", codes[0], salt) {
		t.Error("what is no code matches")
	}
	for _, n := range []int{0, 101} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d codes", n)
				}
			}()
			NewRecoveryCodes(chacha(1), n)
		}()
	}
}

// TestRecoverySigns: every sign of the alphabet comes about equally often, so 12 of them are 60 bits.
func TestRecoverySigns(t *testing.T) {
	r, count := chacha(3), map[rune]int{}
	for range 200 {
		for _, c := range NewRecoveryCodes(r, 10) {
			for _, s := range RecoveryNormal(c) {
				count[s]++
			}
		}
	}
	for _, s := range recoveryAlphabet { // 24,000 signs, 750 each; 150 is more than five standard deviations
		if n := count[s]; n < 600 || n > 900 {
			t.Errorf("%c came %d times", s, n)
		}
	}
	if len(count) != 32 {
		t.Errorf("%d signs", len(count))
	}
}
