// Package planted is a list of bugs, each with the test that must fail when it is put in: list.txt. run.sh (make planted) puts them in, one at a time, and
// runs those tests; this package only checks that the list still fits the tree.
package planted

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestList: each bug of list.txt has a name of its own, each of its places is in its file exactly once, the bug changes it, and its test is there. So whoever moves such a
// place, or renames such a test, moves the line with it, and make planted goes on proving that the suite sees what promises.md E.5 lists.
func TestList(t *testing.T) {
	list, err := os.ReadFile("list.txt")
	if err != nil {
		t.Fatal(err)
	}
	top := filepath.Join("..", "..")
	text := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	escapes := strings.NewReplacer(`\n`, "\n", `\t`, "\t")
	name := regexp.MustCompile(`^[a-z0-9-]+$`)
	names := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSuffix(string(list), "\n"), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, " | ")
		switch {
		case f[0] == "+" && len(f) == 4 && len(names) > 0:
		case len(f) != 6 || !name.MatchString(f[0]) || names[f[0]]:
			t.Errorf("line %d: six fields and a name of its own are needed: %.60s", i+1, line)
			continue
		default:
			names[f[0]] = true
			tests, err := filepath.Glob(filepath.Join(top, f[4], "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			test, there := f[5][strings.LastIndexByte(f[5], ' ')+1:], false
			for _, path := range tests {
				there = there || strings.Contains(text(path), "func "+test+"(t *testing.T)")
			}
			if !there {
				t.Errorf("line %d, %s: %s of %s is gone", i+1, f[0], test, f[4])
			}
		}
		if n := strings.Count(text(filepath.Join(top, f[1])), escapes.Replace(f[2])); n != 1 || f[2] == f[3] {
			t.Errorf("line %d, %s: its place is %d times in %s", i+1, f[0], n, f[1])
		}
	}
	if len(names) < 60 {
		t.Errorf("only %d bugs", len(names))
	}
}
