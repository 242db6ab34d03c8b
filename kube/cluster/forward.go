package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

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
		return &Failure{Verdict: Unhealthy, Err: fmt.Errorf("%s, on which others depend, is not healthy", unhealthy[0].ID)}
	}
	return nil
}

// check tries by dry runs what could not be tried when the plan was made, before its stage writes anything. All that is refused
// is reported.
func (r *run) check(ctx context.Context, stage []int) error {
	var later []int
	for _, i := range stage {
		if r.plan.Steps[i].Later && !r.done[&r.plan.Steps[i]] {
			later = append(later, i)
		}
	}
	refused := make([]error, len(later))
	err := inParallel(ctx, len(later), func(n int) error {
		err := r.tryLater(ctx, later[n])
		if err == nil || ctx.Err() != nil || isNetwork(err) {
			return err
		}
		refused[n] = fmt.Errorf("%s: %w", r.plan.Steps[later[n]].ID, err)
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(refused...)
}

func (r *run) tryLater(ctx context.Context, i int) error {
	w := r.writer(i)
	res, err := r.d.Client.ResourceWithin(ctx, w.step.ID, r.kindsWithin())
	if err != nil {
		return err
	}
	deadline := time.Now().Add(r.kindsWithin())
	for {
		_, err = w.try(ctx, res)
		if IsStale(err) || IsExists(err) {
			err = r.madeMeanwhile(ctx, w, res, err)
		}
		if !IsNoMatch(err) || time.Now().After(deadline) {
			break
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	if IsNoDryRun(err) {
		return nil
	}
	r.reading.forced[i] = w.force
	return err
}

// madeMeanwhile tries again on an object that is there, while the plan was to make it.
func (r *run) madeMeanwhile(ctx context.Context, w *writer, res Resource, cause error) error {
	_, again, err := w.changed(ctx, res, cause)
	if err != nil || !again {
		return err
	}
	_, err = w.try(ctx, res)
	return err
}

// kindsWithin is how long a kind is looked for whose definition was made in this run: one server has it in milliseconds, of
// several the last one after seconds.
func (r *run) kindsWithin() time.Duration { return min(30*time.Second, r.d.timeout()) }

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
	live, err := r.writer(i).write(ctx)
	if err != nil {
		r.doubt(err)
		r.d.observe(Event{Kind: Failed, ID: s.ID, Text: reason(err)})
		return fmt.Errorf("%s: %w", s.ID, err)
	}
	r.written(s, i, live)
	return nil
}

// doubt notes a write of which nobody knows whether it was done.
func (r *run) doubt(err error) {
	e := statusOf(err)
	if isNetwork(err) && maybeDone(err) || e != nil && e.Code >= 500 && !e.malformed() {
		r.mu.Lock()
		r.unsure = true
		r.mu.Unlock()
	}
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
		r.lease.change(s.ID, func(e *Entry) bool { return e.present(s, r.hash(i)) })
	}
	r.d.observe(Event{Kind: eventOf(s.Action), ID: s.ID})
}

// eventOf is what has happened when an action was done.
func eventOf(a plan.Action) EventKind {
	switch a {
	case plan.Create:
		return Created
	case plan.Replace:
		return Replaced
	}
	return Changed
}

// present notes an object that was written.
func (e *Entry) present(s *plan.Step, hash string) bool {
	if e.UID != "" && e.UID != s.UID {
		e.Since = time.Now().UTC().Truncate(time.Second)
	}
	e.UID, e.Hash, e.State, e.Version = s.UID, hash, Present, s.ID.Version
	return true
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
