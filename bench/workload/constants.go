package workload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// constants are the parts of the second work that are the same for every service: its floor has them as global variables.
// They are read from what starctl renders, so that the floor prints the same when a default changes.
var constants = []struct{ name, kind, path string }{
	{"RETRY", config, http + "/route_config/virtual_hosts/0/routes/0/route/retry_policy"},
	{"HTTP_FILTERS", config, http + "/http_filters"},
	{"ACCESS_LOG", config, http + "/access_log"},
	{"HTTP2", config, http + "/http2_protocol_options"},
	{"TCP_ACCESS_LOG", config, "static_resources/listeners/2/filter_chains/0/filters/0/typed_config/access_log"},
	{"READY", config, "static_resources/listeners/3"},
	{"ADMIN", config, "admin"},
	{"ADMIN_CLUSTER", config, "static_resources/clusters/3"},
	{"CLUSTER_TYPE", config, cluster + "/cluster_type"},
	{"CIRCUIT_BREAKERS", config, cluster + "/circuit_breakers"},
	{"OUTLIER", config, cluster + "/outlier_detection"},
	{"PROTOCOL", config, cluster + "/typed_extension_protocol_options"},
	{"CONNECTION", config, cluster + "/upstream_connection_options"},
	{"BIND", config, cluster + "/upstream_bind_config"},
	{"MATCHER", config, "stats_config/stats_matcher"},
	{"BUCKETS", config, "stats_config/histogram_bucket_settings"},
	{"OVERLOAD", config, "overload_manager"},
	{"RUNTIME", config, "layered_runtime"},
	{"SIDECAR_PORTS", "Deployment", sidecar + "/ports"},
	{"SIDECAR_ENV", "Deployment", sidecar + "/env"},
	{"SIDECAR_RESOURCES", "Deployment", sidecar + "/resources"},
	{"SIDECAR_READINESS", "Deployment", sidecar + "/readinessProbe"},
	{"SIDECAR_STARTUP", "Deployment", sidecar + "/startupProbe"},
	{"SIDECAR_SECURITY", "Deployment", sidecar + "/securityContext"},
	{"SIDECAR_MOUNTS", "Deployment", sidecar + "/volumeMounts"},
}

const (
	config  = "" // the configuration of Envoy, in the ConfigMap
	http    = "static_resources/listeners/0/filter_chains/0/filters/0/typed_config"
	cluster = "static_resources/clusters/0"
	sidecar = "spec/template/spec/initContainers/0"
)

// constantsOf writes the constants as Starlark; rendered is the second work for one service.
func constantsOf(rendered []byte) (string, error) {
	roots, err := documents(rendered)
	if err != nil {
		return "", err
	}
	var s strings.Builder
	for _, c := range constants {
		n := at(roots[c.kind], c.path)
		if n == nil {
			return "", fmt.Errorf("the second work has no %s: its floor must follow what starctl renders", c.path)
		}
		s.WriteString(c.name + " = ")
		literal(&s, n)
		s.WriteByte('\n')
	}
	return s.String(), nil
}

// documents returns the objects by kind, and the configuration of Envoy.
func documents(text []byte) (map[string]*yaml.Node, error) {
	roots := map[string]*yaml.Node{}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			return roots, nil
		} else if err != nil {
			return nil, err
		}
		root := doc.Content[0]
		roots[at(root, "kind").Value] = root
		if text := at(root, "data/envoy.yaml"); text != nil {
			var inner yaml.Node
			if err := yaml.Unmarshal([]byte(text.Value), &inner); err != nil {
				return nil, err
			}
			roots[config] = inner.Content[0]
		}
	}
}

// at follows a path of keys and indexes; nil where it leads nowhere.
func at(n *yaml.Node, path string) *yaml.Node {
	for step := range strings.SplitSeq(path, "/") {
		if n == nil {
			return nil
		}
		n = child(n, step)
	}
	return n
}

func child(n *yaml.Node, step string) *yaml.Node {
	if n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
			return n.Content[i]
		}
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == step {
			return n.Content[i+1]
		}
	}
	return nil
}

// literal writes a value as Starlark.
func literal(s *strings.Builder, n *yaml.Node) {
	switch {
	case n.Kind == yaml.MappingNode:
		s.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			s.WriteString(strconv.Quote(n.Content[i].Value) + ": ")
			literal(s, n.Content[i+1])
			s.WriteString(", ")
		}
		s.WriteByte('}')
	case n.Kind == yaml.SequenceNode:
		s.WriteByte('[')
		for _, x := range n.Content {
			literal(s, x)
			s.WriteString(", ")
		}
		s.WriteByte(']')
	case n.Tag == "!!bool":
		s.WriteString(strings.ToUpper(n.Value[:1]) + n.Value[1:])
	case n.Tag == "!!int" || n.Tag == "!!float":
		s.WriteString(n.Value)
	default:
		s.WriteString(strconv.Quote(n.Value))
	}
}
