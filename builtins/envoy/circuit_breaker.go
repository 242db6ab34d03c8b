package envoy

import (
	"go.starlark.net/starlark"

	config "github.com/starctl/starctl/envoy"
)

type circuitBreakerOptions struct{ config.CircuitBreaker }

func (o *circuitBreakerOptions) keywords() []string {
	return []string{"connections", "pending", "requests"}
}

func (o *circuitBreakerOptions) set(_ *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "connections":
		return number(&o.Connections, v, 1, 1_000_000)
	case "pending":
		return number(&o.Pending, v, 1, 1_000_000)
	case "requests":
		return number(&o.Requests, v, 1, 1_000_000)
	}
	return errUnknown
}

// circuit_breaker(*, connections = 1024, pending = 1024, requests = 4096) -> circuit_breaker
//
// What one sidecar may have under way to an upstream; what is more fails at once.
//
// Args:
//
//	connections: to all its Pods. 1024 is Envoy's own default.
//	pending: requests that wait for a connection.
//	requests: that wait for an answer.
func circuitBreaker(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "", &circuitBreakerOptions{})
}
