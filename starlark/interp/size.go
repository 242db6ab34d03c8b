package interp

import (
	"errors"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// textSize returns about how many bytes the text of a value takes, or an error if that is too much or nested too deep. A
// value that holds another many times over is small in memory, but not as text.
func (g *guards) textSize(v starlark.Value) (int, error) {
	switch v := v.(type) {
	case starlark.String:
		return len(v), nil
	case starlark.Int:
		if _, small := v.Int64(); !small {
			return v.BigInt().BitLen(), nil
		}
		return 20, nil
	case starlark.NoneType, starlark.Bool, starlark.Float:
		return 20, nil
	}
	w := walk{left: g.limits.Value, depth: g.limits.Depth}
	switch err := w.value(v, 0); err {
	case errLarge:
		return 0, errors.New("the text of this value is too long: " + g.limits.value())
	case errDeep:
		return 0, errors.New(g.limits.depth())
	}
	return g.limits.Value - w.left, nil
}

var (
	errLarge = errors.New("too large")
	errDeep  = errors.New("too deep")
)

// walk visits a value as if it were a tree, until it has seen too much.
type walk struct {
	left  int // bytes
	depth int
	seen  map[any]bool // lists, dicts and sets, if each is to be visited once
}

func (w *walk) value(v starlark.Value, depth int) error {
	size := 16
	if s, ok := v.(starlark.String); ok {
		size += len(s)
	}
	if w.left -= size; w.left < 0 {
		return errLarge
	}
	switch v := v.(type) {
	case starlark.String, starlark.Int, starlark.Bool, starlark.NoneType, starlark.Float, *starlark.Function, *starlark.Builtin:
		return nil
	case *starlark.Dict:
		return w.dict(v, depth+1)
	case *starlark.List, starlark.Tuple, *starlark.Set:
		return w.elements(v.(starlark.Iterable), depth+1)
	case *starlarkstruct.Struct:
		return w.attrs(v, depth+1)
	}
	return nil
}

// enter reports whether a collection is to be visited.
func (w *walk) enter(v starlark.Value, depth int) (bool, error) {
	if depth > w.depth {
		return false, errDeep
	}
	if w.seen == nil {
		return true, nil
	}
	if _, isTuple := v.(starlark.Tuple); isTuple { // it may hold itself no more than it can be hashed
		return true, nil
	}
	if w.seen[v] {
		return false, nil
	}
	w.seen[v] = true
	return true, nil
}

func (w *walk) dict(d *starlark.Dict, depth int) error {
	if ok, err := w.enter(d, depth); !ok {
		return err
	}
	for k, v := range d.Entries() {
		if err := w.value(k, depth); err != nil {
			return err
		}
		if err := w.value(v, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) elements(list starlark.Iterable, depth int) error {
	if ok, err := w.enter(list, depth); !ok {
		return err
	}
	for x := range starlark.Elements(list) {
		if err := w.value(x, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) attrs(s *starlarkstruct.Struct, depth int) error {
	if ok, err := w.enter(s, depth); !ok {
		return err
	}
	for _, name := range s.AttrNames() {
		v, err := s.Attr(name)
		if err != nil {
			return err
		}
		if err := w.value(v, depth); err != nil {
			return err
		}
	}
	return nil
}

// checkFreeze walks a value as freezing it would. Most values are small: only of larger ones is remembered what was seen.
func (g *guards) checkFreeze(v starlark.Value) error {
	const small = 1 << 14
	w := walk{left: small, depth: g.limits.Depth}
	err := w.value(v, 0)
	if err == errLarge {
		w = walk{left: g.limits.Value, depth: g.limits.Depth, seen: map[any]bool{}}
		err = w.value(v, 0)
	}
	switch err {
	case errLarge:
		return errors.New("the value is too large to be shared: " + g.limits.value())
	case errDeep:
		return errors.New(g.limits.depth())
	}
	return nil
}
