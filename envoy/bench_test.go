package envoy_test

import (
	"testing"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube/encode"
)

var three = envoy.Config{App: "checkout", Namespace: "shop", Upstreams: []envoy.Upstream{
	{Name: "payments", Port: 8080}, {Name: "ledger", Port: 7000}, {Name: "catalog", Namespace: "stock", Port: 9000},
}}

// Three upstreams, from options to YAML: what every sidecar costs.
func BenchmarkBootstrap(b *testing.B) {
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		n, problems := envoy.Bootstrap(three)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		buf = encode.AppendYAML(buf[:0], n)
	}
	b.SetBytes(int64(len(buf)))
}

// The structure alone.
func BenchmarkGenerate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := envoy.Bootstrap(three); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
