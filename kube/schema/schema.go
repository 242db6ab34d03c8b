// Package schema says what a Kubernetes value must look like: a [Type] is a scalar kind, a list or a map of one Type, or
// an object with [Field]s. Types are static data, written by internal/schemagen from Kubernetes' own documents; nothing in
// them changes after start, and nothing runs at start. Custom resources get Types of the same kind at run time (crd.go).
package schema

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

//go:generate go run ../../internal/schemagen

// Kind is the shape of a value.
type Kind uint8

const (
	Any Kind = iota // anything JSON can hold
	String
	Bool
	Int32
	Int64
	Float
	IntOrString
	IntOrPercent // an int, or a string such as 25%
	Quantity
	Time
	Bytes
	Enum
	List
	Map
	Obj
	Module // see Kubernetes
)

// Merge is how server-side apply joins what several managers write of a List, Map or Obj.
type Merge uint8

const (
	ByItem Merge = iota // each field or entry by itself; of a List, each item by its Keys
	BySet               // of a List: each value by itself
	Atomic              // who writes any of it owns all
)

// Type is what a value must be: of Elem for a List or Map, one of Values for an Enum, from Min to Max for a number if Max
// is not 0; a text written in its Format and, if it is Filled, not empty.
type Type struct {
	Kind     Kind
	Merge    Merge
	Format   Format
	Filled   bool
	number   uint16 // of an Obj of these tables: its place in objects; Go refuses static data that points into itself
	Min, Max int32
	Elem     *Type
	Keys     string // of a List whose elements have an identity: their fields, separated by commas
	Values   []string
	object   *Object // of any other Obj
}

// Object returns what a Type of kind Obj or Module is made of.
func (t *Type) Object() *Object {
	if t.object != nil {
		return t.object
	}
	return &objects[t.number]
}

// Type is the type of values that are made of an Object.
func (o *Object) Type() *Type { return &Type{Kind: Obj, object: o} }

// Composite reports whether a value of the type may hold an Obj.
func (t *Type) Composite() bool { return t.Kind >= List && t.Kind <= Obj || t.Kind == Any }

// IsInt reports whether the type's numbers have no fraction.
func (t *Type) IsInt() bool { return t.Kind == Int32 || t.Kind == Int64 || t.Kind == IntOrString }

var words = [...]string{
	Any: "any value", String: "string", Bool: "bool", Int32: "int", Int64: "int", Float: "number", IntOrString: "int or string",
	IntOrPercent: "int or percentage such as \"25%\"",
	Quantity:     "quantity (a string such as \"100m\", or a number)", Time: "time", Bytes: "base64 string", Enum: "string",
}

// String says in words what a value must be: "list of Container".
func (t *Type) String() string {
	switch t.Kind {
	case List:
		return "list of " + t.Elem.String()
	case Map:
		return "dict of " + t.Elem.String()
	case Obj, Module:
		return t.Object().Short()
	}
	return words[t.Kind]
}

// Range says in words which numbers are allowed.
func (t *Type) Range() string {
	switch {
	case t.Max != 0 && t.Min == math.MinInt32:
		return fmt.Sprintf("a number of at most %d", t.Max)
	case t.Max == math.MaxInt32:
		return fmt.Sprintf("a number of at least %d", t.Min)
	case t.Max != 0:
		return fmt.Sprintf("a number from %d to %d", t.Min, t.Max)
	case t.Kind == Int64:
		return "a number of at most 64 bits"
	}
	return "a number of at most 32 bits"
}

// Object is a type with fields. APIVersion and Kind are set for an object that stands alone.
type Object struct {
	Name       string  // core.v1.Container
	Fields     []Field // in the order in which they are printed
	Index      string  // see MakeIndex
	Required   uint16  // how many Fields are required
	APIVersion string
	Kind       string
	Resource   string // the plural of the kind that URLs use, if the API server stores its objects
	Namespaced bool   // whether those live in namespaces
	Recursive  bool   // whether values of the type can hold others of it
}

// Short is the name without group and version.
func (o *Object) Short() string { return o.Name[strings.LastIndexByte(o.Name, '.')+1:] }

// Constant is the only value of the field at f, or "" if it may have others. apiVersion and kind of an object that stands
// alone are its first two fields.
func (o *Object) Constant(f int) string {
	switch {
	case o.Kind == "" || f > 1:
		return ""
	case f == 0:
		return o.APIVersion
	}
	return o.Kind
}

// Field is a named part of an object.
type Field struct {
	Key      string // the name and a colon, as YAML writes it
	Type     *Type
	Required bool
}

// Name is the field's name.
func (f *Field) Name() string { return f.Key[:len(f.Key)-1] }

// Field returns the position of the named field, or -1.
func (o *Object) Field(name string) int {
	if name == "" || o.Index == "" {
		return o.search(name)
	}
	mask := uint(len(o.Index) - 1)
	for h := hash(name); ; h++ {
		i := int(o.Index[h&mask])
		if i == 0 {
			return -1
		}
		if k := o.Fields[i-1].Key; len(k) == len(name)+1 && k[:len(name)] == name {
			return i - 1
		}
	}
}

// search looks through a custom resource's object that has too many fields for an index, or none.
func (o *Object) search(name string) int {
	for i := range o.Fields {
		if o.Fields[i].Name() == name {
			return i
		}
	}
	return -1
}

func hash(s string) uint {
	n := len(s)
	return uint(s[0]) + uint(s[n-1])*7 + uint(s[n/2])*31 + uint(n)*3
}

// MakeIndex returns a hash table from name to position plus one, of at most 254 names, half of it free.
func MakeIndex(names []string) string {
	size := 2
	for size < 2*len(names)+1 {
		size *= 2
	}
	t := make([]byte, size)
	for i, name := range names {
		h := hash(name)
		for t[h&uint(size-1)] != 0 {
			h++
		}
		t[h&uint(size-1)] = byte(i + 1)
	}
	return string(t)
}

// Kubernetes is the module of all groups. A module is an Object whose fields are modules or the objects to be had.
func Kubernetes() *Object { return &objects[0] }

// Lookup returns a type by its full name, such as "apps.v1.Deployment", or nil.
func Lookup(name string) *Object {
	o := Kubernetes()
	for part := range strings.SplitSeq(name, ".") {
		f := o.Field(part)
		if f < 0 {
			return nil
		}
		o = o.Fields[f].Type.Object()
	}
	return o
}

// Find returns the type of the objects of a kind, or nil where these tables do not have it: a custom resource.
func Find(apiVersion, kind string) *Type {
	groups := Kubernetes()
	for i := range groups.Fields {
		versions := groups.Fields[i].Type.Object()
		for j := range versions.Fields {
			kinds := versions.Fields[j].Type.Object()
			k := kinds.Field(kind)
			if k < 0 {
				continue
			}
			if t := kinds.Fields[k].Type; t.Kind == Obj && t.Object().APIVersion == apiVersion {
				return t
			}
		}
	}
	return nil
}

// Homes lists the groups and versions that have a type of that name, the most stable version of a group first: "apps.v1".
func Homes(name string) []string {
	var list []string
	groups := Kubernetes()
	for i := range groups.Fields {
		group := groups.Fields[i].Type.Object()
		var versions []string
		for j := range group.Fields {
			if v := group.Fields[j].Type.Object(); v.Field(name) >= 0 {
				versions = append(versions, v.Name)
			}
		}
		slices.SortFunc(versions, compareVersions)
		list = append(list, versions...)
	}
	return list
}

// compareVersions puts v2 before v1, v1 before v1beta1, and that before v1alpha1.
func compareVersions(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(a, "alpha"), strings.Count(b, "alpha")),
		cmp.Compare(strings.Count(a, "beta"), strings.Count(b, "beta")), cmp.Compare(b, a))
}

// ForKind returns the type of objects that say apiVersion and kind, or nil: Kubernetes' own, of the release that the tables
// come from.
func ForKind(apiVersion, kind string) *Object {
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, version = "core", apiVersion
	}
	if group, _, _ = strings.Cut(group, "."); group == "internal" {
		group = "apiserverinternal"
	}
	if o := Lookup(group + "." + version + "." + kind); o != nil && o.Kind == kind && o.APIVersion == apiVersion {
		return o
	}
	return nil
}
