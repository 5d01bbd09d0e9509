package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/store"
)

// Two desks on two copies of one database would each send what is approved in both. The anchor lets one of them: on one machine the second
// does not start; where the lock does not reach, the first to write the anchor goes on and the other sends nothing any more.
func TestTwoCopies(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(200_00)
	must(t, d.Store.Anchor())
	dir := filepath.Join(t.TempDir(), "copy")
	must(t, os.MkdirAll(dir, 0o700))
	twin := filepath.Join(dir, "desk.db")
	must(t, store.Backup(t.Context(), d.DB(), twin))
	open := func() (*store.Store, error) {
		return store.Open(t.Context(), store.Options{Path: twin, Anchor: d.Anchor(), Signer: d.Signer, Now: d.Clock.Now, Born: "serve"})
	}
	if s, err := open(); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("a copy starts beside a running desk: %v %v", s, err)
	}
	must(t, os.Remove(d.Anchor()+".lock")) // as on another machine
	other, err := open()
	must(t, err)
	defer other.Close()
	if q := other.Quarantined(); q != "" {
		t.Fatalf("the same events are held: %q", q)
	}
	if !d.Send() {
		t.Fatal("the first desk does not send")
	}
	anchor, err := os.ReadFile(d.Anchor())
	must(t, err)
	if _, err := other.Write(t.Context(), app.People, func(tx app.Tx) error { return note(tx, "x", d.Clock.Now()) }); err != nil {
		t.Fatal(err)
	}
	if err := other.Anchor(); err == nil || other.Quarantined() != "differs" {
		t.Errorf("the copy may go on: %v, quarantine %q", err, other.Quarantined())
	}
	must(t, other.Anchor())
	if b, _ := os.ReadFile(d.Anchor()); !bytes.Equal(b, anchor) {
		t.Error("the copy moved the anchor")
	}
	d.Settle()
	must(t, d.Store.Anchor())
	if q := d.Store.Quarantined(); q != "" || d.Get(id).Reference == "" {
		t.Errorf("the first desk was stopped by its copy: %q", q)
	}
	// An anchor taken away under a running desk is written again.
	must(t, os.Remove(d.Anchor()))
	d.Submit(300_00)
	must(t, d.Store.Anchor())
	if _, err := audit.ReadAnchor(d.Anchor(), audit.VerifierFor(d.Signer)); err != nil {
		t.Error(err)
	}
}
