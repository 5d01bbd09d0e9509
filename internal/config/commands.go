package config

import (
	"errors"
	"net/netip"
	"strings"
	"time"
)

// Exit codes of a wrong command line.
const (
	ExitUsage      = 2
	ExitUsageAudit = 3 // of `audit verify`, whose 1 and 2 are verdicts
)

// Command is what is to be done: one of *Demo, *Serve, *Init, *PeopleAdd, *KeysNew, *Banksim,
// *AuditVerify, *Doctor, *Backup and *Version, checked.
type Command interface {
	// Validate returns one error, of one line, for each setting that is wrong or missing.
	Validate() []error
	// String returns the command and its settings on one line, fit for a log.
	String() string
}

// Rules of demo.
const (
	RulesDemo   = "demo"
	RulesStrict = "strict"
)

// Flows of asking the bank.
const (
	FlowSingle   = "single"
	FlowStepwise = "stepwise"
)

// Confirm modes of the stepwise flow.
const (
	ConfirmRequired = "required"
	ConfirmAuto     = "auto"
)

// flow checks the pair of --bank-flow and --bank-confirm.
func (l *lines) flow(flow, confirm string) {
	l.oneOf("bank-flow", flow, FlowSingle, FlowStepwise)
	switch {
	case flow == FlowStepwise && confirm == "":
		l.add("bank-confirm", "missing; --bank-flow=stepwise needs it: required where the bank waits for our confirmation of each payout, auto where it does not")
	case flow != FlowStepwise && confirm != "":
		l.add("bank-confirm", "only --bank-flow=stepwise has it")
	case confirm != "":
		l.oneOf("bank-confirm", confirm, ConfirmRequired, ConfirmAuto)
	}
}

// Demo is everything on loopback in one process, with a pretend bank.
type Demo struct {
	Addr        string        `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on, this machine only; port 0 takes a free one."`
	Data        string        `placeholder:"DIR" help:"Folder to keep the demo in; the next start goes on from it. Without it everything is thrown away at the end."`
	Sample      int           `default:"400" placeholder:"N" help:"How many finished payouts a new demo begins with."`
	Rules       string        `default:"demo" placeholder:"SET" help:"Rule set of a new demo: 'demo' (few guards, easy to try) or 'strict' (as 'serve' begins)."`
	Delay       time.Duration `default:"2s" placeholder:"TIME" help:"How long the pretend bank takes; all its times scale with it."`
	SendAfter   time.Duration `default:"3s" placeholder:"TIME" help:"Countdown between the last approval and sending, in which it can be taken back."`
	PollMin     time.Duration `default:"20s" placeholder:"TIME" help:"How often the bank is asked about a payout in its first 10 minutes."`
	BankTimeout time.Duration `default:"60s" placeholder:"TIME" help:"How long to wait for an answer of the bank; then the outcome is unknown."`
	BankFlow    string        `default:"single" placeholder:"FLOW" help:"How a payout is asked for: 'single', one request, or 'stepwise': session, start, status, confirmation."`
	BankConfirm string        `placeholder:"MODE" help:"With --bank-flow=stepwise: 'required', the pretend bank waits for our confirmation of each payout, or 'auto'."`
}

// Validate implements [Command].
func (c *Demo) Validate() []error {
	var l lines
	if host, ok := l.addr("addr", c.Addr); ok && !loopback(host) {
		l.add("addr", "the demo listens on this machine only (127.0.0.1, localhost or [::1]), not on %s", host)
	}
	l.oneOf("rules", c.Rules, RulesDemo, RulesStrict)
	l.number("sample", c.Sample, 0, 100_000)
	l.between("delay", c.Delay, time.Millisecond, time.Hour)
	l.between("send-after", c.SendAfter, 0, 24*time.Hour)
	l.between("poll-min", c.PollMin, 10*time.Millisecond, time.Hour)
	l.flow(c.BankFlow, c.BankConfirm)
	l.between("bank-timeout", c.BankTimeout, 10*time.Millisecond, 10*time.Minute)
	return l
}

func (c *Demo) String() string { return describe("demo", c) }

// Proxies are networks whose X-Forwarded headers are believed.
type Proxies []netip.Prefix

// Serve is the real desk.
type Serve struct {
	Addr               string        `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on; port 0 takes a free one." group:"Web"`
	PublicURL          string        `name:"public-url" placeholder:"URL" help:"Address people type, as https://desk.example.org. Required." group:"Web"`
	TLSCertFile        string        `name:"tls-cert-file" placeholder:"FILE" help:"Certificate chain, PEM. Without it the desk listens on this machine only, unless a proxy is trusted." group:"Web"`
	TLSKeyFile         string        `name:"tls-key-file" placeholder:"FILE" help:"Private key of the certificate, PEM." group:"Web"`
	TrustedProxy       Proxies       `name:"trusted-proxy" placeholder:"CIDR" help:"Network of the reverse proxy, as 10.0.0.0/24: its word on client addresses is believed, and it may speak to the desk without TLS. Several with commas." group:"Web"`
	MetricsAddr        string        `placeholder:"HOST:PORT" help:"Address to answer Prometheus on, at /metrics, without sign-in: without a host only this machine. Not given: none." group:"Web"`
	DB                 string        `name:"db" placeholder:"FILE" help:"Database file. Required; 'init' or 'people add' makes it." group:"Desk"`
	SessionKeyFile     string        `placeholder:"FILE" help:"Secret for cookies, made by 'keys new' (session.key). Required." group:"Desk"`
	HistoryKeyFile     string        `placeholder:"FILE" help:"Private key that signs the history, made by 'keys new' (history.pem). Required." group:"Desk"`
	AnchorFile         string        `placeholder:"FILE" help:"Where the newest signed head of the history is kept; outside the database's folder, best on another disk. Required." group:"Desk"`
	BackupDir          string        `placeholder:"DIR" help:"Folder for copies of the database, best on another disk; each is restored and verified before it counts. Without it none are made." group:"Desk"`
	BackupEvery        time.Duration `default:"15m" placeholder:"TIME" help:"How often a copy is made." group:"Desk"`
	BackupKeep         int           `default:"96" placeholder:"N" help:"How many verified copies are kept; the oldest go." group:"Desk"`
	BankURL            string        `name:"bank-url" placeholder:"URL" help:"Address of the bank's API. Required." group:"Bank"`
	BankProject        string        `placeholder:"NAME" help:"Project at the bank (X-PARTNER-PROJECT). Required." group:"Bank"`
	BankPrivateKeyFile string        `placeholder:"FILE" help:"Our private key that signs requests, PEM, made by 'keys new' (bank-request.pem). Required." group:"Bank"`
	BankPublicKeyFile  string        `placeholder:"FILE" help:"The bank's public key or keys that its webhooks are checked with, PEM. Required." group:"Bank"`
	BankFlow           string        `default:"single" placeholder:"FLOW" help:"How a payout is asked for: 'single', one request, or 'stepwise': session, start, status compared with what was approved, everything measured again, confirmation." group:"Bank"`
	BankConfirm        string        `placeholder:"MODE" help:"Needed with --bank-flow=stepwise: 'required' where the bank waits for our confirmation of each payout, 'auto' where the project confirms by itself." group:"Bank"`
	BankBalance        string        `default:"on" placeholder:"on|off" help:"Ask the bank for the balance of the account: 'off' where the account has none. When it is known and too small, payouts wait for funds." group:"Bank"`
	ReportDir          string        `name:"report-dir" placeholder:"DIR" help:"Folder in which the bank's daily reports arrive: each file in it is taken once and left where it is. Without one, people upload them." group:"Bank"`
	BankTimeout        time.Duration `default:"60s" placeholder:"TIME" help:"How long to wait for an answer of the bank; then the outcome is unknown." group:"Bank"`
	PollMin            time.Duration `default:"20s" placeholder:"TIME" help:"How often the bank is asked about a payout in its first 10 minutes." group:"Bank"`
	SendAfter          time.Duration `default:"10s" placeholder:"TIME" help:"Countdown between the last approval and sending, in which it can be taken back." group:"Bank"`
}

// Help implements kong.HelpProvider.
func (*Serve) Help() string {
	return `Begin with 'keys new', then 'init' for at least two administrators, then 'serve'; they propose everybody else on the desk. Or 'people add' for each of them.

Every flag can be set in the environment instead: --bank-url as DASHBOARD_BANK_URL. Keys come from files only. If anything is wrong or missing, each is named on a line of its own, nothing is started, and the exit code is 2.`
}

// TLS reports whether the desk itself speaks TLS.
func (c *Serve) TLS() bool { return c.TLSCertFile != "" }

// Validate implements [Command]. It looks whether the files are there and can be read, not what is in them.
func (c *Serve) Validate() []error {
	var l lines
	host, addrOK := l.addr("addr", c.Addr)
	public := l.publicURL("public-url", c.PublicURL)
	switch {
	case c.TLSCertFile != "" && c.TLSKeyFile != "":
		l.file("tls-cert-file", c.TLSCertFile)
		l.file("tls-key-file", c.TLSKeyFile)
		if public != nil && public.Scheme != "https" {
			l.add("public-url", "must begin with https:// when the desk has a certificate")
		}
	case c.TLSCertFile != "":
		l.add("tls-key-file", "missing; --tls-cert-file needs it")
	case c.TLSKeyFile != "":
		l.add("tls-cert-file", "missing; --tls-key-file needs it")
	case addrOK && !loopback(host) && len(c.TrustedProxy) == 0:
		l.add("addr", "without TLS only this machine may speak to the desk: listen on 127.0.0.1, or give --tls-cert-file and --tls-key-file, or --trusted-proxy")
	}
	for _, p := range c.TrustedProxy {
		if p.Bits() == 0 {
			l.add("trusted-proxy", "%s trusts everybody: name the proxy's own network", p)
		}
	}
	if c.MetricsAddr != "" {
		l.addr("metrics-addr", c.MetricsAddr)
	}
	l.newFile("db", c.DB)
	l.file("session-key-file", c.SessionKeyFile)
	l.file("history-key-file", c.HistoryKeyFile)
	l.newFile("anchor-file", c.AnchorFile)
	if c.BackupDir != "" {
		l.newFolder("backup-dir", c.BackupDir)
		l.between("backup-every", c.BackupEvery, time.Second, 7*24*time.Hour)
		l.number("backup-keep", c.BackupKeep, 1, 10_000)
	}
	l.url("bank-url", c.BankURL, true)
	if l.given("bank-project", c.BankProject) && strings.IndexFunc(c.BankProject, notHeader) >= 0 {
		l.add("bank-project", "holds characters that no project has")
	}
	l.file("bank-private-key-file", c.BankPrivateKeyFile)
	l.file("bank-public-key-file", c.BankPublicKeyFile)
	l.flow(c.BankFlow, c.BankConfirm)
	l.oneOf("bank-balance", c.BankBalance, "on", "off")
	l.folder("report-dir", c.ReportDir)
	l.between("bank-timeout", c.BankTimeout, 10*time.Millisecond, 10*time.Minute)
	l.between("poll-min", c.PollMin, 10*time.Millisecond, time.Hour)
	l.between("send-after", c.SendAfter, 0, 24*time.Hour)
	l.apart(
		setting{"bank-private-key-file", c.BankPrivateKeyFile}, setting{"history-key-file", c.HistoryKeyFile},
		setting{"session-key-file", c.SessionKeyFile}, setting{"tls-key-file", c.TLSKeyFile},
		setting{"db", c.DB}, setting{"anchor-file", c.AnchorFile},
	)
	return l
}

// Warnings returns one line for each setting that works but should not stay so; for stderr.
func (c *Serve) Warnings() []string {
	out := tooOpen(
		setting{"bank-private-key-file", c.BankPrivateKeyFile}, setting{"history-key-file", c.HistoryKeyFile},
		setting{"session-key-file", c.SessionKeyFile}, setting{"tls-key-file", c.TLSKeyFile},
	)
	if c.DB != "" && c.AnchorFile != "" && inside(c.AnchorFile, c.DB) {
		out = append(out, "--anchor-file: it lies in the database's folder, so that an old copy of the folder brings its old anchor along: keep it elsewhere")
	}
	if c.DB != "" && c.BackupDir != "" && inside(c.BackupDir, c.DB) {
		out = append(out, "--backup-dir: it lies in the database's folder, and is lost with it: keep it elsewhere")
	}
	return out
}

func (c *Serve) String() string { return describe("serve", c) }

// Init begins a desk with its first administrators.
type Init struct {
	DB             string   `name:"db" placeholder:"FILE" help:"Database file; made if there is none, refused if people are in it. Required."`
	HistoryKeyFile string   `placeholder:"FILE" help:"Private key that signs the history, made by 'keys new' (history.pem). Required."`
	PublicURL      string   `name:"public-url" placeholder:"URL" help:"Address people type, as https://desk.example.org: the links begin with it. Required."`
	Admin          []string `name:"admin" sep:"none" placeholder:"EMAIL=NAME" help:"An administrator, as olga@example.org=Olga Orlova. Repeat it: at least two. Required."`
}

// Help implements kong.HelpProvider.
func (*Init) Help() string {
	return `Prints one line for each administrator: 'link', the address, and a link to set a password, with tabs between. A link works once, for 24 hours, and is shown nowhere else: hand each one over yourself. The administrators then propose everybody else on the desk.`
}

// Admins are the administrators as e-mail and name.
func (c *Init) Admins() [][2]string {
	out := make([][2]string, 0, len(c.Admin))
	for _, s := range c.Admin {
		email, name, _ := strings.Cut(s, "=")
		out = append(out, [2]string{strings.TrimSpace(email), strings.TrimSpace(name)})
	}
	return out
}

// Validate implements [Command].
func (c *Init) Validate() []error {
	var l lines
	l.newFile("db", c.DB)
	l.file("history-key-file", c.HistoryKeyFile)
	l.publicURL("public-url", c.PublicURL)
	seen := map[string]bool{}
	for _, a := range c.Admins() {
		email := strings.ToLower(a[0])
		switch {
		case !strings.Contains(email, "@") || a[1] == "":
			l.once("admin", "write EMAIL=NAME, as olga@example.org=Olga Orlova")
		case seen[email]:
			l.once("admin", "the same address twice")
		}
		seen[email] = true
	}
	if len(c.Admin) < 2 {
		l.add("admin", "at least two are needed, so that each can be decided on by another")
	}
	return l
}

func (c *Init) String() string { return describe("init", c) }

// PeopleAdd adds a person on the console.
type PeopleAdd struct {
	Email          string `arg:"" optional:"" name:"EMAIL" help:"Address they sign in with. Required."`
	Name           string `placeholder:"NAME" help:"Their name, as it is shown. Required."`
	Roles          string `placeholder:"ROLES" help:"What they may do: maker, approver, senior, auditor or admin; with commas where they go together, as maker,approver. Required."`
	PasswordFile   string `placeholder:"FILE" help:"File with their first password, a phrase of 15 characters or more; a last line break does not count. They must change it when they first sign in. Required."`
	TOTPSecretFile string `name:"totp-secret-file" placeholder:"FILE" help:"File with the secret of their one-time codes, base32: for people who are made by a script. Then the password need not be changed."`
	SamePersonAs   string `placeholder:"EMAIL" help:"They are the human being who already signs in with this address; then --name and --roles may be left out."`
	DB             string `name:"db" placeholder:"FILE" help:"Database file; made if there is none. Required."`
	HistoryKeyFile string `placeholder:"FILE" help:"Private key that signs the history. Required."`
}

// Help implements kong.HelpProvider.
func (*PeopleAdd) Help() string {
	return `The desk must be stopped. Until the first payout is submitted the person is added at once. Afterwards this only writes a proposal that an administrator or a senior approver decides on the desk; if nobody there could decide it, it takes effect after 72 hours, and until then anybody can stop it.`
}

// Validate implements [Command]. Whether the address, the roles and the password will do is not
// known here.
func (c *PeopleAdd) Validate() []error {
	var l lines
	l.argument("EMAIL", c.Email)
	if c.Email != "" && !strings.Contains(c.Email, "@") {
		l = append(l, errors.New("EMAIL: not an e-mail address"))
	}
	if c.SamePersonAs == "" {
		l.given("name", c.Name)
		l.given("roles", c.Roles)
	} else if !strings.Contains(c.SamePersonAs, "@") {
		l.add("same-person-as", "not an e-mail address")
	}
	l.file("password-file", c.PasswordFile)
	if c.TOTPSecretFile != "" {
		l.file("totp-secret-file", c.TOTPSecretFile)
	}
	l.newFile("db", c.DB)
	l.file("history-key-file", c.HistoryKeyFile)
	return l
}

func (c *PeopleAdd) String() string { return describe("people add", c) }

// KeysNew makes the keys of a desk.
type KeysNew struct {
	Out string `placeholder:"DIR" help:"Folder for the new keys; made if there is none, no file in it is ever replaced. Required."`
}

// Help implements kong.HelpProvider.
func (*KeysNew) Help() string {
	return `Makes bank-request.pem and .pub (RSA, signs requests to the bank), history.pem and .pub (Ed25519, signs the history) and session.key (cookies), and prints the public half that goes into the application to the bank.`
}

// Validate implements [Command].
func (c *KeysNew) Validate() []error {
	var l lines
	l.given("out", c.Out)
	return l
}

func (c *KeysNew) String() string { return describe("keys new", c) }

// Banksim is the pretend bank alone.
type Banksim struct {
	Addr                 string        `default:"127.0.0.1:8131" placeholder:"HOST:PORT" help:"Address to listen on; port 0 takes a free one."`
	Data                 string        `placeholder:"DIR" help:"Folder for its ledger; made if there is none. Required."`
	Project              string        `placeholder:"NAME" help:"The only project it knows. Required."`
	WebhookURL           string        `name:"webhook-url" placeholder:"URL" help:"Where it sends its webhooks. Required."`
	PartnerPublicKeyFile string        `placeholder:"FILE" help:"The desk's public key, PEM, that requests are checked with. Required."`
	BankPrivateKeyFile   string        `placeholder:"FILE" help:"The pretend bank's private key, PEM, that webhooks are signed with. Required."`
	Delay                time.Duration `default:"2s" placeholder:"TIME" help:"How long it takes; all its times scale with it."`
	Seed                 int64         `default:"1" placeholder:"N" help:"Seed of its ids."`
	Confirm              string        `default:"auto" placeholder:"MODE" help:"'required': a started payout waits for session/confirm, and is cancelled after 240 minutes; 'auto': it runs by itself."`
	On                   string        `default:"start" placeholder:"CALL" help:"With --confirm=required: which call the kopecks of an amount strike, 'start' or 'confirm'."`
	IgnoreKey            bool          `help:"Pay no heed to idempotency keys."`
}

// Validate implements [Command].
func (c *Banksim) Validate() []error {
	var l lines
	l.addr("addr", c.Addr)
	l.given("data", c.Data)
	l.given("project", c.Project)
	l.url("webhook-url", c.WebhookURL, false)
	l.file("partner-public-key-file", c.PartnerPublicKeyFile)
	l.file("bank-private-key-file", c.BankPrivateKeyFile)
	l.between("delay", c.Delay, time.Millisecond, time.Hour)
	l.oneOf("confirm", c.Confirm, ConfirmRequired, ConfirmAuto)
	l.oneOf("on", c.On, "start", "confirm")
	return l
}

func (c *Banksim) String() string { return describe("banksim", c) }

// AuditVerify recomputes a history and compares it with its signatures and its anchor.
type AuditVerify struct {
	DB     string `name:"db" placeholder:"FILE" help:"Database file, also of a running desk; it is only read. Required."`
	Anchor string `placeholder:"FILE" help:"The anchor file, kept outside the database's folder. Without it an old copy cannot be told from the newest."`
	Pub    string `placeholder:"FILE" help:"Public key of the history (history.pub). Without it the key recorded in the database is used, which its forger could have replaced."`
	// Approvals asks for every decision to be counted again.
	Approvals bool `help:"Also count every decision ever given again: quorum, persons, roles, limits, digests and signatures, without the engine that counted them first. One line a finding."`
}

// Help implements kong.HelpProvider.
func (*AuditVerify) Help() string {
	return `Exit codes:

	0  all holds, and the database equals or continues the anchor
	1  broken: an event, a signature, a row that differs from its event; or, with --approvals, a decision that could not have been
	2  older than the anchor, or different from it
	3  cannot be read, or wrong command line
	4  all holds, but no --anchor was given`
}

// Validate implements [Command]. Files that are not there are found when they are read.
func (c *AuditVerify) Validate() []error {
	var l lines
	l.given("db", c.DB)
	return l
}

func (c *AuditVerify) String() string { return describe("audit verify", c) }

// Restore puts a copy where a desk is to run.
type Restore struct {
	From           string `placeholder:"FILE" help:"The copy, made by 'backup'. Required."`
	DB             string `name:"db" placeholder:"FILE" help:"Database file to be; it must not exist. Required."`
	HistoryKeyFile string `placeholder:"FILE" help:"Key that the history is signed with (history.pem). Required."`
	AnchorFile     string `placeholder:"FILE" help:"The anchor, to say how much is lost. It is only read."`
}

// Help implements kong.HelpProvider.
func (*Restore) Help() string {
	return `The copy is proved whole before, and marked after: every start of it begins in quarantine. Everything reads, nothing is sent; what was approved
in it is an unknown outcome, since it may have been paid after the copy was made. Two people, on the page "Stop sending", let it go on.`
}

// Validate implements [Command].
func (c *Restore) Validate() []error {
	var l lines
	l.file("from", c.From)
	l.file("history-key-file", c.HistoryKeyFile)
	if l.newFile("db", c.DB) {
		l.apart(setting{"from", c.From}, setting{"db", c.DB}, setting{"history-key-file", c.HistoryKeyFile}, setting{"anchor-file", c.AnchorFile})
	}
	return l
}

func (c *Restore) String() string { return describe("restore", c) }

// Backup copies the database of a running desk.
type Backup struct {
	DB  string `name:"db" placeholder:"FILE" help:"Database file, also of a running desk. Required."`
	Out string `placeholder:"FILE" help:"File for the copy; it must not exist. Required."`
}

// Validate implements [Command].
func (c *Backup) Validate() []error {
	var l lines
	l.given("db", c.DB)
	if l.newFile("out", c.Out) {
		l.apart(setting{"db", c.DB}, setting{"out", c.Out})
	}
	return l
}

func (c *Backup) String() string { return describe("backup", c) }

// Doctor looks at everything that can be looked at from outside.
type Doctor struct {
	DB                 string `name:"db" placeholder:"FILE" help:"Database file, also of a running desk; it is only read. Required."`
	AnchorFile         string `placeholder:"FILE" help:"Where the newest signed head of the history is kept."`
	SessionKeyFile     string `placeholder:"FILE" help:"Secret for cookies: its mode is looked at."`
	HistoryKeyFile     string `placeholder:"FILE" help:"Private key that signs the history: its mode is looked at."`
	TLSCertFile        string `name:"tls-cert-file" placeholder:"FILE" help:"Certificate chain: how long it is valid."`
	TLSKeyFile         string `name:"tls-key-file" placeholder:"FILE" help:"Private key of the certificate: its mode is looked at."`
	BankURL            string `name:"bank-url" placeholder:"URL" help:"Address of the bank's API: with it, the balance is asked for once and the clocks are compared. Needs --bank-project and --bank-private-key-file."`
	BankProject        string `placeholder:"NAME" help:"Project at the bank (X-PARTNER-PROJECT)."`
	BankPrivateKeyFile string `placeholder:"FILE" help:"Our private key that signs requests, PEM: its length and mode are looked at."`
	BankPublicKeyFile  string `placeholder:"FILE" help:"The bank's public key or keys, PEM: their length is looked at."`
}

// Help implements kong.HelpProvider.
func (*Doctor) Help() string {
	return `Prints one line for each check: ok, warn or broken, what was looked at, and a sentence, with tabs between. It proves the whole history, compares every row with it and counts every decision again, so it takes a while on a large database.

Exit codes:

	0  all is well
	1  something is broken
	2  wrong command line
	4  warnings only`
}

// Validate implements [Command].
func (c *Doctor) Validate() []error {
	var l lines
	l.given("db", c.DB)
	if c.BankURL != "" {
		l.url("bank-url", c.BankURL, true)
		l.given("bank-project", c.BankProject)
		l.file("bank-private-key-file", c.BankPrivateKeyFile)
	}
	return l
}

func (c *Doctor) String() string { return describe("doctor", c) }

// Version prints the version.
type Version struct{}

// Validate implements [Command]; nothing can be wrong.
func (*Version) Validate() []error { return nil }

func (*Version) String() string { return "--version" }
