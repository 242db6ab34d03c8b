package envoy

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins/typed"
)

// option is what envoy.retry and its like return: several options of an upstream or a configuration under one keyword.
type option struct {
	name  string // retry
	given []starlark.Tuple
	options
}

var _ starlark.Comparable = (*option)(nil)

// String writes the option as the call that made it.
func (o *option) String() string {
	list := make([]string, len(o.given))
	for i, kw := range o.given {
		list[i] = string(kw[0].(starlark.String)) + " = " + kw[1].String()
	}
	return "envoy." + o.name + "(" + strings.Join(list, ", ") + ")"
}

func (o *option) Type() string          { return o.name }
func (o *option) Freeze()               {}
func (o *option) Truth() starlark.Bool  { return true }
func (o *option) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: %s", o.name) }

// CompareSameType compares what was given.
func (o *option) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	same := sameArguments(o.given, y.(*option).given)
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, fmt.Errorf("%s %s %s is not defined", o.name, op, o.name)
}

// makeOption reads a call; the argument that leads, if any, may be given by position and must be given.
func makeOption(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple, lead string, into options) (starlark.Value, error) {
	_, name, _ := strings.Cut(b.Name(), ".")
	if lead == "" && len(args) > 0 {
		return nil, fmt.Errorf("%s: got %d positional arguments, want keywords only", b.Name(), len(args))
	}
	given := kwargs
	r := reader{run: typed.RunOf(thread), builtin: b.Name(), object: b.Name()}
	if lead != "" {
		if err := positional(b.Name(), args, 1, lead); err != nil {
			return nil, err
		}
		v, rest, err := first(b.Name(), lead, args, kwargs)
		if err != nil {
			return nil, err
		}
		given = append([]starlark.Tuple{{starlark.String(lead), v}}, rest...)
		if err := into.set(&r, lead, v); err != nil {
			if len(args) > 0 {
				r.argument(err, 0)
			} else {
				r.mistake(err, lead)
			}
		}
		kwargs = rest
	}
	r.keywords(into, kwargs)
	return &option{name, given, into}, nil
}

// optionOf returns what an argument says: an option of that name, or a dict of its keywords.
func optionOf[T options](r *reader, keyword, name string, v starlark.Value, empty T) (T, error) {
	if o, ok := v.(*option); ok {
		if t, ok := o.options.(T); ok {
			return t, nil
		}
	}
	d, ok := v.(starlark.IterableMapping)
	if !ok {
		return empty, wrong(v, "envoy."+name+"(...)")
	}
	inner := reader{run: r.run, builtin: "envoy." + name, object: r.object, below: append(r.below[:len(r.below):len(r.below)], keyword)}
	inner.keywords(empty, d.Items())
	r.broken = r.broken || inner.broken
	return empty, nil
}
