package typed

import (
	"fmt"

	"go.starlark.net/starlark"
)

type method struct {
	name string
	call func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)
}

// listMethods are those of Starlark's lists.
var listMethods = [...]method{
	{"append", listAppend},
	{"clear", listClear},
	{"extend", listExtend},
	{"index", listIndex},
	{"insert", listInsert},
	{"pop", listPop},
	{"remove", listRemove},
}

// append(x)
func listAppend(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	l := b.Receiver().(*List)
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	if err := l.mutable("append to"); err != nil {
		return nil, err
	}
	l.report(l.insert(len(l.vals), x), item(0))
	return starlark.None, nil
}

// clear()
func listClear(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	l := b.Receiver().(*List)
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	if err := l.mutable("clear"); err != nil {
		return nil, err
	}
	l.delete(0, len(l.vals))
	return starlark.None, nil
}

// extend(iterable)
func listExtend(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	l := b.Receiver().(*List)
	var x starlark.Iterable
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	if err := l.mutable("extend"); err != nil {
		return nil, err
	}
	l.extend(x, item(0))
	return starlark.None, nil
}

// index(x, start = 0, end = len)
func listIndex(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	l := b.Receiver().(*List)
	var x starlark.Value
	from, to := 0, len(l.vals)
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x, &from, &to); err != nil {
		return nil, err
	}
	i, err := l.index(x, bound(from, len(l.vals)), bound(to, len(l.vals)))
	if err == nil && i < 0 {
		err = fmt.Errorf("index: %s is not in the list", x)
	}
	return starlark.MakeInt(i), err
}

// bound turns an index that may be negative or too large into one of 0 to n.
func bound(i, n int) int {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}

// insert(index, x)
func listInsert(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	l := b.Receiver().(*List)
	var i int
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 2, &i, &x); err != nil {
		return nil, err
	}
	if err := l.mutable("insert into"); err != nil {
		return nil, err
	}
	l.report(l.insert(bound(i, len(l.vals)), x), item(1))
	return starlark.None, nil
}

// pop(index = -1)
func listPop(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	l := b.Receiver().(*List)
	i := -1
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0, &i); err != nil {
		return nil, err
	}
	if err := l.mutable("pop from"); err != nil {
		return nil, err
	}
	given := i
	if i < 0 {
		i += len(l.vals)
	}
	if i < 0 || i >= len(l.vals) {
		return nil, fmt.Errorf("pop: index %d is out of range: the list has %d elements", given, len(l.vals))
	}
	x := l.vals[i]
	l.delete(i, i+1)
	return x, nil
}

// remove(x)
func listRemove(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	l := b.Receiver().(*List)
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	if err := l.mutable("remove from"); err != nil {
		return nil, err
	}
	i, err := l.index(x, 0, len(l.vals))
	if err != nil {
		return nil, err
	}
	if i < 0 {
		return nil, fmt.Errorf("remove: %s is not in the list", x)
	}
	l.delete(i, i+1)
	return starlark.None, nil
}
