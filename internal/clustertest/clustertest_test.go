package clustertest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// deployment has one Pod, with annotations that say what becomes of it.
func deployment(ns, name string, pod map[string]any) Object {
	labels := map[string]any{"app": name}
	return Object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": name, "namespace": ns},
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels, "annotations": pod},
				"spec": map[string]any{
					"initContainers": []any{map[string]any{"name": "envoy", "image": "envoy", "restartPolicy": "Always"}},
					"containers":     []any{map[string]any{"name": "app", "image": "app"}},
				},
			},
		},
	}
}

// look reduces a Pod to what people ask for.
func look(p Object) string {
	status := func(field string) string {
		list, _ := p.At("status", field).([]any)
		if len(list) == 0 {
			return "none"
		}
		s := Object(list[0].(map[string]any))
		if reason := s.Text("state", "waiting", "reason"); reason != "" {
			return reason
		}
		if s.At("state", "terminated") != nil {
			return "ended"
		}
		return fmt.Sprintf("ready=%v", s.At("ready"))
	}
	return fmt.Sprintf("%s envoy %s app %s", p.Text("status", "phase"), status("initContainerStatuses"), status("containerStatuses"))
}

func TestPodsBehaveAsAsked(t *testing.T) {
	t.Parallel()
	c := Start(t)
	ns := c.Namespace(t)
	for i, test := range []struct {
		annotations map[string]any
		want        string
	}{
		{nil, "Running envoy ready=true app ready=true"},
		{map[string]any{"testcluster/behaviour": "never-ready"}, "Running envoy ready=true app ready=false"},
		{map[string]any{"testcluster/behaviour": "crash-loop"}, "Running envoy ready=true app CrashLoopBackOff"},
		{map[string]any{"testcluster/behaviour": "crash-loop", "testcluster/heals-after": "1s"}, "Running envoy ready=true app ready=true"},
		{map[string]any{"testcluster/behaviour": "image-pull-error"}, "Pending envoy ready=true app ImagePullBackOff"},
		{map[string]any{"testcluster/behaviour.envoy": "crash-loop"}, "Pending envoy CrashLoopBackOff app PodInitializing"},
		{map[string]any{"testcluster/ready-after": "0s"}, "Running envoy ready=true app ready=true"},
		{map[string]any{"testcluster/ready-after": "700ms"}, "Running envoy ready=true app ready=true"},
	} {
		name := fmt.Sprintf("d%d", i)
		c.Create(t, deployment(ns, name, test.annotations))
		var got string
		for range 200 {
			if list := c.List(t, "Pod", ns, "app="+name); len(list) > 0 {
				got = look(list[0])
			}
			if got == test.want {
				break
			}
			time.Sleep(25 * time.Millisecond)
		}
		if got != test.want {
			t.Errorf("%v: got %q, want %q", test.annotations, got, test.want)
		}
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	c := Start(t)
	ns := c.Namespace(t)
	c.Create(t, deployment(ns, "d", map[string]any{"testcluster/log.app": "one\ntwo\nthree"}))
	var pod string
	Eventually(t, 10*time.Second, "a Pod that runs", func() bool {
		list := c.List(t, "Pod", ns, "app=d")
		if len(list) == 1 {
			pod = list[0].Name()
		}
		return len(list) == 1 && list[0].Text("status", "phase") == "Running"
	})
	for query, want := range map[string]string{"container=app&tailLines=2": "two\nthree\n", "container=envoy": "log of container envoy\n"} {
		code, body, err := c.Do("GET", pathOf("Pod", ns, pod)+"/log?"+query, "", nil)
		if err != nil || code != 200 || string(body) != want {
			t.Errorf("%s: got %d %q (%v), want %q", query, code, body, err, want)
		}
	}
}

func TestUsersMayDoWhatTheirRightsSay(t *testing.T) {
	t.Parallel()
	c := Start(t)
	ns := c.Namespace(t)
	a, err := NewAPI(c.User(t, Right{Namespace: ns, Verbs: []string{"list"}, Resources: []string{"deployments.apps"}}))
	if err != nil {
		t.Fatal(err)
	}
	may := func(kind string) bool {
		code, _, err := a.Do("GET", pathOf(kind, ns, ""), "", nil)
		return err == nil && code == 200
	}
	Eventually(t, 10*time.Second, "the right to list Deployments", func() bool { return may("Deployment") })
	if may("Secret") {
		t.Error("a user without the right lists Secrets")
	}
}

// TestClusterEndsWithItsParent kills what has started a cluster, and looks for what stays: the port, the directory.
func TestClusterEndsWithItsParent(t *testing.T) {
	t.Parallel()
	c := Start(t)
	tmp := shortTemp(t)
	// The shell stays the cluster's parent, since it has something to do after it.
	parent := exec.Command("sh", "-c", c.Binary(t)+" serve -api-only; true")
	parent.Env = append(os.Environ(), "TMPDIR="+tmp)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = parent.Process.Kill() }()
	var ready struct{ Server, Dir string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &ready) != nil {
		t.Fatalf("got %q (%v), want a line of JSON", line, err)
	}
	if !strings.HasPrefix(ready.Server, "https://127.0.0.1:") {
		t.Errorf("it listens on %s, want 127.0.0.1", ready.Server)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, 10*time.Second, "the end of the cluster", func() bool {
		_, err := os.Stat(ready.Dir)
		return os.IsNotExist(err) && !listens(ready.Server)
	})
}

// A killed cluster cannot clean up; the next one does it.
func TestNextClusterCleansUp(t *testing.T) {
	t.Parallel()
	c := Start(t)
	tmp := shortTemp(t)
	start := func(end func(*os.Process) error) string {
		cmd := exec.Command(c.Binary(t), "serve", "-api-only")
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var ready struct{ Dir string }
		err = json.NewDecoder(out).Decode(&ready)
		_ = end(cmd.Process)
		_ = cmd.Wait()
		if err != nil {
			t.Fatal(err)
		}
		return ready.Dir
	}
	killed := start((*os.Process).Kill)
	if _, err := os.Stat(killed); err != nil {
		t.Fatalf("a killed cluster leaves its directory: %v", err)
	}
	start(func(p *os.Process) error { return p.Signal(os.Interrupt) })
	if left, _ := filepath.Glob(tmp + "/*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// shortTemp is a directory whose path leaves room for that of a Unix socket.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ct")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func listens(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	conn, err := net.DialTimeout("tcp", u.Host, time.Second)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}
