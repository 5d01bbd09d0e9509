package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// decisionTables are the decision tables of the program whose rows are constants or codes of faults: where they stand, which rows they are, and whose tests must show them.
// Tables that are functions are tried in full where they stand: TestDecisions_* in internal/payout, internal/protocol and internal/app.
var decisionTables = []struct {
	name, dir string
	rows      *regexp.Regexp // names of constants
	codes     *regexp.Regexp // or codes of faults, as the program writes them
	tests     []string       // folders whose tests show the rows
}{
	{name: "state of a payout", dir: "internal/payout", rows: regexp.MustCompile(`^(Draft|PendingApproval|Approved|Sending|InProgress|Succeeded|Failed|Unknown|Returned|Rejected|Cancelled|Expired)$`), tests: []string{"internal/payout", "internal/protocol"}},
	{name: "event of a payout", dir: "internal/payout", rows: regexp.MustCompile(`^Act[A-Z]`), tests: []string{"internal/payout", "internal/app", "internal/store", "internal/recheck", "internal/web"}},
	{name: "class of an answer", dir: "internal/protocol", rows: regexp.MustCompile(`^(Taken|Refused|NotSent|CredentialNo|Unsure)$`), tests: []string{"internal/protocol"}},
	{name: "reading of a session", dir: "internal/protocol", rows: regexp.MustCompile(`^(Open|Paid|NotPaid|Doubtful|DoubtfulFlag|Idle)$`), tests: []string{"internal/protocol"}},
	{name: "source of evidence", dir: "internal/protocol", rows: regexp.MustCompile(`^From[A-Z]`), tests: []string{"internal/protocol"}},
	{name: "halt by the system", dir: "internal/protocol", rows: regexp.MustCompile(`^Halt[A-Z]`), tests: []string{"internal/protocol", "internal/app"}},
	{name: "call of the stepwise flow", dir: "internal/protocol", rows: regexp.MustCompile(`^Call(Create|Start|Confirm|Cancel)$`), tests: []string{"internal/protocol"}},
	{name: "stage of a session", dir: "internal/protocol", rows: regexp.MustCompile(`^Stage[A-Z]`), tests: []string{"internal/protocol"}},
	{name: "signature refused", dir: "internal/bank131", rows: regexp.MustCompile(`^Sign[A-Z]`), tests: []string{"internal/bank131", "internal/webhook"}},
	{name: "message unusable", dir: "internal/bank131", rows: regexp.MustCompile(`^(NotJSON|DoubledKey|MixedNames|NoSession|OddShape)$`), tests: []string{"internal/bank131", "internal/webhook"}},
	{name: "warning to tick", dir: "internal/bankdetails", rows: regexp.MustCompile(`^Warn[A-Z]`), tests: []string{"internal/bankdetails", "internal/web", "internal/app"}},
	{name: "details refused", dir: "internal/bankdetails", rows: regexp.MustCompile(`^Code[A-Z]`), tests: []string{"internal/bankdetails", "internal/web", "internal/payout"}},
	{name: "amount refused", dir: "internal/money", rows: regexp.MustCompile(`^Code[A-Z]`), tests: []string{"internal/money", "internal/web"}},
	{name: "report refused", dir: "internal/bankreport", rows: regexp.MustCompile(`^Code[A-Z]`), tests: []string{"internal/bankreport", "internal/app"}},
	{name: "ruling refused", dir: "internal/app", codes: regexp.MustCompile(`^verdict\.`), tests: []string{"internal/app", "internal/web"}},
	{name: "replacement refused", dir: "internal/app", codes: regexp.MustCompile(`^replace\.`), tests: []string{"internal/app", "internal/web"}},
	{name: "day refused", dir: "internal/app", codes: regexp.MustCompile(`^due\.`), tests: []string{"internal/app", "internal/web"}},
	{name: "approval refused", dir: "internal/app", codes: regexp.MustCompile(`^approve\.`), tests: []string{"internal/app", "internal/web", "internal/payout"}},
	{name: "halt refused", dir: "internal/app", codes: regexp.MustCompile(`^halt\.`), tests: []string{"internal/app", "internal/web"}},
}

// behind are rows that no test can reach, and why.
var behind = map[string]string{"approve.role": "the door refuses such a person before, with denied.role"}

// words of a text that a test may name a row by.
var rowWords = regexp.MustCompile(`[a-z0-9_.!]+`)

// files parses the Go files of a folder, the tests or the rest.
func goFiles(t *testing.T, dir string, tests bool) map[string]*ast.File {
	t.Helper()
	out := map[string]*ast.File{}
	base := filepath.Join(root(t), dir)
	err := filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != base {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") != tests {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			out[filepath.Base(path)] = f
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func literal(n ast.Node) (string, bool) {
	if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, err := strconv.Unquote(l.Value)
		return s, err == nil
	}
	return "", false
}

// mentions is every test of these folders by what it names: identifiers, and the words of its texts. What a file says outside of its tests (tables, helpers) counts for the file.
func mentions(t *testing.T, dirs []string) map[string]string {
	t.Helper()
	by := map[string]string{}
	for _, dir := range dirs {
		for name, f := range goFiles(t, dir, true) {
			for _, d := range f.Decls {
				where := dir + "/" + name
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && (strings.HasPrefix(fn.Name.Name, "Test") || strings.HasPrefix(fn.Name.Name, "Fuzz")) {
					where = dir + " " + fn.Name.Name
				}
				ast.Inspect(d, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok && by[id.Name] == "" {
						by[id.Name] = where
					}
					if s, ok := literal(n); ok {
						for _, w := range append(rowWords.FindAllString(s, -1), s) {
							if by["="+w] == "" {
								by["="+w] = where
							}
						}
					}
					return true
				})
			}
		}
	}
	return by
}

// TestTables lists every row of every such table with a test that names it (make tables prints the list); a row that no test names fails. Issue 5 "To show" i.
func TestTables(t *testing.T) {
	all := 0
	for _, table := range decisionTables {
		rows := map[string]string{} // value: name of its constant, "" for a code
		for _, f := range goFiles(t, table.dir, false) {
			ast.Inspect(f, func(n ast.Node) bool {
				if g, ok := n.(*ast.GenDecl); ok && g.Tok != token.CONST {
					return true
				}
				if v, ok := n.(*ast.ValueSpec); ok && table.rows != nil {
					for i, id := range v.Names {
						if !table.rows.MatchString(id.Name) {
							continue
						}
						value := id.Name
						if i < len(v.Values) {
							if s, ok := literal(v.Values[i]); ok {
								value = s
							}
						}
						rows[value] = id.Name
					}
				}
				if call, ok := n.(*ast.CallExpr); ok && table.codes != nil { // fault.Bad("field", "code"), fault.Deny("code")
					if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
						if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "fault" {
							for _, a := range call.Args {
								if s, ok := literal(a); ok && table.codes.MatchString(s) {
									rows[s] = ""
								}
							}
						}
					}
				}
				return true
			})
		}
		if len(rows) == 0 {
			t.Errorf("%s: no rows found in %s", table.name, table.dir)
		}
		named := mentions(t, table.tests)
		for _, value := range slices.Sorted(maps.Keys(rows)) {
			all++
			where := named["="+value]
			if where == "" {
				where = named[rows[value]]
			}
			if why, ok := behind[value]; ok && where == "" {
				where = "none: " + why
			}
			if where == "" {
				t.Errorf("%s: no test in %v names %q (%s)", table.name, table.tests, value, rows[value])
			}
			t.Logf("row | %s | %s | %s", table.name, value, where)
		}
	}
	t.Logf("%d rows of %d tables", all, len(decisionTables))
}
