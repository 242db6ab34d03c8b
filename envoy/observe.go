package envoy

import (
	"cmp"
	"maps"
	"slices"

	"github.com/starctl/starctl/kube"
)

// tracing makes connection managers send spans. The bootstrap's own tracing section is deprecated.
func (g *generator) tracing() kube.Node {
	t := g.Tracing
	if t == nil {
		return kube.Node{}
	}
	share := cmp.Or(t.Percent, 1)
	if share == None {
		share = 0
	}
	return msg(
		field("provider", typed("envoy.tracers.opentelemetry", "envoy.config.trace.v3.OpenTelemetryConfig",
			field("grpc_service", msg(
				field("envoy_grpc", msg(text("cluster_name", tracingClusterName))),
				text("timeout", "1s"),
			)),
			text("service_name", cmp.Or(t.Service, g.App)),
			// Reads OTEL_RESOURCE_ATTRIBUTES, in which the Pod's name comes; without that variable it warns.
			field("resource_detectors", list(typed(
				"envoy.tracers.opentelemetry.resource_detectors.environment",
				"envoy.extensions.tracers.opentelemetry.resource_detectors.v3.EnvironmentResourceDetectorConfig",
			))),
		)),
		field("random_sampling", msg(field("value", percent(share)))),
		flag("spawn_upstream_span", true),
	)
}

func (g *generator) tracingUpstream() *Upstream {
	return internalUpstream(tracingClusterName, g.Tracing.Address)
}

// internalUpstream is a gRPC server that Envoy itself calls.
func internalUpstream(name, address string) *Upstream {
	host, port, _ := splitHostPort(address) // validated
	u := &Upstream{Name: name, Port: port}
	if _, _, err := splitAddress(host, port); err == nil {
		u.Addresses = []string{host}
	} else {
		u.Host = host
	}
	return u
}

// accessLogs prepares the log of each kind of listener.
func (g *generator) accessLogs() {
	l := &g.AccessLog
	if l.Which == LogNone {
		return
	}
	if l.Which != LogAll && len(l.Fields) == 0 {
		g.httpLog, g.grpcLog, g.mixedLog, g.tcpLog = failedHTTP, failedGRPC, failedMixed, failedTCP
		return
	}
	http, tcp := withFields(httpLogFields, l.Fields), withFields(tcpLogFields, l.Fields)
	all := kube.Node{}
	if l.Which == LogAll {
		g.httpLog, g.grpcLog, g.mixedLog, g.tcpLog = stdoutLog(all, http), stdoutLog(all, http), stdoutLog(all, http), stdoutLog(all, tcp)
		return
	}
	g.httpLog, g.grpcLog = stdoutLog(anyOfFilters(failedStatus, anyFlag), http), stdoutLog(anyOfFilters(failedStatus, failedCall, anyFlag), http)
	g.mixedLog, g.tcpLog = stdoutLog(anyOfFilters(failedStatus, failedGRPCCall, anyFlag), http), stdoutLog(anyFlag, tcp)
}

// withFields adds fields of the user's, which win, in the order of their names: Envoy sorts them anyway.
func withFields(fields kube.Pairs, more map[string]string) kube.Node {
	out := make(kube.Pairs, 0, len(fields)+len(more))
	for _, f := range fields {
		if _, replaced := more[f.Key]; !replaced {
			out = append(out, f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		out = append(out, text(name, more[name]))
	}
	return kube.OfMap(out)
}

// stdoutLog writes one line of JSON for each request that filter lets through; an Absent filter lets all.
func stdoutLog(filter, format kube.Node) kube.Node {
	return list(msg(
		text("name", "envoy.access_loggers.stdout"),
		field("filter", filter),
		field("typed_config", anyOf("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
			field("log_format", msg(field("json_format", format), flag("omit_empty_values", true))),
		)),
	))
}

func anyOfFilters(filters ...kube.Node) kube.Node {
	return msg(field("or_filter", msg(field("filters", list(filters...)))))
}

var (
	failedStatus = msg(field("status_code_filter", msg(field("comparison", msg(
		text("op", "GE"),
		field("value", msg(number("default_value", 500), text("runtime_key", "access_log.min_status"))),
	)))))

	// A gRPC failure is HTTP 200. The filter makes up a status for what is not gRPC, by which every 404 would be logged: beside
	// HTTP upstreams it must look at gRPC alone.
	failedCall     = msg(field("grpc_status_filter", msg(field("statuses", texts("OK")), flag("exclude", true))))
	failedGRPCCall = msg(field("and_filter", msg(field("filters", list(
		msg(field("header_filter", msg(field("header", msg(
			text("name", "content-type"),
			field("string_match", msg(text("prefix", "application/grpc"))),
		))))),
		failedCall,
	)))))

	// Any response flag: no healthy upstream, connection failure, time-out, reset, overflow.
	anyFlag = msg(field("response_flag_filter", msg()))

	httpLogFields = kube.Pairs{
		text("attempts", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"),
		text("authority", "%REQ(:AUTHORITY)%"),
		text("bytes_in", "%BYTES_RECEIVED%"),
		text("bytes_out", "%BYTES_SENT%"),
		text("code", "%RESPONSE_CODE%"),
		text("details", "%RESPONSE_CODE_DETAILS%"),
		text("duration_ms", "%DURATION%"),
		text("flags", "%RESPONSE_FLAGS%"),
		text("grpc", "%GRPC_STATUS%"),
		text("method", "%REQ(:METHOD)%"),
		text("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
		text("request_id", "%REQ(X-REQUEST-ID)%"),
		text("trace_id", "%TRACE_ID%"),
		text("ts", "%START_TIME%"),
		text("upstream_cluster", "%UPSTREAM_CLUSTER%"),
		text("upstream_host", "%UPSTREAM_HOST%"),
	}
	tcpLogFields = kube.Pairs{
		text("bytes_in", "%BYTES_RECEIVED%"),
		text("bytes_out", "%BYTES_SENT%"),
		text("details", "%CONNECTION_TERMINATION_DETAILS%"),
		text("duration_ms", "%DURATION%"),
		text("failure", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
		text("flags", "%RESPONSE_FLAGS%"),
		text("ts", "%START_TIME%"),
		text("upstream_cluster", "%UPSTREAM_CLUSTER%"),
		text("upstream_host", "%UPSTREAM_HOST%"),
	}

	failedHTTP  = stdoutLog(anyOfFilters(failedStatus, anyFlag), kube.OfMap(httpLogFields))
	failedGRPC  = stdoutLog(anyOfFilters(failedStatus, failedCall, anyFlag), kube.OfMap(httpLogFields))
	failedMixed = stdoutLog(anyOfFilters(failedStatus, failedGRPCCall, anyFlag), kube.OfMap(httpLogFields))
	failedTCP   = stdoutLog(anyFlag, kube.OfMap(tcpLogFields))
)
