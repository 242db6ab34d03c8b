package envoytest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube/encode"
)

// Bootstrap is an Envoy bootstrap as plain data, in Envoy's own field names.
type Bootstrap map[string]any

// Generate returns the bootstrap that package envoy makes of c.
func Generate(c envoy.Config) (Bootstrap, error) {
	n, problems := envoy.Bootstrap(c)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%v", problems)
	}
	return encode.ToMap(n).(map[string]any), nil
}

// WriteFile writes b as JSON, which Envoy accepts as well as YAML.
func (b Bootstrap) WriteFile(file string) error {
	data, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// At returns the value at a dotted path, list indexes included, or nil:
// "static_resources.clusters.0.name".
func (b Bootstrap) At(path string) any {
	var v any = map[string]any(b)
	for key := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// Walk calls f with every message in b, outer ones first.
func (b Bootstrap) Walk(f func(msg map[string]any)) { walk(map[string]any(b), f) }

func walk(v any, f func(map[string]any)) {
	switch x := v.(type) {
	case map[string]any:
		f(x)
		for _, e := range x {
			walk(e, f)
		}
	case []any:
		for _, e := range x {
			walk(e, f)
		}
	}
}

// EachTyped calls f with every message inside an Any whose type name ends in name.
func (b Bootstrap) EachTyped(name string, f func(msg map[string]any)) {
	b.Walk(func(m map[string]any) {
		if t, _ := m["@type"].(string); strings.HasSuffix(t, "."+name) {
			f(m)
		}
	})
}

// Clusters returns the static clusters by name.
func (b Bootstrap) Clusters() map[string]map[string]any {
	out := map[string]map[string]any{}
	list, _ := b.At("static_resources.clusters").([]any)
	for _, c := range list {
		m := c.(map[string]any)
		out[m["name"].(string)] = m
	}
	return out
}

// UseResolver makes every DNS cluster ask the server at addr.
func (b Bootstrap) UseResolver(host string, port int) {
	b.EachTyped("CaresDnsResolverConfig", func(m map[string]any) {
		m["resolvers"] = []any{socketAddress(host, port)}
	})
}

// Relocate moves everything that b binds to host, so that instances can run
// side by side on the same ports and nothing listens beyond loopback.
func (b Bootstrap) Relocate(host string) {
	b.Walk(func(m map[string]any) {
		if a, _ := m["address"].(string); a == "127.0.0.1" || a == "0.0.0.0" {
			m["address"] = host
		}
	})
}

func socketAddress(host string, port int) map[string]any {
	return map[string]any{"socket_address": map[string]any{"address": host, "port_value": port}}
}

// WriteFiles writes what the bootstrap of c refers to into c.Dir.
func WriteFiles(c envoy.Config) error {
	for _, f := range envoy.Files(c) {
		if err := os.WriteFile(filepath.Join(c.Dir, f.Name), encode.AppendYAML(nil, f.Node), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Move replaces the beginnings of paths.
func (b Bootstrap) Move(moved *strings.Replacer) {
	b.Walk(func(m map[string]any) {
		for _, key := range []string{"path", "filename"} {
			if s, ok := m[key].(string); ok && strings.HasPrefix(s, "/") {
				m[key] = moved.Replace(s)
			}
		}
	})
}
