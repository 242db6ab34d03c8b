package builtins

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
)

// warn(*args, sep = " ")
//
// warn shows a warning with the line that called warn and the calls that led there; evaluation goes on.
//
// Args:
//
//	args: what the message is made of, each as str() gives it.
//	sep: what stands between them.
func warn(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	text, err := message(b, args, kwargs)
	if err != nil {
		return nil, err
	}
	run := typed.RunOf(thread)
	run.Warn(typed.Warning{Text: text, Place: run.Here()})
	return starlark.None, nil
}
