package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/bank131"
	"countersign/internal/banksim"
	"countersign/internal/config"
	"countersign/internal/lang"
	"countersign/internal/store"
)

// requestKeyBits is the size of our RSA key in serve; the demo takes a shorter one to start fast.
const requestKeyBits = 3072

func runPeopleAdd(ctx context.Context, c *config.PeopleAdd, stderr io.Writer, log *slog.Logger) error {
	signer, err := readKey("--history-key-file", c.HistoryKeyFile, audit.LoadSigner)
	if err != nil {
		return err
	}
	pw, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return usage{fmt.Errorf("--password-file: %w", err)}
	}
	secret := ""
	if c.TOTPSecretFile != "" {
		b, err := os.ReadFile(c.TOTPSecretFile)
		if err != nil {
			return usage{fmt.Errorf("--totp-secret-file: %w", err)}
		}
		secret = string(b)
	}
	var roles []auth.Role
	if c.Roles != "" || c.SamePersonAs == "" {
		if roles, err = auth.ParseRoles(c.Roles, approval.ServeRules().MakerMayApprove); err != nil {
			return usage{fmt.Errorf("--roles: %w", err)}
		}
	}
	d, err := openDesk(ctx, deskOptions{DB: c.DB, Born: "serve", Signer: signer, Rules: approval.ServeRules(), Log: log, Now: time.Now, Flow: config.FlowSingle})
	if err != nil {
		return err
	}
	added, err := d.app.AddOnConsole(ctx, app.NewPerson{Email: c.Email, Name: c.Name, Password: trimLine(pw), Roles: roles, SameAs: c.SamePersonAs, TOTP: secret})
	if err = errors.Join(err, d.close()); err != nil || !added.Proposed {
		return err
	}
	if added.EffectAt.IsZero() {
		fmt.Fprintln(stderr, "dashboard: the first payout has been submitted, so this is only proposed: an administrator or a senior approver must approve it on the desk")
	} else {
		fmt.Fprintf(stderr, "dashboard: the first payout has been submitted, so this is only proposed; nobody on the desk could decide it, so it takes effect on %s unless anybody stops it there\n",
			added.EffectAt.In(lang.Moscow).Format("02.01.2006 15:04 MST"))
	}
	if secret != "" {
		fmt.Fprintln(stderr, "dashboard: the one-time-code secret is not kept with a proposal: they set up their own when they first sign in")
	}
	return nil
}

func runInit(ctx context.Context, c *config.Init, stdout io.Writer, log *slog.Logger) error {
	signer, err := readKey("--history-key-file", c.HistoryKeyFile, audit.LoadSigner)
	if err != nil {
		return err
	}
	d, err := openDesk(ctx, deskOptions{DB: c.DB, Born: "serve", Signer: signer, Rules: approval.ServeRules(), Log: log, Now: time.Now, Flow: config.FlowSingle})
	if err != nil {
		return err
	}
	var admins []app.NewPerson
	for _, a := range c.Admins() {
		admins = append(admins, app.NewPerson{Email: a[0], Name: a[1]})
	}
	links, err := d.app.Found(ctx, admins)
	// The links go out once the database is closed properly: nobody holds one that it does not know.
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	for _, l := range links {
		if _, err := fmt.Fprintf(stdout, "link\t%s\t%s\n", l.Email, strings.TrimRight(c.PublicURL, "/")+"/enrol/"+l.Token); err != nil {
			return err
		}
	}
	return nil
}

func runKeysNew(c *config.KeysNew, stdout io.Writer) error {
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	for _, f := range []string{"bank-request.pem", "bank-request.pub", "history.pem", "history.pub", "session.key"} {
		if _, err := os.Stat(join(c.Out, f)); err == nil {
			return usage{fmt.Errorf("%s exists already; nothing was made", join(c.Out, f))}
		}
	}
	pub, err := newRequestKey(c.Out, "bank-request", requestKeyBits)
	if err != nil {
		return err
	}
	if _, err := newHistoryKey(c.Out); err != nil {
		return err
	}
	if err := newSecret(join(c.Out, "session.key")); err != nil {
		return err
	}
	_, err = stdout.Write(pub)
	return err
}

// newRequestKey writes name.pem and name.pub and returns the public half.
func newRequestKey(dir, name string, bits int) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, err
	}
	priv, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	pub, err := bank131.PublicPEM(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	if err := writeNew(join(dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: priv}), 0o600); err != nil {
		return nil, err
	}
	return []byte(pub), writeNew(join(dir, name+".pub"), []byte(pub), 0o644)
}

func newHistoryKey(dir string) (*audit.Signer, error) {
	priv, pub, err := audit.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := writeNew(join(dir, "history.pem"), priv, 0o600); err != nil {
		return nil, err
	}
	if err := writeNew(join(dir, "history.pub"), pub, 0o644); err != nil {
		return nil, err
	}
	return audit.LoadSigner(priv)
}

func newSecret(path string) error {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return err
	}
	return writeNew(path, []byte(hex.EncodeToString(b)+"\n"), 0o600)
}

func runBanksim(ctx context.Context, c *config.Banksim, stdout io.Writer, log *slog.Logger) error {
	partners, err := readKey("--partner-public-key-file", c.PartnerPublicKeyFile, bank131.ParsePublicKeys)
	if err != nil {
		return err
	}
	key, err := readKey("--bank-private-key-file", c.BankPrivateKeyFile, bank131.ParsePrivateKey)
	if err != nil {
		return err
	}
	o := banksim.Options{Addr: c.Addr, DataDir: c.Data, Project: c.Project, WebhookURL: c.WebhookURL, BankKey: key, Delay: c.Delay, Seed: uint64(c.Seed), Now: time.Now, Log: log,
		Confirm: c.Confirm == config.ConfirmRequired, On: c.On, IgnoreKey: c.IgnoreKey}
	for _, p := range partners {
		o.PartnerKeys = append(o.PartnerKeys, p.Key)
	}
	b, err := banksim.NewServer(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "bank\t%s\nready\n", b.URL())
	<-ctx.Done()
	return b.Close()
}

// Exit codes of audit verify.
const (
	verifyOK = iota
	verifyBroken
	verifyOther
	verifyUnreadable
	verifyNoAnchor
)

func runVerify(ctx context.Context, c *config.AuditVerify, stdout, stderr io.Writer) int {
	unreadable := func(err error) int {
		fmt.Fprintln(stderr, "dashboard: cannot verify:", err)
		return verifyUnreadable
	}
	verifier, err := historyKey(ctx, c)
	if err != nil {
		return unreadable(err)
	}
	var anchor *audit.Head
	if c.Anchor != "" {
		a, err := audit.ReadAnchor(c.Anchor, verifier)
		if err != nil {
			return unreadable(err)
		}
		anchor = &a
	}
	r, err := store.Verify(ctx, c.DB, verifier, anchor)
	if err != nil {
		return unreadable(err)
	}
	if !r.OK() {
		fmt.Fprintf(stdout, "broken at %d: %s\n", r.Broken, r.Reason)
	}
	for _, l := range r.Losses {
		fmt.Fprintf(stdout, "event %d, %s: a copy went on in the place of a database that knew %d events more\n", l.Seq, l.At.UTC().Format(time.RFC3339), l.Lost)
	}
	forged := false
	if c.Approvals { // also when something is broken: what else is wrong helps whoever looks for it
		if forged, err = approvals(ctx, c.DB, stdout); err != nil {
			return unreadable(err)
		}
	}
	switch {
	case !r.OK() || forged:
		return verifyBroken
	case (r.Anchor == audit.AnchorOlder || r.Anchor == audit.AnchorDiffers) && r.Declares(*anchor):
		fmt.Fprintf(stdout, "%d events and %d signed heads hold; what the anchor knew beyond them is declared lost\n", r.Events, r.Heads)
		return verifyOK
	case r.Keys != "":
		fmt.Fprintf(stdout, "%d events hold, but the database and the anchor do not name the same keys of founders: %s\n", r.Events, r.Keys)
		return verifyOther
	case r.Anchor == audit.AnchorOlder || r.Anchor == audit.AnchorDiffers:
		fmt.Fprintf(stdout, "%d events hold, but the database is %s than the anchor, which holds %d events\n", r.Events, anchorWord(r.Anchor), anchor.Size)
		return verifyOther
	case r.Anchor == audit.AnchorNone:
		fmt.Fprintf(stdout, "%d events and %d signed heads hold; no anchor was given, so a cut tail or an old copy would not show\n", r.Events, r.Heads)
		return verifyNoAnchor
	}
	fmt.Fprintf(stdout, "%d events and %d signed heads hold; the database %s the anchor\n", r.Events, r.Heads, r.Anchor)
	return verifyOK
}

// approvals counts every decision again and prints a line for each that could not have been.
func approvals(ctx context.Context, db string, stdout io.Writer) (forged bool, err error) {
	r, err := store.CheckApprovals(ctx, db)
	if err != nil {
		return false, err
	}
	for _, f := range r.Findings {
		fmt.Fprintln(stdout, f)
	}
	if r.More {
		fmt.Fprintln(stdout, "and more")
	}
	if len(r.Findings) == 0 {
		fmt.Fprintf(stdout, "%d decisions hold: %d payouts sent, %d changes of rules, limits, people, payees and stops, %d signatures; of %d payouts the content was cleared\n",
			r.Decisions, r.Claims, r.Changes, r.Signatures, r.Erased)
	}
	return len(r.Findings) > 0, nil
}

func anchorWord(s audit.AnchorState) string {
	if s == audit.AnchorOlder {
		return "older"
	}
	return "other"
}

func historyKey(ctx context.Context, c *config.AuditVerify) (note.Verifier, error) {
	if c.Pub == "" {
		return store.KeyOf(ctx, c.DB)
	}
	b, err := os.ReadFile(c.Pub)
	if err != nil {
		return nil, err
	}
	return audit.LoadVerifier(b)
}

// runRestore proves a copy, puts it in place and says what is lost.
func runRestore(ctx context.Context, c *config.Restore, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintln(stderr, "dashboard: cannot restore:", oneLine(err))
		return exitFailed
	}
	signer, err := readKey("--history-key-file", c.HistoryKeyFile, audit.LoadSigner)
	if err != nil {
		return fail(err)
	}
	r, err := store.Restore(ctx, c.From, c.DB, signer)
	switch {
	case err != nil:
		return fail(err)
	case !r.OK():
		fmt.Fprintf(stderr, "dashboard: the copy is broken at %d: %s\n", r.Broken, r.Reason)
		return exitFailed
	}
	fmt.Fprintf(stdout, "%d events of %s are in place, the newest of %s\n", r.Events, c.From, r.Newest.At.UTC().Format(time.RFC3339))
	if c.AnchorFile != "" {
		switch a, err := audit.ReadAnchor(c.AnchorFile, audit.VerifierFor(signer)); {
		case err != nil:
			fmt.Fprintln(stderr, "dashboard: warning: what is lost cannot be told:", oneLine(err))
		default:
			fmt.Fprintf(stdout, "%d events are lost: the anchor knew %d, the last of %s\n", max(a.Size-r.Events, 0), a.Size, a.At.UTC().Format(time.RFC3339))
		}
	}
	fmt.Fprintln(stdout, "it starts in quarantine: nothing is sent until two people let it go on")
	return 0
}

func runBackup(ctx context.Context, c *config.Backup) error { return store.Backup(ctx, c.DB, c.Out) }
