package envoy

import (
	"cmp"
	"time"

	"github.com/starctl/starctl/kube"
)

// cluster is the upstream's endpoints, how they are found, spread over, limited, taken out, and spoken to.
func (g *generator) cluster(u *Upstream) kube.Node {
	how, endpoints := g.discoverBy(u)
	c := g.msg(
		text("name", u.Name),
		how,
		endpoints,
		text("lb_policy", u.balancer()), // for each request, not each connection
		span("connect_timeout", cmp.Or(u.ConnectTimeout, defaultConnectTimeout)),
		number("per_connection_buffer_limit_bytes", bufferLimit),
		field("circuit_breakers", u.circuitBreakers()),
		field("outlier_detection", u.outlierDetection()),
		field("health_checks", u.healthChecks()),
		u.goneIsGone(),
		field("typed_extension_protocol_options", u.protocolOptions()),
		field("transport_socket", g.transportSocket(u)),
		field("transport_socket_matches", g.transportSocketMatches(u)),
		field("upstream_connection_options", tcpKeepalive),
		field("upstream_bind_config", tcpUserTimeout),
	)
	if u.discovery() == DNS && g.version.before(dnsCluster) {
		c = Merge(c, kube.OfMap(g.dnsOptions(relative(g.dnsName(u)))))
	}
	return Merge(c, u.override("cluster"))
}

// balancer is Envoy's word for LB.
func (u *Upstream) balancer() string {
	switch u.LB {
	case "least_request":
		return "LEAST_REQUEST"
	case "random":
		return "RANDOM"
	}
	return "ROUND_ROBIN"
}

// goneIsGone lets an endpoint that left DNS go at once, even if a health check still likes it.
func (u *Upstream) goneIsGone() kube.Pair {
	if u.discovery() == Static {
		return kube.Pair{}
	}
	return flag("ignore_health_on_host_removal", true)
}

var (
	// A connection on which nothing comes back: after 60 s of silence 3 probes, 10 s apart.
	tcpKeepalive = msg(field("tcp_keepalive", msg(
		number("keepalive_probes", 3),
		number("keepalive_time", 60),
		number("keepalive_interval", 10),
	)))

	// Data that no one acknowledges for 10 s ends the connection (tcp(7)): a Pod whose node vanished is ejected after 10 s,
	// not 36. Level 6 is TCP, 18 the option.
	tcpUserTimeout = msg(field("socket_options", list(msg(
		text("description", "TCP_USER_TIMEOUT"),
		number("level", 6),
		number("name", 18),
		number("int_value", 10000),
		text("state", "STATE_PREBIND"),
	))))
)

// protocolOptions say which HTTP the endpoints speak. They are explicit, never negotiated: a sidecar that guesses answers
// differently on the day TLS comes.
func (u *Upstream) protocolOptions() kube.Node {
	switch u.protocol() {
	case TCP:
		return kube.Node{}
	case HTTP:
		if u.KeepAlive == 0 {
			return http1Upstream
		}
		return httpUpstream(cmp.Or(u.KeepAlive, http1KeepAlive), "http_protocol_options", msg())
	}
	if u.KeepAlive == 0 {
		return http2Upstream
	}
	return httpUpstream(u.KeepAlive, "http2_protocol_options", http2Options)
}

var (
	http1Upstream = httpUpstream(http1KeepAlive, "http_protocol_options", msg())
	http2Upstream = httpUpstream(http2KeepAlive, "http2_protocol_options", http2Options)
)

const httpOptionsType = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

// httpUpstream says which protocol is spoken and how long an unused connection is kept.
func httpUpstream(keepAlive time.Duration, protocol string, options kube.Node) kube.Node {
	return msg(field(httpOptionsType, anyOf(httpOptionsType,
		field("common_http_protocol_options", msg(span("idle_timeout", keepAlive))),
		field("explicit_http_config", msg(field(protocol, options))),
	)))
}
