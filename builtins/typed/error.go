package typed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// Error is a mistake in a value. Path leads to it from what was called or set.
type Error struct {
	Path    kube.Path
	Err     error    // what was found, what was expected
	Suggest string   // the nearest name that exists, or ""
	Help    []string // what to write instead

	below int // how many of Path's last steps lie inside the value that was given
}

func (e *Error) Error() string {
	s := e.Err.Error()
	if len(e.Path) > 0 {
		s = e.Path.String() + ": " + s
	}
	if e.Suggest != "" {
		s += fmt.Sprintf(": did you mean %q?", e.Suggest)
	}
	for _, h := range e.Help {
		s += ": " + h
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Diagnostic is the mistake as one that stops evaluation; whoever catches it knows the place.
func (e *Error) Diagnostic() diag.Diagnostic {
	return diag.Diagnostic{Path: e.Path.String(), Message: e.Err.Error(), Suggest: e.Suggest, Help: e.Help}
}

// inside puts a step of the source text before the path.
func (e *Error) inside(s kube.Step) {
	e.Path = slices.Insert(e.Path, 0, s)
	e.below++
}

// Errors is several mistakes in one value.
type Errors []*Error

func (l Errors) Error() string {
	text := make([]string, len(l))
	for i, e := range l {
		text[i] = e.Error()
	}
	return strings.Join(text, "; ")
}

// Unwrap returns the mistakes.
func (l Errors) Unwrap() []error {
	list := make([]error, len(l))
	for i, e := range l {
		list[i] = e
	}
	return list
}

// Split returns the mistakes that an error holds, one for an error that is none of this package's.
func Split(err error) Errors {
	switch err := err.(type) {
	case nil:
		return nil
	case *Error:
		return Errors{err}
	case Errors:
		return err
	}
	return Errors{{Err: err}}
}

// Within says that what err is about lies below path, where the source text does not show: a short form's image is
// containers[0].image of the object it makes.
func Within(path kube.Path, err error) error {
	list := slices.Clone(Split(err))
	for i, e := range list {
		c := *e
		c.Path = path.With(e.Path...)
		list[i] = &c
	}
	return list.err()
}

func (l Errors) err() error {
	switch len(l) {
	case 0:
		return nil
	case 1:
		return l[0]
	}
	return l
}

// Names writes the steps of a path as diag.Place wants them.
func Names(path kube.Path) []string {
	var list []string
	for _, s := range path {
		if s.Index >= 0 {
			list = append(list, "["+strconv.Itoa(s.Index)+"]")
		} else {
			list = append(list, s.Name)
		}
	}
	return list
}

func wrong(got starlark.Value, want string) *Error {
	return &Error{Err: fmt.Errorf("got %s, want %s", TypeName(got), want)}
}

// unknown is the error of a name that is no field of o.
func unknown(o *schema.Object, name string) *Error {
	return &Error{Err: fmt.Errorf("no such field of %s", o.Short()), Suggest: diag.Nearest(name, names(o))}
}

// TypeName is what type(v) says.
func TypeName(v starlark.Value) string {
	switch v := v.(type) {
	case *List:
		return "list"
	case *Map:
		return "dict"
	case starlark.NoneType:
		return "None"
	default:
		return v.Type()
	}
}
