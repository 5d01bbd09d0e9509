package archtest

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"testing"
)

// doors are the functions that open a writing transaction, with the reason. One is the use cases'; the others write rows of the store's own, of which the history says nothing.
var doors = map[string]string{
	"internal/app commit":        "the choke point: authorize first, then the use case",
	"internal/store SeenLogin":   "when a sign-in was used last: it moves with every page",
	"internal/store KeepRefused": "what came to the bank's door and was not the bank's: a ring of bytes that have no effect",
	"internal/store Sync":        "an empty commit, so that all before it reaches the disk",
}

// TestOneDoor: Store.Write is called, or taken as a value, in commit of internal/app and nowhere else in the program, but for the store's own rows: no use case, page, worker
// or command can write without passing authorize.
func TestOneDoor(t *testing.T) {
	found := map[string]int{}
	each(t, func(p pkg, path string, fset *token.FileSet, f *ast.File) {
		for _, d := range f.Decls {
			where := p.ImportPath + " outside of functions"
			if fn, is := d.(*ast.FuncDecl); is {
				where = p.ImportPath + " " + fn.Name.Name
			}
			opens := map[ast.Expr]bool{}
			ast.Inspect(d, func(n ast.Node) bool {
				switch x := n.(type) {
				case *ast.CallExpr: // a Write of three arguments is no io.Writer's, whatever it is called on
					if sel, is := x.Fun.(*ast.SelectorExpr); is && sel.Sel.Name == "Write" && len(x.Args) == 3 {
						opens[sel] = true
					}
				case *ast.SelectorExpr:
					if on, is := x.X.(*ast.SelectorExpr); is && x.Sel.Name == "Write" && on.Sel.Name == "Store" {
						opens[x] = true
					}
				}
				return true
			})
			for x := range opens {
				if found[where]++; doors[where] == "" {
					t.Errorf("%s:%d opens a writing transaction past the door", filepath.Base(path), fset.Position(x.Pos()).Line)
				}
			}
		}
	})
	for where := range doors {
		if found[where] != 1 {
			t.Errorf("%s opens %d writing transactions, not 1", where, found[where])
		}
	}
}
