// Package factor proves that a human being is there: passkeys (WebAuthn), one-time codes (TOTP), recovery codes, and the seal on stored
// rows about them.
//
// It is a leaf. It must not know the database, HTTP, payouts, roles or rules, and it keeps no state: challenges, times and randomness are
// passed in; what must happen once (a challenge, a TOTP step, a recovery code) is marked as used by the caller, in the caller's transaction,
// and so is every expiry. Its errors are the sentinels below, never words for a page.
//
// The library behind passkeys is lenient where the WebAuthn text lets it be (origins in another letter case, doubled members in the client data,
// COSE keys with extra members). Everything that it accepts is also checked by [VerifyAssertion] and its parts, which are strict: so what is
// stored with a decision is exactly what an auditor's check, made without any server state, accepts.
package factor

import (
	"encoding/binary"
	"errors"
	"io"
)

var (
	// ErrNoRP is in the chain when the public URL cannot carry passkeys: an IP address, a name of one label (but localhost), a name that is
	// not ASCII, or plain http on anything but localhost. Shown as "passkeys need a name, not an address".
	ErrNoRP = errors.New("no passkeys at this address")
	// ErrResponse is in the chain when what the browser sent is no response at all: too long, not JSON, not base64url, not CBOR.
	ErrResponse = errors.New("not a passkey response")
	// ErrRefused is in the chain when a response can be read and proves nothing: another origin, challenge or key, no user verification, a wrong
	// signature.
	ErrRefused = errors.New("passkey response refused")
	// ErrUnknownKey is in the chain when the response names a passkey that the person doesn't have.
	ErrUnknownKey = errors.New("unknown passkey")
	// ErrInput is in the chain when the desk itself asked for something impossible: a short challenge, a user handle out of bounds, no passkeys.
	ErrInput = errors.New("bad input")
	// ErrSecret is in the chain when a secret is too short or not written as it must be.
	ErrSecret = errors.New("bad secret")
	// ErrSealed is in the chain when a sealed box doesn't open: another key, another context, or changed bytes.
	ErrSealed = errors.New("sealed box does not open")
)

// part appends one byte string with its length before it, so that no two lists of parts have the same encoding.
func part(b, p []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
	return append(b, p...)
}

// random reads n bytes. Failing randomness panics, as in internal/app: nothing safe can be done without it.
func random(r io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		panic("randomness failed: " + err.Error())
	}
	return b
}
