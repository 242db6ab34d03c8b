package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
	"github.com/starctl/starctl/kube"
)

// These tests run on a real API server.

// testKubeconfig names a kubeconfig of the test cluster.
func testKubeconfig(t *testing.T, user string) string {
	t.Helper()
	c := clustertest.Start(t)
	if user == "nobody" {
		return c.Nobody
	}
	return c.Kubeconfig
}

// testClient connects to the test cluster; what the Client says goes to the list.
func testClient(t *testing.T, user string) (*Client, *heard) {
	t.Helper()
	h := &heard{}
	c, err := Connect(t.Context(), Options{Kubeconfig: testKubeconfig(t, user), CacheDir: t.TempDir(), UserAgent: "starctl/test", Observer: h.add})
	if err != nil {
		t.Fatal(err)
	}
	return c, h
}

// heard are the events of a test.
type heard struct {
	mu   sync.Mutex
	list []Event
}

func (h *heard) add(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, e)
}

func (h *heard) of(kind EventKind) (texts []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.list {
		if e.Kind == kind {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

// testSpace makes a namespace that goes with the test.
func testSpace(t *testing.T, c *Client) string {
	t.Helper()
	name := clustertest.Name()
	body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, name)
	if _, err := c.Create(t.Context(), namespaces, "", name, []byte(body)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Delete(context.Background(), namespaces, "", name, Preconditions{}); err != nil {
			t.Error(err)
		}
	})
	return name
}

func resourceOf(t *testing.T, c *Client, apiVersion, kind string) Resource {
	t.Helper()
	group, version := kube.SplitAPIVersion(apiVersion)
	r, err := c.Resource(t.Context(), kube.ID{Group: group, Version: version, Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// object is what tests look at.
type object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name            string            `json:"name"`
		UID             string            `json:"uid"`
		ResourceVersion string            `json:"resourceVersion"`
		Labels          map[string]string `json:"labels"`
	} `json:"metadata"`
	Data map[string]string `json:"data"`
}

func parse(t *testing.T, b []byte) (o object) {
	t.Helper()
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return o
}

func configMap(name, value string) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q},"data":{"k":%q}}`, name, value)
}

func TestRealObject(t *testing.T) {
	c, _ := testClient(t, "admin")
	ns := testSpace(t, c)
	ctx := t.Context()
	r := resourceOf(t, c, "v1", "ConfigMap")

	a, err := c.Apply(ctx, r, ns, "a", configMap("a", "1"), ApplyOptions{Manager: "starctl:x", DryRun: true})
	if err != nil || !a.Created {
		t.Fatalf("dry run: %+v, %v", a, err)
	}
	if _, err := c.Get(ctx, r, ns, "a"); !IsNotFound(err) || IsNoMatch(err) {
		t.Fatalf("after a dry run: %v", err)
	}
	a, err = c.Apply(ctx, r, ns, "a", configMap("a", "1"), ApplyOptions{Manager: "starctl:x"})
	if err != nil || !a.Created {
		t.Fatalf("apply: %+v, %v", a, err)
	}
	first := parse(t, a.Object)
	a, err = c.Apply(ctx, r, ns, "a", configMap("a", "1"), ApplyOptions{Manager: "starctl:x"})
	if err != nil || a.Created || parse(t, a.Object).Metadata.ResourceVersion != first.Metadata.ResourceVersion {
		t.Fatalf("apply again: %+v, %v", a, err)
	}

	_, err = c.Apply(ctx, r, ns, "a", configMap("a", "2"), ApplyOptions{Manager: "starctl:y"})
	if got := Conflicts(err); !IsFieldConflict(err) || IsStale(err) || len(got) != 1 || got[0].Field != ".data.k" || got[0].Manager != "starctl:x" {
		t.Fatalf("conflict: %v, %+v", err, got)
	}
	stale := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"1","uid":%q},"data":{"k":"3"}}`, first.Metadata.UID)
	if _, err = c.Apply(ctx, r, ns, "a", stale, ApplyOptions{Manager: "starctl:x"}); !IsStale(err) || IsFieldConflict(err) {
		t.Fatalf("stale apply: %v", err)
	}
	if _, err = c.Update(ctx, r, ns, "a", stale); !IsStale(err) {
		t.Fatalf("stale update: %v", err)
	}
	stranger := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","uid":"11111111-1111-1111-1111-111111111111"},"data":{"k":"3"}}`)
	if _, err = c.Apply(ctx, r, ns, "a", stranger, ApplyOptions{Manager: "starctl:x"}); !IsStale(err) || IsImmutable(err) {
		t.Fatalf("apply with another's uid: %v", err)
	}
	if _, err = c.Create(ctx, r, ns, "a", configMap("a", "1")); !IsExists(err) || IsStale(err) {
		t.Fatalf("create: %v", err)
	}

	if err = c.Delete(ctx, r, ns, "a", Preconditions{UID: "11111111-1111-1111-1111-111111111111"}); !IsStale(err) {
		t.Fatalf("delete with another's uid: %v", err)
	}
	if err = c.Delete(ctx, r, ns, "a", Preconditions{UID: first.Metadata.UID, ResourceVersion: "1"}); !IsStale(err) {
		t.Fatalf("stale delete: %v", err)
	}
	if err = c.Delete(ctx, r, ns, "a", Preconditions{UID: first.Metadata.UID, DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if err = c.Delete(ctx, r, ns, "a", Preconditions{UID: first.Metadata.UID, ResourceVersion: first.Metadata.ResourceVersion}); err != nil {
		t.Fatal(err)
	}
	if err = c.Delete(ctx, r, ns, "a", Preconditions{UID: first.Metadata.UID}); !IsNotFound(err) {
		t.Fatalf("delete again: %v", err)
	}
	if _, err = c.Apply(ctx, r, ns, "a", stale, ApplyOptions{Manager: "starctl:x"}); !IsStale(err) {
		t.Fatalf("pinned apply of what is gone: %v", err)
	}
	_, err = c.Create(ctx, r, ns+"-not", "a", configMap("a", "1"))
	if !IsNoNamespace(err) {
		t.Fatalf("create in no namespace: %v", err)
	}
}

func TestRealRefusals(t *testing.T) {
	c, _ := testClient(t, "admin")
	ns := testSpace(t, c)
	deployments := resourceOf(t, c, "apps/v1", "Deployment")
	apply := func(r Resource, name, body string) error {
		t.Helper()
		_, err := c.Apply(t.Context(), r, ns, name, []byte(body), ApplyOptions{Manager: "starctl:x"})
		return err
	}
	begun := time.Now()
	for _, body := range []string{
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":"many"}}`,
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replcias":1}}`,
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":1}}`,
	} {
		if err := apply(deployments, "d", body); !IsInvalid(err) {
			t.Errorf("%s: %v", body, err)
		}
	}
	if d := time.Since(begun); d > 2*time.Second {
		t.Errorf("malformed objects were sent again: %v", d)
	}
	const whole = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":%q}},"template":{"metadata":{"labels":{"a":%q}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`
	if err := apply(deployments, "d", fmt.Sprintf(whole, "1", "1")); err != nil {
		t.Fatal(err)
	}
	if err := apply(deployments, "d", fmt.Sprintf(whole, "2", "2")); !IsImmutable(err) || IsStale(err) {
		t.Errorf("another selector: %v", err)
	}
	if _, err := c.Get(t.Context(), Resource{Group: "nosuch.example", Version: "v1", Kind: "X", Name: "xs"}, "", "a"); !IsNoMatch(err) || IsNotFound(err) {
		t.Errorf("a group that is not there: %v", err)
	}
	if _, err := c.Get(t.Context(), Resource{Group: "apps", Version: "v1", Kind: "X", Name: "xs", Namespaced: true}, ns, "a"); !IsNoMatch(err) || IsNotFound(err) {
		t.Errorf("a resource that is not there: %v", err)
	}
}

// What a server says about a Secret repeats its values.
func TestRealSecretsAreNotRepeated(t *testing.T) {
	c, h := testClient(t, "admin")
	ns := testSpace(t, c)
	r := resourceOf(t, c, "v1", "Secret")
	const hidden = "hunter2-correct-horse"
	cases := map[string]struct {
		body string
		want string // a field that is named
	}{
		"no string":       {`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"pass":{"x":"` + hidden + `"}}}`, "stringData.pass"},
		"a list":          {`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":["` + hidden + `"]}`, "data"},
		"no such field":   {`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"dta":{"pass":"` + hidden + `"}}`, ""},
		"no base64":       {`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"pass":"` + hidden + `"}}`, ""},
		"bad key":         {`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"` + hidden + `/!":"` + hidden + `"}}`, ""},
		"bad docker json": {`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"` + hidden + `"}}`, ".dockerconfigjson"},
		"bad label":       {`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","labels":{"a":"` + hidden + `/!"}}}`, "metadata.labels"},
	}
	for name, test := range cases {
		object := "s-" + strings.ReplaceAll(name, " ", "-") // one of the requests succeeds, and must not be in the way
		test.body = strings.Replace(test.body, `"name":"s"`, `"name":"`+object+`"`, 1)
		for verb, err := range map[string]error{
			"patch": func() error {
				_, err := c.Apply(t.Context(), r, ns, object, []byte(test.body), ApplyOptions{Manager: "starctl:x"})
				return err
			}(),
			"create": func() error { _, err := c.Create(t.Context(), r, ns, object, []byte(test.body)); return err }(),
		} {
			if err == nil {
				if verb == "patch" || name != "no such field" {
					t.Errorf("%s, %s: accepted", name, verb)
				}
				continue
			}
			e := statusOf(err)
			t.Logf("%s, %s: %v %+v", name, verb, err, e.Causes)
			if all := fmt.Sprintf("%+v %v %q", *e, err, AsFailure(err, Partly).Help); strings.Contains(all, "hunter2") {
				t.Errorf("%s, %s: %s", name, verb, all)
			}
			if verb == "patch" && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s, %s: %v does not name %s", name, verb, err, test.want)
			}
			if !IsInvalid(err) {
				t.Errorf("%s, %s: not taken for a mistake of the object: %v", name, verb, err)
			}
		}
	}
	for _, e := range h.list {
		if strings.Contains(e.Text, "hunter2") {
			t.Errorf("event: %s", e.Text)
		}
	}
}

func TestRealSecretConflictNamesTheOwner(t *testing.T) {
	c, _ := testClient(t, "admin")
	ns := testSpace(t, c)
	r := resourceOf(t, c, "v1", "Secret")
	secret := func(value string) []byte {
		return fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"immutable":true,"data":{"pass":%q}}`, value)
	}
	if _, err := c.Apply(t.Context(), r, ns, "s", secret("aGlkZGVu"), ApplyOptions{Manager: "other"}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Apply(t.Context(), r, ns, "s", secret("c2VjcmV0"), ApplyOptions{Manager: "starctl:x"})
	if got := Conflicts(err); len(got) != 1 || got[0].Manager != "other" || got[0].Field != ".data.pass" {
		t.Errorf("%v: %+v", err, got)
	}
	_, err = c.Apply(t.Context(), r, ns, "s", secret("c2VjcmV0"), ApplyOptions{Manager: "starctl:x", Force: true})
	if !IsImmutable(err) {
		t.Errorf("immutable Secret: %v", err)
	}
}

func TestRealForbidden(t *testing.T) {
	admin, _ := testClient(t, "admin")
	ns := testSpace(t, admin)
	c, _ := testClient(t, "nobody")
	if c.Identity().UID != "" || c.Identity().Version == "" {
		t.Errorf("nobody sees %+v", c.Identity())
	}
	r := resourceOf(t, c, "apps/v1", "Deployment")
	_, err := c.Get(t.Context(), r, ns, "d")
	if !IsForbidden(err) || IsNotFound(err) {
		t.Fatalf("got %v", err)
	}
	f := AsFailure(err, Refused)
	help := strings.Join(f.Help, "\n")
	if f.Verdict != Unreachable || !strings.Contains(f.Error(), "may not get deployments.apps in namespace "+ns) ||
		!strings.Contains(help, "kubectl create role starctl-deployments --verb=get --resource=deployments.apps --namespace="+ns) {
		t.Errorf("%v: %v\n%s", f.Verdict, f, help)
	}
	_, err = c.List(t.Context(), resourceOf(t, c, "v1", "Namespace"), "", ListOptions{}, func([]byte) error { return nil })
	if help := strings.Join(AsFailure(err, Refused).Help, "\n"); !strings.Contains(help, "kubectl create clusterrole starctl-namespaces --verb=list --resource=namespaces\n") {
		t.Errorf("%v\n%s", err, help)
	}
	_, err = c.Create(t.Context(), resourceOf(t, c, "v1", "Secret"), ns, "s", []byte(`{"metadata":{"name":"s"}}`))
	if !IsForbidden(err) || len(AsFailure(err, Refused).Help) != 3 {
		t.Errorf("a Secret: %v", err)
	}
	_, err = Connect(t.Context(), Options{Kubeconfig: testKubeconfig(t, "nobody"), CacheDir: t.TempDir(), Pin: admin.Identity().UID})
	if f, ok := errors.AsType[*Failure](err); !ok || f.Verdict != Unreachable || !strings.Contains(f.Error(), "cannot tell") {
		t.Errorf("pinned, and kube-system may not be read: %v", err)
	}
}

func TestRealTerminatingNamespace(t *testing.T) {
	c, _ := testClient(t, "admin")
	ns := testSpace(t, c)
	r := resourceOf(t, c, "v1", "ConfigMap")
	body := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","finalizers":["starctl.dev/test"]}}`
	if _, err := c.Create(t.Context(), r, ns, "a", []byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), namespaces, "", ns, Preconditions{}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Apply(t.Context(), r, ns, "b", configMap("b", "1"), ApplyOptions{Manager: "starctl:x"})
	if !IsTerminatingNamespace(err) || IsForbidden(err) {
		t.Errorf("got %v", err)
	}
	if _, err := c.JSONPatch(t.Context(), r, ns, "a", []byte(`[{"op":"remove","path":"/metadata/finalizers"}]`)); err != nil {
		t.Error(err)
	}
}

func TestRealList(t *testing.T) {
	c, _ := testClient(t, "admin")
	ns := testSpace(t, c)
	r := resourceOf(t, c, "v1", "ConfigMap")
	const n = pageSize + 20
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			name := fmt.Sprintf("c%04d", i)
			body := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q,"labels":{"odd":"%d"}},"data":{"k":"}]\"\\{[ü"}}`, name, i%2)
			if _, err := c.Create(t.Context(), r, ns, name, []byte(body)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var names []string
	version, err := c.List(t.Context(), r, ns, ListOptions{Labels: "odd"}, func(item []byte) error {
		o := parse(t, item)
		if o.Kind != "ConfigMap" || o.APIVersion != "v1" || o.Data["k"] != `}]"\{[ü` {
			t.Fatalf("item %s", item)
		}
		names = append(names, o.Metadata.Name)
		return nil
	})
	if err != nil || version == "" || len(names) != n || !slices.IsSorted(names) {
		t.Fatalf("%d of %d items, version %q, %v", len(names), n, version, err)
	}
	count := 0
	_, err = c.List(t.Context(), r, ns, ListOptions{Labels: "odd=1", MetadataOnly: true}, func(item []byte) error {
		o := parse(t, item)
		if o.Kind != "ConfigMap" || o.APIVersion != "v1" || o.Data != nil || o.Metadata.UID == "" {
			t.Fatalf("item %s", item)
		}
		count++
		return nil
	})
	if err != nil || count != n/2 {
		t.Fatalf("metadata only: %d items, %v", count, err)
	}
	stop := errors.New("enough")
	if _, err = c.List(t.Context(), r, ns, ListOptions{}, func([]byte) error { return stop }); err != stop {
		t.Errorf("the caller's error came back as %v", err)
	}
}

func TestRealWatch(t *testing.T) {
	c, _ := testClient(t, "admin")
	ns := testSpace(t, c)
	r := resourceOf(t, c, "v1", "ConfigMap")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	listed := make(chan int, 1)
	events := make(chan WatchEvent, 10)
	done := make(chan error, 1)
	if _, err := c.Create(ctx, r, ns, "a", configMap("a", "1")); err != nil {
		t.Fatal(err)
	}
	go func() {
		done <- c.Follow(ctx, r, ns, FollowOptions{Fields: "metadata.name!=kube-root-ca.crt"}, func(items [][]byte) error {
			listed <- len(items)
			return nil
		}, func(e WatchEvent) error {
			events <- e
			return nil
		})
	}()
	if n := <-listed; n != 1 {
		t.Fatalf("%d items", n)
	}
	if _, err := c.Create(ctx, r, ns, "b", configMap("b", "1")); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, r, ns, "b", Preconditions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{Added, Removed} {
		select {
		case e := <-events:
			if o := parse(t, e.Object); e.Type != want || o.Metadata.Name != "b" || o.Kind != "ConfigMap" {
				t.Errorf("got %s %+v, want %s", e.Type, o, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no event")
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRealWarnings(t *testing.T) {
	c, h := testClient(t, "admin")
	ns := testSpace(t, c)
	r := resourceOf(t, c, "v1", "Pod")
	body := []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}],"nodeSelector":{"beta.kubernetes.io/arch":"x"}}}`)
	for range 2 {
		a, err := c.Apply(t.Context(), r, ns, "p", []byte(strings.Replace(string(body), `,{"name":"A","value":"2"}`, "", 1)), ApplyOptions{Manager: "starctl:x", DryRun: true})
		if err != nil || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "beta.kubernetes.io/arch") {
			t.Fatalf("%+v, %v", a.Warnings, err)
		}
	}
	if _, err := c.Create(t.Context(), r, ns, "p", body); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), r, ns, "p", body); !IsExists(err) {
		t.Fatal(err)
	}
	got := h.of(Warned)
	slices.Sort(got)
	if len(got) != len(slices.Compact(slices.Clone(got))) || len(got) == 0 {
		t.Errorf("warnings: %q", got)
	}
}

// What a run costs in requests: two to connect, two to learn the kinds, which the next run knows, one for each page.
func TestRealRequests(t *testing.T) {
	p := clustertest.Start(t).Proxy(t)
	dir := t.TempDir()
	for run, kinds := range []int{2, 0} {
		p.Forget()
		c, err := Connect(t.Context(), Options{Kubeconfig: p.Kubeconfig, CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"ConfigMap", "Secret", "Service"} {
			if _, err := c.List(t.Context(), resourceOf(t, c, "v1", kind), "default", ListOptions{}, nothing); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := p.Count(func(*clustertest.Request) bool { return true }), 2+kinds+3; got != want {
			t.Errorf("run %d: %d requests, want %d", run, got, want)
		}
	}
}

func TestRealBadCredentials(t *testing.T) {
	text, err := os.ReadFile(testKubeconfig(t, "admin"))
	if err != nil {
		t.Fatal(err)
	}
	start := strings.Index(string(text), "server: ")
	server, _, _ := strings.Cut(string(text)[start:], "\n")
	_, err = connect(t, Options{Kubeconfig: kubeconfig(t, server+", insecure-skip-tls-verify: true", "token: expired")})
	wantFailure(t, err, Unreachable, "credentials were refused")
}

// Whoever begins to observe after the plan was made hears what is done, one Event after the other, and what the server is
// waited for.
func TestRealObserver(t *testing.T) {
	p := clustertest.Start(t).Proxy(t)
	c, err := Connect(t.Context(), Options{Kubeconfig: p.Kubeconfig, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s := &testSet{t: t, c: c, ns: testSpace(t, c), heard: &heard{}, setting: Settings{Timeout: 30 * time.Second, NoWait: true}}
	var objects []string
	for i := range 20 {
		objects = append(objects, cm(fmt.Sprintf("c%d", i), "1"))
	}
	s.apply(objects...)

	d := s.deployment()
	d.Observer = nil
	deletion, err := d.PlanDelete(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var inside atomic.Int32
	kinds := map[EventKind]int{}
	d.Observer = func(e Event) {
		if inside.Add(1) != 1 {
			t.Error("called by two at once")
		}
		time.Sleep(time.Millisecond)
		kinds[e.Kind]++
		inside.Add(-1)
	}
	p.On(clustertest.Verb("delete"), clustertest.TooMany(1)).Times(3)
	if _, err := d.Delete(t.Context(), deletion); err != nil {
		t.Fatal(err)
	}
	if kinds[Deleted] != 20 || kinds[Waiting] != 1 {
		t.Errorf("heard %v, want 20 deleted, 1 waiting", kinds)
	}
}
