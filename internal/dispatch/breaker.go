package dispatch

import (
	"sync"
	"time"
)

// stage is where the breaker stands.
type stage uint8

const (
	closed stage = iota // as many claims as are allowed in flight
	half                // one claim at a time
	open                // none, until a probe answers properly
)

// breaker stops claims when the fate of a call is not known.
//
//	closed --trip--> open --probe proper--> half --a writing call answered properly--> closed
//	                  ^                      |
//	                  +--------trip----------+
//
// slip is a trip by a call that moves no money (create, cancel): it opens the same, but such calls alone never make the probes slow; and a proper answer to one
// closes nothing, since it does not show that money can be moved.
//
// caution (a credential refusal) moves closed to half. All methods are safe for concurrent use; tell is called under the lock,
// so that changes are told in their order, and must not call back.
type breaker struct {
	every, slow, fastFor time.Duration
	tell                 func(down bool, since time.Time)

	mu        sync.Mutex
	stage     stage
	trouble   time.Time // when it left closed
	grave     time.Time // when a call that may move money, or a probe, failed first since then; zero: none did
	nextProbe time.Time // while open
	probing   bool      // one probe at a time
	turn      int       // counts stages, so that an answer is weighed against the stage its claim was made in
	live      int       // claims of this turn that have not ended
}

// verdict on asking to claim.
type verdict uint8

const (
	wait  verdict = iota
	probe         // make the harmless call first and report it with probed
	claim         // go on; end with good, or bad and drop, or drop
)

// enter asks for a claim. With claim it returns the turn that good, bad or drop wants back.
func (b *breaker) enter(now time.Time) (verdict, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.stage == open && !b.probing && !now.Before(b.nextProbe):
		b.probing = true
		return probe, 0
	case b.stage == open, b.stage == half && b.live > 0:
		return wait, 0
	}
	b.live++
	return claim, b.turn
}

// probed reports how the harmless call went.
func (b *breaker) probed(now time.Time, proper bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if b.stage != open {
		return
	}
	if !proper {
		b.worse(now)
		b.schedule(now)
		return
	}
	b.set(half)
	b.tell(false, now)
}

// drop ends a claim: one that found nothing to send, or one whose trouble is recorded.
func (b *breaker) drop(turn int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if turn == b.turn {
		b.live--
	}
}

// weight of an answer.
type weight uint8

const (
	fine    weight = iota // taken or refused: the bank works
	trip                  // fate unknown, or no connection
	slip                  // the same of a call that moves no money
	caution               // credentials refused
)

// bad notes trouble as soon as a call shows it, before its answer is recorded: while the desk is writing, nothing else may pass. It counts
// whenever the call was made. It returns the turn to drop once the answer is recorded.
func (b *breaker) bad(now time.Time, turn int, w weight) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w != fine && b.stage == closed {
		b.begin(now)
	}
	if w == trip {
		b.worse(now)
	}
	switch {
	case (w == trip || w == slip) && b.stage != open:
		b.set(open)
		b.schedule(now)
		b.tell(true, b.trouble)
	case w == caution && b.stage == closed:
		b.set(half)
		b.live = 1 // this very call, until it is recorded
		return b.turn
	}
	return turn
}

// good ends a claim whose call was answered properly and recorded. It closes the breaker only when the claim was made half-open,
// after the trouble.
func (b *breaker) good(turn int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if turn != b.turn {
		return
	}
	b.live--
	if b.stage == half {
		b.set(closed)
	}
}

// careful moves a closed breaker to one claim at a time.
func (b *breaker) careful(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stage == closed {
		b.begin(now)
		b.set(half)
	}
}

// begin notes that it leaves closed; worse that what counts toward the slow pace has happened.
func (b *breaker) begin(now time.Time) { b.trouble, b.grave = now, time.Time{} }

func (b *breaker) worse(now time.Time) {
	if b.grave.IsZero() {
		b.grave = now
	}
}

func (b *breaker) set(s stage) { b.stage, b.turn, b.live = s, b.turn+1, 0 }

func (b *breaker) schedule(now time.Time) {
	pause := b.every
	if !b.grave.IsZero() && now.Sub(b.grave) >= b.fastFor {
		pause = b.slow
	}
	b.nextProbe = now.Add(pause)
}

// due returns how long until the next probe, false when the breaker is not open.
func (b *breaker) due(now time.Time) (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.nextProbe.Sub(now), 0), b.stage == open
}
