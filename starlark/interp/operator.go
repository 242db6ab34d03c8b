package interp

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// operand wraps a value for one operation that needs a look at both of its operands.
type operand struct {
	starlark.Value
	check func(x, y starlark.Value) error
}

var _ starlark.HasBinary = (*operand)(nil)

// Binary does to the value what is to be done to its wrapper.
func (o *operand) Binary(op syntax.Token, other starlark.Value, side starlark.Side) (starlark.Value, error) {
	x, y := o.Value, other
	if side == starlark.Right {
		x, y = y, x
	}
	if err := o.check(x, y); err != nil {
		return nil, err
	}
	return starlark.Binary(op, x, y)
}

// comparand wraps a value that is compared with another, which is wrapped as well unless it is a scalar. Values of one Go
// type are asked themselves whether they are equal; of others Starlark decides by the names of their types.
type comparand struct {
	starlark.Value
	equal func(x, y starlark.Value) (bool, error)
}

var _ starlark.Comparable = (*comparand)(nil)

// Type is no type's name, so that a comparand equals nothing else.
func (c *comparand) Type() string { return "comparand" }

// CompareSameType is called for == and != only.
func (c *comparand) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	same, err := c.equal(c.Value, y.(*comparand).Value)
	return same == (op == syntax.EQL), err
}

// comparand wraps an operand of == and !=.
func (g *guards) comparand(x starlark.Value) (starlark.Value, error) {
	switch x.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.String, starlark.Bytes:
		return x, nil
	}
	return &comparand{x, g.equal}, nil
}

// summand refuses an operand of + that is too large by itself. So what is added each time is limited, and the watchdog has
// time to see the sum grow.
func (g *guards) summand(x starlark.Value) (starlark.Value, error) {
	var size int
	switch x := x.(type) {
	case starlark.String:
		size = len(x)
	case starlark.Bytes:
		size = len(x)
	case *starlark.List:
		size = 16 * x.Len()
	case starlark.Tuple:
		size = 16 * len(x)
	}
	if size > g.limits.Value {
		return nil, g.limits.checkSize(x.Type(), int64(size))
	}
	return x, nil
}

// factor wraps an operand of * whose product could be large.
func (g *guards) factor(x starlark.Value) (starlark.Value, error) {
	switch x.(type) {
	case starlark.Int, starlark.String, starlark.Bytes, *starlark.List, starlark.Tuple:
		return &operand{x, g.checkProduct}, nil
	}
	return x, nil
}

func (g *guards) checkProduct(x, y starlark.Value) error {
	n, ok := x.(starlark.Int)
	if ok {
		x = y
	} else if n, ok = y.(starlark.Int); !ok {
		return nil
	}
	if m, ok := x.(starlark.Int); ok {
		return g.checkIntProduct(n, m)
	}
	size := int64(unit(x)) * int64(max(starlark.Len(x), 0))
	times, ok := n.Int64()
	switch {
	case size == 0 || n.Sign() <= 0:
		return nil
	case !ok || times > (1<<62)/size:
		return g.limits.checkSize(x.Type(), -1)
	}
	return g.limits.checkSize(x.Type(), size*times)
}

// unit is how many bytes an element of a sequence takes.
func unit(x starlark.Value) int {
	switch x.(type) {
	case starlark.String, starlark.Bytes:
		return 1
	}
	return 16
}

// maxInt is how many bytes an integer may have. Those of deploy files have 8; arithmetic on long ones takes time that grows
// with the square.
const maxInt = 1 << 16

func (g *guards) checkIntProduct(x, y starlark.Int) error {
	if _, small := x.Int64(); small {
		if _, small := y.Int64(); small {
			return nil
		}
	}
	return g.checkInt(int64(x.BigInt().BitLen()+y.BigInt().BitLen()) / 8)
}

func (g *guards) checkInt(size int64) error {
	if size <= maxInt {
		return nil
	}
	return fmt.Errorf("int of %s: a number may take %s", bytesText(size), bytesText(maxInt))
}

// formatOperand wraps the left operand of % if it is a format.
func (g *guards) formatOperand(x starlark.Value) (starlark.Value, error) {
	if _, ok := x.(starlark.String); ok {
		return &operand{x, g.checkFormat}, nil
	}
	return x, nil
}

// checkFormat bounds the text of x % y. Only what %(name)s takes from a mapping can be there more than once.
func (g *guards) checkFormat(x, y starlark.Value) error {
	s, ok := x.(starlark.String)
	if !ok {
		return nil
	}
	size, err := g.textSize(y)
	if err != nil {
		return err
	}
	if _, ok := y.(starlark.Mapping); ok {
		size *= strings.Count(string(s), "%(")
	}
	return g.limits.checkSize("string", int64(size+len(s)))
}

// format is a literal that stands left of %. It is taken apart once: the parts of its text, and what stands between them.
type format struct {
	text   starlark.String
	guards *guards
	parts  []string // one more than verbs
	verbs  string   // each s or d
	plain  bool     // there are no other verbs
}

var _ starlark.HasBinary = (*format)(nil)

func (f *format) String() string        { return f.text.String() }
func (f *format) Type() string          { return f.text.Type() }
func (f *format) Freeze()               {}
func (f *format) Truth() starlark.Bool  { return f.text.Truth() }
func (f *format) Hash() (uint32, error) { return f.text.Hash() }

func newFormat(g *guards, text string) *format {
	f := &format{text: starlark.String(text), guards: g, plain: true}
	var part, verbs strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			part.WriteByte(text[i])
			continue
		}
		i++
		switch {
		case i < len(text) && text[i] == '%':
			part.WriteByte('%')
		case i < len(text) && (text[i] == 's' || text[i] == 'd'):
			verbs.WriteByte(text[i])
			f.parts = append(f.parts, part.String())
			part.Reset()
		default:
			f.plain = false
			return f
		}
	}
	f.parts = append(f.parts, part.String())
	f.verbs = verbs.String()
	return f
}

// Binary formats y, at once if it is text and small numbers.
func (f *format) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	if op == syntax.PERCENT && side == starlark.Left && f.plain {
		if s, ok := f.fast(y); ok {
			return s, nil
		}
	}
	if err := f.guards.checkFormat(f.text, y); err != nil {
		return nil, err
	}
	return starlark.Binary(op, f.text, y)
}

func (f *format) fast(y starlark.Value) (starlark.Value, bool) {
	args, ok := y.(starlark.Tuple)
	if !ok {
		if len(f.verbs) != 1 {
			return nil, false
		}
		args = starlark.Tuple{y}
	}
	if len(args) != len(f.verbs) {
		return nil, false
	}
	var room [128]byte
	buf := room[:0]
	for i, arg := range args {
		buf = append(buf, f.parts[i]...)
		switch arg := arg.(type) {
		case starlark.Int:
			n, ok := arg.Int64()
			if !ok {
				return nil, false
			}
			buf = strconv.AppendInt(buf, n, 10)
		case starlark.String:
			if f.verbs[i] != 's' || len(buf)+len(arg) > f.guards.limits.Value {
				return nil, false
			}
			buf = append(buf, arg...)
		default:
			return nil, false
		}
	}
	buf = append(buf, f.parts[len(args)]...)
	return starlark.String(buf), true
}
