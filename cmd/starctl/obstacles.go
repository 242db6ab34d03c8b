package main

import (
	"fmt"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

// diagnostics are Obstacles with their places in the deploy file.
func (x *deployment) diagnostics(list []plan.Obstacle, s diag.Severity, several bool) diag.List {
	var out diag.List
	for _, o := range list {
		d := diag.Diagnostic{Severity: s, Path: o.Path.String(), Message: o.Message, Help: o.Help, Check: o.Kind}
		if o.ID.Kind != "" {
			d.Object = o.ID.String()
		}
		if several {
			d.Message += fmt.Sprintf(" (on %s)", x.place)
		}
		if p, ok := x.where(o.Object, o.Path); ok {
			d.Pos, d.Calls = p.Locate(x.src), p.Calls(x.src)
		}
		out = append(out, d)
	}
	out.Sort()
	return out
}

// where says where the value of an object was set.
func (x *deployment) where(o *kube.Object, path kube.Path) (diag.Place, bool) {
	if o == nil {
		return diag.Place{}, false
	}
	rec, ok := o.Origin.(*typed.Record)
	if !ok {
		return diag.Place{}, false
	}
	return rec.Where(path), true
}

// declaredAt is the place of an object's declaration, as a person names it; "" where the set declares none.
func (x *deployment) declaredAt(u *ui, o *kube.Object) string {
	p, ok := x.where(o, nil)
	if !ok {
		return ""
	}
	pos := p.Locate(x.src)
	pos.File = u.file(x.root, pos.File)
	return pos.String()
}

// declaration is the place of the declaration of the object with an identity; "" if the set declares none.
func (x *deployment) declaration(u *ui, id kube.ID) string {
	for _, o := range x.result.Set.Objects {
		if o.Identity() == id.Identity() {
			return x.declaredAt(u, o)
		}
	}
	return ""
}
