package app_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/factor"
	"countersign/internal/factor/softkey"
	"countersign/internal/payout"
	"countersign/internal/recheck"
)

// held is what a person of the walk has to prove that they are there.
type held struct {
	keys   []heldKey
	codes  string // the id of the one-time codes, "" for none
	secret string
	step   int64 // of the last code that was taken
	last   app.Proof
}

type heldKey struct {
	soft *softkey.Key
	id   string
}

// doors is what the history says about passwords and enrolment links: who has none, which link opens. It knows nothing of the engine.
type doors struct {
	without map[string]bool      // people whose sign-in has no password
	codes   map[string]string    // who has one-time codes: their factor's id
	links   map[string]time.Time // open links by hash: until when
	of      map[string]string    // whose a link is
}

func newDoors() *doors {
	return &doors{without: map[string]bool{}, codes: map[string]string{}, links: map[string]time.Time{}, of: map[string]string{}}
}

// event follows one event.
func (x *doors) event(e audit.Event) error {
	if e.Kind != "person" {
		return nil
	}
	var f struct {
		Secret  string   `json:"secret"`
		Link    string   `json:"enrolment"`
		Ended   []string `json:"ended"`
		Until   int64    `json:"expires_at"`
		Kind    string   `json:"factor_kind"`
		Factor  string   `json:"factor"`
		Removed bool     `json:"removed"`
	}
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		return err
	}
	none := sha256.Sum256(nil)
	if f.Secret != "" {
		x.without[e.Subject] = f.Secret == hex.EncodeToString(none[:])
	}
	for _, h := range f.Ended {
		delete(x.links, h)
	}
	switch e.Action {
	case "enrolment.made":
		x.links[f.Link], x.of[f.Link] = time.UnixMicro(f.Until), e.Subject
	case "enrolment.used":
		delete(x.links, f.Link)
	}
	if f.Kind == app.KindTOTP {
		if x.codes[e.Subject] = f.Factor; f.Removed {
			delete(x.codes, e.Subject)
		}
	}
	return nil
}

// proof makes up what comes with a yes: nothing, a passkey's answer, a code, or a lie. holds says whether it must be taken where so much is asked; used notes that it was.
func (f *fourEyes) proof(who, digest string, begin func(who string) (app.Question, error), wish int) (p app.Proof, what string, holds func(sign, code bool) bool, used func(code bool)) {
	ctx, rnd := context.Background(), f.rnd
	h, person := f.held[who], f.d.Who[who].Person
	never := func(bool, bool) bool { return false }
	nothing := func(bool) {}
	none := func() (app.Proof, string, func(bool, bool) bool, func(bool)) {
		return app.Proof{}, "", func(sign, code bool) bool { return !sign && !code }, nothing
	}
	if h == nil {
		return none()
	}
	answer := func(who string, q app.Question) (app.Proof, heldKey, bool) {
		keys := f.held[who].keys
		if len(keys) == 0 {
			return app.Proof{}, heldKey{}, false
		}
		k := keys[rnd.IntN(len(keys))]
		said, err := k.soft.Assert(q.Options, desktest.Site)
		return app.Proof{Challenge: q.ID, Response: said}, k, err == nil
	}
	switch {
	case wish < 60: // the right passkey
		q, err := begin(who)
		if err != nil {
			return none()
		}
		p, k, ok := answer(who, q)
		if !ok {
			return none()
		}
		return p, "signed", func(sign, _ bool) bool {
				return f.o.c.HasKey(k.id, person) && (!sign || f.o.c.KeySigns(k.id, person, f.d.Clock.Now()))
			}, func(bool) {
				h.last = p
			}
	case wish < 80 && h.codes != "": // a code, now and then one that was used or will be good later
		step := f.d.Clock.Now().Unix()/30 + int64([]int{0, 0, 0, 0, -1, 1, 2, -3}[rnd.IntN(8)])
		if rnd.IntN(4) == 0 && h.step > 0 {
			step = h.step // the last one again
		}
		text, err := factor.TOTPCode(h.secret, time.Unix(step*30, 0))
		must(f.d.T, err)
		return app.Proof{Code: text}, "code", func(sign, code bool) bool {
				now := f.d.Clock.Now().Unix() / 30
				return !sign && (!code || f.o.doors.codes[person] == h.codes && step > h.step && step >= now-1 && step <= now+1)
			}, func(code bool) {
				if code {
					h.step = step
				}
			}
	case wish < 84 && len(h.last.Response) > 0:
		return h.last, "used before", never, nothing
	case wish < 88: // about something else
		q, err := f.d.App.BeginSign(ctx, f.d.Who[who], strings.Repeat("0", 64), false)
		if err != nil {
			return none()
		}
		if p, _, ok := answer(who, q); ok && digest != strings.Repeat("0", 64) {
			return p, "about something else", never, nothing
		}
	case wish < 91: // too late
		q, err := begin(who)
		if err != nil {
			return none()
		}
		if p, _, ok := answer(who, q); ok {
			f.d.Clock.Add(120 * time.Second)
			return p, "too late", never, nothing
		}
	case wish < 95: // somebody else's key
		other := f.names[rnd.IntN(len(f.names))]
		if other == who || f.held[other] == nil {
			return none()
		}
		q, err := begin(who)
		if err != nil {
			return none()
		}
		theirs, err := begin(other)
		if err != nil {
			return none()
		}
		if p, _, ok := answer(other, theirs); ok {
			return app.Proof{Challenge: q.ID, Response: p.Response}, "somebody else's", never, nothing
		}
	}
	return none()
}

// approve is one person's yes to what is on their screen.
func (f *fourEyes) approve(who string, s payout.Snapshot, seen payout.Digest, say sayer) {
	ctx, w := context.Background(), f.d.Who[who]
	p, what, holds, used := f.proof(who, string(seen), func(who string) (app.Question, error) {
		return f.d.App.BeginSignPayout(ctx, f.d.Who[who], s.ID, s.Digest)
	}, f.wish(s.Content.Amount.Minor))
	may, why, err := f.o.c.Approve(string(s.ID), w.Person, f.d.Clock.Now())
	must(f.d.T, err)
	sign, code := f.o.c.Asks(string(s.ID), f.d.Clock.Now())
	ok := seen == s.Digest && seen != "" && (may == recheck.Already || may == recheck.May && holds(sign, code))
	if may == recheck.May && !ok {
		why = fmt.Sprintf("sign %v, code %v, proof %q", sign, code, what)
	}
	err = f.d.App.Approve(ctx, w, s.ID, seen, p)
	if err == nil && may == recheck.May {
		used(code && !sign)
	}
	verb := "approve"
	if may == recheck.May && sign {
		verb = "approve what must be signed"
	} else if may == recheck.May && code {
		verb = "approve what needs a code"
	}
	say(verb, who, ok, why, err)
}

// wish is what a person tries to prove themselves with: large sums more often with a key.
func (f *fourEyes) wish(minor int64) int {
	if minor < 200_000_00 && f.rnd.IntN(2) == 0 {
		return 100
	}
	return f.rnd.IntN(100)
}

// list is one press over many payouts: some that wait, some that do not, now and then with what is no longer on the screen.
func (f *fourEyes) list(step int, who string, pick func() payout.ID, say sayer) {
	ctx, rnd, w := context.Background(), f.rnd, f.d.Who[who]
	var items []app.BatchItem
	var asked []recheck.Listed
	for range 1 + rnd.IntN(12) {
		id := pick()
		state, _, _, _ := f.o.c.Payout(string(id))
		if state == "" || slices.ContainsFunc(items, func(x app.BatchItem) bool { return x.ID == id }) || state != string(payout.PendingApproval) && rnd.IntN(6) > 0 {
			continue
		}
		if may, _, err := f.o.c.Approve(string(id), w.Person, f.d.Clock.Now()); err == nil && may == recheck.No && rnd.IntN(4) > 0 {
			continue
		}
		digest := f.d.Get(id).Digest
		if digest == "" || rnd.IntN(12) == 0 {
			digest = "0123456789abcdef"
		}
		items = append(items, app.BatchItem{ID: id, Digest: digest})
		asked = append(asked, recheck.Listed{ID: string(id), Digest: string(digest)})
	}
	if len(items) == 0 {
		return
	}
	digest := app.ListDigest(items)
	p, what, holds, used := f.proof(who, digest, func(who string) (app.Question, error) { return f.d.App.BeginSign(ctx, f.d.Who[who], digest, false) }, rnd.IntN(100))
	told, err := f.o.c.ApproveList(asked, w.Person, f.d.Clock.Now())
	must(f.d.T, err)
	form := fmt.Sprint("list ", step)
	got, err := f.d.App.ApproveMany(ctx, w, form, items, digest, p)
	ok := told.Refused == "" && (!told.Open || holds(told.Sign, told.Code))
	if err == nil && told.Open {
		used(told.Code && !told.Sign)
	}
	if err == nil && ok {
		for i, x := range got.Items {
			if x.Did != told.Did[i] {
				f.d.T.Errorf("a list of %d by %s: payout %d is %s (%s), should be %s", len(items), who, i, x.Did, x.Why, told.Did[i])
			}
		}
		if rnd.IntN(8) == 0 { // pressed again
			if again, err := f.d.App.ApproveMany(ctx, w, form, items, digest, app.Proof{}); err != nil || again.Digest != got.Digest || len(again.Items) != len(got.Items) {
				f.d.T.Errorf("the same list again: %v", err)
			}
		}
	}
	say("approve a list", who, ok, fmt.Sprintf("%s; sign %v, code %v, proof %q", told.Refused, told.Sign, told.Code, what), err)
}

// factors is one thing that people do about how they prove themselves.
func (f *fourEyes) factors(who string, say sayer) {
	ctx, rnd, w := context.Background(), f.rnd, f.d.Who[who]
	stands := !f.o.c.Suspended(w.Person)
	h := f.held[who]
	if h == nil {
		h = &held{}
		f.held[who] = h
	}
	h.keys = slices.DeleteFunc(h.keys, func(k heldKey) bool { return !f.o.c.HasKey(k.id, w.Person) })
	if h.codes != f.o.doors.codes[w.Person] {
		h.codes, h.secret, h.step = "", "", 0
	}
	switch x := rnd.IntN(10); {
	case x < 4 && len(h.keys) < 2:
		q, err := f.d.App.BeginPasskey(ctx, w)
		if err != nil {
			say("add a passkey", who, stands, "", err)
			return
		}
		key := softkey.New(rand.Reader)
		said, err := key.Register(q.Options, desktest.Site)
		must(f.d.T, err)
		lie := rnd.IntN(4) == 0
		if lie { // the answer to another question
			q2, err := f.d.App.BeginPasskey(ctx, w)
			must(f.d.T, err)
			q.ID = q2.ID
		}
		added, err := f.d.App.AddPasskey(ctx, w, q.ID, said, "a key")
		if err == nil {
			h.keys = append(h.keys, heldKey{key, added.ID})
		}
		say("add a passkey", who, stands && !lie, "", err)
	case x < 6 && h.codes == "":
		id, err := f.d.App.BeginTOTP(ctx, w)
		if err != nil {
			say("add codes", who, stands, "", err)
			return
		}
		secret, _, err := f.d.App.TOTPSecret(ctx, w, id)
		must(f.d.T, err)
		step := f.d.Clock.Now().Unix() / 30
		text, err := factor.TOTPCode(secret, time.Unix(step*30, 0))
		must(f.d.T, err)
		lie := rnd.IntN(4) == 0
		if lie {
			text = "000000"
		}
		err = f.d.App.AddTOTP(ctx, w, id, text, "a phone")
		say("add codes", who, stands && !lie, "", err)
		if err == nil {
			h.codes, h.secret, h.step = f.o.doors.codes[w.Person], secret, step
		}
	case x < 7:
		owner := who
		if rnd.IntN(3) == 0 {
			owner = f.names[rnd.IntN(len(f.names))]
		}
		if o := f.held[owner]; o != nil && len(o.keys) > 0 {
			id := o.keys[rnd.IntN(len(o.keys))].id
			may := stands && f.o.c.HasKey(id, w.Person)
			say("take a passkey away", who, may, "", f.d.App.RemoveFactor(ctx, w, id))
		}
	default:
		if len(h.keys) > 0 {
			id := h.keys[rnd.IntN(len(h.keys))].id
			open, _ := f.o.c.Open("person", w.Person)
			may := stands && f.o.c.HasKey(id, w.Person) && !f.o.c.Vouched(id) && open == ""
			err := f.d.App.AskVouch(ctx, w, id)
			if may && isAny(err, "subject.nobody") {
				return
			}
			say("ask somebody to vouch", who, may, "", err)
		}
	}
}

// persons is one thing about who is there: somebody new, a reset, a link, its use, a suspension.
func (f *fourEyes) persons(who string, say sayer) {
	ctx, rnd, w := context.Background(), f.rnd, f.d.Who[who]
	admin := f.o.c.May(w.Person, "admin")
	about := f.people[rnd.IntN(len(f.people))]
	id := f.d.Who[about].Person
	switch x := rnd.IntN(100); {
	case x < 12 && len(f.people) < 60:
		f.n++
		name := fmt.Sprint("n", f.n)
		email, taken := name+"@x.test", rnd.IntN(5) == 0
		if taken {
			email = "m1@x.test"
		}
		roles := [][]string{{"approver"}, {"maker"}, {"approver", "senior"}, {"maker", "approver"}, {"auditor"}}[rnd.IntN(5)]
		id, err := f.d.App.ProposePerson(ctx, w, app.PersonDraft{Name: "Person " + name, Email: email, Roles: roles, Groups: []string{"", "ural"}[rnd.IntN(2)]})
		if admin && !taken && isAny(err, "subject.nobody") {
			return
		}
		if err == nil {
			f.d.Who[name] = app.Who{Person: id, Email: email}
			f.people = append(f.people, name)
		}
		say("somebody new", who, admin && !taken, "", err)
	case x < 30:
		if !f.o.c.Known(id) {
			return
		}
		seen, err := f.d.Store.InForceVersion(ctx, approval.Person, id)
		must(f.d.T, err)
		open, _ := f.o.c.Open("person", id)
		may := admin && open == "" && id != w.Person && !f.o.c.Suspended(id)
		err = f.d.App.ProposeReset(ctx, w, id, seen, "lost phone")
		if may && isAny(err, "subject.nobody", "people.reset_last") {
			return
		}
		say("reset", who, may, "", err)
	case x < 65:
		if rnd.IntN(3) > 0 { // rather somebody who needs one
			for _, name := range f.people {
				if f.o.doors.without[f.d.Who[name].Person] {
					about, id = name, f.d.Who[name].Person
				}
			}
		}
		may := admin && f.o.c.Known(id) && id != w.Person && !f.o.c.Suspended(id) && f.o.doors.without[id]
		token, _, err := f.d.App.MakeLink(ctx, w, id, f.d.Who[about].Email)
		if err == nil {
			f.tokens = append(f.tokens, token)
		}
		say("make a link", who, may, "", err)
	case x < 90:
		if len(f.tokens) == 0 {
			return
		}
		token := f.tokens[max(0, len(f.tokens)-1-rnd.IntN(4))]
		sum := sha256.Sum256([]byte("countersign enrolment/1\n" + token))
		h := hex.EncodeToString(sum[:])
		until, open := f.o.doors.links[h]
		owner := f.o.doors.of[h]
		may := open && f.d.Clock.Now().Before(until) && !f.o.c.Suspended(owner)
		_, err := f.d.App.Enrol(ctx, token, "six plain words in a row")
		say("enrol", f.d.Name(owner), may, "", err)
		if name := f.d.Name(owner); err == nil && !slices.Contains(f.names, name) {
			f.names = append(f.names, name)
		}
	default:
		if rnd.IntN(4) > 0 && f.away() > 3 && admin || !f.o.c.Known(id) {
			return
		}
		say("suspend", who, f.o.c.MaySuspend(w.Person, id), "", f.d.App.SuspendPerson(ctx, w, id, "left"))
	}
}

// away counts those who are suspended.
func (f *fourEyes) away() (n int) {
	for _, name := range f.people {
		if f.o.c.Suspended(f.d.Who[name].Person) {
			n++
		}
	}
	return n
}

// able is somebody who can give one of the missing approvals, so that payments go on; who when there is nobody, or when anybody should try.
func (f *fourEyes) able(id payout.ID, who string) string {
	if f.rnd.IntN(2) == 0 {
		return who
	}
	for _, i := range f.rnd.Perm(len(f.names)) {
		name := f.names[i]
		if may, _, err := f.o.c.Approve(string(id), f.d.Who[name].Person, f.d.Clock.Now()); err == nil && may == recheck.May {
			return name
		}
	}
	return who
}
