package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"countersign/internal/banksim"
	"countersign/internal/config"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/store"
)

// Exit codes of commands other than audit verify.
const (
	exitFailed = 1
	exitUsage  = 2
	exitLocked = 3
)

// version is what --version prints: the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value
		}
	}
	return v
}

// run does one command and returns its exit code. Stdout carries only what design.md lists; everything else goes to stderr.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	cmd, code := config.Parse(args, getenv, stdout, stderr, config.Detail{Command: "banksim", Text: kopecksHelp()})
	if cmd == nil {
		return code
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	var err error
	switch c := cmd.(type) {
	case *config.Demo:
		err = runDemo(ctx, c, stdout, log)
	case *config.Serve:
		for _, w := range c.Warnings() {
			fmt.Fprintln(stderr, "dashboard:", w)
		}
		err = runServe(ctx, c, stdout, log)
	case *config.PeopleAdd:
		err = runPeopleAdd(ctx, c, stderr, log)
	case *config.Init:
		err = runInit(ctx, c, stdout, log)
	case *config.KeysNew:
		err = runKeysNew(c, stdout)
	case *config.Banksim:
		err = runBanksim(ctx, c, stdout, log)
	case *config.AuditVerify:
		return runVerify(ctx, c, stdout, stderr)
	case *config.Doctor:
		return runDoctor(ctx, c, stdout, stderr)
	case *config.Backup:
		err = runBackup(ctx, c)
	case *config.Restore:
		return runRestore(ctx, c, stdout, stderr)
	case *config.Version:
		fmt.Fprintln(stdout, "countersign", version())
	default:
		err = fmt.Errorf("command %T is not wired", cmd)
	}
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || fault.KindOf(err) == fault.Unavailable) {
		fmt.Fprintln(stderr, "dashboard: stopped before it was ready")
		return exitFailed
	}
	fmt.Fprintln(stderr, "dashboard:", oneLine(err))
	return exitOf(err)
}

// usage marks an error of configuration that only showed when things were opened.
type usage struct{ err error }

func (u usage) Error() string { return u.err.Error() }
func (u usage) Unwrap() error { return u.err }

func exitOf(err error) int {
	var u usage
	switch {
	case errors.Is(err, store.ErrLocked):
		return exitLocked
	case errors.As(err, &u), errors.Is(err, store.ErrBorn), fault.As(err) != nil:
		return exitUsage
	}
	return exitFailed
}

// oneLine is the error as an operator reads it: faults in words.
func oneLine(err error) string {
	l := fault.As(err)
	if l == nil {
		return strings.ReplaceAll(err.Error(), "\n", " ")
	}
	var s []string
	for _, f := range l {
		s = append(s, lang.For(lang.EN).Fault(f))
	}
	return strings.Join(s, " ")
}

// kopecksHelp lists, in banksim's help, what the last two digits of an amount make it do.
func kopecksHelp() string {
	var b strings.Builder
	b.WriteString("The kopecks of an amount choose what the bank does:\n\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range banksim.Kopecks() {
		kop := "others"
		if r.Kop > 0 {
			kop = fmt.Sprintf("%02d", r.Kop)
		}
		fmt.Fprintf(w, "  %s\t%s\t→ %s\n", kop, r.Bank, r.End)
	}
	w.Flush() // into a strings.Builder: cannot fail
	return b.String()
}
