package kube

import (
	"strconv"
	"strings"
)

// Step is one step into a value: a field or key by name, or an item of a list by its index and, where the API names the
// items of that list, by its key as well.
type Step struct {
	Name  string // of a field; of a map's key if InMap; the list-map key's value if Index >= 0
	Index int    // of an item, else -1
	InMap bool
}

// Path leads from an object to one of its values.
type Path []Step

// Field, Key and Item make steps.
func Field(name string) Step { return Step{Name: name, Index: -1} }

// Key is a step into a map.
func Key(key string) Step { return Step{Name: key, Index: -1, InMap: true} }

// Item is a step into a list; key is the item's identity, or "" where it has none.
func Item(i int, key string) Step { return Step{Name: key, Index: i} }

// Fields is a path of fields only: Fields("spec", "template").
func Fields(names ...string) Path {
	p := make(Path, len(names))
	for i, n := range names {
		p[i] = Field(n)
	}
	return p
}

// With returns the path with more steps, sharing nothing with p.
func (p Path) With(steps ...Step) Path {
	return append(p[:len(p):len(p)], steps...)
}

// String writes the path as people do: spec.containers["app"].env["PORT"].value, metadata.labels["a/b"], args[2].
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.Index >= 0 && s.Name == "":
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case s.Index >= 0 || s.InMap:
			b.WriteString("[" + strconv.Quote(s.Name) + "]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		}
	}
	return b.String()
}
