package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/sessions"

	"countersign/internal/app"
	"countersign/internal/auth"
	"countersign/internal/factor"
	"countersign/internal/fault"
	"countersign/web/templates"
)

// Names of what a sign-in form carries for a POST that came without a sign-in.
const (
	keepPrefix = "keep."
	keepTo     = "keep-to"
	keepMark   = "keep-mark"
)

func (w *Web) signInForm(r *req) error { // GET /sign-in
	next := local(r.QueryParam("next"))
	if r.me != nil {
		return r.see(next)
	}
	v := &templates.SignInView{Next: next}
	if c, err := r.Cookie(cookieName); err == nil && c.Value != "" {
		v.Note = r.t.SignIn.Ended
	}
	return w.showSignIn(r, http.StatusOK, v)
}

func (w *Web) showSignIn(r *req, status int, v *templates.SignInView) error {
	p := r.plain(r.t.SignIn.Title)
	p.Here = "/sign-in?next=" + url.QueryEscape(v.Next)
	v.AskCode, v.Key = w.Demo == nil || v.ErrorField == "code", w.App.Keys != nil
	if w.Demo != nil {
		for _, d := range w.Demo.People {
			v.Demo = append(v.Demo, templates.DemoPerson{ID: d.Email, Name: d.Name, Role: r.t.RoleList(roleCodes(d.Roles))})
			if d.Seed == "" {
				continue
			}
			code, err := factor.TOTPCode(d.Seed, r.now)
			if err != nil {
				return err
			}
			v.Codes = append(v.Codes, templates.DemoCode{Email: d.Email, Code: code[:3] + " " + code[3:], Seed: d.Seed})
		}
		v.AskCode = v.AskCode || len(v.Codes) > 0
	}
	return r.show(status, templates.SignIn(p, v))
}

// needSignIn answers whoever is not signed in: a page leads to the form and back, a form that was filled in is kept.
func (w *Web) needSignIn(r *req) error {
	if r.hx() || r.own() || r.rt.kind == fragment {
		return r.NoContent(http.StatusUnauthorized)
	}
	q := r.Request()
	if q.Method == http.MethodGet {
		return r.Redirect(http.StatusSeeOther, "/sign-in?next="+url.QueryEscape(q.URL.RequestURI()))
	}
	v := &templates.SignInView{Next: r.here, Note: r.t.SignIn.Kept}
	if keepable(r.rt) {
		v.Carried = w.carry(q.URL.Path, q.PostForm, devices(q))
	} else {
		v.Note = r.t.SignIn.Ended
	}
	return w.showSignIn(r, http.StatusUnauthorized, v)
}

// keepable: what a form may carry to after signing in. A password is never written into a page.
func keepable(rt route) bool {
	return rt.method == http.MethodPost && rt.may != public && rt.path != "/account/password" && rt.path != "/sign-out" && rt.kind == page
}

func (w *Web) carry(path string, form url.Values, marks []string) []templates.Hidden {
	last := ""
	if len(marks) > 0 {
		last = marks[0]
	}
	out := []templates.Hidden{{Name: keepTo, Value: path}, {Name: keepMark, Value: w.markOf(path, last)}}
	for name, values := range form {
		if name == "password" || name == "current" || name == "code" {
			continue // typed anew, never written into a page
		}
		for _, v := range values {
			out = append(out, templates.Hidden{Name: keepPrefix + name, Value: v})
		}
	}
	return out
}

// markOf binds a kept form to the person who last signed in in this browser ("" when nobody ever did).
func (w *Web) markOf(path, device string) string {
	m := hmac.New(sha256.New, w.SessionKey)
	_, _ = io.WriteString(m, "countersign keep/1\n"+path+"\n"+device) // a hash never fails to take bytes
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// replay posts a kept form again as the person who just signed in. ok is false when there is none, or it is somebody else's.
func (w *Web) replay(r *req, person, token string) (ok bool) {
	form := r.Request().PostForm
	to, mark := form.Get(keepTo), form.Get(keepMark)
	if to == "" || to != (&url.URL{Path: to}).EscapedPath() {
		return false
	}
	same := hmac.Equal([]byte(mark), []byte(w.markOf(to, auth.DeviceToken(w.SessionKey, person))))
	if !same && !hmac.Equal([]byte(mark), []byte(w.markOf(to, ""))) {
		return false
	}
	kept := url.Values{}
	for name, values := range form {
		if n, found := strings.CutPrefix(name, keepPrefix); found {
			kept[n] = values
		}
	}
	body := kept.Encode()
	q := r.Request().Clone(r.base)
	q.Method, q.URL, q.RequestURI = http.MethodPost, &url.URL{Path: to}, to
	q.Form, q.PostForm, q.MultipartForm = nil, nil, nil
	q.Body, q.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	old := q.Cookies()
	q.Header.Del("Cookie")
	for _, c := range old {
		if c.Name != cookieName {
			q.AddCookie(c)
		}
	}
	q.AddCookie(&http.Cookie{Name: cookieName, Value: token})
	w.echo.ServeHTTP(r.Response().Writer, q)
	return true
}

// door is what this request shows at sign-in.
func (r *req) door() app.Door {
	return app.Door{Agent: r.Request().UserAgent(), IP: r.RealIP()}
}

func (w *Web) signIn(r *req) error { // POST /sign-in
	form := r.Request().PostForm
	email, password := form.Get("email"), form.Get("password")
	account, err := auth.ParseEmail(email)
	if err != nil {
		account = strings.ToLower(strings.TrimSpace(email)) // as wrong as any other, and as slow
	}
	source := r.source()
	known := false
	if acc, ok, err := w.App.Store.AccountByEmail(r.ctx(), account); err != nil {
		return err
	} else if ok {
		known = w.knows(r.Request(), acc.Person)
	}
	if wait := w.throttle.Try(account, source, known, r.now); wait > 0 {
		return w.refuseSignIn(r, email, fault.Slow("signin.slow", seconds(wait)))
	}
	ctx := r.ctx()
	if !known {
		ctx = auth.Stranger(ctx)
	}
	acc, _, err := w.App.CheckPassword(ctx, email, password)
	switch {
	case err == nil:
		return w.enterWith(r, acc, account, source, form.Get("code"))
	case fault.KindOf(err) == fault.Denied:
		return w.refuseSignIn(r, email, err)
	case fault.KindOf(err) == fault.TooMany:
		w.throttle.Spare(account, source)
		return w.refuseSignIn(r, email, err)
	case errors.Is(err, context.Canceled):
		w.throttle.Spare(account, source)
	}
	return err
}

// enterWith goes on once the password was right. A guess at a code counts, also in a browser that signed in before; the password alone, where a code is
// needed, neither counts nor takes anything back.
func (w *Web) enterWith(r *req, acc app.Account, account, source, code string) error {
	guess := "code of " + account
	if code != "" {
		if wait := w.throttle.Try(guess, source, false, r.now); wait > 0 {
			w.throttle.Spare(account, source)
			return w.refuseSignIn(r, acc.Email, fault.Slow("signin.slow", seconds(wait)))
		}
	}
	d := r.door()
	d.Code = code
	err := w.enterAs(r, acc, d)
	switch {
	case fault.Is(err, "signin.code"): // counted
		return w.refuseSignIn(r, acc.Email, err)
	case err == nil:
		w.throttle.Right(account, source)
	default:
		w.throttle.Spare(account, source)
	}
	if code != "" {
		w.throttle.Right(guess, source)
	}
	if fault.KindOf(err) == fault.Invalid || fault.Is(err, "signin.wrong") {
		return w.refuseSignIn(r, acc.Email, err)
	}
	return err
}

// source is where a request comes from, as the throttle counts it.
func (r *req) source() string {
	if ip, err := netip.ParseAddr(r.RealIP()); err == nil {
		return auth.Source(ip)
	}
	return r.RealIP()
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// refuseSignIn shows the form again with everything it carried.
func (w *Web) refuseSignIn(r *req, email string, err error) error {
	f := fault.As(err)[0]
	status := http.StatusUnauthorized
	if f.Kind == fault.TooMany {
		status = http.StatusTooManyRequests
		r.Response().Header().Set("Retry-After", strconv.Itoa(retryAfter(f)))
	}
	form := r.Request().PostForm
	v := &templates.SignInView{Email: email, Next: local(form.Get("next")), Error: say(r.t, f)}
	if f.Field == "code" {
		v.ErrorField = "code"
	}
	for name, values := range form {
		if name == keepTo || name == keepMark || strings.HasPrefix(name, keepPrefix) {
			for _, s := range values {
				v.Carried = append(v.Carried, templates.Hidden{Name: name, Value: s})
			}
		}
	}
	return w.showSignIn(r, status, v)
}

// enterAs makes the sign-in, with a new id, and goes on to where the person was.
func (w *Web) enterAs(r *req, acc app.Account, d app.Door) error {
	old := ""
	if r.me != nil {
		old = r.me.login.ID
	}
	token, _, err := w.App.SignIn(r.ctx(), acc, d, old)
	if err != nil {
		return err
	}
	return w.entered(r, token, acc.Person, old)
}

// entered gives the browser its cookie and goes on.
func (w *Web) entered(r *req, token, person, old string) error {
	if old != "" {
		w.Hub.EndKey(old)
	}
	ses := sessions.NewSession(w.signIns, cookieName)
	ses.Options = &sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	ses.Values[valueToken] = token
	if err := ses.Save(r.Request(), r.Response()); err != nil {
		return err
	}
	w.remember(r.Response(), r.Request(), person)
	if w.replay(r, person, token) {
		return nil
	}
	return r.see(local(r.Request().PostForm.Get("next")))
}

func (w *Web) demoSignIn(r *req) error { // POST /sign-in/demo
	want := r.Request().PostForm.Get("person")
	for _, d := range w.Demo.People {
		if d.Email != want {
			continue
		}
		acc, ok, err := w.App.Store.AccountByEmail(r.ctx(), d.Email)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		door := r.door()
		door.Demo = true
		if err := w.enterAs(r, acc, door); fault.Is(err, "signin.wrong") {
			return w.refuseSignIn(r, acc.Email, err)
		} else if err != nil {
			return err
		}
		return nil
	}
	return w.refuseSignIn(r, "", fault.Deny("signin.wrong"))
}

func (w *Web) signOut(r *req) error { // POST /sign-out
	if err := w.App.SignOut(r.ctx(), r.me.who()); err != nil {
		return err
	}
	w.Hub.EndKey(r.me.login.ID)
	ses, err := w.signIns.Get(r.Request(), cookieName)
	if err != nil {
		return err
	}
	ses.Options.MaxAge = -1
	if err := ses.Save(r.Request(), r.Response()); err != nil {
		return err
	}
	return r.see("/sign-in")
}

func roleCodes(rs []auth.Role) []string {
	out := make([]string, len(rs))
	for i, x := range rs {
		out[i] = string(x)
	}
	return out
}
