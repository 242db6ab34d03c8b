package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// Apply does what a plan says that Plan made, and nothing else: what changed meanwhile stops it. It takes the lock and stores
// what it is about to do, writes stage by stage, waits until all is healthy, deletes what is no longer declared, and stores
// what was done. The error is a *Failure; the Report comes with it if anything was begun.
func (d *Deployment) Apply(ctx context.Context, p *plan.Plan) (*Report, error) {
	return d.perform(ctx, p, "apply")
}

func (d *Deployment) perform(ctx context.Context, p *plan.Plan, phase string) (*Report, error) {
	if len(p.Obstacles) > 0 {
		return nil, &Failure{Refused, fmt.Errorf("the plan has %d obstacles", len(p.Obstacles)), nil}
	}
	begun := time.Now()
	r, err := d.begin(ctx, p, phase)
	if err != nil {
		return nil, r.failure(ctx, err)
	}
	err = r.all(ctx)
	report := r.report()
	report.Duration = time.Since(begun)
	if err != nil {
		return report, r.failure(ctx, err)
	}
	return report, r.verdict(report)
}

// run is one run of a plan.
type run struct {
	d       *Deployment
	owner   plan.Owner
	plan    *plan.Plan
	reading *reading
	phase   string
	lease   *lease // nil if nothing has to be stored

	mu        sync.Mutex
	wrote     int // objects
	done      map[*plan.Step]bool
	asked     map[*plan.Step]bool // deletions that the server has taken
	kept      []kube.ID
	unhealthy []Problem
	revision  int

	generation map[*plan.Step]int64 // of what was written
}

// begin takes the lock, and stores what is about to exist. The plan must be the one that this Deployment made last.
func (d *Deployment) begin(ctx context.Context, p *plan.Plan, phase string) (*run, error) {
	r := &run{d: d, owner: d.owner(), plan: p, reading: d.made, phase: phase, done: map[*plan.Step]bool{}, asked: map[*plan.Step]bool{}, generation: map[*plan.Step]int64{}}
	if d.made == nil || d.madePlan != p {
		return r, errors.New("the plan was not made by this deployment")
	}
	by := *d.madeBy
	mass := by.AllowMassPrune
	by.Settings = d.Settings
	by.AllowMassPrune = mass
	r.d = &by
	r.d.listen()
	if r.nothingToStore() {
		return r, nil
	}
	if err := r.firstNamespace(ctx); err != nil {
		return r, err
	}
	for range mostTries {
		if err := r.free(ctx); err != nil {
			return r, err
		}
		r.intend()
		var err error
		if r.lease, err = d.Client.lock(ctx, r.reading.inventory, phase, d.ttl()); err == nil {
			return r, nil
		}
		if !IsStale(err) && !IsExists(err) && !IsNotFound(err) {
			return r, err
		}
		if r.reading.inventory, err = d.Client.ReadInventory(ctx, r.owner); err != nil {
			return r, err
		}
	}
	return r, &Failure{Refused, errors.New("other runs change this set all the time"), []string{"try again"}}
}

// nothingToStore reports whether everything is as declared, and the inventory says so.
func (r *run) nothingToStore() bool {
	inv := r.reading.inventory
	if r.phase == "delete" {
		return false // the inventory itself is to go, also when a run that ended before has deleted all else
	}
	if !r.plan.Empty() || inv.Op != nil || inv.ResourceVersion == "" || len(inv.Entries) != len(r.plan.Steps) {
		return false
	}
	for i := range r.plan.Steps {
		s := &r.plan.Steps[i]
		e := r.reading.entries[s.ID.Identity()]
		if e == nil || e.State != Present || e.UID != s.UID || e.Hash != r.hash(i) {
			return false
		}
	}
	return true
}

// hash is that of a declared step's content.
func (r *run) hash(i int) string {
	if i < len(r.reading.prepared) {
		return r.reading.prepared[i].Hash
	}
	return ""
}

// firstNamespace makes the namespace that the inventory lives in, if the set declares it and it is not there. If the run ends
// right after, the next one knows the namespace by its marks.
func (r *run) firstNamespace(ctx context.Context) error {
	for i := range r.reading.prepared {
		s := &r.plan.Steps[i]
		if s.ID.Kind == "Namespace" && s.ID.Group == "" && s.ID.Name == r.owner.Namespace && s.Action == plan.Create {
			return r.write(ctx, i)
		}
	}
	return nil
}

// free waits until no other run has the set. If one had it since the plan was made, the plan is made again, and must be the
// same or have less to do.
func (r *run) free(ctx context.Context) error {
	inv, err := r.d.Client.waitForLock(ctx, r.reading.inventory, r.d.LockTimeout)
	if err != nil {
		return err
	}
	if inv.ResourceVersion == r.plan.Inventory {
		r.reading.inventory = inv
		return nil
	}
	now, reading, err := r.d.plan(ctx)
	if err != nil {
		return err
	}
	if what := different(r.plan, now); what != "" {
		return &Failure{Refused, fmt.Errorf("another run changed the set since the plan was shown: %s", what), []string{"look at the new plan, and apply that: run the same command again"}}
	}
	for s := range r.done { // the namespace that was made first
		for i := range now.Steps {
			if now.Steps[i].ID == s.ID {
				r.done[&now.Steps[i]] = true
			}
		}
	}
	r.plan, r.reading = now, reading
	if reading.inventory.Op != nil && !isDead(reading.inventory.Op.Holder) && reading.inventory.ResourceVersion != inv.ResourceVersion {
		return r.free(ctx)
	}
	return nil
}

// different says what of a newer plan was not in the older one; "" if nothing.
func different(old, now *plan.Plan) string {
	if len(now.Obstacles) > 0 {
		return now.Obstacles[0].ID.String() + ": " + now.Obstacles[0].Message
	}
	steps := map[kube.ID]*plan.Step{}
	for i := range old.Steps {
		steps[old.Steps[i].ID.Identity()] = &old.Steps[i]
	}
	for i := range now.Steps {
		s := &now.Steps[i]
		o := steps[s.ID.Identity()]
		if s.Action == plan.Unchanged {
			continue
		}
		if o == nil || o.Action != s.Action || !plan.SameChanges(o.Changes, s.Changes) {
			return s.ID.String() + " would be " + map[plan.Action]string{
				plan.Create: "created", plan.Update: "changed", plan.Replace: "replaced", plan.Delete: "deleted",
			}[s.Action] + " otherwise than shown"
		}
	}
	return ""
}

// intend puts every object that will exist, or does, into the inventory.
func (r *run) intend() {
	inv := r.reading.inventory
	known := inv.index()
	now := time.Now().UTC().Truncate(time.Second)
	var more []Entry
	for i := range r.plan.Steps {
		s := &r.plan.Steps[i]
		if s.Action == plan.Delete || known[s.ID.Identity()] != nil {
			continue
		}
		e := entryOf(s.ID, now)
		if s.UID == "" {
			e.State = Intended
		} else {
			e.UID = s.UID
		}
		more = append(more, e)
	}
	if r.reading.rebuilt {
		for id, live := range r.reading.others {
			if c, _ := whose(live, nil, r.owner); c == ours && known[id] == nil {
				e := entryOf(kube.Identify(live), now)
				e.UID, e.State = uidOf(live), Unresolved
				more = append(more, e)
			}
		}
	}
	slices.SortFunc(more, func(a, b Entry) int { return compareIDs(a.ID(), b.ID()) })
	inv.Entries = append(inv.Entries, more...)
}

func entryOf(id kube.ID, since time.Time) Entry {
	return Entry{Group: id.Group, Kind: id.Kind, Version: id.Version, Namespace: id.Namespace, Name: id.Name, Since: since}
}

func compareIDs(a, b kube.ID) int {
	switch x, y := a.String()+" "+a.Group, b.String()+" "+b.Group; {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// all does the whole plan, and stores how far it came whatever happens.
func (r *run) all(ctx context.Context) error {
	err := r.forward(ctx)
	if err == nil && !r.d.NoWait {
		err = r.wait(ctx)
	}
	if err == nil && len(r.unhealthy) == 0 {
		err = r.prune(ctx, r.deletions())
	}
	if r.lease == nil {
		return err
	}
	work, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer stop()
	if r.phase != "delete" {
		r.record(work, r.outcome(ctx, err))
	}
	r.lease.change(r.settle)
	if ferr := r.lease.free(work); err == nil {
		err = ferr
	}
	return err
}

// outcome is the verdict that the history keeps.
func (r *run) outcome(ctx context.Context, err error) Verdict {
	switch {
	case err != nil:
		return r.failure(ctx, err).Verdict
	case len(r.unhealthy) > 0:
		return Unhealthy
	case len(r.kept) > 0:
		return Partly
	}
	return Done
}

// forward writes what is declared.
func (r *run) forward(ctx context.Context) error {
	var before []int
	for _, stage := range r.stages() {
		if err := r.readyBefore(ctx, r.plan.Steps[stage[0]].Stage, before); err != nil {
			return err
		}
		if err := r.check(ctx, stage); err != nil {
			return err
		}
		for _, wave := range r.waves(stage) {
			if err := r.ready(ctx, wave); err != nil {
				return err
			}
			if err := inParallel(ctx, len(wave), func(i int) error { return r.write(ctx, wave[i]) }); err != nil {
				return err
			}
		}
		if err := r.established(ctx, stage); err != nil {
			return err
		}
		before = append(before, stage...)
	}
	return nil
}

// readyBefore waits for what was written before a stage that needs it to be ready. Kinds are established by then.
func (r *run) readyBefore(ctx context.Context, stage int, before []int) error {
	if stage != plan.Hooks {
		return nil
	}
	return r.dependable(ctx, before)
}

// stages are the indexes of declared steps with something to do, by their stages.
func (r *run) stages() [][]int {
	by := map[int][]int{}
	var order []int
	for i := range r.reading.prepared {
		s := &r.plan.Steps[i]
		if s.Action == plan.Unchanged {
			r.done[s] = true
			continue
		}
		if by[s.Stage] == nil {
			order = append(order, s.Stage)
		}
		by[s.Stage] = append(by[s.Stage], i)
	}
	slices.Sort(order)
	out := make([][]int, len(order))
	for n, stage := range order {
		out[n] = by[stage]
	}
	return out
}

// waves are the parts of a stage, each of which comes after what the one before has written.
func (r *run) waves(stage []int) [][]int {
	var out [][]int
	for rest := stage; len(rest) > 0; {
		var now, later []int
		for _, i := range rest {
			if slices.ContainsFunc(r.plan.Steps[i].After, func(j int) bool { return slices.Contains(rest, j) }) {
				later = append(later, i)
			} else {
				now = append(now, i)
			}
		}
		if len(now) == 0 {
			now, later = rest, nil // a cycle, which is an Obstacle of every plan
		}
		out, rest = append(out, now), later
	}
	return out
}

// ready waits for what a wave depends on.
func (r *run) ready(ctx context.Context, wave []int) error {
	seen := map[int]bool{}
	var list []int
	for _, i := range wave {
		for _, j := range r.plan.Steps[i].After {
			if !seen[j] {
				seen[j] = true
				list = append(list, j)
			}
		}
	}
	slices.Sort(list)
	return r.dependable(ctx, list)
}

// dependable waits until objects are healthy, and fails if they are not.
func (r *run) dependable(ctx context.Context, list []int) error {
	unhealthy, err := r.await(ctx, list)
	if err != nil {
		return err
	}
	if len(unhealthy) > 0 {
		r.unhealthy = append(r.unhealthy, unhealthy...)
		return &Failure{Unhealthy, fmt.Errorf("%s, on which others depend, is not healthy", unhealthy[0].ID), nil}
	}
	return nil
}

// check tries by dry runs what could not be tried when the plan was made, before its stage writes anything.
func (r *run) check(ctx context.Context, stage []int) error {
	var later []int
	for _, i := range stage {
		if r.plan.Steps[i].Later && !r.done[&r.plan.Steps[i]] {
			later = append(later, i)
		}
	}
	var mu sync.Mutex
	var refused []error
	err := inParallel(ctx, len(later), func(n int) error {
		s := &r.plan.Steps[later[n]]
		res, err := r.d.Client.ResourceWithin(ctx, s.ID, r.kindsWithin())
		if err != nil {
			return err
		}
		_, err = r.d.Client.Apply(ctx, res, s.ID.Namespace, s.ID.Name, pinsOf(s.Desired, s.UID, s.ResourceVersion), ApplyOptions{Manager: r.owner.Manager(), DryRun: true, Force: r.forces(later[n])})
		if err != nil && statusOf(err) != nil && !IsNoDryRun(err) {
			mu.Lock()
			defer mu.Unlock()
			refused = append(refused, fmt.Errorf("%s: %s", s.ID, statusOf(err).Message))
			return nil
		}
		if IsNoDryRun(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return errors.Join(refused...)
}

// kindsWithin is how long a kind is looked for whose definition was made in this run: one server has it in milliseconds, of
// several the last one after seconds.
func (r *run) kindsWithin() time.Duration { return min(30*time.Second, r.d.timeout()) }

// forces reports whether fields of others are taken, as the plan that was shown says. The pin makes sure that these are the
// fields that were shown.
func (r *run) forces(i int) bool {
	return r.plan.Steps[i].Adopted || len(r.reading.prepared[i].Wishes.Take) > 0
}

// write writes one declared object.
func (r *run) write(ctx context.Context, i int) error {
	s := &r.plan.Steps[i]
	if r.isDone(s) {
		return nil
	}
	if r.lease != nil {
		if err := r.lease.held(ctx); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.d.observe(Event{Kind: Applying, ID: s.ID})
	w := &writer{run: r, i: i, step: s, uid: s.UID, version: s.ResourceVersion}
	live, err := w.write(context.WithoutCancel(ctx))
	if err != nil {
		r.d.observe(Event{Kind: Failed, ID: s.ID, Text: reason(err)})
		return fmt.Errorf("%s: %w", s.ID, err)
	}
	r.written(s, i, live)
	return nil
}

// reason is an error without the request that it is about.
func reason(err error) string {
	if e := statusOf(err); e != nil && e.Message != "" {
		return e.Message
	}
	return err.Error()
}

func (r *run) isDone(s *plan.Step) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.done[s]
}

// written notes that an object is as declared.
func (r *run) written(s *plan.Step, i int, live kube.Node) {
	r.mu.Lock()
	r.done[s] = true
	r.wrote++
	r.generation[s], _ = live.Get("metadata", "generation").Int()
	r.mu.Unlock()
	s.UID = uidOf(live)
	if r.lease != nil {
		r.lease.change(func(inv *Inventory) { inv.present(s, r.hash(i)) })
	}
	r.d.observe(Event{Kind: map[plan.Action]EventKind{plan.Create: Created, plan.Replace: Replaced}[s.Action].or(Changed), ID: s.ID})
}

func (k EventKind) or(other EventKind) EventKind {
	if k == "" {
		return other
	}
	return k
}

// present notes an object that was written.
func (inv *Inventory) present(s *plan.Step, hash string) {
	if e := inv.find(s.ID); e != nil {
		if e.UID != "" && e.UID != s.UID {
			e.Since = time.Now().UTC().Truncate(time.Second)
		}
		e.UID, e.Hash, e.State, e.Version = s.UID, hash, Present, s.ID.Version
	}
}

// established waits until the kinds that a stage defines can be used.
func (r *run) established(ctx context.Context, stage []int) error {
	return inParallel(ctx, len(stage), func(n int) error {
		s := &r.plan.Steps[stage[n]]
		if s.ID.Kind != "CustomResourceDefinition" {
			return nil
		}
		deadline := time.Now().Add(r.kindsWithin())
		for {
			live, err := r.d.get(ctx, s.ID)
			if err == nil && isTrue(live, "Established") {
				r.d.Client.Forget()
				return nil
			}
			if err == nil && time.Now().After(deadline) {
				return fmt.Errorf("%s: it is not established after %s", s.ID, r.kindsWithin())
			}
			if err != nil {
				return err
			}
			if err := sleep(ctx, 50*time.Millisecond); err != nil {
				return err
			}
		}
	})
}

func isTrue(live kube.Node, condition string) bool {
	for _, c := range live.Get("status", "conditions").Items() {
		if c.Get("type").Str() == condition {
			return c.Get("status").Str() == "True"
		}
	}
	return false
}

// wait waits until what was written, and what was not healthy before, is healthy.
func (r *run) wait(ctx context.Context) error {
	var list []int
	for i := range r.reading.prepared {
		s := &r.plan.Steps[i]
		if s.Action != plan.Unchanged || slices.Contains(r.reading.unwell, i) {
			list = append(list, i)
		}
	}
	unhealthy, err := r.await(ctx, list)
	r.unhealthy = append(r.unhealthy, unhealthy...)
	return err
}

// await waits for the health of declared objects.
func (r *run) await(ctx context.Context, list []int) ([]Problem, error) {
	if len(list) == 0 {
		return nil, nil
	}
	waited := make([]Waited, len(list))
	for n, i := range list {
		s := &r.plan.Steps[i]
		res, err := r.d.Client.ResourceWithin(ctx, s.ID, r.kindsWithin())
		if err != nil {
			return nil, err
		}
		waited[n] = Waited{ID: s.ID, Resource: res, UID: s.UID, Generation: r.generation[s], Changed: s.Action != plan.Unchanged}
	}
	return Wait(ctx, r.d.Client, waited, WaitOptions{Timeout: r.d.timeout(), Labels: plan.SetLabel + "=" + r.owner.Set, Observer: r.d.observe})
}

// deletions are the plan's.
func (r *run) deletions() []*plan.Step {
	var list []*plan.Step
	for i := range r.plan.Steps {
		if s := &r.plan.Steps[i]; s.Action == plan.Delete {
			list = append(list, s)
		}
	}
	return list
}

func stagesOf(steps []*plan.Step) [][]*plan.Step {
	var out [][]*plan.Step
	for _, s := range steps {
		if n := len(out); n > 0 && out[n-1][0].Stage == s.Stage {
			out[n-1] = append(out[n-1], s)
		} else {
			out = append(out, []*plan.Step{s})
		}
	}
	return out
}

func (r *run) deleting(s *plan.Step) {
	r.mu.Lock()
	r.asked[s] = true
	r.wrote++
	r.mu.Unlock()
	r.d.observe(Event{Kind: Deleting, ID: s.ID})
}

func (r *run) isDeleting(s *plan.Step) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[s]
}

func (r *run) gone(s *plan.Step) {
	r.mu.Lock()
	r.done[s] = true
	delete(r.asked, s)
	r.mu.Unlock()
	r.lease.change(func(inv *Inventory) {
		inv.Entries = slices.DeleteFunc(inv.Entries, func(e Entry) bool { return e.ID().Identity() == s.ID.Identity() })
	})
	r.d.observe(Event{Kind: Deleted, ID: s.ID})
}

func (r *run) keep(s *plan.Step, why string) {
	r.mu.Lock()
	r.kept = append(r.kept, s.ID)
	delete(r.asked, s)
	r.mu.Unlock()
	r.lease.change(func(inv *Inventory) {
		if e := inv.find(s.ID); e != nil {
			e.State = Unresolved
		}
	})
	r.d.observe(Event{Kind: Kept, ID: s.ID, Text: why})
}

// settle drops the entries of what was seen to be gone, or not to be ours any more, when the plan was made.
func (r *run) settle(inv *Inventory) {
	inv.Entries = slices.DeleteFunc(inv.Entries, func(e Entry) bool {
		id := e.ID().Identity()
		if _, declared := r.reading.byID[id]; declared {
			return false
		}
		if r.reading.unread[id] != nil || r.reading.rebuilt {
			return false
		}
		live, there := r.reading.others[id]
		if !there {
			live, there = r.reading.lost[id]
		}
		if !there {
			return !slices.Contains(r.kept, e.ID())
		}
		c, _ := whose(live, &e, r.owner)
		return c != ours || !marked(live, r.owner)
	})
	for i := range inv.Entries {
		if e := &inv.Entries[i]; r.reading.byID != nil {
			if _, declared := r.reading.byID[e.ID().Identity()]; !declared {
				e.State = Unresolved
			}
		}
	}
	r.unchanged(inv)
}

// unchanged brings the entries of what needed no write up to date: a run that ended early may not have stored them.
func (r *run) unchanged(inv *Inventory) {
	known := inv.index()
	for i := range r.reading.prepared {
		s := &r.plan.Steps[i]
		if e := known[s.ID.Identity()]; e != nil && s.Action == plan.Unchanged {
			e.UID, e.Hash, e.State, e.Version = s.UID, r.hash(i), Present, s.ID.Version
		}
	}
}

func (r *run) report() *Report {
	out := &Report{Counts: map[plan.Action]int{}, Kept: r.kept, Unhealthy: r.unhealthy, Revision: r.revision}
	for i := range r.plan.Steps {
		s := &r.plan.Steps[i]
		switch {
		case r.done[s] || s.Action == plan.Unchanged:
			out.Counts[s.Action]++
		case !slices.Contains(r.kept, s.ID):
			out.Undone = append(out.Undone, s.ID)
		}
	}
	return out
}

// failure gives an error of a run its verdict.
func (r *run) failure(ctx context.Context, err error) *Failure {
	if ctx.Err() != nil {
		return &Failure{Interrupted, errors.New("interrupted"), r.again()}
	}
	verdict := Refused
	if r.wrote > 0 {
		verdict = Partly
	}
	f := AsFailure(err, verdict)
	if r.wrote > 0 && (f.Verdict == Refused || f.Verdict == Unreachable) {
		f = &Failure{Partly, f.Err, f.Help}
	}
	if f.Verdict == Partly {
		f.Help = append(slices.Clone(f.Help), r.again()...)
	}
	return f
}

func (r *run) again() []string {
	return []string{"what was done is known: mend what is wrong, and run the same command again"}
}

// verdict is that of a run that came to its end.
func (r *run) verdict(report *Report) error {
	switch {
	case len(report.Unhealthy) > 0:
		return &Failure{Verdict: Unhealthy, Err: fmt.Errorf("%s not healthy", count(len(report.Unhealthy), "object is", "objects are"))}
	case len(report.Kept) > 0:
		return &Failure{Partly, fmt.Errorf("%s not deleted", count(len(report.Kept), "object was", "objects were")), []string{"they stay in the inventory: the next apply tries again"}}
	}
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// writer writes one object, however often it takes.
type writer struct {
	*run
	i            int
	step         *plan.Step
	uid, version string
}

func (w *writer) write(ctx context.Context) (kube.Node, error) {
	if w.step.Action == plan.Replace {
		if err := w.clear(ctx); err != nil {
			return kube.Node{}, err
		}
	}
	if w.step.Adopted {
		if err := w.upgrade(ctx); err != nil {
			return kube.Node{}, err
		}
	}
	res, err := w.d.Client.ResourceWithin(ctx, w.step.ID, w.kindsWithin())
	if err != nil {
		return kube.Node{}, err
	}
	for range mostTries {
		live, again, err := w.once(ctx, res)
		if err != nil || !again {
			return live, err
		}
	}
	return kube.Node{}, errors.New("it changes all the time")
}

// once sends the object, and says whether to send it again since it had changed meanwhile in a way that changes nothing.
func (w *writer) once(ctx context.Context, res Resource) (_ kube.Node, again bool, _ error) {
	id := w.step.ID
	a, err := w.d.Client.Apply(ctx, res, id.Namespace, id.Name, pinsOf(w.step.Desired, w.uid, w.version), ApplyOptions{Manager: w.owner.Manager(), Force: w.forces(w.i)})
	if err != nil {
		if IsStale(err) || IsExists(err) || IsFieldConflict(err) {
			return w.changed(ctx, res, err)
		}
		return kube.Node{}, false, err
	}
	live, err := decode.JSON(a.Object)
	switch {
	case err != nil:
		return kube.Node{}, false, err
	case dying(live):
		return kube.Node{}, false, errors.New("it is being deleted since the plan was made")
	case a.Created && w.uid != "" && !a.Resent:
		return kube.Node{}, false, errors.New("it was deleted since the plan was made, and is there again now")
	}
	for _, text := range a.Warnings {
		w.d.observe(Event{Kind: Warned, ID: id, Text: text})
	}
	return live, false, nil
}

// changed looks at an object that is not the one of the plan any more. If an answer was lost it may be our own write; if what
// the plan shows is still what would happen, the write goes on; else it stops.
func (w *writer) changed(ctx context.Context, res Resource, cause error) (kube.Node, bool, error) {
	live, err := w.d.get(ctx, w.step.ID)
	if IsNotFound(err) {
		return kube.Node{}, false, errors.New("it was deleted since the plan was made, and is not brought back")
	}
	if err != nil {
		return kube.Node{}, false, err
	}
	mine := applied(live, w.owner.Manager()) && marked(live, w.owner)
	if statusOf(cause) != nil && statusOf(cause).Resent && mine && !dying(live) && (w.uid == "" || w.uid == uidOf(live)) &&
		plan.Proven(w.step.Desired, live, w.owner.Manager()) {
		return live, false, nil
	}
	switch {
	case w.uid == "":
		return kube.Node{}, false, fmt.Errorf("it was made by somebody else since the plan was made%s", managersOf(live))
	case w.uid != uidOf(live):
		return kube.Node{}, false, fmt.Errorf("it was deleted and made again by somebody else since the plan was made%s", managersOf(live))
	case dying(live):
		return kube.Node{}, false, errors.New("it is being deleted since the plan was made")
	}
	return w.drifted(ctx, res, live)
}

// drifted makes the dry run once more, and compares what it changes with what was approved.
func (w *writer) drifted(ctx context.Context, res Resource, live kube.Node) (kube.Node, bool, error) {
	id := w.step.ID
	a, err := w.d.Client.Apply(ctx, res, id.Namespace, id.Name, pinsOf(w.step.Desired, uidOf(live), versionOf(live)), ApplyOptions{
		Manager: w.owner.Manager(), DryRun: true, Force: w.forces(w.i),
	})
	if IsStale(err) {
		return kube.Node{}, true, nil
	}
	if IsFieldConflict(err) {
		return kube.Node{}, false, fmt.Errorf("it was changed since the plan was made: %w", err)
	}
	if err != nil {
		return kube.Node{}, false, err
	}
	result, err := decode.JSON(a.Object)
	if err != nil {
		return kube.Node{}, false, err
	}
	changes := w.d.comparer.Compare(live, result)
	if !plan.SameChanges(w.step.Changes, changes) {
		return kube.Node{}, false, &Drift{ID: id, Changes: changes, By: managersOf(live)}
	}
	w.version = versionOf(live)
	return kube.Node{}, true, nil
}

// Drift says that an object was changed since the plan was shown, so that applying would do something else.
type Drift struct {
	ID      kube.ID
	Changes []plan.Change // that would be made now
	By      string
}

func (e *Drift) Error() string {
	s := "it was changed since the plan was shown" + e.By + ": now these would change:"
	if len(e.Changes) == 0 {
		return "it was changed since the plan was shown" + e.By + ": now nothing would change"
	}
	for i, c := range e.Changes {
		if i > 0 {
			s += ","
		}
		s += " " + c.Path.String()
	}
	return s
}

// clear deletes the object that is replaced, and waits until it is gone.
func (w *writer) clear(ctx context.Context) error {
	err := w.delete(ctx, w.step)
	if err != nil && !errors.Is(err, errGone) {
		return fmt.Errorf("it was not replaced: %w", err)
	}
	deadline := time.Now().Add(w.patience())
	for {
		live, err := w.d.get(ctx, w.step.ID)
		switch {
		case IsNotFound(err):
			w.uid, w.version = "", ""
			return nil
		case err == nil && uidOf(live) != w.step.UID:
			return fmt.Errorf("it was made again by somebody else before it was replaced%s", managersOf(live))
		case time.Now().After(deadline):
			return fmt.Errorf("it was deleted to be made again, and is still there%s", finalizers(live))
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}
