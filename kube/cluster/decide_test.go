package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

func TestDifferent(t *testing.T) {
	id := func(name string) kube.ID { return kube.ID{Version: "v1", Kind: "ConfigMap", Name: name} }
	change := func(v string) []plan.Change {
		return []plan.Change{{Path: kube.Fields("data", "k"), Old: kube.OfString("0"), New: kube.OfString(v)}}
	}
	old := &plan.Plan{Steps: []plan.Step{{ID: id("a"), Action: plan.Update, Changes: change("1")}, {ID: id("b"), Action: plan.Delete}}}
	for _, c := range []struct {
		about string
		now   plan.Plan
		want  string
	}{
		{"the same", *old, ""},
		{"less to do", plan.Plan{Steps: []plan.Step{{ID: id("a")}}}, ""},
		{"another value", plan.Plan{Steps: []plan.Step{{ID: id("a"), Action: plan.Update, Changes: change("2")}}}, "ConfigMap a would be changed otherwise"},
		{"another action", plan.Plan{Steps: []plan.Step{{ID: id("a"), Action: plan.Replace, Changes: change("1")}}}, "ConfigMap a would be replaced otherwise"},
		{"more to delete", plan.Plan{Steps: []plan.Step{{ID: id("c"), Action: plan.Delete}}}, "ConfigMap c would be deleted otherwise"},
		{"an obstacle", plan.Plan{Obstacles: []plan.Obstacle{{ID: id("a"), Message: "no"}}}, "ConfigMap a: no"},
	} {
		if got := different(old, &c.now); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
}

func TestWaves(t *testing.T) {
	r := &run{plan: &plan.Plan{Steps: []plan.Step{{After: []int{2}}, {}, {After: []int{1}}, {}, {After: []int{9}}}}}
	var got []string
	for _, w := range r.waves([]int{0, 1, 2, 3, 4}) {
		got = append(got, fmt.Sprint(w))
	}
	if want := []string{"[1 3 4]", "[2]", "[0]"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMass(t *testing.T) {
	for _, c := range []struct {
		declared, owned, deletions int
		allowed, refused           bool
	}{
		{declared: 7, owned: 10, deletions: 3},
		{declared: 6, owned: 10, deletions: 4, refused: true},
		{declared: 6, owned: 10, deletions: 4, allowed: true},
		{declared: 5, owned: 9, deletions: 4},
		{declared: 0, owned: 1, deletions: 1, refused: true},
		{declared: 0, owned: 0, deletions: 0},
		{declared: 0, owned: 1, deletions: 1, allowed: true},
	} {
		entries := map[kube.ID]*Entry{}
		for i := range c.owned {
			entries[kube.ID{Name: string(rune('a' + i))}] = &Entry{}
		}
		d := &Deployment{Settings: Settings{AllowMassPrune: c.allowed}}
		b := &planner{reading: &reading{d: d, entries: entries, prepared: make([]plan.Prepared, c.declared)}}
		b.mass(c.deletions)
		if got := len(b.obstacles) > 0; got != c.refused {
			t.Errorf("%+v: refused: %v", c, got)
		}
	}
}

func TestTakes(t *testing.T) {
	list := []kube.Path{kube.Fields("spec", "replicas"), kube.Fields("spec", "containers").With(kube.Item(0, "app"), kube.Field("image")), kube.Fields("data")}
	for _, c := range []struct {
		path kube.Path
		want bool
	}{
		{kube.Fields("spec", "replicas"), true},
		{kube.Fields("spec", "paused"), false},
		{kube.Fields("spec"), false},
		{kube.Fields("data").With(kube.Key("a")), true},
		{kube.Fields("spec", "containers").With(kube.Item(3, "app"), kube.Field("image")), true},
		{kube.Fields("spec", "containers").With(kube.Item(0, "other"), kube.Field("image")), false},
		{nil, false},
	} {
		if got := takes(list, c.path); got != c.want {
			t.Errorf("%s: got %v", c.path, got)
		}
	}
}

func TestEntryExpects(t *testing.T) {
	for _, c := range []struct {
		about string
		step  plan.Step
		want  Entry
	}{
		{"made", plan.Step{Action: plan.Create}, Entry{State: Intended}},
		{"made anew", plan.Step{Action: plan.Replace, UID: "u1"}, Entry{State: Intended}},
		{"changed", plan.Step{Action: plan.Update, UID: "u2"}, Entry{UID: "u2"}},
	} {
		e := Entry{UID: "u1"}
		if e.expect(&c.step); e != c.want {
			t.Errorf("%s: got %+v, want %+v", c.about, e, c.want)
		}
	}
}
