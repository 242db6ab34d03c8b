package typed

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// Kubernetes is k8s: its attributes are groups, theirs are versions, and theirs Constructors. extra are attributes of k8s
// itself.
func Kubernetes(extra ...*starlark.Builtin) starlark.Value {
	return root{module{schema.Kubernetes()}, extra}
}

type root struct {
	module
	extra []*starlark.Builtin
}

func (r root) String() string { return "<module k8s>" }

func (r root) AttrNames() []string {
	list := r.module.AttrNames()
	for _, b := range r.extra {
		list = append(list, b.Name())
	}
	slices.Sort(list)
	return list
}

func (r root) Attr(name string) (starlark.Value, error) {
	for _, b := range r.extra {
		if b.Name() == name {
			return b, nil
		}
	}
	return r.module.Attr(name)
}

// module is k8s, a group, or a version of one.
type module struct{ obj *schema.Object }

func (m module) path() string          { return strings.TrimSuffix("k8s."+m.obj.Name, ".") }
func (m module) String() string        { return "<module " + m.path() + ">" }
func (m module) Type() string          { return "module" }
func (m module) Freeze()               {}
func (m module) Truth() starlark.Bool  { return true }
func (m module) Hash() (uint32, error) { return starlark.String(m.path()).Hash() }
func (m module) AttrNames() []string   { return names(m.obj) }

func (m module) Attr(name string) (starlark.Value, error) {
	f := m.obj.Field(name)
	if f < 0 {
		return nil, m.unknown(name)
	}
	t := m.obj.Fields[f].Type
	if t.Kind == schema.Module {
		return module{t.Object()}, nil
	}
	return Constructor{t.Object()}, nil
}

// unknown is the error of a name that the module does not have: it says where a type of that name is, or which name is
// near.
func (m module) unknown(name string) error {
	e := &Error{Err: fmt.Errorf("no %s in %s", name, m.path())}
	if homes := schema.Homes(name); len(homes) > 0 {
		for i, h := range homes {
			homes[i] = "k8s." + h + "." + name
		}
		e.Help = []string{name + " is " + alternatives(homes)}
		return e.Diagnostic()
	}
	switch e.Suggest = diag.Nearest(name, m.AttrNames()); {
	case e.Suggest != "":
	case m.obj.Name == "":
		e.Help = []string{"groups of the API are " + alternatives(m.AttrNames())}
	case strings.Count(m.obj.Name, ".") == 0:
		e.Help = []string{m.path() + " has " + alternatives(m.AttrNames())}
	}
	return e.Diagnostic()
}
