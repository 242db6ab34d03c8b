package builtins

import (
	"errors"
	"strings"

	"go.starlark.net/starlark"
)

// fail(*args, sep = " ")
//
// fail stops evaluation: the message is shown with the line that called fail and the calls that led there, and nothing is
// rendered.
//
// Args:
//
//	args: what the message is made of, each as str() gives it.
//	sep: what stands between them.
func fail(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	text, err := message(b, args, kwargs)
	switch {
	case err != nil:
		return nil, err
	case text == "":
		text = "fail was called without a message"
	}
	return nil, errors.New(text)
}

// message joins the arguments of a builtin that tells its user something.
func message(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (string, error) {
	sep := " "
	if err := starlark.UnpackArgs(b.Name(), nil, kwargs, "sep?", &sep); err != nil {
		return "", err
	}
	var text strings.Builder
	for i, v := range args {
		if i > 0 {
			text.WriteString(sep)
		}
		if s, ok := starlark.AsString(v); ok {
			text.WriteString(s)
		} else {
			text.WriteString(v.String())
		}
	}
	return text.String(), nil
}
