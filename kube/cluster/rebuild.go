package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// rebuild looks for what the set owns in all kinds that the cluster has, where its inventory was deleted or cannot be read. A
// new set has nothing that bears its marks, and is not looked for any further.
func (r *reading) rebuild(ctx context.Context, corrupt bool) error {
	if !corrupt && !r.bearsMarks() {
		return nil
	}
	resources, down, err := r.d.Client.Resources(ctx)
	if err != nil {
		return err
	}
	var scopes []scope
	for _, res := range resources {
		if !slices.Contains(res.Verbs, "list") || !slices.Contains(res.Verbs, "delete") || strings.Contains(res.Name, "/") {
			continue
		}
		if !res.Namespaced {
			scopes = append(scopes, scope{res, ""})
			continue
		}
		for _, ns := range r.namespaces() {
			scopes = append(scopes, scope{res, ns})
		}
	}
	denied := make([]bool, len(scopes))
	err = inParallel(ctx, len(scopes), func(i int) error {
		err := r.search(ctx, scopes[i])
		if IsForbidden(err) || IsGroupDown(err) || IsNoMatch(err) || IsNotFound(err) {
			denied[i] = true
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	r.notes = append(r.notes, r.found(scopes, denied, down))
	return nil
}

// bearsMarks reports whether the lists have shown an object of the set.
func (r *reading) bearsMarks() bool {
	for _, live := range r.others {
		if marked(live, r.owner) {
			return true
		}
	}
	for i := range r.live {
		if r.pinned[i].uid != "" || r.live[i].Exists() && marked(r.live[i], r.owner) {
			return true
		}
	}
	return false
}

// namespaces are those in which objects of the set are declared, and that of the inventory.
func (r *reading) namespaces() []string {
	list := []string{r.owner.Namespace}
	for i := range r.prepared {
		if ns := r.prepared[i].ID.Namespace; ns != "" && !slices.Contains(list, ns) {
			list = append(list, ns)
		}
	}
	return list
}

// search lists the objects of a kind that bear the set's marks and are not declared.
func (r *reading) search(ctx context.Context, s scope) error {
	_, err := r.d.Client.List(ctx, s.resource, s.namespace, ListOptions{Labels: plan.SetLabel + "=" + r.owner.Set}, func(item []byte) error {
		live, err := decode.JSON(item)
		if err != nil {
			return fmt.Errorf("%s: %w", s.resource, err)
		}
		id := kube.Identify(live).Identity()
		if _, declared := r.byID[id]; declared || !marked(live, r.owner) {
			return nil
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.others[id] = live
		return nil
	})
	return err
}

// found says what was found, and what could not be looked at.
func (r *reading) found(scopes []scope, denied []bool, down []string) plan.Obstacle {
	n := 0
	for _, live := range r.others {
		if c, _ := whose(live, nil, r.owner); c == ours {
			n++
		}
	}
	o := plan.Obstacle{Kind: "inventory-rebuilt", Message: fmt.Sprintf(
		"the inventory %s/%s was lost: what bears the marks of the set is taken into a new one (%s more than declared), and nothing is deleted in this run",
		r.owner.Namespace, r.owner.Inventory(), objects(n))}
	var hidden []string
	for i, s := range scopes {
		if denied[i] && !slices.Contains(hidden, s.resource.String()) {
			hidden = append(hidden, s.resource.String())
		}
	}
	if hidden = append(hidden, down...); len(hidden) > 0 {
		o.Help = []string{"these could not be looked at: " + strings.Join(hidden, ", ")}
	}
	return o
}
