package schema

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
)

// Custom is what a CustomResourceDefinition defines: a type for each version that is served.
type Custom struct {
	Group, Kind string
	Versions    []Version // the stored one first
}

// Version is a version of a custom resource.
type Version struct {
	Name string
	*Object
}

// maxNesting is how deeply a CustomResourceDefinition's schema may be nested; those in use have up to 30 levels.
const maxNesting = 100

// FromCRD turns a CustomResourceDefinition into types like those of Kubernetes. Their fields are in alphabetical order, as
// a definition has no other, but for apiVersion, kind and metadata. What the schema leaves open is free in form.
func FromCRD(n kube.Node) (*Custom, error) {
	if v := n.Get("apiVersion").Str(); v != "apiextensions.k8s.io/v1" {
		return nil, at(kube.Fields("apiVersion"), "got %q, want \"apiextensions.k8s.io/v1\"", v)
	}
	spec := n.Get("spec")
	c := &Custom{Group: spec.Get("group").Str(), Kind: spec.Get("names", "kind").Str()}
	switch {
	case c.Group == "":
		return nil, at(kube.Fields("spec", "group"), "required, not set")
	case c.Kind == "":
		return nil, at(kube.Fields("spec", "names", "kind"), "required, not set")
	}
	scope := spec.Get("scope").Str()
	if scope != "Namespaced" && scope != "Cluster" {
		return nil, at(kube.Fields("spec", "scope"), "got %q, want \"Cluster\" or \"Namespaced\"", scope)
	}
	for i, v := range spec.Get("versions").Items() {
		if v.Get("served").Kind() == kube.Bool && !v.Get("served").Bool() {
			continue
		}
		path := kube.Fields("spec", "versions").With(kube.Item(i, v.Get("name").Str()))
		o, err := c.version(v, spec, path)
		if err != nil {
			return nil, err
		}
		o.Namespaced = scope == "Namespaced"
		version := Version{v.Get("name").Str(), o}
		if v.Get("storage").Bool() {
			c.Versions = slices.Insert(c.Versions, 0, version)
		} else {
			c.Versions = append(c.Versions, version)
		}
	}
	if len(c.Versions) == 0 {
		return nil, at(kube.Fields("spec", "versions"), "no version is served")
	}
	return c, nil
}

// pathError is a mistake in a definition.
type pathError struct {
	path kube.Path
	msg  string
}

func (e *pathError) Error() string { return e.path.String() + ": " + e.msg }

func at(path kube.Path, format string, args ...any) error {
	return &pathError{path, fmt.Sprintf(format, args...)}
}

func (c *Custom) version(v, spec kube.Node, path kube.Path) (*Object, error) {
	name := v.Get("name").Str()
	if name == "" {
		return nil, at(path.With(kube.Field("name")), "required, not set")
	}
	r := &reader{prefix: c.Group + "." + name + "."}
	root := v.Get("schema", "openAPIV3Schema")
	o := &Object{
		Name:       r.prefix + c.Kind,
		APIVersion: c.Group + "/" + name,
		Kind:       c.Kind,
		Resource:   spec.Get("names", "plural").Str(),
	}
	o.Fields = []Field{
		{Key: "apiVersion:", Type: &Type{Kind: String}},
		{Key: "kind:", Type: &Type{Kind: String}},
		{Key: "metadata:", Type: &Type{Kind: Obj, object: Lookup("meta.v1.ObjectMeta")}},
	}
	fields, err := r.fields(root, c.Kind, path.With(kube.Fields("schema", "openAPIV3Schema")...), 0)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		if f.Name() != "apiVersion" && f.Name() != "kind" && f.Name() != "metadata" {
			o.Fields = append(o.Fields, f)
		}
	}
	o.finish()
	return o, nil
}

// finish makes an object's Index and counts what is required.
func (o *Object) finish() {
	var names []string
	o.Required = 0
	for i := range o.Fields {
		names = append(names, o.Fields[i].Name())
		if o.Fields[i].Required {
			o.Required++
		}
	}
	if len(names) <= 254 {
		o.Index = MakeIndex(names)
	}
}

// Free returns a type for objects that nothing is known about but their names: metadata is checked, all else is free.
func Free(apiVersion, kind string, namespaced bool, fields []string) *Object {
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, version = "core", apiVersion
	}
	o := &Object{Name: group + "." + version + "." + kind, APIVersion: apiVersion, Kind: kind, Namespaced: namespaced}
	o.Fields = []Field{
		{Key: "apiVersion:", Type: &Type{Kind: String}},
		{Key: "kind:", Type: &Type{Kind: String}},
		{Key: "metadata:", Type: &Type{Kind: Obj, object: Lookup("meta.v1.ObjectMeta")}},
	}
	rest := slices.Concat(fields, []string{"data", "spec", "status"})
	slices.Sort(rest)
	for _, name := range slices.Compact(rest) {
		if name != "apiVersion" && name != "kind" && name != "metadata" {
			o.Fields = append(o.Fields, Field{Key: name + ":", Type: &Type{Kind: Any}})
		}
	}
	o.finish()
	return o
}

// reader turns the OpenAPI schema of one version into types.
type reader struct{ prefix string }

// fields reads the properties of a schema; name is what the object is called.
func (r *reader) fields(n kube.Node, name string, path kube.Path, depth int) ([]Field, error) {
	required := map[string]bool{}
	for _, f := range n.Get("required").Items() {
		required[f.Str()] = true
	}
	var list []Field
	for key, p := range n.Get("properties").All() {
		t, err := r.typ(p, name+strings.ToUpper(key[:min(len(key), 1)])+key[min(len(key), 1):], path.With(kube.Field("properties"), kube.Key(key)), depth+1)
		if err != nil {
			return nil, err
		}
		// What has a default is filled in before it is missed.
		list = append(list, Field{Key: key + ":", Type: t, Required: required[key] && !p.Get("default").Exists()})
	}
	slices.SortFunc(list, func(a, b Field) int { return cmp.Compare(a.Key, b.Key) })
	return list, nil
}

// typ reads a schema; name is what an object of it is called.
func (r *reader) typ(n kube.Node, name string, path kube.Path, depth int) (*Type, error) {
	if depth > maxNesting {
		return nil, at(path, "nested more than %d levels deep", maxNesting)
	}
	if !n.IsMapping() {
		return nil, at(path, "got %s, want a schema", n.Kind())
	}
	if n.Get("x-kubernetes-int-or-string").Bool() {
		return &Type{Kind: IntOrString}, nil
	}
	kind := n.Get("type")
	switch kind.Str() {
	case "object":
		return r.object(n, name, path, depth)
	case "array":
		items := n.Get("items")
		elem, err := r.typ(items, strings.TrimSuffix(name, "s"), path.With(kube.Field("items")), depth+1)
		if err != nil {
			return nil, err
		}
		var keys []string
		for _, k := range n.Get("x-kubernetes-list-map-keys").Items() {
			keys = append(keys, k.Str())
		}
		return &Type{Kind: List, Elem: elem, Keys: strings.Join(keys, ","), Merge: listMerge(n)}, nil
	case "string":
		return text(n), nil
	case "integer":
		return integer(n), nil
	case "number":
		return &Type{Kind: Float}, nil
	case "boolean":
		return &Type{Kind: Bool}, nil
	case "":
		if kind.Exists() && kind.Kind() != kube.String {
			return nil, at(path.With(kube.Field("type")), "got %s, want string", kind.Kind())
		}
		return &Type{Kind: Any}, nil
	}
	return nil, at(path.With(kube.Field("type")), "got %q, want \"array\", \"boolean\", \"integer\", \"number\", \"object\" or \"string\"", kind.Str())
}

func (r *reader) object(n kube.Node, name string, path kube.Path, depth int) (*Type, error) {
	open := n.Get("x-kubernetes-preserve-unknown-fields").Bool() || n.Get("x-kubernetes-embedded-resource").Bool()
	if extra := n.Get("additionalProperties"); !open && extra.IsMapping() {
		elem, err := r.typ(extra, name, path.With(kube.Field("additionalProperties")), depth+1)
		if err != nil {
			return nil, err
		}
		return &Type{Kind: Map, Elem: elem, Merge: mapMerge(n)}, nil
	}
	if open || n.Get("properties").Len() == 0 {
		return &Type{Kind: Any}, nil
	}
	fields, err := r.fields(n, name, path, depth)
	if err != nil {
		return nil, err
	}
	o := &Object{Name: r.prefix + name, Fields: fields}
	o.finish()
	return &Type{Kind: Obj, object: o, Merge: mapMerge(n)}, nil
}

// listMerge is how a list merges: as a whole, unless its schema says otherwise.
func listMerge(n kube.Node) Merge {
	switch n.Get("x-kubernetes-list-type").Str() {
	case "map":
		return ByItem
	case "set":
		return BySet
	}
	return Atomic
}

func mapMerge(n kube.Node) Merge {
	if n.Get("x-kubernetes-map-type").Str() == "atomic" {
		return Atomic
	}
	return ByItem
}

// text is the type of a string.
func text(n kube.Node) *Type {
	if enum := n.Get("enum"); enum.Len() > 0 {
		var values []string
		for _, v := range enum.Items() {
			if v.Kind() == kube.String {
				values = append(values, v.Str())
			}
		}
		return &Type{Kind: Enum, Values: values}
	}
	switch n.Get("format").Str() {
	case "byte":
		return &Type{Kind: Bytes}
	case "date-time":
		return &Type{Kind: Time}
	}
	return &Type{Kind: String}
}

// integer is the type of an integer. A range is kept if its upper end is known.
func integer(n kube.Node) *Type {
	t := &Type{Kind: Int64}
	if n.Get("format").Str() == "int32" {
		t.Kind = Int32
	}
	low, hasLow := n.Get("minimum").Int()
	high, hasHigh := n.Get("maximum").Int()
	if !hasLow {
		low = math.MinInt32
	}
	if !hasHigh && hasLow && t.Kind == Int32 {
		high, hasHigh = math.MaxInt32, true
	}
	if hasHigh && high != 0 && high <= math.MaxInt32 && low >= math.MinInt32 {
		t.Min, t.Max = int32(low), int32(high)
	}
	return t
}
