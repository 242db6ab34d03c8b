package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
)

const wrong = `
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {serviceAccountName: robot, containers: [{name: A, image: x}], volumes: [{name: v, emptyDir: {}}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {serviceAccountName: robot, containers: [{name: A, image: x}]}}
`

func names(list []Finding) string {
	var s []string
	for _, f := range list {
		s = append(s, f.Object.Name+" "+f.Check)
	}
	return strings.Join(s, ", ")
}

func TestOptions(t *testing.T) {
	set := load(t, wrong)
	a := set.Objects[0]
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"all", Options{}, "a containers, a unused-volume, a reference, b containers, b reference"},
		{"only", Options{Only: []string{"containers"}}, "a containers, b containers"},
		{"none", Options{Only: []string{}}, ""},
		{"skip", Options{Skip: []string{"containers", "unused-volume"}}, "a reference, b reference"},
		{"silenced for one object", Options{Silenced: []Silence{{"reference", a}}}, "a containers, a unused-volume, b containers, b reference"},
		{"silenced for all", Options{Silenced: []Silence{{Check: "reference"}}}, "a containers, a unused-volume, b containers"},
		{"external", Options{External: []External{{Name: "robot"}}}, "a containers, a unused-volume, b containers"},
		{"external of a kind", Options{External: []External{{Kind: "ServiceAccount", Namespace: "shop", Name: "*"}}}, "a containers, a unused-volume, b containers"},
		{"external of another kind", Options{Only: []string{"reference"}, External: []External{{Kind: "Secret", Name: "robot"}}}, "a reference, b reference"},
		{"external elsewhere", Options{Only: []string{"reference"}, External: []External{{Namespace: "other", Name: "robot"}}}, "a reference, b reference"},
	} {
		if got := names(All(set, c.o)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestNamesOfChecks(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range Names() {
		if seen[name] || strings.ToLower(name) != name || strings.ContainsAny(name, " _") {
			t.Errorf("%q is not a good name, or not the only one", name)
		}
		seen[name] = true
		if doc := Doc(name); !strings.HasSuffix(doc, ".") || len(doc) < 40 {
			t.Errorf("%s: a doc is sentences, got %q", name, doc)
		}
	}
	if Doc("nothing") != "" {
		t.Error("a check that is not there has a doc")
	}
}

// A list of more items than one compares with each other.
func TestManyItems(t *testing.T) {
	var env []string
	for i := range 300 {
		env = append(env, fmt.Sprintf("{name: V%d}", i))
	}
	env = append(env, "{name: V3}", "{name: V299}")
	set := load(t, "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, env: ["+strings.Join(env, ", ")+"]}]}}")
	var got []string
	for _, f := range All(set, Options{Only: []string{"duplicate-item"}}) {
		at := func(p kube.Path) int { return p[len(p)-1].Index }
		got = append(got, fmt.Sprint(at(f.Related[0].Path), " ", at(f.Path)))
	}
	if want := []string{"3 300", "299 301"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The same set, the same findings; and looking changes nothing.
func TestSameFindings(t *testing.T) {
	set := load(t, wrong)
	first := print(All(set, Options{}))
	for range 20 {
		if again := print(All(set, Options{})); again != first {
			t.Fatalf("got %s, then %s", first, again)
		}
	}
	if All(&kube.Set{}, Options{}) != nil {
		t.Error("nothing has findings")
	}
}
