package builtins

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var httpGetForm = sync.OnceValue(func() *form {
	f := newProbeForm("http_get", "httpGet", 0, "path", "port")
	return f.shape(theAction, "http_headers").fields(theAction, "action_", "httpHeaders", "path", "port").done()
})

// http_get(path = "/", port, *, scheme = None, host = None, http_headers = {}, initial_delay_seconds = None,
// period_seconds = None, timeout_seconds = None, success_threshold = None, failure_threshold = None,
// termination_grace_period_seconds = None) -> Probe
//
// A probe that succeeds when a GET is answered with a status from 200 to 399: readiness = http_get("/ready", port = "http").
//
// Args:
//
//	path: what to get.
//	port: one of the container's ports, by name or number.
//	scheme: "HTTP" or "HTTPS" (its certificate is not verified); Kubernetes takes HTTP if it is left out.
//	host: where to connect; by default the Pod's address.
//	http_headers: a dict of headers to send, such as {"Host": "example.com"}, or a list as in the API.
//	initial_delay_seconds: seconds from the container's start to the first try; Kubernetes takes 0 (this and the next
//	  defaults: the API's documentation of Probe).
//	period_seconds: seconds between tries; Kubernetes takes 10.
//	timeout_seconds: seconds until a try has failed; Kubernetes takes 1.
//	success_threshold: successes in a row that count after a failure; Kubernetes takes 1, and readiness alone may need more.
//	failure_threshold: failures in a row that count; Kubernetes takes 3.
//	termination_grace_period_seconds: seconds to stop the container after a failed liveness or startup probe; by default the Pod's.
func httpGet(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := httpGetForm().begin(thread, args, kwargs)
	if path := c.arg("path"); path != nil {
		c.set(theAction, "path", path, "path")
	}
	c.port()
	if v := c.arg("http_headers"); v != nil {
		c.setPairs(theAction, "httpHeaders", "http_headers", v, "name", "value")
	}
	return c.records[theObject], nil
}

// port sets the port of a probe.
func (c *call) port() {
	if v := c.arg("port"); v != nil || !c.lacks("port") || c.required > 0 {
		c.set(theAction, "port", v, "port")
		return
	}
	c.about(theAction, kube.Fields("port"), fmt.Errorf("%s needs a port: a name or number of the container's", c.name))
}
