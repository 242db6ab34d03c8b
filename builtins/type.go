package builtins

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
)

// type(x) -> string
//
// type names the type of a value: "string", "int", "list", "dict", "Deployment". The lists and dicts inside objects are
// lists and dicts.
//
// Args:
//
//	x: any value.
func typeOf(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	return starlark.String(typed.TypeName(x)), nil
}
