package builtins

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

const (
	maxText  = 64 << 20 // bytes of a text that one call may make or read; what the host allows a single value
	maxDepth = 500      // levels of a value that is written or read
)

// tree views any Starlark value that text can hold, having made sure that it can: keys are strings, nothing contains
// itself, numbers are finite, and what is shared many times over does not become too large. It lends its memory to one
// value after another.
type tree struct {
	sorted bool                           // the keys of dicts and structs in order, instead of as they were set
	into   *mapping                       // the dict at work
	yield  func(k, v starlark.Value) bool // item
	err    error                          // of item
	size   int                            // of the text so far, roughly
	depth  int
	pairs  []mapping // room for views; a slice would be copied to become a kube.Collection
	items  []kube.Pair
	text   []byte
}

// mapping is a kube.Collection, of a list too, that needs no room of its own.
type mapping struct{ list kube.Pairs }

func (p *mapping) Len() int                     { return len(p.list) }
func (p *mapping) At(i int) (string, kube.Node) { return p.list[i].Key, p.list[i].Value }

// writer makes text of values, on any thread.
type writer struct{ trees sync.Pool }

// write returns the text that appendTo makes of a value.
func (w *writer) write(v starlark.Value, sorted bool, appendTo func([]byte, kube.Node) []byte) (string, error) {
	t, ok := w.trees.Get().(*tree)
	if !ok {
		t = new(tree)
		t.yield = t.item
	}
	defer w.release(t)
	t.sorted = sorted
	n, err := t.node(v)
	if err != nil {
		return "", err
	}
	t.text = appendTo(t.text[:0], n)
	return string(t.text), nil
}

// release keeps a moderate amount of memory and forgets the value.
func (w *writer) release(t *tree) {
	if cap(t.text) > 1<<20 || cap(t.items) > 1<<14 {
		return
	}
	clear(t.pairs)
	clear(t.items)
	*t = tree{yield: t.yield, pairs: t.pairs[:0], items: t.items[:0], text: t.text[:0]}
	w.trees.Put(t)
}

// node returns the view of a value.
func (t *tree) node(v starlark.Value) (kube.Node, error) {
	switch v := v.(type) {
	case starlark.String:
		return kube.OfString(string(v)), t.grow(string(v))
	case starlark.Int, starlark.Bool, starlark.NoneType:
		return typed.Node(v), t.grow("")
	case starlark.Float:
		n := typed.Node(v)
		_, err := encode.Check(n)
		return n, err
	case *typed.Record, *typed.List, *typed.Map:
		n := typed.Node(v)
		if !n.Exists() {
			return emptyOf(v), nil
		}
		return n, t.measure(n)
	}
	if t.depth++; t.depth > maxDepth {
		return kube.Node{}, fmt.Errorf("the value is nested more than %d deep, or contains itself", maxDepth)
	}
	defer func() { t.depth-- }()
	switch v := v.(type) {
	case *starlark.Dict:
		return t.dict(v)
	case *starlarkstruct.Struct:
		return t.attrs(v)
	case starlark.Iterable:
		return t.list(v)
	}
	return kube.Node{}, fmt.Errorf("got %s, want a value that text can hold: a dict, list, string, number, bool, None or object", typed.Describe(v))
}

// emptyOf is the view of an object, list or dict that exists only because somebody read it.
func emptyOf(v starlark.Value) kube.Node {
	if _, ok := v.(*typed.List); ok {
		return kube.OfList(kube.Elems(nil))
	}
	return kube.OfMap(kube.Pairs(nil))
}

// grow adds a scalar to the size of the text: with its indentation, one for each of its lines.
func (t *tree) grow(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("got text that is not UTF-8: %.40q", s)
	}
	line := 2*t.depth + 4
	t.size += len(s) + line
	if len(s) > 64 && t.depth > 0 {
		t.size += strings.Count(s, "\n") * line
	}
	if t.size > maxText {
		return fmt.Errorf("the text of this value is larger than %d MiB", maxText>>20)
	}
	return nil
}

// measure adds an object and all in it to the size of the text.
func (t *tree) measure(n kube.Node) error {
	if n.Collection() == nil {
		return t.grow(n.Str())
	}
	if t.depth++; t.depth > maxDepth {
		return fmt.Errorf("the value is nested more than %d deep", maxDepth)
	}
	defer func() { t.depth-- }()
	for k, v := range n.All() {
		if err := t.grow(k); err != nil {
			return err
		}
		if err := t.measure(v); err != nil {
			return err
		}
	}
	return nil
}

// room returns a view of no items yet, with room for n of them.
func (t *tree) room(n int) *mapping {
	if len(t.pairs) == cap(t.pairs) {
		t.pairs = make([]mapping, 0, min(2*cap(t.pairs)+16, 1024))
	}
	if cap(t.items)-len(t.items) < n {
		t.items = make([]kube.Pair, 0, max(n, min(2*cap(t.items)+64, 4096)))
	}
	at := len(t.items)
	t.items = t.items[:at+n]
	t.pairs = append(t.pairs, mapping{list: t.items[at : at : at+n]})
	return &t.pairs[len(t.pairs)-1]
}

func (t *tree) dict(d *starlark.Dict) (kube.Node, error) {
	if err := t.grow(""); err != nil {
		return kube.Node{}, err
	}
	outer, p := t.into, t.room(d.Len())
	t.into = p
	d.Entries()(t.yield)
	t.into = outer
	if t.err != nil {
		return kube.Node{}, t.err
	}
	if t.sorted {
		slices.SortFunc(p.list, func(a, b kube.Pair) int { return strings.Compare(a.Key, b.Key) })
	}
	return kube.OfMap(p), nil
}

// item adds an item of a dict to into, and reports whether the dict may go on.
func (t *tree) item(k, v starlark.Value) bool {
	key, ok := k.(starlark.String)
	if !ok {
		t.err = fmt.Errorf("key %s: got %s, want string", k, typed.TypeName(k))
		return false
	}
	p := t.into
	if t.err = t.grow(string(key)); t.err != nil {
		return false
	}
	n, err := t.node(v)
	if err != nil {
		t.err = within(fmt.Sprintf("[%q]", string(key)), err)
		return false
	}
	p.list = append(p.list, kube.Pair{Key: string(key), Value: n})
	return true
}

func (t *tree) attrs(s *starlarkstruct.Struct) (kube.Node, error) {
	names := s.AttrNames() // sorted
	p := t.room(len(names))
	for _, name := range names {
		v, err := s.Attr(name)
		if err != nil {
			return kube.Node{}, err
		}
		n, err := t.node(v)
		if err != nil {
			return kube.Node{}, within("."+name, err)
		}
		t.size += len(name)
		p.list = append(p.list, kube.Pair{Key: name, Value: n})
	}
	return kube.OfMap(p), nil
}

func (t *tree) list(l starlark.Iterable) (kube.Node, error) {
	if err := t.grow(""); err != nil {
		return kube.Node{}, err
	}
	p := t.room(max(0, starlark.Len(l)))
	if x, ok := l.(starlark.Indexable); ok {
		for i := range x.Len() {
			if err := t.element(p, x.Index(i)); err != nil {
				return kube.Node{}, err
			}
		}
		return kube.OfList(p), nil
	}
	for v := range starlark.Elements(l) {
		if err := t.element(p, v); err != nil {
			return kube.Node{}, err
		}
	}
	return kube.OfList(p), nil
}

func (t *tree) element(p *mapping, v starlark.Value) error {
	n, err := t.node(v)
	if err != nil {
		return within(fmt.Sprintf("[%d]", len(p.list)), err)
	}
	p.list = append(p.list, kube.Pair{Value: n})
	return nil
}

// placed is an error about a part of a value.
type placed struct {
	path string
	err  error
}

// longestPath is how much of a path is shown; what is nested without end is not worth more.
const longestPath = 60

func (p *placed) Error() string {
	path := p.path
	if len(path) > longestPath {
		path = strings.ToValidUTF8(path[:longestPath], "") + "..."
	}
	return path + ": " + p.err.Error()
}

func (p *placed) Unwrap() error { return p.err }

func within(step string, err error) error {
	if p, ok := err.(*placed); ok {
		return &placed{step + p.path, p.err}
	}
	return &placed{step, err}
}
