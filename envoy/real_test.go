package envoy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/internal/envoybin"
	"github.com/starctl/starctl/kube/encode"
)

func TestSmoke(t *testing.T) {
	n, p := envoy.Bootstrap(envoy.Config{App: "app", Region: "eu", Upstreams: []envoy.Upstream{
		{Name: "pay", Port: 8080}, {Name: "web", Port: 80, Protocol: "http"}, {Name: "redis", Port: 6379, Protocol: "tcp"}}})
	if len(p) > 0 {
		t.Fatal(p)
	}
	f := filepath.Join(t.TempDir(), "a.yaml")
	b := encode.AppendYAML(nil, n)
	os.WriteFile("/tmp/boot.yaml", b, 0o644)
	os.WriteFile(f, b, 0o644)
	if err := envoybin.Validate(t, f); err != nil {
		t.Fatal(err)
	}
}
