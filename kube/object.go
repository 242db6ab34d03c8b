// Package kube holds Kubernetes objects as values to read: a [Node] views any value without saying how it is stored, an
// [Object] is one with an identity, a [Set] all that one deploy file yields on one target. Nothing here knows Starlark or
// a cluster. Below it are the tables of Kubernetes' types (schema), the writers (encode) and the checks (check).
//
// Read node.go, then this file.
package kube

// Object is one Kubernetes object.
type Object struct {
	Node
	ID

	// Origin is whatever made the object; positions are asked of it by those who know what it is. May be nil.
	Origin any
}

// ID identifies an object in a cluster, whatever the version of its API.
type ID struct {
	Group, Version, Kind string
	Namespace, Name      string
}

// APIVersion is the group and version as objects write them.
func (id ID) APIVersion() string {
	if id.Group == "" {
		return id.Version
	}
	return id.Group + "/" + id.Version
}

// String names the object as people do: "Deployment shop/checkout".
func (id ID) String() string {
	switch {
	case id.Name == "":
		return id.Kind
	case id.Namespace == "":
		return id.Kind + " " + id.Name
	}
	return id.Kind + " " + id.Namespace + "/" + id.Name
}

// Identity is the ID without the version, in which two objects of a cluster always differ.
func (id ID) Identity() ID {
	id.Version = ""
	return id
}

// NewObject views n as an object; its identity is read from apiVersion, kind and metadata.
func NewObject(n Node, origin any) *Object {
	o := &Object{Node: n, Origin: origin}
	o.ID = Identify(n)
	return o
}

// Identify reads the identity of an object.
func Identify(n Node) ID {
	meta := n.Get("metadata")
	id := ID{Kind: n.Get("kind").Str(), Namespace: meta.Get("namespace").Str(), Name: meta.Get("name").Str()}
	id.Group, id.Version = SplitAPIVersion(n.Get("apiVersion").Str())
	return id
}

// SplitAPIVersion turns "apps/v1" into its group and version; "v1" has no group.
func SplitAPIVersion(s string) (group, version string) {
	for i := range len(s) {
		if s[i] == '/' {
			return s[:i], s[i+1:]
		}
	}
	return "", s
}

// Set is all the objects that one deploy file yields on one target, each identity once, in the order in which they were
// returned.
type Set struct {
	Name      string // DNS name that owns the objects in a cluster, such as shop.checkout
	Namespace string // where objects without a namespace go
	Objects   []*Object
}
