package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

// approval is a person's consent, given on the command line or asked for.
type approval struct {
	yes     bool
	confirm []string
}

func (a *approval) flags(fs *pflag.FlagSet) {
	group(fs, "Approval", func(fs *pflagSet) {
		fs.BoolVarP(&a.yes, "yes", "y", false, "ask nothing")
		fs.StringArrayVar(&a.confirm, "confirm", nil, "with --yes: delete also on the protected `TARGET`; may be repeated")
	})
}

// possible refuses at once, before any cluster is asked, where nobody can be asked and the command line does not answer.
func (a *approval) possible(u *ui, command string) error {
	why := "there is no terminal to ask on"
	switch {
	case a.yes:
		return nil
	case u.events != nil:
		why = "--json asks nothing"
	case u.interactive:
		return nil
	}
	return &deploy.Failure{
		Verdict: deploy.Refused,
		Err:     fmt.Errorf("%s, and --yes was not given: nothing was written", why),
		Help:    []string{looks[command](u), "then: " + u.again(command, "--yes")},
	}
}

// looks say how to see what a command is about to do.
var looks = map[string]func(*ui) string{
	"apply":    func(u *ui) string { return "look at what would change: " + u.again("diff") },
	"delete":   func(u *ui) string { return "look at what would be deleted: " + u.again("status") },
	"rollback": func(u *ui) string { return "look at what there is to go back to: " + u.again("history") },
}

// check refuses a --confirm that is about none of the targets.
func (a *approval) check(tasks []task) error {
	var names []string
	for _, x := range tasks {
		if t := x.Target; t != nil && !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
	}
	for _, c := range a.confirm {
		if !slices.Contains(names, c) {
			return diag.Diagnostic{
				Message: fmt.Sprintf("--confirm %s: no target of that name is meant", c), Suggest: diag.Nearest(c, names),
			}
		}
	}
	return nil
}

// question is what a command asks before it changes a cluster.
type question struct {
	ask    string // "Apply to prod-us?"
	list   []*deployment
	byName bool // on a protected target a yes is not enough: its name is asked for
}

// of asks the question, unless the command line answers it. Without consent nothing is written: the error says so.
func (a *approval) of(ctx context.Context, u *ui, q question) error {
	list := slices.DeleteFunc(slices.Clone(q.list), func(x *deployment) bool { return x.plan.Empty() })
	if len(list) == 0 {
		return nil
	}
	guarded := a.guarded(list)
	switch {
	case a.yes && len(guarded) > 0:
		return unconfirmed(guarded)
	case a.yes:
		return nil
	}
	ok, err := a.asked(ctx, u, q, list, guarded)
	switch {
	case ctx.Err() != nil:
		return &deploy.Failure{Verdict: deploy.Interrupted, Err: fmt.Errorf("interrupted: nothing was written")}
	case err == nil && !ok:
		return &deploy.Failure{Verdict: deploy.Refused, Err: fmt.Errorf("not approved: nothing was written")}
	}
	return err
}

func (a *approval) asked(ctx context.Context, u *ui, q question, list, guarded []*deployment) (bool, error) {
	text := q.ask
	if e := effects(list); e != "" {
		text += " " + e + "."
	}
	if !q.byName || len(guarded) == 0 {
		return u.ask(ctx, text)
	}
	for _, name := range placeNames(guarded) {
		answer, err := u.answer(ctx, fmt.Sprintf("%s %s is protected: type its name to go on: ", text, name))
		if err != nil || answer != name {
			return false, err
		}
	}
	return true, nil
}

// guarded are the deployments that delete on protected targets without having been confirmed.
func (a *approval) guarded(list []*deployment) []*deployment {
	var out []*deployment
	for _, x := range list {
		deletes := x.plan.Count(plan.Delete)+x.plan.Count(plan.Replace) > 0
		if t := x.Target; t != nil && t.Protect && deletes && !slices.Contains(a.confirm, t.Name) {
			out = append(out, x)
		}
	}
	return out
}

func unconfirmed(list []*deployment) error {
	confirm := ""
	for _, name := range placeNames(list) {
		confirm += " --confirm " + shellQuote(name)
	}
	return &deploy.Failure{
		Verdict: deploy.Refused,
		Err:     fmt.Errorf("%s deleted on %s, which is protected: nothing was written", deletions(list), places(list)),
		Help:    []string{"if that is meant, add" + confirm},
	}
}

func deletions(list []*deployment) string {
	n := 0
	for _, x := range list {
		n += x.plan.Count(plan.Delete) + x.plan.Count(plan.Replace)
	}
	return count(n, "object") + " would be"
}

// effects say what a plan does that somebody may feel: Pods that roll, objects that are deleted.
func effects(list []*deployment) string {
	rolls, gone, remade := 0, 0, 0
	for _, x := range list {
		gone += x.plan.Count(plan.Delete)
		remade += x.plan.Count(plan.Replace)
		for i := range x.plan.Steps {
			rolls += x.plan.Steps[i].Rolls
		}
	}
	var parts []string
	add := func(n int, what, will string) {
		if n > 0 {
			parts = append(parts, count(n, what)+" will "+will)
		}
	}
	add(rolls, "Pod", "roll")
	add(gone, "object", "be deleted")
	add(remade, "object", "be deleted and made again")
	return strings.Join(parts, ", ")
}

// show prints the plans to stderr, where the question about them follows. Of one that changes nothing the line at the end says so.
func (d *deployer) show(list []*deployment) error {
	if d.u.events != nil {
		for _, x := range list {
			if !x.plan.Empty() || len(x.plan.Obstacles) == 0 { // of what could not be compared only the obstacles say something
				d.u.events.plan(x)
			}
		}
		return nil
	}
	some := slices.DeleteFunc(slices.Clone(list), func(x *deployment) bool { return x.plan.Empty() })
	if len(some) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := d.writePlans(&b, some, list, d.u.colorErr); err != nil {
		return err
	}
	b.WriteByte('\n')
	d.u.mu.Lock()
	defer d.u.mu.Unlock()
	_, err := d.u.err.Write(b.Bytes())
	return err
}

// obstacles reports why plans cannot be carried out, all of them together, and what else deserves to be known.
func (d *deployer) obstacles(list []*deployment, consequence string) error {
	several := severalPlaces(list)
	tasks, lists := make([]task, len(list)), make([]diag.List, len(list))
	stuck := false
	for i, x := range list {
		tasks[i] = *x.task
		lists[i] = append(d.diagnostics(x, x.plan.Obstacles, diag.Error, several), d.diagnostics(x, x.plan.Notes, diag.Warning, several)...)
		stuck = stuck || len(x.plan.Obstacles) > 0
	}
	if d.u.events != nil {
		for i, x := range list {
			d.u.reportOf(x, &located{lists[i], x.project, x.root})
		}
		lists = make([]diag.List, len(list))
	}
	if err := d.u.reportAll(tasks, lists); err != nil || stuck {
		d.u.note("%s", consequence)
		return ended{deploy.Refused}
	}
	return nil
}

func severalPlaces(list []*deployment) bool {
	return slices.ContainsFunc(list, func(x *deployment) bool { return x.place != list[0].place })
}

// carriedOut is what became of a deployment.
type carriedOut struct {
	*deployment
	act     string // name of the command
	report  *deploy.Report
	verdict deploy.Verdict
	took    time.Duration
}

// act is what a command does with each deployment.
type act struct {
	name      string // of the command
	doing     string // "applying"
	keepGoing bool
	do        func(context.Context, *deployment) (*deploy.Report, error)
}

// carryOut does what was approved with one deployment after the other, shows what happens, and says how each ended. The first
// failure is the last deployment, unless the others are to go on.
func (d *deployer) carryOut(ctx context.Context, list []*deployment, a act) error {
	d.u.changed = true
	piped := make(chan os.Signal, 1)
	signal.Notify(piped, syscall.SIGPIPE) // that nobody reads what is said does not end the process in the middle
	defer signal.Stop(piped)
	f := d.u.follower()
	stop := context.AfterFunc(ctx, func() {
		d.u.note("interrupted: the request under way is finished; a second interrupt ends it at once")
	})
	defer stop()
	var all []carriedOut
	for i, x := range list {
		c := d.one(ctx, f, x, list, a)
		all = append(all, c)
		if rest := list[i+1:]; len(rest) > 0 && c.verdict != deploy.Done && (!a.keepGoing || ctx.Err() != nil) {
			d.u.note("not begun: %s", titles(rest, list))
			if !a.keepGoing {
				d.u.note("   go on after a failure with --keep-going")
			}
			break
		}
	}
	if v := worst(all); v != deploy.Done {
		return ended{v}
	}
	return nil
}

func titles(some, all []*deployment) string {
	var names []string
	for _, x := range some {
		names = append(names, title(x, all))
	}
	return strings.Join(names, ", ")
}

func (d *deployer) one(ctx context.Context, f follower, x *deployment, list []*deployment, a act) carriedOut {
	begun := time.Now()
	f.begin(d.subject(x, title(x, list), a))
	x.hears = f.follow
	r, err := a.do(ctx, x)
	x.hears = nil
	f.end()
	c := carriedOut{x, a.name, r, deploy.Done, x.took + time.Since(begun)}
	if err != nil {
		c.verdict = verdictOf(err)
		d.failed(&c, err)
	}
	d.ended(&c, title(x, list))
	return c
}

// textRoom is what a line of the record needs besides the name: "  4 of 6 Pods ready, 2 starting   12 s".
const textRoom = 40

// subject says what a follower shows.
func (d *deployer) subject(x *deployment, place string, a act) subject {
	s := subject{
		place: place, set: x.result.Set.Name, namespace: x.plan.Namespace,
		title: titleOf(a.doing, x.plan),
	}
	objects := map[kube.ID]*kube.Object{}
	widest := 48
	if columns := d.u.columns(); columns > 0 {
		widest = min(widest, max(columns-textRoom, 12))
	}
	for i := range x.plan.Steps {
		step := &x.plan.Steps[i]
		objects[step.ID] = step.Declared
		if step.Action != plan.Unchanged {
			s.width = min(widest, max(s.width, len(s.name(step.ID))))
		}
	}
	s.declared = func(id kube.ID) string { return x.declaredAt(d.u, objects[id]) }
	s.configured = func(id kube.ID, container string) string { return x.configuredAt(d.u, objects[id], container) }
	return s
}

// titleOf is "applying: 1 to create, 2 to change", or "" where nothing is to be done.
func titleOf(doing string, p *plan.Plan) string {
	if p.Revision > 0 {
		doing += fmt.Sprintf(" to revision %d", p.Revision)
	}
	if what := planned(p); what != "" {
		return doing + ": " + what
	}
	return ""
}

// planned is "1 to create, 2 to change, 1 to delete".
func planned(p *plan.Plan) string {
	var parts []string
	for _, a := range []struct {
		action plan.Action
		what   string
	}{{plan.Create, "create"}, {plan.Update, "change"}, {plan.Replace, "replace"}, {plan.Delete, "delete"}} {
		if n := p.Count(a.action); n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, a.what))
		}
	}
	return strings.Join(parts, ", ")
}

// failed says why a deployment failed, and how to go back if there is something to go back to.
func (d *deployer) failed(c *carriedOut, err error) {
	f := &deploy.Failure{Verdict: c.verdict, Err: fmt.Errorf("%s: %w", c.place, err)}
	f.Help = d.pasteable(c.deployment, helpOf(err))
	if c.verdict == deploy.Unhealthy && c.plan.Count(plan.Delete) > 0 && c.report != nil && c.report.Counts[plan.Delete] == 0 {
		f.Err = fmt.Errorf("%w; nothing was deleted", f.Err)
	}
	if c.report != nil && c.report.Back > 0 && (c.verdict == deploy.Unhealthy || c.verdict == deploy.Partly) {
		f.Help = append(slices.Clip(f.Help), "go back with: "+d.command("rollback", c.deployment))
	}
	d.u.failOf(c.deployment, f)
}

// ended is the one line that says what was done.
func (d *deployer) ended(c *carriedOut, place string) {
	if d.u.events != nil {
		d.u.events.ended(c)
		return
	}
	if c.report == nil {
		return
	}
	d.u.printf("%s: %s (%s)\n", diag.Escape(place), d.tally(c), span(c.took))
	d.u.keep(d.u.out.Flush())
}

// gravity orders the verdicts: the first is the gravest.
var gravity = [...]deploy.Verdict{
	deploy.Interrupted, deploy.Internal, deploy.Partly, deploy.Unhealthy, deploy.Unreachable, deploy.Refused, deploy.BadInput, deploy.Done,
}

func graver(a, b deploy.Verdict) deploy.Verdict {
	if slices.Index(gravity[:], b) < slices.Index(gravity[:], a) {
		return b
	}
	return a
}

// worst is the verdict on several deployments: the gravest. But if some were carried out and another was refused, or its
// cluster not reached, then something was written, and it is partly.
func worst(all []carriedOut) deploy.Verdict {
	v, some := deploy.Done, false
	for _, c := range all {
		some = some || c.verdict == deploy.Done && !c.plan.Empty()
		v = graver(v, c.verdict)
	}
	if some && (v == deploy.Unreachable || v == deploy.Refused || v == deploy.BadInput) {
		return deploy.Partly
	}
	return v
}

// reported are the counts of a Report.
func reported(r *deploy.Report) *changeCounts {
	n := countsIn(r.Counts)
	n.Kept, n.Unhealthy = len(r.Kept), len(r.Unhealthy)
	return n
}

// tally is "1 created, 2 changed, 1 deleted, 37 unchanged, healthy".
func (d *deployer) tally(c *carriedOut) string {
	n := reported(c.report)
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(n.Create, "created")
	add(n.Update, "changed")
	add(n.Replace, "replaced")
	add(n.Delete, "deleted")
	add(n.Kept, "kept")
	switch {
	case len(parts) > 0:
	case c.plan.Revision > 0:
		parts = append(parts, fmt.Sprintf("as revision %d, nothing changed", c.plan.Revision))
	default:
		parts = append(parts, "nothing changed")
	}
	add(n.Unchanged, "unchanged")
	switch {
	case n.Unhealthy > 0:
		parts = append(parts, d.u.paintOut(red, count(n.Unhealthy, "object")+" not healthy"))
	case c.verdict == deploy.Done && !d.noWait && c.act != "delete":
		parts = append(parts, d.u.paintOut(green, "healthy"))
	}
	return strings.Join(parts, ", ")
}
