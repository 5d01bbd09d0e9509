package config

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// cli is the whole command line as kong reads it.
type cli struct {
	Version versionFlag `help:"Print the version and stop."`

	Demo   Demo  `cmd:"" help:"Try it: everything on this machine, with a pretend bank, people and payouts."`
	Init   Init  `cmd:"" help:"Begin a desk: its first administrators, each with a link to set a password."`
	Serve  Serve `cmd:"" help:"Run the desk."`
	People struct {
		Add PeopleAdd `cmd:"" help:"Add a person: at once while the desk is founded, later as a proposal."`
	} `cmd:"" help:"People, on the console."`
	Keys struct {
		New KeysNew `cmd:"" help:"Make the keys of a desk."`
	} `cmd:"" help:"Keys."`
	Banksim Banksim `cmd:"" help:"Run the pretend bank alone."`
	Audit   struct {
		Verify AuditVerify `cmd:"" help:"Prove that the history is whole and unchanged."`
	} `cmd:"" help:"The history."`
	Doctor  Doctor  `cmd:"" help:"Look at the database, the disk, the keys and the bank, and say what is wrong."`
	Backup  Backup  `cmd:"" help:"Copy the database, also of a running desk."`
	Restore Restore `cmd:"" help:"Put a copy where a desk is to run; it starts in quarantine."`
}

const description = "Countersign: a payout desk. One person enters, others countersign, the bank is asked once."

// Detail adds text to the help of a command, for what only the command itself knows.
type Detail struct {
	Command string // "banksim"
	Text    string // paragraphs; indented lines are kept as they are
}

// Parse reads a command line (without the program's name) and the environment. It returns the
// command, checked, or nil and the exit code: 0 after help was printed to stdout, else ExitUsage
// or ExitUsageAudit after one line for each mistake was printed to stderr.
func Parse(args []string, getenv func(string) string, stdout, stderr io.Writer, details ...Detail) (Command, int) {
	usage := ExitUsage
	if wantsAudit(args) {
		usage = ExitUsageAudit
	}
	cmd, errs := parse(args, getenv, stdout, stderr, details)
	if len(errs) == 0 {
		return cmd, 0 // no command: help was printed
	}
	for _, err := range errs {
		// A write to stderr that fails leaves nobody to tell; the exit code tells all.
		_, _ = fmt.Fprintln(stderr, "dashboard:", err)
	}
	return nil, usage
}

func wantsAudit(args []string) bool {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			return a == "audit"
		}
	}
	return false
}

var errVersion = errors.New("version")

type versionFlag bool

// BeforeReset is kong's hook; it runs before a missing command is missed.
func (versionFlag) BeforeReset() error { return errVersion }

func parse(args []string, getenv func(string) string, stdout, stderr io.Writer, details []Detail) (Command, []error) {
	if slices.ContainsFunc(args, isSecret) {
		return nil, []error{errors.New("a key stands on the command line, where everybody can read it: put it into a file and give its path")}
	}
	var (
		c      cli
		wrong  lines // values that cannot be read
		exited bool
	)
	k, err := kong.New(&c,
		kong.Name("dashboard"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(int) { exited = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.ValueFormatter(helpWithEnv),
		kong.Resolvers(environment(getenv)),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), lenient(&wrong, "is no length of time: write 500ms, 20s or 2m", time.ParseDuration)),
		kong.TypeMapper(reflect.TypeFor[int](), lenient(&wrong, "is no whole number", strconv.Atoi)),
		kong.TypeMapper(reflect.TypeFor[int64](), lenient(&wrong, "is no whole number", func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })),
		kong.TypeMapper(reflect.TypeFor[Proxies](), lenient(&wrong, "is no network: write 10.0.0.0/24, several with commas", parseProxies)),
	)
	if err != nil {
		return nil, []error{fmt.Errorf("the command line is built wrongly: %w", err)}
	}
	for _, d := range details {
		for _, n := range k.Model.Leaves(false) {
			if n.Path() == d.Command {
				n.Detail = strings.TrimSpace(n.Detail + "\n\n" + d.Text)
			}
		}
	}
	ctx, err := k.Parse(args)
	switch {
	case errors.Is(err, errVersion):
		return &Version{}, nil
	case exited:
		return nil, nil
	case err != nil:
		return nil, []error{fmt.Errorf("%s; see dashboard --help", oneLine(err.Error()))}
	}
	cmd, ok := ctx.Selected().Target.Addr().Interface().(Command)
	if !ok {
		return nil, []error{errors.New("no command; see dashboard --help")}
	}
	switch cmd := cmd.(type) {
	case *Demo:
		cmd.Addr = onLoopback(cmd.Addr)
	case *Banksim:
		cmd.Addr = onLoopback(cmd.Addr)
	case *Serve:
		cmd.MetricsAddr = onLoopback(cmd.MetricsAddr)
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	errs := secretsInEnv(ctx.Selected(), getenv)
	errs = append(errs, wrong...)
	for _, err := range cmd.Validate() {
		// A value that could not be read has said so already; what Validate saw was its default.
		if !slices.ContainsFunc(wrong, func(w error) bool { return flagOf(w) == flagOf(err) }) {
			errs = append(errs, err)
		}
	}
	return cmd, errs
}

func flagOf(err error) string {
	flag, _, _ := strings.Cut(err.Error(), ":")
	return flag
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func onLoopback(addr string) string {
	if strings.HasPrefix(addr, ":") {
		return "127.0.0.1" + addr
	}
	return addr
}

// envName returns the twin of a flag.
func envName(flag string) string {
	return "DASHBOARD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func helpWithEnv(v *kong.Value) string {
	if v.Flag == nil || v.Flag.Name == "help" || v.Flag.Name == "version" {
		return v.Help
	}
	if v.HasDefault && v.Default != "" {
		return fmt.Sprintf("%s Default %s. ($%s)", v.Help, v.Default, envName(v.Flag.Name))
	}
	return fmt.Sprintf("%s ($%s)", v.Help, envName(v.Flag.Name))
}

// environment lets a flag that is not on the command line take its value from its twin; an empty
// one counts as not set. kong's own env tag would read the process's environment.
func environment(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if flag.Name == "help" || flag.Name == "version" {
			return nil, nil
		}
		if v := getenv(envName(flag.Name)); v != "" {
			return v, nil
		}
		return nil, nil
	})
}

// lenient reads a value with read; what cannot be read is noted in wrong, and kong goes on.
func lenient[T any](wrong *lines, complaint string, read func(string) (T, error)) kong.Mapper {
	return kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		var raw string
		if err := ctx.Scan.PopValueInto("value", &raw); err != nil {
			return err
		}
		v, err := read(strings.TrimSpace(raw))
		if err != nil {
			if isSecret(raw) || len(raw) > 60 {
				raw = "(long)"
			}
			wrong.once(ctx.Value.Name, "%q %s", raw, complaint)
			return nil
		}
		target.Set(reflect.ValueOf(v))
		return nil
	})
}

func parseProxies(s string) (Proxies, error) {
	var out Proxies
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if a, err := netip.ParseAddr(word); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, err
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("%s has bits beyond its length", p)
		}
		out = append(out, p)
	}
	return out, nil
}

// isSecret reports whether a setting looks like a key itself instead of a path.
func isSecret(s string) bool {
	return strings.Contains(s, "-----BEGIN") || strings.Contains(s, "PRIVATE KEY")
}

// secretsInEnv refuses the twin of a secret file without its _FILE: somebody has put the secret
// itself there, where child processes and crash reports see it.
func secretsInEnv(n *kong.Node, getenv func(string) string) []error {
	var errs []error
	for _, f := range n.Flags {
		switch f.Name {
		case "session-key-file", "history-key-file", "bank-private-key-file", "tls-key-file", "password-file", "totp-secret-file":
			env := envName(strings.TrimSuffix(f.Name, "-file"))
			if getenv(env) != "" {
				errs = append(errs, fmt.Errorf("%s: secrets come from files only: remove it and set %s_FILE to a path", env, env))
			}
		}
	}
	return errs
}
