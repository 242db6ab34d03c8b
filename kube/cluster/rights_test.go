package cluster

import (
	"net/http"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/starctl/starctl/internal/clustertest"
)

func TestRuleCovers(t *testing.T) {
	for _, test := range []struct {
		rule rule
		need right
		want bool
	}{
		{rule{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}, right{verb: "get", group: "apps", resource: "deployments"}, true},
		{rule{Verbs: []string{"get"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}}, right{verb: "get", group: "apps", resource: "deployments", name: "a"}, true},
		{rule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"deployments"}}, right{verb: "get", group: "apps", resource: "deployments"}, false},
		{rule{Verbs: []string{"list"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}}, right{verb: "get", group: "apps", resource: "deployments"}, false},
		{rule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}}, right{verb: "get", resource: "pods/log"}, false},
		{rule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods/log"}}, right{verb: "get", resource: "pods/log"}, true},
		{rule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"*/log"}}, right{verb: "get", resource: "pods/log"}, true},
		{rule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"a"}}, right{verb: "get", resource: "configmaps", name: "a"}, true},
		{rule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"a"}}, right{verb: "get", resource: "configmaps", name: "b"}, false},
		{rule{Verbs: []string{"list"}, APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"a"}}, right{verb: "list", resource: "configmaps"}, false},
	} {
		if got := test.rule.covers(&test.need); got != test.want {
			t.Errorf("%+v covers %+v: got %v", test.rule, test.need, got)
		}
	}
}

// What is in help must be YAML as it stands there, indented, whatever people are called.
func TestGrantIsYAML(t *testing.T) {
	g := grant{user: `o'neill: "x" #1@example.com`, set: "shop.api", home: "null", phase: "apply", lacking: []right{{verb: "get", resource: "pods", namespace: "null"}}}
	text := "   " + strings.Join(g.roles(), "\n   ")
	var list struct {
		Kind  string `json:"kind"`
		Items []struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"metadata"`
			Subjects []struct {
				Name string `json:"name"`
			} `json:"subjects"`
		} `json:"items"`
	}
	if err := yaml.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if list.Kind != "List" || len(list.Items) != 2 || list.Items[1].Subjects[0].Name != g.user || list.Items[0].Metadata.Namespace != "null" {
		t.Errorf("got %+v from\n%s", list, text)
	}
}

// A plan that is allowed everything costs one request, and one that changes nothing none; a server that does not say what is allowed
// stops nothing, and what it denies is told as it is.
func TestRealRightsCost(t *testing.T) {
	s := newSet(t)
	real := clustertest.Start(t)
	p := real.Proxy(t)
	c, err := Connect(t.Context(), Options{Kubeconfig: p.Kubeconfig, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s.c, s.setting.Rights = c, true
	review := func(q *clustertest.Request) bool {
		return q.Group == "authorization.k8s.io" || q.Group == "authentication.k8s.io"
	}
	s.apply(cm("a", "1"))
	if n := p.Count(review); n != 1 {
		t.Errorf("got %d questions for rights, want 1:\n%s", n, p.Summary())
	}
	p.Forget()
	s.apply(cm("a", "1"))
	if n := p.Count(review); n != 0 {
		t.Errorf("nothing changes: got %d questions for rights, want none:\n%s", n, p.Summary())
	}
	p.On(review, clustertest.Status(http.StatusForbidden, "Forbidden", "no"))
	s.apply(cm("a", "2"))

	nobody := real.ProxyFor(t, real.Nobody)
	nobody.On(review, clustertest.Status(http.StatusForbidden, "Forbidden", "no"))
	if s.c, err = Connect(t.Context(), Options{Kubeconfig: nobody.Kubeconfig, CacheDir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	_, err = s.deployment(cm("a", "3")).Plan(t.Context())
	wantFailure(t, err, Unreachable, `user "nobody" may not get configmaps in namespace `+s.ns, "kubectl create role starctl-configmaps --verb=get")
}
