package validate

import (
	"fmt"
	"net/netip"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	httpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// at is a message and where it is.
type at[M proto.Message] struct {
	path string
	msg  M
}

// view is a bootstrap sorted by what the rules look at.
type view struct {
	*document
	clusters  []at[*clusterv3.Cluster]
	listeners []at[*listenerv3.Listener]
	managers  []at[*hcmv3.HttpConnectionManager]
	routes    []at[*routev3.RouteConfiguration]
	actions   []at[*routev3.RouteAction]
	retries   []at[*routev3.RetryPolicy]
	proxies   []at[*tcpv3.TcpProxy]
	services  []at[*corev3.GrpcService]
	all       []at[proto.Message]
	byName    map[string]*clusterv3.Cluster
}

func newView(d *document) *view {
	v := &view{document: d, byName: map[string]*clusterv3.Cluster{}}
	for i, c := range d.message.GetStaticResources().GetClusters() {
		v.clusters = append(v.clusters, at[*clusterv3.Cluster]{fmt.Sprintf("static_resources.clusters[%d]", i), c})
		v.byName[c.GetName()] = c
	}
	for i, l := range d.message.GetStaticResources().GetListeners() {
		v.listeners = append(v.listeners, at[*listenerv3.Listener]{fmt.Sprintf("static_resources.listeners[%d]", i), l})
	}
	walk(d.message.ProtoReflect(), "", func(path string, m proto.Message) {
		v.all = append(v.all, at[proto.Message]{path, m})
		switch m := m.(type) {
		case *hcmv3.HttpConnectionManager:
			v.managers = append(v.managers, at[*hcmv3.HttpConnectionManager]{path, m})
		case *routev3.RouteConfiguration:
			v.routes = append(v.routes, at[*routev3.RouteConfiguration]{path, m})
		case *routev3.RouteAction:
			v.actions = append(v.actions, at[*routev3.RouteAction]{path, m})
		case *routev3.RetryPolicy:
			v.retries = append(v.retries, at[*routev3.RetryPolicy]{path, m})
		case *tcpv3.TcpProxy:
			v.proxies = append(v.proxies, at[*tcpv3.TcpProxy]{path, m})
		case *corev3.GrpcService:
			v.services = append(v.services, at[*corev3.GrpcService]{path, m})
		}
	})
	return v
}

// socketOf returns the IP address and port that an address stands for.
func socketOf(a *corev3.Address) (netip.Addr, int, bool) {
	s := a.GetSocketAddress()
	if s == nil {
		return netip.Addr{}, 0, false
	}
	ip, err := netip.ParseAddr(s.GetAddress())
	return ip, int(s.GetPortValue()), err == nil
}

// endpointsOf yields a cluster's endpoints with their paths.
func endpointsOf(c at[*clusterv3.Cluster], visit func(path string, e *endpointv3.Endpoint)) {
	for i, l := range c.msg.GetLoadAssignment().GetEndpoints() {
		for j, e := range l.GetLbEndpoints() {
			if e.GetEndpoint() != nil {
				visit(fmt.Sprintf("%s.load_assignment.endpoints[%d].lb_endpoints[%d].endpoint", c.path, i, j), e.GetEndpoint())
			}
		}
	}
}

// speaksHTTP2 reports whether a cluster's endpoints are spoken to in HTTP/2; known is false if that cannot be told.
func speaksHTTP2(c *clusterv3.Cluster) (yes, known bool) {
	if a := c.GetTypedExtensionProtocolOptions()["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]; a != nil {
		m, err := a.UnmarshalNew()
		o, ok := m.(*httpv3.HttpProtocolOptions)
		if err != nil || !ok {
			return false, false
		}
		switch {
		case o.GetExplicitHttpConfig() != nil:
			return o.GetExplicitHttpConfig().GetHttp2ProtocolOptions() != nil || o.GetExplicitHttpConfig().GetHttp3ProtocolOptions() != nil, true
		case o.GetUseDownstreamProtocolConfig() != nil, o.GetAutoConfig() != nil:
			return false, false
		}
		return false, true
	}
	return hasField(c, "http2_protocol_options"), true
}

// hasField reports whether a field is set, without calling what is deprecated.
func hasField(m proto.Message, name string) bool {
	f := m.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name))
	return f != nil && m.ProtoReflect().Has(f)
}

func isDNS(c *clusterv3.Cluster) bool {
	if t := c.GetClusterType(); t != nil {
		return strings.HasPrefix(t.GetName(), "envoy.cluster.dns") || strings.HasSuffix(t.GetTypedConfig().GetTypeUrl(), "DnsCluster")
	}
	return c.GetType() == clusterv3.Cluster_STRICT_DNS || c.GetType() == clusterv3.Cluster_LOGICAL_DNS
}

func isStatic(c *clusterv3.Cluster) bool {
	return c.GetClusterType() == nil && c.GetType() == clusterv3.Cluster_STATIC
}
