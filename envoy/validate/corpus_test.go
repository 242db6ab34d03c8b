package validate_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/envoy/validate"
	"github.com/starctl/starctl/internal/envoybin"
	"github.com/starctl/starctl/kube/encode"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "ask the real Envoy about every mutation, and write testdata/verdicts.txt")

const (
	verdictFile = "testdata/verdicts.txt"
	perBase     = 125
)

// bases are valid configurations: our own of several shapes, and one written by hand.
func bases(t *testing.T) map[string][]byte {
	t.Helper()
	edge, err := os.ReadFile("testdata/edge.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{"edge": edge}
	for name, c := range map[string]envoy.Config{
		"mixed": {App: "app", Region: "eu", Tracing: &envoy.Tracing{Address: "otel.observability:4317"}, Upstreams: []envoy.Upstream{
			{Name: "pay", Port: 8080}, {Name: "web", Port: 80, Protocol: envoy.HTTP}, {Name: "redis", Port: 6379, Protocol: envoy.TCP},
		}},
		"failover": {App: "app", Listen: envoy.Shared, Upstreams: []envoy.Upstream{
			{Name: "pay", Port: 8080, HealthCheck: &envoy.HealthCheck{}, Failover: []envoy.Endpoint{{Address: "eu.example.com:443", Authority: "pay.eu"}}},
			{Name: "ledger", Port: 7000, Addresses: []string{"10.0.0.1", "10.0.0.2"}},
		}},
		"xds": {App: "app", XDS: &envoy.XDS{Address: "10.0.0.3:50000"}, Upstreams: []envoy.Upstream{{Name: "pay", Port: 8080, Discovery: envoy.EDS}}},
	} {
		n, problems := envoy.Bootstrap(c)
		if len(problems) > 0 {
			t.Fatal(name, problems)
		}
		out[name] = encode.AppendYAML(nil, n)
	}
	return out
}

// mutant is a base with one thing changed.
type mutant struct {
	name string // "mixed 17 drop static_resources.clusters[0].name"
	text []byte
}

// corpus makes the same mutants every time.
func corpus(t *testing.T) (out []mutant) {
	t.Helper()
	all := bases(t)
	for _, name := range []string{"mixed", "failover", "xds", "edge"} {
		r := rand.New(rand.NewPCG(7, uint64(len(name))))
		for i := range perBase {
			var root yaml.Node
			if err := yaml.Unmarshal(all[name], &root); err != nil {
				t.Fatal(err)
			}
			what := mutate(r, &root)
			text, err := yaml.Marshal(&root)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, mutant{fmt.Sprintf("%s %d %s", name, i, what), text})
		}
	}
	return out
}

// mutate changes one field or item of the tree, and says which and how.
func mutate(r *rand.Rand, root *yaml.Node) string {
	type place struct {
		parent *yaml.Node
		at     int // of the value in the parent
		path   string
	}
	var places []place
	var visit func(n *yaml.Node, path string)
	visit = func(n *yaml.Node, path string) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 1; i < len(n.Content); i += 2 {
				p := strings.TrimPrefix(path+"."+n.Content[i-1].Value, ".")
				places = append(places, place{n, i, p})
				visit(n.Content[i], p)
			}
		case yaml.SequenceNode:
			for i, item := range n.Content {
				p := fmt.Sprintf("%s[%d]", path, i)
				places = append(places, place{n, i, p})
				visit(item, p)
			}
		}
	}
	visit(root.Content[0], "")
	p := places[r.IntN(len(places))]
	key := p.parent.Kind == yaml.MappingNode
	scalar := func(value, tag string) {
		p.parent.Content[p.at] = &yaml.Node{Kind: yaml.ScalarNode, Value: value, Tag: tag}
	}
	ways := []struct {
		name string
		do   func()
	}{
		{"typo", func() {
			if key {
				p.parent.Content[p.at-1].Value += "x"
			} else {
				p.parent.Content[p.at] = &yaml.Node{Kind: yaml.ScalarNode, Value: "x"}
			}
		}},
		{"drop", func() {
			from := p.at
			if key {
				from--
			}
			p.parent.Content = append(p.parent.Content[:from:from], p.parent.Content[p.at+1:]...)
		}},
		{"empty", func() { scalar("", "!!str") }},
		{"word", func() { scalar("word", "!!str") }},
		{"minus", func() { scalar("-1", "!!int") }},
		{"huge", func() { scalar("99999999999", "!!int") }},
		{"true", func() { scalar("true", "!!bool") }},
		{"zero", func() { scalar("0s", "!!str") }},
		{"null", func() { scalar("null", "!!null") }},
		{"{}", func() { p.parent.Content[p.at] = &yaml.Node{Kind: yaml.MappingNode} }},
		{"[]", func() { p.parent.Content[p.at] = &yaml.Node{Kind: yaml.SequenceNode} }},
		{"twice", func() {
			if !key {
				p.parent.Content = append(p.parent.Content, p.parent.Content[p.at])
			} else {
				p.parent.Content = append(p.parent.Content, p.parent.Content[p.at-1], p.parent.Content[p.at])
			}
		}},
	}
	w := ways[r.IntN(len(ways))]
	w.do()
	return w.name + " " + p.path
}

// verdicts reads what the real Envoy said.
func verdicts(t *testing.T) map[string]bool {
	t.Helper()
	b, err := os.ReadFile(verdictFile)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		verdict, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[name] = verdict == "refused"
	}
	return out
}

// We agree with the real Envoy on 95 of 100, and refuse nothing that it takes.
func TestCorpus(t *testing.T) {
	if *update {
		t.Skip("the verdicts are being made")
	}
	want, agreed := verdicts(t), 0
	mutants := corpus(t)
	for _, m := range mutants {
		refused, ok := want[m.name]
		if !ok {
			t.Fatalf("no verdict for %q: run go test ./envoy/validate -run Corpus -update", m.name)
		}
		var errors []string
		for _, f := range validate.Bootstrap(m.text, validate.Options{}) {
			if f.Level == validate.Error {
				errors = append(errors, f.Error())
			}
		}
		switch {
		case refused == (len(errors) > 0):
			agreed++
		case refused:
			t.Logf("Envoy alone refuses: %s", m.name)
		default:
			t.Errorf("Envoy takes: %s: %q", m.name, errors)
		}
	}
	t.Logf("agreed on %d of %d", agreed, len(mutants))
	if agreed*100 < len(mutants)*95 {
		t.Errorf("agreed on %d of %d, want 95 %%", agreed, len(mutants))
	}
}

// The recorded verdicts are the real Envoy's: all of them in CI, else one in eight.
func TestCorpusVerdicts(t *testing.T) {
	envoybin.Path(t)
	mutants := corpus(t)
	if *update {
		record(t, mutants)
		return
	}
	want := verdicts(t)
	for i, m := range mutants {
		if i%8 != 0 && os.Getenv("ENVOY_REQUIRED") == "" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if got := refuses(t, m); got != want[m.name] {
				t.Errorf("refused: %t, recorded: %t", got, want[m.name])
			}
		})
	}
}

func refuses(t *testing.T, m mutant) bool {
	t.Helper()
	file := filepath.Join(t.TempDir(), "envoy.yaml")
	if err := os.WriteFile(file, m.text, 0o644); err != nil {
		t.Fatal(err)
	}
	err := envoybin.Validate(t, file)
	return err != nil && !strings.Contains(err.Error(), "accepted with warnings")
}

func record(t *testing.T, mutants []mutant) {
	t.Helper()
	var b strings.Builder
	for _, m := range mutants {
		verdict := "taken"
		if refuses(t, m) {
			verdict = "refused"
		}
		b.WriteString(verdict + " " + m.name + "\n")
	}
	if err := os.WriteFile(verdictFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
