package envoytest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
)

// entry is a line of the access log.
type entry struct {
	Flags, GRPC, Details, Failure string
	Code                          int
}

// firstEntry waits for what is logged first.
func (w *world) firstEntry() (e entry) {
	w.Helper()
	w.eventually(5*time.Second, "a line in the access log", func() bool {
		line, _, whole := strings.Cut(w.envoy.Stdout.String(), "\n")
		return whole && json.Unmarshal([]byte(line), &e) == nil
	})
	return e
}

// value is the sum of a series over all of its labels.
func (s *scrape) value(series string) (sum float64) {
	for _, l := range s.lines {
		if strings.HasPrefix(l, series+"{") {
			var v float64
			fmt.Sscanf(l[strings.LastIndex(l, " ")+1:], "%g", &v)
			sum += v
		}
	}
	return sum
}

func (w *world) call() {
	Load{Calls: 1, Workers: 1, Timeout: 8 * time.Second}.Run(w.Context(), w.dial(10001))
}

func (w *world) get() {
	client := http.Client{Timeout: 5 * time.Second}
	if resp, err := client.Get(fmt.Sprintf("http://%s1:10001/", w.prefix)); err == nil {
		resp.Body.Close()
	}
}

// slowly makes the Pod of svc0 take its time.
func (w *world) slowly() *Backend {
	p := w.known()
	p.Delay.Store(int64(3 * time.Second))
	return p
}

// known is the only Pod of svc0, which Envoy knows.
func (w *world) known() *Backend {
	p := w.pod(1)
	w.publish(svc0, p)
	w.waitHosts("svc0", 1, 9*time.Second)
	return p
}

// answering is an HTTP/1 Pod of svc0 that answers every connection with a text, and closes it.
func (w *world) answering(text string) {
	w.serve(func(c net.Conn) {
		c.Read(make([]byte, 1<<10))
		c.Write([]byte(text))
		c.Close()
	})
}

func (w *world) serve(f func(net.Conn)) {
	lis, err := net.Listen("tcp", fmt.Sprintf("%v:%d", w.ip(101), podPort))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { lis.Close() })
	go func() {
		for {
			c, err := lis.Accept()
			if err != nil {
				return
			}
			go f(c)
		}
	}()
	w.dns.SetAddrs(svc0, w.ip(101))
	w.waitHosts("svc0", 1, 9*time.Second)
}

// incidents are what can go wrong, and what the log and the statistics say then.
var incidents = []struct {
	name    string
	flags   string
	details string // prefix
	series  string // that grows
	edit    func(u *envoy.Upstream)
	run     func(w *world)
}{
	{"no Pod", "UH", "no_healthy_upstream", "envoy_cluster_upstream_cx_none_healthy", nil, (*world).call},
	{"connection refused", "URX,UF", "upstream_reset_before_response_started{remote_connection_failure", "envoy_cluster_upstream_cx_connect_fail", nil, func(w *world) {
		w.known().Stop()
		w.call()
	}},
	{"nobody there", "URX,UF", "upstream_reset_before_response_started{connection_timeout}", "envoy_cluster_upstream_cx_connect_timeout", nil, func(w *world) {
		if err := w.known().Vanish(); err != nil {
			w.Fatal(err)
		}
		w.call()
	}},
	{"killed", "UC", "upstream_reset_before_response_started{connection_termination}", "envoy_cluster_upstream_rq_xx", nil, func(w *world) {
		p := w.slowly()
		time.AfterFunc(500*time.Millisecond, p.Stop)
		w.call()
	}},
	{"broken off", "UR", "upstream_reset_before_response_started{remote_reset}", "envoy_cluster_upstream_rq_rx_reset", http2, func(w *world) {
		srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), Protocols: new(http.Protocols)}
		srv.Protocols.SetUnencryptedHTTP2(true)
		lis, err := net.Listen("tcp", fmt.Sprintf("%v:%d", w.ip(101), podPort))
		if err != nil {
			w.Fatal(err)
		}
		go srv.Serve(lis)
		w.Cleanup(func() { srv.Close() })
		w.dns.SetAddrs(svc0, w.ip(101))
		w.waitHosts("svc0", 1, 9*time.Second)
		w.get()
	}},
	{"always unavailable", "URX", "via_upstream", "envoy_cluster_upstream_rq_retry", nil, func(w *world) {
		w.known().Fail.Store(uint32(codes.Unavailable))
		w.call()
	}},
	{"too many", "UO", "upstream_reset_before_response_started{overflow}", "envoy_cluster_upstream_rq_active_overflow", func(u *envoy.Upstream) { u.CircuitBreaker.Requests = 1 }, func(w *world) {
		w.slowly()
		Load{Calls: 3, Workers: 3, Timeout: 5 * time.Second}.Run(w.Context(), w.dial(10001))
	}},
	{"HTTP timeout", "UT", "response_timeout", "envoy_cluster_upstream_rq_timeout", func(u *envoy.Upstream) { u.Protocol, u.Timeout = envoy.HTTP, time.Second }, func(w *world) {
		w.serve(func(c net.Conn) { time.Sleep(3 * time.Second); c.Close() })
		w.get()
	}},
	{"one try too long", "UT", "upstream_per_try_timeout", "envoy_cluster_grpc_14", func(u *envoy.Upstream) { u.Retries.PerTryTimeout = time.Second }, func(w *world) {
		w.slowly()
		w.call()
	}},
	{"deadline", "-", "max_duration_timeout", "envoy_http_downstream_rq_max_duration_reached", func(u *envoy.Upstream) { u.Timeout = time.Second }, func(w *world) {
		// A Pod that knows nothing of deadlines: else it may answer first.
		w.serve(func(c net.Conn) { time.Sleep(3 * time.Second); c.Close() })
		pb.NewTestServiceClient(w.dial(10001)).UnaryCall(w.Context(), &pb.SimpleRequest{})
	}},
	{"silence", "SI", "stream_idle_timeout", "envoy_cluster_grpc_14", func(u *envoy.Upstream) { u.IdleTimeout = time.Second }, func(w *world) {
		w.slowly()
		w.call()
	}},
	{"caller gave up", "DR", "http2.remote_reset", "envoy_http_downstream_rq_total", nil, func(w *world) {
		w.slowly()
		ctx, cancel := context.WithTimeout(w.Context(), 10*time.Second)
		time.AfterFunc(500*time.Millisecond, cancel)
		pb.NewTestServiceClient(w.dial(10001)).UnaryCall(ctx, &pb.SimpleRequest{})
	}},
	{"caller gone", "DC", "downstream_remote_disconnect", "envoy_http_downstream_rq_total", func(u *envoy.Upstream) { u.Protocol = envoy.HTTP }, func(w *world) {
		w.serve(func(c net.Conn) { time.Sleep(3 * time.Second); c.Close() })
		c, err := net.Dial("tcp", w.prefix+"1:10001")
		if err != nil {
			w.Fatal(err)
		}
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: svc0\r\n\r\n")
		time.Sleep(500 * time.Millisecond)
		c.Close()
	}},
	{"not HTTP", "DPE", "http1.codec_error", "envoy_listener_downstream_cx_total", nil, func(w *world) {
		c, err := net.Dial("tcp", w.prefix+"1:10001")
		if err != nil {
			w.Fatal(err)
		}
		fmt.Fprintf(c, "hello\r\n\r\n")
		c.Read(make([]byte, 1))
		c.Close()
	}},
	{"answer is not HTTP", "UPE", "upstream_reset_before_response_started{protocol_error}", "envoy_cluster_upstream_rq_xx", func(u *envoy.Upstream) { u.Protocol = envoy.HTTP }, func(w *world) {
		w.answering("hello\r\n\r\n")
		w.get()
	}},
	{"the application's own 503", "-", "via_upstream", "envoy_cluster_upstream_rq_xx", func(u *envoy.Upstream) { u.Protocol = envoy.HTTP }, func(w *world) {
		w.answering("HTTP/1.1 503 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
		w.get()
	}},
	{"the application's own status", "-", "via_upstream", "envoy_cluster_grpc_13", nil, func(w *world) {
		w.known().Fail.Store(uint32(codes.Internal))
		w.call()
	}},
}

func http2(u *envoy.Upstream) { u.Protocol = envoy.HTTP2 }

// What docs/incidents.md says of flags is what Envoy logs and counts.
func TestIncidents(t *testing.T) {
	page, err := os.ReadFile("../../docs/incidents.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range incidents {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			flag := c.flags[strings.LastIndex(c.flags, ",")+1:]
			detail := regexp.MustCompile(`[a-z0-9_.{]+[a-z_]`).FindString(c.details)
			row := regexp.MustCompile("(?m)^\\| `"+flag+"` \\|.*$").FindAllString(string(page), -1)
			if !slices.ContainsFunc(row, func(r string) bool { return strings.Contains(r, detail) && strings.Contains(r, c.series) }) {
				t.Errorf("the page has no row %s with %s and %s", flag, detail, c.series)
			}
			cfg := config()
			cfg.Tracing = nil
			if c.edit != nil {
				c.edit(&cfg.Upstreams[0])
			}
			w := newWorld(t, cfg)
			w.start("--file-flush-interval-msec", "100")
			before := w.scrape().value(c.series)
			c.run(w)
			e := w.firstEntry()
			if e.Flags != c.flags || !strings.HasPrefix(e.Details, c.details) {
				t.Errorf("logged %+v, want flags %s and details %s", e, c.flags, c.details)
			}
			w.eventually(3*time.Second, c.series+" grows", func() bool { return w.scrape().value(c.series) > before })
		})
	}
}

// A TCP upstream has no details, but why it could not connect.
func TestIncidentsOfTCP(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Tracing = nil
	cfg.Upstreams[0].Protocol = envoy.TCP
	w := newWorld(t, cfg)
	w.dns.SetAddrs(svc0, w.ip(101))
	w.start("--file-flush-interval-msec", "100")
	w.waitHosts("svc0", 1, 9*time.Second)
	c, err := net.Dial("tcp", w.prefix+"1:10001")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(5 * time.Second))
	c.Read(make([]byte, 1))
	if e := w.firstEntry(); e.Flags != "UF,URX" || !strings.Contains(e.Failure, "Connection_refused") {
		t.Errorf("%+v", e)
	}
}

// A Host that the shared listener does not know is no flag, but a body that names those it knows.
func TestIncidentOfHost(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Tracing = nil
	cfg.Listen = envoy.Shared
	w := newWorld(t, cfg)
	w.start("--file-flush-interval-msec", "100")
	Load{Calls: 1}.Run(t.Context(), dial(t, fmt.Sprintf("passthrough:///%s1:8000", w.prefix)))
	if e := w.firstEntry(); e.Flags != "-" || e.Details != "direct_response" || e.GRPC != "Unimplemented" {
		t.Errorf("%+v", e)
	}
}
