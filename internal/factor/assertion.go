package factor

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

const (
	signInfo      = "countersign sign/1"
	maxClientData = 8 << 10
	maxAuthData   = 4 << 10
	maxSignature  = 1 << 10
)

// Assertion is what a passkey signed, byte for byte, as it is stored with a decision. The signature is over AuthenticatorData ‖ SHA-256(ClientData); with
// ES256 a second signature over the same bytes can be made from the first by anybody, so the signature is never an identity.
type Assertion struct {
	CredentialID, AuthenticatorData, ClientData, Signature []byte
}

// SignChallenge is what a passkey signs to approve: SHA-256 over an encoding in which no two (digest, person, nonce, expiry) are the same. The expiry counts to the
// microsecond, as it is stored. Whether it is past, and whether the nonce was used, is the caller's to check.
func SignChallenge(digest, person string, nonce []byte, expires time.Time) []byte {
	b := part(nil, []byte(signInfo))
	b = part(b, []byte(digest))
	b = part(b, []byte(person))
	b = part(b, nonce)
	b = binary.BigEndian.AppendUint64(b, uint64(expires.UnixMicro()))
	h := sha256.Sum256(b)
	return h[:]
}

// VerifyAssertion is the check that an auditor makes without any server state: the client data say webauthn.get, this challenge, one of these origins, and no frame
// of another site; the authenticator says this RP id, that somebody was there (UP) and was verified (UV); and the signature is the key's. It fails with ErrResponse
// or ErrRefused. The counter needs the counters of the other assertions and is not looked at.
func VerifyAssertion(publicKeyCOSE []byte, rpID string, origins []string, challenge []byte, a Assertion) error {
	switch {
	case len(challenge) < challengeSize || rpID == "" || len(origins) == 0:
		return fmt.Errorf("%w: nothing to compare with", ErrRefused)
	case len(a.ClientData) > maxClientData, len(a.AuthenticatorData) > maxAuthData, len(a.Signature) > maxSignature, len(a.CredentialID) == 0, len(a.CredentialID) > maxID:
		return fmt.Errorf("%w: lengths", ErrResponse)
	}
	key, err := publicKey(publicKeyCOSE)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err := checkClientData(a.ClientData, protocol.AssertCeremony, challenge, origins); err != nil {
		return err
	}
	var data protocol.AuthenticatorData
	if err := data.Unmarshal(a.AuthenticatorData); err != nil {
		return fmt.Errorf("%w: authenticator data: %s", ErrResponse, detail(err))
	}
	hash := sha256.Sum256([]byte(rpID))
	switch {
	case !bytes.Equal(data.RPIDHash, hash[:]):
		return fmt.Errorf("%w: for another RP id", ErrRefused)
	case !data.Flags.HasUserPresent():
		return fmt.Errorf("%w: nobody was there", ErrRefused)
	case !data.Flags.HasUserVerified():
		return fmt.Errorf("%w: the user was not verified", ErrRefused)
	case data.Flags.HasBackupState() && !data.Flags.HasBackupEligible():
		return fmt.Errorf("%w: backed up and not eligible for it", ErrRefused)
	}
	client := sha256.Sum256(a.ClientData)
	if ok, err := webauthncose.VerifySignature(key, slices.Concat(a.AuthenticatorData, client[:]), a.Signature); err != nil || !ok {
		return fmt.Errorf("%w: signature", ErrRefused)
	}
	return nil
}

// checkClientData is strict where encoding/json is not: a member that stands twice, or in another letter case, is refused, because another reader could read the
// same signed bytes otherwise; and an origin is compared byte for byte.
func checkClientData(raw []byte, ceremony protocol.CeremonyType, challenge []byte, origins []string) error {
	m, err := clientData(raw)
	if err != nil {
		return fmt.Errorf("%w: client data: %w", ErrResponse, err)
	}
	text := func(name string) string {
		var s string
		if json.Unmarshal(m[name], &s) != nil {
			return ""
		}
		return s
	}
	cross, named := m["crossorigin"]
	_, top := m["toporigin"]
	switch {
	case text("type") != string(ceremony):
		return fmt.Errorf("%w: not for %s", ErrRefused, ceremony)
	case subtle.ConstantTimeCompare([]byte(text("challenge")), []byte(base64.RawURLEncoding.EncodeToString(challenge))) != 1:
		return fmt.Errorf("%w: another challenge", ErrRefused)
	case text("origin") == "" || !slices.Contains(origins, text("origin")):
		return fmt.Errorf("%w: another origin: %.100q", ErrRefused, text("origin"))
	case named && string(cross) != "false" || top:
		return fmt.Errorf("%w: inside a frame of another site", ErrRefused)
	}
	return nil
}

// spelled are the members that mean something, by their name in lower case.
var spelled = map[string]string{"type": "type", "challenge": "challenge", "origin": "origin", "crossorigin": "crossOrigin", "toporigin": "topOrigin"}

// clientData reads the members by their name in lower case.
func clientData(raw []byte) (map[string]json.RawMessage, error) {
	if len(raw) > maxClientData || !utf8.Valid(raw) {
		return nil, errors.New("not short UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	m := map[string]json.RawMessage{}
	for dec.More() { // ends: the text is bounded
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		lower := strings.ToLower(name)
		if _, twice := m[lower]; !ok || twice {
			return nil, errors.New("a member stands twice")
		}
		if want, ok := spelled[lower]; ok && want != name {
			return nil, errors.New("a member in another letter case")
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, err
		}
		m[lower] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows")
	}
	return m, nil
}

// detail is the library's error with what it says only to developers, shortened: parts of it come from outside.
func detail(err error) string {
	s := err.Error()
	var e *protocol.Error
	if errors.As(err, &e) {
		s = e.Details + " " + e.DevInfo
	}
	return fmt.Sprintf("%.300q", s)
}
