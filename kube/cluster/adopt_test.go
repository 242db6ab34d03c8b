package cluster

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/plan"
)

// createAs makes an object as another manager does that knows no server-side apply.
func (s *testSet) createAs(manager string, res Resource, body string) {
	s.t.Helper()
	q := &request{verb: "create", resource: res, namespace: s.ns, contentType: mediaJSON, body: []byte(body), query: url.Values{"fieldManager": {manager}}}
	if _, err := s.c.bytes(s.t.Context(), q); err != nil {
		s.t.Fatal(err)
	}
}

func (s *testSet) live(kind, group, version, name string) kube.Node {
	s.t.Helper()
	n, err := s.deployment().get(s.t.Context(), kube.ID{Group: group, Version: version, Kind: kind, Namespace: s.ns, Name: name})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func changesOf(p *plan.Plan, name string) map[string]string {
	out := map[string]string{}
	for i := range p.Steps {
		if p.Steps[i].ID.Name == name {
			for _, c := range p.Steps[i].Changes {
				out[c.Path.String()] = c.Old.Text() + " -> " + c.New.Text()
			}
		}
	}
	return out
}

func TestRealAdoptKubectl(t *testing.T) {
	s := newSet(t)
	s.createAs("kubectl-client-side-apply", inventoryMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"k\":\"theirs\",\"old\":\"x\"}}"}},"data":{"k":"theirs","old":"x"}}`)
	s.setting.Adopt = true
	d, p := s.plan(cm("a", "mine"))
	got := changesOf(p, "a")
	if got[`data["k"]`] != "theirs -> mine" || got[`data["old"]`] != "x -> " || !p.Steps[0].Adopted {
		t.Fatalf("the plan shows %v", got)
	}
	if _, err := d.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	live := s.live("ConfigMap", "", "v1", "a")
	if live.Get("data", "old").Exists() || live.Get("data", "k").Str() != "mine" {
		t.Errorf("data: %v", live.Get("data").Text())
	}
	s.setting.Adopt = false
	if _, p := s.plan(cm("a", "mine")); !p.Empty() || len(p.Obstacles) > 0 {
		t.Errorf("after adopting: %+v", p)
	}
}

// TestRealAdoptApplied: what a command has applied by server-side apply goes with it; what a controller has applied stays.
func TestRealAdoptApplied(t *testing.T) {
	for manager, goes := range map[string]bool{"kubectl": true, "helm": true, "controller": false} {
		s := newSet(t)
		if _, err := s.c.Apply(t.Context(), inventoryMaps, s.ns, "a", []byte(strings.ReplaceAll(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"NS","labels":{"theirs":"x"}},"data":{"k":"theirs","old":"x"}}`, "NS", s.ns)), ApplyOptions{Manager: manager}); err != nil {
			t.Fatal(err)
		}
		s.setting.Adopt = true
		d, p := s.plan(cm("a", "mine"))
		if _, shown := changesOf(p, "a")[`data["old"]`]; shown != goes {
			t.Errorf("%s: the plan shows %v", manager, changesOf(p, "a"))
		}
		if _, err := d.Apply(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		live := s.live("ConfigMap", "", "v1", "a")
		if live.Get("data", "old").Exists() == goes || live.Get("metadata", "labels", "theirs").Exists() == goes || live.Get("data", "k").Str() != "mine" {
			t.Errorf("%s: %s", manager, live.Get("data").Text())
		}
	}
}

// TestRealAdoptSecret: keys that were given as stringData go as well.
func TestRealAdoptSecret(t *testing.T) {
	const given = `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"NS"},"stringData":{"k":"one","old":"two"}}`
	secrets := Resource{Version: "v1", Kind: "Secret", Name: "secrets", Namespaced: true}
	for _, applied := range []bool{true, false} {
		s := newSet(t)
		body := strings.ReplaceAll(given, "NS", s.ns)
		if applied {
			if _, err := s.c.Apply(t.Context(), secrets, s.ns, "a", []byte(body), ApplyOptions{Manager: "kubectl"}); err != nil {
				t.Fatal(err)
			}
		} else {
			annotated := strings.Replace(body, `"metadata":{`, `"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":`+strconv.Quote(body)+`},`, 1)
			s.createAs("kubectl-client-side-apply", secrets, annotated)
		}
		s.setting.Adopt = true
		d, p := s.plan(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"NS"},"data":{"k":"b25l"}}`)
		if _, shown := changesOf(p, "a")[`data["old"]`]; !shown || len(p.Obstacles) > 0 {
			t.Errorf("the plan shows %v", changesOf(p, "a"))
		}
		if _, err := d.Apply(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if data := s.live("Secret", "", "v1", "a").Get("data"); data.Get("old").Exists() || data.Get("k").Str() != "b25l" {
			t.Errorf("server-side %v: the Secret has %d keys", applied, data.Len())
		}
	}
}

// TestRealAdoptMade: kubectl create and helm before version 4 own what they were given and the server's defaults. The former goes if nobody
// declares it, or falls back to a default; the latter stays as it is; what others have added since stays too.
func TestRealAdoptMade(t *testing.T) {
	deployments := Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}
	services := Resource{Version: "v1", Kind: "Service", Name: "services", Namespaced: true}
	secrets := Resource{Version: "v1", Kind: "Secret", Name: "secrets", Namespaced: true}
	const head = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"NS"`
	for _, manager := range []string{"kubectl-create", "helm"} {
		s := newSet(t)
		create := func(res Resource, body string) { s.createAs(manager, res, strings.ReplaceAll(body, "NS", s.ns)) }
		create(deployments, head+`,"labels":{"theirs":"x"},"annotations":{"meta.helm.sh/release-name":"r"}},"spec":{"replicas":3,"paused":true,"revisionHistoryLimit":4,
			"selector":{"matchLabels":{"a":"w"}},"template":{"metadata":{"labels":{"a":"w"}},"spec":{"nodeSelector":{"disk":"ssd"},"containers":[
			{"name":"c","image":"x:1","env":[{"name":"KEPT","value":"1"},{"name":"GONE","value":"1"}],"ports":[{"containerPort":80}]},{"name":"gone","image":"y"}]}}}}`)
		create(services, `{"apiVersion":"v1","kind":"Service","metadata":{"name":"w","namespace":"NS"},"spec":{"type":"NodePort","sessionAffinity":"ClientIP","selector":{"a":"w"},"ports":[{"name":"a","port":80},{"name":"b","port":81}]}}`)
		create(secrets, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"w","namespace":"NS"},"stringData":{"k":"one","old":"two"}}`)
		q := &request{verb: "patch", resource: deployments, namespace: s.ns, name: "w", contentType: "application/merge-patch+json", body: []byte(`{"metadata":{"annotations":{"added":"since"}}}`), query: url.Values{"fieldManager": {"somebody"}}}
		if _, err := s.c.bytes(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		before := s.live("Service", "", "v1", "w").Get("spec")

		s.setting.Adopt = true
		objects := []string{
			head + `},"spec":{"selector":{"matchLabels":{"a":"w"}},"template":{"metadata":{"labels":{"a":"w"}},"spec":{"containers":[{"name":"c","image":"x:2","env":[{"name":"KEPT","value":"1"}],"ports":[{"containerPort":80}]}]}}}}`,
			`{"apiVersion":"v1","kind":"Service","metadata":{"name":"w","namespace":"NS"},"spec":{"type":"NodePort","selector":{"a":"w"},"ports":[{"name":"a","port":80}]}}`,
			`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"w","namespace":"NS"},"data":{"k":"b25l"}}`,
		}
		d, p := s.plan(objects...)
		for _, o := range p.Obstacles {
			t.Fatalf("%s: %s: %s", o.ID, o.Path, o.Message)
		}
		shown := map[string]string{}
		for i := range p.Steps {
			for _, c := range p.Steps[i].Changes {
				shown[p.Steps[i].ID.Kind+" "+c.Path.String()] = c.Old.Text() + " -> " + c.New.Text()
			}
		}
		for _, want := range []string{
			`Deployment metadata.labels["theirs"]: x -> `, `Deployment spec.replicas: 3 -> 1`, `Deployment spec.paused: true -> `, `Deployment spec.revisionHistoryLimit: 4 -> 10`,
			`Deployment spec.template.spec.containers["c"].image: x:1 -> x:2`, `Deployment spec.template.spec.containers["c"].env["GONE"]: `,
			`Deployment spec.template.spec.containers["gone"]: `, `Deployment spec.template.spec.nodeSelector: `,
			`Service spec.sessionAffinity: ClientIP -> None`, `Service spec.ports["81/TCP"]: `, `Secret data["old"]: `,
		} {
			path, change, _ := strings.Cut(want, ": ")
			if got, ok := shown[path]; !ok || !strings.HasPrefix(got, change) {
				t.Errorf("%s: of %s the plan shows %q, want %q", manager, path, got, change)
			}
		}
		lives := map[string]kube.Node{}
		for i := range p.Steps {
			id := p.Steps[i].ID
			lives[id.Kind] = s.live(id.Kind, id.Group, id.Version, id.Name)
		}
		if _, err := d.Apply(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		for i := range p.Steps {
			id := p.Steps[i].ID
			now := s.live(id.Kind, id.Group, id.Version, id.Name)
			if got := d.comparer.Compare(lives[id.Kind], now); !plan.SameChanges(got, p.Steps[i].Changes) {
				t.Errorf("%s: %s: shown were %+v, done %+v", manager, id.Kind, p.Steps[i].Changes, got)
			}
		}
		live := s.live("Deployment", "apps", "v1", "w")
		if live.Get("metadata", "annotations", "added").Str() != "since" || live.Get("metadata", "annotations", "meta.helm.sh/release-name").Exists() {
			t.Errorf("%s: annotations %s", manager, encode.AppendJSON(nil, live.Get("metadata", "annotations"), 0))
		}
		if now := s.live("Service", "", "v1", "w").Get("spec"); !kube.Equal(now.Get("clusterIP"), before.Get("clusterIP")) {
			t.Errorf("%s: the Service has another address", manager)
		}
		s.setting.Adopt = false
		if _, p := s.plan(objects...); !p.Empty() || len(p.Obstacles) > 0 {
			t.Errorf("%s: after adopting: %+v %+v", manager, p.Steps, p.Obstacles)
		}
	}
}

// TestRealAdoptThenChange: what was adopted as it was belongs to the set alone, and can be changed later.
func TestRealAdoptThenChange(t *testing.T) {
	deployments := Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}
	deployment := func(image, more string) string {
		return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"NS","labels":{"l":"` + image + `"}},"spec":{"selector":{"matchLabels":{"a":"w"}},
			"template":{"metadata":{"labels":{"a":"w"}},"spec":{"containers":[{"name":"c","image":"` + image + `"` + more + `}]}}}}`
	}
	for _, manager := range []string{"kubectl-create", "helm", "kubectl-client-side-apply"} {
		s := newSet(t)
		s.createAs(manager, deployments, strings.ReplaceAll(deployment("x", `,"args":["a"]`), "NS", s.ns))
		s.setting.Adopt = true
		s.apply(deployment("x", `,"args":["a"]`))
		s.setting.Adopt = false
		s.apply(deployment("y", ""))
		if manager == "kubectl-create" { // a default that it owns
			s.apply(strings.Replace(deployment("y", ""), `"spec":{`, `"spec":{"progressDeadlineSeconds":77,`, 1))
		}
		live := s.live("Deployment", "apps", "v1", "w")
		for _, c := range live.Get("spec", "template", "spec", "containers").Items() {
			if c.Get("image").Str() != "y" || c.Get("args").Exists() {
				t.Errorf("%s: %s", manager, encode.AppendJSON(nil, c, 0))
			}
		}
	}
}

// TestRealAdoptEitherOr: what was set and what is declared may exclude each other, so that the server refuses both together.
func TestRealAdoptEitherOr(t *testing.T) {
	budgets := Resource{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget", Name: "poddisruptionbudgets", Namespaced: true}
	deployments := Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}
	budget := func(spec string) string {
		return `{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"w","namespace":"NS"},"spec":{` + spec + `,"selector":{"matchLabels":{"a":"w"}}}}`
	}
	deployment := func(strategy, probe, volume string) string {
		return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"NS"},"spec":{"strategy":{` + strategy + `},"selector":{"matchLabels":{"a":"w"}},
			"template":{"metadata":{"labels":{"a":"w"}},"spec":{"volumes":[{"name":"v",` + volume + `}],"containers":[{"name":"c","image":"x","volumeMounts":[{"name":"v","mountPath":"/v"}],"readinessProbe":{` + probe + `}}]}}}}`
	}
	was := []string{
		budget(`"minAvailable":1`),
		deployment(`"type":"RollingUpdate","rollingUpdate":{"maxSurge":3}`, `"httpGet":{"path":"/","port":80}`, `"hostPath":{"path":"/tmp"}`),
	}
	now := []string{budget(`"maxUnavailable":1`), deployment(`"type":"Recreate"`, `"tcpSocket":{"port":80}`, `"emptyDir":{}`)}
	for _, manager := range []string{"kubectl-create", "helm", "kubectl-client-side-apply", "kubectl"} {
		s := newSet(t)
		for i, res := range []Resource{budgets, deployments} {
			body := strings.ReplaceAll(was[i], "NS", s.ns)
			if manager == "kubectl" {
				if _, err := s.c.Apply(t.Context(), res, s.ns, "w", []byte(body), ApplyOptions{Manager: manager}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if manager == "kubectl-client-side-apply" {
				body = strings.Replace(body, `"metadata":{`, `"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":`+strconv.Quote(strings.NewReplacer("\n", "", "\t", "").Replace(body))+`},`, 1)
			}
			s.createAs(manager, res, body)
		}
		s.setting.Adopt = true
		d, p := s.plan(now...)
		for _, o := range p.Obstacles {
			t.Fatalf("%s: %s: %s: %s", manager, o.ID, o.Path, o.Message)
		}
		if got := changesOf(p, "w"); got["spec.minAvailable"] != "1 -> " || got["spec.maxUnavailable"] != " -> 1" || got["spec.strategy.type"] != "RollingUpdate -> Recreate" {
			t.Errorf("%s: the plan shows %v", manager, got)
		}
		if _, err := d.Apply(t.Context(), p); err != nil {
			t.Fatalf("%s: %v", manager, err)
		}
		s.setting.Adopt = false
		if _, p := s.plan(now...); !p.Empty() || len(p.Obstacles) > 0 {
			t.Errorf("%s: after adopting: %+v %+v", manager, p.Steps, p.Obstacles)
		}
	}
	// A mistake in the file is one, whatever is there.
	s := newSet(t)
	s.createAs("kubectl-create", budgets, strings.ReplaceAll(was[0], "NS", s.ns))
	s.setting.Adopt = true
	_, p := s.plan(budget(`"maxUnavailable":1,"minAvailable":1`))
	if len(p.Obstacles) != 1 || p.Obstacles[0].Kind != "invalid" {
		t.Errorf("%+v", p.Obstacles)
	}
}

// TestRealAdoptDefaults: kubectl without server-side apply comes to own defaults; adopting the same object changes nothing of them,
// and rolls no Pod.
func TestRealAdoptDefaults(t *testing.T) {
	s := newSet(t)
	res := Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}
	given := `"spec":{"replicas":1,"selector":{"matchLabels":{"a":"w"}},"template":{"metadata":{"labels":{"a":"w"}},"spec":{"containers":[{"name":"c","image":"x","ports":[{"containerPort":80}]}]}}}`
	s.createAs("kubectl-client-side-apply", res, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","annotations":{"kubectl.kubernetes.io/last-applied-configuration":`+strconv.Quote("{"+given+"}")+`}},`+given+`}`)
	s.setting.Adopt = true
	object := `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"NS"},` + given + `}`
	before := s.live("Deployment", "apps", "v1", "w").Get("spec")
	d, p := s.plan(object)
	for path, change := range changesOf(p, "w") {
		if strings.HasPrefix(path, "spec") || p.Steps[0].Rolls > 0 {
			t.Errorf("the plan shows %s: %s, and rolls %d Pods", path, change, p.Steps[0].Rolls)
		}
	}
	if _, err := d.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	live := s.live("Deployment", "apps", "v1", "w")
	if !kube.Equal(live.Get("spec"), before) || live.Get("metadata", "annotations", lastApplied).Exists() {
		t.Error("the Deployment is not as it was")
	}
}

// TestRealAdoptMeanwhile: a controller writes all the time; only what makes another difference than was shown stops an adoption.
func TestRealAdoptMeanwhile(t *testing.T) {
	for value, shown := range map[string]bool{`{"data":{"seen":"yes"}}`: true, `{"data":{"k":"others"}}`: false} {
		s := newSet(t)
		s.createAs("kubectl-client-side-apply", inventoryMaps, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"k\":\"theirs\",\"old\":\"x\"}}"}},"data":{"k":"theirs","old":"x"}}`)
		s.setting.Adopt = true
		d, p := s.plan(cm("a", "mine"))
		q := &request{verb: "patch", resource: inventoryMaps, namespace: s.ns, name: "a", contentType: "application/merge-patch+json", body: []byte(value), query: url.Values{"fieldManager": {"somebody"}}}
		if _, err := s.c.bytes(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		_, err := d.Apply(t.Context(), p)
		live := s.live("ConfigMap", "", "v1", "a")
		old, k := live.Get("data", "old").Exists(), live.Get("data", "k").Str()
		if shown && (err != nil || old || k != "mine") || !shown && (err == nil || !old || k != "others") {
			t.Errorf("after %s: error %v, data %v", value, err, live.Get("data").Text())
		}
	}
}

const scaledDeployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"NS"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"w"}},"template":{"metadata":{"labels":{"a":"w"}},"spec":{"containers":[{"name":"c","image":"IMAGE"}]}}}}`

func (s *testSet) scale(name string, replicas string) {
	s.t.Helper()
	res := Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}
	q := &request{verb: "patch", resource: res, namespace: s.ns, name: name, sub: "scale", contentType: "application/merge-patch+json", body: []byte(`{"spec":{"replicas":` + replicas + `}}`), query: url.Values{"fieldManager": {"autoscaler"}}}
	if _, err := s.c.bytes(s.t.Context(), q); err != nil {
		s.t.Fatal(err)
	}
}

func TestRealScaledIsLeft(t *testing.T) {
	s := newSet(t)
	s.apply(scaledDeployment)
	s.scale("w", "5")
	_, p := s.plan(scaledDeployment)
	if len(p.Obstacles) > 0 || len(p.Notes) != 1 || p.Notes[0].Kind != "scaled" {
		t.Fatalf("%+v %+v", p.Obstacles, p.Notes)
	}
	s.apply(scaledDeployment)
	if n, _ := s.live("Deployment", "apps", "v1", "w").Get("spec", "replicas").Int(); n != 5 {
		t.Errorf("got %d replicas, want the 5 of the autoscaler", n)
	}
}

func TestRealAdoptScaled(t *testing.T) {
	s := newSet(t)
	res := Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}
	s.createAs("helm", res, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"w"}},"template":{"metadata":{"labels":{"a":"w"}},"spec":{"containers":[{"name":"c","image":"other"}]}}}}`)
	s.scale("w", "4")
	s.setting.Adopt = true
	_, p := s.plan(scaledDeployment)
	kinds := map[string]bool{}
	for _, n := range p.Notes {
		kinds[n.Kind] = true
	}
	if !kinds["scaled"] || !kinds["taken"] || len(p.Obstacles) > 0 {
		t.Fatalf("%+v %+v", p.Obstacles, p.Notes)
	}
	s.apply(scaledDeployment)
	live := s.live("Deployment", "apps", "v1", "w")
	if n, _ := live.Get("spec", "replicas").Int(); n != 4 {
		t.Errorf("got %d replicas, want the 4 of the autoscaler", n)
	}
	for _, c := range live.Get("spec", "template", "spec", "containers").Items() {
		if c.Get("image").Str() != "IMAGE" {
			t.Error("not adopted")
		}
	}
}

func TestWithoutLeftovers(t *testing.T) {
	parse := func(s string) kube.Node {
		n, err := decode.JSON([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// kubectl owns defaults too, which it was not given.
	live := parse(`{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"spec\":{\"paused\":true,\"both\":1,\"labels\":{\"a\":\"1\",\"b\":\"2\"},\"gone\":{\"x\":1},\"list\":[{\"name\":\"mine\",\"v\":1},{\"name\":\"old\"}]}}"},"managedFields":[{"manager":"kubectl-client-side-apply","operation":"Update","fieldsV1":{
		"f:spec":{"f:paused":{},"f:both":{},"f:default":{},"f:defaults":{".":{},"f:d":{}},"f:labels":{".":{},"f:a":{},"f:b":{}},"f:gone":{".":{},"f:x":{}},
		"f:list":{"k:{\"name\":\"mine\"}":{".":{},"f:name":{},"f:v":{}},"k:{\"name\":\"old\"}":{".":{},"f:name":{}}}}}}]}}`)
	result := parse(`{"metadata":{"managedFields":[{"manager":"starctl:s","operation":"Apply","fieldsV1":{
		"f:spec":{"f:both":{},"f:labels":{"f:a":{}},"f:list":{"k:{\"name\":\"mine\"}":{".":{},"f:name":{}}}}}}]},
		"spec":{"paused":true,"both":1,"default":1,"defaults":{"d":1},"server":2,"labels":{"a":"1","b":"2","c":"3"},"gone":{"x":1},"list":[{"name":"mine","v":1},{"name":"old"},{"name":"other"}]}}`)
	want := parse(`{"both":1,"default":1,"defaults":{"d":1},"server":2,"labels":{"a":"1","c":"3"},"list":[{"name":"mine"},{"name":"other"}]}`)
	if got := withoutLeftovers(live, result, kube.Node{}).Get("spec"); !kube.Equal(got, want) {
		t.Errorf("got %v", got.Text())
	}
}
