package factor

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// How long the browser lets a person take; the server's own limits are the caller's.
const (
	RegisterTime = 5 * time.Minute
	LoginTime    = 2 * time.Minute
	SignTime     = 2 * time.Minute
)

// MaxResponse is the largest response of a browser that is read, in bytes.
const MaxResponse = 64 << 10

const maxSession = 16 << 10

// Keys does the three ceremonies of passkeys for one public URL: to register, to sign in, to sign an approval. Use [NewKeys].
type Keys struct {
	lib     *webauthn.WebAuthn
	rpID    string
	origins []string
}

// NewKeys makes the ceremonies for the desk's public URL; name is shown by authenticators. The RP id is the URL's host: passkeys belong to it for good, a desk that
// moves to another host needs new ones. It fails with ErrNoRP where browsers allow none: they need https and a name, or http on localhost.
func NewKeys(publicURL, name string) (*Keys, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRP, err)
	}
	host, port, scheme := strings.ToLower(u.Hostname()), u.Port(), strings.ToLower(u.Scheme)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if err := protocol.ValidateRPID(host); err != nil {
		return nil, fmt.Errorf("%w: host %.100q: %w", ErrNoRP, host, err)
	}
	if scheme != "https" && (scheme != "http" || !local) {
		return nil, fmt.Errorf("%w: needs https", ErrNoRP)
	}
	origin := scheme + "://" + host
	if port != "" && (scheme != "https" || port != "443") && (scheme != "http" || port != "80") { // browsers leave a scheme's own port out
		origin += ":" + port
	}
	lib, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: name, RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, RequireResidentKey: protocol.ResidentKeyNotRequired(), UserVerification: protocol.VerificationRequired,
		},
		// The browser's own time limit only; Enforce would read the wall clock.
		Timeouts: webauthn.TimeoutsConfig{Login: webauthn.TimeoutConfig{Timeout: LoginTime}, Registration: webauthn.TimeoutConfig{Timeout: RegisterTime}},
		// Password managers add outputs that nobody asked for; none of them decides anything here.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRP, err)
	}
	return &Keys{lib, host, []string{origin}}, nil
}

// RPID is the host that the passkeys belong to: [VerifyAssertion] needs it.
func (k *Keys) RPID() string { return k.rpID }

// Origins are the origins at which they may be used: [VerifyAssertion] needs them.
func (k *Keys) Origins() []string { return slices.Clone(k.origins) }

// NewChallenge makes the 32 bytes for [Keys.BeginRegister] and [Keys.BeginLogin].
func NewChallenge(rand io.Reader) []byte { return random(rand, challengeSize) }

// BeginRegister starts the making of a passkey: options for navigator.credentials.create, and a session that the caller keeps on the server, uses once and lets
// expire. Passkeys in existing are excluded by the browser. It fails with ErrInput.
func (k *Keys) BeginRegister(u User, existing []Credential, challenge []byte) (optionsJSON, session []byte, err error) {
	who := user{u, existing}
	if err := errors.Join(who.check(), checkChallenge(challenge)); err != nil {
		return nil, nil, err
	}
	exclude := make([]protocol.CredentialDescriptor, len(existing))
	for i, c := range existing {
		l := c.library()
		exclude[i] = l.Descriptor()
	}
	params := make([]protocol.CredentialParameter, len(algorithms))
	for i, a := range algorithms {
		params[i] = protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: a}
	}
	options, s, err := k.lib.BeginRegistration(who, webauthn.WithExclusions(exclude), webauthn.WithCredentialParameters(params), webauthn.WithExtensions(webauthn.WithExtensionCredProps()),
		func(o *protocol.PublicKeyCredentialCreationOptions) error { // the library draws one of its own and has no option for ours
			o.Challenge = challenge
			return nil
		})
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s", ErrInput, detail(err))
	}
	return begun(options, s)
}

// FinishRegister reads the browser's answer to [Keys.BeginRegister] of the same person and session. The caller still refuses a passkey whose [Credential.Marks]
// are known. It fails with ErrInput, ErrResponse or ErrRefused.
func (k *Keys) FinishRegister(u User, session, responseJSON []byte) (Credential, error) {
	who := user{User: u}
	s, err := openSession(session, protocol.CreateCeremony)
	if err = errors.Join(who.check(), err); err != nil {
		return Credential{}, err
	}
	if len(responseJSON) > MaxResponse {
		return Credential{}, fmt.Errorf("%w: %d bytes", ErrResponse, len(responseJSON))
	}
	p, err := protocol.ParseCredentialCreationResponseBytes(responseJSON)
	if err != nil {
		return Credential{}, fmt.Errorf("%w: %s", ErrResponse, detail(err))
	}
	challenge, err := base64.RawURLEncoding.DecodeString(s.Challenge)
	if err != nil {
		return Credential{}, fmt.Errorf("%w: session", ErrInput)
	}
	if err := checkClientData(p.Raw.AttestationResponse.ClientDataJSON, protocol.CreateCeremony, challenge, k.origins); err != nil {
		return Credential{}, err
	}
	// We ask for no attestation, and browsers then send none or the key's own signature. Other formats bring certificates, which decide nothing here and whose
	// checks read the wall clock.
	object := p.Response.AttestationObject
	if _, certs := object.AttStatement["x5c"]; certs || object.Format != string(protocol.AttestationFormatNone) && object.Format != string(protocol.AttestationFormatPacked) {
		return Credential{}, fmt.Errorf("%w: attestation %.40q", ErrRefused, object.Format)
	}
	got, err := k.lib.CreateCredential(who, s, p)
	if err != nil {
		return Credential{}, fmt.Errorf("%w: %s", ErrRefused, detail(err))
	}
	c := Credential{
		ID: got.ID, PublicKey: got.PublicKey, SignCount: got.Authenticator.SignCount, Transports: transports(got.Transport), AAGUID: got.Authenticator.AAGUID,
		Flags:        Flags{got.Flags.UserVerified, got.Flags.BackupEligible, got.Flags.BackupState},
		Discoverable: got.Extensions.RK != nil && *got.Extensions.RK,
	}
	if err := c.check(); err != nil {
		return Credential{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return c, nil
}

// BeginLogin starts a sign-in with a passkey alone: options for navigator.credentials.get, in which nobody is named, and a session that the caller keeps on the
// server, uses once and lets expire. It fails with ErrInput.
func (k *Keys) BeginLogin(challenge []byte) (optionsJSON, session []byte, err error) {
	if err := checkChallenge(challenge); err != nil {
		return nil, nil, err
	}
	options, s, err := k.lib.BeginDiscoverableLogin(webauthn.WithChallenge(challenge))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s", ErrInput, detail(err))
	}
	return begun(options, s)
}

// FinishLogin reads the browser's answer to [Keys.BeginLogin]. lookup finds the person of a passkey by its id and the user handle, and returns all their passkeys;
// both come from outside and are proved only once FinishLogin returns without an error. It returns the passkey as it must be stored now (counter, CloneWarning),
// and the handle. It fails with ErrInput, ErrResponse, ErrUnknownKey, ErrRefused, or with lookup's error as it is.
func (k *Keys) FinishLogin(session, responseJSON []byte, lookup func(credentialID, userHandle []byte) (User, []Credential, error)) (Credential, []byte, error) {
	s, err := openSession(session, protocol.AssertCeremony)
	if err != nil {
		return Credential{}, nil, err
	}
	challenge, err := base64.RawURLEncoding.DecodeString(s.Challenge)
	if err != nil {
		return Credential{}, nil, fmt.Errorf("%w: session", ErrInput)
	}
	p, err := parseAssertion(responseJSON)
	if err != nil {
		return Credential{}, nil, err
	}
	handle := p.Response.UserHandle
	if len(handle) < minHandle || len(handle) > maxHandle || len(p.RawID) > maxID {
		return Credential{}, nil, fmt.Errorf("%w: user handle of %d bytes", ErrResponse, len(handle))
	}
	u, creds, err := lookup(bytes.Clone(p.RawID), bytes.Clone(handle))
	if err != nil {
		return Credential{}, nil, err
	}
	who := user{u, creds}
	if err := who.check(); err != nil {
		return Credential{}, nil, err
	}
	_, c, err := k.finish(who, challenge, p, func() (*webauthn.Credential, error) {
		_, c, err := k.lib.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return who, nil }, s, p)
		return c, err
	})
	if err != nil {
		return Credential{}, nil, err
	}
	return c, bytes.Clone(handle), nil
}

// BeginSign starts the signing of an approval by one of a person's passkeys: options for navigator.credentials.get with the challenge of [SignChallenge]. There is no
// session: the challenge is made again from what was stored (digest, person, nonce, expiry). It fails with ErrInput.
func (k *Keys) BeginSign(u User, creds []Credential, challenge []byte) (optionsJSON []byte, err error) {
	who := user{u, creds}
	if err := errors.Join(who.check(), checkChallenge(challenge)); err != nil {
		return nil, err
	}
	if len(creds) == 0 {
		return nil, fmt.Errorf("%w: no passkeys", ErrInput)
	}
	options, s, err := k.lib.BeginLogin(who, webauthn.WithChallenge(challenge), func(o *protocol.PublicKeyCredentialRequestOptions) error {
		o.Timeout = int(SignTime / time.Millisecond)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInput, detail(err))
	}
	optionsJSON, _, err = begun(options, s)
	return optionsJSON, err
}

// FinishSign reads the browser's answer to [Keys.BeginSign] of the same person, passkeys and challenge. It returns what is stored with the decision, which
// [VerifyAssertion] accepts with the same passkey and challenge, and the passkey as it must be stored now. It fails with ErrInput, ErrResponse, ErrUnknownKey or
// ErrRefused. That the challenge has not expired and is used once is the caller's to check.
func (k *Keys) FinishSign(u User, creds []Credential, challenge, responseJSON []byte) (Assertion, Credential, error) {
	who := user{u, creds}
	if err := errors.Join(who.check(), checkChallenge(challenge)); err != nil {
		return Assertion{}, Credential{}, err
	}
	if len(creds) == 0 {
		return Assertion{}, Credential{}, fmt.Errorf("%w: no passkeys", ErrUnknownKey)
	}
	p, err := parseAssertion(responseJSON)
	if err != nil {
		return Assertion{}, Credential{}, err
	}
	s := webauthn.SessionData{Challenge: base64.RawURLEncoding.EncodeToString(challenge), RelyingPartyID: k.rpID, UserID: u.ID, UserVerification: protocol.VerificationRequired}
	for _, c := range creds {
		s.AllowedCredentialIDs = append(s.AllowedCredentialIDs, c.ID)
	}
	return k.finish(who, challenge, p, func() (*webauthn.Credential, error) { return k.lib.ValidateLogin(who, s, p) })
}

// finish judges a response strictly, with nothing but what will be stored, and then lets the library judge it: whose passkey it is, the user handle, that it did not
// become one that can be copied, and the counter.
func (k *Keys) finish(who user, challenge []byte, p *protocol.ParsedCredentialAssertionData, judge func() (*webauthn.Credential, error)) (Assertion, Credential, error) {
	i := slices.IndexFunc(who.creds, func(c Credential) bool { return bytes.Equal(c.ID, p.RawID) })
	if i < 0 {
		return Assertion{}, Credential{}, ErrUnknownKey
	}
	c := who.creds[i]
	raw := p.Raw.AssertionResponse
	a := Assertion{c.ID, bytes.Clone(raw.AuthenticatorData), bytes.Clone(raw.ClientDataJSON), bytes.Clone(raw.Signature)}
	if err := VerifyAssertion(c.PublicKey, k.rpID, k.origins, challenge, a); err != nil {
		return Assertion{}, Credential{}, err
	}
	got, err := judge()
	if err != nil {
		return Assertion{}, Credential{}, fmt.Errorf("%w: %s", ErrRefused, detail(err))
	}
	return a, c.used(got), nil
}

func parseAssertion(responseJSON []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if len(responseJSON) > MaxResponse {
		return nil, fmt.Errorf("%w: %d bytes", ErrResponse, len(responseJSON))
	}
	p, err := protocol.ParseCredentialRequestResponseBytes(responseJSON)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrResponse, detail(err))
	}
	return p, nil
}

func checkChallenge(b []byte) error {
	if len(b) != challengeSize {
		return fmt.Errorf("%w: challenge of %d bytes, not %d", ErrInput, len(b), challengeSize)
	}
	return nil
}

// stored is a session with the ceremony that it belongs to, so that a sign-in's session never finishes a registration.
type stored struct {
	Ceremony protocol.CeremonyType `json:"ceremony"`
	Session  *webauthn.SessionData `json:"session"`
}

func begun(options any, s *webauthn.SessionData) (optionsJSON, session []byte, err error) {
	ceremony := protocol.AssertCeremony
	if _, ok := options.(*protocol.CredentialCreation); ok {
		ceremony = protocol.CreateCeremony
	}
	if optionsJSON, err = json.Marshal(options); err != nil {
		return nil, nil, fmt.Errorf("options: %w", err)
	}
	if session, err = json.Marshal(stored{ceremony, s}); err != nil {
		return nil, nil, fmt.Errorf("session: %w", err)
	}
	return optionsJSON, session, nil
}

func openSession(b []byte, ceremony protocol.CeremonyType) (webauthn.SessionData, error) {
	var s stored
	if len(b) > maxSession {
		return webauthn.SessionData{}, fmt.Errorf("%w: session of %d bytes", ErrInput, len(b))
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return webauthn.SessionData{}, fmt.Errorf("%w: session: %w", ErrInput, err)
	}
	if s.Ceremony != ceremony || s.Session == nil || s.Session.UserVerification != protocol.VerificationRequired {
		return webauthn.SessionData{}, fmt.Errorf("%w: session of another ceremony", ErrInput)
	}
	return *s.Session, nil
}
