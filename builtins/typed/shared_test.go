package typed

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
)

// TestShared: frozen values are read, copied and put into others on many threads at once; the race detector watches.
func TestShared(t *testing.T) {
	g, bad, err := eval(t, `
base = apps.Deployment(
    metadata = {"name": "base", "labels": {"a": "b"}, "annotations": {str(i): "x" for i in range(40)}},
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [{"name": "a", "image": "x", "env": [{"name": "E", "value": "1"}]}]}}},
)
base.spec.replicas = 3
container = base.spec.template.spec.containers[0]
labels = base.metadata.labels

def read(d):
    d.spec.template.spec.volumes
    d.status.conditions
    return [d.metadata.annotations["7"], [k for k in d.metadata.labels], len(d.spec.template.spec.containers), str(d), d == base, hasattr(d, "spec"), d.metadata.labels.items()]
`)
	if err != nil || bad != nil {
		t.Fatal(err, bad)
	}
	g.Freeze()
	want := yaml(t, g["base"])
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			src := `
def f():
    for i in range(50):
        r = read(base)
        d = apps.Deployment(metadata = {"name": "mine", "labels": labels}, spec = base.spec)
        d.metadata.namespace = "n%d" % i
        p = core.PodSpec(containers = [container])
        p.containers.append({"name": "b"})
        equal(r[0], "x")
        c = copy(base)
        c.spec.template.spec.containers[0].image = "y"
        c.metadata.annotations["z"] = "y"
        equal(base.spec.template.spec.containers[0].image, "x")
        equal(c == base, False)
        base.spec.template.spec.containers[0].ports
f()
`
			more := starlark.StringDict{"copy": starlark.NewBuiltin("copy", func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
				return Copy(RunOf(thread), args[0]), nil
			})}
			for k, v := range g {
				more[k] = v
			}
			if err := run(t, more, src); err != nil {
				t.Errorf("thread %d: %v", i, err)
			}
			g["base"].(*Record).Where(kube.Fields("spec", "replicas"))
			_ = Missing(g["base"], func(kube.Path) {})
			yaml(t, g["base"])
		})
	}
	wg.Wait()
	if got := yaml(t, g["base"]); got != want {
		t.Errorf("it became\n%s", got)
	}
}

// TestCopy: a copy shares nothing, keeps what is shared inside it, its places and its notes, and can be changed.
func TestCopy(t *testing.T) {
	g, _, err := eval(t, `
def container():
    return core.Container(name = "a", args = ["x"])

c = container()
d = apps.Deployment(metadata = {"labels": {"a": "b"}}, spec = {"template": {"spec": {"containers": [c, c], "initContainers": [c]}}})
d.spec.replicas = 3
plain = {"a": [d, {"b": set([1])}], "c": ("x", [1])}
`)
	if err != nil {
		t.Fatal(err)
	}
	g["d"].(*Record).Annotate("note")
	g.Freeze()
	run := NewRun(&starlark.Thread{})
	d := Copy(run, g["d"]).(*Record)
	if d.Frozen() || d.Annotation() != "note" {
		t.Error("it is frozen, or lost its note")
	}
	if same, err := Equal(d, g["d"]); !same || err != nil {
		t.Errorf("the copy differs: %v", err)
	}
	spec := d.Child("spec").Child("template").Child("spec")
	first := spec.Items("containers").Index(0).(*Record)
	if err := first.Set("image", starlark.String("y")); err != nil {
		t.Fatal(err)
	}
	if first != spec.Items("containers").Index(1) || first != spec.Items("initContainers").Index(0) {
		t.Error("one container became several")
	}
	if g["c"].(*Record).Get("image") != nil {
		t.Error("the original has changed")
	}
	container := d.Where(kube.Fields("spec", "template", "spec", "containers").With(kube.Item(0, ""), kube.Field("name")))
	if f := container.Frames; len(f) != 2 || f[0].Func != "container" || f[0].Pos.Line != 3 || f[1].Pos.Line != 5 {
		t.Errorf("the container is from %+v", container)
	}
	if w := d.Where(kube.Fields("spec", "replicas")); len(w.Frames) != 1 || w.Frames[0].Pos.Line != 7 {
		t.Errorf("replicas are from %+v", w)
	}
	plain := Copy(run, g["plain"]).(*starlark.Dict)
	if err := plain.SetKey(starlark.String("new"), starlark.None); err != nil {
		t.Error(err)
	}
	inner, _, _ := plain.Get(starlark.String("a"))
	if inner.(*starlark.List).Index(0).(*Record).Frozen() {
		t.Error("what is in a dict is not copied")
	}
}

func BenchmarkCopy(b *testing.B) {
	g, _, err := eval(b, `d = apps.Deployment(metadata = {"name": "a", "labels": {"a": "b"}}, spec = {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [{"name": "a", "image": "x", "args": ["a", "b"], "env": [{"name": "E", "value": "1"}]}]}}})`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	run := NewRun(&starlark.Thread{})
	for b.Loop() {
		Copy(run, g["d"])
	}
}

// FuzzConvert: whatever a value is, conversion ends, says where it is wrong, and what it leaves can be viewed, compared,
// copied and completed.
func FuzzConvert(f *testing.F) {
	for _, s := range []string{
		`{"metadata": {"name": "a"}, "spec": {"template": {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}}}}`,
		`{"spec": {"replicas": 2.5, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}}}`,
		`{1: 2, "status": [], "metadata": {"labels": {None: 1}, "creationTimestamp": "x", "managedFields": [{"fieldsV1": {"a": [None, {}]}}]}}`,
		`{"kind": 7, "spec": ("a",), "metadata": {"annotations": set([1])}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		thread := &starlark.Thread{}
		thread.SetMaxExecutionSteps(100_000)
		run := NewRun(thread)
		v, err := starlark.EvalOptions(&syntax.FileOptions{Set: true}, thread, "f.star", src, nil)
		if err != nil {
			return
		}
		d, ok := v.(*starlark.Dict)
		if !ok {
			return
		}
		r, err := run.Make(Lookup("apps.v1.Deployment"), d)
		for _, e := range Split(err) {
			if len(e.Path) == 0 {
				t.Errorf("%s: nobody knows where: %v", src, e)
			}
		}
		if n := Node(r); n.Get("kind").Str() != "Deployment" {
			t.Errorf("%s: the kind is %q", src, n.Get("kind").Str())
		}
		if path, err := encode.Check(Node(r)); err != nil {
			t.Errorf("%s: no text can hold what is at %s: %v", src, path, err)
		}
		if same, err := Equal(Copy(run, r), r); !same && err == nil {
			t.Errorf("%s: a copy differs", src)
		}
		if r.Poisoned() && err == nil {
			t.Errorf("%s: poisoned without a mistake", src)
		}
		if err := Missing(r, func(p kube.Path) { r.Where(p) }); err != nil {
			t.Error(err)
		}
		_ = r.String()
	})
}

// TestMissing: what lacks a required field is shown where it was made, unless a mistake explains it.
func TestMissing(t *testing.T) {
	const src = `d = apps.Deployment(metadata = {"name": "web"}, spec = {"template": {"spec": {"containers": [
    core.Container(name = "a"),
    {"image": "x"},
    {"name": "b", "imag": "x"},
]}}})
d.spec.template.spec.volumes.append({})
`
	g, _, err := eval(t, src)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	d := g["d"].(*Record)
	if err := Missing(d, func(path kube.Path) {
		p := d.Where(path).Locate(diag.Texts{"t.star": src})
		got = append(got, fmt.Sprintf("%d:%d %s", p.Line, p.Col, path))
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`1:49 spec.selector`,
		`6:37 spec.template.spec.volumes[0].name`,
		`2:5 spec.template.spec.containers["a"].image`,
		`3:5 spec.template.spec.containers[1].name`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
