package cluster

import (
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
)

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		about string
		e     StatusError
		want  []Cause
	}{
		{
			"causes",
			StatusError{Message: "m", Causes: []Cause{{Type: "FieldValueInvalid", Field: "spec.replicas", Message: "too few"}, {Field: "<nil>", Message: "whole"}}},
			[]Cause{{Field: "spec.replicas", Message: "too few"}, {Message: "whole"}},
		},
		{
			"one typo",
			StatusError{Message: `failed to create typed patch object (ns/w; apps/v1, Kind=Deployment): .spec.containers[name="c"].imgae: field not declared in schema`},
			[]Cause{{Field: `.spec.containers[name="c"].imgae`, Message: "no such field"}},
		},
		{
			"two typos",
			StatusError{Message: "failed to create typed patch object (ns/w; apps/v1, Kind=Deployment): errors:\n  .spec.foo: field not declared in schema\n  .spec.replicas: expected numeric (int or float), got string"},
			[]Cause{{Field: ".spec.foo", Message: "no such field"}, {Field: ".spec.replicas", Message: "expected numeric (int or float), got string"}},
		},
		{
			"strict",
			StatusError{Message: `Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.template.spec.containers[0].imgae", duplicate field "spec.x"`},
			[]Cause{{Field: "spec.template.spec.containers[0].imgae", Message: "no such field"}, {Field: "spec.x", Message: "declared twice"}},
		},
		{"other", StatusError{Message: "no idea"}, []Cause{{Message: "no idea"}}},
	} {
		if got := faults(&c.e); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.about, got, c.want)
		}
	}
}

// All that a server refuses is at its place, in one plan.
func TestRealTypos(t *testing.T) {
	s := newSet(t)
	vary := func(name, old, new string) string {
		return strings.ReplaceAll(strings.ReplaceAll(scaledDeployment, old, new), `"name":"w"`, `"name":"`+name+`"`)
	}
	_, p := s.plan(
		vary("a", `"image"`, `"imgae"`), vary("b", `"replicas":2`, `"replicas":"x"`), vary("c", `"replicas":2`, `"replicas":-2`),
		vary("d", `"replicas":2`, `"replicas":2,"foo":{"bar":1}`), `{"apiVersion":"apps/v1","kind":"Deploymnt","metadata":{"name":"e","namespace":"NS"}}`,
	)
	want := []string{
		`a spec.template.spec.containers["c"].imgae no such field`, "b spec.replicas expected numeric (int or float), got string",
		"c spec.replicas Invalid value: -2: must be greater than or equal to 0", "d spec.foo no such field",
		"e kind the cluster has no Deploymnt in apps/v1; did you mean Deployment?",
	}
	var got []string
	for _, o := range p.Obstacles {
		got = append(got, o.ID.Name+" "+o.Path.String()+" "+o.Message)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if live, err := s.deployment().get(t.Context(), kube.ID{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: s.ns, Name: "d"}); !IsNotFound(err) {
		t.Errorf("a plan has written something: %v, %v", live.Text(), err)
	}
}
