package typed

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

// Node views any value that a deploy file can hold: the typed ones of this package, and Starlark's own scalars, lists and
// dicts. What is only there because somebody read it is Absent.
func Node(v starlark.Value) kube.Node {
	switch v := v.(type) {
	case starlark.String:
		return kube.OfString(string(v))
	case starlark.Int:
		if i, ok := v.Int64(); ok {
			return kube.OfInt(i)
		}
		return kube.OfBig(v.String())
	case starlark.Bool:
		return kube.OfBool(bool(v))
	case starlark.Float:
		return kube.OfFloat(float64(v))
	case *Record:
		if v.blank && blank(v) {
			return kube.Node{}
		}
		return kube.OfRecord((*recordView)(v))
	case *List:
		if v.blank {
			return kube.Node{}
		}
		return kube.OfList((*listView)(v))
	case *Map:
		if v.blank {
			return kube.Node{}
		}
		return kube.OfMap((*mapView)(v))
	case *starlark.Dict:
		return kube.OfMap(viewDict(v))
	case *starlark.List:
		return kube.OfList(seqView{v})
	case starlark.Tuple:
		return kube.OfList(seqView{v})
	case starlark.NoneType:
		return kube.OfNull()
	}
	return kube.Node{}
}

type (
	recordView Record
	listView   List
	mapView    Map
	seqView    struct{ starlark.Indexable }
)

func (r *recordView) Len() int { return len(r.slots) }

func (r *recordView) At(i int) (string, kube.Node) {
	s := &r.slots[i]
	return r.typ.Fields[s.field].Name(), Node(s.val)
}

// Find makes a recordView a kube.Finder: the schema knows where a field is.
func (r *recordView) Find(key string) kube.Node {
	if f := r.typ.Field(key); f >= 0 {
		if i, ok := (*Record)(r).find(f); ok {
			return Node(r.slots[i].val)
		}
	}
	return kube.Node{}
}

func (l *listView) Len() int                     { return len(l.vals) }
func (l *listView) At(i int) (string, kube.Node) { return "", Node(l.vals[i]) }

func (m *mapView) Len() int                     { return len(m.entries) }
func (m *mapView) At(i int) (string, kube.Node) { return m.entries[i].key, Node(m.entries[i].val) }

func (s seqView) At(i int) (string, kube.Node) { return "", Node(s.Index(i)) }

// dictView views a plain dict by a copy of its entries, as a dict has no order of its own to index. A key that is no
// string reads as Starlark writes it.
type dictView []entry

func viewDict(d *starlark.Dict) dictView {
	list := make(dictView, 0, d.Len())
	for k, v := range d.Entries() {
		key, ok := k.(starlark.String)
		if !ok {
			key = starlark.String(k.String())
		}
		list = append(list, entry{key: string(key), val: v})
	}
	return list
}

func (d dictView) Len() int                     { return len(d) }
func (d dictView) At(i int) (string, kube.Node) { return d[i].key, Node(d[i].val) }
