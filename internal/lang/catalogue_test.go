package lang

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"countersign/internal/fault"
	"countersign/internal/money"
)

// everyString walks both catalogues side by side and hands over each pair of strings with its path.
func everyString(t *testing.T, do func(path, ru, en string)) {
	t.Helper()
	var walk func(path string, a, b reflect.Value)
	walk = func(path string, a, b reflect.Value) {
		switch a.Kind() {
		case reflect.String:
			do(path, a.String(), b.String())
		case reflect.Struct:
			for i := range a.NumField() {
				if f := a.Type().Field(i); f.Type != reflect.TypeFor[Tag]() {
					walk(path+"."+f.Name, a.Field(i), b.Field(i))
				}
			}
		case reflect.Map:
			ka, kb := mapKeys(a), mapKeys(b)
			if !slices.Equal(ka, kb) {
				t.Errorf("%s: codes differ\nru %v\nen %v", path, ka, kb)
				return
			}
			for _, k := range ka {
				walk(path+"["+k+"]", a.MapIndex(reflect.ValueOf(k)), b.MapIndex(reflect.ValueOf(k)))
			}
		default:
			t.Fatalf("%s: a %s in the catalogue", path, a.Kind())
		}
	}
	walk("Texts", reflect.ValueOf(Russian).Elem(), reflect.ValueOf(English).Elem())
	for _, r := range rooms {
		walk(r.name, reflect.ValueOf(r.ru).Elem(), reflect.ValueOf(r.en).Elem())
	}
}

func mapKeys(m reflect.Value) []string {
	var out []string
	for _, k := range m.MapKeys() {
		out = append(out, k.String())
	}
	slices.Sort(out)
	return out
}

var (
	placeholder = regexp.MustCompile(`\{(\d)(:[a-z]+)?\}`)
	stray       = regexp.MustCompile(`%[svdq]|\{\}|\{[a-z]`)
)

func placeholders(s string) []string {
	out := placeholder.FindAllString(s, -1)
	slices.Sort(out)
	return slices.Compact(out)
}

// TestTexts proves that nothing is missing in either language and that a sentence takes the same arguments in
// both. The forms of a counted word may leave their number out.
func TestTexts(t *testing.T) {
	n := 0
	everyString(t, func(path, ru, en string) {
		n++
		if strings.TrimSpace(ru) == "" || strings.TrimSpace(en) == "" {
			t.Errorf("%s: empty: ru %q, en %q", path, ru, en)
		}
		if a, b := placeholders(ru), placeholders(en); !slices.Equal(a, b) {
			t.Errorf("%s: placeholders differ: ru %v, en %v", path, a, b)
		}
		if stray.MatchString(ru) || stray.MatchString(en) {
			t.Errorf("%s: an odd placeholder: %q, %q", path, ru, en)
		}
		if strings.Contains(ru, "—") || strings.Contains(en, "—") {
			t.Errorf("%s: a dash where a comma or a colon does: %q", path, ru)
		}
	})
	if n < 500 {
		t.Errorf("only %d texts were looked at", n)
	}
}

// TestTexts_Words holds the labels to words.md.
func TestTexts_Words(t *testing.T) {
	for code, want := range map[string][2]string{
		"draft": {"Черновик", "Draft"}, "pending_approval": {"На согласовании", "Awaiting approval"}, "approved": {"Согласована", "Approved"}, "sending": {"Отправляется", "Sending"},
		"in_progress": {"В обработке у банка", "With the bank"}, "succeeded": {"Исполнена банком", "Paid by the bank"}, "failed": {"Не исполнена", "Not paid"}, "unknown": {"Результат неизвестен", "Outcome unknown"},
		"returned": {"Возвращена", "Returned"}, "rejected": {"Отклонена", "Rejected"}, "cancelled": {"Отменена", "Cancelled"}, "expired": {"Срок согласования истёк", "Approval expired"},
	} {
		if Russian.States[code] != want[0] || English.States[code] != want[1] {
			t.Errorf("%s: %q, %q; words.md says %q, %q", code, Russian.States[code], English.States[code], want[0], want[1])
		}
	}
	for _, bad := range []string{"платёжное поручение", "просрочена", "отозвана", "зачислена", "невыясненн", "вердикт", "вебхук", "контролёр", "подписант", "исполнитель", "описание"} {
		everyString(t, func(path, ru, _ string) {
			if strings.Contains(strings.ToLower(ru), bad) {
				t.Errorf("%s: %q holds %q", path, ru, bad)
			}
		})
	}
}

// TestFault proves that every code has a sentence in both languages that takes the same arguments, and that
// an unknown code is still shown as a sentence that can be quoted.
func TestFault(t *testing.T) {
	for _, code := range FaultCodes() {
		for _, texts := range []*Texts{Russian, English} {
			got := texts.Fault(&fault.Error{Code: code, Args: []any{"Ъ1", "Ъ2", "Ъ3", "Ъ4"}})
			if strings.ContainsAny(got, "{}") || strings.Contains(got, code) && !strings.Contains(code, "notfound") {
				t.Errorf("%s %s: %q", texts.Code(), code, got)
			}
			if bare := texts.Fault(&fault.Error{Code: code}); strings.ContainsAny(bare, "{}") {
				t.Errorf("%s %s without arguments: %q", texts.Code(), code, bare)
			}
		}
	}
	for _, c := range []struct {
		f      *fault.Error
		ru, en string
	}{
		{fault.Moved("approve.state", 1042, "in_progress"), "Выплата № 1042 уже не ждёт согласования: В обработке у банка.", "Payout No 1042 no longer awaits approval: With the bank."},
		{fault.Deny("approve.seat", []string{"Соколовский В."}), "Ваше согласование здесь уже ничего не добавит. Согласовать может: Соколовский В.", "Your approval adds nothing here any more. Who can approve: Соколовский В."},
		{fault.Deny("approve.seat", []string{}), "Ваше согласование здесь уже ничего не добавит. Сейчас согласовать некому; администратор может добавить или вернуть согласующего.", "Your approval adds nothing here any more. Nobody can approve it now; an administrator can add an approver or bring one back."},
		{fault.Deny("approve.own", 1042), "Вы вводили или меняли выплату № 1042, поэтому решает о ней кто-то другой.", "You entered or changed payout No 1042, so somebody else decides about it."},
		{fault.Deny("halt.own", []string{"А", "Б", "В", "Г", "Д", "Е", "Ж", "З", "И", "К"}), "Вы остановили отправку, поэтому возобновить её должны двое других. Кто может: А, Б, В, Г, Д, Е, Ж, З и ещё 2.", "You stopped sending, so two others must resume it. Who can: А, Б, В, Г, Д, Е, Ж, З and 2 more."},
		{fault.Deny("denied.role", []string{"approver", "admin"}), "Ваша роль этого не позволяет. Кто это делает: Согласующий, Администратор.", "Your role does not allow this. Who does this: Approver, Administrator."},
		{fault.Deny("approve.blocked", "rule", "first", "too round"), "Правило «" + Russian.RuleName("first") + "» не даёт согласовать это никому: too round. Инициатор может изменить выплату, администратор может предложить другие правила.",
			"The rule “" + English.RuleName("first") + "” lets nobody approve this: too round. The maker can change the payout; an administrator can propose other rules."},
		{fault.Deny("approve.blocked", "list", "block", "bik", "№ 5", ""), "Согласовать нельзя никому: банк в списке запрета (№ 5). Снять запрет предлагает администратор, решает второй человек.",
			"Nobody can approve this: the bank is on the block list (№ 5). An administrator proposes to lift it, a second person decides."},
		{fault.Bad("form", "payout.nobody", money.Roubles(200000000), 3, 1, 1), "Согласовать это некому: на 2\u00a0000\u00a0000,00\u00a0₽ нужно согласований: 3, не хватает людей: 1, из них старших: 1. Выплата сохранена черновиком.",
			"Nobody could approve this: 2,000,000.00\u00a0₽ needs approvals: 3; people missing: 1, of them senior: 1. It is kept as a draft."},
		{fault.Bad("ack", "payout.ack", "no_vat"), "Проверьте и отметьте: В назначении нет слов об НДС.", "Check and tick: The purpose says nothing about VAT."},
		{fault.Bad("x", "never.heard"), "Это не получилось. Код для обращения: never.heard.", "This did not work. Code to quote: never.heard."},
		{nil, "", ""},
	} {
		if got := Russian.Fault(c.f); got != c.ru {
			t.Errorf("ru: %q\nwant %q", got, c.ru)
		}
		if got := English.Fault(c.f); got != c.en {
			t.Errorf("en: %q\nwant %q", got, c.en)
		}
	}
}

// TestFault_Codes compares with the codes that money and this package promise.
func TestFault_Codes(t *testing.T) {
	for _, c := range append(money.Codes(), DayCodes()...) {
		if russianFaults[c] == "" {
			t.Errorf("%s has no sentence", c)
		}
	}
}

// TestBankCodes proves that every code of the bank's list has a phrase.
func TestBankCodes(t *testing.T) {
	raw, err := os.ReadFile("../bank131/testdata/error-codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Codes []struct {
			Code string `json:"code"`
		} `json:"codes"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, c := range list.Codes {
		want[c.Code] = true
		if Russian.BankCodes[c.Code] == "" {
			t.Errorf("no phrase for %s", c.Code)
		}
	}
	if len(want) < 30 {
		t.Errorf("only %v in the list", slices.Collect(maps.Keys(want)))
	}
}

func TestFill(t *testing.T) {
	for _, c := range []struct {
		s    string
		args []any
		want string
	}{
		{"a", nil, "a"}, {"{1} {2}", []any{1, "b"}, "1 b"}, {"{2} {1}", []any{1, 2}, "2 1"}, {"{1} {2}", []any{1}, "1 …"},
		{"ждёт {1}.", []any{"Орлов П."}, "ждёт Орлов П."}, {"{1}", []any{"{2}"}, "{2}"}, {"a { b", []any{1}, "a { b"},
	} {
		if got := Fill(c.s, c.args...); got != c.want {
			t.Errorf("Fill(%q, %v) = %q, want %q", c.s, c.args, got, c.want)
		}
	}
	for n, want := range map[int]string{1: "1 выплата", 3: "3 выплаты", 11: "11 выплат", 1022: "1\u00a0022 выплаты"} {
		if got := Russian.N(Russian.Common.Payouts, n); got != want {
			t.Errorf("N(%d) = %q, want %q", n, got, want)
		}
	}
	if got := Russian.RoleList([]string{"approver", "senior"}); got != "Старший согласующий" {
		t.Errorf("roles: %q", got)
	}
}
