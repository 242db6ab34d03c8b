package clustertest

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

func configMap(ns, name string, data map[string]any) Object {
	return Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name, "namespace": ns}, "data": data}
}

// through returns an API that goes through a proxy.
func through(t *testing.T, p *Proxy) *API {
	t.Helper()
	a, err := NewAPI(p.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestProxyKnowsRequests(t *testing.T) {
	t.Parallel()
	c := Start(t)
	ns := c.Namespace(t)
	p := c.Proxy(t)
	a := through(t, p)
	a.Create(t, configMap(ns, "a", nil))
	a.Apply(t, "me", configMap(ns, "a", map[string]any{"k": "v"}))
	a.must(t, http.MethodPatch, pathOf("ConfigMap", ns, "a")+"?dryRun=All&fieldManager=me", "application/apply-patch+yaml", configMap(ns, "a", nil))
	a.must(t, http.MethodDelete, pathOf("ConfigMap", ns, "a"), "application/json", map[string]any{"dryRun": []string{"All"}})
	a.Get(t, "Namespace", "", ns)
	a.List(t, "Deployment", ns, "x=y")
	a.Merge(t, "Namespace", "", ns, map[string]any{})
	a.Delete(t, "ConfigMap", ns, "a")
	a.must(t, http.MethodGet, "/apis", "", nil)

	var got, writes []string
	for _, q := range p.Requests(Any) {
		got = append(got, strings.ReplaceAll(q.String(), ns, "NS"))
	}
	for _, q := range p.Requests(Writes) {
		writes = append(writes, q.Verb)
	}
	want := []string{
		"create configmaps/NS/a", "apply configmaps/NS/a", "dry-run apply configmaps/NS/a", "dry-run delete configmaps/NS/a",
		"get namespaces/NS", "list deployments/NS", "patch namespaces/NS", "delete configmaps/NS/a", "get /apis",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if want := []string{"create", "apply", "patch", "delete"}; !slices.Equal(writes, want) {
		t.Errorf("writes: got %v, want %v", writes, want)
	}
	if !p.Requests(Verb("list"))[0].Is("deployments.apps") {
		t.Errorf("Is does not know deployments.apps")
	}
}

func TestProxyStreamsWatches(t *testing.T) {
	t.Parallel()
	c := Start(t)
	ns := c.Namespace(t)
	a := through(t, c.Proxy(t))
	a.client.Timeout = 20 * time.Second
	resp, err := a.client.Get(a.Server() + pathOf("ConfigMap", ns, "") + "?watch=true")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 {
		t.Errorf("got HTTP/%d, want 2", resp.ProtoMajor)
	}
	events := json.NewDecoder(resp.Body)
	c.Create(t, configMap(ns, "seen", nil))
	for {
		var e struct{ Object Object }
		if err := events.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if e.Object.Name() == "seen" {
			return
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c := Start(t)
	ns := c.Namespace(t)
	p := c.Proxy(t)
	a := through(t, p)

	// make creates a ConfigMap through the proxy; it tells the code, and whether it is there afterwards.
	make := func(name string) (code int, there bool) {
		b, _ := json.Marshal(configMap(ns, name, nil))
		code, _, _ = a.Do(http.MethodPost, pathOf("ConfigMap", ns, ""), "application/json", b)
		return code, c.Get(t, "ConfigMap", ns, name) != nil
	}
	for _, test := range []struct {
		name  string
		fault Fault
		code  int
		there bool
	}{
		{"lost", LoseReply(), 0, true},
		{"broken", Break(), 0, false},
		{"hanging", Hang(), 0, false},
		{"forbidden", Status(403, "Forbidden", "no"), 403, false},
		{"storm", TooMany(1), 429, false},
		{"before", Before(func() {}), 201, true},
		{"after", After(func() {}), 201, true},
		{"edited", Edit(func([]byte) []byte { return []byte("{}") }), 201, true},
	} {
		rule := p.On(Both(Verb("create"), Named(test.name)), test.fault).Once()
		if a.client.Timeout = 0; test.name == "hanging" {
			a.client.Timeout = 300 * time.Millisecond
		}
		code, there := make(test.name)
		a.client.Timeout = 0
		if code != test.code || there != test.there {
			t.Errorf("%s: got code %d, there %v; want %d, %v", test.name, code, there, test.code, test.there)
		}
		if rule.Hits() != 1 {
			t.Errorf("%s: the rule took %d requests, want 1", test.name, rule.Hits())
		}
		if code, _ := make(test.name); code != 201 && code != 409 {
			t.Errorf("%s: the rule is not over after one request: %d", test.name, code)
		}
	}
	skipping := p.On(Verb("create"), Status(500, "InternalError", "")).Skip(1).Times(2)
	for i, want := range []int{201, 500, 500, 201} {
		if code, _ := make("skip-" + string(rune('a'+i))); code != want {
			t.Errorf("request %d: got %d, want %d", i, code, want)
		}
	}
	if skipping.Hits() != 2 {
		t.Errorf("got %d hits, want 2", skipping.Hits())
	}
}

func TestCrashEndsAllWrites(t *testing.T) {
	t.Parallel()
	c := Start(t)
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("there is no sleep")
	}
	for _, end := range []End{BeforeIt, AfterIt} {
		ns := c.Namespace(t)
		p := c.Proxy(t).OneByOne()
		a := through(t, p)
		process := Program{Path: sleep, Home: t.TempDir()}.Start(t, "60")
		p.On(Writes, Crash(end, process.Kill)).Skip(2).Once()
		ended := make(chan int, 8)
		for i := range 8 {
			b, _ := json.Marshal(configMap(ns, string(rune('a'+i)), nil))
			go func() {
				code, _, _ := a.Do(http.MethodPost, pathOf("ConfigMap", ns, ""), "application/json", b)
				ended <- code
			}()
		}
		for range 8 {
			<-ended
		}
		made := 0
		for _, o := range c.List(t, "ConfigMap", ns, "") {
			if o.Name() != "kube-root-ca.crt" {
				made++
			}
		}
		if want := 2 + int(end); made != want {
			t.Errorf("%s the third write: got %d objects, want %d", end, made, want)
		}
		if r := process.Wait(t); r.Code != -1 {
			t.Errorf("the process ended with %d, want it killed", r.Code)
		}
	}
}
