package dispatch

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/protocol"
)

// TestOutage: the bank is gone for an hour while 400 approved payouts wait, in each way a bank can be gone. However long it lasts, at most two requests leave without
// an answer, so that at most two payouts are unknown; the others wait, and all leave once it is back. Promise of issue 5, 15.
func TestOutage(t *testing.T) {
	for name, gone := range map[string]func() (time.Duration, protocol.Answer){
		"cuts": func() (time.Duration, protocol.Answer) { return 0, cutOff },
		"hangs": func() (time.Duration, protocol.Answer) {
			return 30 * time.Second, protocol.Answer{GotConn: true, Err: "timeout"}
		},
		"502": func() (time.Duration, protocol.Answer) {
			return 10 * time.Millisecond, protocol.Answer{GotConn: true, HTTP: 502}
		},
	} {
		for _, before := range []int{0, 20} { // payouts that the bank took before it went
			t.Run(fmt.Sprintf("%s after %d", name, before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					d := newFakeDesk(before)
					down := false
					b := &fakeBank{}
					b.balance = func() bool { return !down }
					b.pay = func(int) (time.Duration, protocol.Answer) {
						if down {
							return gone()
						}
						return 50 * time.Millisecond, taken()
					}
					o := options(d, b)
					o.InFlight = 0 // what the desk runs with
					s := NewSender(o)
					stop := running(t, s.Run)
					pass(time.Minute)
					b.mu.Lock()
					down = true
					b.mu.Unlock()
					d.mu.Lock()
					for i := range 400 {
						d.queue = append(d.queue, order(1000+i))
					}
					d.mu.Unlock()
					pass(time.Hour)
					b.mu.Lock()
					asked := b.calls - before
					down = false
					b.mu.Unlock()
					if asked < 1 || asked > 2 {
						t.Errorf("%d requests left in an hour without a bank", asked)
					}
					pass(10 * time.Minute)
					stop()
					taken := 0
					for _, a := range d.answers {
						if strings.Contains(a, string(protocol.Taken)) {
							taken++
						}
					}
					if want := before + 400 - asked; taken != want {
						t.Errorf("%d were taken once it was back, want %d", taken, want)
					}
				})
			})
		}
	}
}
