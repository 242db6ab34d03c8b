// Package envoybin finds the real Envoy for tests: $ENVOY, envoy on the PATH, or the one that internal/envoytest/install.sh
// puts below .tools. Without one a test skips and says so; with ENVOY_REQUIRED=1, as in CI, it fails.
package envoybin

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Path returns the binary, or skips or fails t.
func Path(t testing.TB) string {
	t.Helper()
	if bin := find(); bin != "" {
		return bin
	}
	const missing = "no Envoy: run make envoy, or set ENVOY to its path"
	if os.Getenv("ENVOY_REQUIRED") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

func find() string {
	if bin := os.Getenv("ENVOY"); bin != "" {
		return bin
	}
	if bin, err := exec.LookPath("envoy"); err == nil {
		return bin
	}
	return installed()
}

// installed looks for the script's Envoy in this directory and those above.
func installed() string {
	dir, err := os.Getwd()
	for err == nil {
		found, _ := filepath.Glob(filepath.Join(dir, ".tools/envoy/lib/python3*/site-packages/envoy/_bin/envoy"))
		if len(found) > 0 {
			return found[0]
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// Args are the flags the sidecar runs with, besides the configuration.
func Args() []string {
	return []string{
		"--service-cluster", "app", "--service-node", "pod-1", "--service-zone", "zone-1",
		"--concurrency", "2", "--disable-hot-restart", "--log-level", "warning",
	}
}

// Env is the environment the sidecar runs with: without the variable Envoy warns once for each tracer.
func Env() []string { return append(os.Environ(), "OTEL_RESOURCE_ATTRIBUTES=k8s.pod.name=pod-1") }

// Validate loads the bootstrap in file with envoy --mode validate, and returns what it says if it refuses, or what it warns of.
func Validate(t testing.TB, file string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, Path(t), append([]string{"--mode", "validate", "--config-path", file}, Args()...)...)
	cmd.Env = Env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", file, err, out)
	}
	if w := Warnings(string(out)); len(w) > 0 {
		return fmt.Errorf("%s: accepted with warnings:\n%s", file, strings.Join(w, "\n"))
	}
	return nil
}

// Warnings returns what a log of Envoy's holds at warning or above.
func Warnings(log string) (out []string) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "[warning]") || strings.Contains(line, "[error]") || strings.Contains(line, "[critical]") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}
