package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// planted is the list of bugs of promises.md E.5 that belong to four eyes, and of others of their kind, each with the test that turned red when it was put into a copy of the
// tree by hand. Whoever changes one of these places should put the bug in again: a test that stays green proves nothing.
var planted = []struct{ bug, pkg, test string }{
	{"no digest check at approve", "app", "TestWalk"},
	{"no digest check at send", "app", "TestDigestAtSend"},
	{"the sign-in is compared, not the person", "app", "TestWalk"},
	{"a maker may approve once their role is another", "app", "TestWalk"},
	{"a quorum counts rows", "approval", "TestCount"},
	{"the rules are read at the submission only", "app", "TestWalk"},
	{"the rules of the submission are forgotten", "app", "TestWalk"},
	{"an unknown identity is let through", "app", "TestUnknownIdentity"},
	{"a route without its access", "web", "TestAccess"},
	{"a GET that writes", "web", "TestGetsChangeNothing"},
	{"a suspended approver counts", "app", "TestFourEyesRaces"},
	{"an approver counts for what was submitted before", "app", "TestWalk"},
	{"somebody new counts at once", "app", "TestWalk"},
	{"a yes grows when its giver joins a group", "app", "TestGroupLater"},
	{"counting again lets a yes grow", "recheck", "TestStill"},
	{"a ceiling is not looked at", "app", "TestWalk"},
	{"a payee's maker approves its payouts", "app", "TestPayeeMakers"},
	{"a blocked payee is blocked by name only", "app", "TestLists_PayeeByAccount"},
	{"a proposer decides", "app", "TestWalk"},
	{"a hard limit is not measured at the claim", "app", "TestWalk"},
	{"room in a limit is not reserved at the claim", "app", "TestWalk"},
	{"a stop is not looked at by the claim", "app", "TestWalk"},
	{"verify does not look at proposals", "store", "TestForgeries"},
	{"verify does not look at the counters of limits", "store", "TestTampered_Uses"},
	{"verify does not look at people", "store", "TestTampered_EveryColumn"},
	{"counting again does not look at makers", "store", "TestForgeries"},
}

// TestPlanted: every test of the list is there.
func TestPlanted(t *testing.T) {
	for _, x := range planted {
		files, err := filepath.Glob(filepath.Join("..", x.pkg, "*_test.go"))
		must(t, err)
		there := slices.ContainsFunc(files, func(name string) bool {
			b, err := os.ReadFile(name)
			must(t, err)
			return bytes.Contains(b, []byte("func "+x.test+"(t *testing.T)"))
		})
		if !there {
			t.Errorf("%s: %s of internal/%s is gone", x.bug, x.test, x.pkg)
		}
	}
}

// TestDigestAtSend: whoever has the file changes the account of an approved payout, in its row, its version and the event that commits to it, so that rows and events
// agree: what was approved is not what would be sent, so nothing is sent and sending stops. Promise 3.
func TestDigestAtSend(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(70_000_00)
	other := d.Content(1_00).Account
	db := d.SQL()
	var salt []byte
	var seq int64
	var payload string
	must(t, db.QueryRow("SELECT salt FROM payout_version WHERE payout_id = ?", string(id)).Scan(&salt))
	must(t, db.QueryRow("SELECT seq, payload FROM event WHERE action = 'payout.created' AND subject = ?", string(id)).Scan(&seq, &payload))
	var facts map[string]any
	must(t, json.Unmarshal([]byte(payload), &facts))
	for k, v := range facts {
		if n, ok := v.(float64); ok {
			facts[k] = int64(n)
		}
	}
	facts["commit"].(map[string]any)["account"] = payout.Salt(salt).Commit("account", other)
	doc, err := audit.Canonical(facts)
	must(t, err)
	for _, x := range [][]any{{"DROP TRIGGER event_fixed"}, {"DROP TRIGGER payout_version_fixed"}, {"UPDATE event SET payload = ? WHERE seq = ?", string(doc), seq},
		{"UPDATE payout_version SET account = ? WHERE payout_id = ?", other, string(id)}, {"UPDATE payout SET account = ? WHERE id = ?", other, string(id)}} {
		_, err := db.Exec(x[0].(string), x[1:]...)
		must(t, err)
	}
	if o := d.Claim(); o != nil {
		t.Errorf("sent to %s, approved for another account", o.Expect.Account)
	}
	desk, err := d.Store.DeskRows(t.Context())
	if err != nil || desk.Halt == nil || desk.Halt.Cause != "altered" {
		t.Errorf("sending goes on: %+v %v", desk.Halt, err)
	}
}
