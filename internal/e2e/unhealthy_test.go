package e2e

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// unhealthy wants apply to end by itself, before its timeout, with exit code 5 and these words.
func (w *world) unhealthy(service string, most time.Duration, words ...string) clustertest.Result {
	w.t.Helper()
	r := w.starctl("apply", service, "--yes", "--timeout", (most + 30*time.Second).String())
	if r.Code != 5 {
		w.t.Errorf("starctl apply %s: got %d, want 5 (applied but unhealthy)\n%s%s", service, r.Code, r.Stdout, r.Stderr)
		return r
	}
	if r.Took > most {
		w.t.Errorf("it took %s to say so, want at most %s: it waited for its timeout", r.Took.Round(time.Second), most)
	}
	w.wants("apply "+service, r.Stderr, words...)
	if *broken == "mended-meanwhile" {
		w.sets[service] = nil
		w.apply(service)
	}
	if s := w.starctl("status", service); s.Code != 5 || !strings.Contains(s.Stdout, words[0]) {
		w.t.Errorf("starctl status %s: got %d, want 5 and %q\n%s%s", service, s.Code, words[0], s.Stdout, s.Stderr)
	}
	w.t.Logf("after %s", r.Took.Round(time.Second))
	return r
}

// TestBadImage: an image that the registry does not have.
func TestBadImage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	emptyRegistry(t)
	w.sets["stock"] = []string{"tag=" + or("good-image", "missing", "v1")}
	w.unhealthy("stock", time.Minute, "Deployment stock", "container stock", "starctl.dev/hello:missing", "not found")
}

// emptyRegistry is where the node looks for starctl.dev.
func emptyRegistry(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:5000")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}`)
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
}

// backOff is for four runs of a container that ends at once: the kubelet waits 10 and 20 s between them, and longer when it is busy.
const backOff = 90 * time.Second

// TestCrashLoop: an application that ends at once. Its last words are shown.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("stock/deploy.star", `options("stock", tag`, `options("`+or("no-crash", "warehouse", "stock")+`", tag`)
	w.unhealthy("stock", backOff, "Deployment stock", "container stock", "usage: hello")
}

// TestProbeFails: it runs, and is never ready.
func TestProbeFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("ledger/deploy.star", `tcp("tcp-ledger", period_seconds = 2)`, `tcp(`+or("probe-succeeds", "7001", "7000")+`, period_seconds = 2)`)
	w.edit("ledger/deploy.star", "replicas = replicas,", "replicas = replicas, progress_deadline_seconds = "+or("no-deadline", "25", "600")+",")
	w.unhealthy("ledger", time.Minute, "Deployment ledger", "container ledger", "readiness probe", "connection refused", "ledger on")
}

// TestSidecarNeverReady: the application is not started beside an Envoy that cannot become ready, and apply says whose fault it is.
func TestSidecarNeverReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("lib/hello.star", `mode = mode)`, `mode = mode, container = {"startupProbe": {"httpGet": {"path": "/`+or("sidecar-ready", "never", "ready")+
		`", "port": 9902}, "periodSeconds": 1, "failureThreshold": 3}})`)
	w.unhealthy("client", time.Minute, "Deployment client", "envoy", "startup probe")
	w.notStarted()
}

// TestSidecarEnds: the same with an Envoy that refuses its configuration: its last words are shown.
func TestSidecarEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("lib/hello.star", `mode = mode)`, `mode = mode, container = {"args": ["--config-path", "/etc/envoy/`+or("sidecar-runs", "missing", "envoy")+`.yaml"]})`)
	w.unhealthy("client", backOff, "Deployment client", "envoy", "/etc/envoy/missing.yaml")
	w.notStarted()
}

// notStarted: the application beside the sidecar waits.
func (w *world) notStarted() {
	w.t.Helper()
	for _, p := range w.List(w.t, "Pod", w.ns, "app.kubernetes.io/name=client") {
		statuses, _ := p.At("status", "containerStatuses").([]any)
		for _, s := range statuses {
			if c := clustertest.Object(s.(map[string]any)); c.Text("state", "waiting", "reason") != "PodInitializing" {
				w.t.Errorf("%s: container %s: got %s, want it to wait for its sidecar", p.Name(), c.Text("name"), toText(c["state"]))
			}
		}
	}
}
