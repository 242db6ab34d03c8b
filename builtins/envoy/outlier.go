package envoy

import (
	"go.starlark.net/starlark"

	config "github.com/starctl/starctl/envoy"
)

type outlierOptions struct{ config.Outlier }

func (o *outlierOptions) keywords() []string {
	return []string{"base_ejection", "gateway_failures", "interval", "local_failures", "max_ejection", "max_ejection_percent"}
}

func (o *outlierOptions) set(_ *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "gateway_failures":
		return count(&o.GatewayFailures, v, 1_000_000)
	case "local_failures":
		return count(&o.LocalFailures, v, 1_000_000)
	case "interval":
		return duration(&o.Interval, v)
	case "base_ejection":
		return duration(&o.BaseEjection, v)
	case "max_ejection":
		return duration(&o.MaxEjection, v)
	case "max_ejection_percent":
		return number(&o.MaxEjectionPercent, v, 1, 100)
	}
	return errUnknown
}

// outlier(*, gateway_failures = 5, local_failures = 5, interval = "5s", base_ejection = "15s", max_ejection = "60s",
// max_ejection_percent = 50) -> outlier
//
// When a Pod that fails is left out for a while: the outlier of an upstream. outlier = False leaves none out.
//
// Args:
//
//	gateway_failures: 502, 503, 504 and the gRPC codes that mean them, UNAVAILABLE and DEADLINE_EXCEEDED, in a row; 0 to
//	  ignore them. Other 5xx never count: gRPC's INTERNAL is one, and says nothing about the Pod.
//	local_failures: failed connections, timeouts and resets in a row; 0 to ignore them.
//	interval: between looks.
//	base_ejection: for how long, times the number of ejections.
//	max_ejection: the longest.
//	max_ejection_percent: how many of the Pods; with failover 100. Envoy's default of 10 leaves none out in a small cluster.
func outlier(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "", &outlierOptions{})
}
