package envoytest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
)

// httpPod is the n-th backend of an HTTP/1 Service: it answers with its address and the Host it saw.
func (w *world) httpPod(n int, status *atomic.Int32) *http.Server {
	w.Helper()
	addr := fmt.Sprintf("%v:%d", w.ip(100+n), podPort)
	lis, err := net.Listen("tcp", addr)
	if err != nil {
		w.Fatal(err)
	}
	srv := &http.Server{IdleTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if s := status.Load(); s != 0 {
			rw.WriteHeader(int(s))
		}
		fmt.Fprintf(rw, "%s %s", addr, r.Host)
	})}
	go srv.Serve(lis)
	w.Cleanup(func() { srv.Close() })
	return srv
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	c := config()
	c.Upstreams[0].Protocol, c.Stats = envoy.HTTP, envoy.StatsAll
	w := newWorld(t, c)
	var status atomic.Int32
	for i := range 3 {
		w.httpPod(1+i, &status)
	}
	w.dns.SetAddrs(svc0, w.ip(101), w.ip(102), w.ip(103))
	w.start()
	by := map[string]int{}
	url := fmt.Sprintf("http://%s1:10001/", w.prefix)
	for range 60 {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		pod, host, _ := strings.Cut(string(body), " ")
		by[pod]++
		if host != svc0 {
			t.Fatalf("the Pod saw Host %q, want %q", host, svc0)
		}
	}
	if len(by) != 3 {
		t.Errorf("60 requests over one connection went to %v", by)
	}
	// A 503 of the application is not asked for again: what it did may be done.
	status.Store(http.StatusServiceUnavailable)
	resp, err := http.Post(url, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	stats := w.envoy.Stats(`cluster\.svc0\.upstream_rq_(retry|total)$`)
	if resp.StatusCode != http.StatusServiceUnavailable || stats["cluster.svc0.upstream_rq_retry"] != 0 {
		t.Errorf("POST: %s, %v", resp.Status, stats)
	}
	// Envoy closes unused connections before the server does.
	d := w.eventually(15*time.Second, "no idle connection is left", func() bool {
		return w.envoy.Stats(`.`)["cluster.svc0.upstream_cx_active"] == 0
	})
	stats = w.envoy.Stats(`cluster\.svc0\.upstream_cx_(total|idle_timeout|destroy_remote)$`)
	t.Logf("idle connections are gone after %v: %v", d, stats)
	if stats["cluster.svc0.upstream_cx_idle_timeout"] != stats["cluster.svc0.upstream_cx_total"] {
		t.Errorf("the server was the first to close: %v", stats)
	}
}

// A connection of the application's is one to a Pod; an address at which nothing listens is passed over.
func TestTCP(t *testing.T) {
	t.Parallel()
	c := config()
	c.Upstreams[0].Protocol = envoy.TCP
	w := newWorld(t, c)
	lis, err := net.Listen("tcp", fmt.Sprintf("%v:%d", w.ip(101), podPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lis.Close() })
	go echo(lis)
	w.dns.SetAddrs(svc0, w.ip(101), w.ip(102))
	w.start()
	for i := range 20 {
		conn, err := net.Dial("tcp", fmt.Sprintf("%s1:10001", w.prefix))
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprintf(conn, "ping %d\n", i)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || line != fmt.Sprintf("ping %d\n", i) {
			t.Fatalf("connection %d: %q %v", i, line, err)
		}
		conn.Close()
	}
	t.Log(w.envoy.Stats(`cluster\.svc0\.(upstream_cx_(total|connect_fail)|membership_healthy)$`))
}

func echo(lis net.Listener) {
	for {
		c, err := lis.Accept()
		if err != nil {
			return
		}
		go func() { defer c.Close(); io.Copy(c, c) }()
	}
}

// A health check takes a Pod out that accepts connections and answers nothing well, and lets it in again.
func TestHealthCheck(t *testing.T) {
	t.Parallel()
	c := config()
	u := &c.Upstreams[0]
	u.Protocol, u.HealthCheck = envoy.HTTP, &envoy.HealthCheck{Path: "/healthz", Interval: time.Second, Unhealthy: 2, Healthy: 1}
	w := newWorld(t, c)
	var well, ill atomic.Int32
	w.httpPod(1, &well)
	w.httpPod(2, &ill)
	w.dns.SetAddrs(svc0, w.ip(101), w.ip(102))
	w.start()
	w.waitHosts("svc0", 2, 10*time.Second)
	ill.Store(http.StatusInternalServerError)
	w.eventually(10*time.Second, "one of two is in rotation", func() bool { in, _ := w.healthy("svc0"); return in == 1 })
	ill.Store(0)
	t.Logf("back after %v", w.waitHosts("svc0", 2, 10*time.Second))
}
