package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"github.com/starctl/starctl/internal/clustertest"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/schema"
)

// server is what these tests need of an API server.
type server struct {
	*clustertest.Cluster
	t testing.TB
}

func (s *server) path(n kube.Node) string {
	id := kube.Identify(n)
	p := "/apis/" + id.APIVersion()
	if id.Group == "" {
		p = "/api/" + id.Version
	}
	if id.Namespace != "" {
		p += "/namespaces/" + id.Namespace
	}
	if o := schema.ForKind(id.APIVersion(), id.Kind); o != nil {
		return p + "/" + o.Resource + "/" + id.Name
	}
	return p + "/" + strings.ToLower(id.Kind) + "s/" + id.Name
}

// do sends an object and returns the answer, and whether it was accepted.
func (s *server) do(method, path, contentType string, body []byte) ([]byte, bool) {
	s.t.Helper()
	code, b, err := s.Do(method, path, contentType, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return b, code < 300
}

func (s *server) apply(n kube.Node, query string) ([]byte, bool) {
	return s.do(http.MethodPatch, s.path(n)+"?fieldManager=starctl:proof"+query, "application/apply-patch+yaml", encode.AppendJSON(nil, n, 0))
}

func (s *server) get(n kube.Node) ([]byte, bool) { return s.do(http.MethodGet, s.path(n), "", nil) }

// unchanged asks the server whether an apply changes nothing; content is what is there. Controllers write meanwhile: then it is
// asked again, about what they have made of it.
func (s *server) unchanged(n kube.Node, content []byte) bool {
	for range 20 {
		b, ok := s.apply(n, "&dryRun=All")
		if !ok {
			return false
		}
		if version(b) == version(content) {
			same := bytes.Equal(canonicalJSON(b), canonicalJSON(content))
			if !same && testing.Verbose() {
				s.t.Logf("from %s\nto   %s", canonicalJSON(content), canonicalJSON(b))
			}
			return same
		}
		if content, ok = s.get(n); !ok {
			return false
		}
	}
	s.t.Errorf("%s: controllers write to it without an end", kube.Identify(n))
	return false
}

// version is the resourceVersion of an object.
func version(b []byte) string {
	var o struct {
		Metadata struct{ ResourceVersion string }
	}
	_ = json.Unmarshal(b, &o)
	return o.Metadata.ResourceVersion
}

// canonicalJSON leaves out metadata.generation, and when and in which order managers wrote: the server counts an empty list that it drops
// as a change of the spec each time it is applied.
func canonicalJSON(b []byte) []byte {
	var v map[string]any
	if json.Unmarshal(b, &v) != nil {
		return b
	}
	if meta, ok := v["metadata"].(map[string]any); ok {
		delete(meta, "generation")
		entries, _ := meta["managedFields"].([]any)
		for _, e := range entries {
			delete(e.(map[string]any), "time")
		}
		slices.SortFunc(entries, func(a, b any) int {
			return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
		})
	}
	out, _ := json.Marshal(v)
	return out
}

func parse(t testing.TB, b []byte) kube.Node {
	t.Helper()
	n, err := decode.JSON(b)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// corpus is every object of a kind of Kubernetes in the golden cases and examples, each content once.
func corpus(t testing.TB) []kube.Node {
	t.Helper()
	var list []kube.Node
	seen := map[string]bool{}
	add := func(text []byte, own bool) {
		for doc := range bytes.SplitSeq(append([]byte("\n"), text...), []byte("\n---")) {
			b, err := yaml.YAMLToJSON(doc)
			if err != nil || len(b) < 10 || seen[string(b)] {
				continue
			}
			seen[string(b)] = true
			n := parse(t, b)
			if v := n.Get("apiVersion").Str(); !own && (strings.HasPrefix(v, "admissionregistration.") || strings.HasPrefix(v, "apiregistration.")) {
				continue // the server would call them whatever another test writes
			}
			if o := schema.ForKind(n.Get("apiVersion").Str(), n.Get("kind").Str()); o != nil && o.Resource != "" {
				list = append(list, n)
			}
		}
	}
	walk := func(root string, visit func(string, []byte)) {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			visit(path, b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	walk("../../golden/testdata", func(path string, b []byte) {
		for _, f := range txtar.Parse(b).Files {
			if f.Name == "want.yaml" {
				add(f.Data, false)
			}
		}
	})
	walk("../../examples", func(path string, b []byte) {
		if strings.Contains(path, "/golden/") && strings.HasSuffix(path, ".yaml") {
			add(b, false)
		}
	})
	b, err := os.ReadFile("testdata/proof.yaml")
	if err != nil {
		t.Fatal(err)
	}
	add(b, true)
	return list
}

// prepared gives an object a name and a namespace of its own, and makes it ready.
func prepared(t testing.TB, n kube.Node, ns string, number int) kube.Node {
	t.Helper()
	meta := with(n.Get("metadata"), "namespace", kube.Node{})
	name := fmt.Sprintf("%s-%d", strings.ReplaceAll(meta.Get("name").Str(), ":", "-"), number)
	o := schema.ForKind(n.Get("apiVersion").Str(), n.Get("kind").Str())
	switch {
	case o.Kind == "CustomResourceDefinition":
		group := ns + "." + n.Get("spec", "group").Str()
		n = with(n, "spec", with(n.Get("spec"), "group", kube.OfString(group)))
		name = n.Get("spec", "names", "plural").Str() + "." + group
	case !o.Namespaced:
		name = ns + "-" + name
	default:
		meta = with(meta, "namespace", kube.OfString(ns))
	}
	n = with(n, "metadata", with(meta, "name", kube.OfString(name)))
	list, obstacles := Prepare(&kube.Set{Name: "proof", Objects: []*kube.Object{kube.NewObject(n, nil)}}, nil, Owner{Set: "proof", Namespace: ns})
	if len(obstacles) > 0 {
		return kube.Node{}
	}
	return parse(t, encode.AppendJSON(nil, list[0].Desired, 0))
}

// applied is an object that the server took.
type applied struct {
	desired kube.Node
	live    []byte
}

func (s *server) applyCorpus(ns string) []applied {
	var mu sync.Mutex
	var list []applied
	refused := 0
	forEach(corpus(s.t), func(i int, n kube.Node) {
		d := prepared(s.t, n, ns, i)
		if !d.Exists() {
			return
		}
		answer, ok := s.apply(d, "&force=true")
		mu.Lock()
		defer mu.Unlock()
		if !ok {
			refused++
			if testing.Verbose() {
				s.t.Logf("refused: %.300s", answer)
			}
			return
		}
		if !schema.ForKind(d.Get("apiVersion").Str(), d.Get("kind").Str()).Namespaced {
			s.t.Cleanup(func() { s.do(http.MethodDelete, s.path(d), "", nil) })
		}
		list = append(list, applied{desired: d})
	})
	for i := range list {
		list[i].live, _ = s.get(list[i].desired)
	}
	s.t.Logf("%d objects applied, %d refused", len(list), refused)
	slices.SortFunc(list, func(a, b applied) int { return strings.Compare(s.path(a.desired), s.path(b.desired)) })
	return list
}

func forEach[T any](list []T, do func(int, T)) {
	var wg sync.WaitGroup
	gate := make(chan bool, 8)
	for i, v := range list {
		gate <- true
		wg.Go(func() { do(i, v); <-gate })
	}
	wg.Wait()
}

// TestProofOnServer: for what was just applied, there is a proof, which the server confirms; whatever is then changed, in
// what is declared or in what is there, a proof is only given where the server, too, would change nothing.
func TestProofOnServer(t *testing.T) {
	s := &server{clustertest.Start(t), t}
	ns := s.Namespace(t)
	s.apply(parse(t, []byte(`{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default","namespace":"`+ns+`"}}`)), "") // for Pods, where no controller makes it
	list := s.applyCorpus(ns)
	if len(list) < 200 {
		t.Fatalf("only %d objects were applied", len(list))
	}
	var mu sync.Mutex
	unproven := map[string]int{}
	checked, confirmed := 0, 0
	forEach(list, func(i int, a applied) {
		live := parse(t, a.live)
		if b, ok := s.apply(a.desired, "&dryRun=All"); ok {
			for _, c := range NewComparer().Compare(live, parse(t, b)) {
				t.Errorf("%s: applied again it is shown to change: %s", kube.Identify(a.desired), c.Path)
			}
		}
		if why := Unproven(a.desired, live, "starctl:proof"); why != "" {
			mu.Lock()
			defer mu.Unlock()
			unproven[fmt.Sprintf("%s: %s (server: unchanged %v)", kube.Identify(a.desired).Kind, why, s.unchanged(a.desired, a.live))]++
			return
		}
		if !s.unchanged(a.desired, a.live) {
			t.Errorf("%s: proven, but the server would change it", kube.Identify(a.desired))
		}
		n, c := s.mutateDesired(a, live)
		m, d := s.mutateLive(a, i)
		mu.Lock()
		defer mu.Unlock()
		checked, confirmed = checked+n+m, confirmed+c+d
	})
	total := 0
	for _, why := range slices.Sorted(maps.Keys(unproven)) {
		t.Logf("not proven, %d times: %s", unproven[why], why)
		total += unproven[why]
	}
	t.Logf("%d of %d objects are proven; of %d mutations, %d are proven as well and confirmed", len(list)-total, len(list), checked, confirmed)
	if total*50 > len(list) {
		t.Errorf("%d of %d objects are not proven", total, len(list))
	}
}

// TestProofOfCustomOnServer: of a custom resource nothing is known but what the managed fields say, whatever way its parts merge.
func TestProofOfCustomOnServer(t *testing.T) {
	s := &server{clustertest.Start(t), t}
	ns := s.Namespace(t)
	group := ns + ".example.com"
	list := func(kind, item string) string { return `{"type":"array",` + kind + `"items":` + item + `}` }
	const item = `{"type":"object","properties":{"name":{"type":"string"},"n":{"type":"integer","default":1},"tags":{"type":"array","items":{"type":"string"}}}}`
	const named = `{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"n":{"type":"integer","default":1}}}`
	crd := parse(t, []byte(`{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.`+group+`"},"spec":{"group":"`+group+
		`","scope":"Namespaced","names":{"kind":"Widget","plural":"widgets"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{`+
		`"plain":`+list(``, item)+`,"set":`+list(`"x-kubernetes-list-type":"set",`, `{"type":"string"}`)+`,"map":`+list(`"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],`, named)+
		`,"whole":{"type":"object","x-kubernetes-map-type":"atomic","properties":{"a":{"type":"string"},"b":{"type":"string"}}},"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"empty":{"type":"object","properties":{"d":{"type":"string","default":"x"}}},"port":{"x-kubernetes-int-or-string":true},"ratio":{"type":"number"}}}}}}}]}}`))
	if b, ok := s.apply(crd, ""); !ok {
		t.Fatalf("%s", b)
	}
	t.Cleanup(func() { s.do(http.MethodDelete, s.path(crd), "", nil) })
	variants := []string{
		`{"plain":[{"name":"a","n":1},{"name":"b","n":2}],"set":["x","y"],"map":[{"name":"a","n":3},{"name":"b"}],"free":{"l":[1,{"a":2}],"m":{"n":{}}},"port":80,"ratio":1.5}`,
		`{"plain":[{"name":"a"}],"set":[],"map":[],"whole":{},"free":{},"empty":{"d":"x"},"port":"80","ratio":2}`,
		`{"plain":[],"free":{"list":[]}}`,
		`{"whole":{"a":"1"},"set":["x"],"empty":{}}`,
	}
	checked, confirmed := 0, 0
	for i, spec := range variants {
		d := parse(t, []byte(fmt.Sprintf(`{"apiVersion":"%s/v1","kind":"Widget","metadata":{"name":"w%d","namespace":"%s","labels":{"a":"b"}},"spec":%s}`, group, i, ns, spec)))
		var answer []byte
		clustertest.Eventually(t, 20*time.Second, "the kind Widget", func() bool {
			var ok bool
			answer, ok = s.apply(d, "")
			return ok
		})
		checked++
		if why := Unproven(d, parse(t, answer), "starctl:proof"); why != "" {
			t.Logf("variant %d is not proven: %s", i, why)
		} else {
			confirmed++
			if !s.unchanged(d, answer) {
				t.Errorf("variant %d is proven, but the server would change it", i)
			}
		}
		a := applied{d, answer}
		n, c := s.mutateDesired(a, parse(t, answer))
		m, e := s.mutateLive(a, i)
		checked, confirmed = checked+n+m, confirmed+c+e
		// Others fill what was applied empty: the values may be equal, what is owned is not.
		for j, other := range variants {
			o := with(d, "spec", parse(t, []byte(other)))
			s.do(http.MethodPatch, s.path(d)+"?fieldManager=somebody&force=true", "application/apply-patch+yaml", encode.AppendJSON(nil, o, 0))
			now, _ := s.get(d)
			checked++
			if Proven(o, parse(t, now), "starctl:proof") {
				confirmed++
				if !s.unchanged(o, now) {
					t.Errorf("variant %d applied as %d: there is a proof, but the server would change it", i, j)
				}
			}
		}
	}
	t.Logf("of %d mutations, %d are proven and confirmed", checked, confirmed)
	if confirmed == 0 {
		t.Error("nothing is proven")
	}
}

// TestMergedOrderOnServer: a prediction has the items of a list in the order in which the server leaves them.
func TestMergedOrderOnServer(t *testing.T) {
	s := &server{clustertest.Start(t), t}
	ns := s.Namespace(t)
	for i, c := range mergeOrders {
		body := func(names string) kube.Node {
			var list []string
			for n := range strings.SplitSeq(names, "") {
				list = append(list, `{"name":"`+n+`","image":"x"}`)
			}
			return parse(t, []byte(fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d%d","namespace":"%s"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},
				"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[%s]}}}}`, i, ns, strings.Join(list, ","))))
		}
		live := encode.AppendJSON(nil, body(c.live), 0)
		if b, ok := s.do(http.MethodPatch, s.path(body(c.live))+"?fieldManager=others", "application/apply-patch+yaml", live); !ok {
			t.Fatalf("%s", b)
		}
		b, ok := s.apply(body(c.desired), "&dryRun=All&force=true")
		got := ""
		for _, v := range parse(t, b).Get("spec", "template", "spec", "containers").Items() {
			got += v.Get("name").Str()
		}
		if !ok || got != c.want {
			t.Errorf("%s over %s: got %s, want %s", c.desired, c.live, got, c.want)
		}
	}
}

// mutateDesired changes each value of what is declared.
func (s *server) mutateDesired(a applied, live kube.Node) (checked, confirmed int) {
	var tree any
	if err := json.Unmarshal(encode.AppendJSON(nil, a.desired, 0), &tree); err != nil {
		s.t.Error(err)
	}
	for where, m := range mutations(tree) {
		if isIdentityPath(where) {
			continue
		}
		b, _ := json.Marshal(m)
		d := parse(s.t, b)
		checked++
		if !Proven(d, live, "starctl:proof") {
			continue
		}
		confirmed++
		if !s.unchanged(d, a.live) {
			s.t.Errorf("%s: with another %s there is a proof, but the server would change it", kube.Identify(d), where)
		}
	}
	return checked, confirmed
}

func isIdentityPath(s string) bool {
	field, _, _ := strings.Cut(s, " ")
	return slices.Contains([]string{".apiVersion", ".kind", ".metadata.name", ".metadata.namespace", ".metadata"}, field)
}

// mutateLive lets somebody else change what is there, in a few random ways.
func (s *server) mutateLive(a applied, seed int) (checked, confirmed int) {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	path := s.path(a.desired) + "?fieldManager=somebody"
	for range 6 {
		now, ok := s.get(a.desired)
		if !ok {
			s.t.Errorf("%s is gone", kube.Identify(a.desired))
			return
		}
		var tree map[string]any
		if err := json.Unmarshal(now, &tree); err != nil {
			s.t.Error(err)
		}
		delete(tree, "status")
		var changed []any
		for _, m := range mutations(tree) {
			changed = append(changed, m)
		}
		b, _ := json.Marshal(changed[r.IntN(len(changed))])
		if !s.write(r.IntN(3) == 0, path, b) {
			continue
		}
		if now, ok = s.get(a.desired); !ok {
			return
		}
		checked++
		if !Proven(a.desired, parse(s.t, now), "starctl:proof") {
			continue
		}
		confirmed++
		if !s.unchanged(a.desired, now) {
			if again, _ := s.get(a.desired); bytes.Equal(again, now) { // no controller came between
				s.t.Errorf("%s: after somebody's change there is a proof, but the server would change it: %s", kube.Identify(a.desired), b)
			}
		}
	}
	return checked, confirmed
}

// write lets somebody replace an object, or apply all of it as theirs too.
func (s *server) write(apply bool, path string, b []byte) bool {
	if !apply {
		_, ok := s.do(http.MethodPut, path, "application/json", b)
		return ok
	}
	var tree map[string]any
	if err := json.Unmarshal(b, &tree); err != nil {
		s.t.Error(err)
	}
	if meta, ok := tree["metadata"].(map[string]any); ok {
		delete(meta, "managedFields")
		delete(meta, "resourceVersion")
	}
	b, _ = json.Marshal(tree)
	_, ok := s.do(http.MethodPatch, path+"&force=true", "application/apply-patch+yaml", b)
	return ok
}

// mutations yields copies of a tree, each with one difference: a value changed or gone, an entry or an item more, two items
// changed over.
func mutations(tree any) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		mutate(tree, "", func(v any) any { return v }, yield)
	}
}

// mutate yields what put makes of each variant of v.
func mutate(v any, where string, put func(any) any, yield func(string, any) bool) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if where == ".metadata" && (k == "managedFields" || k == "resourceVersion" || k == "uid") {
				continue
			}
			set := func(x any) any {
				c := maps.Clone(v)
				c[k] = x
				return put(c)
			}
			c := maps.Clone(v)
			delete(c, k)
			if !yield(where+"."+k+" gone", put(c)) || !yield(where+"."+k+" {}", set(map[string]any{})) || !yield(where+"."+k+" []", set([]any{})) || !mutate(v[k], where+"."+k, set, yield) {
				return false
			}
		}
		if strings.HasSuffix(where, "labels") || strings.HasSuffix(where, "annotations") || strings.HasSuffix(where, "data") {
			c := maps.Clone(v)
			c["new"] = "bmV3"
			return yield(where+".new", put(c))
		}
		return true
	case []any:
		return mutateList(v, where, put, yield)
	case string:
		for _, other := range respelled(v) {
			if !yield(where+" as "+other, put(other)) {
				return false
			}
		}
		return yield(where+" longer", put(v+"x")) && yield(where+" empty", put(""))
	case float64:
		return yield(where+" more", put(v+1)) && yield(where+" zero", put(0))
	case bool:
		return yield(where+" negated", put(!v))
	}
	return true
}

// respelled are other ways to write a quantity, of the same value or nearly.
func respelled(s string) []string {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if digits == 0 || digits > 6 {
		return nil
	}
	list := []string{s[:digits] + ".0" + s[digits:], s[:digits] + ".000" + s[digits:], "0" + s, s[:digits] + "000m"}
	if s[digits:] == "" {
		return append(list, s+"e0", s+"000e-3", s+"000m", s+"001m")
	}
	return list
}

func mutateList(v []any, where string, put func(any) any, yield func(string, any) bool) bool {
	if len(v) > 0 && !yield(where+" emptied", put([]any{})) {
		return false
	}
	for i := range v {
		at := fmt.Sprintf("%s[%d]", where, i)
		set := func(x any) any {
			c := slices.Clone(v)
			c[i] = x
			return put(c)
		}
		if !yield(at+" gone", put(slices.Delete(slices.Clone(v), i, i+1))) || !mutate(v[i], at, set, yield) {
			return false
		}
		if m, ok := v[i].(map[string]any); ok && m["name"] != nil {
			extra := maps.Clone(m)
			extra["name"] = "extra"
			if !yield(at+" as extra before it", put(slices.Insert(slices.Clone(v), i, any(extra)))) {
				return false
			}
		}
		if i > 0 {
			c := slices.Clone(v)
			c[i-1], c[i] = c[i], c[i-1]
			if !yield(at+" earlier", put(c)) {
				return false
			}
		}
	}
	return true
}
