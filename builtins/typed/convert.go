package typed

import (
	"encoding/base64"
	"fmt"
	"math"
	"time"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
)

// convert returns v as a value of type t: itself, or what a dict or list turns into.
func (r *Run) convert(t *schema.Type, v starlark.Value) (starlark.Value, error) {
	switch t.Kind {
	case schema.Obj:
		return r.object(t.Object(), v)
	case schema.List:
		return r.list(t.Elem, v)
	case schema.Map:
		return r.mapping(t.Elem, v)
	case schema.Any:
		return v, anything(v)
	}
	return v, scalar(t, v)
}

var wants = [...]string{
	schema.String: "string", schema.Bool: "bool", schema.Int32: "int", schema.Int64: "int", schema.Float: "number",
	schema.IntOrString: "int or string", schema.Quantity: "quantity", schema.Time: "time", schema.Bytes: "base64 string",
	schema.Enum: "string",
}

func scalar(t *schema.Type, v starlark.Value) error {
	switch v := v.(type) {
	case starlark.String:
		return text(t, string(v))
	case starlark.Int:
		return integer(t, v)
	case starlark.Bool:
		if t.Kind == schema.Bool {
			return nil
		}
	case starlark.Float:
		if t.Kind == schema.Float || t.Kind == schema.Quantity {
			return nil
		}
	}
	return wrong(v, wants[t.Kind])
}

func integer(t *schema.Type, v starlark.Int) error {
	n, ok := v.Int64()
	switch t.Kind {
	case schema.Int32, schema.IntOrString:
		ok = ok && n >= math.MinInt32 && n <= math.MaxInt32
	case schema.Int64, schema.Quantity, schema.Float:
	default:
		return wrong(v, wants[t.Kind])
	}
	if !ok {
		return fmt.Errorf("%s is out of range", v)
	}
	return nil
}

func text(t *schema.Type, s string) error {
	switch t.Kind {
	case schema.String, schema.IntOrString:
		return nil
	case schema.Quantity:
		if !quantity(s) {
			return fmt.Errorf("got %q, want a quantity such as 100m or 1.5Gi", s)
		}
		return nil
	case schema.Enum:
		return oneOf(t.Values, s)
	case schema.Time:
		_, err := time.Parse(time.RFC3339, s)
		return err
	case schema.Bytes:
		_, err := base64.StdEncoding.DecodeString(s)
		return err
	}
	return wrong(starlark.String(s), wants[t.Kind])
}

func oneOf(values []string, s string) error {
	for _, v := range values {
		if v == s {
			return nil
		}
	}
	return fmt.Errorf("got %q, want one of %q%s", s, values, hint(s, values))
}

// quantity reports whether s is a number with an optional exponent or unit.
func quantity(s string) bool {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	n := digits(s[i:])
	i += n
	if i < len(s) && s[i] == '.' {
		m := digits(s[i+1:])
		i, n = i+1+m, n+m
	}
	if n == 0 {
		return false
	}
	switch unit := s[i:]; unit {
	case "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei":
		return true
	default:
		return exponent(unit)
	}
}

func exponent(s string) bool {
	if len(s) < 2 || s[0]|0x20 != 'e' {
		return false
	}
	if s = s[1:]; s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}

// object returns v, a Record of type t or a dict of its fields.
func (r *Run) object(t *schema.Object, v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case *Record:
		if v.typ == t {
			return v, nil
		}
	case *starlark.Dict:
		x := r.record(t, v.Len())
		for k, val := range v.Entries() {
			name, ok := k.(starlark.String)
			if !ok {
				return nil, wrong(k, "a field's name")
			}
			if err := x.add(string(name), val); err != nil {
				return nil, err
			}
		}
		r.mark(x)
		return x, nil
	}
	return nil, wrong(v, t.Name)
}

// list returns v, a List of elem or a sequence of what can become one.
func (r *Run) list(elem *schema.Type, v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case *List:
		if v.elem == elem {
			return v, nil
		}
	case starlark.Indexable:
		if _, ok := v.(starlark.String); ok {
			break
		}
		x := &r.lists.cut(1)[:1][0]
		*x = List{elem: elem, run: r, vals: r.vals.cut(v.Len())[:v.Len()]}
		for i := range x.vals {
			e, err := r.convert(elem, v.Index(i))
			if err != nil {
				return nil, within(fmt.Sprintf("[%d]", i), err)
			}
			x.vals[i] = e
		}
		return x, nil
	}
	return nil, wrong(v, "list")
}

// mapping returns v, a Map of elem or a dict of what can become one.
func (r *Run) mapping(elem *schema.Type, v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case *Map:
		if v.elem == elem {
			return v, nil
		}
	case *starlark.Dict:
		x := &r.maps.cut(1)[:1][0]
		*x = Map{elem: elem, run: r, entries: r.entries.cut(v.Len())}
		for k, val := range v.Entries() {
			if err := x.add(k, val); err != nil {
				return nil, err
			}
		}
		return x, nil
	}
	return nil, wrong(v, "dict")
}

// anything checks that v can be written.
func anything(v starlark.Value) error {
	switch v := v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.String, *Record, *List, *Map:
		return nil
	case *starlark.List:
		for i := range v.Len() {
			if err := anything(v.Index(i)); err != nil {
				return within(fmt.Sprintf("[%d]", i), err)
			}
		}
		return nil
	case *starlark.Dict:
		for k, val := range v.Entries() {
			if _, ok := k.(starlark.String); !ok {
				return wrong(k, "string")
			}
			if err := anything(val); err != nil {
				return within("."+string(k.(starlark.String)), err)
			}
		}
		return nil
	}
	return wrong(v, "a value that YAML can hold")
}
