package web

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/lang"
	"countersign/internal/payout"
)

// crowd is many readers on connections of their own; each reports when it has read so many bytes.
type crowd struct {
	conns []net.Conn
	heard chan time.Time
	mark  []byte
}

// reader reports the moment at which the mark is read, over and over.
func (c *crowd) reader(conn net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], c.mark) {
			c.heard <- time.Now()
		}
	}
}

// last waits until all have heard and returns the latest moment.
func (c *crowd) last(b *testing.B) (last time.Time) {
	over := time.After(20 * time.Second)
	for range c.conns {
		select {
		case t := <-c.heard:
			if t.After(last) {
				last = t
			}
		case <-over:
			b.Fatal("not all heard within 20 s")
		}
	}
	return last
}

func (c *crowd) close() {
	for _, x := range c.conns {
		x.Close()
	}
}

// streams opens n streams over real HTTP. With listen each is read by a goroutine of its own.
func (s *site1) streams(b *testing.B, addr string, n int, listen bool) *crowd {
	b.Helper()
	c := &crowd{heard: make(chan time.Time, n), mark: []byte("event: payout")}
	for range n {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "GET /live HTTP/1.1\r\nHost: localhost:8131\r\nCookie: %s\r\nAccept-Language: ru\r\n\r\n", s.cookie); err != nil {
			b.Fatal(err)
		}
		c.conns = append(c.conns, conn)
		if listen {
			go c.reader(conn)
		}
	}
	for range 1000 {
		if s.web.Hub.Streams() >= n {
			return c
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.Fatalf("%d streams of %d", s.web.Hub.Streams(), n)
	return nil
}

// BenchmarkLive commits changes to a payout and waits until the last of 1,000 streams has it, beside a loop that writes the same bytes to 1,000 raw
// connections; then holds 5,000 streams and asks what one costs.
func BenchmarkLive(b *testing.B) {
	d := desktest.New(b)
	s := newSite(b, d, "u1")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := NewServer(s.h)
	go func() { _ = srv.Serve(ln) }() // ends with Close
	b.Cleanup(func() { srv.Close() })
	const readers = 1000
	b.Run("fan-out", func(b *testing.B) {
		for b.Loop() {
			c := s.streams(b, ln.Addr().String(), readers, true)
			raw, write := rawCrowd(b, readers)
			content := d.Content(10_000)
			id, err := d.App.Enter(b.Context(), d.Who["m1"], app.Entry{Form: fmt.Sprintf("bench-%d", time.Now().UnixNano()), Content: content})
			if err != nil {
				b.Fatal(err)
			}
			c.last(b)
			var ours, bare, cpu []float64
			for i := range 25 {
				frame := frameOf(b, s, id)
				began := time.Now()
				write(frame)
				r := raw.last(b).Sub(began)
				content.Note = fmt.Sprintf("change %d", i)
				snap := d.Get(id)
				used := desktest.CPU()
				committed := time.Now()
				if err := d.App.Edit(b.Context(), d.Who["m1"], id, snap.Version, app.Entry{Form: fmt.Sprintf("edit-%d-%d", i, time.Now().UnixNano()), Content: content}); err != nil {
					b.Fatal(err)
				}
				o := c.last(b).Sub(committed)
				cpu = append(cpu, float64((desktest.CPU()-used).Microseconds())/readers)
				ours, bare = append(ours, o.Seconds()*1000), append(bare, r.Seconds()*1000)
			}
			desktest.Figure(b, 50, "commit to the last of 1,000 streams (commit included)", middle(ours), "last-ms", "<= 16")
			desktest.Figure(b, 51, "  the same bytes to 1,000 raw connections", middle(bare), "raw-ms", "8.5 (ref)")
			desktest.Figure(b, 52, "  streams : raw connections", middle(ours)/middle(bare), "x-raw", "<= 1.9")
			desktest.Figure(b, 53, "  processor time a stream, reader included", middle(cpu), "cpu-us/stream", "")
			c.close()
			raw.close()
		}
		s.empty(b)
	})
	b.Run("memory", func(b *testing.B) {
		const many = 5000
		for b.Loop() {
			before := held()
			c := s.streams(b, ln.Addr().String(), many, false)
			time.Sleep(200 * time.Millisecond)
			with := held()
			// The reading ends are in this process too: each costs half of a raw pair.
			idle, _ := rawCrowdIdle(b, many/5)
			both := held()
			desktest.Figure(b, 55, "memory a stream, 5,000 streams", (float64(with-before)-float64(both-with)/2*5)/many/1024, "KB/stream", "<= 8 (ref 26.7)")
			idle.close()
			c.close()
		}
		s.empty(b)
	})
}

// empty waits until the hub has seen all readers go.
func (s *site1) empty(b *testing.B) {
	for range 3000 {
		if s.web.Hub.Streams() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.Fatalf("%d streams are left", s.web.Hub.Streams())
}

// frameOf is as many bytes as a change of the payout puts on a stream.
func frameOf(b *testing.B, s *site1, id payout.ID) []byte {
	rows, err := s.Store.Rows(b.Context(), []payout.ID{id})
	if err != nil || len(rows) != 1 {
		b.Fatal(err, len(rows))
	}
	dd, err := s.web.readDesk(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	html, err := badgeHTML(context.Background(), dd.badge(lang.Russian, rows[0], s.Clock.Now()))
	if err != nil {
		b.Fatal(err)
	}
	return []byte("id: 100000\nevent: payout\ndata: " + html + "\n\n")
}

// rawCrowd is as many plain connections with a reader each, and a loop that writes to all.
func rawCrowd(b *testing.B, n int) (*crowd, func([]byte)) {
	c, ends := rawCrowdIdle(b, n)
	for _, conn := range c.conns {
		go c.reader(conn)
	}
	return c, func(frame []byte) {
		for _, e := range ends {
			if _, err := e.Write(frame); err != nil {
				b.Error(err)
				return
			}
		}
	}
}

func rawCrowdIdle(b *testing.B, n int) (*crowd, []net.Conn) {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	c := &crowd{heard: make(chan time.Time, n), mark: []byte("event: payout")}
	ends := make([]net.Conn, 0, n)
	for range n {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		end, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		c.conns, ends = append(c.conns, conn), append(ends, end)
	}
	b.Cleanup(func() {
		for _, e := range ends {
			e.Close()
		}
	})
	return c, ends
}
