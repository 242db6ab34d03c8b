package faulttest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl/internal/clustertest"
)

// Exit codes, as documented.
const (
	done        = 0
	badInput    = 2
	refused     = 3
	partly      = 4
	unhealthy   = 5
	unreachable = 6
	interrupted = 130
)

func TestMain(m *testing.M) { os.Exit(clustertest.Main(m)) }

// site is a namespace, a deploy file, and starctl behind a proxy.
type site struct {
	*clustertest.Cluster
	t     *testing.T
	ns    string
	proxy *clustertest.Proxy
	prog  clustertest.Program
}

func newSite(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	return siteOn(t, clustertest.Start(t))
}

func siteOn(t *testing.T, c *clustertest.Cluster) *site {
	t.Helper()
	s := &site{Cluster: c, t: t, ns: c.Namespace(t), proxy: c.Proxy(t)}
	s.prog = clustertest.Program{Path: clustertest.Starctl(), Dir: t.TempDir(), Home: t.TempDir(), Kubeconfig: s.proxy.Kubeconfig}
	return s
}

// deploy writes a deploy file whose main returns these objects, in the set "shop".
func (s *site) deploy(objects ...string) {
	s.t.Helper()
	s.file("set_name = \"shop\"\n\ndef main(ctx):\n    return [\n        " + strings.Join(objects, ",\n        ") + ",\n    ]\n")
}

func (s *site) file(text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.prog.Dir, "deploy.star"), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// run runs starctl in the namespace.
func (s *site) run(command string, args ...string) clustertest.Result {
	s.t.Helper()
	return s.prog.Run(s.t, s.args(command, args)...)
}

func (s *site) start(command string, args ...string) *clustertest.Process {
	s.t.Helper()
	return s.prog.Start(s.t, s.args(command, args)...)
}

func (s *site) args(command string, args []string) []string {
	all := append([]string{command, "--namespace", s.ns}, args...)
	if command == "apply" || command == "delete" || command == "rollback" {
		all = append(all, "--yes")
	}
	return all
}

// apply applies and must succeed.
func (s *site) apply(args ...string) clustertest.Result {
	s.t.Helper()
	r := s.run("apply", args...)
	s.want(r, done)
	return r
}

// want checks how a run ended: by its code, and by texts that stderr or stdout must hold.
func (s *site) want(r clustertest.Result, code int, texts ...string) {
	s.t.Helper()
	if r.Code != code {
		s.t.Fatalf("got exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", r.Code, code, r.Stdout, r.Stderr)
	}
	for _, text := range texts {
		if !strings.Contains(r.Stdout+r.Stderr, text) {
			s.t.Errorf("the output does not say %q\nstdout:\n%s\nstderr:\n%s", text, r.Stdout, r.Stderr)
		}
	}
}

// wantWrites checks how many writes have reached the proxy since it was told to forget.
func (s *site) wantWrites(n int) {
	s.t.Helper()
	if list := s.proxy.Requests(clustertest.Writes); len(list) != n {
		s.t.Errorf("got %d writes, want %d: %v", len(list), n, list)
	}
}

// data is a key of a ConfigMap; "" if it is not there.
func (s *site) data(name, key string) string {
	s.t.Helper()
	return s.Get(s.t, "ConfigMap", s.ns, name).Text("data", key)
}

func (s *site) there(kind, name string) bool {
	s.t.Helper()
	return s.Get(s.t, kind, s.ns, name) != nil
}

func (s *site) configMap(name, value string) clustertest.Object {
	return clustertest.Object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name, "namespace": s.ns}, "data": map[string]any{"k": value},
	}
}

// settings declares a ConfigMap with one key, k.
func settings(name, value string) string {
	return fmt.Sprintf("config_map(%q, data = {\"k\": %q})", name, value)
}

// names are the objects that the set owns in the namespace, as the cluster has them: by label and by field manager, "Kind name".
// The inventory and the history are not objects of the set.
func (s *site) names() []string {
	s.t.Helper()
	found := map[string]bool{}
	for _, kind := range []string{"ConfigMap", "Secret", "Service", "Deployment", "ServiceAccount", "Job", "PodDisruptionBudget", "PersistentVolumeClaim"} {
		for _, o := range s.List(s.t, kind, s.ns, "starctl.dev/set=shop") {
			if isOurs(o) && !isBook(o) {
				found[kind+" "+o.Name()] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func isOurs(o clustertest.Object) bool {
	entries, _ := o.At("metadata", "managedFields").([]any)
	return slices.ContainsFunc(entries, func(e any) bool { return clustertest.Object(e.(map[string]any)).Text("manager") == "starctl:shop" })
}

// isBook recognises what starctl keeps for itself.
func isBook(o clustertest.Object) bool {
	return o.Text("type") == "starctl.dev/history" || strings.HasPrefix(o.Name(), "starctl-shop")
}

// consistent checks that the set owns exactly these objects, that the inventory says the same, and that nobody holds its lock.
func (s *site) consistent(want ...string) {
	s.t.Helper()
	slices.Sort(want)
	if got := s.names(); !slices.Equal(got, want) {
		s.t.Errorf("objects of the set: got %q, want %q", got, want)
	}
	inv := s.inventory()
	if got := inv.names(s.ns); !slices.Equal(got, want) {
		s.t.Errorf("entries of the inventory: got %q, want %q", got, want)
	}
	if inv.locked() {
		s.t.Errorf("the lock is not free: %+v", inv.Op)
	}
	for _, e := range inv.Entries {
		if o := s.Get(s.t, e.Kind, e.Namespace, e.Name); o.UID() != e.UID {
			s.t.Errorf("the entry of %s %s has the uid %q, the object %q", e.Kind, e.Name, e.UID, o.UID())
		}
	}
}

// foreign are objects of others, which must stay as they are.
type foreign map[string]string

// foreigners makes objects that somebody might take for the set's: one beside it, and one that was copied with its labels and
// annotations.
func (s *site) foreigners(template clustertest.Object) foreign {
	s.t.Helper()
	f := foreign{}
	for _, name := range []string{"foreign", "copied"} {
		o := s.configMap(name, "theirs")
		if meta := o["metadata"].(map[string]any); name == "copied" && template != nil {
			meta["labels"], meta["annotations"] = template.At("metadata", "labels"), template.At("metadata", "annotations")
		}
		made := s.Create(s.t, o)
		f[name] = made.UID() + " " + made.Version()
	}
	return f
}

func (s *site) untouched(f foreign) {
	s.t.Helper()
	for name, was := range f {
		o := s.Get(s.t, "ConfigMap", s.ns, name)
		if got := o.UID() + " " + o.Version(); got != was {
			s.t.Errorf("ConfigMap %s, which is somebody else's: was %s, now %s", name, was, got)
		}
	}
}
