package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"countersign/internal/app"
)

const webhookPath = "/webhooks/bank131"

// public is the access of routes that need no sign-in.
const public app.Action = ""

// kind says how a route answers somebody who is not signed in.
type kind int

const (
	page     kind = iota // GET: 303 to /sign-in; POST: 401 with the form
	fragment             // 401 and nothing else
)

// route is one line of the access table: who may open it is decided here, for the middleware and for the test alike.
type route struct {
	method, path string
	may          app.Action
	kind         kind
	do           func(*Web, *req) error
}

// routes is everything there is, in reading order. A page whose issue has not come is absent.
var routes = []route{
	{"GET", "/sign-in", public, page, (*Web).signInForm},
	{"POST", "/sign-in", public, page, (*Web).signIn},
	{"POST", "/sign-in/passkey/begin", public, fragment, (*Web).beginKeySignIn},
	{"POST", "/sign-in/passkey", public, page, (*Web).keySignIn},
	{"POST", "/sign-out", app.OwnAccount, page, (*Web).signOut},
	{"POST", "/preferences", public, page, (*Web).preferences},
	{"GET", enrolPath, public, page, (*Web).enrolForm},
	{"POST", enrolPath, public, page, (*Web).enrol},

	{"GET", "/", app.ReadSums, page, (*Web).overview},
	{"GET", "/approvals", app.Queue, page, (*Web).approvals},
	{"POST", "/approvals/many", app.Decide, page, (*Web).many},
	{"POST", "/approvals/many/decide", app.Decide, page, (*Web).decideMany},
	{"GET", "/approvals/many/:id", app.Decide, page, (*Web).manyDone},
	{"GET", "/payouts", app.ReadSums, page, (*Web).payouts},
	{"GET", "/payouts/new", app.Enter, page, (*Web).newPayout},
	{"POST", "/payouts", app.Enter, page, (*Web).enter},
	{"POST", "/payouts/check", app.Enter, fragment, (*Web).check},
	{"GET", "/payouts/:id", app.ReadSums, page, (*Web).payout},
	{"GET", "/payouts/:id/versions/:n", app.ReadPayouts, page, (*Web).version},
	{"GET", "/payouts/:id/edit", app.Enter, page, (*Web).editForm},
	{"POST", "/payouts/:id/edit", app.Enter, page, (*Web).edit},
	{"GET", "/payouts/:id/copy", app.Enter, page, (*Web).copyForm},
	{"POST", "/payouts/:id/submit", app.Enter, page, (*Web).submit},
	{"POST", "/payouts/:id/cancel", app.Enter, page, (*Web).cancel},
	{"POST", "/payouts/:id/sign/begin", app.Decide, fragment, (*Web).beginSign},
	{"POST", "/payouts/:id/approve", app.Decide, page, (*Web).approve},
	{"POST", "/payouts/:id/back", app.Decide, page, (*Web).takeBack},
	{"POST", "/payouts/:id/changes", app.Decide, page, (*Web).changes},
	{"POST", "/payouts/:id/reject", app.Decide, page, (*Web).reject},
	{"POST", "/payouts/:id/reveal", app.Reveal, page, (*Web).reveal},
	{"GET", "/payouts/:id/outcome", app.Enter, page, (*Web).outcomeForm},
	{"POST", "/payouts/:id/outcome", app.Enter, page, (*Web).proposeOutcome},
	{"GET", "/payouts/:id/outcome/:n/file", app.ReadPayouts, page, (*Web).evidenceFile},
	{"GET", "/payouts/:id/bodies/request/:n", app.ReadRaw, page, (*Web).requestBody},
	{"GET", "/payouts/:id/bodies/answer/:n", app.ReadRaw, page, (*Web).answerBody},
	{"GET", "/payouts/:id/bodies/fetch/:n", app.ReadRaw, page, (*Web).fetchBody},
	{"GET", "/changes/:kind/:id", app.OwnAccount, page, (*Web).change},
	{"POST", "/changes/:kind/:id/sign/begin", app.DecideOn, fragment, (*Web).beginSignChange},
	{"POST", "/changes/:kind/:id/approve", app.DecideOn, page, (*Web).acceptChange},
	{"POST", "/changes/:kind/:id/back", app.DecideOn, page, (*Web).takeChangeBack},
	{"POST", "/changes/:kind/:id/reject", app.DecideOn, page, (*Web).refuseChange},
	{"POST", "/changes/:kind/:id/withdraw", app.Withdraw, page, (*Web).withdrawChange},
	{"POST", "/changes/:kind/:id/stop", app.OwnAccount, page, (*Web).stopChange},
	{"GET", "/unknown", app.ReadSums, page, (*Web).unknown},
	{"GET", "/payees", app.ReadPayees, page, (*Web).payeeList},
	{"GET", "/payees/new", app.Enter, page, (*Web).newPayee},
	{"POST", "/payees", app.Enter, page, (*Web).enterPayee},
	{"GET", "/payees/:id", app.ReadPayees, page, (*Web).payeeOne},
	{"GET", "/payees/:id/versions/:n", app.ReadPayees, page, (*Web).payeeVersion},
	{"GET", "/payees/:id/edit", app.Enter, page, (*Web).payeeForm},
	{"POST", "/payees/:id/edit", app.Enter, page, (*Web).changePayee},

	{"GET", "/reports", app.ReadReports, page, (*Web).reports},
	{"GET", "/reports/ageing", app.ReadReports, page, (*Web).ageing},
	{"GET", "/reports/bank", app.ReadFiles, page, (*Web).reportFiles},
	{"POST", "/reports/bank", app.UploadReport, page, (*Web).takeReport},
	{"GET", "/reports/match", app.Enter, page, (*Web).matchForm},
	{"POST", "/reports/match", app.Enter, page, (*Web).proposeMatch},
	{"GET", "/reports/:day", app.ReadReports, page, (*Web).reportDay},
	{"POST", "/reports/:day/close", app.CloseDays, page, (*Web).closeDay},

	{"GET", "/inbox", app.ReadInbox, page, (*Web).inbox},
	{"GET", "/inbox/:id", app.ReadInbox, page, (*Web).message},
	{"POST", "/inbox/:id/raw", app.ReadRaw, page, (*Web).messageRaw},
	{"GET", "/inbox/refused/:id", app.ReadInbox, page, (*Web).refused},
	{"POST", "/inbox/refused/:id/raw", app.ReadRaw, page, (*Web).refusedRaw},
	{"GET", "/history", app.ReadHistory, page, (*Web).history},
	{"GET", "/history/:seq", app.ReadHistory, page, (*Web).historyEvent},

	{"GET", "/halt", app.ReadSums, page, (*Web).haltPage},
	{"POST", "/halt", app.StopSending, page, (*Web).halt},
	{"POST", "/halt/back", app.Resume, page, (*Web).releaseBack},
	{"POST", "/halt/release", app.Resume, page, (*Web).release},
	{"GET", "/settings/people", app.ReadPeople, page, (*Web).people},
	{"POST", "/settings/people", app.ChangePeople, page, (*Web).proposePerson},
	{"GET", "/settings/people/new", app.ChangePeople, page, (*Web).newPerson},
	{"GET", "/settings/people/:id", app.ReadPeople, page, (*Web).personPage},
	{"POST", "/settings/people/:id/change", app.ChangePeople, page, (*Web).changePerson},
	{"POST", "/settings/people/:id/restore", app.ChangePeople, page, (*Web).restorePerson},
	{"POST", "/settings/people/:id/reset", app.ChangePeople, page, (*Web).resetPerson},
	{"POST", "/settings/people/:id/link", app.ChangePeople, page, (*Web).makeLink},
	{"POST", "/settings/people/:id/suspend", app.Suspend, page, (*Web).suspend},
	{"GET", "/settings/rules", app.ReadRules, page, (*Web).rules},
	{"GET", "/settings/rules/versions/:n", app.ReadRules, page, (*Web).rulesVersion},
	{"GET", "/settings/rules/edit", app.Propose, page, (*Web).rulesForm},
	{"POST", "/settings/rules", app.Propose, page, (*Web).proposeRules},
	{"GET", "/settings/rules/try", app.TryRules, page, (*Web).lab},
	{"POST", "/settings/rules/try", app.TryRules, page, (*Web).tryRules},
	{"GET", "/settings/limits", app.ReadLimits, page, (*Web).limits},
	{"GET", "/settings/limits/versions/:n", app.ReadLimits, page, (*Web).limitsVersion},
	{"GET", "/settings/limits/edit", app.Propose, page, (*Web).limitsForm},
	{"POST", "/settings/limits", app.Propose, page, (*Web).proposeLimits},
	{"GET", "/settings/bank", app.ReadBank, page, (*Web).bank},
	{"POST", "/settings/bank", app.SetBank, page, (*Web).loadBanks},
	{"POST", "/settings/bank/calendar", app.SetBank, page, (*Web).proposeDays},
	{"POST", "/settings/bank/keys", app.SetBank, page, (*Web).proposeKey},
	{"POST", "/settings/bank/keys/remove", app.SetBank, page, (*Web).proposeKeyGone},

	{"GET", "/health", app.ReadBank, page, (*Web).health},

	{"GET", "/account", app.OwnAccount, page, (*Web).account},
	{"POST", "/account/password", app.OwnAccount, page, (*Web).password},
	{"POST", "/account/settings", app.OwnAccount, page, (*Web).settings},
	{"POST", "/account/sign-ins/:id/end", app.OwnAccount, page, (*Web).endSignIn},
	{"POST", "/account/seen", app.OwnAccount, fragment, (*Web).seen},

	{"GET", factorsPath, app.OwnAccount, page, (*Web).factors},
	{"POST", factorsPath + "/fresh", app.OwnAccount, page, (*Web).proveAgain},
	{"POST", factorsPath + "/passkey/begin", app.OwnAccount, fragment, (*Web).beginPasskey},
	{"POST", factorsPath + "/passkey", app.OwnAccount, page, (*Web).addPasskey},
	{"POST", factorsPath + "/totp/begin", app.OwnAccount, page, (*Web).beginTOTP},
	{"GET", factorsPath + "/totp/:id", app.OwnAccount, page, (*Web).totpPage},
	{"GET", factorsPath + "/totp/:id/qr.png", app.OwnAccount, page, (*Web).totpQR},
	{"POST", factorsPath + "/totp/:id", app.OwnAccount, page, (*Web).addTOTP},
	{"POST", factorsPath + "/recovery", app.OwnAccount, page, (*Web).recovery},
	{"POST", factorsPath + "/:id/remove", app.OwnAccount, page, (*Web).removeFactor},
	{"POST", factorsPath + "/:id/vouch", app.OwnAccount, page, (*Web).askVouch},
	{"POST", "/account/passkeys/challenge", app.DecideOn, fragment, (*Web).beginSignList},

	{"GET", "/live", app.ReadSums, fragment, (*Web).live},
	{"GET", "/static/*", public, fragment, (*Web).static},
	{"GET", "/healthz", public, fragment, (*Web).healthz},
	{"GET", "/readyz", public, fragment, (*Web).readyz},
}

// demoRoutes exist only in the demonstration.
var demoRoutes = []route{
	{"POST", "/sign-in/demo", public, page, (*Web).demoSignIn},
	{"GET", "/demo/kopecks", public, page, (*Web).kopecks},
}

func (w *Web) table() []route {
	if w.Demo == nil {
		return routes
	}
	return append(append([]route{}, routes...), demoRoutes...)
}

func (w *Web) router() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = w.clientIP()
	e.Logger.SetOutput(discard{})
	e.HTTPErrorHandler = w.fallback
	for _, rt := range w.table() {
		e.Add(rt.method, rt.path, w.guard(rt))
	}
	return e
}

func (w *Web) healthz(r *req) error { return r.String(http.StatusOK, "ok\n") }

// readyz says in one word why the desk cannot do its work. A stop of sending is not such a reason: whoever lets it go on must reach the desk.
func (w *Web) readyz(r *req) error {
	if word := w.ready(r.ctx()); word != "" {
		return r.String(http.StatusServiceUnavailable, word+"\n")
	}
	return r.String(http.StatusOK, "ready\n")
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
