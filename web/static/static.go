// Package static holds the files a browser gets as they are: our stylesheet and scripts, htmx and the fonts.
//
// Each is served under its own content hash (URL), so a browser keeps it for ever and never sees an old one.
// VENDORED.txt lists what is not ours, with version, licence and SHA-256; a test holds the list and the files
// alike. The package serves nothing by itself and imports nothing of ours.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
)

//go:embed *.css *.js *.woff2 *.svg *.txt
var files embed.FS

// Prefix is where the files are served.
const Prefix = "/static/"

type file struct {
	data []byte
	kind string
	hash string
}

var byName = load()

func load() map[string]file {
	kinds := map[string]string{
		".css":   "text/css; charset=utf-8",
		".js":    "text/javascript; charset=utf-8",
		".woff2": "font/woff2",
		".svg":   "image/svg+xml",
		".txt":   "text/plain; charset=utf-8",
	}
	all := map[string]file{}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic("static: " + err.Error()) // embedded at build: cannot happen
	}
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			panic("static: " + err.Error())
		}
		all[e.Name()] = file{data: data, kind: kinds[path.Ext(e.Name())], hash: hashOf(data)}
	}
	// The stylesheet names the fonts, by hash too: a relative address would keep the stylesheet's own hash.
	css := all["desk.css"]
	text := string(css.data)
	for name, f := range all {
		if strings.HasSuffix(name, ".woff2") {
			text = strings.ReplaceAll(text, "url("+name+")", "url("+Prefix+f.hash+"/"+name+")")
		}
	}
	css.data = []byte(text)
	css.hash = hashOf(css.data)
	all["desk.css"] = css
	return all
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// URL is the address of a file, "" if there is none of that name.
func URL(name string) string {
	f, ok := byName[name]
	if !ok {
		return ""
	}
	return Prefix + f.hash + "/" + name
}

// Open returns the file at an address below Prefix ("<hash>/<name>"), with its content type. Only the hash of
// the file as it is now will do: anything else is not there.
func Open(at string) (data []byte, contentType string, ok bool) {
	hash, name, found := strings.Cut(strings.TrimPrefix(at, Prefix), "/")
	f, known := byName[name]
	if !found || !known || f.hash != hash {
		return nil, "", false
	}
	return f.data, f.kind, true
}
