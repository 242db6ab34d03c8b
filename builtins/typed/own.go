package typed

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// Mark is a place of Starlark code that takes a few bytes until somebody asks where it is.
type Mark struct{ place }

// Mark returns the place of the Starlark code that runs now.
func (r *Run) Mark() Mark { return Mark{place{r, r.here()}} }

// Place returns the place; names lead from the arguments of the call to what is meant, see diag.Place.
func (m Mark) Place(names ...string) diag.Place {
	if m.run == nil {
		return diag.Place{Names: names}
	}
	return diag.Place{Frames: m.run.places.frames(m.at), Names: names}
}

// NewAt returns an empty Record of type t that counts as made at m, of this Run or another.
func (r *Run) NewAt(t *schema.Object, m Mark) *Record {
	x := r.New(t)
	if m.run != nil {
		x.at = r.adopt(m.run, m.at)
	}
	return x
}

// A stage behind evaluation changes objects without their makers noticing: it has a Run of its own, and whatever it changes
// it owns first. Own copies one level; what is below is shared until it is owned itself.

// Own returns x if it belongs to the Run, else a copy that does.
func (r *Run) Own(x *Record) *Record {
	if x.run == r {
		return x
	}
	w := r.record(x.typ, len(x.slots)+1)
	w.at, w.note, w.blank, w.poisoned = r.adopt(x.run, x.at), x.note, x.blank, x.poisoned
	for _, s := range x.slots {
		w.slots = append(w.slots, slot{field: s.field, at: r.adopt(x.run, s.at), val: s.val})
	}
	return w
}

// Own returns the Record in a field, made if need be, as one that belongs to r's Run.
func (r *Record) Own(name string) *Record {
	x := r.Child(name)
	if x.run != r.run {
		x = r.run.Own(x)
		r.swap(name, x)
	}
	return x
}

// OwnItems returns the list in a field, made if need be, as one that belongs to r's Run. Its elements do not.
func (r *Record) OwnItems(name string) *List {
	l := r.Items(name)
	if l.run == r.run {
		return l
	}
	w := &List{typ: l.typ, run: r.run, vals: slices.Clone(l.vals), blank: l.blank}
	if l.ats != nil {
		ats := make([]uint32, len(*l.ats))
		for i, at := range *l.ats {
			ats[i] = r.run.adopt(l.run, at)
		}
		w.ats = &ats
	}
	r.swap(name, w)
	return w
}

// OwnEntries returns the map in a field, made if need be, as one that belongs to r's Run.
func (r *Record) OwnEntries(name string) *Map {
	m := r.Entries(name)
	if m.run == r.run {
		return m
	}
	w := r.run.newMap(m.typ, len(m.entries)+2)
	w.blank = m.blank
	for _, e := range m.entries {
		w.entries = append(w.entries, entry{key: e.key, val: e.val, at: r.run.adopt(m.run, e.at)})
	}
	w.reindex()
	r.swap(name, w)
	return w
}

// swap puts another value in the place of one, whose own place is kept.
func (r *Record) swap(name string, v starlark.Value) {
	i, ok := r.find(field(r.typ, name))
	if !ok {
		panic("swap of a field that is not set: " + name)
	}
	r.slots[i].val = v
}

// Own returns the Record at i as one that belongs to l's Run, to which l must belong.
func (l *List) Own(i int) *Record {
	x := l.vals[i].(*Record)
	if x.run != l.run {
		x = l.run.Own(x)
		l.vals[i] = x
	}
	return x
}

// MadeAt says where the Record counts as made.
func (r *Record) MadeAt(m Mark) {
	if m.run != nil {
		r.at = r.run.adopt(m.run, m.at)
	}
}
