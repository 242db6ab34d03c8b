package decode

import (
	"strconv"

	"github.com/starctl/starctl/kube"
)

// doc is a decoded text: entries of one collection lie side by side.
type doc struct {
	text    string
	entries []entry
	colls   []coll
}

// entry is a value and, in a mapping, its key. Texts are given by where they lie: off and n of a scalar's own, key and the
// upper 24 bits of what of its key's. A Bool's n is 1 if it is true; a collection's off is its place among the colls.
type entry struct {
	key, off, n uint32
	what        uint32 // the kube.Kind and, times 256, the key's length
}

// coll is a collection: n entries from first on.
type coll struct {
	doc      *doc
	first, n uint32
}

func (d *doc) node(e *entry) kube.Node {
	switch kube.Kind(e.what & 0xff) {
	case kube.String:
		return kube.OfString(d.text[e.off : e.off+e.n])
	case kube.Bool:
		return kube.OfBool(e.n != 0)
	case kube.Int:
		digits := d.text[e.off : e.off+e.n]
		i, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return kube.OfBig(digits)
		}
		return kube.OfInt(i)
	case kube.Float:
		f, _ := strconv.ParseFloat(d.text[e.off:e.off+e.n], 64) // beyond its range: ±Inf
		return kube.OfFloat(f)
	case kube.List:
		return kube.OfList(&d.colls[e.off])
	case kube.Map:
		return kube.OfMap(&d.colls[e.off])
	}
	return kube.OfNull()
}

// Len and At make a coll a kube.Collection.
func (c *coll) Len() int { return int(c.n) }

func (c *coll) At(i int) (string, kube.Node) {
	e := &c.doc.entries[int(c.first)+i]
	return c.doc.text[e.key : e.key+e.what>>8], c.doc.node(e)
}

// Find makes it a kube.Finder.
func (c *coll) Find(key string) kube.Node {
	for i := c.first; i < c.first+c.n; i++ {
		e := &c.doc.entries[i]
		if n := e.what >> 8; int(n) == len(key) && c.doc.text[e.key:e.key+n] == key {
			return c.doc.node(e)
		}
	}
	return kube.Node{}
}
