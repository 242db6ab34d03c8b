package suite

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// directory makes a directory of these files and returns it as a project.
func directory(t *testing.T, files map[string]string) *Dir {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	p, err := starctl.Open(root.FS(), starctl.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return &Dir{Project: p, Root: dir, Name: "."}
}

// outcomes runs all cases: "NAME: what failed", or "NAME" alone.
func outcomes(t *testing.T, d *Dir, o Options) []string {
	t.Helper()
	cases, err := d.Cases(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range cases {
		r := c.Run(t.Context())
		s := c.Name
		if text := r.Text(); text != "" {
			s += ": " + text
		}
		if r.Updated {
			s += " (updated)"
		}
		list = append(list, s)
	}
	return list
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const deploy = "def main(ctx, *, tag = \"v1\"):\n    return config_map(\"a\", data = {\"tag\": tag})\n"

func TestGolden(t *testing.T) {
	d := directory(t, map[string]string{"deploy.star": deploy})
	expect(t, outcomes(t, d, Options{}), "")
	expect(t, outcomes(t, d, Options{Update: true}), "golden default (updated)")
	expect(t, outcomes(t, d, Options{}), "golden default")
	text, err := os.ReadFile(filepath.Join(d.Root, "golden", "default.yaml"))
	if err != nil || string(text) != "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  tag: v1\n" {
		t.Errorf("golden/default.yaml: %q, %v", text, err)
	}
}

func TestGoldenDiffers(t *testing.T) {
	d := directory(t, map[string]string{
		"deploy.star":         deploy,
		"golden/default.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  tag: v0\n---\nkind: Secret\napiVersion: v1\nmetadata: {name: s}\n",
		"golden/gone.yaml":    "",
	})
	expect(t, outcomes(t, d, Options{}),
		"golden default: deploy.star:2:12: ConfigMap a\n   data[\"tag\"]\n  - v0\n  + v1\nSecret s: no longer declared\n  - kind: Secret\n  - apiVersion: v1\n  - metadata:\n  -   name: s",
		"golden gone: golden/gone.yaml: no deploy file and target render it any more; --update removes it")
}

func TestUnit(t *testing.T) {
	d := directory(t, map[string]string{
		"a_test.star": "def test_b(t):\n    t.equal(1, 2)\n\ndef test_a(t):\n    pass\n\ndef helper(t):\n    fail(\"never\")\n",
		"b_test.star": "def test_c(t):\n    fail(\"no\")\n",
	})
	expect(t, outcomes(t, d, Options{}),
		"a_test.star test_b: a_test.star:2:5: got 1, want 2", "a_test.star test_a", "b_test.star test_c: b_test.star:2:5: no")
	d.File = "b_test.star"
	if got := outcomes(t, d, Options{}); len(got) != 1 {
		t.Errorf("a file by name: got %q", got)
	}
}

func TestReadObjects(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: 1", "line 1: a document without kind is no Kubernetes object"},
		{"kind: A\nx: &a 1\ny: *a", "line 3: golden files have no aliases"},
		{"kind: [", "yaml: line 1: did not find expected node content"},
		{"kind: A\n" + strings.Repeat("[", 300) + strings.Repeat("]", 300), "yaml: line"},
	} {
		if _, err := readObjects([]byte(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.40q: got %v, want %s", c.text, err, c.want)
		}
	}
	list, err := readObjects([]byte("---\n# nothing\n---\nkind: A\nn: 3\nf: 2.5\nb: true\nz: null\nl: [1]\ns: '3'\n"))
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	for key, want := range map[string]kube.Node{
		"n": kube.OfInt(3), "f": kube.OfFloat(2.5), "b": kube.OfBool(true), "z": kube.OfNull(), "s": kube.OfString("3"), "l": kube.OfList(kube.Elems{kube.OfInt(1)}),
	} {
		if got := list[0].Get(key); !kube.Equal(got, want) {
			t.Errorf("%s: got %s", key, got.Text())
		}
	}
}

// What JUnit writes is XML, whatever the texts hold.
func TestJUnit(t *testing.T) {
	d := &Dir{Name: `a"<&>`}
	hostile := "<b>&amp; \x00\x1b[31m \"\u202e\n]]>"
	results := []Result{
		{Case: Case{Dir: d, Name: "golden ok"}, Took: 1500 * time.Millisecond},
		{Case: Case{Dir: d, Name: hostile}, Failures: []Failure{{What: hostile, Lines: []Line{{'+', hostile}}}}},
		{Case: Case{Dir: &Dir{Name: "b"}, Name: "x"}, Mistakes: diag.List{{Message: hostile}}},
	}
	var b strings.Builder
	if err := JUnit(&b, results); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Name    string  `xml:"name,attr"`
				Time    float64 `xml:"time,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(b.String()), &doc); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if doc.Tests != 3 || doc.Failures != 2 || len(doc.Suites) != 2 || doc.Suites[0].Name != d.Name {
		t.Errorf("got %+v", doc)
	}
	if c := doc.Suites[0].Cases; c[0].Time != 1.5 || c[0].Failure != nil || c[1].Failure == nil || !strings.Contains(c[1].Failure.Message, "<b>") {
		t.Errorf("got %+v", c)
	}
}
