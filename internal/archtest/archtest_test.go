package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "countersign/"

// allowed is the import table of the house: for each package its own imports first, then after "|" the third-party modules that it may use. Only
// non-test files count. A package that is not here fails: say where it belongs before it is written.
var allowed = map[string]string{
	"cmd/dashboard":          "* | golang.org/x/sync github.com/alecthomas/kong golang.org/x/mod golang.org/x/net",
	"db":                     "",
	"internal/app":           "internal/failpoint internal/bankreport internal/bikdir internal/factor internal/payee internal/payout internal/protocol internal/approval internal/bankdetails internal/calendar internal/money internal/auth internal/audit internal/fault",
	"internal/approval":      "internal/money internal/fault",
	"internal/archtest":      "",
	"internal/audit":         "internal/failpoint | golang.org/x/mod",
	"internal/auth":          "| golang.org/x/crypto golang.org/x/text github.com/alexedwards/argon2id",
	"internal/bank131":       "internal/protocol internal/money internal/fault",
	"internal/bankdetails":   "internal/money internal/fault | golang.org/x/text",
	"internal/bankreport":    "internal/calendar | github.com/xuri/excelize golang.org/x/text",
	"internal/banksim":       "| github.com/xuri/excelize",
	"internal/bikdir":        "internal/fault | golang.org/x/text",
	"internal/browsertest":   "",
	"internal/calendar":      "",
	"internal/config":        "| github.com/alecthomas/kong",
	"internal/dispatch":      "internal/failpoint internal/app internal/protocol internal/fault",
	"internal/factor":        "internal/fault | github.com/go-webauthn/webauthn github.com/pquerna/otp golang.org/x/crypto",
	"internal/failpoint":     "",
	"internal/fault":         "",
	"internal/lang":          "internal/calendar internal/money internal/fault",
	"internal/live":          "",
	"internal/metrics":       "internal/app internal/payout | github.com/prometheus/client_golang",
	"internal/money":         "internal/fault",
	"internal/payee":         "internal/bankdetails internal/money internal/fault | golang.org/x/text",
	"internal/payout":        "internal/bankdetails internal/calendar internal/money internal/fault",
	"internal/planted":       "",
	"internal/protocol":      "internal/payout internal/calendar internal/money internal/fault",
	"internal/recheck":       "internal/audit internal/payout internal/factor",
	"internal/store":         "internal/failpoint internal/app internal/recheck internal/factor internal/payee internal/payout internal/protocol internal/approval internal/bankdetails internal/calendar internal/money internal/audit internal/auth internal/fault db internal/store/queries | modernc.org/sqlite github.com/pressly/goose/v3 golang.org/x/mod",
	"internal/store/queries": "",
	"internal/web": "internal/app internal/bankreport internal/factor internal/payee internal/calendar internal/auth internal/live internal/audit internal/payout internal/approval internal/bankdetails internal/money internal/fault internal/lang " +
		"web/templates web/static internal/protocol | github.com/labstack/echo/v4 github.com/a-h/templ github.com/gorilla/sessions golang.org/x/net",
	"internal/webhook":      "internal/failpoint internal/app internal/protocol internal/fault",
	"web/static":            "",
	"web/templates":         "internal/lang | github.com/a-h/templ",
	"web/templates/gallery": "* | github.com/a-h/templ",
}

// testsOnly are packages that only tests import; they may import everything.
var testsOnly = map[string]bool{"internal/desktest": true, "internal/archtest": true, "internal/browsertest": true, "internal/factor/softkey": true, "internal/simtest": true, "internal/planted": true}

type pkg struct {
	Dir, ImportPath, Doc string
	Imports, GoFiles     []string
	TestGoFiles          []string
	XTestGoFiles         []string
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = root(t)
	out, err := c.Output()
	if err != nil {
		var e *exec.ExitError
		if errors.As(err, &e) {
			t.Fatalf("%s %v: %s", name, args, e.Stderr)
		}
		t.Fatal(err)
	}
	return out
}

func packages(t *testing.T) []pkg {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(run(t, "go", "list", "-json=Dir,ImportPath,Doc,Imports,GoFiles,TestGoFiles,XTestGoFiles", "./..."))))
	var out []pkg
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		out = append(out, p)
	}
	if len(out) < 20 {
		t.Fatalf("only %d packages", len(out))
	}
	return out
}

// TestImports: every package imports only what the table of style.md lets it: arrows point inward, the domain knows no SQL, no HTTP and no bank, and every third-party module has
// its one place.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		if strings.HasPrefix(p.ImportPath, "internal/browsertest") && len(p.GoFiles) == 0 {
			continue
		}
		seen[p.ImportPath] = true
		rule, ok := allowed[p.ImportPath]
		if testsOnly[p.ImportPath] {
			continue
		}
		if !ok {
			t.Errorf("%s is not in the import table of this test: say what it may import", p.ImportPath)
			continue
		}
		own, third, _ := strings.Cut(rule, "|")
		for _, imp := range p.Imports {
			switch {
			case strings.HasPrefix(imp, module):
				imp = strings.TrimPrefix(imp, module)
				if testsOnly[imp] {
					t.Errorf("%s imports %s, which is for tests", p.ImportPath, imp)
				}
				if !slices.Contains(strings.Fields(own), imp) && strings.TrimSpace(own) != "*" {
					t.Errorf("%s imports %s, which its row does not allow", p.ImportPath, imp)
				}
			case !strings.Contains(strings.SplitN(imp, "/", 2)[0], "."): // the standard library
			default:
				if !slices.ContainsFunc(strings.Fields(third), func(m string) bool { return imp == m || strings.HasPrefix(imp, m+"/") }) {
					t.Errorf("%s imports %s, which its row does not allow", p.ImportPath, imp)
				}
			}
		}
	}
	for name := range allowed {
		if !seen[name] && !testsOnly[name] && name != "web/templates/gallery" {
			t.Errorf("%s is in the table and does not exist", name)
		}
	}
}

// TestPackageComments: every package says what it is for.
func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" && p.ImportPath != "internal/store/queries" { // generated
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// each parses every Go file that is compiled into the program.
func each(t *testing.T, fn func(p pkg, path string, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	for _, p := range packages(t) {
		if testsOnly[p.ImportPath] {
			continue
		}
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			fn(p, path, fset, f)
		}
	}
}

// clocks are the places outside cmd that may read the wall clock, with the reason.
var clocks = map[string]string{
	"internal/banksim/bank.go": "Options.Now nil is the wall clock: the pretend bank also runs alone",
	"internal/web/csv.go":      "write deadlines of a connection are the wall clock's, whatever the desk's clock shows",
	"internal/web/live.go":     "the same",
}

// money packages hold amounts, approvals and the history: no floating point there at all.
var exact = []string{"internal/payout", "internal/money", "internal/approval", "internal/protocol", "internal/app", "internal/store", "internal/store/queries", "internal/audit", "internal/bank131"}

// TestBans: no wall clock outside cmd but where said, no math/rand of the first kind, no math/rand at all where secrets are made, no unescaped text in pages, no switched-off
// certificate checks, no floating point where money, approvals or history are, no panics on what others send.
func TestBans(t *testing.T) {
	used := map[string]bool{}
	each(t, func(p pkg, path string, fset *token.FileSet, f *ast.File) {
		rel, err := filepath.Rel(root(t), path)
		if err != nil {
			t.Fatal(err)
		}
		rel = filepath.ToSlash(rel)
		imports := map[string]string{}
		for _, i := range f.Imports {
			name := strings.Trim(i.Path.Value, `"`)
			local := name[strings.LastIndex(name, "/")+1:]
			if i.Name != nil {
				local = i.Name.Name
			}
			imports[local] = name
			switch name {
			case "math/rand":
				t.Errorf("%s imports math/rand: use math/rand/v2, or crypto/rand for anything that matters", rel)
			case "math/rand/v2":
				if p.ImportPath != "internal/banksim" && p.ImportPath != "cmd/dashboard" {
					t.Errorf("%s imports math/rand/v2: randomness is passed in", rel)
				}
			case "unsafe":
				if rel == "internal/failpoint/on.go" { // never in a release
					continue
				}
				t.Errorf("%s imports unsafe", rel)
			case "os/exec":
				t.Errorf("%s imports os/exec: the desk starts no program", rel)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.SelectorExpr:
				id, ok := x.X.(*ast.Ident)
				if !ok {
					break
				}
				at := fset.Position(x.Pos())
				switch imports[id.Name] + "." + x.Sel.Name {
				case "time.Now", "time.Since", "time.Until":
					if strings.HasPrefix(p.ImportPath, "cmd/") {
						break
					}
					if used[rel] = true; clocks[rel] == "" {
						t.Errorf("%s:%d reads the wall clock: take it as an argument", rel, at.Line)
					}
				case "time.Sleep":
					t.Errorf("%s:%d sleeps: wait for something", rel, at.Line)
				case "github.com/a-h/templ.Raw", "github.com/a-h/templ.JSUnsafeFuncCall", "github.com/a-h/templ.SafeScript", "github.com/a-h/templ.SafeScriptInline", "html/template.HTML":
					t.Errorf("%s:%d writes unescaped text", rel, at.Line)
				}
			case *ast.Ident:
				if (x.Name == "float32" || x.Name == "float64") && slices.Contains(exact, p.ImportPath) {
					t.Errorf("%s:%d: %s where money is", rel, fset.Position(x.Pos()).Line, x.Name)
				}
				if x.Name == "InsecureSkipVerify" {
					t.Errorf("%s:%d switches the check of certificates off", rel, fset.Position(x.Pos()).Line)
				}
			case *ast.BasicLit:
				if x.Kind == token.FLOAT && slices.Contains(exact, p.ImportPath) {
					t.Errorf("%s:%d: %s where money is", rel, fset.Position(x.Pos()).Line, x.Value)
				}
			}
			return true
		})
	})
	for rel := range clocks {
		if !used[rel] {
			t.Errorf("%s may read the clock and does not: take it off the list", rel)
		}
	}
}

// TestLibc: modernc.org/libc is exactly the version that modernc.org/sqlite was tested with: another one has corrupted memory before.
func TestLibc(t *testing.T) {
	wanted := regexp.MustCompile(`(?m)^\s*modernc\.org/libc (v\S+)`)
	dir := strings.TrimSpace(string(run(t, "go", "list", "-m", "-f", "{{.Dir}}", "modernc.org/sqlite")))
	theirs, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	a, b := wanted.FindSubmatch(theirs), wanted.FindSubmatch(ours)
	if a == nil || b == nil || string(a[1]) != string(b[1]) {
		t.Errorf("go.mod has libc %s, sqlite's own go.mod names %s", b, a)
	}
}

// TestNoHosts: no tracked file names the host of a package registry: where packages come from is the machine's business. The names are put together
// here, so that this file does not hold them.
func TestNoHosts(t *testing.T) {
	dot := func(s ...string) string { return strings.Join(s, ".") }
	hosts := []string{dot("proxy", "golang", "org"), dot("sum", "golang", "org"), dot("goproxy", "io"), dot("goproxy", "cn"), dot("registry", "npmjs", "org"), dot("registry", "yarnpkg", "com"),
		dot("pypi", "org"), dot("files", "pythonhosted", "org"), dot("crates", "io"), dot("rubygems", "org"), dot("unpkg", "com"), dot("cdn", "jsdelivr", "net"), dot("cdnjs", "cloudflare", "com"),
		dot("deb", "debian", "org"), dot("archive", "ubuntu", "com"), dot("registry-1", "docker", "io"), dot("ghcr", "io"), dot("playwright", "azureedge", "net"), dot("cdn", "playwright", "dev")}
	for _, name := range strings.Split(string(run(t, "git", "ls-files", "-z")), "\x00") {
		if name == "" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root(t), name))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hosts {
			if strings.Contains(string(b), h) {
				t.Errorf("%s names a package registry's host (%s…)", name, h[:strings.Index(h, ".")])
			}
		}
	}
}

// TestSQLIsBound: no statement is put together from what somebody typed: outside internal/store nobody speaks SQL at all.
func TestSQLIsBound(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains(p.Imports, "database/sql") && p.ImportPath != "internal/store" && p.ImportPath != "internal/store/queries" && !testsOnly[p.ImportPath] {
			t.Errorf("%s imports database/sql", p.ImportPath)
		}
	}
}
