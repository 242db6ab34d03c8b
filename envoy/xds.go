package envoy

import "github.com/starctl/starctl/kube"

// dynamicResources connects to the xDS server. With no upstreams in the Config everything comes from there; else the server
// is asked only for the endpoints of those whose discovery is EDS.
func (g *generator) dynamicResources() kube.Node {
	if g.XDS == nil {
		return kube.Node{}
	}
	if len(g.Upstreams) > 0 {
		return msg(field("ads_config", adsConfig))
	}
	return msg(field("ads_config", adsConfig), field("lds_config", fromADS), field("cds_config", fromADS))
}

func (g *generator) xdsUpstream() *Upstream {
	u := internalUpstream(xdsClusterName, g.XDS.Address)
	u.TLS = g.XDS.TLS
	return u
}

var (
	// One stream for all kinds of resources, which orders their changes: clusters before the listeners that name them.
	adsConfig = msg(
		text("api_type", "GRPC"),
		text("transport_api_version", "V3"),
		flag("set_node_on_first_message_only", true),
		field("grpc_services", list(msg(field("envoy_grpc", msg(text("cluster_name", xdsClusterName)))))),
	)
	fromADS = msg(text("resource_api_version", "V3"), field("ads", msg()))
)
