package typed

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
)

// Kubernetes is k8s: its attributes are groups, theirs are versions, and theirs Constructors.
func Kubernetes() starlark.Value { return module{schema.Kubernetes()} }

type module struct{ obj *schema.Object }

func (m module) String() string        { return "k8s." + m.obj.Name }
func (m module) Type() string          { return "module" }
func (m module) Freeze()               {}
func (m module) Truth() starlark.Bool  { return true }
func (m module) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: module") }
func (m module) AttrNames() []string   { return names(m.obj) }

func (m module) Attr(name string) (starlark.Value, error) {
	f := m.obj.Field(name)
	if f < 0 {
		return nil, nil
	}
	t := m.obj.Fields[f].Type
	if t.Kind == schema.Module {
		return module{t.Object()}, nil
	}
	return Constructor{t.Object()}, nil
}
