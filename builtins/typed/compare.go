package typed

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Equal reports whether two values are equal as Starlark's == has it, where typed lists and dicts equal plain ones with the
// same elements.
func Equal(x, y starlark.Value) (bool, error) {
	c := comparison{}
	return c.equal(x, y, 0)
}

// comparison compares two values. From the thousandth step on it remembers which parts it has found equal, so that values
// that share much do not take forever.
type comparison struct {
	steps int
	seen  map[[2]starlark.Value]bool
}

func (c *comparison) equal(x, y starlark.Value, depth int) (bool, error) {
	switch x := x.(type) {
	case *Record, *List, *Map, *starlark.List, *starlark.Dict:
		return c.collections(x, y, depth+1)
	case starlark.Tuple:
		if y, ok := y.(starlark.Tuple); ok {
			return c.lists(x, y, depth+1)
		}
		return false, nil
	}
	return starlark.Equal(x, y)
}

func (c *comparison) collections(x, y starlark.Value, depth int) (same bool, err error) {
	if depth > maxDepth {
		return false, fmt.Errorf("comparison of values that are nested more than %d levels deep", maxDepth)
	}
	if c.steps++; c.steps > 1000 {
		pair := [2]starlark.Value{x, nil}
		switch y.(type) {
		case *Record, *List, *Map, *starlark.List, *starlark.Dict:
			pair[1] = y
		default:
			return false, nil
		}
		if c.seen[pair] {
			return true, nil
		}
		defer func() {
			if same {
				if c.seen == nil {
					c.seen = map[[2]starlark.Value]bool{}
				}
				c.seen[pair] = true
			}
		}()
	}
	switch x := x.(type) {
	case *Record:
		if y, ok := y.(*Record); ok {
			return c.records(x, y, depth)
		}
	case *List, *starlark.List:
		if y, ok := asList(y); ok {
			return c.lists(x.(starlark.Indexable), y, depth)
		}
	case *Map, *starlark.Dict:
		if y, ok := asMap(y); ok {
			return c.maps(x.(starlark.IterableMapping), y, depth)
		}
	}
	return false, nil
}

func asList(v starlark.Value) (starlark.Indexable, bool) {
	switch v := v.(type) {
	case *List:
		return v, true
	case *starlark.List:
		return v, true
	}
	return nil, false
}

func asMap(v starlark.Value) (starlark.IterableMapping, bool) {
	switch v := v.(type) {
	case *Map:
		return v, true
	case *starlark.Dict:
		return v, true
	}
	return nil, false
}

// records compares what is set in both.
func (c *comparison) records(x, y *Record, depth int) (bool, error) {
	if x == y {
		return true, nil
	}
	if x.typ != y.typ {
		return false, nil
	}
	a, b := x.slots, y.slots
	for {
		a, b = skipBlank(a), skipBlank(b)
		if len(a) == 0 || len(b) == 0 {
			return len(a) == len(b), nil
		}
		if a[0].field != b[0].field {
			return false, nil
		}
		if same, err := c.equal(a[0].val, b[0].val, depth); !same || err != nil {
			return false, err
		}
		a, b = a[1:], b[1:]
	}
}

func (c *comparison) lists(x, y starlark.Indexable, depth int) (bool, error) {
	if x.Len() != y.Len() {
		return false, nil
	}
	for i := range x.Len() {
		if same, err := c.equal(x.Index(i), y.Index(i), depth); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (c *comparison) maps(x, y starlark.IterableMapping, depth int) (bool, error) {
	items := x.Items()
	if len(items) != starlark.Len(y) {
		return false, nil
	}
	for _, kv := range items {
		v, ok, err := y.Get(kv[0])
		if !ok || err != nil {
			return false, err
		}
		if same, err := c.equal(kv[1], v, depth); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// CompareSameType compares with another Record by what is set in both.
func (r *Record) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	return verdict(op, r, y)
}

// CompareSameType compares with another Map, whatever the order of the keys.
func (m *Map) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	return verdict(op, m, y)
}

// CompareSameType compares with another List, and orders lists as Starlark does: by the first elements that differ, else by
// length.
func (l *List) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	other, ok := y.(*List)
	if op == syntax.EQL || op == syntax.NEQ || !ok {
		return verdict(op, l, y)
	}
	for i := range min(len(l.vals), len(other.vals)) {
		same, err := Equal(l.vals[i], other.vals[i])
		if err != nil {
			return false, err
		}
		if !same {
			return starlark.CompareDepth(op, l.vals[i], other.vals[i], depth-1)
		}
	}
	return starlark.Compare(op, starlark.MakeInt(len(l.vals)), starlark.MakeInt(len(other.vals)))
}

// verdict answers == and !=.
func verdict(op syntax.Token, x, y starlark.Value) (bool, error) {
	if !slices.Contains([]syntax.Token{syntax.EQL, syntax.NEQ}, op) {
		return false, fmt.Errorf("%s %s %s is not defined", TypeName(x), op, TypeName(y))
	}
	same, err := Equal(x, y)
	return same == (op == syntax.EQL), err
}
