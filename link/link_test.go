package link_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

// A case is a project: its files, then want.yaml (what it renders to; the text of a configuration is told in short), want.err
// (all messages as a person sees them), or both. `namespace: NAME` in the comment stands for --namespace.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runCase(t, a)
			if *update {
				write(t, file, a, got)
				return
			}
			for _, name := range []string{"want.yaml", "want.err"} {
				if diff := cmp.Diff(fileOf(a, name), got[name]); diff != "" {
					t.Errorf("%s (-want +got; rewrite with -update):\n%s", name, diff)
				}
			}
		})
	}
}

func fileOf(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func write(t *testing.T, file string, a *txtar.Archive, got map[string]string) {
	var keep []txtar.File
	for _, f := range a.Files {
		if !strings.HasPrefix(f.Name, "want.") {
			keep = append(keep, f)
		}
	}
	for _, name := range []string{"want.yaml", "want.err"} {
		if got[name] != "" {
			keep = append(keep, txtar.File{Name: name, Data: []byte(got[name])})
		}
	}
	a.Files = keep
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

func runCase(t *testing.T, a *txtar.Archive) map[string]string {
	fsys := fstest.MapFS{}
	for _, f := range a.Files {
		if !strings.HasPrefix(f.Name, "want.") {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	_, namespace, _ := strings.Cut("\n"+string(a.Comment), "\nnamespace: ")
	namespace, _, _ = strings.Cut(namespace, "\n")
	set, list, src := renderJob(t, fsys, starctl.Job{Namespace: namespace, Vet: strings.Contains("\n"+string(a.Comment), "\nvet\n")})
	got := map[string]string{}
	var b bytes.Buffer
	if err := diag.Write(&b, list, src, diag.Style{}); err != nil {
		t.Fatal(err)
	}
	got["want.err"] = b.String()
	if set != nil {
		got["want.yaml"] = inShort(t, set.Objects)
	}
	return got
}

// render renders deploy.star for the only target.
func render(t testing.TB, fsys fs.FS, namespace string) (*kube.Set, diag.List, diag.Sources) {
	t.Helper()
	return renderJob(t, fsys, starctl.Job{Namespace: namespace})
}

func renderJob(t testing.TB, fsys fs.FS, job starctl.Job) (*kube.Set, diag.List, diag.Sources) {
	t.Helper()
	p, err := starctl.Open(fsys, starctl.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	job.File = "deploy.star"
	targets, err := p.Config.Select("")
	if err != nil {
		t.Fatal(err)
	}
	if len(targets) > 0 {
		job.Target = targets[0]
	}
	r, err := p.Render(context.Background(), job)
	if list, ok := errors.AsType[diag.List](err); ok {
		return nil, list, p
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.Set, r.Warnings, p
}

// inShort writes the objects as YAML, where a configuration is told in short and its hash, which is verified, is left out.
func inShort(t *testing.T, objects []*kube.Object) string {
	var b []byte
	for i, o := range objects {
		if i > 0 {
			b = append(b, "---\n"...)
		}
		b = encode.AppendYAML(b, o.Node)
	}
	text := string(b)
	for _, o := range objects {
		config := o.Get("data", "envoy.yaml").Str()
		if o.ID.Kind != "ConfigMap" || config == "" {
			continue
		}
		all := ""
		for _, text := range o.Get("data").All() {
			all += text.Str()
		}
		sum := sha256.Sum256([]byte(all))
		hash := hex.EncodeToString(sum[:])
		text = strings.ReplaceAll(text, hash, "<hash of "+strings.TrimSuffix(o.Name, hash[:10])+">")
		text = strings.ReplaceAll(text, hash[:10], "<hash>")
		if !strings.Contains(config, "static_resources") {
			continue
		}
		whole := string(encode.AppendYAML(nil, kube.OfMap(kube.Pairs{{Key: "envoy.yaml", Value: kube.OfString(config)}})))
		whole = strings.ReplaceAll(strings.TrimSuffix(whole, "\n"), "\n", "\n  ")
		if !strings.Contains(text, whole) {
			t.Fatalf("the configuration of %s is not where it was expected", o.ID)
		}
		text = strings.Replace(text, whole, "envoy.yaml: |\n"+summary(t, config), 1)
	}
	return text
}

// summary tells a configuration in short: what listens where, and where that leads.
func summary(t *testing.T, config string) string {
	var c struct {
		Node  any
		Admin struct{ Address address }
		Res   struct {
			Listeners []struct {
				Name    string
				Address address
			}
			Clusters []struct {
				Name           string
				LoadAssignment struct {
					Endpoints []struct {
						LBEndpoints []struct{ Endpoint struct{ Address address } } `json:"lb_endpoints"`
					}
				} `json:"load_assignment"`
				Options map[string]struct {
					Explicit map[string]any `json:"explicit_http_config"`
				} `json:"typed_extension_protocol_options"`
			}
		} `json:"static_resources"`
	}
	if err := yaml.Unmarshal([]byte(config), &c); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "    "+format+"\n", args...) }
	line("(in short)")
	line("admin %s", c.Admin.Address)
	if c.Node != nil {
		line("node %v", c.Node)
	}
	for _, l := range c.Res.Listeners {
		line("listener %s %s", l.Name, l.Address)
	}
	for _, k := range c.Res.Clusters {
		s := "cluster " + k.Name
		for _, e := range k.LoadAssignment.Endpoints {
			for _, lb := range e.LBEndpoints {
				s += " " + lb.Endpoint.Address.String()
			}
		}
		for _, o := range k.Options {
			for name := range o.Explicit {
				s += " " + strings.TrimSuffix(name, "_protocol_options")
			}
		}
		line("%s", s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

type address struct {
	Socket struct {
		Address string
		Port    int `json:"port_value"`
	} `json:"socket_address"`
}

func (a address) String() string { return fmt.Sprintf("%s:%d", a.Socket.Address, a.Socket.Port) }
