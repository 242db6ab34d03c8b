package typed

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
)

// Record is a value with the fields of a schema.Object. Only fields that are set take room.
type Record struct {
	typ    *schema.Object
	run    *Run
	slots  []slot // by field
	pos    Pos
	chain  uint32
	frozen bool
	note   any
	blank  bool // made by reading a field that was not set; not written until something is set in it
}

type slot struct {
	field uint16
	pos   uint32 // if set by an assignment: its place, a Run.links
	val   starlark.Value
}

var (
	_ starlark.HasSetField = (*Record)(nil)
	_ starlark.Callable    = (*Constructor)(nil)
)

func (r *Record) String() string        { return string(r.AppendYAML(nil)) }
func (r *Record) Type() string          { return r.typ.Name }
func (r *Record) Truth() starlark.Bool  { return true }
func (r *Record) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: %s", r.typ.Name) }

func (r *Record) Freeze() {
	if !r.frozen {
		r.frozen = true
		for i := range r.slots {
			r.slots[i].val.Freeze()
		}
	}
}

// AttrNames lists all fields, as dir does.
func (r *Record) AttrNames() []string { return names(r.typ) }

func names(o *schema.Object) []string {
	list := make([]string, len(o.Fields))
	for i := range list {
		list[i] = o.Fields[i].Name()
	}
	return list
}

// Attr returns a field. One that is not set reads as None or, if it can hold others, as an empty one.
func (r *Record) Attr(name string) (starlark.Value, error) {
	f := r.typ.Field(name)
	if f < 0 {
		return nil, unknown(r.typ, name)
	}
	i, ok := r.find(f)
	if ok {
		return r.slots[i].val, nil
	}
	var v starlark.Value
	switch t := r.typ.Fields[f].Type; t.Kind {
	default:
		return starlark.None, nil
	case schema.List:
		v = &List{elem: t.Elem, run: r.run, blank: true, frozen: r.frozen}
	case schema.Map:
		v = &Map{elem: t.Elem, run: r.run, blank: true, frozen: r.frozen}
	case schema.Obj:
		v = &Record{typ: t.Object(), run: r.run, blank: true, frozen: r.frozen}
	}
	if !r.frozen {
		r.insert(i, slot{field: uint16(f), val: v})
	}
	return v, nil
}

// SetField sets a field; None unsets it.
func (r *Record) SetField(name string, val starlark.Value) error {
	if r.frozen {
		return fmt.Errorf("cannot set %s of a frozen %s", name, r.typ.Name)
	}
	f := r.typ.Field(name)
	if f < 0 {
		return unknown(r.typ, name)
	}
	if val == starlark.None {
		if i, ok := r.find(f); ok {
			r.slots = slices.Delete(r.slots, i, i+1)
		}
		return nil
	}
	val, err := r.run.convert(r.typ.Fields[f].Type, val)
	if err != nil {
		return within("."+name, err)
	}
	s := slot{field: uint16(f), val: val}
	if r.run.Positions >= PerSet {
		s.pos = r.run.link(link{pos: r.run.pos(r.run.caller())})
	}
	r.set(s)
	r.blank = false
	return nil
}

// find returns the place of field f in slots, or where it belongs.
func (r *Record) find(f int) (int, bool) {
	for i := range r.slots {
		if g := int(r.slots[i].field); g >= f {
			return i, g == f
		}
	}
	return len(r.slots), false
}

func (r *Record) set(s slot) {
	i, ok := r.find(int(s.field))
	if ok {
		r.slots[i] = s
	} else {
		r.insert(i, s)
	}
}

func (r *Record) insert(i int, s slot) { r.slots = slices.Insert(r.slots, i, s) }

// add sets a field of a Record under construction, which come in any order.
func (r *Record) add(name string, val starlark.Value) error {
	if val == starlark.None {
		return nil
	}
	f := r.typ.Field(name)
	if f < 0 {
		return unknown(r.typ, name)
	}
	val, err := r.run.convert(r.typ.Fields[f].Type, val)
	if err != nil {
		return within("."+name, err)
	}
	n := len(r.slots)
	for n > 0 && int(r.slots[n-1].field) > f {
		n--
	}
	if n > 0 && int(r.slots[n-1].field) == f {
		return within("."+name, fmt.Errorf("set twice"))
	}
	r.slots = append(r.slots, slot{})
	copy(r.slots[n+1:], r.slots[n:])
	r.slots[n] = slot{field: uint16(f), val: val}
	return nil
}

// stamp sets apiVersion and kind, which may be given only as they are.
func (r *Record) stamp() error {
	for _, f := range [...]struct{ name, want string }{{"apiVersion", r.typ.APIVersion}, {"kind", r.typ.Kind}} {
		i, ok := r.find(r.typ.Field(f.name))
		if !ok {
			r.insert(i, slot{field: uint16(r.typ.Field(f.name)), val: starlark.String(f.want)})
		} else if got := r.slots[i].val; got != starlark.String(f.want) {
			return within("."+f.name, fmt.Errorf("got %s, want %q", got, f.want))
		}
	}
	return nil
}

// Constructor is the function that makes a schema.Object from its fields.
type Constructor struct{ typ *schema.Object }

func (c Constructor) String() string        { return c.typ.Name }
func (c Constructor) Name() string          { return c.typ.Name }
func (c Constructor) Type() string          { return "constructor" }
func (c Constructor) Freeze()               {}
func (c Constructor) Truth() starlark.Bool  { return true }
func (c Constructor) Hash() (uint32, error) { return starlark.String(c.typ.Name).Hash() }

// CallInternal makes the Record.
func (c Constructor) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 0 {
		return nil, fmt.Errorf("%s: fields are given by name", c.typ.Name)
	}
	run := RunOf(thread)
	r := run.record(c.typ, len(kwargs))
	for _, kw := range kwargs {
		if err := r.add(string(kw[0].(starlark.String)), kw[1]); err != nil {
			return nil, err
		}
	}
	run.mark(r)
	if c.typ.Kind != "" {
		return r, r.stamp()
	}
	return r, nil
}
