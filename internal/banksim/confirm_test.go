package banksim

import (
	"bytes"
	"testing"
	"time"
)

// TestConfirm: on a project without automatic confirmation a started payout asks to be confirmed, nothing leaves before it is, the row strikes where Options.On says,
// and after 240 minutes without a confirmation it is cancelled.
func TestConfirm(t *testing.T) {
	for _, row := range []struct {
		name, on       string
		amount         int64
		start, confirm string
		end            string
		executed       int
	}{
		{"plain", OnStart, 10000, answered, "200 in_progress/in_progress amount+10000", "200 accepted/succeeded amount+10000", 1},
		{"not paid after all", OnStart, 10051, "200 in_progress/in_progress", "200 in_progress/in_progress amount+10051", "200 cancelled/failed amount+10051 account_not_found", 0},
		{"500 at start", OnStart, 10056, "500 internal_error", "200 in_progress/in_progress amount+10056", "200 accepted/succeeded amount+10056", 1},
		{"500 at confirm", OnConfirm, 10056, "200 in_progress/in_progress", "500 internal_error", "200 accepted/succeeded amount+10056", 1},
		{"refused at confirm", OnConfirm, 10060, "200 in_progress/in_progress", "400 invalid_request", "200 cancelled/failed amount+10060 confirm_timeout", 0},
		{"never confirmed", OnStart, 10000, answered, "", "200 cancelled/failed amount+10000 confirm_timeout", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, c := driven(t)
			b.SetConfirm(true)
			b.SetOn(row.on)
			d := &desk{t: t, bank: b}
			_, body, _ := d.do(d.request(t.Context(), "/api/v1/session/create", []byte(`{}`)))
			id := read(t, body).Session.ID
			only := []byte(`{"session_id":"` + id + `"}`)
			start := bytes.Replace(orderBody("cs1-1-x-10000", row.amount), []byte("{"), []byte(`{"session_id":"`+id+`",`), 1)
			check := func(what, path string, body []byte, want string) {
				t.Helper()
				if got := d.post(path, body); got != want {
					t.Errorf("%s: %s, want %s", what, got, want)
				}
			}
			check("start", startPath, start, row.start)
			check("too early", "/api/v1/session/confirm", only, "400 session_wrong_state")
			c.now = c.now.Add(239 * time.Minute)
			ready := b.Advance(c.now)
			if len(ready) != 1 || ready[0].Type != hookReady || entryOf(t, b, "cs1-1-x-10000").Executed != 0 {
				t.Errorf("before the confirmation: %d messages, %+v", len(ready), entryOf(t, b, "cs1-1-x-10000"))
			}
			if row.confirm != "" {
				check("confirm", "/api/v1/session/confirm", only, row.confirm)
			}
			c.now = c.now.Add(2 * time.Hour)
			b.Advance(c.now)
			check("end", "/api/v1/session/status", only, row.end)
			if n := entryOf(t, b, "cs1-1-x-10000").Executed; n != row.executed {
				t.Errorf("executed %d times, want %d", n, row.executed)
			}
		})
	}
}

// TestIgnoreKey: a bank that pays no heed to keys does twice what it is asked twice.
func TestIgnoreKey(t *testing.T) {
	b, c := driven(t)
	b.o.IgnoreKey = true
	d := &desk{t: t, bank: b}
	for range 2 {
		if got := d.post(initPath, orderBody("cs1-1-x-10000", 10000), "X-PARTNER-IDEMPOTENCY-KEY", "k"); got != answered {
			t.Error(got)
		}
	}
	b.Advance(c.now.Add(time.Hour))
	if n := entryOf(t, b, "cs1-1-x-10000").Executed; n != 2 {
		t.Errorf("executed %d times", n)
	}
}
