package cli

import (
	"fmt"
	"strings"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

// diagnostics are Obstacles with their places in the deploy file, in the order of the source. Kinds are for machines: to a person
// a word in brackets is the name of a check, which a file can silence.
func (d *deployer) diagnostics(x *deployment, list []plan.Obstacle, s diag.Severity, several bool) diag.List {
	u := d.u
	if u.events == nil {
		list = folded(list)
	}
	var out diag.List
	for _, o := range list {
		d := diag.Diagnostic{Severity: s, Path: o.Path.String(), Message: o.Message, Help: d.pasteable(x, o.Help)}
		if u.events != nil {
			d.Check = o.Kind
		}
		if o.ID.Kind != "" {
			d.Object = o.ID.String()
		} else {
			d.Message = x.place + ": " + d.Message
		}
		if several {
			d.Message += fmt.Sprintf(" (on %s)", x.place)
		}
		if p, ok := x.where(o.Object, o.Path); ok {
			d.Pos, d.Calls = p.Locate(x.src), p.Calls(x.src)
		}
		for _, r := range o.Related {
			if p, ok := x.where(r, nil); ok {
				d.Related = append(d.Related, diag.Related{Pos: p.Locate(x.src), Text: r.ID.String()})
			}
		}
		out = append(out, d)
	}
	out.Sort()
	return out
}

// folded puts Obstacles that say the same of many objects into one, such as those of a set whose name has changed.
func folded(list []plan.Obstacle) []plan.Obstacle {
	const most = 3 // that are said one by one
	key := func(o *plan.Obstacle) string {
		return strings.Join(append([]string{o.Kind, o.Path.String(), o.Message}, o.Help...), "\x00")
	}
	groups := map[string][]string{}
	for i := range list {
		k := key(&list[i])
		groups[k] = append(groups[k], list[i].ID.String())
	}
	var out []plan.Obstacle
	for _, o := range list {
		names := groups[key(&o)]
		switch {
		case len(names) <= most || o.ID.Kind == "":
		case names[0] == o.ID.String():
			o.Message += fmt.Sprintf("; so it is with %s and %d more", names[1], len(names)-2)
		default:
			continue
		}
		out = append(out, o)
	}
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
func (x *deployment) declaredAt(u *ui, o *kube.Object) string { return x.setAt(u, o, nil) }

// configuredAt is the place where the Pods of an object get a container.
func (x *deployment) configuredAt(u *ui, o *kube.Object, container string) string {
	if o == nil {
		return ""
	}
	for _, pod := range []kube.Path{kube.Fields("spec", "template", "spec"), kube.Fields("spec", "jobTemplate", "spec", "template", "spec"), kube.Fields("spec")} {
		n := o.Node
		for _, step := range pod {
			n = n.Get(step.Name)
		}
		for _, list := range []string{"initContainers", "containers"} {
			for i, c := range n.Get(list).Items() {
				if c.Get("name").Str() == container {
					return x.setAt(u, o, pod.With(kube.Field(list), kube.Item(i, container)))
				}
			}
		}
	}
	return ""
}

// setAt is where the value of an object at path was set, as a person names it.
func (x *deployment) setAt(u *ui, o *kube.Object, path kube.Path) string {
	p, ok := x.where(o, path)
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
