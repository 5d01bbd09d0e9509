package static

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestOpen proves that every file of this folder is inside the program, served under its own hash only, with
// the right type, and that the stylesheet names the fonts where they are.
func TestOpen(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	served := 0
	for _, e := range entries {
		if path.Ext(e.Name()) == ".go" {
			continue
		}
		served++
		at := URL(e.Name())
		if !strings.HasPrefix(at, Prefix) || !strings.HasSuffix(at, "/"+e.Name()) {
			t.Errorf("%s: address %q", e.Name(), at)
		}
		data, kind, ok := Open(at)
		if !ok || kind == "" {
			t.Errorf("%s is not inside (type %q)", e.Name(), kind)
		}
		raw, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if e.Name() != "desk.css" && string(raw) != string(data) {
			t.Errorf("%s is not served as it is", e.Name())
		}
		if _, _, ok := Open(strings.TrimPrefix(at, Prefix)); !ok {
			t.Errorf("%s: not found without the prefix", at)
		}
	}
	if served < 10 {
		t.Errorf("only %d files", served)
	}
	css, _, _ := Open(URL("desk.css"))
	fonts := regexp.MustCompile(`url\(([^)]*)\)`).FindAllSubmatch(css, -1)
	if len(fonts) != 4 {
		t.Errorf("%d fonts in the stylesheet", len(fonts))
	}
	for _, f := range fonts {
		if _, kind, ok := Open(string(f[1])); !ok || kind != "font/woff2" {
			t.Errorf("the stylesheet names %s, which is not there", f[1])
		}
	}
	for _, no := range []string{"", "desk.css", "/static/desk.css", "/static/000000000000/desk.css", "/static/../static.go", URL("desk.css") + "/"} {
		if _, _, ok := Open(no); ok {
			t.Errorf("Open(%q) found something", no)
		}
	}
	if URL("none.js") != "" {
		t.Error("an address for a file that is not there")
	}
}

// TestVendored holds VENDORED.txt and the files alike: one line each "file, name, version, licence, sha256".
func TestVendored(t *testing.T) {
	raw, err := os.ReadFile("VENDORED.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, line := range strings.Split(string(raw), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			t.Errorf("not five columns: %q", line)
			continue
		}
		data, err := os.ReadFile(f[0])
		if err != nil {
			t.Error(err)
			continue
		}
		listed[f[0]] = true
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f[4] {
			t.Errorf("%s is not what the list says: %x", f[0], sum)
		}
	}
	ours := []string{"desk.css", "desk.js", "live-worker.js", "passkey.js", "mark.svg", "VENDORED.txt"}
	for name := range byName {
		if !listed[name] && !slices.Contains(ours, name) {
			t.Errorf("%s is neither ours nor in VENDORED.txt", name)
		}
	}
}

// TestOldBrowsers refuses what Chromium 109 and Firefox 115 do not know, and what our content policy forbids.
func TestOldBrowsers(t *testing.T) {
	for name, bad := range map[string][]string{
		"desk.css":   {"light-dark(", "color-mix(", "popover", ":has(", "@container", "@scope", "text-wrap", "oklch(", "&", "@starting-style", "@import", "http:", "https:", "data:", "subgrid", "field-sizing"},
		"desk.js":    {"popover", "showPopover", "startViewTransition", "?.", "??", ".at(", "replaceAll", "structuredClone", "eval(", "new Function", ".style", "innerHTML +=", "setAttribute('style'", "localStorage", "document.write", "toSorted", "Object.groupBy", "import(", "http:", "https:"},
		"passkey.js": {"popover", "showPopover", "startViewTransition", "?.", "??", ".at(", "replaceAll", "structuredClone", "eval(", "new Function", ".style", "innerHTML +=", "setAttribute('style'", "localStorage", "document.write", "toSorted", "Object.groupBy", "import(", "http:", "https:"},
	} {
		text := read(t, name)
		if name == "desk.js" {
			text += read(t, "live-worker.js")
		}
		for _, b := range bad {
			if strings.Contains(text, b) {
				t.Errorf("%s holds %q", name, b)
			}
		}
	}
	// Nesting: a rule inside a rule that is no at-rule.
	depth := []bool{} // whether each open block is an at-rule
	css := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(read(t, "desk.css"), "")
	start := 0
	for i, c := range css {
		switch c {
		case ';', '}', '{':
			head := strings.TrimSpace(css[start:i])
			start = i + 1
			if c == '{' {
				if len(depth) > 0 && !depth[len(depth)-1] {
					t.Errorf("a nested rule: %.60q", head)
				}
				depth = append(depth, strings.HasPrefix(head, "@"))
			} else if c == '}' {
				depth = depth[:len(depth)-1]
			}
		}
	}
	if lines := strings.Count(read(t, "desk.js"), "\n") + strings.Count(read(t, "live-worker.js"), "\n"); lines > 420 { // the queue by keyboard came with issue 4
		t.Errorf("%d lines of script: keep it small", lines)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestContrast holds the tokens to look.md: each text colour ≥ 5.5:1 on page, surface, sunken and its own
// soft; edge ≥ 3:1; the words of a filled button likewise; and the dark set is the same at both its places.
func TestContrast(t *testing.T) {
	sets := tokenSets(read(t, "desk.css"))
	if len(sets) != 3 {
		t.Fatalf("%d sets of tokens, want light, dark by system, dark by choice", len(sets))
	}
	if fmt.Sprint(sets[1]) != fmt.Sprint(sets[2]) {
		t.Errorf("the two dark sets differ:\n%v\n%v", sets[1], sets[2])
	}
	for i, set := range sets[:2] {
		for _, name := range []string{"ink", "muted", "people", "bank", "paid", "doubt", "stop"} {
			grounds := []string{"page", "surface", "sunken"}
			if set[name+"-soft"] != "" {
				grounds = append(grounds, name+"-soft")
			}
			for _, g := range grounds {
				if r := ratio(t, set[name], set[g]); r < 5.5 {
					t.Errorf("set %d: %s on %s is %.2f:1", i, name, g, r)
				}
			}
		}
		for _, soft := range []string{"people-soft", "bank-soft", "doubt-soft", "stop-soft"} {
			if r := ratio(t, set["ink"], set[soft]); r < 5.5 {
				t.Errorf("set %d: ink on %s is %.2f:1", i, soft, r)
			}
		}
		if r := ratio(t, set["on-people"], set["people"]); r < 5.5 {
			t.Errorf("set %d: words of a filled button %.2f:1", i, r)
		}
		for _, g := range []string{"page", "surface", "sunken"} {
			if r := ratio(t, set["edge"], set[g]); r < 3 {
				t.Errorf("set %d: edge on %s is %.2f:1", i, g, r)
			}
		}
	}
}

var token = regexp.MustCompile(`--([a-z-]+):(#[0-9A-Fa-f]{6})`)

func tokenSets(css string) []map[string]string {
	_, layer, _ := strings.Cut(css, "@layer tokens{")
	layer, _, _ = strings.Cut(layer, "@layer base{")
	var out []map[string]string
	for _, block := range strings.Split(layer, "\n  color-scheme:")[1:] {
		set := map[string]string{}
		for _, m := range token.FindAllStringSubmatch(block, -1) {
			set[m[1]] = m[2]
		}
		out = append(out, set)
	}
	return out
}

func ratio(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(t *testing.T, hexColour string) float64 {
	t.Helper()
	if len(hexColour) != 7 {
		t.Fatalf("no colour: %q", hexColour)
	}
	n, err := strconv.ParseUint(hexColour[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	lin := func(c uint64) float64 {
		v := float64(c) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(n>>16&255) + 0.7152*lin(n>>8&255) + 0.0722*lin(n&255)
}
