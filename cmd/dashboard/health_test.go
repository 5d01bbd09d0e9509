package main

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/bank131"
	"countersign/internal/desktest"
)

// TestHealth_Outside: /health tells how far the clock is from the bank's by the last answer that the desk got anyway, with its moment, and asks nobody for it; and when
// keys end where their file says it. Issue 5, item 14.
func TestHealth_Outside(t *testing.T) {
	d := desktest.New(t)
	now := time.Now().Truncate(time.Second)
	var date string
	asked := 0
	bank := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header()["Date"] = []string{date}
	}))
	defer bank.Close()
	c, err := bank131.NewClient(bank131.Options{BaseURL: bank.URL, Project: "p", Key: d.Our, Timeout: 10 * time.Second, Now: func() time.Time { return now }})
	check(t, err)
	defer c.Close()
	line := func(name, certificate string) app.Check {
		t.Helper()
		d.App.Outside = func() []app.Check { return outside(c, certificate) }
		before := asked
		all, err := d.App.Health(t.Context())
		check(t, err)
		if asked != before {
			t.Error("the bank was asked for it")
		}
		i := slices.IndexFunc(all, func(x app.Check) bool { return x.Name == name })
		if i < 0 {
			t.Fatalf("no line %q", name)
		}
		return all[i]
	}
	if x := line("clock", ""); x.Line != "clock.unseen" || x.State != app.CheckOK {
		t.Errorf("before any answer: %+v", x)
	}
	for _, k := range []struct {
		off         time.Duration
		line, state string
	}{{-2 * time.Second, "clock.ok.seen", app.CheckOK}, {40 * time.Second, "clock.off.seen", app.CheckWarn}, {-time.Hour, "clock.off.seen", app.CheckBroken}, {0, "clock.none", app.CheckWarn}} {
		if date = now.Add(k.off).UTC().Format(http.TimeFormat); k.off == 0 {
			date = "soon"
		}
		c.Balance(t.Context(), now)
		x := line("clock", "")
		if x.Line != k.line || x.State != k.state || x.Age != k.off.Abs() || (x.Text == "") != (k.off == 0) {
			t.Errorf("%s apart: %+v", k.off, x)
		}
	}
	if x := line("key", ""); x.Line != "key.noend" {
		t.Errorf("keys without an end: %+v", x)
	}
	for left, want := range map[time.Duration]string{90 * 24 * time.Hour: "certificate.ok", 24 * time.Hour: "certificate.soon", -time.Hour: "certificate.over"} {
		tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(left)}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &d.Our.PublicKey, d.Our)
		check(t, err)
		file := filepath.Join(t.TempDir(), "tls.crt")
		check(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
		if x := line("certificate", file); x.Line != want {
			t.Errorf("%s left: %+v", left, x)
		}
	}
}
