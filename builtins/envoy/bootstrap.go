package envoy

import (
	"fmt"
	"math/big"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
)

// bootstrap(app, *upstreams, namespace = "default", listen = "per_upstream", address = "127.0.0.1", local_port = 10001,
// admin_port = 9901, ready_port = 9902, region = None, dns_lookup_family = "v4_only", access_log = "failures",
// tracing = None, stats = "default", xds = None, overrides = {}) -> dict
//
// The configuration that envoy.config_map writes, as a value: for Envoy outside Kubernetes, or to look at.
//
//	yaml.encode(envoy.bootstrap("checkout", "payments.money:8080"))
//
// Nothing is looked up elsewhere: every upstream needs a port, and defaults(envoy = ...) of the project do not count.
//
// Args:
//
//	app: the application's name.
//	*upstreams: as envoy.config_map has them.
//	namespace: of upstreams that name none.
//	listen, address, local_port, admin_port, ready_port, region, dns_lookup_family: as envoy.config_map has them.
//	access_log, tracing, stats, xds, overrides: as envoy.config_map has them.
func bootstrap(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	app, kwargs, err := first(b.Name(), "app", args, kwargs)
	if err != nil {
		return nil, err
	}
	run := typed.RunOf(thread)
	c := &ConfigMap{Given: kwargs, Mark: run.Mark()}
	r := reader{run: run, builtin: b.Name(), object: "bootstrap"}
	if err := c.setApp(app); err != nil {
		r.argument(err, 0)
	}
	c.read(&r, args, kwargs)
	if r.broken || c.broken() {
		return starlark.NewDict(0), nil
	}
	for _, u := range c.Upstreams {
		c.Config.Upstreams = append(c.Config.Upstreams, u.Upstream)
	}
	n, problems := config.Bootstrap(c.Config)
	for _, p := range problems {
		c.reportProblem(&r, p)
	}
	return plain(n), nil
}

// broken reports whether a mistake was reported in an upstream.
func (c *ConfigMap) broken() bool {
	for _, u := range c.Upstreams {
		if u.Broken {
			return true
		}
	}
	return false
}

func (c *ConfigMap) reportProblem(r *reader, p config.Problem) {
	err := &typed.Error{Err: fmt.Errorf("%s", p.Message), Suggest: p.Suggest}
	if p.Upstream < 0 {
		r.mistake(err, p.Option)
		return
	}
	u := c.Upstreams[p.Upstream]
	err.Path = kube.Fields(p.Option)
	mistake := typed.Mistake{Err: err, Object: u.Title(), Place: u.Place(p.Option)}
	r.broken = true
	r.run.Add(mistake)
}

// plain makes a value that Starlark code can change.
func plain(n kube.Node) starlark.Value {
	switch n.Kind() {
	case kube.Bool:
		return starlark.Bool(n.Bool())
	case kube.Int:
		if i, ok := n.Int(); ok {
			return starlark.MakeInt64(i)
		}
		i, _ := new(big.Int).SetString(n.Text(), 10) // a Node's digits are digits
		return starlark.MakeBigInt(i)
	case kube.Float:
		return starlark.Float(n.Float())
	case kube.String:
		return starlark.String(n.Str())
	case kube.List:
		var list []starlark.Value
		for _, v := range n.Items() {
			list = append(list, plain(v))
		}
		return starlark.NewList(list)
	case kube.Map, kube.Record:
		d := starlark.NewDict(n.Len())
		for k, v := range n.All() {
			_ = d.SetKey(starlark.String(k), plain(v)) // a string is hashable
		}
		return d
	}
	return starlark.None
}
