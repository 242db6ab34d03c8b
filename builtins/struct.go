package builtins

import (
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// struct(**kwargs) -> struct
//
// struct makes a value with the given attributes, which cannot change: s = struct(port = 80); s.port. Two structs can be
// added (the right one wins) and compared; json.encode and yaml.encode write them as mappings.
//
// Args:
//
//	kwargs: the attributes, of any type.
func structOf(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return starlarkstruct.Make(thread, b, args, kwargs)
}
