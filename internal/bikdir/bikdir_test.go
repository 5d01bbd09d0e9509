package bikdir

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"countersign/internal/fault"
)

// sample has the form of the Bank of Russia's file of 17.09.2026, one entry of each kind that occurs in it; names and numbers are made up.
const sample = `<?xml version="1.0" encoding="WINDOWS-1251"?>
<ED807 xmlns="urn:cbr-ru:ed:v2.0" EDNo="707458709" EDDate="2026-09-16" EDAuthor="4583001999" CreationReason="FCBD" CreationDateTime="2026-09-16T18:00:52Z" InfoTypeCode="FIRR" BusinessDay="2026-09-17" DirectoryVersion="1">
<BICDirectoryEntry BIC="044525593"><ParticipantInfo NameP="АО &quot;ПЕРВЫЙ-БАНК&quot;" EnglName="FIRST" RegN="1326" CntrCd="RU" Rgn="45" Ind="107078" Tnp="г" Nnp="Москва" Adr="ул Первая, 27" DateIn="1994-01-20" PtType="20" Srvcs="5" XchType="1" UID="4525593000" ParticipantStatus="PSAC"></ParticipantInfo><SWBICS SWBIC="FIRSTRUMMXXX" DefaultSWBIC="1"></SWBICS><Accounts Account="30101810200000000593" RegulationAccountType="CRSA" CK="53" AccountCBRBIC="044525000" DateIn="1998-03-25" AccountStatus="ACAC"></Accounts></BICDirectoryEntry>
<BICDirectoryEntry BIC="040397100"><ParticipantInfo NameP="УФК по  Н-скому краю" CntrCd="RU" Rgn="03" Ind="350000" Tnp="г" Nnp="Нск" DateIn="2011-01-11" PtType="52" Srvcs="3" XchType="1" UID="0397002001" ParticipantStatus="PSAC"></ParticipantInfo><Accounts Account="40116810900000010001" RegulationAccountType="TRSA" CK="99" AccountCBRBIC="040397002" DateIn="2013-02-25" AccountStatus="ACAC"></Accounts></BICDirectoryEntry>
<BICDirectoryEntry BIC="017003983"><ParticipantInfo NameP="ОТДЕЛЕНИЕ НСК БАНКА РОССИИ" Nnp="Нск" PtType="10" ParticipantStatus="PSAC"/><Accounts Account="40102810045370000009" RegulationAccountType="BANA" AccountStatus="ACAC"/></BICDirectoryEntry>
<BICDirectoryEntry BIC="044525999"><ParticipantInfo NameP="БЕЗ ЛИЦЕНЗИИ" PtType="20" ParticipantStatus="PSAC"><RstrList Rstr="URRS" RstrDate="2026-01-01"/><RstrList Rstr="LWRS" RstrDate="2026-01-01"/></ParticipantInfo><Accounts Account="30101810000000000999" RegulationAccountType="CRSA" AccountStatus="ACAC"/></BICDirectoryEntry>
<BICDirectoryEntry BIC="044525378"><ParticipantInfo NameP="КУ БАНКА" PtType="90" ParticipantStatus="PSAC"/></BICDirectoryEntry>
<BICDirectoryEntry BIC="044525692"><ParticipantInfo NameP="ОГРАНИЧЕН, НО РАБОТАЕТ" PtType="20" ParticipantStatus="PSAC"><RstrList Rstr="URRS" RstrDate="2017-02-28"/></ParticipantInfo><Accounts Account="30101810000000000888" RegulationAccountType="CRSA" AccountStatus="ACDL"/><Accounts Account="30101810045250000692" RegulationAccountType="CRSA" AccountStatus="ACAC"><AccRstrList AccRstr="FPRS" AccRstrDate="2020-11-16"/></Accounts></BICDirectoryEntry>
<BICDirectoryEntry BIC="044525888"><ParticipantInfo NameP="УДАЛЁН" PtType="20" ParticipantStatus="PSDL"/></BICDirectoryEntry>
</ED807>
`

func cp1251(t testing.TB, s string) []byte {
	t.Helper()
	b, err := charmap.Windows1251.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestParse: the form that the Bank of Russia publishes is read, zipped and bare: only an open correspondent account counts, and a bank without a licence, in
// liquidation or deleted is closed, a restricted one is not.
func TestParse(t *testing.T) {
	want := []Bank{
		{BIK: "017003983", Name: "ОТДЕЛЕНИЕ НСК БАНКА РОССИИ", Town: "Нск"},
		{BIK: "040397100", Name: "УФК по Н-скому краю", Town: "г Нск"},
		{BIK: "044525378", Name: "КУ БАНКА", Closed: true},
		{BIK: "044525593", Name: `АО "ПЕРВЫЙ-БАНК"`, Town: "г Москва", Account: "30101810200000000593"},
		{BIK: "044525692", Name: "ОГРАНИЧЕН, НО РАБОТАЕТ", Account: "30101810045250000692"},
		{BIK: "044525888", Name: "УДАЛЁН", Closed: true},
		{BIK: "044525999", Name: "БЕЗ ЛИЦЕНЗИИ", Account: "30101810000000000999", Closed: true},
	}
	bare := cp1251(t, sample)
	for name, file := range map[string][]byte{
		"bare":          bare,
		"zip":           zipped(t, map[string][]byte{"20260917_ED807_full.xml": bare}),
		"zip of a Mac":  zipped(t, map[string][]byte{"20260917_ED807_full.XML": bare, "__MACOSX/._20260917_ED807_full.xml": {0, 1}, "readme.txt": nil}),
		"nested folder": zipped(t, map[string][]byte{"bik/20260917_ED807_full.xml": bare}),
	} {
		d, err := Parse(file, Limits{})
		sum := sha256.Sum256(file)
		if err != nil || d.Date != "2026-09-17" || d.Version != "1" || d.Note != "" || d.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %s %s %q %s, %v", name, d.Date, d.Version, d.Note, d.SHA256, err)
		}
		if !slices.Equal(d.Banks, want) {
			t.Errorf("%s: %+v", name, d.Banks)
		}
	}
	d, err := Parse(cp1251(t, strings.Replace(sample, ` BusinessDay="2026-09-17" DirectoryVersion="1"`, "", 1)), Limits{})
	if err != nil || d.Date != "2026-09-16" || d.Version != "" {
		t.Errorf("without a business day: %s %q, %v", d.Date, d.Version, err)
	}
	if d, err := Parse(cp1251(t, strings.Replace(sample, "АО &quot;", "АО\u00a0\u00ad&#1046;", 1)), Limits{}); err != nil || d.Banks[3].Name != `АО ЖПЕРВЫЙ-БАНК"` {
		t.Errorf("odd spaces, a soft hyphen and a character by its number: %q, %v", d.Banks[3].Name, err)
	}
}

// TestRealSize: a directory as large as the Bank of Russia's, many times the limit of one element, is taken.
func TestRealSize(t *testing.T) {
	d := Directory{Date: "2026-11-23"}
	for i := range 1500 {
		d.Banks = append(d.Banks, Bank{BIK: fmt.Sprintf("04%07d", i), Name: strings.Repeat("щ", maxName), Town: "г " + strings.Repeat("ж", maxName-2)})
	}
	file, err := Write(d)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Parse(file, Limits{}); err != nil || !slices.Equal(back.Banks, d.Banks) {
		t.Errorf("%d banks, %v", len(back.Banks), err)
	}
}

// TestRefuses: each bad file is refused whole, by its code, with what the person needs to find the place.
func TestRefuses(t *testing.T) {
	with := func(old, now string) []byte {
		if !strings.Contains(sample, old) {
			t.Fatalf("the sample has no %q", old)
		}
		return cp1251(t, strings.Replace(sample, old, now, 1))
	}
	bare := cp1251(t, sample)
	packed := zipped(t, map[string][]byte{"a.xml": bare})
	broken := bytes.Replace(packed, []byte("PK\x01\x02"), []byte("PK\x01\x03"), 1)
	flipped := slices.Clone(packed)
	flipped[len(flipped)/3] ^= 0x55
	many := map[string][]byte{"a.xml": bare}
	for i := range 20 {
		many[fmt.Sprint(i, ".txt")] = nil
	}
	reached := map[string]bool{}
	for name, c := range map[string]struct {
		file   []byte
		limits Limits
		code   string
		args   []any
	}{
		"10 MiB":                     {file: append(slices.Clone(bare), bytes.Repeat([]byte(" "), 10<<20)...), code: CodeSize},
		"10 MiB of nothing":          {file: make([]byte, 10<<20), code: CodeSize},
		"a bomb":                     {file: zipped(t, map[string][]byte{"a.xml": append(slices.Clone(bare), bytes.Repeat([]byte(" "), 64<<20)...)}), code: CodeSize},
		"a small bomb":               {file: zipped(t, map[string][]byte{"a.xml": bytes.Repeat([]byte(" "), 1001)}), limits: Limits{Unpacked: 1000}, code: CodeSize},
		"more entries than allowed":  {file: bare, limits: Limits{Banks: 6}, code: CodeSize},
		"nothing but elements":       {file: zipped(t, map[string][]byte{"a.xml": with("</ED807>", strings.Repeat("<a/>", 1_100_000)+"</ED807>")}), code: CodeSize},
		"bare, larger than unpacked": {file: bare, limits: Limits{Unpacked: 1000}, code: CodeSize},
		"two XMLs":                   {file: zipped(t, map[string][]byte{"a.xml": bare, "b.XML": bare}), code: CodeZip},
		"no XML":                     {file: zipped(t, map[string][]byte{"a.dbf": bare}), code: CodeZip},
		"a ZIP of nothing":           {file: zipped(t, nil), code: CodeZip},
		"too many files":             {file: zipped(t, many), code: CodeZip},
		"a broken ZIP":               {file: broken, code: CodeZip},
		"a flipped byte":             {file: flipped, code: CodeZip},
		"a cut ZIP":                  {file: packed[:len(packed)/2], code: CodeZip},
		"PK alone":                   {file: []byte("PK"), code: CodeZip},
		"nothing":                    {file: nil, code: CodeXML, args: []any{1}},
		"a text":                     {file: []byte("БИК;Наименование\n"), code: CodeXML, args: []any{1}},
		"cut":                        {file: bare[:len(bare)-20], code: CodeXML, args: []any{9}},
		"cut in an entry":            {file: bare[:len(bare)/2], code: CodeXML},
		"UTF-8 that says so":         {file: []byte(strings.Replace(sample, "WINDOWS-1251", "UTF-8", 1)), code: CodeXML, args: []any{1}},
		"UTF-8 that lies":            {file: []byte(sample), code: CodeXML, args: []any{1}},
		"UTF-8, no Russian":          {file: []byte(`<?xml version="1.0" encoding="UTF-8"?><ED807 xmlns="urn:cbr-ru:ed:v2.0"/>`), code: CodeXML, args: []any{1}},
		"another encoding":           {file: with("WINDOWS-1251", "KOI8-R"), code: CodeXML},
		"no encoding":                {file: with(` encoding="WINDOWS-1251"`, ""), code: CodeXML},
		"no declaration":             {file: with(`<?xml version="1.0" encoding="WINDOWS-1251"?>`, ""), code: CodeXML},
		"two declarations":           {file: with("<ED807", `<?xml version="1.0" encoding="WINDOWS-1251"?><ED807`), code: CodeXML, args: []any{2}},
		"a document type":            {file: with("<ED807", `<!DOCTYPE ED807 [<!ENTITY a "b">]><ED807`), code: CodeXML, args: []any{2}},
		"an entity of its own":       {file: with("УДАЛЁН", "&a;"), code: CodeXML, args: []any{9}},
		"text after the end":         {file: with("</ED807>", "</ED807>x"), code: CodeXML},
		"deep":                       {file: with("</ED807>", strings.Repeat("<a>", 10)+strings.Repeat("</a>", 10)+"</ED807>"), code: CodeXML},
		"a large attribute":          {file: with("УДАЛЁН", strings.Repeat("а", 100_000)), code: CodeXML},
		"many attributes":            {file: with(`NameP="УДАЛЁН"`, strings.Repeat(`a="" `, 20_000)), code: CodeXML},
		"many attributes in front":   {file: []byte("<a " + strings.Repeat(`a="" `, 1<<20)), code: CodeXML},
		"a large comment":            {file: with("</ED807>", "<!--"+strings.Repeat("a", 100_000)+"--></ED807>"), code: CodeXML},
		"another root":               {file: with("</ED807>", "</ED808>"), code: CodeXML},
		"a wrong root":               {file: []byte(`<?xml version="1.0" encoding="windows-1251"?><ED806 xmlns="urn:cbr-ru:ed:v2.0"/>`), code: CodeRoot, args: []any{"ED806"}},
		"a wrong namespace":          {file: with("urn:cbr-ru:ed:v2.0", "urn:cbr-ru:ed:v3.0"), code: CodeRoot, args: []any{"ED807"}},
		"a page":                     {file: []byte(`<?xml version="1.0" encoding="windows-1251"?><html/>`), code: CodeRoot, args: []any{"html"}},
		"no root":                    {file: []byte(`<?xml version="1.0" encoding="windows-1251"?>`), code: CodeRoot, args: []any{"ED807"}},
		"two roots":                  {file: append(slices.Clone(bare), `<ED807 xmlns="urn:cbr-ru:ed:v2.0"/>`...), code: CodeRoot, args: []any{"ED807"}},
		"no such day":                {file: with(`BusinessDay="2026-09-17"`, `BusinessDay="2026-09-31"`), code: CodeRoot, args: []any{"BusinessDay"}},
		"no such version":            {file: with(`DirectoryVersion="1"`, `DirectoryVersion="1a"`), code: CodeRoot, args: []any{"DirectoryVersion"}},
		"changes only":               {file: with(`"FIRR"`, `"SIRR"`), code: CodePart},
		"a changed entry":            {file: with(`BIC="044525593"`, `BIC="044525593" ChangeType="ADDD"`), code: CodePart},
		"one of two parts":           {file: with("<BIC", `<PartInfo PartNo="1" PartQuantity="2" PartAggregateID="1"/><BIC`), code: CodePart},
		"no entry":                   {file: []byte(`<?xml version="1.0" encoding="windows-1251"?><ED807 xmlns="urn:cbr-ru:ed:v2.0" EDDate="2026-09-16"/>`), code: CodeEmpty},
		"no entry of the namespace": {file: cp1251(t, strings.NewReplacer("<BIC", "<x:BIC", "</BIC", "</x:BIC", "<ED807", `<ED807 xmlns:x="urn:x"`).Replace(sample)),
			code: CodeEmpty},
		"eight digits":           {file: with(`BIC="044525378"`, `BIC="04452537"`), code: CodeBIK, args: []any{7, "04452537"}},
		"ten digits":             {file: with(`BIC="044525378"`, `BIC="0445253780"`), code: CodeBIK, args: []any{7, "0445253780"}},
		"a letter":               {file: with(`BIC="044525378"`, `BIC="О44525378"`), code: CodeBIK, args: []any{7, "О44525378"}},
		"no BIK":                 {file: with(` BIC="044525378"`, ""), code: CodeBIK, args: []any{7, ""}},
		"a long BIK":             {file: with(`BIC="044525378"`, `BIC="`+strings.Repeat("щ", 500)+`"`), code: CodeBIK, args: []any{7, strings.Repeat("щ", 20)}},
		"no name":                {file: with(`NameP="КУ БАНКА"`, `NameP=" "`), code: CodeName, args: []any{7, "044525378"}},
		"a long name":            {file: with("КУ БАНКА", strings.Repeat("щ", 201)), code: CodeName, args: []any{7, "044525378"}},
		"a long town":            {file: with(`Nnp="Москва"`, `Nnp="`+strings.Repeat("щ", 200)+`"`), code: CodeName, args: []any{3, "044525593"}},
		"a name that turns":      {file: with("КУ БАНКА", "КУ &#x202e;БАНКА"), code: CodeName, args: []any{7, "044525378"}},
		"a byte without meaning": {file: bytes.Replace(bare, cp1251(t, "УДАЛЁН"), []byte{0x98}, 1), code: CodeName, args: []any{9, "044525888"}},
		"no participant":         {file: with(`<ParticipantInfo NameP="КУ БАНКА" PtType="90" ParticipantStatus="PSAC"/>`, ""), code: CodeName, args: []any{7, "044525378"}},
		"two participants":       {file: with(`<ParticipantInfo NameP="КУ БАНКА"`, `<ParticipantInfo NameP="А"/><ParticipantInfo NameP="КУ БАНКА"`), code: CodeName, args: []any{7, "044525378"}},
		"a short account":        {file: with("30101810200000000593", "3010181020000000059"), code: CodeAccount, args: []any{3, "044525593"}},
		"twice":                  {file: with(`BIC="044525378"`, `BIC="044525999"`), code: CodeTwice, args: []any{"044525999"}},
	} {
		d, err := Parse(c.file, c.limits)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != c.code || f.Field != Field || f.Kind != fault.Invalid || c.args != nil && !slices.Equal(f.Args, c.args) {
			t.Errorf("%s: %v %v, want %s %v", name, err, f, c.code, c.args)
			continue
		}
		reached[f.Code] = true
		if d.Banks != nil || d.Date != "" || d.SHA256 != "" {
			t.Errorf("%s: half of it came through: %+v", name, d)
		}
	}
	for _, code := range Codes() {
		if !reached[code] {
			t.Errorf("%s is never reached", code)
		}
	}
}

// TestBombMemory: a ZIP that unpacks to more than the limit costs memory for the limit at most, whatever size it claims.
func TestBombMemory(t *testing.T) {
	bomb := zipped(t, map[string][]byte{"a.xml": bytes.Repeat([]byte("<a>"), 100<<20/3)})
	// The size that the ZIP claims becomes small: only what really comes out counts.
	if i := bytes.LastIndex(bomb, []byte("PK\x01\x02")); i < 0 || len(bomb) > 1<<20 {
		t.Fatalf("no bomb: %d bytes", len(bomb))
	} else {
		copy(bomb[i+24:], []byte{10, 0, 0, 0})
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Parse(bomb, Limits{Unpacked: 1 << 20})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 || err == nil {
		t.Errorf("%d MiB, %v", got>>20, err)
	}
}

// TestAttributesMemory: an element of nothing but attributes is refused before they are held.
func TestAttributesMemory(t *testing.T) {
	file := append(cp1251(t, `<?xml version="1.0" encoding="windows-1251"?><ED807 `), bytes.Repeat([]byte("a='' "), 1<<20)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Parse(file, Limits{})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 || !fault.Is(err, CodeXML) {
		t.Errorf("%d MiB, %v", got>>20, err)
	}
}

// TestDemo: the made-up directory is taken as any other, says everywhere that it is made up, and has the BIKs that the demo pays to.
func TestDemo(t *testing.T) {
	d := Demo()
	file, err := Write(d)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(file, Limits{})
	if err != nil || !slices.Equal(back.Banks, d.Banks) || !strings.Contains(back.Note, "Вымышленный") {
		t.Errorf("%q %+v %v", back.Note, back.Banks, err)
	}
	again, err := Write(d)
	if err != nil || !bytes.Equal(file, again) {
		t.Errorf("not the same bytes twice: %v", err)
	}
	closed, without := 0, 0
	biks := map[string]bool{}
	for _, b := range back.Banks {
		biks[b.BIK] = true
		if !strings.Contains(b.Name, "Вымышленн") || !strings.Contains(b.Name, "(пример)") || b.Town == "" {
			t.Errorf("%s does not say that it is made up", b.Name)
		}
		if b.Closed {
			closed++
		}
		if b.Account == "" {
			without++
		}
	}
	if len(d.Banks) != 12 || closed != 1 || without != 1 {
		t.Errorf("%d banks, %d closed, %d without an account", len(d.Banks), closed, without)
	}
	source, err := os.ReadFile("../../cmd/dashboard/sample.go")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`"(04\d{7})"`).FindAllSubmatch(source, -1)
	if len(used) == 0 {
		t.Error("the demo's sample names no BIK any more")
	}
	for _, m := range used {
		if !biks[string(m[1])] {
			t.Errorf("the demo pays to %s", m[1])
		}
	}
}

// TestWriteRefuses: Write makes no file that Parse would not give back as it was.
func TestWriteRefuses(t *testing.T) {
	for name, change := range map[string]func(*Directory){
		"no banks":          func(d *Directory) { d.Banks = nil },
		"a bad day":         func(d *Directory) { d.Date = "02.11.2026" },
		"a BIK twice":       func(d *Directory) { d.Banks = append(d.Banks, d.Banks[0]) },
		"two spaces":        func(d *Directory) { d.Banks[0].Name = "а  б" },
		"a comment's end":   func(d *Directory) { d.Note = "a--b" },
		"a note not 1251's": func(d *Directory) { d.Note = "日本" },
		"an odd account":    func(d *Directory) { d.Banks[0].Account = "1" },
		"a control":         func(d *Directory) { d.Banks[0].Name = "а\x01" },
	} {
		d := Demo()
		change(&d)
		if _, err := Write(d); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

// TestRoundTrip: any directory of right values comes back from its file as it was, by BIK.
func TestRoundTrip(t *testing.T) {
	word := rapid.StringMatching(`[А-Яа-яЁёA-Za-z0-9«»"'&<>№.,()\-日]{1,20}`)
	text := func(most int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(word, 0, most).Draw(t, "words"), " ")
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		d := Directory{Date: rapid.StringMatching(`20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])`).Draw(t, "date"), Version: rapid.StringMatching(`[0-9]{0,9}`).Draw(t, "version")}
		for _, bik := range rapid.SliceOfNDistinct(rapid.StringMatching(`[0-9]{9}`), 1, 8, rapid.ID[string]).Draw(t, "biks") {
			d.Banks = append(d.Banks, Bank{BIK: bik, Name: "Б" + text(8).Draw(t, "name"), Town: text(3).Draw(t, "town"),
				Account: rapid.StringMatching(`([0-9]{20})?`).Draw(t, "account"), Closed: rapid.Bool().Draw(t, "closed")})
		}
		file, err := Write(d)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(file, Limits{})
		slices.SortFunc(d.Banks, func(a, b Bank) int { return strings.Compare(a.BIK, b.BIK) })
		if err != nil || back.Date != d.Date || back.Version != d.Version || !slices.Equal(back.Banks, d.Banks) {
			t.Fatalf("%+v came back as %+v, %v", d, back, err)
		}
	})
}

// FuzzParse: whatever comes, there is no panic; a refusal is one of ours and gives nothing; what is taken is within the limits, in order, and can be written
// and read again.
func FuzzParse(f *testing.F) {
	bare := cp1251(f, sample)
	f.Add(bare)
	f.Add(zipped(f, map[string][]byte{"a.xml": bare}))
	f.Add([]byte(`<?xml version="1.0" encoding="windows-1251"?><!-- a -` + "\xad" + `- --><ED807 xmlns="urn:cbr-ru:ed:v2.0" EDDate="2026-01-01"><BICDirectoryEntry xmlns="x">` +
		`<ParticipantInfo xmlns="urn:cbr-ru:ed:v2.0" NameP="a"/></BICDirectoryEntry><BICDirectoryEntry BIC="044525225"><ParticipantInfo NameP="a"/></BICDirectoryEntry></ED807>`))
	if demo, err := Write(Demo()); err == nil {
		f.Add(demo)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		l := Limits{Packed: 1 << 20, Unpacked: 1 << 20, Banks: 100}
		d, err := Parse(file, l)
		if err != nil {
			var one *fault.Error
			if !errors.As(err, &one) || !slices.Contains(Codes(), one.Code) || one.Field != Field || d.Banks != nil {
				t.Fatalf("%v %+v", err, d)
			}
			return
		}
		if len(d.Banks) == 0 || len(d.Banks) > l.Banks || len(d.SHA256) != 64 || len(d.Date) != 10 {
			t.Fatalf("%+v", d)
		}
		for i, b := range d.Banks {
			if !digits(b.BIK, 9, 9) || i > 0 && d.Banks[i-1].BIK >= b.BIK || b.Name == "" || len([]rune(b.Name)) > maxName || len([]rune(b.Town)) > maxName ||
				b.Account != "" && !digits(b.Account, 20, 20) {
				t.Fatalf("%+v", b)
			}
		}
		if _, err := Write(d); err != nil { // it compares what comes back
			t.Fatal(err)
		}
	})
}
