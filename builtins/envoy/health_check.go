package envoy

import (
	"go.starlark.net/starlark"

	config "github.com/starctl/starctl/envoy"
)

type healthCheckOptions struct{ config.HealthCheck }

func (o *healthCheckOptions) keywords() []string {
	return []string{"healthy", "interval", "path", "service", "timeout", "unhealthy"}
}

func (o *healthCheckOptions) set(_ *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "path":
		return text(&o.Path, v)
	case "service":
		return text(&o.Service, v)
	case "interval":
		return duration(&o.Interval, v)
	case "timeout":
		return duration(&o.Timeout, v)
	case "unhealthy":
		return number(&o.Unhealthy, v, 1, 100)
	case "healthy":
		return number(&o.Healthy, v, 1, 100)
	}
	return errUnknown
}

// health_check(*, path = None, service = None, interval = "10s", timeout = "2s", unhealthy = 3, healthy = 2) -> health_check
//
// Asks every Pod of an upstream whether it is well, from every sidecar: the health_check of an upstream. Kubernetes asks as
// well, and a Pod that is not ready leaves DNS; this is for what the kubelet cannot see, such as a broken network between two
// Pods.
//
// Args:
//
//	path: to GET, for http and http2, where it is required.
//	service: that grpc.health.v1 is asked about, for grpc; by default the server as a whole.
//	interval: between questions.
//	timeout: of each.
//	unhealthy: failures that take a Pod out.
//	healthy: successes that bring it back.
func healthCheck(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "", &healthCheckOptions{})
}
