package payee

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"countersign/internal/audit"
)

// commit is the salted hash of design.md with a fixed salt: name and value follow each other without a mark, as in payout.Salt.Commit.
func commit(field, value string) string {
	sum := sha256.Sum256([]byte("salt" + field + value))
	return hex.EncodeToString(sum[:])
}

// The document's bytes are fixed for ever: what was signed must be computed again.
func TestDoc_golden(t *testing.T) {
	c := aCompany()
	c.Accounts[0].Label = "<&>"
	c.Groups = []string{"a&b", "аренда"}
	got := string(c.Doc(func(field, value string) string { return "#" + field + "=" + value }))
	want := `{"account_count":1,"accounts":[{"bik":"#bik-001=049205131","label":"#label-001=<&>","number":"#account-001=40702810200000000025"}],` +
		`"description":"#description=Оплата услуг, НДС не облагается","full_name":"#full_name=ООО Вектор","group_count":2,"groups":["a&b","аренда"],` +
		`"inn":"#inn=7727406020","kind":"company","kpp":"#kpp=770801001","note":"#note=Договор № 7, да?","spec":"payee/1"}`
	if got != want {
		t.Errorf("%s", got)
	}
	// The private part is read by later programs too.
	want = `{"full_name":"ООО Вектор","inn":"7727406020","kpp":"770801001","note":"Договор № 7, да?","description":"Оплата услуг, НДС не облагается",` +
		`"accounts":[{"bik":"049205131","number":"40702810200000000025","label":"<&>"}]}`
	if got := string(c.Private()); got != want {
		t.Errorf("%s", got)
	}
}

// No personal value stands in the document, and the history's canonical form leaves it as it is.
func TestDoc_impersonal(t *testing.T) {
	c := aCompany()
	c.Accounts[0].Label = "Основной"
	doc := c.Doc(commit)
	for _, v := range []string{c.FullName, c.INN, c.KPP, c.Note, c.Description, bik, company, "Основной"} {
		if strings.Contains(string(doc), v) {
			t.Errorf("%q stands in the document", v)
		}
	}
	canonical, err := audit.Canonical(json.RawMessage(doc))
	if err != nil || !bytes.Equal(canonical, doc) {
		t.Errorf("%v\n%s\n%s", err, canonical, doc)
	}
}

// Name and value cannot run together: no field's name begins another's.
func TestDoc_names(t *testing.T) {
	c := aCompany()
	c.Accounts = accounts(MaxDraftLines)
	var names []string
	c.Doc(func(field, _ string) string { names = append(names, field); return "" })
	if len(names) != 5+3*MaxDraftLines {
		t.Fatalf("%d commitments", len(names))
	}
	for i, a := range names {
		for j, b := range names {
			if i != j && strings.HasPrefix(b, a) {
				t.Errorf("%q begins %q", a, b)
			}
		}
	}
}

// Different cleaned content has different bytes; the two parts give the content back. Two draws are made near each other, so that they differ
// in little or in nothing.
func TestDoc_anything(t *testing.T) {
	same, different := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.OneOf(rapid.Custom(typed), rapid.Custom(near))
		a := form.Draw(t, "a").Clean()
		b := changed(t, a)
		docA, docB := a.Doc(commit), b.Doc(commit)
		if equal := reflect.DeepEqual(a, b); equal != bytes.Equal(docA, docB) {
			t.Fatalf("equal content %v:\n%s\n%s", equal, docA, docB)
		} else if equal {
			same++
		} else {
			different++
		}
		back, err := FromPrivate(docA, a.Private(), commit)
		if err != nil || !reflect.DeepEqual(back, a) {
			t.Fatalf("%+v, %v; want %+v", back, err, a)
		}
		// Another version's personal part never fits, unless only kind and groups differ.
		personal := !bytes.Equal(a.Private(), b.Private())
		if _, err := FromPrivate(docA, b.Private(), commit); errors.Is(err, ErrAltered) != personal {
			t.Fatalf("%v for %s beside %s", err, b.Private(), a.Private())
		}
		erased, err := FromPrivate(docA, nil, commit)
		if want := (Content{Kind: a.Kind, Groups: a.Groups, Erased: true}); err != nil || !reflect.DeepEqual(erased, want) {
			t.Fatalf("%+v, %v", erased, err)
		}
	})
	if same == 0 || different == 0 {
		t.Errorf("%d same, %d different: the draw proves one side only", same, different)
	}
}

// changed returns a cleaned copy with one thing changed, as drawn; sometimes with nothing.
func changed(t *rapid.T, c Content) Content {
	c.Accounts = append([]Account(nil), c.Accounts...)
	c.Groups = append([]string(nil), c.Groups...)
	text := rapid.SampledFrom([]string{"", "1", "x", "Я", c.FullName, c.INN, c.Note}).Draw(t, "text")
	switch what := rapid.IntRange(0, 12).Draw(t, "what"); {
	case what == 0:
		c.Kind = rapid.SampledFrom(Kinds()).Draw(t, "other kind")
	case what == 1:
		c.FullName = text
	case what == 2:
		c.INN = text
	case what == 3:
		c.KPP = text
	case what == 4:
		c.Note = text
	case what == 5:
		c.Description = text
	case what == 6:
		c.Groups = append(c.Groups, text)
	case what == 7:
		c.Accounts = append(c.Accounts, Account{Number: text})
	case len(c.Accounts) == 0:
	case what == 8:
		c.Accounts[0].BIK = text
	case what == 9:
		c.Accounts[0].Number = text
	case what == 10:
		c.Accounts[0].Label = text
	case what == 11:
		last := len(c.Accounts) - 1
		c.Accounts[0], c.Accounts[last] = c.Accounts[last], c.Accounts[0]
	}
	return c.Clean()
}

// Each value of each part altered is found, and the refusal names the field, never the value.
func TestFromPrivate_altered(t *testing.T) {
	c := aCompany()
	c.Accounts = append(c.Accounts, Account{otherBIK, sole, "Второй"})
	doc, private := string(c.Doc(commit)), string(c.Private())
	if _, err := FromPrivate([]byte(doc), []byte(private), commit); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ old, new, field string }{
		{c.FullName, "ООО Ветер", "full_name"}, {c.INN, "7700000000", "inn"}, {c.KPP, "770801002", "kpp"}, {c.Note, "", "note"},
		{c.Description, "Оплата ", "description"}, {company, personal, "account-1"}, {sole, personal, "account-2"}, {"Второй", "", "label-2"},
		{`"bik":"049205131","number":"40802`, `"bik":"044525971","number":"40802`, "bik-2"},
		{`,{"bik":"049205131","number":"40802810100000270411","label":"Второй"}`, "", "accounts"},
		{`{`, `{"x":1,`, "personal part"}, {`"inn"`, `"INN"`, "personal part"}, {`}]}`, `}]} `, "personal part"}, {`}]}`, `}]`, "personal part"},
	} {
		altered := strings.Replace(private, x.old, x.new, 1)
		if altered == private {
			t.Fatalf("%q is not there", x.old)
		}
		got, err := FromPrivate([]byte(doc), []byte(altered), commit)
		if !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), x.field) || !reflect.DeepEqual(got, Content{}) {
			t.Errorf("%s altered: %+v, %v", x.field, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "Вектор") {
			t.Errorf("%v tells a value", err)
		}
	}
	for _, x := range [][2]string{
		{`"payee/1"`, `"payee/2"`}, {`"account_count":2`, `"account_count":1`}, {`"group_count":1`, `"group_count":2`}, {`{`, `{ `}, {`{`, `{"x":1,`},
		{`"full_name":"`, `"full_name":"0`}, {`"groups":["аренда"]`, `"groups":null`}, {`]`, ``}, {`"note"`, `"Note"`},
	} {
		altered := strings.Replace(doc, x[0], x[1], 1)
		if altered == doc {
			t.Fatalf("%q is not there", x[0])
		}
		if _, err := FromPrivate([]byte(altered), []byte(private), commit); !errors.Is(err, ErrAltered) {
			t.Errorf("document with %s for %s: %v", x[1], x[0], err)
		}
		// The form is refused without the personal part too; a commitment alone looks like any other.
		if _, err := FromPrivate([]byte(altered), nil, commit); errors.Is(err, ErrAltered) == strings.HasPrefix(x[0], `"full_name"`) {
			t.Errorf("erased document with %s for %s: %v", x[1], x[0], err)
		}
	}
	// The salt of another version, and accounts that changed places.
	if _, err := FromPrivate([]byte(doc), []byte(private), func(f, v string) string { return commit(f, v+"'") }); !errors.Is(err, ErrAltered) {
		t.Error(err)
	}
	c.Accounts[0], c.Accounts[1] = c.Accounts[1], c.Accounts[0]
	if _, err := FromPrivate([]byte(doc), c.Private(), commit); !errors.Is(err, ErrAltered) {
		t.Error(err)
	}
}

// A stored document of any bytes never panics and never passes.
func FuzzFromPrivate(f *testing.F) {
	c := aCompany()
	doc, private := c.Doc(commit), c.Private()
	f.Add(doc, private)
	f.Add([]byte(`{}`), []byte(`null`))
	f.Fuzz(func(t *testing.T, d, p []byte) {
		got, err := FromPrivate(d, p, commit)
		if err == nil && !got.Erased && (!bytes.Equal(got.Doc(commit), d) || !bytes.Equal(got.Private(), p)) {
			t.Errorf("%s %s", d, p)
		}
	})
}
