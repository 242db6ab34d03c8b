package starctl

import (
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

func TestWishes(t *testing.T) {
	files := fstest.MapFS{
		"lib.star": {Data: []byte(`
shared = apply.leave(config_map("shared", data = {"a": "1"}), 'data["a"]')
`)},
		"deploy.star": {Data: []byte(`
load("./lib.star", "shared")

def main(ctx):
    app = deployment("app", image = "x:v1")
    envoy.configure_sidecar(app)
    config = envoy.config_map("app", "up.money:8080")
    migrate = job("migrate", image = "x:v1")
    apply.leave(app, "spec.replicas", 'spec.template.spec.containers["app"].image')
    apply.take(app, "spec.strategy")
    apply.depends_on(app, [migrate, config])
    apply.depends_on(migrate, namespace("gone"), config_map("gone"))
    apply.replace(migrate)
    vet.silence(app, "upstream-port", reason = "no matter")
    quiet = config_map("quiet", data = {"a": "1"})
    vet.silence(quiet, "reference", reason = "no matter")
    return [app, config, migrate, shared, quiet]
`)},
	}
	p, err := Open(files, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Render(t.Context(), Job{File: "deploy.star", Namespace: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	id := func(group, kind, name string) kube.ID {
		return kube.ID{Group: group, Version: "v1", Kind: kind, Namespace: "shop", Name: name}
	}
	paths := func(list ...string) (out []kube.Path) {
		for _, s := range list {
			path, err := kube.ParsePath(s)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, path)
		}
		return out
	}
	app, migrate := id("apps", "Deployment", "app"), id("batch", "Job", "migrate")
	leave := paths("spec.replicas", `spec.template.spec.containers["app"].image`)
	leave[1][4] = kube.Item(0, "app")
	want := map[kube.ID]plan.Wishes{
		app:     {Leave: leave, Take: paths("spec.strategy"), DependsOn: []kube.ID{migrate, id("", "ConfigMap", "app-envoy")}},
		migrate: {DependsOn: []kube.ID{{Version: "v1", Kind: "Namespace", Name: "gone"}, id("", "ConfigMap", "gone")}, Replace: true},

		id("", "ConfigMap", "shared"): {Leave: paths(`data["a"]`)},
	}
	if !reflect.DeepEqual(r.Wishes, want) {
		t.Errorf("got  %+v\nwant %+v", r.Wishes, want)
	}
	list, obstacles := plan.Prepare(r.Set, r.Wishes, plan.Owner{Set: r.Set.Name, Namespace: "shop"})
	if len(obstacles) > 0 {
		t.Fatal(obstacles)
	}
	for _, x := range list {
		if x.ID == app && (x.Desired.Get("spec", "replicas").Exists() || !x.Desired.Get("spec", "template", "spec", "containers").Exists()) {
			t.Error("what is left to others is sent")
		}
	}
}
