package builtins

import (
	gojson "encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// decodeJSON reads one JSON value.
func decodeJSON(text string) (starlark.Value, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("got text of %d MiB, want at most %d", len(text)>>20, maxText>>20)
	}
	d := &jsonDecoder{text: text}
	v, err := d.value()
	if err == nil && d.next() != 0 {
		err = d.errorf("got %s after the value", d.found())
	}
	return v, err
}

// jsonDecoder reads JSON from left to right; at is what it reads next.
type jsonDecoder struct {
	text  string
	at    int
	depth int
}

// errorf is an error about what is read next.
func (d *jsonDecoder) errorf(format string, args ...any) error {
	before := d.text[:d.at]
	line := strings.Count(before, "\n") + 1
	col := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Errorf("line %d, column %d: %s", line, col, fmt.Sprintf(format, args...))
}

// next skips space and returns the byte that follows, 0 at the end.
func (d *jsonDecoder) next() byte {
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; c {
		case ' ', '\t', '\n', '\r':
		case 0:
			return 1 // what no JSON holds
		default:
			return c
		}
	}
	return 0
}

// found names what is read next.
func (d *jsonDecoder) found() string {
	if d.at >= len(d.text) {
		return "the end of the text"
	}
	r, _ := utf8.DecodeRuneInString(d.text[d.at:])
	return strconv.QuoteRune(r)
}

func (d *jsonDecoder) value() (starlark.Value, error) {
	switch c := d.next(); {
	case c == '{':
		return d.nested(d.object)
	case c == '[':
		return d.nested(d.array)
	case c == '"':
		s, err := d.str()
		return starlark.String(s), err
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	}
	for _, w := range [...]struct {
		word string
		v    starlark.Value
	}{{"null", starlark.None}, {"true", starlark.True}, {"false", starlark.False}} {
		if strings.HasPrefix(d.text[d.at:], w.word) {
			d.at += len(w.word)
			return w.v, nil
		}
	}
	return nil, d.errorf("got %s, want a value", d.found())
}

func (d *jsonDecoder) nested(read func() (starlark.Value, error)) (starlark.Value, error) {
	if d.depth++; d.depth > maxDepth {
		return nil, d.errorf("nested more than %d deep", maxDepth)
	}
	defer func() { d.depth-- }()
	d.at++
	return read()
}

// more reads what follows an item of a collection, and reports whether another one comes.
func (d *jsonDecoder) more(end byte) (bool, error) {
	switch d.next() {
	case ',':
		d.at++
		return true, nil
	case end:
		d.at++
		return false, nil
	}
	return false, d.errorf("got %s, want ',' or %q", d.found(), end)
}

func (d *jsonDecoder) array() (starlark.Value, error) {
	var list []starlark.Value
	if d.next() == ']' {
		d.at++
		return starlark.NewList(nil), nil
	}
	for {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if more, err := d.more(']'); !more {
			return starlark.NewList(list), err
		}
	}
}

func (d *jsonDecoder) object() (starlark.Value, error) {
	dict := new(starlark.Dict)
	if d.next() == '}' {
		d.at++
		return dict, nil
	}
	for {
		if err := d.pair(dict); err != nil {
			return nil, err
		}
		if more, err := d.more('}'); !more {
			return dict, err
		}
	}
}

func (d *jsonDecoder) pair(dict *starlark.Dict) error {
	if d.next() != '"' {
		return d.errorf("got %s, want a key in double quotes", d.found())
	}
	start := d.at
	key, err := d.str()
	if err != nil {
		return err
	}
	if _, twice, _ := dict.Get(starlark.String(key)); twice {
		d.at = start
		return d.errorf("key %q is given twice", key)
	}
	if d.next() != ':' {
		return d.errorf("got %s, want ':' after key %q", d.found(), key)
	}
	d.at++
	v, err := d.value()
	if err != nil {
		return err
	}
	return dict.SetKey(starlark.String(key), v)
}

func (d *jsonDecoder) str() (string, error) {
	start, plain := d.at, true
	for i := start + 1; i < len(d.text); i++ {
		switch c := d.text[i]; {
		case c == '\\':
			plain = false
			i++
		case c == '"':
			return d.unquote(d.text[start:i+1], plain)
		case c < ' ':
			d.at = i
			return "", d.errorf("got the control character %q, want an escape", c)
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	return "", d.errorf("the string does not end")
}

func (d *jsonDecoder) unquote(literal string, plain bool) (string, error) {
	s := literal[1 : len(literal)-1]
	if !plain && !utf8.ValidString(literal) {
		return "", d.errorf("the string is not UTF-8")
	}
	if !plain {
		if err := gojson.Unmarshal([]byte(literal), &s); err != nil {
			return "", d.errorf("got an escape that JSON does not have, in %.60s", literal)
		}
	}
	d.at += len(literal)
	return s, nil
}

// maxDigits bounds integers, as reading one takes time that grows with the square of its length.
const maxDigits = 4300

func (d *jsonDecoder) number() (starlark.Value, error) {
	end := d.at
	for end < len(d.text) && strings.IndexByte("+-.eE0123456789", d.text[end]) >= 0 {
		end++
	}
	literal := d.text[d.at:end]
	if !gojson.Valid([]byte(literal)) {
		return nil, d.errorf("got %.60s, want a number", literal)
	}
	if strings.ContainsAny(literal, ".eE") {
		f, err := strconv.ParseFloat(literal, 64)
		if err != nil {
			return nil, d.errorf("%.60s is too large for a float", literal)
		}
		d.at = end
		return starlark.Float(f), nil
	}
	if len(literal) > maxDigits {
		return nil, d.errorf("got an integer of %d digits, want at most %d", len(literal), maxDigits)
	}
	d.at = end
	i, _ := new(big.Int).SetString(literal, 10)
	return starlark.MakeBigInt(i), nil
}
