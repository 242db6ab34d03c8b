package typed

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

// asPython runs statements on x twice, where x is a plain list or dict and where it is one of an object, and compares what
// r and x are in the end and whether an error stopped it.
func asPython(t *testing.T, plain, typed, statements string) {
	t.Helper()
	outcome := func(x string) string {
		src := "def f(x):\n    r = None\n"
		for line := range strings.Lines(statements) {
			src += "    " + line
		}
		src += "\n    return [r, str(x)]\nx = " + x + "\nout = f(x)\nafter = str(x)\n"
		g, reported, err := eval(t, src)
		if err != nil {
			return "error"
		}
		return fmt.Sprint(g["out"], g["after"], reported)
	}
	if want, got := outcome(plain), outcome(typed); got != want {
		t.Errorf("%s\n of the object: %s\nof a plain one: %s", statements, got, want)
	}
}

func TestListsAsPython(t *testing.T) {
	const plain, typed = `["a", "b", "c"]`, `core.Container(args = ["a", "b", "c"]).args`
	for _, s := range []string{
		`r = x[0] + x[-1] + x[1]`, `r = x[3]`, `r = x[-4]`, `r = x["a"]`, `r = len(x)`, `r = bool(x)`, `r = [e for e in x]`,
		`r = x[1:]`, `r = x[:-1]`, `r = x[::2]`, `r = x[::-1]`, `r = x[5:9]`, `r = x[-2:]`, `r = x[2:0:-1]`, `r = x[::0]`,
		`r = x + ["d"]`, `r = ["d"] + x`, `r = x + x`, `r = x + ("d",)`, `r = x + "d"`, `r = x + None`, `r = x * 2`, `r = 2 * x`, `r = x * 0`, `r = x * -1`, `r = x * "a"`, `r = x - ["a"]`,
		`x += ["d"]`, `x += ("d", "e")`, `y = x; y += ["d"]`, `x += x`, `x += 1`, `x *= 2; r = len(x)`,
		`r = "a" in x`, `r = "z" in x`, `r = "z" not in x`, `r = 1 in x`,
		`x.append("d")`, `x.append()`, `x.append("d", "e")`, `x.append(x = "d")`, `x.extend(["d", "e"])`, `x.extend(("d",))`, `x.extend([])`, `x.extend(1)`, `x.extend(x)`, `x.extend({"d": 1})`,
		`x.insert(0, "d")`, `x.insert(1, "d")`, `x.insert(-1, "d")`, `x.insert(3, "d")`, `x.insert(9, "d")`, `x.insert(-9, "d")`, `x.insert("a", "d")`,
		`r = x.pop()`, `r = x.pop(0)`, `r = x.pop(-2)`, `r = x.pop(3)`, `r = x.pop(-4)`, `x.pop(); x.pop(); x.pop(); x.pop()`,
		`x.remove("b")`, `x.remove("z")`, `x.append("a"); x.remove("a")`, `x.clear()`, `x.clear(1)`,
		`r = x.index("b")`, `r = x.index("z")`, `r = x.index("a", 1)`, `r = x.index("c", 1, 3)`, `r = x.index("c", 0, -1)`, `r = x.index("b", -2)`,
		`x[0] = "z"`, `x[-1] = "z"`, `x[3] = "z"`, `x["a"] = "z"`,
		`for e in x: x.append(e)`, `for e in x: x[0] = "z"`, `for e in x: x.pop()`, `r = [x.clear() for e in x]`,
		"for e in x:\n    break\nx.append(\"d\")",
		`r = sorted(x, reverse = True)`, `r = reversed(x)`, `r = list(x)`, `r = tuple(x)`, `r = set(x)`, `r = enumerate(x)`, `r = zip(x, x)`, `r = "-".join(x)`, `r = max(x)`, `r = any(x)`, `a, b, c = x; r = b`, `a, b = x`,
		`r = dir(x)`, `r = hasattr(x, "append")`, `r = hasattr(x, "add")`, `r = getattr(x, "nope", 7)`, `x.nope`, `r = "%s" % [x]`, `r = repr(x)`, `r = "{}".format(x)`, `r = hash(x)`, `r = {x: 1}`,
		`f2 = lambda *a: a` + "\n" + `r = f2(*x)`, `r = x.append`, `r = [x == x, x != x]`, `r = x < x`, `m = x.append; m("d"); x.pop(0)`,
	} {
		if s == `r = x.append` {
			continue // prints its receiver's type
		}
		asPython(t, plain, typed, s)
		asPython(t, `[]`, `core.Container(args = []).args`, s)
	}
}

func TestDictsAsPython(t *testing.T) {
	const plain, typed = `{"b": "1", "a": "2"}`, `core.ConfigMap(data = {"b": "1", "a": "2"}).data`
	for _, s := range []string{
		`r = x["a"]`, `r = x["z"]`, `r = x[1]`, `r = len(x)`, `r = bool(x)`, `r = [k for k in x]`, `r = list(x)`, `r = sorted(x)`,
		`r = x.get("a")`, `r = x.get("z")`, `r = x.get("z", "0")`, `r = x.get(1)`, `r = x.get()`,
		`r = x.keys()`, `r = x.values()`, `r = x.items()`, `r = x.keys(1)`, `r = [k + v for k, v in x.items()]`,
		`x["c"] = "3"`, `x["a"] = "3"`, `x["c"] = "3"; x["b"] = "4"`,
		`r = x.pop("a")`, `r = x.pop("z")`, `r = x.pop("z", 5)`, `r = x.pop(1, 5)`, `r = x.popitem()`, `x.popitem(); x.popitem(); x.popitem()`,
		`r = x.setdefault("a", "9")`, `r = x.setdefault("z", "9")`, `x.clear()`, `x.clear(); x["z"] = "1"`,
		`x.update({"a": "9", "z": "8"})`, `x.update([("z", "8")])`, `x.update(z = "8")`, `x.update({"a": "5"}, a = "6")`, `x.update(1)`, `x.update({}, {})`, `x.update()`, `x.update([("z",)])`,
		`r = "a" in x`, `r = "z" in x`, `r = 1 in x`, `r = "z" not in x`,
		`r = x | {"a": "9", "z": "8"}`, `r = {"a": "9", "z": "8"} | x`, `r = x | x`, `r = x | 1`, `r = x + x`, `x |= {"z": "8"}`, `y = x; y |= {"z": "8"}`, `x |= 1`,
		`for k in x: x["z"] = "1"`, `for k in x: x.pop(k)`, `for k in x: x.clear()`, "for k in x:\n    break\nx[\"z\"] = \"1\"",
		`r = dict(x)`, `r = dict(x, z = "1")`, `r = (lambda **kw: kw)(**x)`, `r = dir(x)`, `r = hasattr(x, "keys")`, `x.nope`, `r = repr(x)`, `r = hash(x)`, `r = x == x`, `r = x < x`, `r = x[0:1]`,
		`r = list(reversed(x))`, `r = enumerate(x)`, `r = zip(x, x.values())`, `a, b = x; r = a`,
	} {
		asPython(t, plain, typed, s)
		asPython(t, `{}`, `core.ConfigMap(data = {}).data`, s)
	}
}

// TestRandomDicts plays with dicts of many keys, whose look-ups go through an index, and lists.
func TestRandomDicts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		var dict, list strings.Builder
		for range 150 {
			k := rnd.IntN(40)
			switch rnd.IntN(8) {
			case 0:
				fmt.Fprintf(&dict, "r = x.pop(\"k%d\", 0)\n", k)
				fmt.Fprintf(&list, "r = x.pop() if x else 0\n")
			case 1:
				fmt.Fprintf(&dict, "r = x.get(\"k%d\")\n", k)
				fmt.Fprintf(&list, "r = x[%d:]\n", k)
			case 2:
				fmt.Fprintf(&dict, "x.setdefault(\"k%d\", \"d\")\n", k)
				fmt.Fprintf(&list, "x.insert(%d, \"i\")\n", k-20)
			case 3:
				fmt.Fprintf(&dict, "x.update({\"k%d\": \"u\", \"k%d\": \"w\"})\n", k, 40-k)
				fmt.Fprintf(&list, "x.extend([\"u\", \"w%d\"])\n", k)
			default:
				fmt.Fprintf(&dict, "x[\"k%d\"] = \"%d\"\n", k, rnd.IntN(9))
				fmt.Fprintf(&list, "x.append(\"%d\")\n", k)
			}
		}
		asPython(t, `{}`, `core.ConfigMap().data`, dict.String())
		asPython(t, `[]`, `core.Container().args`, list.String())
	}
}

// TestOwnRules: what objects do that plain lists and dicts do not.
func TestOwnRules(t *testing.T) {
	for _, src := range []string{
		// Reading what is not set gives an empty one that is attached, and nothing more.
		`c = core.Container(); c.args.append("a"); equal(c.args, ["a"])`,
		`c = core.Container(); a = c.args; equal(c, core.Container()); a.append("x"); equal(c.args, ["x"])`,
		`c = core.Container(); c.args = []; equal(c == core.Container(), False)`,
		`c = core.Container(); c.args; c.resources.limits; equal(str(c), "Container()")`,
		`c = core.Container(); c.resources.limits["cpu"] = 1; equal(c.resources.limits["cpu"], 1)`,
		`c = core.Container(); equal(c.image, None); equal(c.stdin, None)`,
		// None unsets.
		`c = core.Container(image = "x"); c.image = None; equal(str(c), "Container()")`,
		`c = core.Container(args = ["a"]); c.args = None; equal(c.args, [])`,
		`c = core.Container(image = None, args = None); equal(str(c), "Container()")`,
		`m = core.ConfigMap(data = {"a": None, "b": "1"}); equal(m.data, {"b": "1"}); m.data["b"] = None; equal(m.data, {})`,
		// Typed values are shared, plain ones are copied.
		`l = ["a"]; c = core.Container(args = l); l.append("b"); equal(c.args, ["a"])`,
		`p = core.PodSpec(); c = core.Container(name = "a"); p.containers.append(c); c.image = "x"; equal(p.containers[0].image, "x")`,
		`c = core.Container(name = "a"); p = core.PodSpec(containers = [c]); p.containers[0].image = "x"; equal(c.image, "x")`,
		`a = core.Container(args = ["x"]); b = core.Container(args = a.args); b.args.append("y"); equal(a.args, ["x", "y"])`,
		`a = core.Container(args = ["x"]); b = core.Container(command = a.args); equal(b.command, ["x"])`,
		`a = core.Container(); b = core.Container(args = a.args); equal(str(b), "Container()")`,
		`e = {"name": "a"}; p = core.PodSpec(containers = [e]); e["name"] = "b"; equal(p.containers[0].name, "a")`,
		// Equality.
		`equal(core.Container(name = "a", args = ["x"]) == core.Container(args = ("x",), name = "a"), True)`,
		`equal(core.Container(name = "a") == core.Container(name = "b"), False)`,
		`equal(core.Container(name = "a") != core.EphemeralContainer(name = "a"), True)`,
		`equal(core.Container(name = "a") == {"name": "a"}, False)`,
		`equal([core.Container(args = ["a"]).args, {"a": core.ConfigMap(data = {"x": "y"}).data}], [["a"], {"a": {"x": "y"}}])`,
		// Others.
		`equal(type(core.Container()), "Container"); equal(hasattr(core.Container(), "image"), True); equal(hasattr(core.Container(), "imag"), False)`,
		`equal("image" in dir(core.Container()), True); equal(getattr(core.Container(), "imag", 1), 1)`,
		`equal(str(core.Container(name = "a", ports = [{"containerPort": 1}])), "Container(name = \"a\", ports = [ContainerPort(containerPort = 1)])")`,
		`p = core.PodSpec(); p.containers += [{"name": "a"}]; p.containers[0].image = "x"; equal(p.containers[0].image, "x")`,
		`n = k8s.networking.v1.NetworkPolicyIngressRule(); n.from_.append({"podSelector": {}}); equal(len(n.from_), 1)`,
		`s = set(["a", "b"]); c = core.Container(args = s); equal(c.args, ["a", "b"])`,
		`c = core.Container(args = ["1"]); c.args[0] = "2"; c.args.insert(0, "1"); equal(c.args, ["1", "2"])`,
		`r = core.ResourceRequirements(limits = {"cpu": 1, "memory": "1.5Gi", "x": "1e3", "y": "+.5", "z": "-5E2"}); equal(r.limits["cpu"], 1)`,
	} {
		if _, reported, err := eval(t, strings.ReplaceAll(src, "; ", "\n")); err != nil || reported != nil {
			t.Errorf("%s: %v, reported %q", src, err, reported)
		}
	}
}

// TestCycles: a value never contains itself, however it is tried, and nesting has an end.
func TestCycles(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{`a = k8s.apps.v1.ControllerRevision()` + "\n" + `a.data = a`, `ControllerRevision: data: the ControllerRevision would contain itself: copy(...) makes a value of its own`},
		{`a = k8s.apps.v1.ControllerRevision()` + "\n" + `a.data = {"x": [a]}`, `ControllerRevision: data: the ControllerRevision would contain itself: copy(...) makes a value of its own`},
		{`a = k8s.apps.v1.ControllerRevision(data = {})` + "\n" + `a.data["x"] = a.data`, `dict of any value: ["x"]: the dict would contain itself: copy(...) makes a value of its own`},
		{`a = k8s.apps.v1.ControllerRevision(data = [])` + "\n" + `a.data.append(a)` + "\n" + `a.data.append([a.data])`, `list of any value: [0]: the list would contain itself: copy(...) makes a value of its own`},
		{"j = k8s.apiextensions.v1.JSONSchemaProps()\nj.properties[\"a\"] = {}\nj.properties[\"a\"].properties[\"b\"] = j", `dict of JSONSchemaProps: ["b"]: the dict would contain itself: copy(...) makes a value of its own`},
		{"x = []\nx.append(x)\nk8s.apps.v1.ControllerRevision(data = x)", `ControllerRevision: data` + strings.Repeat("[0]", 200) + `: nested more than 200 levels deep`},
		{"def f():\n    x = {}\n    for i in range(1000):\n        x = {\"a\": x}\n    return x\nk8s.apps.v1.ControllerRevision(data = f())", `ControllerRevision: data` + strings.Repeat(`["a"]`, 200) + `: nested more than 200 levels deep`},
		{"def f():\n    x = []\n    for i in range(100000):\n        x = k8s.apps.v1.ControllerRevision(data = x)\nf()", `ControllerRevision: data: nested more than 200 levels deep`},
		{"def f():\n    x = k8s.apiextensions.v1.JSONSchemaProps()\n    for i in range(1000):\n        x = k8s.apiextensions.v1.JSONSchemaProps(properties = {\"a\": x})\n    return str(x)\nf()", `JSONSchemaProps: properties["a"]: nested more than 200 levels deep`},
		{"def f():\n    x = [1]\n    for i in range(60):\n        x = k8s.apps.v1.ControllerRevision(data = [x, x])\n    return x\nx = f()", ``},
	} {
		g, got, err := eval(t, c.src)
		if x := g["x"]; x != nil && c.want == "" {
			if err := Missing(x, func(kube.Path) {}); err == nil {
				t.Errorf("%s: not too large", c.src)
			}
		}
		first := ""
		if len(got) > 0 {
			first = got[0]
		}
		if err != nil || first != c.want {
			t.Errorf("%s\n got %v %q\nwant %q", c.src, err, first, c.want)
		}
	}
}

// TestSharing: values that hold others many times over are compared, copied and printed in no time.
func TestSharing(t *testing.T) {
	g, bad, err := eval(t, `
def f():
    x = [1]
    for i in range(60):
        x = k8s.apps.v1.ControllerRevision(data = {"a": [x, x], "b": x})
    return x

a = f()
b = f()
equal(a, b)
equal(a == b, True)
`)
	if err != nil || bad != nil {
		t.Fatal(err, bad)
	}
	if n := len(g["a"].String()); n < maxPrint || n > maxPrint+maxPrint/10 {
		t.Errorf("printed, it has %d bytes", n)
	}
	if same, err := Equal(Copy(NewRun(&starlark.Thread{}), g["a"]), g["b"]); !same || err != nil {
		t.Errorf("the copy differs: %v", err)
	}
}

// TestFrozen: what belongs to a file that has been loaded cannot change, and reading it changes nothing.
func TestFrozen(t *testing.T) {
	g, _, err := eval(t, `d = apps.Deployment(metadata = {"labels": {"a": "b"}}, spec = {"template": {"spec": {"containers": [{"name": "a"}]}}})`)
	if err != nil {
		t.Fatal(err)
	}
	g.Freeze()
	for _, s := range []string{
		`d.metadata = {}`, `d.metadata.name = "x"`, `d.metadata.labels["x"] = "y"`, `d.metadata.labels.pop("a")`, `d.metadata.labels.clear()`, `d.metadata.labels.update(x = "y")`,
		`d.spec.template.spec.containers.append({})`, `d.spec.template.spec.containers[0] = {}`, `d.spec.template.spec.containers[0].image = "x"`,
		`d.spec.template.spec.containers.clear()`, `d.spec.template.spec.containers.pop()`, `d.metadata.annotations["a"] = "b"`, `d.spec.template.spec.volumes.append({})`, `d.status.replicas = 1`,
	} {
		if err := run(t, g, s); err == nil || !strings.Contains(err.Error(), "frozen") {
			t.Errorf("%s: got %v", s, err)
		}
	}
	before := yaml(t, g["d"])
	if err := run(t, g, "d.metadata.annotations\nd.spec.template.spec.volumes\n[x for x in d.metadata.labels]\nd.spec.template.metadata.labels.get(\"a\")"); err != nil {
		t.Error(err)
	}
	if after := yaml(t, g["d"]); after != before {
		t.Errorf("reading made\n%s", after)
	}
}
