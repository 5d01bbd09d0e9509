package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/factor"
)

// factorFact is what proves that a person is there as the events tell it.
type factorFact struct {
	seq                             int64
	person, kind, name, fingerprint string
	key                             string // of a passkey: the hash of its id and public key
	vouched, seal                   string
	created, signs, removed         int64
	version                         int64
}

// factor follows passkeys, one-time codes and recovery codes; is says that the event is about one, so that its seal is not an account's.
func (c *checker) factor(e audit.Event, text string) (is bool, err error) {
	var f struct {
		ID          string `json:"factor"`
		Kind        string `json:"factor_kind"`
		Fingerprint string `json:"fingerprint"`
		Key         string `json:"key"`
		VouchedBy   string `json:"vouched_by"`
		Seal        string `json:"seal"`
		SignsFrom   int64  `json:"signs_from"`
		Version     int64  `json:"factor_version"`
		Removed     bool   `json:"removed"`
		Mark        string `json:"mark"` // of a one-time-code secret
	}
	if err := json.Unmarshal(e.Payload, &f); err != nil || f.Kind == "" {
		return false, nil // of another form: no factor's
	}
	x := c.factors[f.ID]
	if e.Action == "factor.added" {
		if x != nil {
			return true, broken("this factor was there before")
		}
		x = &factorFact{seq: e.Seq, person: e.Subject, kind: f.Kind, name: text, fingerprint: f.Fingerprint, key: f.Key, created: toMicro(e.At)}
		c.factors[f.ID] = x
		if f.Mark != "" {
			c.marks[f.Mark] = e.Subject
		}
		if key := app.FounderKey(e); key != "" {
			c.founders = append(c.founders, founderFact{e.Seq, key})
		}
	}
	if x == nil || x.person != e.Subject || x.removed != 0 || x.kind != f.Kind || x.fingerprint != f.Fingerprint {
		return true, broken("this factor is not the person's")
	}
	x.vouched, x.signs, x.seal, x.version = f.VouchedBy, f.SignsFrom, f.Seal, f.Version
	if f.Removed {
		x.removed = toMicro(e.At)
	}
	return true, nil
}

// founderFact is a key that nobody had to vouch for, and since which event.
type founderFact struct {
	seq int64
	key string
}

// anchorKeys compares the keys that nobody vouched for with those that the anchor lists: "" when they are the same, else the first that is not.
func (c *checker) anchorKeys(anchor audit.Head) string {
	var keys []string
	for _, f := range c.founders {
		if f.seq <= anchor.Size {
			keys = append(keys, f.key)
		}
	}
	if anchor.SameFounders(keys) {
		return ""
	}
	for _, k := range keys {
		if !slices.Contains(anchor.Founders, k) {
			return k
		}
	}
	for _, k := range anchor.Founders {
		if !slices.Contains(keys, k) {
			return k
		}
	}
	return "one of them twice"
}

// factorRows compares what proves people's presence with its events. A use moves a row's version, seal, step and time without an event: these are bound by the seal, whose
// key is not in the database.
func (c *checker) factorRows(total map[string]int64) error {
	total["factor"] = int64(len(c.factors))
	return c.each("SELECT id, person_id, kind, name, data, fingerprint, created_at, vouched_by, signs_from, removed_at, version, seal FROM factor", func(r *sql.Rows) error {
		var id string
		var data []byte
		var got factorFact
		if err := r.Scan(&id, &got.person, &got.kind, &got.name, &data, &got.fingerprint, &got.created, &got.vouched, &got.signs, &got.removed, &got.version, &got.seal); err != nil {
			return err
		}
		want := c.factors[id]
		if want == nil {
			return at(c.last, "a passkey or code was never added")
		}
		if got.seq, got.key = want.seq, want.key; want.name == "" && got.kind != app.KindRecovery {
			got.name = "" // erased, or never given
		}
		if got.version > want.version { // used since
			got.version, got.seal = want.version, want.seal
		}
		if got != *want {
			return at(want.seq, "a passkey or code is not what the history says")
		}
		if want.key != "" {
			cred, err := factor.ParseCredential(data)
			if err != nil || keyHash(cred.ID, cred.PublicKey) != want.key {
				return at(want.seq, "a passkey is not the one that was added")
			}
		}
		return nil
	})
}

// marked reports whether a mark (of an address, a passkey) is this person's for ever.
func (c *checker) marked(mark, person string) (bool, error) {
	var owner string
	err := c.tx.QueryRowContext(c.ctx, "SELECT person_id FROM factor_mark WHERE mark = ?", mark).Scan(&owner)
	if none(err) {
		return false, nil
	}
	return owner == person, err
}

// markRows proves the marks that can be computed without the key of seeds: those of sealed addresses and of passkeys.
func (c *checker) markRows(map[string]int64) error {
	want := map[string]string{}
	maps.Copy(want, c.marks)
	if err := c.each("SELECT email, person_id FROM account WHERE seal <> ''", func(r *sql.Rows) error {
		var email, person string
		err := r.Scan(&email, &person)
		want[factor.Mark(factor.MarkEmail, email)] = person
		return err
	}); err != nil {
		return err
	}
	if err := c.each("SELECT data, person_id FROM factor WHERE kind = 'passkey'", func(r *sql.Rows) error {
		var data []byte
		var person string
		if err := r.Scan(&data, &person); err != nil {
			return err
		}
		cred, err := factor.ParseCredential(data)
		if err != nil {
			return at(c.last, "a passkey cannot be read")
		}
		for _, m := range cred.Marks() {
			want[m] = person
		}
		return nil
	}); err != nil {
		return err
	}
	for m, person := range want {
		if ok, err := c.marked(m, person); err != nil {
			return err
		} else if !ok {
			return at(c.last, "an address or passkey is not marked as its person's for ever")
		}
	}
	return nil
}

func keyHash(id, public []byte) string {
	sum := sha256.Sum256(slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(len(id))), id, public))
	return hex.EncodeToString(sum[:])
}

// proofHash is what the event of a decision says of the row that proves it.
func proofHash(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// proofRow is one row of proof beside its decision; its hash is compared with the event's, and what the hash does not hold is bound by the challenge within what was signed.
type proofRow struct {
	person, factor, digest                              string
	expires                                             int64
	nonce, credential, public, auth, clientData, signed []byte
}

func (p proofRow) hash() string {
	return proofHash(p.nonce, p.credential, p.public, p.auth, p.clientData, p.signed)
}

// holds reports whether the signed bytes name this digest, person, nonce and expiry.
func (p proofRow) holds() bool {
	var c struct {
		Challenge string `json:"challenge"`
	}
	return json.Unmarshal(p.clientData, &c) == nil &&
		c.Challenge == base64.RawURLEncoding.EncodeToString(factor.SignChallenge(p.digest, p.person, p.nonce, fromMicro(p.expires)))
}

// proofRows proves every row of proof by its decision's event.
func (c *checker) proofRows(total map[string]int64) error {
	type key struct {
		kind, id     string
		version, seq int
	}
	want := map[key]decisionFact{}
	add := func(kind, id string, version int, ds []decisionFact) {
		for i, d := range ds {
			if d.proof != "" {
				want[key{kind, id, version, i + 1}] = d
			}
		}
	}
	for id, t := range c.payouts {
		for v, ds := range t.decisions {
			add("payout", id, v, ds)
		}
	}
	for k, s := range c.subs {
		add(k.kind, k.id, k.version, s.decisions)
	}
	for id, h := range c.halts {
		add("release", id, 1, h.decisions)
	}
	total["proof"] = int64(len(want))
	return c.each("SELECT kind, id, version, seq, person_id, factor_id, digest, expires_at, nonce, credential, public_key, auth_data, client_data, signature FROM proof", func(r *sql.Rows) error {
		var k key
		var p proofRow
		if err := r.Scan(&k.kind, &k.id, &k.version, &k.seq, &p.person, &p.factor, &p.digest, &p.expires, &p.nonce, &p.credential, &p.public, &p.auth, &p.clientData, &p.signed); err != nil {
			return err
		}
		d, ok := want[k]
		digest := d.digest
		if b := c.batches[d.batch]; d.batch != "" {
			digest = b.digest
		}
		if !ok || p.person != d.person || p.hash() != d.proof || p.digest != digest || d.factor != "passkey:"+p.factor && d.factor != "key:"+p.factor || !p.holds() {
			return at(c.last, "what a passkey signed about a %s is not what the decision's event says", k.kind)
		}
		return nil
	})
}

// batchFact is one decision over a list.
type batchFact struct {
	person, email, digest, items string
	n, sum, at                   int64
}

func (c *checker) batch(e audit.Event) error {
	var f struct {
		Digest string `json:"digest"`
		Items  string `json:"items"`
		N      int64  `json:"n"`
		Sum    int64  `json:"sum_minor"`
	}
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		return broken("payload cannot be read")
	}
	if _, twice := c.batches[e.Subject]; twice {
		return broken("this list was decided before")
	}
	c.batches[e.Subject] = batchFact{e.Person, e.SignIn, f.Digest, f.Items, f.N, f.Sum, toMicro(e.At)}
	return nil
}

func (c *checker) batchRows(total map[string]int64) error {
	total["batch"] = int64(len(c.batches))
	return c.each("SELECT id, person_id, email, digest, items, n, sum_minor, at FROM batch", func(r *sql.Rows) error {
		var id string
		var got batchFact
		if err := r.Scan(&id, &got.person, &got.email, &got.digest, &got.items, &got.n, &got.sum, &got.at); err != nil {
			return err
		}
		if got.items = hash([]byte(got.items)); c.batches[id] != got {
			return at(c.last, "a decision over a list is not what was decided")
		}
		return nil
	})
}

// bankFact is the directory of banks as it was put in last.
type bankFact struct {
	seq                                     int64
	sha, day, version, names, person, email string
	n, at                                   int64
}

func (c *checker) bankFile(e audit.Event) error {
	var f struct {
		File    string `json:"file"`
		Day     string `json:"day"`
		Version string `json:"version"`
		Names   string `json:"names"`
		N       int64  `json:"n"`
	}
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		return broken("payload cannot be read")
	}
	c.banks = &bankFact{e.Seq, f.File, f.Day, f.Version, f.Names, e.Person, e.SignIn, f.N, toMicro(e.At)}
	return nil
}

func (c *checker) bankRows807(total map[string]int64) error {
	total["bank_file"], total["bank_name"] = 0, 0
	if c.banks == nil {
		return nil
	}
	total["bank_file"], total["bank_name"] = 1, c.banks.n
	got := bankFact{seq: c.banks.seq}
	err := c.tx.QueryRowContext(c.ctx, "SELECT sha, day, version, n, person_id, email, at FROM bank_file WHERE id = 1").Scan(&got.sha, &got.day, &got.version, &got.n, &got.person, &got.email, &got.at)
	if err != nil && !none(err) {
		return err
	}
	var names []app.BankName
	if err := c.each("SELECT bik, name, town, closed FROM bank_name ORDER BY bik", func(r *sql.Rows) error {
		var b app.BankName
		var closed int64
		err := r.Scan(&b.BIK, &b.Name, &b.Town, &closed)
		if b.Closed = closed == 1; closed != flag(b.Closed) {
			return at(c.banks.seq, "the directory of banks is not as this desk writes it")
		}
		names = append(names, b)
		return err
	}); err != nil {
		return err
	}
	if got.names = app.NamesHash(names); got != *c.banks {
		return at(c.banks.seq, "the directory of banks is not the one that was put in")
	}
	return nil
}
