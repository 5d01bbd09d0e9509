package payee

import (
	"slices"
	"strings"
	"time"
)

// FieldOrder is the Change of accounts that stand in both versions in another order.
const FieldOrder = "accounts_order"

// Change is one difference between two versions, for the view of old beside new.
//
// Field is kind, full_name, inn, kpp, note, description or groups (joined with ", "), with both values; "account" for an account that was added
// (Old empty) or removed (New empty), as Account.String; "label" for an account that only got another label; FieldOrder when those in both
// stand in another order (BIK and number of each, joined with ", ").
type Change struct {
	Field, Old, New string
	// Account says which account, for "account" and "label".
	Account AccountKey
}

// String is the account in one line: BIK, number, label.
func (a Account) String() string { return strings.TrimSpace(a.BIK + " " + a.Number + " " + a.Label) }

// Diff says what changed from old to new, both cleaned, in reading order: accounts removed and relabelled in the order of the old list, then
// those added in the order of the new one. It is empty exactly when nothing changed. If one of them is erased only kind and groups can be
// compared.
func Diff(old, new Content) []Change {
	var out []Change
	add := func(field, a, b string) {
		if a != b {
			out = append(out, Change{Field: field, Old: a, New: b})
		}
	}
	add(FieldKind, string(old.Kind), string(new.Kind))
	if !old.Erased && !new.Erased {
		b := new.texts()
		for i, f := range old.texts() {
			add(f.name, f.value, b[i].value)
		}
		out = append(out, diffAccounts(old.Accounts, new.Accounts)...)
	}
	if !slices.Equal(old.Groups, new.Groups) {
		out = append(out, Change{Field: FieldGroups, Old: strings.Join(old.Groups, ", "), New: strings.Join(new.Groups, ", ")})
	}
	return out
}

// nth tells the same account twice in one list apart: a draft may hold that.
type nth struct {
	AccountKey
	n int
}

func keyed(l []Account) (keys []nth, at map[nth]int) {
	at = map[nth]int{}
	for i, a := range l {
		k := nth{AccountKey: a.Key()}
		for _, taken := at[k]; taken; _, taken = at[k] {
			k.n++
		}
		at[k] = i
		keys = append(keys, k)
	}
	return keys, at
}

func diffAccounts(old, new []Account) []Change {
	var out []Change
	oldKeys, oldAt := keyed(old)
	newKeys, newAt := keyed(new)
	var before, after []string // the accounts in both, in each list's order
	moved, last := false, -1
	for i, k := range oldKeys {
		j, stays := newAt[k]
		if !stays {
			out = append(out, Change{Field: FieldAccount, Old: old[i].String(), Account: k.AccountKey})
			continue
		}
		if old[i].Label != new[j].Label {
			out = append(out, Change{Field: FieldLabel, Old: old[i].Label, New: new[j].Label, Account: k.AccountKey})
		}
		moved = moved || j < last
		last = j
		before = append(before, k.BIK+" "+k.Number)
	}
	for j, k := range newKeys {
		if _, was := oldAt[k]; was {
			after = append(after, k.BIK+" "+k.Number)
			continue
		}
		out = append(out, Change{Field: FieldAccount, New: new[j].String(), Account: k.AccountKey})
	}
	if moved {
		out = append(out, Change{Field: FieldOrder, Old: strings.Join(before, ", "), New: strings.Join(after, ", ")})
	}
	return out
}

// Version is one version of a payee that was in force, and since when (UTC).
type Version struct {
	Content Content
	At      time.Time
}

// AccountsSince says since when each account of the newest version has stood on the payee without a break. history holds the versions that were
// in force, oldest first, and none that was not. A label is no part of an account. An erased version is a break, since nobody knows what stood
// in it; if the newest is erased there are none.
func AccountsSince(history []Version) map[AccountKey]time.Time {
	out := map[AccountKey]time.Time{}
	for key, i := range since(history) {
		out[key] = history[i].At
	}
	return out
}

// since gives for each account of the newest version the first version of its unbroken stand.
func since(history []Version) map[AccountKey]int {
	out := map[AccountKey]int{}
	if len(history) == 0 {
		return out
	}
	newest := len(history) - 1
	for _, a := range history[newest].Content.Accounts {
		i := newest
		for i > 0 && history[i-1].Content.has(a.Key()) {
			i--
		}
		out[a.Key()] = i
	}
	return out
}

func (c Content) has(key AccountKey) bool {
	return !c.Erased && slices.ContainsFunc(c.Accounts, func(a Account) bool { return a.Key() == key })
}

// Changed says when this account took its place on a payee that had other accounts before: the guard "changed account of a known payee". known
// is false for an account that has stood there since the first version, and for one that does not stand in the newest: give the history up to
// the version that a payout names. An account that was removed and came back counts from its return. After an erased version every account
// counts as changed.
func Changed(history []Version, bik, number string) (at time.Time, known bool) {
	i, stands := since(history)[AccountKey{bik, number}]
	if !stands {
		return time.Time{}, false
	}
	for _, v := range history[:i] {
		if v.Content.Erased || len(v.Content.Accounts) > 0 {
			return history[i].At, true
		}
	}
	return time.Time{}, false
}
