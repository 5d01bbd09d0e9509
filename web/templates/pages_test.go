package templates

import (
	"bytes"
	"compress/gzip"
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"countersign/internal/lang"
)

// forbidden are the words of words.md that no page may show, in any case, as whole words.
var forbidden = []string{"digest", "verdict", "subject", "halt", "inbox", "held", "flagged", "succeeded", "failed", "pending_approval", "in_progress", "needs_review", "own_ref", "full_name", "admin"}

// read are the attributes that people see or hear.
var read = []string{"aria-label", "alt", "title", "placeholder", "data-text", "data-tick", "data-saving", "data-copied", "data-gone"}

func visible(n *html.Node, into *strings.Builder) {
	if n.Type == html.TextNode {
		into.WriteString(n.Data + " ")
	}
	for _, a := range n.Attr {
		if slices.Contains(read, a.Key) {
			into.WriteString(a.Val + " ")
		}
	}
	if n.Type == html.ElementNode && (n.Data == "pre" || n.Data == "code" || n.Data == "script") {
		return // raw bodies and codes to quote are the bank's and the machine's words
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		visible(c, into)
	}
}

func parse(t *testing.T, name, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

func each(n *html.Node, do func(*html.Node)) {
	if n.Type == html.ElementNode {
		do(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, do)
	}
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// TestWords renders every page in both languages and refuses the forbidden words in what people see, a brace
// that was not filled, a catalogue's word that leaked from code.
func TestWords(t *testing.T) {
	bad := regexp.MustCompile(`(?i)\b(` + strings.Join(forbidden, "|") + `)\b`)
	code := regexp.MustCompile(`\{\d|%!|\b[a-z]+_[a-z]+\b|\b(payout|approve|reason|signin|password|store)\.[a-z]+\b`)
	for _, w := range worlds() {
		for _, s := range w.samples() {
			var b strings.Builder
			visible(parse(t, s.name, render(t, s)), &b)
			text := b.String()
			if m := bad.FindString(text); m != "" {
				t.Errorf("%s %s shows %q", w.l, s.name, m)
			}
			if m := code.FindString(strings.ReplaceAll(text, "data-", "")); m != "" && m != "{1" {
				t.Errorf("%s %s shows code: %q", w.l, s.name, m)
			}
			if w.l == "en" && strings.Contains(text, "МСК") {
				t.Errorf("%s %s: Russian words on an English page", w.l, s.name)
			}
		}
	}
}

// TestSafe proves that no page needs more than our content policy allows: no inline style, script or handler.
// It also looks for what a browser would forgive and a reader would not: ids used twice, fields without a
// label, references that lead nowhere, heading levels left out, pages without a title.
func TestSafe(t *testing.T) {
	for _, w := range worlds() {
		for _, s := range w.samples() {
			name := w.l + " " + s.name
			doc := parse(t, name, render(t, s))
			ids, labelled := map[string]bool{}, map[string]bool{}
			last := 0
			each(doc, func(n *html.Node) {
				if id, ok := attr(n, "id"); ok {
					if ids[id] {
						t.Errorf("%s: id %q stands twice", name, id)
					}
					ids[id] = true
				}
				if to, ok := attr(n, "for"); ok && n.Data == "label" {
					labelled[to] = true
				}
				for _, a := range n.Attr {
					if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
						t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
					}
					if (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(a.Val, "javascript:") {
						t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
					}
				}
				if n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
					t.Errorf("%s: an inline <%s>", name, n.Data)
				}
				if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
					level := int(n.Data[1] - '0')
					if level > last+1 && !strings.HasPrefix(s.name, "fragment") {
						t.Errorf("%s: <%s> after level %d", name, n.Data, last)
					}
					last = level
				}
			})
			each(doc, func(n *html.Node) {
				kind, _ := attr(n, "type")
				if n.Data == "input" && kind != "hidden" || n.Data == "textarea" || n.Data == "select" {
					id, _ := attr(n, "id")
					inside := false
					for p := n.Parent; p != nil; p = p.Parent {
						inside = inside || p.Data == "label"
					}
					if hid, _ := attr(n, "aria-hidden"); hid != "true" && !inside && !labelled[id] {
						t.Errorf("%s: field %q has no label", name, id)
					}
				}
				for _, key := range []string{"aria-describedby", "aria-labelledby"} {
					if to, ok := attr(n, key); ok && !ids[to] && !strings.HasPrefix(s.name, "fragment") {
						t.Errorf("%s: %s=%q leads nowhere", name, key, to)
					}
				}
				if href, ok := attr(n, "href"); ok && len(href) > 1 && href[0] == '#' && !ids[href[1:]] && !strings.HasPrefix(s.name, "fragment") {
					t.Errorf("%s: a link to %s, which is not there", name, href)
				}
			})
		}
	}
}

// TestHostile proves that names and texts of strangers stay text.
func TestHostile(t *testing.T) {
	const evil = `"><img src=x onerror=alert(1)>'</textarea><script>`
	for _, w := range worlds() {
		v := w.payout("approver")
		v.Payee, v.Purpose, v.Bank, v.Makers, v.Reference = evil, evil, evil, evil, evil
		v.Panel.Decide.Reason, v.Panel.Text = evil, []string{evil}
		v.Timeline[0].Notes = []string{evil}
		f := w.form()
		f.FullName.Value, f.Purpose.Value, f.Sheet.Payee = evil, evil, evil
		l := w.listView()
		l.Rows[0].Payee, l.Rows[0].Purpose, l.Rows[0].SignsText, l.Filter.Query = evil, evil, evil, evil
		b := w.badge(1, "draft", evil, evil)
		p := w.page(SectionPayouts, evil, "approver")
		for name, page := range map[string]string{
			"payout": render(t, sample{"", Payout(p, v)}), "form": render(t, sample{"", PayoutForm(p, f)}), "list": render(t, sample{"", Payouts(p, l)}), "badge": render(t, sample{"", Badge(b)}),
		} {
			if strings.Contains(page, "<img") || strings.Contains(page, "<script>") || strings.Contains(page, evil) {
				t.Errorf("%s: a stranger's text became markup", name)
			}
		}
	}
}

// TestBadge proves that the badge of the live stream is one line and the same as in a row.
func TestBadge(t *testing.T) {
	for _, w := range worlds() {
		list := render(t, sample{"", Payouts(w.page(SectionPayouts, "", "approver"), w.listView())})
		for _, r := range w.rows() {
			b := render(t, sample{"", Badge(r.Badge)})
			if strings.ContainsAny(b, "\r\n") || b == "" {
				t.Errorf("%s: not one line: %q", r.Number, b)
			}
			if r.Badge.UntilMs == 0 && !strings.Contains(list, b) {
				t.Errorf("%s: the row holds another badge than\n%s", r.Number, b)
			}
		}
	}
}

// TestListSize holds a list of 50 rows with long names to 60 KB.
func TestListSize(t *testing.T) {
	for _, w := range worlds() {
		v := w.listView()
		rows := v.Rows
		for len(v.Rows) < 50 {
			v.Rows = append(v.Rows, rows[:min(len(rows), 50-len(v.Rows))]...)
		}
		page := render(t, sample{"", Payouts(w.page(SectionPayouts, w.t.List.Title, "approver"), v)})
		var z bytes.Buffer
		zw := gzip.NewWriter(&z)
		if _, err := zw.Write([]byte(page)); err != nil {
			t.Fatal(err)
		}
		if err := zw.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: 50 rows, %d bytes, %d gzipped", w.l, len(page), z.Len())
		if len(page) > 60<<10 {
			t.Errorf("%s: %d bytes, over 60 KB", w.l, len(page))
		}
	}
}

func TestWordsDiff(t *testing.T) {
	got := Words("акт № 87 от 13.11", "акт № 88 от 13.11")
	want := []DiffPart{{' ', "акт № "}, {'-', "87"}, {'+', "88"}, {' ', " от 13.11"}}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := Words("", "a b"); !slices.Equal(got, []DiffPart{{'+', "a b"}}) {
		t.Errorf("%v", got)
	}
	if got := Words("", ""); got != nil {
		t.Errorf("%v", got)
	}
}

func TestPlot(t *testing.T) {
	if c := Plot(make([]Day, 30), 0); len(c.Bars) != 0 || c.Width != 660 {
		t.Errorf("no days: %+v", c)
	}
	c := Plot([]Day{{100, 0}, {1, 50}, {0, 0}}, 100)
	if len(c.Bars) != 3 || c.Bars[0].H != 66 || c.Bars[1].H != 1 || c.Bars[2].Y+c.Bars[2].H != c.Bars[1].Y {
		t.Errorf("%+v", c.Bars)
	}
}

// BenchmarkList is templ's own share of the list page: 50 rows.
func BenchmarkList(b *testing.B) {
	w := world{t: lang.Russian, l: "ru"}
	v := w.listView()
	rows := v.Rows
	for len(v.Rows) < 50 {
		v.Rows = append(v.Rows, rows[:min(len(rows), 50-len(v.Rows))]...)
	}
	p := w.page(SectionPayouts, "", "approver")
	b.ReportAllocs()
	for b.Loop() {
		var buf bytes.Buffer
		if err := Payouts(p, v).Render(context.Background(), &buf); err != nil {
			b.Fatal(err)
		}
	}
}
