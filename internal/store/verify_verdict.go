package store

import (
	"database/sql"
	"encoding/json"
	"maps"
	"slices"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/protocol"
)

// verdictRows proves the evidence files of rulings by what was proposed, and that every ruling which took effect, and none besides, became evidence of its payout.
func (c *checker) verdictRows(total map[string]int64) error {
	ruled := map[string]map[int]string{} // by payout and version what each effective ruling says
	total["verdict_file"] = 0
	for key, p := range c.subs {
		if key.kind != string(approval.Verdict) {
			continue
		}
		total["verdict_file"]++
		row, err := proposalAt(c.ctx, c.q, approval.Verdict, key.id, key.version)
		if err != nil {
			return err
		}
		v, err := app.ParseVerdict(row.Doc)
		t := c.payouts[key.id]
		if err != nil || t == nil || v.Payout != key.id || v.Number != t.fold.Number || v.AmountMinor != t.fold.Minor || v.File != p.file {
			return at(p.seq, "version %d of a ruling is not about what it says: %v", key.version, err)
		}
		var sha, media string
		var size int
		var body []byte
		var when int64
		err = c.tx.QueryRowContext(c.ctx, "SELECT sha, media, bytes, body, at FROM verdict_file WHERE payout_id = ? AND version = ?", key.id, key.version).Scan(&sha, &media, &size, &body, &when)
		if none(err) {
			return at(p.seq, "the evidence beside version %d of a ruling is gone", key.version)
		}
		if err != nil {
			return err
		}
		if sha != v.File || media != v.Media || size != v.Bytes || when != p.subject.at || len(body) > 0 && (len(body) != size || hash(body) != sha) {
			return at(p.seq, "the evidence beside version %d of a ruling is not what was laid there", key.version)
		}
		if v.Report > 0 {
			var file string
			var length int
			err := c.tx.QueryRowContext(c.ctx, "SELECT r.sha, length(r.body) FROM report r JOIN report_row x ON x.report_id = r.id WHERE r.id = ? AND x.n = ?", v.Report, v.Row).Scan(&file, &length)
			if err != nil && !none(err) {
				return err
			}
			if err != nil || file != v.ReportSHA || sha == file && length > 0 && length != size {
				return at(p.seq, "version %d of a ruling rests on a line of a report that is not there", key.version)
			}
		}
		if p.end.state == app.Effective {
			if ruled[key.id] == nil {
				ruled[key.id] = map[int]string{}
			}
			ruled[key.id][key.version] = v.Outcome
		}
	}
	for id, t := range c.payouts {
		want := ruled[id]
		if len(want) == 0 && len(t.rulings) == 0 {
			continue
		}
		if !slices.Equal(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(t.rulings))) {
			return at(t.last, "payout %d was ruled on %d times, its events tell of %d", t.fold.Number, len(want), len(t.rulings))
		}
	}
	n := 0
	if err := c.each("SELECT payout_id, source_id, doc FROM evidence WHERE source = 'verdict'", func(r *sql.Rows) error {
		var id, doc string
		var version int
		if err := r.Scan(&id, &version, &doc); err != nil {
			return err
		}
		n++
		var e protocol.Evidence
		t := c.payouts[id]
		says := app.RuledNotPaid
		if json.Unmarshal([]byte(doc), &e) == nil && e.Reading == protocol.Paid {
			says = app.RuledPaid
		}
		if t == nil || ruled[id][version] != says || t.rulings[version] != hash([]byte(doc)) {
			return at(c.last, "evidence says that people ruled, and they did not rule so")
		}
		return nil
	}); err != nil {
		return err
	}
	for _, t := range c.payouts {
		n -= len(t.rulings)
	}
	if n != 0 {
		return at(c.last, "the evidence of rulings is not that of their events")
	}
	return nil
}
