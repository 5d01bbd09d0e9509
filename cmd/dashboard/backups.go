package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"time"

	"countersign/internal/store"
)

// keepBackups makes a copy at once and then on the schedule, until ctx ends. A failure is told and tried again at the next turn.
func (d *desk) keepBackups(ctx context.Context) {
	b := &store.Backups{Store: d.store, Dir: d.BackupDir, Keep: d.BackupKeep}
	state := d.app.Backups()
	state.On, state.Since, state.Every = true, d.Now().UTC(), d.BackupEvery
	if name, at, err := b.Newest(); err != nil {
		d.Log.Error("the folder of copies cannot be read", "folder", d.BackupDir, "error", err)
	} else {
		state.File, state.LastGood, state.Bytes = name, at, b.Size(name)
	}
	d.app.NoteBackup(state)
	t := time.NewTicker(d.BackupEvery)
	defer t.Stop()
	for {
		begun := d.Now()
		name, err := b.Take(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			d.Log.Error("no copy of the database was made", "folder", d.BackupDir, "error", err)
			state.LastError, state.FailedAt = err.Error(), d.Now().UTC()
			state.Failures++
		default:
			d.Log.Info("copy of the database made and restored", "file", name, "took", d.Now().Sub(begun).Round(time.Millisecond))
			state.File, state.LastGood, state.LastError, state.FailedAt, state.Bytes = name, begun.UTC(), "", time.Time{}, b.Size(name)
		}
		d.app.NoteBackup(state)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// machine names this machine without telling its id: by the id that the system gave it, by its host name where there is none.
func machine() string {
	id, err := os.ReadFile("/etc/machine-id")
	text := "id " + strings.TrimSpace(string(id))
	if err != nil || text == "id " {
		host, herr := os.Hostname()
		if herr != nil {
			host = "unknown"
		}
		text = "host " + host
	}
	sum := sha256.Sum256([]byte("countersign machine/1 " + text))
	return hex.EncodeToString(sum[:])
}
