package envoy

import (
	"go.starlark.net/starlark"

	config "github.com/starctl/starctl/envoy"
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

// xds(address, *, tls = None) -> xds
//
// A server that configures the sidecar while it runs: the xds of envoy.config_map. Without upstreams, listeners, routes and
// clusters come from there; beside upstreams, only the endpoints of those with discovery = "eds".
//
// Args:
//
//	address: host:port of the server, which speaks gRPC.
//	tls: envoy.tls(...); by default plain text.
func xds(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "address", &xdsOptions{})
}
