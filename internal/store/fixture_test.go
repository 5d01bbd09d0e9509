package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/payout"
	"countersign/internal/store"
)

// TestFixtures: a database written by each finished issue must migrate, verify, serve and go on for ever. Promise 11, and the rule of design.md "History".
func TestFixtures(t *testing.T) {
	dirs, err := filepath.Glob("testdata/issue*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			tmp := t.TempDir()
			for _, f := range []string{"desk.db", "history.pem", "anchor"} {
				b, err := os.ReadFile(filepath.Join(dir, f))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(tmp, f), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			pem, err := os.ReadFile(filepath.Join(tmp, "history.pem"))
			if err != nil {
				t.Fatal(err)
			}
			signer, err := audit.LoadSigner(pem)
			if err != nil {
				t.Fatal(err)
			}
			v := audit.VerifierFor(signer)
			anchor, err := audit.ReadAnchor(filepath.Join(tmp, "anchor"), v)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(tmp, "desk.db")
			s, err := store.Open(t.Context(), store.Options{Path: path, Anchor: filepath.Join(tmp, "anchor"), Signer: signer, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if q := s.Quarantined(); q != "" {
				t.Errorf("quarantined: %s", q)
			}
			seen := 0
			for q := (app.ListQuery{Limit: 50}); ; {
				page, err := s.List(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range page.Rows {
					seen++
					snap, err := s.PayoutByID(t.Context(), r.ID)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := payout.Restore(snap); err != nil {
						t.Error(err)
					}
					if _, err := s.Timeline(t.Context(), "payout", string(r.ID)); err != nil {
						t.Error(err)
					}
				}
				if page.Next == "" {
					break
				}
				q.After = page.Next
			}
			if seen < 20 {
				t.Errorf("only %d payouts", seen)
			}
			last, err := s.ReportLast(t.Context())
			must(t, err)
			if _, err := s.Write(t.Context(), app.People, func(tx app.Tx) error {
				for id := int64(1); id <= last; id++ { // a line of an old desk's report is known again in a file with other columns
					for n := 1; ; n++ {
						l, ok, err := s.ReportLine(t.Context(), id, n)
						if err != nil {
							return err
						}
						if !ok {
							break
						}
						l.Extra, l.Mark, l.Rest = `[["new","x"]]`, "another", "another"
						if same, err := tx.SameRow(l, last+1); err != nil || same == 0 || same > id {
							t.Errorf("line %d of report %d is the same as one of report %d: %v", n, id, same, err)
						}
					}
				}
				_, err := tx.Append(audit.Event{At: time.Now(), Action: "fixture.opened", Kind: "desk", Payload: []byte("{}"), Spec: 1}, "", payout.Salt{})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			r, err := store.Verify(t.Context(), path, v, &anchor)
			if err != nil || !r.OK() || r.Anchor != audit.AnchorContinues {
				t.Errorf("verify: %+v %v", r, err)
			}
			again, err := store.CheckApprovals(t.Context(), path) // what an older desk decided by its rules is no forgery today
			if err != nil || len(again.Findings) > 0 || again.Claims == 0 {
				t.Errorf("counted again: %+v %v", again, err)
			}
		})
	}
}

// TestFixtureWrite writes the fixture of an issue that ends, once, into the folder that FIXTURE names: the desk that has seen everything, with the key of
// its history. Only what main wrote when the issue ended is a fixture: never write one anew.
func TestFixtureWrite(t *testing.T) {
	dir := os.Getenv("FIXTURE")
	if dir == "" {
		t.Skip("FIXTURE names no folder")
	}
	d := lived(t)
	must(t, d.Store.Close())
	must(t, os.Mkdir(dir, 0o755))
	must(t, store.Backup(t.Context(), d.DB(), filepath.Join(dir, "desk.db")))
	anchor, err := os.ReadFile(d.Anchor())
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "anchor"), anchor, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "history.pem"), d.History, 0o644))
}
