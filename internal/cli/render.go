package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
)

type renderFlags struct {
	selection
	limits
	format    string
	outputDir string
	again     bool
}

func renderCommand(u *ui) *cobra.Command {
	var f renderFlags
	c := &cobra.Command{
		Use:     "render [FILE|DIR|./...] [flags]",
		Short:   "write the objects as YAML or JSON",
		GroupID: "use",
		Example: `starctl render                                  deploy.star of this directory
starctl render --target prod-us --set tag=v2 | kubectl apply -f -
starctl render ./... --output-dir manifests     every deploy.star below, one file an object`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), u, args) },
	}
	f.selection.flags(c.Flags())
	group(c.Flags(), "Output", func(fs *pflagSet) {
		fs.StringVarP(&f.format, "output", "o", "yaml", "`FORMAT`: yaml, json or kyaml")
		fs.StringVar(&f.outputDir, "output-dir", "", "write one file an object below `DIR`, and remove what is no longer declared")
		fs.BoolVar(&u.json, "json", false, "mistakes and warnings as JSON")
		fs.BoolVar(&f.again, "watch", false, "stay, and show what each change of a file changes")
	})
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	return c
}

func (f *renderFlags) run(ctx context.Context, u *ui, args []string) error {
	format, err := encode.ParseFormat(f.format)
	if err != nil {
		return diag.Diagnostic{Message: err.Error(), Suggest: diag.Nearest(f.format, encode.Formats())}
	}
	if f.again {
		if f.outputDir != "" || u.json {
			return diag.Diagnostic{Message: "--watch shows differences: it goes with neither --output-dir nor --json"}
		}
		return f.watch(ctx, u, args)
	}
	units, err := u.deployFiles(args)
	if err != nil {
		return err
	}
	w, err := u.workspace(f.limits)
	if err != nil {
		return err
	}
	tasks, err := w.tasks(ctx, units, f.selection)
	if err != nil {
		return err
	}
	r := renderer{format: format, keep: f.outputDir != "" || format == encode.JSON || len(tasks) == 1}
	if err := r.all(ctx, u, tasks); err != nil {
		return err
	}
	if f.outputDir != "" {
		return r.files(u, tasks, f.outputDir)
	}
	return r.write(u.out, tasks)
}

// renderer evaluates tasks and keeps what they yield until all went well: as objects if they are needed later, else as
// text, which takes less room.
type renderer struct {
	format encode.Format
	keep   bool
	out    []output

	scratch sync.Pool // where a text grows before its size is known
}

type output struct {
	set  *kube.Set
	text []byte
}

// all evaluates the tasks on all cores and reports every mistake and warning of all of them, in the order of the tasks.
func (r *renderer) all(ctx context.Context, u *ui, tasks []task) error {
	r.out = make([]output, len(tasks))
	lists := make([]diag.List, len(tasks))
	err := parallel(ctx, len(tasks), func(i int) error {
		t := &tasks[i]
		res, err := t.project.Render(ctx, t.Job)
		var list diag.List
		if errors.As(err, &list) {
			lists[i] = list
			return nil
		}
		if err != nil {
			return err
		}
		lists[i] = res.Warnings
		r.take(i, res)
		return nil
	})
	if err != nil {
		return err
	}
	return u.reportAll(tasks, lists)
}

func (r *renderer) take(i int, res *starctl.Result) {
	if r.keep {
		r.out[i].set = res.Set
		return
	}
	b, ok := r.scratch.Get().(*[]byte)
	if !ok {
		b = new([]byte)
	}
	*b = encode.Append((*b)[:0], r.format, res.Set.Objects)
	r.out[i].text = slices.Clone(*b)
	r.scratch.Put(b)
}

// reportAll reports the tasks' mistakes and warnings, those of one project together, and says whether there was a mistake.
func (u *ui) reportAll(tasks []task, lists []diag.List) error {
	var err error
	for i := 0; i < len(tasks); {
		var list diag.List
		j := i
		for ; j < len(tasks) && tasks[j].root == tasks[i].root; j++ {
			if j > i && tasks[j].unit == tasks[j-1].unit {
				list = append(list, unsaid(lists[j], list)...)
			} else {
				list = append(list, lists[j]...)
			}
		}
		if j-i > 1 {
			list.Sort()
		}
		u.report(&located{list, tasks[i].project, tasks[i].root})
		if list.Err() != nil {
			err = errSaid
		}
		i = j
	}
	return err
}

// unsaid returns what was not said of the same file on another target, where objects differ by their namespace at most.
func unsaid(list, before diag.List) diag.List {
	return slices.DeleteFunc(slices.Clone(list), func(d diag.Diagnostic) bool {
		return slices.ContainsFunc(before, func(b diag.Diagnostic) bool {
			return d.Pos == b.Pos && d.Path == b.Path && d.Message == b.Message && withoutNamespace(d.Object) == withoutNamespace(b.Object)
		})
	})
}

// withoutNamespace is "Deployment a" of "Deployment shop/a".
func withoutNamespace(object string) string {
	kind, name, _ := strings.Cut(object, " ")
	return kind + " " + name[strings.IndexByte(name, '/')+1:]
}

// write writes the objects of all tasks as one stream. Where there are several targets, a comment says which one follows.
func (r *renderer) write(w io.Writer, tasks []task) error {
	if r.keep {
		var objects []*kube.Object
		for _, o := range r.out {
			objects = append(objects, o.set.Objects...)
		}
		return encode.Write(w, r.format, objects)
	}
	several := severalTargets(tasks)
	first := true
	for i, o := range r.out {
		if len(o.text) == 0 {
			continue
		}
		if !first && r.format == encode.YAML {
			if _, err := io.WriteString(w, "---\n"); err != nil {
				return err
			}
		}
		first = false
		if t := tasks[i].Target; several && t != nil {
			if _, err := fmt.Fprintf(w, "# %s on %s\n", tasks[i].name, t.Name); err != nil {
				return err
			}
		}
		if _, err := w.Write(o.text); err != nil {
			return err
		}
	}
	return nil
}

func severalTargets(tasks []task) bool {
	for _, t := range tasks {
		if t.Target != tasks[0].Target {
			return true
		}
	}
	return false
}

// files writes one file an object: below a directory for each target if there are several, and for each deploy file if
// there are several.
func (r *renderer) files(u *ui, tasks []task, dir string) error {
	several := severalTargets(tasks)
	var files []outFile
	for i, o := range r.out {
		sub := ""
		if t := tasks[i].Target; several && t != nil {
			sub = escapeName(t.Name)
		}
		if tasks[i].unit != tasks[0].unit || tasks[i].unit != tasks[len(tasks)-1].unit {
			sub = path.Join(sub, dirName(tasks[i].name))
		}
		some, err := objectFiles(sub, o.set.Objects, r.format)
		if err != nil {
			return err
		}
		files = append(files, some...)
	}
	if err := unique(files); err != nil {
		return err
	}
	return writeOutputDir(u.at(dir), u.path(dir), files)
}

// dirName is the directory of a deploy file's objects: the file's own, or below it one for a file by another name.
func dirName(file string) string {
	dir, base := path.Split(file)
	if base != deployName {
		dir = path.Join(dir, strings.TrimSuffix(base, path.Ext(base)))
	}
	parts := strings.Split(path.Clean(dir), "/")
	for i, p := range parts {
		if p != "." {
			parts[i] = escapeName(p)
		}
	}
	return path.Join(parts...)
}

// unique finds files of several projects that would be one.
func unique(files []outFile) error {
	seen := map[string]bool{}
	for _, f := range files {
		if seen[f.name] {
			return diag.Diagnostic{Message: fmt.Sprintf("two objects would be written to %s", f.name), Help: []string{"render them into directories of their own"}}
		}
		seen[f.name] = true
	}
	return nil
}

// parallel calls f for 0 to n-1 on all cores, each core taking the next one when it is done, and returns the error of the
// lowest that failed.
func parallel(ctx context.Context, n int, f func(int) error) error {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	var next atomic.Int64
	errs := make([]error, n)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				errs[i] = f(i)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
