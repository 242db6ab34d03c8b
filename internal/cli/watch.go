package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/internal/suite"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// files watches the files below some directories by looking at their times: a look at 1000 services takes some
// milliseconds, needs no limit of the system raised and works on every file system. A directory is read again only when its
// own time has changed.
type files struct {
	dirs  map[string]dirStamp
	stamp map[string]stamp
	roots map[string]string // without symbolic links
	links map[string]string // of directories below the roots, to the directory that each leads to
}

// dirStamp is what is known of a directory. One that had changed just before it was read may change once more within what its
// file system takes for the same time: it is read again until that is over.
type dirStamp struct {
	time  time.Time
	fresh bool
}

const sameTime = 2 * time.Second

type stamp struct {
	time time.Time
	size int64
}

func watchBelow(roots []string) *files {
	w := &files{dirs: map[string]dirStamp{}, stamp: map[string]stamp{}, roots: map[string]string{}, links: map[string]string{}}
	for _, root := range roots {
		w.dirs[root] = dirStamp{}
		if real, err := filepath.EvalSymlinks(root); err == nil {
			w.roots[root] = real
		}
	}
	w.scan()
	return w
}

// scan returns the files that were changed, made or removed since the last time, and whether any was made or removed.
func (w *files) scan() (changed []string, moved bool) {
	for dir, last := range w.dirs {
		info, err := os.Stat(dir)
		if err != nil && last.time.IsZero() {
			continue
		}
		if err != nil {
			delete(w.dirs, dir)
			moved = true
			continue
		}
		same := info.ModTime().Equal(last.time)
		if same && !last.fresh {
			continue
		}
		made := w.read(dir, info.ModTime())
		moved = moved || !same || len(made) > 0
		changed = append(changed, made...)
	}
	for file, last := range w.stamp {
		info, err := os.Stat(file)
		if err != nil {
			delete(w.stamp, file)
			changed, moved = append(changed, file), true
			continue
		}
		if now := (stamp{info.ModTime(), info.Size()}); now != last {
			w.stamp[file] = now
			changed = append(changed, file)
		}
	}
	changed = append(changed, w.throughLinks(changed)...)
	slices.Sort(changed)
	return slices.Compact(changed), moved
}

// throughLinks names files once more, as they are known by symbolic links to directories that they lie below.
func (w *files) throughLinks(changed []string) []string {
	var list []string
	for link, dir := range w.links {
		for _, file := range changed {
			if rest, ok := strings.CutPrefix(file, dir+string(filepath.Separator)); ok {
				list = append(list, filepath.Join(link, rest))
			}
		}
	}
	return list
}

// follow notes a symbolic link to a directory below the same root. Evaluation follows no other.
func (w *files) follow(link string) {
	target, err := filepath.EvalSymlinks(link)
	if err != nil {
		return
	}
	for root, real := range w.roots {
		rest, ok := strings.CutPrefix(target, real+string(filepath.Separator))
		if ok && strings.HasPrefix(link, root+string(filepath.Separator)) {
			w.links[link] = filepath.Join(root, rest)
		}
	}
}

// read takes in what is new in a directory, and below it.
func (w *files) read(dir string, at time.Time) (made []string) {
	w.dirs[dir] = dirStamp{at, time.Since(at) < sameTime}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // it went just now: the next look finds out
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		_, known := w.stamp[path]
		_, open := w.dirs[path]
		switch {
		case info.IsDir() && e.Type()&fs.ModeSymlink != 0:
			w.follow(path)
		case info.IsDir() && !open:
			made = append(made, w.read(path, info.ModTime())...)
		case info.Mode().IsRegular() && !known:
			w.stamp[path] = stamp{info.ModTime(), info.Size()}
			made = append(made, path)
		}
	}
	return made
}

// Looking takes at most a twentieth of the time, and what changes within quiet is one change.
const (
	soonest = 50 * time.Millisecond
	quiet   = 10 * time.Millisecond
)

// next waits for a change.
func (w *files) next(ctx context.Context) (changed []string, moved bool, err error) {
	pause := soonest
	for {
		if err := sleep(ctx, pause); err != nil {
			return nil, false, err
		}
		begin := time.Now()
		changed, moved = w.scan()
		if len(changed) > 0 || moved {
			break
		}
		pause = max(soonest, 20*time.Since(begin))
	}
	for range 10 { // somebody may still be writing
		if err := sleep(ctx, quiet); err != nil {
			return nil, false, err
		}
		more, also := w.scan()
		if len(more) == 0 && !also {
			break
		}
		changed, moved = append(changed, more...), moved || also
	}
	slices.Sort(changed)
	return slices.Compact(changed), moved, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// inProject names files as the project at root does; those that are not in it are left out.
func inProject(root string, files []string) []string {
	var list []string
	for _, f := range files {
		if rel, ok := strings.CutPrefix(f, root+string(filepath.Separator)); ok {
			list = append(list, filepath.ToSlash(rel))
		}
	}
	return list
}

func projectChanged(files []string) bool {
	return slices.ContainsFunc(files, func(f string) bool { return filepath.Base(f) == project.File })
}

// watching is what `render --watch` knows: what each task rendered to when it last went well.
type watching struct {
	*renderFlags
	u     *ui
	args  []string
	space *workspace
	tasks []task
	sets  map[taskKey]*rendering
}

// taskKey knows a task again when all is opened anew.
type taskKey struct{ root, file, target string }

type rendering struct {
	objects []*kube.Object
	failed  bool
}

func keyOf(t *task) taskKey {
	k := taskKey{root: t.root, file: t.name}
	if t.Target != nil {
		k.target = t.Target.Name
	}
	return k
}

// watch renders, and renders again what is affected by each change, until the context ends.
func (f *renderFlags) watch(ctx context.Context, u *ui, args []string) error {
	w := &watching{renderFlags: f, u: u, args: args, sets: map[taskKey]*rendering{}}
	below := watchBelow(u.watchRoots(args))
	w.reopen(ctx)
	w.render(ctx, func(*task) bool { return true }, true)
	u.note("watching %s: a change is shown as it is made, Ctrl-C ends", counted(len(w.tasks), "deploy file", "deploy files"))
	for {
		changed, moved, err := below.next(ctx)
		if err != nil {
			return err
		}
		w.change(ctx, changed, moved)
		if err := u.out.Flush(); err != nil {
			return err
		}
	}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// watchRoots are the directories whose files may matter to what the arguments mean.
func (u *ui) watchRoots(args []string) []string {
	if len(args) == 0 {
		args = []string{"."}
	}
	var list []string
	for _, arg := range args {
		at := u.at(strings.TrimSuffix(arg, "..."))
		if info, err := os.Stat(at); err != nil || !info.IsDir() {
			at = filepath.Dir(at)
		}
		if root, ok := project.FindRoot(at); ok {
			at = root
		}
		if !slices.Contains(list, at) {
			list = append(list, at)
		}
	}
	return list
}

// reopen reads everything anew. What is wrong is reported, and there is nothing to render until it changes.
func (w *watching) reopen(ctx context.Context) {
	w.tasks, w.space = nil, nil
	space, err := w.u.workspace(w.limits)
	if err == nil {
		w.space = space
		err = w.list(ctx)
	}
	w.u.failed(err)
}

// list finds the deploy files.
func (w *watching) list(ctx context.Context) error {
	units, err := w.u.deployFiles(w.args)
	if err != nil {
		return err
	}
	w.tasks, err = w.space.tasks(ctx, units, w.selection)
	return err
}

// failed reports an error that a later change may mend.
func (u *ui) failed(err error) {
	if err != nil && err != context.Canceled {
		u.fail(err)
	}
}

// change renders what changed files affect.
func (w *watching) change(ctx context.Context, changed []string, moved bool) {
	if w.tasks == nil || projectChanged(changed) {
		if w.reopen(ctx); w.tasks != nil {
			w.render(ctx, func(*task) bool { return true }, false)
		}
		return
	}
	affected := map[taskKey]bool{}
	for i := range w.tasks {
		t := &w.tasks[i]
		affected[keyOf(t)] = t.project.Affected(t.name, inProject(t.root, changed))
	}
	for root, p := range w.space.projects {
		p.Forget(inProject(root, changed))
	}
	if moved {
		w.u.failed(w.list(ctx))
	}
	if w.tasks == nil {
		return
	}
	w.render(ctx, func(t *task) bool {
		k := keyOf(t)
		return affected[k] || w.sets[k] == nil || w.sets[k].failed
	}, false)
}

// render renders the tasks that are chosen and shows what has changed since they were last rendered well.
func (w *watching) render(ctx context.Context, chosen func(*task) bool, first bool) {
	begin := time.Now()
	var tasks []task
	present := map[taskKey]bool{}
	for i := range w.tasks {
		present[keyOf(&w.tasks[i])] = true
		if chosen(&w.tasks[i]) {
			tasks = append(tasks, w.tasks[i])
		}
	}
	results := make([]*starctl.Result, len(tasks))
	lists := make([]diag.List, len(tasks))
	err := parallel(ctx, len(tasks), func(i int) error {
		res, err := tasks[i].project.Render(ctx, tasks[i].Job)
		if list, ok := err.(diag.List); ok {
			lists[i] = list
			return nil
		}
		if err == nil {
			results[i], lists[i] = res, res.Warnings
		}
		return err
	})
	if err != nil {
		w.u.failed(err)
		return
	}
	_ = w.u.reportAll(tasks, lists) // whether there was a mistake is known
	shown := 0
	for i := range tasks {
		shown += w.took(&tasks[i], results[i], first)
	}
	for k := range w.sets {
		if !present[k] {
			delete(w.sets, k)
			w.u.printf("%s   no longer there\n", w.u.file(k.root, k.file))
			shown++
		}
	}
	if !first && shown > 0 {
		w.u.printf("%s\n", w.u.paintOut(dim, fmt.Sprintf("%s in %s of %s (%s)", counted(shown, "change", "changes"),
			counted(len(tasks), "file", "files"), counted(len(w.tasks), "file", "files"), duration(time.Since(begin)))))
	}
}

// took keeps what a task rendered to, shows how it differs from before, and counts the objects that do.
func (w *watching) took(t *task, res *starctl.Result, first bool) int {
	k := keyOf(t)
	before := w.sets[k]
	if res == nil {
		if before == nil {
			before = &rendering{}
			w.sets[k] = before
		}
		before.failed = true
		return 0
	}
	w.sets[k] = &rendering{objects: res.Set.Objects}
	if first {
		return 0
	}
	if before == nil {
		before = &rendering{}
	}
	r := suite.Result{Failures: suite.Changes(t.project, before.objects, res.Set.Objects)}
	r.Dir = &suite.Dir{Project: t.project, Root: t.root}
	if len(r.Failures) > 0 {
		w.u.printf("%s\n", w.u.paintOut(bold, w.u.file(t.root, t.name)+forTarget(t)))
		w.u.printResult(&r)
	}
	return len(r.Failures)
}

func forTarget(t *task) string {
	if t.Target == nil {
		return ""
	}
	return " on " + t.Target.Name
}
