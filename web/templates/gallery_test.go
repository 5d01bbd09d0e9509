package templates

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"countersign/internal/fault"
	"countersign/internal/lang"
)

func fakeFault(code string, args ...any) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: code, Args: args}
}

func worlds() []world {
	return []world{{t: lang.Russian, l: "ru"}, {t: lang.English, l: "en"}}
}

func render(t *testing.T, s sample) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.page.Render(context.Background(), &b); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return b.String()
}

// TestGallery writes every page with rich data into the folder named by GALLERY, in both languages and
// themes, to be looked at: GALLERY=/tmp/gallery go test -run Gallery ./web/templates
func TestGallery(t *testing.T) {
	dir := os.Getenv("GALLERY")
	if dir == "" {
		t.Skip("set GALLERY=dir")
	}
	if err := os.RemoveAll(filepath.Join(dir, "static")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "static"), os.DirFS("../static")); err != nil {
		t.Fatal(err)
	}
	for _, w := range worlds() {
		for _, theme := range []string{"light", "dark"} {
			w.th = theme
			for _, s := range w.samples() {
				name := filepath.Join(dir, s.name+"-"+w.l+"-"+theme+".html")
				if err := os.WriteFile(name, []byte(render(t, s)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
