package main

import (
	"context"
	"crypto/rsa"
	"io"
	"log/slog"
	"testing"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/bank131"
	"countersign/internal/banksim"
	"countersign/internal/config"
)

// BenchmarkFill is the demo's sample of 400 payouts, lived through: it must stay well under the six seconds of a start.
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		files := demoFiles{b.TempDir()}
		if _, err := files.make(false); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		secrets, err := files.secrets()
		if err != nil {
			b.Fatal(err)
		}
		signer, _ := readKey("", join(files.keys(), "history.pem"), audit.LoadSigner)
		ours, _ := readKey("", join(files.keys(), "bank-request.pem"), bank131.ParsePrivateKey)
		bankKey, _ := readKey("", join(files.keys(), "bank.pem"), bank131.ParsePrivateKey)
		theirs, err := readKey("", join(files.keys(), "bank.pub"), bank131.ParsePublicKeys)
		if err != nil {
			b.Fatal(err)
		}
		clock := &demoClock{}
		log := slog.New(slog.NewTextHandler(io.Discard, nil))
		bank, err := banksim.New(banksim.Options{DataDir: files.bank(), Project: demoProject, BankKey: bankKey, PartnerKeys: []*rsa.PublicKey{&ours.PublicKey},
			Delay: 2 * time.Second, Seed: 131, Now: clock.Now, Log: log, Driven: true})
		if err != nil {
			b.Fatal(err)
		}
		d, err := openDesk(context.Background(), deskOptions{DB: files.db(), Anchor: files.anchor(), Born: "demo", Environment: "demo", Signer: signer,
			Project: demoProject, Flow: config.FlowSingle, OurKey: ours, BankKeys: theirs, SendAfter: 3 * time.Second, PollMin: 20 * time.Second,
			BankTimeout: time.Minute, Rules: approval.DemoRules(), Fast: true, Log: log, Now: clock.Now})
		if err != nil {
			b.Fatal(err)
		}
		if err := addDemoPeople(context.Background(), d.app, secrets); err != nil {
			b.Fatal(err)
		}
		if err := fill(context.Background(), d, bank, clock, 400); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begin).Seconds(), "s/fill")
		d.close()
		bank.Close()
	}
}
