package api_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/envoy/api"
	"github.com/starctl/starctl/kube"
)

const cluster = "envoy.config.cluster.v3.Cluster"

func dict(keyValues ...any) kube.Node {
	var p kube.Pairs
	for i := 0; i < len(keyValues); i += 2 {
		p = append(p, kube.Pair{Key: keyValues[i].(string), Value: node(keyValues[i+1])})
	}
	return kube.OfMap(p)
}

func node(v any) kube.Node {
	switch v := v.(type) {
	case kube.Node:
		return v
	case string:
		return kube.OfString(v)
	case int:
		return kube.OfInt(int64(v))
	case float64:
		return kube.OfFloat(v)
	case bool:
		return kube.OfBool(v)
	case []any:
		var e kube.Elems
		for _, x := range v {
			e = append(e, node(x))
		}
		return kube.OfList(e)
	}
	return kube.OfNull()
}

func TestCheck(t *testing.T) {
	dns := "type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster"
	for _, c := range []struct {
		name string
		n    kube.Node
		want []string
	}{
		{"nothing", dict(), nil},
		{"right", dict("lb_policy", "RANDOM", "connect_timeout", "0.5s", "per_connection_buffer_limit_bytes", 4096, "alt_stat_name", "x", "connectTimeout", "1s"), nil},
		{"taken away", dict("outlier_detection", nil), nil},
		{"field", dict("lb_polcy", "RANDOM"), []string{"lb_polcy: no such field of envoy.config.cluster.v3.Cluster (lb_policy)"}},
		{"deeper", dict("outlier_detection", dict("interval", "5s", "max_ejection_percnt", 3)), []string{
			"outlier_detection.max_ejection_percnt: no such field of envoy.config.cluster.v3.OutlierDetection (max_ejection_percent)",
		}},
		{"in a list", dict("circuit_breakers", dict("thresholds", []any{dict("max_connectons", 1)})), []string{
			"circuit_breakers.thresholds[0].max_connectons: no such field of envoy.config.cluster.v3.CircuitBreakers.Thresholds (max_connections)",
		}},
		{"enum", dict("lb_policy", "RANDM"), []string{`lb_policy: got "RANDM", want ROUND_ROBIN, LEAST_REQUEST, RING_HASH, RANDOM, MAGLEV, CLUSTER_PROVIDED, LOAD_BALANCING_POLICY_CONFIG (RANDOM)`}},
		{"kinds", dict("name", 1, "connect_timeout", 5, "respect_dns_ttl", "yes", "health_checks", dict(), "per_connection_buffer_limit_bytes", -1, "outlier_detection", []any{}), []string{
			"name: got int, want string ()",
			`connect_timeout: got int, want a duration in seconds, such as "0.250s" ()`,
			`respect_dns_ttl: got "yes", want bool ()`,
			"health_checks: got map, want a list ()",
			"per_connection_buffer_limit_bytes: got -1, want an integer of 32 bits that is not negative ()",
			"outlier_detection: got list, want a message envoy.config.cluster.v3.OutlierDetection ()",
		}},
		{"any", dict("cluster_type", dict("typed_config", dict("@type", dns, "dns_jiter", "1s"))), []string{
			"cluster_type.typed_config.dns_jiter: no such field of envoy.extensions.clusters.dns.v3.DnsCluster (dns_jitter)",
		}},
		{"any of nothing", dict("cluster_type", dict("typed_config", dict("@type", "type.googleapis.com/x.Y"))), []string{
			`cluster_type.typed_config.@type: got "type.googleapis.com/x.Y", want a type of Envoy's ()`,
		}},
		{"a map's values", dict("typed_extension_protocol_options", dict("x", dict("@type", dns, "a", 1))), []string{
			`typed_extension_protocol_options["x"].a: no such field of envoy.extensions.clusters.dns.v3.DnsCluster ()`,
		}},
		{"struct", dict("metadata", dict("filter_metadata", dict("x", dict("anything", 1)))), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, m := range api.Check(cluster, c.n) {
				got = append(got, fmt.Sprintf("%v: %s (%s)", m.Path, m.Message, m.Suggest))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// What package envoy writes is what the tables say, as a whole.
func TestBootstrapIsKnown(t *testing.T) {
	n, problems := envoy.Bootstrap(envoy.Config{
		App: "app", Region: "eu", Tracing: &envoy.Tracing{Address: "otel.observability:4317"}, XDS: &envoy.XDS{Address: "x:1"},
		Upstreams: []envoy.Upstream{
			{Name: "pay", Port: 8080, TLS: &envoy.TLS{SystemCA: true}, HealthCheck: &envoy.HealthCheck{}},
			{Name: "web", Port: 80, Protocol: envoy.HTTP},
			{Name: "redis", Port: 6379, Protocol: envoy.TCP},
		},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, m := range api.Check("envoy.config.bootstrap.v3.Bootstrap", n) {
		t.Errorf("%v: %s", m.Path, m.Message)
	}
}

func BenchmarkFirstCheck(b *testing.B) {
	for b.Loop() {
		api.Load()
	}
}
