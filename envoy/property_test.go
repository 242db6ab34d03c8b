package envoy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/envoy/validate"
	"github.com/starctl/starctl/kube/encode"
)

// Whatever the options, what is written is what Envoy means: it parses strictly, every constraint of every message holds, and
// no rule has anything to say.
func TestAnyConfigIsValid(t *testing.T) {
	for seed := range uint64(400) {
		r := &random{rand.New(rand.NewPCG(seed, 1))}
		c := r.config()
		n, problems := envoy.Bootstrap(c)
		if len(problems) > 0 {
			t.Fatalf("seed %d: %v\n%+v", seed, problems, c)
		}
		text := encode.AppendYAML(nil, n)
		for _, f := range validate.Bootstrap(text, validate.Options{Envoy: c.Envoy}) {
			t.Errorf("seed %d: %v", seed, f)
		}
		if t.Failed() {
			t.Fatalf("%s", text)
		}
	}
}

// Same input, same bytes; and what is shared is not changed by those who share it.
func TestSameBytes(t *testing.T) {
	write := func(seed uint64) string {
		n, _ := envoy.Bootstrap((&random{rand.New(rand.NewPCG(seed, 1))}).config())
		return string(encode.AppendYAML(nil, n))
	}
	var first []string
	for seed := range uint64(50) {
		first = append(first, write(seed))
	}
	for seed, want := range slices.Backward(first) {
		if got := write(uint64(seed)); got != want {
			t.Fatalf("seed %d: written twice, it differs", seed)
		}
	}
}

// random makes configurations without mistakes.
type random struct{ *rand.Rand }

func (r *random) config() envoy.Config {
	c := envoy.Config{
		App:             "app",
		Namespace:       pick(r, "", "shop"),
		Region:          pick(r, "", "eu-west1"),
		Listen:          pick(r, "", envoy.PerUpstream, envoy.Shared),
		AdminPort:       pick(r, 0, 19901),
		ReadyPort:       pick(r, 0, 19902),
		LocalPort:       pick(r, 0, 0, 12000, 61000),
		DNSLookupFamily: pick(r, "", "v6_only", "all"),
		Envoy:           pick(r, "", "1.40.0", "v1.36.2", "1.34"),
		Stats:           pick(r, "", envoy.StatsAll),
		AccessLog:       envoy.AccessLog{Which: pick(r, "", envoy.LogFailures, envoy.LogAll, envoy.LogNone)},
	}
	if c.AccessLog.Which != envoy.LogNone && r.one(4) {
		c.AccessLog.Fields = map[string]string{"tenant": "%REQ(X-TENANT)%", "path": "%REQ(:PATH)%"}
	}
	if r.one(3) {
		c.Tracing = &envoy.Tracing{Address: pick(r, "otel.observability:4317", "10.9.8.7:4317"), Percent: pick(r, 0, 12.5, envoy.None, 100)}
	}
	if r.one(3) {
		c.XDS = &envoy.XDS{Address: "rotor.default:50000", TLS: r.tls()}
	}
	for i := range r.IntN(8) {
		c.Upstreams = append(c.Upstreams, r.upstream(i, &c))
	}
	return c
}

func (r *random) upstream(i int, c *envoy.Config) envoy.Upstream {
	u := envoy.Upstream{
		Name:           fmt.Sprintf("up-%d", i),
		Port:           1 + r.IntN(65535),
		Protocol:       pick(r, "", envoy.GRPC, envoy.HTTP2, envoy.HTTP, envoy.TCP),
		LB:             pick(r, "", "round_robin", "least_request", "random"),
		ConnectTimeout: pick(r, 0, 250*time.Millisecond, 3*time.Second),
		IdleTimeout:    pick(r, 0, envoy.Never, 90*time.Second, 1500*time.Microsecond),
		CircuitBreaker: envoy.CircuitBreaker{Connections: r.IntN(3) * 100, Pending: r.IntN(3), Requests: r.IntN(2)},
		TLS:            r.tls(),
	}
	r.discovery(i, &u, c)
	if u.Protocol != envoy.TCP {
		u.Timeout = pick(r, 0, envoy.Never, 2*time.Second)
		u.KeepAlive = pick(r, 0, envoy.Never, time.Minute)
		u.Authority = pick(r, "", "pay.example:443")
		u.Retries = r.retry(u.Protocol)
	}
	if !(c.Listen == envoy.Shared && u.Protocol != envoy.TCP) && r.one(4) {
		u.LocalPort = 20000 + i
	}
	if u.LocalPort != 0 && r.one(2) {
		u.Address, u.LocalPort = fmt.Sprintf("127.0.1.%d", i+1), 50000
	}
	if r.one(3) {
		u.Outlier = envoy.Outlier{GatewayFailures: pick(r, 0, 3, envoy.None), LocalFailures: pick(r, 0, envoy.None), Interval: pick(r, 0, time.Second), BaseEjection: pick(r, 0, 2*time.Minute), MaxEjectionPercent: r.IntN(100)}
	}
	if r.one(3) {
		u.HealthCheck = &envoy.HealthCheck{Interval: pick(r, 0, time.Second), Healthy: r.IntN(3)}
		switch u.Protocol {
		case envoy.HTTP, envoy.HTTP2:
			u.HealthCheck.Path = "/healthz"
		case envoy.GRPC, "":
			u.HealthCheck.Service = pick(r, "", "pay.v1.Pay")
		}
	} else if len(u.Failover) == 0 && r.one(5) {
		u.Outlier = envoy.Outlier{Off: true}
	}
	return u
}

func (r *random) discovery(i int, u *envoy.Upstream, c *envoy.Config) {
	switch r.IntN(4) {
	case 0:
		u.Service, u.Namespace = pick(r, "", "pay-headless"), pick(r, "", "money")
		r.failover(u, "front-proxy.eu.example.com:443")
	case 1:
		u.Host = pick(r, fmt.Sprintf("h%d.example.com", i), fmt.Sprintf("h%d.example.com.", i))
		r.failover(u, "10.1.2.3:443")
	case 2:
		u.Addresses = []string{"10.0.0.1", "10.0.0.2:99", "[fd00::1]:80"}
		r.failover(u, "10.1.2.3:443")
	case 3:
		if c.XDS != nil {
			u.Discovery, u.Service = envoy.EDS, pick(r, "", "pay")
		}
	}
}

func (r *random) failover(u *envoy.Upstream, address string) {
	if !r.one(3) {
		return
	}
	if u.Host != "" && address[0] == '1' {
		address = "eu.example.com:443" // a DNS cluster resolves names
	}
	for range 1 + r.IntN(2) {
		e := envoy.Endpoint{Address: address, TLS: r.tls()}
		if u.Protocol != envoy.TCP {
			e.Authority = pick(r, "", "pay.eu.example.com")
		}
		u.Failover = append(u.Failover, e)
	}
}

func (r *random) retry(protocol string) envoy.Retry {
	if r.one(2) {
		return envoy.Retry{}
	}
	on := [][]string{nil, {"reset", "5xx"}}
	if protocol == envoy.GRPC || protocol == "" {
		on = append(on, []string{"unavailable", "cancelled"})
	}
	return envoy.Retry{
		Attempts: pick(r, 0, envoy.None, 5), On: pick(r, on...), PerTryTimeout: pick(r, 0, time.Second),
		BackOff: pick(r, 0, 7*time.Millisecond), BudgetPercent: pick(r, 0, 12.5), BudgetMin: r.IntN(5),
	}
}

func (r *random) tls() *envoy.TLS {
	if r.one(2) {
		return nil
	}
	t := &envoy.TLS{CA: "/tls/ca.crt", ServerName: pick(r, "", "pay.example.com")}
	if r.one(3) {
		t.CA, t.SystemCA = "", true
	}
	if r.one(2) {
		t.Cert, t.Key = "/tls/tls.crt", "/tls/tls.key"
	}
	if r.one(3) {
		t.SANs = []string{"a.example", "b.example"}
	}
	return t
}

func (r *random) one(in int) bool { return r.IntN(in) == 0 }

func pick[T any](r *random, from ...T) T { return from[r.IntN(len(from))] }
