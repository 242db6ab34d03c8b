package plan

import (
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// with returns a mapping in which key has another value; Absent takes it out. The mapping itself stays as it is.
func with(n kube.Node, key string, v kube.Node) kube.Node {
	list := make(kube.Pairs, 0, n.Len()+1)
	found := false
	for k, old := range n.All() {
		if k == key {
			old, found = v, true
		}
		if old.Exists() {
			list = append(list, kube.Pair{Key: k, Value: old})
		}
	}
	if !found && v.Exists() {
		list = append(list, kube.Pair{Key: key, Value: v})
	}
	if n.Kind() == kube.Map {
		return kube.OfMap(list)
	}
	return kube.OfRecord(list)
}

// without returns a value without what the path leads to, and without the mappings that are empty only because of that. It
// returns an Absent Node if nothing is left.
func without(n kube.Node, path kube.Path, t *schema.Type) kube.Node {
	if len(path) == 0 {
		return kube.Node{}
	}
	s := path[0]
	switch {
	case n.IsMapping():
		old := n.Get(s.Name)
		if !old.Exists() {
			return n
		}
		_, sub := inside(t, s.Name)
		if n = with(n, s.Name, without(old, path[1:], sub)); n.Len() == 0 {
			return kube.Node{}
		}
	case n.Kind() == kube.List:
		return withoutItem(n, path, t)
	}
	return n
}

// withoutItem takes an item out of a list, or something out of that item. What identifies the item stays.
func withoutItem(n kube.Node, path kube.Path, t *schema.Type) kube.Node {
	list := make(kube.Elems, 0, n.Len())
	keys, elem := listType(t)
	for i, v := range n.Items() {
		if isItem(path[0], i, v, keys) {
			if v = without(v, path[1:], elem); !v.Exists() {
				continue
			}
		}
		list = append(list, v)
	}
	return kube.OfList(list)
}

// listType is the fields that identify the items of a list of type t, separated by commas, and the items' own type.
func listType(t *schema.Type) (keys string, elem *schema.Type) {
	if t == nil || t.Kind != schema.List {
		return "", nil
	}
	return t.Keys, t.Elem
}

// isItem reports whether a step leads to item i of a list.
func isItem(s kube.Step, i int, v kube.Node, keys string) bool {
	switch {
	case s.Name == "":
		return s.Index == i
	case keys == "":
		return v.Text() == s.Name || v.Get("name").Text() == s.Name
	}
	key := keyOf(v, keys)
	first, _, _ := strings.Cut(key, "/")
	return key == s.Name || first == s.Name && strings.Contains(keys, ",")
}
