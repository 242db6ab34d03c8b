package faulttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starctl/starctl/internal/clustertest"
)

// TestNothingDiffersAfterAnApply: whatever the kind and however it is spelled, what was applied is unchanged from then on, and
// applying it again writes nothing.
func TestNothingDiffersAfterAnApply(t *testing.T) {
	s := newSite(t)
	text, err := os.ReadFile(filepath.Join("testdata", "variety.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects := strings.ReplaceAll(string(text), "SPACE", s.ns+"v")
	if err := os.WriteFile(filepath.Join(s.prog.Dir, "objects.yaml"), []byte(objects), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.prog.Dir, "starctl.star"), []byte(fmt.Sprintf(
		"project(name = \"shop\")\ntarget(\"test\", context = %q, namespace = %q, protect = False, kubernetes = \"1.36\")\n", clustertest.Context, s.ns)), 0o644); err != nil {
		t.Fatal(err)
	}
	s.file(`scopes = {"Widget": True, "Gadget": False}

def main(ctx):
    return [k8s.object(o, namespaced = scopes.get(o["kind"])) for o in yaml.decode_all(read_file("./objects.yaml"))]
`)
	run := func(args ...string) clustertest.Result {
		t.Helper()
		return s.prog.Run(t, args...)
	}
	t.Cleanup(func() { s.want(run("delete", "--yes", "--prune-protected"), done) })
	s.want(run("apply", "--yes", "--timeout", "2m"), done)
	r := run("diff", "--whole")
	s.want(r, done, " unchanged")
	if n := strings.Count(objects, "\n---\n") + 1; !strings.Contains(r.Stdout, fmt.Sprintf("%d unchanged", n)) {
		t.Errorf("got %s, want %d objects", r.Stdout, n)
	}
	s.proxy.Forget()
	s.want(run("apply", "--yes"), done, "nothing changed")
	s.wantWrites(0)
}
