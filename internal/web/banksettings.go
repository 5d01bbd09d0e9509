package web

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/web/templates"
)

// bigBodies are the routes whose body may be larger than a form: a file with the wrapping of its form.
var bigBodies = map[string]int64{"POST /settings/bank": app.MaxBankFile + maxForm}

// bodyLimit is the most bytes that a route takes: usual unless it takes a file.
func bodyLimit(rt route, usual int64) int64 {
	if n, ok := bigBodies[rt.method+" "+rt.path]; ok {
		return n
	}
	return usual
}

// typedBank is what stood in the forms of /settings/bank when it is shown again after a refusal.
type typedBank struct {
	faults                       fault.List
	year, off, work, reason, key string
}

func (w *Web) bank(r *req) error { // GET /settings/bank
	return w.showBank(r, http.StatusOK, typedBank{})
}

func (w *Web) showBank(r *req, status int, was typedBank) error {
	t := r.t.Bank
	p, err := r.page(t.Title, templates.SectionSettings)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	var f BankFacts
	if w.Bank != nil {
		f = w.Bank.Bank()
	}
	v := &templates.BankView{People: r.may(app.ReadPeople)}
	env := t.Real
	if w.Demo != nil {
		env = t.Demo
	}
	v.Ours = []templates.Fact{{Label: t.Webhook, Value: first(f.WebhookURL, w.PublicURL+webhookPath), Mono: true, Copy: true}}
	add := func(to *[]templates.Fact, x templates.Fact) {
		if x.Value != "" {
			*to = append(*to, x)
		}
	}
	add(&v.Ours, templates.Fact{Label: t.PublicKey, Value: f.PublicKey, Pre: true, Copy: true})
	add(&v.Ours, templates.Fact{Label: t.OurPrint, Value: f.Fingerprint, Mono: true})
	add(&v.Ours, templates.Fact{Label: t.Project, Value: first(f.Project, w.App.Place.Project), Mono: true})
	flow := t.Single
	if w.App.Flow == "stepwise" {
		flow = t.Stepwise
		if w.App.Confirm == "auto" {
			flow = t.StepwiseAuto
		}
	}
	add(&v.Ours, templates.Fact{Label: t.Flow, Value: flow})
	add(&v.Ours, templates.Fact{Label: t.Env, Value: env})
	for _, k := range f.BankFingerprints {
		add(&v.Theirs, templates.Fact{Label: t.TheirPrint, Value: k, Mono: true})
	}
	add(&v.Theirs, templates.Fact{Label: t.Address, Value: f.Address, Mono: true})
	last := t.Never
	if ms, err := w.App.Store.Inbox(r.ctx(), app.InboxQuery{Limit: 1}); err != nil {
		return err
	} else if len(ms) > 0 {
		last = clockDay(r, ms[0].LastAt) + ", " + lowerFirst(says(r.t, ms[0]))
	}
	v.State = []templates.Fact{{Label: t.LastWebhook, Value: last}}
	answer := t.Never
	if !f.LastAnswerAt.IsZero() {
		answer = clockDay(r, f.LastAnswerAt)
		if f.LastAnswer != "" {
			answer += ", " + answerWords(r.t, f.LastAnswer)
		}
	}
	breaker := t.BreakerOK
	if d.BankDown {
		breaker = lang.Fill(t.BreakerOpen, clockDay(r, d.DownSince))
	}
	v.State = append(v.State, templates.Fact{Label: t.LastAnswer, Value: answer}, templates.Fact{Label: t.Breaker, Value: breaker})
	if f, ok := r.backupFact(); ok {
		v.State = append(v.State, f)
	}
	if err := w.bankMore(r, d, &v.More, was); err != nil {
		return err
	}
	return r.show(status, templates.Bank(p, v))
}

// answerWords is the bank's last answer: an HTTP code as a number, anything else by its code's words.
func answerWords(t *lang.Texts, s string) string {
	if _, err := strconv.Atoi(s); err == nil {
		return lang.Fill(t.More().HTTPCode, s)
	}
	return t.Reason(s)
}

// oldDirectory is how old a directory of banks may be before the page says so.
const oldDirectory = 30 * 24 * time.Hour

// bankMore fills the directory of banks, the calendar and the keys.
func (w *Web) bankMore(r *req, d *desk, v *templates.BankMore, was typedBank) error {
	t := r.t.BankRoom()
	v.May = r.may(app.SetBank)
	bad := func(name string) string {
		if f := was.faults.Field(name); f != nil {
			return say(r.t, f)
		}
		return ""
	}
	for _, name := range []string{"form", "key"} {
		if s := bad(name); s != "" {
			v.Error = &templates.FieldError{Field: name, Text: s}
		}
	}
	file, loaded, err := w.App.Store.BankFile(r.ctx())
	if err != nil {
		return err
	}
	v.File, v.DirButton = templates.Field{Help: t.DirHelp, Error: bad("file")}, t.Upload
	if !loaded {
		v.DirNote = t.DirNone
	} else {
		by := d.name(r.t, file.By.Person)
		switch day := calendar.Day(file.Day).Start(); {
		case file.MadeUp():
			v.DirNote, by = t.DirMadeUp, t.DirBuiltIn
		case r.now.Sub(day) > oldDirectory:
			v.DirNote, v.DirDoubt = lang.Fill(t.DirOld, lang.DayFull(r.tag, day)), true
		}
		v.DirButton = t.Replace
		on := templates.Fact{Label: t.DirDay, Value: lang.DayFull(r.tag, calendar.Day(file.Day).Start())}
		if file.Version != "" {
			on.Note = lang.Fill(t.DirVersion, file.Version)
		}
		v.Dir = []templates.Fact{on, {Label: t.DirCount, Value: lang.Int(r.tag, int64(file.N))}, {Label: t.DirBy, Value: by, Note: lang.Moment(r.tag, file.At, r.now)},
			{Label: t.DirSHA, Value: file.SHA, Mono: true}}
	}

	s := w.App.Bank()
	v.Version = strconv.Itoa(s.Version)
	if s.Version > 0 {
		v.VersionLine = lang.Fill(t.Version, s.Version)
	}
	for _, year := range s.Years() {
		y := s.Transfers[year]
		v.Years = append(v.Years, templates.Fact{Label: strconv.Itoa(year), Value: lang.Fill(t.YearDays, strconv.Itoa(year), days(t, y.Off), days(t, y.Work))})
	}
	for _, year := range w.App.MissingYears(r.now) {
		v.Missing = append(v.Missing, lang.Fill(t.YearMissing, strconv.Itoa(year)))
	}
	if missing := w.App.MissingYears(r.now); was.year == "" && len(missing) > 0 {
		was.year = strconv.Itoa(missing[0])
	}
	v.Year = templates.Field{Value: was.year, Help: t.HelpYear, Error: bad("year")}
	v.Off, v.Work = templates.Field{Value: was.off, Help: t.HelpOff, Error: bad("off")}, templates.Field{Value: was.work, Help: t.HelpWork, Error: bad("work")}
	v.Reason = templates.Field{Value: was.reason, Help: t.HelpReason, Error: bad("reason")}

	if k := w.App.BankKeys; k != nil {
		for _, print := range k.FromFile() {
			v.Keys = append(v.Keys, templates.BankKeyRow{Print: print, From: t.KeyFile})
		}
		for _, key := range s.Keys {
			row := templates.BankKeyRow{Print: k.Print(key), From: t.KeyAdded}
			if v.May {
				row.Gone = &templates.Act{Action: "/settings/bank/keys/remove", Label: t.GoneKey, TestID: "key-remove",
					Hidden: []templates.Hidden{{Name: "key", Value: row.Print}, {Name: "version", Value: v.Version}}}
			}
			v.Keys = append(v.Keys, row)
		}
	}
	v.Key = templates.Field{Value: was.key, Help: t.HelpKey, Error: bad("bank_key")}

	newest, err := w.App.Store.Proposals(r.ctx(), approval.Keys, app.KeysID, 1)
	if err != nil {
		return err
	}
	if len(newest) == 1 && newest[0].State == "" {
		p := newest[0]
		v.Open = &templates.OpenProposal{Text: lang.Fill(t.OpenProposal, d.name(r.t, p.By.Person), lang.Moment(r.tag, p.At, r.now)),
			Link: templates.Link{Href: keysProposalHref, Label: t.OpenLink}}
	}
	return nil
}

// keysProposalHref is the page where the open version of the bank's settings is decided on.
const keysProposalHref = templ.SafeURL("/changes/" + string(approval.Keys) + "/" + app.KeysID)

// days are days as people type them.
func days(t *lang.BankRoomTexts, list []calendar.Day) string {
	if len(list) == 0 {
		return t.NoDays
	}
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = dueText(string(d))
	}
	return strings.Join(out, " ")
}

// again shows the page with what was refused, filled in; what is no fault of a field goes on.
func (w *Web) bankAgain(r *req, was typedBank, err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	r.here = "/settings/bank"
	was.faults = fault.As(err)
	return w.showBank(r, http.StatusUnprocessableEntity, was)
}

func (w *Web) loadBanks(r *req) error { // POST /settings/bank
	file, err := uploaded(r.Request(), "file", app.MaxBankFile)
	if err == nil {
		_, err = w.App.LoadBanks(r.ctx(), r.me.who(), file)
	}
	if err != nil {
		return w.bankAgain(r, typedBank{}, err)
	}
	return r.see("/settings/bank")
}

// maxParts bounds the parts of an upload that are looked through.
const maxParts = 10

// uploaded reads one file out of a multipart form: nil when there is none. Beyond limit it reads one byte more, so that whoever judges it sees that it is
// too large; a body beyond the route's own limit is 413.
func uploaded(q *http.Request, name string, limit int64) ([]byte, error) {
	parts, err := q.MultipartReader()
	if err != nil {
		return nil, nil // a form of another kind holds no file
	}
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, bodyError(err)
		}
		if part.FormName() != name {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, limit+1))
		if err != nil {
			return nil, bodyError(err)
		}
		return b, nil
	}
	return nil, nil
}

func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return statusError(http.StatusRequestEntityTooLarge)
	}
	return statusError(http.StatusBadRequest)
}

func (w *Web) proposeDays(r *req) error { // POST /settings/bank/calendar
	f := r.Request().PostForm
	was := typedBank{year: strings.TrimSpace(f.Get("year")), off: f.Get("off"), work: f.Get("work"), reason: f.Get("reason")}
	var faults fault.List
	year, err := strconv.Atoi(was.year)
	if err != nil {
		faults = append(faults, fault.Bad("year", calendar.CodeRange))
	}
	var y calendar.Year
	for _, x := range []struct {
		name, text string
		to         *[]calendar.Day
	}{{"off", was.off, &y.Off}, {"work", was.work, &y.Work}} {
		list, bad := typedDays(x.name, x.text)
		if bad != nil {
			faults = append(faults, bad)
		}
		*x.to = list
	}
	if len(faults) > 0 {
		return w.bankAgain(r, was, faults)
	}
	if err := w.App.ProposeTransfers(r.ctx(), r.me.who(), year, y, versionSeen(r), strings.TrimSpace(was.reason)); err != nil {
		return w.bankAgain(r, was, err)
	}
	return r.see("/settings/bank#calendar")
}

// maxDays bounds the days that are read from one field: more than any year has.
const maxDays = 400

// typedDays reads days with spaces, commas or lines between.
func typedDays(field, text string) ([]calendar.Day, *fault.Error) {
	words := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\r\n,;\u00a0\u202f", c) })
	if len(words) > maxDays {
		return nil, fault.Bad(field, calendar.CodeMany)
	}
	out := make([]calendar.Day, 0, len(words))
	for _, s := range words {
		at, err := lang.ParseDay(s)
		if err != nil {
			return nil, fault.Bad(field, calendar.CodeDay, clip(s, 20))
		}
		out = append(out, calendar.DayOf(at))
	}
	return out, nil
}

// versionSeen is the version in force on the sender's screen; what is no number was never on any.
func versionSeen(r *req) int {
	n, err := strconv.Atoi(r.Request().PostForm.Get("version"))
	if err != nil {
		return -1
	}
	return n
}

func (w *Web) proposeKey(r *req) error { // POST /settings/bank/keys
	was := typedBank{key: r.Request().PostForm.Get("bank_key")}
	if err := w.App.ProposeBankKeys(r.ctx(), r.me.who(), was.key, versionSeen(r), ""); err != nil {
		if fault.Is(err, "keys.private") {
			was.key = "" // it is not sent back
		}
		return w.bankAgain(r, was, err)
	}
	return r.see("/settings/bank#keys")
}

func (w *Web) proposeKeyGone(r *req) error { // POST /settings/bank/keys/remove
	if err := w.App.ProposeKeyGone(r.ctx(), r.me.who(), r.Request().PostForm.Get("key"), versionSeen(r), ""); err != nil {
		return w.bankAgain(r, typedBank{}, err)
	}
	return r.see("/settings/bank#keys")
}
