package typed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/internal/nearest"
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
			list = append(list, "["+strconv.Itoa(s.Index)+"]"+s.Name)
		} else {
			list = append(list, s.Name)
		}
	}
	return list
}

func wrong(got starlark.Value, want string) *Error { return Wrong(Describe(got), got, want) }

// Wrong is the error of a value that is not what is wanted; kind is what it is called.
func Wrong(kind string, got starlark.Value, want string) *Error {
	return &Error{Err: fmt.Errorf("got %s, want %s", kind, want), Help: called(got)}
}

// called says that a function was given in place of what it returns.
func called(v starlark.Value) []string {
	if f, ok := v.(starlark.Callable); ok && f.Name() != "lambda" {
		return []string{"call it: " + f.Name() + "(...)"}
	}
	return nil
}

// Describe says in messages what a value is.
func Describe(v starlark.Value) string {
	if _, ok := v.(*starlark.Builtin); ok {
		return "function"
	}
	return TypeName(v)
}

// unknown is the error of a name that is no field of o.
func unknown(o *schema.Object, name string) *Error {
	e := &Error{Err: fmt.Errorf("no such field of %s", o.Short()), Suggest: diag.Nearest(name, names(o))}
	if below := deeper(o, name); below != "" && !nearest.Same(name, e.Suggest) {
		e.Suggest, e.Help = "", []string{"it is a field further down: " + below}
	}
	if e.Suggest == "" && e.Help == nil {
		e.Help = amounts(o)
	}
	if o.Name == "meta.v1.LabelSelector" && e.Suggest == "" {
		e.Help = []string{fmt.Sprintf("labels belong into matchLabels: {\"matchLabels\": {%q: ...}}", name)}
	}
	return e
}

// amounts says where the name of a resource belongs.
func amounts(o *schema.Object) []string {
	var list []string
	for i := range o.Fields {
		if t := o.Fields[i].Type; t.Kind == schema.Map && t.Elem.Kind == schema.Quantity {
			list = append(list, o.Fields[i].Name())
		}
	}
	if len(list) == 0 {
		return nil
	}
	return []string{"what resources there are belongs into " + alternatives(list)}
}

// deeper looks for a field in the objects that o holds, those in lists apart, and returns the shortest path to it.
func deeper(o *schema.Object, name string) string {
	type place struct {
		o    *schema.Object
		path string
	}
	level := []place{{o, ""}}
	for range 3 {
		var next []place
		for _, p := range level {
			for i := range p.o.Fields {
				f := &p.o.Fields[i]
				path := p.path + f.Name()
				if p.path != "" && f.Name() == name {
					return path
				}
				if f.Type.Kind == schema.Obj && f.Name() != "status" {
					next = append(next, place{f.Type.Object(), path + "."})
				}
			}
		}
		level = next
	}
	for _, p := range level {
		if p.o.Field(name) >= 0 {
			return p.path + name
		}
	}
	return ""
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
