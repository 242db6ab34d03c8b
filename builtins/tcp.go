package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var tcpForm = sync.OnceValue(func() *form {
	return newProbeForm("tcp", "tcpSocket", 1, "port").fields(theAction, "action_", "port").done()
})

// tcp(port, *, host = None, initial_delay_seconds = None, period_seconds = None, timeout_seconds = None,
// success_threshold = None, failure_threshold = None, termination_grace_period_seconds = None) -> Probe
//
// A probe that succeeds when a connection can be opened: liveness = tcp("redis").
//
// Args:
//
//	port: one of the container's ports, by name or number.
//	host: where to connect; by default the Pod's address.
//	initial_delay_seconds, period_seconds, timeout_seconds, success_threshold, failure_threshold,
//	termination_grace_period_seconds: as http_get's.
func tcp(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := tcpForm().begin(thread, args, kwargs)
	c.port()
	return c.records[theObject], nil
}
