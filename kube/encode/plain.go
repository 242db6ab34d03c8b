package encode

import (
	"strings"
	"unicode/utf8"
)

// key appends a key of a mapping, plain or quoted.
func key(b []byte, s string) []byte {
	if plain(s) {
		return append(b, s...)
	}
	return quote(b, s)
}

// What a byte of ASCII may be in a plain scalar.
const (
	inside = 1 << iota // may stand in one, whatever its neighbours
	first              // may start one
	number             // may start one that is not a number, a date or a time
	begins             // begins a word that means something
)

var class = classes()

func classes() (c [256]uint8) {
	for i := '!'; i <= '~'; i++ {
		c[i] = inside
	}
	for _, i := range ":#<" {
		c[i] = 0
	}
	for i := 'a'; i <= 'z'; i++ {
		c[i] |= first
		c[i-'a'+'A'] |= first
	}
	for _, i := range `$()/;<=\^_~` {
		c[i] |= first
	}
	for _, i := range "+-.0123456789" {
		c[i] |= number
	}
	for _, i := range "~=eyntfoEYNTFO" {
		c[i] |= begins
	}
	return c
}

// plain reports whether every reader takes s, without quotes, for this very string.
func plain(s string) bool {
	if s == "" {
		return false
	}
	c := class[s[0]]
	if c&first == 0 && !starts(s, c) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if class[s[i]]&inside == 0 {
			n := between(s, i)
			if n == 0 {
				return false
			}
			i += n - 1
		}
	}
	return c&begins == 0 || !word(s)
}

// starts reports whether s, which does not start with a letter of ASCII or the like, may still be plain.
func starts(s string, class uint8) bool {
	if class&number != 0 {
		return !numeric(s) && !marker(s)
	}
	return s[0] >= utf8.RuneSelf
}

// between returns how many bytes at s[i] are harmless where they stand: a colon, a hash, a less-than sign, a space or a
// letter beyond ASCII.
func between(s string, i int) int {
	ok := false
	switch c := s[i]; {
	case c == ':':
		ok = i+1 < len(s) && s[i+1] != ' '
	case c == '#':
		ok = s[i-1] != ' '
	case c == '<':
		ok = s[i:] != "<<" // goccy/go-yaml trips over keys such as a<<
	case c == ' ':
		ok = i+1 < len(s)
	case c >= utf8.RuneSelf:
		r, n := utf8.DecodeRuneInString(s[i:])
		if show(r, n) == anywhere {
			return n
		}
	}
	if ok {
		return 1
	}
	return 0
}

// marker reports whether s starts as an item of a list does or as what divides documents.
func marker(s string) bool {
	return s[0] == '-' && s[1] == ' ' || strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...")
}

// word reports whether s means something in YAML 1.1, in 1.2 or to Ruby, which ignores case. JavaScript's yaml takes e3
// for a number.
func word(s string) bool {
	if c := s[0]; c == 'e' || c == 'E' {
		return only(s[1:], "0123456789+-")
	}
	if len(s) > 5 {
		return false
	}
	switch strings.ToLower(s) {
	case "~", "=", "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

// numeric reports whether s, which starts with a digit, a sign or a point, may be a number, a date or a time to some
// reader. Besides decimal numbers those are 0x1F, 0o7, 0b1, 1_000, 1e3, 12:30:45 (base 60), .inf, 2001-12-14 21:59:43 Z,
// and 1,000 to Ruby; YAML 1.1's own pattern for floats takes 1.2.3 as well.
func numeric(s string) bool {
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	if infinite(s) {
		return true
	}
	for i := range len(s) {
		switch c := s[i]; c {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '_', ',', '.', ':', '+', '-':
		case 't', 'T', 'z', 'Z', ' ':
			if len(s) < 8 || s[4] != '-' {
				return false
			}
		case 'e', 'E':
			return only(s[i+1:], "0123456789_,.+-")
		case 'x', 'X', 'o', 'O', 'b', 'B':
			return i == 1 && s[0] == '0' && only(s[2:], "0123456789abcdefABCDEF_.pP+-")
		default:
			return false
		}
	}
	return true
}

func infinite(s string) bool {
	switch s = strings.TrimPrefix(s, "."); len(s) {
	case 3:
		return strings.EqualFold(s, "inf") || strings.EqualFold(s, "nan")
	case 8:
		return strings.EqualFold(s, "infinity")
	}
	return false
}

func only(s, set string) bool {
	for i := range len(s) {
		if strings.IndexByte(set, s[i]) < 0 {
			return false
		}
	}
	return true
}
