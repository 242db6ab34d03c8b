package cluster

import (
	"slices"

	"github.com/starctl/starctl/kube/plan"
)

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
