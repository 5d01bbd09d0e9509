package web

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// endless gives one field of a form without end and counts what was taken of it.
type endless struct {
	first string
	taken int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.first)
	e.first = e.first[n:]
	for i := n; i < len(p); i++ {
		p[i] = 'x'
	}
	e.taken += int64(len(p))
	return len(p), nil
}

// TestBodiesAreBounded: every POST of the router, signed in as somebody who may use it and signed out, refuses a body that is larger than its limit: unread where
// its length is said, after its limit where it is not, and unread where it is no form. Promise of issue 5, 15.
func TestBodiesAreBounded(t *testing.T) {
	b := newBench(t)
	people := map[byte]string{'M': "m1", 'A': "a1", 'S': "s1", 'U': "u1", 'D': "d1"}
	as := map[string]*browser1{}
	for _, who := range people {
		as[who] = b.as(who)
	}
	const form, file = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	seen, files := 0, 0
	for _, rt := range b.web.table() {
		if rt.method == http.MethodGet {
			continue
		}
		seen++
		key := rt.method + " " + rt.path
		most := int64(64 << 10)
		switch rt.path {
		case "/settings/rules", "/settings/limits":
			most = 2 << 20
		}
		takes := bigBodies[key] != 0
		if takes {
			files++
			if most = bigBodies[key]; most > 34<<20 {
				t.Errorf("%s takes %d bytes", key, most)
			}
		}
		who := b.browser()
		if may := matrix[key]; may != "*" {
			who = as[people[may[0]]]
		}
		path := strings.NewReplacer(":id", "1", ":kind", "payee", ":day", "2026-01-15", ":token", "x").Replace(rt.path)
		for _, c := range []struct {
			name, kind, first, coding string
			length                    int64
			code                      int
			most                      int64 // bytes taken
		}{
			{"said", form, "a=", "", most + 1, 413, 0},
			{"a gigabyte said", form, "a=", "", 1 << 30, 413, 0},
			{"not said", form, "a=", "", -1, 413, most + 64<<10},
			{"no form", "application/octet-stream", "", "", 100, 415, 0},
			{"no form and no length", "", "", "", -1, 415, 0},
			{"packed", form, "\x1f\x8b\x08\x00", "gzip", 100, 415, 0},
			{"a file", file, "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n", "", -1, 415, 0},
			{"a file of a gigabyte", file, "", "", 1 << 30, 413, 0},
		} {
			want, bytes := c.code, c.most
			if c.name == "a file" && takes { // read as a file, by whoever may
				want, bytes = 413, most+64<<10
			}
			for _, x := range []*browser1{who, b.browser()} {
				body := &endless{first: c.first}
				q := x.request(rt.method, path, nil)
				q.Body, q.ContentLength = io.NopCloser(body), c.length
				q.Header.Set("Content-Type", c.kind)
				if c.coding != "" {
					q.Header.Set("Content-Encoding", c.coding)
				}
				rec := x.do(q)
				got := rec.Code
				if x != who && c.name == "a file" && takes && got == http.StatusUnauthorized || got == http.StatusNotFound && c.name == "a file" && takes {
					got = want // refused before it is read
				}
				if got != want {
					t.Errorf("%s, %s: %d, want %d", key, c.name, rec.Code, want)
				}
				if body.taken > bytes {
					t.Errorf("%s, %s: %d bytes were read, limit %d", key, c.name, body.taken, most)
				}
			}
		}
	}
	if seen < 40 || files < 3 {
		t.Errorf("only %d routes, %d with files", seen, files)
	}
}
