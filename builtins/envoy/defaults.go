package envoy

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
)

// Defaults are what a project says for all of its sidecars, configurations and upstreams, by their keywords.
type Defaults struct{ sidecar, configMap, upstream []pair }

// Keywords that a project cannot have a default for: they name one thing. local_port and overrides are config_map's.
var (
	ownOfSidecar   = []string{"config", "containers"}
	ownOfConfigMap = []string{"name", "namespace"}
	ownOfUpstream  = []string{"addresses", "authority", "host", "local_port", "name", "namespace", "overrides", "port", "service"}
)

// NewDefaults reads a dict from keywords to values; mistakes are reported to run, with the keyword as first name.
func NewDefaults(run *typed.Run, d *starlark.Dict) *Defaults {
	r := reader{run: run, builtin: "defaults(envoy = ...)", object: "defaults"}
	var out Defaults
	forms := []struct {
		options
		own  []string
		list *[]pair
	}{
		{&Sidecar{}, ownOfSidecar, &out.sidecar},
		{&ConfigMap{record: run.New(configMapType())}, ownOfConfigMap, &out.configMap},
		{&Upstream{}, ownOfUpstream, &out.upstream},
	}
	for k, v := range d.Entries() {
		key, ok := k.(starlark.String)
		if !ok {
			r.report(fmt.Errorf("got the key %s, want a keyword as string", k), k.String())
			continue
		}
		if v == starlark.None {
			continue
		}
		found := false
		for _, f := range forms {
			if slices.Contains(f.own, string(key)) || !known(f.options, key) {
				continue
			}
			found = true
			r.broken = false
			if r.keyword(f.options, string(key), v); !r.broken {
				*f.list = append(*f.list, pair{string(key), v})
			}
			break
		}
		if !found {
			r.noDefault(string(key))
		}
	}
	return &out
}

// noDefault reports a keyword that no project can set.
func (r *reader) noDefault(keyword string) {
	all := slices.Concat(without(sidecarKeywords, ownOfSidecar), without(configMapKeywords, ownOfConfigMap), without(upstreamKeywords, ownOfUpstream))
	switch {
	case keyword == "port":
		r.report(&typed.Error{Err: fmt.Errorf("port: got a default"), Help: []string{"write defaults(upstream_port = ...)"}}, keyword)
	case slices.Contains(ownOfUpstream, keyword), slices.Contains(ownOfSidecar, keyword), slices.Contains(ownOfConfigMap, keyword):
		r.report(fmt.Errorf("%s: names one thing, so it has no default", keyword), keyword)
	default:
		r.report(&typed.Error{Err: fmt.Errorf("no builtin of envoy has a keyword %q", keyword), Suggest: nearest(keyword, all)}, keyword)
	}
}

func without(list, but []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(but, s) })
}

// silent reads what was checked before.
func silent(run *typed.Run) *reader { return &reader{run: run} }

// Sidecar returns s with defaults for what it was not given; dicts are merged by key.
func (d *Defaults) Sidecar(run *typed.Run, s *Sidecar) *Sidecar {
	if d == nil || len(d.sidecar) == 0 {
		return s
	}
	c := *s
	var base Sidecar
	for _, kw := range d.sidecar {
		if !s.Has(kw.key) && (kw.key != "ready_env" || s.ReadyEnv != "") {
			_ = c.set(silent(run), kw.key, kw.value) // checked by NewDefaults
			continue
		}
		switch kw.key {
		case "env", "flags", "container", "resources":
			_ = base.set(silent(run), kw.key, kw.value)
		}
	}
	c.Env, c.Flags = mergeTemplates(base.Env, c.Env), mergeTemplates(base.Flags, c.Flags)
	c.Container, c.Resources = mergeRecords(run, base.Container, c.Container), mergeRecords(run, base.Resources, c.Resources)
	return &c
}

// mergeTemplates returns base, where over does not say otherwise, and the rest of over.
func mergeTemplates(base, over []Template) []Template {
	if len(base) == 0 {
		return over
	}
	list := slices.DeleteFunc(slices.Clone(base), func(b Template) bool {
		return slices.ContainsFunc(over, func(o Template) bool { return o.Name == b.Name })
	})
	return append(list, over...)
}

func mergeRecords(run *typed.Run, base, over *typed.Record) *typed.Record {
	switch {
	case base == nil:
		return over
	case over == nil:
		return base
	}
	out := typed.Copy(run, base).(*typed.Record)
	typed.Merge(out, over)
	return out
}

// ConfigMap returns c with defaults for what it was not given.
func (d *Defaults) ConfigMap(run *typed.Run, c *ConfigMap) *ConfigMap {
	if d == nil || len(d.configMap) == 0 {
		return c
	}
	out := *c
	for _, kw := range d.configMap {
		if !c.Has(kw.key) {
			_ = out.set(silent(run), kw.key, kw.value) // checked by NewDefaults
			continue
		}
		if kw.key == "overrides" {
			out.Overrides = config.Merge(typed.Node(kw.value), out.Overrides)
		}
	}
	return &out
}

// Upstream returns u with defaults for what it was not given and its protocol has.
func (d *Defaults) Upstream(run *typed.Run, u *Upstream) config.Upstream {
	if d == nil || len(d.upstream) == 0 {
		return u.Upstream
	}
	c := *u
	for _, kw := range d.upstream {
		if kw.key == "protocol" && !u.Has(kw.key) {
			_ = c.set(silent(run), kw.key, kw.value) // checked by NewDefaults
		}
	}
	for _, kw := range d.upstream {
		if !u.Has(kw.key) && !(c.Protocol == config.TCP && needsRequests(kw.key)) {
			_ = c.set(silent(run), kw.key, kw.value)
		}
	}
	return c.Upstream
}

// needsRequests reports whether a keyword of upstream has no meaning for tcp.
func needsRequests(keyword string) bool {
	return keyword == "timeout" || keyword == "retries" || keyword == "keep_alive"
}
