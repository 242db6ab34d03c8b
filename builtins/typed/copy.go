package typed

import "go.starlark.net/starlark"

// Copy returns a deep copy of v that can be changed, as a value of the Run. What is reached twice in v is reached twice in
// the copy. A Record at the top counts as made where the Starlark code that runs now asked for the copy.
func Copy(run *Run, v starlark.Value) starlark.Value {
	c := copier{run: run, done: map[starlark.Value]starlark.Value{}}
	w := c.copy(v)
	if r, ok := w.(*Record); ok {
		if at := run.here(); at != 0 {
			for i := range r.slots {
				if r.slots[i].at == 0 {
					r.slots[i].at = r.at
				}
			}
			r.at = at
		}
	}
	return w
}

type copier struct {
	run  *Run
	done map[starlark.Value]starlark.Value
}

func (c *copier) copy(v starlark.Value) starlark.Value {
	switch v.(type) {
	case *Record, *List, *Map, *starlark.List, *starlark.Dict, *starlark.Set, starlark.Tuple:
	default:
		return v
	}
	if t, ok := v.(starlark.Tuple); ok {
		return starlark.Tuple(c.values(t))
	}
	if w, ok := c.done[v]; ok {
		return w
	}
	switch v := v.(type) {
	case *Record:
		return c.record(v)
	case *List:
		return c.list(v)
	case *Map:
		return c.mapping(v)
	case *starlark.List:
		w := starlark.NewList(nil)
		c.done[v] = w
		for i := range v.Len() {
			_ = w.Append(c.copy(v.Index(i))) // cannot fail: w is new
		}
		return w
	case *starlark.Dict:
		w := starlark.NewDict(v.Len())
		c.done[v] = w
		for k, x := range v.Entries() {
			_ = w.SetKey(k, c.copy(x)) // cannot fail: k was a key
		}
		return w
	case *starlark.Set:
		w := starlark.NewSet(v.Len())
		c.done[v] = w
		for x := range v.Elements() {
			_ = w.Insert(x) // cannot fail: x was an element
		}
		return w
	}
	return v
}

func (c *copier) values(list []starlark.Value) []starlark.Value {
	w := c.run.vals.cut(len(list))
	for _, x := range list {
		w = append(w, c.copy(x))
	}
	return w
}

func (c *copier) record(v *Record) *Record {
	w := c.run.record(v.typ, len(v.slots))
	c.done[v] = w
	w.at, w.note, w.blank, w.poisoned = c.run.adopt(v.run, v.at), v.note, v.blank, v.poisoned
	for _, s := range v.slots {
		w.slots = append(w.slots, slot{field: s.field, at: c.run.adopt(v.run, s.at), val: c.copy(s.val)})
	}
	return w
}

func (c *copier) list(v *List) *List {
	w := c.run.newList(v.typ, 0)
	c.done[v] = w
	w.vals, w.blank = c.values(v.vals), v.blank
	if v.ats != nil {
		ats := make([]uint32, len(*v.ats))
		for i, at := range *v.ats {
			ats[i] = c.run.adopt(v.run, at)
		}
		w.ats = &ats
	}
	return w
}

func (c *copier) mapping(v *Map) *Map {
	w := c.run.newMap(v.typ, len(v.entries))
	c.done[v] = w
	w.blank = v.blank
	for _, e := range v.entries {
		w.entries = append(w.entries, entry{key: e.key, val: c.copy(e.val), at: c.run.adopt(v.run, e.at)})
	}
	w.reindex()
	return w
}
