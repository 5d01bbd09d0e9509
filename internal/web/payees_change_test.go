package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"countersign/internal/approval"
	"countersign/internal/lang"
)

// Whoever decides about a payee sees its accounts whole, old beside new, with what warns; who does not decide sees the last four. The approval by page
// puts the version in force.
func TestPayees_decide(t *testing.T) {
	b := newBench(t)
	id := b.savePayee(savedAccount(1))
	x := b.as("m2")
	f := payeeTyped(id, savedAccount(2))
	f.Set("version", "1")
	want(t, x.post("/payees/"+id+"/edit", f), http.StatusSeeOther)
	at := "/changes/payee/" + id
	for who, whole := range map[string]bool{"a1": true, "s1": true, "m2": true, "m1": false, "u1": false} {
		page := want(t, b.as(who).get(at), 200)
		has := strings.Contains(page, strings.Join(lang.Account5(savedAccount(2)), " "))
		if has != whole || !strings.Contains(page, lang.Last4(savedAccount(2))) || !strings.Contains(page, lang.Last4(savedAccount(1))) {
			t.Errorf("%s: whole account %v, want %v", who, has, whole)
		}
		if !strings.Contains(visible(page), "Unsent payouts to this payee go back to draft.") {
			t.Errorf("%s is not told what the change does", who)
		}
	}
	ps, err := b.Store.Proposals(t.Context(), approval.Payee, id, 1)
	if err != nil {
		t.Fatal(err)
	}
	ok := url.Values{"digest": {ps[0].Digest}, "version": {"2"}}
	want(t, b.as("m2").post(at+"/approve", ok), http.StatusForbidden)
	want(t, b.as("d1").post(at+"/approve", ok), http.StatusForbidden)
	want(t, b.as("a2").post(at+"/approve", url.Values{"digest": {"x"}, "version": {"2"}}), http.StatusConflict)
	want(t, b.as("a2").post(at+"/approve", ok), http.StatusSeeOther)
	if row, is, err := b.Store.PayeeByID(t.Context(), id); err != nil || !is || row.Version != 2 {
		t.Errorf("%+v %v", row, err)
	}
}
