package bank131

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"countersign/internal/protocol"
)

var approved = protocol.Expect{Reference: "cs1-7-abc", AmountMinor: 10000, Currency: "rub", BIK: "044525974", Account: "40817810400003869535",
	FullName: "Иванов Иван Иванович", Description: "По договору № 5, НДС не облагается"}

// TestEncodeStep: each call's body says exactly what the bank's examples say, and nothing else passes for it (promises.md A.2 #3).
func TestEncodeStep(t *testing.T) {
	for call, want := range map[protocol.StepCall]string{
		protocol.CallCreate:  `{"metadata":"cs1-7-abc"}`,
		protocol.CallConfirm: `{"session_id":"ps_3230"}`,
		protocol.CallCancel:  `{"session_id":"ps_3230"}`,
		protocol.CallStart: `{"session_id":"ps_3230","payment_method":{"type":"bank_account","bank_account":{"system_type":"ru","ru":{"bik":"044525974","account":"40817810400003869535",` +
			`"full_name":"Иванов Иван Иванович","description":"По договору № 5, НДС не облагается"}}},"amount_details":{"amount":10000,"currency":"rub"},` +
			`"participant_details":{"recipient":{"full_name":"Иванов Иван Иванович"}},"metadata":"cs1-7-abc"}`,
	} {
		body, err := EncodeStep(call, "ps_3230", approved)
		if err != nil || string(body) != want {
			t.Errorf("%s: %s (%v)", call, body, err)
		}
		for name, bad := range map[string]string{"another session": strings.ReplaceAll(want, "ps_3230", "ps_3231"), "another reference": strings.ReplaceAll(want, "cs1-7-abc", "cs1-8-abc"),
			"another sum": strings.ReplaceAll(want, "10000", "10001"), "a field more": strings.Replace(want, "{", `{"x":"y",`, 1), "cut": want[:len(want)-1],
			"a key twice": strings.Replace(want, "{", `{"session_id":"ps_3230","session_id":"ps_3230",`, 1)} {
			if bad != want && CheckStep(call, "ps_3230", approved, []byte(bad)) == nil {
				t.Errorf("%s: %s passes: %s", call, name, bad)
			}
		}
		if _, err := EncodeStep(call, "", approved); err == nil && call != protocol.CallCreate {
			t.Errorf("%s without a session", call)
		}
	}
	if _, err := EncodeStep("init", "ps_1", approved); err == nil {
		t.Error("a call that is none")
	}
}

// TestStepOut: each call goes to its own address, signed, with its own key, and is never followed or repeated.
func TestStepOut(t *testing.T) {
	for call, path := range stepPaths {
		var seen atomic.Int32
		address, _ := bank(t, func(w http.ResponseWriter, r *http.Request) {
			seen.Add(1)
			if r.URL.Path != path || r.Header.Get("X-PARTNER-IDEMPOTENCY-KEY") != "k-1" || r.Header.Get("X-PARTNER-SIGN") == "" || r.Proto != "HTTP/1.1" || !r.Close {
				t.Errorf("%s: %s %v", call, r.URL.Path, r.Header)
			}
			w.Header().Set("Location", r.URL.Path)
			w.WriteHeader(http.StatusTemporaryRedirect)
			_, _ = io.WriteString(w, "{}")
		})
		a, raw := client(t, address, nil).Step(t.Context(), call, "k-1", []byte(`{"session_id":"ps_1"}`))
		if !a.GotConn || raw.HTTP != 307 || seen.Load() != 1 {
			t.Errorf("%s: %+v, seen %d times", call, a, seen.Load())
		}
	}
	if a, _ := client(t, "http://127.0.0.1:1", nil).Step(context.Background(), "init", "k", nil); a.GotConn {
		t.Error("a call that is none was made")
	}
}
