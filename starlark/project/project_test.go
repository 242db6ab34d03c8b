package project

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/starlark/diag"
)

const good = `
project(name = "shop", starctl = ">= 0.1, < 2")
target("prod-us", context = "gke_acme_us-east1", namespace = "shop", region = "us-east1", kubernetes = "1.34", inputs = {"replicas": 6})
target("dev", context = "kind-dev", namespace = "shop", protect = False)
defaults(labels = {"team": "money"}, upstream_port = 50051, envoy = {"mode": "native"})
`

func readText(text, version string) (*Project, error) {
	return Read(fstest.MapFS{File: {Data: []byte(text)}}, version)
}

func TestRead(t *testing.T) {
	p, err := readText(good, "0.1.0-dev")
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "shop" || len(p.Targets) != 2 || p.Defaults.UpstreamPort != 50051 || p.Defaults.Labels[0] != (Label{"team", "money"}) {
		t.Errorf("got %+v", p)
	}
	us, dev := p.Targets[0], p.Targets[1]
	if us.Kubernetes != "1.34" || us.Region != "us-east1" || !us.Protect || us.Inputs[0].Name != "replicas" || us.Inputs[0].Pos.Line != 3 {
		t.Errorf("got %+v", us)
	}
	if dev.Kubernetes != DefaultKubernetes || dev.Protect {
		t.Errorf("got %+v", dev)
	}
}

func TestReadWithout(t *testing.T) {
	p, err := Read(fstest.MapFS{}, "0.1.0")
	if err != nil || p.Name != "" || p.Targets != nil {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{``, "starctl.star:1:1: the project has no name"},
		{`project(name = "Shop")`, `starctl.star:1:16: project: name: got "Shop", want a DNS label: lower-case letters, digits and -`},
		{`project(nam = "shop")`, `starctl.star:1:9: project: nam: no such parameter of project: did you mean "name"?`},
		{`project("a")` + "\n" + `project("b")`, `starctl.star:2:1: project is called twice`},
		{`project("a", starctl = ">= 9")`, `starctl.star:1:14: project: starctl: this is starctl 0.1.0-dev, the project wants >= 9`},
		{`project("a", starctl = "new")`, `got "new", want versions such as`},
		{`project("a")` + "\n" + `target("x", namspace = "a")`, `starctl.star:2:13: target: namspace: no such parameter of target: did you mean "namespace"?`},
		{`project("a")` + "\n" + `target("x", kubernetes = "34")`, `target: kubernetes: got "34", want a version such as "1.34"`},
		{`project("a")` + "\n" + `target("x", kubernetes = 1.34)`, `target: kubernetes: got float, want string`},
		{`project("a")` + "\n" + `target("x")` + "\n" + `target("x")`, `starctl.star:3:1: target "x" is declared twice`},
		{`project("a")` + "\n" + `target()`, `target needs name`},
		{`project("a")` + "\n" + `target("x", cluster = "prod")`, `want the uid of the cluster's kube-system namespace`},
		{`project("a")` + "\n" + `target("x", protect = "no")`, `target: protect: got string, want bool`},
		{`project("a")` + "\n" + `target("x", inputs = ["a"])`, `target: inputs: got list, want a dict from inputs to values`},
		{`project("a")` + "\n" + `defaults(upstream_port = 70000)`, `defaults: upstream_port: got 70000, want a port, 1 to 65535`},
		{`project("a")` + "\n" + `defaults({})`, `defaults takes at most 0 positional arguments`},
		{`project("a")` + "\n" + `defaults(labels = {"a": 1})`, `defaults: labels.a: got string: int, want string: string`},
		{`project("a")` + "\n" + `dependency("acme", git = "https://example.com")`, `dependencies are not in this version of starctl`},
		{`project("a")` + "\n" + `targt("x")`, `starctl.star:2:1: nothing is called targt: did you mean "target"?`},
		{`project("a")` + "\n" + `defaults(labels = {"a b": "1"})`, `starctl.star:2:20: defaults: labels.a b: got "a b", want a label's key`},
		{`project("a")` + "\n" + `defaults(labels = {"a.b/c": "1 2"})`, `starctl.star:2:29: defaults: labels.a.b/c: got "1 2", want a label's value`},
		{`project("a"`, `starctl.star:1:8: this ( is never closed`},
		{"def f():\n\tproject('a')\nf()", `starctl.star:2:1: tab in the indentation`},
		{`project("a" * (1 << 40))`, `starctl.star:1:13: string of 1 TiB: one value may take 1 MiB`},
		{"project('a')\nfor i in range(1 << 60):\n    pass", `evaluation takes more than 1000000 steps`},
		{`project("a")` + "\n" + `load("//x.star", "x")`, `starctl.star:2:6: load: this file is evaluated alone`},
	} {
		_, err := readText(c.src, "0.1.0-dev")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.src, err, c.want)
		}
		if list, ok := err.(diag.List); !ok || !list[0].Pos.IsValid() {
			t.Errorf("%s: %v has no position", c.src, err)
		}
	}
}

func TestAllMistakes(t *testing.T) {
	_, err := readText("project(nam = 'a')\ntarget('x', contxt = 1, protect = 2)\n", "0.1.0")
	list, _ := err.(diag.List)
	if len(list) != 3 {
		var b bytes.Buffer
		_ = diag.Write(&b, list, nil, diag.Style{})
		t.Errorf("got %d mistakes, want 3: an unknown parameter, another, no bool\n%s", len(list), b.String())
	}
}

func TestSelect(t *testing.T) {
	p, err := readText(good, "0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ pattern, want, err string }{
		{"prod-us", "prod-us", ""},
		{"*", "prod-us dev", ""},
		{"d*", "dev", ""},
		{"", "", "which target? the project has prod-us, dev"},
		{"prod-su", "", `no target "prod-su": the project has prod-us, dev: did you mean "prod-us"?`},
		{"[", "", "is not a glob pattern"},
	} {
		list, err := p.Select(c.pattern)
		var names []string
		for _, t := range list {
			names = append(names, t.Name)
		}
		if got := strings.Join(names, " "); got != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("Select(%q) = %q, %v", c.pattern, got, err)
		}
	}
	if list, err := (&Project{}).Select(""); list != nil || err != nil {
		t.Errorf("a project without targets: %v, %v", list, err)
	}
	if _, err := (&Project{}).Select("dev"); err == nil {
		t.Error("a project without targets has no dev")
	}
}

func TestSetName(t *testing.T) {
	p := &Project{Name: "shop"}
	for _, c := range []struct{ file, want string }{
		{"deploy.star", "shop"},
		{"checkout/deploy.star", "shop.checkout"},
		{"money/payments/deploy.star", "shop.money.payments"},
		{"money/Pay_Ments/deploy.star", "shop.money.pay-ments"},
		{"checkout/canary.star", "shop.checkout.canary"},
	} {
		if got, err := p.SetName(c.file); got != c.want || err != nil {
			t.Errorf("SetName(%q) = %q, %v, want %q", c.file, got, err, c.want)
		}
	}
	for _, file := range []string{strings.Repeat("a", 60) + "/deploy.star", "a b/deploy.star"} {
		if got, err := p.SetName(file); err == nil {
			t.Errorf("SetName(%q) = %q, want an error", file, got)
		}
	}
}

func mainOf(t *testing.T, src string) *starlark.Function {
	t.Helper()
	g, err := starlark.ExecFileOptions(&syntax.FileOptions{}, &starlark.Thread{}, "deploy.star", src, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g["main"].(*starlark.Function)
}

func TestInputs(t *testing.T) {
	list, err := Inputs(mainOf(t, `
def main(ctx, *, tag, replicas = 2, share = 0.5, mesh = True, zone = None, regions = [], extra = {}):
    """Declares.

    Args:
      tag: of the image,
        on two lines.
      replicas (int): how many
    Returns:
      mesh: not this
    """
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"tag string required of the image, on two lines.", "replicas int  how many", "share float  ", "mesh bool  ",
		"zone string or None  ", "regions list  ", "extra dict  ",
	}
	for i, in := range list {
		required := ""
		if in.Required {
			required = "required"
		}
		if got := strings.Join([]string{in.Name, in.Type, required, in.Doc}, " "); got != want[i] {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
	for _, src := range []string{"def main():\n    pass", "def main(*, tag):\n    pass", "def main(ctx, **kwargs):\n    pass", "def main(ctx, *args):\n    pass"} {
		if _, err := Inputs(mainOf(t, src)); err == nil {
			t.Errorf("%s: no error", src)
		}
	}
}

func TestValues(t *testing.T) {
	inputs, err := Inputs(mainOf(t, `def main(ctx, *, tag, replicas = 2, share = 0.5, mesh = True, zone = None, regions = [], extra = {}): pass`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ set, want string }{
		{"tag=v2", `"v2"`},
		{"tag=", `""`},
		{"tag=a=b", `"a=b"`},
		{"replicas=3", `3`},
		{"replicas=x", `input replicas: got "x", want int`},
		{"replicas=2.5", `input replicas: got "2.5", want int`},
		{"share=2", `2.0`},
		{"share=NaN", `want float`},
		{"mesh=false", `False`},
		{"mesh=no", `want bool: true or false`},
		{"zone=a", `"a"`},
		{`regions=["a", "b"]`, `["a", "b"]`},
		{`regions={"a": 1}`, `want list as JSON`},
		{`extra={"a": 1}`, `{"a": 1}`},
		{`extra=[`, `want dict as JSON`},
	} {
		v, err := ParseSet(c.set)
		if err != nil {
			t.Fatal(err)
		}
		given := Values{{Name: "tag", Text: "v1"}, v}
		kwargs, list := given.For(inputs)
		got := ""
		if len(list) > 0 {
			got = list[0].Message
		}
		for _, kw := range kwargs {
			if string(kw[0].(starlark.String)) == v.Name && got == "" {
				got = kw[1].String()
			}
		}
		if got != c.want && !(len(list) > 0 && strings.Contains(got, c.want)) {
			t.Errorf("--set %s: got %s, want %s", c.set, got, c.want)
		}
	}
	if _, list := (Values{}).For(inputs); len(list) != 1 || !strings.Contains(list[0].Message, `"tag" is required`) {
		t.Errorf("got %v", list)
	}
	if _, err := ParseSet("tag"); err == nil {
		t.Error("--set without = is no error")
	}
	list := Values{{Name: "replcas", Text: "1"}, {Name: "tag", Text: "1"}}.Unclaimed(inputs)
	if len(list) != 1 || list[0].Suggest != "replicas" {
		t.Errorf("got %v", list)
	}
}

func TestParseFile(t *testing.T) {
	list, err := ParseFile("inputs.yaml", []byte("tag: v2\nreplicas: 0x10\nregions: [a, 1.5, true, null]\nextra: {a: {b: c}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range list {
		got = append(got, v.Name+"="+v.Value.String())
	}
	if s := strings.Join(got, " "); s != `tag="v2" replicas=16 regions=["a", 1.5, True, None] extra={"a": {"b": "c"}}` {
		t.Errorf("got %s", s)
	}
	for _, text := range []string{"[a]", "a: &x 1\nb: *x", "a: [", "extra: {a: 1, a: 2}", "a: 1\na: 2"} {
		if v, err := ParseFile("inputs.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "inputs.yaml") {
			t.Errorf("%q: got %v, %v", text, v, err)
		}
	}
}

func TestContext(t *testing.T) {
	c := (&Target{Name: "dev", Context: "kind-dev"}).For("shop")
	for _, x := range []struct{ attr, want string }{{"target", `"dev"`}, {"cluster", `"kind-dev"`}, {"namespace", `"shop"`}, {"region", "None"}, {"kubernetes", "None"}} {
		if v, err := c.Attr(x.attr); err != nil || v.String() != x.want {
			t.Errorf("ctx.%s = %v, %v, want %s", x.attr, v, err, x.want)
		}
	}
	if _, err := c.Attr("namspace"); err == nil || !strings.Contains(err.Error(), `ctx has no .namspace: it has target, cluster`) {
		t.Errorf("got %v", err)
	}
	if c := (*Target)(nil).For(""); c.Namespace != "" || c.Target != "" {
		t.Errorf("got %+v", c)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(good)
	f.Add("project(1, 2, 3)\ntarget(**{'a': 1})\ndefaults(labels = 1)")
	f.Fuzz(func(t *testing.T, src string) {
		if _, err := readText(src, "0.1.0"); err != nil {
			for _, d := range err.(diag.List) {
				if d.Pos.File == "" {
					t.Errorf("%q: %v has no place", src, d)
				}
			}
		}
	})
}
