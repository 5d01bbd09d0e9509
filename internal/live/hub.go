package live

import (
	"errors"
	"strconv"
	"sync"
)

// Bounds that hold where [Options] says nothing.
const (
	DefaultQueue   = 32
	DefaultRing    = 1024
	DefaultPerKey  = 6
	DefaultStreams = 4096
)

var (
	// ErrTooMany says that the sign-in has as many streams as it may have: answer 429.
	ErrTooMany = errors.New("too many streams for one sign-in")
	// ErrFull says that the hub has as many streams as it may have: answer 503.
	ErrFull = errors.New("too many streams")
	// ErrClosed says that the hub is closed: the desk is stopping.
	ErrClosed = errors.New("hub is closed")
)

// Options bounds a hub; 0 means the default.
type Options struct {
	Queue   int   // frames a stream may be behind before it is dropped
	Ring    int   // messages kept for those who come back
	PerKey  int   // streams a key (a sign-in) may have
	Streams int   // streams in all
	Start   int64 // number of the history when the hub starts: what is older is not remembered
}

// Message is one change. Everybody whose mask shares a bit with Audience gets it.
type Message struct {
	ID       int64             // sequence of the history; 0 or an old one means the newest published
	Event    string            // name of the event: "payout", "counts"
	Data     map[string]string // by language; "" stands for every language not named
	Audience uint32            // nobody, if 0
}

// kept is a message as it goes out: one frame a language, shared, never written again.
type kept struct {
	id       int64
	audience uint32
	frames   map[string][]byte
}

func (k *kept) frame(lang string) []byte {
	if f, ok := k.frames[lang]; ok {
		return f
	}
	return k.frames[""]
}

// Hub fans messages out. It is safe for use by many goroutines.
type Hub struct {
	o Options

	mu      sync.Mutex
	closed  bool
	seq     int64
	ring    []*kept // the last o.Ring messages, oldest at head, numbers never falling
	head    int
	floor   int64     // number of the youngest message that is remembered no more
	torn    bool      // more messages had that number
	streams []*Stream // all; each knows its place
	byKey   map[string]int
}

// New returns a hub that nobody listens to.
func New(o Options) *Hub {
	def := func(p *int, d int) {
		if *p <= 0 {
			*p = d
		}
	}
	def(&o.Queue, DefaultQueue)
	def(&o.Ring, DefaultRing)
	def(&o.PerKey, DefaultPerKey)
	def(&o.Streams, DefaultStreams)
	return &Hub{o: o, seq: o.Start, floor: o.Start, byKey: map[string]int{}}
}

// Sequence returns the newest number published (or Options.Start). A page that is rendered now may
// pass it as its lastID.
func (h *Hub) Sequence() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seq
}

// Publish sends m to all who may see it and remembers it. It never waits: a stream whose queue is
// full is closed instead. On a closed hub it does nothing.
func (h *Hub) Publish(m Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.seq = max(h.seq, m.ID)
	k := &kept{id: h.seq, audience: m.Audience, frames: make(map[string][]byte, len(m.Data))}
	for lang, data := range m.Data {
		k.frames[lang] = SSEFrame(k.id, m.Event, data)
	}
	h.remember(k)
	// Backwards, because dropping a stream moves the last one into its place.
	for i := len(h.streams) - 1; i >= 0; i-- {
		s := h.streams[i]
		if s.audience&k.audience == 0 {
			continue
		}
		f := k.frame(s.lang)
		if f == nil {
			continue
		}
		select {
		case s.c <- f:
		default:
			h.end(s)
		}
	}
}

func (h *Hub) remember(k *kept) {
	if len(h.ring) < h.o.Ring {
		h.ring = append(h.ring, k)
		return
	}
	old := h.ring[h.head]
	h.ring[h.head] = k
	h.head = (h.head + 1) % len(h.ring)
	// A group of one number is torn when its other members are younger, or were dropped before.
	h.torn = h.ring[h.head].id == old.id || h.floor == old.id
	h.floor = old.id
}

// Stream is one browser's queue. Read C until it is closed, then end the response.
type Stream struct {
	// C yields frames to write as they are; they are shared and must not be changed. It is closed
	// when the stream was ended, by either side, or fell behind.
	C <-chan []byte

	c        chan []byte
	hub      *Hub
	at       int // place in hub.streams, -1 when ended
	lang     string
	audience uint32
	key      string
	person   string
}

// Subscribe opens a stream. key names the sign-in and person the human being, for EndKey and
// EndPerson; audience is what they may see. lastID is the browser's Last-Event-ID, or the
// Sequence its page was rendered at: what came since is in the stream first, or the event
// "reload" when that is not remembered. A lastID of 0 or below asks for nothing old.
//
// It fails with ErrTooMany, ErrFull or ErrClosed. A sign-in that ended between the caller's look
// at it and this call is not known here: look once more after Subscribe.
func (h *Hub) Subscribe(lang string, audience uint32, key, person string, lastID int64) (*Stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case h.byKey[key] >= h.o.PerKey:
		return nil, ErrTooMany
	case len(h.streams) >= h.o.Streams:
		return nil, ErrFull
	}
	c := make(chan []byte, h.o.Queue+1) // and one for what is put in here
	s := &Stream{C: c, c: c, hub: h, at: len(h.streams), lang: lang, audience: audience, key: key, person: person}
	if first := h.missed(lang, audience, lastID); len(first) > 0 {
		c <- first
	}
	h.streams = append(h.streams, s)
	h.byKey[key]++
	return s, nil
}

// missed returns what a stream begins with: all it missed in one piece, or "reload", or its number.
func (h *Hub) missed(lang string, audience uint32, lastID int64) []byte {
	if lastID > 0 {
		// A number above ours is no gap: the page was rendered from a commit not announced yet, or
		// from one that nobody announces.
		if lastID < h.floor || lastID == h.floor && h.torn {
			return SSEFrame(h.seq, ReloadEvent, "gap")
		}
		var out []byte
		again := h.grouped(lastID)
		for i := range h.ring {
			k := h.ring[(h.head+i)%len(h.ring)]
			if k.audience&audience != 0 && (k.id > lastID || again && k.id == lastID) {
				out = append(out, k.frame(lang)...)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	if h.seq <= 0 {
		return nil
	}
	// No data line: the browser notes the number and tells the page nothing.
	return append(strconv.AppendInt([]byte("id: "), h.seq, 10), "\n\n"...)
}

// grouped reports whether whoever knows this number may have missed a message of the same number:
// there are several, or there is one and it came after the hub started at that number.
func (h *Hub) grouped(id int64) bool {
	n := 0
	for _, k := range h.ring {
		if k.id == id {
			n++
		}
	}
	return n > 1 || n == 1 && id == h.o.Start
}

// Close ends the stream; C is closed when it returns. It may be called more than once.
func (s *Stream) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.end(s)
}

// end needs h.mu. Only here is a channel closed, and only under the lock under which all send.
func (h *Hub) end(s *Stream) {
	if s.at < 0 {
		return
	}
	last := len(h.streams) - 1
	h.streams[s.at] = h.streams[last]
	h.streams[s.at].at = s.at
	h.streams[last] = nil
	h.streams = h.streams[:last]
	s.at = -1
	if h.byKey[s.key]--; h.byKey[s.key] == 0 {
		delete(h.byKey, s.key)
	}
	close(s.c)
}

// EndKey ends all streams of a sign-in and returns how many there were: it was signed out or ran
// out. What waited in their queues is thrown away.
func (h *Hub) EndKey(key string) int {
	return h.endIf(func(s *Stream) bool { return s.key == key })
}

// EndPerson ends all streams of a human being, whatever sign-in they used, and returns how many
// there were: they were suspended or their roles changed.
func (h *Hub) EndPerson(person string) int {
	return h.endIf(func(s *Stream) bool { return s.person == person })
}

func (h *Hub) endIf(match func(*Stream) bool) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.streams) - 1; i >= 0; i-- {
		if s := h.streams[i]; match(s) {
			h.drain(s)
			h.end(s)
			n++
		}
	}
	return n
}

// drain throws away what waits: somebody who was suspended reads no more of it.
func (h *Hub) drain(s *Stream) {
	for {
		select {
		case <-s.c:
		default:
			return
		}
	}
}

// Streams returns how many streams are open.
func (h *Hub) Streams() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams)
}

// Close ends all streams and refuses new ones. It may be called more than once.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for len(h.streams) > 0 {
		h.end(h.streams[len(h.streams)-1])
	}
}
