package typed

import (
	"strconv"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/encode"
)

// AppendYAML appends the Record as block YAML, fields in the schema's order.
func (r *Record) AppendYAML(b []byte) []byte { return r.yaml(b, 0, false) }

// AppendYAML appends a plain Starlark value as block YAML, in insertion order.
func AppendYAML(b []byte, v starlark.Value) []byte { return collection(b, v, 0, false) }

// yaml writes the fields indented by n; the first one follows on the line when inline is set.
func (r *Record) yaml(b []byte, n int, inline bool) []byte {
	for i := range r.slots {
		s := &r.slots[i]
		if blank(s.val) {
			continue
		}
		if !inline {
			b = encode.Indent(b, n)
		}
		inline = false
		b = append(b, r.typ.Fields[s.field].Key...)
		b = value(b, s.val, n)
	}
	return b
}

func (m *Map) yaml(b []byte, n int, inline bool) []byte {
	for i := range m.entries {
		e := &m.entries[i]
		if !inline {
			b = encode.Indent(b, n)
		}
		inline = false
		b = append(encode.Key(b, e.key), ':')
		b = value(b, e.val, n)
	}
	return b
}

// value writes what follows a key at indentation n, and the line's end.
func value(b []byte, v starlark.Value, n int) []byte {
	switch v := v.(type) {
	case starlark.String:
		return append(encode.String(append(b, ' '), string(v), n), '\n')
	case *Record:
		if len(v.slots) == 0 {
			return append(b, " {}\n"...)
		}
		return v.yaml(append(b, '\n'), n+2, false)
	case *List:
		if len(v.vals) == 0 {
			return append(b, " []\n"...)
		}
		return elements(append(b, '\n'), v, n, false)
	case *Map:
		if len(v.entries) == 0 {
			return append(b, " {}\n"...)
		}
		return v.yaml(append(b, '\n'), n+2, false)
	case *starlark.List:
		if v.Len() == 0 {
			return append(b, " []\n"...)
		}
		return elements(append(b, '\n'), v, n, false)
	case *starlark.Dict:
		if v.Len() == 0 {
			return append(b, " {}\n"...)
		}
		return collection(append(b, '\n'), v, n+2, false)
	}
	return append(number(append(b, ' '), v), '\n')
}

// collection writes the lines of v, indented by n.
func collection(b []byte, v starlark.Value, n int, inline bool) []byte {
	switch v := v.(type) {
	case *Record:
		return v.yaml(b, n, inline)
	case *Map:
		return v.yaml(b, n, inline)
	case *starlark.Dict:
		for k, x := range v.Entries() {
			if !inline {
				b = encode.Indent(b, n)
			}
			inline = false
			b = append(encode.Key(b, string(k.(starlark.String))), ':')
			b = value(b, x, n)
		}
		return b
	}
	return elements(b, v.(starlark.Indexable), n, inline)
}

func elements(b []byte, l starlark.Indexable, n int, inline bool) []byte {
	for i := range l.Len() {
		if !inline {
			b = encode.Indent(b, n)
		}
		inline = false
		b = element(append(b, '-'), l.Index(i), n)
	}
	return b
}

// element writes what follows a dash at indentation n, and the line's end.
func element(b []byte, v starlark.Value, n int) []byte {
	switch x := v.(type) {
	case *Record, *Map, *List, *starlark.Dict, *starlark.List:
		if empty(v) {
			return value(b, v, n)
		}
		return collection(append(b, ' '), v, n+2, true)
	case starlark.String:
		return append(encode.String(append(b, ' '), string(x), n), '\n')
	}
	return append(number(append(b, ' '), v), '\n')
}

func number(b []byte, v starlark.Value) []byte {
	switch v := v.(type) {
	case starlark.Int:
		if i, ok := v.Int64(); ok {
			return strconv.AppendInt(b, i, 10)
		}
		return append(b, v.String()...)
	case starlark.Bool:
		return strconv.AppendBool(b, bool(v))
	case starlark.Float:
		return strconv.AppendFloat(b, float64(v), 'g', -1, 64)
	}
	return append(b, "null"...)
}

// blank reports whether v was made only by reading it.
func blank(v starlark.Value) bool {
	switch v := v.(type) {
	case *Record:
		if !v.blank {
			return false
		}
		for i := range v.slots {
			if !blank(v.slots[i].val) {
				return false
			}
		}
		return true
	case *List:
		return v.blank
	case *Map:
		return v.blank
	}
	return false
}

func empty(v starlark.Value) bool {
	switch v := v.(type) {
	case *Record:
		return len(v.slots) == 0
	case starlark.Sequence:
		return v.Len() == 0
	case *List:
		return len(v.vals) == 0
	case *Map:
		return len(v.entries) == 0
	}
	return false
}

// YAMLText returns v as block YAML in a string; the thread's Run lends the buffer.
func YAMLText(thread *starlark.Thread, v starlark.Value) starlark.String {
	r := RunOf(thread)
	r.text = AppendYAML(r.text[:0], v)
	return starlark.String(r.text)
}
