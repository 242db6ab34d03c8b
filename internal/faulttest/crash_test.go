package faulttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
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
	found   bool     // kubectl has made what is declared
	own     bool     // the set declares the namespace that it lives in
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

func migration(image string) []string {
	return []string{settings("settings", "1"), `apply.replace(job("migrate", image = "` + image + `"))`}
}

func scenarios() []scenario {
	ofFirst := []string{"ConfigMap legacy", "ConfigMap settings", "Deployment web", "Secret key", "Service web"}
	ofSecond := []string{"ConfigMap fresh", "ConfigMap settings", "Deployment web", "Secret key", "Service web"}
	return []scenario{
		{name: "first apply", file: first(), command: "apply", want: ofFirst},
		{name: "update with prune", before: [][]string{first()}, file: second(), command: "apply", want: ofSecond},
		{name: "rollback", before: [][]string{first(), second()}, file: second(), command: "rollback", args: []string{"1"}, want: ofFirst},
		{name: "delete", before: [][]string{first()}, file: first(), command: "delete"},
		{name: "replacement", before: [][]string{migration("migrate:1")}, file: migration("migrate:2"), command: "apply", want: []string{"ConfigMap settings", "Job migrate"}},
		{name: "adoption", file: []string{settings("settings", "1"), settings("fresh", "1")}, command: "apply", args: []string{"--adopt"}, want: []string{"ConfigMap fresh", "ConfigMap settings"}, found: true},
		{name: "namespace of its own", file: []string{settings("settings", "1")}, command: "apply", want: []string{"ConfigMap settings"}, own: true},
		{name: "delete with its namespace", before: [][]string{{settings("settings", "1")}}, file: []string{settings("settings", "1")}, command: "delete", args: []string{"--prune-protected"}, own: true},
	}
}

// prepare brings a namespace to where the run begins. The proxy then lets writes through one by one.
func (c scenario) prepare(s *site) foreign {
	s.t.Helper()
	space := []string{}
	if c.own {
		s.ns += "-own"
		s.t.Cleanup(func() { s.Delete(s.t, "Namespace", "", s.ns) })
		space = append(space, fmt.Sprintf("namespace(%q)", s.ns))
	}
	if c.found {
		s.byKubectl("settings")
	}
	for _, objects := range c.before {
		s.deploy(append(space, objects...)...)
		s.apply()
	}
	s.deploy(append(space, c.file...)...)
	var f foreign
	if !c.own {
		var template clustertest.Object
		if len(c.before) > 0 {
			template = s.Get(s.t, "ConfigMap", s.ns, "settings")
		}
		f = s.foreigners(template)
	}
	s.proxy.Forget()
	s.proxy.OneByOne()
	return f
}

// byKubectl makes a ConfigMap as kubectl apply does that is not server-side, with a key that nobody declares.
func (s *site) byKubectl(name string) {
	s.t.Helper()
	o := s.configMap(name, "theirs")
	o["data"].(map[string]any)["old"] = "1"
	code, answer, err := s.Do(http.MethodPost, "/api/v1/namespaces/"+s.ns+"/configmaps?fieldManager=kubectl-client-side-apply", "application/json", []byte(dump(o)))
	if err != nil || code >= 300 {
		s.t.Fatalf("%d %s %v", code, answer, err)
	}
}

// check looks at the end of a run that has converged: it is in the history once, however often it was begun; after a delete there
// is nothing left, not even books.
func (c scenario) check(s *site, f foreign) {
	s.t.Helper()
	if c.command == "delete" && c.own {
		clustertest.Eventually(s.t, clustertest.Limit, "the end of the namespace", func() bool { return s.Get(s.t, "Namespace", "", s.ns) == nil })
		return
	}
	s.consistent(c.want...)
	s.untouched(f)
	if c.found {
		if o := s.Get(s.t, "ConfigMap", s.ns, "settings"); o.Text("data", "k") != "1" || o.At("data", "old") != nil {
			s.t.Errorf("adopted, and not as declared: %v", o.At("data"))
		}
	}
	want := len(c.before) + 1
	if c.command == "delete" {
		want = 0
		for _, o := range s.List(s.t, "ConfigMap", s.ns, "") {
			if isBook(o) {
				s.t.Errorf("ConfigMap %s is left behind", o.Name())
			}
		}
	}
	if got := s.revisions(); len(got) != want || want > 0 && got[want-1] != fmt.Sprintf("%d ended with 0", want) {
		s.t.Errorf("got the revisions %q, want %d, the last of which ended well", got, want)
	}
}

// revisions are what the history holds, the oldest first: "1 ended with 0".
func (s *site) revisions() []string {
	s.t.Helper()
	found := map[int]string{}
	for _, o := range s.List(s.t, "Secret", s.ns, "starctl.dev/history-of=shop") {
		var summary struct{ Number, Verdict int }
		if err := json.Unmarshal([]byte(o.Text("metadata", "annotations", "starctl.dev/summary")), &summary); err != nil {
			s.t.Fatalf("%s: %v", o.Name(), err)
		}
		found[summary.Number] = fmt.Sprintf("%d ended with %d", summary.Number, summary.Verdict)
	}
	var list []string
	for _, n := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[n])
	}
	return list
}

// TestFault01KillAtEveryWriteBoundary kills starctl before each write reaches the server, and after the server has done it but
// before starctl knows. What it left must be covered by the inventory, and running it again must bring it to an end. The writes are
// counted in a run that nobody kills, so that one that is added some day is covered too.
func TestFault01KillAtEveryWriteBoundary(t *testing.T) {
	t.Parallel()
	for _, c := range scenarios() {
		t.Run(c.name, func(t *testing.T) {
			s, writes := c.count(t)
			for n := range writes {
				for _, end := range []clustertest.End{clustertest.BeforeIt, clustertest.AfterIt} {
					t.Run(fmt.Sprintf("%s write %d", end, n+1), func(t *testing.T) { c.crash(t, s.Cluster, n, end) })
				}
			}
		})
	}
}

// count counts the writes of a run to which nothing happens.
func (c scenario) count(t *testing.T) (s *site, writes int) {
	t.Helper()
	s = newSite(t)
	f := c.prepare(s)
	s.want(s.run(c.command, c.args...), done)
	c.check(s, f)
	list := s.proxy.Requests(clustertest.Writes)
	if len(list) < 3 {
		t.Fatalf("got %d writes, which cannot be all: %v", len(list), list)
	}
	t.Logf("%d writes: %v", len(list), list)
	return s, len(list)
}

// fewer reports whether a run came to its end before its nth write: how often a lock is renewed depends on how long things take.
func (s *site) fewer(n int, r clustertest.Result) bool {
	made := s.proxy.Count(clustertest.Writes)
	if r.Code == done && made <= n {
		s.t.Logf("this run has made only %d writes: the one that was counted has renewed its lock more often", made)
		return true
	}
	return false
}

func (c scenario) crash(t *testing.T, cluster *clustertest.Cluster, n int, end clustertest.End) {
	t.Parallel()
	s := siteOn(t, cluster)
	f := c.prepare(s)
	began := make(chan *clustertest.Process, 1)
	rule := s.proxy.On(clustertest.Writes, clustertest.Crash(end, func() { (<-began).Kill() })).Skip(n).Once()
	p := s.start(c.command, c.args...)
	began <- p
	r := p.Wait(t)
	if rule.Hits() == 0 && s.fewer(n, r) {
		c.check(s, f)
		return
	}
	if rule.Hits() != 1 || r.Code != -1 {
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
