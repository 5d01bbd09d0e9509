package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bank131"
	"countersign/internal/bankdetails"
	"countersign/internal/banksim"
	"countersign/internal/calendar"
	"countersign/internal/payee"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// The sample is lived through, not written: every payout is entered, approved, asked for, answered and told about by the real use cases and
// the real pretend bank, by a clock that runs through the last 60 days. So the history, the ledger and every page agree.

// sampleDays is how far back the sample begins.
const sampleDays = 60

type samplePayee struct {
	id                           string // of the saved payee
	name, bik, account, inn, kpp string
}

var sampleNames = []string{
	"Щербаков Тимур Русланович", "Дементьева Юлия Валерьевна", "Ахметзянов Булат Ильдарович", "Никифорова Анна Андреевна", "Салимгареев Эльдар Маратович",
	"Преображенская-Воскресенская Александра Константиновна", "Рябинин Олег Петрович", "Мухина Светлана Юрьевна", "Зотов Кирилл Вадимович",
	"Гаврилюк Роман Степанович", "Фролова Вера Николаевна", "Кадырова Гульнара Фаритовна", "Ёлкина-Иванова Мария Сергеевна", "Тер-Петросян Давид Арменович",
	"Цой Виктория Робертовна", "Журавлёв Павел Ильич", "Хабибуллина Резеда Ринатовна", "Бондаренко Алексей Тарасович", "Шмидт Екатерина Генриховна", "Осипов Лев Маркович",
}

var sampleFirms = []struct{ name, inn, kpp string }{
	{"ООО «Северные мастерские»", "7727406020", "770801001"},
	{"ИП Самойлова Дарья Игоревна", "500100732259", ""},
	{"ИП Волков Антон Сергеевич", "590613976191", ""},
}

var sampleWhat = []string{
	"Вознаграждение по договору № %d-ГПХ за проведение вебинаров, акт № %d. НДС не облагается",
	"Оплата услуг перевода по договору № %d, акт № %d. НДС не облагается",
	"Вознаграждение за монтаж видеозаписей по договору № %d-ГПХ, акт № %d. НДС не облагается",
	"Компенсация расходов по авансовому отчёту № %d, приказ № %d. НДС не облагается",
	"Оплата по договору № %d за разработку методических материалов, акт № %d. НДС не облагается",
	"Вознаграждение корректора по договору № %d-ГПХ, акт № %d. НДС не облагается",
}

// biks are made up: no such banks.
var sampleBIKs = []string{"040000713", "040000264", "040000581", "040000327"}

func samplePayees(r *rand.Rand) []samplePayee {
	var out []samplePayee
	account := func(prefix, bik string) string {
		return bankdetails.WithAccountKey(bik, fmt.Sprintf("%s8100%04d%07d", prefix, r.IntN(20), r.IntN(10_000_000)))
	}
	for i, n := range sampleNames {
		bik := sampleBIKs[i%len(sampleBIKs)]
		out = append(out, samplePayee{name: n, bik: bik, account: account("40817", bik)})
	}
	for i, f := range sampleFirms {
		bik, prefix := sampleBIKs[i%len(sampleBIKs)], "40802"
		if f.kpp != "" {
			prefix = "40702"
		}
		out = append(out, samplePayee{name: f.name, bik: bik, account: account(prefix, bik), inn: f.inn, kpp: f.kpp})
	}
	return out
}

// sampleEnd says how one payout of the sample ends.
type sampleEnd struct {
	kop   int64  // kopecks that make the bank do it; -1: any harmless ones
	local string // "rejected", "cancelled", "expired": it never reaches the bank
}

// sampleEnds deals the ends: mostly paid, every end state there from twenty payouts on.
func sampleEnds(n int, r *rand.Rand) []sampleEnd {
	special := []sampleEnd{{kop: 51}, {kop: 67}, {local: "rejected"}, {local: "cancelled"}, {local: "expired"}, {kop: 60}, {kop: 78}, {kop: 54}}
	out := make([]sampleEnd, n)
	for i := range out {
		out[i] = sampleEnd{kop: -1}
		if i%20 < 5 && i < 20 || i >= 20 && r.IntN(9) == 0 {
			out[i] = special[i%len(special)]
		}
	}
	if n < 5 {
		return out
	}
	r.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// harmlessKop picks kopecks without a meaning at the pretend bank.
func harmlessKop(r *rand.Rand) int64 {
	if r.IntN(3) > 0 {
		return 0
	}
	return int64(r.IntN(50))
}

type filler struct {
	ctx   context.Context
	d     *desk
	bank  *banksim.Bank
	clock *demoClock
	who   map[string]app.Who
	calls inProcess
	hooks bank131.Verifier
	began time.Time
	// pace is the longest pause between two deeds on one payout, so that a large sample does not run past today.
	pace time.Duration
}

// fill lives through the sample.
func fill(ctx context.Context, d *desk, bank *banksim.Bank, clock *demoClock, n int) error {
	if n == 0 {
		return nil
	}
	people, err := d.store.AllPeople(ctx)
	if err != nil {
		return err
	}
	f := &filler{ctx: ctx, d: d, bank: bank, clock: clock, who: map[string]app.Who{}, hooks: bank131.Verifier{Keys: d.BankKeys},
		calls: inProcess{h: bank.Handler(), sign: bank131.Signer{Key: d.OurKey}, project: d.Project}, began: time.Now(),
		pace: min(4*time.Minute, sampleDays*24*time.Hour/time.Duration(8*n))}
	for _, p := range people {
		f.who[p.Emails[0]] = app.Who{Person: p.ID, Email: p.Emails[0]}
	}
	r := rand.New(rand.NewPCG(131, uint64(n)))
	payees := samplePayees(r)
	ends := sampleEnds(n, r)
	at := sampleTimes(n, time.Now(), r)
	for i, e := range ends { // only an old one can have expired: it changes places with one of the oldest
		if e.local == "expired" && i > n/2 {
			j := r.IntN(n/2 + 1)
			ends[i], ends[j] = ends[j], ends[i]
		}
	}
	f.clock.to(at[0].Add(-24 * time.Hour))
	for i := range payees {
		if err := f.save(&payees[i], i, r); err != nil {
			return fmt.Errorf("payee %d: %w", i, err)
		}
	}
	deeds := make([]deed, n)
	used := map[string]bool{} // account and amount: two alike would be a repeat
	for i := range deeds {
		deeds[i] = plan(at[i], payees[r.IntN(len(payees))], ends[i], used, r)
	}
	// Signing takes most of the time: the deeds are shared out to lanes that use all cores. The clock is one and only goes forward,
	// so whatever the lanes do in between each other happens in one order of time.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f.ctx = ctx
	queue := make(chan deed)
	var lanes, busy sync.WaitGroup
	for i := range sampleLanes {
		r := rand.New(rand.NewPCG(131, uint64(i)))
		lanes.Go(func() {
			for x := range queue {
				if err := f.one(x, r); err != nil {
					cancel(fmt.Errorf("payout of %d kopecks (%+v): %w", x.minor, x.end, err))
				}
				busy.Done()
			}
		})
	}
	var days []calendar.Day
	for _, x := range deeds {
		days = append(days, calendar.DayOf(x.at))
	}
	days = slices.Compact(days)
	day, reports := days[0], 0
feed:
	for _, x := range deeds {
		// A day is over: once nobody is at work any more, the next one begins with the bank's report of it.
		if next := calendar.DayOf(x.at); next != day {
			busy.Wait()
			if left := len(days) - slices.Index(days, day); left > sampleUnreported {
				if err := f.report(day, next.Start().Add(8*time.Hour), sampleMakers[reports%2], sampleApprovers[reports%2], left > sampleOpen); err != nil {
					cancel(fmt.Errorf("report of %s: %w", day, err))
				}
				reports++
			}
			day = next
		}
		busy.Add(1)
		select {
		case queue <- x:
		case <-ctx.Done():
			busy.Done()
			break feed
		}
	}
	close(queue)
	lanes.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return f.settle()
}

// sampleLanes is how many payouts of the sample are on their way at a time.
const sampleLanes = 4

// deed is one payout of the sample as planned.
type deed struct {
	at      time.Time
	minor   int64
	content payout.Content
	maker   string
	end     sampleEnd
	first   int // which approver begins
}

func plan(at time.Time, p samplePayee, end sampleEnd, used map[string]bool, r *rand.Rand) deed {
	kop := end.kop
	if kop < 0 || end.local != "" {
		kop = harmlessKop(r)
	}
	var minor int64
	for {
		roubles := int64(500 + r.IntN(95_000))
		if r.IntN(6) == 0 {
			roubles = int64(100_000 + r.IntN(850_000))
		}
		minor = roubles/50*50*100 + kop
		if k := fmt.Sprint(p.account, minor); !used[k] {
			used[k] = true
			break
		}
	}
	saved := "" // small sums go to people whom nobody saved, too: the rules allow it
	if minor > approval.FirstBandMinor || minor%200_00 == 0 {
		saved = p.id
	}
	contract, act := 10+r.IntN(90), 1+r.IntN(300)
	return deed{at: at, minor: minor, end: end, maker: sampleMakers[r.IntN(len(sampleMakers))], first: r.IntN(3),
		content: payout.Content{PayeeID: saved, Details: bankdetails.Details{FullName: p.name, BIK: p.bik, Account: p.account, INN: p.inn, KPP: p.kpp,
			Description: fmt.Sprintf(sampleWhat[r.IntN(len(sampleWhat))], contract, act)},
			AmountText: fmt.Sprintf("%d.%02d", minor/100, minor%100), OwnRef: fmt.Sprintf("ВП-%d", 2000+r.IntN(7000)),
			Note: fmt.Sprintf("Договор № %d, акт № %d", contract, act)}}
}

// sampleTimes spreads n moments over the working hours of the bank days of the last 60 days, oldest first, the last ones some minutes ago.
func sampleTimes(n int, now time.Time, r *rand.Rand) []time.Time {
	last := now.Add(-time.Hour)
	var out []time.Time
	for len(out) < n {
		day := now.In(calendar.Moscow).AddDate(0, 0, -r.IntN(sampleDays))
		t := time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, calendar.Moscow).Add(time.Duration(r.IntN(9*3600)) * time.Second)
		if !(calendar.Calendar{}).IsBankDay(calendar.DayOf(t)) || !t.Before(last) || t.Before(now.AddDate(0, 0, -sampleDays)) {
			if r.IntN(50) > 0 {
				continue
			}
			t = now.Add(-time.Duration(2+r.IntN(sampleDays*24-2)) * time.Hour) // now and then somebody works at odd hours
		}
		out = append(out, t)
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

var (
	sampleMakers    = []string{"kuznetsova@demo.test", "lebedev@demo.test"}
	sampleApprovers = []string{"orlov@demo.test", "gromova@demo.test", "sokolovsky@demo.test"}
)

// save has one maker enter a payee and an approver agree to it, as the pages do.
func (f *filler) save(p *samplePayee, i int, r *rand.Rand) error {
	c := payee.Content{Kind: payee.Person, FullName: p.name, INN: p.inn, KPP: p.kpp, Accounts: []payee.Account{{BIK: p.bik, Number: p.account}}, Groups: []string{"авторы"}}
	switch {
	case p.kpp != "":
		c.Kind, c.Groups = payee.Company, []string{"подрядчики"}
	case p.inn != "":
		c.Kind, c.Groups = payee.Sole, []string{"подрядчики"}
	}
	p.id = f.d.app.NewPayeeID()
	if err := f.d.app.ProposePayee(f.ctx, f.who[sampleMakers[i%len(sampleMakers)]], app.PayeeEntry{ID: p.id, Content: c}); err != nil {
		return err
	}
	f.tick(r)
	ps, err := f.d.store.Proposals(f.ctx, approval.Payee, p.id, 1)
	if err != nil {
		return err
	}
	if len(ps) == 0 {
		return errors.New("the proposal is not there")
	}
	return f.d.app.Accept(f.ctx, f.who[sampleApprovers[i%len(sampleApprovers)]], approval.Payee, p.id, ps[0].Digest, app.Proof{})
}

// The reports of the last sampleUnreported days are left to whoever looks at the demo; so is the closing of the last sampleOpen ones.
const sampleUnreported, sampleOpen = 3, 6

// report hands in the pretend bank's report of a day that is over, and has an approver close it when everything agrees.
func (f *filler) report(day calendar.Day, at time.Time, maker, approver string, end bool) error {
	f.clock.to(at)
	if day >= calendar.DayOf(f.clock.Now()) {
		return nil // somebody worked at odd hours
	}
	data, err := f.bank.Report(string(day), "csv")
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return nil
	}
	if _, err := f.d.app.TakeReport(f.ctx, f.who[maker], f.bank.ReportName(string(day))+".csv", "", data); err != nil {
		return err
	}
	if !end {
		return nil
	}
	figures, err := f.d.app.Day(f.ctx, day, nil)
	if err != nil || figures.Open() > 0 {
		return err
	}
	return f.d.app.CloseDay(f.ctx, f.who[approver], day, figures.Mark())
}

func (f *filler) tick(r *rand.Rand) {
	f.clock.to(f.clock.Now().Add(f.pace/8 + time.Duration(r.Int64N(int64(f.pace)))))
}

func (f *filler) one(x deed, r *rand.Rand) error {
	f.clock.to(x.at)
	if _, err := f.d.app.ExpireNext(f.ctx); err != nil {
		return err
	}
	maker := f.who[x.maker]
	id, err := f.d.app.Enter(f.ctx, maker, app.Entry{Form: fmt.Sprintf("sample-%s-%d", x.content.Account, x.minor), Content: x.content, Submit: true})
	if err != nil {
		return err
	}
	s, err := f.d.store.PayoutByID(f.ctx, id)
	if err != nil {
		return err
	}
	f.tick(r)
	if x.end.local == "expired" && f.began.Sub(f.clock.Now()) < time.Duration(f.d.Rules.ExpiryDays+1)*24*time.Hour {
		x.end.local = "cancelled" // too young to have expired
	}
	switch x.end.local {
	case "rejected":
		return f.d.app.Reject(f.ctx, f.who[sampleApprovers[x.first]], id, s.Digest, "Акт подписан не той датой, нужен новый")
	case "cancelled":
		return f.d.app.Cancel(f.ctx, maker, id, "Оплатили по другому договору")
	case "expired":
		return nil // nobody approves it; two weeks later its time is over
	}
	for i := 0; i < len(sampleApprovers) && s.State == payout.PendingApproval; i++ {
		if err := f.d.app.Approve(f.ctx, f.who[sampleApprovers[(x.first+i)%len(sampleApprovers)]], id, s.Digest, app.Proof{}); err != nil {
			return err
		}
		f.tick(r)
		if s, err = f.d.store.PayoutByID(f.ctx, id); err != nil {
			return err
		}
	}
	f.clock.to(f.clock.Now().Add(f.d.SendAfter + time.Second))
	return f.send()
}

// send lets a payout whose countdown is over go (another lane may have taken this lane's own: then it takes that one's), and the bank
// do all it does about it.
func (f *filler) send() error {
	var o *protocol.Order
	for range 10_000 {
		var err error
		if o, err = f.d.app.Claim(f.ctx); err != nil {
			return err
		}
		if o != nil {
			break
		}
		// A message of another lane is not applied yet: claims wait for it.
		if err := f.apply(); err != nil {
			return err
		}
		runtime.Gosched()
	}
	if o == nil {
		return errors.New("nothing could be claimed")
	}
	answer, raw := f.calls.InitPayout(o.Key, o.Body)
	if err := f.d.app.Answered(f.ctx, o, answer, raw); err != nil {
		return err
	}
	for range 20 {
		due, ok := f.bank.Next()
		if !ok {
			break
		}
		f.clock.to(due)
		if err := f.deliver(); err != nil {
			return err
		}
	}
	return f.ask(payout.ID(o.Payout))
}

func (f *filler) apply() error {
	for {
		did, err := f.d.app.ApplyNext(f.ctx)
		if err != nil || !did {
			return err
		}
	}
}

func (f *filler) deliver() error {
	for _, m := range f.bank.Advance(f.clock.Now()) {
		key, reason := f.hooks.Verify(m.Body, []string{m.Signature})
		if reason != "" {
			continue // the intake would answer 401
		}
		if err := f.d.app.StoreWebhook(f.ctx, m.Body, key); err != nil {
			return err
		}
		if err := f.apply(); err != nil {
			return err
		}
	}
	return nil
}

// ask fetches the status of one payout, as the poller would.
func (f *filler) ask(id payout.ID) error {
	s, err := f.d.store.PayoutByID(f.ctx, id)
	if err != nil || s.Session == "" {
		return err
	}
	status, raw := f.calls.Status(s.Session)
	return f.d.app.Fetched(f.ctx, &protocol.Poll{Session: s.Session, Payout: string(id)}, status, raw)
}

// settle gives the bank the time it still needs, up to now, and ends what expired meanwhile.
func (f *filler) settle() error {
	f.clock.to(f.began)
	if _, err := f.d.app.ExpireNext(f.ctx); err != nil {
		return err
	}
	for range 1000 {
		due, ok := f.bank.Next()
		if !ok || due.After(time.Now()) {
			break
		}
		f.clock.to(due)
		if err := f.deliver(); err != nil {
			return err
		}
	}
	return nil
}

// inProcess speaks to the pretend bank's handler without a network: the same bytes, the same signatures.
type inProcess struct {
	h       http.Handler
	sign    bank131.Signer
	project string
}

func (b inProcess) call(path, key string, body []byte) (int, []byte, bool, error) {
	sig, err := b.sign.Sign(body)
	if err != nil {
		return 0, nil, false, err
	}
	req, err := http.NewRequest(http.MethodPost, "http://bank.local"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, false, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-PARTNER-PROJECT", b.project)
	req.Header.Set("X-PARTNER-SIGN", sig)
	if key != "" {
		req.Header.Set("X-PARTNER-IDEMPOTENCY-KEY", key)
	}
	rec := &answer{head: http.Header{}, code: http.StatusOK}
	b.h.ServeHTTP(rec, req)
	return rec.code, rec.body.Bytes(), rec.head.Get("X-Banksim") == "cut", nil
}

// answer keeps what a handler says.
type answer struct {
	head http.Header
	code int
	body bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.head }
func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// InitPayout makes the one writing call.
func (b inProcess) InitPayout(key string, body []byte) (protocol.Answer, protocol.Raw) {
	code, got, cut, err := b.call("/api/v1/session/init/payout", key, body)
	raw := protocol.Raw{HTTP: code, Body: got}
	if err != nil || cut {
		return protocol.Answer{GotConn: true, Err: "cut"}, protocol.Raw{}
	}
	a := bank131.ParseAnswer(got)
	a.GotConn, a.HTTP = true, code
	return a, raw
}

// Status asks about a session.
func (b inProcess) Status(session string) (protocol.Fetch, protocol.Raw) {
	code, got, _, err := b.call("/api/v1/session/status", "", fmt.Appendf(nil, `{"session_id":%q}`, session))
	if err != nil {
		return protocol.Fetch{Asked: session, Problem: "down"}, protocol.Raw{}
	}
	return bank131.ParseFetch(session, code, got), protocol.Raw{HTTP: code, Body: got}
}
