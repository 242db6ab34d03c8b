package typed

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
)

// eval runs a file and returns its globals and what was reported, a line a mistake.
func eval(tb testing.TB, src string) (starlark.StringDict, []string, error) {
	g, run, err := evalRun(tb, src)
	var list []string
	for _, m := range run.Mistakes() {
		list = append(list, m.Object+": "+m.Err.Error())
	}
	return g, list, err
}

func evalRun(tb testing.TB, src string) (starlark.StringDict, *Run, error) {
	thread := &starlark.Thread{Name: "test"}
	run := NewRun(thread)
	run.Sources = diag.Texts{"t.star": src}
	g, err := starlark.ExecFileOptions(&syntax.FileOptions{Set: true, TopLevelControl: true}, thread, "t.star", src, predeclared(tb))
	return g, run, err
}

// run runs a file with more names on a thread of its own.
func run(tb testing.TB, more starlark.StringDict, src string) error {
	thread := &starlark.Thread{Name: "run"}
	NewRun(thread)
	env := predeclared(tb)
	maps.Copy(env, more)
	_, err := starlark.ExecFileOptions(&syntax.FileOptions{Set: true, TopLevelControl: true}, thread, "run.star", src, env)
	return err
}

func predeclared(tb testing.TB) starlark.StringDict {
	equal := func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		same, err := Equal(args[0], args[1])
		if err == nil && !same {
			err = fmt.Errorf("%s is not %s", args[0], args[1])
		}
		return starlark.None, err
	}
	typ := func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		return starlark.String(TypeName(args[0])), nil
	}
	return starlark.StringDict{
		"k8s": Kubernetes(), "core": attr(tb, Kubernetes(), "core", "v1"), "apps": attr(tb, Kubernetes(), "apps", "v1"),
		"equal": starlark.NewBuiltin("equal", equal), "type": starlark.NewBuiltin("type", typ),
	}
}

func attr(tb testing.TB, v starlark.Value, names ...string) starlark.Value {
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
		{`core.Container(prots = [])`, `Container: prots: no such field of Container: did you mean "ports"?`},
		{`core.Container(name = "é"[:1])`, "Container: name: got text that is not UTF-8, want whole characters: s[:n] counts bytes; \"\".join(list(s.codepoints())[:n]) counts characters"},
		{`core.ConfigMap(data = {"é"[:1]: "a"})`, "ConfigMap: data[\"\\xc3\"]: got text that is not UTF-8, want whole characters: s[:n] counts bytes; \"\".join(list(s.codepoints())[:n]) counts characters"},
		{`core.Container(name = 1)`, `Container: name: got int, want string: write "1"`},
		{`core.Container(name = "a", stdin = "yes")`, `Container a: stdin: got string, want bool: write True`},
		{`core.Container(imagePullPolicy = "always")`, `Container: imagePullPolicy: got "always", want "Always", "IfNotPresent" or "Never": did you mean "Always"?`},
		{`core.Container(ports = [{"containerPort": 1 << 31}])`, `Container: ports["2147483648"].containerPort: got 2147483648, want a number from 1 to 65535`},
		{`core.Container(terminationMessagePath = ["a"])`, `Container: terminationMessagePath: got list, want string`},
		{`core.PodSpec(containers = [{"name": "a"}, {"name": "b", "env": [{"name": "PORT", "value": 1}]}])`, `PodSpec: containers["b"].env["PORT"].value: got int, want string: write "1"`},
		{`core.PodSpec(priority = 2.0)`, `PodSpec: priority: got float, want int: write 2`},
		{`core.PodSpec(priority = "2")`, `PodSpec: priority: got string, want int: write 2`},
		{`core.ResourceRequirements(limits = {"cpu": "100mm"})`, `ResourceRequirements: limits["cpu"]: got "100mm", want a quantity such as 100m or 1.5Gi: did you mean "100m"?`},
		{`core.ResourceRequirements(limits = {"cpu": True})`, `ResourceRequirements: limits["cpu"]: got bool, want quantity (a string such as "100m", or a number)`},
		{`core.ResourceRequirements(limits = {"cpu": float("inf")})`, `ResourceRequirements: limits["cpu"]: got +inf, want a finite number`},
		{`core.SecretKeySelector(name = "", key = "a")`, `SecretKeySelector: name: got "", want lower case letters, digits, "-" and ".", each part with a letter or digit at both ends`},
		{`core.PersistentVolumeClaimVolumeSource(claimName = "")`, `PersistentVolumeClaimVolumeSource: claimName: got "", want a text that is not empty`},
		{`core.PodSpec(serviceAccountName = "")`, ``},
		{`k8s.networking.v1.IngressTLS(hosts = ["a.b", ""])`, `IngressTLS: hosts[1]: got "", want a DNS name such as "example.com" or "*.example.com"`},
		{`core.PersistentVolumeClaimSpec(accessModes = ["ReadWriteOnly"])`, `PersistentVolumeClaimSpec: accessModes[0]: got "ReadWriteOnly", want "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce" or "ReadWriteOncePod": did you mean "ReadWriteOnce"?`},
		{`apps.RollingUpdateDeployment(maxSurge = "a lot", maxUnavailable = -1)`, "RollingUpdateDeployment: maxSurge: got \"a lot\", want an int or a percentage such as 25%\nRollingUpdateDeployment: maxUnavailable: got -1, want a number of at least 0"},
		{`core.Container(imagePullPolicy = "", ports = [{"containerPort": 0, "hostPort": 0}])`, `Container: ports["0"].containerPort: got 0, want a number from 1 to 65535`},
		{`core.HTTPGetAction(port = True)`, `HTTPGetAction: port: got bool, want int or string`},
		{`core.Secret(data = {"a": "?"})`, `Secret: data["a"]: got text that is not base64: base64.encode(...) makes it so`},
		{`core.PodSpec(containers = core.Container(name = "a"))`, `PodSpec: containers: got Container, want list of Container: put it into a list: [...]`},
		{`core.PodSpec(containers = [core.EnvVar(name = "a")])`, `PodSpec: containers["a"]: got EnvVar, want Container`},
		{`core.Service(kind = "Pod")`, `Service: kind: got "Pod", want "Service"`},
		{"s = core.Service()\ns.kind = \"Pod\"", `Service: kind: got "Pod", want "Service"`},
		{"s = core.Service()\ns.apiVersion = 1\ns.kind = None", `Service: apiVersion: got 1, want "v1"`},
		{"s = core.Service()\ns.kind = None\ns.apiVersion = \"v1\"\nequal([s.kind, s.apiVersion], [\"Service\", \"v1\"])\ns.x = 1", `Service: x: no such field of Service`},
		{`core.Container(name = "a", **{"name": "b"})`, `Container a: name: set twice`},
		{`core.Service(metadata = {"name": "a", "namespace": "n"}, spec = 1)`, `Service n/a: spec: got int, want ServiceSpec`},
		{`core.PodSpec().containers.append({"nam": "a"})`, `list of Container: [0].nam: no such field of Container: did you mean "name"?`},
		{`core.ConfigMap(data = {1: "x"})`, `ConfigMap: data["1"]: got int, want string as a key: write "1"`},
		{`core.ConfigMap().data["a"] = 1`, `dict of string: ["a"]: got int, want string: write "1"`},
		{`core.PodSpec(containers = [{"name": "a", 1: 2}])`, `PodSpec: containers["a"].1: got int, want the name of a field`},
		{`core.Container(args = ["a", None])`, `Container: args[1]: got None, want string`},
		{`core.Container(name = None, prots = None)`, `Container: prots: no such field of Container: did you mean "ports"?`},
	} {
		_, got, err := eval(t, c.src)
		if err != nil || strings.Join(got, "\n") != c.want {
			t.Errorf("%s\n got %q, %v\nwant %q", c.src, got, err, c.want)
		}
	}
}

func TestNoSuchType(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{`k8s.Deployment`, `no Deployment in k8s: Deployment is k8s.apps.v1.Deployment`},
		{`k8s.extensions.v1beta1.Ingress`, `no extensions in k8s`},
		{`k8s.networking.v1beta1.Ingress`, `no Ingress in k8s.networking.v1beta1: Ingress is k8s.networking.v1.Ingress`},
		{`k8s.HorizontalPodAutoscaler`, `no HorizontalPodAutoscaler in k8s: HorizontalPodAutoscaler is k8s.autoscaling.v2.HorizontalPodAutoscaler or k8s.autoscaling.v1.HorizontalPodAutoscaler`},
		{`k8s.app.v1`, `no app in k8s: did you mean "apps"?`},
		{`k8s.apps.v2`, `no v2 in k8s.apps: did you mean "v1"?`},
		{`k8s.apps.v1.Deploymnt`, `no Deploymnt in k8s.apps.v1: did you mean "Deployment"?`},
		{`core.Container().prots`, `no such field of Container: did you mean "ports"?`},
		{`core.Container("a")`, `fields are given by name, as in Container(`},
	} {
		_, _, err := eval(t, c.src)
		var got string
		var d diag.Diagnostic
		if errors.As(err, &d) {
			got = strings.Join(append([]string{d.Error()}, d.Help...), ": ")
		} else if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s\n got %s\nwant %s", c.src, got, c.want)
		}
	}
}

// TestAllMistakes: one run finds every independent mistake, and nothing that follows from another.
func TestAllMistakes(t *testing.T) {
	g, got, err := eval(t, `
d = apps.Deployment(
    metadata = {"nam": "a", "labels": {"x": 1, "y": "z"}},
    spec = {"replica": 2, "template": {"spec": {"containers": [{"imag": "x", "stdin": 1}, 7]}}},
)
d.spec.replicas = "3"
d.spec.template.spec.containers[0].nme = "c"
d.spec.template.spec.containers.append(core.Pod())
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`Deployment: metadata.nam: no such field of ObjectMeta: did you mean "name"?`,
		`Deployment: metadata.labels["x"]: got int, want string: write "1"`,
		`Deployment: spec.replica: no such field of DeploymentSpec: did you mean "replicas"?`,
		`Deployment: spec.template.spec.containers[0].imag: no such field of Container: did you mean "image"?`,
		`Deployment: spec.template.spec.containers[0].stdin: got int, want bool`,
		`Deployment: spec.template.spec.containers[1]: got int, want Container`,
		`DeploymentSpec: replicas: got string, want int: write 3`,
		`Container: nme: no such field of Container: did you mean "name"?`,
		`list of Container: [1]: got Pod, want Container`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	Missing(g["d"], func(p kube.Path) { t.Errorf("also missing: %s", p) })
}

func TestSet(t *testing.T) {
	g, bad, err := eval(t, `
d = k8s.apps.v1.Deployment(spec = {"template": {"spec": {"containers": [{"name": "a"}]}}})
d.metadata.labels["b"] = "no"
d.metadata.labels["a"] = "yes"
d.spec.template.metadata.annotations
d.spec.template.spec.initContainers
d.spec.template.spec.securityContext.seLinuxOptions
c = d.spec.template.spec.containers[0]
c.image = "x:1"
c.stdin = True
c.stdin = None
c.command = ["sh", "-c", "a: b\nc"]
c.args = []
d.spec.strategy = {"type": "Recreate"}
`)
	if err != nil || bad != nil {
		t.Fatal(bad, err)
	}
	want := `apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    b: "no"
    a: "yes"
spec:
  template:
    spec:
      containers:
      - name: a
        image: x:1
        command:
        - sh
        - -c
        - |-
          a: b
          c
        args: []
  strategy:
    type: Recreate
`
	if got := yaml(t, g["d"]); got != want {
		t.Errorf("got\n%s", got)
	}
	var missing []string
	Missing(g["d"], func(p kube.Path) { missing = append(missing, p.String()) })
	if got := strings.Join(missing, " "); got != "spec.selector" {
		t.Errorf("missing %s", got)
	}
}

func yaml(tb testing.TB, v starlark.Value) string {
	var b strings.Builder
	if err := encode.Write(&b, encode.YAML, []*kube.Object{kube.NewObject(Node(v), v)}); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestWhere(t *testing.T) {
	g, _, err := eval(t, `
def container():
    return core.Container(name = "a", env = [{"name": "X", "value": "1"}])

def deployment():
    d = apps.Deployment(spec = {"template": {"spec": {"containers": [
        container(),
        {"name": "b", "args": ["x"]},
    ]}}})
    d.spec.replicas = 3
    d.spec.template.spec.containers[1].args.append("y")
    d.metadata.labels["x"] = "y"
    return d

d = deployment()
`)
	if err != nil {
		t.Fatal(err)
	}
	item := func(i int) kube.Step { return kube.Item(i, "") }
	containers := kube.Fields("spec", "template", "spec", "containers")
	const outer = " < <toplevel> 15:15"
	for _, c := range []struct {
		path kube.Path
		want string
	}{
		{nil, "deployment 6:24" + outer + " []"},
		{containers.With(item(0), kube.Field("env"), item(0), kube.Field("value")), "container 3:26 < deployment 7:18" + outer + " [env [0] value]"},
		{containers.With(item(1), kube.Field("name")), "deployment 6:24" + outer + " [spec template spec containers [1] name]"},
		{containers.With(item(1), kube.Field("args"), item(0)), "deployment 6:24" + outer + " [spec template spec containers [1] args [0]]"},
		{containers.With(item(1), kube.Field("args"), item(1)), "deployment 11:51" + outer + " [[1]]"},
		{kube.Fields("spec", "replicas"), "deployment 10:11" + outer + " [replicas]"},
		{kube.Fields("metadata", "labels").With(kube.Key("x")), "deployment 12:22" + outer + " [x]"},
		{kube.Fields("metadata", "name"), "deployment 6:24" + outer + " [metadata name]"},
	} {
		p := g["d"].(*Record).Where(c.path)
		var calls []string
		for _, f := range p.Frames {
			calls = append(calls, fmt.Sprintf("%s %d:%d", f.Func, f.Pos.Line, f.Pos.Col))
		}
		if got := strings.Join(calls, " < ") + fmt.Sprint(" ", p.Names); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.path, got, c.want)
		}
	}
}

// TestDiagnostics: a mistake is underlined where it stands in the file, and says which object it belongs to in the end.
func TestDiagnostics(t *testing.T) {
	const src = `
def container(name):
    return core.Container(name = name, imag = "x", ports = [{"containerPort": "80"}])

def main():
    d = apps.Deployment(metadata = {"name": "web", "namespace": "shop", "labels": {"a": 1}})
    d.spec.template.spec.containers.append(container("app"))
    d.spec.template.spec.containers.append({"name": "b", "env": [{"nam": "x"}]})
    c = d.spec.template.spec.containers[0]
    c.stdin = "yes"
    c.ports[0].hostPort = 70000
    d.metadata.labels["b"] = 2
    d.metadata.labels.update({"c": 3}, d = 4)
    d.spec.template.spec.containers += [{"name": "e", "command": "sh"}]
    c.args.insert(0, 5)
    c.args.extend(["x", 6])
    return d

d = main()
`
	g, run, err := evalRun(t, src)
	if err != nil {
		t.Fatal(err)
	}
	list := run.Mistakes()
	run.Attach([]*Record{g["d"].(*Record)})
	var got []string
	for _, m := range list {
		d := m.Diagnostic(diag.Texts{"t.star": src})
		line := []rune(strings.Split(src, "\n")[d.Pos.Line-1])
		text := ""
		if d.Pos.End > 0 {
			text = string(line[d.Pos.Col-1 : d.Pos.End-1])
		}
		got = append(got, fmt.Sprintf("%d %s | %s %s", d.Pos.Line, text, d.Object, d.Path))
	}
	const containers = "Deployment shop/web spec.template.spec.containers"
	want := []string{
		`6 1 | Deployment shop/web metadata.labels["a"]`,
		`3 imag | ` + containers + `["app"].imag`,
		`3 "80" | ` + containers + `["app"].ports["80"].containerPort`,
		`8 "nam" | ` + containers + `["b"].env[0].nam`,
		`10 "yes" | ` + containers + `["app"].stdin`,
		`11 70000 | ` + containers + `["app"].ports[0].hostPort`,
		`12 2 | Deployment shop/web metadata.labels["b"]`,
		`13 3 | Deployment shop/web metadata.labels["c"]`,
		`13 4 | Deployment shop/web metadata.labels["d"]`,
		`14 "sh" | ` + containers + `["e"].command`,
		`15 5 | ` + containers + `["app"].args[0]`,
		`16 6 | ` + containers + `["app"].args[1]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func BenchmarkContainer(b *testing.B) {
	benchmark(b, `core.Container(name = "app", image = "registry.example.com/app:1", imagePullPolicy = "Always", stdin = True, workingDir = "/")`)
}

func BenchmarkSetField(b *testing.B) {
	benchmark(b, `c.image = "x"`)
}

func BenchmarkFromDict(b *testing.B) {
	benchmark(b, `core.Container(name = "app", ports = [{"name": "http", "containerPort": 80}], env = [{"name": "A", "value": "1"}])`)
}

// benchmark runs a statement many times, in a function that has a Container c.
func benchmark(b *testing.B, statement string) {
	b.ReportAllocs()
	g, _, err := eval(b, "def f(n):\n    c = core.Container()\n    for _ in range(n):\n        "+statement+"\n")
	if err != nil {
		b.Fatal(err)
	}
	thread := &starlark.Thread{}
	NewRun(thread)
	if _, err := starlark.Call(thread, g["f"], starlark.Tuple{starlark.MakeInt(b.N)}, nil); err != nil {
		b.Fatal(err)
	}
}
