package validate

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/internal/nearest"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// rules are what messages cannot express. Their levels are what the real Envoy said.
var rules = []func(*view){
	uniqueClusters,
	uniqueListeners,
	sockets,
	routedClusters,
	otherClusters,
	domains,
	filterOrder,
	addresses,
	priorities,
	retryWords,
	extensions,
	incomplete,
	healthChecks,
	grpcNeedsHTTP2,
	timeouts,
	durations,
}

func (v *view) check(o Options) {
	for _, rule := range rules {
		rule(v)
	}
	v.versions(o)
}

// The xDS clusters of a bootstrap may name anything: what is not static comes from the server.
func (v *view) dynamicClusters() bool { return v.message.GetDynamicResources().GetCdsConfig() != nil }

func (v *view) known(name string) bool { return v.byName[name] != nil || v.dynamicClusters() }

func (v *view) suggest(f *Finding, name string) {
	var names []string
	for _, c := range v.clusters {
		names = append(names, c.msg.GetName())
	}
	f.Suggest = nearest.Name(name, names)
}

func uniqueClusters(v *view) {
	first := map[string]string{}
	for _, c := range v.clusters {
		name := c.msg.GetName()
		if p, again := first[name]; again {
			v.add(Error, "cluster-twice", c.path+".name", "%q is there twice, first as %s", name, p)
			continue
		}
		first[name] = c.path
		if l := c.msg.GetLoadAssignment(); l.GetClusterName() != "" && l.GetClusterName() != name {
			v.add(Warning, "load-assignment-name", c.path+".load_assignment.cluster_name", "got %q in cluster %q", l.GetClusterName(), name)
		}
	}
}

func uniqueListeners(v *view) {
	first := map[string]string{}
	for _, l := range v.listeners {
		name := l.msg.GetName()
		if p, again := first[name]; again && name != "" {
			v.add(Warning, "listener-twice", l.path+".name", "%q is there twice, first as %s", name, p)
		}
		first[name] = l.path
	}
}

// sockets finds two listeners on one address and port. Envoy lets two share a port if they differ in address, the unspecified
// one and another included, and binds the administration's only when it starts.
func sockets(v *view) {
	type bound struct {
		ip   netip.Addr
		port int
		path string
	}
	var all []bound
	if ip, port, ok := socketOf(v.message.GetAdmin().GetAddress()); ok {
		all = append(all, bound{ip, port, "admin"})
	}
	for _, l := range v.listeners {
		ip, port, ok := socketOf(l.msg.GetAddress())
		if !ok || port == 0 || hasField(l.msg, "bind_to_port") && !l.msg.GetBindToPort().GetValue() || l.msg.GetUdpListenerConfig() != nil {
			continue
		}
		for _, o := range all {
			switch {
			case o.port != port:
			case o.ip == ip:
				v.add(Error, "socket-twice", l.path+".address", "%v:%d is taken by %s", ip, port, o.path)
			case o.ip.IsUnspecified() || ip.IsUnspecified():
				v.add(Warning, "socket-overlap", l.path+".address", "%v:%d overlaps %v:%d of %s", ip, port, o.ip, o.port, o.path)
			}
		}
		all = append(all, bound{ip, port, l.path})
	}
}

// routedClusters: a static route to a cluster that does not exist is refused, unless told otherwise.
func routedClusters(v *view) {
	checked := map[string]bool{}
	for _, r := range v.routes {
		level := Error
		if f := r.msg.GetValidateClusters(); f != nil && !f.GetValue() {
			level = Warning
		}
		for _, a := range v.actions {
			if strings.HasPrefix(a.path, r.path+".") {
				checked[a.path] = true
				v.routeAction(a, level)
			}
		}
	}
	for _, a := range v.actions {
		if !checked[a.path] {
			v.routeAction(a, Warning)
		}
	}
}

func (v *view) routeAction(a at[*routev3.RouteAction], level Level) {
	v.reference(level, a.path+".cluster", a.msg.GetCluster())
	for i, w := range a.msg.GetWeightedClusters().GetClusters() {
		v.reference(level, fmt.Sprintf("%s.weighted_clusters.clusters[%d].name", a.path, i), w.GetName())
	}
	for i, m := range a.msg.GetRequestMirrorPolicies() {
		v.reference(level, fmt.Sprintf("%s.request_mirror_policies[%d].cluster", a.path, i), m.GetCluster())
	}
}

func (v *view) reference(level Level, path, name string) {
	if name != "" && !v.known(name) {
		v.suggest(v.add(level, "unknown-cluster", path, "got cluster %q, which does not exist", name), name)
	}
}

// otherClusters: Envoy looks for these only when it needs them, but for the xDS server's.
func otherClusters(v *view) {
	for _, p := range v.proxies {
		v.reference(Warning, p.path+".cluster", p.msg.GetCluster())
		for i, w := range p.msg.GetWeightedClusters().GetClusters() {
			v.reference(Warning, fmt.Sprintf("%s.weighted_clusters.clusters[%d].name", p.path, i), w.GetName())
		}
	}
	for _, s := range v.services {
		name, path := s.msg.GetEnvoyGrpc().GetClusterName(), s.path+".envoy_grpc.cluster_name"
		level := Warning
		if strings.HasPrefix(s.path, "dynamic_resources.") {
			level = Error
			if name != "" && v.byName[name] == nil {
				v.suggest(v.add(level, "unknown-cluster", path, "got cluster %q, which is not a static one", name), name)
			}
			continue
		}
		v.reference(level, path, name)
	}
}

// domains of a route table lead to one virtual host each.
func domains(v *view) {
	for _, r := range v.routes {
		first := map[string]string{}
		name := map[string]bool{}
		for i, h := range r.msg.GetVirtualHosts() {
			path := fmt.Sprintf("%s.virtual_hosts[%d]", r.path, i)
			if name[h.GetName()] {
				v.add(Error, "virtual-host-twice", path+".name", "%q is there twice", h.GetName())
			}
			name[h.GetName()] = true
			for j, d := range h.GetDomains() {
				d = strings.ToLower(d)
				if other, again := first[d]; again {
					v.add(Error, "domain-twice", fmt.Sprintf("%s.domains[%d]", path, j), "%q already leads to virtual host %q", d, other)
				}
				first[d] = h.GetName()
			}
		}
	}
}

const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"

// filterOrder: the router ends a chain of HTTP filters. A chain that is empty is taken, and answers nothing.
func filterOrder(v *view) {
	for _, m := range v.managers {
		filters := m.msg.GetHttpFilters()
		at := func(i int) string { return fmt.Sprintf("%s.http_filters[%d]", m.path, i) }
		if len(filters) == 0 {
			v.add(Warning, "no-router", m.path+".http_filters", "got no filters, want the router at least: nothing is answered")
			continue
		}
		v.filterNames(m)
		for i, f := range filters {
			last := i == len(filters)-1
			switch is := f.GetTypedConfig().GetTypeUrl() == router; {
			case is && !last:
				v.add(Error, "router-last", at(i), "the router must be the last filter")
			case !is && last && known(f):
				v.add(Error, "router-last", at(i), "got %s as the last filter, want the router", f.GetName())
			}
		}
	}
}

// known reports whether a filter is one that hands requests on to another.
func known(f *hcmv3.HttpFilter) bool {
	return f.GetTypedConfig() != nil && !strings.Contains(f.GetTypedConfig().GetTypeUrl(), "dynamic_modules")
}

func (v *view) filterNames(m at[*hcmv3.HttpConnectionManager]) {
	seen := map[string]bool{}
	for i, f := range m.msg.GetHttpFilters() {
		if seen[f.GetName()] {
			v.add(Warning, "filter-twice", fmt.Sprintf("%s.http_filters[%d].name", m.path, i), "%q is there twice: what a route says about it goes to both", f.GetName())
		}
		seen[f.GetName()] = true
	}
}

// addresses: a static cluster needs IP addresses, a DNS one names.
func addresses(v *view) {
	for _, c := range v.clusters {
		dns := isDNS(c.msg)
		if dns && len(c.msg.GetLoadAssignment().GetEndpoints()) == 0 {
			v.add(Warning, "no-endpoints", c.path, "cluster %q has no name to resolve", c.msg.GetName())
		}
		static := isStatic(c.msg)
		endpointsOf(c, func(path string, e *endpointv3.Endpoint) {
			s := e.GetAddress().GetSocketAddress()
			if s == nil {
				return
			}
			_, err := netip.ParseAddr(s.GetAddress())
			switch {
			case static && err != nil && s.GetResolverName() == "":
				v.add(Error, "static-address", path+".address.socket_address.address", "got %q, want an IP address: cluster %q is STATIC", s.GetAddress(), c.msg.GetName())
			case dns && err == nil:
				v.add(Warning, "dns-address", path+".address.socket_address.address", "got the IP address %s, want a name: cluster %q asks DNS", s.GetAddress(), c.msg.GetName())
			}
			if s.GetPortValue() == 0 && s.GetNamedPort() == "" {
				v.add(Warning, "no-port", path+".address.socket_address.port_value", "got port 0")
			}
		})
	}
}

// priorities without gaps: Envoy counts the empty ones in between as lost.
func priorities(v *view) {
	for _, c := range v.clusters {
		var got []int
		for _, l := range c.msg.GetLoadAssignment().GetEndpoints() {
			got = append(got, int(l.GetPriority()))
		}
		slices.Sort(got)
		for i, p := range slices.Compact(got) {
			if p != i {
				v.add(Warning, "priority-gap", c.path+".load_assignment", "got priority %d, want %d next", p, i)
				break
			}
		}
	}
}

var retryOn = []string{
	"5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited", "retriable-4xx",
	"refused-stream", "retriable-status-codes", "retriable-headers", "http3-post-connect-failure",
	"cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
}

func retryWords(v *view) {
	for _, r := range v.retries {
		for w := range strings.SplitSeq(r.msg.GetRetryOn(), ",") {
			w = strings.TrimSpace(w)
			if w != "" && !slices.Contains(retryOn, w) {
				v.add(Warning, "retry-on", r.path+".retry_on", "got %q, which Envoy ignores", w).Suggest = nearest.Name(w, retryOn)
			}
		}
	}
}

// extensions are found by the type of their configuration, never by name.
func extensions(v *view) {
	for _, m := range v.all {
		typed := func(name string, a *anypb.Any) {
			if a.GetTypeUrl() == "" {
				v.add(Error, "no-typed-config", m.path+".typed_config", "extension %q has none", name)
			}
		}
		switch x := m.msg.(type) {
		case *listenerv3.Filter:
			if x.GetConfigDiscovery() == nil {
				typed(x.GetName(), x.GetTypedConfig())
			}
		case *listenerv3.ListenerFilter:
			if x.GetConfigDiscovery() == nil {
				typed(x.GetName(), x.GetTypedConfig())
			}
		case *hcmv3.HttpFilter:
			if x.GetConfigDiscovery() == nil && !x.GetIsOptional() {
				typed(x.GetName(), x.GetTypedConfig())
			}
		case *accesslogv3.AccessLog:
			typed(x.GetName(), x.GetTypedConfig())
		case *corev3.TransportSocket:
			typed(x.GetName(), x.GetTypedConfig())
		}
	}
}

// incomplete messages: what Envoy needs although the API does not say so.
func incomplete(v *view) {
	for _, l := range v.listeners {
		if l.msg.GetAddress().GetAddress() == nil && l.msg.GetInternalListener() == nil && l.msg.GetApiListener() == nil {
			v.add(Error, "no-address", l.path+".address", "got none, want where to listen")
		}
		v.bindable(l.path+".address", l.msg.GetAddress())
		if len(l.msg.GetFilterChains()) == 0 && l.msg.GetDefaultFilterChain() == nil && l.msg.GetApiListener() == nil && l.msg.GetUdpListenerConfig() == nil && l.msg.GetFcdsConfig() == nil {
			v.add(Error, "no-filter-chain", l.path+".filter_chains", "got none")
		}
	}
	for _, c := range v.clusters {
		if len(c.msg.GetHealthChecks()) > 1 {
			v.add(Error, "health-checks", c.path+".health_checks", "got %d, want at most one", len(c.msg.GetHealthChecks()))
		}
		if c.msg.GetType() == clusterv3.Cluster_EDS && c.msg.GetClusterType() == nil && c.msg.GetEdsClusterConfig().GetEdsConfig() == nil {
			v.add(Error, "no-eds-config", c.path+".eds_cluster_config", "got no eds_config, want where to ask for endpoints")
		}
		for i, l := range c.msg.GetLoadAssignment().GetEndpoints() {
			for j, e := range l.GetLbEndpoints() {
				if e.GetEndpointName() == "" && e.GetEndpoint().GetAddress().GetAddress() == nil {
					level := Warning
					if isStatic(c.msg) {
						level = Error
					}
					v.add(level, "no-address", fmt.Sprintf("%s.load_assignment.endpoints[%d].lb_endpoints[%d]", c.path, i, j), "got no address")
				}
			}
		}
	}
	v.bindable("admin.address", v.message.GetAdmin().GetAddress())
	v.incompleteADS()
	for i, s := range v.message.GetStatsConfig().GetStatsTags() {
		if s.GetTagValue() == nil && !strings.HasPrefix(s.GetTagName(), "envoy.") {
			v.add(Error, "no-tag-value", fmt.Sprintf("stats_config.stats_tags[%d]", i), "tag %q has neither fixed_value nor regex", s.GetTagName())
		}
	}
}

// bindable: what Envoy listens on is an IP address.
func (v *view) bindable(path string, a *corev3.Address) {
	s := a.GetSocketAddress()
	if s == nil || s.GetResolverName() != "" {
		return
	}
	if _, err := netip.ParseAddr(s.GetAddress()); err != nil {
		v.add(Error, "bind-address", path+".socket_address.address", "got %q, want an IP address", s.GetAddress())
	}
}

// incompleteADS: the aggregated stream needs its API and one server to call.
func (v *view) incompleteADS() {
	ads := v.message.GetDynamicResources().GetAdsConfig()
	if ads == nil {
		return
	}
	const path = "dynamic_resources.ads_config"
	if t := ads.GetApiType(); t != corev3.ApiConfigSource_GRPC && t != corev3.ApiConfigSource_DELTA_GRPC {
		v.add(Error, "ads", path+".api_type", "got %v, want GRPC or DELTA_GRPC", t)
	}
	if len(ads.GetGrpcServices()) == 0 {
		v.add(Error, "ads", path+".grpc_services", "got none, want the server to call")
	}
}

// healthChecks make sense in themselves and for the protocol.
func healthChecks(v *view) {
	for _, c := range v.clusters {
		for i, h := range c.msg.GetHealthChecks() {
			path := fmt.Sprintf("%s.health_checks[%d]", c.path, i)
			if yes, known := speaksHTTP2(c.msg); h.GetGrpcHealthCheck() != nil && known && !yes {
				v.add(Error, "health-check-http2", path+".grpc_health_check", "gRPC needs HTTP/2, which cluster %q does not speak", c.msg.GetName())
			}
			for j, r := range h.GetHttpHealthCheck().GetExpectedStatuses() {
				if r.GetStart() >= r.GetEnd() || r.GetStart() < 100 || r.GetEnd() > 600 {
					v.add(Error, "expected-statuses", fmt.Sprintf("%s.http_health_check.expected_statuses[%d]", path, j), "got %d to %d, want a range within 100 to 600, the end not included", r.GetStart(), r.GetEnd())
				}
			}
		}
	}
}

// grpcNeedsHTTP2: where gRPC statuses are counted or retried, the endpoints must speak HTTP/2.
func grpcNeedsHTTP2(v *view) {
	for _, a := range v.actions {
		c := v.byName[a.msg.GetCluster()]
		if c == nil || !isGRPC(a.msg) {
			continue
		}
		if yes, known := speaksHTTP2(c); known && !yes {
			v.add(Warning, "grpc-http2", a.path+".cluster", "gRPC goes to cluster %q, which speaks HTTP/1", c.GetName())
		}
	}
	for _, s := range v.services {
		if c := v.byName[s.msg.GetEnvoyGrpc().GetClusterName()]; c != nil {
			if yes, known := speaksHTTP2(c); known && !yes {
				v.add(Warning, "grpc-http2", s.path, "gRPC goes to cluster %q, which speaks HTTP/1", c.GetName())
			}
		}
	}
}

// isGRPC reports whether a route speaks of what only gRPC has.
func isGRPC(r *routev3.RouteAction) bool {
	return r.GetMaxStreamDuration().GetGrpcTimeoutHeaderMax() != nil || strings.Contains(r.GetRetryPolicy().GetRetryOn(), "unavailable")
}

// timeouts that make sense together.
func timeouts(v *view) {
	for _, a := range v.actions {
		whole, try := a.msg.GetTimeout(), a.msg.GetRetryPolicy().GetPerTryTimeout()
		if whole != nil && whole.AsDuration() > 0 && try.AsDuration() > whole.AsDuration() {
			v.add(Warning, "timeouts", a.path+".retry_policy.per_try_timeout", "got %v, which is above the route's timeout of %v", try.AsDuration(), whole.AsDuration())
		}
	}
	for _, c := range v.clusters {
		if o := c.msg.GetOutlierDetection(); o.GetMaxEjectionTime() != nil && o.GetBaseEjectionTime().AsDuration() > o.GetMaxEjectionTime().AsDuration() {
			v.add(Error, "ejection-time", c.path+".outlier_detection.base_ejection_time", "got %v, which is above max_ejection_time = %v", o.GetBaseEjectionTime().AsDuration(), o.GetMaxEjectionTime().AsDuration())
		}
	}
}

// durations: Envoy refuses negative ones, and those beyond its clock.
func durations(v *view) {
	for _, m := range v.all {
		d, ok := m.msg.(*durationpb.Duration)
		switch {
		case !ok:
		case d.AsDuration() < 0:
			v.add(Error, "duration", m.path, "got %v, want no negative duration", d.AsDuration())
		case d.GetSeconds() > int64(maxDuration/time.Second):
			v.add(Error, "duration", m.path, "got %d s, which Envoy cannot count", d.GetSeconds())
		}
	}
}

const maxDuration = time.Duration(1<<63 - 1)

// newFields are fields that Envoy came to know lately, by the proto file's names: an unknown field of a static configuration
// is fatal.
var newFields = map[protoreflect.FullName]int{
	"envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig.max_udp_channel_duration":  36,
	"envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig.reinit_channel_on_timeout": 37,
	"envoy.extensions.clusters.dns.v3.DnsCluster.dns_min_refresh_rate":                                39,
	"envoy.config.cluster.v3.Cluster.stats_matcher":                                                   40,
	"envoy.config.listener.v3.Listener.stats_matcher":                                                 40,
}

// oldFields are deprecated fields that were right before a release: envoy.cluster.dns has taken their place.
var oldFields = map[protoreflect.FullName]int{
	"envoy.config.cluster.v3.Cluster.dns_refresh_rate":         36,
	"envoy.config.cluster.v3.Cluster.dns_jitter":               36,
	"envoy.config.cluster.v3.Cluster.dns_failure_refresh_rate": 36,
	"envoy.config.cluster.v3.Cluster.respect_dns_ttl":          36,
}

// versions looks for fields that the Envoy in question does not know yet, and for those it warns of.
func (v *view) versions(o Options) {
	minor := minorOf(cmp.Or(o.Envoy, envoy.EnvoyVersion))
	for _, m := range v.all {
		m.msg.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			path := join(m.path, string(f.Name()))
			if since := newFields[f.FullName()]; since > minor {
				v.add(Error, "version", path, "came with Envoy 1.%d, and this is for 1.%d", since, minor)
			}
			if until := oldFields[f.FullName()]; deprecated(f) && (until == 0 || minor >= until) {
				v.add(Warning, "deprecated", path, "is deprecated: Envoy warns of it, and will refuse it one day")
			}
			return true
		})
	}
}

func deprecated(f protoreflect.FieldDescriptor) bool {
	o, ok := f.Options().(*descriptorpb.FieldOptions)
	return ok && o.GetDeprecated()
}

// minorOf reads the release out of 1.36, v1.36.2 and the like.
func minorOf(version string) int {
	_, rest, _ := strings.Cut(version, ".")
	digits, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return math.MaxInt
	}
	return n
}
