package applybench

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/starctl/starctl/internal/clustertest"
)

// Targets, as ratios and in MiB.
const (
	firstTarget  = 1.3
	noopTarget   = 0.2
	memoryTarget = 300
	// slack is for a machine that does other things as well.
	slack = 1.5
)

// isObject picks requests about the objects of the set, rather than about starctl's books.
func isObject(q *clustertest.Request) bool { return strings.HasPrefix(q.Name, "o1") }

// TestRequests counts at a proxy what 1000 objects cost: as they are, none of them a request of its own; one that changes, a dry
// run and a write.
func TestRequests(t *testing.T) {
	s := newSite(t)
	p := s.Proxy(t).Slim()
	s.prog.Kubeconfig = p.Kubeconfig
	s.apply(t)
	if n := p.Count(clustertest.Both(clustertest.Writes, isObject)); n != 1000 {
		t.Errorf("first apply: got %d writes of objects, want 1000", n)
	}
	if n := p.Count(clustertest.Both(clustertest.DryRuns, isObject)); n != 1000 {
		t.Errorf("first apply: got %d dry runs, want 1000", n)
	}

	p.Forget()
	s.apply(t)
	if n := p.Count(isObject); n != 0 {
		t.Errorf("no change: got %d requests about single objects, want none:\n%s", n, p.Summary())
	}
	// A LIST for each of three resources, in pages of 500, and four more.
	const lists = 3 + 1
	if n := p.Count(clustertest.Verb("list")); n > lists {
		t.Errorf("no change: got %d pages of lists, want %d:\n%s", n, lists, p.Summary())
	}
	if n := p.Count(clustertest.Any); n > lists+4 {
		t.Errorf("no change: got %d requests, want at most %d:\n%s", n, lists+4, p.Summary())
	}
	if n := p.Count(clustertest.Writes); n != 0 {
		t.Errorf("no change: got %d writes, want none:\n%s", n, p.Summary())
	}

	// Its controller may write the status of the Deployment until then, which makes what was read out of date.
	clustertest.Eventually(t, clustertest.Limit, "the end of the rollout", func() bool {
		return strings.Contains(fmt.Sprint(s.Get(t, "Deployment", s.ns, "o10499").At("status", "conditions")), "NewReplicaSetAvailable")
	})
	p.Forget()
	s.apply(t, "changed=499")
	if dry, writes := p.Count(clustertest.Both(clustertest.DryRuns, isObject)), p.Count(clustertest.Both(clustertest.Writes, isObject)); dry != 1 || writes != 1 {
		t.Errorf("one change: got %d dry runs and %d writes, want one of each:\n%s", dry, writes, p.Summary())
	}
	if n := p.Count(isObject); n != 2 {
		t.Errorf("one change: got %d requests about objects, want 2:\n%s", n, p.Summary())
	}
}

// TestRatios holds the ratios with slack; what is over is measured once more.
func TestRatios(t *testing.T) {
	if os.Getenv("TESTCLUSTER_REQUIRED") == "" {
		t.Skip("times are compared where nothing else runs: make faults")
	}
	passes := []pass{measure(t, 0), measure(t, 1)}
	first := func() float64 { return least(passes, pass.firstRatio) }
	noop := func() float64 { return least(passes, pass.noopRatio) }
	if first() > firstTarget*slack || noop() > noopTarget*slack {
		passes = append(passes, measure(t, 2), measure(t, 3))
	}
	for _, p := range passes {
		t.Log(p)
	}
	if first() > firstTarget*slack {
		t.Errorf("a first apply takes %.2f times the bare applies, want at most %.1f", first(), firstTarget*slack)
	}
	if noop() > noopTarget*slack {
		t.Errorf("no change takes %.2f times the dry runs, want at most %.1f", noop(), noopTarget*slack)
	}
}

// TestFault25TenThousandObjects: memory is bounded, for the first apply as for one that changes nothing.
func TestFault25TenThousandObjects(t *testing.T) {
	first, noop := tenThousand(t)
	if first > memoryTarget || noop > memoryTarget {
		t.Errorf("got %.0f MiB for the first apply and %.0f MiB for one without changes, want at most %d", first, noop, memoryTarget)
	}
}

// tenThousand applies 10,000 objects twice, and returns the MiB that each took.
func tenThousand(t *testing.T) (first, noop float64) {
	t.Helper()
	s := newSite(t)
	first = mib(s.apply(t, "n=10000", "kinds=False").Memory)
	again := s.apply(t, "n=10000", "kinds=False")
	noop = mib(again.Memory)
	t.Logf("10,000 objects: first apply %.0f MiB, no change %.0f MiB in %v", first, noop, again.Took)
	return first, noop
}
