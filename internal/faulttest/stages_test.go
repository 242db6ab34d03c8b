package faulttest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/starctl/starctl/internal/clustertest"
)

// crd is a definition of a kind whose objects have a size from 1 to 9. Its group is the test's own.
func crd(group string) string {
	return fmt.Sprintf(`k8s.object({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.%[1]s"},
            "spec": {
                "group": %[1]q, "scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1, "maximum": 9}}},
                }}}}],
            },
        })`, group)
}

func widget(group, name, size string) string {
	return fmt.Sprintf(`k8s.object({"apiVersion": "%s/v1", "kind": "Widget", "metadata": {"name": %q}, "spec": {"size": %s}}, namespaced = True)`, group, name, size)
}

// ownGroup is a group of the API that no other test has.
func (s *site) ownGroup() string {
	group := s.ns + ".example.com"
	s.t.Cleanup(func() { s.Delete(s.t, "CustomResourceDefinition", "", "widgets."+group) })
	return group
}

// TestFault18ResourceGoneAtPrune: what cannot be looked at is neither deleted nor forgotten.
func TestFault18ResourceGoneAtPrune(t *testing.T) {
	t.Parallel()
	t.Run("the group is down", func(t *testing.T) {
		s := newSite(t)
		group := s.ownGroup()
		s.deploy(crd(group), widget(group, "w", "1"), settings("a", "1"))
		s.apply()
		s.deploy(crd(group), settings("a", "1"))
		down := s.proxy.On(func(q *clustertest.Request) bool { return strings.HasPrefix(q.Path, "/apis/"+group) }, clustertest.Status(503, "ServiceUnavailable", "the group is down"))
		r := s.run("apply")
		s.want(r, done, "Widget", "kept")
		s.hit(down)
		if got := s.inventory().names(s.ns); !contains(got, "Widget w") {
			t.Errorf("the entry of what could not be looked at is gone: %q", got)
		}
		s.proxy.Forget()
		s.apply()
		if s.Get(t, group+"/v1/widgets", s.ns, "w") != nil {
			t.Error("the object was not deleted when its group was back")
		}
	})
	t.Run("the definition is gone", func(t *testing.T) {
		s := newSite(t)
		group := s.ownGroup()
		definer := newSiteBeside(s)
		definer.deploy(crd(group))
		definer.apply()
		s.deploy(widget(group, "w", "1"), settings("a", "1"))
		s.apply()
		s.Delete(t, "CustomResourceDefinition", "", "widgets."+group)
		clustertest.Eventually(t, clustertest.Limit, "the end of the definition", func() bool {
			return s.Get(t, "CustomResourceDefinition", "", "widgets."+group) == nil
		})
		s.deploy(settings("a", "1"))
		r := s.run("apply")
		s.want(r, done, "Widget", "kept")
		if got := s.inventory().names(s.ns); !contains(got, "Widget w") {
			t.Errorf("the entry of what could not be looked at is gone: %q", got)
		}
	})
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// TestFault23DefinitionAndObjectInOneSet: a namespace, a definition and objects of it arrive together, although the server knows the kind
// late; a bad object stops before its stage.
func TestFault23DefinitionAndObjectInOneSet(t *testing.T) {
	t.Parallel()
	t.Run("late discovery", func(t *testing.T) {
		s := newSite(t)
		group, own := s.ownGroup(), s.ns+"-own"
		t.Cleanup(func() { s.Delete(t, "Namespace", "", own) })
		s.deploy(fmt.Sprintf("namespace(%q)", own), crd(group), widget(group, "w", "3"),
			fmt.Sprintf(`config_map("inside", namespace = %q)`, own))
		late := s.proxy.On(func(q *clustertest.Request) bool { return q.Path == "/apis/"+group+"/v1" }, clustertest.Status(404, "NotFound", "not yet")).Times(3)
		missing := s.proxy.On(func(q *clustertest.Request) bool { return q.Is("widgets." + group) }, notYet()).Times(2)
		s.apply()
		if late.Hits()+missing.Hits() == 0 {
			s.hit(late, missing)
		}
		if s.Get(t, group+"/v1/widgets", s.ns, "w") == nil || s.Get(t, "ConfigMap", own, "inside") == nil {
			t.Error("not everything is there")
		}
		s.proxy.Forget()
		s.apply()
		s.wantUnchanged()
	})
	t.Run("a bad object", func(t *testing.T) {
		s := newSite(t)
		group := s.ownGroup()
		s.deploy(settings("a", "1"), crd(group), widget(group, "good", "3"), widget(group, "bad", "30"))
		r := s.run("apply")
		s.want(r, partly, "Widget", "bad", "spec.size")
		if s.Get(t, group+"/v1/widgets", s.ns, "good") != nil {
			t.Error("a stage was begun although one of its objects is bad")
		}
		s.deploy(settings("a", "1"), crd(group), widget(group, "good", "3"), widget(group, "bad", "9"))
		s.apply()
		if s.Get(t, group+"/v1/widgets", s.ns, "bad") == nil {
			t.Error("the next run does not bring it to an end")
		}
	})
}

// notYet is what a server answers that does not know a path.
func notYet() clustertest.Fault {
	return func(x *clustertest.Exchange) { x.Answer(404, nil, "404 page not found\n") }
}

// wantUnchanged checks that a run wrote no object: at most its books.
func (s *site) wantUnchanged() {
	s.t.Helper()
	for _, q := range s.proxy.Requests(clustertest.Writes) {
		if !strings.HasPrefix(q.Name, "starctl-shop") {
			s.t.Errorf("a run without changes writes: %s", q)
		}
	}
}
