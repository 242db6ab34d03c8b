package plan

import (
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
)

// allocatedText stands for an address or a port that a server gives to a Service by itself. A dry run answers with some other one than the
// write will, and each dry run with another.
const allocatedText = "(allocated by the server)"

// withAllocated is what a Service becomes, with addresses and ports as allocatedText that it did not have and nobody has set.
func withAllocated(live, result kube.Node) kube.Node {
	var owners []kube.Node
	for _, e := range result.Get("metadata", "managedFields").Items() {
		owners = append(owners, e.Get("fieldsV1", "f:spec"))
	}
	spec, old := result.Get("spec"), live.Get("spec")
	for _, name := range [...]string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
		spec = allocated(old, spec, name, owners)
	}
	if ports := spec.Get("ports"); ports.Kind() == kube.List {
		spec = with(spec, "ports", allocatedPorts(old.Get("ports"), ports, owners))
	}
	return with(result, "spec", spec)
}

// allocated is a mapping with allocatedText for a field that is new in it, or other than it was, and that nobody owns.
func allocated(old, now kube.Node, name string, owners []kube.Node) kube.Node {
	v, was := now.Get(name), old.Get(name)
	if !v.Exists() || slices.ContainsFunc(owners, func(f kube.Node) bool { return f.Get("f:" + name).Exists() }) {
		return now
	}
	if v.Kind() != kube.List {
		if kube.Equal(v, was) {
			return now
		}
		return with(now, name, kube.OfString(allocatedText))
	}
	before, list := elems(was), elems(v)
	for i := range list {
		if list[i].Str() != "None" && (i >= len(before) || !kube.Equal(before[i], list[i])) {
			list[i] = kube.OfString(allocatedText)
		}
	}
	return with(now, name, kube.OfList(kube.Elems(list)))
}

func allocatedPorts(old, ports kube.Node, owners []kube.Node) kube.Node {
	const keys = "port,protocol"
	list := elems(ports)
	for i, port := range list {
		var mine []kube.Node
		for _, f := range owners {
			for k, v := range f.Get("f:ports").All() {
				if ownsItem(k, port) {
					mine = append(mine, v)
				}
			}
		}
		var was kube.Node
		for _, o := range old.Items() {
			if fullKey(o, keys) == fullKey(port, keys) {
				was = o
			}
		}
		list[i] = allocated(was, port, "nodePort", mine)
	}
	return kube.OfList(kube.Elems(list))
}

// ownsItem reports whether a key of managedFields leads to an item of a list.
func ownsItem(key string, item kube.Node) bool {
	text, ok := strings.CutPrefix(key, "k:")
	if !ok {
		return false
	}
	n, err := decode.JSON([]byte(text))
	return err == nil && itemKey{fields: n}.matches(item, true)
}
