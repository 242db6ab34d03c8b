package envoy

import (
	"time"

	"github.com/starctl/starctl/kube"
)

// Protocols of an upstream.
const (
	GRPC  = "grpc"
	HTTP2 = "http2"
	HTTP  = "http" // HTTP/1.1
	TCP   = "tcp"
)

// Ways to find the endpoints of an upstream.
const (
	DNS    = "dns"    // a headless Service, or any name by Host
	Static = "static" // Addresses
	EDS    = "eds"    // from the xDS server
)

// Ways to listen.
const (
	PerUpstream = "per_upstream" // a local port for each upstream
	Shared      = "shared"       // one local port that routes by Host
)

// None switches off what a zero value leaves at its default: Retry{Attempts: None} does not retry.
const None = -1

// Never is a timeout that never ends anything; a zero duration is the default.
const Never time.Duration = -1

// Config is the configuration of one application's sidecar.
//
// Comments begin with the Starlark keyword where it differs from the field's name in snake case; a [Problem] names options by
// that keyword.
type Config struct {
	App       string // the application's name, which segments its statistics and traces; required
	Namespace string // of upstreams that name none; "default"
	Region    string // where this runs; segments the statistics

	Upstreams []Upstream

	Listen    string // PerUpstream
	Address   string // of the listeners; 127.0.0.1
	LocalPort int    // of the first listener, the others count on; 10001, 8000 if Shared
	AdminPort int    // of Envoy's administration, on 127.0.0.1; 9901
	ReadyPort int    // of /ready and /stats/prometheus, on all addresses; 9902

	DNSLookupFamily string // dns_lookup_family: v4_only (the default), v6_only, v4_preferred, auto or all
	Dir             string // where the bootstrap lies, and [Files] beside it; ConfigDir
	Envoy           string // image: the version of Envoy that will read this, such as 1.40 or v1.40.0; "" is [EnvoyVersion]

	Stats     string    // StatsDefault
	AccessLog AccessLog // access_log
	Tracing   *Tracing  // nil: none
	XDS       *XDS      // nil: everything is static
	Overrides kube.Node // merged into the bootstrap by Envoy's field names; Absent: none
}

// Upstream is something the application calls.
type Upstream struct {
	Name      string   // of listener and cluster; required, unique
	Port      int      // that the endpoints listen on: headless DNS carries none, so this is the Pods' port; required
	Protocol  string   // GRPC
	Discovery string   // DNS; Static if there are Addresses
	Service   string   // the headless Service; Name
	Namespace string   // of the Service; the Config's
	Host      string   // a DNS name instead of a Service
	Addresses []string // IP addresses, each with or without a port; for Static

	Address   string // of its listener; the Config's. With Address set, LocalPort may be the upstream's own port
	LocalPort int    // of its listener; assigned in order

	LB             string        // round_robin (the default), least_request or random
	ConnectTimeout time.Duration // 1 s
	Timeout        time.Duration // of a whole request; HTTP and HTTP2 15 s, GRPC Never: the caller's deadline rules
	IdleTimeout    time.Duration // of a request or TCP connection on which nothing moves; 300 s, TCP 1 h
	KeepAlive      time.Duration // keep_alive: how long an unused connection to an endpoint is kept; 300 s, HTTP 4 s

	Retries        Retry
	CircuitBreaker CircuitBreaker
	Outlier        Outlier
	HealthCheck    *HealthCheck // nil: none
	TLS            *TLS         // nil: plain text
	Failover       []Endpoint   // tried, in order, when the ones before are gone
	Authority      string       // the Host that endpoints see; the Service's full DNS name, or Host
	Overrides      kube.Node    // merged into the cluster by Envoy's field names; Absent: none
}

// Retry says what is tried again, and how often.
type Retry struct {
	Attempts      int           // after the first; 2, None for no retries
	On            []string      // Envoy's conditions; connect-failure, refused-stream, reset-before-request, for GRPC unavailable
	PerTryTimeout time.Duration // of each attempt; Never
	BackOff       time.Duration // before the first retry, jittered; 25 ms
	MaxBackOff    time.Duration // 250 ms
	BudgetPercent float64       // of the calls under way that may be retries; 50
	BudgetMin     int           // retries that are always allowed; 25
}

// CircuitBreaker limits what one sidecar has under way to one upstream.
type CircuitBreaker struct {
	Connections int // 1024
	Pending     int // 1024
	Requests    int // 4096
}

// Outlier ejects endpoints that fail.
type Outlier struct {
	Off                bool
	GatewayFailures    int           // 502, 503, 504, or the gRPC codes that mean them, in a row; 5, None to ignore them
	LocalFailures      int           // failed connections, timeouts and resets in a row; 5, None to ignore them
	Interval           time.Duration // between looks; 5 s
	BaseEjection       time.Duration // how long, times the number of ejections; 15 s
	MaxEjection        time.Duration // 60 s
	MaxEjectionPercent int           // 50; 100 with Failover
}

// HealthCheck asks every endpoint whether it is well.
type HealthCheck struct {
	Path      string        // GET for HTTP and HTTP2; required there
	Service   string        // asked for by grpc.health.v1.Health/Check; "" is the server as a whole
	Interval  time.Duration // 10 s
	Timeout   time.Duration // 2 s
	Unhealthy int           // failures that take an endpoint out; 3
	Healthy   int           // successes that bring it back; 2
}

// TLS is how the endpoints of an upstream are spoken to. The files are those of a mounted Secret; Envoy reads them again when
// their directory changes.
type TLS struct {
	CA         string   // file with the authorities to trust; the image's own bundle if SystemCA
	SystemCA   bool     // trust the image's bundle of public authorities
	Cert, Key  string   // files with our own certificate; both or neither
	ServerName string   // sent as SNI; the upstream's authority
	SANs       []string // DNS names of which the certificate must bear one; ServerName
}

// Endpoint is another place that serves an upstream, such as a remote region's front proxy.
type Endpoint struct {
	Address   string // host:port
	TLS       *TLS   // nil: plain text
	Authority string // the Host it sees; the upstream's
}

// Tracing sends spans to an OpenTelemetry collector.
type Tracing struct {
	Address string  // host:port of the collector's OTLP gRPC receiver; required
	Percent float64 // of the requests that begin here; 1, None to follow only what callers sampled
	Service string  // the name in the spans; the Config's App
}

// AccessLog says which requests are logged on stdout.
type AccessLog struct {
	Which  string            // LogFailures
	Fields map[string]string // more fields, in Envoy's format: {"tenant": "%REQ(X-TENANT)%"}
}

// Values of AccessLog.Which.
const (
	LogFailures = "failures" // what failed, by gRPC status too
	LogAll      = "all"
	LogNone     = "none"
)

// Values of Config.Stats.
const (
	StatsDefault = "default" // the small set that dashboards and alerts need
	StatsAll     = "all"
)

// XDS is a server that configures Envoy while it runs.
type XDS struct {
	Address string // host:port; required
	TLS     *TLS   // nil: plain text
}
