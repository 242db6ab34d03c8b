package plan

import (
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/schema"
)

// Proven reports whether it is certain, from the live object alone, that a server-side apply of desired by manager would
// change nothing: then no request is needed. Where it is not certain, a dry run can tell.
//
// The live object says in metadata.managedFields what manager applied last, as a tree of fields (FieldsV1). It is walked
// beside desired and live. Nothing changes if live was read in desired's apiVersion, is not being deleted, holds every value
// of desired, list items in the same order, and if exactly what desired sets is owned: a field that is not would become
// owned, one that is owned and no longer set would be removed.
//
// Values must be equal as they stand, but for quantities in one notation, for what a server drops because it is empty, and
// for defaults that it fills into what merges as a whole; these only where nobody else owns the value. That some kinds count an empty list as a new generation each time it is
// applied is no change.
func Proven(desired, live kube.Node, manager string) bool {
	return Unproven(desired, live, manager) == ""
}

// Unproven says why it is not certain that applying desired as manager would change nothing; "" if it is. It is for tests
// and for who looks for what makes a plan slow.
//
// An item of a list that a server answered with has no apiVersion; then it was read in the list's, which must be desired's.
func Unproven(desired, live kube.Node, manager string) string {
	if !live.IsMapping() {
		return "it is not there"
	}
	meta, version := live.Get("metadata"), desired.Get("apiVersion").Str()
	if v := live.Get("apiVersion"); v.Exists() && v.Str() != version {
		return "it was read as " + v.Str()
	}
	if k := live.Get("kind"); k.Exists() && !kube.Equal(k, desired.Get("kind")) {
		return "it is a " + k.Str()
	}
	if meta.Get("deletionTimestamp").Exists() {
		return "it is being deleted"
	}
	p := prover{}
	var own kube.Node
	for _, e := range meta.Get("managedFields").Items() {
		if e.Get("subresource").Str() != "" {
			continue
		}
		if e.Get("manager").Str() != manager || e.Get("operation").Str() != "Apply" {
			p.others = append(p.others, e.Get("fieldsV1"))
			continue
		}
		if own.Exists() || e.Get("apiVersion").Str() != version || e.Get("fieldsType").Str() != "FieldsV1" {
			return "it was applied in another version"
		}
		own = e.Get("fieldsV1")
	}
	if !own.Exists() {
		return manager + " has not applied it"
	}
	p.object(desired, live, own, typeOf(desired))
	return p.reason
}

// prover walks desired (d), live (l) and our fields (f) together. It stops at the first reason why there is no proof.
type prover struct {
	others []kube.Node // what others own
	path   kube.Path
	reason string
}

func (p *prover) fail(why string) bool {
	if p.reason == "" {
		p.reason = strings.TrimPrefix(p.path.String()+": "+why, ": ")
	}
	return false
}

// object compares the fields of an object. What identifies it is never owned.
func (p *prover) object(d, l, f kube.Node, t *schema.Type) bool {
	owned := 0
	for k, v := range d.All() {
		if k == "apiVersion" || k == "kind" {
			continue
		}
		step, sub := inside(t, k)
		if k == "metadata" {
			sub = metadata()
		}
		p.path = append(p.path[:0], step)
		mine := child(f, "f:", k)
		if !mine.Exists() && leavesNoTrace(v, sub) {
			continue
		}
		if !mine.Exists() {
			return p.fail("not owned")
		}
		owned++
		ok := false
		if k == "metadata" {
			ok = p.mapping(v, l.Get(k), mine, sub, true)
		} else {
			ok = p.value(v, l.Get(k), mine, sub)
		}
		if !ok {
			return false
		}
		p.path = p.path[:0]
	}
	if f.Len() != owned {
		return p.fail("more is owned than declared")
	}
	return true
}

// metadata is the type of metadata, which is the same in objects of any kind.
func metadata() *schema.Type {
	o := schema.Lookup("core.v1.Pod")
	return o.Fields[o.Field("metadata")].Type
}

// child is the part of our fields that prefix and name lead to.
func child(f kube.Node, prefix, name string) kube.Node {
	c := f.Collection()
	if c == nil {
		return kube.Node{}
	}
	for i := range c.Len() {
		k, v := c.At(i)
		if len(k) == len(prefix)+len(name) && k[len(prefix):] == name && k[:len(prefix)] == prefix {
			return v
		}
	}
	return kube.Node{}
}

func (p *prover) value(d, l, f kube.Node, t *schema.Type) bool {
	switch {
	case d.Kind() == kube.Null:
		return p.fail("null")
	case f.Len() == 0:
		return p.leaf(d, l, t)
	case d.IsMapping():
		return p.mapping(d, l, f, t, false)
	case d.Kind() == kube.List:
		return p.list(d, l, f, t)
	}
	return p.fail("a value where parts are owned")
}

// leaf compares what is owned as a whole: a scalar, a collection that merges as a whole, or an empty one.
func (p *prover) leaf(d, l kube.Node, t *schema.Type) bool {
	switch {
	case !l.Exists():
		// Who owns a field that is not there has applied what the server dropped. It drops the empty value of a field that is
		// only written if it is not empty, and would again.
		if isEmpty(d, t) || isDropped(d, t) {
			return p.alone()
		}
		return p.fail("not there")
	case d.Kind() < kube.List:
		return p.scalar(d, l, t)
	case l.Kind() < kube.List || d.IsMapping() != l.IsMapping():
		return p.fail("of another kind")
	case d.Len() == 0 && merge(t) == schema.ByItem && t != nil:
		return true
	case d.Len() == 0:
		return l.Len() == 0 || p.fail("not empty")
	case t != nil && t.Kind != schema.Any && merge(t) != schema.Atomic:
		return p.fail("its parts are not owned")
	case (t == nil || t.Kind == schema.Any) && (d.Kind() != kube.List || p.touched()):
		return p.fail("it may merge by its parts")
	}
	return p.whole(d, l, t)
}

func merge(t *schema.Type) schema.Merge {
	if t == nil {
		return schema.ByItem
	}
	return t.Merge
}

// touched reports whether others own the value at the prover's place, or parts of it.
func (p *prover) touched() bool {
	for _, f := range p.others {
		for _, s := range p.path {
			if s.Index >= 0 { // inside an item: to be safe, any owner of the list
				break
			}
			f = child(f, "f:", s.Name)
		}
		if f.Exists() {
			return true
		}
	}
	return false
}

// alone reports whether nobody else owns the value at the prover's place. If somebody does, only what is equal to the letter changes nothing:
// the server compares it before it completes and normalises what is applied, and sees a conflict.
func (p *prover) alone() bool {
	return !p.touched() || p.fail("others own it too, and it is not equal to the letter")
}

func isEmpty(n kube.Node, t *schema.Type) bool {
	switch n.Kind() {
	case kube.String:
		return n.Str() == ""
	case kube.Bool:
		return !n.Bool()
	case kube.Int:
		i, ok := n.Int()
		return ok && i == 0
	case kube.Float:
		return n.Float() == 0
	}
	return n.IsMapping() && n.Len() == 0 && (t == nil || t.Kind == schema.Any || t.Kind == schema.Obj || t.Kind == schema.Map)
}

func (p *prover) scalar(d, l kube.Node, t *schema.Type) bool {
	switch {
	case d.Kind() == l.Kind() && kube.Equal(d, l):
		return true
	case sameScalar(d, l, t):
		return p.alone()
	}
	return p.fail("not equal")
}

// sameScalar reports whether the server writes a declared value as the live one reads: 1000m as 1, and 2.0 as 2.
func sameScalar(d, l kube.Node, t *schema.Type) bool {
	switch {
	case t != nil && t.Kind == schema.Quantity && l.Kind() == kube.String:
		return d.Text() == l.Str() || sameQuantity(d.Text(), l.Str())
	case t == nil || t.Kind == schema.Any || t.Kind == schema.Float:
		return isNumber(d) && isNumber(l) && kube.Equal(d, l)
	}
	return false
}

func isNumber(n kube.Node) bool { return n.Kind() == kube.Int || n.Kind() == kube.Float }

// mapping compares the fields or keys of a mapping. An object's name and namespace, in its metadata, are never owned.
func (p *prover) mapping(d, l, f kube.Node, t *schema.Type, meta bool) bool {
	if !d.IsMapping() || !l.IsMapping() {
		return p.fail("of another kind")
	}
	owned := 0
	for k, v := range d.All() {
		step, sub := inside(t, k)
		p.path = append(p.path, step)
		if meta && (k == "name" || k == "namespace") {
			if !kube.Equal(v, l.Get(k)) {
				return p.fail("not equal")
			}
			p.path = p.path[:len(p.path)-1]
			continue
		}
		mine := child(f, "f:", k)
		if !mine.Exists() && leavesNoTrace(v, sub) {
			p.path = p.path[:len(p.path)-1]
			continue
		}
		if !mine.Exists() {
			return p.fail("not owned")
		}
		owned++
		if mine, ok := entry(mine, t); !ok {
			return p.fail("its being there is not owned")
		} else if !p.value(v, l.Get(k), mine, sub) {
			return false
		}
		p.path = p.path[:len(p.path)-1]
	}
	if f.Len() != owned {
		return p.fail("more is owned than declared")
	}
	return true
}

// leavesNoTrace reports whether a value of type t changes nothing when it is applied, and is owned by nobody: an empty list whose items are
// owned by themselves.
func leavesNoTrace(v kube.Node, t *schema.Type) bool {
	return t != nil && t.Kind == schema.List && t.Merge != schema.Atomic && v.Kind() == kube.List && v.Len() == 0
}

// entry returns our fields of an entry without what says that its being there is owned: that belongs to the entries of a map of
// type t with parts of their own, not to fields. Of an entry of a value without a schema, either may be right.
func entry(f kube.Node, t *schema.Type) (kube.Node, bool) {
	if f.Len() == 0 {
		return f, true
	}
	there := f.Get(".").Exists()
	if t != nil && t.Kind != schema.Any && there != (t.Kind == schema.Map) {
		return f, false
	}
	if there {
		f = with(f, ".", kube.Node{})
	}
	return f, true
}

// list compares a list whose items are owned by themselves: k:{...} for one with keys, v:... for a set of values.
func (p *prover) list(d, l, f kube.Node, t *schema.Type) bool {
	if l.Kind() != kube.List {
		return p.fail("of another kind")
	}
	_, elem := listType(t)
	items := elems(l)
	at, owned := 0, 0
	for i, v := range d.Items() {
		p.path = append(p.path, kube.Item(i, ""))
		key, mine := p.owned(f, v)
		if !mine.Exists() {
			return p.fail("not owned")
		}
		found := -1
		for j, it := range items {
			if !key.matches(it, false) {
				continue
			}
			if found >= 0 {
				return p.fail("twice in the list")
			}
			found = j
		}
		switch {
		case found < 0:
			return p.fail("not there")
		case found < at:
			return p.fail("in another order")
		}
		at = found + 1
		owned++
		if !p.item(v, items[found], mine, elem) {
			return false
		}
		p.path = p.path[:len(p.path)-1]
	}
	if f.Len() != owned {
		return p.fail("more is owned than declared")
	}
	return true
}

// item compares an item of a list. Of one whose fields are owned by themselves, its being there is owned too.
func (p *prover) item(d, l, f kube.Node, t *schema.Type) bool {
	if f.Len() == 0 {
		return (d.Kind() < kube.List || merge(t) == schema.Atomic) && p.whole(d, l, t) || p.fail("not equal")
	}
	if !d.IsMapping() || !l.IsMapping() || !f.Get(".").Exists() {
		return p.fail("its being there is not owned")
	}
	return p.mapping(d, l, with(f, ".", kube.Node{}), t, false)
}

// itemKey is what identifies an item in FieldsV1: the value itself, or some of its fields.
type itemKey struct {
	value  kube.Node
	fields kube.Node
}

// owned finds the part of our fields that is about an item.
func (p *prover) owned(f kube.Node, item kube.Node) (itemKey, kube.Node) {
	for k, v := range f.All() {
		if len(k) < 3 || k[1] != ':' || k[0] != 'k' && k[0] != 'v' {
			continue
		}
		if k[0] == 'k' && !mayMatch(k, item) {
			continue
		}
		n, err := decode.JSON([]byte(k[2:]))
		if err != nil {
			continue
		}
		key := itemKey{value: n}
		if k[0] == 'k' {
			key = itemKey{fields: n}
		}
		if key.matches(item, true) {
			return key, v
		}
	}
	return itemKey{}, kube.Node{}
}

// mayMatch saves parsing the keys of other items, of which most are names.
func mayMatch(k string, item kube.Node) bool {
	const head = `k:{"name":"`
	name := item.Get("name").Str()
	return !strings.HasPrefix(k, head) || strings.Contains(k, `\`) || len(k) > len(head)+len(name) && k[len(head):len(head)+len(name)] == name
}

// matches reports whether an item is the one with this key. A declared one may leave a port's protocol to its default.
func (k itemKey) matches(item kube.Node, declared bool) bool {
	if k.value.Exists() {
		return item.Kind() == k.value.Kind() && kube.Equal(item, k.value)
	}
	for name, want := range k.fields.All() {
		got := item.Get(name)
		if !got.Exists() && declared && name == "protocol" {
			got = kube.OfString("TCP")
		}
		if got.Kind() != want.Kind() || !kube.Equal(got, want) {
			return false
		}
	}
	return k.fields.Len() > 0
}

// whole compares what merges as a whole: everything, but for the defaults that the server filled in.
func (p *prover) whole(d, l kube.Node, t *schema.Type) bool {
	switch {
	case d.IsMapping() && l.IsMapping():
		full := completed(d, t)
		return p.wholeMapping(full, l, t) && (kube.Equal(d, full) || p.alone())
	case d.Kind() == kube.List && l.Kind() == kube.List:
		return p.wholeList(d, l, t)
	case d.Kind() >= kube.List || l.Kind() >= kube.List:
		return p.fail("of another kind")
	}
	return p.scalar(d, l, t)
}

func (p *prover) wholeMapping(d, l kube.Node, t *schema.Type) bool {
	common := 0
	for k, v := range d.All() {
		x := l.Get(k)
		step, sub := inside(t, k)
		p.path = append(p.path, step)
		if !x.Exists() && !isDropped(v, sub) {
			return p.fail("not there")
		}
		if !x.Exists() {
			if !p.alone() {
				return false
			}
			p.path = p.path[:len(p.path)-1]
			continue
		}
		common++
		if !p.whole(v, x, sub) {
			return false
		}
		p.path = p.path[:len(p.path)-1]
	}
	if l.Len() == common {
		return true
	}
	for k, v := range l.All() {
		if !d.Get(k).Exists() && !isDefault(d, t, k, v) {
			return p.fail("has " + k + " as well")
		}
	}
	return p.alone()
}

// isDropped reports whether a server drops a value of type t wherever it stands: a list or map of Kubernetes' own types that is empty.
func isDropped(v kube.Node, t *schema.Type) bool {
	return t != nil && v.Len() == 0 && (t.Kind == schema.List && v.Kind() == kube.List || t.Kind == schema.Map && v.IsMapping())
}

func (p *prover) wholeList(d, l kube.Node, t *schema.Type) bool {
	_, elem := listType(t)
	a, b := elems(d), elems(l)
	if len(a) != len(b) {
		return p.fail("of another length")
	}
	for i := range a {
		p.path = append(p.path, kube.Item(i, ""))
		if !p.whole(a[i], b[i], elem) {
			return false
		}
		p.path = p.path[:len(p.path)-1]
	}
	return true
}

// SameOwner reports whether manager owns the same fields in a live object and in what a dry run answered. If not, the apply
// has to be done though no value changes: what it would own, others could change unnoticed.
func SameOwner(live, result kube.Node, manager string) bool {
	return kube.Equal(ownFields(live, manager), ownFields(result, manager))
}

func ownFields(n kube.Node, manager string) kube.Node {
	for _, e := range n.Get("metadata", "managedFields").Items() {
		if e.Get("manager").Str() == manager && e.Get("operation").Str() == "Apply" && e.Get("subresource").Str() == "" {
			return e.Get("fieldsV1")
		}
	}
	return kube.Node{}
}
