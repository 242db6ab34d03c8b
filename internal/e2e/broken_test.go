package e2e

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	broken  = flag.String("broken", "", "break what `NAME` of breaks says, so that the test that guards it fails")
	verbose = flag.Bool("commands", false, "log every starctl command with all that it prints")
)

// breaks is what was broken on purpose, and who has to notice with which words. TestBroken runs each of them; what stands here
// was seen to fail so.
func breaks() map[string]struct {
	test, says string
	edits      []edit // in the copy of the example; without, the test itself asks for the name
} {
	type b = struct {
		test, says string
		edits      []edit
	}
	// orders serve no moment longer than they must: gone when callers still have their addresses.
	noDrain := edit{"lib/hello.star", "calls = calls, **(", `calls = calls, lifecycle = {"preStop": {"sleep": {"seconds": 0}}}, **(`}
	// The sidecar ends before the application, as a container without a longer preStop does.
	hasty := edit{"lib/hello.star", "mode = mode)", `mode = "container", container = {"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}})`}
	hastyTogether := edit{"client/deploy.star", `"--pause=" + pause]`, `"--pause=" + pause, "--linger=4s"]`}
	unordered := edit{"lib/hello.star", "mode = mode)", `mode = "container")`}
	return map[string]b{
		"loose-pods":            {"TestHelloMesh", "violates PodSecurity", []edit{{"lib/hello.star", `"runAsNonRoot": True,`, ""}}},
		"wrong-ledger":          {"TestHelloMesh/Calls", "calls without failure", []edit{{"payments/deploy.star", "port = 7000", "port = 7001"}}},
		"no-tags":               {"TestHelloMesh/Metrics", `region=`, []edit{{"starctl.star", `region = "here",`, ""}}},
		"rights":                {"TestHelloMesh/PodSecurity", "Envoy's process", []edit{{"lib/hello.star", "mode = mode)", `mode = mode, run_as_user = 65533)`}}},
		"no-proxy":              {"TestHelloMesh/ClusterIP", "a connection to", nil},
		"job-never-ends":        {"TestHelloMesh/Job", "starctl apply report: got 5", []edit{{"report/deploy.star", "backoff_limit = 4,", `backoff_limit = 4, containers = [{"name": "other", "image": "starctl.dev/hello:v1", "args": ["ledger"], "securityContext": options("ledger", tag)["security_context"]}],`}}},
		"wrong-payments":        {"TestHelloMesh/OutsideTheMesh", "calls of stock", []edit{{"stock/deploy.star", `"payments:8080"`, `"payments:8079"`}}},
		"fewer-pods":            {"TestHelloMesh/Calls", "stock: got answers of", []edit{{"stock/deploy.star", "replicas = 2", "replicas = 1"}}},
		"end-from-outside":      {"TestHelloMesh/Metrics", "/quitquitquit is answered from outside", nil},
		"nobody-pays":           {"TestHelloMesh/Metrics", `payments's metric of ledger: want "envoy_cluster_upstream_cx_total{"`, []edit{{"orders/deploy.star", `"payments", port = 8080`, `"payments", port = 8079`}, {"stock/deploy.star", `"payments:8080"`, `"payments:8079"`}}},
		"job-beside-container":  {"TestHelloMesh/Job", "a Job never finishes while an ordinary container runs beside it", []edit{{"report/deploy.star", "port = 8080), mesh)", `port = 8080), mesh, "container")`}}},
		"job-without-sidecar":   {"TestHelloMesh/Job", "has no native sidecar", []edit{{"report/deploy.star", "port = 8080), mesh)", "port = 8080), False)"}}},
		"sick-now":              {"TestHelloMesh/DiffAndStatus", "status stock: got 5, want 0", nil},
		"sick-in-words":         {"TestHelloMesh/DiffAndStatus", `status stock: want "healthy  2 of 2 Pod"`, nil},
		"same-replicas":         {"TestHelloMesh/DiffAndStatus", "diff orders --set replicas=4: got 0, want 1", nil},
		"not-enforced":          {"TestHelloMesh/PodSecurity", "want 403 of PodSecurity", nil},
		"nothing-silent":        {"TestFirstCall", "Envoy asked the silent server 0 times", nil},
		"second-connection":     {"TestSpread", "connections of the application, want 1", nil},
		"uneven":                {"TestSpread", "calls, want a third", []edit{{"client/deploy.star", "orders, mesh, mode)", "orders, False, mode)"}}},
		"spread-without":        {"TestSpread", "got answers of 3 Pods of orders, want 1", []edit{{"lib/hello.star", "if not mesh:", "if False:"}}},
		"config-stays":          {"TestToggle", "there is a ConfigMap: true", []edit{{"lib/hello.star", "if not mesh:", "if False:"}}},
		"native-all-the-same":   {"TestContainerMode", "the Pod has init containers", []edit{{"lib/hello.star", "mode = mode)", `mode = "native")`}}},
		"one-too-few":           {"TestScale", "got answers of 5 Pods of orders, want 6", nil},
		"same-version":          {"TestRollUpstream/OnePod", "want v1 and v2, and now v2", nil},
		"caller-stays":          {"TestRollCaller", "orders did not roll", nil},
		"sidecar-as-before":     {"TestRollCaller", `want "connect_timeout: 2s"`, []edit{{"orders/deploy.star", "connect_timeout = connect_timeout)", `connect_timeout = "3s")`}}},
		"ledger-stays":          {"TestRollCaller", "the ledger did not roll", nil},
		"never-v2":              {"TestRollback", "v2 does not answer", nil},
		"no-drain-back":         {"TestRollback", "rollback: got", []edit{noDrain, {"client/deploy.star", "retries = envoy.retry(on = on)", "retries = 0"}}},
		"somebody-listens":      {"TestRollback", "failed, want all", nil},
		"one-pod-del-repeated":  {"TestPodKilled/DeletedRepeated", "want at most 0", []edit{{"orders/deploy.star", "replicas = replicas,", "replicas = 1,"}}},
		"sidecar-first":         {"TestLastCalls", "Envoy was told to end at", []edit{hasty, hastyTogether}},
		"no-deadline":           {"TestProbeFails", "it waited for its timeout", nil},
		"mended-meanwhile":      {"TestBadImage", "starctl status stock: got 0, want 5", nil},
		"drift-inside":          {"TestInCluster", "starctl diff in a Pod: got 3, want 0", nil},
		"all-rights":            {"TestInCluster", "starctl apply without patch in a Pod: got 0, want 6", nil},
		"written-all-the-same":  {"TestInCluster", "something was written: 2", nil},
		"killed-too-late":       {"TestFaultNodeKilled", "all Pods were ready before the node was killed", nil},
		"apply-killed":          {"TestFaultNodeKilled", "apply across the loss of the node: got -1", nil},
		"one-lost":              {"TestFaultNodeKilled", "got 3 ready Pods, want 4", nil},
		"drift-after-stock":     {"TestFaultDiskFull", "diff after it: got", nil},
		"dns-is-waited-for":     {"TestFaultDNSDown", "starctl apply payments: got 5, want 0", nil},
		"none-new":              {"TestFaultDNSDown", "got answers of 3 Pods of orders, want 4", nil},
		"drift":                 {"TestHelloMesh/DiffAndStatus", "diff stock: got 3, want 0", nil},
		"unordered":             {"TestFirstCall", "the application's first call", []edit{unordered}},
		"no-sidecar":            {"TestSpread", "got answers of 1 Pods", []edit{{"client/deploy.star", "orders, mesh, mode)", "orders, False, mode)"}}},
		"stays-on":              {"TestToggle", "the Pod has a sidecar: true", []edit{{"lib/hello.star", "if not mesh:", "if False:"}}},
		"hasty-container":       {"TestContainerMode", "last calls, after SIGTERM", []edit{hasty, hastyTogether}},
		"no-drain-scale":        {"TestScale", "3 to 6 to 2 Pods: got", []edit{noDrain, {"client/deploy.star", "retries = envoy.retry(on = on)", "retries = 0"}}},
		"no-drain-one":          {"TestRollUpstream/OnePod", "rolling orders to v2: got", []edit{noDrain}},
		"no-drain-three":        {"TestRollUpstream/ThreePods", "rolling orders to v2: got", []edit{noDrain, {"client/deploy.star", "retries = envoy.retry(on = on)", "retries = 0"}}},
		"no-drain-caller":       {"TestRollCaller", "rolling orders with its sidecar", []edit{noDrain}},
		"no-drain-ledger":       {"TestRollCaller", "rolling the ledger: got", []edit{{"ledger/deploy.star", "replicas = replicas,", `replicas = replicas, lifecycle = {"preStop": {"sleep": {"seconds": 0}}},`}}},
		"no-rollback-of-orders": {"TestRollback", "want v1", nil},
		"no-rollback-of-client": {"TestRollback", "after a rollback of the caller: got", nil},
		"one-pod":               {"TestPodKilled/InFlight", "want at most 8", []edit{{"orders/deploy.star", "replicas = replicas,", "replicas = 1,"}}},
		"one-pod-deleted":       {"TestPodKilled/Deleted", "want at most 8", []edit{{"orders/deploy.star", "replicas = replicas,", "replicas = 1,"}}},
		"not-repeated":          {"TestPodKilled/Repeated", "want at most 0", []edit{{"client/deploy.star", "if repeat else", "if False else"}}},
		"hasty-sidecar":         {"TestLastCalls", "last calls, after SIGTERM", []edit{hasty, hastyTogether}},
		"good-image":            {"TestBadImage", "got 0, want 5", nil},
		"no-crash":              {"TestCrashLoop", "got 0, want 5", nil},
		"probe-succeeds":        {"TestProbeFails", "got 0, want 5", nil},
		"not-held-back":         {"TestSidecarNeverReady", "want it to wait for its sidecar", []edit{{"client/deploy.star", "orders, mesh, mode)", `orders, mesh, "container")`}}},
		"sidecar-ready":         {"TestSidecarNeverReady", "got 0, want 5", nil},
		"sidecar-runs":          {"TestSidecarEnds", "got 0, want 5", nil},
		"node-stays-dead":       {"TestFaultNodeKilled", "the same command again: got 5", nil},
		"server-stays-away":     {"TestFaultAPIServerRestarted", "apply across a restart of the API server: got", nil},
		"pods-move":             {"TestFaultDNSDown", "30 s without DNS: got", nil},
		"disk-has-room":         {"TestFaultDiskFull", `want "no space left on device"`, nil},
	}
}

type edit struct{ file, old, text string }

// breakIt changes the copy as -broken says.
func (w *world) breakIt() {
	for _, e := range breaks()[*broken].edits {
		w.edit(e.file, e.old, e.text)
	}
}

// or is what a test says, or other where name is to be broken.
func or(name, text, other string) string {
	if *broken == name {
		return other
	}
	return text
}

// TestBroken runs every test with what it guards broken, and wants it to fail with the words that say so. E2E_BROKEN names which
// breaks, as a regular expression; without it this test skips.
func TestBroken(t *testing.T) {
	pick := os.Getenv("E2E_BROKEN")
	if pick == "" {
		t.Skip("make e2e-broken runs it")
	}
	onNode(t)
	which := regexp.MustCompile("^(" + pick + ")$")
	for name, b := range breaks() {
		if !which.MatchString(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if !strings.HasPrefix(b.test, "TestFault") {
				t.Parallel()
			}
			var run []string
			for _, part := range strings.Split(b.test, "/") {
				run = append(run, "^"+part+"$")
			}
			begun := time.Now()
			cmd := exec.Command(os.Args[0], "-test.run", strings.Join(run, "/"), "-broken", name)
			cmd.Env = append(os.Environ(), "E2E_BROKEN=")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), b.says) {
				t.Errorf("%s did not notice: got %v, want it to fail with %q\n%s", b.test, err, b.says, out)
			}
			t.Logf("%s noticed after %s", b.test, time.Since(begun).Round(time.Second))
		})
	}
}
