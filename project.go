package starctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/lib"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
	"github.com/starctl/starctl/starlark/project"
)

// Settings are what all evaluation in a Project shares.
type Settings struct {
	Limits interp.Limits
	Print  func(pos diag.Pos, message string) // hears what print prints; may be nil; called by several goroutines
	Abort  func(diag.Diagnostic)              // see interp.Interpreter.Abort
}

// Project is a directory with a starctl.star, or one with a lone deploy file. Each of its files is evaluated once,
// whatever is asked of it and by how many goroutines.
type Project struct {
	Config *project.Project

	files fs.FS
	host  *interp.Interpreter
	src   *diag.Forest // the Project, as the Sources of its own mistakes

	mu       sync.Mutex
	declared map[string][]any // by the statements of each file, outside any main
}

// Open reads the project at the root of fsys. The error is a diag.List if starctl.star has mistakes.
func Open(fsys fs.FS, s Settings) (*Project, error) {
	config, err := project.Read(fsys, Version)
	if err != nil {
		return nil, err
	}
	p := &Project{Config: config, files: fsys}
	p.src = diag.NewForest(p)
	p.host = &interp.Interpreter{
		Root:        fsys,
		Libs:        map[string]fs.FS{"std": lib.Files},
		Predeclared: builtins.Predeclared(),
		Limits:      s.Limits,
		NewThread:   func(t *starlark.Thread) { typed.NewRun(t).Sources = p.src },
		Equal:       typed.Equal,
		Finish:      p.finish,
		Abort:       s.Abort,
	}
	if s.Print != nil {
		p.host.Print = func(t *starlark.Thread, msg string) { s.Print(caller(t), msg) }
	}
	return p, nil
}

// caller is where the Starlark code is that called the running builtin.
func caller(t *starlark.Thread) diag.Pos {
	for d := range t.CallStackDepth() {
		if f := t.CallFrame(d); f.Pos.Line > 0 {
			return diag.Pos{File: f.Pos.Filename(), Line: int(f.Pos.Line), Col: int(f.Pos.Col)}
		}
	}
	return diag.Pos{}
}

// declare keeps what the statements of a file say to later stages.
func (p *Project) declare(file string, list []any) {
	if len(list) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.declared == nil {
		p.declared = map[string][]any{}
	}
	p.declared[file] = append(p.declared[file], list...)
}

// declarations returns what the statements of a file, and of those that it needs, say to later stages. What other files of
// the project say is no concern of it, whether they were evaluated before or not.
func (p *Project) declarations(m *interp.Module) []any {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.declared) == 0 {
		return nil
	}
	var list []any
	for _, file := range m.Files() {
		list = append(list, p.declared[file]...)
	}
	return list
}

// Source and Names make a Project the diag.Sources of its own mistakes.
func (p *Project) Source(file string) []byte { return p.host.Source(file) }

// Names returns the predeclared names.
func (p *Project) Names(file string) []string { return p.host.Names(file) }

// Affected reports whether rendering a file looks at any of the files that have changed, whose names are relative to the
// project's root. Of a file that could not be evaluated nobody knows: it is affected by everything.
func (p *Project) Affected(file string, changed []string) bool { return p.host.Affected(file, changed) }

// Forget drops what was made of files that have changed, and of those that need them, so that they are evaluated afresh.
// The project file must not be among them: Open reads that. Nothing may be rendered meanwhile.
func (p *Project) Forget(changed []string) {
	p.src.Forget()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, file := range p.host.Forget(changed) {
		delete(p.declared, file)
	}
}

// Inputs returns the inputs that the main of a file declares.
func (p *Project) Inputs(ctx context.Context, file string) ([]project.Input, error) {
	f, _, err := p.load(ctx, file)
	if err != nil {
		return nil, err
	}
	return f.inputs, nil
}

// Unclaimed returns a mistake for each value whose input none of the files declares. Files that cannot be evaluated are
// passed over, and then nothing is certain and nothing returned.
func (p *Project) Unclaimed(ctx context.Context, files []string, values project.Values) (diag.List, error) {
	if len(values) == 0 {
		return nil, nil
	}
	var declared [][]project.Input
	for _, file := range files {
		inputs, err := p.Inputs(ctx, file)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, nil
		}
		declared = append(declared, inputs)
	}
	return values.Unclaimed(declared...), nil
}

// Job is one deploy file on one target.
type Job struct {
	File      string          // relative to the project's root
	Target    *project.Target // nil for none
	Namespace string          // of objects that have none, in place of the target's
	Inputs    project.Values  // besides the target's, which they win over
	Vet       bool            // look also for what matters only to who asks
}

// Result is what a Job yields.
type Result struct {
	Set      *kube.Set
	Warnings diag.List
	Accepted []Accepted // what the file silenced; only with Job.Vet, since finding its places takes parsing the file once more

	// Wishes is what the file says about how its objects are applied, by their IDs in the Set.
	Wishes map[kube.ID]plan.Wishes
}

// Accepted is a check that a file silenced, and why.
type Accepted struct {
	Check, Reason string
	Object        string // "" for every object
	Pos           diag.Pos
}

// deployFile is a file with a main.
type deployFile struct {
	name    string // relative to the project's root
	module  *interp.Module
	main    *starlark.Function
	inputs  []project.Input
	setName string
}

// load evaluates a deploy file and looks at its main. Mistakes and warnings that did not stop it come back with it.
func (p *Project) load(ctx context.Context, file string) (*deployFile, diag.List, error) {
	m, err := p.host.Load(ctx, "//"+file)
	reported, _ := errors.AsType[diag.List](err)
	if m == nil || err != nil && reported == nil {
		return nil, nil, err
	}
	f := &deployFile{name: file, module: m}
	if err := p.lookAt(f); err != nil {
		list := slices.Concat(reported, diag.From(err, p.src))
		list.Sort()
		return nil, nil, list
	}
	return f, reported, nil
}

// lookAt reads what a file says of itself.
func (p *Project) lookAt(f *deployFile) (err error) {
	if f.main, err = p.mainOf(f.module); err != nil {
		return err
	}
	if f.inputs, err = project.Inputs(f.main); err != nil {
		return diag.Diagnostic{Pos: defPos(f.main), Message: err.Error()}
	}
	f.setName, err = p.setName(f)
	return err
}

// values are all that is given for inputs of a Job, what wins last.
func (p *Project) values(job Job) project.Values {
	if job.Target == nil {
		return job.Inputs
	}
	return slices.Concat(job.Target.Inputs, job.Inputs)
}

// setName is the file's set_name, or what its place in the project makes of it.
func (p *Project) setName(f *deployFile) (string, error) {
	v, ok := f.module.Globals["set_name"]
	if !ok {
		name, err := p.Config.SetName(f.name)
		if err != nil {
			return "", diag.Diagnostic{Pos: defPos(f.main), Message: err.Error()}
		}
		return name, nil
	}
	at := globalPos(p, f.name, "set_name")
	name, ok := starlark.AsString(v)
	if !ok {
		return "", diag.Diagnostic{Pos: at, Message: fmt.Sprintf("set_name: got %s, want string", typed.TypeName(v))}
	}
	if err := project.CheckSetName(name); err != nil {
		return "", diag.Diagnostic{Pos: at, Message: err.Error()}
	}
	return name, nil
}

// UnclaimedOfTargets returns a mistake for each input of a target that no deploy file of the Project declares. These files
// are looked at first; the others only if something is left, and if one of them cannot be evaluated, nothing is certain.
func (p *Project) UnclaimedOfTargets(ctx context.Context, files []string) (diag.List, error) {
	var given project.Values
	for _, t := range p.Config.Targets {
		given = append(given, t.Inputs...)
	}
	list, err := p.Unclaimed(ctx, files, given)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	all, err := deployFiles(p.files)
	if err != nil {
		return nil, err
	}
	return p.Unclaimed(ctx, append(all, files...), given)
}

// deployFiles returns the names of all files called deploy.star.
func deployFiles(fsys fs.FS) ([]string, error) {
	var list []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && len(name) > 1 && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.Name() == "deploy.star" && !d.IsDir():
			list = append(list, name)
		}
		return nil
	})
	return list, err
}

// Load evaluates a file of the Project that need not be a deploy file, such as one of unit tests. The error holds no
// warnings.
func (p *Project) Load(ctx context.Context, file string) (*interp.Module, error) {
	m, err := p.host.Load(ctx, "//"+file)
	return m, withoutWarnings(err)
}

// Call calls a function that Load returned, on a thread of its own. The error holds no warnings.
func (p *Project) Call(ctx context.Context, fn starlark.Callable, args ...starlark.Value) (starlark.Value, error) {
	v, err := p.host.Call(ctx, fn, args, nil)
	return v, withoutWarnings(err)
}

func withoutWarnings(err error) error {
	if list, ok := errors.AsType[diag.List](err); ok && list.Err() == nil {
		return nil
	}
	return err
}
