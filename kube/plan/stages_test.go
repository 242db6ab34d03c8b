package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
)

// object makes one from "apiVersion kind namespace/name".
func object(s string) *kube.Object {
	f := strings.Fields(s)
	ns, name, ok := strings.Cut(f[2], "/")
	if !ok {
		ns, name = "", f[2]
	}
	meta := []any{"name", str(name)}
	if ns != "" {
		meta = append(meta, "namespace", str(ns))
	}
	return kube.NewObject(obj("apiVersion", str(f[0]), "kind", str(f[1]), "metadata", obj(meta...)), nil)
}

func prepare(t *testing.T, depends map[string]string, objects ...*kube.Object) []Prepared {
	t.Helper()
	wishes := map[kube.ID]Wishes{}
	for a, b := range depends {
		var of, on *kube.Object
		for _, o := range objects {
			if o.ID.String() == a {
				of = o
			}
			if o.ID.String() == b {
				on = o
			}
		}
		if on == nil {
			on = object("v1 Nothing n/" + b)
		}
		w := wishes[of.ID]
		w.DependsOn = append(w.DependsOn, on.ID)
		wishes[of.ID] = w
	}
	list, obstacles := Prepare(&kube.Set{Objects: objects}, wishes, Owner{Set: "s", Namespace: "n"})
	if len(obstacles) > 0 {
		t.Fatal(obstacles)
	}
	return list
}

func TestStages(t *testing.T) {
	crd := object("apiextensions.k8s.io/v1 CustomResourceDefinition widgets.a.b")
	crd.Node = with(crd.Node, "spec", obj("group", str("a.b"), "names", obj("kind", str("Widget"))))
	token := object("v1 Secret n/token")
	token.Node = with(token.Node, "type", str("kubernetes.io/service-account-token"))
	list := prepare(t, map[string]string{"Service n/late": "Job n/j"},
		object("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration w"),
		object("a.b/v1 Widget n/x"), object("apps/v1 Deployment n/d"), object("batch/v1 Job n/j"),
		object("v1 Service n/s"), object("v1 Service n/late"), token,
		object("rbac.authorization.k8s.io/v1 RoleBinding n/b"), object("rbac.authorization.k8s.io/v1 Role n/r"),
		object("v1 ConfigMap n/c"), object("networking.k8s.io/v1 NetworkPolicy n/np"), object("networking.k8s.io/v1 Ingress n/i"),
		object("policy/v1 PodDisruptionBudget n/p"), object("v1 Namespace n"), crd,
		object("apiregistration.k8s.io/v1 APIService v1.c.d"), object("storage.k8s.io/v1 StorageClass sc"), object("v1 PersistentVolumeClaim n/pvc"))
	places, obstacles := Stages(list)
	if len(obstacles) > 0 {
		t.Fatal(obstacles)
	}
	got := make([][]string, stages)
	for i, p := range places {
		got[p.Stage] = append(got[p.Stage], list[i].ID.Kind+" "+list[i].ID.Name)
	}
	want := []string{
		"Namespace n, CustomResourceDefinition widgets.a.b",
		"Role r, ConfigMap c, NetworkPolicy np, StorageClass sc",
		"Service s, Secret token, RoleBinding b, PersistentVolumeClaim pvc",
		"Deployment d, Job j, Service late",
		"Widget x, Ingress i, PodDisruptionBudget p",
		"ValidatingWebhookConfiguration w, APIService v1.c.d",
	}
	for i := range want {
		if s := strings.Join(got[i], ", "); s != want[i] {
			t.Errorf("stage %d: got %s, want %s", i, s, want[i])
		}
	}
	ids := make([]kube.ID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	for i, s := range DeletionStages(ids) {
		if ids[i].Kind == "Namespace" && s != stages-1 || ids[i].Kind == "ValidatingWebhookConfiguration" && s != 0 {
			t.Errorf("%s is deleted in stage %d", ids[i], s)
		}
	}
}

// What is in a Namespace that waits for something waits as well.
func TestStagesMove(t *testing.T) {
	list := prepare(t, map[string]string{"Namespace m": "Job n/j", "ConfigMap n/a": "Deployment m/d"},
		object("v1 Namespace m"), object("v1 ConfigMap n/a"), object("v1 ConfigMap m/b"), object("batch/v1 Job n/j"), object("apps/v1 Deployment m/d"),
		object("v1 ConfigMap n/free"))
	places, obstacles := Stages(list)
	if len(obstacles) > 0 {
		t.Fatal(obstacles)
	}
	var got []string
	for i, p := range places {
		got = append(got, fmt.Sprint(list[i].ID.Name, " ", p.Stage, p.After))
	}
	if want := []string{"m 3 [3]", "a 3 [4]", "b 3 [0]", "j 3 []", "d 3 [0]", "free 1 []"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStagesCycle(t *testing.T) {
	a, b, c := object("v1 ConfigMap n/a"), object("batch/v1 Job n/b"), object("v1 Namespace n")
	list := prepare(t, map[string]string{"ConfigMap n/a": "Job n/b", "Namespace n": "ConfigMap n/a"}, a, b, c)
	_, obstacles := Stages(list)
	if len(obstacles) != 1 || obstacles[0].Message != "it waits for itself: ConfigMap n/a -> Job n/b -> Namespace n -> ConfigMap n/a" ||
		!slices.Equal(obstacles[0].Related, []*kube.Object{b, c}) {
		t.Errorf("got %+v", obstacles)
	}
	list = prepare(t, map[string]string{"ConfigMap n/a": "gone"}, a)
	if _, obstacles = Stages(list); len(obstacles) != 1 || obstacles[0].Message != "it depends on Nothing n/gone, which main does not return" {
		t.Errorf("got %+v", obstacles)
	}
}
