// Package check finds what Kubernetes would refuse or, worse, accept silently: two objects of one identity, a selector that
// matches no Pod, a Service that points at a port nobody serves. It looks at objects alone, whoever made them.
//
// Each check has a name and one line in the table (table.go), is a small function over one thing (the set, an object, a
// Pod template, a container), and reports a [Finding] by the path of the value that is meant. What the API server refuses, or
// what cannot work, is an error; all else is a warning. Nothing is known here of a cluster: what a set refers to and does
// not declare is worth a warning, unless [Options] says that it is there.
//
// Read this file, run.go (what is prepared for the checks, once for a set), pod.go (the view of Pod templates), then any check.
package check

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/starctl/starctl/kube"
)

// Severity says whether what was found stops the run.
type Severity uint8

const (
	Error   Severity = iota // Kubernetes refuses the object, or what it declares cannot work
	Warning                 // it is accepted, and probably not meant
)

func (s Severity) String() string { return [...]string{"error", "warning"}[s] }

// Finding is one thing that a check found.
type Finding struct {
	Check    string // the check's name, see [Names]
	Severity Severity
	Object   *kube.Object
	Path     kube.Path // of the value in Object; nil for the object as a whole
	Message  string    // what was found, what was expected
	Suggest  string    // the nearest name that exists
	Help     []string  // what to do, a line each
	Related  []Related // other places that matter
}

// Related is another place of a Finding and what is there.
type Related struct {
	Object *kube.Object
	Path   kube.Path
	Text   string
}

// String is the Finding on one line, without places.
func (f Finding) String() string {
	s := f.Object.String() + ": "
	if len(f.Path) > 0 {
		s += f.Path.String() + ": "
	}
	s += f.Message
	if f.Suggest != "" {
		s += ", did you mean " + strconv.Quote(f.Suggest) + "?"
	}
	return s + " [" + f.Check + "]"
}

// Options chooses what is checked. The zero value checks everything for the oldest release that starctl knows of.
type Options struct {
	Kubernetes string     // oldest release that the cluster runs, such as "1.34"; "" is [DefaultKubernetes]
	External   []External // what others declare
	Only       []string   // names of checks; nil is all
	Skip       []string   // names of checks that do not run
	Silenced   []Silence  // what the files say is meant so
}

// DefaultKubernetes is the release that is assumed where none is given.
const DefaultKubernetes = "1.33"

// External names an object that the set refers to and others declare. An empty Kind or Namespace, or "*" for any of the three,
// stands for all.
type External struct{ Kind, Namespace, Name string }

// Silence keeps quiet about what one check finds of one object; a nil Object is every object.
type Silence struct {
	Check  string
	Object *kube.Object
}

// All runs the checks over the set. Findings come in the order of the set's objects, those of one object in the order of
// the table.
func All(set *kube.Set, o Options) []Finding {
	r := newRun(set, o, table[:])
	r.every(func(c *check) bool { return o.runs(c.name) })
	slices.SortStableFunc(r.found, func(a, b *found) int { return cmp.Or(cmp.Compare(a.object, b.object), cmp.Compare(a.check, b.check)) })
	var list []Finding
	for _, f := range r.found {
		if !o.silences(&f.Finding) {
			list = append(list, f.Finding)
		}
	}
	return list
}

// runs reports whether a check is wanted at all: what is silenced for every object need not be looked for.
func (o *Options) runs(name string) bool {
	return (o.Only == nil || slices.Contains(o.Only, name)) && !slices.Contains(o.Skip, name) &&
		!slices.Contains(o.Silenced, Silence{Check: name})
}

func (o *Options) silences(f *Finding) bool {
	return slices.ContainsFunc(o.Silenced, func(s Silence) bool {
		return s.Check == f.Check && s.Object == f.Object
	})
}

// Names lists the checks in the table's order.
func Names() []string {
	var names []string
	for i := range table {
		names = append(names, table[i].name)
	}
	return names
}

// Doc says in a paragraph what the named check finds and why it matters; "" if there is no such check.
func Doc(name string) string {
	if c := named(name); c != nil {
		return c.doc
	}
	return ""
}

// Level is the severity of what the named check usually finds.
func Level(name string) Severity {
	if c := named(name); c != nil {
		return c.severity
	}
	return Error
}

func named(name string) *check {
	for i := range table {
		if table[i].name == name {
			return &table[i]
		}
	}
	return nil
}
