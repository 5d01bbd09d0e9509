package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/internal/bank131"
	"countersign/internal/desktest"
	"countersign/internal/webhook"
)

const (
	senders  = 64
	perRound = 4000 // webhooks of one round
	rounds   = 5    // the median counts
)

// BenchmarkIntake sends signed webhooks by 64 connections to the real handler over a real desk (checked, deduped, stored with their event in the signed
// history, synchronous=FULL), and in the same minutes the same bodies to a bare group commit on the same disk: one writer, one prepared INSERT, no
// HTTP, no signature, no history. What came is not applied while it is measured; BenchmarkLife does that.
func BenchmarkIntake(b *testing.B) {
	d := desktest.New(b)
	srv := &http.Server{Handler: webhook.Handler(webhook.Options{Verifier: d.Hooks(), Desk: d.App})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ok(b, err)
	go func() { _ = srv.Serve(ln) }() // ends with Close
	b.Cleanup(func() { srv.Close() })
	for b.Loop() {
		b.StopTimer()
		all := requests(b, d, perRound*rounds)
		b.StartTimer()
		var ours, bare, p99, cpu []float64
		for i := range rounds {
			round := all[i*perRound : (i+1)*perRound]
			bare = append(bare, groupCommit(b, filepath.Join(d.Dir, "bare-"+strconv.Itoa(i)+".db"), round))
			began, used := time.Now(), desktest.CPU()
			took := send(b, ln.Addr().String(), round)
			ours = append(ours, perRound/time.Since(began).Seconds())
			cpu = append(cpu, float64((desktest.CPU()-used).Microseconds())/perRound)
			slices.Sort(took)
			p99 = append(p99, took[len(took)*99/100].Seconds()*1000)
		}

		desktest.Figure(b, 10, "webhooks taken, 64 senders", median(ours), "webhooks/s", "")
		desktest.Figure(b, 11, "  bare group commit of the same bodies", median(bare), "commits/s", "")
		desktest.Figure(b, 12, "  webhooks : bare group commit", median(ours)/median(bare), "x-bare", ">= 0.33")
		desktest.Figure(b, 13, "  p99", median(p99), "p99-ms", "11 (ref), 125 (PocketBase)")
		desktest.Figure(b, 14, "  processor time a webhook, sender included", slices.Min(cpu), "cpu-us/webhook", "114 (ref)")
		n := 0
		ok(b, d.SQL().QueryRow("SELECT COUNT(*) FROM inbox").Scan(&n))
		if n != len(all) && n%len(all) != 0 {
			b.Fatalf("%d messages stored of %d", n, len(all))
		}
	}
}

type request struct {
	head, body []byte
	sha        string
}

// requests are ready to be written to a connection, each signed by the bank's key.
func requests(b *testing.B, d *desktest.Desk, n int) []request {
	out := make([]request, n)
	sign := bank131.Signer{Key: d.BankRS}
	var wg sync.WaitGroup
	var next atomic.Int64
	stamp := time.Now().UnixNano()
	for range 4 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				body := fmt.Appendf(nil, `{"type":"payment_finished","session":{"id":"ps_%d_%d","status":"accepted","created_at":"2026-11-19T09:00:00.000000Z","updated_at":"2026-11-19T09:00:05.000000Z",`+
					`"payments":[{"id":"po_1","status":"succeeded","payment_method":{"type":"bank_account","bank_account":{"system_type":"ru","ru":{"bik":"044525974","account":"40817810100000000001",`+
					`"full_name":"Иванов Иван Иванович","description":"Перевод средств по договору № 5015553111 Иванов Иван Иванович НДС не облагается"}}},`+
					`"amount_details":{"amount":10000,"currency":"rub"},"metadata":"cs1-%d-abcdefghijklmnopqrstuvwxyz"}]}}`, stamp, i, i)
				sig, err := sign.Sign(body)
				if err != nil {
					panic(err)
				}
				sum := sha256.Sum256(body)
				out[i] = request{body: body, sha: hex.EncodeToString(sum[:]), head: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n",
					webhook.Path, webhook.Header, sig, len(body))}
			}
		})
	}
	wg.Wait()
	return out
}

// send writes all requests by so many connections and returns how long each waited for its 200.
func send(b *testing.B, addr string, all []request) []time.Duration {
	took := make([]time.Duration, len(all))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			in := bufio.NewReaderSize(c, 1024)
			var buf []byte
			for i := int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
				began := time.Now()
				buf = append(append(buf[:0], all[i].head...), all[i].body...)
				if _, err := c.Write(buf); err != nil {
					b.Error(err)
					return
				}
				if err := answer(in); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	return took
}

// answer reads one answer and wants a 200.
func answer(in *bufio.Reader) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answered %s", line)
	}
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return err
			}
		}
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return err
}

// groupCommit stores the same bodies by a bare group commit from as many goroutines, and returns how many a second.
func groupCommit(b *testing.B, path string, all []request) float64 {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	ok(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE inbox (id INTEGER PRIMARY KEY, sha TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT")
	ok(b, err)
	insert, err := db.Prepare("INSERT INTO inbox (sha, body) VALUES (?, ?)")
	ok(b, err)
	defer insert.Close()
	type job struct {
		r    *request
		done chan struct{}
	}
	jobs := make(chan job, 1024)
	ended := make(chan struct{})
	ctx := context.Background()
	began := time.Now()
	go func() {
		defer close(ended)
		var batch []job
		for j := range jobs {
			batch = append(batch[:0], j)
		more:
			for len(batch) < 256 {
				select {
				case j, open := <-jobs:
					if !open {
						break more
					}
					batch = append(batch, j)
				default:
					break more
				}
			}
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				panic(err)
			}
			stmt := tx.StmtContext(ctx, insert)
			for _, j := range batch {
				if _, err := stmt.ExecContext(ctx, j.r.sha, j.r.body); err != nil {
					panic(err)
				}
			}
			if err := tx.Commit(); err != nil {
				panic(err)
			}
			for _, j := range batch {
				close(j.done)
			}
		}
	}()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
				j := job{&all[i], make(chan struct{})}
				jobs <- j
				<-j.done
			}
		})
	}
	wg.Wait()
	rate := float64(len(all)) / time.Since(began).Seconds()
	close(jobs)
	<-ended
	return rate
}

func median(f []float64) float64 {
	f = slices.Sorted(slices.Values(f))
	return f[len(f)/2]
}

func ok(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
