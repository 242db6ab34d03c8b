package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/starctl/starctl/bench/workload"
)

// program is a command and what its passes took.
type program struct {
	name string
	dir  string
	args []string
	env  []string
	peer bool // another tool: measured, and held to nothing

	cpu, wall time.Duration // the least of all passes
	kib       int64         // the most
}

// runOnce runs the program without measuring it.
func (p *program) runOnce(out string) error {
	q := *p
	return q.run(out)
}

// run runs the program with its output to a file and keeps the figures of the best pass.
func (p *program) run(out string) error {
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	var stderr bytes.Buffer
	c := exec.Command(p.args[0], p.args[1:]...)
	c.Dir, c.Stdout, c.Stderr = p.dir, f, &stderr
	c.Env = append(os.Environ(), p.env...)
	begin := time.Now()
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, err, tail(stderr.Bytes()))
	}
	wall := time.Since(begin)
	cpu := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	if p.cpu == 0 || cpu < p.cpu {
		p.cpu = cpu
	}
	if p.wall == 0 || wall < p.wall {
		p.wall = wall
	}
	if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.kib = max(p.kib, u.Maxrss)
	}
	return nil
}

func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

func build(module, out, pkg string) {
	c := exec.Command("go", "build", "-trimpath", "-o", out, pkg)
	c.Dir, c.Stdout, c.Stderr = module, os.Stderr, os.Stderr
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	check(c.Run())
}

// work is something to render: its programs, the first of which is the floor, and the ratios to reach.
type work struct {
	name    string
	cases   func(b *bench, n int) []*program
	targets map[int]float64 // of CPU time, by the number of services
	wall    float64         // of wall time to that of a floor with one thread at N=1000, or 0
	mib     float64         // largest resident size at N=1000, or 0
}

// The targets are those of the project: at most so many times the floor's CPU time.
var works = []work{
	{"typed objects, one file", oneFile, map[int]float64{1: 2, 100: 1.1, 1000: 1, 10000: 1}, 0, 50},
	{"typed objects, a directory each", directories, map[int]float64{1000: 1.3}, .75, 0},
	{"short forms and sidecars", shortForms, map[int]float64{1: 2, 100: 1.3, 1000: 1.3}, 0, 0},
}

func (b *bench) start() []*program {
	dir := b.write("empty", workload.Tree{"main.star": "def main():\n    return []\n"})
	return []*program{
		{name: "floor", dir: dir, args: []string{b.bin("floor"), "-out", "fast", "main.star"}},
		{name: "starctl version", dir: dir, args: []string{b.bin("starctl"), "version"}},
	}
}

func oneFile(b *bench, n int) []*program {
	floor := b.write(fmt.Sprint("floor-", n), workload.Floor(n))
	file := b.write(fmt.Sprint("file-", n), workload.OneFile(n))
	list := []*program{b.floor(floor), b.paced(floor), {name: "starctl", dir: file, args: []string{b.bin("starctl"), "render"}}}
	return append(list, b.others(n)...)
}

func directories(b *bench, n int) []*program {
	floor := b.write(fmt.Sprint("floor-", n), workload.Floor(n))
	dirs := b.write(fmt.Sprint("dirs-", n), workload.Directories(n))
	return []*program{b.floor(floor), b.single(floor), {name: "starctl ./...", dir: dirs, args: []string{b.bin("starctl"), "render", "./..."}}}
}

func shortForms(b *bench, n int) []*program {
	one := program{name: "starctl", dir: b.write("mesh-1", workload.Mesh(1)), args: []string{b.bin("starctl"), "render"}}
	sample := filepath.Join(b.dir, "mesh.yaml")
	check(one.run(sample))
	text, err := os.ReadFile(sample)
	check(err)
	tree, err := workload.MeshFloor(n, text)
	check(err)
	floor := b.write(fmt.Sprint("mesh-floor-", n), tree)
	file := b.write(fmt.Sprint("mesh-", n), workload.Mesh(n))
	return []*program{b.floor(floor), {name: "starctl", dir: file, args: []string{b.bin("starctl"), "render"}}}
}

func (b *bench) floor(dir string) *program {
	return &program{name: "floor", dir: dir, args: []string{b.bin("floor"), "-out", "fast", "main.star"}}
}

// paced is the floor with a collector that waits for a larger heap, as starctl's does.
func (b *bench) paced(dir string) *program {
	p := b.floor(dir)
	p.name, p.env = "floor, GOGC=400", []string{"GOGC=400"}
	return p
}

// single is the floor with one thread: the collector takes its turns.
func (b *bench) single(dir string) *program {
	p := b.floor(dir)
	p.name, p.env = oneThread, []string{"GOMAXPROCS=1"}
	return p
}

const oneThread = "floor, one thread"

func (b *bench) write(name string, t workload.Tree) string {
	dir := filepath.Join(b.dir, "work", name)
	check(os.RemoveAll(dir))
	check(t.Write(dir))
	return dir
}
