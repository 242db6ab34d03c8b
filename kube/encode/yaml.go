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
	if c := n.Collection(); c != nil {
		start := len(b)
		if b = collection(b, n.Kind(), c, 0); len(b) > start {
			return b
		}
		return append(append(b, empty(n.Kind())...), '\n')
	}
	if s := n.Str(); s != "" && headed(s) {
		return append(quote(b, s), '\n') // readers differ about how far the block of a document is indented
	}
	return append(scalar(b, n, 0), '\n')
}

// collection appends the lines of what is in c, indented by indent. The first line is not indented if the buffer ends
// within one.
func collection(b []byte, kind kube.Kind, c kube.Collection, indent int) []byte {
	if kind == kube.List {
		return elements(b, c, indent)
	}
	for i := range c.Len() {
		k, n := c.At(i)
		if !n.Exists() {
			continue
		}
		if b = margin(b, indent); len(k) > longKey {
			b = explicit(b, k, n, indent)
			continue
		}
		b = append(Key(b, k), ':')
		b = value(b, n, indent)
	}
	return b
}

// longKey is how long a key may be, with room for escapes, where its colon follows: readers look 1024 characters ahead.
const longKey = 160

// explicit appends a key that may be too long, and its value, on lines of their own if so.
func explicit(b []byte, k string, n kube.Node, indent int) []byte {
	start := len(b)
	if b = append(Key(b, k), ':'); len(b)-start <= 1000 {
		return value(b, n, indent)
	}
	b = append(Key(append(b[:start], "? "...), k), '\n')
	b = append(Indent(b, indent), ':')
	if n.Kind() == kube.String {
		return append(Key(append(b, ' '), n.Str()), '\n') // some readers want no block here
	}
	return value(b, n, indent)
}

func elements(b []byte, c kube.Collection, indent int) []byte {
	for i := range c.Len() {
		_, n := c.At(i)
		if n.Exists() {
			b = append(margin(b, indent), '-')
			b = element(b, n, indent)
		}
	}
	return b
}

// margin indents a line that has not begun.
func margin(b []byte, indent int) []byte {
	if len(b) > 0 && b[len(b)-1] != '\n' {
		return b
	}
	return Indent(b, indent)
}

// value appends what follows the colon of a key at indent, and the line's end.
func value(b []byte, n kube.Node, indent int) []byte {
	c := n.Collection()
	if c == nil {
		return append(scalar(append(b, ' '), n, indent), '\n')
	}
	below := indent
	if n.Kind() != kube.List {
		below += 2
	}
	return filled(append(b, '\n'), n.Kind(), c, below)
}

// element appends what follows a dash at indent, and the line's end.
func element(b []byte, n kube.Node, indent int) []byte {
	b = append(b, ' ')
	if c := n.Collection(); c != nil {
		return filled(b, n.Kind(), c, indent+2)
	}
	return append(scalar(b, n, indent), '\n')
}

// filled appends a collection, or braces where nothing is in it, in place of the space or line's end that precedes it.
func filled(b []byte, kind kube.Kind, c kube.Collection, indent int) []byte {
	start := len(b)
	if b = collection(b, kind, c, indent); len(b) > start {
		return b
	}
	b[start-1] = ' '
	return append(append(b, empty(kind)...), '\n')
}

func empty(kind kube.Kind) string {
	if kind == kube.List {
		return "[]"
	}
	return "{}"
}

// scalar appends a scalar that belongs to something at indent.
func scalar(b []byte, n kube.Node, indent int) []byte {
	if n.Kind() == kube.String {
		return String(b, n.Str(), indent)
	}
	return atom(b, n)
}

// String appends s as a value of something at indent: plain, quoted or, with line breaks, as a literal block. The last
// line's end is left to the caller.
func String(b []byte, s string, indent int) []byte {
	if strings.IndexByte(s, '\n') >= 0 && literal(s) {
		return block(b, s, indent+2)
	}
	return Key(b, s)
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
