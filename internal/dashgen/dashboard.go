package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/starctl/starctl/envoy"
)

// row is a line across the dashboard and the panels below it.
type row struct {
	title  string
	panels []panel
}

// panel is a graph, or a number if stat is set.
type panel struct {
	title string
	unit  string // as Grafana names it
	help  string
	stat  bool
	lines []line
}

// line is an expression of a panel. In it, UPSTREAM stands for the labels that the variables of the dashboard choose, SIDECAR
// for those without the upstream, LISTENER for those of the application's listeners, and RATE for the time that a rate is
// taken over.
type line struct{ expr, legend string }

const (
	sidecar  = `service=~"$service", region=~"$region", instance=~"$instance"`
	internal = `envoy_(admin|tracing|xds)` // clusters that are no upstreams
)

var fill = strings.NewReplacer(
	"UPSTREAM", sidecar+`, envoy_cluster_name=~"$upstream", envoy_cluster_name!~"`+internal+`"`,
	"SIDECAR", sidecar,
	"LISTENER", sidecar+`, envoy_http_conn_manager_prefix!~"admin|ready"`,
	"RATE", "$__rate_interval",
)

// byUpstream sums what stands behind it for each upstream.
func byUpstream(expr string) string { return "sum by (envoy_cluster_name) (" + expr + ")" }

const upstreamLegend = "{{envoy_cluster_name}}"

// each is a panel with one line for each upstream.
func each(title, unit, series, help string) panel {
	return panel{title: title, unit: unit, help: help, lines: []line{{byUpstream(series), upstreamLegend}}}
}

// several is a panel whose lines are of all chosen upstreams together.
func several(title, unit, help string, lines ...line) panel {
	return panel{title: title, unit: unit, help: help, lines: lines}
}

func number(title, unit, expr, help string) panel {
	return panel{title: title, unit: unit, help: help, stat: true, lines: []line{{expr, ""}}}
}

// grpcLines has a line for every status but OK: the status is part of the series' name.
func grpcLines() []line {
	var list []line
	for n, name := range envoy.GRPCStatus() {
		if n > 0 {
			list = append(list, line{fmt.Sprintf("sum(rate(envoy_cluster_grpc_%d{UPSTREAM}[RATE]))", n), fmt.Sprintf("%s (%d)", name, n)})
		}
	}
	return list
}

// quantiles has a line for the median, the slowest tenth and the slowest hundredth of a histogram.
func quantiles(histogram, labels string) []line {
	var list []line
	for _, q := range []struct{ share, name string }{{"0.5", "p50"}, {"0.9", "p90"}, {"0.99", "p99"}} {
		expr := fmt.Sprintf("histogram_quantile(%s, sum by (le) (rate(%s_bucket{%s}[RATE])))", q.share, histogram, labels)
		list = append(list, line{expr, q.name})
	}
	return list
}

func rows() []row {
	return []row{
		{"Overview", []panel{
			number("Sidecars", "short", `sum(envoy_server_live{SIDECAR})`, "That answer the scrape and serve."),
			number("Requests", "reqps", `sum(rate(envoy_cluster_upstream_rq_xx{UPSTREAM}[RATE]))`, "Answered, whichever way."),
			number("gRPC failures", "percentunit", `sum(rate(envoy_cluster_grpc_failure{UPSTREAM}[RATE])) / sum(rate(envoy_cluster_grpc_total{UPSTREAM}[RATE]))`,
				"Share of gRPC calls that ended with another status than OK."),
			number("p99", "ms", `histogram_quantile(0.99, sum by (le) (rate(envoy_cluster_upstream_rq_time_bucket{UPSTREAM}[RATE])))`,
				"Of all chosen upstreams together."),
			number("Ejected Pods", "short", `sum(envoy_cluster_outlier_detection_ejections_active{UPSTREAM})`, "Counted by each sidecar for itself."),
			number("Without a Pod", "short", `count(envoy_cluster_membership_healthy{UPSTREAM} == 0) or vector(0)`,
				"Pairs of a sidecar and an upstream of which it knows no Pod that is well."),
		}},
		{"Requests", []panel{
			each("Requests by upstream", "reqps", `rate(envoy_cluster_upstream_rq_xx{UPSTREAM}[RATE])`, "Answered to the application, whichever way; retries are not counted again."),
			several("HTTP status", "reqps", "A failed gRPC call is class 2: HTTP 200 with a status behind it.", line{
				`sum by (envoy_response_code_class) (rate(envoy_cluster_upstream_rq_xx{UPSTREAM}[RATE]))`, "{{envoy_response_code_class}}xx",
			}),
			several("HTTP failures by upstream", "percentunit", "Share of answers of class 5, Envoy's own among them: 503 where there is no Pod.", line{
				byUpstream(`rate(envoy_cluster_upstream_rq_xx{UPSTREAM, envoy_response_code_class="5"}[RATE])`) + " / " + byUpstream(`rate(envoy_cluster_upstream_rq_xx{UPSTREAM}[RATE])`), upstreamLegend,
			}),
			several("gRPC failures by upstream", "percentunit", "Share of calls that ended with another status than OK.", line{
				byUpstream(`rate(envoy_cluster_grpc_failure{UPSTREAM}[RATE])`) + " / " + byUpstream(`rate(envoy_cluster_grpc_total{UPSTREAM}[RATE])`), upstreamLegend,
			}),
			several("gRPC status", "reqps", "Calls that ended with another status than OK.", grpcLines()...),
			each("Requests under way", "short", `envoy_cluster_upstream_rq_active{UPSTREAM}`, "Streams that are open are among them."),
			several("Ended early", "reqps", "By timeout, by deadline, by the upstream.",
				line{`sum(rate(envoy_cluster_upstream_rq_timeout{UPSTREAM}[RATE]))`, "timeout (UT)"},
				line{`sum(rate(envoy_http_downstream_rq_max_duration_reached{LISTENER}[RATE]))`, "gRPC deadline"},
				line{`sum(rate(envoy_cluster_upstream_rq_rx_reset{UPSTREAM}[RATE]))`, "reset by the upstream (UR)"},
			),
			several("Requests by service", "reqps", "What each application asks of all its upstreams.", line{
				`sum by (service) (rate(envoy_cluster_upstream_rq_xx{UPSTREAM}[RATE]))`, "{{service}}",
			}),
		}},
		{"Latency", []panel{
			several("Upstreams", "ms", "From the end of a request to the end of its answer, as the upstream took them.", quantiles("envoy_cluster_upstream_rq_time", "UPSTREAM")...),
			several("p99 by upstream", "ms", "A stream counts when it ends.", line{
				`histogram_quantile(0.99, sum by (le, envoy_cluster_name) (rate(envoy_cluster_upstream_rq_time_bucket{UPSTREAM}[RATE])))`, upstreamLegend,
			}),
			several("As the application sees it", "ms", "Retries and waiting included.", quantiles("envoy_http_downstream_rq_time", "LISTENER")...),
			several("Mean of application and upstreams", "ms", "What lies between the two is spent in the sidecar, in retries and in waiting.",
				line{`sum(rate(envoy_http_downstream_rq_time_sum{LISTENER}[RATE])) / sum(rate(envoy_http_downstream_rq_time_count{LISTENER}[RATE]))`, "application"},
				line{`sum(rate(envoy_cluster_upstream_rq_time_sum{UPSTREAM}[RATE])) / sum(rate(envoy_cluster_upstream_rq_time_count{UPSTREAM}[RATE]))`, "upstreams"},
			),
		}},
		{"Retries", []panel{
			each("Retries", "reqps", `rate(envoy_cluster_upstream_rq_retry{UPSTREAM}[RATE])`, "They hide failures from the application."),
			several("Share of retries", "percentunit", "Of the requests that are sent to the upstream.", line{
				byUpstream(`rate(envoy_cluster_upstream_rq_retry{UPSTREAM}[RATE])`) + " / " + byUpstream(`rate(envoy_cluster_upstream_rq_total{UPSTREAM}[RATE])`), upstreamLegend,
			}),
			each("Retries that succeeded", "reqps", `rate(envoy_cluster_upstream_rq_retry_success{UPSTREAM}[RATE])`, "The rest reached the application as failures."),
			each("Retries beyond the budget", "reqps", `rate(envoy_cluster_upstream_rq_retry_overflow{UPSTREAM}[RATE])`, "Not made, because half of what is under way were retries already."),
		}},
		{"Connections", []panel{
			each("Connections to Pods", "short", `envoy_cluster_upstream_cx_active{UPSTREAM}`, "HTTP/2 needs one for each Pod and worker thread."),
			each("New connections to Pods", "cps", `rate(envoy_cluster_upstream_cx_total{UPSTREAM}[RATE])`, "A steady rate means that something closes them."),
			several("Connections that failed", "cps", "",
				line{byUpstream(`rate(envoy_cluster_upstream_cx_connect_fail{UPSTREAM}[RATE])`), upstreamLegend},
				line{byUpstream(`rate(envoy_cluster_upstream_cx_connect_timeout{UPSTREAM}[RATE])`), upstreamLegend + ", of them timed out"},
			),
			several("Connections of the application", "short", "By listener.", line{
				`sum by (envoy_listener_address) (envoy_listener_downstream_cx_active{SIDECAR, envoy_listener_address=~"egress.*"})`, "{{envoy_listener_address}}",
			}),
			several("TLS failures", "cps", "Only of upstreams with TLS.",
				line{`sum(rate(envoy_cluster_ssl_connection_error{UPSTREAM}[RATE]))`, "handshake"},
				line{`sum(rate(envoy_cluster_ssl_fail_verify_error{UPSTREAM}[RATE]))`, "not trusted or expired"},
				line{`sum(rate(envoy_cluster_ssl_fail_verify_san{UPSTREAM}[RATE]))`, "another name"},
			),
		}},
		{"Endpoints", []panel{
			several("Pods", "short", "As the sidecar that knows fewest has them.",
				line{`min by (envoy_cluster_name) (envoy_cluster_membership_total{UPSTREAM})`, upstreamLegend},
				line{`min by (envoy_cluster_name) (envoy_cluster_membership_healthy{UPSTREAM})`, upstreamLegend + ", of them well"},
			),
			several("Ejected Pods", "short", "As the sidecar that has ejected most has them.", line{
				`max by (envoy_cluster_name) (envoy_cluster_outlier_detection_ejections_active{UPSTREAM})`, upstreamLegend,
			}),
			each("Ejections", "cps", `rate(envoy_cluster_outlier_detection_ejections_enforced_total{UPSTREAM}[RATE])`, ""),
			each("Changes of the list of Pods", "cps", `rate(envoy_cluster_membership_change{UPSTREAM}[RATE])`, "A rolling update shows as a burst."),
			several("Calls without a good Pod", "reqps", "Failed where there is no Pod at all (UH), else spread over all, well or not.",
				line{byUpstream(`rate(envoy_cluster_upstream_cx_none_healthy{UPSTREAM}[RATE])`), upstreamLegend + ", no Pod"},
				line{byUpstream(`rate(envoy_cluster_lb_healthy_panic{UPSTREAM}[RATE])`), upstreamLegend + ", too few well"},
			),
			each("Health checks that failed", "cps", `rate(envoy_cluster_health_check_failure{UPSTREAM}[RATE])`, "Only of upstreams with a health check."),
			several("Questions to DNS", "reqps", "And to the xDS server, for upstreams that it knows.",
				line{`sum(rate(envoy_cluster_update_attempt{UPSTREAM}[RATE]))`, "asked"},
				line{`sum(rate(envoy_cluster_update_success{UPSTREAM}[RATE]))`, "answered"},
				line{`sum(rate(envoy_cluster_update_failure{UPSTREAM}[RATE]))`, "failed"},
			),
			several("Answers of DNS", "reqps", "Of every sidecar chosen, for all upstreams.",
				line{`sum(rate(envoy_dns_cares_resolve_total{SIDECAR}[RATE]))`, "asked"},
				line{`sum(rate(envoy_dns_cares_not_found{SIDECAR}[RATE]))`, "no such name"},
				line{`sum(rate(envoy_dns_cares_timeouts{SIDECAR}[RATE]))`, "no answer in 1 s"},
			),
		}},
		{"Circuit breakers", []panel{
			several("Requests refused", "reqps", "Response flag UO.",
				line{byUpstream(`rate(envoy_cluster_upstream_rq_active_overflow{UPSTREAM}[RATE])`), upstreamLegend + ", too many under way"},
				line{byUpstream(`rate(envoy_cluster_upstream_rq_pending_overflow{UPSTREAM}[RATE])`), upstreamLegend + ", too many waiting"},
			),
			each("Requests that wait for a connection", "short", `envoy_cluster_upstream_rq_pending_active{UPSTREAM}`, ""),
			several("Requests left", "short", "As the sidecar that has fewest left has them.", line{
				`min by (envoy_cluster_name) (envoy_cluster_circuit_breakers_default_remaining_rq{UPSTREAM})`, upstreamLegend,
			}),
			several("Connections left", "short", "As the sidecar that has fewest left has them.", line{
				`min by (envoy_cluster_name) (envoy_cluster_circuit_breakers_default_remaining_cx{UPSTREAM})`, upstreamLegend,
			}),
			several("Sidecars that refuse", "short", "",
				line{byUpstream(`envoy_cluster_circuit_breakers_default_rq_open{UPSTREAM}`), upstreamLegend + ", requests"},
				line{byUpstream(`envoy_cluster_circuit_breakers_default_cx_open{UPSTREAM}`), upstreamLegend + ", connections"},
			),
			each("Connections held back", "cps", `rate(envoy_cluster_upstream_cx_overflow{UPSTREAM}[RATE])`, ""),
		}},
		{"Sidecar", []panel{
			several("Memory", "bytes", "What it takes of the container's limit, 256 MiB by default.", line{
				`envoy_server_memory_physical_size{SIDECAR}`, "{{service}} {{instance}}",
			}),
			several("Memory in use", "bytes", "All that are chosen together.",
				line{`sum(envoy_server_memory_allocated{SIDECAR})`, "used"},
				line{`sum(envoy_server_memory_heap_size{SIDECAR})`, "held by the allocator"},
			),
			several("Uptime", "s", "It falls when the container restarts.", line{`envoy_server_uptime{SIDECAR}`, "{{service}} {{instance}}"}),
			several("Connections", "short", "Of all listeners; 10,000 is the limit.", line{`envoy_server_total_connections{SIDECAR}`, "{{service}} {{instance}}"}),
			several("State", "short", "0 live, 1 draining.", line{`max by (service) (envoy_server_state{SIDECAR})`, "{{service}}"}),
			several("Threads that came late", "cps", "The node has no CPU left, or a CPU limit throttles.",
				line{`sum(rate(envoy_server_worker_watchdog_miss{SIDECAR}[RATE]))`, "200 ms"},
				line{`sum(rate(envoy_server_worker_watchdog_mega_miss{SIDECAR}[RATE]))`, "1 s"},
			),
			several("Builds of Envoy", "short", "More than one during an update.", line{`count by (service) (count by (service, instance) (envoy_server_version{SIDECAR}))`, "{{service}}"}),
			several("xDS server", "short", "Sidecars that are connected to it; only with one.", line{`sum by (service) (envoy_control_plane_connected_state{SIDECAR})`, "{{service}}"}),
		}},
	}
}

// The types below are the part of Grafana's schema that is used.

type board struct {
	UID           string      `json:"uid"`
	Title         string      `json:"title"`
	Description   string      `json:"description"`
	Tags          []string    `json:"tags"`
	Timezone      string      `json:"timezone"`
	Editable      bool        `json:"editable"`
	GraphTooltip  int         `json:"graphTooltip"`
	Time          timeRange   `json:"time"`
	Refresh       string      `json:"refresh"`
	SchemaVersion int         `json:"schemaVersion"`
	Version       int         `json:"version"`
	Annotations   list[any]   `json:"annotations"`
	Templating    list[any]   `json:"templating"`
	Links         []any       `json:"links"`
	Panels        []graphPart `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type list[T any] struct {
	List []T `json:"list"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// prometheus is whatever source of data the variable of the dashboard chooses.
var prometheus = &source{"prometheus", "${datasource}"}

// graphPart is a panel or a row.
type graphPart struct {
	ID          int          `json:"id"`
	Type        string       `json:"type"`
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty"`
	GridPos     gridPos      `json:"gridPos"`
	Collapsed   *bool        `json:"collapsed,omitempty"`
	Panels      []graphPart  `json:"panels,omitempty"`
	Datasource  *source      `json:"datasource,omitempty"`
	FieldConfig *fieldConfig `json:"fieldConfig,omitempty"`
	Options     any          `json:"options,omitempty"`
	Targets     []query      `json:"targets,omitempty"`
}

type gridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type fieldConfig struct {
	Defaults  fieldDefaults `json:"defaults"`
	Overrides []any         `json:"overrides"`
}

type fieldDefaults struct {
	Unit   string `json:"unit"`
	Min    int    `json:"min"`
	Custom any    `json:"custom"`
}

type query struct {
	RefID        string  `json:"refId"`
	Datasource   *source `json:"datasource"`
	EditorMode   string  `json:"editorMode"`
	Expr         string  `json:"expr"`
	LegendFormat string  `json:"legendFormat"`
	Range        bool    `json:"range"`
	Instant      bool    `json:"instant"`
}

type variable struct {
	Type       string         `json:"type"`
	Name       string         `json:"name"`
	Label      string         `json:"label"`
	Datasource *source        `json:"datasource,omitempty"`
	Definition string         `json:"definition,omitempty"`
	Query      any            `json:"query"`
	Refresh    int            `json:"refresh"`
	Sort       int            `json:"sort"`
	Multi      bool           `json:"multi"`
	IncludeAll bool           `json:"includeAll"`
	AllValue   string         `json:"allValue,omitempty"`
	Current    map[string]any `json:"current"`
	Options    []any          `json:"options"`
	Hide       int            `json:"hide"`
	Regex      string         `json:"regex"`
}

// choice is a variable of the dashboard whose values are those of a label.
func choice(name, label, values string) variable {
	return variable{
		Type: "query", Name: name, Label: label, Datasource: prometheus, Definition: values,
		Query:   map[string]any{"query": values, "refId": name},
		Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: ".*", // a sidecar without a region has no such label
		Current: map[string]any{"text": []string{"All"}, "value": []string{"$__all"}}, Options: []any{},
	}
}

func variables() []any {
	return []any{
		variable{Type: "datasource", Name: "datasource", Label: "Data source", Query: "prometheus", Refresh: 1, Current: map[string]any{}, Options: []any{}},
		choice("service", "Service", `label_values(envoy_server_live, service)`),
		choice("region", "Region", `label_values(envoy_server_live{service=~"$service"}, region)`),
		choice("instance", "Instance", `label_values(envoy_server_live{service=~"$service", region=~"$region"}, instance)`),
		choice("upstream", "Upstream", `label_values(envoy_cluster_membership_total{`+sidecar+`, envoy_cluster_name!~"`+internal+`"}, envoy_cluster_name)`),
	}
}

func dashboard() board {
	return board{
		UID: "starctl-envoy", Title: "Envoy sidecars",
		Description:   "What the sidecars of starctl count. Written by internal/dashgen from envoy/stats.go.",
		Tags:          []string{"envoy", "starctl"},
		Timezone:      "browser",
		Editable:      true,
		GraphTooltip:  1, // one cross for all panels
		Time:          timeRange{"now-1h", "now"},
		Refresh:       "30s",
		SchemaVersion: 39, // of Grafana 11; later ones convert it when they load it
		Version:       1,
		Annotations:   list[any]{[]any{}},
		Templating:    list[any]{variables()},
		Links:         []any{},
		Panels:        layout(rows()),
	}
}

// Sizes of Grafana's grid, which is 24 wide.
const (
	gridWidth   = 24
	panelWidth  = 12
	panelHeight = 8
	statWidth   = 4
	statHeight  = 4
)

// layout places panels from left to right, row by row.
func layout(rows []row) []graphPart {
	var parts []graphPart
	y := 0
	for _, r := range rows {
		open := false
		parts = append(parts, graphPart{ID: len(parts) + 1, Type: "row", Title: r.title, GridPos: gridPos{1, gridWidth, 0, y}, Collapsed: &open})
		y++
		x, height := 0, 0
		for _, p := range r.panels {
			w, h := panelWidth, panelHeight
			if p.stat {
				w, h = statWidth, statHeight
			}
			if x+w > gridWidth {
				x, y = 0, y+height
			}
			parts = append(parts, p.part(len(parts)+1, gridPos{h, w, x, y}))
			x, height = x+w, h
		}
		y += height
	}
	return parts
}

func (p *panel) part(id int, at gridPos) graphPart {
	g := graphPart{
		ID: id, Type: "timeseries", Title: p.title, Description: p.help, GridPos: at, Datasource: prometheus,
		FieldConfig: &fieldConfig{Defaults: fieldDefaults{Unit: p.unit, Custom: map[string]any{"fillOpacity": 10, "showPoints": "never"}}, Overrides: []any{}},
		Options: map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}
	if p.stat {
		g.Type = "stat"
		g.FieldConfig.Defaults.Custom = map[string]any{}
		g.Options = map[string]any{
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
			"colorMode":     "none", "graphMode": "area", "textMode": "auto", "orientation": "auto", "justifyMode": "auto",
		}
	}
	for i, l := range p.lines {
		g.Targets = append(g.Targets, query{
			RefID: string(rune('A' + i)), Datasource: prometheus, EditorMode: "code", Expr: fill.Replace(l.expr), LegendFormat: l.legend, Range: true,
		})
	}
	return g
}

func dashboardJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(dashboard())
	return b.Bytes(), err
}
