package builtins

import (
	"bytes"
	gojson "encoding/json"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// json -> module
//
// json turns values into JSON text and JSON text into values: json.encode, json.encode_indent, json.decode, json.indent.
func jsonModule() starlark.Value {
	j := &jsonText{}
	return module("json", starlark.StringDict{
		"encode":        starlark.NewBuiltin("json.encode", j.encode),
		"encode_indent": starlark.NewBuiltin("json.encode_indent", j.encodeIndent),
		"decode":        starlark.NewBuiltin("json.decode", jsonDecode),
		"indent":        starlark.NewBuiltin("json.indent", jsonIndent),
	})
}

// module is a value whose attributes are the members.
func module(name string, members starlark.StringDict) starlark.Value {
	return &starlarkstruct.Module{Name: name, Members: members}
}

type jsonText struct{ writer writer }

// json.encode(x) -> string
//
// json.encode writes a value as JSON on one line. As everywhere in Starlark, the keys of dicts and structs are sorted;
// Kubernetes objects keep the order of their API.
//
// Args:
//
//	x: None, a bool, a number, a string, a list, a tuple, a set, a dict with strings as keys, a struct or an object.
func (j *jsonText) encode(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	s, err := j.text(b, x)
	return starlark.String(s), err
}

func (j *jsonText) text(b *starlark.Builtin, x starlark.Value) (string, error) {
	s, err := j.writer.write(x, true, func(buf []byte, n kube.Node) []byte { return encode.AppendJSON(buf, n, 0) })
	if err != nil {
		return "", fmt.Errorf("%s: %w", b.Name(), err)
	}
	return s, nil
}

// json.encode_indent(x, *, prefix = "", indent = "\t") -> string
//
// json.encode_indent writes a value as JSON on many lines.
//
// Args:
//
//	x: as for json.encode.
//	prefix: what each line but the first begins with.
//	indent: what is repeated for each level.
func (j *jsonText) encodeIndent(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 1, &x); err != nil {
		return nil, err
	}
	s, err := j.text(b, x)
	if err != nil {
		return nil, err
	}
	return indented(b, s, kwargs)
}

// json.indent(text, *, prefix = "", indent = "\t") -> string
//
// json.indent lays JSON out on many lines; nothing else in it changes.
//
// Args:
//
//	text: the JSON.
//	prefix: what each line but the first begins with.
//	indent: what is repeated for each level.
func jsonIndent(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 1, &text); err != nil {
		return nil, err
	}
	if _, err := decodeJSON(text); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	return indented(b, text, kwargs)
}

// indented lays out JSON that is known to be right.
func indented(b *starlark.Builtin, text string, kwargs []starlark.Tuple) (starlark.Value, error) {
	prefix, indent := "", "\t"
	if err := starlark.UnpackArgs(b.Name(), nil, kwargs, "prefix?", &prefix, "indent?", &indent); err != nil {
		return nil, err
	}
	if size := indentedSize(text, len(prefix), len(indent)); size > maxText {
		return nil, fmt.Errorf("%s: the text would be larger than %d MiB", b.Name(), maxText>>20)
	}
	var buf bytes.Buffer
	if err := gojson.Indent(&buf, []byte(text), prefix, indent); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	return starlark.String(buf.String()), nil
}

// indentedSize is how long text becomes, or a little less.
func indentedSize(text string, prefix, indent int) int {
	size, depth, quoted := len(text), 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[', c == '{':
			depth++
			size += prefix + depth*indent
		case c == ',':
			size += prefix + depth*indent
		case c == ']', c == '}':
			depth--
			size += prefix + depth*indent
		}
	}
	return size
}

// json.decode(text, default = ...) -> value
//
// json.decode reads JSON: objects become dicts in their own order, arrays lists, numbers with a point or an exponent
// floats, other numbers ints of any size. A key that is given twice is an error.
//
// Args:
//
//	text: the JSON.
//	default: what to return for text that is no JSON; without it, that is an error that says where.
func jsonDecode(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	var other starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "text", &text, "default?", &other); err != nil {
		return nil, err
	}
	v, err := decodeJSON(text)
	switch {
	case err == nil:
		return v, nil
	case other != nil:
		return other, nil
	}
	return nil, fmt.Errorf("%s: %w", b.Name(), err)
}
