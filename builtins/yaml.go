package builtins

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/encode"
)

// yaml -> module
//
// yaml turns values into YAML text and YAML text into values: yaml.encode, yaml.decode, yaml.decode_all.
func yamlModule() starlark.Value {
	y := &yamlText{}
	return module("yaml", starlark.StringDict{
		"encode":     starlark.NewBuiltin("yaml.encode", y.encode),
		"decode":     starlark.NewBuiltin("yaml.decode", yamlDecode),
		"decode_all": starlark.NewBuiltin("yaml.decode_all", yamlDecodeAll),
	})
}

type yamlText struct{ writer writer }

// yaml.encode(x) -> string
//
// yaml.encode writes a value as block YAML, as `starctl render` does: dicts and Kubernetes objects in their own order,
// structs by name, strings quoted where a reader could take them for something else. The text ends with a line's end.
//
// Args:
//
//	x: None, a bool, a number, a string, a list, a tuple, a set, a dict with strings as keys, a struct or an object.
func (y *yamlText) encode(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) != 1 || len(kwargs) > 0 {
		var x starlark.Value
		return nil, starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x)
	}
	s, err := y.writer.write(args[0], false, encode.AppendYAML)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	return starlark.String(s), nil
}

// yaml.decode(text) -> value
//
// yaml.decode reads YAML that holds one document at most, and gives plain dicts, lists, strings, numbers, bools and None,
// the same values that Kubernetes' own tools read: a plain yes or on is True, 010 is 8, and dates are strings. Text without
// a document is None. A key that is given twice or is no string (a plain on as a key), a number that is not finite and a
// tag of one's own are errors.
//
// Args:
//
//	text: the YAML.
func yamlDecode(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	docs, err := decodeArgs(b, args, kwargs)
	switch {
	case err != nil:
		return nil, err
	case len(docs) == 0:
		return starlark.None, nil
	case len(docs) > 1:
		return nil, fmt.Errorf("%s: the text holds %d documents, want one: yaml.decode_all reads them all", b.Name(), len(docs))
	}
	return docs[0], nil
}

// yaml.decode_all(text) -> list
//
// yaml.decode_all reads all documents of YAML text, as yaml.decode does. Documents that hold nothing are left out.
//
// Args:
//
//	text: the YAML.
func yamlDecodeAll(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	docs, err := decodeArgs(b, args, kwargs)
	if err != nil {
		return nil, err
	}
	return starlark.NewList(docs), nil
}

func decodeArgs(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) ([]starlark.Value, error) {
	var text string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "text", &text); err != nil {
		return nil, err
	}
	docs, err := decodeYAML(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	return docs, nil
}
