package validate

import (
	"fmt"
	"net/netip"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"github.com/starctl/starctl/internal/nearest"
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
	weights,
	expressions,
	headers,
	layers,
}

func (v *view) check(o Options) {
	for _, rule := range rules {
		rule(v)
	}
	v.versions(o)
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

// domains of a route table lead to one virtual host each.
func domains(v *view) {
	for _, r := range v.routes {
		first := map[string]string{}
		name := map[string]bool{}
		for i, h := range r.msg.GetVirtualHosts() {
			path := fmt.Sprintf("%s.virtual_hosts[%d]", r.path, i)
			if name[h.GetName()] {
				v.add(Warning, "virtual-host-twice", path+".name", "%q is there twice", h.GetName())
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

// weights of clusters are shares of their sum.
func weights(v *view) {
	for _, m := range v.all {
		w, ok := m.msg.(*routev3.WeightedCluster)
		if !ok {
			continue
		}
		total := uint32(0)
		for _, c := range w.GetClusters() {
			total += c.GetWeight().GetValue()
		}
		if total == 0 {
			v.add(Error, "weights", m.path+".clusters", "their weights are 0 together, want more")
		}
	}
}

// expressions are RE2's, of which Go's are the same language.
func expressions(v *view) {
	for _, m := range v.all {
		if x, ok := m.msg.(*matcherv3.RegexMatcher); ok {
			if _, err := syntax.Parse(x.GetRegex(), syntax.Perl); err != nil {
				v.add(Error, "regex", m.path+".regex", "got %q: %s", x.GetRegex(), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
			}
		}
	}
}

// headers that a route adds are none of those that the connection manager makes.
func headers(v *view) {
	for _, m := range v.all {
		x, ok := m.msg.(interface {
			GetRequestHeadersToAdd() []*corev3.HeaderValueOption
			GetResponseHeadersToAdd() []*corev3.HeaderValueOption
		})
		if !ok {
			continue
		}
		for field, list := range map[string][]*corev3.HeaderValueOption{
			"request_headers_to_add": x.GetRequestHeadersToAdd(), "response_headers_to_add": x.GetResponseHeadersToAdd(),
		} {
			for i, h := range list {
				if key := h.GetHeader().GetKey(); strings.HasPrefix(key, ":") || strings.EqualFold(key, "host") {
					v.add(Error, "header", fmt.Sprintf("%s.%s[%d].header.key", m.path, field, i), "got %q, want no header that begins with \":\", nor host", key)
				}
			}
		}
	}
}

// layers of the runtime have names of their own.
func layers(v *view) {
	seen := map[string]bool{}
	for i, l := range v.message.GetLayeredRuntime().GetLayers() {
		if name := l.GetName(); seen[name] {
			v.add(Error, "layer-twice", fmt.Sprintf("layered_runtime.layers[%d].name", i), "%q is there twice", name)
		}
		seen[l.GetName()] = true
	}
}
