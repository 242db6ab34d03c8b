package envoy

import (
	"cmp"

	"github.com/starctl/starctl/kube"
)

// Bootstrap returns the configuration that Envoy starts with, or every mistake of c.
func Bootstrap(c Config) (kube.Node, []Problem) {
	listeners := c.Listeners()
	if p := c.validate(listeners); len(p) > 0 {
		return kube.Node{}, p
	}
	g := newGenerator(&c, listeners)
	n := Merge(g.bootstrap(), c.Overrides)
	if size := c.size(n); size > MaxSize {
		return kube.Node{}, []Problem{{
			Upstream: -1, Option: "upstreams",
			Message: c.sizeMessage(size),
		}}
	}
	return n, nil
}

// generator holds what is made once for a Config.
type generator struct {
	*Config
	builder
	version   version
	listeners []Listener
	trace     kube.Node // of every connection manager; Absent: none
	httpLog   kube.Node // access_log of listeners without gRPC
	grpcLog   kube.Node // of those that know only gRPC
	mixedLog  kube.Node // of a shared listener with both
	tcpLog    kube.Node
}

func newGenerator(c *Config, listeners []Listener) *generator {
	v, _ := parseVersion(c.Envoy) // validated
	g := &generator{Config: c, builder: newBuilder(len(c.Upstreams)), version: v, listeners: listeners}
	g.trace = g.tracing()
	g.accessLogs()
	return g
}

func (g *generator) bootstrap() kube.Node {
	return g.msg(
		field("node", g.node()),
		field("admin", g.msg(field("address", g.socketAddress(loopback, g.adminPort())))),
		field("static_resources", g.msg(
			field("listeners", g.allListeners()),
			field("clusters", g.allClusters()),
		)),
		field("dynamic_resources", g.dynamicResources()),
		field("stats_config", g.statsConfig()),
		field("deferred_stat_options", deferredStats),
		field("overload_manager", overloadManager),
		field("layered_runtime", layeredRuntime),
	)
}

// node says what no flag of Envoy can: its region. The rest comes from --service-node, --service-cluster, --service-zone.
func (g *generator) node() kube.Node {
	if g.Region == "" {
		return kube.Node{}
	}
	return g.msg(field("locality", g.msg(text("region", g.Region))))
}

func (g *generator) allListeners() kube.Node {
	out := make(kube.Elems, 0, len(g.listeners)+1)
	shared := -1
	for i := range g.listeners {
		switch {
		case !g.listeners[i].Shared:
			out = append(out, g.listener(i))
		case shared < 0:
			shared = len(out)
			out = append(out, g.sharedListenerMessage())
		}
	}
	return kube.OfList(append(out, g.readyListener()))
}

func (g *generator) allClusters() kube.Node {
	out := make(kube.Elems, 0, len(g.Upstreams)+3)
	for i := range g.Upstreams {
		out = append(out, g.cluster(&g.Upstreams[i]))
	}
	if g.Tracing != nil {
		out = append(out, g.cluster(g.tracingUpstream()))
	}
	if g.XDS != nil {
		out = append(out, g.cluster(g.xdsUpstream()))
	}
	return kube.OfList(append(out, g.adminCluster()))
}

var (
	// Statistics of clusters that were never called take no memory until they are.
	deferredStats = msg(flag("enable_deferred_creation_stats", true))

	// Envoy warns without a limit on connections from downstream. 10,000 are more than an application opens to its own
	// sidecar, and fit into its memory.
	overloadManager = msg(
		span("refresh_interval", adminTimeout),
		field("resource_monitors", list(typed(
			"envoy.resource_monitors.global_downstream_max_connections",
			"envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
			number("max_active_downstream_connections", 10000),
		))),
	)

	// The admin layer makes the runtime changeable through 127.0.0.1:9901 while someone looks for a fault.
	layeredRuntime = msg(field("layers", list(
		msg(text("name", "static"), field("static_layer", msg())),
		msg(text("name", "admin"), field("admin_layer", msg())),
	)))
)

// internal names of clusters hold an underscore, which no upstream's name can.
const (
	adminClusterName   = "envoy_admin"
	tracingClusterName = "envoy_tracing"
	xdsClusterName     = "envoy_xds"
)

func (g *generator) adminCluster() kube.Node {
	return g.msg(
		text("name", adminClusterName),
		text("type", "STATIC"),
		span("connect_timeout", adminTimeout),
		field("load_assignment", g.msg(
			text("cluster_name", adminClusterName),
			field("endpoints", g.list(g.localityEndpoints(0, "", g.msg(field("endpoint", g.msg(field("address", g.socketAddress(loopback, g.adminPort())))))))),
		)),
	)
}

// statsConfig keeps the series to those that dashboards and alerts need, and marks them with who this is. The instance comes
// from the scrape.
func (g *generator) statsConfig() kube.Node {
	tags := kube.Elems{g.msg(text("tag_name", "service"), text("fixed_value", g.App))}
	if g.Region != "" {
		tags = append(tags, g.msg(text("tag_name", "region"), text("fixed_value", g.Region)))
	}
	matcher := statsMatcher()
	if cmp.Or(g.Stats, StatsDefault) == StatsAll {
		matcher = kube.Node{}
	}
	return g.msg(
		field("stats_tags", kube.OfList(tags)),
		field("stats_matcher", matcher),
		field("histogram_bucket_settings", histogramBuckets()),
	)
}
