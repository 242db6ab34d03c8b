package applybench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

func TestMain(m *testing.M) { os.Exit(clustertest.Main(m)) }

// work is a deploy file of n objects: of five, three are ConfigMaps, one a Service and one a Deployment without Pods.
const work = `set_name = "bench"

def one(i, image):
    name = "o%d" % (10000 + i)
    if i % 5 == 3:
        return k8s.core.v1.Service(metadata = {"name": name}, spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]})
    if i % 5 == 4:
        return deployment(name, image = image, replicas = 0, env = {"LEVEL": "info", "REGION": "us-east1"}, ports = {"http": 8080},
                          resources = resources(cpu = "100m", memory = "128Mi", memory_limit = "256Mi"),
                          readiness = http_get("/ready", port = "http"))
    return config_map(name, data = {"app.yaml": "level: info\nregion: us-east1\npayments: payments.money:8080\n" * 4, "image": image})

def main(ctx, *, n = 1000, changed = -1, kinds = True):
    return [one(i, "web:2" if i == changed else "web:1") if kinds else config_map("o%d" % (10000 + i), data = {"k": "v"}) for i in range(n)]
`

// site is a namespace with that deploy file; starctl goes to the server directly, or through a proxy that counts.
type site struct {
	*clustertest.Cluster
	ns   string
	prog clustertest.Program
}

func newSite(t *testing.T) *site {
	t.Helper()
	c := clustertest.Start(t)
	s := &site{Cluster: c, ns: c.Namespace(t)}
	s.prog = clustertest.Program{Path: clustertest.Starctl(), Dir: t.TempDir(), Home: t.TempDir(), Kubeconfig: c.Kubeconfig}
	if err := os.WriteFile(filepath.Join(s.prog.Dir, "deploy.star"), []byte(work), 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

// apply applies, and returns how it went.
func (s *site) apply(t *testing.T, inputs ...string) clustertest.Result {
	t.Helper()
	args := []string{"apply", "--yes", "--no-wait", "--namespace", s.ns}
	for _, in := range inputs {
		args = append(args, "--set", in)
	}
	r := s.prog.Run(t, args...)
	if r.Code != 0 {
		t.Fatalf("exit code %d\n%s", r.Code, r.Stderr)
	}
	return r
}

// bare sends the objects of the deploy file as server-side applies, 16 at a time, and does nothing else.
type bare struct {
	api    *clustertest.API
	paths  []string
	bodies [][]byte
}

func newBare(t *testing.T, s *site, ns string) *bare {
	t.Helper()
	r := s.prog.Run(t, "render", "--namespace", ns, "-o", "json")
	if r.Code != 0 {
		t.Fatal(r.Stderr)
	}
	b := &bare{api: s.API}
	for dec := json.NewDecoder(strings.NewReader(r.Stdout)); dec.More(); {
		var o clustertest.Object
		if err := dec.Decode(&o); err != nil {
			t.Fatal(err)
		}
		list, _ := o["items"].([]any)
		if list == nil {
			list = []any{map[string]any(o)}
		}
		for _, item := range list {
			b.add(t, clustertest.Object(item.(map[string]any)))
		}
	}
	if len(b.paths) != 1000 {
		t.Fatalf("got %d objects to apply, want 1000", len(b.paths))
	}
	return b
}

func (b *bare) add(t *testing.T, o clustertest.Object) {
	t.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	b.paths, b.bodies = append(b.paths, clustertest.Path(o)), append(b.bodies, body)
}

// staged has the objects in the order in which starctl writes them. Controllers work at Deployments as soon as they are there, on the
// same CPUs: who writes them among the others pays for that, and who writes them last does not.
func staged(b *bare) *bare {
	var paths []string
	var bodies [][]byte
	for _, kind := range []string{"/configmaps/", "/services/", "/deployments/"} {
		for i, p := range b.paths {
			if strings.Contains(p, kind) {
				paths, bodies = append(paths, p), append(bodies, b.bodies[i])
			}
		}
	}
	return &bare{api: b.api, paths: paths, bodies: bodies}
}

func (b *bare) run(t *testing.T, query string) time.Duration {
	t.Helper()
	begun := time.Now()
	next := make(chan int)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range next {
				code, answer, err := b.api.Do(http.MethodPatch, b.paths[i]+"?fieldManager=bare&fieldValidation=Strict"+query, "application/apply-patch+yaml", b.bodies[i])
				if err != nil || code >= 300 {
					t.Errorf("%s: %d %v %s", b.paths[i], code, err, answer)
				}
			}
		})
	}
	for i := range b.paths {
		next <- i
	}
	close(next)
	wg.Wait()
	return time.Since(begun)
}

// pass is one measurement, each thing after the other on the same cluster.
type pass struct {
	first, bare     time.Duration // 1000 new objects; bare in the order of the file
	staged          time.Duration // bare in the order in which starctl writes them
	noop, dryRuns   time.Duration // 1000 objects as they are
	one             time.Duration // one of them changes
	noopMiB, oneMiB float64
}

// Whoever comes first may find the server less at rest, so every second pass begins with starctl.
func measure(t *testing.T, number int) pass {
	t.Helper()
	s := newSite(t)
	b, c := newBare(t, s, s.Namespace(t)), staged(newBare(t, s, s.Namespace(t)))
	var p pass
	bare := func() {
		p.bare = b.run(t, "")
		s.settled(t, b.paths[0])
		p.staged = c.run(t, "")
		s.settled(t, c.paths[0])
	}
	if number%2 == 0 {
		bare()
	}
	p.first = s.apply(t).Took
	s.settled(t, "")
	if number%2 == 1 {
		bare()
	}
	p.dryRuns = b.run(t, "&dryRun=All&force=true")
	noop := s.apply(t)
	p.noop, p.noopMiB = noop.Took, mib(noop.Memory)
	one := s.apply(t, "changed=499")
	p.one, p.oneMiB = one.Took, mib(one.Memory)
	return p
}

func mib(b int64) float64 { return float64(b) / (1 << 20) }

// settled waits until the controllers have nothing more to do about the Deployments of a namespace: the one of a path, or ours.
func (s *site) settled(t *testing.T, path string) {
	t.Helper()
	ns := s.ns
	if parts := strings.Split(path, "/"); len(parts) > 4 {
		ns = parts[slices.Index(parts, "namespaces")+1]
	}
	clustertest.Eventually(t, clustertest.Limit, "quiet in "+ns, func() bool { return len(s.List(t, "ReplicaSet", ns, "")) == 200 })
}

// median is the one in the middle by what is asked of each; the machine may do other things during some.
func median(passes []pass, of func(pass) float64) float64 {
	var list []float64
	for _, p := range passes {
		list = append(list, of(p))
	}
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// least is the smallest.
func least(passes []pass, of func(pass) float64) float64 {
	m := of(passes[0])
	for _, p := range passes {
		m = min(m, of(p))
	}
	return m
}

func (p pass) firstRatio() float64  { return p.first.Seconds() / p.bare.Seconds() }
func (p pass) stagedRatio() float64 { return p.first.Seconds() / p.staged.Seconds() }
func (p pass) noopRatio() float64   { return p.noop.Seconds() / p.dryRuns.Seconds() }
func (p pass) oneRatio() float64    { return p.one.Seconds() / p.dryRuns.Seconds() }

func (p pass) String() string {
	return fmt.Sprintf("first apply %v, bare %v (%.2f), bare by stages %v (%.2f); no change %v, dry runs %v (%.2f); one change %v",
		p.first, p.bare, p.firstRatio(), p.staged, p.stagedRatio(), p.noop, p.dryRuns, p.noopRatio(), p.one)
}
