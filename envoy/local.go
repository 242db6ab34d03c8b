package envoy

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Listener is where the application reaches an upstream.
type Listener struct {
	Upstream string   // its name
	Host     string   // what the application dials: the address, or the upstream's name where one listener routes by Host
	Address  string   // that Envoy binds
	Port     int      // that Envoy binds
	Shared   bool     // other upstreams are behind the same address and port
	Aliases  []string // names that must lead to Address in the Pod's /etc/hosts
}

// HostPort is what the application dials, as host:port.
func (l Listener) HostPort() string { return net.JoinHostPort(l.Host, strconv.Itoa(l.Port)) }

// Listeners returns the listener of every upstream, in the order of Upstreams. Ports are assigned in that order, passing over
// those that another option takes; TCP knows no Host, so a TCP upstream has a listener of its own beside a shared one.
func (c Config) Listeners() []Listener {
	out := make([]Listener, len(c.Upstreams))
	taken := c.fixedPorts()
	next := cmp.Or(c.LocalPort, firstPort)
	if c.shared() {
		next = firstPort
	}
	for i := range c.Upstreams {
		u := &c.Upstreams[i]
		if c.behindShared(u) {
			out[i] = c.sharedListener(u)
			continue
		}
		port := u.LocalPort
		if port == 0 {
			for slices.Contains(taken, next) {
				next++
			}
			port = next
			next++
		}
		addr := cmp.Or(u.Address, c.address())
		out[i] = Listener{Upstream: u.Name, Host: addr, Address: addr, Port: port}
	}
	return out
}

func (c *Config) sharedListener(u *Upstream) Listener {
	return Listener{
		Upstream: u.Name, Host: u.Name, Address: c.address(), Port: c.sharedPort(), Shared: true,
		Aliases: []string{u.Name, u.Name + "." + c.namespaceOf(u)},
	}
}

// fixedPorts are the ports that no upstream can be assigned.
func (c *Config) fixedPorts() []int {
	taken := append(make([]int, 0, 8), c.adminPort(), c.readyPort())
	if c.shared() {
		taken = append(taken, c.sharedPort())
	}
	for i := range c.Upstreams {
		if p := c.Upstreams[i].LocalPort; p != 0 {
			taken = append(taken, p)
		}
	}
	return taken
}

// domains are the Hosts by which the shared listener knows u, a name of its own first.
func (c *Config) domains(u *Upstream) []string {
	ns := u.Name + "." + c.namespaceOf(u)
	full := ns + "." + serviceZone
	d := []string{u.Name, ns, ns + ".svc", full, full + "."}
	if u.Host != "" && u.Host != u.Name {
		d = append(d, u.Host)
	}
	return d
}

func (c *Config) shared() bool { return c.Listen == Shared }

func (c *Config) behindShared(u *Upstream) bool { return c.shared() && u.protocol() != TCP }

func (c *Config) address() string { return cmp.Or(c.Address, loopback) }

func (c *Config) sharedPort() int { return cmp.Or(c.LocalPort, sharedPort) }

func (c *Config) adminPort() int { return cmp.Or(c.AdminPort, adminPort) }

func (c *Config) readyPort() int { return cmp.Or(c.ReadyPort, readyPort) }

func (c *Config) namespaceOf(u *Upstream) string {
	return cmp.Or(u.Namespace, c.Namespace, "default")
}

func (u *Upstream) protocol() string { return cmp.Or(u.Protocol, GRPC) }

func (u *Upstream) discovery() string {
	if u.Discovery == "" && len(u.Addresses) > 0 {
		return Static
	}
	return cmp.Or(u.Discovery, DNS)
}

// dnsName is what Envoy resolves: a headless Service's Pods, or the host.
func (c *Config) dnsName(u *Upstream) string {
	if u.Host != "" {
		return u.Host
	}
	return cmp.Or(u.Service, u.Name) + "." + c.namespaceOf(u) + "." + serviceZone
}

// authority is the Host that endpoints see. The application would send 127.0.0.1:10001, which tells a server, its logs and
// its virtual hosts nothing; the full name is right in every namespace.
func (c *Config) authority(u *Upstream) string {
	switch {
	case u.Authority != "":
		return u.Authority
	case u.discovery() == Static:
		return u.Name
	}
	return strings.TrimSuffix(c.dnsName(u), ".")
}
