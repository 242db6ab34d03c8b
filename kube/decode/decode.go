// Package decode reads JSON, such as an API server's answers, as [kube.Node]s. A decoded value is two flat tables beside
// the text itself: it takes about three times what the text takes, making it allocates a few times however large it is, and
// walking it allocates nothing. Whoever has thousands of objects keeps the text, and decodes what is looked at.
//
// Read doc.go, what a decoded value is made of, then this file, how it is made.
package decode

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/starctl/starctl/kube"
)

// Limits of what is read. An API server itself takes objects of 3 MiB, nested at most 10,000 deep.
const (
	maxDepth = 10_000
	maxKey   = 1<<24 - 1
	maxSize  = 1 << 30
)

// JSON reads one JSON value. Mappings are Maps in the order of the text; a number without point and exponent is an Int,
// whatever its size. b may be changed afterwards. A key that is there twice is found where it is first.
func JSON(b []byte) (kube.Node, error) {
	if len(b) > maxSize {
		return kube.Node{}, fmt.Errorf("got %d bytes of JSON, want at most %d", len(b), maxSize)
	}
	if !utf8.Valid(b) {
		return kube.Node{}, fmt.Errorf("the JSON is not UTF-8")
	}
	p := parser{b: b}
	colls := bytes.Count(b, []byte{'{'}) + bytes.Count(b, []byte{'['})
	p.colls = make([]coll, 0, colls)
	p.entries = make([]entry, 0, colls+bytes.Count(b, []byte{','})) // an item is the first of its collection, or has a comma before it
	p.pending = make([]entry, 0, 64)
	if n := bytes.Count(b, []byte{'\\'}); n > 0 {
		p.decoded = make([]byte, 0, 16*n)
	}
	p.space()
	root, err := p.value(0)
	if err != nil {
		return kube.Node{}, err
	}
	if p.space(); p.at < len(b) {
		return kube.Node{}, p.unexpected("the end")
	}
	return p.finish(root), nil
}

// parser is at a place of the text. Items wait in pending until their collection ends, so that they lie side by side.
type parser struct {
	b       []byte
	at      int
	entries []entry
	colls   []coll
	pending []entry
	decoded []byte // strings that the text holds with escapes, without them; they lie behind the text
}

func (p *parser) finish(root entry) kube.Node {
	var text strings.Builder
	text.Grow(len(p.b) + len(p.decoded))
	text.Write(p.b)
	text.Write(p.decoded)
	d := &doc{text: text.String(), entries: compact(p.entries), colls: compact(p.colls)}
	for i := range d.colls {
		d.colls[i].doc = d
	}
	return d.node(&root)
}

// compact returns a list without much room behind it: strings have brackets and commas, too.
func compact[T any](list []T) []T {
	if cap(list)-len(list) > len(list)/4 {
		return append(make([]T, 0, len(list)), list...)
	}
	return list
}

func (p *parser) space() {
	for p.at < len(p.b) {
		switch p.b[p.at] {
		case ' ', '\n', '\t', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek is the byte at the parser's place, 0 behind the end.
func (p *parser) peek() byte {
	if p.at < len(p.b) {
		return p.b[p.at]
	}
	return 0
}

// unexpected never shows the text: it may be a Secret's.
func (p *parser) unexpected(want string) error {
	if p.at >= len(p.b) {
		return fmt.Errorf("the JSON ends after %d bytes, want %s", len(p.b), want)
	}
	return fmt.Errorf("the JSON is malformed at byte %d: want %s", p.at, want)
}

func (p *parser) value(depth int) (entry, error) {
	switch c := p.peek(); c {
	case '"':
		off, n, err := p.str()
		return entry{off: off, n: n, what: uint32(kube.String)}, err
	case '{', '[':
		return p.collection(depth + 1)
	case 't':
		return p.word("true", entry{n: 1, what: uint32(kube.Bool)})
	case 'f':
		return p.word("false", entry{what: uint32(kube.Bool)})
	case 'n':
		return p.word("null", entry{what: uint32(kube.Null)})
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number()
	}
	return entry{}, p.unexpected("a value")
}

func (p *parser) word(w string, e entry) (entry, error) {
	if len(p.b)-p.at < len(w) || string(p.b[p.at:p.at+len(w)]) != w {
		return entry{}, p.unexpected(w)
	}
	p.at += len(w)
	return e, nil
}

// collection reads the mapping or list whose bracket the parser is at.
func (p *parser) collection(depth int) (entry, error) {
	if depth > maxDepth {
		return entry{}, fmt.Errorf("the JSON is nested more than %d levels deep", maxDepth)
	}
	open := p.b[p.at]
	end, kind := byte(']'), kube.List
	if open == '{' {
		end, kind = '}', kube.Map
	}
	p.at++
	first := len(p.pending)
	for p.space(); p.peek() != end; {
		if len(p.pending) > first {
			if p.peek() != ',' {
				return entry{}, p.unexpected("a comma or " + strconv.Quote(string(end)))
			}
			p.at++
			p.space()
		}
		e, err := p.item(kind, depth)
		if err != nil {
			return entry{}, err
		}
		p.pending = append(p.pending, e)
		p.space()
	}
	p.at++
	c := coll{first: uint32(len(p.entries)), n: uint32(len(p.pending) - first)}
	p.entries = append(p.entries, p.pending[first:]...)
	p.pending = p.pending[:first]
	p.colls = append(p.colls, c)
	return entry{off: uint32(len(p.colls) - 1), what: uint32(kind)}, nil
}

// item reads an item of a list, or a key and its value.
func (p *parser) item(kind kube.Kind, depth int) (entry, error) {
	if kind == kube.List {
		return p.value(depth)
	}
	if p.peek() != '"' {
		return entry{}, p.unexpected("a key in quotes")
	}
	key, n, err := p.str()
	if err != nil {
		return entry{}, err
	}
	if n > maxKey {
		return entry{}, fmt.Errorf("the JSON has a key of %d bytes, want at most %d", n, maxKey)
	}
	if p.space(); p.peek() != ':' {
		return entry{}, p.unexpected("a colon")
	}
	p.at++
	p.space()
	e, err := p.value(depth)
	e.key, e.what = key, e.what|n<<8
	return e, err
}

// number checks a number and leaves it in the text.
func (p *parser) number() (entry, error) {
	start, kind := p.at, kube.Int
	if p.peek() == '-' {
		p.at++
	}
	switch {
	case p.peek() == '0':
		p.at++
	case p.digits() == 0:
		return entry{}, p.unexpected("a digit")
	}
	if p.peek() == '.' {
		kind = kube.Float
		p.at++
		if p.digits() == 0 {
			return entry{}, p.unexpected("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		kind = kube.Float
		p.at++
		if c = p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if p.digits() == 0 {
			return entry{}, p.unexpected("a digit")
		}
	}
	return entry{off: uint32(start), n: uint32(p.at - start), what: uint32(kind)}, nil
}

func (p *parser) digits() int {
	start := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	return p.at - start
}

// str reads the string whose quote the parser is at, and returns where it lies.
func (p *parser) str() (off, n uint32, err error) {
	p.at++
	start := p.at
	for i, c := range p.b[start:] {
		switch {
		case c == '"':
			p.at = start + i + 1
			return uint32(start), uint32(i), nil
		case c == '\\':
			p.at = start + i
			return p.escaped(start)
		case c < ' ':
			p.at = start + i
			return 0, 0, p.unexpected("no control character in a string")
		}
	}
	p.at = len(p.b)
	return 0, 0, p.unexpected("the end of a string")
}

// escaped reads on from the first escape of the string that begins at start.
func (p *parser) escaped(start int) (off, n uint32, err error) {
	out := p.decoded
	begin := len(out)
	out = append(out, p.b[start:p.at]...)
	for p.at < len(p.b) {
		c := p.b[p.at]
		switch {
		case c == '"':
			p.at++
			p.decoded = out
			return uint32(len(p.b) + begin), uint32(len(out) - begin), nil
		case c < ' ':
			return 0, 0, p.unexpected("no control character in a string")
		case c != '\\':
			out = append(out, c)
			p.at++
			continue
		}
		if out, err = p.escape(out); err != nil {
			return 0, 0, err
		}
	}
	return 0, 0, p.unexpected("the end of a string")
}

const escapes = "\"\"\\\\//b\bf\fn\nr\rt\t"

// escape appends what the escape at the parser's place stands for.
func (p *parser) escape(out []byte) ([]byte, error) {
	p.at++
	c := p.peek()
	if c == 'u' {
		p.at++
		r, err := p.hex()
		if err != nil {
			return nil, err
		}
		if utf16.IsSurrogate(r) {
			r = p.low(r)
		}
		return utf8.AppendRune(out, r), nil
	}
	for i := 0; i < len(escapes); i += 2 {
		if escapes[i] == c {
			p.at++
			return append(out, escapes[i+1]), nil
		}
	}
	return nil, p.unexpected("an escape of JSON")
}

// low completes a surrogate pair; half a pair stands for U+FFFD, as Go and the API server have it.
func (p *parser) low(high rune) rune {
	at := p.at
	if p.peek() == '\\' && at+1 < len(p.b) && p.b[at+1] == 'u' {
		p.at += 2
		if l, err := p.hex(); err == nil {
			if r := utf16.DecodeRune(high, l); r != utf8.RuneError {
				return r
			}
		}
	}
	p.at = at
	return utf8.RuneError
}

func (p *parser) hex() (rune, error) {
	if len(p.b)-p.at < 4 {
		p.at = len(p.b)
		return 0, p.unexpected("four hexadecimal digits")
	}
	v, err := strconv.ParseUint(string(p.b[p.at:p.at+4]), 16, 16)
	if err != nil {
		return 0, p.unexpected("four hexadecimal digits")
	}
	p.at += 4
	return rune(v), nil
}
