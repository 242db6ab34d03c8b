package builtins

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/starlark/interp"
)

// package(path) -> module
//
// package makes one module of a directory: its attributes are the public names (those without a leading underscore) of the
// directory's .star files. deploy.star, starctl.star and *_test.star are not part of it. The files are evaluated in the
// order of their names, each once however often it is loaded; a name in two of them is an error.
//
// Args:
//
//	path: the directory, as load writes it: "./dir" beside this file, "//dir" from the root, "@acme//dir" of a dependency.
//	  It is written in quotes, never computed.
func packageOf(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var path string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "path", &path); err != nil {
		return nil, err
	}
	return interp.Package(thread, path)
}
