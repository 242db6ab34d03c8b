package typed

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
)

// List is a list whose elements are checked.
type List struct {
	elem   *schema.Type
	run    *Run
	vals   []starlark.Value
	frozen bool
	blank  bool
}

var _ starlark.HasSetIndex = (*List)(nil)

func (l *List) String() string             { return fmt.Sprint(l.vals) }
func (l *List) Type() string               { return "list" }
func (l *List) Truth() starlark.Bool       { return len(l.vals) > 0 }
func (l *List) Hash() (uint32, error)      { return 0, fmt.Errorf("unhashable: list") }
func (l *List) Len() int                   { return len(l.vals) }
func (l *List) Index(i int) starlark.Value { return l.vals[i] }
func (l *List) Iterate() starlark.Iterator { return starlark.Tuple(slices.Clone(l.vals)).Iterate() }
func (l *List) AttrNames() []string        { return []string{"append"} }

func (l *List) Freeze() {
	if !l.frozen {
		l.frozen = true
		starlark.Tuple(l.vals).Freeze()
	}
}

// SetIndex sets an element.
func (l *List) SetIndex(i int, v starlark.Value) error {
	if l.frozen {
		return fmt.Errorf("cannot assign to element of a frozen list")
	}
	v, err := l.run.convert(l.elem, v)
	if err != nil {
		return within(fmt.Sprintf("[%d]", i), err)
	}
	l.vals[i] = v
	return nil
}

// Attr returns a method.
func (l *List) Attr(name string) (starlark.Value, error) {
	if name != "append" {
		return nil, nil
	}
	return starlark.NewBuiltin("append", l.append), nil
}

// append(x)
func (l *List) append(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	if l.frozen {
		return nil, fmt.Errorf("cannot append to a frozen list")
	}
	v, err := l.run.convert(l.elem, x)
	if err != nil {
		return nil, within(fmt.Sprintf("[%d]", len(l.vals)), err)
	}
	l.vals, l.blank = append(l.vals, v), false
	return starlark.None, nil
}
