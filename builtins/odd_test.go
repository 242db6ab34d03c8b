package builtins

import (
	"fmt"
	"testing"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// oddValues are what nobody should give to most keywords.
const oddValues = `
frozen = deployment("frozen", image = "r:1", ports = {"http": 80}, labels = {"a": "b"})
nameless = k8s.apps.v1.Deployment()
odd = [
    True, 0, -1, 1 << 80, 1.5, float("nan"), "", "x", "/", "10Gi", b"x", [], [1], [""], [None], ["x", "x"], [[]], {}, {1: 2}, {"": ""}, {"a": 1},
    {"a": None}, {"/a": "b"}, {"a": {"a": {}}}, {"a": "b"}, (), (1, 2), ("x", 1), len, range(3), set([1]), frozen, nameless, [frozen], {"/": frozen},
    frozen.metadata.labels, frozen.spec.template.spec.containers, frozen.spec, service(workload = frozen), {"h": service(workload = frozen)},
    empty_dir(), {"/x": empty_dir(), "/y": {"emptyDir": {}}}, {"/x": claim_template("1Gi")}, port(1), {"a": port("x", target = frozen)},
    http_get("/", port = "x"), grpc("x"), grpc(1), secret_key("a", "b"), {"A": secret_key("a", "b")}, resources(), [rule("get", "pods")],
    namespace("n"), config_map("c"), {"x": config_map("c")}, role("r"), [service_account("s")], subject("User", "u"),
]
`

// TestOddValues gives every short form odd values, alone and two at a time: it must neither panic nor make what cannot be
// written, and where the object is not as it should be there is a mistake.
func TestOddValues(t *testing.T) {
	_, g := evaluate(t, oddValues)
	g.Freeze()
	odd := g["odd"].(*starlark.List)
	env := Predeclared()
	forms := []*form{
		deploymentForm().form, statefulSetForm().form, daemonSetForm().form, jobForm().form, cronJobForm().form,
		serviceForm(), configMapForm(), secretForm(), serviceAccountForm(), ingressForm(), horizontalPodAutoscalerForm(),
		podDisruptionBudgetForm(), networkPolicyForm(), namespaceForm(), roleForm(), roleBindingForm(), clusterRoleForm(),
		clusterRoleBindingForm(), persistentVolumeClaimForm(), secretKeyForm(), configKeyForm(), fieldForm(), resourceFieldForm(),
		resourcesForm(), portForm(), httpGetForm(), grpcForm(), tcpForm(), execForm(), configVolumeForm(), secretVolumeForm(),
		emptyDirForm(), claimForm(), claimTemplateForm(), hostPathForm(), ruleForm(), subjectForm(),
	}
	for _, f := range forms {
		for i, name := range f.names {
			for j := range odd.Len() {
				other := f.names[(i+j+1)%len(f.names)]
				kwargs := []starlark.Tuple{{starlark.String(name), odd.Index(j)}}
				callOddly(t, env[f.name], f, kwargs)
				if other != name {
					kwargs = append(kwargs, starlark.Tuple{starlark.String(other), odd.Index((i + 3*j) % odd.Len())})
					callOddly(t, env[f.name], f, kwargs)
				}
			}
		}
	}
}

func callOddly(t *testing.T, fn starlark.Value, f *form, kwargs []starlark.Tuple) {
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("%s%v panics: %v", f.name, kwargs, r)
		}
	}()
	for _, p := range f.positional[:f.required] {
		given := false
		for _, kw := range kwargs {
			given = given || kw[0] == starlark.String(p)
		}
		if !given {
			kwargs = append(kwargs, starlark.Tuple{starlark.String(p), starlark.String("x")})
		}
	}
	thread := &starlark.Thread{Name: "odd"}
	run := typed.NewRun(thread)
	v, err := starlark.Call(thread, fn, nil, kwargs)
	for _, m := range run.Mistakes() {
		if m.Err.Error() == "" {
			t.Errorf("%s%v: a mistake without text", f.name, kwargs)
		}
	}
	r, ok := v.(*typed.Record)
	if err != nil || !ok {
		return
	}
	if path, err := encode.Check(typed.Node(r)); err != nil {
		t.Errorf("%s%v: %s: %v", f.name, kwargs, path, err)
	}
	_ = encode.AppendYAML(nil, typed.Node(r))
	typed.Missing(r, func(path kube.Path) { _ = fmt.Sprint(path, r.Where(path)) })
}
