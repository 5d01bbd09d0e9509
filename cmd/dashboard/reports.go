package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/internal/app"
	"countersign/internal/fault"
	"countersign/internal/web"
)

// How the folder of the bank's reports is watched.
const (
	folderEvery = time.Minute
	// folderStill is how long a file must have stayed as it is: whoever writes it is done.
	folderStill = 10 * time.Second
	// folderFiles bounds the files of one look, folderKept the refusals shown.
	folderFiles, folderKept = 2000, 20
)

// folder is a watched folder: each file in it is taken once, by its bytes, and left where it is.
type folder struct {
	dir  string
	take func(ctx context.Context, name string, data []byte) error
	log  *slog.Logger
	now  func() time.Time

	// page is how many looks ago the newest names were looked at: a folder of more files than one look takes several, from its end to its beginning.
	page int

	mu      sync.Mutex
	seen    map[string]stamp
	refused []web.FolderRefusal
}

// stamp is how a file stood when it was read.
type stamp struct {
	size int64
	at   time.Time
}

func newFolder(dir string, a *app.App, log *slog.Logger, now func() time.Time) *folder {
	return &folder{dir: dir, log: log, now: now, seen: map[string]stamp{}, take: func(ctx context.Context, name string, data []byte) error {
		_, err := a.TakeReportFile(ctx, name, data)
		return err
	}}
}

// watched begins to watch the folder of reports, if there is one, and tells which files were not taken.
func (d *desk) watched() func() []web.FolderRefusal {
	if d.ReportDir == "" {
		return nil
	}
	d.reports = newFolder(d.ReportDir, d.app, d.Log, d.Now)
	return d.reports.Refused
}

// Refused are the newest files that were not taken, newest first.
func (f *folder) Refused() []web.FolderRefusal {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.refused)
}

// run looks into the folder each minute until ctx ends.
func (f *folder) run(ctx context.Context) {
	t := time.NewTicker(folderEvery)
	defer t.Stop()
	for {
		f.step(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// step looks into the folder once, the files in the order of their names: days and parts follow one another so.
func (f *folder) step(ctx context.Context) {
	files, err := os.ReadDir(f.dir)
	if err != nil {
		f.log.Error("folder of reports not read", "error", err)
		return
	}
	for _, e := range f.turn(files) {
		if ctx.Err() != nil {
			return
		}
		if strings.HasPrefix(e.Name(), ".") || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil || f.now().Sub(info.ModTime()) < folderStill {
			continue // gone, or still written
		}
		is := stamp{info.Size(), info.ModTime()}
		if f.seen[e.Name()] == is {
			continue
		}
		if err := f.one(ctx, e.Name(), info); err != nil {
			if fault.KindOf(err) == fault.Unavailable || errors.Is(err, context.Canceled) {
				continue // the next look takes it
			}
			if !fault.Is(err, "report.twice") {
				f.refuse(e.Name(), err)
			}
		}
		f.seen[e.Name()] = is
	}
}

// turn is what this look is about: the last folderFiles names, which are the newest days, next time those before them, and so on to the first.
func (f *folder) turn(files []fs.DirEntry) []fs.DirEntry {
	to := len(files) - f.page*folderFiles
	if to <= 0 {
		f.page, to = 0, len(files)
	}
	from := max(to-folderFiles, 0)
	if f.page == 0 && from > 0 {
		f.log.Warn("folder of reports holds more files than one look takes", "files", len(files), "a_look", folderFiles, "looks", (len(files)+folderFiles-1)/folderFiles)
	}
	if f.page++; from == 0 {
		f.page = 0
	}
	return files[from:to]
}

func (f *folder) one(ctx context.Context, name string, info fs.FileInfo) error {
	if info.Size() > int64(app.MaxReport) {
		return fault.Bad("file", "report.large")
	}
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		return err
	}
	return f.take(ctx, name, data)
}

func (f *folder) refuse(name string, err error) {
	f.log.Warn("report in the folder not taken", "file", name, "error", err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = slices.DeleteFunc(f.refused, func(r web.FolderRefusal) bool { return r.Name == name })
	f.refused = slices.Insert(f.refused, 0, web.FolderRefusal{Name: name, Err: err})
	f.refused = f.refused[:min(len(f.refused), folderKept)]
}
