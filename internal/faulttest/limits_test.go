package faulttest

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// TestFault25DuplicatesAndSizes: what no cluster could keep is refused before one is asked for anything.
func TestFault25DuplicatesAndSizes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		objects []string
		texts   []string
	}{
		"identity": {[]string{
			`horizontal_pod_autoscaler("web", target = deployment("web", image = "w"), max = 2)`,
			`k8s.object({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}})`,
		}, []string{"HorizontalPodAutoscaler"}},
		"environment": {[]string{
			`k8s.core.v1.Pod(metadata = {"name": "p"}, spec = {"containers": [{"name": "c", "image": "i", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}]})`,
		}, []string{`"A"`}},
		"ports": {[]string{
			`k8s.core.v1.Service(metadata = {"name": "s"}, spec = {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]})`,
		}, []string{"80"}},
		"size": {[]string{`config_map("big", data = {"k": "0123456789abcdef" * 66000})`}, []string{"1024"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.deploy(append(test.objects, settings("a", "1"))...)
			r := s.run("apply")
			s.want(r, badInput, test.texts...)
			if n := s.proxy.Count(clustertest.DryRuns); n > 0 {
				t.Errorf("%d objects were tried on the server", n)
			}
			s.wantWrites(0)
			if strings.Contains(r.Stdout+r.Stderr, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") {
				t.Error("the message repeats the whole object")
			}
		})
	}
}

// TestFault25WebhookThatRefusesDryRuns: a webhook with side effects cannot be asked what it would do. The plan says so, and goes by
// what can be known without. The proxy answers for it: a server takes no such webhook any more, and keeps those that it had.
func TestFault25WebhookThatRefusesDryRuns(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "1"), settings("b", "1"))
	dry := s.proxy.On(clustertest.Both(clustertest.DryRuns, clustertest.Named("a")),
		clustertest.Status(400, "BadRequest", `admission webhook "audit.example.com" does not support dry run`))
	s.want(s.run("apply"), done, "webhook", "dry run")
	s.hit(dry)
	s.consistent("ConfigMap a", "ConfigMap b")
	s.deploy(settings("a", "2"), settings("b", "1"))
	r := s.run("diff")
	s.want(r, 1, `data["k"]`)
	s.apply()
	if v := s.data("a", "k"); v != "2" {
		t.Errorf("got %q, want 2", v)
	}
}

// TestFault25WrongCluster: a target that is pinned to another cluster is refused before anything is read but the cluster's identity.
func TestFault25WrongCluster(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "1"))
	pin := func(uid string) {
		text := fmt.Sprintf("project(name = \"faults\")\ntarget(\"here\", context = %q, cluster = %q, namespace = %q)\n", clustertest.Context, uid, s.ns)
		if err := os.WriteFile(s.prog.Dir+"/starctl.star", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pin("11111111-2222-3333-4444-555555555555")
	s.want(s.prog.Run(t, "apply", "--yes", "--target", "here"), refused, "11111111-2222-3333-4444-555555555555", s.Get(t, "Namespace", "", "kube-system").UID())
	s.wantWrites(0)
	pin(s.Get(t, "Namespace", "", "kube-system").UID())
	s.want(s.prog.Run(t, "apply", "--yes", "--target", "here"), done)
	s.consistent("ConfigMap a")
}

// TestFault25Interrupted: Ctrl-C ends the request under way, writes the inventory and says what was done; twice ends at once.
func TestFault25Interrupted(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			s := newSite(t)
			s.deploy(settings("a", "1"), settings("b", "1"), settings("c", "1"), `deployment("web", image = "web:1")`)
			s.proxy.OneByOne()
			began := make(chan *clustertest.Process, 1)
			s.proxy.On(clustertest.Verb("apply"), clustertest.After(func() {
				(<-began).Signal(sig)
				time.Sleep(200 * time.Millisecond)
			})).Once()
			p := s.start("apply")
			began <- p
			s.want(p.Wait(t), interrupted)
			names := s.names()
			if len(names) == 0 || s.there("Deployment", "web") {
				t.Errorf("got %q, want the object under way and none of a later stage", names)
			}
			inv := s.inventory()
			if inv.locked() {
				t.Error("the lock was not freed")
			}
			for _, n := range names {
				if !contains(inv.names(s.ns), n) {
					t.Errorf("%s is not in the inventory", n)
				}
			}
			s.apply()
			s.consistent("ConfigMap a", "ConfigMap b", "ConfigMap c", "Deployment web")
		})
	}
	t.Run("while waiting", func(t *testing.T) {
		s := newSite(t)
		s.deploy(`deployment("web", image = "web:1", pod_annotations = {"testcluster/behaviour": "never-ready"})`)
		p := s.start("apply")
		clustertest.Eventually(t, clustertest.Limit, "the Deployment", func() bool { return s.there("Deployment", "web") })
		time.Sleep(300 * time.Millisecond)
		p.Signal(syscall.SIGINT)
		r := p.Wait(t)
		s.want(r, interrupted)
		if r.Took > 30*time.Second {
			t.Errorf("it took %s", r.Took)
		}
		if s.inventory().locked() {
			t.Error("the lock was not freed")
		}
	})
}
