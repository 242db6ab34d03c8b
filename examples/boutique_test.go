package examples

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube/encode"
)

// TestBoutiqueFacts compares every field of what Online Boutique renders to with the manifests of the original, apart from
// what the mesh changes on purpose; the README of the example has the reasons.
func TestBoutiqueFacts(t *testing.T) {
	want, got := facts(t), boutique(t, "dev")
	for id, object := range want {
		mine, ok := got[id]
		if id == "Service redis-cart" || strings.HasPrefix(id, "Service ") && !strings.HasPrefix(id, "Service frontend") {
			checkHeadless(t, id, object, mine)
			continue
		}
		if !ok {
			t.Errorf("%s is not rendered", id)
			continue
		}
		if strings.HasPrefix(id, "Deployment ") {
			withoutMesh(t, object, mine)
		}
		dropLabels(mine)
		if diff := cmp.Diff(object, mine); diff != "" {
			t.Errorf("%s (-original +rendered)\n%s", id, diff)
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok && !strings.HasPrefix(id, "ConfigMap ") {
			t.Errorf("%s is not in the original", id)
		}
	}
}

type object = map[string]any

// facts are the original's objects by kind and name.
func facts(t *testing.T) map[string]object {
	t.Helper()
	b, err := os.ReadFile("online-boutique/facts.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Objects []object }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	byID := map[string]object{}
	for _, o := range file.Objects {
		byID[fmt.Sprint(o["kind"], " ", at(o, "metadata", "name"))] = o
	}
	if len(byID) != 12+12+11 {
		t.Fatalf("got %d facts, want 12 Deployments, 12 Services and 11 ServiceAccounts", len(byID))
	}
	return byID
}

// boutique renders every service on a target.
func boutique(t *testing.T, target string) map[string]object {
	t.Helper()
	root, err := os.OpenRoot("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	files, err := filepath.Glob("online-boutique/*/deploy.star")
	if err != nil || len(files) != 12 {
		t.Fatalf("got %d deploy files, want 12: %v", len(files), err)
	}
	byID := map[string]object{}
	for _, f := range files {
		file := strings.TrimPrefix(filepath.ToSlash(f), "online-boutique/")
		set, err := starctl.Render(context.Background(), root.FS(), file, starctl.Options{Target: target})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, o := range set.Objects {
			byID[o.ID.Kind+" "+o.Name] = plain(t, encode.ToMap(o.Node))
		}
	}
	return byID
}

// plain is a value as JSON has it, so that numbers compare.
func plain(t *testing.T, v any) object {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(object)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

// checkHeadless compares a Service with the headless one that takes its place: DNS carries no port, so it has the target's.
func checkHeadless(t *testing.T, id string, original, mine object) {
	t.Helper()
	if mine == nil {
		t.Errorf("%s is not rendered", id)
		return
	}
	if at(mine, "spec", "clusterIP") != "None" {
		t.Errorf("%s: clusterIP is %v, want None", id, at(mine, "spec", "clusterIP"))
	}
	port := at(original, "spec", "ports", 0, "targetPort")
	for _, field := range []string{"port", "targetPort"} {
		if got := at(mine, "spec", "ports", 0, field); got != port {
			t.Errorf("%s: %s is %v, want %v", id, field, got, port)
		}
	}
	dropLabels(mine)
	if diff := cmp.Diff(original["metadata"], mine["metadata"]); diff != "" {
		t.Errorf("%s: metadata\n%s", id, diff)
	}
	if diff := cmp.Diff(at(original, "spec", "selector"), at(mine, "spec", "selector")); diff != "" {
		t.Errorf("%s: selector\n%s", id, diff)
	}
}

const managed = "app.kubernetes.io/part-of"

// dropLabels takes away what defaults() of starctl.star adds, and the namespace, which the original leaves to kubectl.
func dropLabels(o object) {
	meta := at(o, "metadata").(object)
	delete(meta, "namespace")
	for _, m := range []object{meta, asObject(at(o, "spec", "template", "metadata"))} {
		if labels := asObject(m["labels"]); labels != nil {
			delete(labels, managed)
			if len(labels) == 0 {
				delete(m, "labels")
			}
		}
	}
}

func asObject(v any) object {
	o, _ := v.(object)
	return o
}

// withoutMesh undoes, field by field, what the mesh changes in a Deployment.
func withoutMesh(t *testing.T, original, mine object) {
	t.Helper()
	want, got := asObject(at(original, "spec", "template", "spec")), asObject(at(mine, "spec", "template", "spec"))
	delete(asObject(at(mine, "spec", "template", "metadata")), "annotations")
	if mine["spec"].(object)["replicas"] == 1.0 && at(original, "spec", "replicas") == nil {
		delete(mine["spec"].(object), "replicas") // 1 is what Kubernetes takes where none are given
	}
	if name := at(mine, "metadata", "name"); name != "loadgenerator" {
		delete(want, "terminationGracePeriodSeconds") // 5 s, shorter than the sleep that callers need
	}
	dropSidecar(got)
	container := asObject(at(got, "containers", 0))
	delete(container, "lifecycle")
	dropPortNames(container)
	dropPortNames(asObject(at(want, "containers", 0)))
	compareEnv(t, fmt.Sprint(at(mine, "metadata", "name")), asObject(at(want, "containers", 0)), container)
	nameProbePorts(container, at(want, "containers", 0))
	if name := at(mine, "metadata", "name"); name == "redis-cart" {
		renameVolume(got, "redis-data")
	}
	if inits, ok := got["initContainers"].([]any); ok {
		inits[0].(object)["command"] = []any{"(a shell loop that waits for the frontend)"}
	}
}

func dropPortNames(container object) {
	ports, _ := container["ports"].([]any)
	for _, p := range ports {
		delete(p.(object), "name")
	}
}

// dropSidecar takes away the container, its volume, and what is empty then.
func dropSidecar(pod object) {
	for key, name := range map[string]string{"initContainers": "envoy", "volumes": "envoy-config"} {
		list, _ := pod[key].([]any)
		var rest []any
		for _, x := range list {
			if x.(object)["name"] != name {
				rest = append(rest, x)
			}
		}
		if pod[key] = rest; len(rest) == 0 {
			delete(pod, key)
		}
	}
}

// compareEnv compares the environment but for addresses, which must be local ones where the original names a service of
// the mesh; then it drops both.
func compareEnv(t *testing.T, name string, want, got object) {
	t.Helper()
	w, g := env(want), env(got)
	for k, v := range w {
		switch {
		case g[k] == v:
		case strings.HasSuffix(k, "_ADDR") && strings.HasPrefix(g[k], "127.0.0.1:100"):
		default:
			t.Errorf("%s: %s is %q, want %q or the sidecar's address", name, k, g[k], v)
		}
	}
	for k := range g {
		if _, ok := w[k]; !ok && k != "ENVOY_READY_URL" {
			t.Errorf("%s: %s=%s is not in the original", name, k, g[k])
		}
	}
	delete(want, "env")
	delete(got, "env")
}

func env(container object) map[string]string {
	m := map[string]string{}
	list, _ := container["env"].([]any)
	for _, e := range list {
		m[fmt.Sprint(at(e, "name"))] = fmt.Sprint(at(e, "value"))
	}
	return m
}

// nameProbePorts writes a probe's port as the original does: we name it, or number it.
func nameProbePorts(got object, want any) {
	for _, probe := range []string{"readinessProbe", "livenessProbe"} {
		for _, kind := range []string{"tcpSocket", "httpGet"} {
			if p := asObject(at(got, probe, kind)); p != nil {
				if _, named := p["port"].(string); named {
					p["port"] = at(want, probe, kind, "port")
				}
			}
		}
	}
}

func renameVolume(pod object, name string) {
	asObject(at(pod, "volumes", 0))["name"] = name
	asObject(at(pod, "containers", 0, "volumeMounts", 0))["name"] = name
}

// TestBoutiqueCalls holds that no gRPC call of the shop goes past a sidecar: in every target, every address of a service in
// an application's environment is a local one.
func TestBoutiqueCalls(t *testing.T) {
	for _, target := range []string{"dev", "prod"} {
		calls := 0
		for id, o := range boutique(t, target) {
			if !strings.HasPrefix(id, "Deployment ") || id == "Deployment loadgenerator" {
				continue
			}
			for k, v := range env(asObject(at(o, "spec", "template", "spec", "containers", 0))) {
				if !strings.HasSuffix(k, "_ADDR") || k == "SHOPPING_ASSISTANT_SERVICE_ADDR" {
					continue
				}
				if calls++; !strings.HasPrefix(v, "127.0.0.1:") {
					t.Errorf("%s, %s: %s is %s", target, id, k, v)
				}
			}
		}
		if calls != 7+6+1+1 {
			t.Errorf("%s: got %d addresses, want the frontend's 7, checkout's 6, recommendation's and cart's", target, calls)
		}
	}
}
