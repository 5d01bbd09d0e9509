package templates

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/lang"
)

// sample is one page with rich data, for the gallery and for the tests that look at every page.
type sample struct {
	name string
	page templ.Component
}

const (
	longName    = "Преображенская-Воскресенская Александра Константиновна"
	longPurpose = "Оплата по договору № 17/26-ГПХ от 12.01.2026 за разработку методических материалов и за проведение вебинаров для преподавателей, акт № 88 от 13.11.2026, этап 4 из 10. Налог на доходы удержан. НДС не облагается."
	reference   = "cs1-1042-k7mq2xw5v4tz6nhd3rjy8cfa1e"
	wholeCode   = "9f3c1a7e41be09d29f3c1a7e41be09d29f3c1a7e41be09d29f3c1a7e41be09d2"
)

func sid(n int) string { return fmt.Sprintf("019a9c3e-7b52-7c1e-9d4f-%012d", n) }

// world makes sample data in one language.
type world struct {
	t  *lang.Texts
	l  string
	th string
}

func (w world) pick(ru, en string) string {
	if w.l == "ru" {
		return ru
	}
	return en
}

func (w world) sum(whole, frac string) Sum {
	return Sum{Whole: w.pick(whole, swap(whole, " ", ",")), Frac: w.pick(","+frac, "."+frac)}
}

func swap(s, old, new string) string {
	out := ""
	for _, r := range s {
		if string(r) == old || r == ' ' {
			out += new
		} else {
			out += string(r)
		}
	}
	return out
}

func (w world) page(section, title, role string) *Page {
	p := &Page{
		T: w.t, Lang: w.l, Theme: w.th, Title: title, Section: section, Here: "/payouts?state=approved", Keys: true,
		Assets:  Assets{CSS: "static/desk.css", HTMX: "static/htmx.min.js", JS: "static/desk.js", Worker: "static/live-worker.js", Icon: "static/mark.svg"},
		Counts:  Counts{Approvals: 3, Unknown: 2},
		Seq:     "4711",
		Session: &SessionView{IdleSeconds: 900, EndsAtMs: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli(), DemoPerson: ""},
		Demo: &DemoBar{Kopecks: "/demo/kopecks", BankHref: "http://localhost:8131/", Groups: []DemoGroup{
			{w.t.Demo.Makers, []DemoPerson{{ID: "1", Name: "Кузнецова", Current: role == "maker"}, {ID: "2", Name: "Лебедев"}}},
			{w.t.Demo.Approvers, []DemoPerson{{ID: "3", Name: "Орлов"}, {ID: "4", Name: "Громова", Current: role == "approver"}, {ID: "5", Name: "Соколовский"}}},
			{w.t.Demo.Auditor, []DemoPerson{{ID: "6", Name: "Белова", Current: role == "auditor"}}},
			{w.t.Demo.Admins, []DemoPerson{{ID: "7", Name: "Тихонов", Current: role == "admin"}, {ID: "8", Name: "Зайцева"}}},
		}},
	}
	switch role {
	case "maker":
		p.Person = &PersonView{"Кузнецова Марина", "kuznetsova@example.test", w.t.Roles["maker"]}
		p.Menu = Menu{New: true, Payouts: true, Unknown: true, Rules: true}
		p.Counts.Approvals = 0
	case "auditor":
		p.Person = &PersonView{"Белова Нина", "belova@example.test", w.t.Roles["auditor"]}
		p.Menu = Menu{Payouts: true, Unknown: true, Inbox: true, History: true, People: true, Bank: true, Rules: true, Limits: true}
		p.Counts.Approvals = 0
	case "admin":
		p.Person = &PersonView{"Тихонов Егор", "tikhonov@example.test", w.t.Roles["admin"]}
		p.Menu = Menu{Payouts: true, Inbox: true, History: true, People: true, Bank: true, Rules: true, Limits: true, Halt: true}
		p.Counts = Counts{}
	case "approver":
		p.Person = &PersonView{"Громова Ирина", "gromova@example.test", w.t.Roles["approver"]}
		p.Menu = Menu{Approvals: true, Payouts: true, Unknown: true, Inbox: true, Rules: true, Limits: true, Halt: true}
	}
	return p
}

func (w world) badge(n int, state, held, why string) BadgeView {
	return BadgeView{ID: sid(n), Status: state, Label: w.t.States[state], Held: held, Why: why}
}

func (w world) rows() []RowView {
	t := w.t
	row := func(n int, state, payee, last, purpose, whole, frac string, off bool, signs, maker, at string) RowView {
		s := w.sum(whole, frac)
		s.Off = off
		r := RowView{Badge: w.badge(n, state, "", ""), Href: PayoutHref(sid(n)), Number: fmt.Sprint(n), Payee: payee, Last4: "··" + last, Purpose: purpose, Sum: s, Signs: signs, Maker: maker, Changed: at}
		if signs != "" {
			given := 0
			for _, m := range signs {
				if m == 'g' {
					given++
				}
			}
			r.SignsText = lang.Fill(t.Common.Of, given, len(signs))
		}
		return r
	}
	rs := []RowView{
		row(1058, "succeeded", "Щербаков Тимур Русланович", "7719", "Вознаграждение по договору № 41-ГПХ, октябрь 2026 года", "48 300", "00", false, "g", "Кузнецова М.", "14:07"),
		row(1060, "approved", "Дементьева Юлия Валерьевна", "0254", "Оплата услуг перевода по акту № 12 от 16.11.2026, НДС не облагается", "312 000", "00", true, "gg", "Лебедев А.", "14:07"),
		row(1059, "sending", "Ахметзянов Булат Ильдарович", "3306", "Компенсация расходов по авансовому отчёту № 233", "9 870", "50", false, "g", "Кузнецова М.", "14:07"),
		row(1061, "pending_approval", "Никифорова Анна Андреевна", "9140", "Вознаграждение за монтаж видеозаписей, акт № 7", "86 400", "00", true, "m", "Лебедев А.", "14:03"),
		row(1049, "unknown", "Салимгареев Эльдар Маратович", "5587", "Вознаграждение по договору № 29-ГПХ за проведение шести занятий", "127 400", "00", false, "gg", "Кузнецова М.", "13:59"),
		row(1042, "pending_approval", longName, "4312", "Оплата по договору № 17/26-ГПХ за разработку методических материалов", "486 250", "00", true, "gm", "Лебедев А.", "13:48"),
		row(1057, "draft", "Рябинин Олег Петрович", "1178", "Возврат излишне удержанной суммы по заявлению от 11.11.2026", "3 215", "07", true, "", "Кузнецова М.", "13:31"),
		row(1056, "in_progress", "Мухина Светлана Юрьевна", "6021", "Вознаграждение корректору, 214 страниц, акт № 3", "34 240", "00", false, "g", "Лебедев А.", "13:26"),
		row(1036, "returned", "Зотов Кирилл Вадимович", "8803", "Вознаграждение за участие в опросе, ноябрь", "1 000", "00", false, "g", "Кузнецова М.", "13:12"),
		row(1054, "failed", "Гаврилюк Роман Степанович", "4470", "Оплата по договору подряда № 8, этап 2 из 3", "73 500", "00", true, "g", "Лебедев А.", "12:56"),
		row(1055, "succeeded", "Фролова Вера Николаевна", "2095", "Вознаграждение по договору № 38-ГПХ, октябрь 2026 года", "51 800", "00", false, "g", "Кузнецова М.", "12:44"),
		row(1051, "approved", "Объединение «Северные мастерские»", "0616", "Оплата по договору поставки № 3 от 02.11.2026, в том числе НДС 22%", "12 345 678", "90", true, "ggg", "Лебедев А.", "12:31"),
		row(1050, "pending_approval", "Черноусова Людмила Геннадьевна", "7342", "Выплата авторского вознаграждения по лицензионному договору № 5", "4 200 000", "00", true, "gge", "Кузнецова М.", "12:04"),
		row(1048, "rejected", "Веденеев Игорь Львович", "1950", "Компенсация проезда, командировка 09.11–12.11.2026", "18 640", "00", true, "", "Лебедев А.", "11:47"),
		row(1047, "cancelled", "Рябинин Олег Петрович", "1178", "Возврат излишне удержанной суммы по заявлению", "3 125", "07", true, "", "Кузнецова М.", "11:30"),
		row(1045, "succeeded", "Кадырова Гульнара Фаритовна", "6689", "Вознаграждение за экспертизу двух заявок", "40 000", "68", false, "g", "Лебедев А.", "10:15"),
		row(1041, "expired", "Тарасенко Виталий Богданович", "2261", "Оплата по счёту № 77 от 30.10.2026", "24 800", "00", true, "", "Кузнецова М.", w.pick("18 ноя", "18 Nov")),
		row(1046, "succeeded", "Цой Алина", "3018", "Проверочная выплата на новый счёт", "1", "50", false, "g", "Кузнецова М.", "10:02"),
	}
	rs[1].Badge.Held, rs[1].Badge.Why, rs[1].Badge.UntilMs, rs[1].Badge.Tick = "countdown", lang.Fill(t.Held["countdown"], lang.Fill(t.Common.InSeconds, 7)), time.Now().Add(7*time.Second).UnixMilli(), t.Held["countdown"]
	rs[3].Move, rs[5].Move = true, true
	rs[4].Badge.Why = w.pick("банк не ответил за 60 с", "no answer in 60 s")
	rs[6].Badge.Why = t.List.ChangesAsked
	rs[8].Badge.Why = t.List.ReturnedWhole
	rs[9].Badge.Why = lang.Fill(t.Common.Bank, t.BankCode("account_not_found"))
	rs[10].Badge.Why = lang.Fill(t.List.Returned, w.pick("1 800,00", "1,800.00"), w.pick("51 800,00", "51,800.00"))
	rs[11].Badge.Held, rs[11].Badge.Why = "halt", t.Held["halt"]
	rs[12].Badge.Why = t.List.NeedsSenior
	rs[15].Badge.Review, rs[15].Badge.Why = true, t.List.Review
	return rs
}

func (w world) listView() *PayoutsView {
	t := w.t
	return &PayoutsView{
		Tabs: []Tab{
			{Href: "/payouts", Label: t.List.All, Count: w.pick("4 128", "4,128"), Current: true},
			{Href: "/payouts?tab=mine", Label: t.List.Mine, Count: "212"},
			{Href: "/approvals", Label: t.List.ToApprove, Count: "3", Tone: "mine", Counter: "approvals"},
			{Href: "/payouts?state=sending&state=in_progress", Label: t.List.OnTheWay, Count: "2"},
			{Href: "/unknown", Label: t.List.Unknown, Count: "2", Tone: "doubt", Counter: "unknown"},
			{Href: "/payouts?state=succeeded", Label: t.List.Paid, Count: w.pick("3 902", "3,902")},
			{Href: "/payouts?state=failed", Label: t.List.NotPaid, Count: "148"},
		},
		Filter: Filter{From: "01.11.2026", To: "19.11.2026"},
		Rows:   w.rows(), Found: t.N(t.Common.Payouts, 394), CSV: "/payouts?format=csv",
		Totals: []Total{
			{"paid", t.List.TotalPaid, w.sum("18 412 906", "40")}, {"bank", t.List.TotalWay, w.sum("44 110", "50")},
			{"doubt", t.List.TotalUnknown, w.sum("139 900", "00")}, {"stop", t.List.TotalNot, w.sum("1 214 380", "00")},
		},
		Next: "/payouts?after=x",
	}
}

func (w world) moveRows() []MoveRow {
	rs := w.rows()
	a, b, c := rs[5], rs[5], rs[3]
	a.Number, a.Badge.ID, a.Signs, a.SignsText, a.Changed = "1040", sid(1040), "me", lang.Fill(w.t.Common.SignsMine, 0, 2), w.pick("18 ноя", "18 Nov")
	b.SignsText, c.SignsText = lang.Fill(w.t.Common.SignsMine, 1, 2), lang.Fill(w.t.Common.SignsMine, 0, 1)
	a.Sum.Off, b.Sum.Off, c.Sum.Off = false, false, false
	return []MoveRow{
		{a, lang.Fill(w.t.Overview.First, 2), w.t.N(w.t.Common.Warnings, 1)},
		{b, w.t.Overview.Last, w.t.N(w.t.Common.Warnings, 2)},
		{c, w.t.Overview.Only, ""},
	}
}

func (w world) overview() *OverviewView {
	t := w.t
	days := make([]Day, 30)
	for i, v := range []int64{720, 560, 790, 0, 0, 0, 450, 480, 940, 490, 770, 0, 0, 970, 460, 0, 910, 620, 0, 0, 450, 490, 840, 820, 480, 0, 640, 490, 950, 130} {
		days[i].Paid = v * 100000
	}
	days[6].Failed, days[21].Failed, days[27].Failed = 4500000, 7000000, 12000000
	c := Plot(days, 100000000)
	c.Top, c.Axis = w.pick("1 млн", "1 M"), []string{w.pick("21 окт", "21 Oct"), w.pick("1 ноя", "1 Nov"), w.pick("10 ноя", "10 Nov"), t.Common.Today}
	c.Label = lang.Fill(t.Overview.ChartLabel, w.pick("21 окт", "21 Oct"), w.pick("19 ноя", "19 Nov"), w.pick("970 000,00", "970,000.00"))
	answer := func(at, state string, n int, name, whole, frac string) AnswerRow {
		return AnswerRow{at, state, t.States[state], PayoutHref(sid(n)), lang.Fill(t.Common.Number, n) + ", " + name, w.sum(whole, frac)}
	}
	return &OverviewView{
		ShowMoves: true, Moves: w.moveRows(), MovesLine: t.N(t.Common.PayoutsOn, 3), MovesSum: w.sum("1 058 900", "00"), MovesAll: "/approvals",
		Figures: []Figure{
			{"/payouts?state=approved", t.Overview.Approved, w.sum("12 657 678", "90"), "", t.N(t.Common.Payouts, 2)},
			{"/payouts?state=in_progress", t.Overview.OnTheWay, w.sum("44 110", "50"), "", t.N(t.Common.Payouts, 2) + ", " + lang.Fill(t.Overview.Longest, 1056, lang.Fill(t.Common.InMinutes, 41))},
			{"/unknown", t.Overview.Unknown, w.sum("139 900", "00"), "doubt", t.N(t.Common.Payouts, 2) + ", " + lang.Fill(t.Overview.Oldest, 1029, w.pick("17 ноя", "17 Nov"))},
			{"/payouts?state=succeeded", t.Overview.PaidToday, w.sum("140 102", "18"), "", t.N(t.Common.Payouts, 4) + ", " + lang.Fill(t.Overview.LastAt, "14:07")},
		},
		Chart: c, ChartPaid: w.sum("18 412 906", "40"), ChartFail: w.sum("1 214 380", "00"),
		Answers: []AnswerRow{
			answer("14:07", "succeeded", 1058, "Щербаков Тимур Русланович", "48 300", "00"), answer("13:26", "in_progress", 1056, "Мухина Светлана Юрьевна", "34 240", "00"),
			answer("13:12", "returned", 1036, "Зотов Кирилл Вадимович", "1 000", "00"), answer("12:56", "failed", 1054, "Гаврилюк Роман Степанович", "73 500", "00"),
			answer("12:44", "succeeded", 1055, "Фролова Вера Николаевна", "51 800", "00"), answer("10:15", "succeeded", 1045, longName, "40 000", "68"),
		},
	}
}

func (w world) payout(state string) *PayoutView {
	t := w.t
	day := w.pick("19 ноя", "19 Nov")
	ev := func(at, tone, key string, args ...any) Event {
		return Event{At: at, Tone: tone, Text: lang.Fill(t.Events[key], args...)}
	}
	tl := []Event{
		ev("11:42:10", "people", "replaces", "Кузнецова М.", 1037), ev("11:44:31", "people", "submitted", "Кузнецова М."), ev("12:05:02", "people", "changes_asked", "Орлов П."),
		ev("13:27:36", "people", "edited", "Лебедев А.", 2), ev("13:31:08", "people", "submitted", "Лебедев А."), ev("13:48:15", "people", "approved", "Орлов П.", lang.Fill(t.Common.Of, 1, 2)),
	}
	tl[0].Day = day
	tl[2].Notes = []string{"«Акт другой: 88, не 87. И сумма по акту 486 250»"}
	tl[3].Fold = &Fold{Summary: t.Payout.WhatChanged, Diff: w.diff("")}
	v := &PayoutView{
		ID: sid(1042), Number: "1042", Sum: w.sum("486 250", "00"), Payee: longName, Badge: w.badge(1042, state, "", ""),
		Bank: "Волжско-Камский расчётный банк, г. Нижнереченск", BIK: "040000713",
		Account: &AccountNumber{Groups: []string{"40817", "810", "5", "0000", "1234312"}, Kind: t.Accounts["person"]},
		Purpose: longPurpose, More: []Fact{{Label: t.Payout.Basis, Value: "Договор № 17/26-ГПХ от 12.01.2026, акт № 88 от 13.11.2026"}, {Label: t.Payout.OwnRef, Value: "ВП-1042"}},
		PaidText: t.N(t.Common.PayoutsOn, 7), PaidSum: w.sum("2 914 300", "00"), PaidTail: lang.Fill(t.Payout.PaidLast, w.pick("28 окт", "28 Oct")), PaidNote: lang.Fill(t.Payout.PaidOther, "··0087"),
		Makers: "Кузнецова Марина Олеговна, Лебедев Артём Игоревич",
		Rel:    []Fact{{Label: t.Payout.Replaces, Value: lang.Fill(t.Common.Number, 1037), Href: PayoutHref(sid(1037)), Note: lang.Fill(t.Payout.ReplaceOf, w.pick("16 ноя", "16 Nov"))}},
		Tech:   []Fact{{Label: t.Payout.VersionCode, Value: "9f3c1a7e", Mono: true}, {Label: t.Payout.VersionCodeWhole, Value: wholeCode, Mono: true, Copy: true}, {Label: t.Payout.Requests, Value: "0"}},
	}
	next := Event{At: t.Payout.Next, Tone: "next"}
	given := []Signature{{Mark: "given", Text: "Орлов Павел Андреевич", At: "13:48:15 " + t.Common.Moscow}, {Mark: "given", Text: "Громова Ирина Сергеевна", At: "13:57:54 " + t.Common.Moscow}}
	approved2 := ev("13:57:54", "people", "approved", "Громова И.", lang.Fill(t.Common.Of, 2, 2))
	sent := ev("13:58:04", "bank", "sent")
	sent.Fold = &Fold{Summary: t.Payout.WhatWasSent, Facts: []Fact{{Label: t.Payout.VersionCode, Value: "9f3c1a7e", Mono: true}}, Raw: `{"payment_method":{"type":"bank_account"}}`}
	switch state {
	case "approver":
		v.Badge = w.badge(1042, "pending_approval", "", "")
		v.Signs, v.SignsText = "gm", lang.Fill(t.Common.SignsMine, 1, 2)
		v.MoveBold, v.MoveText = t.Payout.YourMove, t.Payout.YourMoveLast
		v.Version, v.Versions = lang.Fill(t.Common.VersionOf, 2, 2), []Link{{"/payouts/x?version=1", lang.Fill(t.Payout.OlderVersion, 1)}}
		v.Panel = &Panel{
			Tone: "people", Kind: "mine", Title: t.Panel.Yours,
			Text:  []string{lang.Fill(t.Panel.ThenSends, w.pick("486 250,00", "486,250.00"), lang.Fill(t.Common.InSeconds, 10))},
			Words: w.pick("Четыреста восемьдесят шесть тысяч двести пятьдесят рублей 00 копеек", "Four hundred and eighty-six thousand two hundred and fifty roubles 00 kopecks"),
			Warnings: []Warning{
				{Bold: t.Acks["duplicate"] + ".", Text: t.AckLong["duplicate"], Links: []Link{{PayoutHref(sid(1040)), lang.Fill(t.Common.Number, 1040)}}, Note: lang.Fill(t.Panel.Warned, "Лебедев А.")},
				{Bold: t.Acks["account_key"] + ".", Text: t.AckLong["account_key"], Note: lang.Fill(t.Panel.Warned, "Лебедев А.")},
			},
			Changes: w.diff(lang.Fill(t.Panel.ChangedIn, 2, "Лебедев А.", "13:27")),
			Signs:   []Signature{given[0], {Mark: "mine", Bold: t.Panel.You, Text: lang.Fill(t.Panel.OrOthers, "Соколовский В.")}},
			Decide: &Decide{Approve: "/payouts/x/approve", Changes: "/payouts/x/changes", Reject: "/payouts/x/reject", Digest: wholeCode, Version: "2",
				Label: t.Panel.ApproveSend, Amount: w.pick("486 250,00 ₽", "486,250.00 ₽"), ChangesLabel: t.Panel.AskChanges, RejectLabel: t.Panel.Reject},
		}
		next.Bold, next.Text, next.Notes = t.Payout.NextYours, lang.Fill(t.Payout.NextYoursText, lang.Fill(t.Common.InSeconds, 10)), []string{lang.Fill(t.Payout.NextExpires, w.pick("3 дек в 13:31", "3 Dec at 13:31"))}
	case "approver-error":
		v = w.payout("approver")
		v.Panel.Decide.ReasonError = t.Fault(fakeFault("reason.needed"))
		return v
	case "own":
		v.Badge = w.badge(1042, "pending_approval", "", "")
		v.Signs, v.SignsText = "ge", lang.Fill(t.Common.Of, 1, 2)
		v.MoveBold, v.MoveText = t.Payout.TheirMove, lang.Fill(t.Payout.OthersSign, "Громова И., Соколовский В.")
		v.Panel = &Panel{Kind: "own", Title: t.Panel.Own, Text: []string{lang.Fill(t.Panel.OwnText, "Громова И., Соколовский В.")}, Signs: []Signature{given[0], {Mark: "empty", Text: "Громова И., Соколовский В."}},
			Links: []Link{{"/payouts/x/edit", t.Panel.Edit}}, Cancel: &ReasonAct{Action: "/payouts/x/cancel", Summary: t.Panel.Cancel, Label: t.Panel.CancelReason, Button: t.Panel.CancelButton, Keep: t.Panel.Keep, Open: true}}
		next.Bold, next.Text = t.Payout.NextOthers, lang.Fill(t.Payout.NextOthersText, "Громова И., Соколовский В.")
	case "draft":
		v.Badge = w.badge(1042, "draft", "", t.List.ChangesAsked)
		v.MoveBold, v.MoveText = t.Payout.MakersMove, t.Payout.DraftChanges
		tl = tl[:3]
		v.Panel = &Panel{Tone: "people", Kind: "draft", Title: t.Panel.Changes, Text: []string{lang.Fill(t.Panel.ChangesText, "Орлов П.", "Акт другой: 88, не 87. И сумма по акту 486 250")},
			Links: []Link{{"/payouts/x/edit", t.Panel.Edit}}, LinkMain: true, Acts: []Act{{Action: "/payouts/x/submit", Label: t.Panel.Submit}},
			Cancel: &ReasonAct{Action: "/payouts/x/cancel", Summary: t.Panel.Cancel, Label: t.Panel.CancelReason, Button: t.Panel.CancelButton, Keep: t.Panel.Keep}}
		next.Bold, next.Text = t.Payout.NextDraft, t.Payout.NextDraftText
	case "countdown":
		until := time.Now().Add(9 * time.Second).UnixMilli()
		v.Badge = w.badge(1042, "approved", "countdown", "")
		v.Signs, v.SignsText = "gg", lang.Fill(t.Common.Of, 2, 2)
		v.MoveBold, v.MoveText = t.Payout.DeskMove, t.Payout.Countdown
		tl = append(tl, approved2)
		v.Panel = &Panel{Tone: "people", Kind: "countdown", Title: t.Panel.Way, Text: []string{t.Panel.CountdownText}, Countdown: &Countdown{until, t.Panel.CountdownBefore, lang.Fill(t.Common.InSeconds, 9)}, Signs: given,
			Acts: []Act{{Action: "/payouts/x/back", Label: t.Panel.TakeBack, Hidden: []Hidden{{"digest", wholeCode}}, TestID: "back"}}}
		next.Bold, next.Text = t.Payout.NextSend, t.Payout.NextSendText
	case "held":
		v.Badge = w.badge(1042, "approved", "credentials", t.Held["credentials"])
		v.MoveBold, v.MoveText = t.Payout.HeldBold, t.HeldLong["credentials"]
		v.Panel = &Panel{Kind: "held", Title: t.Panel.Held, Text: []string{t.Panel.HeldText, t.HeldLong["credentials"]}, Signs: given, Acts: []Act{{Action: "/payouts/x/back", Label: t.Panel.TakeBack}}}
		tl = append(tl, approved2)
		next.Bold, next.Text = t.Payout.NextSend, t.Payout.NextSendText
	case "in_progress", "succeeded":
		v.Reference, v.Approved = reference, given
		tl = append(tl, approved2, sent, ev("13:58:05", "bank", "taken"))
		v.MoveBold, v.MoveText = t.Payout.BankMove, t.Payout.WithBank
		next.Bold, next.Text, next.Notes = t.Payout.NextBank, t.Payout.NextBankText, []string{lang.Fill(t.Payout.NextPoll, "13:58:25")}
		v.Panel = &Panel{Kind: "bank", Title: t.Panel.WithBank, Text: []string{t.Panel.BankText}}
		if state == "succeeded" {
			done := ev("13:58:07", "bank", "succeeded")
			done.Links = []Link{{"/inbox/1", t.Payout.Message}}
			tl = append(tl, done, ev("13:58:08", "bank", "confirmed"))
			v.MoveBold, v.MoveText = t.Payout.Done, t.Payout.Paid
			v.Panel = &Panel{Kind: "paid", Title: t.Panel.Paid, Text: []string{t.Panel.PaidText}, Links: []Link{{"/payouts/new?copy=x", t.Panel.Copy}}}
			next.Text = t.Payout.NextReturn
		}
		v.Account = &AccountNumber{Last4: "··4312", Kind: t.Accounts["person"], Reveal: "/payouts/x/reveal"}
	case "unknown":
		v.Reference, v.Approved = reference, given
		v.Badge.Why = w.pick("банк не ответил за 60 с", "no answer in 60 s")
		v.Account = &AccountNumber{Last4: "··4312", Kind: t.Accounts["person"], Reveal: "/payouts/x/reveal"}
		v.MoveBold, v.MoveText = t.Payout.BankMove, t.Payout.UnknownMove
		tl = append(tl, approved2, sent, ev("13:59:04", "doubt", "unknown", "", t.Unknown.KnownCut))
		v.Panel = &Panel{Tone: "doubt", Kind: "unknown", Title: t.Panel.Known,
			Lists: []KnownList{
				{Title: t.Panel.Known, Items: []string{lang.Fill(t.Panel.KnownOnce, "13:58:04 "+t.Common.Moscow), t.Panel.KnownNever, lang.Fill(t.Panel.KnownAnswers, "13:59:31")}},
				{Title: t.Panel.NotKnown, Doubt: true, Items: []string{t.Panel.NotTaken, t.Panel.NotSession}}, {Title: t.Panel.CanDo, Text: t.Panel.DoSupport},
			}, CopyRef: reference}
		v.Panel.Lists[0].Title = ""
		next.Bold, next.Text, next.Notes = t.Payout.NextUnknown, t.Payout.NextUnknownText, []string{t.Payout.NextUnknownNote}
	case "flagged":
		v.Badge = w.badge(1042, "succeeded", "", t.List.Review)
		v.Badge.Review = true
		v.Reference, v.Approved = reference, given
		v.MoveBold, v.MoveText = t.Payout.PeopleMove, t.Payout.Flagged
		tl = append(tl, approved2, sent, ev("14:01:04", "stop", "failed", "", t.BankCode("account_not_found")), ev("14:11:04", "doubt", "flagged", "", t.Panel.FlagKnown))
		v.Panel = &Panel{Tone: "doubt", Kind: "flagged", Title: t.Panel.Flagged, Text: []string{t.Panel.FlaggedText},
			Lists: []KnownList{{Title: t.Panel.NotKnown, Doubt: true, Items: []string{t.Panel.FlagNot}}, {Title: t.Panel.CanDo, Text: t.Panel.FlagDo}}, CopyRef: reference}
		next.Text = t.Payout.NextNothing
	case "failed":
		why := lang.Fill(t.Common.Bank, t.BankCode("account_not_found"))
		v.Badge.Why = why
		v.Reference, v.Approved = reference, given
		v.MoveBold, v.MoveText = t.Payout.Done, lang.Fill(t.Payout.NotPaid, t.BankCode("account_not_found"))
		tl = append(tl, approved2, sent, ev("14:01:04", "stop", "failed", "", t.BankCode("account_not_found")))
		v.Panel = &Panel{Tone: "stop", Kind: "failed", Title: t.Panel.Failed, Text: []string{t.Panel.FailedText}, Links: []Link{{"/payouts/new?copy=x", t.Panel.CopyReplace}}, LinkMain: true}
		next.Text = t.Payout.NextReplace
	case "returned":
		v.Badge.Why = t.List.ReturnedWhole
		v.Reference = reference
		v.MoveBold, v.MoveText = t.Payout.Done, t.Payout.ReturnedWhole
		v.Panel = &Panel{Tone: "doubt", Kind: "returned", Title: t.Panel.Returned, Text: []string{t.Panel.ReturnedText}, Links: []Link{{"/payouts/new?copy=x", t.Panel.CopyReplace}}}
		next.Text = t.Payout.NextNothing
	case "rejected":
		v.MoveBold, v.MoveText = t.Payout.Done, lang.Fill(t.Payout.Rejected, "Орлов П.", "Счёт не тот")
		v.Panel = &Panel{Kind: "ended", Title: t.Panel.Ended, Text: []string{t.Panel.EndedRejected}, Links: []Link{{"/payouts/new?copy=x", t.Panel.Copy}}}
		next.Text = t.Payout.NextNothing
	case "admin":
		v = w.payout("succeeded")
		v.Badge = w.badge(1042, "succeeded", "", "")
		v.Payee, v.Purpose, v.Bank, v.BIK, v.Account, v.More, v.PaidText, v.PaidNote, v.Makers, v.Panel = "", "", "", "", nil, nil, "", "", "", nil
		return v
	}
	v.Timeline = append(tl, next)
	return v
}

func (w world) diff(title string) *Diff {
	return &Diff{Title: title, Lines: []DiffLine{
		{w.t.Fields["amount"], []DiffPart{{'-', w.pick("486 520,00", "486,520.00")}, {'+', w.pick("486 250,00", "486,250.00")}}},
		{w.t.Fields["account"], []DiffPart{{'-', "··0087"}, {'+', "··4312"}}},
		{w.t.Fields["description"], Words("для преподавателей, акт № 87 от 13.11.2026", "для преподавателей, акт № 88 от 13.11.2026")},
	}}
}

func (w world) form() *FormView {
	t := w.t
	return &FormView{
		Action: "/payouts", Heading: t.Form.New, Hidden: []Hidden{{"form", sid(1)}},
		FullName: Field{Value: longName, Help: lang.Fill(t.Form.PaidBefore, w.pick("28 окт", "28 Oct"), "··0087"), End: lang.Fill(t.Form.Chars, 53, 160), Max: 160},
		BIK:      Field{Value: "040000713", Help: "Волжско-Камский расчётный"}, Account: Field{Value: "40817810500001234312", Help: t.Accounts["person"], End: lang.Fill(t.Form.AccountCount, 20), Max: 20},
		Amount:  Field{Value: w.pick("486 250,00", "486,250.00"), Help: w.pick("Четыреста восемьдесят шесть тысяч двести пятьдесят рублей 00 копеек", "Four hundred and eighty-six thousand two hundred and fifty roubles 00 kopecks")},
		Purpose: Field{Value: longPurpose, Help: t.Form.HelpPurpose, End: lang.Fill(t.Form.Chars, 195, 210), Max: 210},
		OwnRef:  Field{Value: "ВП-1042", Help: t.Form.HelpOwnRef}, INN: Field{Help: t.Form.HelpINNPerson}, KPP: Field{Help: t.Form.HelpKPP},
		Note:  Field{Value: "Договор № 17/26-ГПХ от 12 января 2026, акт № 88", Help: t.Form.HelpNote},
		Ticks: []Tick{{Code: "account_key", Bold: t.Acks["account_key"], Text: t.AckLong["account_key"]}},
		Sheet: Sheet{Sum: w.sum("486 250", "00"), Payee: longName, Bank: "Волжско-Камский расчётный банк, г. Нижнереченск", BIK: "040000713",
			Account: &AccountNumber{Groups: []string{"40817", "810", "5", "0000", "1234312"}, Kind: t.Accounts["person"]},
			Purpose: []DiffPart{{' ', longPurpose + " Срочно"}, {'!', "!"}}, Note: "Договор № 17/26-ГПХ от 12 января 2026, акт № 88",
			Warnings: []Fact{{Value: t.Acks["account_key"], Note: t.Form.NotTicked}}, Signs: "ee", SignsText: lang.Fill(t.Common.Of, 0, 2), Rule: lang.Fill(t.Form.AnyOf, 2, 3), RuleNote: "Орлов П., Громова И., Соколовский В."},
		MoreOpen: true,
	}
}

func (w world) samples() []sample {
	t := w.t
	var out []sample
	add := func(name string, c templ.Component) { out = append(out, sample{name, c}) }

	out0 := w.page(SectionNone, t.SignIn.Title, "")
	out0.Person, out0.Session, out0.Menu, out0.Counts, out0.Demo.Groups = nil, nil, Menu{}, Counts{}, nil
	people := []DemoPerson{{"p1", "Кузнецова Марина", t.Roles["maker"], false}, {"p2", "Лебедев Артём", t.Roles["maker"], false}, {"p3", "Орлов Павел", t.Roles["approver"], false}, {"p4", "Громова Ирина", t.Roles["approver"], false},
		{"p5", "Соколовский Виктор", t.Roles["senior"], false}, {"p6", "Белова Нина", t.Roles["auditor"], false}, {"p7", "Тихонов Егор", t.Roles["admin"], false}, {"p8", "Зайцева Ольга", t.Roles["admin"], false}}
	add("sign-in", SignIn(out0, &SignInView{Next: "/", Demo: people}))
	add("sign-in-wrong", SignIn(out0, &SignInView{Next: "/", Email: "orlov@example.test", Error: t.Fault(fakeFault("signin.wrong")), Note: t.SignIn.Ended + " " + t.SignIn.Kept, Carried: []Hidden{{"reason", "x"}}}))

	ap := func(s, title string) *Page { return w.page(s, title, "approver") }
	add("overview", Overview(ap(SectionOverview, t.Overview.Title), w.overview()))
	empty := w.overview()
	empty.Moves, empty.Answers, empty.Empty = nil, nil, Empty{Text: t.N(t.Overview.NoneOthers, 3), Action: &Link{"/approvals", t.Overview.All}}
	add("overview-empty", Overview(w.page(SectionOverview, t.Overview.Title, "maker"), empty))
	add("payouts", Payouts(ap(SectionPayouts, t.List.Title), w.listView()))
	lv := w.listView()
	lv.Rows, lv.Next, lv.Empty, lv.Filter.From = nil, "", Empty{t.List.EmptyFilter, &Link{"/payouts", t.List.Clear}}, "32.13.2026"
	lv.Filter.Errors = []FieldError{{"from", t.List.BadDate}}
	add("payouts-empty", Payouts(w.page(SectionPayouts, t.List.Title, "maker"), lv))
	av := w.listView()
	av.Hide = true
	for i := range av.Rows {
		av.Rows[i].Payee, av.Rows[i].Purpose, av.Rows[i].Last4 = "", "", ""
	}
	add("payouts-admin", Payouts(w.page(SectionPayouts, t.List.Title, "admin"), av))
	add("new", PayoutForm(w.page(SectionPayouts, t.Form.New, "maker"), w.form()))
	bad := w.form()
	bad.Purpose.Error = w.pick("Банк не принимает знаки «!» и «?». Уберите «!» в конце.", "The bank takes no “!” and no “?”. Remove the “!” at the end.")
	bad.Amount = Field{Value: "1.000", Error: w.pick("Сумму можно прочесть двояко. Выберите.", "This can be read in two ways. Choose one.")}
	bad.Readings = []Reading{{"1000", w.pick("1 000,00 ₽", "1,000.00 ₽")}, {"1", w.pick("1,00 ₽", "1.00 ₽")}}
	bad.INN.Error = w.pick("Контрольные цифры ИНН не сходятся", "The INN’s check digits do not fit")
	bad.Errors = []FieldError{{"amount", bad.Amount.Error}, {"description", bad.Purpose.Error}, {"inn", bad.INN.Error}}
	bad.Ticks = append(bad.Ticks, Tick{Code: "no_vat", Bold: t.Acks["no_vat"], Text: t.AckLong["no_vat"], Error: t.Form.AckMissing, Inserts: []Insert{{"НДС не облагается"}, {"В том числе НДС 22%"}}})
	bad.Payees = []PayeeHint{{sid(3), longName, "040000713", "40817810500001234312", "", "", "··4312, Волжско-Камский, " + w.pick("28 окт", "28 Oct")}, {sid(4), "Преображенский Лев Константинович", "040000713", "40817810500001234318", "", "", "··4318, " + w.pick("18 ноя", "18 Nov")}}
	bad.Intro = lang.Fill(t.Form.ReplaceNote, 1037)
	add("new-errors", PayoutForm(w.page(SectionPayouts, t.Form.New, "maker"), bad))
	refused := w.form()
	refused.FormError, refused.FormLinks = &FieldError{"form", t.Fault(fakeFault("payout.open_like", 1040))}, []Link{{PayoutHref(sid(1040)), lang.Fill(t.Common.Number, 1040)}}
	refused.Edit, refused.EditNote, refused.Crumb, refused.Heading = true, lang.Fill(t.Form.EditNote, "Орлов П."), &Link{PayoutHref(sid(1042)), lang.Fill(t.Common.Number, 1042)}, lang.Fill(t.Form.Edit, 1042, 3)
	refused.Sheet = Sheet{NoSum: t.Form.SheetNoSum}
	add("edit-refused", PayoutForm(w.page(SectionPayouts, refused.Heading, "maker"), refused))
	add("fragment-checked", Checked(w.page(SectionPayouts, "", "maker"), bad))

	title := lang.Fill(t.Payout.TitleOne, 1042, w.pick("486 250,00", "486,250.00"))
	for _, s := range []string{"approver", "approver-error", "own", "draft", "countdown", "held", "in_progress", "unknown", "flagged", "failed", "returned", "succeeded", "rejected", "admin"} {
		role := "approver"
		switch s {
		case "own", "draft", "failed", "returned":
			role = "maker"
		case "succeeded", "in_progress":
			role = "auditor"
		case "admin":
			role = "admin"
		}
		section := SectionPayouts
		if s == "approver" {
			section = SectionApprovals
		}
		add("payout-"+s, Payout(w.page(section, title, role), w.payout(s)))
	}
	add("version", Version(ap(SectionPayouts, title), &VersionView{Number: "1042", Back: PayoutHref(sid(1042)), Title: lang.Fill(t.Payout.OlderVersion, 1), Note: "Кузнецова М., 11:44", Facts: w.payout("approver").More, Diff: w.diff(t.Payout.Changes)}))

	add("approvals", Approvals(ap(SectionApprovals, t.Queue.Title), &ApprovalsView{Mine: w.moveRows(), Line: t.N(t.Common.PayoutsOn, 3), Sum: w.sum("1 058 900", "00"), Others: w.rows()[11:13]}))
	add("approvals-empty", Approvals(ap(SectionApprovals, t.Queue.Title), &ApprovalsView{Empty: Empty{Text: t.N(t.Queue.NoneOthers, 3)}, Others: w.rows()[11:13]}))
	rs := w.rows()
	add("unknown", Unknown(ap(SectionUnknown, t.Unknown.Title), &UnknownView{Rows: unknownSamples(t, rs[4])}))
	add("outcome", Outcome(ap(SectionUnknown, t.Verdict().Line), outcomeSample(t)))
	add("unknown-empty", Unknown(ap(SectionUnknown, t.Unknown.Title), &UnknownView{Empty: Empty{Text: t.Unknown.None}}))

	s1, s2 := w.sum("48 300", "00"), w.sum("43 420", "00")
	no := func(n int) *Link { return &Link{PayoutHref(sid(n)), lang.Fill(t.Common.Number, n)} }
	add("inbox", Inbox(w.page(SectionInbox, t.Inbox.Title, "auditor"), &InboxView{
		Line: lang.Fill(t.Inbox.Line, 118, 4), Tabs: []Tab{{"/inbox", t.Inbox.All, "118", "", "", true}, {"/inbox?did=1", t.Inbox.Changed, "109", "", "", false}, {"/inbox?did=0", t.Inbox.Nothing, "5", "", "", false}, {"/inbox?bad=1", t.Inbox.Bad, "4", "", "", false}},
		Rows: []InboxRow{
			{At: "14:07:02", Good: true, Seal: t.Seals["good"], Says: t.Says["paid"], Payout: no(1058), Sum: &s1, Did: t.Outcomes["paid"], DidNote: lang.Fill(t.Inbox.Confirmed, "14:07:03"), Href: "/inbox/1"},
			{At: "14:06:41", Seal: t.Seals["bad"], Says: t.Says["unread"], NoOne: t.Inbox.NoPayout, Did: t.Outcomes["bad_seal"], DidTone: "muted", Href: "/inbox/2"},
			{At: "13:40:17", Good: true, Seal: t.Seals["good"], Says: t.Says["paid"], Times: "× 3", Payout: no(1044), Sum: &s1, Did: t.Outcomes["late"], DidTone: "muted", Href: "/inbox/3"},
			{At: "13:22:50", Good: true, Seal: t.Seals["good"], Says: t.Says["paid"], Payout: no(1056), Sum: &s2, Did: t.Outcomes["mismatch"], DidTone: "doubt", Href: "/inbox/4"},
		}, Foot: t.Inbox.Foot, Next: "/inbox?after=4"}))
	add("message", Message(w.page(SectionInbox, lang.Fill(t.Inbox.Message, "14:07:02"), "auditor"), &MessageView{
		Title: lang.Fill(t.Inbox.Message, "14:07:02"), Good: true, Seal: t.Seals["good"], BodyNote: t.Inbox.BodyCut,
		Facts: []Fact{{Label: t.Inbox.Payout, Value: lang.Fill(t.Common.Number, 1058), Href: PayoutHref(sid(1058))}, {Label: t.Inbox.Number, Value: "3"}, {Label: t.Inbox.Session, Value: "ps_80412", Mono: true, Copy: true}},
		Story: []Event{{At: "14:07:02", Tone: "bank", Text: t.Inbox.First, Day: w.pick("19 ноя", "19 Nov")}, {At: "14:07:03", Tone: "bank", Text: t.Outcomes["paid"]}},
		Body:  `{"type":"payment_finished","session":{"id":"ps_80412","created_at":"2026-11-19T10:21:58Z","payments":[{"id":"po_51377","amount_details":{"amount":4342000,"currency":"rub"}}]}}`,
		Raw:   &Act{Action: "/inbox/1/raw", Label: t.Inbox.Raw}}))
	add("history", History(w.page(SectionHistory, t.History.Title, "auditor"), &HistoryView{
		Filter: HistoryFilter{Kinds: []Option{{"", t.History.AllKinds, true}, {"payout", t.Kinds["payout"], false}}, People: []Option{{"", t.History.AllPeople, true}, {"p1", "Кузнецова М.", false}}},
		Rows: []HistoryRow{
			{Seq: w.pick("4 711", "4,711"), At: "14:07:03", Who: t.History.System, Text: t.Log["payout.confirmed"], About: no(1058), Detail: "9f3c1a7e…", Fold: []Fact{{Label: t.History.Leaf, Value: wholeCode, Mono: true}}, Raw: `{"action":"confirmed","number":1058}`},
			{Seq: w.pick("4 710", "4,710"), At: "14:07:02", Who: "Громова И.", Text: t.Log["payout.approved"], About: no(1058), Detail: "41be09d2…"},
			{Seq: w.pick("4 709", "4,709"), At: "14:05:00", Who: "Тихонов Е.", Text: t.Log["person.suspended"], Detail: "77aa09d2…"},
		},
		Head: []Fact{{Label: t.History.Size, Value: w.pick("4 711", "4,711")}, {Label: t.History.Root, Value: wholeCode, Mono: true}, {Label: t.History.Signed, Value: "— countersign-demo Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=", Mono: true}},
		Next: "/history?after=1"}))
	add("account", Account(ap(SectionAccount, t.Account.Title), &AccountView{
		Facts: []Fact{{Label: t.Account.Name, Value: "Громова Ирина Сергеевна"}, {Label: t.Account.Email, Value: "gromova@example.test"}, {Label: t.Account.Roles, Value: t.Roles["approver"]}},
		New:   Field{Help: t.Account.NewHelp}, Again: Field{Error: t.Fault(fakeFault("password.same"))}, IdleNote: lang.Fill(t.Account.Idle, t.N(t.Common.Minutes, 15)), Keys: true, Lang: w.l,
		SignIns: []SignInRow{{"Firefox, Linux, 127.0.0.1", "13:40", "14:07", true, nil}, {"Chromium, Windows, 10.0.0.7", "09:02", "12:31", false, &Act{Action: "/account/sign-ins/x/end", Label: t.Account.End}}}}))
	sus := &ReasonAct{Action: "/settings/people/x/suspend", Summary: t.People.Suspend, Label: t.People.SuspendReason, Button: t.People.SuspendButton, Keep: t.People.Keep}
	open := *sus
	open.Error = t.Fault(fakeFault("reason.needed"))
	add("people", People(w.page(SectionSettings, t.People.Title, "admin"), &PeopleView{Bank: true, Note: t.People.Note, Rows: []PersonRow{
		{"1", "Кузнецова Марина Олеговна", "kuznetsova@example.test", t.Roles["maker"], t.People.Working, false, "14:02", sus, "", nil},
		{"5", "Соколовский Виктор Павлович", "sokolovsky@example.test", t.RoleList([]string{"approver", "senior"}), t.People.Working, false, "13:31", &open, "", nil},
		{"2", "Лебедев Артём Игоревич", "lebedev@example.test", t.Roles["maker"], lang.Fill(t.People.Suspended, w.pick("12 мар", "12 Mar"), "Тихонов Е."), true, t.People.Never, nil, "", nil},
		{"7", "Тихонов Егор Ильич", "tikhonov@example.test", t.Roles["admin"], t.People.Working, false, "14:07", nil, t.People.Self, nil}}}))
	add("bank", Bank(w.page(SectionSettings, t.Bank.Title, "admin"), &BankView{People: true,
		Ours: []Fact{{Label: t.Bank.Webhook, Value: "https://desk.example.test/webhooks/bank131", Mono: true, Copy: true}, {Label: t.Bank.Project, Value: "demo", Mono: true},
			{Label: t.Bank.PublicKey, Value: "-----BEGIN PUBLIC KEY-----\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAo0e1\n-----END PUBLIC KEY-----", Pre: true, Copy: true}, {Label: t.Bank.OurPrint, Value: "SHA256:" + wholeCode, Mono: true}},
		Theirs: []Fact{{Label: t.Bank.TheirPrint, Value: "SHA256:" + wholeCode, Mono: true}}, State: []Fact{{Label: t.Bank.LastWebhook, Value: "14:07:02"}, {Label: t.Bank.LastAnswer, Value: "14:07:03"}, {Label: t.Bank.Breaker, Value: t.Bank.BreakerOK}}, More: sampleBank(w, t)}))
	add("halt-off", Halt(ap(SectionNone, t.Halt.Title), &HaltView{Lead: t.Halt.Off, Text: []string{t.Halt.OffText}, Stop: &ReasonAct{Action: "/halt", Label: t.Halt.Reason, Button: t.Halt.StopButton}}))
	stopped := w.page(SectionNone, t.Halt.Title, "admin")
	stopped.Stop = &StopBar{Detail: lang.Fill(t.Bars.StoppedBy, "14:09", "Орлов П.", "Чужие сообщения от имени банка, разбираемся"), CanRelease: true}
	stopped.Quarant = &Quarantine{Detail: t.Bars.QuarantineWhy}
	add("halt-on", Halt(stopped, &HaltView{On: true, Lead: t.Halt.On, Text: []string{t.Halt.OnText, t.Halt.ReleaseText},
		Facts: []Fact{{Label: t.Halt.By, Value: "Орлов Павел Андреевич"}, {Label: t.Halt.At, Value: "14:09:11 " + t.Common.Moscow}, {Label: t.Halt.Why, Value: "Чужие сообщения от имени банка, разбираемся"}},
		Signs: []Signature{{Mark: "given", Text: "Зайцева Ольга", At: "14:12:40 " + t.Common.Moscow}, {Mark: "mine", Bold: t.Panel.You}}, Release: &Act{Action: "/halt/release", Label: t.Halt.ReleaseSecond, Main: true}}))
	add("error", Error(ap(SectionNone, t.Error.Title), &ErrorView{Status: "404", What: t.Error.NotFound, Kept: t.Error.KeptNothing, Do: t.Error.DoAsk, Code: "notfound-7f3a", Links: []Link{{"/", t.Error.Home}}}))
	add("error-outside", Error(out0, &ErrorView{Status: "503", What: t.Error.Unavailable, Kept: t.Error.KeptAll, Do: t.Error.DoRetry, Code: "store.full", Links: []Link{{"/", t.Error.Home}}}))
	badge := w.badge(1042, "draft", "", t.List.ChangesAsked)
	add("conflict", Conflict(ap(SectionNone, t.Error.Title), &ConflictView{Number: "1042", What: lang.Fill(t.Error.Moved, 1042), Kept: t.Error.MovedKept, Do: t.Error.DoReload, Code: "approve.moved", Badge: &badge, Diff: w.diff(t.Error.MovedDiff),
		Typed: []Fact{{Label: t.Panel.Reason, Value: "Сумма не та"}}, Links: []Link{{PayoutHref(sid(1042)), lang.Fill(t.Payout.BackToPayout, 1042)}}}))
	add("kopecks", Kopecks(ap(SectionNone, t.Kopecks.Title), &KopecksView{Lead: t.Kopecks.Lead, Rows: []KopecksRow{{"51", w.pick("принимает, потом сообщает: не исполнена, счёт не найден", "takes it, then says: not paid, account not found"), t.States["failed"]}, {"55", w.pick("исполняет, ответ обрывается, сообщение позже", "pays, the answer is cut off, the message comes later"), t.States["unknown"] + " → " + t.States["succeeded"]}}}))
	out = append(out, w.settingsSamples()...)
	out = append(out, w.payeeSamples()...)
	return out
}

// sampleBank is a loaded directory, one year of moved days, one added key, and every field with an error.
func sampleBank(w world, t *lang.Texts) BankMore {
	b := t.BankRoom()
	return BankMore{May: true, DirNote: b.DirMadeUp, DirButton: b.Replace,
		Dir: []Fact{{Label: b.DirDay, Value: w.pick("19.11.2026", "19 Nov 2026"), Note: lang.Fill(b.DirVersion, "1")}, {Label: b.DirCount, Value: "1 312"},
			{Label: b.DirBy, Value: "Тихонов Егор Ильич", Note: "14:07"}, {Label: b.DirSHA, Value: wholeCode, Mono: true}},
		File: Field{Help: b.DirHelp, Error: t.Fault(fakeFault("bikdir.zip"))}, Years: []Fact{{Label: "2026", Value: lang.Fill(b.YearDays, "2026", "09.01.2026 31.12.2026", b.NoDays)}},
		Missing: []string{lang.Fill(b.YearMissing, "2027")}, Year: Field{Value: "2027", Help: b.HelpYear}, Off: Field{Value: "31.12.2027 x", Error: t.Fault(fakeFault("calendar.day", "x"))},
		Work: Field{Help: b.HelpWork}, Reason: Field{Help: b.HelpReason}, Version: "1", VersionLine: lang.Fill(b.Version, 1),
		Keys: []BankKeyRow{{Print: wholeCode, From: b.KeyFile}, {Print: wholeCode, From: b.KeyAdded, Gone: &Act{Action: "/settings/bank/keys/remove", Label: b.GoneKey}}},
		Key:  Field{Help: b.HelpKey}}
}
