package cli

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/starctl/starctl/internal/clustertest"
	"github.com/starctl/starctl/kube/cluster"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// whole is the program with what talks to clusters. That starctl without it becomes the one with it is tested beside its main.
var whole = Program{Clusters: cluster.Clusters{}}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"starctl": whole.Main})
}

// TestScripts runs testdata/script/TOPIC_CASE.txtar. What varies from run to run, times, is cut from what is compared by
// the command "steady". Those that want a cluster begin with "[!cluster] skip" and "namespace".
func TestScripts(t *testing.T) {
	beside := buildValidator(t)
	server := testCluster(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("TZ", "UTC")
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PATH", env.Getenv("PATH")+string(filepath.ListSeparator)+beside)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "cluster" {
				return false, fmt.Errorf("no condition %q", cond)
			}
			return server != nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"steady": steady, "code": code, "page": page,
			"namespace": func(ts *testscript.TestScript, neg bool, args []string) { ownNamespace(t, server, ts) },
			"kube":      func(ts *testscript.TestScript, neg bool, args []string) { kubeCommand(t, server, ts, neg, args) },
		},
	})
}

// buildValidator builds the program that starctl runs to validate, and returns the directory that it is in. The one under test
// does not link it, as starctl does not.
func buildValidator(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir+"/", "../../cmd/starctl-envoy").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// page writes the block of a page of the documentation that has a file's name to that file: page docs/apply.md ci-access.yaml.
func page(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: page PAGE FILE")
	}
	text, err := os.ReadFile(filepath.Join("../..", args[0]))
	ts.Check(err)
	block := regexp.MustCompile("(?ms)^```[a-z]+ " + regexp.QuoteMeta(args[1]) + "\n(.*?)^```$").FindSubmatch(text)
	if block == nil {
		ts.Fatalf("%s has no block %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), block[1], 0o666))
}

// testCluster is the test cluster that runs, nil if there is none.
func testCluster(t *testing.T) *clustertest.Cluster {
	t.Helper()
	if os.Getenv("TESTCLUSTER_DIR") == "" && os.Getenv("TESTCLUSTER_REQUIRED") == "" {
		t.Log("no test cluster: scripts that want one are skipped")
		return nil
	}
	return clustertest.Start(t)
}

// ownNamespace gives a script a namespace of its own, $NS, and the administrator's kubeconfig; that of a user without any right is
// $NOBODY.
func ownNamespace(t *testing.T, server *clustertest.Cluster, ts *testscript.TestScript) {
	ts.Setenv("NS", server.Namespace(t))
	ts.Setenv("KUBECONFIG", server.Kubeconfig)
	ts.Setenv("NOBODY", server.Nobody)
	ts.Setenv("SERVER", server.Server())
}

// kubeCommand does what others do to the cluster, in the script's namespace: kube get KIND NAME, kube apply MANAGER FILE (JSON), kube
// delete KIND NAME. "! kube get" wants that there is no such object; kube await KIND NAME waits until there is.
func kubeCommand(t *testing.T, server *clustertest.Cluster, ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: kube get|await|delete KIND NAME, kube apply MANAGER FILE")
	}
	ns := ts.Getenv("NS")
	switch args[0] {
	case "get":
		o := server.Get(t, args[1], ns, args[2])
		if neg != (o == nil) {
			ts.Fatalf("%s %s: there: %v", args[1], args[2], o != nil)
		}
		ts.Check(json.NewEncoder(ts.Stdout()).Encode(o))
	case "await":
		clustertest.Eventually(t, 30*time.Second, args[1]+" "+args[2], func() bool { return server.Get(t, args[1], ns, args[2]) != nil })
	case "apply":
		var o clustertest.Object
		ts.Check(json.Unmarshal([]byte(strings.ReplaceAll(ts.ReadFile(args[2]), "$NS", ns)), &o))
		server.Apply(t, args[1], o)
	case "delete":
		server.Delete(t, args[1], ns, args[2])
	default:
		ts.Fatalf("no command kube %s", args[0])
	}
}

var (
	times  = regexp.MustCompile(`\(?\b[0-9.]+ m?s\b\)?|(seconds|time)("?[=:] ?"?)[0-9.]+`)
	hours  = regexp.MustCompile(`\b[0-9]{2}:[0-9]{2}:[0-9]{2}\b|\b[0-9]{2}:[0-9]{2} UTC`)
	stamps = regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z`)
	who    = regexp.MustCompile(`[^ ]+@[^ ]+ pid [0-9]+`)
	dates  = regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b`)
)

// steady copies the standard output of the last command to a file, without times and what else varies: steady FILE; or its
// standard error: steady stderr FILE.
func steady(ts *testscript.TestScript, neg bool, args []string) {
	from := "stdout"
	if len(args) == 2 {
		from, args = args[0], args[1:]
	}
	if neg || len(args) != 1 {
		ts.Fatalf("usage: steady [stderr] FILE")
	}
	text := stamps.ReplaceAllString(ts.ReadFile(from), "2026-01-01T00:00:00Z")
	text = who.ReplaceAllString(times.ReplaceAllString(text, "$1$2"), "WHO")
	text = dates.ReplaceAllString(hours.ReplaceAllString(text, "00:00:00"), "2026-01-01")
	for _, name := range []string{"NS", "SERVER", "ONE"} {
		if v := ts.Getenv(name); v != "" {
			text = strings.ReplaceAll(text, v, name)
		}
	}
	text = regexp.MustCompile(`(?m)[ \t]+$`).ReplaceAllString(text, "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

// code runs starctl and checks its exit code: code 2 starctl render.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := err.(interface{ ExitCode() int }); ok {
		got = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// Every script of a command is named after it, so that a stranger finds it.
func TestScriptNames(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	topics := map[string]bool{"flags": true, "help": true, "ui": true, "later": true}
	for _, c := range newRoot(newUI(os.Stdout, os.Stderr, os.Getenv)).Commands() {
		topics[c.Name()] = true
	}
	for _, f := range files {
		topic := regexp.MustCompile(`^[a-z]+`).FindString(filepath.Base(f))
		if !topics[topic] {
			t.Errorf("%s: %q is no command", f, topic)
		}
	}
}

// untilPrinted interrupts when something was printed.
type untilPrinted struct {
	strings.Builder
	interrupt func()
}

func (w *untilPrinted) Write(p []byte) (int, error) {
	w.interrupt()
	return w.Builder.Write(p)
}

func TestInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deploy.star")
	loop := "def main(ctx):\n    print(\"begun\")\n    for i in range(1 << 40):\n        pass\n"
	if err := os.WriteFile(file, []byte(loop), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &untilPrinted{interrupt: cancel}
	var stdout strings.Builder
	if code := whole.run(ctx, []string{"render", file}, &stdout, stderr); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if !strings.HasSuffix(stderr.String(), "begun\nstarctl: interrupted\n") || stdout.String() != "" {
		t.Errorf("printed %q and %q", stdout.String(), stderr.String())
	}
}

// Whoever reads has gone: no error, no noise.
func TestBrokenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	var stderr strings.Builder
	if code := whole.run(t.Context(), []string{"doc"}, w, &stderr); code != exitBad || stderr.String() != "" {
		t.Errorf("exit code %d, printed %q", code, stderr.String())
	}
}

// Starting must stay cheap: what a command does not need, it must not pay for.
func TestInit(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe, "-test.run=^$")
	c.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		for _, banned := range []string{
			"k8s.io/client-go/kubernetes", "k8s.io/client-go/dynamic", "k8s.io/client-go/discovery", "k8s.io/client-go/informers",
			"google.golang.org/protobuf", "github.com/envoyproxy/go-control-plane",
		} {
			if strings.Contains(line, "init "+banned) {
				t.Errorf("at start: %s", line)
			}
		}
	}
}
