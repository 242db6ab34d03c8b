package typed

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// Map is a dict with string keys, in the order in which they were inserted, whose values are checked. What is computed
// from one (a union) is a plain dict.
type Map struct {
	typ     *schema.Type
	run     *Run
	entries []entry
	index   map[string]int32 // of the entries, if they are many
	iters   int32            // iterations at work
	frozen  bool
	blank   bool
}

type entry struct {
	key string
	val starlark.Value
	at  uint32 // if set by itself: its chain
}

// many is how many entries it takes for an index to be faster than a walk.
const many = 16

var (
	_ starlark.HasSetKey       = (*Map)(nil)
	_ starlark.IterableMapping = (*Map)(nil)
	_ starlark.Sequence        = (*Map)(nil)
	_ starlark.Comparable      = (*Map)(nil)
	_ starlark.HasBinary       = (*Map)(nil)
	_ starlark.HasAttrs        = (*Map)(nil)
)

// String writes the Map as Starlark does its own dicts.
func (m *Map) String() string { return print(m) }

// Type is not "dict", for the reason that List's is not "list".
func (m *Map) Type() string { return "dict of " + m.typ.Elem.String() }

// Truth, Hash and Len are those of any dict.
func (m *Map) Truth() starlark.Bool  { return len(m.entries) > 0 }
func (m *Map) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: dict") }
func (m *Map) Len() int              { return len(m.entries) }

// Freeze makes the Map, and all in it, constant.
func (m *Map) Freeze() {
	if !m.frozen {
		m.frozen = true
		for _, e := range m.entries {
			e.val.Freeze()
		}
	}
}

func (m *Map) mutable(verb string) error {
	if m.frozen {
		return frozen(verb, "dict")
	}
	if m.iters > 0 {
		return fmt.Errorf("cannot %s a dict while it is iterated", verb)
	}
	return nil
}

// find returns the place of a key, or -1.
func (m *Map) find(key string) int {
	if m.index != nil {
		if i, ok := m.index[key]; ok {
			return int(i)
		}
		return -1
	}
	for i := range m.entries {
		if m.entries[i].key == key {
			return i
		}
	}
	return -1
}

// put sets a key that find has looked for.
func (m *Map) put(i int, e entry) {
	if i >= 0 {
		m.entries[i] = e
		return
	}
	m.entries = append(m.entries, e)
	if n := len(m.entries); m.index != nil {
		m.index[e.key] = int32(n - 1)
	} else if n > many {
		m.reindex()
	}
}

func (m *Map) reindex() {
	m.index = nil
	if len(m.entries) > many {
		m.index = make(map[string]int32, 2*len(m.entries))
		for i := range m.entries {
			m.index[m.entries[i].key] = int32(i)
		}
	}
}

// delete removes a key and returns its value, or nil.
func (m *Map) delete(key string) starlark.Value {
	i := m.find(key)
	if i < 0 {
		return nil
	}
	v := m.entries[i].val
	last := i == len(m.entries)-1
	m.entries = slices.Delete(m.entries, i, i+1)
	if m.index != nil {
		if delete(m.index, key); !last {
			m.reindex()
		}
	}
	return v
}

// Get returns the value of a key.
func (m *Map) Get(k starlark.Value) (starlark.Value, bool, error) {
	key, ok := k.(starlark.String)
	if !ok {
		return nil, false, nil
	}
	i := m.find(string(key))
	if i < 0 {
		return nil, false, nil
	}
	return m.entries[i].val, true, nil
}

// Items returns the entries as pairs.
func (m *Map) Items() []starlark.Tuple {
	list := make([]starlark.Tuple, len(m.entries))
	for i, e := range m.entries {
		list[i] = starlark.Tuple{starlark.String(e.key), e.val}
	}
	return list
}

// Iterate yields the keys; until it is done, no key can be added or removed.
func (m *Map) Iterate() starlark.Iterator {
	if !m.frozen {
		m.iters++
	}
	return &mapIterator{m: m}
}

type mapIterator struct {
	m *Map
	i int
}

func (it *mapIterator) Next(p *starlark.Value) bool {
	if it.i >= len(it.m.entries) {
		return false
	}
	*p = starlark.String(it.m.entries[it.i].key)
	it.i++
	return true
}

func (it *mapIterator) Done() {
	if !it.m.frozen {
		it.m.iters--
	}
}

// SetKey sets the value of a key; None deletes it. A mistake is reported and leaves the map as it was.
func (m *Map) SetKey(k, v starlark.Value) error {
	return m.setKey(k, v, strings.Trim(k.String(), `"`))
}

// setKey sets the value of a key, to which names lead.
func (m *Map) setKey(k, v starlark.Value, names ...string) error {
	if err := m.mutable("set a key of"); err != nil {
		return err
	}
	if err := m.assign(k, v); err != nil {
		m.run.report(m.Type(), Split(err), m, names...)
	}
	return nil
}

// assign sets the value of a key; the error's paths begin with it.
func (m *Map) assign(k, v starlark.Value) error {
	key, ok := k.(starlark.String)
	if !ok {
		return wrongKey(k)
	}
	return m.assignAt(string(key), v, m.run.here())
}

// assignAt is assign at a place that is known.
func (m *Map) assignAt(key string, v starlark.Value, at uint32) error {
	if err := m.mutable("set a key of"); err != nil {
		return err
	}
	m.blank = false
	if v == starlark.None && m.typ.Elem.Kind != schema.Any {
		m.delete(key)
		return nil
	}
	if e := unicode(key); e != nil {
		m.run.fault(e)
	} else if v = m.run.converted(m.typ.Elem, v, m); v != nil {
		m.put(m.find(key), entry{key, v, at})
	}
	if len(m.run.faults) == 0 {
		return nil
	}
	return Within(kube.Path{kube.Key(key)}, m.run.take().err())
}

// add sets a key of a Map under construction. Mistakes become faults of the Run.
func (m *Map) add(k, v starlark.Value) {
	key, ok := k.(starlark.String)
	if !ok {
		e := wrongKey(k)
		e.inside(kube.Key(strings.Trim(k.String(), `"`)))
		m.run.fault(e)
		return
	}
	if v == starlark.None && m.typ.Elem.Kind != schema.Any {
		return
	}
	before := len(m.run.faults)
	if e := unicode(string(key)); e != nil {
		m.run.fault(e)
		v = nil
	} else {
		v = m.run.convert(m.typ.Elem, v)
	}
	if len(m.run.faults) > before {
		m.run.inside(before, kube.Key(string(key)))
	}
	if v != nil {
		m.put(m.find(string(key)), entry{key: string(key), val: v})
	}
}

func wrongKey(k starlark.Value) *Error {
	e := wrong(k, "string as a key")
	if i, ok := k.(starlark.Int); ok {
		e.Help = []string{fmt.Sprintf("write %q", i.String())}
	}
	return e
}

// Binary unites two dicts, of which the right one wins; the result is a plain dict, except of an augmented assignment.
func (m *Map) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	other, ok := y.(starlark.IterableMapping)
	if op != syntax.PIPE || !ok {
		return nil, nil
	}
	if side == starlark.Left && m.run.augmented() {
		if err := m.mutable("apply |= to"); err != nil {
			return nil, err
		}
		return m, m.update(other.Items(), nil)
	}
	first, second := m.Items(), other.Items()
	if side == starlark.Right {
		first, second = second, first
	}
	d := starlark.NewDict(len(first) + len(second))
	for _, kv := range slices.Concat(first, second) {
		if err := d.SetKey(kv[0], kv[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// update sets keys, to which names lead.
func (m *Map) update(items []starlark.Tuple, names []string) error {
	m.blank = false
	for _, kv := range items {
		key := strings.Trim(kv[0].String(), `"`)
		if err := m.setKey(kv[0], kv[1], append(names[:len(names):len(names)], key)...); err != nil {
			return err
		}
	}
	return nil
}

// Attr returns a method.
func (m *Map) Attr(name string) (starlark.Value, error) {
	for _, x := range mapMethods {
		if x.name == name {
			return starlark.NewBuiltin(name, x.call).BindReceiver(m), nil
		}
	}
	return nil, nil
}

// AttrNames lists the methods.
func (m *Map) AttrNames() []string {
	list := make([]string, len(mapMethods))
	for i, x := range mapMethods {
		list[i] = x.name
	}
	return list
}
