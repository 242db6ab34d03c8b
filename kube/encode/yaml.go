package encode

import (
	"math"
	"strconv"
	"strings"

	"github.com/starctl/starctl/kube"
)

// AppendYAML appends a value as block YAML: the items of a mapping in their own order, lists at the indentation of their
// key, as Kubernetes' tools write them. The text ends with a line's end.
func AppendYAML(b []byte, n kube.Node) []byte {
	switch {
	case n.Collection() != nil:
		start := len(b)
		if b = collection(b, n.Kind(), n.Collection(), 0, false); len(b) > start {
			return b
		}
		return append(append(b, empty(n.Kind())...), '\n')
	case n.Kind() != kube.String:
		return append(atom(b, n), '\n')
	case n.Str() != "" && headed(n.Str()):
		return append(quote(b, n.Str()), '\n') // readers differ about how far the block of a document is indented
	}
	return append(str(b, n.Str(), 0), '\n')
}

// collection appends the lines of what is in c, indented by indent. The first one goes on with the line at hand if inline
// is set.
func collection(b []byte, kind kube.Kind, c kube.Collection, indent int, inline bool) []byte {
	for i := range c.Len() {
		k, n := c.At(i)
		if !n.Exists() {
			continue
		}
		if !inline {
			b = pad(b, indent)
		}
		inline = false
		switch {
		case kind == kube.List:
			b = append(b, '-')
		case len(k) > longKey:
			b = explicit(b, k, n, indent)
			continue
		default:
			b = append(key(b, k), ':')
		}
		b = value(b, n, kind, indent)
	}
	return b
}

// value appends what follows the dash or colon of an item at indent, and the line's end.
func value(b []byte, n kube.Node, of kube.Kind, indent int) []byte {
	switch n.Kind() {
	case kube.String:
		return append(str(append(b, ' '), n.Str(), indent), '\n')
	case kube.List, kube.Map, kube.Record:
		return nested(b, n.Kind(), n.Collection(), of, indent)
	}
	return append(atom(append(b, ' '), n), '\n')
}

// nested appends a collection that is an item of another one: behind a dash on the same line, else below; braces where
// nothing is in it.
func nested(b []byte, kind kube.Kind, c kube.Collection, of kube.Kind, indent int) []byte {
	inline := of == kube.List
	if inline || kind != kube.List {
		indent += 2
	}
	if inline {
		b = append(b, ' ')
	} else {
		b = append(b, '\n')
	}
	start := len(b)
	if b = collection(b, kind, c, indent, inline); len(b) > start {
		return b
	}
	b[start-1] = ' '
	return append(append(b, empty(kind)...), '\n')
}

// longKey is how long a key may be, with room for escapes, where its colon follows: readers look 1024 characters ahead.
const longKey = 160

// explicit appends a key that may be too long, and its value, on lines of their own if so.
func explicit(b []byte, k string, n kube.Node, indent int) []byte {
	start := len(b)
	if b = append(key(b, k), ':'); len(b)-start <= 1000 {
		return value(b, n, kube.Map, indent)
	}
	b = append(key(append(b[:start], "? "...), k), '\n')
	b = append(pad(b, indent), ':')
	if n.Kind() == kube.String {
		return append(key(append(b, ' '), n.Str()), '\n') // some readers want no block here
	}
	return value(b, n, kube.Map, indent)
}

func empty(kind kube.Kind) string {
	if kind == kube.List {
		return "[]"
	}
	return "{}"
}

// str appends s as a value of something at indent: plain, quoted or, with line breaks, as a literal block. The last
// line's end is left to the caller.
func str(b []byte, s string, indent int) []byte {
	if plain(s) {
		return append(b, s...)
	}
	if strings.IndexByte(s, '\n') >= 0 {
		start := len(b)
		if b, ok := block(b, s, indent+2); ok {
			return b
		}
		b = b[:start]
	}
	return quote(b, s)
}

// atom appends what is neither a string nor a collection.
func atom(b []byte, n kube.Node) []byte {
	switch n.Kind() {
	case kube.Int:
		if i, ok := n.Int(); ok {
			return strconv.AppendInt(b, i, 10)
		}
		return append(b, n.Text()...)
	case kube.Float:
		return float(b, n.Float())
	case kube.Bool:
		return strconv.AppendBool(b, n.Bool())
	}
	return append(b, "null"...)
}

// float appends f with a point and a signed exponent, without which some readers see an integer or a string.
func float(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, ".nan"...)
	case math.IsInf(f, 1):
		return append(b, ".inf"...)
	case math.IsInf(f, -1):
		return append(b, "-.inf"...)
	}
	start := len(b)
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, 64)
	for i := start; i < len(b); i++ {
		switch b[i] {
		case '.':
			return b
		case 'e':
			b = append(b, "  "...)
			copy(b[i+2:], b[i:])
			b[i], b[i+1] = '.', '0'
			return b
		}
	}
	return append(b, ".0"...)
}
