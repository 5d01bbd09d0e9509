package web

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// statuses is the one table of kinds and answers; a test holds it against fault.Kinds.
var statuses = map[fault.Kind]int{
	fault.Invalid:     http.StatusUnprocessableEntity,
	fault.Denied:      http.StatusForbidden,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.TooMany:     http.StatusTooManyRequests,
}

// statusOf is the answer to an error: what is no fault is a defect of ours.
func statusOf(err error) int {
	var s statusError
	if errors.As(err, &s) {
		return int(s)
	}
	if code, ok := statuses[fault.KindOf(err)]; ok {
		return code
	}
	return http.StatusInternalServerError
}

// retryAfter is the seconds that a fault asks to wait, 5 if it does not say.
func retryAfter(f *fault.Error) int {
	if len(f.Args) > 0 {
		if n, ok := f.Args[0].(int); ok && n > 0 {
			return n
		}
	}
	return 5
}

// fail turns an error into an answer: what happened, what is kept, what to do, and a code to quote. No detail of a defect is shown.
func (w *Web) fail(r *req, err error) error {
	if r.Response().Committed {
		return nil // half an answer is out: the connection ends with it
	}
	if errors.Is(err, errNotSignedIn) {
		return w.needSignIn(r)
	}
	if errors.Is(err, errUnproved) {
		return w.enrolFirst(r)
	}
	if errors.Is(err, errMustChange) {
		status := http.StatusOK
		if r.Request().Method != http.MethodGet {
			status = http.StatusForbidden
		}
		return w.showMustChange(r, status, nil)
	}
	if errors.Is(err, context.Canceled) && r.ctx().Err() != nil {
		return nil // nobody waits for an answer
	}
	status := statusOf(err)
	code := token(4)
	if status >= http.StatusInternalServerError {
		w.Log.Error("request failed", "code", code, "method", r.Request().Method, "route", r.rt.path, "status", status, "error", err)
	}
	h := r.Response().Header()
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	if f := fault.As(err); status == http.StatusTooManyRequests && len(f) > 0 {
		h.Set("Retry-After", strconv.Itoa(retryAfter(f[0])))
	}
	if r.rt.kind == fragment {
		return r.String(status, http.StatusText(status)+"\n")
	}
	v := w.errorView(r, status, err)
	v.Status, v.Code = strconv.Itoa(status), code
	p, perr := r.page(v.What, templates.SectionNone)
	if perr != nil { // the database is what fails: the page does without it
		p = r.plain(v.What)
	}
	return r.show(status, templates.Error(p, v))
}

func (w *Web) errorView(r *req, status int, err error) *templates.ErrorView {
	t := r.t.Error
	v := &templates.ErrorView{Kept: t.KeptNothing, Do: t.DoAsk, Links: []templates.Link{{Href: "/", Label: t.Home}}}
	if r.Request().Method == http.MethodGet {
		v.Kept = ""
	}
	switch status {
	case http.StatusForbidden:
		v.What, v.Do = t.Denied, ""
	case http.StatusNotFound:
		v.What, v.Do = t.NotFound, t.DoFind
	case http.StatusConflict:
		v.What, v.Do = t.Conflict, t.DoReload
	case http.StatusServiceUnavailable:
		v.What, v.Kept, v.Do = t.Unavailable, t.KeptAll, t.DoRetry
	case http.StatusTooManyRequests:
		v.What, v.Do = t.TooMany, t.DoRetry
	case http.StatusMethodNotAllowed:
		v.What, v.Do = t.Method, ""
	case http.StatusRequestEntityTooLarge:
		v.What, v.Do = t.TooLarge, t.DoLess
	case http.StatusInternalServerError:
		v.What, v.Kept = t.Internal, t.KeptAll
	default:
		v.What = t.Bad
	}
	if fs := fault.As(err); len(fs) > 0 && status != http.StatusServiceUnavailable && fs[0].Code != "notfound" {
		what, who := r.t.Refusal(fs[0])
		if what != "" && what != fs[0].Code {
			v.What = what
		}
		if fs[0].Code == "denied.role" {
			v.What, v.Do = strings.TrimSpace(what+" "+who), t.DoRole
			if could := w.couldInstead(r); len(could) > 0 {
				v.Do = r.t.CanDo(could)
			}
		} else if who != "" {
			v.Do = who
		}
	}
	if r.here != "/" && r.Request().Method != http.MethodGet {
		v.Links = append([]templates.Link{{Href: templ.SafeURL(r.here), Label: t.BackTo}}, v.Links...)
	}
	return v
}

// couldInstead are those who can give the decision that this reader's roles do not: none where there is nothing to decide, or the reader may not see it.
func (w *Web) couldInstead(r *req) []string {
	if r.me == nil || r.Request().Method == http.MethodGet {
		return nil
	}
	switch _, act := path.Split(r.rt.path); {
	case strings.HasPrefix(r.rt.path, "/payouts/:id/") && r.rt.may == app.Decide && r.may(app.ReadPayouts):
		id, err := w.payoutID(r)
		if err != nil {
			return nil
		}
		if o, err := w.load(r, id); err == nil && o.s.State == payout.PendingApproval {
			return allNames(o.tally.Could(o.d.signers))
		}
	case strings.HasPrefix(r.rt.path, "/changes/") && act != "withdraw" && act != "stop":
		if o, err := w.loadProposal(r, r.subject(), r.Param("id"), 0); err == nil && o.p.State == "" {
			return allNames(o.tally.Could(o.d.signers))
		}
	case r.rt.may == app.Resume:
		if d, err := r.desk(); err == nil && d.Halt != nil {
			return allNames(d.Release.Could(d.signers))
		}
	}
	return nil
}

func allNames(s []approval.Signer) []string {
	out := make([]string, len(s))
	for i, p := range s {
		out[i] = p.Name
	}
	return out
}

// subject is the kind of proposal that the request is about, "" for none.
func (r *req) subject() approval.Kind {
	switch {
	case strings.HasPrefix(r.rt.path, "/changes/"):
		return approval.Kind(r.Param("kind"))
	case strings.HasPrefix(r.rt.path, "/settings/rules"):
		return approval.Rules
	case strings.HasPrefix(r.rt.path, "/settings/limits"):
		return approval.Limit
	}
	return ""
}

// fallback answers what no route takes: 404, 405.
func (w *Web) fallback(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status := http.StatusInternalServerError
	var he *echo.HTTPError
	if errors.As(err, &he) {
		status = he.Code
		err = statusError(status)
	}
	r := w.newReq(c, route{method: c.Request().Method})
	if ierr := w.identify(r); ierr != nil {
		w.Log.Warn("sign-in not read", "error", ierr)
	}
	if err := w.fail(r, err); err != nil {
		w.Log.Warn("error page not written", "error", err)
	}
}

// say is a fault in the reader's words.
func say(t *lang.Texts, f *fault.Error) string { return t.Fault(f) }
