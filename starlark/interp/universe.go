package interp

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// collectors are the functions that make a collection of another, what they make, and how many bytes they need for each
// element.
var collectors = [...]struct {
	name, makes string
	size        int
}{
	{"bytes", "bytes", 1},
	{"dict", "dict", 96},
	{"enumerate", "list", 80},
	{"list", "list", 16},
	{"reversed", "list", 16},
	{"set", "set", 96},
	{"sorted", "list", 32},
	{"tuple", "tuple", 16},
	{"zip", "list", 64},
}

// universe returns those of Starlark's own functions that need a guard, behind it.
func (g *guards) universe() starlark.StringDict {
	env := starlark.StringDict{}
	for _, c := range collectors {
		env[c.name] = g.collecting(c.name, c.makes, c.size)
	}
	for _, name := range []string{"str", "repr", "print", "fail"} {
		env[name] = g.printing(starlark.Universe[name].(*starlark.Builtin))
	}
	for name, fn := range map[string]func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error){
		"range": g.rangeOf, "int": g.intOf, "getattr": g.getattr,
	} {
		env[name] = starlark.NewBuiltin(name, fn)
	}
	return env
}

// collecting is a function that makes a collection of all elements of its arguments.
func (g *guards) collecting(name, makes string, size int) starlark.Value {
	original := starlark.Universe[name].(*starlark.Builtin)
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		for _, arg := range args {
			n := starlark.Len(arg)
			if s, ok := arg.(starlark.Sequence); ok {
				n = s.Len()
			}
			if n*size > g.limits.Value {
				return nil, g.limits.checkSize(makes, int64(n)*int64(size))
			}
		}
		return original.CallInternal(thread, args, kwargs)
	})
}

// printing is a function that makes text of its arguments.
func (g *guards) printing(original *starlark.Builtin) starlark.Value {
	return starlark.NewBuiltin(original.Name(), func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		for _, arg := range args {
			if _, err := g.textSize(arg); err != nil {
				return nil, err
			}
		}
		return original.CallInternal(thread, args, kwargs)
	})
}

func (g *guards) intOf(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 0 {
		if s, ok := args[0].(starlark.String); ok && len(s) > 2*maxInt {
			return nil, fmt.Errorf("int of %d digits: a number may have %d", len(s), 2*maxInt)
		}
	}
	return starlark.Universe["int"].(*starlark.Builtin).CallInternal(thread, args, kwargs)
}

// getattr keeps methods behind their guards.
func (g *guards) getattr(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v, err := starlark.Universe["getattr"].(*starlark.Builtin).CallInternal(thread, args, kwargs)
	if m, ok := v.(*starlark.Builtin); ok && g.methods[m.Name()] != nil {
		switch x := m.Receiver().(type) {
		case starlark.String, *starlark.List:
			return g.attr(x, m.Name())
		}
	}
	return v, err
}

// rangeOf makes ranges. Those that would be too long as a list are of a kind that nothing makes a list of.
func (g *guards) rangeOf(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v, err := starlark.Universe["range"].(*starlark.Builtin).CallInternal(thread, args, kwargs)
	if err == nil {
		if n := starlark.Len(v); n > g.limits.Value/16 {
			return &longRange{v, g, thread}, nil
		}
	}
	return v, err
}

// longRange is a range for loops: for i in range(1 << 40). It has no length, so that nothing makes room for its elements
// beforehand, and it ends, cancelling the thread, when its elements are taken without the thread making a step between them:
// then some builtin collects them. Frozen, it belongs to no thread, and only the watchdog looks.
type longRange struct {
	starlark.Value
	guards *guards
	thread *starlark.Thread
}

var (
	_ starlark.Iterable   = (*longRange)(nil)
	_ starlark.Container  = (*longRange)(nil)
	_ starlark.Comparable = (*longRange)(nil)
)

func (r *longRange) Freeze() { r.thread = nil }

// Type differs from that of other ranges, which do not know how to compare themselves with this one.
func (r *longRange) Type() string { return "long range" }

func (r *longRange) Has(x starlark.Value) (bool, error) { return r.Value.(starlark.Container).Has(x) }

// CompareSameType compares ranges that are both long.
func (r *longRange) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	return r.Value.(starlark.Comparable).CompareSameType(op, y.(*longRange).Value, depth)
}

func (r *longRange) Iterate() starlark.Iterator {
	return &longIterator{Iterator: r.Value.(starlark.Iterable).Iterate(), r: r}
}

type longIterator struct {
	starlark.Iterator
	r     *longRange
	steps uint64 // of the thread, when last looked
	taken uint64 // since it made one
}

func (it *longIterator) Next(p *starlark.Value) bool {
	if thread := it.r.thread; thread != nil {
		if now := thread.ExecutionSteps(); now != it.steps {
			it.steps, it.taken = now, 0
		} else if it.taken++; it.taken > uint64(it.r.guards.limits.Value/128) {
			thread.Cancel(it.r.guards.limits.checkSize("list", 16*int64(starlark.Len(it.r.Value))).Error())
			return false
		}
	}
	return it.Iterator.Next(p)
}
