package cluster

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

func fixed(name, value string) string {
	return `{"apiVersion":"v1","kind":"ConfigMap","immutable":true,"metadata":{"name":"` + name + `","namespace":"NS"},"data":{"k":"` + value + `"}}`
}

func (s *testSet) wish(name string, w plan.Wishes) {
	s.wishes = map[kube.ID]plan.Wishes{{Version: "v1", Kind: "ConfigMap", Namespace: s.ns, Name: name}: w}
}

func TestRealReplace(t *testing.T) {
	s := newSet(t)
	s.apply(fixed("a", "1"))
	uid := uidOf(s.live("ConfigMap", "", "v1", "a"))
	_, p := s.plan(fixed("a", "2"))
	if len(p.Obstacles) != 1 || p.Obstacles[0].Kind != "immutable" || !strings.Contains(p.Obstacles[0].Help[0], "apply.replace") {
		t.Fatalf("%+v", p.Obstacles)
	}
	s.wish("a", plan.Wishes{Replace: true})
	r := s.apply(fixed("a", "2"))
	if r.Counts[plan.Replace] != 1 || s.value("a") != "2" {
		t.Fatalf("%+v", r)
	}
	now := uidOf(s.live("ConfigMap", "", "v1", "a"))
	if now == uid || s.inventory().Entries[0].UID != now {
		t.Error("not made anew, or not known")
	}
}

// Servers refuse changes in many words. Whatever they are, a replacement that the file allows is made if the new object is taken; and what
// would be refused in any case is reported as a mistake in the file.
func TestRealReplaceWhatMayNotChange(t *testing.T) {
	s := newSet(t)
	binding := func(role string) string {
		return `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"a","namespace":"NS"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"` + role + `"}}`
	}
	service := func(spec string) string {
		return `{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"NS"},"spec":{"ports":[{"port":80}],` + spec + `}}`
	}
	job := func(image string) string {
		return `{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a","namespace":"NS"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"` + image + `"}]}}}}`
	}
	class := func(value string) string {
		return `{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"NS"},"value":` + value + `}`
	}
	s.apply(binding("a"), service(`"clusterIP":"None"`), job("a"), class("1"))
	t.Cleanup(func() { s.deleteAll() })
	s.setting.NoWait = true
	now := []string{binding("b"), service(`"type":"LoadBalancer"`), job("b"), class("2")}
	_, p := s.plan(now...)
	var kinds []string
	for _, o := range p.Obstacles {
		kinds = append(kinds, o.ID.Kind+" "+o.Kind)
	}
	slices.Sort(kinds)
	if want := []string{"Job immutable", "PriorityClass immutable", "RoleBinding immutable", "Service invalid"}; !slices.Equal(kinds, want) {
		t.Errorf("got %q, want %q", kinds, want)
	}
	s.wishes = map[kube.ID]plan.Wishes{}
	for _, o := range s.deployment(now...).Set.Objects {
		s.wishes[o.ID] = plan.Wishes{Replace: true}
	}
	// The same plan twice: what a server makes up is not in it, so that a saved one can be carried out.
	_, p = s.plan(now...)
	_, again := s.plan(now...)
	var b bytes.Buffer
	if err := plan.Save(&b, p); err != nil {
		t.Fatal(err)
	}
	saved, err := plan.Load(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := saved[0].Matches(again); err != nil {
		t.Errorf("the plan made again: %v", err)
	}
	if r := s.apply(now...); r.Counts[plan.Replace] != 4 {
		t.Errorf("%+v", r.Counts)
	}
	_, p = s.plan(binding("b"), service(`"type":"LoadBalancer","sessionAffinity":"No"`), job("b"), class("2"))
	if len(p.Obstacles) != 1 || p.Obstacles[0].Kind != "invalid" || p.Obstacles[0].Path.String() != "spec.sessionAffinity" {
		t.Errorf("a mistake in the file: %+v", p.Obstacles)
	}
}

func (s *testSet) deleteAll() {
	s.t.Helper()
	d := s.deployment()
	p, err := d.PlanDelete(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := d.Delete(context.Background(), p); err != nil {
		s.t.Error(err)
	}
}

// A run that ends between the write of an object and the next write of the inventory leaves an object whose uid nobody has
// stored: it is the set's all the same, also where an earlier object of that name had another uid.
func TestRealKilledBeforeUIDIsStored(t *testing.T) {
	for _, what := range []string{"made again", "replaced"} {
		t.Run(what, func(t *testing.T) {
			s := newSet(t)
			s.apply(fixed("a", "1"))
			s.wish("a", plan.Wishes{Replace: true})
			if what == "made again" {
				if err := s.c.Delete(t.Context(), inventoryMaps, s.ns, "a", Preconditions{}); err != nil {
					t.Fatal(err)
				}
			}
			d, p := s.plan(fixed("a", "2"))
			r, err := d.begin(t.Context(), p, "apply")
			if err != nil {
				t.Fatal(err)
			}
			if err := r.write(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			r.lease.stop() // as if it were killed: nothing is stored any more
			<-r.lease.done
			_, p = s.plan(fixed("a", "2"))
			if len(p.Obstacles) > 0 || !p.Empty() {
				t.Errorf("%+v %+v", p.Obstacles, p.Steps)
			}
		})
	}
}

func TestRealTakesOnlyWhatIsListed(t *testing.T) {
	s := newSet(t)
	two := func(a, b string) string {
		return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"NS"},"data":{"k":"` + a + `","l":"` + b + `"}}`
	}
	s.apply(two("1", "1"))
	theirs := func(body string) {
		t.Helper()
		_, err := s.c.Apply(t.Context(), inventoryMaps, s.ns, "a", []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":`+body+`}`), ApplyOptions{Manager: "argocd", Force: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	theirs(`{"k":"theirs","l":"theirs"}`)
	s.wish("a", plan.Wishes{Take: []kube.Path{kube.Fields("data", "k")}})
	_, p := s.plan(two("2", "2"))
	if len(p.Obstacles) != 1 || p.Obstacles[0].Path.String() != `data["l"]` {
		t.Fatalf("%+v", p.Obstacles)
	}

	// What others come to own after the plan was made is not taken, though the change of the value would be the same.
	s.wish("a", plan.Wishes{Take: []kube.Path{kube.Fields("data", "k"), kube.Fields("data", "l")}})
	s.apply(two("2", "2"))
	s.wish("a", plan.Wishes{Take: []kube.Path{kube.Fields("data", "k")}})
	d, p := s.plan(two("3", "3"))
	theirs(`{"l":"2"}`)
	_, err := d.Apply(t.Context(), p)
	if err == nil || !strings.Contains(err.Error(), `changed since the plan was shown by argocd: now this would change: data["k"] (2 -> 3), data["l"] (2 -> 3)`) {
		t.Errorf("got %v", err)
	}
	if live := s.live("ConfigMap", "", "v1", "a"); live.Get("data", "l").Str() != "2" {
		t.Error("a field of others was taken that the file does not list")
	}
}

func TestRealInterrupted(t *testing.T) {
	s := newSet(t)
	var objects []string
	for _, n := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd ee ff gg hh ii jj kk") {
		objects = append(objects, cm(n, "1"))
	}
	d, p := s.plan(objects...)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	d.Observer = func(e Event) {
		if e.Kind == Created {
			interrupt()
		}
	}
	r, err := d.Apply(ctx, p)
	var f *Failure
	if !errors.As(err, &f) || f.Verdict != Interrupted || r == nil {
		t.Fatalf("%v, %+v", err, r)
	}
	if len(f.Help) != 2 || !strings.HasPrefix(f.Help[0], "not written: ConfigMap ") || !strings.Contains(f.Help[0], " more") {
		t.Errorf("what was not done is said so: %q", f.Help)
	}
	if n := r.Counts[plan.Create]; n == 0 || n == len(objects) || n+len(r.Undone) != len(objects) {
		t.Errorf("%d created and %d not, of %d", n, len(r.Undone), len(objects))
	}
	inv := s.inventory()
	written := 0
	for _, e := range inv.Entries {
		if e.State == Present && e.UID != "" {
			written++
		}
	}
	if inv.Op != nil || len(inv.Entries) != len(objects) || written != r.Counts[plan.Create] {
		t.Errorf("the inventory has %d entries, %d of them written, run %v", len(inv.Entries), written, inv.Op)
	}
	if r := s.apply(objects...); len(r.Undone) > 0 {
		t.Errorf("the next run left undone: %v", r.Undone)
	}
}
