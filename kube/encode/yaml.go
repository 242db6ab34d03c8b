// Package encode appends scalars as every YAML reader, 1.1 or 1.2, takes them back.
package encode

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// String appends s as a value whose block is indented by indent: plain, quoted or, with line breaks, as a literal block.
func String(b []byte, s string, indent int) []byte {
	if strings.IndexByte(s, '\n') >= 0 && literal(s) {
		return block(b, s, indent)
	}
	return Key(b, s)
}

// Key appends s plain or quoted, on one line.
func Key(b []byte, s string) []byte {
	if plain(s) {
		return append(b, s...)
	}
	return strconv.AppendQuote(b, s)
}

const spaces = "                                                                "

// Indent appends n spaces.
func Indent(b []byte, n int) []byte {
	for ; n > len(spaces); n -= len(spaces) {
		b = append(b, spaces...)
	}
	return append(b, spaces[:n]...)
}

const (
	inside = 1 << iota // may stand inside a plain scalar, whatever its neighbours
	first              // may also start one
	number             // may be part of a number, a date or a time
)

var class = func() (c [256]uint8) {
	for i := 0x21; i < 0x7f; i++ {
		c[i] = inside
	}
	for i := 'a'; i <= 'z'; i++ {
		c[i] |= first
		c[i-0x20] |= first
	}
	c['/'] |= first
	c['_'] |= first
	for _, x := range "0123456789+-.:_abcdefABCDEFxXoOtTzZinINyY~" {
		c[x] |= number
	}
	c[':'], c['#'], c[' '] = number, 0, 0
	return c
}()

func plain(s string) bool {
	if s == "" {
		return false
	}
	if class[s[0]]&first == 0 && (!strings.ContainsRune("0123456789.+", rune(s[0])) || numeric(s)) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if class[s[i]]&inside == 0 && !between(s, i) {
			return false
		}
	}
	return len(s) > 5 || !word(s)
}

// between reports whether the colon, hash or space at s[i] is harmless where it stands.
func between(s string, i int) bool {
	switch s[i] {
	case ':':
		return i+1 < len(s) && s[i+1] != ' '
	case '#':
		return s[i-1] != ' '
	case ' ':
		return i+1 < len(s)
	}
	return false
}

// numeric reports whether s, which starts like a number, may be one, or a date, to some reader.
func numeric(s string) bool {
	for i := range len(s) {
		if class[s[i]]&number == 0 && s[i] != ' ' {
			return false
		}
	}
	return true
}

func word(s string) bool {
	switch s[0] | 0x20 {
	case 'y', 'n', 't', 'f', 'o':
		switch strings.ToLower(s) {
		case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
			return true
		}
	}
	return false
}

// literal reports whether a literal block keeps s as it is.
func literal(s string) bool {
	if c := s[0]; c == ' ' || c == '\t' || c == '\n' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\n' && c != '\t' || c == 0x7f {
			return false
		} else if c >= 0x80 {
			return printable(s[i:])
		}
	}
	return true
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && r != '\t' && !strconv.IsPrint(r) })
}

func block(b []byte, s string, indent int) []byte {
	body := strings.TrimRight(s, "\n")
	b = append(b, '|')
	switch len(s) - len(body) {
	case 0:
		b = append(b, '-')
	case 1:
	default:
		b = append(b, '+')
	}
	s = strings.TrimSuffix(s, "\n")
	for {
		line, rest, more := strings.Cut(s, "\n")
		b = append(b, '\n')
		if line != "" {
			b = append(Indent(b, indent+2), line...)
		}
		if !more {
			return b
		}
		s = rest
	}
}
