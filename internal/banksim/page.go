package banksim

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageCSS string

var (
	page = template.Must(template.New("page").Parse(pageText))
	// pageCSP lets in this one style and nothing else.
	pageCSP = func() string {
		sum := sha256.Sum256([]byte(pageCSS))
		return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	}()
)

// pageWords are the page's own texts, in the order of the template.
type pageWords struct {
	Title, Lead, Others, Kop, Does, Ends, Times                              string
	Ledger, Empty, Newest, Reference, Session, Amount, Account, Status, Seen string
	Other, OtherLang, Lang, Raw, Report                                      string
}

var pageIn = map[string]pageWords{
	"en": {
		Lang: "en", OtherLang: "ru", Other: "Русский",
		Title: "Pretend Bank 131", Lead: "No real money. The last two digits of the amount choose what happens. d = %s.",
		Others: "others", Kop: "Kopecks", Does: "What the bank does", Ends: "Where the payout ends", Times: "Money leaves",
		Ledger: "Ledger", Empty: "Nothing has been asked yet.", Newest: "The newest %d of %d.", Raw: "All of it as JSON", Report: "Daily reports",
		Reference: "Reference", Session: "Bank session", Amount: "Amount, ₽", Account: "Account", Status: "Status", Seen: "Requests",
	},
	"ru": {
		Lang: "ru", OtherLang: "en", Other: "English",
		Title: "Учебный Банк 131", Lead: "Денег здесь нет. Что произойдёт, решают последние две цифры суммы. d = %s.",
		Others: "прочие", Kop: "Копейки", Does: "Что делает банк", Ends: "Чем кончается выплата", Times: "Деньги ушли",
		Ledger: "Книга банка", Empty: "Запросов ещё не было.", Newest: "Последние %d из %d.", Raw: "Вся книга в JSON", Report: "Отчёты за день",
		Reference: "Метка", Session: "Сессия банка", Amount: "Сумма, ₽", Account: "Счёт", Status: "Статус", Seen: "Запросов",
	},
}

const pageTail = 30

type pageRow struct {
	Kop, Bank, End string
	Executed       int
}

type pageEntry struct {
	Entry
	Roubles, Kopecks, Last4, Kind string
}

// servePage shows the table of kopecks and the end of the ledger, in Russian for a browser that asks for it
// or for ?lang=ru, else in English.
func (b *Bank) servePage(w http.ResponseWriter, r *http.Request) {
	lang := r.URL.Query().Get("lang")
	if _, ok := pageIn[lang]; !ok {
		lang = "en"
		if strings.HasPrefix(r.Header.Get("Accept-Language"), "ru") {
			lang = "ru"
		}
	}
	words := pageIn[lang]
	view := struct {
		pageWords
		CSS     template.CSS
		D       string
		Rows    []pageRow
		Entries []pageEntry
		Shown   string
		Days    []string
	}{pageWords: words, Days: b.days(), CSS: template.CSS(pageCSS), D: fmt.Sprintf(words.Lead, b.o.Delay.Round(time.Millisecond))}
	for _, k := range kopecks {
		row := pageRow{Kop: fmt.Sprint(k.Kop), Bank: k.Bank, End: k.End, Executed: k.Executed}
		if lang == "ru" {
			row.Bank, row.End = k.BankRU, k.EndRU
		}
		if k.Kop == 0 {
			row.Kop = words.Others
		}
		view.Rows = append(view.Rows, row)
	}
	ledger := b.Ledger()
	if err := b.journal.sync(); err != nil {
		http.Error(w, "journal cannot be written", http.StatusInternalServerError)
		return
	}
	for _, e := range slices.Backward(ledger) {
		if len(view.Entries) == pageTail {
			break
		}
		p := pageEntry{Entry: e, Roubles: grouped(e.Amount / 100), Kopecks: fmt.Sprintf("%02d", e.Amount%100), Last4: e.Account}
		if lang == "ru" {
			p.Kopecks = "," + p.Kopecks
		} else {
			p.Kopecks = "." + p.Kopecks
		}
		if n := len(e.Account); n > 4 {
			p.Last4 = "··" + e.Account[n-4:]
		}
		switch {
		case e.Executed > 1:
			p.Kind = "doubt"
		case e.Executed == 1:
			p.Kind = "paid"
		case e.Status == poFailed:
			p.Kind = "stop"
		}
		view.Entries = append(view.Entries, p)
	}
	view.Shown = fmt.Sprintf(words.Newest, len(view.Entries), len(ledger))
	var out bytes.Buffer
	if err := page.Execute(&out, view); err != nil {
		http.Error(w, "page cannot be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pageCSP)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(out.Bytes()) // a reader who left wants no page
}

// days are the last days of which the page offers the report, today first.
func (b *Bank) days() (out []string) {
	now := b.o.Now().In(moscow)
	for i := range 7 {
		out = append(out, now.AddDate(0, 0, -i).Format("2006-01-02"))
	}
	return out
}

// grouped writes a number in groups of three, apart by a no-break space.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u00a0" + s[i:]
	}
	return s
}
