package web

import (
	"encoding/csv"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// FuzzCSVExport: whatever the cells say, the line is read back as exactly these cells, one line and no more, and no cell begins as a formula does.
func FuzzCSVExport(f *testing.F) {
	f.Add("Иванов", `=HYPERLINK("http://x";"y")`, "1;2")
	f.Add(`"`, "\r\n", "+7 900")
	f.Add("", "@SUM(A1)", `a"b;c`)
	f.Add("-1\r", "\t=1", "'=1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		cells := []string{a, b, c}
		line := csvLine(cells)
		if !strings.HasSuffix(line, "\r\n") {
			t.Fatalf("%q", line)
		}
		r := csv.NewReader(strings.NewReader(line))
		r.Comma = ';'
		all, err := r.ReadAll()
		if err != nil || len(all) != 1 || len(all[0]) != 3 {
			t.Fatalf("%q is read as %q, %v", line, all, err)
		}
		for i, got := range all[0] {
			want := strings.ReplaceAll(cells[i], "\r\n", "\n") // the reader's own rule
			if got != want && (got != "'"+want || !strings.ContainsAny(cells[i][:1], "=+-@\t\r\n")) {
				t.Fatalf("%q came back as %q", cells[i], got)
			}
			if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n") {
				t.Fatalf("%q begins as a formula", got)
			}
		}
	})
}

// FuzzNextURL: where a sign-in goes on to is always a page of this desk, as a browser reads the address: it skips tabs and line ends, and takes a backslash for a slash.
func FuzzNextURL(f *testing.F) {
	for _, s := range []string{"/payouts?tab=paid", "//evil.test", `/\evil.test`, "/\t/evil.test", "https://evil.test/", "/..//evil.test", "/%2f/evil.test", "/sign-in?next=/", "javascript:alert(1)", "/#//x", "", "/\x00//x", "/x:y@z"} {
		f.Add(s)
	}
	base, err := url.Parse("https://desk.test/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := local(next)
		if got != next && got != "/" {
			t.Fatalf("%q became %q", next, got)
		}
		browser := strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/").Replace(strings.Trim(got, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f "))
		if !strings.HasPrefix(browser, "/") || strings.HasPrefix(browser, "//") || strings.ContainsAny(got, "\r\n") || len(got) > 2000 {
			t.Fatalf("%q goes to %q", next, browser)
		}
		u, err := url.Parse(browser)
		if err != nil {
			t.Fatalf("%q: %v", next, err)
		}
		if u = base.ResolveReference(u); u.Host != "desk.test" || u.Scheme != "https" {
			t.Fatalf("%q goes to %s", next, u)
		}
	})
}

// FuzzMask: whatever stands around an account in a body of the bank's, under whatever key, the page shows its last four digits and no more; those who see no payees see a value only where its
// key is known to be harmless; what was JSON stays JSON.
func FuzzMask(f *testing.F) {
	f.Add("account", "", "", "{}")
	f.Add("full_name", "на ", ", 1 2", "[1]")
	f.Add("40817810100000270411", "4081781010", "\u20284", `"x`)
	f.Add("metadata", "\x00", "-1", "null")
	const account = "40817810100000270411"
	f.Fuzz(func(t *testing.T, key, before, after, rest string) {
		k, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		v, err := json.Marshal(before + account + after)
		if err != nil {
			t.Fatal(err)
		}
		whole := "{" + string(k) + ":" + string(v) + "}"
		for _, body := range []string{whole, "[" + whole + "," + rest + "]", whole + rest, rest + account} {
			for _, payees := range []bool{true, false} {
				out := shown([]byte(body), payees)
				if strings.Contains(out, account) {
					t.Fatalf("%q shows the account: %q", body, out)
				}
			}
		}
		for _, payees := range []bool{true, false} {
			var got map[string]string
			if err := json.Unmarshal([]byte(shown([]byte(whole), payees)), &got); err != nil || len(got) != 1 {
				t.Fatalf("%q is shown as %q: %v", whole, shown([]byte(whole), payees), err)
			}
			for shownKey, val := range got {
				var real map[string]string
				_ = json.Unmarshal([]byte(whole), &real) // it was written above
				for k := range real {
					if want := payees || plainKeys[k]; want != (val != "…") || shownKey != cutAccounts(k) {
						t.Fatalf("%q is shown as %q: %q", k, shownKey, val)
					}
				}
			}
		}
	})
}
