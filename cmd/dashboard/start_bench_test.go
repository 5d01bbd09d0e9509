package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/internal/desktest"
)

// BenchmarkServe starts the binary as a small firm does and waits for its first 200; then asks what it holds while nobody does anything, and how large it is.
func BenchmarkServe(b *testing.B) {
	for b.Loop() {
		f := newFirm(b, "40ms")
		f.startBank()
		if err := os.MkdirAll(filepath.Dir(f.anchor()), 0o700); err != nil {
			b.Fatal(err)
		}
		var took []time.Duration
		var idle float64
		for i := range 7 {
			path, err := binary()
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			cmd := exec.Command(path, f.serveArgs...)
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			firstAnswer(b, "http://127.0.0.1:"+f.deskPort+"/readyz")
			took = append(took, time.Since(began))
			if i == 6 {
				time.Sleep(2 * time.Second)
				idle = residentMB(b, cmd.Process.Pid)
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				b.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				b.Fatal(err)
			}
		}
		slices.Sort(took)
		desktest.Figure(b, 80, "serve: start to the first 200", took[3].Seconds()*1000, "start-ms", "< 60")
		desktest.Figure(b, 81, "serve: memory when idle", idle, "idle-MB", "<= 40")
		for i, c := range []struct{ what, flags string }{{"size of the binary, -s -w", "-s -w"}, {"size of the binary", ""}} {
			out := filepath.Join(b.TempDir(), "dashboard")
			if said, err := exec.Command("go", "build", "-ldflags", c.flags, "-o", out, ".").CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, said)
			}
			st, err := os.Stat(out)
			if err != nil {
				b.Fatal(err)
			}
			desktest.Figure(b, 82+i, c.what, float64(st.Size())/(1<<20), []string{"stripped-MB", "size-MB"}[i], "")
		}
	}
}

// firstAnswer asks until the first 200, at most 20 s.
func firstAnswer(b *testing.B, url string) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 10_000 {
		res, err := client.Get(url)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
	b.Fatal("no answer")
}

// residentMB is a process's resident memory, as /proc says.
func residentMB(b *testing.B, pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("no /proc here")
	}
	for _, line := range strings.Split(string(text), "\n") {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			return kb / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
