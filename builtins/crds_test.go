package builtins

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
)

const anvil = `
apiVersion: v1
kind: Namespace
metadata: {name: acme}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: anvils.acme.example.com}
spec:
  group: acme.example.com
  scope: Namespaced
  names: {kind: Anvil, plural: anvils}
  versions:
  - name: v1beta1
    served: true
    storage: false
    schema: {openAPIV3Schema: {type: object, properties: {old: {type: string}}}}
  - name: v1alpha1
    served: false
    storage: false
    schema: {openAPIV3Schema: {type: object}}
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          status: {type: object, properties: {ready: {type: boolean}}}
          spec:
            type: object
            required: [weight, color]
            properties:
              weight: {type: integer, minimum: 1, maximum: 500}
              count: {type: integer, format: int32, minimum: 0}
              color: {type: string, enum: [red, black], default: black}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              ratio: {type: number}
              secret: {type: string, format: byte}
              since: {type: string, format: date-time}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
              template: {type: object, x-kubernetes-embedded-resource: true}
              open: {}
              labels: {type: object, additionalProperties: {type: string}}
              holders:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, hands: {type: integer}}
`

// evaluateTree runs deploy.star of a tree and returns its objects or its messages.
func evaluateTree(t *testing.T, files map[string]string) string {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	in := &interp.Interpreter{Root: tree, Predeclared: Predeclared(), Equal: typed.Equal, NewThread: func(thread *starlark.Thread) { typed.NewRun(thread) }}
	in.Finish = func(thread *starlark.Thread) error {
		var list diag.List
		for _, m := range typed.RunOf(thread).Mistakes() {
			list = append(list, m.Diagnostic(in))
		}
		if list == nil {
			return nil
		}
		return list
	}
	m, err := in.Load(context.Background(), "//deploy.star")
	list := diag.From(err, in)
	var b bytes.Buffer
	if len(list) > 0 {
		if err := diag.Write(&b, list, in, diag.Style{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	r := m.Globals["o"].(*typed.Record)
	if err := typed.Missing(r, func(p kube.Path) { b.WriteString("missing " + p.String() + "\n") }); err != nil {
		t.Fatal(err)
	}
	return string(encode.AppendYAML(b.Bytes(), typed.Node(r)))
}

func TestCRDs(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"all", `
acme = crds("//crds/*.yaml")
o = acme.Anvil(
    metadata = {"name": "a"},
    spec = {
        "weight": 7, "count": 0, "port": "http", "ratio": 2, "secret": "YQ==", "since": "2026-01-02T03:04:05Z",
        "free": {"z": 1, "a": 2}, "open": [1, None], "labels": {"x": "y"}, "holders": [{"name": "me", "hands": 2}], "template": {"kind": "Pod"},
    },
)
o.spec.holders[0].hands += 1
o.spec.labels["z"] = "1"
`, `apiVersion: acme.example.com/v1
kind: Anvil
metadata:
  name: a
spec:
  count: 0
  free:
    z: 1
    a: 2
  holders:
  - hands: 3
    name: me
  labels:
    x: "y"
    z: "1"
  open:
  - 1
  - null
  port: http
  ratio: 2
  secret: YQ==
  since: "2026-01-02T03:04:05Z"
  template:
    kind: Pod
  weight: 7
`},
		{"other version", `o = crds("//crds/anvil.yaml").v1beta1.Anvil(old = "x")`, `apiVersion: acme.example.com/v1beta1
kind: Anvil
old: x
`},
		{"missing", `o = crds("//crds/anvil.yaml").Anvil(spec = {"holders": [{}]})`, `missing spec.holders[0].name
missing spec.weight
apiVersion: acme.example.com/v1
kind: Anvil
spec:
  holders:
  - {}
`},
		{
			"wrong", `o = crds("//crds/anvil.yaml").Anvil(spec = {"wight": 7, "weight": 501, "color": "blck", "holders": [{"name": "me", "hands": "2"}], "port": 1.5, "labels": {"a": 1}, "since": "now", "count": -1})`,
			`deploy.star:1:45: Anvil: spec.wight: no such field of AnvilSpec
deploy.star:1:67: Anvil: spec.weight: got 501, want a number from 1 to 500
deploy.star:1:81: Anvil: spec.color: got "blck", want "red" or "black"
deploy.star:1:125: Anvil: spec.holders["me"].hands: got string, want int
deploy.star:1:140: Anvil: spec.port: got float, want int or string
deploy.star:1:161: Anvil: spec.labels["a"]: got int, want string
deploy.star:1:174: Anvil: spec.since: got "now", want a time such as 2006-01-02T15:04:05Z
deploy.star:1:190: Anvil: spec.count: got -1, want a number of at least 0
`,
		},
		{"equality", `
c = k8s.core.v1.Container(name = "a", args = ["x"], env = [{"name": "E"}])
m = k8s.core.v1.ConfigMap(data = {"a": "b"})
plain, d, n, s = ["x"], {"a": "b"}, 1, "x"
checks = [
    c.args == ["x"], ["x"] == c.args, c.args == plain, plain == c.args, c.args != ["y"], not c.args == [], (c.args == ("x",)) == False,
    m.data == d, d == m.data, {"a": d} == {"a": m.data}, [c.args] == [plain], (1, c.args) == (n, plain), m.data != c.args,
    c == k8s.core.v1.Container(args = plain, name = "a", env = [k8s.core.v1.EnvVar(name = "E")]), c != None, c.image == None,
    n == 1, 1.0 == n, s == "x", s != n, set([n]) == set([1]), c.args[0] == s, len(plain) == n, type(c.args) == type(plain), (s == c.args) == False,
    True if c.env == [k8s.core.v1.EnvVar(name = "E")] else False, [a for a in [c.args] if a == plain] == [plain],
]
if checks != [True] * len(checks):
    fail([i for i, ok in enumerate(checks) if ok != True])
o = crds("//crds/anvil.yaml").v1beta1.Anvil()
`, `apiVersion: acme.example.com/v1beta1
kind: Anvil
`},
		{"no such kind", `o = crds("//crds/*.yaml").Anvl()`, "deploy.star:1:27: no Anvl in crds\n"},
		{"no such version", `o = crds("//crds/*.yaml").v2`, "deploy.star:1:27: no v2 in crds\n"},
		{"no definition", `o = crds("//deploy.star")`, "deploy.star:1:5: no CustomResourceDefinition in //deploy.star\n"},
		{"no file", `o = crds("//crds/anvl.yaml")`, "deploy.star:1:10: there is no file crds/anvl.yaml\n"},
		{"no text", `o = crds(1)`, "deploy.star:1:5: crds: got int, want string\n"},
		{"nothing", `o = crds()`, "deploy.star:1:5: crds: want the names of files, as in crds(\"//crds/*.yaml\")\n"},
		{"malformed", `o = crds("//bad/type.yaml")`, "deploy.star:1:5: bad/type.yaml: CustomResourceDefinition b: spec.versions[\"v1\"].schema.openAPIV3Schema.properties[\"spec\"].items.type: got \"strnig\", want \"array\", \"boolean\", \"integer\", \"number\", \"object\" or \"string\"\n"},
		{"no YAML", `o = crds("//bad/yaml.yaml")`, "deploy.star:1:5: bad/yaml.yaml: line 1: did not find expected node content\n"},
		{"old", `o = crds("//bad/old.yaml")`, "deploy.star:1:5: bad/old.yaml: CustomResourceDefinition b: apiVersion: got \"apiextensions.k8s.io/v1beta1\", want \"apiextensions.k8s.io/v1\"\n"},
		{"twice", `o = crds("//crds/anvil.yaml", "//other/anvil.yaml")`, "deploy.star:1:5: kind Anvil is defined by acme.example.com and by other.example.com\n"},
		{"of two files", `
load("//lib.star", "holder", "acme")
mine = crds("//crds/anvil.yaml")
o = mine.Anvil(spec = {"weight": 1, "holders": [holder]})
o.spec = acme.Anvil(spec = {"weight": 2, "holders": [{"name": "b"}]}).spec
`, `apiVersion: acme.example.com/v1
kind: Anvil
spec:
  holders:
  - name: b
  weight: 2
`},
	} {
		got := evaluateTree(t, map[string]string{
			"deploy.star":      c.src,
			"lib.star":         `acme = crds("//crds/anvil.yaml")` + "\n" + `holder = acme.Anvil(spec = {"holders": [{"name": "a"}]}).spec.holders[0]`,
			"crds/anvil.yaml":  anvil,
			"other/anvil.yaml": strings.ReplaceAll(anvil, "acme.example", "other.example"),
			"bad/yaml.yaml":    "a: [",
			"bad/old.yaml":     "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nmetadata: {name: b}\n",
			"bad/type.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: b}\nspec: {group: g, scope: Cluster, names: {kind: K}, " +
				"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: array, items: {type: strnig}}}}}}]}\n",
		})
		if strings.HasPrefix(c.want, "deploy.star:") { // without the excerpts
			var heads []string
			for line := range strings.Lines(got) {
				if strings.HasPrefix(line, "deploy.star:") {
					heads = append(heads, line)
				}
			}
			got = strings.Join(heads, "")
		}
		if got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestMalformedCRDs: whatever a definition holds, reading it ends with types or with a place.
func TestMalformedCRDs(t *testing.T) {
	deep := strings.Repeat("{type: array, items: ", 150) + "{type: string}" + strings.Repeat("}", 150)
	for _, c := range []struct{ from, to, want string }{
		{"group: acme.example.com", "", "spec.group: required, not set"},
		{"kind: Anvil", "kind: ''", "spec.names.kind: required, not set"},
		{"scope: Namespaced", "scope: namespaced", `spec.scope: got "namespaced", want "Cluster" or "Namespaced"`},
		{"served: true", "served: false", "spec.versions: no version is served"},
		{"name: v1beta1", "nam: v1beta1", "spec.versions[0].name: required, not set"},
		{"labels: {type: object, additionalProperties: {type: string}}", "labels: 7", `spec.versions["v1"].schema.openAPIV3Schema.properties["spec"].properties["labels"]: got int, want a schema`},
		{"labels: {type: object, additionalProperties: {type: string}}", "labels: {type: [object]}", `spec.versions["v1"].schema.openAPIV3Schema.properties["spec"].properties["labels"].type: got list, want string`},
		{"labels: {type: object, additionalProperties: {type: string}}", "labels: " + deep, `nested more than 100 levels deep`},
		{"items:\n                  type: object", "item:\n                  type: object", `spec.versions["v1"].schema.openAPIV3Schema.properties["spec"].properties["holders"].items: got nothing, want a schema`},
	} {
		text := strings.ReplaceAll(anvil, c.from, c.to)
		if text == anvil {
			t.Fatalf("no %q", c.from)
		}
		_, err := definitions(text)
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.to[:min(len(c.to), 40)], err, c.want)
		}
	}
	list, err := definitions(anvil)
	if err != nil || len(list) != 1 || len(list[0].Versions) != 2 || list[0].Versions[0].Name != "v1" {
		t.Fatalf("got %v, %v", list, err)
	}
	o := list[0].Versions[0].Object
	if !o.Namespaced || o.Resource != "anvils" || o.Required != 1 || o.Fields[o.Field("spec")].Type.Kind != schema.Obj {
		t.Errorf("got %+v", o)
	}
}
