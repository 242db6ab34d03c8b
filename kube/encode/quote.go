package encode

import "unicode/utf8"

// Where a character may be written as itself.
const (
	nowhere = iota // it would break the text, or hide in it
	inBlock        // a reader might take it for the space around a plain scalar, or nobody sees it
	anywhere
)

// show says where a character beyond ASCII, decoded from n bytes, may be written as itself.
func show(r rune, n int) int {
	switch {
	case r == utf8.RuneError && n <= 1, // not UTF-8
		r < 0xa0,                 // control characters, among them NEL, which ends a line
		r == 0x2028, r == 0x2029, // LS and PS end lines too
		r == 0x61c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, // turn text around
		r == 0xfeff,              // the byte order mark
		r == 0xfffe, r == 0xffff, // no characters
		r >= 0xe0000 && r <= 0xe007f: // tags, which no one sees
		return nowhere
	case r == 0xa0, r == 0xad, r == 0x1680, r == 0x180e, r >= 0x2000 && r <= 0x200f, r == 0x202f, r >= 0x205f && r <= 0x206f, r == 0x3000:
		return inBlock
	}
	return anywhere
}

// quote appends s in double quotes, with escapes that YAML and JSON share but for characters beyond 16 bits.
func quote(b []byte, s string) []byte { return append(escaped(append(b, '"'), s), '"') }

// escaped appends what stands between the quotes.
func escaped(b []byte, s string) []byte {
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := rune(c), 1
		if c >= utf8.RuneSelf {
			if r, n = utf8.DecodeRuneInString(s[i:]); show(r, n) == anywhere {
				i += n
				continue
			}
		}
		b = escape(append(b, s[done:i]...), r)
		i += n
		done = i
	}
	return append(b, s[done:]...)
}

const hex = "0123456789abcdef"

func escape(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\n':
		return append(b, `\n`...)
	case '\t':
		return append(b, `\t`...)
	case '\r':
		return append(b, `\r`...)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	}
	digits := 4
	if r > 0xffff {
		digits = 8
		b = append(b, `\U`...)
	} else {
		b = append(b, `\u`...)
	}
	for ; digits > 0; digits-- {
		b = append(b, hex[r>>(4*(digits-1))&15])
	}
	return b
}
