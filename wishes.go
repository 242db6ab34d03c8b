package starctl

import (
	"github.com/starctl/starctl/builtins/declared"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// wished is what was declared by the module apply about the objects of a result, as package plan takes it; nil if nothing was.
func (r *result) wished(objects []*kube.Object) map[kube.ID]plan.Wishes {
	var all map[kube.ID]plan.Wishes
	for i, rec := range r.records {
		list := rec.Declarations()
		if len(list) == 0 {
			continue
		}
		var w plan.Wishes
		said := false
		for _, d := range list {
			said = r.wish(&w, d, objects) || said
		}
		if !said {
			continue
		}
		if all == nil {
			all = map[kube.ID]plan.Wishes{}
		}
		all[objects[i].ID] = w
	}
	return all
}

// wish adds a declaration to w, if it is one of the module apply.
func (r *result) wish(w *plan.Wishes, d any, objects []*kube.Object) bool {
	switch d := d.(type) {
	case declared.Leave:
		w.Leave = append(w.Leave, d.Path)
	case declared.Take:
		w.Take = append(w.Take, d.Path)
	case declared.DependsOn:
		for _, on := range d.On {
			w.DependsOn = append(w.DependsOn, r.idOf(on, objects))
		}
	case declared.Replace:
		w.Replace = true
	default:
		return false
	}
	return true
}

// idOf is the ID that a record has in the Set, where it may have got a namespace. One that main did not return keeps the ID
// that it would have.
func (r *result) idOf(rec *typed.Record, objects []*kube.Object) kube.ID {
	for i := range r.records {
		if r.records[i] == rec {
			return objects[i].ID
		}
	}
	id := rec.ID()
	if id.Namespace == "" && rec.Schema().Namespaced {
		id.Namespace = r.job.Target.For(r.job.Namespace).Namespace
	}
	return id
}
