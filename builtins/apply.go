package builtins

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/starctl/starctl/builtins/declared"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// apply -> module
//
// apply says what `starctl apply` shall do with an object beyond setting its fields: apply.leave, apply.take,
// apply.depends_on, apply.replace. Nothing of it is rendered.
func applyModule() starlark.Value {
	return &starlarkstruct.Module{Name: "apply", Members: starlark.StringDict{
		"depends_on": starlark.NewBuiltin("apply.depends_on", applyDependsOn),
		"leave":      starlark.NewBuiltin("apply.leave", applyLeave),
		"replace":    starlark.NewBuiltin("apply.replace", applyReplace),
		"take":       starlark.NewBuiltin("apply.take", applyTake),
	}}
}

// apply.leave(object, *paths) -> object
//
// Leaves fields to whoever else sets them in the cluster: apply.leave(app, "spec.replicas"). They are rendered, but never
// applied, and no conflict over them stops anything.
//
// Args:
//
//	object: the object, which is returned.
//	paths: of the fields: "spec.strategy.type", 'spec.template.spec.containers["app"].image', 'metadata.labels["a/b"]'.
func applyLeave(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return declareFields(thread, b, args, kwargs, func(p kube.Path, at diag.Place) any { return declared.Leave{Path: p, Place: at} })
}

// apply.take(object, *paths) -> object
//
// Takes fields over from whoever owns them in the cluster: apply.take(app, "spec.replicas"). Without it, apply stops at
// such a conflict before it writes anything.
//
// Args:
//
//	object: the object, which is returned.
//	paths: of the fields, as for apply.leave.
func applyTake(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return declareFields(thread, b, args, kwargs, func(p kube.Path, at diag.Place) any { return declared.Take{Path: p, Place: at} })
}

func declareFields(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple,
	make func(kube.Path, diag.Place) any,
) (starlark.Value, error) {
	if len(kwargs) > 0 || len(args) < 2 {
		return nil, fmt.Errorf(`%s: want an object and the paths of fields, such as %s(app, "spec.replicas")`, b.Name(), b.Name())
	}
	d := &declaration{run: typed.RunOf(thread), name: b.Name()}
	r := d.object(args[0], "[0]")
	if r == nil {
		return args[0], nil
	}
	for i, v := range args[1:] {
		name := fmt.Sprintf("[%d]", i+1)
		path, err := fieldPath(r.Schema(), v)
		if err != nil {
			d.mistake(r, err, name)
			continue
		}
		r.Declare(make(path, d.run.Here(name)))
	}
	return r, nil
}

// apply.depends_on(object, *others) -> object
//
// Applies an object only when others are healthy: apply.depends_on(app, migration). Namespaces, custom resource
// definitions, permissions, configuration and Services come before workloads anyway.
//
// Args:
//
//	object: the object, which is returned.
//	others: the objects it needs, or lists of them.
func applyDependsOn(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(kwargs) > 0 || len(args) < 2 {
		return nil, fmt.Errorf("%s: want an object and the objects it needs, such as %s(app, migration)", b.Name(), b.Name())
	}
	d := &declaration{run: typed.RunOf(thread), name: b.Name()}
	r := d.object(args[0], "[0]")
	if r == nil {
		return args[0], nil
	}
	var on []*typed.Record
	for i, v := range args[1:] {
		on = d.needed(on, r, v, fmt.Sprintf("[%d]", i+1))
	}
	if len(on) > 0 {
		r.Declare(declared.DependsOn{On: on, Place: d.run.Here()})
	}
	return r, nil
}

// needed adds an object, or those of a list, to on.
func (d *declaration) needed(on []*typed.Record, of *typed.Record, v starlark.Value, names ...string) []*typed.Record {
	if seq, ok := v.(starlark.Indexable); ok && v.Type() != "string" {
		for i := range seq.Len() {
			on = d.needed(on, of, seq.Index(i), append(names[:len(names):len(names)], fmt.Sprintf("[%d]", i))...)
		}
		return on
	}
	switch r := d.anObject(v, names...); r {
	case nil:
		return on
	case of:
		d.mistake(of, errors.New("an object cannot depend on itself"), names...)
		return on
	default:
		return append(on, r)
	}
}

// apply.replace(object) -> object
//
// Allows apply to delete an object and make it again where a field changes that cannot be changed, such as a Job's template
// or a Deployment's selector; otherwise apply stops there. Never for what holds data or other objects.
//
// Args:
//
//	object: the object, which is returned; no Namespace, CustomResourceDefinition, PersistentVolume or PersistentVolumeClaim.
func applyReplace(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(kwargs) > 0 || len(args) != 1 {
		return nil, fmt.Errorf("%s: want one object", b.Name())
	}
	d := &declaration{run: typed.RunOf(thread), name: b.Name()}
	r := d.object(args[0], "[0]")
	if r == nil {
		return args[0], nil
	}
	if slices.Contains(keptKinds, r.Schema().Kind) {
		d.mistake(r, fmt.Errorf("a %s is never replaced: what it holds would be lost", r.Schema().Kind), "[0]")
		return r, nil
	}
	r.Declare(declared.Replace{Place: d.run.Here()})
	return r, nil
}

// keptKinds are the kinds whose deletion takes data or other objects along.
var keptKinds = []string{"Namespace", "CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim"}

// declaration is a call of apply or vet at work.
type declaration struct {
	run  *typed.Run
	name string
}

// mistake reports what is wrong with what is declared about an object, or about none.
func (d *declaration) mistake(about *typed.Record, err error, names ...string) {
	title := d.name
	if about != nil {
		title = about.ID().String()
	}
	d.run.Report(title, err, names...)
}

// object returns v as an object that can be declared on, or reports why not and returns nil.
func (d *declaration) object(v starlark.Value, names ...string) *typed.Record {
	r := d.anObject(v, names...)
	if r != nil && r.Frozen() {
		d.mistake(r, &typed.Error{Err: fmt.Errorf("%s of a frozen object", d.name), Help: []string{
			"an object of a loaded file can no longer change: declare it there, or on a copy(...) that main returns",
		}}, names...)
		return nil
	}
	return r
}

// anObject returns v as an object, or reports that it is none.
func (d *declaration) anObject(v starlark.Value, names ...string) *typed.Record {
	if r, ok := v.(*typed.Record); ok && r.Schema().Kind != "" {
		return r
	}
	d.mistake(nil, fmt.Errorf("got %s, want an object such as a Deployment", kindOf(v)), names...)
	return nil
}

// fieldPath reads the path of a field that an object can have.
func fieldPath(o *schema.Object, v starlark.Value) (kube.Path, error) {
	s, ok := v.(starlark.String)
	if !ok {
		return nil, fmt.Errorf("got %s, want the path of a field, such as \"spec.replicas\"", kindOf(v))
	}
	path, err := kube.ParsePath(string(s))
	if err != nil {
		return nil, err
	}
	t := &schema.Type{}
	for i := range path {
		if t, err = descend(o, t, &path[i]); err != nil {
			return nil, typed.Within(path[:i], err)
		}
		o = nil
		if t.Kind == schema.Obj {
			o = t.Object()
		}
	}
	return path, nil
}

// descend returns the type that a step leads to, from an object or, where there is none, from a type. It makes the step
// what it can only be: the identity of a list's item, or a key.
func descend(o *schema.Object, t *schema.Type, s *kube.Step) (*schema.Type, error) {
	switch {
	case o != nil:
		return descendObject(o, s)
	case t.Kind == schema.Map:
		*s = kube.Key(s.Name)
		return t.Elem, nil
	case t.Kind == schema.List && s.Index >= 0 && t.Keys != "" && !strings.Contains(t.Keys, ","):
		return nil, fmt.Errorf("got an index, want the item's %s, such as [%q]: its place can change", t.Keys, "NAME")
	case t.Kind == schema.List && (s.Index >= 0 || s.InMap && t.Keys != ""):
		*s = kube.Item(max(0, s.Index), s.Name)
		return t.Elem, nil
	case t.Kind == schema.List:
		return nil, fmt.Errorf("got %s, want an index such as [0]", s.Name)
	case t.Kind == schema.Any:
		return t, nil
	}
	return nil, fmt.Errorf("%s has no fields", t)
}

func descendObject(o *schema.Object, s *kube.Step) (*schema.Type, error) {
	f := o.Field(s.Name)
	if f >= 0 && s.Index < 0 {
		*s = kube.Field(s.Name)
		return o.Fields[f].Type, nil
	}
	names := make([]string, len(o.Fields))
	for i := range o.Fields {
		names[i] = o.Fields[i].Name()
	}
	return nil, &typed.Error{Err: fmt.Errorf("%s has no field %q", o.Short(), s.Name), Suggest: diag.Nearest(s.Name, names)}
}
