package typed

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
)

// Map is a dict with string keys, in the keys' order, whose values are checked.
type Map struct {
	elem    *schema.Type
	run     *Run
	entries []entry // by key
	frozen  bool
	blank   bool
}

type entry struct {
	key string
	val starlark.Value
}

var _ starlark.HasSetKey = (*Map)(nil)

func (m *Map) String() string        { return fmt.Sprint(m.entries) }
func (m *Map) Type() string          { return "dict" }
func (m *Map) Truth() starlark.Bool  { return len(m.entries) > 0 }
func (m *Map) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: dict") }
func (m *Map) Len() int              { return len(m.entries) }

func (m *Map) Freeze() {
	if !m.frozen {
		m.frozen = true
		for _, e := range m.entries {
			e.val.Freeze()
		}
	}
}

func (m *Map) find(key string) (int, bool) {
	return slices.BinarySearchFunc(m.entries, key, func(e entry, key string) int { return strings.Compare(e.key, key) })
}

// Get returns the value of a key.
func (m *Map) Get(k starlark.Value) (starlark.Value, bool, error) {
	key, ok := k.(starlark.String)
	if !ok {
		return nil, false, nil
	}
	i, ok := m.find(string(key))
	if !ok {
		return nil, false, nil
	}
	return m.entries[i].val, true, nil
}

// SetKey sets the value of a key.
func (m *Map) SetKey(k, v starlark.Value) error {
	if m.frozen {
		return fmt.Errorf("cannot insert into a frozen dict")
	}
	m.blank = false
	return m.add(k, v)
}

// add inserts from the end, where a key most often belongs.
func (m *Map) add(k, v starlark.Value) error {
	key, ok := k.(starlark.String)
	if !ok {
		return wrong(k, "string")
	}
	v, err := m.run.convert(m.elem, v)
	if err != nil {
		return within(fmt.Sprintf("[%q]", string(key)), err)
	}
	n := len(m.entries)
	for n > 0 && m.entries[n-1].key > string(key) {
		n--
	}
	if n > 0 && m.entries[n-1].key == string(key) {
		m.entries[n-1].val = v
		return nil
	}
	m.entries = append(m.entries, entry{})
	copy(m.entries[n+1:], m.entries[n:])
	m.entries[n] = entry{string(key), v}
	return nil
}
