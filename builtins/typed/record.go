package typed

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// Record is a value with the fields of a schema.Object. Only fields that are set take room.
type Record struct {
	typ      *schema.Object
	run      *Run
	slots    []slot // by field
	note     any
	at       uint32 // the chain of the call that made it; 0 if it was made from a dict or by reading
	frozen   bool
	blank    bool // made by reading a field that was not set; not written until something is set in it
	poisoned bool // a mistake was found in it
}

type slot struct {
	field uint16
	at    uint32 // if set by an assignment: its chain
	val   starlark.Value
}

var (
	_ starlark.HasSetField = (*Record)(nil)
	_ starlark.Comparable  = (*Record)(nil)
	_ starlark.Callable    = Constructor{}
)

// String writes the Record as a call of its constructor.
func (r *Record) String() string { return print(r) }

// Type is the name of the Record's type, without its group and version.
func (r *Record) Type() string { return r.typ.Short() }

// Truth is always true, as of any object.
func (r *Record) Truth() starlark.Bool { return true }

// Hash fails: a Record can change.
func (r *Record) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: %s", r.Type()) }

// Freeze makes the Record, and all in it, constant.
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
	f := field(r.typ, name)
	if f < 0 {
		return nil, unknown(r.typ, name).Diagnostic()
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
		v = &List{typ: t, run: r.run, blank: true, frozen: r.frozen}
	case schema.Map:
		v = &Map{typ: t, run: r.run, blank: true, frozen: r.frozen}
	case schema.Obj:
		v = &Record{typ: t.Object(), run: r.run, blank: true, frozen: r.frozen}
	}
	if !r.frozen {
		r.insert(i, slot{field: uint16(f), val: v})
	}
	return v, nil
}

// field returns the position of a field, or -1. The few that Starlark reserves, such as from and except, can be written
// with an underscore behind, as Python's users do.
func field(o *schema.Object, name string) int {
	f := o.Field(name)
	if f < 0 && strings.HasSuffix(name, "_") {
		return o.Field(name[:len(name)-1])
	}
	return f
}

// SetField is an assignment: None unsets the field, a mistake is reported and leaves it unset.
func (r *Record) SetField(name string, val starlark.Value) error {
	if err := r.set(name, val, r.run.here()); err != nil {
		if r.frozen {
			return err
		}
		r.run.report(r.title(), Split(err), r, name)
	}
	return nil
}

// set sets a field; the error's paths begin with its name.
func (r *Record) set(name string, val starlark.Value, at uint32) error {
	if r.frozen {
		return frozen("set "+name+" of", r.Type())
	}
	f := field(r.typ, name)
	if f < 0 {
		r.poisoned = true
		e := unknown(r.typ, name)
		e.Path = kube.Fields(name)
		return e
	}
	if want := r.typ.Constant(f); want != "" {
		return r.keep(f, want, val)
	}
	if val == starlark.None {
		if i, ok := r.find(f); ok {
			r.slots = slices.Delete(r.slots, i, i+1)
		}
		return nil
	}
	val = r.run.converted(r.typ.Fields[f].Type, val, r)
	if val != nil {
		r.store(slot{field: uint16(f), at: at, val: val})
		r.blank = false
	} else {
		r.poisoned = true
	}
	if len(r.run.faults) == 0 {
		return nil
	}
	return Within(kube.Fields(r.typ.Fields[f].Name()), r.run.take().err())
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

func (r *Record) store(s slot) {
	i, ok := r.find(int(s.field))
	if ok {
		r.slots[i] = s
	} else {
		r.insert(i, s)
	}
}

// insert puts s before the slot at i.
func (r *Record) insert(i int, s slot) {
	r.slots = append(r.slots, s)
	if i < len(r.slots)-1 {
		copy(r.slots[i+1:], r.slots[i:])
		r.slots[i] = s
	}
}

// add sets a field of a Record under construction, which come in any order. Mistakes become faults of the Run.
func (r *Record) add(name string, val starlark.Value) {
	f := field(r.typ, name)
	if f < 0 {
		r.fault(name, unknown(r.typ, name))
		return
	}
	if val == starlark.None {
		return
	}
	before := len(r.run.faults)
	val = r.run.convert(r.typ.Fields[f].Type, val)
	if len(r.run.faults) > before {
		r.run.inside(before, kube.Field(r.typ.Fields[f].Name()))
	}
	if val == nil {
		r.poisoned = true
		return
	}
	n := len(r.slots)
	for n > 0 && int(r.slots[n-1].field) > f {
		n--
	}
	if n > 0 && int(r.slots[n-1].field) == f {
		r.fault(name, &Error{Err: fmt.Errorf("set twice")})
		return
	}
	r.slots = append(r.slots, slot{})
	copy(r.slots[n+1:], r.slots[n:])
	r.slots[n] = slot{field: uint16(f), val: val}
}

func (r *Record) fault(name string, e *Error) {
	e.inside(kube.Field(name))
	r.run.fault(e)
	r.poisoned = true
}

// stamp sets apiVersion and kind of an object that stands alone, which may be given only as they are.
func (r *Record) stamp() {
	if r.typ.Kind == "" {
		return
	}
	for f := range 2 {
		want := starlark.String(r.typ.Constant(f))
		if i, ok := r.find(f); !ok {
			r.insert(i, slot{field: uint16(f), val: want})
		} else if r.slots[i].val != want {
			r.fault(r.typ.Fields[f].Name(), constant(r.slots[i].val, want))
			r.slots[i].val = want
		}
	}
}

// keep is an assignment to apiVersion or kind. A record that is attached but empty has neither yet.
func (r *Record) keep(f int, want string, val starlark.Value) error {
	if val == starlark.String(want) {
		r.store(slot{field: uint16(f), val: val})
		r.blank = false
		return nil
	}
	if val == starlark.None {
		return nil
	}
	e := constant(val, starlark.String(want))
	e.Path = kube.Fields(r.typ.Fields[f].Name())
	return e
}

func constant(got starlark.Value, want starlark.String) *Error {
	return &Error{Err: fmt.Errorf("got %s, want %s", got, want)}
}

// title names the Record in messages: "Deployment shop/checkout", "Container app".
func (r *Record) title() string {
	if r.typ.Kind != "" {
		return r.ID().String()
	}
	if name, ok := r.Get("name").(starlark.String); ok {
		return r.Type() + " " + string(name)
	}
	return r.Type()
}

func skipBlank(s []slot) []slot {
	for len(s) > 0 && blank(s[0].val) {
		s = s[1:]
	}
	return s
}

// blank reports whether v was made only by reading it.
func blank(v starlark.Value) bool {
	switch v := v.(type) {
	case *Record:
		return v.blank && len(skipBlank(v.slots)) == 0
	case *List:
		return v.blank
	case *Map:
		return v.blank
	}
	return false
}

// Constructor is the function that makes a schema.Object from its fields.
type Constructor struct{ typ *schema.Object }

// MakeConstructor returns the function that makes a type.
func MakeConstructor(o *schema.Object) Constructor { return Constructor{o} }

// Schema is what the Constructor makes.
func (c Constructor) Schema() *schema.Object { return c.typ }

func (c Constructor) String() string        { return "<constructor " + c.typ.Name + ">" }
func (c Constructor) Name() string          { return c.typ.Name }
func (c Constructor) Type() string          { return "constructor" }
func (c Constructor) Freeze()               {}
func (c Constructor) Truth() starlark.Bool  { return true }
func (c Constructor) Hash() (uint32, error) { return starlark.String(c.typ.Name).Hash() }

// CallInternal makes the Record. Mistakes in fields are reported and leave them unset.
func (c Constructor) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	run := RunOf(thread)
	r := run.record(c.typ, len(kwargs))
	r.at = run.here()
	for _, kw := range kwargs {
		r.add(string(kw[0].(starlark.String)), kw[1])
	}
	r.stamp()
	if len(args) > 0 {
		return nil, c.positional()
	}
	if len(run.faults) > 0 {
		run.report(r.title(), run.take(), r)
	}
	return r, nil
}

func (c Constructor) positional() error {
	list := append(names(c.typ), "...")
	if c.typ.Kind != "" {
		list = slices.DeleteFunc(list, func(s string) bool { return s == "apiVersion" || s == "kind" })
	}
	return fmt.Errorf("fields are given by name, as in %s(%s = ...)", c.typ.Short(), list[0])
}
