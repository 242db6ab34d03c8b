package builtins

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

// TestFreshTables takes every manifest in Kubernetes' own repository for right, but for those in testdata/manifests.txt,
// which are wrong indeed, by the API server's measure or ours (a quantity is no float). Without the module in the cache it
// skips; with GENERATE_REQUIRED=1, as in CI, it fetches it.
func TestFreshTables(t *testing.T) {
	root := kubernetesModule(t)
	var got []string
	objects := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) || strings.Contains(path, "/api/") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		docs, err := decodeYAML(string(text))
		if err != nil {
			return nil // a template, or wrong on purpose
		}
		for _, d := range docs {
			complaints, ok := judge(d)
			if ok {
				objects++
			}
			for _, c := range complaints {
				got = append(got, strings.TrimPrefix(path, root+"/")+": "+c)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if objects < 500 {
		t.Errorf("found only %d objects", objects)
	}
	const file = "testdata/manifests.txt"
	text := strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), text); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// judge returns what is wrong with an object; false if it is none of a known kind.
func judge(v starlark.Value) ([]string, bool) {
	o := kube.Identify(typed.Node(v))
	if o.Kind == "" || o.Version == "" {
		return nil, false
	}
	env := Predeclared()
	env["x"] = v
	thread := &starlark.Thread{}
	run := typed.NewRun(thread)
	g, err := starlark.ExecFileOptions(&syntax.FileOptions{}, thread, "x.star", "o = k8s.object(x)", env)
	if err != nil {
		return nil, false
	}
	var list []string
	for _, m := range run.Mistakes() {
		if strings.HasPrefix(m.Err.Error(), "kind ") { // unknown
			return nil, false
		}
		list = append(list, m.Err.Error())
	}
	r := g["o"].(*typed.Record)
	if err := typed.Missing(r, func(p kube.Path) { list = append(list, p.String()+": missing") }); err != nil {
		list = append(list, err.Error())
	}
	return list, true
}

func kubernetesModule(t *testing.T) string {
	required := os.Getenv("GENERATE_REQUIRED") != ""
	cmd := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes@v1.36.3")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	if !required {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	out, _ := cmd.Output() // what went wrong is in the output
	var m struct{ Dir, Error string }
	if err := json.Unmarshal(out, &m); err != nil || m.Dir == "" {
		msg := fmt.Sprintf("the module of Kubernetes is not in the module cache: %s %v", m.Error, err)
		if required {
			t.Fatal(msg)
		}
		t.Skip(msg)
	}
	return m.Dir
}
