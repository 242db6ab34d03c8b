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

// begin takes the lock, and stores what is about to exist. The plan must be the one that this Deployment made last.
func (d *Deployment) begin(ctx context.Context, p *plan.Plan, phase string) (*run, error) {
	r := &run{d: d, owner: d.owner(), plan: p, reading: d.made, phase: phase, done: map[*plan.Step]bool{}, asked: map[*plan.Step]bool{}, generation: map[*plan.Step]int64{}}
	if d.made == nil || d.madePlan != p {
		return r, errors.New("the plan was not made by this deployment")
	}
	by := *d.madeBy
	if by.phase != "" {
		r.phase = by.phase
	}
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
		r.resumes = r.resumes || r.reading.inventory.Op != nil
		r.intend(r.reading.inventory)
		var err error
		if r.lease, err = d.Client.lock(ctx, r.reading.inventory, r.phase, d.ttl()); err == nil {
			return r, nil
		}
		if !IsStale(err) && !IsExists(err) && !IsNotFound(err) {
			return r, err
		}
		if r.reading.inventory, err = d.Client.ReadInventory(ctx, r.owner); err != nil {
			return r, err
		}
	}
	return r, &Failure{Verdict: Refused, Err: errors.New("other runs change this set all the time"), Help: []string{"try again"}}
}

// nothingToStore reports whether everything is as declared, and the inventory says so.
func (r *run) nothingToStore() bool {
	inv := r.reading.inventory
	if r.phase == "delete" {
		return false // the inventory itself is to go, also when a run that ended before has deleted all else
	}
	if !r.plan.Empty() || inv.Op != nil {
		return false
	}
	after := Inventory{Entries: slices.Clone(inv.Entries)}
	r.intend(&after)
	r.settle(&after)
	return slices.Equal(after.Entries, inv.Entries) && (inv.ResourceVersion != "" || len(after.Entries) == 0)
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
		return &Failure{Verdict: Refused, Err: fmt.Errorf("another run changed the set since the plan was shown: %s", what), Help: []string{"look at the new plan, and apply that: run the same command again"}}
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
func (r *run) intend(inv *Inventory) {
	known := inv.index()
	now := time.Now().UTC().Truncate(time.Second)
	var more []Entry
	for i := range r.plan.Steps {
		s := &r.plan.Steps[i]
		if s.Action == plan.Delete {
			continue
		}
		if e := known[s.ID.Identity()]; e != nil {
			e.expect(s)
			continue
		}
		e := entryOf(s.ID, now)
		e.expect(&r.plan.Steps[i])
		more = append(more, e)
	}
	for _, live := range r.reading.found() {
		if id := kube.Identify(live); known[id.Identity()] == nil {
			e := entryOf(id, now)
			e.UID, e.State = uidOf(live), Unresolved
			more = append(more, e)
		}
	}
	slices.SortFunc(more, func(a, b Entry) int { return compareIDs(a.ID(), b.ID()) })
	inv.Entries = append(inv.Entries, more...)
}

// expect makes an Entry cover what a step will leave behind. An object that is about to be made has no uid yet, also where an
// earlier one of that name had: if the run ends before the new uid is stored, the object is ours by its marks. One that is
// adopted is not ours before it has them.
func (e *Entry) expect(s *plan.Step) {
	if s.UID == "" || s.Action == plan.Replace || s.Adopted {
		e.UID, e.State = "", Intended
		return
	}
	e.UID = s.UID
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
