package main

import (
	"net"
	"sync"
	"syscall"
)

// Bounds of connections at once.
const (
	ownFiles  = 48    // files that the desk needs for itself: databases, anchor, copies, the calls to the bank
	leastOpen = 16    // connections, however few files there are
	mostOpen  = 4_000 // connections, however many
)

// crowded lets no more connections in than there are files besides the desk's own: a crowd at the door must not keep it from writing. Who is one too many waits in
// the kernel's queue until a place is free; silent ones lose theirs by the server's deadlines.
func crowded(l net.Listener) net.Listener {
	var files syscall.Rlimit
	n := mostOpen
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && files.Cur < mostOpen+ownFiles {
		n = max(int(files.Cur)-ownFiles, leastOpen)
	}
	return &crowd{Listener: l, places: make(chan struct{}, n), over: make(chan struct{})}
}

type crowd struct {
	net.Listener
	places chan struct{}
	over   chan struct{} // closed with the listener
	once   sync.Once
}

// Accept waits for a place and a connection.
func (c *crowd) Accept() (net.Conn, error) {
	select {
	case c.places <- struct{}{}:
	case <-c.over:
		return nil, net.ErrClosed
	}
	conn, err := c.Listener.Accept()
	if err != nil {
		<-c.places
		return nil, err
	}
	return &guest{Conn: conn, leave: sync.OnceFunc(func() { <-c.places })}, nil
}

// Close ends a waiting Accept too.
func (c *crowd) Close() error {
	c.once.Do(func() { close(c.over) })
	return c.Listener.Close()
}

type guest struct {
	net.Conn
	leave func()
}

// Close gives the place back, once.
func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
}

// CloseWrite ends our half, so that an answer to a body that was not read to its end arrives before the connection is cut.
func (g *guest) CloseWrite() error {
	if c, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}
