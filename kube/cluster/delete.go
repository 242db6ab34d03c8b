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

// PlanDelete is the plan that deletes everything that the set owns. Protected objects stay unless Settings allow it.
func (d *Deployment) PlanDelete(ctx context.Context) (*plan.Plan, error) {
	empty := *d
	empty.Set = &kube.Set{Name: d.Set.Name, Namespace: d.Set.Namespace}
	empty.AllowMassPrune, empty.phase = true, "delete"
	p, r, err := empty.plan(ctx)
	if err := d.entitled(ctx, p, err, "delete"); err != nil {
		return nil, err
	}
	d.made, d.madePlan, d.madeBy = r, p, &empty
	return p, nil
}

// Delete carries out a plan of PlanDelete: objects in the reverse order of their stages, at last the history and the inventory.
func (d *Deployment) Delete(ctx context.Context, p *plan.Plan) (*Report, error) {
	if d.made != nil && d.madePlan == p && d.made.inventory.ResourceVersion == "" && len(p.Steps) == 0 && len(p.Obstacles) == 0 && d.made.leaving() {
		return &Report{Counts: map[plan.Action]int{}}, d.awaitLeaving(ctx, d.made.found())
	}
	return d.perform(ctx, p, "delete")
}

// leaving reports whether all that was found without an inventory is being deleted: a run before this one has asked for it, and ended after the
// inventory had gone with its namespace.
func (r *reading) leaving() bool {
	return !slices.ContainsFunc(r.found(), func(live kube.Node) bool { return !dying(live) })
}

// awaitLeaving waits until what is being deleted is gone.
func (d *Deployment) awaitLeaving(ctx context.Context, list []kube.Node) error {
	deadline := time.Now().Add(d.timeout())
	return inParallel(ctx, len(list), func(i int) error {
		id := kube.Identify(list[i])
		for {
			live, err := d.get(ctx, id)
			switch {
			case IsNotFound(err), err == nil && uidOf(live) != uidOf(list[i]):
				return nil
			case err != nil:
				return AsFailure(err, Partly)
			case time.Now().After(deadline):
				return &Failure{Verdict: Partly, Err: fmt.Errorf("%s: it is being deleted%s", id, finalizers(live))}
			}
			if err := sleep(ctx, time.Second/2); err != nil {
				return &Failure{Verdict: Interrupted, Err: errors.New("interrupted: nothing was written")}
			}
		}
	})
}

// leave deletes the namespace of the inventory, if the set owns that too and everything else is gone. It takes the history and
// the inventory with it, which until then say what is left to do; over says that there is nothing to store any more.
func (r *run) leave(ctx context.Context) (over bool, err error) {
	home := r.homeStep()
	if home == nil || len(r.kept) > 0 || len(r.lease.inv.Entries) > 1 {
		return false, nil
	}
	if err := r.remove(ctx, home); err != nil || !r.isDeleting(home) {
		return false, err
	}
	err = r.awaitGone(ctx, []*plan.Step{home})
	r.lease.abandon()
	return true, err
}

// keepFound says of what was found without an inventory that it was not deleted: first a person sees what it is.
func (r *run) keepFound() {
	if r.phase != "delete" {
		return
	}
	for _, live := range r.reading.found() {
		id := kube.Identify(live)
		r.kept = append(r.kept, id)
		r.d.observe(Event{Kind: Kept, ID: id, Text: "found by its marks, since the inventory was lost: run it again to delete this too"})
	}
}

// homeStep is the step that deletes the namespace of the inventory, or nil.
func (r *run) homeStep() *plan.Step {
	for i := range r.plan.Steps {
		if s := &r.plan.Steps[i]; s.Action == plan.Delete && isHome(s.ID, r.owner) {
			return s
		}
	}
	return nil
}

// isHome reports whether an object is the namespace of the owner's inventory.
func isHome(id kube.ID, owner plan.Owner) bool { return isNamespace(id) && id.Name == owner.Namespace }

// forget removes the history, and then the inventory of a set that owns nothing any more.
func (r *run) forget(ctx context.Context) error {
	inv := r.lease.inv
	if len(r.kept) > 0 || len(inv.Entries) > 0 || r.homeStep() != nil {
		return nil
	}
	c, ns := r.d.Client, r.owner.Namespace
	list, err := r.d.revisions(ctx)
	if err != nil && !IsForbidden(err) {
		return err
	}
	for _, rev := range list {
		if err := r.d.dropRevision(ctx, rev); err != nil {
			return err
		}
	}
	err = c.Delete(ctx, inventoryMaps, ns, r.owner.Inventory(), Preconditions{UID: inv.UID, ResourceVersion: inv.ResourceVersion})
	if IsNotFound(err) {
		return nil
	}
	return err
}

// Status looks at the objects of the set.
func (d *Deployment) Status(ctx context.Context) (*Status, error) {
	inv, err := d.Client.ReadInventory(ctx, d.owner())
	if err != nil {
		return nil, d.entitled(ctx, nil, AsFailure(err, Refused), "status")
	}
	s := &Status{}
	if inv.Op != nil {
		s.Run = &Run{Holder: holderName(inv.Op.Holder), Since: inv.Op.Begun, Phase: inv.Op.Phase}
	}
	list, err := d.revisions(ctx)
	if err != nil && !IsForbidden(err) {
		return nil, AsFailure(err, Refused)
	}
	if len(list) > 0 {
		s.Last = &list[0]
	}
	owned := make([]Owned, len(inv.Entries))
	for i, e := range inv.Entries {
		owned[i] = Owned{ID: e.ID(), UID: e.UID, Since: e.Since}
	}
	if s.Objects, err = Inspect(ctx, d.Client, d.owner(), owned); err != nil {
		return nil, AsFailure(err, Refused)
	}
	return s, nil
}
