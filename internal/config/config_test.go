package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// run parses with an environment of the test's own.
func run(env map[string]string, args ...string) (cmd Command, code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	cmd, code = Parse(args, func(name string) string { return env[name] }, &out, &errs, Detail{"banksim", "The kopecks choose:\n\n\t51  the payout fails"})
	return cmd, code, out.String(), errs.String()
}

// folder returns a folder with db/, outside/ and a file for every key.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"db", "outside"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"session.key", "history.pem", "bank-request.pem", "bank.pub", "tls.crt", "tls.key", "password"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// serveFlags are right; a test changes one at a time.
func serveFlags(dir string) map[string]string {
	return map[string]string{
		"db": dir + "/db/desk.db", "public-url": "https://desk.example.org", "bank-url": "https://bank.example.org", "bank-project": "acme",
		"bank-private-key-file": dir + "/bank-request.pem", "bank-public-key-file": dir + "/bank.pub", "session-key-file": dir + "/session.key",
		"history-key-file": dir + "/history.pem", "anchor-file": dir + "/outside/anchor",
	}
}

func asArgs(command string, flags map[string]string) []string {
	args := strings.Fields(command)
	for k, v := range flags {
		args = append(args, "--"+k+"="+v)
	}
	return args
}

func TestParse_Serve(t *testing.T) {
	dir := folder(t)
	flags := serveFlags(dir)
	cmd, code, stdout, stderr := run(nil, asArgs("serve", flags)...)
	s, ok := cmd.(*Serve)
	if !ok || code != 0 || stdout != "" || stderr != "" {
		t.Fatalf("Parse = %v, %d, %q, %q", cmd, code, stdout, stderr)
	}
	want := Serve{
		Addr: "127.0.0.1:8080", PublicURL: "https://desk.example.org", DB: dir + "/db/desk.db", SessionKeyFile: dir + "/session.key",
		HistoryKeyFile: dir + "/history.pem", AnchorFile: dir + "/outside/anchor", BankURL: "https://bank.example.org", BankProject: "acme",
		BankPrivateKeyFile: dir + "/bank-request.pem", BankPublicKeyFile: dir + "/bank.pub", BankFlow: "single", BankBalance: "on",
		BankTimeout: time.Minute, PollMin: 20 * time.Second, SendAfter: 10 * time.Second, BackupEvery: 15 * time.Minute, BackupKeep: 96,
	}
	if !reflect.DeepEqual(*s, want) || s.TLS() {
		t.Errorf("got  %+v\nwant %+v", *s, want)
	}

	// the same from the environment alone, and a flag wins over its twin
	env := map[string]string{"DASHBOARD_POLL_MIN": "5s", "DASHBOARD_TRUSTED_PROXY": "10.0.0.0/24, 192.0.2.1", "DASHBOARD_ADDR": ":8443", "DASHBOARD_HELP": "1", "DASHBOARD_VERSION": "1"}
	for k, v := range flags {
		env[envName(k)] = v
	}
	cmd, code, _, stderr = run(env, "serve", "--send-after", "0s", "--bank-project", "other")
	s, ok = cmd.(*Serve)
	if !ok || code != 0 {
		t.Fatalf("from the environment: %v, %d, %s", cmd, code, stderr)
	}
	want.PollMin, want.SendAfter, want.Addr, want.BankProject = 5*time.Second, 0, ":8443", "other"
	want.TrustedProxy = s.TrustedProxy
	if !reflect.DeepEqual(*s, want) || fmt.Sprint(s.TrustedProxy) != "[10.0.0.0/24 192.0.2.1/32]" {
		t.Errorf("from the environment: %+v", *s)
	}
}

// Every wrong setting is one line that begins with its flag; nothing else is said.
func TestParse_ServeRefuses(t *testing.T) {
	dir := folder(t)
	const gone = ""
	for _, c := range []struct {
		name   string
		change map[string]string // "" removes
		want   []string          // begin of each line, without "dashboard: "
	}{
		{"all missing", map[string]string{"db": gone, "public-url": gone, "bank-url": gone, "bank-project": gone, "bank-private-key-file": gone,
			"bank-public-key-file": gone, "session-key-file": gone, "history-key-file": gone, "anchor-file": gone},
			[]string{"--public-url: missing", "--db: missing", "--session-key-file: missing", "--history-key-file: missing", "--anchor-file: missing",
				"--bank-url: missing", "--bank-project: missing", "--bank-private-key-file: missing", "--bank-public-key-file: missing"}},
		{"several at once", map[string]string{"db": dir, "bank-timeout": "soon", "poll-min": "1", "bank-flow": "stepwise", "session-key-file": dir + "/no", "trusted-proxy": "proxy"},
			[]string{"--bank-timeout: \"soon\" is no length", "--poll-min: \"1\" is no length", "--trusted-proxy: \"proxy\" is no network", "--db: " + dir + " is a folder",
				"--session-key-file: " + dir + "/no: does not exist", "--bank-confirm: missing; --bank-flow=stepwise needs it"}},
		{"flow", map[string]string{"bank-flow": "double"}, []string{`--bank-flow: "double" is not one of: single, stepwise`}},
		{"confirm mode without its flow", map[string]string{"bank-confirm": "auto"}, []string{"--bank-confirm: only --bank-flow=stepwise has it"}},
		{"confirm mode", map[string]string{"bank-flow": "stepwise", "bank-confirm": "maybe"}, []string{`--bank-confirm: "maybe" is not one of: required, auto`}},
		{"timeout too short", map[string]string{"bank-timeout": "1ms"}, []string{"--bank-timeout: 1ms is not between"}},
		{"timeout too long", map[string]string{"bank-timeout": "1h"}, []string{"--bank-timeout: 1h0m0s is not between"}},
		{"countdown below zero", map[string]string{"send-after": "-1s"}, []string{"--send-after: -1s is not between"}},
		{"copies", map[string]string{"backup-dir": dir + "/history.pem", "backup-every": "1ms", "backup-keep": "0"},
			[]string{"--backup-dir: " + dir + "/history.pem is not a folder", "--backup-every: 1ms is not between", "--backup-keep: 0 is not between"}},
		{"polling never", map[string]string{"poll-min": "0s"}, []string{"--poll-min: 0s is not between"}},

		{"open to all", map[string]string{"addr": "0.0.0.0:8080"}, []string{"--addr: without TLS"}},
		{"open to all, short", map[string]string{"addr": ":8080"}, []string{"--addr: without TLS"}},
		{"open to the net", map[string]string{"addr": "10.0.0.5:8080"}, []string{"--addr: without TLS"}},
		{"open by name", map[string]string{"addr": "desk.example.org:8080"}, []string{"--addr: without TLS"}},
		{"no port", map[string]string{"addr": "127.0.0.1"}, []string{`--addr: "127.0.0.1" is not HOST:PORT`}},
		{"odd port", map[string]string{"addr": "127.0.0.1:http"}, []string{"--addr: \"127.0.0.1:http\": the port"}},
		{"large port", map[string]string{"addr": "127.0.0.1:65536"}, []string{"--addr: "}},
		{"certificate alone", map[string]string{"tls-cert-file": dir + "/tls.crt"}, []string{"--tls-key-file: missing"}},
		{"key alone", map[string]string{"tls-key-file": dir + "/tls.key"}, []string{"--tls-cert-file: missing"}},
		{"TLS on a plain address", map[string]string{"tls-cert-file": dir + "/tls.crt", "tls-key-file": dir + "/tls.key", "public-url": "http://localhost"}, []string{"--public-url: must begin with https"}},
		{"trust in all", map[string]string{"trusted-proxy": "0.0.0.0/0"}, []string{"--trusted-proxy: 0.0.0.0/0 trusts everybody"}},
		{"trust in all, v6", map[string]string{"trusted-proxy": "10.0.0.0/8,::/0"}, []string{"--trusted-proxy: ::/0 trusts everybody"}},
		{"untidy network", map[string]string{"trusted-proxy": "10.0.0.5/8"}, []string{`--trusted-proxy: "10.0.0.5/8" is no network`}},

		{"plain public address", map[string]string{"public-url": "http://desk.example.org"}, []string{"--public-url: must begin with https://"}},
		{"plain on another loopback", map[string]string{"public-url": "http://127.0.0.2"}, []string{"--public-url: must begin with https://"}},
		{"public path", map[string]string{"public-url": "https://example.org/desk"}, []string{"--public-url: must not hold a path"}},
		{"public query", map[string]string{"public-url": "https://example.org/?a=b"}, []string{"--public-url: must not hold a ?"}},
		{"no scheme", map[string]string{"public-url": "desk.example.org"}, []string{"--public-url: is not an address"}},
		{"other scheme", map[string]string{"public-url": "ftp://desk.example.org"}, []string{"--public-url: is not an address"}},
		{"password in the bank's address", map[string]string{"bank-url": "https://me:hunter2@bank.example.org"}, []string{"--bank-url: must not hold a name or password"}},
		{"plain bank", map[string]string{"bank-url": "http://bank.example.org"}, []string{"--bank-url: must begin with https://"}},
		{"odd project", map[string]string{"bank-project": "a\r\nX: y"}, []string{"--bank-project: holds characters"}},

		{"a folder for a key", map[string]string{"history-key-file": dir}, []string{"--history-key-file: " + dir + " is a folder"}},
		{"an empty key", map[string]string{"bank-public-key-file": dir + "/empty"}, []string{"--bank-public-key-file: " + dir + "/empty is empty"}},
		{"one file for two", map[string]string{"history-key-file": dir + "/session.key"}, []string{"--session-key-file: is the same file as --history-key-file"}},
		{"one file for two, roundabout", map[string]string{"history-key-file": dir + "/db/../session.key"}, []string{"--session-key-file: is the same file as --history-key-file"}},
		{"anchor over the database", map[string]string{"anchor-file": dir + "/db/desk.db"}, []string{"--anchor-file: is the same file as --db"}},
		{"a file for a folder", map[string]string{"anchor-file": dir + "/password/anchor"}, []string{"--anchor-file: "}},
		{"memory", map[string]string{"db": ":memory:"}, []string{"--db: takes a plain path"}},
		{"a secret for a path", map[string]string{"session-key-file": "hunter2\n"}, []string{"--session-key-file: takes the path of a file"}},
	} {
		flags := serveFlags(dir)
		for k, v := range c.change {
			if flags[k] = v; v == gone {
				delete(flags, k)
			}
		}
		for way, call := range map[string]func() (Command, int, string, string){
			"flags": func() (Command, int, string, string) { return run(nil, asArgs("serve", flags)...) },
			"environment": func() (Command, int, string, string) {
				env := map[string]string{}
				for k, v := range flags {
					env[envName(k)] = v
				}
				return run(env, "serve")
			},
		} {
			cmd, code, stdout, stderr := call()
			got := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
			ok := cmd == nil && code == ExitUsage && stdout == "" && len(got) == len(c.want)
			for i := range got {
				ok = ok && i < len(c.want) && strings.HasPrefix(got[i], "dashboard: "+c.want[i])
			}
			if !ok || strings.Contains(stderr, "hunter2") {
				t.Errorf("%s by %s: %v, exit %d, %q\ngot  %q\nwant %q", c.name, way, cmd, code, stdout, got, c.want)
			}
		}
	}
}

func TestParse_ServeTakes(t *testing.T) {
	dir := folder(t)
	for name, change := range map[string]map[string]string{
		"TLS on every interface":      {"addr": ":443", "tls-cert-file": dir + "/tls.crt", "tls-key-file": dir + "/tls.key"},
		"behind a proxy":              {"addr": "0.0.0.0:8080", "trusted-proxy": "10.0.0.0/24"},
		"TLS behind a proxy":          {"addr": "[::]:0", "trusted-proxy": "2001:db8::/32", "tls-cert-file": dir + "/tls.crt", "tls-key-file": dir + "/tls.key"},
		"IPv6 loopback":               {"addr": "[::1]:0"},
		"localhost":                   {"addr": "localhost:0", "public-url": "http://localhost:8080/"},
		"127.0.0.1":                   {"public-url": "http://127.0.0.1:1"},
		"a bank on this machine":      {"bank-url": "http://127.0.0.1:8131"},
		"a bank under a path":         {"bank-url": "https://example.org/bank/"},
		"no countdown":                {"send-after": "0s"},
		"an anchor beside its base":   {"anchor-file": dir + "/db/anchor"},
		"a database that is made yet": {"db": dir + "/outside/new.db", "anchor-file": dir + "/db/anchor"},
	} {
		flags := serveFlags(dir)
		for k, v := range change {
			flags[k] = v
		}
		if cmd, code, _, stderr := run(nil, asArgs("serve", flags)...); cmd == nil || code != 0 || stderr != "" {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
	}
}

func TestServe_Warnings(t *testing.T) {
	dir := folder(t)
	flags := serveFlags(dir)
	cmd, _, _, stderr := run(nil, asArgs("serve", flags)...)
	if cmd == nil {
		t.Fatal(stderr)
	}
	s := cmd.(*Serve)
	if w := s.Warnings(); len(w) != 0 {
		t.Errorf("nothing to warn of: %q", w)
	}
	if err := os.Chmod(s.HistoryKeyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "db"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	s.AnchorFile = filepath.Join(dir, "link", "anchor")
	w := s.Warnings()
	if len(w) != 2 || !strings.HasPrefix(w[0], "--history-key-file: ") || !strings.HasPrefix(w[1], "--anchor-file: ") {
		t.Errorf("Warnings = %q", w)
	}
}

func TestParse_Commands(t *testing.T) {
	dir := folder(t)
	for _, c := range []struct {
		args []string
		want Command
	}{
		{[]string{"demo"}, &Demo{"127.0.0.1:8080", "", 400, "demo", 2 * time.Second, 3 * time.Second, 20 * time.Second, time.Minute, "single", ""}},
		{[]string{"demo", "--addr", ":0", "--data=d", "--sample=0", "--rules", "strict", "--delay", "50ms", "--send-after", "0s", "--poll-min", "100ms", "--bank-timeout", "2s", "--bank-flow", "stepwise", "--bank-confirm", "required"},
			&Demo{"127.0.0.1:0", "d", 0, "strict", 50 * time.Millisecond, 0, 100 * time.Millisecond, 2 * time.Second, "stepwise", "required"}},
		{[]string{"people", "add", "olga@example.org", "--name", "Ольга", "--roles", "approver,senior", "--password-file", dir + "/password", "--db", dir + "/db/desk.db", "--history-key-file", dir + "/history.pem"},
			&PeopleAdd{"olga@example.org", "Ольга", "approver,senior", dir + "/password", "", "", dir + "/db/desk.db", dir + "/history.pem"}},
		{[]string{"people", "add", "--same-person-as", "olga@example.org", "olga2@example.org", "--password-file", dir + "/password", "--db", dir + "/db/desk.db", "--history-key-file", dir + "/history.pem"},
			&PeopleAdd{"olga2@example.org", "", "", dir + "/password", "", "olga@example.org", dir + "/db/desk.db", dir + "/history.pem"}},
		{[]string{"init", "--db", dir + "/db/desk.db", "--history-key-file", dir + "/history.pem", "--public-url", "https://desk.example.org", "--admin", "x@example.org=Крылов, Юрий", "--admin", "y@example.org=Юдина Зоя"},
			&Init{dir + "/db/desk.db", dir + "/history.pem", "https://desk.example.org", []string{"x@example.org=Крылов, Юрий", "y@example.org=Юдина Зоя"}}},
		{[]string{"keys", "new", "--out", dir}, &KeysNew{dir}},
		{[]string{"banksim", "--addr", ":0", "--data", dir, "--project", "acme", "--webhook-url", "http://127.0.0.1:1/webhooks/bank131", "--partner-public-key-file", dir + "/bank.pub", "--bank-private-key-file", dir + "/bank-request.pem", "--delay", "20ms", "--seed", "-7"},
			nil},
		{[]string{"banksim", "--addr", ":0", "--data", dir, "--project", "acme", "--webhook-url", "http://127.0.0.1:1/webhooks/bank131", "--partner-public-key-file", dir + "/bank.pub", "--bank-private-key-file", dir + "/bank-request.pem", "--delay", "20ms", "--seed=7", "--confirm=required", "--on=confirm", "--ignore-key"},
			&Banksim{"127.0.0.1:0", dir, "acme", "http://127.0.0.1:1/webhooks/bank131", dir + "/bank.pub", dir + "/bank-request.pem", 20 * time.Millisecond, 7, "required", "confirm", true}},
		{[]string{"audit", "verify", "--db", "x", "--anchor", "a", "--pub", "p"}, &AuditVerify{"x", "a", "p", false}},
		{[]string{"audit", "verify", "--db", "x"}, &AuditVerify{DB: "x"}},
		{[]string{"audit", "verify", "--db", "x", "--approvals"}, &AuditVerify{DB: "x", Approvals: true}},
		{[]string{"backup", "--db", "x", "--out", dir + "/copy"}, &Backup{"x", dir + "/copy"}},
		{[]string{"--version"}, &Version{}},
		{[]string{"serve", "--version"}, &Version{}},
	} {
		cmd, code, stdout, stderr := run(nil, c.args...)
		if c.want == nil {
			if cmd != nil || code != ExitUsage || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%q: %v, exit %d, %s", c.args, cmd, code, stderr)
			}
			continue
		}
		if !reflect.DeepEqual(cmd, c.want) || code != 0 || stdout != "" || stderr != "" {
			t.Errorf("%q: %+v, exit %d, %s%s", c.args, cmd, code, stdout, stderr)
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	dir := folder(t)
	for _, c := range []struct {
		args []string
		code int
		want []string // in the lines, one each
	}{
		{nil, 2, []string{"expected one of"}},
		{[]string{"nope"}, 2, []string{"nope"}},
		{[]string{"serve", "--password=hunter2"}, 2, []string{"unknown flag --password"}},
		{[]string{"serve", "--session-key", "hunter2"}, 2, []string{"unknown flag --session-key"}},
		{[]string{"serve", "--session-key-file", "-----BEGIN PRIVATE KEY-----\nhunter2"}, 2, []string{"a key stands on the command line"}},
		{[]string{"demo", "extra"}, 2, []string{"unexpected argument"}},
		{[]string{"demo", "--addr", "0.0.0.0:80", "--rules", "none", "--sample=-1", "--delay=0s"}, 2, []string{"--addr: the demo listens on this machine only", "--rules: ", "--sample: -1 is not between", "--delay: "}},
		{[]string{"demo", "--sample", "many", "--poll-min=often"}, 2, []string{`--poll-min: "often" is no length`, `--sample: "many" is no whole number`}},
		{[]string{"init"}, 2, []string{"--db: missing", "--history-key-file: missing", "--public-url: missing", "--admin: at least two"}},
		{[]string{"init", "--db", dir + "/db/x", "--history-key-file", dir + "/history.pem", "--public-url", "http://example.org", "--admin", "x@example.org=X", "--admin", "X@example.org=Y"}, 2, []string{"--public-url: must begin", "--admin: the same address twice"}},
		{[]string{"init", "--db", dir + "/db/x", "--history-key-file", dir + "/history.pem", "--public-url", "https://example.org", "--admin", "x@example.org", "--admin", "nobody=Y", "--admin", "z@example.org=Z"}, 2, []string{"--admin: write EMAIL=NAME"}},
		{[]string{"people", "add"}, 2, []string{"EMAIL: missing", "--name: missing", "--roles: missing", "--password-file: missing", "--db: missing", "--history-key-file: missing"}},
		{[]string{"people", "add", "olga", "--same-person-as", "x", "--password-file", dir + "/password", "--db", dir + "/db/x", "--history-key-file", dir + "/history.pem"}, 2, []string{"EMAIL: not an", "--same-person-as: not an"}},
		{[]string{"keys", "new"}, 2, []string{"--out: missing"}},
		{[]string{"keys"}, 2, []string{"expected"}},
		{[]string{"banksim", "--addr", "x", "--webhook-url=/hooks", "--seed", "x"}, 2, []string{`--seed: "x" is no whole number`, "--addr: ", "--data: missing", "--project: missing", "--webhook-url: is not an address", "--partner-public-key-file: missing", "--bank-private-key-file: missing"}},
		{[]string{"backup"}, 2, []string{"--db: missing", "--out: missing"}},
		{[]string{"backup", "--db", dir + "/x", "--out", dir + "/db/../x"}, 2, []string{"--out: is the same file as --db"}},
		{[]string{"audit", "verify"}, 3, []string{"--db: missing"}},
		{[]string{"audit", "verify", "--bogus"}, 3, []string{"unknown flag --bogus"}},
		{[]string{"audit", "verify", "--db", "x", "extra"}, 3, []string{"unexpected argument"}},
		{[]string{"audit"}, 3, []string{"expected"}},
	} {
		cmd, code, stdout, stderr := run(nil, c.args...)
		got := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		ok := cmd == nil && code == c.code && stdout == "" && len(got) == len(c.want) && !strings.Contains(stderr, "hunter2")
		for i := range got {
			ok = ok && i < len(c.want) && strings.HasPrefix(got[i], "dashboard: ") && strings.Contains(got[i], c.want[i])
		}
		if !ok {
			t.Errorf("%q: %v, exit %d, want %d\ngot  %q\nwant %q", c.args, cmd, code, c.code, got, c.want)
		}
	}
}

// A secret itself in the environment is refused and not shown.
func TestParse_SecretInEnvironment(t *testing.T) {
	flags := serveFlags(folder(t))
	cmd, code, _, stderr := run(map[string]string{"DASHBOARD_SESSION_KEY": "hunter2", "DASHBOARD_ANCHOR": "fine"}, asArgs("serve", flags)...)
	if cmd != nil || code != 2 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "DASHBOARD_SESSION_KEY_FILE") || strings.Contains(stderr, "hunter2") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	flags["history-key-file"] = ""
	cmd, code, _, stderr = run(map[string]string{"DASHBOARD_HISTORY_KEY_FILE": "-----BEGIN PRIVATE KEY-----hunter2"}, asArgs("serve", flags)...)
	if cmd != nil || code != 2 || strings.Contains(stderr, "hunter2") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// The test's environment is the only one that is read.
func TestParse_ReadsNoOtherEnvironment(t *testing.T) {
	t.Setenv("DASHBOARD_SAMPLE", "7")
	cmd, _, _, stderr := run(nil, "demo")
	if d, ok := cmd.(*Demo); !ok || d.Sample != 400 {
		t.Errorf("%v, %s", cmd, stderr)
	}
}

func TestParse_Help(t *testing.T) {
	for command, want := range map[string][]string{
		"":             {"demo", "serve", "people add", "keys new", "banksim", "audit verify", "backup", "--version"},
		"demo":         {"--addr", "--data", "--sample", "--rules", "--delay", "--send-after", "--poll-min", "--bank-timeout", "--bank-flow", "--bank-confirm", "Default 400", "DASHBOARD_SAMPLE"},
		"serve":        {"--db", "--public-url", "--bank-url", "--bank-project", "--bank-private-key-file", "--bank-public-key-file", "--session-key-file", "--history-key-file", "--anchor-file", "--bank-flow", "--bank-confirm", "--bank-balance", "--report-dir", "--bank-timeout", "--poll-min", "--send-after", "--tls-cert-file", "--tls-key-file", "--trusted-proxy", "DASHBOARD_BANK_URL", "--addr"},
		"people add":   {"EMAIL", "--name", "--roles", "--password-file", "--same-person-as", "--db", "--history-key-file"},
		"keys new":     {"--out", "bank-request.pem"},
		"banksim":      {"--addr", "--data", "--project", "--webhook-url", "--partner-public-key-file", "--bank-private-key-file", "--delay", "--seed", "--confirm", "--on", "--ignore-key", "51  the payout fails"},
		"audit verify": {"--db", "--anchor", "--pub", "Exit codes", "4  all holds, but no --anchor"},
		"backup":       {"--db", "--out"},
	} {
		cmd, code, stdout, stderr := run(nil, append(strings.Fields(command), "--help")...)
		if cmd != nil || code != 0 || stderr != "" {
			t.Errorf("%s --help: %v, exit %d, %s", command, cmd, code, stderr)
		}
		for _, w := range want {
			if !strings.Contains(stdout, w) {
				t.Errorf("%s --help does not name %s:\n%s", command, w, stdout)
			}
		}
	}
}

func TestString_Redacted(t *testing.T) {
	s := Serve{PublicURL: "https://desk.example.org", BankURL: "https://me:hunter2@bank.example.org/?key=hunter2", SessionKeyFile: "-----BEGIN hunter2", DB: "/a b/desk.db", SendAfter: time.Second}
	got := s.String()
	if strings.Contains(got, "hunter2") || !strings.Contains(got, `--db="/a b/desk.db"`) || !strings.Contains(got, "--send-after=1s") || !strings.Contains(got, "--public-url=https://desk.example.org") || strings.Contains(got, "\n") {
		t.Errorf("String = %s", got)
	}
	p := PeopleAdd{Email: "olga@example.org", Name: "Ольга", PasswordFile: "/x"}
	if got := p.String(); got != "people add olga@example.org --name=Ольга --password-file=/x" {
		t.Errorf("String = %s", got)
	}
	var proxies Proxies
	proxies, err := parseProxies("10.0.0.0/8,::1")
	if err != nil {
		t.Fatal(err)
	}
	if got := (&Serve{TrustedProxy: proxies}).String(); !strings.Contains(got, `--trusted-proxy="10.0.0.0/8 ::1/128"`) {
		t.Errorf("String = %s", got)
	}
}

// Every flag that a struct has is the one that its String prints.
func TestString_NamesTheFlags(t *testing.T) {
	for _, c := range []Command{&Demo{Addr: "a", Data: "b", Rules: "c"}, &Banksim{Addr: "a", Data: "b", Project: "c", WebhookURL: "d", PartnerPublicKeyFile: "e", BankPrivateKeyFile: "f"}, &AuditVerify{"a", "b", "c", true}, &Backup{"a", "b"}, &KeysNew{"a"}} {
		_, code, _, stderr := run(nil, strings.Fields(c.String())...)
		if strings.Contains(stderr, "unknown") || strings.Contains(stderr, "expected") {
			t.Errorf("%s: exit %d, %s", c, code, stderr)
		}
	}
}
