package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// connection says which cluster is meant where the target does not.
type connection struct {
	kubeconfig, context string
}

func (c *connection) flags(fs *pflag.FlagSet) {
	group(fs, "Cluster", func(fs *pflagSet) {
		fs.StringVar(&c.context, "context", "", "`CONTEXT` of the kubeconfig, where the target names none")
		fs.StringVar(&c.kubeconfig, "kubeconfig", "", "`FILE` in place of $KUBECONFIG and ~/.kube/config")
	})
}

// allowances are what a plan may hold only if a person says so.
type allowances struct {
	adopt, pruneProtected, massPrune bool
}

func (a *allowances) flags(fs *pflag.FlagSet) {
	group(fs, "Allow", func(fs *pflagSet) {
		fs.BoolVar(&a.adopt, "adopt", false, "take over objects that are there already and that no set owns")
		a.protectedFlag(fs)
		fs.BoolVar(&a.massPrune, "allow-mass-prune", false, "delete also if that is most of the set")
	})
}

func (a *allowances) protectedFlag(fs *pflag.FlagSet) {
	fs.BoolVar(&a.pruneProtected, "prune-protected", false, "delete also Namespaces, CRDs, volumes and claims")
}

// patience says how long a command waits, and for what.
type patience struct {
	noWait        bool
	timed         bool // --timeout is a flag of the command
	timeout, lock time.Duration
}

func (p *patience) flags(fs *pflag.FlagSet) {
	group(fs, "Waiting", func(fs *pflagSet) {
		fs.BoolVar(&p.noWait, "no-wait", false, "end when all is written, and wait for nothing to become healthy")
		p.timeFlags(fs, "healthy")
	})
}

func (p *patience) timeFlags(fs *pflag.FlagSet, until string) {
	p.timed = true
	fs.DurationVar(&p.timeout, "timeout", deploy.DefaultTimeout, "`TIME` to wait until all is "+until+", by default 5m")
	fs.DurationVar(&p.lock, "lock-timeout", 0, "`TIME` to wait for another run on the same set to end, by default none")
}

func (p *patience) check() error {
	switch {
	case p.timed && p.timeout <= 0:
		return diag.Diagnostic{
			Message: fmt.Sprintf("--timeout: got %s, want more than 0", p.timeout),
			Help:    []string{"to wait for nothing to become healthy: apply --no-wait"},
		}
	case p.lock < 0:
		return diag.Diagnostic{Message: fmt.Sprintf("--lock-timeout: got %s, want 0 or more", p.lock)}
	}
	return nil
}

// deployment is one set on one target: what the deploy file yields, the cluster that it goes to, and its plan.
type deployment struct {
	*task
	result  *starctl.Result
	place   string // the target's name, else the context's
	cluster deploy.Cluster
	engine  deploy.Engine
	plan    *plan.Plan
	took    time.Duration // to make the plan
	src     *diag.Forest

	hears func(deploy.Event) // what happens, while somebody shows it
}

// observe hands on what the engine and its client say.
func (x *deployment) observe(e deploy.Event) {
	if x.hears != nil {
		x.hears(e)
	}
}

// hear says what is waited for while nobody shows what happens.
func (u *ui) hear(e deploy.Event) {
	switch {
	case e.Kind != deploy.Waiting:
	case u.events != nil:
		u.events.write(eventLine{Time: instant(e.Time), Event: string(e.Kind), Text: e.Text})
	default:
		u.note("%s", waitingText(e.Text))
	}
}

// deployer makes deployments of what a command line means.
type deployer struct {
	u *ui
	selection
	limits
	connection
	allowances
	patience
	whole   bool // long values are shown in full
	writes  bool // what is planned is carried out
	deletes bool // all is deleted
	aside   bool // what the files declare is not applied: what is questionable about it is not said

	unread  []string // files of which only the set's name is known
	clients map[link]deploy.Cluster
	forests map[string]*diag.Forest // of the projects, by their roots
}

// link is what a connection to a cluster depends on.
type link struct{ context, namespace, pin string }

// deployments evaluates the deploy files that args mean on every target that is chosen, and connects to their clusters. A mistake in a
// file, or in what the checks look at, is reported before any cluster is asked.
func (d *deployer) deployments(ctx context.Context, args []string, checks ...func([]task) error) ([]*deployment, error) {
	if err := d.patience.check(); err != nil {
		return nil, err
	}
	if err := d.u.reach(); err != nil {
		return nil, err
	}
	units, err := d.u.deployFiles(args)
	if err != nil {
		return nil, err
	}
	w, err := d.u.workspace(d.limits)
	if err != nil {
		return nil, err
	}
	tasks, err := w.tasks(ctx, units, d.selection)
	if err != nil {
		return nil, err
	}
	for _, check := range append(checks, d.contexts) {
		if err := check(tasks); err != nil {
			return nil, err
		}
	}
	results, warnings, err := d.evaluate(ctx, tasks)
	if err != nil {
		return nil, err
	}
	list := make([]*deployment, len(tasks))
	for i := range tasks {
		list[i] = &deployment{task: &tasks[i], result: results[i], src: d.forest(&tasks[i])}
	}
	if err := distinct(list); err != nil {
		return nil, err
	}
	if err := d.connectAll(ctx, list); err != nil {
		return nil, err
	}
	if err := d.settle(ctx, tasks, list, warnings); err != nil {
		return nil, err
	}
	return list, nil
}

// forest is what places in the files of a task's project are looked up in.
func (d *deployer) forest(t *task) *diag.Forest {
	if d.forests == nil {
		d.forests = map[string]*diag.Forest{}
	}
	if d.forests[t.root] == nil {
		d.forests[t.root] = diag.NewForest(t.project)
	}
	return d.forests[t.root]
}

// settle gives the objects without a namespace that of the context where neither the target nor the command line has one,
// which means evaluating again; then warnings are reported.
func (d *deployer) settle(ctx context.Context, tasks []task, list []*deployment, warnings []diag.List) error {
	again := false
	for i, x := range list {
		if x.result.Set.Namespace == "" {
			tasks[i].Job.Namespace = x.cluster.Identity().Namespace
			again = true
		}
	}
	if again {
		results, lists, err := d.evaluate(ctx, tasks)
		if err != nil {
			return err
		}
		warnings = lists
		for i, x := range list {
			x.result = results[i]
		}
	}
	for _, x := range list {
		x.engine = x.cluster.Deploy(d.job(x))
	}
	return d.u.reportAll(tasks, warnings)
}

// contexts refuses --context where a target says which context is meant.
func (d *deployer) contexts(tasks []task) error {
	for i := range tasks {
		if t := tasks[i].Target; t != nil && t.Context != "" && d.context != "" && d.context != t.Context {
			return diag.Diagnostic{
				Message: fmt.Sprintf("--context %s: target %s is the context %s", d.context, t.Name, t.Context),
				Help:    []string{"leave --context out, or declare another target with that context in " + project.File},
			}
		}
	}
	return nil
}

// evaluate renders the tasks. Mistakes are reported, those of all tasks; warnings are returned. Where what is declared does not matter, a
// file with mistakes is no obstacle: who rolls back a bad change must not have to mend it first.
func (d *deployer) evaluate(ctx context.Context, tasks []task) ([]*starctl.Result, []diag.List, error) {
	results := make([]*starctl.Result, len(tasks))
	lists := make([]diag.List, len(tasks))
	unread := make([]bool, len(tasks))
	err := parallel(ctx, len(tasks), func(i int) error {
		res, err := tasks[i].project.Render(ctx, tasks[i].Job)
		if err != nil && d.aside && ctx.Err() == nil {
			if named, wants, nerr := tasks[i].project.Named(ctx, tasks[i].Job); nerr == nil {
				res, err, unread[i] = named, nil, !wants
			}
		}
		if !errors.As(err, &lists[i]) && err != nil {
			return err
		}
		if err == nil {
			results[i] = res
			if !d.aside {
				lists[i] = res.Warnings
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if slices.Contains(results, nil) {
		return nil, nil, d.u.reportAll(tasks, lists)
	}
	for i := range tasks {
		if name := d.u.path(tasks[i].path()); unread[i] && !slices.Contains(d.unread, name) {
			d.unread = append(d.unread, name)
			d.u.note("%s cannot be evaluated, which this does not need: only the name of the set is taken from it", name)
		}
	}
	return results, lists, nil
}

// distinct refuses two deploy files that are one set on one target: each would delete what the other declares.
func distinct(list []*deployment) error {
	type key struct{ root, set, target string }
	seen := map[key]*deployment{}
	for _, x := range list {
		k := key{x.root, x.result.Set.Name, targetName(x.task)}
		if other := seen[k]; other != nil {
			return diag.Diagnostic{
				Message: fmt.Sprintf("%s and %s are both the set %s", other.name, x.name, k.set),
				Help:    []string{`give one of them another name at its top level: set_name = "..."`},
			}
		}
		seen[k] = x
	}
	return nil
}

func targetName(t *task) string {
	if t.Target == nil {
		return ""
	}
	return t.Target.Name
}

// connectAll connects the deployments to their clusters, each cluster once. All that cannot be reached are reported.
func (d *deployer) connectAll(ctx context.Context, list []*deployment) error {
	var failures []error
	failed := map[link]bool{}
	for _, x := range list {
		l := d.link(x)
		if failed[l] {
			continue
		}
		if err := d.connect(ctx, x, l); err != nil {
			failed[l] = true
			failures = append(failures, err)
		}
	}
	return d.u.failAll(ctx, failures)
}

func (d *deployer) link(x *deployment) link {
	l := link{context: d.context, namespace: x.result.Set.Namespace}
	if t := x.Target; t != nil {
		l.pin = t.Cluster
		if t.Context != "" {
			l.context = t.Context
		}
	}
	return l
}

func (d *deployer) connect(ctx context.Context, x *deployment, l link) error {
	c := d.clients[l]
	if c == nil {
		var err error
		stop := d.u.waiting("connecting to " + say(l.context, "the cluster"))
		defer stop()
		c, err = d.u.clusters.Connect(ctx, deploy.Options{
			Kubeconfig: d.file(d.kubeconfig),
			Context:    l.context,
			Namespace:  l.namespace,
			Pin:        l.pin,
			UserAgent:  "starctl/" + starctl.Version,
			Observer: func(e deploy.Event) {
				stop() // a program that brings credentials may ask something on the terminal
				d.u.hear(e)
			},
		})
		if err != nil {
			return err
		}
		if d.clients == nil {
			d.clients = map[link]deploy.Cluster{}
		}
		d.clients[l] = c
	}
	x.place = c.Identity().Context
	if x.Target != nil {
		x.place = x.Target.Name
	}
	x.cluster = c
	return nil
}

// job is what a cluster is to do.
func (d *deployer) job(x *deployment) deploy.Job {
	return deploy.Job{Set: x.result.Set, Wishes: x.result.Wishes, Target: targetName(x.task), Settings: deploy.Settings{
		Adopt:          d.adopt,
		PruneProtected: d.pruneProtected,
		AllowMassPrune: d.massPrune,
		NoWait:         d.noWait,
		Rights:         d.writes,
		Timeout:        d.timeout,
		LockTimeout:    d.lock,
		Observer:       x.observe,
	}}
}

// file is a file that was named on the command line, as it is found from where the person stands.
func (d *deployer) file(name string) string {
	if name == "" || d.u.dir == "" {
		return name
	}
	return d.u.path(d.u.at(name))
}

// namespace is where the set's inventory is.
func (x *deployment) namespace() string {
	return say(x.result.Set.Namespace, x.cluster.Identity().Namespace)
}

// plans makes the plans of all deployments.
func (d *deployer) plans(ctx context.Context, list []*deployment, of func(context.Context, *deployment) (*plan.Plan, error)) error {
	return d.each(ctx, list, func(_ int, x *deployment) (err error) {
		begun := time.Now()
		if x.plan, err = of(ctx, x); err == nil {
			x.plan.Target = x.place
		}
		x.took = time.Since(begun)
		return err
	})
}

// each calls f for all deployments, several at once. All errors are reported, and the gravest is returned.
func (d *deployer) each(ctx context.Context, list []*deployment, f func(int, *deployment) error) error {
	defer d.u.waiting("reading " + places(list))()
	const atOnce = 8
	failures := make([]error, len(list))
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, x := range list {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			failures[i] = d.ofDeployment(x, list, f(i, x))
		})
	}
	wg.Wait()
	return d.u.failAll(ctx, slices.DeleteFunc(failures, func(err error) bool { return err == nil }))
}

// places names where deployments go: "dev, prod-us".
func places(list []*deployment) string { return strings.Join(placeNames(list), ", ") }

// placeNames are the places that deployments go to, each once.
func placeNames(list []*deployment) []string {
	var names []string
	for _, x := range list {
		if !slices.Contains(names, x.place) {
			names = append(names, x.place)
		}
	}
	return names
}

// title names a deployment among several: by its target, and by its set where the target has more than one.
func title(x *deployment, list []*deployment) string {
	for _, other := range list {
		if other != x && other.place == x.place {
			return x.place + " " + x.result.Set.Name
		}
	}
	return x.place
}

// argument is how the deploy file is given to a command; that of this directory need not be.
func (d *deployer) argument(x *deployment) string {
	file := d.u.path(x.path())
	dir, base := filepath.Split(file)
	if base != deployName {
		return file
	}
	return strings.TrimSuffix(dir, string(filepath.Separator))
}
