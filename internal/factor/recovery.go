package factor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
)

// recoveryAlphabet has 32 signs without i, l, o and u: nothing in it looks like anything else in it, and 5 bits stand in each.
const recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const (
	recoverySigns = 12 // 60 bits
	recoveryGroup = 4
	recoveryMost  = 100
	recoveryInfo  = "countersign recovery/1"
)

// NewRecoveryCodes makes n different codes (1 to 100) of 60 bits each, written "xxxx-xxxx-xxxx". It panics on another n.
func NewRecoveryCodes(rand io.Reader, n int) []string {
	if n < 1 || n > recoveryMost {
		panic("factor: between 1 and 100 recovery codes")
	}
	codes := make([]string, 0, n)
	for tries := 0; len(codes) < n; tries++ {
		if tries > 2*recoveryMost {
			panic("randomness failed: the same recovery codes again and again")
		}
		var b strings.Builder
		for i, c := range random(rand, recoverySigns) {
			if i > 0 && i%recoveryGroup == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(recoveryAlphabet[c%32]) // 256 is a multiple of 32: no sign is likelier
		}
		if !slices.Contains(codes, b.String()) {
			codes = append(codes, b.String())
		}
	}
	return codes
}

// RecoveryNormal is a typed code as it is compared: lower case, without spaces and dashes, o read as 0, i and l as 1. It is empty if the rest is not twelve
// signs of the alphabet.
func RecoveryNormal(code string) string {
	if len(code) > 64 {
		return ""
	}
	s := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '\u00a0', '-', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212':
			return -1
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, strings.ToLower(code))
	if len(s) != recoverySigns {
		return ""
	}
	for i := range len(s) {
		if strings.IndexByte(recoveryAlphabet, s[i]) < 0 {
			return ""
		}
	}
	return s
}

// RecoveryHash is what is stored of a code: HMAC-SHA256 in hex, keyed by the salt ([Seal.Pepper] of the person), empty for what is no code. A slow hash, as
// passwords have, is not needed: nobody chose these codes, so all 2^60 must be tried, and since the salt cannot be made from the database
// alone, a stolen database lets nobody even begin. (With a salt that stands beside the hash, 2^59 HMACs would be days for a large cluster.)
func RecoveryHash(code string, salt []byte) string {
	normal := RecoveryNormal(code)
	if normal == "" {
		return ""
	}
	h := hmac.New(sha256.New, salt)
	h.Write(part(part(nil, []byte(recoveryInfo)), []byte(normal)))
	return hex.EncodeToString(h.Sum(nil))
}

// RecoveryMatch reports whether the code has the stored hash, in constant time; an empty hash matches nothing. The caller uses a matching code up.
func RecoveryMatch(hash, code string, salt []byte) bool {
	got := RecoveryHash(code, salt)
	return got != "" && hmac.Equal([]byte(got), []byte(hash))
}
