package validate

import (
	"fmt"
	"strings"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"github.com/starctl/starctl/internal/nearest"
)

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
