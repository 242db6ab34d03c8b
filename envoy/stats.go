package envoy

import "github.com/starctl/starctl/kube"

// The statistics that are kept, by how their names begin, end, or what they hold: request volume, rate, latency, errors,
// retries, connections, membership and ejections, and what tells that Envoy itself is well. Regular expressions would be
// matched for every statistic that is ever made. Three upstreams give 521 series, each further one 102; without the list
// 2500.
var (
	statPrefixes = []string{"server.", "dns.cares.", "listener_manager.", "cluster_manager.", "control_plane."}
	statParts    = []string{".grpc."} // a gRPC failure counts as 2xx: only these tell
	statSuffixes = []string{
		".upstream_rq_total", ".upstream_rq_2xx", ".upstream_rq_4xx", ".upstream_rq_5xx",
		".upstream_rq_time", ".upstream_rq_active", ".upstream_rq_pending_active", ".upstream_rq_pending_overflow",
		".upstream_rq_timeout", ".upstream_rq_max_duration_reached", ".upstream_rq_rx_reset",
		".upstream_rq_retry", ".upstream_rq_retry_success", ".upstream_rq_retry_overflow",
		".upstream_cx_total", ".upstream_cx_active", ".upstream_cx_overflow",
		".upstream_cx_connect_fail", ".upstream_cx_connect_timeout",
		".ssl.connection_error", ".ssl.fail_verify_error", ".ssl.fail_verify_san",
		".membership_total", ".membership_healthy", ".membership_change", ".lb_healthy_panic", ".health_check.failure",
		".update_attempt", ".update_success", ".update_failure",
		".ejections_active", ".ejections_enforced_total",
		".remaining_rq", ".remaining_cx", ".rq_open", ".cx_open",
		".downstream_rq_total", ".downstream_rq_active", ".downstream_rq_time", ".downstream_rq_5xx", ".downstream_rq_timeout",
		".downstream_cx_total", ".downstream_cx_active", ".downstream_cx_overflow",
	}
)

var statsMatcher = func() kube.Node {
	var patterns kube.Elems
	for _, s := range statPrefixes {
		patterns = append(patterns, msg(text("prefix", s)))
	}
	for _, s := range statParts {
		patterns = append(patterns, msg(text("contains", s)))
	}
	for _, s := range statSuffixes {
		patterns = append(patterns, msg(text("suffix", s)))
	}
	return msg(field("inclusion_list", msg(field("patterns", kube.OfList(patterns)))))
}()

// Milliseconds. Envoy's own buckets go from 0.5 ms to an hour in 20 steps that no one looks at.
var histogramBuckets = func() kube.Node {
	var buckets kube.Elems
	for _, ms := range []int64{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000} {
		buckets = append(buckets, kube.OfInt(ms))
	}
	return list(msg(
		field("match", msg(text("suffix", "rq_time"))),
		field("buckets", kube.OfList(buckets)),
	))
}()
