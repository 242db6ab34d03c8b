// Package project reads what stands beside deploy files: starctl.star, which names the project, its targets and its
// defaults, and the inputs that the main of each deploy file declares.
//
// starctl.star is evaluated alone, with only project, target, defaults and dependency (see reader): what it says is data,
// and all mistakes in it are reported together. Inputs (inputs.go) are the keyword parameters of main; Values (values.go)
// are what a target, a file or the command line gives for them. Context (context.go) is what main gets as ctx.
package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
)

// File is the name of the file that makes a directory the root of a project.
const File = interp.ProjectFile

// Project is what a starctl.star says. The zero Project is that of a lone deploy file.
type Project struct {
	Name     string
	Targets  []Target
	Defaults Defaults
}

// Target is one place to deploy to.
type Target struct {
	Name       string
	Context    string // of a kubeconfig
	Cluster    string // uid of the cluster's kube-system namespace; "" leaves the cluster unpinned
	Namespace  string
	Region     string
	Kubernetes string // the oldest version that the cluster runs, such as "1.34"
	Inputs     Values
	Protect    bool // deletions need to be confirmed by name
	Pos        diag.Pos
}

// DefaultKubernetes is the oldest version that a target's cluster is taken to run if it does not say: the oldest that
// upstream supports as of Kubernetes 1.36, and the one in which native sidecars became stable.
const DefaultKubernetes = "1.33"

// Defaults are what every deploy file of the project gets where it says nothing else.
type Defaults struct {
	Labels       []Label        // on objects and Pod templates, never in selectors
	UpstreamPort int            // of an upstream that has none; 0 if not set
	Envoy        *starlark.Dict // keywords of configure_sidecar, config_map and upstream; nil if not set
	Pos          diag.Pos
}

// Label is a default label.
type Label struct{ Key, Value string }

// FindRoot returns the nearest directory at or above dir that holds a starctl.star, or false.
func FindRoot(dir string) (string, bool) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", false
	}
	for {
		if IsRoot(dir) {
			return dir, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", false
		}
		dir = up
	}
}

// IsRoot reports whether a directory holds a starctl.star.
func IsRoot(dir string) bool {
	st, err := os.Stat(filepath.Join(dir, File))
	return err == nil && st.Mode().IsRegular()
}

// Read evaluates the starctl.star at the root of fsys; without one it returns the zero Project. version is starctl's own,
// which the file may ask for. The error is a diag.List if the file has mistakes.
func Read(fsys fs.FS, version string) (*Project, error) {
	if _, err := fs.Stat(fsys, File); errors.Is(err, fs.ErrNotExist) {
		return &Project{}, nil
	}
	return read(fsys, version)
}

// Target returns the target of that name, or nil.
func (p *Project) Target(name string) *Target {
	for i := range p.Targets {
		if p.Targets[i].Name == name {
			return &p.Targets[i]
		}
	}
	return nil
}

// Select returns the targets that a name or glob means, in the order of the file. No pattern means the only target; a
// project without targets yields none.
func (p *Project) Select(pattern string) ([]*Target, error) {
	if pattern == "" {
		return p.only()
	}
	if len(p.Targets) == 0 {
		return nil, diag.Diagnostic{
			Message: fmt.Sprintf("no target %q: the project has none", pattern),
			Help:    []string{fmt.Sprintf("declare it in %s: target(%q, context = ..., namespace = ...)", File, pattern)},
		}
	}
	var list []*Target
	for i := range p.Targets {
		ok, err := path.Match(pattern, p.Targets[i].Name)
		if err != nil {
			return nil, diag.Diagnostic{Message: fmt.Sprintf("target %q is not a glob pattern: %v", pattern, err)}
		}
		if ok {
			list = append(list, &p.Targets[i])
		}
	}
	if len(list) == 0 {
		return nil, p.unknown(pattern)
	}
	return list, nil
}

func (p *Project) only() ([]*Target, error) {
	switch len(p.Targets) {
	case 0:
		return nil, nil
	case 1:
		return []*Target{&p.Targets[0]}, nil
	}
	return nil, diag.Diagnostic{
		Message: "which target? the project has " + strings.Join(p.names(), ", "),
		Help:    []string{"choose with --target NAME, or several with a glob: --target '*'"},
	}
}

func (p *Project) unknown(pattern string) error {
	return diag.Diagnostic{
		Message: fmt.Sprintf("no target %q: the project has %s", pattern, strings.Join(p.names(), ", ")),
		Suggest: diag.Nearest(pattern, p.names()),
	}
}

func (p *Project) names() []string {
	var list []string
	for _, t := range p.Targets {
		list = append(list, t.Name)
	}
	return list
}

// MaxSetName bounds the name of a set, which becomes part of names and labels in a cluster, where 63 is the end.
const MaxSetName = 50

// SetName returns the name of the set that a deploy file yields: the project's and the file's directory, joined by dots.
// file is relative to the project's root. A deploy file by another name adds its own.
func (p *Project) SetName(file string) (string, error) {
	dir, base := path.Split(path.Clean(file))
	parts := []string{p.Name}
	if p.Name == "" {
		parts = nil
	}
	if dir = strings.Trim(dir, "/"); dir != "" && dir != "." {
		parts = append(parts, strings.Split(dir, "/")...)
	}
	if base != "deploy.star" {
		parts = append(parts, strings.TrimSuffix(base, ".star"))
	}
	if len(parts) == 0 {
		parts = []string{"default"}
	}
	name := strings.ReplaceAll(strings.ToLower(strings.Join(parts, ".")), "_", "-")
	return name, CheckSetName(name)
}

// CheckSetName says why a name cannot be that of a set, or nil.
func CheckSetName(name string) error {
	if len(name) > MaxSetName {
		return errors.New("the set's name " + name + " is longer than 50 characters: give the file a shorter one, set_name = \"...\" at its top level")
	}
	if i := slices.IndexFunc(strings.Split(name, "."), func(s string) bool { return !isLabel(s) }); i >= 0 {
		return errors.New("the set's name " + name + " is not a DNS name: give the file another one, set_name = \"...\" at its top level")
	}
	return nil
}

// isLabel reports whether s is a DNS label, RFC 1123.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
