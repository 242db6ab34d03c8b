package suite

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/project"
)

const (
	goldenDir  = "golden"
	inputsFile = "inputs.yaml"
	deployFile = "deploy.star"
	noTarget   = "default" // the golden file's name in a project without targets
)

// goldenFile is a golden file, there or wanted: a deploy file on a target.
type goldenFile struct {
	name   string // prod-us.yaml, worker.prod-us.yaml
	deploy string // deploy.star, worker.star
	target *project.Target
	exists bool
	stale  bool // nothing renders it
}

// goldenCases are the golden files that are there, those that are missing beside them, and those that nothing renders.
func (d *Dir) goldenCases(ctx context.Context, o Options) ([]Case, error) {
	files, err := d.goldenFiles(o)
	if err != nil {
		return nil, err
	}
	var cases []Case
	inputs, bad := d.inputs(ctx, files)
	if bad != nil {
		cases = append(cases, Case{Name: goldenDir + "/" + inputsFile, run: func(context.Context) Result { return *bad }})
	}
	for _, f := range files {
		name := "golden " + strings.TrimSuffix(f.name, ".yaml")
		switch {
		case f.stale:
			cases = append(cases, Case{Name: name, run: func(context.Context) Result { return d.stale(f, o) }})
		default:
			cases = append(cases, Case{Name: name, run: func(ctx context.Context) Result { return d.golden(ctx, f, inputs, o) }})
		}
	}
	if len(files) == 0 && d.has(deployFile) && (d.File == "" || d.File == deployFile) {
		cases = append(cases, Case{Kind: None, run: func(context.Context) Result { return Result{} }})
	}
	return cases, nil
}

func (d *Dir) has(name string) bool {
	info, err := os.Stat(d.osPath(name))
	return err == nil && info.Mode().IsRegular()
}

// goldenFiles pairs what is in golden/ with what should be: for each deploy file that has one, one for each target.
func (d *Dir) goldenFiles(o Options) ([]goldenFile, error) {
	there, err := d.readGoldenDir()
	if err != nil {
		return nil, err
	}
	var list []goldenFile
	matched := map[string]bool{}
	for _, deploy := range d.deployFiles(there) {
		wanted := d.wanted(deploy)
		any := o.Update
		for _, f := range wanted {
			any = any || slices.Contains(there, f.name)
		}
		for _, f := range wanted {
			f.exists = slices.Contains(there, f.name)
			matched[f.name] = true
			if any && o.selects(f.target) {
				list = append(list, f)
			}
		}
	}
	for _, name := range there {
		if !matched[name] && d.File == "" && o.Targets == nil {
			list = append(list, goldenFile{name: name, exists: true, stale: true})
		}
	}
	return list, nil
}

func (o *Options) selects(t *project.Target) bool {
	return o.Targets == nil || slices.Contains(o.Targets, t)
}

func (d *Dir) readGoldenDir() ([]string, error) {
	entries, err := os.ReadDir(d.osPath(goldenDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if name := e.Name(); e.Type().IsRegular() && filepath.Ext(name) == ".yaml" && name != inputsFile && name[0] != '.' {
			list = append(list, name)
		}
	}
	return list, nil
}

// deployFiles are deploy.star, and every other deploy file that has a golden file or was asked for.
func (d *Dir) deployFiles(there []string) []string {
	if d.File != "" {
		if strings.HasSuffix(d.File, testSuffix) {
			return nil
		}
		return []string{d.File}
	}
	var list []string
	if d.has(deployFile) {
		list = append(list, deployFile)
	}
	for _, name := range there {
		stem, _, ok := strings.Cut(strings.TrimSuffix(name, ".yaml"), ".")
		if file := stem + ".star"; ok && file != deployFile && !slices.Contains(list, file) && d.has(file) {
			list = append(list, file)
		}
	}
	return list
}

// wanted are the golden files that a deploy file should have.
func (d *Dir) wanted(deploy string) []goldenFile {
	prefix := ""
	if deploy != deployFile {
		prefix = strings.TrimSuffix(deploy, ".star") + "."
	}
	targets := d.Project.Config.Targets
	if len(targets) == 0 {
		return []goldenFile{{name: prefix + noTarget + ".yaml", deploy: deploy}}
	}
	var list []goldenFile
	for i := range targets {
		list = append(list, goldenFile{name: prefix + targets[i].Name + ".yaml", deploy: deploy, target: &targets[i]})
	}
	return list
}

// inputs reads golden/inputs.yaml, and finds what in it no deploy file declares.
func (d *Dir) inputs(ctx context.Context, files []goldenFile) (project.Values, *Result) {
	name := goldenDir + "/" + inputsFile
	text, err := os.ReadFile(d.osPath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var values project.Values
	if err == nil {
		values, err = project.ParseFile(d.path(name), text)
	}
	if err != nil {
		r := failed(err)
		return nil, &r
	}
	var deploy []string
	for _, f := range files {
		if !f.stale && !slices.Contains(deploy, d.path(f.deploy)) {
			deploy = append(deploy, d.path(f.deploy))
		}
	}
	if list, err := d.Project.Unclaimed(ctx, deploy, values); err == nil && len(list) > 0 {
		return values, &Result{Mistakes: list}
	}
	return values, nil
}

func (d *Dir) stale(f goldenFile, o Options) Result {
	name := goldenDir + "/" + f.name
	if o.Update {
		if err := os.Remove(d.osPath(name)); err != nil {
			return failed(err)
		}
		return Result{Updated: true}
	}
	return failure("%s: no deploy file and target render it any more; --update removes it", d.path(name))
}

// golden renders and compares, or writes.
func (d *Dir) golden(ctx context.Context, f goldenFile, inputs project.Values, o Options) Result {
	res, err := d.Project.Render(ctx, starctl.Job{File: d.path(f.deploy), Target: f.target, Inputs: inputs})
	if err != nil {
		return failed(err)
	}
	got, err := text(res.Set.Objects)
	if err != nil {
		return failed(err)
	}
	name := goldenDir + "/" + f.name
	want, err := os.ReadFile(d.osPath(name))
	switch {
	case err == nil && bytes.Equal(want, got):
		return Result{}
	case o.Update:
		if err := writeFile(d.osPath(name), got); err != nil {
			return failed(err)
		}
		return Result{Updated: true}
	case errors.Is(err, fs.ErrNotExist):
		return failure("%s is missing: nothing holds what is rendered; --update makes it", d.path(name))
	case err != nil:
		return failed(err)
	}
	return d.compare(name, want, res.Set.Objects, o)
}

func (d *Dir) compare(name string, text []byte, objects []*kube.Object, o Options) Result {
	want, err := readObjects(text)
	if err != nil {
		return failure("%s cannot be read: %v; --update writes it anew", d.path(name), err)
	}
	list, moved := differences(want, masked(objects))
	var r Result
	for _, diff := range list {
		r.Failures = append(r.Failures, d.failure(diff, o))
	}
	if moved {
		r.Failures = append(r.Failures, Failure{What: "the objects come in another order"})
	}
	return r
}

func (d *Dir) failure(diff difference, o Options) Failure {
	f := Failure{Object: diff.id.String()}
	switch {
	case diff.new == nil:
		f.What = "no longer declared"
		f.Lines = valueLines('-', diff.old.Node, o.All)
	case diff.old == nil:
		f.At = d.Project.Declared(diff.new)
		f.What = "not in the golden file"
		f.Lines = valueLines('+', diff.new.Node, o.All)
	default:
		f.At = d.Project.Declared(diff.new)
		for _, c := range diff.changes {
			f.Lines = append(f.Lines, changeLines(c, o.All)...)
		}
	}
	return f
}

// writeFile writes beside and renames, so that no one sees half a file.
func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	tmp := name + ".tmp"
	if err := os.WriteFile(tmp, data, 0o666); err != nil {
		return err
	}
	if err := os.Rename(tmp, name); err != nil {
		_ = os.Remove(tmp) // the first error says more
		return err
	}
	return nil
}
