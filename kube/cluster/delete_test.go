package cluster

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// A set that owns the namespace of its inventory goes with it, but only unasked if nothing else would.
func TestRealDeleteWithNamespace(t *testing.T) {
	s := newSet(t)
	s.ns += "-home"
	space := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"NS"}}`
	s.apply(space, cm("a", "1"))

	s.setting.PruneProtected = true
	_, p := s.plan(cm("a", "1"))
	if !p.Empty() || p.Count(plan.Delete) > 0 || len(p.Notes) == 0 || p.Notes[0].Kind != "protected" {
		t.Fatalf("the namespace of the inventory would be pruned: %+v %+v", p.Steps, p.Notes)
	}

	s.setting.PruneProtected = false
	d := s.deployment(space, cm("a", "1"))
	p, err := d.PlanDelete(t.Context())
	if err != nil || p.Count(plan.Delete) != 1 {
		t.Fatalf("%v %+v", err, p)
	}
	if _, err := d.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if inv := s.inventory(); len(inv.Entries) != 1 || inv.Entries[0].Kind != "Namespace" {
		t.Fatalf("a protected namespace stays in the inventory: %+v", inv.Entries)
	}

	s.setting.PruneProtected = true
	d = s.deployment(space)
	if p, err = d.PlanDelete(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := d.Delete(t.Context(), p)
	if err != nil || r.Counts[plan.Delete] != 1 {
		t.Fatalf("%v %+v", err, r)
	}
	if _, err := d.get(t.Context(), kube.ID{Version: "v1", Kind: "Namespace", Name: s.ns}); !IsNotFound(err) {
		t.Errorf("the namespace is still there: %v", err)
	}
}

// Pods of what is pruned are gone before it is said to be deleted.
func TestRealDeleteWorkload(t *testing.T) {
	s := newSet(t)
	s.apply(scaledDeployment, cm("a", "1"))
	r := s.apply(cm("a", "1"))
	if r.Counts[plan.Delete] != 1 {
		t.Fatalf("%+v", r)
	}
	n := 0
	_, err := s.c.List(t.Context(), Resource{Version: "v1", Kind: "Pod", Name: "pods", Namespaced: true}, s.ns, ListOptions{MetadataOnly: true}, func([]byte) error {
		n++
		return nil
	})
	if err != nil || n > 0 {
		t.Errorf("%d Pods are left, %v", n, err)
	}
}

// Without its inventory a set is found by its marks, in all namespaces; the first run only says so.
func TestRealDeleteWithoutInventory(t *testing.T) {
	s := newSet(t)
	other := testSpace(t, s.c)
	s.apply(cm("a", "1"), strings.ReplaceAll(cm("b", "1"), "NS", other))
	if err := s.c.Delete(t.Context(), inventoryMaps, s.ns, s.deployment().owner().Inventory(), Preconditions{}); err != nil {
		t.Fatal(err)
	}
	d := s.deployment()
	p, err := d.PlanDelete(t.Context())
	if err != nil || !p.Empty() || len(p.Notes) != 1 || p.Notes[0].Kind != "inventory-rebuilt" {
		t.Fatalf("%v %+v", err, p)
	}
	r, err := d.Delete(t.Context(), p)
	var f *Failure
	if !errors.As(err, &f) || f.Verdict != Partly || len(r.Kept) != 2 {
		t.Fatalf("%v %+v", err, r)
	}
	if p, err = d.PlanDelete(t.Context()); err != nil || p.Count(plan.Delete) != 2 {
		t.Fatalf("%v %+v", err, p)
	}
	if _, err := d.Delete(t.Context(), p); err != nil || s.value("a") != "gone" || s.inventory().ResourceVersion != "" {
		t.Errorf("%v", err)
	}
}

func TestRealDeleteOfNothing(t *testing.T) {
	s := newSet(t)
	for range 2 {
		d := s.deployment(cm("a", "1"))
		p, err := d.PlanDelete(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r, err := d.Delete(t.Context(), p); err != nil || len(r.Undone) > 0 {
			t.Fatalf("%v %+v", err, r)
		}
		s.setting.AllowMassPrune = true
		s.apply(cm("a", "1"))
		s.apply() // leaves an inventory that is empty
	}
	if inv := s.inventory(); inv.ResourceVersion == "" || len(inv.Entries) > 0 {
		t.Fatalf("%+v", inv)
	}
	d := s.deployment()
	p, err := d.PlanDelete(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Delete(t.Context(), p); err != nil || s.inventory().ResourceVersion != "" {
		t.Errorf("the empty inventory is left: %v", err)
	}
}

// A run that asked for the deletion of the set's own namespace and was killed leaves one that is going, and no inventory: the next run waits
// for it.
func TestRealDeleteWhatIsGoing(t *testing.T) {
	s := newSet(t)
	s.ns += "-own"
	space := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"NS"}}`
	s.apply(space, cm("a", "1"))
	held := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","finalizers":["example.com/hold"]}}`
	if _, err := s.c.Create(t.Context(), inventoryMaps, s.ns, "held", []byte(held)); err != nil {
		t.Fatal(err)
	}
	if err := s.c.Delete(t.Context(), namespaces, "", s.ns, Preconditions{}); err != nil {
		t.Fatal(err)
	}
	clustertest.Eventually(t, 20*time.Second, "the inventory is gone", func() bool { return s.inventory().ResourceVersion == "" && s.value("a") == "gone" })
	s.setting.PruneProtected = true
	d := s.deployment()
	p, err := d.PlanDelete(t.Context())
	if err != nil || len(p.Obstacles) > 0 {
		t.Fatalf("%v %+v", err, p)
	}
	go func() {
		time.Sleep(time.Second)
		live, err := s.c.Get(context.Background(), inventoryMaps, s.ns, "held")
		if err == nil {
			_, _ = s.c.Update(context.Background(), inventoryMaps, s.ns, "held", bytes.Replace(live, []byte(`"example.com/hold"`), nil, 1))
		}
	}()
	if _, err := d.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := s.c.Get(t.Context(), namespaces, "", s.ns); !IsNotFound(err) {
		t.Errorf("the namespace: %v", err)
	}
}
