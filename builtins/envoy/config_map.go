package envoy

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
)

// ConfigMap is the note on a ConfigMap that holds a sidecar's configuration.
type ConfigMap struct {
	config.Config             // without Upstreams
	Upstreams     []*Upstream // in the order given
	Versioned     bool        // named by its hash, and immutable
	Given         []starlark.Tuple
	Mark          typed.Mark
	Broken        bool // a mistake was reported
	record        *typed.Record
}

var configMapKeywords = []string{
	"access_log", "address", "admin_port", "dns_lookup_family", "listen", "local_port", "name", "namespace", "overrides",
	"ready_port", "region", "stats", "tracing", "versioned", "xds",
}

// keywords lists those of config_map; bootstrap, which makes no object, has no name for one.
func (c *ConfigMap) keywords() []string {
	if c.record == nil {
		return without(configMapKeywords, []string{"name", "versioned"})
	}
	return configMapKeywords
}

func (c *ConfigMap) set(r *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "name":
		return c.setMetadata("name", v, "ConfigMap")
	case "namespace":
		return c.setMetadata("namespace", v, "Namespace")
	case "listen":
		return word(&c.Listen, v, config.PerUpstream, config.Shared)
	case "address":
		return text(&c.Address, v)
	case "local_port":
		return port(&c.LocalPort, v)
	case "admin_port":
		return port(&c.AdminPort, v)
	case "ready_port":
		return port(&c.ReadyPort, v)
	case "region":
		return text(&c.Region, v)
	case "dns_lookup_family":
		return word(&c.DNSLookupFamily, v, "v4_only", "v6_only", "v4_preferred", "auto", "all")
	case "stats":
		return word(&c.Stats, v, config.StatsDefault, config.StatsAll)
	case "access_log":
		return c.setAccessLog(r, v)
	case "versioned":
		if c.record == nil {
			return errUnknown
		}
		return flag(&c.Versioned, v)
	case "overrides":
		return overrides(r, &c.Overrides, v)
	case "tracing":
		o, err := optionOf(r, keyword, keyword, v, &tracingOptions{})
		if err == nil {
			c.Tracing = &o.Tracing
		}
		return err
	case "xds":
		return c.setXDS(r, v)
	}
	return errUnknown
}

// setAccessLog takes which requests are logged, or more.
func (c *ConfigMap) setAccessLog(r *reader, v starlark.Value) error {
	if _, ok := v.(starlark.String); ok {
		return word(&c.AccessLog.Which, v, config.LogFailures, config.LogAll, config.LogNone)
	}
	o, err := optionOf(r, "access_log", "access_log", v, &accessLogOptions{})
	c.AccessLog = o.AccessLog
	return err
}

// setXDS takes the server, or its address alone.
func (c *ConfigMap) setXDS(r *reader, v starlark.Value) error {
	if _, ok := v.(starlark.String); ok {
		c.XDS = &config.XDS{}
		return text(&c.XDS.Address, v)
	}
	o, err := optionOf(r, "xds", "xds", v, &xdsOptions{})
	if err == nil {
		c.XDS = &o.XDS
	}
	return err
}

// setMetadata sets a field of the object's metadata; a configuration that is no object (see bootstrap) keeps the namespace
// alone.
func (c *ConfigMap) setMetadata(field string, v starlark.Value, kind string) error {
	var s string
	if err := name(&s, v, kind); err != nil {
		return err
	}
	if c.record == nil {
		if field == "name" {
			return errUnknown
		}
		c.Namespace = s
		return nil
	}
	return c.record.Child("metadata").Put(field, starlark.String(s))
}

// Has reports whether a keyword was given.
func (c *ConfigMap) Has(keyword string) bool { return has(c.Given, keyword) }

// config_map(app, *upstreams, name = app + "-envoy", namespace = None, listen = "per_upstream", address = "127.0.0.1",
// local_port = 10001, admin_port = 9901, ready_port = 9902, region = None, dns_lookup_family = "v4_only",
// access_log = "failures", tracing = None, stats = "default", xds = None, versioned = False, overrides = {}) -> ConfigMap
//
// The configuration of an application's sidecar: a listener for each upstream, the routes and clusters behind them.
//
//	envoy.config_map("checkout", "payments.money:8080", envoy.upstream("cache", port = 6379, protocol = "tcp"))
//
// The ConfigMap's data is written after main has returned: ports that were left out are looked up in the Services that the
// same file declares.
//
// Args:
//
//	app: the application's name, which segments its statistics.
//	*upstreams: what it calls: envoy.upstream(...) or strings "name", "name:port", "name.namespace:port". A list of them
//	  takes a star: *ALL.
//	name: of the ConfigMap; configure_sidecar of a workload called app finds the default.
//	namespace: of the ConfigMap and of upstreams that name none; by default that of the target.
//	listen: "per_upstream", a local port for each, or "shared", one for all that routes by host name; the application then
//	  calls payments:8000, which the Pod's hosts file sends to the sidecar.
//	address: of the listeners.
//	local_port: of the first listener; 8000 if shared.
//	admin_port: of Envoy's administration, on 127.0.0.1 alone.
//	ready_port: of /ready and /stats/prometheus, on all addresses.
//	region: where this runs, for statistics; by default that of the target.
//	dns_lookup_family: "v4_only", "v6_only", "v4_preferred", "auto" or "all". Envoy's auto takes only one family, too
//	  (envoyproxy/envoy#46877).
//	access_log: "failures", by gRPC status too, "all" or "none", or envoy.access_log(...); JSON on stdout.
//	tracing: envoy.tracing(...); by default none.
//	stats: "default", the few that dashboards and alerts need, or "all".
//	xds: envoy.xds(...), or its "host:port": a server that configures the sidecar while it runs. Sidecars whose variables
//	  ENVOY_XDS_HOST and ENVOY_XDS_PORT name one need no more than that beside upstreams.
//	versioned: name the ConfigMap by its content and make it immutable, so that Pods of an older revision keep theirs.
//	overrides: a dict of Envoy's own fields, merged into the bootstrap.
func configMap(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	app, kwargs, err := first(b.Name(), "app", args, kwargs)
	if err != nil {
		return nil, err
	}
	run := typed.RunOf(thread)
	cm := run.New(configMapType())
	c := &ConfigMap{Given: kwargs, Mark: run.Mark(), record: cm}
	r := reader{run: run, builtin: b.Name(), object: "ConfigMap"}
	if err := c.setApp(app); err != nil {
		r.argument(err, 0)
	} else {
		r.object = kube.ID{Kind: "ConfigMap", Name: c.App + "-envoy"}.String()
		if err := cm.Child("metadata").Put("name", starlark.String(c.App+"-envoy")); err != nil {
			r.argument(err, 0)
		}
	}
	c.read(&r, args, kwargs)
	if c.Broken = r.broken; r.broken {
		cm.Poison()
	}
	cm.Annotate(c)
	return cm, nil
}

// setApp reads the application's name.
func (c *ConfigMap) setApp(v starlark.Value) error {
	if x, ok := v.(*typed.Record); ok && x.Schema().Kind != "" {
		return wrong(v, "the application's name", "write .metadata.name behind it")
	}
	if _, ok := v.(*Upstream); ok {
		return wrong(v, "the application's name first, then its upstreams")
	}
	return text(&c.App, v)
}

// read reads upstreams and keywords.
func (c *ConfigMap) read(r *reader, args starlark.Tuple, kwargs []starlark.Tuple) {
	if len(args) > 1 {
		c.Upstreams = make([]*Upstream, 0, len(args)-1)
	}
	for i := 1; i < len(args); i++ {
		u, err := c.upstream(args[i], i)
		if err != nil {
			r.argument(err, i)
			continue
		}
		c.Upstreams = append(c.Upstreams, u)
		if u.Arg >= 0 {
			c.check(r, u)
		}
	}
	if len(args) < 2 && !has(kwargs, "xds") && !has(kwargs, "upstreams") {
		r.report(&typed.Error{
			Err:  fmt.Errorf("got no upstreams, want what the application calls"),
			Help: []string{fmt.Sprintf("write %s(%q, %q)", r.builtin, c.App, "payments:8080")},
		})
	}
	r.keywords(c, kwargs)
}

// upstream reads an argument that is one.
func (c *ConfigMap) upstream(v starlark.Value, arg int) (*Upstream, error) {
	switch v := v.(type) {
	case *Upstream:
		return v, nil
	case starlark.String:
		u := &Upstream{Mark: c.Mark, Arg: arg}
		return u, u.parse(string(v))
	case *starlark.List, starlark.Tuple, *starlark.Set, *typed.List:
		return nil, wrong(v, "an upstream", "put a star before it: *upstreams")
	case *typed.Record:
		return nil, wrong(v, `an upstream: envoy.upstream(...) or a string such as "payments:8080"`)
	}
	return nil, wrong(v, `an upstream: envoy.upstream(...) or a string such as "payments:8080"`)
}

// check reports what is wrong with an upstream that is a string.
func (c *ConfigMap) check(r *reader, u *Upstream) {
	for _, p := range config.ValidateUpstream(u.Upstream) {
		u.Broken = true
		r.argument(&typed.Error{Path: kube.Fields(p.Option), Err: fmt.Errorf("%s", p.Message), Suggest: p.Suggest}, u.Arg)
	}
}
