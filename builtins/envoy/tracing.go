package envoy

import (
	"go.starlark.net/starlark"

	config "github.com/starctl/starctl/envoy"
)

type tracingOptions struct{ config.Tracing }

func (o *tracingOptions) keywords() []string { return []string{"address", "percent", "service"} }

func (o *tracingOptions) set(_ *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "address":
		return text(&o.Address, v)
	case "percent":
		if err := percent(&o.Percent, v); err != nil {
			return err
		}
		if o.Percent == 0 {
			o.Percent = config.None
		}
		return nil
	case "service":
		return text(&o.Service, v)
	}
	return errUnknown
}

// tracing(address, *, percent = 1, service = None) -> tracing
//
// Sends spans to an OpenTelemetry collector: the tracing of envoy.config_map.
//
// Args:
//
//	address: host:port of the collector's OTLP gRPC receiver.
//	percent: of the requests that begin here; 0 follows only what callers sampled.
//	service: the name in the spans, by default the application's.
func tracing(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "address", &tracingOptions{})
}
