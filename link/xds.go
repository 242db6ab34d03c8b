package link

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
)

// xdsAddress gives a configuration the xDS server that the variables of its sidecars name. A bootstrap cannot read variables,
// so they are read here; the sidecars keep them.
func (l *linker) xdsAddress(c *config) {
	first, address, broken := (*pod)(nil), "", false
	for _, p := range c.users {
		got := p.xdsVariables()
		broken = broken || p.broken
		switch {
		case got == "":
		case first == nil:
			first, address = p, got
		case got != address:
			d := p.fail(p.at("container", "env"), nil, "its xDS server is %s, but ConfigMap %s also configures %s with %s", got, c.name, first.object.ID, address)
			d.Related = append(d.Related, l.related(first.at("container", "env"), "configured here"))
			d.Help = []string{"give each a ConfigMap of its own"}
		}
	}
	if broken || address == "" {
		address = net.JoinHostPort(asked.DefaultHost, asked.DefaultPort) // after a mistake, so that nothing more is said
	}
	switch x := c.envoy.XDS; {
	case broken && x == nil:
	case x == nil && first == nil:
	case x == nil:
		c.envoy.XDS = &envoy.XDS{Address: address}
	case x.Address == "":
		if first == nil && !broken {
			l.noXDSAddress(c)
		}
		c.envoy.XDS = &envoy.XDS{Address: address, TLS: x.TLS}
	case first != nil && x.Address != address:
		d := first.fail(first.at("container", "env"), nil, "its variables name the xDS server %s, and ConfigMap %s another: %s", address, c.name, x.Address)
		d.Related = append(d.Related, l.related(c.place("xds"), "configured here"))
		d.Help = []string{"take the variables away, or write xds = envoy.xds() there"}
	}
}

func (l *linker) noXDSAddress(c *config) {
	d := l.fail(c.place("xds"), c.ID.String(), "nobody says where the xDS server is")
	d.Path = "xds"
	d.Help = []string{
		fmt.Sprintf("write envoy.xds(%q)", "rotor.default:"+asked.DefaultPort),
		fmt.Sprintf(`or give its sidecar the variable: container = {"env": [{"name": %q, "value": "rotor.default"}]}`, asked.XDSHost),
	}
}

// xdsVariables is the host:port that a sidecar's variables name, "" if there are none.
func (p *pod) xdsVariables() string {
	if p.sidecar.Container == nil {
		return ""
	}
	env := typed.Node(p.sidecar.Container).Get("env")
	host, hasHost := p.plainVariable(env, asked.XDSHost)
	port, hasPort := p.plainVariable(env, asked.XDSPort)
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
		p.fail(p.at("container", "env"), nil, "%s: got %q, want a port, 1 to 65535", asked.XDSPort, port)
	}
	if _, err := netip.ParseAddr(host); err != nil && strings.ContainsAny(host, ":/ ") {
		p.fail(p.at("container", "env"), nil, "%s: got %q, want a DNS name or an IP address", asked.XDSHost, host)
	}
	if p.broken || !hasHost && !hasPort {
		return ""
	}
	return net.JoinHostPort(cmp.Or(host, asked.DefaultHost), cmp.Or(port, asked.DefaultPort))
}

// plainVariable is the value of a variable, which must be written where it is.
func (p *pod) plainVariable(env kube.Node, name string) (value string, found bool) {
	for _, v := range env.Items() {
		if v.Get("name").Str() != name {
			continue
		}
		if v.Get("valueFrom").Exists() {
			d := p.fail(p.at("container", "env"), nil, "%s comes from elsewhere, but the configuration that it goes into is written now: Envoy reads no variables", name)
			d.Help = []string{fmt.Sprintf(`write {"name": %q, "value": ...}`, name)}
		}
		return v.Get("value").Str(), true
	}
	return "", false
}
