package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// greeter is what the Job applies: a service with a sidecar, which starctl-envoy validates in the Pod, and a Secret.
const greeter = `
load("@std//grpc.star", "grpc_service")

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}

set_name = "greeter"

def main(ctx, *, replicas = 1):
    return grpc_service(
        "greeter",
        port = 8080,
        replicas = replicas,
        image = "starctl.dev/hello:v1",
        args = ["orders"],
        security_context = RESTRICTED,
        calls = {"OTHER_ADDR": envoy.upstream("other", port = 8080)},
    ) + [secret("key", string_data = {"word": "hello"})]
`

// TestInCluster: starctl as docs/apply.md has it run in a Pod, with the account, the rights and the Job of that page. It applies,
// waits and finds nothing to do after that; without one of its rights it says which, and writes nothing.
func TestInCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kubectl(w.page("ci-access.yaml"))
	w.Create(t, clustertest.Object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "deploy-files", "namespace": w.ns},
		"data": map[string]any{"deploy.star": greeter},
	})
	w.inside("starctl apply", 0, "healthy (", "apply", "--yes", "--timeout", patience())
	if n := w.ready("greeter"); n != 1 {
		t.Errorf("after an apply in the cluster: got %d ready Pods, want 1", n)
	}
	if *broken == "drift-inside" {
		w.Merge(t, "Deployment", w.ns, "greeter", map[string]any{"spec": map[string]any{"replicas": 0}})
	}
	w.inside("starctl diff", 0, "6 unchanged", "diff")
	w.inside("starctl history", 0, "deployer@apply-", "history")

	if *broken != "all-rights" && *broken != "written-all-the-same" {
		w.kubectl(strings.Replace(w.page("ci-access.yaml"), `deployments, statefulsets, daemonsets]
  verbs: [get, list, watch, create, patch,`, `deployments, statefulsets, daemonsets]
  verbs: [get, list, watch, create,`, 1))
	}
	before := w.Get(t, "Deployment", w.ns, "greeter").Version()
	r := w.inside("starctl apply without patch", 6, `user "system:serviceaccount:`+w.ns+`:deployer" may not patch deployments.apps in namespace `+w.ns,
		"apply", "--yes", "--set", "replicas=2")
	w.wants("what would allow it", r, "resources: [deployments], verbs: [get, list, watch, create, patch, delete]", "kind: RoleBinding")
	if now := w.Get(t, "Deployment", w.ns, "greeter"); now.Version() != before {
		t.Errorf("something was written: %s", toText(now.At("spec", "replicas")))
	}
}

// page is a block of docs/apply.md, for this namespace.
func (w *world) page(block string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(os.Getenv("HELLO_MESH"), "../../docs/apply.md"))
	if err != nil {
		w.t.Fatal(err)
	}
	m := regexp.MustCompile("(?ms)^```yaml " + regexp.QuoteMeta(block) + "\n(.*?)^```$").FindSubmatch(b)
	if m == nil {
		w.t.Fatalf("docs/apply.md has no block %s", block)
	}
	return strings.NewReplacer("starctl-identity", "starctl-"+w.ns, "shop", w.ns).Replace(string(m[1]))
}

// kubectl applies a text, as whoever gives rights does.
func (w *world) kubectl(text string) {
	w.t.Helper()
	cmd := exec.Command("kubectl", "apply", "-f", "-")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("kubectl apply: %v\n%s", err, out)
	}
}

// inside runs the Job with these arguments to its end, and wants an exit code and words in what it printed, which it returns.
func (w *world) inside(what string, want int, words string, args ...string) string {
	w.t.Helper()
	name := strings.ReplaceAll(strings.TrimPrefix(what, "starctl "), " ", "-")
	job := strings.Replace(w.page("ci-job.yaml"), "name: deploy\n", "name: "+name+"\n", 1)
	w.kubectl(strings.Replace(job, "[apply, --yes, --timeout, 15m]", toText(args), 1))
	var ended clustertest.Object
	clustertest.Eventually(w.t, 2*time.Minute, what+" in a Pod to end", func() bool {
		for _, p := range w.List(w.t, "Pod", w.ns, "batch.kubernetes.io/job-name="+name) {
			if phase := p.Text("status", "phase"); phase == "Succeeded" || phase == "Failed" {
				ended = p
			}
		}
		return ended != nil
	})
	out, _ := exec.Command("kubectl", "-n", w.ns, "logs", ended.Name()).CombinedOutput()
	if got := exitCode(ended); got != want {
		w.t.Errorf("%s in a Pod: got %d, want %d\n%s", what, got, want, out)
	}
	w.wants(what+" in a Pod", string(out), words)
	if *verbose {
		w.t.Logf("%s:\n%s", what, out)
	}
	return string(out)
}

// exitCode is that of a Pod's only container, -1 if it has none.
func exitCode(pod clustertest.Object) int {
	statuses, _ := pod.At("status", "containerStatuses").([]any)
	for _, s := range statuses {
		if code, ok := clustertest.Object(s.(map[string]any)).At("state", "terminated", "exitCode").(float64); ok {
			return int(code)
		}
	}
	return -1
}
