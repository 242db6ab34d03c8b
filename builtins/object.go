package builtins

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// nameLabel is the recommended label that names an application; workloads are selected by it.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
const nameLabel = "app.kubernetes.io/name"

// The first sections of every object's form.
const (
	theObject = iota
	theMetadata
	theSpec // where there is one
)

// newObjectForm starts the form of a namespaced object: its name, namespace, labels and annotations.
func newObjectForm(name, typ string) *form {
	f := newClusterForm(name, typ)
	return f.shape(theMetadata, "namespace")
}

// newClusterForm starts the form of an object that belongs to no namespace.
func newClusterForm(name, typ string) *form {
	f := newForm(name, typ, 1, "name")
	f.object = true
	f.inside(theObject, "metadata")
	return f.shape(theMetadata, "labels", "annotations")
}

// metadata sets name, namespace and annotations.
func (c *call) metadata() *typed.Record {
	meta := c.record(theMetadata)
	if v := c.arg("name"); v != nil { // else it was to be that of a workload: see nameAfter
		c.set(theMetadata, "name", v, "name")
	}
	if v := c.arg("namespace"); v != nil {
		c.setNamespace(v)
	}
	if v := c.arg("annotations"); v != nil {
		c.set(theMetadata, "annotations", v, "annotations")
	}
	return meta
}

func (c *call) setNamespace(v starlark.Value) {
	name, err := reference(v, "Namespace")
	if err != nil {
		c.mistake(theMetadata, kube.Fields("namespace"), err, "namespace")
		return
	}
	put(c.record(theMetadata), "namespace", name)
}

// plainMetadata sets the labels as they are given, besides the rest of the metadata.
func (c *call) plainMetadata() {
	c.metadata()
	if v := c.arg("labels"); v != nil {
		c.set(theMetadata, "labels", v, "labels")
	}
}

// kindOf says what a value is: the kind of an object, else its type.
func kindOf(v starlark.Value) string {
	if r, ok := v.(*typed.Record); ok {
		return r.Schema().Short()
	}
	return typed.Describe(v)
}

// nameAfter gives the object the name of a workload, if it was given none, and the namespace that it was given.
func (c *call) nameAfter(workload *typed.Record) {
	if workload != nil && c.lacks("namespace") {
		if ns := workload.ID().Namespace; ns != "" {
			c.give("namespace", starlark.String(ns))
		}
	}
	switch {
	case c.arg("name") != nil:
	case workload != nil:
		if name, err := nameOf(workload); err == nil {
			c.give("name", name)
		} else if meta, ok := workload.Get("metadata").(*typed.Record); ok && meta.Poisoned() {
			c.record(theMetadata).Poison()
		} else {
			c.mistake(theMetadata, kube.Fields("name"), fmt.Errorf("%s needs a name: %w", c.name, err))
		}
	case c.arg("workload") != nil: // of the wrong kind, which is reported
		c.record(theMetadata).Poison()
	default:
		c.lack("name")
	}
}

// objectIn returns the object in a shaped keyword; it must be of one of the kinds.
func (c *call) objectIn(keyword string, kinds ...string) *typed.Record {
	v := c.arg(keyword)
	if v == nil {
		return nil
	}
	if r, ok := v.(*typed.Record); ok && slices.Contains(kinds, r.Schema().Kind) {
		return r
	}
	c.misuse(keyword, fmt.Errorf("got %s, want %s", kindOf(v), oneOf(kinds)))
	return nil
}

// reference returns the name in v: a string, or the metadata.name of an object of one of the kinds.
func reference(v starlark.Value, kinds ...string) (starlark.String, error) {
	switch v := v.(type) {
	case starlark.String:
		if v == "" {
			return "", fmt.Errorf("got an empty string, want the name of %s", oneOf(kinds))
		}
		return v, nil
	case *typed.Record:
		if slices.Contains(kinds, v.Schema().Kind) {
			return nameOf(v)
		}
	}
	return "", fmt.Errorf("got %s, want %s", kindOf(v), orItsName(kinds))
}

// nameOf returns the metadata.name of an object.
func nameOf(r *typed.Record) (starlark.String, error) {
	if name := typed.Node(r).Get("metadata", "name").Str(); name != "" {
		return starlark.String(name), nil
	}
	return "", fmt.Errorf("the %s has no metadata.name yet", r.Schema().Kind)
}

// oneOf writes "a Service", "a Role or ClusterRole", "a Deployment, StatefulSet or Job".
func oneOf(kinds []string) string {
	article := "a "
	if strings.ContainsRune("AEIOU", rune(kinds[0][0])) {
		article = "an "
	}
	last := len(kinds) - 1
	if last == 0 {
		return article + kinds[0]
	}
	return article + strings.Join(kinds[:last], ", ") + " or " + kinds[last]
}

// orItsName writes "a Service or its name", "a Role or ClusterRole, or its name".
func orItsName(kinds []string) string {
	if len(kinds) == 1 {
		return oneOf(kinds) + " or its name"
	}
	return oneOf(kinds) + ", or its name"
}

// size is how many items a collection has, as far as it knows.
func size(v starlark.Value) int { return max(0, starlark.Len(v)) }

// pairs yields the items of a dict, Starlark's own or one with checked values, in order.
func pairs(v starlark.Value) (iter.Seq2[starlark.Value, starlark.Value], bool) {
	switch v := v.(type) {
	case *starlark.Dict:
		return v.Entries(), true
	case starlark.IterableMapping:
		return func(yield func(k, x starlark.Value) bool) {
			for _, item := range v.Items() {
				if !yield(item[0], item[1]) {
					return
				}
			}
		}, true
	}
	return nil, false
}

// asWorkload returns an object that has Pods.
func asWorkload(v starlark.Value) (*typed.Record, error) {
	if r, ok := v.(*typed.Record); ok && slices.Contains(workloadKinds, r.Schema().Kind) {
		return r, nil
	}
	return nil, fmt.Errorf("got %s, want %s", kindOf(v), oneOf(workloadKinds))
}

// oneOfStrings is the error of a value that is none of those that are allowed.
func oneOfStrings(got starlark.Value, want ...string) error {
	quoted := make([]string, len(want))
	for i, w := range want {
		quoted[i] = strconv.Quote(w)
	}
	last := len(quoted) - 1
	list := strings.Join(quoted[:last], ", ") + " or " + quoted[last]
	s, ok := got.(starlark.String)
	if !ok {
		return fmt.Errorf("got %s, want %s", kindOf(got), list)
	}
	return &typed.Error{Err: fmt.Errorf("got %s, want %s", s, list), Suggest: diag.Nearest(string(s), want)}
}
