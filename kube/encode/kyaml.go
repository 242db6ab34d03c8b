package encode

import (
	"strings"

	"github.com/starctl/starctl/kube"
)

// AppendKYAML appends a value as a document of Kubernetes' YAML dialect (KEP-5295): braces and brackets, strings always
// in double quotes, those of several lines folded, keys in quotes only where they are ambiguous, commas behind all items
// of a mapping, and --- at the start. The text ends with a line's end.
func AppendKYAML(b []byte, n kube.Node) []byte {
	return append(kyaml(append(b, "---\n"...), n, 0), '\n')
}

func kyaml(b []byte, n kube.Node, indent int) []byte {
	switch n.Kind() {
	case kube.String:
		return folded(b, n.Str(), indent)
	case kube.List:
		if cuddled(n.Collection()) {
			return cuddle(b, n.Collection(), indent)
		}
		return braced(b, n, "[]", indent)
	case kube.Map, kube.Record:
		return braced(b, n, "{}", indent)
	}
	return atom(b, n)
}

// braced appends a collection with each item on lines of its own.
func braced(b []byte, n kube.Node, brackets string, indent int) []byte {
	b = append(b, brackets[0])
	start := len(b)
	c := n.Collection()
	for i := range c.Len() {
		k, v := c.At(i)
		if !v.Exists() {
			continue
		}
		b = pad(append(b, '\n'), indent+2)
		if n.Kind() != kube.List {
			b = flowKey(b, k)
		}
		b = append(kyaml(b, v, indent+2), ',')
	}
	if len(b) > start {
		b = pad(append(b, '\n'), indent)
	}
	return append(b, brackets[1])
}

// cuddled reports whether a list holds nothing but collections, whose brackets then share their lines with the list's.
func cuddled(c kube.Collection) bool {
	for i := range c.Len() {
		if _, v := c.At(i); v.Exists() && v.Collection() == nil {
			return false
		}
	}
	return true
}

func cuddle(b []byte, c kube.Collection, indent int) []byte {
	b = append(b, '[')
	start := len(b)
	for i := range c.Len() {
		_, v := c.At(i)
		if !v.Exists() {
			continue
		}
		if len(b) > start {
			b = append(b, ", "...)
		}
		b = kyaml(b, v, indent)
	}
	return append(b, ']')
}

// flowKey appends a key and its colon, in quotes unless it is a name that has no other type.
func flowKey(b []byte, k string) []byte {
	if named(k) && plain(k) {
		return append(append(b, k...), ": "...)
	}
	start := len(b)
	if b = append(quote(b, k), ": "...); len(b)-start <= 1000 {
		return b
	}
	return append(quote(append(b[:start], "? "...), k), " : "...) // see longKey
}

// named reports whether s is letters, digits and _, with - . / between them, and not too long to stand before a colon.
func named(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9', c == '_':
		case (c == '-' || c == '.' || c == '/') && i > 0 && i < len(s)-1:
		default:
			return false
		}
	}
	return len(s) <= 1000
}

// folded appends a string in quotes; one of several lines as that many, each behind an escaped line's end. Readers skip
// the space before a line's first character: one column more than the brackets', so that a backslash, which keeps a space
// that belongs to the text, moves nothing. Kubernetes'
// own encoder writes tabs as they are, at which goccy/go-yaml loses the string's end.
func folded(b []byte, s string, indent int) []byte {
	if strings.IndexByte(s, '\n') < 0 {
		return quote(b, s)
	}
	b = append(b, `"\`...)
	for line := range strings.Lines(s) {
		b = pad(append(b, '\n'), indent+2)
		if line[0] == ' ' {
			b = append(b, '\\')
		} else {
			b = append(b, ' ')
		}
		b = append(escaped(b, line), '\\')
	}
	b = pad(append(b, '\n'), indent+2)
	return append(b, '"')
}
