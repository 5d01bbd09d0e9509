package db

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// TestEmbedded: schema and migrations are really inside the program; migrations are numbered in order, since they are applied so and never changed
// once released. That they end in the schema is shown in internal/store.
func TestEmbedded(t *testing.T) {
	if !strings.Contains(Schema, "CREATE TABLE payout (") {
		t.Error("schema.sql is not inside")
	}
	files, err := fs.Glob(Migrations, "migrations/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	name := regexp.MustCompile(`^migrations/(\d{5})_[a-z_]+\.sql$`)
	last := ""
	for _, f := range files {
		m := name.FindStringSubmatch(f)
		if m == nil || m[1] <= last {
			t.Errorf("%s does not follow %s", f, last)
			continue
		}
		last = m[1]
		b, err := fs.ReadFile(Migrations, f)
		if err != nil || !strings.HasPrefix(string(b), "-- +goose Up") {
			t.Errorf("%s: %v", f, err)
		}
		if strings.Contains(string(b), "+goose Down") {
			t.Errorf("%s leads back: a history has no way back", f)
		}
	}
}
