package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"countersign/internal/approval"
	"countersign/internal/bankdetails"
	"countersign/internal/calendar"
	"countersign/internal/payout"
)

// Hint is something that an approver should look at twice. It never blocks: rules do that.
type Hint struct {
	Code string
	// At is the moment it speaks of, Minor and Over sums in kopecks, N a count, Names whom it names; what a code does not use is zero.
	At          time.Time
	Minor, Over int64
	N           int
	Names       []string
}

// The hints, by code.
const (
	HintFirst       = "first"        // nothing was ever paid to this payee or account
	HintChanged     = "changed"      // At: the account took its place on a payee that was known before
	HintAccountNew  = "account_new"  // the name was paid before, never to this account
	HintTriple      = "triple"       // Minor: the usual sum, N: how many times that
	HintElsewhere   = "elsewhere"    // Names: who else this account belongs to
	HintJustUnder   = "just_under"   // N: how many, Over: the bound
	HintNight       = "night"        // At: when it was entered
	HintMakerNew    = "maker_new"    // At: since when
	HintSameBrowser = "same_browser" // a maker used the approver's browser
)

// Hints lists every code.
func Hints() []string {
	return []string{HintFirst, HintChanged, HintAccountNew, HintTriple, HintElsewhere, HintJustUnder, HintNight, HintMakerNew, HintSameBrowser}
}

// Constants of the hints.
const (
	changedLately = 30 * 24 * time.Hour
	newMaker      = 30 * 24 * time.Hour
	underWindow   = 7 * 24 * time.Hour
	underCount    = 3 // with the one that is judged
	usualCount    = 3 // fewer payments make no habit
	usualTimes    = 3
	nightFrom     = 22 // Moscow hours
	nightUntil    = 6
)

// HintFacts are what hints look at.
type HintFacts struct {
	Now         time.Time
	AmountMinor int64
	First       bool
	ChangedAt   time.Time // zero: the account was there from the beginning
	// Name is whom it is paid to, Elsewhere who else the account belongs to, by other payouts and saved payees.
	Name      string
	Elsewhere []string
	// PaidName counts payments to this name on any account, PaidHere those on this account.
	PaidName, PaidHere int
	// Past are the last sums paid to this payee or account, kopecks.
	Past []int64
	// Bounds are the upper bounds of bands, kopecks. ByMaker and ToPayee are the amounts submitted lately by each of the makers, and to the payee, without
	// the one that is judged.
	Bounds    []int64
	ByMaker   [][]int64
	ToPayee   []int64
	EnteredAt time.Time
	// MakerSince is when the newest of its makers was added; zero when all of them are founding people, who are not new.
	MakerSince  time.Time
	SameBrowser bool
}

// Judge says what is worth a look, most telling first.
func (f HintFacts) Judge() []Hint {
	var out []Hint
	add := func(h Hint) { out = append(out, h) }
	if !f.ChangedAt.IsZero() && f.Now.Sub(f.ChangedAt) < changedLately {
		add(Hint{Code: HintChanged, At: f.ChangedAt})
	}
	switch {
	case f.PaidName > 0 && f.PaidHere == 0 && f.First:
		add(Hint{Code: HintAccountNew, N: f.PaidName})
	case f.First:
		add(Hint{Code: HintFirst})
	}
	if names := others(f.Name, f.Elsewhere); len(names) > 0 {
		add(Hint{Code: HintElsewhere, Names: names})
	}
	if len(f.Past) >= usualCount {
		if usual := median(f.Past); usual > 0 && f.AmountMinor/usual >= usualTimes {
			add(Hint{Code: HintTriple, Minor: usual, N: int(min(f.AmountMinor/usual, 1<<30))})
		}
	}
	if bound, n := justUnder(f.AmountMinor, f.Bounds, append(slices.Clip(f.ByMaker), f.ToPayee)...); n >= underCount {
		add(Hint{Code: HintJustUnder, N: n, Over: bound})
	}
	if f.SameBrowser {
		add(Hint{Code: HintSameBrowser})
	}
	if h := f.EnteredAt.In(calendar.Moscow).Hour(); !f.EnteredAt.IsZero() && (h >= nightFrom || h < nightUntil) {
		add(Hint{Code: HintNight, At: f.EnteredAt})
	}
	if !f.MakerSince.IsZero() && f.Now.Sub(f.MakerSince) < newMaker {
		add(Hint{Code: HintMakerNew, At: f.MakerSince})
	}
	return out
}

// others are the names that are not this one, written in whatever way, each once.
func others(name string, list []string) []string {
	mine := bankdetails.NormalizeName(name)
	var out []string
	seen := map[string]bool{mine: true}
	for _, n := range list {
		if k := bankdetails.NormalizeName(n); !seen[k] {
			seen[k] = true
			out = append(out, n)
		}
	}
	return out
}

// median of a list that is not empty; of an even count the lower of the two in the middle.
func median(list []int64) int64 {
	s := slices.Clone(list)
	slices.Sort(s)
	return s[(len(s)-1)/2]
}

// under reports whether an amount lies in the top 5 % of the band that ends at bound.
func under(minor, bound int64) bool { return minor <= bound && minor > bound-bound/20 }

// justUnder is the bound that this amount keeps just under, and how many do so, with it, by one maker or to one payee.
func justUnder(minor int64, bounds []int64, lists ...[]int64) (bound int64, n int) {
	for _, b := range bounds {
		if !under(minor, b) {
			continue
		}
		for _, l := range lists {
			k := 1
			for _, m := range l {
				if under(m, b) {
					k++
				}
			}
			if k > n {
				bound, n = b, k
			}
		}
	}
	return bound, n
}

// Bounds are the upper bounds of a rule set's bands, lowest first, kopecks.
func Bounds(set approval.RuleSet) []int64 {
	var out []int64
	for _, r := range set.Rules {
		for _, n := range []int64{r.When.OverMinor, r.When.UpToMinor} {
			if n > 0 && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out
}

// HintQuery asks what hints look at about one payout.
type HintQuery struct {
	ID                   payout.ID
	Version              int
	Payee, Account, Name string
	Makers               []string
	Since                time.Time
	// Approver and Device are who looks, from which browser (its mark, hashed; "" unknown).
	Approver, Device string
}

// HintRows are the answer. Lists are bounded.
type HintRows struct {
	Past, ToPayee         []int64
	ByMaker               [][]int64
	Elsewhere             []string
	EnteredAt, MakerSince time.Time
	SameBrowser           bool
}

// HintsOn computes the hints on one payout that awaits approval, for whoever looks at it.
func (a *App) HintsOn(ctx context.Context, f *Frame, st Standing, j Judged, version int, name string, w Who) ([]Hint, error) {
	rows, err := a.Store.HintRows(ctx, HintQuery{ID: j.ID, Version: version, Payee: j.Payee, Account: j.Account, Name: name, Makers: j.Makers,
		Since: f.Now.Add(-underWindow), Approver: w.Person, Device: deviceHash(w.Device)})
	if err != nil {
		return nil, err
	}
	paid, err := a.Store.PaidBefore(ctx, name)
	if err != nil {
		return nil, err
	}
	facts := HintFacts{Now: f.Now, AmountMinor: j.AmountMinor, First: st.Facts.First, ChangedAt: st.Facts.AccountChangedAt, Name: name, Elsewhere: rows.Elsewhere, Past: rows.Past,
		Bounds: Bounds(f.Set), ByMaker: rows.ByMaker, ToPayee: rows.ToPayee, EnteredAt: rows.EnteredAt, MakerSince: rows.MakerSince,
		SameBrowser: rows.SameBrowser}
	for _, p := range paid {
		facts.PaidName += p.N
		if p.Account == j.Account {
			facts.PaidHere += p.N
		}
	}
	return facts.Judge(), nil
}

// deviceHash is what is kept of a browser's mark: it tells sameness and nothing else. "" stays "".
func deviceHash(mark string) string {
	if mark == "" || len(mark) > 200 {
		return ""
	}
	h := sha256.Sum256([]byte("countersign device/1\n" + mark))
	return hex.EncodeToString(h[:])
}

// seenFrom keeps from which browser a payout was made, edited or submitted, and returns the event's commitment to it.
func (a *App) seenFrom(tx Tx, w Who, s payout.Snapshot, now time.Time, ev *payout.Event) error {
	mark := deviceHash(w.Device)
	if mark == "" || ev == nil {
		return nil
	}
	ev.Facts["device"] = s.Salt.Commit("device", mark)
	return tx.SeenFrom(approval.Payout, string(s.ID), w.Person, mark, now)
}

// RoomAgain is when a full limit has room for so many kopecks again at the earliest, for pages; zero: never.
func RoomAgain(h approval.Hit, minor int64, now time.Time) time.Time { return roomAgain(h, minor, now) }
