package suite

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
)

// rendered is what t.render returns: objects to look at, not to change.
//
//	objects                                              all of them, in order
//	get(kind, name, namespace = None)                    the one; the test fails if there is none
//	find(kind = None, name = None, namespace = None)     a list of all that match
//	warnings                                             a list of messages
//	yaml()                                               what render would print
type rendered struct {
	set      *kube.Set
	objects  *starlark.List
	warnings *starlark.List
}

var _ starlark.HasAttrs = (*rendered)(nil)

func newRendered(res *starctl.Result) *rendered {
	r := &rendered{set: res.Set}
	objects := make([]starlark.Value, len(res.Set.Objects))
	for i, o := range res.Set.Objects {
		objects[i] = o.Origin.(*typed.Record)
	}
	var warnings []starlark.Value
	for _, w := range res.Warnings {
		warnings = append(warnings, starlark.String(w.Error()))
	}
	r.objects, r.warnings = starlark.NewList(objects), starlark.NewList(warnings)
	r.objects.Freeze()
	r.warnings.Freeze()
	return r
}

func (r *rendered) String() string {
	return fmt.Sprintf("<%s>", count(r.objects.Len(), "object", "objects"))
}
func (r *rendered) Type() string          { return "rendered" }
func (r *rendered) Freeze()               {}
func (r *rendered) Truth() starlark.Bool  { return true }
func (r *rendered) Hash() (uint32, error) { return 0, errors.New("unhashable: rendered") }

// AttrNames lists what rendered has.
func (r *rendered) AttrNames() []string {
	return []string{"find", "get", "objects", "warnings", "yaml"}
}

// Attr returns an attribute.
func (r *rendered) Attr(name string) (starlark.Value, error) {
	switch name {
	case "find":
		return starlark.NewBuiltin("find", r.find), nil
	case "get":
		return starlark.NewBuiltin("get", r.get), nil
	case "objects":
		return r.objects, nil
	case "warnings":
		return r.warnings, nil
	case "yaml":
		return starlark.NewBuiltin("yaml", r.yaml), nil
	}
	return nil, nil
}

func (r *rendered) find(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var kind, name, namespace starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "kind?", &kind, "name?", &name, "namespace?", &namespace); err != nil {
		return nil, err
	}
	return starlark.NewList(r.matching(kind, name, namespace)), nil
}

func (r *rendered) matching(kind, name, namespace starlark.Value) []starlark.Value {
	var list []starlark.Value
	for i, o := range r.set.Objects {
		if means(kind, o.ID.Kind) && means(name, o.Name) && means(namespace, o.Namespace) {
			list = append(list, r.objects.Index(i))
		}
	}
	return list
}

// means reports whether a value that was asked for, if one was, is the one that is there.
func means(v starlark.Value, s string) bool {
	return v == nil || v == starlark.None || v == starlark.String(s)
}

func (r *rendered) get(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var kind, name string
	var namespace starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "kind", &kind, "name", &name, "namespace?", &namespace); err != nil {
		return nil, err
	}
	list := r.matching(starlark.String(kind), starlark.String(name), namespace)
	switch len(list) {
	case 1:
		return list[0], nil
	case 0:
		return nil, r.noObject(kind + " " + name)
	}
	return nil, fmt.Errorf("%d objects are %s %s: say which namespace", len(list), kind, name)
}

func (r *rendered) noObject(want string) error {
	var there []string
	for _, o := range r.set.Objects {
		there = append(there, o.ID.Kind+" "+o.Name)
	}
	msg := "no " + want
	if near := diag.Nearest(want, there); near != "" {
		return fmt.Errorf("%s (did you mean %s?)", msg, near)
	}
	if len(there) == 0 {
		return errors.New(msg + ": nothing is declared")
	}
	return errors.New(msg + ": there is " + strings.Join(there, ", "))
}

func (r *rendered) yaml(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs(b.Name(), args, kwargs); err != nil {
		return nil, err
	}
	var text strings.Builder
	if err := encode.Write(&text, encode.YAML, r.set.Objects); err != nil {
		return nil, err
	}
	return starlark.String(text.String()), nil
}
