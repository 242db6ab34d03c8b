// Package plan says what has to be done so that the objects in a cluster are as a set declares them. It is pure: package
// cluster gives it what it read, and does what the [Plan] says.
//
//	Prepare    a set as it is sent: gates, marks of the owner, fields that are left to others     prepare.go
//	Proven     whether an object is as declared already, by its managed fields, without a request   proof.go
//	Compare    what a dry run changes, for people; Secrets as digests, Envoy as structure            compare.go
//	Stages     in which order                                                                        stages.go
//	Write      a Plan as text; JSON for machines; Save and Load for later                            write.go, json.go, save.go
//
// [Diff] says field by field how two values differ, with list items matched by the key that the API gives them; [Mask] hides
// what a Secret holds, so that its values never become text; [Lines] is a unified diff of two texts.
//
// Read plan.go, then these in this order.
package plan

import (
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// Change is one difference: what was there and what is. The one that is not there is Absent. Where a list holds the same
// items in another order, Old and New are their keys.
type Change struct {
	Path     kube.Path
	Old, New kube.Node
	Order    bool
	Inner    int // if not 0, so many steps of Path lead to a text, and the others into the configuration that the text holds
}

// Diff returns how two objects of one kind differ, in the order of the new one's fields; what was removed comes where its
// neighbours are. The key of a list's items comes from the schema of the object's kind; those of a kind that is not known
// are compared by index.
func Diff(old, new kube.Node) []Change {
	d := differ{}
	d.node(nil, old, new, typeOf(new))
	return d.changes
}

func typeOf(n kube.Node) *schema.Type {
	return schema.Find(n.Get("apiVersion").Str(), n.Get("kind").Str())
}

type differ struct {
	changes []Change
	named   bool // items of lists without a schema are known by their names
}

func (d *differ) add(path kube.Path, old, new kube.Node) {
	d.changes = append(d.changes, Change{Path: slices.Clone(path), Old: old, New: new})
}

func (d *differ) node(path kube.Path, old, new kube.Node, t *schema.Type) {
	switch {
	case old.IsMapping() && new.IsMapping():
		d.mapping(path, old, new, t)
	case old.Kind() == kube.List && new.Kind() == kube.List:
		d.list(path, old, new, t)
	case t != nil && t.Kind == schema.Quantity && old.Exists() && new.Exists() && old.Text() == new.Text():
	case !kube.Equal(old, new):
		d.add(path, old, new)
	}
}

// mapping walks the fields of both in the order of new, old's own between their neighbours.
func (d *differ) mapping(path kube.Path, old, new kube.Node, t *schema.Type) {
	for _, k := range merged(keys(old), keys(new)) {
		step, sub := inside(t, k)
		d.node(path.With(step), old.Get(k), new.Get(k), sub)
	}
}

// inside is the step to a key of a value of type t, and the type of what is there.
func inside(t *schema.Type, key string) (kube.Step, *schema.Type) {
	switch {
	case t == nil:
		return plainStep(key), nil
	case t.Kind == schema.Map:
		return kube.Key(key), t.Elem
	case t.Kind != schema.Obj:
		return plainStep(key), nil
	}
	o := t.Object()
	if i := o.Field(key); i >= 0 {
		return kube.Field(key), o.Fields[i].Type
	}
	return kube.Field(key), nil
}

// plainStep guesses whether a key of a value without a schema is a field: one that reads as a name is.
func plainStep(key string) kube.Step {
	for i, r := range key {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return kube.Key(key)
		}
	}
	return kube.Field(key)
}

func (d *differ) list(path kube.Path, old, new kube.Node, t *schema.Type) {
	var elem *schema.Type
	if t != nil && t.Kind == schema.List {
		elem = t.Elem
	}
	a, b := d.items(old, t), d.items(new, t)
	if a == nil || b == nil {
		d.byIndex(path, old, new, elem)
		return
	}
	for _, key := range merged(names(a), names(b)) {
		i, j := index(a, key), index(b, key)
		var x, y kube.Node
		at := i
		if i >= 0 {
			x = a[i].node
		}
		if j >= 0 {
			y, at = b[j].node, j
		}
		d.node(path.With(kube.Item(at, key)), x, y, elem)
	}
	d.order(path, a, b)
}

// order adds a Change if the items that both lists hold come in another order.
func (d *differ) order(path kube.Path, a, b []item) {
	x, y := common(names(a), names(b)), common(names(b), names(a))
	if !slices.Equal(x, y) {
		d.changes = append(d.changes, Change{Path: slices.Clone(path), Old: words(x), New: words(y), Order: true})
	}
}

func words(list []string) kube.Node { return kube.OfString(strings.Join(list, ", ")) }

// byIndex sets aside what both lists begin and end with, and compares the others one by one.
func (d *differ) byIndex(path kube.Path, old, new kube.Node, elem *schema.Type) {
	a, b := elems(old), elems(new)
	head := 0
	for len(a) > 0 && len(b) > 0 && kube.Equal(a[0], b[0]) {
		a, b, head = a[1:], b[1:], head+1
	}
	for len(a) > 0 && len(b) > 0 && kube.Equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	for i := range max(len(a), len(b)) {
		var x, y kube.Node
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		d.node(path.With(kube.Item(head+i, "")), x, y, elem)
	}
}

func elems(n kube.Node) []kube.Node {
	var list []kube.Node
	for _, v := range n.Items() {
		list = append(list, v)
	}
	return list
}

// item is an item of a list and its identity there.
type item struct {
	key  string
	node kube.Node
}

// items returns a list's items by their keys, or nil where the list has none, or one of them twice.
func (d *differ) items(n kube.Node, t *schema.Type) []item {
	fields, _ := listType(t)
	if t == nil && d.named {
		fields = "name"
	}
	if fields == "" {
		return nil
	}
	list := []item{}
	for _, v := range n.Items() {
		k := keyOf(v, fields)
		if k == "" || index(list, k) >= 0 {
			return nil
		}
		list = append(list, item{k, v})
	}
	return list
}

// keyOf joins the values of the fields that identify an item.
func keyOf(n kube.Node, fields string) string {
	var parts []string
	for f := range strings.SplitSeq(fields, ",") {
		if v := n.Get(f); v.Exists() {
			parts = append(parts, v.Text())
		}
	}
	return strings.Join(parts, "/")
}

func index(list []item, key string) int {
	return slices.IndexFunc(list, func(it item) bool { return it.key == key })
}

func names(list []item) []string {
	out := make([]string, len(list))
	for i, it := range list {
		out[i] = it.key
	}
	return out
}

func keys(n kube.Node) []string {
	var list []string
	for k := range n.All() {
		list = append(list, k)
	}
	return list
}

// common returns those of a that b has as well, in a's order.
func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// merged returns all of new in its order; what only old has follows the neighbour it had there.
func merged(old, new []string) []string {
	out := slices.Clone(new)
	at := 0
	for _, k := range old {
		if i := slices.Index(out, k); i >= 0 {
			at = i + 1
			continue
		}
		out = slices.Insert(out, at, k)
		at++
	}
	return out
}
