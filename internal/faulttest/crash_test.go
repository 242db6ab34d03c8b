package faulttest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/starctl/starctl/internal/clustertest"
)

// scenario is a run that is killed at each of its writes.
type scenario struct {
	name    string
	before  [][]string // deploy files that were applied
	file    []string   // of the run
	command string
	args    []string
	want    []string // that the set owns at the end
}

func first() []string {
	return []string{
		settings("settings", "1"), settings("legacy", "1"), `secret("key", data = {"password": "p1"})`,
		`service("web", workload = deployment("web", image = "web:1", ports = {"http": 80}, readiness = http_get("/", port = "http")))`, `deployment("web", image = "web:1", ports = {"http": 80}, readiness = http_get("/", port = "http"))`,
	}
}

func second() []string {
	return []string{
		settings("settings", "2"), settings("fresh", "1"), `secret("key", data = {"password": "p2"})`,
		`service("web", workload = deployment("web", image = "web:2", ports = {"http": 80}, readiness = http_get("/", port = "http")))`, `deployment("web", image = "web:2", ports = {"http": 80}, readiness = http_get("/", port = "http"))`,
	}
}

func scenarios() []scenario {
	ofFirst := []string{"ConfigMap legacy", "ConfigMap settings", "Deployment web", "Secret key", "Service web"}
	ofSecond := []string{"ConfigMap fresh", "ConfigMap settings", "Deployment web", "Secret key", "Service web"}
	return []scenario{
		{name: "first apply", file: first(), command: "apply", want: ofFirst},
		{name: "update with prune", before: [][]string{first()}, file: second(), command: "apply", want: ofSecond},
		{name: "rollback", before: [][]string{first(), second()}, file: second(), command: "rollback", args: []string{"1"}, want: ofFirst},
		{name: "delete", before: [][]string{first()}, file: first(), command: "delete"},
	}
}

// prepare brings a namespace to where the run begins. The proxy then lets writes through one by one.
func (c scenario) prepare(s *site) foreign {
	s.t.Helper()
	for _, objects := range c.before {
		s.deploy(objects...)
		s.apply()
	}
	s.deploy(c.file...)
	var template clustertest.Object
	if len(c.before) > 0 {
		template = s.Get(s.t, "ConfigMap", s.ns, "settings")
	}
	f := s.foreigners(template)
	s.proxy.Forget()
	s.proxy.OneByOne()
	return f
}

// check looks at the end of a run that has converged.
func (c scenario) check(s *site, f foreign) {
	s.t.Helper()
	s.consistent(c.want...)
	s.untouched(f)
}

// TestFault01KillAtEveryWriteBoundary kills starctl before each write reaches the server, and after the server has done it but
// before starctl knows. What it left must be covered by the inventory, and running it again must bring it to an end. The writes are
// counted in a run that nobody kills, so that one that is added some day is covered too.
func TestFault01KillAtEveryWriteBoundary(t *testing.T) {
	t.Parallel()
	for _, c := range scenarios() {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			f := c.prepare(s)
			s.want(s.run(c.command, c.args...), done)
			c.check(s, f)
			writes := s.proxy.Requests(clustertest.Writes)
			if len(writes) < 5 {
				t.Fatalf("got %d writes, which cannot be all: %v", len(writes), writes)
			}
			t.Logf("%d writes: %v", len(writes), writes)
			for n := range writes {
				for _, end := range []clustertest.End{clustertest.BeforeIt, clustertest.AfterIt} {
					t.Run(fmt.Sprintf("%s write %d", end, n+1), func(t *testing.T) { c.crash(t, s.Cluster, n, end) })
				}
			}
		})
	}
}

func (c scenario) crash(t *testing.T, cluster *clustertest.Cluster, n int, end clustertest.End) {
	t.Parallel()
	s := siteOn(t, cluster)
	f := c.prepare(s)
	began := make(chan *clustertest.Process, 1)
	rule := s.proxy.On(clustertest.Writes, clustertest.Crash(end, func() { (<-began).Kill() })).Skip(n).Once()
	p := s.start(c.command, c.args...)
	began <- p
	if r := p.Wait(t); rule.Hits() != 1 || r.Code != -1 {
		t.Fatalf("the run was not killed: code %d\n%s", r.Code, r.Stderr)
	}
	at := s.proxy.Requests(clustertest.Writes)
	s.covered(at[len(at)-1])
	s.untouched(f)

	s.prog.Kubeconfig = s.Kubeconfig // the proxy lets nothing through any more
	s.want(s.run(c.command, c.args...), done)
	c.check(s, f)
}

// covered checks what every crash leaves: what is there and the set's is in the inventory.
func (s *site) covered(at *clustertest.Request) {
	s.t.Helper()
	entries := s.inventory().names(s.ns)
	for _, name := range s.names() {
		if !slices.Contains(entries, name) {
			s.t.Errorf("killed at %s: %s is there, and the inventory does not know: %q", at, name, entries)
		}
	}
}
