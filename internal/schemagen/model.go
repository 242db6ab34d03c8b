package main

import (
	"bytes"
	"cmp"
	"compress/flate"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// model joins the sources.
type model struct {
	docs    *documents
	enums   map[string][]string
	structs *structs
	rules   *rules
}

// object is what a table entry is written from.
type object struct {
	name, apiVersion, kind string
	resource               resource
	recursive              bool
	fields                 []field
}

type field struct {
	name     string
	typ      typ
	required bool
}

// typ is a schema.Type in the making.
type typ struct {
	kind     string // as in package schema
	object   string // of an Obj or a Module: its name
	elem     *typ
	keys     string
	merge    string // as in package schema; "" is ByItem
	values   []string
	min, max int32
	format   string // as in package schema; "" is Unformatted
	filled   bool
}

// code identifies a type.
func (t *typ) code() string {
	s := fmt.Sprintf("%s %s %s %s %q %d %d %s %v", t.kind, t.object, t.keys, t.merge, t.values, t.min, t.max, t.format, t.filled)
	if t.elem != nil {
		s += " of " + t.elem.code()
	}
	return s
}

// objects returns every object and the modules that hold them, by name; the first is the module of all groups.
func (m *model) objects() ([]*object, error) {
	all := map[string]*object{}
	for _, full := range slices.Sorted(maps.Keys(m.docs.types)) {
		if m.docs.types[full].Properties == nil {
			continue
		}
		o, err := m.object(full)
		if err != nil {
			return nil, err
		}
		all[o.name] = o
		name, t := o.name, typ{kind: "Obj", object: o.name}
		for name != "" {
			dot := strings.LastIndexByte(name, '.')
			outer := name[:max(dot, 0)]
			if all[outer] == nil {
				all[outer] = &object{name: outer}
			}
			inner := name[dot+1:]
			if !slices.ContainsFunc(all[outer].fields, func(f field) bool { return f.name == inner }) {
				all[outer].fields = append(all[outer].fields, field{name: inner, typ: t})
			}
			name, t = outer, typ{kind: "Module", object: outer}
		}
	}
	var list []*object
	for _, name := range slices.Sorted(maps.Keys(all)) {
		o := all[name]
		o.recursive = reaches(all, o, name, map[string]bool{})
		list = append(list, o)
	}
	return list, nil
}

// reaches reports whether a value of o can hold one of the named type.
func reaches(all map[string]*object, o *object, name string, seen map[string]bool) bool {
	for _, f := range o.fields {
		t := &f.typ
		for t.elem != nil {
			t = t.elem
		}
		if t.kind != "Obj" || seen[t.object] {
			continue
		}
		seen[t.object] = true
		if t.object == name || reaches(all, all[t.object], name, seen) {
			return true
		}
	}
	return false
}

func (m *model) object(full string) (*object, error) {
	p := m.docs.types[full]
	o := &object{name: short(full)}
	if len(p.GVK) == 1 {
		g := p.GVK[0]
		o.apiVersion, o.kind, o.resource = g.apiVersion(), g.Kind, m.docs.resources[g]
	}
	order, err := m.structs.fields(full)
	if err != nil {
		return nil, err
	}
	for _, g := range order {
		if fp := p.Properties[g.name]; fp != nil {
			o.fields = append(o.fields, m.field(full, g, fp, slices.Contains(p.Required, g.name)))
		}
	}
	if len(o.fields) != len(p.Properties) {
		return nil, fmt.Errorf("%s: the struct has %d of %d fields", full, len(o.fields), len(p.Properties))
	}
	if o.kind != "" {
		head := []string{"apiVersion", "kind", "metadata"}
		rank := func(f field) int { return (slices.Index(head, f.name) + 1 + len(head)) % (len(head) + 1) }
		slices.SortStableFunc(o.fields, func(a, b field) int { return cmp.Compare(rank(a), rank(b)) })
	}
	return o, nil
}

func (m *model) field(full string, g goField, p *prop, required bool) field {
	r := m.rules.of(short(full), g.name)
	f := field{name: g.name, typ: m.typ(p), required: required || r.required}
	path := strings.ReplaceAll(strings.TrimPrefix(full, "io.k8s."), ".", "_")
	enum := m.enums[path+"."+g.name]
	if enum == nil {
		enum = m.structs.constants(g.typ)
	}
	if enum == nil {
		enum = r.values
	}
	if enum != nil {
		f.typ.close(enum, !f.required)
	}
	if r.percent {
		f.typ.kind = "IntOrPercent"
	}
	f.typ.min, f.typ.max = r.min, r.max
	if r.format != "" {
		f.typ.write(r.format, f.required)
	}
	return f
}

// write says how the strings that a type holds are written. An empty one is the same as none where none is allowed.
func (t *typ) write(format string, filled bool) {
	if t.elem != nil {
		t.elem.write(format, true)
		return
	}
	t.format, t.filled = format, filled
}

// close makes an enumeration of the strings that a type holds. An empty string is the same as none where none is allowed.
func (t *typ) close(values []string, empty bool) {
	if t.elem != nil {
		t.elem.close(values, false)
		return
	}
	t.kind = "Enum"
	t.values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" })
	if empty {
		t.values = append(t.values, "")
	}
}

var scalars = map[string]string{
	"string": "String", "boolean": "Bool", "integer:int32": "Int32", "integer:int64": "Int64", "number:double": "Float",
	"string:byte": "Bytes", "string:date-time": "Time", ":int-or-string": "IntOrString",
}

// merges are the schema.Merge of what the documents say. A list of which they say nothing is atomic.
var merges = map[string]string{"atomic": "Atomic", "set": "BySet"}

func (m *model) typ(p *prop) typ {
	keys, mapType := strings.Join(p.Keys, ","), p.MapType
	if len(p.AllOf) == 1 {
		p = p.AllOf[0]
	}
	if full, ok := strings.CutPrefix(p.Ref, "#/components/schemas/"); ok {
		if p = m.docs.types[full]; p.Properties != nil {
			return typ{kind: "Obj", object: short(full), merge: merges[cmp.Or(mapType, p.MapType)]}
		}
		if strings.HasSuffix(full, ".Quantity") {
			return typ{kind: "Quantity"}
		}
	}
	switch {
	case p.Items != nil:
		elem := m.typ(p.Items)
		return typ{kind: "List", elem: &elem, keys: keys, merge: merges[cmp.Or(p.ListType, "atomic")]}
	case p.Additional != nil:
		elem := m.typ(p.Additional)
		return typ{kind: "Map", elem: &elem, merge: merges[cmp.Or(mapType, p.MapType)]}
	}
	return typ{kind: cmp.Or(scalars[strings.TrimSuffix(p.Type+":"+p.Format, ":")], "Any")}
}

// documentation returns the text of every type and field, compressed: a line each, "core.v1.Container.image text".
func (m *model) documentation() ([]byte, error) {
	var lines []string
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, name+" "+strings.ReplaceAll(text, "\n", "\x01"))
		}
	}
	for full, p := range m.docs.types {
		add(short(full), p.Description)
		for f, fp := range p.Properties {
			add(short(full)+"."+f, fp.Description)
		}
	}
	slices.Sort(lines)
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
