package check

import (
	"hash/maphash"

	"github.com/starctl/starctl/kube"
)

// identity is what no two objects of a cluster share: group and kind, whatever the version, as the number that the run gives
// them; the namespace that the object ends up in; the name.
type identity struct {
	kind            int
	namespace, name string
}

func (o *object) identity() identity { return identity{o.kind.number, o.namespace, o.Name} }

// identify fills the index of identities; who takes one that another has is in twice.
func (r *run) identify() {
	r.byID = make(map[identity]int32, len(r.objects))
	for i := range r.objects {
		before := len(r.byID)
		r.byID[r.objects[i].identity()] = int32(i)
		if len(r.byID) == before {
			r.twice = append(r.twice, int32(i))
		}
	}
}

// find returns the set's object of that group, kind, namespace and name, or nil.
func (r *run) find(group, kindName, namespace, name string) *object {
	for _, k := range r.kinds {
		if k.kind == kindName && k.group == group {
			if i, ok := r.byID[identity{k.number, namespace, name}]; ok {
				return &r.objects[i]
			}
			return nil
		}
	}
	return nil
}

// external reports whether the object is declared elsewhere.
func (r *run) external(kind, namespace, name string) bool {
	for _, e := range r.opt.External {
		if among(e.Kind, kind) && among(e.Namespace, namespace) && (e.Name == name || e.Name == "*") {
			return true
		}
	}
	return false
}

func among(pattern, s string) bool { return pattern == "" || pattern == "*" || pattern == s }

// podIndex finds the Pod templates of a set by their labels. A template is entered once under each of its labels; looking up
// the rarest label of a selector leaves few candidates to compare, so that a thousand Services do not compare with a thousand
// templates each. Hashes may collide: candidates are compared in full.
type podIndex struct {
	ready     bool
	seed      maphash.Seed
	templates []template
	heads     map[uint64]bucket
	entries   []entry
}

// template is a Pod template of the set.
type template struct {
	of     int32 // the object
	labels kube.Node
}

type bucket struct{ head, count int32 }

type entry struct{ template, next int32 }

func (x *podIndex) hash(namespace, key, value string) uint64 {
	const a, b = 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f
	h := maphash.String(x.seed, key)*a ^ maphash.String(x.seed, value)*b
	return h ^ maphash.String(x.seed, namespace)
}

// runsPods reports whether there are Pods because of the object.
func (o *object) runsPods() bool {
	if o.kind.pod == nil {
		return o.kind.object == nil && templateOf(o).Get("spec", "containers").Exists()
	}
	return o.kind.id != podTemplate
}

// build enters the templates of all objects.
func (x *podIndex) build(objects []object) {
	x.ready, x.seed = true, maphash.MakeSeed()
	for i := range objects {
		if o := &objects[i]; o.runsPods() {
			x.templates = append(x.templates, template{of: int32(i), labels: templateOf(o).Get("metadata", "labels")})
		}
	}
	x.heads = make(map[uint64]bucket, len(x.templates))
	x.entries = make([]entry, 0, 4*len(x.templates))
	for i, t := range x.templates {
		for k, v := range t.labels.All() {
			h := x.hash(objects[t.of].namespace, k, v.Text())
			b, ok := x.heads[h]
			if !ok {
				b.head = -1
			}
			x.entries = append(x.entries, entry{template: int32(i), next: b.head})
			x.heads[h] = bucket{int32(len(x.entries) - 1), b.count + 1}
		}
	}
}

// selected returns the objects of a namespace whose Pod templates a selector matches, in a slice that the next call reuses.
func (r *run) selected(namespace string, s selector) []*object {
	return r.search(namespace, s, len(r.objects))
}

// selects reports whether the selector matches any Pod template.
func (r *run) selects(namespace string, s selector) bool {
	return len(r.search(namespace, s, 1)) > 0
}

// search finds up to most of the objects that a selector selects.
func (r *run) search(namespace string, s selector, most int) []*object {
	x := &r.pods
	if !x.ready {
		x.build(r.objects)
	}
	r.hits = r.hits[:0]
	try := func(t *template) {
		if o := &r.objects[t.of]; o.namespace == namespace && s.matches(t.labels) {
			r.hits = append(r.hits, o)
		}
	}
	rarest := x.rarest(namespace, s.labels)
	if rarest.count < 0 { // no labels to look up
		for i := 0; i < len(x.templates) && len(r.hits) < most; i++ {
			try(&x.templates[i])
		}
		return r.hits
	}
	for i := rarest.head; i >= 0 && len(r.hits) < most; i = x.entries[i].next {
		try(&x.templates[x.entries[i].template])
	}
	return r.hits
}

// rarest is the smallest bucket of the labels; its count is negative if there are no labels.
func (x *podIndex) rarest(namespace string, labels kube.Node) bucket {
	least := bucket{head: -1, count: -1}
	for k, v := range labels.All() {
		b, ok := x.heads[x.hash(namespace, k, v.Text())]
		if !ok {
			return bucket{head: -1}
		}
		if least.count < 0 || b.count < least.count {
			least = b
		}
	}
	return least
}

// selector is what a LabelSelector or a Service's map asks of labels.
type selector struct {
	labels      kube.Node // each of them must be there with its value
	expressions kube.Node
}

// labelSelector views a LabelSelector.
func labelSelector(n kube.Node) selector {
	var s selector
	for k, v := range n.All() {
		switch k {
		case "matchLabels":
			s.labels = v
		case "matchExpressions":
			s.expressions = v
		}
	}
	return s
}

func (s selector) empty() bool { return s.labels.Len() == 0 && s.expressions.Len() == 0 }

// matches reports whether the labels are what is asked for.
func (s selector) matches(labels kube.Node) bool {
	for k, v := range s.labels.All() {
		if got := labels.Get(k); !got.Exists() || got.Text() != v.Text() {
			return false
		}
	}
	for _, e := range s.expressions.Items() {
		if !expressionMatches(e, labels) {
			return false
		}
	}
	return true
}

func expressionMatches(e, labels kube.Node) bool {
	got := labels.Get(e.Get("key").Str())
	switch e.Get("operator").Str() {
	case "In":
		return got.Exists() && holds(e.Get("values"), got.Text())
	case "NotIn":
		return !got.Exists() || !holds(e.Get("values"), got.Text())
	case "Exists":
		return got.Exists()
	case "DoesNotExist":
		return !got.Exists()
	}
	return true // an operator that is not known is for others to refuse
}

func holds(list kube.Node, s string) bool {
	for _, v := range list.Items() {
		if v.Text() == s {
			return true
		}
	}
	return false
}
