package starctl

import (
	"bytes"
	"context"
	"errors"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/internal/pattern"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// Render evaluates a Job. The error is a diag.List with all mistakes and warnings, in the order of the source, or that of
// the context.
func (p *Project) Render(ctx context.Context, job Job) (*Result, error) {
	f, list, err := p.load(ctx, job.File)
	if err != nil {
		return nil, err
	}
	kwargs, mistakes := p.values(job).For(f.inputs)
	if len(mistakes) > 0 {
		list = append(list, mistakes...)
		list.Sort()
		return nil, list
	}
	e := evaluation{Project: p, file: f, job: job}
	_, err = p.host.Call(ctx, starlark.NewBuiltin(f.name, e.run), starlark.Tuple{job.Target.For(job.Namespace)}, kwargs)
	if more, ok := errors.AsType[diag.List](err); ok {
		list = append(list, more...)
	} else if err != nil {
		return nil, err
	}
	list = append(list, e.list...)
	list.Sort()
	if list.Err() != nil {
		return nil, list
	}
	return &Result{Set: e.set(), Warnings: list, Accepted: e.accepted, Wishes: e.wishes}, nil
}

// Named is the set of a Job without what it declares: main is not called, so that neither its mistakes nor inputs without a value are in
// the way of whoever only has to know which set is meant. Of a file that cannot even be loaded the name is known if it is written out, or
// is that of its place. wants says that only values of inputs are missing.
func (p *Project) Named(ctx context.Context, job Job) (r *Result, wants bool, err error) {
	f, _, err := p.load(ctx, job.File)
	if err != nil {
		name := p.writtenName(job.File)
		if name == "" {
			return nil, false, err
		}
		f = &deployFile{name: job.File, setName: name}
	}
	_, mistakes := p.values(job).For(f.inputs)
	e := evaluation{Project: p, file: f, job: job}
	return &Result{Set: e.set()}, len(mistakes) > 0, nil
}

var setNameText = pattern.Lazy(`(?m)^set_name = "([a-z0-9.-]+)"[ \t\r]*(?:#.*)?$`)

// writtenName is the name of a file's set as far as its text tells; "" if it does not.
func (p *Project) writtenName(file string) string {
	text := p.Source(file)
	name := ""
	switch m := setNameText().FindAllSubmatch(text, -1); {
	case len(m) == 1 && bytes.Count(text, []byte("set_name")) == 1:
		name = string(m[0][1])
	case text != nil && !bytes.Contains(text, []byte("set_name")):
		name, _ = p.Config.SetName(file)
	}
	if project.CheckSetName(name) != nil {
		return ""
	}
	return name
}

// evaluation is one call of a main, and what is made of its result on the same thread, within the same limits.
type evaluation struct {
	*Project
	file    *deployFile
	job     Job
	objects []*kube.Object
	list    diag.List // mistakes and warnings that are about the result

	accepted []Accepted
	wishes   map[kube.ID]plan.Wishes
}

// run is what the host calls in place of main.
func (e *evaluation) run(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	run := typed.RunOf(thread)
	thread.SetLocal(mainLocal, true)
	v, err := starlark.Call(thread, e.file.main, args, kwargs)
	if err != nil {
		return nil, err
	}
	records, list := flatten(e.src, e.file, v)
	e.list = append(e.list, list...)
	run.Attach(records)
	r := &result{evaluation: e, run: run, records: records, declared: append(e.declarations(e.file.module), run.Declarations()...)}
	r.finish()
	return starlark.None, nil
}

// mainLocal marks the thread of a main: what is declared on it is of that call alone.
const mainLocal = "starctl.main"

func (e *evaluation) set() *kube.Set {
	return &kube.Set{Name: e.file.setName, Namespace: e.job.Target.For(e.job.Namespace).Namespace, Objects: e.objects}
}

// finish returns the mistakes and warnings that were reported on a thread without stopping it.
func (p *Project) finish(thread *starlark.Thread) error {
	run := typed.RunOf(thread)
	if thread.Local(mainLocal) == nil {
		p.declare(thread.Name, run.Declarations())
	}
	if len(run.Mistakes()) == 0 && len(run.Warnings()) == 0 {
		return nil
	}
	run.AttachMade()
	var list diag.List
	for _, m := range run.Mistakes() {
		list = append(list, m.Diagnostic(p.src))
	}
	for _, w := range run.Warnings() {
		list = append(list, diag.Diagnostic{
			Severity: diag.Warning, Pos: w.Place.Locate(p.src), Object: w.Object, Message: w.Text, Calls: w.Place.Calls(p.src), Help: w.Help,
		})
	}
	return list
}

// Declared is where the Starlark code is that made an object of a Set.
func (p *Project) Declared(o *kube.Object) diag.Pos {
	r, ok := o.Origin.(*typed.Record)
	if !ok {
		return diag.Pos{}
	}
	return r.Where(nil).Locate(p.src)
}
