package envoy

import (
	"cmp"

	"github.com/starctl/starctl/kube"
)

// listener is where the application reaches upstream i alone.
func (g *generator) listener(i int) kube.Node {
	u, l := &g.Upstreams[i], &g.listeners[i]
	if u.protocol() == TCP {
		return g.listenerMessage("egress_"+u.Name, l, g.tcpProxy(u), u.override("listener"))
	}
	log := g.httpLog
	if u.protocol() == GRPC {
		log = g.grpcLog
	}
	name := "egress_" + u.Name
	host := g.msg(
		text("name", u.Name),
		field("domains", anyDomain),
		field("routes", g.list(g.route(u))),
	)
	routes := g.msg(
		text("name", name),
		field("virtual_hosts", g.list(Merge(host, u.override("virtual_host")))),
	)
	filter := g.connectionManager(manager{name, routes, u.protocol() == GRPC, log}, u.override("http_connection_manager"))
	return g.listenerMessage(name, l, filter, u.override("listener"))
}

// listenerMessage is a listener of the application's with one filter. A change of its configuration does not cut off
// connections, which only a server that gives out listeners could make.
func (g *generator) listenerMessage(name string, l *Listener, filter, override kube.Node) kube.Node {
	return Merge(g.msg(
		text("name", name),
		text("stat_prefix", name),
		field("address", g.socketAddress(l.Address, l.Port)),
		text("traffic_direction", "OUTBOUND"),
		text("drain_type", "MODIFY_ONLY"),
		number("per_connection_buffer_limit_bytes", bufferLimit),
		field("filter_chains", g.list(g.msg(field("filters", g.list(filter))))),
	), override)
}

// sharedListenerMessage is the one listener for all upstreams but TCP ones: it routes by Host, and tells who asks for another
// Host which ones there are.
func (g *generator) sharedListenerMessage() kube.Node {
	const name = "egress"
	var hosts kube.Elems
	var first *Listener
	grpc, other := false, false
	for i := range g.Upstreams {
		u := &g.Upstreams[i]
		if !g.behindShared(u) {
			continue
		}
		if first == nil {
			first = &g.listeners[i]
		}
		if u.protocol() == GRPC {
			grpc = true
		} else {
			other = true
		}
		hosts = append(hosts, Merge(g.msg(
			text("name", u.Name),
			field("domains", texts(g.domains(u)...)),
			field("routes", g.list(g.route(u))),
		), u.override("virtual_host")))
	}
	hosts = append(hosts, g.unknownHost())
	routes := g.msg(
		text("name", name),
		flag("ignore_port_in_host_matching", true),
		field("virtual_hosts", kube.OfList(hosts)),
	)
	log := g.httpLog
	switch {
	case grpc && other:
		log = g.mixedLog
	case grpc:
		log = g.grpcLog
	}
	return g.listenerMessage(name, first, g.connectionManager(manager{name, routes, grpc, log}, kube.Node{}), kube.Node{})
}

// manager is what differs between HTTP connection managers.
type manager struct {
	name   string
	routes kube.Node
	grpc   bool // count gRPC statuses
	log    kube.Node
}

func (g *generator) connectionManager(m manager, override kube.Node) kube.Node {
	filters := plainFilters
	if m.grpc {
		filters = grpcFilters
	}
	return g.msg(
		text("name", "envoy.filters.network.http_connection_manager"),
		field("typed_config", Merge(g.msg(
			text("@type", typeURL+connectionManagerType),
			text("stat_prefix", m.name),
			text("codec_type", "AUTO"),
			field("route_config", m.routes),
			field("http_filters", filters),
			field("access_log", m.log),
			field("tracing", g.trace),
			// One bad request ends itself, not the HTTP/2 connection with all others on it.
			flag("stream_error_on_invalid_http_message", true),
			span("stream_idle_timeout", streamIdleTimeout),
			field("common_http_protocol_options", downstreamOptions),
			field("http2_protocol_options", http2Options),
			// The sidecar is not a hop that anyone asked for: it adds nothing to what the application sends, and keeps the
			// server's name and the request's id.
			flag("skip_xff_append", true),
			flag("preserve_external_request_id", true),
			text("server_header_transformation", "PASS_THROUGH"),
		), override)),
	)
}

const (
	connectionManagerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
	tcpProxyType          = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
)

var (
	anyDomain = texts("*")

	downstreamOptions = msg(span("idle_timeout", downstreamIdleTimeout))

	// Explicit, for both sides. With windows of 1 and 16 MiB, 300 streams that nobody reads hold 380 MiB; with these 142.
	// No PING at fixed intervals: a grpc-go server of default settings answers the fourth with GOAWAY too_many_pings, and
	// an idle interval of 10 s brings the same to silent streams.
	http2Options = msg(
		number("max_concurrent_streams", 1024),
		number("initial_stream_window_size", 256<<10),
		number("initial_connection_window_size", 4<<20),
		field("connection_keepalive", msg(text("connection_idle_interval", "30s"), text("timeout", "5s"))),
	)

	routerFilter = typed("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")
	plainFilters = list(routerFilter)
	grpcFilters  = list(
		typed("envoy.filters.http.grpc_stats", "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", flag("stats_for_all_methods", false)),
		routerFilter,
	)
)

// bufferLimit is how much of one connection is held when the other side reads slower.
const bufferLimit = 256 << 10

// tcpProxy passes bytes on. A connection that cannot be made is tried at other endpoints: nothing was sent yet.
func (g *generator) tcpProxy(u *Upstream) kube.Node {
	return g.msg(
		text("name", "envoy.filters.network.tcp_proxy"),
		field("typed_config", Merge(g.msg(
			text("@type", typeURL+tcpProxyType),
			text("stat_prefix", "egress_"+u.Name),
			text("cluster", u.Name),
			span("idle_timeout", cmp.Or(u.IdleTimeout, tcpIdleTimeout)),
			number("max_connect_attempts", 3),
			field("access_log", g.tcpLog),
		), u.override("tcp_proxy"))),
	)
}

// readyListener answers what the kubelet and Prometheus ask for on the Pod's own address, by handing exactly that on to the
// administration, which itself can stop Envoy and shows its whole configuration. No limit of the overload manager touches
// it: a sidecar under load is not one to restart.
func (g *generator) readyListener() kube.Node {
	return g.msg(
		text("name", "ready"),
		text("stat_prefix", "ready"),
		field("address", g.readyAddress()),
		text("traffic_direction", "INBOUND"),
		text("drain_type", "MODIFY_ONLY"),
		flag("ignore_global_conn_limit", true),
		flag("bypass_overload_manager", true),
		number("per_connection_buffer_limit_bytes", bufferLimit),
		field("filter_chains", readyChains),
	)
}

func (g *generator) readyAddress() kube.Node {
	if g.DNSLookupFamily == "v6_only" {
		return g.msg(field("socket_address", g.msg(text("address", "::"), number("port_value", g.readyPort()), flag("ipv4_compat", true))))
	}
	return g.socketAddress("0.0.0.0", g.readyPort())
}

var readyChains = list(msg(field("filters", list(msg(
	text("name", "envoy.filters.network.http_connection_manager"),
	field("typed_config", msg(
		text("@type", typeURL+connectionManagerType),
		text("stat_prefix", "ready"),
		field("route_config", msg(
			text("name", "ready"),
			field("virtual_hosts", list(msg(
				text("name", "ready"),
				field("domains", anyDomain),
				field("routes", list(readyRoute("/ready"), readyRoute("/stats/prometheus"))),
			))),
		)),
		field("http_filters", plainFilters),
		flag("stream_error_on_invalid_http_message", true),
		span("stream_idle_timeout", streamIdleTimeout),
		field("common_http_protocol_options", downstreamOptions),
		field("http2_protocol_options", http2Options),
	)),
)))))

// readyRoute matches GET of exactly one path; what no route matches is 404.
func readyRoute(path string) kube.Node {
	return msg(
		field("match", msg(
			text("path", path),
			field("headers", list(msg(text("name", ":method"), field("string_match", msg(text("exact", "GET")))))),
		)),
		field("route", msg(text("cluster", adminClusterName))),
	)
}
