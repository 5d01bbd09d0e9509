package web

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"countersign/internal/app"
	"countersign/internal/fault"
	"countersign/internal/live"
)

// everybody who may open /live: a badge holds nothing that one of them may not see.
const everybody uint32 = 1

// writeWithin is how long one write of a stream may take: a reader that is slower is gone.
const writeWithin = 10 * time.Second

// streams counts the open streams of each person, so that a change at the desk asks only about those.
type streams struct {
	mu   sync.Mutex
	open map[string]int
}

func (s *streams) add(person string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[person] += n; s.open[person] <= 0 {
		delete(s.open, person)
	}
}

func (s *streams) persons() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.open))
	for p := range s.open {
		out = append(out, p)
	}
	return out
}

// live is the one stream of a browser (GET /live).
func (w *Web) live(r *req) error {
	after := r.Request().Header.Get("Last-Event-ID")
	if after == "" {
		after = r.QueryParam("after")
	}
	last, _ := strconv.ParseInt(after, 10, 64) // what is no number asks for nothing old
	person, key := r.me.ID, r.me.login.ID
	s, err := w.Hub.Subscribe(string(r.tag), everybody, key, person, last)
	switch {
	case errors.Is(err, live.ErrTooMany):
		return fault.Slow("live.many", 5)
	case err != nil:
		return fault.Down("live.full").Because(err)
	}
	defer s.Close()
	w.streams.add(person, 1)
	defer w.streams.add(person, -1)
	// Whoever was signed out between the look at the sign-in and the subscription is not known to the hub.
	if !w.stillIn(r) {
		return errNotSignedIn
	}

	out := r.Response()
	rc := http.NewResponseController(out)
	// The server's own deadlines are for pages. A writer without deadlines (a test's recorder) does without.
	if err := rc.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	out.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	out.Header().Set("X-Accel-Buffering", "no")
	out.WriteHeader(http.StatusOK)

	counts := ""
	send := func(frame []byte) bool {
		if err := rc.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return false
		}
		if _, err := out.Write(frame); err != nil {
			return false
		}
		// My counts ride along whenever they changed.
		if c := w.countsOf(r); c != counts {
			counts = c
			if _, err := out.Write(live.SSEFrame(0, "counts", c)); err != nil {
				return false
			}
		}
		return rc.Flush() == nil
	}
	if !send([]byte("retry: 2000\n\n")) {
		return nil
	}
	tick := time.NewTimer(w.untilCheck(r))
	defer tick.Stop()
	for {
		select {
		case <-r.ctx().Done():
			return nil
		case frame, ok := <-s.C:
			if !ok || !send(frame) {
				return nil
			}
		case <-tick.C:
			if !w.stillIn(r) || !send([]byte(live.Heartbeat)) {
				return nil
			}
			tick.Reset(w.untilCheck(r))
		}
	}
}

// untilCheck is how long a stream may go on before its sign-in is looked at again: a heartbeat, or until it would run out.
func (w *Web) untilCheck(r *req) time.Duration {
	left := r.me.login.ExpiresAt().Sub(w.Now())
	return max(50*time.Millisecond, min(w.Heartbeat, left))
}

// stillIn looks the sign-in and its person up again.
func (w *Web) stillIn(r *req) bool {
	login, ok, err := w.App.Store.LoginByID(r.ctx(), r.me.login.ID)
	if err != nil || !ok || login.Expired(w.Now()) {
		return false
	}
	p, err := w.App.Store.PersonByID(r.ctx(), login.Person)
	if err != nil || p.Suspended {
		return false
	}
	r.me.login, r.me.Person = login, p
	return app.May(p, r.rt.may)
}

// countsOf are a person's own counters as JSON, from what was read last.
func (w *Web) countsOf(r *req) string {
	c := w.cached.Load()
	if c == nil {
		d, err := w.readDesk(r.ctx())
		if err != nil {
			return ""
		}
		c = d.cached
	}
	n := (&desk{cached: c}).counts(r.me.ID, app.May(r.me.Person, app.Queue))
	return `{"approvals":` + strconv.Itoa(n.Approvals) + `,"unknown":` + strconv.Itoa(n.Unknown) + `}`
}
