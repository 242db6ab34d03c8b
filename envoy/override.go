package envoy

import (
	"slices"
	"strconv"

	"github.com/starctl/starctl/kube"
)

// overridable are the messages of an upstream that its overrides can change.
var overridable = []string{"cluster", "listener", "http_connection_manager", "tcp_proxy", "virtual_host", "route"}

// override is what the upstream's overrides say about one of its messages.
func (u *Upstream) override(message string) kube.Node {
	if !u.Overrides.Exists() {
		return kube.Node{}
	}
	return u.Overrides.Get(message)
}

func (c *Config) checkOverrides(p *problems, u *Upstream) {
	if !u.Overrides.Exists() {
		return
	}
	if !u.Overrides.IsMapping() {
		p.add("overrides", "got %v, want a dict", u.Overrides.Kind())
		return
	}
	for name, value := range u.Overrides.All() {
		p.oneOf("overrides", name, overridable...)
		if !value.IsMapping() {
			p.add("overrides."+name, "got %v, want a dict of Envoy's fields", value.Kind())
		}
		switch {
		case name == "tcp_proxy" && u.protocol() != TCP,
			u.protocol() == TCP && (name == "http_connection_manager" || name == "virtual_host" || name == "route"):
			p.add("overrides."+name, "protocol = %q has none", u.protocol())
		case c.behindShared(u) && (name == "listener" || name == "http_connection_manager"):
			p.add("overrides."+name, `contradicts listen = "shared", where it belongs to all upstreams`)
		}
	}
}

// Merge lays over on top of base, as overrides do: messages field by field, null takes a field away, anything else replaces it.
func Merge(base, over kube.Node) kube.Node { return merge(base, over) }

// merge lays over on top of base: messages field by field, null takes a field away, anything else replaces it.
func merge(base, over kube.Node) kube.Node {
	if !over.Exists() {
		return base
	}
	if !base.IsMapping() || !over.IsMapping() {
		return over
	}
	out := make(kube.Pairs, 0, base.Len()+over.Len())
	for key, value := range base.All() {
		if o := over.Get(key); o.Kind() == kube.Null {
			continue
		} else {
			out = append(out, field(key, merge(value, o)))
		}
	}
	for key, value := range over.All() {
		if !base.Get(key).Exists() && value.Kind() != kube.Null {
			out = append(out, field(key, value))
		}
	}
	return kube.OfMap(out)
}

// size is about how many bytes n takes as YAML; 0 where that cannot come near the limit, as an upstream takes 6 KB.
func (c *Config) size(n kube.Node) int {
	if len(c.Upstreams) < 64 && !c.overrides() {
		return 0
	}
	return textSize(n, 0)
}

func (c *Config) overrides() bool {
	return c.Overrides.Exists() || slices.ContainsFunc(c.Upstreams, func(u Upstream) bool { return u.Overrides.Exists() })
}

// textSize is about how many bytes n takes as YAML.
func textSize(n kube.Node, indent int) int {
	size := 0
	switch {
	case n.IsMapping():
		for key, value := range n.All() {
			size += indent + len(key) + 2 + textSize(value, indent+2)
		}
	case n.Kind() == kube.List:
		for _, value := range n.Items() {
			size += 2 + textSize(value, indent+2)
		}
	default:
		return len(n.Text()) + 1
	}
	return size
}

func sizeMessage(size, upstreams int) string {
	return "got " + strconv.Itoa(size>>10) + " KiB for " + strconv.Itoa(upstreams) + " upstreams, want less than 1 MiB, which is all a ConfigMap holds"
}
