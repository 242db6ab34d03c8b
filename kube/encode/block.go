package encode

import (
	"strings"
	"unicode/utf8"
)

// literal reports whether a literal block can hold s as it is: text that one can see, without control characters other
// than tabs. It can also hold space at the end of the last line, and blank lines there below a header, but goccy/go-yaml
// drops the one and refuses the other.
func literal(s string) bool {
	if c := s[len(s)-1]; c == ' ' || c == '\t' || headed(s) && strings.HasSuffix(s, "\n\n") {
		return false
	}
	visible := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c > ' ' && c < 0x7f:
			visible = true
		case c == ' ', c == '\n', c == '\t':
		case c < utf8.RuneSelf:
			return false
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if show(r, n) == nowhere {
				return false
			}
			visible = true
			i += n - 1
		}
	}
	return visible
}

// headed reports whether the block of s must say how far it is indented, as readers could not tell from its first line.
func headed(s string) bool { return s[0] == ' ' || s[0] == '\n' || s[0] == '\t' }

// block appends s as a literal block, its lines indented by indent, which is two more than what the block belongs to.
// The last line's end is left to the caller.
func block(b []byte, s string, indent int) []byte {
	b = append(b, '|')
	if headed(s) {
		b = append(b, '2')
	}
	switch {
	case s[len(s)-1] != '\n':
		b = append(b, '-')
	case s[len(s)-2] == '\n':
		b = append(b, '+')
	}
	s = strings.TrimSuffix(s, "\n")
	for {
		end := strings.IndexByte(s, '\n')
		line := s
		if end >= 0 {
			line = s[:end]
		}
		b = append(b, '\n')
		if line != "" {
			b = append(Indent(b, indent), line...)
		}
		if end < 0 {
			return b
		}
		s = s[end+1:]
	}
}

const spaces = "                                                                "

// Indent appends n spaces.
func Indent(b []byte, n int) []byte {
	for ; n > len(spaces); n -= len(spaces) {
		b = append(b, spaces...)
	}
	return append(b, spaces[:n]...)
}
