package cluster

import (
	"context"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// PlanDelete is the plan that deletes everything that the set owns. Protected objects stay unless Settings allow it.
func (d *Deployment) PlanDelete(ctx context.Context) (*plan.Plan, error) {
	empty := *d
	empty.Set = &kube.Set{Name: d.Set.Name, Namespace: d.Set.Namespace}
	empty.AllowMassPrune = true
	p, r, err := empty.plan(ctx)
	if err != nil {
		return nil, err
	}
	d.made, d.madePlan, d.madeBy = r, p, &empty
	return p, nil
}

// Delete carries out a plan of PlanDelete: objects in the reverse order of their stages, at last the history and the inventory.
func (d *Deployment) Delete(ctx context.Context, p *plan.Plan) (*Report, error) {
	begun := time.Now()
	if d.made != nil && d.madePlan == p && d.made.inventory.ResourceVersion == "" && len(p.Steps) == 0 {
		return &Report{Counts: map[plan.Action]int{}}, nil
	}
	r, err := d.begin(ctx, p, "delete")
	if err != nil {
		return nil, r.failure(ctx, err)
	}
	err = r.all(ctx)
	if err == nil && len(r.kept) == 0 && len(r.lease.inv.Entries) == 0 {
		err = r.forget(context.WithoutCancel(ctx))
	}
	report := r.report()
	report.Duration = time.Since(begun)
	if err != nil {
		return report, r.failure(ctx, err)
	}
	return report, r.verdict(report)
}

// forget removes the history, and then the inventory of a set that owns nothing any more.
func (r *run) forget(ctx context.Context) error {
	c, ns := r.d.Client, r.owner.Namespace
	list, err := r.d.revisions(ctx)
	if err != nil && !IsForbidden(err) {
		return err
	}
	for _, rev := range list {
		if err := c.Delete(ctx, historySecrets, ns, revisionName(r.owner, rev.Number), Preconditions{}); err != nil && !IsNotFound(err) {
			return err
		}
	}
	inv := r.lease.inv
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
		return nil, AsFailure(err, Refused)
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
