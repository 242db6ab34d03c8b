package encode

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// headed reports whether the block of s must say how far it is indented, as readers could not tell from its first line.
func headed(s string) bool { return s[0] == ' ' || s[0] == '\n' || s[0] == '\t' }

// block appends s as a literal block, its lines indented by indent, which is two more than what the block belongs to. The
// last line's end is left to the caller. It stops, and says so, if a block cannot hold s: see blockable and readable.
func block(b []byte, s string, indent int) ([]byte, bool) {
	if !blockable(s) {
		return b, false
	}
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
		line, rest, more := cutLine(s)
		b = append(b, '\n')
		if line != "" {
			b = pad(b, indent)
			start := len(b)
			if b = append(b, line...); !readable(b[start:]) {
				return b, false
			}
		}
		if !more {
			return b, true
		}
		s = rest
	}
}

func cutLine(s string) (line, rest string, more bool) {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// blockable reports whether s, as a block, would begin and end with something one can see: space at the end of the last
// line, and blank lines there below a header, are lost on goccy/go-yaml.
func blockable(s string) bool {
	if c := s[len(s)-1]; c == ' ' || c == '\t' || headed(s) && strings.HasSuffix(s, "\n\n") {
		return false
	}
	return strings.Trim(s, " \t\n") != ""
}

// readable reports whether a line holds no control characters but tabs, and nothing else that is hidden or ends a line.
func readable(line []byte) bool {
	for len(line) >= 8 && ordinary(binary.LittleEndian.Uint64(line)) {
		line = line[8:]
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c >= ' ' && c < 0x7f, c == '\t':
		case c < utf8.RuneSelf:
			return false
		default:
			r, n := utf8.DecodeRune(line[i:])
			if show(r, n) == nowhere {
				return false
			}
			i += n - 1
		}
	}
	return true
}

// ordinary reports whether eight bytes are all between ' ' and '~': the high bit of each appears below where it is one of
// 0 to 31, 127, or from 128 on. (Where a byte borrows from the next one, its own bit is set as well.)
func ordinary(x uint64) bool {
	const each = 0x0101010101010101
	return (x|(x-' '*each)|(x+each))&(0x80*each) == 0
}

const spaces = "                                                                "

// pad appends n spaces.
func pad(b []byte, n int) []byte {
	for ; n > len(spaces); n -= len(spaces) {
		b = append(b, spaces...)
	}
	return append(b, spaces[:n]...)
}
