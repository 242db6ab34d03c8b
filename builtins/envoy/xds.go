package envoy

import (
	"go.starlark.net/starlark"

	config "github.com/starctl/starctl/envoy"
)

// Variables of a sidecar that name its xDS server, as the image envoy-simple has them, and their defaults there.
const (
	XDSHost     = "ENVOY_XDS_HOST"
	XDSPort     = "ENVOY_XDS_PORT"
	DefaultHost = "127.0.0.1"
	DefaultPort = "50000"
)

type xdsOptions struct{ config.XDS }

func (o *xdsOptions) keywords() []string { return []string{"address", "tls"} }

func (o *xdsOptions) set(r *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "address":
		return text(&o.Address, v)
	case "tls":
		return tlsOf(r, &o.TLS, v)
	}
	return errUnknown
}

// xds(address = None, *, tls = None) -> xds
//
// A server that configures the sidecar while it runs: the xds of envoy.config_map. Without upstreams, listeners, routes and
// clusters come from there; beside upstreams, only the endpoints of those with discovery = "eds".
//
// Where sidecars say it by the variables that the image envoy-simple knows, they say it here as well:
//
//	envoy.configure_sidecar(app, container = {"env": [{"name": "ENVOY_XDS_HOST", "value": "rotor.default"}]})
//
// ENVOY_XDS_PORT is 50000 by default, as in that image. They are read when the file is rendered.
//
// Args:
//
//	address: host:port of the server, which speaks gRPC; by default what ENVOY_XDS_HOST and ENVOY_XDS_PORT say.
//	tls: envoy.tls(...); by default plain text.
func xds(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	lead := "address"
	if len(args) == 0 && !has(kwargs, lead) {
		lead = ""
	}
	return makeOption(thread, b, args, kwargs, lead, &xdsOptions{})
}
