package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

func templ64(prefix string, n int64) templ.SafeURL {
	return templ.SafeURL(prefix + strconv.FormatInt(n, 10))
}

// deed is the common shape of one person's act on one payout: parse, one use case, back to the payout; a refusal is shown on the
// payout's own page, filled in.
func (w *Web) deed(r *req, do func(context.Context, app.Who, payout.ID, seen) error) error {
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	form := r.Request().PostForm
	in := seen{digest: payout.Digest(digestSeen(form)), reason: form.Get("reason")}
	if in.version, err = strconv.Atoi(form.Get("version")); err != nil {
		in.version = 0 // no version is refused where one is needed
	}
	err = do(r.ctx(), r.me.who(), id, in)
	if err == nil && r.walk() != "" {
		return w.walkOn(r, id)
	}
	if err == nil {
		return r.see(string(templates.PayoutHref(string(id))))
	}
	return w.refuse(r, id, in, err)
}

// digestSeen is the digest that was on the screen; "" when none came, or more than one: nobody could say which it was.
func digestSeen(form url.Values) string {
	if d := form["digest"]; len(d) == 1 {
		return d[0]
	}
	return ""
}

// seen is what was on the screen of whoever acts, and what they wrote.
type seen struct {
	version int
	digest  payout.Digest
	reason  string
}

// refuse shows the payout again with what is wrong (422), or what moved meanwhile (409).
func (w *Web) refuse(r *req, id payout.ID, in seen, err error) error {
	fs := fault.As(err)
	if len(fs) == 0 {
		return err
	}
	r.here = string(templates.PayoutHref(string(id)))
	switch fs[0].Kind {
	case fault.Invalid:
		was := said{reason: in.reason}
		cancel := r.rt.path == "/payouts/:id/cancel"
		if f := fs.Field("reason"); f != nil && cancel {
			was.cancelErr, was.cancelReason, was.reason = say(r.t, f), in.reason, ""
		} else if f != nil {
			was.reasonErr = say(r.t, f)
		} else {
			was.err = &templates.FieldError{Field: first(fs[0].Field, "form"), Text: say(r.t, fs[0])}
		}
		return w.showPayout(r, id, http.StatusUnprocessableEntity, was)
	case fault.Conflict:
		return w.conflict(r, id, in, nil, err)
	}
	return err
}

// conflict says that a payout moved while the page was open: what was on the screen, what is now, what was typed.
func (w *Web) conflict(r *req, id payout.ID, in seen, typed *payout.Content, cause error) error {
	o, err := w.load(r, id)
	if err != nil {
		return err
	}
	t := r.t.Error
	badge := o.d.badge(r.t, o.row, r.now)
	v := &templates.ConflictView{Number: num(o.s.Number), What: lang.Fill(t.Moved, num(o.s.Number)), Kept: t.MovedKept, Do: t.DoReload, Code: token(4), Badge: &badge,
		Links: []templates.Link{{Href: o.href(""), Label: lang.Fill(r.t.Payout.BackToPayout, num(o.s.Number))}}}
	if fs := fault.As(cause); len(fs) > 0 && fs[0].Code != "approve.moved" && fs[0].Code != "payout.moved" {
		v.What = say(r.t, fs[0])
	}
	was := versionOf(o.versions, in.version, string(in.digest))
	if was == nil && in.digest != "" {
		was = versionOf(o.versions, in.version, "")
	}
	if was != nil && o.full {
		v.Diff = diff(r.t, t.MovedDiff, was.Content, o.s.Content, false)
	}
	if typed != nil {
		v.Kept = t.KeptTyped
		for _, f := range fieldsOf(r.t, *typed) {
			if f.value != "" {
				v.Typed = append(v.Typed, templates.Fact{Label: f.label, Value: f.value, Copy: true})
			}
		}
	} else if in.reason != "" {
		v.Typed = []templates.Fact{{Label: lang.Label(r.t.Fields, "reason"), Value: in.reason, Copy: true}}
	}
	p, err := r.page(v.What, templates.SectionPayouts)
	if err != nil {
		return err
	}
	return r.show(http.StatusConflict, templates.Conflict(p, v))
}

func (w *Web) approve(r *req) error { // POST /payouts/:id/approve
	done, err := w.tryCode(r, r.Request().PostForm.Get("code"))
	if err != nil {
		return err
	}
	return w.deed(r, func(ctx context.Context, by app.Who, id payout.ID, in seen) error {
		err := w.App.Approve(ctx, by, id, in.digest, proofOf(r))
		done(err)
		return err
	})
}

func (w *Web) takeBack(r *req) error { // POST /payouts/:id/back
	return w.deed(r, func(ctx context.Context, by app.Who, id payout.ID, in seen) error {
		return w.App.TakeBack(ctx, by, id, in.digest)
	})
}

func (w *Web) changes(r *req) error { // POST /payouts/:id/changes
	return w.deed(r, func(ctx context.Context, by app.Who, id payout.ID, in seen) error {
		return w.App.AskChanges(ctx, by, id, in.digest, in.reason)
	})
}

func (w *Web) reject(r *req) error { // POST /payouts/:id/reject
	return w.deed(r, func(ctx context.Context, by app.Who, id payout.ID, in seen) error {
		return w.App.Reject(ctx, by, id, in.digest, in.reason)
	})
}

func (w *Web) cancel(r *req) error { // POST /payouts/:id/cancel
	return w.deed(r, func(ctx context.Context, by app.Who, id payout.ID, in seen) error {
		return w.App.Cancel(ctx, by, id, in.reason)
	})
}

func (w *Web) submit(r *req) error { // POST /payouts/:id/submit
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	form := r.Request().PostForm
	version, err := strconv.Atoi(form.Get("version"))
	if err != nil {
		return fault.Bad("version", "payout.form")
	}
	err = w.App.Submit(r.ctx(), r.me.who(), id, version, form["ack"])
	switch {
	case err == nil:
		return r.see(string(templates.PayoutHref(string(id))))
	case fault.KindOf(err) == fault.Conflict:
		return w.conflict(r, id, seen{version: version}, nil, err)
	case fault.KindOf(err) == fault.Invalid:
		// What is missing is mended in the form.
		return w.draftAgain(r, id, form["ack"], err)
	}
	return err
}

func (w *Web) reveal(r *req) error { // POST /payouts/:id/reveal
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	account, err := w.App.RevealAccount(r.ctx(), r.me.who(), id)
	if err != nil {
		return err
	}
	if r.hx() {
		return r.show(http.StatusOK, templates.AccountGroups(lang.Account5(account)))
	}
	r.here = string(templates.PayoutHref(string(id)))
	o, err := w.load(r, id)
	if err != nil {
		return err
	}
	p, err := r.page(lang.Fill(r.t.Payout.TitleOne, num(o.s.Number), rub(r.tag, o.s.Content.Amount.Minor)), templates.SectionPayouts)
	if err != nil {
		return err
	}
	v, err := o.view(said{})
	if err != nil {
		return err
	}
	if v.Account != nil {
		v.Account.Groups, v.Account.Reveal = lang.Account5(account), ""
	}
	return r.show(http.StatusOK, templates.Payout(p, v))
}

// bytes sends what went over the wire as it was, after the look was recorded.
func (w *Web) bytes(r *req, kind, id string, body []byte) error {
	if err := w.App.Look(r.ctx(), r.me.who(), app.ReadRaw, kind, id, "bytes"); err != nil {
		return err
	}
	// Never a type that a browser would run; nosniff keeps it so.
	return r.Blob(http.StatusOK, "text/plain; charset=utf-8", body)
}

func (w *Web) attempt(r *req, answer bool) error {
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.Param("n"))
	if err != nil || n < 1 {
		return fault.Missing("notfound")
	}
	request, reply, err := w.App.Store.AttemptBodies(r.ctx(), id, n)
	if err != nil {
		return err
	}
	if answer {
		request = reply
	}
	return w.bytes(r, "payout", string(id), request)
}

func (w *Web) requestBody(r *req) error { return w.attempt(r, false) }
func (w *Web) answerBody(r *req) error  { return w.attempt(r, true) }

func (w *Web) fetchBody(r *req) error {
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(r.Param("n"), 10, 64)
	if err != nil {
		return fault.Missing("notfound")
	}
	f, err := w.App.Store.FetchBody(r.ctx(), n)
	if err != nil {
		return err
	}
	if f.Payout != id {
		return fault.Missing("notfound")
	}
	return w.bytes(r, "payout", string(id), f.Raw.Body)
}
