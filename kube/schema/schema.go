// Package schema says what a Kubernetes value must look like: a [Type] is a scalar kind, a list or a map of one Type, or
// an object with [Field]s. Types are static data; nothing in them changes after start.
package schema

import "strings"

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
	Quantity
	Time
	Bytes
	Enum
	List
	Map
	Obj
	Module // see Kubernetes
)

// Type is what a value must be: of Elem for a List or Map, one of Values for an Enum.
type Type struct {
	Kind   Kind
	number uint16 // of an Obj of these tables: its place in objects; Go refuses static data that points into itself
	Elem   *Type
	Values []string
	object *Object // of any other Obj
}

// Object returns what a Type of kind Obj or Module is made of.
func (t *Type) Object() *Object {
	if t.object != nil {
		return t.object
	}
	return &objects[t.number]
}

// Object is a type with fields. APIVersion and Kind are set for an object that stands alone.
type Object struct {
	Name       string  // core.v1.Container
	Fields     []Field // by name
	Index      string  // see MakeIndex
	Required   uint8   // how many Fields are required
	APIVersion string
	Kind       string
}

// Field is a named part of an object.
type Field struct {
	Key      string // the name and a colon, as YAML writes it
	Type     *Type
	Keys     string // of a list whose elements have an identity: their fields, separated by commas
	Required bool
}

// Name is the field's name.
func (f *Field) Name() string { return f.Key[:len(f.Key)-1] }

// Field returns the position of the named field, or -1.
func (o *Object) Field(name string) int {
	if name == "" || o.Index == "" {
		return -1
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

// Composite reports whether a value of the type may hold an Obj.
func (t *Type) Composite() bool { return t.Kind >= List && t.Kind <= Obj }

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
