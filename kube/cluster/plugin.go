package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/term"
	"k8s.io/client-go/tools/clientcmd/api"
)

// anonymous is who a server takes those for who show no credentials, or none that it looks at.
const anonymous = "system:anonymous"

const execVersion = "client.authentication.k8s.io/v1"

// plugin is a program that brings credentials: it runs before a request, and whoever sends that knows nothing of it.
type plugin struct {
	command string
	asks    bool          // it may have a person in front of it, who takes their time
	hint    time.Duration // after which it is said that it is waited for
	limit   time.Duration // of one that asks nobody
}

// pluginOf is that of a user, nil if it has none.
func pluginOf(user *api.AuthInfo) *plugin {
	if user.Exec == nil {
		return nil
	}
	asks := user.Exec.InteractiveMode != api.NeverExecInteractiveMode && term.IsTerminal(int(os.Stdin.Fd()))
	return &plugin{command: user.Exec.Command, asks: asks, hint: 900 * time.Millisecond, limit: 2 * time.Minute}
}

type reachedKey struct{}

// do sends a request. Where a program brings credentials first, that is said if it takes long, and ended if it takes too long; and since
// the program does not end by an interrupt, whoever waits for it goes away from it.
func (c *Client) do(req *http.Request) (*http.Response, error) {
	if c.plugin == nil {
		return c.http.Do(req)
	}
	type answer struct {
		resp *http.Response
		err  error
	}
	reached := make(chan struct{}, 1) // the credentials are there
	ctx := context.WithValue(req.Context(), reachedKey{}, reached)
	got := make(chan answer, 1)
	go func() {
		resp, err := c.http.Do(req.WithContext(ctx))
		got <- answer{resp, err}
	}()
	abandon := func() {
		if a := <-got; a.err == nil {
			_ = a.resp.Body.Close()
		}
	}
	hint, limit := time.NewTimer(c.plugin.hint), time.NewTimer(c.plugin.limit)
	defer hint.Stop()
	defer limit.Stop()
	for {
		select {
		case a := <-got:
			return a.resp, a.err
		case <-ctx.Done():
			go abandon()
			return nil, context.Cause(ctx)
		case <-reached:
			hint.Stop()
			limit.Stop()
		case <-hint.C:
			if c.gate.say(5 * time.Second) {
				c.observe(Event{Kind: Waiting, Text: "for " + c.plugin.command + ", which brings the credentials"})
			}
		case <-limit.C:
			if c.plugin.asks {
				continue
			}
			go abandon()
			return nil, fmt.Errorf("getting credentials: exec: it has not ended within %s", lasting(c.plugin.limit))
		}
	}
}
