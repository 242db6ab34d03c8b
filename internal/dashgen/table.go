package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/starctl/starctl/envoy"
)

// anchor is what GitHub calls a heading in links.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.ToLower(heading))
}

// table is docs/metrics.md.
func table() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# What a sidecar counts

<!-- Written by go generate ./envoy from envoy/stats.go. Do not edit. -->

Port 9902 of every sidecar answers `+"`GET /stats/prometheus`"+`. Envoy knows thousands of statistics; what is kept is about %d series
of the sidecar's own and %d for each gRPC upstream that is called, which answer how much is asked for, how long it takes, what
fails, and why. `+"`stats = \"all\"` in `envoy.config_map`"+` opens the list.

Every series has the label `+"`service`"+`, the application's name as `+"`envoy.config_map`"+` has it, and `+"`region`"+` where the target has
one; which Pod it is says the scrape, in `+"`instance`"+`. Let Prometheus keep these labels where it has its own: `+"`honor_labels: true`"+`, in a
PodMonitor `+"`honorLabels: true`"+`.

- [metrics/dashboard.json](metrics/dashboard.json) is a dashboard for Grafana: by service, region, instance and upstream.
- [metrics/rules.yaml](metrics/rules.yaml) are recording and alerting rules for Prometheus. Each alert leads to a heading of
  [incidents](incidents.md).

`+"`configure_sidecar(..., prometheus = True)`"+` annotates the Pods for scrapers that look for `+"`prometheus.io/scrape`"+`. For the Prometheus
operator:

    apiVersion: monitoring.coreos.com/v1
    kind: PodMonitor
    metadata:
      name: envoy-sidecars
    spec:
      namespaceSelector: {any: true}
      selector: {}
      podMetricsEndpoints:
        - port: envoy-ready
          path: /stats/prometheus
          honorLabels: true

`, envoy.SeriesAlone, envoy.SeriesPerUpstream)
	for _, group := range groups() {
		fmt.Fprintf(&b, "## %s\n\n| series | type | what it tells |\n| --- | --- | --- |\n", group)
		for _, s := range envoy.Stats() {
			if s.Group == group {
				fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", s.Series, labelNote(s), s.Type, s.Meaning)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("## How it is kept\n\nThe bootstrap's `stats_matcher` keeps a name of Envoy's that ends, begins or holds one of these, in Envoy's own spelling:\n\n")
	seen := map[string]bool{}
	var patterns []string
	for _, s := range envoy.Stats() {
		for _, k := range s.Keep {
			if !seen[k] {
				seen[k] = true
				patterns = append(patterns, "`"+k+"`")
			}
		}
	}
	b.WriteString(wrap(strings.Join(patterns, ", ")+".", 128))
	return b.Bytes()
}

func labelNote(s envoy.Stat) string {
	if s.Label == "" {
		return ""
	}
	return " by `" + s.Label + "`"
}

func groups() []string {
	var list []string
	seen := map[string]bool{}
	for _, s := range envoy.Stats() {
		if !seen[s.Group] {
			seen[s.Group] = true
			list = append(list, s.Group)
		}
	}
	return list
}

// wrap breaks a paragraph into lines.
func wrap(s string, width int) string {
	var b strings.Builder
	n := 0
	for _, w := range strings.Fields(s) {
		switch {
		case n == 0:
		case n+1+len(w) > width:
			b.WriteByte('\n')
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += len(w)
	}
	return b.String() + "\n"
}
