package main

import (
	"fmt"
	"strings"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// runbooks is where the alerts send a person.
const runbooks = "https://github.com/starctl/starctl/blob/main/docs/incidents.md#"

// rule is a recording rule if it has a record, else an alert.
type rule struct {
	record string
	status string // gRPC's, which a recording rule adds as a label
	alert
	expr string
}

// alert is what a person is told. In its text, SIDECAR stands for the service that the labels name, UPSTREAM for it and its
// upstream, VALUE for the number.
type alert struct {
	name, severity, wait string
	summary, description string
	runbook              string // heading in docs/incidents.md
}

// perUpstream are the labels of what is summed over the sidecars of a service; namespace is there if the scrape adds it.
const perUpstream = "namespace, service, region, envoy_cluster_name"

func recorded() []rule {
	sum := func(record, expr string) rule {
		return rule{record: record, expr: fmt.Sprintf("sum by (%s) (%s)", perUpstream, expr)}
	}
	list := []rule{
		sum("upstream:envoy_requests:rate5m", `rate(envoy_cluster_upstream_rq_xx{envoy_cluster_name!~"`+internal+`"}[5m])`),
		sum("upstream:envoy_http_5xx:rate5m", `rate(envoy_cluster_upstream_rq_xx{envoy_cluster_name!~"`+internal+`", envoy_response_code_class="5"}[5m])`),
	}
	for n, name := range envoy.GRPCStatus() {
		r := sum("upstream:envoy_grpc:rate5m", fmt.Sprintf("rate(envoy_cluster_grpc_%d[5m])", n))
		r.status = name
		list = append(list, r)
	}
	return append(list,
		rule{
			record: "upstream:envoy_failures:ratio_rate5m",
			// What says that a server or the way to it is at fault; NOT_FOUND, say, is an answer.
			expr: fmt.Sprintf(`sum by (%[1]s) (upstream:envoy_grpc:rate5m{grpc_status=~"UNKNOWN|DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS"})
/ sum by (%[1]s) (upstream:envoy_grpc:rate5m)
or upstream:envoy_http_5xx:rate5m / upstream:envoy_requests:rate5m`, perUpstream),
		},
		rule{
			record: "upstream:envoy_retries:ratio_rate5m",
			expr: fmt.Sprintf("sum by (%[1]s) (rate(envoy_cluster_upstream_rq_retry{envoy_cluster_name!~%[2]q}[5m]))\n/ sum by (%[1]s) (rate(envoy_cluster_upstream_rq_total{envoy_cluster_name!~%[2]q}[5m]))",
				perUpstream, internal),
		},
		rule{
			record: "upstream:envoy_rq_time_ms:p50_rate5m",
			expr:   fmt.Sprintf("histogram_quantile(0.5, sum by (%s, le) (rate(envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name!~%q}[5m])))", perUpstream, internal),
		},
		rule{
			record: "upstream:envoy_rq_time_ms:p99_rate5m",
			expr:   fmt.Sprintf("histogram_quantile(0.99, sum by (%s, le) (rate(envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name!~%q}[5m])))", perUpstream, internal),
		},
		rule{
			record: "upstream:envoy_healthy_pods:min",
			expr:   fmt.Sprintf("min by (%s) (envoy_cluster_membership_healthy{envoy_cluster_name!~%q})", perUpstream, internal),
		},
	)
}

// rate is what happens in a second, summed over the sidecars of a service.
func rate(series string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s{envoy_cluster_name!~%q}[5m]))", perUpstream, series, internal)
}

func alerts() []rule {
	return []rule{
		{alert: alert{
			"EnvoyUpstreamFailing", "critical", "5m", "Calls of UPSTREAM fail",
			"{{ $value | humanizePercentage }} of the calls of UPSTREAM fail. The sidecar's log has a line for each: its flags say why.",
			"Response flags",
		}, expr: "upstream:envoy_failures:ratio_rate5m > 0.05\nand upstream:envoy_requests:rate5m > 0.1"},
		{alert: alert{
			"EnvoyNoHealthyUpstream", "critical", "2m", "UPSTREAM has no Pod that is well",
			"At least one sidecar of SIDECAR knows no Pod of {{ $labels.envoy_cluster_name }} that is well: its calls fail, or go to Pods that are not.",
			"No healthy upstream",
		}, expr: "upstream:envoy_healthy_pods:min == 0"},
		{alert: alert{
			"EnvoyPodsEjected", "warning", "10m", "Pods of UPSTREAM are ejected",
			"A sidecar of SIDECAR has ejected {{ $value | humanizePercentage }} of the Pods of {{ $labels.envoy_cluster_name }}.",
			"Pods are ejected",
		}, expr: fmt.Sprintf("max by (%s) (envoy_cluster_outlier_detection_ejections_active / (envoy_cluster_membership_total > 0)) > 0.3", perUpstream)},
		{alert: alert{
			"EnvoyPanicRouting", "warning", "5m", "UPSTREAM has too few Pods that are well",
			"Fewer than half of the Pods of UPSTREAM are well, so calls go to all of them.",
			"Pods are ejected",
		}, expr: rate("envoy_cluster_lb_healthy_panic") + " > 0\nand upstream:envoy_healthy_pods:min > 0"},
		{alert: alert{
			"EnvoyCircuitBreakerRefuses", "critical", "2m", "The circuit breaker of UPSTREAM refuses calls",
			"{{ $value | humanize }} calls of UPSTREAM a second are refused with flag UO: too many are under way.",
			"The circuit breaker refuses",
		}, expr: rate("envoy_cluster_upstream_rq_active_overflow") + " > 0\nor " + rate("envoy_cluster_upstream_rq_pending_overflow") + " > 0"},
		{alert: alert{
			"EnvoyRetryBudgetUsedUp", "warning", "5m", "The retry budget of UPSTREAM is used up",
			"{{ $value | humanize }} failures of UPSTREAM a second are not retried any more.",
			"Many retries",
		}, expr: rate("envoy_cluster_upstream_rq_retry_overflow") + " > 0"},
		{alert: alert{
			"EnvoyManyRetries", "warning", "10m", "UPSTREAM needs many retries",
			"{{ $value | humanizePercentage }} of the requests of UPSTREAM are retries, which hide failures.",
			"Many retries",
		}, expr: "upstream:envoy_retries:ratio_rate5m > 0.2"},
		{alert: alert{
			"EnvoyCannotConnect", "warning", "5m", "Connections of UPSTREAM fail",
			"{{ $value | humanize }} connections of UPSTREAM a second do not come about.",
			"Connections fail",
		}, expr: rate("envoy_cluster_upstream_cx_connect_fail") + " > 0.1"},
		{alert: alert{
			"EnvoyDNSFails", "warning", "5m", "DNS does not answer for UPSTREAM",
			"The sidecars of SIDECAR get no answer about {{ $labels.envoy_cluster_name }} and keep the Pods that they knew.",
			"DNS does not answer",
		}, expr: rate("envoy_cluster_update_failure") + " > 0\nunless " + rate("envoy_cluster_update_success") + " > 0"},
		{alert: alert{
			"EnvoyTLSFails", "warning", "5m", "TLS of UPSTREAM fails",
			"{{ $value | humanize }} handshakes of UPSTREAM a second fail.",
			"TLS fails",
		}, expr: fmt.Sprintf("sum by (%s) (\n  rate(envoy_cluster_ssl_connection_error[5m])\n  + rate(envoy_cluster_ssl_fail_verify_error[5m])\n  + rate(envoy_cluster_ssl_fail_verify_san[5m])\n) > 0", perUpstream)},
		{alert: alert{
			"EnvoyCertificateExpires", "warning", "1h", "A certificate of SIDECAR expires",
			"A certificate that {{ $labels.instance }} of SIDECAR uses is valid for {{ $value | humanize }} days.",
			"TLS fails",
		}, expr: "envoy_server_days_until_first_cert_expiring < 7"},
		{alert: alert{
			"EnvoyCertificateNotRead", "warning", "5m", "Certificates of SIDECAR cannot be read",
			"The sidecars of SIDECAR cannot read {{ $labels.envoy_xds_resource_name }} and keep what they had.",
			"TLS fails",
		}, expr: "sum by (namespace, service, region, envoy_xds_resource_name) (rate(envoy_sds_update_failure[5m])) > 0"},
		{alert: alert{
			"EnvoyMemoryHigh", "warning", "10m", "A sidecar of SIDECAR is near its memory limit",
			"{{ $labels.instance }} of SIDECAR takes {{ $value | humanize1024 }}B, and the default limit is 256 MiB.",
			"Memory",
		}, expr: "envoy_server_memory_physical_size > 0.85 * 256 * 1024 * 1024"},
		{alert: alert{
			"EnvoyConnectionLimitNear", "warning", "5m", "A sidecar of SIDECAR has nearly all the connections it may have",
			"{{ $labels.instance }} of SIDECAR has {{ $value | humanize }} connections of at most 10,000; further ones are closed at once.",
			"Too many connections of the application",
		}, expr: "envoy_server_total_connections > 8000"},
		{alert: alert{
			"EnvoyRestarts", "warning", "0s", "A sidecar of SIDECAR restarts",
			"{{ $labels.instance }} of SIDECAR has restarted {{ $value | humanize }} times in half an hour.",
			"The sidecar restarts",
		}, expr: "resets(envoy_server_uptime[30m]) >= 3"},
		{alert: alert{
			"EnvoyStarved", "warning", "5m", "A sidecar of SIDECAR gets no CPU",
			"Threads of {{ $labels.instance }} of SIDECAR did not come round for a second.",
			"The sidecar is slow",
		}, expr: "sum by (namespace, service, region, instance) (rate(envoy_server_worker_watchdog_mega_miss[5m])) > 0"},
		{alert: alert{
			"EnvoyXDSDisconnected", "warning", "5m", "A sidecar of SIDECAR has lost its xDS server",
			"{{ $labels.instance }} of SIDECAR keeps what it was told last.",
			"The xDS server is gone",
		}, expr: "envoy_control_plane_connected_state == 0"},
	}
}

// names puts labels of what an alert is about into its text.
var names = strings.NewReplacer(
	"SIDECAR", "{{ $labels.service }}",
	"UPSTREAM", "{{ $labels.service }} to {{ $labels.envoy_cluster_name }}",
)

func rulesYAML() []byte {
	head := "# Recording and alerting rules for the sidecars of starctl. Written by internal/dashgen. Do not edit: copy, or add to them.\n"
	return encode.AppendYAML([]byte(head), mapping(
		pair("groups", items(
			mapping(text("name", "starctl-envoy"), pair("rules", ruleList(recorded()))),
			mapping(text("name", "starctl-envoy-alerts"), pair("rules", ruleList(alerts()))),
		)),
	))
}

func ruleList(rules []rule) kube.Node {
	var list []kube.Node
	for _, r := range rules {
		list = append(list, r.node())
	}
	return items(list...)
}

func (r *rule) node() kube.Node {
	if r.record != "" {
		n := kube.Pairs{text("record", r.record), text("expr", r.expr)}
		if r.status != "" {
			n = append(n, pair("labels", mapping(text("grpc_status", r.status))))
		}
		return kube.OfMap(n)
	}
	return mapping(
		text("alert", r.name), text("expr", r.expr), text("for", r.wait),
		pair("labels", mapping(text("severity", r.severity))),
		pair("annotations", mapping(
			text("summary", names.Replace(r.summary)),
			text("description", names.Replace(r.description)),
			text("runbook_url", runbooks+anchor(r.runbook)),
		)),
	)
}

func mapping(fields ...kube.Pair) kube.Node { return kube.OfMap(kube.Pairs(fields)) }

func items(list ...kube.Node) kube.Node { return kube.OfList(kube.Elems(list)) }

func pair(key string, n kube.Node) kube.Pair { return kube.Pair{Key: key, Value: n} }

func text(key, s string) kube.Pair { return pair(key, kube.OfString(s)) }
