package plan

import (
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// Definition is what a CustomResourceDefinition says of one version of its kind: what is needed to predict what becomes of a custom resource
// while the server does not know the definition yet.
type Definition struct {
	typ    *schema.Type
	schema kube.Node
}

// Define reads a version of a CustomResourceDefinition; nil if there is none of that name, or it cannot be read.
func Define(crd kube.Node, version string) *Definition {
	c, err := schema.FromCRD(crd)
	if err != nil {
		return nil
	}
	for _, v := range crd.Get("spec", "versions").Items() {
		for i := range c.Versions {
			if name := v.Get("name").Str(); name == version && name == c.Versions[i].Name {
				return &Definition{c.Versions[i].Type(), v.Get("schema", "openAPIV3Schema")}
			}
		}
	}
	return nil
}

// Merged is the function Merged, with the definition's defaults and merge keys. Of a nil Definition it is just that.
func (d *Definition) Merged(live, desired kube.Node) kube.Node {
	if d == nil || !live.Exists() {
		return Merged(live, desired)
	}
	merged := mergedValue(live, filled(desired, d.schema, true), d.typ)
	return filled(merged, d.schema, false)
}

// filled is a value with the defaults of its OpenAPI schema, or only with those of the fields that identify items of lists.
func filled(n, s kube.Node, keys bool) kube.Node {
	switch {
	case n.IsMapping():
		if !keys {
			n = withDefaults(n, s)
		}
		for k, v := range n.All() {
			sub := s.Get("properties", k)
			if !sub.Exists() {
				sub = s.Get("additionalProperties")
			}
			if v.Kind() >= kube.List && sub.IsMapping() {
				n = with(n, k, filled(v, sub, keys))
			}
		}
	case n.Kind() == kube.List:
		items := s.Get("items")
		list := elems(n)
		for i := range list {
			for _, key := range s.Get("x-kubernetes-list-map-keys").Items() {
				list[i] = withDefault(list[i], key.Str(), items.Get("properties", key.Str(), "default"))
			}
			list[i] = filled(list[i], items, keys)
		}
		return kube.OfList(kube.Elems(list))
	}
	return n
}

func withDefaults(n, s kube.Node) kube.Node {
	for k, p := range s.Get("properties").All() {
		n = withDefault(n, k, p.Get("default"))
	}
	return n
}

func withDefault(n kube.Node, key string, v kube.Node) kube.Node {
	if !n.IsMapping() || n.Get(key).Exists() || !v.Exists() {
		return n
	}
	return with(n, key, v)
}
