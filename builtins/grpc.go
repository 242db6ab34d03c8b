package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var grpcForm = sync.OnceValue(func() *form {
	return newProbeForm("grpc", "grpc", 1, "port").fields(theAction, "action_", "port").done()
})

// grpc(port, *, service = None, initial_delay_seconds = None, period_seconds = None, timeout_seconds = None,
// success_threshold = None, failure_threshold = None, termination_grace_period_seconds = None) -> Probe
//
// A probe that succeeds when the gRPC health service answers SERVING: readiness = grpc("grpc").
//
// Args:
//
//	port: one of the container's ports, by name or number. The API knows only numbers here: the workload that the probe is
//	  given to puts the number in.
//	service: what the health service is asked for; by default "", the server as a whole.
//	initial_delay_seconds, period_seconds, timeout_seconds, success_threshold, failure_threshold,
//	termination_grace_period_seconds: as http_get's.
func grpc(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := grpcForm().begin(thread, args, kwargs)
	if name, ok := c.arg("port").(starlark.String); ok {
		c.record(theAction)
		c.records[theObject].Annotate(grpcPort(name))
	} else {
		c.port()
	}
	return c.records[theObject], nil
}
