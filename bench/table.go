package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// table is what was measured: a row for each work and size, a program a line.
type table struct {
	passes int
	rows   []row
}

type row struct {
	what     string
	target   float64 // ratio of starctl's CPU time to the floor's, or 0
	wall     float64 // ratio of wall times, or 0
	mib      float64 // largest resident size, or 0
	programs []*program
}

func (t *table) add(r row, programs []*program) {
	r.programs = programs
	t.rows = append(t.rows, r)
}

func (t *table) String() string {
	var s strings.Builder
	w := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "work\tprogram\tCPU ms\tx floor\ttarget\twall ms\tx floor\tMiB")
	for _, r := range t.rows {
		floor := r.programs[0]
		for i, p := range r.programs {
			what, target := r.what, ""
			if i > 0 {
				what = ""
			}
			if p == r.subject() && r.target > 0 {
				target = fmt.Sprintf("%.2f", r.target)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t%s\t%s\t%.2f\t%.0f\n", what, p.name, ms(p.cpu), ratio(p.cpu, floor.cpu), target,
				ms(p.wall), ratio(p.wall, floor.wall), float64(p.kib)/1024)
		}
	}
	w.Flush()
	return s.String()
}

// over lists what is more than limit times its target.
func (t *table) over(limit float64) []string {
	var bad []string
	for i := range t.rows {
		if s := t.rows[i].over(limit); s != "" {
			bad = append(bad, s)
		}
	}
	return bad
}

// subject is what the targets are for.
func (r *row) subject() *program {
	return r.programs[slices.IndexFunc(r.programs, func(p *program) bool { return strings.HasPrefix(p.name, "starctl") })]
}

// over says what is more than limit times its target, or "".
func (r *row) over(limit float64) string {
	floor, p := r.programs[0], r.subject()
	if x := ratio(p.cpu, floor.cpu); r.target > 0 && x > r.target*limit {
		return fmt.Sprintf("%s: %s takes %.2f x the floor's CPU time, want at most %.2f x", r.what, p.name, x, r.target)
	}
	for _, f := range r.programs {
		if x := ratio(p.wall, f.wall); f.name == oneThread && r.wall > 0 && x > r.wall*limit {
			return fmt.Sprintf("%s: %s takes %.2f x the wall time of a floor with one thread, want at most %.2f x", r.what, p.name, x, r.wall)
		}
	}
	if mib := float64(p.kib) / 1024; r.mib > 0 && mib > r.mib*limit {
		return fmt.Sprintf("%s: %s takes %.0f MiB, want at most %.0f", r.what, p.name, mib, r.mib)
	}
	return ""
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// page is the table with what is needed to read it.
func (t *table) page(text string) string {
	return fmt.Sprintf("# The last full run\n\n%s, %d cores, %s, %s; the least of %d passes. `make bench` makes this page; what an apply costs is in results-apply.md.\n\n```\n%s```\n",
		processor(), runtime.NumCPU(), runtime.Version(), time.Now().Format("2006-01-02"), t.passes, text)
}

func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, ok := strings.CutPrefix(s.Text(), "model name"); ok {
			return strings.TrimLeft(name, "\t :")
		}
	}
	return runtime.GOARCH
}
