package envoy

import (
	"slices"
	"sync"

	"github.com/starctl/starctl/kube"
)

// Stat is a series that a sidecar offers under /stats/prometheus, and what it is for. The list of them is the only one: the
// bootstrap keeps what its patterns say, and the dashboard, the rules and the table in docs are made from it.
type Stat struct {
	Group   string   // of the statistics about one question
	Series  string   // its name there; one that ends in * stands for all that begin so
	Type    string   // counter, gauge or histogram
	Label   string   // that tells its values apart, besides service, region and what the scrape adds; may be empty
	Keep    []string // patterns of Envoy's own names that keep it, see pattern
	Meaning string
}

// Series that a sidecar offers once its upstreams were called: so many by itself, and so many more for each gRPC upstream.
// Without the list it would be five times as many. Retries, and each gRPC status other than OK, add one when they first happen.
const (
	SeriesAlone       = 200
	SeriesPerUpstream = 104
)

// Labels of series.
const (
	byUpstream = "envoy_cluster_name"
	byManager  = "envoy_http_conn_manager_prefix"
	byListener = "envoy_listener_address"
)

// Stats lists what is kept unless Config.Stats is StatsAll.
func Stats() []Stat { return slices.Clone(stats[:]) }

// GRPCStatus is a status of gRPC: its number, by which Envoy counts it, is the index.
func GRPCStatus() []string { return slices.Clone(grpcStatus[:]) }

var grpcStatus = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}

// Request volume, rate, latency, errors, retries, connections, membership and ejections, and what tells that Envoy itself is
// well. Where several rows share a pattern, the later ones come along with the first.
var stats = [...]Stat{
	{
		"Requests", "envoy_cluster_upstream_rq_total", "counter", byUpstream,
		[]string{".upstream_rq_total"},
		"Requests sent to the upstream, each retry counted again. Its rate is the load that the upstream sees from here.",
	},
	{
		"Requests", "envoy_cluster_upstream_rq_xx", "counter", byUpstream,
		[]string{".upstream_rq_2xx", ".upstream_rq_4xx", ".upstream_rq_5xx"},
		"What the application was answered, by class of HTTP status in `envoy_response_code_class`, Envoy's own answers included. " +
			"A failed gRPC call is class 2: HTTP 200 with a status behind it.",
	},
	{
		"Requests", "envoy_cluster_grpc_success", "counter", byUpstream,
		[]string{".grpc."},
		"gRPC calls that ended with OK.",
	},
	{
		"Requests", "envoy_cluster_grpc_failure", "counter", byUpstream,
		[]string{".grpc."},
		"gRPC calls that ended with any other status, those that Envoy answered included. Appears with the first.",
	},
	{
		"Requests", "envoy_cluster_grpc_total", "counter", byUpstream,
		[]string{".grpc."},
		"gRPC calls that ended. One that the caller gave up is not among them.",
	},
	{
		"Requests", "envoy_cluster_grpc_*", "counter", byUpstream,
		[]string{".grpc."},
		"gRPC calls by the number of their status, such as `envoy_cluster_grpc_14` for UNAVAILABLE, and their messages in " +
			"`_request_message_count` and `_response_message_count`. A status appears when it first happens.",
	},
	{
		"Latency", "envoy_cluster_upstream_rq_time", "histogram", byUpstream,
		[]string{".upstream_rq_time"},
		"Milliseconds from the end of a request to the end of its answer, as the upstream took them. A stream counts when it ends.",
	},
	{
		"Requests", "envoy_cluster_upstream_rq_active", "gauge", byUpstream,
		[]string{".upstream_rq_active"},
		"Requests under way.",
	},
	{
		"Circuit breakers", "envoy_cluster_upstream_rq_pending_active", "gauge", byUpstream,
		[]string{".upstream_rq_pending_active"},
		"Requests that wait for a connection.",
	},
	{
		"Circuit breakers", "envoy_cluster_upstream_rq_pending_overflow", "counter", byUpstream,
		[]string{".upstream_rq_pending_overflow"},
		"Requests refused because too many waited for a connection: response flag UO.",
	},
	{
		"Circuit breakers", "envoy_cluster_upstream_rq_active_overflow", "counter", byUpstream,
		[]string{".upstream_rq_active_overflow"},
		"Requests refused because too many were under way: response flag UO. Envoy before 1.38 counts them with those that waited.",
	},
	{
		"Requests", "envoy_cluster_upstream_rq_timeout", "counter", byUpstream,
		[]string{".upstream_rq_timeout"},
		"Requests that took longer than `timeout`: response flag UT. Of gRPC see `envoy_http_downstream_rq_max_duration_reached`.",
	},
	{
		"Requests", "envoy_cluster_upstream_rq_rx_reset", "counter", byUpstream,
		[]string{".upstream_rq_rx_reset"},
		"Requests that the upstream broke off: response flag UR.",
	},
	{
		"Retries", "envoy_cluster_upstream_rq_retry", "counter", byUpstream,
		[]string{".upstream_rq_retry"},
		"Requests that were sent again. They show in no failure of the application's: watch them, or the first outage shows them.",
	},
	{
		"Retries", "envoy_cluster_upstream_rq_retry_success", "counter", byUpstream,
		[]string{".upstream_rq_retry_success"},
		"Of those, answered well.",
	},
	{
		"Retries", "envoy_cluster_upstream_rq_retry_overflow", "counter", byUpstream,
		[]string{".upstream_rq_retry_overflow"},
		"Failures that were not retried because the budget was used up.",
	},
	{
		"Retries", "envoy_cluster_retry_upstream_rq_xx", "counter", byUpstream,
		[]string{".upstream_rq_2xx", ".upstream_rq_4xx", ".upstream_rq_5xx"},
		"Answers that led to a retry, by class. Appears with the first.",
	},
	{
		"Connections", "envoy_cluster_upstream_cx_total", "counter", byUpstream,
		[]string{".upstream_cx_total"},
		"Connections made to Pods. HTTP/2 needs one for each Pod and worker thread: a steady rate means that something closes them.",
	},
	{
		"Connections", "envoy_cluster_upstream_cx_active", "gauge", byUpstream,
		[]string{".upstream_cx_active"},
		"Connections to Pods that are open.",
	},
	{
		"Connections", "envoy_cluster_upstream_cx_overflow", "counter", byUpstream,
		[]string{".upstream_cx_overflow"},
		"Times that the circuit breaker of connections held one back; the request waits for another.",
	},
	{
		"Connections", "envoy_cluster_upstream_cx_connect_fail", "counter", byUpstream,
		[]string{".upstream_cx_connect_fail"},
		"Connections that did not come about: response flag UF. Nothing listens on that port, or a network policy refuses.",
	},
	{
		"Connections", "envoy_cluster_upstream_cx_connect_timeout", "counter", byUpstream,
		[]string{".upstream_cx_connect_timeout"},
		"Of those, the ones to which nobody answered within `connect_timeout`.",
	},
	{
		"TLS", "envoy_cluster_ssl_connection_error", "counter", byUpstream,
		[]string{".ssl.connection_error"},
		"TLS handshakes that failed for other reasons than the certificate. Only of upstreams with TLS, as the next two.",
	},
	{
		"TLS", "envoy_cluster_ssl_fail_verify_error", "counter", byUpstream,
		[]string{".ssl.fail_verify_error"},
		"Certificates of Pods that no trusted authority has signed, or that have expired.",
	},
	{
		"TLS", "envoy_cluster_ssl_fail_verify_san", "counter", byUpstream,
		[]string{".ssl.fail_verify_san"},
		"Certificates of Pods that bear another name.",
	},
	{
		"Endpoints", "envoy_cluster_membership_total", "gauge", byUpstream,
		[]string{".membership_total"},
		"Pods that DNS, or the xDS server, names. 0: every call fails, response flag UH.",
	},
	{
		"Endpoints", "envoy_cluster_membership_healthy", "gauge", byUpstream,
		[]string{".membership_healthy"},
		"Of those, the ones that are neither ejected nor failed by a health check.",
	},
	{
		"Endpoints", "envoy_cluster_membership_change", "counter", byUpstream,
		[]string{".membership_change"},
		"Times that the list of Pods changed.",
	},
	{
		"Endpoints", "envoy_cluster_upstream_cx_none_healthy", "counter", byUpstream,
		[]string{".upstream_cx_none_healthy"},
		"Calls that failed because there was no Pod: response flag UH.",
	},
	{
		"Endpoints", "envoy_cluster_lb_healthy_panic", "counter", byUpstream,
		[]string{".lb_healthy_panic"},
		"Calls for which too few Pods were well: spread over all of them, well or not, or failed where there are none.",
	},
	{
		"Endpoints", "envoy_cluster_health_check_failure", "counter", byUpstream,
		[]string{".health_check.failure"},
		"Health checks that failed. Only of upstreams with a health check.",
	},
	{
		"Endpoints", "envoy_cluster_update_attempt", "counter", byUpstream,
		[]string{".update_attempt"},
		"Questions to DNS, or to the xDS server, about the upstream's Pods: one every 5 to 6 s.",
	},
	{
		"Endpoints", "envoy_cluster_update_success", "counter", byUpstream,
		[]string{".update_success"},
		"Of those, answered; that the name does not exist is an answer.",
	},
	{
		"Endpoints", "envoy_cluster_update_failure", "counter", byUpstream,
		[]string{".update_failure"},
		"Of those, not answered in time, refused or failed. The Pods known before are kept.",
	},
	{
		"Endpoints", "envoy_cluster_outlier_detection_ejections_active", "gauge", byUpstream,
		[]string{".ejections_active"},
		"Pods that are ejected now.",
	},
	{
		"Endpoints", "envoy_cluster_outlier_detection_ejections_enforced_total", "counter", byUpstream,
		[]string{".ejections_enforced_total"},
		"Ejections there have been.",
	},
	{
		"Circuit breakers", "envoy_cluster_circuit_breakers_default_remaining_rq", "gauge", byUpstream,
		[]string{".remaining_rq"},
		"Requests that may be added before the circuit breaker refuses.",
	},
	{
		"Circuit breakers", "envoy_cluster_circuit_breakers_default_remaining_cx", "gauge", byUpstream,
		[]string{".remaining_cx"},
		"Connections that may be added.",
	},
	{
		"Circuit breakers", "envoy_cluster_circuit_breakers_default_rq_open", "gauge", byUpstream,
		[]string{".rq_open"},
		"1 while the circuit breaker of requests refuses.",
	},
	{
		"Circuit breakers", "envoy_cluster_circuit_breakers_default_cx_open", "gauge", byUpstream,
		[]string{".cx_open"},
		"1 while the circuit breaker of connections holds back.",
	},
	{
		"Circuit breakers", "envoy_cluster_circuit_breakers_high_*", "gauge", byUpstream,
		[]string{".rq_open", ".cx_open"},
		"The same for requests of high priority, which starctl's routes do not make.",
	},
	{
		"Application", "envoy_http_downstream_rq_total", "counter", byManager,
		[]string{".downstream_rq_total"},
		"Requests that the application made, by listener: `egress_` and the upstream, or `egress` if they share one.",
	},
	{
		"Application", "envoy_http_downstream_rq_active", "gauge", byManager,
		[]string{".downstream_rq_active"},
		"Of those, under way.",
	},
	{
		"Application", "envoy_http_downstream_rq_time", "histogram", byManager,
		[]string{".downstream_rq_time"},
		"Milliseconds that a request took for the application, retries and waiting included. What it exceeds `upstream_rq_time` by " +
			"is spent in the sidecar.",
	},
	{
		"Application", "envoy_http_downstream_rq_xx", "counter", byManager,
		[]string{".downstream_rq_5xx"},
		"Answers of class 5 to the application, in `envoy_response_code_class`.",
	},
	{
		"Application", "envoy_http_downstream_rq_timeout", "counter", byManager,
		[]string{".downstream_rq_timeout"},
		"Requests that the application did not finish in time.",
	},
	{
		"Application", "envoy_http_downstream_rq_max_duration_reached", "counter", byManager,
		[]string{".downstream_rq_max_duration_reached"},
		"gRPC calls that the sidecar ended with DEADLINE_EXCEEDED, at the caller's own deadline or at `timeout`.",
	},
	{
		"Application", "envoy_http_downstream_cx_total", "counter", byManager,
		[]string{".downstream_cx_total"},
		"Connections that the application made. One for each request means that it does not keep them.",
	},
	{
		"Application", "envoy_http_downstream_cx_active", "gauge", byManager,
		[]string{".downstream_cx_active"},
		"Of those, open.",
	},
	{
		"Application", "envoy_tcp_downstream_cx_total", "counter", "envoy_tcp_prefix",
		[]string{".downstream_cx_total"},
		"Connections that the application made to a TCP upstream.",
	},
	{
		"Application", "envoy_listener_downstream_cx_total", "counter", byListener,
		[]string{".downstream_cx_total"},
		"Connections to a listener, of whatever protocol.",
	},
	{
		"Application", "envoy_listener_downstream_cx_active", "gauge", byListener,
		[]string{".downstream_cx_active"},
		"Of those, open. 10,000 together is all that the sidecar takes.",
	},
	{
		"Application", "envoy_listener_downstream_cx_overflow", "counter", byListener,
		[]string{".downstream_cx_overflow"},
		"Connections refused because a limit of the listener's own was reached.",
	},
	{
		"Sidecar", "envoy_server_live", "gauge", "",
		[]string{"server."},
		"1 while Envoy serves. Its labels name every sidecar there is.",
	},
	{
		"Sidecar", "envoy_server_state", "gauge", "",
		[]string{"server."},
		"0 live, 1 draining, 2 and 3 not initialized yet: it waits for DNS or the xDS server.",
	},
	{
		"Sidecar", "envoy_server_uptime", "gauge", "",
		[]string{"server."},
		"Seconds since it started. It falls when the container restarts.",
	},
	{
		"Sidecar", "envoy_server_memory_allocated", "gauge", "",
		[]string{"server."},
		"Bytes that Envoy uses.",
	},
	{
		"Sidecar", "envoy_server_memory_heap_size", "gauge", "",
		[]string{"server."},
		"Bytes that its allocator holds, free ones included.",
	},
	{
		"Sidecar", "envoy_server_memory_physical_size", "gauge", "",
		[]string{"server."},
		"Bytes that it takes of the container's limit, 256 MiB by default.",
	},
	{
		"Sidecar", "envoy_server_total_connections", "gauge", "",
		[]string{"server."},
		"Connections of all listeners.",
	},
	{
		"Sidecar", "envoy_server_days_until_first_cert_expiring", "gauge", "",
		[]string{"server."},
		"Days that the first of its certificates is still valid; a very large number without any.",
	},
	{
		"Sidecar", "envoy_server_worker_watchdog_miss", "counter", "envoy_worker_id",
		[]string{"server."},
		"Times that a thread did not come round in 200 ms: the node has no CPU left, or a CPU limit throttles.",
	},
	{
		"Sidecar", "envoy_server_worker_watchdog_mega_miss", "counter", "envoy_worker_id",
		[]string{"server."},
		"Times that it did not in 1 s.",
	},
	{
		"Sidecar", "envoy_server_version", "gauge", "",
		[]string{"server."},
		"A number that differs between builds of Envoy.",
	},
	{
		"Sidecar", "envoy_server_*", "gauge", "",
		[]string{"server."},
		"Envoy's further statistics of itself, as its documentation has them.",
	},
	{
		"Sidecar", "envoy_dns_cares_resolve_total", "counter", "",
		[]string{"dns.cares."},
		"Questions to DNS.",
	},
	{
		"Sidecar", "envoy_dns_cares_not_found", "counter", "",
		[]string{"dns.cares."},
		"Names that do not exist: a headless Service without a ready Pod is one.",
	},
	{
		"Sidecar", "envoy_dns_cares_timeouts", "counter", "",
		[]string{"dns.cares."},
		"Questions that nobody answered within a second; asked again twice.",
	},
	{
		"Sidecar", "envoy_dns_cares_*", "counter", "",
		[]string{"dns.cares."},
		"Further statistics of the resolver.",
	},
	{
		"Sidecar", "envoy_listener_manager_*", "gauge", "",
		[]string{"listener_manager."},
		"Listeners there are, and whether one could not be made.",
	},
	{
		"Sidecar", "envoy_cluster_manager_*", "gauge", "",
		[]string{"cluster_manager."},
		"Clusters there are, and those that still wait for their first Pods.",
	},
	{
		"xDS", "envoy_control_plane_connected_state", "gauge", "",
		[]string{"control_plane."},
		"1 while connected to the xDS server. Only with one, as the rest.",
	},
	{
		"xDS", "envoy_control_plane_*", "gauge", "",
		[]string{"control_plane."},
		"Requests that wait for the server, and times that its limit held them back.",
	},
	{
		"TLS", "envoy_sds_update_success", "counter", "envoy_xds_resource_name",
		[]string{".update_success"},
		"Certificates that were read from their files, or read again.",
	},
	{
		"TLS", "envoy_sds_update_failure", "counter", "envoy_xds_resource_name",
		[]string{".update_failure"},
		"Files of certificates that could not be read. The ones before stay in use.",
	},
	{
		"TLS", "envoy_sds_update_attempt", "counter", "envoy_xds_resource_name",
		[]string{".update_attempt"},
		"Times that certificates were looked at.",
	},
	{
		"Doubles", "envoy_cluster_external_*", "counter", byUpstream,
		[]string{".upstream_rq_time", ".upstream_rq_2xx", ".upstream_rq_4xx", ".upstream_rq_5xx"},
		"What the name says without `external`, for requests without Envoy's own header `x-envoy-internal`: all of them, as a rule.",
	},
	{
		"Doubles", "envoy_cluster_internal_*", "counter", byUpstream,
		[]string{".upstream_rq_time", ".upstream_rq_2xx", ".upstream_rq_4xx", ".upstream_rq_5xx"},
		"The same for requests with it, such as health checks.",
	},
	{
		"Doubles", "envoy_listener_http_*", "counter", byListener,
		[]string{".downstream_rq_5xx"},
		"Answers of class 5 again, by listener.",
	},
	{
		"Doubles", "envoy_listener_worker_*", "counter", byListener,
		[]string{".downstream_cx_total", ".downstream_cx_active"},
		"Connections again, by worker thread: whether they are spread evenly.",
	},
	{
		"Doubles", "envoy_listener_admin_*", "counter", "",
		[]string{".downstream_cx_total", ".downstream_cx_active", ".downstream_cx_overflow", ".downstream_rq_5xx"},
		"Connections to the administration: of who scrapes.",
	},
}

// statsMatcher keeps what the list says. Regular expressions would be matched for every statistic that is ever made.
var statsMatcher = sync.OnceValue(func() kube.Node {
	seen := map[string]bool{}
	var begins, holds, ends kube.Elems
	for _, s := range stats {
		for _, p := range s.Keep {
			if seen[p] {
				continue
			}
			seen[p] = true
			switch how := pattern(p); how {
			case "prefix":
				begins = append(begins, msg(text(how, p)))
			case "contains":
				holds = append(holds, msg(text(how, p)))
			default:
				ends = append(ends, msg(text(how, p)))
			}
		}
	}
	return msg(field("inclusion_list", msg(field("patterns", kube.OfList(slices.Concat(begins, holds, ends))))))
})

// pattern is how a pattern of a Stat is matched: what ends in a point is the beginning of a name, what begins with one its
// end, and what does both is inside.
func pattern(p string) string {
	begins, ends := p[0] == '.', p[len(p)-1] == '.'
	switch {
	case begins && ends:
		return "contains"
	case ends:
		return "prefix"
	}
	return "suffix"
}

// Milliseconds. Envoy's own buckets go from 0.5 ms to an hour in 20 steps that no one looks at.
var histogramBuckets = sync.OnceValue(func() kube.Node {
	var buckets kube.Elems
	for _, ms := range []int64{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000} {
		buckets = append(buckets, kube.OfInt(ms))
	}
	return list(msg(
		field("match", msg(text("suffix", "rq_time"))),
		field("buckets", kube.OfList(buckets)),
	))
})
