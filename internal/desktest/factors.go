package desktest

import (
	"crypto/rand"
	"time"

	"countersign/internal/app"
	"countersign/internal/factor"
	"countersign/internal/factor/softkey"
	"countersign/internal/payout"
)

// Site is where browsers reach a test desk: passkeys belong to it.
const Site = "http://localhost:8131"

// Passkey registers a passkey of a person and returns the authenticator that holds it, and its id. A founder's first signs at once.
func (d *Desk) Passkey(name string) (*softkey.Key, string) {
	d.T.Helper()
	key := softkey.New(rand.Reader)
	q, err := d.App.BeginPasskey(d.T.Context(), d.Who[name])
	must(d.T, err)
	said, err := key.Register(q.Options, Site)
	must(d.T, err)
	f, err := d.App.AddPasskey(d.T.Context(), d.Who[name], q.ID, said, "key of "+name)
	must(d.T, err)
	return key, f.ID
}

// Signed is the proof that a person signs what stands on their screen of a payout.
func (d *Desk) Signed(key *softkey.Key, name string, id payout.ID) app.Proof {
	d.T.Helper()
	q, err := d.App.BeginSignPayout(d.T.Context(), d.Who[name], id, d.Get(id).Digest)
	must(d.T, err)
	said, err := key.Assert(q.Options, Site)
	must(d.T, err)
	return app.Proof{Challenge: q.ID, Response: said}
}

// Codes gives a person one-time codes and returns their secret.
func (d *Desk) Codes(name string) string {
	d.T.Helper()
	w := d.Who[name]
	id, err := d.App.BeginTOTP(d.T.Context(), w)
	must(d.T, err)
	secret, _, err := d.App.TOTPSecret(d.T.Context(), w, id)
	must(d.T, err)
	must(d.T, d.App.AddTOTP(d.T.Context(), w, id, d.Code(secret, 0), "phone of "+name))
	return secret
}

// Code is the one-time code of a secret so many steps from now.
func (d *Desk) Code(secret string, steps int) string {
	d.T.Helper()
	c, err := factor.TOTPCode(secret, d.Clock.Now().Add(time.Duration(steps)*factor.TOTPPeriod))
	must(d.T, err)
	return c
}
