package cluster

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readList takes a list apart while it arrives: items go to each, which may keep them; the list's own metadata go to meta,
// before the items where the server sends them so.
func readList(r io.Reader, meta *listMeta, each func(item []byte) error) error {
	t := &tokens{r: bufio.NewReaderSize(r, 64<<10)}
	err := t.members(func(key string) error {
		switch key {
		case "items":
			return t.elements(each)
		case "metadata":
			raw, err := t.value(nil)
			if err != nil {
				return err
			}
			return json.Unmarshal(raw, meta)
		}
		_, err := t.value(nil)
		return err
	})
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// tokens cuts JSON into values without looking into them; whoever gets a value decodes it, and finds what is wrong inside.
type tokens struct{ r *bufio.Reader }

// members calls each after each key of a mapping; each reads the value.
func (t *tokens) members(each func(key string) error) error {
	if err := t.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		c, err := t.next()
		if err != nil {
			return err
		}
		if c == '}' {
			return nil
		}
		if c == ',' && !first {
			if c, err = t.next(); err != nil {
				return err
			}
		}
		if c != '"' {
			return t.wrong(c, "a key")
		}
		key, err := t.key()
		if err != nil {
			return err
		}
		if err := t.expect(':'); err != nil {
			return err
		}
		if err := each(key); err != nil {
			return err
		}
	}
}

// elements calls each with each value of a list; null is an empty list.
func (t *tokens) elements(each func([]byte) error) error {
	c, err := t.next()
	if err != nil {
		return err
	}
	if c != '[' {
		if err := t.r.UnreadByte(); err != nil {
			return err
		}
		raw, err := t.value(nil)
		if err == nil && string(raw) != "null" {
			err = errors.New("items: want a list")
		}
		return err
	}
	size := 0
	for {
		c, err := t.next()
		if err != nil {
			return err
		}
		switch c {
		case ']':
			return nil
		case ',':
			continue
		}
		if err := t.r.UnreadByte(); err != nil {
			return err
		}
		// Neighbours are much alike: room for one as long as the last, and for its apiVersion and kind.
		item, err := t.value(make([]byte, 0, size+size/16+64))
		if err != nil {
			return err
		}
		size = len(item)
		if err := each(item); err != nil {
			return err
		}
	}
}

// value appends the next value, whatever it is, to buf.
func (t *tokens) value(buf []byte) ([]byte, error) {
	c, err := t.next()
	if err != nil {
		return nil, err
	}
	if err := t.r.UnreadByte(); err != nil {
		return nil, err
	}
	if c != '{' && c != '[' && c != '"' {
		return t.word(buf)
	}
	var s scan
	for {
		chunk, err := t.chunk()
		if err != nil {
			return nil, err
		}
		n, done := s.step(chunk)
		buf = append(buf, chunk[:n]...)
		if _, err := t.r.Discard(n); err != nil {
			return nil, err
		}
		if done {
			return buf, nil
		}
	}
}

// chunk is what has arrived and was not looked at yet.
func (t *tokens) chunk() ([]byte, error) {
	if t.r.Buffered() == 0 {
		if _, err := t.r.Peek(1); err != nil {
			return nil, err
		}
	}
	return t.r.Peek(t.r.Buffered())
}

// scan finds the end of a string, list or mapping.
type scan struct {
	depth  int
	quoted bool
	escape bool
}

// step looks at more of the value; n bytes of chunk belong to it.
func (s *scan) step(chunk []byte) (n int, done bool) {
	for i, c := range chunk {
		if s.quoted {
			switch {
			case s.escape:
				s.escape = false
			case c == '\\':
				s.escape = true
			case c == '"':
				s.quoted = false
				if s.depth == 0 {
					return i + 1, true
				}
			}
			continue
		}
		switch c {
		case '"':
			s.quoted = true
		case '{', '[':
			s.depth++
		case '}', ']':
			if s.depth--; s.depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(chunk), false
}

// word reads a number, true, false or null.
func (t *tokens) word(buf []byte) ([]byte, error) {
	for {
		c, err := t.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if c == ',' || c == '}' || c == ']' || c <= ' ' {
			return buf, t.r.UnreadByte()
		}
		buf = append(buf, c)
	}
}

// key reads the rest of a key, which has no escapes where it matters.
func (t *tokens) key() (string, error) {
	s, err := t.r.ReadString('"')
	if err != nil {
		return "", err
	}
	return s[:len(s)-1], nil
}

// next is the next byte that is no white space.
func (t *tokens) next() (byte, error) {
	for {
		c, err := t.r.ReadByte()
		if err != nil || c > ' ' {
			return c, err
		}
	}
}

func (t *tokens) expect(want byte) error {
	c, err := t.next()
	if err != nil {
		return err
	}
	if c != want {
		return t.wrong(c, fmt.Sprintf("%q", want))
	}
	return nil
}

func (t *tokens) wrong(got byte, want string) error {
	return fmt.Errorf("the server's answer is no list: got %q, want %s", got, want)
}
