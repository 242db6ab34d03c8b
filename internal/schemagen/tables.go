package main

import (
	"bytes"
	"fmt"
	"go/format"

	"github.com/starctl/starctl/kube/schema"
)

// writeTables writes Go composite literals, which the linker lays out: no code runs at start. A type is a variable of its
// own, because Go refuses static data that points into itself; an object's type therefore holds a number.
func writeTables(head string, list []*object) ([]byte, error) {
	w := &writer{number: map[string]int{}, vars: map[string]string{}}
	for i, o := range list {
		w.number[o.name] = i
	}
	for _, o := range list {
		w.object(o)
	}
	return format.Source(fmt.Appendf(nil, "%s\npackage schema\n\n%s\nvar objects = [...]Object{\n%s}\n", head, w.types.Bytes(), w.objects.Bytes()))
}

type writer struct {
	types, objects bytes.Buffer
	number         map[string]int    // of an object
	vars           map[string]string // by code: the variable that holds the type
}

func (w *writer) object(o *object) {
	var names []string
	required := 0
	for _, f := range o.fields {
		names = append(names, f.name)
		if f.required {
			required++
		}
	}
	fmt.Fprintf(&w.objects, "{Name: %q, Index: %q", o.name, schema.MakeIndex(names))
	if o.kind != "" {
		fmt.Fprintf(&w.objects, ", APIVersion: %q, Kind: %q", o.apiVersion, o.kind)
	}
	if o.resource.plural != "" {
		fmt.Fprintf(&w.objects, ", Resource: %q, Namespaced: %v", o.resource.plural, o.resource.namespaced)
	}
	if o.recursive {
		w.objects.WriteString(", Recursive: true")
	}
	if required > 0 {
		fmt.Fprintf(&w.objects, ", Required: %d", required)
	}
	w.objects.WriteString(", Fields: []Field{\n")
	for _, f := range o.fields {
		fmt.Fprintf(&w.objects, "{Key: %q, Type: &%s", f.name+":", w.variable(&f.typ))
		if f.required {
			w.objects.WriteString(", Required: true")
		}
		w.objects.WriteString("},\n")
	}
	w.objects.WriteString("}},\n")
}

// variable returns the name of the variable that holds a type, and writes its declaration the first time.
func (w *writer) variable(t *typ) string {
	code := t.code()
	if v := w.vars[code]; v != "" {
		return v
	}
	decl := "Kind: " + t.kind
	if t.object != "" || t.kind == "Module" {
		decl += fmt.Sprintf(", number: %d", w.number[t.object])
	}
	if t.elem != nil {
		decl += ", Elem: &" + w.variable(t.elem)
	}
	if t.keys != "" {
		decl += fmt.Sprintf(", Keys: %q", t.keys)
	}
	if t.merge != "" {
		decl += ", Merge: " + t.merge
	}
	if t.values != nil {
		decl += fmt.Sprintf(", Values: %#v", t.values)
	}
	if t.format != "" {
		decl += ", Format: " + t.format
	}
	if t.filled {
		decl += ", Filled: true"
	}
	if t.max != 0 {
		decl += fmt.Sprintf(", Min: %d, Max: %d", t.min, t.max)
	}
	v := fmt.Sprintf("t%d", len(w.vars))
	w.vars[code] = v
	fmt.Fprintf(&w.types, "var %s = Type{%s}\n", v, decl)
	return v
}
