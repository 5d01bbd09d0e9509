package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/bank131"
	"countersign/internal/banksim"
	"countersign/internal/bikdir"
	"countersign/internal/calendar"
	"countersign/internal/config"
	"countersign/internal/factor"
	"countersign/internal/web"
)

// demoProject is the project that the pretend bank knows.
const demoProject = "countersign-demo"

// demoKeyBits keeps the demo's start fast; serve takes 3072.
const demoKeyBits = 2048

// demoPeople are the eight people of the demo, in the order in which they are printed.
var demoPeople = []struct {
	email, name string
	roles       string
}{
	{"kuznetsova@demo.test", "Кузнецова Марина Олеговна", "maker"},
	{"lebedev@demo.test", "Лебедев Артём Игоревич", "maker"},
	{"orlov@demo.test", "Орлов Павел Андреевич", "approver"},
	{"gromova@demo.test", "Громова Ирина Сергеевна", "approver"},
	{"sokolovsky@demo.test", "Соколовский Вадим Львович", "senior"},
	{"belova@demo.test", "Белова Нина Павловна", "auditor"},
	{"tikhonov@demo.test", "Тихонов Глеб Юрьевич", "admin"},
	{"zaitseva@demo.test", "Зайцева Ольга Романовна", "admin"},
}

// words make pass phrases that can be read out aloud.
var words = strings.Fields(`amber anchor apple arrow autumn basil beacon birch bridge candle canyon cedar chalk cherry clover coral cotton copper dahlia delta
ember falcon fennel fern flint forest garnet ginger glacier harbor hazel heron indigo island ivory jasper juniper kettle lagoon lantern laurel lemon
lilac linen lotus maple marble meadow mint nectar nickel oasis olive onyx opal orchid osprey otter paper pebble pepper pine plum poplar prairie quartz
quill raven ribbon river saffron sage salmon sable sierra silver sparrow spruce stone summit sunset thistle thyme topaz tulip umber valley velvet violet
walnut willow winter zephyr`)

func phrase() (string, error) {
	var out []string
	for range 5 {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(words))))
		if err != nil {
			return "", err
		}
		out = append(out, words[n.Int64()])
	}
	return strings.Join(out, "-"), nil
}

// demoFiles are the paths of a demo's data folder.
type demoFiles struct{ dir string }

func (f demoFiles) db() string     { return join(f.dir, "db/desk.db") }
func (f demoFiles) keys() string   { return join(f.dir, "keys") }
func (f demoFiles) anchor() string { return join(f.dir, "outside/anchor") }
func (f demoFiles) bank() string   { return join(f.dir, "bank") }
func (f demoFiles) people() string { return join(f.dir, "keys/people") }
func (f demoFiles) filled() string { return join(f.dir, "keys/filled") }

// make builds folders, keys and pass phrases that are missing; with seeds every person also gets one for one-time codes, because rules that ask everybody
// for a second factor would otherwise lead each of them to its setting first. fresh says that the demo was never filled.
func (f demoFiles) make(seeds bool) (fresh bool, err error) {
	for _, d := range []string{"db", "keys", "outside", "bank"} {
		if err := os.MkdirAll(join(f.dir, d), 0o700); err != nil {
			return false, err
		}
	}
	if _, err := os.Stat(f.filled()); err == nil {
		return false, nil
	}
	// A demo that was stopped while it was filled holds nothing that anybody saw: it begins again.
	for _, d := range []string{"db", "keys", "outside", "bank"} {
		if err := os.RemoveAll(join(f.dir, d)); err != nil {
			return false, err
		}
		if err := os.MkdirAll(join(f.dir, d), 0o700); err != nil {
			return false, err
		}
	}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, name := range []string{"bank-request", "bank"} {
		wg.Go(func() { _, errs[i] = newRequestKey(f.keys(), name, demoKeyBits) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return false, err
	}
	if _, err := newHistoryKey(f.keys()); err != nil {
		return false, err
	}
	if err := newSecret(join(f.keys(), "session.pem")); err != nil {
		return false, err
	}
	var b strings.Builder
	for _, p := range demoPeople {
		pw, err := phrase()
		if err != nil {
			return false, err
		}
		fmt.Fprintf(&b, "%s\t%s", p.email, pw)
		if seeds {
			fmt.Fprintf(&b, "\t%s", factor.NewTOTPSecret(rand.Reader))
		}
		fmt.Fprintln(&b)
	}
	return true, writeNew(f.people(), []byte(b.String()), 0o600)
}

// demoSecret is what one person of the demo signs in with.
type demoSecret struct {
	password string
	seed     string // of one-time codes, base32; "" where the demo began with rules that ask for none
}

// secrets reads what the people sign in with, by e-mail.
func (f demoFiles) secrets() (map[string]demoSecret, error) {
	b, err := os.ReadFile(f.people())
	if err != nil {
		return nil, err
	}
	out := map[string]demoSecret{}
	for line := range bytes.Lines(b) {
		email, rest, _ := strings.Cut(trimLine(line), "\t")
		pw, seed, _ := strings.Cut(rest, "\t")
		out[email] = demoSecret{pw, seed}
	}
	for _, p := range demoPeople {
		if out[p.email].password == "" {
			return nil, fmt.Errorf("%s lacks %s", f.people(), p.email)
		}
	}
	return out, nil
}

func runDemo(ctx context.Context, c *config.Demo, stdout io.Writer, log *slog.Logger) error {
	files := demoFiles{c.Data}
	if c.Data == "" {
		dir, err := os.MkdirTemp("", "countersign-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		files.dir = dir
	}
	// The address first: nothing is made when it is taken.
	ln, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	lock, err := lockFolder(files.dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	fresh, err := files.make(c.Rules == config.RulesStrict)
	if err != nil {
		return err
	}
	secrets, err := files.secrets()
	if err != nil {
		return err
	}
	signer, err := readKey("history", join(files.keys(), "history.pem"), audit.LoadSigner)
	if err != nil {
		return err
	}
	secret, err := readKey("session", join(files.keys(), "session.pem"), sessionKey)
	if err != nil {
		return err
	}
	ours, err := readKey("our key", join(files.keys(), "bank-request.pem"), bank131.ParsePrivateKey)
	if err != nil {
		return err
	}
	bankKey, err := readKey("the bank's key", join(files.keys(), "bank.pem"), bank131.ParsePrivateKey)
	if err != nil {
		return err
	}
	theirs, err := readKey("the bank's public key", join(files.keys(), "bank.pub"), bank131.ParsePublicKeys)
	if err != nil {
		return err
	}
	rules := approval.DemoRules()
	if c.Rules == config.RulesStrict {
		rules = approval.ServeRules()
	}
	clock := &demoClock{}
	if fresh && c.Sample > 0 { // the desk is founded before its first payout: the clock never goes back
		clock.to(time.Now().AddDate(0, 0, -sampleDays-7))
	}
	bankOptions := banksim.Options{Addr: "127.0.0.1:0", DataDir: files.bank(), Project: demoProject, BankKey: bankKey, Delay: c.Delay, Seed: 131, Now: clock.Now, Log: log, Driven: fresh}
	bankOptions.PartnerKeys = append(bankOptions.PartnerKeys, &ours.PublicKey)
	bank, err := banksim.New(bankOptions)
	if err != nil {
		return err
	}
	defer bank.Close()
	opts := deskOptions{DB: files.db(), Anchor: files.anchor(), Born: "demo", Environment: "demo", Signer: signer, SessionKey: secret,
		PublicURL: localURL(ln, false), Project: demoProject, Flow: config.FlowSingle, OurKey: ours, BankKeys: theirs, BankTimeout: c.BankTimeout,
		PollMin: c.PollMin, SendAfter: c.SendAfter, Rules: rules, CutOnStop: true, Fast: fresh, Log: log, Now: clock.Now}
	d, err := openDesk(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { d.close() }()
	if fresh {
		if err := addDemoPeople(ctx, d.app, secrets); err != nil {
			return err
		}
		if err := fill(ctx, d, bank, clock, c.Sample); err != nil {
			return fmt.Errorf("fill the demo: %w", err)
		}
		clock.live()
		if err := loadDemoBanks(ctx, d.app, clock.Now()); err != nil {
			return fmt.Errorf("directory of banks: %w", err)
		}
		if err := d.store.Sync(ctx); err != nil {
			return err
		}
		if err := d.store.Anchor(); err != nil {
			return err
		}
		if err := bank.GoLive(); err != nil {
			return err
		}
		if err := writeNew(files.filled(), []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0o600); err != nil {
			return err
		}
	}
	// The sample was made by single requests; from here on it is as asked for, and so is the project at the bank.
	d.Flow, d.Confirm, d.app.Flow, d.app.Confirm = c.BankFlow, c.BankConfirm, c.BankFlow, c.BankConfirm
	bank.SetConfirm(c.BankConfirm == config.ConfirmRequired)
	bank.SetWebhookURL(localURL(ln, false) + "/webhooks/bank131")
	if err := bank.Start(ctx); err != nil {
		return err
	}
	d.BankURL = bank.URL()
	d.Demo = &web.Demo{BankURL: bank.URL()}
	for _, p := range demoPeople {
		roles, err := auth.ParseRoles(p.roles, true)
		if err != nil {
			return err
		}
		d.Demo.People = append(d.Demo.People, web.DemoPerson{Email: p.email, Password: secrets[p.email].password, Seed: secrets[p.email].seed, Name: p.name, Roles: roles})
	}
	for _, r := range banksim.Kopecks() {
		d.Demo.Kopecks = append(d.Demo.Kopecks, web.KopecksRow{Kop: r.Kop, Bank: r.Bank, End: r.End, BankRU: r.BankRU, EndRU: r.EndRU})
	}
	if err := d.build(ctx); err != nil {
		return err
	}
	return d.serve(ctx, ln, nil, func() {
		fmt.Fprintf(stdout, "open\t%s\nbank\t%s\n", localURL(ln, false), bank.URL())
		for _, p := range d.Demo.People {
			fmt.Fprintf(stdout, "person\t%s\t%s\t%s\n", p.Email, p.Password, auth.FormatRoles(p.Roles))
		}
		fmt.Fprint(stdout, "ready\n")
	})
}

// loadDemoBanks loads the made-up directory of banks, as of today.
func loadDemoBanks(ctx context.Context, a *app.App, now time.Time) error {
	dir := bikdir.Demo()
	dir.Date = string(calendar.DayOf(now))
	file, err := bikdir.Write(dir)
	if err != nil {
		return err
	}
	return a.LoadMadeUpBanks(ctx, file)
}

// addDemoPeople adds the eight people; their passwords are hashed two at a time.
func addDemoPeople(ctx context.Context, a *app.App, secrets map[string]demoSecret) error {
	hashes := make([]string, len(demoPeople))
	errs := make([]error, len(demoPeople))
	var wg sync.WaitGroup
	for i, p := range demoPeople {
		wg.Go(func() { hashes[i], errs[i] = a.Hasher.Hash(ctx, secrets[p.email].password) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, p := range demoPeople {
		roles, err := auth.ParseRoles(p.roles, true)
		if err != nil {
			return err
		}
		if _, err := a.AddFounderHashed(ctx, app.NewPerson{Email: p.email, Name: p.name, Roles: roles, TOTP: secrets[p.email].seed}, hashes[i]); err != nil {
			return fmt.Errorf("%s: %w", p.email, err)
		}
	}
	return nil
}

// demoClock is the wall clock, but while a new demo is filled: then it is what the filling says.
type demoClock struct {
	mu  sync.Mutex
	set time.Time
}

// Now is safe for many goroutines.
func (c *demoClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set.IsZero() {
		return time.Now()
	}
	return c.set
}

func (c *demoClock) to(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.set) {
		c.set = t
	}
}

func (c *demoClock) live() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set = time.Time{}
}
