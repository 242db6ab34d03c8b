// bench renders the benchmark's work with starctl and with the floor program, turn and turn about in one run, and prints
// the CPU time of each and their ratios:
//
//	go run . [-passes N] [-sizes 1,100,1000] [-results results.md] [-max-over 1.25]
//
// It builds both programs itself, and compares what they print before it measures anything. Times are user plus system
// time of the whole process, the least of all passes; memory is the largest resident size. With -max-over it fails when
// a ratio is more than so many times its target.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/starctl/starctl/bench/compare"
)

func main() {
	log.SetFlags(0)
	var (
		passes  = flag.Int("passes", 15, "how often each program runs; the quickest pass counts")
		sizes   = flag.String("sizes", "1,100,1000", "numbers of services")
		results = flag.String("results", "", "file to write the table to, besides standard output")
		over    = flag.Float64("max-over", 0, "fail when a ratio is more than so many times its target; 0 never fails")
		pair    = flag.Bool("compare", false, "only compare the two files that are given")
		keep    = flag.String("dir", "", "directory for programs and work, kept; a temporary one is removed")
	)
	flag.Parse()
	if *pair {
		check(compare.Files(flag.Arg(0), flag.Arg(1)))
		return
	}
	dir := *keep
	if dir == "" {
		var err error
		dir, err = os.MkdirTemp("", "starctl-bench-")
		check(err)
		defer os.RemoveAll(dir)
	}
	b := &bench{dir: dir, passes: *passes}
	b.build()
	t := b.run(parse(*sizes))
	if *over > 0 && len(t.over(*over)) > 0 {
		b.again(t, *over)
	}
	text := t.String() + note()
	fmt.Print(text)
	if *results != "" {
		check(os.WriteFile(*results, []byte(t.page(text)), 0o644))
	}
	if *over > 0 && len(t.over(*over)) > 0 {
		log.Fatal(strings.Join(t.over(*over), "\n"))
	}
}

// again measures those rows once more that are over a limit: the least of all passes counts, and others may have had the
// machine for a while.
func (b *bench) again(t *table, limit float64) {
	for i := range t.rows {
		if t.rows[i].over(limit) != "" {
			fmt.Fprintf(os.Stderr, "measured once more: %s\n", t.rows[i].what)
			b.measure(t.rows[i].programs)
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func parse(s string) []int {
	var list []int
	for w := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		check(err)
		list = append(list, n)
	}
	return list
}

type bench struct {
	dir    string
	passes int
}

func (b *bench) bin(name string) string { return filepath.Join(b.dir, "bin", name) }

// build compiles the floor and starctl as they are released.
func (b *bench) build() {
	check(os.MkdirAll(filepath.Join(b.dir, "bin"), 0o755))
	build(".", b.bin("floor"), "./floor/star")
	build("..", b.bin("starctl"), "./cmd/starctl")
}

// run writes the work, verifies that all programs agree on it, and measures them.
func (b *bench) run(sizes []int) *table {
	t := &table{passes: b.passes}
	start := b.start()
	b.measure(start)
	t.add(row{what: "start", target: 0}, start)
	for _, n := range sizes {
		for _, w := range works {
			cases := w.cases(b, n)
			if n <= mostVerified {
				b.verify(cases)
			}
			b.measure(cases)
			r := row{what: fmt.Sprintf("%s, N=%d", w.name, n), target: w.targets[n]}
			if n == 1000 {
				r.wall, r.mib = w.wall, w.mib
			}
			t.add(r, cases)
		}
	}
	return t
}

// mostVerified is the largest number of services for which outputs are compared: reading them takes a hundred times as long
// as writing them, and more services are more of the same.
const mostVerified = 1000

// verify compares what each program prints with what the first one does. It does so in a process of its own: a program that
// this one starts counts this one's memory as its own.
func (b *bench) verify(cases []*program) {
	self, err := os.Executable()
	check(err)
	want := filepath.Join(b.dir, "want.yaml")
	check(cases[0].runOnce(want))
	for _, p := range cases[1:] {
		got := filepath.Join(b.dir, "got.yaml")
		check(p.runOnce(got))
		if out, err := exec.Command(self, "-compare", want, got).CombinedOutput(); err != nil {
			log.Fatalf("%s does not print what %s does: %s", p.name, cases[0].name, out)
		}
	}
}

// peerPasses is how often another tool runs: some take seconds.
const peerPasses = 3

func (b *bench) measure(cases []*program) {
	for i := range b.passes {
		for _, p := range cases {
			if !p.peer || i < peerPasses {
				check(p.run(os.DevNull))
			}
		}
	}
}
