package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/internal/auth"
	"countersign/internal/lang"
	"countersign/web/static"
)

const year = 365 * 24 * time.Hour

// language is the reader's: their cookie, else what the browser asks for first of the two.
func language(q *http.Request) lang.Tag {
	if c, err := q.Cookie("lang"); err == nil {
		switch lang.Tag(c.Value) {
		case lang.RU, lang.EN:
			return lang.Tag(c.Value)
		}
	}
	best, weight := lang.RU, -1.0
	for _, part := range strings.Split(q.Header.Get("Accept-Language"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		name, _, _ = strings.Cut(strings.ToLower(name), "-")
		if name != "ru" && name != "en" {
			continue
		}
		v := 1.0
		if s, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			f, err := strconv.ParseFloat(s, 64)
			if err != nil {
				continue
			}
			v = f
		}
		if v > weight && v > 0 {
			best, weight = lang.Tag(name), v
		}
	}
	return best
}

// theme is "light", "dark", or "" to follow the system.
func theme(q *http.Request) string {
	if c, err := q.Cookie("theme"); err == nil && slices.Contains([]string{"light", "dark"}, c.Value) {
		return c.Value
	}
	return ""
}

func (w *Web) preferences(r *req) error { // POST /preferences
	form := r.Request().PostForm
	set := func(name, value string, keep time.Duration) {
		http.SetCookie(r.Response(), &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(keep / time.Second), SameSite: http.SameSiteLaxMode, HttpOnly: true, Secure: true})
	}
	switch l := form.Get("lang"); lang.Tag(l) {
	case lang.RU, lang.EN:
		set("lang", l, year)
	}
	switch t := form.Get("theme"); t {
	case "light", "dark":
		set("theme", t, year)
	case "system":
		set("theme", "", -time.Second)
	}
	if k := form.Get("keys"); r.me != nil && (k == "on" || k == "off") {
		acc, ok, err := w.App.Store.AccountByEmail(r.ctx(), r.me.login.Email)
		if err != nil {
			return err
		}
		if ok && acc.KeysOn != (k == "on") {
			if err := w.App.SetAccount(r.ctx(), r.me.who(), idleMinutes(acc.IdleMinutes), k == "on"); err != nil {
				return err
			}
		}
	}
	return r.see(local(form.Get("next")))
}

func idleMinutes(n int) int {
	if n == 0 {
		return int(auth.DefaultIdle / time.Minute)
	}
	return n
}

// packed is a static file, also compressed when that pays.
type packed struct {
	data, gz []byte
	kind     string
}

// file finds a static file and compresses it once.
func (w *Web) file(at string) (packed, bool) {
	if f, ok := w.files.Load(at); ok {
		return f.(packed), true
	}
	data, kind, ok := static.Open(at)
	if !ok {
		return packed{}, false
	}
	f := packed{data: data, kind: kind}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, werr := z.Write(data)
		if cerr := z.Close(); werr == nil && cerr == nil && b.Len() < len(data)*9/10 {
			f.gz = b.Bytes()
		}
	}
	w.files.Store(at, f) // only addresses with the right hash come here: there are a dozen
	return f, true
}

func (w *Web) static(r *req) error { // GET /static/<hash>/<name>
	f, ok := w.file(r.Request().URL.Path)
	if !ok {
		return statusError(http.StatusNotFound)
	}
	h := r.Response().Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if f.gz != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Request().Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			return r.Blob(http.StatusOK, f.kind, f.gz)
		}
	}
	return r.Blob(http.StatusOK, f.kind, f.data)
}
