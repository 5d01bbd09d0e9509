package lang

import (
	"strings"
	"testing"

	"countersign/internal/fault"
	"countersign/internal/money"
)

// TestStuck: what nobody can decide is said with its example and what is missing, for each way in which it can be missing and every kind of subject, in both languages. Issue 4,
// point 3.
func TestStuck(t *testing.T) {
	say := func(t *Texts, kind, rule, role, soft string, above, upTo int64, seat, missing, without int, signed bool) string {
		return t.Fault(fault.Bad("form", "people.deadlock", kind, "Маслова Марина Ивановна", money.Roubles(above), money.Roubles(upTo), rule, role, seat, missing, "Седов Олег Ильич", 3, soft, money.Roubles(5_000_000_00),
			3, without, signed, []string{"Орлов Пётр", "Седов Олег"}[:min(without, 2)], []string{"vouch", "password"}[:min(without, 2)]))
	}
	for _, c := range []struct {
		ru, en                 string
		kind, rule, role, soft string
		above, upTo            int64
		seat, missing, without int
		signed                 bool
	}{
		{"Выплату больше 1 000 000,00 ₽, которую вводит Маслова М., никто не сможет согласовать: по правилу «Третья ступень» нужно: один старший согласующий, кроме инициатора; не хватает людей: 1.",
			"Nobody can approve a payout by Маслова М. above 1,000,000.00 ₽: the rule “Third band” needs one senior approver who did not enter it; people missing today: 1.",
			"payout", "band-3", "senior", "", 1_000_000_00, 0, 1, 1, 0, false},
		{"Выплату до 100 000,00 ₽, которую", "a payout by Маслова М. up to 100,000.00 ₽: the rule “First band” needs one approver", "payout", "band-1", "approver", "", 0, 100_000_00, 1, 1, 0, false},
		{"никто не сможет согласовать, когда сумма инициатора за день больше 5 000 000,00 ₽: по правилу «Третья ступень» и мягкому лимиту вместе нужно: трое согласующих, кроме инициатора; не хватает людей: 1.",
			"above 1,000,000.00 ₽ once the maker’s sum of the day is above 5,000,000.00 ₽: the rule “Third band” and the soft limit together need three approvers who did not enter it; people missing today: 1.",
			"payout", "band-3", "approver", "maker_day", 1_000_000_00, 0, 1, 1, 0, false},
		{"сегодня никто не сможет согласовать: по правилу «Третья ступень» нужно согласований с подписью ключом доступа: 3, а из тех, кто может их дать (3), пока не могут подписать 2: Орлов П. (за ключ доступа ещё не поручились), Седов О. (ещё нет пароля).",
			"Today nobody can approve a payout by Маслова М. above 1,000,000.00 ₽: approvals signed with a passkey needed by the rule “Third band”: 3, and 2 of the 3 people who may give them cannot sign yet: Орлов П. (nobody vouched for the passkey yet), Седов О. (no password yet).",
			"payout", "band-3", "senior", "", 1_000_000_00, 0, 1, 1, 2, true},
		{"нужно согласований: 3, а из тех, кто может их дать (3), пока не могут 3: Орлов П. (за ключ доступа ещё не поручились), Седов О. (ещё нет пароля), и другие.", "and 3 of the 3 people who may give them cannot yet:",
			"payout", "band-3", "senior", "", 1_000_000_00, 0, 1, 1, 3, false},
		{"Согласовать решение о результате выплаты больше 1 000 000,00 ₽ сегодня некому: нужно: двое согласующих с подписью ключом доступа", "of a payout above 1,000,000.00 ₽: it needs two approvers who sign with a passkey",
			"verdict", "", "approver", "", 1_000_000_00, 0, 2, 1, 2, true},
		{"меняется предел для Седов О.", "with another bound for Седов О.", "limits", "", "admin", "", 0, 0, 1, 1, 0, false},
	} {
		ru, en := say(Russian, c.kind, c.rule, c.role, c.soft, c.above, c.upTo, c.seat, c.missing, c.without, c.signed), say(English, c.kind, c.rule, c.role, c.soft, c.above, c.upTo, c.seat, c.missing, c.without, c.signed)
		if ru = strings.ReplaceAll(strings.ReplaceAll(ru, "\u00a0", " "), "\u202f", " "); !strings.Contains(ru, c.ru) {
			t.Errorf("got  %s\nwant %s", ru, c.ru)
		}
		if en = strings.ReplaceAll(en, "\u00a0", " "); !strings.Contains(en, c.en) {
			t.Errorf("got  %s\nwant %s", en, c.en)
		}
	}
	for _, tx := range []*Texts{Russian, English} {
		for kind := range tx.Proposals().KindsLow {
			if kind == "payout" {
				continue
			}
			s := say(tx, kind, "", "approver", "", 0, 0, 1, 1, 0, false)
			if tx.Rules().Deciders[kind] == "" || tx.Rules().StuckExample[kind] == "" || !strings.Contains(s, "Маслова М.") {
				t.Errorf("%s: %s", kind, s)
			}
		}
	}
}
