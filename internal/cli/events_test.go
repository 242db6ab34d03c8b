package cli

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
)

// tableOf are the words in backquotes in the first column of the table of docs/apply.md whose heading begins so.
func tableOf(t *testing.T, heading string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/apply.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n| "+heading+" |")
	if !ok {
		t.Fatalf("no table %q", heading)
	}
	var words []string
	for line := range strings.Lines(rest[strings.Index(rest, "\n")+1:]) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(strings.Split(line, "|")[1], -1) {
			words = append(words, m[1])
		}
	}
	return words
}

func sameWords(t *testing.T, what string, documented, there []string) {
	t.Helper()
	slices.Sort(documented)
	slices.Sort(there)
	if d, c := slices.Compact(documented), slices.Compact(there); !slices.Equal(d, c) {
		t.Errorf("%s: docs/apply.md has\n%q\nand the code\n%q", what, d, c)
	}
}

// sources parses the files of a package, tests left out.
func sources(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// constants are the strings of the constants whose names or types are picked.
func constants(t *testing.T, dir string, pick func(name, kind string) bool) []string {
	t.Helper()
	var values []string
	for _, f := range sources(t, dir) {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.ValueSpec)
			if !ok || len(s.Values) != 1 {
				return true
			}
			kind, _ := s.Type.(*ast.Ident)
			name := ""
			if kind != nil {
				name = kind.Name
			}
			if l, ok := s.Values[0].(*ast.BasicLit); ok && l.Kind == token.STRING && pick(s.Names[0].Name, name) {
				values = append(values, unquote(t, l))
			}
			return true
		})
	}
	return values
}

func unquote(t *testing.T, l *ast.BasicLit) string {
	t.Helper()
	s, err := strconv.Unquote(l.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What --json may write is what docs/apply.md lists: programs are written against it.
func TestEventsAreDocumented(t *testing.T) {
	events := constants(t, "../../kube/deploy", func(_, kind string) bool { return kind == "EventKind" })
	events = append(events, diag.Error.String(), diag.Warning.String())
	for _, f := range sources(t, ".") {
		ast.Inspect(f, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, ok := kv.Key.(*ast.Ident)
			l, literal := kv.Value.(*ast.BasicLit)
			if ok && literal && key.Name == "Event" {
				events = append(events, unquote(t, l))
			}
			return true
		})
	}
	sameWords(t, "events", tableOf(t, "event"), events)

	var fields []string
	for i := range reflect.TypeFor[eventLine]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[eventLine]().Field(i).Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	sameWords(t, "fields", tableOf(t, "field"), fields)

	reasons := constants(t, "../../kube/cluster", func(name, _ string) bool { return strings.HasPrefix(name, "Reason") })
	sameWords(t, "reasons", tableOf(t, "`reason`"), reasons)
}

func TestResultsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/apply.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range gravity {
		if w := verdictWord(int(v)); !strings.Contains(string(text), "`"+w+"`") {
			t.Errorf("%d is %q, and docs/apply.md does not say so", v, w)
		}
	}
	counts := map[string]any{}
	b, err := json.Marshal(changeCounts{1, 1, 1, 1, 1, 1, 1, 1})
	if err != nil || json.Unmarshal(b, &counts) != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("counts have %q, and docs/apply.md does not say so", name)
		}
	}
}

// Whatever the command line is, with --json there are lines of JSON and nothing else, and the last is the result.
func TestEventsWhateverTheCommandLineIs(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Chdir(t.TempDir())
	file := "def main(ctx):\n    print(\"\\x1b[2J\")\n    return config_map(\"a\", data = {\"k\": \"v\"})\n"
	if err := os.WriteFile("deploy.star", []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		code deploy.Verdict
	}{
		{"apply --json", deploy.Refused},
		{"apply --json --bogus", deploy.BadInput},
		{"apply --json --yes --timeout x", deploy.BadInput},
		{"apply --timeout -3s --yes --json", deploy.BadInput},
		{"delete --json --yes --context=", deploy.BadInput},
		{"rollback --yes 0 --json", deploy.BadInput},
		{"rollback --yes --json=true nosuch", deploy.BadInput},
		{"apply --yes --json", deploy.BadInput}, // no kubeconfig
		{"apply --yes --json --target x", deploy.BadInput},
		{"apply --yes --json --set a", deploy.BadInput},
		{"apply --json --plan nosuch", deploy.BadInput},
		{"apply --json --plan deploy.star", deploy.BadInput},
		{"apply --json -C nosuch --yes", deploy.BadInput},
		{"--json apply --bogus", deploy.BadInput},
	} {
		var stdout, stderr strings.Builder
		code := whole.run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
		if code != int(test.code) {
			t.Errorf("%s: exit code %d, want %d", test.args, code, test.code)
		}
		lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
		var last eventLine
		for _, l := range lines {
			last = eventLine{}
			if err := json.Unmarshal([]byte(l), &last); err != nil {
				t.Errorf("%s: %v: %q", test.args, err, l)
			}
		}
		if last.Event != "result" || last.Exit == nil || *last.Exit != code || len(lines) < 2 {
			t.Errorf("%s: got\n%s", test.args, stdout.String())
		}
		if s := stderr.String(); s != "" && !strings.HasSuffix(s, "\\x1b[2J\n") {
			t.Errorf("%s: on stderr: %q", test.args, s)
		}
	}
}

// The other answers that are data are written for programs as well.
func TestOtherJSONIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/apply.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### Others as JSON\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for _, f := range sources(t, "../../kube/plan") {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			key, literal := call.Args[0].(*ast.BasicLit)
			if ok && literal && slices.Contains([]string{"text", "put", "number", "yes"}, method.Sel.Name) {
				names = append(names, unquote(t, key))
			}
			return true
		})
	}
	// What plan files have besides.
	names = slices.DeleteFunc(names, func(s string) bool {
		return slices.Contains([]string{"uid", "content", "after", "removed", "added", "keys"}, s)
	})
	tag := regexp.MustCompile("`json:\"([a-z]+)")
	for _, file := range []string{"status.go", "history.go", "../../kube/deploy/status.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tag.FindAllStringSubmatch(string(source), -1) {
			names = append(names, m[1])
		}
	}
	names = slices.DeleteFunc(names, func(s string) bool { return s == "state" }) // health says it
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if !strings.Contains(section, "`"+name+"`") {
			t.Errorf("%q is written, and docs/apply.md does not say so", name)
		}
	}
}
