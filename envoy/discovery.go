package envoy

import (
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
)

// discoverBy says how the endpoints of u are found, and the ones that are known beforehand.
func (g *generator) discoverBy(u *Upstream) (how, endpoints kube.Pair) {
	switch u.discovery() {
	case Static:
		return text("type", "STATIC"), field("load_assignment", g.loadAssignment(u))
	case EDS:
		return text("type", "EDS"), field("eds_cluster_config", u.edsConfig())
	}
	how = field("cluster_type", g.dnsClusterType(relative(g.dnsName(u))))
	if g.version.before(dnsCluster) {
		how = text("type", "STRICT_DNS")
	}
	return how, field("load_assignment", g.loadAssignment(u))
}

// edsConfig asks the xDS server; after 5 s without an answer Envoy becomes ready all the same, as with DNS.
func (u *Upstream) edsConfig() kube.Node {
	source := field("eds_config", msg(
		text("resource_api_version", "V3"),
		field("ads", msg()),
		text("initial_fetch_timeout", "5s"),
	))
	if u.Service == "" {
		return msg(source) // asked for by the cluster's name
	}
	return msg(text("service_name", u.Service), source)
}

// relative reports whether a name needs the search domains of the Pod: rotor, or rotor.default.
func relative(name string) bool { return strings.Count(name, ".") < 2 && !strings.HasSuffix(name, ".") }

// dnsClusterType is the cluster extension whose configuration holds the DNS options, the shared one wherever it can be.
func (g *generator) dnsClusterType(search bool) kube.Node {
	if g.DNSLookupFamily == "" && !search {
		return defaultDNSCluster
	}
	return dnsClusterMessage(g.dnsOptions(search))
}

func dnsClusterMessage(options kube.Pairs) kube.Node {
	return typed("envoy.cluster.dns", "envoy.extensions.clusters.dns.v3.DnsCluster", options...)
}

var (
	defaultDNSOptions = dnsOptions("V4_ONLY", false)
	defaultDNSCluster = dnsClusterMessage(defaultDNSOptions)
)

func (g *generator) dnsOptions(search bool) kube.Pairs {
	if g.DNSLookupFamily == "" && !search {
		return defaultDNSOptions
	}
	family := "V4_ONLY"
	if g.DNSLookupFamily != "" {
		family = strings.ToUpper(g.DNSLookupFamily)
	}
	return dnsOptions(family, search)
}

// dnsOptions are the same fields in a cluster and in envoy.cluster.dns.
//
// Addresses are asked for every 5 to 6 s, whatever the record's TTL: CoreDNS's 30 s keep dead Pods in the cluster through a
// rolling update. V4_ONLY unless told otherwise: AUTO takes only one family (envoyproxy/envoy#46877).
func dnsOptions(family string, search bool) kube.Pairs {
	return kube.Pairs{
		text("dns_lookup_family", family),
		span("dns_refresh_rate", 5*time.Second),
		span("dns_jitter", time.Second),
		field("dns_failure_refresh_rate", msg(text("base_interval", "1s"), text("max_interval", "5s"))),
		flag("respect_dns_ttl", false),
		field("typed_dns_resolver_config", typed(
			"envoy.network.dns_resolver.cares",
			"envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
			// Full names are asked for as they are: with the Pod's five search domains each would cost six questions.
			field("dns_resolver_options", msg(flag("no_default_search_domain", !search))),
			// A new socket after 100 questions: c-ares keeps to one that lost its server (envoyproxy/envoy#7965).
			number("udp_max_queries", 100),
			// /ready waits for the first answer or failure of every cluster: with a silent DNS 6 s; 10 to 15 s with
			// 2 s x 3, 65 s with c-ares' defaults.
			number("query_timeout_seconds", 1),
			number("query_tries", 3),
		)),
	}
}

// loadAssignment holds the name to resolve, or the addresses, and behind them the endpoints to fail over to.
func (g *generator) loadAssignment(u *Upstream) kube.Node {
	localities := make(kube.Elems, 0, 1+len(u.Failover))
	localities = append(localities, g.localityEndpoints(0, "", g.endpoints(u)...))
	for i := range u.Failover {
		localities = append(localities, g.localityEndpoints(1+i, "failover", g.failoverEndpoint(u, i)))
	}
	return g.msg(text("cluster_name", u.Name), field("endpoints", kube.OfList(localities)))
}

// localityEndpoints are the endpoints of one priority: those of a higher number are called when too few before are well.
func (g *generator) localityEndpoints(priority int, region string, endpoints ...kube.Node) kube.Node {
	if priority == 0 {
		return g.msg(field("lb_endpoints", g.list(endpoints...)))
	}
	return g.msg(
		number("priority", priority),
		field("locality", g.msg(text("region", region))),
		field("lb_endpoints", g.list(endpoints...)),
	)
}

func (g *generator) endpoints(u *Upstream) []kube.Node {
	hostname := ""
	if u.ownAuthorities() {
		hostname = g.authority(u)
	}
	if u.discovery() != Static {
		return []kube.Node{g.endpoint(g.dnsName(u), u.Port, hostname, "")}
	}
	out := make([]kube.Node, len(u.Addresses))
	for i, a := range u.Addresses {
		addr, port, _ := splitAddress(a, u.Port) // validated
		out[i] = g.endpoint(addr.String(), port, hostname, "")
	}
	return out
}

func (g *generator) failoverEndpoint(u *Upstream, i int) kube.Node {
	f := &u.Failover[i]
	host, port, _ := splitHostPort(f.Address) // validated
	hostname := ""
	if u.ownAuthorities() {
		hostname = g.failoverAuthority(u, i)
	}
	return g.endpoint(host, port, hostname, u.failoverSocket(i))
}

// endpoint is an address; hostname is the Host that it sees where endpoints differ in that, socket the name of its transport
// socket match.
func (g *generator) endpoint(host string, port int, hostname, socket string) kube.Node {
	e := kube.Pairs{field("address", g.socketAddress(host, port))}
	if hostname != "" {
		e = append(e, text("hostname", hostname))
	}
	lb := kube.Pairs{field("endpoint", kube.OfMap(e))}
	if socket != "" {
		lb = append(lb, field("metadata", g.msg(field("filter_metadata", g.msg(
			field("envoy.transport_socket_match", g.msg(text("failover", socket))),
		)))))
	}
	return kube.OfMap(lb)
}

// ownAuthorities reports whether endpoints of u differ in the Host they see.
func (u *Upstream) ownAuthorities() bool {
	for i := range u.Failover {
		if u.Failover[i].Authority != "" {
			return true
		}
	}
	return false
}

func (g *generator) failoverAuthority(u *Upstream, i int) string {
	if a := u.Failover[i].Authority; a != "" {
		return a
	}
	return g.authority(u)
}
