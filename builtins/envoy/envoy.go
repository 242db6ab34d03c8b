// Package envoy is the Starlark module envoy: how a deploy file says what an application calls and that its Pods carry a
// sidecar.
//
// The calls check what they are given and record it, nothing more: an [Upstream] is a value of its own, a [ConfigMap] and a
// [HeadlessService] are notes on the objects that the calls return, a [Sidecar] is a note on the workload. What they mean
// together is found by package link after main has returned, so that the order of the calls never matters.
//
// Read keyword.go (how arguments are read, and every mistake in them reported under its keyword), value.go (what an argument
// can be), option.go (several options under one keyword), then one file a builtin: upstream.go, config_map.go,
// configure_sidecar.go, headless_service.go, bootstrap.go, and the options retry.go, tls.go and so on.
// What goes into upstreams and configurations is explained in the package of the same name at the root, here called config.
package envoy

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/starlark/diag"
)

// envoy -> module
//
// envoy puts an Envoy proxy beside an application, as a sidecar of its Pods. envoy.upstream says what the application
// calls, envoy.config_map makes the proxy's configuration, envoy.configure_sidecar puts the proxy into a workload and points
// the application at it, in any order; envoy.headless_service makes the Service that the sidecars of others look up;
// envoy.bootstrap gives a configuration as a value, for an Envoy elsewhere.

// Module is the predeclared envoy.
func Module() starlark.Value {
	m := &module{}
	for _, f := range []struct {
		name string
		call func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)
	}{
		{"access_log", accessLog},
		{"bootstrap", bootstrap},
		{"circuit_breaker", circuitBreaker},
		{"config_map", configMap},
		{"configure_sidecar", configureSidecar},
		{"endpoint", endpoint},
		{"headless_service", headlessService},
		{"health_check", healthCheck},
		{"outlier", outlier},
		{"retry", retry},
		{"tls", tls},
		{"tracing", tracing},
		{"upstream", upstream},
		{"xds", xds},
	} {
		m.add(f.name, starlark.NewBuiltin("envoy."+f.name, f.call))
	}
	for _, name := range later {
		m.add(name, starlark.NewBuiltin("envoy."+name, notYet))
	}
	slices.Sort(m.names)
	return m
}

// later are the builtins that are specified and not there yet.
var later = []string{"front_proxy", "inbound"}

// notYet refuses a builtin that is not there yet. The file is evaluated on, so that its other mistakes are found.
func notYet(thread *starlark.Thread, b *starlark.Builtin, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	typed.RunOf(thread).Report("", fmt.Errorf("%s is not in this version of starctl", b.Name()))
	return starlark.None, nil
}

// module is a Starlark module whose unknown names get a suggestion.
type module struct {
	names  []string
	values []starlark.Value // as they were added
	index  map[string]int
}

func (m *module) add(name string, v starlark.Value) {
	if m.index == nil {
		m.index = map[string]int{}
	}
	m.index[name] = len(m.values)
	m.names, m.values = append(m.names, name), append(m.values, v)
}

var _ starlark.HasAttrs = (*module)(nil)

func (m *module) String() string        { return "<module envoy>" }
func (m *module) Type() string          { return "module" }
func (m *module) Freeze()               {}
func (m *module) Truth() starlark.Bool  { return true }
func (m *module) Hash() (uint32, error) { return starlark.String("envoy").Hash() }
func (m *module) AttrNames() []string   { return m.names }

func (m *module) Attr(name string) (starlark.Value, error) {
	if i, ok := m.index[name]; ok {
		return m.values[i], nil
	}
	return nil, diag.Diagnostic{Message: "envoy has no " + name, Suggest: diag.Nearest(name, m.names)}
}
