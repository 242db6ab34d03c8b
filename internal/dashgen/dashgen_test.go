package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/starctl/starctl/envoy"
)

const root = "../.."

// The files are what the list of statistics makes.
func TestFresh(t *testing.T) {
	list, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		got, err := os.ReadFile(filepath.Join(root, f.name))
		if err != nil || string(got) != string(f.text) {
			t.Errorf("%s is older than what it is made from (%v): run go generate ./envoy", f.name, err)
		}
	}
}

// exprs are all expressions, by what shows them.
func exprs() map[string]string {
	all := map[string]string{}
	for _, p := range dashboard().Panels {
		for _, q := range p.Targets {
			all[p.Title+" "+q.RefID] = q.Expr
		}
	}
	for _, r := range slices.Concat(recorded(), alerts()) {
		all[r.record+r.status+r.name] = r.expr
	}
	return all
}

// Every series is in the list, and a counter is never shown but as a rate.
func TestSeries(t *testing.T) {
	kinds := map[string]string{}
	for _, s := range envoy.Stats() {
		kinds[s.Series] = s.Type
		if s.Type == "histogram" {
			for _, end := range []string{"_bucket", "_sum", "_count"} {
				kinds[s.Series+end] = "counter"
			}
		}
	}
	for n := range envoy.GRPCStatus() {
		kinds["envoy_cluster_grpc_"+strconv.Itoa(n)] = "counter"
	}
	series := regexp.MustCompile(`(\w+\()?\b(envoy_\w+)(\{[^}]*\})?(\[)?`)
	labels := regexp.MustCompile(`by \([^)]*\)|"[^"]*"|upstream:\w+:\w+`)
	used := 0
	for name, expr := range exprs() {
		for _, m := range series.FindAllStringSubmatch(labels.ReplaceAllString(expr, ""), -1) {
			used++
			kind, known := kinds[m[2]]
			switch {
			case !known:
				t.Errorf("%s: %s is not in the list", name, m[2])
			case kind == "counter" && m[1] != "rate(":
				t.Errorf("%s: the counter %s grows for ever: take its rate", name, m[2])
			case kind == "gauge" && m[1] == "rate(":
				t.Errorf("%s: the gauge %s has no rate", name, m[2])
			}
		}
	}
	if used < 100 {
		t.Errorf("only %d series are used", used)
	}
}

// Names of rows and patterns are well formed, so that nothing is listed twice or kept by accident.
func TestList(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range envoy.Stats() {
		if seen[s.Series] {
			t.Errorf("%s is there twice", s.Series)
		}
		seen[s.Series] = true
		if !strings.HasPrefix(s.Series, "envoy_") || s.Meaning == "" || s.Group == "" || len(s.Keep) == 0 || !slices.Contains([]string{"counter", "gauge", "histogram"}, s.Type) {
			t.Errorf("%+v", s)
		}
	}
}

var units = []string{"short", "reqps", "cps", "percentunit", "ms", "s", "bytes"}

// Grafana finds every panel in a place of its own, and every variable that an expression names.
func TestDashboard(t *testing.T) {
	b := dashboard()
	known := map[string]bool{"__rate_interval": true}
	for _, v := range b.Templating.List {
		known[v.(variable).Name] = true
	}
	ids := map[int]bool{}
	cell := map[[2]int]string{}
	for _, p := range b.Panels {
		if ids[p.ID] {
			t.Errorf("%s: the id %d is there twice", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := cell[[2]int{x, y}]; other != "" || x >= gridWidth {
					t.Fatalf("%s lies on %s at %d, %d", p.Title, other, x, y)
				}
				cell[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if !slices.Contains(units, p.FieldConfig.Defaults.Unit) || len(p.Targets) == 0 || len(p.Targets) > 26 {
			t.Errorf("%s: unit %q, %d lines", p.Title, p.FieldConfig.Defaults.Unit, len(p.Targets))
		}
		for _, q := range p.Targets {
			for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(q.Expr, -1) {
				if !known[v[1]] {
					t.Errorf("%s: no variable is called %s", p.Title, v[0])
				}
			}
			if regexp.MustCompile(`UPSTREAM|SIDECAR|LISTENER|\[RATE`).MatchString(q.Expr) {
				t.Errorf("%s: %s", p.Title, q.Expr)
			}
		}
	}
}

// Every alert has a name of its own, a text that Prometheus can fill in, and a heading that helps.
func TestAlerts(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/incidents.md"))
	if err != nil {
		t.Fatal(err)
	}
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(page), -1) {
		headings[m[1]] = true
	}
	format := func(v any) string { return "" }
	seen := map[string]bool{}
	for _, r := range alerts() {
		if seen[r.name] {
			t.Errorf("%s is there twice", r.name)
		}
		seen[r.name] = true
		if !headings[r.runbook] {
			t.Errorf("%s: docs/incidents.md has no heading %q", r.name, r.runbook)
		}
		if !strings.Contains(string(page), r.name) {
			t.Errorf("%s: docs/incidents.md does not name it", r.name)
		}
		for _, s := range []string{r.summary, r.description} {
			_, err := template.New("").Funcs(template.FuncMap{"humanize": format, "humanize1024": format, "humanizePercentage": format}).
				Parse("{{ $labels := .Labels }}{{ $value := .Value }}" + names.Replace(s))
			if err != nil {
				t.Errorf("%s: %v", r.name, err)
			}
		}
	}
}
