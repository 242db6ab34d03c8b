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

// rebuild looks for what the set owns in all kinds that the cluster has, where its inventory was deleted or cannot be read.
// What is found becomes entries, and nothing is deleted in this run: the next one knows what it may delete. A new set has
// nothing that bears its marks, and is not looked for any further.
func (r *reading) rebuild(ctx context.Context) error {
	if !r.hadInventory(ctx) {
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
	for i, res := range resources {
		if hidden[i] {
			down = append(down, res.String())
		}
	}
	if r.inventory.ResourceVersion != "" || r.bearsMarks() {
		r.notes = append(r.notes, r.rebuilding(down))
	}
	return nil
}

// hadInventory reports whether a set without an inventory, or without one that can be read, may own something: objects bear its
// marks, or there is a history. Who deletes a set looks everywhere, since no declared kind is listed then.
func (r *reading) hadInventory(ctx context.Context) bool {
	if r.inventory.ResourceVersion != "" || r.d.phase == "delete" || r.bearsMarks() {
		return true
	}
	list, err := r.d.revisions(ctx)
	return err == nil && len(list) > 0
}

// searchKind looks for objects of a kind in the whole cluster, or, where that is denied, in the namespaces that are known.
func (r *reading) searchKind(ctx context.Context, res Resource) (hidden bool, err error) {
	err = r.search(ctx, scope{res, ""})
	if !IsForbidden(err) || !res.Namespaced {
		return isHidden(err), unlessHidden(err)
	}
	hidden = true // in other namespaces
	for _, ns := range r.namespaces() {
		if err := unlessHidden(r.search(ctx, scope{res, ns})); err != nil {
			return hidden, err
		}
	}
	return hidden, nil
}

// isHidden reports whether an error says that a kind cannot be looked at, rather than that something is wrong.
func isHidden(err error) bool {
	return IsForbidden(err) || IsGroupDown(err) || IsNoMatch(err) || IsNotFound(err)
}

func unlessHidden(err error) error {
	if isHidden(err) {
		return nil
	}
	return err
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

// namespaces are those in which objects of the set are declared, that of the inventory, and those that a damaged inventory
// still names for other tools.
func (r *reading) namespaces() []string {
	list := append([]string{r.owner.Namespace}, strings.FieldsFunc(r.inventory.annotations[spacesAnnotation], func(c rune) bool { return c == ',' })...)
	for i := range r.prepared {
		if ns := r.prepared[i].ID.Namespace; ns != "" {
			list = append(list, ns)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// reserved refuses an object of the set that is where its inventory is stored.
func (r *reading) reserved() []plan.Obstacle {
	var list []plan.Obstacle
	for i := range r.prepared {
		if id := r.prepared[i].ID; id.Kind == "ConfigMap" && id.Group == "" && id.Namespace == r.owner.Namespace && id.Name == r.owner.Inventory() {
			list = append(list, plan.Obstacle{
				Kind: "reserved-name", ID: id, Object: r.prepared[i].Declared, Path: kube.Fields("metadata", "name"),
				Message: "the inventory of the set is stored under this name", Help: []string{"give the ConfigMap another name"},
			})
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

// found are the objects that are ours by their marks, that are not declared, and that no inventory names; in the order of their
// identities.
func (r *reading) found() []kube.Node {
	if !r.rebuilt {
		return nil
	}
	var list []kube.Node
	for _, live := range r.others {
		if c, _ := whose(live, nil, r.owner); c == ours {
			list = append(list, live)
		}
	}
	slices.SortFunc(list, func(a, b kube.Node) int { return compareIDs(kube.Identify(a), kube.Identify(b)) })
	return list
}

// rebuilding says what was found, and what could not be looked at.
func (r *reading) rebuilding(hidden []string) plan.Obstacle {
	n := len(r.found())
	o := plan.Obstacle{Kind: "inventory-rebuilt", Message: fmt.Sprintf(
		"the inventory %s/%s was lost: what bears the marks of the set is taken into a new one (%s more than declared), and nothing is deleted in this run",
		r.owner.Namespace, r.owner.Inventory(), objects(n))}
	if n > 0 {
		o.Help = append(o.Help, "to delete what is not declared: run the same command again")
	}
	if hidden = slices.Compact(slices.Sorted(slices.Values(hidden))); len(hidden) > 0 {
		o.Help = append(o.Help, "these could not be looked at everywhere: "+strings.Join(hidden, ", "))
	}
	return o
}
