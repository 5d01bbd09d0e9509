package templates

import "github.com/a-h/templ"

// FactorRow is one passkey, or the one-time codes.
type FactorRow struct {
	ID    string
	Kind  string // "passkey", "totp"
	What  string
	Name  string
	Print string // fingerprint, "" for codes
	Made  string
	Used  string
	Signs string
	// Vouch asks somebody to vouch for it, nil where there is nothing to ask.
	Vouch, Remove *Act
}

// FactorsView is the page of one's own passkeys and codes.
type FactorsView struct {
	// Alone: nothing else opens before one is set.
	Alone bool
	Lead  string
	Error *FieldError
	Rows  []FactorRow
	Note  string // to write fingerprints down
	Claim string
	// Fresh: changes are open; else only the form that asks for the password is there.
	Fresh    bool
	Password Field // `current`
	// NoAddress: passkeys do not work at this address.
	NoAddress bool
	Name      Field // `name`
	Codes     bool  // one-time codes can be set up
	Recovery  string
	HasCodes  bool
}

// TOTPView is the setting up of one-time codes.
type TOTPView struct {
	Alone  bool
	Action templ.SafeURL
	QR     string
	Secret string
	Code   Field // `code`
	Error  *FieldError
}

// RecoveryView shows new recovery codes, once.
type RecoveryView struct {
	Alone bool
	Codes []string
}

// SignView asks for a passkey or a code with this very decision.
type SignView struct {
	// Challenge is the address to POST to for a question, with the digest that is decided.
	Challenge templ.SafeURL
	// Digest is what the signature binds: a payout's version code, or that of a list.
	Digest string
	// Note says to people what will happen; Offer is a link to get a passkey first, nil when there is one.
	Note  string
	Offer *Link
	// Create: a passkey is made first, in the same step. NoKeys: the browser has nothing to ask for.
	Create, NoKeys bool
	// Code: a one-time code will do instead; then the form has a field for it.
	Code bool
	// Password: it is typed anew.
	Password bool
}
