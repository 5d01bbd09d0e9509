//go:build failpoint && linux

package failpoint

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// On reports whether this binary can be hurt.
const On = true

var (
	name, nth, deed = plan(os.Getenv("FAILPOINT"))
	passed          atomic.Int64
)

func plan(s string) (string, int64, string) {
	f := append(strings.Split(s, ":"), "", "")
	if f[0] != "" && !slices.Contains(Names, f[0]) {
		panic("failpoint: no step is called " + f[0])
	}
	n := int64(1)
	if f[1] != "" {
		var err error
		if n, err = strconv.ParseInt(f[1], 10, 64); err != nil {
			panic("failpoint: " + s)
		}
	}
	return f[0], n, f[2]
}

// Hit says that a step is passed.
func Hit(step string) {
	if step != name {
		if !slices.Contains(Names, step) {
			panic("failpoint: " + step + " is not listed")
		}
		return
	}
	if passed.Add(1) != nth {
		return
	}
	fmt.Fprintf(os.Stderr, "failpoint %s %s\n", step, deed)
	switch deed {
	case "":
		syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	case "eio":
		refuse(syscall.EIO, syscall.SYS_FSYNC, syscall.SYS_FDATASYNC)
	case "enospc":
		refuse(syscall.ENOSPC, syscall.SYS_PWRITE64, syscall.SYS_PWRITE64)
	case "erofs":
		refuse(syscall.EROFS, syscall.SYS_PWRITE64, syscall.SYS_PWRITE64)
	default:
		panic("failpoint: no deed is called " + deed)
	}
}

// Option is what the environment says about one of the controls.
func Option(what string) string { return os.Getenv("FAILPOINT_" + strings.ToUpper(what)) }

// refuse has the kernel answer two system calls of every thread of this process with an error, for good: a seccomp filter.
func refuse(errno syscall.Errno, a, b int) {
	type stmt struct {
		code   uint16
		jt, jf uint8
		k      uint32
	}
	filter := []stmt{
		{0x20, 0, 0, 0},                          // load the number of the call
		{0x15, 1, 0, uint32(a)},                  // is it a
		{0x15, 0, 1, uint32(b)},                  // or b
		{0x06, 0, 0, 0x00050000 | uint32(errno)}, // then the error
		{0x06, 0, 0, 0x7fff0000},                 // else as always
	}
	prog := struct {
		n      uint16
		filter *stmt
	}{uint16(len(filter)), &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const noNewPrivs, sysSeccomp, setFilter, allThreads = 38, 317, 1, 1
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, noNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		panic(fmt.Sprint("failpoint: no seccomp here: ", e))
	}
	if r, _, e := syscall.RawSyscall(sysSeccomp, setFilter, allThreads, uintptr(unsafe.Pointer(&prog))); e != 0 || r != 0 {
		panic(fmt.Sprint("failpoint: no seccomp here: ", r, " ", e))
	}
	runtime.KeepAlive(filter)
}
