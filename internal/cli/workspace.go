package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/internal/rootfs"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
	"github.com/starctl/starctl/starlark/project"
)

// workspace holds the projects that a command works on, each opened once.
type workspace struct {
	u        *ui
	limits   interp.Limits
	projects map[string]*starctl.Project
}

func (u *ui) workspace(l limits) (*workspace, error) {
	bounds, err := l.parse()
	if err != nil {
		return nil, err
	}
	return &workspace{u: u, limits: bounds, projects: map[string]*starctl.Project{}}, nil
}

// open returns the project at root.
func (w *workspace) open(root string) (*starctl.Project, error) {
	if p := w.projects[root]; p != nil {
		return p, nil
	}
	dir, err := rootfs.Open(root)
	if err != nil {
		return nil, err
	}
	var p *starctl.Project
	p, err = starctl.Open(dir, starctl.Settings{
		Limits: w.limits,
		Print:  func(at diag.Pos, msg string) { w.u.printed(root, at, msg) },
		Abort: func(d diag.Diagnostic) {
			var src diag.Sources
			if p != nil {
				src = p
			}
			w.u.fail(&located{diag.List{d}, src, root})
			w.u.abort()
		},
	})
	if list, ok := errors.AsType[diag.List](err); ok {
		text, _ := os.ReadFile(filepath.Join(root, project.File))
		return nil, &located{list, diag.Texts{project.File: string(text)}, root}
	}
	if err != nil {
		return nil, err
	}
	w.projects[root] = p
	return p, nil
}

// task is a deploy file on a target of its project.
type task struct {
	unit
	starctl.Job
	project *starctl.Project
}

// tasks returns what a selection means: each file on each target that is chosen.
func (w *workspace) tasks(ctx context.Context, units []unit, s selection) ([]task, error) {
	given, err := s.values(w.u)
	if err != nil {
		return nil, err
	}
	var list []task
	for _, x := range units {
		p, err := w.open(x.root)
		if err != nil {
			return nil, err
		}
		targets, err := s.choose(p.Config)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			list = append(list, task{x, starctl.Job{File: x.name, Target: t, Namespace: s.namespace, Inputs: given}, p})
		}
	}
	return list, w.claimed(ctx, list, given)
}

// choose returns the targets that --target means; a project without targets renders once, for none.
func (s *selection) choose(p *project.Project) ([]*project.Target, error) {
	patterns := s.targets
	switch {
	case len(patterns) == 0 && s.everyTarget && len(p.Targets) > 0:
		patterns = []string{"*"}
	case len(patterns) == 0:
		patterns = []string{""}
	}
	var list []*project.Target
	for _, pattern := range patterns {
		some, err := p.Select(pattern)
		if err != nil {
			return nil, err
		}
		for _, t := range some {
			if !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
	}
	if list == nil {
		list = []*project.Target{nil}
	}
	return list, nil
}

// values are the inputs that --inputs and --set give; --set wins.
func (s *selection) values(u *ui) (project.Values, error) {
	var list project.Values
	if s.inputs != "" {
		text, err := os.ReadFile(u.at(s.inputs))
		if err != nil {
			return nil, err
		}
		if list, err = project.ParseFile(s.inputs, text); err != nil {
			return nil, err
		}
	}
	for _, arg := range s.set {
		v, err := project.ParseSet(arg)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// claimed reports what was given for inputs that no file declares. Where nothing was given, no file is looked at.
func (w *workspace) claimed(ctx context.Context, tasks []task, given project.Values) error {
	if !givesInputs(tasks, given) {
		return nil
	}
	declared := make([][]project.Input, len(tasks))
	err := parallel(ctx, len(tasks), func(i int) (err error) {
		declared[i], err = tasks[i].project.Inputs(ctx, tasks[i].name)
		return err
	})
	if err != nil {
		return ctx.Err() // a file cannot be evaluated: that is reported when it is
	}
	if list := given.Unclaimed(declared...); len(list) > 0 {
		return list
	}
	byRoot := map[string][]string{}
	for _, t := range tasks {
		byRoot[t.root] = append(byRoot[t.root], t.name)
	}
	for root, files := range byRoot {
		list, err := w.projects[root].UnclaimedOfTargets(ctx, files)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return &located{list, w.projects[root], root}
		}
	}
	return nil
}

func givesInputs(tasks []task, given project.Values) bool {
	if len(given) > 0 {
		return true
	}
	for i := range tasks {
		if i > 0 && tasks[i].project == tasks[i-1].project {
			continue
		}
		for _, t := range tasks[i].project.Config.Targets {
			if len(t.Inputs) > 0 {
				return true
			}
		}
	}
	return false
}

// parse returns the limits as the host wants them.
func (l limits) parse() (interp.Limits, error) {
	out := interp.Limits{Steps: l.steps, Time: l.time}
	if l.time < 0 {
		return out, diag.Diagnostic{Message: fmt.Sprintf("--max-time: got %s, want more than 0", l.time)}
	}
	if l.memory == "" {
		return out, nil
	}
	n, err := parseSize(l.memory)
	out.Memory = n
	return out, err
}

// parseSize reads a number of bytes: 500MiB, 2GiB, 1.5GB.
func parseSize(s string) (int, error) {
	bad := diag.Diagnostic{Message: fmt.Sprintf("--max-memory: got %q, want a size such as 512MiB or 2GiB", s)}
	i := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if i < 0 {
		return 0, bad
	}
	unit, ok := map[string]float64{
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "KB": 1e3, "MB": 1e6, "GB": 1e9,
	}[strings.TrimSpace(s[i:])]
	n, err := strconv.ParseFloat(s[:i], 64)
	if !ok || err != nil || n <= 0 || n*unit > 1<<50 {
		return 0, bad
	}
	return int(n * unit), nil
}
