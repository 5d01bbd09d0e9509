package web

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"countersign/internal/app"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/lang"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; worker-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers are on every answer, the webhook's too.
func (w *Web) headers(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // not no-referrer: Chromium would then post Origin: null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
	h.Set("Cache-Control", "no-store")
	if w.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// me is who is signed in, as the store says now.
type me struct {
	auth.Person
	login auth.SignIn
	// keys: single keys are on.
	keys bool
	// device is the browser's mark, "" for none.
	device string
	// mustChange: the password is one that somebody else set; nothing works before another is set.
	mustChange bool
}

func (m *me) who() app.Who {
	return app.Who{Person: m.ID, Email: m.login.Email, Login: m.login.ID, Device: m.device}
}

// req is one request with what every handler needs.
type req struct {
	echo.Context
	web *Web
	rt  route
	me  *me // nil when nobody is signed in
	t   *lang.Texts
	tag lang.Tag
	now time.Time
	// here is where preferences and the demo's buttons come back to.
	here string
	// base is the request's context without what this package put into it: a kept form is posted again from there.
	base context.Context
	d    *desk
}

func (r *req) ctx() context.Context { return r.Request().Context() }

// hx reports a request by htmx or by desk.js, which want no redirects to follow.
func (r *req) hx() bool { return r.Request().Header.Get("HX-Request") != "" }

// own reports a page that desk.js fetches again by itself: no sign of a human being.
func (r *req) own() bool { return r.Request().Header.Get("Desk-Refresh") != "" }

func (r *req) may(do app.Action) bool { return r.me != nil && app.May(r.me.Person, do) }

func (w *Web) newReq(c echo.Context, rt route) *req {
	r := &req{Context: c, web: w, rt: rt, now: w.Now(), base: c.Request().Context()}
	r.tag = language(c.Request())
	r.t = lang.For(r.tag)
	r.here = hereOf(c.Request(), rt)
	return r
}

// hereOf is the page that a request belongs to: itself for a GET, the page that holds its form for a POST.
func hereOf(q *http.Request, rt route) string {
	if q.Method == http.MethodGet {
		return q.URL.RequestURI()
	}
	p := q.URL.Path
	switch {
	case rt.path == "/payouts":
		return "/payouts/new"
	case strings.HasSuffix(rt.path, "/edit"):
		return p
	case strings.HasPrefix(rt.path, "/payouts/:id/"):
		return p[:strings.LastIndexByte(p, '/')]
	case strings.HasPrefix(rt.path, "/changes/"):
		return p[:strings.LastIndexByte(p, '/')]
	case strings.HasPrefix(rt.path, "/approvals/"):
		return "/approvals"
	case strings.HasPrefix(rt.path, "/halt"):
		return "/halt"
	case strings.HasPrefix(rt.path, "/settings/people"):
		return "/settings/people"
	case strings.HasPrefix(rt.path, "/settings/bank"):
		return "/settings/bank"
	case strings.HasPrefix(rt.path, factorsPath):
		return factorsPath
	case strings.HasPrefix(rt.path, "/account"):
		return "/account"
	case strings.HasPrefix(rt.path, "/inbox/"):
		return strings.TrimSuffix(p, "/raw")
	}
	return "/"
}

// guard wraps a handler in everything that holds for all of them: recover, the header rule, the body's limit, who it is and
// whether they may, and the one place where errors become answers.
func (w *Web) guard(rt route) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		r := w.newReq(c, rt)
		defer func() {
			if x := recover(); x != nil {
				if x == http.ErrAbortHandler {
					panic(x)
				}
				err = w.fail(r, fmt.Errorf("panic: %v\n%s", x, debug.Stack()))
			}
		}()
		if err := w.admit(r); err != nil {
			return w.fail(r, err)
		}
		if err := rt.do(w, r); err != nil {
			return w.fail(r, err)
		}
		return nil
	}
}

// errNotSignedIn is answered by what the request wants: a redirect, a form, or 401.
var errNotSignedIn = errors.New("not signed in")

// errUnproved is answered by the page on which a second factor is set.
var errUnproved = errors.New("a second factor must be set")

// errMustChange is answered by the page on which a password is changed, whatever was asked.
var errMustChange = errors.New("the password must be changed")

// statusError is an answer that is no business fact: a wrong method, a body that is too large.
type statusError int

func (e statusError) Error() string { return http.StatusText(int(e)) }

// admit is what comes before any handler, in this order.
func (w *Web) admit(r *req) error {
	q := r.Request()
	if q.Method != http.MethodGet {
		if err := w.sameOrigin(q); err != nil {
			return err
		}
		if err := formBody(r); err != nil {
			return err
		}
	}
	if err := w.identify(r); err != nil {
		return err
	}
	if r.rt.may == public {
		return nil
	}
	if r.me == nil {
		return errNotSignedIn
	}
	if r.me.mustChange && !openToMust[r.rt.path] {
		return errMustChange
	}
	if !openUnproved(r.rt.path) {
		if unproved, err := w.confined(r); err != nil {
			return err
		} else if unproved {
			return errUnproved
		}
	}
	if !app.May(r.me.Person, r.rt.may) {
		return app.DenyRole(r.rt.may, r.subject())
	}
	return nil
}

// formBody reads the form of a POST, within the route's limit. What says that it is larger, or of a kind that no form here has, is refused before any
// of it is read: a body of a kind that ParseForm passes over would otherwise count as an empty form, whatever its size.
func formBody(r *req) error {
	q, head := r.Request(), r.Response().Header()
	usual := int64(maxForm)
	if r.rt.path == "/settings/rules" || r.rt.path == "/settings/limits" {
		usual = maxLongForm
	}
	most := bodyLimit(r.rt, usual)
	if q.ContentLength > most {
		head.Set("Connection", "close") // net/http would read on for the next request
		return statusError(http.StatusRequestEntityTooLarge)
	}
	if q.ContentLength != 0 && !formKind(q, most > usual) {
		head.Set("Connection", "close")
		return statusError(http.StatusUnsupportedMediaType)
	}
	q.Body = http.MaxBytesReader(r.Response().Writer, q.Body, most)
	if err := q.ParseForm(); err != nil {
		return bodyError(err)
	}
	return nil
}

// formKind: the body is a plain form, or one with a file where a file is taken, and not packed.
func formKind(q *http.Request, file bool) bool {
	if len(q.Header.Values("Content-Encoding")) > 0 {
		return false
	}
	kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	return err == nil && (kind == "application/x-www-form-urlencoded" || file && kind == "multipart/form-data")
}

// sameOrigin is the header rule: what a browser sends from another site is refused, and so is a POST that no browser of today
// would send, with neither Origin nor Sec-Fetch-Site.
func (w *Web) sameOrigin(q *http.Request) error {
	if q.Header.Get("Origin") == "" && q.Header.Get("Sec-Fetch-Site") == "" {
		return fault.Deny("denied.origin")
	}
	if err := w.origin.Check(q); err != nil {
		return fault.Deny("denied.origin").Because(err)
	}
	return nil
}

// seenEvery is how often at most a sign of a human being is written down.
const seenEvery = time.Minute

// identify reads who is signed in, with the roles they have now. A sign-in that is over, or whose person was suspended, is none.
func (w *Web) identify(r *req) error {
	if r.rt.path == "/static/*" || r.rt.path == "/healthz" || r.rt.path == "/readyz" {
		return nil
	}
	s, err := w.signIns.Get(r.Request(), cookieName)
	if err != nil {
		return err
	}
	login, ok := s.Values[valueLogin].(auth.SignIn)
	if !ok {
		return nil
	}
	p, err := w.App.Store.PersonByID(r.ctx(), login.Person)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if p.Suspended {
		return nil
	}
	acc, _, err := w.App.Store.AccountByEmail(r.ctx(), login.Email)
	if err != nil {
		return err
	}
	r.me = &me{Person: p, login: login, device: browserOf(r.Request()), mustChange: acc.MustChange}
	if r.rt.path != "/live" && !r.own() && r.now.Sub(login.LastSeen) >= seenEvery {
		if err := w.App.Store.SeenLogin(r.ctx(), login.ID, r.now); err != nil && fault.KindOf(err) != fault.Unavailable {
			return err
		}
		r.me.login.LastSeen = r.now
	}
	return nil
}

// see turns a success into a redirect to the thing changed.
func (r *req) see(to string) error {
	if r.hx() {
		r.Response().Header().Set("HX-Location", to)
		return r.NoContent(http.StatusNoContent)
	}
	return r.Redirect(http.StatusSeeOther, to)
}

// local returns an address to go on to if it is one of ours, else "/".
func local(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || len(next) > 2000 {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "/sign-in") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return next
}
