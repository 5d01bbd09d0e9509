package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/money"
	"countersign/internal/payout"
)

// MaxBatch is how many payouts one decision over a list takes.
const MaxBatch = 500

// BatchItem is one payout of a list: which version was on the screen, and what came of it.
type BatchItem struct {
	ID     payout.ID     `json:"id"`
	Digest payout.Digest `json:"digest"`
	// Did is one of the Item… values once the list was decided; Why says more of ItemAlone: an approval.Why, or AloneBySum.
	Did string `json:"did"`
	Why string `json:"why"`
}

// What came of one item.
const (
	ItemYes   = "yes"   // approved
	ItemLast  = "last"  // approved, and it was the last approval needed
	ItemMoved = "moved" // another version by now: left out
	ItemState = "state" // does not await approval any more, or not for a moment longer: its time is over
	ItemAlone = "alone" // not approved by this list: to be opened by itself
)

// AloneBySum is the Why of an item that the list's sum keeps from being approved by it, AloneExpired of one whose time is over before a list was made.
const (
	AloneBySum   = "sum"
	AloneExpired = "expired"
)

// Batch is one decision over an ordered list of payouts, stored whole.
type Batch struct {
	ID     string
	By     payout.Actor
	Digest string
	// SumMinor is the sum of those that had not moved, kopecks: what bands and signing were judged over.
	SumMinor int64
	Items    []BatchItem
	At       time.Time
}

// Doc is the canonical list as it is stored.
func (b Batch) Doc() []byte {
	doc, err := json.Marshal(b.Items)
	if err != nil {
		panic(err) // texts only: cannot fail
	}
	return doc
}

// Approved counts the items that were.
func (b Batch) Approved() int {
	n := 0
	for _, x := range b.Items {
		if x.Did == ItemYes || x.Did == ItemLast {
			n++
		}
	}
	return n
}

// ParseBatchItems reads a stored list.
func ParseBatchItems(doc []byte) ([]BatchItem, error) {
	var items []BatchItem
	if err := json.Unmarshal(doc, &items); err != nil {
		return nil, fmt.Errorf("list of a decision: %w", err)
	}
	return items, nil
}

// ListDigest is the hex SHA-256 over the ordered list: "batch/1", then a line with id and version code of each. It is what a signature over a list
// signs.
func ListDigest(items []BatchItem) string {
	h := sha256.New()
	_, _ = h.Write([]byte("batch/1\n")) // a hash never fails to take bytes
	for _, x := range items {
		_, _ = fmt.Fprintf(h, "%s %s\n", x.ID, x.Digest)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// BatchID is the id of the decision that a person makes with the form of this token: the same form again is the same decision.
func BatchID(person, form string) string {
	h := sha256.Sum256([]byte("batch form/1\n" + person + "\n" + form))
	return "b" + hex.EncodeToString(h[:16])
}

// ListBand is what the rules ask of a payout within a list of this sum, by the sum alone: the bands are judged over the list too, those of the set in force and
// those of the set that the payout was submitted under.
func (f *Frame) ListBand(submitted int, minor int64) (approval.Need, error) {
	need := listBand(f.Set, minor)
	if submitted == 0 || submitted == f.Set.Version {
		return need, nil
	}
	old, err := f.SetOf(submitted)
	if err != nil {
		return approval.Need{}, err
	}
	return approval.Join(listBand(old, minor), need), nil
}

func listBand(set approval.RuleSet, minor int64) approval.Need {
	bands := set
	bands.Rules = slices.DeleteFunc(slices.Clone(set.Rules), func(r approval.Rule) bool {
		w := r.When
		w.OverMinor, w.UpToMinor = 0, 0
		return r.Blocked != "" || !plainWhen(w)
	})
	return bands.Need(approval.Facts{AmountMinor: minor})
}

// plainWhen reports whether a condition asks for nothing.
func plainWhen(w approval.When) bool {
	return w.Entry == "" && len(w.Payees)+len(w.PayeeGroups)+len(w.Makers)+len(w.MakerGroups)+len(w.Sources)+len(w.Sums) == 0 && !w.First && w.ChangedDays == 0
}

// ListWhy says why this person's yes to one payout cannot be given as a part of a list whose band is this; Can when it can. Why is AloneBySum where the
// yes would be the last by the payout's own rules, but not by those of the list's sum: nobody splits a large payment into small ones and
// approves them at one press. It is AloneExpired where the time of the payout is over.
func ListWhy(st Standing, me approval.Signer, band approval.Need, people []approval.Signer, ds []approval.Decision) approval.Why {
	if st.Expired {
		return AloneExpired
	}
	if why := st.Tally.May(me); why != approval.Can {
		return why
	}
	if !st.Tally.LastWith(me) {
		return approval.Can
	}
	c := st.Tally.Case
	c.Need = approval.Join(c.Need, band)
	if approval.Count(c, people, ds).LastWith(me) {
		return approval.Can
	}
	return AloneBySum
}

// ListSigns says what a list asks of its proof: as its sum, or any of its items, would, by the set in force and by those that the items were submitted
// under (their numbers).
func (f *Frame) ListSigns(sum int64, items []Standing, submitted []int) (sign, code bool, err error) {
	sets := []approval.RuleSet{f.Set}
	for _, n := range submitted {
		if n == 0 || slices.ContainsFunc(sets, func(s approval.RuleSet) bool { return s.Version == n }) {
			continue
		}
		old, err := f.SetOf(n)
		if err != nil {
			return false, false, err
		}
		sets = append(sets, old)
	}
	for _, s := range sets {
		sign = sign || s.SignAboveMinor > 0 && sum > s.SignAboveMinor
		code = code || s.StepUpAboveMinor > 0 && sum > s.StepUpAboveMinor
	}
	for _, st := range items {
		sign, code = sign || st.Sign, code || st.StepUp
	}
	return sign, code, nil
}

// ListRefused says why this person cannot approve a list of this sum, of these payouts, at all: Denied "batch.ceiling" (sum, ceiling, who can), "batch.cap" (sum, what
// is left, who can), "batch.quiet" (who can). Their ceiling and their daily room hold for a list as for a payout. Who can are those who could say yes to each of them, and
// to their sum.
func ListRefused(me approval.Signer, people []approval.Signer, stands []Standing, sum int64, now time.Time) error {
	can := func() []string {
		out := []string{}
		for _, p := range people {
			if p.CeilingMinor > 0 && sum > p.CeilingMinor || p.Capped && sum > p.RoomMinor {
				continue
			}
			if !slices.ContainsFunc(stands, func(st Standing) bool { return st.Tally.May(p) != approval.Can }) {
				out = append(out, p.Name)
			}
		}
		return out
	}
	switch {
	case now.Before(me.QuietUntil):
		return fault.Deny("batch.quiet", can())
	case me.CeilingMinor > 0 && sum > me.CeilingMinor:
		return fault.Deny("batch.ceiling", money.Roubles(sum), money.Roubles(me.CeilingMinor), can())
	case me.Capped && sum > me.RoomMinor:
		return fault.Deny("batch.cap", money.Roubles(sum), money.Roubles(max(me.RoomMinor, 0)), can())
	}
	return nil
}

// listed is the decision over a list that one yes is a part of: its proof was checked once, over the list.
type listed struct {
	id, factor string
	keep       keepProof
	at         time.Time // one moment for all of it
}

// ApproveMany is one decision over an ordered list: a yes to each version that was on the screen. What moved meanwhile is left out and named, never
// added; each of the others is judged by itself, and bands and signing over the sum as well. form makes a second post the same
// decision: its result comes back, nothing is written. Invalid "batch.empty", "batch.many", "batch.digest"; Denied as ListRefused; or as prove.
func (a *App) ApproveMany(ctx context.Context, w Who, form string, items []BatchItem, listDigest string, proof Proof) (Batch, error) {
	form = strings.TrimSpace(form)
	switch {
	case form == "" || len(form) > maxForm:
		return Batch{}, fault.Bad("form", "payout.form")
	case len(items) == 0:
		return Batch{}, fault.Bad("form", "batch.empty")
	case len(items) > MaxBatch:
		return Batch{}, fault.Bad("form", "batch.many", MaxBatch)
	case listDigest == "" || ListDigest(items) != listDigest:
		return Batch{}, fault.Bad("form", "batch.digest")
	}
	seen := map[payout.ID]bool{}
	for _, x := range items {
		if seen[x.ID] {
			return Batch{}, fault.Bad("form", "batch.digest")
		}
		seen[x.ID] = true
	}
	var out Batch
	err := a.write(ctx, People, w, Decide, about("batch", BatchID(w.Person, form)), func(tx *sealed) error {
		old, done, err := tx.Batch(BatchID(w.Person, form))
		if err != nil {
			return err
		}
		if done {
			if old.Digest != listDigest {
				return fault.Bad("form", "batch.digest")
			}
			out = old
			return nil
		}
		out = Batch{ID: BatchID(w.Person, form), By: w.actor(), Digest: listDigest, At: a.Now()}
		out.Items = make([]BatchItem, len(items))
		for i, x := range items {
			out.Items[i] = BatchItem{ID: x.ID, Digest: x.Digest}
		}
		return a.approveMany(tx, w, tx.me, &out, proof)
	})
	return out, err
}

func (a *App) approveMany(tx Tx, w Who, person auth.Person, b *Batch, proof Proof) error {
	f, err := a.frame(tx, b.At)
	if err != nil {
		return err
	}
	me := f.Signer(person.ID)
	open := make([]*payout.Payout, len(b.Items))
	var stands []Standing
	var sets []int
	for i := range b.Items {
		x := &b.Items[i]
		p, err := tx.Payout(x.ID)
		if fault.KindOf(err) == fault.NotFound {
			return fault.Bad("form", "batch.digest")
		}
		if err != nil {
			return err
		}
		switch s := p.S(); {
		case s.Digest != x.Digest:
			x.Did = ItemMoved
		case s.State != payout.PendingApproval:
			x.Did = ItemState
		default:
			st, err := f.of(tx, p)
			if err != nil {
				return err
			}
			if st.Expired { // the others are none the worse for it
				x.Did = ItemState
				continue
			}
			open[i] = p
			b.SumMinor += s.Content.Amount.Minor
			stands, sets = append(stands, st), append(sets, s.RuleSet)
		}
	}
	if len(stands) > 0 {
		if err := ListRefused(me, f.Signers, stands, b.SumMinor, f.Now); err != nil {
			return err
		}
	}
	list := &listed{id: b.ID, factor: FactorPassword, keep: keepNothing, at: b.At}
	if len(stands) > 0 {
		sign, code, err := f.ListSigns(b.SumMinor, stands, sets)
		if err != nil {
			return err
		}
		if list.factor, list.keep, err = a.prove(tx, w, proof, stepUp{Digest: b.Digest, Sign: sign, Code: code}, f.Now); err != nil {
			return err
		}
	}
	for i, p := range open {
		if p != nil {
			band, err := f.ListBand(p.S().RuleSet, b.SumMinor)
			if err != nil {
				return err
			}
			if err := a.approveItem(tx, w, person, p, &b.Items[i], band, list); err != nil {
				return err
			}
		}
	}
	if err := tx.AddBatch(*b); err != nil {
		return err
	}
	return a.append(tx, w.actor(), "batch.decided", "batch", b.ID, 1, map[string]any{"digest": b.Digest, "items": hash(b.Doc()), "n": len(b.Items), "approved": b.Approved(),
		"sum_minor": b.SumMinor, "factor": list.factor, "rules": f.Set.Version}, "", b.At)
}

// approveItem judges one payout of a list as it stands now, after those before it, and approves it if it may be.
func (a *App) approveItem(tx Tx, w Who, person auth.Person, p *payout.Payout, x *BatchItem, band approval.Need, list *listed) error {
	st, f, err := a.standingAt(tx, p, list.at)
	if err != nil {
		return err
	}
	s := p.S()
	ds, err := tx.Decisions(approval.Payout, string(s.ID), s.Version)
	if err != nil {
		return err
	}
	me := f.Signer(person.ID)
	if why := ListWhy(st, me, band, f.Signers, ds); why != approval.Can {
		x.Did, x.Why = ItemAlone, string(why)
		return nil
	}
	events, err := a.approve(tx, w, person, p, x.Digest, Proof{}, list)
	if err != nil {
		return err // it was judged above in this very transaction: a refusal now is a defect, and nothing is written
	}
	x.Did = ItemYes
	if p.S().State == payout.Approved {
		x.Did = ItemLast
	}
	return a.save(tx, p, events...)
}
