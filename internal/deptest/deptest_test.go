// Package deptest holds the rules of which package may import what, each with its reason.
package deptest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/starctl/starctl/"

// rule: what matches package must not reach, even through others, what matches banned, but for the packages in except.
type rule struct {
	packages string // prefix below the module; "" is everything
	except   []string
	banned   []string // prefixes of import paths
	reason   string
}

var rules = []rule{
	{
		"starlark/", nil,
		[]string{"k8s.io/", module + "kube", module + "envoy", module + "builtins", module + "link"},
		"the host knows no Kubernetes: it can be understood, and used, without it",
	},
	{
		"kube", nil,
		[]string{"go.starlark.net/", module + "starlark", module + "builtins", module + "link"},
		"checks, writers and plans work on values whoever made them",
	},
	{
		"envoy", nil,
		[]string{"go.starlark.net/", module + "starlark", module + "builtins", module + "link"},
		"the bootstrap is plain data: usable outside Starlark",
	},
	{
		"",
		[]string{"envoy/validate", "cmd/starctl-envoy"},
		[]string{"github.com/envoyproxy/go-control-plane", "google.golang.org/protobuf"},
		"Envoy's messages cost 3 to 5 ms at start, more than all else",
	},
	{
		"",
		[]string{"kube/cluster"},
		[]string{"k8s.io/client-go"},
		"client-go costs 5 to 6 ms at start, and only kube/cluster may know that a cluster exists",
	},
	{
		"",
		[]string{"internal/schemagen"},
		[]string{"k8s.io/api", "k8s.io/apimachinery"},
		"tables take the place of Kubernetes' types: no reflection while rendering",
	},
	{
		"", nil,
		[]string{"plugin"},
		"linking package plugin keeps every exported function alive and doubles the binary",
	},
	{
		"", nil,
		[]string{"gopkg.in/yaml.v3"},
		"go.yaml.in/yaml/v3 is the same library, maintained",
	},
	{
		"kube",
		[]string{"kube/cluster", "kube/plan"},
		[]string{"sigs.k8s.io/yaml", "go.yaml.in", "github.com/goccy/go-yaml"},
		"YAML libraries cost 95 % of the usual program: they judge in tests, they do not write. A plan is made beside the render path, and reads the Envoy configuration that two versions of a ConfigMap hold",
	},
	{
		"envoy",
		[]string{"envoy/validate"},
		[]string{"sigs.k8s.io/yaml", "go.yaml.in", "github.com/goccy/go-yaml", "reflect"},
		"writing the bootstrap is on the hot path",
	},
}

func (r rule) covers(pkg string) bool {
	for _, e := range r.except {
		if pkg == e {
			return false
		}
	}
	return strings.HasPrefix(pkg, r.packages)
}

func (r rule) bans(path string) bool {
	for _, b := range r.banned {
		if path == strings.TrimSuffix(b, "/") || strings.HasPrefix(path, strings.TrimSuffix(b, "/")+"/") {
			return true
		}
	}
	return false
}

// Commands of a developer link what they like, and what links an exception reaches what the exception may.
func exempt(pkg string) bool { return strings.HasPrefix(pkg, "internal/") }

func TestRules(t *testing.T) {
	pkgs := list(t)
	if len(pkgs) < 10 {
		t.Fatalf("go list names only %d packages", len(pkgs))
	}
	for _, r := range rules {
		covered := false
		for _, p := range pkgs {
			name := strings.TrimPrefix(p.ImportPath, module)
			if exempt(name) || !r.covers(name) {
				continue
			}
			covered = true
			for _, dep := range p.Deps {
				if r.bans(dep) && !(dep == "reflect") {
					t.Errorf("%s reaches %s: %s", name, dep, r.reason)
				}
			}
			for _, dep := range p.Imports {
				if dep == "reflect" && r.bans(dep) {
					t.Errorf("%s imports %s: %s", name, dep, r.reason)
				}
			}
		}
		if !covered {
			t.Errorf("no package is below %q: the rule holds nothing", r.packages)
		}
	}
}

type pkg struct {
	ImportPath    string
	Imports, Deps []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	c := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	c.Dir = "../.."
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
