package live

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// event is what a browser makes of a frame, by the rules of the HTML standard.
type event struct{ id, name, data string }

// parse reads a stream as a browser does: lines end at LF, CR or CRLF; an event goes out at an
// empty line if it has data; the id stays.
func parse(stream []byte) (events []event, lastID string) {
	s := strings.ReplaceAll(strings.ReplaceAll(string(stream), "\r\n", "\n"), "\r", "\n")
	var name string
	var data []string
	for line := range strings.SplitSeq(s, "\n") {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if data != nil {
				events = append(events, event{lastID, name, strings.Join(data, "\n")})
			}
			name, data = "", nil
		case field == "id":
			lastID = value
		case field == "event":
			name = value
		case field == "data":
			data = append(data, value)
		}
	}
	return events, lastID
}

// drained returns all frames that wait in a stream.
func drained(s *Stream) []byte {
	var b []byte
	for {
		select {
		case f, ok := <-s.C:
			if !ok {
				return b
			}
			b = append(b, f...)
		default:
			return b
		}
	}
}

func names(b []byte) string {
	events, _ := parse(b)
	var s []string
	for _, e := range events {
		s = append(s, e.id+e.name+e.data)
	}
	return strings.Join(s, " ")
}

func subscribe(t testing.TB, h *Hub, audience uint32, key string, lastID int64) *Stream {
	t.Helper()
	s, err := h.Subscribe("ru", audience, key, "p-"+key, lastID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func msg(id int64, data string) Message {
	return Message{ID: id, Event: ":", Data: map[string]string{"": data}, Audience: 1}
}

func closed(s *Stream) bool {
	for range len(s.c) {
		<-s.c
	}
	select {
	case _, ok := <-s.C:
		return !ok
	default:
		return false
	}
}

func TestSSEFrame(t *testing.T) {
	for _, c := range []struct {
		id          int64
		event, data string
		want        string
	}{
		{7, "payout", "<b>x</b>", "id: 7\nevent: payout\ndata: <b>x</b>\n\n"},
		{0, "payout", "", "event: payout\ndata: \n\n"},
		{7, "", "x", "id: 7\ndata: x\n\n"},
		{7, "a\nb\r", "x\ny\rz\r\nw\n", "id: 7\nevent: ab\ndata: x\ndata: y\ndata: z\ndata: w\ndata: \n\n"},
	} {
		if got := string(SSEFrame(c.id, c.event, c.data)); got != c.want {
			t.Errorf("SSEFrame(%d, %q, %q) = %q, want %q", c.id, c.event, c.data, got, c.want)
		}
	}
	if e, _ := parse([]byte(Heartbeat)); len(e) != 0 {
		t.Errorf("the heartbeat is an event: %v", e)
	}
}

// FuzzSSEFrame: whatever the text, a browser sees one event with that name and that text.
func FuzzSSEFrame(f *testing.F) {
	f.Add(int64(1), "payout", "line")
	f.Add(int64(2), "a\nid: 9", "x\n\nevent: evil\ndata: y\n\n")
	f.Add(int64(3), "", "\r\r\n\n\r")
	f.Add(int64(4), ":", "\x00: \ufeffid")
	f.Fuzz(func(t *testing.T, id int64, name, data string) {
		events, last := parse(SSEFrame(id, name, data))
		flat := strings.ReplaceAll(strings.ReplaceAll(data, "\r\n", "\n"), "\r", "\n")
		wantName := strings.NewReplacer("\r", "", "\n", "").Replace(name)
		wantID := ""
		if id > 0 {
			wantID = strconv.FormatInt(id, 10)
		}
		// a browser drops one space behind the colon, which the frame has put there itself
		if len(events) != 1 || events[0].name != wantName || events[0].data != flat || last != wantID {
			t.Fatalf("SSEFrame(%d, %q, %q) is read as %q, id %q", id, name, data, events, last)
		}
	})
}

func TestHub_OrderAndLanguages(t *testing.T) {
	h := New(Options{Start: 10})
	ru, err := h.Subscribe("ru", 1, "k", "p", 0)
	if err != nil {
		t.Fatal(err)
	}
	en, err := h.Subscribe("en", 1, "k", "p", 0)
	if err != nil {
		t.Fatal(err)
	}
	h.Publish(Message{ID: 11, Event: "payout", Data: map[string]string{"ru": "да", "en": "yes"}, Audience: 1})
	h.Publish(Message{ID: 12, Event: "payout", Data: map[string]string{"ru": "только"}, Audience: 1})
	h.Publish(Message{ID: 13, Event: "counts", Data: map[string]string{"": "3"}, Audience: 3})
	h.Publish(Message{ID: 14, Event: "payout", Data: map[string]string{"": "no"}, Audience: 2})
	if got := string(drained(ru)); got != "id: 10\n\n"+"id: 11\nevent: payout\ndata: да\n\n"+"id: 12\nevent: payout\ndata: только\n\n"+"id: 13\nevent: counts\ndata: 3\n\n" {
		t.Errorf("ru: %q", got)
	}
	if got := names(drained(en)); got != "11payoutyes 13counts3" {
		t.Errorf("en: %q", got)
	}
	if h.Sequence() != 14 || h.Streams() != 2 {
		t.Errorf("Sequence %d, Streams %d", h.Sequence(), h.Streams())
	}
}

func TestHub_SharesBytes(t *testing.T) {
	h := New(Options{})
	a, b := subscribe(t, h, 1, "a", 0), subscribe(t, h, 1, "b", 0)
	h.Publish(msg(1, "x"))
	fa, fb := <-a.C, <-b.C
	if &fa[0] != &fb[0] {
		t.Error("each stream has a copy of its own")
	}
}

func TestHub_Replay(t *testing.T) {
	h := New(Options{Ring: 4, Start: 10})
	for i := int64(11); i <= 13; i++ {
		h.Publish(msg(i, ""))
	}
	replay := func(lastID int64) string {
		s := subscribe(t, h, 1, "k", lastID)
		defer s.Close()
		return names(drained(s))
	}
	for _, c := range []struct {
		lastID int64
		want   string
	}{{0, ""}, {-1, ""}, {9, "13reloadgap"}, {10, "11: 12: 13:"}, {11, "12: 13:"}, {12, "13:"}, {13, ""}, {14, ""}} {
		if got := replay(c.lastID); got != c.want {
			t.Errorf("after %d: %q, want %q", c.lastID, got, c.want)
		}
	}
	h.Publish(msg(14, ""))
	h.Publish(msg(15, "")) // drops 11
	for _, c := range []struct {
		lastID int64
		want   string
	}{{10, "15reloadgap"}, {11, "12: 13: 14: 15:"}, {14, "15:"}} {
		if got := replay(c.lastID); got != c.want {
			t.Errorf("full ring, after %d: %q, want %q", c.lastID, got, c.want)
		}
	}
	s, err := h.Subscribe("ru", 2, "k", "p", 12)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(drained(s)); got != "id: 15\n\n" {
		t.Errorf("others' messages are replayed: %q", got)
	}
}

// Late messages and messages of one number are never jumped over.
func TestHub_ReplayGroups(t *testing.T) {
	h := New(Options{Ring: 4, Start: 5})
	replay := func(lastID int64) string {
		s := subscribe(t, h, 1, "k", lastID)
		defer s.Close()
		return names(drained(s))
	}
	h.Publish(msg(0, "a")) // under the number the hub started with
	if got := replay(5); got != "5:a" {
		t.Errorf("no number of its own: %q", got)
	}
	h.Publish(msg(7, "b"))
	h.Publish(msg(6, "c")) // late: goes out as 7
	if got := replay(7); got != "7:b 7:c" {
		t.Errorf("late: %q", got)
	}
	h.Publish(msg(8, "d"))
	h.Publish(msg(9, "e")) // drops a
	if got := replay(5); got != "9reloadgap" {
		t.Errorf("the group of 5 is gone: %q", got)
	}
	if got := replay(6); got != "7:b 7:c 8:d 9:e" {
		t.Errorf("after 6: %q", got)
	}
	h.Publish(msg(10, "f")) // drops b, half of 7
	if got := replay(7); got != "10reloadgap" {
		t.Errorf("half of the group is gone: %q", got)
	}
	h.Publish(msg(11, "g")) // drops c, the other half
	if got := replay(7); got != "11reloadgap" {
		t.Errorf("the group is gone: %q", got)
	}
	h.Publish(msg(12, "h")) // drops d, which was alone
	if got := replay(8); got != "9:e 10:f 11:g 12:h" {
		t.Errorf("after 8: %q", got)
	}
}

// A reader who falls behind is dropped; the others get everything; it comes back and misses nothing.
func TestHub_SlowReader(t *testing.T) {
	h := New(Options{Queue: 8})
	slow, quick := subscribe(t, h, 1, "slow", 0), subscribe(t, h, 1, "quick", 0)
	var got []byte
	for i := int64(1); i <= 100; i++ {
		h.Publish(msg(i, ""))
		got = append(got, drained(quick)...)
	}
	if n := strings.Count(string(got), "event:"); n != 100 {
		t.Errorf("the quick one got %d of 100", n)
	}
	var seen []byte
	for f := range slow.C { // ends only if the channel is closed
		seen = append(seen, f...)
	}
	_, last := parse(seen)
	lastID, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		t.Fatalf("last id %q of the slow one: %v", last, err)
	}
	if h.Streams() != 1 {
		t.Errorf("%d streams left", h.Streams())
	}
	seen = append(seen, drained(subscribe(t, h, 1, "slow", lastID))...)
	events, _ := parse(seen)
	for i, e := range events {
		if e.id != strconv.Itoa(i+1) {
			t.Fatalf("event %d of the slow one has number %s", i+1, e.id)
		}
	}
	if len(events) != 100 {
		t.Errorf("the slow one has %d of 100 at last", len(events))
	}
}

func TestHub_CapsAndEnds(t *testing.T) {
	h := New(Options{Streams: 14})
	var ann, bob []*Stream
	for range 6 {
		ann = append(ann, subscribe(t, h, 1, "ann", 0))
		bob = append(bob, subscribe(t, h, 1, "bob", 0))
	}
	if _, err := h.Subscribe("ru", 1, "ann", "p", 0); !errors.Is(err, ErrTooMany) {
		t.Errorf("a seventh: %v", err)
	}
	ann[3].Close()
	ann[3].Close()
	if !closed(ann[3]) {
		t.Error("closed, but its channel is open")
	}
	ann[3] = subscribe(t, h, 1, "ann", 0)
	extra := []*Stream{subscribe(t, h, 1, "c", 0), subscribe(t, h, 1, "d", 0)}
	if _, err := h.Subscribe("ru", 1, "e", "p", 0); !errors.Is(err, ErrFull) {
		t.Errorf("a fifteenth: %v", err)
	}
	h.Publish(msg(1, ""))

	if n := h.EndKey("ann"); n != 6 {
		t.Errorf("EndKey ended %d", n)
	}
	for i, s := range ann {
		if f, ok := <-s.C; ok {
			t.Errorf("stream %d still reads %q", i, f)
		}
	}
	if n := h.EndPerson("p-bob"); n != 6 || h.EndPerson("p-bob") != 0 || h.EndKey("nobody") != 0 {
		t.Errorf("EndPerson ended %d", n)
	}
	for _, s := range bob {
		if !closed(s) {
			t.Error("ended, but its channel is open")
		}
	}
	if h.Streams() != 2 || len(h.byKey) != 2 {
		t.Errorf("%d streams, %v", h.Streams(), h.byKey)
	}
	h.Close()
	h.Close()
	if names(drained(extra[0])) != "1:" || !closed(extra[0]) {
		t.Error("Close: what waits is still read, then the end")
	}
	if _, err := h.Subscribe("ru", 1, "ann", "p", 0); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	h.Publish(msg(2, ""))
	if h.Sequence() != 1 {
		t.Error("a closed hub counts on")
	}
}

// 200 browsers of four kinds while others publish, subscribe and end: nobody sees what is not
// theirs, nobody sees numbers fall, and who reads everything misses nothing.
func TestHub_NoForeignEvents(t *testing.T) {
	const clients, publishers, each = 200, 4, 250
	h := New(Options{Queue: publishers*each + 1, Ring: publishers * each})
	var wg sync.WaitGroup
	var want [16]int // by audience mask, how many there will be
	var masks [publishers][each]uint32
	rng := rand.New(rand.NewPCG(1, 20))
	for p := range masks {
		for i := range masks[p] {
			m := uint32(1 + rng.IntN(15))
			masks[p][i] = m
			for a := range want {
				if uint32(a)&m != 0 {
					want[a]++
				}
			}
		}
	}
	for c := range clients {
		mask := uint32(1 + c%15)
		s, err := h.Subscribe([]string{"ru", "en"}[c%2], mask, fmt.Sprint("k", c), fmt.Sprint("p", c), 0)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			n, last := 0, int64(0)
			for f := range s.C {
				for _, e := range first(parse(f)) {
					seen, err := strconv.ParseUint(e.data, 10, 32)
					id, err2 := strconv.ParseInt(e.id, 10, 64)
					if err != nil || err2 != nil || uint32(seen)&mask == 0 || id < last {
						t.Errorf("client %d (%b) after %d: %+v", c, mask, last, e)
					}
					n, last = n+1, id
				}
			}
			if n != want[mask] {
				t.Errorf("client %d (%b) saw %d, want %d", c, mask, n, want[mask])
			}
		})
	}
	var pub sync.WaitGroup
	for p := range publishers {
		pub.Go(func() {
			for i, m := range masks[p] {
				data := strconv.Itoa(int(m))
				h.Publish(Message{ID: int64(1 + i*publishers + p), Event: "payout", Data: map[string]string{"ru": data, "en": data}, Audience: m})
			}
		})
	}
	for range 2 { // others come and go meanwhile
		pub.Go(func() {
			for i := range 100 {
				s, err := h.Subscribe("ru", 15, "guest", "guest", int64(i))
				if err != nil {
					t.Error(err)
					return
				}
				drained(s)
				switch i % 3 {
				case 0:
					s.Close()
				case 1:
					h.EndKey("guest")
				case 2:
					h.EndPerson("guest")
				}
			}
		})
	}
	pub.Wait()
	h.Close()
	wg.Wait()
}

func first(e []event, _ string) []event { return e }

// Coming back at any number, in any state of the ring, one has seen all or is told to reload.
func TestHub_ReplayNeverLies(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for round := range 3000 {
		h := New(Options{Ring: 1 + rng.IntN(6), Start: int64(rng.IntN(3))})
		var all []string // every message in order of publishing
		id := h.o.Start
		s := subscribe(t, h, 1, "k", 0)
		var seen []byte
		cut := rng.IntN(20)
		for i := range 20 {
			if i == cut { // the browser got part of what was sent
				f := drained(s)
				s.Close()
				frames := bytes.SplitAfter(f, []byte("\n\n"))
				seen = bytes.Join(frames[:rng.IntN(len(frames))], nil)
			}
			id += int64(rng.IntN(3)) - 1 // also late and equal ones
			id = max(id, 0)
			h.Publish(msg(id, fmt.Sprint("m", i)))
			all = append(all, fmt.Sprint("m", i))
		}
		_, last := parse(seen)
		lastID, err := strconv.ParseInt(cmpOr(last, "0"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if lastID == 0 {
			continue // it never knew a number: its page is fetched anew
		}
		again := drained(subscribe(t, h, 1, "k", lastID))
		events, _ := parse(append(bytes.Clone(seen), again...))
		if len(events) > 0 && slices.ContainsFunc(events, func(e event) bool { return e.name == ReloadEvent }) {
			continue
		}
		got := map[string]bool{}
		for _, e := range events {
			got[e.data] = true
		}
		for _, m := range all {
			if !got[m] {
				t.Fatalf("round %d, cut before %d, back at %d: %s was missed, and no reload: %s", round, cut, lastID, m, names(again))
			}
		}
	}
}

func cmpOr(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n, " streams"), func(b *testing.B) {
			h := New(Options{})
			var streams []*Stream
			for i := range n {
				s, err := h.Subscribe([]string{"ru", "en"}[i%2], 1, fmt.Sprint(i), "p", 0)
				if err != nil {
					b.Fatal(err)
				}
				streams = append(streams, s)
			}
			m := Message{ID: 1, Event: "payout", Data: map[string]string{"ru": strings.Repeat("б", 150), "en": strings.Repeat("b", 300)}, Audience: 1}
			b.ReportAllocs()
			for b.Loop() {
				m.ID++
				h.Publish(m)
				b.StopTimer()
				for _, s := range streams {
					drained(s)
				}
				b.StartTimer()
			}
			if h.Streams() != n {
				b.Fatalf("%d of %d streams left", h.Streams(), n)
			}
		})
	}
}
