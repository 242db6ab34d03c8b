package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/plan"
)

// testSet is a set of objects given as JSON, in a namespace of its own.
type testSet struct {
	t       *testing.T
	c       *Client
	ns      string
	heard   *heard
	wishes  map[kube.ID]plan.Wishes
	setting Settings
}

func newSet(t *testing.T) *testSet {
	t.Helper()
	c, h := testClient(t, "admin")
	return &testSet{t: t, c: c, ns: testSpace(t, c), heard: h, setting: Settings{Timeout: 30 * time.Second, NoWait: true}}
}

func (s *testSet) deployment(objects ...string) *Deployment {
	s.t.Helper()
	set := &kube.Set{Name: "shop.test", Namespace: s.ns}
	for _, text := range objects {
		n, err := decode.JSON([]byte(strings.ReplaceAll(text, "NS", s.ns)))
		if err != nil {
			s.t.Fatal(err)
		}
		set.Objects = append(set.Objects, kube.NewObject(n, nil))
	}
	d := &Deployment{Client: s.c, Set: set, Wishes: s.wishes, Settings: s.setting}
	d.Observer = s.heard.add
	return d
}

func (s *testSet) plan(objects ...string) (*Deployment, *plan.Plan) {
	s.t.Helper()
	d := s.deployment(objects...)
	p, err := d.Plan(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return d, p
}

func (s *testSet) apply(objects ...string) *Report {
	s.t.Helper()
	d, p := s.plan(objects...)
	for _, o := range p.Obstacles {
		s.t.Errorf("obstacle: %s: %s: %s", o.ID, o.Path, o.Message)
	}
	r, err := d.Apply(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *testSet) inventory() *Inventory {
	s.t.Helper()
	inv, err := s.c.ReadInventory(s.t.Context(), s.deployment().owner())
	if err != nil {
		s.t.Fatal(err)
	}
	return inv
}

func cm(name, value string) string {
	return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"` + name + `","namespace":"NS"},"data":{"k":"` + value + `"}}`
}

func (s *testSet) value(name string) string {
	s.t.Helper()
	live, err := s.deployment().get(s.t.Context(), kube.ID{Version: "v1", Kind: "ConfigMap", Namespace: s.ns, Name: name})
	if IsNotFound(err) {
		return "gone"
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return live.Get("data", "k").Str()
}

func TestRealApplyUpdatePrune(t *testing.T) {
	s := newSet(t)
	r := s.apply(cm("a", "1"), cm("b", "1"))
	if r.Counts[plan.Create] != 2 || s.value("a") != "1" {
		t.Fatalf("first apply: %+v", r)
	}
	inv := s.inventory()
	if len(inv.Entries) != 2 || inv.Op != nil || inv.Entries[0].UID == "" || inv.Entries[0].State != Present {
		t.Fatalf("inventory after the first apply: %+v", inv)
	}
	d, p := s.plan(cm("a", "1"), cm("b", "1"))
	if !p.Empty() || len(p.Steps) != 2 {
		t.Fatalf("nothing has changed, but: %+v", p.Steps)
	}
	if _, err := d.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if now := s.inventory(); now.ResourceVersion != inv.ResourceVersion {
		t.Error("an apply without changes has written the inventory")
	}
	r = s.apply(cm("a", "2"), cm("c", "1"))
	if r.Counts[plan.Create] != 1 || r.Counts[plan.Update] != 1 || r.Counts[plan.Delete] != 1 {
		t.Fatalf("second apply: %+v", r.Counts)
	}
	if s.value("a") != "2" || s.value("b") != "gone" || s.value("c") != "1" {
		t.Errorf("a=%s b=%s c=%s", s.value("a"), s.value("b"), s.value("c"))
	}
	if inv := s.inventory(); len(inv.Entries) != 2 || inv.find(kube.ID{Kind: "ConfigMap", Namespace: s.ns, Name: "b"}) != nil {
		t.Errorf("inventory after the second apply: %+v", inv.Entries)
	}
}

// A custom resource that uses what its definition in the set is about to bring cannot be tried by the server: what the plan shows is what
// happens all the same.
func TestRealRedefinedPrediction(t *testing.T) {
	s := newSet(t)
	group := s.ns + ".example.com"
	crd := func(more string) string {
		return `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.` + group + `"},"spec":{"group":"` + group + `","scope":"Namespaced","names":{"kind":"Thing","plural":"things"},
			"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{` + more + `
			"mode":{"type":"string","default":"fast"},"gone":{"type":"string"},"reset":{"type":"integer","default":3},
			"hosts":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
			"rules":{"type":"array","items":{"type":"object","properties":{"path":{"type":"string","default":"/"},"weight":{"type":"integer"}}}},
			"limits":{"type":"object","additionalProperties":{"type":"object","properties":{"max":{"type":"integer","default":9},"min":{"type":"integer"}}}},
			"listeners":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name","port"],"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"port":{"type":"integer","default":80},"tls":{"type":"object","default":{},"properties":{"mode":{"type":"string","default":"on"}}}}}}}}}}}}]}}`
	}
	thing := func(spec string) string {
		return `{"apiVersion":"` + group + `/v1","kind":"Thing","metadata":{"name":"a","namespace":"NS"},"spec":{` + spec + `}}`
	}
	s.apply(crd(""), thing(`"gone":"x","reset":5,"hosts":["b","a"],"rules":[{"weight":1},{}],"limits":{"a":{"min":1},"b":{}},"listeners":[{"name":"a"},{"name":"b","port":81},{"name":"a","port":443}]`))
	t.Cleanup(func() {
		s.setting.PruneProtected = true
		s.deleteAll()
	})
	now := []string{
		crd(`"extra":{"type":"string"},"news":{"type":"string","default":"n"},`),
		thing(`"extra":"mine","hosts":["a","c"],"rules":[{"weight":2}],"limits":{"a":{"max":1},"c":{}},"listeners":[{"name":"a","port":443},{"name":"a"},{"name":"c"}]`),
	}
	before := s.live("Thing", group, "v1", "a")
	d, p := s.plan(now...)
	if len(p.Obstacles) > 0 || !p.Steps[1].Later {
		t.Fatalf("%+v", p.Obstacles)
	}
	if _, err := d.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	shown, done := lines(p.Steps[1].Changes), lines(d.comparer.Compare(before, s.live("Thing", group, "v1", "a")))
	if !slices.Equal(shown, done) {
		t.Errorf("shown was\n%s\ndone is\n%s", strings.Join(shown, "\n"), strings.Join(done, "\n"))
	}
}

func lines(changes []plan.Change) []string {
	var list []string
	for _, c := range changes {
		list = append(list, fmt.Sprintf("%s: %s -> %s", c.Path, encode.AppendJSON(nil, c.Old, 0), encode.AppendJSON(nil, c.New, 0)))
	}
	slices.Sort(list)
	return list
}

// What is declared with a namespace and has none in the cluster, or the other way round, is said to be so, with its place.
func TestRealMisplaced(t *testing.T) {
	s := newSet(t)
	group := s.ns + ".example.com"
	crd := func(kind, scope string) string {
		plural := strings.ToLower(kind) + "s"
		return `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"` + plural + `.` + group + `"},"spec":{"group":"` + group + `","scope":"` + scope +
			`","names":{"kind":"` + kind + `","plural":"` + plural + `"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`
	}
	s.apply(crd("Narrow", "Namespaced"), crd("Wide", "Cluster"))
	t.Cleanup(func() {
		s.setting.PruneProtected = true
		s.deleteAll()
	})
	_, p := s.plan(crd("Narrow", "Namespaced"), crd("Wide", "Cluster"), cm("a", "1"),
		`{"apiVersion":"`+group+`/v1","kind":"Narrow","metadata":{"name":"n"}}`, `{"apiVersion":"`+group+`/v1","kind":"Wide","metadata":{"name":"w","namespace":"NS"}}`)
	got := map[string]string{}
	for _, o := range p.Obstacles {
		got[o.ID.Kind+" "+o.Kind] = o.Help[0]
	}
	if len(got) != 2 || !strings.HasSuffix(got["Narrow scope"], "namespaced = True") || !strings.HasSuffix(got["Wide scope"], "namespaced = False") {
		t.Errorf("got %v", got)
	}
	if p.Count(plan.Create) != 1 || p.Count(plan.Unchanged) != 2 {
		t.Errorf("the others are planned: %+v", p.Steps)
	}
}

func TestRealExistsAndAdopt(t *testing.T) {
	s := newSet(t)
	if _, err := s.c.Create(t.Context(), inventoryMaps, s.ns, "a", configMap("a", "theirs")); err != nil {
		t.Fatal(err)
	}
	_, p := s.plan(cm("a", "mine"), cm("b", "1"))
	if len(p.Obstacles) != 1 || p.Obstacles[0].Kind != "exists" {
		t.Fatalf("obstacles: %+v", p.Obstacles)
	}
	if s.value("b") != "gone" || s.value("a") != "theirs" {
		t.Fatal("a plan has written something")
	}
	s.setting.Adopt = true
	if r := s.apply(cm("a", "mine"), cm("b", "1")); r.Counts[plan.Update] != 1 {
		t.Errorf("%+v", r.Counts)
	}
	if s.value("a") != "mine" {
		t.Error("not adopted")
	}
	s.setting.Adopt = false
	if _, p := s.plan(cm("a", "mine"), cm("b", "1")); !p.Empty() || len(p.Obstacles) > 0 {
		t.Errorf("after adopting: %+v %+v", p.Steps, p.Obstacles)
	}
}

func TestRealConflict(t *testing.T) {
	s := newSet(t)
	s.apply(cm("a", "1"))
	body := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"theirs"}}`)
	if _, err := s.c.Apply(t.Context(), inventoryMaps, s.ns, "a", body, ApplyOptions{Manager: "argocd", Force: true}); err != nil {
		t.Fatal(err)
	}
	_, p := s.plan(cm("a", "2"))
	if len(p.Obstacles) != 1 || p.Obstacles[0].Kind != "conflict" || p.Obstacles[0].Path.String() != `data["k"]` || p.Obstacles[0].Help[0] != `leave it to them: apply.leave(object, 'data["k"]')` ||
		!strings.Contains(p.Obstacles[0].Message, "declared 2, but argocd owns it (theirs, since 20") {
		t.Fatalf("obstacles: %+v", p.Obstacles)
	}
	id := kube.ID{Version: "v1", Kind: "ConfigMap", Namespace: s.ns, Name: "a"}
	s.wishes = map[kube.ID]plan.Wishes{id: {Take: []kube.Path{kube.Fields("data", "k")}}}
	s.apply(cm("a", "2"))
	if s.value("a") != "2" {
		t.Error("not taken")
	}
	if _, p := s.plan(cm("a", "2")); !p.Empty() {
		t.Errorf("after taking: %+v", p.Steps)
	}
}

func TestRealDrift(t *testing.T) {
	s := newSet(t)
	s.apply(cm("a", "1"), cm("b", "1"))
	d, p := s.plan(cm("a", "2"), cm("b", "2"))
	body := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"other":"theirs"}}`)
	if _, err := s.c.Apply(t.Context(), inventoryMaps, s.ns, "a", body, ApplyOptions{Manager: "argocd"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Apply(t.Context(), p); err != nil {
		t.Fatalf("a foreign field does not change what was approved: %v", err)
	}
	d, p = s.plan(cm("a", "3"), cm("b", "2"))
	body = []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"3"}}`)
	if _, err := s.c.Apply(t.Context(), inventoryMaps, s.ns, "a", body, ApplyOptions{Manager: "argocd", Force: true}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Apply(t.Context(), p)
	var drift *Drift
	if !errors.As(err, &drift) {
		t.Fatalf("the object was changed since: %v", err)
	}
}

// A field that is taken whoever owns it never conflicts: its value tells that somebody changed it after the plan was shown.
func TestRealDriftOfATakenField(t *testing.T) {
	s := newSet(t)
	s.apply(cm("a", "1"))
	id := kube.ID{Version: "v1", Kind: "ConfigMap", Namespace: s.ns, Name: "a"}
	s.wishes = map[kube.ID]plan.Wishes{id: {Take: []kube.Path{kube.Fields("data").With(kube.Key("k"))}}}
	d, p := s.plan(cm("a", "2"))
	body := []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"theirs"}}`)
	if _, err := s.c.Apply(t.Context(), inventoryMaps, s.ns, "a", body, ApplyOptions{Manager: "argocd", Force: true}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Apply(t.Context(), p)
	if _, ok := errors.AsType[*Drift](err); !ok || s.value("a") != "theirs" {
		t.Fatalf("the field was changed since: got %v, and the value %s", err, s.value("a"))
	}
}

func TestRealDeletedMeanwhile(t *testing.T) {
	s := newSet(t)
	s.apply(cm("a", "1"))
	d, p := s.plan(cm("a", "2"))
	if err := s.c.Delete(t.Context(), inventoryMaps, s.ns, "a", Preconditions{}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Apply(t.Context(), p)
	if err == nil || !strings.Contains(err.Error(), "not brought back") || s.value("a") != "gone" {
		t.Fatalf("%v, %s", err, s.value("a"))
	}
	s.apply(cm("a", "2"))
	if s.value("a") != "2" {
		t.Error("a new plan makes it again")
	}
}

func TestRealMadeMeanwhile(t *testing.T) {
	s := newSet(t)
	d, p := s.plan(cm("a", "1"))
	if _, err := s.c.Create(t.Context(), inventoryMaps, s.ns, "a", configMap("a", "theirs")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Apply(t.Context(), p); err == nil || !strings.Contains(err.Error(), "made by somebody else") || s.value("a") != "theirs" {
		t.Fatalf("%v, %s", err, s.value("a"))
	}
}

func TestRealMassPrune(t *testing.T) {
	s := newSet(t)
	s.apply(cm("a", "1"))
	if _, p := s.plan(); len(p.Obstacles) != 1 || p.Obstacles[0].Kind != "mass-prune" {
		t.Fatalf("%+v", p.Obstacles)
	}
	s.setting.AllowMassPrune = true
	s.apply()
	if s.value("a") != "gone" {
		t.Error("still there")
	}
}

func TestRealInventoryLost(t *testing.T) {
	s := newSet(t)
	s.apply(cm("a", "1"), cm("b", "1"))
	name := s.deployment().owner().Inventory()
	if err := s.c.Delete(t.Context(), inventoryMaps, s.ns, name, Preconditions{}); err != nil {
		t.Fatal(err)
	}
	s.apply(cm("a", "1"))
	if s.value("b") != "1" {
		t.Fatal("deleted without knowing")
	}
	if inv := s.inventory(); len(inv.Entries) != 2 {
		t.Fatalf("%+v", inv.Entries)
	}
	s.apply(cm("a", "1"))
	if s.value("b") != "gone" {
		t.Error("the second run knows, and deletes")
	}
}

func TestRealNamespaceAndCustomResource(t *testing.T) {
	s := newSet(t)
	ns := s.ns + "-own"
	crd := `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"tests.` + s.ns + `.example"},"spec":{"group":"` + s.ns + `.example","names":{"kind":"Test","plural":"tests"},"scope":"Namespaced","versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer"}}}}}}}]}}`
	custom := `{"apiVersion":"` + s.ns + `.example/v1","kind":"Test","metadata":{"name":"t","namespace":"` + ns + `"},"spec":{"n":1}}`
	space := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"` + ns + `"}}`
	t.Cleanup(func() {
		_ = s.c.Delete(context.Background(), namespaces, "", ns, Preconditions{})
		crds := Resource{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition", Name: "customresourcedefinitions"}
		_ = s.c.Delete(context.Background(), crds, "", "tests."+s.ns+".example", Preconditions{})
	})
	r := s.apply(custom, crd, space)
	if r.Counts[plan.Create] != 3 {
		t.Fatalf("%+v", r)
	}
	if _, p := s.plan(custom, crd, space); !p.Empty() {
		for _, st := range p.Steps {
			t.Errorf("%s %s %v", st.ID, st.Action, st.Changes)
		}
	}
}

// A kind that the file of kinds has, and that was deleted since, is a kind that comes with the set.
func TestRealKindIsGone(t *testing.T) {
	s := newSet(t)
	group := s.ns + ".example"
	crd := `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"tests.` + group + `"},"spec":{"group":"` + group + `","names":{"kind":"Test","plural":"tests"},"scope":"Namespaced","versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`
	custom := `{"apiVersion":"` + group + `/v1","kind":"Test","metadata":{"name":"t","namespace":"NS"}}`
	s.setting.PruneProtected, s.setting.AllowMassPrune = true, true
	defer s.apply()
	s.apply(crd, custom)
	s.apply()
	stale := Resource{Group: group, Version: "v1", Kind: "Test", Name: "tests", Namespaced: true}
	s.c.discovery.mu.Lock()
	s.c.discovery.known.Resources = append(s.c.discovery.known.Resources, stale)
	s.c.store(s.c.discovery.known)
	s.c.discovery.known, s.c.discovery.asked = nil, time.Time{}
	s.c.discovery.mu.Unlock()
	if cat := s.c.load(); cat == nil || !slices.ContainsFunc(cat.Resources, func(r Resource) bool { return r.Group == group }) {
		t.Fatal("the file of kinds does not have the kind")
	}
	if r := s.apply(crd, custom); r.Counts[plan.Create] != 2 {
		t.Errorf("got %+v, want 2 created", r.Counts)
	}
}

// The account that the cluster makes in each namespace is nobody's: a set may declare it, also with the namespace.
func TestRealDefaultAccount(t *testing.T) {
	s := newSet(t)
	ns := s.ns + "-own"
	s.setting.PruneProtected, s.setting.AllowMassPrune = true, true
	account := func(ns string) string {
		return `{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default","namespace":"` + ns + `"},"imagePullSecrets":[{"name":"registry"}]}`
	}
	objects := []string{`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"` + ns + `"}}`, account("NS"), account(ns)}
	defer s.apply()
	if r := s.apply(objects...); r.Counts[plan.Create]+r.Counts[plan.Update] != 3 {
		t.Errorf("got %+v, want 3 written", r.Counts)
	}
	for _, ns := range []string{s.ns, ns} {
		live, err := s.deployment().get(t.Context(), kube.ID{Version: "v1", Kind: "ServiceAccount", Namespace: ns, Name: "default"})
		if err != nil || live.Get("imagePullSecrets").Len() != 1 {
			t.Errorf("the account in %s is not as declared: %v", ns, err)
		}
	}
	if _, p := s.plan(objects...); !p.Empty() {
		t.Error("it is not as declared")
	}
}

// A set without objects that was never applied leaves nothing behind.
func TestRealNothingToStore(t *testing.T) {
	s := newSet(t)
	s.apply()
	if inv := s.inventory(); inv.ResourceVersion != "" {
		t.Error("an inventory of nothing was stored")
	}
	s.apply(cm("a", "1"))
	s.setting.AllowMassPrune = true
	s.apply()
	if inv := s.inventory(); len(inv.Entries) > 0 || s.value("a") != "gone" {
		t.Errorf("got %v", inv.Entries)
	}
}

func TestRealDelete(t *testing.T) {
	s := newSet(t)
	s.apply(cm("a", "1"), cm("b", "1"))
	d := s.deployment(cm("a", "1"), cm("b", "1"))
	p, err := d.PlanDelete(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Delete(t.Context(), p)
	if err != nil || r.Counts[plan.Delete] != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	if s.value("a") != "gone" || s.inventory().ResourceVersion != "" {
		t.Error("something is left")
	}
	if list, err := d.History(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("history: %v, %v", list, err)
	}
}

func TestRealRollback(t *testing.T) {
	s := newSet(t)
	secret := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"NS"},"data":{"p":"aHVudGVyMg=="}}`
	s.apply(cm("a", "1"), cm("b", "1"), secret)
	s.apply(cm("a", "2"), secret)
	d := s.deployment(cm("a", "2"), secret)
	list, err := d.History(t.Context())
	if err != nil || len(list) != 2 || list[0].Number != 2 || list[0].Verdict != Done || list[0].Counts[plan.Delete] != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	p, err := d.PlanRollback(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if p.Count(plan.Create) != 1 || p.Count(plan.Update) != 1 || p.Count(plan.Delete) != 0 {
		t.Fatalf("%+v", p.Steps)
	}
	r, err := d.Apply(t.Context(), p)
	if err != nil || r.Revision != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	if s.value("a") != "1" || s.value("b") != "1" {
		t.Errorf("a=%s b=%s", s.value("a"), s.value("b"))
	}
	rev, err := d.Revision(t.Context(), 1)
	if err != nil || len(rev.Objects) != 3 {
		t.Fatalf("%+v, %v", rev, err)
	}
	for _, o := range rev.Objects {
		if o.Get("data", "p").Str() != "" {
			t.Error("the history holds what a Secret does")
		}
	}
}

func TestRealInventoryCorrupt(t *testing.T) {
	s := newSet(t)
	secret := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"NS"},"data":{"p":"aHVudGVyMg=="}}`
	s.apply(cm("a", "1"), secret)
	owner := s.deployment().owner()
	patch := []byte(`[{"op":"replace","path":"/binaryData/inventory","value":"bm9uc2Vuc2U="}]`)
	if _, err := s.c.JSONPatch(t.Context(), inventoryMaps, s.ns, owner.Inventory(), patch); err != nil {
		t.Fatal(err)
	}
	_, p := s.plan(cm("a", "1"))
	if p.Count(plan.Delete) != 0 || len(p.Notes) != 2 {
		t.Fatalf("%+v, %+v", p.Steps, p.Notes)
	}
	s.apply(cm("a", "1"))
	if inv := s.inventory(); len(inv.Entries) != 2 || inv.find(kube.ID{Kind: "Secret", Namespace: s.ns, Name: "s"}) == nil {
		t.Fatalf("a kind that is not declared any more was not found: %+v", inv.Entries)
	}
	s.setting.AllowMassPrune = true
	s.apply(cm("a", "1"))
	if inv := s.inventory(); len(inv.Entries) != 1 {
		t.Errorf("%+v", inv.Entries)
	}
}

func TestRealShards(t *testing.T) {
	s := newSet(t)
	inv := &Inventory{Owner: s.deployment().owner()}
	for i := range 40_000 {
		e := entryOf(kube.ID{Version: "v1", Kind: "ConfigMap", Namespace: s.ns, Name: "n-" + newID()}, time.Now())
		e.UID, e.Hash = newID()+newID(), newID()
		_ = i
		inv.Entries = append(inv.Entries, e)
	}
	if err := s.c.swap(t.Context(), inv); err != nil {
		t.Fatal(err)
	}
	first := inv.shards
	if len(first) < 2 {
		t.Fatalf("shards: %v", first)
	}
	now := s.inventory()
	if len(now.Entries) != len(inv.Entries) || now.Entries[39_999].UID != inv.Entries[39_999].UID {
		t.Fatalf("%d entries came back", len(now.Entries))
	}
	now.Entries = now.Entries[:10]
	if err := s.c.swap(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.c.Get(t.Context(), inventoryMaps, s.ns, first[0]); !IsNotFound(err) {
		t.Errorf("a part that nothing names stayed behind: %v", err)
	}
	if got := s.inventory(); len(got.Entries) != 10 {
		t.Errorf("%d entries", len(got.Entries))
	}
}
