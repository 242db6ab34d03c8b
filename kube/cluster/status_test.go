package cluster

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
	"github.com/starctl/starctl/kube/decode"
)

func encoded(t *testing.T, o clustertest.Object) string {
	t.Helper()
	meta, _ := o["metadata"].(map[string]any)
	meta["namespace"] = "NS"
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func stateOf(t *testing.T, s *Status, name string) ObjectState {
	t.Helper()
	i := slices.IndexFunc(s.Objects, func(o ObjectState) bool { return o.ID.Name == name })
	if i < 0 {
		t.Fatalf("no %s among %+v", name, s.Objects)
	}
	return s.Objects[i]
}

func TestInspect(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	api := clustertest.Start(t)
	crash := behaves("crash-loop")
	crash["testcluster/log"] = "panic: no DATABASE_URL"
	secret := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"secret","namespace":"NS"},"stringData":{"k":"v"}}`
	s.apply(
		cm("edited", "1"), cm("gone", "1"), cm("remade", "1"), cm("bare", "1"), secret,
		encoded(t, workloadOf("Deployment", "well", 2, nil)), encoded(t, workloadOf("Deployment", "ill", 1, crash)),
	)
	time.Sleep(1100 * time.Millisecond) // managedFields have whole seconds
	api.Merge(t, "ConfigMap", s.ns, "edited", map[string]any{"data": map[string]any{"k": "2", "more": "x"}})
	api.Delete(t, "ConfigMap", s.ns, "gone")
	api.Delete(t, "ConfigMap", s.ns, "remade")
	api.Create(t, clustertest.Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "remade", "namespace": s.ns}})
	api.Merge(t, "ConfigMap", s.ns, "bare", map[string]any{"metadata": map[string]any{"labels": map[string]any{"starctl.dev/set": nil}}})
	var st *Status
	clustertest.Eventually(t, 30*time.Second, "Pods that are as they should be", func() bool {
		var err error
		if st, err = s.deployment().Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		return stateOf(t, st, "well").Healthy && stateOf(t, st, "ill").Problem != nil
	})
	for name, want := range map[string]Presence{
		"edited": IsPresent, "gone": IsMissing, "remade": IsReplaced, "bare": IsPresent, "well": IsPresent, "ill": IsPresent, "secret": IsPresent,
	} {
		if got := stateOf(t, st, name); got.Present != want {
			t.Errorf("%s: got %s, want %s: %s", name, got.Present, want, got.Text)
		}
	}
	if o := stateOf(t, st, "edited"); len(o.Foreign) != 1 || o.Foreign[0].Manager != "somebody" || !slices.Equal(o.Foreign[0].Fields, []string{"data.k", "data.more"}) {
		t.Errorf("edited: %+v", o.Foreign)
	}
	if o := stateOf(t, st, "bare"); !strings.Contains(o.Text, "label") {
		t.Errorf("bare: %q", o.Text)
	}
	if o := stateOf(t, st, "well"); o.Text != "2 of 2 Pods ready" || o.Pods == nil || *o.Pods != (PodCount{Wanted: 2, Ready: 2, New: 2}) || len(o.Foreign) > 0 {
		t.Errorf("well: %+v", o)
	}
	ill := stateOf(t, st, "ill")
	if ill.Healthy || ill.Problem.Reason != ReasonCrash {
		t.Fatalf("ill: %+v", ill)
	}
	wantLines(t, *ill.Problem, "container app crashes", "panic: no DATABASE_URL")
}

func TestInspectUnknown(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	s.apply(cm("c", "1"))
	api := clustertest.Start(t)
	limited := api.User(t, clustertest.Right{Namespace: s.ns, Verbs: []string{"get"}, Resources: []string{"configmaps"}})
	c, err := Connect(t.Context(), Options{Kubeconfig: limited, CacheDir: t.TempDir(), UserAgent: "starctl/test"})
	if err != nil {
		t.Fatal(err)
	}
	d := s.deployment()
	d.Client = c
	list, err := Inspect(t.Context(), c, d.owner(), []Owned{{ID: s.inventory().Entries[0].ID()}})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Present != IsUnknown || !strings.Contains(list[0].Text, "may not list configmaps") {
		t.Errorf("got %+v", list)
	}
}

func TestForeignEdits(t *testing.T) {
	n, err := decode.JSON([]byte(`{"metadata":{"managedFields":[
		{"manager":"starctl:shop","operation":"Apply","time":"2026-10-01T10:00:00Z","fieldsV1":{"f:spec":{"f:replicas":{}}}},
		{"manager":"kubectl-edit","operation":"Update","time":"2026-10-02T10:00:00Z","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:a/b":{}}},
			"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{"f:image":{}}}}}},"f:status":{"f:x":{}}}},
		{"manager":"older","operation":"Update","time":"2026-09-02T10:00:00Z","fieldsV1":{"f:spec":{"f:paused":{}}}},
		{"manager":"hpa","operation":"Update","subresource":"scale","time":"2026-10-02T10:00:00Z","fieldsV1":{"f:spec":{"f:replicas":{}}}},
		{"manager":"kube-controller-manager","operation":"Update","time":"2026-10-02T10:00:00Z","fieldsV1":{"f:spec":{"f:volumeName":{}}}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := foreignEdits(n, "starctl:shop")
	want := []string{`metadata.annotations["a/b"]`, `spec.template.spec.containers["app"].image`}
	if len(got) != 1 || got[0].Manager != "kubectl-edit" || !slices.Equal(got[0].Fields, want) {
		t.Errorf("got %+v, want %q of kubectl-edit", got, want)
	}
}
