package builtins

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// k8s -> module
//
// k8s holds every type of the Kubernetes API by its own names: k8s.apps.v1.Deployment(metadata = {...}, spec = {...}),
// k8s.core.v1.Container(name = "app"). A constructor's keywords are the type's fields; a dict is as good wherever it
// expects another type. Fields that Starlark reserves are written with an underscore: from_, except_, not_.
func kubernetes() starlark.Value {
	return typed.Kubernetes(starlark.NewBuiltin("object", k8sObject))
}

// k8s.object(fields, *, namespaced = None) -> object
//
// k8s.object makes an object of a dict as the API has it, apiVersion and kind included. If they are Kubernetes' own, the
// fields are checked as the constructor of that kind does. Of any other kind only metadata is checked.
//
// Args:
//
//	fields: the object, such as what yaml.decode gives.
//	namespaced: whether objects of the kind live in namespaces; needed for kinds that Kubernetes itself does not have.
func k8sObject(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var fields *starlark.Dict
	var namespaced starlark.Value = starlark.None
	if err := starlark.UnpackArgs("k8s.object", args, kwargs, "fields", &fields, "namespaced?", &namespaced); err != nil {
		return nil, err
	}
	apiVersion, err := textOf(fields, "apiVersion")
	if err != nil {
		return nil, err
	}
	kind, err := textOf(fields, "kind")
	if err != nil {
		return nil, err
	}
	run := typed.RunOf(thread)
	t, err := typeOfObject(apiVersion, kind, fields, namespaced)
	if err != nil {
		run.Report(kind, err, "namespaced")
	}
	r, err := run.Make(t, fields)
	if err != nil {
		run.Report(r.ID().String(), err, "[0]")
	}
	return r, nil
}

// textOf returns what k8s.object cannot do without.
func textOf(fields *starlark.Dict, key string) (string, error) {
	v, ok, _ := fields.Get(starlark.String(key))
	if !ok {
		return "", fmt.Errorf("the object has no %s", key)
	}
	s, ok := v.(starlark.String)
	if !ok || s == "" {
		return "", fmt.Errorf("%s: got %s, want string", key, v)
	}
	return string(s), nil
}

// typeOfObject returns the type of an object; an error says that nobody knows whether it lives in a namespace, or that the
// caller is wrong about it.
func typeOfObject(apiVersion, kind string, fields *starlark.Dict, namespaced starlark.Value) (*schema.Object, error) {
	if t := schema.ForKind(apiVersion, kind); t != nil {
		if namespaced != starlark.None && t.Resource != "" && namespaced != starlark.Bool(t.Namespaced) {
			return t, fmt.Errorf("got %s, but a %s is %s", namespaced, kind, scope(t.Namespaced))
		}
		return t, nil
	}
	var names []string
	for k := range fields.Entries() {
		if s, ok := k.(starlark.String); ok {
			names = append(names, string(s))
		}
	}
	in, ok := namespaced.(starlark.Bool)
	t := schema.Free(apiVersion, kind, bool(in), names)
	if ok {
		return t, nil
	}
	if namespaced != starlark.None {
		return t, fmt.Errorf("got %s, want bool", namespaced.Type())
	}
	e := &typed.Error{Err: fmt.Errorf("kind %s of %s is not known, nor whether it lives in namespaces", kind, apiVersion)}
	if kind == "List" && apiVersion == "v1" {
		e.Err = errors.New("a List is not an object of its own")
		e.Help = []string{"make one of each of its items: [k8s.object(x) for x in list[\"items\"]]"}
		return t, e
	}
	if homes := schema.Homes(kind); len(homes) > 0 {
		o := schema.Lookup(homes[0] + "." + kind)
		e.Help = append(e.Help, fmt.Sprintf("Kubernetes has %s in %s", kind, o.APIVersion))
	} else {
		e.Suggest = diag.Nearest(kind, kindsOf(apiVersion))
	}
	e.Help = append(e.Help, "say namespaced = True or namespaced = False, or load its definition: crds(...)")
	return t, e
}

func scope(namespaced bool) string {
	if namespaced {
		return "namespaced"
	}
	return "cluster-scoped"
}

// kindsOf lists the kinds of a version of the API.
func kindsOf(apiVersion string) []string {
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, version = "core", apiVersion
	}
	group, _, _ = strings.Cut(group, ".")
	o := schema.Lookup(group + "." + version)
	if o == nil {
		return nil
	}
	var list []string
	for i := range o.Fields {
		if t := o.Fields[i].Type; t.Kind == schema.Obj && t.Object().APIVersion == apiVersion {
			list = append(list, o.Fields[i].Name())
		}
	}
	return list
}
