package check

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/starctl/starctl/kube"
)

// node views what encoding/json decoded.
func node(v any) kube.Node {
	switch v := v.(type) {
	case string:
		return kube.OfString(v)
	case bool:
		return kube.OfBool(v)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return kube.OfInt(i)
		}
		f, _ := v.Float64()
		return kube.OfFloat(f)
	case []any:
		list := kube.Elems{}
		for _, x := range v {
			list = append(list, node(x))
		}
		return kube.OfList(list)
	case map[string]any:
		keys := []string{}
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		m := kube.Pairs{}
		for _, k := range keys {
			m = append(m, kube.Pair{Key: k, Value: node(v[k])})
		}
		return kube.OfMap(m)
	}
	return kube.OfNull()
}

// load makes a set in namespace shop of a YAML text with one or more documents.
func load(t testing.TB, text string) *kube.Set {
	t.Helper()
	set := &kube.Set{Name: "test", Namespace: "shop"}
	for doc := range strings.SplitSeq(text, "\n---") {
		j, err := sigsyaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatalf("%v in:\n%s", err, doc)
		}
		var v any
		d := json.NewDecoder(strings.NewReader(string(j)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if v != nil {
			set.Objects = append(set.Objects, kube.NewObject(node(v), nil))
		}
	}
	return set
}

// print writes findings as the test data has them.
func print(list []Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s: %s: %s: ", f.Check, f.Severity, f.Object.ID)
		if len(f.Path) > 0 {
			fmt.Fprintf(&b, "%s: ", f.Path)
		}
		b.WriteString(f.Message)
		if f.Suggest != "" {
			fmt.Fprintf(&b, ", did you mean %q?", f.Suggest)
		}
		b.WriteByte('\n')
		for _, h := range f.Help {
			fmt.Fprintf(&b, "    %s\n", h)
		}
		for _, r := range f.Related {
			fmt.Fprintf(&b, "    %s: %s: %s\n", r.Object.ID, r.Path, r.Text)
		}
	}
	return b.String()
}

// TestCases runs testdata/CHECK.yaml: cases between lines "# case: what it shows", each some objects with the findings of that
// check and of no other behind "# want:", or none.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		seen[name] = true
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, clean := false, false
		out, cases := rewrite(t, name, string(text), func(none bool) { clean = clean || none; found = found || !none })
		if cases == 0 || Doc(name) == "" {
			t.Errorf("%s: %d cases of a check of that name", file, cases)
		}
		if !found || !clean {
			t.Errorf("%s: wants a case with findings (%v) and one without (%v)", file, found, clean)
		}
		if out != string(text) {
			if os.Getenv("UPDATE") != "" {
				os.WriteFile(file, []byte(out), 0o666)
			}
			t.Errorf("%s: findings changed, now:\n%s", file, out)
		}
	}
	for _, name := range Names() {
		if !seen[name] {
			t.Errorf("no testdata/%s.yaml", name)
		}
	}
}

// sizes stand in cases for text that is so long.
var sizes = regexp.MustCompile(`\d+KiB`)

// rewrite returns the cases with the findings that there are now, and counts them.
func rewrite(t *testing.T, name, text string, each func(none bool)) (string, int) {
	var b strings.Builder
	parts := strings.Split(text, "# case: ")
	b.WriteString(parts[0])
	for _, c := range parts[1:] {
		input, _, _ := strings.Cut(c, "# want:\n")
		input = strings.TrimRight(input, "\n") + "\n"
		o := Options{Only: []string{name}}
		if _, v, ok := strings.Cut(input, "# kubernetes: "); ok {
			o.Kubernetes, _, _ = strings.Cut(v, "\n")
		}
		_, objects, _ := strings.Cut(input, "\n")
		objects = sizes.ReplaceAllStringFunc(objects, func(s string) string {
			n, _ := strconv.Atoi(strings.TrimSuffix(s, "KiB"))
			return strings.Repeat("x", n<<10)
		})
		got := print(All(load(t, objects), o))
		b.WriteString("# case: " + input)
		if got != "" {
			b.WriteString("# want:\n")
			for line := range strings.SplitSeq(strings.TrimSuffix(got, "\n"), "\n") {
				b.WriteString("#   " + line + "\n")
			}
		}
		b.WriteString("\n")
		each(got == "")
	}
	return strings.TrimRight(b.String(), "\n") + "\n", len(parts) - 1
}
