package envoy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// lookupFamilies are the values of Config.DNSLookupFamily, Envoy's own in lower case.
var lookupFamilies = []string{"v4_only", "v6_only", "v4_preferred", "auto", "all"}

// balancers are the values of Upstream.LB.
var balancers = []string{"round_robin", "least_request", "random"}

// Conditions of a retry that Envoy knows (router filter, x-envoy-retry-on and x-envoy-retry-grpc-on). It ignores any other
// word without a sound.
var (
	httpRetries = []string{
		"5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited", "retriable-4xx",
		"refused-stream", "http3-post-connect-failure",
	}
	grpcRetries = []string{"cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"}
)

func (r *Retry) isSet() bool {
	return r.Attempts != 0 || len(r.On) > 0 || r.PerTryTimeout != 0 || r.BackOff != 0 || r.MaxBackOff != 0 || r.BudgetPercent != 0 || r.BudgetMin != 0
}

func (u *Upstream) checkRetries(p *problems) {
	r := &u.Retries
	if r.Attempts != None {
		p.between("retries", r.Attempts, 1, mostRetries)
	}
	known := httpRetries
	if u.protocol() == GRPC {
		known = slices.Concat(httpRetries, grpcRetries)
	}
	for _, on := range r.On {
		switch {
		case slices.Contains(known, on):
		case slices.Contains(grpcRetries, on):
			p.add("retries.on", "%q is a gRPC status, which protocol = %q does not have", on, u.protocol())
		default:
			p.oneOf("retries.on", on, known...)
		}
	}
	p.timeout("retries.per_try_timeout", r.PerTryTimeout)
	p.duration("retries.back_off", r.BackOff, longestConnect)
	p.duration("retries.max_back_off", r.MaxBackOff, longestConnect)
	if first, most := r.backOff(); most < first {
		p.add("retries.max_back_off", "got %v, which is below back_off = %v", most, first)
	}
	if r.BudgetPercent < 0 || r.BudgetPercent > 100 {
		p.add("retries.budget_percent", "got %v, want 0 to 100", r.BudgetPercent)
	}
	p.between("retries.budget_min", r.BudgetMin, 1, mostConcurrent)
	if u.Timeout > 0 && r.PerTryTimeout > u.Timeout {
		p.add("retries.per_try_timeout", "got %v, which is above timeout = %v", r.PerTryTimeout, u.Timeout)
	}
}

func (u *Upstream) checkLimits(p *problems) {
	b, o := &u.CircuitBreaker, &u.Outlier
	p.between("circuit_breaker.connections", b.Connections, 1, mostConcurrent)
	p.between("circuit_breaker.pending", b.Pending, 1, mostConcurrent)
	p.between("circuit_breaker.requests", b.Requests, 1, mostConcurrent)
	if o.GatewayFailures != None {
		p.between("outlier.gateway_failures", o.GatewayFailures, 1, mostConcurrent)
	}
	if o.LocalFailures != None {
		p.between("outlier.local_failures", o.LocalFailures, 1, mostConcurrent)
	}
	p.duration("outlier.interval", o.Interval, longest)
	p.duration("outlier.base_ejection", o.BaseEjection, longest)
	p.duration("outlier.max_ejection", o.MaxEjection, longest)
	p.between("outlier.max_ejection_percent", o.MaxEjectionPercent, 1, 100)
	if base, most := o.ejection(); most < base {
		p.add("outlier.max_ejection", "got %v, which is below base_ejection = %v", plainDuration(most), plainDuration(base))
	}
	if o.Off && (*o != Outlier{Off: true}) {
		p.add("outlier", "is off and has options")
	}
}

func (u *Upstream) checkHealth(p *problems) {
	h := u.HealthCheck
	if h == nil {
		return
	}
	switch u.protocol() {
	case HTTP, HTTP2:
		if !strings.HasPrefix(h.Path, "/") {
			p.add("health_check.path", "got %q, want the path to GET, such as \"/healthz\"", h.Path)
		}
	default:
		if h.Path != "" {
			p.add("health_check.path", "has no meaning for protocol = %q", u.protocol())
		}
	}
	if h.Service != "" && u.protocol() != GRPC {
		p.add("health_check.service", "has no meaning for protocol = %q", u.protocol())
	}
	p.duration("health_check.interval", h.Interval, longest)
	p.duration("health_check.timeout", h.Timeout, longest)
	p.between("health_check.unhealthy", h.Unhealthy, 1, 100)
	p.between("health_check.healthy", h.Healthy, 1, 100)
}

func (u *Upstream) checkTLS(p *problems) {
	u.TLS.check(p, "tls")
}

func (t *TLS) check(p *problems, option string) {
	if t == nil {
		return
	}
	switch {
	case t.CA == "" && !t.SystemCA:
		p.add(option+".ca", "got nothing, want the file with the authorities to trust, or system_ca = True; without, anyone could answer")
	case t.CA != "" && t.SystemCA:
		p.add(option+".system_ca", "contradicts ca = %q", t.CA)
	}
	if (t.Cert == "") != (t.Key == "") {
		p.add(option+".cert", "cert and key belong together")
	}
	for _, f := range []struct{ name, path string }{{"ca", t.CA}, {"cert", t.Cert}, {"key", t.Key}} {
		if f.path != "" && !strings.HasPrefix(f.path, "/") {
			p.add(option+"."+f.name, "got %q, want the absolute path of a mounted file", f.path)
		}
	}
	checkHost(p, option+".server_name", t.ServerName)
	for _, s := range t.SANs {
		if !isHost(strings.TrimPrefix(s, "*.")) {
			p.add(option+".sans", "got %q, want a DNS name", s)
		}
	}
}

func (c *Config) checkFailover(p *problems, u *Upstream) {
	if len(u.Failover) == 0 {
		return
	}
	if u.discovery() == EDS {
		p.add("failover", `contradicts discovery = "eds", whose server gives priorities itself`)
	}
	if u.Outlier.Off && u.HealthCheck == nil {
		p.add("failover", "nothing would notice that it is time: outlier detection is off and there is no health_check")
	}
	for i := range u.Failover {
		e := &u.Failover[i]
		p.hostPort("failover", e.Address)
		e.TLS.check(p, "failover.tls")
		if e.Authority != "" && u.protocol() == TCP {
			p.add("failover.authority", `has no meaning for protocol = "tcp"`)
		}
		switch _, err := netip.ParseAddrPort(e.Address); {
		case u.discovery() == Static && err != nil:
			p.add("failover", "got %q, want an IP address and port, as addresses has", e.Address)
		case u.discovery() == DNS && err == nil:
			p.add("failover", "got %q, want a DNS name and port, as discovery = \"dns\" has", e.Address)
		}
	}
}

func (c *Config) checkAccessLog(p *problems) {
	l := &c.AccessLog
	p.oneOf("access_log", l.Which, LogFailures, LogAll, LogNone)
	if l.Which == LogNone && len(l.Fields) > 0 {
		p.add("access_log.fields", `contradicts "none"`)
	}
	for name := range l.Fields {
		if name == "" {
			p.add("access_log.fields", "got an empty name")
		}
	}
}

func (c *Config) checkTracing(p *problems) {
	t := c.Tracing
	if t == nil {
		return
	}
	p.hostPort("tracing.address", t.Address)
	if t.Percent != None && (t.Percent < 0 || t.Percent > 100) {
		p.add("tracing.percent", "got %v, want 0 to 100", t.Percent)
	}
}

func (c *Config) checkXDS(p *problems) {
	if c.XDS == nil {
		return
	}
	if c.XDS.Address == "" {
		p.add("xds.address", "got nothing, want host:port of the server")
	} else {
		p.hostPort("xds.address", c.XDS.Address)
	}
	c.XDS.TLS.check(p, "xds.tls")
}

// version is a release of Envoy: 1.40 is {1, 40}. Patch releases take the same configuration.
type version struct{ major, minor int }

func (v version) before(o version) bool {
	return v.major < o.major || v.major == o.major && v.minor < o.minor
}

// Releases that matter: the first whose API has every field that is written, and the oldest with which the cluster extension
// envoy.cluster.dns was tried; older ones get the cluster's own DNS fields, which that extension replaced.
var (
	oldestEnvoy = version{1, 33}
	dnsCluster  = version{1, 36}
)

// parseVersion reads 1.40, 1.40.0 or v1.40.0; "" is EnvoyVersion.
func parseVersion(s string) (version, error) {
	if s == "" {
		s = EnvoyVersion
	}
	major, rest, _ := strings.Cut(strings.TrimPrefix(s, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	v := version{a, b}
	if err1 != nil || err2 != nil {
		return v, fmt.Errorf("got %q, want a release of Envoy such as %q", s, EnvoyVersion)
	}
	if v.before(oldestEnvoy) {
		return v, fmt.Errorf("got Envoy %d.%d, want %d.%d or later", v.major, v.minor, oldestEnvoy.major, oldestEnvoy.minor)
	}
	return v, nil
}
