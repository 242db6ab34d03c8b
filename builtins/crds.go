package builtins

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
)

// crds(*patterns) -> module
//
// crds reads CustomResourceDefinitions and returns a constructor for each kind of theirs, of the same manners as those of
// k8s: `certs = crds("//crds/cert-manager.yaml")`, then `certs.Certificate(metadata = {...}, spec = {...})`, which is the
// version that is stored; `certs.v1.Certificate` names one. Fields are checked by the definition's schema and printed in
// alphabetical order.
//
// Args:
//
//	patterns: YAML files, as glob takes them: "//crds/*.yaml". Other objects in them are passed over.
func crds(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(kwargs) > 0 || len(args) == 0 {
		return nil, fmt.Errorf("%s: want the names of files, as in crds(\"//crds/*.yaml\")", b.Name())
	}
	var patterns []string
	for _, a := range args {
		s, ok := a.(starlark.String)
		if !ok {
			return nil, fmt.Errorf("%s: got %s, want string", b.Name(), typed.TypeName(a))
		}
		patterns = append(patterns, string(s))
	}
	files, err := interp.Glob(thread, patterns...)
	if err != nil {
		return nil, err
	}
	var list []*schema.Custom
	for _, f := range files {
		text, err := interp.ReadFile(thread, f)
		if err != nil {
			return nil, err
		}
		found, err := definitions(text)
		if err != nil {
			return nil, diag.Diagnostic{Message: fmt.Sprintf("%s: %v", strings.TrimPrefix(f, "//"), err)}
		}
		list = append(list, found...)
	}
	if len(list) == 0 {
		return nil, diag.Diagnostic{Message: fmt.Sprintf("no CustomResourceDefinition in %s", strings.Join(patterns, ", "))}
	}
	return customModule(list)
}

// definitions returns the custom resources that a YAML text defines.
func definitions(text string) ([]*schema.Custom, error) {
	docs, err := decodeYAML(text)
	if err != nil {
		return nil, err
	}
	var list []*schema.Custom
	for _, d := range docs {
		n := typed.Node(d)
		if n.Get("kind").Str() != "CustomResourceDefinition" {
			continue
		}
		c, err := schema.FromCRD(n)
		if err != nil {
			return nil, fmt.Errorf("CustomResourceDefinition %s: %w", kube.Identify(n).Name, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// customModule is what crds returns: kinds and, by version, kinds.
func customModule(list []*schema.Custom) (starlark.Value, error) {
	all := starlark.StringDict{}
	versions := map[string]starlark.StringDict{}
	groups := map[string]string{}
	for _, c := range list {
		if g, ok := groups[c.Kind]; ok {
			return nil, diag.Diagnostic{
				Message: fmt.Sprintf("kind %s is defined by %s and by %s", c.Kind, g, c.Group),
				Help:    []string{"load their files by a crds(...) each"},
			}
		}
		groups[c.Kind] = c.Group
		all[c.Kind] = typed.MakeConstructor(c.Versions[0].Object)
		for _, v := range c.Versions {
			if versions[v.Name] == nil {
				versions[v.Name] = starlark.StringDict{}
			}
			versions[v.Name][c.Kind] = typed.MakeConstructor(v.Object)
		}
	}
	for name, kinds := range versions {
		all[name] = &customKinds{name: "crds." + name, members: kinds}
	}
	return &customKinds{name: "crds", members: all}, nil
}

// customKinds is a module of constructors.
type customKinds struct {
	name    string
	members starlark.StringDict
}

func (m *customKinds) String() string        { return "<module " + m.name + ">" }
func (m *customKinds) Type() string          { return "module" }
func (m *customKinds) Freeze()               {}
func (m *customKinds) Truth() starlark.Bool  { return true }
func (m *customKinds) Hash() (uint32, error) { return starlark.String(m.name).Hash() }
func (m *customKinds) AttrNames() []string   { return m.members.Keys() }

// Attr returns a constructor or a version.
func (m *customKinds) Attr(name string) (starlark.Value, error) {
	if v := m.members[name]; v != nil {
		return v, nil
	}
	d := diag.Diagnostic{Message: fmt.Sprintf("no %s in %s", name, m.name), Suggest: diag.Nearest(name, m.AttrNames())}
	if d.Suggest == "" {
		d.Help = []string{m.name + " has " + strings.Join(slices.Sorted(slices.Values(m.AttrNames())), ", ")}
	}
	return nil, d
}
