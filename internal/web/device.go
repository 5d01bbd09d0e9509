package web

import (
	"net/http"
	"time"
)

// browserName is the mark of a browser, set at sign-in, whoever signs in: random, so that it tells nothing but sameness. Two people in one browser have
// the same mark, which is what the hint to approvers is about.
const browserName = "__Host-bid"

// browserOf is the mark that a request carries, "" for none.
func browserOf(r *http.Request) string {
	c, err := r.Cookie(browserName)
	if err != nil || len(c.Value) < 16 || len(c.Value) > 64 {
		return ""
	}
	return c.Value
}

// markBrowser gives a browser its mark, or keeps the one it has for longer.
func markBrowser(rw http.ResponseWriter, r *http.Request) {
	mark := browserOf(r)
	if mark == "" {
		mark = token(16)
	}
	http.SetCookie(rw, &http.Cookie{Name: browserName, Value: mark, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(deviceAge / time.Second)})
}
