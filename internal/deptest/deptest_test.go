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
	direct   bool // only imports count, not what they bring
}

var rules = []rule{
	{
		packages: "starlark/",
		banned:   []string{"k8s.io/", module + "kube", module + "envoy", module + "builtins", module + "link"},
		reason:   "the host knows no Kubernetes: it can be understood, and used, without it",
	},
	{
		packages: "kube",
		banned:   []string{"go.starlark.net/", module + "starlark", module + "builtins", module + "link"},
		reason:   "checks, writers and plans work on values whoever made them",
	},
	{
		packages: "envoy",
		banned:   []string{"go.starlark.net/", module + "starlark", module + "builtins", module + "link"},
		reason:   "the bootstrap is plain data: usable outside Starlark",
	},
	{
		packages: "",
		except:   []string{"envoy/validate", "cmd/starctl-envoy"},
		banned:   []string{"github.com/envoyproxy/go-control-plane", "google.golang.org/protobuf"},
		reason:   "Envoy's messages cost 3 to 5 ms at start, more than all else",
	},
	{
		packages: "",
		except:   []string{"kube/cluster"},
		banned:   []string{"k8s.io", "sigs.k8s.io/structured-merge-diff", "github.com/fluxcd/cli-utils"},
		reason:   "only kube/cluster knows how one talks to a cluster: what its callers see are sets, plans, events and failures",
		direct:   true,
	},
	{
		packages: "",
		except:   []string{"kube/cluster", "cmd/starctl-cluster"},
		banned:   []string{module + "kube/cluster", "k8s.io"},
		reason: "rendering, checks, tests and plans are pure: they run without a cluster, and whoever embeds package starctl does not pay " +
			"for client-go, which costs every process milliseconds at start; tables take the place of Kubernetes' types",
	},
	{
		packages: "",
		banned: []string{
			"k8s.io/client-go/kubernetes", "k8s.io/client-go/dynamic", "k8s.io/client-go/discovery", "k8s.io/client-go/informers",
			"k8s.io/client-go/restmapper",
		},
		except: []string{"internal/schemagen"},
		reason: "every command that talks to a cluster pays at start for what kube/cluster links: these cost 3 ms more, and are not needed for JSON over HTTP",
	},
	{
		packages: "",
		banned:   []string{"plugin"},
		reason:   "linking package plugin keeps every exported function alive and doubles the binary",
	},
	{
		packages: "",
		banned:   []string{"gopkg.in/yaml.v3"},
		reason:   "go.yaml.in/yaml/v3 is the same library, maintained",
	},
	{
		packages: "kube",
		except:   []string{"kube/cluster", "kube/plan", "kube/deploy"},
		banned:   []string{"sigs.k8s.io/yaml", "go.yaml.in", "github.com/goccy/go-yaml"},
		reason: "YAML libraries cost 95 % of the usual program: they judge in tests, they do not write. A plan is made beside the render path, " +
			"and reads the Envoy configuration that two versions of a ConfigMap hold",
	},
	{
		packages: "envoy",
		except:   []string{"envoy/validate"},
		banned:   []string{"sigs.k8s.io/yaml", "go.yaml.in", "github.com/goccy/go-yaml", "reflect"},
		reason:   "writing the bootstrap is on the hot path",
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
				if !r.direct && r.bans(dep) && dep != "reflect" {
					t.Errorf("%s reaches %s: %s", name, dep, r.reason)
				}
			}
			for _, dep := range p.Imports {
				if (r.direct || dep == "reflect") && r.bans(dep) {
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
