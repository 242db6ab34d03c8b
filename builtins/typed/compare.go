package typed

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Equal reports whether two values are equal as Starlark's == has it, where typed lists and dicts equal plain ones with the
// same elements.
func Equal(x, y starlark.Value) (bool, error) { return equal(x, y, starlark.CompareLimit) }

func equal(x, y starlark.Value, depth int) (bool, error) {
	if depth < 1 {
		return false, fmt.Errorf("comparison is nested too deeply")
	}
	switch x := x.(type) {
	case *Record:
		if y, ok := y.(*Record); ok {
			return equalRecords(x, y, depth)
		}
		return false, nil
	case *List, *starlark.List:
		if y, ok := asList(y); ok {
			return equalLists(x.(starlark.Indexable), y, depth)
		}
		return false, nil
	case *Map, *starlark.Dict:
		if y, ok := asMap(y); ok {
			return equalMaps(x.(starlark.IterableMapping), y, depth)
		}
		return false, nil
	}
	return starlark.EqualDepth(x, y, depth)
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

func equalLists(x, y starlark.Indexable, depth int) (bool, error) {
	if x.Len() != y.Len() {
		return false, nil
	}
	for i := range x.Len() {
		if same, err := equal(x.Index(i), y.Index(i), depth-1); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func equalMaps(x, y starlark.IterableMapping, depth int) (bool, error) {
	items := x.Items()
	if len(items) != starlark.Len(y) {
		return false, nil
	}
	for _, kv := range items {
		v, ok, err := y.Get(kv[0])
		if !ok || err != nil {
			return false, err
		}
		if same, err := equal(kv[1], v, depth-1); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// compareLists orders lists as Starlark does: by the first elements that differ, else by length.
func compareLists(op syntax.Token, x, y starlark.Indexable, depth int) (bool, error) {
	if op == syntax.EQL || op == syntax.NEQ {
		same, err := equalLists(x, y, depth)
		return verdict(op, same, err, x)
	}
	for i := range min(x.Len(), y.Len()) {
		same, err := equal(x.Index(i), y.Index(i), depth-1)
		if err != nil {
			return false, err
		}
		if !same {
			return starlark.CompareDepth(op, x.Index(i), y.Index(i), depth-1)
		}
	}
	return starlark.Compare(op, starlark.MakeInt(x.Len()), starlark.MakeInt(y.Len()))
}

// verdict answers == and !=.
func verdict(op syntax.Token, same bool, err error, x starlark.Value) (bool, error) {
	switch {
	case err != nil:
		return false, err
	case op == syntax.EQL:
		return same, nil
	case op == syntax.NEQ:
		return !same, nil
	}
	return false, fmt.Errorf("%s %s %s is not defined", TypeName(x), op, TypeName(x))
}
