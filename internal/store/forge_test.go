package store_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/factor"
	"countersign/internal/factor/softkey"
	"countersign/internal/payee"
	"countersign/internal/payout"
	"countersign/internal/store"
)

// TestApprovalsHold: after a life with everything in it every decision is counted again, and holds.
func TestApprovalsHold(t *testing.T) {
	d := lived(t)
	r, err := store.CheckApprovals(t.Context(), d.DB())
	must(t, err)
	for _, f := range r.Findings {
		t.Error(f)
	}
	if r.Decisions < 70 || r.Claims < 30 || r.Changes < 8 {
		t.Errorf("%+v", r)
	}
}

// decided is a desk on which every kind of decision was given once, and what each forgery is about.
type decided struct {
	d                          *desktest.Desk
	two, back, one, paid, late payout.ID
	signed, again              payout.ID // with passkeys
	listed                     []payout.ID
	a1, a2                     *softkey.Key
	a1ID, lateKey              string
	payee                      string
	master                     []byte
	dir                        string
}

func newDecided(t testing.TB) *decided {
	d := desktest.New(t)
	ctx := t.Context()
	x := &decided{d: d, dir: t.TempDir()}
	open := func(kind approval.Kind, id string) app.Proposal {
		ps, err := d.Store.Proposals(ctx, kind, id, 1)
		must(t, err)
		return ps[0]
	}
	accept := func(kind approval.Kind, id, by string) {
		must(t, d.App.Accept(ctx, d.Who[by], kind, id, open(kind, id).Digest, app.Proof{}))
	}
	send := func(id payout.ID) payout.ID {
		d.Clock.Add(4 * time.Second)
		if !d.Send() {
			t.Fatal("nothing was sent")
		}
		d.Settle()
		return id
	}
	// While the founding lasts: afterwards a second person vouches for a first passkey, and it waits.
	x.a1, x.a1ID = d.Passkey("a1")
	x.a2, _ = d.Passkey("a2")
	x.two = d.Submit(500_000_00)
	d.Approve(x.two, "a1", "a2")
	send(x.two)
	x.back = d.Submit(510_000_00)
	d.Approve(x.back, "a1")
	must(t, d.App.TakeBack(ctx, d.Who["a1"], x.back, d.Get(x.back).Digest))
	d.Approve(x.back, "a2", "s1")
	send(x.back)
	rules := desktest.Rules()
	rules.Name = "second"
	must(t, d.App.ProposeRules(ctx, d.Who["d1"], rules, 1, "why"))
	accept(approval.Rules, app.RulesID, "d2")
	must(t, d.App.ProposeLimits(ctx, d.Who["d1"], approval.Limits{Payout: approval.Bound{HardMinor: 900_000_00}}, 0, "why"))
	accept(approval.Limit, app.LimitsID, "d2")
	x.one = d.Submit(50_000_00)
	d.Approve(x.one, "a1")
	send(x.one)
	x.payee = d.App.NewPayeeID()
	c := d.Content(60_000_00)
	p := payee.Content{Kind: payee.Person, FullName: c.FullName, Description: "НДС не облагается", Accounts: []payee.Account{{BIK: c.BIK, Number: c.Account}}}
	must(t, d.App.ProposePayee(ctx, d.Who["m2"], app.PayeeEntry{ID: x.payee, Content: p}))
	accept(approval.Payee, x.payee, "a1")
	c.PayeeID, c.PayeeVer = x.payee, 1
	x.paid = d.SubmitContent("m1", c)
	d.Approve(x.paid, "a2")
	send(x.paid)
	must(t, d.App.Halt(ctx, d.Who["s1"], "odd"))
	must(t, d.App.Resume(ctx, d.Who["a1"]))
	must(t, d.App.Resume(ctx, d.Who["d1"]))
	x.late = d.Submit(70_000_00)
	d.Approve(x.late, "a2")
	send(x.late)
	must(t, d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["d3"].Person, "left"))
	x.signing(t)
	must(t, d.Store.Close())
	var err error
	x.master, err = os.ReadFile(d.DB())
	must(t, err)
	return x
}

// signing is a set that asks for signatures, two payouts that left with them, and a list approved at one press.
func (x *decided) signing(t testing.TB) {
	d, ctx := x.d, t.Context()
	rules := desktest.Rules()
	rules.Name, rules.SignAboveMinor = "signed", 400_000_00
	must(t, d.App.ProposeRules(ctx, d.Who["d1"], rules, 2, "why"))
	ps, err := d.Store.Proposals(ctx, approval.Rules, app.RulesID, 1)
	must(t, err)
	must(t, d.App.Accept(ctx, d.Who["d2"], approval.Rules, app.RulesID, ps[0].Digest, app.Proof{}))
	send := func(ids ...payout.ID) {
		d.Clock.Add(4 * time.Second)
		for range ids {
			if !d.Send() {
				t.Fatal("nothing was sent")
			}
		}
		d.Settle()
	}
	for _, id := range []*payout.ID{&x.signed, &x.again} {
		*id = d.Submit(450_000_00)
		must(t, d.App.Approve(ctx, d.Who["a1"], *id, d.Get(*id).Digest, d.Signed(x.a1, "a1", *id)))
		must(t, d.App.Approve(ctx, d.Who["a2"], *id, d.Get(*id).Digest, d.Signed(x.a2, "a2", *id)))
		send(*id)
	}
	_, x.lateKey = d.Passkey("s1") // the founding is over: it waits for somebody's word
	var items []app.BatchItem
	for range 5 { // together above what must be signed
		id := d.Submit(110_000_00)
		x.listed = append(x.listed, id)
		items = append(items, app.BatchItem{ID: id, Digest: d.Get(id).Digest})
	}
	for who, key := range map[string]*softkey.Key{"a1": x.a1} {
		digest := app.ListDigest(items)
		q, err := d.App.BeginSign(ctx, d.Who[who], digest, true)
		must(t, err)
		said, err := key.Assert(q.Options, desktest.Site)
		must(t, err)
		_, err = d.App.ApproveMany(ctx, d.Who[who], "list", items, digest, app.Proof{Challenge: q.ID, Response: said})
		must(t, err)
	}
}

// hand edits a copy as somebody with the file does, who keeps rows and events in step.
type hand struct {
	t  testing.TB
	db *sql.DB
	x  *decided
}

// forge makes a copy of the desk's database as somebody leaves it who did this to it.
func (x *decided) forge(t testing.TB, do func(*hand)) (path string) {
	t.Helper()
	path = filepath.Join(x.dir, "forged.db")
	for _, s := range []string{"", "-wal", "-shm"} {
		os.Remove(path + s)
	}
	must(t, os.WriteFile(path, x.master, 0o600))
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=ignore_check_constraints(ON)&_pragma=synchronous(OFF)&_pragma=journal_mode(MEMORY)")
	must(t, err)
	db.SetMaxOpenConns(1)
	var drop []string
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'trigger'")
	must(t, err)
	for rows.Next() {
		var n string
		must(t, rows.Scan(&n))
		drop = append(drop, "DROP TRIGGER "+n)
	}
	must(t, rows.Close())
	_, err = db.Exec(strings.Join(drop, ";"))
	must(t, err)
	do(&hand{t, db, x})
	must(t, db.Close())
	return path
}

func (h *hand) who(name string) string { return h.x.d.Who[name].Person }

func (h *hand) exec(stmt string, args ...any) {
	h.t.Helper()
	res, err := h.db.Exec(stmt, args...)
	must(h.t, err)
	if n, err := res.RowsAffected(); err != nil || n == 0 && !strings.HasPrefix(stmt, "DELETE") {
		h.t.Fatalf("%s changed nothing (%v)", stmt, err)
	}
}

// event finds the n-th event (from 0) of an action on a subject ("" for any).
func (h *hand) event(action, subject string, n int) (seq int64, facts map[string]any) {
	h.t.Helper()
	var payload string
	must(h.t, h.db.QueryRow("SELECT seq, payload FROM event WHERE action = ? AND (subject = ? OR ? = '') ORDER BY seq LIMIT 1 OFFSET ?", action, subject, subject, n).Scan(&seq, &payload))
	dec := json.NewDecoder(strings.NewReader(payload))
	dec.UseNumber()
	must(h.t, dec.Decode(&facts))
	return seq, facts
}

// put writes facts into an event.
func (h *hand) put(seq int64, facts map[string]any) {
	h.t.Helper()
	for k, v := range facts {
		if n, ok := v.(json.Number); ok {
			i, err := n.Int64()
			must(h.t, err)
			facts[k] = i
		}
	}
	b, err := audit.Canonical(facts)
	must(h.t, err)
	h.exec("UPDATE event SET payload = ? WHERE seq = ?", string(b), seq)
}

// by makes another person the one who did an event and gave its decision.
func (h *hand) by(kind approval.Kind, id string, version, decision int, seq int64, name string) {
	h.exec("UPDATE event SET person = ?, sign_in = ? WHERE seq = ?", h.who(name), name+"@x.test", seq)
	h.exec("UPDATE decision SET person_id = ?, email = ? WHERE kind = ? AND id = ? AND version = ? AND seq = ?", h.who(name), name+"@x.test", string(kind), id, version, decision)
}

// counters makes the counters of what people approved fit the events as they stand now.
func (h *hand) counters() {
	rows, err := h.db.Query("SELECT e.action, e.person, e.at, e.subject, v.amount_minor FROM event e JOIN payout_version v ON v.payout_id = e.subject AND v.version = e.version WHERE e.action IN ('payout.approved', 'payout.taken_back')")
	must(h.t, err)
	sums := map[string]int64{}
	for rows.Next() {
		var action, person, subject string
		var at, minor int64
		must(h.t, rows.Scan(&action, &person, &at, &subject, &minor))
		if action == "payout.taken_back" {
			minor = -minor
		}
		sums["yes:"+person+":"+time.UnixMicro(at).Add(3*time.Hour).UTC().Format(time.DateOnly)] += minor
	}
	must(h.t, rows.Close())
	h.exec("DELETE FROM counter WHERE name GLOB 'yes:*'")
	for name, sum := range sums {
		h.exec("INSERT INTO counter (name, n, sum) VALUES (?, 0, ?)", name, sum)
	}
}

// resign recomputes the whole log and signs it with the desk's own key, which the forger has.
func (h *hand) resign() {
	must(h.t, rehash(h.db))
	var size int64
	must(h.t, h.db.QueryRow("SELECT MAX(seq) FROM event").Scan(&size))
	log, err := audit.NewLog(size, func(idx []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(idx))
		for i, n := range idx {
			var b []byte
			if err := h.db.QueryRow("SELECT hash FROM event_hash WHERE idx = ?", n).Scan(&b); err != nil {
				return nil, err
			}
			out[i] = tlog.Hash(b)
		}
		return out, nil
	})
	must(h.t, err)
	root, err := log.Root()
	must(h.t, err)
	var incarnation string
	must(h.t, h.db.QueryRow("SELECT value FROM meta WHERE name = 'incarnation'").Scan(&incarnation))
	head, err := audit.SignHead(audit.Head{Size: size, Root: root, At: h.x.d.Clock.Now(), Incarnation: incarnation}, h.x.d.Signer)
	must(h.t, err)
	h.exec("DELETE FROM head")
	h.exec("UPDATE newest_head SET signed = ?", head.Signed)
}

// proof reads what proves somebody's first approval of a payout, and put writes it back with its mark in the event, as somebody does who keeps them in step.
func (h *hand) proof(id payout.ID, who string) app.ProofRow {
	h.t.Helper()
	var p app.ProofRow
	var expires int64
	must(h.t, h.db.QueryRow("SELECT seq, factor_id, digest, nonce, expires_at, credential, public_key, auth_data, client_data, signature FROM proof WHERE id = ? AND person_id = ?", string(id), h.who(who)).
		Scan(&p.Seq, &p.Factor, &p.Digest, &p.Nonce, &expires, &p.Credential, &p.PublicKey, &p.AuthData, &p.ClientData, &p.Signature))
	p.Kind, p.ID, p.Version, p.Person, p.ExpiresAt = approval.Payout, string(id), 1, h.who(who), time.UnixMicro(expires).UTC()
	return p
}

func (h *hand) putProof(id payout.ID, who string, n int, p app.ProofRow) {
	h.t.Helper()
	h.exec("UPDATE proof SET factor_id = ?, digest = ?, nonce = ?, expires_at = ?, credential = ?, public_key = ?, auth_data = ?, client_data = ?, signature = ? WHERE id = ? AND person_id = ?",
		p.Factor, p.Digest, p.Nonce, p.ExpiresAt.UnixMicro(), p.Credential, p.PublicKey, p.AuthData, p.ClientData, p.Signature, string(id), h.who(who))
	seq, f := h.event("payout.approved", string(id), n)
	f["proof"] = p.Hash()
	h.put(seq, f)
}

// sign lets an authenticator sign what a row of proof says; nothing of the desk is asked.
func (h *hand) sign(key *softkey.Key, p app.ProofRow) app.ProofRow {
	h.t.Helper()
	options := fmt.Sprintf(`{"publicKey":{"challenge":%q,"rpId":"localhost","userVerification":"required","allowCredentials":[{"type":"public-key","id":%q}]}}`,
		base64.RawURLEncoding.EncodeToString(factor.SignChallenge(p.Digest, p.Person, p.Nonce, p.ExpiresAt)), base64.RawURLEncoding.EncodeToString(key.ID))
	said, err := key.Assert([]byte(options), desktest.Site)
	must(h.t, err)
	var answer struct {
		Response struct {
			AuthData   string `json:"authenticatorData"`
			ClientData string `json:"clientDataJSON"`
			Signature  string `json:"signature"`
		} `json:"response"`
	}
	must(h.t, json.Unmarshal(said, &answer))
	for text, to := range map[string]*[]byte{answer.Response.AuthData: &p.AuthData, answer.Response.ClientData: &p.ClientData, answer.Response.Signature: &p.Signature} {
		*to, err = base64.RawURLEncoding.DecodeString(text)
		must(h.t, err)
	}
	return p
}

// redoc puts another text into the document of a proposal that took effect, in rows and events, as if it had been agreed to so.
func (h *hand) redoc(kind approval.Kind, id string, version int, old, to string) {
	h.t.Helper()
	var doc, op, concerns, was string
	var base int
	must(h.t, h.db.QueryRow("SELECT p.doc, p.op, p.concerns, p.base, s.digest FROM proposal p JOIN subject s USING (kind, id, version) WHERE p.kind = ? AND p.id = ? AND p.version = ?",
		string(kind), id, version).Scan(&doc, &op, &concerns, &base, &was))
	if !strings.Contains(doc, old) {
		h.t.Fatalf("%s holds no %s", doc, old)
	}
	doc = strings.Replace(doc, old, to, 1)
	digest := app.DigestOfProposal(payout.Place{Environment: "test", Project: desktest.Project},
		app.Proposal{Kind: kind, ID: id, Version: version, Op: op, Doc: []byte(doc), Base: base})
	for n, action := range []string{"proposed", "approved", "effective"} {
		var seq int64
		must(h.t, h.db.QueryRow("SELECT seq FROM event WHERE action = ? AND subject = ? AND version = ?", string(kind)+"."+action, id, version).Scan(&seq))
		h.exec("UPDATE event SET payload = replace(payload, ?, ?) WHERE seq = ?", was, digest, seq)
		if n == 0 {
			h.exec("UPDATE event SET payload = json_set(payload, '$.doc', ?) WHERE seq = ?", sha(doc), seq)
		}
	}
	h.exec("UPDATE proposal SET doc = ? WHERE kind = ? AND id = ? AND version = ?", doc, string(kind), id, version)
	h.exec("UPDATE subject SET digest = ? WHERE kind = ? AND id = ? AND version = ?", digest, string(kind), id, version)
	h.exec("UPDATE decision SET digest = ? WHERE kind = ? AND id = ? AND version = ?", digest, string(kind), id, version)
}

// forgeries are ways of forging a decision. rows and events are kept in step, so that only the log and its signatures, or counting again, can tell. What the last
// column says must stand in the finding.
var forgeries = []struct {
	name string
	do   func(h *hand)
	says string
}{
	{"the maker's own approval", func(h *hand) {
		seq, _ := h.event("payout.approved", string(h.x.one), 0)
		h.by(approval.Payout, string(h.x.one), 1, 1, seq, "m1")
	}, "they made it"},
	{"one person's approval counted twice", func(h *hand) {
		seq, _ := h.event("payout.approved", string(h.x.two), 1)
		h.by(approval.Payout, string(h.x.two), 1, 2, seq, "a1")
	}, "without its approvals"},
	{"the approval of somebody who is no approver", func(h *hand) {
		seq, _ := h.event("payout.approved", string(h.x.one), 0)
		h.by(approval.Payout, string(h.x.one), 1, 1, seq, "d2")
	}, "they are no approver"},
	{"the approval of somebody nobody knows", func(h *hand) {
		seq, _ := h.event("payout.approved", string(h.x.one), 0)
		h.exec("UPDATE event SET person = 'nobody' WHERE seq = ?", seq)
		h.exec("UPDATE decision SET person_id = 'nobody' WHERE id = ?", string(h.x.one))
	}, "nobody knows them"},
	{"an approval less", func(h *hand) {
		seq, f := h.event("payout.approved", string(h.x.two), 0)
		h.exec("UPDATE event SET action = 'payout.alarm' WHERE seq = ?", seq)
		delete(f, "rules")
		h.put(seq, f)
		h.exec("DELETE FROM decision WHERE id = ? AND seq = 1", string(h.x.two))
		h.exec("UPDATE decision SET seq = 1 WHERE id = ?", string(h.x.two))
	}, "without its approvals"},
	{"an approval that was taken back counts all the same", func(h *hand) {
		// The two others' are one less: it needs the one that was taken back.
		seq, f := h.event("payout.approved", string(h.x.back), 2)
		last := maps.Clone(f)
		h.exec("UPDATE event SET action = 'payout.alarm' WHERE seq = ?", seq)
		f["from"] = "approved"
		delete(f, "send_at")
		h.put(seq, f)
		second, f := h.event("payout.approved", string(h.x.back), 1)
		f["to"], f["send_at"] = "approved", last["send_at"]
		h.put(second, f)
		h.exec("DELETE FROM decision WHERE id = ? AND seq = 4", string(h.x.back))
	}, "without its approvals"},
	{"an approval of another content", func(h *hand) {
		_, other := h.event("payout.submitted", string(h.x.two), 0)
		seq, f := h.event("payout.approved", string(h.x.one), 0)
		f["digest"] = other["digest"]
		h.put(seq, f)
		h.exec("UPDATE decision SET digest = ? WHERE id = ?", other["digest"], string(h.x.one))
	}, "another content"},
	{"the account that was approved is another one", func(h *hand) {
		var salt []byte
		must(h.t, h.db.QueryRow("SELECT salt FROM payout_version WHERE payout_id = ?", string(h.x.one)).Scan(&salt))
		account := "40817810000000099999"
		seq, f := h.event("payout.created", string(h.x.one), 0)
		f["commit"].(map[string]any)["account"] = payout.Salt(salt).Commit("account", account)
		h.put(seq, f)
		h.exec("UPDATE payout_version SET account = ? WHERE payout_id = ?", account, string(h.x.one))
		h.exec("UPDATE paid_before SET account = ? WHERE account = (SELECT account FROM payout WHERE id = ?)", account, string(h.x.one))
		h.exec("UPDATE counter SET name = replace(name, (SELECT account FROM payout WHERE id = ?), ?)", string(h.x.one), account)
		h.exec("UPDATE payout SET account = ? WHERE id = ?", account, string(h.x.one))
	}, "not what its digest says"},
	{"the approval of the payee's maker", func(h *hand) {
		seq, _ := h.event("payout.approved", string(h.x.paid), 0)
		// m2 holds both roles in this copy, so that nothing else is wrong with it.
		added, f := h.event("person.added", h.who("m2"), 0)
		f["roles"] = "maker,approver"
		h.put(added, f)
		h.exec("UPDATE person SET roles = 'maker,approver' WHERE id = ?", h.who("m2"))
		h.by(approval.Payout, string(h.x.paid), 1, 1, seq, "m2")
	}, "they made it"},
	{"somebody who became an approver later", func(h *hand) {
		seq, f := h.event("person.added", h.who("a2"), 0)
		since := h.x.d.Clock.Now().UnixMicro()
		f["approver_since"] = since
		h.put(seq, f)
		h.exec("UPDATE person SET approver_since = ? WHERE id = ?", since, h.who("a2"))
	}, "they became an approver later"},
	{"somebody whose approvals did not count", func(h *hand) {
		seq, f := h.event("person.added", h.who("a2"), 0)
		until := h.x.d.Clock.Now().UnixMicro()
		f["quiet_until"] = until
		h.put(seq, f)
		h.exec("UPDATE person SET quiet_until = ? WHERE id = ?", until, h.who("a2"))
	}, "do not count yet"},
	{"somebody who was suspended", func(h *hand) {
		seq, f := h.event("person.added", h.who("a2"), 0)
		f["suspended_at"] = int64(1)
		h.put(seq, f)
		h.exec("UPDATE person SET suspended_at = 1 WHERE id = ?", h.who("a2"))
	}, "they are suspended"},
	{"rules that their proposer approved", func(h *hand) {
		for _, action := range []string{"rules.approved", "rules.effective"} {
			seq, _ := h.event(action, "", 0)
			h.exec("UPDATE event SET person = ?, sign_in = 'd1@x.test' WHERE seq = ?", h.who("d1"), seq)
		}
		h.exec("UPDATE decision SET person_id = ?, email = 'd1@x.test' WHERE kind = 'rules'", h.who("d1"))
		h.exec("UPDATE proposal_end SET person_id = ?, email = 'd1@x.test' WHERE kind = 'rules' AND version = 2", h.who("d1"))
	}, "took effect without"},
	{"limits that nobody approved", func(h *hand) {
		seq, _ := h.event("limits.approved", "", 0)
		h.exec("UPDATE event SET action = 'look.limits', kind = 'desk' WHERE seq = ?", seq)
		h.exec("DELETE FROM decision WHERE kind = 'limits'")
	}, "took effect without"},
	{"another document than was approved", func(h *hand) {
		seq, f := h.event("rules.proposed", "", 0)
		var doc string
		must(h.t, h.db.QueryRow("SELECT doc FROM proposal WHERE kind = 'rules' AND version = 2").Scan(&doc))
		doc = strings.Replace(doc, `"count":2`, `"count":1`, 1)
		f["doc"] = sha(doc)
		h.put(seq, f)
		h.exec("UPDATE proposal SET doc = ? WHERE kind = 'rules' AND version = 2", doc)
	}, "digest"},
	{"a payee that its maker vouched for", func(h *hand) {
		for _, action := range []string{"payee.approved", "payee.effective"} {
			seq, _ := h.event(action, "", 0)
			h.exec("UPDATE event SET person = ?, sign_in = 'm2@x.test' WHERE seq = ?", h.who("m2"), seq)
		}
		h.exec("UPDATE decision SET person_id = ?, email = 'm2@x.test' WHERE kind = 'payee'", h.who("m2"))
		h.exec("UPDATE proposal_end SET person_id = ?, email = 'm2@x.test' WHERE kind = 'payee'", h.who("m2"))
	}, "took effect without"},
	{"a stop that one person released", func(h *hand) {
		seq, _ := h.event("halt.off", "", 0)
		h.by(approval.Release, "1", 1, 2, seq, "a1")
	}, "was released by 1"},
	{"a stop that its own person released", func(h *hand) {
		seq, _ := h.event("halt.off", "", 0)
		h.by(approval.Release, "1", 1, 2, seq, "s1")
	}, "others than who stopped"},
	{"a payout over a hard limit", func(h *hand) {
		h.redoc(approval.Limit, app.LimitsID, 1, `"hard_minor":90000000`, `"hard_minor":6500000`)
	}, "over a hard limit"},
	{"a payout that left while sending was stopped", func(h *hand) {
		seq, _ := h.event("halt.off", "", 0)
		h.exec("UPDATE event SET action = 'halt.release_asked' WHERE seq = ?", seq)
		h.exec("DELETE FROM halt_release")
	}, "while sending was stopped"},
	{"a signature of another key", func(h *hand) {
		p := h.proof(h.x.signed, "a1")
		h.putProof(h.x.signed, "a1", 0, h.sign(h.x.a2, p)) // the key that the row names is the vouched one
	}, "did not sign it"},
	{"a signature of another key, which the row names", func(h *hand) {
		p, other := h.proof(h.x.signed, "a1"), h.proof(h.x.signed, "a2")
		p = h.sign(h.x.a2, p)
		p.Credential, p.PublicKey = other.Credential, other.PublicKey
		h.putProof(h.x.signed, "a1", 0, p)
	}, "is not the one that was added"},
	{"a genuine signature over another payout", func(h *hand) {
		_, other := h.event("payout.submitted", string(h.x.two), 0)
		p := h.proof(h.x.signed, "a1")
		p.Digest = other["digest"].(string)
		h.putProof(h.x.signed, "a1", 0, h.sign(h.x.a1, p))
	}, "signed another content"},
	{"a genuine signature over another payout under this one's name", func(h *hand) {
		p, digest := h.proof(h.x.signed, "a1"), ""
		digest, p.Digest = p.Digest, strings.Repeat("0", 64)
		p = h.sign(h.x.a1, p)
		p.Digest = digest
		h.putProof(h.x.signed, "a1", 0, p)
	}, "did not sign it"},
	{"an answer that was used before", func(h *hand) {
		p := h.proof(h.x.signed, "a1")
		p.ExpiresAt = h.proof(h.x.again, "a1").ExpiresAt
		_, f := h.event("payout.submitted", string(h.x.again), 0)
		p.Digest = f["digest"].(string)
		h.putProof(h.x.again, "a1", 0, h.sign(h.x.a1, p)) // the key's owner helps, with the old nonce
	}, "used before"},
	{"the very same answer under another payout", func(h *hand) {
		h.putProof(h.x.again, "a1", 0, h.proof(h.x.signed, "a1"))
	}, "signed another content"},
	{"a signature that was given too late", func(h *hand) {
		p := h.proof(h.x.signed, "a1")
		p.ExpiresAt = p.ExpiresAt.Add(-300 * time.Second)
		h.putProof(h.x.signed, "a1", 0, h.sign(h.x.a1, p))
	}, "outside the two minutes"},
	{"a signature that is gone", func(h *hand) {
		h.exec("DELETE FROM proof WHERE id = ? AND person_id = ?", string(h.x.signed), h.who("a1"))
	}, "its answer is gone"},
	{"a signature that is gone, and was never asked for", func(h *hand) {
		h.exec("DELETE FROM proof WHERE id = ? AND person_id = ?", string(h.x.signed), h.who("a1"))
		h.exec("UPDATE decision SET factor = 'password' WHERE id = ? AND person_id = ?", string(h.x.signed), h.who("a1"))
		seq, f := h.event("payout.approved", string(h.x.signed), 0)
		f["factor"] = "password"
		delete(f, "proof")
		h.put(seq, f)
	}, "without its approvals"},
	{"a key that nobody had vouched for", func(h *hand) {
		seq, f := h.event("factor.added", h.who("a1"), 0)
		f["vouched_by"], f["signs_from"] = "", int64(0)
		h.put(seq, f)
		h.exec("UPDATE factor SET vouched_by = '', signs_from = 0 WHERE id = ?", h.x.a1ID)
	}, "did not sign yet"},
	{"a key that counts as a founder's, added after the founding", func(h *hand) {
		seq, f := h.event("factor.added", h.who("s1"), 0)
		at := h.x.d.Clock.Now().UnixMicro()
		f["vouched_by"], f["signs_from"] = "founding", at
		h.put(seq, f)
		h.exec("UPDATE factor SET vouched_by = 'founding', signs_from = ? WHERE id = ?", at, h.x.lateKey)
	}, "the founding was over"},
	{"a key that counts as a founder's, of somebody who is none", func(h *hand) {
		seq, f := h.event("person.added", h.who("a1"), 0)
		f["founding"] = false
		h.put(seq, f)
		h.exec("UPDATE person SET founding = 0 WHERE id = ?", h.who("a1"))
	}, "they are no founder"},
	{"a key that somebody vouched for who decided nothing, and that signs at once", func(h *hand) {
		seq, f := h.event("factor.added", h.who("a1"), 0)
		f["vouched_by"] = h.who("d2")
		h.put(seq, f)
		h.exec("UPDATE factor SET vouched_by = ? WHERE id = ?", h.who("d2"), h.x.a1ID)
	}, "nothing of the kind took effect"},
	{"rules that nobody decided, in force by themselves", func(h *hand) {
		seq, f := h.event("rules.proposed", "", 0)
		var at int64
		must(h.t, h.db.QueryRow("SELECT at FROM event WHERE seq = ?", seq).Scan(&at))
		f["effect_at"] = at
		h.put(seq, f)
		h.exec("UPDATE event SET person = 'system', sign_in = 'console' WHERE seq = ?", seq)
		h.exec("UPDATE subject SET person_id = 'system', email = 'console' WHERE kind = 'rules' AND version = 2")
		h.exec("UPDATE proposal SET effect_at = ? WHERE kind = 'rules' AND version = 2", at)
		seq, _ = h.event("rules.approved", "", 0)
		h.exec("UPDATE event SET action = 'look.rules', kind = 'desk' WHERE seq = ?", seq)
		h.exec("DELETE FROM decision WHERE kind = 'rules' AND version = 2")
		seq, _ = h.event("rules.effective", "", 0)
		h.exec("UPDATE event SET person = 'system', sign_in = 'clock' WHERE seq = ?", seq)
		h.exec("UPDATE proposal_end SET person_id = 'system', email = 'clock' WHERE kind = 'rules' AND version = 2")
	}, "as only people of the console's do"},
	{"a list of another sum", func(h *hand) {
		seq, f := h.event("batch.decided", "", 0)
		f["sum_minor"] = int64(110_000_00)
		h.put(seq, f)
		h.exec("UPDATE batch SET sum_minor = 11000000")
	}, "than it says"},
	{"a list with another item in it", func(h *hand) {
		seq, f := h.event("batch.decided", "", 0)
		var items string
		must(h.t, h.db.QueryRow("SELECT items FROM batch").Scan(&items))
		items = strings.Replace(items, string(h.x.listed[0]), string(h.x.late), 1)
		var list []app.BatchItem
		must(h.t, json.Unmarshal([]byte(items), &list))
		f["items"], f["digest"] = sha(items), app.ListDigest(list)
		h.put(seq, f)
		h.exec("UPDATE batch SET items = ?, digest = ?", items, app.ListDigest(list))
	}, "signed another list"},
	{"a list above its person's ceiling, of which each payout is below it", func(h *hand) {
		h.redoc(approval.Limit, app.LimitsID, 1, `"ceilings":[]`, fmt.Sprintf(`"ceilings":[{"person":%q,"minor":50000000}]`, h.who("a1")))
	}, "a list whose sum is above"},
	{"a list by which somebody new approved more than their day's sum", func(h *hand) {
		h.redoc(approval.Rules, app.RulesID, 3, `"cap_day_minor":0`, `"cap_day_minor":54000000`)
		until := h.x.d.Clock.Now().Add(time.Hour).UnixMicro()
		seq, f := h.event("person.added", h.who("a1"), 0)
		f["capped_until"] = until
		h.put(seq, f)
		h.exec("UPDATE person SET capped_until = ? WHERE id = ?", until, h.who("a1"))
	}, "approved a list with which"},
	{"a list of which the sum asks for more than a password", func(h *hand) {
		h.redoc(approval.Rules, app.RulesID, 3, `"sign_above_minor":40000000`, `"sign_above_minor":60000000`)
		h.redoc(approval.Rules, app.RulesID, 3, `"step_up_above_minor":0`, `"step_up_above_minor":50000000`)
		for _, id := range h.x.listed {
			seq, f := h.event("payout.approved", string(id), 0)
			f["factor"] = "password"
			delete(f, "proof")
			h.put(seq, f)
			h.exec("UPDATE decision SET factor = 'password' WHERE id = ?", string(id))
			h.exec("DELETE FROM proof WHERE id = ?", string(id))
		}
		seq, f := h.event("batch.decided", "", 0)
		f["factor"] = "password"
		h.put(seq, f)
	}, "with a password alone a list"},
	{"a payout under rules that were in force no more", func(h *hand) {
		seq, f := h.event("payout.submitted", string(h.x.late), 0)
		f["rule_set"] = int64(1)
		h.put(seq, f)
		h.exec("UPDATE subject SET rule_set = 1 WHERE id = ?", string(h.x.late))
		h.exec("UPDATE payout SET rule_set = 1 WHERE id = ?", string(h.x.late))
	}, "which were not in force"},
	{"a list that was never decided", func(h *hand) {
		seq, _ := h.event("batch.decided", "", 0)
		h.exec("UPDATE event SET action = 'look.list', kind = 'desk' WHERE seq = ?", seq)
		h.exec("DELETE FROM batch")
	}, "never decided"},
}

func sha(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

// TestForgeries: whoever has the database file forges a decision. Without the key of the history plain verify finds every way; with it, after recomputing and signing the
// whole log anew, counting again finds every way, and plain verify some. Beside the anchor, which stands outside, no such copy passes at all. Issue 4 "To show" e.
func TestForgeries(t *testing.T) {
	x := newDecided(t)
	anchor, err := audit.ReadAnchor(x.d.Anchor(), audit.VerifierFor(x.d.Signer))
	must(t, err)
	try := func(name string, do func(*hand)) (path string, verify audit.Report) {
		path = x.forge(t, do)
		r, err := store.Verify(context.Background(), path, audit.VerifierFor(x.d.Signer), &anchor)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return path, r
	}
	path, r := try("honest", func(*hand) {})
	if c, err := store.CheckApprovals(t.Context(), path); err != nil || len(c.Findings) > 0 || !r.OK() {
		t.Fatalf("the honest copy: %v %+v %+v", err, r, c)
	}
	path, r = try("signed again", func(h *hand) { h.counters(); h.resign() })
	if c, err := store.CheckApprovals(t.Context(), path); err != nil || len(c.Findings) > 0 || !r.OK() {
		t.Fatalf("signing again by itself: %v %d %s %+v", err, r.Broken, r.Reason, c)
	}
	if len(forgeries) < 10 {
		t.Error("fewer than ten ways")
	}
	plain := 0
	for _, f := range forgeries {
		if _, r := try(f.name, f.do); r.OK() {
			t.Errorf("%s: without the key plain verify lets it pass", f.name)
		}
		path, r := try(f.name, func(h *hand) { f.do(h); h.counters(); h.resign() })
		if r.OK() && r.Anchor != audit.AnchorDiffers {
			t.Errorf("%s: beside the anchor it passes: %s", f.name, r.Anchor)
		}
		alone, err := store.Verify(t.Context(), path, audit.VerifierFor(x.d.Signer), nil)
		must(t, err)
		how := "plain verify does not see it"
		if !alone.OK() {
			plain++
			how = "plain verify: " + alone.Reason
		}
		c, err := store.CheckApprovals(t.Context(), path)
		must(t, err)
		said := ""
		for _, x := range c.Findings {
			said += x.String() + "\n"
		}
		if len(c.Findings) == 0 {
			t.Errorf("%s: signed with the key, counting again does not find it (%s)", f.name, how)
		} else if !strings.Contains(said, f.says) {
			t.Errorf("%s: found for another reason than %q: %s", f.name, f.says, said)
		}
		t.Logf("%-55s %s", f.name, how)
	}
	t.Logf("%d ways; with the key plain verify sees %d, counting again all", len(forgeries), plain)
}
