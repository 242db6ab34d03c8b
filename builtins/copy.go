package builtins

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
)

// copy(x) -> the same kind of value
//
// copy returns a deep copy that shares nothing with x and can be changed, even if x comes from another file, whose values
// are constant. What is reached twice in x is reached twice in the copy.
//
// Args:
//
//	x: an object or part of one, a list, a dict, a set or a tuple; of anything else, x itself is returned.
func copyValue(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	return typed.Copy(typed.RunOf(thread), x), nil
}
