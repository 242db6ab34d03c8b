package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl/internal/suite"
	"github.com/starctl/starctl/starlark/project"
)

// watchingTests is what `test --watch` knows.
type watchingTests struct {
	*testFlags
	u     *ui
	args  []string
	space *workspace
	dirs  []*suite.Dir
}

// watch tests, and tests again the directories that a change affects, until the context ends.
func (f *testFlags) watch(ctx context.Context, u *ui, args []string) error {
	w := &watchingTests{testFlags: f, u: u, args: args}
	below := watchBelow(u.watchRoots(args))
	w.reopen()
	w.test(ctx, w.dirs)
	u.note("watching %s: what a change affects is tested again, Ctrl-C ends", counted(len(w.dirs), "directory", "directories"))
	for {
		if err := u.out.Flush(); err != nil {
			return err
		}
		changed, moved, err := below.next(ctx)
		if err != nil {
			return err
		}
		w.change(ctx, changed, moved)
	}
}

// reopen reads everything anew.
func (w *watchingTests) reopen() {
	w.dirs, w.space = nil, nil
	space, err := w.u.workspace(w.limits)
	if err == nil {
		w.space = space
		w.dirs, err = space.dirs(w.args)
	}
	w.u.failed(err)
}

func (w *watchingTests) change(ctx context.Context, changed []string, moved bool) {
	if w.dirs == nil || projectChanged(changed) {
		w.reopen()
		w.test(ctx, w.dirs)
		return
	}
	if moved {
		dirs, err := w.space.dirs(w.args)
		w.u.failed(err)
		w.dirs = dirs
	}
	affected := slices.DeleteFunc(slices.Clone(w.dirs), func(d *suite.Dir) bool { return !affects(d, changed) })
	for root, p := range w.space.projects {
		p.Forget(inProject(root, changed))
	}
	w.test(ctx, affected)
}

// affects reports whether a change matters to the tests of a directory: it is below it, some Starlark file of the directory
// needs it, or there are unit tests, which may render any file of the project.
func affects(d *suite.Dir, changed []string) bool {
	at := filepath.Join(d.Root, filepath.FromSlash(d.Name))
	if len(inProject(at, changed)) > 0 {
		return true
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return true
	}
	names := inProject(d.Root, changed)
	for _, e := range entries {
		file := strings.TrimPrefix(d.Name+"/"+e.Name(), "./")
		switch {
		case filepath.Ext(file) != ".star", e.Name() == project.File:
		case strings.HasSuffix(file, "_test.star"):
			if slices.ContainsFunc(names, func(name string) bool { return filepath.Ext(name) == ".star" }) {
				return true
			}
		case d.Project.Affected(file, names):
			return true
		}
	}
	return false
}

func (w *watchingTests) test(ctx context.Context, dirs []*suite.Dir) {
	if len(dirs) == 0 {
		return
	}
	begin := time.Now()
	results, err := w.results(ctx, dirs)
	if err == nil {
		err = w.print(w.u, results, tally(results), time.Since(begin))
	}
	w.u.failed(err)
}
