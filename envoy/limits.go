package envoy

import (
	"cmp"
	"time"

	"github.com/starctl/starctl/kube"
)

// circuitBreakers limit what this one sidecar has under way: the connections and requests are far above what one Pod needs
// and far below what would take a small upstream down; 1024 connections and pending requests are Envoy's own default.
func (u *Upstream) circuitBreakers() kube.Node {
	b, r := &u.CircuitBreaker, &u.Retries
	if *b == (CircuitBreaker{}) && r.BudgetPercent == 0 && r.BudgetMin == 0 {
		return defaultBreakers
	}
	return breakers(b, r)
}

var defaultBreakers = breakers(&CircuitBreaker{}, &Retry{})

func breakers(b *CircuitBreaker, r *Retry) kube.Node {
	return msg(field("thresholds", list(msg(
		number("max_connections", cmp.Or(b.Connections, 1024)),
		number("max_pending_requests", cmp.Or(b.Pending, 1024)),
		number("max_requests", cmp.Or(b.Requests, 4096)),
		field("retry_budget", msg(
			field("budget_percent", msg(field("value", percent(cmp.Or(r.BudgetPercent, retryBudget))))),
			number("min_retry_concurrency", cmp.Or(r.BudgetMin, retryBudgetMin)),
		)),
		flag("track_remaining", true),
	))))
}

// percent writes whole numbers as such.
func percent(p float64) kube.Node {
	if i := int64(p); float64(i) == p {
		return kube.OfInt(i)
	}
	return kube.OfFloat(p)
}

// outlierDetection ejects an endpoint after failures in a row that are the endpoint's own: 502, 503, 504 and the gRPC
// statuses that Envoy maps to them (UNAVAILABLE, DEADLINE_EXCEEDED), or failures to reach it. Other 5xx do not count: gRPC
// INTERNAL is one and says nothing about the endpoint. Statistics over success rates are off: they need more endpoints than
// most Services have.
func (u *Upstream) outlierDetection() kube.Node {
	switch {
	case u.Outlier.Off:
		return kube.Node{}
	case u.Outlier != (Outlier{}):
	case len(u.Failover) > 0:
		return failoverOutlier
	default:
		return defaultOutlier
	}
	return outlierDetection(&u.Outlier, len(u.Failover) > 0)
}

var (
	defaultOutlier  = outlierDetection(&Outlier{}, false)
	failoverOutlier = outlierDetection(&Outlier{}, true)
)

func outlierDetection(o *Outlier, failover bool) kube.Node {
	base, most := o.ejection()
	share := ejectAtMost
	if failover {
		share = ejectAtMostRemote
	}
	gateway, enforceGateway := consecutive(o.GatewayFailures)
	local, enforceLocal := consecutive(o.LocalFailures)
	return msg(
		number("consecutive_gateway_failure", gateway),
		number("enforcing_consecutive_gateway_failure", enforceGateway),
		number("consecutive_local_origin_failure", local),
		number("enforcing_consecutive_local_origin_failure", enforceLocal),
		flag("split_external_local_origin_errors", true),
		number("enforcing_consecutive_5xx", 0),
		number("enforcing_success_rate", 0),
		number("enforcing_local_origin_success_rate", 0),
		span("interval", cmp.Or(o.Interval, 5*time.Second)),
		span("base_ejection_time", base),
		span("max_ejection_time", most),
		number("max_ejection_percent", cmp.Or(o.MaxEjectionPercent, share)),
	)
}

// consecutive is a count of failures and how many percent of the ejections it calls for are made.
func consecutive(n int) (count, enforce int) {
	if n == None {
		return 5, 0
	}
	return cmp.Or(n, 5), 100
}

func (u *Upstream) healthChecks() kube.Node {
	if u.HealthCheck == nil {
		return kube.Node{}
	}
	return list(u.healthCheck())
}

// healthCheck asks in the upstream's own protocol, also while nobody calls: Envoy's default of once a minute would leave a
// bad endpoint in place for that long after the first call. A new endpoint is asked at once and takes calls from its first
// success on.
func (u *Upstream) healthCheck() kube.Node {
	h := u.HealthCheck
	checks := kube.Pairs{
		span("timeout", cmp.Or(h.Timeout, 2*time.Second)),
		span("interval", cmp.Or(h.Interval, 10*time.Second)),
		span("no_traffic_interval", cmp.Or(h.Interval, 10*time.Second)),
		span("interval_jitter", time.Second),
		number("unhealthy_threshold", cmp.Or(h.Unhealthy, 3)),
		number("healthy_threshold", cmp.Or(h.Healthy, 2)),
	}
	switch u.protocol() {
	case GRPC:
		service := kube.Node{}
		if h.Service != "" {
			service = kube.OfString(h.Service)
		}
		return kube.OfMap(append(checks, field("grpc_health_check", msg(field("service_name", service)))))
	case TCP:
		return kube.OfMap(append(checks, field("tcp_health_check", msg())))
	}
	codec := "HTTP1"
	if u.protocol() == HTTP2 {
		codec = "HTTP2"
	}
	return kube.OfMap(append(checks, field("http_health_check", msg(text("path", h.Path), text("codec_client_type", codec)))))
}
