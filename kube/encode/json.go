package encode

import (
	"math"
	"unicode/utf8"

	"github.com/starctl/starctl/kube"
)

// AppendJSON appends a value as JSON: on one line if indent is 0, else on many, each level indented by that many spaces.
// There is no line's end behind it.
func AppendJSON(b []byte, n kube.Node, indent int) []byte { return appendJSON(b, n, 0, indent) }

func appendJSON(b []byte, n kube.Node, margin, step int) []byte {
	switch n.Kind() {
	case kube.String:
		return quoteJSON(b, n.Str())
	case kube.Float:
		if f := n.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return append(b, "null"...)
		}
		return float(b, n.Float())
	case kube.List:
		return itemsJSON(b, n, "[]", margin, step)
	case kube.Map, kube.Record:
		return itemsJSON(b, n, "{}", margin, step)
	}
	return atom(b, n)
}

func itemsJSON(b []byte, n kube.Node, brackets string, margin, step int) []byte {
	b = append(b, brackets[0])
	start := len(b)
	c := n.Collection()
	for i := range c.Len() {
		k, v := c.At(i)
		if !v.Exists() {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = lineJSON(b, margin+step, step)
		if n.Kind() != kube.List {
			b = append(quoteJSON(b, k), ':')
			if step > 0 {
				b = append(b, ' ')
			}
		}
		b = appendJSON(b, v, margin+step, step)
	}
	if len(b) > start {
		b = lineJSON(b, margin, step)
	}
	return append(b, brackets[1])
}

func lineJSON(b []byte, margin, step int) []byte {
	if step == 0 {
		return b
	}
	return pad(append(b, '\n'), margin)
}

// quoteJSON appends s in quotes; JSON writes a character beyond 16 bits as itself or as two escapes.
func quoteJSON(b []byte, s string) []byte {
	for _, r := range s {
		if r >= 0xe0000 {
			return quoteWide(b, s)
		}
	}
	return quote(b, s)
}

func quoteWide(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r > 0xffff:
			b = utf8.AppendRune(b, r)
		case r < ' ' || r == '"' || r == '\\' || r >= 0x7f && show(r, 3) != anywhere:
			b = escape(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
