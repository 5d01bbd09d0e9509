package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// How long a sign-in lasts.
const (
	DefaultIdle = 15 * time.Minute
	MinIdle     = 5 * time.Minute
	MaxIdle     = 60 * time.Minute
	MaxAge      = 10 * time.Hour
)

// ErrIdle is in the chain when a wished idle time is outside MinIdle to MaxIdle.
var ErrIdle = errors.New("idle time out of range")

// CheckIdle judges the setting of the idle time. It fails with ErrIdle.
func CheckIdle(d time.Duration) error {
	if d < MinIdle || d > MaxIdle {
		return fmt.Errorf("%w: %s", ErrIdle, d)
	}
	return nil
}

// SignIn is one browser that is signed in. The browser holds the token; the desk holds only this.
type SignIn struct {
	ID         string // hex SHA-256 of the token
	Person     string // Person.ID
	Email      string
	CreatedAt  time.Time
	LastSeen   time.Time     // last sign of a human being: a page, pointer, keys; never the stream
	IdleFor    time.Duration // 0 means DefaultIdle
	Remembered bool          // the browser had signed this person in before
	UserAgent  string        // for the person's own list
	IP         string
	// Factor is what was shown besides the password: "", "totp", "recovery", or "passkey:" and the key's id. Device marks the browser. Seal binds the row.
	Factor, Device, Seal string
}

// Identity returns who acts through this sign-in.
func (s SignIn) Identity() Identity { return Identity{Person: s.Person, SignIn: s.Email} }

// ExpiresAt returns the moment at which the sign-in ends if nobody touches it again.
func (s SignIn) ExpiresAt() time.Time {
	idle := s.IdleFor
	if idle == 0 {
		idle = DefaultIdle
	}
	idle = min(max(idle, MinIdle), MaxIdle) // a row cannot grant more than the rule
	end := s.LastSeen.Add(idle)
	if last := s.CreatedAt.Add(MaxAge); last.Before(end) {
		return last
	}
	return end
}

// Expired reports whether the sign-in is over: idle for too long, too old, or never made.
func (s SignIn) Expired(now time.Time) bool {
	return s.ID == "" || s.Person == "" || !now.Before(s.ExpiresAt())
}

// tokenBytes is 264 bits: no padding in base64, and more than 256.
const tokenBytes = 33

// NewToken makes a token for the cookie and the id under which it is stored. It fails as rand fails.
func NewToken(rand io.Reader) (token, id string, err error) {
	b := make([]byte, tokenBytes)
	if _, err := io.ReadFull(rand, b); err != nil {
		return "", "", fmt.Errorf("make a sign-in token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(b)
	id, _ = TokenID(token)
	return token, id, nil
}

// TokenID returns the id of a token that came in a cookie; ok is false when no such token can exist.
func TokenID(token string) (id string, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return "", false
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(token); err != nil || len(b) != tokenBytes { // it skips line ends
		return "", false
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:]), true
}

// DeviceToken returns the value of a long-lived cookie that marks a browser in which this person
// has signed in. It opens nothing; it only spares them the [Throttle]. key is secret, 16 bytes or more.
func DeviceToken(key []byte, person string) string {
	return base64.RawURLEncoding.EncodeToString(deviceMAC(key, person))
}

// CheckDevice reports whether value is this person's DeviceToken under key.
func CheckDevice(key []byte, person, value string) bool {
	if person == "" || len(key) < 16 || len(value) > 64 {
		return false
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(value)
	return err == nil && hmac.Equal(mac, deviceMAC(key, person))
}

func deviceMAC(key []byte, person string) []byte {
	m := hmac.New(sha256.New, key)
	// The first line keeps this use of the key apart from every other use of it.
	_, _ = io.WriteString(m, "countersign device/1\n"+person) // a hash never fails to take bytes
	return m.Sum(nil)
}
