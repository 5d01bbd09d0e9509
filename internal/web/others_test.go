package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/payee"
	"countersign/internal/payout"
)

// things are what addresses can name on a desk that lived: for the beginning of a route, what stands in the place of its parameters, joined by "/". Own is what only one
// person may touch, by whose it is.
type things struct {
	ids    map[payout.ID]string // digests of payouts
	seen   map[string]string    // digests of open proposals, by kind/id
	values map[string][]string
	own    map[string]string
}

// crowded is lived with something of everybody: a payee, open proposals of each kind, a list that was decided, passkeys, codes that wait to be confirmed, a link.
func crowded(t *testing.T) (*bench, map[string]payout.ID, *things) {
	t.Helper()
	b, ids := lived(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	th := &things{ids: map[payout.ID]string{}, seen: map[string]string{}, values: map[string][]string{}, own: map[string]string{}}
	add := func(route string, values ...string) { th.values[route] = append(th.values[route], values...) }
	for _, id := range ids {
		th.ids[id] = string(b.Get(id).Digest)
		add("/payouts/:id", string(id))
	}
	for _, name := range []string{"m1", "a1", "s1", "u1", "d1", "m2"} {
		add("/settings/people/:id", b.Who[name].Person)
	}
	c := b.Content(1_00)
	entry := app.PayeeEntry{ID: b.App.NewPayeeID(), Content: payee.Content{Kind: payee.Person, FullName: c.FullName, Description: "По договору № 1",
		Accounts: []payee.Account{{BIK: c.BIK, Number: c.Account}}}}
	must(b.App.ProposePayee(ctx, b.Who["m2"], entry))
	add("/payees/:id", entry.ID)
	open := func(kind approval.Kind, id string) string {
		ps, err := b.Store.Proposals(ctx, kind, id, 1)
		must(err)
		th.seen[string(kind)+"/"+id] = ps[0].Digest
		return ps[0].Digest
	}
	must(b.App.Accept(ctx, b.Who["a2"], approval.Payee, entry.ID, open(approval.Payee, entry.ID), app.Proof{}))
	entry.Seen, entry.Content.Description = 1, "По договору № 2"
	must(b.App.ProposePayee(ctx, b.Who["m2"], entry))
	rules, err := b.App.RulesInForce(ctx)
	must(err)
	rules.Name = "others"
	must(b.App.ProposeRules(ctx, b.Who["d2"], rules, 1, "why"))
	must(b.App.ProposeLimits(ctx, b.Who["d2"], approval.Limits{Payout: approval.Bound{HardMinor: 900_000_000_00}}, 0, "why"))
	must(b.App.ProposePersonChange(ctx, b.Who["d2"], b.Who["m2"].Person, []string{"maker"}, "ural", 0, "why"))
	for kind, id := range map[approval.Kind]string{approval.Payee: entry.ID, approval.Rules: app.RulesID, approval.Limit: app.LimitsID, approval.Person: b.Who["m2"].Person} {
		open(kind, id)
		add("/changes/:kind/:id", string(kind)+"/"+id)
	}
	id := b.Submit(120_000_00)
	items := []app.BatchItem{{ID: id, Digest: b.Get(id).Digest}}
	batch, err := b.App.ApproveMany(ctx, b.Who["a2"], "a list", items, app.ListDigest(items), app.Proof{})
	must(err)
	add("/approvals/many/:id", batch.ID)
	th.own[batch.ID] = "a2"
	_, key := b.Passkey("a2")
	_, other := b.Passkey("a2")
	totp, err := b.App.BeginTOTP(ctx, b.Who["a2"])
	must(err)
	add("/account/factors/:id", key, other)
	add("/account/factors/totp/:id", totp)
	b.as("a2") // signs in
	ids2, err := b.Store.Logins(ctx, b.Who["a2"].Person)
	must(err)
	for _, l := range ids2 {
		add("/account/sign-ins/:id", l.ID)
		th.own[l.ID] = "a2"
	}
	for _, v := range []string{key, other, totp} {
		th.own[v] = "a2"
	}
	add("/inbox/:id", "1", "2")
	add("/inbox/refused/:id", "0", "1")
	add("/history/:seq", "1", "7")
	add("/settings/rules/versions/:n", "1")
	add("/settings/limits/versions/:n", "1")
	add("/reports/:day", "2026-11-19")
	return b, ids, th
}

// nonsense never names anything.
var nonsense = []string{"00000000-0000-7000-8000-000000000000", "x", "-1", "99999999999999999999", "%00", "%ff", "..%2f..%2fetc", "%27%20OR%201=1--", strings.Repeat("9", 300), "%D1%8F", "1e3", "verdict"}

// filled are the paths of a route with these parameters: real ones, and nonsense in each place.
func (th *things) filled(path string) (real, wrong []string) {
	parts := strings.Split(path, "/")
	longest := ""
	for prefix := range th.values {
		if (path == prefix || strings.HasPrefix(path, prefix+"/")) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	tail := func(p string) string { return strings.NewReplacer(":n", "1").Replace(p) }
	for _, v := range th.values[longest] {
		base := strings.Split(longest, "/")
		for i, p := range base {
			if strings.HasPrefix(p, ":") {
				value, rest, _ := strings.Cut(v, "/")
				base[i], v = value, rest
			}
		}
		real = append(real, strings.Join(base, "/")+tail(path[len(longest):]))
	}
	for _, bad := range nonsense {
		for k := range parts {
			if !strings.HasPrefix(parts[k], ":") {
				continue
			}
			out := slices.Clone(parts)
			if len(real) > 0 { // what stands beside it is there
				out = strings.Split(real[0], "/")
			}
			out[k] = bad
			wrong = append(wrong, strings.NewReplacer(":n", "1", ":kind", "rules", ":id", "x", ":seq", "1", ":token", "x").Replace(strings.Join(out, "/")))
		}
	}
	return real, wrong
}

// TestAccess_OthersIDs: each route with a parameter, in each method, for each role, with the ids of other people's things, of things that are not there, and malformed ones, and
// with a form that is complete: where the table says no it is 403 whatever the id is, so that nobody learns what is there; what only its owner may touch is not found by
// anybody else; nothing that is not there is 200 or 303; nothing is ever 500; and in the end nothing was changed. Issue 4 "To show" c; promise 2.
func TestAccess_OthersIDs(t *testing.T) {
	b, _, th := crowded(t)
	people := map[string]string{"M": "m1", "A": "a1", "S": "s1", "U": "u1", "D": "d1"}
	decides := map[string]string{"payee": "AS", "rules": "SD", "limits": "SD", "person": "SD"}
	proposes := map[string]string{"payee": "M", "rules": "D", "limits": "D", "person": "D"}
	browsers := map[string]*browser1{}
	for role, who := range people {
		browsers[role] = b.as(who)
	}
	db := b.SQL()
	before, events := sums(t, db), written(t, db)
	form := func(path string) url.Values {
		f := url.Values{"reason": {"because"}, "digest": {"0123"}, "seen": {"1"}, "version": {"1"}, "form": {token(9)}, "do": {"draft"}, "code": {"000000"}, "password": {"six plain words in a row"},
			"role": {"approver"}, "email": {"a2@x.test"}, "to": {"approver"}}
		for id, digest := range th.ids {
			if strings.Contains(path, string(id)) {
				f.Set("digest", digest)
			}
		}
		for id, digest := range th.seen {
			if strings.Contains(path, id) {
				f.Set("digest", digest)
			}
		}
		return f
	}
	n := 0
	for _, rt := range b.web.echo.Routes() {
		if strings.HasPrefix(rt.Method, "echo_") || !strings.Contains(rt.Path, ":") {
			continue
		}
		key := rt.Method + " " + rt.Path
		may := matrix[key]
		real, wrong := th.filled(rt.Path)
		if len(real) == 0 && rt.Path != enrolPath {
			t.Errorf("%s: nothing of the desk stands for its parameter", key)
		}
		for role, x := range browsers {
			allowed := may == "*" || strings.Contains(may, role)
			ask := func(path string) int {
				n++
				var f url.Values
				if rt.Method == "POST" {
					f = form(path)
				}
				rec := x.do(x.request(rt.Method, path, f))
				if rec.Code >= 500 {
					t.Errorf("%s as %s: %s: %d\n%s", key, role, path, rec.Code, visible(rec.Body.String()))
				}
				if !allowed && rec.Code != http.StatusForbidden {
					t.Errorf("%s as %s: %s: %d, want 403", key, role, path, rec.Code)
				}
				return rec.Code
			}
			for _, path := range wrong {
				if code := ask(path); code < 400 {
					t.Errorf("%s as %s: %s is not there: %d", key, role, path, code)
				}
			}
			for _, path := range real {
				owned := slices.ContainsFunc(mapKeys(th.own), func(id string) bool { return strings.Contains(path, id) })
				kind := ""
				if strings.HasPrefix(rt.Path, "/changes/") {
					kind = strings.Split(path, "/")[2]
				}
				barred := kind != "" && (strings.HasSuffix(path, "/withdraw") || // somebody else's
					strings.HasSuffix(path, "/stop") || // none takes effect by itself
					(strings.HasSuffix(path, "/approve") || strings.HasSuffix(path, "/back") || strings.HasSuffix(path, "/reject")) && !strings.Contains(decides[kind], role))
				switch {
				case !allowed:
					ask(path)
				case owned || barred:
					code := ask(path)
					if code < 400 {
						t.Errorf("%s as %s: %s is somebody else's: %d", key, role, path, code)
					}
					if strings.HasSuffix(path, "/withdraw") && !strings.Contains(proposes[kind], role) && code != http.StatusForbidden {
						t.Errorf("%s as %s: %s: %d", key, role, path, code)
					}
				case rt.Method == "GET":
					ask(path)
				}
			}
		}
	}
	for table, s := range sums(t, db) {
		if before[table] != s {
			t.Errorf("table %s was changed by what was refused", table)
		}
	}
	if got := written(t, db); got != events {
		t.Errorf("%d events were written by what was refused", got-events)
	}
	if n < 2000 {
		t.Errorf("only %d requests", n)
	}
	t.Logf("%d requests", n)
}

func mapKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
