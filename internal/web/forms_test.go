package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/bankdetails"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
)

// formFields are what a maker types.
var formFields = []string{"full_name", "bik", "account", "amount", "description", "due_date", "own_ref", "inn", "kpp", "note"}

// inputs are the values of the fields of a page as a browser holds them, the first of each name.
func inputs(t *testing.T, page string) map[string]string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	must(t, err)
	out := map[string]string{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" && n.Data != "textarea" {
			continue
		}
		name, value := "", ""
		for _, a := range n.Attr {
			switch a.Key {
			case "name":
				name = a.Val
			case "value":
				value = a.Val
			}
		}
		if n.Data == "textarea" && n.FirstChild != nil {
			value = n.FirstChild.Data
		}
		if _, ok := out[name]; !ok {
			out[name] = value
		}
	}
	return out
}

// asShown is a typed value as a browser holds it once a page brought it back: it cannot hold what is no text.
func asShown(v string) string {
	v = strings.ReplaceAll(strings.ReplaceAll(v, "\r\n", "\n"), "\r", "\n")
	return strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", "\ufffd"), "\ufffd")
}

const (
	bikA  = "044525974"
	firm  = "40702810"
	inn10 = "7707083893"
)

// forms is the table of promises.md E.2 for the form of a payout: what is typed into a field, and its verdict. "stored X": taken, and the field is kept as X (the amount in kopecks);
// "refused FIELD CODE": refused there, nothing is stored and nothing typed is lost; "draft WARNING": kept as a draft
// until the warning is ticked; "kept FIELD CODE": refused there and kept as a draft, because tomorrow it may be right.
var forms = []struct{ name, field, value, verdict string }{
	// Amounts.
	{"as people write it", "amount", "1 234,56", "stored 123456"},
	{"one decimal", "amount", "1,5", "stored 150"},
	{"spaces around", "amount", " 1 ", "stored 100"},
	{"no-break spaces", "amount", "1\u00a0234\u202f567,00", "stored 123456700"},
	{"with its sign", "amount", "5 ₽", "stored 500"},
	{"a kopeck", "amount", "0,01", "stored 1"},
	{"a line end behind", "amount", "7\r\n", "stored 700"},
	{"the largest", "amount", "1 000 000 000 000", "stored 100000000000000"},
	{"a kopeck above the largest", "amount", "1 000 000 000 000,01", "refused amount amount.overflow"},
	{"the largest int64 in kopecks", "amount", "92233720368547758,07", "refused amount amount.overflow"},
	{"the largest int64", "amount", "9223372036854775807", "refused amount amount.overflow"},
	{"one more than int64 in kopecks", "amount", "92233720368547758,08", "refused amount amount.overflow"},
	{"empty", "amount", "", "refused amount amount.empty"},
	{"zero", "amount", "0", "refused amount amount.not_positive"},
	{"below zero", "amount", "-1", "refused amount amount.sign"},
	{"a minus of typesetters", "amount", "−1", "refused amount amount.sign"},
	{"an exponent", "amount", "1e3", "refused amount amount.exponent"},
	{"an exponent in Cyrillic", "amount", "1е3", "refused amount amount.exponent"},
	{"two points", "amount", "1.5.5", "refused amount amount.grouping"},
	{"Arabic digits", "amount", "٣٤", "refused amount amount.digits"},
	{"thousands or decimals", "amount", "1.000", "refused amount amount.ambiguous"},
	{"parts of a kopeck", "amount", "1,2345", "refused amount amount.decimals"},
	{"hexadecimal", "amount", "0x10", "refused amount amount.format"},
	{"dollars", "amount", "100 USD", "refused amount amount.format"},
	{"a formula", "amount", "=1+1", "refused amount amount.format"},
	{"NaN", "amount", "NaN", "refused amount amount.format"},
	{"a NUL behind", "amount", "1\x00", "refused amount amount.format"},
	{"two lines", "amount", "1\r\n2", "refused amount amount.format"},
	{"a zero-width space", "amount", "1\u200b0", "refused amount amount.format"},
	{"70 digits", "amount", strings.Repeat("9", 70), "refused amount amount.too_long"},
	{"10,000 digits", "amount", strings.Repeat("9", 10_000), "refused amount amount.too_long"},

	// Names.
	{"an apostrophe", "full_name", "O'Brien Conan", "stored O'Brien Conan"},
	{"hyphens and Ё", "full_name", "Ёлкина-Иванова Анна-Мария", "stored Ёлкина-Иванова Анна-Мария"},
	{"letters taken apart", "full_name", "Иваи\u0306 Ян", "stored Ивай Ян"},
	{"spaces around, one that does not break", "full_name", "  Ян\u00a0Ли \t", "stored Ян Ли"},
	{"four bytes", "full_name", "Иванов 𠮷", "stored Иванов 𠮷"},
	{"a tag", "full_name", `<img src=x onerror=alert(1)>`, "stored <img src=x onerror=alert(1)>"},
	{"a tag that closes a field", "full_name", `"><script>alert(1)</script>`, `stored "><script>alert(1)</script>`},
	{"escaped already", "full_name", "Ли &amp; Ко &lt;", "stored Ли &amp; Ко &lt;"},
	{"a formula of spreadsheets", "full_name", `=HYPERLINK("http://x","y")`, `stored =HYPERLINK("http://x","y")`},
	{"a way up", "full_name", "../../etc/passwd", "stored ../../etc/passwd"},
	{"SQL", "full_name", "Роберт'; DROP TABLE payout;--", "stored Роберт'; DROP TABLE payout;--"},
	{"NULL", "full_name", "NULL", "stored NULL"},
	{"160 characters", "full_name", strings.Repeat("Д", 160), "stored " + strings.Repeat("Д", 160)},
	{"161 characters", "full_name", strings.Repeat("Д", 161), "refused full_name full_name.too_long"},
	{"10,000 characters", "full_name", strings.Repeat("Д", 10_000), "refused full_name full_name.too_long"},
	{"no name", "full_name", " \u00a0 ", "refused full_name full_name.empty"},
	{"a template", "full_name", "{{7*7}}", "refused full_name full_name.letters"},
	{"escaped zero", "full_name", "%00", "refused full_name full_name.letters"},
	{"digits only", "full_name", "123", "refused full_name full_name.letters"},
	{"a picture only", "full_name", "😀", "refused full_name full_name.letters"},
	{"a NUL", "full_name", "Иванов\x00Иван", "refused full_name full_name.chars"},
	{"right to left", "full_name", "Иванов\u202eнавИ", "refused full_name full_name.chars"},
	{"isolated direction", "full_name", "Иванов\u2066Иван", "refused full_name full_name.chars"},
	{"no width", "full_name", "Ива\u200bнов", "refused full_name full_name.chars"},
	{"a soft hyphen", "full_name", "Ива\u00adнов", "refused full_name full_name.chars"},
	{"letters of tags", "full_name", "Иванов\U000e0041", "refused full_name full_name.chars"},
	{"a heap of accents", "full_name", "И" + strings.Repeat("\u0301", 9), "refused full_name full_name.chars"},
	{"an escape of terminals", "full_name", "Иванов\x1b[31m", "refused full_name full_name.chars"},
	{"two lines", "full_name", "Иванов\r\nИван", "refused full_name full_name.line_break"},
	{"a line end of Unicode", "full_name", "Иванов\u2028Иван", "refused full_name full_name.line_break"},
	{"no UTF-8", "full_name", "Иванов\xff", "refused full_name full_name.encoding"},
	{"a character lost", "full_name", "Ив\ufffdнов", "refused full_name full_name.encoding"},
	{"a Latin letter among Cyrillic ones", "full_name", "Ивaнов Иван", "draft mixed_script"},
	{"a Greek letter among Cyrillic ones", "full_name", "Ивανов", "draft mixed_script"},

	// BIK and account.
	{"a BIK with spaces", "bik", "044 525 974", "stored 044525974"},
	{"8 digits", "bik", "04452597", "refused bik bik.length"},
	{"10 digits", "bik", "0445259740", "refused bik bik.length"},
	{"a letter O", "bik", "O44525974", "refused bik bik.digits"},
	{"digits of another script", "bik", "٠٤٤525974", "refused bik bik.digits"},
	{"no BIK", "bik", "", "refused bik bik.empty"},
	{"another bank's BIK", "bik", "044525225", "draft account_key"},
	{"19 digits", "account", "4081781000000000001", "refused account account.length"},
	{"21 digits", "account", "408178100000000000012", "refused account account.length"},
	{"no account", "account", "", "refused account account.empty"},
	{"a letter in it", "account", "4081781000000000000O", "refused account account.digits"},
	{"dollars", "account", "40817840000000000001", "refused account account.currency"},
	{"a bank's own account", "account", "30101810000000000001", "refused account account.prefix"},
	{"the key is wrong", "account", wrongKey(bankdetails.WithAccountKey(bikA, "40817810000000070001")), "draft account_key"},
	{"a firm without an INN", "account", bankdetails.WithAccountKey(bikA, firm+"000000070002"), "refused inn inn.empty"},
	{"a trader without an INN", "account", bankdetails.WithAccountKey(bikA, "40802810000000070003"), "refused inn inn.empty"},
	{"spaces of all kinds", "account", spaced(bankdetails.WithAccountKey(bikA, "40817810000000070004")), "stored " + bankdetails.WithAccountKey(bikA, "40817810000000070004")},

	// The rest.
	{"an INN", "inn", inn10, "stored " + inn10},
	{"a wrong check digit", "inn", "7707083894", "refused inn inn.check"},
	{"zeros", "inn", "0000000000", "refused inn inn.check"},
	{"11 digits", "inn", "77070838931", "refused inn inn.length"},
	{"a word", "inn", "нет", "refused inn inn.digits"},
	{"small letters", "kpp", "7707ab001", "stored 7707AB001"},
	{"Cyrillic letters", "kpp", "7707АВ001", "refused kpp kpp.chars"},
	{"8 characters", "kpp", "77070100", "refused kpp kpp.length"},
	{"210 characters", "description", strings.Repeat("д", 210), "stored " + strings.Repeat("д", 210)},
	{"211 characters", "description", strings.Repeat("д", 211), "refused description description.too_long"},
	{"a question", "description", "За что?", "refused description description.banned"},
	{"no purpose", "description", "", "refused description description.empty"},
	{"two lines", "description", "За работу\r\nв мае", "refused description description.line_break"},
	{"a line end before", "description", "\nЗа работу", "stored За работу"},
	{"a tab", "description", "За\tработу", "refused description description.chars"},
	{"a tag", "description", "</textarea><b>За работу</b>", "stored </textarea><b>За работу</b>"},
	{"40 characters", "own_ref", strings.Repeat("1", 40), "stored " + strings.Repeat("1", 40)},
	{"41 characters", "own_ref", strings.Repeat("1", 41), "refused own_ref own_ref.too_long"},
	{"a formula", "own_ref", "@SUM(1)", "stored @SUM(1)"},
	{"500 characters", "note", strings.Repeat("н", 500), "stored " + strings.Repeat("н", 500)},
	{"501 characters", "note", strings.Repeat("н", 501), "refused note note.too_long"},
	{"a command", "note", "=cmd|' /c calc'!A0", "stored =cmd|' /c calc'!A0"},
	{"a day", "due_date", "01.12.2026", "stored 2026-12-01"},
	{"today", "due_date", "19.11.2026", "stored 2026-11-19"},
	{"yesterday", "due_date", "18.11.2026", "kept due_date due.past"},
	{"after 91 days", "due_date", "18.02.2027", "kept due_date due.far"},
	{"no such day", "due_date", "31.02.2026", "refused due_date due.day"},
	{"a word", "due_date", "завтра", "refused due_date due.day"},
	{"the year 9999", "due_date", "31.12.9999", "refused due_date due.day"},
	{"small letters", "currency", "rub", "stored RUB"},
	{"unsaid", "currency", "", "stored RUB"},
	{"dollars", "currency", "USD", "refused currency amount.currency"},
	{"the old one", "currency", "RUR", "refused currency amount.currency"},

	// What nobody types.
	{"a state", "state", "approved", "stored "},
	{"a maker", "makers", "somebody", "stored "},
	{"a number", "number", "1", "stored "},
	{"an id", "id", "00000000-0000-0000-0000-000000000000", "stored "},
	{"a kopeck amount", "amount_minor", "1", "stored "},
	{"a digest", "digest", strings.Repeat("0", 64), "stored "},
	{"a tick that is none", "ack", "everything", "stored "},
	{"a tick without its warning", "ack", "duplicate", "stored "},
	{"a tick of 10,000 characters", "ack", strings.Repeat("a", 10_000), "stored "},
	{"a token of 10,000 characters", "form", strings.Repeat("t", 10_000), "refused form payout.form"},
	{"a payout to replace that is not there", "replaces", "00000000-0000-7000-8000-000000000000", "404"},
	{"a payout to replace below zero", "replaces", "-1", "404"},
	{"a payout to replace, overlong", "replaces", strings.Repeat("9", 5_000), "404"},
	{"a payee that is not there", "payee", "no-such-payee", "refused form payout.payee_none"},
	{"another press", "do", "delete", "200"},
	{"the press in capitals", "do", "SUBMIT", "200"},
	{"half a megabyte", "note", strings.Repeat("н", 300_000), "413"},
}

// wrongKey is the account with another control digit.
func wrongKey(account string) string {
	return account[:8] + string(rune('0'+(account[8]-'0'+1)%10)) + account[9:]
}

// spaced puts spaces between an account's groups, as banks print it.
func spaced(a string) string {
	return " " + a[:5] + " " + a[5:8] + "\u00a0" + a[8:9] + "\u2009" + a[9:] + " "
}

// field of a stored content, as the table names it.
func storedField(c payout.Content, name string) string {
	switch name {
	case "amount":
		return fmt.Sprint(c.Amount.Minor)
	case "full_name":
		return c.FullName
	case "bik":
		return c.BIK
	case "account":
		return c.Account
	case "inn":
		return c.INN
	case "kpp":
		return c.KPP
	case "description":
		return c.Description
	case "own_ref":
		return c.OwnRef
	case "note":
		return c.Note
	case "due_date":
		return c.DueDate
	case "currency":
		return string(c.Amount.Currency)
	}
	return ""
}

// codesAt are the codes of everything that the use cases refuse of a form at a field, with their words.
func codesAt(b *bench, f url.Values, at string) map[string]string {
	in := parseForm(f)
	var all fault.List
	for _, err := range []error{in.faults(), in.content.SizeOK().Err(), in.content.Clean().Check().Err(), app.CheckDue(in.content.DueDate, b.Clock.Now())} {
		all = append(all, fault.As(err)...)
	}
	if at == "form" { // what only the use cases know
		all = append(all, fault.Bad("form", "payout.form"), fault.Bad("form", "payout.payee_none"))
	}
	out := map[string]string{}
	for _, e := range all {
		if e.Field == at {
			out[e.Code] = say(lang.For("en"), e)
		}
	}
	return out
}

// TestForms is the table of promises.md E.2 over the real pages and use cases: a maker posts the form of a new payout, complete but for one field. What is taken is stored as the table says and
// waits for approval; what is refused is refused at its field, in the words of its code, with everything typed shown again and nothing stored. Issue 5 "To show" e.
func TestForms(t *testing.T) {
	if len(forms) < 100 {
		t.Fatalf("%d rows", len(forms))
	}
	b := newBench(t)
	x := b.as("m1")
	seen := map[string]bool{}
	for i, c := range forms {
		if seen[c.field+c.name] {
			t.Fatalf("%s %s stands there twice", c.field, c.name)
		}
		seen[c.field+c.name] = true
		t.Run(c.field+", "+c.name, func(t *testing.T) {
			f := url.Values{"form": {token(8)}, "full_name": {"Иванов Иван Иванович"}, "bik": {bikA}, "account": {bankdetails.WithAccountKey(bikA, fmt.Sprintf("408178100%011d", 500+i))},
				"amount": {"100,00"}, "currency": {"RUB"}, "description": {"Перевод средств НДС не облагается"}, "do": {"submit"}}
			f.Set(c.field, c.value)
			was, events := b.Payouts(), len(b.Events())
			rec := x.post("/payouts", f)
			page := rec.Body.String()
			fresh := slices.DeleteFunc(b.Payouts(), func(id payout.ID) bool { return slices.Contains(was, id) })
			if rec.Code >= 500 {
				t.Fatalf("%d\n%s", rec.Code, visible(page))
			}

			word, rest, _ := strings.Cut(c.verdict, " ")
			switch word {
			case "stored":
				if rec.Code != http.StatusSeeOther || len(fresh) != 1 {
					t.Fatalf("%d, %d stored\n%s", rec.Code, len(fresh), visible(page))
				}
				s := b.Get(fresh[0])
				if s.State != payout.PendingApproval || s.Version != 1 || len(s.Makers) != 1 || s.Makers[0] != b.Who["m1"].Person || len(s.Acks) != 0 || string(s.Digest) == f.Get("digest") {
					t.Errorf("%+v", s)
				}
				if got := storedField(s.Content, c.field); got != rest {
					t.Errorf("stored as %q, want %q", got, rest)
				}
				if c.field != "amount" && s.Content.Amount.Minor != 100_00 {
					t.Errorf("%d kopecks", s.Content.Amount.Minor)
				}
				// Every page that shows it shows it as text.
				for _, p := range []string{where(s.ID, ""), "/payouts"} {
					if page := want(t, x.get(p), 200); strings.ContainsAny(c.value, "<&") && strings.Contains(page, c.value) {
						t.Errorf("%s shows it as it came", p)
					}
				}
			case "draft":
				if rec.Code != http.StatusUnprocessableEntity || len(fresh) != 1 || !strings.Contains(page, `data-error="ack"`) || !strings.Contains(page, `value="`+rest+`"`) {
					t.Fatalf("%d, %d stored\n%s", rec.Code, len(fresh), visible(page))
				}
				if s := b.Get(fresh[0]); s.State != payout.Draft || s.Digest != "" {
					t.Errorf("%+v", s)
				}
			case "refused", "kept":
				if word == "kept" && (len(fresh) != 1 || b.Get(fresh[0]).State != payout.Draft || b.Get(fresh[0]).Digest != "") {
					t.Errorf("%d stored", len(fresh))
				}
				at, code, _ := strings.Cut(rest, " ")
				if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(page, `data-error="`+at+`"`) {
					t.Fatalf("%d\n%s", rec.Code, visible(page))
				}
				words, ok := codesAt(b, f, at)[code]
				if !ok || !strings.Contains(visible(page), strings.TrimSpace(spaces.ReplaceAllString(words, " "))) {
					t.Errorf("not refused for %s (%q) but %v\n%s", code, words, codesAt(b, f, at), visible(page))
				}
				has := inputs(t, page)
				for _, name := range formFields {
					if c.field == "payee" && slices.Contains([]string{"full_name", "bik", "account", "inn", "kpp"}, name) {
						continue // a saved payee is not typed
					}
					if got, ok := has[name]; !ok || asShown(got) != asShown(f.Get(name)) {
						t.Errorf("%s was %.60q and is shown as %.60q", name, f.Get(name), got)
					}
				}
				if strings.ContainsAny(c.value, "<&") && strings.Contains(page, c.value) {
					t.Error("shown as it came")
				}
			default:
				if got := fmt.Sprint(rec.Code); got != c.verdict {
					t.Fatalf("%s, want %s\n%s", got, c.verdict, visible(page))
				}
			}
			if word != "stored" && word != "draft" && word != "kept" && (len(fresh) > 0 || len(b.Events()) != events) {
				t.Errorf("something was stored: %d payouts, %d events", len(fresh), len(b.Events())-events)
			}
		})
	}
	t.Logf("%d rows", len(forms))
}

// TestForms_Decide is the part of the table that is about what was seen and whose it is: digests and versions that are old, missing, doubled or another payout's, and ids that are none.
// Whatever is posted, a payout is approved only by the digest that it has, and nothing else changes.
func TestForms_Decide(t *testing.T) {
	b := newBench(t)
	one, other := b.Submit(250_000_00), b.Submit(260_000_00)
	old := b.Get(one).Digest
	c := b.Get(one).Content
	c.Note = "another"
	must(t, b.App.Edit(t.Context(), b.Who["m1"], one, 1, app.Entry{Content: c, Submit: true}))
	s := b.Get(one)
	good, foreign, stale := string(s.Digest), string(b.Get(other).Digest), string(old)
	zero := "00000000-0000-7000-8000-000000000000"
	rows := 0
	for _, c := range []struct {
		name, who, path string
		form            url.Values
		code            int
	}{
		{"no digest", "a1", where(one, "/approve"), nil, 422},
		{"an empty digest", "a1", where(one, "/approve"), url.Values{"digest": {""}}, 422},
		{"the digest of the version before", "a1", where(one, "/approve"), url.Values{"digest": {stale}}, 409},
		{"the digest of another payout", "a1", where(one, "/approve"), url.Values{"digest": {foreign}}, 409},
		{"two digests, the right one first", "a1", where(one, "/approve"), url.Values{"digest": {good, stale}}, 422},
		{"two digests, the right one last", "a1", where(one, "/approve"), url.Values{"digest": {stale, good}}, 422},
		{"the right digest twice", "a1", where(one, "/approve"), url.Values{"digest": {good, good}}, 422},
		{"a digest in capitals", "a1", where(one, "/approve"), url.Values{"digest": {strings.ToUpper(good)}}, 409},
		{"a digest cut short", "a1", where(one, "/approve"), url.Values{"digest": {good[:8]}}, 409},
		{"a digest with a space", "a1", where(one, "/approve"), url.Values{"digest": {good + " "}}, 409},
		{"a digest of 10,000 characters", "a1", where(one, "/approve"), url.Values{"digest": {strings.Repeat("a", 10_000)}}, 409},
		{"a digest with a NUL", "a1", where(one, "/approve"), url.Values{"digest": {good + "\x00"}}, 409},
		{"the digest in the address", "a1", where(one, "/approve") + "?digest=" + good, nil, 422},
		{"a maker", "m1", where(one, "/approve"), url.Values{"digest": {good}}, 403},
		{"an auditor", "u1", where(one, "/approve"), url.Values{"digest": {good}}, 403},
		{"an administrator", "d1", where(one, "/approve"), url.Values{"digest": {good}}, 403},
		{"a payout that is not there", "a1", "/payouts/" + zero + "/approve", url.Values{"digest": {good}}, 404},
		{"a number that is not there", "a1", "/payouts/999999/approve", url.Values{"digest": {good}}, 404},
		{"a number below zero", "a1", "/payouts/-1/approve", url.Values{"digest": {good}}, 404},
		{"a number beyond int64", "a1", "/payouts/99999999999999999999/approve", url.Values{"digest": {good}}, 404},
		{"an id of 5,000 characters", "a1", "/payouts/" + strings.Repeat("9", 5_000) + "/approve", url.Values{"digest": {good}}, 404},
		{"an id in capitals", "a1", "/payouts/" + strings.ToUpper(string(one)) + "/approve", url.Values{"digest": {good}}, 404},
		{"an id with a zero byte", "a1", where(one, "%00/approve"), url.Values{"digest": {good}}, 404},
		{"an id that climbs", "a1", "/payouts/..%2f" + string(one) + "/approve", url.Values{"digest": {good}}, 404},
		{"another payout's digest under its own id, refused by hand", "a1", where(other, "/reject"), url.Values{"digest": {good}, "reason": {"no"}}, 409},
		{"rejected without a reason", "a1", where(one, "/reject"), url.Values{"digest": {good}}, 422},
		{"rejected with a reason of 501 characters", "a1", where(one, "/reject"), url.Values{"digest": {good}, "reason": {strings.Repeat("я", 501)}}, 422},
		{"rejected with two digests", "a1", where(one, "/reject"), url.Values{"digest": {good, foreign}, "reason": {"no"}}, 422},
		{"cancelled by an approver", "a1", where(one, "/cancel"), url.Values{"reason": {"no"}}, 403},
		{"cancelled for blanks", "m1", where(one, "/cancel"), url.Values{"reason": {" \t"}}, 422},
		{"edited by an old version", "m1", where(one, "/edit"), url.Values{"version": {"1"}, "do": {"draft"}}, 409},
		{"edited without a version", "m1", where(one, "/edit"), url.Values{"do": {"draft"}}, 409},
		{"edited by a version below zero", "m1", where(one, "/edit"), url.Values{"version": {"-2"}, "do": {"draft"}}, 409},
		{"edited by a version to come", "m1", where(one, "/edit"), url.Values{"version": {"3"}, "do": {"draft"}}, 409},
		{"edited by a version that is no number", "m1", where(one, "/edit"), url.Values{"version": {"2e0"}, "do": {"draft"}}, 409},
		{"edited by an overlong version", "m1", where(one, "/edit"), url.Values{"version": {strings.Repeat("2", 400)}, "do": {"draft"}}, 409},
		{"edited by an approver", "a1", where(one, "/edit"), url.Values{"version": {"2"}, "do": {"draft"}}, 403},
	} {
		rows++
		t.Run(c.name, func(t *testing.T) {
			events := len(b.Events())
			rec := b.as(c.who).post(c.path, c.form)
			// A sign-in for each row leaves its own event.
			now := slices.DeleteFunc(b.Events()[events:], func(e audit.Event) bool { return e.Kind != "payout" })
			if rec.Code != c.code {
				t.Errorf("%d, want %d\n%s", rec.Code, c.code, visible(rec.Body.String()))
			}
			if got := b.Get(one); got.State != s.State || got.Version != s.Version || got.Digest != s.Digest || len(now) > 0 {
				t.Errorf("%s, version %d, %d events", got.State, got.Version, len(now))
			}
			if reason := c.form.Get("reason"); rec.Code == 422 && reason != "" && !strings.Contains(rec.Body.String(), reason) && strings.TrimSpace(reason) != "" {
				t.Error("the reason is lost")
			}
		})
	}
	want(t, b.as("a1").post(where(one, "/approve"), url.Values{"digest": {good}}), http.StatusSeeOther) // so that the test can see
	t.Logf("%d rows", rows)
}
