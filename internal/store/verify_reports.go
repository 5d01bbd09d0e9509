package store

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/calendar"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

// reportFact is a report of the bank as its event tells it.
type reportFact struct {
	seq                          int64
	SHA                          string `json:"sha"`
	File                         string `json:"file"`
	Source                       string `json:"source"`
	From                         string `json:"day_from"`
	To                           string `json:"day_to"`
	N                            int64  `json:"n"`
	Paid                         int64  `json:"paid_minor"`
	Back                         int64  `json:"back_minor"`
	Rows                         string `json:"rows"`
	person, email                string
	at                           int64
	lines, paidMinor, backsMinor int64
	sum                          app.RowsHash
}

type closeFact struct {
	seq           int64
	doc           string
	person, email string
	at            int64
}

// report follows what was taken and what was closed.
func (c *checker) report(e audit.Event) error {
	switch e.Action {
	case "report.taken":
		f := &reportFact{seq: e.Seq, person: e.Person, email: e.SignIn, at: toMicro(e.At)}
		id, err := strconv.ParseInt(e.Subject, 10, 64)
		if err != nil || json.Unmarshal(e.Payload, f) != nil || c.reports[id] != nil || id != int64(len(c.reports))+1 {
			return broken("a report of the bank that cannot be the next one")
		}
		c.reports[id] = f
	case "day.closed":
		var f struct {
			Doc string `json:"doc"`
		}
		if err := json.Unmarshal(e.Payload, &f); err != nil || e.Version != len(c.closes[e.Subject])+1 {
			return broken("a day was closed out of its turn")
		}
		c.closes[e.Subject] = append(c.closes[e.Subject], closeFact{e.Seq, f.Doc, e.Person, e.SignIn, toMicro(e.At)})
	}
	return nil
}

// agreed are the matches in force: by line, and by payout without one.
func (c *checker) agreed() (lines map[[2]int64]app.MatchDoc, versions map[[2]int64]int, settled map[[2]string]int, err error) {
	lines, versions, settled = map[[2]int64]app.MatchDoc{}, map[[2]int64]int{}, map[[2]string]int{}
	for key, s := range c.subs {
		if key.kind != string(approval.Match) || s.end.state != app.Effective {
			continue
		}
		p, err := proposalAt(c.ctx, c.q, approval.Match, key.id, key.version)
		if err != nil {
			return nil, nil, nil, at(s.seq, "version %d of a match is gone", key.version)
		}
		d, err := app.ParseMatch(p.Doc)
		if err != nil || app.MatchID(d.Report, d.N, d.Payout, d.Kind) != key.id {
			return nil, nil, nil, at(s.seq, "a match is about something else than it says")
		}
		if d.Report == 0 {
			k := [2]string{string(d.Payout), d.Kind}
			settled[k] = max(settled[k], key.version)
			continue
		}
		k := [2]int64{d.Report, int64(d.N)}
		if key.version > versions[k] {
			lines[k], versions[k] = d, key.version
		}
	}
	return lines, versions, settled, nil
}

// reportRows compares the reports, their lines, what people agreed to about them, the days that were closed, and what the bank's word moved on which day.
func (c *checker) reportRows(total map[string]int64) error {
	total["report"] = int64(len(c.reports))
	if err := c.each("SELECT id, sha, name, source, day_from, day_to, n, paid_minor, back_minor, rows, body, person_id, email, at FROM report", func(r *sql.Rows) error {
		var id int64
		var g reportFact
		var body []byte
		if err := r.Scan(&id, &g.SHA, &g.File, &g.Source, &g.From, &g.To, &g.N, &g.Paid, &g.Back, &g.Rows, &body, &g.person, &g.email, &g.at); err != nil {
			return err
		}
		w := c.reports[id]
		if w == nil {
			return at(c.last, "report %d of the bank has no history", id)
		}
		g.seq = w.seq
		if g.SHA != w.SHA || g.File != w.File || g.Source != w.Source || g.From != w.From || g.To != w.To || g.N != w.N || g.Paid != w.Paid || g.Back != w.Back || g.Rows != w.Rows ||
			g.person != w.person || g.email != w.email || g.at != w.at || len(body) > 0 && hash(body) != w.SHA {
			return at(w.seq, "report %d of the bank is not what was handed in", id)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := c.reportLines(total); err != nil {
		return err
	}
	total["report_close"] = 0
	for day, closes := range c.closes {
		total["report_close"] += int64(len(closes))
		for i, w := range closes {
			var doc, person, email string
			var when int64
			err := c.tx.QueryRowContext(c.ctx, "SELECT doc, person_id, email, at FROM report_close WHERE day = ? AND version = ?", day, i+1).Scan(&doc, &person, &email, &when)
			if err != nil && !none(err) {
				return err
			}
			if err != nil || hash([]byte(doc)) != w.doc || person != w.person || email != w.email || when != w.at {
				return at(w.seq, "the closing of %s is not what it was", day)
			}
		}
	}
	return c.bankDays(total)
}

func (c *checker) reportLines(total map[string]int64) error {
	lines, versions, settled, err := c.agreed()
	if err != nil {
		return err
	}
	newest := int64(len(c.reports))
	for _, w := range c.reports {
		total["report_row"] += w.N
	}
	if err := c.each(`SELECT report_id, n, part, line, day, kind, operation, session, reference, amount_minor, gross_minor, finished_at, metadata, extra, rest, mark, same_as, payout_id, match_id, hand
FROM report_row ORDER BY report_id, n`, func(r *sql.Rows) error {
		var x queries.ReportRow
		if err := r.Scan(&x.ReportID, &x.N, &x.Part, &x.Line, &x.Day, &x.Kind, &x.Operation, &x.Session, &x.Reference, &x.AmountMinor, &x.GrossMinor, &x.FinishedAt, &x.Metadata, &x.Extra,
			&x.Rest, &x.Mark, &x.SameAs, &x.PayoutID, &x.MatchID, &x.Hand); err != nil {
			return err
		}
		if x.ReportID == newest+1 { // on its way: counted by nobody, seen by nobody
			total["report_row"]++
			return nil
		}
		w := c.reports[x.ReportID]
		if w == nil {
			return at(c.last, "a line of report %d, which never was", x.ReportID)
		}
		l := reportLine(x)
		if w.lines++; x.N != w.lines || l.MarkHash() != l.Mark || (l.Metadata != "" || l.Extra != "") && l.RestHash() != l.Rest {
			return at(w.seq, "line %d of report %d is not what the bank wrote", x.N, x.ReportID)
		}
		if l.Kind == app.KindBack {
			w.backsMinor += l.Amount
		} else {
			w.paidMinor += l.Amount
		}
		k := [2]int64{x.ReportID, x.N}
		whose, by := l.Payout, versions[k]
		if by > 0 {
			whose = lines[k].Payout
		}
		if l.Match != whose || l.Hand != by || by > 0 && lines[k].Mark != l.Mark {
			return at(w.seq, "line %d of report %d counts as another payout's than was agreed", x.N, x.ReportID)
		}
		w.sum.Add(l)
		return nil
	}); err != nil {
		return err
	}
	for id, w := range c.reports {
		if w.lines != w.N || w.sum.String() != w.Rows || w.paidMinor != w.Paid || w.backsMinor != w.Back {
			return at(w.seq, "the lines of report %d are not those that were taken", id)
		}
	}
	total["report_settled"] = int64(len(settled))
	return c.each("SELECT payout_id, kind, version FROM report_settled", func(r *sql.Rows) error {
		var k [2]string
		var version int
		if err := r.Scan(&k[0], &k[1], &version); err != nil {
			return err
		}
		if settled[k] != version {
			return at(c.last, "a payout is explained as nobody agreed")
		}
		return nil
	})
}

// bankDays compares on which day the bank's word moved what.
func (c *checker) bankDays(total map[string]int64) error {
	total["bank_day"] = 0
	for _, t := range c.payouts {
		total["bank_day"] += int64(len(t.moved))
	}
	return c.each("SELECT payout_id, kind, n, day, minor, at FROM bank_day", func(r *sql.Rows) error {
		var id, day string
		var d app.BankDay
		var when int64
		if err := r.Scan(&id, &d.Kind, &d.N, &day, &d.Minor, &when); err != nil {
			return err
		}
		t := c.payouts[id]
		if t == nil {
			return at(c.last, "a day of payout %s, which has no history", id)
		}
		d.Payout, d.Day = payout.ID(id), calendar.Day(day)
		if !slices.ContainsFunc(t.moved, func(w app.BankDay) bool {
			return w.Payout == d.Payout && w.Kind == d.Kind && w.N == d.N && w.Day == d.Day && w.Minor == d.Minor && cmp.Compare(toMicro(w.At), when) == 0
		}) {
			return at(t.last, "payout %d was moved by the bank on another day, or by another sum", t.fold.Number)
		}
		return nil
	})
}
