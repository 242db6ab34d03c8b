// Package typed holds Kubernetes values that are checked against package schema when they are set.
//
// A [Constructor] makes a [Record]; lists and maps inside one are a [List] and a [Map]. Everything made on one Starlark
// thread belongs to its [Run], which remembers where.
package typed

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// Run is what the values of one thread share. Positions says which to remember.
type Run struct {
	Thread    *starlark.Thread
	Positions Positions

	files    []string
	numbers  map[string]int
	chains   map[link]uint32
	links    []link
	records  slab[Record]
	slots    slab[slot]
	lists    slab[List]
	vals     slab[starlark.Value]
	maps     slab[Map]
	entries  slab[entry]
	mistakes []Mistake
	text     []byte // a buffer for YAMLText
}

// Positions is how much a Run remembers.
type Positions int

const (
	PerObject Positions = iota // of each constructor's call, and the call chain of what stands alone
	None
	PerCall // of each constructor's call
	PerSet  // PerObject, and of each assignment
	EachSet // PerSet, also for each argument of a constructor
)

// Pos is a place in a file of the Run: file, line and column in 16, 28 and 20 bits.
type Pos uint64

type link struct {
	outer uint32
	pos   Pos
}

const local = "typed.Run"

// NewRun returns the Run of a thread. It must precede execution.
func NewRun(thread *starlark.Thread) *Run {
	r := &Run{Thread: thread, numbers: map[string]int{}, chains: map[link]uint32{}, links: make([]link, 1)}
	thread.SetLocal(local, r)
	return r
}

// caller returns the depth of the Starlark function at work: constructors and methods have a frame, assignments do not.
func (r *Run) caller() int {
	if _, ok := r.Thread.DebugFrame(0).Callable().(*starlark.Function); ok {
		return 0
	}
	return min(1, r.Thread.CallStackDepth()-1)
}

func (r *Run) pos(depth int) Pos {
	p := r.Thread.DebugFrame(depth).Position()
	return Pos(r.file(p.Filename()))<<48 | Pos(p.Line)<<20 | Pos(p.Col)
}

func (r *Run) file(name string) int {
	if n := len(r.files); n > 0 && r.files[n-1] == name {
		return n - 1
	}
	n, ok := r.numbers[name]
	if !ok {
		n = len(r.files)
		r.numbers[name] = n
		r.files = append(r.files, name)
	}
	return n
}

// chain returns the number of the call chain that ends at the caller.
func (r *Run) chain() uint32 {
	var n uint32
	for d := r.Thread.CallStackDepth() - 1; d >= r.caller(); d-- {
		n = r.link(link{n, r.pos(d)})
	}
	return n
}

func (r *Run) link(l link) uint32 {
	n, ok := r.chains[l]
	if !ok {
		n = uint32(len(r.links))
		r.links = append(r.links, l)
		r.chains[l] = n
	}
	return n
}

// mark remembers where a constructor was called.
func (r *Run) mark(x *Record) {
	if r.Positions == None {
		return
	}
	x.pos = r.pos(r.caller())
	if x.typ.Kind != "" && r.Positions != PerCall {
		x.chain = r.chain()
	}
	if r.Positions == EachSet {
		n := r.link(link{pos: x.pos})
		for i := range x.slots {
			x.slots[i].pos = n
		}
	}
}

// record returns a new Record with room for n fields.
func (r *Run) record(t *schema.Object, n int) *Record {
	if t.Kind != "" {
		n += 2
	}
	x := &r.records.cut(1)[:1][0]
	x.typ, x.run, x.slots = t, r, r.slots.cut(n)
	return x
}

// frames returns the Starlark calls that are running, innermost first.
func (r *Run) frames() []diag.Frame {
	var list []diag.Frame
	for d := range r.Thread.CallStackDepth() {
		f := r.Thread.DebugFrame(d)
		if fn, ok := f.Callable().(*starlark.Function); ok {
			p := f.Position()
			list = append(list, diag.Frame{Func: fn.Name(), Pos: diag.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}})
		}
	}
	return list
}
