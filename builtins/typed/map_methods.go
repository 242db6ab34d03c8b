package typed

import (
	"fmt"

	"go.starlark.net/starlark"
)

// mapMethods are those of Starlark's dicts.
var mapMethods = [...]method{
	{"clear", mapClear},
	{"get", mapGet},
	{"items", mapItems},
	{"keys", mapKeys},
	{"pop", mapPop},
	{"popitem", mapPopItem},
	{"setdefault", mapSetDefault},
	{"update", mapUpdate},
	{"values", mapValues},
}

// clear()
func mapClear(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	m := b.Receiver().(*Map)
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	if err := m.mutable("clear"); err != nil {
		return nil, err
	}
	m.entries, m.index = nil, nil
	return starlark.None, nil
}

// get(key, default = None)
func mapGet(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var key starlark.Value
	var other starlark.Value = starlark.None
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &key, &other); err != nil {
		return nil, err
	}
	if v, ok, _ := b.Receiver().(*Map).Get(key); ok {
		return v, nil
	}
	return other, nil
}

// items()
func mapItems(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	items := b.Receiver().(*Map).Items()
	list := make([]starlark.Value, len(items))
	for i, kv := range items {
		list[i] = kv
	}
	return starlark.NewList(list), nil
}

// keys()
func mapKeys(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	return starlark.NewList(elements(b.Receiver().(*Map))), nil
}

// values()
func mapValues(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	m := b.Receiver().(*Map)
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	list := make([]starlark.Value, len(m.entries))
	for i, e := range m.entries {
		list[i] = e.val
	}
	return starlark.NewList(list), nil
}

// pop(key[, default])
func mapPop(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	m := b.Receiver().(*Map)
	var key, other starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &key, &other); err != nil {
		return nil, err
	}
	if err := m.mutable("pop from"); err != nil {
		return nil, err
	}
	if k, ok := key.(starlark.String); ok {
		if v := m.delete(string(k)); v != nil {
			return v, nil
		}
	}
	if other == nil {
		return nil, fmt.Errorf("pop: no key %s", key)
	}
	return other, nil
}

// popitem()
func mapPopItem(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	m := b.Receiver().(*Map)
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	if err := m.mutable("pop from"); err != nil {
		return nil, err
	}
	if len(m.entries) == 0 {
		return nil, fmt.Errorf("popitem: the dict is empty")
	}
	e := m.entries[0]
	m.delete(e.key)
	return starlark.Tuple{starlark.String(e.key), e.val}, nil
}

// setdefault(key, default = None)
func mapSetDefault(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	m := b.Receiver().(*Map)
	var key starlark.Value
	var other starlark.Value = starlark.None
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &key, &other); err != nil {
		return nil, err
	}
	if v, ok, _ := m.Get(key); ok {
		return v, nil
	}
	if err := m.setKey(key, other, item(1)); err != nil {
		return nil, err
	}
	if v, ok, _ := m.Get(key); ok {
		return v, nil // as it was converted
	}
	return other, nil
}

// update(pairs = [], **entries)
func mapUpdate(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	m := b.Receiver().(*Map)
	if len(args) > 1 {
		return nil, fmt.Errorf("update: got %d arguments, want at most 1", len(args))
	}
	if err := m.mutable("update"); err != nil {
		return nil, err
	}
	if len(args) == 1 {
		// A plain dict knows what pairs are: it does the unpacking.
		d := starlark.NewDict(0)
		update, err := d.Attr("update")
		if err != nil {
			return nil, err
		}
		if _, err := starlark.Call(m.run.Thread, update, args, nil); err != nil {
			return nil, err
		}
		if err := m.update(d.Items(), []string{item(0)}); err != nil {
			return nil, err
		}
	}
	return starlark.None, m.update(kwargs, nil)
}
