package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/sessions"

	"countersign/internal/app"
	"countersign/internal/auth"
)

const (
	// cookieName holds the token and nothing else. The prefix makes browsers refuse it without Secure, with a Domain, or below "/".
	cookieName = "__Host-sid"
	// deviceName marks a browser in which somebody signed in before; the last one first.
	deviceName = "__Host-known"

	valueLogin = "login" // auth.SignIn
	valueToken = "token" // set at sign-in, for Save

	deviceAge  = 180 * 24 * time.Hour
	maxDevices = 8
)

// signIns is sessions.Store over the desk's own table: the cookie holds a random token, the table its hash. A row is made only by
// signing in (app.SignIn), so a visitor without one costs nothing.
type signIns struct {
	app *app.App
	now func() time.Time
}

var _ sessions.Store = (*signIns)(nil)

// Get returns the request's session, read once a request.
func (s *signIns) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the sign-in that the cookie names. One that ended or ran out leaves an empty session; that is no error.
func (s *signIns) New(r *http.Request, name string) (*sessions.Session, error) {
	ses := sessions.NewSession(s, name)
	ses.Options = &sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	ses.IsNew = true
	c, err := r.Cookie(name)
	if err != nil {
		return ses, nil // no cookie
	}
	id, ok := auth.TokenID(c.Value)
	if !ok {
		return ses, nil
	}
	login, ok, err := s.app.Login(r.Context(), id)
	if err != nil {
		return ses, fmt.Errorf("read sign-in: %w", err)
	}
	if !ok || login.Expired(s.now()) {
		return ses, nil
	}
	ses.ID, ses.IsNew = id, false
	ses.Values[valueLogin] = login
	return ses, nil
}

// Save writes the cookie of a new sign-in, or removes it when MaxAge is below zero.
func (s *signIns) Save(_ *http.Request, w http.ResponseWriter, ses *sessions.Session) error {
	token, _ := ses.Values[valueToken].(string)
	if ses.Options.MaxAge < 0 {
		token = ""
	}
	http.SetCookie(w, sessions.NewCookie(ses.Name(), token, ses.Options))
	return nil
}

// devices are the marks in this browser's cookie, the last person first.
func devices(r *http.Request) []string {
	c, err := r.Cookie(deviceName)
	if err != nil || c.Value == "" || len(c.Value) > 1000 {
		return nil
	}
	d := strings.Split(c.Value, ".")
	return d[:min(len(d), maxDevices)]
}

// knows reports whether the person signed in in this browser before.
func (w *Web) knows(r *http.Request, person string) bool {
	for _, d := range devices(r) {
		if auth.CheckDevice(w.SessionKey, person, d) {
			return true
		}
	}
	return false
}

// remember puts the person's mark first.
func (w *Web) remember(rw http.ResponseWriter, r *http.Request, person string) {
	markBrowser(rw, r)
	mine := auth.DeviceToken(w.SessionKey, person)
	all := []string{mine}
	for _, d := range devices(r) {
		if d != mine && len(all) < maxDevices {
			all = append(all, d)
		}
	}
	http.SetCookie(rw, &http.Cookie{Name: deviceName, Value: strings.Join(all, "."), Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: int(deviceAge / time.Second)})
}
