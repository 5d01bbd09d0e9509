package factor_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/internal/factor"
	"countersign/internal/factor/softkey"
)

const origin = "https://desk.example.org"

// Computed by Python's hashlib; the fingerprint belongs to chacha(2)'s key.
const (
	signVector        = "9db52e3c726685693cf44dbbb079376e992b9ae30ff62e8b9935829bf90b05bb"
	markVector        = "3e04b973266d1246679f532b731c9f235b1a21894f25c248c7ee81b219df011d"
	fingerprintVector = "ee6d eab2 bcf5 a8f5"
)

func chacha(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

var olga = factor.User{ID: factor.UserHandle("person-olga"), Name: "olga@example.org", Display: "Ольга Петрова"}

func keys(t testing.TB) *factor.Keys {
	t.Helper()
	return must(factor.NewKeys(origin, "Countersign"))(t)
}

// register gives the person a passkey of the authenticator.
func register(t testing.TB, k *factor.Keys, u factor.User, soft *softkey.Key) factor.Credential {
	t.Helper()
	options, session, err := k.BeginRegister(u, nil, factor.NewChallenge(chacha(1)))
	if err != nil {
		t.Fatal(err)
	}
	return must(k.FinishRegister(u, session, must(soft.Register(options, k.Origins()[0]))(t)))(t)
}

func TestNewKeys(t *testing.T) {
	for in, want := range map[string]string{
		"https://desk.example.org": "desk.example.org https://desk.example.org", "https://Desk.Example.org:443/": "desk.example.org https://desk.example.org",
		"https://desk.example.org:8443/x?y": "desk.example.org https://desk.example.org:8443", "http://localhost:8080": "localhost http://localhost:8080",
		"https://localhost": "localhost https://localhost", "http://desk.localhost:8080": "desk.localhost http://desk.localhost:8080", "http://localhost:80": "localhost http://localhost",
		"http://127.0.0.1:8080": "", "https://127.0.0.1": "", "https://[::1]:8080": "", "https://10.0.0.7": "", "http://desk.example.org": "", "https://desk": "", "desk.example.org": "",
		"": "", "ftp://localhost": "", "https://столовая.рф": "", "https://a..b": "", "https://example.org.": "", "https://0x7f.1": "", "::": "", "http://evil-localhost:1": "", "http://notlocalhost": "",
	} {
		k, err := factor.NewKeys(in, "Countersign")
		if want == "" {
			if !errors.Is(err, factor.ErrNoRP) {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if err != nil || k.RPID()+" "+strings.Join(k.Origins(), " ") != want {
			t.Errorf("%s: %v, %v; want %s", in, k, err, want)
		}
	}
}

// TestOptions: what the browser is asked for is what the rules say, with the caller's challenge and in the JSON form of WebAuthn level 3.
func TestOptions(t *testing.T) {
	k := keys(t)
	challenge := factor.NewChallenge(chacha(9))
	c := register(t, k, olga, softkey.New(chacha(2)))
	created, session, err := k.BeginRegister(olga, []factor.Credential{c}, challenge)
	if err != nil {
		t.Fatal(err)
	}
	again, session2, err := k.BeginRegister(olga, []factor.Credential{c}, challenge)
	if err != nil || !bytes.Equal(again, created) || !bytes.Equal(session, session2) {
		t.Errorf("the same input gives other options: %v", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	id := `[{"type":"public-key","id":"` + b64(c.ID) + `","transports":["internal"]}]`
	for _, x := range []struct {
		name, got, want string
	}{
		{"register", string(created), `{"publicKey":{"rp":{"name":"Countersign","id":"desk.example.org"},"user":{"name":"olga@example.org","displayName":"Ольга Петрова","id":"` + b64(olga.ID) +
			`"},"challenge":"` + b64(challenge) + `","pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-8},{"type":"public-key","alg":-257}],"timeout":300000,` +
			`"excludeCredentials":` + id + `,"authenticatorSelection":{"requireResidentKey":false,"residentKey":"preferred","userVerification":"required"},"attestation":"none","extensions":{"credProps":true}}}`},
		{"login", string(must2(k.BeginLogin(challenge))(t)), `{"publicKey":{"challenge":"` + b64(challenge) + `","timeout":120000,"rpId":"desk.example.org","userVerification":"required"}}`},
		{"sign", string(must(k.BeginSign(olga, []factor.Credential{c}, challenge))(t)), `{"publicKey":{"challenge":"` + b64(challenge) + `","timeout":120000,"rpId":"desk.example.org","allowCredentials":` + id + `,"userVerification":"required"}}`},
	} {
		if x.got != x.want {
			t.Errorf("%s:\n%s\n%s", x.name, x.got, x.want)
		}
	}
}

func must2(a, _ []byte, err error) func(t testing.TB) []byte { return must(a, err) }

// TestCeremonies: with each algorithm a passkey is made, signs in alone and signs an approval, and what is stored convinces an auditor.
func TestCeremonies(t *testing.T) {
	k := keys(t)
	for name, soft := range map[string]*softkey.Key{"ES256": softkey.New(chacha(2)), "EdDSA": softkey.NewEdDSA(chacha(3)), "RS256": softkey.NewRS256(chacha(4))} {
		soft.BackedUp = true
		soft.Transports = []string{"usb", "internal", "usb", "<script>", strings.Repeat("x", 33)}
		c := register(t, k, olga, soft)
		if !bytes.Equal(c.ID, soft.ID) || !bytes.Equal(c.PublicKey, soft.COSE()) || !slices.Equal(c.Transports, []string{"internal", "usb"}) || c.Flags != (factor.Flags{UserVerified: true, BackupEligible: true, BackupState: true}) || !c.Discoverable {
			t.Errorf("%s: %+v", name, c)
		}
		if again := must(factor.ParseCredential(c.Marshal()))(t); !bytes.Equal(again.Marshal(), c.Marshal()) {
			t.Errorf("%s: %s", name, again.Marshal())
		}
		options, session, err := k.BeginLogin(factor.NewChallenge(chacha(5)))
		if err != nil {
			t.Fatal(err)
		}
		answer := must(soft.Assert(options, origin))(t)
		got, handle, err := k.FinishLogin(session, answer, func(id, handle []byte) (factor.User, []factor.Credential, error) {
			if !bytes.Equal(id, c.ID) || !bytes.Equal(handle, olga.ID) {
				t.Errorf("%s: looked up %x of %x", name, id, handle)
			}
			return olga, []factor.Credential{c}, nil
		})
		if err != nil || !bytes.Equal(handle, olga.ID) || got.SignCount != 1 || got.CloneWarning {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		challenge := factor.SignChallenge("digest", "person-olga", []byte("nonce"), time.Unix(1, 0))
		creds := []factor.Credential{got}
		a, signed, err := k.FinishSign(olga, creds, challenge, must(soft.Assert(must(k.BeginSign(olga, creds, challenge))(t), origin))(t))
		if err != nil || signed.SignCount != 2 {
			t.Fatalf("%s: %+v, %v", name, signed, err)
		}
		if err := factor.VerifyAssertion(c.PublicKey, k.RPID(), k.Origins(), challenge, a); err != nil {
			t.Errorf("%s: the auditor says %v", name, err)
		}
	}
}

// refusals are the lies that each ceremony must refuse, with the sentinel.
var refusals = map[string]struct {
	lie    func(*softkey.Key)
	origin string
	want   error
}{
	"honest":           {func(*softkey.Key) {}, origin, nil},
	"other origin":     {func(*softkey.Key) {}, "https://evil.example.org", factor.ErrRefused},
	"http":             {func(*softkey.Key) {}, "http://desk.example.org", factor.ErrRefused},
	"other port":       {func(*softkey.Key) {}, origin + ":8443", factor.ErrRefused},
	"path in origin":   {func(*softkey.Key) {}, origin + "/x", factor.ErrRefused},              // the library would take it
	"upper case":       {func(*softkey.Key) {}, "HTTPS://DESK.EXAMPLE.ORG", factor.ErrRefused}, // the library would take it
	"no origin":        {func(*softkey.Key) {}, "", factor.ErrRefused},
	"other RP id":      {func(k *softkey.Key) { k.RP = "example.org" }, origin, factor.ErrRefused},
	"no UV":            {func(k *softkey.Key) { k.NoUV = true }, origin, factor.ErrRefused},
	"no UP":            {func(k *softkey.Key) { k.NoUP = true }, origin, factor.ErrRefused},
	"other challenge":  {func(k *softkey.Key) { k.Challenge = make([]byte, 32) }, origin, factor.ErrRefused},
	"other ceremony":   {func(k *softkey.Key) { k.Type = "payment.get" }, origin, factor.ErrRefused},
	"create for get":   {func(k *softkey.Key) { k.Type = "webauthn.get2" }, origin, factor.ErrRefused},
	"in a frame":       {func(k *softkey.Key) { k.CrossOrigin = true }, origin, factor.ErrRefused},
	"not JSON":         {func(k *softkey.Key) { k.ClientData = []byte("x") }, origin, factor.ErrResponse},
	"empty JSON":       {func(k *softkey.Key) { k.ClientData = []byte("{}") }, origin, factor.ErrRefused},
	"long client data": {func(k *softkey.Key) { k.ClientData = []byte(`{"x":"` + strings.Repeat("x", 9<<10) + `"}`) }, origin, factor.ErrResponse},
}

func TestRegisterRefuses(t *testing.T) {
	k := keys(t)
	for name, x := range refusals {
		soft := softkey.New(chacha(2))
		options, session, err := k.BeginRegister(olga, nil, factor.NewChallenge(chacha(1)))
		if err != nil {
			t.Fatal(err)
		}
		x.lie(soft)
		c, err := k.FinishRegister(olga, session, must(soft.Register(options, x.origin))(t))
		if !errors.Is(err, x.want) || (err == nil) != (c.ID != nil) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	options, session, err := k.BeginRegister(olga, nil, factor.NewChallenge(chacha(1)))
	if err != nil {
		t.Fatal(err)
	}
	_, loginSession, err := k.BeginLogin(factor.NewChallenge(chacha(1)))
	if err != nil {
		t.Fatal(err)
	}
	good := must(softkey.New(chacha(2)).Register(options, origin))(t)
	extra := softkey.New(chacha(2))
	extra.Extra = true
	packed := softkey.New(chacha(2))
	packed.AttestationPretend = "packed"
	tpm := softkey.New(chacha(2))
	tpm.AttestationPretend = "tpm"
	wrong := softkey.New(chacha(2))
	wrong.AttestationPretend, wrong.Signer = "packed", softkey.New(chacha(3))
	other := factor.User{ID: factor.UserHandle("person-pavel"), Name: "p", Display: "p"}
	for name, x := range map[string]struct {
		u       factor.User
		session []byte
		body    []byte
		want    error
	}{
		"good":                           {olga, session, good, nil},
		"other person":                   {other, session, good, factor.ErrRefused},
		"short handle":                   {factor.User{ID: make([]byte, 15)}, session, good, factor.ErrInput},
		"session of a sign-in":           {olga, loginSession, good, factor.ErrInput},
		"no session":                     {olga, nil, good, factor.ErrInput},
		"session null":                   {olga, []byte("null"), good, factor.ErrInput},
		"too long":                       {olga, session, append(bytes.Clone(good), bytes.Repeat([]byte(" "), factor.MaxResponse)...), factor.ErrResponse},
		"trailing":                       {olga, session, append(bytes.Clone(good), '1'), factor.ErrResponse},
		"empty":                          {olga, session, nil, factor.ErrResponse},
		"key in another spelling":        {olga, session, must(extra.Register(options, origin))(t), factor.ErrRefused},
		"self attestation":               {olga, session, must(packed.Register(options, origin))(t), nil},
		"self attestation by other key":  {olga, session, must(wrong.Register(options, origin))(t), factor.ErrRefused},
		"attestation nobody asked for":   {olga, session, must(tpm.Register(options, origin))(t), factor.ErrRefused},
		"id that is not the attested id": {olga, session, bytes.ReplaceAll(good, []byte(base64.RawURLEncoding.EncodeToString(softkey.New(chacha(2)).ID)), []byte("AAAA")), factor.ErrRefused},
	} {
		if _, err := k.FinishRegister(x.u, x.session, x.body); !errors.Is(err, x.want) || x.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	certified := softkey.New(chacha(2))
	certified.AttestationPretend, certified.X5C = "packed", [][]byte{{1}}
	for name, soft := range map[string]*softkey.Key{"tpm": tpm, "packed": certified} { // refused for its form, before anybody reads a certificate
		if _, err := k.FinishRegister(olga, session, must(soft.Register(options, origin))(t)); !errors.Is(err, factor.ErrRefused) || !strings.Contains(err.Error(), `attestation "`+name+`"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	soft := softkey.New(chacha(2))
	c := register(t, k, olga, soft)
	again, _, err := k.BeginRegister(olga, []factor.Credential{c}, factor.NewChallenge(chacha(1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := soft.Register(again, origin); !errors.Is(err, softkey.ErrExcluded) {
		t.Errorf("registered twice: %v", err)
	}
	for name, err := range map[string]error{
		"short challenge": third(k.BeginRegister(olga, nil, make([]byte, 31))), "no challenge": third(k.BeginRegister(olga, nil, nil)), "login": third(k.BeginLogin(nil)),
		"many": third(k.BeginRegister(olga, make([]factor.Credential, factor.MaxCredentials+1), make([]byte, 32))),
	} {
		if !errors.Is(err, factor.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func third(_, _ []byte, err error) error { return err }

// assertion is what the answer of a browser holds, without anybody's judgement.
func assertion(t *testing.T, answer []byte) factor.Assertion {
	t.Helper()
	var m struct {
		RawID    string `json:"rawId"`
		Response map[string]string
	}
	if err := json.Unmarshal(answer, &m); err != nil {
		t.Fatal(err)
	}
	b64 := func(s string) []byte { return must(base64.RawURLEncoding.DecodeString(s))(t) }
	return factor.Assertion{CredentialID: b64(m.RawID), AuthenticatorData: b64(m.Response["authenticatorData"]), ClientData: b64(m.Response["clientDataJSON"]), Signature: b64(m.Response["signature"])}
}

// TestAssertRefuses: every lie is refused at sign-in, at signing, and by the auditor's check alone.
func TestAssertRefuses(t *testing.T) {
	k := keys(t)
	refusals := maps.Clone(refusals)
	for name, lie := range map[string]func(*softkey.Key){
		"other key":  func(k *softkey.Key) { k.Signer = softkey.New(chacha(9)) },
		"other kind": func(k *softkey.Key) { k.Signer = softkey.NewEdDSA(chacha(9)) },
		"now backed": func(k *softkey.Key) { k.BackedUp = true }, // eligibility never changes
		"BS alone":   func(k *softkey.Key) { k.Impossible = true },
		"create":     func(k *softkey.Key) { k.Type = "webauthn.create" },
		"doubled":    func(k *softkey.Key) { k.ClientData = clientData("", `"type":"webauthn.get",`) },
		"other case": func(k *softkey.Key) {
			k.ClientData = bytes.Replace(clientData("", ""), []byte(`"origin"`), []byte(`"Origin"`), 1)
		},
		"top origin":   func(k *softkey.Key) { k.ClientData = clientData("", `"topOrigin":"https://desk.example.org",`) },
		"trailing":     func(k *softkey.Key) { k.ClientData = append(clientData("", ""), ' ', '1') },
		"padded":       func(k *softkey.Key) { k.ClientData = clientData("=", "") },
		"null frame":   func(k *softkey.Key) { k.ClientData = clientData("", `"crossOrigin":null,`) },
		"number frame": func(k *softkey.Key) { k.ClientData = clientData("", `"crossOrigin":1,`) },
	} {
		refusals[name] = struct {
			lie    func(*softkey.Key)
			origin string
			want   error
		}{lie, origin, errAny}
	}
	refusals["new member"] = struct {
		lie    func(*softkey.Key)
		origin string
		want   error
	}{func(k *softkey.Key) {
		k.ClientData = clientData("", `"crossOrigin":false,"other_keys_can_be_added_here":"do not compare clientDataJSON against a template",`)
	}, origin, nil}
	check := func(name string, err, want error) {
		t.Helper()
		if want == errAny && !errors.Is(err, factor.ErrRefused) && !errors.Is(err, factor.ErrResponse) || want != errAny && !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	for name, x := range refusals {
		soft := softkey.New(chacha(2))
		c := register(t, k, olga, soft)
		options, session, err := k.BeginLogin(testChallenge)
		if err != nil {
			t.Fatal(err)
		}
		x.lie(soft)
		_, handle, err := k.FinishLogin(session, must(soft.Assert(options, x.origin))(t), find(olga, c))
		check("login, "+name, err, x.want)
		if err != nil && handle != nil {
			t.Errorf("%s: a handle beside an error", name)
		}
		creds := []factor.Credential{c}
		answer := must(soft.Assert(must(k.BeginSign(olga, creds, testChallenge))(t), x.origin))(t)
		a, _, err := k.FinishSign(olga, creds, testChallenge, answer)
		check("sign, "+name, err, x.want)
		if name != "now backed" { // nothing that is stored tells what was before
			check("offline, "+name, factor.VerifyAssertion(c.PublicKey, k.RPID(), k.Origins(), testChallenge, assertion(t, answer)), x.want)
		}
		if err != nil && a.Signature != nil {
			t.Errorf("%s: an assertion beside an error", name)
		}
	}
}

var (
	errAny        = errors.New("refused in one way or the other")
	testChallenge = bytes.Repeat([]byte{5}, 32)
)

// clientData is honest client data with something after the challenge and further members before the others.
func clientData(pad, more string) []byte {
	return []byte(`{` + more + `"type":"webauthn.get","challenge":"` + base64.RawURLEncoding.EncodeToString(testChallenge) + pad + `","origin":"` + origin + `"}`)
}

func find(u factor.User, creds ...factor.Credential) func(_, _ []byte) (factor.User, []factor.Credential, error) {
	return func(_, _ []byte) (factor.User, []factor.Credential, error) { return u, creds, nil }
}

func TestLoginLookup(t *testing.T) {
	k := keys(t)
	soft := softkey.New(chacha(2))
	c := register(t, k, olga, soft)
	stranger := softkey.New(chacha(3))
	register(t, k, olga, stranger)
	options, session, err := k.BeginLogin(testChallenge)
	if err != nil {
		t.Fatal(err)
	}
	_, createSession, err := k.BeginRegister(olga, nil, testChallenge)
	if err != nil {
		t.Fatal(err)
	}
	good := must(soft.Assert(options, origin))(t)
	soft.NoHandle = true
	nobody := must(soft.Assert(options, origin))(t)
	down := errors.New("store is down")
	pavel := factor.User{ID: factor.UserHandle("person-pavel")}
	for name, x := range map[string]struct {
		session, body []byte
		find          func(_, _ []byte) (factor.User, []factor.Credential, error)
		want          error
	}{
		"good":                    {session, good, find(olga, c), nil},
		"no such key":             {session, must(stranger.Assert(options, origin))(t), find(olga, c), factor.ErrUnknownKey},
		"no keys":                 {session, good, find(olga), factor.ErrUnknownKey},
		"key of another":          {session, good, find(pavel, c), factor.ErrRefused},
		"store down":              {session, good, func(_, _ []byte) (factor.User, []factor.Credential, error) { return olga, nil, down }, down},
		"without a handle":        {session, nobody, find(olga, c), factor.ErrResponse},
		"session of registration": {createSession, good, find(olga, c), factor.ErrInput},
		"too long":                {session, append(bytes.Clone(good), bytes.Repeat([]byte(" "), factor.MaxResponse)...), find(olga, c), factor.ErrResponse},
		"empty":                   {session, nil, find(olga, c), factor.ErrResponse},
		"registration":            {session, []byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`), find(olga, c), factor.ErrResponse},
	} {
		if _, _, err := k.FinishLogin(x.session, x.body, x.find); !errors.Is(err, x.want) || x.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	other := must(factor.NewKeys("https://other.example.org", "Other"))(t)
	if _, _, err := other.FinishLogin(session, good, find(olga, c)); !errors.Is(err, factor.ErrRefused) {
		t.Errorf("at another desk: %v", err)
	}
}

// TestSignBinds: an assertion counts for its digest, person, nonce and expiry only, and for nobody else's key.
func TestSignBinds(t *testing.T) {
	k := keys(t)
	soft := softkey.New(chacha(2))
	c := register(t, k, olga, soft)
	creds := []factor.Credential{c}
	at := time.Date(2026, 11, 5, 9, 2, 0, 0, time.UTC)
	challenge := factor.SignChallenge("digest", "olga", []byte("nonce"), at)
	body := must(soft.Assert(must(k.BeginSign(olga, creds, challenge))(t), origin))(t)
	a, _, err := k.FinishSign(olga, creds, challenge, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string][]byte{
		"digest": factor.SignChallenge("digest2", "olga", []byte("nonce"), at), "person": factor.SignChallenge("digest", "pavel", []byte("nonce"), at),
		"nonce": factor.SignChallenge("digest", "olga", []byte("nonce2"), at), "expiry": factor.SignChallenge("digest", "olga", []byte("nonce"), at.Add(time.Microsecond)),
		"moved": factor.SignChallenge("digesto", "lga", []byte("nonce"), at),
	} {
		if _, _, err := k.FinishSign(olga, creds, other, body); !errors.Is(err, factor.ErrRefused) {
			t.Errorf("another %s: %v", name, err)
		}
		if err := factor.VerifyAssertion(c.PublicKey, k.RPID(), k.Origins(), other, a); !errors.Is(err, factor.ErrRefused) {
			t.Errorf("another %s, offline: %v", name, err)
		}
	}
	if got := factor.SignChallenge("digest", "olga", []byte("nonce"), at.In(time.FixedZone("x", 3600))); !bytes.Equal(got, challenge) {
		t.Error("the zone of a time changes the challenge")
	}
	if got := hex.EncodeToString(challenge); got != signVector {
		t.Errorf("challenge %s, want %s", got, signVector) // stored assertions must stay provable
	}
	theirs := register(t, k, olga, softkey.New(chacha(3)))
	for name, err := range map[string]error{
		"another key":     factor.VerifyAssertion(theirs.PublicKey, k.RPID(), k.Origins(), challenge, a),
		"another RP id":   factor.VerifyAssertion(c.PublicKey, "example.org", k.Origins(), challenge, a),
		"another origin":  factor.VerifyAssertion(c.PublicKey, k.RPID(), []string{"https://evil.example.org"}, challenge, a),
		"no origins":      factor.VerifyAssertion(c.PublicKey, k.RPID(), nil, challenge, a),
		"no RP id":        factor.VerifyAssertion(c.PublicKey, "", k.Origins(), challenge, a),
		"no challenge":    factor.VerifyAssertion(c.PublicKey, k.RPID(), k.Origins(), nil, a),
		"no key":          factor.VerifyAssertion(nil, k.RPID(), k.Origins(), challenge, a),
		"key and garbage": factor.VerifyAssertion(append(bytes.Clone(c.PublicKey), 0), k.RPID(), k.Origins(), challenge, a),
	} {
		if !errors.Is(err, factor.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	pavel := factor.User{ID: factor.UserHandle("person-pavel")}
	if _, _, err := k.FinishSign(pavel, creds, challenge, body); !errors.Is(err, factor.ErrRefused) {
		t.Errorf("olga's key for pavel: %v", err)
	}
	if _, _, err := k.FinishSign(pavel, []factor.Credential{theirs}, challenge, body); !errors.Is(err, factor.ErrUnknownKey) {
		t.Errorf("olga's key among pavel's: %v", err)
	}
	if _, _, err := k.FinishSign(olga, nil, challenge, body); !errors.Is(err, factor.ErrUnknownKey) {
		t.Errorf("without keys: %v", err)
	}
	if _, err := k.BeginSign(olga, nil, challenge); !errors.Is(err, factor.ErrInput) {
		t.Errorf("begun without keys: %v", err)
	}
}

// TestSignChallengeInjective: two different (digest, person, nonce, expiry) never have the same challenge.
func TestSignChallengeInjective(t *testing.T) {
	type in struct {
		digest, person, nonce string
		at                    int64
	}
	gen := rapid.Custom(func(t *rapid.T) in { // the same few bytes, cut at other places
		const bytes = "aaa"
		i := rapid.IntRange(0, len(bytes)).Draw(t, "i")
		j := rapid.IntRange(i, len(bytes)).Draw(t, "j")
		return in{bytes[:i], bytes[i:j], bytes[j:], rapid.Int64Range(0, 1).Draw(t, "at")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		x, y := factor.SignChallenge(a.digest, a.person, []byte(a.nonce), time.UnixMicro(a.at)), factor.SignChallenge(b.digest, b.person, []byte(b.nonce), time.UnixMicro(b.at))
		if bytes.Equal(x, y) != (a == b) {
			t.Fatalf("%v and %v", a, b)
		}
	})
}

// TestCounter: a counter that does not go up is told, stays told, and the largest one is kept; authenticators that don't count are left alone.
func TestCounter(t *testing.T) {
	k := keys(t)
	soft := softkey.New(chacha(2))
	soft.Count = 10
	c := register(t, k, olga, soft)
	use := func(count uint32) {
		t.Helper()
		soft.Count = count
		creds := []factor.Credential{c}
		_, got, err := k.FinishSign(olga, creds, testChallenge, must(soft.Assert(must(k.BeginSign(olga, creds, testChallenge))(t), origin))(t))
		if err != nil {
			t.Fatal(err)
		}
		c = must(factor.ParseCredential(got.Marshal()))(t)
	}
	for _, x := range []struct {
		last, count uint32
		clone       bool
	}{{10, 11, false}, {14, 15, false}, {14, 15, true}, {3, 15, true}, {20, 21, true}} {
		if use(x.last); c.SignCount != x.count || c.CloneWarning != x.clone {
			t.Errorf("after %d: %d, %v; want %d, %v", x.last+1, c.SignCount, c.CloneWarning, x.count, x.clone)
		}
	}
	soft = softkey.New(chacha(3))
	soft.NoCounter = true
	c = register(t, k, olga, soft)
	for range 3 {
		if use(0); c.SignCount != 0 || c.CloneWarning {
			t.Errorf("no counter: %+v", c)
		}
	}
}

// TestBackupState: that a passkey was copied somewhere is learned when it is used; that it could be was fixed when it was made.
func TestBackupState(t *testing.T) {
	k := keys(t)
	soft := softkey.New(chacha(2))
	soft.Eligible = true
	c := register(t, k, olga, soft)
	soft.BackedUp = true
	creds := []factor.Credential{c}
	_, got, err := k.FinishSign(olga, creds, testChallenge, must(soft.Assert(must(k.BeginSign(olga, creds, testChallenge))(t), origin))(t))
	if err != nil || c.Flags.BackupState || !got.Flags.BackupState || !c.Flags.BackupEligible || !got.Flags.BackupEligible {
		t.Errorf("%+v, %+v, %v", c.Flags, got.Flags, err)
	}
}

// TestMutations: no change of any bit of what was signed, or of the signature, is accepted: neither offline nor in the browser's whole answer.
func TestMutations(t *testing.T) {
	k := keys(t)
	for name, soft := range map[string]*softkey.Key{"ES256": softkey.New(chacha(2)), "EdDSA": softkey.NewEdDSA(chacha(3)), "RS256": softkey.NewRS256(chacha(4))} {
		c := register(t, k, olga, soft)
		creds := []factor.Credential{c}
		a, _, err := k.FinishSign(olga, creds, testChallenge, must(soft.Assert(must(k.BeginSign(olga, creds, testChallenge))(t), origin))(t))
		if err != nil {
			t.Fatal(err)
		}
		verify := func(a factor.Assertion) error {
			return factor.VerifyAssertion(c.PublicKey, k.RPID(), k.Origins(), testChallenge, a)
		}
		for what, part := range map[string]*[]byte{"authenticator data": &a.AuthenticatorData, "client data": &a.ClientData, "signature": &a.Signature} {
			whole := *part
			for i := range 8 * len(whole) {
				*part = bytes.Clone(whole)
				(*part)[i/8] ^= 1 << (i % 8)
				if err := verify(a); err == nil {
					t.Errorf("%s: bit %d of the %s changed and accepted", name, i, what)
				}
			}
			for n := range whole {
				if *part = whole[:n]; verify(a) == nil {
					t.Errorf("%s: %d bytes of the %s accepted", name, n, what)
				}
			}
			if *part = append(bytes.Clone(whole), 0); verify(a) == nil {
				t.Errorf("%s: %s with a byte more accepted", name, what)
			}
			*part = whole
		}
		if err := verify(a); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnswerMutations changes the browser's answer anywhere: it is refused, or proves exactly the same bytes (white space, an unused member, the spelling of base64).
func TestAnswerMutations(t *testing.T) {
	k := keys(t)
	soft := softkey.New(chacha(2))
	c := register(t, k, olga, soft)
	creds := []factor.Credential{c}
	body := must(soft.Assert(must(k.BeginSign(olga, creds, testChallenge))(t), origin))(t)
	want, _, err := k.FinishSign(olga, creds, testChallenge, body)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(body)
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				b[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			case 1:
				b = slices.Delete(b, i, i+1)
			case 2:
				b = slices.Insert(b, i, rapid.Byte().Draw(t, "byte"))
			}
		}
		got, _, err := k.FinishSign(olga, creds, testChallenge, b)
		if err != nil {
			refused++
			return
		}
		if !bytes.Equal(got.AuthenticatorData, want.AuthenticatorData) || !bytes.Equal(got.ClientData, want.ClientData) || !bytes.Equal(got.Signature, want.Signature) || !bytes.Equal(got.CredentialID, want.CredentialID) {
			t.Fatalf("accepted with other bytes: %s", b)
		}
	})
	if refused == 0 {
		t.Error("nothing was ever refused: the changes change nothing")
	}
}

// TestWeakKeys: keys under which anybody can sign, or that stand in another spelling, are no keys.
func TestWeakKeys(t *testing.T) {
	es, ed, rs := softkey.New(chacha(2)).COSE(), softkey.NewEdDSA(chacha(3)).COSE(), softkey.NewRS256(chacha(4)).COSE()
	parse := func(key []byte) error {
		c := factor.Credential{ID: []byte{1}, PublicKey: key, AAGUID: []byte{}}
		_, err := factor.ParseCredential(c.Marshal())
		return err
	}
	for name, key := range map[string][]byte{"ES256": es, "EdDSA": ed, "RS256": rs} {
		if err := parse(key); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	point := ed[len(ed)-32:]
	for i, p := range smallOrder(t) {
		forged := false
		for n := range byte(64) { // with such a key a signature of nobody's holds now and then: R of small order, S = 0
			for _, r := range smallOrder(t) {
				forged = forged || ed25519.Verify(p, []byte{n}, append(bytes.Clone(r), make([]byte, 32)...))
			}
		}
		if !forged {
			t.Errorf("point %d is not of small order", i)
		}
		if err := parse(bytes.Replace(ed, point, p, 1)); err == nil {
			t.Errorf("point %d is a key", i)
		}
	}
	x := bytes.Clone(es)
	x[len(x)-1] ^= 1
	reordered := slices.Concat(es[:1], es[3:5], es[1:3], es[5:]) // algorithm before kind
	for name, key := range map[string][]byte{
		"off the curve": x, "members in another order": reordered, "exponent 1": bytes.Replace(rs, []byte{0x43, 1, 0, 1}, []byte{0x43, 0, 0, 1}, 1), "exponent 3": bytes.Replace(rs, []byte{0x43, 1, 0, 1}, []byte{0x41, 3}, 1),
		"RS1": bytes.Replace(rs, []byte{0x39, 1, 0}, []byte{0x39, 0xff, 0xfe}, 1), "RS512": bytes.Replace(rs, []byte{0x39, 1, 0}, []byte{0x39, 1, 2}, 1),
		"ES256K": bytes.Replace(es, []byte{3, 0x26}, []byte{3, 0x38, 0x2e}, 1), "Ed25519 by its new number": bytes.Replace(ed, []byte{3, 0x27}, []byte{3, 0x32}, 1), "trailing": append(bytes.Clone(es), 0),
		"empty": nil, "garbage": []byte("garbage"), "long": make([]byte, 3000), "no curve": bytes.Replace(bytes.Replace(ed, []byte{0x20, 6}, nil, 1), []byte{0xa4}, []byte{0xa3}, 1),
	} {
		if bytes.Equal(key, es) || bytes.Equal(key, ed) || bytes.Equal(key, rs) {
			t.Fatalf("%s changed nothing", name)
		}
		if err := parse(key); !errors.Is(err, factor.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// smallOrder are the points whose eightfold is zero, in every spelling, with the sign bit and without.
func smallOrder(t *testing.T) [][]byte {
	t.Helper()
	var out [][]byte
	for _, s := range []string{
		"01" + strings.Repeat("00", 31), strings.Repeat("00", 32), "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ec" + strings.Repeat("ff", 30) + "7f", "ed" + strings.Repeat("ff", 30) + "7f", "ee" + strings.Repeat("ff", 30) + "7f",
	} {
		b := must(hex.DecodeString(s))(t)
		signed := bytes.Clone(b)
		signed[31] |= 0x80
		out = append(out, b, signed)
	}
	return out
}

func TestCredential(t *testing.T) {
	k := keys(t)
	c := register(t, k, olga, softkey.New(chacha(2)))
	if got := factor.Fingerprint(c); len(got) != 19 || got != fingerprintVector {
		t.Errorf("fingerprint %s", got)
	}
	moved := c
	moved.ID, moved.PublicKey = append(bytes.Clone(c.ID), c.PublicKey[0]), c.PublicKey[1:]
	if factor.Fingerprint(moved) == factor.Fingerprint(c) {
		t.Error("bytes that move from the key to the id keep the fingerprint")
	}
	counted := c
	counted.SignCount = 9
	if factor.Fingerprint(counted) != factor.Fingerprint(c) || !slices.Equal(counted.Marks(), c.Marks()) {
		t.Error("the counter changes what a passkey is")
	}
	if factor.Mark("email", "a@b.c") != markVector {
		t.Errorf("mark %s", factor.Mark("email", "a@b.c"))
	}
	b := c.Marshal()
	for name, bad := range map[string][]byte{
		"empty": nil, "null": []byte("null"), "spaces": append([]byte(" "), b...), "trailing": append(bytes.Clone(b), '1'), "new line": append(bytes.Clone(b), '\n'),
		"unknown member": bytes.Replace(b, []byte(`{"id"`), []byte(`{"x":1,"id"`), 1), "other case": bytes.Replace(b, []byte(`"id"`), []byte(`"ID"`), 1),
		"doubled": bytes.Replace(b, []byte(`{"id"`), []byte(`{"sign_count":7,"id"`), 1), "missing": bytes.Replace(b, []byte(`,"clone_warning":false`), nil, 1),
		"negative": bytes.Replace(b, []byte(`"sign_count":0`), []byte(`"sign_count":-1`), 1), "backed up": bytes.Replace(b, []byte(`"bs":false`), []byte(`"bs":true`), 1),
		"transports": bytes.Replace(b, []byte(`["internal"]`), []byte(`["usb","internal"]`), 1), "long": append(bytes.Clone(b), make([]byte, 9<<10)...),
	} {
		if bytes.Equal(bad, b) {
			t.Fatalf("%s changed nothing", name)
		}
		if _, err := factor.ParseCredential(bad); !errors.Is(err, factor.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h := factor.UserHandle("a"); len(h) != 32 || bytes.Equal(h, factor.UserHandle("b")) {
		t.Error("handles")
	}
}

// FuzzRegister: whatever stands in the CBOR, or in place of the whole answer, nothing panics, and what is accepted can be kept and read again.
func FuzzRegister(f *testing.F) {
	k := keys(f)
	options, session, err := k.BeginRegister(olga, nil, testChallenge)
	if err != nil {
		f.Fatal(err)
	}
	var template map[string]any
	for i, soft := range []*softkey.Key{softkey.New(chacha(2)), softkey.NewEdDSA(chacha(3))} {
		if i == 1 {
			soft.AttestationPretend = "packed"
		}
		body := must(soft.Register(options, origin))(f)
		if err := json.Unmarshal(body, &template); err != nil {
			f.Fatal(err)
		}
		f.Add(body, must(base64.RawURLEncoding.DecodeString(template["response"].(map[string]any)["attestationObject"].(string)))(f))
	}
	f.Fuzz(func(t *testing.T, body, object []byte) {
		template["response"].(map[string]any)["attestationObject"] = base64.RawURLEncoding.EncodeToString(object)
		for _, b := range [][]byte{body, must(json.Marshal(template))(t)} {
			c, err := k.FinishRegister(olga, session, b)
			if err != nil {
				continue
			}
			if _, err := factor.ParseCredential(c.Marshal()); err != nil {
				t.Errorf("accepted and cannot be kept: %v", err)
			}
		}
	})
}

// FuzzVerifyAssertion: no key, data or signature panics, and nothing but the one assertion is ever accepted under its key.
func FuzzVerifyAssertion(f *testing.F) {
	k := keys(f)
	for _, soft := range []*softkey.Key{softkey.New(chacha(2)), softkey.NewEdDSA(chacha(3)), softkey.NewRS256(chacha(4))} {
		creds := []factor.Credential{register(f, k, olga, soft)}
		a, _, err := k.FinishSign(olga, creds, testChallenge, must(soft.Assert(must(k.BeginSign(olga, creds, testChallenge))(f), origin))(f))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(soft.COSE(), a.AuthenticatorData, a.ClientData, a.Signature)
	}
	mine := softkey.NewEdDSA(chacha(3)).COSE() // its signatures have one spelling only
	f.Fuzz(func(t *testing.T, cose, data, client, sig []byte) {
		a := factor.Assertion{CredentialID: []byte{1}, AuthenticatorData: data, ClientData: client, Signature: sig}
		err := factor.VerifyAssertion(cose, k.RPID(), k.Origins(), testChallenge, a)
		if err != nil && !errors.Is(err, factor.ErrRefused) && !errors.Is(err, factor.ErrResponse) {
			t.Errorf("another error: %v", err)
		}
		if err == nil && bytes.Equal(cose, mine) && !strings.Contains(string(client), base64.RawURLEncoding.EncodeToString(testChallenge)) {
			t.Error("accepted without the challenge")
		}
	})
}

// FuzzLogin: no answer of a browser panics.
func FuzzLogin(f *testing.F) {
	k := keys(f)
	soft := softkey.New(chacha(2))
	c := register(f, k, olga, soft)
	options, session, err := k.BeginLogin(testChallenge)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(must(soft.Assert(options, origin))(f))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got, handle, err := k.FinishLogin(session, body, find(olga, c)); err == nil && (!bytes.Equal(handle, olga.ID) || !bytes.Equal(got.ID, c.ID)) {
			t.Errorf("%s: %x", body, handle)
		}
	})
}
