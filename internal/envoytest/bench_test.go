package envoytest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var results = flag.String("results", "", "measure the sidecar, and write this file")

// rounds is how often everything is measured, each thing in turn, so that what else the machine does meets all alike.
const rounds = 5

// TestBench prints what a sidecar costs, as ratios within one run: times on another machine, or in another hour, say little.
func TestBench(t *testing.T) {
	if *results == "" {
		t.Skip("needs -results FILE")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# What a sidecar costs\n\nBy `make bench-envoy`: Envoy %s with 2 worker threads, application, sidecar and Pods on one machine with %d CPUs. Each\n"+
		"figure is the median of %d rounds. The ratios are what to compare: both sides of each are from the same run.\n", envoy.EnvoyVersion, runtime.NumCPU(), rounds)
	benchLatency(t, &b)
	benchSizes(t, &b)
	t.Log("\n" + b.String())
	if err := os.WriteFile(*results, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func benchLatency(t *testing.T, b *strings.Builder) {
	w := newWorld(t, upstreams(1, envoy.PerUpstream))
	pod := w.pod(1)
	w.publish("up0.ns.svc.cluster.local", pod)
	w.start()
	direct, via := dial(t, "passthrough:///"+pod.Addr.String()), w.dial(10001)
	Load{Calls: 500}.Run(t.Context(), direct)
	Load{Calls: 500}.Run(t.Context(), via)
	b.WriteString("\n## Latency\n\nOf a unary gRPC call that the Pod answers at once.\n\n| calls at once | percentile | without | with the sidecar | ratio | added |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, workers := range []int{1, 8} {
		load := Load{Calls: 3000, Workers: workers}
		var with, without [rounds]*Result
		for i := range rounds {
			without[i], with[i] = load.Run(t.Context(), direct), load.Run(t.Context(), via)
			if n := without[i].Failed() + with[i].Failed(); n > 0 {
				t.Errorf("%d calls failed", n)
			}
		}
		for _, p := range []float64{0.5, 0.99} {
			at := func(of [rounds]*Result) time.Duration {
				var all []time.Duration
				for _, r := range of {
					all = append(all, r.Percentile(p))
				}
				return median(all)
			}
			d, v := at(without), at(with)
			fmt.Fprintf(b, "| %d | p%.0f | %s | %s | %.2f | %s |\n", workers, p*100, milliseconds(d), milliseconds(v), float64(v)/float64(d), milliseconds(v-d))
		}
	}
	fmt.Fprintf(b, "\nWith 8 at once the p99 is how %d CPUs are shared by all of them, more than the sidecar.\n", runtime.NumCPU())
	w.envoy.Stop()
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

func median[T int | time.Duration](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

// size is a sidecar with so many upstreams.
type size struct {
	n      int
	listen string
	ready  []time.Duration
	memory []int // MiB, after calls to every upstream
}

func benchSizes(t *testing.T, b *strings.Builder) {
	perUpstream, shared := fitting(envoy.PerUpstream), fitting(envoy.Shared)
	sizes := []*size{
		{n: 1, listen: envoy.PerUpstream},
		{n: 10, listen: envoy.PerUpstream},
		{n: 100, listen: envoy.PerUpstream},
		{n: perUpstream, listen: envoy.PerUpstream},
		{n: 100, listen: envoy.Shared},
		{n: shared, listen: envoy.Shared},
	}
	for range rounds {
		for _, s := range sizes {
			s.measure(t)
		}
	}
	fmt.Fprintf(b, "\n## Size\n\nTime until `/ready` says 200, and memory of Envoy's own after calls to every upstream, 3 Pods each. A ConfigMap holds 1 MiB: that is\n"+
		"%d gRPC upstreams with a listener each, and %d behind a shared one; more are refused, so there is no figure for 300.\n\n", perUpstream, shared)
	b.WriteString("| upstreams | listen | ready after | ratio | memory | ratio |\n| --- | --- | --- | --- | --- | --- |\n")
	one := sizes[0]
	for _, s := range sizes {
		ready, memory := median(s.ready), median(s.memory)
		fmt.Fprintf(b, "| %d | %s | %s | %.2f | %d MiB | %.2f |\n", s.n, s.listen, milliseconds(ready), float64(ready)/float64(median(one.ready)),
			memory, float64(memory)/float64(median(one.memory)))
	}
}

func (s *size) measure(t *testing.T) {
	t.Helper()
	t.Run(fmt.Sprint(s.n, " ", s.listen), func(t *testing.T) {
		w := newWorld(t, upstreams(s.n, s.listen))
		pods := w.pods(3)
		for i := range s.n {
			w.publish(fmt.Sprintf("up%d.ns.svc.cluster.local", i), pods...)
		}
		s.ready = append(s.ready, w.start())
		for i := range s.n {
			conn := w.dial(10001 + i)
			if s.listen == envoy.Shared {
				conn = w.dialAs(8000, fmt.Sprint("up", i))
			}
			if res := (Load{Calls: 6, Workers: 2}).Run(t.Context(), conn); res.Failed() > 0 {
				t.Fatalf("upstream %d: %v", i, res)
			}
			conn.Close()
		}
		own, _ := w.envoy.Memory()
		s.memory = append(s.memory, own)
	})
}

// dialAs connects to a port of Envoy for a Host.
func (w *world) dialAs(port int, authority string) *grpc.ClientConn {
	w.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("passthrough:///%s1:%d", w.prefix, port), grpc.WithAuthority(authority), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { conn.Close() })
	return conn
}

// upstreams is a configuration of n gRPC upstreams.
func upstreams(n int, listen string) envoy.Config {
	c := envoy.Config{App: "app", Namespace: "ns", Listen: listen}
	for i := range n {
		c.Upstreams = append(c.Upstreams, envoy.Upstream{Name: fmt.Sprint("up", i), Port: podPort})
	}
	return c
}

// fitting is how many upstreams a ConfigMap holds.
func fitting(listen string) int {
	low, high := 1, 1000
	for low+1 < high {
		n := (low + high) / 2
		if _, problems := envoy.Bootstrap(upstreams(n, listen)); len(problems) == 0 {
			low = n
		} else {
			high = n
		}
	}
	return low
}
