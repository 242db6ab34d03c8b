package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/status"

	pb "github.com/starctl/starctl/examples/hello-mesh/hellopb"
)

// load is a closed loop: some workers, each of which makes its next call when the last has been answered.
type load struct {
	workers, limit int
	pause, timeout time.Duration
	call           func(ctx context.Context, id string) (*pb.PlaceReply, error)
	opened         *atomic.Int64

	mu    sync.Mutex
	begun int
	seen  report
}

// report is what /report answers, all counted since the start.
type report struct {
	First       string         `json:"first"` // "ok", or why the very first call failed
	Calls       int            `json:"calls"`
	Failed      int            `json:"failed"`
	Codes       map[string]int `json:"codes"`   // of the failed
	Samples     []string       `json:"samples"` // the first few failures
	Connections int64          `json:"connections"`
	LongestMs   int64          `json:"longestMs"`
	Orders      map[string]int `json:"orders"` // answers by Pod
	Payments    map[string]int `json:"payments"`
	Stock       map[string]int `json:"stock"`
	Ledger      map[string]int `json:"ledger"`
	Versions    map[string]int `json:"versions"` // of who answered
}

func newLoad(c *config, call func(context.Context, string) (*pb.PlaceReply, error)) *load {
	l := &load{workers: c.workers, pause: c.pause, timeout: c.timeout, call: call}
	for _, m := range []*map[string]int{&l.seen.Codes, &l.seen.Orders, &l.seen.Payments, &l.seen.Stock, &l.seen.Ledger, &l.seen.Versions} {
		*m = map[string]int{}
	}
	return l
}

// first makes one call at once, as an application does that warms up: whoever started it must have started its proxy before.
func (l *load) first(ctx context.Context) {
	l.seen.First = "ok"
	if err := l.one(ctx, "first"); err != nil {
		l.seen.First = err.Error()
	}
	l.print("FIRST")
}

func (l *load) run(ctx context.Context) {
	var wg sync.WaitGroup
	for range l.workers {
		wg.Go(func() {
			for id, more := l.next(ctx); more; id, more = l.next(ctx) {
				_ = l.one(context.WithoutCancel(ctx), id)
				select {
				case <-ctx.Done():
				case <-time.After(l.pause):
				}
			}
		})
	}
	wg.Wait()
}

func (l *load) next(ctx context.Context) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() != nil || l.limit > 0 && l.begun >= l.limit {
		return "", false
	}
	l.begun++
	return strconv.Itoa(l.begun), true
}

func (l *load) one(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	begun := time.Now()
	reply, err := l.call(ctx, id)
	l.count(reply, err, time.Since(begun))
	return err
}

func (l *load) count(reply *pb.PlaceReply, err error, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.seen
	s.Calls++
	s.LongestMs = max(s.LongestMs, took.Milliseconds())
	if err != nil {
		s.Failed++
		s.Codes[status.Code(err).String()]++
		sample := fmt.Sprintf("%s after %d ms: %v", time.Now().UTC().Format("15:04:05.000"), took.Milliseconds(), err)
		if len(s.Samples) < 10 {
			s.Samples = append(s.Samples, sample)
		}
		fmt.Fprintln(os.Stderr, "failed at", sample)
		return
	}
	for _, a := range []struct {
		by  map[string]int
		pod *pb.Pod
	}{{s.Orders, reply.GetOrders()}, {s.Payments, reply.GetPayment().GetPayments()}, {s.Stock, reply.GetStock().GetStock()}} {
		if a.pod != nil {
			a.by[a.pod.GetName()]++
			s.Versions[a.pod.GetVersion()]++
		}
	}
	if pod := reply.GetPayment().GetLedger(); pod != "" {
		s.Ledger[pod]++
	}
}

func (l *load) report() report {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, _ := json.Marshal(l.seen) // a copy, the maps too
	var r report
	_ = json.Unmarshal(b, &r)
	if l.opened != nil {
		r.Connections = l.opened.Load()
	}
	return r
}

func (l *load) serve(addr string) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(l.report())
	})
	mux.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(addr, mux))
	os.Exit(1)
}
