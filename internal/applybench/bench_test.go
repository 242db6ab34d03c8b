package applybench

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

var results = flag.String("results", "", "measure in full, and write this file")

// TestBench measures in full: make bench-apply.
func TestBench(t *testing.T) {
	if *results == "" {
		t.Skip("needs -results FILE")
	}
	const passes = 6
	var list []pass
	for i := range passes {
		p := measure(t, i)
		t.Log(p)
		list = append(list, p)
	}
	first, noop := tenThousand(t)
	text := report(list, first, noop)
	if err := os.WriteFile(*results, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func report(list []pass, first, noop float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# What an apply costs

By %s on %d CPUs, which the test cluster and starctl share, %s; the median of %d passes, of times and of ratios
each. The comparison is with a client that only sends server-side applies, 16 at a time, of the same objects in the same run: of 1000
objects 600 are ConfigMaps, 200 Services and 200 Deployments, one after the other in the file. Nothing is waited for (%s).

| | starctl | compared with | | ratio | target |
| --- | --- | --- | --- | --- | --- |
`, "`make bench-apply`", runtime.NumCPU(), time.Now().UTC().Format("2006-01-02"), len(list), "`--no-wait`")
	seconds := func(of func(pass) time.Duration) float64 {
		return median(list, func(p pass) float64 { return of(p).Seconds() })
	}
	row := func(what string, ours float64, other string, theirs, ratio, target float64) {
		fmt.Fprintf(&b, "| %s | %.2f s | %s | %.2f s | %.2f | %.2f |\n", what, ours, other, theirs, ratio, target)
	}
	dryRuns := seconds(func(p pass) time.Duration { return p.dryRuns })
	row("first apply of 1000", seconds(func(p pass) time.Duration { return p.first }), "1000 bare applies",
		seconds(func(p pass) time.Duration { return p.bare }), median(list, pass.firstRatio), firstTarget)
	row("first apply of 1000", seconds(func(p pass) time.Duration { return p.first }), "the same, in starctl's order",
		seconds(func(p pass) time.Duration { return p.staged }), median(list, pass.stagedRatio), firstTarget)
	row("no change in 1000", seconds(func(p pass) time.Duration { return p.noop }), "1000 dry runs", dryRuns, median(list, pass.noopRatio), noopTarget)
	row("one change in 1000", seconds(func(p pass) time.Duration { return p.one }), "1000 dry runs", dryRuns, median(list, pass.oneRatio), noopTarget)
	fmt.Fprintf(&b, `
The order matters: controllers work at a Deployment as soon as it is there, on the same CPUs. starctl writes Deployments last, and pays
for less of that than a client that goes through the file. Next to a client that writes them last as well, a first apply costs what its
writes cost and half as much again, since each new object is first tried by a dry run: nothing is written before all are known to be
good. That is above the target, and stays so as long as the server is what takes the time: starctl itself takes half a second of CPU
time for a thousand objects.

| memory | MiB | target |
| --- | --- | --- |
| no change in 1000 | %.0f | |
| first apply of 10,000 | %.0f | %d |
| no change in 10,000 | %.0f | %d |

Requests, which a test counts at a proxy: no change costs none about a single object, one change a dry run and a write.
`, median(list, func(p pass) float64 { return p.noopMiB }), first, memoryTarget, noop, memoryTarget)
	return b.String()
}
