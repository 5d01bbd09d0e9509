package app

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/bankdetails"
	"countersign/internal/fault"
	"countersign/internal/payee"
	"countersign/internal/payout"
)

func init() { effects[approval.Payee] = (*App).payeeTakesEffect }

// WarnSharedAccount: an account of a payee stands under another payee too.
const WarnSharedAccount = "shared_account"

// MaxPayeeVersions bounds the versions of one payee: each of them is read when the next one takes effect.
const MaxPayeeVersions = 1000

// PayeeRow is a saved payee as its version in force says.
type PayeeRow struct {
	ID                   string
	Version              int
	Kind                 payee.Kind
	FullName, INN, KPP   string
	Groups               []string
	Makers               []string // proposed any version up to this one
	Search               string   // set for storing only
	CreatedAt, ChangedAt time.Time
	Accounts             []PayeeAccount
}

// PayeeAccount is an account of a payee in force.
type PayeeAccount struct {
	payee.Account
	// Since is from when on it stands there without a break; Changed: the payee was known before it came.
	Since   time.Time
	Changed bool
}

// SharedAccount is another payee with the same account.
type SharedAccount struct {
	Key      payee.AccountKey
	ID, Name string
}

// PayeeQuery filters the list of payees, by name. Zero values filter nothing.
type PayeeQuery struct {
	Text  string // words of the name, INN, KPP, note, purpose, labels, groups, BIK, or the end of an account; or a whole account
	Group string
	After string // id of the last line seen
	Limit int    // 1 to 200; 50 if 0
}

// PayeePage is one page of the list; Next is the cursor of the following one, "" at the end.
type PayeePage struct {
	Rows []PayeeRow
	Next string
}

// The counters of payees: how many there are, and how many of a group.
const (
	PayeesCounter     = "payees"
	PayeeGroupCounter = "payees:group:"
)

// PaidCounter names the counter of what a saved payee was paid.
func PaidCounter(payee string) string { return "paid:" + payee }

// PayeeEntry is a payee as a maker typed it.
type PayeeEntry struct {
	// ID is one of NewPayeeID for a new payee; a second entry with it by the same person that says the same makes nothing new.
	ID string
	// Seen is the version in force that was on the maker's screen, 0 for none.
	Seen    int
	Content payee.Content
	Acks    []string
}

var uuid7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// NewPayeeID makes the id of a new payee.
func (a *App) NewPayeeID() string { return a.newID(a.Now()) }

// PayeeContent puts the content of a payee's version together. It fails with payee.ErrAltered when its parts do not belong together.
func PayeeContent(p Proposal) (payee.Content, error) {
	return payee.FromPrivate(p.Doc, p.Private, p.Commit)
}

// ProposePayee puts a new payee, or a new version of one, to an approver. Invalid with every fault of the content, "payout.ack" for each warning that is
// not ticked (field ack), "payee.same" when nothing changed, "payee.versions" when there are too many; Conflict as propose.
func (a *App) ProposePayee(ctx context.Context, w Who, e PayeeEntry) error {
	if !uuid7.MatchString(e.ID) {
		return fault.Bad("form", "payee.form")
	}
	if err := e.Content.Check().Err(); err != nil {
		return err
	}
	c := e.Content.Clean()
	return a.write(ctx, People, w, Propose, about(approval.Payee, e.ID), func(tx *sealed) error {
		open, is, err := tx.OpenProposal(approval.Payee, e.ID)
		if err != nil {
			return err
		}
		if is && open.By.Person == w.Person && samePayee(open, c) {
			return nil // the same form again
		}
		inForce, known, err := tx.InForce(approval.Payee, e.ID)
		if err != nil {
			return err
		}
		if known && inForce.Version == e.Seen && samePayee(inForce, c) {
			return fault.Bad("form", "payee.same")
		}
		last, err := tx.LastProposal(approval.Payee, e.ID)
		if err != nil {
			return err
		}
		if last >= MaxPayeeVersions {
			return fault.Bad("form", "payee.versions", MaxPayeeVersions)
		}
		codes, _, err := payeeWarnings(tx, c, e.ID)
		if err != nil {
			return err
		}
		var unticked fault.List
		for _, code := range codes {
			if !slices.Contains(e.Acks, code) {
				unticked = append(unticked, fault.Bad("ack", "payout.ack", code))
			}
		}
		if len(unticked) > 0 {
			return unticked
		}
		// Whoever made an earlier version is a maker of this payee for good, also of a version that came to nothing.
		earlier, err := payeeMakers(tx, e.ID, last)
		if err != nil {
			return err
		}
		earlier = slices.DeleteFunc(earlier, func(m string) bool { return m == w.Person })
		p := Proposal{Kind: approval.Payee, ID: e.ID, Op: "payee.set", Salt: a.salt(), Acks: codes, Concerns: earlier}
		p.Doc, p.Private = c.Doc(p.Commit), c.Private()
		_, err = a.propose(tx, w.actor(), p, e.Seen, "", a.Now())
		return err
	})
}

// payeeMakers are those who proposed any version of a payee up to this one, as the history tells it.
func payeeMakers(tx Tx, id string, version int) ([]string, error) {
	events, err := tx.EventsOf(string(approval.Payee), id)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range events {
		if e.Action == string(approval.Payee)+".proposed" && e.Version <= version && e.Person != "" && !slices.Contains(out, e.Person) {
			out = append(out, e.Person)
		}
	}
	return out, nil
}

func samePayee(p Proposal, c payee.Content) bool {
	was, err := PayeeContent(p)
	return err == nil && !was.Erased && len(payee.Diff(was, c)) == 0
}

// maxShared bounds how many other payees with the same account are named.
const maxShared = 5

// sharer finds payees in force with an account, but for one of them.
type sharer interface {
	PayeesWith(key payee.AccountKey, besides string, limit int) ([]SharedAccount, error)
}

// payeeWarnings lists the codes of what must be ticked about a cleaned payee, each once, and the other payees that have an account of it.
func payeeWarnings(tx interface {
	sharer
	banks
}, c payee.Content, besides string) (codes []string, shared []SharedAccount, err error) {
	add := func(code string) {
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	for _, w := range c.Warnings() {
		add(string(w.Warning))
	}
	for i, acc := range c.Accounts {
		if i == payee.MaxAccounts {
			break
		}
		if bankdetails.CheckBIK(acc.BIK) != nil || bankdetails.CheckAccount(acc.Number) != nil {
			continue
		}
		unknown, err := bikUnknown(tx, acc.BIK)
		if err != nil {
			return nil, nil, err
		}
		if unknown {
			add(string(bankdetails.WarnBIKUnknown))
		}
		others, err := tx.PayeesWith(acc.Key(), besides, maxShared)
		if err != nil {
			return nil, nil, err
		}
		shared = append(shared, others...)
	}
	if len(shared) > 0 {
		add(WarnSharedAccount)
	}
	return codes, shared, nil
}

type payeeLooker struct{ looker }

func (l payeeLooker) PayeesWith(key payee.AccountKey, besides string, limit int) ([]SharedAccount, error) {
	return l.r.PayeesWith(l.ctx, key, besides, limit)
}

// JudgePayee says of a payee that is being typed, or decided about, which warnings it has, and which other payees in force hold an account of it. id is its
// own id.
func (a *App) JudgePayee(ctx context.Context, id string, c payee.Content) (codes []string, shared []SharedAccount, err error) {
	return payeeWarnings(payeeLooker{looker{ctx, a.Store}}, c.Clean(), id)
}

// PayeeInForce returns what a saved payee says now. NotFound "payee.none" when no version of it is in force.
func (a *App) PayeeInForce(ctx context.Context, id string) (payee.Content, int, error) {
	n, err := a.Store.InForceVersion(ctx, approval.Payee, id)
	if err != nil {
		return payee.Content{}, 0, err
	}
	if n == 0 {
		return payee.Content{}, 0, fault.Missing("payee.none")
	}
	c, err := a.PayeeAt(ctx, id, n)
	return c, n, err
}

// PayeeAt returns what one version of a payee says. NotFound "subject.none".
func (a *App) PayeeAt(ctx context.Context, id string, version int) (payee.Content, error) {
	p, err := a.Store.ProposalAt(ctx, approval.Payee, id, version)
	if err != nil {
		return payee.Content{}, err
	}
	return PayeeContent(p)
}

// payeeTakesEffect writes the payee's row and accounts anew from its versions in force, and sends every unsent payout that names it back to its
// makers: what was approved was another version.
func (a *App) payeeTakesEffect(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	versions, err := tx.PayeeVersions(p.ID)
	if err != nil {
		return nil, err
	}
	history := make([]payee.Version, len(versions))
	for i, v := range versions {
		c, err := PayeeContent(v)
		if err != nil {
			return nil, err
		}
		history[i] = payee.Version{Content: c, At: v.EndedAt}
	}
	if len(history) == 0 || versions[len(versions)-1].Version != p.Version {
		return nil, errors.New("a payee's version takes effect and is not in force")
	}
	c := history[len(history)-1].Content
	if c.Erased {
		return nil, fault.Bad("form", "payee.erased")
	}
	row := PayeeRow{ID: p.ID, Version: p.Version, Kind: c.Kind, FullName: c.FullName, INN: c.INN, KPP: c.KPP, Groups: c.Groups, Search: payee.SearchText(c),
		CreatedAt: history[0].At, ChangedAt: now}
	since := payee.AccountsSince(history)
	for _, acc := range c.Accounts {
		_, changed := payee.Changed(history, acc.BIK, acc.Number)
		row.Accounts = append(row.Accounts, PayeeAccount{Account: acc, Since: since[acc.Key()], Changed: changed})
	}
	if err := tx.SavePayee(row); err != nil {
		return nil, err
	}
	back, err := a.payeeMovedAll(tx, p.ID, now)
	return map[string]any{"accounts": len(c.Accounts), "sent_back": back}, err
}

// How many unsent payouts one change of a payee sends back in its own commit. What is beyond is caught at the claim, where a payout whose payee has
// changed never leaves.
const (
	movedAtOnce = 100
	movedRounds = 50
)

func (a *App) payeeMovedAll(tx Tx, id string, now time.Time) (n int, err error) {
	after := payout.Number(0)
	for range movedRounds {
		ids, last, err := tx.UnsentOf(id, after, movedAtOnce)
		if err != nil {
			return n, err
		}
		for _, pid := range ids {
			p, err := tx.Payout(pid)
			if errors.Is(err, payout.ErrBroken) { // somebody wrote into the file: that is no reason to keep the payee as it was
				if err := a.haltNow(tx, "altered", pid, now, err); err != nil {
					return n, err
				}
				continue
			}
			if err != nil {
				return n, err
			}
			if err := a.payeeMoved(tx, p, now); err != nil {
				return n, err
			}
			n++
		}
		if len(ids) < movedAtOnce {
			return n, nil
		}
		after = last
	}
	return n, nil
}

// named holds what a payout says of a saved payee against the payee's version in force, and fixes that version. A payout that names none is left as
// it is. Invalid "payout.payee_none" when there is no such payee, "payout.payee_moved" when another version is in force than was on the screen,
// "payout.payee_account" (field payee_account) when the account is none of the payee's, "payout.payee_differs" at each field that says something else.
func (a *App) named(tx Tx, c payout.Content) (payout.Content, error) {
	if c.PayeeID == "" {
		c.PayeeVer = 0
		return c, nil
	}
	p, is, err := tx.InForce(approval.Payee, c.PayeeID)
	if err != nil {
		return c, err
	}
	if !is {
		return c, fault.Bad("form", "payout.payee_none")
	}
	if c.PayeeVer != 0 && c.PayeeVer != p.Version {
		return c, fault.Bad("form", "payout.payee_moved")
	}
	saved, err := PayeeContent(p)
	if err != nil {
		return c, err
	}
	if saved.Erased {
		return c, fault.Bad("form", "payout.payee_none")
	}
	c.PayeeVer = p.Version
	var l fault.List
	for _, f := range []struct{ field, says, saved string }{{"full_name", c.FullName, saved.FullName}, {"inn", c.INN, saved.INN}, {"kpp", c.KPP, saved.KPP}} {
		if f.says != f.saved {
			l = append(l, fault.Bad(f.field, "payout.payee_differs"))
		}
	}
	key := payee.AccountKey{BIK: c.BIK, Number: c.Account}
	chosen := slices.ContainsFunc(saved.Accounts, func(a payee.Account) bool { return a.Key() == key })
	if !chosen && key != (payee.AccountKey{}) { // a draft may still have to choose
		l = append(l, fault.Bad("payee_account", "payout.payee_account"))
	}
	return c, l.Err()
}

// toldPayee is what the history says of a saved payee: which version is in force, who made each, and since when its accounts stand there.
type toldPayee struct {
	last    int64 // the newest event
	inForce int
	groups  []string
	makers  []toldMaker
	// accounts are those that took their place on a payee that was known before; of versions that were erased nobody can tell: then they are no later than so.
	accounts map[payee.AccountKey]time.Time
	erased   bool
}

type toldMaker struct {
	version int
	person  string
}

// maxTold bounds how many payees are remembered.
const maxTold = 10_000

// PayeeFacts are believed as the history tells them: they decide who may approve, and how long a payout waits.
func (s *sealed) PayeeFacts(id string, version int, bik, account string) (PayeeFacts, error) {
	f, err := s.Tx.PayeeFacts(id, version, bik, account)
	if err != nil || s.saved[id] {
		return f, err
	}
	last, err := s.LastOf(string(approval.Payee), id)
	if err != nil {
		return PayeeFacts{}, err
	}
	if k, ok := s.a.payees.Load(id); ok { // one of a commit that came to nothing fits nothing, and is read anew
		if t := k.(toldPayee); t.last == last && t.fits(&f, version, bik, account) {
			return f, nil
		}
	}
	t, err := s.toldPayee(id, last)
	if err != nil {
		return PayeeFacts{}, err
	}
	if !t.fits(&f, version, bik, account) {
		return PayeeFacts{}, s.a.alteredRow("payee/" + id)
	}
	if s.a.payeesKept.Add(1) > maxTold {
		s.a.payees.Clear()
		s.a.payeesKept.Store(0)
	}
	s.a.payees.Store(id, t)
	return f, nil
}

// fits reports whether the rows say the same; what nobody can tell any more is taken as it makes a payout wait longer.
func (t toldPayee) fits(f *PayeeFacts, version int, bik, account string) bool {
	var makers []string
	for _, m := range t.makers {
		if m.version <= version && !slices.Contains(makers, m.person) {
			makers = append(makers, m.person)
		}
	}
	slices.Sort(makers)
	if f.InForce != t.inForce || !slices.Equal(f.Groups, t.groups) || f.InForce != 0 && !slices.Equal(slices.Sorted(slices.Values(f.Makers)), makers) {
		return false
	}
	var changed time.Time
	for key, at := range t.accounts {
		if key.Number == account && (bik == "" || key.BIK == bik) && at.After(changed) {
			changed = at
		}
	}
	if t.erased {
		if changed.After(f.ChangedAt) {
			f.ChangedAt = changed
		}
		return true
	}
	return micro(f.ChangedAt) == micro(changed)
}

// toldPayee reads a payee's history, and its documents as far as the history holds their hashes.
func (s *sealed) toldPayee(id string, last int64) (toldPayee, error) {
	t := toldPayee{last: last, accounts: map[payee.AccountKey]time.Time{}}
	events, err := s.EventsOf(string(approval.Payee), id)
	if err != nil {
		return t, err
	}
	docs := map[int]string{}
	type effective struct {
		version int
		at      time.Time
	}
	var of []audit.Event
	var inForce []effective
	for _, e := range events {
		switch e.Action {
		case "payee.proposed":
			docs[e.Version] = factString(e.Payload, "doc")
			t.makers = append(t.makers, toldMaker{e.Version, e.Person})
		case "payee.effective":
			inForce = append(inForce, effective{e.Version, e.At})
		default:
			continue
		}
		of = append(of, e)
	}
	if err := s.a.held(s, of...); err != nil {
		return t, err
	}
	versions, err := s.PayeeVersions(id)
	if err != nil {
		return t, err
	}
	if len(versions) != len(inForce) {
		return t, s.a.alteredRow("payee/" + id)
	}
	history := make([]payee.Version, len(versions))
	for i, p := range versions {
		c, err := PayeeContent(p)
		if err != nil || p.Version != inForce[i].version || hash(p.Doc) != docs[p.Version] {
			return t, s.a.alteredRow(proposalRow(approval.Payee, id, p.Version))
		}
		history[i] = payee.Version{Content: c, At: inForce[i].at}
		t.inForce, t.groups, t.erased = p.Version, c.Groups, t.erased || c.Erased
	}
	if n := len(history); n > 0 {
		for _, acc := range history[n-1].Content.Accounts {
			if at, changed := payee.Changed(history, acc.BIK, acc.Number); changed {
				t.accounts[acc.Key()] = at
			}
		}
	}
	return t, nil
}

// SavePayee writes a payee whose event follows in the same commit.
func (s *sealed) SavePayee(p PayeeRow) error {
	if s.saved == nil {
		s.saved = map[string]bool{}
	}
	s.saved[p.ID] = true
	return s.Tx.SavePayee(p)
}
