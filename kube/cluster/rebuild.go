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
// new set has nothing that bears its marks, and is not looked for any further. What is to be deleted is declared nowhere: it is
// always looked for.
func (r *reading) rebuild(ctx context.Context, corrupt bool) error {
	if !corrupt && !r.bearsMarks() && r.d.phase != "delete" {
		return nil
	}
	resources, down, err := r.d.Client.Resources(ctx)
	if err != nil {
		return err
	}
	resources = slices.DeleteFunc(slices.Clone(resources), func(res Resource) bool {
		return !slices.Contains(res.Verbs, "list") || !slices.Contains(res.Verbs, "delete") || strings.Contains(res.Name, "/")
	})
	hidden := make([]bool, len(resources))
	err = inParallel(ctx, len(resources), func(i int) (err error) {
		hidden[i], err = r.searchKind(ctx, resources[i])
		return err
	})
	if err != nil {
		return err
	}
	if corrupt || r.bearsMarks() {
		r.notes = append(r.notes, r.found(resources, hidden, down))
	}
	return nil
}

// searchKind searches the whole cluster or, for those who may not, the namespaces that are known.
func (r *reading) searchKind(ctx context.Context, res Resource) (hidden bool, _ error) {
	err := r.search(ctx, scope{res, ""})
	if IsForbidden(err) && res.Namespaced {
		for _, ns := range r.namespaces() {
			if err = r.search(ctx, scope{res, ns}); err != nil {
				break
			}
		}
	}
	if IsForbidden(err) || IsGroupDown(err) || IsNoMatch(err) || IsNotFound(err) {
		return true, nil
	}
	return false, err
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
func (r *reading) found(resources []Resource, denied []bool, down []string) plan.Obstacle {
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
	for i, res := range resources {
		if denied[i] && !slices.Contains(hidden, res.String()) {
			hidden = append(hidden, res.String())
		}
	}
	if hidden = append(hidden, down...); len(hidden) > 0 {
		o.Help = []string{"these could not be looked at: " + strings.Join(hidden, ", ")}
	}
	return o
}
