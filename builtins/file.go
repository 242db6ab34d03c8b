package builtins

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
)

// read_file(path) -> string
//
// read_file returns the text of a file of the project, or of the dependency that the calling file belongs to. The file must
// be UTF-8; yaml.decode and json.decode read what it holds.
//
// Args:
//
//	path: the file, as load writes it: "./x.yaml" beside this file, "//config/x.yaml" from the root.
func readFile(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var path string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "path", &path); err != nil {
		return nil, err
	}
	text, err := interp.ReadFile(thread, path)
	return starlark.String(text), err
}

// glob(patterns) -> list of strings
//
// glob lists the files that match, sorted, each once, as paths that read_file and load take: ["//crds/a.yaml"]. In a
// pattern * stands for any characters within a name, ? for one, [a-z] for one of these, and ** for any directories:
// "//crds/**/*.yaml". Names that begin with a dot are left out. A pattern without any of these must name a file.
//
// Args:
//
//	patterns: one pattern, or a list of them, written like the paths of load.
func glob(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var arg starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "patterns", &arg); err != nil {
		return nil, err
	}
	patterns, err := stringsOf(arg)
	if err != nil {
		return nil, diag.About(err, "[0]")
	}
	paths, err := interp.Glob(thread, patterns...)
	if err != nil {
		return nil, err
	}
	list := make([]starlark.Value, len(paths))
	for i, p := range paths {
		list[i] = starlark.String(p)
	}
	return starlark.NewList(list), nil
}

// stringsOf reads a string or a list of strings.
func stringsOf(v starlark.Value) ([]string, error) {
	if s, ok := v.(starlark.String); ok {
		return []string{string(s)}, nil
	}
	iterable, ok := v.(starlark.Iterable)
	if !ok {
		return nil, fmt.Errorf("got %s, want a string or a list of strings", v.Type())
	}
	var list []string
	for x := range starlark.Elements(iterable) {
		s, ok := x.(starlark.String)
		if !ok {
			return nil, fmt.Errorf("[%d]: got %s, want string", len(list), x.Type())
		}
		list = append(list, string(s))
	}
	return list, nil
}
