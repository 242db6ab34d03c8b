package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starctl/starctl/kube"
)

// groups is a server's discovery; it counts who asks.
type groups struct {
	mu         sync.Mutex
	asked      map[string]int
	aggregated bool
	down       bool // the group metrics.example
	widgets    bool // there is a Widget
}

func (g *groups) count(path string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked[path]
}

func (g *groups) all() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.asked {
		n += k
	}
	return n
}

func (g *groups) set(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

const (
	coreItem    = `{"metadata":{},"versions":[{"version":"v1","freshness":"Current","resources":[{"resource":"configmaps","responseKind":{"group":"","version":"v1","kind":"ConfigMap"},"scope":"Namespaced","verbs":["get","list"]},{"resource":"nodes","responseKind":{"group":"","version":"v1","kind":"Node"},"scope":"Cluster","verbs":["get"]}]}]}`
	scalingItem = `{"metadata":{"name":"autoscaling"},"versions":[{"version":"v2","freshness":"Current","resources":[{"resource":"horizontalpodautoscalers","responseKind":{"kind":"HorizontalPodAutoscaler"},"scope":"Namespaced","verbs":["get"]}]},{"version":"v1","freshness":"Current","resources":[{"resource":"horizontalpodautoscalers","responseKind":{"kind":"HorizontalPodAutoscaler"},"scope":"Namespaced","verbs":["get"]}]}]}`
	widgetItem  = `{"metadata":{"name":"acme.example"},"versions":[{"version":"v1","freshness":"Current","resources":[{"resource":"widgets","responseKind":{"group":"acme.example","version":"v1","kind":"Widget"},"scope":"Namespaced","verbs":["get"]}]}]}`
	staleItem   = `{"metadata":{"name":"metrics.example"},"versions":[{"version":"v1","freshness":"Stale","resources":[]}]}`
)

func (g *groups) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked[r.URL.Path]++
	if g.aggregated && strings.Contains(r.Header.Get("Accept"), "as=APIGroupDiscoveryList") && len(r.URL.Path) < 6 {
		items := coreItem
		if r.URL.Path == "/apis" {
			items = scalingItem
			if g.widgets {
				items += "," + widgetItem
			}
			if g.down {
				items += "," + staleItem
			}
		}
		fmt.Fprintf(w, `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[%s]}`, items)
		return
	}
	switch r.URL.Path {
	case "/api":
		fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
	case "/apis":
		fmt.Fprint(w, `{"kind":"APIGroupList","groups":[{"name":"autoscaling","versions":[{"groupVersion":"autoscaling/v1"},{"groupVersion":"autoscaling/v2"}],"preferredVersion":{"groupVersion":"autoscaling/v2"}}`)
		if g.down {
			fmt.Fprint(w, `,{"name":"metrics.example","versions":[{"groupVersion":"metrics.example/v1"}],"preferredVersion":{"groupVersion":"metrics.example/v1"}}`)
		}
		fmt.Fprint(w, `]}`)
	case "/api/v1":
		fmt.Fprint(w, `{"kind":"APIResourceList","resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true,"verbs":["get","list"]},{"name":"nodes","kind":"Node","verbs":["get"]},{"name":"nodes/status","kind":"Node","verbs":["get"]}]}`)
	case "/apis/autoscaling/v1", "/apis/autoscaling/v2":
		fmt.Fprint(w, `{"kind":"APIResourceList","resources":[{"name":"horizontalpodautoscalers","kind":"HorizontalPodAutoscaler","namespaced":true,"verbs":["get"]}]}`)
	default:
		refuse(w, 503, "ServiceUnavailable", "no endpoints")
	}
}

// discovering is a Client of such a server that keeps what it learns in dir, as a new process would.
func discovering(t *testing.T, g *groups, dir string) func() *Client {
	t.Helper()
	g.asked = map[string]int{}
	s := serve(t, g.ServeHTTP)
	return func() *Client {
		c := clientOf(s, nil)
		c.retry.tries = 2
		c.identity = Identity{Server: s.URL, UID: "the-uid"}
		c.discovery.file = cacheFile(dir, s.URL)
		return c
	}
}

var hpa = kube.ID{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}

func TestDiscovery(t *testing.T) {
	for _, aggregated := range []bool{true, false} {
		g := &groups{aggregated: aggregated, down: true}
		c := discovering(t, g, t.TempDir())()
		tests := []struct {
			id   kube.ID
			want string
			err  string
		}{
			{kube.ID{Version: "v1", Kind: "ConfigMap"}, "configmaps v1 true", ""},
			{kube.ID{Version: "v1", Kind: "Node"}, "nodes v1 false", ""},
			{hpa, "horizontalpodautoscalers.autoscaling v2 true", ""},
			{kube.ID{Group: "autoscaling", Version: "v1", Kind: "HorizontalPodAutoscaler"}, "horizontalpodautoscalers.autoscaling v1 true", ""},
			{kube.ID{Group: "autoscaling", Version: "v9", Kind: "HorizontalPodAutoscaler"}, "", "the cluster has no HorizontalPodAutoscaler in autoscaling/v9, only in autoscaling/v2, autoscaling/v1"},
			{kube.ID{Group: "extensions", Version: "v1", Kind: "ConfigMap"}, "", "the cluster has no ConfigMap in extensions/v1, only in v1"},
			{kube.ID{Version: "v1", Kind: "ConfgMap"}, "", "the cluster has no ConfgMap in v1; did you mean ConfigMap?"},
			{kube.ID{Group: "metrics.example", Version: "v1", Kind: "Thing"}, "", "the API metrics.example/v1 does not answer: its API service is down"},
		}
		for _, test := range tests {
			r, err := c.Resource(t.Context(), test.id)
			got := fmt.Sprintf("%s %s %v", r, r.Version, r.Namespaced)
			if err != nil {
				if err.Error() != test.err {
					t.Errorf("aggregated %v, %v: got %q, want %q", aggregated, test.id, err, test.err)
				}
				if down := test.id.Group == "metrics.example"; IsGroupDown(err) != down || IsNoMatch(err) == down {
					t.Errorf("aggregated %v, %v: down %v, no match %v", aggregated, test.id, IsGroupDown(err), IsNoMatch(err))
				}
			} else if got != test.want {
				t.Errorf("aggregated %v, %v: got %q, want %q", aggregated, test.id, got, test.want)
			}
		}
		list, down, err := c.Resources(t.Context())
		if err != nil || len(list) != 3 || len(down) != 1 || down[0] != "metrics.example/v1" {
			t.Errorf("aggregated %v: %v, %v, %v", aggregated, list, down, err)
		}
		if aggregated && g.count("/apis/autoscaling/v1") > 0 {
			t.Error("asked for a group although all came at once")
		}
	}
}

func TestDiscoveryIsKept(t *testing.T) {
	dir := t.TempDir()
	g := &groups{aggregated: true}
	process := discovering(t, g, dir)
	find := func(c *Client, want int) {
		t.Helper()
		if _, err := c.Resource(t.Context(), hpa); err != nil || g.all() != want {
			t.Fatalf("%v, asked %d times, want %d", err, g.all(), want)
		}
	}
	find(process(), 2)
	find(process(), 2) // another process
	c := process()
	c.identity.UID = "made anew"
	find(c, 4)
	find(process(), 6) // the file is of the other cluster now

	// A kind that the file does not have is asked for once, and then known to be missing, or there.
	c = process()
	if _, err := c.Resource(t.Context(), kube.ID{Group: "acme.example", Version: "v1", Kind: "Widget"}); !IsNoMatch(err) || g.all() != 8 {
		t.Fatalf("%v, asked %d times", err, g.all())
	}
	if _, err := c.Resource(t.Context(), kube.ID{Group: "acme.example", Version: "v1", Kind: "Widget"}); !IsNoMatch(err) || g.all() != 8 {
		t.Fatalf("at once again: %v, asked %d times", err, g.all())
	}
	g.set(func() { g.widgets = true })
	if r, err := process().Resource(t.Context(), kube.ID{Group: "acme.example", Version: "v1", Kind: "Widget"}); err != nil || r.Name != "widgets" || g.all() != 10 {
		t.Fatalf("%v, asked %d times", err, g.all())
	}

	file := process().discovery.file
	old := strings.NewReplacer(`"time":"20`, `"time":"19`)
	for name, spoil := range map[string]func([]byte) []byte{
		"cut":     func(b []byte) []byte { return b[:len(b)/2] },
		"empty":   func([]byte) []byte { return nil },
		"format":  func(b []byte) []byte { return []byte(strings.Replace(string(b), `"format":1`, `"format":99`, 1)) },
		"old":     func(b []byte) []byte { return []byte(old.Replace(string(b))) },
		"nothing": func([]byte) []byte { return []byte(`{"format":1}`) },
	} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, spoil(b), 0o600); err != nil {
			t.Fatal(err)
		}
		before := g.all()
		if find(process(), before+2); t.Failed() {
			t.Fatalf("%s file", name)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".writing-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDiscoveryWithoutAPlace(t *testing.T) {
	g := &groups{aggregated: true}
	file := writeFile(t, "taken", "") // no directory can be made there
	c := discovering(t, g, file)()
	if _, err := c.Resource(t.Context(), hpa); err != nil {
		t.Error(err)
	}
	c.discovery = discovery{}
	if _, err := c.Resource(t.Context(), hpa); err != nil {
		t.Error(err)
	}
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	if got := cacheFile("", "https://x"); got != "" {
		t.Errorf("without a home: %q", got)
	}
}

// What a group that is down had is not forgotten for ten minutes because it was down for one.
func TestDiscoveryOfADownGroupIsNotKept(t *testing.T) {
	g := &groups{aggregated: true, down: true}
	process := discovering(t, g, t.TempDir())
	if _, err := process().Resource(t.Context(), hpa); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(process().discovery.file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("kept: %v", err)
	}
}

func TestResourceWithin(t *testing.T) {
	g := &groups{aggregated: true}
	c := discovering(t, g, t.TempDir())()
	widget := kube.ID{Group: "acme.example", Version: "v1", Kind: "Widget"}
	begun := time.Now()
	if _, err := c.ResourceWithin(t.Context(), widget, 200*time.Millisecond); !IsNoMatch(err) || time.Since(begun) > time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	time.AfterFunc(200*time.Millisecond, func() { g.set(func() { g.widgets = true }) })
	if r, err := c.ResourceWithin(t.Context(), widget, 10*time.Second); err != nil || r.Name != "widgets" {
		t.Errorf("%v, %v", r, err)
	}
}

func TestRealDiscovery(t *testing.T) {
	c, _ := testClient(t, "admin")
	for _, id := range []kube.ID{
		{Group: "apps", Version: "v1", Kind: "Deployment"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"},
		{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"},
	} {
		if r, err := c.Resource(t.Context(), id); err != nil || r.Namespaced != (id.Kind == "Deployment") || len(r.Verbs) < 5 {
			t.Errorf("%v: %+v, %v", id, r, err)
		}
	}
	// As a server without aggregation has it: the same resources.
	plain := &catalog{}
	var versions []string
	for _, r := range c.discovery.known.Resources {
		versions = append(versions, r.APIVersion())
	}
	if err := c.onebyone(t.Context(), unique(versions), plain); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(kindsOf(plain)), fmt.Sprint(kindsOf(c.discovery.known)); got != want || len(plain.Resources) < 50 {
		t.Errorf("one by one: %s\nall at once: %s", got, want)
	}
}

func unique(list []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func kindsOf(cat *catalog) map[string]bool {
	m := map[string]bool{}
	for _, r := range cat.Resources {
		m[fmt.Sprintf("%s %s %s %v", r.APIVersion(), r.Kind, r.Name, r.Namespaced)] = true
	}
	return m
}
