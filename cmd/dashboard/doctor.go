package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"countersign/internal/app"
	"countersign/internal/bank131"
	"countersign/internal/config"
	"countersign/internal/lang"
	"countersign/internal/store"
)

// Exit codes of doctor.
const (
	doctorOK     = 0
	doctorBroken = 1
	doctorWarns  = 4
)

// soonOver is how long before its end a certificate warns.
const soonOver = 21 * 24 * time.Hour

func runDoctor(ctx context.Context, c *config.Doctor, stdout, stderr io.Writer) int {
	return doctorAt(ctx, c, time.Now(), stdout, stderr)
}

// doctorAt judges the rows as of now.
func doctorAt(ctx context.Context, c *config.Doctor, now time.Time, stdout, stderr io.Writer) int {
	t := lang.For(lang.EN)
	var all []app.Check
	add := func(more ...app.Check) {
		all = append(all, more...)
		for _, x := range more {
			fmt.Fprintf(stdout, "%s\t%s\t%s\n", x.State, lang.Label(t.Health().Names, x.Name), t.HealthLine(x.Line, x.N, x.Age, x.Text, x.Bytes))
		}
	}
	v, err := store.Inspect(ctx, c.DB, c.AnchorFile, now)
	if err != nil {
		fmt.Fprintln(stderr, "dashboard: cannot look:", err)
		return doctorBroken
	}
	add(v.Checks()...)
	add(keyChecks(c)...)
	add(certificateCheck(c.TLSCertFile)...)
	add(clockCheck(ctx, c))
	add(proof(ctx, c.DB, now)...)
	switch app.Worst(all) {
	case app.CheckBroken:
		return doctorBroken
	case app.CheckWarn:
		return doctorWarns
	}
	return doctorOK
}

// proof proves everything, and folds each payout alone: so that one that is broken does not hide the next.
func proof(ctx context.Context, db string, now time.Time) []app.Check {
	found, err := store.Prove(ctx, db)
	if err != nil {
		return []app.Check{{Name: "whole", State: app.CheckBroken, Line: "found", Text: err.Error()}}
	}
	more, n, err := store.JudgeAll(ctx, db, now)
	if err != nil {
		return []app.Check{{Name: "whole", State: app.CheckBroken, Line: "found", Text: err.Error()}}
	}
	if found = append(found, more...); len(found) == 0 {
		return []app.Check{{Name: "whole", State: app.CheckOK, Line: "whole.now", N: int64(n)}}
	}
	excepted, err := store.Excepted(ctx, db)
	if err != nil {
		return []app.Check{{Name: "whole", State: app.CheckBroken, Line: "found", Text: err.Error()}}
	}
	out := app.FoundChecks("whole", found)
	for i, f := range found {
		if excepted[f] {
			out[i].State, out[i].Line = app.CheckWarn, "found.excepted"
		}
	}
	return out
}

// keyChecks looks at who may read the keys, and how long they are.
func keyChecks(c *config.Doctor) (out []app.Check) {
	for _, k := range [][2]string{{"--history-key-file", c.HistoryKeyFile}, {"--session-key-file", c.SessionKeyFile}, {"--bank-private-key-file", c.BankPrivateKeyFile},
		{"--tls-key-file", c.TLSKeyFile}} {
		if k[1] == "" {
			continue
		}
		x := app.Check{Name: "key", State: app.CheckOK, Line: "key.ok", Text: k[0]}
		info, err := os.Stat(k[1])
		switch {
		case err != nil:
			x.State, x.Line = app.CheckBroken, "key.bad"
		case info.Mode().IsRegular() && info.Mode().Perm()&^0o600 != 0: // 0400 or 0600, nothing else
			x.State, x.Line, x.Text = app.CheckWarn, "key.open", k[0]+" ("+strconv.FormatUint(uint64(info.Mode().Perm()), 8)+")"
		}
		out = append(out, x)
	}
	bits := func(flag string, n int) {
		x := app.Check{Name: "key", State: app.CheckOK, Line: "key.ok", Text: fmt.Sprintf("%s, %d bits", flag, n)}
		if n < requestKeyBits {
			x.State, x.Line = app.CheckWarn, "key.short"
		}
		out = append(out, x)
	}
	bad := func(flag string) {
		out = append(out, app.Check{Name: "key", State: app.CheckBroken, Line: "key.bad", Text: flag})
	}
	if c.BankPrivateKeyFile != "" {
		if key, err := readKey("--bank-private-key-file", c.BankPrivateKeyFile, bank131.ParsePrivateKey); err != nil {
			bad("--bank-private-key-file")
		} else {
			bits("--bank-private-key-file", key.N.BitLen())
		}
	}
	if c.BankPublicKeyFile != "" {
		if keys, err := readKey("--bank-public-key-file", c.BankPublicKeyFile, bank131.ParsePublicKeys); err != nil {
			bad("--bank-public-key-file")
		} else {
			for _, k := range keys {
				bits("--bank-public-key-file", k.Key.N.BitLen())
			}
		}
	}
	return out
}

// certificateCheck says how long the first certificate of the chain is valid.
func certificateCheck(path string) []app.Check {
	if path == "" {
		return nil
	}
	b, err := os.ReadFile(path)
	if err == nil {
		if p, _ := pem.Decode(b); p != nil {
			if cert, perr := x509.ParseCertificate(p.Bytes); perr == nil {
				left := time.Until(cert.NotAfter)
				x := app.Check{Name: "certificate", State: app.CheckOK, Line: "certificate.ok", Age: left}
				switch {
				case left < 0:
					x.State, x.Line, x.Age = app.CheckBroken, "certificate.over", -left
				case left < soonOver:
					x.State, x.Line = app.CheckWarn, "certificate.soon"
				}
				return []app.Check{x}
			}
		}
	}
	return []app.Check{{Name: "certificate", State: app.CheckBroken, Line: "key.bad", Text: "--tls-cert-file"}}
}

// clockCheck asks the bank for the balance, the harmless call, and compares the clocks by the Date of its answer.
func clockCheck(ctx context.Context, c *config.Doctor) app.Check {
	if c.BankURL == "" {
		return app.Check{Name: "clock", State: app.CheckOK, Line: "clock.skip"}
	}
	down := func(err string) app.Check {
		return app.Check{Name: "clock", State: app.CheckWarn, Line: "clock.down", Text: err}
	}
	key, err := readKey("--bank-private-key-file", c.BankPrivateKeyFile, bank131.ParsePrivateKey)
	if err != nil {
		return down("--bank-private-key-file")
	}
	client, err := bank131.NewClient(bank131.Options{BaseURL: c.BankURL, Project: c.BankProject, Key: key, Timeout: 10 * time.Second, Now: time.Now})
	if err != nil {
		return down(err.Error())
	}
	defer client.Close()
	client.Balance(ctx, time.Now())
	at, ok := client.LastAnswer()
	if !ok {
		return down(c.BankURL)
	}
	theirs, _ := client.BankDate()
	return app.ClockCheck(at, theirs)
}
