package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// drained is how long the last Pod of a rollout is known to its callers: its preStop, then their next question to DNS.
const drained = 10 * time.Second

// TestScale: more Pods are found, fewer are left, and no call is lost on the way.
func TestScale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ordersAndClient([]string{"replicas=3"}, nil)
	before := w.report()
	for _, n := range []struct {
		set  string
		want int
	}{{or("one-too-few", "replicas=6", "replicas=5"), 6}, {"replicas=2", 2}} {
		w.apply("orders", "charge=False", n.set)
		time.Sleep(drained)
		w.answered(w.during(2*time.Second), n.want)
	}
	w.noneFailed("3 to 6 to 2 Pods", w.report().since(before))
}

// TestRollUpstream: a new version of orders, with three Pods and with the hardest case, one, where every call meets the change.
func TestRollUpstream(t *testing.T) {
	t.Parallel()
	for name, replicas := range map[string]string{"OnePod": "replicas=1", "ThreePods": "replicas=3"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.ordersAndClient([]string{replicas}, nil)
			before := w.report()
			r := w.apply("orders", "charge=False", replicas, "tag="+or("same-version", "v2", "v1"))
			w.wants("apply", r.Stderr+r.Stdout, "starctl.dev/hello:v2", "rolls")
			time.Sleep(drained)
			all, now := w.report().since(before), w.during(time.Second)
			w.noneFailed("rolling orders to v2", all)
			if len(all.Versions) != 2 || now.Versions["v2"] == 0 || len(now.Versions) != 1 {
				t.Errorf("got versions %v, and now %v; want v1 and v2, and now v2", all.Versions, now.Versions)
			}
		})
	}
}

// TestRollCaller: orders, called by the client and calling payments through a sidecar, gets a new version, then its sidecar a
// new configuration, then the ledger, called over plain TCP, a new version. Neither their callers nor their own last calls notice.
func TestRollCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, s := range []string{"ledger", "stock"} {
		w.apply(s, "replicas=1")
	}
	w.apply("payments", "replicas=2")
	w.apply("orders", "replicas=1")
	w.apply("client")
	clustertest.Eventually(t, time.Minute, "calls without failure", func() bool { r := w.during(time.Second); return r.Calls > 20 && r.Failed == 0 })

	for _, step := range [][]string{{or("caller-stays", "tag=v2", "tag=v1")}, {"tag=v2", "connect_timeout=2s"}} {
		before, old := w.report(), w.pod("orders")
		w.apply("orders", append([]string{"replicas=1"}, step...)...)
		time.Sleep(drained)
		all := w.report().since(before)
		w.noneFailed("rolling orders with its sidecar: "+step[len(step)-1], all)
		if now := w.pod("orders"); now.Name() == old.Name() || len(all.Orders) != 2 {
			t.Errorf("%s: orders did not roll: %v", step[len(step)-1], all.Orders)
		}
	}
	config := w.Get(t, "ConfigMap", w.ns, "orders-envoy")
	w.wants("the sidecar's configuration", config.Text("data", "envoy.yaml"), "connect_timeout: 2s")

	before := w.report()
	w.apply("ledger", "replicas=1", or("ledger-stays", "tag=v2", "tag=v1"))
	time.Sleep(drained)
	all := w.report().since(before)
	w.noneFailed("rolling the ledger", all)
	if len(all.Ledger) != 2 {
		t.Errorf("the ledger did not roll: %v", all.Ledger)
	}
}

// TestRollback: the version before comes back by one command, and takes the traffic; where a release broke all of it, too.
func TestRollback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ordersAndClient([]string{"replicas=2"}, nil)
	w.apply("orders", "charge=False", "replicas=2", or("never-v2", "tag=v2", "tag=v1"))
	time.Sleep(drained)
	if got := w.during(2 * time.Second).Versions["v2"]; got == 0 {
		t.Error("v2 does not answer")
	}
	before := w.report()
	w.rollback("orders")
	time.Sleep(drained)
	now := w.during(2 * time.Second)
	if now.Versions["v1"] == 0 || len(now.Versions) != 1 {
		t.Errorf("after the rollback: got versions %v, want v1", now.Versions)
	}
	w.noneFailed("rollback", w.report().since(before))

	// Nobody listens there. The Pods are healthy all the same: only their calls tell.
	w.edit("client/deploy.star", `"orders", port = 8080`, `"orders", port = `+or("somebody-listens", "8079", "8080"))
	w.apply("client")
	if r := w.during(time.Second); r.Failed == 0 || r.Failed < r.Calls {
		t.Errorf("calls to a port where nobody listens: got %d of %d failed, want all", r.Failed, r.Calls)
	}
	w.rollback("client")
	w.noneFailed("after a rollback of the caller", w.during(2*time.Second))
}

func (w *world) rollback(service string) {
	w.t.Helper()
	if *broken == "no-rollback-of-"+service {
		return
	}
	if r := w.starctl("rollback", service, "--yes", "--timeout", patience()); r.Code != 0 {
		w.t.Fatalf("starctl rollback: got %d, want 0\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}

func toText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
