package envoytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/starctl/starctl/envoy"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc/codes"
)

// scrape is what /stats/prometheus answered.
type scrape struct {
	kinds  map[string]string          // by name, of histograms that of _bucket, _sum and _count
	labels map[string]map[string]bool // names of labels that some series of the name has
	lines  []string
}

func (s *scrape) add(t *testing.T, body string) {
	t.Helper()
	line := regexp.MustCompile(`^(\w+)(?:\{(.*)\})? \S+$`)
	label := regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)
	for l := range strings.Lines(body) {
		l = strings.TrimSpace(l)
		if f := strings.Fields(l); len(f) == 4 && f[1] == "TYPE" {
			s.kinds[f[2]] = f[3]
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil {
			if l != "" {
				t.Fatalf("not a series: %s", l)
			}
			continue
		}
		s.lines = append(s.lines, l)
		if s.labels[m[1]] == nil {
			s.labels[m[1]] = map[string]bool{}
		}
		for _, lm := range label.FindAllStringSubmatch(m[2], -1) {
			s.labels[m[1]][lm[1]] = true
		}
	}
}

func (w *world) scrape() *scrape {
	w.Helper()
	s := &scrape{kinds: map[string]string{}, labels: map[string]map[string]bool{}}
	code, body, err := w.envoy.Get(9902, "/stats/prometheus")
	if err != nil || code != 200 {
		w.Fatalf("%d %v", code, err)
	}
	s.add(w.T, body)
	return s
}

// Three upstreams that all is well with give as many series as the documentation says, all of which say whose they are.
func TestSeriesCount(t *testing.T) {
	t.Parallel()
	c := config()
	c.Tracing = nil
	w := newWorld(t, c)
	for i, u := range c.Upstreams {
		w.publish(u.Name+".ns.svc.cluster.local", w.pod(1+i))
	}
	w.start()
	for i := range c.Upstreams {
		if res := (Load{Calls: 20}).Run(t.Context(), w.dial(10001+i)); res.Failed() > 0 {
			t.Fatal(res)
		}
	}
	s := w.scrape()
	of := 0
	for _, l := range s.lines {
		if strings.Contains(l, "svc1") {
			of++
		}
		if !strings.Contains(l, `service="app"`) || !strings.Contains(l, `region="region-1"`) {
			t.Errorf("says not whose it is: %s", l)
		}
	}
	t.Logf("%d series, %d of one upstream", len(s.lines), of)
	near := func(what string, got, want int) {
		if got < want*95/100 || got > want*105/100 {
			t.Errorf("%s: %d series, want about %d", what, got, want)
		}
	}
	near("three upstreams", len(s.lines), envoy.SeriesAlone+3*envoy.SeriesPerUpstream)
	near("one upstream", of, envoy.SeriesPerUpstream)
}

// everything is an Envoy that has had traffic of every kind: all statuses of gRPC, retries, an ejection, HTTP, TCP, TLS, a
// health check, endpoints of an xDS server.
func everything(t *testing.T) *world {
	t.Helper()
	mount, ca := &Mount{Dir: t.TempDir()}, authority(t)
	cert, err := ca.Issue("client")
	var files map[string][]byte
	if err == nil {
		files, err = Secret(ca, cert)
	}
	if err == nil {
		err = mount.Put(files)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := config()
	c.Dir = t.TempDir()
	c.XDS = &envoy.XDS{Address: "xds.example:50000"}
	c.Upstreams = []envoy.Upstream{
		{Name: "svc0", Port: podPort},
		{Name: "secret", Port: podPort, TLS: &envoy.TLS{CA: mount.Dir + "/ca.crt", Cert: mount.Dir + "/tls.crt", Key: mount.Dir + "/tls.key"}},
		{Name: "web", Port: podPort, Protocol: envoy.HTTP, HealthCheck: &envoy.HealthCheck{Path: "/"}},
		{Name: "cache", Port: podPort, Protocol: envoy.TCP},
		{Name: "told", Port: podPort, Discovery: envoy.EDS},
	}
	if err := WriteFiles(c); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, c)
	pods := w.pods(3)
	w.publish(svc0, pods...)
	w.publish("secret.ns.svc.cluster.local", w.pod(4, mutual(t, ca, "secret.ns.svc.cluster.local")))
	var status atomic.Int32
	w.httpPod(5, &status)
	w.dns.SetAddrs("web.ns.svc.cluster.local", w.ip(105))
	w.dns.SetAddrs("cache.ns.svc.cluster.local", w.ip(105))
	w.dns.SetAddrs("xds.example", w.ip(2))
	if err := w.xds().Set(Resources{Endpoints: map[string][]netip.AddrPort{"told": addrs(w.pod(6))}}); err != nil {
		t.Fatal(err)
	}
	w.start()

	conn := w.dial(10001)
	for code := range codes.Code(17) {
		for _, p := range pods {
			p.Fail.Store(uint32(code))
		}
		Load{Calls: 3, Workers: 1}.Run(t.Context(), conn)
	}
	for _, p := range pods[1:] {
		p.Fail.Store(0)
	}
	pods[0].Fail.Store(uint32(codes.Unavailable))
	Load{Calls: 200, Every: time.Millisecond}.Run(t.Context(), conn)
	if n := w.envoy.Stats(`.`)["cluster.svc0.outlier_detection.ejections_enforced_total"]; n == 0 {
		t.Error("no Pod was ejected")
	}
	for _, port := range []int{10002, 10005} {
		if res := (Load{Calls: 20}).Run(t.Context(), w.dial(port)); res.Failed() > 0 {
			t.Error(res)
		}
	}
	for _, s := range []int32{200, 404, 500} {
		status.Store(s)
		w.envoy.Get(10003, "/")
	}
	tcp, err := net.Dial("tcp", fmt.Sprintf("%s1:10004", w.prefix))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	fmt.Fprintf(tcp, "GET / HTTP/1.0\r\n\r\n")
	tcp.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := tcp.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	return w
}

// The list of statistics is what a running Envoy has: each with its name and type, and none besides. Each expression of the
// dashboard and of the rules is one that Prometheus takes, about series that are there and labels that they have.
func TestMetrics(t *testing.T) {
	t.Parallel()
	w := everything(t)
	s := w.scrape()
	t.Run("list", func(t *testing.T) { listed(t, s) })
	t.Run("patterns", func(t *testing.T) {
		_, body, err := w.envoy.Get(9901, "/stats")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range patternsWithout(body) {
			t.Errorf("%s keeps nothing", p)
		}
	})
	recorded, exprs := rules(t)
	maps.Copy(exprs, panels(t))
	if len(exprs) < 100 {
		t.Errorf("only %d expressions", len(exprs))
	}
	t.Run("expressions", func(t *testing.T) {
		for where, expr := range exprs {
			for _, wrong := range s.check(expr, recorded) {
				t.Errorf("%s: %s\n%s", where, wrong, expr)
			}
		}
	})
}

// listed compares a scrape with the list.
func listed(t *testing.T, s *scrape) {
	families := []string{}
	kinds := map[string]string{}
	for _, st := range envoy.Stats() {
		if f, ok := strings.CutSuffix(st.Series, "*"); ok {
			families = append(families, f)
			continue
		}
		kinds[st.Series] = st.Type
		if got := s.kinds[st.Series]; got != st.Type {
			t.Errorf("%s: got type %q, want %q", st.Series, got, st.Type)
		}
		name := st.Series
		if st.Type == "histogram" {
			name += "_bucket"
		}
		if st.Label != "" && !s.labels[name][st.Label] {
			t.Errorf("%s has no label %s", st.Series, st.Label)
		}
	}
	for name := range s.kinds {
		if kinds[name] == "" && !slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(name, f) }) {
			t.Errorf("%s is kept and not in the list", name)
		}
	}
	for _, f := range families {
		found := false
		for name := range s.kinds {
			found = found || kinds[name] == "" && strings.HasPrefix(name, f)
		}
		if !found {
			t.Errorf("%s* stands for nothing", f)
		}
	}
}

// patternsWithout are the patterns of the list by which nothing in the text of /stats is kept.
func patternsWithout(body string) (none []string) {
	var names []string
	for l := range strings.Lines(body) {
		name, _, _ := strings.Cut(l, ": ")
		names = append(names, name)
	}
	for _, st := range envoy.Stats() {
		for _, p := range st.Keep {
			match := strings.HasSuffix
			switch {
			case p[0] == '.' && p[len(p)-1] == '.':
				match = strings.Contains
			case p[len(p)-1] == '.':
				match = strings.HasPrefix
			}
			if !slices.ContainsFunc(names, func(name string) bool { return match(name, p) }) {
				none = append(none, p)
			}
		}
	}
	return none
}

// scraped are labels that the scrape adds, and those that a query makes.
var scraped = []string{"instance", "namespace", "le", "grpc_status"}

// check says what is wrong with an expression; recorded are series that rules make.
func (s *scrape) check(expr string, recorded map[string]bool) (wrong []string) {
	tree, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return []string{err.Error()}
	}
	has := map[string]bool{}
	parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		labels, there := s.labels[v.Name]
		if !there && !recorded[v.Name] {
			wrong = append(wrong, "no series "+v.Name)
			return nil
		}
		for name := range labels {
			has[name] = true
		}
		for _, m := range v.LabelMatchers {
			if there && m.Name != "__name__" && !labels[m.Name] && !slices.Contains(scraped, m.Name) {
				wrong = append(wrong, v.Name+" has no label "+m.Name)
			}
		}
		if !there { // what is recorded has the labels that its rule keeps
			for _, name := range []string{"service", "region", "envoy_cluster_name"} {
				has[name] = true
			}
		}
		return nil
	})
	parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok {
			for _, name := range a.Grouping {
				if !has[name] && !slices.Contains(scraped, name) {
					wrong = append(wrong, "by "+name+", which no series has")
				}
			}
		}
		return nil
	})
	return wrong
}

const metrics = "../../docs/metrics/"

// rules are the expressions of rules.yaml and the names of what they record.
func rules(t *testing.T) (recorded map[string]bool, exprs map[string]string) {
	t.Helper()
	f, err := os.Open(metrics + "rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var doc struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Record, Alert, Expr, For string
				Labels, Annotations      map[string]string
			}
		}
	}
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	recorded, exprs = map[string]bool{}, map[string]string{}
	for _, g := range doc.Groups {
		for i, r := range g.Rules {
			exprs[fmt.Sprintf("%s %d %s%s", g.Name, i, r.Record, r.Alert)] = r.Expr
			if r.Record != "" {
				recorded[r.Record] = true
			}
		}
	}
	return recorded, exprs
}

// panels are the expressions of the dashboard, with what its variables are when nothing is chosen.
func panels(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(metrics + "dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
		Templating struct {
			List []struct {
				Name, Definition string
			}
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	all := strings.NewReplacer("$__rate_interval", "1m", "$service", ".*", "$region", ".*", "$instance", ".*", "$upstream", ".*")
	exprs := map[string]string{}
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			exprs["panel "+p.Title+" "+q.RefID] = all.Replace(q.Expr)
		}
	}
	values := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	for _, v := range board.Templating.List {
		if m := values.FindStringSubmatch(v.Definition); m != nil {
			exprs["variable "+v.Name] = fmt.Sprintf("count by (%s) (%s)", m[2], all.Replace(m[1]))
		}
	}
	return exprs
}
