package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// world is a namespace on the node, and a copy of the example that is applied to it.
type world struct {
	*clustertest.Cluster
	t       *testing.T
	ns, dir string
	home    string
	sets    map[string][]string // of the last apply of a service
}

// onNode skips a test where no node runs, or fails it where one is required.
func onNode(t *testing.T) {
	t.Helper()
	if os.Getenv("TESTNODE_DIR") != "" {
		return
	}
	if os.Getenv("TESTNODE_REQUIRED") != "" {
		t.Fatal("no node, and TESTNODE_REQUIRED is set: run the tests with make e2e, as root on Linux")
	}
	t.Skip("no node: make e2e builds one and runs the tests on it, as root on Linux")
}

// newWorld makes the namespace and the copy. A test on the shared node says t.Parallel before.
func newWorld(t *testing.T) *world {
	t.Helper()
	onNode(t)
	if os.Getenv("STARCTL") == "" {
		t.Fatal("STARCTL is not set: it is the path of the program under test")
	}
	w := &world{
		Cluster: clustertest.Start(t), t: t, ns: clustertest.Name(), dir: filepath.Join(t.TempDir(), "hello-mesh"), home: t.TempDir(),
		sets: map[string][]string{},
	}
	copyExample(t, w.dir)
	w.breakIt()
	restricted := map[string]any{"pod-security.kubernetes.io/enforce": or("not-enforced", "restricted", "privileged"), "pod-security.kubernetes.io/enforce-version": "latest"}
	w.Create(t, clustertest.Object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": w.ns, "labels": restricted}})
	t.Cleanup(w.end)
	clustertest.Eventually(t, time.Minute, "the default account", func() bool { return w.Get(t, "ServiceAccount", w.ns, "default") != nil })
	return w
}

// copyExample copies the deploy files of the example.
func copyExample(t *testing.T, to string) {
	t.Helper()
	from := os.Getenv("HELLO_MESH")
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".star" {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// end tells what a failed test left, and deletes the namespace; nobody waits until it is gone.
func (w *world) end() {
	if w.t.Failed() && *broken == "" {
		out, _ := exec.Command("kubectl", "-n", w.ns, "get", "pods,events", "-o", "wide").CombinedOutput()
		w.t.Logf("namespace %s:\n%s", w.ns, out)
	}
	w.Delete(w.t, "Namespace", "", w.ns)
}

// edit changes a file of the copy, as a person with an editor does.
func (w *world) edit(file, old, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, file)
	b, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		w.t.Fatalf("%s: there is no %q to change", file, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, text, 1)), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) program() clustertest.Program {
	return clustertest.Program{Path: os.Getenv("STARCTL"), Dir: w.dir, Home: w.home, Kubeconfig: w.Kubeconfig}
}

// starctl runs a command on a service's directory, in the namespace of the test, with the inputs that it was applied with.
func (w *world) starctl(verb, service string, args ...string) clustertest.Result {
	w.t.Helper()
	r := w.program().Run(w.t, append(w.arguments(verb, service), args...)...)
	if *verbose {
		w.t.Logf("starctl %s %s %s: %d in %s\n%s%s", verb, service, strings.Join(args, " "), r.Code, r.Took.Round(time.Millisecond), r.Stdout, r.Stderr)
	}
	return r
}

// patience is the timeout of what should not need it; nobody waits long for what was broken.
func patience() string {
	if *broken != "" {
		return "45s"
	}
	return "100s"
}

func (w *world) arguments(verb, service string) []string {
	args := []string{verb, "./" + service, "--namespace", w.ns}
	for _, s := range w.sets[service] {
		args = append(args, "--set", s)
	}
	return args
}

// apply brings a service to the cluster with these inputs, "replicas=6", and wants it healthy.
func (w *world) apply(service string, sets ...string) clustertest.Result {
	w.t.Helper()
	w.sets[service] = sets
	r := w.starctl("apply", service, "--yes", "--timeout", patience())
	if r.Code != 0 {
		w.t.Fatalf("starctl apply %s: got %d, want 0\n%s%s", service, r.Code, r.Stdout, r.Stderr)
	}
	return r
}

// orders brings up orders that call nobody, and a client: all that most questions need.
func (w *world) ordersAndClient(orders, client []string) {
	w.t.Helper()
	w.apply("orders", append([]string{"charge=False"}, orders...)...)
	w.apply("client", client...)
	w.settled()
}

// settled waits until the client's sidecar has seen every Pod of orders: its next question to DNS.
func (w *world) settled() {
	w.t.Helper()
	want := len(w.pods("orders"))
	clustertest.Eventually(w.t, time.Minute, "calls to every Pod of orders", func() bool {
		seen := w.during(time.Second)
		return len(seen.Orders) >= want || seen.Failed == 0 && seen.Calls > 0 && w.sidecar("client") == ""
	})
}

// pods are the running Pods of a service, without those that end.
func (w *world) pods(service string) []clustertest.Object {
	w.t.Helper()
	var list []clustertest.Object
	for _, p := range w.List(w.t, "Pod", w.ns, "app.kubernetes.io/name="+service) {
		if p.At("metadata", "deletionTimestamp") == nil && p.Text("status", "phase") == "Running" {
			list = append(list, p)
		}
	}
	return list
}

// pod is the only one of a service.
func (w *world) pod(service string) clustertest.Object {
	w.t.Helper()
	list := w.pods(service)
	if len(list) != 1 {
		w.t.Fatalf("got %d Pods of %s, want 1", len(list), service)
	}
	return list[0]
}

// sidecar is the name of the sidecar in a service's only Pod, "" without one.
func (w *world) sidecar(service string) string {
	w.t.Helper()
	p := w.pod(service)
	for _, list := range []string{"initContainers", "containers"} {
		containers, _ := p.At("spec", list).([]any)
		for _, c := range containers {
			if clustertest.Object(c.(map[string]any)).Text("name") == "envoy" {
				return "envoy"
			}
		}
	}
	return ""
}

// report is what the client and the job of the example count.
type report struct {
	First                                     string
	Calls, Failed                             int
	Connections, LongestMs                    int
	Codes                                     map[string]int
	Samples                                   []string
	Orders, Payments, Stock, Ledger, Versions map[string]int
}

func (r report) String() string {
	return fmt.Sprintf("%d calls, %d failed %v; orders %v, payments %v, stock %v, ledger %v, versions %v\n\t%s",
		r.Calls, r.Failed, r.Codes, r.Orders, r.Payments, r.Stock, r.Ledger, r.Versions, strings.Join(r.Samples, "\n\t"))
}

// since is what was counted after another report of the same Pod.
func (r report) since(before report) report {
	diff := func(a, b map[string]int) map[string]int {
		d := map[string]int{}
		for k, n := range a {
			if n > b[k] {
				d[k] = n - b[k]
			}
		}
		return d
	}
	r.Calls, r.Failed = r.Calls-before.Calls, r.Failed-before.Failed
	r.Codes, r.Versions = diff(r.Codes, before.Codes), diff(r.Versions, before.Versions)
	r.Orders, r.Payments, r.Stock, r.Ledger = diff(r.Orders, before.Orders), diff(r.Payments, before.Payments), diff(r.Stock, before.Stock), diff(r.Ledger, before.Ledger)
	if r.Failed == 0 {
		r.Samples = nil
	}
	return r
}

// get asks a Pod; the node's network is also that of the tests.
func (w *world) get(pod clustertest.Object, port int, path string) ([]byte, error) {
	c := http.Client{Timeout: 5 * time.Second}
	resp, err := c.Get(fmt.Sprintf("http://%s:%d%s", pod.Text("status", "podIP"), port, path))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	return b, err
}

func (w *world) reportOf(pod clustertest.Object) report {
	w.t.Helper()
	b, err := w.get(pod, 8081, "/report")
	if err != nil {
		w.t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(b, &r); err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) report() report { w.t.Helper(); return w.reportOf(w.pod("client")) }

// during is what the client counts in some time.
func (w *world) during(d time.Duration) report {
	w.t.Helper()
	pod := w.pod("client")
	before := w.reportOf(pod)
	time.Sleep(d)
	return w.reportOf(pod).since(before)
}

// noneFailed wants calls, and no failure among them.
func (w *world) noneFailed(what string, r report) {
	w.t.Helper()
	if r.Failed > 0 || r.Calls < 20 {
		w.t.Errorf("%s: got %d of %d calls failed, want none\n%s", what, r.Failed, r.Calls, r)
		return
	}
	w.t.Logf("%s: %d calls, none failed", what, r.Calls)
}

// answered wants exactly so many Pods of orders to have answered.
func (w *world) answered(r report, want int) {
	w.t.Helper()
	if len(r.Orders) != want {
		w.t.Errorf("got answers of %d Pods of orders, want %d: %v", len(r.Orders), want, r.Orders)
	}
}

// follow collects what a container prints, until it ends.
func (w *world) follow(pod clustertest.Object, container string) (wait func() string) {
	w.t.Helper()
	var out strings.Builder
	cmd := exec.Command("kubectl", "-n", w.ns, "logs", "-f", "--timestamps", pod.Name(), "-c", container)
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	w.t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	return func() string {
		select {
		case <-ended:
		case <-time.After(time.Minute):
			w.t.Errorf("%s of %s does not end", container, pod.Name())
			_ = cmd.Process.Kill()
			<-ended
		}
		return out.String()
	}
}

// printed is the report behind a word of the client's log, and when it was printed.
func printed(t *testing.T, log, word string) (report, time.Time) {
	t.Helper()
	var r report
	for line := range strings.Lines(log) {
		if _, text, ok := strings.Cut(line, " "+word+" "); ok {
			if err := json.Unmarshal([]byte(text), &r); err != nil {
				t.Fatal(err)
			}
			return r, timeOf(t, line)
		}
	}
	t.Fatalf("the client never printed %s:\n%s", word, log)
	return r, time.Time{}
}

// timeOf is the kubelet's time before a line.
func timeOf(t *testing.T, line string) time.Time {
	t.Helper()
	text, _, _ := strings.Cut(line, " ")
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// wants holds a text against what it must have.
func (w *world) wants(what, text string, parts ...string) {
	w.t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			w.t.Errorf("%s: want %q in\n%s", what, p, text)
		}
	}
}
