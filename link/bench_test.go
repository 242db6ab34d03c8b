package link_test

import (
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/link"
)

// meshed declares n services: a Deployment with a sidecar, its configuration with three upstreams, and a headless Service.
const meshed = `
def main(n):
    objects = []
    for i in range(n):
        name = "service-%d" % i
        app = deployment(name, image = "shop/app:v1", ports = {"grpc": 8080}, env = {"LOG_LEVEL": "info"})
        envoy.configure_sidecar(app, env = {"AUTH": "{auth}", "BILLING": "http://{billing}/v1", "CACHE": "{cache}"})
        objects += [
            app,
            envoy.headless_service(app),
            envoy.config_map(name, "auth:9000", envoy.upstream("billing", port = 9200, namespace = "money", timeout = "5s"), "cache:9400"),
        ]
    return objects
`

// plain declares the Deployments and Services alone.
const plain = `
def main(n):
    objects = []
    for i in range(n):
        name = "service-%d" % i
        app = deployment(name, image = "shop/app:v1", ports = {"grpc": 8080}, env = {"LOG_LEVEL": "info"})
        objects += [app, service(name, workload = app)]
    return objects
`

// evaluate returns what main(n) of a file declares.
func evaluate(t testing.TB, env starlark.StringDict, src string, n int) []*typed.Record {
	t.Helper()
	thread := &starlark.Thread{Name: "test"}
	run := typed.NewRun(thread)
	globals, err := starlark.ExecFileOptions(&syntax.FileOptions{}, thread, "deploy.star", src, env)
	if err != nil {
		t.Fatal(err)
	}
	v, err := starlark.Call(thread, globals["main"], starlark.Tuple{starlark.MakeInt(n)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range run.Mistakes() {
		t.Fatal(m.Err)
	}
	list := v.(*starlark.List)
	objects := make([]*typed.Record, list.Len())
	for i := range objects {
		objects[i] = list.Index(i).(*typed.Record)
	}
	return objects
}

const services = 100

func BenchmarkEvaluate(b *testing.B) {
	env := builtins.Predeclared()
	for _, c := range []struct{ name, src string }{{"plain", plain}, {"meshed", meshed}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				evaluate(b, env, c.src, services)
			}
		})
	}
}

func BenchmarkLink(b *testing.B) {
	env := builtins.Predeclared()
	for _, c := range []struct{ name, src string }{{"plain", plain}, {"meshed", meshed}} {
		objects := evaluate(b, env, c.src, services)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, list := link.Link(objects, link.Options{Namespace: "shop"}); len(list) > 0 {
					b.Fatal(list)
				}
			}
		})
	}
}
