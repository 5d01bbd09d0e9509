package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/factor"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

func init() { personChanges[app.OpKey] = keyChange }

// keyChange says what a proposal to vouch for a passkey is about.
func keyChange(r *req, p app.Proposal, name string) (change, error) {
	var d app.KeyDoc
	if err := json.Unmarshal(p.Doc, &d); err != nil {
		return change{}, err
	}
	t := r.t.Factor()
	return change{Title: lang.Fill(lang.Label(r.t.Persons().Ops, app.OpKey), name), New: []templates.Fact{{Label: r.t.Persons().Name, Value: name},
		{Label: t.Fingerprint, Value: d.Fingerprint, Mono: true, Note: lang.Fill(t.DocKey, d.Fingerprint)}}}, nil
}

// confined reports whether this person may do nothing but enrol a second factor: the rules want one, and the sign-in was made without.
func (w *Web) confined(r *req) (bool, error) {
	if r.me == nil || r.me.mustChange { // the password comes first
		return false, nil
	}
	return w.App.FactorMissing(r.ctx(), r.me.login)
}

// openUnproved are routes that open before a second factor is set, besides the public ones.
func openUnproved(path string) bool {
	return path == factorsPath || strings.HasPrefix(path, factorsPath+"/") || path == "/sign-out" || path == "/account/seen"
}

// enrolFirst answers whoever must set a factor first: pages lead to where it is done.
func (w *Web) enrolFirst(r *req) error {
	if r.Request().Method == http.MethodGet && r.rt.kind == page && !r.hx() && !r.own() {
		return r.Redirect(http.StatusSeeOther, factorsPath)
	}
	return w.fail(r, fault.Deny("signin.factor"))
}

// told answers a script: what went wrong, in words.
func (r *req) told(err error) error {
	fs := fault.As(err)
	if len(fs) == 0 {
		return err
	}
	status := statusOf(err)
	if status == http.StatusTooManyRequests {
		r.Response().Header().Set("Retry-After", strconv.Itoa(retryAfter(fs[0])))
	}
	return r.JSON(status, map[string]string{"error": say(r.t, fs[0]), "code": fs[0].Code})
}

// scripted reports a request by passkey.js, which wants JSON.
func (r *req) scripted() bool { return r.Request().Header.Get("Accept") == "application/json" }

func (w *Web) ownPage(r *req, title string) (p *templates.Page, alone bool, err error) {
	if alone, err = w.confined(r); err != nil {
		return nil, false, err
	}
	if alone {
		p = r.plain(title)
		p.Here = factorsPath
		return p, true, nil
	}
	p, err = r.page(title, templates.SectionAccount)
	return p, false, err
}

func (w *Web) factors(r *req) error { // GET /account/factors
	return w.showFactors(r, http.StatusOK, nil)
}

// refuseFactors shows the page again with what is wrong.
func (w *Web) refuseFactors(r *req, err error) error {
	fs := fault.As(err)
	switch {
	case r.scripted():
		return r.told(err)
	case len(fs) > 0 && (fs[0].Kind == fault.Invalid || fs[0].Code == "factor.fresh" || fs[0].Kind == fault.Conflict):
		r.here = factorsPath
		return w.showFactors(r, statusOf(err), fs)
	}
	return err
}

func (w *Web) showFactors(r *req, status int, faults fault.List) error {
	t := r.t.Factor()
	p, alone, err := w.ownPage(r, t.Title)
	if err != nil {
		return err
	}
	v := &templates.FactorsView{Alone: alone, Lead: t.Lead, NoAddress: w.App.Keys == nil, Codes: true}
	if alone {
		v.Lead = t.Needed
	}
	for _, f := range faults {
		switch f.Field {
		case "current":
			v.Password.Error = say(r.t, f)
		case "name":
			v.Name.Error = say(r.t, f)
		default:
			v.Error = &templates.FieldError{Field: first(f.Field, "form"), Text: say(r.t, f)}
		}
	}
	v.Name.Help = t.KeyHelp
	if v.Name.Error == "" {
		v.Name.Value = browser(r.t, r.Request().UserAgent())
	}
	mine, err := w.App.Factors(r.ctx(), r.me.ID)
	if err != nil {
		return err
	}
	if v.Fresh, err = w.App.Fresh(r.ctx(), r.me.who()); err != nil {
		return err
	}
	asked := ""
	open, err := w.App.Store.Proposals(r.ctx(), approval.Person, r.me.ID, 1)
	if err != nil {
		return err
	}
	if len(open) > 0 && open[0].State == "" && open[0].Op == app.OpKey {
		asked = open[0].ID + string(open[0].Doc)
	}
	left := 0
	for _, f := range mine {
		if f.Kind == app.KindRecovery {
			left++
			continue
		}
		v.Codes = v.Codes && f.Kind != app.KindTOTP
		v.Rows = append(v.Rows, r.factorRow(f, asked, v.Fresh))
		if f.Kind == app.KindPasskey {
			v.Note, v.Claim = t.WriteDown, t.OwnWords
		}
	}
	if len(v.Rows) > 0 {
		v.Recovery, v.HasCodes = lang.Fill(t.RecoveryLeft, left), left > 0
	}
	return r.show(status, templates.Factors(p, v))
}

func (r *req) factorRow(f app.Factor, asked string, fresh bool) templates.FactorRow {
	t := r.t.Factor()
	row := templates.FactorRow{ID: f.ID, Kind: f.Kind, What: t.Kinds[f.Kind], Name: f.Name, Print: f.Fingerprint, Made: lang.Moment(r.tag, f.CreatedAt, r.now), Used: t.Never, Signs: t.SignsNever}
	if f.Name == "" {
		row.Name = t.Unnamed
	}
	if !f.UsedAt.IsZero() {
		row.Used = lang.When(r.tag, f.UsedAt, r.now)
	}
	if fresh {
		row.Remove = &templates.Act{Action: templ.SafeURL(factorsPath + "/" + f.ID + "/remove"), Label: t.Remove, TestID: "remove"}
	}
	switch {
	case f.Kind != app.KindPasskey:
	case f.Copied():
		row.Signs = t.Copied
	case f.Signs(r.now):
		row.Signs = lang.Fill(t.SignsSince, lang.Moment(r.tag, f.SignsFrom, r.now))
	case f.VouchedBy != "":
		row.Signs = lang.Fill(t.SignsFrom, lang.Moment(r.tag, f.SignsFrom, r.now))
	case !r.may(app.Decide):
	case strings.Contains(asked, f.ID):
		row.Signs = t.SignsAsked
	default:
		row.Signs = t.SignsNot
		row.Vouch = &templates.Act{Action: templ.SafeURL(factorsPath + "/" + f.ID + "/vouch"), Label: t.AskVouch, TestID: "vouch"}
	}
	return row
}

// back leads to the page of one's factors after a change.
func (r *req) toFactors(err error) error {
	if err != nil {
		return r.web.refuseFactors(r, err)
	}
	return r.see(factorsPath)
}

func (w *Web) proveAgain(r *req) error { // POST /account/factors/fresh
	// Whoever found a desk signed in cannot guess on at the password here.
	guess, source := "change of "+r.me.login.Email, r.source()
	if wait := w.throttle.Try(guess, source, false, r.now); wait > 0 {
		return fault.Slow("signin.slow", seconds(wait))
	}
	err := w.App.ProveAgain(r.ctx(), r.me.who(), r.Request().PostForm.Get("current"))
	switch {
	case err == nil:
		w.throttle.Right(guess, source)
	case fault.KindOf(err) != fault.Invalid:
		w.throttle.Spare(guess, source)
	}
	return r.toFactors(err)
}

func (w *Web) beginPasskey(r *req) error { // POST /account/factors/passkey/begin
	q, err := w.App.BeginPasskey(r.ctx(), r.me.who())
	if err != nil {
		return r.told(err)
	}
	return r.JSON(http.StatusOK, q)
}

func (w *Web) addPasskey(r *req) error { // POST /account/factors/passkey
	f := r.Request().PostForm
	_, err := w.App.AddPasskey(r.ctx(), r.me.who(), f.Get("challenge"), []byte(f.Get("response")), first(f.Get("name"), browser(r.t, r.Request().UserAgent())))
	if err == nil && r.scripted() {
		return r.JSON(http.StatusOK, map[string]string{})
	}
	return r.toFactors(err)
}

func (w *Web) beginTOTP(r *req) error { // POST /account/factors/totp/begin
	id, err := w.App.BeginTOTP(r.ctx(), r.me.who())
	if err != nil {
		return r.toFactors(err)
	}
	return r.see(factorsPath + "/totp/" + id)
}

func (w *Web) totpPage(r *req) error { // GET /account/factors/totp/:id
	return w.showTOTP(r, http.StatusOK, nil)
}

func (w *Web) showTOTP(r *req, status int, faults fault.List) error {
	id := r.Param("id")
	secret, _, err := w.App.TOTPSecret(r.ctx(), r.me.who(), id)
	if err != nil {
		return err
	}
	t := r.t.Factor()
	p, alone, err := w.ownPage(r, t.CodesTitle)
	if err != nil {
		return err
	}
	at := factorsPath + "/totp/" + url.PathEscape(id)
	v := &templates.TOTPView{Alone: alone, Action: templ.SafeURL(at), QR: at + "/qr.png", Secret: grouped(secret), Code: templates.Field{Help: t.CodeHelp}}
	for _, f := range faults {
		if f.Field == "code" {
			v.Code.Error = say(r.t, f)
		} else {
			v.Error = &templates.FieldError{Field: first(f.Field, "form"), Text: say(r.t, f)}
		}
	}
	return r.show(status, templates.SetUpTOTP(p, v))
}

// grouped writes a secret in fours, to be typed.
func grouped(s string) string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// totpQR is the secret as a picture; every answer of ours is no-store.
func (w *Web) totpQR(r *req) error { // GET /account/factors/totp/:id/qr.png
	_, address, err := w.App.TOTPSecret(r.ctx(), r.me.who(), r.Param("id"))
	if err != nil {
		return err
	}
	png, err := factor.TOTPQR(address)
	if err != nil {
		return err
	}
	return r.Blob(http.StatusOK, "image/png", png)
}

func (w *Web) addTOTP(r *req) error { // POST /account/factors/totp/:id
	guess, source := "code of "+r.me.login.Email, r.source()
	if wait := w.throttle.Try(guess, source, false, r.now); wait > 0 {
		return fault.Slow("signin.slow", seconds(wait))
	}
	err := w.App.AddTOTP(r.ctx(), r.me.who(), r.Param("id"), r.Request().PostForm.Get("code"), "")
	if fault.Is(err, "prove.code") {
		return w.showTOTP(r, http.StatusUnprocessableEntity, fault.As(err))
	}
	w.throttle.Right(guess, source)
	return r.toFactors(err)
}

func (w *Web) recovery(r *req) error { // POST /account/factors/recovery
	codes, err := w.App.NewRecovery(r.ctx(), r.me.who())
	if err != nil {
		return r.toFactors(err)
	}
	p, alone, err := w.ownPage(r, r.t.Factor().RecoveryTitle)
	if err != nil {
		return err
	}
	p.Here = factorsPath
	return r.show(http.StatusOK, templates.Recovery(p, &templates.RecoveryView{Alone: alone, Codes: codes}))
}

func (w *Web) removeFactor(r *req) error { // POST /account/factors/:id/remove
	err := w.App.RemoveFactor(r.ctx(), r.me.who(), r.Param("id"))
	if err == nil {
		w.Hub.EndPerson(r.me.ID) // other sign-ins have ended; a stream of this one comes back by itself
	}
	return r.toFactors(err)
}

func (w *Web) askVouch(r *req) error { // POST /account/factors/:id/vouch
	return r.toFactors(w.App.AskVouch(r.ctx(), r.me.who(), r.Param("id")))
}

// tryCode counts guesses at the codes of somebody who is signed in.
func (w *Web) tryCode(r *req, code string) (done func(error), err error) {
	if strings.TrimSpace(code) == "" {
		return func(error) {}, nil
	}
	guess, source := "code of "+r.me.login.Email, r.source()
	if wait := w.throttle.Try(guess, source, false, r.now); wait > 0 {
		return nil, fault.Slow("signin.slow", seconds(wait))
	}
	return func(err error) {
		if !fault.Is(err, "prove.code") {
			w.throttle.Right(guess, source)
		}
	}, nil
}

// tryPassword lets a guess at the reader's own password through, or not yet, counted with those at a change of it: whoever found a desk signed in cannot guess on
// at it. done tells what came of it.
func (w *Web) tryPassword(r *req, password string) (done func(error), err error) {
	if password == "" {
		return func(error) {}, nil
	}
	guess, source := "change of "+r.me.login.Email, r.source()
	if wait := w.throttle.Try(guess, source, false, r.now); wait > 0 {
		return nil, fault.Slow("signin.slow", seconds(wait))
	}
	return func(err error) {
		if !fault.Is(err, "password.wrong") { // right, or not judged at all: neither takes back what was guessed before
			w.throttle.Spare(guess, source)
		}
	}, nil
}

func (w *Web) beginSign(r *req) error { // POST /payouts/:id/sign/begin
	id, err := w.payoutID(r)
	if err != nil {
		return r.told(err)
	}
	q, err := w.App.BeginSignPayout(r.ctx(), r.me.who(), id, payout.Digest(digestSeen(r.Request().PostForm)))
	if err != nil {
		return r.told(err)
	}
	return r.JSON(http.StatusOK, q)
}

func (w *Web) beginSignList(r *req) error { // POST /account/passkeys/challenge
	q, err := w.App.BeginSign(r.ctx(), r.me.who(), digestSeen(r.Request().PostForm), false)
	if err != nil {
		return r.told(err)
	}
	return r.JSON(http.StatusOK, q)
}

// signView is what a decision asks of its proof; nil when the password was enough.
func (r *req) signView(ctx context.Context, begin templ.SafeURL, digest string, sign, code bool) (*templates.SignView, error) {
	if !sign && !code {
		return nil, nil
	}
	t := r.t.Factor()
	v := &templates.SignView{Challenge: begin, Digest: digest, Note: t.Sign}
	mine, err := r.web.App.Factors(ctx, r.me.ID)
	if err != nil {
		return nil, err
	}
	has := func(ok func(app.Factor) bool) bool { return slices.ContainsFunc(mine, ok) }
	key := has(func(f app.Factor) bool { return f.Kind == app.KindPasskey && !f.Copied() })
	signs := has(func(f app.Factor) bool { return f.Signs(r.now) && !f.Copied() })
	codes := has(func(f app.Factor) bool { return f.Kind == app.KindTOTP })
	offer := &templates.Link{Href: factorsPath, Label: t.SignAsk}
	switch {
	case r.web.App.Keys == nil:
		v.NoKeys, v.Note = true, t.NoAddress
	case sign && signs:
	case sign && key:
		v.NoKeys, v.Note, v.Offer = true, t.SignVouch, offer
	case sign && len(mine) == 0, sign && r.me.Founding: // whose first one signs at once
		v.Create, v.Note = true, t.CreateNote
	case sign:
		v.NoKeys, v.Note, v.Offer = true, r.t.Fault(fault.Bad("form", "prove.none")), offer
	default:
		v.Note, v.NoKeys = r.t.Decision().StepUpNeeded, !key
	}
	if !sign {
		v.Code = codes
		if !key && !codes {
			v.Note, v.Offer = r.t.Fault(fault.Bad("form", "prove.no_code")), offer
		}
	}
	return v, nil
}

func (w *Web) beginKeySignIn(r *req) error { // POST /sign-in/passkey/begin
	q, err := w.App.BeginKeySignIn()
	if err != nil {
		return r.told(err)
	}
	return r.JSON(http.StatusOK, q)
}

func (w *Web) keySignIn(r *req) error { // POST /sign-in/passkey
	f := r.Request().PostForm
	source := r.source()
	if wait := w.throttle.Try("passkey from "+source, source, false, r.now); wait > 0 {
		return w.refuseSignIn(r, "", fault.Slow("signin.slow", seconds(wait)))
	}
	old := ""
	if r.me != nil {
		old = r.me.login.ID
	}
	d := r.door()
	d.Only = f.Get("only")
	token, s, err := w.App.KeySignIn(r.ctx(), f.Get("challenge"), []byte(f.Get("response")), d, old)
	if fault.KindOf(err) == fault.Denied && !fault.Is(err, "account.altered") {
		return w.refuseSignIn(r, "", err)
	}
	if err != nil {
		return err
	}
	w.throttle.Right("passkey from "+source, source)
	return w.entered(r, token, s.Person, old)
}
