package typed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// List is a list whose elements are checked. What is computed from one (a slice, a sum) is a plain list.
type List struct {
	typ    *schema.Type
	run    *Run
	vals   []starlark.Value
	ats    *[]uint32 // the chains that set the elements; nil if all came with the list
	iters  int32     // iterations at work
	frozen bool
	blank  bool
}

var (
	_ starlark.HasSetIndex = (*List)(nil)
	_ starlark.Sliceable   = (*List)(nil)
	_ starlark.Comparable  = (*List)(nil)
	_ starlark.HasBinary   = (*List)(nil)
	_ starlark.HasAttrs    = (*List)(nil)
	_ starlark.Container   = (*List)(nil)
)

// String writes the List as Starlark does its own.
func (l *List) String() string { return print(l) }

// Type is not "list": go.starlark.net takes values of one type name to be of one Go type when it compares them. The
// function type, which users see, says "list".
func (l *List) Type() string { return "list of " + l.typ.Elem.String() }

// Truth, Hash, Len and Index are those of any list.
func (l *List) Truth() starlark.Bool       { return len(l.vals) > 0 }
func (l *List) Hash() (uint32, error)      { return 0, fmt.Errorf("unhashable: list") }
func (l *List) Len() int                   { return len(l.vals) }
func (l *List) Index(i int) starlark.Value { return l.vals[i] }

// Freeze makes the List, and all in it, constant.
func (l *List) Freeze() {
	if !l.frozen {
		l.frozen = true
		for _, v := range l.vals {
			v.Freeze()
		}
	}
}

// mutable returns an error if the List must not change now.
func (l *List) mutable(verb string) error {
	if l.frozen {
		return frozen(verb, "list")
	}
	if l.iters > 0 {
		return fmt.Errorf("cannot %s a list while it is iterated", verb)
	}
	return nil
}

// frozen is the error of changing what can no longer change.
func frozen(verb, what string) error {
	return fmt.Errorf("cannot %s a frozen %s: it belongs to a file that has been loaded; copy(...) makes one that can be changed", verb, what)
}

// Iterate yields the elements; until it is done, the List cannot change.
func (l *List) Iterate() starlark.Iterator {
	if !l.frozen {
		l.iters++
	}
	return &listIterator{l: l}
}

type listIterator struct {
	l *List
	i int
}

func (it *listIterator) Next(p *starlark.Value) bool {
	if it.i >= len(it.l.vals) {
		return false
	}
	*p = it.l.vals[it.i]
	it.i++
	return true
}

func (it *listIterator) Done() {
	if !it.l.frozen {
		it.l.iters--
	}
}

// at returns the chain that set an element, or 0.
func (l *List) at(i int) uint32 {
	if l.ats == nil {
		return 0
	}
	return (*l.ats)[i]
}

// chains makes room to remember who set which element.
func (l *List) chains() *[]uint32 {
	if l.ats == nil {
		ats := make([]uint32, len(l.vals), len(l.vals)+1)
		l.ats = &ats
	}
	return l.ats
}

// SetIndex sets an element. A mistake is reported and leaves the old one.
func (l *List) SetIndex(i int, v starlark.Value) error {
	if err := l.mutable("assign to an element of"); err != nil {
		return err
	}
	if v = l.run.converted(l.typ.Elem, v, l); v != nil {
		l.vals[i] = v
		(*l.chains())[i] = l.run.here()
	}
	if len(l.run.faults) > 0 {
		l.report(Within(kube.Path{l.Step(i)}, l.run.take().err()), item(i))
	}
	return nil
}

// insert inserts an element; the error's paths begin with its index.
func (l *List) insert(i int, v starlark.Value) error {
	given := v
	if v = l.run.converted(l.typ.Elem, v, l); v != nil {
		at := l.run.here()
		if at != 0 || l.ats != nil {
			ats := l.chains()
			*ats = slices.Insert(*ats, i, at)
		}
		l.vals = slices.Insert(l.vals, i, v)
	}
	l.blank = false
	if len(l.run.faults) == 0 {
		return nil
	}
	return Within(kube.Path{kube.Item(i, itemKey(l.typ, given))}, l.run.take().err())
}

// report reports what was found wrong with an element; names lead to it from the running call or assignment.
func (l *List) report(err error, names ...string) {
	if err != nil {
		l.run.report(l.Type(), Split(err), l, names...)
	}
}

// delete removes the elements from i to before j.
func (l *List) delete(i, j int) {
	l.vals = slices.Delete(l.vals, i, j)
	if l.ats != nil {
		*l.ats = slices.Delete(*l.ats, i, j)
	}
}

// extend appends the elements of an iterable, to which names lead.
func (l *List) extend(y starlark.Iterable, names ...string) {
	for i, v := range elements(y) {
		l.report(l.insert(len(l.vals), v), append(names[:len(names):len(names)], item(i))...)
	}
	l.blank = false
}

// item is the name of an element, or of a positional argument: see diag.Place.
func item(i int) string { return "[" + strconv.Itoa(i) + "]" }

func elements(y starlark.Iterable) []starlark.Value {
	var list []starlark.Value
	it := y.Iterate()
	defer it.Done()
	var v starlark.Value
	for it.Next(&v) {
		list = append(list, v)
	}
	return list
}

// itemKey is the identity of v among the elements of a list of type t, or "": a container's name, a port and its protocol.
func itemKey(t *schema.Type, v starlark.Value) string {
	if t.Keys == "" {
		return ""
	}
	var parts []string
	for key := range strings.SplitSeq(t.Keys, ",") {
		var x starlark.Value
		switch v := v.(type) {
		case *Record:
			x = v.Get(key)
		case *starlark.Dict:
			x, _, _ = v.Get(starlark.String(key))
		}
		switch x := x.(type) {
		case starlark.String:
			parts = append(parts, string(x))
		case starlark.Int:
			parts = append(parts, x.String())
		}
	}
	return strings.Join(parts, "/")
}

// Has reports whether an element equals v.
func (l *List) Has(v starlark.Value) (bool, error) {
	i, err := l.index(v, 0, len(l.vals))
	return i >= 0, err
}

func (l *List) index(v starlark.Value, from, to int) (int, error) {
	for i := from; i < to; i++ {
		same, err := Equal(l.vals[i], v)
		if err != nil {
			return -1, err
		}
		if same {
			return i, nil
		}
	}
	return -1, nil
}

// Slice returns a plain list.
func (l *List) Slice(start, end, step int) starlark.Value {
	if step == 1 {
		return starlark.NewList(slices.Clone(l.vals[start:end]))
	}
	var list []starlark.Value
	for i := start; step > 0 && i < end || step < 0 && i > end; i += step {
		list = append(list, l.vals[i])
	}
	return starlark.NewList(list)
}

// maxRepeat is how many elements `list * n` may make: each takes 16 bytes.
const maxRepeat = 1 << 20

// Binary adds two lists and repeats one; the result is a plain list, except of an augmented assignment.
func (l *List) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	switch op {
	case syntax.PLUS:
		if side == starlark.Left && l.run.augmented() {
			if y, ok := y.(starlark.Iterable); ok {
				if err := l.mutable("apply += to"); err != nil {
					return nil, err
				}
				l.extend(y)
				return l, nil
			}
		}
		var other []starlark.Value
		switch y := y.(type) {
		case *List:
			other = y.vals
		case *starlark.List:
			other = elements(y)
		default:
			return nil, nil
		}
		if side == starlark.Right {
			return starlark.NewList(slices.Concat(other, l.vals)), nil
		}
		return starlark.NewList(slices.Concat(l.vals, other)), nil
	case syntax.STAR:
		n, ok := y.(starlark.Int)
		if !ok {
			return nil, nil
		}
		times, ok := n.Int64()
		if !ok || times > 0 && int64(len(l.vals)) > maxRepeat/times {
			return nil, fmt.Errorf("list * %s would have more than %d elements", n, maxRepeat)
		}
		return starlark.NewList(slices.Repeat(l.vals, int(max(times, 0)))), nil
	}
	return nil, nil
}

// augmented reports whether the operator at work belongs to an augmented assignment.
func (r *Run) augmented() bool {
	if r.Sources == nil || r.Thread.CallStackDepth() == 0 {
		return false
	}
	p := r.Thread.DebugFrame(0).Position()
	pos := diag.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}
	is, known := r.augments[pos]
	if !known {
		if r.forest == nil {
			r.forest, r.augments = diag.NewForest(r.Sources), map[diag.Pos]bool{}
		}
		is = r.forest.Augments(pos)
		r.augments[pos] = is
	}
	return is
}

// Attr returns a method.
func (l *List) Attr(name string) (starlark.Value, error) {
	for _, m := range listMethods {
		if m.name == name {
			return starlark.NewBuiltin(name, m.call).BindReceiver(l), nil
		}
	}
	return nil, nil
}

// AttrNames lists the methods.
func (l *List) AttrNames() []string {
	list := make([]string, len(listMethods))
	for i, m := range listMethods {
		list[i] = m.name
	}
	return list
}
