package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/bank131"
	"countersign/internal/config"
)

// tlsFiles are the certificate chain and key of a desk that ends TLS itself.
type tlsFiles struct{ cert, key string }

func readKey[T any](flag, path string, parse func([]byte) (T, error)) (T, error) {
	var zero T
	b, err := os.ReadFile(path)
	if err != nil {
		return zero, usage{fmt.Errorf("%s: %w", flag, err)}
	}
	v, err := parse(b)
	if err != nil {
		return zero, usage{fmt.Errorf("%s: %s: %w", flag, path, err)}
	}
	return v, nil
}

// sessionKey reads the secret for cookies: hex or raw, 32 bytes or more.
func sessionKey(b []byte) ([]byte, error) {
	if b = bytes.TrimSpace(b); len(b) < 32 {
		return nil, errors.New("shorter than 32 bytes")
	}
	return b, nil
}

func runServe(ctx context.Context, c *config.Serve, stdout io.Writer, log *slog.Logger) error {
	signer, err := readKey("--history-key-file", c.HistoryKeyFile, audit.LoadSigner)
	if err != nil {
		return err
	}
	secret, err := readKey("--session-key-file", c.SessionKeyFile, sessionKey)
	if err != nil {
		return err
	}
	ours, err := readKey("--bank-private-key-file", c.BankPrivateKeyFile, bank131.ParsePrivateKey)
	if err != nil {
		return err
	}
	if ours.N.BitLen() < 3072 {
		log.Warn("our key is shorter than 3072 bits; 'dashboard keys new' makes a longer one", "bits", ours.N.BitLen())
	}
	theirs, err := readKey("--bank-public-key-file", c.BankPublicKeyFile, bank131.ParsePublicKeys)
	if err != nil {
		return err
	}
	for _, k := range theirs {
		if k.Key.Equal(&ours.PublicKey) {
			return usage{errors.New("--bank-public-key-file: holds our own key, not the bank's")}
		}
	}
	d, err := openDesk(ctx, deskOptions{DB: c.DB, Anchor: c.AnchorFile, Machine: machine(), BackupDir: c.BackupDir, BackupEvery: c.BackupEvery, BackupKeep: c.BackupKeep, TLSCert: c.TLSCertFile, Born: "serve", Environment: c.BankURL, Signer: signer, SessionKey: secret,
		PublicURL: c.PublicURL, TrustedProxy: c.TrustedProxy, BankURL: c.BankURL, Project: c.BankProject, Flow: c.BankFlow, Confirm: c.BankConfirm, OurKey: ours, BankKeys: theirs,
		NoBalance: c.BankBalance == "off", BankTimeout: c.BankTimeout, PollMin: c.PollMin, SendAfter: c.SendAfter, ReportDir: c.ReportDir, Rules: approval.ServeRules(), Log: log, Now: time.Now})
	if err != nil {
		return err
	}
	if c.MetricsAddr != "" {
		if d.Metrics, err = net.Listen("tcp", c.MetricsAddr); err != nil {
			return errors.Join(usage{fmt.Errorf("--metrics-addr: %w", err)}, d.close())
		}
	}
	if err := d.build(ctx); err != nil {
		return errors.Join(err, d.close())
	}
	ln, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return errors.Join(err, d.close())
	}
	var tls *tlsFiles
	if c.TLS() {
		tls = &tlsFiles{c.TLSCertFile, c.TLSKeyFile}
	}
	if why := d.store.Quarantined(); why != "" {
		log.Error("quarantine: nothing will be sent", "database_is", why, "anchor", c.AnchorFile)
	}
	err = d.serve(ctx, ln, tls, func() {
		if d.Metrics != nil {
			fmt.Fprintf(stdout, "metrics\thttp://%s/metrics\n", d.Metrics.Addr())
		}
		fmt.Fprintf(stdout, "open\t%s\nready\n", localURL(ln, c.TLS()))
	})
	return errors.Join(err, d.close())
}

// localURL is where a listener can be reached on this machine.
func localURL(ln net.Listener, tls bool) string {
	scheme := "http"
	if tls {
		scheme = "https"
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return scheme + "://" + ln.Addr().String()
	}
	return scheme + "://localhost:" + port
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func trimLine(b []byte) string { return strings.TrimRight(string(b), "\r\n") }

func join(dir, name string) string { return filepath.Join(dir, name) }
