package plan

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// Comparer compares live objects with what becomes of them, for people: without noise of the server, Secrets as digests, and
// the Envoy configuration inside a ConfigMap as structure.
type Comparer struct{ key [32]byte }

// NewComparer returns a Comparer with a random key: its digests tell that a value changes, not which it is, and nobody can
// try out guesses.
func NewComparer() *Comparer {
	c := &Comparer{}
	rand.Read(c.key[:]) // never fails
	return c
}

// Compare returns what is different between a live object and what the server makes of it. If either is Absent, that is
// nothing. What only a server writes is passed over, as is the version in which the two were read; what it allocates is only said to be
// allocated.
func (c *Comparer) Compare(live, result kube.Node) []Change {
	if !live.Exists() || !result.Exists() {
		return nil
	}
	t := typeOf(result)
	if t == nil {
		t = typeOf(live)
	}
	secret, config := isKind(live, result, "Secret"), isKind(live, result, "ConfigMap")
	if isKind(live, result, "Service") {
		result = withAllocated(live, result)
	}
	old, new := withoutVersion(Clean(live)), withoutVersion(Clean(result))
	if secret {
		id := kube.Identify(result)
		old, new = c.digests(id, old), c.digests(id, new)
	}
	d := differ{named: true}
	d.node(nil, old, new, t)
	if !config {
		return d.changes
	}
	var list []Change
	for _, ch := range d.changes {
		list = append(list, insideEnvoy(ch)...)
	}
	return list
}

// SameChanges reports whether two lists of changes are the same, values as well. Both must come from one Comparer.
func SameChanges(a, b []Change) bool {
	return slices.EqualFunc(a, b, func(x, y Change) bool {
		return x.Path.String() == y.Path.String() && kube.Equal(x.Old, y.Old) && kube.Equal(x.New, y.New) && x.Order == y.Order
	})
}

// isKind reports whether either object says that it is of a kind of the core API; items of a list do not say it.
func isKind(a, b kube.Node, kind string) bool {
	for _, n := range [...]kube.Node{a, b} {
		if n.Get("kind").Str() == kind && n.Get("apiVersion").Str() == "v1" {
			return true
		}
	}
	return false
}

func withoutVersion(n kube.Node) kube.Node {
	return with(with(n, "apiVersion", kube.Node{}), "kind", kube.Node{})
}

// Digested returns an object in which each value of a Secret is a digest. Any other object comes back as it is.
func (c *Comparer) Digested(n kube.Node) kube.Node {
	if !isSecret(n) {
		return n
	}
	return c.digests(kube.Identify(n), n)
}

func (c *Comparer) digests(id kube.ID, n kube.Node) kube.Node {
	for _, field := range [...]string{"data", "stringData"} {
		values := n.Get(field)
		if !values.IsMapping() {
			continue
		}
		list := make(kube.Pairs, 0, values.Len())
		for k, v := range values.All() {
			list = append(list, kube.Pair{Key: k, Value: kube.OfString(c.digest(id, k, v.Text(), field == "data"))})
		}
		n = with(n, field, kube.OfMap(list))
	}
	return n
}

// digest is different for equal values in different places, so that it does not tell where a password is used twice.
func (c *Comparer) digest(id kube.ID, key, value string, encoded bool) string {
	if encoded {
		if b, err := base64.StdEncoding.DecodeString(value); err == nil {
			value = string(b)
		}
	}
	h := hmac.New(sha256.New, c.key[:])
	for _, s := range [...]string{id.Namespace, id.Name, key, value} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return "(secret, digest " + hex.EncodeToString(h.Sum(nil)[:4]) + ")"
}

// Merged predicts, without a server, what live becomes when desired is applied: what desired sets, over what is there. What
// was set before and no longer is stays in it.
func Merged(live, desired kube.Node) kube.Node {
	if !live.Exists() {
		return desired
	}
	return mergedValue(live, desired, typeOf(desired))
}

func mergedValue(live, desired kube.Node, t *schema.Type) kube.Node {
	switch {
	case live.IsMapping() && desired.IsMapping() && merge(t) != schema.Atomic:
		for k, v := range desired.All() {
			_, sub := inside(t, k)
			live = with(live, k, mergedValue(live.Get(k), v, sub))
		}
		return live
	case live.Kind() == kube.List && desired.Kind() == kube.List && t != nil && t.Kind == schema.List && t.Merge != schema.Atomic:
		return mergedList(live, desired, t)
	}
	return desired
}

// mergedList comes in the order of a server (sigs.k8s.io/structured-merge-diff, typed.mergingWalker): what both hold as in desired, what only
// live holds before whatever it came before.
func mergedList(live, desired kube.Node, t *schema.Type) kube.Node {
	old, now := elems(live), elems(desired)
	in := func(list []kube.Node, v kube.Node) int {
		return slices.IndexFunc(list, func(o kube.Node) bool { return sameItem(o, v, t) })
	}
	var shared []int // indexes of desired items that live holds, as far as they are not written
	for j := range now {
		if in(old, now[j]) >= 0 {
			shared = append(shared, j)
		}
	}
	var out kube.Elems
	for i, j := 0, 0; i < len(old) || j < len(now); {
		k := -1 // where the next live item is in desired
		if i < len(old) {
			k = in(now, old[i])
		}
		switch {
		case i < len(old) && k < 0:
			out = append(out, old[i])
			i++
			continue
		case i < len(old) && (k < j || len(shared) > 0 && k != shared[0]): // written already, or later
			i++
			continue
		case len(shared) > 0 && shared[0] == j:
			out = append(out, mergedValue(old[in(old, now[j])], now[j], t.Elem))
			shared = shared[1:]
		default:
			out = append(out, now[j])
		}
		j++
	}
	return kube.OfList(out)
}

func sameItem(a, b kube.Node, t *schema.Type) bool {
	if t.Merge == schema.BySet {
		return kube.Equal(a, b)
	}
	return fullKey(a, t.Keys) == fullKey(b, t.Keys)
}
