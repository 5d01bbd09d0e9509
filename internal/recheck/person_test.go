package recheck

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/internal/audit"
	"countersign/internal/payout"
)

// papers are documents that lie beside a history made by hand.
type papers map[string]Proposal

func (p papers) Content(string, int) (payout.Content, payout.Salt, bool, error) {
	return payout.Content{}, payout.Salt{}, true, nil
}

func (p papers) Proposal(kind, id string, version int) (Proposal, bool, error) {
	x, ok := p[fmt.Sprint(kind, id, version)]
	return x, ok, nil
}

func (p papers) Signature(string, string, int, string, int) (Signature, bool, error) {
	return Signature{}, false, nil
}

// told is a history made by hand: each line one event.
type told struct {
	*Checker
	t    *testing.T
	docs papers
	at   time.Time
	seq  int64
}

func tell(t *testing.T) *told {
	docs := papers{}
	return &told{New(docs), t, docs, time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC), 0}
}

// event is "action subject version by", by "console", "clock" or a person.
func (h *told) event(line string, facts map[string]any) {
	h.t.Helper()
	var action, subject, by string
	var version int
	if _, err := fmt.Sscan(line, &action, &subject, &version, &by); err != nil {
		h.t.Fatal(line, err)
	}
	kind, _, _ := strings.Cut(action, ".")
	if kind == "account" || kind == "enrolment" {
		kind = "person"
	}
	e := audit.Event{Seq: h.seq + 1, At: h.at, Person: by, SignIn: by + "@x.test", Action: action, Kind: kind, Subject: subject, Version: version}
	if by == "console" || by == "clock" {
		e.Person, e.SignIn = "system", by
	}
	h.seq++
	e.Payload, _ = json.Marshal(facts)
	if err := h.Event(e); err != nil {
		h.t.Fatal(err)
	}
}

// founder is one whom the console adds.
func (h *told) founder(id, roles string) {
	h.event("person.added "+id+" 1 console", map[string]any{"founding": true, "roles": roles})
	h.event("account.added "+id+" 1 console", map[string]any{})
}

// propose puts a document about somebody to people.
func (h *told) propose(id string, version int, by, op, doc string, more map[string]any) {
	sum := sha256.Sum256([]byte(doc))
	h.docs[fmt.Sprint("person", id, version)] = Proposal{Doc: []byte(doc), Op: op}
	facts := map[string]any{"op": op, "doc": hex.EncodeToString(sum[:]), "concerns": []string{id}, "digest": "d"}
	for k, v := range more {
		facts[k] = v
	}
	h.event(fmt.Sprintf("person.proposed %s %d %s", id, version, by), facts)
}

var digest = map[string]any{"digest": "d"}

// wants compares what was found with one text that must be in it; "" for nothing.
func (h *told) wants(name, says string) {
	h.t.Helper()
	said := fmt.Sprint(h.Report().Findings)
	if says == "" && said != "[]" || !strings.Contains(said, says) {
		h.t.Errorf("%s: found %s, want %q", name, said, says)
	}
}

// TestUnopposedCounted: only a person whom the console proposes takes effect by time, three days later, where nobody could decide it. Issue 4 point 7.
func TestUnopposedCounted(t *testing.T) {
	for _, c := range []struct {
		name, other, by string
		wait            time.Duration
		says            string
	}{
		{"as it should be", "maker", "console", unopposed, ""},
		{"a minute early by its own word", "maker", "console", unopposed - time.Minute, "before its three days"},
		{"somebody could decide it", "admin", "console", unopposed, "could decide it"},
		{"not by the console", "maker", "clock", unopposed, "proposed by nobody"},
		{"by a person", "admin", "other", unopposed, "as only people of the console's do"},
	} {
		h := tell(t)
		h.founder("other", c.other)
		h.event("payout.submitted p 1 other", map[string]any{"digest": "x", "to": "pending_approval"})
		h.report.Findings = nil // what an admin submits is another matter
		h.propose("new", 1, c.by, opAdd, `{"roles":["admin"],"groups":[]}`, map[string]any{"effect_at": h.at.Add(c.wait).UnixMicro()})
		h.at = h.at.Add(unopposed)
		h.event("person.added new 1 console", map[string]any{"roles": "admin", "founding": false, "approver_since": h.at.UnixMicro()})
		h.event("account.added new 1 console", map[string]any{})
		h.event("person.effective new 1 clock", digest)
		h.wants(c.name, c.says)
	}
	h := tell(t)
	h.founder("other", "maker")
	h.event("payout.submitted p 1 other", map[string]any{"digest": "x", "to": "pending_approval"})
	h.propose("new", 1, "console", opAdd, `{"roles":["admin"],"groups":[]}`, nil)
	h.event("person.added new 1 console", map[string]any{"roles": "admin", "founding": false, "approver_since": h.at.UnixMicro()})
	h.wants("its end is not there", "did not take effect with it")
	h.event("person.effective new 1 clock", digest)
	h.wants("it said nothing of an effect by time", "without the decision")
}

// TestWaitCounted: how long somebody waits follows from the rules in force at that moment: a window that is open goes on, nothing gets shorter, and what an event leaves out is
// found like what it says wrongly. Issue 4 point 7.
func TestWaitCounted(t *testing.T) {
	hours := func(n int) int64 { return int64(n) * time.Hour.Microseconds() }
	h := tell(t)
	h.founder("a", "approver")
	h.submitted = true
	h.set = &ruleSet{}
	h.set.Newcomers.QuietHours, h.set.Newcomers.CapDays, h.set.Newcomers.CapDayMinor = 72, 14, 1
	from := h.at.UnixMicro()
	waits := func(from, until, capped int64) map[string]any {
		return map[string]any{"quiet_from": from, "quiet_until": until, "capped_until": capped}
	}
	link := func(facts map[string]any) {
		h.event("enrolment.made a 0 d1", map[string]any{"enrolment": "x"})
		h.event("enrolment.used a 0 a", facts)
	}
	link(waits(from, from+hours(72), from+hours(14*24)))
	h.wants("the first", "")
	h.at, h.set.Newcomers.QuietHours, h.set.Newcomers.CapDays = h.at.Add(time.Hour), 24, 1
	link(map[string]any{}) // nothing changes: it is longer already
	h.wants("under shorter rules", "")
	h.set.Newcomers.QuietHours = 100
	link(waits(from, from+hours(101), from+hours(14*24)))
	h.wants("under longer ones", "")
	h.at = h.at.Add(200 * time.Hour)
	h.set.Newcomers.CapDayMinor = 0 // there is no cap
	again := h.at.UnixMicro()
	link(waits(again, again+hours(100), from+hours(14*24)))
	h.wants("a new window", "")
	h.at = h.at.Add(200 * time.Hour)
	link(map[string]any{})
	h.wants("left out", "written down as another")
}

// TestPayeeMakersCounted: whoever made an earlier version of a payee decides no later one, on a desk that ever said so.
func TestPayeeMakersCounted(t *testing.T) {
	for _, c := range []struct {
		name string
		by   []string
		said [][]string // whom each version names
		says string
	}{
		{"an older desk", []string{"m", "n", "m"}, [][]string{{}, {}, {}}, ""},
		{"named", []string{"m", "n", "m"}, [][]string{{}, {"m"}, {"n"}}, ""},
		{"named once, then no more", []string{"m", "n", "m"}, [][]string{{}, {"m"}, {}}, "earlier one could decide"},
		{"one of two", []string{"m", "n", "x"}, [][]string{{}, {}, {"n"}}, "earlier one could decide"},
		{"one's own", []string{"m", "m"}, [][]string{{}, {}}, ""},
	} {
		h := tell(t)
		for i, by := range c.by {
			h.payeeProposed(audit.Event{Subject: "p", Version: i + 1, Person: by}, facts{Concerns: c.said[i]})
		}
		h.wants(c.name, c.says)
	}
}

// TestRulingOfPayeeMakers: whoever made the payee of a payout is a maker of it, so that a ruling must name them, on a desk that ever did so.
func TestRulingOfPayeeMakers(t *testing.T) {
	for _, c := range []struct {
		name string
		said [][]string // whom each proposed ruling names
		says string
	}{
		{"an older desk", [][]string{{"m"}, {"m"}}, ""},
		{"named", [][]string{{"m", "n"}}, ""},
		{"named once, then no more", [][]string{{"m", "n"}, {"m"}}, "who made its payee"},
		{"an older desk that learnt it", [][]string{{"m"}, {"m", "n"}}, ""},
		{"not even its maker", [][]string{{}}, "who made the payout"},
	} {
		h := tell(t)
		h.proposed["payee"] = []proposer{{1, "n"}, {2, "later"}}
		h.payouts["p"] = &paying{makers: []string{"m"}, payee: "payee", payeeVer: 1, state: string(payout.Unknown)}
		for _, who := range c.said {
			h.rulingProposed(audit.Event{Subject: "p"}, facts{Concerns: who})
		}
		h.wants(c.name, c.says)
	}
}
