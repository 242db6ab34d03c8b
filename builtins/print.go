package builtins

import "go.starlark.net/starlark"

// print(*args, sep = " ")
//
// print writes a line to standard error, below the file and line that called it. It is for a look at a value while one
// works on a file: what should reach the reader of a deployment is a warning (warn).
//
// Args:
//
//	args: what the line is made of, each as str() gives it.
//	sep: what stands between them.
func printLine(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	text, err := message(b, args, kwargs)
	if err != nil {
		return nil, err
	}
	if thread.Print != nil {
		thread.Print(thread, text)
	}
	return starlark.None, nil
}
