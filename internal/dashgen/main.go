// Command dashgen writes what people look at, from the list of statistics in envoy/stats.go: docs/metrics.md, a table of what
// a sidecar counts; docs/metrics/dashboard.json, a dashboard for Grafana; docs/metrics/rules.yaml, recording and alerting
// rules for Prometheus.
//
// Panels and rules are data: dashboard.go and rules.go begin with them. That every series they use is
// in the list is a test here, that a running Envoy has it a test in internal/envoytest.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// main writes the files below the directory that it is given, by default the repository's.
func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := write(root); err != nil {
		fmt.Fprintln(os.Stderr, "dashgen:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	list, err := files()
	if err != nil {
		return err
	}
	for _, f := range list {
		if err := os.WriteFile(filepath.Join(root, f.name), f.text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// file is one that is written, named below the root.
type file struct {
	name string
	text []byte
}

func files() ([]file, error) {
	board, err := dashboardJSON()
	if err != nil {
		return nil, err
	}
	return []file{
		{"docs/metrics.md", table()},
		{"docs/metrics/dashboard.json", board},
		{"docs/metrics/rules.yaml", rulesYAML()},
	}, nil
}
