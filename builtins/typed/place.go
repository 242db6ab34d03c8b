package typed

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// places holds every chain of calls that made or set a value, once. A chain has a number; 0 is none. Records, fields and
// elements keep that number only.
type places struct {
	calls []call    // by number
	table []uint32  // of numbers, by the hash of their calls: a power of two, at most half full; 0 is free
	last  []running // what was asked for last, outermost first
	funcs []function
	ids   map[function]int // of funcs, once there are many
}

// call is the innermost call of a chain and the number of the rest.
type call struct {
	outer uint32
	pos   pos
}

// running is a function that ran, its number, and the number of the chain that ended in it.
type running struct {
	fn    *starlark.Function
	id    int
	chain uint32
}

// pos is a place in a function: its number, line and column in 16, 28 and 20 bits.
type pos uint64

type function struct{ file, name string }

// none is what every places begins with. It has no room, so nothing is ever written there.
var none = make([]call, 1)

func (p *places) init() { p.calls = none[:1:1] }

// here returns the number of the chain of Starlark calls that run now. Most calls share all of the chain with the one
// before, or all but its innermost place: a glance at that one saves the look-up.
func (r *Run) here() uint32 {
	p := &r.places
	var n uint32
	depth := 0
	for d := r.Thread.CallStackDepth() - 1; d >= 0; d-- {
		f := r.Thread.DebugFrame(d)
		fn, ok := f.Callable().(*starlark.Function)
		if !ok {
			continue
		}
		at := f.Position()
		if depth == len(p.last) {
			p.last = append(p.last, running{})
		}
		last := &p.last[depth]
		if last.fn != fn {
			last.fn, last.id = fn, p.function(at.Filename(), fn.Name())
		}
		if c := (call{n, pos(last.id)<<48 | pos(at.Line)<<20 | pos(at.Col)}); p.calls[last.chain] != c {
			last.chain = p.number(c)
		}
		n = last.chain
		depth++
	}
	return n
}

// number returns the number of a chain. Its table costs a fourth of a map's time and room: many files make a Run each.
func (p *places) number(c call) uint32 {
	if 2*len(p.calls) > len(p.table) {
		p.rehash()
	}
	i := p.slot(c)
	if p.table[i] == 0 {
		p.table[i] = uint32(len(p.calls))
		p.calls = append(p.calls, c)
	}
	return p.table[i]
}

// slot is the place of a chain's number in the table, or where it belongs.
func (p *places) slot(c call) int {
	h := (uint64(c.pos) ^ uint64(c.outer)*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	mask := len(p.table) - 1
	i := int(h>>33) & mask
	for p.table[i] != 0 && p.calls[p.table[i]] != c {
		i = (i + 1) & mask
	}
	return i
}

func (p *places) rehash() {
	p.table = make([]uint32, max(32, 2*len(p.table)))
	for n := 1; n < len(p.calls); n++ {
		p.table[p.slot(p.calls[n])] = uint32(n)
	}
}

// few is how many functions are looked through one by one.
const few = 16

// function returns the number of a function. Whoever has more than 65536 of them sees the last one's name for the others.
func (p *places) function(file, name string) int {
	f := function{file, name}
	for i := range p.funcs[:min(len(p.funcs), few)] {
		if p.funcs[i] == f {
			return i
		}
	}
	if n, ok := p.ids[f]; ok {
		return n
	}
	n := min(len(p.funcs), 1<<16-1)
	if n == len(p.funcs) {
		p.funcs = append(p.funcs, f)
	}
	if n >= few {
		if p.ids == nil {
			p.ids = map[function]int{}
		}
		p.ids[f] = n
	}
	return n
}

// frames returns the chain with a number, innermost first.
func (p *places) frames(n uint32) []diag.Frame {
	var list []diag.Frame
	for ; n != 0; n = p.calls[n].outer {
		c := p.calls[n].pos
		f := p.funcs[c>>48]
		list = append(list, diag.Frame{
			Func: f.name,
			Pos:  diag.Pos{File: f.file, Line: int(c >> 20 & (1<<28 - 1)), Col: int(c & (1<<20 - 1))},
		})
	}
	return list
}

// adopt returns r's number for a chain of another Run.
func (r *Run) adopt(from *Run, n uint32) uint32 {
	if n == 0 || from == r {
		return n
	}
	c := from.places.calls[n]
	f := from.places.funcs[c.pos>>48]
	at := pos(r.places.function(f.file, f.name))<<48 | c.pos&(1<<48-1)
	return r.places.number(call{r.adopt(from, c.outer), at})
}

// place is a chain of a Run.
type place struct {
	run *Run
	at  uint32
}

// where follows path from v, which was made at p, and returns the deepest place on the way and how many steps lead there. An
// assignment's own name is one of those that lead on: the source shows it.
func where(v starlark.Value, path kube.Path, p place) (place, int) {
	steps := 0
	reach := func(run *Run, at uint32, n int) {
		if at != 0 && p != (place{run, at}) {
			p, steps = place{run, at}, n
		}
	}
	for i, s := range path {
		var set uint32
		run := runOf(v)
		if v, set = step(v, s); v == nil {
			break
		}
		reach(run, set, i)
		if r, ok := v.(*Record); ok {
			reach(r.run, r.at, i+1)
		}
	}
	return p, steps
}

func runOf(v starlark.Value) *Run {
	switch v := v.(type) {
	case *Record:
		return v.run
	case *List:
		return v.run
	case *Map:
		return v.run
	}
	return nil
}

// step returns what a step leads to and the number of the place where it was set by itself, if it was.
func step(v starlark.Value, s kube.Step) (starlark.Value, uint32) {
	switch v := v.(type) {
	case *Record:
		if i, ok := v.find(v.typ.Field(s.Name)); ok {
			return v.slots[i].val, v.slots[i].at
		}
	case *List:
		if s.Index >= 0 && s.Index < len(v.vals) {
			return v.vals[s.Index], v.at(s.Index)
		}
	case *Map:
		if i := v.find(s.Name); i >= 0 {
			return v.entries[i].val, v.entries[i].at
		}
	}
	return nil, 0
}
