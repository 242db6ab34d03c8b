package faulttest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/starctl/starctl/internal/clustertest"
)

// TestFault13ConflictOfOneAmongMany: one field of object 500 belongs to somebody else; objects 1 to 499 are not touched either.
func TestFault13ConflictOfOneAmongMany(t *testing.T) {
	s := newSite(t)
	s.file(`set_name = "shop"

def main(ctx):
    return [config_map("c%d" % i, data = {"k": "1"}) for i in range(100, 700)]
`)
	s.apply("--no-wait")
	s.Apply(t, "somebody", s.configMap("c500", "theirs"))
	s.file(`set_name = "shop"

def main(ctx):
    return [config_map("c%d" % i, data = {"k": "2"}) for i in range(100, 700)]
`)
	s.proxy.Forget()
	s.want(s.run("apply", "--no-wait"), refused, "c500", `data["k"]`, "somebody", "apply.leave", "apply.take")
	s.wantWrites(0)
	for _, name := range []string{"c100", "c499", "c699"} {
		if v := s.data(name, "k"); v != "1" {
			t.Errorf("%s: got %q, want it untouched", name, v)
		}
	}
}

func scaled(replicas, image string) string {
	return fmt.Sprintf(`deployment("web", image = %q%s)`, image, replicas)
}

func (s *site) replicas() string {
	return fmt.Sprint(s.Get(s.t, "Deployment", s.ns, "web").At("spec", "replicas"))
}

// TestFault14Autoscaler: what an autoscaler has set through the subresource scale is left alone; giving up a field that only we own
// resets it, which is said.
func TestFault14Autoscaler(t *testing.T) {
	s := newSite(t)
	s.deploy(scaled(", replicas = 2", "web:1"))
	s.apply()
	s.Merge(t, "Deployment", s.ns, "web/scale", map[string]any{"spec": map[string]any{"replicas": 4}})
	s.deploy(scaled(", replicas = 2", "web:2"))
	s.want(s.run("apply"), done, "replicas")
	if n := s.replicas(); n != "4" {
		t.Errorf("got %s replicas, want the 4 of the autoscaler", n)
	}
	s.consistent("Deployment web")

	other := newSiteBeside(s)
	other.deploy(scaled(", replicas = 3", "web:1"))
	other.apply()
	other.deploy(scaled("", "web:1"))
	r := other.run("diff")
	other.want(r, 1, "replicas")
	if !strings.Contains(r.Stdout+r.Stderr, "default") {
		t.Errorf("nothing says that replicas falls back to its default\n%s%s", r.Stdout, r.Stderr)
	}
}

// newSiteBeside is another namespace of the same test.
func newSiteBeside(s *site) *site {
	s.t.Helper()
	return siteOn(s.t, s.Cluster)
}

// TestFault17InventoryLost: an inventory that was deleted, or holds nonsense, is no reason to delete anything, and is made anew from the
// labels of what is there.
func TestFault17InventoryLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(s *site){
		"deleted": func(s *site) { s.Delete(s.t, "ConfigMap", s.ns, "starctl-shop") },
		"corrupt": func(s *site) {
			o := s.Get(s.t, "ConfigMap", s.ns, "starctl-shop")
			data := map[string]any{}
			for _, field := range []string{"data", "binaryData"} {
				m, _ := o.At(field).(map[string]any)
				nonsense := map[string]any{}
				for k := range m {
					nonsense[k] = "AAAA"
				}
				if m != nil {
					data[field] = nonsense
				}
			}
			s.Merge(s.t, "ConfigMap", s.ns, "starctl-shop", data)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.deploy(settings("a", "1"), settings("b", "1"), `secret("key", data = {"k": "v"})`)
			s.apply()
			f := s.foreigners(s.Get(t, "ConfigMap", s.ns, "a"))
			lose(s)
			s.deploy(settings("a", "2"))
			s.proxy.Forget()
			r := s.run("apply", "--allow-mass-prune")
			if deleted := s.proxy.Requests(clustertest.Verb("delete")); len(deleted) > 0 {
				t.Errorf("without its inventory it deletes: %v", deleted)
			}
			s.want(r, done, "inventory", "nothing is deleted in this run")
			s.consistent("ConfigMap a", "ConfigMap b", "Secret key") // made anew from labels
			s.want(s.run("apply", "--allow-mass-prune"), done)
			s.consistent("ConfigMap a") // from the second run on it knows again what is its own
			s.untouched(f)
		})
	}
}

// TestFault19MovedOrCopied: an object that another set has taken over, and a copy that carries our marks, are not ours to delete.
func TestFault19MovedOrCopied(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "1"), settings("b", "1"))
	s.apply()
	b := s.Get(t, "ConfigMap", s.ns, "b")
	f := s.foreigners(b)
	// Another set adopts b: its labels and its owner are the other's then.
	meta := b.At("metadata").(map[string]any)
	labels, annotations := meta["labels"].(map[string]any), meta["annotations"].(map[string]any)
	annotations["starctl.dev/owner"] = strings.Replace(annotations["starctl.dev/owner"].(string), "/shop", "/other", 1)
	labels["starctl.dev/set"] = "other"
	s.Merge(t, "ConfigMap", s.ns, "b", map[string]any{"metadata": map[string]any{"labels": labels, "annotations": annotations}})

	s.deploy(settings("a", "1"))
	s.apply()
	if !s.there("ConfigMap", "b") {
		t.Error("an object of another set was deleted")
	}
	s.untouched(f)
	s.consistent("ConfigMap a")

	// Declared again it is refused, and --adopt does not help: somebody else owns it.
	s.deploy(settings("a", "1"), settings("b", "1"))
	s.proxy.Forget()
	s.want(s.run("apply", "--adopt"), refused, "other")
	s.wantWrites(0)
	s.want(s.run("delete"), done)
	if !s.there("ConfigMap", "b") {
		t.Error("an object of another set was deleted with ours")
	}
	s.untouched(f)
}

// TestAdoption: what is there already is not ours without a word.
func TestAdoption(t *testing.T) {
	s := newSite(t)
	s.Create(t, s.configMap("a", "theirs"))
	s.deploy(settings("a", "1"))
	s.want(s.run("apply"), refused, "--adopt")
	s.wantWrites(0)
	s.apply("--adopt")
	if v := s.data("a", "k"); v != "1" {
		t.Errorf("got %q, want 1", v)
	}
	s.consistent("ConfigMap a")
}
