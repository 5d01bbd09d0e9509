package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/bank131"
	"countersign/internal/calendar"
	"countersign/internal/dispatch"
	"countersign/internal/factor"
	"countersign/internal/live"
	"countersign/internal/metrics"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store"
	"countersign/internal/web"
	"countersign/internal/webhook"
)

// wire is bank131 as the use cases need it.
type wire struct{}

func (wire) EncodePayout(e protocol.Expect) ([]byte, error) { return bank131.EncodePayout(e) }
func (wire) DecodePayout(b []byte) (protocol.Expect, error) { return bank131.DecodePayout(b) }
func (wire) ParseWebhook(b []byte) protocol.Webhook         { return bank131.ParseWebhook(b) }
func (wire) EncodeStep(c protocol.StepCall, session string, e protocol.Expect) ([]byte, error) {
	return bank131.EncodeStep(c, session, e)
}
func (wire) CheckStep(c protocol.StepCall, session string, e protocol.Expect, b []byte) error {
	return bank131.CheckStep(c, session, e, b)
}
func (wire) ParseEcho(b []byte) protocol.Echo { return bank131.ParseEcho(b) }

// deskOptions are what a desk is built from, whichever command builds it.
type deskOptions struct {
	DB, Anchor, Born, Environment string
	// ReportDir is a folder in which the bank's reports arrive, "" for none.
	ReportDir                       string
	Machine                         string // stamped beside the anchor; "" in the demo and on the console
	BackupDir                       string // "" for no copies
	BackupEvery                     time.Duration
	BackupKeep                      int
	Signer                          *audit.Signer
	SessionKey                      []byte
	PublicURL                       string
	TrustedProxy                    []netip.Prefix
	BankURL, Project, Flow, Confirm string
	OurKey                          *rsa.PrivateKey
	BankKeys                        []bank131.PublicKey
	BankTimeout, PollMin, SendAfter time.Duration
	NoBalance                       bool // the account gives no balance: it is not asked for
	Rules                           approval.RuleSet
	Demo                            *web.Demo
	Metrics                         net.Listener // nil: none
	CutOnStop                       bool
	TLSCert                         string // the certificate that the desk serves with, "" for none
	Fast                            bool
	Log                             *slog.Logger
	Now                             func() time.Time
}

// desk is one running desk, all rooms wired.
type desk struct {
	deskOptions
	store   *store.Store
	app     *app.App
	client  *bank131.Client
	ring    *bank131.Ring // the bank's keys
	web     *web.Web
	intake  http.Handler
	metrics *metrics.Metrics
	reports *folder // nil where no folder of reports is watched
}

// openDesk opens the database and builds the use cases, without any worker or page.
func openDesk(ctx context.Context, o deskOptions) (*desk, error) {
	// Rows about passwords, factors and sign-ins are sealed with a secret that only the key file gives: console and desk have it, the database does not.
	secret, err := o.Signer.Derive("countersign seals/1")
	if err != nil {
		return nil, err
	}
	seal, err := factor.NewSeal(secret)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Options{Path: o.DB, Anchor: o.Anchor, Machine: o.Machine, Signer: o.Signer, Now: o.Now, Log: o.Log, Born: o.Born, Fast: o.Fast})
	if err != nil {
		return nil, err
	}
	hasher, err := auth.NewHasher(auth.DefaultParams(), auth.DefaultQueue)
	if err != nil {
		s.Close()
		return nil, err
	}
	var ours *rsa.PublicKey // the console has no keys of the bank's
	if o.OurKey != nil {
		ours = &o.OurKey.PublicKey
	}
	ring := bank131.NewRing(o.BankKeys, ours)
	var keys *factor.Keys // the console has no address, and some addresses carry no passkeys
	if o.PublicURL != "" {
		if keys, err = factor.NewKeys(o.PublicURL, "Countersign"); err != nil {
			o.Log.Warn("no passkeys at this address: nothing above the signing amount can be approved here", "error", err)
			keys = nil
		}
	}
	var mono func() time.Duration
	if o.Born == "serve" { // the demo is filled by a clock of its own
		began := time.Now()
		mono = func() time.Duration { return time.Since(began) }
	}
	a := app.New(app.Options{Store: s, Mono: mono, Seal: seal, Keys: keys, BankKeys: ring, Wire: wire{}, Hasher: hasher, Rules: o.Rules, Place: payout.Place{Environment: o.Environment, Project: o.Project},
		Now: o.Now, Rand: rand.Reader, Log: o.Log, SendAfter: o.SendAfter, PollMin: o.PollMin, BankTimeout: o.BankTimeout, Flow: o.Flow, Confirm: o.Confirm, NoBalance: o.NoBalance})
	if err := errors.Join(a.DeclareLoss(ctx), a.BeginSeals(ctx), a.RefreshBank(ctx)); err != nil {
		s.Close()
		return nil, err
	}
	return &desk{deskOptions: o, store: s, app: a, ring: ring}, nil
}

// build adds the bank's client, the pages and the intake.
func (d *desk) build(ctx context.Context) error {
	var err error
	if d.client, err = bank131.NewClient(bank131.Options{BaseURL: d.BankURL, Project: d.Project, Key: d.OurKey, Timeout: d.BankTimeout, Now: d.Now}); err != nil {
		return usage{err}
	}
	state, err := d.app.Desk(ctx)
	if err != nil {
		return err
	}
	hub := live.New(live.Options{Start: state.Seq})
	d.metrics = metrics.New(d.app, hub.Streams, version())
	d.intake = webhook.Handler(webhook.Options{Verifier: d.ring, Desk: d.app, Log: d.Log})
	pub, err := bank131.PublicPEM(&d.OurKey.PublicKey)
	if err != nil {
		return err
	}
	ours, err := bank131.Fingerprint(&d.OurKey.PublicKey)
	if err != nil {
		return err
	}
	facts := web.BankFacts{PublicKey: pub, Fingerprint: ours, Project: d.Project, Address: d.BankURL}
	for _, k := range d.BankKeys {
		facts.BankFingerprints = append(facts.BankFingerprints, k.ID)
	}
	d.web, err = web.New(web.Options{App: d.app, Hub: hub, Log: d.Log, Now: d.Now, SessionKey: d.SessionKey, PublicURL: d.PublicURL, TrustedProxy: d.TrustedProxy,
		Webhook: d.metrics.Webhooks(d.intake), Demo: d.Demo, Version: version(), Folder: d.watched(), Bank: web.BankFunc(func() web.BankFacts {
			f := facts
			if at, ok := d.client.LastAnswer(); ok {
				f.LastAnswer, f.LastAnswerAt = "ok", at
			}
			return f
		})})
	if err != nil {
		return usage{err}
	}
	d.app.Notify = d.web
	d.app.Outside = func() []app.Check { return outside(d.client, d.TLSCert) }
	return nil
}

// outside is what /health says of what stands outside the database: the clock by the bank's last answer, and when keys end. Our key and the bank's name no end;
// the certificate of the desk's own address does. It asks nobody.
func outside(c *bank131.Client, certificate string) []app.Check {
	return append([]app.Check{app.SeenClock(c.Clocks()), {Name: "key", State: app.CheckOK, Line: "key.noend"}}, certificateCheck(certificate)...)
}

// identity is who this process is to the bank, without secrets.
func (d *desk) identity() app.Identity {
	id := app.Identity{"bank_url": d.BankURL, "project": d.Project, "flow": d.Flow}
	if d.Confirm != "" {
		id["confirm"] = d.Confirm
	}
	if print, err := bank131.Fingerprint(&d.OurKey.PublicKey); err == nil {
		id["our_key"] = print
	}
	var theirs []string
	for _, k := range d.BankKeys {
		theirs = append(theirs, k.ID)
	}
	slices.Sort(theirs)
	id["bank_keys"] = strings.Join(theirs, " ")
	return id
}

// anchorEvery is how old the anchor may become without a send.
const anchorEvery = time.Minute

// serve runs workers and pages on the listener until ctx ends; ready is called once requests are answered. On the way out it stops claiming and
// polling, waits for (or cuts) live calls, then ends streams and requests, then closes the database.
func (d *desk) serve(ctx context.Context, ln net.Listener, tls *tlsFiles, ready func()) error {
	if err := d.app.Recover(ctx); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if err := d.app.CheckCopy(ctx); err != nil {
		return err
	}
	if d.Born == "serve" { // the demo's bank has another address each time
		if err := d.app.CheckIdentity(ctx, d.identity()); err != nil {
			return err
		}
	}
	// The file may hold another key than before, and a change of keys may have been cut before it came to this.
	if _, err := d.app.RetryRefused(ctx); err != nil {
		return fmt.Errorf("check refused messages again: %w", err)
	}
	work, stopWork := context.WithCancel(ctx)
	defer stopWork()
	o := dispatch.Options{Desk: d.app, Bank: counted{d.client, d.metrics}, Now: d.Now, Log: d.Log, CutOnStop: d.CutOnStop}
	if d.PollMin < time.Second {
		o.Idle = d.PollMin // tests and demos in a hurry
	}
	if d.CutOnStop { // the demo's times are short: so are the probes of a bank in trouble
		o.ProbeEach = max(min(5*time.Second, d.PollMin), 50*time.Millisecond)
	}
	sender := dispatch.NewSender(o)
	poller := dispatch.NewPoller(o, sender)
	var workers sync.WaitGroup
	start := func(f func(context.Context, <-chan struct{}), wake <-chan struct{}) {
		workers.Go(func() { f(work, wake) })
	}
	start(sender.Run, d.app.WakeSend())
	start(poller.Run, d.app.WakePoll())
	start(dispatch.NewExpirer(o).Run, nil)
	start(dispatch.NewStale(o).Run, nil)
	applier := &webhook.Applier{Desk: d.app, Log: d.Log}
	// The applier outlives the others: a message that came is applied before the database closes.
	applyCtx, stopApply := context.WithCancel(context.WithoutCancel(ctx))
	defer stopApply()
	var applying sync.WaitGroup
	applying.Go(func() { applier.Run(applyCtx, d.app.WakeInbox()) })
	workers.Go(func() { d.keepAnchor(work) })
	workers.Go(func() { d.keepLooking(work) })
	if d.Metrics != nil {
		workers.Go(func() { d.serveMetrics(work, d.Metrics) })
	}
	if d.reports != nil {
		workers.Go(func() { d.reports.run(work) })
	}
	if d.BackupDir != "" {
		workers.Go(func() { d.keepBackups(work) })
	}

	srv := web.NewServer(d.web.Handler())
	srv.ErrorLog = slog.NewLogLogger(d.Log.Handler(), slog.LevelDebug)
	srv.RegisterOnShutdown(d.web.Close)
	failed := make(chan error, 1)
	ln = crowded(ln)
	go func() {
		var err error
		if tls != nil {
			err = srv.ServeTLS(ln, tls.cert, tls.key)
		} else {
			err = srv.Serve(ln)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	ready()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	case err = <-d.store.Broken(): // nothing can be recorded any more: nobody is waited for
		srv.Close()
		return err
	}
	stopWork()
	workers.Wait()
	end, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if serr := srv.Shutdown(end); serr != nil {
		srv.Close() // whoever is still reading is cut
	}
	d.web.Close()
	stopApply()
	applying.Wait()
	d.client.Close()
	return err
}

// keepAnchor writes the newest head outside the data folder every minute, and stamps it.
func (d *desk) keepAnchor(ctx context.Context) {
	t := time.NewTicker(anchorEvery)
	defer t.Stop()
	for {
		if err := d.app.Anchor(ctx); err != nil {
			d.Log.Error("anchor not written", "error", err)
		}
		if err := d.store.Stamp(); err != nil {
			d.Log.Error("the anchor's stamp cannot be written", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// nightly is the Moscow hour at which everything is checked whole.
const nightly = 3

// lookEach is how often the rows are compared with the history: each minute, sooner where the bank is asked more often (tests).
func (d *desk) lookEach() time.Duration {
	return min(time.Minute, max(3*d.PollMin, 100*time.Millisecond))
}

// keepLooking checks the invariants; one that does not hold stops sending.
func (d *desk) keepLooking(ctx context.Context) {
	t := time.NewTicker(d.lookEach())
	defer t.Stop()
	night := d.Now().In(calendar.Moscow)
	for {
		look, now := d.app.LookNow, d.Now().In(calendar.Moscow)
		if at := time.Date(now.Year(), now.Month(), now.Day(), nightly, 0, 0, 0, calendar.Moscow); night.Before(at) && !now.Before(at) {
			look, night = d.app.LookWhole, now
		}
		if l, err := look(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("the rows could not be checked", "error", err)
		} else if l.Whole {
			d.Log.Info("everything was checked", "payouts", l.Payouts, "events", l.To, "found", len(l.Found))
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (d *desk) close() error { return d.store.Close() }
