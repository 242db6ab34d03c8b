package builtins

import (
	gobase64 "encoding/base64"
	"fmt"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
)

// base64 -> module
//
// base64 turns data into text of 64 letters, as a Secret's data holds it, and back: base64.encode, base64.decode.
func base64Module() starlark.Value {
	return module("base64", starlark.StringDict{
		"encode": starlark.NewBuiltin("base64.encode", base64Encode),
		"decode": starlark.NewBuiltin("base64.decode", base64Decode),
	})
}

// base64.encode(data) -> string
//
// base64.encode writes data in the standard alphabet (RFC 4648, section 4), with padding, on one line.
//
// Args:
//
//	data: a string, of which the UTF-8 is taken, or bytes.
func base64Encode(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var data starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "data", &data); err != nil {
		return nil, err
	}
	s, err := dataOf(b, data)
	if err != nil {
		return nil, err
	}
	if gobase64.StdEncoding.EncodedLen(len(s)) > maxText {
		return nil, fmt.Errorf("%s: the text would be larger than %d MiB", b.Name(), maxText>>20)
	}
	return starlark.String(gobase64.StdEncoding.EncodeToString([]byte(s))), nil
}

// dataOf returns what a string or bytes hold.
func dataOf(b *starlark.Builtin, v starlark.Value) (string, error) {
	switch v := v.(type) {
	case starlark.String:
		return string(v), nil
	case starlark.Bytes:
		return string(v), nil
	}
	return "", fmt.Errorf("%s: for parameter data: got %s, want string or bytes", b.Name(), typed.TypeName(v))
}

// base64.decode(text, *, binary = False) -> string or bytes
//
// base64.decode reads the standard alphabet (RFC 4648, section 4); line ends in the text are skipped.
//
// Args:
//
//	text: a string or bytes.
//	binary: return bytes; without it, data that is not UTF-8 is an error.
func base64Decode(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text starlark.Value
	var binary bool
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 1, &text); err != nil {
		return nil, err
	}
	if err := starlark.UnpackArgs(b.Name(), nil, kwargs, "binary?", &binary); err != nil {
		return nil, err
	}
	s, err := dataOf(b, text)
	if err != nil {
		return nil, err
	}
	data, err := gobase64.StdEncoding.DecodeString(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	case binary:
		return starlark.Bytes(data), nil
	case !utf8.Valid(data):
		return nil, fmt.Errorf("%s: the data is not UTF-8: write binary = True for bytes", b.Name())
	}
	return starlark.String(data), nil
}
