package factor

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// TOTPPeriod is how long one code lasts (RFC 6238).
const TOTPPeriod = 30 * time.Second

const (
	totpDigits    = 6
	totpSkew      = 1  // steps before and after the current one
	totpNew       = 20 // bytes of a new secret, as long as the hash
	totpMin       = 10 // bytes of a foreign secret: the 80 bits of RFC 4226 R6's older sets
	totpMax       = 128
	totpMaxURL    = 1024
	totpMaxName   = 254
	totpImage     = 320 // pixels
	totpQuietZone = 40  // pixels of white round it; a reader needs four modules
)

var base32NoPad = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewTOTPSecret makes a secret of 160 bits in base32, upper case, without padding.
func NewTOTPSecret(rand io.Reader) string { return base32NoPad.EncodeToString(random(rand, totpNew)) }

// ParseTOTPSecret reads a secret as people write it (spaces, hyphens, lower case and padding allowed) and returns it as [NewTOTPSecret] writes it. It fails
// with ErrSecret on anything but base32 of 80 to 1024 bits; the error doesn't repeat the secret.
func ParseTOTPSecret(s string) (string, error) {
	if len(s) > 1024 {
		return "", fmt.Errorf("%w: %d characters", ErrSecret, len(s))
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '-':
			return -1
		}
		return r
	}, s)
	s = strings.ToUpper(strings.TrimRight(s, "="))
	raw, err := base32NoPad.DecodeString(s)
	if err != nil {
		return "", fmt.Errorf("%w: not base32", ErrSecret)
	}
	if len(raw) < totpMin || len(raw) > totpMax {
		return "", fmt.Errorf("%w: %d bits, not %d to %d", ErrSecret, 8*len(raw), 8*totpMin, 8*totpMax)
	}
	return base32NoPad.EncodeToString(raw), nil
}

// SeedMark is the mark of a secret as ParseTOTPSecret returns it. Secrets that give the same codes have the same mark: HMAC pads a key with zeros, and hashes one
// that is longer than its block.
func SeedMark(secret string) string {
	raw, err := base32NoPad.DecodeString(secret)
	if err != nil {
		return Mark(MarkSeed, secret)
	}
	if len(raw) > sha1.BlockSize {
		sum := sha1.Sum(raw)
		raw = sum[:]
	}
	return Mark(MarkSeed, base32NoPad.EncodeToString(bytes.TrimRight(raw, "\x00")))
}

// TOTPURL is the otpauth:// address that an authenticator app reads. Issuer and account are labels of at most 254 bytes without a colon. It fails with
// ErrSecret or ErrInput.
func TOTPURL(secret, issuer, account string) (string, error) {
	clean, err := ParseTOTPSecret(secret)
	if err != nil {
		return "", err
	}
	for _, s := range []string{issuer, account} {
		if s == "" || len(s) > totpMaxName || strings.Contains(s, ":") {
			return "", fmt.Errorf("%w: issuer and account of an authenticator app", ErrInput)
		}
	}
	// Not the library's totp.Generate: it leaves & and + in the issuer as they are, and so lets the issuer write parameters.
	q := url.Values{"secret": {clean}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account, RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20")} // some apps show + as a plus
	return u.String(), nil
}

// TOTPQR draws an address of [TOTPURL] as a PNG, 400 × 400, with its quiet zone. It holds the secret: never cache it, never keep it. It fails with ErrInput.
func TOTPQR(address string) ([]byte, error) {
	if len(address) > totpMaxURL || !strings.HasPrefix(address, "otpauth://totp/") {
		return nil, fmt.Errorf("%w: not an otpauth address", ErrInput)
	}
	key, err := otp.NewKeyFromURL(address)
	if err != nil {
		return nil, fmt.Errorf("%w: not an otpauth address", ErrInput) // the cause would repeat the secret
	}
	code, err := key.Image(totpImage, totpImage)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	page := image.NewGray(image.Rect(0, 0, totpImage+2*totpQuietZone, totpImage+2*totpQuietZone))
	draw.Draw(page, page.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(page, code.Bounds().Add(image.Pt(totpQuietZone, totpQuietZone)), code, code.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, page); err != nil {
		return nil, fmt.Errorf("drawing: %w", err)
	}
	return out.Bytes(), nil
}

// TOTPCode is the code of the step that at belongs to: for tests and scripts. It fails with ErrSecret.
func TOTPCode(secret string, at time.Time) (string, error) {
	code, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{Period: uint(TOTPPeriod / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("%w: not base32", ErrSecret)
	}
	return code, nil
}

// TOTPStep says which step of 30 seconds since 1970 a typed code belongs to: the current one, the one before or the one after. The caller refuses a
// step that is not later than the last one it accepted from that person, which makes a code good for one use; two steps that happen to share a code
// count as the earlier one, so that a used code stays used. Spaces in the code are ignored; anything but six digits is no code.
func TOTPStep(secret, code string, now time.Time) (step int64, ok bool) {
	typed := make([]byte, 0, totpDigits)
	for i := range min(len(code), 64) {
		switch c := code[i]; {
		case c == ' ':
		case '0' <= c && c <= '9' && len(typed) < totpDigits:
			typed = append(typed, c)
		default:
			return 0, false
		}
	}
	if len(typed) != totpDigits || len(code) > 64 || now.Unix() < 0 {
		return 0, false
	}
	period := int64(TOTPPeriod / time.Second)
	current := now.Unix() / period
	for s := current + totpSkew; s >= max(0, current-totpSkew); s-- { // all of them, always: no time tells which one it was
		want, err := TOTPCode(secret, time.Unix(s*period, 0))
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), typed) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}
