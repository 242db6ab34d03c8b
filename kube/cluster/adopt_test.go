package cluster

import (
	"net/url"
	"testing"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// createAs makes an object as another manager does that knows no server-side apply.
func (s *testSet) createAs(manager string, res Resource, body string) {
	s.t.Helper()
	q := &request{verb: "create", resource: res, namespace: s.ns, contentType: mediaJSON, body: []byte(body), query: url.Values{"fieldManager": {manager}}}
	if _, err := s.c.bytes(s.t.Context(), q); err != nil {
		s.t.Fatal(err)
	}
}

func (s *testSet) live(kind, group, version, name string) kube.Node {
	s.t.Helper()
	n, err := s.deployment().get(s.t.Context(), kube.ID{Group: group, Version: version, Kind: kind, Namespace: s.ns, Name: name})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func changesOf(p *plan.Plan, name string) map[string]string {
	out := map[string]string{}
	for i := range p.Steps {
		if p.Steps[i].ID.Name == name {
			for _, c := range p.Steps[i].Changes {
				out[c.Path.String()] = c.Old.Text() + " -> " + c.New.Text()
			}
		}
	}
	return out
}

func TestRealAdoptKubectl(t *testing.T) {
	s := newSet(t)
	s.createAs("kubectl-client-side-apply", inventoryMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"data":{"k":"theirs","old":"x"}}`)
	s.setting.Adopt = true
	d, p := s.plan(cm("a", "mine"))
	got := changesOf(p, "a")
	if got[`data["k"]`] != "theirs -> mine" || got[`data["old"]`] != "x -> " || !p.Steps[0].Adopted {
		t.Fatalf("the plan shows %v", got)
	}
	if _, err := d.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	live := s.live("ConfigMap", "", "v1", "a")
	if live.Get("data", "old").Exists() || live.Get("data", "k").Str() != "mine" {
		t.Errorf("data: %v", live.Get("data").Text())
	}
	s.setting.Adopt = false
	if _, p := s.plan(cm("a", "mine")); !p.Empty() || len(p.Obstacles) > 0 {
		t.Errorf("after adopting: %+v", p)
	}
}

// TestRealAdoptMeanwhile: a controller writes all the time; only what makes another difference than was shown stops an adoption.
func TestRealAdoptMeanwhile(t *testing.T) {
	for value, shown := range map[string]bool{`{"data":{"seen":"yes"}}`: true, `{"data":{"k":"others"}}`: false} {
		s := newSet(t)
		s.createAs("kubectl-client-side-apply", inventoryMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"data":{"k":"theirs","old":"x"}}`)
		s.setting.Adopt = true
		d, p := s.plan(cm("a", "mine"))
		q := &request{verb: "patch", resource: inventoryMaps, namespace: s.ns, name: "a", contentType: "application/merge-patch+json", body: []byte(value), query: url.Values{"fieldManager": {"somebody"}}}
		if _, err := s.c.bytes(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		_, err := d.Apply(t.Context(), p)
		live := s.live("ConfigMap", "", "v1", "a")
		old, k := live.Get("data", "old").Exists(), live.Get("data", "k").Str()
		if shown && (err != nil || old || k != "mine") || !shown && (err == nil || !old || k != "others") {
			t.Errorf("after %s: error %v, data %v", value, err, live.Get("data").Text())
		}
	}
}

const scaledDeployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"NS"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"w"}},"template":{"metadata":{"labels":{"a":"w"}},"spec":{"containers":[{"name":"c","image":"IMAGE"}]}}}}`

func (s *testSet) scale(name string, replicas string) {
	s.t.Helper()
	res := Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}
	q := &request{verb: "patch", resource: res, namespace: s.ns, name: name, sub: "scale", contentType: "application/merge-patch+json", body: []byte(`{"spec":{"replicas":` + replicas + `}}`), query: url.Values{"fieldManager": {"autoscaler"}}}
	if _, err := s.c.bytes(s.t.Context(), q); err != nil {
		s.t.Fatal(err)
	}
}

func TestRealScaledIsLeft(t *testing.T) {
	s := newSet(t)
	s.apply(scaledDeployment)
	s.scale("w", "5")
	_, p := s.plan(scaledDeployment)
	if len(p.Obstacles) > 0 || len(p.Notes) != 1 || p.Notes[0].Kind != "scaled" {
		t.Fatalf("%+v %+v", p.Obstacles, p.Notes)
	}
	s.apply(scaledDeployment)
	if n, _ := s.live("Deployment", "apps", "v1", "w").Get("spec", "replicas").Int(); n != 5 {
		t.Errorf("got %d replicas, want the 5 of the autoscaler", n)
	}
}

func TestRealAdoptScaled(t *testing.T) {
	s := newSet(t)
	res := Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}
	s.createAs("helm", res, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"w"}},"template":{"metadata":{"labels":{"a":"w"}},"spec":{"containers":[{"name":"c","image":"other"}]}}}}`)
	s.scale("w", "4")
	s.setting.Adopt = true
	_, p := s.plan(scaledDeployment)
	kinds := map[string]bool{}
	for _, n := range p.Notes {
		kinds[n.Kind] = true
	}
	if !kinds["scaled"] || !kinds["taken"] || len(p.Obstacles) > 0 {
		t.Fatalf("%+v %+v", p.Obstacles, p.Notes)
	}
	s.apply(scaledDeployment)
	live := s.live("Deployment", "apps", "v1", "w")
	if n, _ := live.Get("spec", "replicas").Int(); n != 4 {
		t.Errorf("got %d replicas, want the 4 of the autoscaler", n)
	}
	for _, c := range live.Get("spec", "template", "spec", "containers").Items() {
		if c.Get("image").Str() != "IMAGE" {
			t.Error("not adopted")
		}
	}
}

func TestWithoutLeftovers(t *testing.T) {
	parse := func(s string) kube.Node {
		n, err := decode.JSON([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	live := parse(`{"metadata":{"managedFields":[{"manager":"kubectl-client-side-apply","operation":"Update","fieldsV1":{
		"f:spec":{"f:paused":{},"f:both":{},"f:labels":{".":{},"f:a":{},"f:b":{}},"f:gone":{".":{},"f:x":{}},
		"f:list":{"k:{\"name\":\"mine\"}":{".":{},"f:name":{},"f:v":{}},"k:{\"name\":\"old\"}":{".":{},"f:name":{}}}}}}]}}`)
	result := parse(`{"metadata":{"managedFields":[{"manager":"starctl:s","operation":"Apply","fieldsV1":{
		"f:spec":{"f:both":{},"f:labels":{"f:a":{}},"f:list":{"k:{\"name\":\"mine\"}":{".":{},"f:name":{}}}}}}]},
		"spec":{"paused":true,"both":1,"server":2,"labels":{"a":"1","b":"2","c":"3"},"gone":{"x":1},"list":[{"name":"mine","v":1},{"name":"old"},{"name":"other"}]}}`)
	want := parse(`{"both":1,"server":2,"labels":{"a":"1","c":"3"},"list":[{"name":"mine"},{"name":"other"}]}`)
	if got := withoutLeftovers(live, result).Get("spec"); !kube.Equal(got, want) {
		t.Errorf("got %v", got.Text())
	}
}
