package interp

import (
	"strings"

	"go.starlark.net/starlark"
)

// receiver wraps a value whose methods build larger ones.
func (g *guards) receiver(x starlark.Value) (starlark.Value, error) {
	switch x := x.(type) {
	case starlark.String:
		return receiver{g, x}, nil
	case *starlark.List:
		return receiver{g, x}, nil
	}
	return x, nil
}

// receiver is a string or list between the evaluation of x and that of x.join.
type receiver struct {
	guards *guards
	starlark.Value
}

func (r receiver) Attr(name string) (starlark.Value, error) { return r.guards.attr(r.Value, name) }
func (r receiver) AttrNames() []string                      { return r.Value.(starlark.HasAttrs).AttrNames() }

// attr is an attribute of a string or list, behind its guard.
func (g *guards) attr(x starlark.Value, name string) (starlark.Value, error) {
	m := g.methods[name]
	if m != nil {
		if _, isList := x.(*starlark.List); isList == (name == "extend") {
			return m.BindReceiver(x), nil
		}
	}
	return x.(starlark.HasAttrs).Attr(name)
}

// original calls a method without its guard.
func original(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	m, err := b.Receiver().(starlark.HasAttrs).Attr(b.Name())
	if err != nil {
		return nil, err
	}
	return m.(*starlark.Builtin).CallInternal(thread, args, kwargs)
}

func (g *guards) join(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	sep := string(b.Receiver().(starlark.String))
	if len(args) != 1 {
		return original(thread, b, args, kwargs)
	}
	var room [16]string
	parts := room[:0]
	var size int64
	list, ok := args[0].(starlark.Iterable)
	if !ok {
		return original(thread, b, args, kwargs) // it says what is wrong
	}
	iter := list.Iterate()
	defer iter.Done()
	for x := starlark.Value(nil); iter.Next(&x); {
		s, ok := x.(starlark.String)
		if !ok {
			return original(thread, b, args, kwargs)
		}
		parts = append(parts, string(s))
		size += int64(len(s) + len(sep))
	}
	if err := g.limits.checkSize("string", size-int64(len(sep))); err != nil && size > 0 {
		return nil, err
	}
	return starlark.String(strings.Join(parts, sep)), nil
}

func (g *guards) replace(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	s := string(b.Receiver().(starlark.String))
	if len(args) >= 2 {
		before, _ := starlark.AsString(args[0])
		after, _ := starlark.AsString(args[1])
		if more := len(after) - len(before); more > 0 && (len(s)+1)*len(after) > g.limits.Value {
			times := int64(strings.Count(s, before))
			if err := g.limits.checkSize("string", int64(len(s))+times*int64(more)); err != nil {
				return nil, err
			}
		}
	}
	return original(thread, b, args, kwargs)
}

func (g *guards) format(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	s := string(b.Receiver().(starlark.String))
	size := 0
	for _, arg := range args {
		n, err := g.textSize(arg)
		if err != nil {
			return nil, err
		}
		size += n
	}
	for _, kw := range kwargs {
		n, err := g.textSize(kw[1])
		if err != nil {
			return nil, err
		}
		size += n
	}
	if err := g.limits.checkSize("string", int64(len(s))+int64(strings.Count(s, "{"))*int64(size)); err != nil {
		return nil, err
	}
	return original(thread, b, args, kwargs)
}

// split bounds the list of parts: each is a string, of which the list holds a reference.
func (g *guards) split(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	const part = 32
	if s := string(b.Receiver().(starlark.String)); len(s) > g.limits.Value/part {
		n := len(s)/2 + 1 // by white space
		if b.Name() == "splitlines" {
			n = strings.Count(s, "\n") + 1
		} else if len(args) > 0 {
			if sep, ok := starlark.AsString(args[0]); ok && sep != "" {
				n = strings.Count(s, sep) + 1
			}
		} else {
			n = strings.Count(s, " ") + strings.Count(s, "\n") + strings.Count(s, "\t") + strings.Count(s, "\r") + 1
		}
		if err := g.limits.checkSize("list", part*int64(n)); err != nil {
			return nil, err
		}
	}
	return original(thread, b, args, kwargs)
}

func (g *guards) extend(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) == 1 {
		if n := starlark.Len(args[0]); n > 0 {
			if err := g.limits.checkSize("list", 16*(int64(n)+int64(starlark.Len(b.Receiver())))); err != nil {
				return nil, err
			}
		}
	}
	return original(thread, b, args, kwargs)
}
