package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/internal/fault"
)

// TestFolder: each file of the watched folder is taken once, when it is no longer written, and stays where it is; one that changed is read again; what is not
// taken is named; hidden files, folders and links are none of its business.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	var took []string
	answer := map[string]error{}
	f := &folder{dir: dir, log: slog.New(slog.DiscardHandler), now: func() time.Time { return now }, seen: map[string]stamp{}, take: func(_ context.Context, name string, data []byte) error {
		took = append(took, name+"="+string(data))
		return answer[name]
	}}
	write := func(name, text string, at time.Time) {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
	step := func(want ...string) {
		t.Helper()
		took = nil
		f.step(t.Context())
		if len(took) != len(want) {
			t.Fatalf("took %q, want %q", took, want)
		}
		for i := range want {
			if took[i] != want[i] {
				t.Fatalf("took %q, want %q", took, want)
			}
		}
	}
	old := now.Add(-time.Minute)
	write("b.csv", "B", old)
	write("a.csv", "A", old)
	write(".part", "x", old)
	write("late.csv", "L", now.Add(-time.Second))
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.csv")); err != nil {
		t.Fatal(err)
	}
	answer["b.csv"] = fault.Bad("day", "report.whichday")
	step("a.csv=A", "b.csv=B")
	if r := f.Refused(); len(r) != 1 || r[0].Name != "b.csv" || !fault.Is(r[0].Err, "report.whichday") {
		t.Fatalf("%+v", r)
	}
	step()
	now = now.Add(time.Minute)
	answer["late.csv"] = fault.Down("store.busy")
	step("late.csv=L")
	answer["late.csv"] = fault.Bad("file", "report.twice")
	step("late.csv=L") // it could not be taken then: again
	step()
	write("a.csv", "A2", now.Add(-30*time.Second))
	step("a.csv=A2")
	if _, err := os.Stat(filepath.Join(dir, "a.csv")); err != nil {
		t.Error("a file was moved")
	}
	if len(f.Refused()) != 1 {
		t.Errorf("%+v", f.Refused())
	}
}

// TestFolder_many: in a folder of more files than one look takes, the newest days come first, every file is taken once in the end, and the log says so.
func TestFolder_many(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	var took []string
	f := &folder{dir: dir, log: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now }, seen: map[string]stamp{}, take: func(_ context.Context, name string, _ []byte) error {
		took = append(took, name)
		return nil
	}}
	const files = 2*folderFiles + 7
	old := now.Add(-time.Hour)
	for i := range files {
		p := filepath.Join(dir, fmt.Sprintf("P_%05d.csv", i))
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, old, old); err != nil {
			t.Fatal(err)
		}
	}
	f.step(t.Context())
	if len(took) != folderFiles || took[0] != fmt.Sprintf("P_%05d.csv", files-folderFiles) || took[folderFiles-1] != fmt.Sprintf("P_%05d.csv", files-1) {
		t.Fatalf("the first look took %d files, %s to %s", len(took), took[0], took[len(took)-1])
	}
	if !strings.Contains(log.String(), "files=4007") || !strings.Contains(log.String(), "looks=3") {
		t.Errorf("the log says %q", log.String())
	}
	for range 5 {
		f.step(t.Context())
	}
	slices.Sort(took)
	if len(took) != files || len(slices.Compact(took)) != files {
		t.Errorf("%d files were taken of %d", len(took), files)
	}
}
