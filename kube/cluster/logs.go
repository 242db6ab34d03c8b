package cluster

import (
	"context"
	"net/url"
	"strconv"
)

// LogOptions choose a part of a container's log.
type LogOptions struct {
	Tail     int  // last lines; 0 is all
	Previous bool // of the run before the last restart
}

// logBytes bounds a log, whatever its lines are.
const logBytes = 256 << 10

// Logs returns the last lines of a container's log, or all of a short one. Whoever prints it escapes it: it is the text of a stranger.
func (c *Client) Logs(ctx context.Context, ns, pod, container string, o LogOptions) ([]byte, error) {
	pods := Resource{Version: "v1", Kind: "Pod", Name: "pods", Namespaced: true}
	q := &request{verb: "get", resource: pods, namespace: ns, name: pod, sub: "log", accept: "*/*", again: true}
	q.query = url.Values{"limitBytes": {strconv.Itoa(logBytes)}}
	if container != "" {
		q.query.Set("container", container)
	}
	if o.Tail > 0 {
		q.query.Set("tailLines", strconv.Itoa(o.Tail))
	}
	if o.Previous {
		q.query.Set("previous", "true")
	}
	return c.bytes(ctx, q)
}
