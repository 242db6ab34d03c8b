package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build builds programs into a directory and returns it.
func build(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", dir + "/"}
	for _, n := range names {
		args = append(args, "../"+n)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// starctl runs the program in an empty directory with a deploy file, and returns what it printed and its exit code.
func starctl(t *testing.T, path string, env []string, args ...string) (string, int) {
	t.Helper()
	c := exec.Command(path, args...)
	c.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Dir, "deploy.star"), []byte("def main(ctx):\n    return config_map(\"a\", data = {})\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Env = append([]string{"HOME=" + c.Dir, "PATH=" + c.Dir}, env...)
	var b strings.Builder
	c.Stdout, c.Stderr = &b, &b
	err := c.Run()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return b.String(), c.ProcessState.ExitCode()
}

// What needs a cluster is done by the program beside: what it says and its exit code are those of starctl.
func TestBecomes(t *testing.T) {
	dir := build(t, "starctl", "starctl-cluster")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"diff", "--kubeconfig", "none.yaml"}, 2, "none.yaml"},
		{[]string{"apply", "--yes", "--kubeconfig", "none.yaml"}, 2, "none.yaml"},
		{[]string{"--kubeconfig", "none.yaml", "status"}, 2, "none.yaml"},
		{[]string{"apply", "--yes", "--timeout", "-1s"}, 2, "--timeout: got -1s, want more than 0"},
		{[]string{"apply", "-h"}, 0, "Usage: starctl apply"},
		{[]string{"__complete", "diff", "--context", ""}, 0, ":4\n"},
		{[]string{"render"}, 0, "kind: ConfigMap"},
	} {
		out, code := starctl(t, filepath.Join(dir, "starctl"), nil, c.args...)
		if code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%v: exit code %d, want %d; printed, want %q:\n%s", c.args, code, c.code, c.want, out)
		}
	}
	out, code := starctl(t, filepath.Join(dir, "starctl-cluster"), []string{"STARCTL_CLUSTER_FOR=0.0.1"}, "diff")
	if code != 2 || !strings.Contains(out, "starctl is version 0.0.1") || !strings.Contains(out, "@0.0.1") {
		t.Errorf("called by another version: exit code %d, printed:\n%s", code, out)
	}
}

// Without the other program nothing else is missing, and what is says what to install.
func TestAlone(t *testing.T) {
	path := filepath.Join(build(t, "starctl"), "starctl")
	out, code := starctl(t, path, nil, "apply", "--yes")
	if want := "starctl-cluster lies neither beside starctl nor on the PATH"; code != 2 || !strings.Contains(out, want) {
		t.Errorf("exit code %d, printed, want %q:\n%s", code, want, out)
	}
	if out, code := starctl(t, path, nil, "render"); code != 0 || !strings.Contains(out, "kind: ConfigMap") {
		t.Errorf("render: exit code %d, printed:\n%s", code, out)
	}
}
