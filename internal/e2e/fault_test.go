package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// These tests harm the whole node: they run on one of their own, one after the other.

// harm has the node do something: "node kill", "dns stop".
func harm(t *testing.T, what string) {
	t.Helper()
	if out, err := exec.Command(os.Getenv("TESTNODE"), strings.Fields(what)...).CombinedOutput(); err != nil {
		t.Fatalf("testnode %s: %v\n%s", what, err, out)
	}
}

// begin starts an apply and waits until it has written the Deployment.
func (w *world) begin(service string, sets ...string) *clustertest.Process {
	w.t.Helper()
	w.sets[service] = sets
	p := w.program().Start(w.t, append(w.arguments("apply", service), "--yes", "--timeout", patience())...)
	clustertest.Eventually(w.t, time.Minute, "the Deployment "+service, func() bool { return w.Get(w.t, "Deployment", w.ns, service) != nil })
	return p
}

// converges: whatever became of a run, the same command again makes it well, and then there is nothing to do.
func (w *world) converges(service string) {
	w.t.Helper()
	if r := w.starctl("apply", service, "--yes", "--timeout", patience()); r.Code != 0 {
		w.t.Errorf("the same command again: got %d, want 0\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	if *broken == "drift-after-"+service {
		w.Merge(w.t, "Deployment", w.ns, service, map[string]any{"spec": map[string]any{"replicas": 1}})
	}
	if r := w.starctl("diff", service); r.Code != 0 {
		w.t.Errorf("diff after it: got %d, want 0\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}

// TestFaultNodeKilled: the node loses power while an apply waits for its Pods, and comes back.
func TestFaultNodeKilled(t *testing.T) {
	w := newWorld(t)
	w.apply("stock")
	p := w.begin("orders", "charge=False", "replicas=4")
	if *broken == "killed-too-late" {
		clustertest.Eventually(t, time.Minute, "four Pods", func() bool { return w.ready("orders") == 4 })
	}
	harm(t, "node kill")
	time.Sleep(5 * time.Second)
	if n := w.ready("orders"); n == 4 {
		t.Error("all Pods were ready before the node was killed")
	}
	if *broken != "node-stays-dead" {
		harm(t, "node start")
	} else {
		defer harm(t, "node start")
	}
	if *broken == "apply-killed" {
		p.Kill()
	}
	r := p.Wait(t)
	if r.Code != 0 && r.Code != 5 || !strings.Contains(r.Stdout+r.Stderr, "Deployment orders") {
		t.Errorf("apply across the loss of the node: got %d, want 0, or 5 with a reason\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	t.Logf("apply ended with %d after %s", r.Code, r.Took.Round(time.Second))
	w.converges("orders")
	if *broken == "one-lost" {
		w.Merge(t, "Deployment", w.ns, "orders", map[string]any{"spec": map[string]any{"replicas": 3}})
		clustertest.Eventually(t, time.Minute, "three Pods", func() bool { return w.ready("orders") == 3 })
	}
	if n := w.ready("orders"); n != 4 {
		t.Errorf("got %d ready Pods, want 4", n)
	}
}

func (w *world) ready(deployment string) int {
	n, _ := w.Get(w.t, "Deployment", w.ns, deployment).At("status", "readyReplicas").(float64)
	return int(n)
}

// TestFaultAPIServerRestarted: the API server is killed while an apply waits, and comes back with its state.
func TestFaultAPIServerRestarted(t *testing.T) {
	w := newWorld(t)
	w.edit("stock/deploy.star", `readiness = grpc("grpc")`, `readiness = grpc("grpc", initial_delay_seconds = 12)`)
	p := w.begin("stock")
	time.Sleep(2 * time.Second)
	harm(t, "apiserver kill")
	for range 30 {
		if *broken == "server-stays-away" {
			time.Sleep(2 * time.Second)
			harm(t, "apiserver kill")
		}
	}
	r := p.Wait(t)
	clustertest.Eventually(t, 30*time.Second, "the API server", func() bool {
		code, _, err := w.Do("GET", "/readyz", "", nil)
		return err == nil && code == 200
	})
	if r.Code != 0 {
		t.Errorf("apply across a restart of the API server: got %d, want 0\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	w.wants("apply", r.Stdout, "healthy")
	w.converges("stock")
}

// TestFaultDNSDown: for 30 s nobody answers; sidecars keep the Pods that they know.
func TestFaultDNSDown(t *testing.T) {
	w := newWorld(t)
	w.ordersAndClient([]string{"replicas=3"}, nil)
	before := w.report()
	harm(t, "dns stop")
	defer func() {
		if t.Failed() {
			harm(t, "dns start")
		}
	}()
	if *broken == "pods-move" {
		_, _ = exec.Command("kubectl", "-n", w.ns, "rollout", "restart", "deployment/orders").CombinedOutput()
	}
	if *broken == "dns-is-waited-for" {
		resolvers, _ := silent(t, `"query_timeout_seconds": 60, "query_tries": 8`) // the first waits 5 s at most
		w.edit("payments/deploy.star", `protocol = "tcp")`, `protocol = "tcp", `+resolvers+`)`)
	}
	away := time.Now()
	// What starts while it is away waits only as long as a question may take.
	w.apply("payments", "replicas=1")
	time.Sleep(time.Until(away.Add(30 * time.Second)))
	w.noneFailed("30 s without DNS", w.report().since(before))
	w.answered(w.during(time.Second), 3)

	// What then comes is found.
	harm(t, "dns start")
	w.converges("payments")
	w.apply("orders", "charge=False", or("none-new", "replicas=4", "replicas=3"))
	time.Sleep(drained)
	w.answered(w.during(2*time.Second), 4)
	w.noneFailed("and after it", w.report().since(before))
}

// TestFaultDiskFull: containerd has no byte left. Apply says what the node says, and converges when there is room again.
func TestFaultDiskFull(t *testing.T) {
	w := newWorld(t)
	if *broken != "disk-has-room" {
		harm(t, "images fill")
	}
	freed := false
	defer func() {
		if !freed {
			harm(t, "images free")
		}
	}()
	// A disk may be cleared at any moment: apply says what is wrong and waits, until its time is over.
	r := w.starctl("apply", "stock", "--yes", "--timeout", "15s")
	if r.Code != 5 {
		t.Errorf("starctl apply with a full disk: got %d, want 5\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	w.wants("apply", r.Stderr, "Deployment stock", "no space left on device")
	harm(t, "images free")
	freed = true
	w.converges("stock")
	if n := w.ready("stock"); n != 2 {
		t.Errorf("stock: got %d ready Pods, want 2", n)
	}
}
