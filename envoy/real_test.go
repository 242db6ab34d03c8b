package envoy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/envoy/validate"
	"github.com/starctl/starctl/internal/envoybin"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// one is a configuration with a single upstream.
func one(edit func(u *envoy.Upstream)) envoy.Config {
	u := envoy.Upstream{Name: "pay", Port: 8080}
	edit(&u)
	return envoy.Config{App: "app", Upstreams: []envoy.Upstream{u}}
}

// options are configurations that together set every option.
func options(dir string) map[string]envoy.Config {
	tls := &envoy.TLS{CA: dir + "/tls/ca.crt", Cert: dir + "/tls/tls.crt", Key: dir + "/tls/tls.key"}
	mixed := []envoy.Upstream{
		{Name: "pay", Port: 8080},
		{Name: "web", Port: 80, Protocol: envoy.HTTP, Timeout: time.Second, IdleTimeout: envoy.Never},
		{Name: "search", Port: 9000, Protocol: envoy.HTTP2, KeepAlive: envoy.Never},
		{Name: "redis", Port: 6379, Protocol: envoy.TCP, IdleTimeout: time.Minute},
	}
	return map[string]envoy.Config{
		"none":       {App: "app"},
		"protocols":  {App: "app", Region: "eu", Upstreams: mixed},
		"shared":     {App: "app", Listen: envoy.Shared, Upstreams: mixed},
		"ports":      {App: "app", LocalPort: 20000, AdminPort: 20001, ReadyPort: 20002, Address: "127.0.0.2", Upstreams: mixed},
		"old":        {App: "app", Envoy: "1.34.0", Upstreams: mixed},
		"all stats":  {App: "app", Stats: envoy.StatsAll, Upstreams: mixed},
		"v6":         {App: "app", DNSLookupFamily: "v6_only", Upstreams: mixed},
		"log all":    {App: "app", AccessLog: envoy.AccessLog{Which: envoy.LogAll, Fields: map[string]string{"tenant": "%REQ(X-TENANT)%"}}, Upstreams: mixed},
		"log more":   {App: "app", Listen: envoy.Shared, AccessLog: envoy.AccessLog{Fields: map[string]string{"path": "%REQ(:PATH)%"}}, Upstreams: mixed},
		"log none":   {App: "app", AccessLog: envoy.AccessLog{Which: envoy.LogNone}, Upstreams: mixed},
		"tracing":    {App: "app", Tracing: &envoy.Tracing{Address: "otel.observability:4317", Percent: 2.5, Service: "shop"}, Upstreams: mixed},
		"no tracing": {App: "app", Tracing: &envoy.Tracing{Address: "10.1.2.3:4317", Percent: envoy.None}, Upstreams: mixed},
		"xds":        {App: "app", XDS: &envoy.XDS{Address: "rotor.default:50000", TLS: tls}},
		"eds": {App: "app", XDS: &envoy.XDS{Address: "10.1.2.3:50000"}, Upstreams: []envoy.Upstream{
			{Name: "pay", Port: 8080, Discovery: envoy.EDS}, {Name: "ledger", Port: 8080, Discovery: envoy.EDS, Service: "ledger-v2"},
		}},
		"host":     one(func(u *envoy.Upstream) { u.Host, u.Authority = "api.example.com.", "other.example.com:8443" }),
		"static":   one(func(u *envoy.Upstream) { u.Addresses = []string{"10.0.0.1", "10.0.0.2:81", "[fd00::1]:82"} }),
		"service":  one(func(u *envoy.Upstream) { u.Service, u.Namespace, u.LB = "pay-headless", "money", "least_request" }),
		"listener": one(func(u *envoy.Upstream) { u.Address, u.LocalPort, u.LB = "127.0.1.1", 50051, "random" }),
		"retries": one(func(u *envoy.Upstream) {
			u.Retries = envoy.Retry{Attempts: 4, On: []string{"reset", "cancelled", "unavailable"}, PerTryTimeout: time.Second, BackOff: 10 * time.Millisecond, MaxBackOff: time.Second, BudgetPercent: 12.5, BudgetMin: 7}
		}),
		"no retries": one(func(u *envoy.Upstream) { u.Retries.Attempts = envoy.None }),
		"limits": one(func(u *envoy.Upstream) {
			u.CircuitBreaker = envoy.CircuitBreaker{Connections: 10, Pending: 11, Requests: 12}
			u.Outlier = envoy.Outlier{GatewayFailures: envoy.None, LocalFailures: 2, Interval: time.Second, BaseEjection: 3 * time.Second, MaxEjection: 4 * time.Second, MaxEjectionPercent: 99}
			u.ConnectTimeout = 123 * time.Millisecond
		}),
		"no outlier": one(func(u *envoy.Upstream) { u.Outlier.Off = true }),
		"health grpc": one(func(u *envoy.Upstream) {
			u.HealthCheck = &envoy.HealthCheck{Service: "pay.v1.Pay", Interval: time.Second}
		}),
		"health http": one(func(u *envoy.Upstream) {
			u.Protocol, u.HealthCheck = envoy.HTTP, &envoy.HealthCheck{Path: "/healthz", Unhealthy: 5}
		}),
		"health tcp": one(func(u *envoy.Upstream) {
			u.Protocol, u.HealthCheck = envoy.TCP, &envoy.HealthCheck{Timeout: time.Second}
		}),
		"tls": one(func(u *envoy.Upstream) { u.TLS = tls }),
		"tls http": one(func(u *envoy.Upstream) {
			u.Protocol, u.TLS = envoy.HTTP, &envoy.TLS{CA: tls.CA, ServerName: "pay.example", SANs: []string{"a.example"}}
		}),
		"tls tcp": one(func(u *envoy.Upstream) { u.Protocol, u.TLS = envoy.TCP, tls }),
		"failover": one(func(u *envoy.Upstream) {
			u.Failover = []envoy.Endpoint{{Address: "front-proxy.eu.example.com:443", TLS: tls, Authority: "pay.eu.example.com"}, {Address: "front-proxy.us.example.com:80"}}
		}),
		"failover from tls": one(func(u *envoy.Upstream) {
			u.TLS, u.Failover = tls, []envoy.Endpoint{{Address: "plain.eu.example.com:80"}}
		}),
		"overrides": one(func(u *envoy.Upstream) {
			u.Overrides = tree("cluster", tree("lb_policy", kube.OfString("RANDOM"), "outlier_detection", kube.OfNull()),
				"route", tree("route", tree("timeout", kube.OfString("7s"))),
				"http_connection_manager", tree("use_remote_address", kube.OfBool(true)))
		}),
		"override all": {App: "app", Overrides: tree("admin", tree("profile_path", kube.OfString("/tmp/profile")), "layered_runtime", kube.OfNull())},
	}
}

func tree(keyValues ...any) kube.Node {
	var p kube.Pairs
	for i := 0; i < len(keyValues); i += 2 {
		p = append(p, kube.Pair{Key: keyValues[i].(string), Value: keyValues[i+1].(kube.Node)})
	}
	return kube.OfMap(p)
}

// Every option alone is taken by the real Envoy without a warning, and by our own judge without a word.
func TestRealEnvoyTakesEveryOption(t *testing.T) {
	envoybin.Path(t)
	dir := t.TempDir()
	certificates(t, filepath.Join(dir, "tls"))
	for name, c := range options(dir) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Dir = t.TempDir()
			file := write(t, c)
			err := envoybin.Validate(t, file)
			if name == "old" && err != nil && strings.Contains(err.Error(), "Deprecated field") {
				return // the pinned Envoy is newer than what this is for
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEveryOptionIsValid(t *testing.T) {
	for name, c := range options("/etc") {
		t.Run(name, func(t *testing.T) {
			c.Dir = t.TempDir()
			write(t, c)
		})
	}
}

// write puts the bootstrap of c and the files beside it into c.Dir, and holds it against the judge.
func write(t *testing.T, c envoy.Config) (file string) {
	t.Helper()
	n, problems := envoy.Bootstrap(c)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	text := encode.AppendYAML(nil, n)
	for _, f := range validate.Bootstrap(text, validate.Options{Envoy: c.Envoy}) {
		t.Error(f)
	}
	files := append(envoy.Files(c), envoy.File{Name: "envoy.yaml", Node: n})
	for _, f := range slices.Backward(files) {
		if err := os.WriteFile(filepath.Join(c.Dir, f.Name), encode.AppendYAML(nil, f.Node), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(c.Dir, "envoy.yaml")
}

// certificates writes an authority and a certificate of its own.
func certificates(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"pay.example"},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A configuration that a ConfigMap cannot hold is refused, and says how large it is.
func TestTooLarge(t *testing.T) {
	c := envoy.Config{App: "app"}
	for i := range 300 {
		c.Upstreams = append(c.Upstreams, envoy.Upstream{Name: fmt.Sprint("up", i), Port: 1})
	}
	_, problems := envoy.Bootstrap(c)
	if len(problems) != 1 || problems[0].Option != "upstreams" {
		t.Errorf("got %v, want one problem about upstreams", problems)
	}
	if want := `KiB for 300 upstreams, want less than 1024 KiB, which is all a ConfigMap holds; listen = "shared" needs less`; !strings.HasSuffix(problems[0].Message, want) {
		t.Errorf("got %q, want ... %s", problems[0].Message, want)
	}
	c.Upstreams = c.Upstreams[:100]
	n, problems := envoy.Bootstrap(c)
	if size := len(encode.AppendYAML(nil, n)); len(problems) > 0 || size > envoy.MaxSize {
		t.Errorf("100 upstreams: %d bytes, %v", size, problems)
	}
}
