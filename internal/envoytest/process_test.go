package envoytest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/internal/envoybin"
	pb "google.golang.org/grpc/interop/grpc_testing"
)

// The ready listener gives out two paths of the admin interface and no other.
func TestReadyListener(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	w.publish(svc0, w.pod(1))
	w.start()
	for path, want := range map[string]int{
		"/ready": 200, "/stats/prometheus": 200,
		"/": 404, "/stats": 404, "/config_dump": 404, "/quitquitquit": 404, "/ready/": 404, "/ready/../config_dump": 404,
		"/stats/prometheus?usedonly": 200, "/stats/prometheus/../../config_dump": 404, "//ready": 404,
	} {
		code, _, err := w.envoy.Get(9902, path)
		if code != want {
			t.Errorf("GET %s: %d %v, want %d", path, code, err, want)
		}
	}
	for _, path := range []string{"/ready", "/stats/prometheus", "/quitquitquit"} {
		resp, err := http.Post("http://"+w.prefix+"1:9902"+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("POST %s: %d, want 404", path, resp.StatusCode)
		}
	}
}

// SIGTERM ends Envoy at once, calls in flight included: the kubelet sends it to
// a native sidecar only after the application is gone.
func TestTermination(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	pod := w.pod(1)
	pod.Delay.Store(int64(3 * time.Second))
	w.publish(svc0, pod)
	w.start()
	failed := make(chan error, 1)
	client := pb.NewTestServiceClient(w.dial(10001))
	go func() {
		_, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{})
		failed <- err
	}()
	w.eventually(10*time.Second, "the call is under way", func() bool { return pod.Calls.Load() > 0 })
	d, err := w.envoy.Stop()
	t.Logf("ended after %v (%v); the call in flight: %v", d, err, <-failed)
	if err != nil || d > 2*time.Second {
		t.Errorf("SIGTERM: %v after %v", err, d)
	}
}

// No shape of the bootstrap makes Envoy warn when it starts and runs.
func TestNoWarnings(t *testing.T) {
	shapes := map[string]func(c *envoy.Config){
		"gRPC": func(*envoy.Config) {},
		"all protocols": func(c *envoy.Config) {
			c.Upstreams[1].Protocol, c.Upstreams[2].Protocol = envoy.HTTP, envoy.TCP
			c.Upstreams[1].HealthCheck = &envoy.HealthCheck{Path: "/"}
		},
		"shared":   func(c *envoy.Config) { c.Listen, c.LocalPort = envoy.Shared, 10001 },
		"all logs": func(c *envoy.Config) { c.AccessLog.Which, c.Stats = envoy.LogAll, envoy.StatsAll },
		"static":   func(c *envoy.Config) { c.Upstreams[1].Addresses = []string{"127.0.0.1"} },
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config()
			shape(&c)
			noWarnings(t, c)
		})
	}
}

func noWarnings(t *testing.T, c envoy.Config) {
	t.Helper()
	w := newWorld(t, c)
	w.publish(svc0, w.pod(1))
	w.start()
	Load{Calls: 100}.Run(t.Context(), w.dial(10001))
	time.Sleep(time.Second)
	if got := envoybin.Warnings(w.envoy.Stderr.String()); len(got) > 0 {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// The connection limit of the overload manager holds and spares the ready listener.
func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	w.boot.EachTyped("DownstreamConnectionsConfig", func(m map[string]any) { m["max_active_downstream_connections"] = "3" })
	w.publish(svc0, w.pod(1))
	w.start()
	ok := 0
	for range 6 {
		if res := (Load{Calls: 1, Workers: 1, Timeout: time.Second}).Run(t.Context(), w.dial(10001)); res.OK() == 1 {
			ok++
		}
	}
	code, _, err := w.envoy.Get(9902, "/ready")
	t.Logf("%d of 6 connections served; /ready %d %v", ok, code, err)
	if ok != 3 || code != http.StatusOK {
		t.Errorf("%d connections of 6 served with a limit of 3; /ready %d", ok, code)
	}
}
