package envoytest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
	"go.yaml.in/yaml/v3"
)

// Namespace is that of everything that [Deploy] renders.
const Namespace = "ns"

// Deployed is a workload that a deploy.star declares, as its Pods have it.
type Deployed struct {
	Sidecar, App Container
	HostAliases  []HostAlias
	Files        map[string]string // of the ConfigMap, which the sidecar mounts at ConfigDir
}

// Container is what of a container decides how its process runs.
type Container struct {
	Name         string
	Args         []string
	Env          []struct{ Name, Value string }
	VolumeMounts []struct{ Name, MountPath string }
}

// HostAlias is a line of a Pod's /etc/hosts.
type HostAlias struct {
	IP        string
	Hostnames []string
}

// ConfigDir is where sidecars mount their ConfigMap.
const ConfigDir = "/etc/envoy"

// Deploy renders a deploy.star that declares one Deployment with a sidecar, and its ConfigMap. Warnings are errors.
func Deploy(ctx context.Context, text string) (*Deployed, error) {
	var warnings []string
	fsys := fstest.MapFS{"deploy.star": &fstest.MapFile{Data: []byte(text)}}
	set, err := starctl.Render(ctx, fsys, "deploy.star", starctl.Options{
		Namespace: Namespace,
		Warn:      func(d diag.Diagnostic) { warnings = append(warnings, d.Error()) },
	})
	if err != nil {
		return nil, err
	}
	if len(warnings) > 0 {
		return nil, fmt.Errorf("warnings: %s", strings.Join(warnings, "\n"))
	}
	d := &Deployed{}
	for _, o := range set.Objects {
		switch o.ID.Kind {
		case "Deployment":
			err = d.workload(o.Node)
		case "ConfigMap":
			err = decode(o.Get("data"), &d.Files)
		}
		if err != nil {
			return nil, err
		}
	}
	if d.Sidecar.Name == "" || d.Files == nil {
		return nil, fmt.Errorf("want a Deployment with a sidecar and its ConfigMap, got %d objects", len(set.Objects))
	}
	return d, nil
}

func (d *Deployed) workload(n kube.Node) error {
	var spec struct {
		InitContainers, Containers []Container
		HostAliases                []HostAlias
	}
	if err := decode(n.Get("spec", "template", "spec"), &spec); err != nil {
		return err
	}
	if len(spec.InitContainers) != 1 || len(spec.Containers) != 1 {
		return fmt.Errorf("got %d and %d containers, want a sidecar and an application", len(spec.InitContainers), len(spec.Containers))
	}
	d.Sidecar, d.App, d.HostAliases = spec.InitContainers[0], spec.Containers[0], spec.HostAliases
	return nil
}

func decode(n kube.Node, into any) error {
	text, err := json.Marshal(encode.ToMap(n))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// Bootstrap returns the configuration to be edited.
func (d *Deployed) Bootstrap() (Bootstrap, error) {
	var b map[string]any
	return b, yaml.Unmarshal([]byte(d.Files["envoy.yaml"]), &b)
}

// Variables are those of a container that are written out, and what the kubelet knows of a Pod.
func (c *Container) Variables() map[string]string {
	vars := map[string]string{}
	for _, e := range c.Env {
		vars[e.Name] = e.Value
	}
	for name, value := range map[string]string{"POD_NAME": node, "POD_NAMESPACE": Namespace, "NODE_NAME": "node-1"} {
		if _, wanted := vars[name]; wanted {
			vars[name] = value
		}
	}
	for name, value := range vars {
		vars[name] = expand(value, vars)
	}
	return vars
}

// Command is the container's arguments, in which the kubelet has replaced $(NAME).
func (c *Container) Command() []string {
	vars := c.Variables()
	args := make([]string, len(c.Args))
	for i, a := range c.Args {
		args[i] = expand(a, vars)
	}
	return args
}

// Environ is the container's variables, as a process takes them.
func (c *Container) Environ() (env []string) {
	for name, value := range c.Variables() {
		env = append(env, name+"="+value)
	}
	return env
}

func expand(s string, vars map[string]string) string {
	for name, value := range vars {
		s = strings.ReplaceAll(s, "$("+name+")", value)
	}
	return s
}

// Mount is a directory that changes as the kubelet changes a mounted ConfigMap or Secret: the files are links through ..data,
// which is swapped by a rename.
type Mount struct {
	Dir string
	n   int
}

// Put makes the directory hold these files; their names are the same each time.
func (m *Mount) Put(files map[string][]byte) error {
	m.n++
	version := fmt.Sprintf("..%d", m.n)
	if err := os.MkdirAll(filepath.Join(m.Dir, version), 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(m.Dir, version, name), text, 0o644); err != nil {
			return err
		}
		if m.n == 1 {
			if err := os.Symlink(filepath.Join("..data", name), filepath.Join(m.Dir, name)); err != nil {
				return err
			}
		}
	}
	next := filepath.Join(m.Dir, "..data_tmp")
	if err := os.Symlink(version, next); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(m.Dir, "..data"))
}

// HostsFile is the Pod's /etc/hosts, as the kubelet writes it.
func (d *Deployed) HostsFile() string {
	b := strings.Builder{}
	b.WriteString("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
	for _, a := range d.HostAliases {
		fmt.Fprintf(&b, "%s\t%s\n", a.IP, strings.Join(a.Hostnames, "\t"))
	}
	return b.String()
}

// besides returns the files of the ConfigMap beside the bootstrap, with their paths moved.
func (d *Deployed) besides(moved *strings.Replacer) map[string][]byte {
	files := map[string][]byte{}
	for name, text := range maps.All(d.Files) {
		if name != "envoy.yaml" {
			files[name] = []byte(moved.Replace(text))
		}
	}
	return files
}
