package check

import (
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// walker goes through all values of an object once, along the types that Kubernetes gives them: it adds up the size, and notices
// list items that the API cannot tell apart. Where it has noticed some, it goes through the object again, with paths.
type walker struct {
	twice   bool
	keys    []itemKey // of the items of the lists that it is in
	object  *object
	path    kube.Path // of where it is; kept only if tracing
	tracing bool
	clashes []clash
}

// clash is two items of a list with one key.
type clash struct {
	object        *object
	first, second kube.Path
	list, key     string
}

// measure walks an object and returns about how many bytes it has as JSON.
func (w *walker) measure(o *object) int {
	w.object, w.twice, w.tracing = o, false, false
	size := w.fields(o.Collection(), o.kind.object)
	if w.twice {
		w.tracing, w.path = true, w.path[:0]
		w.fields(o.Collection(), o.kind.object)
	}
	return size
}

// fields walks the fields of an object of type t; t is nil where the type is not known.
func (w *walker) fields(c kube.Collection, t *schema.Object) int {
	if c == nil {
		return 0
	}
	size := 2
	for i := range c.Len() {
		key, v := c.At(i)
		size += len(key) + 4
		if v.Kind() < kube.List {
			size += scalarSize(v)
			continue
		}
		var ft *schema.Type
		if t != nil {
			if f := t.Field(key); f >= 0 {
				ft = t.Fields[f].Type
			}
		}
		w.enter(kube.Field(key))
		size += w.composite(v, ft)
		w.leave()
	}
	return size
}

func (w *walker) enter(s kube.Step) {
	if w.tracing {
		w.path = append(w.path, s)
	}
}

func (w *walker) leave() {
	if w.tracing {
		w.path = w.path[:len(w.path)-1]
	}
}

func (w *walker) composite(n kube.Node, t *schema.Type) int {
	c := n.Collection()
	if n.Kind() == kube.List {
		return w.list(c, t)
	}
	switch {
	case t == nil:
	case t.Kind == schema.Map:
		return w.entries(c, t.Elem)
	case t.Kind == schema.Obj:
		return w.fields(c, t.Object())
	}
	return w.fields(c, nil)
}

func (w *walker) entries(c kube.Collection, t *schema.Type) int {
	size := 2
	for i := range c.Len() {
		key, v := c.At(i)
		size += len(key) + 4
		if v.Kind() < kube.List {
			size += scalarSize(v)
			continue
		}
		w.enter(kube.Key(key))
		size += w.composite(v, t)
		w.leave()
	}
	return size
}

// list walks a list, and compares the keys of its items if they have any.
func (w *walker) list(c kube.Collection, t *schema.Type) int {
	var elem *schema.Type
	var fields []string
	if t != nil && t.Kind == schema.List {
		elem, fields = t.Elem, keyFields(t.Keys)
	}
	if fields != nil && (w.tracing || c.Len() > 1) {
		return w.keyed(c, elem, fields)
	}
	size, at := 2, 0
	for i := range c.Len() {
		_, v := c.At(i)
		switch {
		case v.Kind() == kube.Absent:
			continue
		case v.Kind() < kube.List:
			size += scalarSize(v)
		default:
			w.enter(kube.Item(at, ""))
			size += 1 + w.composite(v, elem)
			w.leave()
		}
		at++
	}
	return size
}

// manyItems is from how many items on a list is worth an index.
const manyItems = 64

func (w *walker) keyed(c kube.Collection, elem *schema.Type, fields []string) int {
	size, start, at := 2, len(w.keys), 0
	var seen map[itemKey]int
	for i := range c.Len() {
		_, v := c.At(i)
		if v.Kind() == kube.Absent {
			continue
		}
		k := keyOf(v, fields)
		if at == manyItems {
			seen = indexKeys(w.keys[start:])
		}
		if first := find(k, w.keys[start:], seen); first >= 0 && k.isSet() {
			w.clash(c, fields, first, at)
		} else if seen != nil {
			seen[k] = at
		}
		w.keys = append(w.keys, k)
		w.enter(kube.Item(at, k.name))
		if v.Kind() >= kube.List {
			size += 1 + w.composite(v, elem)
		}
		w.leave()
		at++
	}
	w.keys = w.keys[:start]
	return size
}

func indexKeys(keys []itemKey) map[itemKey]int {
	m := map[itemKey]int{}
	for i, k := range keys {
		if _, ok := m[k]; !ok {
			m[k] = i
		}
	}
	return m
}

// find returns the place of the first item with the key, or -1.
func find(k itemKey, keys []itemKey, seen map[itemKey]int) int {
	if seen != nil {
		if i, ok := seen[k]; ok {
			return i
		}
		return -1
	}
	return slices.Index(keys, k)
}

func (w *walker) clash(c kube.Collection, fields []string, first, second int) {
	w.twice = true
	if !w.tracing {
		return
	}
	here := slices.Clone(w.path)
	item := func(i int) kube.Step { return kube.Item(i, nameOf(kube.OfList(c), i, fields)) }
	w.clashes = append(w.clashes, clash{
		object: w.object, key: item(second).Name, list: here[len(here)-1].Name,
		first: here.With(item(first)), second: here.With(item(second)),
	})
}

// nameOf is how paths name item i of a list: by what its key's fields say.
func nameOf(list kube.Node, i int, fields []string) string {
	var parts []string
	for at, v := range list.Items() {
		if at != i {
			continue
		}
		for _, f := range fields {
			if s := v.Get(f).Text(); s != "" {
				parts = append(parts, s)
			}
		}
	}
	return strings.Join(parts, "/")
}

// itemKey tells the items of a list apart: by a name, or by a number, and some by a protocol as well.
type itemKey struct {
	name, protocol string
	number         int64
}

// isSet is false for items without a key, of which others say that it is missing.
func (k itemKey) isSet() bool { return k.name != "" || k.number != 0 }

// The keys that lists have, see the tables of kube/schema.
var (
	byName       = []string{"name"}
	byMountPath  = []string{"mountPath"}
	byDevicePath = []string{"devicePath"}
	byIP         = []string{"ip"}
	byPort       = []string{"port", "protocol"}
	byNumber     = []string{"containerPort", "protocol"}
	bySpread     = []string{"topologyKey", "whenUnsatisfiable"}
)

// keyFields is the fields that make a list's key, or nil where there is none, or one of a status.
func keyFields(keys string) []string {
	switch keys {
	case "name":
		return byName
	case "mountPath":
		return byMountPath
	case "containerPort,protocol":
		return byNumber
	case "port,protocol":
		return byPort
	case "topologyKey,whenUnsatisfiable":
		return bySpread
	case "ip":
		return byIP
	case "devicePath":
		return byDevicePath
	}
	return nil
}

// keyOf reads the key of an item. Ports that name no protocol are TCP.
func keyOf(n kube.Node, fields []string) itemKey {
	if len(fields) == 1 {
		return itemKey{name: n.Get(fields[0]).Str()}
	}
	var k itemKey
	for key, v := range n.All() {
		switch {
		case key == fields[0] && v.Kind() == kube.Int:
			k.number, _ = v.Int()
		case key == fields[0]:
			k.name = v.Str()
		case key == fields[1]:
			k.protocol = v.Str()
		}
	}
	if k.protocol == "" && fields[1] == "protocol" {
		k.protocol = "TCP"
	}
	return k
}

func scalarSize(n kube.Node) int {
	if n.Kind() == kube.String {
		return len(n.Str()) + 2
	}
	return 5
}
