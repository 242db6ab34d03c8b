package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
	"github.com/starctl/starctl/kube"
)

// These tests wait on a real API server, whose kubelets do to Pods what annotations ask for.

// stage is a namespace of the test cluster with objects that are waited for.
type stage struct {
	t      *testing.T
	api    *clustertest.Cluster
	client *Client
	ns     string
	heard  *heard
	grace  Grace
}

const stageLabel = "starctl.dev/set"

func newStage(t *testing.T) *stage {
	t.Parallel()
	s := &stage{t: t, api: clustertest.Start(t), heard: &heard{}}
	s.client, _ = testClient(t, "admin")
	s.ns = s.api.Namespace(t)
	s.grace = Grace{
		Image: time.Second, Registry: 2 * time.Second, Restarts: 3, Heal: 2 * time.Second, Probe: 2 * time.Second, Warmup: 2 * time.Second,
		Settle: 300 * time.Millisecond, Optional: time.Second, Others: time.Second,
	}
	return s
}

// create makes an object and returns how it is waited for.
func (s *stage) create(o clustertest.Object) Waited {
	s.t.Helper()
	meta, _ := o["metadata"].(map[string]any)
	meta["namespace"], meta["labels"] = s.ns, map[string]any{stageLabel: "test"}
	return s.waited(s.api.Create(s.t, o))
}

func (s *stage) waited(made clustertest.Object) Waited {
	s.t.Helper()
	id := kube.ID{Kind: made.Text("kind"), Namespace: made.Namespace(), Name: made.Name()}
	id.Group, id.Version = kube.SplitAPIVersion(made.Text("apiVersion"))
	r, err := s.client.Resource(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	generation, _ := made.At("metadata", "generation").(float64)
	return Waited{ID: id, Resource: r, UID: made.UID(), Generation: int64(generation), Changed: true}
}

// workload is a Deployment, StatefulSet or DaemonSet whose Pods have these annotations.
func workloadOf(kind, name string, replicas int, annotations map[string]any, containers ...map[string]any) clustertest.Object {
	if len(containers) == 0 {
		containers = []map[string]any{{"name": "app", "image": "shop/app:v1"}}
	}
	labels := map[string]any{"app": name}
	spec := map[string]any{
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels, "annotations": annotations},
			"spec":     map[string]any{"containers": containers},
		},
	}
	if kind != "DaemonSet" {
		spec["replicas"] = replicas
	}
	if kind == "StatefulSet" {
		spec["serviceName"] = name
	}
	return clustertest.Object{"apiVersion": "apps/v1", "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec}
}

func behaves(how string) map[string]any { return map[string]any{"testcluster/behaviour": how} }

func (s *stage) wait(timeout time.Duration, objects ...Waited) []Problem {
	s.t.Helper()
	list, err := Wait(s.t.Context(), s.client, objects, WaitOptions{Labels: stageLabel + "=test", Timeout: timeout, Grace: s.grace, Observer: s.heard.add})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// ails waits, and wants one Problem for a reason before the time is up.
func (s *stage) ails(reason string, objects ...Waited) Problem {
	s.t.Helper()
	begun := time.Now()
	list := s.wait(time.Minute, objects...)
	if len(list) != 1 || list[0].Reason != reason {
		s.t.Fatalf("got %+v, want one for %s", list, reason)
	}
	if took := time.Since(begun); took > 45*time.Second {
		s.t.Errorf("it took %s to see that", took)
	}
	return list[0]
}

func wantLines(t *testing.T, p Problem, want ...string) {
	t.Helper()
	text := strings.Join(p.Detail(), "\n")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("got\n%s\nwant %q in it", text, w)
		}
	}
}

func TestWaitUntilReady(t *testing.T) {
	s := newStage(t)
	slow := map[string]any{"testcluster/ready-after": "1500ms"}
	objects := []Waited{
		s.create(workloadOf("Deployment", "d", 3, slow)),
		s.create(workloadOf("StatefulSet", "s", 2, nil)),
		s.create(workloadOf("DaemonSet", "ds", 0, nil)),
		s.create(clustertest.Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "c"}}),
		s.create(jobOf("j", nil)),
	}
	if list := s.wait(time.Minute, objects...); len(list) > 0 {
		t.Fatalf("not healthy: %+v", list)
	}
	healthy := s.heard.of(Healthy)
	if len(healthy) != 4 || !slices.Contains(healthy, "3 of 3 Pods ready") || !slices.Contains(healthy, "completed") {
		t.Errorf("healthy: %q", healthy)
	}
	if p := s.heard.of(Progress); !slices.ContainsFunc(p, func(s string) bool { return strings.HasPrefix(s, "0 of 3 Pods ready") }) {
		t.Errorf("progress: %q", p)
	}
}

func jobOf(name string, annotations map[string]any) clustertest.Object {
	return clustertest.Object{
		"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"backoffLimit": 0,
			"template": map[string]any{
				"metadata": map[string]any{"annotations": annotations},
				"spec":     map[string]any{"restartPolicy": "Never", "containers": []map[string]any{{"name": "app", "image": "shop/app:v1"}}},
			},
		},
	}
}

func TestWaitImage(t *testing.T) {
	s := newStage(t)
	p := s.ails(ReasonImage, s.create(workloadOf("Deployment", "d", 2, nil, map[string]any{"name": "app", "image": "shop/does-not-exist:v1"})))
	if p.Container != "app" || !strings.HasPrefix(p.Pod, "d-") {
		t.Errorf("got Pod %q, container %q", p.Pod, p.Container)
	}
	wantLines(t, p, "image shop/does-not-exist:v1 of container app cannot be pulled", "not found", "no Pod is ready")
}

func TestWaitCrashLoop(t *testing.T) {
	s := newStage(t)
	a := behaves("crash-loop")
	a["testcluster/log"] = "listening\x1b[31m on\x1b[0m :8080\npanic: no \x07 DATABASE_URL"
	p := s.ails(ReasonCrash, s.create(workloadOf("Deployment", "d", 1, a)))
	wantLines(t, p, "container app crashes", "restarted ", "exit code 1", "  last lines of its log:", "    listening on :8080", `    panic: no \u0007 DATABASE_URL`)
	if n := len(s.heard.of(Unwell)); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func TestWaitReadinessProbe(t *testing.T) {
	s := newStage(t)
	c := map[string]any{
		"name": "app", "image": "shop/app:v1",
		"readinessProbe": map[string]any{"httpGet": map[string]any{"path": "/healthz", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1},
	}
	p := s.ails(ReasonReadiness, s.create(workloadOf("StatefulSet", "d", 1, behaves("never-ready"), c)))
	wantLines(t, p, "container app is not ready", "readiness probe GET :8080/healthz: ")
}

func TestWaitSidecar(t *testing.T) {
	s := newStage(t)
	o := workloadOf("Deployment", "d", 1, map[string]any{"testcluster/behaviour.envoy": "crash-loop", "testcluster/log.envoy": "error initializing configuration"})
	spec := o.At("spec", "template", "spec").(map[string]any)
	spec["initContainers"] = []map[string]any{{
		"name": "envoy", "image": "envoy:v1", "restartPolicy": "Always",
		"startupProbe": map[string]any{"httpGet": map[string]any{"path": "/ready", "port": 9902}, "periodSeconds": 1, "failureThreshold": 120},
	}}
	p := s.ails(ReasonCrash, s.create(o))
	if p.Container != "envoy" {
		t.Errorf("got container %q", p.Container)
	}
	wantLines(t, p, "sidecar envoy is not ready", "exit code 1", "container app is not started before it is ready", "error initializing configuration")
}

func TestWaitJobFails(t *testing.T) {
	s := newStage(t)
	a := behaves("fail")
	a["testcluster/log"] = "migration 7: no such table"
	p := s.ails(ReasonJobFailed, s.create(jobOf("j", a)))
	wantLines(t, p, "BackoffLimitExceeded", "container app failed", "exit code 1", "migration 7: no such table")
}

func TestWaitOldVersionServes(t *testing.T) {
	s := newStage(t)
	good := s.create(workloadOf("Deployment", "d", 4, nil))
	if list := s.wait(time.Minute, good); len(list) > 0 {
		t.Fatal(list)
	}
	bad := s.api.Merge(t, "Deployment", s.ns, "d", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": "app", "image": "shop/does-not-exist:v2"}},
	}}}})
	p := s.ails(ReasonImage, s.waited(bad))
	// The controller makes two new Pods, the second a moment later.
	if d := strings.Join(p.Detail(), "\n"); !strings.Contains(d, "3 Pods of the old version still serve, 2 of the new one do not start") {
		wantLines(t, p, "3 Pods of the old version still serve, 1 of the new one does not start")
	}
}

func TestWaitRefusedPods(t *testing.T) {
	s := newStage(t)
	s.api.Create(t, clustertest.Object{
		"apiVersion": "v1", "kind": "ResourceQuota", "metadata": map[string]any{"name": "q", "namespace": s.ns}, "spec": map[string]any{"hard": map[string]any{"pods": "0"}},
	})
	time.Sleep(time.Second) // until the quota counts
	p := s.ails(ReasonRefused, s.create(workloadOf("Deployment", "d", 1, nil)))
	wantLines(t, p, "no Pod can be created", "exceeded quota: q")
	p = s.ails(ReasonRefused, s.create(workloadOf("StatefulSet", "s", 1, nil)))
	wantLines(t, p, "no Pod can be created", "exceeded quota: q")
}

func TestWaitUnschedulable(t *testing.T) {
	s := newStage(t)
	o := workloadOf("Deployment", "d", 1, nil, map[string]any{"name": "app", "image": "shop/app:v1", "resources": map[string]any{"requests": map[string]any{"cpu": "1000"}}})
	p := s.ails(ReasonUnscheduled, s.create(o))
	wantLines(t, p, "no node takes it", "Insufficient cpu")
}

func TestWaitStatefulSetBlocked(t *testing.T) {
	s := newStage(t)
	s.ails(ReasonImage, s.create(workloadOf("StatefulSet", "s", 2, nil, map[string]any{"name": "app", "image": "shop/does-not-exist:v1"})))
	better := s.api.Merge(t, "StatefulSet", s.ns, "s", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": "app", "image": "shop/app:v2"}},
	}}}})
	p := s.ails(ReasonBlocked, s.waited(better))
	wantLines(t, p, "Pod s-0 of an older version is broken", "kubectl delete pod s-0")
}

func TestWaitHeals(t *testing.T) {
	s := newStage(t)
	a := behaves("image-pull-error")
	a["testcluster/heals-after"] = "1500ms"
	s.grace.Image, s.grace.Registry = 20*time.Second, 20*time.Second
	if list := s.wait(time.Minute, s.create(workloadOf("Deployment", "d", 1, a))); len(list) > 0 {
		t.Fatalf("not healthy: %+v", list)
	}
}

func TestWaitTimeout(t *testing.T) {
	s := newStage(t)
	list := s.wait(6*time.Second, s.create(workloadOf("Deployment", "d", 1, behaves("never-ready"))), s.create(workloadOf("Deployment", "ok", 1, nil)))
	if len(list) != 1 || list[0].ID.Name != "d" || list[0].Text != "not healthy after 6 s" {
		t.Fatalf("got %+v", list)
	}
}

func TestWaitDeleted(t *testing.T) {
	s := newStage(t)
	w := s.create(workloadOf("Deployment", "d", 1, behaves("never-ready")))
	time.AfterFunc(time.Second, func() { s.api.Delete(t, "Deployment", s.ns, "d") })
	p := s.ails(ReasonDeleted, w)
	wantLines(t, p, "somebody has deleted it")
}

func TestWaitInterrupted(t *testing.T) {
	s := newStage(t)
	w := s.create(workloadOf("Deployment", "d", 1, behaves("never-ready")))
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("interrupted")
	time.AfterFunc(time.Second, func() { cancel(reason) })
	begun := time.Now()
	_, err := Wait(ctx, s.client, []Waited{w}, WaitOptions{Labels: stageLabel + "=test"})
	if !errors.Is(err, reason) || time.Since(begun) > 2*time.Second {
		t.Fatalf("got %v after %s", err, time.Since(begun))
	}
}

func TestWaitForWhatMayNeverCome(t *testing.T) {
	s := newStage(t)
	first := clustertest.Name()
	class := fmt.Sprintf(`{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":%q},"provisioner":"example.com/none","volumeBindingMode":"WaitForFirstConsumer"}`, first)
	if code, body, err := s.api.Do("POST", "/apis/storage.k8s.io/v1/storageclasses", "application/json", []byte(class)); err != nil || code >= 300 {
		t.Fatalf("%v %d %s", err, code, body)
	}
	t.Cleanup(func() { s.api.Delete(t, "storage.k8s.io/v1/storageclasses", "", first) })
	claim := func(name, class string) Waited {
		return s.create(clustertest.Object{
			"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": map[string]any{"name": name},
			"spec": map[string]any{
				"accessModes": []string{"ReadWriteOnce"}, "storageClassName": class,
				"resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}},
			},
		})
	}
	objects := []Waited{
		claim("bound", "standard"), claim("later", first),
		s.create(clustertest.Object{
			"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "lb"},
			"spec": map[string]any{"type": "LoadBalancer", "ports": []map[string]any{{"port": 80}}},
		}),
		s.create(clustertest.Object{
			"apiVersion": "batch/v1", "kind": "CronJob", "metadata": map[string]any{"name": "cron"},
			"spec": map[string]any{"schedule": "0 0 1 1 *", "jobTemplate": jobOf("", nil)},
		}),
	}
	if list := s.wait(time.Minute, objects...); len(list) > 0 {
		t.Fatalf("not healthy: %+v", list)
	}
	if w := s.heard.of(Warned); len(w) != 1 || !strings.Contains(w[0], "no address") {
		t.Errorf("warnings: %q", w)
	}
}

// TestWaitMany waits for many objects with few requests.
func TestWaitMany(t *testing.T) {
	s := newStage(t)
	var objects []Waited
	for i := range 60 {
		objects = append(objects, s.create(workloadOf("Deployment", fmt.Sprintf("d%d", i), 1, nil)))
	}
	p := s.api.Proxy(t)
	c, err := Connect(t.Context(), Options{Kubeconfig: p.Kubeconfig, CacheDir: t.TempDir(), UserAgent: "starctl/test"})
	if err != nil {
		t.Fatal(err)
	}
	s.client = c
	if list := s.wait(2*time.Minute, objects...); len(list) > 0 {
		t.Fatalf("not healthy: %+v", list)
	}
	if n := p.Count(clustertest.Any); n > 30 {
		t.Errorf("%d requests:\n%s", n, p.Summary())
	}
}

func TestWaitStartupProbe(t *testing.T) {
	s := newStage(t)
	o := workloadOf("Deployment", "d", 1, map[string]any{"testcluster/behaviour.envoy": "never-ready", "testcluster/log.envoy": "waiting for clusters"})
	o.At("spec", "template", "spec").(map[string]any)["initContainers"] = []map[string]any{{
		"name": "envoy", "image": "envoy:v1", "restartPolicy": "Always",
		"startupProbe": map[string]any{"httpGet": map[string]any{"path": "/ready", "port": 9902}, "periodSeconds": 1, "failureThreshold": 3},
	}}
	p := s.ails(ReasonStartup, s.create(o))
	if p.Container != "envoy" {
		t.Errorf("got container %q", p.Container)
	}
	wantLines(t, p, "sidecar envoy is not ready\n  startup probe GET :9902/ready: connection refused, ", " times; restarted once, exit code 137\n",
		"  container app is not started before it is ready\n", "  last lines of its log:\n    waiting for clusters")
}

func TestWaitContainerConfig(t *testing.T) {
	s := newStage(t)
	p := s.ails(ReasonConfig, s.create(workloadOf("DaemonSet", "d", 1, behaves("config-error"))))
	wantLines(t, p, "container app cannot be started\n  secret \"app\" not found")
}

// TestWaitFaults breaks watches, refuses to go on with them, and is away for a while.
func TestWaitFaults(t *testing.T) {
	s := newStage(t)
	p := s.api.Proxy(t)
	c, err := Connect(t.Context(), Options{Kubeconfig: p.Kubeconfig, CacheDir: t.TempDir(), UserAgent: "starctl/test"})
	if err != nil {
		t.Fatal(err)
	}
	s.client = c
	w := s.create(workloadOf("Deployment", "d", 2, map[string]any{"testcluster/ready-after": "4s"}))
	expired := clustertest.Status(410, "Expired", "too old resource version")
	rules := []*clustertest.Rule{
		p.On(clustertest.Both(clustertest.Verb("watch"), clustertest.Resource("pods")), expired).Times(2),
		p.On(clustertest.Both(clustertest.Verb("watch"), clustertest.Resource("deployments.apps")), expired).Once(),
		p.On(clustertest.Both(clustertest.Verb("watch"), clustertest.Resource("replicasets.apps")), clustertest.Break()).Times(2),
		p.On(clustertest.Both(clustertest.Verb("list"), clustertest.Resource("deployments.apps")), clustertest.Status(503, "ServiceUnavailable", "restarting")).Times(2),
	}
	if list := s.wait(time.Minute, w); len(list) > 0 {
		t.Fatalf("not healthy: %+v", list)
	}
	for i, r := range rules {
		if r.Hits() == 0 {
			t.Errorf("rule %d was not needed", i)
		}
	}
}

// TestWaitBlind may not see Pods, and says so.
func TestWaitBlind(t *testing.T) {
	s := newStage(t)
	w := s.create(workloadOf("Deployment", "d", 1, behaves("never-ready")))
	limited := s.api.User(t, clustertest.Right{Namespace: s.ns, Verbs: []string{"get", "list", "watch"}, Resources: []string{"deployments.apps"}})
	c, err := Connect(t.Context(), Options{Kubeconfig: limited, CacheDir: t.TempDir(), UserAgent: "starctl/test"})
	if err != nil {
		t.Fatal(err)
	}
	s.client = c
	list := s.wait(5*time.Second, w)
	if len(list) != 1 || list[0].Reason != ReasonPending || !slices.Equal(list[0].Lines, []string{"0 of 1 Pod ready, 1 starting"}) {
		t.Errorf("got %+v", list)
	}
	if heard := s.heard.of(Warned); len(heard) != 3 || !strings.Contains(strings.Join(heard, "\n"), "pods cannot be watched") {
		t.Errorf("warnings: %q", heard)
	}
}

// TestWaitDenied may not see what it waits for.
func TestWaitDenied(t *testing.T) {
	s := newStage(t)
	w := s.create(workloadOf("Deployment", "d", 1, nil))
	limited := s.api.User(t, clustertest.Right{Namespace: s.ns, Verbs: []string{"get", "list"}, Resources: []string{"deployments.apps"}})
	c, err := Connect(t.Context(), Options{Kubeconfig: limited, CacheDir: t.TempDir(), UserAgent: "starctl/test"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Wait(t.Context(), c, []Waited{w}, WaitOptions{Labels: stageLabel + "=test", Timeout: time.Minute})
	if !IsForbidden(err) {
		t.Errorf("got %v, want what is denied", err)
	}
}

func TestWaitCustomResource(t *testing.T) {
	s := newStage(t)
	group := clustertest.Name() + ".example.com"
	definition := clustertest.Object{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "things." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced", "names": map[string]any{"plural": "things", "singular": "thing", "kind": "Thing"},
			"versions": []map[string]any{{
				"name": "v1", "served": true, "storage": true, "subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}
	made := s.api.Create(t, definition)
	t.Cleanup(func() { s.api.Delete(t, "CustomResourceDefinition", "", "things."+group) })
	crd := s.waited(made)
	if list, err := Wait(t.Context(), s.client, []Waited{crd}, WaitOptions{Timeout: time.Minute, Observer: s.heard.add}); err != nil || len(list) > 0 {
		t.Fatal(list, err)
	}
	var w Waited
	clustertest.Eventually(t, 10*time.Second, "a Thing", func() bool {
		body := fmt.Sprintf(`{"apiVersion":%q,"kind":"Thing","metadata":{"name":"x","namespace":%q,"labels":{%q:"test"}},"spec":{}}`, group+"/v1", s.ns, stageLabel)
		code, _, err := s.api.Do("POST", "/apis/"+group+"/v1/namespaces/"+s.ns+"/things", "application/json", []byte(body))
		return err == nil && code < 300
	})
	r, err := s.client.ResourceWithin(t.Context(), kube.ID{Group: group, Version: "v1", Kind: "Thing"}, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	w = Waited{ID: kube.ID{Group: group, Version: "v1", Kind: "Thing", Namespace: s.ns, Name: "x"}, Resource: r, Generation: 1, Changed: true}
	say := func(status, reason string) {
		s.api.Merge(t, group+"/v1/things", s.ns, "x/status", map[string]any{"status": map[string]any{
			"observedGeneration": 1, "conditions": []any{map[string]any{"type": "Ready", "status": status, "reason": reason, "message": "of the thing", "lastTransitionTime": "2026-01-01T00:00:00Z"}},
		}})
	}
	say("False", "Brewing")
	list := s.wait(time.Second, w)
	if len(list) != 1 || list[0].Reason != ReasonStatus {
		t.Fatalf("got %+v", list)
	}
	wantLines(t, list[0], "Brewing: of the thing")
	time.AfterFunc(500*time.Millisecond, func() { say("True", "Brewed") })
	if list := s.wait(time.Minute, w); len(list) > 0 {
		t.Fatalf("not healthy: %+v", list)
	}
}

func TestWaitDaemonSetRolls(t *testing.T) {
	s := newStage(t)
	if list := s.wait(time.Minute, s.create(workloadOf("DaemonSet", "d", 0, nil))); len(list) > 0 {
		t.Fatal(list)
	}
	bad := s.api.Merge(t, "DaemonSet", s.ns, "d", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": "app", "image": "shop/does-not-exist:v2"}},
	}}}})
	p := s.ails(ReasonImage, s.waited(bad))
	wantLines(t, p, "image shop/does-not-exist:v2", "1 Pod of the old version still serves, 1 of the new one does not start")
}

// TestWaitJobDeletesItself waits for a Job that is gone as soon as it has ended, and for one that somebody deletes.
func TestWaitJobDeletesItself(t *testing.T) {
	s := newStage(t)
	brief := jobOf("brief", map[string]any{"testcluster/ready-after": "1s"})
	brief.At("spec").(map[string]any)["ttlSecondsAfterFinished"] = 0
	if list := s.wait(time.Minute, s.create(brief)); len(list) > 0 {
		t.Fatalf("not healthy: %+v", list)
	}
	long := jobOf("long", map[string]any{"testcluster/ready-after": "1m"})
	long.At("spec").(map[string]any)["ttlSecondsAfterFinished"] = 0
	w := s.create(long)
	time.AfterFunc(time.Second, func() { s.api.Delete(t, "Job", s.ns, "long") })
	s.ails(ReasonDeleted, w)
}

func TestWaitRecreate(t *testing.T) {
	s := newStage(t)
	o := workloadOf("Deployment", "d", 1, behaves("hang-terminating"))
	o.At("spec").(map[string]any)["strategy"] = map[string]any{"type": "Recreate"}
	if list := s.wait(time.Minute, s.create(o)); len(list) > 0 {
		t.Fatal(list)
	}
	next := s.api.Merge(t, "Deployment", s.ns, "d", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": "app", "image": "shop/app:v2"}},
	}}}})
	list := s.wait(2*time.Second, s.waited(next))
	if len(list) != 1 {
		t.Fatalf("got %+v", list)
	}
	wantLines(t, list[0], "waits until 1 older Pod has ended")
}

// TestWaitForOneAnother: what crashes until another object is there is not given up while that one starts.
func TestWaitForOneAnother(t *testing.T) {
	s := newStage(t)
	crash := behaves("crash-loop") // three restarts within a second, six in three
	crash["testcluster/heals-after"] = "1700ms"
	objects := []Waited{
		s.create(workloadOf("Deployment", "app", 1, crash)),
		s.create(workloadOf("StatefulSet", "database", 1, map[string]any{"testcluster/ready-after": "5s"})),
	}
	if list := s.wait(time.Minute, objects...); len(list) > 0 {
		t.Fatalf("not healthy: %+v", list)
	}
}
