package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/plan"
)

// Plan reads what is there and says what would make it what the set declares. It writes nothing. What is as declared is proven
// so without a request of its own; everything else is tried by a dry run. All Obstacles are found, not only the first.
func (d *Deployment) Plan(ctx context.Context) (*plan.Plan, error) {
	p, r, err := d.plan(ctx)
	if err := d.entitled(ctx, p, err, "apply"); err != nil {
		return nil, err
	}
	d.made, d.madePlan, d.madeBy = r, p, d
	return p, nil
}

// plan also returns what the plan was made from.
func (d *Deployment) plan(ctx context.Context) (*plan.Plan, *reading, error) {
	d.listen()
	r, obstacles, err := d.read(ctx)
	if err != nil {
		return nil, nil, AsFailure(err, Refused)
	}
	p := &plan.Plan{Set: d.Set.Name, Namespace: d.namespace(), Cluster: r.owner.Cluster, Obstacles: obstacles}
	if r.inventory == nil {
		return p, r, nil // no cluster was asked about what no cluster would take
	}
	p.Inventory = r.inventory.ResourceVersion
	if d.comparer == nil {
		d.comparer = plan.NewComparer()
	}
	b := &planner{reading: r, comparer: d.comparer, steps: make([]plan.Step, len(r.prepared)), order: make([]plan.Place, len(r.prepared))}
	b.order, b.obstacles = plan.Stages(r.prepared)
	b.obstacles = append(b.obstacles, obstacles...)
	if err := b.all(ctx); err != nil {
		return nil, nil, AsFailure(err, Refused)
	}
	p.Steps = append(b.steps, b.deletions()...)
	p.Obstacles, p.Notes = sorted(b.obstacles, r.byID), sorted(b.notes, r.byID)
	return p, r, nil
}

// sorted puts Obstacles in the order of the set; those of no declared object come last.
func sorted(list []plan.Obstacle, byID map[kube.ID]int) []plan.Obstacle {
	at := func(o plan.Obstacle) int {
		if i, ok := byID[o.ID.Identity()]; ok {
			return i
		}
		return len(byID)
	}
	slices.SortStableFunc(list, func(a, b plan.Obstacle) int { return at(a) - at(b) })
	return list
}

// planner makes the steps of a plan from a reading.
type planner struct {
	*reading
	comparer *plan.Comparer
	steps    []plan.Step
	order    []plan.Place
	absent   map[string]bool // namespaces that the set declares and that are not there yet
	redefine map[string]bool // kinds, by group and name, whose definition in the set changes

	obstacleMu sync.Mutex
	obstacles  []plan.Obstacle
}

// all makes the steps of what is declared: Namespaces and definitions first, since a dry run in a namespace that is not there,
// or of a kind that is about to change, says nothing.
func (b *planner) all(ctx context.Context) error {
	var first, rest []int
	for i := range b.prepared {
		if id := b.prepared[i].ID; isNamespace(id) || isDefinition(id) {
			first = append(first, i)
		} else {
			rest = append(rest, i)
		}
	}
	if err := inParallel(ctx, len(first), func(i int) error { return b.step(ctx, first[i]) }); err != nil {
		return err
	}
	b.absent, b.redefine = map[string]bool{}, map[string]bool{}
	for _, i := range first {
		switch p := &b.prepared[i]; {
		case isNamespace(p.ID):
			b.absent[p.ID.Name] = b.steps[i].Action == plan.Create
		case b.steps[i].Action == plan.Update:
			b.redefine[definedBy(p.Desired)] = true
		}
	}
	if err := b.home(ctx); err != nil {
		return err
	}
	return inParallel(ctx, len(rest), func(i int) error { return b.step(ctx, rest[i]) })
}

func isNamespace(id kube.ID) bool { return id.Kind == "Namespace" && id.Group == "" }

func isDefinition(id kube.ID) bool {
	return id.Kind == "CustomResourceDefinition" && id.Group == "apiextensions.k8s.io"
}

// definedBy is the group and the name of the kind that a CustomResourceDefinition declares.
func definedBy(crd kube.Node) string {
	return crd.Get("spec", "group").Str() + "/" + crd.Get("spec", "names", "kind").Str()
}

// home makes sure that there is a namespace for the inventory, or will be.
func (b *planner) home(ctx context.Context) error {
	ns := b.owner.Namespace
	if b.inventory.ResourceVersion != "" || b.absent[ns] {
		return nil
	}
	if b.d.phase == "delete" && b.leaving() {
		return nil // there is nothing to delete that is not being deleted, and nothing to store
	}
	live, err := b.d.get(ctx, kube.ID{Version: "v1", Kind: "Namespace", Name: ns})
	switch {
	case IsNotFound(err):
		b.obstacle(plan.Obstacle{Kind: "no-namespace", ID: kube.ID{Kind: "Namespace", Name: ns}, Message: "it is not there, and the set does not declare it", Help: []string{
			"make it: kubectl create namespace " + shellQuote(ns), fmt.Sprintf("or declare it: namespace(%q)", ns),
		}})
	case IsForbidden(err):
		return nil // who may not look at the namespace may still write into it
	case err != nil:
		return err
	case dying(live):
		b.obstacle(plan.Obstacle{Kind: "terminating", ID: kube.ID{Kind: "Namespace", Name: ns}, Message: "it is being deleted", Help: []string{
			"wait until it is gone: kubectl get namespace " + shellQuote(ns) + " --watch",
		}})
	}
	return nil
}

func (b *planner) obstacle(o plan.Obstacle) {
	b.obstacleMu.Lock()
	defer b.obstacleMu.Unlock()
	b.obstacles = append(b.obstacles, o)
}

// object reports an Obstacle about a declared object.
func (b *planner) object(i int, kind string, path kube.Path, help []string, format string, args ...any) {
	p := &b.prepared[i]
	b.obstacle(plan.Obstacle{Kind: kind, ID: p.ID, Object: p.Declared, Path: path, Message: fmt.Sprintf(format, args...), Help: help})
}

// note says something about a declared object that stops nothing.
func (b *planner) note(i int, kind string, path kube.Path, help []string, format string, args ...any) {
	b.obstacleMu.Lock()
	defer b.obstacleMu.Unlock()
	p := &b.prepared[i]
	b.notes = append(b.notes, plan.Obstacle{Kind: kind, ID: p.ID, Object: p.Declared, Path: path, Message: fmt.Sprintf(format, args...), Help: help})
}

// step makes the step of a declared object.
func (b *planner) step(ctx context.Context, i int) error {
	p := &b.prepared[i]
	s := &b.steps[i]
	*s = plan.Step{ID: p.ID, Declared: p.Declared, Desired: p.Desired, Stage: b.order[i].Stage, After: b.order[i].After}
	if pin := b.pinned[i]; pin.uid != "" {
		s.UID, s.ResourceVersion = pin.uid, pin.version
		return nil
	}
	t := &trial{planner: b, i: i, step: s, live: b.live[i], desired: p.Desired}
	switch {
	case b.unknown[i]:
		return nil
	case b.later[i] && b.resource[i].Name == "", p.ID.Namespace != "" && b.absent[p.ID.Namespace]:
		t.static()
		return nil
	case b.later[i]:
		return t.beforehand(ctx)
	}
	return t.run(ctx)
}

// pinsOf is desired with what pins a write of it to the live object. A new object is pinned as well: no object has the
// resourceVersion 1, so one that is there all the same is not touched, and one that is not there is made.
func pinsOf(desired kube.Node, uid, version string) []byte {
	if version == "" {
		version = "1"
	}
	return encode.AppendJSON(nil, withMeta(desired, uid, version), 0)
}

// withMeta is an object with another uid and resourceVersion in its metadata; empty ones are left out.
func withMeta(n kube.Node, uid, version string) kube.Node {
	out := kube.Pairs{}
	for k, v := range n.All() {
		if k == "metadata" {
			meta := kube.Pairs{}
			for k, v := range v.All() {
				meta = append(meta, kube.Pair{Key: k, Value: v})
			}
			if uid != "" {
				meta = append(meta, kube.Pair{Key: "uid", Value: kube.OfString(uid)})
			}
			if version != "" {
				meta = append(meta, kube.Pair{Key: "resourceVersion", Value: kube.OfString(version)})
			}
			v = kube.OfMap(meta)
		}
		out = append(out, kube.Pair{Key: k, Value: v})
	}
	return kube.OfMap(out)
}

// mostTries bounds how often an object that changes all the time is read again. With the pauses between, that takes three seconds:
// controllers write often while a workload starts, and then less so.
const mostTries = 8

// pauseAfter is how long to wait before an object that has changed is looked at again.
func pauseAfter(try int) time.Duration { return min(25*time.Millisecond<<try, time.Second) }

// trial is the dry run of one object, with what it takes until it says something.
type trial struct {
	*planner
	i       int
	step    *plan.Step
	live    kube.Node
	desired kube.Node
	force   bool // the fields that conflict may be taken
	adopt   bool
}

func (t *trial) run(ctx context.Context) error {
	for try := range mostTries {
		if t.live.Exists() && !t.mayTouch() {
			return nil
		}
		applied, err := t.send(ctx)
		if err == nil {
			return t.done(ctx, applied)
		}
		if IsStale(err) && try > 0 {
			if err := sleep(ctx, pauseAfter(try)); err != nil {
				return err
			}
		}
		again, err := t.refused(ctx, err)
		if err != nil || !again {
			return err
		}
	}
	t.object(t.i, "busy", nil, []string{"see who changes it: kubectl get --show-managed-fields -o yaml " + kubectlName(t.step.ID)}, "it changes all the time, so that no plan holds")
	return nil
}

func kubectlName(id kube.ID) string {
	s := strings.ToLower(id.Kind) + " " + shellQuote(id.Name)
	if id.Namespace != "" {
		s += " --namespace " + shellQuote(id.Namespace)
	}
	return s
}

func (t *trial) send(ctx context.Context) (Applied, error) {
	body := pinsOf(t.desired, uidOf(t.live), versionOf(t.live))
	id := t.step.ID
	return t.d.Client.Apply(ctx, t.resource[t.i], id.Namespace, id.Name, body, ApplyOptions{Manager: t.owner.Manager(), DryRun: true, Force: t.force})
}

// mayTouch reports whether the live object is ours, or may become so; else it reports an Obstacle.
func (t *trial) mayTouch() bool {
	e := t.entries[t.step.ID.Identity()]
	c, set := whose(t.live, e, t.owner)
	switch {
	case dying(t.live):
		t.object(t.i, "dying", nil, []string{"wait until it is gone: kubectl get " + kubectlName(t.step.ID) + " --watch"}, "it is being deleted%s", finalizers(t.live))
		return false
	case c == anothers:
		t.object(t.i, "other-set", nil, moved(set), "it belongs to the set %s", set)
		return false
	case c == ours, c == nobodys && newborn(t.live):
		return true
	case t.d.Adopt:
		t.adopt = true
		return true
	case c == remade:
		t.object(t.i, "remade", nil, []string{"take it over as it is: --adopt"}, "it was deleted and made again by somebody else since it was applied%s", managersOf(t.live))
		return false
	}
	t.object(t.i, "exists", nil, []string{"take it over, and see first what that changes: starctl diff --adopt"}, "it is there already, and no set owns it%s", managersOf(t.live))
	return false
}

// moved says what to do about an object of another set.
func moved(set string) []string {
	name, _, _ := strings.Cut(set, ",")
	return []string{
		fmt.Sprintf("if this file was moved or its project renamed, keep the name of the set: set_name = %q at the top level of the file", name),
		"if two files declare it, leave it to one of them",
	}
}

// finalizers says what a deletion waits for.
func finalizers(live kube.Node) string {
	var list []string
	for _, f := range live.Get("metadata", "finalizers").Items() {
		list = append(list, f.Str())
	}
	if len(list) == 0 {
		return ""
	}
	return ", and waits for " + strings.Join(list, ", ")
}

// managersOf says who wrote an object.
func managersOf(live kube.Node) string {
	var list []string
	for _, m := range live.Get("metadata", "managedFields").Items() {
		name := m.Get("manager").Str()
		if m.Get("subresource").Str() == "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " (written by " + strings.Join(list, ", ") + ")"
}

// refused makes the best of a dry run that was refused: it says whether to try again, or reports an Obstacle.
func (t *trial) refused(ctx context.Context, err error) (again bool, _ error) {
	switch {
	case IsFieldConflict(err) && !t.live.Exists():
		return t.reread(ctx)
	case IsFieldConflict(err):
		return t.conflict(err), nil
	case IsStale(err), IsExists(err):
		return t.reread(ctx)
	case IsNotFound(err) && !IsNoNamespace(err):
		t.live = kube.Node{}
		return true, nil
	case IsNoNamespace(err) && t.step.ID.Namespace == t.owner.Namespace && t.inventory.ResourceVersion == "":
		// That of the inventory is reported by itself.
	case IsNoNamespace(err):
		t.object(t.i, "no-namespace", kube.Fields("metadata", "namespace"), []string{
			"make it: kubectl create namespace " + shellQuote(t.step.ID.Namespace), fmt.Sprintf("or declare it: namespace(%q)", t.step.ID.Namespace),
		}, "the namespace %s is not there, and the set does not declare it", t.step.ID.Namespace)
	case IsTerminatingNamespace(err):
		t.object(t.i, "terminating", kube.Fields("metadata", "namespace"), []string{
			"wait until it is gone: kubectl get namespace " + shellQuote(t.step.ID.Namespace) + " --watch",
		}, "the namespace %s is being deleted", t.step.ID.Namespace)
	case IsImmutable(err) && t.live.Exists():
		return false, t.immutable(ctx, err)
	case IsNoDryRun(err):
		t.note(t.i, "no-dry-run", nil, nil, "a webhook refuses dry runs, so that this is compared without the server, and checked when it is written")
		t.static()
	case IsInvalid(err) && t.redefine[t.step.ID.Group+"/"+t.step.ID.Kind]:
		t.static() // the definition that the set brings may allow it
	case IsInvalid(err) && t.adopt:
		return t.foreseen(ctx, err)
	case t.mayReplace(err):
		return false, t.immutable(ctx, err)
	case IsInvalid(err):
		t.invalid(err)
	case IsQuota(err), IsWebhook(err):
		t.object(t.i, "denied", nil, AsFailure(err, Refused).Help, "%s", statusOf(err).Message)
	case statusOf(err) != nil && statusOf(err).Code == 403 && !IsForbidden(err):
		t.object(t.i, "denied", nil, escalation(err), "%s", statusOf(err).Message)
	default:
		return false, err
	}
	return false, nil
}

// escalation says what to do where a role would give more than its author has.
func escalation(err error) []string {
	if !strings.Contains(statusOf(err).Message, "attempting to grant RBAC permissions not currently held") {
		return nil
	}
	return []string{"who writes a role needs all that it allows, or the verb escalate on roles, and to bind it the verb bind: let somebody apply this who has them"}
}

// reread reads the object again, which is there although it was not listed, or has changed.
func (t *trial) reread(ctx context.Context) (again bool, err error) {
	t.live, err = t.d.get(ctx, t.step.ID)
	if IsNotFound(err) {
		t.live, err = kube.Node{}, nil
	}
	return err == nil, err
}

// beforehand looks at an object that is there in another version than the one declared, which the set is about to define.
func (t *trial) beforehand(ctx context.Context) error {
	if _, err := t.reread(ctx); err != nil {
		return err
	}
	if !t.live.Exists() || t.mayTouch() {
		t.static()
	}
	return nil
}

// static predicts without the server what the object becomes.
func (t *trial) static() {
	if !t.live.Exists() {
		t.step.Action, t.step.Later = plan.Create, true
		return
	}
	t.step.Later = true
	var others []kube.Node
	for _, m := range t.live.Get("metadata", "managedFields").Items() {
		if m.Get("manager").Str() != t.owner.Manager() {
			others = append(others, m.Get("fieldsV1"))
		}
	}
	n := undeclared(t.live, t.desired, fieldsOf(t.live, t.owner.Manager()), others)
	t.settle(t.definition().Merged(n, t.desired))
}

// definition is what the set says of the object's kind; nil if it does not define it.
func (t *trial) definition() *plan.Definition {
	id := t.step.ID
	for i := range t.prepared {
		if p := &t.prepared[i]; isDefinition(p.ID) && definedBy(p.Desired) == id.Group+"/"+id.Kind && versionIn(t.live) == id.APIVersion() {
			return plan.Define(p.Desired, id.Version)
		}
	}
	return nil
}

func versionIn(n kube.Node) string { return n.Get("apiVersion").Str() }

// undeclared is a live object without what the set owns and does not declare any more, unless others own it too.
func undeclared(n, desired, owned kube.Node, others []kube.Node) kube.Node {
	switch {
	case n.IsMapping() && desired.IsMapping():
		out := kube.Pairs{}
		for k, v := range n.All() {
			if v = undeclaredPart(v, desired.Get(k), "f:"+k, owned, others); v.Exists() {
				out = append(out, kube.Pair{Key: k, Value: v})
			}
		}
		return kube.OfMap(out)
	case n.Kind() == kube.List && desired.Kind() == kube.List:
		out := kube.Elems{}
		for _, v := range n.Items() {
			key := itemKeyIn(owned, v)
			if v = undeclaredPart(v, itemOf(desired, key), key, owned, others); v.Exists() {
				out = append(out, v)
			}
		}
		return kube.OfList(out)
	}
	return n
}

func undeclaredPart(v, desired kube.Node, key string, owned kube.Node, others []kube.Node) kube.Node {
	mine := owned.Get(key)
	switch inside := below(others, key); {
	case key == "" || !mine.Exists():
		return v
	case desired.Exists():
		return undeclared(v, desired, mine, inside)
	case len(inside) == 0:
		return kube.Node{}
	}
	return v
}

// done reads what the dry run answered.
func (t *trial) done(ctx context.Context, a Applied) error {
	result, err := decode.JSON(a.Object)
	if err != nil {
		return fmt.Errorf("%s: %w", t.step.ID, err)
	}
	for _, w := range a.Warnings {
		t.note(t.i, "server-warning", nil, nil, "%s", w)
	}
	if dying(result) {
		t.live = result
		t.mayTouch()
		return nil
	}
	if !t.live.Exists() {
		t.step.Action = plan.Create
		t.step.Desired = t.desired
		t.step.Result = kube.Node{}
		return nil
	}
	if t.adopt {
		if result, err = t.adopted(ctx, result); err != nil {
			return err
		}
	}
	t.settle(result)
	t.dropped(result)
	return nil
}

// adopted is what a dry run answered without what goes with an adoption.
func (t *trial) adopted(ctx context.Context, result kube.Node) (kube.Node, error) {
	t.step.Desired = t.desired
	bare, err := t.d.bare(ctx, t.resource[t.i], t.step, t.live)
	if by := makersOf(t.live); err == nil && len(by) > 0 && !bare.Exists() {
		t.note(t.i, "leftovers", nil, nil, "what %s had set and the file does not declare stays: the server refuses the dry run of another object like this one, which would tell it from defaults", strings.Join(by, ", "))
	}
	return withoutLeftovers(t.live, result, bare), err
}

// foreseen plans an adoption whose dry run was refused. It says whether to try again, since somebody has written meanwhile.
func (t *trial) foreseen(ctx context.Context, cause error) (again bool, _ error) {
	t.step.Desired = t.desired
	result, err := t.d.foresee(ctx, t.resource[t.i], t.step, t.live)
	switch {
	case IsStale(err), IsNotFound(err):
		return t.reread(ctx)
	case err != nil:
		return false, err
	case !result.Exists() && t.mayReplace(cause):
		return false, t.immutable(ctx, cause)
	case !result.Exists():
		t.invalid(cause)
		return false, nil
	}
	t.force = true
	t.settle(result)
	t.dropped(result)
	return false, nil
}

// settle says what changes from the live object to what it becomes.
func (t *trial) settle(result kube.Node) {
	s := t.step
	s.Desired = t.desired
	s.UID, s.ResourceVersion = uidOf(t.live), versionOf(t.live)
	s.Changes = t.comparer.Compare(t.live, result)
	s.Adopted, t.forced[t.i] = t.adopt, t.force
	if len(s.Changes) == 0 && !s.Adopted && plan.SameOwner(t.live, result, t.owner.Manager()) {
		if unready(t.live) {
			t.mu.Lock()
			t.unwell = append(t.unwell, t.i)
			t.mu.Unlock()
		}
		return
	}
	s.Action = plan.Update
	s.Live, s.Result = plan.Clean(t.live), plan.Clean(result)
	s.Rolls = plan.Rolls(t.live, result)
}

// dropped warns where a field is no longer declared, and falls back to what the server takes by default: replicas from 3 to 1.
func (t *trial) dropped(result kube.Node) {
	before, after := t.live.Get("spec", "replicas"), result.Get("spec", "replicas")
	if t.desired.Get("spec", "replicas").Exists() || !before.Exists() || before.Text() == after.Text() {
		return
	}
	t.note(t.i, "dropped-replicas", kube.Fields("spec", "replicas"), []string{
		fmt.Sprintf("keep it: replicas = %s; leave it to an autoscaler: apply.leave(object, \"spec.replicas\")", before.Text()),
	}, "no longer declared: it goes from %s to %s, which is the default", before.Text(), after.Text())
}
