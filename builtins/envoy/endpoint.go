package envoy

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
)

type endpointOptions struct{ config.Endpoint }

func (o *endpointOptions) keywords() []string { return []string{"address", "authority", "tls"} }

func (o *endpointOptions) set(r *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "address":
		return text(&o.Address, v)
	case "authority":
		return text(&o.Authority, v)
	case "tls":
		return tlsOf(r, &o.TLS, v)
	}
	return errUnknown
}

// endpoint(address, *, tls = None, authority = None) -> endpoint
//
// Another place that serves an upstream, such as the front proxy of a remote region: an item of failover.
//
// Args:
//
//	address: host:port.
//	tls: envoy.tls(...); by default plain text.
//	authority: the Host that it sees, by default the upstream's.
func endpoint(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "address", &endpointOptions{})
}

// setFailover reads a list of addresses and endpoints.
func (u *Upstream) setFailover(r *reader, v starlark.Value) error {
	list, err := sequence(v, `a list of "host:port" or envoy.endpoint(...)`)
	if err != nil {
		return err
	}
	u.Failover = make([]config.Endpoint, len(list))
	for i, x := range list {
		if s, ok := x.(starlark.String); ok {
			u.Failover[i].Address = string(s)
			continue
		}
		e, err := optionOf(r, "failover", "endpoint", x, &endpointOptions{})
		if err != nil {
			return typed.Within(kube.Path{kube.Item(i, "")}, err)
		}
		u.Failover[i] = e.Endpoint
	}
	return nil
}
