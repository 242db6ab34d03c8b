// Package typed holds Kubernetes values that are checked against package schema when they are set.
//
// A [Constructor] makes a [Record]; lists and maps inside one are a [List] and a [Map]. Everything made on one Starlark
// thread belongs to its [Run], which remembers where it was made and which mistakes were found on the way. A mistake does
// not stop evaluation: what is wrong is left unset, so that one run finds all independent mistakes.
//
// Read api.go, which is what Go code uses, then record.go, convert.go and place.go.
package typed

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// Run is what the values of one thread share.
type Run struct {
	Thread *starlark.Thread

	// Sources, if set, have the text of the files that run. `a += b` then changes the List or Map that a names, as it does
	// for Starlark's own: go.starlark.net itself does not tell a value that this is no `a + b`.
	Sources diag.Sources

	forest   *diag.Forest      // of Sources, once it was asked
	augments map[diag.Pos]bool // what it said

	places   places
	records  slab[Record]
	made     [][]Record // all that were cut from records, for AttachMade
	slots    slab[slot]
	lists    slab[List]
	vals     slab[starlark.Value]
	maps     slab[Map]
	entries  slab[entry]
	faults   Errors // found by the conversion at work
	depth    int    // of the conversion at work
	mistakes []Mistake
	warnings []Warning
	declared []any
}

const local = "typed.Run"

// NewRun returns the Run of a thread. It must precede execution.
func NewRun(thread *starlark.Thread) *Run {
	r := &Run{Thread: thread}
	r.places.init()
	thread.SetLocal(local, r)
	return r
}

// record returns a new Record with room for n fields.
func (r *Run) record(t *schema.Object, n int) *Record {
	if t.Kind != "" {
		n += 2
	}
	if len(r.records.free) == 0 {
		r.records.grow(1)
		r.made = append(r.made, r.records.free)
	}
	x := &r.records.cut(1)[:1][0]
	x.typ, x.run, x.slots = t, r, r.slots.cut(n)
	return x
}

func (r *Run) newList(t *schema.Type, n int) *List {
	x := &r.lists.cut(1)[:1][0]
	x.typ, x.run, x.vals = t, r, r.vals.cut(n)
	return x
}

func (r *Run) newMap(t *schema.Type, n int) *Map {
	x := &r.maps.cut(1)[:1][0]
	x.typ, x.run, x.entries = t, r, r.entries.cut(n)
	return x
}

// fault records that the conversion at work cannot use a value.
func (r *Run) fault(e *Error) { r.faults = append(r.faults, e) }

// inside puts a step before the paths of all faults from the nth on.
func (r *Run) inside(n int, s kube.Step) {
	for _, e := range r.faults[n:] {
		e.inside(s)
	}
}

// take returns the faults and forgets them.
func (r *Run) take() Errors {
	l := r.faults
	r.faults = nil
	return l
}
