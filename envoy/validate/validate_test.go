package validate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starctl/starctl/envoy/validate"
	"github.com/starctl/starctl/internal/envoybin"
)

// mutation is one change to testdata/base.yaml, what the real Envoy made of it, and the rule that must see it ("" for none).
type mutation struct {
	name     string
	old, new string // the first occurrence is replaced
	refused  bool   // by the real Envoy
	rule     string
}

var mutations = []mutation{
	{"nothing", "", "", false, ""},
	{"syntax", "node:\n", "node: [\n", true, "syntax"},
	{"a list", "node:\n", "- node\n", true, "syntax"},
	{"unknown field", "admin:\n", "admim:\n", true, "field"},
	{"unknown field in a message", "connect_timeout: 1s", "conect_timeout: 1s", true, "field"},
	{"unknown field in an Any", "stat_prefix: egress_pay\n          codec", "stats_prefix: egress_pay\n          codec", true, "field"},
	{"unknown field in an Any in an Any", "udp_max_queries", "udp_max_querys", true, "field"},
	{"unknown field in a map's Any", "explicit_http_config", "explicit_http", true, "field"},
	{"unknown type", "clusters.dns.v3.DnsCluster", "clusters.dns.v3.DNSCluster", true, "type"},
	{"no type", `"@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster`, "", true, "field"},
	{"JSON names", "connect_timeout: 1s", "connectTimeout: 1s", false, ""},
	{"duplicate key", "lb_policy: ROUND_ROBIN", "lb_policy: ROUND_ROBIN\n    lb_policy: RANDOM", false, "duplicate-key"},
	{"a word for a number", "max_requests: 4096", "max_requests: many", true, "value"},
	{"a bool for a number", "max_requests: 4096", "max_requests: on", true, "value"},
	{"a string of digits for a number", "max_requests: 4096", `max_requests: "4096"`, false, ""},
	{"a bool for a string", "stat_prefix: egress_pay\n          codec", "stat_prefix: no\n          codec", true, "value"},
	{"a number for a string", "stat_prefix: egress_pay\n          codec", "stat_prefix: 12\n          codec", true, "value"},
	{"a list for a message", "circuit_breakers:\n      thresholds:\n      -", "circuit_breakers:\n      -", true, "value"},
	{"unknown enum", "lb_policy: ROUND_ROBIN", "lb_policy: ROUNDROBIN", true, "value"},
	{"an enum's number", "lb_policy: ROUND_ROBIN", "lb_policy: 3", false, ""},
	{"an enum in lower case", "lb_policy: ROUND_ROBIN", "lb_policy: round_robin", false, ""},
	{"true in quotes", "match:\n                  prefix: /", "match:\n                  case_sensitive: \"true\"\n                  prefix: /", false, ""},
	{"yes in quotes", "match:\n                  prefix: /", "match:\n                  case_sensitive: \"yes\"\n                  prefix: /", false, ""},
	{"another word in quotes", "match:\n                  prefix: /", "match:\n                  case_sensitive: \"on\"\n                  prefix: /", true, "value"},
	{"a letter in quotes", "match:\n                  prefix: /", "match:\n                  case_sensitive: \"T\"\n                  prefix: /", false, ""},
	{"a duration as a message", "connect_timeout: 1s", "connect_timeout: {seconds: 1, nanos: 5000000}", false, ""},
	{"weights of nothing", "route:\n                  cluster: pay\n", "route:\n                  weighted_clusters: {clusters: [{name: pay, weight: 0}]}\n", true, "weights"},
	{"a bad expression", "match:\n                  prefix: /", "match:\n                  safe_regex: {regex: \"a(\"}", true, "regex"},
	{"an expression", "match:\n                  prefix: /", "match:\n                  safe_regex: {regex: \"(?i)a(?P<n>b)?.*\"}", false, ""},
	{"a pseudo header", "domains:\n              - \"*\"", "request_headers_to_add: [{header: {key: \":path\", value: a}}]\n              domains:\n              - \"*\"", true, "header"},
	{"the host header", "domains:\n              - \"*\"", "response_headers_to_add: [{header: {key: Host, value: a}}]\n              domains:\n              - \"*\"", true, "header"},
	{"layer twice", "- name: admin\n    admin_layer", "- name: static\n    admin_layer", true, "layer-twice"},
	{"virtual host twice", "            virtual_hosts:\n            - name: pay", "            virtual_hosts:\n            - name: pay\n              domains: [a]\n            - name: pay", false, "virtual-host-twice"},
	{"a duration without unit", "connect_timeout: 1s", "connect_timeout: 1", true, "value"},
	{"a duration in ms", "connect_timeout: 1s", "connect_timeout: 100ms", true, "value"},
	{"negative duration", "      interval: 5s", "      interval: -5s", true, "constraint"},
	{"zero connect timeout", "connect_timeout: 1s", "connect_timeout: 0s", true, "constraint"},
	{"no cluster name", "- name: pay\n    cluster_type", "- name: \"\"\n    cluster_type", true, "constraint"},
	{"port", "port_value: 8080", "port_value: 65536", true, "constraint"},
	{"percent", "budget_percent:\n            value: 50", "budget_percent:\n            value: 101", true, "constraint"},
	{"constraint in an Any", "- \"*\"", "", true, "constraint"},
	{"constraint in an Any in an Any", "dns_refresh_rate: 5s", "dns_refresh_rate: 0s", true, "constraint"},
	{"no path", "path: /ready", "path: ready", false, ""},
	{"cluster of a route", "cluster: web\n", "cluster: wep\n", true, "unknown-cluster"},
	{"cluster of a TCP proxy", "cluster: redis\n", "cluster: radis\n", false, "unknown-cluster"},
	{"cluster twice", "- name: web\n    cluster_type", "- name: pay\n    cluster_type", true, "cluster-twice"},
	{"load assignment of another", "cluster_name: web", "cluster_name: wap", false, "load-assignment-name"},
	{"listener twice", "- name: egress_web", "- name: egress_pay", false, "listener-twice"},
	{"one socket", "port_value: 10002", "port_value: 10001", true, "socket-twice"},
	{"the ready socket", "port_value: 10002", "port_value: 9902", false, "socket-overlap"},
	{"one domain", "- \"*\"", "- \"*\"\n              - a\n              - A", true, "domain-twice"},
	{"router first", "http_filters:\n          - name: envoy.filters.http.grpc_stats", "http_filters:\n          - name: router\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n          - name: envoy.filters.http.grpc_stats", true, "router-last"},
	{"no router", "          - name: envoy.filters.http.router\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n", "", true, "router-last"},
	{"a name in a static cluster", "address: \"127.0.0.1\"\n                port_value: 9901", "address: localhost\n                port_value: 9901", true, "static-address"},
	{"an address in a DNS cluster", "address: pay.default.svc.cluster.local", "address: 10.0.0.1", false, "dns-address"},
	{"no port", "port_value: 8080", "port_value: 0", false, "no-port"},
	{"priority gap", "      - lb_endpoints:", "      - priority: 2\n        lb_endpoints:", false, "priority-gap"},
	{"retry word", "retry_on: connect-failure", "retry_on: connection-failure", false, "retry-on"},
	{"gRPC over HTTP/1", "                  cluster: pay\n", "                  cluster: web\n", false, "grpc-http2"},
	{"per try timeout", "timeout: 15s\n", "timeout: 15s\n                  retry_policy:\n                    per_try_timeout: 20s\n", false, "duplicate-key"},
	{"ejection times", "base_ejection_time: 15s", "base_ejection_time: 90s", true, "ejection-time"},
	{"deprecated", "ignore_health_on_host_removal: true", "dns_refresh_rate: 5s", false, "deprecated"},
	{"a window beyond 31 bits", "initial_stream_window_size: 262144", "initial_stream_window_size: 4294967295", true, "constraint"},
	{"null", "lb_policy: ROUND_ROBIN", "lb_policy: null", false, ""},
	{"an alias", "- name: pay\n    cluster_type", "- name: &n pay\n    alt_stat_name: *n\n    cluster_type", false, ""},
}

func (m mutation) text(t *testing.T) []byte {
	t.Helper()
	base, err := os.ReadFile("testdata/base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if m.old != "" && !strings.Contains(string(base), m.old) {
		t.Fatalf("base.yaml does not hold %q", m.old)
	}
	return []byte(strings.Replace(string(base), m.old, m.new, 1))
}

// What Envoy refuses is an error, what it takes is none; and the rule that is meant sees it.
func TestMutations(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			refused, ruled := false, m.rule == ""
			findings := validate.Bootstrap(m.text(t), validate.Options{})
			for _, f := range findings {
				refused = refused || f.Level == validate.Error
				ruled = ruled || f.Rule == m.rule
				if f.Line == 0 {
					t.Errorf("no line: %v", f)
				}
			}
			if refused != m.refused || !ruled || m.rule == "" && !m.refused && len(findings) > 0 {
				t.Errorf("refused: %t, want %t by %q; found %v", refused, m.refused, m.rule, findings)
			}
		})
	}
}

// The verdicts above are the real Envoy's.
func TestVerdicts(t *testing.T) {
	envoybin.Path(t)
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "envoy.yaml")
			if err := os.WriteFile(file, m.text(t), 0o644); err != nil {
				t.Fatal(err)
			}
			err := envoybin.Validate(t, file)
			refused := err != nil && !strings.Contains(err.Error(), "accepted with warnings")
			if refused != m.refused {
				t.Errorf("refused: %t, want %t: %v", refused, m.refused, err)
			}
		})
	}
}

// Whatever the text, there is an answer.
func FuzzBootstrap(f *testing.F) {
	for _, file := range []string{"testdata/base.yaml", "testdata/edge.yaml", "testdata/udp.yaml"} {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, s := range []string{"", "a", "[]", "{}", "a: &a [*a]", "admin: {access_log: [{filter: &f {or_filter: {filters: [*f, *f]}}}]}", "admin: null", "static_resources: {clusters: [{}]}", `{"node": {"metadata": {"x": [1]}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, finding := range validate.Bootstrap(text, validate.Options{}) {
			if finding.Message == "" || finding.Rule == "" {
				t.Errorf("an empty finding: %+v", finding)
			}
		}
	})
}
