package envoy

import (
	"slices"
	"strconv"

	"github.com/starctl/starctl/envoy/api"
	"github.com/starctl/starctl/kube"
)

// overridable are the messages of an upstream that its overrides can change, and their names in Envoy's API.
var overridable = []struct{ name, message string }{
	{"cluster", "envoy.config.cluster.v3.Cluster"},
	{"listener", "envoy.config.listener.v3.Listener"},
	{"http_connection_manager", connectionManagerType},
	{"tcp_proxy", tcpProxyType},
	{"virtual_host", "envoy.config.route.v3.VirtualHost"},
	{"route", "envoy.config.route.v3.Route"},
}

const bootstrapType = "envoy.config.bootstrap.v3.Bootstrap"

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
		at := "overrides." + name
		switch {
		case name == "tcp_proxy" && u.protocol() != TCP,
			u.protocol() == TCP && (name == "http_connection_manager" || name == "virtual_host" || name == "route"):
			p.add(at, "protocol = %q has none", u.protocol())
		case c.behindShared(u) && (name == "listener" || name == "http_connection_manager"):
			p.add(at, `contradicts listen = "shared", where it belongs to all upstreams`)
		default:
			p.override(name, value)
		}
	}
}

// override checks one message of an upstream's overrides against Envoy's API.
func (p *problems) override(name string, value kube.Node) {
	names := make([]string, len(overridable))
	for i, o := range overridable {
		if names[i] = o.name; o.name != name {
			continue
		}
		if !value.IsMapping() {
			p.add("overrides."+name, "got %v, want a dict of Envoy's fields", value.Kind())
			return
		}
		p.envoyAPI("overrides."+name+".", o.message, value)
		return
	}
	p.oneOf("overrides", name, names...)
}

// envoyAPI notes what Envoy's API does not allow in what is laid over a message.
func (p *problems) envoyAPI(prefix, message string, n kube.Node) {
	for _, m := range api.Check(message, n) {
		p.add(prefix+m.Path.String(), "%s", m.Message).Suggest = m.Suggest
	}
}

// Merge lays over on top of base, as overrides do: messages field by field, null takes a field away, anything else replaces it.
func Merge(base, over kube.Node) kube.Node {
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
			out = append(out, field(key, Merge(value, o)))
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

// textSize is how many bytes n takes as block YAML indented by indent, but for quotes.
func textSize(n kube.Node, indent int) int {
	size := 0
	switch {
	case n.IsMapping():
		for key, value := range n.All() {
			inner := indent + 2
			if value.Kind() == kube.List {
				inner = indent // the dashes stand below the key
			}
			size += indent + len(key) + len(": ") + textSize(value, inner)
		}
	case n.Kind() == kube.List:
		for _, item := range n.Items() {
			if item.Collection() == nil {
				size += indent + len("- ")
			}
			size += textSize(item, indent+2)
		}
	default:
		size = len(n.Text()) + len("\n")
	}
	return size
}

// sizeMessage says how far it is from what a ConfigMap holds, and what would help.
func (c *Config) sizeMessage(size int) string {
	s := "got " + strconv.Itoa(size>>10) + " KiB for " + strconv.Itoa(len(c.Upstreams)) + " upstreams, want less than 1024 KiB, which is all a ConfigMap holds"
	if !c.shared() {
		s += `; listen = "shared" needs less`
	}
	return s
}
