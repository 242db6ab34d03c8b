package e2e

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// TestHelloMesh applies the whole example, in the order of who calls whom, and looks at all that should be there.
func TestHelloMesh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("stock/deploy.star", "envoy.headless_service(app)]", `envoy.headless_service(app),
        service("stock-vip", workload = app, ports = {"grpc": port(`+or("no-proxy", "8080", "8079")+`, target = "grpc")})]`)
	for _, service := range []string{"ledger", "stock", "payments", "orders", "client"} {
		r := w.apply(service)
		w.wants("apply "+service, r.Stdout, "healthy")
	}
	t.Run("Calls", func(t *testing.T) { w.in(t).callsReachAll() })
	t.Run("OutsideTheMesh", func(t *testing.T) { w.in(t).stockCallsPayments() })
	t.Run("ClusterIP", func(t *testing.T) { w.in(t).clusterIP() })
	t.Run("Metrics", func(t *testing.T) { w.in(t).metrics() })
	t.Run("Job", func(t *testing.T) { w.in(t).job() })
	t.Run("DiffAndStatus", func(t *testing.T) { w.in(t).diffAndStatus() })
	t.Run("PodSecurity", func(t *testing.T) { w.in(t).podSecurity() })
}

// in is the same world for a part of a test.
func (w *world) in(t *testing.T) *world {
	x := *w
	x.t = t
	return &x
}

// callsReachAll: client, orders, stock without a sidecar, payments, and the ledger over TCP, all Pods of each.
func (w *world) callsReachAll() {
	clustertest.Eventually(w.t, time.Minute, "calls without failure", func() bool { r := w.during(time.Second); return r.Calls > 20 && r.Failed == 0 })
	r := w.during(3 * time.Second)
	w.noneFailed("client to orders to stock, payments and ledger", r)
	for what, a := range map[string]struct {
		by   map[string]int
		want int
	}{"orders": {r.Orders, 3}, "payments": {r.Payments, 3}, "stock": {r.Stock, 2}, "ledger": {r.Ledger, 2}} {
		if len(a.by) != a.want {
			w.t.Errorf("%s: got answers of %v, want %d Pods", what, a.by, a.want)
		}
	}
}

// stockCallsPayments: a service without a sidecar finds those that have one, as before there was a mesh.
func (w *world) stockCallsPayments() {
	for _, pod := range w.pods("stock") {
		before := w.reportOf(pod)
		clustertest.Eventually(w.t, 10*time.Second, "calls of stock", func() bool {
			r := w.reportOf(pod).since(before)
			return r.Calls-r.Failed >= 5 && len(r.Payments) == 1
		})
	}
}

// clusterIP: the ordinary Service beside the headless one leads to a Pod, too; kube-proxy sees to that, not Envoy.
func (w *world) clusterIP() {
	ip := w.Get(w.t, "Service", w.ns, "stock-vip").Text("spec", "clusterIP")
	clustertest.Eventually(w.t, 10*time.Second, "a connection to "+ip, func() bool {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(ip, "8080"), time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// metrics: each sidecar answers a scraper on the port of its probe, with fixed tags, and tells gRPC's successes.
func (w *world) metrics() {
	for service, upstream := range map[string]string{"client": "orders", "orders": "payments", "payments": "ledger"} {
		b, err := w.get(w.pods(service)[0], 9902, "/stats/prometheus")
		if err != nil {
			w.t.Errorf("%s: %v", service, err)
			continue
		}
		metric := "envoy_cluster_grpc_success{" // which is there only where it is more than 0
		if upstream == "ledger" {
			metric = "envoy_cluster_upstream_cx_total{"
		}
		found := ""
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, metric) && strings.Contains(line, `envoy_cluster_name="`+upstream+`"`) {
				found = line
			}
		}
		w.wants(service+"'s metric of "+upstream, found, metric, `service="`+service+`"`, `region="here"`)
		if _, err := w.get(w.pods(service)[0], 9902, or("end-from-outside", "/quitquitquit", "/ready")); err == nil {
			w.t.Errorf("%s: /quitquitquit is answered from outside", service)
		}
	}
}

// job: it calls through its sidecar and ends, and apply waits for that.
func (w *world) job() {
	r := w.apply("report")
	w.wants("apply report", r.Stdout, "healthy")
	j := w.Get(w.t, "Job", w.ns, "report-v1")
	if got := j.At("status", "succeeded"); got != float64(1) {
		w.t.Errorf("the Job's succeeded: got %v, want 1", got)
	}
	pods := w.List(w.t, "Pod", w.ns, "app.kubernetes.io/name=report-v1")
	if len(pods) == 0 || !strings.Contains(toText(pods), `"restartPolicy":"Always"`) {
		w.t.Errorf("the Job's Pod has no native sidecar: %v", pods)
	}
}

// diffAndStatus: what was applied is what is there.
func (w *world) diffAndStatus() {
	if *broken == "drift" {
		w.Merge(w.t, "Deployment", w.ns, "stock", map[string]any{"spec": map[string]any{"replicas": 3}})
	}
	if *broken == "sick-now" {
		w.Delete(w.t, "Service", w.ns, "stock")
	}
	if *broken == "sick-in-words" {
		w.Merge(w.t, "Deployment", w.ns, "stock", map[string]any{"spec": map[string]any{"minReadySeconds": 500, "replicas": 3}})
	}
	for service, ready := range map[string]string{"ledger": "2 of 2", "stock": "2 of 2", "payments": "3 of 3", "orders": "3 of 3", "client": "1 of 1"} {
		if r := w.starctl("diff", service); r.Code != 0 {
			w.t.Errorf("diff %s: got %d, want 0\n%s%s", service, r.Code, r.Stdout, r.Stderr)
		}
		r := w.starctl("status", service)
		if r.Code != 0 {
			w.t.Errorf("status %s: got %d, want 0\n%s%s", service, r.Code, r.Stdout, r.Stderr)
		}
		w.wants("status "+service, r.Stdout, "revision 1: ", ", done", "healthy  "+ready+" Pod")
	}
	w.sets["orders"] = []string{or("same-replicas", "replicas=4", "replicas=3")}
	r := w.starctl("diff", "orders")
	w.wants("diff orders", r.Stdout, "spec.replicas")
	if r.Code != 1 {
		w.t.Errorf("diff orders --set replicas=4: got %d, want 1", r.Code)
	}
	w.sets["orders"] = nil
}

// podSecurity: the namespace enforces "restricted", and did so while everything above was accepted.
func (w *world) podSecurity() {
	pid := w.process(w.pod("client").UID(), "/usr/local/bin/envoy")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		w.t.Fatal(err)
	}
	// As the kernel sees Envoy: a user without rights, no capability, no new privileges, a seccomp filter.
	w.wants("Envoy's process", string(status), "Uid:\t65532\t", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2")
	loose := clustertest.Object{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "loose"},
		"spec": map[string]any{"containers": []any{map[string]any{"name": "a", "image": "starctl.dev/hello:v1"}}},
	}
	code, body, err := w.Do("POST", "/api/v1/namespaces/"+w.ns+"/pods", "application/json", []byte(toText(loose)))
	if err != nil || code != 403 || !strings.Contains(string(body), "PodSecurity") {
		w.t.Errorf("a Pod without security context: got %d %s %v, want 403 of PodSecurity", code, body, err)
	}
}

// TestFirstCall: the kubelet starts the application when Envoy is ready, so its very first call succeeds, also where Envoy needs
// seconds, because the name of another upstream is asked for at a server that does not answer.
func TestFirstCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resolvers, asked := silent(t)
	w.edit("lib/hello.star", "envoy.config_map(app.metadata.name, to)", or("nothing-silent", `envoy.config_map(app.metadata.name, to, envoy.upstream(
        "silent", port = 8080, host = "silent.example.com",
        `+resolvers+`
    ))`, "envoy.config_map(app.metadata.name, to)"))
	w.apply("orders", "charge=False", "replicas=1")
	w.apply("client")
	if got := w.report().First; got != "ok" {
		t.Errorf("the application's first call: got %q, want ok", got)
	}
	p := w.pod("client")
	envoy, app := started(p, "initContainerStatuses", "envoy"), started(p, "containerStatuses", "client")
	if waited := app.Sub(envoy); envoy.IsZero() || waited < 3*time.Second || waited > 30*time.Second {
		t.Errorf("Envoy started at %s, the application at %s, want some seconds between", envoy, app)
	}
	if n := asked.Load(); n < 2 {
		t.Errorf("Envoy asked the silent server %d times, want some", n)
	}
}

// silent is a DNS server that never answers: the argument of an upstream that asks it, with more settings of its resolver, and how
// often it was asked.
func silent(t *testing.T, settings ...string) (argument string, asked *atomic.Int64) {
	t.Helper()
	c, err := net.ListenPacket("udp", "198.18.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	asked = new(atomic.Int64)
	go func() {
		for b := make([]byte, 512); ; asked.Add(1) {
			if _, _, err := c.ReadFrom(b); err != nil {
				return
			}
		}
	}()
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	settings = append(settings, `"resolvers": [{"socket_address": {"address": "198.18.0.1", "port_value": `+port+`}}]`)
	return `overrides = {"cluster": {"cluster_type": {"typed_config": {"typed_dns_resolver_config": {"typed_config": {` +
		strings.Join(settings, ", ") + `}}}}}}`, asked
}

func started(pod clustertest.Object, list, name string) time.Time {
	statuses, _ := pod.At("status", list).([]any)
	for _, s := range statuses {
		if o := clustertest.Object(s.(map[string]any)); o.Text("name") == name {
			t, _ := time.Parse(time.RFC3339, o.Text("state", "running", "startedAt"))
			return t
		}
	}
	return time.Time{}
}

// TestSpread: one connection of the application, every Pod of the upstream; without the sidecar one connection is one Pod.
func TestSpread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ordersAndClient([]string{"replicas=3"}, nil)
	if *broken == "second-connection" {
		w.reconnect()
	}
	r := w.during(4 * time.Second)
	w.noneFailed("with a sidecar", r)
	w.answered(r, 3)
	for pod, n := range r.Orders {
		if share := float64(n) / float64(r.Calls); share < 0.28 || share > 0.39 {
			t.Errorf("%s: got %d of %d calls, want a third", pod, n, r.Calls)
		}
	}
	if r.Connections != 1 {
		t.Errorf("got %d connections of the application, want 1", r.Connections)
	}

	w.apply("client", "mesh=False")
	r = w.during(2 * time.Second)
	w.noneFailed("without a sidecar", r)
	w.answered(r, 1)
}

// reconnect has the client lose its connection, with its sidecar, which the kubelet starts again.
func (w *world) reconnect() {
	if err := syscall.Kill(w.process(w.pod("client").UID(), "/usr/local/bin/envoy"), syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	clustertest.Eventually(w.t, time.Minute, "another connection", func() bool { return w.report().Connections > 1 })
}

// TestToggle: off and on again. All of Envoy goes and comes, and calls work in each state.
func TestToggle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ordersAndClient([]string{"replicas=2"}, nil)
	for _, mesh := range []bool{false, true} {
		if mesh {
			w.apply("client")
			w.settled()
		} else {
			w.apply("client", "mesh=False")
		}
		if got := w.sidecar("client") != ""; got != mesh {
			t.Errorf("mesh = %v: the Pod has a sidecar: %v", mesh, got)
		}
		if got := w.Get(t, "ConfigMap", w.ns, "client-envoy") != nil; got != mesh {
			t.Errorf("mesh = %v: there is a ConfigMap: %v", mesh, got)
		}
		r := w.during(2 * time.Second)
		w.noneFailed("toggled", r)
		w.answered(r, map[bool]int{false: 1, true: 2}[mesh])
	}
}

// TestContainerMode: an ordinary container beside the application, for older clusters: spread, and last calls.
func TestContainerMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ordersAndClient([]string{"replicas=3"}, []string{"mode=container"})
	if w.pod("client").At("spec", "initContainers") != nil {
		t.Error("the Pod has init containers")
	}
	r := w.during(2 * time.Second)
	w.noneFailed("container mode", r)
	w.answered(r, 3)
	w.lastCalls()
}
