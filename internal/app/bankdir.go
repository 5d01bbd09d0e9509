package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"countersign/internal/approval"
	"countersign/internal/bikdir"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// BanksID is the subject of the directory's events, of kind approval.Keys.
const BanksID = "bikdir"

// MaxBankFile bounds an uploaded directory of banks, bytes.
const MaxBankFile = 8 << 20

// BankFile is the directory of banks that is loaded: whole, replaced whole.
type BankFile struct {
	// SHA is the file's own SHA-256 in hex, Names that of its lines as they are stored (NamesHash; in the event only).
	SHA, Names string
	// Day is the day that the file is for, "2026-11-22"; Version its number within that day, "" for none.
	Day, Version string
	// N is how many banks it has.
	N  int
	By payout.Actor
	At time.Time
}

// MadeUp reports a directory that the demonstration brought along: it gives names, but what is not in it proves nothing, so nothing warns by it.
func (f BankFile) MadeUp() bool { return f.By == theDemo.actor() }

// BankName is one line of the directory.
type BankName struct {
	BIK, Name, Town string
	// Closed: a payment to it would come back.
	Closed bool
}

// NamesHash is the hex SHA-256 over the lines in the order of their BIK: what audit verify holds the stored lines against.
func NamesHash(names []BankName) string {
	h := sha256.New()
	for _, b := range names {
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00%t\n", b.BIK, b.Name, b.Town, b.Closed)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// LoadBanks replaces the directory of banks by this file (ED807, a ZIP or the XML in it), whole or not at all. The very same file again changes nothing.
// Denied for all but administrators; Invalid at field file with the codes of internal/bikdir, file itself unharmed; Unavailable while another is read.
func (a *App) LoadBanks(ctx context.Context, w Who, file []byte) (BankFile, error) {
	return a.loadBanks(ctx, w, file)
}

// LoadMadeUpBanks is LoadBanks for the demonstration's own directory: only where none is loaded.
func (a *App) LoadMadeUpBanks(ctx context.Context, file []byte) error {
	_, err := a.loadBanks(ctx, theDemo, file)
	return err
}

func (a *App) loadBanks(ctx context.Context, who Actor, file []byte) (BankFile, error) {
	if len(file) > MaxBankFile {
		return BankFile{}, fault.Bad(bikdir.Field, bikdir.CodeSize)
	}
	if len(file) == 0 {
		return BankFile{}, fault.Bad(bikdir.Field, "bankdir.none")
	}
	if !a.loading.TryLock() { // one at a time: reading a hostile file takes a few times its limit of memory
		return BankFile{}, fault.Down("store.busy")
	}
	defer a.loading.Unlock()
	d, err := bikdir.Parse(file, bikdir.Limits{Packed: MaxBankFile})
	if err != nil {
		return BankFile{}, err
	}
	names := make([]BankName, len(d.Banks))
	for i, b := range d.Banks {
		names[i] = BankName{BIK: b.BIK, Name: b.Name, Town: b.Town, Closed: b.Closed}
	}
	f := BankFile{SHA: d.SHA256, Names: NamesHash(names), Day: d.Date, Version: d.Version, N: len(names), By: who.actor()}
	err = a.write(ctx, People, who, SetBank, about(approval.Keys, BanksID), func(tx *sealed) error {
		if old, loaded, err := tx.BankFile(); err != nil {
			return err
		} else if loaded && who == theDemo {
			return fault.Moved("bankdir.loaded")
		} else if loaded && old.SHA == f.SHA && !old.MadeUp() {
			f = old
			return nil
		}
		f.At = a.Now()
		if err := tx.ReplaceBanks(f, names); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.append(tx, f.By, "bankdir.replaced", string(approval.Keys), BanksID, 0, map[string]any{"file": f.SHA, "names": f.Names, "day": f.Day, "version": f.Version,
			"n": f.N}, "", f.At)
	})
	return f, err
}

// BankOf names the bank of a BIK: ok is false when no directory is loaded or it is not in there. It never fails: a page without a bank's name is
// better than none.
func (a *App) BankOf(ctx context.Context, bik string) (name, town string, closed, ok bool) {
	if len(bik) != 9 {
		return "", "", false, false
	}
	b, ok, err := a.Store.BankName(ctx, bik)
	if err != nil {
		a.Log.Warn("bank not looked up", "error", err)
		return "", "", false, false
	}
	return b.Name, b.Town, b.Closed, ok
}

// banks is what warnings ask about a BIK, from a writing transaction or from a reader.
type banks interface {
	BankFile() (f BankFile, loaded bool, err error)
	BankName(bik string) (b BankName, ok bool, err error)
}

// bikUnknown reports a BIK that the directory in force does not know, or knows as closed. Without a directory, and by one that is made up, none is unknown.
func bikUnknown(b banks, bik string) (bool, error) {
	f, loaded, err := b.BankFile()
	if err != nil || !loaded || f.MadeUp() {
		return false, err
	}
	bank, ok, err := b.BankName(bik)
	return !ok || bank.Closed, err
}
