package typed

import (
	"strings"

	"go.starlark.net/starlark"
)

// maxPrint bounds the text of a value: what shares much would be endless.
const maxPrint = 1 << 20

// print writes a value as Starlark code: Container(name = "app", args = ["a"]).
func print(v starlark.Value) string {
	var p printer
	p.value(v)
	return p.String()
}

type printer struct{ strings.Builder }

func (p *printer) value(v starlark.Value) {
	if p.Len() > maxPrint {
		if !strings.HasSuffix(p.String(), "...") {
			p.WriteString("...")
		}
		return
	}
	switch v := v.(type) {
	case *Record:
		p.record(v)
	case *List:
		p.WriteByte('[')
		for i, x := range v.vals {
			if i > 0 {
				p.WriteString(", ")
			}
			p.value(x)
		}
		p.WriteByte(']')
	case *Map:
		p.WriteByte('{')
		for i, e := range v.entries {
			if i > 0 {
				p.WriteString(", ")
			}
			p.WriteString(starlark.String(e.key).String() + ": ")
			p.value(e.val)
		}
		p.WriteByte('}')
	default:
		p.WriteString(v.String())
	}
}

func (p *printer) record(r *Record) {
	p.WriteString(r.typ.Short() + "(")
	sep := ""
	for i := range r.slots {
		s := &r.slots[i]
		if blank(s.val) {
			continue
		}
		p.WriteString(sep + r.typ.Fields[s.field].Name() + " = ")
		p.value(s.val)
		sep = ", "
	}
	p.WriteByte(')')
}
