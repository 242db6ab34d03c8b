package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

func setOf(t testing.TB, text string) *kube.Set {
	t.Helper()
	set := &kube.Set{Name: "shop"}
	for doc := range strings.SplitSeq(text, "\n---\n") {
		b, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		set.Objects = append(set.Objects, kube.NewObject(parse(t, b), nil))
	}
	return set
}

func path(t testing.TB, s string) kube.Path {
	t.Helper()
	p, err := kube.ParsePath(s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p { // as the builtins resolve it: a key below a list is an item
		if p[i].InMap && i > 0 && slices.Contains([]string{"containers", "ports", "env"}, p[i-1].Name) {
			p[i] = kube.Item(0, p[i].Name)
		}
	}
	return p
}

func TestPrepare(t *testing.T) {
	set := setOf(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, labels: {a: b}, uid: x, resourceVersion: "1", creationTimestamp: null}
spec:
  replicas: 3
  strategy: {type: Recreate}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
      - {name: app, image: x, env: [{name: A, value: "1"}], ports: [{containerPort: 80}, {containerPort: 81}]}
status: {replicas: 3}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: other}
data: {a: aGk=, both: aGk=}
stringData: {b: plain, both: wins}
---
apiVersion: a.b/v1
kind: Widget
metadata: {name: w}
spec: {list: [{name: x, v: 1}], other: 1}
status: {kept: true}`)
	wishes := map[kube.ID]Wishes{
		set.Objects[0].ID: {
			Leave: []kube.Path{
				path(t, "spec.replicas"), path(t, "spec.strategy.type"), path(t, `spec.template.spec.containers["app"].env["A"].value`),
				path(t, `spec.template.spec.containers["app"].ports["81"]`), path(t, "spec.nothing.here"),
			},
		},
		set.Objects[2].ID: {Leave: []kube.Path{path(t, `spec.list["x"].v`), path(t, "spec.other")}, DependsOn: []kube.ID{set.Objects[0].ID}},
	}
	list, obstacles := Prepare(set, wishes, Owner{Set: "shop", Namespace: "n", Cluster: "uid"})
	if len(obstacles) > 0 {
		t.Fatal(obstacles)
	}
	const marks = `"labels":{%s"starctl.dev/set":"shop","applyset.kubernetes.io/part-of":"applyset-ARtY7DDMojTZLj4Y-4QbwILsf2QftKn3nUnUewQVhNw-v1"},"annotations":{"starctl.dev/owner":"uid/n/shop"}`
	for i, want := range []string{
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{` + fmt.Sprintf(`"name":"app","namespace":"n",`+marks, `"a":"b",`) + `},"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"env":[{"name":"A"}],"image":"x","name":"app","ports":[{"containerPort":80}]}]}}}}`,
		`{"apiVersion":"v1","data":{"a":"aGk=","both":"d2lucw==","b":"cGxhaW4="},"kind":"Secret","metadata":{"name":"s","namespace":"other",` + fmt.Sprintf(marks, "") + `}}`,
		`{"apiVersion":"a.b/v1","kind":"Widget","metadata":{"name":"w",` + fmt.Sprintf(marks, "") + `},"spec":{"list":[{"name":"x"}]},"status":{"kept":true}}`,
	} {
		var m, w any
		got := encode.AppendJSON(nil, list[i].Desired, 0)
		if err := yaml.Unmarshal(got, &m); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(want), &w); err != nil {
			t.Fatal(err)
		}
		if a, b := fmt.Sprint(m), fmt.Sprint(w); a != b {
			t.Errorf("got  %s\nwant %s", a, b)
		}
	}
	if list[0].ID.Namespace != "n" || list[2].Wishes.DependsOn[0] != list[0].ID {
		t.Errorf("namespaces: got %s, %v", list[0].ID, list[2].Wishes.DependsOn)
	}
	if list[0].Hash == "" || list[1].Hash != "" || list[0].Hash == list[2].Hash {
		t.Errorf("hashes: got %q, %q, %q", list[0].Hash, list[1].Hash, list[2].Hash)
	}
}

// The rules of a ClusterRole that aggregates are written by a controller; those of others are the file's.
func TestPrepareAggregatedRules(t *testing.T) {
	set := setOf(t, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: gathered}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: plain}
rules: []`)
	list, obstacles := Prepare(set, nil, Owner{Set: "shop", Namespace: "n", Cluster: "uid"})
	if len(obstacles) > 0 {
		t.Fatal(obstacles)
	}
	if list[0].Desired.Get("rules").Exists() || !list[0].Desired.Get("aggregationRule").Exists() || !list[1].Desired.Get("rules").Exists() {
		t.Errorf("got %s\n%s", encode.AppendJSON(nil, list[0].Desired, 0), encode.AppendJSON(nil, list[1].Desired, 0))
	}
}

func TestPrepareObstacles(t *testing.T) {
	big := strings.Repeat("x", 600<<10)
	set := setOf(t, `
apiVersion: v1
kind: ConfigMap
metadata: {generateName: a-}
---
apiVersion: v1
kind: ConfigMap
metadata: {}
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: twice, namespace: n}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: twice}
---
apiVersion: v1
kind: Secret
metadata: {name: bad}
data: {hidden: "hunter2!", number: 1}
stringData: {hidden2: {hunter: 2}}
---
apiVersion: v1
kind: Service
metadata: {name: ports, finalizers: [a, b, a]}
spec: {ports: [{port: 80, name: a}, {port: 80, protocol: TCP, name: b}, {port: 80, protocol: UDP, name: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: env}
spec: {containers: [{name: a, env: [{name: X}, {name: Y}, {name: X}]}, {name: a}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: starctl-shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: big}
data: {a: `+big+`, b: `+big+`}
---
apiVersion: v1
kind: Secret
metadata: {name: big}
stringData: {a: `+big+`, b: `+big+`}
---
apiVersion: a.b/v1
kind: Widget
metadata: {name: big}
spec: {a: `+big+`, b: `+big+`, c: `+big+`}`)
	pod := set.Objects[6].ID
	_, obstacles := Prepare(set, map[kube.ID]Wishes{pod: {Leave: []kube.Path{
		path(t, "metadata.name"), path(t, `spec.containers["a"].name`), path(t, `spec.containers["a"].image`),
	}}}, Owner{Set: "shop", Namespace: "n"})
	var got []string
	for _, o := range obstacles {
		got = append(got, fmt.Sprintf("%s: %s: %s: %s", o.Kind, o.ID, o.Path, o.Message))
		if strings.Contains(o.Message+strings.Join(o.Help, ""), "hunter") {
			t.Errorf("a value of a Secret is shown: %s", o.Message)
		}
	}
	want := []string{
		"generate-name: ConfigMap: metadata.generateName: each apply would make another object",
		"name: ConfigMap: metadata.name: required, not set",
		"duplicate: HorizontalPodAutoscaler twice: : declared twice: a cluster holds one HorizontalPodAutoscaler of that name",
		`base64: Secret bad: data["hidden"]: the value is not base64`,
		`base64: Secret bad: data["number"]: got int, want a string in base64`,
		`base64: Secret bad: stringData["hidden2"]: got map, want a string`,
		`duplicate-item: Service ports: metadata.finalizers["a"]: "a" is in the list twice`,
		`duplicate-item: Service ports: spec.ports["80/TCP"]: "80/TCP" is in the list twice`,
		`duplicate-item: Pod env: spec.containers["a"].env["X"]: "X" is in the list twice`,
		`duplicate-item: Pod env: spec.containers["a"]: "a" is in the list twice`,
		`leave: Pod env: metadata.name: it identifies the object, and cannot be left to others`,
		`leave: Pod env: spec.containers["a"].name: it identifies the item, and cannot be left to others`,
		"inventory: ConfigMap starctl-shop: : the inventory of the set has this name",
		"size: ConfigMap big: : its values have 1200 KiB together, a ConfigMap may have 1024",
		"size: Secret big: : its values have 1200 KiB together, a Secret may have 1024",
		"size: Widget big: : it has 1800 KiB, a cluster takes at most 1536",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if obstacles[2].Related[0] != set.Objects[2] {
		t.Error("the first of two is not shown")
	}
}

func TestOwner(t *testing.T) {
	o := Owner{Set: "shop.checkout", Namespace: "shop", Cluster: "uid"}
	// By KEP 3659: base64url(sha256("starctl-shop.checkout.shop.ConfigMap.")).
	if got, want := o.ApplySet(), "applyset-B_cg5XVPk5WE4SoYgD-YcfEbBfZ63DKkFdilaCvmSoE-v1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(o.ApplySet()) > 63 || o.Manager() != "starctl:shop.checkout" || o.Annotation() != "uid/shop/shop.checkout" {
		t.Errorf("got %s, %s, %s", o.ApplySet(), o.Manager(), o.Annotation())
	}
}
