package typed

import (
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

func run(tb testing.TB, src string, p Positions) (starlark.StringDict, error) {
	thread := &starlark.Thread{Name: "test"}
	NewRun(thread).Positions = p
	pre := starlark.StringDict{"k8s": Kubernetes(), "core": mustAttr(tb, Kubernetes(), "core", "v1")}
	return starlark.ExecFileOptions(&syntax.FileOptions{Set: true, TopLevelControl: true}, thread, "t.star", src, pre)
}

func mustAttr(tb testing.TB, v starlark.Value, names ...string) starlark.Value {
	for _, n := range names {
		var err error
		if v, err = v.(starlark.HasAttrs).Attr(n); err != nil || v == nil {
			tb.Fatalf("no %s: %v", n, err)
		}
	}
	return v
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{`core.Container(prots = [])`, `.prots: no such field of core.v1.Container: did you mean "ports"?`},
		{`core.Container(name = 1)`, `.name: got int, want string`},
		{`core.Container(stdin = "yes")`, `.stdin: got string, want bool`},
		{`core.Container(imagePullPolicy = "always")`, `.imagePullPolicy: got "always", want one of ["Always" "IfNotPresent" "Never"]: did you mean "Always"?`},
		{`core.Container(ports = [{"containerPort": 1 << 31}])`, `.ports[0].containerPort: 2147483648 is out of range`},
		{`core.PodSpec(containers = [{"name": "a"}, {"name": "b", "env": [{"name": "PORT", "value": 1}]}])`, `.containers[1].env[0].value: got int, want string`},
		{`core.ResourceRequirements(limits = {"cpu": "100mm"})`, `.limits["cpu"]: got "100mm", want a quantity such as 100m or 1.5Gi`},
		{`core.PersistentVolumeClaimSpec(accessModes = ["ReadWriteOnly"])`, `.accessModes[0]: got "ReadWriteOnly", want one of ["ReadOnlyMany" "ReadWriteMany" "ReadWriteOnce" "ReadWriteOncePod"]: did you mean "ReadWriteOnce"?`},
		{`core.HTTPGetAction(port = True)`, `.port: got bool, want int or string`},
		{`core.Secret(data = {"a": "?"})`, `.data["a"]: illegal base64 data at input byte 0`},
		{`core.PodSpec(containers = core.Container(name = "a"))`, `.containers: got core.v1.Container, want list`},
		{`core.PodSpec(containers = [core.EnvVar(name = "a")])`, `.containers[0]: got core.v1.EnvVar, want core.v1.Container`},
		{`core.Service(kind = "Pod")`, `.kind: got "Pod", want "Service"`},
		{`core.Container(name = "a", **{"name": "b"})`, `.name: set twice`},
		{`core.PodSpec().containers.append({"nam": "a"})`, `[0].nam: no such field of core.v1.Container: did you mean "name"?`},
	} {
		if _, err := run(t, c.src, PerObject); err == nil || err.Error() != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.src, err, c.want)
		}
	}
}

func TestSet(t *testing.T) {
	g, err := run(t, `
d = k8s.apps.v1.Deployment(spec = {"template": {"spec": {"containers": [{"name": "a"}]}}})
d.metadata.labels["app"] = "no"
d.spec.template.metadata.annotations
c = d.spec.template.spec.containers[0]
c.image = "x:1"
c.command = ["sh", "-c", "a: b\nc"]
d.spec.strategy = {"type": "Recreate"}
`, EachSet)
	if err != nil {
		t.Fatal(err)
	}
	want := `apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: "no"
spec:
  strategy:
    type: Recreate
  template:
    spec:
      containers:
      - command:
        - sh
        - -c
        - |-
          a: b
          c
        image: x:1
        name: a
`
	if got := string(g["d"].(*Record).AppendYAML(nil)); got != want {
		t.Errorf("got\n%s", got)
	}
	var missing []string
	Missing(g["d"], "Deployment", func(path string) { missing = append(missing, path) })
	if got := strings.Join(missing, " "); got != "Deployment.spec.selector" {
		t.Errorf("missing %s", got)
	}
}

func BenchmarkContainer(b *testing.B) {
	const src = `
def f(n):
    for _ in range(n):
        core.Container(name = "app", image = "registry.example.com/app:1", imagePullPolicy = "Always", stdin = True, workingDir = "/")
`
	for _, c := range []struct {
		name string
		p    Positions
	}{{"none", None}, {"call", PerCall}, {"arguments", EachSet}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			g, err := run(b, src, c.p)
			if err != nil {
				b.Fatal(err)
			}
			thread := &starlark.Thread{}
			NewRun(thread).Positions = c.p
			if _, err := starlark.Call(thread, g["f"], starlark.Tuple{starlark.MakeInt(b.N)}, nil); err != nil {
				b.Fatal(err)
			}
		})
	}
}
