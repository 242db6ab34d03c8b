package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// TestPodKilled: a Pod that dies without a word, or is deleted with no grace, fails at most the calls that it had; where calls may
// be repeated, none.
func TestPodKilled(t *testing.T) {
	t.Parallel()
	const workers = 8
	orders := []string{"replicas=3", "work=50ms"}
	for name, c := range map[string]struct {
		repeat string
		end    func(*world, clustertest.Object)
		most   int
	}{
		"InFlight":        {"repeat=False", (*world).kill, workers},
		"Repeated":        {"repeat=True", (*world).kill, 0},
		"Deleted":         {"repeat=False", (*world).remove, workers},
		"DeletedRepeated": {"repeat=True", (*world).remove, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.ordersAndClient(orders, []string{"workers=8", "pause=0s", c.repeat})
			before := w.report()
			w.noneFailed("before", w.during(time.Second))
			c.end(w, w.pods("orders")[0])
			time.Sleep(6 * time.Second)
			r := w.report().since(before)
			if r.Failed > c.most || r.Calls < 200 {
				t.Errorf("got %d of %d calls failed, want at most %d\n%s", r.Failed, r.Calls, c.most, r)
			}
			t.Logf("a killed Pod: %d of %d calls failed", r.Failed, r.Calls)
		})
	}
}

// kill sends SIGKILL to the application of a Pod, on its node, whose kubelet starts it again.
func (w *world) kill(pod clustertest.Object) {
	w.t.Helper()
	if err := syscall.Kill(w.process(pod.UID(), "/hello"), syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	clustertest.Eventually(w.t, time.Minute, "a restart of "+pod.Name(), func() bool { return w.restarts("orders") == 1 })
}

// remove deletes a Pod as kubectl delete --force --grace-period=0 does.
func (w *world) remove(pod clustertest.Object) {
	w.t.Helper()
	want := len(w.pods("orders"))
	code, body, err := w.Do("DELETE", "/api/v1/namespaces/"+w.ns+"/pods/"+pod.Name(), "application/json", []byte(`{"gracePeriodSeconds": 0}`))
	if err != nil || code != 200 {
		w.t.Fatalf("deleting %s: %d %s %v", pod.Name(), code, body, err)
	}
	clustertest.Eventually(w.t, time.Minute, "another Pod for "+pod.Name(), func() bool {
		return w.Get(w.t, "Pod", w.ns, pod.Name()) == nil && len(w.pods("orders")) == want
	})
}

// process is the id of the one process of a Pod that runs a program.
func (w *world) process(uid, program string) int {
	w.t.Helper()
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	for _, file := range files {
		dir := filepath.Dir(file)
		text, _ := os.ReadFile(file)
		cmd, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if strings.Contains(string(text), "pod"+uid) && strings.HasPrefix(string(cmd), program+"\x00") {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			pids = append(pids, pid)
		}
	}
	if len(pids) != 1 {
		w.t.Fatalf("got %d processes %s of Pod %s, want 1", len(pids), program, uid)
	}
	return pids[0]
}

func (w *world) restarts(service string) (n int) {
	for _, p := range w.pods(service) {
		statuses, _ := p.At("status", "containerStatuses").([]any)
		for _, s := range statuses {
			count, _ := s.(map[string]any)["restartCount"].(float64)
			n += int(count)
		}
	}
	return n
}

// TestLastCalls: when the caller is deleted the application ends first, and the calls that it makes until then succeed.
func TestLastCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ordersAndClient([]string{"replicas=2"}, nil)
	envoy := w.follow(w.pod("client"), "envoy")
	ended := w.lastCalls()
	for line := range strings.Lines(envoy()) {
		if strings.Contains(line, "ENVOY_SIGTERM") {
			if at := timeOf(t, line); at.Before(ended) {
				t.Errorf("Envoy was told to end at %s, the application ended at %s", at, ended)
			}
			return
		}
	}
	t.Error("Envoy was never told to end")
}

// lastCalls deletes the client by starctl delete and returns when its application ended.
func (w *world) lastCalls() time.Time {
	w.t.Helper()
	log := w.follow(w.pod("client"), "client")
	if r := w.starctl("delete", "client", "--yes"); r.Code != 0 {
		w.t.Fatalf("starctl delete: got %d, want 0\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	text := log()
	stopping, _ := printed(w.t, text, "STOPPING")
	last, at := printed(w.t, text, "LAST")
	w.noneFailed("last calls, after SIGTERM", last.since(stopping))
	if left := w.List(w.t, "Pod", w.ns, "app.kubernetes.io/name=client"); len(left) > 0 && left[0].At("metadata", "deletionTimestamp") == nil {
		w.t.Errorf("the client is still there")
	}
	return at
}
