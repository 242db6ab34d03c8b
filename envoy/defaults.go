package envoy

import "time"

// EnvoyVersion is the release that the configuration is written for and tested with.
const EnvoyVersion = "1.40.0"

// MaxSize is how long a bootstrap may be: a ConfigMap holds 1 MiB (kubernetes.io/docs/concepts/configuration/configmap).
const MaxSize = 1 << 20

// Addresses and ports. The shared listener's 8000 is the one that meshes with a single outbound listener have always used;
// Envoy's own examples and images use 9901 for administration.
const (
	loopback    = "127.0.0.1" // never localhost, which may be ::1 first
	firstPort   = 10001
	sharedPort  = 8000
	adminPort   = 9901
	readyPort   = 9902
	serviceZone = "svc.cluster.local"
)

// Linux gives outgoing connections ports from 32768 to 60999 (net.ipv4.ip_local_port_range): a listener there fails to bind
// whenever such a connection was first. Below 1024 only root may listen.
const (
	lowestPort     = 1024
	firstEphemeral = 32768
	lastEphemeral  = 60999
)

// Timeouts.
const (
	defaultConnectTimeout = time.Second            // a SYN that is lost once is sent again after 1 s (RFC 6298)
	defaultTimeout        = 15 * time.Second       // of HTTP requests: Envoy's own default, written out
	streamIdleTimeout     = 300 * time.Second      // Envoy's own default
	tcpIdleTimeout        = time.Hour              // Envoy's own default
	downstreamIdleTimeout = time.Hour              // Envoy's own default: the application's connections are few and local
	http2KeepAlive        = 300 * time.Second      // unused connections to Pods that are hardly called go away
	http1KeepAlive        = 4 * time.Second        // below the 5 s after which Node.js, Uvicorn and Apache close, else 503 UC
	adminTimeout          = 250 * time.Millisecond // to connect to Envoy itself
)

// Limits to what options may be.
const (
	shortest          = time.Millisecond    // Envoy's timers know nothing below
	longest           = 30 * 24 * time.Hour // beyond is a slip of the pen
	longestConnect    = time.Minute
	mostRetries       = 10
	mostConcurrent    = 1_000_000
	leastDNSLifetime  = time.Second
	longestName       = 63  // RFC 1123 label
	longestHost       = 253 // RFC 1123 name
	defaultRetries    = 2   // with previous_hosts, three different Pods
	retryBudget       = 50  // percent: when one of two Pods leaves, half of all calls retry
	retryBudgetMin    = 25  // at 20 % and 3, 7 of 6500 calls failed in a rolling update
	ejectAtMost       = 50  // percent; Envoy's default of 10 ejects no one in a small cluster
	ejectAtMostRemote = 100 // at 50 a share of the calls never reaches the next priority
)
