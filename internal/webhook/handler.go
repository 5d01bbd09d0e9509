package webhook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"countersign/internal/failpoint"
	"countersign/internal/fault"
)

// Path is the one address that the bank is given.
const Path = "/webhooks/bank131"

// Header carries the signature.
const Header = "X-PARTNER-SIGN"

// Verifier says which key signed the raw body, or why none did ("missing", "several", "malformed", "wrong").
type Verifier interface {
	Verify(body []byte, signatures []string) (keyID, reason string)
}

// Desk keeps messages.
type Desk interface {
	// StoreWebhook commits a genuine message durably before it returns nil. It fails with fault.Unavailable when it cannot now.
	StoreWebhook(ctx context.Context, body []byte, keyID string) error
	// RefusedWebhook notes a message that is not genuine, as well as it can. signature is what came, cut; several are joined.
	RefusedWebhook(ctx context.Context, body []byte, signature, reason string)
	// ApplyNext applies one stored message; did is false when none is left.
	ApplyNext(ctx context.Context) (did bool, err error)
}

// Options of the handler. Verifier and Desk are needed; zero values take the default in brackets.
type Options struct {
	Verifier Verifier
	Desk     Desk
	Log      *slog.Logger // nil: nothing is logged
	// Stored is called after each commit, to wake the Applier. It must not block. nil: nobody is woken.
	Stored func()

	MaxBody int64         // largest body in bytes (256 KiB)
	Places  int           // most messages at a time (64)
	Wait    time.Duration // longest wait for a place (1 s)
	Read    time.Duration // longest time for a body to come (10 s)
	Store   time.Duration // longest time for a commit (15 s)
}

const maxSignature = 2048 // of a refused message, as kept

// Handler is the intake.
func Handler(o Options) http.Handler {
	if o.MaxBody <= 0 {
		o.MaxBody = 256 << 10
	}
	if o.Places <= 0 {
		o.Places = 64
	}
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{{&o.Wait, time.Second}, {&o.Read, 10 * time.Second}, {&o.Store, 15 * time.Second}} {
		if *d.v <= 0 {
			*d.v = d.d
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &intake{o: o, places: make(chan struct{}, o.Places)}
}

type intake struct {
	o      Options
	places chan struct{}
}

func (h *intake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code := h.take(w, r)
	head := w.Header()
	head.Set("Content-Type", "text/plain; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	switch code {
	case http.StatusMethodNotAllowed:
		head.Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		head.Set("Retry-After", "5")
	}
	text := "no\n"
	if code == http.StatusOK {
		text = "ok\n"
	}
	w.WriteHeader(code)
	// The bank may have hung up; it repeats, and the repeat finds the message stored.
	_, _ = io.WriteString(w, text)
}

// take does everything but answer.
func (h *intake) take(w http.ResponseWriter, r *http.Request) (code int) {
	switch {
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed
	case len(r.Header.Values("Content-Encoding")) > 0:
		return http.StatusUnsupportedMediaType
	case r.ContentLength > h.o.MaxBody:
		return http.StatusRequestEntityTooLarge
	}
	if !h.place(r.Context()) {
		return http.StatusServiceUnavailable
	}
	defer func() { <-h.places }()

	body, err := h.read(w, r)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), h.o.Store)
	defer cancel()
	signatures := r.Header.Values(Header)
	keyID, reason := h.o.Verifier.Verify(body, signatures)
	if reason != "" {
		h.o.Desk.RefusedWebhook(ctx, body, cut(strings.Join(signatures, "\n")), reason)
		return http.StatusUnauthorized
	}
	if failpoint.On && failpoint.Option("ack") == "early" { // a control of the power-cut rig; not compiled without the tag failpoint
		go func() { _ = h.o.Desk.StoreWebhook(context.WithoutCancel(ctx), body, keyID) }()
		return http.StatusOK
	}
	if err := h.o.Desk.StoreWebhook(ctx, body, keyID); err != nil {
		level := slog.LevelError
		if fault.KindOf(err) == fault.Unavailable {
			level = slog.LevelWarn
		}
		h.o.Log.Log(ctx, level, "webhook not stored", "bytes", len(body), "err", err)
		return http.StatusServiceUnavailable
	}
	if h.o.Stored != nil {
		h.o.Stored()
	}
	return http.StatusOK
}

// place takes a place, waiting a moment for one.
func (h *intake) place(ctx context.Context) bool {
	select {
	case h.places <- struct{}{}:
		return true
	default:
	}
	t := time.NewTimer(h.o.Wait)
	defer t.Stop()
	select {
	case h.places <- struct{}{}:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// read takes the body, within its size and time. The time is kept by a deadline set in the past when it is over, so
// that no clock is needed here.
func (h *intake) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	over := time.AfterFunc(h.o.Read, func() {
		// Not supported by a recorder in a test; a real connection supports it.
		_ = control.SetReadDeadline(time.Unix(1, 0))
	})
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	if !over.Stop() && err == nil {
		// It came in the last moment: the deadline must not end the connection under the answer.
		_ = control.SetReadDeadline(time.Time{})
	}
	return body, err
}

func cut(s string) string {
	if len(s) > maxSignature {
		s = s[:maxSignature]
	}
	return strings.ToValidUTF8(s, "?")
}
