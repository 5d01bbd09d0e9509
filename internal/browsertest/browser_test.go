// Package browsertest drives the running desk in a real Chromium: what a page does, not what it says it does.
//
// The scripts (*.mjs) are run by Node with playwright-core; each prints one JSON line a check, which becomes a subtest here.
// `make needs` installs what they need. Without it the test fails: a desk that no browser opened has not been tested.
package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

type person struct {
	Email    string   `json:"email"`
	Password string   `json:"password"`
	Roles    []string `json:"roles"`
}

// desk is what a script is told, in the variable DESK.
type desk struct {
	Open       string            `json:"open"`
	Bank       string            `json:"bank"`
	People     []person          `json:"people"`
	Chromium   string            `json:"chromium"`
	Documented map[string]string `json:"documented"` // the bank's own example
}

// line is what a script says: a check that was made, a note, or something it asks for.
type line struct {
	Check  string `json:"check"`
	Millis int64  `json:"ms"`
	Error  string `json:"error"`
	Note   string `json:"note"`
	Ask    string `json:"ask"`
	Done   bool   `json:"done"`
}

func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("there is no Chromium here: run `make needs`")
}

// documented reads the bank's documented payout.
func documented(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("../bank131/testdata/req-init-payout-bank-account.json")
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		PaymentMethod struct {
			BankAccount struct {
				RU map[string]string `json:"ru"`
			} `json:"bank_account"`
		} `json:"payment_method"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	if body.PaymentMethod.BankAccount.RU["account"] == "" {
		t.Fatal("the documented payout has no account")
	}
	return body.PaymentMethod.BankAccount.RU
}

// process is a running demo.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	once sync.Once
}

func (p *process) stop(sig os.Signal) {
	p.once.Do(func() {
		_ = p.cmd.Process.Signal(sig) // it may have ended already
		select {
		case <-p.done:
		case <-time.After(20 * time.Second):
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	})
}

// start runs the demo until it is ready.
func start(t *testing.T, binary, data, addr string, args ...string) (*process, desk) {
	t.Helper()
	all := append([]string{"demo", "--addr", addr, "--data", data, "--sample", "40", "--delay", "150ms", "--send-after", "1s", "--poll-min", "200ms"}, args...)
	p := &process{cmd: exec.Command(binary, all...), done: make(chan struct{})}
	errs, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.stop(syscall.SIGINT)
		errs.Close()
		if said, err := os.ReadFile(errs.Name()); err == nil && t.Failed() && len(said) > 0 {
			t.Logf("the desk said:\n%s", tail(string(said), 4000))
		}
	})
	d := desk{Documented: documented(t)}
	ready := make(chan bool, 1)
	go func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			f := strings.Split(s.Text(), "\t")
			switch {
			case f[0] == "open":
				d.Open = f[1]
			case f[0] == "bank":
				d.Bank = f[1]
			case f[0] == "person":
				d.People = append(d.People, person{f[1], f[2], strings.Split(f[3], ",")})
			case f[0] == "ready":
				ready <- true
			}
		}
		_ = p.cmd.Wait() // how it ended matters to nobody here
		close(p.done)
	}()
	select {
	case <-ready:
	case <-p.done:
		t.Fatal("the demo ended before it was ready")
	case <-time.After(90 * time.Second):
		t.Fatal("the demo is not ready after 90 s")
	}
	return p, d
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// run runs one script against a desk; do answers what it asks for.
func run(t *testing.T, script string, d desk, do func(string) string) {
	t.Helper()
	told, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", strings.Fields(script)...)
	cmd.Env = append(os.Environ(), "DESK="+string(told))
	// A group of its own: what the browser started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var errs strings.Builder
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	s := bufio.NewScanner(out)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var l line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Logf("%s", s.Text())
			continue
		}
		switch {
		case l.Ask != "":
			answer := "no"
			if do != nil {
				answer = do(l.Ask)
			}
			if _, err := io.WriteString(in, answer+"\n"); err != nil {
				t.Errorf("answer %s: %v", l.Ask, err)
			}
		case l.Note != "":
			t.Log(l.Note)
		case l.Done:
			ended = true
		case l.Check != "":
			t.Run(l.Check, func(t *testing.T) {
				t.Logf("%d ms", l.Millis)
				if l.Error != "" {
					t.Error(l.Error)
				}
			})
		}
	}
	if err := cmd.Wait(); err != nil || !ended {
		t.Errorf("%s did not run to its end: %v\n%s", script, err, tail(errs.String(), 4000))
	}
}

// TestBrowser is every check of every script. Two browsers run at a time; what stops the sending of a whole desk has a desk of its own.
func TestBrowser(t *testing.T) {
	chrome, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("there is no Node here: run `make needs`")
	}
	for _, m := range []string{"playwright-core", "axe-core"} {
		if _, err := os.Stat(filepath.Join("node_modules", m, "package.json")); err != nil {
			t.Fatalf("the browser driver is not installed (%s is missing): run `make needs`", m)
		}
	}
	binary := filepath.Join(t.TempDir(), "dashboard")
	if out, err := exec.Command("go", "build", "-o", binary, "countersign/cmd/dashboard").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	// Each group has a desk of its own and goes through its scripts in order; the longest groups come first.
	groups := []struct {
		name    string
		scripts []string
		args    []string // of the demo
	}{
		{"russian", []string{"sweep.mjs ru"}, nil},
		{"english", []string{"sweep.mjs en"}, nil},
		{"people", []string{"keyboard.mjs", "queue.mjs", "nojs.mjs", "hostile.mjs", "payees.mjs", "doors.mjs"}, nil},
		{"desk", []string{"story.mjs", "tabs.mjs", "entry.mjs", "verdict.mjs", "reports.mjs"}, nil},
		{"restart", []string{"restart.mjs"}, nil},
		{"passkey", []string{"passkey.mjs"}, nil},
		{"strict", []string{"strict.mjs"}, []string{"--rules", "strict"}},
	}
	turns := make(chan bool, 2)
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			turns <- true
			defer func() { <-turns }()
			top, data := t, t.TempDir()
			p, d := start(t, binary, data, "127.0.0.1:0", g.args...)
			d.Chromium = chrome
			for _, script := range g.scripts {
				t.Run(strings.Replace(script, ".mjs", "", 1), func(t *testing.T) {
					run(t, script, d, func(what string) string {
						if what != "restart" {
							return "no"
						}
						p.stop(syscall.SIGINT)
						p, d = start(top, binary, data, strings.TrimPrefix(strings.Replace(d.Open, "localhost", "127.0.0.1", 1), "http://"))
						told, err := json.Marshal(d)
						if err != nil {
							t.Fatal(err)
						}
						return string(told)
					})
				})
			}
		})
	}
}
