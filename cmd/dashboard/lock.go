package main

import (
	"fmt"
	"os"
	"syscall"

	"countersign/internal/store"
)

// lockFolder takes a demo's data folder for this process: two of them would write one bank's file. store.ErrLocked when it is taken.
func lockFolder(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %s", store.ErrLocked, dir)
	}
	return f, nil
}
