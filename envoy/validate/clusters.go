package validate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
)

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

// needsNoChain reports whether a listener may be without filter chains: it takes datagrams, which listener filters handle, or
// it gets them from elsewhere.
func needsNoChain(l *listenerv3.Listener) bool {
	return l.GetApiListener() != nil || l.GetUdpListenerConfig() != nil || l.GetFcdsConfig() != nil ||
		l.GetAddress().GetSocketAddress().GetProtocol() == corev3.SocketAddress_UDP
}

// incomplete messages: what Envoy needs although the API does not say so.
func incomplete(v *view) {
	for _, l := range v.listeners {
		if l.msg.GetAddress().GetAddress() == nil && l.msg.GetInternalListener() == nil && l.msg.GetApiListener() == nil {
			v.add(Error, "no-address", l.path+".address", "got none, want where to listen")
		}
		v.bindable(l.path+".address", l.msg.GetAddress())
		if len(l.msg.GetFilterChains()) == 0 && l.msg.GetDefaultFilterChain() == nil && !needsNoChain(l.msg) {
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
