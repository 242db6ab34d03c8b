package envoy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate returns every mistake of c: those of the Config, then those of each upstream.
func Validate(c Config) []Problem { return c.validate(c.Listeners()) }

func (c *Config) validate(listeners []Listener) []Problem {
	p := &problems{at: -1}
	c.check(p)
	for i := range c.Upstreams {
		p.at = i
		c.checkUpstream(p, &c.Upstreams[i])
	}
	c.checkNames(p)
	c.checkSockets(p, listeners)
	return p.list
}

// ValidateUpstream returns the mistakes that u has in whatever Config it is used. Its Port may be found later.
func ValidateUpstream(u Upstream) []Problem {
	p := &problems{}
	if u.Port == 0 {
		u.Port = 1
	}
	c := &Config{XDS: &XDS{}}
	c.checkUpstream(p, &u)
	return p.list
}

func (c *Config) check(p *problems) {
	if c.App == "" {
		p.add("app", "got nothing, want the application's name")
	}
	if c.Namespace != "" && !isLabel(c.Namespace) {
		p.add("namespace", "got %q, want the name of a namespace: lower-case letters, digits and -", c.Namespace)
	}
	p.oneOf("listen", c.Listen, PerUpstream, Shared)
	p.oneOf("stats", c.Stats, StatsDefault, StatsAll)
	p.oneOf("dns_lookup_family", c.DNSLookupFamily, lookupFamilies...)
	checkIP(p, "address", c.Address)
	p.localPort("local_port", c.LocalPort)
	p.localPort("admin_port", c.AdminPort)
	p.localPort("ready_port", c.ReadyPort)
	if _, err := parseVersion(c.Envoy); err != nil {
		p.add("image", "%v", err)
	}
	c.checkAccessLog(p)
	c.checkTracing(p)
	c.checkXDS(p)
	if c.Overrides.Exists() && !c.Overrides.IsMapping() {
		p.add("overrides", "got %v, want a dict", c.Overrides.Kind())
	} else if c.Overrides.Exists() {
		p.envoyAPI("overrides.", bootstrapType, c.Overrides)
	}
}

func (c *Config) checkUpstream(p *problems, u *Upstream) {
	if !isLabel(u.Name) {
		p.add("name", "got %q, want a name of lower-case letters, digits and -, at most 63", u.Name)
	}
	p.oneOf("protocol", u.Protocol, GRPC, HTTP2, HTTP, TCP)
	p.oneOf("discovery", u.Discovery, DNS, Static, EDS)
	p.oneOf("lb", u.LB, balancers...)
	c.checkEndpoints(p, u)
	c.checkLocal(p, u)
	p.duration("connect_timeout", u.ConnectTimeout, longestConnect)
	p.timeout("timeout", u.Timeout)
	p.timeout("idle_timeout", u.IdleTimeout)
	p.timeout("keep_alive", u.KeepAlive)
	c.checkProtocolOptions(p, u)
	u.checkRetries(p)
	u.checkLimits(p)
	u.checkHealth(p)
	u.checkTLS(p)
	c.checkFailover(p, u)
	c.checkOverrides(p, u)
}

// checkEndpoints looks at what says where the upstream is, and that only one thing does.
func (c *Config) checkEndpoints(p *problems, u *Upstream) {
	if u.Port == 0 && !u.addressesHavePorts() {
		p.add("port", "got nothing, want the port that the Pods listen on")
	}
	p.between("port", u.Port, 1, 65535)
	if u.Service != "" && !isLabel(u.Service) {
		p.add("service", "got %q, want the name of a Service", u.Service)
	}
	if u.Namespace != "" && !isLabel(u.Namespace) {
		p.add("namespace", "got %q, want the name of a namespace", u.Namespace)
	}
	checkHost(p, "host", u.Host)
	u.checkAddresses(p)
	switch u.discovery() {
	case DNS:
		if len(u.Addresses) > 0 {
			p.add("addresses", `contradicts discovery = "dns", which asks for addresses`)
		}
		u.checkOneSource(p)
	case Static:
		if len(u.Addresses) == 0 && u.Discovery == Static {
			p.add("addresses", `got nothing, want the IP addresses that discovery = "static" stands for`)
		}
		u.contradicts(p, "addresses")
	case EDS:
		if c.XDS == nil {
			p.add("discovery", `"eds" needs a server to ask: xds = envoy.xds("host:port")`)
		}
		if u.Host != "" {
			p.add("host", `contradicts discovery = "eds"`)
		}
	}
}

// checkOneSource refuses a host beside a Service.
func (u *Upstream) checkOneSource(p *problems) {
	if u.Host == "" {
		return
	}
	if u.Service != "" {
		p.add("service", "contradicts host = %q: an upstream is either", u.Host)
	}
	if u.Namespace != "" {
		p.add("namespace", "contradicts host = %q, which stands for itself", u.Host)
	}
}

func (u *Upstream) contradicts(p *problems, with string) {
	for _, o := range []struct{ name, value string }{{"host", u.Host}, {"service", u.Service}, {"namespace", u.Namespace}} {
		if o.value != "" {
			p.add(o.name, "contradicts %s", with)
		}
	}
}

func (u *Upstream) addressesHavePorts() bool {
	for _, a := range u.Addresses {
		if _, err := netip.ParseAddrPort(a); err != nil {
			return false
		}
	}
	return len(u.Addresses) > 0
}

func (u *Upstream) checkAddresses(p *problems) {
	seen := map[string]bool{}
	for _, a := range u.Addresses {
		_, _, err := splitAddress(a, u.Port)
		switch {
		case err != nil:
			p.add("addresses", "got %q, want an IP address, or one with a port", a)
		case seen[a]:
			p.add("addresses", "%q is there twice", a)
		}
		seen[a] = true
	}
}

// splitAddress takes "10.0.0.1", "10.0.0.1:80", "::1" or "[::1]:80" apart.
func splitAddress(s string, port int) (netip.Addr, int, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr(), int(ap.Port()), nil
	}
	a, err := netip.ParseAddr(s)
	return a, port, err
}

// checkLocal looks at the upstream's listener. One with an address of its own takes the upstream's own port, ephemeral or not:
// outgoing connections do not use that address.
func (c *Config) checkLocal(p *problems, u *Upstream) {
	checkIP(p, "address", u.Address)
	switch {
	case c.behindShared(u) && u.LocalPort != 0:
		p.add("local_port", `contradicts listen = "shared": the upstream is reached through the shared port`)
	case u.Address != "":
		p.between("local_port", u.LocalPort, lowestPort, 65535)
	default:
		p.localPort("local_port", u.LocalPort)
	}
}

func (c *Config) checkProtocolOptions(p *problems, u *Upstream) {
	if u.Authority != "" && (len(u.Authority) > longestHost+6 || strings.ContainsAny(u.Authority, " \t\r\n/@")) {
		p.add("authority", "got %q, want a host, or a host and a port", u.Authority)
	}
	if u.protocol() != TCP {
		return
	}
	if u.Timeout != 0 {
		p.add("timeout", `has no meaning for protocol = "tcp", which has no requests; idle_timeout has`)
	}
	if u.KeepAlive != 0 {
		p.add("keep_alive", `has no meaning for protocol = "tcp": a connection belongs to the application's`)
	}
	if u.Authority != "" {
		p.add("authority", `has no meaning for protocol = "tcp"`)
	}
	if u.Retries.isSet() {
		p.add("retries", `has no meaning for protocol = "tcp": bytes that were sent cannot be taken back`)
	}
}

// checkNames finds upstreams of one name, and Hosts that the shared listener could not tell apart.
func (c *Config) checkNames(p *problems) {
	first := map[string]int{}
	domain := map[string]int{}
	for i := range c.Upstreams {
		u := &c.Upstreams[i]
		p.at = i
		if j, again := first[u.Name]; again {
			p.add("name", "%q is there twice: upstreams %d and %d", u.Name, j+1, i+1)
			continue
		}
		first[u.Name] = i
		if !c.behindShared(u) {
			continue
		}
		for _, d := range c.domains(u) {
			if j, again := domain[d]; again {
				p.add("host", "%q already leads to upstream %q on the shared listener", d, c.Upstreams[j].Name)
			}
			domain[d] = i
		}
	}
}

// socket is something that Envoy binds.
type socket struct {
	addr     string
	port     int
	upstream int
	option   string
	what     string // or the upstream's name
}

func (s socket) String() string {
	if s.upstream >= 0 {
		return fmt.Sprintf("upstream %q", s.what)
	}
	return s.what
}

// checkSockets finds two listeners on one address and port, of which the unspecified address overlaps all.
func (c *Config) checkSockets(p *problems, listeners []Listener) {
	bound := append(make([]socket, 0, len(listeners)+3), []socket{
		{loopback, c.adminPort(), -1, "admin_port", "the administration"},
		{"0.0.0.0", c.readyPort(), -1, "ready_port", "the ready listener"},
	}...)
	if i := slices.IndexFunc(listeners, func(l Listener) bool { return l.Shared }); i >= 0 {
		bound = append(bound, socket{listeners[i].Address, listeners[i].Port, -1, "local_port", "the shared listener"})
	}
	for i, l := range listeners {
		if !l.Shared {
			bound = append(bound, socket{l.Address, l.Port, i, "local_port", l.Upstream})
		}
	}
	for i, s := range bound {
		for _, o := range bound[:i] {
			if s.port == o.port && overlap(s.addr, o.addr) {
				p.at = s.upstream
				p.add(s.option, "port %d is taken by %s", s.port, o)
				break
			}
		}
	}
	c.checkAssigned(p, listeners)
}

// checkAssigned notices when ports that were counted up run into the ephemeral ones.
func (c *Config) checkAssigned(p *problems, listeners []Listener) {
	for i, l := range listeners {
		if c.Upstreams[i].LocalPort == 0 && !l.Shared && l.Port >= firstEphemeral && cmp.Or(c.LocalPort, firstPort) < firstEphemeral {
			p.at = -1
			p.add("local_port", "too high for %d upstreams: they run into the ports of outgoing connections, %d to %d", len(c.Upstreams), firstEphemeral, lastEphemeral)
			return
		}
	}
}

func overlap(a, b string) bool {
	return a == b || a == "0.0.0.0" || b == "0.0.0.0" || a == "::" || b == "::"
}

// localPort checks a port that Envoy listens on.
func (p *problems) localPort(option string, got int) {
	switch {
	case got == 0:
	case got < lowestPort || got > 65535:
		p.add(option, "got %d, want %d to %d or %d to 65535", got, lowestPort, firstEphemeral-1, lastEphemeral+1)
	case got >= firstEphemeral && got <= lastEphemeral:
		p.add(option, "got %d, which an outgoing connection may hold, want %d to %d or %d to 65535", got, lowestPort, firstEphemeral-1, lastEphemeral+1)
	}
}

// duration checks a duration that cannot be Never; 0 is the default.
func (p *problems) duration(option string, got, most time.Duration) {
	if got != 0 && (got < shortest || got > most) {
		p.add(option, "got %v, want %v to %v", got, shortest, plainDuration(most))
	}
}

// timeout checks a duration that may be Never.
func (p *problems) timeout(option string, got time.Duration) {
	if got != Never {
		p.duration(option, got, longest)
	}
}

// plainDuration writes whole hours and minutes without the zeros behind them.
func plainDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func checkIP(p *problems, option, got string) {
	if got == "" {
		return
	}
	if _, err := netip.ParseAddr(got); err != nil {
		problem := p.add(option, "got %q, want an IP address", got)
		if got == "localhost" {
			problem.Suggest = loopback
		}
	}
}

func checkHost(p *problems, option, got string) {
	if got == "" {
		return
	}
	if _, err := netip.ParseAddr(got); err == nil {
		p.add(option, "got the IP address %s, want a DNS name; addresses = [%q] takes addresses", got, got)
		return
	}
	if !isHost(got) {
		p.add(option, "got %q, want a DNS name", got)
	}
}

// hostPort checks "host:port", where the host may be an IP address.
func (p *problems) hostPort(option, got string) {
	if _, _, err := splitHostPort(got); err != nil {
		p.add(option, "got %q, want host:port", got)
	}
}

func splitHostPort(s string) (host string, port int, err error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().String(), int(ap.Port()), nil
	}
	host, digits, _ := strings.Cut(s, ":")
	port, err = strconv.Atoi(digits)
	if err == nil && (port < 1 || port > 65535 || !isHost(host)) {
		err = strconv.ErrRange
	}
	return host, port, err
}

// isLabel reports whether s is a DNS label as Kubernetes names Services, namespaces and containers.
func isLabel(s string) bool {
	if s == "" || len(s) > longestName || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// isHost reports whether s is a DNS name, with or without the final dot. Underscores are not allowed in host names, but
// resolvers take them and some names have them.
func isHost(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > longestHost {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(strings.ToLower(strings.ReplaceAll(label, "_", "a"))) {
			return false
		}
	}
	return true
}
