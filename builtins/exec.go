package builtins

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var execForm = sync.OnceValue(func() *form {
	return newProbeForm("exec", "exec", 1, "command").done()
})

// exec(command, *, initial_delay_seconds = None, period_seconds = None, timeout_seconds = None,
// success_threshold = None, failure_threshold = None, termination_grace_period_seconds = None) -> Probe
//
// A probe that succeeds when a command in the container exits with 0: liveness = exec(["redis-cli", "ping"]).
//
// Args:
//
//	command: a list of strings; no shell runs it unless it names one: ["sh", "-c", "..."].
//	initial_delay_seconds, period_seconds, timeout_seconds, success_threshold, failure_threshold,
//	termination_grace_period_seconds: as http_get's.
func execProbe(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := execForm().begin(thread, args, kwargs)
	if len(args) > 1 { // reported; the words of a command, most likely
		return c.records[theObject], nil
	}
	if s, ok := c.arg("command").(starlark.String); ok {
		c.mistake(theAction, kube.Fields("command"), fmt.Errorf(`got string, want list: write ["sh", "-c", %s]`, s), "command")
	} else {
		c.set(theAction, "command", c.arg("command"), "command")
	}
	return c.records[theObject], nil
}
